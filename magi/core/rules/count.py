"""Plurality, majority, supermajority and unanimity over answer classes, with quorum and stated ties.

A ballot is one live seat's answer class. Abstentions, refusals and failures cast no ballot, so they count for
no class and never for the quorum. Thresholds are taken of the ballots cast:

- plurality: more ballots than any other class;
- majority: more than half;
- supermajority: at least `share` (numerator, denominator), and more than half;
- unanimity: all of them.

Tie keys: `none` reports the tie (可否同数). `order` gives it to the tied class that holds the seat standing
first in the council, but only among classes of two ballots or more: otherwise one seat would decide alone.
The tie key breaks ties for the lead; it never lifts a class over the rule's threshold. `options` and `reliable` are
keys of arbitration (`magi.core.counting`), and so are the rules other than these four.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from magi.core.frozen import Frozen

RuleName = Literal[
    "plurality", "majority", "supermajority", "unanimity",
    "approval", "borda", "copeland", "kemeny", "minimax", "ranked_pairs", "schulze",
    "weighted", "chosen",
]  # fmt: skip
"""`weighted` sums log-odds weights of a reliability profile; `chosen` is the aggregator that the profile chose."""
SIMPLE: frozenset[RuleName] = frozenset({"plurality", "majority", "supermajority", "unanimity"})
"""Rules over one answer a seat, without measured weights: the ones of version 1 of the computation."""
MEASURED: frozenset[RuleName] = frozenset({"weighted", "chosen"})
"""Rules that need a reliability profile."""
RANKED: frozenset[RuleName] = frozenset({"borda", "copeland", "kemeny", "minimax", "ranked_pairs", "schulze"})
"""Rules over rankings of a choice; an answer of any other space is a ranking of one tier."""

Share = tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]]


class Rule(Frozen):
    """A rule by name, the share it asks for (supermajority only), and its tie key."""

    name: RuleName
    tie: Literal["none", "order", "options", "reliable"] = "none"
    share: Share | None = None

    @model_validator(mode="after")
    def _share_fits(self) -> Self:
        if (self.name == "supermajority") != (self.share is not None):
            msg = "share: goes with supermajority, and only with it"
            raise ValueError(msg)
        if self.share is not None and not self.share[0] <= self.share[1] < 2 * self.share[0]:
            msg = "share: more than one half and at most one"
            raise ValueError(msg)
        return self

    @property
    def is_simple(self) -> bool:
        """Whether version 1 of the computation knows this rule and its tie key."""
        return self.name in SIMPLE and self.tie in ("none", "order")


@dataclass(frozen=True)
class Line:
    """One line of a tally: a class and the seats that hold it, in council order."""

    answer_class: str
    seats: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """What a rule makes of ballots. `winner` is None unless `result` is won."""

    result: Literal["won", "tied", "below_threshold", "no_quorum"]
    winner: str | None
    tally: tuple[Line, ...]
    tie_broken: bool = False


def count(rule: Rule, quorum: int, order: Sequence[str], ballots: Mapping[str, str]) -> Count:
    """Count `ballots` (seat -> class) of the seats in `order` under `rule` with `quorum` live ballots needed.

    The result does not depend on the order of `ballots`. The tally is sorted by ballots, most first, then by
    the seat that stands first in `order`.
    """
    tally = _tally(order, ballots)
    if len(ballots) < max(quorum, 1):
        return Count("no_quorum", None, tally)
    leaders = [line for line in tally if len(line.seats) == len(tally[0].seats)]
    if not _meets(rule, len(tally[0].seats), len(ballots)):
        result: Literal["tied", "below_threshold"] = "tied" if len(leaders) > 1 else "below_threshold"
        return Count(result, None, tally)
    if len(leaders) == 1:
        return Count("won", tally[0].answer_class, tally)
    if rule.tie == "order" and len(tally[0].seats) > 1:
        return Count("won", tally[0].answer_class, tally, tie_broken=True)
    return Count("tied", None, tally)


def _tally(order: Sequence[str], ballots: Mapping[str, str]) -> tuple[Line, ...]:
    holders: dict[str, list[str]] = {}
    for seat in order:
        if seat in ballots:
            holders.setdefault(ballots[seat], []).append(seat)
    lines = [Line(answer_class, tuple(seats)) for answer_class, seats in holders.items()]
    return tuple(sorted(lines, key=lambda line: (-len(line.seats), order.index(line.seats[0]))))


def _meets(rule: Rule, leading: int, cast: int) -> bool:
    if rule.name == "plurality":
        return True
    if rule.name == "majority":
        return 2 * leading > cast
    if rule.name == "unanimity":
        return leading == cast
    numerator, denominator = rule.share or (1, 1)
    return leading * denominator >= numerator * cast
