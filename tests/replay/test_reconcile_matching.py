"""Matching sends with entries: as good as trying everything, and better than first come, first served."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.replay.matching import NOBODY, Spans, match

TIMES = st.integers(0, 12)


def spans(*rows):
    """Spans from (first, last, must)."""
    made = Spans()
    for first, last, must in rows:
        made.add(first, last, must=must)
    return made


def touch(send, entry):
    """Whether two rows can be one and the same."""
    return send[0] <= entry[1] and entry[0] <= send[1]


def left_over(sends, entries, partner):
    """How many that must be covered are not."""
    found = set(partner) - {NOBODY}
    alone = sum(must and entry == NOBODY for (*_, must), entry in zip(sends, partner, strict=True))
    return alone + sum(must and number not in found for number, (*_, must) in enumerate(entries))


def every_reading(sends, entries):
    """All matchings there are."""
    choices = [[NOBODY, *(n for n, entry in enumerate(entries) if touch(send, entry))] for send in sends]
    for partner in itertools.product(*choices):
        taken = [entry for entry in partner if entry != NOBODY]
        if len(taken) == len(set(taken)):
            yield partner


@st.composite
def entries_in_time(draw):
    """Moments (some of them twice) and spans that do not touch, in any order."""
    edges = sorted(draw(st.lists(TIMES, min_size=0, max_size=6, unique=True)))
    rows = []
    for place, first in enumerate(edges):
        until = edges[place + 1] - 1 if place + 1 < len(edges) else first + 2
        last = draw(st.sampled_from([first, until]))
        rows += [(first, last)] * draw(st.integers(1, 2))
    return draw(st.permutations([(*row, draw(st.booleans())) for row in rows[:6]]))


SENDS = st.lists(
    st.tuples(TIMES, st.integers(0, 5), st.booleans()).map(lambda t: (t[0], t[0] + t[1], t[2])), max_size=5
)


@settings(max_examples=400, deadline=None)
@given(sends=SENDS, entries=entries_in_time())
def test_no_other_reading_leaves_fewer_differences(sends, entries):
    """The matching is valid, and no valid one leaves less that must be covered; every one of them is tried."""
    partner = match(spans(*sends), spans(*entries))
    taken = [entry for entry in partner if entry != NOBODY]

    assert len(taken) == len(set(taken))
    assert all(touch(sends[s], entries[e]) for s, e in enumerate(partner) if e != NOBODY)
    assert left_over(sends, entries, partner) == min(
        left_over(sends, entries, other) for other in every_reading(sends, entries)
    )


def test_first_come_first_served_would_be_wrong():
    """A long send that came first leaves the early entry to a short one that has no other."""
    sends, entries = [(0, 10, True), (1, 2, True)], [(2, 2, True), (9, 9, True)]

    assert list(match(spans(*sends), spans(*entries))) == [1, 0]


@pytest.mark.parametrize("must", [True, False])
def test_an_entry_that_may_be_known_does_not_displace_one_that_must(must):
    """A maybe-sent takes the one entry only where no certain send needs it."""
    sends, entries = [(0, 5, False), (0, 9, True)], [(4, 4, must)]

    assert list(match(spans(*sends), spans(*entries))) == [NOBODY, 0]
