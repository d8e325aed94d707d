"""Agreement: outside vectors, closed forms, conventions, and the recorded nine families."""

import csv
import itertools
import os
import random
from fractions import Fraction
from math import log
from pathlib import Path
from statistics import correlation

import pytest

from magi.core.agreement import (
    MIN_QUESTIONS,
    Voices,
    entropy_milli,
    error_correlation_ppm,
    independence,
    krippendorff_ppm,
    mean_ppm,
    n_eff_milli,
    rounded,
    voices,
)

README = (
    "*    *    *    *    *    3    4    1    2    1    1    3    3    *    3",
    "1    *    2    1    3    3    4    3    *    *    *    *    *    *    *",
    "*    *    2    1    3    4    4    *    2    1    1    3    3    *    4",
)
"""The example of the krippendorff package's README."""
ORACLE = (
    (("..1213", "32223."), 0.090909, -0.472222, -0.470588),
    (("122.12", "222.12", ".2121.", "12..21"), 0.085714, 0.085714, 0.085714),
    (("222.21", "21222.", ".221.2", "221111"), -0.043956, -0.043956, -0.043956),
    (("2.11.22", "2222121", "211.112"), -0.0625, -0.0625, -0.0625),
    (("13.", "123", "333", "333", ".13"), 0.051282, 0.062821, 0.066667),
    (("21343", "32..4", "14134", "43144", "22343"), 0.045139, 0.287783, 0.27017),
    (("112122", "121222", "11122.", "21.1.2", "2.2212"), 0.040404, 0.040404, 0.040404),
    (("22.1", "21.1"), 0.444444, 0.444444, 0.444444),
    (("333123", "21.332", "222..1"), -0.361111, -0.477778, -0.444444),
    (("3332.", "2.131", "2112.", "2122."), 0.092593, -0.127778, -0.127778),
)
"""Ratings by rater and krippendorff 0.9.0's nominal, ordinal and interval alpha."""
LEVELS = ("nominal", "ordinal", "interval")


def ratings(rows, missing="."):
    """Whole numbers from figures, None where one is missing."""
    return [[None if figure == missing else int(figure) for figure in row] for row in rows]


def test_the_readme_vector():
    """The package's own example: nominal .691, ordinal .807, interval .811."""
    rows = ratings([row.split() for row in README], "*")

    assert [krippendorff_ppm(rows, level) for level in LEVELS] == [691_358, 806_721, 810_845]


@pytest.mark.parametrize("row", ORACLE, ids=lambda row: row[0][0])
def test_alpha_is_the_oracles(row):
    """Ten random matrices with missing ratings: the oracle's alpha to the millionth at three levels."""
    rows, *alphas = row
    found = [krippendorff_ppm(ratings(rows), level) for level in LEVELS]

    assert all(abs(mine - alpha * 1e6) <= 1 for mine, alpha in zip(found, alphas, strict=True))


def test_alpha_forgets_the_order_of_raters_and_units():
    """Permuting raters and units changes nothing; agreement in all is one; opposite answers are below nought."""
    draw = random.Random(1)  # noqa: S311  seeded chance of a test
    rows = ratings(ORACLE[5][0])
    found = {krippendorff_ppm(rows, "ordinal")}
    for _ in range(20):
        columns = draw.sample(list(zip(*rows, strict=True)), 5)
        found.add(krippendorff_ppm(draw.sample(list(zip(*columns, strict=True)), 5), "ordinal"))

    assert len(found) == 1
    assert krippendorff_ppm([list("abca")] * 3, "nominal") == 1_000_000
    assert krippendorff_ppm([list("aabb"), list("bbaa")], "nominal") == -750_000


def test_alpha_is_none_where_nothing_can_be_expected():
    """No ratings, no unit with two of them, or one value throughout: nothing is measured."""
    for rows in ([], [[]], [["a", None], [None, "b"]], [["a", "a"], ["a", "a"]], [["a", "b"]]):
        assert krippendorff_ppm(rows, "nominal") is None


def test_alpha_takes_exact_numbers_above_nominal_and_equal_rows_only():
    """Words, floats and NaN at the interval level and rows of unequal length are refused."""
    for value in ("a", 0.5, float("nan")):
        with pytest.raises(TypeError, match="exact"):
            krippendorff_ppm([[1, value], [2, value]], "interval")
    with pytest.raises(ValueError, match=r"shorter|longer"):
        krippendorff_ppm([[1], [1, 2]], "nominal")
    halves = [[Fraction(1, 2), 1], [1, 1]]

    assert krippendorff_ppm(halves, "interval") == krippendorff_ppm([[1, 2], [2, 2]], "interval")


def indicators(draw, questions, rate, leader=None):
    """Error indicators, half of them taken from another agent's if there is one."""
    return [
        leader[place] if leader and draw.random() < 0.5 else draw.random() < rate
        for place in range(questions)
    ]


def test_error_correlation_is_pearson_to_the_millionth():
    """On random indicators the integer result is the standard library's Pearson coefficient, either sign."""
    draw = random.Random(2)  # noqa: S311  seeded chance of a test
    found = []
    for _ in range(200):
        first = indicators(draw, draw.randrange(MIN_QUESTIONS, 300), 0.4)
        second = indicators(
            draw, len(first), 0.5, first if draw.random() < 0.5 else [not each for each in first]
        )
        found.append(error_correlation_ppm(first, second))
        pearson = correlation([int(each) for each in first], [int(each) for each in second])

        assert abs(found[-1] - pearson * 1e6) <= 0.51
    assert min(found) < -300_000 < 300_000 < max(found)


def test_a_constant_agent_or_too_few_questions_measure_no_correlation():
    """Always or never wrong, or fewer than thirty questions: None, and the mean leaves such pairs out."""
    mixed = [True, False] * 15

    assert error_correlation_ppm(mixed, [True] * 30) is None
    assert error_correlation_ppm([False] * 30, mixed) is None
    assert error_correlation_ppm(mixed[:-1], mixed[:-1]) is None
    assert error_correlation_ppm(mixed, mixed) == 1_000_000
    assert error_correlation_ppm(mixed, [not each for each in mixed]) == -1_000_000
    assert mean_ppm([]) is None
    found = independence({"a": ["x", "y"] * 15, "b": ["x", "z"] * 15, "c": ["x", "x"] * 15}, ["x"] * 30)
    assert [rho for _, rho in found.pairs] == [1_000_000, None, None]
    assert (found.rho_ppm, found.n_eff_milli) == (1_000_000, 1000)


def test_effective_votes_are_kish():
    """Nine at .39 are 2.184, six at .42 are 1.935; none correlated n, wholly one; never above n or below one."""
    assert [n_eff_milli(9, 390_000), n_eff_milli(6, 420_000)] == [2184, 1935]
    assert [n_eff_milli(5, rho) for rho in (0, 1_000_000, -100_000, -1_000_000)] == [5000, 1000, 5000, 5000]
    assert (n_eff_milli(0, 0), n_eff_milli(1, 0)) == (0, 1000)


def test_the_same_wrong_rate_counts_pairs_that_answered():
    """Of pairs both wrong with an answer each, those alike; a missing answer is wrong, and never alike."""
    answers = {"a": ["y", "y", "x", None], "b": ["y", "z", "y", None], "c": ["y", "x", "y", "y"]}

    found = independence(answers, ["x", "x", "x", "x"])

    assert (found.both_wrong, found.same_wrong, found.same_wrong_bp) == (5, 4, 8000)
    assert independence({"a": ["x"], "b": ["x"]}, ["x"]).same_wrong_bp is None


def test_independence_forgets_the_order_of_questions_and_agents():
    """Shuffled questions and agents give the same mean, n_eff and rates."""
    draw = random.Random(3)  # noqa: S311  seeded chance of a test
    rows = [tuple(draw.choices(("x", "y", "z", None), (5, 2, 2, 1), k=4)) for _ in range(200)]
    seen = set()
    for _ in range(6):
        names, rows = draw.sample(range(4), 4), draw.sample(rows, len(rows))
        found = independence({f"m{n}": [row[n] for row in rows] for n in names}, ["x"] * 200)
        seen.add((found.rho_ppm, found.n_eff_milli, found.both_wrong, found.same_wrong))

    assert len(seen) == 1


def test_independence_of_nothing_is_not_measured():
    """No agent, one agent, no question or too few: no correlation and no votes; unequal lengths are refused."""
    for answers, gold in (({}, []), ({"a": ["x"] * 40}, ["x"] * 40), ({"a": ["y"], "b": ["x"]}, ["x"])):
        found = independence(answers, gold)

        assert (found.rho_ppm, found.n_eff_milli) == (None, None)
    with pytest.raises(ValueError, match="answers"):
        independence({"a": ["x"]}, ["x", "y"])


def lineages(**named):
    """Seats and their models' ancestors; an empty word is an unknown lineage."""
    return {seat: frozenset(words.split()) or None for seat, words in named.items()}


def test_one_lineage_is_at_most_one_voice_until_measured():
    """Two of one lineage count once, through shared ancestors too; unknown ones add nothing; never below one."""
    cases = (
        (lineages(a="llama", b="llama", c="qwen"), 2000),
        (lineages(a="llama", b="llama", c="llama"), 1000),
        (lineages(a="llama", b="qwen", c="mistral"), 3000),
        (lineages(a="merged llama qwen", b="llama", c="qwen", d="gemma"), 2000),
        (lineages(b="llama", c="qwen", d="gemma", a="merged llama qwen"), 2000),
        (lineages(a="", b="", c="qwen"), 1000),
        (lineages(a="", b=""), 1000),
        ({}, 0),
    )

    assert [voices(given) for given, _ in cases] == [Voices(milli, measured=False) for _, milli in cases]


def test_measurement_overrides_lineage():
    """With every pair measured it is Kish's number, lineage or not; with some, groups still bound it from above."""
    seats = lineages(a="llama", b="llama", c="qwen")
    every = {("a", "b"): 200_000, ("c", "a"): 400_000, ("b", "c"): 600_000}

    assert voices(seats, every) == Voices(n_eff_milli(3, 400_000), measured=True)
    assert voices(seats, {("b", "a"): 250_000}) == Voices(1600 + 1000, measured=False)
    assert voices(seats, {("a", "c"): 0}) == Voices(2000, measured=False)


def test_entropy_closed_forms():
    """Three alike are nought, three apart ln 3, two to one its closed form; empty or negative counts are none."""
    assert [entropy_milli(counts) for counts in ([3], [1, 1, 1], [0, 2, 1])] == [0, 1099, 637]
    assert entropy_milli([2, 1]) == round(-1000 * (2 / 3 * log(2 / 3) + 1 / 3 * log(1 / 3)))
    assert [entropy_milli(counts) for counts in ([], [0, 0], [2, -1])] == [None, None, None]


def test_the_corrected_entropy_is_nearer_to_the_truth_for_few_answers():
    """For five answers over ten equal classes the correction takes most of the bias away, and adds none to one."""
    draw = random.Random(4)  # noqa: S311  seeded chance of a test
    plain = corrected = 0
    for _ in range(2000):
        drawn = draw.choices(range(10), k=5)
        counts = [drawn.count(each) for each in range(10)]
        plain += entropy_milli(counts) / 2000
        corrected += entropy_milli(counts, corrected=True) / 2000
    truth = 1000 * log(10)

    assert abs(corrected - truth) < abs(plain - truth) / 2
    assert (
        entropy_milli([2, 1, 1], corrected=True) == 1763
    )  # coverage 1/2: shares 1/4, 1/8, 1/8 of four drawn
    assert [entropy_milli(counts, corrected=True) for counts in ([5], [1], [4, 0])] == [0, 0, 0]


def test_halves_are_rounded_away_from_nought():
    """The rounding rule: nearest whole number, halves away from nought, alike for both signs."""
    halves = [Fraction(n, 2) for n in (-3, -1, 0, 1, 3)] + [Fraction(1, 3), Fraction(-2, 3)]

    assert [rounded(each) for each in halves] == [-2, -1, 0, 1, 2, 0, -1]


def shared_data():
    """The data folder beside the checkout, or where MAGI_SHARED_DATA says."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


VOTES = shared_data() / "mmlu_pro_votes.csv"
PANEL_E = (
    "gemini-1.5-pro-002",
    "Meta-Llama-3_1-70B-Instruct",
    "DeepSeek-Coder-V2",
    "jamba-1.5-large",
    "Qwen1.5-110B",
    "Mixtral-8x7B-Instruct-v0.1",
    "Phi-3-mini-4k-instruct",
    "Yi-34B",
    "c4ai-command-r-v01",
)


@pytest.mark.skipif(not VOTES.exists(), reason="mmlu_pro_votes.csv is not beside the checkout")
def test_nine_recorded_families_are_two_votes():
    """Panel E over all questions, a missing answer an error: mean correlation .390 and n_eff 2.19 +- .02."""
    with VOTES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    answers = {seat: [row[seat] or None for row in rows] for seat in PANEL_E}

    found = independence(answers, [row["gold"] for row in rows])
    pairs = dict(found.pairs)
    seats = {seat: frozenset((seat,)) for seat in PANEL_E}

    assert found.questions == 12_032
    assert 389_000 <= found.rho_ppm <= 390_500
    assert 2170 <= found.n_eff_milli <= 2210
    assert len(pairs) == len(list(itertools.combinations(PANEL_E, 2)))
    assert voices(seats, pairs) == Voices(found.n_eff_milli, measured=True)
    assert voices(seats) == Voices(9000, measured=False)
