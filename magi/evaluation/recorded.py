"""The arbitration layer alone over recorded answers: learn on one part of the questions, decide on the other.

For every split: each member, the best member as chosen on the labelled part, the best in hindsight, every rule, and
the aggregator that the labels chose; how well its confidence holds before and after calibration; what an exact
early stop saves; what selective answering and the 95 % stop promised, and whether they kept it. Then the means, and
first of all whether the council beat its best member, with an interval.

Failures stay in the denominator: a member without an answer is wrong, a council without a decision too. The best
member that counts is the one that the labels point to, since nobody knows the best in hindsight beforehand.

Promises: deterministic; the held-out gold is read only to score. Leaves to others: words and tables
(`magi.cli.evaluation`).
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from magi.core.aggregate import NO_BALLOT, Pattern, Scales, is_minority, is_single_seat, speaker
from magi.core.calibration import Quality, quality, shown_outcomes
from magi.core.reliability import AggregatorName, Profile, Promised
from magi.evaluation.answer_sheet import Sheet
from magi.evaluation.dawid_skene import Unlabelled, one_coin
from magi.evaluation.deciders import CHOICES, Deciders, Rows
from magi.evaluation.fit import fit_profile
from magi.evaluation.splits import Split, split
from magi.evaluation.stopped import Stops, stops
from magi.evaluation.weigh import effective_votes

MAX_SPLITS: Final = 1_000
RESAMPLES: Final = 1_000
"""Enough for the ends of a 95 % interval to settle to a tenth of a point on a thousand questions."""
BOOTSTRAP_SEED: Final = 20_260_601
WHOLE_BP: Final = 10_000

RULES: Final[tuple[AggregatorName, ...]] = (*CHOICES[:1], "majority", *CHOICES[1:])

Standing = Literal["beat", "lost", "undecided"]


@dataclass(frozen=True)
class Kept:
    """What a promise came to on held-out questions: answered at or above its threshold, and wrong among them."""

    promised: Promised
    answered: int
    wrong: int


@dataclass(frozen=True)
class SplitReport:
    """The figures of one split; accuracies are right answers of `held_out` questions.

    `single_seat` counts decisions that one seat alone held against others, `minority` those against more ballots.
    """

    seed: int
    labelled: int
    held_out: int
    members: tuple[int, ...]
    best_member: int
    rules: Mapping[str, Fraction]
    profile: Profile
    right: int
    before: Quality
    after: Quality
    single_seat: int
    minority: int
    stops: Stops
    plurality_stops: Stops
    promises: tuple[Kept, ...]
    certain: Kept | None

    @property
    def best_in_hindsight(self) -> int:
        """The place of the member that turned out best on the held-out questions."""
        return max(range(len(self.members)), key=lambda place: (self.members[place], -place))


@dataclass(frozen=True)
class Difference:
    """The council minus best member in basis points, with a 95 % bootstrap interval over questions."""

    mean_bp: int
    low_bp: int
    high_bp: int

    @property
    def standing(self) -> Standing:
        """Whether the council beat its best member, lost to it, or the interval holds zero."""
        if self.low_bp > 0:
            return "beat"
        return "lost" if self.high_bp < 0 else "undecided"


@dataclass(frozen=True)
class RecordedReport:
    """All splits of a sheet.

    `n_eff_centi` and `rho_milli` are of the questions evaluated, `n_eff_all_centi` of all with gold, an answer that
    was never asked for counting as an error.
    """

    sheet: Sheet
    splits: tuple[SplitReport, ...]
    difference: Difference
    unlabelled: Unlabelled
    n_eff_centi: int
    rho_milli: int
    n_eff_all_centi: int


def evaluate(sheet: Sheet, splits: int, labels: float) -> RecordedReport:
    """Evaluate over seeds 0 to `splits` - 1.

    Args:
        sheet: the recorded answers.
        splits: how many.
        labels: below 1 the share of questions that is labelled, else their number.

    Raises:
        ValueError: splits or labels out of range, or a split that leaves one side empty.
    """
    size = len(sheet.rows)
    labelled = int(size * labels) if labels < 1 else int(labels)
    if not 1 <= splits <= MAX_SPLITS or not 0 < labelled < size:
        msg = "splits from 1; labels must leave questions on both sides"
        raise ValueError(msg)
    unlabelled = one_coin(Counter(row.pattern for row in sheet.rows), sheet.options)
    tally = [[0, 0] for _ in sheet.rows]
    reports = tuple(_one(sheet, split(seed, size, labelled), unlabelled, tally) for seed in range(splits))
    n_eff, rho = effective_votes(sheet.rows, len(sheet.members))
    every, _ = effective_votes((*sheet.rows, *sheet.unasked), len(sheet.members))
    return RecordedReport(sheet, reports, _difference(reports, tally), unlabelled, n_eff, rho, every)


def _one(sheet: Sheet, drawn: Split, unlabelled: Unlabelled, tally: Sequence[list[int]]) -> SplitReport:
    """One split; adds each held-out question's difference to `tally` (sum of differences, times held out)."""
    profile = fit_profile(sheet.members, [sheet.rows[place] for place in drawn.labelled], sheet.options)
    held_out = Counter(sheet.rows[place] for place in drawn.held_out)
    deciders = Deciders(profile)
    best = max(range(len(sheet.members)), key=lambda place: (profile.seats[place].right, -place))
    for place in drawn.held_out:
        row = sheet.rows[place]
        tally[place][0] += deciders.is_right(profile.aggregator, row) - row.right[best]
        tally[place][1] += 1
    outcomes = deciders.outcomes(profile.aggregator, held_out)
    rules: dict[str, Fraction] = {name: Fraction(_right(deciders, name, held_out)) for name in RULES}
    return SplitReport(
        seed=drawn.seed,
        labelled=len(drawn.labelled),
        held_out=len(drawn.held_out),
        members=tuple(
            sum(count for row, count in held_out.items() if row.right[place])
            for place in range(len(sheet.members))
        ),
        best_member=best,
        rules={
            "plurality_random_tie": _random_tie(deciders, held_out),
            **rules,
            "dawid_skene": Fraction(_unlabelled(unlabelled, held_out)),
        },
        profile=profile,
        right=_right(deciders, profile.aggregator, held_out),
        before=quality(outcomes),
        after=quality(shown_outcomes(profile.calibration, outcomes)),
        single_seat=_counted(deciders, held_out, is_single_seat),
        minority=_counted(deciders, held_out, is_minority),
        stops=stops(deciders, profile.aggregator, held_out),
        plurality_stops=stops(deciders, "plurality", held_out),
        promises=tuple(_kept(promised, outcomes) for promised in profile.promises),
        certain=None if profile.certain is None else _kept(profile.certain, outcomes),
    )


def _right(deciders: Deciders, by: AggregatorName, rows: Rows) -> int:
    return sum(count for row, count in rows.items() if deciders.is_right(by, row))


def _counted(deciders: Deciders, rows: Rows, holds: Callable[[Pattern, int], bool]) -> int:
    """On how many questions something holds of the pattern and the class that the council decided."""
    found = 0
    for row, count in rows.items():
        place = deciders.speaker(deciders.profile.aggregator, row.topic, row.pattern)
        found += count * (place is not None and holds(row.pattern, row.pattern[place]))
    return found


def _random_tie(deciders: Deciders, rows: Rows) -> Fraction:
    """Right answers to expect if plurality drew lots between tied classes: what a peer's random tie costs."""
    total = Fraction(0)
    for row, count in rows.items():
        numbers = [number for number in row.pattern if number != NO_BALLOT]
        if not numbers:
            continue
        top = max(numbers.count(number) for number in set(numbers))
        tied = sorted({number for number in numbers if numbers.count(number) == top})
        ranks = deciders.scales("plurality", row.topic).ranks
        right = 0
        for number in tied:
            holders = [place for place, held in enumerate(row.pattern) if held == number]
            right += row.right[min(holders, key=ranks.__getitem__)]
        total += Fraction(count * right, len(tied))
    return total


def _unlabelled(unlabelled: Unlabelled, rows: Rows) -> int:
    ranks = [0] * len(unlabelled.weights)
    for rank, place in enumerate(unlabelled.ranking):
        ranks[place] = rank
    held = Scales("log_odds", unlabelled.weights, tuple(ranks))
    right = 0
    for row, count in rows.items():
        heard = speaker(held, row.pattern)
        right += count * (heard is not None and row.right[heard])
    return right


def _kept(promised: Promised, outcomes: Mapping[int, tuple[int, int]]) -> Kept:
    if promised.from_bp is None:
        return Kept(promised, 0, 0)
    above = [counts for raw, counts in outcomes.items() if raw >= promised.from_bp]
    answered = sum(asked for asked, _ in above)
    return Kept(promised, answered, answered - sum(right for _, right in above))


def _difference(reports: Sequence[SplitReport], tally: Sequence[Sequence[int]]) -> Difference:
    """Resample questions: the splits overlap, so they are no independent repetitions."""
    gaps = [Fraction(one.right - one.members[one.best_member], one.held_out) for one in reports]
    means = [total / times for total, times in tally if times]
    chance = random.Random(BOOTSTRAP_SEED)  # noqa: S311  # seeded on purpose: the interval must be recomputable
    drawn = sorted(sum(chance.choices(means, k=len(means))) / len(means) for _ in range(RESAMPLES))
    low, high = drawn[RESAMPLES * 25 // 1000], drawn[RESAMPLES * 975 // 1000 - 1]
    mean = sum(gaps) / len(gaps)
    return Difference(round(WHOLE_BP * mean), round(WHOLE_BP * low), round(WHOLE_BP * high))
