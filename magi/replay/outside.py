"""What the outside wrote down: vendors' usage exports and logs of the egress proxy, line by line, as plain entries.

Reads CSV, one JSON a line, and Squid's native access log, each line in UTF-8 or else CP932. A line that cannot be
read is a fault with its number, never skipped in silence; more than `MAX_FAULTS` of them mean that the file is not
what it was taken for. One line is held at a time. No word of a line is quoted: what stands in an invocation log may
be a question.

Leaves to others: where the bytes come from, the shapes (`shape`), what an entry proves (`reconcile`).
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Final

from magi.core.errors import MalformedFileError
from magi.replay.cells import MAX_COUNT, MS, FaultyError, at_ms, cell, count, host_in, milliseconds, span_of
from magi.replay.shape import Shape, shipped

MAX_LINE_BYTES: Final = 16_000_000
"""An invocation log holds prompt and answer in its line; a longer one is no line of any log."""
MAX_LINES: Final = 20_000_000
"""Some 100 bytes of memory each; a longer log is audited month by month."""
MAX_FAULTS: Final = 10_000
_ROWS_LOOKED_AT: Final = 100
"""Of a list: the first days of an export may be empty, and say nothing of its columns."""
_SQUID: Final = re.compile(
    r"\s*(?P<time>\d{9,11}\.\d{3})\s+(?P<took>\d{1,12})\s+\S+\s+(?P<result>[A-Z_]+)/\d{3}\s+\d+\s+"
    r"(?P<method>\S+)\s+(?P<url>\S+)(?:\s.*)?"
)


@dataclass(frozen=True)
class Entry:
    """One line of the outside: whom it names, from when to when (ms, both included), and what it counts.

    `requests` is None where the file counts none. `left` is false for what the proxy says it did not let out.
    """

    who: str
    first: int
    last: int
    requests: int | None = 1
    input_tokens: int | None = None
    output_tokens: int | None = None
    left: bool = True


@dataclass(frozen=True)
class Fault:
    """A line that says nothing that can be counted, by its number, and why: a code of `words.toml`."""

    file: str
    line: int
    what: str


@dataclass
class OutsideFile:
    """One file under way: give it lines, take entries; then ask what was wrong. Owned by one caller."""

    name: str
    shape: Shape | None
    candidates: tuple[Shape, ...]
    zone: str | None = None
    lines: int = 0
    entries: int = 0
    cp932_lines: int = 0
    cost: Decimal = Decimal(0)
    faults: list[Fault] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def read(self, raw: Iterable[bytes]) -> Iterator[tuple[int, Entry]]:
        """Every entry with the number of its line (the first is 1).

        Raises:
            MalformedFileError: outside_columns, no shape fits; outside_faults, more than `MAX_FAULTS` lines are
                faulty; outside_long, more than `MAX_LINES`; outside_zone, times without a zone and none stated.
        """
        texts = self._texts(raw)
        first = next(texts, None)
        if first is None:
            return
        self.shape = self._shape_for(first[1]).in_zone(self.zone)
        if first[1].lstrip()[:1] == "{":
            rows = self._json_rows(_again(first, texts))
        elif "squid" in self.shape.format:
            rows = ((number, {"": text}) for number, text in _again(first, texts))
        else:
            rows = self._csv_rows(_again(first, texts))
        for number, row in rows:
            try:
                entry = self._entry(row)
            except FaultyError as error:
                self._fault(number, str(error))
                continue
            self.entries += 1
            yield number, entry

    def _texts(self, raw: Iterable[bytes]) -> Iterator[tuple[int, str]]:
        for line in raw:
            self.lines += 1
            if self.lines > MAX_LINES:
                raise MalformedFileError("outside_long", file=self.name, limit=MAX_LINES)
            text = self._decoded(line)
            if text is not None and text.strip():
                self._note_repetition(line)
                yield self.lines, text

    def _note_repetition(self, line: bytes) -> None:
        mark = int.from_bytes(blake2b(line.strip(), digest_size=8).digest())
        if mark not in self._seen:
            self._seen.add(mark)
        elif len(self.repeated) < MAX_FAULTS:
            self.repeated.append(self.lines)

    def _decoded(self, line: bytes) -> str | None:
        if len(line) > MAX_LINE_BYTES:
            self._fault(self.lines, "too_long")
            return None
        if self.lines == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        for encoding in ("utf-8", "cp932"):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                continue
            self.cp932_lines += encoding == "cp932"
            if "\0" in text:
                break
            return text
        self._fault(self.lines, "encoding")
        return None

    def _fault(self, number: int, what: str) -> None:
        self.faults.append(Fault(self.name, number, what))
        if len(self.faults) > MAX_FAULTS:
            raise MalformedFileError("outside_faults", file=self.name, limit=MAX_FAULTS)

    def _shape_for(self, first: str) -> Shape:
        if self.shape is not None:
            if first.lstrip()[:1] != "{" and "csv" in self.shape.format:
                self._check_columns(self.shape, _header(first))
            return self.shape
        if _SQUID.fullmatch(first.strip()):
            columns: tuple[str, ...] = ()
            found = [shape for shape in self.candidates if "squid" in shape.format]
        elif first.lstrip()[:1] == "{":
            # Not the first line alone: fields that are null may be left out of it, but whoever does is told so.
            columns = _json_columns(first)
            found = [s for s in self.candidates if "jsonl" in s.format and s.fits(columns)]
        else:
            columns = _header(first)
            found = [s for s in self.candidates if "csv" in s.format and s.fits(columns)]
        if not found:
            raise MalformedFileError("outside_columns", file=self.name, known=tuple(shipped()))
        return found[0]

    def _check_columns(self, shape: Shape, columns: tuple[str, ...]) -> None:
        if not shape.fits(columns):
            wanted = (*shape.needs, "|".join(shape.time), "|".join(shape.who))
            raise MalformedFileError("outside_columns", file=self.name, known=wanted)

    def _json_rows(self, texts: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, object]]]:
        assert self.shape is not None  # noqa: S101  # `read` has chosen it
        for number, text in texts:
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                self._fault(number, "json")
                continue
            for row in _exploded(value, self.shape.rows):
                yield number, row

    def _csv_rows(self, texts: Iterator[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, object]]]:
        _, head = next(texts)
        names, separator = _header(head), _separator(head)
        for number, text in texts:
            try:
                (cells,) = csv.reader([text.rstrip("\r\n")], delimiter=separator, strict=True)
            except (csv.Error, ValueError):
                self._fault(number, "csv")
                continue
            if len(cells) != len(names):
                self._fault(number, "cells")
                continue
            yield number, dict(zip(names, cells, strict=True))

    def _entry(self, row: Mapping[str, object]) -> Entry:
        shape = self.shape
        assert shape is not None  # noqa: S101  # `read` has chosen it
        if "squid" in shape.format and "" in row:
            return _squid(str(row[""]))
        value = cell(row, shape.time)
        if value is None:
            raise FaultyError("time")
        first = last = at_ms(value, shape, self.name)
        if shape.end and (end := cell(row, shape.end)) is not None:
            last = at_ms(end, shape, self.name) - 1
            if last < first:
                raise FaultyError("backwards")
        elif shape.kind == "usage":
            first, last = span_of(first, shape, value)
        if (took := cell(row, shape.duration)) is not None:
            first = last = first - milliseconds(took)
        who = cell(row, shape.who)
        if who is None:
            raise FaultyError("nobody")
        self._add_cost(row, shape)
        name, requests = str(who).strip(), count(row, shape.requests)
        return Entry(
            who=host_in(name) if shape.kind == "proxy" else name,
            first=first,
            last=last,
            requests=1 if requests is None and first == last else requests,
            input_tokens=count(row, shape.input_tokens),
            output_tokens=count(row, shape.output_tokens),
        )

    def _add_cost(self, row: Mapping[str, object], shape: Shape) -> None:
        value = cell(row, shape.cost)
        if value is None:
            return
        try:
            cost = Decimal(str(value).replace(",", "").lstrip("¥$\\ ").strip())
        except InvalidOperation:
            raise FaultyError("cost") from None
        if not cost.is_finite() or abs(cost) > MAX_COUNT:
            raise FaultyError("cost")
        if cost < 0:
            raise FaultyError("negative")
        self.cost += cost


def _again(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from rest


def _separator(head: str) -> str:
    return max((",", "\t", ";"), key=head.count)


def _header(text: str) -> tuple[str, ...]:
    try:
        (names,) = csv.reader([text.rstrip("\r\n")], delimiter=_separator(text))
    except (csv.Error, ValueError):
        return ()
    return tuple(name.strip() for name in names)


def _json_columns(text: str) -> tuple[str, ...]:
    """The names in one line of JSON, at every depth, through the first rows of each list."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found: dict[str, None] = {}
    open_values: list[tuple[str, object]] = [("", value)]
    while open_values and len(found) < 1_000:  # noqa: PLR2004  # no row has more columns than that
        prefix, here = open_values.pop()
        if isinstance(here, list):
            open_values += [("", each) for each in here[:_ROWS_LOOKED_AT]]
        elif isinstance(here, dict):
            for name, inner in here.items():
                found[f"{prefix}{name}"] = None
                open_values.append((f"{prefix}{name}.", inner))
    return tuple(found)


def _exploded(row: Mapping[str, object], lists: tuple[str, ...]) -> Iterator[Mapping[str, object]]:
    """The row, or the rows that its lists hold, each with what stands around it."""
    name = next((name for name in lists if isinstance(row.get(name), list)), None)
    if name is None:
        yield row
        return
    outer = {key: value for key, value in row.items() if key != name}
    inner = row[name]
    assert isinstance(inner, list)  # noqa: S101  # the name was chosen for it
    for each in inner:
        yield from _exploded({**outer, **(each if isinstance(each, dict) else {"": each})}, lists)


def _squid(text: str) -> Entry:
    """One line of Squid's native log: its time is the end, `took` ms after the request came in."""
    found = _SQUID.fullmatch(text.strip())
    if found is None:
        raise FaultyError("squid")
    seconds, _, thousandths = found["time"].partition(".")
    began = int(seconds) * MS + int(thousandths) - int(found["took"])
    denied = "DENIED" in found["result"]
    return Entry(who=host_in(found["url"]), first=began, last=began, left=not denied)
