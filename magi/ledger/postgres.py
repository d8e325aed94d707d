"""The ledger of one tenant in a PostgreSQL database (the `Ledger` port), for several processes on several machines.

A writer's transaction adds entries that have no place in the log yet and is acknowledged at its COMMIT; the one
sequencer (`sequencer`) gives places and signs. Before a group is arbitrated, transaction-scoped advisory locks are
taken on its streams and idempotency hashes in one order, so that what is read then holds until the COMMIT; the
unique constraints stay behind it. Writers on other streams are not waited for.

Promises: as `store`; what was acknowledged is synced, whatever the server's own synchronous_commit says; no account
or password in an error, a repr or a log. Asks of the operator: a direct connection or a pool by session, and one
database (or schema) a tenant. Leaves to others: roles and backups (docs/POSTGRES.md).
"""

import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterator
from typing import Any

import psycopg
from sqlalchemy import URL, ColumnElement, Connection, Engine, create_engine, event, literal_column, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from magi.core.errors import (
    ConflictError,
    ForeignLedgerError,
    LedgerUnavailableError,
    MagiError,
    MalformedFileError,
    TamperedError,
    UncertainError,
)
from magi.core.ports import Clock, Entropy, Keys
from magi.ledger.commit import GroupCommit, Secrets
from magi.ledger.creation import Identity, check_key, found_log
from magi.ledger.database import check_first
from magi.ledger.migrations import HEAD, VERSION_TABLE, is_known, revision_of
from magi.ledger.schema import entry
from magi.ledger.store import StoredLedger, look_into
from magi.ledger.writer import Writer

MAX_GROUP = 64
"""Jobs in one transaction. Each takes a lock or two of the server's table, which holds a few thousand."""
READERS = 4
"""Reading connections kept open by a process; twice as many may be open at once."""
CONNECT_SECONDS = 10
"""A server that does not answer is unreachable; nothing was sent yet."""
LOCK_MS = 10_000
"""How long a writer waits for another's transaction; those last milliseconds."""
STATEMENT_SECONDS = 30
"""No statement here takes a second, unless its server is in trouble."""
IDLE_SECONDS = 60
"""A process that stands still in a transaction (stopped, swapped out) loses it, and with it its locks."""
SILENCE_MS = 30_000
"""Unanswered bytes on a TCP connection before it counts as lost."""

LOCKS = 0x4D414749
"""The first half of the advisory locks of this program ("MAGI") that are not about one stream or hash."""

_SESSION = {
    "synchronous_commit": "on",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "timezone": "UTC",
}
_HOLD = text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:keys AS bigint[])) AS k")
"""In the order of the array: a function scan gives its rows in order, and nothing sorts them."""
_ARRIVAL: ColumnElement[int] = literal_column("entry.arrival")


def store_url(given: str) -> URL:
    """The address of a database, as SQLAlchemy takes it.

    Raises:
        MalformedFileError: `ledger_url`, it is none of PostgreSQL with a database's name; the address is not quoted.
    """
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise MalformedFileError("ledger_url") from None  # the cause would quote the password
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg") or not url.database:
        raise MalformedFileError("ledger_url")
    return url.set(drivername="postgresql+psycopg")


def where(url: URL) -> str:
    """What errors call a database: where it is and its name, without account and password."""
    host = url.host or url.query.get("host") or "local"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host if isinstance(host, str) else ','.join(host)}{port}/{url.database}"


def open_store(url: URL, *, reading: bool = False, pool: int = READERS, lock_ms: int = LOCK_MS) -> Engine:
    """An engine whose sessions sync their commits and bound their waits; `reading` sessions cannot write.

    A session that is in a reading transaction sees one snapshot; parameters are hidden in errors.
    """
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=pool,
        max_overflow=pool,
        pool_timeout=STATEMENT_SECONDS,
        pool_pre_ping=True,  # a server that was restarted meanwhile is not the caller's trouble
        isolation_level="REPEATABLE READ" if reading else "READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "keepalives_idle": SILENCE_MS // 1000,
            "tcp_user_timeout": SILENCE_MS,
            "application_name": "magi",
        },
    )
    wanted = _SESSION | {
        "lock_timeout": f"{lock_ms}ms",
        "default_transaction_read_only": "on" if reading else "off",
    }

    def settle(connection: psycopg.Connection[Any], _pool_record: object) -> None:
        for name, value in wanted.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()

    event.listen(engine, "connect", settle)
    return engine


class PostgresDialect:
    """One PostgreSQL database (see `Dialect`)."""

    def __init__(self, url: URL) -> None:
        """Speak of the database at `url`."""
        self._where = where(url)

    @property
    def where(self) -> str:
        """Host and database."""
        return self._where

    @property
    def max_group(self) -> int:
        """MAX_GROUP."""
        return MAX_GROUP

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Those of the driver, and a pool that stays empty."""
        return (DBAPIError, psycopg.Error, PoolTimeoutError)

    @property
    def log_order(self) -> tuple[ColumnElement[Any], ...]:
        """By place; those that have none yet come last (PostgreSQL sorts null so), by arrival."""
        return (entry.c.seq, _ARRIVAL)

    def hold(self, connection: Connection, streams: Collection[str], hashes: Collection[str]) -> None:
        """Lock them until the end of the transaction, in an order that all writers share: no deadlock.

        A statement of its own: what is read next sees what others committed while this one waited.
        """
        names = [*(f"stream\x00{name}" for name in streams), *(f"hash\x00{name}" for name in hashes)]
        if names:
            connection.execute(_HOLD, {"keys": sorted({_lock_key(name) for name in names})})

    def meaning_of(self, error: Exception) -> MagiError:
        """By SQLSTATE, and by its class; an operation that failed without one is a connection that did."""
        state = _state(error)
        if state is None:
            lost = isinstance(
                _origin(error), (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeoutError)
            )
            return LedgerUnavailableError("unreachable" if lost else "io", path=self._where)
        if state.startswith("23"):
            return ConflictError("constraint")
        if state in ("XX001", "XX002"):
            return TamperedError("database", path=self._where)
        reason = _UNAVAILABLE.get(state) or _UNAVAILABLE.get(state[:2]) or "io"
        return LedgerUnavailableError(reason, path=self._where)

    def of_one_job(self, error: Exception) -> bool:
        """Data that is not taken, a constraint, a deadlock, or more locks than the server's table holds."""
        state = _state(error)
        if state is None:
            return isinstance(_origin(error), psycopg.DataError)
        return state[:2] in ("22", "23", "40") or state == "53200"

    def after_failed_commit(self, connection: Connection, error: Exception) -> MagiError:
        """Uncertain, unless the server itself said that it took the transaction back."""
        connection.invalidate()
        state = _state(error)
        if state is not None and state[:2] in ("23", "40"):
            return self.meaning_of(error)
        return UncertainError("commit", path=self._where)


_UNAVAILABLE = {
    "08": "unreachable",
    "25006": "not_writable",  # a standby
    "42501": "not_writable",  # a role that may not
    "40": "locked",
    "53": "unreachable",  # no connection left, no memory
    "53100": "disk_full",
    "53200": "locked",  # no room for another lock
    "55P03": "locked",
    "57": "unreachable",  # shutting down, starting up
    "57014": "locked",  # the statement's time is over
}
"""By SQLSTATE or its class (PostgreSQL, appendix A)."""


def _origin(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _state(error: Exception) -> str | None:
    state = getattr(_origin(error), "sqlstate", None)
    return state if isinstance(state, str) else None


def _lock_key(name: str) -> int:
    """64 bits of SHA-256: two names that meet there wait for each other without need, and that is all."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def check_store(
    connection: Connection, name: str, *, log: str | None = None, tenant: str | None = None
) -> None:
    """Refuse a database that is no ledger of this program, version, log and tenant (None: any).

    Raises:
        ForeignLedgerError: `empty`, `other_application`, `newer_version`, `needs_upgrade`, `no_first_record`,
            `other_log`, `other_tenant`; with `path`.
        TamperedError: the first record does not match its hash.
    """
    if is_blank(connection):
        raise ForeignLedgerError("empty", path=name)
    if not all(_is_there(connection, table) for table in (VERSION_TABLE, "entry", "key_check")):
        raise ForeignLedgerError("other_application", path=name)
    revision = revision_of(connection)
    if revision != HEAD:
        raise ForeignLedgerError("needs_upgrade" if is_known(revision) else "newer_version", path=name)
    check_first(connection, name, log=log, tenant=tenant)


def is_blank(connection: Connection) -> bool:
    """Whether the schema that the session works in has no table at all."""
    query = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    return bool(connection.exec_driver_sql(query).scalar_one() == 0)


def _is_there(connection: Connection, table: str) -> bool:
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": table}).scalar_one() is not None


def _check_durable(connection: Connection, name: str) -> None:
    """Refuse a server that does not sync: what it acknowledges may be gone after a power cut."""
    if connection.exec_driver_sql("SHOW fsync").scalar_one() != "on":
        raise LedgerUnavailableError("not_synced", path=name)


def _prepare(
    engine: Engine,
    name: str,
    identity: Identity,
    group_commit: GroupCommit,
    log_key: Callable[[], str] | None,
) -> None:
    """Create the ledger in a blank database where there is a `log_key` for it; check that it is this log's."""
    with engine.begin() as connection:
        _check_durable(connection, name)
        blank = is_blank(connection)
    with engine.begin() as connection:
        if blank and log_key is not None:
            lock = "SELECT pg_advisory_xact_lock(:one, hashtext('create:' || current_schema()))"
            connection.execute(text(lock), {"one": LOCKS})  # of several that create at once one does
            if is_blank(connection):
                found_log(connection, identity, group_commit, log_key())
        check_store(connection, name, log=identity.log, tenant=identity.tenant)
        check_key(connection, identity)


@contextlib.contextmanager
def _disposing(engine: Engine) -> Iterator[None]:
    """Let go of the connections where the ledger does not open after all."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


class PostgresLedger(StoredLedger):
    """One tenant's log in one database."""

    def __init__(
        self,
        url: str,
        *,
        log: str,
        tenant: str,
        key_id: str,
        keys: Keys,
        log_key: Callable[[], str] | None = None,
        entropy: Entropy,
        clock: Clock,
        read_only: bool = False,
        lock_ms: int = LOCK_MS,
    ) -> None:
        """Open the ledger; create it, with its first record, in a blank database where `log_key` is given.

        `log_key` is called only then, and tells the verifier key that the sequencer signs for. `entropy` and `clock`
        are called from the writer thread. A read-only ledger asks for no key.

        Raises:
            ForeignLedgerError: not a ledger of this program, version, log and tenant.
            KeyMissingError: the tenant key is absent, or not the one this ledger was written with; no log key.
            LedgerUnavailableError: unreachable, not_synced, not_writable, locked, disk_full, io.
            MalformedFileError: `ledger_url`. TamperedError: the first record was changed.
        """
        address = store_url(url)
        dialect = PostgresDialect(address)
        reader = open_store(address, reading=True)
        if read_only:
            with _disposing(reader):
                look_into(
                    dialect, reader, lambda found: check_store(found, dialect.where, log=log, tenant=tenant)
                )
            super().__init__(dialect, reader, keys, key_id, None)
            return
        group_commit = GroupCommit(log, Secrets(keys=keys, key_id=key_id, entropy=entropy), clock)
        identity = Identity(log=log, tenant=tenant, key_id=key_id, key=keys.tenant_key(key_id))
        writing = open_store(address, pool=1, lock_ms=lock_ms)
        with _disposing(writing):
            try:
                _prepare(writing, dialect.where, identity, group_commit, log_key)
            except dialect.errors as error:
                raise dialect.meaning_of(error) from error
        super().__init__(dialect, reader, keys, key_id, (writing, Writer(dialect, writing, group_commit)))
