"""Schulze's method over strongest paths (Schulze 2011, Social Choice and Welfare 36: 267-303).

A link from i to j is as strong as the ballots that put i above j, where they are more than those against it
(winning votes, the paper's recommendation for ballots with ties), else 0. A path is as strong as its weakest
link; p[i][j] is the strongest path from i to j. Option i stands ahead of j where p[i][j] > p[j][i]; the relation
is transitive but need not be a ranking with ties, so tiers are layers: first the options that none stands ahead
of (the potential winners of the paper), then the same among the rest.
"""

from collections.abc import Mapping

from magi.core.rules.ballots import Poll, Ranking, Tiers
from magi.core.rules.contest import Contest, conclude
from magi.core.rules.pairs import Matrix, Pairs, compare


def schulze(poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat) by Schulze's method.

    The result does not depend on the order of `ballots`. The cube of the options in time.

    Raises:
        CouncilRefusedError: rule_too_large.
    """
    compared = compare(poll, ballots)
    return conclude(
        poll,
        _layers(poll.options, strongest_paths(compared.pairs)),
        compared.voices,
        set_aside=compared.ballots.set_aside,
        uncompared=compared.uncompared,
    )


def strongest_paths(pairs: Pairs) -> Matrix:
    """The strength of the strongest path between every two options, in ballots; 0 where there is none."""
    size = len(pairs.options)
    paths = [
        [pairs.wins[one][other] if pairs.margin(one, other) > 0 else 0 for other in range(size)]
        for one in range(size)
    ]
    for middle in range(size):
        onward = paths[middle]
        for one in range(size):
            first = paths[one][middle]
            if one == middle or first == 0:
                continue
            row = paths[one]
            for other in range(size):
                through = min(first, onward[other])
                if other != one and through > row[other]:
                    row[other] = through
    return tuple(tuple(row) for row in paths)


def _layers(options: tuple[str, ...], paths: Matrix) -> Tiers:
    left = list(range(len(options)))
    layers = []
    while left:
        lead = [one for one in left if all(paths[one][other] >= paths[other][one] for other in left)]
        layers.append(tuple(options[index] for index in lead))
        left = [index for index in left if index not in lead]
    return tuple(layers)
