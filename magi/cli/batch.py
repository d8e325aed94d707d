"""`magi batch run`: a file of questions in, a file of verdicts out; kill it and run it again, and it goes on.

OUT appears when every row has ended, whole; until then its lines are in OUT.part. Rows that were not asked are in
the report (OUT.report.jsonl unless named), one JSON object each, and the first of them on the screen. The first
Ctrl-C lets what runs finish, the second gives it up on record; either way the same command goes on later.
"""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import screen
from magi.cli.ask import check_first
from magi.cli.rehearsal import rehearsal
from magi.core.council import Council
from magi.core.errors import MalformedFileError
from magi.jobs.batch import Ends, Progress, Watch, run_batch
from magi.jobs.ground import ground
from magi.jobs.line import refusal_line
from magi.jobs.outfile import OutFile
from magi.jobs.rows import BadRow, read_rows
from magi.jobs.survey import Survey, survey
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.run import Request, Tools
from magi.settings import Settings
from magi.wiring import is_dead, open_tools
from magi.words import say, say_error

SHOWN = 50
"""Refused rows listed on the screen: one screenful; the report has all."""
REPORT = ".report.jsonl"
PLAIN_SECONDS = 10.0
"""Between two lines of progress off a terminal: a day's batch leaves fewer than 10,000 lines in a log."""
DONE, ROWS_REFUSED, INTERRUPTED = 0, 2, 130


@dataclass(frozen=True)
class BatchOptions:
    """What the command line says of one batch; `name` makes another batch of the same rows."""

    file: Path
    out: Path
    report: Path | None
    council: str | None
    label: str | None
    name: str
    rehearsal: bool
    strict: bool

    @property
    def report_path(self) -> Path:
        """Where refused rows go."""
        return self.report or self.out.with_name(self.out.name + REPORT)


@dataclass
class Refusals:
    """The first refused rows, for the screen, and how many there are of each kind. Owned by one command."""

    first: list[BadRow] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, bad: BadRow) -> None:
        """Count one."""
        if len(self.first) < SHOWN:
            self.first.append(bad)
        self.kinds[bad.error.reason or bad.error.code] += 1


@dataclass(frozen=True)
class Job:
    """One batch command: what was asked for, what the file holds, and who is asked."""

    settings: Settings
    options: BatchOptions
    assets: Assets
    council: Council
    found: Survey
    refusals: Refusals = field(default_factory=Refusals)


async def batch(settings: Settings, options: BatchOptions) -> int:
    """Run a batch and return the exit code: 0, 2 where rows were refused, 130 when interrupted.

    Raises:
        MalformedFileError: the file or an output cannot be used. UnknownNameError, CouncilRefusedError,
            KeyMissingError: as `magi ask`. Nothing was asked.
        WorldError: the ledger or the disk failed; the same command goes on later.
    """
    _check_paths(options)
    assets = load_assets(settings.assets_dir)
    council = assets.council(options.council or ("rehearsal" if options.rehearsal else settings.council))
    job = Job(settings, options, assets, council, survey(options.file))
    # A header or a label that cannot be used is told before anything is made.
    next(read_rows(job.found, options.label), None)
    with OutFile(options.report_path) as report, OutFile(options.out) as out:
        if options.strict and _refuses(job, report):
            report.finish()
            _list_refused(job, "batch.strict")
            return ROWS_REFUSED
        done = await _run(job, out, report)
        if not done.complete:
            _say(job, "batch.interrupted", rows=done.rows, all=max(job.found.rows, done.rows))
            return INTERRUPTED
        out.finish()
        report.finish()
    _summarise(job, done)
    if not job.refusals.kinds:
        return DONE
    _list_refused(job, "batch.refused")
    return ROWS_REFUSED


def _check_paths(options: BatchOptions) -> None:
    """The question file, both outputs and their parts are five different files."""
    outputs = [OutFile(options.out), OutFile(options.report_path)]
    paths = [options.file, *(path for output in outputs for path in (output.path, output.part))]
    if len({path.resolve() for path in paths}) < len(paths):
        raise MalformedFileError("same_file", file=str(options.out))


def _refuses(job: Job, report: OutFile) -> bool:
    """Check every row without asking any; true where one is refused."""
    for row in read_rows(job.found, job.options.label):
        if isinstance(row, BadRow):
            report.write(refusal_line(row))
            job.refusals.add(row)
    return bool(job.refusals.kinds)


async def _run(job: Job, out: OutFile, report: OutFile) -> Progress:
    settings, options = job.settings, job.options
    async with contextlib.AsyncExitStack() as stack:
        cards = job.assets.cards
        if options.rehearsal:
            cards = (await stack.enter_async_context(rehearsal(cards))).cards
            _say(job, "ask.rehearsal", style="yellow")
        # Any question does: what is checked depends on the council and the label alone.
        request = Request(take_question("?"), job.council, options.label)
        check_first(settings, job.assets, cards, request)
        tools = await stack.enter_async_context(open_tools(settings, job.assets, cards))
        taken = await take_up(tools, is_dead)
        if taken:
            _say(job, "ask.resumed", count=len(taken))
        with _watching(job) as watch:
            return await _through(job, tools, Ends(out, report, watch))


async def _through(job: Job, tools: Tools, ends: Ends) -> Progress:
    options = job.options
    stands_on = ground(tools, job.council, job.assets.cards, options.name, rehearsal=options.rehearsal)
    rows = read_rows(job.found, options.label)
    seen = Progress()

    def watch(progress: Progress, bad: BadRow | None) -> None:
        nonlocal seen
        seen = progress
        if bad is not None:
            job.refusals.add(bad)
        ends.watch(progress, bad)

    with _stopped_by_signals(job) as stop:
        try:
            return await run_batch(tools, stands_on, rows, Ends(ends.out, ends.report, watch), stop)
        except asyncio.CancelledError:
            if not stop.is_set():
                raise
            return seen  # the second signal: given up on record


@contextlib.contextmanager
def _stopped_by_signals(job: Job) -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second cancels the task."""
    stop, loop, task = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def told() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
            return
        stop.set()
        _say(job, "batch.stopping")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


# What a person sees.


@contextlib.contextmanager
def _watching(job: Job) -> Iterator[Watch]:
    """A bar on a terminal; elsewhere a line now and then."""
    err = screen.console(err=True)
    if not err.is_terminal:
        yield _plain(job)
        return
    bar = Bar(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err)
    task, shown = bar.add_task("", total=job.found.rows), [Text("")]

    def watch(progress: Progress, bad: BadRow | None) -> None:
        del bad
        bar.update(task, completed=progress.rows, total=max(job.found.rows, progress.rows))
        shown[0] = Text(_live_words(progress, job.settings.lang))

    # The words stand below: beside the bar they would leave it no room on a narrow screen.
    with Live(console=err, transient=True, get_renderable=lambda: Group(bar, shown[0])):
        yield watch


def _plain(job: Job) -> Watch:
    began = last = time.monotonic()

    def watch(progress: Progress, bad: BadRow | None) -> None:
        nonlocal last
        del bad
        now = time.monotonic()
        if now - last < PLAIN_SECONDS:
            return
        last = now
        left = max(job.found.rows - progress.rows, 0)
        # Rows that were recorded before took no time worth counting.
        each = (now - began) / max(progress.rows - progress.recorded, 1)
        _say(
            job,
            "batch.progress",
            rows=progress.rows,
            all=max(job.found.rows, progress.rows),
            left=round(left * each),
            words=_live_words(progress, job.settings.lang),
        )

    return watch


def _live_words(progress: Progress, lang: str) -> str:
    return say(
        "batch.live",
        lang,
        outcomes=_outcomes(progress, lang),
        refused=progress.refused,
        limit=progress.limit,
        prompt=progress.prompt_tokens,
        completion=progress.completion_tokens,
    )


def _outcomes(progress: Progress, lang: str) -> str:
    counted = progress.outcomes.most_common()
    return " ".join(f"{say(f'outcome.{outcome}', lang)} {count}" for outcome, count in counted)


def _summarise(job: Job, done: Progress) -> None:
    lang = job.settings.lang
    _say(job, "batch.done", answered=done.answered, recorded=done.recorded, file=str(job.options.out))
    if done.answered:
        prompt, completion = done.prompt_tokens, done.completion_tokens
        _say(job, "batch.outcomes", outcomes=_outcomes(done, lang), prompt=prompt, completion=completion)


def _list_refused(job: Job, heading: str) -> None:
    """The heading, the first refused rows with their reasons, and where all of them are."""
    err, lang, refusals = screen.console(err=True), job.settings.lang, job.refusals
    count = refusals.kinds.total()
    screen.emit(err, Text(say(heading, lang, count=count, file=str(job.options.report_path)), style="yellow"))
    shown = screen.table(say("batch.line", lang), say("batch.why", lang))
    for bad in sorted(refusals.first, key=lambda bad: bad.line):
        lines = str(bad.line) if bad.line == bad.last_line else f"{bad.line}-{bad.last_line}"
        # The first line says what; the rest, which a council's refusal has, would be said fifty times.
        shown.add_row(lines, screen.plain(say_error(bad.error, lang).splitlines()[0]))
    err.print(shown)
    if count > len(refusals.first):
        kinds = " ".join(f"{kind} {number}" for kind, number in refusals.kinds.most_common())
        _say(job, "batch.more", count=count - len(refusals.first), kinds=kinds)


def _say(job: Job, key: str, *, style: str = "", **facts: str | int) -> None:
    screen.emit(screen.console(err=True), Text(say(key, job.settings.lang, **facts), style=style))
