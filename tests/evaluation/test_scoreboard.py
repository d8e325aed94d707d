"""The scoreboard against sheets small enough to be reckoned by hand."""

import json

import pytest

from magi.core.errors import MalformedFileError
from magi.evaluation.accord import agreement_bp, alpha_ppm, entropy
from magi.evaluation.answer_sheet import read_sheet
from magi.evaluation.asked_rows import AskedRow, line, read_rows
from magi.evaluation.curve import bins
from magi.evaluation.recorded import evaluate
from magi.evaluation.report_page import first_line
from magi.evaluation.resample import intervals
from magi.evaluation.scoreboard import BASELINE, BEST, CHOSEN, GIVEN, scoreboard
from magi.evaluation.splits import split


def entry(number, gold, answers, **more):
    """One row of the recorded format; options A to D."""
    right = {name: answer == gold for name, answer in answers.items()}
    fields = {"id": f"q{number}", "category": "k", "gold": gold, "n_options": 4}
    return fields | {"answers": answers, "correct": right} | more


def verdict(answer, gold):
    """A verdict as it was given."""
    outcome = "tied" if answer is None else "majority"
    return {"outcome": outcome, "answer": answer, "right": answer == gold}


def written(folder, entries, name="rows.jsonl"):
    """The rows as a file."""
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in entries), encoding="utf-8")
    return path


def board_of(folder, entries, members=("a", "b", "c"), splits=5, labels=0.5):
    """The scoreboard of rows, by way of their file."""
    path = written(folder, entries)
    return scoreboard(evaluate(read_sheet(path, members), splits, labels), read_rows(path))


def test_the_first_line_says_beat_where_the_council_is_always_right(tmp_path):
    """Verdicts all right, seats all wrong: +100 points, the interval is one point, and the words say beat."""
    seats = {"a": "B", "b": "C", "c": "D"}
    board = board_of(tmp_path, [entry(n, "A", seats, council=verdict("A", "A")) for n in range(20)])

    assert board.headline_of == "given"
    assert (board.headline.mean_bp, board.headline.low_bp, board.headline.high_bp) == (10_000, 10_000, 10_000)
    assert first_line(board, "ja").startswith("合議は最良の席を上回りました: +100.00 ポイント")
    assert board.accuracy(GIVEN).mean_bp == 10_000
    assert board.accuracy(BEST).mean_bp == 0


def test_the_first_line_says_lost_where_the_best_seat_is_always_right(tmp_path):
    """A council that never decides loses to a seat that is always right, by 100 points: no decision is an error."""
    seats = {"a": "A", "b": "C", "c": None}
    board = board_of(tmp_path, [entry(n, "A", seats, council=verdict(None, "A")) for n in range(20)])

    assert board.headline.standing == "lost"
    assert "上回りませんでした: -100.00 ポイント" in first_line(board, "ja")
    assert board.outcomes == {"tied": 20}
    assert board.decided == (0, 0)


def test_the_first_line_says_undecided_where_nothing_differs(tmp_path):
    """Council and best seat right on the same questions: no difference, whatever the accuracy."""
    rows = [
        entry(n, "A", {"a": "A" if n % 2 else "B", "b": "C", "c": "D"},
              council=verdict("A" if n % 2 else "B", "A"))
        for n in range(20)
    ]  # fmt: skip
    board = board_of(tmp_path, rows)

    assert board.headline.standing == "undecided"
    assert "誤差の範囲です: +0.00 ポイント" in first_line(board, "ja")
    assert "cannot be told apart" in first_line(board, "en")


def test_the_best_seat_is_the_one_of_the_labelled_half(tmp_path):
    """One label points to the seat that is right there: a then has 29 of 39 others, b has 9; never the better one."""
    rows = [
        entry(n, "A", {"a": "A" if n % 4 else "B", "b": "A" if n % 4 == 0 else "C", "c": "D"})
        for n in range(40)
    ]
    board = board_of(tmp_path, rows, splits=20, labels=1)
    labelled = [split(seed, 40, 1).labelled[0] for seed in range(20)]
    right = sum(29 if place % 4 else 9 for place in labelled)

    assert board.accuracy(BEST).mean_bp == round(10_000 * right / (20 * 39))
    assert any(place % 4 == 0 for place in labelled)


def test_a_failure_stays_in_the_denominator(tmp_path):
    """A seat that answers half of the questions, all rightly, is right on half of them."""
    rows = [entry(n, "A", {"a": "A" if n % 2 else None, "b": "A", "c": "B"}) for n in range(20)]
    seat = board_of(tmp_path, rows).seats[0]

    assert (seat.right, seat.silent, seat.asked) == (10, 10, 20)


def test_recorded_answers_get_the_interval_of_recorded(tmp_path):
    """Without verdicts the chosen rule is judged, and the headline is the difference of `recorded`, end for end."""
    rows = [
        entry(n, "ABCD"[n % 4], {"a": "ABCD"[n % 4] if n % 3 else "A", "b": "ABCD"[n % 4 - n % 2], "c": "A"})
        for n in range(60)
    ]
    board = board_of(tmp_path, rows)

    assert board.headline_of == "chosen"
    assert board.headline == board.learnt == board.report.difference
    assert board.accuracy(GIVEN) is None
    assert board.accuracy(("rule", "plurality")).mean_bp == round(
        10_000 * sum(one.rules["plurality"] for one in board.report.splits) / (30 * 5)
    )


def test_the_interval_of_a_coin_is_all_of_it():
    """Two questions, one right: resamples are 0, one half or 1, and a quarter of them lies at each end."""
    assert intervals({"x": [1.0, 0.0]}) == {"x": (0, 10_000)}


def test_the_interval_of_a_hundred_coins_is_that_of_the_binomial():
    """Fifty right of a hundred: the 2.5 % and 97.5 % points of Bin(100, 1/2) are 40 and 60; resampling is near them."""
    low, high = intervals({"x": [1.0, 0.0] * 50})["x"]

    assert 3_900 <= low <= 4_100
    assert 5_900 <= high <= 6_100


def test_series_are_resampled_together():
    """The difference of two series has the interval of their difference: the draws are the same for all."""
    one, other = [1.0, 0.0, 1.0, 1.0, 0.0] * 6, [0.0, 0.0, 1.0, 0.0, 1.0] * 6
    gap = [first - second for first, second in zip(one, other, strict=True)]
    found = intervals({"one": one, "shifted": [value + 1 for value in one], "gap": gap})

    assert found["shifted"] == tuple(end + 10_000 for end in found["one"])
    assert found["gap"] == intervals({"gap": gap})["gap"]
    with pytest.raises(ValueError, match="one value"):
        intervals({"one": one, "short": one[1:]})


@pytest.fixture
def four(tmp_path):
    """Four units of two raters: AA, BB, AB, BB."""
    rows = [
        entry(n, "A", {"a": one, "b": other})
        for n, (one, other) in enumerate([("A", "A"), ("B", "B"), ("A", "B"), ("B", "B")])
    ]
    path = written(tmp_path, rows)
    return read_sheet(path, ("a", "b")), read_rows(path)


def test_krippendorff_by_hand(four):
    """Three A, five B, one of four units divided: alpha = 1 - (2/8) / (2 * 3 * 5 / (8 * 7)) = .53333."""
    assert alpha_ppm(*four) == 533_333


def test_agreement_and_entropy_by_hand(four):
    """Three of four units alike: 75 %; one unit of entropy ln 2 among four: .173."""
    sheet, _ = four

    assert agreement_bp(sheet) == {("a", "b"): 7_500}
    assert entropy(sheet) == 173


def test_curve_bins_by_hand():
    """Outcomes fall into tenths: .15 twice and .12 once make one bin of mean .14, two of three right."""
    (low, high) = bins({1_500: (2, 2), 1_200: (1, 0), 9_999: (4, 4)})

    assert (low.count, low.shown_bp, low.right_bp) == (3, 1_400, 6_667)
    assert (high.count, high.shown_bp, high.right_bp) == (4, 9_999, 10_000)


def test_the_baseline_is_the_best_seat_asked_again(tmp_path):
    """Council always right, the best seat asked three times right on half: +50 points, and how often it wavered."""
    rows = [
        entry(
            n, "A", {"a": "A", "b": "B", "c": "C"}, council=verdict("A", "A"),
            again={name: {"asked": 3, "right": bool(n % 2), "alike": n < 15} for name in "abc"},
        )
        for n in range(20)
    ]  # fmt: skip
    board = board_of(tmp_path, rows, splits=1, labels=1)

    assert board.baseline.asks == 3
    assert board.baseline.seats == {"a": 5_000, "b": 5_000, "c": 5_000}
    assert board.baseline.alike_bp["a"] == 7_500
    right = board.accuracy(BASELINE).mean_bp
    assert board.baseline.difference.mean_bp == 10_000 - right
    assert right in (4_737, 5_263)  # 9 or 10 of the 19 held out


def test_what_was_not_measured_is_none(tmp_path):
    """Rows that say nothing of cost, order, repetition or confidence leave these figures empty, not nought."""
    board = board_of(tmp_path, [entry(n, "A", {"a": "A", "b": "B", "c": "A"}) for n in range(10)])

    assert board.baseline is board.order is board.rebuttal is board.given is None
    assert board.accuracy(BASELINE) is None
    assert board.costs.calls is board.costs.all_tokens is None
    assert board.independence.n_eff_milli is None  # fewer than thirty questions
    assert {(axis.harmlessness, axis.fairness, axis.japanese) for axis in board.axes} == {(None, None, None)}


def test_cost_order_and_rebuttal_by_hand(tmp_path):
    """Calls and tokens add up, a silent reordering is not the same, second ballots count before and after."""
    rows = [
        entry(
            n, "A", {"a": "A", "b": "B", "c": "A"}, council=verdict("A", "A"), calls=4, saved=1,
            tokens={name: [10, 2] for name in "abc"}, origin="scripted",
            models={"a": "card-a 1", "b": "card-b 2", "c": "card-a 1"},
            rebuttal={"b": [False, n < 3]},
            reordered={"a": "same", "b": "other" if n else "silent", "": "same"},
        )
        for n in range(10)
    ]  # fmt: skip
    board = board_of(tmp_path, rows)

    assert board.rehearsal
    assert (board.costs.calls, board.costs.asked, board.costs.spared, board.costs.all_tokens) == (
        40,
        30,
        10,
        360,
    )
    assert board.order.same_bp == {"a": 10_000, "b": 0, "": 10_000}
    assert board.order.silent == {"a": 0, "b": 1, "": 0}
    assert (board.rebuttal.ballots, board.rebuttal.before, board.rebuttal.after) == (10, 0, 3)
    assert [(axis.model, axis.asked, axis.factuality_bp) for axis in board.axes] == [
        ("card-a 1", 20, 10_000),
        ("card-b 2", 10, 0),
    ]


def test_tokens_that_one_seat_did_not_tell_are_not_added_up(tmp_path):
    """A seat that answered without telling its tokens leaves the sum unknown, not smaller."""
    rows = [
        entry(
            n, "A", dict.fromkeys("abc", "A"), calls=3, tokens={name: [5, 1] for name in ("ac" if n else "a")}
        )
        for n in range(10)
    ]
    board = board_of(tmp_path, rows)

    assert board.costs.tokens == {"a": (50, 10)}
    assert board.costs.all_tokens is None


def test_a_seat_that_was_not_asked_leaves_the_question_out(tmp_path):
    """The rows of a question that some seat was spared are left out of all pairs, and counted."""
    rows = [entry(n, "A", {"a": "A", "b": "B", "c": "A"}) for n in range(10)]
    del rows[3]["answers"]["c"]
    board = board_of(tmp_path, rows)

    assert len(board.report.sheet.rows) == 9
    assert board.report.sheet.left_out == 1
    assert {seat.asked for seat in board.seats} == {9}


def test_rows_of_another_sheet_are_refused(tmp_path):
    """A scoreboard is of one file: fewer rows than the sheet has is an error, not a guess."""
    path = written(tmp_path, [entry(n, "A", {"a": "A", "b": "B"}) for n in range(10)])
    report = evaluate(read_sheet(path, ("a", "b")), 2, 0.5)

    with pytest.raises(ValueError, match="those of the sheet"):
        scoreboard(report, read_rows(path)[1:])


def test_equal_rows_give_an_equal_scoreboard(tmp_path):
    """The same rows read twice give an equal scoreboard."""
    rows = [entry(n, "ABCD"[n % 4], {"a": "A", "b": "ABCD"[n % 3], "c": "D"}) for n in range(40)]

    assert board_of(tmp_path, rows) == board_of(tmp_path, rows)
    assert board_of(tmp_path, rows).accuracy(CHOSEN) is not None


def test_rows_survive_their_file(tmp_path):
    """A row written and read again is the same row; what is empty is not written."""
    row = AskedRow(
        id="x", category="k", gold="A", n_options=4, answers={"a": None}, correct={"a": False}, calls=1
    )
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line(row) + line(AskedRow(id="y", gold="B", answers={"a": "B"})))

    assert read_rows(path)[0] == row
    assert "council" not in json.loads(line(row))


def test_bad_rows_are_named_by_number_and_not_quoted(tmp_path):
    """A line that is none is told by its number; no word of it stands in the error."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "1", "answers": {}}\n{"answers": "椿の花壇"}\n椿の花壇\n', encoding="utf-8")
    with pytest.raises(MalformedFileError) as caught:
        read_rows(path)

    assert caught.value.facts["problems"] == ("line 2", "line 3")
    assert "椿" not in str(caught.value)
