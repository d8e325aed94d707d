"""Conditional logit of the right class on who voted for it, drawn towards equal weights.

The chance that a class is right, given that one of the classes is, is proportional to exp(sum of its seats'
coefficients) (McFadden 1974). Fitting on outcomes, it learns what log-odds of single seats cannot: that two seats
which err together deserve less than two votes. A ridge draws the coefficients towards one common value, so few
labels give plurality and many give what they show; a topic's are drawn the same way towards the overall ones.

Promises: deterministic, the order of the rows changes nothing; coefficients are quantised and never negative, so
a ballot more never makes a class lose. Leaves to others: whether to use it (`magi.evaluation.fit`).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magi.core.aggregate import NO_BALLOT, Pattern
from magi.core.reliability import CAP, MILLI

RIDGE: Final = 4.0
"""Pull towards equal weights; 2 to 10 gave the same within 0.2 points over 95 random councils of three sets."""
TOPIC_RIDGE: Final = 8.0
"""Pull of a topic towards the whole; 2 to 16 gave the same within 0.2 points on sets with 14 topics."""
ROUNDS: Final = 12
SETTLED: Final = 2e-4
"""A fifth of the quantum."""
_LONGEST: Final = 2.0
"""A Newton step in nats; longer ones come from a flat start and overshoot."""

Coefficients = tuple[float, ...]
Informative = Mapping[tuple[Pattern, int], int]
"""(pattern, number of the right class) -> questions; only where seats disagreed and one class was right."""


@dataclass(frozen=True)
class _Case:
    """A pattern without its silent seats: (seat, class) pairs, how many classes, the right one, how often."""

    votes: tuple[tuple[int, int], ...]
    classes: int
    right: int
    count: int


def fit_common(cases: Informative, seats: int) -> Coefficients:
    """One coefficient for all seats, the model under which plurality decides."""
    common = 1.0
    # All that counts here is how many seats each class has: thousands of patterns come down to some dozen.
    grouped: Counter[tuple[tuple[int, ...], int]] = Counter()
    for (pattern, right), count in cases.items():
        held = Counter(number for number in pattern if number != NO_BALLOT)
        grouped[tuple(sorted(held.values())), held[right]] += count
    for _ in range(ROUNDS):
        slope, bend = 0.05 * (1.0 - common), 0.05  # a faint pull to 1 keeps it finite
        for (sizes, right), count in sorted(grouped.items()):
            likely = _softmax([common * size for size in sizes])
            mean = sum(p * size for p, size in zip(likely, sizes, strict=True))
            square = sum(p * size * size for p, size in zip(likely, sizes, strict=True))
            slope += count * (right - mean)
            bend += count * (square - mean * mean)
        step = slope / bend
        common += min(max(step, -_LONGEST), _LONGEST)
        if abs(step) < SETTLED:
            break
    return (max(common, 0.0),) * seats


def fit(
    cases: Informative, prior: Coefficients, ridge: float, start: Coefficients | None = None
) -> Coefficients:
    """The coefficients of highest penalised likelihood, by Newton's method, near `prior`."""
    grouped = _cases(cases)
    found = list(start or prior)
    for _ in range(ROUNDS if grouped else 0):
        slope = [ridge * (target - one) for target, one in zip(prior, found, strict=True)]
        bend = [[ridge if one == other else 0.0 for other in range(len(prior))] for one in range(len(prior))]
        for case in grouped:
            _add(case, found, slope, bend)
        step = _solved(bend, slope)
        longest = max(map(abs, step))
        scale = min(1.0, _LONGEST / longest) if longest else 1.0
        found = [one + scale * change for one, change in zip(found, step, strict=True)]
        if longest < SETTLED:
            break
    return tuple(found)


def quantised(coefficients: Coefficients) -> tuple[int, ...]:
    """Thousandths of a nat, from 0 to the cap of all weights."""
    return tuple(min(max(round(MILLI * one), 0), CAP) for one in coefficients)


def log_likelihood(coefficients: Coefficients, pattern: Pattern, right: int) -> float:
    """The logarithm of the chance that the model gives to the class that was right."""
    scores = [0.0] * (max(pattern) + 1)
    for one, number in zip(coefficients, pattern, strict=True):
        if number != NO_BALLOT:
            scores[number] += one
    top = max(scores)
    return scores[right] - top - math.log(sum(math.exp(score - top) for score in scores))


def _cases(cases: Informative) -> list[_Case]:
    return [
        _Case(
            tuple((seat, number) for seat, number in enumerate(pattern) if number != NO_BALLOT),
            max(pattern) + 1,
            right,
            count,
        )
        for (pattern, right), count in sorted(cases.items())
    ]


def _add(case: _Case, found: Sequence[float], slope: list[float], bend: list[list[float]]) -> None:
    """Add one case to the gradient and to the lower half of the curvature."""
    scores = [0.0] * case.classes
    for seat, number in case.votes:
        scores[number] += found[seat]
    likely, count, right = _softmax(scores), case.count, case.right
    for at, (seat, number) in enumerate(case.votes):
        weighed = count * likely[number]
        slope[seat] += (count if number == right else 0.0) - weighed
        row = bend[seat]
        for other, held in case.votes[: at + 1]:
            row[other] += weighed * ((1.0 if held == number else 0.0) - likely[held])


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    held = [math.exp(score - top) for score in scores]
    total = sum(held)
    return [one / total for one in held]


def _solved(lower: list[list[float]], wanted: Sequence[float]) -> list[float]:
    """Solve by Cholesky; the ridge keeps the matrix positive definite."""
    size = len(wanted)
    root = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = lower[i][j] - sum(root[i][k] * root[j][k] for k in range(j))
            root[i][j] = math.sqrt(rest) if i == j else rest / root[j][j]
    forward: list[float] = []
    for i in range(size):
        forward.append((wanted[i] - sum(root[i][k] * forward[k] for k in range(i))) / root[i][i])
    found = [0.0] * size
    for i in reversed(range(size)):
        later = sum(root[k][i] * found[k] for k in range(i + 1, size))
        found[i] = (forward[i] - later) / root[i][i]
    return found
