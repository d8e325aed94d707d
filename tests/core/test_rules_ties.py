"""Ties: reported, or broken by a stated key that never listens to chance, to spelling or to an own answer."""

import itertools
import os
import subprocess
import sys

import pytest

from magi.core.rules.approval import approval
from magi.core.rules.ballots import Approval, Poll, Ranking
from magi.core.rules.ranked import RULES
from magi.core.rules.ties import NO_KEY, Voice, break_tie, most_reliable, option_order, seat_order
from magi.core.rules.weighted import weighted_plurality

SEATS = ("s1", "s2", "s3")
CYCLE = {
    "s1": Ranking((("A",), ("B",), ("C",))),
    "s2": Ranking((("B",), ("C",), ("A",))),
    "s3": Ranking((("C",), ("A",), ("B",))),
}
each_rule = pytest.mark.parametrize("rule", sorted(RULES))


def cycle(rule, key, options=("A", "B", "C")):
    """A rule's result on Condorcet's cycle under a key."""
    return RULES[rule](Poll(options, SEATS, quorum=2, tie=key), CYCLE)


@each_rule
def test_without_a_key_a_tie_stands(rule):
    """Under no key nobody wins, whatever the declared order of options."""
    for options in itertools.permutations("ABC"):
        found = cycle(rule, NO_KEY, options)

        assert (found.result, found.winner, set(found.tied), found.tie_broken) == (
            "tied",
            None,
            set("ABC"),
            None,
        )


@each_rule
def test_seat_order_follows_the_first_seat(rule):
    """The key `order` gives the cycle to the first option of whichever seat is declared first, and says so."""
    for order in itertools.permutations(SEATS):
        found = cycle(rule, seat_order(order))
        broken = found.tie_broken

        assert (found.result, found.winner) == ("won", CYCLE[order[0]].tiers[0][0])
        assert (broken.key, set(broken.tied), broken.seats) == ("order", set("ABC"), (order[0],))


@each_rule
def test_reliability_follows_the_most_reliable_seat(rule):
    """The key `reliable` gives the cycle to the first option of the seat with the highest reliability."""
    for best in SEATS:
        found = cycle(rule, most_reliable(dict.fromkeys(SEATS, 5) | {best: 7}))

        assert (found.winner, found.tie_broken.key) == (CYCLE[best].tiers[0][0], "reliable")


@each_rule
def test_option_order_is_declared_not_spelled(rule):
    """The key `options` gives a tie to the tied option that stands first in the declared order."""
    for order in itertools.permutations("ABC"):
        assert cycle(rule, option_order(order)).winner == order[0]


def test_a_key_touches_only_the_lead():
    """A clear winner stays the winner under every key, and no tie is said to be broken."""
    ballots = {
        "s1": Ranking((("A",), ("B",))),
        "s2": Ranking((("A",), ("B",))),
        "s3": Ranking((("B",), ("A",))),
    }
    for key in (seat_order(("s3", "s2", "s1")), most_reliable({"s3": 9, "s1": 1}), option_order(("B", "A"))):
        found = RULES["schulze"](Poll(("A", "B"), SEATS, tie=key), ballots)

        assert (found.winner, found.tie_broken) == ("A", None)


def test_equally_reliable_seats_that_contradict_leave_the_tie():
    """Two seats of one reliability with different favourites decide nothing, nor does a weaker seat for them."""
    key = most_reliable({"s1": 7, "s2": 7, "s3": 5})
    found = RULES["borda"](Poll(("A", "B", "C"), SEATS, tie=key), CYCLE)

    assert (found.result, found.winner) == ("tied", None)


def test_equally_reliable_seats_that_agree_break_the_tie():
    """Two seats of one reliability that share a favourite among the tied options decide together."""
    voices = {
        "s1": Voice((("A",), ("B",))),
        "s2": Voice((("C",), ("A",), ("B",))),
        "s3": Voice((("B",), ("A",))),
    }
    broken = break_tie(most_reliable({"s1": 7, "s2": 7, "s3": 5}), ("B", "A"), voices)

    assert (broken.left, broken.seats) == (("A",), ("s1", "s2"))


def test_an_indifferent_seat_passes_the_word_on():
    """A seat that puts the tied options equal narrows nothing; the next one decides and is named alone."""
    voices = {"s1": Voice((("A", "B"),)), "s2": Voice((("B",), ("A",)))}
    broken = break_tie(seat_order(("s1", "s2")), ("A", "B"), voices)

    assert (broken.left, broken.seats) == (("B",), ("s2",))


def test_what_a_key_leaves_keeps_the_declared_order():
    """Where a key narrows a tie without ending it, the options left stand in the order they were given."""
    tied = tuple(f"option-{number}" for number in (7, 3, 9, 1, 8, 2, 6))
    broken = break_tie(seat_order(SEATS), tied, {"s1": Voice((tuple(sorted(tied[1:])),))})

    assert broken.left == tied[1:]


def test_a_seat_recused_from_a_tied_option_has_no_say():
    """The first seat in order may not break a tie in which its own answer stands, neither for it nor against."""
    poll = Poll(("own1", "own2", "x"), ("s1", "s2", "s3", "s4"), tie=seat_order(("s1", "s3", "s2", "s4")))
    ballots = {
        "s1": Ranking((("own2",), ("x",)), recused=("own1",)),
        "s2": Ranking((("own1",), ("x",)), recused=("own2",)),
        "s3": Ranking((("own1",), ("own2",), ("x",))),
        "s4": Ranking((("own2",), ("own1",), ("x",))),
    }
    found = RULES["copeland"](poll, ballots)

    assert found.ranking[0] == ("own1", "own2")
    assert (found.winner, found.tie_broken.seats) == ("own1", ("s3",))


def test_a_silent_seat_breaks_no_tie():
    """A most reliable seat without a ballot says nothing; the tie stands if no other seat may speak."""
    poll = Poll(("x", "y"), SEATS, quorum=2, tie=most_reliable({"s3": 9}))
    found = weighted_plurality(poll, dict.fromkeys(SEATS, 1), {"s1": "x", "s2": "y"})

    assert (found.result, found.tied) == ("tied", ("x", "y"))


def test_weighted_tie_goes_to_the_most_reliable_and_says_that_one_seat_decided():
    """Three seats with three answers: the most reliable one's wins, shown as a decision of a single seat."""
    poll = Poll(("x", "y", "z"), SEATS, tie=most_reliable({"s1": 1, "s2": 3, "s3": 2}))
    found = weighted_plurality(poll, dict.fromkeys(SEATS, 1), {"s1": "x", "s2": "y", "s3": "z"})

    assert (found.winner, found.supporters, found.by_one_seat) == ("y", ("s2",), True)


def test_approval_tie_is_narrowed_in_turn():
    """An approval tie of three goes to the option that the first and then the second seat approve of."""
    poll = Poll(("A", "B", "C"), SEATS, tie=seat_order(SEATS))
    ballots = {"s1": Approval(("B", "C")), "s2": Approval(("C", "A")), "s3": Approval(("A", "B"))}
    found = approval(poll, ballots)

    assert (found.winner, found.tie_broken.seats) == ("C", ("s1", "s2"))


PROGRAM = """
import hashlib, importlib.util
spec = importlib.util.spec_from_file_location("rules_profiles", PROFILES)
profiles = importlib.util.module_from_spec(spec)
spec.loader.exec_module(profiles)
from magi.core.rules.approval import approval
from magi.core.rules.ballots import Approval, Poll, Ranking
from magi.core.rules.ranked import RULES
from magi.core.rules.ties import most_reliable
from magi.core.rules.weighted import weighted_plurality
said = []
for options, found in profiles.tied(60):
    names = tuple(f"option-{n}" for n in range(options))
    seats = tuple(f"m{n}" for n in range(len(found)))
    tiers = [tuple(tuple(names[n] for n in tier) for tier in ballot) for ballot in found]
    strength = {seat: len(seat) + index % 3 for index, seat in enumerate(seats)}
    poll = Poll(names, seats, tie=most_reliable(strength))
    for rule in RULES.values():
        said.append(rule(poll, {s: Ranking(t) for s, t in zip(seats, tiers)} | {"stranger": Ranking(())}))
    said.append(approval(poll, {s: Approval(t[0]) for s, t in zip(seats, tiers)}))
    said.append(weighted_plurality(poll, strength, {s: t[0][0] for s, t in zip(seats, tiers)}))
print(hashlib.sha256(repr(said).encode()).hexdigest())
"""


def test_results_do_not_depend_on_the_hash_seed(request):
    """Every rule gives the same contests, byte for byte, under eight values of PYTHONHASHSEED (VOTING.md 1.3)."""
    program = f"PROFILES = {str(request.path.with_name('rules_profiles.py'))!r}\n{PROGRAM}"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in range(8)
    }

    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
