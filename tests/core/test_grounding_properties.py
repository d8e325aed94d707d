"""Properties of the verifier: no altered figure passes, spelling never matters, no text takes long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.grounding import MAX_CLAIM_CHARS, ClaimText, check

TEXT = """駅前広場の整備に係る事業費は1,000万円とし、工期は令和8年4月1日から令和9年3月31日までとする。
収容人数は50人以内とし、職員5名を置く。補助率は3分の1である。第十二条第三項を適用する。
"""
CLAIMS = [
    ("事業費は10,000,000円である", "事業費は1,000万円", "supported"),
    ("事業費は1,001万円である", "事業費は1,000万円", "contradicted"),
    ("工期は2026-04-01からである", "工期は令和8年4月1日から", "supported"),
    ("工期は2026/4/2からである", "工期は令和8年4月1日から", "contradicted"),
    ("収容人数は50名、職員は5人である", "収容人数は50人以内とし、職員5名を置く", "supported"),
    ("補助率は3分の1、第12条第3項による", "補助率は3分の1である", "supported"),
    ("第12条第4項による", "補助率は3分の1である", "unverified"),
    ("「収容人数は50人以内とし」とある", "職員5名を置く", "supported"),
    ("妥当である", "事業費は2,000万円", "unverified"),
]


def look(text, quote="", materials=None):
    """The finding on one claim that names M1."""
    claim = ClaimText(id="a1.c1", text=text, source="M1", quote=quote)
    return check(claim, {"M1": TEXT} if materials is None else materials)


AMOUNTS = st.integers(min_value=1, max_value=10**12)


def digits_with_one_changed(number, place, by):
    """The number with one of its digits changed to another one."""
    digits = list(str(number))
    place %= len(digits)
    digits[place] = str((int(digits[place]) + by) % 10)
    return int("".join(digits))


@settings(max_examples=150, deadline=None)
@given(
    AMOUNTS,
    st.integers(0, 12),
    st.integers(1, 9),
    st.sampled_from(["円", "人", "件", "km", "ポイント", ""]),
    st.booleans(),
)
def test_a_number_with_one_digit_changed_is_never_supported(number, place, by, unit, quoted):
    """Whatever digit is changed, quoted or not, the claim is not supported; the unchanged one is."""
    text = f"総数は{number:,}{unit}である。別の文。"
    quote = f"総数は{number:,}{unit}" if quoted else ""
    wrong = digits_with_one_changed(number, place, by)

    assert look(f"総数は{wrong}{unit}である", quote, materials={"M1": text}).status in {
        "contradicted",
        "unverified",
    }
    assert look(f"総数は{number}{unit}である", quote, materials={"M1": text}).status == "supported"


@settings(max_examples=100, deadline=None)
@given(st.dates(), st.integers(1, 400))
def test_another_day_is_never_supported(day, later):
    """A claim of another day than the material's is contradicted, in whatever spelling."""
    other = day.replace(year=max(day.year, 1000))
    shifted = type(other).fromordinal(min(other.toordinal() + later, type(other).max.toordinal()))
    text = f"施行は{other.year}年{other.month}月{other.day}日である。"
    claim = f"施行は{shifted.isoformat()}である"
    wanted = "supported" if shifted == other else "contradicted"

    assert look(claim, f"施行は{other.year}年", materials={"M1": text}).status == wanted
    assert look(f"施行は{other.isoformat()}である", "", materials={"M1": text}).status == "supported"


WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
BLANKS = [" ", "\u3000", "\n", "\u200b", "\u00a0"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CLAIMS), st.data())
def test_width_and_white_space_never_matter(case, data):
    """Full-width letters, and blanks or line feeds after a kana, in claim, quote and material, change no finding."""
    text, quote, status = case

    def spread(words):
        pieces = []
        for char in words:
            pieces.append(char)
            if "\u3040" <= char <= "\u309f" and data.draw(st.booleans()):
                pieces.append(data.draw(st.sampled_from(BLANKS)))
        return "".join(pieces).translate(WIDE if data.draw(st.booleans()) else {})

    assert look(spread(text), spread(quote)).status == status
    assert look(text, quote, {"M1": TEXT.translate(WIDE)}).status == status


HOSTILE = [
    "1円" * 50_000,
    "一" * 100_000,
    "1," * 50_000,
    "a1" * 50_000,
    "第" * 100_000,
    "「" * 100_000,
    "2026(" * 20_000,
    "12 34 " * 16_000,
    "2026年4月1日" * 10_000,
    "第12条第3項の2" * 10_000,
    "3分の" * 30_000,
    "事業費は" * 25_000,
    "この資料の本文は長い行が続くため折り返される\n" * 4_000,
    "\n" * 100_000,
    "令和" * 50_000,
    "> " * 50_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_take_bounded_time(text):
    """A material of 100,000 characters of any kind is read in seconds, and so is a claim made of it."""
    began = time.process_time()
    look("事業費は1,001万円である", text[:4], materials={"M1": text})
    look(text[:MAX_CLAIM_CHARS], "", materials={"M1": text})
    look("事業費", text[:2_000], materials={"M1": text})

    assert time.process_time() - began < 12
