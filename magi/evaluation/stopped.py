"""How many calls an exact early stop saves on recorded answers, and whether it ever changed a decision.

Seats are asked one by one, the weightiest first. The council stops when no completion of the outstanding ballots
can change the class that is decided (`magi.core.early_stop`).

Promises: pure; a stopped decision is compared with the full one on every question, and differences are counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.aggregate import NO_BALLOT, Pattern, Scales, pattern_of, speaker
from magi.core.early_stop import is_settled, order_of
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
