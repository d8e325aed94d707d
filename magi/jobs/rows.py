"""Rows of a batch file: each one either a question ready to be asked, or a refusal with a reason.

JSON lines: one object a line with `id` (text or integer), `question`, and optionally `options` (a list of texts,
or id -> text), `space` (an object such as {"kind": "number", "unit": "円"}, or its word, `number:円`), `label` and
`magi_topic` (a code that the council's gates and lists may name).
Every other key is ignored; a gold answer is never looked at. CSV: see `csv_rows`.

Promises: every row of the file comes out exactly once, in order, good or bad; nothing of its text is in a
refusal; a label of the whole batch and one of a row join, so neither lowers the other. Blank lines are no rows.
Leaves to others: lines and encodings (`survey`), asking (`batch`).
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from magi.core.canonical import digest
from magi.core.errors import MagiError, MalformedFileError, QuestionRefusedError, UnknownNameError
from magi.core.space import MAX_OPTIONS, AnswerSpace, ChoiceSpace
from magi.core.terms import read_topic
from magi.jobs.csv_rows import csv_records
from magi.jobs.seen import Seen
from magi.jobs.survey import Line, Survey, lines
from magi.residency.label import declared_label, join
from magi.service.question import Question, take_question

MAX_ROWS = 2_000_000
"""Of one file: 32 MB of id digests. Larger work is better kept in several files."""
MAX_ID_CHARS = 200
"""An id names a row; a text that long is not a name."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Ids for options that come as a plain list."""
_OWN_LABEL = re.compile(r"\s*([A-Za-z])(?:[.)．）、:：]\s*|\s+)(?=\S)")
_KINDS = {
    "yes-no": "yes_no_conditional",
    "open": "open",
    "date": "date",
    "number": "number",
    "choice": "choice",
}
_SPACE = TypeAdapter[AnswerSpace](AnswerSpace)

RowId = str | int


@dataclass(frozen=True)
class BadRow:
    """A row that is not asked: its lines (`last_line` differs for a CSV row of several), and why.

    `id` is None where none could be read.
    """

    line: int
    last_line: int
    id: RowId | None
    error: MagiError


@dataclass(frozen=True)
class Row:
    """A row to be asked: its lines, its own id as written, its question, its declared label's word and topic."""

    line: int
    last_line: int
    id: RowId
    question: Question
    label: str | None
    topic: str | None = None

    def refused(self, error: MagiError) -> BadRow:
        """The same row, when the service refused it."""
        return BadRow(self.line, self.last_line, self.id, error)


def read_rows(found: Survey, label: str | None) -> Iterator[Row | BadRow]:
    """The rows of a surveyed file; `label` is the word declared for the whole batch, None for none.

    Raises:
        MalformedFileError: unreadable, not_a_file; header (CSV: no usable header row); too_many_rows.
        UnknownNameError: there is no such label for the batch.
    """
    declared_label(label)
    seen = Seen()
    for row in _unclaimed(found, label):
        if isinstance(row, BadRow):
            yield row
            continue
        # 7 and "7" are one id: a reader of the output could not tell them apart.
        is_new = seen.add(int(digest(str(row.id).encode())[:16], 16))
        if len(seen) > MAX_ROWS:
            raise MalformedFileError("too_many_rows", file=str(found.path), most=MAX_ROWS)
        yield row if is_new else row.refused(QuestionRefusedError("duplicate_id"))


def _unclaimed(found: Survey, label: str | None) -> Iterator[Row | BadRow]:
    """The rows, each by itself."""
    if found.form == "csv":
        for record in csv_records(lines(found), str(found.path)):
            yield _taken(record.line, record.last_line, record.fields, record.error, label)
        return
    for line in lines(found):
        if line.fault is not None or line.text.strip():
            fields, error = _object(line)
            yield _taken(line.number, line.number, fields, error, label)


def _object(line: Line) -> tuple[Mapping[str, object], MagiError | None]:
    """The line's JSON object, or why there is none."""
    if line.fault == "line_too_long":
        return {}, QuestionRefusedError("line_too_long")
    if line.fault == "broken_encoding":
        return {}, QuestionRefusedError("broken_encoding", byte=line.byte)
    try:
        value = json.loads(line.text, object_pairs_hook=_once)
    except QuestionRefusedError as error:
        return {}, error
    except (ValueError, RecursionError):
        return {}, QuestionRefusedError("malformed_json")
    return (value, None) if isinstance(value, dict) else ({}, QuestionRefusedError("not_an_object"))


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ: of two labels or questions, neither may win unseen."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise QuestionRefusedError("duplicate_key")
    return made


def _taken(
    line: int, last_line: int, fields: Mapping[str, object], error: MagiError | None, label: str | None
) -> Row | BadRow:
    known: RowId | None = None
    try:
        if error is not None:
            raise error
        known = _id(fields.get("id"))
        own = _label(fields.get("label"), label)
        return Row(line, last_line, known, _question(fields), own, _topic(fields.get("magi_topic")))
    except QuestionRefusedError as refused:
        return BadRow(line, last_line, known, refused)


def _id(raw: object) -> RowId:
    if raw is None or raw == "":
        raise QuestionRefusedError("no_id")
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise QuestionRefusedError("bad_id")
    text = str(raw)
    if not text.strip() or len(text) > MAX_ID_CHARS or any("\ud800" <= char <= "\udfff" for char in text):
        raise QuestionRefusedError("bad_id")
    return raw


def _question(fields: Mapping[str, object]) -> Question:
    text = fields.get("question")
    if not isinstance(text, str) or not text:
        raise QuestionRefusedError("no_question")
    options = read_options(fields.get("options"))
    return take_question(text, read_space(fields.get("space"), tuple(options)), options)


def _topic(raw: object) -> str | None:
    if raw is not None and not isinstance(raw, str):
        raise QuestionRefusedError("topic_form")
    return read_topic(raw)


def _label(raw: object, batch: str | None) -> str | None:
    """The stricter of the two declarations; None where neither was made."""
    if raw is None or raw == "":
        return batch
    try:
        if not isinstance(raw, str):
            raise QuestionRefusedError("label_unknown")
        labels = [declared_label(word) for word in (raw.strip(), batch) if word is not None]
    except UnknownNameError as error:
        # Not its own words: a cell in the wrong column may hold anything.
        raise QuestionRefusedError("label_unknown") from error
    return join(labels).word


def read_options(raw: object) -> dict[str, str]:
    """Option id -> text, in order: from a mapping, or from a list, whose ids are A, B, C, ...

    Where every text of a list begins with its own letter in turn ("a …", "B. …"), that letter is taken off.

    Raises:
        QuestionRefusedError: options_form.
    """
    if raw is None or raw in ("", [], {}):
        return {}
    if isinstance(raw, Mapping):
        pairs = [(unicodedata.normalize("NFKC", str(name)).strip(), text) for name, text in raw.items()]
    elif isinstance(raw, Sequence) and not isinstance(raw, str) and len(raw) <= MAX_OPTIONS:
        pairs = list(zip(LETTERS, _without_labels([_option_text(each) for each in raw]), strict=False))
    else:
        raise QuestionRefusedError("options_form")
    options = {name: _option_text(text) for name, text in pairs}
    if len(options) < len(pairs):
        raise QuestionRefusedError("options_form")
    return options


def _option_text(raw: object) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise QuestionRefusedError("options_form")
    return str(raw)


def _without_labels(texts: list[str]) -> list[str]:
    found = [_OWN_LABEL.match(text) for text in texts]
    own = "".join(match[1].upper() for match in found if match)
    if own != LETTERS[: len(texts)]:
        return texts
    return [text[match.end() :] for text, match in zip(texts, found, strict=True) if match]


def read_space(raw: object, ids: tuple[str, ...]) -> AnswerSpace | None:
    """The declared answer space; a choice where there are options; None where it is to be derived.

    Raises:
        QuestionRefusedError: space_form, options_form, options_absent, options_not_choice.
    """
    if (raw is None or raw == "") and not ids:
        return None
    fields = {"kind": "choice"} if raw is None or raw == "" else _space_fields(raw)
    if fields.get("kind") == "choice" and "options" not in fields:
        return _choice(ids)
    try:
        space: AnswerSpace = _SPACE.validate_json(json.dumps(fields))
    except (ValidationError, ValueError) as error:
        raise QuestionRefusedError("space_form") from error
    if ids and space.kind != "choice":
        raise QuestionRefusedError("options_not_choice")
    return space


def _choice(ids: tuple[str, ...]) -> ChoiceSpace:
    if not ids:
        raise QuestionRefusedError("options_absent")
    try:
        return ChoiceSpace(options=ids)
    except ValidationError as error:
        raise QuestionRefusedError("options_form") from error


def _space_fields(raw: object) -> Mapping[str, object]:
    if isinstance(raw, Mapping):
        return raw
    if not isinstance(raw, str):
        raise QuestionRefusedError("space_form")
    word, _, unit = raw.strip().partition(":")
    if word not in {*_KINDS, *_KINDS.values()}:
        raise QuestionRefusedError("space_form")
    return {"kind": _KINDS.get(word, word), **({"unit": unit} if unit else {})}
