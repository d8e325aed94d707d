"""The checkable parts of a text: numbers with units, dates, articles of statutes, names with digits, quotations.

Spelling does not matter, value does: 1,000万円 and 10000000円 are one figure, 令和8年4月1日 and 2026-04-01 one date,
第12条第3項 and Article 12(3) one place. What cannot be read as a value stays as it is written. Time is linear in the
length of the text. Leaves to others: what a missing figure means (`grounding`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from magi.core.answers.day import read_day
from magi.core.answers.fold import fold
from magi.core.answers.numeral import NUMERAL, parse_numeral
from magi.core.answers.unit import convert, unit_at
from magi.core.grounding_articles import articles_in

if TYPE_CHECKING:
    from fractions import Fraction

Kind = Literal["number", "date", "article", "name"]

LEAST_QUOTATION: Final = 8
"""Characters from which words in 「」 are a quotation; shorter ones are terms and titles."""
MAX_UNIT_CHARS: Final = 12
"""平方キロメートル has eight; what is longer is not a unit."""

_PLAIN: Final = str.maketrans(
    {"〜": "~", "‐": "-", "‑": "-", "–": "-", "—": "-", "―": "-", "“": '"', "”": '"', "‘": "'", "’": "'"}
)
_WHITE: Final = re.compile(r"\s+")
_AROUND_WIDE: Final = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
_KEEPS_GAP: Final = re.compile(r"(?<=[0-9])\s+(?=[0-9])|(?<=[A-Za-z])\s+(?=[A-Za-z])")
_GAP: Final = "\x1f"

_NUM: Final = r"(?:[0-9]{1,4}|[〇零一二三四五六七八九十百元]{1,7})"
_YEAR: Final = (
    rf"(?:(?:明治|大正|昭和|平成|令和|西暦)\s?{_NUM}|(?<![0-9A-Za-z])[MTSHR]\.?\s?[0-9]{{1,2}}"
    r"|(?<![0-9.,])[0-9]{4}|(?<![〇零一二三四五六七八九十百千])[〇零一二三四五六七八九]{4})"
)
_MONTH_NAME: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
_DATES: Final = re.compile(
    rf"(?P<japanese>{_YEAR}(?:\({_YEAR}年?\))?年(?!度|間)(?:\({_YEAR}年?\))?"
    rf"(?:\s?{_NUM}月(?:\s?{_NUM}日(?!間))?)?)"
    rf"|(?P<fiscal>{_YEAR}(?:\({_YEAR}年?\))?)(?:年度|会計年度)"
    r"|(?P<numeric>(?<![0-9.\-/])[0-9]{4}(?:-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2}|\.[0-9]{1,2}\.[0-9]{1,2}"
    r"|[-/](?:0?[1-9]|1[0-2]))(?![0-9]|[-/.][0-9]))"
    r"|(?P<initial>(?<![0-9A-Za-z])[MTSHR]\.?\s?(?:[0-9]{1,2}|元)[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?![0-9]|[-/.][0-9]))"
    rf"|(?P<monthday>(?<![0-9]){_NUM}月\s?{_NUM}日(?!間))"
    rf"|(?P<english>(?<![A-Za-z])(?:{_MONTH_NAME}\s[0-9]{{1,2}}(?:st|nd|rd|th)?,?\s?[0-9]{{4}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?\s{_MONTH_NAME},?\s?[0-9]{{4}}|{_MONTH_NAME},?\s[0-9]{{4}})(?![0-9]))",
    re.IGNORECASE,
)
_SAME_YEAR: Final = re.compile(r"(?:から|~|-)(?:同年)?|[^。]{0,80}同年")
"""Between a date and a day of its year: 令和8年4月1日から9月30日まで, 令和8年4月1日に公布し、同年10月1日に施行."""
_NO_YEAR: Final = "9999"
"""Before the first date: no day is later."""
_YEAR_FIRST: Final = re.compile(r"[0-9]{4}-")
_NAME: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]+-?[0-9]+(?:[.-][0-9]+)*(?![0-9])")
_FRACTION: Final = re.compile(
    rf"(?<![0-9〇零一壱二弐三参四五六七八九十拾百千万萬億兆,.])(?P<below>{NUMERAL})分の(?P<above>{NUMERAL})"
)
_NUMBER: Final = re.compile(
    rf"(?P<ordinal>第\s?)?(?P<sign>(?<![0-9A-Za-z)\]])-|[▲△]|マイナス\s?)?(?P<money>[¥$€])?(?P<numeral>{NUMERAL})"
)
_DIGIT: Final = re.compile(r"[0-9]")
_VAGUE_BEFORE: Final = frozenset("数何幾")
_NO_NUMBER: Final = re.compile(r"十分(?!間)|一人(?:ひとり|一人)|一本化|一個人|一枚岩|一日も早|一点張")
"""Words that are written like an amount and are none."""
_OWN_UNIT: Final = re.compile(r"[ァ-ヺー]{1,12}|[A-Za-z]{1,6}|つ|(?![以未超前後約程等及又若])[\u4e00-\u9fff]")
_KATAKANA: Final = re.compile(r"[ァ-ヺー]")
_ORDINAL_UNITS: Final = frozenset("回期次号位章節款編版種類")
_BOUND: Final = re.compile(r"以上|以下|未満|以内|を?超|を上回|を下回")
_BOUNDS: Final = {
    "以上": "least", "以下": "most", "以内": "most", "未満": "below", "を下回": "below", "超": "above",
    "を超": "above", "を上回": "above",
}  # fmt: skip
_TO: Final = re.compile(r"~|から|ないし|乃至")
_QUOTATION: Final = re.compile(r"「([^「」]*)」|『([^『』]*)』|\"([^\"\n]*)\"")
_LIST_MARK: Final = re.compile(r"^\s*\(?[0-9]{1,2}[.)](?=[^0-9])\s*")


@dataclass(frozen=True, slots=True)
class Figure:
    """One checkable part: its kind, its value in one spelling, its unit (`""`: none), and how it bounds."""

    kind: Kind
    value: str
    unit: str = ""
    bound: str = ""

    def is_in(self, other: Figure) -> bool:
        """Tell whether another text's figure says this one: equal, or more exact than this one is."""
        if self.kind != other.kind:
            return False
        if self.kind == "number":
            unit = not self.unit or self.unit == other.unit
            return unit and self.value == other.value and self.bound in ("", other.bound)
        if self.kind == "date":
            return _day_in(self.value, other.value)
        if self.kind == "article":
            return other.value == self.value or other.value.startswith(self.value + "/")
        return self.value == other.value


def plain(text: str) -> str:
    """A text in the one spelling that everything here reads: `fold`, and one form of dashes and straight quotes."""
    return fold(text).translate(_PLAIN)


def span_key(plain_text: str) -> str:
    """A plain text without white space, but for one space between two digits or two letters, which it keeps apart."""
    return _WHITE.sub("", _KEEPS_GAP.sub(_GAP, plain_text)).replace(_GAP, " ")


def figures(plain_text: str, *, claim: bool = False) -> tuple[Figure, ...]:
    """The figures of a plain text, each once, in the order of their kinds: dates, articles, names, numbers.

    In a claim the mark of a list at its head is no figure.
    """
    text = _AROUND_WIDE.sub("", plain_text)
    text = _LIST_MARK.sub("", text) if claim else text
    found: dict[Figure, None] = {}
    text = _take_dates(text, found, claim=claim)
    text, articles = articles_in(text)
    found.update((Figure("article", path), None) for path in articles)
    text = _take_names(text, found)
    _take_numbers(_take_fractions(text, found), found)
    return tuple(found)


def quotations(plain_text: str) -> tuple[str, ...]:
    """The keys of the quotations of a plain text: words in 「」, 『』 or quotation marks, from eight characters on."""
    keys = (span_key(next(filter(None, match.groups()), "")) for match in _QUOTATION.finditer(plain_text))
    return tuple(key for key in keys if len(key) >= LEAST_QUOTATION)


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spans that were read replaced by a character that nothing reads."""
    pieces, last = [], 0
    for start, end in spans:
        pieces += [text[last:start], "\x00"]
        last = end
    return "".join([*pieces, text[last:]])


def _take_dates(text: str, found: dict[Figure, None], *, claim: bool) -> str:
    """Read the dates; in a material a day without a year has that of the date before it, where the text says so."""
    spans = []
    before, end = _NO_YEAR, 0
    for match in _DATES.finditer(text):
        value = _date_value(match)
        if not value:  # what no calendar has is left to the numbers
            continue
        spans.append(match.span())
        if value.startswith("--") and not claim and _SAME_YEAR.fullmatch(text, end, match.start()):
            day = before[:4] + value[1:]
            value = day if before < day else value  # 4月1日から3月31日まで ends in another year
        found[Figure("date", value)] = None
        before, end = (value if _YEAR_FIRST.match(value) else _NO_YEAR), match.end()
    return _blank(text, spans)


def _date_value(match: re.Match[str]) -> str:
    if match["fiscal"]:
        year = read_day(match["fiscal"] + "年", stated=False).ballot
        return f"FY{year}" if year else ""
    return read_day(_english(match[0]) if match["english"] else match[0], stated=False).ballot


def _english(text: str) -> str:
    """A date of English words with the spaces that white space folding may have taken."""
    return re.sub(r",\s?(?=[0-9])", ", ", text)


def _day_in(day: str, other: str) -> bool:
    """Tell whether a date, or part of one, is said by another: 2026-04 and --04-01 are by 2026-04-01."""
    if day.startswith("FY") or other.startswith("FY"):
        return day == other
    if day.startswith("--"):
        month_and_day = other[4:] if not other.startswith("--") else other[1:]
        return month_and_day == day[1:] or month_and_day.startswith(day[1:] + "-")
    return other == day or other.startswith(day + "-")


def _take_names(text: str, found: dict[Figure, None]) -> str:
    spans = []
    for match in _NAME.finditer(text):
        found[Figure("name", match[0].casefold())] = None
        spans.append(match.span())
    return _blank(text, spans)


def _take_fractions(text: str, found: dict[Figure, None]) -> str:
    spans = []
    for match in _FRACTION.finditer(text):
        below, above = parse_numeral(match["below"]), parse_numeral(match["above"])
        if below and above is not None:
            found[Figure("number", str(above / below), "", _bound_at(text, match.end()))] = None
            spans.append(match.span())
    return _blank(text, spans)


def _take_numbers(text: str, found: dict[Figure, None]) -> None:
    """Read the numbers; the first of 3~5人 has the unit of the second."""
    units: dict[str, tuple[str, int] | None] = {}
    waiting: tuple[Fraction, int] | None = None
    for match in _NUMBER.finditer(text):
        number = _number_at(text, match, units)
        if waiting is not None:
            value, end = waiting
            joint = _TO.match(text, end)
            shared = number is not None and joint is not None and joint.end() == match.start()
            found[_figure(value, number[1] if number is not None and shared else "", "")] = None
            waiting = None
        if number is None:
            if _DIGIT.search(match["numeral"]) and not _is_vague(text, match):
                found[Figure("name", match["numeral"])] = None  # 1.2.3: a number of no known form
            continue
        value, unit, end = number
        if unit == "" and _TO.match(text, end):
            waiting = (value, end)
            continue
        found[_figure(value, unit, _bound_at(text, end))] = None
    if waiting is not None:
        found[_figure(waiting[0], "", "")] = None


def _figure(value: Fraction, unit: str, bound: str) -> Figure:
    """A number in the base unit of its dimension; a month of the year (4月, not 4か月) is part of a date."""
    if unit == "月" and value in range(1, 13):
        return Figure("date", f"--{int(value):02d}")
    known = convert(value, unit, None) if unit else None
    return Figure("number", *((str(known[0]), known[1]) if known else (str(value), unit)), bound)


def _number_at(
    text: str, match: re.Match[str], units: dict[str, tuple[str, int] | None]
) -> tuple[Fraction, str, int] | None:
    """Value, unit as written, and end of the number that stands here; None where words only look like one."""
    value = parse_numeral(match["numeral"])
    in_words = not _DIGIT.search(match["numeral"])
    if (
        value is None
        or _is_vague(text, match)
        or (in_words and _NO_NUMBER.match(text, match.start("numeral")))
    ):
        return None
    value = -value if match["sign"] else value
    unit, end = _unit_of(text, match.end(), units)
    if match["ordinal"]:
        return None if in_words and unit not in _ORDINAL_UNITS else (value, f"第{unit}", end)
    if match["money"]:
        sign = {"¥": "円", "$": "$", "€": "€"}[match["money"]]
        return value, sign, end if unit == sign else match.end()
    return None if in_words and not _counts(match["numeral"], unit) else (value, unit, end)


def _is_vague(text: str, match: re.Match[str]) -> bool:
    """Tell whether it is 数百 or 十数: nobody said which number."""
    start, end = match.start("numeral"), match.end()
    return text[start - 1 : start] in _VAGUE_BEFORE or text[end : end + 1] in _VAGUE_BEFORE


def _unit_of(text: str, end: int, units: dict[str, tuple[str, int] | None]) -> tuple[str, int]:
    """The unit right after a number and its end: a known one, else a word that can be one, else none."""
    start = end + 1 if text[end : end + 1] == " " else end
    ahead = text[start : start + MAX_UNIT_CHARS]
    if ahead not in units:
        units[ahead] = unit_at(ahead, 0, None)
    if (known := units[ahead]) is not None:
        return known[0], start + known[1]
    own = _OWN_UNIT.match(text, start)
    # A word after a space is the next word: 30 people is in the table, "2026 and" is none.
    return (own[0].casefold(), own.end()) if own and start == end else ("", end)


def _counts(numeral: str, unit: str) -> bool:
    """Tell whether kanji before this unit are a number: 三名, 二十三区 and 三ポイント, but not 三重県 or 一致."""
    if not unit:
        return False
    listed = unit_at(unit, 0, None) == (unit, len(unit))
    return listed or len(numeral) > 1 or bool(_KATAKANA.match(unit)) or (unit == "つ" and numeral != "一")


def _bound_at(text: str, end: int) -> str:
    bound = _BOUND.match(text, end)
    return _BOUNDS[bound[0]] if bound else ""
