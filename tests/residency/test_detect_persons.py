"""Persons are found however they are written, and public figures, fiction and general talk stay public."""

import base64
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.engine import Detectors
from magi.residency.detect.look import Look, Word
from magi.residency.detect.persons import PERSONS

DETECTORS = Detectors([PERSONS])

FIRES = [
    ("person.name_with_honorific", "きのう川津さんから電話があった", "川津さん"),
    ("person.name_with_honorific", "比企野さんの要望を整理", "比企野さん"),
    ("person.name_with_honorific", "のあちゃんとゆいちゃんの送迎", "ゆいちゃん"),
    ("person.name_with_role", "沖田係長が明日休み", "沖田係長"),
    ("person.name_with_cue", "世帯主 大野木 勝也 の転居届", "大野木 勝也"),
    ("person.name_with_cue", "請求者の室伏が来所", "室伏"),
    ("person.name_with_cue", "申請者:鰐海 佐吉", "鰐海 佐吉"),
    ("person.full_name", "返戻は北村さやか、転入済み", "北村さやか"),
    ("person.full_name", "20250312_鵜沢美鈴_事故報告.docx", "鵜沢美鈴"),
    ("person.full_name", "織部 千尋,20,1\n戸叶 譲,18,3", "戸叶 譲"),
    ("person.name_in_kana", "氏名カナ | タカツ ミネコ | 本人", "タカツ ミネコ"),
    ("person.name_in_latin", "UCHIUMI Haruki no ken desu", "UCHIUMI Haruki"),
    ("person.name_in_latin", "The applicant, Pham Van Duc, asks", "Pham Van Duc"),
    ("person.name_in_latin", "Kuze Tomoaki-san wa okuremasu", "Kuze Tomoaki-san"),
    ("person.initials", "保護観察中のA・K(19)の就労支援", "A・K"),
    ("person.birth_date", "受付 昭和47年6月2日生 男", "昭和47年6月2日生"),
    ("person.birth_date", "DOB: 1994/02/11", "1994/02/11"),
    ("person.unnamed", "4歳の男児の腕にあざ", "4歳の男児"),
    ("person.unnamed", "長男(5)の処遇", "長男(5)"),
]

PUBLIC = [
    ("person.name_with_honorific", "皆様、お客様、関係者様へ。様々な仕様の多様な模様"),
    ("person.name_with_honorific", "みなさんとスタッフさんとドライバーさん"),
    ("person.name_with_role", "新任課長研修と係長級の職務"),
    ("person.name_with_role", "照会先 総務課 沖田係長"),
    ("person.name_with_cue", "申請者の氏名、住所、生年月日の欄を設ける"),
    ("person.name_with_cue", "対象者は65歳以上の市民とする"),
    ("person.full_name", "山口県と松本市と川崎重工と本田技研"),
    ("person.full_name", "高橋是清の財政政策と岸田文雄首相の演説"),
    ("person.full_name", "短編の登場人物は架空で、黒瀬一郎という刑事"),
    ("person.full_name", "記入例 氏名 山田太郎"),
    ("person.name_in_kana", "システム カイハツ ノ テジュン"),
    ("person.name_in_latin", "The Student Support Act was amended in San Francisco"),
    ("person.initials", "R・D投資とU.S.の制度、Q・Aの作成"),
    ("person.birth_date", "昭和36年4月2日以降に生まれた方の年金"),
    ("person.birth_date", "昭和49年3月12日を西暦に"),
    ("person.unnamed", "40代の女性の受診率は32%"),
    ("person.unnamed", "3歳児健診の案内文"),
]


@pytest.mark.parametrize(("rule", "text", "words"), FIRES)
def test_a_person_is_found_where_the_name_stands(rule, text, words):
    """The rule fires, and its span covers the person's words in the text as it came."""
    spans = [text[hit.start : hit.end] for hit in DETECTORS.find(text) if hit.rule == rule]

    assert any(words in span for span in spans), spans


@pytest.mark.parametrize(("rule", "text"), PUBLIC)
def test_a_near_neighbour_is_no_person(rule, text):
    """Text that looks like a person and is none raises nothing."""
    assert (rule, DETECTORS.find(text)) == (rule, ())


@pytest.mark.parametrize(
    "text",
    [
        "申\n請\n人\n越\n智\n川\n節\n子\n青\n峰\n市",
        "氏 名 : 荻 窪 真 一",
        "審査官候補 能\u200b登\u200b原\u200b和\u200b樹",
        "ﾐｳﾗｻﾝ ﾊ ﾂｳｲﾝﾁｭｳ ﾃﾞｽ",
        "ﾀﾄﾞｺﾛ ﾕｲ ﾆｭｳﾁｮｳｼｮｳ",
        "Nakarai-san wa raigetsu kara kyuushoku shimasu",
        '{"shimei":"\\u8d8a\\u667a \\u767e\\u5408"}',
        "name=%E8%BE%BB%E6%9D%91%20%E5%85%89%E5%AD%90",
        "<b>氏名:</b>&#x8302;&#x5EAD;&#x4F50;&#x548C;&#x5B50;",
        base64.b64encode("届出人 橘美咲 電話あり".encode()).decode(),
        "明治四十五年三月九日生",
    ],
)
def test_a_person_is_found_in_odd_spellings(text):
    """Vertical, spaced, half-width, romaji, escaped and encoded names are found."""
    assert any(hit.rule.startswith("person.") for hit in DETECTORS.find(text))


def test_every_rule_says_why_in_both_languages_and_has_cases():
    """Each rule has a Japanese and an English sentence, a text that fires it and a neighbour that does not."""
    ids = {rule.id for rule in PERSONS.rules}

    assert all(rule.ja.endswith("。") and rule.en.endswith(".") for rule in PERSONS.rules)
    assert {rule for rule, *_ in FIRES} == ids
    assert {rule for rule, _ in PUBLIC} | {"person.full_name"} == ids


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from('田中太郎様さん氏名:申請者アイ ABab.,・(1歳)の\n@"昭和年生\u200b'), max_size=80)
)
def test_no_text_makes_it_fail(text):
    """It raises for no text: an error would show as the error rule."""
    assert not [hit for hit in DETECTORS.find(text) if hit.rule.startswith("error.")]


@pytest.mark.parametrize(
    "piece", ["氏名:", "田中様", "あ", "ア ", "Ab ", "A・", "3歳の", "1990年生", "母(", "の-san "]
)
def test_work_grows_with_the_length_and_no_faster(piece):
    """Four times the text makes at most five times the letters read by the detector."""
    assert _reads(piece, 4_000) * 5 >= _reads(piece, 16_000)


class _Counting(str):
    """A text that counts how often its letters are asked for."""

    __slots__ = ("reads",)

    def __getitem__(self, key):
        self.reads["n"] += 1
        return str.__getitem__(self, key)


def _reads(piece, size):
    text = _Counting((piece * size)[:size])
    text.reads = Counter(n=1)
    found = {}
    for category, table in PERSONS.words.items():
        words = [
            Word(at, at + len(word), word, category)
            for word in table
            if word.lower() in piece.lower() * 2
            for at in range(size)
            if str.startswith(text.lower(), word.lower(), at)
        ]
        if words:
            found[category] = sorted(words)
    list(PERSONS.look(Look("plain", text, lambda: found)))
    return text.reads["n"]
