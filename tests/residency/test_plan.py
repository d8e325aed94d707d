"""The planner: who is left out, and when the rest may not deliberate."""

import pytest

from magi.assets import load_assets
from magi.core.council import check_council
from magi.core.errors import CouncilRefusedError, UnknownNameError
from magi.residency.plan import check, plan, seat_plans, seated


@pytest.fixture(scope="module")
def profile():
    """The shipped default profile."""
    return load_assets().profiles["domestic-only"]


@pytest.fixture(scope="module")
def mixed(build):
    """Three makers at home and one abroad, all on loopback."""
    cards = build.cards("A", "B", "C")
    return cards | {"far": build.card("far", developer="D", family="fam-d", **build.ABROAD)}


def test_a_foreign_seat_is_left_out_above_public(build, mixed, profile):
    """An internal text seats the three domestic cards; the foreign one is barred with reasons."""
    council = build.council("c1", "far", "c2", "c3")
    admissions = plan(council, mixed, 1, profile, build.DAY, topics=())
    left = seated(council.seats, admissions)

    assert [seat.seat for seat in left] == ["s1", "s3", "s4"]
    assert [entry.card for entry in admissions] == ["c1", "far", "c2", "c3"]
    assert {"class_d_not_for_internal", "host_not_japan", "foreign_law"} <= set(admissions[1].reasons)
    assert all(entry.reasons == () for entry in admissions if entry.admitted)


def test_a_public_text_seats_all(build, mixed, profile):
    """A public text may be seen by the foreign stand-in on loopback too."""
    council = build.council("c1", "far", "c2", "c3")

    assert seated(council.seats, plan(council, mixed, 0, profile, build.DAY, topics=())) == council.seats


def test_a_seat_keeps_only_its_admitted_cards(build, mixed, profile):
    """A seat with a barred first choice goes on with its admitted fallback."""
    council = build.council(("far", "c1"), "c2", "c3")
    left = seated(council.seats, plan(council, mixed, 1, profile, build.DAY, topics=()))

    assert [seat.targets for seat in left] == [("c1",), ("c2",), ("c3",)]


def test_the_rest_is_refused_when_it_may_not_deliberate(build, mixed, profile):
    """What a label leaves is checked like a council: two seats are too few."""
    council = build.council("c1", "c2", "far")
    left = seated(council.seats, plan(council, mixed, 1, profile, build.DAY, topics=()))

    with pytest.raises(CouncilRefusedError) as caught:
        check_council(left, council.quorum, council.rule, mixed, council.name)

    assert (caught.value.reason, caught.value.facts["seats"]) == ("too_few_seats", 2)


def test_one_vendor_may_decide_once_the_foreign_seat_is_gone(build, profile):
    """Two of four seats of one maker hold back from deciding; without the foreign one they could: refused."""
    cards = build.cards("A", "A", "B") | {"far": build.card("far", developer="D", family="d", **build.ABROAD)}
    council = build.council("c1", "c2", "c3", "far", quorum=3)
    council = council.model_copy(update={"quorum": 4})
    check(council, cards, profile, build.DAY)
    left = seated(council.seats, plan(council, cards, 1, profile, build.DAY, topics=()))

    with pytest.raises(CouncilRefusedError) as caught:
        check_council(left, 3, council.rule, cards, council.name)

    assert (caught.value.reason, caught.value.facts["vendor"]) == ("one_vendor_decides", "A")


def test_every_seat_barred_leaves_nobody(build, mixed, profile):
    """Secret text seats nobody."""
    council = build.council("c1", "c2", "c3", "far")

    assert seated(council.seats, plan(council, mixed, 5, profile, build.DAY, topics=())) == ()


def test_a_looser_fallback_is_refused_by_seat_and_card(build, mixed, profile):
    """A class A seat may not fall back on a class D card, wherever in the line it stands."""
    cards = mixed | {"c4": build.card("c4", developer="E", family="fam-e")}
    council = build.council("c1", ("c2", "c4", "far"), "c3")

    with pytest.raises(CouncilRefusedError) as caught:
        check(council, cards, profile, build.DAY)

    assert caught.value.reason == "looser_fallback"
    assert (caught.value.facts["seat"], caught.value.facts["card"]) == ("s2", "far")


def test_a_fallback_abroad_of_the_same_class_is_looser(build, mixed, profile):
    """Class D is domestic or foreign; a domestic class D seat may not fall back across the border."""
    home = build.card("c4", developer="E", family="fam-e", contract="terms", closed_network=False)
    council = build.council("c1", ("c4", "far"), "c3")

    with pytest.raises(CouncilRefusedError, match="looser_fallback"):
        check(council, mixed | {"c4": home}, profile, build.DAY)


def test_a_stricter_fallback_is_fine(build, mixed, profile):
    """A foreign seat may fall back on a domestic card."""
    assert check(build.council("c1", "c2", ("far", "c3")), mixed, profile, build.DAY) is None


def test_check_refuses_what_no_council_may_be(build, mixed, profile):
    """The planner's check includes the council's own: here two seats of one maker, and a card of nobody."""
    with pytest.raises(CouncilRefusedError, match="one_vendor_decides"):
        check(build.council("c1", "c1", "c2"), mixed, profile, build.DAY)
    with pytest.raises(UnknownNameError, match="nowhere"):
        check(build.council("c1", "c2", "nowhere"), mixed, profile, build.DAY)


def test_the_record_keeps_the_seats_in_order(build):
    """The record's seats are the council's, with the persona's template and every target."""
    plans = seat_plans(build.council(("c1", "c2"), "c3", "c4"))

    assert [(p.seat, p.persona, p.targets) for p in plans] == [
        ("s1", "persona/melchior@1", ("c1", "c2")),
        ("s2", "persona/melchior@1", ("c3",)),
        ("s3", "persona/melchior@1", ("c4",)),
    ]


@pytest.mark.parametrize("name", ["magi", "magi-domestic", "rehearsal", "rehearsal-domestic", "open-weights"])
def test_the_shipped_councils_may_deliberate(name, profile, build):
    """Every shipped council passes the check on the day of its cards' evidence."""
    assets = load_assets()

    assert check(assets.council(name), assets.cards, profile, build.DAY) is None
