"""One view of a text as a detector sees it: the spelling, the words found in it, its runs of digits.

Promises: every question is answered in time linear in the text at most once, and then by search: detectors may ask
for what stands near each of many places.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

MAX_GAP = 2
"""Characters between the digit groups of one number: a hyphen, a space, or one of each."""

_RUN = re.compile(rf"[0-9][0-9]*+(?>(?:[-‐. ・/　\n]{{1,{MAX_GAP}}}+[0-9]++)*)")
"""Digits with short gaps; every step consumes a digit, so it is linear."""
_CAPITAL = re.compile("[A-Z]")
_GROUP = re.compile(r"[0-9]+")


class Word(NamedTuple):
    """A word that was found: its span in the view's text, as the detector wrote it, and its category."""

    start: int
    end: int
    text: str
    category: str


class Run(NamedTuple):
    """A run of digits with its gaps: span in the view's text, the digits alone, and the groups."""

    start: int
    end: int
    digits: str
    groups: tuple[str, ...]


Found = Mapping[str, Sequence[Word]]
"""Category to its words, in order of where they end."""


class LazyWords(Mapping[str, Sequence[Word]]):
    """Words found of which most are never asked for: a category's are made when somebody first asks."""

    def __init__(self, ends: Mapping[str, list[tuple[int, tuple[int, str]]]]) -> None:
        """Of each category where its words end, their lengths and spellings; one without any is not in it."""
        self._ends = ends
        self._made: dict[str, Sequence[Word]] = {}

    def __getitem__(self, category: str) -> Sequence[Word]:
        """The words of a category, in order of where they end."""
        made = self._made.get(category)
        if made is None:
            new = tuple.__new__  # half the time of the named tuple's own
            made = [
                new(Word, (end - size, end, text, category)) for end, (size, text) in self._ends[category]
            ]
            self._made[category] = made
        return made

    def get(self, category: str, default: Any = None, /) -> Any:  # noqa: ANN401  # as the overloads of a mapping
        """The words of a category, or the default; asked for very often."""
        made = self._made.get(category)
        if made is not None:
            return made
        return self[category] if category in self._ends else default

    def __contains__(self, category: object) -> bool:
        """Whether a category has any."""
        return category in self._ends

    def __iter__(self) -> Iterator[str]:
        """The categories that have any."""
        return iter(self._ends)

    def __len__(self) -> int:
        """How many categories have any."""
        return len(self._ends)


class Look:
    """A view's name and text, the words in it and its numbers; both are searched for when first asked for."""

    def __init__(
        self, name: str, text: str, find: "Callable[[], Found] | Found", plain: "Look | None" = None
    ) -> None:
        """Of a view called `name`; `find` gives the words, or is them; `plain` is the same piece as it reads."""
        self.name = name
        self.plain = plain
        self.text = text
        self._find = find
        self._ends: dict[str, tuple[list[int], int]] = {}

    @cached_property
    def found(self) -> Found:
        """Category to its words in order of place; a category without any is not in it."""
        return self._find() if callable(self._find) else self._find

    def words(self, *categories: str) -> Sequence[Word]:
        """The words of these categories, each category in order of place."""
        found = self.found
        if len(categories) == 1:
            return found.get(categories[0], ())
        return [word for category in categories if category in found for word in found[category]]

    def adds(self, categories: Iterable[str]) -> bool:
        """Whether this spelling shows words of these categories that `plain` does not."""
        if self.plain is None:
            return True
        there = self.plain.found
        return any(
            category not in there
            or [w.text for w in self.found[category]] != [w.text for w in there[category]]
            for category in categories
            if category in self.found
        )

    def near(self, start: int, end: int, *categories: str, before: int = 20, after: int = 20) -> Word | None:
        """The first word of these categories within so many characters before or after the span, or None."""
        low, high = start - before, end + after
        for category in categories:
            words = self.found.get(category)
            if not words:
                continue
            ends, longest = self._ends_of(category, words)
            for index in range(bisect_right(ends, low), len(words)):
                if words[index].start < high:
                    return words[index]
                if ends[index] - longest >= high:
                    break
        return None

    @cached_property
    def capitals(self) -> bool:
        """Whether there is any capital Latin letter: without one there is no name in Latin letters."""
        return _CAPITAL.search(self.text) is not None

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run of digits of the text, with single separators inside taken for part of it."""
        runs: list[Run] = []
        for match in _RUN.finditer(self.text):
            run = match.group()
            start, end = match.span()
            if run.isdigit():
                runs.append(Run(start, end, run, (run,)))
            else:
                groups = tuple(_GROUP.findall(run))
                runs.append(Run(start, end, "".join(groups), groups))
        return tuple(runs)

    def _ends_of(self, category: str, words: Sequence[Word]) -> tuple[list[int], int]:
        if category not in self._ends:
            ends = [word.end for word in words]
            self._ends[category] = (ends, max(word.end - word.start for word in words))
        return self._ends[category]
