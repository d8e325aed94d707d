"""Time grows with the length of a text and no faster, whatever it is full of."""

import gc
import time

import pytest

from magi.residency.detect.engine import Detectors
from magi.residency.detect.rule import Detector, Rule
from magi.residency.label import Label

SIZE = 32_768
LARGER = 8
MOST_GROWTH = 28.0
"""Eight times the text may take up to twenty-eight times as long; quadratic work would take sixty-four."""
TRIES = 4
LEAST_SECONDS = 0.01
"""Below this a clock says more about the machine than about the text."""

FULL_OF = {
    "kana": "あいうえお", "half-width marks": "ﾞ", "half-width": "ｶﾞ", "kanji": "特定", "kanji digits": "二四六",
    "kanji and dash": "一ー", "digits": "1", "digits and spaces": "1 ", "digits and commas": "1,", "quotes": '"',
    "keys": '"a":', "unclosed JSON": '{"a":[', "apostrophes": "',", "percent": "%", "escapes": "%E3", "<": "<",
    "unclosed tags": "<a", "&": "&", "unclosed references": "&#", "=": "=", "MIME openings": "=?u?b?",
    "soft breaks": "=\n", "quoted-printable": "=E3", "backslashes": "\\", "\\x": "\\x", "Base64": "Ab1+",
    "Base64 lines": "Abcd1234\n", "hexadecimal": "ab", "hexadecimal pairs": "ab ", "A": "A", "spaces": " ",
    "line ends": "\n", "carriage returns": "\r", "combining marks": "\u0305", "voicing marks": "か\u3099",
    "brackets": "(", "ruby": "特(あ", "links": "](", "plus": "+", "zero-width": "\u200b", "overrides": "\u202eab",
    "tag characters": "\U000e0041", "selectors": "\ufe01", "JIS openings": "\x1b$B!", "full width": "Ａ",
    "circled": "①", "words and numbers": "特定1", "forms": "1\n a", "bars": "|", "romaji": "ka ", "doubles": "kk",
    "surrogates": "\ud800", "NUL": "\0", "kana and stops": "あ・", "U+": "U+", "Base32": "AB23",
}  # fmt: skip


def _look(look):
    look.words("word")
    return [
        ("word.near", run.start, run.end)
        for run in look.runs
        if look.near(run.start, run.end, "word", before=3, after=3)
    ]


DETECTORS = Detectors(
    [
        Detector(
            "word",
            (Rule("word.near", Label.SECRET, "秘密です。", "It is secret."),),
            ("raw", "plain", "tight", "bare", "values", "untagged", "kana", "romaji"),
            _look,
            {"word": ("特定", "定1", "AB", "ab")},
            {"word": ("アイウ",)},
        )
    ]
)


def _seconds(text: str) -> float:
    gc.collect()
    gc.disable()  # else a collection walks all that other tests of this process have left
    try:
        start = time.process_time()
        DETECTORS.find(text)
        return max(time.process_time() - start, LEAST_SECONDS)
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", FULL_OF.values(), ids=FULL_OF)
def test_time_is_linear(unit):
    """Eight times the text takes far less than quadratic work would: the best of some tries."""
    short = (unit * SIZE)[:SIZE]
    ratios = []
    for _ in range(TRIES):
        ratios.append(_seconds(short * LARGER) / _seconds(short))
        if ratios[-1] < MOST_GROWTH:
            break

    assert min(ratios) < MOST_GROWTH
