"""Peer review: what each reviewer is shown, and what its review comes to.

1. Statements of equal folded text are one item with several authors; a seat is shown no item that it made itself.
2. Every reviewer sees the items in an order of its own: a row of a Williams Latin square (1949), whose rows and
   items are placed by the digest of the question. A seat's row begins with its own item, which is left out, so that
   over all authors every item stands equally often in every place. Seats of one item take turns with the mirrored
   square, and a reviewer without an item of its own takes a row by its number.
3. Items are called 甲, 乙, 丙 ... as they stand before this reader. Names, Markdown, white space and control
   characters are taken out of what is shown, and every line of it is marked as material, so that no text can pose
   as a heading, a label or an instruction of the sheet.
4. A review ranks the labels and votes on the claims by label. A ranking that names what was not shown, or names it
   twice, is set aside whole; so is a vote on what was not shown, or two votes on one claim that differ. Nothing is
   repaired and nothing set aside is counted.
5. Where a sheet holds two items, both orders are asked: a preference or a vote counts only if both agree.

Promises: pure; never raises on any review; nothing depends on the order in which answers came. Leaves to others:
asking (`magi.service`), counting (`claim_vote`), recusal in the ballots (`review`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from magi.core.answers import Abstention, Failure, FailureName, Refusal, canonicalise
from magi.core.answers.envelope import Members, open_objects, stated
from magi.core.answers.fold import fold, text_key
from magi.core.answers.phrase import WRAPPERS
from magi.core.answers.reading import spoken
from magi.core.canonical import digest
from magi.core.claim_vote import Vote
from magi.core.claims import OpenStatement, in_order, merged
from magi.core.rules.ballots import Tiers
from magi.core.space import OpenSpace

LABELS: Final = tuple("甲乙丙丁戊己庚辛壬癸子丑寅卯")
"""Ten stems and four branches: a council has at most fifteen seats, and a reviewer's own is not shown."""
MAX_VOTES: Final = 1_000
"""Fourteen statements of eight claims make 112; a longer list is no review."""
BOTH_ORDERS: Final = 2
"""So many items on a sheet are compared in both orders."""

Fault = Literal[
    "ranking_malformed", "ranking_unknown", "ranking_repeated",
    "votes_malformed", "votes_unknown", "votes_repeated", "votes_unread",
]  # fmt: skip

_RANKING_KEYS: Final = frozenset({"ranking", "順位"})
_VOTES_KEYS: Final = frozenset({"votes", "投票", "賛否"})
_CLAIM_KEYS: Final = frozenset({"claim", "主張"})
_VOTE_KEYS: Final = frozenset({"vote", "賛否"})
_VOTES: Final[Mapping[str, Vote]] = {
    "賛成": "accept",
    "accept": "accept",
    "agree": "accept",
    "反対": "reject",
    "reject": "reject",
    "disagree": "reject",
    "不明": "unsure",
    "unsure": "unsure",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one reviewer is shown: (label, ask) in reading order, and (label, claim id) of every claim.

    The ask stands for all that said the same, the claim id for all claims of equal text (`claims.merged`).
    """

    labels: tuple[tuple[str, str], ...]
    claims: tuple[tuple[str, str], ...]

    @property
    def in_both_orders(self) -> bool:
        """Whether this review is asked a second time, in the reversed order."""
        return len(self.labels) == BOTH_ORDERS


@dataclass(frozen=True, slots=True)
class Review:
    """A review in codes: asks in tiers, best first; its vote by claim id; what of it was set aside, each name once.

    An empty ranking is none: the review compares nothing.
    """

    ranking: Tiers
    votes: tuple[tuple[str, Vote], ...]
    set_aside: tuple[Fault, ...] = ()


def shared(statements: Mapping[str, OpenStatement]) -> dict[str, tuple[str, ...]]:
    """Which asks said the same: the first of them -> all of them, by the folded text of the answer."""
    same: dict[str, list[str]] = {}
    for ask in in_order(statements):
        same.setdefault(text_key(statements[ask].answer), []).append(ask)
    return {asks[0]: tuple(asks) for asks in same.values()}


def sheet(question_digest: str, reviewer: int, statements: Mapping[str, OpenStatement]) -> Sheet:
    """What the seat of number `reviewer` (from 1; its own answer is ask `a<reviewer>`) is shown of `statements`.

    `question_digest` is the digest of the question's bytes. The sheet is empty where all others said the same as the
    reviewer, or nothing.
    """
    items = shared(statements)
    own = f"a{reviewer}"
    mine = next((item for item, asks in items.items() if own in asks), None)
    order = sorted(items, key=lambda item: digest(f"{question_digest}/{item}".encode()))
    seed = int(digest(question_digest.encode())[:8], 16)
    if mine is None:
        row = _row(len(order), seed + reviewer, mirrored=bool(reviewer // max(len(order), 1) % 2))
    else:
        turn = seed + items[mine].index(own)
        row = _row(len(order), order.index(mine), mirrored=bool(turn % 2))[1:]
    labels = tuple(zip(LABELS, (order[place] for place in row), strict=False))
    return Sheet(labels, _claim_labels(labels, items, own, statements))


def reversed_sheet(shown: Sheet) -> Sheet:
    """The same sheet read from the other end, its items and claims named anew."""
    new = {old: label for (old, _), label in zip(reversed(shown.labels), LABELS, strict=False)}
    labels = tuple((new[old], ask) for old, ask in reversed(shown.labels))
    claims = [(new[label[0]] + label[1:], claim) for label, claim in shown.claims]
    return Sheet(labels, tuple(sorted(claims, key=lambda pair: (LABELS.index(pair[0][0]), int(pair[0][1:])))))


def read_review(text: str, shown: Sheet) -> Review | Refusal | Abstention | Failure:
    """Read a review of `shown` out of a seat's text.

    Returns the review, a refusal or an abstention in prose, or a failure: what `open_objects` names,
    `several_answers` for two different objects, `empty` for a review that says nothing, `unparsable` for one of which
    nothing is left.
    """
    said = spoken(text)
    found = said if isinstance(said, FailureName) else open_objects(said, _RANKING_KEYS | _VOTES_KEYS, _parts)
    if isinstance(found, FailureName):
        return Failure(found)
    if not found.entries:
        silent = canonicalise(text, OpenSpace())
        return silent if isinstance(silent, Refusal | Abstention) else Failure(FailureName.UNPARSABLE)
    if any(entry != found.entries[0] for entry in found.entries):
        return Failure(FailureName.SEVERAL_ANSWERS)
    ranking, votes = found.entries[0]
    tiers, in_ranking = _ranking(ranking, dict(shown.labels))
    counted, in_votes = _votes(votes, dict(shown.claims))
    if not tiers and not counted:
        return Failure(FailureName.UNPARSABLE if in_ranking or in_votes else FailureName.EMPTY)
    return Review(tiers, counted, (*in_ranking, *in_votes))


def agreed(first: Review, second: Review) -> Review:
    """What two reviews of one sheet, in both orders, have in common.

    A ranking stands only if both put the items in the same order, else all of them stand equal; a vote only if both
    cast it, else it is unsure. A review that failed leaves the other unconfirmed: pass `Review((), ())` for it.
    """
    asks = in_order(sorted({ask for review in (first, second) for tier in review.ranking for ask in tier}))
    places = [_places(review.ranking, asks) for review in (first, second)]
    ranking: Tiers = (asks,) if asks else ()
    if places[0] == places[1]:
        tiers = [tuple(a for a in asks if places[0][a] == place) for place in sorted(set(places[0].values()))]
        ranking = tuple(tier for tier in tiers if tier)
    one, other = dict(first.votes), dict(second.votes)
    votes = tuple(
        (claim, one[claim] if one.get(claim) == other.get(claim) else "unsure")
        for claim in in_order(sorted({*one, *other}))
    )
    return Review(ranking, votes, tuple(dict.fromkeys((*first.set_aside, *second.set_aside))))


def _places(ranking: Tiers, asks: Sequence[str]) -> dict[str, int]:
    """The tier of each ask; one that is not ranked stands below all that are."""
    return {
        ask: next((place for place, tier in enumerate(ranking) if ask in tier), len(ranking)) for ask in asks
    }


def _row(size: int, start: int, *, mirrored: bool) -> list[int]:
    """A row of a Williams square of `size`: start, one up, one down, two up, two down ... around the circle.

    Each item follows each other one once over the rows of an even square, twice over those of an odd one and its
    mirror image (Williams 1949).
    """
    offsets = [(number + 1) // 2 * (1 if number % 2 else -1) for number in range(size)]
    return [(start + (-offset if mirrored else offset)) % size for offset in offsets]


def _claim_labels(
    labels: Sequence[tuple[str, str]],
    items: Mapping[str, Sequence[str]],
    own: str,
    statements: Mapping[str, OpenStatement],
) -> tuple[tuple[str, str], ...]:
    """Name each claim once, under the first item that holds it; those that the reviewer made too are recused."""
    groups = [group for group in merged(statements) if own not in group.asks]
    named: list[tuple[str, str]] = []
    given: set[str] = set()
    for label, item in labels:
        here = [group.id for group in groups if group.id not in given and set(group.asks) & set(items[item])]
        given.update(here)
        named += [(f"{label}{number}", claim) for number, claim in enumerate(here, start=1)]
    return tuple(named)


def _parts(members: Members) -> tuple[object, object] | FailureName:
    """The ranking and the votes of a review object; two that differ under one key are two answers."""
    parts = []
    for keys in (_RANKING_KEYS, _VOTES_KEYS):
        values = stated(members, keys)
        if any(other != values[0] for other in values):
            return FailureName.SEVERAL_ANSWERS
        parts.append(values[0] if values else None)
    return parts[0], parts[1]


def _ranking(value: object, labels: Mapping[str, str]) -> tuple[Tiers, tuple[Fault, ...]]:
    if value is None or value == []:
        return (), ()
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        return (), ("ranking_malformed",)
    named = [_label(label) for label in value]
    if not set(named) <= set(labels):
        return (), ("ranking_unknown",)
    if len(set(named)) < len(named):
        return (), ("ranking_repeated",)
    return tuple((labels[label],) for label in named), ()


def _votes(
    value: object, claims: Mapping[str, str]
) -> tuple[tuple[tuple[str, Vote], ...], tuple[Fault, ...]]:
    if value is None or value == []:
        return (), ()
    if not isinstance(value, list) or isinstance(value, Members) or len(value) > MAX_VOTES:
        return (), ("votes_malformed",)
    cast: dict[str, set[Vote]] = {}
    faults: dict[Fault, None] = {}
    for item in value:
        claim, vote = _vote(item)
        if claim is None:
            faults["votes_malformed"] = None
        elif claim not in claims:
            faults["votes_unknown"] = None
        elif vote is None:
            # An unreadable vote on a claim spoils the readable one beside it: which of the two holds is not said.
            cast.setdefault(claim, set()).update(_VOTES.values())
            faults["votes_unread"] = None
        else:
            cast.setdefault(claim, set()).add(vote)
    if any(len(votes) == 2 for votes in cast.values()):  # noqa: PLR2004  # two that differ
        faults["votes_repeated"] = None
    kept = {claims[claim]: next(iter(votes)) for claim, votes in cast.items() if len(votes) == 1}
    return tuple((claim, kept[claim]) for claim in in_order(kept)), tuple(faults)


def _vote(item: object) -> tuple[str | None, Vote | None]:
    if not isinstance(item, Members):
        return None, None
    claims, votes = stated(item, _CLAIM_KEYS), stated(item, _VOTE_KEYS)
    claim = _label(claims[0]) if len(claims) == 1 and isinstance(claims[0], str) else None
    word = votes[0] if len(votes) == 1 and isinstance(votes[0], str) else ""
    return claim, _VOTES.get(fold(word).strip(WRAPPERS + "。.").casefold())


def _label(spelled: str) -> str:
    """A label in its one spelling: 「甲 1」 is 甲1."""
    return fold(spelled).replace(" ", "").strip(WRAPPERS)
