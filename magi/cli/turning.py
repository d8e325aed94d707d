"""What would turn a recorded verdict, out of a counterfactual replay of its records, for the dissent report."""

from collections.abc import Sequence

from magi.core.record import Record
from magi.replay.counterfactual import Absence, Change, counterfactual
from magi.replay.swing import MAX_SWING
from magi.service.turning import Turning, Without


def turning_of(records: Sequence[Record]) -> Turning | None:
    """What would turn the verdict of one stream; None where there is none, or it does not replay as recorded."""
    found = counterfactual(records[0].stream, records, Change())
    if found.recomputed is None:
        return None
    return Turning(tuple(map(_without, found.absences)), found.short_of, MAX_SWING)


def _without(each: Absence) -> Without:
    needs = tuple((need.seat, need.why) for need in each.needs)
    if each.estimate is None:
        return Without(each.seat, each.verdict, each.pivotal, needs)
    guess = each.estimate
    return Without(each.seat, each.verdict, each.pivotal, needs, guess.by, guess.verdict, guess.moved)
