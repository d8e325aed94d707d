"""The label of texts: the join of what was declared, what the detectors find, and every ancestor. Pure.

Labels only rise: nothing here lowers one, and a text that no detector touches is still what was declared. What each
part comes to alone always counts; where two parts meet, their ends are looked at together once more, so that the cost
stays linear in all text.
Classified text is found like any other; refusing it is the service's. Leaves to others: where ancestors' labels
are kept (`Ledger.labels`), a limit on the time (`magi.service`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from magi.core.record import Hit
from magi.residency.detect.engine import Detectors
from magi.residency.detect.manner import weighs
from magi.residency.detect.views import edge
from magi.residency.label import Label, join

JOINED = "joined"
"""What a hit calls the text that all parts make together."""
SEAM_CHARS = 640
"""So much of the text on either side of a seam is read with it: more than any rule's window reaches, and more than a
short note has, so that the end of a long part is not taken for one."""
CUT_CHARS = 64
"""A name, a marking or a number that a seam cuts is shorter than this on either side of it."""
QUESTION, OPTION = "question", "option:"
"""What the parts of a question are called (`magi.service.labelled.parts`)."""
LEAD_CHARS = 300
"""So much of a question's end is read before an option: two or three sentences."""


@dataclass(frozen=True)
class Finding:
    """What texts came to: the label, every hit (a span in the named text, never its words), and the topics.

    `topics` are all that was touched, for the bias gate; `raising` those whose rules nobody overruled, for what the
    profile raises a topic's text to.
    """

    label: Label
    hits: tuple[Hit, ...] = ()
    topics: frozenset[str] = field(default_factory=frozenset)
    raising: frozenset[str] = field(default_factory=frozenset)


def label_texts(
    detectors: Detectors,
    texts: Sequence[tuple[str, str]],
    declared: Label,
    ancestors: Iterable[int] = (),
    cleared: Collection[str] = (),
) -> Finding:
    """The label of texts that are seen together.

    Args:
        detectors: what looks.
        texts: (name, text) of every part; parts are looked at alone and joined in their order, since what is
            split over them may only mean something together: around each seam they are looked at as one.
        declared: what the caller said, the default where nothing was said.
        ancestors: labels of everything these texts derive from.
        cleared: rules that a named person overruled for these texts, on record; their hits are kept, and do not
            count.

    Hits in the joined text are those of rules that no part fired alone; they are named `JOINED`, and their spans are
    of the parts joined by line feeds, in their order. Never fails: a detector that errs counts as its strictest rule.
    """
    hits = tuple(hit for place in range(len(texts)) for hit in _part(detectors, texts, place))
    if len(texts) > 1:
        alone = {hit.rule for hit in hits}
        parts = [text for _, text in texts]
        hits += tuple(_over_seams(detectors, parts, alone))
        hits += tuple(_across_seams(detectors, parts, {hit.rule for hit in hits}))
    counted = [hit for hit in hits if hit.rule not in cleared]
    label = join((declared, *ancestors, *(hit.label for hit in counted)))
    return Finding(label, hits, _topics(detectors, hits), _topics(detectors, counted))


def _part(detectors: Detectors, texts: Sequence[tuple[str, str]], place: int) -> Iterable[Hit]:
    """The hits of one part. An option is a bare assertion by its nature: its wording is judged behind its question."""
    name, text = texts[place]
    found = detectors.find(text, name)
    if not name.startswith(OPTION) or not any(map(weighs, found)):
        return found
    lead = next((said for other, said in texts if other == QUESTION), "")[-LEAD_CHARS:] + "\n"
    behind = (hit for hit in detectors.find(lead + text, name) if weighs(hit) and hit.start >= len(lead))
    shifted = (
        hit.model_copy(update={"start": hit.start - len(lead), "end": hit.end - len(lead)}) for hit in behind
    )
    return (*(hit for hit in found if not weighs(hit)), *shifted)


def _over_seams(detectors: Detectors, parts: Sequence[str], alone: Collection[str]) -> Iterator[Hit]:
    """What is only there where parts meet: neither in a part nor in what a seam's surroundings have of it."""
    joined = "\n".join(parts)
    ends = list(accumulate(len(part) + 1 for part in parts))[:-1]
    for low, high in _around(joined, ends):
        hits = [hit for hit in detectors.find(joined[low:high], JOINED) if hit.rule not in alone]
        if not hits:
            continue
        cuts = [low, *(end for end in ends if low < end < high), high]
        apart = {
            (hit.rule, hit.start + start, hit.end + start)
            for start, end in (pairwise(cuts) if high - low < len(joined) else ())
            for hit in detectors.find(joined[start:end], JOINED)
        }
        for hit in hits:
            start, end = hit.start + low, hit.end + low
            if (hit.rule, start, end) not in apart:
                yield hit.model_copy(update={"start": start, "end": end})


def _across_seams(detectors: Detectors, parts: Sequence[str], alone: Collection[str]) -> Iterator[Hit]:
    """A word, name or number that a seam cuts in two: what lies across it once nothing stands between."""
    end = -1
    for before, after in pairwise(parts):
        end += len(before) + 1
        head = before[-CUT_CHARS:]
        for hit in detectors.find(head + after[:CUT_CHARS], JOINED):
            if hit.start < len(head) < hit.end and hit.rule not in alone and not weighs(hit):
                start = end - len(head) + hit.start
                yield hit.model_copy(update={"start": start, "end": end + 1 + hit.end - len(head)})


def _around(joined: str, ends: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The surroundings of every seam, as one where they meet; no number or word is cut at their edges."""
    begin = last = 0
    for end in ends:
        low = max(end - 1 - SEAM_CHARS, 0)
        if low > last:
            if last:
                yield edge(joined, begin, -1), edge(joined, last, +1)
            begin = low
        last = min(end + SEAM_CHARS, len(joined))
    yield edge(joined, begin, -1), edge(joined, last, +1)


def _topics(detectors: Detectors, hits: Iterable[Hit]) -> frozenset[str]:
    return frozenset(topic for hit in hits if (topic := detectors.rules[hit.rule].topic) is not None)
