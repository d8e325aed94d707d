"""Recorded answers of several members, with gold, as the arbitration layer sees them: patterns of agreement.

Two file forms. JSON Lines (also .gz): one object a line with `id`, `category`, `gold`, `answers` {member: answer,
or null where there was no answer to read}, and optionally `options` (list or label -> text), `n_options`,
`correct` {member: boolean}. CSV: `question_id` or `id`, `category`, `gold`, optionally `n_options`, one column a
member, an empty cell for no answer.

A null is a failure: it stays in the denominator. A question that a member was not asked (in JSON its name is
missing) is left out for the whole council. In CSV both look alike, so there a run of `NOT_ASKED_RUN` empty cells
tells: members fail now and then, whole blocks were not asked; then all empty cells of that member are left out.

Promises: gold and answers never appear in an error; the sheet depends on the file alone. Leaves to others: when
two answers are one (`magi.evaluation.equate`).
"""

import csv
import gzip
import hashlib
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from magi.core.aggregate import Pattern
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.reliability import MAX_OPTIONS, MAX_SEATS, MAX_TOPICS
from magi.evaluation.equate import SCORINGS, Options, Scoring, is_number, key_of, options_of, same

MAX_ROWS: Final = 200_000
"""As many questions as a batch may hold."""
MAX_BYTES: Final = 1 << 30
"""Unpacked; a packed file that grows past this is a mistake or an attack."""
NOT_ASKED_RUN: Final = 50
"""A member that fails every second question leaves fifty blanks in a row once in 10**15 questions."""
NUMBERS_PERCENT: Final = 95
"""So many golds that are numbers make a set of number questions; the rest are numbers with a unit or a sign."""
MAX_PROBLEMS: Final = 20
UNKNOWN_OPTIONS: Final = 10
"""K where answers are free and no two wrong ones were ever seen: wrong answers spread far."""


class Row(NamedTuple):
    """One question: its topic, who agrees with whom, and which members are right."""

    topic: str
    pattern: Pattern
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Sheet:
    """The questions that every member was asked.

    Attributes:
        members: in the order of the command line, which is the council order.
        rows: in the order of the file.
        options: K, the options of a question, or their effective number where answers are free.
        scoring: how answers were compared.
        unasked: questions with gold that some member was not asked; nothing is learnt from or scored on them.
        left_out: these, and questions without gold.
        digest: SHA-256 of the file as it lies on disk.
    """

    members: tuple[str, ...]
    rows: tuple[Row, ...]
    options: int
    scoring: Scoring
    unasked: tuple[Row, ...]
    left_out: int
    digest: str

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic once, in order."""
        return tuple(sorted({row.topic for row in self.rows}))


@dataclass(frozen=True)
class _Entry:
    """One line of the file, parsed."""

    topic: str
    gold: str | None
    answers: Mapping[str, str | None]
    count: int
    texts: tuple[str, ...]
    correct: Mapping[str, bool]


def read_sheet(path: Path, members: Sequence[str], scoring: Scoring | None = None) -> Sheet:
    """The answers of `members` in a file, compared by `scoring` (None: what the file suggests).

    Raises:
        MalformedFileError: unreadable, not UTF-8, not such a file, too many rows, or no question left.
        UnknownNameError: a member that the file does not have, or the same member twice.
    """
    content = _content(path)
    entries = _parsed(path, content)
    _check_members(entries, members)
    asked, unasked = _asked(entries, members, blanks=_is_csv(path))
    if not asked:
        raise MalformedFileError("no_answers", file=str(path))
    from_zero = any((entry.gold or "").strip() == "0" for entry in asked)
    chosen = scoring or _suggested(asked, members, from_zero=from_zero)
    rows, others = (
        tuple(_row(entry, members, chosen, from_zero=from_zero) for entry in some)
        for some in (asked, unasked)
    )
    if len({row.topic for row in rows}) > MAX_TOPICS:
        raise MalformedFileError("too_many_topics", file=str(path), most=MAX_TOPICS)
    digest = hashlib.sha256(content).hexdigest()
    options, left_out = _options(asked, rows, chosen), len(entries) - len(asked)
    return Sheet(tuple(members), rows, options, chosen, others, left_out, digest)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error


def _parsed(path: Path, content: bytes) -> list[_Entry]:
    """Every line as an entry; all bad lines in one error, by number."""
    entries: list[_Entry] = []
    bad: list[str] = []
    try:
        for number, line in _records(path, content):
            if len(entries) + len(bad) >= MAX_ROWS:
                raise MalformedFileError("too_many_rows", file=str(path), most=MAX_ROWS)
            try:
                entries.append(_from_csv(line) if isinstance(line, dict) else _from_json(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                bad.append(f"line {number}")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, csv.Error, OSError) as error:
        raise MalformedFileError("unpacked", file=str(path), problems=(type(error).__name__,)) from error
    if bad:
        raise MalformedFileError("answer_sheet", file=str(path), problems=tuple(bad[:MAX_PROBLEMS]))
    return entries


def _records(path: Path, content: bytes) -> Iterator[tuple[int, str | dict[str, str]]]:
    packed = content[:2] == b"\x1f\x8b"
    stream = gzip.GzipFile(fileobj=io.BytesIO(content)) if packed else io.BytesIO(content)
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise MalformedFileError("answers_too_large", file=str(path), most=MAX_BYTES)
    text = data.decode("utf-8-sig")
    if _is_csv(path):
        yield from enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), start=2)
    else:
        yield from ((n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip())


def _is_csv(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".csv")


def _from_csv(row: dict[str, str]) -> _Entry:
    if None in row or any(value is None for value in row.values()):  # more or fewer cells than the heading
        raise ValueError
    fixed = {"question_id", "id", "category", "gold", "n_options", "question"}
    answers = {name: value.strip() or None for name, value in row.items() if name not in fixed}
    gold = row["gold"].strip() or None
    return _Entry(row.get("category", ""), gold, answers, int(row.get("n_options") or 0), (), {})


def _from_json(line: str) -> _Entry:
    row = json.loads(line, parse_constant=_refuse_constant)
    answers = {str(name): _text(value) for name, value in row["answers"].items()}
    options = row.get("options") or ()
    texts = tuple(str(text) for text in (options.values() if isinstance(options, dict) else options))
    count = int(row.get("n_options") or len(texts))
    if not 0 <= count <= MAX_OPTIONS:
        raise ValueError
    correct = {
        str(name): value for name, value in (row.get("correct") or {}).items() if isinstance(value, bool)
    }
    return _Entry(str(row.get("category") or ""), _text(row["gold"]), answers, count, texts, correct)


def _refuse_constant(_: str) -> None:
    raise ValueError  # NaN and infinities are no JSON and no answer


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value  # an empty text can be the right answer; what no answer looks like is null
    if isinstance(value, int | float):  # a bool too
        return str(value)
    raise TypeError


def _check_members(entries: Sequence[_Entry], members: Sequence[str]) -> None:
    known = {name for entry in entries for name in entry.answers}
    for name in members:
        if name not in known:
            raise UnknownNameError("member", name=name, known=tuple(sorted(known)))
    if not members or len(set(members)) != len(members) or len(members) > MAX_SEATS:
        raise UnknownNameError("members", most=MAX_SEATS)


def _asked(
    entries: Sequence[_Entry], members: Sequence[str], *, blanks: bool
) -> tuple[list[_Entry], list[_Entry]]:
    """The entries with gold that every member was asked, and those that some member was not."""
    partly = [name for name in members if blanks and _longest_blank(entries, name) >= NOT_ASKED_RUN]
    asked: list[_Entry] = []
    unasked: list[_Entry] = []
    for entry in entries:
        if entry.gold is not None:
            named = all(name in entry.answers for name in members)
            every = named and all(entry.answers[name] is not None for name in partly)
            (asked if every else unasked).append(entry)
    return asked, unasked


def _longest_blank(entries: Sequence[_Entry], name: str) -> int:
    runs = itertools.groupby(entries, key=lambda entry: entry.answers.get(name) is None)
    return max((sum(1 for _ in run) for blank, run in runs if blank), default=0)


def _suggested(entries: Sequence[_Entry], members: Sequence[str], *, from_zero: bool) -> Scoring:
    """The scoring that the file suggests: options, else recorded judgements, else numbers, else wording."""
    if all(
        entry.count and options_of(entry.gold or "", entry.count, from_zero=from_zero) for entry in entries
    ):
        return "choice"
    if all(name in entry.correct for entry in entries for name in members):
        free = [scoring for scoring in SCORINGS if scoring != "choice"]
        return min(free, key=lambda scoring: (_disagreements(entries, members, scoring), free.index(scoring)))
    numbers = sum(is_number(entry.gold or "") for entry in entries)
    return "number" if 100 * numbers >= NUMBERS_PERCENT * len(entries) else "text"


def _disagreements(entries: Sequence[_Entry], members: Sequence[str], scoring: Scoring) -> int:
    return sum(
        _is_right(entry, name, scoring, None) != entry.correct[name] for entry in entries for name in members
    )


def _is_right(entry: _Entry, name: str, scoring: Scoring, options: Options | None) -> bool:
    answer = entry.answers.get(name)
    key = None if answer is None else key_of(answer, scoring, options)
    gold = key_of(entry.gold or "", scoring, options)
    return key is not None and gold is not None and same(key, gold, scoring)


def _row(entry: _Entry, members: Sequence[str], scoring: Scoring, *, from_zero: bool) -> Row:
    """Number the classes as they first appear; near numbers join the first class that they are near to."""
    options = None
    if scoring == "choice":
        options = options_of(entry.gold or "", entry.count, entry.texts, from_zero=from_zero)
    keys = []
    for name in members:
        answer = entry.answers.get(name)
        keys.append(None if answer is None else key_of(answer, scoring, options))
    firsts: list[object] = []
    pattern = []
    for key in keys:
        place = -1
        if key is not None:
            place = next((n for n, first in enumerate(firsts) if same(key, first, scoring)), len(firsts))  # type: ignore[arg-type]  # the list holds keys
            if place == len(firsts):
                firsts.append(key)
        pattern.append(place)
    judged = entry.correct if all(name in entry.correct for name in members) else {}
    right = tuple(
        judged.get(name, _is_right(entry, name, scoring, options)) and place >= 0
        for name, place in zip(members, pattern, strict=True)
    )
    return Row(entry.topic, tuple(pattern), right)


def _options(entries: Sequence[_Entry], rows: Sequence[Row], scoring: Scoring) -> int:
    """The most options of any question; for free answers, how far wrong ones were seen to spread."""
    if scoring == "choice":
        return max(2, *(entry.count for entry in entries))
    both, alike = 0, 0
    for row in rows:
        wrong = [n for n, right in zip(row.pattern, row.right, strict=True) if n >= 0 and not right]
        for one, other in itertools.combinations(wrong, 2):
            both += 1
            alike += one == other
    return min(max(round(both / alike) + 1, 2), MAX_OPTIONS) if alike else UNKNOWN_OPTIONS
