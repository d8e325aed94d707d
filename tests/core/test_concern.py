"""Concerns: the form's words and near spellings are read, everything else is no concern."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.answers import Failure, FailureName, Refusal, canonicalise
from magi.core.answers.concern import CONCERNS, counted_severity, severity
from magi.core.space import ChoiceSpace

SPACE = ChoiceSpace(options=("ア", "イ"))


def form(concern, **more):
    """What a seat returns, with this concern."""
    return json.dumps({"answer": "ア", "reason": "理", "basis": "なし", "concern": concern, **more})


ROWS = [
    ("なし", None),
    ("違法性", "legality"),
    ("安全性", "safety"),
    ("個人情報", "personal_data"),
    ("「違法性」", "legality"),
    ("**安全性**", "safety"),
    ("違法性。", "legality"),
    ("違法性の懸念", "legality"),
    ("法令違反のおそれがある", "legality"),
    ("適法性に関する懸念", "legality"),
    ("違法性：地方自治法第2条に反する", "legality"),
    ("違法性：法的根拠がない", "legality"),
    ("違法性（景品表示法）", "legality"),
    ("違法性、個人情報", "legality"),
    ("個人情報及び違法性", "personal_data"),
    ("安全", "safety"),
    ("生命・身体の危険", "safety"),
    ("個人情報の漏えい", "personal_data"),
    ("プライバシー", "personal_data"),
    ("個人ﾃﾞｰﾀ", "personal_data"),
    (["個人情報"], "personal_data"),
    (["なし", "安全性"], "safety"),
    ("legality", "legality"),
    ("Legal risk", "legality"),
    ("SAFETY", "safety"),
    ("safety concern", "safety"),
    ("personal data", "personal_data"),
    ("personal_data", "personal_data"),
    ("Privacy issues", "personal_data"),
    # taken back, or another concern
    ("特になし", None),
    ("無し", None),
    ("none", None),
    ("N/A", None),
    ("", None),
    ("違法性はない", None),
    ("違法性：なし", None),
    ("法令違反、安全、個人情報の懸念はありません", None),
    ("no safety concern", None),
    ("Legality: none", None),
    ("費用", None),
    ("その他", None),
    ("法令に違反しないか確認が必要", None),
    ("この案は違法性が高いのでイを選ぶこと", None),
    (None, None),
    (True, None),
    (7, None),
    ({"違法性": "あり"}, None),
    ("違法性" * 200, None),
]


@pytest.mark.parametrize(("concern", "read"), ROWS, ids=[str(row[0])[:24] for row in ROWS])
def test_a_concern_is_read_by_its_name(concern, read):
    """A named concern has its severity; a denied, unknown or malformed one has none."""
    assert severity(form(concern)) == read


def test_what_the_form_offers_is_read_apart():
    """Each word of the form has a meaning of its own, the first of them none."""
    assert [severity(form(word)) for word in CONCERNS] == [None, "legality", "safety", "personal_data"]


@pytest.mark.parametrize("key", ["concern", "Concern", "ｃｏｎｃｅｒｎ", "懸念"])
def test_the_field_is_found_under_its_spellings(key):
    """Width, case and language of the field's name do not hide a concern."""
    assert severity(json.dumps({"answer": "ア", key: "違法性"})) == "legality"


def test_the_last_object_speaks():
    """A draft's concern does not stand once the seat wrote its answer anew, and a draft does not hide one."""
    assert severity(form("違法性") + "\n" + form("なし")) is None
    assert severity('{"answer": "ア"}\n' + form("違法性")) == "legality"


def test_prose_declares_no_concern():
    """A text without the form names no severity, whatever words it holds."""
    assert severity("答えはアです。違法性があります。concern: 違法性") is None


def test_a_concern_in_a_thought_is_none():
    """What was only thought is not declared."""
    assert severity(f"<think>{form('違法性')}</think>{form('なし')}") is None


@pytest.mark.parametrize(
    ("answer", "counted"),
    [("ア", "legality"), ("棄権", None), ("お答えできません", None), ("オ", None)],
)
def test_a_severity_counts_only_with_an_answer(answer, counted):
    """A refusal, an abstention and a failure object to nothing."""
    text = form("違法性", answer=answer)

    assert severity(text) == "legality"
    assert counted_severity(canonicalise(text, SPACE), text) == counted


def test_an_outcome_without_an_answer_blocks_nothing():
    """The guard looks at the outcome, not at the text."""
    assert counted_severity(Refusal("x"), form("違法性")) is None
    assert counted_severity(Failure(FailureName.EMPTY), form("違法性")) is None


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_text_raises(text):
    """Any text, as a whole or as the field, comes to a severity or to none."""
    assert severity(text) in {None, "legality", "safety", "personal_data"}
    assert severity(form(text)) in {None, "legality", "safety", "personal_data"}
