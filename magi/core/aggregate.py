"""Aggregators: from the seats' ballots and a frozen profile to the seat whose answer stands.

- `plurality`: most ballots; a tie goes to the class that holds the most reliable seat.
- `majority`: more than half of the ballots cast, else nothing.
- `log_odds`, `log_odds_topic`: sums of log-odds weights, over all topics or shrunk by topic.
- `logit`, `logit_topic`: sums of fitted coefficients, over all topics or shrunk by topic.
- `best_seat`, `best_seat_topic`: the most reliable seat that cast a ballot.
- `unanimous_else_strongest`: the most reliable seat, unless all others (two at least) agree on another class.

Most reliable means: by the profile's share in the topic where the topic is known (except `best_seat`,
`unanimous_else_strongest` and the global weights, which look at all topics together), then by council order.

Promises: pure; integer sums; the result does not depend on the order in which ballots arrive, on the names of
classes, or on PYTHONHASHSEED; a ballot more for a class never makes it lose (all weights are >= 0). A decision
that rests on one seat against others says so (単独席採用), it is never called a majority. Leaves to others:
quorum, outcomes and flags (`magi.core.verdict`), fitting (`magi.evaluation.fit`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Final, Literal, get_args

from magi.core.calibration import LEAST_BP, MOST_BP, WHOLE_BP
from magi.core.reliability import MILLI, AggregatorName, Profile

NO_BALLOT: Final = -1
"""The place of a seat that cast none in a pattern."""

Pattern = tuple[int, ...]
"""For every seat in council order the number of its class, counted from 0 as they first appear, or `NO_BALLOT`."""

AGGREGATORS: Final[tuple[AggregatorName, ...]] = get_args(AggregatorName)

_ENOUGH_OTHERS: Final = 2
"""One other seat that disagrees is no unanimity of the others."""
_EXACT: Final = Context(prec=28)


@dataclass(frozen=True)
class Scales:
    """What one aggregator reads for one topic: a weight for every seat, and its rank (0 the most reliable)."""

    aggregator: AggregatorName
    weights: tuple[int, ...]
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class Aggregate:
    """What an aggregator makes of ballots.

    Attributes:
        result: `decided`; `no_ballots` where nobody voted; `below_threshold` where the rule asks for more.
        answer_class: the class that stands, None unless decided.
        speaker: the most reliable seat of that class; where near answers form a class, its answer is meant.
        single_seat: one seat alone holds the class, and another seat voted otherwise (単独席採用).
        minority: another class has more ballots (weights decided, so this is never called a majority).
        tie_broken: two classes had the same score, and reliability told between them.
        raw_bp: the probability of the class before calibration; None unless decided.
        shown_bp: the same after calibration, the only one to show.
    """

    result: Literal["decided", "no_ballots", "below_threshold"]
    answer_class: str | None = None
    speaker: str | None = None
    single_seat: bool = False
    minority: bool = False
    tie_broken: bool = False
    raw_bp: int | None = None
    shown_bp: int | None = None


def aggregate(
    profile: Profile, ballots: Mapping[str, str], topic: str | None = None, by: AggregatorName | None = None
) -> Aggregate:
    """Decide over `ballots` (seat -> class) with the profile's own aggregator, or with the one named `by`.

    A topic that the profile does not know counts as none.

    Raises:
        ValueError: a ballot of a seat that is not in the profile.
    """
    names = [seat.seat for seat in profile.seats]
    if set(ballots) - set(names):
        msg = "ballots: only of seats in the profile"
        raise ValueError(msg)
    pattern = pattern_of([ballots.get(name) for name in names])
    if max(pattern) == NO_BALLOT:
        return Aggregate("no_ballots")
    held = scales(profile, by or profile.aggregator, topic)
    place = speaker(held, pattern)
    if place is None:
        return Aggregate("below_threshold")
    raw = raw_bp(profile, topic, pattern, pattern[place])
    return Aggregate(
        result="decided",
        answer_class=ballots[names[place]],
        speaker=names[place],
        single_seat=is_single_seat(pattern, pattern[place]),
        minority=is_minority(pattern, pattern[place]),
        tie_broken=is_tied(held, pattern),
        raw_bp=raw,
        shown_bp=profile.calibration.shown(raw),
    )


def pattern_of(classes: Sequence[str | None]) -> Pattern:
    """Number the classes as they first appear in council order; their names are gone from here on."""
    numbers: dict[str, int] = {}
    return tuple(NO_BALLOT if one is None else numbers.setdefault(one, len(numbers)) for one in classes)


def scales(profile: Profile, by: AggregatorName, topic: str | None) -> Scales:
    """The weights and ranks that `by` reads for a topic."""
    local = next((known for known in profile.topics if known.topic == topic), None)
    overall = tuple(seat.share_ppm for seat in profile.seats)
    shares = overall if local is None else local.share_ppm
    ones = (1,) * len(overall)
    match by:
        case "log_odds":
            return Scales(by, tuple(seat.weight for seat in profile.seats), _ranks(overall, overall))
        case "log_odds_topic":
            weights = tuple(s.weight for s in profile.seats) if local is None else local.weights
            return Scales(by, weights, _ranks(shares, overall))
        case "logit":
            return Scales(by, profile.coefficients, _ranks(overall, overall))
        case "logit_topic":
            weights = profile.coefficients if local is None else local.coefficients
            return Scales(by, weights, _ranks(shares, overall))
        case "best_seat" | "unanimous_else_strongest":
            return Scales(by, ones, _ranks(overall, overall))
        case _:
            return Scales(by, ones, _ranks(shares, overall))


def speaker(held: Scales, pattern: Pattern) -> int | None:
    """The place of the seat whose answer stands, or None where no class meets the rule.

    It is the most reliable seat of the winning class.
    """
    live = [place for place, number in enumerate(pattern) if number != NO_BALLOT]
    if not live:
        return None
    strongest = min(live, key=held.ranks.__getitem__)
    if held.aggregator in ("best_seat", "best_seat_topic"):
        return strongest
    if held.aggregator == "unanimous_else_strongest":
        others = [place for place in live if place != strongest]
        agreed = len({pattern[place] for place in others}) == 1
        return min(others, key=held.ranks.__getitem__) if agreed and _outvote(others) else strongest
    scores = _scores(held.weights, pattern)
    top = max(scores)
    if held.aggregator == "majority" and 2 * top <= len(live):
        return None
    leading = [place for place in live if scores[pattern[place]] == top]
    return min(leading, key=held.ranks.__getitem__)


def is_single_seat(pattern: Pattern, winner: int) -> bool:
    """Whether one seat alone holds the winning class against at least one other ballot (単独席採用)."""
    return pattern.count(winner) == 1 and any(number not in (winner, NO_BALLOT) for number in pattern)


def is_minority(pattern: Pattern, winner: int) -> bool:
    """Whether another class has more ballots than the winning one."""
    held = pattern.count(winner)
    return any(pattern.count(number) > held for number in set(pattern) - {NO_BALLOT})


def raw_bp(profile: Profile, topic: str | None, pattern: Pattern, winner: int) -> int:
    """The probability of a class before calibration, in basis points.

    Log-odds weights of the topic, scaled by effective votes over seats, since seats share errors; the options
    that nobody chose keep a weight of zero each.
    """
    local = next((known for known in profile.topics if known.topic == topic), None)
    weights = tuple(seat.weight for seat in profile.seats) if local is None else local.weights
    return raw_of(weights, profile.n_eff_centi, profile.options, pattern, winner)


def raw_of(weights: tuple[int, ...], n_eff_centi: int, options: int, pattern: Pattern, winner: int) -> int:
    """`raw_bp` from its parts, for whoever asks for many."""
    scores = tuple(_scores(weights, pattern))
    return _posterior_bp(scores, winner, n_eff_centi, 100 * len(weights), options)


@lru_cache(maxsize=65_536)
def _posterior_bp(scores: tuple[int, ...], winner: int, scale: int, whole: int, options: int) -> int:
    held = [_EXACT.exp(_EXACT.divide(Decimal(score * scale), Decimal(whole * MILLI))) for score in scores]
    total = Decimal(max(options - len(scores), 0))
    for one in held:
        total = _EXACT.add(total, one)
    likely = _EXACT.multiply(_EXACT.divide(held[winner], total), Decimal(WHOLE_BP))
    return min(max(int(likely.to_integral_value(ROUND_HALF_EVEN)), LEAST_BP), MOST_BP)


def _scores(weights: Sequence[int], pattern: Pattern) -> list[int]:
    scores = [0] * (max(pattern) + 1)
    for weight, number in zip(weights, pattern, strict=True):
        if number != NO_BALLOT:
            scores[number] += weight
    return scores


def _ranks(shares: Sequence[int], overall: Sequence[int]) -> tuple[int, ...]:
    order = sorted(range(len(shares)), key=lambda place: (-shares[place], -overall[place], place))
    ranks = [0] * len(order)
    for rank, place in enumerate(order):
        ranks[place] = rank
    return tuple(ranks)


def _outvote(others: Sequence[int]) -> bool:
    return len(others) >= _ENOUGH_OTHERS


def is_tied(held: Scales, pattern: Pattern) -> bool:
    """Whether classes shared the highest score, and reliability told between them; a seat's own choice is no tie."""
    if held.aggregator in ("best_seat", "best_seat_topic", "unanimous_else_strongest"):
        return False
    scores = _scores(held.weights, pattern)
    return scores.count(max(scores)) > 1
