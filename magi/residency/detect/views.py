"""The spellings of a text in which a rule may find what the text itself hides.

- raw: as it came. Markings such as ㊙ are read here, before folding turns them into ordinary letters.
- plain: as it reads (`folding`): NFKC, nothing invisible, digits of every script as 0-9.
- untagged: plain without markup tags, ruby readings and link targets.
- values: plain with the fields of JSON, CSV, tables and forms joined: between two values the punctuation, and the
  key of the second, are left out; the first key stays, so that a word beside a number stays beside it.
- tight: plain without white space. bare: letters and digits only; once more without tags where there are any.
- kana: what is written in kana alone, as katakana with long vowels cut. romaji: Latin words that read as
  Japanese, written in the same way. Neither is given where there is nothing in it.

Each exists for the text and for its decoded layers (`decode`); of a layer only the surroundings of what was decoded
are given, the rest having been seen above. Promises: linear in the length; pieces share `overlap` characters and do
not begin or end inside a word or number; `View.place` maps a span back to the text as it came, never narrower than
what it derives from. A view may equal an earlier one of its piece: who reads both is the reader's to mind.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from magi.residency.detect.decode import Layer, layers
from magi.residency.detect.folding import fold_numbers, hidden, plain, plain_marks
from magi.residency.detect.reading import kana_marks, kana_view, reading, romaji_marks, romaji_view
from magi.residency.detect.rule import ViewName
from magi.residency.detect.trace import Mark, place, removed

__all__ = ["READING_VIEWS", "View", "edge", "plain", "reading", "views"]

READING_VIEWS: frozenset[str] = frozenset({"kana", "romaji"})
MAX_SHIFT = 64
"""How far a piece's edge moves to stand between words: longer than any number that a rule looks for."""

_WHITE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[^\W_]+")
_MARKUP = re.compile(
    r"[<《(\]](?:(?<=<)(?:(?:rt|rp)\b[^<>]{0,200}>[^<>]{0,60}</(?:rt|rp)\s{0,4}>|[^<>]{0,1000}>)"
    r"|(?<=《)[ぁ-ゖァ-ヺー・ ]{1,30}》"
    r"|(?<=[\u4e00-\u9fff]\()[ぁ-ゖァ-ヺー・ ]{1,30}\)"
    r"|(?<=\])\([^()\s]{1,500}\))",
    re.IGNORECASE,
)
"""Tags (of ruby with the reading in it), readings in brackets, and the target of a Markdown link."""
_KEY = r"(?:\"[^\"\n]{0,64}\"|'[^'\n]{0,64}')\s{0,4}+[:=]\s{0,4}+"
_FIELD = re.compile(
    rf"[\"'\]}},;\n](?:[\"'\]}}]{{0,3}}[ \r]{{0,4}}+[,;\n]?\s{{0,40}}+[\[{{]{{0,3}}+\s{{0,40}}+{_KEY}[\"'\[{{]{{0,3}}"
    r"|(?<=[^\s\"'][\"'])[ ]{0,2}[,;|\t]\s{0,40}+[\"'](?=[^\s\"']))"
)
"""From a value to the next of a JSON object, its key included, or of a list of quoted values."""
_CELL = re.compile(
    r"[\"' ,;|\t](?<=[0-9][\s\S])(?<![0-9],(?=[0-9]{3}(?>(?:,[0-9]{3})*)(?![0-9])))"
    r"(?:(?<=[,;|\t])|[\"' ]{0,4}+[,;|\t])[\"'\s,;|]{0,12}+(?=[0-9])"
)
"""From number to number of a table or comma-separated line; the commas of thousands stay."""
_ENTRY = re.compile(
    r"[\"', \t\n](?<=[0-9][\s\S])(?:(?<=\n)|[\"', \t]{0,6}+\n)[ \t>*-]{0,12}+[^\W0-9]"
    r"[\w() .-]{0,24}+[:=]\s{0,4}+[\"']?(?=[0-9])"
)
"""From number to number of a form with one entry a line."""
_HAS_FIELD = re.compile("[\"']")
_HAS_CELL = re.compile(r"[0-9][\"' ]{0,5}+[,;|\t](?!(?<=[0-9],)[0-9]{3}(?![0-9]))[\"'\s,;|]{0,12}+[0-9]")
_HAS_ENTRY = re.compile(r"[0-9][\"', \t]{0,7}+\n[^0-9]")


@dataclass(frozen=True)
class View:
    """One spelling of (a piece of) one layer of a text. `label` is what a hit calls it: `plain`, `plain.d1`."""

    name: ViewName
    text: str = field(repr=False)
    layer: Layer = field(repr=False)
    offset: int
    source: str = field(repr=False)
    steps: tuple[Callable[[], Sequence[Mark]], ...] = field(repr=False, default=())
    """The marks of each change, from the view's text down to its source; worked out where a hit needs them."""

    @property
    def label(self) -> str:
        """The view's name, with the depth of the decoded layer it belongs to."""
        return self.name if not self.layer.depth else f"{self.name}.d{self.layer.depth}"

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as it came that a span of this view derives from; never narrower than it."""
        start = min(max(start, 0), len(self.text))
        end = min(max(end, start), len(self.text))
        for marks in self._marks:
            start, end = place(marks, start, end)
        end = min(end, len(self.source))
        while end < len(self.source) and hidden(self.source[end]) and self.source[end] != "\n":
            end += 1  # a mark or selector belongs to the character before it
        return self.layer.place(self.offset + min(start, end), self.offset + end)

    @cached_property
    def _marks(self) -> tuple[Sequence[Mark], ...]:
        return tuple(step() for step in self.steps)


def views(text: str, piece: int, overlap: int) -> Iterator[View]:
    """Every view of every layer, in pieces of about `piece` characters that share at least `overlap`."""
    for layer in layers(text):
        for begin, end in _regions(layer, overlap):
            for low, high in _pieces(layer.text, begin, end, piece, overlap):
                whole = low == 0 and high == len(layer.text)
                yield from _views(layer, low, layer.text if whole else layer.text[low:high])


def _views(layer: Layer, offset: int, source: str) -> Iterator[View]:
    base = plain(source)
    folded: tuple[Callable[[], Sequence[Mark]], ...] = (
        () if base is source or base == source else (cache(lambda: plain_marks(source)),)
    )

    def view(name: ViewName, text: str, *steps: Callable[[], Sequence[Mark]]) -> View:
        return View(name, text, layer, offset, source, (*steps, *folded))

    yield View("raw", source if source.isascii() else source.replace("İ", "I"), layer, offset, source)
    yield view("plain", base)
    yield view("tight", fold_numbers("".join(base.split())), _without(_WHITE, base))
    yield view("bare", fold_numbers("".join(_WORDS.findall(base))), _without(_NOT_WORD, base))
    if ("<" in base or "《" in base or "(" in base) and (untagged := _MARKUP.sub("", base)) != base:
        tags = _without(_MARKUP, base)
        yield view("untagged", untagged, tags)
        if "<" in base or "](" in base:
            letters = fold_numbers("".join(_WORDS.findall(untagged)))
            yield view("bare", letters, _without(_NOT_WORD, untagged), tags)
    else:
        yield view("untagged", base)
    yield _values(view, base)
    if kana := kana_view(base):
        yield view("kana", kana, lambda: kana_marks(base))
    if romaji := romaji_view(base):
        yield view("romaji", romaji, lambda: romaji_marks(base))


def _values(view: Callable[..., View], base: str) -> View:
    text, steps = base, []
    for pattern, has in ((_FIELD, _HAS_FIELD), (_CELL, _HAS_CELL), (_ENTRY, _HAS_ENTRY)):
        if has.search(text) and (joined := pattern.sub("", text)) != text:
            steps.append(_without(pattern, text))
            text = joined
    return view("values", text, *reversed(steps))


def _without(pattern: re.Pattern[str], text: str) -> Callable[[], Sequence[Mark]]:
    return cache(lambda: removed(match.span() for match in pattern.finditer(text)))


def _regions(layer: Layer, overlap: int) -> Iterator[tuple[int, int]]:
    """The whole text, or the surroundings of what a layer decoded, merged where they meet."""
    if not layer.depth:
        yield 0, len(layer.text)
        return
    begin, end = layer.marks[0][0] - overlap, 0
    for low, high, _, _ in layer.marks:
        if low - overlap > end > 0:
            yield edge(layer.text, max(begin, 0), -1), edge(layer.text, end, +1)
            begin = low - overlap
        end = min(high + overlap, len(layer.text))
    yield edge(layer.text, max(begin, 0), -1), edge(layer.text, end, +1)


def _pieces(text: str, begin: int, end: int, piece: int, overlap: int) -> Iterator[tuple[int, int]]:
    if end - begin <= piece:
        yield begin, end
        return
    for start in range(begin, end - overlap, piece - overlap):
        low = start if start == begin else edge(text, start, -1)
        high = min(start + piece, end)
        yield low, high if high == end else edge(text, high, +1)


def edge(text: str, at: int, step: int) -> int:
    """The place nearest to `at`, outward, that does not stand between two ASCII letters, digits or their signs."""
    for _ in range(MAX_SHIFT):
        if not 0 < at < len(text) or not (_sticks(text[at - 1]) and _sticks(text[at])):
            break
        at += step
    return at


def _sticks(char: str) -> bool:
    """Whether a character goes on what stands beside it; marks and format characters do, since folding joins them."""
    return char.isdigit() or (char.isascii() and char.isalnum()) or char in "-‐－" or not char.isprintable()
