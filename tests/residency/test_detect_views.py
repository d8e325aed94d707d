"""The spellings of a text: each hides the same word or number in another way, and each view brings it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect.views import plain, views

WORD, NUMBER = "特定秘密", "246801357910"
BEFORE, AFTER = "前の文。", "の件"

HIDDEN_WORDS = {
    "as it is": WORD,
    "spaces between": "特 定　秘 密",
    "zero-width between": "特\u200b定\u2060秘\ufeff密",
    "soft hyphen and filler": "特\u00ad定\u3164秘\u180e密",
    "one below the other": "特\n定\n秘\n密",
    "one below the other, CRLF": "特\r\n定\r\n秘\r\n密",
    "signs between": "特・定／秘-密",
    "more signs between": "特_定|秘~密",
    "emphasis": "特**定**秘*密*",
    "tags": "<b>特</b><i>定</i>秘<br/>密",
    "tags and line ends": "<p>特</p>\n<p>定</p>\n<p>秘</p>\n<p>密</p>",
    "HTML ruby": "<ruby>特定<rp>(</rp><rt>とくてい</rt><rp>)</rp></ruby><ruby>秘密<rt>ひみつ</rt></ruby>",
    "ruby in brackets": "特定(とくてい)秘密",
    "ruby in text files": "特定《とくてい》秘密",
    "combining marks": "特\u0305定\u0336秘\u20dd密",
    "variation selectors": "特\ufe00定\U000e0101秘密",
    "compatibility ideographs": "\ufa55定秘密".replace("\ufa55", "特"),
    "radicals": "特定秘密",
}
HIDDEN_SECRETS = {
    "full width": "ＳＥＣＲＥＴ",
    "mathematical": "𝐒𝐄𝐂𝐑𝐄𝐓",
    "circled": "ⓈⒺⒸⓇⒺⓉ",
    "black circles": "🅢🅔🅒🅡🅔🅣",
    "regional indicators": "🇸🇪🇨🇷🇪🇹",
    "small capitals": "sᴇᴄʀᴇᴛ",
    "superscript": "ˢᵉᶜʳᵉᵗ",
    "Cyrillic look-alikes": "SЕСRЕТ",
}
HIDDEN_NUMBERS = {
    "full width": "２４６８０１３５７９１０",
    "kanji": "二四六八〇一三五七九一〇",
    "kanji with ○": "二四六八○一三五七九一○",
    "kanji with spaces": "二 四 六 八 〇 一 三 五 七 九 一 〇",
    "mixed": "二4六8〇1三5七9一〇",
    "legal kanji": "弐四六八〇壱参五七九壱〇",
    "circled": "②④⑥⑧⓪①③⑤⑦⑨①⓪",
    "black circles": "❷❹❻❽⓿❶❸❺❼❾❶⓿",
    "sans-serif circles": "➁➃➅➇⓪➀➂➄➆➈➀⓪",
    "parenthesised": "⑵⑷⑹⑻⓪⑴⑶⑸⑺⑼⑴⓪",
    "over ten": "㉔⑥⑧⓪⑬⑤⑦⑨⑩",
    "superscript": "²⁴⁶⁸⁰¹³⁵⁷⁹¹⁰",
    "mathematical": "𝟐𝟒𝟔𝟖𝟎𝟏𝟑𝟓𝟕𝟗𝟏𝟎",
    "Arabic": "٢٤٦٨٠١٣٥٧٩١٠",
    "Devanagari": "२४६८०१३५७९१०",
    "Thai": "๒๔๖๘๐๑๓๕๗๙๑๐",
    "keycaps": "2️⃣4️⃣6️⃣8️⃣0️⃣1️⃣3️⃣5️⃣7️⃣9️⃣1️⃣0️⃣",
    "zero-width between": "\u200b".join(NUMBER),
    "spaces": "2468 0135 7910",
    "line ends": "246801\n357910",
    "JSON fields": '246801", "b": "357910',
    "JSON objects": '246801},\n    {"d": 357910',
    "JSON lines": '246801"}\n{"d":"357910',
    "a JSON list": '2468","0135","7910',
    "a Python literal": "2468', 'b': '0135', 'c':'7910",
    "commas": "246801,357910",
    "table cells": "246801 | 357910",
    "HTML cells": "2468</td><td>0135</td><td>7910",
    "a form's lines": "246801\n後半: 357910",
}  # fmt: skip


def _spans(text: str, wanted: str) -> list[tuple[str, int, int]]:
    """Where the views show the wanted letters: view, and the span of the text as it came."""
    found = []
    for view in views(text, 16_384, 512):
        at = view.text.upper().find(wanted)
        if at >= 0:
            found.append((view.name, *view.place(at, at + len(wanted))))
    return found


@pytest.mark.parametrize(
    ("hidden", "wanted"),
    [(hidden, WORD) for hidden in HIDDEN_WORDS.values()]
    + [(hidden, "SECRET") for hidden in HIDDEN_SECRETS.values()]
    + [(hidden, NUMBER) for hidden in HIDDEN_NUMBERS.values()],
    ids=[*HIDDEN_WORDS, *HIDDEN_SECRETS, *HIDDEN_NUMBERS],
)
def test_hidden_word_or_number_is_seen_where_it_stands(hidden, wanted):
    """Some view shows what is hidden, and places it on the characters that hide it."""
    text = BEFORE + hidden + AFTER
    spans = _spans(text, wanted)

    assert spans
    inner = hidden.strip("<b>pruyi*/\n") if "<" in hidden or "*" in hidden else hidden
    for _, start, end in spans:
        assert 0 <= start <= text.index(inner[0], len(BEFORE))
        assert end <= len(text)
        if "<" not in hidden and "*" not in hidden:
            assert (start, end) == (len(BEFORE), len(BEFORE) + len(hidden))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ｶﾞｷﾞﾊﾟ", "ガギパ"),
        ("ｺｼﾞﾝﾊﾞﾝｺﾞｳ", "コジンバンゴウ"),
        ("か\u3099ハ\u309a", "がパ"),
        ("カ゛", "ガ"),
        ("⼈⾞⻑⻘", "人車長青"),
        ("㊙㊞㋿", "秘印令和"),
        ("SÉCRÈT", "SÉCRÈT"),
        ("S\u0301E\u0336", "SE"),
        ("〇〇〇市の〇〇様", "〇〇〇市の〇〇様"),
        ("〇三ー一二三四ー五六七八", "03-1234-5678"),
        ("一般に二名、三年", "一般に二名、三年"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("İstanbul", "Istanbul"),
        ("３〜５", "3-5"),
        ("１，２００円(税込)", "1,200円(税込)"),
    ],
)
def test_plain_reads_as_a_reader_does(text, folded):
    """Half-width kana join with their voicing, radicals are kanji, and placeholders are no zeros."""
    assert plain(text) == folded


def test_amounts_stay_apart_in_values():
    """The commas of thousands join nothing, so that no view of plain prose is made up of its numbers."""
    shown = {view.name: view.text for view in views("費用は1,200,300円、定員は25名です。", 16_384, 512)}

    assert shown["values"] == shown["plain"]


def test_first_key_stays_beside_its_value():
    """A word that names a number stays in front of it when the fields behind are joined."""
    shown = [
        v.text
        for v in views('{"my_number_1":"246801","my_number_2":"357910"}', 16_384, 512)
        if v.name == "values"
    ]

    assert shown == ['{"my_number_1":"246801357910"}']


def test_pieces_do_not_begin_inside_a_number():
    """A thirteen-digit number at the edge of a piece never looks like one of twelve."""
    text = ("法人番号 7000012050002、" * 3000)[:40_000]
    digits = {run for view in views(text, 16_384, 512) if view.name == "plain" for run in _runs(view.text)}

    assert digits <= {"7000012050002", _runs(text)[-1]}


def _runs(text: str) -> list[str]:
    return "".join(char if char.isdigit() else " " for char in text).split()


ODD = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("ｶﾞﾟか゛\u3099\u0305\u200b①⑴㊙⼈²一〇二ー-<>《》()\"':,|;{}[]%&#=\\+\n\r\t 019aAİ"),
    ),
    max_size=60,
)


@given(ODD, ODD)
def test_span_covers_the_word_whatever_stands_around(before, after):
    """For any surroundings a planted word is placed on itself at least, and inside the text."""
    planted = "zq特定秘密qz"
    text = before + planted + after
    for view in views(text, 16_384, 512):
        at = view.text.find("特定秘密")
        if at < 0 or view.name in ("kana", "romaji"):
            continue
        start, end = view.place(at, at + 4)

        assert 0 <= start <= len(before) + 2
        assert len(before) + 6 <= end <= len(text)


@given(ODD)
def test_every_view_places_every_span_inside_the_text(text):
    """No view maps beyond the text, backwards, or raises, for any span."""
    for view in views(text, 16, 4):
        for start in range(len(view.text)):
            low, high = view.place(start, start + 1)

            assert 0 <= low <= high <= len(text)


@given(ODD)
def test_folding_is_the_same_in_one_or_many_pieces(text):
    """A text reads the same beside a line end: what stands on another line changes nothing."""
    assert plain("行\n" + text.strip("\r\n") + "\n行") == "行\n" + plain(text.strip("\r\n")) + "\n行"
