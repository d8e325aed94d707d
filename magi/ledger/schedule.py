"""What is due: bodies whose retention period is over, what forbids erasing them, and what was erased before. Pure.

A retention period is counted in days of Japan from the day of the verdict, or of the opening; that first day does not
count, as in article 140 of the Civil Code (民法140条), so what was decided on 1 April with 30 days is due on 2 May.
Where a deliberation came to no verdict, its last record counts as its end.

Promises: a label without a schedule is kept for ever; nothing that is held or open is due. Leaves to others: reading
the log, erasing (`retention`), what a label means (`magi.residency`).
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from magi.core.acts import Erased, Held, HoldReleased
from magi.core.card import JAPAN_TIME, problems_of
from magi.core.decided import Decided
from magi.core.errors import MalformedFileError
from magi.core.fields import Code
from magi.core.frozen import Frozen
from magi.core.record import Record

MAX_DAYS = 36_525
"""A hundred years; 30 is the longest period of the regulations on public records (公文書管理法施行令)."""
MAX_SCHEDULES = 7
"""One a label."""
EVERY_STREAM = "*"

Basis = Literal["decided", "opened"]


class Schedule(Frozen):
    """How long bodies under one label (0 to 6) are kept, and from when on."""

    name: Code
    label: Annotated[int, Field(ge=0, le=6)]
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)]
    basis: Basis = "decided"


def parse_schedules(
    table: Mapping[str, object], file: str, labels: Mapping[str, int]
) -> tuple[Schedule, ...]:
    """The schedules of a TOML table with `[[schedule]]` entries: name, label (a word of `labels`), days, from.

    Raises:
        MalformedFileError: `schedules`, with every problem: an unknown key or label, a name or label twice.
    """
    entries = table.get("schedule", [])
    problems = [f"{key}: unknown" for key in table if key != "schedule"]
    if not isinstance(entries, list) or len(entries) > MAX_SCHEDULES:
        raise MalformedFileError("schedules", file=file, problems=(*problems, "schedule: list"))
    found: list[Schedule] = []
    for place, fields in enumerate(entries, start=1):
        given = dict(fields) if isinstance(fields, Mapping) else {}
        word = given.get("label")
        given["label"] = labels.get(word) if isinstance(word, str) else None
        if "from" in given:
            given["basis"] = given.pop("from")
        try:
            found.append(Schedule.model_validate(given))
        except ValidationError as error:
            problems += [f"schedule {place}: {what}" for what in problems_of(error)]
    names, taken = [each.name for each in found], [each.label for each in found]
    problems += [f"{name}: twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    problems += [f"label {label}: twice" for label in dict.fromkeys(taken) if taken.count(label) > 1]
    if problems:
        raise MalformedFileError("schedules", file=file, problems=tuple(problems))
    return tuple(found)


@dataclass(frozen=True)
class Case:
    """A deliberation as retention sees it: times in Unix ms, and the commitments that are not erased.

    `ended_ms` is the time of its verdict, or of its last record where there is none.
    """

    stream: str
    label: int
    opened_ms: int
    ended_ms: int
    is_open: bool
    commitments: tuple[str, ...]


@dataclass(frozen=True)
class Due:
    """A deliberation whose period is over: `since` that day of Japan by that schedule.

    `why_not` says why it is not erased all the same: a hold (named in `holds`), or that it is still open.
    """

    case: Case
    schedule: Schedule
    since: datetime.date
    why_not: Literal["held", "open"] | None
    holds: tuple[str, ...]


def case_of(
    records: Sequence[Record], label: int, erased: Mapping[str, "Tombstone"], *, is_open: bool
) -> Case:
    """A stream, whole and not empty, as retention sees it."""
    decided = [record.at_ms for record in records if isinstance(record.data, Decided)]
    return Case(
        stream=records[0].stream,
        label=label,
        opened_ms=records[0].at_ms,
        ended_ms=decided[0] if decided else records[-1].at_ms,
        is_open=is_open,
        commitments=tuple(
            ref.commitment for record in records for ref in record.refs if ref.commitment not in erased
        ),
    )


def due(
    cases: Iterable[Case],
    holds: Mapping[str, tuple[str, ...]],
    schedules: Sequence[Schedule],
    day: datetime.date,
) -> tuple[Due, ...]:
    """What is due on a day of Japan, in the order of the cases; what has no body left is not."""
    by_label = {schedule.label: schedule for schedule in schedules}
    found = []
    for case in cases:
        schedule = by_label.get(case.label)
        if schedule is None or not case.commitments:
            continue
        since = due_day(case, schedule)
        if day < since:
            continue
        over = holds_over(holds, case.stream)
        why_not: Literal["held", "open"] | None = "held" if over else "open" if case.is_open else None
        found.append(Due(case, schedule, since, why_not, over))
    return tuple(found)


def due_day(case: Case, schedule: Schedule) -> datetime.date:
    """The first day of Japan on which a case is due: its first day does not count, its last must be over."""
    start_ms = case.opened_ms if schedule.basis == "opened" else case.ended_ms
    start = datetime.datetime.fromtimestamp(start_ms / 1000, JAPAN_TIME).date()
    try:
        return start + datetime.timedelta(days=schedule.days + 1)
    except OverflowError:  # a clock that stood in the year 9999
        return datetime.date.max


@dataclass(frozen=True)
class Tombstone:
    """That a body was erased: when (Unix ms), by whom, the code why, and the ordinal of the record."""

    stream: str
    at_ms: int
    by: str
    why: str
    ordinal: int


def tombstones_of(records: Iterable[Record]) -> Mapping[str, Tombstone]:
    """What was erased, by commitment, from the records of stream `retention`."""
    return {
        commitment: Tombstone(
            record.data.stream, record.at_ms, record.data.by, record.data.why, record.ordinal
        )
        for record in records
        if isinstance(record.data, Erased)
        for commitment in record.data.commitments
    }


def holds_of(records: Iterable[Record]) -> Mapping[str, tuple[str, ...]]:
    """The legal holds in force, by name, with their streams, from the records of stream `retention`."""
    holds: dict[str, tuple[str, ...]] = {}
    for record in records:
        if isinstance(record.data, Held):
            holds[record.data.name] = record.data.streams
        elif isinstance(record.data, HoldReleased):
            holds.pop(record.data.name, None)
    return holds


def holds_over(holds: Mapping[str, tuple[str, ...]], stream: str) -> tuple[str, ...]:
    """The names of the holds over a stream, in order of name."""
    return tuple(sorted(name for name, over in holds.items() if {stream, EVERY_STREAM} & set(over)))
