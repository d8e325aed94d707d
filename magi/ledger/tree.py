"""The RFC 6962 Merkle tree over the stored bytes of the records.

Promises: leaf hash, node hash and root exactly as RFC 6962 section 2.1, in memory that grows with the
logarithm of the log. Leaves to others: what the leaves are (`magi.ledger.entries`) and, later, proofs.
"""

import hashlib
from collections.abc import Iterable

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"
"""Domain separation of RFC 6962: no leaf can pass for a node."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), 32 bytes (RFC 6962, section 2.1)."""
    return hashlib.sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), 32 bytes (RFC 6962, section 2.1)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one hash for each complete subtree, largest first.

    The subtrees' sizes are the powers of two in the binary form of the number of leaves. Owned by one caller;
    not shared between threads.
    """

    def __init__(self) -> None:
        """Start with no leaves."""
        self._size = 0
        self._edge: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes)."""
        carry, size = leaf, self._size
        while size & 1:  # a complete subtree of the same size stands at the edge: join them
            carry = node_hash(self._edge.pop(), carry)
            size >>= 1
        self._edge.append(carry)
        self._size += 1

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far, 32 bytes."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            root = node_hash(left, root)
        return root


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The RFC 6962 root over leaf hashes (32 bytes each) in log order."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()
