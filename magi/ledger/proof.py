"""Merkle proofs: that a leaf is in a tree, and that a tree extends an earlier one (RFC 9162, section 2.1).

Promises: pure, integers only, bounded by the height of the tree; what is made here verifies in any RFC 6962
software and the other way round; a proof that does not hold is refused with an error, never with a value that
one may forget to look at. Leaves to others: where the hashes come from (`Nodes`; `magi.ledger.tiles` gives them
from tiles) and who vouches for a root (`magi.ledger.note`).

Refused whatever the hashes say, beyond the RFC's algorithm: hashes that are not 32 bytes long, and consistency
with the empty tree, which every tree extends, so that the proof would show nothing. A proof is bound to a size
only by the root: at the right edge two sizes can share one way up, so take size and root from one checkpoint.
"""

from collections.abc import Callable, Sequence

from magi.core.errors import TamperedError
from magi.ledger.tree import EMPTY_ROOT, HASH_BYTES, MAX_TREE_SIZE, node_hash

MAX_PROOF_HASHES = 64
"""Hashes of one proof, for who reads proofs (the verifiers here want the exact number): a tree of fewer than 2**63
leaves is at most 63 high, and consistency takes one more."""

Nodes = Callable[[int, int], bytes]
"""`nodes(level, index)`: the hash (32 bytes) of the complete subtree over the 2**level leaves from
index * 2**level on. It is asked only for subtrees that are complete in the tree at hand."""


def root_of(size: int, nodes: Nodes) -> bytes:
    """The root (32 bytes) of the tree of the first `size` leaves.

    Raises:
        ValueError: The size is out of bounds.
    """
    if not 0 <= size <= MAX_TREE_SIZE:
        raise ValueError(size)
    return _range_hash(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The hashes (32 bytes each) from the leaf's sibling up that lead from leaf `index` to the root of `size`.

    Raises:
        ValueError: There is no such leaf.

    Source: RFC 9162, section 2.1.3.1.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise ValueError((index, size))
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            path.append(_range_hash(start, middle, nodes))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The hashes (32 bytes each) that show that the tree of `new` leaves extends that of its first `old` leaves.

    Empty where both are equal.

    Raises:
        ValueError: Not 1 <= old <= new.

    Source: RFC 9162, section 2.1.4.1.
    """
    if not 1 <= old <= new <= MAX_TREE_SIZE:
        raise ValueError((old, new))
    path = []
    start, end = 0, new
    while end > old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            path.append(_range_hash(start, middle, nodes))
            start = middle
    if start:  # else the last subtree is the old tree itself, whose root the verifier has
        path.append(_range_hash(start, end, nodes))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at `index` in the tree of `size` leaves with that root.

    Raises:
        TamperedError: `inclusion_proof`.

    Source: RFC 9162, section 2.1.3.2.
    """
    refusal = TamperedError("inclusion_proof", index=index, size=size)
    if not 0 <= index < size <= MAX_TREE_SIZE or not _are_hashes((leaf, root), proof):
        raise refusal
    sides = _sides(index, size - 1)
    if len(sides) != len(proof):
        raise refusal
    value = leaf
    for sibling, is_left in zip(proof, sides, strict=True):
        value = node_hash(sibling, value) if is_left else node_hash(value, sibling)
    if value != root:
        raise refusal


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `new` leaves extends the tree of `old` leaves, with those roots.

    Raises:
        TamperedError: `consistency_proof`; also wherever `old` is 0.

    Source: RFC 9162, section 2.1.4.2.
    """
    refusal = TamperedError("consistency_proof", old=old, new=new)
    if not 1 <= old <= new <= MAX_TREE_SIZE:
        raise refusal
    if old == new:
        # Nothing is hashed here, so a root of any length but none is taken, as transparency-dev/merkle's probes do.
        if proof or not old_root or old_root != new_root:
            raise refusal
        return
    if not _are_hashes((old_root, new_root), proof):
        raise refusal
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    # The old tree's last complete subtree is where the proof starts: up to there both ways are one.
    shared = (old ^ (old - 1)).bit_length() - 1
    sides = _sides((old - 1) >> shared, (new - 1) >> shared)
    if len(path) != len(sides) + 1:
        raise refusal
    old_value = new_value = path[0]
    for sibling, is_left in zip(path[1:], sides, strict=True):
        if is_left:
            old_value, new_value = node_hash(sibling, old_value), node_hash(sibling, new_value)
        else:
            new_value = node_hash(new_value, sibling)
    if (old_value, new_value) != (old_root, new_root):
        raise refusal


def _sides(place: int, last: int) -> list[bool]:
    """On the way from node `place` of a level whose last node is `last` to the root: does the sibling stand left?

    A node without a sibling, at the right edge, is passed up as it is (RFC 9162, steps of 2.1.3.2 and 2.1.4.2).
    """
    sides = []
    while last:
        is_left = bool(place & 1) or place == last
        sides.append(is_left)
        while is_left and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return sides


def _are_hashes(ends: tuple[bytes, bytes], proof: Sequence[bytes]) -> bool:
    return all(len(one) == HASH_BYTES for one in (*ends, *proof))


def _split(leaves: int) -> int:
    """The largest power of two below a number of leaves greater than one."""
    return 1 << (leaves - 1).bit_length() - 1


def _range_hash(start: int, end: int, nodes: Nodes) -> bytes:
    """The hash over leaves start..end, where start is a multiple of the largest power of two in the length.

    So it is for each subtree of the RFC's recursion: the range falls into complete subtrees, largest first.
    """
    subtrees = []
    while start < end:
        level = (end - start).bit_length() - 1
        subtrees.append(nodes(level, start >> level))
        start += 1 << level
    value = subtrees.pop()
    while subtrees:
        value = node_hash(subtrees.pop(), value)
    return value
