"""Masking: reversible pseudonyms for the identifiers of texts, before a domestic third party sees them. Pure.

Only what identifies is replaced (`KINDS`); markings, sensitive topics and everything else that was found stay in the
text and go on counting. Promises: the same original has the same token in every text that is seen together, numbered
by first place; a token is none that stood in the texts before; `unmask` of what `mask` returned is the texts as they
were; no original of two characters or more is left, in any spelling that differs in width, digits, letter case or
white space only; all is masked or nothing is. The same texts and hits give the same table, so it need not be kept.

Masked text is derived text: at least personal (`masked_label`), so masking never opens a way abroad. Leaves to
others: looking at the masked texts again (`magi.service.masked`), who may see them (`policy`).
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ahocorasick

from magi.core.errors import QuestionRefusedError
from magi.core.record import Hit, Opened
from magi.residency.detect.views import View, views
from magi.residency.label import Label, join

KINDS: Mapping[str, str] = {
    "person.": "氏名",
    "person.birth_date": "生年月日",
    "person.unnamed": "人物",
    "identifier.": "番号",
    "my_number.": "番号",
    "contact.": "連絡先",
    "credential.": "鍵",
}
"""Beginnings of the ids of rules that find identifiers, and the word of their tokens; the longest one counts."""

FLOOR = Label.PERSONAL
"""What masked text is at the least: with the table it is still about a person."""
LEAST_CHARS = 2
"""A single character is masked where it was found and not everywhere: it is part of too many other words."""
MAX_NUMBER = 9_999
"""Far more pseudonyms of a kind than a record can hold hits; bounds the search for a free number."""
MAX_ROUNDS = 8
"""Masking every occurrence of an original may join it with its neighbour to a new one; two rounds are usual."""
MAX_TOKEN_CHARS = 16

_ERROR = "error."
"""The rule of a detector that failed: nobody knows what it would have found."""
_PAIRS = ("〔〕", "［］", "[]", "【】", "❲❳", "﹝﹞")
"""Brackets that a model writes for the tokens' own."""
_TOKEN = re.compile(
    "|".join(
        rf"{re.escape(pair[0])}([^\s〔〕［］\[\]【】❲❳﹝﹞]{{2,{MAX_TOKEN_CHARS}}}){re.escape(pair[1])}"
        for pair in _PAIRS
    )
)
_ALIKE = str.maketrans("〇零一二三四五六七八九‐‑‒–—―−ー～〜~", "00123456789" + "-" * 11)  # look-alikes

Texts = Sequence[tuple[str, str]]


class Pseudonym(NamedTuple):
    """A token and what it stands for; never logged or recorded, the original is the caller's text."""

    token: str
    original: str

    def __repr__(self) -> str:
        """The token alone: a traceback may show it."""
        return f"Pseudonym({self.token!r})"


Table = tuple[Pseudonym, ...]


@dataclass(frozen=True)
class Masked:
    """The texts with tokens, under their names and in their order, and the table in order of first place."""

    texts: tuple[tuple[str, str], ...]
    table: Table


class _Span(NamedTuple):
    start: int
    end: int
    word: str


_Spans = Mapping[str, tuple[_Span, ...]]


def word_of(rule: str, kinds: Mapping[str, str] = KINDS) -> str | None:
    """The word for what a rule finds, or None where that is no identifier."""
    prefix = max((prefix for prefix in kinds if rule.startswith(prefix)), key=len, default=None)
    return None if prefix is None else kinds[prefix]


def mask(texts: Texts, hits: Sequence[Hit], kinds: Mapping[str, str] = KINDS) -> Masked:
    """Replace every identifier in the texts by a pseudonym.

    Args:
        texts: (name, text) of every part that is seen together.
        hits: what was found in them; rules that no entry of `kinds` begins are left alone.
        kinds: beginning of a rule's id -> the word in its tokens.

    Raises:
        QuestionRefusedError: unmaskable, with the rules: a hit without a place in one of the texts (found in the parts
            joined), a detector that failed, or an original that cannot be kept out of the masked text.
    """
    rules = tuple(sorted({hit.rule for hit in hits if word_of(hit.rule, kinds)}))
    named = dict(texts)
    if len(named) != len(texts) or any(hit.rule.startswith(_ERROR) for hit in hits):
        raise unmaskable(rules)
    found: dict[str, list[_Span]] = {name: [] for name in named}
    for hit in hits:
        if (word := word_of(hit.rule, kinds)) is None:
            continue
        if not 0 <= hit.start < hit.end <= len(named.get(hit.text, "")):
            raise unmaskable((hit.rule,))
        found[hit.text].append(_Span(hit.start, hit.end, word))
    spans = _everywhere(named, {name: _merged(each) for name, each in found.items()}, rules)
    tokens = _tokens(named, spans, rules)
    masked = {name: _replaced(text, spans[name], tokens) for name, text in named.items()}
    originals = _Originals(tokens)
    if any(originals.stand_in(text) for text in masked.values()):
        raise unmaskable(rules)
    return Masked(
        tuple(masked.items()), tuple(Pseudonym(token, original) for original, token in tokens.items())
    )


def unmask(text: str, table: Table) -> str:
    """The text with originals for the tokens of the table; any other token stays as it is.

    A token counts in full-width digits and in the brackets of `_PAIRS` too, which models write for its own.
    """
    return _unmasked(text, {pseudonym.token: pseudonym.original for pseudonym in table})


def mentions(texts: Iterable[str], originals: Iterable[str]) -> bool:
    """Whether any of the originals of two characters or more stands in any of the texts, in any of its spellings."""
    known = _Originals(originals)
    return any(known.stand_in(text) for text in texts)


def masked_label(declared: int, ancestors: Iterable[int], found: int) -> Label:
    """The label of masked text: what was declared, what it derives from, what is found in it, at least personal."""
    return join((FLOOR, declared, *ancestors, found))


def unmasked_label(opened: Opened, reached: int) -> Label:
    """The label of what has the names in it: the question as it was asked, and every answer to it.

    `reached` is the label of the deliberation, which is that of what was sent.
    """
    if not opened.masked:
        return Label(reached)
    return join((reached, *(hit.label for hit in opened.hits if hit.rule not in opened.cleared)))


def unmaskable(rules: Sequence[str]) -> QuestionRefusedError:
    """The refusal to mask, with the rules that ask for it."""
    return QuestionRefusedError("unmaskable", rules=tuple(rules))


def _unmasked(text: str, originals: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda match: originals.get(_key(match), match.group()), text) if originals else text


def _key(match: re.Match[str]) -> str:
    return f"〔{unicodedata.normalize('NFKC', match.group()[1:-1])}〕"


# Where the originals stand.


def _merged(spans: Iterable[_Span]) -> tuple[_Span, ...]:
    """The spans in order; what overlaps or touches is one, under the word of the first."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.word)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def _everywhere(texts: Mapping[str, str], spans: _Spans, rules: Sequence[str]) -> _Spans:
    """The spans and every other occurrence of what stands in them, until there is none left."""
    for _ in range(MAX_ROUNDS):
        words = _words(texts, spans)
        originals = _Originals(words)
        wider = {name: _merged((*spans[name], *_met(originals, text, words))) for name, text in texts.items()}
        if wider == spans:
            return spans
        spans = wider
    raise unmaskable(rules)


def _words(texts: Mapping[str, str], spans: _Spans) -> dict[str, str]:
    """Every original with the word of its first place, in order of first place."""
    words: dict[str, str] = {}
    for name, text in texts.items():
        for span in spans[name]:
            words.setdefault(text[span.start : span.end], span.word)
    return words


def _met(originals: "_Originals", text: str, words: Mapping[str, str]) -> Iterator[_Span]:
    return (_Span(start, end, words[of]) for start, end, of in originals.find(text))


Occurrence = tuple[int, int, str]
"""A span of a text, and the original that stands there."""


class _Originals:
    """Finds originals of two characters or more in a text, as they are and folded; linear in the text."""

    def __init__(self, originals: Iterable[str]) -> None:
        long = [original for original in originals if len(original) >= LEAST_CHARS]
        folds = ((_folded(original)[0], original) for original in long)
        self._raw = _automaton((original, original) for original in long)
        self._folds = _automaton((fold, original) for fold, original in folds if len(fold) >= LEAST_CHARS)

    def find(self, text: str) -> Iterator[Occurrence]:
        """Every occurrence, overlapping ones too."""
        if self._raw is not None:
            for last, (size, of) in self._raw.iter(text):
                yield last + 1 - size, last + 1, of
        if self._folds is not None:
            fold, view = _folded(text)
            for last, (size, of) in self._folds.iter(fold):
                yield (*view.place(last + 1 - size, last + 1), of)

    def stand_in(self, text: str) -> bool:
        """Whether any of them occurs."""
        return next(self.find(text), None) is not None

    def show_in(self, token: str) -> bool:
        """The same for a token, which needs no folding but of look-alikes."""
        parts = ((self._raw, token), (self._folds, token.translate(_ALIKE)))
        return any(each is not None and next(each.iter(spelt), None) is not None for each, spelt in parts)


def _automaton(entries: Iterable[tuple[str, str]]) -> "ahocorasick.Automaton | None":
    automaton = ahocorasick.Automaton()
    for spelt, original in entries:
        if spelt not in automaton:
            automaton.add_word(spelt, (len(spelt), original))
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton


def _folded(text: str) -> tuple[str, View]:
    """The text in the one spelling that all of its spellings share, and the view that tells where each letter stood."""
    view = next(view for view in views(text, len(text) + 1, 0) if view.name == "tight")
    letters = view.text.translate(_ALIKE)
    lower = letters.lower()
    if len(lower) != len(letters):  # a few letters have two in lower case
        lower = "".join(low if len(low := letter.lower()) == 1 else letter for letter in letters)
    return lower, view


# Tokens.


def _tokens(texts: Mapping[str, str], spans: _Spans, rules: Sequence[str]) -> dict[str, str]:
    """Original to token, in order of first place; no token stands in a text, and none shows an original."""
    taken = {_key(match) for text in texts.values() for match in _TOKEN.finditer(text)}
    words = _words(texts, spans)
    originals = _Originals(words)
    tokens: dict[str, str] = {}
    numbers = {word: _free(word, taken, originals) for word in dict.fromkeys(words.values())}
    for original, word in words.items():
        if (token := next(numbers[word], None)) is None:
            raise unmaskable(rules)
        tokens[original] = token
    return tokens


def _free(word: str, taken: Collection[str], originals: _Originals) -> Iterator[str]:
    for number in range(1, MAX_NUMBER + 1):
        token = f"〔{word}{number}〕"
        if token not in taken and not originals.show_in(token):
            yield token


def _replaced(text: str, spans: Sequence[_Span], tokens: Mapping[str, str]) -> str:
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], tokens[text[span.start : span.end]])
        at = span.end
    return "".join((*parts, text[at:]))
