"""Lists of labelled options in a question's text: ア イ ウ, A. B. C., (1) (2), ① ② ③.

A list is a run of labels of one family in order from its first, at line starts or in brackets within a line.
What cannot be told apart (the same family counted twice, as in two questions) is no list. Whether a list is what
the question asks to choose from is for `magi.core.derive` to say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from magi.core.space import MAX_OPTIONS, MIN_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAMILIES: Final = (
    tuple("アイウエオカキクケコサシスセソタチツテトナニヌネノハ"),
    tuple("イロハニホヘトチリヌルヲ"),
    tuple("あいうえおかきくけこ"),
    tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    tuple(str(number) for number in range(1, MAX_OPTIONS + 1)),
    tuple("甲乙丙丁戊己庚辛壬癸"),
)
_CIRCLED: Final = r"[①-⑳㋐-㋺⑴-⒇]"
_LABEL: Final = r"(?:[ァ-ヶｱ-ﾝぁ-んA-Za-zＡ-Ｚａ-ｚ甲乙丙丁戊己庚辛壬癸]|[0-9０-９]{1,2})"
_LINE: Final = re.compile(
    rf"[ \t　]{{0,16}}(?:[-*・][ \t　]{{0,4}})?(?:選択肢)?"
    rf"(?:(?P<circled>{_CIRCLED})[ \t　.．、:：]{{0,4}}"
    rf"|[(（\[［【](?P<boxed>{_LABEL})[)）\]］】][ \t　.．、:：]{{0,4}}"
    rf"|(?P<plain>{_LABEL})(?:[)）.．、:：](?![0-9０-９])[ \t　]{{0,4}}|[ \t　]{{1,4}}))"
    r"(?P<text>\S.*)$"
)
_INLINE: Final = re.compile(rf"(?P<circled>{_CIRCLED})|[(（](?P<boxed>{_LABEL})[)）]")
_CONNECTIVES: Final = frozenset("とはがをにのでやも及又、,・~〜～-")
"""What may follow a reference such as (1)と(2), and never begins an option."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The options found, as (id, text) in order, and the text outside them."""

    entries: tuple[tuple[str, str], ...]
    outside: str


@dataclass(frozen=True, slots=True)
class _Item:
    label: str
    text: str
    line: int


def find_listing(text: str) -> Listing | None:
    """Find the one list of a text, or None if there is none or more than one could be meant.

    Where lists of different families follow each other (statements ア to エ, then combinations 1 to 5), the
    last is the one to choose from.
    """
    lines = text.splitlines()
    runs = _runs([item for place, line in enumerate(lines) for item in _line_item(line, place)])
    if not runs:
        return _inline(lines)
    families = [_family(run) for run in runs]
    if len(set(families)) != len(families):
        return None
    run = runs[-1]
    entries = tuple((item.label, _with_continuation(item, lines, run)) for item in run)
    return _listing(entries, "\n".join([*lines[: run[0].line], *lines[run[-1].line + 1 :]]))


def _inline(lines: Sequence[str]) -> Listing | None:
    """Find (ア) … (イ) … within one line; what stands before the first label is outside, and nothing else."""
    found: list[Listing] = []
    for place, line in enumerate(lines):
        marks = list(islice(_INLINE.finditer(line), MAX_OPTIONS + 1))
        ends = [*(mark.start() for mark in marks[1:]), len(line)]
        items = [
            _Item(
                _plain(mark["circled"] or mark["boxed"]), line[mark.end() : end].strip(" \t　、,;；"), place
            )
            for mark, end in zip(marks, ends, strict=False)
        ]
        runs = _runs(items)
        if not runs:
            continue
        if len(runs[0]) != len(items) or any(item.text[:1] in _CONNECTIVES for item in items):
            return None  # labels are referred to here, not listed
        entries = tuple((item.label, item.text) for item in items)
        listing = _listing(entries, "\n".join([*lines[:place], line[: marks[0].start()]]))
        found.extend([listing] if listing else [])
    return found[0] if len(found) == 1 else None


def _listing(entries: tuple[tuple[str, str], ...], outside: str) -> Listing | None:
    return Listing(entries, outside) if all(text for _, text in entries) else None


def _line_item(line: str, place: int) -> tuple[_Item, ...]:
    found = _LINE.match(line)
    if found is None:
        return ()
    label = _plain(found["circled"] or found["boxed"] or found["plain"])
    return (_Item(label, found["text"].strip(), place),)


def _plain(label: str) -> str:
    """Bring a label to the id of its option: Ａ and a to A, ② to 2, ⑴ to 1, ｱ to ア."""
    return unicodedata.normalize("NFKC", label).strip("()").upper()


def _runs(items: Sequence[_Item]) -> list[tuple[_Item, ...]]:
    """Split labelled items into runs that count up in one family from its first label."""
    runs: list[tuple[_Item, ...]] = []
    place = 0
    while place < len(items):
        run = max((_run_at(items, place, family) for family in _FAMILIES), key=len)
        if len(run) >= MIN_OPTIONS:
            runs.append(run)
        place += max(1, len(run))
    return runs


def _run_at(items: Sequence[_Item], start: int, family: tuple[str, ...]) -> tuple[_Item, ...]:
    run: list[_Item] = []
    for item, label in zip(items[start : start + len(family)], family, strict=False):
        if item.label != label:
            break
        run.append(item)
    return tuple(run)


def _family(run: tuple[_Item, ...]) -> int:
    labels = tuple(item.label for item in run)
    return next(place for place, family in enumerate(_FAMILIES) if family[: len(labels)] == labels)


def _with_continuation(item: _Item, lines: Sequence[str], run: tuple[_Item, ...]) -> str:
    """Join an option with the lines up to the next one; where the last one ends is not known: its own line."""
    following = [other.line for other in run if other.line > item.line]
    if not following:
        return item.text
    more = (line.strip() for line in lines[item.line + 1 : following[0]])
    return " ".join([item.text, *(line for line in more if line)])
