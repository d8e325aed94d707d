"""Japanese by its sound: one spelling for kana and romaji."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect.folding import plain
from magi.residency.detect.reading import kana_marks, kana_view, reading, romaji_marks, romaji_view
from magi.residency.detect.trace import place


@pytest.mark.parametrize(
    "text",
    [
        "ジュウミンゼイノケン",
        "じゅうみんぜいのけん",
        "ｼﾞｭｳﾐﾝｾﾞｲﾉｹﾝ",
        "ジューミンゼイ ノ ケン",
        "じゅう、みん、ぜい、の、けん",
    ],
)
def test_kana_in_every_form_read_the_same(text):
    """Hiragana, katakana, half-width, with marks between or a long vowel sign: one reading."""
    assert kana_view(plain(text)) == reading("ジュウミンゼイノケン")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("kore wa kojin bango desu", "コジンバンゴ"),
        ("Kore wa Kojin-Bangou desu", "コジンバンゴ"),
        ("kore wa kojin bangō desu", "コジンバンゴ"),
        ("juminzei no ken desu", "ジュミンゼイ"),
        ("zyuuminzei no ken desu", "ジュミンゼイ"),
        ("Satoh san no denwa", "サト"),
        ("shin'ichi no kippu wo matchi ni", "シンイチ"),
        ("kitte to zasshi to kippu", "キッテ"),
    ],
)
def test_romaji_reads_as_kana(text, read):
    """Hepburn and Kunrei spellings, macrons, doubled consonants and a final h give the reading of the kana."""
    assert read in romaji_view(text)


def test_english_does_not_read_as_japanese():
    """Words that are no Japanese syllables break the text, and a few that happen to be are not enough."""
    assert romaji_view("The applicant submitted the documents to the ministry.") == ""
    assert kana_view("申請は窓口で行います。") == ""


@given(st.text(alphabet=st.sampled_from("かきくョュウオーガッ、 漢abkonshi'-.ō\n"), max_size=80))
def test_marks_place_every_reading_in_its_text(text):
    """Each letter of a reading comes from inside the text, in order."""
    for view, marks in ((kana_view, kana_marks), (romaji_view, romaji_marks)):
        made = view(text)
        spans = [place(marks(text), at, at + 1) for at in range(len(made))]

        assert all(0 <= low <= high <= len(text) for low, high in spans)
        assert spans == sorted(spans)
        assert not made or len(marks(text)) > 0


def test_kana_marks_are_exact():
    """A reading's span holds its kana, long vowel signs included."""
    text = "件名:ジュー ミンゼイノケン"
    marks = kana_marks(text)

    assert kana_view(text) == "ジュミンゼイノケン"
    start, end = place(marks, 0, 6)
    assert text[start:end] == "ジュー ミンゼイ"
