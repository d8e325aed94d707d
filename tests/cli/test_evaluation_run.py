"""`magi evaluation run`: data sets, rehearsals through the real service, resumption, and reports from records."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from magi.cli.data_set import is_recorded, read_items
from magi.core.errors import MalformedFileError

SCRIPT = Path(sys.executable).with_name("magi")
CANARY = "椿の花壇7301"
LIMIT_SECONDS = 90
POLL_SECONDS = 0.02
SHARED = Path(os.environ.get("MAGI_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
LAWQA = SHARED / "lawqa_jp" / "questions.jsonl.gz"
JFINQA = SHARED / "jfinqa" / "recorded_1000.jsonl.gz"
needs_data = pytest.mark.skipif(not LAWQA.is_file(), reason="the shared data is not beside the checkout")


def data_set(folder, rows, name="set.jsonl"):
    """A data set of rows, which are objects or the text of a line."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder / name


def questions(count):
    """So many choice questions with gold."""
    return [
        {"id": f"q{n}", "category": "k", "question": f"第{n}号で正しいのはどれか。", "options": ["甲", "乙", "丙"],
         "gold": "abc"[n % 3]}
        for n in range(count)
    ]  # fmt: skip


def run(command, *arguments, **env):
    """Run the command; its report as JSON."""
    done = command.run("evaluation", "run", *arguments, "--json", **env)
    assert done.error is None, done.error
    return json.loads(done.out[done.out.index("{\n") :])


def streams(command, kind="opened"):
    """How many records of a kind the ledger holds."""
    path = command.home / "ledger.db"
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
            return ledger.execute("select count(*) from entry where kind = ?", (kind,)).fetchone()[0]
    except sqlite3.OperationalError:  # not made yet
        return 0


def rows_of(folder):
    """The rows that a run wrote."""
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def report(command, tmp_path):
    """A small rehearsal with a baseline and an order check: its report and its folder."""
    path, out = data_set(tmp_path, questions(8)), tmp_path / "out"
    told = run(command, path, "--rehearsal", "--baseline", "all", "--order-check", "5", "--out", out)
    return told, out


def test_a_rehearsal_runs_from_questions_to_report(command, report):
    """Every pass is asked through the ledger, and the report says first of all that it is a rehearsal."""
    told, out = report

    assert told["rehearsal"]
    assert told["judged"] == "given"
    assert told["baseline"]["asks"] == len(told["seats"])
    assert told["baseline"]["council_calls"] == len(told["seats"])
    assert told["option_order"]["asked"] == 5
    assert streams(command) == 8 * len(told["seats"]) + 5
    assert json.loads((out / "report.json").read_text("utf-8")) == told
    assert (out / "report.html").read_text("utf-8").index("予行です") < 3_000


def test_a_rehearsal_is_said_before_the_first_line(command, tmp_path):
    """On the screen the notice stands before the standing."""
    done = command.run("evaluation", "run", data_set(tmp_path, questions(6)), "--rehearsal")

    assert done.error is None
    assert 0 <= done.out.index("この成績表の数字に意味はありません") < done.out.index("最良の席")


def test_the_rows_give_the_same_figures_again(command, report):
    """Fed back, rows.jsonl gives the same report without asking: figures can be recomputed from it alone."""
    told, out = report
    before = streams(command)
    again = run(command, out / "rows.jsonl")
    differing = {name for name in told if told[name] != again[name]}

    assert differing == {"data_set", "council", "seats_not_asked"}
    assert streams(command) == before


def test_recorded_and_fit_take_the_rows(command, report, tmp_path):
    """The rows are recorded answers like any others."""
    told, out = report
    members = ",".join(seat["name"] for seat in told["seats"])
    recorded = command.run("evaluation", "recorded", out / "rows.jsonl", "--members", members, "--json")
    fitted = command.run(
        "evaluation", "fit", out / "rows.jsonl", "--members", members, "--out", tmp_path / "p"
    )

    assert json.loads(recorded.out) == told["recorded"]
    assert fitted.error is None


def test_a_second_run_asks_nothing_anew(command, tmp_path):
    """The same command finds every answer in the ledger; another name asks again."""
    path = data_set(tmp_path, questions(6))
    first = run(command, path, "--rehearsal")
    before = streams(command)
    second = run(command, path, "--rehearsal")
    unchanged = streams(command)
    run(command, path, "--rehearsal", "--name", "again")

    assert first == second
    assert before == unchanged == 6
    assert streams(command) == 12


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_stopped_goes_on(command, tmp_path, number):
    """Killed or interrupted half-way, the same command asks the rest, and no question twice."""
    path, out = data_set(tmp_path, questions(60)), tmp_path / "out"
    words = [SCRIPT, "evaluation", "run", path, "--rehearsal", "--out", out]
    given = {"PATH": os.defpath, "HOME": str(tmp_path), "LANG": "C.UTF-8"} | command.environment
    with subprocess.Popen(words, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + LIMIT_SECONDS
        while streams(command, "decided") < 5:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(POLL_SECONDS)
        process.send_signal(number)
        process.communicate(timeout=LIMIT_SECONDS)
    stopped = streams(command, "decided")
    told = run(command, path, "--rehearsal", "--out", out)

    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert 5 <= stopped < 60
    assert streams(command) == 60
    assert len(rows_of(out)) == told["recorded"]["questions"] == 60


def test_bad_lines_are_named_and_nothing_is_asked(command, tmp_path):
    """Lines that are no question, a gold that is no option, an id that was there: all by number, none quoted."""
    good = questions(3)
    bad = [
        CANARY,
        good[0] | {"id": "x", "gold": "d"},
        {"id": "y", "question": ""},
        {"id": "z", "options": ["甲", "乙"]},
        good[1],
        json.dumps([CANARY]),
    ]
    done = command.run("evaluation", "run", data_set(tmp_path, [*good, *bad]), "--rehearsal")

    assert done.reason == "data_set"
    assert done.error.facts["problems"] == ("4", "5", "6", "7", "8", "9")
    assert CANARY not in done.out + str(done.error)
    assert streams(command) == 0


@pytest.mark.parametrize(
    ("rows", "arguments", "reason"),
    [
        ([], (), "no_questions"),
        (questions(1), (), "labels"),
        ([row | {"gold": None} for row in questions(4)], (), "labels"),
        (questions(4), ("--labels", "4"), "labels"),
        (questions(4), ("--labels", "0"), "labels"),
        (questions(4), ("--baseline", "best"), "baseline"),
        (questions(4), ("--baseline", "1"), "baseline"),
        (questions(4), ("--members", "a,b"), "members_recorded"),
        (questions(4), ("--bias", "nowhere.json"), "not_a_file"),
        (questions(4), ("--council", "nobody"), "council"),
    ],
)
def test_what_cannot_be_done_has_a_reason(command, tmp_path, rows, arguments, reason):
    """Each refusal is a named error."""
    done = command.run("evaluation", "run", data_set(tmp_path, rows), "--rehearsal", *arguments)

    assert done.reason == reason


def test_a_recorded_file_is_judged_without_asking(command, tmp_path):
    """Rows with answers make the scoreboard at once, of the members named; no ledger comes to be."""
    rows = [
        {
            "id": n,
            "category": "k",
            "gold": "A",
            "options": ["x", "y"],
            "answers": {"a": "A", "b": "B", "c": None},
        }
        for n in range(10)
    ]
    told = run(command, data_set(tmp_path, rows), "--members", "a,c")

    assert [seat["name"] for seat in told["seats"]] == ["a", "c"]
    assert told["judged"] == "chosen"
    assert told["seats"][1]["silent"] == 10
    assert told["cost"]["calls"] is None
    assert not command.home.exists()


def test_gold_is_never_asked(tmp_path):
    """A gold and what else a line holds stay here: the question's body has neither."""
    rows = [row | {"note": CANARY, "options": ["甲", "乙", CANARY[:3]], "gold": "c"} for row in questions(3)]
    items = read_items(str(data_set(tmp_path, rows)))

    assert {item.gold for item in items} == {"C"}
    assert all(b"gold" not in item.question.to_bytes() for item in items)
    assert all(CANARY.encode() not in item.question.to_bytes() for item in items)


def test_what_a_question_stands_on_goes_with_it(tmp_path):
    """Context, texts and table follow the question, in this order; ids may be missing or numbers."""
    rows = [
        {"question": "いくらか。", "context": "条文", "pre_text": ["前", "文"], "post_text": ["後"],
         "table": {"headers": ["項目", "額"], "rows": [["売上", 3]]}, "gold": 3, "space": "number:円"},
        {"question_id": 7, "question": "どれか。", "options": {"ア": "x", "イ": "y"}, "answer": "y"},
    ]  # fmt: skip
    first, second = read_items(str(data_set(tmp_path, rows)))

    assert first.question.text == "いくらか。\n\n条文\n\n前\n文\n\n項目 | 額\n売上 | 3\n\n後"
    assert (first.id, first.question.space.kind, first.gold) == ("line-1", "number", "3")
    assert (second.id, second.gold) == ("7", "イ")


def test_packed_and_plain_sets_read_alike(tmp_path):
    """Gzip makes no difference; a torn archive is a named error."""
    plain = data_set(tmp_path, questions(3))
    packed = tmp_path / "set.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(packed.read_bytes()[:-9])

    assert read_items(str(packed)) == read_items(str(plain))
    assert not is_recorded(packed)
    with pytest.raises(MalformedFileError) as caught:
        read_items(str(torn))
    assert caught.value.reason == "unpacked"


def test_the_shipped_forty_are_a_data_set():
    """By their name, where no file has it; five of them have no gold."""
    items = read_items("policy_questions")

    assert len(items) == 40
    assert sum(item.gold is None for item in items) == 5


@needs_data
def test_sixty_lawqa_questions_in_rehearsal(command, tmp_path):
    """Sixty real questions with their statutes go through; where the label bars a seat, the question is left out."""
    out = tmp_path / "out"
    told = run(command, LAWQA, "--rehearsal", "--limit", "60", "--label", "public", "--out", out)
    rows = rows_of(out)

    asked = [len(row["answers"]) for row in rows]

    assert len(rows) == 60
    assert (
        told["recorded"]["questions"] == asked.count(4) >= 50
    )  # detectors may raise a label, and bar a seat
    assert told["recorded"]["left_out"] == 60 - asked.count(4)
    assert told["recorded"]["scoring"] == "choice"
    assert told["cost"]["calls"] == sum(asked)
    assert told["independence"]["n_eff"] is not None
    assert told["cost"]["stop_differing_outcomes"] == 0


@needs_data
def test_a_dominated_council_is_found_out_on_real_answers(command):
    """On jfinqa the labels find the best member per topic; plurality alone would lose to the best seat."""
    told = run(command, JFINQA, "--members", "gpt-4o,gemini-2.0-flash,gpt-4o-mini")
    accuracies = {(one["kind"], one["name"]): one["accuracy"] for one in told["accuracies"]}

    assert told["standing"] == "beat"
    assert accuracies["chosen", None] >= 88.0
    assert accuracies["rule", "plurality"] < accuracies["best", None]
    assert told["differences"]["council_best_seat"] == told["differences"]["learnt_best_seat"]
