"""Counterfactuals (R3): the verdict under another rule, without a seat, or with today's seating. Pure.

The ballots are those on record, nobody is asked again. Where that would not be honest, because a prompt was made
from what a removed seat said, or because somebody would have been asked who was not, the answer is `needs_requery`
with every seat concerned and why, and with an estimate where there is one (`magi.replay.without`).

How it is done:

1. Feed the record to the core up to its verdict; where that is not the recorded verdict, there is nothing to compare
   with (`unfounded`).
2. Count otherwise (`other_rule`), take seats away (`without`), or seat anew (`seated_today`): each seat keeps its
   standing, loses its seat, or would have to be asked. Terms of arbitration are those on record but for what is said
   of seats that are gone, and for a reliability profile that is given.
3. Follow `derived_from` from every seat that went, through all that was made from its words.
4. Decide again on what is left by the same function of the core; then without each single seat, and with the fewest
   ballots otherwise (`swing`).

A seat taken away is no seat of the council any more: the rest can be unanimous. One that today's policy does not
admit stays a seat that was not admitted, as the service would have it. Seats that were asked stay asked, also where
a sequential council under another rule might have stopped before them.

Leaves to others: today's cards and policy (given in), another reading of the text's label (the recorded one is kept),
reading a profile's file (the command).
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from magi.core.card import JAPAN_TIME
from magi.core.decided import Decided
from magi.core.errors import CouncilRefusedError
from magi.core.record import Opened, Record, Refused
from magi.core.reliability import Profile
from magi.core.rules.count import Rule
from magi.replay.as_decided import AsDecided, Need, Reseated, as_decided
from magi.replay.other_rule import Counting, counted_otherwise
from magi.replay.seated_today import Today, refusal, seated_today
from magi.replay.swing import Swing, short_of
from magi.replay.without import Estimate, estimate, moved, without

__all__ = ["Absence", "Change", "Counterfactual", "Need", "Reseated", "Today", "counterfactual"]

COMPARED = ("outcome", "answer_class", "attributed", "tally", "dissent", "confidence_bp", "flags")
"""The fields of a verdict of which a report says that they changed."""

Result = Literal[
    "same", "changed", "needs_requery", "council_refused", "rule_refused", "ballots_unfit", "profile_unfit",
    "no_such_seat", "open", "refused", "unfounded",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What is otherwise than it was; None and empty leave it as it was."""

    rule: Rule | None = None
    tie: Literal["none", "order", "options", "reliable"] | None = None
    quorum: int | None = None
    without: tuple[str, ...] = ()
    today: Today | None = None
    profile: Profile | None = None

    @property
    def counting(self) -> Counting:
        """How ballots are counted otherwise."""
        return Counting(self.rule, self.tie, self.quorum, self.profile)


@dataclass(frozen=True)
class Absence:
    """What the verdict were without one seat; `needs` names seats that would have to be asked first.

    `pivotal` says that outcome or answer would be another; None where that cannot be told without asking. Then
    `estimate` may say what can be told.
    """

    seat: str
    verdict: Decided | None
    pivotal: bool | None
    needs: tuple[Need, ...] = ()
    estimate: Estimate | None = None


@dataclass(frozen=True)
class Counterfactual:
    """One deliberation under a change.

    `result`: same (nothing compared differs), changed (`changed` names the fields), needs_requery (with an `estimate`
    where seats were taken away and there is one), council_refused (those whom today's policy leaves may not
    deliberate: `reason`), rule_refused (the rule weighs seats and nothing was measured, or there are more options than
    it can be followed for: `reason`), ballots_unfit (the recorded ballots do not say what the rule asks for),
    profile_unfit (the profile is of other seats), no_such_seat (nobody to be without), open, refused (there was no
    verdict to compare with), unfounded (the record does not replay by itself: see R1). `short_of` is how many ballots
    would have to be otherwise for another verdict: see `magi.replay.swing`.
    """

    stream: str
    result: Result
    recorded: Decided | None = None
    recomputed: Decided | None = None
    changed: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    absences: tuple[Absence, ...] = ()
    reseated: tuple[Reseated, ...] = ()
    reason: str | None = None
    estimate: Estimate | None = None
    short_of: Swing | None = None

    @property
    def pivotal(self) -> tuple[str, ...]:
        """The seats whose absence alone changes outcome or answer, under this change."""
        return tuple(each.seat for each in self.absences if each.pivotal)


def counterfactual(stream: str, records: Sequence[Record], change: Change) -> Counterfactual:
    """The verdict of one deliberation under a change, beside the recorded one."""
    events = [record.data for record in records]
    recorded = next((event for event in events if isinstance(event, Decided)), None)
    if not events or not isinstance(events[0], Opened):
        refused = bool(events) and all(isinstance(event, Refused) for event in events)
        return Counterfactual(stream, "refused" if refused else "unfounded")
    if recorded is None:
        return Counterfactual(stream, "open")
    day = datetime.datetime.fromtimestamp(records[0].at_ms / 1000, JAPAN_TIME).date().isoformat()
    case = as_decided(events[: events.index(recorded)], day)
    if case is None or case.verdict() != recorded:
        return Counterfactual(stream, "unfounded", recorded)
    try:
        return _under(stream, case, change, recorded)
    except CouncilRefusedError as error:  # a rule over more options than it can be followed for
        return Counterfactual(stream, "rule_refused", recorded, reason=error.reason)


def _under(stream: str, case: AsDecided, change: Change, recorded: Decided) -> Counterfactual:
    seats = {standing.seat for standing in case.standings}
    if not set(change.without) <= seats or set(change.without) == seats:
        return Counterfactual(stream, "no_such_seat", recorded)
    counted = counted_otherwise(case, change.counting)
    if counted == "unmeasured":
        return Counterfactual(stream, "rule_refused", recorded, reason=counted)
    if not isinstance(counted, AsDecided):
        return Counterfactual(stream, counted, recorded)
    changed = without(counted, change.without)
    if change.today is not None:
        changed = seated_today(changed, change.today)
        reason = refusal(changed, change.today)
        if reason is not None:
            return Counterfactual(
                stream, "council_refused", recorded, reseated=changed.reseated, reason=reason
            )
    found = Counterfactual(stream, "needs_requery", recorded, needs=changed.needs, reseated=changed.reseated)
    if changed.needs:
        return replace(found, estimate=estimate(changed, counted))
    verdict = changed.verdict()
    fields = tuple(name for name in COMPARED if getattr(verdict, name) != getattr(recorded, name))
    return replace(
        found,
        result="changed" if fields else "same",
        recomputed=verdict,
        changed=fields,
        absences=_absences(changed, verdict),
        short_of=short_of(changed, verdict),
    )


def _absences(case: AsDecided, verdict: Decided) -> tuple[Absence, ...]:
    """What each single seat's absence would change; of a council of one there is no rest to decide."""
    if len(case.standings) < 2:  # noqa: PLR2004  # one
        return ()
    return tuple(_absence(case, standing.seat, verdict) for standing in case.standings)


def _absence(case: AsDecided, seat: str, verdict: Decided) -> Absence:
    rest = without(case, (seat,))
    if rest.needs:
        return Absence(seat, None, None, rest.needs, estimate(rest, case))
    other = rest.verdict()
    return Absence(seat, other, moved(other, verdict))
