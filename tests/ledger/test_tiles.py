"""Tiles: paths, bundles, what a log of some size has, and nodes from tiles."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.proof import (
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from magi.ledger.tiles import (
    CACHED_TILES,
    MAX_ENTRY_BYTES,
    MAX_TILE_LEVEL,
    TILE_WIDTH,
    Bundle,
    Tile,
    TileNodes,
    bundle,
    bundles_of,
    entries_path,
    parse_path,
    tile_bytes,
    tile_path,
    tile_root,
    tiles_completed,
    tiles_of,
    unbundle,
)
from magi.ledger.tree import MAX_TREE_SIZE, leaf_hash, merkle_root, node_hash

SIZE = 70_000
"""The size of the specification's own example: three levels of tiles."""
LEAVES = [leaf_hash(number.to_bytes(3, "big")) for number in range(SIZE)]


@functools.cache
def node(level, index):
    """A complete subtree of the tree of LEAVES, directly."""
    if level == 0:
        return LEAVES[index]
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))


class Tiles:
    """The tiles of the tree of LEAVES at one size, and which of them were read."""

    def __init__(self, size):
        """What a log of that size must have is there, and nothing else."""
        self.there = set(tiles_of(size))
        self.read_tiles = []

    def __call__(self, level, number, width):
        """Read one tile."""
        assert Tile(level, number, width) in self.there
        self.read_tiles.append((level, number, width))
        return tile_bytes(level, number, width, node)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(1, 1234067), "tile/1/x001/x234/067"),
        (tile_path(0, 273, 112), "tile/0/273.p/112"),
        (tile_path(7, 1000, 1), "tile/7/x001/000.p/1"),
        (entries_path(1234067), "tile/entries/x001/x234/067"),
        (entries_path(5, 255), "tile/entries/005.p/255"),
    ],
)
def test_known_paths(path, expected):
    """Paths are those of the specification's examples."""
    assert path == expected


@given(
    st.integers(0, MAX_TILE_LEVEL), st.integers(0, MAX_TREE_SIZE // TILE_WIDTH), st.integers(1, TILE_WIDTH)
)
def test_paths_read_back(level, number, width):
    """Every path reads back as what it was made of."""
    assert parse_path(tile_path(level, number, width)) == Tile(level, number, width)
    assert parse_path(entries_path(number, width)) == Bundle(number, width)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "form"),
        ("tile/0/0", "form"),
        ("tile/0/0000", "form"),
        ("/tile/0/000", "form"),
        ("tile/0/../000", "form"),
        ("tile/00/000", "form"),
        ("tile/0/000\n", "form"),
        ("tile/0/001/002", "form"),
        ("tile/0/x001", "form"),
        ("tile/0/\N{FULLWIDTH DIGIT ZERO}00", "form"),
        ("tile/0/000.p/", "form"),
        ("tile/0/" + "x001/" * 7 + "000", "form"),
        ("tile/8/000", "bounds"),
        ("tile/0/000.p/0", "bounds"),
        ("tile/0/000.p/257", "bounds"),
        ("tile/0/" + "x999/" * 6 + "999", "bounds"),
        ("tile/0/x000/000", "spelling"),
        ("tile/0/000.p/256", "spelling"),
        ("tile/entries/000.p/01", "spelling"),
    ],
)
def test_other_spellings_are_refused(path, problem):
    """A path is taken in one spelling only, so that no tile has two places."""
    with pytest.raises(MalformedFileError) as caught:
        parse_path(path)

    assert (caught.value.reason, caught.value.facts["problems"]) == ("tile_path", (problem,))


@pytest.mark.parametrize(
    ("level", "number", "width"),
    [(-1, 0, 1), (MAX_TILE_LEVEL + 1, 0, 1), (0, -1, 1), (0, 2**60, 1), (0, 0, 0), (0, 0, 257)],
)
def test_no_path_for_no_tile(level, number, width):
    """There is no path for a tile that no log can have."""
    with pytest.raises(ValueError, match=r"-?\d"):
        tile_path(level, number, width)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=TILE_WIDTH))
def test_bundles_read_back(entries):
    """Every bundle reads back as the entries it was made of, and is refused with a byte more or less."""
    data = bundle(entries)

    assert unbundle(data) == tuple(entries)
    for broken in (data[:-1], data + b"\x00"):
        with pytest.raises(MalformedFileError):
            unbundle(broken)


def test_bundle_bytes():
    """A bundle is each entry behind its length, two bytes, the larger first."""
    assert bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"
    assert unbundle(bundle([bytes(MAX_ENTRY_BYTES)])) == (bytes(MAX_ENTRY_BYTES),)


@pytest.mark.parametrize("entries", [[], [b""] * (TILE_WIDTH + 1), [bytes(MAX_ENTRY_BYTES + 1)]])
def test_bundles_are_bounded(entries):
    """No entry, more than a tile has, or one too long makes no bundle."""
    with pytest.raises(ValueError, match=str(len(entries))):
        bundle(entries)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x01", b"\x00\x00" * (TILE_WIDTH + 1)])
def test_broken_bundles_are_refused(data):
    """An empty, cut or overfull bundle is refused."""
    with pytest.raises(MalformedFileError) as caught:
        unbundle(data)

    assert caught.value.reason == "bundle"


def test_tiles_of_the_specifications_example():
    """A log of 70,000 entries has the tiles that the specification counts, and one of 256 a level more."""
    tiles = list(tiles_of(SIZE))
    partial = [tile for tile in tiles if tile.width < TILE_WIDTH]

    assert sum(tile.level == 0 for tile in tiles) == 274
    assert partial == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert len(tiles) == 274 + 2 + 1
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 200_000))
def test_bundles_are_the_tiles_of_level_0(size):
    """A log has a bundle for each tile of level 0, of the same width."""
    assert list(bundles_of(size)) == [tile[1:] for tile in tiles_of(size) if tile.level == 0]


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_completed_tiles_are_the_new_full_ones(one, other):
    """The tiles completed by growth are the full tiles after it less those before it, lower levels first."""
    before, after = sorted((one, other))

    def full(size):
        return [tile[:2] for tile in tiles_of(size) if tile.width == TILE_WIDTH]

    known = set(full(before))

    assert list(tiles_completed(before, after)) == [tile for tile in full(after) if tile not in known]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, SIZE])
def test_root_from_tiles(size):
    """The root computed from the tiles of a log is its root, and no tile is asked for that the log has not."""
    assert root_of(size, TileNodes(Tiles(size), size)) == merkle_root(LEAVES[:size])


@given(st.integers(1, SIZE), st.data())
def test_nodes_from_tiles_equal_direct_computation(size, data):
    """Every complete subtree has the hash from tiles that it has directly."""
    level = data.draw(st.integers(0, size.bit_length() - 1))
    index = data.draw(st.integers(0, (size >> level) - 1))

    assert TileNodes(Tiles(size), size)(level, index) == node(level, index)


@given(st.integers(1, SIZE), st.data())
def test_proofs_from_tiles_verify(size, data):
    """Inclusion and consistency proofs from tiles verify at any size."""
    nodes = TileNodes(Tiles(size), size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = merkle_root(LEAVES[:size]) if size < TILE_WIDTH else root_of(size, node)
    verify_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, nodes), root)
    verify_consistency(old, size, consistency_proof(old, size, nodes), root_of(old, node), root)

    assert inclusion_proof(index, size, nodes) == inclusion_proof(index, size, node)


def test_every_changed_tile_changes_the_root():
    """A changed bit in any tile on the way to it changes the root of a log, or is seen where it is recomputed."""
    size = 600
    root = root_of(size, node)
    told = []
    for tile in tiles_of(size):
        for place in range(0, tile.width * 32, 97):

            def read(level, number, width, tile=tile, place=place):
                data = bytearray(tile_bytes(level, number, width, node))
                if (level, number, width) == tile:
                    data[place] ^= 1
                return bytes(data)

            nodes = TileNodes(read, size)
            # A full tile is used for its root only where the tile above does not already say it.
            whole = merkle_root(nodes(0, index) for index in range(size))
            told.append(root_of(size, nodes) != root or whole != root)

    assert len(told) > 200
    assert all(told)


def test_tile_root_is_the_hash_in_the_tile_above():
    """The root of a full tile is its hash in the next level; a partial tile has none."""
    assert tile_root(tile_bytes(0, 3, TILE_WIDTH, node)) == tile_bytes(1, 0, 4, node)[96:]
    with pytest.raises(TamperedError):
        tile_root(tile_bytes(0, 3, 255, node))


@pytest.mark.parametrize("change", [1, -1, 32, -32])
def test_a_tile_of_another_length_is_refused(change):
    """A tile that is longer or shorter than the log's size says is refused."""
    nodes = TileNodes(lambda *_: bytes(3 * 32 + change), 3)
    with pytest.raises(TamperedError) as caught:
        nodes(0, 0)

    assert caught.value.reason == "tile"


@pytest.mark.parametrize(("level", "index"), [(0, 600), (1, 300), (9, 1), (10, 0), (-1, 0), (0, -1)])
def test_incomplete_subtrees_have_no_node(level, index):
    """A subtree that is not complete at this size has no hash, and no tile is read for it."""
    tiles = Tiles(600)
    with pytest.raises(ValueError, match=str(index)):
        TileNodes(tiles, 600)(level, index)

    assert tiles.read_tiles == []


def test_a_tree_cannot_have_a_negative_size():
    """There are no nodes of a tree with less than no leaves."""
    with pytest.raises(ValueError, match="-1"):
        TileNodes(Tiles(0), -1)


def test_tiles_are_read_once_while_they_are_kept():
    """Neighbouring leaves cost one read; past the bound the tile that was unused longest is read again."""
    tiles = Tiles(SIZE)
    nodes = TileNodes(tiles, SIZE)
    for number in range(CACHED_TILES):
        nodes(0, number * TILE_WIDTH)
        nodes(0, number * TILE_WIDTH + 1)
    once = len(tiles.read_tiles)
    nodes(0, 0)  # used again, so that the second tile goes first
    nodes(0, CACHED_TILES * TILE_WIDTH)
    nodes(0, 0)
    kept = len(tiles.read_tiles)
    nodes(0, TILE_WIDTH)

    assert (once, kept, len(tiles.read_tiles)) == (CACHED_TILES, CACHED_TILES + 1, CACHED_TILES + 2)
