"""Where a check reads a log from: the port, and the store behind it (an SQLite file, a PostgreSQL database).

A row is handed on as it is stored, not believed: SQLite keeps any type in any column, so the types named here are
what an untouched row has. `magi.ledger.verify_export` reads the other source, an exported folder.

Promises: writes nothing, leaves no file beside an SQLite ledger, reads one snapshot in bounded pieces with the
driver's own cursor (a row through SQLAlchemy costs more than hashing it). Leaves to others: what it means.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from magi.core.errors import ForeignLedgerError, LedgerUnavailableError
from magi.ledger.database import check_identity, connect_file, meaning_of, open_engine, reading_uri, wal_of
from magi.ledger.migrations import HEAD, VERSION_TABLE
from magi.ledger.schema import metadata
from magi.ledger.tree import HASH_BYTES
from magi.ledger.verify_report import Findings

CHUNK = 1_000
"""Records read at a time: a megabyte as a rule, 64 at most."""
BODY_CHUNK = 100
"""Bodies read at a time: 100 KB as a rule, and never hundreds of recorded streams at once."""

Cells = tuple[Any, ...]
"""A row as the driver gives it; its values may be of any type."""


_BODIES = "SELECT commitment, stream, salt, nonce, ciphertext, length FROM body"


class EntryRow(NamedTuple):
    """A record as stored. `leaf` and the columns are None where the source has the bytes alone, or was not asked."""

    seq: int | None
    data: bytes
    leaf: bytes | None = None
    stream: str | None = None
    ordinal: int | None = None
    kind: str | None = None


class BodyRow(NamedTuple):
    """A body as stored."""

    commitment: str
    stream: str
    salt: bytes
    nonce: bytes
    ciphertext: bytes
    length: int


class KeyRow(NamedTuple):
    """The wrapped data key of a stream."""

    stream: str
    key_id: str
    nonce: bytes
    wrapped: bytes


@dataclass(frozen=True)
class StoredHead:
    """The head as stored. `size` is what it says of itself; `edge` is None where the source has none."""

    size: int | None
    edge: bytes | None
    note: bytes = field(repr=False)


class LogReader(Protocol):
    """A stored log, for one check: what the source itself has wrong goes to `findings`.

    `holds_bodies` and `holds_state` tell what this source has at all, `partial_tiles` whether tiles that are not full
    are stored too.
    """

    findings: Findings
    holds_bodies: bool
    holds_state: bool
    partial_tiles: bool

    def container(self) -> None:
        """Note what is wrong with the source itself: a file or table too many or too few, a changed byte."""
        ...

    def head(self) -> StoredHead | None:
        """The head; None where there is none that can be read."""
        ...

    def stated_keys(self) -> tuple[str, ...] | None:
        """The verifier keys that the source states beside the log, one text each; None where it states none."""
        ...

    def entries(self, *, columns: bool) -> Iterator[Sequence[Cells]]:
        """Rows (seq, bytes, leaf), with `columns` also (stream, ordinal, kind), in order of seq."""
        ...

    def waiting(self) -> Iterator[Sequence[Cells]]:
        """The same, with columns, of the records that have no place yet, in order of arrival."""
        ...

    def place(self, seq: int) -> tuple[object, object]:
        """Stream and ordinal that stand beside a record's bytes; None where there are none."""
        ...

    def tile(self, level: int, number: int, width: int) -> object:
        """The bytes of a stored tile, None where it is not there."""
        ...

    def tiles(self) -> Iterator[tuple[object, object, int]]:
        """Level, number and width of every stored tile."""
        ...

    def bodies(self, commitments: Sequence[str]) -> Mapping[str, Cells]:
        """The bodies (as `BodyRow`) that are there."""
        ...

    def body_names(self) -> Iterator[tuple[object, object]]:
        """Commitment and stream of every stored body."""
        ...

    def body_count(self) -> int:
        """How many bodies are stored."""
        ...

    def data_key(self, stream: str) -> Cells | None:
        """The wrapped key (as `KeyRow`) of a stream."""
        ...

    def rows(self, table: str) -> Iterator[Cells] | None:
        """Every row of a table beside the log, in the order of its columns; None where the source has none."""
        ...


class StoreReader:
    """A log in a database, over an open connection in one transaction."""

    holds_bodies = True
    holds_state = True
    partial_tiles = False

    def __init__(self, connection: Connection) -> None:
        """Read through `connection`; it must not write meanwhile."""
        self.findings = Findings()
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        self._cursor: Any = connection.connection.cursor()
        self._mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"

    def _ask(self, text: str, *values: object) -> Any:  # noqa: ANN401  # a cursor of whichever driver
        self._cursor.execute(text.replace("?", self._mark), values)
        return self._cursor

    def _each(self, text: str) -> Iterator[Cells]:
        """Rows one by one, over a cursor of their own."""
        cursor = self._connection.connection.cursor()
        try:
            cursor.execute(text)
            while rows := cursor.fetchmany(CHUNK):
                yield from rows
        finally:
            cursor.close()

    def container(self) -> None:
        """The schema's version, and tables that are none of this program's (SQLite; its header was read before)."""
        if self._ask(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() != [(HEAD,)]:  # noqa: S608  # own words
            self.findings.add("schema_version")
        if not self._sqlite:
            return
        known = {*metadata.tables, VERSION_TABLE}
        found = self._ask("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        for (name,) in found:
            if name not in known and not str(name).startswith("sqlite_"):
                self.findings.add(f"unknown_table: {name}")

    def head(self) -> StoredHead | None:
        """The one row of table `head`."""
        rows = self._ask("SELECT id, size, edge, note FROM head").fetchall()
        if not rows:
            if self._ask("SELECT 1 FROM entry WHERE seq IS NOT NULL LIMIT 1").fetchone() is not None:
                self.findings.add("head_missing")  # before the sequencer's first step there is none
            return None
        if len(rows) != 1 or rows[0][0] != 1:
            self.findings.add("head_row")
        _, size, edge, note = rows[0]
        if not isinstance(size, int) or not isinstance(edge, bytes) or not isinstance(note, bytes):
            self.findings.add("head_row")
            return None
        return StoredHead(size, edge, note)

    def stated_keys(self) -> tuple[str, ...] | None:
        """None: a store states its keys in its records alone."""
        return None

    def entries(self, *, columns: bool) -> Iterator[Sequence[Cells]]:
        """By ranges of the primary key, so that no cursor stays open."""
        wanted = 'seq, "bytes", leaf_hash' + (", stream, ordinal, kind" if columns else "")
        query = f"SELECT {wanted} FROM entry WHERE seq > ? ORDER BY seq LIMIT {CHUNK}"  # noqa: S608  # own words
        last: int = -(2**63)
        while rows := self._ask(query, last).fetchall():
            yield rows
            last = rows[-1][0]

    def waiting(self) -> Iterator[Sequence[Cells]]:
        """As they arrived, which is the order in which they will get their places; only PostgreSQL has such rows."""
        if self._sqlite:
            return
        query = (
            'SELECT seq, "bytes", leaf_hash, stream, ordinal, kind, arrival FROM entry'
            " WHERE seq IS NULL AND arrival > ? ORDER BY arrival LIMIT ?"
        )
        last = -1
        while rows := self._ask(query, last, CHUNK).fetchall():
            yield [row[:-1] for row in rows]
            last = rows[-1][-1]

    def place(self, seq: int) -> tuple[object, object]:
        """What the columns say."""
        row = self._ask("SELECT stream, ordinal FROM entry WHERE seq = ?", seq).fetchone()
        return (None, None) if row is None else (row[0], row[1])

    def tile(self, level: int, number: int, width: int) -> object:
        """The stored hashes; `width` is always that of a full tile."""
        del width
        row = self._ask('SELECT hashes FROM tile WHERE level = ? AND "number" = ?', level, number).fetchone()
        return None if row is None else row[0]

    def tiles(self) -> Iterator[tuple[object, object, int]]:
        """All in one list: a hundred bytes for 256 records."""
        for level, number, size in self._ask('SELECT level, "number", length(hashes) FROM tile').fetchall():
            yield level, number, (size or 0) // HASH_BYTES

    def bodies(self, commitments: Sequence[str]) -> Mapping[str, Cells]:
        """One look-up for each hundred."""
        found: dict[str, Cells] = {}
        for start in range(0, len(commitments), BODY_CHUNK):
            some = commitments[start : start + BODY_CHUNK]
            marks = ",".join("?" * len(some))
            query = f"{_BODIES} WHERE commitment IN ({marks})"
            found |= {row[0]: row for row in self._ask(query, *some).fetchall()}
        return found

    def body_names(self) -> Iterator[tuple[object, object]]:
        """Row by row; asked for only where the numbers differ."""
        return self._each("SELECT commitment, stream FROM body")

    def body_count(self) -> int:
        """Counted by the database."""
        return int(self._ask("SELECT count(*) FROM body").fetchone()[0])

    def data_key(self, stream: str) -> Cells | None:
        """One row by its key."""
        found: Cells | None = self._ask(
            "SELECT stream, key_id, nonce, wrapped FROM data_key WHERE stream = ?", stream
        ).fetchone()
        return found

    def rows(self, table: str) -> Iterator[Cells] | None:
        """In the order of the primary key."""
        columns = metadata.tables[table].columns
        names = ", ".join(f'"{column.name}"' for column in columns)
        order = ", ".join(f'"{column.name}"' for column in metadata.tables[table].primary_key)
        return self._each(f'SELECT {names} FROM "{table}" ORDER BY {order}')  # noqa: S608  # own words


@contextlib.contextmanager
def open_store(path: Path) -> Iterator[StoreReader]:
    """One snapshot of the SQLite ledger at `path`.

    Raises:
        ForeignLedgerError: not a ledger of this program and version.
        TamperedError: `database`: damaged so that SQLite cannot read on.
        LedgerUnavailableError: `not_found`, `io`; `changing`, a writer came in between: run it again.
    """
    before = _state_of(path)
    engine = open_engine(lambda: _faithful(reading_uri(path)), begin="BEGIN", pooled=False)
    try:
        with engine.connect() as connection:
            try:
                check_identity(connection, path)
            except ForeignLedgerError as error:
                if (
                    error.reason != "no_first_record"
                ):  # that is the check's to name, among whatever else is wrong
                    raise
            yield StoreReader(connection)
    except (DBAPIError, sqlite3.Error) as error:
        raise meaning_of(error, path) from error
    if before is not None and before != _state_of(path):
        raise LedgerUnavailableError("changing", path=str(path))


@contextlib.contextmanager
def open_url(url: str) -> Iterator[StoreReader]:
    """One snapshot of the PostgreSQL ledger behind `url`, whose password shows in no error.

    Raises:
        ForeignLedgerError: not a ledger of this program and version. MalformedFileError: `ledger_url`.
        LedgerUnavailableError: `unreachable`, `io`. TamperedError: `database`.
    """
    from magi.ledger import postgres  # noqa: PLC0415  # whoever checks a file need not load another driver

    address = postgres.store_url(url)
    dialect = postgres.PostgresDialect(address)
    engine = postgres.open_store(address, reading=True)
    try:
        with engine.connect() as connection:
            _known(lambda: postgres.check_store(connection, dialect.where))
            yield StoreReader(connection)
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    finally:
        engine.dispose()


def _known(check: Callable[[], None]) -> None:
    """Refuse what is no ledger; that it lacks its first record is the check's to name, among what else is wrong."""
    try:
        check()
    except ForeignLedgerError as error:
        if error.reason != "no_first_record":
            raise


def _faithful(uri: str) -> sqlite3.Connection:
    """A connection whose texts keep bytes that are no UTF-8, so that no change of one hides another."""
    connection = connect_file(uri)
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    return connection


def _state_of(path: Path) -> tuple[int, int] | None:
    """Size and time of a ledger that nobody has open; None where SQLite's snapshot protects the reader."""
    if wal_of(path).exists() or not path.exists():
        return None
    state = path.stat()
    return state.st_size, state.st_mtime_ns
