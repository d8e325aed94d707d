"""What another profile would have ruled on deliberations that took place: pure, for counterfactuals and reports.

Each deliberation is judged on its own day, from what its record says: seats, label, topics, and the plan of then.
A card that is gone is named and makes the answer unknown where it matters; it is never skipped. Leaves to others:
reading records, loading cards (`magi.replay`, the command).
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from magi.core.card import Card
from magi.core.council import Council, Seat, check_council
from magi.core.errors import CouncilRefusedError
from magi.core.record import Admission, Opened
from magi.core.rules.count import Rule
from magi.residency.plan import seated
from magi.residency.policy import Ruling, admit
from magi.residency.profile import Profile


@dataclass(frozen=True)
class Opening:
    """A logged deliberation as it was planned; `seated` is false where the planner refused it."""

    stream: str
    council: str
    seats: tuple[Seat, ...]
    quorum: int
    rule: Rule
    label: int
    topics: tuple[str, ...]
    plan: tuple[Admission, ...]
    day: datetime.date
    seated: bool = True


@dataclass(frozen=True)
class SeatRuling:
    """One card of one seat: admitted then, and the ruling of the other profile; None where the card is unknown."""

    seat: str
    card: str
    was: bool | None
    ruling: Ruling | None

    @property
    def differs(self) -> bool:
        """Whether the other profile is known to rule otherwise than was ruled."""
        return self.ruling is not None and self.ruling.admitted is not self.was


@dataclass(frozen=True)
class Simulated:
    """One deliberation under another profile; `would_be_seated` is None where an unknown card decides it."""

    stream: str
    rulings: tuple[SeatRuling, ...]
    unknown_cards: tuple[str, ...]
    was_seated: bool
    would_be_seated: bool | None

    @property
    def differs(self) -> bool:
        """Whether any seat's ruling, or the seating as a whole, is known to come out otherwise."""
        seating = self.would_be_seated is not None and self.would_be_seated is not self.was_seated
        return seating or any(ruling.differs for ruling in self.rulings)


def opening_of(stream: str, opened: Opened, day: datetime.date) -> Opening:
    """The opening that a record of kind `opened` holds; `day` is the record's day in Japan."""
    seats = tuple(
        Seat(seat=plan.seat, persona=plan.persona.removeprefix("persona/"), targets=plan.targets)
        for plan in opened.seats
    )
    return Opening(
        stream=stream,
        council=opened.council,
        seats=seats,
        quorum=opened.quorum,
        rule=opened.rule,
        label=opened.label,
        topics=opened.topics,
        plan=opened.plan,
        day=day,
    )


def opening_refused(
    stream: str,
    *,
    council: Council,
    label: int,
    topics: tuple[str, ...],
    plan: tuple[Admission, ...],
    day: datetime.date,
) -> Opening:
    """The opening of a deliberation that the planner refused; its record has no seats, the council has."""
    return Opening(
        stream,
        council.name,
        council.seats,
        council.quorum,
        council.rule,
        label,
        topics,
        plan,
        day,
        seated=False,
    )


def simulate(
    openings: Iterable[Opening],
    cards: Mapping[str, Card],
    profile: Profile,
    today: datetime.date | None = None,
) -> tuple[Simulated, ...]:
    """Every deliberation under another profile, in the order given.

    Args:
        openings: what was logged.
        cards: the cards to rule on; those of the records' manifests where they can still be had.
        profile: the other profile, whatever its own day.
        today: judge all on this day instead of on each one's own.
    """
    return tuple(_simulated(opening, cards, profile, today or opening.day) for opening in openings)


def _simulated(
    opening: Opening, cards: Mapping[str, Card], profile: Profile, today: datetime.date
) -> Simulated:
    then = {(entry.seat, entry.card): entry.admitted for entry in opening.plan}
    rulings = tuple(
        SeatRuling(
            seat=seat.seat,
            card=target,
            was=then.get((seat.seat, target)),
            ruling=admit(opening.label, cards[target], profile, opening.topics, today)
            if target in cards
            else None,
        )
        for seat in opening.seats
        for target in seat.targets
    )
    unknown = tuple(dict.fromkeys(ruling.card for ruling in rulings if ruling.ruling is None))
    return Simulated(
        stream=opening.stream,
        rulings=rulings,
        unknown_cards=unknown,
        was_seated=opening.seated,
        would_be_seated=None if unknown else _deliberates(opening, rulings, cards),
    )


def _deliberates(opening: Opening, rulings: tuple[SeatRuling, ...], cards: Mapping[str, Card]) -> bool:
    plan = tuple(
        Admission(
            seat=each.seat,
            card=each.card,
            admitted=each.ruling is not None and each.ruling.admitted,
            reasons=each.ruling.residency if each.ruling else (),
            bias=each.ruling.bias if each.ruling else (),
        )
        for each in rulings
    )
    try:
        check_council(seated(opening.seats, plan), opening.quorum, opening.rule, cards, opening.council)
    except CouncilRefusedError:
        return False
    return True
