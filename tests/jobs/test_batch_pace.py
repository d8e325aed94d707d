"""The pace by table: it grows while it pays, holds when it does not, halves when a backend says so."""

import pytest

from magi.jobs.pace import FIRST, HOLD_WINDOWS, MOST, Pace, Window, step

STEADY = {"starting": False}


@pytest.mark.parametrize(
    ("pace", "window", "limit"),
    [
        (Pace(), Window(1000, 0), 2 * FIRST),
        (Pace(8, 1000), Window(950, 0), 16),
        (Pace(8, 1000), Window(951, 0), FIRST),
        (Pace(8, 1000, 8), Window(951, 0), 8),
        (Pace(8, 1000, 8, **STEADY), Window(900, 0), 9),
        (Pace(32, 1000, 32, **STEADY), Window(900, 0), 36),
        (Pace(16, 1000, 16), Window(1199, 0), 16),
        (Pace(16, 1000, 16), Window(1200, 0), 16),
        (Pace(16, 1000, 16, slow=True), Window(1200, 0), 14),
        (step(Pace(16, 1000, 16, slow=True), Window(1000, 0)), Window(1200, 0), 16),
        (Pace(16, 1000, 14), Window(1200, 0), 14),
        (Pace(1, 1000, 1, slow=True), Window(9000, 0), 1),
        (Pace(16, 1000, 16, held=HOLD_WINDOWS - 2, **STEADY), Window(1000, 0), 16),
        (Pace(16, 1000, 16, held=HOLD_WINDOWS - 1, **STEADY), Window(1000, 0), 18),
        (Pace(MOST, 1000, MOST), Window(10, 0), MOST),
        (Pace(16, 1000, 16), Window(10, 1), 8),
        (Pace(1, 1000, 1), Window(10, 9), 1),
        (Pace(5, 0, 5), Window(1, 3), 2),
    ],
)
def test_next_limit(pace, window, limit):
    """Each kind of window leads to its limit."""
    assert step(pace, window).limit == limit


def test_no_doubling_after_the_first_trouble():
    """Whatever ended the start, later growth is by an eighth."""
    for window in (Window(1000, 0), Window(1300, 0), Window(1, 1)):
        after = step(Pace(16, 1000, 16, held=7, slow=True), window)
        while after.limit > after.proven:
            after = step(after, Window(9_999, 0))
        grown = step(after, Window(1, 0))

        assert grown.limit <= after.limit + max(after.limit // 8, 1)


def settled(each_us, windows=200):
    """Where the pace stands after so many windows on a backend with this time per deliberation at a limit."""
    pace = Pace()
    for _ in range(windows):
        pace = step(pace, Window(each_us(pace.limit), 0))
    return pace.limit


def test_server_of_a_fixed_capacity_is_not_flooded():
    """Where more at a time brings nothing past eight, the pace stays near eight."""
    assert 8 <= settled(lambda limit: 8000 // min(limit, 8)) <= 9


def test_slow_seat_is_met_with_more_at_a_time():
    """Where each deliberation waits out a deadline whatever the load, the pace goes to the most."""
    assert settled(lambda limit: 30_000_000 // limit) == MOST


def test_server_that_breaks_down_under_load_is_left_room():
    """Where more than ten at a time slow everything down, the pace does not stay above."""
    assert settled(lambda limit: 1000 // min(limit, 10) if limit <= 10 else 150 * limit) <= 11


def test_limit_stays_in_bounds():
    """Any sequence of windows keeps the limit between one and the most."""
    pace = Pace()
    for number in range(2_000):
        pace = step(pace, Window(1 + (number * 7919) % 5000, int(number % 13 == 0)))

        assert 1 <= pace.limit <= MOST
