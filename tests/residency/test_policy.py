"""The residency policy against a twin of its own: every label with every combination of facts that matter.

The twin below is written from the routing table (classes A to E, labels 0 to 6, evidence at most 90 days old),
as sets of conditions, not from the code. The facts fall into two groups, places and terms; each group is
enumerated in full beside representatives of the other, and chance draws from the full product.
"""

import datetime
import itertools
import random

import pytest

from magi.assets import load_assets
from magi.core.card import Backend, Ismap
from magi.core.errors import MalformedFileError
from magi.residency.label import Label
from magi.residency.policy import NO_TOPICS, admit, backend_class, is_foreign, on_loopback, parse_profile

TODAY = datetime.date(2026, 11, 22)
FRESH, LIMIT = "2026-11-01", (TODAY - datetime.timedelta(days=90)).isoformat()
STALE, FUTURE = (TODAY - datetime.timedelta(days=91)).isoformat(), "2026-11-23"
PLACES = {
    "host_country": ("JP", "US", "CN", "unknown"),
    "inference_scope": ("JP", "region", "GLOBAL", "unknown"),
    "provider_country": ("JP", "US", "CN", "unknown"),
    "parent_country": ("JP", "US", "CN", "unknown"),
    "exposed_law": ((), ("US CLOUD Act",)),
}
TERMS = {
    "trains_on_input": (True, False, "unknown"),
    "retention_days": (0, 30, "unknown"),
    "human_review": (True, False, "unknown"),
    "ismap": ("none", "unknown", Ismap(id="C", checked_on=FRESH), Ismap(id="C", checked_on=STALE)),
    "gov_cloud": (True, False, "unknown"),
    "closed_network": (True, False, "unknown"),
    "contract": ("own", "negotiated", "terms", "unknown"),
    "weights_sha": ("0" * 64, "none", "unknown"),
    "checked_on": (FRESH, STALE, FUTURE),
}
AT_HOME = {
    "host_country": "JP",
    "inference_scope": "JP",
    "provider_country": "JP",
    "parent_country": "JP",
    "exposed_law": (),
}
PINNED = AT_HOME | {"provider_country": "US", "parent_country": "US", "exposed_law": ("US CLOUD Act",)}
CLASS_A = {
    "trains_on_input": False,
    "retention_days": 0,
    "human_review": False,
    "ismap": "none",
    "gov_cloud": False,
    "closed_network": True,
    "contract": "own",
    "weights_sha": "0" * 64,
    "checked_on": FRESH,
}
CLASS_B = CLASS_A | {
    "closed_network": False,
    "contract": "negotiated",
    "gov_cloud": True,
    "weights_sha": "none",
}
NOBODY_KNOWS = {name: "unknown" for name in TERMS if name != "checked_on"} | {"checked_on": FRESH}


@pytest.fixture(scope="module")
def profile():
    """The shipped default profile."""
    return load_assets().profiles["domestic-only"]


@pytest.fixture(scope="module")
def with_facts(build):
    """Make cards quickly: the default card with other facts, on loopback or at an address abroad."""
    here, beyond = build.card(), build.card(base_url="https://api.example/v1", allowed_hosts=("api.example",))

    def make(facts, *, zone="own", loopback=True):
        card = here if loopback else beyond
        fields = {name: getattr(card.backend, name) for name in Backend.model_fields}
        backend = Backend.model_construct(**(fields | {"zone": zone} | facts))
        return card.model_copy(update={"backend": backend})

    return make


def product(axes):
    """Every combination of named values."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def the_class(facts):
    """The twin: the backend class as the table's rows say it."""
    operated = {facts["provider_country"], facts["parent_country"], facts["host_country"]}
    if "CN" in operated or "unknown" in operated | {facts["inference_scope"]}:
        return "E"
    recent = (
        {"none": False, "unknown": False}.get(facts["ismap"])
        if isinstance(facts["ismap"], str)
        else (facts["ismap"].checked_on == FRESH)
    )
    listed = recent or facts["gov_cloud"] is True
    domestic = operated == {"JP"} and facts["inference_scope"] == "JP" and facts["exposed_law"] == ()
    no_training = facts["trains_on_input"] is False
    if not domestic:
        stays = facts["host_country"] == facts["inference_scope"] == "JP"
        return "C" if stays and listed and no_training else "D"
    bound = facts["contract"] in {"own", "negotiated"} and no_training
    if bound and facts["closed_network"] is True and len(facts["weights_sha"]) == 64:
        return "A"
    if bound and listed and facts["retention_days"] == 0 and facts["human_review"] is False:
        return "B"
    return "D"


ROWS = {0: "ABCD", 1: "AB", 2: "AB", 3: "AB", 4: "A", 5: "", 6: ""}


def may_see(label, facts, *, zone, loopback):
    """The twin: the table's cell, the age of the evidence, the zone of My Number, and nothing foreign beyond."""
    found = the_class(facts)
    abroad = (
        found in {"C", "E"}
        or {facts[n] for n in PLACES if n != "exposed_law"} != {"JP"}
        or facts["exposed_law"]
    )
    return (
        found in ROWS[label]
        and (label == 0 or facts["checked_on"] == FRESH)
        and (label < 4 or zone == "mynumber")
        and (loopback or not abroad)
    )


def check(card, facts, profile, **where):
    """Compare policy and twin on every label; return how many were compared."""
    before = True
    for label in Label:
        ruling = admit(label, card, profile, NO_TOPICS, TODAY)
        assert ruling.admitted == may_see(label, facts, **where), (label, facts, where)
        assert bool(ruling.reasons) != ruling.admitted
        assert before or not ruling.admitted, "raising the label widened"
        before = ruling.admitted
    return len(Label)


def test_every_combination_of_places(with_facts, profile):
    """All places and laws, beside terms of class A, class B, and terms nobody knows: as the twin says."""
    compared = 0
    for places, terms in itertools.product(product(PLACES), (CLASS_A, CLASS_B, NOBODY_KNOWS)):
        for loopback, zone in ((True, "own"), (False, "mynumber")):
            facts = places | terms
            card = with_facts(facts, zone=zone, loopback=loopback)
            compared += check(card, facts, profile, zone=zone, loopback=loopback)

    assert compared == 512 * 3 * 2 * 7


@pytest.mark.parametrize("trains", TERMS["trains_on_input"], ids=str)
def test_every_combination_of_terms(with_facts, profile, trains):
    """All terms of a backend at home, and of a foreign operator's in Japan: as the twin says."""
    compared = 0
    for terms in product(TERMS | {"trains_on_input": (trains,)}):
        for places, zone in ((AT_HOME, "mynumber"), (PINNED, "own")):
            facts = places | terms
            compared += check(with_facts(facts, zone=zone), facts, profile, zone=zone, loopback=True)

    assert compared == 11_664 * 2 * 7


def test_chance_draws_from_the_full_product(with_facts, profile):
    """Seeded draws over places and terms together: as the twin says."""
    chance = random.Random(20261122)  # noqa: S311  # the same draws every time
    for _ in range(6_000):
        facts = {name: chance.choice(values) for name, values in (PLACES | TERMS).items()}
        where = {"zone": chance.choice(("own", "mynumber", "unknown")), "loopback": chance.random() < 0.5}

        assert check(with_facts(facts, **where), facts, profile, **where)


def admitted_labels(card, profile):
    """The labels that a card admits."""
    return {label for label in Label if admit(label, card, profile, NO_TOPICS, TODAY).admitted}


def test_a_fact_turned_unknown_never_widens(with_facts, profile):
    """Forgetting any single fact, the age of the evidence included, admits no label that was barred before."""
    chance = random.Random(7)  # noqa: S311  # the same draws every time
    axes = PLACES | TERMS
    starts = [AT_HOME | CLASS_A, AT_HOME | CLASS_B, PINNED | CLASS_B]
    starts += [{name: chance.choice(values) for name, values in axes.items()} for _ in range(600)]
    for facts in starts:
        for zone in ("own", "mynumber"):
            known = admitted_labels(with_facts(facts, zone=zone), profile)
            for name in axes:
                lost = {"exposed_law": ("unknown",), "checked_on": STALE}.get(name, "unknown")

                assert admitted_labels(with_facts(facts | {name: lost}, zone=zone), profile) <= known, name
            assert admitted_labels(with_facts(facts, zone="unknown"), profile) <= known


@pytest.mark.parametrize("place", ["provider_country", "parent_country", "host_country"])
@pytest.mark.parametrize("country", ["CN", "unknown"])
def test_prc_and_unknown_operators_see_nothing(with_facts, profile, place, country):
    """An operator, parent or host under the jurisdiction of the PRC, or unknown, sees no label at all."""
    for terms in (CLASS_A, CLASS_B):
        card = with_facts(AT_HOME | terms | {place: country}, zone="mynumber")

        assert admitted_labels(card, profile) == set()


@pytest.mark.parametrize("fact", [*PLACES])
def test_nothing_foreign_sees_more_than_public(with_facts, profile, fact):
    """One foreign fact alone, with the best terms there are, bars everything above public."""
    card = with_facts(AT_HOME | CLASS_A | CLASS_B | {fact: PLACES[fact][1]}, zone="mynumber")

    assert is_foreign(card)
    assert admitted_labels(card, profile) <= {Label.PUBLIC}


def test_a_foreign_backend_beyond_loopback_sees_nothing(with_facts, profile):
    """Until the detectors stand, nothing foreign is admitted beyond this machine, public or not; and says why."""
    for places in product(PLACES):
        card = with_facts(places | CLASS_B, loopback=False)
        for label in Label if is_foreign(card) else ():
            ruling = admit(label, card, profile, NO_TOPICS, TODAY)

            assert not ruling.admitted
            assert "foreign_beyond_loopback" in ruling.reasons


@pytest.mark.parametrize(("age", "admitted"), [(0, True), (89, True), (90, True), (91, False), (-1, False)])
def test_evidence_lasts_ninety_days(with_facts, profile, age, admitted):
    """Evidence of today up to ninety days ago counts; older, or of a day to come, does not."""
    day = (TODAY - datetime.timedelta(days=age)).isoformat()
    ismap = CLASS_B | {"gov_cloud": False, "ismap": Ismap(id="C", checked_on=day)}

    assert (
        admit(1, with_facts(AT_HOME | CLASS_A | {"checked_on": day}), profile, NO_TOPICS, TODAY).admitted
        is admitted
    )
    assert admit(1, with_facts(AT_HOME | ismap), profile, NO_TOPICS, TODAY).admitted is admitted


@pytest.mark.parametrize("label", [-1, 7, 100])
def test_a_step_outside_the_ladder_is_denied(with_facts, profile, label):
    """A label that does not exist admits nobody."""
    ruling = admit(label, with_facts(AT_HOME | CLASS_A), profile, NO_TOPICS, TODAY)

    assert (ruling.admitted, ruling.reasons) == (False, ("label_unknown",))


def test_a_label_that_the_profile_does_not_name_is_denied(with_facts, profile):
    """A table with a line missing denies that line, should one ever get here."""
    short = profile.model_copy(update={"admits": {"public": ("A",)}})

    assert not admit(1, with_facts(AT_HOME | CLASS_A), short, NO_TOPICS, TODAY).admitted


def test_lineage_never_widens(with_facts, profile):
    """Where the weights come from changes neither the class nor what is admitted."""
    for terms in (CLASS_A, CLASS_B):
        cards = [
            with_facts(AT_HOME | terms | {"weights_origin": o}) for o in (("JP",), ("CN",), ("unknown",))
        ]

        assert len({backend_class(card, profile, TODAY) for card in cards}) == 1
        assert len({str(admitted_labels(card, profile)) for card in cards}) == 1


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("localhost", False), ("10.0.0.1", False), ("0.0.0.0", False)],  # noqa: S104  # read, never bound
)
def test_loopback_is_an_address_not_a_name(build, host, loopback):
    """Only an address that is loopback by itself counts; a name may resolve to anything."""
    card = build.card(base_url=f"http://{host}:9/v1", allowed_hosts=(host,))

    assert on_loopback(card) is loopback


TABLE = {
    "name": "p",
    "title": "t",
    "effective_from": "2026-11-22",
    "evidence_days": 90,
    "admits": {label.word: ["A"] for label in Label},
}


def test_a_profile_must_name_every_label():
    """A routing table with a line missing, or one of no label, is refused by the line's name."""
    fewer = {word: row for word, row in TABLE["admits"].items() if word != "secret"}
    for admits, name in ((fewer, "admits.secret"), (TABLE["admits"] | {"open": []}, "admits.open")):
        with pytest.raises(MalformedFileError) as caught:
            parse_profile(TABLE | {"admits": admits}, "x")

        assert caught.value.facts["problems"] == (name,)


@pytest.mark.parametrize(
    "change", [{"evidence_days": 0}, {"evidence_days": 367}, {"surprise": 1}, {"effective_from": "soon"}]
)
def test_a_profile_outside_its_schema_is_refused(change):
    """Evidence without an age limit, unknown keys and other dates are refused."""
    with pytest.raises(MalformedFileError):
        parse_profile(TABLE | change, "x")


def test_the_version_of_a_profile_covers_its_table():
    """Another cell, another version; the same table, the same one."""
    profile = parse_profile(TABLE, "x")
    other = parse_profile(TABLE | {"admits": TABLE["admits"] | {"secret": []}}, "x")

    assert profile.version.startswith("p/2026-11-22/sha256:")
    assert profile.version == parse_profile(dict(reversed(TABLE.items())), "x").version != other.version
