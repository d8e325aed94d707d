"""The gateway of a replay: the real client and guard over the recorded wire, in the record's order.

Before everything that the record has in an order (a ticket, a failed attempt, an answer) stands a gate of `turns`. A
send that no recorded exchange of the same bytes answers is a miss; an attempt that the record does not have differs,
unless its ask was given up before it came to it: then it waits for its cancellation. What stood outside of the
record acts as it says: credentials that were not there, names that resolved to nothing allowed.
"""

import hashlib
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping

from magi.core.card import Card
from magi.core.errors import EgressRefusedError
from magi.core.record import Alarm, Answered, AttemptFailed, Refused, Ticketed
from magi.gateway.client import AttemptReport, Authorise, Client, Failed, Order, Told
from magi.gateway.egress import MAX_EXCHANGE_MS, Guard
from magi.gateway.exchange import Exchange
from magi.gateway.replayed import ReplayedTransport
from magi.gateway.ticket import Mint, Ticket, Wire
from magi.replay.case import Case, Outcomes, outcomes
from magi.replay.turns import DivergedError, MissError, Turns
from magi.residency.label import Label
from magi.residency.labelling import Finding
from magi.residency.policy import Ruling, admit, backend_class, is_foreign
from magi.service.labelling import Residency, Texts
from magi.service.run import EGRESS

ADDRESS = "1.1.1.1"
"""What every name resolves to here: any address that the guard lets pass; there is no socket to connect it."""
LOOPBACK = "127.0.0.1"


class Tokens:
    """The stream's own name first; then tokens that do not repeat. Nothing here is a secret."""

    def __init__(self, stream: str = "") -> None:
        """Begin with the name of a stream, `d/` and hex digits, or with none."""
        self._name = bytes.fromhex(stream.removeprefix("d/"))
        self._numbers = itertools.count(1)

    def token(self, size: int) -> bytes:
        """The name where its size is asked for, else the next number in so many bytes."""
        name, self._name = self._name, b""
        return name if len(name) == size else next(self._numbers).to_bytes(size, "big")


class InTurn:
    """The `Models` port: the real client and guard, with a gate before everything that the record has in an order."""

    def __init__(self, case: Case, turns: Turns, until: int) -> None:
        """Wire a client and a guard to the recording of a case, for a process whose life ends at a place."""
        self.labelling: dict[str, int] = {}
        self._until = until
        self._case = case
        self._turns = turns
        self._outcomes = outcomes(case.records)
        self._recording = _Recording(case, turns, self._outcomes)
        self._client = self._wired()

    async def ask(self, order: Order, authorise: Authorise, failed: Failed) -> Told:
        """One ask to its end, as the client takes it, each of its records in turn."""
        turns = self._turns
        turns.begin(order.ask)

        async def authorise_in_turn(ticket: Ticket, wire: Wire) -> None:
            place = turns.take(Ticketed.kind, ticket.ask, ticket.attempt, until=self._until)
            if place is None:
                await self._off_record(ticket.ask, MissError(ticket.ask, ticket.attempt))
                return
            self._recording.check(ticket.ask, ticket.attempt, wire)
            await turns.handed_in(place)
            await authorise(ticket, wire)
            outcome = self._outcomes.get((ticket.ask, ticket.attempt))
            kept_back = None if outcome is None or outcome.ref("exchange") else outcome
            turns.after_ticket(ticket.ask, ticket.attempt, kept_back=kept_back)

        async def failed_in_turn(report: AttemptReport) -> None:
            places = [
                turns.take(kind, report.ask, report.attempt, until=self._until) for kind in _kinds(report)
            ]
            if None in places:
                what = f"{report.failure} is not on record"
                await self._off_record(report.ask, DivergedError(f"{report.ask}#{report.attempt}", what))
            found = [place for place in places if place is not None]
            for place in found[:1]:
                refusal = next((p for p in found if isinstance(self._case.records[p].data, Refused)), place)
                knows = (
                    AttemptFailed.kind not in _kinds(report)[:1] and self._case.known_rises(refusal) is None
                )
                await (turns.appended(place) if knows else turns.handed_in(place))
            await failed(report)
            for place in found[-1:]:
                turns.after(place)

        told = await self._client.ask(order, authorise_in_turn, failed_in_turn)
        place = turns.take(Answered.kind, order.ask, until=self._until)
        if place is None:
            await self._off_record(order.ask, DivergedError(order.ask, "answered is not on record"))
        else:
            await self._to_be_labelled(order.ask, place, has_words=told.text is not None)
        return told

    async def _to_be_labelled(self, ask: str, place: int, *, has_words: bool) -> None:
        """Hand an answer over when it was labelled: as a rule right before it was recorded.

        One that does not know of a rise before it was labelled while that was being written; it then waits for its
        place inside of the labelling.
        """
        known = self._case.known_rises(place)
        if place in self._turns.early:
            if has_words:
                self.labelling[ask] = place
            await (self._turns.appended(known or 0) if has_words else self._turns.in_line(place))
        elif known is None:
            await self._turns.appended(place)
        elif not has_words:
            await self._turns.handed_in(place)
        else:
            self.labelling[ask] = place
            if known:
                await self._turns.appended(known)

    async def _off_record(self, ask: str, error: Exception) -> None:
        """What an ask comes to beyond its record: it was given up before, its process died, or something differs."""
        if ask not in self._turns.given_up and not self._turns.is_cut_off(ask, self._until):
            raise error
        await self._turns.never()

    async def _pause(self, seconds: float) -> None:
        """The wait before another attempt: until that attempt's place in the record."""
        del seconds
        ask = self._turns.ask
        place = self._turns.next_of(ask)
        if place is not None:
            await self._turns.appended(place)
        elif ask in self._turns.given_up:
            await self._turns.never()

    def _wired(self) -> Client:
        world, turns, profile = self._case.world, self._turns, self._case.profile

        def rule(card: Card, label: int, topics: Collection[str]) -> Ruling:
            return admit(label, card, profile, topics, turns.today())

        def rule_before_ticket(card: Card, label: int, topics: Collection[str]) -> Ruling:
            turns.before_ticket()
            return rule(card, label, topics)

        mint = Mint(hashlib.sha256(self._case.stream.encode()).digest())
        detectors = world.labeller(profile)
        guard = Guard(
            mint=mint,
            cards=world.cards,
            admit=rule,
            is_foreign=is_foreign,
            detect=detectors.rescan,
            detect_long=detectors.rescan_long,
            resolver=self._recording,
            transport=ReplayedTransport(self._recording),
            secrets=_Credentials(self._recording),
            clock=turns,
        )
        return Client(
            mint=mint,
            cards=world.cards,
            admit=rule_before_ticket,
            class_of=lambda card: backend_class(card, profile, turns.today()),
            egress=_Patient(guard),
            clock=turns,
            entropy=Tokens(),
            sleep=self._pause,
        )


class LabelledInTurn:
    """The `Residency` port: the real detectors; an answer that was labelled early waits here for its place."""

    def __init__(self, residency: Residency, models: InTurn, turns: Turns, looks: int) -> None:
        """Take the detectors, and how many times each answer is looked at (twice where names were masked)."""
        self._residency = residency
        self._models = models
        self._turns = turns
        self._looks = looks
        self._looked: dict[str, int] = {}

    @property
    def version(self) -> str:
        """That of the detectors."""
        return self._residency.version

    @property
    def dictionary(self) -> str | None:
        """That of the detectors."""
        return self._residency.dictionary

    async def label(
        self, texts: Texts, declared: Label, ancestors: Iterable[int] = (), cleared: Collection[str] = ()
    ) -> Finding:
        """The detectors' word, when it is due."""
        found = await self._residency.label(texts, declared, ancestors, cleared)
        ask = texts[0][0] if texts else ""
        self._looked[ask] = self._looked.get(ask, 0) + 1
        if ask in self._models.labelling and self._looked[ask] == self._looks:
            place = self._models.labelling[ask]
            early = place in self._turns.early
            await (self._turns.in_line(place) if early else self._turns.appended(place))
        return found


def _kinds(report: AttemptReport) -> tuple[str, ...]:
    """The kinds that a failed attempt is recorded as, in their order (`Run._failed`)."""
    alarm = (Alarm.kind,) if report.alarm is not None else ()
    refused = (Refused.kind,) if report.failure.startswith(EGRESS) else ()
    return (*alarm, *refused, *((AttemptFailed.kind,) if report.attempt else ()))


class _Patient:
    """The guard without haste: what ran out of time is on record as such, and a slow replay is no reason."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def send(self, ticket: Ticket, wire: Wire, within_ms: int) -> Exchange:
        del within_ms
        return await self._guard.send(ticket, wire, MAX_EXCHANGE_MS)


class _Recording:
    """What answers sends and names in the context of one attempt; see `magi.gateway.replayed.Recording`."""

    def __init__(self, case: Case, turns: Turns, known: Outcomes) -> None:
        self._bodies = case.bodies
        self._turns = turns
        self._outcomes = known
        self._bound = {
            card.backend.allowed_hosts[0]
            for card in case.world.cards.values()
            if card.backend.cert_pin == "loopback"
        }
        self._tickets = {
            (record.data.ask, record.data.attempt): record
            for record in case.records
            if isinstance(record.data, Ticketed)
        }

    @property
    def failure(self) -> str | None:
        """How the attempt of this context failed, where it failed without an exchange."""
        record = self._outcomes.get(self._turns.send)
        if record is None or record.ref("exchange") or not isinstance(record.data, AttemptFailed):
            return None
        return record.data.failure

    def check(self, ask: str, attempt: int, wire: Wire) -> None:
        """Whether these are the bytes that were sent.

        Raises:
            MissError: they are not.
        """
        record = self._tickets.get((ask, attempt))
        ref = None if record is None else record.ref("request")
        same = record is not None and isinstance(record.data, Ticketed) and record.data.digest == wire.digest
        if not same or ref is None or self._bodies[ref.commitment] != wire.body:
            raise MissError(ask, attempt)

    def exchange(self, wire: Wire) -> Exchange | None:
        ask, attempt = self._turns.send
        self.check(ask, attempt, wire)
        self._turns.sending()
        record = self._outcomes.get((ask, attempt))
        if record is None and (ask in self._turns.given_up or (ask, attempt) in self._turns.lost):
            return None
        ref = None if record is None else record.ref("exchange")
        if ref is None:
            raise MissError(ask, attempt)
        return Exchange.from_bytes(self._bodies[ref.commitment])

    def pass_to(self, offset_ms: int) -> None:
        self._turns.pass_to(offset_ms)

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """An address that passes; what a name resolved to that day stands nowhere but in a refusal for it."""
        del port
        failure = self.failure or ""
        if failure.startswith(f"{EGRESS}address"):
            raise EgressRefusedError(failure.removeprefix(EGRESS))
        return (LOOPBACK,) if host in self._bound else (ADDRESS,)


class _Credentials(Mapping[str, str]):
    """A made-up key under every name, but where the record says that there was none."""

    def __init__(self, recording: _Recording) -> None:
        self._recording = recording

    def __getitem__(self, name: str) -> str:
        if self._recording.failure == "key_missing":
            raise KeyError(name)
        # Nothing that a backend can have sent: a key in a body would empty it.
        return hashlib.sha256(f"replayed key {name}".encode()).hexdigest()

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
