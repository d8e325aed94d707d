"""The figures of the arbitration layer on outside answers, and the command that prints them."""

import json
import os
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi.cli.main import app
from magi.core.reliability import Profile
from magi.evaluation.answer_sheet import Row, Sheet, read_sheet
from magi.evaluation.recorded import Difference, evaluate

SPLITS = 20


def shared_data():
    """The data folder beside the checkout, or where MAGI_SHARED_DATA says."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


MMLU = "mmlu_pro_votes.csv"
JFINQA = "jfinqa/recorded_1000.jsonl.gz"
CRUX = "zeroeval/crux.jsonl.gz"
MATH = "zeroeval/math_l5.jsonl.gz"
MID = ("gpt-4o-mini-2024-07-18", "claude-3-5-haiku-20241022", "gemini-1.5-flash-exp-0827")
FRONTIER = (
    "gpt-4o-2024-08-06",
    "claude-3-5-sonnet-20241022",
    "gemini-1.5-pro-exp-0827",
    "grok-2-1212",
    "Mistral-Large-2",
    "Qwen2.5-72B-Instruct",
    "Meta-Llama-3.1-405B-Instruct@hyperbolic",
)
# name: file, members, the accuracy to reach on the held-out halves in percent
COUNCILS = {
    "crux C7": (CRUX, FRONTIER, 88.4),
    "crux C3": (CRUX, MID, 77.0),
    "math C5": (MATH, (*MID, "Qwen2.5-32B-Instruct", "Meta-Llama-3.1-70B-Instruct"), 66.6),
    "jfinqa C3": (JFINQA, ("gpt-4o", "gemini-2.0-flash", "gpt-4o-mini"), 88.0),
    "jfinqa C4": (JFINQA, ("gpt-4o", "gemini-2.0-flash", "gpt-4o-mini", "qwen2.5-3b-instruct"), 88.0),
}
PANEL_A = ("gemini-1.5-pro-002", "jamba-1.5-large", "Meta-Llama-3_1-70B-Instruct")
PANEL_D = (
    "gemini-1.5-pro-002",
    "Meta-Llama-3_1-70B-Instruct",
    "DeepSeek-Coder-V2",
    "jamba-1.5-large",
    "Qwen1.5-72B-Chat",
)


def sheet_of(name, members):
    """A sheet of the shared data, or a skip with a clear word."""
    path = shared_data() / name
    if not path.exists():
        pytest.skip(f"the shared data folder has no {name} here")
    return read_sheet(path, members)


def mean(report, right):
    """The mean over splits of a number of right answers, in percent."""
    return 100 * sum(float(right(one)) / one.held_out for one in report.splits) / len(report.splits)


def best_of(report):
    """The best member as the labels point to it, in percent."""
    return mean(report, lambda one: one.members[one.best_member])


@pytest.mark.parametrize("council", list(COUNCILS))
def test_council_reaches_its_figure(council):
    """On the held-out halves it reaches the target, and falls below neither plurality nor its best member."""
    name, members, target = COUNCILS[council]
    report = evaluate(sheet_of(name, members), SPLITS, 0.5)
    chosen = mean(report, lambda one: one.right)

    assert chosen >= target
    assert chosen >= mean(report, lambda one: one.rules["plurality"]) - 0.5
    assert chosen >= best_of(report) - 0.5
    assert sum(one.stops.differing + one.plurality_stops.differing for one in report.splits) == 0


@pytest.mark.parametrize("council", list(COUNCILS))
def test_few_labels_keep_plurality(council):
    """With 25 labels the choice costs at most a point against plurality."""
    name, members, _ = COUNCILS[council]
    report = evaluate(sheet_of(name, members), SPLITS, 25)

    assert mean(report, lambda one: one.right) >= mean(report, lambda one: one.rules["plurality"]) - 1


def test_tie_rule_on_unequal_seats():
    """On panel A the stated tie gains 2.5 points over lots; n_eff is 1.66; the shown probability errs below 8 %."""
    report = evaluate(sheet_of(MMLU, PANEL_A), 4, 0.5)
    gain = mean(report, lambda one: one.rules["plurality"] - one.rules["plurality_random_tie"])

    assert gain >= 2.5
    assert report.n_eff_centi == pytest.approx(166, abs=2)
    assert max(one.after.ece_bp for one in report.splits) <= 600
    assert min(one.plurality_stops.saved / one.plurality_stops.calls for one in report.splits) >= 0.15
    assert mean(report, lambda one: one.right) >= best_of(report)


def test_questions_a_member_was_not_asked_are_left_out():
    """DeepSeek-Coder-V2 was asked 10,340 questions; Dawid-Skene agrees with crowd-kit's .799 .771 .785 .658 .736."""
    sheet = sheet_of(MMLU, PANEL_D)
    report = evaluate(sheet, 1, 300)

    assert len(sheet.rows) == 10_340
    assert [share / 1e6 for share in report.unlabelled.share_ppm] == pytest.approx(
        [0.799, 0.771, 0.785, 0.658, 0.736], abs=0.005
    )


def small_sheet():
    """Three simulated members on 200 questions."""
    chance = random.Random(5)  # noqa: S311  # seeded
    rows = []
    for _ in range(200):
        right = tuple(chance.random() < p for p in (0.9, 0.7, 0.6))
        wrong = iter(range(1, 4))
        pattern = [0 if one else next(wrong) for one in right]
        first = {number: place for place, number in reversed(list(enumerate(dict.fromkeys(pattern))))}
        rows.append(Row("k", tuple(first[number] for number in pattern), right))
    return Sheet(("a", "b", "c"), tuple(rows), 4, "text", (), 0, "0" * 64)


def test_the_report_is_recomputable():
    """The same sheet gives the same report, intervals and profiles included."""
    assert evaluate(small_sheet(), 3, 0.5) == evaluate(small_sheet(), 3, 0.5)


def test_held_out_gold_teaches_nothing():
    """Turning every held-out judgement round changes no profile."""
    sheet = small_sheet()
    first = evaluate(sheet, 1, 0.5).splits[0]
    from magi.evaluation.splits import split  # noqa: PLC0415  # only this test draws

    drawn = set(split(0, 200, 100).held_out)
    turned = tuple(
        row._replace(right=tuple(not one for one in row.right)) if place in drawn else row
        for place, row in enumerate(sheet.rows)
    )
    other = evaluate(Sheet(sheet.members, turned, 4, "text", (), 0, "0" * 64), 1, 0.5).splits[0]

    assert other.profile == first.profile
    assert other.right != first.right


@pytest.mark.parametrize(
    ("low", "high", "standing"), [(1, 9, "beat"), (-9, -1, "lost"), (-1, 9, "undecided"), (0, 0, "undecided")]
)
def test_standing_needs_an_interval_on_one_side(low, high, standing):
    """The council beat or lost only where the whole interval lies on that side of nought."""
    assert Difference(3, low, high).standing == standing


@pytest.mark.parametrize(("splits", "labels"), [(0, 0.5), (1, 0), (1, 200), (1, 0.001), (1_001, 0.5)])
def test_a_split_needs_both_sides(splits, labels):
    """No splits, no labels, or nothing held out is an error."""
    with pytest.raises(ValueError, match="splits"):
        evaluate(small_sheet(), splits, labels)


@pytest.fixture
def answers(tmp_path):
    """A file of 120 questions: a is mostly right, b and c share their errors."""
    chance = random.Random(6)  # noqa: S311  # seeded
    lines = []
    for number in range(120):
        wrong = chance.choice("BCD")
        said = {"a": "A" if chance.random() < 0.95 else "D"}
        said["b"] = said["c"] = "A" if chance.random() < 0.5 else wrong
        lines.append(
            json.dumps(
                {"id": str(number), "category": "k", "options": list("pqrs"), "gold": "A", "answers": said}
            )
        )
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def magi(*arguments):
    """Run the command; its output, and the error it ended with."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], env={"MAGI_LANG": "ja"})
    return done.output, done.exception


def test_the_first_line_says_whether_the_council_beat_its_best_seat(answers):
    """Before any table stands the comparison with the best seat, in the language asked for."""
    japanese, error = magi("evaluation", "recorded", answers, "--members", "a,b,c", "--splits", 2)
    english, _ = magi("evaluation", "recorded", answers, "--members", "a,b,c", "--splits", 2, "--lang", "en")

    assert error is None
    assert "最良の席" in japanese.splitlines()[0]
    assert "its best seat" in english.splitlines()[0]


def test_json_holds_every_split_and_the_means(answers):
    """The JSON has each split with members, rules, choice, calibration and stops, and their means."""
    out, error = magi("evaluation", "recorded", answers, "--members", "a,b,c", "--splits", 3, "--json")
    shown = json.loads(out)

    assert error is None
    assert [one["seed"] for one in shown["splits"]] == [0, 1, 2]
    for one in shown["splits"]:
        assert {"chosen", "members", "rules", "best_member", "calibration", "early_stop", "stop_95"} <= set(
            one
        )
        assert one["early_stop"]["differing_outcomes"] == 0
    assert shown["mean"]["chosen"] >= shown["mean"]["rules"]["plurality"] - 0.5
    assert shown["mean"]["members"]["a"] == pytest.approx(
        sum(one["members"]["a"] for one in shown["splits"]) / 3, abs=1e-3
    )


def test_fit_writes_a_profile_once(answers, tmp_path):
    """The file holds the canonical bytes of the digest that is shown, and is never overwritten."""
    out = tmp_path / "profile.json"
    shown, error = magi("evaluation", "fit", answers, "--members", "a,b,c", "--out", out)
    profile = Profile.model_validate_json(out.read_bytes())
    _, again = magi("evaluation", "fit", answers, "--members", "a,b,c", "--out", out)

    assert error is None
    assert profile.canonical_bytes() == out.read_bytes()
    assert profile.digest() in shown
    assert again.reason == "taken"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--members", "a,z"), "member"),
        (("--members", "a,a"), "members"),
        (("--members", "a,b", "--labels", "120"), "labels"),
        (("--members", "a,b", "--labels", "0"), "labels"),
        (("--members", "a,b", "--scoring", "taste"), "scoring"),
    ],
)
def test_wrong_arguments_have_a_name(answers, arguments, reason):
    """Members, labels and scoring that cannot be are refused by name."""
    _, error = magi("evaluation", "recorded", answers, *arguments)

    assert error.reason == reason
