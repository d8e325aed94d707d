"""Aggregators: what they decide, and what no order, name or hash seed may change."""

import itertools
import os
import random
import subprocess
import sys

import pytest

from magi.core.aggregate import AGGREGATORS, Aggregate, aggregate, pattern_of, scales, speaker
from magi.core.reliability import Profile, SeatReliability, TopicReliability

SEATS = ("a", "b", "c", "d")
SHARES = (600_000, 800_000, 500_000, 700_000)


def profile(weights=(300, 900, 100, 500), seats=4, aggregator="plurality"):
    """Four seats: b the most reliable, then d, a, c; in the topic "law" c leads."""
    own = tuple(
        SeatReliability(
            seat=SEATS[n], asked=100, right=SHARES[n] // 10_000, share_ppm=SHARES[n], weight=weights[n]
        )
        for n in range(seats)
    )
    law = TopicReliability(
        topic="law",
        asked=20,
        right=(10,) * seats,
        share_ppm=(600_000, 500_000, 900_000, 550_000)[:seats],
        weights=(100, 100, 2_000, 100)[:seats],
        coefficients=(10, 10, 1_000, 10)[:seats],
    )
    return Profile(
        seats=own,
        options=4,
        labels=100,
        topics=(law,),
        coefficients=(500, 400, 400, 400)[:seats],
        n_eff_centi=200,
        aggregator=aggregator,
    )


def decided(by, topic=None, **ballots):
    """The class that `by` decides."""
    return aggregate(profile(), ballots, topic, by).answer_class


def test_each_aggregator_decides_its_own_way():
    """On a split of a, c against b, d the aggregators part as their definitions say."""
    ballots = {"a": "x", "b": "y", "c": "x", "d": "y"}

    assert {by: aggregate(profile(), ballots, "law", by).answer_class for by in AGGREGATORS} == {
        "plurality": "x",  # a tie, and c is the most reliable in law
        "majority": None,
        "log_odds": "y",
        "log_odds_topic": "x",
        "logit": "x",
        "logit_topic": "x",
        "best_seat": "y",
        "best_seat_topic": "x",
        "unanimous_else_strongest": "y",
    }


def test_a_tie_goes_to_the_most_reliable_seat():
    """One ballot each: the answer of the most reliable seat stands, and the tie is told."""
    found = aggregate(profile(), {"a": "x", "b": "y", "c": "z"})

    assert (found.answer_class, found.speaker) == ("y", "b")
    assert found.tie_broken
    assert found.single_seat


def test_all_others_together_overrule_the_strongest():
    """The strongest seat stands against one other or a divided rest, and yields to all others agreeing."""
    by = "unanimous_else_strongest"

    assert decided(by, b="x", a="y") == "x"
    assert decided(by, b="x", a="y", c="y", d="z") == "x"
    assert decided(by, b="x", a="y", c="y", d="y") == "y"


def test_majority_takes_more_than_half_of_the_ballots_cast():
    """Two of four is no majority, two of three is, and a missing seat casts no ballot."""
    assert aggregate(profile(), dict(zip(SEATS, "xxyz", strict=True)), None, "majority") == Aggregate(
        "below_threshold"
    )
    assert decided("majority", a="x", b="x", c="y") == "x"


def test_nobody_votes():
    """Without a ballot there is no decision, under any aggregator."""
    assert {aggregate(profile(), {}, None, by).result for by in AGGREGATORS} == {"no_ballots"}


def test_a_seat_outside_the_profile_is_refused():
    """A ballot of an unknown seat is an error, not a vote."""
    with pytest.raises(ValueError, match="profile"):
        aggregate(profile(), {"e": "x"})


def test_one_against_others_is_called_a_single_seat():
    """A class of one seat against others is 単独席採用; unanimous or alone at the table it is not."""
    heavy = profile(weights=(100, 5_000, 100, 100))
    dictated = aggregate(heavy, {"a": "x", "b": "y", "c": "x", "d": "x"}, None, "log_odds")

    assert (dictated.answer_class, dictated.single_seat, dictated.minority) == ("y", True, True)
    assert not aggregate(heavy, {"b": "y"}, None, "log_odds").single_seat
    assert not aggregate(heavy, {"a": "x", "b": "y", "c": "y", "d": "x"}, None, "log_odds").single_seat
    assert not aggregate(heavy, dict.fromkeys(SEATS, "y"), None, "log_odds").single_seat


def test_arrival_and_names_change_nothing():
    """Shuffled arrival gives the same verdict; renamed classes give the renamed verdict."""
    chance = random.Random(11)  # noqa: S311  # seeded
    for by, votes in itertools.product(AGGREGATORS, itertools.product("xyz", repeat=4)):
        ballots = list(zip(SEATS, votes, strict=True))
        expected = aggregate(profile(), dict(ballots), "law", by)
        chance.shuffle(ballots)
        renamed = {seat: {"x": "9", "y": "あ", "z": "A"}[vote] for seat, vote in ballots}
        names = {None: None, "x": "9", "y": "あ", "z": "A"}

        assert aggregate(profile(), dict(ballots), "law", by) == expected
        assert aggregate(profile(), renamed, "law", by).answer_class == names[expected.answer_class]


def test_a_ballot_more_never_loses():
    """Monotone: a seat that turns to the winning class, or was silent, never makes it lose."""
    for by in AGGREGATORS:
        held = scales(profile(), by, "law")
        for votes in itertools.product((None, "x", "y", "z"), repeat=4):
            pattern = pattern_of(votes)
            place = speaker(held, pattern)
            for seat in range(4):
                if place is not None:
                    more = (*pattern[:seat], pattern[place], *pattern[seat + 1 :])
                    winner = speaker(held, more)

                    assert winner is not None
                    assert more[winner] == pattern[place], (by, votes, seat)


def test_unanimity_wins():
    """Where all agree that answer stands, under every aggregator."""
    assert {
        aggregate(profile(), dict.fromkeys(SEATS, "x"), "law", by).answer_class for by in AGGREGATORS
    } == {"x"}


def test_agreement_raises_the_probability():
    """Four seats of one mind are surer than three against one, and that than a bare lead; nothing is certain."""
    sure = [
        aggregate(profile(), dict(zip(SEATS, votes, strict=True))).raw_bp
        for votes in ("xxxx", "xxyx", "xxyz")
    ]

    assert sure == sorted(sure, reverse=True)
    assert 0 < sure[-1] < sure[0] < 10_000


def test_an_unknown_topic_is_no_topic():
    """A topic that was never measured is decided with all topics together."""
    ballots = {"a": "x", "b": "y", "c": "x", "d": "y"}

    assert aggregate(profile(), ballots, "sumo") == aggregate(profile(), ballots, None)


PROBE = """
import itertools, hashlib
from magi.core.aggregate import AGGREGATORS, aggregate
from magi.core.reliability import Profile
profile = Profile.model_validate_json(open(0).read())
said = hashlib.sha256()
for by, votes in itertools.product(AGGREGATORS, itertools.product(("x", "y", "z", None), repeat=4)):
    ballots = {seat: vote for seat, vote in set(zip("abcd", votes)) if vote}
    said.update(repr(aggregate(profile, ballots, "law", by)).encode())
print(said.hexdigest())
"""


def test_eight_hash_seeds_give_one_verdict():
    """Processes with eight hash seeds, ballots arriving in set order, say the same to the byte."""
    text = profile().canonical_bytes()
    said = {
        subprocess.run(
            [sys.executable, "-c", PROBE],
            input=text,
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(8)
    }

    assert len(said) == 1
