"""Merkle proofs against vectors from outside, the RFC's definitions, and every change of a bit."""

import base64
import functools
import hashlib
import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import TamperedError
from magi.ledger.proof import (
    MAX_PROOF_HASHES,
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from magi.ledger.tree import EMPTY_ROOT, MAX_TREE_SIZE, Frontier, leaf_hash, merkle_root, node_hash

MOST = 70
ACCUMULATED = 130
INCLUSION_VECTOR = "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"
CONSISTENCY_VECTOR = "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"
"""Appendix C.1.2 and C.1.3 of draft-ietf-plants-merkle-tree-certs-06."""


def shared_data():
    """The folder of data beside the checkout, or the one that is named."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


PROBES = shared_data() / "vectors" / "rfc6962_probes.json"
LEAVES = [leaf_hash(bytes([number])) for number in range(ACCUMULATED)]


@functools.cache
def defined(start, end):
    """The hash over leaves start..end, by the recursion of RFC 9162, section 2.1.1."""
    if end - start <= 1:
        return LEAVES[start] if end > start else EMPTY_ROOT
    middle = start + (1 << (end - start - 1).bit_length() - 1)
    return node_hash(defined(start, middle), defined(middle, end))


def nodes(level, index):
    """The complete subtrees of the tree of LEAVES."""
    return defined(index << level, (index + 1) << level)


def is_subtree(start, end):
    """Section 4.1 of the draft: the start is a multiple of the length rounded up to a power of two."""
    return start == end or start % (1 << (end - start - 1).bit_length()) == 0


def subtree_proof(start, end, low, high, *, known=True):
    """The draft's recursion of section 4.4.1, without any shortcut: that low..high holds the subtree start..end."""
    if start == end:
        return []
    if (start, end) == (low, high):
        return [] if known else [defined(low, high)]
    middle = low + (1 << (high - low - 1).bit_length() - 1)
    if end <= middle:
        return [*subtree_proof(start, end, low, middle, known=known), defined(middle, high)]
    if middle <= start:
        return [*subtree_proof(start, end, middle, high, known=known), defined(low, middle)]
    return [*subtree_proof(middle, end, middle, high, known=False), defined(low, middle)]


def line_of(head, proof):
    """One line of an accumulated vector."""
    return (head + "".join(f" {one.hex()}" for one in proof) + "\n").encode()


def is_refused(check, *arguments):
    """Whether a verifier refuses."""
    try:
        check(*arguments)
    except TamperedError:
        return True
    return False


def flipped(value, bit):
    """The bytes with one bit changed."""
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


def decoded(values):
    """Base64 of the probes, where None stands for nothing."""
    return [base64.b64decode(value) for value in values or []]


@pytest.mark.skipif(not PROBES.is_file(), reason="the folder shared/data is not beside the checkout")
def test_inclusion_probes():
    """All 98 inclusion probes of transparency-dev/merkle are taken or refused as they say."""
    probes = json.loads(PROBES.read_text(encoding="utf-8"))["inclusion"]
    wrong = []
    for probe in probes:
        leaf, root = decoded([probe["leafHash"] or "", probe["root"] or ""])
        refused = is_refused(
            verify_inclusion, leaf, probe["leafIdx"], probe["treeSize"], decoded(probe["proof"]), root
        )
        if refused != probe["wantErr"]:
            wrong.append(probe["name"])

    assert len(probes) == 98
    assert wrong == []


@pytest.mark.skipif(not PROBES.is_file(), reason="the folder shared/data is not beside the checkout")
def test_consistency_probes():
    """All 98 consistency probes of transparency-dev/merkle are taken or refused as they say."""
    probes = json.loads(PROBES.read_text(encoding="utf-8"))["consistency"]
    wrong = []
    for probe in probes:
        old_root, new_root = decoded([probe["root1"] or "", probe["root2"] or ""])
        refused = is_refused(
            verify_consistency, probe["size1"], probe["size2"], decoded(probe["proof"]), old_root, new_root
        )
        if refused != probe["wantErr"]:
            wrong.append(probe["name"])

    assert len(probes) == 98
    assert wrong == []


def test_accumulated_inclusion_vector():
    """All inclusion proofs in all subtrees of up to 130 leaves hash to the published vector."""
    accumulated = hashlib.sha256()
    for end in range(1, ACCUMULATED + 1):
        for start in (start for start in range(end) if is_subtree(start, end)):

            def within(level, index, start=start):
                return defined(start + (index << level), start + ((index + 1) << level))

            for index in range(start, end):
                proof = inclusion_proof(index - start, end - start, within)
                accumulated.update(line_of(f"{index} [{start}, {end})", proof))

    assert accumulated.hexdigest() == INCLUSION_VECTOR


def test_consistency_equals_a_definition_that_is_proven_outside():
    """The consistency proofs are those of a recursion whose output hashes to the published vector."""
    accumulated = hashlib.sha256()
    differing = []
    for size in range(ACCUMULATED + 1):
        for end in range(size + 1):
            for start in (start for start in range(end + 1) if is_subtree(start, end)):
                proof = subtree_proof(start, end, 0, size)
                accumulated.update(line_of(f"[{start}, {end}) {size}", proof))
                if start == 0 < end and consistency_proof(end, size, nodes) != tuple(proof):
                    differing.append((end, size))

    assert accumulated.hexdigest() == CONSISTENCY_VECTOR
    assert differing == []


def test_every_inclusion_proof_verifies():
    """For every leaf of every tree of up to 70 leaves the proof that is made verifies."""
    for size in range(1, MOST + 1):
        for index in range(size):
            verify_inclusion(
                LEAVES[index], index, size, inclusion_proof(index, size, nodes), defined(0, size)
            )

    assert size == MOST


def test_every_consistency_proof_verifies():
    """For every pair of sizes up to 70 the proof that is made verifies, and not with the roots exchanged."""
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, nodes)
            verify_consistency(old, new, proof, defined(0, old), defined(0, new))

            assert old == new or is_refused(
                verify_consistency, old, new, proof, defined(0, new), defined(0, old)
            )


def test_every_index_belongs_to_its_proof():
    """No inclusion proof of a tree of up to 50 leaves verifies at another index."""
    taken = [
        (index, size, other)
        for size in range(1, 51)
        for index in range(size)
        for other in range(-1, size + 1)
        if other != index
        if not is_refused(
            verify_inclusion,
            LEAVES[index],
            other,
            size,
            inclusion_proof(index, size, nodes),
            defined(0, size),
        )
    ]

    assert taken == []


def test_a_size_is_bound_by_its_root():
    """No inclusion proof of a tree of up to 40 leaves verifies against the root of another size."""
    taken = [
        (index, size, other)
        for size in range(1, 41)
        for other in range(1, 41)
        if other != size
        for index in range(size)
        if not is_refused(
            verify_inclusion,
            LEAVES[index],
            index,
            other,
            inclusion_proof(index, size, nodes),
            defined(0, other),
        )
    ]

    assert taken == []


@pytest.mark.parametrize("size", range(ACCUMULATED + 1))
def test_root_of_nodes(size):
    """The root from nodes equals the root of the growing tree, at every size."""
    assert root_of(size, nodes) == merkle_root(LEAVES[:size])


@given(st.integers(1, ACCUMULATED), st.data())
def test_any_changed_bit_of_inclusion_is_refused(size, data):
    """A changed bit in leaf, root or any hash of the proof, or one hash more or less, is refused."""
    index = data.draw(st.integers(0, size - 1))
    proof, root = list(inclusion_proof(index, size, nodes)), defined(0, size)
    parts = [LEAVES[index], root, *proof]
    place, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[place] = flipped(parts[place], bit)

    assert is_refused(verify_inclusion, parts[0], index, size, parts[2:], parts[1])
    assert is_refused(verify_inclusion, LEAVES[index], index, size, [*proof, root], root)
    assert not proof or is_refused(verify_inclusion, LEAVES[index], index, size, proof[:-1], root)


@given(st.integers(2, ACCUMULATED), st.data())
def test_any_changed_bit_of_consistency_is_refused(new, data):
    """A changed bit in either root or any hash of the proof, or one hash more or less, is refused."""
    old = data.draw(st.integers(1, new))
    proof = list(consistency_proof(old, new, nodes))
    roots = [defined(0, old), defined(0, new)]
    parts = [*roots, *proof]
    place, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[place] = flipped(parts[place], bit)

    assert is_refused(verify_consistency, old, new, parts[2:], *parts[:2])
    assert is_refused(verify_consistency, old, new, [*proof, roots[1]], *roots)
    assert not proof or is_refused(verify_consistency, old, new, proof[:-1], *roots)


@given(st.integers(2, ACCUMULATED), st.data())
def test_another_old_size_is_refused(new, data):
    """A consistency proof does not verify for any other old size."""
    old = data.draw(st.integers(1, new))
    other = data.draw(st.integers(-1, new + 1).filter(lambda size: size != old))
    proof = consistency_proof(old, new, nodes)

    assert is_refused(verify_consistency, other, new, proof, defined(0, old), defined(0, new))


def test_the_empty_tree_proves_nothing():
    """Consistency with the tree without leaves is refused, whatever the proof."""
    assert is_refused(verify_consistency, 0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert is_refused(verify_consistency, 0, 1, [], EMPTY_ROOT, LEAVES[0])


def test_hashes_of_another_length_are_refused():
    """An empty root equal to an empty leaf, or a longer hash, is refused."""
    assert is_refused(verify_inclusion, b"", 0, 1, [], b"")
    assert is_refused(verify_consistency, 1, 1, [], b"", b"")
    assert is_refused(verify_inclusion, LEAVES[0], 0, 2, [LEAVES[1] + b"0"], defined(0, 2))


def test_highest_tree_there_may_be():
    """A proof at the greatest size has 63 hashes and verifies; one leaf more, or a longer proof, is refused."""
    same = [LEAVES[0]]
    for _ in range(63):
        same.append(node_hash(same[-1], same[-1]))
    size = MAX_TREE_SIZE
    root = root_of(size, lambda level, _: same[level])
    proof = inclusion_proof(0, size, lambda level, _: same[level])
    verify_inclusion(same[0], 0, size, proof, root)

    assert len(proof) == 63
    assert is_refused(verify_inclusion, same[0], 0, size + 1, proof, root)
    assert is_refused(verify_inclusion, same[0], 0, size, [*proof, *proof][: MAX_PROOF_HASHES + 1], root)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, MAX_TREE_SIZE + 1)])
def test_no_proof_for_a_leaf_that_is_not_there(index, size):
    """A leaf outside the tree has no inclusion proof."""
    with pytest.raises(ValueError, match=str(size)):
        inclusion_proof(index, size, nodes)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3), (1, MAX_TREE_SIZE + 1)])
def test_no_proof_between_sizes_out_of_order(old, new):
    """There is no consistency proof from the empty tree, nor to a smaller one."""
    with pytest.raises(ValueError, match=str(new)):
        consistency_proof(old, new, nodes)


def test_no_root_of_a_size_out_of_bounds():
    """A negative size has no root."""
    with pytest.raises(ValueError, match="-1"):
        root_of(-1, nodes)


@given(st.lists(st.integers(0, 40), max_size=6))
def test_frontier_resumes(steps):
    """A frontier resumed at any sizes from its size and edge goes on as one that never stopped."""
    chance = random.Random(5)  # noqa: S311  # seeded on purpose
    whole, resumed = Frontier(), Frontier()
    for step in steps:
        leaves = [chance.randbytes(32) for _ in range(step)]
        for leaf in leaves:
            whole.add(leaf)
        resumed = Frontier.resume(resumed.size, resumed.edge)
        resumed.extend(iter(leaves))

    assert (resumed.size, resumed.edge, resumed.root()) == (sum(steps), whole.edge, whole.root())


@pytest.mark.parametrize(
    ("size", "edge"),
    [(1, ()), (0, (bytes(32),)), (3, (bytes(32),)), (1, (bytes(31),)), (-1, (bytes(32),))],
)
def test_frontier_refuses_an_edge_that_does_not_fit(size, edge):
    """A frontier does not resume where the edge has not one 32-byte hash for each set bit of the size."""
    with pytest.raises(TamperedError) as caught:
        Frontier.resume(size, edge)

    assert caught.value.reason == "tree_edge"


def test_frontier_keeps_what_it_took():
    """Where the source of leaves breaks off, the frontier stands at the leaves taken so far."""

    def broken():
        yield from LEAVES[:5]
        raise OSError

    frontier = Frontier()
    with pytest.raises(OSError):  # noqa: PT011  # the test's own, without a text
        frontier.extend(broken())

    assert (frontier.size, frontier.root()) == (5, defined(0, 5))
