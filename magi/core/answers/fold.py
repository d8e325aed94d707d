"""Folding: bringing the many ways to write one character to one, without gluing two tokens into a third.

Plain NFKC turns `①②` into `12`, `10²` into `102` and `2½` into `21⁄2`; each would be a vote that nobody cast.
`fold` therefore sets such characters apart before it normalises. `text_key` is the comparison of texts: equal
keys mean equal texts but for width, case, spacing and punctuation. Source: Unicode Standard Annex 15 (NFKC).
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final

_BLANKS: Final = re.compile(r"[^\S\n]+")
_DECORATION: Final = str.maketrans(dict.fromkeys("*`_", " "))
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_KATAKANA_FIRST: Final = 0x30A1
_KATAKANA_LAST: Final = 0x30F6
_KANA_OFFSET: Final = 0x60
_MEANINGFUL_MARKS: Final = frozenset("%?/&#@")
"""Punctuation by Unicode's count, but `10%` is not `10` and `可能?` is not `可能`."""


def fold(text: str) -> str:
    """Return the NFKC form of a text with compound characters set apart by spaces.

    Line feeds stay, other white space becomes one space, invisible format characters go, minus signs become
    `-`, superscripts are written `^2`. Letter case is kept. Idempotent on its own output.
    """
    if not text.isascii():
        # One look-up per distinct character: texts repeat a few hundred of them.
        apart = {ord(char): _set_apart(char) for char in set(text) if not char.isascii()}
        text = unicodedata.normalize("NFKC", text.translate(apart))
    return _BLANKS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def undecorate(folded: str) -> str:
    """Return a folded text with the marks of Markdown emphasis replaced by spaces."""
    return _BLANKS.sub(" ", folded.translate(_DECORATION)).strip()


def has_bidi_controls(text: str) -> bool:
    """Tell whether a text reorders itself on screen, so that a reader may see another answer than we do."""
    return not _BIDI_CONTROLS.isdisjoint(text)


def text_key(text: str) -> str:
    """Return the key under which two texts count as the same.

    Width, case, white space and punctuation do not matter, except where dropping them changes the meaning:
    between two words of letters or digits one space is kept, a mark right before a digit stays (`-5`, `1.5`),
    and so do `%`, `?`, `/`, `&`, `#` and `@`. A text of nothing but punctuation is its own key.
    """
    folded = fold(text).casefold()
    pieces: list[str] = []
    gap = False
    for char, following in pairwise(folded + " "):
        if _is_dropped(char, following):
            gap = True
            continue
        if gap and pieces and _is_word(pieces[-1]) and _is_word(char):
            pieces.append(" ")
        pieces.append(char)
        gap = False
    return "".join(pieces) or folded


def to_katakana(text: str) -> str:
    """Return a text with hiragana written as katakana."""
    return "".join(
        chr(ord(char) + _KANA_OFFSET)
        if _KATAKANA_FIRST <= ord(char) + _KANA_OFFSET <= _KATAKANA_LAST
        else char
        for char in text
    )


def _set_apart(char: str) -> str:
    category = unicodedata.category(char)
    if char == "\u2212":
        return "-"
    if category in {"Me", "Cf"} or "\ufe00" <= char <= "\ufe0f":
        return " " if category == "Me" else ""  # after the box of a keycap emoji stands another token
    return _compound(char, category)


def _compound(char: str, category: str) -> str:
    decomposition = unicodedata.decomposition(char)
    if not decomposition.startswith("<"):
        return char
    tag = decomposition[1 : decomposition.index(">")]
    plain = unicodedata.normalize("NFKC", char)
    if tag in {"super", "sub"}:
        return "^" + plain
    compound = tag in {"circle", "fraction", "compat", "square"}
    if category == "Nl" or tag == "circle" or (compound and any(part.isdecimal() for part in plain)):
        return f" {plain} "
    return char


def _is_dropped(char: str, following: str) -> bool:
    if char.isspace():
        return True
    if char in _MEANINGFUL_MARKS or following.isdecimal():
        return False
    return unicodedata.category(char)[0] in "PC"


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()
