"""Where one process died over a deliberation and another took it over, as far as its records tell. Pure.

A kill leaves no record. It shows by what came after it: seats that were given up by a restart, or an ask that was
permitted again while nothing had become of its ticket before. From then on everything was another process's. Where
records stand between the kill and that sign, they are the second process's exactly if what it alone could know is
among them: the outcome of a ticket belongs to whoever got the ticket. A kill that shows nowhere changed nothing.
"""

from collections.abc import Sequence

from magi.core.record import Abandoned, Answered, AttemptFailed, Record, Ticketed

Send = tuple[str, int]
"""Ask and attempt."""


def takeovers(records: Sequence[Record]) -> tuple[int, ...]:
    """The places of the first record of each process after the first one, in order."""
    tickets = _tickets(records)
    ends = _ends(records)
    found: list[int] = []
    begin = 0
    for place, record in enumerate(records):
        if place and _is_sign(record, tickets, ends, begin, place):
            begin = _first_of_its_own(tickets, ends, begin, place)
            found.append(begin)
    return tuple(found)


def lost(records: Sequence[Record]) -> frozenset[Send]:
    """The sends of which nothing became known since their process died."""
    last = max(takeovers(records), default=0)
    ends = _ends(records)
    return frozenset(send for send, place in _tickets(records).items() if place < last and send not in ends)


def _tickets(records: Sequence[Record]) -> dict[Send, int]:
    return {
        (event.ask, event.attempt): place
        for place, record in enumerate(records)
        if isinstance(event := record.data, Ticketed)
    }


def _ends(records: Sequence[Record]) -> dict[Send, int]:
    """The place of the last word on each send."""
    return {
        (event.ask, event.attempt): place
        for place, record in enumerate(records)
        if isinstance(event := record.data, AttemptFailed | Answered)
    }


def _is_sign(record: Record, tickets: dict[Send, int], ends: dict[Send, int], begin: int, place: int) -> bool:
    event = record.data
    if isinstance(event, Abandoned):
        return True
    if not isinstance(event, Ticketed):
        return False
    before = (event.ask, event.attempt - 1)
    return begin <= tickets.get(before, -1) < place <= ends.get(before, place)


def _first_of_its_own(tickets: dict[Send, int], ends: dict[Send, int], begin: int, sign: int) -> int:
    """The first place that can be the second process's: whoever got a ticket had the outcome too."""
    end = sign
    for send, place in sorted(tickets.items(), key=lambda each: -each[1]):
        if begin <= place < end and ends.get(send, -1) >= end:
            end = place
    return end
