"""Calibration: from a raw probability to one that was checked against outcomes, and how good it was.

Isotonic regression by pooling adjacent violators where there are labels enough, one temperature where there are
few, nothing where there are hardly any. Probabilities are integers in basis points (10,000 = certain), so what is
shown, recorded and compared is the same everywhere.

Promises: pure; the map never decreases, so calibration never reverses which of two verdicts is the surer; nothing
is ever called certain or impossible. Leaves to others: where the raw probability comes from
(`magi.core.aggregate`), and that the outcomes were held out (`magi.evaluation.fit`).
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from magi.core.frozen import Frozen

WHOLE_BP: Final = 10_000
"""Certainty, in basis points."""
LEAST_BP: Final = 1
MOST_BP: Final = WHOLE_BP - 1
"""A finite number of outcomes shows neither impossibility nor certainty."""
MIN_ISOTONIC: Final = 200
"""Outcomes below which a free-form curve follows chance more than it follows the seats."""
MIN_TEMPERATURE: Final = 20
"""Outcomes below which even one number cannot be told from 1."""
LEAST_PERMILLE: Final = 250
MOST_PERMILLE: Final = 8_000
"""Bounds of a temperature: four times bolder, eight times more cautious."""
BINS: Final = 10
"""Equal-width bins of the expected calibration error, as is usual."""

_EXACT: Final = Context(prec=28)
"""Decimal functions are rounded correctly: the same last digit on every machine, unlike those of C libraries."""

BasisPoints = Annotated[int, Field(ge=0, le=WHOLE_BP)]
Outcomes = Mapping[int, tuple[int, int]]
"""Raw probability in basis points -> (how many outcomes, how many of them right)."""


class Step(Frozen):
    """From this raw probability upward, up to the next step, the calibrated one is `shown_bp`."""

    raw_bp: BasisPoints
    shown_bp: BasisPoints


class Calibration(Frozen):
    """A map from raw to shown probability: `none`, `temperature` or `isotonic` with ascending steps."""

    method: Literal["none", "temperature", "isotonic"] = "none"
    outcomes: Annotated[int, Field(ge=0)] = 0
    temperature_permille: Annotated[int, Field(ge=LEAST_PERMILLE, le=MOST_PERMILLE)] = 1_000
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        pairs = list(zip(self.steps, self.steps[1:], strict=False))
        if any(one.raw_bp >= two.raw_bp or one.shown_bp > two.shown_bp for one, two in pairs):
            msg = "steps: raw ascends, shown never falls"
            raise ValueError(msg)
        if (self.method == "isotonic") != bool(self.steps):
            msg = "steps: go with isotonic, and only with it"
            raise ValueError(msg)
        return self

    def shown(self, raw_bp: int) -> int:
        """The calibrated probability for a raw one, both in basis points; it never falls as `raw_bp` rises."""
        if self.method == "isotonic":
            place = bisect_right(self.steps, raw_bp, key=lambda step: step.raw_bp)
            return self.steps[max(place - 1, 0)].shown_bp
        if self.method == "temperature":
            return _tempered(raw_bp, self.temperature_permille)
        return raw_bp


@dataclass(frozen=True)
class Quality:
    """How a probability did over `outcomes`: ECE in basis points, Brier score and log loss in millionths."""

    outcomes: int
    ece_bp: int
    brier_ppm: int
    log_loss_ppm: int


def calibrate(outcomes: Outcomes) -> Calibration:
    """The map that the number of outcomes can bear: isotonic, one temperature, or none."""
    count = sum(asked for asked, _ in outcomes.values())
    if count >= MIN_ISOTONIC:
        return isotonic(outcomes)
    return temperature(outcomes) if count >= MIN_TEMPERATURE else Calibration(outcomes=count)


def isotonic(outcomes: Outcomes) -> Calibration:
    """The non-decreasing step function nearest to the outcomes, by pooling adjacent violators.

    A block of n outcomes, r of them right, stands at (r + 1/2) / (n + 1), so that a short run of successes is not
    called certain. The half-counts of the rule of succession are Jeffreys'; blocks pooled by plain shares stay
    ordered or are pooled again.

    Raises:
        ValueError: no outcomes at all.
    """
    if not outcomes:
        msg = "no outcomes to calibrate on"
        raise ValueError(msg)
    blocks: list[tuple[int, int, int]] = []  # raw, asked, right
    for raw in sorted(outcomes):
        block = (raw, *outcomes[raw])
        while blocks and _share(blocks[-1]) >= _share(block):
            before = blocks.pop()
            block = (before[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    return Calibration(
        method="isotonic",
        outcomes=sum(asked for asked, _ in outcomes.values()),
        steps=tuple(Step(raw_bp=block[0], shown_bp=_share(block)) for block in blocks),
    )


def temperature(outcomes: Outcomes) -> Calibration:
    """The one temperature T that makes sigmoid(logit(raw) / T) lose least, to the thousandth.

    The loss is convex in 1/T, so a ternary search over the thousandths finds the least.
    """
    low, high = LEAST_PERMILLE, MOST_PERMILLE
    while high - low > 2:  # noqa: PLR2004  # three candidates are compared at the end
        third = (high - low) // 3
        left, right = low + third, high - third
        if _loss(outcomes, left) <= _loss(outcomes, right):
            high = right
        else:
            low = left
    best = min(range(low, high + 1), key=lambda permille: (_loss(outcomes, permille), permille))
    count = sum(asked for asked, _ in outcomes.values())
    return Calibration(method="temperature", outcomes=count, temperature_permille=best)


def quality(outcomes: Outcomes) -> Quality:
    """ECE over ten equal bins, Brier score and log loss of probabilities against what happened.

    The expected calibration error is the mean gap between the shown probability and the share that was right,
    bin by bin, weighted by outcomes (Naeini, Cooper and Hauskrecht 2015). All zero without outcomes.
    """
    bins = [[0, 0] for _ in range(BINS)]
    brier, loss, count = 0, 0.0, 0
    for shown, (asked, right) in outcomes.items():
        place = bins[min(shown * BINS // WHOLE_BP, BINS - 1)]
        place[0] += shown * asked
        place[1] += WHOLE_BP * right
        brier += (WHOLE_BP - shown) ** 2 * right + shown**2 * (asked - right)
        likely = min(max(shown, LEAST_BP), MOST_BP) / WHOLE_BP
        loss -= right * math.log(likely) + (asked - right) * math.log1p(-likely)
        count += asked
    if not count:
        return Quality(0, 0, 0, 0)
    gap = sum(abs(said - was) for said, was in bins)
    return Quality(count, _nearest(gap, count), _nearest(brier, 100 * count), round(1_000_000 * loss / count))


def shown_outcomes(calibration: Calibration, outcomes: Outcomes) -> Outcomes:
    """The same outcomes, by shown instead of raw probability."""
    found: dict[int, tuple[int, int]] = {}
    for raw, (asked, right) in outcomes.items():
        shown = calibration.shown(raw)
        before = found.get(shown, (0, 0))
        found[shown] = (before[0] + asked, before[1] + right)
    return found


def _share(block: tuple[int, int, int]) -> int:
    _, asked, right = block
    return min(max(_nearest((2 * right + 1) * WHOLE_BP, 2 * asked + 2), LEAST_BP), MOST_BP)


def _loss(outcomes: Outcomes, permille: int) -> float:
    total = 0.0
    for raw, (asked, right) in outcomes.items():
        within = min(max(raw, LEAST_BP), MOST_BP)
        odds = math.log(within / (WHOLE_BP - within)) * 1000 / permille
        total += right * math.log1p(math.exp(-odds)) + (asked - right) * math.log1p(math.exp(odds))
    return total


@lru_cache(maxsize=65_536)
def _tempered(raw_bp: int, permille: int) -> int:
    within = min(max(raw_bp, LEAST_BP), MOST_BP)
    odds = _EXACT.divide(Decimal(within), Decimal(WHOLE_BP - within))
    power = _EXACT.divide(Decimal(1_000), Decimal(permille))
    tempered = _EXACT.exp(_EXACT.multiply(_EXACT.ln(odds), power))
    share = _EXACT.divide(tempered, _EXACT.add(tempered, Decimal(1)))
    shown = _EXACT.multiply(share, Decimal(WHOLE_BP)).to_integral_value(ROUND_HALF_EVEN)
    return min(max(int(shown), LEAST_BP), MOST_BP)


def _nearest(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
