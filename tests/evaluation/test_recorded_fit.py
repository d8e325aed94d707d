"""Learning a profile: fits against outside optima, the choice, and exact early stops."""

import itertools
import random
from collections import Counter

import pytest

from magi.core.aggregate import AGGREGATORS, NO_BALLOT, Scales, pattern_of, speaker
from magi.evaluation.answer_sheet import Row
from magi.evaluation.choose import Evidence, Validation, candidates_of, chosen
from magi.evaluation.dawid_skene import one_coin
from magi.evaluation.deciders import CHOICES, Deciders
from magi.evaluation.fit import fit_profile
from magi.evaluation.logit import fit, fit_common, quantised
from magi.evaluation.stopped import is_settled, order_of, stops
from magi.evaluation.weigh import effective_votes

CASES = {
    ((0, 0, 1), 0): 9,
    ((0, 0, 1), 1): 5,
    ((0, 1, 0), 0): 7,
    ((0, 1, 0), 1): 2,
    ((0, 1, 1), 0): 8,
    ((0, 1, 1), 1): 6,
    ((0, 1, 2), 0): 6,
    ((0, 1, 2), 1): 3,
    ((0, 1, 2), 2): 2,
    ((-1, 0, 1), 0): 3,
    ((-1, 0, 1), 1): 1,
}


def simulated(shares, questions, seed, topics=("k",), options=4):
    """Independent seats with these shares of right answers, in turn over the topics."""
    chance = random.Random(seed)  # noqa: S311  # seeded
    rows = []
    for number in range(questions):
        topic = number % len(topics)
        local = shares[topic] if isinstance(shares[0], tuple) else shares
        votes = [0 if chance.random() < p else chance.randrange(1, options) for p in local]
        rows.append(Row(topics[topic], pattern_of([str(v) for v in votes]), tuple(v == 0 for v in votes)))
    return rows


def accuracy(profile, by, rows):
    """The share of rows that an aggregator gets right."""
    deciders = Deciders(profile)
    return sum(deciders.is_right(by, row) for row in rows) / len(rows)


@pytest.mark.parametrize(
    ("ridge", "optimum"),
    [(0.5, (0.97373, 0.33326, 0.35110)), (4.0, (1.15144, 0.58159, 0.61604))],
)
def test_logit_finds_the_optimum(ridge, optimum):
    """Newton's method lands where scipy's optimiser does."""
    found = fit(CASES, (1.0, 1.0, 1.0), ridge)

    assert found == pytest.approx(optimum, abs=2e-4)


def test_common_weight_finds_the_optimum():
    """The one weight of all seats is scipy's, .38643."""
    assert fit_common(CASES, 3) == pytest.approx((0.38643,) * 3, abs=2e-4)


def test_coefficients_are_never_negative():
    """A seat whose vote speaks against a class counts for nothing, not against it; none passes the cap."""
    assert quantised((-0.5, 0.0004, 1.2345, 99.0)) == (0, 0, 1234, 6000)


def test_dawid_skene_recovers_independent_seats():
    """With independent seats it finds their shares within two points, reading no gold."""
    rows = simulated((0.85, 0.7, 0.6, 0.75), 6_000, 2)
    found = one_coin(Counter(row.pattern for row in rows), 4)

    assert found.ranking == (0, 3, 1, 2)
    assert [share / 1e6 for share in found.share_ppm] == pytest.approx([0.85, 0.7, 0.6, 0.75], abs=0.02)


def test_effective_votes_by_hand():
    """Seats that always err together are one vote; independent errors are worth all seats."""
    same = [Row("k", (0, 0, 0), (right,) * 3) for right in (True, False) * 50]
    apart = [Row("k", (0, 1), right) for right in itertools.product((True, False), repeat=2)] * 5

    assert effective_votes(same, 3) == (100, 1000)
    assert effective_votes(apart, 2) == (200, 0)


def test_equal_seats_keep_plurality():
    """Seats of one quality give no reason to leave plurality, with few labels or with many."""
    for seed in range(5):
        for labels in (25, 200):
            assert fit_profile("abc", simulated((0.7, 0.7, 0.7), labels, seed), 4).aggregator == "plurality"


def test_a_dominated_council_does_not_lose_to_its_best_member():
    """One strong seat among three that share nothing but weakness decides, and is found from 400 labels."""
    rows = simulated((0.95, 0.5, 0.5), 2_400, 3, options=2)
    profile = fit_profile("abc", rows[:400], 2)
    best = sum(row.right[0] for row in rows[400:]) / 2_000

    assert profile.aggregator != "plurality"
    assert accuracy(profile, "plurality", rows[400:]) < best - 0.05
    assert accuracy(profile, profile.aggregator, rows[400:]) >= best - 0.005


def test_topics_with_different_masters_are_told_apart():
    """Where each topic has another master, the choice goes by topic and beats every single seat by far."""
    masters = ((0.95, 0.4, 0.4), (0.4, 0.95, 0.4), (0.4, 0.4, 0.95))
    rows = simulated(masters, 3_000, 4, topics=("p", "q", "r"))
    profile = fit_profile("abc", rows[:600], 4)
    best = max(sum(row.right[seat] for row in rows[600:]) / 2_400 for seat in range(3))

    assert profile.aggregator.endswith("_topic")
    assert accuracy(profile, profile.aggregator, rows[600:]) > best + 0.25


@pytest.mark.parametrize(
    ("gained", "lost", "name"),
    [
        (3, 0, "best_seat"),
        (2, 0, "plurality"),
        (4, 1, "plurality"),
        (30, 13, "best_seat"),
        (30, 25, "plurality"),
    ],
)
def test_another_aggregator_must_win_clearly(gained, lost, name):
    """The lead must be one and a half standard errors of a sign test with one imagined loss."""
    place = CHOICES.index("best_seat")
    won = tuple(at == place for at in range(len(CHOICES)))
    joint = Counter({won: gained, tuple(not one for one in won): lost})
    none = dict.fromkeys(("logit", "logit_topic"), Evidence(0.0, 0.0, 0))
    checked = Validation(joint, none, {})

    assert chosen(checked, candidates_of(checked), Counter(), 3) == name


def test_cross_validation_holds_its_rows_out():
    """Seats that only guess look no better than chance in cross-validation, however finely topics are cut."""
    topics = tuple(f"t{number}" for number in range(100))
    rows = simulated(((0.5, 0.5, 0.5),) * 100, 500, 12, topics=topics, options=2)
    found = {one.aggregator: one.right for one in fit_profile("abc", rows, 2).choice}

    assert found["best_seat_topic"] <= 270  # with its own row among the teachers it stands far above


def test_order_of_labels_changes_no_weight():
    """The same labels in another order give the same counts, weights and coefficients."""
    rows = simulated((0.9, 0.7, 0.6, 0.5), 300, 5, topics=("p", "q"))
    one, other = fit_profile("abcd", rows, 4), fit_profile("abcd", rows[::-1], 4)

    assert one.seats == other.seats
    assert one.topics == other.topics
    assert one.coefficients == other.coefficients


def test_learning_is_recomputable():
    """The same labels give the same bytes."""
    rows = simulated((0.9, 0.7, 0.6), 300, 6, topics=("p", "q"))

    assert fit_profile("abc", rows, 4).digest() == fit_profile("abc", list(rows), 4).digest()


def test_one_seat_and_one_label_are_enough():
    """A council of one seat, all silent, or one label gives a profile and no promise."""
    silent = [Row("k", (NO_BALLOT, NO_BALLOT), (False, False))] * 30
    for members, rows in (
        ("a", simulated((0.8,), 30, 1)),
        ("ab", silent),
        ("ab", simulated((0.8, 0.5), 1, 1)),
    ):
        profile = fit_profile(members, rows, 4)

        assert profile.certain is None or profile.certain.from_bp is None
    with pytest.raises(ValueError, match="rows"):
        fit_profile("ab", [], 4)


def completions(pattern, outstanding, options):
    """Every way in which the outstanding seats could still vote, or stay silent."""
    for votes in itertools.product((NO_BALLOT, *range(options)), repeat=len(outstanding)):
        full = list(pattern)
        for seat, vote in zip(outstanding, votes, strict=True):
            full[seat] = vote
        yield tuple(full)


@pytest.mark.parametrize("by", [name for name in AGGREGATORS if name != "majority"])
def test_an_early_stop_is_exact(by):
    """For two to four seats and four options it stops if and only if no completion changes the class."""
    chance = random.Random(8)  # noqa: S311  # seeded
    for seats, _ in itertools.product((2, 3, 4), range(3)):
        weights = tuple(chance.choice((0, 1, 1, 2, 3, 5)) for _ in range(seats))
        held = Scales(by, weights, tuple(chance.sample(range(seats), seats)))
        order = order_of(held)
        for asked in range(1, seats + 1):
            for votes in itertools.product((None, "w", "x", "y"), repeat=asked):
                said = dict(zip(order[:asked], votes, strict=True))
                pattern = pattern_of([said.get(seat) for seat in range(seats)])
                classes = set()
                for full in completions(pattern, order[asked:], 4):
                    place = speaker(held, full)
                    classes.add(None if place is None else full[place])

                assert is_settled(held, pattern, order[asked:]) == (
                    (len(classes) == 1 and None not in classes) or asked == seats
                )


def test_a_stopped_council_decides_the_same():
    """Over simulated questions no stopped decision differs, and near-equal seats save a sixth of the calls."""
    rows = simulated((0.8, 0.75, 0.7), 1_000, 9)
    deciders = Deciders(fit_profile("abc", rows[:300], 4))
    for by in AGGREGATORS:
        if by != "majority":
            assert stops(deciders, by, Counter(rows)).differing == 0
    found = stops(deciders, "plurality", Counter(rows))

    assert found.calls == 3_000
    assert found.saved * 6 >= found.calls
