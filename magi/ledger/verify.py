"""Checks a whole log from its bytes alone: a ledger in a database, or an exported folder.

At depth `tree`, for each record and then the whole:

1. `seq` is dense from 0, and the stored leaf hash is that of the stored bytes.
2. The stored tiles are those that the leaves give; none is missing, none too many.
3. The head's size, root and edge are those of the tree, and the keys that the log's own records leave in force have
   signed it. A key that the auditor brings has to be among the signers.
4. The log extends every checkpoint that the auditor kept.

At depth `bodies` also: every body that a record names is there with its length, or a tombstone says that it is not;
with the tenant key it opens and matches its commitment. No body and no data key without a record.

At depth `full` also: canonical form, schema, columns, the rules of streams (`verify_records`), and what stands beside
the log (`verify_state`). Records without a place yet (PostgreSQL) are judged like the others and are in no tree.

Promises: writes nothing and leaves no file; works in bounded memory but for the streams' states and what was erased;
damage ends in a report or a named error. Cannot see: a record that was never written; a log cut off or rewritten as a
whole by whoever holds its signing key, unless the auditor kept a checkpoint; the working state without the tenant
key; a body's content without it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from magi.core.errors import MalformedFileError
from magi.core.ports import Keys
from magi.ledger.note import Checkpoint, Verifier
from magi.ledger.reading import Cells, LogReader, open_store, open_url
from magi.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, tiles_of
from magi.ledger.tlog_proof import parse_tlog_proof, verify_tlog_proof
from magi.ledger.tree import HASH_BYTES, LEAF_PREFIX
from magi.ledger.verify_bodies import BodyCheck, Named
from magi.ledger.verify_export import ExportReader
from magi.ledger.verify_head import Grown, Judged, KeyHistory, check_head, check_kept, said_by
from magi.ledger.verify_records import ACTING, KEYED, Records, Retention, Value, envelope, whole
from magi.ledger.verify_report import Depth, Problem, VerifyReport
from magi.ledger.verify_state import check_acts, check_key, check_state
from magi.ledger.verify_tree import TileTree

__all__ = [
    "Brought",
    "Depth",
    "Problem",
    "VerifyReport",
    "check_log",
    "verify",
    "verify_proof",
    "verify_source",
]

_ROTATED = b'"kind":"key_rotated"'
_COLUMNS = 6


@dataclass(frozen=True)
class Brought:
    """What an auditor brings: the tenant key, the log's verifier keys, checkpoints (notes) kept from earlier."""

    keys: Keys | None = None
    verifiers: tuple[Verifier, ...] = ()
    kept: tuple[bytes, ...] = field(default=(), repr=False)


def verify(path: Path, keys: Keys | None) -> VerifyReport:
    """Check the ledger file or exported folder at `path` to the full; without `keys` no body is opened.

    Raises:
        ForeignLedgerError: not a ledger of this program and version, and no exported log.
        TamperedError: `database`: damaged so that it cannot be read on.
        KeyMissingError: `wrong_key`, or no key of the id that the ledger was written with.
        LedgerUnavailableError: `not_found`, `io`; `changing`, a writer came in between: run it again.
    """
    return verify_source(path, Brought(keys))


def verify_source(source: Path | str, brought: Brought, depth: Depth = "full") -> VerifyReport:
    """Check a ledger file, an exported folder, or, where `source` is a text, the database of that address.

    Raises:
        As `verify`.
    """
    if isinstance(source, str):
        with open_url(source) as reader:
            return check_log(reader, brought, depth)
    if source.is_dir():
        return check_log(ExportReader(source), brought, depth)
    with open_store(source) as reader:
        return check_log(reader, brought, depth)


def verify_proof(proof: bytes, entry: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Check a `.tlog-proof` file: that a record (its stored bytes) is in the log it names, by a checkpoint signed for.

    Raises:
        MalformedFileError: `tlog_proof`, `note`, `checkpoint`; `record`: the entry is no record.
        TamperedError: `note_signature`, `note_unsigned`, `checkpoint_origin`, `inclusion_proof`.
    """
    value = whole(entry)
    if value is None or not isinstance(value.get("log"), str):
        raise MalformedFileError("record", problems=("not a record",))
    return verify_tlog_proof(parse_tlog_proof(proof), entry, verifiers, origin=value["log"])


def check_log(reader: LogReader, brought: Brought, depth: Depth = "full") -> VerifyReport:
    """Check what a reader reads; see the module.

    Raises:
        KeyMissingError: `wrong_key`. Whatever the reader raises.
    """
    return _Check(reader, brought, depth).run()


class _Check:
    """One pass over one snapshot of a log."""

    def __init__(self, reader: LogReader, brought: Brought, depth: Depth) -> None:
        self._reader = reader
        self._brought = brought
        self._depth = depth
        self._findings = reader.findings
        self._head = reader.head()
        self._tree = TileTree(self._on_tile, self._wanted())
        self._keys = KeyHistory(self._findings)
        self._records = Records(self._findings)
        self._retention = Retention(self._findings)
        self._bodies = BodyCheck(reader, brought.keys, self._findings)
        self._following = 0
        self._waiting = 0
        self._log: str | None = None

    def _wanted(self) -> Iterator[int]:
        """The sizes whose roots are needed."""
        notes = [*self._brought.kept, *([] if self._head is None else [self._head.note])]
        for note in notes:
            said = said_by(note)
            if said is not None:
                yield said.size

    def run(self) -> VerifyReport:
        self._reader.container()
        tenant_keys: tuple[bytes, ...] = ()
        if self._brought.keys is not None and self._depth != "tree":
            tenant_keys = check_key(self._reader, self._brought.keys, self._findings)
        for chunk in self._reader.entries(columns=self._depth == "full"):
            self._place(chunk)
            self._judge(chunk)
        for chunk in self._reader.waiting():
            self._waiting += len(chunk)
            self._leaves(chunk)
            self._judge(chunk)
        self._check_tiles()
        grown = Grown(
            self._tree.size,
            self._tree.root(),
            self._tree.edge,
            {**self._tree.roots, self._tree.size: self._tree.root()},
        )
        signers = self._check_signed(grown)
        if self._depth != "tree":
            self._bodies.settle(self._retention.tombstones)
            self._bodies.strays(self._all_commitments())
            check_acts(self._reader, self._retention, self._findings)
        if self._depth == "full":
            check_state(self._reader, self._records.streams, tenant_keys, self._findings)
        return self._report(grown, signers, stated=bool(tenant_keys))

    def _check_signed(self, grown: Grown) -> tuple[tuple[Verifier, ...], tuple[int, ...]]:
        seen = Judged(self._head, grown, self._keys, self._log, self._brought.verifiers)
        signers = check_head(seen, self._findings)
        kept = check_kept(self._brought.kept, seen, self._findings)
        stated = self._reader.stated_keys()
        if stated is not None and stated != tuple(key.vkey for key in self._keys.in_force):
            self._findings.add("stated_keys")  # an exported folder's have to be those of its records
        return signers, kept

    def _report(
        self, grown: Grown, signed: tuple[tuple[Verifier, ...], tuple[int, ...]], *, stated: bool
    ) -> VerifyReport:
        bodies, signers = self._bodies, signed[0]
        return VerifyReport(
            records=grown.size + self._waiting,
            streams=len(self._records.streams),
            bodies_checked=bodies.opened,
            bodies_missing=bodies.missing,
            root=grown.root.hex(),
            problems=self._findings.in_log_order(),
            depth=self._depth,
            origin=self._log or "",
            erased=bodies.erased,
            bodies_unopened=bodies.found if self._brought.keys is None else 0,
            bodies_elsewhere=0 if self._reader.holds_bodies else bodies.named,
            waiting=self._waiting,
            state_checked=stated and self._depth == "full" and self._reader.holds_state,
            signers=tuple(key.vkey for key in signers),
            given=bool(set(self._brought.verifiers) & set(signers)),
            kept=signed[1],
        )

    def _place(self, chunk: Sequence[Cells]) -> None:
        """Steps 1 and 2 for rows that have a place; also keeps the keys that they name."""
        first, last = chunk[0][0], chunk[-1][0]
        if first != self._following or last - first + 1 != len(chunk):
            for row in chunk:
                if row[0] != self._following:
                    self._at(row, "seq_not_dense")
                self._following = row[0] + 1
        self._following = last + 1
        self._tree.extend(self._leaves(chunk))
        for row in chunk:
            data = row[1]
            if isinstance(data, bytes) and (row[0] == 0 or _ROTATED in data):
                self._note_key(row[0], whole(data))

    def _note_key(self, seq: int, value: Value | None) -> None:
        if value is None or not isinstance(value.get("log"), str):
            return
        if seq == 0:
            self._log = value["log"]
        if value.get("kind") in KEYED:
            self._keys.take(seq, value)

    def _leaves(self, chunk: Sequence[Cells]) -> list[bytes]:
        """The leaf hashes of rows, compared with those stored beside them."""
        sha256 = hashlib.sha256
        try:
            leaves = [sha256(LEAF_PREFIX + row[1]).digest() for row in chunk]
        except TypeError:
            leaves = [self._leaf(row) for row in chunk]
        stored = [row[2] for row in chunk]
        if stored != leaves:
            for row, leaf in zip(chunk, leaves, strict=True):
                if row[2] is not None and row[2] != leaf:
                    self._at(row, "leaf_hash")
        return leaves

    def _leaf(self, row: Cells) -> bytes:
        """The leaf of one row of which another, or this one, holds no bytes."""
        if isinstance(row[1], bytes):
            return hashlib.sha256(LEAF_PREFIX + row[1]).digest()
        self._at(row, "row")
        return bytes(HASH_BYTES)

    def _at(self, row: Cells, what: str) -> None:
        """A problem with a row, whose stream and ordinal are asked for if they were not read."""
        stream, ordinal = row[3:5] if len(row) == _COLUMNS else (None, None)
        if stream is None and isinstance(row[0], int):
            stream, ordinal = self._reader.place(row[0])
        self._findings.add(what, row[0], stream, ordinal)

    def _judge(self, chunk: Sequence[Cells]) -> None:
        """What the bytes say, as far as the depth asks."""
        if self._depth == "tree":
            return
        wanted: list[Named] = []
        for row in chunk:
            if not isinstance(row[1], bytes):
                continue
            value = self._records.read(row) if self._depth == "full" else envelope(row[1])
            if value is None:
                if self._depth != "full":
                    self._at(row, "not_a_record")
                continue
            try:
                self._names(row[0], value, wanted)
            except (KeyError, TypeError):
                self._at(row, "not_a_record")
        self._bodies.check(wanted)

    def _names(self, seq: int | None, value: Value, wanted: list[Named]) -> None:
        refs = value["refs"]
        if refs:
            stream, ordinal = value["stream"], value["ordinal"]
            self._retention.named(stream, len(refs))
            wanted += [
                Named(seq, stream, ordinal, ref["name"], ref["commitment"], ref["length"]) for ref in refs
            ]
        if value["kind"] in ACTING:
            self._retention.take(seq, value)

    def _on_tile(self, level: int, number: int, hashes: bytes) -> None:
        """Step 2 for a tile that became full, or, at the end, for one that did not."""
        stored = self._reader.tile(level, number, len(hashes) // HASH_BYTES)
        if stored == hashes:
            return
        if not isinstance(stored, bytes) or level:
            first, last = (number << TILE_HEIGHT * (level + 1)), (number + 1 << TILE_HEIGHT * (level + 1)) - 1
            self._findings.add(
                f"{'tile_missing' if stored is None else 'tile'}: {level}/{number} ({first}-{last})"
            )
            return
        same = (
            stored[at : at + HASH_BYTES] == hashes[at : at + HASH_BYTES]
            for at in range(0, len(hashes), HASH_BYTES)
        )
        place = next((place for place, one in enumerate(same) if not one), len(hashes) // HASH_BYTES - 1)
        seq = number * TILE_WIDTH + place
        self._findings.add(f"tile: 0/{number}", seq, *self._reader.place(seq))

    def _check_tiles(self) -> None:
        """Step 2, the rest: tiles that are not full, and tiles that should not be there."""
        if self._reader.partial_tiles:
            for level, number, hashes in self._tree.partial:
                self._on_tile(level, number, hashes)
        expected: set[tuple[object, object, int]] = {*tiles_of(self._tree.size)}
        full: set[tuple[object, object]] = set()
        if not self._reader.partial_tiles:
            expected = {tile for tile in expected if tile[2] == TILE_WIDTH}
            full = {(tile[0], tile[1]) for tile in expected}
        for stored in self._reader.tiles():
            if (
                stored not in expected and (stored[0], stored[1]) not in full
            ):  # those were compared, length and all
                self._findings.add(f"tile_extra: {stored[0]}/{stored[1]}")

    def _all_commitments(self) -> Iterator[str]:
        """Every commitment that a record names; a second pass, made only where the numbers differ."""
        for chunk in self._reader.entries(columns=False):
            yield from _commitments(chunk)
        for chunk in self._reader.waiting():
            yield from _commitments(chunk)


def _commitments(chunk: Sequence[Cells]) -> Iterator[str]:
    for row in chunk:
        value = envelope(row[1]) if isinstance(row[1], bytes) else None
        refs = value.get("refs") if value is not None else None
        for ref in refs if isinstance(refs, list) else ():
            if isinstance(ref, dict) and isinstance(ref.get("commitment"), str):
                yield ref["commitment"]
