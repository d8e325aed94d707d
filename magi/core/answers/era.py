"""Japanese eras: which Gregorian days each covers, and whether a partial date lies in one.

明治 is read from 明治6年 on: Japan counted lunar days until 明治5年12月2日, and their numbers are not Gregorian
ones. On 1912-07-30 and 1926-12-25 the old and the new era name the same day. Sources: 太政官布告明治5年337号,
元号法 (昭和54年法律43号) and the 改元 orders of 1989 and 2019.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Final


@dataclass(frozen=True, slots=True)
class Era:
    """An era: its names, its year 1, and its first and last Gregorian day as far as we read it."""

    names: tuple[str, ...]
    first_year: int
    first: date
    last: date


ERAS: Final = (
    Era(("明治", "M"), 1868, date(1873, 1, 1), date(1912, 7, 30)),
    Era(("大正", "T"), 1912, date(1912, 7, 30), date(1926, 12, 25)),
    Era(("昭和", "S"), 1926, date(1926, 12, 25), date(1989, 1, 7)),
    Era(("平成", "H"), 1989, date(1989, 1, 8), date(2019, 4, 30)),
    Era(("令和", "R"), 2019, date(2019, 5, 1), date(MAXYEAR, 12, 31)),
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or its year, its year and month, or its month and day."""

    year: int | None
    month: int | None = None
    day: int | None = None

    def iso(self) -> str:
        """Return ISO 8601, with `--11-22` for a month and day without a year (XML Schema gMonthDay)."""
        parts = ["-" if self.year is None else f"{self.year:04d}"]
        parts += [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)


def gregorian_year(era: str, year: int) -> int | None:
    """Return the Gregorian year of an era year, or None if there is no such era or year 0."""
    found = _era(era)
    return None if found is None or year < 1 else found.first_year + year - 1


def exists(day: Day) -> bool:
    """Tell whether the calendar has this day, month or year."""
    try:
        # 2000 is a leap year: 02-29 without a year is a day of some year.
        date(2000 if day.year is None else day.year, day.month or 1, day.day or 1)
    except ValueError:
        return False
    return True


def lies_in(day: Day, era: str) -> bool:
    """Tell whether a date that exists lies in an era, or a partial one overlaps it."""
    found = _era(era)
    if found is None or day.year is None:
        return False
    months = (day.month, day.month) if day.month else (1, 12)
    first = date(day.year, months[0], day.day or 1)
    last = date(day.year, months[1], day.day or monthrange(day.year, months[1])[1])
    return first <= found.last and found.first <= last


def _era(name: str) -> Era | None:
    return next((era for era in ERAS if name.upper() in era.names), None)
