"""Tiles, tree nodes, entries, keys and proofs out of a store, over any connection; and snapshots to read them from.

A full tile is stored; what is not full is computed from the entries' hashes and the tiles below. Nothing here is
believed for being stored: a proof is checked against the signed head before it is handed out.

Promises: writes nothing and leaves no file; reads what it needs of a log of any length. Leaves to others: whether
the whole log is sound (`verify`), files (`export`).
"""

import contextlib
import functools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from magi.core.errors import LedgerUnavailableError, TamperedError, UnknownNameError
from magi.ledger.database import (
    CONFIG_STREAM,
    check_identity,
    connect_file,
    meaning_of,
    open_engine,
    reading_uri,
    wal_of,
    writing_uri,
)
from magi.ledger.head import read_head
from magi.ledger.note import Checkpoint, Verifier, open_note, parse_checkpoint
from magi.ledger.proof import inclusion_proof, verify_inclusion
from magi.ledger.scan import MAX_STREAM_RECORDS
from magi.ledger.schema import entry, tile
from magi.ledger.tiles import TILE_WIDTH, TileNodes, tile_root
from magi.ledger.tlog_proof import TlogProof
from magi.ledger.tree import HASH_BYTES, leaf_hash
from magi.ledger.verify_head import KeyHistory
from magi.ledger.verify_records import KEYED, whole
from magi.ledger.verify_report import Findings

Snapshot = Connection
"""What `snapshot` gives: callers hand it on and ask nothing of it."""


@dataclass(frozen=True)
class SignedHead:
    """The head of a log that its own keys signed: what it says, the note, and the keys in force, the oldest first."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)
    keys: tuple[Verifier, ...]


@dataclass(frozen=True)
class Proven:
    """One record with its place in the log: stored bytes, and the `.tlog-proof` file that shows it."""

    seq: int
    ordinal: int
    kind: str
    data: bytes = field(repr=False)
    proof: bytes = field(repr=False)


def stored_tile(connection: Connection, level: int, number: int, width: int) -> bytes:
    """The hashes of a tile, 32 bytes for each of the `width` asked for, stored or computed.

    Raises:
        TamperedError: `tile`, a part of it is not there.
    """
    query = select(tile.c.hashes).where(tile.c.level == level, tile.c.number == number)
    found = connection.execute(query).scalar_one_or_none()
    first = number * TILE_WIDTH
    if found is None and level == 0:
        place = entry.c.seq.between(first, first + width - 1)
        rows = connection.execute(select(entry.c.leaf_hash).where(place).order_by(entry.c.seq))
        found = b"".join(rows.scalars())
    elif found is None:
        below = range(first, first + width)
        found = b"".join(tile_root(stored_tile(connection, level - 1, one, TILE_WIDTH)) for one in below)
    hashes = bytes(found[: width * HASH_BYTES])
    if len(hashes) != width * HASH_BYTES:
        raise TamperedError("tile", level=level, number=number, width=width)
    return hashes


def stored_nodes(connection: Connection, size: int) -> TileNodes:
    """The nodes of the tree of the first `size` records, read as they are asked for."""
    return TileNodes(functools.partial(stored_tile, connection), size)


def stored_entries(connection: Connection, first: int, stop: int) -> tuple[bytes, ...]:
    """The bytes of records `first` to `stop`, which is not included.

    Raises:
        TamperedError: `entries`, one of them is not there.
    """
    query = select(entry.c.bytes).where(entry.c.seq.between(first, stop - 1)).order_by(entry.c.seq)
    found = tuple(bytes(data) for data in connection.execute(query).scalars())
    if len(found) != stop - first:
        raise TamperedError("entries", seq=first)
    return found


def log_keys(connection: Connection, size: int) -> KeyHistory:
    """The keys that the first `size` records of a log give and take.

    Raises:
        TamperedError: `key_record`, one of those records names no key.
    """
    findings = Findings()
    history = KeyHistory(findings)
    wanted = select(entry.c.seq, entry.c.bytes).where(
        entry.c.stream == CONFIG_STREAM, entry.c.kind.in_(KEYED)
    )
    for row in connection.execute(wanted.where(entry.c.seq < size).order_by(entry.c.seq)):
        history.take(row.seq, whole(bytes(row.bytes)) or {})
    if findings.problems or not history.in_force:
        raise TamperedError("key_record", size=size)
    return history


def signed_head(connection: Connection) -> SignedHead:
    """The stored head, after every key that the log has in force was found to have signed it.

    Raises:
        LedgerUnavailableError: `no_head`, nothing was signed yet.
        TamperedError: `note_signature`, `note_unsigned`, `key_did_not_sign`, `key_record`, `head`.
    """
    stored = read_head(connection)
    if stored is None:
        raise LedgerUnavailableError("no_head")
    history = log_keys(connection, stored.size)
    note = open_note(stored.note, history.ever)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.size != stored.size:
        raise TamperedError("head", size=stored.size)
    if set(history.in_force) - set(note.verified):
        raise TamperedError("key_did_not_sign", size=stored.size)
    return SignedHead(checkpoint, stored.note, history.in_force)


def prove_stream(connection: Connection, stream: str, head: SignedHead) -> tuple[Proven, ...]:
    """Every record of a stream that the head covers, each with its proof, in order.

    Raises:
        UnknownNameError: `deliberation`, there is none of that name. TamperedError: `inclusion_proof`, `tile`,
            `stream_too_long`.
    """
    size = head.checkpoint.size
    query = select(entry).where(entry.c.stream == stream, entry.c.seq < size).order_by(entry.c.ordinal)
    rows = connection.execute(query.limit(MAX_STREAM_RECORDS + 1)).all()
    if not rows:
        raise UnknownNameError("deliberation", name=stream.removeprefix("d/"))
    if len(rows) > MAX_STREAM_RECORDS:
        raise TamperedError("stream_too_long", stream=stream, limit=MAX_STREAM_RECORDS)
    nodes, proven = stored_nodes(connection, size), []
    for row in rows:
        hashes = inclusion_proof(row.seq, size, nodes)
        data = bytes(row.bytes)
        verify_inclusion(leaf_hash(data), row.seq, size, hashes, head.checkpoint.root)
        proof = TlogProof(row.seq, hashes, head.note).to_bytes()
        proven.append(Proven(row.seq, row.ordinal, row.kind, data, proof))
    return tuple(proven)


@contextlib.contextmanager
def snapshot(source: Path | str, *, log: str | None = None, live: bool = False) -> Iterator[Connection]:
    """One snapshot of the ledger in a file, or, where `source` is a text, in the database of that address.

    `live` is for a file that this process writes itself: the reader takes part in its locking, as a writer does.

    Raises:
        ForeignLedgerError: not a ledger of this program, version and log (None: any).
        LedgerUnavailableError: `not_found`, `io`, `unreachable`; `changing`, a writer came in between: run it again.
        TamperedError: `database`. MalformedFileError: `ledger_url`.
    """
    with _of_url(source, log) if isinstance(source, str) else _of_file(source, log, live=live) as connection:
        yield connection


@contextlib.contextmanager
def _of_file(path: Path, log: str | None, *, live: bool) -> Iterator[Connection]:
    before = None if live else _state_of(path)
    uri = writing_uri if live else reading_uri
    engine = open_engine(lambda: connect_file(uri(path)), begin="BEGIN", pooled=False)
    try:
        with engine.connect() as connection:
            check_identity(connection, path, log=log)
            yield connection
    except (DBAPIError, sqlite3.Error) as error:
        raise meaning_of(error, path) from error
    if before is not None and before != _state_of(path):
        raise LedgerUnavailableError("changing", path=str(path))


def _state_of(path: Path) -> tuple[int, int] | None:
    """Size and time of a ledger that nobody has open; None where SQLite's snapshot protects the reader."""
    if wal_of(path).exists() or not path.exists():
        return None
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@contextlib.contextmanager
def _of_url(url: str, log: str | None) -> Iterator[Connection]:
    # Not at the top: who reads a file needs no PostgreSQL driver.
    from magi.ledger.postgres import PostgresDialect, check_store, open_store, store_url  # noqa: PLC0415

    address = store_url(url)
    dialect = PostgresDialect(address)
    engine = open_store(address, reading=True, pool=1)
    try:
        with engine.connect() as connection:
            check_store(connection, dialect.where, log=log)
            yield connection
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    finally:
        engine.dispose()
