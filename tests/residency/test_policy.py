"""The residency policy against a twin of its own: every label with every combination of facts that matter.

The twin below is written from the routing table (classes A to E, labels 0 to 6, evidence at most 90 days old), as
sets of conditions, not from the code. The facts fall into groups (places and laws, terms, evidence that a file
cannot give); each group is enumerated in full beside representatives of the others, and chance draws from the full
product, under every shipped profile.
"""

import datetime
import itertools
import random

import pytest

from magi.assets import load_assets
from magi.core.card import Ancestor, Backend, Ismap, Proof, Subprocessor
from magi.residency.label import Label
from magi.residency.policy import NO_TOPICS, admit, backend_class, is_foreign, on_loopback
from magi.words import catalogue

TODAY = datetime.date(2026, 11, 22)
FRESH, LIMIT = "2026-11-01", (TODAY - datetime.timedelta(days=90)).isoformat()
STALE, FUTURE = (TODAY - datetime.timedelta(days=91)).isoformat(), "2026-11-23"
US_LAWS = ("US CLOUD Act", "US FISA 702")
COUNTRIES = ("JP", "US", "CN", "unknown")
PLACES = {
    "host_country": COUNTRIES,
    "inference_scope": ("JP", "region", "GLOBAL", "unknown"),
    "provider_country": COUNTRIES,
    "parent_country": COUNTRIES,
    "exposed_law": ((), US_LAWS, US_LAWS[:1]),
    "subprocessors": ((), ("JP",), ("JP", "US"), ("CN",), ("JP", None), "unknown"),
}
TERMS = {
    "trains_on_input": (True, False, "unknown"),
    "retention_days": (0, 30, 31, "unknown"),
    "human_review": (True, False, "unknown"),
    "ismap": ("none", Ismap(id="C", checked_on=FRESH), Ismap(id="C", checked_on=STALE)),
    "gov_cloud": (True, False, "unknown"),
    "closed_network": (True, False, "unknown"),
    "contract": ("own", "negotiated", "terms", "unknown"),
    "weights_sha": ("0" * 64, "none", "unknown"),
    "checked_on": (FRESH, STALE, FUTURE),
}
LOOPBACK, AZURE, OPENAI = "127.0.0.1", "own.openai.azure.com", "jp.api.openai.com"
SIGHTS = {
    "host": (LOOPBACK, AZURE, OPENAI),
    "inference": (None, ("JP", FRESH), ("JP", LIMIT), ("JP", STALE), ("JP", FUTURE), ("GLOBAL", FRESH)),
    "sku": (None, ("Standard", FRESH), ("GlobalStandard", FRESH), ("Standard", STALE)),
    "region": (None, ("JP", FRESH), ("US", FRESH)),
    "recorded": ((), (FRESH, FRESH), (FRESH, None), (None, FRESH), (FRESH, STALE), (FUTURE, FRESH)),
    "zone": ("internet", "lgwan", "mynumber", "own", "unknown"),
}
FACTS = {"inference": "inference_scope", "sku": "deployment_sku", "region": "project_region"}
AT_HOME = {
    "host_country": "JP",
    "inference_scope": "JP",
    "provider_country": "JP",
    "parent_country": "JP",
    "exposed_law": (),
    "subprocessors": (),
}
PINNED = AT_HOME | {"provider_country": "US", "parent_country": "US", "exposed_law": US_LAWS}
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
NOTHING_SEEN = {
    "host": LOOPBACK,
    "inference": None,
    "sku": None,
    "region": None,
    "recorded": (),
    "zone": "own",
}
ALL_SEEN = {
    "host": LOOPBACK,
    "inference": ("JP", FRESH),
    "sku": ("Standard", FRESH),
    "region": ("JP", FRESH),
    "recorded": (FRESH, FRESH),
    "zone": "mynumber",
}
PROFILES = ("domestic-only", "gennai", "local-government")


@pytest.fixture(scope="module")
def profiles():
    """The shipped profiles."""
    return load_assets().profiles


@pytest.fixture(scope="module")
def profile(profiles):
    """The shipped default profile."""
    return profiles["domestic-only"]


@pytest.fixture(scope="module")
def with_facts(build):
    """Make cards quickly: the default card with other facts, at a host."""
    cards = {LOOPBACK: build.card()}
    for host in (AZURE, OPENAI):
        cards[host] = build.card(base_url=f"https://{host}/v1", allowed_hosts=(host,))

    def make(facts):
        facts = NOTHING_SEEN | facts
        card = cards[facts["host"]]
        fields = {name: getattr(card.backend, name) for name in Backend.model_fields}
        fields |= {name: value for name, value in facts.items() if name in fields}
        hands = facts.get("subprocessors", ())
        if isinstance(hands, tuple):
            fields["subprocessors"] = tuple(
                "S" if c is None else Subprocessor(name="S", country=c) for c in hands
            )
        days = zip(("entrustment", "external_environment"), facts["recorded"], strict=False)
        fields["recorded"] = {name: day for name, day in days if day}
        proofs = tuple(
            Proof(fact=fact, value=facts[name][0], day=facts[name][1], how="attestation", by="x")
            for name, fact in FACTS.items()
            if facts[name]
        )
        return card.model_copy(update={"backend": Backend.model_construct(**fields), "proofs": proofs})

    return make


def product(axes):
    """Every combination of named values."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


# The twin.


def hands(facts):
    """Countries of the subprocessors."""
    listed = facts["subprocessors"]
    return {"unknown"} if listed == "unknown" else {country or "unknown" for country in listed}


def seen(facts, name, *values):
    """Whether a proof of a fact with one of these values counts today."""
    return facts[name] is not None and facts[name][0] in values and facts[name][1] in {FRESH, LIMIT}


def proven(facts):
    """Whether inference in Japan was proven as the host demands."""
    more = {
        AZURE: lambda: seen(facts, "sku", "Standard", "Provisioned"),
        OPENAI: lambda: seen(facts, "region", "JP"),
        LOOPBACK: lambda: True,
    }
    return seen(facts, "inference", "JP") and more[facts["host"]]()


def the_class(facts):
    """The backend class as the table's rows say it."""
    operated = {facts["provider_country"], facts["parent_country"], facts["host_country"]}
    if "CN" in operated | hands(facts) or "unknown" in operated | {facts["inference_scope"]}:
        return "E"
    recent = not isinstance(facts["ismap"], str) and facts["ismap"].checked_on == FRESH
    listed = recent or facts["gov_cloud"] is True
    no_training = facts["trains_on_input"] is False
    domestic = operated | hands(facts) | {facts["inference_scope"]} == {"JP"} and facts["exposed_law"] == ()
    stays = facts["host_country"] == facts["inference_scope"] == "JP"
    bound = facts["contract"] in {"own", "negotiated"} and no_training
    if "unknown" in hands(facts):
        return "D"
    if not domestic:
        return "C" if stays and listed and no_training and proven(facts) else "D"
    if bound and facts["closed_network"] is True and len(facts["weights_sha"]) == 64:
        return "A"
    if bound and listed and facts["retention_days"] == 0 and facts["human_review"] is False:
        return "B"
    return "D"


STRICT_ROWS = {0: "ABCD", 1: "AB", 2: "AB", 3: "AB", 4: "A", 5: "", 6: ""}
ROWS = {
    "domestic-only": STRICT_ROWS,
    "local-government": STRICT_ROWS,
    "gennai": STRICT_ROWS | {1: "ABC", 2: "ABC"},
}
LAYERS = {
    0: {"internet", "lgwan", "mynumber", "own"},
    1: {"lgwan", "mynumber", "own"},
    2: {"lgwan", "mynumber", "own"},
    3: {"mynumber", "own"},
    4: {"mynumber"},
}


def wrong(facts):
    """Whether the card contradicts its own endpoint or a proof."""
    american = facts["host"] in {AZURE, OPENAI} and facts["provider_country"] not in {"US", "unknown"}
    return american or (facts["inference"] is not None and facts["inference"][0] != facts["inference_scope"])


def may_see(label, facts, name):
    """The table's cell, and what the profile asks besides: evidence, laws, zone, conditions."""
    found = the_class(facts)
    operated = {facts["provider_country"], facts["parent_country"], facts["host_country"]}
    answered = "US" not in operated or facts["exposed_law"] == US_LAWS
    if "CN" in operated or wrong(facts) or found not in ROWS[name][label]:
        return False
    if label > 0 and not (facts["checked_on"] == FRESH and answered):
        return False
    if label >= 4 and facts["zone"] != "mynumber":
        return False
    if name == "local-government" and facts["zone"] not in LAYERS.get(label, set()):
        return False
    if found == "C" and label >= 1 and facts["retention_days"] not in {0, 30}:
        return False
    return not (found == "C" and label >= 2 and facts["recorded"] != (FRESH, FRESH))


def check(card, facts, profiles, name):
    """Compare policy and twin on every label; return how many were compared."""
    facts = NOTHING_SEEN | facts
    before = True
    for label in Label:
        ruling = admit(label, card, profiles[name], NO_TOPICS, TODAY)
        assert ruling.admitted == may_see(label, facts, name), (label, name, facts, ruling)
        assert bool(ruling.reasons) != ruling.admitted
        assert before or not ruling.admitted, "raising the label widened"
        before = ruling.admitted
    return len(Label)


@pytest.mark.parametrize("host_country", COUNTRIES)
def test_every_combination_of_places(with_facts, profiles, host_country):
    """All places, laws and subprocessors, beside the best terms and evidence there are: as the twin says."""
    compared = 0
    for places in product(PLACES | {"host_country": (host_country,)}):
        for name, rest in (("gennai", CLASS_B | ALL_SEEN), ("domestic-only", CLASS_A | NOTHING_SEEN)):
            facts = places | rest | ({"inference": None} if places["inference_scope"] != "JP" else {})
            compared += check(with_facts(facts), facts, profiles, name)

    assert compared == 4**3 * 3 * 6 * 2 * 7


@pytest.mark.parametrize("trains", TERMS["trains_on_input"], ids=str)
def test_every_combination_of_terms(with_facts, profiles, trains):
    """All terms of a backend at home, and of a foreign operator's in Japan: as the twin says."""
    compared = 0
    for terms in product(TERMS | {"trains_on_input": (trains,)}):
        places, name = (PINNED, "gennai") if terms["closed_network"] is False else (AT_HOME, "domestic-only")
        facts = places | terms | ALL_SEEN
        compared += check(with_facts(facts), facts, profiles, name)

    assert compared == 4 * 3 * 3 * 3 * 3 * 4 * 3 * 3 * 7


@pytest.mark.parametrize("name", PROFILES)
def test_every_combination_of_evidence(with_facts, profiles, name):
    """All proofs, recorded conditions, hosts and zones, beside the best places and terms: as the twin says."""
    compared = 0
    for number, sights in enumerate(product(SIGHTS)):
        places = (PINNED, AT_HOME)[number % 7 == 0]  # mostly the one that proofs decide
        facts = places | CLASS_B | sights
        compared += check(with_facts(facts), facts, profiles, name)

    assert compared == 3 * 6 * 4 * 3 * 6 * 5 * 7


def test_chance_draws_from_the_full_product(with_facts, profiles):
    """Seeded draws over places, terms and evidence together: as the twin says."""
    chance = random.Random(20261122)  # noqa: S311  # the same draws every time
    for _ in range(6_000):
        axes = PLACES | TERMS | SIGHTS
        facts = {name: chance.choice(values) for name, values in axes.items()}

        assert check(with_facts(facts), facts, profiles, chance.choice(PROFILES))


# The bias gate beside it.


def barred(developer, lineage, origins):
    """The twin of the bias gate on a listed topic."""
    makers = {developer} | set(origins) | set(lineage or ("unknown",))
    return bool(makers & {"CN", "HK", "MO", "RU", "KP", "unknown"})


@pytest.mark.parametrize(
    "topics", [(), ("history",), ("diplomacy", "territory"), ("security", "weather"), ("weather",)]
)
def test_every_combination_of_origins(build, profiles, topics):
    """All makers and lineages on all topics: the bias gate as the twin says, the other gate as without topics."""
    countries = ("JP", "US", "CN", "RU", "KP", "unknown")
    base = build.card()
    for developer, lineage, origins in itertools.product(
        countries, (None, ("JP",), ("JP", "US"), ("JP", "CN"), ("US", "unknown")), (("JP",), ("CN", "JP"))
    ):
        ancestors = lineage and tuple(Ancestor(name=f"m-{c}", developer="x", country=c) for c in lineage)
        card = base.model_copy(
            update={
                "lineage": ancestors,
                "model": base.model.model_copy(update={"developer_country": developer}),
                "backend": base.backend.model_copy(update={"weights_origin": origins}),
            }
        )
        listed = set(topics) - {"weather"}
        for label in Label:
            ruling = admit(label, card, profiles["domestic-only"], topics, TODAY)

            assert bool(ruling.bias) == bool(listed and barred(developer, lineage, origins))
            assert {code.split("_")[1] for code in ruling.bias} in (set(), listed)
            assert ruling.residency == admit(label, card, profiles["domestic-only"], (), TODAY).residency
            assert ruling.admitted == (not ruling.residency and not ruling.bias)


# What must never widen.


def admitted_labels(card, profile, topics=NO_TOPICS):
    """The labels that a card admits."""
    return {label for label in Label if admit(label, card, profile, topics, TODAY).admitted}


FORGOTTEN = {
    "exposed_law": ("unknown",),
    "checked_on": STALE,
    "inference": None,
    "sku": None,
    "region": None,
    "recorded": (),
    "ismap": "unknown",
}


def test_a_fact_turned_unknown_never_widens(with_facts, profiles):
    """Forgetting any single fact, the age of the evidence included, admits no label that was barred before.

    Two things are no such forgetting. A proof that contradicts its card is none of the card's facts. A subprocessor
    of the PRC bars public text too, while unknown subprocessors, as most providers have them, bar all but that.
    """
    chance = random.Random(7)  # noqa: S311  # the same draws every time
    axes = PLACES | TERMS | (SIGHTS | {"inference": SIGHTS["inference"][:-1]})
    starts = [AT_HOME | CLASS_A, AT_HOME | CLASS_B, PINNED | CLASS_B]
    starts = [start | sights for start in starts for sights in (NOTHING_SEEN, ALL_SEEN)]
    starts += [{name: chance.choice(values) for name, values in axes.items()} for _ in range(250)]
    for facts, name in itertools.product(starts, PROFILES):
        if facts["inference"] is not None and facts["inference_scope"] != "JP":
            continue
        known = admitted_labels(with_facts(facts), profiles[name])
        left = {"host"} | ({"subprocessors"} if "CN" in facts["subprocessors"] else set())
        for fact in set(axes) - left:
            lost = FORGOTTEN.get(fact, "unknown")

            assert admitted_labels(with_facts(facts | {fact: lost}), profiles[name]) <= known, (fact, facts)


@pytest.mark.parametrize("name", ["inference", "sku", "region"])
def test_a_proof_that_ages_never_widens(with_facts, profiles, name):
    """A proof gone stale, or dated tomorrow, admits no more than the fresh one."""
    for host, places in itertools.product(SIGHTS["host"], (PINNED, AT_HOME)):
        facts = places | CLASS_B | ALL_SEEN | {"host": host}
        for value, profile in itertools.product({"JP", "GLOBAL", "Standard"}, profiles.values()):
            fresh, *aged = (
                admitted_labels(with_facts(facts | {name: (value, day)}), profile)
                for day in (FRESH, STALE, FUTURE)
            )

            assert all(labels <= fresh for labels in aged)


# The PRC.

HOLDS = [
    {place: country}
    for place in ("provider_country", "parent_country", "host_country")
    for country in ("CN", "HK", "MO", "unknown")
]
HOLDS += [
    {"subprocessors": ("JP", "CN")},
    {"subprocessors": ("HK",)},
    {"exposed_law": ("PRC National Intelligence Law",)},
]
HOLDS += [{"exposed_law": ("中華人民共和国 国家情報法",)}]


@pytest.mark.parametrize("hold", HOLDS, ids=str)
def test_prc_and_unknown_operators_see_nothing(with_facts, profiles, hold):
    """Operator, parent, host, subprocessor or law of the PRC, or an unknown operator: class E and no label at all."""
    for terms, start in itertools.product((CLASS_A, CLASS_B), (AT_HOME, PINNED)):
        card = with_facts(start | terms | ALL_SEEN | hold)
        for profile in profiles.values():
            assert backend_class(card, profile, TODAY) == "E"
            assert admitted_labels(card, profile) == set()


def test_a_tokyo_region_of_a_prc_operator_sees_nothing(build, profiles):
    """Alibaba's Tokyo region, host and inference in Japan, every paper in order: class E, nothing admitted."""
    host = "workspace.ap-northeast-1.maas.aliyuncs.com"
    for country, law in (("CN", ("国家情報法", "データセキュリティ法")), ("JP", ())):
        card = build.card(
            base_url=f"https://{host}/compatible-mode/v1",
            allowed_hosts=(host,),
            provider_country=country,
            parent_country=country,
            exposed_law=law,
            gov_cloud=True,
            contract="negotiated",
            zone="mynumber",
            proofs=(Proof(fact="inference_scope", value="JP", day=FRESH, how="attestation", by="x"),),
        )
        for profile in profiles.values():
            assert admitted_labels(card, profile) == set()
        assert country != "CN" or backend_class(card, profiles["gennai"], TODAY) == "E"


# Single facts.


@pytest.mark.parametrize("fact", [*PLACES])
def test_nothing_foreign_sees_more_than_public(with_facts, profile, fact):
    """One foreign fact alone, with the best terms there are, bars everything above public."""
    value = ("US",) if fact == "subprocessors" else PLACES[fact][1]
    card = with_facts(AT_HOME | CLASS_A | CLASS_B | ALL_SEEN | {"inference": None, fact: value})

    assert is_foreign(card)
    assert admitted_labels(card, profile) <= {Label.PUBLIC}


def test_a_foreign_backend_beyond_loopback_sees_public_only(with_facts, profile):
    """With the detectors in place a foreign operator's own host is asked again, about public text and nothing else."""
    for host in (AZURE, OPENAI):
        card = with_facts(PINNED | CLASS_B | ALL_SEEN | {"host": host})

        assert not on_loopback(card)
        assert admitted_labels(card, profile) == {Label.PUBLIC}


@pytest.mark.parametrize(
    ("hands", "code"), [(("US",), "subprocessor_abroad"), ((None,), "subprocessors_unknown")]
)
def test_a_subprocessor_keeps_a_backend_out_of_a_and_b(with_facts, profile, hands, code):
    """A subprocessor abroad, or of unknown country, makes neither class A nor B, and is named as the reason."""
    for terms in (CLASS_A, CLASS_B):
        card = with_facts(AT_HOME | terms | {"subprocessors": hands})

        assert backend_class(card, profile, TODAY) not in {"A", "B"}
        assert code in admit(1, card, profile, NO_TOPICS, TODAY).residency


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        ({"inference": None}, "not_proven_inference_scope"),
        ({"inference": ("JP", STALE)}, "not_proven_inference_scope"),
        ({"host": AZURE, "sku": None}, "not_proven_deployment_sku"),
        ({"host": AZURE, "sku": ("GlobalStandard", FRESH)}, "not_proven_deployment_sku"),
        ({"host": OPENAI, "region": None}, "not_proven_project_region"),
        ({"recorded": (FRESH, None)}, "condition_external_environment"),
        ({"recorded": (STALE, FRESH)}, "condition_entrustment"),
        ({"retention_days": 31}, "condition_retention_30"),
        ({"exposed_law": US_LAWS[:1]}, "law_undeclared"),
        ({"parent_country": "KR"}, "law_unlisted"),
        ({"checked_on": STALE}, "evidence_stale"),
    ],
    ids=str,
)
def test_a_foreign_operator_loses_personal_text_with_one_fact(with_facts, profiles, lost, code):
    """Under gennai everything in order admits personal text; without any one fact it does not, and says which."""
    facts = PINNED | CLASS_B | ALL_SEEN
    whole = admit(2, with_facts(facts), profiles["gennai"], NO_TOPICS, TODAY)
    ruling = admit(2, with_facts(facts | lost), profiles["gennai"], NO_TOPICS, TODAY)

    assert whole.admitted
    assert not ruling.admitted
    assert code in ruling.residency


@pytest.mark.parametrize(("age", "admitted"), [(0, True), (89, True), (90, True), (91, False), (-1, False)])
def test_evidence_lasts_ninety_days(with_facts, profiles, age, admitted):
    """Evidence, ISMAP entry, proof or record of today up to ninety days ago counts; older, or of tomorrow, does not."""
    day = (TODAY - datetime.timedelta(days=age)).isoformat()
    ismap = CLASS_B | {"gov_cloud": False, "ismap": Ismap(id="C", checked_on=day)}
    cases = [
        AT_HOME | CLASS_A | {"checked_on": day},
        AT_HOME | ismap,
        PINNED | CLASS_B | ALL_SEEN | {"inference": ("JP", day)},
        PINNED | CLASS_B | ALL_SEEN | {"recorded": (day, FRESH)},
    ]

    assert [
        admit(2, with_facts(facts), profiles["gennai"], NO_TOPICS, TODAY).admitted for facts in cases
    ] == [admitted] * 4


@pytest.mark.parametrize("label", [-1, 7, 100])
def test_a_step_outside_the_ladder_is_denied(with_facts, profile, label):
    """A label that does not exist admits nobody, and the bias gate still speaks."""
    ruling = admit(label, with_facts(AT_HOME | CLASS_A), profile, NO_TOPICS, TODAY)
    listed = admit(label, with_facts(AT_HOME | CLASS_A), profile, ("history",), TODAY)

    assert (ruling.admitted, ruling.reasons) == (False, ("label_unknown",))
    assert listed.bias == ("bias_history_lineage_unknown",)


def test_lineage_never_widens(with_facts, profile):
    """Where the weights come from changes neither the class nor what residency admits."""
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


def test_every_reason_has_words(with_facts, profiles, build):
    """Whatever code a ruling gives, the catalogue can say it in both languages."""
    chance = random.Random(3)  # noqa: S311  # the same draws every time
    codes = set()
    for _ in range(1_500):
        axes = PLACES | TERMS | SIGHTS
        facts = {name: chance.choice(values) for name, values in axes.items()}
        for label, name in itertools.product((0, 2, 4), PROFILES):
            codes |= set(admit(label, with_facts(facts), profiles[name], (), TODAY).reasons)
    everything = tuple(profiles["gennai"].bans)
    for country in ("CN", "unknown"):
        card = build.card(developer_country=country)
        codes |= set(admit(0, card, profiles["gennai"], everything, TODAY).reasons)
    plain = {code for code in codes if not code.startswith("class_")}

    assert len(plain) > 25
    assert sorted(code for code in plain if f"why.{code}" not in catalogue()) == []


def test_the_shipped_cards_see_what_they_should(profiles, build):
    """The card abroad sees public text only; open weights at home see more, those of the PRC not on listed topics."""
    cards = load_assets().cards
    gpt, qwen, gemma = (cards[name] for name in ("openai-gpt-jp", "qwen2.5-coder-1.5b", "gemma3-270m"))
    strict = profiles["domestic-only"]

    assert backend_class(gpt, strict, build.DAY) == "D"
    assert {label for label in Label if admit(label, gpt, strict, (), build.DAY).admitted} == {Label.PUBLIC}
    assert admit(1, qwen, strict, (), build.DAY).admitted
    assert admit(1, qwen, strict, ("territory",), build.DAY).residency == ()
    assert set(admit(1, qwen, strict, ("territory",), build.DAY).bias) == {
        "bias_territory_developer",
        "bias_territory_lineage",
    }
    assert admit(1, gemma, strict, ("territory",), build.DAY).admitted
    assert all(card.lineage is not None for card in cards.values())
