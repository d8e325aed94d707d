"""How many calls an exact early stop saves on recorded answers, and whether it ever changed a decision.

Seats are asked one by one, the weightiest first. The council stops when no completion of the outstanding ballots
can change the class that is decided. All aggregators reward a class for every ballot more (weights are never
negative, and a tie goes to the class with the most reliable seat), so only the worst completions need a look: all
outstanding seats silent, or all of them for one rival class, held or new. Tests prove this against every
completion for councils of up to four.

Promises: pure; a stopped decision is compared with the full one on every question, and differences are counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.aggregate import NO_BALLOT, Pattern, Scales, pattern_of, speaker
from magi.core.reliability import AggregatorName
from magi.evaluation.answer_sheet import Row
from magi.evaluation.deciders import Deciders


@dataclass(frozen=True)
class Stops:
    """Calls that a full council makes, calls saved, and questions decided otherwise than by the full council."""

    calls: int
    saved: int
    differing: int


@dataclass
class _Settled:
    """Answers remembered by what was said so far; owns that memory."""

    held: Scales
    known: dict[tuple[int, Pattern], bool] = field(default_factory=dict)

    def is_settled(self, order: Sequence[int], asked: int, pattern: Pattern) -> bool:
        """Whether the first `asked` seats of `order` settle the class, given their ballots in `pattern`."""
        key = (asked, pattern)
        if key not in self.known:
            self.known[key] = is_settled(self.held, pattern, order[asked:])
        return self.known[key]


def order_of(held: Scales) -> tuple[int, ...]:
    """Seats by weight, then by reliability, then by council order."""
    return tuple(
        sorted(range(len(held.weights)), key=lambda place: (-held.weights[place], held.ranks[place]))
    )


def is_settled(held: Scales, pattern: Pattern, outstanding: Sequence[int]) -> bool:
    """Whether every completion by the `outstanding` seats (silent in `pattern`) decides the same class."""
    place = speaker(held, pattern)
    if place is None:
        return not outstanding
    winner = pattern[place]
    for rival in range(max(pattern) + 2):
        if rival != winner:
            completed = list(pattern)
            for seat in outstanding:
                completed[seat] = rival
            told = speaker(held, tuple(completed))
            if told is None or completed[told] != winner:
                return False
    return True


def stops(deciders: Deciders, by: AggregatorName, rows: Mapping[Row, int]) -> Stops:
    """Ask every question of `rows` (row -> how often) seat by seat, under one aggregator (not `majority`)."""
    memory: dict[str, _Settled] = {}
    calls = saved = differing = 0
    for row, count in rows.items():
        settled = memory.setdefault(row.topic, _Settled(deciders.scales(by, row.topic)))
        left, same = _ask(settled, row.pattern)
        calls += count * len(row.pattern)
        saved += count * left
        differing += count * (not same)
    return Stops(calls, saved, differing)


def _ask(settled: _Settled, pattern: Pattern) -> tuple[int, bool]:
    """How many seats were left unasked, and whether the decision is that of the full council."""
    order = order_of(settled.held)
    heard = [NO_BALLOT] * len(pattern)
    for asked, seat in enumerate(order, start=1):
        heard[seat] = pattern[seat]
        renumbered = pattern_of([None if number == NO_BALLOT else str(number) for number in heard])
        if settled.is_settled(order, asked, renumbered):
            break
    return len(order) - asked, _decided(settled.held, tuple(heard)) == _decided(settled.held, pattern)


def _decided(held: Scales, pattern: Pattern) -> int | None:
    place = speaker(held, pattern)
    return None if place is None else pattern[place]
