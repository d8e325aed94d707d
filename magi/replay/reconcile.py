"""Whether the ledger's sends and what the outside wrote down are the same, both ways. Pure.

A hash cannot prove that nothing happened outside the log; the other end's books can. Two questions are answered:

1. Which sends of the ledger does the outside not know? (The ledger says more than happened, or the file is short.)
2. Which entries of the outside does the ledger not know? (Something was sent around the ledger: the dangerous one.)

A proxy's entries are compared by host, a vendor's by model, each within the time in which the send was under way,
widened by the tolerance for two clocks; rows that cover an hour or a day count as many requests as they state.
`matching` finds the reading that leaves the fewest differences, so a difference that is named is one that no reading
explains away; which one of several alike is named is arbitrary, how many is not.

What a stand-in answered, and what was addressed to this machine, never left it: such sends are not expected outside,
and excuse nothing that is found there. A send without proof of either is matched if it can be and missed by nobody.

Leaves to others: reading files (`outside`), what a send is (`sends`), whether the log is sound, words.
"""

import datetime
import ipaddress
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

from magi.core.card import JAPAN_TIME
from magi.core.record import Answered, AttemptFailed, Record, Ticketed
from magi.replay.columns import (
    MAX_FLIGHT_MS,
    UNKNOWN,
    Bucket,
    Rows,
    Sends,
    buckets_of,
    keep,
    spans_with,
    token_range,
)
from magi.replay.egress import Period
from magi.replay.matching import NOBODY, Spans, match
from magi.replay.outside import Entry
from magi.replay.sends import Send, sends_of

MARGIN_MS: Final = 32 * 86_400_000
"""A month's invoice that touches the period is compared with the sends of its whole month."""
Source = Literal["proxy", "usage"]
What = Literal["not_in_ledger", "not_outside", "input_tokens", "output_tokens"]

_PROXY_MUST, _USAGE_MUST, _USAGE_MAY = 1, 2, 4


@dataclass(frozen=True)
class Terms:
    """What the auditor states before the comparison; all of it belongs into the report.

    `inside` are hosts that are reached without the proxy, `others` hosts in its log that are no models, `same`
    the ledger's name for a name of the outside (a host's address, a dated model), `models` each card's model.
    """

    period: Period = field(default_factory=Period)
    tolerance_ms: int = 5_000
    inside: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    same: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    @property
    def bounds(self) -> tuple[int, int]:
        """The period's first and last ms."""
        first, last = self.period.first, self.period.last
        begin = 0 if first == datetime.date.min else _midnight_ms(first)
        end = 1 << 62 if last == datetime.date.max else _midnight_ms(last + datetime.timedelta(days=1)) - 1
        return begin, end


def _midnight_ms(day: datetime.date) -> int:
    return int(datetime.datetime.combine(day, datetime.time(), JAPAN_TIME).timestamp() * 1_000)


@dataclass(frozen=True)
class Difference:
    """Something that one side knows and the other does not, or sums of tokens that cannot be one.

    `where` is the deliberation, or the file and line; `low` and `high` what the ledger allows for `count` tokens.
    """

    source: Source
    what: What
    who: str
    first_ms: int
    last_ms: int
    count: int
    where: str
    low: int | None = None
    high: int | None = None


@dataclass
class Totals:
    """One source in numbers; filled while `Reconciliation.differences` runs. Owned by it."""

    source: Source
    expected: int = 0
    stated: int = 0
    paired: int = 0
    not_outside: int = 0
    not_in_ledger: int = 0
    tokens: int = 0
    others: int = 0
    denied: int = 0
    beyond: int = 0
    uncounted_rows: int = 0

    @property
    def agrees(self) -> bool:
        """Whether nothing is left over on either side."""
        return not (self.not_outside or self.not_in_ledger or self.tokens)


@dataclass
class Reconciliation:
    """Takes the ledger's streams and the outside's entries in any order, then names the differences. One owner."""

    terms: Terms
    proxy: Totals = field(default_factory=lambda: Totals("proxy"))
    usage: Totals = field(default_factory=lambda: Totals("usage"))
    standins: int = 0
    stayed: int = 0
    sends: int = 0
    overlaps: list[str] = field(default_factory=list)
    _sends: Sends = field(default_factory=Sends)
    _by_host: dict[str, "array[int]"] = field(default_factory=dict)
    _by_model: dict[str, "array[int]"] = field(default_factory=dict)
    _proxy: dict[str, Rows] = field(default_factory=dict)
    _usage: dict[tuple[tuple[str, ...], str], Rows] = field(default_factory=dict)
    _scopes: set[tuple[str, ...]] = field(default_factory=set)

    def take(self, stream: str, records: Sequence[Record]) -> None:
        """Read one whole stream of the ledger."""
        sends = sends_of(stream, records)
        expiry = [record.data.expires_ms for record in records if isinstance(record.data, Ticketed)]
        acted = {send.card for send in sends if send.standin}
        settled = {
            (record.data.ask, record.data.attempt): record
            for record in records
            if isinstance(record.data, AttemptFailed | Answered)
        }
        begin, end = self.terms.bounds
        for send, expires_ms in zip(sends, expiry, strict=True):
            if not begin - MARGIN_MS <= send.at_ms <= end + MARGIN_MS:
                continue
            inside = begin <= send.at_ms <= end
            self.sends += inside
            if send.standin or send.card in acted:
                self.standins += inside
            elif never_leaves(send.host):
                self.stayed += inside
            else:
                self._add(send, expires_ms, settled.get((send.ask, send.attempt)), inside=inside)

    def _add(self, send: Send, expires_ms: int, settled: Record | None, *, inside: bool) -> None:
        tokens = settled.data.tokens if settled is not None and isinstance(settled.data, Answered) else None
        seen = send.fate in ("answered", "failed")
        flags = _USAGE_MAY if send.left else 0
        if inside and seen and send.host not in self.terms.inside:
            flags |= _PROXY_MUST
        if inside and (send.fate == "answered" or tokens is not None):
            flags |= _USAGE_MUST | _USAGE_MAY
        until = expires_ms if settled is None else settled.at_ms
        until = max(send.at_ms, min(until, send.at_ms + MAX_FLIGHT_MS))
        kept, place = self._sends, len(self._sends.at)
        kept.at.append(send.at_ms)
        kept.first.append(send.at_ms - self.terms.tolerance_ms)
        kept.last.append(until + self.terms.tolerance_ms)
        kept.flags.append(flags)
        kept.tokens_in.append(UNKNOWN if tokens is None else tokens.prompt)
        kept.tokens_out.append(UNKNOWN if tokens is None else tokens.completion)
        kept.host.append(send.host)
        kept.stream.append(send.stream)
        model = self.terms.models.get(send.card, send.card)
        self._by_host.setdefault(send.host, array("q")).append(place)
        self._by_model.setdefault(model, array("q")).append(place)

    def take_proxy(self, file: str, line: int, entry: Entry) -> None:
        """One line of the proxy's log."""
        begin, end = self.terms.bounds
        if not begin - MAX_FLIGHT_MS <= entry.first <= end + MAX_FLIGHT_MS:
            self.proxy.beyond += 1
            return
        who = self.terms.same.get(entry.who, entry.who)
        keep(self._proxy.setdefault(who, Rows()), file, line, entry)

    def take_usage(self, file: str, line: int, entry: Entry, hosts: tuple[str, ...]) -> None:
        """One row of a vendor's usage; `hosts` are patterns of the hosts that its file speaks for, none for all."""
        self._scopes.add(hosts)
        begin, end = self.terms.bounds
        if entry.last < begin or entry.first > end:
            self.usage.beyond += 1
            return
        name = entry.who.rsplit("/", 1)[-1] if entry.who.startswith("arn:") else entry.who
        who = self.terms.same.get(entry.who, self.terms.same.get(name, name))
        keep(self._usage.setdefault((hosts, who), Rows()), file, line, entry)

    def speaks_for(self, hosts: tuple[str, ...]) -> None:
        """A usage file was given, even if it holds no row: its hosts' sends are expected in it."""
        self._scopes.add(hosts)

    def differences(self, *, proxy: bool, usage: bool) -> Iterator[Difference]:
        """Every difference, by source and name, those of the outside first; run it to its end, and once.

        `proxy` and `usage` say which sources were given: what was not asked for is not missing.
        """
        if proxy:
            for host in sorted({*self._proxy, *self._by_host}):
                yield from self._of_host(host)
        if usage:
            names = {(scope, model) for scope in self._scopes for model in self._by_model}
            for scope, model in sorted({*self._usage, *names}):
                yield from self._of_model(scope, model)

    def _of_host(self, host: str) -> Iterator[Difference]:
        rows, places = self._proxy.get(host, Rows()), self._by_host.get(host, array("q"))
        if host in self.terms.others and not places:
            self.proxy.others += len(rows.first)
            return
        begin, end = self.terms.bounds
        entries = Spans()
        for row, (first, left) in enumerate(zip(rows.first, rows.left, strict=True)):
            entries.add(first, rows.last[row], must=bool(left) and begin <= first <= end)
        self.proxy.stated += sum(entries.must)
        self.proxy.denied += rows.left.count(0)
        sends, partner = self._matched(self.proxy, places, entries, _PROXY_MUST)
        found = {entry for entry in partner if entry != NOBODY}
        for row in (row for row in range(len(entries)) if entries.must[row] and row not in found):
            self.proxy.not_in_ledger += 1
            where = f"{rows.file[row]}:{rows.line[row]}"
            yield Difference("proxy", "not_in_ledger", host, rows.first[row], rows.last[row], 1, where)
        yield from self._missing(self.proxy, host, places, sends, partner)

    def _of_model(self, scope: tuple[str, ...], model: str) -> Iterator[Difference]:
        kept = self._sends
        possible = (
            place
            for place in self._by_model.get(model, ())
            if kept.flags[place] & _USAGE_MAY and covers(scope, kept.host[place])
        )
        places = array("q", sorted(possible, key=lambda place: kept.first[place]))
        buckets = buckets_of(self._usage.get((scope, model), Rows()), self.overlaps)
        entries, bucket_of, surplus = self._units(buckets, places)
        sends, partner = self._matched(self.usage, places, entries, _USAGE_MUST)
        found = {entry for entry in partner if entry != NOBODY}
        for unit in (unit for unit in range(len(entries)) if entries.must[unit] and unit not in found):
            surplus[bucket_of[unit]] += 1
        for number, bucket in enumerate(buckets):
            self.usage.stated += max(bucket.requests, 0)
            if surplus[number]:
                self.usage.not_in_ledger += surplus[number]
                span = (bucket.first, bucket.last, surplus[number], bucket.where)
                yield Difference("usage", "not_in_ledger", model, *span)
        yield from self._missing(self.usage, model, places, sends, partner)
        yield from self._token_differences(model, places, buckets)

    def _matched(
        self, totals: Totals, places: Sequence[int], entries: Spans, flag: int
    ) -> tuple[Spans, Sequence[int]]:
        sends = Spans()
        for place in places:
            must = bool(self._sends.flags[place] & flag)
            sends.add(self._sends.first[place], self._sends.last[place], must=must)
        partner = match(sends, entries)
        totals.expected += sum(sends.must)
        totals.paired += sum(entry != NOBODY for entry in partner)
        return sends, partner

    def _missing(
        self,
        totals: Totals,
        who: str,
        places: Sequence[int],
        sends: Spans,
        partner: Sequence[int],
    ) -> Iterator[Difference]:
        """The sends that must be found outside and are not."""
        for place, must, entry in zip(places, sends.must, partner, strict=True):
            if must and entry == NOBODY:
                totals.not_outside += 1
                at_ms = self._sends.at[place]
                where = self._sends.stream[place]
                yield Difference(totals.source, "not_outside", who, at_ms, at_ms, 1, where)

    def _units(self, buckets: Sequence[Bucket], places: Sequence[int]) -> tuple[Spans, list[int], list[int]]:
        """One span for each request that a bucket states and a send could be; what none could be is surplus."""
        firsts = sorted(self._sends.first[place] for place in places)
        lasts = sorted(self._sends.last[place] for place in places)
        entries, bucket_of, surplus = Spans(), [], [0] * len(buckets)
        for number, bucket in enumerate(buckets):
            reach = bisect_right(firsts, bucket.last) - bisect_left(lasts, bucket.first)
            stated = bucket.requests
            if stated == UNKNOWN:  # as many as there are, but one at least where tokens were used
                self.usage.uncounted_rows += 1
                stated, units = int(max(bucket.tokens_in, bucket.tokens_out) > 0), reach
            else:
                units = min(stated, reach)
            surplus[number] = max(0, stated - units)
            for unit in range(units):
                entries.add(bucket.first, bucket.last, must=unit < stated)
                bucket_of.append(number)
        return entries, bucket_of, surplus

    def _token_differences(
        self, model: str, places: Sequence[int], buckets: Sequence[Bucket]
    ) -> Iterator[Difference]:
        kept = self._sends
        columns: tuple[tuple[What, Sequence[int], list[int]], ...] = (
            ("input_tokens", kept.tokens_in, [bucket.tokens_in for bucket in buckets]),
            ("output_tokens", kept.tokens_out, [bucket.tokens_out for bucket in buckets]),
        )
        for what, tokens, stated in columns:
            for bucket, count in spans_with(buckets, stated):
                low, high = token_range(kept, places, tokens, bucket.first, bucket.last)
                if count < low or (high is not None and count > high):
                    self.usage.tokens += 1
                    span = (bucket.first, bucket.last, count, bucket.where)
                    yield Difference("usage", what, model, *span, low, high)


def never_leaves(host: str) -> bool:
    """Whether a host is this machine, or a name that leads nowhere (RFC 6761 6.3 and 6.4)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".invalid"))


def covers(scope: tuple[str, ...], host: str) -> bool:
    """Whether a usage file with these host patterns speaks for a host; without patterns, for all."""
    return not scope or any(fnmatchcase(host, pattern) for pattern in scope)
