"""The scoreboard: a council beside each of its seats, its best seat, every rule, and one model asked as often.

1. Every split of `recorded` is gone through again: on its held-out questions each seat, the best seat (as chosen on
   the labelled ones), every rule, the verdict as it was given, and the best seat asked several times.
2. Means over splits with 95 % bootstrap intervals over questions; differences are paired question by question.
3. Independence and agreement over all questions; calibration before and after; calls and tokens; the axes.

Failures stay in the denominator. What was not measured is None, shown as 未測定. Where the rows say what verdict was
given, that verdict is what the first line judges; from recorded answers alone it is the rule that the labels chose.

Promises: pure and deterministic: equal rows give an equal scoreboard. Leaves to others: splitting and learning
(`recorded`, `fit`), words and pictures (`report_page`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from magi.core.agreement import Independence
from magi.core.calibration import Quality
from magi.evaluation.accord import agreement_bp, alpha_ppm, entropy, independence_of
from magi.evaluation.asked_rows import COUNCIL, AskedRow, origins
from magi.evaluation.axes import Axis, Fairness, axes
from magi.evaluation.costs import Costs, costs
from magi.evaluation.curve import Curve, curve, given_quality
from magi.evaluation.deciders import Deciders
from magi.evaluation.recorded import RULES, WHOLE_BP, Difference, RecordedReport
from magi.evaluation.resample import intervals
from magi.evaluation.splits import split

Kind = Literal["given", "chosen", "best", "baseline", "seat", "rule"]
Voice = tuple[Kind, str]
"""Whose answer: the verdict given, the rule that the labels chose, the best seat, that seat asked often, ..."""

GIVEN: Voice = ("given", "")
CHOSEN: Voice = ("chosen", "")
BEST: Voice = ("best", "")
BASELINE: Voice = ("baseline", "")


@dataclass(frozen=True)
class Accuracy:
    """Right answers of all held-out questions in basis points, with a 95 % interval (None: not resampled)."""

    voice: Voice
    mean_bp: int
    low_bp: int | None
    high_bp: int | None


@dataclass(frozen=True)
class SeatLine:
    """One seat over all questions with gold: its models, right, without an answer, asked."""

    name: str
    models: tuple[str, ...]
    right: int
    silent: int
    asked: int


@dataclass(frozen=True)
class Baseline:
    """The best seat asked `asks` times, against the council: equal calls only where `asks` is the number of seats.

    `seats` is the accuracy of each seat asked so, over all questions; `alike_bp` how often all its answers were one.
    """

    asks: int
    difference: Difference
    seats: Mapping[str, int]
    alike_bp: Mapping[str, int]


@dataclass(frozen=True)
class Order:
    """Of `asked` questions put again in another order of options: same text named, in basis points; silent counted.

    Keys are seats, and `COUNCIL` for the verdict.
    """

    asked: int
    same_bp: Mapping[str, int]
    silent: Mapping[str, int]


@dataclass(frozen=True)
class Rebuttal:
    """Second ballots after a split: how many, how many of them right before and after."""

    ballots: int
    before: int
    after: int


@dataclass(frozen=True)
class Scoreboard:
    """All figures of one data set and council.

    Attributes:
        report: the splits, as `magi evaluation recorded` has them.
        rehearsal, recording: answers came from a script, from a cassette; a rehearsal's figures mean nothing.
        headline: what the first line judges: `headline_of` minus the best seat.
        learnt: the rule that the labels chose, minus the best seat.
        outcomes: of the verdicts given.
        decided: of the verdicts given on scored questions how many named an answer, and how many of these were right.
        agreement_bp: of each pair of seats that both answered, how often alike.
    """

    report: RecordedReport
    rehearsal: bool
    recording: bool
    headline_of: Literal["given", "chosen"]
    headline: Difference
    learnt: Difference
    accuracies: tuple[Accuracy, ...]
    seats: tuple[SeatLine, ...]
    outcomes: Mapping[str, int]
    decided: tuple[int, int]
    baseline: Baseline | None
    order: Order | None
    rebuttal: Rebuttal | None
    independence: Independence
    agreement_bp: Mapping[tuple[str, str], int | None]
    alpha_ppm: int | None
    entropy_milli: int | None
    curve: Curve
    given: Quality | None
    costs: Costs
    axes: tuple[Axis, ...]

    def accuracy(self, voice: Voice) -> Accuracy | None:
        """The accuracy of one voice, None where it was not measured."""
        return next((one for one in self.accuracies if one.voice == voice), None)


def scoreboard(
    report: RecordedReport, rows: Sequence[AskedRow], fairness: Mapping[str, Fairness] | None = None
) -> Scoreboard:
    """The scoreboard of a sheet that was evaluated, and of the rows it was read from.

    Args:
        report: `recorded.evaluate` of the sheet.
        rows: all rows of that file, in its order.
        fairness: model version -> what the bias battery found, None where none was run.

    Raises:
        ValueError: rows that are not those of the sheet.
    """
    members = report.sheet.members
    paired = [row for row in rows if row.was_asked(members)]
    if len(paired) != len(report.sheet.rows):
        msg = "rows: those of the sheet"
        raise ValueError(msg)
    times, sums = _tallies(report, paired)
    means = {
        voice: [total / asked for total, asked in zip(column, times, strict=True) if asked]
        for voice, column in sums.items()
    }
    gaps = {(voice, BEST): _gap(means, voice, BEST) for voice in (GIVEN, CHOSEN) if voice in sums}
    subject = GIVEN if GIVEN in sums else CHOSEN
    if BASELINE in sums:
        gaps[subject, BASELINE] = _gap(means, subject, BASELINE)
    ends = intervals(means)
    gap_ends = intervals(gaps)
    held_out = sum(times)
    lines = _accuracies(report, sums, ends, held_out)

    def difference(one: Voice, other: Voice) -> Difference:
        mean = Fraction(sum(sums[one]) - sum(sums[other]), held_out)
        return Difference(round(WHOLE_BP * mean), *gap_ends[one, other])

    seen = origins(rows)
    return Scoreboard(
        report=report,
        rehearsal=seen.scripted,
        recording=seen.recorded,
        headline_of="given" if subject == GIVEN else "chosen",
        headline=difference(subject, BEST),
        learnt=report.difference,
        accuracies=lines,
        seats=_seats(report, paired),
        outcomes=dict(Counter(row.council.outcome for row in rows if row.council).most_common()),
        decided=_decided(paired),
        baseline=_baseline(paired, members, difference(subject, BASELINE)) if BASELINE in sums else None,
        order=_order(rows, members),
        rebuttal=_rebuttal(rows),
        independence=independence_of(report.sheet),
        agreement_bp=agreement_bp(report.sheet),
        alpha_ppm=alpha_ppm(report.sheet, paired),
        entropy_milli=entropy(report.sheet),
        curve=curve(report),
        given=given_quality(paired),
        costs=costs(rows, members, report),
        axes=axes(report.sheet, paired, fairness or {}),
    )


def _tallies(report: RecordedReport, paired: Sequence[AskedRow]) -> tuple[list[int], dict[Voice, list[int]]]:
    """For every question: how often held out, and for every voice in how many of these splits it was right."""
    sheet = report.sheet
    size = len(sheet.rows)
    is_given = all(row.council is not None for row in paired)
    is_again = all(name in row.again for row in paired for name in sheet.members)
    voices: list[Voice] = [*([GIVEN] if is_given else []), CHOSEN, BEST, *([BASELINE] if is_again else [])]
    voices += [("seat", name) for name in sheet.members] + [("rule", name) for name in RULES]
    times, sums = [0] * size, {voice: [0] * size for voice in voices}
    for one in report.splits:
        deciders = Deciders(one.profile)
        best = sheet.members[one.best_member]
        for place in split(one.seed, size, one.labelled).held_out:
            row, asked = sheet.rows[place], paired[place]
            times[place] += 1
            sums[CHOSEN][place] += deciders.is_right(one.profile.aggregator, row)
            sums[BEST][place] += row.right[one.best_member]
            for name, right in zip(sheet.members, row.right, strict=True):
                sums["seat", name][place] += right
            for rule in RULES:
                sums["rule", rule][place] += deciders.is_right(rule, row)
            if is_given and asked.council is not None:
                sums[GIVEN][place] += asked.council.right
            if is_again:
                sums[BASELINE][place] += asked.again[best].right
    return times, sums


def _gap(means: Mapping[Voice, Sequence[float]], one: Voice, other: Voice) -> list[float]:
    return [first - second for first, second in zip(means[one], means[other], strict=True)]


def _accuracies(
    report: RecordedReport,
    sums: Mapping[Voice, Sequence[int]],
    ends: Mapping[Voice, tuple[int, int]],
    held_out: int,
) -> tuple[Accuracy, ...]:
    """Every voice; the two rules that `recorded` counts in its own way stand last, without an interval."""
    lines = [
        Accuracy(voice, round(Fraction(WHOLE_BP * sum(column), held_out)), *ends[voice])
        for voice, column in sums.items()
    ]
    for name in report.splits[0].rules:
        if name not in RULES:
            total = sum((one.rules[name] / one.held_out for one in report.splits), Fraction(0))
            mean = round(WHOLE_BP * total / len(report.splits))
            lines.append(Accuracy(("rule", name), mean, None, None))
    return tuple(lines)


def _seats(report: RecordedReport, paired: Sequence[AskedRow]) -> tuple[SeatLine, ...]:
    rows = report.sheet.rows
    return tuple(
        SeatLine(
            name=name,
            models=tuple(sorted({row.models[name] for row in paired if name in row.models})),
            right=sum(row.right[place] for row in rows),
            silent=sum(row.pattern[place] < 0 for row in rows),
            asked=len(rows),
        )
        for place, name in enumerate(report.sheet.members)
    )


def _baseline(rows: Sequence[AskedRow], members: Sequence[str], difference: Difference) -> Baseline:
    def share(name: str, *, alike: bool) -> int:
        held = sum(row.again[name].alike if alike else row.again[name].right for row in rows)
        return round(Fraction(WHOLE_BP * held, len(rows)))

    return Baseline(
        asks=min(row.again[name].asked for row in rows for name in members),
        difference=difference,
        seats={name: share(name, alike=False) for name in members},
        alike_bp={name: share(name, alike=True) for name in members},
    )


def _decided(rows: Sequence[AskedRow]) -> tuple[int, int]:
    named = [row.council for row in rows if row.council is not None and row.council.answer is not None]
    return len(named), sum(given.right for given in named)


def _order(rows: Sequence[AskedRow], members: Sequence[str]) -> Order | None:
    checked = [row for row in rows if row.reordered]
    if not checked:
        return None
    same: dict[str, int] = {}
    silent: dict[str, int] = {}
    for name in (*members, COUNCIL):
        found = Counter(row.reordered[name] for row in checked if name in row.reordered)
        if found:
            same[name] = round(Fraction(WHOLE_BP * found["same"], found.total()))
            silent[name] = found["silent"]
    return Order(len(checked), same, silent)


def _rebuttal(rows: Sequence[AskedRow]) -> Rebuttal | None:
    pairs = [pair for row in rows if row.gold is not None for pair in row.rebuttal.values()]
    if not pairs:
        return None
    return Rebuttal(len(pairs), sum(before for before, _ in pairs), sum(after for _, after in pairs))
