"""Calibration: pooled violators, one temperature, and the measures of how good a probability was."""

import itertools
import random

import pytest
from pydantic import ValidationError

from magi.core.calibration import Calibration, Step, calibrate, isotonic, quality, shown_outcomes, temperature


def test_violators_are_pooled():
    """Shares of .9, .5, .7 and .95 become .9|.5|.7 pooled into one block and .95 above it."""
    fitted = isotonic({2000: (100, 90), 4000: (100, 50), 6000: (100, 70), 8000: (100, 95)})

    # half a count more of 301, half a count more of 101
    assert fitted.steps == (Step(raw_bp=2000, shown_bp=6993), Step(raw_bp=8000, shown_bp=9455))


def test_the_map_never_falls():
    """Whatever the outcomes, a higher raw probability never shows as a lower one, nor as certain."""
    chance = random.Random(4)  # noqa: S311  # seeded
    for _ in range(200):
        outcomes = {}
        for raw in chance.sample(range(10_001), 12):
            asked = chance.randrange(1, 60)
            outcomes[raw] = (asked, chance.randrange(asked + 1))
        for fitted in (isotonic(outcomes), temperature(outcomes)):
            shown = [fitted.shown(raw) for raw in range(0, 10_001, 250)]

            assert all(one <= two for one, two in itertools.pairwise(shown))
            assert shown[0] > 0
            assert shown[-1] < 10_000


def test_temperature_is_the_likeliest():
    """An over-bold probability is cooled by the temperature that scipy finds, 1.8766."""
    fitted = temperature({9000: (50, 40), 8000: (30, 18), 6000: (20, 9)})

    assert fitted.temperature_permille == 1877
    assert fitted.shown(9000) == 7633  # 1 / (1 + 9 ** (-1 / 1.877))


def test_few_outcomes_bear_less():
    """Under 20 outcomes nothing is changed, under 200 one temperature is fitted, then a curve."""
    methods = [calibrate({7000: (count, count // 2)}).method for count in (0, 19, 20, 199, 200)]

    assert methods == ["none", "none", "temperature", "temperature", "isotonic"]


def test_calibrated_outcomes_have_no_error_on_themselves():
    """On the outcomes that fitted the curve, the expected calibration error all but vanishes."""
    outcomes = {9500: (400, 300), 8000: (400, 240), 5000: (400, 120)}
    before, after = quality(outcomes), quality(shown_outcomes(isotonic(outcomes), outcomes))

    assert before.ece_bp == 2000  # |.95-.75|, |.8-.6|, |.5-.3|
    assert after.ece_bp <= 10
    assert after.brier_ppm < before.brier_ppm
    assert after.log_loss_ppm < before.log_loss_ppm


def test_quality_by_hand():
    """Two outcomes at 80 %, one right: ECE 30 points, Brier (.04 + .64) / 2, log loss .9163."""
    found = quality({8000: (2, 1)})

    assert (found.ece_bp, found.brier_ppm, found.log_loss_ppm) == (3000, 340_000, 916_291)


def test_errors_of_different_bins_do_not_cancel():
    """Ten points too bold at 90 % and ten too shy at 10 % are an error of ten points, not of none."""
    assert quality({9000: (10, 8), 1000: (10, 2)}).ece_bp == 1000


def test_no_outcomes_have_no_quality():
    """Nothing measured is zero outcomes, and isotonic regression refuses to start from nothing."""
    assert quality({}).outcomes == 0
    with pytest.raises(ValueError, match="no outcomes"):
        isotonic({})


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "isotonic"},
        {"method": "none", "steps": (Step(raw_bp=1, shown_bp=1),)},
        {"method": "isotonic", "steps": (Step(raw_bp=2, shown_bp=1), Step(raw_bp=1, shown_bp=2))},
        {"method": "isotonic", "steps": (Step(raw_bp=1, shown_bp=2), Step(raw_bp=2, shown_bp=1))},
        {"method": "temperature", "temperature_permille": 0},
    ],
)
def test_a_map_that_could_fall_is_refused(fields):
    """Steps out of order, falling, missing or superfluous are no calibration."""
    with pytest.raises(ValidationError):
        Calibration(**fields)
