"""The manner of a text: whether it reads like a case and unpublished business, or like general talk.

A linear model over short runs of characters (`SHORTEST_RUN` to `LONGEST_RUN`), fitted to the invented messages in
`tests/residency/cases` by `tests/residency/fit_manner.py` and shipped as a table of whole numbers, `manner.json`. It
knows no identifier and no marking, which the other detectors find by rule; it sees what no single word gives away
(「昨日の件、起案は来週」). Integers only: the score of a stretch is `bias` plus the sum of the weights of the runs in
it, over the square root of their number, in thousandths of a logit.

Promises: pure, linear in the length (one Aho-Corasick pass), the same score on every machine. A text is scored in
stretches of whole lines or sentences of up to `STRETCH_CHARS`, since a case may be one paragraph of a long text.
Leaves to others: identifiers, markings, topics (their detectors), reading the table from its file (`magi.service`).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import ahocorasick

from magi.core.canonical import Plain
from magi.core.errors import MalformedFileError
from magi.core.record import Hit
from magi.residency.detect.decode import layers
from magi.residency.detect.folding import plain
from magi.residency.detect.rule import Rule
from magi.residency.label import Label

SHORTEST_RUN, LONGEST_RUN = 1, 4
"""Up to four characters: two kanji compounds, or a verb's ending with its particle."""
STRETCH_CHARS = 400
"""The messages it was fitted to are of up to this length; a longer text is scored piece by piece."""
WHOLE_CHARS = 1_000
"""A text of one page is one matter: what its first line asks for holds for all of it."""
LEAST_CHARS = 8
"""Fewer characters say nothing about the manner."""
MANNER_RULE = Rule(
    "manner.case",
    Label.INTERNAL,
    "文面全体が、個別の事案や未公表の業務の書き方に近いため(語の並びによる推定)。",
    "The text as a whole reads like a particular case or unpublished business (estimated from its wording).",
)
WEIGHED = ("sensitive.", "content.", "person.unnamed")
"""Rules that weigh words of a subject: what they take for a case may be talk about such cases in general."""
WORDED = frozenset({"raw", "plain", "tight", "bare", "untagged", "values"})
"""Views of the text's own wording; in a decoded layer or in kana the manner cannot be seen from outside."""

_DIGITS = re.compile(r"[0-9]")
_SPACE = re.compile(r"[ \t\u3000]+")
_SENTENCE = re.compile(r"[^。!?\n]*[。!?\n]*")


class Manner:
    """The fitted table, ready to score. `weights` are thousandths of a logit by run of characters.

    `least` is the score from which a stretch counts as a case; `doubt` the score below which a hit that only weighs
    words is taken for general talk.
    """

    def __init__(self, weights: Mapping[str, int], bias: int, least: int, doubt: int) -> None:
        """Build the automaton."""
        self.bias, self.least, self.doubt = bias, least, doubt
        self._weights = dict(weights)
        self._runs = ahocorasick.Automaton()
        for run in sorted(weights):
            self._runs.add_word(run, run)
        self._runs.make_automaton()

    def plain(self) -> dict[str, Plain]:
        """As plain JSON values, for a digest."""
        return {"bias": self.bias, "least": self.least, "doubt": self.doubt, "weights": dict(self._weights)}

    def score(self, text: str) -> int:
        """The score of one stretch in thousandths of a logit; higher reads more like a case."""
        found = {run for _, run in self._runs.iter(folded(text))}
        total = sum(map(self._weights.__getitem__, found))
        return self.bias + total * 1000 // max(math.isqrt(len(found) * 1_000_000), 1)

    def hits(self, text: str, name: str) -> Iterator[Hit]:
        """Every stretch of a text, also of what is encoded in it, that reads like a case."""
        for layer in layers(text):
            for start, end in stretches(layer.text):
                if self.score(plain(layer.text[start:end])) >= self.least:
                    first, last = layer.place(start, end)
                    view = "plain" if not layer.depth else f"plain.d{layer.depth}"
                    label = int(MANNER_RULE.label)
                    yield Hit(text=name, rule=MANNER_RULE.id, label=label, view=view, start=first, end=last)


def parse_manner(table: Mapping[str, object]) -> Manner:
    """Parse the shipped table: weight (as text) to the runs that have it.

    Raises:
        MalformedFileError: it is no such table.
    """
    groups = table.get("runs")
    if not isinstance(groups, Mapping) or not groups:
        raise MalformedFileError("keys", file="manner.json", problems=("runs",))
    try:
        weights = {str(run): int(weight) for weight, found in groups.items() for run in found}
        bias, least, doubt = (int(str(table[name])) for name in ("bias", "least", "doubt"))
    except (KeyError, ValueError, TypeError) as error:
        raise MalformedFileError("keys", file="manner.json", problems=("runs",)) from error
    return Manner(weights, bias, least, doubt)


def folded(text: str) -> str:
    """A stretch as it is compared: lower case, digits alike, single spaces, an edge at both ends."""
    return "\n" + _SPACE.sub(" ", _DIGITS.sub("0", text.lower())).strip() + "\n"


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """Spans of whole sentences of up to `STRETCH_CHARS`, in order; a longer sentence is cut, mere scraps are left."""
    start = end = 0
    if len(text) > STRETCH_CHARS:
        for match in _SENTENCE.finditer(text):
            if match.end() - start > STRETCH_CHARS and end > start:
                yield start, end
                start = end
            while match.end() - start > STRETCH_CHARS:
                yield start, start + STRETCH_CHARS
                start += STRETCH_CHARS
            end = match.end()
    if len(text) - start >= LEAST_CHARS:
        yield start, len(text)


def weighs(hit: Hit) -> bool:
    """Whether a hit is of a rule that judges the wording, and not of something that is there or is not."""
    return hit.rule.startswith(WEIGHED) or hit.rule == MANNER_RULE.id


def weighed(text: str, hits: Sequence[Hit], manner: Manner) -> tuple[Hit, ...]:
    """The hits that stand: one that only weighs words counts where the wording around it is not plainly general.

    Any other hit stands by itself and lets all stand.
    """
    if not all(hit.rule.startswith(WEIGHED) and hit.view in WORDED for hit in hits):
        return tuple(hits)
    if len(text) <= WHOLE_CHARS and _is_general(text, manner):
        return ()
    return tuple(hit for hit in hits if not _is_general(_around(text, hit), manner))


def _is_general(text: str, manner: Manner) -> bool:
    return len(text) >= LEAST_CHARS and manner.score(plain(text)) < manner.doubt


def _around(text: str, hit: Hit) -> str:
    """The text around a hit, of about the length of a stretch."""
    spare = max(STRETCH_CHARS - (hit.end - hit.start), 0) // 2
    return text[max(hit.start - spare, 0) : hit.end + spare]
