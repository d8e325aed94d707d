"""Terms and their intent: what no verdict could be computed from is refused, and who did not speak is said to rest."""

import pytest
from pydantic import ValidationError

from magi.core.deliberation import advance, start
from magi.core.effects import Decide
from magi.core.record import Opened
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace
from magi.core.terms import CardFacts, Rested, Terms

MODES = ("rebuttal", "peer_review", "severity_floor", "withhold", "barred_alone", "needs_domestic")


def terms(**changes):
    """Terms of the seats s1, s2 and s3 in a sequential council."""
    facts = {f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=None) for n in range(1, 5)}
    given = {"mode": "sequential", "subject": None, "order": ("s1", "s2", "s3"), "as_of": "2026-11-22"}
    return Terms(**(dict.fromkeys(MODES, False) | given | {"cards": facts} | changes))


def intent(build, seats=3, **changes):
    """An intent with these terms, checked as it is when it is read."""
    return Opened(**(dict(build.opened(seats)) | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": Rule(name="schulze")},
        {"rule": Rule(name="plurality", tie="options")},
        {"arbitration": terms(order=("s1", "s2"))},
        {"arbitration": terms(order=("s1", "s2", "s3", "s3"))},
        {"arbitration": terms(rested=(Rested(seat="s1", why="gate", topic="t"),))},
        {"arbitration": terms(order=("s1", "s2", "s9"))},
        {"arbitration": terms(writers=("s9",))},
        {"arbitration": terms(), "rule": Rule(name="kemeny"), "space": ChoiceSpace(options=tuple("ABCDEFG"))},
    ],
    ids=["rule", "tie", "short", "twice", "both", "stranger", "writer", "options"],
)
def test_an_intent_without_a_verdict_is_refused(build, changes):
    """A rule without its terms, terms of other seats, and more options than a rule can order."""
    with pytest.raises(ValidationError):
        intent(build, **changes)


def test_a_seat_twice_is_refused(build):
    """Ballots are held by seat: two of one name could not be told apart."""
    seats = build.opened().seats

    with pytest.raises(ValidationError):
        Opened(**(dict(build.opened()) | {"seats": (*seats[:2], seats[0])}))


def test_the_largest_orders_are_taken(build):
    """As many options as a rule can order are no reason to refuse."""
    six = ChoiceSpace(options=tuple("ABCDEF"))

    assert intent(build, arbitration=terms(), rule=Rule(name="kemeny"), space=six).space == six


def test_who_was_not_asked_and_who_rests_is_not_outstanding(build):
    """A stopped council says of a seat that it was saved, and of another that it rests; nobody is missing."""
    held = terms(rested=(Rested(seat="s4", why="gate", topic="t"),))
    state, _ = start(intent(build, 4, arbitration=held, plan=build.plan(4)))
    effects = ()
    for number in (1, 2):
        state, effects = advance(state, build.answered(number))
    verdict = next(effect.verdict for effect in effects if isinstance(effect, Decide))

    assert [report.said for report in verdict.seats] == ["answer", "answer", "not_asked", "rested"]
    assert (verdict.outstanding, verdict.flags) == ((), ("rested", "stopped"))


def test_a_card_that_the_terms_do_not_name_is_of_unknown_make(build):
    """An answer by such a card counts, and adds no independent voice."""
    state, _ = start(intent(build, arbitration=terms(mode="parallel", cards={})))
    effects = ()
    for number in (1, 2, 3):
        state, effects = advance(state, build.answered(number))
    verdict = next(effect.verdict for effect in effects if isinstance(effect, Decide))

    assert (verdict.outcome, verdict.arbitration.independence.voices_milli) == ("unanimous", 1_000)
