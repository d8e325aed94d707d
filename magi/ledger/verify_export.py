"""An exported folder as a source for a check (docs/EXPORT.md): no database, no service, no key but the public one.

Every file is held against `contents.json`, and that against the checkpoint, so a changed byte anywhere in the folder
is named by its file; what the bytes mean is then checked like a store's. `contents.json` itself is nobody's word:
whoever changes a record and the list still has the tree and the signature to answer to.

Promises: writes nothing; follows no link; reads in bounded pieces, with an index of the bodies in memory (some 100
bytes each). Leaves to others: writing such a folder (`magi.ledger.export`).
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary

from magi.core.canonical import canonical
from magi.core.errors import ForeignLedgerError, MalformedFileError
from magi.ledger.note import MAX_NOTE_BYTES
from magi.ledger.note_key import base64_bytes
from magi.ledger.reading import Cells, StoredHead
from magi.ledger.schema import metadata
from magi.ledger.tiles import (
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    Bundle,
    Tile,
    bundles_of,
    entries_path,
    parse_path,
    tile_path,
    unbundle,
)
from magi.ledger.tree import HASH_BYTES
from magi.ledger.verify_head import said_by
from magi.ledger.verify_report import Findings

CHECKPOINT, KEYS, CONTENTS = "checkpoint", "log.vkey", "contents.json"
BODIES, DATA_KEYS, STATE = "bodies.jsonl", "keys.jsonl", "state.jsonl"
MAX_CONTENTS_BYTES = 1 << 28
"""The list of files: 130 bytes a file, two files for 256 records; a log of 250 million records."""
MAX_LINE_BYTES = 100 << 20
"""A body of 64 MB in base64, with what stands beside it."""
MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
MAX_VKEY_BYTES = 1 << 16
PIECE = 1 << 20
"""Read at a time when a file is hashed."""

_LOOSE = frozenset({CHECKPOINT, KEYS, BODIES, DATA_KEYS, STATE})


class ExportReader:
    """An exported log (`LogReader`). Serves one check."""

    partial_tiles = True

    def __init__(self, folder: Path) -> None:
        """Look at what the folder holds.

        Raises:
            ForeignLedgerError: `no_export`, there is neither a checkpoint nor a list of contents.
        """
        self.findings = Findings()
        self._folder = folder
        self._files = dict(_files_in(folder))
        if not {CHECKPOINT, CONTENTS} & self._files.keys():
            raise ForeignLedgerError("no_export", path=str(folder))
        self.holds_bodies = BODIES in self._files
        self.holds_state = STATE in self._files
        self._size = 0
        self._index: dict[str, int] | None = None
        self._keys: dict[str, Cells] | None = None

    def container(self) -> None:
        """Every file against the list, and the list against the checkpoint."""
        listed = self._contents()
        for name in sorted(self._files.keys() - {CONTENTS}):
            if not self._files[name]:
                self.findings.add(f"file_link: {name}")
            elif name not in _LOOSE and _tile_of(name) is None:
                self.findings.add(f"file_unknown: {name}")
            elif listed is not None and name not in listed:
                self.findings.add(f"file_unlisted: {name}")
            elif listed is not None and not _fits(self._folder / name, listed[name]):
                self.findings.add(f"file_changed: {name}")
        for name in sorted((listed or {}).keys() - self._files.keys()):
            self.findings.add(f"file_missing: {name}")
        expected = set(bundles_of(self._size)) if self._size <= len(self._files) * TILE_WIDTH else set()
        for name in sorted(self._files):
            found = _tile_of(name)
            if isinstance(found, Bundle) and found not in expected:
                self.findings.add(f"tile_extra: {name}")

    def _contents(self) -> Mapping[str, object] | None:
        """The list of files; None, with a problem, where there is none in its one form."""
        data = self._read(CONTENTS, MAX_CONTENTS_BYTES)
        if data is None:
            self.findings.add(f"file_missing: {CONTENTS}")
            return None
        value = _decoded(data)
        said = said_by(self._read(CHECKPOINT, MAX_NOTE_BYTES) or b"")
        if value is None or value.keys() != {"files", "origin", "size", "v"} or value["v"] != 1:
            self.findings.add("contents")
            return None
        if said is not None and (value["origin"], value["size"]) != (said.origin, said.size):
            self.findings.add("contents")
        files = value["files"]
        if not isinstance(files, dict):
            self.findings.add("contents")
            return None
        return files

    def head(self) -> StoredHead | None:
        """The file `checkpoint`."""
        note = self._read(CHECKPOINT, MAX_NOTE_BYTES)
        said = None if note is None else said_by(note)
        if note is None:
            self.findings.add("head_missing")
            return None
        self._size = 0 if said is None else said.size
        return StoredHead(None, None, note)

    def stated_keys(self) -> tuple[str, ...]:
        """The lines of `log.vkey`."""
        data = self._read(KEYS, MAX_VKEY_BYTES) or b""
        lines = data.decode("utf-8", "replace").split("\n")
        return tuple(lines[:-1]) if lines[-1] == "" else tuple(lines)

    def entries(self, *, columns: bool) -> Iterator[Sequence[Cells]]:
        """Bundle by bundle, to the first that is not there."""
        rest: tuple[None, ...] = (None, None, None, None) if columns else (None,)
        for bundle in bundles_of(self._size):
            name, first = entries_path(*bundle), bundle.number * TILE_WIDTH
            data = self._read(name, MAX_BUNDLE_BYTES)
            if data is None:
                self.findings.add(f"file_missing: {name}", first)
                return
            try:
                records = unbundle(data)
            except MalformedFileError:
                self.findings.add(f"bundle: {name}", first)
                continue
            if len(records) != bundle.width:
                self.findings.add(f"bundle: {name}", first)
            yield [(first + place, record, *rest) for place, record in enumerate(records)]

    def waiting(self) -> Iterator[Sequence[Cells]]:
        """None: an export holds what the checkpoint covers."""
        yield from ()

    def place(self, seq: int) -> tuple[object, object]:
        """What the record's own bytes say, since nothing stands beside them."""
        number, place = divmod(seq, TILE_WIDTH)
        width = min(TILE_WIDTH, self._size - number * TILE_WIDTH)
        try:
            data = self._read(entries_path(number, width), MAX_BUNDLE_BYTES) or b""
            value = json.loads(unbundle(data)[place])
            return value["stream"], value["ordinal"]
        except (MalformedFileError, ValueError, KeyError, TypeError, IndexError, RecursionError):
            return None, None

    def tile(self, level: int, number: int, width: int) -> object:
        """The file of that tile."""
        return self._read(tile_path(level, number, width), TILE_WIDTH * HASH_BYTES)

    def tiles(self) -> Iterator[tuple[object, object, int]]:
        """By the names of the files."""
        for name in sorted(self._files):
            found = _tile_of(name)
            if isinstance(found, Tile):
                yield found

    def bodies(self, commitments: Sequence[str]) -> Mapping[str, Cells]:
        """By the index of `bodies.jsonl`."""
        index = self._indexed()
        found: dict[str, Cells] = {}
        with (self._folder / BODIES).open("rb") as file:
            for commitment in commitments:
                if commitment in index:
                    file.seek(index[commitment])
                    row = _row(file.readline(MAX_LINE_BYTES), "body")
                    if row is not None:
                        found[commitment] = row
        return found

    def _indexed(self) -> Mapping[str, int]:
        """Where in `bodies.jsonl` each body's line begins; a line in another form is a problem."""
        if self._index is None:
            self._index = {}
            at = 0
            for line in self._lines(BODIES):
                row = _row(line, "body")
                if row is None or row[0] in self._index:
                    self.findings.add(f"line: {BODIES}")
                else:
                    self._index[row[0]] = at
                at += len(line)
        return self._index

    def body_names(self) -> Iterator[tuple[object, object]]:
        """By reading the bodies once more."""
        for line in self._lines(BODIES):
            row = _row(line, "body")
            if row is not None:
                yield row[0], row[1]

    def body_count(self) -> int:
        """Lines with a body of their own."""
        return len(self._indexed())

    def data_key(self, stream: str) -> Cells | None:
        """By stream; all are held in memory, some 500 bytes each."""
        if self._keys is None:
            self._keys = {row[0]: row for row in self._table(DATA_KEYS, "data_key")}
        return self._keys.get(stream)

    def rows(self, table: str) -> Iterator[Cells] | None:
        """Rows of the tables that an export holds; None for those that follow from the records."""
        if table in ("data_key", "key_check"):
            return self._table(DATA_KEYS, table)
        return self._table(STATE, table) if table in ("ancestry", "idempotency", "claim") else None

    def _table(self, name: str, table: str) -> Iterator[Cells]:
        for line in self._lines(name):
            value = _decoded(line.removesuffix(b"\n"))
            known = {"key_check", "data_key"} if name == DATA_KEYS else {"ancestry", "idempotency", "claim"}
            kind = None if value is None else value.get("table")
            row = _row(line, str(kind)) if kind in known else None
            if row is None:
                self.findings.add(f"line: {name}")
            elif kind == table:
                yield row

    def _lines(self, name: str) -> Iterator[bytes]:
        if not self._files.get(name):
            return
        with (self._folder / name).open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                yield line

    def _read(self, name: str, limit: int) -> bytes | None:
        """A file of the folder; None where there is none, or a longer one than it can be."""
        if not self._files.get(name):
            return None
        with (self._folder / name).open("rb") as file:
            data = file.read(limit + 1)
        return data if len(data) <= limit else None


def _files_in(folder: Path) -> Iterator[tuple[str, bool]]:
    """Every name below a folder, and whether it is a file of its own."""
    for parent, folders, names in os.walk(folder):
        place = Path(parent)
        for name in names:
            path = place / name
            yield path.relative_to(folder).as_posix(), path.is_file() and not path.is_symlink()
        for name in folders:
            if (place / name).is_symlink():
                yield (place / name).relative_to(folder).as_posix(), False


def _tile_of(name: str) -> Tile | Bundle | None:
    try:
        return parse_path(name)
    except MalformedFileError:
        return None


def _fits(path: Path, listed: object) -> bool:
    """Whether a file is as long as the list says, and hashes to what it says."""
    sha256, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            sha256.update(piece)
            length += len(piece)
    return listed == {"length": length, "sha256": sha256.hexdigest()}


def _decoded(data: bytes) -> dict[str, Any] | None:
    """An object in its canonical form (RFC 8785), None where it is another."""
    try:
        value = json.loads(data.decode())
        return value if isinstance(value, dict) and canonical(value) == data else None
    except (ValueError, RecursionError):
        return None


def _row(line: bytes, table: str) -> Cells | None:
    """A line as a row of that table, binary from base64; None where it is another."""
    value = _decoded(line.removesuffix(b"\n"))
    if value is None or not line.endswith(b"\n"):
        return None
    if table != "body" and value.pop("table", None) != table:
        return None
    columns = metadata.tables[table].columns
    if value.keys() != {column.name for column in columns}:
        return None
    cells: list[object] = []
    for column in columns:
        cell = value[column.name]
        if isinstance(column.type, LargeBinary):
            cell = base64_bytes(cell) if isinstance(cell, str) else None
            if cell is None:
                return None
        cells.append(cell)
    return tuple(cells)
