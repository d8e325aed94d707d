"""Deriving the space of a question from its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.answers import canonicalise
from magi.core.derive import MAX_DERIVED_CHARS, derive

KU = (("ア", "国"), ("イ", "都道府県"), ("ウ", "市町村"))
TWO = (("1", "甲案"), ("2", "乙案"))

LISTS = [
    ("課税するのはどれか。\nア 国\nイ 都道府県\nウ 市町村", KU),
    ("次のうちから選べ。\nア．国\nイ．都道府県\nウ．市町村", KU),
    ("次のうちから選べ。\n(ア) 国\n(イ) 都道府県\n(ウ) 市町村", KU),
    ("次のうちから選べ。\nｱ 国\nｲ 都道府県\nｳ 市町村", KU),
    ("次のうちから選べ。(ア) 国 (イ) 都道府県 (ウ) 市町村", KU),
    ("次のうち正しいものはどれか。（ア）国、（イ）都道府県、（ウ）市町村", KU),
    ("ア　国\nイ　都道府県\nウ　市町村\n\n以上から選びなさい。", KU),
    ("- ア 国\n- イ 都道府県\n- ウ 市町村\nいずれですか。", KU),
    ("どちらが適切か。\n1. 甲案\n2. 乙案", TWO),
    ("どちらが適切か。\n１．甲案\n２．乙案", TWO),
    ("どちらが適切か。\n① 甲案\n② 乙案", TWO),
    ("どちらが適切か。①甲案 ②乙案", TWO),
    ("どちらが適切か。\n(1) 甲案\n(2) 乙案", TWO),
    ("Which of the following?\nA. x\nB. y", (("A", "x"), ("B", "y"))),
    ("Which one?\na) x\nb) y", (("A", "x"), ("B", "y"))),
    ("選べ。\nＡ：x\nＢ：y", (("A", "x"), ("B", "y"))),
    ("どれか。\nイ 国\nロ 県\nハ 市", (("イ", "国"), ("ロ", "県"), ("ハ", "市"))),
    ("どちらか。\n甲：国\n乙：県", (("甲", "国"), ("乙", "県"))),
    ("組合せを選べ。\nア 国である\nイ 県である\n組合せ\n1 ア\n2 イ", (("1", "ア"), ("2", "イ"))),
    ("どれか。\nア 国\n  の機関\nイ 県", (("ア", "国 の機関"), ("イ", "県"))),
]

OTHERS = [
    *[
        (text, "yes-no", None)
        for text in ("届出は必要か。はいかいいえで答えよ。", "可否を答えよ。", "可か不可か。")
    ],
    *[
        (text, "yes-no", None)
        for text in ("Is it allowed? Answer yes or no.", "「はい」か「いいえ」で", "設置の可否は？")
    ],
    ("手当はいくらですか。", "number", "円"),
    ("予算は何円か。", "number", "円"),
    ("予算は何万円か。", "number", "円"),
    ("定員は何人ですか。", "number", "人"),
    ("定員は何名か", "number", "人"),
    ("税率は何％か。", "number", "%"),
    ("何割を負担するか。", "number", "%"),
    ("何日以内に届け出るか。", "number", "日"),
    ("何日間掲示するか。", "number", "日"),
    ("任期は何年間か。", "number", "年"),
    ("何か月以内か。", "number", "月"),
    ("面積は何㎡か。", "number", "m2"),
    *[
        (text, "date", None)
        for text in ("施行日はいつですか。", "施行は何月何日か。", "何年何月何日に施行されたか。")
    ],
    *[(text, "date", None) for text in ("いつから適用されますか。", "On what date does it take effect?")],
    *[
        (text, "default", None)
        for text in (
            "",
            "意見を述べよ。",
            "何日ですか。",
            "いつでも申請できますか。",
            "いつも混むのはなぜか。",
        )
    ],
    *[
        (text, "default", None)
        for text in (
            "何人も侵してはならない権利を説明せよ。",
            "何件かの事例を挙げよ。",
            "いくらか安い理由は。",
        )
    ],
    *[
        (text, "default", None)
        for text in (
            "予算は何円で、施行日はいつか。",
            "何人で何日間かかるか。",
            "可否を検討する会議を説明せよ。",
        )
    ],
    *[
        (text, "default", None)
        for text in ("課題を述べよ。\n1. 人口減\n2. 税収減", "法第3条(1)と(2)のどちらか選べ。")
    ],
    *[
        (text, "default", None)
        for text in ("すべて選べ。\nア 国\nイ 県", "どれか。\nア 国", "どれか。\nイ 国\nウ 県")
    ],
    *[
        (text, "default", None)
        for text in ("問1 どれか\nア x\nイ y\n問2 どれか\nア z\nイ w", "アイスとウールのどちらを選ぶか。")
    ],
]


@pytest.mark.parametrize(("text", "entries"), LISTS)
def test_listed_options_become_a_choice(text, entries):
    """A list with a cue to choose gives its normal ids and its texts."""
    decision, found = derive(text)

    assert found == entries
    assert decision.source == "derived:options"
    assert decision.space.options == tuple(label for label, _ in entries)


@pytest.mark.parametrize(("text", "rule", "unit"), OTHERS)
def test_other_questions_get_the_first_plain_rule_or_stay_open(text, rule, unit):
    """Without options, a plain cue decides, and anything else is open text."""
    decision, found = derive(text)

    assert found == ()
    assert decision.source == f"derived:{rule}"
    assert getattr(decision.space, "unit", None) == unit


@given(st.text(alphabet="アイウABC123①②()（）.．、。 \n次のうち選べどれかいつ何円人日", max_size=120))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_derived_options_can_be_answered(text):
    """Any text derives without an error, and each derived id, answered as listed, is its own ballot."""
    decision, entries = derive(text)

    assert (decision.source == "derived:options") is bool(entries)
    for label, _ in entries:
        assert canonicalise(label, decision.space).ballot == label


def test_longer_texts_stay_open():
    """Beyond the limit the text is material and no rule is tried."""
    text = "はいかいいえで答えよ。"

    assert derive(text.ljust(MAX_DERIVED_CHARS))[0].source == "derived:yes-no"
    assert derive(text.ljust(MAX_DERIVED_CHARS + 1))[0].source == "derived:default"
