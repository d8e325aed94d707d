"""Whose turn it is, and what time: the record's order and the record's clock, for a pipeline that runs again.

The pipeline runs as it always does, in tasks of its own, and comes to a gate before each thing that the record has
in an order: a ticket, a failed attempt, an answer, a deadline. The gate opens when it is that record's turn:

- *handed in*: every record before it was handed to the ledger. A task that writes by itself waits for no more, since
  it stood in line while the one before it was written.
- *appended*: every record before it is part of the deliberation. An answer waits for that: it is labelled by what was
  known then.

Each ask has a time of its own, that of its last recorded moment, so that what it computes from the clock (expiry,
offsets, whether there is time for another attempt) comes to what it came to. Owns the places that are still free.
Leaves to others: what is compared (`replayed_ledger`), what runs (`offline`).
"""

import asyncio
import datetime
from collections import defaultdict, deque
from collections.abc import Sequence
from contextvars import ContextVar

from magi.core.card import JAPAN_TIME
from magi.core.record import (
    Alarm,
    Answered,
    AttemptFailed,
    Cancelled,
    DeadlinePassed,
    Record,
    Refused,
    Ticketed,
)
from magi.gateway.ticket import TICKET_MS
from magi.replay.lives import lost, takeovers

_own_ms: ContextVar[int | None] = ContextVar("replay_own_ms", default=None)
"""The time of the ask that runs in this context; None outside of one."""
_own_ask: ContextVar[str] = ContextVar("replay_own_ask", default="")
_own_send: ContextVar[tuple[str, int]] = ContextVar("replay_own_send", default=("", 0))
_own_begin_ms: ContextVar[int] = ContextVar("replay_own_begin_ms", default=0)


class DivergedError(Exception):
    """The pipeline came to something that the record does not have; the text names it and quotes nothing."""

    def __init__(self, where: int | str, *what: str) -> None:
        """Name the ordinal or the ask, and what came there."""
        super().__init__(" ".join((f"#{where}" if isinstance(where, int) else where, *what)))


class MissError(Exception):
    """A send whose bytes no recorded exchange answers; the text names ask and attempt."""

    def __init__(self, ask: str, attempt: int) -> None:
        """Name the send."""
        super().__init__(f"{ask}#{attempt}")


class Turns:
    """The order and the clock of one record, as far as it has come; also the `Clock` of what runs again."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Begin before the first of `records`, which end with the verdict."""
        self.records = tuple(records)
        self.steps = 0
        self.given_up = {ask for r in records if isinstance(r.data, Cancelled) for ask in r.data.asks}
        self.lives = (*takeovers(records), len(records))
        """Where each process over this deliberation ended; the last one came to the verdict."""
        self.lost = lost(records)
        self.early = _early(records)
        """Answers that stood in line before their ask, or one in line after them, was stopped: place of that stop."""
        self._begun: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._in_line: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._places: dict[tuple[str, str, int], deque[int]] = defaultdict(deque)
        for place, record in enumerate(records):
            if (key := _key(record)) is not None:
                self._places[key].append(place)
        self._handed: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._appended: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._appended[0].set()
        self._appended_count = 0

    # The clock.

    def now_ms(self) -> int:
        """The time of the ask that asks; elsewhere that of the newest record, at first of the first."""
        own = _own_ms.get()
        return self.records[max(self._appended_count - 1, 0)].at_ms if own is None else own

    def monotonic_ms(self) -> int:
        """The same: the record knows one clock."""
        return self.now_ms()

    def today(self) -> datetime.date:
        """The day in Japan at that time."""
        return datetime.datetime.fromtimestamp(self.now_ms() / 1000, JAPAN_TIME).date()

    @property
    def ask(self) -> str:
        """The ask of this context; empty outside of one."""
        return _own_ask.get()

    def begin(self, ask: str) -> None:
        """This context is an ask's from now on."""
        _own_ask.set(ask)

    def before_ticket(self) -> None:
        """An ask is about to get its next ticket: it is the time at which the recorded one was made."""
        places = [
            place
            for (kind, ask, _), free in self._places.items()
            if kind == Ticketed.kind and ask == _own_ask.get()
            for place in free
        ]
        ticket = self.records[min(places)].data if places else None
        if isinstance(ticket, Ticketed):
            _own_ms.set(ticket.expires_ms - TICKET_MS)

    def after_ticket(self, ask: str, attempt: int, *, kept_back: Record | None) -> None:
        """A ticket is durable; what kept the send back, if anything did, is known when that is recorded."""
        at = kept_back or next(
            r
            for r in self.records
            if isinstance(r.data, Ticketed) and (r.data.ask, r.data.attempt) == (ask, attempt)
        )
        _own_ms.set(at.at_ms)
        _own_send.set((ask, attempt))

    def after(self, place: int) -> None:
        """The record of that place is behind this ask."""
        _own_ms.set(self.records[place].at_ms)

    @property
    def send(self) -> tuple[str, int]:
        """Ask and attempt of the send in this context."""
        return _own_send.get()

    def sending(self) -> None:
        """A send begins in this context; offsets count from here."""
        _own_begin_ms.set(self.now_ms())

    def pass_to(self, offset_ms: int) -> None:
        """So many milliseconds after the send began."""
        _own_ms.set(_own_begin_ms.get() + offset_ms)

    # The order.

    def take(self, kind: str, ask: str, attempt: int = 0, *, until: int) -> int | None:
        """The place of the next record of that kind for that ask, taken once; None where there is none before `until`.

        `until` is where the life ends of the process that asks: what stands after it is another one's.
        """
        free = self._places.get((kind, ask, attempt))
        return free.popleft() if free and free[0] < until else None

    def is_cut_off(self, ask: str, until: int) -> bool:
        """Whether the process that ends there died over this ask."""
        answered = (r.data for r in self.records[:until] if isinstance(r.data, Answered))
        return until < len(self.records) and all(each.ask != ask for each in answered)

    def next_of(self, ask: str) -> int | None:
        """The first place that this ask has not taken yet."""
        return min(
            (place for (_, own, _), free in self._places.items() if own == ask for place in free),
            default=None,
        )

    async def handed_in(self, place: int) -> None:
        """Wait until everything before that place was handed to the ledger."""
        await self._handed[place].wait()
        self.steps += 1

    async def appended(self, place: int) -> None:
        """Wait until everything before that place is part of the deliberation."""
        await self._appended[place].wait()
        self.steps += 1

    async def in_line(self, place: int) -> None:
        """Wait until an early answer may stand in line: while what stops asks is written, after those before it."""
        stop = self.early[place]
        await self._begun[stop].wait()
        before = max((p for p, s in self.early.items() if s == stop and p < place), default=None)
        if before is not None:
            await self._in_line[before].wait()
        self.steps += 1
        self._in_line[place].set()

    async def let_in_line(self, count: int) -> None:
        """Hold up the writing of the first `count` records until the answers that came meanwhile stand in line."""
        self._begun[count].set()
        for place in sorted(p for p, stop in self.early.items() if stop == count):
            await self._in_line[place].wait()

    async def never(self) -> None:
        """Wait for what the record does not have: somebody will cancel it."""
        await asyncio.get_running_loop().create_future()

    def hand_in(self, count: int) -> None:
        """The first `count` records are in the ledger's hands; whoever writes next may stand in line."""
        self.steps += 1
        self._handed[count].set()

    def add(self, record: Record) -> None:
        """A record is part of the deliberation."""
        self.steps += 1
        self._appended_count = record.ordinal + 1
        self._appended[self._appended_count].set()


def _early(records: Sequence[Record]) -> dict[int, int]:
    """By place of an answer, that of a stop before it, where the line held the answer of an ask that was stopped."""
    found: dict[int, int] = {}
    answers = [place for place, record in enumerate(records) if isinstance(record.data, Answered)]
    for stop, record in enumerate(records):
        if not isinstance(record.data, Cancelled) or record.data.by != "core":
            continue
        late = [p for p in answers if p > stop and getattr(records[p].data, "ask", "") in record.data.asks]
        for place in answers:
            if stop < place <= max(late, default=stop):
                found.setdefault(place, stop)
    return found


def _key(record: Record) -> tuple[str, str, int] | None:
    match record.data:
        case Ticketed() | AttemptFailed() | Alarm() as event:
            return event.kind, event.ask, event.attempt
        case Refused(ask=str(ask)) as event:
            return event.kind, ask, event.attempt or 0
        case Answered() as event:
            return event.kind, event.ask, 0
        case DeadlinePassed() as event:
            return event.kind, event.name, 0
        case _:
            return None
