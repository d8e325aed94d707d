"""Many words in one pass over a text: Aho-Corasick, on pairs of bytes instead of characters.

The library looks a character up among a state's branches one by one, and Japanese words begin with over a thousand
characters; cut into two bytes each (UTF-16), a branch is found within some dozens. Promises: time linear in the
text; places are those of the text, whatever planes its characters are of. Leaves to others: what the words mean.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

import ahocorasick

Entry = TypeVar("Entry")

_WIDE = re.compile("[\U00010000-\U0010ffff]")
"""Characters of two units each: what stands behind them is further on in UTF-16 than in the text."""


class WordSearch(Generic[Entry]):
    """Words with what each stands for: in a text, where each of them ends, and that."""

    def __init__(self, words: Mapping[str, Entry]) -> None:
        """Build the automaton.

        Raises:
            ValueError: a word is empty.
        """
        if "" in words:
            msg = "expected words to have letters, got an empty one"
            raise ValueError(msg)
        self._automaton: ahocorasick.Automaton | None = ahocorasick.Automaton() if words else None
        if self._automaton is not None:
            for word in _likely_first(words):
                self._automaton.add_word(_pairs(word), words[word])
            self._automaton.make_automaton()

    def find(self, text: str) -> Iterable[tuple[int, Entry]]:
        """Where each word that is in the text ends, and its entry: in order of place, the longer first.

        Letter case counts: whoever does not mind it passes small letters, of which the words are then too.
        """
        if self._automaton is None:
            return ()
        pairs = _pairs(text)
        ends = [((last + 1) >> 1, entry) for last, entry in self._automaton.iter(pairs) if last & 1]
        # An even last byte is one of two characters' halves.
        return ends if len(pairs) == 2 * len(text) else _in_text(ends, text)


def matches(
    pattern: re.Pattern[str], first: re.Pattern[str] | None, text: str, start: int, end: int
) -> Iterator[re.Match[str]]:
    """What `pattern.finditer` gives; where `first` says what every match begins with, it is tried only there.

    A set of characters is sought several times as fast as a choice of patterns is tried at every place.
    """
    if first is None:
        yield from pattern.finditer(text, start, end)
        return
    at = start
    for place in first.finditer(text, start, end):
        if place.start() >= at and (match := pattern.match(text, place.start(), end)) is not None:
            at = match.end()
            yield match


def _in_text(ends: Iterable[tuple[int, Entry]], text: str) -> Iterator[tuple[int, Entry]]:
    """Ends counted in units of UTF-16, counted in characters."""
    wide = [match.end() + before for before, match in enumerate(_WIDE.finditer(text), 1)]
    for end, entry in ends:
        yield end - bisect_left(wide, end + 1), entry


def _pairs(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").decode("latin-1")


def _likely_first(words: Iterable[str]) -> list[str]:
    """Words in an order in which a state's frequent branches come first, since they are tried in turn."""
    words = list(words)
    count: dict[str, int] = {}
    for word in words:
        for char in word:
            count[char] = count.get(char, 0) + 1
    return sorted(words, key=lambda word: ([-count[char] for char in word], word))
