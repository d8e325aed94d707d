"""Mentions of option ids in folded text: which stand as words of their own, and which of them are denied.

An id inside another word is no mention: `1` in `12`, `1.5`, `第1条` or `1人`; `ア` in `アメリカ`; the articles
and pronouns `A` and `I`. A denied mention is one that the text calls wrong: アではなく, not A, アは誤り.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WINDOW: Final = 32
"""How far around a mention its denial may stand; the longest pattern has under 24 characters."""

_COUNTED: Final = frozenset(
    "年月日円人名%件項条号つ個割万千百億兆回点歳才時分秒階倍台枚本章節款目名週校票m種段"
)
_DENIED_AFTER: Final = re.compile(
    r"[)\]」』\"'} ]{0,4}(?:番|案|説)?\s?(?:"
    r"(?:では|で|じゃ|でも)(?:なくて?|ない|ありません)|でも(?=[^。\n]{1,12}でもな)|"
    r"(?:は|が|も|を)(?:明らかに|明確に)?(?:誤|不|間違|違|正しくな|正しくあ|適切でな|適切ではな|妥当でな|妥当ではな|該当しな|"
    r"該当しま|あり得な|ありえな|除|×)|以外|を除|"
    r"\s(?:is|are|was)\s(?:not|wrong|incorrect|false)\b|\sisn't\b|\sand\snot\b)",
    re.IGNORECASE,
)
_DENIED_BEFORE: Final = re.compile(
    r"\b(?:not|rather than|instead of|except|neither|nor)\s(?:the\s)?(?:option\s|choice\s|選択肢)?[(\"'「]{0,2}$",
    re.IGNORECASE,
)
_ARTICLE: Final = re.compile(
    r" (?!(?:is|was|and|or|nor|but|because|since|cannot|seems|might|could|may|should|also|too|are)\b)[a-z'’]"
)
_LOWER_CASE_TAIL: Final = re.compile(
    r"$|[)\].,:;、。」』\"'}\n]| (?:or|and|is)\b|(?:か|と|や|または|又は|も)"
)


class _Script(Enum):
    DIGIT = auto()
    LATIN = auto()
    HIRAGANA = auto()
    KATAKANA = auto()
    KANJI = auto()
    MARK = auto()
    OTHER = auto()


_RANGES: Final = (
    ("0", "9", _Script.DIGIT),
    ("ぁ", "ゖ", _Script.HIRAGANA),
    ("ァ", "ヺ", _Script.KATAKANA),
    ("ー", "ー", _Script.KATAKANA),
    ("々", "々", _Script.KANJI),
    ("㐀", "䶿", _Script.KANJI),
    ("一", "鿿", _Script.KANJI),
)
_ALPHANUMERIC: Final = frozenset({_Script.DIGIT, _Script.LATIN})
_WORD: Final = frozenset(_Script) - {_Script.OTHER}


@dataclass(frozen=True, slots=True)
class Mention:
    """An option id where it stands in the text; `start` and `end` cover its denial, if it is denied."""

    option: str
    start: int
    end: int
    denied: bool


def find_mentions(folded: str, options: Sequence[str]) -> tuple[Mention, ...]:
    """Find every mention of an option id in folded, undecorated text, in order, without overlaps."""
    return tuple(_mentions(folded, options))


def mentions_any(folded: str, options: Sequence[str]) -> bool:
    """Tell whether folded, undecorated text mentions an option id at all."""
    return next(_mentions(folded, options), None) is not None


def _mentions(folded: str, options: Sequence[str]) -> Iterator[Mention]:
    ids = {option.casefold(): option for option in options}
    pattern = re.compile(
        "|".join(re.escape(one) for one in sorted(options, key=len, reverse=True)), re.IGNORECASE
    )
    for hit in pattern.finditer(folded):
        option = ids.get(hit[0].casefold())
        if option is None or not stands_alone(folded, hit.start(), hit.end(), option):
            continue
        if _is_article(folded, hit.start(), hit.end()):
            continue
        after = _DENIED_AFTER.match(folded, hit.end(), hit.end() + _WINDOW)
        before = _DENIED_BEFORE.search(folded[max(0, hit.start() - _WINDOW) : hit.start()])
        start = hit.start() - len(before[0]) if before else hit.start()
        yield Mention(option, start, after.end() if after else hit.end(), bool(after or before))


def stands_alone(folded: str, start: int, end: int, option: str) -> bool:
    """Tell whether an id at a place is a token of its own by the scripts of its neighbours."""
    before, after = folded[max(0, start - 1) : start], folded[end : end + 1]
    if _script(after) is _Script.MARK:
        return False
    first, last = _script(option[0]), _script(option[-1])
    return not _joins_before(folded, start, before, first) and not _joins_after(folded, end, after, last)


def _joins_before(folded: str, start: int, before: str, first: _Script) -> bool:
    other = _script(before)
    if first is _Script.HIRAGANA:
        return other in _WORD and other is not _Script.KANJI
    if first is _Script.DIGIT and (
        before in {"第", "-", "^", "⁄"} or re.search(r"[0-9][./]$", folded[max(0, start - 2) : start])
    ):
        return bool(before)
    if first is _Script.KANJI:
        return other is _Script.KANJI and before not in {"肢", "案", "は"}
    return _same_word(first, other)


def _joins_after(folded: str, end: int, after: str, last: _Script) -> bool:
    other = _script(after)
    if last is _Script.HIRAGANA:
        return other in _WORD and after not in {"と", "か"}
    if last is _Script.DIGIT:
        return (
            after in _COUNTED
            or re.match(r"[.^⁄][0-9]|,[0-9]{3}", folded[end : end + 4]) is not None
            or _same_word(last, other)
        )
    if last is _Script.KANJI:
        return other is _Script.KANJI and after not in {"案", "説"}
    return _same_word(last, other)


def _same_word(one: _Script, other: _Script) -> bool:
    return one is other or (one in _ALPHANUMERIC and other in _ALPHANUMERIC)


def _is_article(folded: str, start: int, end: int) -> bool:
    """Tell whether a single Latin letter is rather an article, a pronoun or part of a phrase."""
    if end - start != 1 or _script(folded[start]) is not _Script.LATIN:
        return False
    if folded[start].islower() and folded[max(0, start - 1) : start] not in {"(", "[", '"', "'", "「"}:
        return _LOWER_CASE_TAIL.match(folded, end) is None
    return folded[start] in "AI" and _ARTICLE.match(folded, end) is not None


def _script(char: str) -> _Script:
    if not char:
        return _Script.OTHER
    for first, last, script in _RANGES:
        if first <= char <= last:
            return script
    category = unicodedata.category(char)
    if category.startswith("M"):
        return _Script.MARK
    return _Script.LATIN if category.startswith(("L", "N")) else _Script.OTHER
