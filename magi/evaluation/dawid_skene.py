"""One-coin Dawid-Skene: a ranking of seats from their answers alone, where there is no gold.

Every seat is right with one probability, and otherwise gives any other option with equal chance; expectation
maximisation finds the probabilities that explain the votes best (Dawid and Skene 1979, one parameter a worker).
Models share errors, and shared errors look like agreement: the probabilities came out 6 to 20 points too high
where gold was known. So they rank seats and weigh votes, and are never shown as a probability.

Promises: no gold is read; deterministic; the order of the questions changes nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magi.core.aggregate import NO_BALLOT, Pattern
from magi.core.reliability import CAP, MILLI, PPM

ROUNDS: Final = 100
"""Expectation maximisation settles within some thirty rounds on every council measured."""
SETTLED: Final = 1e-7
LEAST: Final = 1e-4
"""No seat is thought perfect or hopeless: its weight stays finite."""


@dataclass(frozen=True)
class Unlabelled:
    """What agreement alone says: a share in millionths and a weight in thousandths of a nat for every seat."""

    share_ppm: tuple[int, ...]
    weights: tuple[int, ...]

    @property
    def ranking(self) -> tuple[int, ...]:
        """Places of the seats, the most agreed-with first, then by council order."""
        return tuple(sorted(range(len(self.share_ppm)), key=lambda place: (-self.share_ppm[place], place)))


def one_coin(patterns: Mapping[Pattern, int], options: int) -> Unlabelled:
    """Fit one probability a seat to `patterns` (pattern -> how many questions) with `options` each.

    Raises:
        ValueError: no pattern, or fewer than two options.
    """
    if not patterns or options < 2:  # noqa: PLR2004  # one option is no question
        msg = "at least one pattern and two options"
        raise ValueError(msg)
    voted = [(pattern, count) for pattern, count in sorted(patterns.items()) if max(pattern) != NO_BALLOT]
    seats = len(next(iter(patterns)))
    shares = _of_plurality(voted, seats)
    for _ in range(ROUNDS):
        before, shares = shares, _round(voted, shares, options)
        if max(abs(one - other) for one, other in zip(before, shares, strict=True)) < SETTLED:
            break
    return Unlabelled(
        tuple(round(share * PPM) for share in shares),
        tuple(_weight(share, options) for share in shares),
    )


def _of_plurality(voted: Sequence[tuple[Pattern, int]], seats: int) -> list[float]:
    """The start: how far each seat agrees with the shares of the classes on each question."""
    right, asked = [0.0] * seats, [0] * seats
    for pattern, count in voted:
        live = sum(number != NO_BALLOT for number in pattern)
        for place, number in enumerate(pattern):
            if number != NO_BALLOT:
                right[place] += count * pattern.count(number) / live
                asked[place] += count
    return _shares(right, asked)


def _round(voted: Sequence[tuple[Pattern, int]], shares: Sequence[float], options: int) -> list[float]:
    right, asked = [0.0] * len(shares), [0] * len(shares)
    weights = [math.log((options - 1) * share / (1 - share)) for share in shares]
    for pattern, count in voted:
        likely = _class_shares(pattern, weights, options)
        for place, number in enumerate(pattern):
            if number != NO_BALLOT:
                right[place] += count * likely[number]
                asked[place] += count
    return _shares(right, asked)


def _class_shares(pattern: Pattern, weights: Sequence[float], options: int) -> list[float]:
    """How likely each class is, given the votes; options that nobody chose share the rest."""
    scores = [0.0] * (max(pattern) + 1)
    for weight, number in zip(weights, pattern, strict=True):
        if number != NO_BALLOT:
            scores[number] += weight
    top = max(*scores, 0.0)
    held = [math.exp(score - top) for score in scores]
    total = sum(held) + max(options - len(held), 0) * math.exp(-top)
    return [one / total for one in held]


def _shares(right: Sequence[float], asked: Sequence[int]) -> list[float]:
    return [
        min(max(one / count if count else 0.5, LEAST), 1 - LEAST)
        for one, count in zip(right, asked, strict=True)
    ]


def _weight(share: float, options: int) -> int:
    return min(max(round(MILLI * math.log((options - 1) * share / (1 - share))), 0), CAP)
