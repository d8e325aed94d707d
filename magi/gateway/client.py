"""The client: one ask to its end, over attempts and fallbacks. Implements the `Models` port of the service.

Every attempt, first or last, on the first card or a fallback, takes all steps of the ticket flow:

1. render the prompt to bytes; 2. take the ask's label; 3. ask the policy; 4. make a ticket; 5. `authorise`
it, which returns when `ticketed` is durable; 6-8. hand it to the guard.

Promises: a card that is not admitted is never contacted, nor a fallback of a looser class than the first card
(`egress_looser_fallback`), nor one abroad after one at home; a failed attempt is told to `failed` before the
next one begins; an answer that says it comes from another model or place than the card's is discarded with an
alarm (`identity`) and that card is not asked again; no attempt starts after the deadline, and none outlives it;
attempt numbers run on over cards; cancellation passes through and leaves nothing open. A failure is a value,
never an exception; what `authorise` and `failed` raise (the ledger) passes through, since nothing may be sent
without them. Leaves to others: labels (service), what an answer means (core).

What a foreign party can learn without a word of the text (RESIDENCY.md, leak path 47). Of a text that is not
public it gets no call at all: no warm-up, no health check, no name look-up, no connection, so the absence of a
call is all that it could see, and only if it knew when to expect one. Of a public text it sees the text, its
length and the time, and from a retry or a pause how its own answers fared; rounds that follow are sent only
while the label stays public, so a series that ends early may tell that something else came up. An identical
cadence for public and other work would need calls with invented text, which we do not send: it cannot be
promised, and whoever must hide that sensitive work takes place seats no foreign card.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import tenacity

from magi.core.card import Card
from magi.core.decided import Origin
from magi.core.errors import EgressRefusedError, KeyMissingError, MagiError
from magi.core.ports import Clock, Entropy
from magi.core.record import Sent
from magi.gateway.egress import Egress
from magi.gateway.exchange import Exchange
from magi.gateway.identity import Departure, departure
from magi.gateway.protocols.openai_chat import Reply, Trouble, read, render
from magi.gateway.ticket import NONCE_BYTES, Mint, Ticket, Wire
from magi.residency.policy import Ruling, is_foreign, on_loopback

BASE_WAIT_MS = 500
"""The first wait between attempts, doubled each time: shorter than any model's answer."""
MAX_WAIT_MS = 20_000
"""No longer wait without word from the backend."""
CLASSES = ("A", "B", "C", "D", "E")
"""Backend classes from the strictest (RESIDENCY.md, section 2)."""

_SPREAD = 2**16


@dataclass(frozen=True)
class Order:
    """One ask. `targets` are card ids in order of preference; `deadline_ms` is monotonic, as the clock's.

    `attempts` counts sends to one card; `first_attempt` is the number of the first (an ask taken up again).
    """

    ask: str
    seat: str
    targets: tuple[str, ...]
    system: str = field(repr=False)
    user: str = field(repr=False)
    schema: Mapping[str, object] | None = field(repr=False)
    label: int
    derived_from: tuple[str, ...]
    deadline_ms: int
    attempts: int
    first_attempt: int = 1
    topics: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    risen: Callable[[], int] = lambda: 0

    @property
    def label_now(self) -> int:
        """The label of the prompt at this moment: it may rise between two attempts."""
        return max(self.label, self.risen())


@dataclass(frozen=True)
class AttemptReport:
    """One failed attempt. `attempt` is 0 where the policy refused before there was a ticket.

    `alarm` names what a person should look into, None for an everyday failure; `stated` and `stated_bytes` are
    then SHA-256 (hex) and length of what the backend said of itself, line by line. `rules` are those of the
    detectors for which the guard refused.
    """

    ask: str
    attempt: int
    card: str
    failure: str
    sent: Sent
    exchange: Exchange | None
    alarm: str | None = None
    stated: str | None = None
    stated_bytes: int = 0
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What an ask came to: `text` (empty where `refused`), or `failure`.

    `attempt` and `card` are of the attempt that answered, or of the last that failed; 0 when none had a
    ticket. `tokens` are (prompt, completion) as the backend counted. `exchange` comes with an answer; that
    of a failure went to `failed`. `model` is the name that the backend gave itself; `alarm` is model_unstated
    where an answer was taken from a card on this machine, or from a stand-in, that named none.
    """

    attempt: int
    card: str
    text: str | None = field(default=None, repr=False)
    refused: bool = False
    failure: str | None = None
    tokens: tuple[int, int] | None = None
    exchange: Exchange | None = None
    origin: Origin = "live"
    model: str | None = None
    alarm: str | None = None


Authorise = Callable[[Ticket, Wire], Awaitable[None]]
Failed = Callable[[AttemptReport], Awaitable[None]]


@dataclass(frozen=True)
class _Step:
    """One attempt's end, and whether and when the same card may be asked again."""

    told: Told
    retry: bool = False
    retry_after_ms: int | None = None


class Client:
    """Asks models through the guard. Holds no state between asks."""

    def __init__(
        self,
        *,
        egress: Egress,
        mint: Mint,
        cards: Mapping[str, Card],
        admit: Callable[[Card, int, Collection[str]], Ruling],
        class_of: Callable[[Card], str],
        clock: Clock,
        entropy: Entropy,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the tools; `sleep` takes seconds and serves the waits between attempts.

        `class_of` is the backend class of a card today (A strictest, E loosest).
        """
        self._egress = egress
        self._mint = mint
        self._cards = cards
        self._admit = admit
        self._class_of = class_of
        self._clock = clock
        self._entropy = entropy
        self._sleep = sleep

    async def ask(self, order: Order, authorise: Authorise, failed: Failed) -> Told:
        """Ask each target in turn until one answers, the deadline passes, or there are no more.

        `authorise` is awaited before each send and `failed` after each failed attempt; both must be durable
        on return. The text of the order is in no error.
        """
        number = order.first_attempt
        told: Told | None = None
        for place, target in enumerate(order.targets):
            left_ms = self._left_ms(order)
            if left_ms <= 0:
                break
            # Each card has its share of the time left, or one that hangs would leave its fallbacks none.
            share_ms = left_ms // (len(order.targets) - place)
            turn = replace(
                order, first_attempt=number, deadline_ms=self._clock.monotonic_ms() + max(share_ms, 1)
            )
            if self._is_looser(target, order.targets[0]):
                await failed(AttemptReport(order.ask, 0, target, "egress_looser_fallback", "no", None))
                found = Told(0, target, failure="egress_looser_fallback", origin=self._cards[target].origin)
            else:
                found = await self._ask_card(turn, target, authorise, failed)
            if found.failure is None:
                return found
            number = max(number, found.attempt + 1)
            # A fallback that the policy barred says less than the attempt that failed before it.
            told = found if told is None or found.attempt else told
        return told or Told(0, order.targets[0], failure="timed_out")

    def _is_looser(self, target: str, first: str) -> bool:
        """Whether a fallback has a looser class than the first card, or is abroad where that one is not.

        Also asked of the first card itself, for which it never holds. A class that is none counts as the last.
        """
        card, before = self._cards[target], self._cards[first]
        abroad = is_foreign(card) and not is_foreign(before)
        return abroad or _rank(self._class_of(card)) > _rank(self._class_of(before))

    async def _ask_card(self, order: Order, target: str, authorise: Authorise, failed: Failed) -> Told:
        """All attempts on one card. tenacity drives this loop and nothing else."""

        async def attempt() -> _Step:
            number = order.first_attempt + loop.statistics["attempt_number"] - 1
            return await self._attempt(order, number, target, authorise, failed)

        loop = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(lambda step: step.retry),
            wait=lambda state: _wait_ms(order, target, state) / 1000,
            stop=lambda state: self._gives_up(order, state),
            sleep=self._sleep,
            retry_error_callback=_last,
        )
        step: _Step = await loop(attempt)
        return step.told

    async def _attempt(
        self, order: Order, number: int, target: str, authorise: Authorise, failed: Failed
    ) -> _Step:
        card = self._cards[target]

        async def fail(
            failure: str,
            exchange: Exchange | None = None,
            attempt: int = number,
            other: Departure | None = None,
            rules: tuple[str, ...] = (),
        ) -> Told:
            report = AttemptReport(
                order.ask,
                attempt,
                target,
                failure,
                "no" if exchange is None else exchange.sent,
                exchange,
                alarm=None if other is None else failure,
                stated=None if other is None else other.stated,
                stated_bytes=0 if other is None else other.length,
                rules=rules,
            )
            await failed(report)
            origin = card.origin if exchange is None else _origin(card, exchange.origin)
            return Told(attempt, target, failure=failure, origin=origin)

        # 1. Render. 2. Label: the ask's, which the service joined from all that the prompt derives from.
        wire = render(card, order.system, order.user, order.schema)
        # 3. Admit.
        if not self._admit(card, order.label_now, order.topics).admitted:
            return _Step(await fail("egress_not_admitted", attempt=0))
        # 4. Ticket. 5. Durable.
        ticket = self._ticket(order, number, card, wire)
        await authorise(ticket, wire)
        left_ms = self._left_ms(order)
        # A label that rose while the ticket was being recorded: the ticket is for a text that is this one no more.
        risen = order.label_now > ticket.label
        if risen or left_ms <= 0:
            return _Step(await fail("egress_label_risen" if risen else "timed_out"), retry=risen)
        # 6-8. The guard.
        try:
            exchange = await self._egress.send(ticket, wire, left_ms)
        except (EgressRefusedError, KeyMissingError) as error:
            return _Step(await fail(_unsent(error), rules=_rules(error)))
        said = read(exchange)
        if isinstance(said, Trouble):
            return _Step(await fail(said.failure, exchange), said.retry, said.retry_after_ms)
        # Who answered, by its own word: anybody else's answer is none, and this card is not asked again.
        wants_name = card.origin == "live" and not on_loopback(card)
        if other := departure(card, said.models, said.regions, stated_required=wants_name):
            return _Step(await fail(other.failure, exchange, other=other))
        return _Step(_answer(number, card, said, exchange))

    def _ticket(self, order: Order, number: int, card: Card, wire: Wire) -> Ticket:
        return self._mint.issue(
            wire,
            card,
            ask=order.ask,
            attempt=number,
            label=order.label_now,
            derived_from=order.derived_from,
            topics=order.topics,
            cleared=order.cleared,
            now_ms=self._clock.now_ms(),
            nonce=self._entropy.token(NONCE_BYTES),
        )

    def _left_ms(self, order: Order) -> int:
        return order.deadline_ms - self._clock.monotonic_ms()

    def _gives_up(self, order: Order, state: tenacity.RetryCallState) -> bool:
        """After so many attempts, or where the wait would end past the deadline."""
        return state.attempt_number >= order.attempts or state.upcoming_sleep * 1000 >= self._left_ms(order)


def _answer(number: int, card: Card, said: Reply, exchange: Exchange) -> Told:
    prompt, completion = said.prompt_tokens, said.completion_tokens
    return Told(
        number,
        card.id,
        text=said.text,
        refused=said.refused,
        tokens=None if prompt is None or completion is None else (prompt, completion),
        exchange=exchange,
        origin=_origin(card, said.origin),
        model=said.model,
        alarm=None if said.models else "model_unstated",
    )


def _rank(backend_class: str) -> int:
    """How loose a class is; what is no class is looser than all."""
    return CLASSES.index(backend_class) if backend_class in CLASSES else len(CLASSES)


def _unsent(error: EgressRefusedError | KeyMissingError) -> str:
    return f"egress_{error.reason}" if isinstance(error, EgressRefusedError) else "key_missing"


def _rules(error: MagiError) -> tuple[str, ...]:
    rules = error.facts.get("rules", ())
    return rules if isinstance(rules, tuple) else ()


def _last(state: tenacity.RetryCallState) -> _Step:
    """The last attempt's end, when there will be no other."""
    return _result(state)


def _result(state: tenacity.RetryCallState) -> _Step:
    step = None if state.outcome is None else state.outcome.result()
    if not isinstance(step, _Step):
        msg = f"expected the end of an attempt, got {type(step).__name__!r}"
        raise TypeError(msg)
    return step


def _wait_ms(order: Order, target: str, state: tenacity.RetryCallState) -> float:
    """The backend's own word, else doubling from the base; spread over its upper half, so crowds part.

    The spread comes from the ask's name: no chance is needed, and a run can be repeated.
    """
    asked = _result(state).retry_after_ms
    if asked is not None:
        return asked
    full = min(BASE_WAIT_MS << (state.attempt_number - 1), MAX_WAIT_MS)
    name = f"{order.ask}/{target}/{state.attempt_number}".encode()
    share = int.from_bytes(hashlib.sha256(name).digest()[:2], "big") / _SPREAD
    return full / 2 + full / 2 * share


def _origin(card: Card, said: Origin) -> Origin:
    """A stand-in's own word, else what the card is bound to; never live where either says otherwise."""
    return card.origin if said == "live" else said
