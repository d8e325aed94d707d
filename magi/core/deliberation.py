"""The deliberation: a state machine without I/O, clock, randomness or logging.

`start(opened)` and `advance(state, event)` return the next state and the effects to carry out. The same two
functions serve the live service, crash recovery (feed what was recorded, go on) and replay (feed, compare).
The core is fed opened, answered, classified, label_raised, deadline_passed and cancelled; any other event
leaves the state as it is. Nothing depends on the order in which the same set of answers arrives.

Guarantees: every ask is answered, cancelled or outstanding in the verdict; `Decide` is emitted exactly once;
events after it change nothing. Leaves to others: prompts and sends (gateway), storage (ledger), what the
outcome is (`verdict`).
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Literal

from magi.core.record import (
    Answered,
    Cancelled,
    Classified,
    DeadlinePassed,
    Decided,
    Event,
    LabelRaised,
    Opened,
)
from magi.core.verdict import Standing, decide

QUESTION = "question"
"""The name of the text that every first-round ask is derived from."""
ANSWERS = "answers"
"""The name of the deadline for first-round answers."""


@dataclass(frozen=True)
class Ask:
    """Ask a seat, through one of `targets` in order; the prompt derives from the texts in `derived_from`."""

    ask: str
    seat: str
    stage: str
    targets: tuple[str, ...]
    persona: str
    template: str
    inputs: tuple[str, ...]
    derived_from: tuple[str, ...]


@dataclass(frozen=True)
class Classify:
    """Sort the open statements of these asks into classes and feed `Classified`."""

    asks: tuple[str, ...]


@dataclass(frozen=True)
class Cancel:
    """Stop these running asks."""

    asks: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class SetDeadline:
    """Feed `DeadlinePassed(name)` after so many milliseconds."""

    name: str
    after_ms: int


@dataclass(frozen=True)
class Decide:
    """The verdict: record it, then reply."""

    verdict: Decided


Effect = Ask | Classify | Cancel | SetDeadline | Decide


@dataclass(frozen=True)
class State:
    """Where a deliberation stands. `asks` maps ask to its seat's standing, in seat order."""

    opened: Opened
    phase: Literal["asking", "classifying", "decided"]
    standings: tuple[Standing, ...]
    classes: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> tuple[str, ...]:
        """Asks that nobody has answered or given up."""
        return tuple(s.ask for s in self.standings if s.ask is not None and s.state == "running")


Step = tuple[State, tuple[Effect, ...]]


def start(opened: Opened) -> Step:
    """Begin: one ask for each seat with an admitted card, and the deadline for answers.

    The first element is the state; the effects are the asks in seat order and the deadline, or at once the
    decision when no seat was admitted.
    """
    allowed = {(entry.seat, entry.card) for entry in opened.plan if entry.admitted}
    asks: list[Ask] = []
    standings: list[Standing] = []
    for number, seat in enumerate(opened.seats, start=1):
        targets = tuple(card for card in seat.targets if (seat.seat, card) in allowed)
        if not targets:
            standings.append(Standing(seat.seat, None, "not_admitted"))
            continue
        ask = f"a{number}"
        standings.append(Standing(seat.seat, ask, "running"))
        asks.append(
            Ask(ask, seat.seat, "answer", targets, seat.persona, opened.template, (QUESTION,), (QUESTION,))
        )
    state = State(opened, "asking", tuple(standings))
    if not asks:
        return _settle(state)
    return state, (*asks, SetDeadline(ANSWERS, opened.deadline_ms))


def advance(state: State, event: Event) -> Step:
    """Take one event. Unknown or already closed asks, and anything after the verdict, change nothing."""
    if state.phase == "decided":
        return state, ()
    step: Step = (state, ())
    match event:
        case Answered():
            step = _settle(_answer(state, event))
        case Classified() if state.phase == "classifying" and _names_all(event, state):
            step = _decide(replace(state, classes=dict(event.classes)))
        case DeadlinePassed():
            step = _give_up(state, state.running, "deadline", "outstanding")
        case Cancelled():
            step = _give_up(state, event.asks, None, "cancelled")
        case LabelRaised():
            step = _give_up(state, _barred(state, event), "label_raised", "cancelled")
        case _:
            pass
    return step


def feed(events: Sequence[Event]) -> Step:
    """Feed the recorded events of one stream, `Opened` first, and return where it stands.

    The effects are those that nobody has carried out as far as the record shows, in the order in which they
    came: asks that still run, their deadline, cancellations without a record. Used by recovery (go on) and
    replay (compare the verdict in `Decide`).
    """
    opened = next(event for event in events if isinstance(event, Opened))
    state, told = start(opened)
    for event in events:
        state, effects = advance(state, event)
        told += effects
    given_up = {ask for event in events if isinstance(event, Cancelled) for ask in event.asks}
    return state, tuple(effect for effect in told if _is_left(effect, state, given_up))


def _is_left(effect: Effect, state: State, given_up: AbstractSet[str]) -> bool:
    """Whether an effect is still to be carried out, with `given_up` the asks whose cancellation is on record."""
    match effect:
        case Ask():
            return effect.ask in state.running
        case SetDeadline():
            return state.phase == "asking"
        case Classify():
            return state.phase == "classifying"
        case Cancel():
            return not given_up >= set(effect.asks)
        case Decide():
            return True


def _barred(state: State, event: LabelRaised) -> tuple[str, ...]:
    """Asks of which any card they may be on is not admitted any more: nobody here knows which one it is."""
    was = {(entry.seat, entry.card) for entry in state.opened.plan if entry.admitted}
    still = {(entry.seat, entry.card) for entry in event.plan if entry.admitted}
    lost = {seat for seat, _ in was - still}
    return tuple(s.ask for s in state.standings if s.ask and s.seat in lost)


def _names_all(event: Classified, state: State) -> bool:
    """Classes that leave an answer out decide nothing: a ballot without a class could not be counted."""
    return all(s.ask in event.classes for s in state.standings if s.ballot is not None)


def _answer(state: State, event: Answered) -> State:
    standings = tuple(
        replace(standing, state="answered", answered=event)
        if standing.ask == event.ask and standing.state == "running"
        else standing
        for standing in state.standings
    )
    return replace(state, standings=standings)


def _give_up(
    state: State, asks: tuple[str, ...], why: str | None, outcome: Literal["outstanding", "cancelled"]
) -> Step:
    """Close those of `asks` that run; a `why` of None means that somebody else cancelled them already."""
    asks = tuple(ask for ask in state.running if ask in asks)
    if not asks:
        return state, ()
    standings = tuple(replace(s, state=outcome) if s.ask in asks else s for s in state.standings)
    cancel = (Cancel(asks, why),) if why else ()
    settled, effects = _settle(replace(state, standings=standings))
    return settled, (*cancel, *effects)


def _settle(state: State) -> Step:
    """Go on once no ask is running: open text is classified first, everything else is decided."""
    if state.running or state.phase != "asking":
        return state, ()
    answers = tuple(s.ask for s in state.standings if s.ask and s.ballot is not None)
    if state.opened.space.kind == "open" and answers:
        return replace(state, phase="classifying"), (Classify(answers),)
    return _decide(state)


def _decide(state: State) -> Step:
    verdict = decide(state.opened, state.standings, state.classes)
    return replace(state, phase="decided"), (Decide(verdict),)
