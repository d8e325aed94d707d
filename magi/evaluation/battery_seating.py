"""Councils for the bias battery: every card to be measured in a seat, in councils that may lawfully deliberate.

Cards are spread so that makers mix; at most `MAX_SEATS` sit together. Where a group may not deliberate (too few, one
family, a maker that could decide alone), other cards of the list are seated beside it, and where nothing helps the
group is divided; a card that still cannot sit is named. Pure and deterministic. Leaves to others: which cards a
question admits, and asking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from magi.core.card import Card
from magi.core.council import MAX_SEATS, MIN_SEATS, Council, Seat, check_council
from magi.core.errors import CouncilRefusedError
from magi.core.rules.count import Rule

PERSONA = "melchior@1"
"""One persona for all, so that cards are compared and not personas: law, facts and consistency."""
DEADLINE_SECONDS = 300
"""As the slowest shipped council: small models on one machine take minutes."""
ATTEMPTS = 2
RULE = Rule(name="majority")
"""The verdict is beside the point here; the rule only has to be one under which nobody decides alone."""


@dataclass(frozen=True)
class Seating:
    """Councils in order; cards that sit only to make a council lawful; cards that cannot sit at all."""

    councils: tuple[Council, ...]
    beside: tuple[str, ...]
    unseated: tuple[str, ...]


def seating(wanted: Sequence[str], cards: Mapping[str, Card]) -> Seating:
    """Seat the wanted cards; `cards` are all that may be asked, the wanted ones among them."""
    groups = _spread(wanted, cards)
    found: list[tuple[str, ...]] = []
    unseated: list[str] = []
    while groups:
        group = groups.pop(0)
        made = _lawful_with_company(group, cards)
        if made is not None:
            found.append(made)
        elif len(group) > 1:
            half = len(group) // 2
            groups[:0] = [group[:half], group[half:]]
        else:
            unseated += group
    councils = tuple(_council(number, names, cards) for number, names in enumerate(found, start=1))
    seated = {name for names in found for name in names}
    return Seating(councils, tuple(sorted(seated - set(wanted))), tuple(sorted(unseated)))


def _spread(wanted: Sequence[str], cards: Mapping[str, Card]) -> list[tuple[str, ...]]:
    """As few groups as the seats allow, of about equal size, the cards of one maker shared out among them."""
    ordered = sorted(wanted, key=lambda name: (cards[name].model.developer.casefold(), name))
    count = -(-len(ordered) // MAX_SEATS)
    return [tuple(ordered[start::count]) for start in range(count)]


def _lawful_with_company(group: tuple[str, ...], cards: Mapping[str, Card]) -> tuple[str, ...] | None:
    """The group, with as many others as it takes; None where no number of them makes it lawful."""
    seated = list(group)
    while _quorum(seated, cards) is None:
        makers = [cards[name].model.developer.casefold() for name in seated]
        families = {cards[name].model.family.casefold() for name in seated}
        others = sorted(
            (name for name in cards if name not in seated),
            key=lambda name: (
                makers.count(cards[name].model.developer.casefold()),
                cards[name].model.family.casefold() in families,
                name,
            ),
        )
        if not others or len(seated) == MAX_SEATS:
            return None
        seated.append(others[0])
    return tuple(seated)


def _quorum(names: Sequence[str], cards: Mapping[str, Card]) -> int | None:
    """The smallest quorum under which these cards may deliberate, from a majority up; None where there is none."""
    seats = _seats(names)
    for quorum in range(max(len(names) // 2 + 1, 2), len(names) + 1):
        try:
            check_council(seats, quorum, RULE, cards, "bias")
        except CouncilRefusedError:
            continue
        return quorum
    return None


def _council(number: int, names: Sequence[str], cards: Mapping[str, Card]) -> Council:
    quorum = _quorum(names, cards)
    return Council(
        name=f"bias-{number}",
        title="バイアスの測定 / Bias battery",
        seats=_seats(names),
        quorum=quorum if quorum is not None else MIN_SEATS,
        rule=RULE,
        deadline_seconds=DEADLINE_SECONDS,
        attempts=ATTEMPTS,
    )


def _seats(names: Sequence[str]) -> tuple[Seat, ...]:
    return tuple(
        Seat(seat=f"s{number}", persona=PERSONA, targets=(name,))
        for number, name in enumerate(names, start=1)
    )
