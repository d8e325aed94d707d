"""What only the PostgreSQL ledger promises: its sessions, creation, lost connections and locks."""

import asyncio
import concurrent.futures
import threading
import time
from pathlib import Path

import psycopg
import pytest

from magi.core.errors import (
    ConflictError,
    ForeignLedgerError,
    KeyMissingError,
    LedgerUnavailableError,
    MalformedFileError,
    UncertainError,
)
from magi.core.ports import Marks
from magi.ledger.keyfile import TenantKeys
from magi.ledger.postgres import MAX_GROUP, open_store, store_url, where

SECRET = "CANARY-pass-7f3a"  # noqa: S105  # of no account


async def _settled(*waits):
    return await asyncio.gather(*waits, return_exceptions=True)


def _run(url, *statements):
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _rows(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


# --- sessions ----------------------------------------------------------------------------------------------


def test_commits_are_synced_whatever_the_database_says(postgres_ledgers):
    """A database that turned synchronous_commit off does not turn it off for the ledger; waits are bounded."""
    name = store_url(postgres_ledgers.url).database
    _run(
        postgres_ledgers.url,
        f"ALTER DATABASE {name} SET synchronous_commit = off",
        f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'",
    )

    ledger = postgres_ledgers.open()
    with ledger._writing.connect() as connection:
        values = [
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("synchronous_commit", "transaction_isolation", "lock_timeout", "statement_timeout")
        ]
    asyncio.run(ledger.close())

    assert values == ["on", "read committed", "10s", "30s"]


def test_a_reading_session_cannot_write(postgres_ledgers):
    """The engine that serves reads refuses a statement that writes."""
    asyncio.run(postgres_ledgers.open().close())
    engine = open_store(store_url(postgres_ledgers.url), reading=True)

    with engine.connect() as connection, pytest.raises(Exception, match="read-only transaction") as raised:
        connection.exec_driver_sql("DELETE FROM claim")
    engine.dispose()

    assert raised.value.orig.sqlstate == "25006"


def test_a_server_that_does_not_sync_is_refused(request, postgres_ledgers):
    """With fsync off nothing is durable, so nothing is written."""
    servers = request.config.pluginmanager.get_plugin(str(Path(__file__).parents[1] / "conftest.py")).servers
    with servers.postgres(servers.TEST_SETTINGS | {"fsync": "off"}) as url:
        with pytest.raises(LedgerUnavailableError) as raised:
            postgres_ledgers.open(url=url)

        assert raised.value.reason == "not_synced"
        assert _rows(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql://u:{secret}@h",
        "mysql://u:{secret}@h/d",
        "postgresql://u:{secret}@h:port/d",
        "sqlite:///{secret}",
    ],
)
def test_an_address_that_is_none_is_refused_without_quoting_it(postgres_ledgers, url):
    """Neither the error nor its cause holds the address, which may hold a password."""
    with pytest.raises(MalformedFileError) as raised:
        postgres_ledgers.open(url=url.format(secret=SECRET))

    assert raised.value.reason == "ledger_url"
    assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_no_password_shows_anywhere(postgres_ledgers, drafts):
    """Errors, their causes and reprs name host and database, never account or password."""
    with pytest.raises(LedgerUnavailableError) as raised:
        postgres_ledgers.open(url=f"postgresql://someone:{SECRET}@127.0.0.1:1/d")
    gone = postgres_ledgers.url.replace("postgres@", f"postgres:{SECRET}@")

    async def story():
        async with postgres_ledgers.open(url=gone) as ledger:
            _run(postgres_ledgers.url, "ALTER TABLE entry RENAME TO lost")
            return repr(ledger), await _settled(ledger.append("d/1", 0, [drafts.answered()]))

    shown, (failure,) = asyncio.run(story())

    assert raised.value.reason == "unreachable"
    assert raised.value.facts == {"path": "postgresql://127.0.0.1:1/d"}
    text = f"{raised.value!r} {raised.value.__cause__!r} {shown} {failure!r} {failure.__cause__!r}"
    assert SECRET not in text
    assert where(store_url(gone)).startswith("postgresql:///tmp/magi-pg-")


# --- creation ----------------------------------------------------------------------------------------------


def test_of_many_that_create_at_once_one_does(postgres_ledgers):
    """Processes that open a blank database at the same time end up on one log with one first record."""
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        opened = list(threads.map(lambda _: postgres_ledgers.open(), range(6)))

    async def story():
        records = [await ledger.read("config") for ledger in opened]
        for ledger in opened:
            await ledger.close()
        return records

    records = asyncio.run(story())

    assert len(records[0]) == 1
    assert all(each == records[0] for each in records)


def test_a_blank_database_is_created_in_only_when_asked(postgres_ledgers):
    """Without a log key for a new log, and for readers, a blank database stays blank."""
    for mode in ({"log_key": None}, {"read_only": True}):
        with pytest.raises(ForeignLedgerError) as raised:
            postgres_ledgers.open(**mode)

        assert raised.value.reason == "empty"
    assert _rows(postgres_ledgers.url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.parametrize("mode", [{}, {"read_only": True}])
@pytest.mark.parametrize(
    ("statement", "changes", "reason"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", {}, "newer_version"),
        ("DROP TABLE alembic_version", {}, "other_application"),
        ("SELECT 1", {"tenant": "t2"}, "other_tenant"),
        ("SELECT 1", {"log": "log-2"}, "other_log"),
    ],
)
def test_another_version_log_or_tenant_is_refused(postgres_ledgers, statement, changes, reason, mode):
    """A database of a newer version, another program, log or tenant is never written to."""
    asyncio.run(postgres_ledgers.open().close())
    _run(postgres_ledgers.url, statement)

    with pytest.raises(ForeignLedgerError) as raised:
        postgres_ledgers.open(**changes, **mode)

    assert raised.value.reason == reason


def test_another_programs_database_is_refused_and_untouched(postgres_ledgers):
    """A database with tables of somebody else gets none of ours."""
    _run(postgres_ledgers.url, "CREATE TABLE theirs (x int)")

    with pytest.raises(ForeignLedgerError) as raised:
        postgres_ledgers.open()

    assert raised.value.reason == "other_application"
    assert _rows(postgres_ledgers.url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
        ("theirs",)
    ]


def test_a_wrong_key_is_refused_before_it_seals_anything(postgres_ledgers):
    """A ledger opened with a tenant key it was not written with says so at once."""
    asyncio.run(postgres_ledgers.open().close())

    with pytest.raises(KeyMissingError) as raised:
        postgres_ledgers.open(keys=TenantKeys("k1", b"x" * 32))

    assert raised.value.reason == "wrong_key"


# --- commits and connections that fail ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cut", "expected", "kept"),
    [
        (("before", b"COMMIT\x00"), (UncertainError, "commit"), 0),
        (("after", b"COMMIT\x00"), (UncertainError, "commit"), 1),
        (("before", b"INSERT INTO entry"), (LedgerUnavailableError, "unreachable"), 0),
        (("after", b"INSERT INTO entry"), (LedgerUnavailableError, "unreachable"), 0),
        (("before", b"advisory"), (LedgerUnavailableError, "unreachable"), 0),
    ],
)
def test_a_lost_connection_is_uncertain_during_commit_alone(  # noqa: PLR0917  # fixtures and cases
    postgres_ledgers, postgres_proxy, drafts, cut, expected, kept
):
    """Every append of the group hears it; re-reading tells; the next append works on a new connection."""

    async def story():
        async with postgres_ledgers.open(url=postgres_proxy.url) as ledger:
            postgres_proxy.cut = cut
            errors = await _settled(
                *(ledger.append(f"d/{n}", 0, [drafts.answered(answer=b"x")]) for n in range(5))
            )
            first = await ledger.read("d/0")
            await ledger.append("d/after", 0, [drafts.answered()])
            return errors, first

    errors, first = asyncio.run(story())
    heard = {(type(error), error.reason) for error in errors if isinstance(error, Exception)}

    assert postgres_proxy.cuts == 1
    assert heard == {expected}
    assert len(first) == kept


def test_a_server_that_restarts_is_not_the_callers_trouble(postgres_ledgers, drafts):
    """Connections that the server ended while nobody used them are replaced unseen."""

    async def story():
        async with postgres_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()])
            await ledger.read("d/1")
            ended = _rows(
                postgres_ledgers.url,
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            await ledger.append("d/1", 1, [drafts.answered()])
            return len(ended), len(await ledger.read("d/1"))

    ended, records = asyncio.run(story())

    assert ended >= 2
    assert records == 2


def test_a_job_that_the_server_takes_back_fails_alone(postgres_ledgers, drafts):
    """Of a group that met a serialization failure each job is tried by itself once; who fails again is `locked`."""

    async def story():
        async with postgres_ledgers.open() as ledger:
            _run(
                postgres_ledgers.url,
                "CREATE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS"
                " $$BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END$$",
                "CREATE TRIGGER clash BEFORE INSERT ON entry FOR EACH ROW WHEN (NEW.stream = 'd/3')"
                " EXECUTE FUNCTION clash()",
            )
            outcomes = await _settled(*(ledger.append(f"d/{n}", 0, [drafts.answered()]) for n in range(6)))
            return outcomes, await ledger.streams("d/")

    outcomes, streams = asyncio.run(story())

    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [3]
    assert (type(outcomes[3]), outcomes[3].reason) == (LedgerUnavailableError, "locked")
    assert set(streams) == {"d/0", "d/1", "d/2", "d/4", "d/5"}


def test_a_failure_nobody_foresaw_fails_alone(postgres_ledgers, drafts):
    """A constraint that arbitration does not know costs its own append only, and shows none of its values."""

    async def story():
        async with postgres_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()], Marks(owner="p1", ttl_ms=500))
            outcomes = await _settled(
                ledger.append("d/2", 0, [drafts.answered()]),
                ledger.append("d/1", 1, [drafts.answered()], Marks(owner="CANARY-OWNER", ttl_ms=500)),
                ledger.append("d/3", 0, [drafts.answered(answer=b"x")]),
            )
            return outcomes, await ledger.read("d/1"), await ledger.streams("d/")

    (before, failed, after), records, streams = asyncio.run(story())

    assert (type(failed), failed.reason) == (ConflictError, "constraint")
    assert failed.__cause__ is not None
    assert "CANARY" not in f"{failed} {failed.__cause__}"
    assert (len(before), len(after), len(records)) == (1, 1, 1)
    assert streams == ("d/1", "d/2", "d/3")


def test_a_group_never_holds_more_locks_than_a_server_has(postgres_ledgers, drafts):
    """Of many appends that wait no transaction takes more than its share, and all land."""

    async def story():
        async with postgres_ledgers.open() as ledger:
            before = ledger.stats.commits
            await asyncio.gather(*(ledger.append(f"d/{n}", 0, [drafts.answered()]) for n in range(500)))
            return ledger.stats.commits - before

    commits = asyncio.run(story())

    assert 500 / MAX_GROUP <= commits <= 50


# --- several writers ---------------------------------------------------------------------------------------


def test_a_writer_waits_for_its_stream_and_for_no_other(postgres_ledgers, drafts):
    """While another process is in mid-transaction on a stream, that stream is `locked`, its neighbour is not."""

    async def story():
        async with postgres_ledgers.open(lock_ms=100) as ledger, postgres_ledgers.open() as other:
            with other._writing.connect() as connection:
                other._dialect.hold(connection, {"d/1"}, {"cd" * 32})
                (failure,) = await _settled(ledger.append("d/1", 0, [drafts.answered()]))
                marks = Marks(idempotency_hash="cd" * 32)
                (same_hash,) = await _settled(ledger.append("d/2", 0, [drafts.answered()], marks))
                beside = await ledger.append("d/3", 0, [drafts.answered()])
                connection.rollback()
            return failure, same_hash, beside, await ledger.append("d/1", 0, [drafts.answered()])

    failure, same_hash, beside, after = asyncio.run(story())

    assert [(type(e), e.reason) for e in (failure, same_hash)] == [(LedgerUnavailableError, "locked")] * 2
    assert (len(beside), len(after)) == (1, 1)


def test_many_processes_on_the_same_streams_leave_no_gap(postgres_ledgers, drafts, entropy):
    """Writers that share streams, ancestry and idempotency hashes: one winner each, ordinals dense, no deadlock."""

    def write(name):
        async def story():
            lost = 0
            async with postgres_ledgers.open(entropy=type(entropy)(name)) as ledger:
                for n in range(12):
                    marks = Marks(
                        ancestry={f"m{m}": n % 5 for m in (range(20) if name % 2 else range(19, -1, -1))},
                        idempotency_hash=f"{n:064x}",
                    )
                    outcomes = await _settled(
                        ledger.append(f"d/{name}-{n}", 0, [drafts.answered(answer=b"x")], marks),
                        ledger.append("shared", None, [drafts.answered(), drafts.ticketed()]),
                        ledger.append("other", None, [drafts.answered(answer=b"y")]),
                    )
                    lost += isinstance(outcomes[0], ConflictError)
                    assert not any(isinstance(outcome, Exception) for outcome in outcomes[1:])
            return lost

        return asyncio.run(story())

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        lost = sum(threads.map(write, range(4)))

    async def read():
        async with postgres_ledgers.open() as ledger:
            return [[r.ordinal for r in await ledger.read(name)] for name in ("shared", "other")]

    shared, other = asyncio.run(read())

    assert lost == 3 * 12
    assert (shared, other) == (list(range(96)), list(range(48)))


def test_reading_goes_on_while_somebody_writes(postgres_ledgers, drafts):
    """A reader is not held up by a writer in mid-transaction."""

    async def story():
        async with postgres_ledgers.open() as ledger, postgres_ledgers.open() as other:
            await ledger.append("d/1", 0, [drafts.answered()])
            with other._writing.connect() as connection:
                other._dialect.hold(connection, {"d/1"}, set())
                started = time.monotonic()
                records = await ledger.read("d/1")
                took = time.monotonic() - started
                connection.rollback()
            return records, took, threading.active_count()

    records, took, _ = asyncio.run(story())

    assert len(records) == 1
    assert took < 5
