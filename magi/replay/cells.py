"""What one cell of a file from outside says: a count, a time, a span of time, a host. Pure.

Guesses nothing: a value that has more than one reading, or none, is a fault that the reader names by its line.
"""

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from magi.core.errors import MalformedFileError
from magi.replay.shape import Shape

MAX_COUNT: Final = 10**15
"""Tokens or requests in a row; more is no count."""
MS: Final = 1_000
_YEARS: Final = range(1990, 2200)
"""There was no log before, and the end of a span must still be a date."""
_WIDTHS: Final = {"minute": 60 * MS, "hour": 3_600 * MS, "day": 86_400 * MS}
_NGINX_TIME: Final = "%d/%b/%Y:%H:%M:%S %z"
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_COUNT: Final = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.0+)?|-?[0-9]+(?:\.0+)?")
_MONTH: Final = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})")
_LOOSE_DAY: Final = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})(?: ([0-9]{1,2})(:.*))?")
_DAY_ALONE: Final = re.compile(r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}")


class FaultyError(Exception):
    """A cell cannot be read; the argument is the fault's code. The reader of the file takes it."""


def cell(row: Mapping[str, object], names: tuple[str, ...]) -> object | None:
    """The first of these columns that says something."""
    return next((value for name in names if (value := _deep(row, name)) not in (None, "", "-")), None)


def _deep(row: Mapping[str, object], name: str) -> object | None:
    if name in row:
        return row[name]
    here: object = row
    for part in name.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here


def count(row: Mapping[str, object], names: tuple[str, ...]) -> int | None:
    """The sum of these columns; None where none of them is there.

    Raises:
        FaultyError: negative; count, not a whole number, or above `MAX_COUNT`.
    """
    values = [value for name in names if (value := _deep(row, name)) not in (None, "", "-")]
    return sum(_whole(value) for value in values) if values else None


def _whole(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not _COUNT.fullmatch(text) or len(text) > 24:  # noqa: PLR2004  # see MAX_COUNT
        raise FaultyError("count")
    number = int(text.partition(".")[0].replace(",", ""))
    if number < 0:
        raise FaultyError("negative")
    if number > MAX_COUNT:
        raise FaultyError("count")
    return number


def milliseconds(value: object) -> int:
    """A duration in seconds, in ms.

    Raises:
        FaultyError: duration, no such number.
    """
    text = str(value).strip()
    if not _NUMBER.fullmatch(text) or len(text) > 16:  # noqa: PLR2004  # 16 digits of seconds outlast any log
        raise FaultyError("duration")
    return int(Decimal(text) * MS)


def at_ms(value: object, shape: Shape, file: str) -> int:
    """A Unix time in seconds, ms, µs or ns (told by its size), or a calendar time, in ms.

    Raises:
        FaultyError: time, none of these.
        MalformedFileError: outside_zone, a time without a zone where the shape states none.
    """
    text = str(value).strip()
    if _NUMBER.fullmatch(text) and not isinstance(value, bool) and len(text) <= 32:  # noqa: PLR2004  # ns, decimals
        number = Decimal(text)
        for scale in (1, 10**3, 10**6, 10**9):
            if 10**8 * scale <= number < 10**10 * scale:  # 1973 to 2286
                return int(number * MS / scale)
        raise FaultyError("time")
    found = _calendar(text)
    if found.year not in _YEARS:
        raise FaultyError("time")
    if found.tzinfo is None:
        if shape.offset is None:
            raise MalformedFileError("outside_zone", file=file)
        found = found.replace(tzinfo=shape.offset)
    return round(found.timestamp() * MS)


def _calendar(text: str) -> datetime.datetime:
    if month := _MONTH.fullmatch(text):
        text = f"{month[1]}-{month[2]:0>2}-01"
    elif day := _LOOSE_DAY.fullmatch(text):
        clock = f"T{day[4]:0>2}{day[5]}" if day[4] else ""
        text = f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}{clock}"
    try:
        return datetime.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.datetime.strptime(text, _NGINX_TIME)  # noqa: DTZ007  # it ends in %z
    except (ValueError, OverflowError):
        raise FaultyError("time") from None


def span_of(moment_ms: int, shape: Shape, value: object) -> tuple[int, int]:
    """The first and last ms that a row speaks for: a month or day where no more is written, else the shape's."""
    text = str(value).strip()
    bucket = "month" if _MONTH.fullmatch(text) else "day" if _DAY_ALONE.fullmatch(text) else shape.bucket
    if bucket == "request":
        return moment_ms, moment_ms
    zone = shape.offset or datetime.UTC
    begin = datetime.datetime.fromtimestamp(moment_ms / MS, zone).replace(second=0, microsecond=0)
    if bucket != "minute":
        begin = begin.replace(minute=0)
    if bucket in ("day", "month"):
        begin = begin.replace(hour=0)
    first = round(begin.timestamp() * MS)
    if bucket != "month":
        return first, first + _WIDTHS[bucket] - 1
    begin = begin.replace(day=1)
    after = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    return round(begin.timestamp() * MS), round(after.timestamp() * MS) - 1


def host_in(text: str) -> str:
    """The host of a URL, of `host:port` or of a bare name: small letters, no final dot, no brackets.

    Raises:
        FaultyError: nobody, there is none.
    """
    text = text.strip().lower()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        host = ""
    if ":" in text and "://" not in text and not text.startswith("[") and text.count(":") > 1:
        host = text  # an IPv6 address by itself
    host = host.rstrip(".")
    if not host or len(host) > 255 or not host.isprintable() or " " in host:  # noqa: PLR2004  # RFC 1035 2.3.4
        raise FaultyError("nobody")
    return host
