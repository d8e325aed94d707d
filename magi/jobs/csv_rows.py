"""CSV to fields: a header row, then one row a record (RFC 4180). Cells are plain text, whatever they start with.

Columns: `id`, `question`, `label`, `space`, `magi_topic`; the options either one a column (`option_ア`, `option_イ`,
...; an empty cell is no option) or all in the column `options`, separated by line ends, else by `|`. Other columns are
ignored. A cell that a spreadsheet would run as a formula (=, +, -, @) is text like any other: nothing here
evaluates it, and the output is JSON.

Promises: each line of the file belongs to exactly one record. A record whose quotation marks do not match costs
its first line only: reading goes on with the next. Until the end of what the broken record had swallowed, a row
must have a cell for every column, so that a torn text is not taken for rows.
Leaves to others: what the fields mean (`rows`).
"""

import csv
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.errors import MagiError, MalformedFileError, QuestionRefusedError
from magi.jobs.survey import Line

MAX_RECORD_CHARS = 1_000_000
"""A longest question with 26 longest options has 204,000 characters; the rest is room for other columns."""
OPTION = "option_"
_COLUMNS = frozenset({"id", "question", "label", "space", "options", "magi_topic"})


@dataclass(frozen=True)
class CsvRecord:
    """One record: its first and last line, and its fields by column or the reason why there are none."""

    line: int
    last_line: int
    fields: Mapping[str, object] = field(default_factory=dict, repr=False)
    error: MagiError | None = None


class _TooLargeError(Exception):
    """The record under way has more characters than any row may have."""


class _Fed:
    """Hands lines to the parser, remembers which it took for the record under way, and takes some back."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self._returned: deque[Line] = deque()
        self.taken: list[Line] = []
        self._chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._source)
        self.taken.append(line)
        self._chars += len(line.text)
        if self._chars > MAX_RECORD_CHARS:
            raise _TooLargeError
        return line.text

    def begin(self) -> None:
        """The next line starts a record."""
        self.taken = []
        self._chars = 0

    def take_back(self) -> Line:
        """Give up the record under way: its first line is spent, the others come again."""
        first, *rest = self.taken
        self._returned.extendleft(reversed(rest))
        return first


def csv_records(source: Iterator[Line], file: str) -> Iterator[CsvRecord]:
    """The records after the header, blank lines left out; `file` names it in errors.

    Raises:
        MalformedFileError: header: none, broken, without `id` or `question`, or with a column twice.
    """
    fed = _Fed(source)
    columns: Sequence[str] | None = None
    doubtful = 0
    for cells, error in _parsed(fed):
        first, last = fed.taken[0].number, fed.taken[-1].number
        if columns is None:
            columns = _header(cells, error, file)
        elif error is not None:
            yield CsvRecord(first, first, error=error)
            doubtful = max(doubtful, last)
        elif cells or any(line.fault for line in fed.taken):
            yield _record(columns, cells, fed.taken, whole=first <= doubtful)
    if columns is None:
        raise MalformedFileError("header", file=file)


def _parsed(fed: _Fed) -> Iterator[tuple[list[str], MagiError | None]]:
    """Records as the parser of the standard library sees them; after an error it starts afresh."""
    reader = csv.reader(fed, strict=True)
    while True:
        fed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLargeError) as error:
            chars = sum(len(line.text) for line in fed.taken)
            large = isinstance(error, _TooLargeError) or chars > csv.field_size_limit()
            yield [], QuestionRefusedError("line_too_long" if large else "csv_quotes")
            fed.take_back()
            reader = csv.reader(fed, strict=True)
            continue
        yield cells, None


def _header(cells: Sequence[str], error: MagiError | None, file: str) -> list[str]:
    names = [unicodedata.normalize("NFKC", cell).strip() for cell in cells]
    names = [
        name.lower() if name.lower() in _COLUMNS or name.lower().startswith(OPTION) else "" for name in names
    ]
    named = [name for name in names if name]
    if error is not None or len(set(named)) < len(named) or not {"id", "question"} <= set(named):
        raise MalformedFileError("header", file=file)
    return names


def _record(columns: Sequence[str], cells: list[str], taken: list[Line], *, whole: bool) -> CsvRecord:
    first, last = taken[0].number, taken[-1].number
    for line in taken:
        if line.fault == "line_too_long":
            return CsvRecord(first, last, error=QuestionRefusedError("line_too_long"))
        if line.fault is not None:
            return CsvRecord(first, last, error=QuestionRefusedError("broken_encoding", byte=line.byte))
    # Spreadsheets leave out empty cells at a row's end, and may add some.
    if any(cells[len(columns) :]) or (whole and len(cells) != len(columns)):
        facts = {"cells": len(cells), "columns": len(columns)}
        return CsvRecord(first, last, error=QuestionRefusedError("csv_cells", **facts))
    return CsvRecord(first, last, _fields(columns, cells))


def _fields(columns: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    given = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell.strip()}
    fields: dict[str, object] = {name: cell for name, cell in given.items() if not name.startswith(OPTION)}
    if "options" in given:
        fields["options"] = _split(given["options"])
    own = {name.removeprefix(OPTION).upper(): cell for name, cell in given.items() if name.startswith(OPTION)}
    if own:
        fields["options"] = own
    return fields


def _split(cell: str) -> list[str]:
    parts = cell.splitlines() if len(cell.strip().splitlines()) > 1 else cell.split("|")
    return [part.strip() for part in parts if part.strip()]
