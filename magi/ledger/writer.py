"""The writer thread of a ledger: everything that waits is committed in one transaction (group commit).

A commit costs one fsync whatever it holds, so the appends that arrive during one commit share the next.

Promises: appends are taken in the order they were handed in; an outcome is delivered after its transaction is
durable, never before; an append that fails by itself fails alone; nothing is retried that may have become
durable. Leaves to others: what a group writes (`magi.ledger.commit`).
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from magi.core.errors import LedgerUnavailableError, MagiError
from magi.core.record import Record
from magi.ledger.commit import Append, Claim, GroupCommit, Ready, touched
from magi.ledger.dialect import Dialect

Outcome = tuple[Record, ...] | bool | Exception


@dataclass(frozen=True)
class Job:
    """What to write, and who waits for it."""

    work: Append | Claim
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[tuple[Record, ...] | bool]


@dataclass(frozen=True)
class WriterStats:
    """What the writer did since it started: transactions, and the appends and records they made durable."""

    commits: int
    appends: int
    records: int


class Writer:
    """Owns the one writing connection and its thread."""

    def __init__(self, dialect: Dialect, engine: Engine, group_commit: GroupCommit) -> None:
        """Start the thread. It is a daemon: a process that dies loses only what was not acknowledged."""
        self._dialect = dialect
        self._max_group = dialect.max_group
        self._engine = engine
        self._group_commit = group_commit
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._door = threading.Lock()  # guards _closed against a job put after the end mark
        self._closed = False
        self._stats = WriterStats(0, 0, 0)  # written by the thread alone
        self._thread = threading.Thread(target=self._run, name="magi-ledger-writer", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> WriterStats:
        """Counts since the start."""
        return self._stats

    def put(self, job: Job) -> None:
        """Hand in a job; its future is resolved in its loop.

        Raises:
            LedgerUnavailableError: `closed`.
        """
        with self._door:
            if self._closed:
                raise LedgerUnavailableError("closed", path=self._dialect.where)
            self._jobs.put(job)

    def close(self) -> None:
        """Finish what was handed in, then end the thread; blocks."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_for_more = True
        while open_for_more:
            group, open_for_more = self._next_group()
            if group:
                _deliver(group, self._settle([job.work for job in group]))

    def _next_group(self) -> tuple[list[Job], bool]:
        """Wait for one job, then take what else is there; and whether more may come."""
        group: list[Job] = []
        job = self._jobs.get()
        while job is not None:
            if not job.future.cancelled():  # nobody waits for it and nothing of it was done
                group.append(job)
            if len(group) == self._max_group:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _settle(self, group: Sequence[Append | Claim]) -> list[Outcome]:
        """An outcome for each job: prepare outside the transaction, then commit those that are sound."""
        outcomes: dict[int, Outcome] = {}
        sound: list[tuple[int, Ready | Claim]] = []
        for place, work in enumerate(group):
            if isinstance(work, Claim):
                sound.append((place, work))
                continue
            try:
                sound.append((place, self._group_commit.ready(work)))
            except Exception as error:  # noqa: BLE001  # it belongs to whoever waits, and the thread goes on
                outcomes[place] = error
        for (place, _), outcome in zip(sound, self._commit([work for _, work in sound]), strict=True):
            outcomes[place] = outcome
        return [outcomes[place] for place in range(len(group))]

    def _commit(self, group: Sequence[Ready | Claim]) -> list[Outcome]:
        """Commit a group in one transaction, or, where one row of it is at fault, each job in its own."""
        if not group:
            return []
        try:
            return self._transact(group)
        except DBAPIError as error:
            if len(group) > 1 and self._dialect.of_one_job(error):
                return self._one_by_one(group)
            return _all(group, self._dialect.meaning_of(error), error)
        except Exception as error:  # noqa: BLE001  # it belongs to those who wait, and the thread goes on
            if len(group) > 1:
                return self._one_by_one(group)
            return [error]

    def _one_by_one(self, group: Sequence[Ready | Claim]) -> list[Outcome]:
        """Commit each job in its own transaction, after the group was rolled back because of one of them."""
        return [outcome for work in group for outcome in self._commit([work])]

    def _transact(self, group: Sequence[Ready | Claim]) -> list[Outcome]:
        with self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                outcomes = self._write(connection, group)
            except BaseException:
                with contextlib.suppress(DBAPIError):  # the store may have rolled back already
                    transaction.rollback()
                raise
            try:
                transaction.commit()
            except Exception as error:  # noqa: BLE001  # also the driver's MemoryError: it may have happened
                return _all(group, self._dialect.after_failed_commit(connection, error), error)
        if any(isinstance(work, Ready) for work in group):
            self._group_commit.committed()
        self._count(outcomes)
        return outcomes

    def _write(self, connection: Connection, group: Sequence[Ready | Claim]) -> list[Outcome]:
        self._dialect.hold(connection, *touched(group))
        appends = [work for work in group if isinstance(work, Ready)]
        # Appends first: a claim waits for the append that opened its stream, never the other way round.
        written = iter(self._group_commit.append(connection, appends) if appends else ())
        return [
            next(written) if isinstance(work, Ready) else self._group_commit.claim(connection, work)
            for work in group
        ]

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        written = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
        stats = self._stats
        self._stats = WriterStats(
            commits=stats.commits + 1,
            appends=stats.appends + len(written),
            records=stats.records + sum(len(records) for records in written),
        )


def _all(group: Sequence[Ready | Claim], error: MagiError, cause: Exception) -> list[Outcome]:
    """The same error for each job: its own object, since each is raised in another task."""
    twins: list[Outcome] = []
    for _ in group:
        twin = type(error)(error.reason, **error.facts)
        twin.__cause__ = cause
        twins.append(twin)
    return twins


def _deliver(group: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    """Resolve the futures, with one wake-up of each loop for the whole group."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Outcome]]] = {}
    for job, outcome in zip(group, outcomes, strict=True):
        by_loop.setdefault(job.loop, []).append((job, outcome))
    for loop, settled in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, settled)


def _resolve(settled: Sequence[tuple[Job, Outcome]]) -> None:
    for job, outcome in settled:
        if job.future.done():  # cancelled by whoever waited
            continue
        if isinstance(outcome, Exception):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)
