"""Files that come with a question: read in worker processes, shown to the seats as turns, labelled as a whole.

1. `Reader` extracts: in processes of its own, in a bounded time, whatever the bytes are.
2. `attach` numbers the files M1, M2, ... and puts what a reader of each would see before the turn that it came with,
   as a `material` turn (`sources.framed`); a file that shows nothing readable is refused.
3. `file_parts` are the texts to label: every piece, seen or hidden, and the name. `floor_hits` are the files that
   nobody could read in full (never public) and those whose stated label or personal data raises the question's.

Promises: what a seat sees of a file is part of the question (its body, its digests, its label); what is hidden in
the file is labelled and goes to no one; the bytes of a file are kept nowhere. Leaves to others: what is inside a
document (`magi.materials`), the labels (`magi.residency`), reading paths and requests (`magi.cli`, `magi.api`).
"""

import asyncio
import contextlib
import multiprocessing
import re
import signal
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from magi.core.errors import QuestionRefusedError
from magi.core.material import MAX_MATERIALS
from magi.core.record import Hit
from magi.residency.label import Label
from magi.service.question import Question, Turn, with_history
from magi.service.sources import UNSTATED, Material, Provenance, as_material, declared, framed, one_line

if TYPE_CHECKING:
    from magi.materials.found import Extracted, Piece

    Read = Callable[[str, bytes], Extracted]
    Bounded = Callable[[str, bytes, Executor, float, Read], Coroutine[Any, Any, Extracted]]

MAX_FILES = 8
"""Of one question, named one by one; those of a folder count to `MAX_MATERIALS`. Their text shares one limit."""
MAX_FILE_BYTES = 20_000_000
"""What the readers take in (`magi.materials.limits`, which loads all of them and is not loaded for this number)."""
READ_SECONDS = 30.0
"""Ten times what a 300-page report takes on one core; past it nobody waits."""
START_SECONDS = 30.0
"""A worker starts in about a second; a machine that is busy with other things may need many."""
KILL_SECONDS = 5.0
"""How much longer a worker may compute before the system ends it: its own alarm cannot interrupt a library's C code."""
WORKERS = 2
"""Questions with files are few; more workers would take the cores from the service."""
UNREADABLE = "material.unreadable"
"""The rule of a file that nobody could read in full."""

_VISIBLE = frozenset(
    {
        "body", "header_footer", "notes", "comment", "annotation", "form_field", "attachment", "mail_header",
        "drawing", "alt_text", "outline",
    }
)  # fmt: skip
"""Places that a reader of the document sees. All others are hidden, repeat what is seen, or describe the file."""
_CONCEALED = frozenset(
    {
        "hidden_sheet", "hidden_row", "hidden_column", "hidden_text", "hidden_slide", "tracked_deletion",
        "metadata", "earlier_revision", "macro",
    }
)  # fmt: skip
"""Places that people forget are there; the rest of what is not shown says nothing of its own."""
_MARKED_UP = frozenset({"text/html", "application/xml", "image/svg+xml"})
_GONE = frozenset({"hidden_text", "tracked_deletion"})
_LEAST_GONE_CHARS = 2
"""A single hidden character stands in every reading of a text and tells none of them from the others."""
_HEADERS_SEEN = re.compile(r"(?:Subject|From|To|Cc|Date)\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Attached:
    """A file as it came: its name, its bytes, and the place in the history before which its text belongs.

    `known` is what is stated of it; `listed` where it comes from a folder of materials.
    """

    name: str = field(repr=False)
    data: bytes = field(repr=False)
    place: int
    known: Provenance = field(default=UNSTATED, repr=False)
    listed: bool = False


class Reader:
    """Extracts the text of files in worker processes, which start with the first file. Owns the processes."""

    def __init__(self, seconds: float = READ_SECONDS, workers: int = WORKERS) -> None:
        """Take the limits; nothing runs yet."""
        self._seconds = seconds
        self._workers = workers
        self._room = asyncio.Semaphore(workers)
        self._starting = asyncio.Lock()
        self._pool: ProcessPoolExecutor | None = None

    async def read(self, name: str, data: bytes) -> "Extracted":
        """All text of a file; never raises for its bytes. The time counts from when a worker is free."""
        # The readers of formats take a third of a second to import: not on the event loop.
        bounded = await asyncio.to_thread(_extract_bounded)
        async with self._room:
            async with self._starting:
                pool = self._pool = self._pool or await self._started()
            found = await bounded(name, data, pool, self._seconds, partial(_read, self._seconds))
        if "timed_out" in found.unreadable and self._pool is pool:
            self._drop()  # a worker may hang or be dead; the next file gets new ones
        return found

    async def aclose(self) -> None:
        """End the workers."""
        self._drop()

    async def _started(self) -> ProcessPoolExecutor:
        """A pool whose workers have imported what they need, so that starting does not count as reading."""
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self._workers, mp_context=context, initializer=_start_worker)
        # A pool that cannot start reads nothing, and says so of each file.
        with contextlib.suppress(BrokenExecutor, OSError, TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await asyncio.gather(
                    *(asyncio.wrap_future(pool.submit(_ready)) for _ in range(self._workers))
                )
        return pool

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)


async def attach(
    reader: Reader, question: Question, files: Sequence[Attached]
) -> tuple[Question, tuple[Material, ...]]:
    """Read files and put what they show before the turns that they came with; the question, and what was found.

    The first file is M1, whatever turn it came with; what is stated of each goes along with it.

    Raises:
        QuestionRefusedError: too_many_files; file_too_large, material_empty (with the file's number, from 1);
            too_large, too_many_turns, for all of it together.
    """
    if not files:
        return question, ()
    if (loose := sum(not file.listed for file in files)) > MAX_FILES:
        raise QuestionRefusedError("too_many_files", files=loose, most=MAX_FILES)
    if len(files) > MAX_MATERIALS:
        raise QuestionRefusedError("too_many_files", files=len(files), most=MAX_MATERIALS)
    for number, file in enumerate(files, start=1):
        if len(file.data) > MAX_FILE_BYTES:
            raise QuestionRefusedError("file_too_large", number=number, most=MAX_FILE_BYTES)
    read = await asyncio.gather(*(reader.read(file.name, file.data) for file in files))
    found = tuple(
        as_material(each, number, file.known)
        for number, (each, file) in enumerate(zip(read, files, strict=True), start=1)
    )
    for number, material in enumerate(found, start=1):
        if not shown(material):
            codes = material.unreadable or ("no_text",)
            raise QuestionRefusedError("material_empty", number=number, codes=codes)
    history: list[Turn] = []
    for place, turn in enumerate((*question.history, None)):
        history += [turn_of(m) for m, file in zip(found, files, strict=True) if file.place == place]
        history += [] if turn is None else [turn]
    return with_history(question, history), found


def turn_of(material: "Extracted") -> Turn:
    """The turn that shows a file to the seats: framed where it is a numbered material, else its name and its text."""
    if isinstance(material, Material):
        return framed(material, shown(material))
    return Turn("material", f"〔{one_line(material.name)}〕\n{shown(material)}")


def shown(material: "Extracted") -> str:
    """What a reader of the file sees of its text; empty when there is none."""
    bodies = _bodies(material)
    visible = _VISIBLE - {"comment"} if material.media in _MARKED_UP else _VISIBLE
    lines: dict[str, None] = {}
    for piece in material.pieces:
        if piece.where not in visible or (piece.where == "body" and piece not in bodies):
            continue
        lines[_headers(piece.text) if piece.where == "mail_header" else piece.text] = None
    return "\n".join(filter(None, lines)).strip()


def concealed(material: "Extracted") -> tuple[str, ...]:
    """The places of a file, by code, that its reader does not see and that no seat is shown."""
    return tuple(dict.fromkeys(piece.where for piece in material.pieces if piece.where in _CONCEALED))


def file_parts(materials: "Sequence[Extracted]") -> tuple[tuple[str, str], ...]:
    """Every text of every file, hidden or not, under the name that its hits are recorded with.

    The first piece of a place is `file:1:comment`, the second `file:1:comment:2`.
    """
    parts: list[tuple[str, str]] = []
    for number, material in enumerate(materials, start=1):
        counts: dict[str, int] = {}
        for piece in material.pieces:
            counts[piece.where] = counts.get(piece.where, 0) + 1
            again = f":{counts[piece.where]}" if counts[piece.where] > 1 else ""
            parts.append((f"file:{number}:{piece.where}{again}", piece.text))
        if "file_name" not in counts:  # `extract` says it first; nothing here depends on that
            parts.append((f"file:{number}:file_name", material.name))
    return tuple(parts)


def floor_hits(materials: "Sequence[Extracted]") -> tuple[Hit, ...]:
    """One hit for each file that nobody could read in full, and for each label that was stated of a file."""
    rules = [(number, UNREADABLE, Label.INTERNAL) for number, m in enumerate(materials, 1) if m.unreadable]
    return tuple(
        Hit(text=f"file:{number}", rule=rule, label=int(label), view="raw", start=0, end=0)
        for number, rule, label in sorted([*rules, *declared(materials)])
    )


def _bodies(material: "Extracted") -> "list[Piece]":
    """The bodies to show, of the several readings that a document's body may have.

    Marked-up text is said raw first and as seen last. A text with tracked changes or hidden runs is said in full
    and in each of its states; those that hold what is hidden or deleted are not what is seen.
    """
    bodies = [piece for piece in material.pieces if piece.where == "body"]
    if material.media in _MARKED_UP:
        return bodies[-1:]
    gone = [
        line
        for piece in material.pieces
        if piece.where in _GONE
        for line in piece.text.splitlines()
        if len(line) >= _LEAST_GONE_CHARS
    ]
    seen = [piece for piece in bodies if not any(line in piece.text for line in gone)]
    return seen or bodies[-1:]


def _headers(text: str) -> str:
    return "\n".join(dict.fromkeys(line for line in text.splitlines() if _HEADERS_SEEN.match(line)))


def _extract_bounded() -> "Bounded":
    from magi.materials.extract import extract_bounded  # noqa: PLC0415  # slow to import; few questions have files

    return extract_bounded


def _start_worker() -> None:
    """Load the readers of formats once; an interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _extract_bounded()


def _ready() -> None:
    """Nothing: a worker that has done it has started."""


def _read(seconds: float, name: str, data: bytes) -> "Extracted":
    """Extract in a worker, which the system ends (SIGVTALRM) when it computes past its own alarm."""
    from magi.materials.extract import extract  # noqa: PLC0415  # loaded by `_start_worker`

    signal.setitimer(signal.ITIMER_VIRTUAL, seconds + KILL_SECONDS)
    try:
        return extract(name, data)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
