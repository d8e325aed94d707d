"""The SQLite file below a ledger: connections, pragmas, identity, and what SQLite's errors mean.

Promises: WAL with synchronous=FULL, so a commit that returned survives a power cut; a file that is no ledger
of this log is never written to; a reader creates no file beside a ledger that was closed cleanly.
Leaves to others: tables (`schema`), statements (`commit`, `store`, `verify`).
"""

import contextlib
import sqlite3
import urllib.parse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from magi.core.errors import (
    ConflictError,
    ForeignLedgerError,
    LedgerUnavailableError,
    MagiError,
    TamperedError,
    UncertainError,
)
from magi.core.record import Configured
from magi.ledger.entries import StoredEntry, believed
from magi.ledger.schema import APPLICATION_ID, FIRST_VERSION, SCHEMA_VERSION, entry

CONFIG_STREAM = "config"
BUSY_TIMEOUT_SECONDS = 10.0
"""How long a writer waits for another process's transaction; those last milliseconds, a backup's a second."""
READERS = 4
"""Reading connections kept open; more readers than cores only wait for each other."""

MAX_GROUP = 256
"""Jobs in one transaction. Past a hundred the fsync no longer counts (audit measurements), waiting does."""

Begin = Literal["BEGIN IMMEDIATE", "BEGIN"]
Connect = Callable[[str], sqlite3.Connection]
"""Opens an SQLite URI. An argument of the ledger, so that a test can hand in a failing or a full disk."""


def connect_file(uri: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open a connection without implicit transactions; one thread at a time may use it, any thread."""
    connection = sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_SECONDS,
        factory=factory,
    )
    # A flipped bit in a text column must reach the check that names it, not end in a decoding error.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def writing_uri(path: Path) -> str:
    """The URI of a ledger that is there; a file that went away is an error, not a new empty ledger."""
    return f"{_file_uri(path)}?mode=rw"


def reading_uri(path: Path) -> str:
    """The URI for a reader that leaves no file behind.

    Without a -wal file nobody has the ledger open and all of it is in the main file: then `immutable` keeps
    SQLite from creating -wal and -shm. A writer that starts meanwhile is the caller's to notice.
    """
    quiet = not wal_of(path).exists()
    return f"{_file_uri(path)}?mode=ro{'&immutable=1' if quiet else ''}"


def wal_of(path: Path) -> Path:
    """The write-ahead log beside a ledger."""
    return path.with_name(path.name + "-wal")


def _file_uri(path: Path) -> str:
    return "file:" + urllib.parse.quote(str(path.absolute()))


def open_engine(connect: Callable[[], sqlite3.Connection], *, begin: Begin, pooled: bool = True) -> Engine:
    """An engine over SQLite that starts every transaction with `begin`.

    Parameters are hidden in its errors: they hold what people wrote, or derive from it.
    """
    if pooled:
        engine = create_engine(
            "sqlite://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=-1,  # bounded by the threads of the event loop's executor
            hide_parameters=True,
        )
    else:
        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _set_pragmas(connection: sqlite3.Connection, _pool_record: object) -> None:
    # None of these writes to the file: it may turn out to be somebody else's.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # an erased body leaves zeros, not its bytes in a free page


def is_blank(connection: Connection) -> bool:
    """Whether the file holds nothing at all: an empty file, or one whose creation was cut off."""
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    return _pragma(connection, "application_id") == 0 and tables == 0


def check_identity(
    connection: Connection, path: Path, *, log: str | None = None, tenant: str | None = None
) -> None:
    """Refuse a file that is no ledger of this program, version, log and tenant (None: any).

    Raises:
        ForeignLedgerError: `empty`, `other_application`, `newer_version`, `needs_upgrade`, `other_version`,
            `no_first_record`, `other_log`, `other_tenant`; with `path`.
        TamperedError: the first record does not match its hash.
    """
    if is_blank(connection):
        raise ForeignLedgerError("empty", path=str(path))
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise ForeignLedgerError("other_application", path=str(path))
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        known = FIRST_VERSION <= version < SCHEMA_VERSION
        reason = (
            "needs_upgrade" if known else "newer_version" if version > SCHEMA_VERSION else "other_version"
        )
        raise ForeignLedgerError(reason, path=str(path), version=version, known=SCHEMA_VERSION)
    check_first(connection, str(path), log=log, tenant=tenant)


def check_first(connection: Connection, where: str, *, log: str | None, tenant: str | None) -> None:
    """Refuse a store whose first record is none of this log and tenant (None: any); `check_identity` says how."""
    first = select(entry).where(entry.c.stream == CONFIG_STREAM, entry.c.ordinal == 0)
    row = connection.execute(first).one_or_none()
    if row is None:
        raise ForeignLedgerError("no_first_record", path=where)
    if log is None and tenant is None:
        return
    record = believed(StoredEntry(*row))
    if log is not None and record.log != log:
        raise ForeignLedgerError("other_log", path=where)
    if tenant is not None and (not isinstance(record.data, Configured) or record.data.tenant != tenant):
        raise ForeignLedgerError("other_tenant", path=where)


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


_UNAVAILABLE = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "not_writable",
    sqlite3.SQLITE_PERM: "not_writable",
    sqlite3.SQLITE_AUTH: "not_writable",
}
_PRIMARY_CODE = 0xFF
"""SQLite's extended codes keep the primary code in their low byte."""


def primary_code(error: Exception) -> int:
    """SQLite's primary result code of an error, 0 if it carries none."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return int(getattr(origin, "sqlite_errorcode", None) or 0) & _PRIMARY_CODE


def meaning_of(error: Exception, path: Path) -> MagiError:
    """What an SQLite error before COMMIT means to the caller; nothing was written."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return ConflictError("constraint")
    if code == sqlite3.SQLITE_NOTADB:
        return ForeignLedgerError("not_sqlite", path=str(path))
    if code == sqlite3.SQLITE_CORRUPT:
        return TamperedError("database", path=str(path))
    if code == sqlite3.SQLITE_CANTOPEN:
        return LedgerUnavailableError(_why_not_openable(path), path=str(path))
    return LedgerUnavailableError(_UNAVAILABLE.get(code, "io"), path=str(path))


def _why_not_openable(path: Path) -> str:
    if not path.parent.is_dir():
        return "no_folder"
    return "not_writable" if path.exists() else "not_found"


_OF_ONE_JOB = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH})
"""Result codes that blame one row, not the disk."""


class SqliteDialect:
    """One SQLite file (see `Dialect`). A writer holds the file's one write lock from the start of a group."""

    def __init__(self, path: Path) -> None:
        """Speak of the file at `path`."""
        self._path = path

    @property
    def where(self) -> str:
        """The path."""
        return str(self._path)

    @property
    def max_group(self) -> int:
        """MAX_GROUP."""
        return MAX_GROUP

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Those of the driver, wrapped or not."""
        return (DBAPIError, sqlite3.Error)

    @property
    def log_order(self) -> tuple[ColumnElement[Any], ...]:
        """Every entry has its place."""
        return (entry.c.seq,)

    def hold(self, connection: Connection, streams: Collection[str], hashes: Collection[str]) -> None:
        """Nothing: BEGIN IMMEDIATE holds the whole file."""

    def meaning_of(self, error: Exception) -> MagiError:
        """See `meaning_of`."""
        return meaning_of(error, self._path)

    def of_one_job(self, error: Exception) -> bool:
        """A constraint, or a value that SQLite does not take."""
        return primary_code(error) in _OF_ONE_JOB

    def after_failed_commit(self, connection: Connection, error: Exception) -> MagiError:
        """What a COMMIT that failed leaves behind.

        SQLite reports SQLITE_FULL when a write into the WAL found no room. The frame that marks a commit is
        the last one written, so without it, and rolled back, the transaction cannot come back: certain. Any
        other error (of fsync above all) may come after that frame reached the disk, and recovery after a
        crash would then bring the transaction back although it was rolled back here: uncertain.
        """
        driver = connection.connection.driver_connection
        rolled_back = False
        if isinstance(driver, sqlite3.Connection):
            with contextlib.suppress(sqlite3.Error):
                driver.rollback()
                rolled_back = not driver.in_transaction
        connection.invalidate()  # whatever state the connection is in, it is not used again
        if primary_code(error) == sqlite3.SQLITE_FULL and rolled_back:
            return LedgerUnavailableError("disk_full", path=self.where)
        return UncertainError("commit", path=self.where)
