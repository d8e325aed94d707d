"""Reads the streams of a ledger in log order, in one pass over one snapshot: for replay, export and audit.

A stream comes where its first record stands in the log, whole, with its records in order, however many others were
written between them. One statement does it: the heads in order of `seq`, each joined to its stream over the unique
index of stream and ordinal, so a page of the file is as a rule read once.

Promises: writes nothing and leaves no file; holds one stream and one fetch of rows in memory, whatever the log's
length; rows come as they are stored, bytes not parsed. Leaves to others: whether bytes match hashes and columns, and
streams whose first record is missing (`magi.ledger.verify` names both), what bytes mean (`entries`, `magi.replay`).
"""

import contextlib
import itertools
import operator
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.exc import DBAPIError

from magi.core.errors import TamperedError
from magi.ledger.database import check_identity, connect_file, meaning_of, open_engine, reading_uri
from magi.ledger.entries import StoredEntry
from magi.ledger.schema import entry

FETCH = 1_000
"""Rows fetched at a time: a megabyte as a rule, 64 at most."""
MAX_STREAM_RECORDS = 20_000
"""Of one stream. 15 seats with 4 cards and 5 attempts each write 700 records; more is no deliberation."""

DELIBERATIONS = "d/"


@dataclass(frozen=True)
class StoredStream:
    """One stream as it is stored: its name and its rows in order of their ordinals."""

    name: str
    entries: tuple[StoredEntry, ...]


@dataclass(frozen=True)
class Part:
    """What of a ledger is read: streams that begin with `prefix`, or the one of `name`; of the first `size` records.

    Without a `size` records that have no place yet (PostgreSQL) are read too.

    `log` and `tenant` refuse a ledger of another log or tenant; None takes any.
    """

    prefix: str = DELIBERATIONS
    name: str | None = None
    size: int | None = None
    log: str | None = None
    tenant: str | None = None


EVERY_DELIBERATION = Part()


def scan(source: Path | str, part: Part = EVERY_DELIBERATION) -> Iterator[StoredStream]:
    """A part of the ledger in a file, or, where `source` is a text, in the database of that address.

    One snapshot is read from the first stream to the last; close the iterator to let go of the ledger early.

    Raises:
        ForeignLedgerError: not a ledger of this program, version, log and tenant.
        TamperedError: `database`, `row`, `stream_too_long`: damaged so that it cannot be read on.
        LedgerUnavailableError: `not_found`, `io`, `unreachable`. MalformedFileError: `ledger_url`.
    """
    with _of_url(source, part) if isinstance(source, str) else _of_file(source, part) as connection:
        yield from streams_in(connection, part)


@contextlib.contextmanager
def _of_file(path: Path, part: Part) -> Iterator[Connection]:
    engine = open_engine(lambda: connect_file(reading_uri(path)), begin="BEGIN", pooled=False)
    try:
        with engine.connect() as connection:
            check_identity(connection, path, log=part.log, tenant=part.tenant)
            yield connection
    except (DBAPIError, sqlite3.Error) as error:
        raise meaning_of(error, path) from error


@contextlib.contextmanager
def _of_url(url: str, part: Part) -> Iterator[Connection]:
    # Not at the top: who reads a file needs no PostgreSQL driver.
    from magi.ledger.postgres import PostgresDialect, check_store, open_store, store_url  # noqa: PLC0415

    address = store_url(url)
    dialect = PostgresDialect(address)
    engine = open_store(address, reading=True, pool=1)
    try:
        with engine.connect() as connection:
            check_store(connection, dialect.where, log=part.log, tenant=part.tenant)
            yield connection
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    finally:
        engine.dispose()


def streams_in(connection: Connection, part: Part = EVERY_DELIBERATION) -> Iterator[StoredStream]:
    """The same over an open connection, in the transaction that it is in.

    Raises:
        TamperedError: `row`, a value of another type than its column; `stream_too_long`.
    """
    rows = connection.execution_options(yield_per=FETCH).execute(_query(part))
    # Grouped by name alone: heads of one stream are one row, since stream and ordinal are unique.
    for stream, group in itertools.groupby(rows, operator.itemgetter(1)):
        entries = tuple(StoredEntry(*row) for row in itertools.islice(group, MAX_STREAM_RECORDS + 1))
        if len(entries) > MAX_STREAM_RECORDS:
            raise TamperedError("stream_too_long", stream=str(stream), limit=MAX_STREAM_RECORDS)
        if not isinstance(stream, str) or not all(isinstance(each.data, bytes) for each in entries):
            raise TamperedError("row", stream=str(stream))
        yield StoredStream(stream, entries)


def _query(part: Part) -> Select[tuple[Any, ...]]:
    head = entry.alias("head")
    name = (
        func.substr(head.c.stream, 1, len(part.prefix)) == part.prefix
        if part.name is None
        else head.c.stream == part.name
    )
    query = (
        select(entry)
        .join(head, head.c.stream == entry.c.stream)
        .where(head.c.ordinal == 0, name)
        .order_by(head.c.seq, entry.c.ordinal)
    )
    return query if part.size is None else query.where(entry.c.seq < part.size)
