"""How many deliberations run at a time: grow while more get done, halve when a backend says it is too much.

Additive increase, multiplicative decrease (Chiu and Jain 1989), steered by the time per finished deliberation
over a window of completions. That time, not the wait of one of them, is what must not worsen: with a seat that
always times out each deliberation takes long, and more at a time is then the remedy, not the cause.

Pure: windows in, limits out. Leaves to others: measuring (`batch`), what a backend's words mean (`gateway`).
"""

from dataclasses import dataclass, replace

FIRST = 4
"""Enough to fill a group commit, few enough for a small server's first impression."""
MOST = 64
"""Each deliberation holds up to nine connections; the gateway opens 256 at a time."""
GAIN_PERCENT = 5
"""Less gain than this for more load is noise, and load that brings nothing is only a longer queue."""
LOSS_PERCENT = 20
"""Getting this much slower without having grown means that something else changed: step back and look again."""
HOLD_WINDOWS = 8
"""Windows at a limit that brought no gain before the next is tried: conditions change in the course of a batch."""
WINDOW_TURNS = 2
"""Completions in a window, as a multiple of the limit: the first turn still shows the load before."""
LEAST_WINDOW = 8
"""Fewer completions than this tell nothing about a rate."""
LEAST_WINDOW_MS = 500
"""Nor does a shorter time, in which another process's turn on the processor looks like a slow backend."""


@dataclass(frozen=True)
class Window:
    """What was seen at one limit: microseconds per finished deliberation, and how often a backend pushed back."""

    each_us: int
    pushed_back: int


@dataclass(frozen=True)
class Pace:
    """The limit in force. `each_us` is the time that was reached at `proven` (0: not measured yet).

    A limit above `proven` is on trial for one window. `held` counts windows since the last trial;
    `slow` says that the last one was much worse.
    """

    limit: int = FIRST
    each_us: int = 0
    proven: int = FIRST
    starting: bool = True
    held: int = 0
    slow: bool = False

    @property
    def window(self) -> int:
        """How many completions to see before the next step."""
        return max(WINDOW_TURNS * self.limit, LEAST_WINDOW)


def step(pace: Pace, seen: Window) -> Pace:
    """The pace after one more window at the present limit.

    Pushed back: half, and everything is measured anew. Better: that limit is proven, try a higher one, twice
    as high at the start, later by an eighth. No better on trial: back to what is proven; try again after a
    while. Much worse twice running, without a trial: give up an eighth.
    """
    if seen.pushed_back:
        half = max(pace.limit // 2, 1)
        return Pace(half, 0, half, starting=False)
    if pace.each_us == 0 or 100 * seen.each_us <= (100 - GAIN_PERCENT) * pace.each_us:
        return _on_trial(pace, seen)
    if pace.limit > pace.proven:
        return Pace(pace.proven, pace.each_us, pace.proven, starting=False)
    if 100 * seen.each_us >= (100 + LOSS_PERCENT) * pace.each_us:
        return _slower(pace, seen)
    if pace.held + 1 >= HOLD_WINDOWS:
        return _on_trial(replace(pace, starting=False), seen)
    return replace(pace, held=pace.held + 1, slow=False)


def _on_trial(pace: Pace, seen: Window) -> Pace:
    """A higher limit on trial, against what was just seen at this one."""
    more = pace.limit if pace.starting else _eighth(pace)
    return Pace(min(pace.limit + more, MOST), seen.each_us, pace.limit, starting=pace.starting)


def _slower(pace: Pace, seen: Window) -> Pace:
    if not pace.slow:  # once may be chance
        return replace(pace, slow=True, starting=False)
    less = max(pace.limit - _eighth(pace), 1)
    return Pace(less, seen.each_us, less, starting=False)


def _eighth(pace: Pace) -> int:
    return max(pace.limit // 8, 1)
