"""The verdict: from where each seat stands to a named outcome, its flags and its dissent.

- 全会一致 unanimous: every seat of the council answered, and all the same;
- 条件付き conditional: the winning answer of a yes-no question is "conditional";
- 多数決 majority: the rule has a winner;
- 単独席採用 single_seat: the rule has one, and one seat alone holds it against others (with terms only);
- 加重採用 weighted: the rule has one, and another answer has more ballots (with terms only);
- 可否同数 tied: the lead is shared and the tie key does not break it;
- 定足数不足 no_quorum: fewer live ballots than the quorum;
- 回答保留 withheld: one answer leads but stays below the rule's threshold.

Flags: `degraded` (a seat is missing: not admitted, failed, outstanding or cancelled; never unanimous then),
`rehearsal` and `recording` (a stand-in answered from a script or a cassette), `tie_broken`, `attributed` (one
seat's open statement stands for the reply), `uncompared` (open statements were compared by wording only).

With terms of arbitration (`Opened.arbitration`) the ballots are those after a rebuttal, open text is ranked by its
reviews and its claims are voted on, `magi.core.arbitration` rules on the count, and the verdict says what came of it.
Without them the verdict is that of version 1. Pure: equal inputs give equal verdict bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from magi.core import open_verdict
from magi.core.arbitration import CONDITIONAL, NO_FACTS, Ruling, Voice, rule_on
from magi.core.counting import Counted, counted
from magi.core.decided import Arbitrated, Decided, Move, Outcome, SeatReport, TallyLine
from magi.core.measured import voices as independent_voices
from magi.core.record import Opened
from magi.core.rules.count import Count, count
from magi.core.standing import NO_ROUNDS, Rounds, Standing
from magi.core.terms import Terms

STOPPED = "stopped"


def decide(
    opened: Opened, standings: Sequence[Standing], classes: Mapping[str, str], rounds: Rounds = NO_ROUNDS
) -> Decided:
    """Decide from `standings` (council order) and, for open text, the classes of the asks.

    `rounds` are what followed the first answers; only a deliberation with terms has any. The result does not depend
    on when or in which order the seats answered.
    """
    if opened.arbitration is not None:
        return _arbitrated(opened, opened.arbitration, standings, classes, rounds)
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
        return SeatReport(
            seat=standing.seat,
            ask=standing.ask,
            card=None,
            said=_unsaid(standing),
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


# With terms.


def _arbitrated(
    opened: Opened,
    terms: Terms,
    standings: Sequence[Standing],
    classes: Mapping[str, str],
    rounds: Rounds,
) -> Decided:
    held = final_standings(standings, rounds)
    ballots = {s.seat: _class_of(s, opened, classes) for s in held if s.ballot is not None}
    voices = [voice_of(standing, ballots.get(standing.seat)) for standing in held]
    opinion = None
    if opened.space.kind == "open" and terms.peer_review:
        opinion = open_verdict.opinion(opened, held, classes, rounds)
    counts = opinion.counts if opinion else count_ballots(opened, terms, [s.seat for s in held], ballots)
    ruling = rule_on(opened, terms, voices, counts)
    attributed = opinion.leading if opinion else _attributed(opened, held, ballots, counts)
    live = [terms.cards.get(s.answered.card, NO_FACTS) for s in held if s.ballot is not None and s.answered]
    return Decided(
        outcome=_as_stopped(ruling.outcome, rounds),
        answer_class=ruling.winner,
        attributed=attributed,
        tally=tuple(TallyLine(answer_class=line.answer_class, seats=line.seats) for line in counts.tally),
        seats=tuple(_report(standing, ballots.get(standing.seat)) for standing in held),
        dissent=_dissenters(held, ballots, counts, attributed),
        confidence_bp=ruling.shown_bp,
        outstanding=tuple(s.ask for s in held if s.ask and s.state == "outstanding"),
        flags=_all_flags(
            held,
            rounds,
            ruling,
            {
                "attributed": attributed is not None,
                "uncompared": opened.space.kind == "open" and opinion is None and len(counts.tally) > 1,
                **dict.fromkeys(opinion.flags if opinion else (), True),
            },
        ),
        arbitration=Arbitrated(
            review=(*ruling.review, *(opinion.review if opinion else ())),
            blocked_by=tuple(s.ask for s in held if s.ask and s.seat in ruling.blocked_by),
            ranking=opinion.ranking if opinion else counts.ranking,
            moves=_moves(opened, standings, rounds),
            independence=independent_voices(live, terms.measured),
            raw_bp=ruling.raw_bp,
            claims=opinion.claims if opinion else (),
            coverage=opinion.coverage if opinion else None,
            draft=opinion.draft if opinion else None,
        ),
    )


def count_ballots(opened: Opened, terms: Terms, order: Sequence[str], ballots: Mapping[str, str]) -> Counted:
    """Count classes by seat under the rule of the council."""
    return counted(opened.rule, opened.quorum, order, ballots, space=opened.space, measured=terms.measured)


def final_standings(standings: Sequence[Standing], rounds: Rounds) -> tuple[Standing, ...]:
    """What counts of each seat: its second word where it gave one, else its first.

    A seat that failed in the rebuttal, or was not heard in time, has said what it said before; one that refuses,
    evades or abstains there has taken its ballot back.
    """
    second = {s.seat: s for s in rounds.second if not s.missing}
    return tuple(second.get(standing.seat, standing) for standing in standings)


def voice_of(standing: Standing, answer_class: str | None) -> Voice:
    """A standing as arbitration sees it."""
    answered = standing.answered
    if answered is None:
        return Voice(standing.seat, _unsaid(standing))
    return Voice(
        seat=standing.seat,
        said=answered.statement,
        ballot=answer_class,
        card=answered.card,
        severity=answered.severity,
        based=any(claim.basis != "none" for claim in answered.claims),
        repeats=bool(answered.repeats),
    )


def _unsaid(standing: Standing) -> Literal["not_admitted", "outstanding", "cancelled", "not_asked", "rested"]:
    match standing.state:
        case "not_admitted" | "cancelled" | "rested":
            return standing.state
        case "waiting" | "not_asked":
            return "not_asked"
        case _:
            return "outstanding"


def _as_stopped(outcome: Outcome, rounds: Rounds) -> Outcome:
    return "majority" if rounds.stopped and outcome == "unanimous" else outcome


def _dissenters(
    held: Sequence[Standing], ballots: Mapping[str, str], counts: Counted, attributed: str | None
) -> tuple[str, ...]:
    """Asks of the seats that voted and do not hold what leads: whether it stands or was blocked."""
    if counts.winner is None and attributed is None:
        return ()
    if counts.winner is None:
        return _dissent(held, ballots, counts, attributed)
    return tuple(s.ask for s in held if s.ask and s.seat in ballots and s.seat not in counts.supporters)


def _moves(opened: Opened, standings: Sequence[Standing], rounds: Rounds) -> tuple[Move, ...]:
    second = {s.seat: s for s in rounds.second}
    return tuple(
        Move(
            seat=s.seat,
            before=s.ballot,
            after=second[s.seat].ballot if not second[s.seat].missing else s.ballot,
        )
        for s in standings
        if s.seat in second and opened.space.kind != "open"
    )


def _all_flags(
    held: Sequence[Standing],
    rounds: Rounds,
    ruling: Ruling,
    said: Mapping[str, bool],
) -> tuple[str, ...]:
    """The flags that hold, by name: those of the ruling, those that `said` knows, and those of who spoke."""
    everyone = (*held, *rounds.second, *rounds.reviews, *((rounds.draft,) if rounds.draft else ()))
    origins = {s.answered.origin for s in everyone if s.answered}
    raised = {
        **dict.fromkeys(ruling.flags, True),
        **said,
        "degraded": "degraded" in ruling.flags and not rounds.stopped,
        "recording": "recorded" in origins,
        "rehearsal": "scripted" in origins,
        "rebuttal_incomplete": any(s.missing for s in rounds.second),
        STOPPED: rounds.stopped,
    }
    return tuple(sorted(name for name, holds in raised.items() if holds))
