"""What error rates a profile may promise, and from which confidence a council may say 95 % and stop.

The confidences tested are held out: each comes from weights that its own label did not teach. Leaves to others:
the bound (`magi.core.selective`).
"""

from typing import Final

from magi.core.calibration import Outcomes
from magi.core.reliability import Promised
from magi.core.selective import CERTAIN_ERROR_BP, CERTAIN_MIN, MAX_QUESTIONS, MIN_KEPT, Promise, select

PROMISED_ERRORS_BP: Final = (1_000, 2_000)
DELTA_BP: Final = 50
"""So that of twenty profiles one at most is seen to break its promise on as many further questions as taught it. Those
vary as much as the labels did: a bound for the seats' own error rate at one in twenty was broken on the other half in
8 to 13 % of 300 splits of recorded panels, at one in a hundred in up to 5 %, at one in two hundred in up to 3 %."""
CERTAIN_DELTA_BP: Final = 200
"""To call an answer 95 % sure is said aloud; it may be broken in one profile of fifty."""


def promises(outcomes: Outcomes) -> tuple[Promised, ...]:
    """For each error rate the confidence from which it is kept, or that none is."""
    return tuple(_promised(outcomes, error_bp, DELTA_BP, MIN_KEPT) for error_bp in PROMISED_ERRORS_BP)


def certain(outcomes: Outcomes) -> Promised:
    """From which confidence at most one answer in twenty is wrong, on a hundred labels or more."""
    return _promised(outcomes, CERTAIN_ERROR_BP, CERTAIN_DELTA_BP, CERTAIN_MIN)


def _promised(outcomes: Outcomes, error_bp: int, delta_bp: int, least: int) -> Promised:
    raws: list[int] = []
    correct: list[bool] = []
    for raw, (asked, right) in outcomes.items():
        raws += [raw] * asked
        correct += [True] * right + [False] * (asked - right)
    none = Promised(error_bp=error_bp, delta_bp=delta_bp, from_bp=None)
    if len(raws) > MAX_QUESTIONS:
        return none
    found = select(raws, correct, error_bp=error_bp, delta_bp=delta_bp, min_kept=least)
    if not isinstance(found, Promise):
        return none
    return none.model_copy(update={"from_bp": found.threshold_bp, "kept": found.kept, "wrong": found.errors})
