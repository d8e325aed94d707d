"""The choice of an aggregator, by cross-validation on labelled rows alone.

Five parts, each decided by what the other four taught. Plurality stands unless the labels speak clearly against it:

- the logit must explain held-out outcomes better by `LOGIT_EVIDENCE` standard errors, with no fewer right answers,
  and with enough questions a seat; where the best seat alone has still more right answers, that seat stands, since
  a council that one member dominates must not lose to it;
- any other must win more of the questions on which the two differ than chance would, by `WIN_EVIDENCE`.

With few labels this keeps plurality.

Promises: deterministic; what was tried and how it did is kept with the profile.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from magi.core.calibration import Outcomes
from magi.core.reliability import AggregatorName, Candidate
from magi.evaluation import logit
from magi.evaluation.answer_sheet import Row
from magi.evaluation.deciders import CHOICES, Deciders, Rows
from magi.evaluation.weigh import Fitted, fit_logit, right_class, weigh

FOLDS: Final = 5
"""Four fifths of the labels teach nearly what all of them teach; more parts cost time and gain little."""
LOGIT_EVIDENCE: Final = 2.0
"""Standard errors of the log-likelihood by which fitted weights must beat equal ones."""
LOGIT_QUESTIONS_A_SEAT: Final = 5
"""Questions that divide the seats, for every coefficient to be fitted; below, estimates are mostly chance."""
WIN_EVIDENCE: Final = Fraction(3, 2)
"""Standard errors of a sign test, one imagined loss included, by which another aggregator must win."""
Joint = Counter[tuple[bool, ...]]
"""For every aggregator of `CHOICES` whether it was right -> on how many questions."""


@dataclass(frozen=True)
class Evidence:
    """Gain in log-likelihood over equal weights: its sum, the sum of squares, and of how many questions."""

    gain: float
    square: float
    count: int

    @property
    def errors(self) -> float:
        """The gain in standard errors; 0 where nothing varied."""
        spread = self.square - self.gain**2 / max(self.count, 1)
        return self.gain / math.sqrt(spread) if spread > 0 else 0.0


@dataclass(frozen=True)
class Validation:
    """What cross-validation found: who was right when, the logits' evidence, confidences by aggregator."""

    joint: Joint
    evidence: Mapping[AggregatorName, Evidence]
    outcomes: Mapping[AggregatorName, Outcomes]


def validate(members: Sequence[str], rows: Sequence[Row], options: int, start: Fitted) -> Validation:
    """Decide every fifth of `rows` with what the others taught; `start` only shortens the fits."""
    joint: Joint = Counter()
    gains: dict[AggregatorName, list[float]] = {"logit": [0.0, 0.0], "logit_topic": [0.0, 0.0]}
    outcomes: dict[AggregatorName, dict[int, tuple[int, int]]] = {name: {} for name in CHOICES}
    for part in range(min(FOLDS, len(rows)) if len(rows) > 1 else 0):
        taught = Counter(row for place, row in enumerate(rows) if place % FOLDS != part)
        kept = Counter(rows[part::FOLDS])
        fitted = fit_logit(taught, len(members), start)
        deciders = Deciders(weigh(members, taught, options, fitted))
        for row, count in kept.items():
            joint[tuple(deciders.is_right(name, row) for name in CHOICES)] += count
            _add_gain(gains, fitted, row, count)
        for name in CHOICES:
            _merge(outcomes[name], deciders.outcomes(name, kept))
    evidence = {name: Evidence(gain, square, len(rows)) for name, (gain, square) in gains.items()}
    return Validation(joint, evidence, outcomes)


def candidates_of(checked: Validation) -> tuple[Candidate, ...]:
    """What is kept of each aggregator: right answers, and gained and lost against plurality."""
    found = []
    for place, name in enumerate(CHOICES):
        gained, lost = _against(checked.joint, place, 0)
        evidence = checked.evidence.get(name)
        found.append(
            Candidate(
                aggregator=name,
                right=sum(count for right, count in checked.joint.items() if right[place]),
                gained=gained,
                lost=lost,
                evidence_milli=None if evidence is None else round(1000 * evidence.errors),
            )
        )
    return tuple(found)


def chosen(checked: Validation, candidates: Sequence[Candidate], rows: Rows, seats: int) -> AggregatorName:
    """Plurality, unless the logit explains better, unless another one wins clearly over that."""
    standing = _logit_or_plurality(checked, candidates, rows, seats)
    place = CHOICES.index(standing)
    best: tuple[int, int] | None = None
    for rival in range(len(CHOICES)):
        gained, lost = _against(checked.joint, rival, place)
        lead = gained - lost
        clear = lead > 0 and lead**2 >= WIN_EVIDENCE**2 * (gained + lost + 1)
        if clear and CHOICES[rival] not in ("logit", "logit_topic") and (best is None or lead > best[0]):
            best = (lead, rival)
    return standing if best is None else CHOICES[best[1]]


def _logit_or_plurality(
    checked: Validation, candidates: Sequence[Candidate], rows: Rows, seats: int
) -> AggregatorName:
    dividing = sum(
        count for row, count in rows.items() if max(row.pattern) > 0 and right_class(row) is not None
    )
    local, overall = checked.evidence["logit_topic"], checked.evidence["logit"]
    name: AggregatorName = "logit_topic" if local.gain > overall.gain else "logit"
    found = next(candidate for candidate in candidates if candidate.aggregator == name)
    enough = dividing >= LOGIT_QUESTIONS_A_SEAT * seats
    better = (found.evidence_milli or 0) >= 1000 * LOGIT_EVIDENCE and found.gained >= found.lost
    if not (enough and better):
        return "plurality"
    best = next(candidate for candidate in candidates if candidate.aggregator == "best_seat")
    return "best_seat" if best.right > found.right else name


def _against(joint: Joint, place: int, other: int) -> tuple[int, int]:
    """On how many questions one was right and the other not, and the reverse."""
    gained = sum(count for right, count in joint.items() if right[place] and not right[other])
    lost = sum(count for right, count in joint.items() if right[other] and not right[place])
    return gained, lost


def _add_gain(gains: Mapping[AggregatorName, list[float]], fitted: Fitted, row: Row, count: int) -> None:
    number = right_class(row)
    if number is None or max(row.pattern) <= 0:
        return
    equal = logit.log_likelihood(fitted.common, row.pattern, number)
    local = fitted.topics.get(row.topic, fitted.overall)
    for name, coefficients in (("logit", fitted.overall), ("logit_topic", local)):
        gain = logit.log_likelihood(coefficients, row.pattern, number) - equal
        sums = gains[name]  # type: ignore[index]  # two names of the type
        sums[0] += count * gain
        sums[1] += count * gain * gain


def _merge(into: dict[int, tuple[int, int]], more: Outcomes) -> None:
    for raw, (asked, right) in more.items():
        before = into.get(raw, (0, 0))
        into[raw] = (before[0] + asked, before[1] + right)
