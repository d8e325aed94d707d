"""Which sends and which outside entries can be one and the same, so that as little as possible stays unexplained. Pure.

A send is a span of time in which the outside must have seen it; an entry of the outside is a moment or a span. They
can be the same where the spans touch. Entries of one group are equal or disjoint in time, so each send can be one of
consecutive entries: the graph is convex, and taking for each entry in order of time the open send that ends first
gives a maximum matching (Glover 1967). Taking sends first come, first served does not.

Some sends *must* be found outside and some may be (nobody knows whether they left); some entries must be known to
the ledger and some may be (refused by the proxy, beyond the period). Two matchings are joined (Mendelsohn and Dulmage
1958): one that covers as many as possible of the sends that must be found, one that does so for entries. The result
covers both as well as each alone does, so no other reading of the two logs leaves fewer differences.

Leaves to others: what a send or an entry is, and who is told (`reconcile`).
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

NOBODY = -1
"""Marks a send or an entry without a partner."""


@dataclass(frozen=True)
class Spans:
    """Spans of time in ms, both ends included, in columns: 17 bytes each, for logs of millions of lines."""

    first: "array[int]" = field(default_factory=lambda: array("q"))
    last: "array[int]" = field(default_factory=lambda: array("q"))
    must: bytearray = field(default_factory=bytearray)

    def add(self, first: int, last: int, *, must: bool) -> None:
        """Append one span."""
        self.first.append(first)
        self.last.append(last)
        self.must.append(must)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.first)


def match(sends: Spans, entries: Spans) -> Sequence[int]:
    """The entry of each send, or `NOBODY`; no entry twice, and the fewest that must be and are not covered.

    Any two entries have the same span or do not touch; sends are free. Takes O(n log n).
    """
    of_send = _greedy(sends, entries, only_sends=True)
    for_entries = _greedy(sends, entries, only_sends=False)
    send_of: array[int] = _inverse(for_entries, len(entries))
    covered = _inverse(of_send, len(entries))
    for start in range(len(entries)):
        if send_of[start] == NOBODY or covered[start] != NOBODY:
            continue
        # An alternating path begins here: along it the second matching covers whatever the first does that counts.
        entry = start
        while entry != NOBODY and send_of[entry] != NOBODY:
            send = send_of[entry]
            of_send[send], entry = entry, of_send[send]
    return of_send


def _inverse(of_send: Sequence[int], size: int) -> "array[int]":
    found = array("q", [NOBODY]) * size
    for send, entry in enumerate(of_send):
        if entry != NOBODY:
            found[entry] = send
    return found


def _greedy(sends: Spans, entries: Spans, *, only_sends: bool) -> "array[int]":
    """A maximum matching of the sends that must with all entries, or of all sends with the entries that must."""
    of_send = array("q", [NOBODY]) * len(sends)
    arriving = _in_time(sends, only=only_sends)
    coming = next(arriving, None)
    waiting: list[tuple[int, int]] = []
    for entry in _in_time(entries, only=not only_sends):
        while coming is not None and sends.first[coming] <= entries.last[entry]:
            heappush(waiting, (sends.last[coming], coming))
            coming = next(arriving, None)
        while waiting and waiting[0][0] < entries.first[entry]:
            heappop(waiting)
        if waiting:
            of_send[heappop(waiting)[1]] = entry
    return of_send


def _in_time(spans: Spans, *, only: bool) -> Iterator[int]:
    order = sorted(range(len(spans)), key=lambda place: (spans.first[place], spans.last[place]))
    return (place for place in order if spans.must[place] or not only)
