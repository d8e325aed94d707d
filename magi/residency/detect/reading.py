"""Japanese by its sound: kana and romaji as one spelling, so that one list of readings serves both.

A reading is katakana with long vowels cut (ジュウミンゼイ, juminzei and ｼﾞｭｳﾐﾝｾﾞｲ are all ジュミンゼイ). Hepburn
and Kunrei spellings are read (ISO 3602); words that are no Japanese syllables break the text. Leaves to others:
what a reading means.
"""

import codecs
import re

from magi.residency.detect.search import matches
from magi.residency.detect.trace import Mark

MIN_KANA = 6
"""Shorter stretches of kana stand in every sentence between its kanji."""
MIN_ROMAJI_WORDS = 3
"""Fewer Latin words that read as Japanese are chance (`no`, `to`, `made`)."""
BREAK = "|"

_GAP = r"[\s、。・,.\-:/()]{1,2}"
_STRETCH = re.compile(rf"[ぁ-ゖァ-ヺー]++(?>(?:{_GAP}[ぁ-ゖァ-ヺー]++)*)")
_WIDER = re.compile(rf"[ぁ-ゖァ-ヺー][ぁ-ゖァ-ヺー\s、。・,.\-:/()]{{{MIN_KANA - 1},}}+")
_KANA = re.compile(r"[ぁ-ゖァ-ヺー]")
_NOT_KANA = re.compile(r"[^ぁ-ゖァ-ヺー]+")
_GAP_CHARS = "、。・,.-:/() \t\n\r\x0b\x0c\u3000"
_STOP = "\u3001"
_LOW_TO_KATAKANA = "".join(
    BREAK if low == ord(_STOP) & 0xFF else chr(0x3000 + low + 0x60 * (0x41 <= low < 0x97))  # noqa: PLR2004  # hiragana
    for low in range(0x100)
)
"""By the second byte: all kana have the same first one, and a table of bytes is ten times as fast as one of letters."""
_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_LONG = re.compile(
    r"[ーウオ](?:(?<=ー)|(?<=[オコソトノホモヨロヲゴゾドボポョウクスツヌフムユルグズヅブプュ]ウ)|(?<=[オコソトノホモヨロゴゾドボポョ]オ))"
)
_MACRON = re.compile(r"[âîûêôāīūēō]")
_MACRONS = str.maketrans("âîûêôāīūēō", "aiueoaiueo")

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ",
    "h": "ハヒフヘホ", "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ",
    "d": "ダヂヅデド", "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
_SYLLABLES = {
    consonant + vowel: kana for consonant, row in _ROWS.items() for vowel, kana in zip("aiueo", row, strict=True)
} | {
    f"{consonant}y{vowel}": row[1] + small
    for consonant, row in _ROWS.items()
    if consonant and consonant != "d"
    for vowel, small in zip("auo", "ャュョ", strict=True)
} | {
    "ya": "ヤ", "yu": "ユ", "yo": "ヨ", "wa": "ワ", "wo": "ヲ", "shi": "シ", "chi": "チ", "tsu": "ツ", "fu": "フ",
    "ji": "ジ", "sha": "シャ", "shu": "シュ", "sho": "ショ", "cha": "チャ", "chu": "チュ", "cho": "チョ",
    "ja": "ジャ", "ju": "ジュ", "jo": "ジョ", "she": "シェ", "che": "チェ", "je": "ジェ", "fa": "ファ", "fi": "フィ",
    "fe": "フェ", "fo": "フォ", "ti": "ティ", "di": "ディ",
}  # fmt: skip
_KNOWN = r"(?>(?:sh|ch|ts|[kgsznhbpmrt]y|[kgsztdnhbpmrfjwy])?)[aiueo]"
"""A little more than the syllables there are: a word with another is dropped when it is looked up."""
_REST = r"n(?![aiueoy])|m(?=[bpm])|(?<=o)h(?![aiueoy])"
_DOUBLED = r"k(?=k)|s(?=s)|t(?=t|ch)|p(?=p)|c(?=c)|g(?=g)|d(?=d)|b(?=b)|j(?=j)|z(?=z)"
_SYLLABLE = re.compile(rf"({_DOUBLED})?({_KNOWN})|({_REST})")
_LETTERS = "a-z0-9'"
_WORD = re.compile(rf"(?<![{_LETTERS}])(?>(?:(?>(?:{_DOUBLED})?){_KNOWN}|{_REST}|['-])+)(?![{_LETTERS}])")
_WORD_FIRST = re.compile("[a-z'-]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z]")


def reading(text: str) -> str:
    """Kana as the one spelling: katakana, long vowels cut."""
    return _LONG.sub("", text.translate(_TO_KATAKANA))


def kana_view(text: str) -> str:
    """Every long stretch of kana as readings, with a break between; empty if there is none."""
    stretches: list[str] = []
    for found in _WIDER.findall(text):
        wider = found.rstrip(_GAP_CHARS)
        if wider.isalnum():  # most are one run of kana
            if len(wider) >= MIN_KANA:
                stretches.append(wider)
            continue
        for stretch in _STRETCH.findall(wider):
            letters = stretch if stretch.isalnum() else _NOT_KANA.sub("", stretch)
            if len(letters) >= MIN_KANA:
                stretches.append(letters)
    if not stretches:
        return ""
    low = _STOP.join(stretches).encode("utf-16-be")[1::2]
    return _LONG.sub("", codecs.charmap_decode(low, "strict", _LOW_TO_KATAKANA)[0])


def kana_marks(text: str) -> list[Mark]:
    """The marks of `kana_view(text)` over the text."""
    marks: list[Mark] = []
    at = 0
    for low, high in _stretches(text):
        if at:
            marks.append((at, at + 1, low, low))
            at += 1
        places = [match.start() for match in _KANA.finditer(text, low, high)]
        spelt = "".join(text[place] for place in places).translate(_TO_KATAKANA)
        cut = {match.start() for match in _LONG.finditer(spelt)}
        for index, place in enumerate(places):
            if index in cut:
                if marks and marks[-1][1] == at:  # a long vowel belongs to the syllable before it
                    marks[-1] = (*marks[-1][:3], place + 1)
                continue
            marks.append((at, at + 1, place, place + 1))
            at += 1
    return marks


def romaji_view(text: str) -> str:
    """The Latin words that read as Japanese, joined; anything else is a break. Empty if there are too few."""
    return "".join(spelt for spelt, _, _ in _romaji(text))


def romaji_marks(text: str) -> list[Mark]:
    """The marks of `romaji_view(text)` over the text: a word counts whole."""
    marks: list[Mark] = []
    at = 0
    for spelt, low, high in _romaji(text):
        marks.append((at, at + len(spelt), low, high))
        at += len(spelt)
    return marks


def _stretches(text: str) -> list[tuple[int, int]]:
    return [
        match.span()
        for wider in _WIDER.finditer(text)
        for match in _STRETCH.finditer(text, *wider.span())
        if _is_stretch(match.group())
    ]


def _is_stretch(stretch: str) -> bool:
    return len(stretch) >= MIN_KANA and (stretch.isalnum() or len(_KANA.findall(stretch)) >= MIN_KANA)


def _romaji(text: str) -> list[tuple[str, int, int]]:
    """Each word as katakana with its span, and breaks where something else stands between."""
    if _LATIN.search(text) is None:
        return []
    lower = text.lower()
    if _MACRON.search(lower):
        lower = lower.translate(_MACRONS)
    parts: list[tuple[str, int, int]] = []
    words = at = 0
    for match in matches(_WORD, _WORD_FIRST, lower, 0, len(lower)):
        kana = _from_romaji(match.group())
        if not kana:
            continue
        start, end = match.span()
        if not lower[at:start].isspace() and start > at:
            parts.append((BREAK, at, start))
        parts.append((kana, start, end))
        at = end
        words += 1
    return parts if words >= MIN_ROMAJI_WORDS else []


def _from_romaji(word: str) -> str:
    """The katakana of one word that reads as Japanese."""
    kana: list[str] = []
    for double, known, rest in _SYLLABLE.findall(word):
        if not known:
            kana.append("" if rest == "h" else "ン")
        elif known in _SYLLABLES:
            kana.append("ッ" + _SYLLABLES[known] if double else _SYLLABLES[known])
        else:
            return ""
    return _LONG.sub("", "".join(kana))
