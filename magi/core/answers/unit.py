"""Units of Japanese administration and their exact conversions.

Each unit belongs to one dimension, named by its base unit; within a dimension conversion is an exact factor.
Years convert to months (1年 = 12月) when months are asked for, and to nothing else; days and months never
convert. A unit outside the table stands only for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MONTHS_PER_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a multiple of the base unit of its dimension."""

    base: str
    factor: Fraction = Fraction(1)


_SPELLINGS: Final = (
    ("円", "1", "円 yen jpy"),
    ("円", "1000", "千円"),
    ("円", "10000", "万円"),
    ("円", "1000000", "百万円"),
    ("円", "100000000", "億円"),
    ("円", "1000000000000", "兆円"),
    ("%", "1", "% パーセント percent"),
    ("%", "10", "割"),
    ("人", "1", "人 名 people persons person"),
    ("月", "1", "月 か月 ヶ月 カ月 ヵ月 ケ月 箇月 か月間 ヶ月間 カ月間 ヵ月間 箇月間 months month"),
    ("日", "1", "日 日間 days day"),
    ("日", "7", "週 週間 weeks week"),
    ("年", "1", "年 年間 か年 ヶ年 カ年 箇年 years year"),
    ("分", "1", "分 分間 minutes minute"),
    ("分", "60", "時間 hours hour"),
    ("m", "1", "m メートル meters meter metres metre"),
    ("m", "1000", "km キロメートル"),
    ("m", "1/100", "cm センチメートル"),
    ("m", "1/1000", "mm ミリメートル"),
    ("m2", "1", "m2 m^2 平方メートル 平米"),
    ("m2", "10000", "ha ヘクタール"),
    ("m2", "1000000", "km2 km^2 平方キロメートル"),
    ("m3", "1", "m3 m^3 立方メートル"),
    ("kg", "1", "kg キログラム"),
    ("kg", "1/1000", "g グラム"),
    ("kg", "1000", "t トン"),
    ("歳", "1", "歳 才"),
    ("か所", "1", "か所 ヶ所 カ所 ヵ所 箇所"),
    *((counter, "1", counter) for counter in (*"件個回台枚本点位票校棟戸倍冊社", "世帯", "団体")),
)
"""Base unit, factor, spellings in folded form. `キロ` and `月額` are left out: they say too little or too much."""

_UNITS: Final = {
    spelling: Unit(base, Fraction(factor)) for base, factor, row in _SPELLINGS for spelling in row.split()
}
_LONGEST_FIRST: Final = tuple(sorted(_UNITS, key=lambda spelling: (-len(spelling), spelling)))
_LATIN_TAIL: Final = re.compile(r"[A-Za-z0-9^]")


def unit_at(folded: str, start: int, own: str | None) -> tuple[str, int] | None:
    """Return the space's own unit or the longest known one at a place of folded text, and its end."""
    for spelling in (*((own,) if own else ()), *_LONGEST_FIRST):
        end = start + len(spelling)
        if folded[start:end].casefold() != spelling.casefold():
            continue
        if spelling[-1].isascii() and _LATIN_TAIL.match(folded, end):
            continue
        return spelling, end
    return None


def unit_named(spelling: str) -> Unit:
    """Return the unit of a spelling; one outside the table is its own dimension."""
    return _UNITS.get(spelling.casefold()) or Unit(spelling)


def convert(value: Fraction, given: str, wanted: str | None) -> tuple[Fraction, str] | None:
    """Convert a value exactly to the wanted unit, or to its base unit if none is wanted; None if impossible."""
    unit = unit_named(given)
    if wanted is None:
        return value * unit.factor, unit.base
    target = unit_named(wanted)
    if unit.base == "年" and target.base == "月":
        return value * unit.factor * MONTHS_PER_YEAR / target.factor, wanted
    if unit.base != target.base:
        return None
    return value * unit.factor / target.factor, wanted
