"""Prose: where in a text an answer is stated, whatever the space.

Three places state an answer, and no other mention is one: what follows a marker (答えは, 正解：, the answer is),
a conclusion (したがって、ウ), and a text whose first sentence is the answer and nothing else. All statements
must agree; a change of mind after the last of them is `several_answers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from itertools import islice
from typing import Final, TypeAlias

from magi.core.answers.outcome import FailureName, Reading, unread
from magi.core.answers.phrase import BLAME, CORRECTION, SENTENCE_END, sentences

MAX_MARKERS: Final = 32
"""An answer is stated once or a few times; each one is read to the end of its sentence, so this bounds work."""
MAX_SENTENCES: Final = 1_000
"""Far above the longest reasoning measured (a few hundred lines); bounds work on 60,000 line feeds."""
MAX_SEGMENT_CHARS: Final = 4_500
"""An option's text may have 4,000 characters; a longer sentence is no statement of an answer."""
_BEFORE_CHARS: Final = 16
"""How far back a word can turn a marker into its opposite: 最初に考えた答えは."""

Read: TypeAlias = Callable[[str, bool], Reading]
"""Reads one segment; True says that the segment is stated as the answer, False that it must be one by itself."""

_MARKER: Final = re.compile(
    r"(?:(?:回答|解答|答え|答|正解|正答|結論)\s{0,2}(?:は|:|=|→|->|】|\]|\n)|"
    r"\banswer\s{0,2}(?:is\s?:?|:|=|→|->|\n)|"
    r"\b(?:final|correct|best|right|my) (?:choice|option)\s?(?:is\s?:?|:|=)|"
    r"\bi (?:choose|select|pick)\b|"
    r"\\boxed\{(?:\\text\{)?)[\s、,:]{0,8}",
    re.IGNORECASE,
)
_OPPOSED: Final = re.compile(
    r"(?:不|誤|誤った|誤りの|間違った|間違いの|\bwrong ?|\bincorrect ?|\bworst ?|\bnot the ?)$", re.IGNORECASE
)
"""Right before a marker these make it name what is not the answer: 不正解は, the wrong answer is."""
_DOUBTFUL: Final = re.compile(
    r"間違|ほか|他|別|違う|もし|仮|最初|当初|はじめ|初め|以前|前回|"
    r"\b(?:another|not|possible|first|initial|previous|if|would|might|other)\b",
    re.IGNORECASE,
)
"""Somewhere before a marker these may make it another's answer, or one that was given up."""
_CONCLUSION: Final = re.compile(
    r"(?:したがって|従って|よって|ゆえに|故に|以上より|以上から|以上により|\b(?:therefore|thus|hence)\b)[\s、,:]{0,8}",
    re.IGNORECASE,
)


def read_prose(folded: str, read: Read) -> Reading:
    """Read the one answer that a text states, in plain prose.

    Returns the agreed ballot; `several_answers` for disagreement, self-contradiction, or a correction after the
    last statement; else the failure of the last marked statement or of the first sentence.
    """
    parts = sentences(folded)
    marked = _marked(folded, read)
    if len(marked) > MAX_MARKERS or len(parts) > MAX_SENTENCES:
        return unread(FailureName.UNPARSABLE)
    plain = [reading for how, reading in marked if how is _How.PLAIN]
    alone = [_claim(part, read) for part in parts]
    if not plain and not any(
        _CONCLUSION.search(part) and reading.ballot for part, reading in zip(parts, alone, strict=True)
    ):
        return _opening(parts, alone) if not marked else unread(FailureName.UNPARSABLE)
    if plain and not plain[-1].ballot:
        return plain[-1]
    last = max(
        place for place, part in enumerate(parts) if _MARKER.search(part + "\n") or _CONCLUSION.search(part)
    )
    if any(CORRECTION.search(part) for part in parts[last + 1 :]):
        return unread(FailureName.SEVERAL_ANSWERS)
    # The reasoning may weigh options one by one; what opens, concludes or closes the text may not differ.
    weighed = [
        _without_failure(reading)
        for place, (part, reading) in enumerate(zip(parts, alone, strict=True))
        if place == 0 or place > last or _CONCLUSION.search(part)
    ]
    return agree([*plain, *(reading for how, reading in marked if how is not _How.PLAIN), *weighed])


def contradicts(before: str, after: str, ballot: str, read: Read) -> bool:
    """Tell whether prose before or after an answer object states another answer, or takes it back."""
    marked = _marked(before, read) + _marked(after, read)
    parts = sentences(before) + sentences(after)
    if len(marked) > MAX_MARKERS or len(parts) > MAX_SENTENCES or CORRECTION.search(after):
        return True
    alone = [_without_failure(_claim(part, read)) for part in parts]
    together = agree([Reading(ballot=ballot), *(reading for _, reading in marked), *alone])
    return together.failure is not None


def agree(readings: Sequence[Reading]) -> Reading:
    """Join readings of one text: one ballot that none of them denies, or a named failure."""
    ballots = {reading.ballot for reading in readings if reading.ballot}
    denied = frozenset[str]().union(*(reading.denied for reading in readings))
    several = any(reading.failure is FailureName.SEVERAL_ANSWERS for reading in readings)
    if several or len(ballots) > 1 or ballots & denied:
        return unread(FailureName.SEVERAL_ANSWERS)
    return Reading(ballot=ballots.pop(), denied=denied) if ballots else unread(FailureName.UNPARSABLE)


_JOINED: Final = re.compile(
    r"(?:ただし|しかし|もっとも|または|又は|あるいは|もしくは|むしろ|but|however|or)[\s、,]{0,4}",
    re.IGNORECASE,
)
"""What ties a sentence to the one before: ア。または、イ。 states two answers."""


class _How(Enum):
    """How a marker names what follows it."""

    PLAIN = auto()
    OPPOSED = auto()
    DOUBTFUL = auto()


def _marked(folded: str, read: Read) -> list[tuple[_How, Reading]]:
    """Read what follows each marker; one marker more than allowed is read, so that the caller sees it."""
    found: list[tuple[_How, Reading]] = []
    for mark in islice(_MARKER.finditer(folded), MAX_MARKERS + 1):
        before = folded[max(0, mark.start() - _BEFORE_CHARS) : mark.start()].rpartition("\n")[2]
        reading = _segment(folded, mark.end(), read)
        if _OPPOSED.search(before):
            found.append((_How.OPPOSED, Reading(denied=frozenset({reading.ballot} - {""}))))
        elif _DOUBTFUL.search(before):
            found.append((_How.DOUBTFUL, _without_failure(reading)))
        else:
            found.append((_How.PLAIN, reading))
    return found


def _segment(folded: str, start: int, read: Read) -> Reading:
    end = SENTENCE_END.search(folded, start)
    stop = end.start() if end else len(folded)
    if stop - start > MAX_SEGMENT_CHARS or (end and end[0] == "?"):
        return unread(FailureName.UNPARSABLE)
    return read(folded[start:stop], True)  # noqa: FBT003 - the second argument of `Read`


def _claim(part: str, read: Read) -> Reading:
    """Read a sentence that must be an answer and nothing else, after its conclusion word if it has one."""
    if len(part) > MAX_SEGMENT_CHARS:
        return unread(FailureName.UNPARSABLE)
    joined = _JOINED.match(part)
    start = max((found.end() for found in _CONCLUSION.finditer(part)), default=joined.end() if joined else 0)
    return read(part[start:], False)  # noqa: FBT003 - the second argument of `Read`


def _without_failure(reading: Reading) -> Reading:
    return Reading(ballot=reading.ballot, denied=reading.denied)


def _opening(parts: Sequence[str], alone: Sequence[Reading]) -> Reading:
    """Read a text without markers: its first sentence is the answer or there is none."""
    if not parts or not alone[0].ballot:
        return alone[0] if alone else unread(FailureName.EMPTY)
    if len(parts) > 1 and BLAME.search(parts[1]):  # 「ア。これは誤り。」
        return unread(FailureName.UNPARSABLE)
    if any(CORRECTION.search(part) for part in parts[1:]):
        return unread(FailureName.SEVERAL_ANSWERS)
    return agree([alone[0], *(_without_failure(reading) for reading in alone[1:])])
