"""Promised error rates over many splits: how often one is broken on the held-out half, and that this is printed."""

import json
import os
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi.cli.main import app
from magi.evaluation.answer_sheet import read_sheet
from magi.evaluation.recorded import evaluate

SPLITS = 100
MID = ("gpt-4o-mini-2024-07-18", "claude-3-5-haiku-20241022", "gemini-1.5-flash-exp-0827")
COUNCILS = {
    "crux C7": (
        "crux",
        (
            "gpt-4o-2024-08-06",
            "claude-3-5-sonnet-20241022",
            "gemini-1.5-pro-exp-0827",
            "grok-2-1212",
            "Mistral-Large-2",
            "Qwen2.5-72B-Instruct",
            "Meta-Llama-3.1-405B-Instruct@hyperbolic",
        ),
    ),
    "math C5": ("math_l5", (*MID, "Qwen2.5-32B-Instruct", "Meta-Llama-3.1-70B-Instruct")),
}


def shared_data():
    """The data folder beside the checkout, or where MAGI_SHARED_DATA says."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize("council", list(COUNCILS))
def test_promises_are_kept_in_nineteen_of_twenty_splits(council):
    """On the half that taught nothing, at most one split in twenty errs more often than was promised."""
    name, members = COUNCILS[council]
    path = shared_data() / "zeroeval" / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"the shared data folder has no {name} here")
    report = evaluate(read_sheet(path, members), SPLITS, 0.5)
    made = broken = 0
    for place in range(2):
        kept = [one.promises[place] for one in report.splits if one.promises[place].answered]
        made += len(kept)
        broken = max(broken, sum(k.wrong * 10_000 > k.promised.error_bp * k.answered for k in kept))

    assert made >= SPLITS
    assert 20 * broken <= SPLITS


@pytest.fixture
def answers(tmp_path):
    """A file of 400 questions that three seats mostly get right, each on its own."""
    chance = random.Random(6)  # noqa: S311  # seeded
    lines = []
    for number in range(400):
        said = {seat: "A" if chance.random() < 0.9 else chance.choice("BCD") for seat in "abc"}
        row = {"id": str(number), "category": "k", "options": list("pqrs"), "gold": "A", "answers": said}
        lines.append(json.dumps(row))
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def magi(*arguments):
    """Run the command; what it printed."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], env={"MAGI_LANG": "ja"})
    assert done.exception is None, done.exception
    return done.output


def test_the_share_of_broken_promises_is_printed(answers):
    """Text and JSON say for every error rate in how many splits it was promised and in which share it was broken."""
    command = ("evaluation", "recorded", answers, "--members", "a,b,c", "--splits", "4")
    text, shown = magi(*command), json.loads(magi(*command, "--json"))
    ten, twenty = shown["mean"]["selective"]
    lines = [line for line in text.splitlines() if line.startswith("誤り ")]

    assert [one["error_allowed"] for one in (ten, twenty)] == [10.0, 20.0]
    assert twenty["splits_with_promise"] == 4
    for one, line in zip((ten, twenty), lines, strict=True):
        assert one["splits_broken_share"] == 100 * one["splits_broken"] / 4
        assert f"4 回中 {one['splits_with_promise']} 回" in line
        assert f"{one['splits_broken']} 回({one['splits_broken_share']:.2f} %)" in line
