"""The ledger of a replay: in memory, for one stream, beside the record that it is held against.

Each record that the pipeline appends is compared with the one in its place: kind and ask at once (another order is
the end of the replay), then every field of the event, the actor, and the plaintext of every body. What it hands back
has the recorded time and, where all is as recorded, the recorded commitments. Salts are new in every ledger, which
is why commitments are not compared. Leaves to others: when something is appended (`turns`).
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.canonical import digest
from magi.core.decided import Decided
from magi.core.ports import NO_MARKS, Draft, Marks, OpenStream
from magi.core.record import Event, LabelLowered, Opened, Record, Ref
from magi.replay.turns import DivergedError, Turns


@dataclass(frozen=True)
class Inherited:
    """What a question's label came from besides its text, as far as its record tells.

    `floor` is the label of earlier turns and earlier words, None where there was none; `lowering` the recorded word
    by which rules were overruled, and the ordinal in `config` that it is cited by.
    """

    floor: int | None = None
    lowering: tuple[int, LabelLowered] | None = None


@dataclass
class ReplayedLedger:
    """Implements the `Ledger` port. `excused` are fields (`manifest.code`) whose difference is named elsewhere."""

    stream: str
    turns: Turns
    bodies: Mapping[str, bytes] = field(repr=False)
    inherited: Inherited = field(default_factory=Inherited)
    excused: frozenset[str] = frozenset()
    kept: list[Record] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the replay is over: who still waits to write will not."""

    @property
    def verdict(self) -> Decided | None:
        """The verdict that was reached again, or None."""
        return next((record.data for record in self.kept if isinstance(record.data, Decided)), None)

    async def append(
        self, stream: str, expect: int | None, drafts: Sequence[Draft], marks: Marks = NO_MARKS
    ) -> tuple[Record, ...]:
        """Compare and keep.

        Raises:
            DivergedError: another stream, or another kind or ask than the record has in this place.
        """
        del marks
        place = len(self.kept)
        if stream != self.stream or expect not in (None, place):
            raise DivergedError(place, "another stream or ordinal")
        new = tuple(self._compared(place + number, draft) for number, draft in enumerate(drafts))
        self.kept += new
        await self.turns.let_in_line(len(self.kept))
        self.turns.hand_in(len(self.kept))
        return new

    def _compared(self, place: int, draft: Draft) -> Record:
        said = _name(draft.event)
        if place >= len(self.turns.records):
            raise DivergedError(place, "after the verdict", said)
        recorded = self.turns.records[place]
        if said != _name(recorded.data):
            raise DivergedError(place, said, "instead of", _name(recorded.data))
        self.differences += [f"#{place} {said} {what}" for what in self._differences(recorded, draft)]
        return recorded.model_copy(update={"data": draft.event, "refs": self._refs(recorded, draft)})

    def _differences(self, recorded: Record, draft: Draft) -> Iterator[str]:
        if draft.actor != recorded.actor:
            yield "actor"
        was, now = recorded.data.model_dump(mode="json"), draft.event.model_dump(mode="json")
        yield from (path for path in _paths(was, now) if path not in self.excused)
        refs = {ref.name: ref for ref in recorded.refs}
        for name in sorted(refs.keys() | draft.bodies.keys()):
            if name not in refs or self.bodies[refs[name].commitment] != draft.bodies.get(name):
                yield f"body {name}"

    def _refs(self, recorded: Record, draft: Draft) -> tuple[Ref, ...]:
        refs = {ref.name: ref for ref in recorded.refs}
        return tuple(
            refs.get(name) or Ref(name=name, commitment=digest(body), length=len(body))
            for name, body in draft.bodies.items()
        )

    async def read(self, stream: str) -> tuple[Record, ...]:
        """What was kept of the stream; of `config` the one lowering that the record cites."""
        if stream == self.stream:
            return tuple(self.kept)
        if stream != "config" or self.inherited.lowering is None:
            return ()
        ordinal, event = self.inherited.lowering
        first = self.turns.records[0]
        lowered = {"stream": stream, "ordinal": ordinal, "kind": event.kind, "refs": (), "data": event}
        return (first.model_copy(update=lowered),)

    async def streams(self, prefix: str) -> tuple[str, ...]:
        """The one stream."""
        return (self.stream,) if self.stream.startswith(prefix) else ()

    async def body(
        self, ref: Ref, who: str, why: str, *, request: int | None = None, at: int | None = None
    ) -> bytes:
        """A recorded body; nobody's access is noted twice."""
        del who, why, request, at
        return self.bodies[ref.commitment]

    async def labels(self, digests: Sequence[str]) -> Mapping[str, int]:
        """The inherited label for whatever is asked about; nothing where the record shows none."""
        return {} if self.inherited.floor is None else dict.fromkeys(digests, self.inherited.floor)

    async def known(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """No idempotency key is known: this is the deliberation that had it first."""
        del hashes
        return {}

    async def open_streams(self) -> tuple[OpenStream, ...]:
        """None: nobody takes a replay up."""
        return ()

    async def claim(self, stream: str, owner: str, ttl_ms: int, dead_owner: str | None = None) -> bool:
        """Nobody else asks for it."""
        del owner, ttl_ms, dead_owner
        return stream == self.stream


@dataclass
class MortalLedger:
    """The `Ledger` port of a process that died: it writes what stands before `end`, and nothing more."""

    ledger: ReplayedLedger
    end: int

    async def append(
        self, stream: str, expect: int | None, drafts: Sequence[Draft], marks: Marks = NO_MARKS
    ) -> tuple[Record, ...]:
        """As the ledger of the replay; after the end of this life it never returns.

        Raises:
            DivergedError: see `ReplayedLedger`; or the replay is over.
        """
        if len(self.ledger.kept) >= self.end and self.end < len(self.ledger.turns.records):
            await self.ledger.over.wait()
            raise DivergedError(self.end, "its process had died")
        return await self.ledger.append(stream, expect, drafts, marks)

    async def read(self, stream: str) -> tuple[Record, ...]:
        """As the ledger of the replay."""
        return await self.ledger.read(stream)

    async def streams(self, prefix: str) -> tuple[str, ...]:
        """As the ledger of the replay."""
        return await self.ledger.streams(prefix)

    async def body(
        self, ref: Ref, who: str, why: str, *, request: int | None = None, at: int | None = None
    ) -> bytes:
        """As the ledger of the replay."""
        return await self.ledger.body(ref, who, why, request=request, at=at)

    async def labels(self, digests: Sequence[str]) -> Mapping[str, int]:
        """As the ledger of the replay."""
        return await self.ledger.labels(digests)

    async def known(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """As the ledger of the replay."""
        return await self.ledger.known(hashes)

    async def open_streams(self) -> tuple[OpenStream, ...]:
        """As the ledger of the replay."""
        return await self.ledger.open_streams()

    async def claim(self, stream: str, owner: str, ttl_ms: int, dead_owner: str | None = None) -> bool:
        """As the ledger of the replay."""
        return await self.ledger.claim(stream, owner, ttl_ms, dead_owner)


def _name(event: Event) -> str:
    """Kind, and of whom; enough to see that two stand in the same place."""
    ask, attempt = getattr(event, "ask", None), getattr(event, "attempt", None)
    if isinstance(event, Opened) or ask is None:
        return event.kind
    return f"{event.kind} {ask}" if attempt is None else f"{event.kind} {ask}#{attempt}"


def _paths(was: object, now: object, at: str = "") -> Iterator[str]:
    """Where two JSON values differ, as dotted paths; lists are compared whole."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _paths(was.get(key), now.get(key), f"{at}.{key}" if at else str(key))
    elif was != now:
        yield at
