"""Properties of canonicalisation over generated texts, and its running time."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from magi.core.answers import Answer, Canonical, Failure, canonicalise
from magi.core.answers.fold import fold, to_katakana
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

KANA = ChoiceSpace(options=("ア", "イ", "ウ", "エ"))
LATIN = ChoiceSpace(options=("A", "B", "C", "D"))
DIGITS = ChoiceSpace(options=("1", "2", "3", "4"))
SPACES = (
    KANA,
    LATIN,
    DIGITS,
    YesNoConditionalSpace(),
    NumberSpace(unit="円"),
    NumberSpace(),
    DateSpace(),
    OpenSpace(),
)
LINEAR_SECONDS = 0.5

PIECES = st.sampled_from(
    [
        *"アイウエあいうえABCDabcd1234①②ⒷⅡ²½「」()（）*、。,.!?？:：\n 　-ー",
        *(
            "答えは",
            "正解：",
            "です",
            "ではなく",
            "または",
            "not ",
            " or ",
            "選択肢",
            "番",
            "したがって、",
            "いや",
        ),
        *(
            "<think>",
            "</think>",
            '{"answer": "',
            '"}',
            "万円",
            "令和8年",
            "11月",
            "22日",
            "はい",
            "いいえ",
            "ただし",
        ),
        *("条件付き", "わかりません", "answer is ", "誤り", "が正しい"),
    ]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)
ERAS = (
    ("明治", date(1873, 1, 1), date(1912, 7, 30), 1868),
    ("大正", date(1912, 7, 30), date(1926, 12, 25), 1912),
    ("昭和", date(1926, 12, 25), date(1989, 1, 7), 1926),
    ("平成", date(1989, 1, 8), date(2019, 4, 30), 1989),
    ("令和", date(2019, 5, 1), date(2120, 12, 31), 2019),
)


def wide(text):
    """The full-width spelling of the ASCII characters of a text."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@given(TEXTS, st.sampled_from(SPACES))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_any_text_comes_to_an_outcome_twice_the_same(text, space):
    """No text raises, and the same text always comes to the same outcome."""
    first = canonicalise(text, space)

    assert isinstance(first, Canonical)
    assert canonicalise(text, space) == first


@given(st.text(max_size=200), st.sampled_from(SPACES))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_arbitrary_unicode_does_not_raise(text, space):
    """Text of any characters, lone surrogates aside, comes to an outcome."""
    outcome = canonicalise(text, space)

    assert isinstance(outcome, Canonical)


@given(TEXTS, st.sampled_from([KANA, LATIN, DIGITS]))
@settings(max_examples=600, deadline=None, derandomize=True)
def test_ballot_is_mentioned_in_the_text(text, space):
    """A text never yields an option that does not stand in it, in either kana or width."""
    outcome = canonicalise(text, space)
    if isinstance(outcome, Answer):
        assert to_katakana(outcome.ballot.casefold()) in to_katakana(fold(text).casefold())


@given(TEXTS, st.sampled_from([LATIN, DIGITS, KANA]))
@settings(max_examples=400, deadline=None, derandomize=True)
@example("答えは1,not 2", DIGITS)
def test_width_does_not_change_the_outcome(text, space):
    """Prose written with full-width characters comes to the same ballot or failure."""
    if any(mark in text for mark in ('"', "<", "{")):
        return  # full-width JSON and tags are no JSON and no tags
    narrow, full = canonicalise(text, space), canonicalise(wide(text), space)

    assert type(narrow) is type(full)
    assert getattr(narrow, "ballot", None) == getattr(full, "ballot", None)


@given(st.sampled_from("1234"), st.sampled_from("1234"))
@settings(derandomize=True)
def test_digits_of_two_options_are_never_joined(one, other):
    """`1, not 2` is 1 and `12` is nothing: the peers' vote of 12 cannot come back."""
    said = canonicalise(f"{one}, not {other}", DIGITS)
    if one == other:
        assert said == Failure("negated_only") or said == Failure("several_answers")
    else:
        assert said.ballot == one
    assert canonicalise(one + other, DIGITS) == Failure("not_an_option")


def kanji(number):
    """A number below ten thousand in positional kanji with 千百十."""
    digits, text = "〇一二三四五六七八九", ""
    for scale, mark in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        count, number = divmod(number, scale)
        if count:
            text += ("" if count == 1 and mark else digits[count]) + mark
    return text


@given(st.integers(1, 9_999), st.integers(0, 9_999))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_number_is_one_in_every_notation(high, low):
    """Plain, grouped, full-width, 万 and kanji notations of one number give one ballot."""
    value = high * 10_000 + low
    notations = [f"{value}円", f"{value:,}円", wide(f"{value:,}") + "円", f"{value}.0円", f"¥{value:,}"]
    notations += [
        f"{high}万{low or ''}円",
        f"{kanji(high)}万{kanji(low)}円",
        f"{high:,}万{low or ''}円です。",
    ]
    ballots = {canonicalise(text, NumberSpace(unit="円")).ballot for text in notations}

    assert ballots == {f"{value} 円"}


@pytest.mark.parametrize("era", range(len(ERAS)))
def test_days_around_each_era_boundary_make_the_round_trip(era):
    """Every day within 400 days of a boundary is read from 和暦 exactly where its era covers it."""
    name, first, last, year_one = ERAS[era]
    for boundary in (first, last):
        for offset in range(-400, 401):
            day = boundary + timedelta(days=offset)
            year = day.year - year_one + 1
            spelled = "元" if year == 1 else str(year)
            outcome = canonicalise(f"{name}{spelled}年{day.month}月{day.day}日", DateSpace())
            expected = (
                day.isoformat() if first <= day <= last or (era == len(ERAS) - 1 and day > last) else None
            )

            assert getattr(outcome, "ballot", None) == expected, day
            assert canonicalise(day.isoformat(), DateSpace()).ballot == day.isoformat()


LONG_UNITS = [
    "あ",
    "ア",
    "1",
    ",1",
    " ",
    "\n",
    "答え",
    "答えは",
    "答えはア。",
    "ア、",
    "{",
    '{"',
    "<think>",
    "「",
    "（",
    "①",
    "一",
    "²",
]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.kind)
@pytest.mark.parametrize("unit", LONG_UNITS)
def test_long_repetitions_take_linear_time(unit, space):
    """60,000 characters of one repetition are read within half a second of processor time."""
    text = (unit * 60_000)[:60_000]
    started = time.process_time()
    outcome = canonicalise(text, space)
    elapsed = time.process_time() - started

    assert elapsed < LINEAR_SECONDS, outcome
    assert space.kind == "open" or not isinstance(outcome, Answer)
