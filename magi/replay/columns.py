"""A million sends and a million rows in columns, rows added up by their spans, and what sums of tokens may be. Pure.

The store of `reconcile`: plain arrays, since an object for each line of a log would fill the memory.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from magi.replay.outside import Entry

UNKNOWN: Final = -1
"""In columns of counts: not stated."""
MAX_TOLERANCE_MS: Final = 3_600_000
"""Clocks further apart than an hour are no evidence of anything."""
MAX_FLIGHT_MS: Final = 3_600_000
"""No request runs longer: a record that came later (a recovery) says nothing of when it ended."""


@dataclass(frozen=True)
class Sends:
    """The sends in columns, some 80 bytes each."""

    at: "array[int]" = field(default_factory=lambda: array("q"))
    first: "array[int]" = field(default_factory=lambda: array("q"))
    last: "array[int]" = field(default_factory=lambda: array("q"))
    flags: bytearray = field(default_factory=bytearray)
    tokens_in: "array[int]" = field(default_factory=lambda: array("q"))
    tokens_out: "array[int]" = field(default_factory=lambda: array("q"))
    host: list[str] = field(default_factory=list)
    stream: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rows:
    """Entries of one group of the outside in columns, some 60 bytes each."""

    first: "array[int]" = field(default_factory=lambda: array("q"))
    last: "array[int]" = field(default_factory=lambda: array("q"))
    requests: "array[int]" = field(default_factory=lambda: array("q"))
    tokens_in: "array[int]" = field(default_factory=lambda: array("q"))
    tokens_out: "array[int]" = field(default_factory=lambda: array("q"))
    left: bytearray = field(default_factory=bytearray)
    file: list[str] = field(default_factory=list)
    line: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass(frozen=True)
class Bucket:
    """Rows of one model and one span of time, added up; UNKNOWN where any of them does not say."""

    first: int
    last: int
    requests: int
    tokens_in: int
    tokens_out: int
    where: str

    @property
    def moment(self) -> bool:
        """Whether it is a single moment."""
        return self.first == self.last

    def joined(self, other: "Bucket") -> "Bucket":
        """Both in one: the span over both, the sums of what both state, the place of the first."""
        return Bucket(
            self.first,
            max(self.last, other.last),
            _sum(self.requests, other.requests),
            _sum(self.tokens_in, other.tokens_in),
            _sum(self.tokens_out, other.tokens_out),
            self.where,
        )


def _sum(one: int, other: int) -> int:
    return UNKNOWN if UNKNOWN in (one, other) else one + other


def keep(rows: Rows, file: str, line: int, entry: Entry) -> None:
    """Append one entry of the outside."""
    rows.first.append(entry.first)
    rows.last.append(entry.last)
    rows.requests.append(UNKNOWN if entry.requests is None else entry.requests)
    rows.tokens_in.append(UNKNOWN if entry.input_tokens is None else entry.input_tokens)
    rows.tokens_out.append(UNKNOWN if entry.output_tokens is None else entry.output_tokens)
    rows.left.append(entry.left)
    rows.file.append(file)
    rows.line.append(line)


def buckets_of(rows: Rows, overlaps: list[str]) -> list[Bucket]:
    """Rows of the same span added up, in order of time; spans that overlap are added to `overlaps` and made one."""
    order = sorted(range(len(rows.first)), key=lambda row: (rows.first[row], rows.last[row]))
    buckets: list[Bucket] = []
    for row in order:
        where = f"{rows.file[row]}:{rows.line[row]}"
        counts = (rows.requests[row], rows.tokens_in[row], rows.tokens_out[row])
        bucket = Bucket(rows.first[row], rows.last[row], *counts, where)
        before = buckets[-1] if buckets else None
        if before is None or before.last < bucket.first:
            buckets.append(bucket)
            continue
        if (before.first, before.last) != (bucket.first, bucket.last):
            overlaps.append(where)
        buckets[-1] = before.joined(bucket)
    return buckets


def spans_with(buckets: Sequence[Bucket], stated: Sequence[int]) -> Iterator[tuple[Bucket, int]]:
    """The spans for which a sum is stated; single requests, which fall anywhere in theirs, are taken together."""
    moments: Bucket | None = None
    total = 0
    for bucket, count in zip(buckets, stated, strict=True):
        if not bucket.moment:
            if count != UNKNOWN:
                yield bucket, count
        else:
            moments = bucket if moments is None else replace(moments, last=bucket.last)
            total = _sum(total, count)
    if moments is not None and total != UNKNOWN:
        yield moments, total


def token_range(
    sends: Sends, places: Sequence[int], tokens: Sequence[int], first: int, last: int
) -> tuple[int, int | None]:
    """The least and the most tokens that these sends can have used in a span; no most where one does not say.

    `places` are in order of `sends.first`.
    """
    widest = MAX_FLIGHT_MS + 2 * MAX_TOLERANCE_MS
    low = high = 0
    open_ended = False
    start = bisect_left(places, first - widest, key=lambda each: sends.first[each])
    for place in (places[number] for number in range(start, len(places))):  # a slice would copy a million
        if sends.first[place] > last:
            break
        if sends.last[place] < first:
            continue
        if tokens[place] == UNKNOWN:
            open_ended = True
            continue
        high += tokens[place]
        if sends.first[place] >= first and sends.last[place] <= last:
            low += tokens[place]
    return low, None if open_ended else high
