"""Lists of options in words: chains (`B > A = C`), numbered places (1位 B、2位 A), sentences that approve.

A list is read only where its parts are options and nothing else, one after the other; a part that is not read
makes the whole a named failure. Two lists, a correction, or a conclusion that names an option from further down
the list are `several_answers`. Input is folded, undecorated text.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from magi.core.answers.choice import read_choice
from magi.core.answers.mention import mentions_any
from magi.core.answers.outcome import FailureName, unread
from magi.core.answers.phrase import CORRECTION, bare, sentences
from magi.core.answers.prose import MAX_SEGMENT_CHARS, MAX_SENTENCES, contradicts, read_prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from magi.core.answers.choice import Options
    from magi.core.answers.outcome import Reading

Tiers: TypeAlias = tuple[tuple[str, ...], ...]
"""Option ids, best first; an approval is one tier, and none is no tier."""

MAX_PLACES: Final = 64
"""A list has at most 26 options; more numbered places than this are a table of something else."""

_ORDER: Final = re.compile(r"-?>|→|≻")
_DANGLING: Final = re.compile(r"(?:>|→|≻)\s{0,4}$")
_COMMA: Final = re.compile(r"[,、]")
_JOIN: Final = re.compile(r"[+,、/・&]|と|及び|および|並びに|\band\b", re.IGNORECASE)
_HEAD: Final = re.compile(
    r"(?:順位(?:付け)?|ランキング|最終順位|回答|答え|結論|(?:final )?(?:ranking|answer|order))\s?(?:は|:|=)\s?",
    re.IGNORECASE,
)
_KANJI: Final = "一二三四五六七八九十"
_PLACE: Final = re.compile(
    rf"(?<![0-9.第])(?:第\s?)?(?P<rank>[0-9]{{1,2}}|[{_KANJI}])\s?位\s?(?:は|が|に|:|=|→|,|、)?\s?|"
    r"(?<![0-9A-Za-z])(?P<nth>[0-9]{1,2})(?:st|nd|rd|th)(?: place| choice)?\s?(?:is|:|=|,)\s?",
    re.IGNORECASE,
)
_SHARED: Final = re.compile(r"同率|同順位|同位|同点|\btied?\b", re.IGNORECASE)
_PREFIX: Final = re.compile(
    rf"\(?(?:第?(?P<rank>[0-9]{{1,2}}|[{_KANJI}])\s?位|(?P<nth>[0-9]{{1,2}})[.):])\)?[\s:、,はがに.]{{0,3}}"
)
_APPROVING_HEAD: Final = re.compile(
    r"(?:(?:承認|賛成|支持)[^0-9A-Za-z:は。]{0,12}(?:は|:)|(?:回答|答え|answer)\s?(?:は|:)|approved?\s?:|"
    r"i approve(?: of)? )\s?",
    re.IGNORECASE,
)
_APPROVING_TAIL: Final = re.compile(r"(?:を|に)(?:承認|賛成|支持)(?:します|する|できます|できる)?$")
_APPROVES: Final = re.compile(r"承認|賛成|支持|\bapprov", re.IGNORECASE)
_APPROVES_NONE: Final = re.compile(
    r"(?:いずれ|どれ|どの選択肢|いずれの選択肢)も(?:承認|賛成|支持)(?:は)?(?:しません|しない|できません|できない)|"
    r"i approve (?:of )?none(?: of (?:them|the options|these))?",
    re.IGNORECASE,
)


def read_one(words: str, options: Options, *, stated: bool) -> Reading:
    """Read one option; `stated` as in `read_choice`."""
    if not words.strip() or len(words) > MAX_SEGMENT_CHARS:
        return unread(FailureName.UNPARSABLE)
    return read_choice(words, options, stated=stated)


def read_tier(words: str, options: Options, *, stated: bool = False) -> tuple[str, ...] | FailureName:
    """Read the options of one tier: one, or several with `=` between them."""
    if _breaks_off(words):
        return FailureName.UNPARSABLE
    whole = read_one(words, options, stated=stated)
    if whole.ballot:
        return (whole.ballot,)
    parts = words.split("=")
    if len(parts) == 1 or len(parts) > MAX_PLACES:
        return whole.failure or FailureName.UNPARSABLE
    return _each(parts, options)


def read_chain(words: str, options: Options) -> Tiers | FailureName:
    """Read a ranking written as one chain, in `>` or in commas; one option alone is one tier."""
    whole = read_tier(words, options)
    if not isinstance(whole, FailureName):
        return (whole,)
    parts = _ORDER.split(words, maxsplit=MAX_PLACES)
    if len(parts) == 1:
        parts = _COMMA.split(words, maxsplit=MAX_PLACES)
    if len(parts) == 1:
        return whole
    return read_tiers([(part,) for part in parts], options)


def read_tiers(written: Sequence[tuple[str, ...]], options: Options) -> Tiers | FailureName:
    """Read tiers, each one text or several; a text may say its place (1位 B), and then it must be that place."""
    found: list[tuple[str, ...]] = []
    for index, texts in enumerate(written):
        tier = (
            read_tier(_without_place(texts[0], index, options), options)
            if len(texts) == 1
            else _each(list(texts), options)
        )
        if isinstance(tier, FailureName):
            return tier
        found.append(tier)
    return tuple(found)


def read_list(words: str, options: Options) -> Tiers | FailureName:
    """Read an approval written as one text, with `+`, commas or と between the options."""
    if _breaks_off(words):
        return FailureName.UNPARSABLE
    whole = read_one(words, options, stated=False)
    if whole.ballot:
        return ((whole.ballot,),)
    parts = _JOIN.split(words, maxsplit=MAX_PLACES)
    if len(parts) == 1:
        return whole.failure or FailureName.UNPARSABLE
    tier = _each(parts, options)
    return tier if isinstance(tier, FailureName) else (tier,)


def ranking_in_prose(folded: str, options: Options) -> Tiers | FailureName:
    """Read the ranking that prose states: numbered places, a chain, or a single answer."""
    parts = sentences(folded)
    if len(parts) > MAX_SENTENCES:
        return FailureName.UNPARSABLE
    found = [tiers for tiers in (_numbered(folded, options), _chains(parts, options)) if tiers is not None]
    failure = next((one for one in found if isinstance(one, FailureName)), None)
    if failure is not None or not found:
        return failure or _single(folded, options)
    return found[0] if all(one == found[0] for one in found) else FailureName.SEVERAL_ANSWERS


def approval_in_prose(folded: str, options: Options) -> Tiers | FailureName:
    """Read the approval that prose states: sentences that approve, or a single answer."""
    parts = sentences(folded)
    if len(parts) > MAX_SENTENCES:
        return FailureName.UNPARSABLE
    read = [
        (place, found) for place, part in enumerate(parts) if (found := _approving(part, options)) is not None
    ]
    if not read:
        return _single(folded, options)
    return _agreed([found for _, found in read], _others(parts, [place for place, _ in read]), options)


def is_denied_by(before: str, after: str, tiers: Tiers, options: Options) -> bool:
    """Tell whether prose around a list states an answer that is not at its head, or takes the list back."""
    if not tiers:  # nothing approved: any option, and any change of mind
        return CORRECTION.search(after) is not None or bool(
            _single_ballot(before, options) or _single_ballot(after, options)
        )
    return all(
        contradicts(before, after, one, lambda part, stated: read_one(part, options, stated=stated))
        for one in tiers[0]
    )


def _breaks_off(words: str) -> bool:
    """Tell whether a chain ends in the middle; `<B>` is only a way to set a letter off."""
    return _DANGLING.search(words) is not None and "<" not in words


def _each(parts: Sequence[str], options: Options) -> tuple[str, ...] | FailureName:
    found = []
    for part in parts:
        reading = read_one(part, options, stated=False)
        if not reading.ballot:
            return reading.failure or FailureName.UNPARSABLE
        found.append(reading.ballot)
    return tuple(found)


def _without_place(words: str, index: int, options: Options) -> str:
    """Take `1位` or `1. ` away where it is the place of this tier; another place stays, and is not read."""
    said = _PREFIX.match(words.lstrip())
    if said is None or _number(said["rank"] or said["nth"]) != index + 1:
        return words
    if said["nth"] and any(one.isdecimal() for one in options.ids):
        return words  # `1. 3` may be two options
    return words.lstrip()[said.end() :] or words


def _number(written: str) -> int:
    return _KANJI.index(written) + 1 if written in _KANJI else int(written)


def _numbered(folded: str, options: Options) -> Tiers | FailureName | None:
    """Read numbered places; None where no numbered place names an option."""
    marks = list(islice(_PLACE.finditer(folded), MAX_PLACES + 1))
    ends = [*(mark.start() for mark in marks[1:]), len(folded)]
    segments = [
        folded[mark.end() : end].strip(" \n,、・-") for mark, end in zip(marks, ends, strict=bool(marks))
    ]
    tiers = [read_tier(segment, options, stated=True) for segment in segments]
    if all(isinstance(tier, FailureName) for tier in tiers):
        return None
    if len(marks) > MAX_PLACES or mentions_any(folded[: marks[0].start()], options.ids):
        return FailureName.UNPARSABLE  # what stands before the first place may be another order
    places: dict[int, list[str]] = {}
    for mark, tier in zip(marks, tiers, strict=True):
        if isinstance(tier, FailureName):
            return tier
        rank = _number(mark["rank"] or mark["nth"])
        if rank in places and not _SHARED.search(folded):
            return FailureName.SEVERAL_ANSWERS
        places.setdefault(rank, []).extend(tier)
    found = _in_order(places)
    _, _, rest = segments[-1].replace("\n", "。").partition("。")
    return found if isinstance(found, FailureName) else _agreed([found], rest, options)


def _in_order(places: dict[int, list[str]]) -> Tiers | FailureName:
    """Put the places in order; 1, 2, 3 or, after two that share the first, 1, 3. A gap is no ranking."""
    taken = 0
    for index, rank in enumerate(sorted(places)):
        if rank not in {index + 1, taken + 1}:
            return FailureName.UNPARSABLE
        taken += len(places[rank])
    return tuple(tuple(places[rank]) for rank in sorted(places))


def _chains(parts: Sequence[str], options: Options) -> Tiers | FailureName | None:
    """Read the sentences that are chains; None where no sentence orders options."""
    ordering = [
        place for place, part in enumerate(parts) if _ORDER.search(part) and mentions_any(part, options.ids)
    ]
    if not ordering:
        return None
    read = []
    for place in ordering:
        part = parts[place]
        head = _HEAD.match(part)
        rest = part[head.end() :] if head else part
        read.append(FailureName.UNPARSABLE if _breaks_off(rest) else read_chain(bare(rest), options))
    return _agreed(read, _others(parts, ordering), options)


def _approving(part: str, options: Options) -> Tiers | FailureName | None:
    """Read one sentence that approves; None where it speaks of something else."""
    core = bare(part)
    if _APPROVES_NONE.fullmatch(core):
        return ()
    head, tail = _APPROVING_HEAD.match(core), _APPROVING_TAIL.search(core)
    if head is not None or tail is not None:
        return read_list(core[head.end() if head else 0 : tail.start() if tail else len(core)], options)
    if _APPROVES.search(part) and mentions_any(part, options.ids):
        return FailureName.UNPARSABLE
    return read_list(core, options) if "+" in core and mentions_any(core, options.ids) else None


def _others(parts: Sequence[str], places: Sequence[int]) -> str:
    return "\n".join(part for place, part in enumerate(parts) if place not in set(places))


def _agreed(read: Sequence[Tiers | FailureName], rest: str, options: Options) -> Tiers | FailureName:
    failure = next((one for one in read if isinstance(one, FailureName)), None)
    if failure is not None:
        return failure
    tiers = next(one for one in read if not isinstance(one, FailureName))
    if any(one != tiers for one in read) or is_denied_by("", rest, tiers, options):
        return FailureName.SEVERAL_ANSWERS
    return tiers


def _single(folded: str, options: Options) -> Tiers | FailureName:
    reading = read_prose(folded, lambda part, stated: read_one(part, options, stated=stated))
    return ((reading.ballot,),) if reading.ballot else reading.failure or FailureName.UNPARSABLE


def _single_ballot(folded: str, options: Options) -> str:
    return read_prose(folded, lambda part, stated: read_one(part, options, stated=stated)).ballot
