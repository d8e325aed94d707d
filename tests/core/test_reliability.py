"""Reliability weights: formulas, bounds, and a profile's bytes."""

import itertools
import math
from fractions import Fraction

import pytest
from pydantic import ValidationError

from magi.core.reliability import (
    CAP,
    Profile,
    SeatReliability,
    TopicReliability,
    log_odds,
    ppm,
    share,
    shrunk,
)


def profile(**changes):
    """A profile of two seats and one topic."""
    seats = tuple(
        SeatReliability(seat=name, asked=10, right=right, share_ppm=ppm(share(right, 10)), weight=weight)
        for name, right, weight in (("a", 8, 1000), ("b", 5, 200))
    )
    topic = TopicReliability(
        topic="tax", asked=10, right=(8, 5), share_ppm=(1, 2), weights=(3, 4), coefficients=(5, 6)
    )
    fields = {
        "seats": seats,
        "options": 4,
        "labels": 10,
        "topics": (topic,),
        "coefficients": (900, 100),
        "n_eff_centi": 150,
    }
    return Profile(**(fields | changes))


@pytest.mark.parametrize(
    ("p", "options", "nats"), [("0.9", 2, 2.1972), ("0.6", 2, 0.40547), ("0.7", 10, 3.04452)]
)
def test_known_weights(p, options, nats):
    """ln((K - 1) p / (1 - p)): .9 weighs 2.1972 and .6 weighs .4055 of two options, .7 weighs 3.0445 of ten."""
    assert log_odds(Fraction(p), options) == round(1000 * nats)


def test_one_strong_seat_outweighs_five_weak_ones():
    """One seat at .9 outweighs five at .6."""
    assert log_odds(Fraction(9, 10), 2) > 5 * log_odds(Fraction(6, 10), 2)


def test_weights_are_finite_and_never_negative():
    """A share of 0 or 1 gives a finite weight; a seat worse than chance weighs nothing; nothing passes the cap."""
    assert log_odds(Fraction(0), 4) == 0
    assert log_odds(Fraction(1, 5), 4) == 0
    assert log_odds(Fraction(1), 4) == CAP
    assert log_odds(share(10**6, 10**6), 4) == CAP


def test_weighted_vote_is_bayes():
    """With independent seats and two options, log-odds sums pick the likelier answer on every vote of five."""
    shares = [Fraction(n, 20) for n in (19, 16, 14, 13, 11)]
    weights = [log_odds(p, 2) for p in shares]
    for votes in itertools.product((0, 1), repeat=5):
        likely = [
            math.prod(p if v == side else 1 - p for p, v in zip(shares, votes, strict=True))
            for side in (0, 1)
        ]
        sums = [sum(w for w, v in zip(weights, votes, strict=True) if v == side) for side in (0, 1)]

        assert (sums[1] > sums[0]) == (likely[1] > likely[0])


def test_share_is_the_rule_of_succession():
    """(c + 1) / (n + 2): one half without labels, never 0 or 1."""
    assert [share(*one) for one in ((0, 0), (0, 8), (8, 8))] == [
        Fraction(1, 2),
        Fraction(1, 10),
        Fraction(9, 10),
    ]
    with pytest.raises(ValueError, match="right"):
        share(3, 2)


def test_a_topic_without_labels_is_the_whole():
    """Shrinkage: no labels give the overall share, ten half-way, very many the topic's own."""
    overall = Fraction(4, 5)

    assert shrunk(0, 0, overall) == overall
    assert shrunk(0, 10, overall) == overall / 2
    assert abs(shrunk(0, 10**6, overall)) < Fraction(1, 10**4)


def test_equal_profiles_have_equal_digests():
    """The digest is of canonical bytes: it survives a round trip and changes with any number."""
    one = profile()
    again = Profile.model_validate_json(one.canonical_bytes())

    assert again == one
    assert again.digest() == one.digest()
    assert profile(coefficients=(901, 100)).digest() != one.digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"coefficients": (1,)},
        {"coefficients": (-1, 1)},
        {"coefficients": (CAP + 1, 1)},
        {"seats": ()},
        {"options": 1},
        {"aggregator": "dictator"},
        {"v": 2},
    ],
)
def test_a_profile_that_does_not_fit_is_refused(changes):
    """Too few numbers, negative or unbounded weights, no seats, one option, an unknown rule or version."""
    with pytest.raises(ValidationError):
        profile(**changes)
