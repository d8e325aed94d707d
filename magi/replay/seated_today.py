"""A deliberation with today's seating: each seat keeps its standing, loses its seat, or would have to be asked. Pure.

Who rested keeps resting: the terms are those of the day, and what the bias battery has found since is not asked.
Leaves to others: today's cards and policy (given in), another reading of the text's label (the recorded one is kept).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from magi.core.card import Card
from magi.core.council import Seat, check_council
from magi.core.errors import CouncilRefusedError
from magi.core.record import Admission, Opened, SeatPlan
from magi.core.standing import Standing
from magi.replay.as_decided import AsDecided, Need, Reseated, Why
from magi.replay.without import struck
from magi.residency.policy import Ruling, is_foreign

AdmitToday = Callable[[int, Card, Collection[str]], Ruling]
"""Today's policy on a card, for a label and topics."""


@dataclass(frozen=True)
class Today:
    """Who would be seated now: today's cards by name, and today's policy."""

    cards: Mapping[str, Card]
    admit: AdmitToday


def seated_today(case: AsDecided, today: Today) -> AsDecided:
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
    needs = [Need(s.seat, "label_raised") for s in case.standings if _raised_otherwise(case, s, today)]
    gone: set[str] = set()
    for standing in case.every:
        targets = next(seat.targets for seat in opened.seats if seat.seat == standing.seat)
        allowed = tuple(card for card in targets if (standing.seat, card) in now)
        if standing.state == "rested":
            continue
        if not allowed:
            gone.add(standing.seat)
            continue
        then = tuple(card for card in targets if was.get((standing.seat, card)))
        why = _asked_otherwise(case, standing, then, allowed)
        needs += [Need(standing.seat, why)] if why else []
    seated = case.with_needs(needs)
    seated = replace(seated, opened=opened.model_copy(update={"plan": plan}), reseated=reseated)
    standings = tuple(Standing(s.seat, None, "not_admitted") if s.seat in gone else s for s in case.standings)
    return struck(seated, standings, gone) if gone else seated


def refusal(case: AsDecided, today: Today) -> str | None:
    """Why the council that today's policy leaves may not deliberate; None if it may."""
    allowed = {(entry.seat, entry.card) for entry in case.opened.plan if entry.admitted}
    resting = {s.seat for s in case.standings if s.state == "rested"}
    seats = [
        Seat(seat=plan.seat, persona=plan.persona.removeprefix("persona/"), targets=targets)
        for plan in case.opened.seats
        if plan.seat not in resting
        and (targets := tuple(card for card in plan.targets if (plan.seat, card) in allowed))
    ]
    opened = case.opened
    try:
        check_council(seats, opened.quorum, opened.rule, today.cards, opened.council)
    except CouncilRefusedError as error:
        return error.reason
    return None


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
    case: AsDecided, standing: Standing, then: tuple[str, ...], now: tuple[str, ...]
) -> Why | None:
    """Whether a seat that is still admitted would have been asked through other cards than it was.

    It would not where the cards up to the last one asked, and after a failure all of them, are the same but for
    cards that were tried in vain; nor where an early stop saved it, which is looked at for itself.
    """
    if standing.ask is None:
        return "not_asked"
    if then == now or standing.state == "not_asked":
        return None
    asked = case.asked_cards.get(standing.ask, ())
    last = standing.answered.card if standing.answered is not None else None
    if last is None or last not in now or standing.missing:
        return "another_card"
    before = now[: now.index(last)]
    return None if set(before) <= set(asked) & set(then) else "another_card"


def _raised_otherwise(case: AsDecided, standing: Standing, today: Today) -> bool:
    """Whether, after the label rose in mid-deliberation, today's policy rules otherwise on a card of this seat."""
    seat = next(seat for seat in case.opened.seats if seat.seat == standing.seat)
    for raised in case.raises:
        was = {entry.card: entry.admitted for entry in raised.plan if entry.seat == standing.seat}
        for card in seat.targets:
            now = _ruled(case.opened, raised.after, seat, card, today).admitted
            if card in was and now is not was[card]:
                return True
    return False
