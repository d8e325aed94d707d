"""Articles of statutes: as a text cites them (第12条第3項第2号, Article 12(3)), and as a statute is laid out.

A place is a path `12の2/3/2`: article with its branches, paragraph, item; 附則 stands before it. An item without a
paragraph is of the first one, as statutes have it. In a statute's own text the number of a paragraph or item stands
alone at the head of a line (`3 …`, `二 …`), in sequence; that is how 第12条第3項 is found although nobody wrote it.
Leaves to others: which statute it is.
"""

from __future__ import annotations

import re
from typing import Final

from magi.core.answers.numeral import parse_numeral

_NUM: Final = r"(?:[0-9]{1,4}|[一二三四五六七八九十百千〇]{1,7})"
_BRANCH: Final = rf"(?:の{_NUM}(?![0-9一二三四五六七八九十百千〇]|つ|[点者人件個日月年円%]))"
_CITED: Final = re.compile(
    rf"(?P<extra>附則)?(?:第\s?)?(?P<article>{_NUM})条(?![件例約文])(?P<branches>{_BRANCH}*)"
    rf"(?:第?(?P<paragraph>{_NUM})項(?!目))?(?:第?(?P<item>{_NUM})号)?"
)
_ENGLISH: Final = re.compile(
    r"(?<![A-Za-z])art(?:icle|\.)\s?(?P<article>[0-9]{1,4})(?P<branches>(?:-[0-9]{1,3})*)"
    r"(?:,?\s?(?:paragraph\s?)?\((?P<paragraph>[0-9]{1,3})\))?(?:,?\s?(?:item\s?)?\((?P<item>[ivx]{1,5}|[0-9]{1,3})\))?",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(rf"第(?P<article>{_NUM})条(?P<branches>{_BRANCH}*)(?=\s|$|\()")
_EXTRA: Final = re.compile(r"附\s?則(?=\s|$|\()")
_PARAGRAPH: Final = re.compile(r"(?P<number>[0-9]{1,3})\s")
_ITEM: Final = re.compile(r"(?P<number>[一二三四五六七八九十]{1,4})\s")
_ROMAN: Final = (
    "i",
    "ii",
    "iii",
    "iv",
    "v",
    "vi",
    "vii",
    "viii",
    "ix",
    "x",
    "xi",
    "xii",
    "xiii",
    "xiv",
    "xv",
)


def articles_in(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with its citations blanked, and their paths in order; folded text without gaps around wide letters."""
    paths: list[str] = []
    for pattern in (_CITED, _ENGLISH):
        pieces, last = [], 0
        for match in pattern.finditer(text):
            paths.append(_path(match))
            pieces += [text[last : match.start()], "\x00"]
            last = match.end()
        text = "".join([*pieces, text[last:]])
    return text, tuple(paths)


def places_in(folded: str) -> frozenset[str]:
    """The paths that a statute's own layout has, of folded text with its lines."""
    found: set[str] = set()
    prefix, article, paragraph, item = "", "", 0, 0
    for line in folded.split("\n"):
        stripped = line.strip()
        if _EXTRA.match(stripped):
            prefix, article = "附則", ""
        elif heading := _HEADING.match(stripped):
            article, paragraph, item = prefix + _numbers(heading), 1, 0
            found |= {article, f"{article}/1"}
        elif article and _follows(_PARAGRAPH.match(stripped), paragraph):
            paragraph, item = paragraph + 1, 0
            found.add(f"{article}/{paragraph}")
        elif article and _follows(_ITEM.match(stripped), item):
            item += 1
            found.add(f"{article}/{paragraph}/{item}")
    return frozenset(found)


def _follows(match: re.Match[str] | None, before: int) -> bool:
    return match is not None and _whole(match["number"]) == before + 1


def _path(match: re.Match[str]) -> str:
    extra = match.groupdict().get("extra") or ""
    path = extra + _numbers(match)
    paragraph, item = match["paragraph"], match["item"]
    if not paragraph and not item:
        return path
    path = f"{path}/{_whole(paragraph) if paragraph else 1}"
    return f"{path}/{_whole(item)}" if item else path


def _numbers(match: re.Match[str]) -> str:
    """The number of an article and its branches, 12の2の3."""
    branches = (part for part in re.split("[の-]", match["branches"]) if part)
    return "の".join(str(_whole(part)) for part in (match["article"], *branches))


def _whole(token: str) -> int:
    """The value of a numeral; 0, which no article has, for one that is written in no known way."""
    if token.casefold() in _ROMAN:
        return _ROMAN.index(token.casefold()) + 1
    value = parse_numeral(token)
    return int(value) if value is not None else 0
