"""Claims of an open statement: what a seat states, one point at a time, and on what it says each rests.

A seat answers an open question with `answer`, `claims` (each with `claim`, `source`, `quote`), `reason` and
`concern`. Whether the text is an answer at all is decided by `canonicalise`, as for every question; here its claims
are read. A claim that cannot be read is set aside under a name and stands for nothing; prose is an answer without
claims; no sentence of an answer is turned into a claim that the seat did not make. Two claims of one seat that
contradict each other both stay: the reviewers decide.

Promises: pure; never raises on any text; at most `MAX_CLAIMS` claims; the order in which answers came decides
nothing. Leaves to others: whether a source bears a claim (`magi.core.grounding`), the vote (`claim_vote`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from magi.core.answers import Abstention, Answer, Failure, FailureName, Refusal, canonicalise
from magi.core.answers.concern import severity
from magi.core.answers.envelope import ANSWER_KEYS, Members, open_objects, stated
from magi.core.answers.fold import has_bidi_controls, text_key
from magi.core.answers.reading import spoken
from magi.core.space import OpenSpace

MAX_CLAIMS: Final = 8
"""Claims of one seat that are voted on: fourteen reviewers read them all, and a point has few parts."""
MAX_CLAIM_CHARS: Final = 600
"""A claim is a sentence or two; what is longer is an essay, and a vote on it would say nothing."""
MAX_SOURCE_CHARS: Final = 200
"""A statute with its article, or a title; the record's codes are bounded alike."""
MAX_QUOTE_CHARS: Final = 2_000
"""A long paragraph of a statute fits."""

Basis = Literal["cited", "stated", "none"]
Fault = Literal["claims_malformed", "claim_malformed", "claim_empty", "claim_too_long", "more_claims"]

_CLAIMS_KEYS: Final = frozenset({"claims", "主張"})
_CLAIM_KEYS: Final = frozenset({"claim", "主張", "text"})
_SOURCE_KEYS: Final = frozenset({"source", "basis", "根拠", "出典"})
_QUOTE_KEYS: Final = frozenset({"quote", "引用"})
_NOTHING: Final = frozenset(
    {"", "根拠なし", "根拠無し", "なし", "無し", "特になし", "none", "null", "n/a", "na"}
)
_BASES: Final[tuple[Basis, ...]] = ("cited", "stated", "none")
_NUMBERS: Final = re.compile(r"([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class StatedClaim:
    """One claim as the seat wrote it; `source` and `quote` are empty where it gave none."""

    text: str
    source: str = ""
    quote: str = ""

    @property
    def basis(self) -> Basis:
        """`cited` with a source and a quotation, `stated` with a source alone, else `none` (根拠なし)."""
        if not self.source:
            return "none"
        return "cited" if self.quote else "stated"


@dataclass(frozen=True, slots=True)
class OpenStatement:
    """An open answer with its claims; `set_aside` names what was not read, each name once.

    All but `severity` and `set_aside` are the seat's words and belong in a body.
    """

    answer: str
    reason: str = ""
    claims: tuple[StatedClaim, ...] = ()
    severity: str | None = None
    set_aside: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimGroup:
    """Claims of equal text: one claim, voted on once under `id`; `members` holds `id` too, `asks` made them."""

    id: str
    members: tuple[str, ...]
    asks: tuple[str, ...]


def read_open(text: str) -> OpenStatement | Refusal | Abstention | Failure:
    """Read a seat's open answer and its claims.

    Returns the statement, or what `canonicalise` makes of a text that is no answer; `several_answers` also where
    one object holds two different lists of claims.
    """
    told = canonicalise(text, OpenSpace())
    if not isinstance(told, Answer):
        return told
    said = spoken(text)
    found = said if isinstance(said, FailureName) else open_objects(said, ANSWER_KEYS, _listed)
    if isinstance(found, FailureName):
        return Failure(found)
    # Several objects hold one and the same answer here; the last is the one that the seat left standing.
    claims, faults = _read_claims(found.entries[-1]) if found.entries else ((), ())
    return OpenStatement(told.words, told.reason, claims, severity(text), faults)


def named(ask: str, statement: OpenStatement) -> dict[str, StatedClaim]:
    """The claims of a statement by the id that records use: `a2.c1`, `a2.c2`, in the seat's order."""
    return {f"{ask}.c{number}": claim for number, claim in enumerate(statement.claims, start=1)}


def merged(statements: Mapping[str, OpenStatement]) -> tuple[ClaimGroup, ...]:
    """Bring claims of equal folded text together, over `statements` by ask.

    A group goes by its member with the best basis (cited, stated, none), the first of equals; groups stand in the
    order of their ids. The order of `statements` does not matter.
    """
    members: dict[str, list[tuple[str, str, Basis]]] = {}
    for ask in in_order(statements):
        for claim_id, claim in named(ask, statements[ask]).items():
            members.setdefault(text_key(claim.text), []).append((claim_id, ask, claim.basis))
    groups = {}
    for same in members.values():
        first = min(same, key=lambda member: _BASES.index(member[2]))
        asks = tuple(dict.fromkeys(ask for _, ask, _ in same))
        groups[first[0]] = ClaimGroup(first[0], tuple(claim_id for claim_id, _, _ in same), asks)
    return tuple(groups[claim_id] for claim_id in in_order(groups))


def in_order(names: Mapping[str, object] | Sequence[str]) -> tuple[str, ...]:
    """Asks or claim ids with their numbers read as numbers: a2 before a10, a2.c9 before a2.c10."""
    return tuple(sorted(names, key=_natural))


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    parts = _NUMBERS.split(name)
    return tuple((1, int(part), "") if place % 2 else (0, 0, part) for place, part in enumerate(parts))


def _listed(members: Members) -> object | FailureName:
    lists = stated(members, _CLAIMS_KEYS)
    if any(other != lists[0] for other in lists):
        return FailureName.SEVERAL_ANSWERS
    return lists[0] if lists else None


def _read_claims(value: object) -> tuple[tuple[StatedClaim, ...], tuple[Fault, ...]]:
    if value is None:
        return (), ()
    if not isinstance(value, list):
        return (), ("claims_malformed",)
    claims: list[StatedClaim] = []
    faults: dict[Fault, None] = {}
    for item in value:
        if len(claims) == MAX_CLAIMS:
            faults["more_claims"] = None
            break
        claim = _claim(item)
        if isinstance(claim, StatedClaim):
            claims.append(claim)
        else:
            faults[claim] = None
    return tuple(claims), tuple(faults)


def _claim(item: object) -> StatedClaim | Fault:
    """Read one claim; a bare string is a claim for which nothing was named."""
    if isinstance(item, str):
        parts: tuple[str | None, ...] = (item.strip(), "", "")
    elif isinstance(item, Members):
        parts = tuple(_one(item, keys) for keys in (_CLAIM_KEYS, _SOURCE_KEYS, _QUOTE_KEYS))
    else:
        return "claim_malformed"
    text, source, quote = parts
    if text is None or source is None or quote is None or not all(map(_is_readable, (text, source, quote))):
        return "claim_malformed"
    if text_key(text) in _NOTHING:
        return "claim_empty"
    if len(text) > MAX_CLAIM_CHARS or len(source) > MAX_SOURCE_CHARS or len(quote) > MAX_QUOTE_CHARS:
        return "claim_too_long"
    return StatedClaim(text, *("" if text_key(part) in _NOTHING else part for part in (source, quote)))


def _one(members: Members, keys: frozenset[str]) -> str | None:
    """Return the one string under the keys, "" where there is none, None where it is no string or there are two."""
    values = stated(members, keys)
    if not values or values == [None]:
        return ""
    return values[0].strip() if len(values) == 1 and isinstance(values[0], str) else None


def _is_readable(text: str) -> bool:
    """No text that reorders itself on screen, and no half of a character: JSON escapes can spell both."""
    return not has_bidi_controls(text) and not any("\ud800" <= char <= "\udfff" for char in text)
