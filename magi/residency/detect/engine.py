"""The engine: runs every detector over every view of a text and collects what fired.

Promises: never raises; never calls out; time and memory linear in the length of the text (words by one
Aho-Corasick pass a view, over-long text in overlapping pieces, never cut); a detector that errs makes the text
what that detector's strictest rule would, and a text that cannot be spelt out in full (`decode`) what the strictest
rule of all would; a detector sees the same letters once a piece, under the first of its views that has them (raw
apart, which is always shown); the same text gives the same hits. Building the automaton takes some
milliseconds and is done once, at start, not at import. Leaves to others: a limit on the time (a process pool for
long texts, `magi.service`), and what else a label derives from (`magi.residency.labelling`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from magi.core.canonical import Plain, canonical, digest
from magi.core.record import Hit
from magi.residency.detect.look import Found, LazyWords, Look
from magi.residency.detect.manner import MANNER_RULE, Manner, weighed
from magi.residency.detect.rule import Detector, Rule
from magi.residency.detect.search import WordSearch
from magi.residency.detect.views import READING_VIEWS, View, reading, views
from magi.residency.label import Label

PIECE_CHARS = 16_384
"""A text is looked at in pieces of this size: it bounds what one detector sees at a time."""
OVERLAP_CHARS = 512
"""Pieces share this many characters, more than any rule's window reaches."""
MAX_HITS_A_RULE = 16
"""Further hits of one rule in one text say nothing new; the label does not depend on them."""


UNSPELT = "error.spelling"
"""The rule of a text that hides more than is looked at: deeper, longer, or what no view could be made of."""
Spell = Callable[[str, int, int], Iterable[View]]
_Entry = tuple[tuple[str, tuple[int, str]], ...]
"""The categories that a word is in, its length, and how each of them spells it."""
_Searched = dict[tuple[WordSearch[_Entry], str], Found]


@dataclass(frozen=True)
class _Fired:
    """A rule and the span of a view; without a view the span is one of the text."""

    rule: Rule
    view: View | None
    start: int
    end: int


class Detectors:
    """All detectors of an installation, ready to look. Holds no state between texts."""

    def __init__(
        self, detectors: Sequence[Detector], spell: Spell = views, manner: Manner | None = None
    ) -> None:
        """Build the automata; `spell` gives the views of a text.

        With a `manner` the text's wording is judged too: by itself, and where a rule only weighs words.

        Raises:
            ValueError: two rules or detectors share an id, a rule's id cannot stand in a hit, or an empty word.
        """
        self._manner = manner
        self.rules: dict[str, Rule] = {}
        for rule in (
            _unspelt_rule(detectors),
            MANNER_RULE,
            *(r for d in detectors for r in (*d.rules, _error_rule(d))),
        ):
            if rule.id in self.rules:
                msg = f"expected rule ids to differ, got {rule.id!r} twice"
                raise ValueError(msg)
            self.rules[rule.id] = rule
            Hit(text="text", rule=rule.id, label=int(rule.label), view="raw", start=0, end=0)
        self._spell = spell
        self._readers: dict[str, list[Detector]] = {}
        for detector in detectors:
            for name in detector.views:
                self._readers.setdefault(name, []).append(detector)
        self._searches = _searches(self._readers)
        covered = [_table(detectors), None if manner is None else manner.plain()]
        self.version = f"detect/1/sha256:{digest(canonical(covered))}"

    def find(self, text: str, name: str = "text") -> tuple[Hit, ...]:
        """Every hit in one text, in order of place; `name` is what the hits call the text."""
        hits: dict[tuple[str, int, int], Hit] = {}
        counts: dict[str, int] = {}
        for fired in self._fired(text):
            rule = fired.rule
            if counts.get(rule.id, 0) >= MAX_HITS_A_RULE:
                continue
            start, end = fired.view.place(fired.start, fired.end) if fired.view else (fired.start, fired.end)
            if (rule.id, start, end) in hits:
                continue
            counts[rule.id] = counts.get(rule.id, 0) + 1
            hits[rule.id, start, end] = Hit(
                text=name,
                rule=rule.id,
                label=int(rule.label),
                view=fired.view.label if fired.view else "raw",
                start=start,
                end=end,
            )
        found = tuple(sorted(hits.values(), key=lambda hit: (hit.start, hit.end, hit.rule)))
        return found if self._manner is None else self._judged(text, name, found, self._manner)

    def _judged(self, text: str, name: str, hits: tuple[Hit, ...], manner: Manner) -> tuple[Hit, ...]:
        """The hits that stand beside the manner of the text; without any, the manner speaks for itself."""
        try:
            return weighed(text, hits, manner) or tuple(manner.hits(text, name))[:MAX_HITS_A_RULE]
        except Exception:  # noqa: BLE001  # what cannot be judged is not cleared by it
            unspelt = self.rules[UNSPELT]
            broken = Hit(
                text=name, rule=UNSPELT, label=int(unspelt.label), view="raw", start=0, end=len(text)
            )
            return (*hits, broken)

    def _fired(self, text: str) -> Iterator[_Fired]:
        searched: _Searched = {}
        seen: set[tuple[str, bool, str]] = set()
        plain: Look | None = None
        try:
            for view in self._spell(text, PIECE_CHARS, OVERLAP_CHARS):
                if view.name == "raw":  # the first view of a piece
                    searched.clear()
                    seen.clear()
                    plain = None
                look = Look(view.name, view.text, partial(self._search, view, searched), plain)
                if view.name == "plain":
                    plain = look
                for detector in self._readers.get(view.name, ()):
                    if view.name != "raw":
                        shown = (detector.name, view.name in READING_VIEWS, view.text)
                        if shown in seen:
                            continue  # it read the same letters under another name
                        seen.add(shown)
                    yield from _looked(detector, look, view, self.rules)
        except Exception:  # noqa: BLE001  # what cannot be spelt out is not cleared by it
            yield _Fired(self.rules[UNSPELT], None, 0, len(text))

    def _search(self, view: View, searched: _Searched) -> Found:
        able = self._searches[view.name]
        for search in able:
            if (search, view.text) in searched:
                return searched[search, view.text]
        return searched.setdefault((able[0], view.text), _words(able[0], view.text))


def _words(search: WordSearch[_Entry], text: str) -> Found:
    ends: defaultdict[str, list[tuple[int, tuple[int, str]]]] = defaultdict(list)
    for end, entries in search.find(text.lower()):
        for category, word in entries:
            ends[category].append((end, word))
    return LazyWords(dict(ends))


def _looked(detector: Detector, look: Look, view: View, rules: dict[str, Rule]) -> Iterator[_Fired]:
    try:
        for rule, start, end in detector.look(look):
            yield _Fired(rules[rule], view, start, end)
    except Exception:  # noqa: BLE001  # whatever went wrong, the text is not cleared by it
        yield _Fired(rules[f"error.{detector.name}"], view, 0, len(view.text))


def _unspelt_rule(detectors: Sequence[Detector]) -> Rule:
    return Rule(
        UNSPELT,
        max((detector.ceiling for detector in detectors), default=Label.SECRET),
        "符号化が深い、展開後に長すぎる等のため全文を確認できず、最も厳しい区分として扱います。",
        "It is encoded too deeply or too long to be read in full, so the text counts as the strictest label.",
    )


def _error_rule(detector: Detector) -> Rule:
    return Rule(
        f"error.{detector.name}",
        detector.ceiling,
        "検出器が失敗したため、その検出器で最も厳しい区分として扱います。",
        "The detector failed, so the text counts as the strictest label it can give.",
    )


def _searches(readers: Mapping[str, Sequence[Detector]]) -> dict[str, tuple[WordSearch[_Entry], ...]]:
    """For each view the search of what its readers look for, and then those that look for that and more."""
    made: dict[tuple[bool, frozenset[str]], WordSearch[_Entry]] = {}
    wanted: dict[str, tuple[bool, frozenset[str]]] = {}
    for view, detectors in readers.items():
        sounds = view in READING_VIEWS
        wanted[view] = (sounds, frozenset(detector.name for detector in detectors))
        if wanted[view] not in made:
            made[wanted[view]] = _word_search(detectors, sounds=sounds)
    return {
        view: (
            made[sounds, names],
            *(made[other] for other in made if other[0] is sounds and other[1] > names),
        )
        for view, (sounds, names) in wanted.items()
    }


def _word_search(detectors: Iterable[Detector], *, sounds: bool) -> WordSearch[_Entry]:
    table: dict[str, list[tuple[str, str]]] = {}
    for detector in detectors:
        for category, words in (detector.readings if sounds else detector.words).items():
            for word in words:
                spelt = reading(word) if sounds else word.lower()
                if not spelt:
                    msg = f"expected words to have letters, got an empty one in {category!r}"
                    raise ValueError(msg)
                table.setdefault(spelt, []).append((category, word))
    return WordSearch(
        {spelt: tuple((c, (len(spelt), word)) for c, word in entries) for spelt, entries in table.items()}
    )


def _table(detectors: Sequence[Detector]) -> Plain:
    """What a version covers: rules, labels and words. The code is covered by the manifest's code digest."""
    return [
        {
            "name": d.name,
            "views": list(d.views),
            "rules": [[rule.id, int(rule.label), rule.topic, rule.ja, rule.en] for rule in d.rules],
            "words": {category: sorted(words) for category, words in d.words.items()},
            "readings": {category: sorted(words) for category, words in d.readings.items()},
        }
        for d in detectors
    ]
