"""Exact early stop: whether anything that the outstanding seats could still say would change the decision.

`find` walks every completion of a council under the caller's own decision function and reports it settled only
if all of them agree in outcome, winner, flags and need for review. Options that are still open in the same way
to every outstanding seat, that nobody holds and that the decision function does not know by name, are
interchangeable: only the first not yet used of them is tried at each step, since renaming them carries any
completion into a tried one. This asks of the decision function that it is neutral: renaming such options
renames its winner and changes nothing else. Options that it treats apart (a topic's barred answer, the
"conditional" of a yes-no question) are passed as `named` and are never merged.

`find_weighted` answers the same for integer weights under plurality, majority, supermajority and unanimity from
the tallies alone, for councils too large to walk. `is_settled` does so for the aggregators of a profile. All are
exact: settled is never said wrongly, and never withheld where it holds, but for councils beyond `MAX_COMPLETIONS`,
which count as open.

What stopping itself forgoes is no difference: unanimity (a stopped council is a majority, never 全会一致) and
the flags of participation in `FORGONE`; a settled decision carries the flag `stopped` in their place.

Leaves to others: asking, cancelling, and the decision functions (`magi.core.rules`, `magi.core.verdict`).
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from magi.core.aggregate import Pattern, Scales, speaker
from magi.core.rules.count import Rule, count

MAX_COMPLETIONS = 20_000
"""Four seats over four options with two severities each fit; at some 10 us each the walk stays under a second."""
MAX_WEIGHT = 1_000_000
"""Of one seat: weights are log-odds in thousandths at most, and sums of reachable differences stay small."""
STOPPED = "stopped"
FORGONE = frozenset({"degraded", STOPPED})
"""Flags that only say that a seat did not speak: a stopped council says so by `stopped` whatever happens."""

Said = Literal["answer", "refusal", "abstention", "failure"]
SILENT: tuple[Said, ...] = ("refusal", "abstention", "failure")


@dataclass(frozen=True)
class Ballot:
    """What a seat said, or could: `option` goes with an answer only; `domestic` is of the card that speaks.

    `severity` names the ground of a dissent that may block (legality, safety, personal data), or is empty.
    """

    said: Said
    option: str | None = None
    severity: str = ""
    domestic: bool = False

    def __post_init__(self) -> None:
        """Refuse an answer without an option, and an option without an answer."""
        if (self.said == "answer") != (self.option is not None):
            msg = "option: goes with an answer, and only with it"
            raise ValueError(msg)


@dataclass(frozen=True)
class Decision:
    """What a decision function makes of all ballots: `outcome` as in a verdict, `winner` an option or None."""

    outcome: str
    winner: str | None
    flags: frozenset[str] = frozenset()
    review: bool = False


@dataclass(frozen=True)
class Finding:
    """`decision` stands with `settled` only and is what the stopped council says; `walked` counts completions."""

    result: Literal["settled", "open", "too_many"]
    decision: Decision | None
    walked: int


Decide = Callable[[Mapping[str, Ballot]], Decision]
"""From the ballots of all seats that were asked; it may depend on who said what, never on the order."""


def every_ballot(
    options: Sequence[str], severities: Sequence[str] = ("",), *, domestic: Sequence[bool] = (False,)
) -> tuple[Ballot, ...]:
    """Everything a seat could still say: each option at each severity, a refusal, an abstention, a failure.

    Args:
        options: the answer space; for open text the classes held so far and one new one for every outstanding
            seat.
        severities: grounds that a dissent may carry; the empty one stands for none.
        domestic: whether the cards that may yet speak for the seat are domestic (two values if a fallback differs).
    """
    answers = [
        Ballot("answer", option, severity, own)
        for option in options
        for severity in severities
        for own in domestic
    ]
    return (*answers, *(Ballot(said) for said in SILENT))


def find(
    decide: Decide,
    said: Mapping[str, Ballot],
    outstanding: Mapping[str, Sequence[Ballot]],
    *,
    named: frozenset[str] = frozenset(),
    limit: int = MAX_COMPLETIONS,
) -> Finding:
    """Whether every completion of `said` by `outstanding` leads to the same decision.

    Args:
        decide: the council's decision function, neutral between options outside `named`.
        said: the ballots of the seats that have spoken.
        outstanding: for each other seat the ballots it could still cast; none at all means it stays silent
            for sure and is left out.
        named: options that `decide` treats apart.
        limit: completions to walk before giving up; more is reported as `too_many`, which stops nothing.

    Returns:
        `settled` with the decision of the stopped council, `open` as soon as two completions differ, `too_many`.
        Without outstanding seats it is settled by what was said, which is then no stop: the flag is not added
        and unanimity stands.
    """
    waiting = {seat: tuple(dict.fromkeys(ways)) for seat, ways in outstanding.items() if ways}
    if not waiting:
        return Finding("settled", decide(said), 1)
    twins = _twins(waiting, {ballot.option for ballot in said.values()} | named)
    first: Decision | None = None
    walked = 0
    for completion in itertools.chain(_alike(waiting), _completions(tuple(waiting.items()), twins)):
        if walked == limit:
            return Finding("too_many", None, walked)
        walked += 1
        decision = as_stopped(decide({**said, **completion}))
        first = first or decision
        # A winner that has a twin wins under the twin's name in another completion.
        if decision != first or len(twins.get(decision.winner, ())) > 1:
            return Finding("open", None, walked)
    return Finding("settled", first, walked)


def as_stopped(decision: Decision) -> Decision:
    """The decision as a stopped council reports it: a majority at most, `stopped`, no flag of participation."""
    outcome = "majority" if decision.outcome == "unanimous" else decision.outcome
    return replace(decision, outcome=outcome, flags=(decision.flags - FORGONE) | {STOPPED})


def order(seats: Sequence[str], reliabilities: Mapping[str, int]) -> tuple[str, ...]:
    """The seats in the order to ask them: the most reliable first, since its ballot settles most.

    Equal ones stand in the order of `seats` (the council's), those without a measured reliability after the
    others. Reliabilities are integers (basis points or weights); the order of the mapping does not matter.
    """
    measured = [seat for seat in seats if seat in reliabilities]
    return (
        *sorted(measured, key=lambda seat: -reliabilities[seat]),
        *(seat for seat in seats if seat not in reliabilities),
    )


def order_of(held: Scales) -> tuple[int, ...]:
    """The places of the seats in the order to ask them under an aggregator: by weight, rank, council order."""
    return tuple(
        sorted(range(len(held.weights)), key=lambda place: (-held.weights[place], held.ranks[place]))
    )


def is_settled(held: Scales, pattern: Pattern, outstanding: Sequence[int]) -> bool:
    """Whether every completion by the `outstanding` seats (silent in `pattern`) decides the same class.

    All aggregators reward a class for every ballot more (weights are never negative, and a tie goes to the class
    with the most reliable seat), so only the worst completions need a look: all outstanding seats silent, or all of
    them for one rival class, held or new. Not exact for `majority`, which may end undecided and be settled in that.
    """
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


def counting(rule: Rule, quorum: int, seats: Sequence[str]) -> Decide:
    """The decision function of `magi.core.rules.count` over `seats`: what is not won needs review."""

    def decide(ballots: Mapping[str, Ballot]) -> Decision:
        held = {seat: ballot.option for seat, ballot in ballots.items() if ballot.option is not None}
        counted = count(rule, quorum, seats, held)
        failed = any(ballots.get(seat, _FAILED).said == "failure" for seat in seats)
        unanimous = len(held) == len(seats) and len(counted.tally) == 1
        won = "unanimous" if unanimous else "majority"
        outcomes = {"won": won, "below_threshold": "withheld"}
        raised = {"degraded": failed, "tie_broken": counted.tie_broken}
        return Decision(
            outcome=outcomes.get(counted.result, counted.result),
            winner=counted.winner,
            flags=frozenset(name for name, holds in raised.items() if holds),
            review=counted.result != "won",
        )

    return decide


def find_weighted(
    rule: Rule,
    quorum: int,
    weights: Mapping[str, int],
    ballots: Mapping[str, str],
    *,
    outstanding: Sequence[str],
    unheld: int,
) -> bool:
    """Whether no completion changes result or winner, for ballots that count by integer weights; exact.

    Thresholds are taken of the weight cast, the quorum of the ballots cast. Unit weights give
    `magi.core.rules.count`. Any outstanding seat may still cast any option or none. A tie that a key breaks
    counts as another result than a lead won outright, so the tie key itself does not matter here.

    Args:
        rule: plurality, majority, supermajority or unanimity.
        quorum: live ballots needed.
        weights: of every seat in `ballots` and `outstanding`, 1 to `MAX_WEIGHT`. A seat of weight nought casts
            no ballot: leave it out.
        ballots: seat -> option, of those who answered.
        outstanding: seats that may still answer.
        unheld: options of the answer space that nobody holds yet (for open text: one for every seat).

    Raises:
        ValueError: a weight out of range.
    """
    if any(not 1 <= weights[seat] <= MAX_WEIGHT for seat in (*ballots, *outstanding)):
        msg = f"weights: whole numbers from 1 to {MAX_WEIGHT}"
        raise ValueError(msg)
    needed = max(quorum, 1)
    able = len(outstanding) if ballots or unheld else 0
    if not able or len(ballots) < needed:
        return not able or len(ballots) + able < needed
    return _lead_is_settled(rule, _tally(weights, ballots), [weights[seat] for seat in outstanding], unheld)


_FAILED = Ballot("failure")


def _twins(
    waiting: Mapping[str, tuple[Ballot, ...]], taken: frozenset[str] | set[str | None]
) -> dict[str | None, tuple[str, ...]]:
    """For each interchangeable option all options that may stand in for it, itself included, in stated order."""
    shapes: dict[str, tuple[frozenset[Ballot], ...]] = {}
    for ways in waiting.values():
        for ballot in ways:
            if ballot.option is not None and ballot.option not in taken and ballot.option not in shapes:
                shapes[ballot.option] = _shape(ballot.option, waiting)
    alike: dict[tuple[frozenset[Ballot], ...], list[str]] = {}
    for option, shape in shapes.items():
        alike.setdefault(shape, []).append(option)
    return {option: tuple(alike[shape]) for option, shape in shapes.items()}


def _shape(option: str, waiting: Mapping[str, tuple[Ballot, ...]]) -> tuple[frozenset[Ballot], ...]:
    """How each outstanding seat could cast the option, without its name."""
    return tuple(
        frozenset(replace(ballot, option="") for ballot in ways if ballot.option == option)
        for ways in waiting.values()
    )


def _alike(waiting: Mapping[str, tuple[Ballot, ...]]) -> Iterator[dict[str, Ballot]]:
    """All outstanding seats say the same: tried first, since there most councils that are open show it."""
    return (
        dict.fromkeys(waiting, ballot)
        for ballot in next(iter(waiting.values()))
        if all(ballot in ways for ways in waiting.values())
    )


def _completions(
    waiting: Sequence[tuple[str, tuple[Ballot, ...]]], twins: Mapping[str | None, tuple[str, ...]]
) -> Iterator[dict[str, Ballot]]:
    """One completion of each class: of twins that nobody holds, a seat may only take the first.

    Every completion is a renaming of exactly one of these: rename its twins in the order in which the seats
    first use them.
    """
    if not waiting:
        yield {}
        return
    for completion in _completions(waiting[:-1], twins):
        used = {ballot.option for ballot in completion.values()}
        seat, ways = waiting[-1]
        for ballot in ways:
            unused = [twin for twin in twins.get(ballot.option, ()) if twin not in used]
            if not unused or ballot.option in used or ballot.option == unused[0]:
                yield {**completion, seat: ballot}


def _lead_is_settled(rule: Rule, tally: Sequence[int], rest: Sequence[int], unheld: int) -> bool:
    """With the quorum cast and at least one seat outstanding; `tally` largest first."""
    rivals = [*tally[1:], *([0] if unheld else [])]
    cast, more = sum(tally), sum(rest)
    if not rivals:
        return True  # one option in all: it has won, and goes on winning
    # A tie now is open: whoever joins one of the tied breaks it, and nobody need. Both branches say so.
    if _meets(rule, tally[0], cast):
        overtaken = rule.name == "plurality" and rivals[0] + more >= tally[0]
        return not overtaken and _meets(rule, tally[0], cast + more)
    if _meets(rule, tally[0] + more, cast + more):
        return False
    return not _tie_reachable([*tally, *([0] * min(unheld, 2))], rest)


def _tally(weights: Mapping[str, int], ballots: Mapping[str, str]) -> list[int]:
    """The weight of each option held, largest first."""
    held: dict[str, int] = {}
    for seat, option in ballots.items():
        held[option] = held.get(option, 0) + weights[seat]
    return sorted(held.values(), reverse=True)


def _meets(rule: Rule, leading: int, cast: int) -> bool:
    """The threshold of `magi.core.rules.count`, of the weight cast."""
    if rule.name == "plurality":
        return True
    if rule.name == "majority":
        return 2 * leading > cast
    numerator, denominator = rule.share or (1, 1)
    return leading * denominator >= numerator * cast


def _tie_reachable(totals: Sequence[int], rest: Sequence[int]) -> bool:
    """Whether some split of `rest` over two options, the others silent, makes these two share the lead.

    A third option that gains too only stands in the way of their lead, so two at a time are enough.
    """
    common = _splits(rest)
    return any(
        second + gained >= max(totals)
        for place, first in enumerate(totals)
        for second in totals[place + 1 :]
        if (gained := common.get(first - second, -1)) >= 0
    )


def _splits(rest: Sequence[int]) -> dict[int, int]:
    """For each difference that the second option can gain on the first: the most that the second can gain."""
    best = {0: 0}
    for weight in rest:
        grown = dict(best)
        for difference, gained in best.items():
            grown[difference + weight] = max(grown.get(difference + weight, -1), gained + weight)
            grown[difference - weight] = max(grown.get(difference - weight, -1), gained)
        best = grown
    return best
