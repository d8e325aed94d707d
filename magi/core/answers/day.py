"""Reading a date: 和暦, Gregorian or English, to one ISO spelling.

Partial dates are classes of their own (`2026`, `2026-11`, `--11-22`), never completed. A day outside its era,
a weekday that does not fit and a day that no calendar has are `not_a_date`; 頃, 上旬 and the like are
`approximate`. 11/22/2026 and 26/11/22 are refused: their order is a guess.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from magi.core.answers.era import Day, exists, gregorian_year, lies_in
from magi.core.answers.numeral import parse_numeral
from magi.core.answers.outcome import FailureName, Reading, unread
from magi.core.answers.phrase import COPULA, DOUBT

_OPENING: Final = " \n\"'“「『【[(:→"
_NUMBER: Final = r"(?:[0-9]{1,4}|[〇零一壱二弐三参四五六七八九十拾百千]{1,7})"
_YEAR: Final = rf"(?:明治|大正|昭和|平成|令和|西暦|[MTSHRmtshr]\.?)?\s?(?:元|{_NUMBER})"
_JAPANESE: Final = re.compile(
    rf"(?P<year>{_YEAR})\s?(?:\((?P<inner>{_YEAR})年?\)\s?)?年\s?(?:\((?P<outer>{_YEAR})年?\)\s?)?"
    rf"(?:(?P<month>{_NUMBER})\s?月\s?(?:(?P<day>{_NUMBER})\s?日)?)?"
)
_NUMERIC: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})|[-/](?P<only>[0-9]{1,2}))"
    r"(?![0-9]|[-/.][0-9])"
)
_INITIAL: Final = re.compile(
    r"(?P<year>[MTSHR]\.?\s?(?:[0-9]{1,2}|元))(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    r"(?![0-9]|[-/.][0-9])",
    re.IGNORECASE,
)
_MONTH_DAY: Final = re.compile(rf"(?P<month>{_NUMBER})\s?月\s?(?P<day>{_NUMBER})\s?日")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME: Final = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_ENGLISH: Final = (
    re.compile(
        rf"{_NAME} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<year>[0-9]{{4}})(?![0-9])", re.IGNORECASE
    ),
    re.compile(
        rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)? {_NAME},? (?P<year>[0-9]{{4}})(?![0-9])", re.IGNORECASE
    ),
    re.compile(rf"{_NAME},? (?P<year>[0-9]{{4}})(?![0-9])", re.IGNORECASE),
)
_WEEKDAY: Final = re.compile(
    r"\s?\(?(?P<weekday>[月火水木金土日])(?:曜日?)?\)|\s?(?P<full>[月火水木金土日])曜日?"
)
_WEEKDAYS: Final = "月火水木金土日"
_VAGUE: Final = re.compile(r"\s?\(?(?:頃|ごろ|ころ|上旬|中旬|下旬|初旬|初頭|末|前後|以降|以前|以後|あたり)")
_ABOUT: Final = re.compile(r"約|およそ|おおよそ|遅くとも|早くとも|\b(?:about|around|circa)\b", re.IGNORECASE)
_RANGE: Final = re.compile(
    r"\s?(?:[~〜–—]|から|または|又は|or\b|か|、|,|及び|と)\s?(?:明治|大正|昭和|平成|令和|[MTSHR]?[0-9])"
)
_CLOSING: Final = re.compile(r"[)\]」』】\"'”}]*")
_END: Final = re.compile(r"[\s。.!)\]」』】\"'”}]*$")
_PAUSE: Final = re.compile(r"\s{0,4}[。、,;.!\n]")


def read_day(segment: str, *, stated: bool) -> Reading:
    """Read one stretch of folded, undecorated text as a date; without `stated` nothing else may stand in it."""
    text = segment.strip(_OPENING)
    if _ABOUT.match(text):
        return unread(FailureName.APPROXIMATE)
    found = _day_at(text)
    if found is None:
        return unread(FailureName.NOT_A_DATE)
    day, end = found
    failure = _tail_failure(text[end:], day, stated=stated)
    return unread(failure) if failure else Reading(ballot=day.iso())


def _day_at(text: str) -> tuple[Day, int] | None:
    """Return the date at the head of a text, if it exists, and where it ends."""
    for read in (_read_japanese, _read_numeric, _read_english, _read_month_day):
        found = read(text)
        if found is not None:
            day, end = found
            return (day, end) if day is not None and exists(day) else None
    return None


def _read_japanese(text: str) -> tuple[Day | None, int] | None:
    found = _JAPANESE.match(text) or _INITIAL.match(text)
    if found is None:
        return None
    names = [found["year"], *(name for key in ("inner", "outer") if (name := found.groupdict().get(key)))]
    month, day = _whole(found["month"]), _whole(found["day"])
    days = {_dated(name, month, day) for name in names}
    if len(days) != 1 or (found["month"] and month is None) or (found["day"] and day is None):
        return None, found.end()  # 令和8年（2025年）
    return days.pop(), found.end()


def _dated(name: str, month: int | None, day: int | None) -> Day | None:
    """Return a year as written, with month and day, or None where the era has no such day."""
    era = re.match(r"明治|大正|昭和|平成|令和|西暦|[A-Za-z]", name)
    digits = name[era.end() if era else 0 :].lstrip(". ")
    year = 1 if digits == "元" else _whole(digits)
    if year is None:
        return None
    if era is None or era[0] == "西暦":
        return Day(year, month, day) if year >= _FIRST_FOUR_DIGIT_YEAR and digits != "元" else None
    gregorian = gregorian_year(era[0], year)
    dated = None if gregorian is None else Day(gregorian, month, day)
    return dated if dated is not None and exists(dated) and lies_in(dated, era[0]) else None


_FIRST_FOUR_DIGIT_YEAR: Final = 1000
"""26年 may be 2026, 平成26年 or a duration; a Gregorian year is written with four digits."""


def _read_numeric(text: str) -> tuple[Day | None, int] | None:
    found = _NUMERIC.match(text)
    if found is None:
        return None
    day = Day(int(found["year"]), int(found["month"] or found["only"]), _whole(found["day"]))
    return day, found.end()


def _read_english(text: str) -> tuple[Day | None, int] | None:
    for pattern in _ENGLISH:
        found = pattern.match(text)
        if found is not None:
            month = _MONTHS.index(found["name"][:3].casefold()) + 1
            return Day(int(found["year"]), month, _whole(found.groupdict().get("day"))), found.end()
    return None


def _read_month_day(text: str) -> tuple[Day | None, int] | None:
    found = _MONTH_DAY.match(text)
    if found is None:
        return None
    month, day = _whole(found["month"]), _whole(found["day"])
    return (None if month is None or day is None else Day(None, month, day)), found.end()


def _whole(token: str | None) -> int | None:
    value = parse_numeral(token) if token else None
    return int(value) if value is not None and value.denominator == 1 else None


def _tail_failure(tail: str, day: Day, *, stated: bool) -> FailureName | None:
    """Say why what follows a date does not let it stand, or None if it does."""
    weekday = _WEEKDAY.match(tail)
    if weekday is not None:
        if not _is_weekday(day, weekday["weekday"] or weekday["full"]):
            return FailureName.NOT_A_DATE
        tail = tail[weekday.end() :]
    if _RANGE.match(tail) or _VAGUE.match(tail):
        return FailureName.SEVERAL_ANSWERS if _RANGE.match(tail) else FailureName.APPROXIMATE
    closing = _CLOSING.match(tail)
    return _rest_failure(tail[closing.end() :] if closing else tail, day, stated=stated)


def _rest_failure(rest: str, day: Day, *, stated: bool) -> FailureName | None:
    if rest.lstrip().startswith("("):
        return _same_in_brackets(rest.lstrip()[1:], day)
    copula = COPULA.match(rest)
    rest = rest[copula.end() :] if copula else rest
    if _END.match(rest):
        return None
    if not _PAUSE.match(rest) or not stated or DOUBT.search(rest):
        return FailureName.UNPARSABLE
    return FailureName.SEVERAL_ANSWERS if re.search(r"[0-9]|[一二三四五六七八九十]+[年月日]", rest) else None


def _same_in_brackets(rest: str, day: Day) -> FailureName | None:
    """Let 2026-11-22（令和8年11月22日） stand, and no other date in brackets."""
    other = _day_at(rest)
    if other is None or other[0] != day:
        return FailureName.SEVERAL_ANSWERS if re.search(r"[0-9]", rest) else FailureName.UNPARSABLE
    beyond = rest[other[1] :].lstrip(")")
    copula = COPULA.match(beyond)
    return None if _END.match(beyond[copula.end() :] if copula else beyond) else FailureName.UNPARSABLE


def _is_weekday(day: Day, name: str) -> bool:
    if day.year is None or day.month is None or day.day is None:
        return False
    return _WEEKDAYS[date(day.year, day.month, day.day).weekday()] == name
