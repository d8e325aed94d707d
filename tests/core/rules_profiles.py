"""Families of preference profiles for the rules' tests: the same ones that the outside oracle was run over.

A profile is a number of options and a list of ballots; a ballot is a list of tiers of option numbers, best
first. Standard library only and nothing of magi, so that an oracle in an environment of its own can load it.
"""

import itertools
import random

STRICT_SEED = 20_260_701
TIED_SEED = 20_260_702


def exhaustive():
    """Every profile of one to three strict ballots over two to four options, up to the order of ballots."""
    for options in (2, 3, 4):
        orders = list(itertools.permutations(range(options)))
        for voters in (1, 2, 3):
            for ballots in itertools.combinations_with_replacement(orders, voters):
                yield options, [[[option] for option in ballot] for ballot in ballots]


def strict(count=400):
    """Seeded random profiles of strict ballots: 3 to 6 options, 2 to 25 ballots."""
    chance = random.Random(STRICT_SEED)  # noqa: S311  seeded on purpose, no secret
    for _ in range(count):
        options = chance.randint(3, 6)
        ballots = []
        for _ in range(chance.randint(2, 25)):
            order = list(range(options))
            chance.shuffle(order)
            ballots.append([[option] for option in order])
        yield options, ballots


def tied(count=400):
    """Seeded random profiles with tied positions and truncated ballots: 3 to 5 options, 2 to 15 ballots."""
    chance = random.Random(TIED_SEED)  # noqa: S311  seeded on purpose, no secret
    for _ in range(count):
        options = chance.randint(3, 5)
        yield options, [_weak_order(chance, options) for _ in range(chance.randint(2, 15))]


def _weak_order(chance, options):
    order = list(range(options))
    chance.shuffle(order)
    tiers = [[order[0]]]
    for option in order[1:]:
        if chance.random() < 0.25:
            tiers[-1].append(option)
        else:
            tiers.append([option])
    if len(tiers) > 2 and chance.random() < 0.4:
        tiers = tiers[: chance.randint(1, len(tiers) - 1)]
    return tiers


FAMILIES = {"exhaustive": exhaustive, "strict": strict, "tied": tied}
