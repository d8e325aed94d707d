"""`magi evaluation run`: a data set through a council, and the scoreboard of what came of it.

1. Read the data set; a line that is none is named by number, and nothing is asked.
2. Ask every question (`evaluation_asking`), or take what a recorded file says.
3. Write the rows in the recorded format, read them back, and compute the scoreboard from them alone.
4. Write the report, print what it says, its first line first.

The first Ctrl-C lets what runs finish, the second gives it up on record; the same command goes on later.
"""

import asyncio
import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import evaluation_bias_file as battery_results
from magi.cli import screen
from magi.cli.ask import check_first
from magi.cli.data_set import is_recorded, read_items
from magi.cli.evaluation_asking import Asking, Told, ask_all
from magi.cli.evaluation_board import board_json, show
from magi.cli.rehearsal import rehearsal
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.evaluation.answer_sheet import read_sheet
from magi.evaluation.asked_rows import AskedRow, line, read_rows
from magi.evaluation.axes import Fairness
from magi.evaluation.battery import LIVE
from magi.evaluation.gold import Item
from magi.evaluation.recorded import evaluate
from magi.evaluation.report_page import page
from magi.evaluation.report_parts import Setting
from magi.evaluation.scoreboard import Scoreboard, scoreboard
from magi.jobs.batch import Progress
from magi.jobs.outfile import OutFile
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.run import Request
from magi.settings import Settings
from magi.wiring import is_dead, open_tools, today
from magi.words import say

ROWS, REPORT, PAGE = "rows.jsonl", "report.json", "report.html"
DONE, INTERRUPTED = 0, 130
TOLD_SECONDS = 10.0
"""Between two lines of progress: enough to see that it moves, few enough for a log."""
MAX_ASKS = 64
"""As many as the largest panel has seats; more answers of one model are all of the same mind."""
LEAST_QUESTIONS = 2
"""One to learn from, one to judge."""


@dataclass(frozen=True)
class RunOptions:
    """What the command line says; see `magi evaluation run --help`."""

    data_set: str
    council: str | None = None
    members: str | None = None
    out: Path | None = None
    limit: int | None = None
    labels: float = 0.5
    splits: int = 20
    baseline: str | None = None
    order_check: int = 0
    label: str | None = None
    name: str = ""
    bias: Path | None = None
    rehearsal: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class Answers:
    """What is to be judged: the rows' file, the seats in council order, and how it came about."""

    file: Path
    members: tuple[str, ...]
    setting: Setting


def run(settings: Settings, options: RunOptions) -> int:
    """Evaluate and return the exit code: 0, or 130 when interrupted.

    Raises:
        MalformedFileError: the data set, the bias result or an output cannot be used. UnknownNameError: labels,
            members, members_recorded, baseline. CouncilRefusedError, KeyMissingError: as `magi ask`.
        WorldError: the ledger or the disk failed; the same command goes on later.
    """
    fairness = {} if options.bias is None else _fairness(options.bias)
    with tempfile.TemporaryDirectory(prefix="magi-evaluation-") as folder:
        path = Path(options.data_set)
        if path.is_file() and is_recorded(path):
            answers: Answers | None = _recorded(path, options)
        else:
            answers = _asked(settings, options, Path(folder) / ROWS)
        if answers is None:
            _say(settings, "scoreboard.interrupted")
            return INTERRUPTED
        board = _board(answers, options, fairness)
        told = board_json(board, answers.setting)
        if options.out is not None:
            _write(options.out, answers, told, page(board, answers.setting))
    if options.as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False))
        return DONE
    show(board, answers.setting, settings.lang)
    if options.out is not None:
        key = "scoreboard.written" if answers.setting.council is not None else "scoreboard.written_report"
        _say(settings, key, folder=str(options.out), page=PAGE, rows=ROWS)
    return DONE


def _fairness(path: Path) -> dict[str, Fairness]:
    """What the bias battery found of each model version; what was rehearsed says nothing.

    Raises:
        MalformedFileError: there is no such file, or it holds no results.
    """
    if not path.is_file():
        raise MalformedFileError("not_a_file", file=str(path))
    found = {}
    for card, entry in battery_results.read(path).items():
        by: dict[str, list[str]] = {"trusted": [], "untrusted": [], "unmeasured": []}
        for topic in entry.topics:
            by[topic.verdict].append(topic.topic)
        if entry.origin == LIVE:
            found[f"{card} {entry.version}"] = Fairness(*(tuple(topics) for topics in by.values()))
    return found


def _recorded(path: Path, options: RunOptions) -> Answers:
    """A recorded file: nothing is asked; without `--members` every seat of its first row."""
    names = tuple(name.strip() for name in (options.members or "").split(",") if name.strip())
    if not names:
        names = tuple(next(row.answers for row in read_rows(path) if row.answers))
    return Answers(path, names, Setting(path.name, None, today().isoformat(), {}, ()))


def _board(answers: Answers, options: RunOptions, fairness: Mapping[str, Fairness]) -> Scoreboard:
    sheet = read_sheet(answers.file, answers.members)
    size = len(sheet.rows)
    labelled = int(size * options.labels) if options.labels < 1 else int(options.labels)
    if not 1 <= labelled <= size - 1:
        raise UnknownNameError("labels", questions=size)
    report = evaluate(sheet, options.splits, options.labels)
    return scoreboard(report, read_rows(answers.file), fairness)


def _write(folder: Path, answers: Answers, told: Mapping[str, object], shown: bytes) -> None:
    """The report, and the rows unless they were recorded already; each file whole or not at all.

    Raises:
        MalformedFileError: in_use, not_a_file, unwritable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MalformedFileError("unwritable", file=str(folder), problems=(error.strerror or "",)) from error
    report = json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"
    files = {REPORT: report, PAGE: shown}
    if answers.setting.council is not None:
        files = {ROWS: answers.file.read_bytes(), **files}
    for name, data in files.items():
        with OutFile(folder / name) as out:
            out.write(data)
            out.finish()


# Asking.


def _asked(settings: Settings, options: RunOptions, rows: Path) -> Answers | None:
    """Ask the questions and write `rows`; None when interrupted."""
    if options.members is not None:
        raise UnknownNameError("members_recorded")
    items = read_items(options.data_set)[: options.limit]
    gold = sum(item.gold is not None for item in items)
    if gold < LEAST_QUESTIONS:
        raise UnknownNameError("labels", questions=gold)
    assets = load_assets(settings.assets_dir)
    council = assets.council(options.council or ("rehearsal" if options.rehearsal else settings.council))
    asking = Asking(
        council=council,
        cards=assets.cards,
        label=options.label,
        name=f"evaluation/{options.name}",
        rehearsal=options.rehearsal,
        asks=_asks(options.baseline),
        orders=options.order_check,
    )
    found = asyncio.run(_through(settings, assets, asking, items))
    if found is None:
        return None
    told, refused = found
    if not told:
        raise MalformedFileError("none_asked", file=options.data_set, reasons=tuple(sorted(refused)))
    rows.write_bytes(b"".join(line(row) for row in told))
    seats = tuple(seat.seat for seat in council.seats if any(seat.seat in row.answers for row in told))
    absent = tuple(seat.seat for seat in council.seats if seat.seat not in seats)
    data_set = Path(options.data_set).name
    return Answers(rows, seats, Setting(data_set, council.name, today().isoformat(), refused, absent))


def _asks(baseline: str | None) -> int | None:
    """How often each question is asked in all: once without a baseline, None as often as the council made calls.

    Raises:
        UnknownNameError: baseline, neither the word nor a number in range.
    """
    if baseline is None:
        return 1
    if baseline == "all":
        return None
    if not baseline.isascii() or not baseline.isdecimal() or not 2 <= int(baseline) <= MAX_ASKS:  # noqa: PLR2004  # once is no repetition
        raise UnknownNameError("baseline", most=MAX_ASKS)
    return int(baseline)


async def _through(
    settings: Settings, assets: Assets, asking: Asking, items: Sequence[Item]
) -> tuple[tuple[AskedRow, ...], Mapping[str, int]] | None:
    async with contextlib.AsyncExitStack() as stack:
        cards = assets.cards
        if asking.rehearsal:
            cards = (await stack.enter_async_context(rehearsal(cards))).cards
            _say(settings, "ask.rehearsal")
        # Any question does: what is checked depends on the council and the label alone.
        check_first(settings, assets, cards, Request(take_question("?"), asking.council, asking.label))
        tools = await stack.enter_async_context(open_tools(settings, assets, cards))
        await take_up(tools, is_dead)
        with _stopped_by_signals(lambda: _say(settings, "batch.stopping")) as stop:
            try:
                found = await ask_all(tools, asking, items, stop, _telling(settings))
            except asyncio.CancelledError:
                if not stop.is_set():
                    raise
                return None  # the second signal: given up on record
        return None if found is None else (found[0], dict(found[1].kinds.most_common()))


@contextlib.contextmanager
def _stopped_by_signals(told: Callable[[], None]) -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second cancels the task."""
    stop, loop, task = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def came() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
            return
        stop.set()
        told()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, came)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _telling(settings: Settings) -> Told:
    """A line of progress now and then, on stderr."""
    last = time.monotonic()

    def told(name: str, progress: Progress, count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_SECONDS:
            last = time.monotonic()
            part = name.partition("/")[2].partition("/")[2] or "1"
            _say(settings, "scoreboard.progress", part=part, rows=progress.rows, all=count)

    return told


def _say(settings: Settings, key: str, **facts: str | int) -> None:
    screen.emit(screen.console(err=True), Text(say(key, settings.lang, **facts)))
