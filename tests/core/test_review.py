"""Peer review: where a reviewer puts its own answer moves nothing."""

import itertools
import random

import pytest

from magi.core.review import recuse, without_own
from magi.core.rules.ballots import Poll, Ranking
from magi.core.rules.ranked import RULES
from magi.core.rules.ties import seat_order

AUTHORS = {"A": ("m1",), "B": ("m2",), "C": ("m3",), "D": ("m4",)}
SEATS = ("m1", "m2", "m3", "m4")
OPTIONS = tuple(AUTHORS)
each_rule = pytest.mark.parametrize("rule", sorted(RULES))


def strict(order):
    """A review without ties, written as a word."""
    return tuple((item,) for item in order)


@pytest.mark.parametrize("review", ["ABC", "BAC", "BCA"])
def test_three_places_of_the_own_answer_give_one_ballot(review):
    """Reviewer m1 holding B over C gives the same ballot with its own answer first, in the middle and last."""
    assert without_own(strict(review), ("A",)) == Ranking((("B",), ("C",)), recused=("A",))


def test_rivals_scores_are_rebased():
    """The case of VOTING.md 1.2: B gets one point of one and C none, wherever m1 put itself."""
    poll = Poll(("A", "B", "C"), ("m1", "m2", "m3"))
    for review in ("ABC", "BAC", "BCA"):
        reviews = {"m1": strict(review), "m2": strict("BAC"), "m3": strict("CAB")}
        found = RULES["borda"](poll, recuse(reviews, {"A": ("m1",), "B": ("m2",), "C": ("m3",)}))

        # m1: B over C; m2: A over C; m3: A over B. Each option is judged twice, against one rival each time.
        assert [score.value for score in found.scores] == [1, 0.5, 0]


@each_rule
def test_self_preference_moves_no_result(rule):
    """Every way of placing the own answers in seeded reviews of four seats gives one and the same contest."""
    chance = random.Random(42)  # noqa: S311  seeded on purpose, no secret
    for _ in range(6):
        rivals = {seat: [o for o in OPTIONS if seat not in AUTHORS[o]] for seat in SEATS}
        for held in rivals.values():
            chance.shuffle(held)
        poll = Poll(OPTIONS, SEATS, quorum=3, tie=seat_order(SEATS))
        contests = set()
        for places in itertools.product(range(4), repeat=4):
            reviews = {
                seat: strict([*rivals[seat][:place], OPTIONS[SEATS.index(seat)], *rivals[seat][place:]])
                for seat, place in zip(SEATS, places, strict=True)
            }
            contests.add(RULES[rule](poll, recuse(reviews, AUTHORS)))

        assert len(contests) == 1


def test_an_own_answer_tied_with_a_rival_leaves_the_rival_in_its_tier():
    """A tier that holds the own answer keeps the others; a tier of the own answer alone closes up."""
    assert without_own((("B", "A"), ("C",)), ("A",)) == Ranking((("B",), ("C",)), recused=("A",))
    assert without_own((("B",), ("A",), ("C",)), ("A",)).tiers == (("B",), ("C",))


def test_leaving_the_own_answer_out_is_the_same_as_ranking_it():
    """A reviewer that was not shown its own answer gives the ballot of one that ranked it."""
    assert recuse({"m1": strict("BC")}, AUTHORS) == recuse({"m1": strict("BAC")}, AUTHORS)


def test_a_shared_statement_is_recused_for_all_its_authors():
    """A statement that two seats made is judged by neither of them."""
    authors = {"A": ("m1", "m2"), "C": ("m3",), "D": ("m4",)}
    ballots = recuse({"m1": strict("ACD"), "m2": strict("DAC"), "m3": strict("CAD")}, authors)

    assert [ballots[seat].recused for seat in ("m1", "m2", "m3")] == [("A",), ("A",), ("C",)]
    assert ballots["m3"].tiers == (("A",), ("D",))


def test_a_seat_without_a_statement_judges_all():
    """A reviewer whose own statement failed judges every item."""
    assert recuse({"m9": strict("ABCD")}, AUTHORS)["m9"] == Ranking(strict("ABCD"))


def test_a_reviewer_of_its_own_answer_alone_compares_nothing():
    """Where nothing but the own answer was ranked, the ballot is set aside by name and makes no quorum."""
    found = RULES["borda"](Poll(OPTIONS, SEATS), recuse({"m1": strict("A")}, AUTHORS))

    assert (found.result, [s.fault for s in found.set_aside]) == ("no_quorum", ["nothing_compared"])


def test_two_reviewers_of_two_statements_decide_nothing():
    """With two statements, each author may judge only the other's: no comparison exists, and none is invented."""
    authors = {"A": ("m1",), "B": ("m2",)}
    found = RULES["schulze"](
        Poll(("A", "B"), ("m1", "m2")), recuse({"m1": strict("AB"), "m2": strict("BA")}, authors)
    )

    assert (found.result, found.live) == ("no_quorum", 0)


@each_rule
def test_self_voting_for_ever_elects_nobody_by_itself(rule):
    """Four reviewers that put themselves first and are otherwise in a circle are tied, whoever is first in name."""
    reviews = {seat: strict(OPTIONS[n:] + OPTIONS[:n]) for n, seat in enumerate(SEATS)}
    found = RULES[rule](Poll(OPTIONS, SEATS, quorum=3), recuse(reviews, AUTHORS))

    assert (found.result, found.tied) == ("tied", OPTIONS)
