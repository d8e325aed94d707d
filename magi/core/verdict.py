"""The verdict: from where each seat stands to one of six outcomes, its flags and its dissent.

- 全会一致 unanimous: every seat of the council answered, and all the same;
- 条件付き conditional: the winning answer of a yes-no question is "conditional";
- 多数決 majority: the rule has a winner;
- 可否同数 tied: the lead is shared and the tie key does not break it;
- 定足数不足 no_quorum: fewer live ballots than the quorum;
- 回答保留 withheld: one answer leads but stays below the rule's threshold.

Flags: `degraded` (a seat is missing: not admitted, failed, outstanding or cancelled; never unanimous then),
`rehearsal` and `recording` (a stand-in answered from a script or a cassette), `tie_broken`, `attributed` (one
seat's open statement stands for the reply), `uncompared` (open statements were compared by wording only).
Pure: equal inputs give equal verdict bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from magi.core.record import Answered, Decided, Opened, Outcome, SeatReport, TallyLine
from magi.core.rules.count import Count, count

CONDITIONAL = "conditional"

StandingState = Literal["not_admitted", "running", "answered", "outstanding", "cancelled"]


@dataclass(frozen=True)
class Standing:
    """Where one seat stands: its ask (None if it was not admitted), the ask's state, what it said."""

    seat: str
    ask: str | None
    state: StandingState
    answered: Answered | None = None

    @property
    def ballot(self) -> str | None:
        """The ballot it cast; a refusal, an abstention or a failure casts none."""
        if self.answered is None or self.answered.statement != "answer":
            return None
        return self.answered.ballot

    @property
    def missing(self) -> bool:
        """Whether the council has to do without this seat. A refusal or an abstention is a statement."""
        return self.answered is None or self.answered.statement == "failure"


def decide(opened: Opened, standings: Sequence[Standing], classes: Mapping[str, str]) -> Decided:
    """Decide from `standings` (council order) and, for open text, the classes of the asks.

    The result does not depend on when or in which order the seats answered.
    """
    order = [standing.seat for standing in standings]
    ballots = {s.seat: _class_of(s, opened, classes) for s in standings if s.ballot is not None}
    counted = count(opened.rule, opened.quorum, order, ballots)
    unanimous = not any(s.missing for s in standings) and len(set(ballots.values())) == 1
    attributed = _attributed(opened, standings, ballots, counted)
    return Decided(
        outcome=_outcome(opened, counted, unanimous=unanimous and len(ballots) == len(standings)),
        answer_class=counted.winner,
        attributed=attributed,
        tally=tuple(TallyLine(answer_class=line.answer_class, seats=line.seats) for line in counted.tally),
        seats=tuple(_report(standing, ballots.get(standing.seat)) for standing in standings),
        dissent=_dissent(standings, ballots, counted, attributed),
        confidence_bp=None,
        outstanding=tuple(s.ask for s in standings if s.ask and s.state == "outstanding"),
        flags=_flags(opened, standings, counted, attributed),
    )


def _class_of(standing: Standing, opened: Opened, classes: Mapping[str, str]) -> str:
    if opened.space.kind == "open":
        return classes[standing.ask or ""]
    return standing.ballot or ""


def _outcome(opened: Opened, counted: Count, *, unanimous: bool) -> Outcome:
    if counted.result == "no_quorum":
        return "no_quorum"
    if counted.result == "tied":
        return "tied"
    if counted.result == "below_threshold":
        return "withheld"
    if opened.space.kind == "yes_no_conditional" and counted.winner == CONDITIONAL:
        return "conditional"
    return "unanimous" if unanimous else "majority"


def _attributed(
    opened: Opened, standings: Sequence[Standing], ballots: Mapping[str, str], counted: Count
) -> str | None:
    """For open text with a quorum: the first seat of the winning class, or of the leading one."""
    if opened.space.kind != "open" or counted.result == "no_quorum":
        return None
    leading = counted.winner or counted.tally[0].answer_class
    return next((s.ask for s in standings if ballots.get(s.seat) == leading), None)


def _dissent(
    standings: Sequence[Standing], ballots: Mapping[str, str], counted: Count, attributed: str | None
) -> tuple[str, ...]:
    """Asks that hold another class than the decided one, or another than the attributed statement's."""
    held = counted.winner
    if attributed is not None:
        held = next(ballots[s.seat] for s in standings if s.ask == attributed)
    if held is None:
        return ()
    return tuple(s.ask for s in standings if s.ask and s.seat in ballots and ballots[s.seat] != held)


def _report(standing: Standing, answer_class: str | None) -> SeatReport:
    answered = standing.answered
    if answered is None:
        said: Literal["not_admitted", "outstanding", "cancelled"] = (
            standing.state if standing.state in ("not_admitted", "cancelled") else "outstanding"
        )
        return SeatReport(
            seat=standing.seat,
            ask=standing.ask,
            card=None,
            said=said,
            answer_class=None,
            failure=None,
            origin=None,
        )
    return SeatReport(
        seat=standing.seat,
        ask=standing.ask,
        card=answered.card,
        said=answered.statement,
        answer_class=answer_class,
        failure=answered.failure,
        origin=answered.origin,
    )


def _flags(
    opened: Opened, standings: Sequence[Standing], counted: Count, attributed: str | None
) -> tuple[str, ...]:
    origins = {s.answered.origin for s in standings if s.answered}
    raised = {
        "attributed": attributed is not None,
        "degraded": any(s.missing for s in standings),
        "recording": "recorded" in origins,
        "rehearsal": "scripted" in origins,
        "tie_broken": counted.tie_broken,
        "uncompared": opened.space.kind == "open" and len(counted.tally) > 1,
    }
    return tuple(name for name, holds in raised.items() if holds)
