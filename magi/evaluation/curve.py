"""How well shown probabilities hold: quality before and after calibration, and the points of the curve.

Promises: pure; probabilities and outcomes are of held-out questions, pooled over the splits for the curve and averaged
over them for the figures. Leaves to others: calibrating (`magi.core.calibration`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from magi.core.calibration import BINS, WHOLE_BP, Outcomes, Quality, quality, shown_outcomes
from magi.evaluation.asked_rows import AskedRow
from magi.evaluation.deciders import Deciders
from magi.evaluation.recorded import RecordedReport
from magi.evaluation.splits import split


@dataclass(frozen=True)
class Bin:
    """Outcomes whose probability fell into one tenth: how many, the mean shown, the share right (basis points)."""

    count: int
    shown_bp: int
    right_bp: int


@dataclass(frozen=True)
class Curve:
    """Mean figures over splits, and the bins that are not empty, lowest first."""

    before: Quality
    after: Quality
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]


def curve(report: RecordedReport) -> Curve:
    """Of the aggregator that each split chose."""
    before: dict[int, tuple[int, int]] = {}
    after: dict[int, tuple[int, int]] = {}
    for one in report.splits:
        places = split(one.seed, len(report.sheet.rows), one.labelled).held_out
        held_out = Counter(report.sheet.rows[place] for place in places)
        found = Deciders(one.profile).outcomes(one.profile.aggregator, held_out)
        _merge(before, found)
        _merge(after, shown_outcomes(one.profile.calibration, found))
    return Curve(
        _mean([one.before for one in report.splits]),
        _mean([one.after for one in report.splits]),
        bins(before),
        bins(after),
    )


def given_quality(rows: Sequence[AskedRow]) -> Quality | None:
    """How the confidences that verdicts carried held; None where none carried any."""
    found: dict[int, tuple[int, int]] = {}
    for row in rows:
        if row.council is not None and row.council.confidence_bp is not None:
            _merge(found, {row.council.confidence_bp: (1, int(row.council.right))})
    return quality(found) if found else None


def bins(outcomes: Outcomes) -> tuple[Bin, ...]:
    """Ten equal bins of the probability, the empty ones left out."""
    sums = [[0, 0, 0] for _ in range(BINS)]
    for shown, (asked, right) in outcomes.items():
        place = sums[min(shown * BINS // WHOLE_BP, BINS - 1)]
        place[0] += asked
        place[1] += shown * asked
        place[2] += right
    return tuple(
        Bin(asked, round(Fraction(shown, asked)), round(Fraction(WHOLE_BP * right, asked)))
        for asked, shown, right in sums
        if asked
    )


def _merge(into: dict[int, tuple[int, int]], more: Outcomes) -> None:
    for shown, (asked, right) in more.items():
        before = into.get(shown, (0, 0))
        into[shown] = (before[0] + asked, before[1] + right)


def _mean(found: Sequence[Quality]) -> Quality:
    def mean(figure: Callable[[Quality], int]) -> int:
        return round(Fraction(sum(figure(one) for one in found), len(found)))

    return Quality(
        mean(lambda one: one.outcomes),
        mean(lambda one: one.ece_bp),
        mean(lambda one: one.brier_ppm),
        mean(lambda one: one.log_loss_ppm),
    )
