"""Selective answering: from which confidence on a council may answer without exceeding a promised error rate.

Given confidences and whether each answer was right, on questions that were not used to fit the confidences,
`select` returns the lowest threshold under which the error of what is answered stays below `error_bp`, except
with a probability of `delta_bp`, or says that nothing can be promised. Thresholds are tested from the highest
confidence downwards, each at the full delta, and the walk ends at the first that fails: a fixed sequence of
tests needs no correction for their number, since the first false promise in the order is made with probability
delta at most. (`search` is the procedure of Geifman and El-Yaniv, NeurIPS 2017, algorithm 1: a binary search
with delta shared out over its steps; it holds too and survives an early unlucky threshold.) Each test asks
whether the Clopper-Pearson upper bound is within the allowed error, as an exact comparison of integers.

Promises: integers in, integers out; floats decide nothing; the order of the questions does not matter; no
threshold is given on fewer than `MIN_KEPT` answers. Leaves to others: confidences and their calibration
(`magi.core.calibration`), and keeping the data that chose the threshold apart from the data that fitted them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import exp, lgamma, log, log1p
from typing import Literal

WHOLE_BP = 10_000
PPM = 1_000_000
MIN_KEPT = 30
"""Fewer answers promise nothing worth hearing: even without an error their bound at delta .05 is 9.5 %."""
START_KEPT = 100
"""The walk begins with so many answers, or a fifth of the labelled ones if these are fewer: among thirty, one
unlucky error ends it at once. Of 300 recorded five-seat profiles 293 promised instead of 209 (8 and 4 of the
promises were broken; 15 are allowed)."""
START_PART = 5
CERTAIN_ERROR_BP = 500
CERTAIN_MIN = 100
"""So that another half of the same size holds 50 such questions, and errs below 6 % beyond chance."""
MAX_QUESTIONS = 200_000
"""The integers grow with every answer walked; a profile is fitted on thousands, not millions."""

Procedure = Literal["walk", "search"]


@dataclass(frozen=True)
class Promise:
    """Answer from `threshold_bp` on: `kept` of `asked` labelled questions, `errors` among them.

    `upper_bp` is the Clopper-Pearson upper bound of the error rate, rounded up, at the delta of the procedure.
    """

    threshold_bp: int
    kept: int
    asked: int
    errors: int
    upper_bp: int

    @property
    def coverage_bp(self) -> int:
        """The share of questions answered, in basis points, rounded down."""
        return self.kept * WHOLE_BP // self.asked


@dataclass(frozen=True)
class NoPromise:
    """Nothing can be promised: too few labelled answers, or no threshold whose bound is low enough."""

    reason: Literal["too_few", "bound_exceeded"]


Selection = Promise | NoPromise


def upper_bound_ppm(errors: int, answers: int, delta_bp: int = 500) -> int:
    """Clopper-Pearson upper bound of an error rate after `errors` in `answers`, in parts per million, rounded up.

    It is the rate at which so few errors have probability delta, Beta^-1(1 - delta; e + 1, k - e). Exact
    binomial tails decide, so rounding only ever makes it more careful; floats only say where to look first.
    All wrong, or nothing answered, bounds nothing: one million.

    Raises:
        ValueError: counts that do not fit, or a delta outside 1 to 9,999.
    """
    _check(errors, answers, delta_bp)
    return _upper_ppm(errors, answers, Fraction(delta_bp, WHOLE_BP))


def within(errors: int, answers: int, rate: Fraction, delta: Fraction) -> bool:
    """Whether the Clopper-Pearson upper bound is at most `rate`: P(at most `errors` of `answers`) <= delta there."""
    wrong, right = rate.numerator, rate.denominator - rate.numerator
    tail, ways, power = 0, 1, 1
    for number in range(errors + 1):
        tail = tail * right + ways * power
        ways, power = ways * (answers - number) // (number + 1), power * wrong
    tail *= pow(right, answers - errors)
    return bool(tail * delta.denominator <= delta.numerator * pow(rate.denominator, answers))


def select(
    confidences_bp: Sequence[int],
    correct: Sequence[bool],
    *,
    error_bp: int,
    delta_bp: int = 500,
    procedure: Procedure = "walk",
    min_kept: int = MIN_KEPT,
) -> Selection:
    """The lowest threshold with the promised error rate, or that none can be promised.

    Args:
        confidences_bp: confidence of each labelled question in basis points, fitted elsewhere.
        correct: whether the answer was right; as long.
        error_bp: the error rate allowed among what is answered, 1 to 9,999.
        delta_bp: the probability with which the promise may be broken, 1 to 9,999.
        procedure: `walk` (fixed sequence) or `search` (SGR with its union bound).
        min_kept: fewest answers to promise on, at least `MIN_KEPT`.

    Returns:
        A threshold to answer at and above, or the reason why there is none.

    Raises:
        ValueError: lengths that differ, confidences that are no basis points, more than `MAX_QUESTIONS`,
            rates out of range.
    """
    _check_rows(confidences_bp, correct, error_bp, delta_bp)
    steps = _steps(confidences_bp, correct)
    rate, delta = Fraction(error_bp, WHOLE_BP), Fraction(delta_bp, WHOLE_BP)
    least = max(min_kept, MIN_KEPT, _fewest(rate, delta))
    if len(correct) < least:
        return NoPromise("too_few")
    if procedure == "walk":
        start = max(least, min(START_KEPT, len(correct) // START_PART))
        found, used = _walked(steps, start, rate, delta), delta
    else:
        large = [step for step in steps if step.kept >= least]
        used = delta / max(len(large), 1).bit_length()  # a binary search takes at most so many steps
        found = _searched(large, rate, used)
    if found is None:
        return NoPromise("bound_exceeded")
    upper = _upper_ppm(found.errors, found.kept, used)
    return Promise(found.threshold_bp, found.kept, len(correct), found.errors, -(-upper * WHOLE_BP // PPM))


def certain_stop(confidences_bp: Sequence[int], correct: Sequence[bool]) -> Selection:
    """From which confidence on the council may say "95 %" and stop, or that this cannot be promised.

    An error of at most 5 % among what it calls 95 %, at delta .05, on at least `CERTAIN_MIN` labelled questions:
    the margin of the bound is what keeps a test half of the same size at 94 % and 50 questions.

    Raises:
        ValueError: as `select`.
    """
    return select(confidences_bp, correct, error_bp=CERTAIN_ERROR_BP, min_kept=CERTAIN_MIN)


@dataclass(frozen=True)
class _Step:
    """What stands at a threshold and above."""

    threshold_bp: int
    kept: int
    errors: int


def _steps(confidences_bp: Sequence[int], correct: Sequence[bool]) -> tuple[_Step, ...]:
    """One step for each confidence seen, highest first; equal confidences enter together."""
    steps, kept, errors = [], 0, 0
    pairs = sorted(zip(confidences_bp, correct, strict=True), key=lambda pair: -pair[0])
    for threshold, group in groupby(pairs, key=lambda pair: pair[0]):
        outcomes = [right for _, right in group]
        kept += len(outcomes)
        errors += outcomes.count(False)
        steps.append(_Step(threshold, kept, errors))
    return tuple(steps)


def _fewest(rate: Fraction, delta: Fraction) -> int:
    """Fewest answers that pass without any error: a shorter start of the walk would fail whatever they are."""
    low, high = 0, 1
    while high <= MAX_QUESTIONS and not within(0, high, rate, delta):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if within(0, middle, rate, delta) else (middle, high)
    return high


def _walked(steps: Sequence[_Step], least: int, rate: Fraction, delta: Fraction) -> _Step | None:
    """The last step before the first that fails, from the first that is large enough."""
    passed = None
    for step, holds in _held(steps, rate, delta):
        if step.kept < least:
            continue
        if not holds:
            break
        passed = step
    return passed


def _held(steps: Sequence[_Step], rate: Fraction, delta: Fraction) -> Iterator[tuple[_Step, bool]]:
    """Each step with whether its bound is within `rate`; the binomial tail is carried along, exactly.

    With q the denominator, the tail P(X <= e) and the term P(X = e) of k answers are kept times q^k; both
    follow from those of k - 1 answers, so that a walk costs one short product for each answer.
    """
    wrong, whole = rate.numerator, rate.denominator
    tail, term, scale, answers, errors = 1, 1, 1, 0, 0
    for step in steps:
        while answers < step.kept:
            answers += 1
            tail, scale = tail * whole - term * wrong, scale * whole
            if errors < step.errors:
                errors += 1
                term = term * wrong * answers // errors
                tail += term
            else:
                term = term * (whole - wrong) * answers // (answers - errors)
        yield step, tail * delta.denominator <= delta.numerator * scale


def _searched(steps: Sequence[_Step], rate: Fraction, delta: Fraction) -> _Step | None:
    """Binary search as in SGR: lower where the bound holds, higher where it does not; the lowest that held."""
    low, high, passed = 0, len(steps) - 1, None
    while low <= high:
        middle = (low + high + 1) // 2
        if within(steps[middle].errors, steps[middle].kept, rate, delta):
            passed, low = steps[middle], middle + 1
        else:
            high = middle - 1
    return passed


def _upper_ppm(errors: int, answers: int, delta: Fraction) -> int:
    if errors == answers:
        return PPM
    low, high, step = 0, PPM, 1  # the tail is above delta at `low`, within it at `high`
    probe = min(max(_estimated_ppm(errors, answers, float(delta)), 1), PPM - 1)
    while high - low > 1:
        if within(errors, answers, Fraction(probe, PPM), delta):
            high, probe = probe, max(probe - step, (low + probe) // 2)
        else:
            low, probe = probe, min(probe + step, (high + probe + 1) // 2)
        probe, step = min(max(probe, low + 1), high - 1), step * 2
    return high


def _estimated_ppm(errors: int, answers: int, delta: float) -> int:
    """The upper bound by bisection over the tail in floats; close, not sure."""
    ways = [lgamma(answers + 1) - lgamma(n + 1) - lgamma(answers - n + 1) for n in range(errors + 1)]
    low, high = 0.0, 1.0
    for _ in range(30):  # halves to below a thousandth of one part per million
        rate = (low + high) / 2
        odds, none = log(rate) - log1p(-rate), answers * log1p(-rate)
        tail = sum(exp(way + number * odds + none) for number, way in enumerate(ways))
        low, high = (low, rate) if tail <= delta else (rate, high)
    return round(high * PPM)


def _check(errors: int, answers: int, delta_bp: int) -> None:
    if not 0 <= errors <= answers <= MAX_QUESTIONS:
        msg = f"errors, answers: 0 <= errors <= answers <= {MAX_QUESTIONS}"
        raise ValueError(msg)
    if not 0 < delta_bp < WHOLE_BP:
        msg = "delta_bp: 1 to 9999"
        raise ValueError(msg)


def _check_rows(confidences_bp: Sequence[int], correct: Sequence[bool], error_bp: int, delta_bp: int) -> None:
    if len(confidences_bp) != len(correct):
        msg = f"confidences_bp, correct: {len(confidences_bp)} and {len(correct)} rows"
        raise ValueError(msg)
    _check(0, len(correct), delta_bp)
    if not 0 < error_bp < WHOLE_BP:
        msg = "error_bp: 1 to 9999"
        raise ValueError(msg)
    if any(type(each) is not int or not 0 <= each <= WHOLE_BP for each in confidences_bp):
        msg = "confidences_bp: whole numbers from 0 to 10000"
        raise ValueError(msg)
