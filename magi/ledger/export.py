"""Writes a log as a folder that anybody can check without MAGI: tlog-tiles, and where asked for, bodies and state.

1. The head is read with the keys that the log's own records leave in force; each of them must have signed it.
2. An earlier export in that place is taken up only if the log extends it.
3. Entries go into bundles, and their leaf hashes, computed from those bytes, into tiles of level 0. Higher tiles are
   computed from the tiles that were written. What the earlier export has is taken over by its name.
4. The root over the written tiles must be the one that was signed.
5. Bodies stay sealed as they are stored, their data keys wrapped; the folder opens nothing without the tenant key.

Promises: one consistent snapshot, that of the connection; bounded memory but for names; whole or not at all
(`folder`); a store whose stored hashes or entries differ from its signed head is not exported. Leaves to others: the
form (docs/EXPORT.md), whether the records are sound (`verify`), who may export (the commands).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, Table, func, select

from magi.core.canonical import Plain, canonical
from magi.core.errors import LedgerUnavailableError, TamperedError
from magi.ledger.folder import Draft, Earlier, read_earlier
from magi.ledger.nodes import SignedHead, log_keys, signed_head, stored_entries, stored_nodes
from magi.ledger.note import Checkpoint, Signer, open_note, parse_checkpoint, sign
from magi.ledger.note_key import base64_text
from magi.ledger.proof import consistency_proof, root_of, verify_consistency
from magi.ledger.retention import RETENTION_STREAM
from magi.ledger.schema import ancestry, body, claim, data_key, entry, idempotency, key_check
from magi.ledger.tiles import (
    TILE_WIDTH,
    TileNodes,
    bundle,
    bundles_of,
    entries_path,
    tile_path,
    tile_root,
    tiles_of,
    unbundle,
)
from magi.ledger.tree import leaf_hash
from magi.ledger.verify_export import BODIES, CHECKPOINT, DATA_KEYS, KEYS, STATE
from magi.ledger.verify_records import envelope

BODIES_AT_ONCE = 16
"""Bodies in memory: a megabyte as a rule, and at worst sixteen recorded streams."""
KEYS_AT_ONCE = 500
FETCH = 1_000
"""Rows of the working state fetched at a time, each below a kilobyte."""


@dataclass(frozen=True)
class Exported:
    """What was written: the checkpoint and its note, the bodies, and how many files are new in this call."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)
    bodies: int
    written: int


def export_log(
    connection: Connection,
    out: Path,
    *,
    bodies: bool = False,
    state: bool = False,
    upto: int | None = None,
    signers: Sequence[Signer] = (),
    update: bool = False,
) -> Exported:
    """Export the log that the connection sees as the folder `out`.

    `state` (a full export, which another store can import) includes `bodies`. `upto` exports the first records only,
    without bodies, under a checkpoint by `signers`. With `update` an earlier export of this log is brought up to date
    and keeps the parts that it has; without, nothing may be there.

    Raises:
        MalformedFileError: `out_exists`, `export_contents`; ValueError: `upto` is no size of this log, or with bodies.
        TamperedError: the store is not what was signed, or the earlier export not of this log (`export_differs`).
        LedgerUnavailableError: `no_head`; `waiting`, records have no place yet: run it again. OSError: the disk.
    """
    head = signed_head(connection)
    if upto is not None:
        head = _head_at(connection, head, upto, signers, alone=not (bodies or state))
    earlier = read_earlier(out) if update else None
    if earlier is not None:
        _check_extends(connection, head, earlier)
        bodies, state = bodies or BODIES in earlier.files, state or STATE in earlier.files
    bodies = bodies or state
    _check_placed(connection, bodies=bodies, state=state)
    with Draft(out, earlier) as draft:
        _write_tree(connection, draft, head.checkpoint)
        count = _write_bodies(connection, draft, head.checkpoint.size) if bodies else 0
        if state:
            _write_state(connection, draft)
        draft.write(KEYS, "".join(f"{key.vkey}\n" for key in head.keys).encode())
        draft.write(CHECKPOINT, head.note)
        draft.finish(head.checkpoint.origin, head.checkpoint.size)
        return Exported(head.checkpoint, head.note, count, draft.written)


def _head_at(
    connection: Connection, head: SignedHead, size: int, signers: Sequence[Signer], *, alone: bool
) -> SignedHead:
    if not 0 < size <= head.checkpoint.size or not alone:  # a body of then may have been erased since
        raise ValueError(size)
    if size == head.checkpoint.size:
        return head
    checkpoint = Checkpoint(head.checkpoint.origin, size, root_of(size, stored_nodes(connection, size)))
    _check_consistent(connection, checkpoint, head.checkpoint)
    return SignedHead(checkpoint, sign(checkpoint.text, signers), log_keys(connection, size).in_force)


def _check_consistent(connection: Connection, old: Checkpoint, new: Checkpoint) -> None:
    proof = consistency_proof(old.size, new.size, stored_nodes(connection, new.size))
    verify_consistency(old.size, new.size, proof, old.root, new.root)


def _check_extends(connection: Connection, head: SignedHead, earlier: Earlier) -> None:
    new = head.checkpoint
    note = open_note(earlier.note, log_keys(connection, new.size).ever)
    old = parse_checkpoint(note.text)
    refusal = TamperedError("export_differs", size=new.size, earlier=old.size)
    if old.origin != new.origin or not 0 < old.size <= new.size:
        raise refusal
    try:
        _check_consistent(connection, old, new)
    except TamperedError as error:
        raise refusal from error


def _check_placed(connection: Connection, *, bodies: bool, state: bool) -> None:
    """Refuse while what is exported beside the tree may already follow records that are not in it (PostgreSQL)."""
    waiting = select(func.count()).select_from(entry).where(entry.c.seq.is_(None))
    if not state:  # then only a tombstone matters: its bodies are gone at once
        waiting = waiting.where(entry.c.stream == RETENTION_STREAM)
    if bodies and connection.execute(waiting).scalar_one():
        raise LedgerUnavailableError("waiting")


def _write_tree(connection: Connection, draft: Draft, checkpoint: Checkpoint) -> None:
    for number, width in bundles_of(checkpoint.size):
        names = entries_path(number, width), tile_path(0, number, width)
        missing = [name for name in names if not draft.take(name)]
        if not missing:
            continue
        first = number * TILE_WIDTH
        entries = stored_entries(connection, first, first + width)
        made = (bundle(entries), b"".join(map(leaf_hash, entries)))
        for name in missing:
            draft.write(name, made[names.index(name)])
    for level, number, width in tiles_of(checkpoint.size):
        name = tile_path(level, number, width)
        if level == 0 or draft.take(name):
            continue
        below = range(number * TILE_WIDTH, number * TILE_WIDTH + width)
        draft.write(name, b"".join(tile_root(draft.read(tile_path(level - 1, one))) for one in below))
    nodes = TileNodes(lambda *place: draft.read(tile_path(*place)), checkpoint.size)
    if root_of(checkpoint.size, nodes) != checkpoint.root:
        raise TamperedError("export_root", size=checkpoint.size)


def _write_bodies(connection: Connection, draft: Draft, size: int) -> int:
    """Bodies in the order of the records that name them, then the keys; how many bodies."""
    count, streams = 0, set[str]()
    with draft.lines(BODIES) as write:
        for commitments in _named(draft, size):
            found = connection.execute(select(body).where(body.c.commitment.in_(commitments)))
            rows = {row.commitment: row for row in found}
            for commitment in commitments:
                if commitment in rows:
                    write(_line(body, rows[commitment]))
                    streams.add(rows[commitment].stream)
                    count += 1
    with draft.lines(DATA_KEYS) as write:
        in_order = iter(sorted(streams))
        while some := list(itertools.islice(in_order, KEYS_AT_ONCE)):
            query = select(data_key).where(data_key.c.stream.in_(some)).order_by(data_key.c.stream)
            _write_rows(connection.execute(query), data_key, write)
        _write_rows(connection.execute(select(key_check).order_by(key_check.c.key_id)), key_check, write)
    return count


def _named(draft: Draft, size: int) -> Iterator[Sequence[str]]:
    """The commitments that the exported records name, a few at a time."""
    for place in bundles_of(size):
        refs = [
            ref["commitment"]
            for data in unbundle(draft.read(entries_path(*place)))
            for ref in (envelope(data) or {}).get("refs", ())
        ]
        yield from (refs[at : at + BODIES_AT_ONCE] for at in range(0, len(refs), BODIES_AT_ONCE))


def _write_state(connection: Connection, draft: Draft) -> None:
    with draft.lines(STATE) as write:
        for table in (ancestry, idempotency, claim):
            query = select(table).order_by(*table.primary_key)
            _write_rows(connection.execute(query, execution_options={"yield_per": FETCH}), table, write)


def _write_rows(rows: Iterable[Row[Any]], table: Table, write: Callable[[bytes], Any]) -> None:
    for row in rows:
        write(_line(table, row, table=table.name))


def _line(table: Table, row: Row[Any], /, **more: Plain) -> bytes:
    """A row as one canonical line, binary in base64."""
    cells = {
        column.name: base64_text(cell) if isinstance(column.type, LargeBinary) else cell
        for column, cell in zip(table.columns, row, strict=True)
    }
    return canonical({**cells, **more}) + b"\n"
