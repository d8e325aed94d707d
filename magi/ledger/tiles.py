"""Tiles: the hashes and entries of a log as files that never change (C2SP tlog-tiles).

A tile holds up to 256 neighbouring hashes of one level; a level here is eight levels of the tree. Level 0 holds
leaf hashes; each hash of a higher level is the root of a full tile below it. A bundle holds the entries of one
tile of level 0.

Promises: paths and bundles in one spelling only; what a log of some size must have is stated exactly; nodes of
the tree are computed from tiles with a bounded cache. Leaves to others: reading and writing files, and whether
the tiles are true: compare `magi.ledger.proof.root_of` with a signed checkpoint before trusting a hash.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.proof import Nodes
from magi.ledger.tree import HASH_BYTES, MAX_TREE_SIZE, node_hash

TILE_WIDTH = 256
"""Hashes of a full tile, and entries of a full bundle."""
TILE_HEIGHT = 8
"""Levels of the tree in one level of tiles: 2**8 = 256."""
MAX_TILE_LEVEL = 7
"""Levels of tiles that a tree of fewer than 2**63 leaves has: 0 to 7 (the specification allows 63)."""
MAX_ENTRY_BYTES = 65_535
"""An entry: its length stands in two bytes."""
CACHED_TILES = 64
"""Tiles that `TileNodes` keeps, some 40 KB each with their inner hashes. A proof needs fewer than 16."""

_LENGTH_BYTES = 2
_PATH = re.compile(
    r"tile/(?P<level>[0-9]|entries)/(?P<number>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


class Tile(NamedTuple):
    """Where a tile stands: its level, its number within the level, and how many hashes it has (1 to 256)."""

    level: int
    number: int
    width: int = TILE_WIDTH


class Bundle(NamedTuple):
    """Where a bundle of entries stands: its number, and how many entries it has (1 to 256)."""

    number: int
    width: int = TILE_WIDTH


ReadTile = Callable[[int, int, int], bytes]
"""`read(level, number, width)`: the bytes of a tile, 32 for each of its `width` hashes."""


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Where a tile is served, relative to the log's address, e.g. tile/0/x001/234.p/7 (tlog-tiles, "Merkle Tree").

    Raises:
        ValueError: There is no such tile.
    """
    if not 0 <= level <= MAX_TILE_LEVEL:
        raise ValueError(level)
    return f"tile/{level}/{_number_path(number, width)}"


def entries_path(number: int, width: int = TILE_WIDTH) -> str:
    """Where a bundle of entries is served, relative to the log's address (tlog-tiles, "Log entries").

    Raises:
        ValueError: There is no such bundle.
    """
    return f"tile/entries/{_number_path(number, width)}"


def parse_path(path: str) -> Tile | Bundle:
    """What stands at a path; only the spelling that `tile_path` and `entries_path` give is taken.

    Raises:
        MalformedFileError: `tile_path`.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedFileError("tile_path", problems=("form",))
    number = int(match["number"].replace("x", "").replace("/", ""))
    width = int(match["width"] or TILE_WIDTH)
    try:
        if match["level"] == "entries":
            found: Tile | Bundle = Bundle(number, width)
            spelling = entries_path(number, width)
        else:
            found = Tile(int(match["level"]), number, width)
            spelling = tile_path(*found)
    except ValueError as error:
        raise MalformedFileError("tile_path", problems=("bounds",)) from error
    if spelling != path:
        raise MalformedFileError("tile_path", problems=("spelling",))
    return found


def bundle(entries: Sequence[bytes]) -> bytes:
    """The entries, each behind its length in two bytes, the larger first (tlog-tiles, "Log entries").

    Raises:
        ValueError: No entry, more than 256, or one longer than 65,535 bytes.
    """
    if not 1 <= len(entries) <= TILE_WIDTH or max(map(len, entries)) > MAX_ENTRY_BYTES:
        raise ValueError(len(entries))
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def unbundle(data: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle, 1 to 256.

    Raises:
        MalformedFileError: `bundle`; empty, cut off, or with more entries than a tile has.
    """
    entries: list[bytes] = []
    place = 0
    while place < len(data) and len(entries) < TILE_WIDTH:
        start = place + _LENGTH_BYTES
        place = start + int.from_bytes(data[place:start], "big")
        entries.append(data[start:place])
    if not entries or place != len(data):
        raise MalformedFileError("bundle", problems=("length",))
    return tuple(entries)


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles that a log of `size` leaves has, level by level from the left; the last of a level may be partial."""
    for level in range(MAX_TILE_LEVEL + 1):
        full, rest = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        yield from (Tile(level, number) for number in range(full))
        if rest:
            yield Tile(level, full, rest)


def bundles_of(size: int) -> Iterator[Bundle]:
    """All bundles that a log of `size` leaves has, from the left; the last may be partial."""
    full, rest = divmod(size, TILE_WIDTH)
    yield from (Bundle(number) for number in range(full))
    if rest:
        yield Bundle(full, rest)


def tiles_completed(before: int, after: int) -> Iterator[tuple[int, int]]:
    """The tiles (level, number) that become full when a log grows from `before` to `after` leaves.

    Level by level from 0, so that the tile under each hash is named before the tile that holds the hash.
    """
    for level in range(MAX_TILE_LEVEL + 1):
        span = TILE_HEIGHT * (level + 1)
        yield from ((level, number) for number in range(before >> span, after >> span))


def tile_bytes(level: int, number: int, width: int, nodes: Nodes) -> bytes:
    """The content of a tile, 32 bytes for each of its `width` hashes."""
    first = number * TILE_WIDTH
    return b"".join(nodes(TILE_HEIGHT * level, first + place) for place in range(width))


def tile_root(tile: bytes) -> bytes:
    """The hash (32 bytes) that a full tile has in the tile above it.

    Raises:
        TamperedError: `tile`; it is not full.
    """
    if len(tile) != TILE_WIDTH * HASH_BYTES:
        raise TamperedError("tile", hashes=len(tile) // HASH_BYTES)
    return _inner_hashes(tile)[TILE_HEIGHT][0]


class TileNodes:
    """The nodes of a tree of `size` leaves, computed from its tiles: call it as `Nodes`.

    Owned by one caller; not shared between threads. The tiles it asks for are those of `tiles_of(size)`.
    """

    def __init__(self, read: ReadTile, size: int) -> None:
        """Keep the way to the tiles; nothing is read before the first call."""
        if not 0 <= size <= MAX_TREE_SIZE:
            raise ValueError(size)
        self._read = read
        self._size = size
        self._cache: OrderedDict[tuple[int, int], tuple[tuple[bytes, ...], ...]] = OrderedDict()

    def __call__(self, level: int, index: int) -> bytes:
        """The hash (32 bytes) of the complete subtree over 2**level leaves at that index.

        Raises:
            ValueError: The subtree is not complete in this tree.
            TamperedError: `tile`; what was read is not as long as the tile is.
        """
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise ValueError((level, index))
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, place = divmod(index, TILE_WIDTH >> height)
        return self._tile(tile_level, number)[height][place]

    def _tile(self, level: int, number: int) -> tuple[tuple[bytes, ...], ...]:
        kept = self._cache.get((level, number))
        if kept is not None:
            self._cache.move_to_end((level, number))
            return kept
        width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - number * TILE_WIDTH)
        data = self._read(level, number, width)
        if len(data) != width * HASH_BYTES:
            raise TamperedError("tile", level=level, number=number, width=width)
        if len(self._cache) == CACHED_TILES:
            self._cache.popitem(last=False)
        hashes = self._cache[level, number] = _inner_hashes(data)
        return hashes


def _inner_hashes(tile: bytes) -> tuple[tuple[bytes, ...], ...]:
    """The hashes of a tile, then those of the complete pairs among them, and so on up to the tile's root."""
    row = tuple(tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES))
    rows = [row]
    for _ in range(TILE_HEIGHT):
        row = tuple(node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False))
        rows.append(row)
    return tuple(rows)


def _number_path(number: int, width: int) -> str:
    """The number in groups of three digits, all but the last behind an x, and the width of a partial tile."""
    if not 0 <= number <= MAX_TREE_SIZE // TILE_WIDTH or not 1 <= width <= TILE_WIDTH:
        raise ValueError((number, width))
    digits = str(number)
    digits = digits.zfill(len(digits) + -len(digits) % 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
