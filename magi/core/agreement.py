"""How much the seats agree, how much of that is shared error, and how many independent voices they amount to.

`independence` takes recorded answers with gold: Pearson correlation of error indicators for every pair, their
mean, Kish's n_eff = n / (1 + (n - 1) rho), and how often two that are both wrong are wrong alike. A missing answer
is an error, and never the same error as another. `voices` is what may be said of seats by lineage: those of one
lineage are one voice until measurement says otherwise. `krippendorff` is the chance-corrected agreement,
`entropy` the spread of answers over classes.

Conventions: the correlation with an agent that is always or never wrong is undefined; such pairs are left out of
the mean. Below `MIN_QUESTIONS` nothing is measured (未計測: None). n_eff lies between 1 and n. Results are integers
rounded half up (away from nought below it): correlations and alpha in parts per million, rates in basis points,
voices and entropies in thousandths. All but `entropy` is exact integer arithmetic; nothing here decides anything.

Leaves to others: what a card's lineage is (`magi.core.lineage`), thresholds, words on screen.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import exp, isqrt, lcm, log, log1p
from typing import Literal

PPM = 1_000_000
WHOLE_BP = 10_000
MILLI = 1_000
MIN_QUESTIONS = 30
"""Fewer say next to nothing about a correlation: its standard error is .18 at thirty."""

Pair = tuple[str, str]
Level = Literal["nominal", "ordinal", "interval"]
Value = str | int | Fraction


@dataclass(frozen=True)
class Independence:
    """Of some agents over `questions`; None where nothing was measured. `pairs` in the order of the agents."""

    agents: tuple[str, ...]
    questions: int
    pairs: tuple[tuple[Pair, int | None], ...]
    rho_ppm: int | None
    n_eff_milli: int | None
    both_wrong: int
    same_wrong: int

    @property
    def same_wrong_bp(self) -> int | None:
        """The share of alike answers where two agents answered and both were wrong; None if that never was."""
        if not self.both_wrong:
            return None
        return rounded(Fraction(self.same_wrong * WHOLE_BP, self.both_wrong))


@dataclass(frozen=True)
class Voices:
    """How many independent voices some seats are: measured, or (`measured` false) at most so many."""

    milli: int
    measured: bool


def independence(answers: Mapping[str, Sequence[str | None]], gold: Sequence[str]) -> Independence:
    """The independence audit of recorded answers.

    Args:
        answers: agent -> its answer to each question in order; None where there is none.
        gold: the right answers.

    Raises:
        ValueError: an agent with another number of answers than there are questions.
    """
    agents, questions = tuple(answers), len(gold)
    if any(len(given) != questions for given in answers.values()):
        msg = f"answers: one for each of {questions} questions"
        raise ValueError(msg)
    wrong = {
        agent: [each != right for each, right in zip(answers[agent], gold, strict=True)] for agent in agents
    }
    masks = {
        agent: sum(1 << place for place, bad in enumerate(flags) if bad) for agent, flags in wrong.items()
    }
    pairs = tuple(
        (
            (a, b),
            _phi(masks[a].bit_count(), masks[b].bit_count(), (masks[a] & masks[b]).bit_count(), questions),
        )
        for a, b in combinations(agents, 2)
    )
    rho = mean_ppm([found for _, found in pairs if found is not None])
    both, same = _wrong_alike(answers, wrong)
    return Independence(
        agents=agents,
        questions=questions,
        pairs=pairs,
        rho_ppm=rho,
        n_eff_milli=None if rho is None else n_eff_milli(len(agents), rho),
        both_wrong=both,
        same_wrong=same,
    )


def error_correlation_ppm(first: Sequence[bool], second: Sequence[bool]) -> int | None:
    """Pearson correlation of two error indicators; None below `MIN_QUESTIONS` or if either is constant.

    Raises:
        ValueError: lengths that differ.
    """
    both = sum(a and b for a, b in zip(first, second, strict=True))
    return _phi(sum(map(bool, first)), sum(map(bool, second)), both, len(first))


def mean_ppm(correlations: Sequence[int]) -> int | None:
    """The mean of measured correlations; None if there are none."""
    return rounded(Fraction(sum(correlations), len(correlations))) if correlations else None


def n_eff_milli(agents: int, rho_ppm: int) -> int:
    """Kish's effective number of `agents` votes with mean correlation `rho_ppm`, in thousandths, from 1 to n.

    Negative correlation would give more votes than agents, and beyond -1/(n - 1) no number at all: it counts as
    none, since no seat votes twice.
    """
    if agents == 0:
        return 0
    return rounded(Fraction(agents * MILLI * PPM, PPM + (agents - 1) * max(rho_ppm, 0)))


def voices(
    lineages: Mapping[str, frozenset[str] | None], measured: Mapping[Pair, int] | None = None
) -> Voices:
    """How many independent voices the seats are, by lineage, and by measured error correlation where there is any.

    Seats that share an ancestor, directly or through others, are one group. If every pair is measured, it is
    Kish's number over the mean, groups or not. Otherwise it is an upper bound: each group counts Kish's number
    with unmeasured pairs taken as wholly correlated (so one, until something is measured), and groups add up.
    Seats of unknown lineage add nothing, since they may belong to any group; only they make one voice in all.

    Args:
        lineages: seat -> its models with all ancestors; None if unknown.
        measured: error correlation in parts per million by pair of seats, in either order.
    """
    known = {frozenset(pair): rho for pair, rho in (measured or {}).items()}
    everything = [known.get(frozenset(pair)) for pair in combinations(lineages, 2)]
    if everything and all(rho is not None for rho in everything):
        rho = mean_ppm([rho for rho in everything if rho is not None])
        return Voices(n_eff_milli(len(lineages), rho or 0), measured=True)
    total = 0
    for group in _groups(lineages):
        inner = mean_ppm([known.get(frozenset(pair), PPM) for pair in combinations(group, 2)])
        total += n_eff_milli(len(group), PPM if inner is None else inner)
    return Voices(total or (MILLI if lineages else 0), measured=False)


def krippendorff_ppm(ratings: Sequence[Sequence[Value | None]], level: Level) -> int | None:
    """Krippendorff's alpha in parts per million; one row for each rater, one column for each unit, None missing.

    Ordinal and interval levels take whole numbers or fractions (ranks of labels are the caller's to give). Units
    with fewer than two ratings are left out. None if nothing can be paired, or all values are alike: then there
    is no disagreement to expect. Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011).

    Raises:
        ValueError: rows of different length.
        TypeError: values that are no exact numbers at the ordinal or interval level.
    """
    units = [[value for value in unit if value is not None] for unit in zip(*ratings, strict=True)]
    pairable = [Counter(unit) for unit in units if len(unit) > 1]
    totals: Counter[Value] = sum(pairable, Counter())
    if level != "nominal" and not all(isinstance(value, int | Fraction) for value in totals):
        msg = "ratings: exact numbers at this level"
        raise TypeError(msg)
    distance = _distances(totals, level)
    # Coincidences are shares of 1/(m - 1) for units of m values; one common denominator keeps them whole.
    whole = lcm(*(unit.total() - 1 for unit in pairable)) if pairable else 1
    observed = sum(
        (whole // (unit.total() - 1)) * unit[a] * unit[b] * distance[a, b]
        for unit in pairable
        for a, b in combinations(unit, 2)
    )
    expected = sum(totals[a] * totals[b] * distance[a, b] for a, b in combinations(totals, 2))
    if not expected:
        return None
    return rounded(PPM - Fraction(PPM * (totals.total() - 1) * observed) / (whole * expected))


def entropy_milli(counts: Sequence[int], *, corrected: bool = False) -> int | None:
    """Discrete semantic entropy of answers over classes in thousandths of a nat; None without answers.

    Plain: -sum (c/n) ln (c/n), at most ln n, so too low where few were asked. Corrected: for classes not yet
    seen, by the coverage-adjusted estimator of Chao and Shen (Environ. Ecol. Stat. 10, 2003); where all answers
    differ one of them is taken as seen twice, since otherwise nothing would be covered.
    """
    total = sum(counts)
    held = sorted((count for count in counts if count > 0), reverse=True)
    if total <= 0 or min(counts) < 0:
        return None
    shares = [count / total for count in held]
    if not corrected:
        return round(-sum(share * log(share) for share in shares) * MILLI) + 0
    single = held.count(1)
    coverage = 1 - (single - 1 if single == total else single) / total
    seen = [share * coverage for share in shares]
    if total == 1 or max(seen) >= 1:
        return 0
    spread = sum(-share * log(share) / -(exp(total * log1p(-share)) - 1) for share in seen)
    return round(spread * MILLI)


def rounded(value: Fraction) -> int:
    """The nearest whole number, halves away from nought: the rounding rule of everything shown here."""
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -size if value < 0 else size


def _phi(first: int, second: int, both: int, questions: int) -> int | None:
    """Pearson correlation of two 0/1 series from their counts, in parts per million, rounded exactly."""
    square = first * (questions - first) * second * (questions - second)
    if questions < MIN_QUESTIONS or not square:
        return None
    covariance = questions * both - first * second
    # floor(2 x) from an exact integer root; then (floor(2 x) + 1) // 2 is x rounded half up.
    size = (isqrt(4 * covariance**2 * PPM**2 // square) + 1) // 2
    return -size if covariance < 0 else size


def _wrong_alike(
    answers: Mapping[str, Sequence[str | None]], wrong: Mapping[str, Sequence[bool]]
) -> tuple[int, int]:
    """Over all pairs and questions: both answered and were wrong, and of these with the same answer."""
    both = same = 0
    for place, row in enumerate(zip(*answers.values(), strict=True)):
        held = Counter(
            given
            for agent, given in zip(answers, row, strict=True)
            if given is not None and wrong[agent][place]
        )
        both += held.total() * (held.total() - 1) // 2
        same += sum(count * (count - 1) // 2 for count in held.values())
    return both, same


def _groups(lineages: Mapping[str, frozenset[str] | None]) -> list[list[str]]:
    """Seats of known lineage that hang together by shared ancestors."""
    groups: list[tuple[list[str], frozenset[str]]] = []
    for seat, ancestors in lineages.items():
        if not ancestors:
            continue
        touched = [group for group in groups if group[1] & ancestors]
        groups = [group for group in groups if not group[1] & ancestors]
        seats = [each for group in touched for each in group[0]]
        groups.append(([*seats, seat], ancestors.union(*(group[1] for group in touched))))
    return [seats for seats, _ in groups]


def _distances(totals: Counter[Value], level: Level) -> dict[tuple[Value, Value], int | Fraction]:
    """The squared difference of every two values, as the level defines it, in both orders."""
    distances: dict[tuple[Value, Value], int | Fraction] = {}
    numbers = {value: Fraction(value) for value in totals} if level != "nominal" else {}
    ranked = sorted(totals, key=lambda value: numbers[value]) if numbers else list(totals)
    for low, high in combinations(range(len(ranked)), 2):
        a, b = ranked[low], ranked[high]
        if level == "nominal":
            found: int | Fraction = 1
        elif level == "interval":
            found = (numbers[a] - numbers[b]) ** 2
        else:
            between = sum(totals[value] for value in ranked[low : high + 1])
            found = (Fraction(2 * between - totals[a] - totals[b], 2)) ** 2
        distances[a, b] = distances[b, a] = found
    return distances
