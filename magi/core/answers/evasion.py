"""Evasions: a seat that talks around the question, told apart from one that answers, refuses or abstains.

様々な見方があり一概には言えない, 専門家に相談してください: words that would fit any question. An evasion is never
inferred from a tone: a text is one only if it holds known turns of phrase (`evasion_turns`) and, around them,
nothing but topics, links and fillers. Whatever else stands there may be an answer, in words that no list holds. A
plain abstention (棄権, 分かりません) that comes first is an abstention, and a refusal is a refusal.

`told` is what a record says of a seat: an evasion only where no answer could be read. When in doubt it is the
failure or the abstention that `canonicalise` found; all three cast no ballot. Pure; linear in the text's length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from magi.core.answers.envelope import ANSWER_KEYS, Members, open_objects, stated
from magi.core.answers.evasion_turns import FILLERS, IDLE_EN, LINK, POINTED, TOPIC, TURNS
from magi.core.answers.fold import fold, undecorate
from magi.core.answers.outcome import Abstention, Answer, Failure, FailureName, Refusal
from magi.core.answers.phrase import sentences
from magi.core.answers.reading import spoken
from magi.core.answers.silence import silence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from magi.core.answers.outcome import Canonical

Told: TypeAlias = Literal["answer", "refusal", "abstention", "evasion", "failure"]

MAX_SENTENCES: Final = 60
"""An essay without a stand is an evasion too; one of more sentences is not read to its end, and is none."""
MAX_SENTENCE_CHARS: Final = 400
"""A longer sentence says more than these turns of phrase."""

_UNREAD: Final = frozenset(
    {
        FailureName.UNPARSABLE,
        FailureName.NOT_AN_OPTION,
        FailureName.NOT_A_NUMBER,
        FailureName.UNIT_MISSING,
        FailureName.UNIT_MISMATCH,
        FailureName.NOT_A_DATE,
    }
)
"""Failures that say that no answer was found; what names several answers or denies one has spoken to the point.
一概に begins with a numeral, so that it is the unit that is missed there."""
_CLAUSE_END: Final = re.compile(r"[、,;:()「」『』]|\s[-–—]\s")
_KEYS: Final = ANSWER_KEYS | {"ranking", "approved"}


def told(outcome: Canonical, text: str) -> Told:
    """Return the kind of vote that `outcome`, the canonical form of `text`, is recorded as."""
    match outcome:
        case Answer():
            return "answer"
        case Refusal():
            return "refusal"
        case Abstention():
            return "evasion" if is_evasion(text) else "abstention"
        case Failure(name=name):
            return "evasion" if name in _UNREAD and is_evasion(text) else "failure"


def is_evasion(text: str) -> bool:
    """Tell whether a seat's text talks around the question: turns of phrase that fit any question, and no stand.

    Of an answer object only the answer field is read. Never raises.
    """
    said = spoken(text)
    if isinstance(said, FailureName):
        return False
    found = open_objects(said, _KEYS, _answer_words)
    if isinstance(found, FailureName):
        return False
    return (
        any(found.entries) and all(map(_talks_around, found.entries))
        if found.entries
        else _talks_around(said)
    )


def _answer_words(members: Members) -> str | FailureName:
    """The words of the answer field, one a line."""
    words: list[str] = []
    for value in stated(members, _KEYS):
        words.extend(
            item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)
        )
    return "\n".join(words)


def _talks_around(words: str) -> bool:
    parts = sentences(undecorate(fold(words)))
    if not parts or len(parts) > MAX_SENTENCES or any(len(part) > MAX_SENTENCE_CHARS for part in parts):
        return False
    turns = 0
    for part in parts:
        found = list(TURNS.finditer(part))
        quiet = silence(part, "")
        if isinstance(quiet, Refusal) or (quiet is not None and not turns and not found):
            return False  # it refuses, or it abstains before anything else
        turns += len(found)
        if quiet is None and not _says_nothing_else(part, found):
            return False
    return turns > 0


def _says_nothing_else(part: str, turns: Sequence[re.Match[str]]) -> bool:
    """Tell whether a sentence holds nothing but its turns of phrase, their topics, links and fillers."""
    cursor = 0
    for turn in turns:
        if not all(_is_idle(clause) or _is_topic(clause) for clause in _clauses(part[cursor : turn.start()])):
            return False
        cursor = turn.end()
    return all(map(_is_idle, _clauses(part[cursor:])))


def _clauses(words: str) -> list[str]:
    return [clause.strip() for clause in _CLAUSE_END.split(FILLERS.sub("、", words))]


def _is_idle(clause: str) -> bool:
    if LINK.fullmatch(clause):
        return True
    spoken_words = clause.casefold().rstrip(".").split()
    return clause.isascii() and IDLE_EN.issuperset(spoken_words)


def _is_topic(clause: str) -> bool:
    return TOPIC.fullmatch(clause) is not None and POINTED.search(clause) is None
