"""Reading a ranking or an approval: option ids in a list, each read with the care that a single choice gets.

A ranking is stated by the field `ranking` of an object, or in prose by a chain (`B > A = C`) or by numbered places
(1位 B、2位 A); an approval by the field `approved`, or by a sentence that is the list and nothing else. One option
that is unknown, denied or named twice makes the whole a named failure: a ballot is never repaired. An answer that
names one option is a ranking of one tier, or the approval of it alone.

An empty ranking is an abstention where its reason says so, else `empty`; an empty approval approves of nothing,
unless its reason is silent in the same way. Only there the reason is read: the field itself says nothing.

Promises: pure; never raises on any text; linear in its length. Leaves to others: the spelling of ballots and their
way back (`magi.core.rules.spelled`), counting them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from magi.core.answers.choice import Options
from magi.core.answers.envelope import (
    ANSWER_KEYS,
    REASON_KEYS,
    Members,
    basis_of,
    open_objects,
    stated,
    words_of,
)
from magi.core.answers.fold import fold, text_key, undecorate
from magi.core.answers.listed_prose import (
    approval_in_prose,
    is_denied_by,
    ranking_in_prose,
    read_chain,
    read_list,
    read_tiers,
)
from magi.core.answers.mention import mentions_any
from magi.core.answers.outcome import Answer, Canonical, Failure, FailureName
from magi.core.answers.reading import spoken
from magi.core.answers.silence import silence
from magi.core.rules.spelled import spell_approval, spell_ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from magi.core.answers.listed_prose import Tiers
    from magi.core.space import ChoiceSpace

RANKING_KEYS: Final = frozenset({"ranking", "順位", "順位付け", "ランキング"})
APPROVED_KEYS: Final = frozenset({"approved", "approval", "承認"})
_NONE_KEYS: Final = frozenset(
    text_key(word) for word in ("なし", "無し", "該当なし", "いずれもなし", "none", "none of them", "-")
)
"""What a seat may write in `approved` instead of an empty list."""
_NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})

_Form: TypeAlias = Literal["ranking", "approval"]
_Written: TypeAlias = tuple[tuple[str, ...], ...]
"""Tiers as a seat wrote them, folded but not yet read."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object: its list (None where it has none), the single answers beside it, and the rest."""

    written: _Written | None
    beside: tuple[str, ...]
    reason: str
    basis: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What was asked: the form of the list, the options in their order, and their texts."""

    form: _Form
    order: tuple[str, ...]
    options: Options

    def read(self, written: _Written) -> Tiers | FailureName:
        """Read a list as written in an object."""
        if sum(map(len, written)) > len(self.order):
            return FailureName.SEVERAL_ANSWERS  # some option must stand in it twice
        one = written[0][0] if len(written) == 1 and len(written[0]) == 1 else None
        if self.form == "ranking":
            return read_chain(one, self.options) if one is not None else read_tiers(written, self.options)
        if one is not None:
            return self._approved(one)
        flat = read_tiers([(word,) for tier in written for word in tier], self.options)
        return flat if isinstance(flat, FailureName) else (tuple(option for tier in flat for option in tier),)

    def _approved(self, one: str) -> Tiers | FailureName:
        found = read_list(one, self.options)
        return () if isinstance(found, FailureName) and text_key(one) in _NONE_KEYS else found

    def ballot(self, tiers: Tiers) -> str | None:
        """Spell tiers as a ballot; None where an option stands in them twice."""
        place = {option: index for index, option in enumerate(self.order)}
        flat = [option for tier in tiers for option in tier]
        if len(set(flat)) < len(flat):
            return None
        if self.form == "approval":
            return spell_approval(sorted(flat, key=place.__getitem__))
        return spell_ranking([sorted(tier, key=place.__getitem__) for tier in tiers])


def read_ranking(text: str, space: ChoiceSpace, option_texts: Mapping[str, str] = _NO_TEXTS) -> Canonical:
    """Reduce a seat's text to a ranking of the options.

    Returns `Answer` whose ballot is spelled `B>A=C`: tiers best first, the options of a tier in the order of the
    space, unranked ones left out; else `Refusal`, `Abstention` or `Failure`, as `canonicalise` does.

    Raises:
        ValueError: `option_texts` names an id that is not in the space.
    """
    return _read(text, space, option_texts, "ranking")


def read_approval(text: str, space: ChoiceSpace, option_texts: Mapping[str, str] = _NO_TEXTS) -> Canonical:
    """Reduce a seat's text to the options that it approves of.

    Returns `Answer` whose ballot is spelled `A+C`, in the order of the space, or `-` for none; else `Refusal`,
    `Abstention` or `Failure`, as `canonicalise` does.

    Raises:
        ValueError: `option_texts` names an id that is not in the space.
    """
    return _read(text, space, option_texts, "approval")


def _read(text: str, space: ChoiceSpace, option_texts: Mapping[str, str], form: _Form) -> Canonical:
    if set(option_texts) - set(space.options):
        msg = "option_texts names an id that is not in the space"
        raise ValueError(msg)
    sheet = _Sheet(form, space.options, Options.of(space.options, option_texts))
    said = spoken(text)
    if isinstance(said, FailureName):
        return Failure(said)
    keys = RANKING_KEYS if form == "ranking" else APPROVED_KEYS
    envelope = open_objects(said, keys | ANSWER_KEYS, lambda members: _entry(members, keys))
    if isinstance(envelope, FailureName):
        return Failure(envelope)
    before, after = (undecorate(fold(prose)) for prose in (envelope.before, envelope.after))
    if not envelope.entries:
        return _from_prose(after, said.strip(), sheet)
    found = [_from_entry(entry, before, after, sheet) for entry in envelope.entries]
    last = found[-1]
    return last if all(_agree(other, last) for other in found) else Failure(FailureName.SEVERAL_ANSWERS)


def _entry(members: Members, keys: frozenset[str]) -> _Entry | FailureName:
    lists, singles = stated(members, keys), stated(members, ANSWER_KEYS)
    if any(other != lists[0] for other in lists) or any(other != singles[0] for other in singles):
        return FailureName.SEVERAL_ANSWERS
    written = _written((lists or singles)[0])
    if isinstance(written, FailureName):
        return written
    beside = tuple(fold(one) for one in singles if isinstance(one, str) and one.strip()) if lists else ()
    words = ", ".join(word for tier in written or () for word in tier)
    return _Entry(written, beside, words_of(members, REASON_KEYS), basis_of(members), words)


def _written(value: object) -> _Written | FailureName | None:
    """Take a list out of a JSON value; None for nothing, `()` for an empty list."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        return ((undecorate(fold(value)),),)
    if not isinstance(value, list):
        return FailureName.UNPARSABLE if isinstance(value, bool) else FailureName.MALFORMED_JSON
    tiers = [item if isinstance(item, list) else [item] for item in value]
    if not all(isinstance(word, str) for tier in tiers for word in tier):
        return FailureName.MALFORMED_JSON
    folded = [tuple(undecorate(fold(word)) for word in tier if word.strip()) for tier in tiers]
    return tuple(tier for tier in folded if tier)


def _from_entry(entry: _Entry, before: str, after: str, sheet: _Sheet) -> Canonical:
    if not entry.written:
        said = silence(undecorate(fold(entry.reason)), entry.reason)
        if said is not None:
            return said
        if sheet.form == "ranking" or entry.written is None:
            return Failure(FailureName.EMPTY)
    tiers = sheet.read(entry.written) if entry.written else ()
    if isinstance(tiers, FailureName):
        return _silent_or(tiers, undecorate(fold(entry.words)), entry.reason, sheet)
    around = (*entry.beside, before)
    if any(is_denied_by(prose, after, tiers, sheet.options) for prose in around):
        return Failure(FailureName.SEVERAL_ANSWERS)
    if any(_states_another(prose, tiers, sheet) for prose in (before, after)):
        return Failure(FailureName.SEVERAL_ANSWERS)
    return _answer(tiers, sheet, entry.reason, entry.basis, entry.words)


def _states_another(prose: str, tiers: Tiers, sheet: _Sheet) -> bool:
    """Tell whether prose beside an object states a list of its own, or one option, that is not the object's."""
    found = _in_prose(prose, sheet)
    if isinstance(found, FailureName):
        return False
    if len(found) == 1 and len(found[0]) == 1:  # one option may be named alone where it heads the list
        return not tiers or found[0][0] not in tiers[0]
    return sheet.ballot(found) != sheet.ballot(tiers)


def _from_prose(folded: str, words: str, sheet: _Sheet) -> Canonical:
    tiers = _in_prose(folded, sheet)
    if isinstance(tiers, FailureName):
        return _silent_or(tiers, folded, folded, sheet)
    return _answer(tiers, sheet, folded, (), words)


def _in_prose(folded: str, sheet: _Sheet) -> Tiers | FailureName:
    read = ranking_in_prose if sheet.form == "ranking" else approval_in_prose
    return read(folded, sheet.options)


def _answer(tiers: Tiers, sheet: _Sheet, reason: str, basis: tuple[str, ...], words: str) -> Canonical:
    ballot = sheet.ballot(tiers)
    return Answer(ballot, reason, basis, words) if ballot else Failure(FailureName.SEVERAL_ANSWERS)


def _silent_or(failure: FailureName, folded: str, reason: str, sheet: _Sheet) -> Canonical:
    """Silence where no option is spoken of, else the failure."""
    said = None if mentions_any(folded, sheet.options.ids) else silence(folded, reason or folded)
    return said or Failure(failure)


def _agree(one: Canonical, other: Canonical) -> bool:
    if isinstance(one, Answer) and isinstance(other, Answer):
        return one.ballot == other.ballot
    return type(one) is type(other) and getattr(one, "name", None) == getattr(other, "name", None)
