"""The measured part of the terms: the numbers of the whole profile, thinned without ever promising more."""

import random

import pytest

from magi.core.aggregate import AGGREGATORS, Scales, aggregate, pattern_of, scales, speaker
from magi.core.agreement import n_eff_milli
from magi.core.calibration import Calibration, Step
from magi.core.decided import Independence
from magi.core.measured import MAX_STEPS, measured, rho_ppm, share, thinned, voices
from magi.core.reliability import CAP, PPM, Profile, Promised, SeatReliability, TopicReliability
from magi.core.terms import CardFacts, Measured

TOPICS = ("law", "money")


def numbers(chance, count, most):
    """So many numbers, small ones as often as large ones, so that ties happen."""
    return tuple(chance.choice((0, 1, most // 2, chance.randrange(most))) for _ in range(count))


def steps(chance, count):
    """Ascending steps."""
    raws, shown = (sorted(chance.sample(range(1, 10_000), count)) for _ in range(2))
    return tuple(Step(raw_bp=raw, shown_bp=one) for raw, one in zip(raws, shown, strict=True))


def profile(chance, seats, **changes):
    """Any profile of so many seats."""
    shares, weights = numbers(chance, seats, PPM), numbers(chance, seats, CAP)
    given = {
        "seats": tuple(
            SeatReliability(
                seat=f"s{place}", asked=9, right=3, share_ppm=shares[place], weight=weights[place]
            )
            for place in range(seats)
        ),
        "options": chance.randrange(2, 11),
        "labels": 300,
        "topics": tuple(
            TopicReliability(
                topic=topic,
                asked=9,
                right=(1,) * seats,
                share_ppm=numbers(chance, seats, PPM),
                weights=numbers(chance, seats, CAP),
                coefficients=numbers(chance, seats, CAP),
            )
            for topic in TOPICS
        ),
        "coefficients": numbers(chance, seats, CAP),
        "n_eff_centi": chance.randrange(100, 100 * seats + 1),
        "aggregator": chance.choice(AGGREGATORS),
        "calibration": chance.choice(
            (
                Calibration(),
                Calibration(method="temperature", temperature_permille=chance.randrange(250, 8_001)),
                Calibration(method="isotonic", steps=steps(chance, chance.randrange(1, MAX_STEPS + 1))),
            )
        ),
    }
    return Profile(**(given | changes))


def test_the_terms_decide_and_show_as_the_whole_profile_does():
    """For any profile, topic and ballots, speaker and probabilities from the terms are those of the profile."""
    chance = random.Random(11)  # noqa: S311  # seeded
    decided = 0
    for _ in range(1_500):
        whole = profile(chance, chance.randrange(1, 8))
        topic = chance.choice((*TOPICS, "unheard", None))
        said = [chance.choice((None, "p", "q", "r")) for _ in whole.seats]
        ballots = {s.seat: one for s, one in zip(whole.seats, said, strict=True) if one is not None}
        wanted = aggregate(whole, ballots, topic)
        held = measured(whole, topic)
        if wanted.result == "no_ballots":
            continue
        place = speaker(Scales(held.aggregator, held.weights, held.ranks), pattern_of(said))

        assert (None if place is None else f"s{place}") == wanted.speaker
        if wanted.result == "decided":
            decided += 1
            assert share(held, said, wanted.answer_class) == (wanted.raw_bp, wanted.shown_bp)
    assert decided > 1_000


def test_the_terms_name_what_they_come_from():
    """Digest, labels, options and odds are the profile's; the odds are its log-odds whatever was chosen."""
    whole = profile(random.Random(3), 4, aggregator="best_seat")  # noqa: S311  # seeded
    held = measured(whole, "law", "no_gain")

    assert (held.profile, held.labels, held.options) == (whole.digest(), 300, whole.options)
    assert held.odds == scales(whole, "log_odds_topic", "law").weights
    assert held.weights == (1, 1, 1, 1)
    assert held.rebuttal == "no_gain"


@pytest.mark.parametrize(
    ("strict", "loose", "chosen"),
    [(9_000, 6_000, (1_000, 9_000)), (None, 6_000, (2_000, 6_000)), (9_000, None, (1_000, 9_000))],
)
def test_the_stricter_promise_that_was_made_counts(strict, loose, chosen):
    """Ten per cent of error where that is promised, else twenty."""
    made = (
        Promised(error_bp=1_000, delta_bp=50, from_bp=strict),
        Promised(error_bp=2_000, delta_bp=50, from_bp=loose),
    )
    certain = Promised(error_bp=500, delta_bp=50, from_bp=9_900)
    held = measured(profile(random.Random(1), 3, promises=made, certain=certain), None)  # noqa: S311  # seeded

    assert (held.error_bp, held.answer_from_bp) == chosen
    assert held.certain_from_bp == 9_900


@pytest.mark.parametrize("promises", [(), (Promised(error_bp=1_000, delta_bp=50, from_bp=None),)])
def test_without_a_promise_none_is_made_up(promises):
    """No promise, or none that could be made, is None; so is the 95 % stop."""
    held = measured(profile(random.Random(1), 3, promises=promises), None)  # noqa: S311  # seeded

    assert (held.answer_from_bp, held.certain_from_bp) == (None, None)


def test_the_correlation_gives_back_the_effective_votes():
    """For every council and every number of effective votes, Kish's formula returns it to the thousandth."""
    for seats in range(2, 16):
        for centi in range(100, 100 * seats + 1):
            assert abs(n_eff_milli(seats, rho_ppm(seats, centi)) - 10 * centi) <= 1


@pytest.mark.parametrize(
    ("seats", "centi", "rho"),
    [(1, 100, 0), (9, 219, 388_699), (3, 300, 0), (3, 100, PPM), (3, 0, PPM), (3, 400, 0)],
)
def test_the_correlation_by_hand(seats, centi, rho):
    """9 seats of 2.19 votes correlate by .389; one seat by nothing; what no council can have is held within 0..1."""
    assert rho_ppm(seats, centi) == rho


def test_thinning_never_raises_a_shown_probability():
    """A long calibration keeps at most 200 steps, shows nowhere more than before, and loses half a per cent at most."""
    chance = random.Random(5)  # noqa: S311  # seeded
    for count in (201, 500, 3_000):
        whole = Calibration(method="isotonic", steps=steps(chance, count))
        short = thinned(whole)

        assert MAX_STEPS // 2 <= len(short.steps) <= MAX_STEPS
        losses = [whole.shown(raw) - short.shown(raw) for raw in range(10_001)]
        assert min(losses) == 0
        assert max(losses) <= 50


def test_a_calibration_that_fits_is_kept():
    """Up to 200 steps stay as they are."""
    whole = Calibration(method="isotonic", steps=steps(random.Random(5), MAX_STEPS))  # noqa: S311  # seeded

    assert thinned(whole) is whole
    assert len(thinned(whole, 1).steps) == 1


@pytest.mark.parametrize(
    ("ballots", "winner"), [((), "p"), (("p", "q"), "p"), (("p", "q", None), "r"), (("p",) * 4, "p")]
)
def test_a_share_needs_every_seat_and_a_winner_with_a_ballot(ballots, winner):
    """Ballots for another number of seats, or a winner that nobody voted for, are an error."""
    held = measured(profile(random.Random(2), 3), None)  # noqa: S311  # seeded

    with pytest.raises(ValueError, match="ballots"):
        share(held, ballots, winner)


@pytest.mark.parametrize(
    ("lineages", "milli"),
    [
        (("a", "b", "c"), 3_000),
        (("a", "a", "c"), 2_000),
        (("a", None, None), 1_000),
        ((None, None, None), 1_000),
        ((), 0),
    ],
)
def test_voices_by_lineage_are_an_upper_bound(lineages, milli):
    """Each group is one voice, unknown lineages add none, but somebody speaks; nothing was measured."""
    cards = [CardFacts(bloc="JP", domestic=True, lineage=lineage) for lineage in lineages]

    assert voices(cards, None) == Independence(seats=len(cards), voices_milli=milli, measured=False)


def test_measured_voices_go_by_the_correlation():
    """With a profile, lineage no longer matters: three live seats of nine at rho .389 are 1.688 voices."""
    held = measured(profile(random.Random(2), 9, n_eff_centi=219), None)  # noqa: S311  # seeded
    cards = [CardFacts(bloc="JP", domestic=True, lineage="same")] * 3

    assert voices(cards, held) == Independence(seats=3, voices_milli=1_688, measured=True)


def test_the_terms_read_back_what_they_wrote():
    """Measured terms survive the record's JSON."""
    held = measured(profile(random.Random(7), 5), "law")  # noqa: S311  # seeded

    assert Measured.model_validate_json(held.model_dump_json()) == held
