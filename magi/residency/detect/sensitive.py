"""要配慮個人情報 and the cases an office treats the same: illness, disability, crime, harm, poverty, belief, ...

A subject alone is public talk; it becomes a case through the people, reports, days and files around it. So every
word of a subject is weighed with what stands within `REACH` characters: signs of a case add, signs of general
talk (a statute, a statistic, an audience) take away, and nothing takes away what identifies a person. Promises:
linear in the length; nothing is looked at unless a subject was found. Leaves to others: names, numbers and
addresses (`persons`, `identifiers`, `contacts`). Source: 個人情報保護法2条3項, 施行令2条; 公益通報者保護法12条 for
the identity of a whistle-blower.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from magi.residency.detect.look import Look
from magi.residency.detect.reading import BREAK, reading
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.detect.search import WordSearch, matches
from magi.residency.detect.sensitive_patterns import (
    COMMISSION,
    LEVEL,
    LEVEL_FIRST,
    LEVEL_NEEDS,
    NEEDS,
    NOBODY_BEFORE,
    PATTERNS,
    SPELT_AGAIN,
)
from magi.residency.detect.views import READING_VIEWS
from magi.residency.detect.words_case import (
    AUDIENCE,
    ENGLISH_FILE,
    ENGLISH_GENERAL,
    ENGLISH_TOLD,
    ENGLISH_WHO,
    EXAM,
    EXAM_ALSO,
    FICTION,
    FILE,
    GENERAL,
    KANA_GENERAL,
    KANA_TOLD,
    KANA_TOPICS,
    KANA_WHO,
    OURS,
    REAL,
    SOME,
    TOLD,
    VAGUE,
    WHEN,
    WHO,
)
from magi.residency.detect.words_plainly import PLAIN_WORDS
from magi.residency.detect.words_sensitive import COLUMNS_3, RULE_WORDS
from magi.residency.detect.words_why import WHY
from magi.residency.label import Label

REACH = 100
"""Characters around a subject that are read with it: two or three sentences, less than the pieces' overlap."""
BLOCK = 64
"""Subjects this close together share one weighing, which bounds the work by the length of the text."""
STRIP = 512
"""Signs are looked for so many characters at a time, and only where a subject is."""
EXAM_CHARS = 3_000
"""An exercise is a page at most; longer texts may hold one beside a case."""
EXAM_WEIGHT = 5.0
"""What takes an exercise's people away: they are somebody (up to 5) without being anybody."""
AUDIENCE_WEIGHT = 3.0
"""What counts against people in a text for the public or a course, wherever in it that is said."""
ENOUGH = 16
"""Hits of one view after which no further strip is read: the label does not depend on them."""
MIN_STRETCH = 8
"""Kana in a row from which they may be a note; the endings between kanji are shorter."""
NOTE_CHARS = 600
"""Anybody (tier below zero) is a case only in a short note: long papers mention people on every page."""
LONG_MORE = 0.75
"""Long papers hold a sign of everything; what is a case in them has one sign more."""
NOTE_THRESHOLD = 3.5
"""Without any subject: a person (2) and a thing or paper of the case (1.5), or somebody's report (1.5)."""
THRESHOLD = 2.75
"""A subject (2) with any clear sign of a case is one; set on some 1,000 invented messages."""

_PREFIX = "sensitive."
_WEIGHTS: Mapping[str, tuple[float, float, float]] = {
    "hard": (3, 0, 3),
    "age": (2.5, 0, 2.5),
    "who": (2, 1, 3),
    "some": (1, 0.5, 1.5),
    "told": (1.5, 0.75, 3),
    "when": (1, 0, 1),
    "file": (1, 0.5, 1.5),
    "past": (1, 0, 1),
    "general": (2, 1.5, 7),
    "vague": (0.75, 0.75, 1.5),
    "fiction": (5, 2, 9),
}
"""For each kind of sign: what the first one counts, each further different one, and the most together."""
_PEOPLE = ("hard", "age", "who", "some")
_CASE = ("told", "when", "file", "past")
_MAX_PEOPLE = 5.0
_MAX_GENERAL_BESIDE_PERSON = 2.0
"""Beside what points at one person, general words only say what is to be made of the case."""
_MORE_SUBJECTS = (0.75, 2.0)
"""What each further subject adds, and the most: a case has several sides."""


class _Subject(NamedTuple):
    start: int
    end: int
    rule: str
    tier: int


@dataclass(frozen=True)
class _Signs:
    """The signs of a strip of a view by kind: where they are, in order of place, and what they say."""

    by_kind: Mapping[str, tuple[list[int], list[str]]] = field(repr=False)

    def weigh(self, start: int, end: int) -> float:
        """The balance of the signs in a stretch: above zero for a case, below for general talk."""
        weights = {kind: self._weight(kind, start, end) for kind in self.by_kind}
        people = min(_MAX_PEOPLE, sum(weights.get(kind, 0) for kind in _PEOPLE))
        against = weights.get("general", 0) + weights.get("vague", 0)
        if weights.get("hard"):
            against = min(against, _MAX_GENERAL_BESIDE_PERSON)
        return people + sum(weights.get(kind, 0) for kind in _CASE) - against - weights.get("fiction", 0)

    def _weight(self, kind: str, start: int, end: int) -> float:
        places, words = self.by_kind[kind]
        first, more, most = _WEIGHTS[kind]
        seen = set(words[bisect_left(places, start) : bisect_left(places, end)])
        return min(most, first + more * (len(seen) - 1)) if seen else 0.0


def _look(look: Look) -> Iterator[Found]:
    """What is a case, strip by strip, until there is enough of it."""
    if look.name in SPELT_AGAIN and len(look.text) > NOTE_CHARS and not look.adds(_SUBJECTS):
        return
    against = _exercise(look)
    if look.name == "plain" and len(look.text) <= NOTE_CHARS:
        yield from _note(look, against)
    strips: dict[int, list[_Subject]] = {}
    for subject in _subjects(look):
        strips.setdefault(subject.start // STRIP, []).append(subject)
    found = 0
    for number in sorted(strips):
        for hit in _cases(look, strips[number], against):
            yield hit
            found += 1
        if found >= ENOUGH:
            return


def _exercise(look: Look) -> float:
    """What counts against every case of the text: it says that it is an exercise, or for whom it is."""
    if len(look.text) > EXAM_CHARS or look.words("sensitive.real"):
        return 0.0
    also = len({word.text for word in look.words("sensitive.exam_also")})
    exam = EXAM_WEIGHT if look.words("sensitive.exam") else min(EXAM_WEIGHT, EXAM_WEIGHT / 2 * also)
    general = look.words("sensitive.audience") or COMMISSION.match(look.text)
    return exam or (AUDIENCE_WEIGHT if general else 0.0)


def _note(look: Look, against: float) -> Iterator[Found]:
    """A short note in which people, reports and days speak of a case, whatever its subject is."""
    signs = _signs(look, 0, len(look.text))
    if signs.weigh(0, len(look.text)) - against >= NOTE_THRESHOLD:
        people = [list(zip(*signs.by_kind[kind], strict=True)) for kind in _PEOPLE if kind in signs.by_kind]
        for at, word in (found[0] for found in people[:1]):
            yield "sensitive.note", at, at + len(word)


def _cases(look: Look, subjects: list[_Subject], against: float) -> Iterator[Found]:
    """What is a case among subjects that stand together."""
    low = max(0, min(subject.start for subject in subjects) - REACH - BLOCK)
    high = min(len(look.text), max(subject.end for subject in subjects) + REACH + BLOCK)
    signs = _signs(look, low, high)
    if look.name not in READING_VIEWS and not LEVEL_NEEDS.isdisjoint(look.text[low:high]):
        levels = (
            _Subject(m.start(), m.end(), _level_rule(m.group()), 3)
            for m in matches(LEVEL, LEVEL_FIRST, look.text, low, high)
        )
        subjects = [*subjects, *levels]
    threshold = THRESHOLD if len(look.text) <= NOTE_CHARS else THRESHOLD + LONG_MORE
    blocks: dict[int, list[_Subject]] = {}
    for subject in subjects:
        blocks.setdefault(subject.start // BLOCK, []).append(subject)
    for number, block in blocks.items():
        near = [subject for beside in (number - 1, number, number + 1) for subject in blocks.get(beside, ())]
        base = signs.weigh(number * BLOCK - REACH, (number + 1) * BLOCK + REACH) + _more(look.text, near)
        for subject in block:
            if subject.tier + base - against >= threshold:
                yield subject.rule, subject.start, subject.end


def _more(text: str, subjects: list[_Subject]) -> float:
    """What several different subjects add; words inside one another are one."""
    seen: set[str] = set()
    end = -1
    for subject in sorted(subjects, key=lambda found: (found.start, -found.end)):
        if subject.start >= end:
            seen.add(text[subject.start : subject.end])
            end = subject.end
    each, most = _MORE_SUBJECTS
    return min(most, each * (len(seen) - 1))


def _subjects(look: Look) -> list[_Subject]:
    """Every word of a subject that stands for itself."""
    found = [
        _Subject(word.start, word.end, rule, tier)
        for category in sorted(_SUBJECTS.keys() & look.found.keys(), key=_ORDER.__getitem__)
        for rule, tier in (_SUBJECTS[category],)
        if tier >= 0 or len(look.text) <= NOTE_CHARS
        for word in look.found[category]
        if _stands_alone(look.text, word.start, word.end)
    ]
    if look.name in READING_VIEWS:
        return [subject for subject in found if subject.tier > 2 or _long_enough(look.text, subject)]  # noqa: PLR2004
    return found


def _long_enough(text: str, subject: _Subject) -> bool:
    """Whether the kana around are a note in kana, not the endings between the kanji of a sentence."""
    low, high = max(0, subject.start - MIN_STRETCH), subject.end + MIN_STRETCH
    start = text.rfind(BREAK, low, subject.start) + 1 or low
    end = text.find(BREAK, subject.end, high)
    return (end if end >= 0 else min(high, len(text))) - start >= MIN_STRETCH


def _level_rule(text: str) -> str:
    if text[-1] in "身籍":
        return "sensitive.origin"
    return "sensitive.health" if text[0] in "hHγbBgGlL血尿" else "sensitive.disability"


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A Latin word may not be a part of another; Japanese has no such border."""
    if (
        "a" <= text[start].lower() <= "z"
        and start
        and text[start - 1].isascii()
        and text[start - 1].isalpha()
    ):
        return False
    last = text[end - 1].lower()
    return not ("a" <= last <= "z" and end < len(text) and text[end].isascii() and text[end].isalpha())


def _signs(look: Look, start: int, end: int) -> _Signs:
    """The signs between two places of a view."""
    sounds = look.name in READING_VIEWS
    text = look.text
    found: dict[str, list[tuple[int, str]]] = {}
    piece = text[start:end]
    for last, (size, word, kind) in (_sounds() if sounds else _words()).find(piece.lower()):
        at = start + last - size
        if _stands_alone(text, at, start + last):
            found.setdefault(kind, []).append((at, word))
    if not sounds:
        for kind, pattern, first in PATTERNS:
            needs = NEEDS.get(kind)
            if needs is not None and not any(map(piece.__contains__, needs)):
                continue
            for match in matches(pattern, first, text, start, end):
                if kind != "hard" or _points_at_one(text, match):
                    found.setdefault(kind, []).append((match.start(), match.group()))
    found = _without_ours(found)
    for signs in found.values():
        signs.sort()
    return _Signs(
        {kind: ([at for at, _ in signs], [word for _, word in signs]) for kind, signs in found.items()}
    )


def _without_ours(found: dict[str, list[tuple[int, str]]]) -> dict[str, list[tuple[int, str]]]:
    """Signs without those inside a sentence that this program says itself."""
    for at, phrase in found.pop("ours", ()):
        for kind, signs in found.items():
            found[kind] = [sign for sign in signs if not at <= sign[0] < at + len(phrase)]
    return {kind: signs for kind, signs in found.items() if signs}


def _points_at_one(text: str, match: re.Match[str]) -> bool:
    """Whether an honorific, a bracket or initials stand where they mean a person."""
    start = match.start()
    first = text[start]
    if "A" <= first <= "Z":
        return not (start and text[start - 1].isascii() and text[start - 1].isalnum())
    if first == "-":
        return True
    before = text[max(0, start - 2) : start]
    return (
        bool(before) and (before[-1].isalpha() or before[-1] in "々ー") and not before.endswith(NOBODY_BEFORE)
    )


@cache
def _words() -> WordSearch[tuple[int, str, str]]:
    english = {"who": ENGLISH_WHO, "told": ENGLISH_TOLD, "file": ENGLISH_FILE, "general": ENGLISH_GENERAL}
    japanese = {
        "who": WHO, "some": SOME, "told": TOLD, "when": WHEN, "file": FILE,
        "general": GENERAL, "vague": VAGUE, "fiction": FICTION, "ours": OURS,
    }  # fmt: skip
    return _search(
        (kind, word.strip())
        for table in (english, japanese)
        for kind, words in table.items()
        for word in words
    )


@cache
def _sounds() -> WordSearch[tuple[int, str, str]]:
    table = {"who": KANA_WHO, "told": KANA_TOLD, "general": KANA_GENERAL}
    return _search(
        (kind, reading(form)) for kind, words in table.items() for word in words for form in _forms(word)
    )


def _forms(word: str) -> tuple[str, ...]:
    """A word that begins with a vowel loses it after a particle, as long vowels are cut over the border of words."""
    return (word, *(particle + word for particle in "ノトモヲ")) if word[0] in "ウオ" else (word,)


def _search(words: Iterable[tuple[str, str]]) -> WordSearch[tuple[int, str, str]]:
    return WordSearch({word: (len(word), word, kind) for kind, word in words})


_RULES = tuple(
    Rule(rule, Label.PERSONAL if rule == "sensitive.note" else Label.SENSITIVE_PERSONAL, ja, en)
    for rule, (ja, en) in WHY.items()
)


def _joined(*tables: Mapping[str, Mapping[int, tuple[str, ...]]]) -> dict[tuple[str, int], tuple[str, ...]]:
    joined: dict[tuple[str, int], tuple[str, ...]] = {}
    for table in tables:
        for rule, tiers in table.items():
            for tier, words in tiers.items():
                joined[rule, tier] = tuple(sorted({*joined.get((rule, tier), ()), *words}))
    return joined


_WORDS = _joined(RULE_WORDS, PLAIN_WORDS, {"sensitive.health": {3: COLUMNS_3}})
_SOUNDS = {
    key: tuple(form for word in words for form in _forms(word)) for key, words in _joined(KANA_TOPICS).items()
}
_SUBJECTS: Mapping[str, tuple[str, int]] = {f"{rule}:{tier}": (rule, tier) for rule, tier in _WORDS} | {
    f"sound.{rule}:{tier}": (rule, tier) for rule, tier in _SOUNDS
}
_ORDER = {category: place for place, category in enumerate(_SUBJECTS)}

SENSITIVE = Detector(
    name="sensitive",
    rules=_RULES,
    views=("plain", "bare", "untagged", "kana", "romaji"),
    look=_look,
    words={
        **{f"{rule}:{tier}": words for (rule, tier), words in _WORDS.items()},
        "sensitive.exam": EXAM,
        "sensitive.exam_also": EXAM_ALSO,
        "sensitive.real": REAL,
        "sensitive.audience": AUDIENCE,
    },
    readings={f"sound.{rule}:{tier}": words for (rule, tier), words in _SOUNDS.items()},
)
"""要配慮個人情報 of persons in concrete cases."""
