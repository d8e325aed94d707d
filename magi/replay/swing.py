"""How far a verdict is from another one: the fewest ballots that would have to be otherwise. Pure.

Counted are the ballots of the seats that do not hold the decided answer: they voted otherwise, or cast none although
they were of the council on this question. Each may turn to any answer, or fall silent. Another verdict is one with
another answer; where none was decided, with an answer or another outcome. That a majority becomes unanimous is none.

The search is exhaustive up to `MAX_SWING` ballots, each combination decided by the core. Leaves to others: seats that
go (`without`), open text with peer review, whose verdict no ballots make.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from magi.core.decided import Decided
from magi.core.record import Answered
from magi.core.standing import Standing
from magi.core.stopping import ways
from magi.core.verdict import decide, final_standings
from magi.replay.as_decided import AsDecided

MAX_SWING: Final = 3
"""Whoever needs four ballots otherwise is not near."""
MAX_DECIDED: Final = 4_000
"""Some 0.2 ms each: the councils of a period are searched in seconds, larger ones are not told."""

Swing = Literal["more", "never"] | int


def short_of(case: AsDecided, verdict: Decided) -> Swing | None:
    """The fewest ballots otherwise that change the verdict: 1 to 3, `more`, or `never` if all of them cannot.

    None where it cannot be told: reviews decide, there are too many combinations to try, or ballots rank more options
    than are walked.
    """
    terms = case.opened.arbitration
    if case.opened.space.kind == "open" and terms is not None and terms.peer_review:
        return None
    held = final_standings(case.standings, case.rounds)
    ballots = {s.seat: _class_of(case, s) for s in held}
    free = [s for s in held if _is_free(s) and not _holds(verdict, s.seat)]
    options = _options(case, [each for each in ballots.values() if each is not None])
    if not options:
        return None
    tried = 0
    for size in range(1, min(MAX_SWING, len(free)) + 1):
        for turned in _turned(free, ballots, options, size):
            tried += 1
            if tried > MAX_DECIDED:
                return None
            if _is_other(_decided(case, held, turned), verdict):
                return size
    return "never" if len(free) <= MAX_SWING else "more"


def _class_of(case: AsDecided, standing: Standing) -> str | None:
    if standing.ballot is None or case.opened.space.kind != "open":
        return standing.ballot
    return case.classes.get(standing.ask or "")


def _is_free(standing: Standing) -> bool:
    """Whether it could have voted: it was of the council, and might see the question."""
    return standing.ask is not None and standing.state not in ("rested", "not_admitted")


def _holds(verdict: Decided, seat: str) -> bool:
    """Whether a seat is for what was decided."""
    if verdict.answer_class is None:
        return False
    dissent = {report.seat for report in verdict.seats if report.ask in verdict.dissent}
    return seat not in dissent and any(r.seat == seat and r.answer_class is not None for r in verdict.seats)


def _options(case: AsDecided, held: Sequence[str]) -> tuple[str, ...]:
    """What a ballot may turn to: what is held or known by name, and of all that nobody holds the first."""
    if case.opened.space.kind == "open":
        return (*dict.fromkeys(held), "\x00new")
    every, named = ways(case.opened, held, 1)
    known = {*held, *named}
    first = next((option for option in every if option not in known), None)
    return tuple(option for option in every if option in known or option == first)


def _turned(
    free: Sequence[Standing], ballots: Mapping[str, str | None], options: Sequence[str], size: int
) -> Iterator[dict[str, str | None]]:
    """Every way in which so many of the free seats say something else."""
    silent: tuple[str | None, ...] = (None,)
    for seats in itertools.combinations([s.seat for s in free], size):
        others = [[each for each in (*options, *silent) if each != ballots[seat]] for seat in seats]
        for said in itertools.product(*others):
            yield dict(zip(seats, said, strict=True))


def _decided(case: AsDecided, held: Sequence[Standing], turned: Mapping[str, str | None]) -> Decided:
    standings = [_turned_to(case, s, turned[s.seat]) if s.seat in turned else s for s in held]
    classes = dict(case.classes)
    if case.opened.space.kind == "open":
        classes |= {s.ask or "": turned[s.seat] or "" for s in held if s.seat in turned}
    return decide(case.opened, standings, classes, replace(case.rounds, second=()))


def _turned_to(case: AsDecided, standing: Standing, ballot: str | None) -> Standing:
    """The same seat with another ballot and nothing else to say; None abstains."""
    answered = standing.answered
    card = answered.card if answered is not None else next(iter(case.targets(standing.seat)), "")
    said = Answered(
        ask=standing.ask or "",
        attempt=0,
        seat=standing.seat,
        stage="answer",
        card=card or case.opened.seats[0].targets[0],
        statement="abstention" if ballot is None else "answer",
        ballot=ballot,
        failure=None,
        claims=(),
        severity=None,
        label=case.opened.label,
        tokens=None,
        cost=None,
        origin="live",
    )
    return replace(standing, state="answered", answered=said)


def _is_other(one: Decided, other: Decided) -> bool:
    if one.answer_class is None and other.answer_class is None:
        return one.outcome != other.outcome
    return one.answer_class != other.answer_class
