"""Kemeny's rule, exact: the orders of the options that disagree least with the ballots (Kemeny 1959; Young 1988).

An order disagrees with a ballot on every pair that the ballot ranks the other way round. A pair that a ballot
puts equal, leaves unranked or recuses disagrees with no order. All orders of least disagreement are kept: an
option's place is the best place it has in any of them, so the first tier holds everyone who leads some best
order. The problem is NP-hard in general, so that at most six options (720 orders) are taken and more are refused
by name; nothing is approximated.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from magi.core.rules.ballots import Poll, Ranking, Tiers
from magi.core.rules.contest import Contest, conclude, tiers_by
from magi.core.rules.pairs import Pairs, compare, refuse_above

MAX_ORDERED: Final = 6
"""720 orders are walked in milliseconds; seven times as many per option beyond buys a council little."""


def kemeny(poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat) by Kemeny's rule.

    Raises:
        CouncilRefusedError: rule_too_large, more than `MAX_ORDERED` options.
    """
    refuse_above(len(poll.options), MAX_ORDERED)
    compared = compare(poll, ballots)
    return conclude(
        poll,
        best_places(poll.options, kemeny_orders(compared.pairs)),
        compared.voices,
        set_aside=compared.ballots.set_aside,
        uncompared=compared.uncompared,
    )


def kemeny_orders(pairs: Pairs) -> tuple[tuple[str, ...], ...]:
    """All orders of least disagreement with the ballots; a set in effect, listed in no meaningful order.

    Raises:
        CouncilRefusedError: rule_too_large.
    """
    refuse_above(len(pairs.options), MAX_ORDERED)
    least: int | None = None
    orders: list[tuple[str, ...]] = []
    for order in itertools.permutations(range(len(pairs.options))):
        disagreement = sum(pairs.wins[low][high] for high, low in itertools.combinations(order, 2))
        if least is None or disagreement < least:
            least, orders = disagreement, []
        if disagreement == least:
            orders.append(tuple(pairs.options[index] for index in order))
    return tuple(orders)


def best_places(options: Sequence[str], orders: Sequence[Sequence[str]]) -> Tiers:
    """Tiers of `options` by the best place that each takes in any of `orders`."""
    return tiers_by(options, [min(order.index(option) for order in orders) for option in options], best="low")
