"""Erasing beyond the record: what a restored backup brought back, and what SQLite's write-ahead log still holds.

A tombstone acts once, as it is recorded. A backup of an earlier day has the bodies again; `again_in_file` and
`again_at` do what the tombstones of the log say once more, without a new record, since the log says it already. And in
SQLite the pages of before an erasure lie in the -wal file until it is emptied: `empty_wal`.

Promises: one transaction; only bodies that a record in `retention` names for their own stream; never under a hold,
even one that was set after the erasure. Leaves to others: copies elsewhere (docs/RETENTION.md lists them).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select

from magi.core.errors import LedgerUnavailableError
from magi.ledger.database import (
    BUSY_TIMEOUT_SECONDS,
    SqliteDialect,
    check_identity,
    connect_file,
    open_engine,
    writing_uri,
)
from magi.ledger.dialect import Dialect
from magi.ledger.entries import StoredEntry, believed
from magi.ledger.retention import RETENTION_STREAM
from magi.ledger.schedule import Tombstone, holds_of, holds_over, tombstones_of
from magi.ledger.schema import body, data_key, entry, erased

CHUNK = 500
"""Commitments in one IN list; SQLite takes 32,766 parameters, other stores fewer."""


@dataclass(frozen=True)
class ErasedAgain:
    """How many bodies that tombstones name were there and are gone now, and the streams that a hold kept."""

    bodies: int
    held: tuple[str, ...]


def again_in_file(path: Path, *, log: str, tenant: str) -> ErasedAgain:
    """Erase in the SQLite ledger at `path` what its tombstones name but it still holds.

    Raises:
        ForeignLedgerError: not this log. LedgerUnavailableError: not_found, locked, io, disk_full.
        TamperedError: a record of stream `retention` does not match its hash.
    """
    if not path.exists():
        raise LedgerUnavailableError("not_found", path=str(path))
    dialect = SqliteDialect(path)
    engine = open_engine(lambda: connect_file(writing_uri(path)), begin="BEGIN IMMEDIATE")
    try:
        with engine.begin() as connection:
            check_identity(connection, path, log=log, tenant=tenant)
            return _again(connection, dialect)
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    finally:
        engine.dispose()


def again_at(url: str, *, log: str, tenant: str) -> ErasedAgain:
    """The same in the PostgreSQL ledger behind `url`.

    Raises:
        MalformedFileError: `ledger_url`. ForeignLedgerError, LedgerUnavailableError, TamperedError: as the ledger.
    """
    from magi.ledger import postgres  # noqa: PLC0415  # whoever has a file need not load another driver

    address = postgres.store_url(url)
    dialect = postgres.PostgresDialect(address)
    engine = postgres.open_store(address, pool=1)
    try:
        with engine.begin() as connection:
            postgres.check_store(connection, dialect.where, log=log, tenant=tenant)
            return _again(connection, dialect)
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    finally:
        engine.dispose()


def empty_wal(path: Path, *, wait_seconds: float = BUSY_TIMEOUT_SECONDS) -> bool:
    """Bring every page of the -wal file into the ledger and cut the file to nothing; false while somebody reads.

    It waits `wait_seconds` for those who read. Pages are overwritten with zeros as they are freed (secure_delete), so
    afterwards neither file holds what was erased (SQLite, PRAGMA wal_checkpoint and secure_delete).

    Raises:
        LedgerUnavailableError: the file cannot be opened or written.
    """
    dialect = SqliteDialect(path)
    try:
        connection = connect_file(writing_uri(path))
        try:
            connection.execute(f"PRAGMA busy_timeout={int(wait_seconds * 1000)}")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    return bool(busy == 0)


def _again(connection: Connection, dialect: Dialect) -> ErasedAgain:
    dialect.hold(connection, (RETENTION_STREAM,), ())  # no hold is set from here on
    rows = connection.execute(
        select(entry).where(entry.c.stream == RETENTION_STREAM).order_by(entry.c.ordinal)
    )
    records = [believed(StoredEntry(*row)) for row in rows]
    stones, holds = tombstones_of(records), holds_of(records)
    streams = sorted({stone.stream for stone in stones.values()})
    held = tuple(stream for stream in streams if holds_over(holds, stream))
    free = {name: stone for name, stone in stones.items() if stone.stream not in held}
    bodies = 0
    for some in _pieces(sorted(free)):
        there = select(body.c.commitment, body.c.stream).where(body.c.commitment.in_(some))
        named = [
            row.commitment for row in connection.execute(there) if free[row.commitment].stream == row.stream
        ]
        connection.execute(delete(body).where(body.c.commitment.in_(named)))
        bodies += len(named)
        _note(connection, {name: free[name] for name in some})
    for stream in streams:
        left = connection.execute(select(func.count()).select_from(body).where(body.c.stream == stream))
        if left.scalar_one() == 0:
            connection.execute(delete(data_key).where(data_key.c.stream == stream))
    kept = tuple(stream for stream in held if _is_there(connection, stream, stones))
    return ErasedAgain(bodies, kept)


def _note(connection: Connection, stones: Mapping[str, Tombstone]) -> None:
    """The rows by which a reader finds the tombstone, where they are not there."""
    query = select(erased.c.commitment).where(erased.c.commitment.in_(sorted(stones)))
    known = set(connection.execute(query).scalars())
    rows = [
        {"commitment": name, "stream": stone.stream, "ordinal": stone.ordinal}
        for name, stone in stones.items()
        if name not in known
    ]
    if rows:
        connection.execute(insert(erased), rows)


def _is_there(connection: Connection, stream: str, stones: Mapping[str, Tombstone]) -> bool:
    names = connection.execute(select(body.c.commitment).where(body.c.stream == stream)).scalars()
    return any(name in stones for name in names)


def _pieces(names: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while piece := list(islice(rest, CHUNK)):
        yield piece
