"""Names of residents from abroad: in katakana with marks between their parts, or in Latin letters.

A name counts where one of its parts is common among residents from abroad and something is done with papers.
Promises: linear in the length of the view. Leaves to others: Japanese names by their sound (`persons_kana`).
"""

import re
from collections.abc import Iterator

from magi.residency.detect.look import Look, Word
from magi.residency.detect.rule import Found
from magi.residency.detect.words_foreign import KATAKANA_PARTS, LATIN_PARTS, PAPERS

PAPERS_NEAR = 60
"""The paper or the step stands in the same sentence or the next."""

_KATAKANA_NAME = re.compile(r"[ァ-ヴー]{1,14}(?:[・= ][ァ-ヴー]{1,14}){0,5}")
_BETWEEN = "・= "
_AFTER = re.compile(r"[(][小中高]?[0-9]{1,2}|さん|氏|様|君|くん|ちゃん|の|が|は|に|を|、|,|「|$")
_LATIN_NAME = re.compile(r"[A-Z][A-Za-z'-]{0,20}(?:,? [A-Z][A-Za-z'-]{0,20}){1,4}")
_LATIN_PARTS = frozenset(LATIN_PARTS)
_MIN_PARTS = 2
_SURE_PARTS = 3
_BACK = 48

FOREIGN = {"person.foreign": KATAKANA_PARTS, "person.papers": PAPERS}
"""Words of this module, by category."""


def foreign_names(look: Look) -> Iterator[Found]:
    """Every name of a resident from abroad whose papers the text is about."""
    if "person.papers" not in look.found:
        return
    seen = -1
    for word in look.words("person.foreign"):
        if word.start < seen:
            continue
        span = _katakana(look.text, word)
        if span is None:
            continue
        seen = span[1]
        if look.near(*span, "person.papers", before=PAPERS_NEAR, after=PAPERS_NEAR):
            yield "person.name_in_kana", *span
    for match in _LATIN_NAME.finditer(look.text):
        parts = match.group().replace(",", " ").lower().split()
        if _LATIN_PARTS.isdisjoint(parts):
            continue
        if look.near(*match.span(), "person.papers", before=PAPERS_NEAR, after=PAPERS_NEAR):
            yield "person.name_in_latin", *match.span()


def _katakana(text: str, word: Word) -> tuple[int, int] | None:
    """The whole name around one of its parts: two parts or more, or one with an age behind it."""
    if _is_part(text, word.start - 1) or _is_part(text, word.end):
        return None
    start = word.start
    limit = max(0, word.start - _BACK)
    while start > limit and (
        _is_part(text, start - 1) or (text[start - 1] in _BETWEEN and _is_part(text, start - 2))
    ):
        start -= 1
    match = _KATAKANA_NAME.match(text, start)
    if match is None:
        return None
    parts = re.split(r"[・= ]", match.group())
    aged = re.compile(r"[(][0-9]{1,2}[)、歳]").match(text, match.end()) is not None
    if len(parts) < _MIN_PARTS:
        return match.span() if aged and len(parts[0]) > _MIN_PARTS else None
    listed = sum(part in KATAKANA_SET for part in parts)
    enough = listed >= _MIN_PARTS or len(parts) >= _SURE_PARTS or _AFTER.match(text, match.end())
    return match.span() if enough else None


def _is_part(text: str, at: int) -> bool:
    return 0 <= at < len(text) and ("ァ" <= text[at] <= "ヴ" or text[at] == "ー")


KATAKANA_SET = frozenset(KATAKANA_PARTS)
