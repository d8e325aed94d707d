"""Counterfactual profiles: what would have been ruled, each deliberation on its own day, no card skipped."""

import datetime

import pytest

from magi.assets import load_assets
from magi.residency.plan import plan
from magi.residency.simulate import opening_of, opening_refused, simulate


@pytest.fixture(scope="module")
def profiles():
    """The shipped profiles."""
    return load_assets().profiles


@pytest.fixture(scope="module")
def cards(build):
    """Three makers at home with a lineage nobody knows, one abroad."""
    return build.cards("A", "B", "C") | {"c4": build.card("c4", developer="D", family="d", **build.ABROAD)}


@pytest.fixture(scope="module")
def opening(build, cards, profiles):
    """Make the opening of a council of the four cards under the default profile."""

    def make(label, *, topics=(), day=None, quorum=2):
        council = build.council("c1", "c2", "c3", "c4", quorum=quorum)
        admissions = plan(council, cards, label, profiles["domestic-only"], build.DAY, topics=topics)
        opened = build.opened(4, label=label, topics=topics, plan=admissions, quorum=quorum)
        return opening_of("d/x", opened, day or build.DAY)

    return make


def test_the_same_profile_changes_nothing(opening, cards, profiles):
    """Under the profile that ruled, every ruling and the seating are as they were."""
    for label in (0, 1, 3):
        (result,) = simulate([opening(label)], cards, profiles["domestic-only"])

        assert not result.differs
        assert (result.was_seated, result.would_be_seated, result.unknown_cards) == (True, True, ())
        assert [ruling.was for ruling in result.rulings] == [True, True, True, label == 0]


def test_a_closed_profile_would_have_seated_nobody(opening, cards, profiles):
    """A profile whose lines are empty bars each seat with its reasons, and the council would not have been seated."""
    closed = profiles["domestic-only"].model_copy(update={"admits": {}})
    (result,) = simulate([opening(1)], cards, closed)

    assert result.differs
    assert result.would_be_seated is False
    assert [ruling.differs for ruling in result.rulings] == [True, True, True, False]
    assert all("class_a_not_for_internal" in ruling.ruling.residency for ruling in result.rulings[:3])


def test_one_seat_less_is_a_difference_even_where_the_council_stands(opening, cards, profiles):
    """A foreign seat that the other profile bars is told though the rest may deliberate."""
    admits = profiles["domestic-only"].admits | {"public": ("A",)}
    (result,) = simulate([opening(0)], cards, profiles["domestic-only"].model_copy(update={"admits": admits}))

    assert (result.differs, result.would_be_seated) == (True, True)
    assert [ruling.seat for ruling in result.rulings if ruling.differs] == ["s4"]


def test_topics_go_through_the_other_profiles_bias_gate(opening, cards, profiles):
    """What was planned with topics is judged by the other profile's bans."""
    freed = profiles["domestic-only"].model_copy(update={"bans": {}})
    listed = opening(1, topics=("history",))
    (kept,), (open_to_all,) = (simulate([listed], cards, p) for p in (profiles["domestic-only"], freed))

    assert (kept.differs, kept.would_be_seated) == (
        True,
        False,
    )  # an intent was recorded though nobody was seated
    assert [ruling.ruling.bias for ruling in kept.rulings[:3]] == [("bias_history_lineage_unknown",)] * 3
    assert open_to_all.would_be_seated is True


def test_a_refused_deliberation_may_have_been_seated(build, cards, profiles):
    """A council that the planner refused for its label would have been seated under a profile that opens it."""
    council = build.council("c1", "c2", "c3")
    admissions = plan(council, cards, 2, profiles["domestic-only"], build.DAY, topics=("history",))
    refused = opening_refused(
        "d/y", council=council, label=2, topics=("history",), plan=admissions, day=build.DAY
    )
    (result,) = simulate([refused], cards, profiles["domestic-only"].model_copy(update={"bans": {}}))

    assert (result.was_seated, result.would_be_seated, result.differs) == (False, True, True)


def test_an_unknown_card_is_named_and_leaves_the_seating_open(opening, cards, profiles):
    """A card that is gone is named, has no ruling, and the seating is not guessed; the other seats are judged."""
    left = {name: card for name, card in cards.items() if name != "c2"}
    (result,) = simulate([opening(1)], left, profiles["domestic-only"])

    assert (result.unknown_cards, result.would_be_seated, result.differs) == (("c2",), None, False)
    assert [ruling.ruling is None for ruling in result.rulings] == [False, True, False, False]


def test_each_is_judged_on_its_own_day(opening, cards, profiles, build):
    """Evidence that was fresh on the day still counts for it, unless another day is given."""
    late = build.DAY + datetime.timedelta(days=200)
    own, stale = opening(1), opening(1, day=late)
    results = simulate([own, stale], cards, profiles["domestic-only"])

    assert [result.would_be_seated for result in results] == [True, False]
    assert [r.would_be_seated for r in simulate([own, stale], cards, profiles["domestic-only"], late)] == [
        False,
        False,
    ]
    assert [result.stream for result in results] == ["d/x", "d/x"]
