"""The planner: which seats of a council a label leaves, and whether the rest may deliberate.

The planner is the first of two parts that keep a text where it may be; the egress guard repeats its decision.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence

from magi.core.card import Card
from magi.core.council import Council, Seat, check_council
from magi.core.errors import CouncilRefusedError
from magi.core.record import Admission, SeatPlan
from magi.residency.policy import Profile, admit, backend_class, is_foreign


def check(council: Council, cards: Mapping[str, Card], profile: Profile, today: datetime.date) -> None:
    """Refuse a council that could never deliberate, or whose fallbacks are looser than what they stand for.

    Raises:
        UnknownNameError: a target without a card.
        CouncilRefusedError: see `check_council`; looser_fallback with the seat and the card.
    """
    check_council(council.seats, council.quorum, council.rule, cards, council.name)
    for seat in council.seats:
        classes = [backend_class(cards[target], profile, today) for target in seat.targets]
        for target, found in zip(seat.targets[1:], classes[1:], strict=True):
            abroad = is_foreign(cards[target]) and not is_foreign(cards[seat.targets[0]])
            if found > classes[0] or abroad:
                raise CouncilRefusedError(
                    "looser_fallback", council=council.name, seat=seat.seat, card=target
                )


def plan(
    council: Council,
    cards: Mapping[str, Card],
    label: int,
    profile: Profile,
    today: datetime.date,
    *,
    topics: Collection[str],
) -> tuple[Admission, ...]:
    """The ruling on every card of every seat, in council order."""
    rulings = (
        (seat.seat, target, admit(label, cards[target], profile, topics, today))
        for seat in council.seats
        for target in seat.targets
    )
    return tuple(
        Admission(
            seat=seat, card=target, admitted=ruling.admitted, reasons=ruling.residency, bias=ruling.bias
        )
        for seat, target, ruling in rulings
    )


def seated(seats: Sequence[Seat], admissions: Sequence[Admission]) -> tuple[Seat, ...]:
    """The seats that keep at least one admitted card, with only their admitted cards."""
    allowed = {(entry.seat, entry.card) for entry in admissions if entry.admitted}
    left = ((seat, tuple(t for t in seat.targets if (seat.seat, t) in allowed)) for seat in seats)
    return tuple(seat.model_copy(update={"targets": targets}) for seat, targets in left if targets)


def seat_plans(council: Council) -> tuple[SeatPlan, ...]:
    """The council's seats as the record keeps them."""
    return tuple(
        SeatPlan(seat=s.seat, persona=f"persona/{s.persona}", targets=s.targets) for s in council.seats
    )
