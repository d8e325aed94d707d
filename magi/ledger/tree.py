"""The RFC 6962 Merkle tree over the stored bytes of the records.

Promises: leaf hash, node hash and root exactly as RFC 6962 section 2.1, in memory that grows with the
logarithm of the log. Leaves to others: what the leaves are (`magi.ledger.entries`) and proofs
(`magi.ledger.proof`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Self

from magi.core.errors import TamperedError

HASH_BYTES = 32
"""SHA-256, the only hash of this tree."""

MAX_TREE_SIZE = 2**63 - 1
"""Leaves of a tree: tlog-tiles and both databases count with 64 signed bits."""

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

    @classmethod
    def resume(cls, size: int, edge: Sequence[bytes]) -> Self:
        """The frontier that once had this `size` and `edge` (the properties of those names).

        Raises:
            TamperedError: `tree_edge`, where there is not one 32-byte hash for each set bit of the size.
        """
        if not 0 <= size <= MAX_TREE_SIZE or len(edge) != size.bit_count():
            raise TamperedError("tree_edge", size=size, hashes=len(edge))
        if any(len(one) != HASH_BYTES for one in edge):
            raise TamperedError("tree_edge", size=size, hashes=len(edge))
        frontier = cls()
        frontier._size, frontier._edge = size, [bytes(one) for one in edge]  # its own class
        return frontier

    @property
    def size(self) -> int:
        """How many leaves were added."""
        return self._size

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The hashes of the complete subtrees, 32 bytes each, largest (leftmost) first."""
        return tuple(self._edge)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes)."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes (32 bytes each) in log order, as `add` does one by one, but faster."""
        edge, size, sha256, prefix = self._edge, self._size, hashlib.sha256, NODE_PREFIX
        try:
            for leaf in leaves:
                carry, rest = leaf, size
                while rest & 1:  # a complete subtree of the same size stands at the edge: join them
                    carry = sha256(prefix + edge.pop() + carry).digest()
                    rest >>= 1
                edge.append(carry)
                size += 1
        finally:
            self._size = size  # also where the iterable raises: what was taken was taken

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
    frontier.extend(leaves)
    return frontier.root()
