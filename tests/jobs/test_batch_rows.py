"""Rows: good ones become questions, every other is refused with a reason and without a word of its text."""

import json

import pytest

from magi.core.errors import UnknownNameError
from magi.jobs.line import refusal_line
from magi.jobs.rows import BadRow, read_rows
from magi.jobs.seen import Seen
from magi.jobs.survey import survey

CANARY = "極秘椿作戦"


def rows_of(tmp_path, *rows, label=None):
    """The rows of a file of JSON lines; a row is an object, or the bytes of its line."""
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows))
    return list(read_rows(survey(path), label))


def row(**fields):
    """A row with what it needs."""
    return {"id": "1", "question": "窓口を開けるべきか。"} | fields


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["8", "2", "24"], {"A": "8", "B": "2", "C": "24"}),
        (["a 書類", "b 証書"], {"A": "書類", "B": "証書"}),
        (["A. 書類", "B. 証書"], {"A": "書類", "B": "証書"}),
        (["a 書類", "証書"], {"A": "a 書類", "B": "証書"}),
        (["b 書類", "a 証書"], {"A": "b 書類", "B": "a 証書"}),
        ([8, 2], {"A": "8", "B": "2"}),
        ({"ア": "甲", "イ": "乙"}, {"ア": "甲", "イ": "乙"}),
        ({"Ａ": "甲", " B": "乙"}, {"A": "甲", "B": "乙"}),
    ],
    ids=[
        "list",
        "own letters",
        "own letters with dots",
        "one letter",
        "other order",
        "integers",
        "ids",
        "width",
    ],
)
def test_options_get_ids(tmp_path, options, expected):
    """A list gets A, B, C as ids, its own letters in turn are taken off; given ids stay, in NFKC form."""
    (found,) = rows_of(tmp_path, row(options=options))

    assert dict(found.question.options) == expected
    assert found.question.space.options == tuple(expected)


@pytest.mark.parametrize(
    ("space", "kind"),
    [
        ({"kind": "number", "unit": "円"}, "number"),
        ("number:円", "number"),
        ("yes-no", "yes_no_conditional"),
        ("open", "open"),
        ({"kind": "date"}, "date"),
        (None, "open"),
    ],
)
def test_space_is_an_object_or_its_word(tmp_path, space, kind):
    """An answer space comes as an object or as a word; without one it is derived."""
    (found,) = rows_of(tmp_path, row(question="意見は", space=space))

    assert found.question.space.kind == kind
    assert (found.question.decision.source == "declared") == (space is not None)


@pytest.mark.parametrize(
    ("batch", "own", "expected"),
    [
        (None, None, None),
        (None, "public", "public"),
        ("public", None, "public"),
        ("public", "personal", "personal"),
        ("personal", "public", "personal"),
        ("public", "", "public"),
    ],
)
def test_labels_join(tmp_path, batch, own, expected):
    """Of the batch's label and the row's the stricter holds: neither lowers the other."""
    (found,) = rows_of(tmp_path, row(label=own), label=batch)

    assert found.label == expected


def test_unknown_label_of_the_batch_is_nobodys_row(tmp_path):
    """A label for the whole batch that does not exist stops it before the first row."""
    with pytest.raises(UnknownNameError):
        rows_of(tmp_path, row(), label="open")


BAD = {
    "malformed_json": b'{"id": 1, "question": ',
    "not_an_object": b'["id", "question"]',
    "duplicate_key": b'{"id": 1, "question": "a", "label": "personal", "label": "public"}',
    "no_id": {"question": CANARY},
    "bad_id": row(id=1.5),
    "no_question": {"id": 1, "answer": CANARY},
    "empty": row(question="　\n"),
    "too_large": row(question=CANARY * 20_001),
    "not_text": b'{"id": 1, "question": "\\ud800"}',
    "options_form": row(options=[CANARY]),
    "option_empty": row(options=["a", " "]),
    "option_too_large": row(options=["a", CANARY * 1_000]),
    "options_absent": row(space="choice"),
    "options_not_choice": row(space="open", options=["a", "b"]),
    "options_missing": row(space={"kind": "choice", "options": ["ア", "イ"]}, options={"ア": "甲"}),
    "space_form": row(space=CANARY),
    "label_unknown": row(label=CANARY),
    "broken_encoding": b'{"id": 1, "question": "\xff"}',
}


@pytest.mark.parametrize("reason", BAD)
def test_bad_row_is_refused_and_the_others_run(tmp_path, reason):
    """A bad row is refused under its line number by its reason, without its text; its neighbours are read."""
    before, bad, after = rows_of(tmp_path, row(id="b"), BAD[reason], row(id="c"))
    report = refusal_line(bad).decode()

    assert (before.id, after.id) == ("b", "c")
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.error.reason) == (2, reason)
    assert CANARY not in report + str(bad.error)
    assert json.loads(report)["reason"] == reason


@pytest.mark.parametrize(
    "fields",
    [{"id": True}, {"id": ["x"]}, {"id": " "}, {"id": "x" * 201}, {"id": "\ud800"}, {"id": {}}, {"question": 7},
     {"options": "ab"}, {"options": {"ア": 1.5, "イ": "x"}}, {"options": list(range(27))}, {"space": 7},
     {"options": {"長い長い長い長い長い": "x", "イ": "y"}}, {"options": {"Ａ": "x", "A": "y"}}, {"label": 7},
     {"space": {"kind": "number", "unit": "3"}}, {"space": {"kind": "open", "more": 1}}, {"space": "number:3"},
     {"label": ["public"]}, {"options": [["a"], ["b"]]}],
)  # fmt: skip
def test_wrong_types_are_refused(tmp_path, fields):
    """Whatever stands in the place of an id, a question, options, a space or a label: a refusal, no crash."""
    (found,) = rows_of(tmp_path, row(**fields))

    assert isinstance(found, BadRow)


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"id": ' + b"9" * 5_000 + b"}", b"\x00", b"NaN", b"null"])
def test_hostile_json_is_refused(tmp_path, line):
    """Deep nesting, endless numbers and bare values are refused lines."""
    (found,) = rows_of(tmp_path, line)

    assert isinstance(found, BadRow)


def test_second_row_of_an_id_is_refused(tmp_path):
    """An id counts once, as text or number; the first good row keeps it, and a refused row leaves it free."""
    found = rows_of(tmp_path, row(id=7, question=""), row(id=7), row(id="7"), row(id="x"), row(id="x"))

    assert [getattr(each, "error", None) and each.error.reason for each in found] == [
        "no_question", None, "duplicate_id", None, "duplicate_id",
    ]  # fmt: skip


def test_gold_never_reaches_the_question(tmp_path):
    """What is not id, question, options, space or label leaves no trace in the row."""
    (found,) = rows_of(tmp_path, row(gold=CANARY, answers={"m": CANARY}, context=CANARY))

    assert CANARY not in repr(found) + found.question.to_bytes().decode()


def test_set_of_ids_keeps_every_number():
    """The flat set knows what it holds and nothing else, through its growth and where places collide."""
    seen, step = Seen(), 1 << 40  # same place in any table of fewer slots
    fresh = [seen.add(number * step) for number in range(1, 2_000)]
    again = [seen.add(number * step) for number in range(1, 2_000)]
    others = [seen.add(number) for number in range(2, 20_000)]

    assert all(fresh)
    assert not any(again)
    assert all(others)
    assert len(seen) == 1_999 + 19_998
