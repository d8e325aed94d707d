"""The writer's draft: a reply made of accepted claims only, every sentence with the claims that it rests on.

1. The writer is shown the accepted claims as 主張1, 主張2 ..., without seats, and nothing of what was contested.
2. It returns sentences with the labels they rest on. A text of several sentences is taken apart, each with its labels.
3. A sentence is removed, whole and never mended, where it names no claim or one that was not shown, says nothing
   that its claims say, holds a quotation, number, date or article that stands in none of them, carries Markdown,
   a link or HTML, or is too long. The reason of each removal is a code.
4. If nothing is left the draft is empty and says so; the reply is then the list of accepted claims.

Promises: pure; never raises on any text; no word that was removed is in the draft. Leaves to others: whether a claim
is true (`grounding` checks it against the materials), and fine points of meaning: the check is mechanical.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from magi.core.answers import Abstention, Failure, FailureName, Refusal, canonicalise
from magi.core.answers.envelope import Members, open_objects, stated
from magi.core.answers.fold import fold, has_bidi_controls
from magi.core.answers.phrase import WRAPPERS
from magi.core.answers.reading import spoken
from magi.core.claims import StatedClaim
from magi.core.grounding_find import Figure, figures, plain, quotations, span_key
from magi.core.peer_shown import BAR, neutral
from magi.core.space import OpenSpace

MAX_SENTENCE_CHARS: Final = 400
"""Longer ones hide what they claim; official style asks for far shorter sentences."""
MAX_CLAIMS_OF_SENTENCE: Final = 12
"""A sentence that rests on everything shows a reader nothing about where it comes from."""
MAX_SENTENCES: Final = 200
"""A sentence or two on each of 112 claims; what follows is dropped under a name."""
LABEL: Final = "主張"

Removal = Literal[
    "malformed", "no_claim", "unknown_claim", "too_many_claims", "not_grounded", "nothing_shared", "markup", "too_long",
    "over_bound",
]  # fmt: skip

_SENTENCES_KEYS: Final = frozenset({"sentences", "文"})
_TEXT_KEYS: Final = frozenset({"text", "sentence", "本文"})
_CLAIMS_KEYS: Final = frozenset({"claims", "claim", "主張"})
_MARKUP: Final = re.compile(
    r"!?\[[^\[\]\n]{0,400}\][(\[:]|<[A-Za-z/!?]|[A-Za-z][A-Za-z0-9+.-]{1,20}://|\bwww\.|\b(?:javascript|data|mailto):"
    r"|`|\*\*|__|^\s{0,8}(?:#{1,6}|>|[-*+])\s|^\s{0,8}\|",
    re.IGNORECASE,
)
_ENDS: Final = frozenset("。！？")
_ENGLISH_ENDS: Final = frozenset("!?")
"""With white space behind them; else they are part of a word or of markup."""
_OPENERS: Final = dict(zip("「『（(【“", "」』）)】”", strict=True))
_WORD: Final = re.compile(r"[\u4e00-\u9fff々]{2,}|[ァ-ヺー]{2,}|[A-Za-z]{3,}|[0-9]+")
_KANJI_PAIR: Final = 2
"""Two Chinese characters make a word; single ones are shared by any two sentences."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that was kept, and the claims it rests on in the writer's order."""

    text: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is left of a draft, and why each sentence that is not was removed, in the order of the draft."""

    sentences: tuple[Sentence, ...]
    removed: tuple[Removal, ...]

    @property
    def text(self) -> str:
        """The reply; empty where nothing was left."""
        texts = [sentence.text for sentence in self.sentences]
        # English sentences stand apart, Japanese ones do not.
        return "".join(text + " " if text[-1:].isascii() else text for text in texts).rstrip()


def labelled(accepted: Sequence[str]) -> dict[str, str]:
    """The labels under which the writer sees the accepted claims, 主張1 on, in their order; label -> claim id."""
    return {f"{LABEL}{number}": claim for number, claim in enumerate(accepted, start=1)}


def support(claim: StatedClaim) -> str:
    """All that a sentence on this claim may repeat: the claim, its source and its quotation."""
    return "\n".join(part for part in (claim.text, claim.source, claim.quote) if part)


def render(allowed: Mapping[str, str], claim_texts: Mapping[str, str], names: Sequence[str] = ()) -> str:
    """The accepted claims as the place `claims` of the writer's template, one a line and marked as material.

    Args:
        allowed: label -> claim id, as `labelled` gives it.
        claim_texts: claim id -> its text.
        names: of seats, models and makers, taken out of what is shown.

    Raises:
        KeyError: a claim without a text.
    """
    lines = (
        (label, neutral(claim_texts[claim], names).replace("\n", " ")) for label, claim in allowed.items()
    )
    return "\n".join(f"{label}{BAR}{text}" for label, text in lines)


def read_draft(
    text: str, allowed: Mapping[str, str], claim_texts: Mapping[str, str]
) -> Draft | Refusal | Abstention | Failure:
    """Read the writer's text and remove every sentence without support.

    Args:
        text: everything the writer returned.
        allowed: label -> claim id, as it was shown.
        claim_texts: claim id -> what its sentences may repeat (`support`).

    Returns:
        The draft, which may be empty; a refusal or an abstention in prose; `unparsable` for other prose, since a
        text without labels supports nothing; or what `open_objects` names.
    """
    said = spoken(text)
    found = said if isinstance(said, FailureName) else open_objects(said, _SENTENCES_KEYS, _listed)
    if isinstance(found, FailureName):
        return Failure(found)
    if not found.entries:
        silent = canonicalise(text, OpenSpace())
        return silent if isinstance(silent, Refusal | Abstention) else Failure(FailureName.UNPARSABLE)
    if any(entry != found.entries[0] for entry in found.entries):
        return Failure(FailureName.SEVERAL_ANSWERS)
    borne = {claim: _bearing(claim_texts.get(claim, "")) for claim in allowed.values()}
    kept: list[Sentence] = []
    removed: list[Removal] = []
    for item in found.entries[0]:
        for sentence in _sentences(item, allowed):
            if len(kept) + len(removed) == MAX_SENTENCES:
                return Draft(tuple(kept), (*removed, "over_bound"))
            why = sentence if isinstance(sentence, str) else _unsupported(sentence, borne)
            if why is not None:
                removed.append(why)
            elif isinstance(sentence, Sentence):
                kept.append(sentence)
    return Draft(tuple(kept), tuple(removed))


def _listed(members: Members) -> tuple[object, ...] | FailureName:
    lists = stated(members, _SENTENCES_KEYS)
    if any(other != lists[0] for other in lists):
        return FailureName.SEVERAL_ANSWERS
    return tuple(lists[0]) if isinstance(lists[0], list) else FailureName.MALFORMED_JSON


def _sentences(item: object, allowed: Mapping[str, str]) -> Sequence[Sentence | Removal]:
    """The sentences of one element of the draft, each with the element's claims; or why there is none."""
    if not isinstance(item, Members):
        return ["no_claim" if isinstance(item, str) else "malformed"]
    texts, claims = stated(item, _TEXT_KEYS), stated(item, _CLAIMS_KEYS)
    if len(texts) != 1 or not isinstance(texts[0], str) or not _is_readable(texts[0]):
        return ["malformed"]
    held = _held(claims, allowed)
    if isinstance(held, str):
        return [held]
    return [Sentence(part, held) for part in _apart(texts[0])] or ["malformed"]


def _held(claims: Sequence[object], allowed: Mapping[str, str]) -> tuple[str, ...] | Removal:
    """The claims that the labels name, each once, or why they do not stand for any."""
    labels = _labels(claims)
    if labels is None:
        return "malformed"
    if not labels:
        return "no_claim"
    if not set(labels) <= set(allowed):
        return "unknown_claim"
    held = tuple(dict.fromkeys(allowed[label] for label in labels))
    return held if len(held) <= MAX_CLAIMS_OF_SENTENCE else "too_many_claims"


def _labels(claims: Sequence[object]) -> list[str] | None:
    """The labels in their one spelling, or None where they are no list of words."""
    listed = claims[0] if len(claims) == 1 else [] if not claims else None
    listed = [listed] if isinstance(listed, str) else listed
    if not isinstance(listed, list) or not all(isinstance(label, str) for label in listed):
        return None
    return [fold(label).replace(" ", "").strip(WRAPPERS) for label in listed]


def _apart(text: str) -> list[str]:
    """The sentences of a text; a stop inside brackets or a quotation ends none."""
    parts: list[str] = []
    closers: list[str] = []
    start = 0
    for place, char in enumerate(text):
        if char in _OPENERS:
            closers.append(_OPENERS[char])
        elif closers and char == closers[-1]:
            closers.pop()
        elif char == "\n" or (not closers and _ends(text, place)):
            closers.clear()  # a bracket that never closes must not hide the sentences that follow its line
            parts.append(text[start : place + 1].strip())
            start = place + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _ends(text: str, place: int) -> bool:
    return text[place] in _ENDS or (text[place] in _ENGLISH_ENDS and not text[place + 1 : place + 2].strip())


@dataclass(frozen=True, slots=True)
class _Borne:
    """What one claim bears: its figures, its text without white space, its words."""

    figures: frozenset[Figure]
    span: str
    words: frozenset[str]


def _bearing(text: str) -> _Borne:
    spelled = plain(text)
    return _Borne(frozenset(figures(spelled)), span_key(spelled), _words(text))


def _unsupported(sentence: Sentence, borne: Mapping[str, _Borne]) -> Removal | None:
    """Why a sentence must go, or None if it may stay."""
    if len(sentence.text) > MAX_SENTENCE_CHARS:
        return "too_long"
    if _MARKUP.search(fold(sentence.text)):
        return "markup"
    claims = [borne[claim] for claim in sentence.claims]
    if not _grounded(sentence.text, claims):
        return "not_grounded"
    words = _words(sentence.text)
    return None if any(words & claim.words for claim in claims) else "nothing_shared"


def _grounded(text: str, claims: Sequence[_Borne]) -> bool:
    """Whether every quotation, number, date and article of a sentence stands in one of its claims."""
    spelled = plain(text)
    known = frozenset[Figure]().union(*(claim.figures for claim in claims))
    if not all(any(quotation in claim.span for claim in claims) for quotation in quotations(spelled)):
        return False
    # Equal figures are found at once; only a less exact one (第12条 of 第12条第3項) looks through them all.
    return all(figure in known or any(figure.is_in(other) for other in known) for figure in figures(spelled))


def _words(text: str) -> frozenset[str]:
    """What two texts must share some of to speak of one thing: pairs of kanji, words in katakana or Latin, digits."""
    found: set[str] = set()
    for match in _WORD.finditer(fold(text).casefold()):
        word = match[0]
        if "\u4e00" <= word[0] <= "\u9fff":
            found.update(word[place : place + _KANJI_PAIR] for place in range(len(word) - 1))
        else:
            found.add(word)
    return frozenset(found)


def _is_readable(text: str) -> bool:
    return not has_bidi_controls(text) and not any("\ud800" <= char <= "\udfff" for char in text)
