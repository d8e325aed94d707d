"""Pairwise comparison of ranked ballots: the matrix, its majorities, and the sets they single out.

`wins[i][j]` counts the ballots that put option i above option j. Unranked options lose to ranked ones and are
equal among themselves; a ballot says nothing about a pair with an option it recuses. A pair put equal counts for
neither side.

Bounds: 100 options, since strongest paths cost the cube of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magi.core.errors import CouncilRefusedError
from magi.core.rules.ballots import Poll, Ranking, Rankings, positions, ranked_ballots
from magi.core.rules.ties import Voice

MAX_COMPARED: Final = 100
"""A million steps for strongest paths, well under a second; a reviewed council has at most fifteen statements."""

Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Pairs:
    """The comparisons of a poll: options in declared order, `wins[i][j]` ballots that put i above j."""

    options: tuple[str, ...]
    wins: Matrix

    def margin(self, one: int, other: int) -> int:
        """How many more ballots put `one` above `other` than the other way round; negative where fewer."""
        return self.wins[one][other] - self.wins[other][one]


@dataclass(frozen=True)
class Compared:
    """A poll's live ballots and the matrix they make, with the options that no ballot compared."""

    ballots: Rankings
    pairs: Pairs
    uncompared: tuple[str, ...]

    @property
    def voices(self) -> dict[str, Voice]:
        """The live ballots as the tie key hears them."""
        return {seat: Voice(ballot.tiers, ballot.recused) for seat, ballot in self.ballots.live}


def compare(poll: Poll, ballots: Mapping[str, Ranking]) -> Compared:
    """Compare ranked `ballots` (by seat) pair by pair.

    Raises:
        CouncilRefusedError: rule_too_large, more than `MAX_COMPARED` options.
    """
    size = len(poll.options)
    refuse_above(size, MAX_COMPARED)
    taken = ranked_ballots(poll, ballots)
    wins = [[0] * size for _ in range(size)]
    judged = [size == 1] * size
    for _, ballot in taken.live:
        placed = [(i, p) for i, p in enumerate(positions(poll.options, ballot)) if p is not None]
        for one, place in placed:
            judged[one] = judged[one] or len(placed) > 1
            row = wins[one]
            for other, lower in placed:
                if place < lower:
                    row[other] += 1
    unseen = [option for option, seen in zip(poll.options, judged, strict=True) if not seen]
    matrix = tuple(tuple(row) for row in wins)
    return Compared(taken, Pairs(poll.options, matrix), tuple(unseen) if taken.live else ())


def refuse_above(options: int, most: int) -> None:
    """Refuse to run a rule over more options than it can take.

    Raises:
        CouncilRefusedError: rule_too_large.
    """
    if options > most:
        raise CouncilRefusedError("rule_too_large", options=options, most=most)


def condorcet_winner(pairs: Pairs) -> str | None:
    """The option that beats every other by a majority of the ballots that compare them, or None."""
    size = len(pairs.options)
    for one in range(size):
        if all(pairs.margin(one, other) > 0 for other in range(size) if other != one):
            return pairs.options[one]
    return None


def smith_set(pairs: Pairs) -> tuple[str, ...]:
    """The smallest set whose every option beats every option outside it (Smith 1973), in declared order."""
    return tuple(pairs.options[index] for index in smith_level(pairs, range(len(pairs.options))))


def schwartz_set(pairs: Pairs) -> tuple[str, ...]:
    """The union of the smallest sets that no option outside beats (Schwartz 1972), in declared order."""
    size = len(pairs.options)
    reach = _reach(pairs, range(size), ties_too=False)
    members = [
        one
        for one in range(size)
        if all(reach[one] >> other & 1 for other in range(size) if reach[other] >> one & 1)
    ]
    return tuple(pairs.options[index] for index in members)


def smith_level(pairs: Pairs, among: Sequence[int]) -> tuple[int, ...]:
    """The Smith set (indices, ascending) of the options `among`: all that reach every other by not losing."""
    reach = _reach(pairs, among, ties_too=True)
    return tuple(one for one in among if all(reach[one] >> other & 1 for other in among))


def _reach(pairs: Pairs, among: Sequence[int], *, ties_too: bool) -> dict[int, int]:
    """Whom each option reaches over majorities (or ties, where they count), itself included, as bits."""
    least = 0 if ties_too else 1
    reach = {
        one: sum(1 << other for other in among if other == one or pairs.margin(one, other) >= least)
        for one in among
    }
    for middle in among:
        for one in among:
            if reach[one] >> middle & 1:
                reach[one] |= reach[middle]
    return reach
