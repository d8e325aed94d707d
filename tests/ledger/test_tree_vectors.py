"""The tree against vectors from outside (RFC 6962 tests of the transparency projects)."""

import random

import pytest

from magi.ledger.tree import EMPTY_ROOT, leaf_hash, merkle_root, node_hash

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _by_definition(leaves):
    """RFC 6962, section 2.1, word for word: split at the largest power of two below n."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(_by_definition(leaves[:split]), _by_definition(leaves[split:]))


def test_empty_tree():
    """The root of no leaves is SHA-256 of nothing."""
    root = merkle_root([])

    assert root == EMPTY_ROOT
    assert root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (b"L123456", "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
    ],
)
def test_leaf_hashes(entry, expected):
    """Leaf hashes equal the published ones."""
    value = leaf_hash(entry)

    assert value.hex() == expected


def test_node_hash():
    """The node hash equals the published one."""
    value = node_hash(b"N123", b"N456")

    assert value.hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_growing_trees(size):
    """The roots of the first one to eight leaves equal the published ones."""
    root = merkle_root(leaf_hash(leaf) for leaf in LEAVES[:size])

    assert root.hex() == ROOTS[size - 1]


def test_root_equals_the_definition():
    """The growing tree gives the recursive definition's root at every size up to 200."""
    chance = random.Random(1)  # noqa: S311  # seeded on purpose
    leaves = [leaf_hash(chance.randbytes(4)) for _ in range(200)]

    for size in range(1, 201):
        assert merkle_root(leaves[:size]) == _by_definition(leaves[:size])
