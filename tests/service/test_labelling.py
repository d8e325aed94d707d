"""The labeller: short texts at once, long ones in a worker, and never a milder word than the detectors' own."""

import asyncio
import os
import time

import pytest

from magi.core.errors import MalformedFileError
from magi.residency.label import Label
from magi.residency.labelling import Finding
from magi.service.labelling import INLINE_BYTES, UNFINISHED, Labeller

PROSE = "公園の花壇の植え替えは春と秋に行います。市のウェブサイトで日程を公表しています。\n"
LONG = PROSE * (2 * INLINE_BYTES // len(PROSE.encode()))
MARKED = "取扱注意\n"


def hang(job):
    """A worker's work that comes to no end, inside one C call."""
    del job
    pow(3, 10**9)  # minutes of one multiplication, which no thread could be stopped in
    return Finding(Label.PUBLIC)


def die(job):
    """A worker's work that takes its process down."""
    del job
    os._exit(3)


def label(labeller, text, declared=Label.PUBLIC):
    """Label one text and end the workers."""

    async def main():
        try:
            return await labeller.label([("question", text)], declared)
        finally:
            await labeller.aclose()

    return asyncio.run(main())


def test_a_long_text_is_found_out_like_a_short_one():
    """What stands at the end of a text beyond the inline limit is found in the worker as it is inline."""
    short, far = label(Labeller(), PROSE + MARKED), label(Labeller(), LONG + MARKED)

    assert {hit.rule for hit in short.hits} <= {hit.rule for hit in far.hits}
    assert short.label == Label.INTERNAL <= far.label
    assert far.hits[-1].start >= len(LONG)


def test_the_loop_goes_on_while_a_long_text_is_labelled():
    """While a worker labels a megabyte, the event loop is never held longer than 50 ms by it."""

    async def main():
        labeller = Labeller()
        await labeller.label([("question", LONG)], Label.PUBLIC)  # the worker starts
        gaps, done = [], asyncio.Event()

        async def tick():
            before = time.perf_counter()
            while not done.is_set():
                await asyncio.sleep(0.001)
                gaps.append(time.perf_counter() - before)
                before = time.perf_counter()

        ticking = asyncio.create_task(tick())
        await labeller.label([("question", PROSE * (1_000_000 // len(PROSE.encode())))], Label.PUBLIC)
        done.set()
        await ticking
        await labeller.aclose()
        return sorted(gaps)

    gaps = asyncio.run(main())

    assert len(gaps) > 50
    # A busy machine may hold any process; one outlier in a hundred is not this program's.
    assert gaps[int(len(gaps) * 0.99)] < 0.05


@pytest.mark.parametrize("work", [hang, die])
def test_a_worker_that_hangs_or_dies_makes_the_text_as_strict_as_can_be(work):
    """A worker that comes to no end is killed by its own alarm, and the text counts as the strictest there is."""
    labeller = Labeller(work=work, seconds_a_megabyte=0.1, least_seconds=1.0)
    began = time.monotonic()
    found = label(labeller, LONG)

    assert found.label == Label.CLASSIFIED
    assert [hit.rule for hit in found.hits] == [UNFINISHED]
    assert time.monotonic() - began < 30


def test_the_next_text_gets_a_new_worker():
    """After a worker died the labeller works again."""

    async def main():
        labeller = Labeller()
        labeller._work = die
        lost = await labeller.label([("question", LONG)], Label.PUBLIC)
        labeller._work = Labeller()._work
        found = await labeller.label([("question", LONG + MARKED)], Label.PUBLIC)
        await labeller.aclose()
        return lost, found

    lost, found = asyncio.run(main())

    assert lost.label == Label.CLASSIFIED
    assert found.label < Label.CLASSIFIED


def test_a_topic_is_raised_to_what_the_profile_says():
    """A profile that wants more of a topic than its rule gives is joined, unless the rule was overruled."""
    stern = Labeller(raised_by=lambda topics: Label.SECRET if topics else Label.PUBLIC)
    text = "尖閣諸島をめぐる今後の我が国の対応方針をどうすべきか"
    found = label(stern, text)
    rules = tuple({hit.rule for hit in found.hits})

    async def overruled():
        return await stern.label([("question", text)], Label.PUBLIC, (), rules)

    assert (found.label, len(found.topics) > 0) == (Label.SECRET, True)
    assert asyncio.run(overruled()).label == Label.PUBLIC


def test_the_guard_reads_the_same_way():
    """What the guard is told of a text is what the labeller found, but for the rules that were overruled."""
    labeller = Labeller()
    seen = labeller.rescan([PROSE, MARKED], ())
    cleared = labeller.rescan([PROSE, MARKED], seen.rules)

    assert (seen.label >= Label.INTERNAL, len(seen.rules) > 0) == (True, True)
    assert (cleared.label, cleared.rules) == (Label.PUBLIC, ())


def test_an_own_dictionary_counts_here_and_in_workers():
    """Words of one's own raise the label of short and of long texts, and change the detectors' version."""
    table = {
        "entry": [
            {
                "id": "plan",
                "words": ["ひよどり計画"],
                "label": "secret",
                "ja": "符号名です。",
                "en": "A code name.",
            }
        ]
    }
    own = Labeller(table, "own.toml")
    found = [label(own, text + "ひよどり計画\n") for text in (PROSE, LONG)]

    assert [each.label for each in found] == [Label.SECRET] * 2
    assert own.version != Labeller().version
    assert own.dictionary == "own.toml"


def test_a_malformed_dictionary_stops_the_start():
    """A dictionary that cannot be read refuses to start: nothing runs with half of its words."""
    with pytest.raises(MalformedFileError):
        Labeller({"entry": [{"id": "x"}]}, "own.toml")
