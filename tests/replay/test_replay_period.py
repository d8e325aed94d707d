"""The sums of a period: every deliberation counted once, what is amiss kept by name, memory bounded."""

import datetime

import pytest

from magi.core.acts import MAX_NAMED
from magi.replay.egress import Period
from magi.replay.period import AMISS, LISTED, Found, Summary

AFTERNOON = 1_800_000_000_000
"""15 January 2027, 17:00 in Japan."""


def found(number=1, *, code="v1", outcome="majority", **results):
    """One deliberation that replayed the same, unless said otherwise."""
    return Found(f"d/{number}", AFTERNOON, code, outcome, {"R0": "sound", "R1": "same"} | results)


def summed(*each):
    """The sums of these."""
    summary = Summary(Period())
    for one in each:
        summary.take(one)
    return summary


def test_everything_is_counted_once():
    """Outcomes, results by level and code versions add up to the number of deliberations."""
    summary = summed(
        found(1),
        found(2, outcome="tied"),
        found(3, R1="open", outcome=None, code="v2"),
        found(4, R1="different"),
    )

    assert summary.deliberations == 4
    assert dict(summary.outcomes) == {"majority": 2, "tied": 1}
    assert summary.counts("R1") == {"same": 2, "different": 1, "open": 1}
    assert summary.counts("R0") == {"sound": 4}
    assert summary.other_codes("v1") == {"v2": 1}
    assert (summary.levels, summary.first, summary.last) == (("R0", "R1"), "d/1", "d/4")


def test_a_level_that_was_not_replayed_counts_nothing():
    """Only levels with a result are levels of the summary."""
    summary = summed(found(R3="changed"))

    assert summary.levels == ("R0", "R1", "R3")
    assert summary.counts("R2") == {}


@pytest.mark.parametrize(
    ("level", "result", "amiss"),
    [
        ("R0", "broken", True),
        ("R1", "different", True),
        ("R1", "malformed", True),
        ("R1", "open", False),
        ("R1", "refused", False),
        ("R2", "miss", True),
        ("R2", "different", True),
        ("R2", "assets_differ", True),
        ("R2", "erased", False),
        ("R2", "unsupported", False),
        ("R3", "changed", False),
        ("R3", "needs_requery", False),
        ("R3", "unfounded", True),
        ("R4", "other", False),
    ],
)
def test_what_is_as_it_should_be(level, result, amiss):
    """One deliberation with a result that should not be makes the whole unsound, any other does not."""
    summary = summed(found(1), found(2, **{level: result}), found(3))

    assert summary.sound is not amiss
    assert summary.differing() == (("d/2",) if amiss else ())
    assert (result in AMISS[level]) is amiss


def test_memory_is_bounded():
    """Of any number of deliberations so many are kept, and as many that are amiss; the sums count all."""
    summary = summed(
        *(found(n) for n in range(LISTED + 500)), *(found(n, R1="different") for n in range(LISTED + 7))
    )

    assert (len(summary.listed), len(summary.amiss)) == (LISTED, LISTED)
    assert (summary.amiss_count, summary.deliberations) == (LISTED + 7, 2 * LISTED + 507)
    assert len(summary.differing()) == MAX_NAMED


def test_a_period_is_days_in_japan():
    """A deliberation belongs to the day that it was in Japan; one whose time cannot be read belongs to every period."""
    day = datetime.date(2027, 1, 15)
    summary = Summary(Period(day, day))

    assert [summary.holds(AFTERNOON + hours * 3_600_000) for hours in (-18, -17, 0, 6, 7)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert summary.holds(None)
