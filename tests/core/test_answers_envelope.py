"""The envelope: JSON as asked for, JSON as models write it, and what only looks like it."""

import json

import pytest

from magi.core.answers import FAILURES, Answer, Failure, FailureName, Refusal, canonicalise
from magi.core.space import ChoiceSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

KANA = ChoiceSpace(options=("ア", "イ", "ウ", "エ"))


def told(text, space=KANA):
    """The ballot, or `!failure`, or the kind of silence."""
    outcome = canonicalise(text, space)
    match outcome:
        case Answer():
            return outcome.ballot
        case Failure():
            return f"!{outcome.name}"
        case _:
            return type(outcome).__name__


ROWS = [
    ('{"answer": "イ", "reason": "r", "basis": "b"}', "イ"),
    ('{"answer": "イ"}', "イ"),
    ('{"Answer": "イ"}', "イ"),
    ('{"回答": "イ"}', "イ"),
    ('\ufeff{"answer": "イ"}', "イ"),
    ('```json\n{"answer": "イ"}\n```', "イ"),
    ('```\n{"answer": "イ"}\n```', "イ"),
    ('以下が回答です。\n{"answer": "イ"}\n以上です。', "イ"),
    ('<think>{"answer": "ア"}</think>{"answer": "イ"}', "イ"),
    ('{"answer": "イ", "reason": "一行目\n二行目"}', "イ"),
    ('{"answer": "イ", "reason": "<think>は使わない"}', "イ"),
    ('{"answer": "イ", "answer": "イ"}', "イ"),
    ('{"answer": ["イ"]}', "イ"),
    ('{"answer": "イ: 都道府県知事"}', "イ"),
    ('{"answer": "答えはイです"}', "イ"),
    ('{"answer": "検討の結果、答えはイです"}', "イ"),
    ('{"answer": "イ"}\n{"answer": "イ"}', "イ"),
    ('集合{x}から選ぶ。{"answer": "イ"}', "イ"),
    ('アとイを比べた。{"answer": "イ"}', "イ"),
    ('{"answer": "イ", "reason": "アではない。{}も\\"}\\"も文字"}', "イ"),
    ('{"answer": "ア", "answer": "イ"}', "!several_answers"),
    ('{"answer": "ア", "Answer": "イ"}', "!several_answers"),
    ('{"answer": ["ア", "イ"]}', "!several_answers"),
    ('{"answer": "ア"}\n{"answer": "イ"}', "!several_answers"),
    ('答えはアです。{"answer": "イ"}', "!several_answers"),
    ('{"answer": "イ"} やはりアです。', "!several_answers"),
    ('{"answer": "イ"}\nア', "!several_answers"),
    ('{"answer": "ア、イ"}', "!several_answers"),
    ('{"answer": "ア（アではない）"}', "!several_answers"),
    ('{"answer": "イ",}', "!malformed_json"),
    ("{'answer': 'イ'}", "!malformed_json"),
    ("{answer: イ}", "!malformed_json"),
    ("“answer”：“イ”", "!malformed_json"),
    ('"answer": "イ"', "!malformed_json"),
    ('{"choice": "イ"}', "!malformed_json"),
    ('{"result": {"answer": "イ"}}', "!malformed_json"),
    ('{"answer": {"id": "イ"}}', "!malformed_json"),
    ('{"answer": [["イ"]]}', "!malformed_json"),
    ('{"type": "object", "properties": {"answer": {"type": "string"}}}', "!malformed_json"),
    ('{"answer": NaN}', "!malformed_json"),
    ('{"answer": "イ"', "!truncated"),
    ('{"answer": "イ", "reason": "途中', "!truncated"),
    ('```json\n{"answer": "イ",\n', "!truncated"),
    ('{"answer": null}', "!empty"),
    ('{"answer": ""}', "!empty"),
    ('{"answer": "  "}', "!empty"),
    ('{"answer": []}', "!empty"),
    ('{"answer": true}', "!unparsable"),
    ('{"answer": "選択肢の記号"}', "!not_an_option"),
    ('{"answer": "棄権", "reason": "情報がない"}', "Abstention"),
    ('{"answer": "お答えできません"}', "Refusal"),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_object_is_read_and_what_only_looks_like_one_is_not(text, expected):
    """Each JSON-like text comes to its ballot or its named failure."""
    found = told(text)

    assert found == expected


def test_answer_carries_reason_basis_and_words():
    """Reason, basis and the seat's own words come out beside the ballot."""
    outcome = canonicalise('{"answer": "イです", "reason": " 理由 ", "basis": ["法3条", " 令1条 "]}', KANA)

    assert outcome == Answer("イ", "理由", ("法3条", "令1条"), "イです")


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("法3条", ("法3条",)),
        (["法3条"], ("法3条",)),
        ("根拠なし", ()),
        ("「根拠なし」", ()),
        ("None", ()),
        ("", ()),
        ([], ()),
        (["根拠なし"], ()),
        (None, ()),
        ({"law": "法3条"}, ()),
        (["法3条", 4, {"x": "y"}], ("法3条", "4")),
    ],
)
def test_basis_is_a_tuple_of_named_sources(basis, expected):
    """A basis may be a string or a list; 根拠なし and its like are no basis."""
    outcome = canonicalise(json.dumps({"answer": "イ", "basis": basis}, ensure_ascii=False), KANA)

    assert outcome.basis == expected


def test_silence_keeps_the_reason():
    """A refusal carries the seat's reason where it gives one."""
    outcome = canonicalise('{"answer": "お答えできません", "reason": "方針"}', YesNoConditionalSpace())

    assert outcome == Refusal("方針")


def test_number_keeps_its_digits():
    """A JSON number reaches the ballot exactly, far beyond what a float holds."""
    outcome = canonicalise('{"answer": 12345678901234567890.10}', NumberSpace())

    assert outcome.ballot == "12345678901234567890.1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"answer": 125, "unit": "万円"}', "1250000 円"),
        ('{"answer": "125万円", "unit": "円"}', "1250000 円"),
        ('{"answer": "125万円", "単位": "人"}', "!unit_mismatch"),
        ('{"answer": 125}', "!unit_missing"),
    ],
)
def test_unit_beside_the_number_belongs_to_it(text, expected):
    """A unit in its own member is the number's unit, and may not contradict it."""
    found = told(text, NumberSpace(unit="円"))

    assert found == expected


def test_depth_has_a_limit_of_our_own():
    """Deep nesting is a named failure and does not depend on the interpreter's stack."""
    deep = '{"answer": ' + '{"a": ' * 5_000 + "1" + "}" * 5_000 + "}"

    assert canonicalise(deep, KANA) == Failure(FailureName.MALFORMED_JSON)


def test_list_is_one_text_in_an_open_space():
    """In an open space a list is the points of one answer, not several."""
    outcome = canonicalise('{"answer": ["一つ目", "二つ目"]}', OpenSpace())

    assert outcome == Answer("", "", (), "一つ目\n二つ目")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("届出が必要です。", ""),
        ("個別の事案にはお答えできませんが、一般には可能です。", ""),
        ("集合{1, 2}である。", ""),
        ("お答えできません。", "Refusal"),
        ("分かりません。", "Abstention"),
        ('{"answer": "棄権"}', "Abstention"),
        ('{"answer": "届出"', "!truncated"),
        ('{"answer": "甲"}{"answer": "乙"}', "!several_answers"),
    ],
)
def test_open_text_is_an_answer_unless_it_is_silent(text, expected):
    """Free text counts with an empty ballot; a bare refusal or abstention does not."""
    found = told(text, OpenSpace())

    assert found == expected


def test_failure_names_are_a_closed_vocabulary():
    """Every failure name is listed and is a plain code for the record."""
    names = {name.value for name in FailureName}

    assert names == FAILURES
    assert all(name.replace("_", "").isascii() and name.islower() for name in names)
