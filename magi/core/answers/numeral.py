"""Numerals as Japanese documents write them, to exact rationals and back to one decimal spelling.

Reads 1250000, 1,250,000, 125万, 1億2,500万, 百二十五万, 二〇二六, 壱百; refuses what is written in no known way
(1,25 / 1万20000 / 2十五百) rather than repairing it. Input is folded, so full-width digits are plain ones.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

MAX_NUMERAL_CHARS: Final = 40
"""A quintillion yen with separators has 26; longer runs of digits are identifiers."""

_DIGITS: Final = {
    char: value
    for value, chars in enumerate(("〇零", "一壱", "二弐", "三参", *"四五六七八九"))
    for char in chars
}
_SCALES: Final = (("千", 1_000), ("百", 100), ("十", 10))
_GROUPS: Final = (("兆", 10**12), ("億", 10**8), ("万", 10**4))
_FORMAL: Final = str.maketrans({"拾": "十", "萬": "万"})
_CHAR: Final = r"[0-9〇零一壱二弐三参四五六七八九十拾百千万萬億兆]"
NUMERAL: Final = rf"{_CHAR}+(?:[,.]{_CHAR}+)*"
"""A run of numeral characters with single separators; whether it is a number, `parse_numeral` says."""

_ARABIC: Final = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")
_KANJI: Final = re.compile(r"[〇零一壱二弐三参四五六七八九]+")


def parse_numeral(token: str) -> Fraction | None:
    """Return the exact value of a numeral, or None if it is not written in a known way."""
    if len(token) > MAX_NUMERAL_CHARS:
        return None
    total, limit, rest = Fraction(0), None, token.translate(_FORMAL)
    for mark, power in _GROUPS:
        head, found, tail = rest.partition(mark)
        if not found:
            continue
        value = _section(head)
        if value is None or (tail and value.denominator != 1) or not _fits(value * power, limit):
            return None
        total, limit, rest = total + value * power, power, tail
    if not rest:
        return total
    value = _section(rest)
    return None if value is None or not _fits(value, limit) else total + value


def decimal_text(value: Fraction) -> str | None:
    """Return the shortest plain decimal spelling of a rational, or None if it has no finite one."""
    numerator, denominator = value.numerator, value.denominator
    places = 0
    while denominator % 10 == 0:
        denominator, places = denominator // 10, places + 1
    while denominator % 2 == 0:
        numerator, denominator, places = numerator * 5, denominator // 2, places + 1
    while denominator % 5 == 0:
        numerator, denominator, places = numerator * 2, denominator // 5, places + 1
    if denominator != 1:
        return None
    digits = str(abs(numerator)).rjust(places + 1, "0")
    sign = "-" if numerator < 0 else ""
    whole, part = (digits[:-places], digits[-places:].rstrip("0")) if places else (digits, "")
    return f"{sign}{whole}.{part}" if part else sign + whole


def _fits(value: Fraction, limit: int | None) -> bool:
    return limit is None or value < limit


def _section(token: str) -> Fraction | None:
    """Read a stretch below 万: 1,250 / 百二十五 / 3千 / 125百 (of 125百万)."""
    for mark, scale in _SCALES:
        head, found, tail = token.partition(mark)
        if not found:
            continue
        factor = Fraction(1) if not head else _plain(head)
        if factor is None or not tail:
            return None if factor is None else factor * scale
        below = _section(tail)
        # Followed by smaller parts, a factor is one digit: 二千五百, not 12千5百.
        if below is None or below >= scale or factor.denominator != 1 or not 1 <= factor <= _MAX_FACTOR:
            return None
        return factor * scale + below
    return _plain(token)


_MAX_FACTOR: Final = 9


def _plain(token: str) -> Fraction | None:
    if _ARABIC.fullmatch(token):
        return Fraction(token.replace(",", ""))
    if _KANJI.fullmatch(token):
        return Fraction(int("".join(str(_DIGITS[char]) for char in token)))
    return None
