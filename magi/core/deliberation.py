"""The deliberation: a state machine without I/O, clock, randomness or logging.

`start(opened)` and `advance(state, event)` return the next state and the effects to carry out. The same two
functions serve the live service, crash recovery (feed what was recorded, go on) and replay (feed, compare).
The core is fed opened, answered, classified, checked, label_raised, deadline_passed and cancelled; any other event
leaves the state as it is. Nothing depends on the order in which the same set of answers arrives.

Without terms of arbitration there is one round of answers. With them, in this order and as far as the terms say:

1. answers, all at once or the most reliable seats first until nothing outstanding could change the verdict;
2. a closed question that splits the council: one rebuttal, and a second ballot of each seat that answered;
3. open text: classes, reviews by the seats that answered, the verifier's check of the claims, and a draft from
   what was accepted.

A deadline, or somebody else's cancellation, ends the asking for good: what then stands is decided.

Guarantees: every ask is answered, cancelled or outstanding in the verdict; `Decide` is emitted exactly once;
events after it change nothing; no ask goes to a card that the latest plan does not admit. Leaves to others: prompts
and sends (gateway), storage (ledger), what the outcome is (`verdict`), when to stop (`stopping`).
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Literal

from magi.core.effects import (
    ANSWERS,
    QUESTION,
    Ask,
    Cancel,
    Check,
    Classify,
    Decide,
    Effect,
    SetDeadline,
)
from magi.core.record import (
    Answered,
    Cancelled,
    Checked,
    Classified,
    DeadlinePassed,
    Event,
    LabelRaised,
    Opened,
)
from magi.core.standing import Standing
from magi.core.state import State, ask_of, claims_of, draft_ask, each, rebuttal_asks, review_asks
from magi.core.stopping import is_settled
from magi.core.terms import Terms
from magi.core.verdict import decide

Step = tuple[State, tuple[Effect, ...]]


def start(opened: Opened) -> Step:
    """Begin: asks for the seats with an admitted card, and the deadline for answers.

    The first element is the state; the effects are the asks in seat order (of a sequential council as many as make
    the quorum, in the order of its terms) and the deadline, or at once the decision when no seat was admitted.
    """
    terms = opened.arbitration
    rested = {each.seat for each in terms.rested} if terms else set()
    state = State(opened, "asking", (), plan=opened.plan)
    standings: list[Standing] = []
    for number, seat in enumerate(opened.seats, start=1):
        if seat.seat in rested:
            standings.append(Standing(seat.seat, None, "rested"))
        elif not state.targets(seat.seat):
            standings.append(Standing(seat.seat, None, "not_admitted"))
        else:
            standings.append(Standing(seat.seat, f"a{number}", "waiting"))
    state = replace(state, standings=tuple(standings))
    waiting = _waiting(state)
    if not waiting:
        return _settle(state)
    first = waiting[: opened.quorum] if terms and terms.mode == "sequential" else waiting
    state, asks = _ask_answers(state, first)
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
            step = _classified(replace(state, classes=dict(event.classes)))
        case Checked() if state.phase == "checking":
            found = replace(state.rounds, findings=dict(event.findings), contradicting=event.contradicting)
            step = _draft(replace(state, rounds=found))
        case DeadlinePassed():
            step = _give_up(_closed(state), state.running, "deadline", "outstanding")
        case Cancelled():
            closed = _closed(state) if event.by != "core" else state
            step = _give_up(closed, event.asks, None, "cancelled")
        case LabelRaised():
            barred = _barred(state, event)
            planned = replace(state, plan=event.plan) if state.opened.arbitration else state
            step = _give_up(planned, barred, "label_raised", "cancelled")
        case _:
            pass
    return step


def feed(events: Sequence[Event]) -> Step:
    """Feed the recorded events of one stream, `Opened` first, and return where it stands.

    The effects are those that nobody has carried out as far as the record shows, in the order in which they
    came: asks that still run, the deadline (with terms also while others may follow), cancellations without a
    record. Used by recovery (go on) and replay (compare the verdict in `Decide`).
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
            more = state.opened.arbitration is not None and state.phase != "decided" and not state.closing
            return bool(state.running) or more
        case Classify():
            return state.phase == "classifying"
        case Check():
            return state.phase == "checking"
        case Cancel():
            return not given_up >= set(effect.asks)
        case Decide():
            return True


def _barred(state: State, event: LabelRaised) -> tuple[str, ...]:
    """Asks of which any card they may be on is not admitted any more: nobody here knows which one it is."""
    was = {(entry.seat, entry.card) for entry in state.opened.plan if entry.admitted}
    still = {(entry.seat, entry.card) for entry in event.plan if entry.admitted}
    lost = {seat for seat, _ in was - still}
    return tuple(s.ask for s in state.every if s.ask and s.seat in lost)


def _names_all(event: Classified, state: State) -> bool:
    """Classes that leave an answer out decide nothing: a ballot without a class could not be counted."""
    return all(s.ask in event.classes for s in state.standings if s.ballot is not None)


def _answer(state: State, event: Answered) -> State:
    def taken(standing: Standing) -> Standing:
        if standing.ask == event.ask and standing.state == "running":
            return replace(standing, state="answered", answered=event)
        return standing

    return each(state, taken)


def _closed(state: State) -> State:
    """Nobody is asked any more: there is no time, or whoever asked has gone. Only terms ask more than once."""
    return replace(state, closing=True) if state.opened.arbitration else state


def _give_up(
    state: State, asks: tuple[str, ...], why: str | None, outcome: Literal["outstanding", "cancelled"]
) -> Step:
    """Close those of `asks` that run; a `why` of None means that somebody else cancelled them already."""
    asks = tuple(ask for ask in state.running if ask in asks)
    left = _waiting(state) if state.closing else ()
    if not asks and not left:
        return (state, ()) if not state.closing else _settle(state)
    given_up = each(state, lambda s: replace(s, state=outcome) if s.ask in asks or s.seat in left else s)
    cancel = (Cancel(asks, why),) if why and asks else ()
    settled, effects = _settle(given_up)
    return settled, (*cancel, *effects)


def _settle(state: State) -> Step:
    """Go on once no ask is running, or once nothing that runs or waits could change the verdict."""
    terms = state.opened.arbitration
    step: Step = (state, ())
    if state.phase == "asking" and terms and terms.mode == "sequential" and not state.closing:
        step = _sequential(state, terms)
    elif state.running:
        pass
    elif state.phase == "asking":
        step = _answered_all(state)
    elif state.phase == "reviewing":
        step = _check(state)
    elif state.phase in ("rebutting", "drafting"):
        step = _decide(state)
    return step


# Asking for answers.


def _waiting(state: State) -> tuple[str, ...]:
    """The seats that may yet be asked, in the order of the terms, or of the council."""
    terms = state.opened.arbitration
    seats = [s.seat for s in state.standings if s.state == "waiting"]
    return tuple(sorted(seats, key=terms.order.index) if terms else seats)


def _ask_answers(state: State, seats: Sequence[str]) -> tuple[State, tuple[Ask, ...]]:
    asked = each(state, lambda s: replace(s, state="running") if s.seat in seats else s)
    asks = (ask_of(state, s.ask or "", "answer", (QUESTION,)) for s in state.standings if s.seat in seats)
    return asked, tuple(asks)


def _sequential(state: State, terms: Terms) -> Step:
    """Stop if nothing outstanding could change the verdict, else wait for who is running, else ask the next."""
    waiting = _waiting(state)
    if not state.running and not waiting:
        return _answered_all(state)
    targets = {s.seat: state.targets(s.seat) for s in state.standings if s.state in ("running", "waiting")}
    if is_settled(state.opened, terms, state.standings, targets):
        running = state.running
        stopped = each(
            state,
            lambda s: (
                replace(s, state="cancelled" if s.ask in running else "not_asked")
                if s.state in ("running", "waiting")
                else s
            ),
        )
        stopped = replace(stopped, rounds=replace(stopped.rounds, stopped=True))
        decided, effects = _decide(stopped)
        return decided, (*((Cancel(running, "settled"),) if running else ()), *effects)
    if state.running:
        return state, ()
    # Of a seat that lost its last card to a risen label nobody can be asked.
    lost = next((seat for seat in waiting if not state.targets(seat)), None)
    if lost is not None:
        return _settle(each(state, lambda s: replace(s, state="cancelled") if s.seat == lost else s))
    return _ask_answers(state, waiting[:1])


def _answered_all(state: State) -> Step:
    """Every answer is in: open text is classified, a split is put to the council once more, else it is decided."""
    opened, terms = state.opened, state.opened.arbitration
    answered = [s for s in state.standings if s.ask and s.ballot is not None]
    if opened.space.kind == "open" and answered:
        return replace(state, phase="classifying"), (Classify(tuple(s.ask or "" for s in answered)),)
    asks = rebuttal_asks(state) if terms and terms.rebuttal and not state.closing else ()
    if asks:
        second = tuple(Standing(ask.seat, ask.ask, "running") for ask in asks)
        return replace(state, phase="rebutting", rounds=replace(state.rounds, second=second)), asks
    return _decide(state)


# Open text.


def _classified(state: State) -> Step:
    terms = state.opened.arbitration
    if not terms or not terms.peer_review:
        return _decide(state)
    asks = () if state.closing else review_asks(state)
    if not asks:
        return _check(state)
    reviews = tuple(Standing(ask.seat, ask.ask, "running") for ask in asks)
    return replace(state, phase="reviewing", rounds=replace(state.rounds, reviews=reviews)), asks


def _check(state: State) -> Step:
    """Have the claims checked; without any there is nothing to check or to draft from."""
    claims = claims_of(state)
    if not claims:
        return _decide(state)
    return replace(state, phase="checking"), (Check(claims),)


def _draft(state: State) -> Step:
    """Ask the writer for a reply from the claims that the council accepts."""
    ask = None if state.closing else draft_ask(state)
    if ask is None:
        return _decide(state)
    rounds = replace(state.rounds, draft=Standing(ask.seat, ask.ask, "running"))
    return replace(state, phase="drafting", rounds=rounds), (ask,)


def _decide(state: State) -> Step:
    verdict = decide(state.opened, state.standings, state.classes, state.rounds)
    return replace(state, phase="decided"), (Decide(verdict),)
