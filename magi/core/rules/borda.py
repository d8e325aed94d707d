"""Borda's count, as the share of comparisons an option wins; ties and truncated ballots by averaged positions.

On a ballot that may judge k options, an option gets one point for each option below it and half a point for
each that stands equal to it (mid-ranks, Kendall 1945, Biometrika 33), out of k-1.
Unranked options are equal last. A recused option is neither scored nor counted in k, so the ballot is scored as
if its seat's own item had never been in it. The score is points over points possible, summed over the ballots
that may judge the option: with complete ballots this is the classic sum n-1-position divided by a constant.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from magi.core.rules.ballots import Poll, Ranking, positions, ranked_ballots
from magi.core.rules.contest import Contest, Score, conclude, tiers_by
from magi.core.rules.ties import Voice


def borda(poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat); scores are shares of comparisons won, 0 to 1.

    The result does not depend on the order of `ballots`. Linear in options times ballots.
    """
    taken = ranked_ballots(poll, ballots)
    halves = [0] * len(poll.options)
    possible = [0] * len(poll.options)
    for _, ballot in taken.live:
        _add(positions(poll.options, ballot), halves, possible)
    values = [Fraction(got, most or 1) for got, most in zip(halves, possible, strict=True)]
    unseen = [option for option, most in zip(poll.options, possible, strict=True) if most == 0]
    return conclude(
        poll,
        tiers_by(poll.options, values, best="high"),
        {seat: Voice(ballot.tiers, ballot.recused) for seat, ballot in taken.live},
        scores=[Score(option, value) for option, value in zip(poll.options, values, strict=True)],
        set_aside=taken.set_aside,
        uncompared=unseen if taken.live and len(poll.options) > 1 else (),
    )


def _add(places: Sequence[int | None], halves: list[int], possible: list[int]) -> None:
    """Add one ballot's points, in halves, and the points it could give."""
    sizes: dict[int, int] = {}
    for place in places:
        if place is not None:
            sizes[place] = sizes.get(place, 0) + 1
    judged = sum(sizes.values())
    points = {}
    below = judged
    for place in sorted(sizes):
        below -= sizes[place]
        points[place] = 2 * below + sizes[place] - 1
    for index, place in enumerate(places):
        if place is not None:
            halves[index] += points[place]
            possible[index] += 2 * (judged - 1)
