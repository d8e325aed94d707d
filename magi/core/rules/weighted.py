"""Plurality with integer weights: the class whose seats weigh most wins.

Weights are reliabilities, quantised once when a profile is built (`magi.core.reliability`); here they are only
added. A seat of weight 0 is live and counts for the quorum, but speaks for nothing; a class that no weight
backs never wins. With `share`, the leader needs at least that share of the weight cast. Equal sums are a tie,
for the stated key.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from magi.core.errors import CouncilRefusedError
from magi.core.rules.ballots import Fault, Poll, SetAside
from magi.core.rules.contest import Contest, Score, conclude, tiers_by
from magi.core.rules.count import Share
from magi.core.rules.ties import Voice

MAX_WEIGHT: Final = 1_000_000_000
"""Log-odds of a probability of one in a billion, in millionths, stay well below it."""


def weighted_plurality(
    poll: Poll, weights: Mapping[str, int], ballots: Mapping[str, str], *, share: Share | None = None
) -> Contest:
    """Count `ballots` (seat -> option) with the `weights` of the seats; scores are sums of weights.

    The result does not depend on the order of `ballots` or `weights`.

    Raises:
        CouncilRefusedError: weight_missing or weight_form, of a seat of the poll (with the seat).
    """
    _check(poll, weights)
    known = frozenset(poll.options)
    sums = dict.fromkeys(poll.options, 0)
    voices = {}
    aside = []
    for seat in poll.seats:
        if seat not in ballots:
            continue
        if ballots[seat] not in known:
            aside.append(SetAside(seat, "unknown_option"))
            continue
        sums[ballots[seat]] += weights[seat]
        voices[seat] = Voice(((ballots[seat],),))
    stranger: Fault = "unknown_seat"
    best = max(sums.values())
    return conclude(
        poll,
        tiers_by(poll.options, list(sums.values()), best="high"),
        voices,
        scores=[Score(option, Fraction(value)) for option, value in sums.items()],
        set_aside=[*aside, *(SetAside(seat, stranger) for seat in sorted(set(ballots) - set(poll.seats)))],
        meets=share is None or best * share[1] >= share[0] * sum(sums.values()),
        backed=best > 0,
    )


def _check(poll: Poll, weights: Mapping[str, int]) -> None:
    for seat in poll.seats:
        if seat not in weights:
            raise CouncilRefusedError("weight_missing", seat=seat)
        # A float would make the sum depend on its order, a NaN would make every comparison false.
        if type(weights[seat]) is not int or not 0 <= weights[seat] <= MAX_WEIGHT:
            raise CouncilRefusedError("weight_form", seat=seat, most=MAX_WEIGHT)
