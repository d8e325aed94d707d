"""The search of many words at once, and the search by what a match begins with: as the plain ways find them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect import sensitive_patterns as signs
from magi.residency.detect.search import WordSearch, matches

CASES = Path(__file__).parent / "cases"
LETTERS = st.sampled_from("あいア極秘𠮷😀aé中丨\u4e00\u004e〇\ud800")
WORD = st.text(LETTERS, min_size=1, max_size=4)


@given(st.lists(WORD, max_size=12), st.text(LETTERS, max_size=60))
def test_every_word_is_found_where_it_ends(words, text):
    """What is found is what looking for each word alone finds, in order of place and the longer word first."""
    search = WordSearch({word: word for word in words})
    expected = sorted(
        (
            (at + len(word), word)
            for word in set(words)
            for at in range(len(text))
            if text.startswith(word, at)
        ),
        key=lambda found: (found[0], -len(found[1])),
    )

    assert list(search.find(text)) == expected


def test_halves_of_two_characters_are_no_word():
    """U+4E00 U+304E has the bytes of U+0030 in its middle: a search of bytes alone would see it."""
    search = WordSearch({"\u0030": "zero"})

    assert list(search.find("\u4e00\u304e")) == []
    assert list(search.find("\u4e00\u0030")) == [(2, "zero")]


def test_empty_word_is_refused():
    """A word without letters would be everywhere."""
    with pytest.raises(ValueError, match="to have letters"):
        WordSearch({"": 1})


@pytest.mark.parametrize("kind", [*(kind for kind, _, first in signs.PATTERNS if first), "level"])
def test_beginnings_of_patterns_lose_no_match(kind):
    """Over all invented cases a pattern tried only at its beginnings matches what it matches when tried anywhere."""
    by_kind = {kind: (pattern, first) for kind, pattern, first in signs.PATTERNS}
    by_kind["level"] = (signs.LEVEL, signs.LEVEL_FIRST)
    pattern, first = by_kind[kind]
    texts = [
        json.loads(line)["text"]
        for path in CASES.glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    found = [[m.span() for m in matches(pattern, first, text, 0, len(text))] for text in texts]

    assert found == [[m.span() for m in pattern.finditer(text)] for text in texts]
    assert sum(map(len, found)) > 10


def test_matches_do_not_overlap():
    """After a match the search goes on behind it, and not before the start or beyond the end."""
    pattern, first = re.compile("aa"), re.compile("a")

    assert [m.span() for m in matches(pattern, first, "aaaaaa", 1, 6)] == [(1, 3), (3, 5)]
    assert [m.span() for m in matches(pattern, None, "aaaaaa", 1, 4)] == [(1, 3)]
