"""Bad ballots, empty panels and sizes: a named outcome or a clear error, never a guess."""

import itertools
import math

import pytest

from magi.core.errors import CouncilRefusedError
from magi.core.rules.approval import approval
from magi.core.rules.ballots import MAX_OPTIONS, Approval, Poll, Ranking, SetAside
from magi.core.rules.borda import borda
from magi.core.rules.pairs import MAX_COMPARED
from magi.core.rules.ranked import RULES, most_options, rank
from magi.core.rules.ties import seat_order
from magi.core.rules.weighted import MAX_WEIGHT, weighted_plurality

OPTIONS = ("A", "B", "C")
SEATS = ("s1", "s2", "s3")
GOOD = Ranking((("A",), ("B",), ("C",)))
each_rule = pytest.mark.parametrize("rule", sorted(RULES))


@each_rule
def test_an_empty_panel_has_no_quorum(rule):
    """Without seats, or with seats and no ballot, the outcome is no_quorum, also with a quorum of zero."""
    for seats, quorum in (((), 0), ((), 3), (SEATS, 0), (SEATS, 2)):
        found = rank(rule, Poll(OPTIONS, seats, quorum), {})

        assert (found.result, found.winner, found.live) == ("no_quorum", None, 0)


@each_rule
def test_one_ballot_decides_only_where_the_quorum_is_one(rule):
    """A single ballot wins with quorum one, shown with its one supporter, and is no quorum with two."""
    alone = rank(rule, Poll(OPTIONS, SEATS, 1), {"s2": GOOD})

    assert (alone.result, alone.winner, alone.supporters, alone.live) == ("won", "A", ("s2",), 1)
    assert rank(rule, Poll(OPTIONS, SEATS, 2), {"s2": GOOD}).result == "no_quorum"


@each_rule
def test_one_option_wins_once_somebody_ranks_it(rule):
    """A poll of one option is won by it with a ballot and has no quorum without."""
    poll = Poll(("A",), SEATS)

    assert rank(rule, poll, {"s1": Ranking((("A",),))}).winner == "A"
    assert rank(rule, poll, {"s1": Ranking(())}).result == "no_quorum"


@pytest.mark.parametrize(
    ("ballot", "fault"),
    [
        (Ranking((("A",), ("Z",))), "unknown_option"),
        (Ranking((("A",), ("B",)), recused=("Z",)), "unknown_option"),
        (Ranking((("A",), ("B",), ("A",))), "repeated_option"),
        (Ranking((("A", "A"), ("B",))), "repeated_option"),
        (Ranking((("A",), ("B",)), recused=("A",)), "repeated_option"),
        (Ranking(()), "nothing_compared"),
        (Ranking(((), ())), "nothing_compared"),
        (Ranking((("A",),), recused=("B", "C")), "nothing_compared"),
        (Ranking(tuple((f"{n}",) for n in range(2 * MAX_OPTIONS + 1))), "over_bound"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@each_rule
def test_a_faulty_ballot_is_set_aside_by_name(rule, ballot, fault):
    """A faulty ballot changes no score, counts for no quorum, and is named with its seat."""
    others = {"s1": GOOD, "s3": GOOD}
    found = rank(rule, Poll(OPTIONS, SEATS, 2), others | {"s2": ballot})
    without = rank(rule, Poll(OPTIONS, SEATS, 2), others)

    assert (found.ranking, found.scores, found.live) == (without.ranking, without.scores, 2)
    assert (found.set_aside, without.set_aside) == ((SetAside("s2", fault),), ())
    assert rank(rule, Poll(OPTIONS, SEATS, 3), others | {"s2": ballot}).result == "no_quorum"


def test_a_stranger_is_set_aside_under_every_kind_of_ballot():
    """A ballot of a seat that the poll does not have is not counted, and does not make the quorum."""
    poll = Poll(OPTIONS, SEATS, 2)
    ranked = borda(poll, {"s1": GOOD, "x9": GOOD})
    approved = approval(poll, {"s1": Approval(("A",)), "x9": Approval(("A",))})
    weighed = weighted_plurality(poll, dict.fromkeys(SEATS, 1), {"s1": "A", "x9": "A"})

    assert [found.result for found in (ranked, approved, weighed)] == ["no_quorum"] * 3
    assert all(found.set_aside == (SetAside("x9", "unknown_seat"),) for found in (ranked, approved, weighed))


def test_faulty_approvals_and_votes_are_set_aside():
    """An approval or a vote for what is not there, or twice for one thing, is set aside by name."""
    poll = Poll(OPTIONS, SEATS)
    ballots = {"s1": Approval(("A", "A")), "s2": Approval(("Z",)), "s3": Approval(("B",), recused=("B",))}
    weighed = weighted_plurality(poll, dict.fromkeys(SEATS, 1), {"s1": "Z", "s2": "B", "s3": ""})

    assert [s.fault for s in approval(poll, ballots).set_aside] == [
        "repeated_option",
        "unknown_option",
        "repeated_option",
    ]
    assert approval(poll, ballots).result == "no_quorum"
    assert weighed.set_aside == (SetAside("s1", "unknown_option"), SetAside("s3", "unknown_option"))
    assert (weighed.winner, weighed.live) == ("B", 1)


def test_approving_of_nothing_is_a_ballot_but_elects_nobody():
    """All seats approve of nothing: the quorum is met and the outcome is below_threshold, key or no key."""
    for key in (seat_order(SEATS), seat_order(())):
        found = approval(Poll(OPTIONS, SEATS, 3, key), dict.fromkeys(SEATS, Approval(())))

        assert (found.result, found.winner, found.live) == ("below_threshold", None, 3)


def test_nothing_but_weight_decides():
    """Classes that no weight backs never win; a share asks for a part of the weight, a tied lead below it is tied."""
    poll = Poll(OPTIONS, SEATS)
    votes = {"s1": "A", "s2": "B", "s3": "C"}
    result = {
        weights: weighted_plurality(poll, dict(zip(SEATS, weights, strict=True)), votes, share=share).result
        for weights, share in [((0, 0, 0), None), ((0, 0, 1), None), ((3, 2, 1), (2, 3)), ((2, 2, 1), (2, 3))]
    }

    assert list(result.values()) == ["below_threshold", "won", "below_threshold", "tied"]
    assert (
        weighted_plurality(poll, dict(zip(SEATS, (4, 1, 1), strict=True)), votes, share=(2, 3)).winner == "A"
    )


@pytest.mark.parametrize("weight", [-1, 1.0, math.nan, math.inf, True, "1", None, MAX_WEIGHT + 1], ids=repr)
def test_a_weight_that_is_no_count_is_refused(weight):
    """Negative, float, NaN, boolean and enormous weights are refused by name of the seat, voting or not."""
    with pytest.raises(CouncilRefusedError) as caught:
        weighted_plurality(Poll(OPTIONS, SEATS), {"s1": 1, "s2": 1, "s3": weight}, {"s1": "A"})

    assert (caught.value.reason, caught.value.facts["seat"]) == ("weight_form", "s3")


def test_a_missing_weight_is_refused():
    """A seat without a weight is refused, not taken for zero or one."""
    with pytest.raises(CouncilRefusedError) as caught:
        weighted_plurality(Poll(OPTIONS, SEATS), {"s1": 1, "s2": 1}, {"s1": "A"})

    assert (caught.value.reason, caught.value.facts) == ("weight_missing", {"seat": "s3"})


@pytest.mark.parametrize(
    ("options", "seats", "quorum", "reason"),
    [
        ((), SEATS, 1, "poll_options"),
        (("A", "B", "A"), SEATS, 1, "poll_options"),
        (OPTIONS, ("s1", "s1"), 1, "poll_seats"),
        (OPTIONS, SEATS, -1, "poll_quorum"),
        (tuple(map(str, range(MAX_OPTIONS + 1))), SEATS, 1, "poll_too_large"),
        (OPTIONS, tuple(map(str, range(1_001))), 1, "poll_too_large"),
    ],
    ids=["none", "twice", "seat-twice", "quorum", "options", "seats"],
)
def test_an_impossible_poll_is_refused(options, seats, quorum, reason):
    """A poll that no ballot could answer is refused when it is made."""
    with pytest.raises(CouncilRefusedError) as caught:
        Poll(options, seats, quorum)

    assert caught.value.reason == reason


def test_thousands_of_options_are_scored():
    """Borda, approval and weighted plurality take ten thousand options and still elect the right one."""
    options = tuple(f"o{number}" for number in range(MAX_OPTIONS))
    poll = Poll(options, SEATS)
    full = Ranking(tuple((option,) for option in reversed(options)))

    assert borda(poll, dict.fromkeys(SEATS, full)).winner == options[-1]
    assert approval(poll, dict.fromkeys(SEATS, Approval(("o77",)))).winner == "o77"
    assert weighted_plurality(poll, dict.fromkeys(SEATS, 1), dict.fromkeys(SEATS, "o8")).winner == "o8"


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"borda"}))
def test_more_options_than_a_rule_takes_is_a_named_refusal(rule):
    """Each pairwise rule refuses one option more than its bound, before it looks at a ballot."""
    most = 6 if rule == "kemeny" else MAX_COMPARED
    options = tuple(f"o{number}" for number in range(most + 1))
    with pytest.raises(CouncilRefusedError) as caught:
        rank(rule, Poll(options, SEATS), {"s1": Ranking((options,))})

    assert (caught.value.reason, caught.value.facts) == (
        "rule_too_large",
        {"options": most + 1, "most": most},
    )


@each_rule
def test_every_rule_answers_as_many_options_as_it_says(rule):
    """At its bound (thirty for the wide ones) a rule answers ballots that turn in a full cycle."""
    options = tuple(f"o{number}" for number in range(min(most_options(rule), 30)))
    seats = tuple(f"s{number}" for number in range(len(options)))
    turned = [options[shift:] + options[:shift] for shift in range(len(options))]
    ballots = {seat: Ranking(tuple((o,) for o in order)) for seat, order in zip(seats, turned, strict=True)}
    found = rank(rule, Poll(options, seats), ballots)

    assert (found.result, found.tied) == ("tied", options)


def test_ranked_pairs_at_its_widest():
    """A hundred options without contradicting ties are ranked whole; a cycle of seven equal ones is refused."""
    options = tuple(f"o{number}" for number in range(MAX_COMPARED))
    full = Ranking(tuple((option,) for option in options))
    cycle = options[:7]
    turned = [Ranking(tuple((o,) for o in (*cycle[s:], *cycle[:s]))) for s in range(7)]
    seats = tuple(f"s{number}" for number in range(7))

    assert rank("ranked_pairs", Poll(options, SEATS), dict.fromkeys(SEATS, full)).ranking == full.tiers
    with pytest.raises(CouncilRefusedError) as caught:
        rank("ranked_pairs", Poll(cycle, seats), dict(zip(seats, turned, strict=True)))
    assert (caught.value.reason, caught.value.facts) == ("cycle_too_large", {"options": 7, "most": 6})


@each_rule
def test_a_few_named_of_many_is_answered(rule):
    """Ballots that name three of many options leave the rest tied below, without a refusal."""
    options = tuple(f"o{number}" for number in range(min(most_options(rule) if rule == "kemeny" else 60, 60)))
    ballots = dict.fromkeys(SEATS, Ranking((("o4",), ("o2",), ("o5",))))
    found = rank(rule, Poll(options, SEATS), ballots)

    assert found.winner == "o4"
    assert rule in {"minimax", "kemeny"} or [len(tier) for tier in found.ranking] == [
        1,
        1,
        1,
        len(options) - 3,
    ]


def test_an_option_that_nobody_compared_stops_the_decision():
    """One reviewer's ballot without its own item cannot elect a rival over an item that nobody judged."""
    poll = Poll(OPTIONS, SEATS, quorum=1)
    for rule in RULES.values():
        found = rule(poll, {"s1": Ranking((("B",), ("C",)), recused=("A",))})

        assert (found.result, found.winner, found.uncompared) == ("below_threshold", None, ("A",))


def test_quorum_counts_live_ballots_at_every_number():
    """With n live ballots a quorum of up to n is met and of more is not, under every rule."""
    for rule, live in itertools.product(RULES.values(), range(1, 4)):
        for quorum in range(5):
            found = rule(Poll(OPTIONS, SEATS, quorum), dict.fromkeys(SEATS[:live], GOOD))

            assert (found.result == "won") == (quorum <= live)
