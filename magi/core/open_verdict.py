"""What the reviews of open statements come to: the leading statement, the claims, and the draft that stands.

- Statements of one class are one statement. Each is ranked by the reviews of the seats that did not make it; a
  review that was asked in both orders counts where both agree.
- Claims of equal text are one claim. Votes accept, reject or leave it contested; what they accept and the verifier
  does not find in the materials is unverified (未検証), however many agree.
- The draft stands if it kept a sentence; otherwise the accepted claims themselves are the reply.

Promises: pure; what a seat says of its own statement and claims is not heard. Leaves to others: the texts, equal
claims, contradictions and the verifier's findings, which are on record as codes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from magi.core.claim_vote import Tallied, Vote, leading, tally
from magi.core.counting import Counted, counted
from magi.core.decided import ClaimLine
from magi.core.peer import Review, agreed
from magi.core.record import Opened
from magi.core.standing import Rounds, Standing

REVERSED: Final = "q"
"""How an ask begins that puts the same review in the other order."""


@dataclass(frozen=True)
class Opinion:
    """What reviews, claims and draft come to; `leading` and `draft` are asks, `ranking` tiers of asks."""

    counts: Counted
    leading: str | None
    ranking: tuple[tuple[str, ...], ...]
    claims: tuple[ClaimLine, ...]
    coverage: tuple[int, int] | None
    draft: str | None
    flags: tuple[str, ...]
    review: tuple[str, ...]


def opinion(
    opened: Opened, standings: Sequence[Standing], classes: Mapping[str, str], rounds: Rounds
) -> Opinion:
    """The opinion on open statements (council order), their `classes` by ask, and what followed them."""
    order = [standing.seat for standing in standings]
    made = {s.ask: s.seat for s in standings if s.ask and s.ballot is not None}
    reviews = reviews_of(rounds.reviews)
    counts, ranking = _ranked(opened, order, {ask: classes[ask] for ask in made}, made, reviews)
    lines = claim_lines(standings, classes, rounds, reviews)
    accepted = [line for line in lines if line.status in ("accepted", "unverified")]
    supported = sum(line.support == "supported" for line in accepted)
    draft = rounds.draft
    kept = draft is not None and draft.answered is not None and draft.answered.written is not None
    doubts = {
        "contested_claims": any(line.status == "contested" for line in lines),
        "unverified_claims": any(line.status == "unverified" for line in lines),
    }
    to_see = doubts["unverified_claims"] and bool(opened.arbitration and opened.arbitration.sources)
    return Opinion(
        counts=counts,
        leading=_first_holder(counts, ranking, made, classes),
        ranking=ranking,
        claims=lines,
        coverage=(supported, len(accepted)) if lines else None,
        draft=draft.ask
        if kept and draft and draft.answered and draft.answered.written and draft.answered.written.sentences
        else None,
        flags=tuple(name for name, holds in doubts.items() if holds),
        review=(
            *(("contested_claims",) if doubts["contested_claims"] else ()),
            *(("unverified_claims",) if to_see else ()),
        ),
    )


def reviews_of(standings: Sequence[Standing]) -> dict[str, Review]:
    """The review of each seat; asked twice, what both say. One that failed in either order says nothing."""
    found: dict[str, list[Review]] = {}
    asked: dict[str, int] = {}
    for standing in standings:
        asked[standing.seat] = asked.get(standing.seat, 0) + 1
        if standing.answered is not None and standing.answered.review is not None:
            said = standing.answered.review
            found.setdefault(standing.seat, []).append(
                Review(said.ranking, tuple(sorted(said.votes.items())))
            )
    return {
        seat: said[0] if len(said) == 1 else agreed(said[0], said[1])
        for seat, said in found.items()
        if len(said) == asked[seat]
    }


def claim_lines(
    standings: Sequence[Standing],
    classes: Mapping[str, str],
    rounds: Rounds,
    reviews: Mapping[str, Review],
) -> tuple[ClaimLine, ...]:
    """Every claim once, with its votes and what the verifier found."""
    order = [s.seat for s in standings if s.ballot is not None]
    authors: dict[str, list[str]] = {}
    bases = {}
    for standing in standings:
        claims = standing.answered.claims if standing.answered and standing.ballot is not None else ()
        for claim in claims:
            bases[claim.id] = claim.basis
            makers = authors.setdefault(classes.get(claim.id, claim.id), [])
            if standing.seat not in makers:
                makers.append(standing.seat)
    votes: dict[str, Mapping[str, Vote]] = {seat: dict(review.votes) for seat, review in reviews.items()}
    lines = _uncontradicted(tally(authors, votes, order), rounds.contradicting)
    return tuple(
        ClaimLine(
            id=line.id,
            status="unverified" if line.status == "accepted" and support != "supported" else line.status,
            basis=bases.get(line.id, "none"),  # classes may name a claim that nobody made
            support=support,
            authors=line.authors,
            supporters=line.supporters,
            opposers=line.opposers,
        )
        for line in lines
        for support in (rounds.findings.get(line.id, "unchecked"),)
    )


def _uncontradicted(lines: Sequence[Tallied], pairs: Sequence[tuple[str, str]]) -> tuple[Tallied, ...]:
    """Two accepted claims that contradict each other are both contested."""
    accepted = {line.id for line in lines if line.status == "accepted"}
    doubted = {claim for pair in pairs if set(pair) <= accepted for claim in pair}
    return tuple(replace(line, status="contested") if line.id in doubted else line for line in lines)


def _ranked(
    opened: Opened,
    order: Sequence[str],
    classes: Mapping[str, str],
    made: Mapping[str, str],
    reviews: Mapping[str, Review],
) -> tuple[Counted, tuple[tuple[str, ...], ...]]:
    """The count over classes as reviews rank them; where too few reviews compare, by the council's rule.

    A class goes by the first ask that holds it.
    """
    terms = opened.arbitration
    plain = counted(
        opened.rule,
        opened.quorum,
        order,
        {made[ask]: held for ask, held in classes.items()},
        space=opened.space,
        measured=terms.measured if terms else None,
    )
    if plain.result == "no_quorum" or len(plain.tally) == 1:
        return plain, ()
    first: dict[str, str] = {}
    for ask, held in classes.items():
        first.setdefault(held, ask)
    authors = {ask: [made[a] for a, h in classes.items() if h == held] for held, ask in first.items()}
    rankings = {seat: _of_first(review.ranking, classes, first) for seat, review in reviews.items()}
    contest = leading(rankings, authors, order, opened.quorum)
    if contest.result == "no_quorum":
        return plain, ()
    if contest.winner is None:
        undecided = Counted("tied" if contest.result == "tied" else "below_threshold", None, plain.tally)
        return undecided, contest.ranking
    behind = {*contest.supporters, *authors[contest.winner]}
    supporters = tuple(seat for seat in order if seat in behind)
    counts = Counted(
        "won",
        classes[contest.winner],
        plain.tally,
        contest.tie_broken is not None,
        single_seat=len(supporters) == 1 and len(made) > 1,
        supporters=supporters,
    )
    return counts, contest.ranking


def _of_first(
    ranking: Sequence[Sequence[str]], classes: Mapping[str, str], first: Mapping[str, str]
) -> tuple[tuple[str, ...], ...]:
    """A ranking of asks as one of the asks that stand for their classes, each where it was best."""
    seen: set[str] = set()
    tiers: list[tuple[str, ...]] = []
    for tier in ranking:
        kept = dict.fromkeys(first[classes[ask]] for ask in tier if ask in classes)
        tiers.append(tuple(ask for ask in kept if ask not in seen))
        seen |= set(kept)
    return tuple(tier for tier in tiers if tier)


def _first_holder(
    counts: Counted,
    ranking: Sequence[Sequence[str]],
    made: Mapping[str, str],
    classes: Mapping[str, str],
) -> str | None:
    """The ask whose statement is shown: of the winning class, or the first of what leads; None below the quorum."""
    if counts.result == "no_quorum":
        return None
    if counts.winner is not None:
        return next(ask for ask in made if classes[ask] == counts.winner)
    if ranking:
        return ranking[0][0]
    leader = counts.tally[0].answer_class
    return next(ask for ask in made if classes[ask] == leader)
