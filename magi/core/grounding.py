"""The verifier: does a claim stand in the materials that it names? Deterministic, exact, nothing fuzzy.

1. A claim names its source: a material's id, or a statute that is one of the materials (rank law, named in its head).
2. Its quote, and every 「quotation」 in it, is an exact span of that material but for what `span_key` folds: NFKC,
   white space, forms of dashes and quotation marks.
3. Every number with its unit, date, article and name with digits of the claim occurs there with equal value
   (`grounding_find`). A number or date that the quoted sentence gives otherwise contradicts the claim, even where
   it stands elsewhere in the material.

It tells that words and figures are there, not that the claim follows from them: that is what the seats vote on. A
claim is supported only where something was found; agreement of seats plays no part. Time is linear in claims and
materials. Leaves to others: which claims were voted for, what a verdict makes of a finding.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

from magi.core.fields import Code
from magi.core.frozen import Frozen
from magi.core.grounding_articles import articles_in, places_in
from magi.core.grounding_find import Figure, figures, plain, quotations, span_key

Status = Literal["supported", "unverified", "contradicted", "uncited"]

METHOD: Final = "spans-and-figures-1"
"""The version of what is checked here, for the record; it changes with any rule."""
NO_SOURCE: Final = frozenset({"", "根拠なし", "なし", "無し", "none"})
"""What a seat writes that names no source, folded and in small letters."""
LEAST_QUOTE_CHARS: Final = 4
"""A shorter quote without a figure (の, である) stands in every text and shows nothing."""
MAX_CLAIM_CHARS: Final = 4_000
"""A claim is a sentence; with its quote it fits a page. Longer ones are not looked at."""
MAX_PLACES: Final = 16
"""Places of a quote that are looked at; what is repeated more often is a heading or a footer."""
HEAD_CHARS: Final = 200
"""Where a statute says its own name; further on it names others."""
LEAST_NAME_CHARS: Final = 3
"""Of a statute: 民法 has two and is too short to be told from 公民法; its material has to be named by id."""
WRAPPED_CHARS: Final = 20
"""A line at least this long that does not end a sentence was broken by the page, and goes on in the next."""
MAX_SENTENCE_CHARS: Final = 2_000
"""A line without an end, such as a long row of a table, is looked at in pieces of this length."""
MAX_WRAPPED_LINES: Final = 12
"""Of one sentence: half a page."""
MAX_FIGURES: Final = 64
"""Of one claim; a list of hundreds is no claim that somebody can vote on."""

_ID: Final = re.compile(r"\W*(?:資料|material\s)?\s?(M[1-9][0-9]{0,2})(?![0-9A-Za-z])", re.IGNORECASE)
_ENDS: Final = frozenset("。.!?」)）:：;")
_INSIDE: Final = r"(?:[^。!?\n.]|\.(?!\s|$))"
_SENTENCE: Final = re.compile(
    rf"{_INSIDE}{{0,{MAX_SENTENCE_CHARS}}}(?:[。!?]+[」』)]*|\.(?=\s|$)|\n|$)|{_INSIDE}{{1,{MAX_SENTENCE_CHARS}}}(?![0-9])"
    rf"|{_INSIDE}"
)
_WRAPPING: Final = {"「": "」", "『": "』", '"': '"'}
_DIFFER: Final = {"number": "number_differs", "date": "date_differs"}
_EDGE: Final = re.compile(r"[0-9]{2}|[A-Za-z]{2}")


class ClaimText(Frozen):
    """A claim as a seat made it: its id, its text, the source it names, and the words it quotes (both may be empty)."""

    id: Code
    text: str
    source: str
    quote: str


class Finding(Frozen):
    """What became of one claim, and the codes of everything that was not found, in a fixed order.

    A supported claim has no problem but `no_quote`: its figures are in the material, no place of it was named.
    """

    status: Status
    problems: tuple[Code, ...] = ()


class Coverage(NamedTuple):
    """How many claims of how many are supported."""

    supported: int
    of: int


def check(claim: ClaimText, materials: Mapping[str, str], laws: Collection[str] = ()) -> Finding:
    """Check one claim against the materials.

    Args:
        claim: the claim.
        materials: material id to its text, title included.
        laws: the ids of those of rank law: a statute that is named instead of an id is looked for in their heads.
    """
    return check_all((claim,), materials, laws)[0]


def check_all(
    claims: Iterable[ClaimText], materials: Mapping[str, str], laws: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Check claims against the materials, in their order; each material is read once."""
    pages = {name: _Page(text) for name, text in materials.items()}
    return tuple(_checked(claim, pages, laws) for claim in claims)


def coverage(findings: Iterable[Finding]) -> Coverage:
    """How many of the claims are supported; what cites nothing counts as not."""
    all_of_them = tuple(findings)
    return Coverage(sum(finding.status == "supported" for finding in all_of_them), len(all_of_them))


@dataclass(frozen=True)
class _Page:
    """A material, read as far as a claim needs it."""

    text: str

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def key(self) -> str:
        return span_key(self.plain)

    @cached_property
    def figures(self) -> frozenset[Figure]:
        laid_out = (Figure("article", path) for path in places_in(self.plain))
        return frozenset((*figures(self.plain), *laid_out))

    @cached_property
    def said(self) -> "_Said":
        return _Said(self.figures)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return _sentences(self.plain)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where in `key` each sentence starts."""
        starts, length, last, apart = [], 0, "", False
        for sentence in self.sentences:
            key = span_key(sentence)
            apart = apart or sentence[:1].isspace()
            gap = bool(apart and key and last and _EDGE.fullmatch(last + key[0]))
            starts.append(length + gap)
            length += gap + len(key)
            last, apart = key[-1:] or last, sentence[-1:].isspace() or (apart and not key)
        return tuple(starts)

    def quoted(self, quote: str) -> tuple[tuple[str, ...], ...]:
        """For each place of a quote's key, the sentences that it touches; empty where it does not stand here."""
        places: list[tuple[str, ...]] = []
        at = self.key.find(quote)
        while at >= 0 and len(places) < MAX_PLACES:
            first = max(bisect_right(self.starts, at) - 1, 0)
            last = bisect_right(self.starts, at + len(quote) - 1)
            places.append(self.sentences[first : max(last, first + 1)])
            at = self.key.find(quote, at + 1)
        return tuple(dict.fromkeys(places))


class _Said:
    """Figures, ready to be asked whether they say another one; a look-up for what is written in full."""

    def __init__(self, found: Collection[Figure]) -> None:
        self._exact = frozenset(found)
        self._loose = tuple(figure for figure in self._exact if figure.kind in ("date", "article"))
        self._numbers: dict[str, list[Figure]] = {}
        for figure in self._exact:
            if figure.kind == "number":
                self._numbers.setdefault(figure.value, []).append(figure)

    def says(self, figure: Figure) -> bool:
        if figure in self._exact:
            return True
        if figure.kind == "number":
            return any(figure.is_in(other) for other in self._numbers.get(figure.value, ()))
        return figure.kind != "name" and any(figure.is_in(other) for other in self._loose)


def _checked(claim: ClaimText, pages: Mapping[str, _Page], laws: Collection[str]) -> Finding:
    source = plain(claim.source[:MAX_CLAIM_CHARS]).strip("[]【】()「」 .。")
    if source.casefold() in NO_SOURCE:
        return Finding(status="uncited", problems=("no_source",))
    if not pages:
        return Finding(status="unverified", problems=("no_materials",))
    if len(claim.text) + len(claim.quote) > MAX_CLAIM_CHARS:
        return Finding(status="unverified", problems=("claim_too_long",))
    named = _ID.match(source)
    page = pages.get(named[1].upper()) if named else _statute(source, pages, laws)
    if page is None:
        problem = "unknown_source" if named else "source_not_given"
        return Finding(status="unverified", problems=(problem,))
    text = plain(claim.text)
    cited = (Figure("article", path) for path in articles_in(source)[1])
    stated = tuple(dict.fromkeys((*figures(text, claim=True), *cited)))
    stated = tuple(figure for figure in stated if not _is_id(figure, pages))
    if len(stated) > MAX_FIGURES:
        return Finding(status="unverified", problems=("claim_too_long",))
    return _compared(page, text, stated, plain(claim.quote))


def _statute(source: str, pages: Mapping[str, _Page], laws: Collection[str]) -> _Page | None:
    """The material that is the named statute: the first in order whose head has its name."""
    name = span_key(articles_in(source)[0].split("\x00")[0]).strip("「」『』、,の")
    if len(name) < LEAST_NAME_CHARS:
        return None
    heads = ((each, span_key(plain(pages[each].text[:HEAD_CHARS]))) for each in pages if each in laws)
    return next((pages[each] for each, head in heads if name in head), None)


def _compared(page: _Page, text: str, stated: Sequence[Figure], quote: str) -> Finding:
    key = _unwrapped(span_key(_unmarked(quote)), page)
    places = page.quoted(key) if key else ()
    problems: dict[str, None] = {}
    if key and not places:
        problems["quote_absent"] = None
    elif key and len(key) < LEAST_QUOTE_CHARS and not figures(quote):
        problems["quote_short"] = None
    if any(each not in page.key for each in quotations(text)):
        problems["quotation_absent"] = None
    differing = _differing(places, stated)
    problems |= {_DIFFER[kind]: None for kind in sorted(differing)}
    absent = {figure.kind for figure in stated if not page.said.says(figure)} - differing
    problems |= {f"{kind}_absent": None for kind in sorted(absent)}
    if differing:
        return Finding(status="contradicted", problems=tuple(problems))
    if problems:
        return Finding(status="unverified", problems=tuple(problems))
    if key:
        return Finding(status="supported")
    if stated or quotations(text):
        return Finding(status="supported", problems=("no_quote",))
    return Finding(status="unverified", problems=("no_quote", "nothing_to_check"))


def _differing(places: Sequence[Sequence[str]], stated: Sequence[Figure]) -> frozenset[str]:
    """The kinds of figures that the quoted sentences give otherwise; none where one place of the quote agrees."""
    if not any(figure.kind in _DIFFER for figure in stated):
        return frozenset()
    found = [_differing_at("\n".join(sentences), stated) for sentences in places]
    return min(found, key=lambda kinds: (len(kinds), sorted(kinds)), default=frozenset())


def _differing_at(sentence: str, stated: Sequence[Figure]) -> frozenset[str]:
    """The kinds in which claim and sentence each have a figure of one unit that the other has not."""
    there = figures(sentence)
    said, claimed = _Said(there), _Said(stated)
    ours = {
        (each.kind, each.unit)
        for each in stated
        # A day whose month alone is given is not there, but nothing speaks against it.
        if each.kind in _DIFFER and not said.says(each) and not any(other.is_in(each) for other in there)
    }
    theirs = {
        (each.kind, each.unit)
        for each in there
        if each.kind in _DIFFER and not claimed.says(each) and not any(own.is_in(each) for own in stated)
    }
    return frozenset(kind for kind, _ in ours & theirs)


def _is_id(figure: Figure, pages: Mapping[str, _Page]) -> bool:
    """Tell whether it is the id of a material that the claim mentions, which is no figure."""
    return figure.kind == "name" and figure.value.upper() in pages


def _unmarked(quote: str) -> str:
    """A quote without the marks that `magi.service.sources` sets before lines that look like its own."""
    return "\n".join(line.removeprefix("> ") for line in quote.split("\n"))


def _unwrapped(key: str, page: _Page) -> str:
    """A quote's key without the quotation marks that a seat put around it, unless the material has them."""
    wrapped = len(key) > 1 and _WRAPPING.get(key[0]) == key[-1]
    return key[1:-1] if wrapped and key not in page.key else key


def _sentences(plain_text: str) -> tuple[str, ...]:
    """The sentences of a text: up to a full stop, or to the end of a line that the page did not break."""
    sentences: list[str] = []
    held: list[str] = []
    for match in _SENTENCE.finditer(plain_text):
        held.append(match[0])
        line = match[0].rstrip()
        broken = match[0].endswith("\n") and len(line) >= WRAPPED_CHARS and line[-1] not in _ENDS
        if not (broken and len(held) < MAX_WRAPPED_LINES):
            sentences.append("".join(held))
            held = []
    return tuple(filter(None, (*sentences, "".join(held))))
