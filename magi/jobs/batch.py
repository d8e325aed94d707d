"""START HERE. A batch: every row of a file answered once, however often the run is killed, in numbered steps.

1. Take rows from the file, a few at a time.
2. Look up which of them the ledger knows by their keys. A known row is not asked again: its line is made from
   its records, without reading a body.
3. Ask the others, as many at a time as the pace allows; `deliberate` records the key with the intent, so a
   row that was begun is known from then on, whatever happens to this process.
4. Write each row's line to the output, or its refusal to the report: each row to exactly one of the two.
5. Stop at the end, when told to (what runs is finished first), or when the ledger fails.

The ledger is the only memory: no progress file, nothing to go stale. Rows that another process has begun are
waited for. Leaves to others: deliberations that a dead process left open (`recover.take_up`, before the run),
parsing (`rows`), files (`outfile`), showing (`magi.cli.batch`).
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from magi.core.errors import CallerError, ConflictError
from magi.jobs.ground import Ground
from magi.jobs.line import Decision, decision, line_of, refusal_line
from magi.jobs.pace import LEAST_WINDOW_MS, Pace, Window, step
from magi.jobs.rows import BadRow, Row
from magi.service.reply import Deliberation
from magi.service.run import CLAIM_MS, Request, Tools, deliberate

ROWS_AT_ONCE = 64
"""Rows read ahead: one look-up for all of them, and at most 64 questions waiting in memory."""
POLL_SECONDS = 0.5
"""How often a row that another process has begun is looked at; a deliberation takes seconds."""


class Sink(Protocol):
    """Where lines go: `magi.jobs.outfile.OutFile`."""

    def write(self, line: bytes) -> None:
        """Append one line."""
        ...


@dataclass
class Progress:
    """What has become of the rows so far. Owned by the run; whoever watches only reads.

    `answered` rows stand in the output, `recorded` of them without being asked by this run; `refused` rows
    stand in the report. Tokens are (as far as backends told) those of all answered rows. `complete` once every
    row of the file has ended.
    """

    answered: int = 0
    recorded: int = 0
    refused: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    limit: int = 0
    complete: bool = False

    @property
    def rows(self) -> int:
        """Rows that ended in the output or the report."""
        return self.answered + self.refused


Watch = Callable[[Progress, BadRow | None], None]
"""Called after each row with the row that was refused, if it was; it must not block."""


@dataclass(frozen=True)
class Ends:
    """Where rows end: answered ones in `out`, refused ones in `report`; and who is told of each."""

    out: Sink
    report: Sink
    watch: Watch


async def run_batch(
    tools: Tools, ground: Ground, rows: Iterator[Row | BadRow], ends: Ends, stop: asyncio.Event
) -> Progress:
    """Answer every row once; returns when each stands in `out` or `report`, or, after `stop`, what had begun.

    Raises:
        LedgerUnavailableError, UncertainError, TamperedError: the batch cannot go on; the same command resumes.
        MalformedFileError: the file cannot be read to its end. OSError: `out` or `report` cannot be written.
    """
    run = _Run(tools, ground, ends, stop)
    try:
        await run.through(rows)
    finally:
        await run.settle()
    return run.progress


class _Run:
    """One run of a batch. Owns its tasks, its pace and its progress."""

    def __init__(self, tools: Tools, ground: Ground, ends: Ends, stop: asyncio.Event) -> None:
        self._tools = tools
        self._ground = ground
        self._ends = ends
        self._stop = stop
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: Exception | None = None
        self._meter = _Meter()
        self.progress = Progress(limit=self._meter.pace.limit)

    async def through(self, rows: Iterator[Row | BadRow]) -> None:
        """All rows, or as far as it goes; returns with nothing running. Raises what broke the run."""
        fed = False
        try:
            fed = await self._feed(rows)
        except Exception as error:  # noqa: BLE001  # raised below: what runs is finished first
            self._broken = self._broken or error
        # 5. The end.
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._broken is not None:
            raise self._broken
        self.progress.complete = fed

    async def _feed(self, rows: Iterator[Row | BadRow]) -> bool:
        """Start the work on each row; true at the end of the file, false when stopped before it."""
        # 1. A few at a time, in a thread: the file may be on a slow disk.
        while some := await asyncio.to_thread(lambda: list(itertools.islice(rows, ROWS_AT_ONCE))):
            good = [row for row in some if isinstance(row, Row)]
            for bad in (row for row in some if isinstance(row, BadRow)):
                self._refuse(bad)
            # 2. What is known.
            keys = [self._ground.key(row) for row in good]
            hashes = [self._tools.idempotency_hash(key) for key in keys]
            known = await self._tools.ledger.known(hashes)
            for row, key, idempotency_hash in zip(good, keys, hashes, strict=True):
                await self._place()
                if self._stopped:
                    return False
                stream = known.get(idempotency_hash)
                self._start(self._recorded(row, stream) if stream else self._asked(row, key))
        return True

    async def settle(self) -> None:
        """Give up what runs: after a cancellation, each deliberation closes itself on record."""
        for task in self._tasks:
            task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def _stopped(self) -> bool:
        return self._stop.is_set() or self._broken is not None

    async def _place(self) -> None:
        while len(self._tasks) >= self._meter.pace.limit:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep the first failure that is not a row's own; it stops the run, and what runs beside it goes on."""
        try:
            await work
        except Exception as error:  # noqa: BLE001  # handed to `through`, which raises it
            self._broken = self._broken or error

    async def _recorded(self, row: Row, stream: str) -> None:
        try:
            found = await self._verdict(stream)
        except ConflictError as error:
            self._refuse(row.refused(error))
            return
        self.progress.recorded += 1
        self._answer(row, found)

    async def _asked(self, row: Row, key: str) -> None:
        # 3. Ask.
        request = Request(row.question, self._ground.council, row.label, key, subject=row.topic)
        started = self._meter.begin(self._tools.clock.monotonic_ms())
        pushed_back = 0
        try:
            found = _decided(await deliberate(self._tools, request))
            pushed_back = found.pushed_back
        except ConflictError:
            # Another process was quicker, or took over what it believed to be abandoned.
            known = await self._tools.ledger.known([self._tools.idempotency_hash(key)])
            if not known:
                raise
            await self._recorded(row, *known.values())
            return
        except CallerError as error:
            self._refuse(row.refused(error))
            return
        finally:
            self._meter.end(self._tools.clock.monotonic_ms(), started, pushed_back)
        self._answer(row, found)

    async def _verdict(self, stream: str) -> Decision:
        """The recorded verdict; waits for one that another process is still working on.

        Raises:
            ConflictError: open, it is past its deadline and nobody has ended it: a later start will.
        """
        while True:
            records = await self._tools.ledger.read(stream)
            found = decision(records)
            if found is not None:
                return found
            last_ms = records[0].at_ms + self._ground.council.deadline_seconds * 1000 + 2 * CLAIM_MS
            if self._stopped or self._tools.clock.now_ms() > last_ms:
                raise ConflictError("open", stream=stream)
            await asyncio.sleep(POLL_SECONDS)

    # 4. Write.

    def _answer(self, row: Row, found: Decision) -> None:
        self._ends.out.write(line_of(row, found))
        progress = self.progress
        progress.answered += 1
        progress.outcomes[found.outcome] += 1
        progress.prompt_tokens += found.tokens[0] if found.tokens else 0
        progress.completion_tokens += found.tokens[1] if found.tokens else 0
        progress.limit = self._meter.pace.limit
        self._ends.watch(progress, None)

    def _refuse(self, bad: BadRow) -> None:
        self._ends.report.write(refusal_line(bad))
        self.progress.refused += 1
        self._ends.watch(self.progress, bad)


def _decided(done: Deliberation) -> Decision:
    found = decision(done.records)
    if found is None:  # `deliberate` returns a verdict or raises
        raise ConflictError("open", stream=done.stream)
    return found


class _Meter:
    """Measures windows of completions and steps the pace. Owned by one run."""

    def __init__(self) -> None:
        self.pace = Pace()
        self._running = 0
        self._done = 0
        self._pushed_back = 0
        self._began_ms = 0
        self._idle_since_ms = 0
        self._halvings = 0

    def begin(self, now_ms: int) -> int:
        """A deliberation starts; the number is for its end."""
        if not self._running:  # the time without any does not count
            self._began_ms += now_ms - self._idle_since_ms
        self._running += 1
        return self._halvings

    def end(self, now_ms: int, started: int, pushed_back: int) -> None:
        """A deliberation has ended. One that began before the last halving was pushed back by the load before."""
        self._running -= 1
        self._idle_since_ms = now_ms
        self._done += 1
        self._pushed_back += pushed_back if started == self._halvings else 0
        took_ms = now_ms - self._began_ms
        if self._pushed_back or (self._done >= self.pace.window and took_ms >= LEAST_WINDOW_MS):
            each_us = took_ms * 1000 // self._done
            self.pace = step(self.pace, Window(max(each_us, 1), self._pushed_back))
            self._halvings += bool(self._pushed_back)
            self._done, self._pushed_back, self._began_ms = 0, 0, now_ms
