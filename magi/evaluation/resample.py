"""Bootstrap intervals over questions, many series on the same draws, so that differences stay paired.

Promises: seeded and recomputable; a single series gets the interval that `recorded` gives it. Questions are drawn, not
splits: splits overlap and are no independent repetitions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from magi.evaluation.recorded import BOOTSTRAP_SEED, RESAMPLES, WHOLE_BP

MAX_DRAWS: Final = 20_000_000
"""Of one series; beyond twenty thousand questions fewer resamples give the same ends, since the spread is small."""
LEAST_RESAMPLES: Final = 200
"""Below that the ends of a 95 % interval are five values on each side."""

Key = TypeVar("Key")


def intervals(series: Mapping[Key, Sequence[float]]) -> dict[Key, tuple[int, int]]:
    """The 95 % percentile interval of each series' mean, in basis points of its unit.

    Raises:
        ValueError: series of different length, or without a question.
    """
    sizes = {len(values) for values in series.values()}
    if not series:
        return {}
    if len(sizes) > 1 or 0 in sizes:
        msg = "series: one value for each question, at least one"
        raise ValueError(msg)
    size = sizes.pop()
    times = min(RESAMPLES, max(LEAST_RESAMPLES, MAX_DRAWS // size))
    chance = random.Random(BOOTSTRAP_SEED)  # noqa: S311  # seeded on purpose: the interval must be recomputable
    places = range(size)
    drawn: dict[Key, list[float]] = {key: [] for key in series}
    for _ in range(times):
        picks = chance.choices(places, k=size)
        for key, values in series.items():
            drawn[key].append(sum(map(values.__getitem__, picks)) / size)
    return {key: _ends(sorted(means)) for key, means in drawn.items()}


def _ends(means: Sequence[float]) -> tuple[int, int]:
    count = len(means)
    low, high = means[count * 25 // 1000], means[count * 975 // 1000 - 1]
    return round(WHOLE_BP * low), round(WHOLE_BP * high)
