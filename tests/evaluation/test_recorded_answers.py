"""Reading recorded answers: forms, scoring, who was asked, and what is no answer sheet."""

import csv
import gzip
import json
import math

import pytest

from magi.core.errors import MagiError
from magi.evaluation.answer_sheet import read_sheet
from magi.evaluation.equate import key_of, options_of, same


def write(path, *lines):
    """A JSON Lines file of objects."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def entry(gold, category="k", **answers):
    """One line; keyword arguments are members."""
    return {"id": "1", "category": category, "gold": gold, "answers": answers}


def test_classes_are_numbered_in_council_order(tmp_path):
    """A pattern numbers classes as members hold them; null is no ballot and never right."""
    path = write(tmp_path / "a.jsonl", entry("y", a="x", b=None, c="y", d=" x "))
    row = read_sheet(path, ("a", "b", "c", "d")).rows[0]

    assert row.pattern == (0, -1, 1, 0)
    assert row.right == (False, False, True, False)
    assert read_sheet(path, ("c", "a")).rows[0].pattern == (0, 1)


def test_packed_and_plain_files_read_alike(tmp_path):
    """The same lines under gzip give the same rows."""
    lines = [entry("x", a="x", b="y"), entry("", a="", b="y")]
    plain = read_sheet(write(tmp_path / "a.jsonl", *lines), ("a", "b"))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))

    assert read_sheet(packed, ("a", "b")).rows == plain.rows
    assert plain.rows[1].right == (True, False)


def test_a_member_that_was_not_asked_leaves_the_question_out(tmp_path):
    """A name that is missing leaves the question out for all; a null stays in, as an error."""
    path = write(
        tmp_path / "a.jsonl", entry("x", a="x"), entry("x", a="x", b=None), entry(None, a="x", b="x")
    )
    sheet = read_sheet(path, ("a", "b"))

    assert len(sheet.rows) == 1
    assert len(sheet.unasked) == 1
    assert sheet.left_out == 2


@pytest.mark.parametrize(("blanks", "left"), [(49, 100), (50, 49)])
def test_in_csv_a_block_of_blanks_was_not_asked(tmp_path, blanks, left):
    """Fifty empty cells in a row were not asked, and then neither was any other blank of that member."""
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["question_id", "category", "n_options", "gold", "a", "b"])
        for number in range(100):
            blank = number < blanks or number == 99
            out.writerow([number, "k", 4, "A", "A", "" if blank else "B"])

    assert len(read_sheet(path, ("a", "b")).rows) == left


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("B", "B"),
        (" (b) ", "B"),
        ("Ｂ", "B"),
        ("E", None),
        ("第二案", "B"),
        ("答えは B です", "B"),
        ("A or B", None),
    ],
)
def test_a_choice_is_an_option_of_the_question(answer, key):
    """Letter, width, brackets and wording do not matter; an option that does not exist is no ballot."""
    options = options_of("A", 4, ("第一案", "第二案", "第三案", "第四案"))

    assert key_of(answer, "choice", options) == key


@pytest.mark.parametrize(
    ("gold", "count", "zero", "labels"),
    [
        ("b", 2, False, "AB"),
        ("ウ", 3, False, "アイウ"),
        ("1", 3, False, "123"),
        ("0", 3, True, "012"),
        ("E", 4, False, None),
    ],
)
def test_gold_tells_the_labels(gold, count, zero, labels):
    """Letters, kana, and numbers from one or from nought; gold beyond the options tells nothing."""
    found = options_of(gold, count, from_zero=zero)

    assert (found and "".join(found.labels)) == labels


def test_numbers_compare_by_the_first_one():
    """The first number counts, exactly: separators and zeros are spelling, another digit is not."""
    assert key_of("1,234.50 円です", "number") == key_of("1234.5", "number")
    assert key_of("-0", "number") == key_of("0", "number")
    assert key_of("12, not 13", "number") == key_of("12", "number")
    assert key_of("1.5", "number") != key_of("1.51", "number")
    assert key_of("なし", "number") is None


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("1000", "1009", True),
        ("1000", "1010", False),
        ("-2", "-2.02", False),
        ("増収", "増収", True),
        ("5%", "5", True),
    ],
)
def test_near_numbers_are_one_answer(one, other, equal):
    """Less than one percent of the smaller apart is one answer, whichever stands first."""
    first, second = key_of(one, "near"), key_of(other, "near")

    assert same(first, second, "near") is equal
    assert same(second, first, "near") is equal


@pytest.mark.parametrize(
    ("lines", "scoring"),
    [
        ([entry("12", a="12 m", b="13")] * 20, "number"),
        ([entry("はい", a="はい", b="13")] * 20, "text"),
        ([entry("100", a="100.5", b="3") | {"correct": {"a": True, "b": False}}], "near"),
        ([entry("100", a="100.5", b="3") | {"correct": {"a": False, "b": False}}], "number"),
        ([entry("A", a="A", b="B") | {"options": ["p", "q"]}], "choice"),
    ],
)
def test_the_file_suggests_how_answers_compare(tmp_path, lines, scoring):
    """Options, recorded judgements or numeric gold tell the scoring; it can also be named."""
    path = write(tmp_path / "a.jsonl", *lines)

    assert read_sheet(path, ("a", "b")).scoring == scoring
    assert read_sheet(path, ("a", "b"), "text").scoring == "text"


def test_free_answers_have_an_effective_number_of_options(tmp_path):
    """Wrong answers that agree every third time spread over four options."""
    lines = [entry("x", a="p", b="p"), entry("x", a="p", b="q"), entry("x", a="q", b="r")]

    assert read_sheet(write(tmp_path / "a.jsonl", *lines), ("a", "b")).options == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "member"),
        (b"{}\n", "answer_sheet"),
        (b'{"gold": "x", "answers": {"a": NaN, "b": "x"}}\n', "answer_sheet"),
        (b'{"gold": "x", "answers": {"a": ["x"], "b": "x"}}\n', "answer_sheet"),
        (b"[" * 100_000 + b"\n", "answer_sheet"),
        (b"\xff\xfe", "unpacked"),
        (b"\x1f\x8b broken", "unpacked"),
        (b'{"gold": null, "answers": {"a": "x", "b": "x"}}\n', "no_answers"),
        (b'{"gold": "x", "answers": {"a": "x", "c": "x"}}\n', "member"),
    ],
)
def test_what_is_no_answer_sheet_is_refused(tmp_path, content, reason):
    """Broken lines, other bytes, no gold and unknown members are errors with a name, and quote no answer."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(MagiError) as caught:
        read_sheet(path, ("a", "b"))

    assert caught.value.reason == reason


@pytest.mark.parametrize("members", [(), ("a", "a")])
def test_members_are_different_and_some(tmp_path, members):
    """No member, or one twice, is no council."""
    path = write(tmp_path / "a.jsonl", entry("x", a="x"))
    with pytest.raises(MagiError) as caught:
        read_sheet(path, members)

    assert caught.value.reason == "members"


def test_thousands_of_options_are_read(tmp_path):
    """A question of five thousand numbered options is read; an option past the last is no ballot."""
    line = entry("5000", a="5000", b="5001") | {"n_options": 5000}
    sheet = read_sheet(write(tmp_path / "a.jsonl", line), ("a", "b"))

    assert sheet.options == 5000
    assert sheet.rows[0].pattern == (0, -1)
    assert math.prod(sheet.rows[0].right) == 0
