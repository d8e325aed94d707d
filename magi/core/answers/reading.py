"""From a seat's text to a ballot or a named failure: the one entry, `canonicalise`.

The steps, in order:

1. Refuse what is too long or reorders itself on screen.
2. Take thoughts away; what is left must not be empty.
3. Take the answer objects out. Each is read by the space; all must agree, and so must the prose around them.
4. Without an object, read the prose: markers, conclusions, or a text that is the answer and nothing else.
5. Where no vote was found: a refusal, an abstention, or the failure.

Promises: pure and deterministic; never raises on any text; a ballot is only ever something that the text
states; linear in the length of the text. The reason is never read: the answer field is what a seat declares.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from magi.core.answers.choice import Options, read_choice
from magi.core.answers.day import read_day
from magi.core.answers.envelope import Entry, open_envelope, without_thoughts
from magi.core.answers.fold import fold, has_bidi_controls, text_key, undecorate
from magi.core.answers.mention import mentions_any
from magi.core.answers.outcome import (
    Abstention,
    Answer,
    Canonical,
    Failure,
    FailureName,
    Reading,
    Refusal,
    unread,
)
from magi.core.answers.prose import contradicts, read_prose
from magi.core.answers.quantity import read_quantity
from magi.core.answers.silence import MAX_OPEN_SILENCE_CHARS, silence
from magi.core.answers.yes_no import read_yes_no, read_yes_no_prose
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from magi.core.answers.prose import Read
    from magi.core.space import AnswerSpace

MAX_ANSWER_CHARS: Final = 65_536
"""Above any seat's output limit (16,384 tokens at four characters); longer texts come from a fault."""

_NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})


def canonicalise(text: str, space: AnswerSpace, option_texts: Mapping[str, str] = _NO_TEXTS) -> Canonical:
    """Reduce a seat's text to what a rule can count.

    Args:
        text: everything the seat returned, JSON or prose, any characters.
        space: the answer space of the question.
        option_texts: option id -> text as it was shown to the seat; only for a choice, and may be empty.

    Returns:
        `Answer` with the ballot: the option id; `yes`, `no`, `conditional`; an exact decimal in lowest form and
        its unit (`1250000 円`); an ISO date, partial dates as classes of their own (`2026-11`, `--11-22`); `""`
        in an open space. Else `Refusal`, `Abstention`, or `Failure` with its name.

    Raises:
        ValueError: `option_texts` names an id that is not in the space.
    """
    if set(option_texts) - set(space.options if isinstance(space, ChoiceSpace) else ()):
        msg = "option_texts names an id that is not in the space"
        raise ValueError(msg)
    said = spoken(text)
    if isinstance(said, FailureName):
        return Failure(said)
    # 3
    envelope = open_envelope(said)
    if isinstance(envelope, FailureName):
        return Failure(envelope)
    if isinstance(space, OpenSpace):
        return _open(envelope.entries, said)
    options = Options.of(space.options, option_texts) if isinstance(space, ChoiceSpace) else None
    before, after = (undecorate(fold(prose)) for prose in (envelope.before, envelope.after))
    if envelope.entries:
        return _from_entries(envelope.entries, before, after, space, options)
    # 4
    reading = _prose(after, space, _reader(space, options))
    return _outcome(reading, after, Entry((said.strip(),), after, (), ""), options)


def spoken(text: str) -> str | FailureName:
    """Return a seat's text without thoughts (steps 1 and 2), or why there is none that can be read."""
    if len(text) > MAX_ANSWER_CHARS:
        return FailureName.TOO_LONG
    if has_bidi_controls(text):
        return FailureName.UNPARSABLE
    said = without_thoughts(text)
    return said if isinstance(said, FailureName) or undecorate(fold(said)) else FailureName.EMPTY


def _from_entries(
    entries: Sequence[Entry], before: str, after: str, space: AnswerSpace, options: Options | None
) -> Canonical:
    """Read every object; two that come to different things are two answers."""
    found = [_from_entry(entry, space, options) for entry in entries]
    last = found[-1]
    if any(_kind(other) != _kind(last) for other in found):
        return Failure(FailureName.SEVERAL_ANSWERS)
    if isinstance(last, Answer) and contradicts(before, after, last.ballot, _reader(space, options)):
        return Failure(FailureName.SEVERAL_ANSWERS)
    return last


def _from_entry(entry: Entry, space: AnswerSpace, options: Options | None) -> Canonical:
    if len(entry.answers) != 1:
        return Failure(FailureName.SEVERAL_ANSWERS if entry.answers else FailureName.EMPTY)
    folded = undecorate(fold(entry.answers[0]))
    if not folded:
        return Failure(FailureName.EMPTY)
    read = _reader(space, options, entry.unit)
    reading = read(folded, True)  # noqa: FBT003 - the second argument of `Read`
    if reading.failure in _PROSE_MAY_TELL:
        told = _prose(folded, space, read)
        reading = told if told.ballot else reading
    return _outcome(reading, folded, entry, options)


_PROSE_MAY_TELL: Final = frozenset({FailureName.UNPARSABLE, FailureName.NOT_A_NUMBER, FailureName.NOT_A_DATE})
"""Failures that only say that the answer field is no bare answer; it may be a sentence with a marker."""


def _outcome(reading: Reading, folded: str, entry: Entry, options: Options | None) -> Canonical:
    """5. A vote, or silence where no option is spoken of, or the failure."""
    if reading.ballot:
        return Answer(reading.ballot, entry.reason, entry.basis, entry.answers[0])
    if options is None or not mentions_any(folded, options.ids):
        silent = silence(folded, entry.reason or folded)
        if silent is not None:
            return silent
    return Failure(reading.failure or FailureName.UNPARSABLE)


def _open(entries: Sequence[Entry], said: str) -> Canonical:
    if len({tuple(text_key(one) for one in entry.answers) for entry in entries}) > 1:
        return Failure(FailureName.SEVERAL_ANSWERS)
    # A list is the points of one text: nothing is chosen between them.
    entry = entries[-1] if entries else Entry((said.strip(),), "", (), "")
    words = "\n".join(entry.answers).strip()
    folded = fold(words)
    if not folded:
        return Failure(FailureName.EMPTY)
    silent = silence(folded, entry.reason or words) if len(folded) <= MAX_OPEN_SILENCE_CHARS else None
    return silent or Answer("", entry.reason, entry.basis, words)


def _prose(folded: str, space: AnswerSpace, read: Read) -> Reading:
    return read_yes_no_prose(folded) if isinstance(space, YesNoConditionalSpace) else read_prose(folded, read)


def _reader(space: AnswerSpace, options: Options | None, unit: str = "") -> Read:
    """The reader of a space, over folded and undecorated text."""
    match space:
        case ChoiceSpace() if options is not None:
            return lambda segment, stated: read_choice(segment, options, stated=stated)
        case YesNoConditionalSpace():
            return lambda segment, _stated: read_yes_no(segment)
        case NumberSpace():
            beside = undecorate(fold(unit))
            return lambda segment, stated: read_quantity(segment, space.unit, stated=stated, beside=beside)
        case DateSpace():
            return lambda segment, stated: read_day(segment, stated=stated)
        case _:
            return lambda _segment, _stated: unread(FailureName.UNPARSABLE)


def _kind(outcome: Canonical) -> tuple[str, str]:
    match outcome:
        case Answer(ballot=ballot):
            return "answer", ballot
        case Failure(name=name):
            return "failure", name
        case Refusal():
            return "refusal", ""
        case Abstention():
            return "abstention", ""
