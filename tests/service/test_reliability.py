"""Profiles in use: the newest for the cards in force, read once, stale ones said aloud, tampered ones refused."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from magi.core.acts import ProfileFitted
from magi.core.canonical import digest
from magi.core.errors import ErasedError, MalformedFileError, QuestionRefusedError, TamperedError
from magi.core.ports import Draft
from magi.core.reliability import Profile, SeatReliability
from magi.service.reliability import Adoption, InUse, adopt, differences, latest


def profile(labels=100, seats=("s1", "s2", "s3")):
    """A profile of these seats; `labels` tells one from another."""
    return Profile(
        seats=tuple(
            SeatReliability(seat=seat, asked=labels, right=labels // 2, share_ppm=500_000, weight=100)
            for seat in seats
        ),
        options=4,
        labels=labels,
        coefficients=(100,) * len(seats),
        n_eff_centi=200,
    )


def put(run, fitted, council=None, **changes):
    """Put a profile to use by Sato."""
    adoption = Adoption(fitted, changes.pop("by", "佐藤"), **changes)
    return asyncio.run(adopt(run.tools, council or run.council, adoption))


def used(run, council=None, tools=None):
    """The profile in use, and the events logged on the way."""
    with capture_logs() as logs:
        found = asyncio.run(latest(tools or run.tools, council or run.council))
    return found, [line["event"] for line in logs]


def test_an_adopted_profile_is_in_use(rig):
    """What was adopted is found by its council, with the record that says who did so, of which cards."""
    run = rig()
    number, event = put(run, profile(101), rebuttal="no_gain", reason="半期の測定による")
    (record,) = run.ledger.entries["config"]

    assert used(run) == (InUse(event, profile(101)), [])
    assert (number, record.actor, [ref.name for ref in record.refs]) == (0, "佐藤", ["profile", "reason"])
    assert (event.profile, event.labels, event.rebuttal) == (profile(101).digest(), 101, "no_gain")
    assert event.cards == {f"s{n}": run.cards[f"c{n}"].digest for n in (1, 2, 3)}


def test_nothing_adopted_is_nothing_in_use(rig):
    """Without a record there is no profile, and nothing to say."""
    assert used(rig()) == (None, [])


def test_a_profile_is_read_once(rig):
    """However many deliberations ask, the body is opened once, for magi, as reliability."""
    run = rig()
    put(run, profile(102))
    for _ in range(5):
        assert used(run)[0].profile.labels == 102

    assert [(who, why) for _, who, why in run.ledger.accesses] == [("magi", "reliability")]


def test_the_newest_counts(rig):
    """A later adoption takes the place of an earlier one; that of another council does not."""
    run = rig()
    put(run, profile(103))
    put(run, profile(104))
    put(run, profile(105), council=run.council.model_copy(update={"name": "other"}))

    assert used(run)[0].profile.labels == 104


def test_a_changed_card_makes_a_profile_stale(rig, build):
    """A profile speaks of the cards measured: with another one in force nothing is measured, and the log says so."""
    run = rig()
    put(run, profile(106))
    changed = run.cards | {"c2": build.card("c2", version="2", family="fam-b", checked_on="2027-01-10")}

    assert used(run, tools=run.make_tools(cards=changed)) == (None, ["reliability.stale"])
    assert used(run)[0].profile.labels == 106


def test_an_older_profile_of_the_cards_in_force_serves(rig, build):
    """Where a card went back to what an older profile measured, that one is in use, and the log names the stale one."""
    run = rig()
    put(run, profile(107))
    changed = run.cards | {"c2": build.card("c2", version="2", family="fam-b", checked_on="2027-01-10")}
    asyncio.run(adopt(run.make_tools(cards=changed), run.council, Adoption(profile(108), "佐藤")))
    found, logged = used(run)

    assert found.profile.labels == 107
    assert logged == ["reliability.stale"]


def test_a_council_with_its_seats_in_another_order_has_no_profile(rig):
    """The numbers stand in the order of the seats: after the order changed they speak of nobody."""
    run = rig()
    put(run, profile(109))
    turned = run.council.model_copy(update={"seats": run.council.seats[::-1]})

    assert used(run, council=turned) == (None, ["reliability.other_seats"])


def test_a_council_with_other_seats_has_no_profile(rig):
    """A seat more or less makes the profile stale."""
    run = rig(makers="ABCD")
    three = run.council.model_copy(update={"seats": run.council.seats[:3]})
    put(run, profile(110), council=three)

    assert used(run) == (None, ["reliability.stale"])


class Erased:
    """A ledger whose bodies are erased."""

    def __init__(self, ledger):
        """Around a ledger."""
        self.read = ledger.read

    async def body(self, ref, who, why):
        """Erased."""
        raise ErasedError("body", commitment=ref.commitment, who=who, why=why)


def test_an_erased_profile_is_not_in_use(rig):
    """Without its numbers an adoption says nothing; the log says which."""
    run = rig()
    put(run, profile(111))

    assert used(run, tools=replace(run.tools, ledger=Erased(run.ledger))) == (None, ["reliability.erased"])


GOOD = profile(112).canonical_bytes()


@pytest.mark.parametrize(
    ("body", "named"), [(GOOD + b" ", GOOD), (b"{}", GOOD), (b"{}", b"{}"), (b"\xff", b"\xff"), (None, GOOD)]
)
def test_a_body_that_is_not_the_profile_is_an_alarm(rig, body, named):
    """Other bytes than the digest's, none, or no profile, stop the deliberation: no seat is weighed by a forgery."""
    run = rig()
    fitted = ProfileFitted(
        council="c",
        profile=digest(named),
        labels=112,
        cards={f"s{n}": run.cards[f"c{n}"].digest for n in (1, 2, 3)},
        by="x",
    )
    draft = Draft(fitted, {} if body is None else {"profile": body})
    asyncio.run(run.ledger.append("config", None, [draft]))

    with pytest.raises(TamperedError, match="profile"):
        used(run)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("s1", "s2"), ("- s3",)),
        (("s1", "s2", "s3", "x"), ("+ x",)),
        (("s1", "x", "s3"), ("- s2", "+ x")),
        (("s2", "s1", "s3"), ("s2, s1, s3 != s1, s2, s3",)),
    ],
)
def test_other_seats_are_refused_by_name(rig, given, said):
    """A profile of other seats, or of the same in another order, is refused with the difference, and not recorded."""
    run = rig()
    with pytest.raises(MalformedFileError) as refused:
        put(run, profile(113, given), file="p.json")

    assert (refused.value.reason, refused.value.facts["problems"]) == ("profile_seats", said)
    assert differences(given, ("s1", "s2", "s3")) == said
    assert "config" not in run.ledger.entries


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"by": " "}, "name_form"), ({"by": "x" * 201}, "name_form"), ({"reason": "x" * 2_001}, "reason_form")],
)
def test_an_adoption_has_a_name_and_a_short_reason(rig, changes, reason):
    """Nobody, a name too long for a record, or a reason beyond its bound is refused, and not recorded."""
    run = rig()
    with pytest.raises(QuestionRefusedError, match=reason):
        put(run, profile(114), **changes)

    assert "config" not in run.ledger.entries
