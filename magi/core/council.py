"""Councils: seats, quorum, rule; and the check that a council may deliberate at all.

A council is refused with fewer than three seats, fewer than two model families, or where one vendor could
decide alone. The check asks every combination of seat and fallback, so it holds after a fallback too, and the
planner runs it again on the seats that a label leaves. Leaves to others: the label and the plan
(`magi.residency.plan`).
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from magi.core.canonical import canonical, digest
from magi.core.card import Card, lists_to_tuples, problems_of
from magi.core.errors import CouncilRefusedError, MalformedFileError, UnknownNameError
from magi.core.frozen import Frozen
from magi.core.rules.count import Rule, count
from magi.core.terms import ArbitrationRules

MIN_SEATS = 3
MIN_FAMILIES = 2
MAX_SEATS = 15
"""Every seat is asked at once; more than this is a batch, not a council."""
MAX_COMBINATIONS = 4_096
"""Seat and fallback combinations the check walks; 2 targets on each of 12 seats."""

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class Seat(Frozen):
    """A persona on an agent card, with fallbacks after it; `targets` are card ids in order of preference."""

    seat: Id
    persona: Annotated[str, Field(pattern=r"^[a-z]+@[0-9]+$")]
    targets: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1, max_length=4)


class Council(Frozen):
    """A council file. Times in seconds; `attempts` counts sends to one card."""

    name: Id
    title: Annotated[str, Field(min_length=1, max_length=200)]
    seats: tuple[Seat, ...]
    quorum: Annotated[int, Field(ge=2)]
    rule: Rule
    deadline_seconds: Annotated[int, Field(ge=1, le=3600)]
    attempts: Annotated[int, Field(ge=1, le=5)]
    arbitration: ArbitrationRules | None = None

    @model_validator(mode="after")
    def _arbitration_fits(self) -> Self:
        names = {seat.seat for seat in self.seats}
        rules = self.arbitration
        if rules is None:
            if not self.rule.is_simple:
                msg = "rule: this name or tie key needs an [arbitration] table"
                raise ValueError(msg)
            return self
        if rules.writer is not None and rules.writer not in names:
            msg = "arbitration.writer: no seat of this council"
            raise ValueError(msg)
        for gate in rules.gates:
            if not set(gate.seats) <= names or gate.topic in rules.high_stakes:
                msg = "arbitration.gates: seats of this council, and no topic that is high_stakes"
                raise ValueError(msg)
        if len({gate.topic for gate in rules.gates}) < len(rules.gates):
            msg = "arbitration.gates: every topic once"
            raise ValueError(msg)
        return self

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical bytes of the council; goes into the manifest."""
        absent = {"arbitration"} if self.arbitration is None else set()
        return digest(canonical(self.model_dump(mode="json", exclude=absent)))


def parse_council(table: Mapping[str, object], file: str) -> Council:
    """Parse one council file's table.

    Raises:
        MalformedFileError: unknown keys, missing keys, wrong values; all of them, with `file`.
    """
    try:
        return Council.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=problems_of(error)) from None


def check_council(
    seats: Sequence[Seat], quorum: int, rule: Rule, cards: Mapping[str, Card], council: str
) -> None:
    """Refuse a council that may not deliberate.

    Args:
        seats: the seats with the targets they may really be asked through.
        quorum: live ballots needed.
        rule: how ballots are counted.
        cards: card by id.
        council: the council's name, for the message.

    Raises:
        UnknownNameError: a target without a card.
        CouncilRefusedError: too_few_seats, too_many_seats, duplicate_seat, quorum_over_seats,
            too_few_families, one_vendor_decides (with the vendor), too_many_fallbacks.
    """
    unknown = sorted({t for seat in seats for t in seat.targets} - set(cards))
    if unknown:
        raise UnknownNameError("card", name=unknown[0], known=tuple(sorted(cards)))
    names = [seat.seat for seat in seats]
    if len(seats) < MIN_SEATS:
        raise CouncilRefusedError("too_few_seats", council=council, seats=len(seats), needed=MIN_SEATS)
    if len(seats) > MAX_SEATS:
        raise CouncilRefusedError("too_many_seats", council=council, seats=len(seats), most=MAX_SEATS)
    if len(set(names)) < len(names):
        raise CouncilRefusedError("duplicate_seat", council=council)
    if quorum > len(seats):
        raise CouncilRefusedError("quorum_over_seats", council=council, quorum=quorum, seats=len(seats))
    if math.prod(len(seat.targets) for seat in seats) > MAX_COMBINATIONS:
        raise CouncilRefusedError("too_many_fallbacks", council=council)
    for targets in itertools.product(*(seat.targets for seat in seats)):
        seated = [cards[target] for target in targets]
        families = {card.model.family.strip().casefold() for card in seated}
        if len(families) < MIN_FAMILIES:
            family = min(families)
            raise CouncilRefusedError("too_few_families", council=council, family=family, needed=MIN_FAMILIES)
        vendor = deciding_vendor([card.model.developer for card in seated], quorum, rule)
        if vendor is not None:
            raise CouncilRefusedError("one_vendor_decides", council=council, vendor=vendor)


def deciding_vendor(vendors: Sequence[str], quorum: int, rule: Rule) -> str | None:
    """The vendor whose seats could win alone, against seats that all answer something else; or None.

    `vendors` names the maker of each seat's model, in seat order; letter case does not make two. The worst
    case for the others is that each holds its own class and that just enough of them live to make the quorum,
    up to all of them.
    """
    if not rule.is_simple:
        # Of the other rules what counts here is the first preference; a single seat that weights or a tie key let
        # decide is no vendor's majority but a named outcome (`magi.core.arbitration`).
        rule = Rule(name="plurality")
    keys = [vendor.strip().casefold() for vendor in vendors]
    for key, vendor in sorted(zip(keys, vendors, strict=True)):
        own = [f"own{index}" for index in range(keys.count(key))]
        others = len(vendors) - len(own)
        for live in range(max(quorum - len(own), 0), others + 1):
            rest = [f"other{index}" for index in range(live)]
            ballots = dict.fromkeys(own, "own") | {name: name for name in rest}
            if count(rule, quorum, own + rest, ballots).winner == "own":
                return vendor
    return None
