"""Counterfactuals (R3): the verdict under another rule, without a seat, or with today's seating. Pure.

The ballots are those on record, nobody is asked again. Where that would not be honest, because a prompt was made
from what a removed seat said, or because somebody would have been asked who was not, the answer is `needs_requery`
with every seat concerned and why.

How it is done:

1. Feed the record to the core up to its verdict; where that is not the recorded verdict, there is nothing to compare
   with (`unfounded`).
2. Take seats away (`without`), or seat anew (`today`): each seat keeps its standing, loses its seat, or would have
   to be asked.
3. Follow `derived_from` from every seat that went, through all that was made from its words.
4. Decide again on what is left, with the other rule or quorum, by the same function of the core.

A seat taken away is no seat of the council any more: the rest can be unanimous. One that today's policy does not
admit stays a seat that was not admitted, as the service would have it.

Leaves to others: today's cards and policy (given in), another reading of the text's label (the recorded one is kept),
reliability profiles, which do not exist yet: they will be one more field of `Change`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from magi.core.card import Card
from magi.core.council import Seat, check_council
from magi.core.deliberation import State, feed
from magi.core.errors import CouncilRefusedError
from magi.core.record import (
    Admission,
    Cancelled,
    Decided,
    Event,
    LabelRaised,
    Opened,
    Record,
    Refused,
    SeatPlan,
    Ticketed,
)
from magi.core.rules.count import Rule
from magi.core.verdict import Standing, decide
from magi.residency.policy import Ruling, is_foreign

AdmitToday = Callable[[int, Card, Collection[str]], Ruling]
"""Today's policy on a card, for a label and topics."""

OF_ITSELF = frozenset({"deadline", "label_raised"})
"""Why the core gives up asks whatever the rule is; for any other reason another rule might have waited for them."""
COMPARED = ("outcome", "answer_class", "attributed", "tally", "dissent", "flags")
"""The fields of a verdict of which a report says that they changed."""

Result = Literal[
    "same", "changed", "needs_requery", "council_refused", "no_such_seat", "open", "refused", "unfounded"
]
Why = Literal["derived_from", "not_asked", "another_card", "label_raised", "stopped_early"]


@dataclass(frozen=True)
class Today:
    """Who would be seated now: today's cards by name, and today's policy."""

    cards: Mapping[str, Card]
    admit: AdmitToday


@dataclass(frozen=True)
class Change:
    """What is otherwise than it was; None and empty leave it as it was."""

    rule: Rule | None = None
    tie: Literal["none", "order"] | None = None
    quorum: int | None = None
    without: tuple[str, ...] = ()
    today: Today | None = None


@dataclass(frozen=True)
class Need:
    """A seat that would have to be asked again, and why."""

    seat: str
    why: Why


@dataclass(frozen=True)
class Absence:
    """What the verdict were without one seat; `needs` names seats that would have to be asked first.

    `pivotal` says that outcome or answer would be another; None where that cannot be told without asking.
    """

    seat: str
    verdict: Decided | None
    pivotal: bool | None
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Reseated:
    """A card of a seat that is ruled on otherwise today than it was; `reasons` are those of a no."""

    seat: str
    card: str
    was: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Counterfactual:
    """One deliberation under a change.

    `result`: same (nothing compared differs), changed (`changed` names the fields), needs_requery, council_refused
    (those whom today's policy leaves may not deliberate: `reason`), no_such_seat (nobody to be without), open,
    refused (there was no verdict to compare with), unfounded (the record does not replay by itself: see R1).
    """

    stream: str
    result: Result
    recorded: Decided | None = None
    recomputed: Decided | None = None
    changed: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    absences: tuple[Absence, ...] = ()
    reseated: tuple[Reseated, ...] = ()
    reason: str | None = None

    @property
    def pivotal(self) -> tuple[str, ...]:
        """The seats whose absence alone changes outcome or answer, under this change."""
        return tuple(each.seat for each in self.absences if each.pivotal)


@dataclass(frozen=True)
class _Case:
    """A deliberation as it stood when it was decided, and what its asks were made from."""

    opened: Opened
    standings: tuple[Standing, ...]
    classes: Mapping[str, str]
    made_from: Mapping[str, frozenset[str]]
    asked_cards: Mapping[str, tuple[str, ...]]
    raises: tuple[LabelRaised, ...]
    stopped: frozenset[str]
    needs: tuple[Need, ...] = ()
    reseated: tuple[Reseated, ...] = field(default=())


def counterfactual(stream: str, records: Sequence[Record], change: Change) -> Counterfactual:
    """The verdict of one deliberation under a change, beside the recorded one."""
    events = [record.data for record in records]
    recorded = next((event for event in events if isinstance(event, Decided)), None)
    if not events or not isinstance(events[0], Opened):
        refused = bool(events) and all(isinstance(event, Refused) for event in events)
        return Counterfactual(stream, "refused" if refused else "unfounded")
    if recorded is None:
        return Counterfactual(stream, "open")
    case = _case(events[: events.index(recorded)])
    if case is None or _verdict(case) != recorded:
        return Counterfactual(stream, "unfounded", recorded)
    return _under(stream, case, change, recorded)


def _under(stream: str, case: _Case, change: Change, recorded: Decided) -> Counterfactual:
    seats = {standing.seat for standing in case.standings}
    if not set(change.without) <= seats or set(change.without) == seats:
        return Counterfactual(stream, "no_such_seat", recorded)
    rule, quorum = change.rule or case.opened.rule, change.quorum or case.opened.quorum
    if change.tie is not None:
        rule = rule.model_copy(update={"tie": change.tie})
    changed = replace(case, opened=case.opened.model_copy(update={"rule": rule, "quorum": quorum}))
    if (rule, quorum) != (case.opened.rule, case.opened.quorum):
        changed = _with_needs(changed, case.stopped, "stopped_early")
    changed = _without(changed, change.without)
    if change.today is not None:
        changed = _seated_today(changed, change.today)
        reason = _refusal(changed, change.today)
        if reason is not None:
            return Counterfactual(
                stream, "council_refused", recorded, reseated=changed.reseated, reason=reason
            )
    found = Counterfactual(stream, "needs_requery", recorded, needs=changed.needs, reseated=changed.reseated)
    if changed.needs:
        return found
    verdict = _verdict(changed)
    fields = tuple(name for name in COMPARED if getattr(verdict, name) != getattr(recorded, name))
    return replace(
        found,
        result="changed" if fields else "same",
        recomputed=verdict,
        changed=fields,
        absences=_absences(changed, verdict),
    )


def _without(case: _Case, seats: Collection[str]) -> _Case:
    """The same deliberation in a council that never had these seats."""
    left = tuple(standing for standing in case.standings if standing.seat not in seats)
    gone = {standing.ask for standing in case.standings if standing.seat in seats and standing.ask}
    return _with_needs(replace(case, standings=left), _made_of(case.made_from, gone), "derived_from")


def _made_of(made_from: Mapping[str, frozenset[str]], gone: Collection[str]) -> frozenset[str]:
    """The asks whose prompt was made from the words of `gone`, directly or through others."""
    reached = set(gone)
    more = True
    while more:  # ends: each round adds an ask or is the last
        new = {ask for ask, sources in made_from.items() if sources & reached} - reached
        reached |= new
        more = bool(new)
    return frozenset(reached - set(gone))


def _with_needs(case: _Case, asks: Collection[str], why: Why) -> _Case:
    needs = tuple(Need(s.seat, why) for s in case.standings if s.ask in asks)
    return replace(case, needs=tuple(dict.fromkeys(case.needs + needs)))


def _case(before: Sequence[Event]) -> _Case | None:
    """The deliberation that the events before a verdict make; None where the core has not decided by then."""
    state: State = feed(before)[0]
    if state.phase != "decided":
        return None
    made_from: dict[str, frozenset[str]] = {}
    cards: dict[str, tuple[str, ...]] = {}
    stopped: set[str] = set()
    for event in before:
        if isinstance(event, Ticketed):
            made_from[event.ask] = made_from.get(event.ask, frozenset()) | frozenset(event.derived_from)
            cards[event.ask] = (*cards.get(event.ask, ()), event.card)
        elif isinstance(event, Cancelled) and event.by == "core" and event.why not in OF_ITSELF:
            stopped |= set(event.asks)
    raises = tuple(event for event in before if isinstance(event, LabelRaised))
    return _Case(state.opened, state.standings, state.classes, made_from, cards, raises, frozenset(stopped))


def _verdict(case: _Case) -> Decided:
    return decide(case.opened, case.standings, case.classes)


def _absences(case: _Case, verdict: Decided) -> tuple[Absence, ...]:
    """What each single seat's absence would change; of a council of one there is no rest to decide."""
    if len(case.standings) < 2:  # noqa: PLR2004  # one
        return ()
    return tuple(_absence(case, standing.seat, verdict) for standing in case.standings)


def _absence(case: _Case, seat: str, verdict: Decided) -> Absence:
    rest = _without(case, (seat,))
    if rest.needs:
        return Absence(seat, None, None, rest.needs)
    other = _verdict(rest)
    return Absence(
        seat, other, (other.outcome, other.answer_class) != (verdict.outcome, verdict.answer_class)
    )


# Today's seating.


def _seated_today(case: _Case, today: Today) -> _Case:
    """Each seat under today's policy: as it stood, not admitted, or to be asked again."""
    opened = case.opened
    was = {(entry.seat, entry.card): entry.admitted for entry in opened.plan}
    plan = tuple(
        _ruled(opened, opened.label, seat, card, today)
        for seat in opened.seats
        if any(standing.seat == seat.seat for standing in case.standings)
        for card in seat.targets
    )
    reseated = tuple(
        Reseated(entry.seat, entry.card, not entry.admitted, entry.reasons + entry.bias)
        for entry in plan
        if entry.admitted is not was.get((entry.seat, entry.card), False)
    )
    now = frozenset((entry.seat, entry.card) for entry in plan if entry.admitted)
    standings: list[Standing] = []
    needs = [Need(s.seat, "label_raised") for s in case.standings if _raised_otherwise(case, s, today)]
    gone: set[str] = set()
    for standing in case.standings:
        targets = next(seat.targets for seat in opened.seats if seat.seat == standing.seat)
        allowed = tuple(card for card in targets if (standing.seat, card) in now)
        if not allowed:
            gone |= {standing.ask} if standing.ask else set()
            standings.append(Standing(standing.seat, None, "not_admitted"))
            continue
        standings.append(standing)
        then = tuple(card for card in targets if was.get((standing.seat, card)))
        why = _asked_otherwise(case, standing, then, allowed)
        needs += [Need(standing.seat, why)] if why else []
    seated = replace(
        case,
        opened=opened.model_copy(update={"plan": plan}),
        standings=tuple(standings),
        needs=tuple(dict.fromkeys((*case.needs, *needs))),
        reseated=reseated,
    )
    return _with_needs(seated, _made_of(case.made_from, gone), "derived_from")


def _ruled(opened: Opened, label: int, seat: SeatPlan, name: str, today: Today) -> Admission:
    """Today's word on one card of a seat; a card that is gone, or abroad for masked text, is not admitted."""
    card = today.cards.get(name)
    if card is None:
        return Admission(seat=seat.seat, card=name, admitted=False, reasons=("card_gone",))
    ruling = today.admit(label, card, opened.topics)
    reasons = ruling.residency + (("masked_not_abroad",) if opened.masked and is_foreign(card) else ())
    admitted = not reasons and not ruling.bias
    return Admission(seat=seat.seat, card=name, admitted=admitted, reasons=reasons, bias=ruling.bias)


def _asked_otherwise(
    case: _Case, standing: Standing, then: tuple[str, ...], now: tuple[str, ...]
) -> Why | None:
    """Whether a seat that is still admitted would have been asked through other cards than it was.

    It would not where the cards up to the last one asked, and after a failure all of them, are the same but for
    cards that were tried in vain.
    """
    if standing.ask is None:
        return "not_asked"
    if then == now:
        return None
    asked = case.asked_cards.get(standing.ask, ())
    last = standing.answered.card if standing.answered is not None else None
    if last is None or last not in now or standing.missing:
        return "another_card"
    before = now[: now.index(last)]
    return None if set(before) <= set(asked) & set(then) else "another_card"


def _raised_otherwise(case: _Case, standing: Standing, today: Today) -> bool:
    """Whether, after the label rose in mid-deliberation, today's policy rules otherwise on a card of this seat."""
    seat = next(seat for seat in case.opened.seats if seat.seat == standing.seat)
    for raised in case.raises:
        was = {entry.card: entry.admitted for entry in raised.plan if entry.seat == standing.seat}
        for card in seat.targets:
            now = _ruled(case.opened, raised.after, seat, card, today).admitted
            if card in was and now is not was[card]:
                return True
    return False


def _refusal(case: _Case, today: Today) -> str | None:
    """Why the council that today's policy leaves may not deliberate; None if it may."""
    allowed = {(entry.seat, entry.card) for entry in case.opened.plan if entry.admitted}
    seats = [
        Seat(seat=plan.seat, persona=plan.persona.removeprefix("persona/"), targets=targets)
        for plan in case.opened.seats
        if (targets := tuple(card for card in plan.targets if (plan.seat, card) in allowed))
    ]
    opened = case.opened
    try:
        check_council(seats, opened.quorum, opened.rule, today.cards, opened.council)
    except CouncilRefusedError as error:
        return error.reason
    return None
