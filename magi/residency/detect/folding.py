"""A text as it reads: one spelling for what looks alike, nothing that no reader sees.

Compatibility forms (UAX 15, NFKC), digits of every script, circled, parenthesised and superscript ones, kanji
digits in a row, letters that only look Latin, radicals that only look like kanji. Promises: linear in the length;
ordinary Japanese text passes at the speed of a search; `plain_marks` says where everything came from. Sources:
Unicode general categories and numeric values (UAX 44); UTS 39 for the idea of look-alikes, of which only those of
Latin letters and of kanji are taken.
"""

import re
import unicodedata
from functools import lru_cache

from magi.residency.detect.trace import Mark

CACHED_CHARS = 8_192
"""More odd characters than real texts have; what is kept is single characters, never a text."""
MOST_NUMERAL = 99
"""Circled and parenthesised numerals end at 50; larger numeric values are not digits that were dressed up."""

_EVEN = (
    r"\n\t\x20-\x7e\u2013-\u2016\u2018-\u201e\u2190-\u2193\u2500-\u257f\u25a0-\u25ff\u2605\u2606"
    r"\u3000-\u3035\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff"
)
"""What folding leaves as it is."""
_ODD = re.compile(rf"[^{_EVEN}]+")
_ODD_JOINED = re.compile(rf"\r\n?|[\u3041-\u3096\u30a1-\u30fe]?[^{_EVEN}\r]+")
"""The same with the kana before it that a voicing mark would join, and both characters of a line end: slower."""
_JOINING = "\r\u3099\u309a゛゜ﾞﾟ"
_VOICING = "\u3099\u309a"
_ALONE = "\u3099\u309a゛゜ﾞﾟ"
"""Voicing marks with nothing to join are noise."""
_NO_SIGHT = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LINE_ENDS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")

_CYRILLIC = ("АВЕКМНОРСТУХІЈЅԌԚԜавеорсухіјѕһԁԛԝ", "ABEKMHOPCTYXIJSGQWaBeopcyxijshdqw")
_GREEK = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲ", "ABEZHIKMNOPTYXoc")
_SMALL_CAPITALS = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɡɑ", "ABCDEFGHIJKLMNOPRSTUVWYZiga")
_SPACING = str.maketrans("゛゜", "\u3099\u309a")
_ALIKE = str.maketrans(*map("".join, zip(_CYRILLIC, _GREEK, _SMALL_CAPITALS, "İI", strict=True)))
_RADICALS = str.maketrans(
    "⺁⺅⺎⺖⺠⺡⺣⺩⺭⺼⺾⻁⻄⻆⻑⻘⻝⻞⻟⻤⻨⻩⻪⻫⻬⻭⻯⻱⻲",
    "厂亻兀忄民氵灬王礻月艹虎西角長青食飠飠鬼麦黄黽斉斉歯竜亀亀",
)

_ZERO_LIKE = "〇零○◯"
_KANJI = f"{_ZERO_LIKE}一二三四五六七八九壱弐参"
_KANJI_DIGITS = str.maketrans(_KANJI, "0000123456789123")
_DASHES = "‐‑‒–—―−ーｰ~〜"
_BESIDE = rf"[0-9{_DASHES}-]"
_KANJI_RUN = re.compile(
    rf"[{_KANJI}][{_KANJI}]*+"
    rf"(?:(?<=[{_KANJI}]{{3}})|(?={_BESIDE})|(?<={_BESIDE}[{_KANJI}])|(?<={_BESIDE}[{_KANJI}]{{2}}))"
)
"""Kanji digits that may be a number: three in a row, or beside a digit or a dash."""
_DASH = re.compile(rf"[{_DASHES}](?=[0-9])(?<=[0-9].)")
LEAST_IN_A_ROW = 3
"""So many kanji digits make a number by themselves; fewer do beside a digit or the dash of a number."""
_DASHED = frozenset("-" + _DASHES)
_AFTER_NUMBER = frozenset("十百千万億兆年月日")


def plain(text: str) -> str:
    """The text as it reads: NFKC, nothing invisible, digits as 0-9."""
    if not text.isascii() or "\r" in text or not text.isprintable():
        text = _odd(text).sub(_folded, text).replace("\u3000", " ")
    return fold_numbers(text)


def hidden(char: str) -> bool:
    """Format and control characters, fillers, variation selectors, and marks that are no voicing of kana."""
    if char in _VOICING:
        return False
    return char in _NO_SIGHT or unicodedata.category(char) in ("Cf", "Cc", "Mn", "Me")


def plain_marks(source: str) -> list[Mark]:
    """The marks of `plain(source)` over its source."""
    marks: list[Mark] = []
    grown = 0
    for match in _odd(source).finditer(source):
        pieces = list(_clusters(match.group()))
        made = [_fold(piece) for piece in pieces]
        whole = _fold(match.group())
        if "".join(made) != whole:
            pieces, made = [match.group()], [whole]
        low = match.start()
        for piece, new in zip(pieces, made, strict=True):
            marks.append((low + grown, low + grown + len(new), low, low + len(piece)))
            grown += len(new) - len(piece)
            low += len(piece)
    return marks


def fold_numbers(text: str) -> str:
    """Kanji digits in a row as 0-9, and any dash between digits as a hyphen. Length is kept."""
    if text.isascii():
        return text if "~" not in text else _DASH.sub("-", text)
    return _DASH.sub("-", _KANJI_RUN.sub(_numbered, text))


def _odd(text: str) -> re.Pattern[str]:
    return _ODD_JOINED if any(sign in text for sign in _JOINING) else _ODD


def _numbered(match: re.Match[str]) -> str:
    run = match.group()
    named = len(run) >= LEAST_IN_A_ROW and run.strip(_ZERO_LIKE) != ""  # 〇〇〇 stands for a name left out
    if named or _in_number(match.string, match.start(), match.end()):
        return run.translate(_KANJI_DIGITS)
    return run


def _in_number(text: str, start: int, end: int) -> bool:
    """Whether digits, or dashes with digits behind them, stand on both sides, or on one with a number beyond."""
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    left, right = _is_digit(before[-1:]), _is_digit(after[:1])
    if left and right:
        return True
    dash_left = before[-1:] in _DASHED and _is_digit(before[:-1])
    dash_right = after[:1] in _DASHED and _is_digit(after[1:])
    joined_left = left and before[:1] in _KANJI and len(before) > 1
    joined_right = right and after[1:] in _KANJI and len(after) > 1
    return dash_right or joined_right or ((dash_left or joined_left) and after[:1] not in _AFTER_NUMBER)


def _is_digit(char: str) -> bool:
    return char != "" and (char in "0123456789" or char in _KANJI)


def _folded(match: re.Match[str]) -> str:
    run = match.group()
    return _shown(run) if len(run) == 1 and run not in _ALONE else _fold(run)


def _fold(run: str) -> str:
    if run[0] == "\r":
        return "\n"
    folded = unicodedata.normalize("NFKC", "".join(map(_shown, run)))
    return folded.replace("\u3099", "").replace("\u309a", "")


@lru_cache(maxsize=CACHED_CHARS)
def _shown(char: str) -> str:
    """What a reader sees of one character: nothing, a digit, a Latin letter or kanji it looks like, or itself."""
    if "\u3041" <= char <= "\u30fe" or "\uff61" <= char <= "\uff9f":
        return char.translate(_SPACING)  # kana join with their voicing marks only together
    if char in _LINE_ENDS:
        return "\n"
    if hidden(char):
        return ""
    value = unicodedata.numeric(char, -1.0)
    if unicodedata.category(char) in ("Nd", "No") and 0 <= value <= MOST_NUMERAL and value == int(value):
        return str(int(value))
    made = _enclosed_letter(ord(char)) or unicodedata.normalize("NFKC", char.translate(_RADICALS))
    return "".join(part for part in made if part in _VOICING or not hidden(part)).translate(_ALIKE)


def _enclosed_letter(code: int) -> str:
    """The letter in a black circle, a black square or a regional indicator, which NFKC leaves as they are."""
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        if first <= code < first + 26:
            return chr(code - first + ord("A"))
    return ""


def _clusters(text: str) -> list[str]:
    """Each character with the marks (and half-width voicing marks) after it."""
    clusters: list[str] = []
    for char in text:
        if clusters and char in "\u3099\u309aﾞﾟ゛゜":
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters
