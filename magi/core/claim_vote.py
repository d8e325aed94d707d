"""The vote on claims, one by one, and the ranking of the statements that hold them.

A seat supports the claims it made, but nobody accepts a claim alone: it takes two supporters, more supporters than
opposers, and the accepting vote of a seat that did not make it. More opposers than supporters reject it; all else
is contested. What an author says of its own claim in a review is not heard: it is recused. Two accepted claims that
contradict each other are both contested, since a council that accepts both has decided nothing.

Promises: pure, integers only; the order of claims, seats and votes changes nothing, nor do their names beyond the
order of the lines. Leaves to others: reading reviews (`peer`), whether the materials bear a claim (`grounding`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from magi.core.claims import in_order
from magi.core.contradiction import contradictions
from magi.core.review import recuse
from magi.core.rules.ballots import Poll
from magi.core.rules.contest import Contest
from magi.core.rules.ranked import rank
from magi.core.rules.ties import NO_KEY, TieKey

__all__ = ["MIN_SUPPORTERS", "Tallied", "Vote", "contradictions", "leading", "settled", "tally"]

MIN_SUPPORTERS: Final = 2
"""One seat's word is a statement, not the council's."""

Vote = Literal["accept", "reject", "unsure"]


@dataclass(frozen=True, slots=True)
class Tallied:
    """What the votes made of one claim; seats in council order, `authors` among the `supporters`."""

    id: str
    status: Literal["accepted", "contested", "rejected"]
    authors: tuple[str, ...]
    supporters: tuple[str, ...]
    opposers: tuple[str, ...]
    unsure: tuple[str, ...]


def tally(
    claims: Mapping[str, Sequence[str]],
    votes: Mapping[str, Mapping[str, Vote]],
    seats: Sequence[str] = (),
) -> tuple[Tallied, ...]:
    """Count the votes on each claim.

    Args:
        claims: claim id -> the seats that made it.
        votes: reviewing seat -> claim id -> its vote; votes on other claims and on one's own are not counted.
        seats: the seats that answered, in council order. A claim that every one of them made by itself, two or
            more, is accepted: nobody is left who could be asked. Without `seats` that exception is not made.

    Returns:
        One line a claim, in the order of the ids.
    """
    order = (*seats, *in_order(sorted({*votes, *(a for made in claims.values() for a in made)} - set(seats))))
    return tuple(_line(claim, frozenset(claims[claim]), votes, order, seats) for claim in in_order(claims))


def _line(
    claim: str,
    authors: Collection[str],
    votes: Mapping[str, Mapping[str, Vote]],
    order: Sequence[str],
    seats: Sequence[str],
) -> Tallied:
    said = {seat: votes[seat].get(claim) for seat in order if seat in votes and seat not in authors}
    accepting = [seat for seat, vote in said.items() if vote == "accept"]
    supporters = tuple(seat for seat in order if seat in authors or seat in accepting)
    opposers = tuple(seat for seat, vote in said.items() if vote == "reject")
    backed = bool(accepting) or (bool(seats) and all(seat in authors for seat in seats))
    status: Literal["accepted", "contested", "rejected"] = "contested"
    if len(opposers) > len(supporters):
        status = "rejected"
    elif backed and len(supporters) >= MIN_SUPPORTERS and len(supporters) > len(opposers):
        status = "accepted"
    return Tallied(
        claim,
        status,
        tuple(seat for seat in order if seat in authors),
        supporters,
        opposers,
        tuple(seat for seat, vote in said.items() if vote == "unsure"),
    )


def settled(lines: Sequence[Tallied], texts: Mapping[str, str]) -> tuple[Tallied, ...]:
    """The lines with each two accepted claims that contradict each other contested, by their `texts` by claim id."""
    accepted = {line.id for line in lines if line.status == "accepted"}
    pairs = contradictions({claim: text for claim, text in texts.items() if claim in accepted})
    doubted = {claim for pair in pairs for claim in pair}
    return tuple(replace(line, status="contested") if line.id in doubted else line for line in lines)


def leading(
    rankings: Mapping[str, Sequence[Sequence[str]]],
    authors: Mapping[str, Sequence[str]],
    seats: Sequence[str],
    quorum: int,
    tie: TieKey = NO_KEY,
) -> Contest:
    """Rank the statements by Schulze's method, each seat's own recused.

    Args:
        rankings: reviewing seat -> statements (by ask) in tiers, best first.
        authors: statement -> the seats that made it.
        seats: the seats of the council in their order.
        quorum: reviews that must compare something.
        tie: the stated key; without one a tie is a tie.

    Returns:
        The contest over the statements. With fewer than two to compare, or with two that only their own authors
        reviewed, no review compares anything and the result is no_quorum.

    Raises:
        CouncilRefusedError: poll_options, there is no statement at all.
    """
    return rank("schulze", Poll(in_order(authors), tuple(seats), quorum, tie), recuse(rankings, authors))
