"""What each rule over options promises whatever the ballots say: axioms, walked over small and random profiles."""

import itertools
import random

import pytest

from magi.core.rules.approval import approval
from magi.core.rules.ballots import Approval, Poll, Ranking
from magi.core.rules.kemeny import kemeny_orders
from magi.core.rules.pairs import compare, condorcet_winner, schwartz_set, smith_set
from magi.core.rules.ranked import RULES
from magi.core.rules.weighted import weighted_plurality

OPTIONS = ("A", "B", "C")
SEATS = ("s1", "s2", "s3")
WEAK_ORDERS = (
    *(tuple((option,) for option in order) for order in itertools.permutations(OPTIONS)),
    *(((one,), tuple(other for other in OPTIONS if other != one)) for one in OPTIONS),
    *((tuple(other for other in OPTIONS if other != one), (one,)) for one in OPTIONS),
    (OPTIONS,),
)
SMALL = [list(ballots) for ballots in itertools.combinations_with_replacement(WEAK_ORDERS, 3)]
each_rule = pytest.mark.parametrize("rule", sorted(RULES))
condorcet_rules = pytest.mark.parametrize("rule", sorted(set(RULES) - {"borda"}))
smith_rules = pytest.mark.parametrize("rule", ["copeland", "kemeny", "ranked_pairs", "schulze"])


def random_profiles(seed, count=150, most_options=5):
    """Seeded profiles with ties and truncation: options and ballots as tiers."""
    chance = random.Random(seed)  # noqa: S311  seeded on purpose, no secret
    for _ in range(count):
        options = tuple("ABCDE"[: chance.randint(2, most_options)])
        ballots = []
        for _ in range(chance.randint(1, 9)):
            left = list(options)
            chance.shuffle(left)
            tiers = []
            while left:
                size = 1 if chance.random() < 0.75 else 2
                tiers.append(tuple(left[:size]))
                left = left[size:]
            ballots.append(tuple(tiers[: chance.randint(1, len(tiers))]))
        yield options, ballots


def polled(options, tiers_of):
    """A poll with one seat for each ballot, and the ballots by seat."""
    seats = tuple(f"s{number}" for number in range(len(tiers_of)))
    return Poll(options, seats), {seat: Ranking(tiers) for seat, tiers in zip(seats, tiers_of, strict=True)}


def ran(rule, options, tiers_of):
    """The contest of a rule on a profile."""
    return RULES[rule](*polled(options, tiers_of))


def as_sets(contest):
    """The ranking with the listing order inside each tier forgotten."""
    return [set(tier) for tier in contest.ranking]


@each_rule
def test_anonymous(rule):
    """Permuting the seats changes neither the result nor the ranking, on every small profile."""
    for ballots in SMALL:
        found = ran(rule, OPTIONS, ballots)
        for turned in itertools.permutations(ballots):
            other = ran(rule, OPTIONS, turned)

            assert (other.result, other.winner, other.ranking) == (found.result, found.winner, found.ranking)


@each_rule
def test_neutral(rule):
    """Renaming the options renames the ranking, and their declared order only lists equal ones."""
    for ballots in SMALL:
        found = as_sets(ran(rule, OPTIONS, ballots))
        for names in itertools.permutations(OPTIONS):
            new = dict(zip(OPTIONS, names, strict=True))
            renamed = [tuple(tuple(new[option] for option in tier) for tier in ballot) for ballot in ballots]

            assert as_sets(ran(rule, OPTIONS, renamed)) == [
                {new[option] for option in tier} for tier in found
            ]
            assert as_sets(ran(rule, names, ballots)) == found


@each_rule
def test_the_order_of_the_mapping_does_not_matter(rule):
    """Ballots that arrive in another order give the same contest, field by field."""
    for options, tiers_of in random_profiles(1):
        poll, ballots = polled(options, tiers_of)

        assert RULES[rule](poll, dict(reversed(ballots.items()))) == RULES[rule](poll, ballots)


@each_rule
def test_unanimous_order_is_the_result(rule):
    """Where all seats hold one strict order, it is the ranking and its head wins."""
    for order in itertools.permutations("ABCD"):
        found = ran(rule, tuple("ABCD"), [tuple((option,) for option in order)] * 3)

        # Minimax knows only each option's worst defeat; below the head, those are all equal here.
        ranking = tuple((option,) for option in order) if rule != "minimax" else found.ranking

        assert (found.winner, found.ranking) == (order[0], ranking)


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"minimax"}))
def test_pareto(rule):
    """An option that every ballot puts below another never stands in the first tier."""
    for options, ballots in random_profiles(2):
        found = ran(rule, options, ballots)
        wins = compare(*polled(options, ballots)).pairs.wins
        dominated = {
            option
            for low, option in enumerate(options)
            if any(wins[high][low] == len(ballots) for high in range(len(options)))
        }

        assert not dominated & set(found.ranking[0])


@condorcet_rules
def test_condorcet_consistent(rule):
    """The option that beats every other wins."""
    seen = 0
    for options, ballots in random_profiles(3):
        best = condorcet_winner(compare(*polled(options, ballots)).pairs)
        seen += best is not None

        assert best is None or ran(rule, options, ballots).winner == best
    assert seen > 20


def test_borda_is_not_condorcet_consistent():
    """Borda may pass over the option that beats every other: three ABC and two BCA elect B over A."""
    found = ran("borda", OPTIONS, [(("A",), ("B",), ("C",))] * 3 + [(("B",), ("C",), ("A",))] * 2)

    assert found.winner == "B"


@smith_rules
def test_leaders_come_from_the_smith_set(rule):
    """Who leads is of the smallest set that beats everybody outside."""
    for options, ballots in random_profiles(4):
        inside = set(smith_set(compare(*polled(options, ballots)).pairs))

        assert set(ran(rule, options, ballots).ranking[0]) <= inside


@pytest.mark.parametrize("rule", ["ranked_pairs", "schulze"])
def test_leaders_come_from_the_schwartz_set(rule):
    """Schulze's and ranked pairs' leaders are of the Schwartz set, which is within the Smith set."""
    narrower = 0
    for options, ballots in random_profiles(5):
        pairs = compare(*polled(options, ballots)).pairs
        narrower += len(schwartz_set(pairs)) < len(smith_set(pairs))

        assert set(schwartz_set(pairs)) <= set(smith_set(pairs))
        assert set(ran(rule, options, ballots).ranking[0]) <= set(schwartz_set(pairs))
    assert narrower > 5


def test_smith_and_schwartz_by_definition():
    """Both sets are what walking every subset of options finds by their definitions."""
    for options, ballots in random_profiles(6):
        pairs = compare(*polled(options, ballots)).pairs
        size = range(len(options))
        subsets = [set(c) for n in range(1, len(options) + 1) for c in itertools.combinations(size, n)]
        outside = {frozenset(s): set(size) - s for s in subsets}
        dominating = [
            s for s in subsets if all(pairs.margin(i, o) > 0 for i in s for o in outside[frozenset(s)])
        ]
        unbeaten = [
            s for s in subsets if all(pairs.margin(i, o) >= 0 for i in s for o in outside[frozenset(s)])
        ]
        minimal = [s for s in unbeaten if not any(t < s for t in unbeaten)]

        assert {options.index(o) for o in smith_set(pairs)} == min(dominating, key=len)
        assert {options.index(o) for o in schwartz_set(pairs)} == set().union(*minimal)


@each_rule
def test_monotonic(rule):
    """Raising a leader above its neighbour on one ballot never takes the lead from it."""
    for options, ballots in [*((OPTIONS, ballots) for ballots in SMALL[::5]), *random_profiles(7, 80)]:
        for leader in ran(rule, options, ballots).ranking[0]:
            for index, ballot in enumerate(ballots):
                raised = [*ballots]
                raised[index] = lifted(ballot, leader)

                assert leader in ran(rule, options, raised).ranking[0]


def test_ranked_pairs_by_definition():
    """The leaders of ranked pairs are those that walking through every order of equal margins finds."""
    walked = 0
    for options, ballots in [*((OPTIONS, ballots) for ballots in SMALL), *random_profiles(10, 300, 4)]:
        pairs = compare(*polled(options, ballots)).pairs
        leaders = by_every_ordering(pairs)
        walked += len(leaders) > 1

        assert {
            options.index(option) for option in ran("ranked_pairs", options, ballots).ranking[0]
        } == leaders
    assert walked > 50


def by_every_ordering(pairs):
    """Tideman's definition: lock majorities by margin, under every order of equal ones; who is then unbeaten."""
    size = range(len(pairs.options))
    groups = {}
    for pair in itertools.permutations(size, 2):
        if pairs.margin(*pair) > 0:
            groups.setdefault(pairs.margin(*pair), []).append(pair)
    leaders = set()
    by_margin = [list(itertools.permutations(groups[margin])) for margin in sorted(groups, reverse=True)]
    for choice in itertools.product(*by_margin):
        locked = set()
        for winner, loser in itertools.chain(*choice):
            if winner not in reached(locked, loser):
                locked.add((winner, loser))
        leaders |= {one for one in size if not any(loser == one for _, loser in locked)}
    return leaders


def reached(edges, start):
    """Every option that a path of edges leads to from `start`, itself included."""
    seen, new = set(), {start}
    while new:
        seen |= new
        new = {end for begin, end in edges if begin in new} - seen
    return seen


def lifted(ballot, option):
    """The ballot with `option` in a tier of its own, just above where it stood; unranked: in a last tier."""
    place = next((index for index, tier in enumerate(ballot) if option in tier), len(ballot))
    rest = [tuple(other for other in tier if other != option) for tier in ballot]
    if place < len(ballot) and len(ballot[place]) == 1 and place:
        place -= 1
    return tuple(tier for tier in (*rest[:place], (option,), *rest[place:]) if tier)


def test_kemeny_reversal():
    """Turning every ballot round turns every best order round, and makes no others."""
    for options, ballots in random_profiles(8):
        full = [(*ballot, rest) if (rest := missing(options, ballot)) else ballot for ballot in ballots]
        orders = set(kemeny_orders(compare(*polled(options, full)).pairs))
        turned = set(kemeny_orders(compare(*polled(options, [tuple(reversed(b)) for b in full])).pairs))

        assert turned == {tuple(reversed(order)) for order in orders}


def missing(options, ballot):
    """What a ballot leaves unranked, as a tier."""
    named = {option for tier in ballot for option in tier}
    return tuple(option for option in options if option not in named)


@each_rule
def test_unranked_means_equal_last(rule):
    """A truncated ballot counts as the same ballot with a last tier of all it leaves out."""
    for options, ballots in random_profiles(9):
        full = [(*ballot, rest) if (rest := missing(options, ballot)) else ballot for ballot in ballots]

        assert ran(rule, options, full).ranking == ran(rule, options, ballots).ranking


def test_approval_is_anonymous_neutral_and_monotonic():
    """Approval, on every profile of three seats: seats and names do not matter, another approval never hurts."""
    subsets = [s for n in range(4) for s in itertools.combinations(OPTIONS, n)]
    for sets in itertools.product(subsets, repeat=3):
        found = approval(Poll(OPTIONS, SEATS), approving(sets))
        other = approval(Poll(("C", "B", "A"), SEATS), approving(reversed(sets)))

        assert (other.result, other.winner, as_sets(other)) == (found.result, found.winner, as_sets(found))
        for option in found.ranking[0]:
            more = approval(Poll(OPTIONS, SEATS), approving([tuple({*sets[0], option}), *sets[1:]]))

            assert option in more.ranking[0]


def approving(sets):
    """Approval ballots of the three seats."""
    return {seat: Approval(tuple(approved)) for seat, approved in zip(SEATS, sets, strict=True)}


def test_weighted_plurality_is_plurality_with_repeated_seats():
    """A weight of n decides as n seats of weight one would, on every profile of three seats."""
    for weights in itertools.product((0, 1, 2, 3), repeat=3):
        many = tuple(
            f"{seat}.{n}" for seat, weight in zip(SEATS, weights, strict=True) for n in range(weight)
        )
        for held in itertools.product(OPTIONS, repeat=3):
            ballots = dict(zip(SEATS, held, strict=True))
            found = weighted_plurality(Poll(OPTIONS, SEATS), dict(zip(SEATS, weights, strict=True)), ballots)
            plain = weighted_plurality(
                Poll(OPTIONS, many, quorum=0),
                dict.fromkeys(many, 1),
                {seat: ballots[seat.partition(".")[0]] for seat in many},
            )

            assert found.ranking == plain.ranking
            assert (found.result, found.winner) == (plain.result, plain.winner) or not any(weights)


def test_log_odds_weights_let_one_good_seat_outvote_five_weak_ones():
    """Weights of .9 and .6 in millionths of log-odds: one seat beats five (VOTING.md section 4, row 3)."""
    seats = tuple("abcdef")
    weights = dict.fromkeys(seats, 405_465) | {"a": 2_197_225}
    found = weighted_plurality(Poll(("x", "y"), seats), weights, dict.fromkeys(seats, "y") | {"a": "x"})

    assert (found.winner, found.supporters, found.by_one_seat) == ("x", ("a",), True)
