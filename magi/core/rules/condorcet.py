"""Copeland's and the minimax rule: who wins most duels, and whose worst defeat is smallest.

- Copeland (1951): duels won minus duels lost; an equal duel counts nothing.
- Minimax (Simpson 1969, Kramer 1977): the largest margin by which an option loses; smallest is best, and an
  option that never loses has 0. It may elect an option outside the Smith set, so it serves for comparison, not
  as a council's own rule.
"""

from collections.abc import Mapping
from fractions import Fraction

from magi.core.rules.ballots import Poll, Ranking
from magi.core.rules.contest import Contest, Score, conclude, tiers_by
from magi.core.rules.pairs import compare


def copeland(poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat) by duels won minus duels lost.

    Raises:
        CouncilRefusedError: rule_too_large.
    """
    compared = compare(poll, ballots)
    pairs = compared.pairs
    size = range(len(poll.options))
    values = [sum((m > 0) - (m < 0) for m in (pairs.margin(one, other) for other in size)) for one in size]
    return conclude(
        poll,
        tiers_by(poll.options, values, best="high"),
        compared.voices,
        scores=[Score(option, Fraction(value)) for option, value in zip(poll.options, values, strict=True)],
        set_aside=compared.ballots.set_aside,
        uncompared=compared.uncompared,
    )


def minimax(poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat) by the largest margin an option loses by, smallest first.

    Raises:
        CouncilRefusedError: rule_too_large.
    """
    compared = compare(poll, ballots)
    pairs = compared.pairs
    size = range(len(poll.options))
    values = [max(0, *(pairs.margin(other, one) for other in size)) for one in size]
    return conclude(
        poll,
        tiers_by(poll.options, values, best="low"),
        compared.voices,
        scores=[Score(option, Fraction(value)) for option, value in zip(poll.options, values, strict=True)],
        set_aside=compared.ballots.set_aside,
        uncompared=compared.uncompared,
    )
