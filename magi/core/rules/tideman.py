"""Ranked pairs (Tideman 1987), with every way of ordering equal pairs considered.

Majorities are locked in, largest margin first, unless one closes a cycle with those locked before. Where equal
margins can contradict each other the result may depend on which comes first; no order is then preferred, and an
option leads if it leads under some order (Tideman's own reading). What orders can come out is decided without
walking through the ways of breaking ties, by the stacks of Zavist & Tideman (1989): an order is a possible
result exactly if every option holds its place against each lower one by a downward chain of links at least as
large as the lower one's margin over it. An option's place is the best it has in any possible result.

The options are first split into successive Smith sets, which the rule never mixes. A Smith set in which no
equal margins contradict each other has one result at any size; otherwise its orders are walked, and a set of
more than six options is refused by name (deciding the winners there is NP-hard: Brill & Fischer 2012). A poll of
at most six options is therefore never refused.
"""

import itertools
from collections.abc import Mapping, Sequence

from magi.core.errors import CouncilRefusedError
from magi.core.rules.ballots import Poll, Ranking, Tiers
from magi.core.rules.contest import Contest, conclude, tiers_by
from magi.core.rules.kemeny import MAX_ORDERED
from magi.core.rules.pairs import Pairs, compare, smith_level


def ranked_pairs(poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat) by ranked pairs over margins.

    The result does not depend on the order of `ballots`.

    Raises:
        CouncilRefusedError: rule_too_large; cycle_too_large, equal margins contradict each other among more
            than `MAX_ORDERED` options.
    """
    compared = compare(poll, ballots)
    return conclude(
        poll,
        _tiers(compared.pairs),
        compared.voices,
        set_aside=compared.ballots.set_aside,
        uncompared=compared.uncompared,
    )


def _tiers(pairs: Pairs) -> Tiers:
    left: tuple[int, ...] = tuple(range(len(pairs.options)))
    tiers: list[tuple[str, ...]] = []
    while left:
        level = smith_level(pairs, left)
        places = _places(pairs, level)
        tiers += tiers_by([pairs.options[index] for index in level], places, best="low")
        left = tuple(index for index in left if index not in level)
    return tuple(tiers)


def _places(pairs: Pairs, level: Sequence[int]) -> list[int]:
    """The best place each option of a Smith set takes in any possible result."""
    above = _locked(pairs, level)
    if above is not None:
        # One acyclic result: an option's best place is behind all that are locked above it, and no other.
        return [sum(above[other] >> one & 1 for other in level if other != one) for one in level]
    if len(level) > MAX_ORDERED:
        raise CouncilRefusedError("cycle_too_large", options=len(level), most=MAX_ORDERED)
    stacks = [order for order in itertools.permutations(level) if _is_stack(pairs, order)]
    return [min(order.index(one) for order in stacks) for one in level]


def _locked(pairs: Pairs, level: Sequence[int]) -> dict[int, int] | None:
    """Whom each option reaches (bits) over locked pairs; None if equal margins contradict each other."""
    by_margin: dict[int, list[tuple[int, int]]] = {}
    for one, other in itertools.permutations(level, 2):
        if (margin := pairs.margin(one, other)) > 0:
            by_margin.setdefault(margin, []).append((one, other))
    reach = dict.fromkeys(level, 0)
    for margin in sorted(by_margin, reverse=True):
        free = [(one, other) for one, other in by_margin[margin] if not reach[other] >> one & 1]
        for one, other in free:
            gained = reach[other] | 1 << other
            for start in level:
                if start == one or reach[start] >> one & 1:
                    reach[start] |= gained
        if any(reach[one] >> one & 1 for one in level):
            return None
    return reach


def _is_stack(pairs: Pairs, order: Sequence[int]) -> bool:
    """Whether each option attains each lower one: a downward chain, every link as large as the margin back."""
    size = len(order)
    for top in range(size):
        widths: dict[int, int] = {}  # of the widest downward chain from `top` to each lower place
        for low in range(top + 1, size):
            direct = pairs.margin(order[top], order[low])
            through = [min(widths[mid], pairs.margin(order[mid], order[low])) for mid in range(top + 1, low)]
            widths[low] = max([direct, *through])
            if widths[low] < pairs.margin(order[low], order[top]):
                return False
    return True
