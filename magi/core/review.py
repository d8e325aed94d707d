"""Peer reviews made fit to be counted: the reviewer's own item is out before anything is scored.

A reviewer ranks the statements it was shown. Those it wrote itself are taken out of the ranking and the others
close up, so that where a reviewer put its own answer moves no rival: not the score, not the number of places
below, not the tie key. The own item is recused, which is not the same as last: the ballot compares it with
nothing. A statement that several seats made is recused for each of them.

Leaves to others: anonymising and ordering what is shown, reading the ranking out of the reviewer's text, and
the counting (`magi.core.rules`).
"""

from collections.abc import Mapping, Sequence

from magi.core.rules.ballots import Ranking


def without_own(tiers: Sequence[Sequence[str]], own: Sequence[str]) -> Ranking:
    """The ranking `tiers` (best first) without the items `own`, the places below moved up; `own` is recused."""
    mine = frozenset(own)
    kept = tuple(tuple(item for item in tier if item not in mine) for tier in tiers)
    # `own` may name items in any order; dict keeps the caller's and drops what is named twice.
    return Ranking(tuple(tier for tier in kept if tier), tuple(dict.fromkeys(own)))


def recuse(
    reviews: Mapping[str, Sequence[Sequence[str]]], authors: Mapping[str, Sequence[str]]
) -> dict[str, Ranking]:
    """The ballots of `reviews` (seat -> tiers of items) with each seat's own items recused.

    `authors` names the seats behind each item; an item is recused for all of them. Guarantees that two reviews
    which differ only in where the reviewer put its own items give equal ballots.
    """
    return {
        seat: without_own(tiers, [item for item, seats in authors.items() if seat in seats])
        for seat, tiers in reviews.items()
    }
