"""How a file from outside names what it says: shipped shapes and an auditor's own, and which of them fits a file.

Leaves to others: reading the lines (`outside`), what they prove (`reconcile`).
"""

import functools
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta, timezone
from importlib.resources import files
from typing import Final, Literal

from magi.core.errors import MalformedFileError, UnknownNameError

Kind = Literal["usage", "proxy"]
Format = Literal["csv", "jsonl", "squid"]
Bucket = Literal["request", "minute", "hour", "day", "month"]

_KINDS: Final = ("usage", "proxy")
_FORMATS: Final = ("csv", "jsonl", "squid")
_BUCKETS: Final = ("request", "minute", "hour", "day", "month")
_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})")
_HALF_DAY_MINUTES: Final = 14 * 60
"""No place on Earth is further from UTC."""


@dataclass(frozen=True)
class Shape:
    """Columns by meaning: each a tuple of names, tried in order; counts of tokens are added up over all.

    `zone` is that of times without one of their own; None refuses such times. `bucket` is the length of a row's
    time where neither an `end` column gives it nor a bare day or month. `hosts` are patterns of the hosts that a
    usage file speaks for (none: all).
    """

    name: str
    kind: Kind
    format: tuple[Format, ...]
    checked: str = "own"
    needs: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    zone: str | None = None
    bucket: Bucket = "request"
    hosts: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    duration: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    input_tokens: tuple[str, ...] = ()
    output_tokens: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()
    offset: timezone | None = field(default=None, compare=False)

    @property
    def who(self) -> tuple[str, ...]:
        """The columns that say who was called: a model in a usage file, a host in a proxy's log."""
        return self.model if self.kind == "usage" else self.host

    def fits(self, columns: Collection[str]) -> bool:
        """Whether a file with these columns can be read by it."""
        if "squid" in self.format:
            return False
        return (
            all(name in columns for name in self.needs)
            and any(name in columns for name in self.time)
            and any(name in columns for name in self.who)
        )

    def in_zone(self, zone: str | None) -> "Shape":
        """The same shape with the zone that the caller states; None leaves it.

        Raises:
            UnknownNameError: zone, neither UTC, JST nor an offset as +09:00.
        """
        stated = zone or self.zone
        return replace(self, zone=stated, offset=None if stated is None else offset_of(stated))


def offset_of(zone: str) -> timezone:
    """A fixed offset from UTC: `UTC`, `JST` or `+09:00`. Zones with summer time have no one offset.

    Raises:
        UnknownNameError: zone, none of these.
    """
    named = {"UTC": 0, "Z": 0, "JST": 9 * 60}.get(zone.upper())
    found = _OFFSET.fullmatch(zone)
    if named is None and found is not None:
        sign = -1 if found[1] == "-" else 1
        named = sign * (int(found[2]) * 60 + int(found[3]))
    if named is None or abs(named) > _HALF_DAY_MINUTES:
        raise UnknownNameError("zone", name=zone)
    return timezone(timedelta(minutes=named))


@functools.cache
def shipped() -> Mapping[str, Shape]:
    """The shapes that come with the product, by name, in the order in which they are tried."""
    text = files("magi.replay").joinpath("outside_shapes.toml").read_text(encoding="utf-8")
    return {name: shape_of(name, table) for name, table in tomllib.loads(text).items()}


def parse_shape(name: str, text: str) -> Shape:
    """An auditor's own shape, one TOML table; see `outside_shapes.toml` for its fields.

    Raises:
        MalformedFileError: shape, not TOML, an unknown field or value, no time, or nobody who was called.
    """
    try:
        return shape_of(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MalformedFileError("shape", file=name, problems=("TOML",)) from error


def shape_of(name: str, table: Mapping[str, object]) -> Shape:
    """A shape from its table; every problem is named at once.

    Raises:
        MalformedFileError: shape, see `parse_shape`.
    """
    known = {each.name for each in fields(Shape)} - {"name", "offset"}
    problems = [field_name for field_name in table if field_name not in known]
    given: dict[str, object] = {}
    for field_name, value in table.items():
        single = field_name in ("kind", "checked", "zone", "bucket")
        whole = [value] if isinstance(value, str) else value
        words = isinstance(whole, list) and all(isinstance(word, str) for word in whole)
        if not isinstance(whole, list) or not words or (single and len(whole) != 1):
            problems.append(field_name)
        else:
            given[field_name] = whole[0] if single else tuple(whole)
    if not problems:
        problems = _wrong(given)
    if problems:
        raise MalformedFileError("shape", file=name, problems=tuple(dict.fromkeys(problems)))
    made = Shape(name=name, **given)  # type: ignore[arg-type]  # every field was checked above
    return made.in_zone(None)


def _wrong(given: Mapping[str, object]) -> list[str]:
    """The fields whose values no reader would know what to do with."""
    formats = given.get("format", ())
    assert isinstance(formats, tuple)  # noqa: S101  # `shape_of` made it one
    problems = [] if given.get("kind") in _KINDS else ["kind"]
    problems += [] if formats and all(word in _FORMATS for word in formats) else ["format"]
    problems += [] if given.get("bucket", "day") in _BUCKETS else ["bucket"]
    if "squid" not in formats:
        who = "model" if given.get("kind") == "usage" else "host"
        problems += [each for each in ("time", who) if not given.get(each)]
    return problems
