"""Evasions: hand-written answers that talk around a question, and near misses that must not be called so."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.answers import Abstention, Answer, canonicalise
from magi.core.answers.evasion import is_evasion, told
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, YesNoConditionalSpace

CHOICE = ChoiceSpace(options=("ア", "イ", "ウ"))
TEXTS = {"ア": "国", "イ": "都道府県知事", "ウ": "市町村長"}
YES_NO = YesNoConditionalSpace()
NUMBER = NumberSpace(unit="円")
DAY = DateSpace()
LINEAR_SECONDS = 1.0

EVASIONS = [
    "様々な見方があります。",
    "この問題には様々な見方があり、一概には言えません。",
    "一概には言えない。",
    "一概に判断することは難しいです。",
    "立場により異なります。",
    "立場や状況によって異なるため、一概には答えられません。",
    "専門家に相談してください。",
    "弁護士などの専門家に相談することをお勧めします。",
    "所管課に確認する必要があります。",
    "賛否が分かれる問題です。",
    "賛否両論があります。",
    "この点については見解が分かれています。慎重な検討が必要です。",
    "学説は分かれており、明確に答えることはできません。",
    "どちらとも言えません。",
    "何とも言えない。",
    "ケースバイケースです。",
    "状況によります。",
    "時と場合によります。",
    "総合的に判断する必要があります。様々な要素が考えられます。",
    "非常に難しい問題です。様々な観点から慎重に検討すべきです。",
    "どちらの立場にも一理あります。",
    "メリットもデメリットもあります。",
    "一長一短です。",
    "唯一の正解はありません。",
    "断定は避けます。",
    "断言はできません。",
    "単純に答えることはできない問題です。",
    "AIとして個人的な意見を持ちません。",
    "私は特定の立場を取ることはできません。",
    "中立的な立場を取ります。",
    "多様な意見が存在し、評価が分かれるところです。",
    "地域によって大きく異なるため、窓口に問い合わせてください。",
    "解釈により左右されるので、一律には言えません。",
    "**一概には言えません。** 様々な考え方があります。",
    "様々な見方があり、判断できません。",
    "一概には言えないため、判断を保留します。",
    '{"answer": "一概には言えない", "reason": "様々な見方がある", "basis": "根拠なし"}',
    '{"answer": "様々な見方があります", "reason": "", "basis": ""}',
    '```json\n{"answer": "専門家に相談してください"}\n```',
    "<think>アだろう</think>様々な意見があり、結論を出すのは難しいです。",
    "この問題については、人によって意見が分かれるところだと思います。",
    "判断は個々の事情によって変わってきます。",
    "国によって見解が異なります。",
    "歴史的経緯について双方の主張があります。",
    "許可の要否は、自治体により異なりますので、担当課に確認してください。",
    "延長が妥当かどうかは、立場により評価が分かれます。",
    "I would encourage you to consult with relevant authorities.",
    "There are many views on this issue.",
    "It depends on the circumstances.",
    "There is no simple answer to this question.",
    "Please consult a qualified lawyer.",
    "Opinions differ. You should consult an expert.",
    "Reasonable people can disagree.",
    "This is a complex issue, and there are several perspectives to consider.",
    "As an AI, I don't have personal opinions on political matters.",
    "Both sides have valid points.",
    "It is difficult to give a definitive answer; it varies case by case.",
]

NOT_EVASIONS = [
    # an answer is stated, plainly or not
    "イ",
    "答えはイです。",
    "様々な見方がありますが、答えはイです。",
    "一概には言えませんが、イが妥当と考えます。",
    "立場により異なりますが、どちらかといえばイに近いです。",
    "賛否が分かれますが、認められると考えます。",
    "様々な意見がありますが、延長すべきです。",
    "専門家に相談した上で、イを選びます。",
    "一概には言えませんが、原則として可能です。",
    "難しい問題ですが、違法です。",
    "学説は分かれていますが、通説は前者です。",
    "自治体により異なりますが、1万円程度です。",
    "地域により異なるが、おおむね30日以内。",
    "時期により異なりますが、4月1日からです。",
    "はい。ただし立場により異なります。",
    "いいえ、様々な見方はありますが認められません。",
    "ケースバイケースですが、通常は許可が必要です。",
    "There are many views, but the answer is B.",
    "It depends, but generally it is allowed.",
    "Opinions differ. I would choose B.",
    "It is a complex issue, but the rule is valid.",
    "Consult a lawyer; the contract is void unless registered.",
    # a reasoned condition
    "条件付き。許可を受けた場合に限り認められます。",
    "場合によります。許可を受ければ可能です。",
    "状況によります。届出をした場合はできます。",
    "書面による同意があれば、差し支えありません。",
    "It depends: permitted only if the mayor consents.",
    # answers in words that no list of judgements holds
    "イが相当である。",
    "申請は市町村長に対して行う。",
    "人によって意見が分かれるが、最高裁は合憲とした。",
    "様々な見方があるが市町村長の事務である。",
    "一概には言えないが都道府県知事である。",
    "立場により異なるが国の責任だ。",
    "賛否両論あるものの導入する。",
    "専門家に相談すべきだが、まず市町村長に届け出る。",
    "地域により異なり、東京都では知事。",
    "様々な意見がありますが、政府は日本固有の領土との立場です。",
    "難しい問題だが延長するほうがよい。",
    "ケースバイケースだが、本件では不許可。",
    "見解は分かれるが、延長しないほうがよいでしょう。",
    "立場により異なります。知事です。",
    "イについては立場により異なります。",
    "It depends, but I'd go with the governor.",
    "Views differ, yet the statute says the mayor decides.",
    "There are many views; the mayor.",
    "最終的には利用者ご自身で判断してください。",
    "対話による平和的解決が望まれます。",
    # the same words, denied or about something else
    "立場により異なりません。",
    "様々な意見はありません。",
    "見解は分かれていません。",
    "一概に言えます。",
    "専門家は不要です。",
    "いずれも該当しない。",
    # plain silence
    "棄権",
    "棄権します。",
    "分かりません。",
    "わかりません。専門家に相談してください。",
    "情報が足りないため判断できません。",
    "不明",
    "I don't know.",
    "I'm not sure.",
    "お答えできません。",
    "様々な見方があり、お答えできません。",
    "申し訳ありませんが、この質問にはお答えできません。専門家に相談してください。",
    "I cannot answer that.",
    '{"answer": "棄権", "reason": "様々な見方があり一概には言えない", "basis": "根拠なし"}',
    '{"answer": "イ", "reason": "立場により異なるが", "basis": ""}',
    # no words at all, or no stand and no turn of phrase either
    "",
    "。。。",
    "{",
    '{"answer": ""}',
    "立場により異なります。対象は三名です。",
    "1グロス。立場により異なります。",
    "担当者は三名です。",
    "窓口の混雑について説明します。",
    "オ",
]


@pytest.mark.parametrize("text", EVASIONS)
def test_talking_around_is_an_evasion(text):
    """Turns of phrase without a stand are recorded as an evasion on a question with options."""
    assert is_evasion(text)
    assert told(canonicalise(text, CHOICE, TEXTS), text) == "evasion"


@pytest.mark.parametrize("text", NOT_EVASIONS)
def test_a_near_miss_is_no_evasion(text):
    """An answer, a condition, a plain abstention, a refusal and mere words are not evasions."""
    assert not is_evasion(text)
    assert told(canonicalise(text, CHOICE, TEXTS), text) != "evasion"


@pytest.mark.parametrize("space", [CHOICE, YES_NO, NUMBER, DAY], ids=lambda space: space.kind)
@pytest.mark.parametrize("text", EVASIONS)
def test_no_evasion_becomes_a_vote(text, space):
    """On every closed space an evasion is recorded as one, or it is an answer of the space by the reader's word."""
    outcome = canonicalise(text, space)

    assert told(outcome, text) == ("answer" if isinstance(outcome, Answer) else "evasion")
    assert not isinstance(outcome, Answer) or space is YES_NO


@pytest.mark.parametrize(
    ("text", "space", "said"),
    [
        ("場合によります", YES_NO, "answer"),
        ("場合によります", CHOICE, "evasion"),
        ("棄権", CHOICE, "abstention"),
        ("様々な見方があり、判断できません。", CHOICE, "evasion"),
        ("判断できません。様々な見方があります。", CHOICE, "abstention"),
        ("様々な見方があり、お答えできません。", CHOICE, "refusal"),
        ("アにもイにも一理あります。", CHOICE, "failure"),
        ("アではない。立場により異なる。", CHOICE, "failure"),
        ("約100円。地域により異なる。", NUMBER, "failure"),
        ("地域により異なります。", NUMBER, "evasion"),
        ("年度により異なります。", DAY, "failure"),
        ("時期により異なります。", DAY, "evasion"),
        ("オ", CHOICE, "failure"),
    ],
)
def test_what_is_told_follows_the_reader_first(text, space, said):
    """An answer, a refusal and a failure to the point stay what they are."""
    assert told(canonicalise(text, space), text) == said


def test_an_answer_is_never_an_evasion():
    """Whatever a text holds, a read answer is told as an answer."""
    text = "様々な見方があります。"

    assert told(Answer("イ", "", ()), text) == "answer"
    assert told(Abstention(""), text) == "evasion"


STANDS = [
    "答えはイです。",
    "イ",
    "認められます。",
    "違法です。",
    "3万円です。",
    "はい。",
    "Option B is correct.",
    "イを選びます。",
]


@given(st.sampled_from(EVASIONS[:36]), st.sampled_from(STANDS), st.booleans())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_stand_anywhere_outweighs_every_turn_of_phrase(evasion, stand, first):
    """No evasion stays one once a stand is put before or after it."""
    assert not is_evasion(f"{stand}\n{evasion}" if first else f"{evasion}\n{stand}")


@given(st.text(max_size=120))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_text_raises(text):
    """Any text is told as something."""
    assert told(canonicalise(text, CHOICE), text) in {"answer", "refusal", "abstention", "evasion", "failure"}
    assert not is_evasion(json.dumps({"answer": 7, "reason": text}))


@pytest.mark.parametrize(
    "unit",
    [
        "様々な見方があり",
        "立場により異な",
        "一概に",
        "専門家に相談して",
        "慎重に",
        "there are many ",
        "it depends on ",
        "です",
        "一",
        " ",
    ],
)
def test_long_texts_are_told_in_linear_time(unit):
    """Sixty thousand characters of one turn of phrase are read without a pause."""
    text = unit * (60_000 // len(unit))
    begin = time.process_time()
    is_evasion(text)
    is_evasion("。".join([text[:390]] * 60))

    assert time.process_time() - begin < LINEAR_SECONDS
