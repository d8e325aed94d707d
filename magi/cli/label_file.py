"""`magi policy label`: labels for a file of texts, one JSON line out for each line in, in order.

In: {"id", "text", "declared"} a line, UTF-8; without `declared` the default label, other keys are ignored. Out:
{"id", "label", "topics", "hits", "admitted"}, or {"id", "error"}; "line" stands for an id that is not there. Needs
no server, ledger or network, and keeps nothing: classified text is labelled too.

Promises: every line of the file comes out once, blank ones apart, and no word of its text; a text whose detectors
fail or come to no end counts as their strictest rule; memory does not grow with the file but for 16 bytes an id. A
short file is done in this process, a long one by as many processes as there are cores.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import typer
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.explain import hit_json, profile_named
from magi.core.canonical import digest
from magi.core.card import Card
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.jobs.outfile import OutFile
from magi.jobs.seen import Seen
from magi.residency.label import Label, join
from magi.residency.labelling import Finding, label_texts
from magi.residency.policy import admit
from magi.residency.profile import Profile
from magi.service.labelling import LEAST_SECONDS, SECONDS_A_MEGABYTE, Labeller, unfinished
from magi.settings import Settings
from magi.wiring import labeller, today
from magi.words import say

BAD_LINES = 2
"""Exit code where any line could not be labelled or shared its id: the file is the caller's to mend."""
MAX_LINE_BYTES = 16 * 1024 * 1024
"""Two million characters, every one escaped; a longer line is no text that anybody pasted."""
MAX_ID_CHARS = 200
CHUNK_LINES, CHUNK_BYTES = 64, 256 * 1024
"""What one process labels at a time: some tens of milliseconds."""
INLINE_CHUNKS = 8
"""Up to here (half a second) starting other processes would take longer than it saves."""
WAITING_A_WORKER = 3
"""Chunks handed out a process: enough that none waits, few enough to bound memory."""
UTF8_MARK = b"\xef\xbb\xbf"

Numbered = tuple[int, bytes | None]
"""A line's number from 1 and its bytes; None where it is longer than any text may be."""
Chunk = list[Numbered]


@dataclass(frozen=True)
class Ground:
    """What a worker needs; plain values, since they cross to another process."""

    settings: Settings
    profile: Profile
    cards: Mapping[str, Card]


@dataclass(frozen=True)
class Done:
    """A line's answer; `key` is a digest of its id, None where it has none; `bad` where it has no label."""

    fields: dict[str, object]
    key: int | None
    bad: bool


class BadLineError(ValueError):
    """A line that cannot be labelled; its argument is a stable code, nothing of the line."""


class Rows:
    """Labels lines, one after the other."""

    def __init__(self, ground: Ground) -> None:
        """Build the detectors."""
        self._profile = ground.profile
        self._cards = ground.cards
        self._labeller: Labeller = labeller(ground.settings, ground.profile)
        self._day = today()
        self._admitted: dict[tuple[Label, frozenset[str]], dict[str, bool]] = {}

    def chunk(self, chunk: Chunk) -> list[Done]:
        """The answers to a chunk of lines, in order."""
        return [self._line(number, raw, self._found) for number, raw in chunk]

    def given_up(self, chunk: Chunk) -> list[Done]:
        """The answers to a chunk that ended its process: nobody knows what would have been found."""
        return [replace(self._line(number, raw, self._unfinished), bad=True) for number, raw in chunk]

    def _line(self, number: int, raw: bytes | None, find: Callable[[str, Label], Finding]) -> Done:
        name: dict[str, object] = {"line": number}
        key: int | None = None
        try:
            fields = _fields(raw)
            if (known := _id(fields)) is not None:
                # 7 and "7" are one id: a reader of the output could not tell them apart.
                name, key = {"id": known}, int(digest(str(known).encode())[:16], 16)
            text, declared = self._text(fields)
        except BadLineError as error:
            return Done({**name, "error": str(error)}, key, bad=True)
        finding = find(text, declared)
        label = join((finding.label, self._profile.raised_by(finding.raising)))
        hits = [hit_json(hit, self._labeller.detectors.rules) for hit in finding.hits]
        shown = {"label": label.word, "topics": sorted(finding.topics), "hits": hits}
        return Done({**name, **shown, "admitted": self._who(label, finding.topics)}, key, bad=False)

    def _text(self, fields: Mapping[str, object]) -> tuple[str, Label]:
        text, word = fields.get("text"), fields.get("declared")
        if not isinstance(text, str):
            raise BadLineError("no_text")
        if word is not None and not isinstance(word, str):
            raise BadLineError("declared_unknown")
        try:
            return text, self._profile.declared(word)
        except UnknownNameError as error:
            raise BadLineError("declared_unknown") from error

    def _found(self, text: str, declared: Label) -> Finding:
        detectors = self._labeller.detectors
        seconds = LEAST_SECONDS + SECONDS_A_MEGABYTE * len(text) * 3 / 1_000_000
        try:
            with _interrupted_after(seconds):
                return label_texts(detectors, [("text", text)], declared)
        except TimeoutError:
            return self._unfinished(text, declared)

    def _unfinished(self, text: str, declared: Label) -> Finding:
        return unfinished(self._labeller.detectors, [("text", text)], declared, ())

    def _who(self, label: Label, topics: frozenset[str]) -> dict[str, bool]:
        """Which agents may see a text of this label and these topics today."""
        if (label, topics) not in self._admitted:
            self._admitted[label, topics] = {
                name: admit(label, card, self._profile, topics, self._day).admitted
                for name, card in self._cards.items()
            }
        return self._admitted[label, topics]


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in whatever runs, and again every so often: a detector that swallows one is cut again."""

    def cut(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, cut)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _fields(raw: bytes | None) -> Mapping[str, object]:
    if raw is None:
        raise BadLineError("line_too_long")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise BadLineError("not_utf8") from error
    except BadLineError:
        raise
    except (ValueError, RecursionError) as error:
        raise BadLineError("not_json") from error
    if not isinstance(value, dict):
        raise BadLineError("not_an_object")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ: of two texts or declarations, neither may win unseen."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise BadLineError("duplicate_key")
    return made


def _id(fields: Mapping[str, object]) -> str | int | None:
    raw = fields.get("id")
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int) or len(str(raw)) > MAX_ID_CHARS:
        raise BadLineError("bad_id")
    if any("\ud800" <= char <= "\udfff" for char in str(raw)):
        raise BadLineError("bad_id")
    return raw


# The file.


def label_file(settings: Settings, file: str, profile: str | None, out: Path | None) -> int:
    """Label every line of a file or, for `-`, of standard input; the exit code.

    Raises:
        UnknownNameError: no such profile. MalformedFileError: unreadable, not_a_file; the file to write, in_use.
    """
    assets = load_assets(settings.assets_dir)
    found = profile_named(assets, settings, profile)
    ground = Ground(_portable(settings), found, assets.cards)
    with contextlib.ExitStack() as stack:
        source = sys.stdin.buffer if file == "-" else stack.enter_context(_opened(Path(file)))
        sink = None if out is None else stack.enter_context(OutFile(out))
        write: Callable[[bytes], None] = _to_stdout if sink is None else sink.write
        seen, bad, count = Seen(), 0, 0
        answering = stack.enter_context(contextlib.closing(_answers(ground, _chunks(source))))
        for answers in answering:
            lines = []
            for done in answers:
                again = done.key is not None and not seen.add(done.key)
                fields = {**done.fields, "error": "duplicate_id"} if again and not done.bad else done.fields
                lines.append(json.dumps(fields, ensure_ascii=False).encode() + b"\n")
                bad, count = bad + (again or done.bad), count + 1
            write(b"".join(lines))
        if sink is not None:
            sink.finish()
    if bad:
        words = say("policy.bad_lines", settings.lang, bad=bad, all=count)
        screen.emit(screen.console(err=True), Text(words, style="yellow"))
    return BAD_LINES if bad else 0


def _portable(settings: Settings) -> Settings:
    """The settings without the environment: workers need no secrets, and must not be handed any."""
    return replace(settings, secrets={}, tenant_key=None, tenant_key_command=None)


def _to_stdout(lines: bytes) -> None:
    typer.echo(lines, nl=False)


def _opened(path: Path) -> BinaryIO:
    if not path.is_file() and not path.is_fifo():
        reason = "not_a_file" if path.exists() else "unreadable"
        raise MalformedFileError(reason, file=str(path), problems=(os.strerror(2),))
    try:
        return path.open("rb")
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error


def _chunks(source: BinaryIO) -> Iterator[Chunk]:
    chunk: Chunk = []
    size = 0
    for number, raw in _lines(source):
        if raw is not None and not raw.strip():
            continue
        chunk.append((number, raw))
        size += len(raw or b"")
        if len(chunk) == CHUNK_LINES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _lines(source: BinaryIO) -> Iterator[Numbered]:
    number = 0
    while raw := source.readline(MAX_LINE_BYTES):
        number += 1
        if number == 1:
            raw = raw.removeprefix(UTF8_MARK)
        if len(raw) < MAX_LINE_BYTES or raw.endswith(b"\n"):
            yield number, raw
            continue
        yield number, None
        while (rest := source.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass


def _answers(ground: Ground, chunks: Iterator[Chunk]) -> Generator[list[Done], None, None]:
    """The answers to every chunk, in order: the first few here, the rest by all cores."""
    rows = Rows(ground)
    for _, chunk in zip(range(INLINE_CHUNKS), chunks, strict=False):
        yield rows.chunk(chunk)
    first = next(chunks, None)
    if first is None:
        return
    yield from _Workers(ground, rows).answers(first, chunks)


class _Workers:
    """As many processes as there are cores; one that dies takes the chunks then handed out with it, no more."""

    def __init__(self, ground: Ground, rows: Rows) -> None:
        self._ground = ground
        self._rows = rows
        self._count = (
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )

    def answers(self, first: Chunk, chunks: Iterator[Chunk]) -> Generator[list[Done], None, None]:
        pool = self._pool()
        waiting: deque[tuple[Chunk, Future[list[Done]]]] = deque([(first, pool.submit(_in_worker, first))])
        try:
            for chunk in chunks:
                if len(waiting) >= WAITING_A_WORKER * self._count:
                    yield self._answer(*waiting.popleft())
                try:
                    waiting.append((chunk, pool.submit(_in_worker, chunk)))
                except BrokenProcessPool:
                    pool.shutdown()
                    pool = self._pool()
                    waiting.append((chunk, pool.submit(_in_worker, chunk)))
            while waiting:
                yield self._answer(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._count,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._ground,),
        )

    def _answer(self, chunk: Chunk, future: "Future[list[Done]]") -> list[Done]:
        try:
            return future.result()
        except BrokenProcessPool:
            return self._rows.given_up(chunk)


_rows_of_this_worker: Rows | None = None
"""The detectors of a worker process; its initializer owns them."""


def _start_worker(ground: Ground) -> None:
    global _rows_of_this_worker  # noqa: PLW0603  # a worker process has no other place that outlives a task
    # An interrupt is the parent's to handle; the workers end with its pool.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _rows_of_this_worker = Rows(ground)


def _in_worker(chunk: Chunk) -> list[Done]:
    assert _rows_of_this_worker is not None  # noqa: S101  # the initializer ran
    return _rows_of_this_worker.chunk(chunk)
