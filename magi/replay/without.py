"""A deliberation in a council that never had some seats: terms, later rounds, claims and rankings without them. Pure.

What was made from the words of those who go would have been made otherwise: `without` names whoever would have to be
asked again. Where that is so, `estimate` says what can be said all the same, and by what: a closed question by the
ballots of the first round, open text by what is left of the reviews once statements and claims of those who go are
struck out. Leaves to others: what is reported (`counterfactual`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from magi.core.agreement import n_eff_milli, rounded
from magi.core.decided import Decided
from magi.core.effects import seat_number
from magi.core.record import Opened
from magi.core.said import Reviewed
from magi.core.standing import Rounds, Standing
from magi.core.terms import Measured, Terms
from magi.replay.as_decided import (
    AsDecided,
    Need,
    in_seat_order,
    made_of,
    still_stopped,
    with_due_rounds,
)


@dataclass(frozen=True)
class Estimate:
    """A verdict where the true one cannot be told without asking, and what it goes by.

    `first_round`: the ballots before the rebuttal. `reviews_left`: the reviews as they were, without the statements
    and claims of those who are gone, and no draft. `moved` says that outcome or answer are not those that the same
    way of counting gives with everybody.
    """

    by: Literal["first_round", "reviews_left"]
    verdict: Decided
    moved: bool


def without(case: AsDecided, seats: Collection[str]) -> AsDecided:
    """The same deliberation in a council that never had these seats."""
    if not seats:
        return case
    left = tuple(s for s in case.standings if s.seat not in seats)
    opened = _opened_without(case.opened, [s.seat for s in case.standings], seats)
    return struck(replace(case, opened=opened), left, seats)


def struck(case: AsDecided, standings: tuple[Standing, ...], seats: Collection[str]) -> AsDecided:
    """The same with these standings, and nothing in later rounds by these seats or of what they said."""
    gone = {s.ask for s in case.standings if s.seat in seats and s.ask}
    later = {s.ask for s in case.every if s.seat in seats and s.ask} - gone
    others = made_of(case.made_from, gone | later)
    draft = case.rounds.draft
    changed = with_due_rounds(
        replace(
            case, standings=standings, classes=_classes(case, gone), rounds=_rounds(case, seats, gone, others)
        )
    )
    needed = {s.ask for s in changed.every if s.ask in others}
    if draft is not None and draft.ask in others and draft.seat not in seats:
        changed = changed.with_needs([Need(draft.seat, "derived_from")])
    if draft is not None and draft.seat in seats:
        changed = changed.with_needs(_next_writer(changed))
    return still_stopped(changed.asked_again(needed, "derived_from"))


def estimate(case: AsDecided, whole: AsDecided) -> Estimate | None:
    """What can be said of `case` without asking, beside the `whole` deliberation; None where nothing can.

    Nothing can where somebody would have been asked who was not, or through another card.
    """
    if not case.needs or any(need.why not in ("derived_from", "would_write") for need in case.needs):
        return None
    if case.opened.space.kind == "open":
        if not case.rounds.reviews:
            return None
        struck_out, all_in = case.verdict(), whole.verdict()
        return Estimate("reviews_left", struck_out, moved(struck_out, all_in))
    if case.opened.arbitration is None:
        return None
    first = replace(case, rounds=replace(case.rounds, second=())).verdict()
    before = replace(whole, rounds=replace(whole.rounds, second=())).verdict()
    return Estimate("first_round", first, moved(first, before))


def moved(one: Decided, other: Decided) -> bool:
    """Whether outcome or answer of two verdicts differ."""
    return (one.outcome, one.answer_class) != (other.outcome, other.answer_class)


def _opened_without(opened: Opened, order: list[str], seats: Collection[str]) -> Opened:
    """The intent with terms of the seats that stay. The asks keep their numbers: no seat moves up."""
    terms = opened.arbitration
    if terms is None:
        return opened
    return opened.model_copy(update={"arbitration": _terms_without(terms, order, seats)})


def _terms_without(terms: Terms, order: list[str], seats: Collection[str]) -> Terms:
    held = terms.measured
    return terms.model_copy(
        update={
            "order": tuple(seat for seat in terms.order if seat not in seats),
            "rested": tuple(each for each in terms.rested if each.seat not in seats),
            "writers": tuple(seat for seat in terms.writers if seat not in seats),
            "measured": None if held is None else _measured_without(held, order, seats),
        }
    )


def _measured_without(held: Measured, order: list[str], seats: Collection[str]) -> Measured:
    """The numbers of the seats that stay; as many effective votes as they are at the same error correlation."""
    kept = [place for place, seat in enumerate(order) if seat not in seats]
    n_eff = rounded(Fraction(n_eff_milli(len(kept), held.rho_ppm), 10))
    numbers = {
        name: tuple(getattr(held, name)[place] for place in kept) for name in ("weights", "ranks", "odds")
    }
    return held.model_copy(update={**numbers, "n_eff_centi": n_eff})


def _next_writer(case: AsDecided) -> list[Need]:
    """Who would have written the draft in the place of a writer that is gone."""
    terms = case.opened.arbitration
    writers = () if terms is None else terms.writers
    return [Need(seat, "would_write") for seat in writers if case.targets(seat)][:1]


# Open text: classes, claims, reviews.


def _classes(case: AsDecided, gone: Collection[str]) -> dict[str, str]:
    """Classes of what is left; a claim that was counted under one of theirs goes by the first that is left."""
    renamed = _renamed(case.classes, gone)
    return {
        name: renamed.get(held, held) if "." in name else held
        for name, held in case.classes.items()
        if _ask(name) not in gone
    }


def _renamed(classes: Mapping[str, str], gone: Collection[str]) -> dict[str, str]:
    """Where a claim's namesake is gone: the first claim of the same words that is left, by the namesake."""
    found: dict[str, str] = {}
    for name in sorted((name for name in classes if "." in name), key=_claim_place):
        held = classes[name]
        if _ask(held) in gone and _ask(name) not in gone:
            found.setdefault(held, name)
    return found


def _claim_place(claim: str) -> tuple[int, int]:
    ask, _, number = claim.partition(".c")
    return seat_number(ask), int(number)


def _ask(name: str) -> str:
    return name.partition(".")[0]


def _rounds(
    case: AsDecided, seats: Collection[str], gone: Collection[str], others: Collection[str]
) -> Rounds:
    rounds = case.rounds
    renamed = _renamed(case.classes, gone)

    def left(claim: str) -> str | None:
        return claim if _ask(claim) not in gone else renamed.get(claim)

    stands_for = _stands_for(case, gone)
    draft = rounds.draft
    kept = draft is not None and draft.seat not in seats and draft.ask not in others
    pairs = ((left(one), left(other)) for one, other in rounds.contradicting)
    return replace(
        rounds,
        second=tuple(s for s in rounds.second if s.seat not in seats),
        reviews=tuple(_reviewed(s, stands_for, left) for s in rounds.reviews if s.seat not in seats),
        draft=draft if kept else None,
        # What was found for the namesake was found for its own quotation: of the others nothing is known.
        findings={name: found for name, found in rounds.findings.items() if _ask(name) not in gone},
        contradicting=tuple((one, other) for one, other in pairs if one and other and one != other),
    )


def _stands_for(case: AsDecided, gone: Collection[str]) -> dict[str, str | None]:
    """Each ask by the one that stands for its statement: itself, or the first left that said the same."""
    asks = in_seat_order([s.ask for s in case.answered if s.ask])
    first: dict[str | None, str] = {}
    for ask in asks:
        if ask not in gone:
            first.setdefault(case.classes.get(ask), ask)
    return {ask: first.get(case.classes.get(ask)) if ask in gone else ask for ask in asks}


def _reviewed(
    standing: Standing, stands_for: Mapping[str, str | None], left: Callable[[str], str | None]
) -> Standing:
    answered = standing.answered
    if answered is None or answered.review is None:
        return standing
    tiers = (
        tuple(dict.fromkeys(ask for each in tier if (ask := stands_for.get(each)) is not None))
        for tier in answered.review.ranking
    )
    review = Reviewed(
        ranking=tuple(tier for tier in tiers if tier),
        votes={name: vote for claim, vote in answered.review.votes.items() if (name := left(claim))},
    )
    return replace(standing, answered=answered.model_copy(update={"review": review}))
