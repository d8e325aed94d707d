"""What only the SQLite ledger promises: group commit, its file, full disks, commits that fail."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import threading

import pytest

from magi.core.errors import (
    ConflictError,
    LedgerUnavailableError,
    UncertainError,
)
from magi.core.ports import Marks
from magi.ledger.database import connect_file
from magi.ledger.schema import APPLICATION_ID, SCHEMA_VERSION
from magi.ledger.verify import verify

CANARY = "CANARY-本文は平文で残らない-7f3a".encode()


async def _settled(*waits):
    return await asyncio.gather(*waits, return_exceptions=True)


def test_what_waits_together_is_committed_together(sqlite_ledgers, drafts):
    """Many concurrent appends share few commits."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await asyncio.gather(*(ledger.append(f"d/{n}", 0, [drafts.answered()]) for n in range(500)))
            return ledger.stats

    stats = asyncio.run(story())

    assert (stats.appends, stats.records) == (500, 500)
    assert stats.commits <= 50


def test_foreseen_conflicts_and_accesses_cost_no_commit_of_their_own(sqlite_ledgers, drafts):
    """Losers and reads of bodies are settled inside their group, not one transaction at a time."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            (record,) = await ledger.append("d/0", 0, [drafts.answered(answer=b"x")])
            marks = Marks(idempotency_hash="cd" * 32)
            before = ledger.stats.commits
            await _settled(
                *(ledger.body(record.refs[0], "a", "b") for _ in range(60)),
                *(ledger.append(f"d/{n}", 0, [drafts.answered()], marks) for n in range(1, 61)),
            )
            return ledger.stats.commits - before, ledger.stats.appends

    commits, appends = asyncio.run(story())

    assert appends == 1 + 60 + 1
    assert commits <= 10


def test_an_append_costs_the_same_in_a_long_log(sqlite_ledgers, drafts):
    """SQLite's work for one append does not grow with the log: nothing on the way reads a whole index."""
    steps = [0]

    def counting(uri):
        connection = connect_file(uri)

        def count():
            steps[0] += 1

        connection.set_progress_handler(count, 10)
        return connection

    async def story():
        costs = []
        async with sqlite_ledgers.open(connect=counting) as ledger:
            await ledger.append("d/1", 0, [drafts.answered(answer=b"x")])
            for ordinal in (1, 2):
                before = steps[0]
                await ledger.append("d/1", ordinal, [drafts.answered(answer=b"x")])
                costs.append(steps[0] - before)
                await asyncio.gather(
                    *(ledger.append(f"d/{ordinal}-{n}", 0, [drafts.answered()] * 5) for n in range(800))
                )
        return costs

    short, long = asyncio.run(story())

    assert 0 < long < 2 * short + 10


def test_more_than_the_queue_holds_is_waited_for(sqlite_ledgers, drafts):
    """Past the bound of the queue appends wait their turn; none is lost and order holds."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            waits = [ledger.append("d/1", n, [drafts.answered()]) for n in range(1500)]
            await asyncio.gather(*waits)
            return len(await ledger.read("d/1"))

    count = asyncio.run(story())

    assert count == 1500


def test_a_failure_nobody_foresaw_fails_alone(sqlite_ledgers, drafts):
    """A constraint that arbitration does not know costs its own append only, and leaves no trace."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()], Marks(owner="p1", ttl_ms=500))
            outcomes = await _settled(
                ledger.append("d/2", 0, [drafts.answered()]),
                ledger.append("d/1", 1, [drafts.answered()], Marks(owner="p2", ttl_ms=500)),
                ledger.append("d/3", 0, [drafts.answered(answer=b"x")]),
            )
            return outcomes, await ledger.read("d/1"), await ledger.streams("d/")

    (before, failed, after), records, streams = asyncio.run(story())

    assert (type(failed), failed.reason) == (ConflictError, "constraint")
    assert (len(before), len(after), len(records)) == (1, 1, 1)
    assert streams == ("d/1", "d/2", "d/3")


def test_no_body_stands_in_the_file_in_clear(sqlite_ledgers, drafts):
    """The bytes of database and write-ahead log hold no plaintext, while open and after closing."""
    seen = []

    def files():
        return b"".join(file.read_bytes() for file in sqlite_ledgers.path.parent.iterdir())

    async def story():
        async with sqlite_ledgers.open() as ledger:
            (record,) = await ledger.append("d/in-clear", 0, [drafts.answered(answer=CANARY)])
            await ledger.body(record.refs[0], "a", "b")
            seen.append(files())
        seen.append(files())

    asyncio.run(story())

    assert all(b"d/in-clear" in bytes_ for bytes_ in seen)  # the search does find what is there
    assert not any(CANARY in bytes_ or CANARY[:12] in bytes_ for bytes_ in seen)


def test_the_file_is_private_and_carries_its_mark(sqlite_ledgers):
    """Mode 0600, application id and version in the header, write-ahead log and full synchronisation."""
    asyncio.run(sqlite_ledgers.open().close())
    with sqlite3.connect(sqlite_ledgers.path) as connection:
        marks = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        ]
    connection.close()

    assert marks == [APPLICATION_ID, SCHEMA_VERSION, "wal"]
    assert stat.S_IMODE(sqlite_ledgers.path.stat().st_mode) == 0o600


def test_the_writing_connection_syncs_every_commit(sqlite_ledgers):
    """The connections that the ledger uses run with synchronous=FULL and foreign keys on."""
    ledger = sqlite_ledgers.open()
    with ledger._writing.connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "foreign_keys")
        ]
    asyncio.run(ledger.close())

    assert values == [2, 1]


# --- disks and commits that fail ---------------------------------------------------------------------------


def test_a_full_disk_stops_writing_whole_and_space_mends_it(sqlite_ledgers, drafts, entropy):
    """disk_full leaves nothing of the append behind; reading goes on; with space the ledger works again."""
    pages = [60]
    opened = []

    def small(uri):
        connection = connect_file(uri)
        connection.execute(f"PRAGMA max_page_count={pages[0]}")
        opened.append(connection)
        return connection

    async def story():
        async with sqlite_ledgers.open(connect=small) as ledger:
            del opened[:]  # those of the opening are closed
            done, failure = 0, None
            while failure is None and done < 100:
                pair = [drafts.ticketed(), drafts.answered(answer=entropy.token(9_000))]
                try:
                    await ledger.append(f"d/{done}", 0, pair)
                    done += 1
                except LedgerUnavailableError as error:
                    failure = error
            while_full = await ledger.streams("d/")
            for connection in opened:  # the writer is idle: its connection may be told
                connection.execute("PRAGMA max_page_count=100000")
            await ledger.append(f"d/{done}", 0, pair)
            return done, failure, while_full

    done, failure, while_full = asyncio.run(story())
    report = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    assert failure.reason == "disk_full"
    assert 0 < done == len(while_full)
    assert (report.sound, report.records) == (True, 1 + 2 * done + 2)


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MB, where this account may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=False, capture_output=True
    )
    if not made or made.returncode != 0:
        pytest.skip("this account may not mount a file system")
    yield folder
    subprocess.run([shutil.which("umount"), str(folder)], check=True)


def test_a_really_full_disk(sqlite_ledgers, drafts, small_disk, entropy):
    """On a file system without space the error is disk_full, and space made mends the same ledger."""
    path, filler = small_disk / "ledger.db", small_disk / "filler"

    async def story():
        async with sqlite_ledgers.open(path=path) as ledger:
            filler.write_bytes(bytes(600_000))
            done, failure = 0, None
            while failure is None and done < 200:
                try:
                    await ledger.append(f"d/{done}", 0, [drafts.answered(answer=entropy.token(20_000))])
                    done += 1
                except LedgerUnavailableError as error:
                    failure = error
            while_full = await ledger.streams("d/")
            filler.unlink()
            await ledger.append(f"d/{done}", 0, [drafts.answered(answer=b"x")])
        return done, failure, while_full

    done, failure, while_full = asyncio.run(story())
    report = verify(path, sqlite_ledgers.keys)

    assert failure.reason == "disk_full"
    assert 0 < done == len(while_full)
    assert (report.sound, report.records) == (True, 1 + done + 1)


class _Failing(sqlite3.Connection):
    """Fails its next commit as told: before it happens, or after."""

    fail: tuple[str, int] | None = None

    def commit(self):
        told, type(self).fail = type(self).fail, None
        if told is None:
            return super().commit()
        when, code = told
        if when == "after":
            super().commit()
        error = sqlite3.OperationalError("as told")
        error.sqlite_errorcode = code
        raise error


@pytest.mark.parametrize(
    ("failure", "expected", "kept"),
    [
        (("before", sqlite3.SQLITE_IOERR), (UncertainError, "commit"), 0),
        (("after", sqlite3.SQLITE_IOERR), (UncertainError, "commit"), 1),
        (("before", sqlite3.SQLITE_FULL), (LedgerUnavailableError, "disk_full"), 0),
    ],
)
def test_a_commit_that_fails_is_uncertain_unless_the_disk_was_full(
    sqlite_ledgers, drafts, failure, expected, kept
):
    """Every append of the group hears it; re-reading tells; the ledger goes on; all of it is sound."""

    class Failing(_Failing):
        pass

    async def story():
        async with sqlite_ledgers.open(connect=lambda uri: connect_file(uri, Failing)) as ledger:
            Failing.fail = failure
            errors = await _settled(
                *(ledger.append(f"d/{n}", 0, [drafts.answered(answer=b"x")]) for n in range(5))
            )
            first = await ledger.read("d/0")
            await ledger.append("d/after", 0, [drafts.answered()])
            return errors, first

    errors, first = asyncio.run(story())
    heard = {(type(error), error.reason) for error in errors if isinstance(error, Exception)}

    assert heard == {expected}
    assert len({id(error) for error in errors}) == 5
    assert len(first) == kept
    assert verify(sqlite_ledgers.path, sqlite_ledgers.keys).sound


def test_a_wait_cancelled_during_its_commit_harms_nobody(sqlite_ledgers, drafts):
    """An append whose waiter left while it was committed is durable, and the group's others hear of theirs."""
    entered, leave = threading.Semaphore(0), threading.Semaphore(0)
    gate = threading.Event()

    class Gated(sqlite3.Connection):
        def commit(self):
            if gate.is_set():
                entered.release()
                leave.acquire(timeout=30)
            super().commit()

    async def story():
        async with sqlite_ledgers.open(connect=lambda uri: connect_file(uri, Gated)) as ledger:
            gate.set()
            tasks = [asyncio.create_task(ledger.append("d/0", 0, [drafts.answered()]))]
            await asyncio.to_thread(entered.acquire, timeout=30)  # the first is being committed
            tasks += [
                asyncio.create_task(ledger.append(f"d/{n}", 0, [drafts.answered()])) for n in range(1, 6)
            ]
            await asyncio.sleep(0)
            leave.release()
            await asyncio.to_thread(entered.acquire, timeout=30)  # the others are, as one group
            tasks[1].cancel()
            gate.clear()
            leave.release()
            outcomes = await asyncio.wait_for(_settled(*tasks), 30)
            return outcomes, await ledger.read("d/1")

    outcomes, records = asyncio.run(story())

    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [1]
    assert len(records) == 1


def test_a_ledger_locked_by_another_program_is_unavailable(sqlite_ledgers, drafts):
    """A lock that outlasts the timeout is `locked`, and nothing was written."""

    def impatient(uri):
        connection = connect_file(uri)
        connection.execute("PRAGMA busy_timeout=20")
        return connection

    async def story():
        async with sqlite_ledgers.open(connect=impatient) as ledger:
            other = sqlite3.connect(sqlite_ledgers.path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            (failure,) = await _settled(ledger.append("d/1", 0, [drafts.answered()]))
            other.rollback()
            other.close()
            await ledger.append("d/1", 0, [drafts.answered()])
            return failure

    failure = asyncio.run(story())

    assert (type(failure), failure.reason) == (LedgerUnavailableError, "locked")


def test_errors_show_nothing_that_was_written(sqlite_ledgers, drafts):
    """The whole chain of an error holds no parameter of a statement."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            marks = Marks(owner="CANARY-OWNER", ttl_ms=1)
            await ledger.append("d/1", 0, [drafts.answered()], marks)
            await ledger.append("d/1", 1, [drafts.answered(answer=b"x")], marks)

    with pytest.raises(ConflictError) as raised:
        asyncio.run(story())

    assert raised.value.__cause__ is not None
    assert "CANARY" not in f"{raised.value} {raised.value.__cause__}"
