"""The terms of a deliberation: topics, who rests and why, what was measured, and the facts about the cards."""

import asyncio
import datetime

import pytest

from magi.core.acts import BiasMeasured, TopicFinding
from magi.core.card import Ancestor
from magi.core.council import Council
from magi.core.errors import CouncilRefusedError
from magi.core.material import Source
from magi.core.ports import Draft
from magi.core.reliability import Profile, SeatReliability, TopicReliability
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, YesNoConditionalSpace
from magi.core.terms import ArbitrationRules, CardFacts, Gate, Rested, Terms
from magi.service.question import take_question
from magi.service.reliability import Adoption, adopt
from magi.service.run import Request, deliberate
from magi.service.terms import card_facts, make_terms, spelled, untrusted

DAY = datetime.date(2027, 1, 15)
PLAIN = "駅前の花壇に今年の春は何を植えるとよいか"
FRESH = "2027-01-10"


def with_rules(council, rule=None, quorum=None, **rules):
    """The council with an `[arbitration]`, checked as its file would be."""
    fields = {name: getattr(council, name) for name in Council.model_fields}
    fields |= {"rule": rule or council.rule, "quorum": quorum or council.quorum}
    return Council(**(fields | {"arbitration": ArbitrationRules(**rules)}))


@pytest.fixture
def five(rig):
    """Five seats of five makers at home."""
    return lambda: rig(makers="ABCDE")


def terms(run, council=None, text=PLAIN, *, topics=(), subject=None, space=None, options=None, sources=()):
    """The terms of a question put to the council."""
    question = take_question(text, space=space, options=options)
    given = {"topics": topics, "subject": subject, "today": DAY, "sources": sources}
    return asyncio.run(make_terms(run.tools, council or with_rules(run.council), question, **given))


def refused(run, council, subject):
    """Why a council is refused a question on this subject, by the record and by the error alike."""
    question = take_question(PLAIN)
    with pytest.raises(CouncilRefusedError) as caught:
        asyncio.run(deliberate(run.tools, Request(question, council, "public", subject=subject)))
    (refusal,) = run.ledger.entries[run.ledger.only]

    assert (refusal.kind, refusal.data.reason) == ("refused", caught.value.reason)
    return caught.value.reason


def profile(topics=(), seats=5):
    """A profile whose seats are the more reliable the later they stand; on a topic the reverse."""
    shares = tuple(500_000 + 50_000 * place for place in range(seats))
    return Profile(
        seats=tuple(
            SeatReliability(seat=f"s{place + 1}", asked=100, right=50, share_ppm=one, weight=place + 1)
            for place, one in enumerate(shares)
        ),
        options=4,
        labels=100,
        topics=tuple(
            TopicReliability(
                topic=topic,
                asked=50,
                right=(1,) * seats,
                share_ppm=shares[::-1],
                weights=tuple(range(seats, 0, -1)),
                coefficients=(1,) * seats,
            )
            for topic in sorted(topics)
        ),
        coefficients=(1,) * seats,
        n_eff_centi=200,
    )


def put(run, council, fitted, rebuttal="unmeasured"):
    """Put a profile to use."""
    asyncio.run(adopt(run.tools, council, Adoption(fitted, "佐藤", rebuttal=rebuttal)))


def find(run, card, digest=None, **verdicts):
    """Record the battery's word on a card: topic -> verdict."""
    topics = tuple(
        TopicFinding(topic=topic, asked=6, repeated=0, refused=0, one_sided=False, verdict=verdict)
        for topic, verdict in verdicts.items()
    )
    event = BiasMeasured(
        card=card,
        card_digest=digest or run.cards[card].digest,
        battery="ab" * 32,
        origin="live",
        topics=topics,
    )
    asyncio.run(run.ledger.append("config", None, [Draft(event)]))


def test_a_council_without_arbitration_has_no_terms(five):
    """Without `[arbitration]` there are none, whatever is on record, and no record is read."""
    run = five()
    run.ledger.read = None

    assert terms(run, run.council) is None


def test_plain_terms(five):
    """Nothing declared, nothing measured: all seats in council order, nothing bars, the day and every card."""
    run = five()
    held = terms(run)

    assert held == Terms(
        mode="parallel",
        rebuttal=False,
        peer_review=False,
        severity_floor=False,
        withhold=False,
        barred_alone=False,
        needs_domestic=False,
        subject=None,
        order=("s1", "s2", "s3", "s4", "s5"),
        writers=("s1", "s2", "s3", "s4", "s5"),
        cards={f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=None) for n in range(1, 6)},
        as_of="2027-01-15",
    )


def test_the_councils_own_rules_are_taken_over(five):
    """Mode, rebuttal, peer review, floor, withholding and materials stand as the council and the question say."""
    run = five()
    council = with_rules(
        run.council,
        rebuttal=True,
        peer_review=True,
        severity_floor=True,
        withhold=True,
        writer="s4",
    )
    source = Source(
        id="M1",
        title_digest="ab" * 32,
        date="2026-01-01",
        rank="law",
        licence="PDL1.0",
        personal=False,
        label=0,
        stale=False,
        position=False,
    )
    held = terms(run, council, sources=(source,))

    assert (held.mode, held.rebuttal, held.peer_review) == ("parallel", True, True)
    assert terms(run, with_rules(run.council, mode="sequential")).mode == "sequential"
    assert (held.severity_floor, held.withhold, held.sources) == (True, True, (source,))
    assert held.writers == ("s4", "s1", "s2", "s3", "s5")


@pytest.mark.parametrize(
    ("asked", "alone", "domestic"),
    [
        ({}, False, False),
        ({"topics": ("territory",)}, True, False),
        ({"topics": ("own_topic",)}, False, True),
        ({"subject": "own_topic"}, False, True),
        ({"subject": "own-topic", "topics": ("territory", "diplomacy")}, True, True),
        ({"text": "竹島の歴史を教えてください"}, False, True),
    ],
)
def test_listed_topics_bar_and_bind(five, asked, alone, domestic):
    """A detected, declared or named topic that is listed bars a single seat, or needs a domestic concurrence."""
    run = five()
    council = with_rules(run.council, high_stakes=("territory",), concurrence=("own-topic", "takeshima"))
    held = terms(run, council, **asked)

    assert (held.barred_alone, held.needs_domestic) == (alone, domestic)


GATES = (Gate(topic="law", seats=("s1", "s2", "s3")), Gate(topic="own-topic", seats=("s3", "s4", "s5")))


@pytest.mark.parametrize(
    ("asked", "rested"),
    [
        ({}, {}),
        ({"subject": "law"}, {"s4": "law", "s5": "law"}),
        ({"topics": ("own_topic",)}, {"s1": "own-topic", "s2": "own-topic"}),
        ({"topics": ("own_topic",), "subject": "law"}, {}),
        ({"topics": ("territory",), "subject": "law"}, {}),
        ({"text": "尖閣諸島の面積を教えてください", "subject": "law"}, {}),
    ],
)
def test_a_gate_lets_its_seats_speak_alone(five, asked, rested):
    """Seats outside the gates of the question's topics rest on record; on a high-stakes topic everybody speaks."""
    run = five()
    council = with_rules(run.council, gates=GATES, high_stakes=("territory", "senkaku"), writer="s5")
    held = terms(run, council, **asked)

    assert held.rested == tuple(Rested(seat=s, why="gate", topic=t) for s, t in rested.items())
    assert set(held.order) == {"s1", "s2", "s3", "s4", "s5"} - set(rested)
    assert set(held.writers) == set(held.order)


def test_a_gate_that_leaves_too_few_for_the_quorum_refuses(five):
    """Nobody is let speak against a gate: the question is refused where the rest is below the quorum."""
    run = five()
    council = with_rules(run.council, gates=GATES, quorum=4)

    assert refused(run, council, "law") == "quorum_over_seats"


@pytest.mark.parametrize(
    ("asked", "rests"),
    [
        ({}, False),
        ({"subject": "takeshima"}, True),
        ({"topics": ("territory",)}, True),
        ({"text": "竹島はどこにありますか", "topics": ("territory",)}, True),
        ({"text": "尖閣諸島はどこにありますか", "topics": ("territory",)}, False),
        ({"topics": ("history",)}, False),
        ({"topics": ("diplomacy", "security")}, False),
    ],
)
def test_an_untrusted_card_rests(five, asked, rests):
    """A seat untrusted on a topic of the question rests, also where the text leaves open which place it means."""
    run = five()
    find(run, "c2", takeshima="untrusted", senkaku="trusted", history="unmeasured")
    held = terms(run, **asked)

    assert held.rested == ((Rested(seat="s2", why="bias", topic="takeshima"),) if rests else ())


def test_bias_rests_on_high_stakes_topics_too(five):
    """That everybody speaks on high-stakes topics lifts gates, not findings."""
    run = five()
    find(run, "c2", northern_territories="untrusted")
    council = with_rules(run.council, high_stakes=("territory",))

    assert terms(run, council, topics=("territory",)).rested == (
        Rested(seat="s2", why="bias", topic="northern-territories"),
    )


def test_too_few_trusted_seats_refuse(five):
    """Where findings leave two of five seats, the council is refused: it may not deliberate with less than three."""
    run = five()
    for card in ("c1", "c3", "c5"):
        find(run, card, taiwan="untrusted")

    assert refused(run, with_rules(run.council), "taiwan") == "too_few_seats"


def test_only_the_latest_finding_on_the_card_in_force_counts(five):
    """A later finding replaces an earlier one; one on another digest of the card, or on no card here, says nothing."""
    run = five()
    find(run, "c1", taiwan="untrusted")
    find(run, "c1", taiwan="trusted")
    find(run, "c2", taiwan="trusted")
    find(run, "c2", taiwan="untrusted", xinjiang="untrusted")
    find(run, "c3", digest="cd" * 32, taiwan="untrusted")
    records = run.ledger.entries["config"]

    assert untrusted(records, run.cards) == {"c2": ("taiwan", "xinjiang")}
    assert untrusted(records, {}) == {}


def test_a_seat_with_a_trusted_fallback_speaks(rig, build):
    """A seat rests only where none of its cards is trusted."""
    run = rig(makers="ABCDEF")
    find(run, "c1", taiwan="untrusted")
    find(run, "c4", taiwan="untrusted")
    both = with_rules(build.council(("c1", "c4"), "c2", "c3", "c5"))
    one = with_rules(build.council(("c1", "c6"), "c2", "c3", "c4", "c5"))

    assert [each.seat for each in terms(run, both, subject="taiwan").rested] == ["s1"]
    assert [each.seat for each in terms(run, one, subject="taiwan").rested] == ["s4"]


def test_the_most_reliable_is_asked_first(five):
    """With a profile the order is by reliability on the topic, without by council; rested seats are not in it."""
    run = five()
    council = with_rules(run.council, gates=GATES)
    before = terms(run, council).order
    put(run, council, profile(("law",)))

    assert before == ("s1", "s2", "s3", "s4", "s5")
    assert terms(run, council).order == ("s5", "s4", "s3", "s2", "s1")
    assert terms(run, council, subject="law").order == ("s1", "s2", "s3")
    assert terms(run, council, topics=("own_topic",)).order == ("s5", "s4", "s3")


@pytest.mark.parametrize(
    ("asked", "odds"),
    [
        ({}, (1, 2, 3, 4, 5)),
        ({"subject": "unheard"}, (1, 2, 3, 4, 5)),
        ({"subject": "law"}, (5, 4, 3, 2, 1)),
        ({"topics": ("unheard", "own_topic")}, (5, 4, 3, 2, 1)),
        ({"subject": "unheard", "topics": ("law",)}, (5, 4, 3, 2, 1)),
    ],
)
def test_the_topic_of_the_profile(five, asked, odds):
    """Numbers are those of the declared topic, else of the first detected one that the profile knows, else overall."""
    run = five()
    put(run, run.council, profile(("law", "own-topic")))
    held = terms(run, **asked).measured

    assert held.odds == odds
    assert held.profile == profile(("law", "own-topic")).digest()


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        (Rule(name="weighted"), True),
        (Rule(name="chosen"), True),
        (Rule(name="plurality", tie="reliable"), False),
        (Rule(name="schulze", tie="options"), False),
    ],
)
def test_a_rule_that_weighs_needs_a_profile(five, rule, refused):
    """Weights that nobody measured refuse the council; a tie key alone does not, and then the tie stands."""
    run = five()
    council = with_rules(run.council, rule)
    if refused:
        with pytest.raises(CouncilRefusedError, match="unmeasured"):
            terms(run, council)
    else:
        assert terms(run, council).measured is None
    put(run, council, profile())

    assert terms(run, council).measured.labels == 100


@pytest.mark.parametrize(("measured", "second"), [("gain", True), ("unmeasured", True), ("no_gain", False)])
def test_no_second_round_where_it_gains_nothing(five, measured, second):
    """A rebuttal that was measured to gain nothing is off, whatever the council says; it never comes on by itself."""
    run = five()
    put(run, run.council, profile(), rebuttal=measured)

    assert terms(run, with_rules(run.council, rebuttal=True)).rebuttal is second
    assert terms(run).rebuttal is False


def test_contested_answers_are_named(five):
    """The answers of a closed question that amount to a foreign state's claim stand with their topics."""
    run = five()
    yes_no = terms(run, text="尖閣諸島は中国の領土ですか", space=YesNoConditionalSpace())
    choice = terms(
        run,
        text="北方領土はどの国の領土ですか",
        space=ChoiceSpace(options=("ア", "イ")),
        options={"ア": "日本", "イ": "ロシア"},
    )

    assert yes_no.contested == {"yes": ("senkaku",)}
    assert choice.contested == {"イ": ("northern-territories",)}
    assert terms(run, text="竹島の面積を教えてください").contested == {}


def ancestors(*names, suspected=()):
    """A lineage."""
    known = [(name, False) for name in names] + [(name, True) for name in suspected]
    return tuple(Ancestor(name=name, developer="M", country="JP", suspected=doubt) for name, doubt in known)


def test_cards_that_share_an_ancestor_are_one_group(build):
    """Groups go by common ancestors, suspected or not, through others too, in any letter case; unknown is no group."""
    cards = {
        "z": build.card("z", lineage=ancestors("own-z", "Llama-3")),
        "b": build.card("b", lineage=ancestors("own-b", suspected=("GPT-4",))),
        "m": build.card("m", lineage=ancestors("own-m", "llama-3", "gpt-4")),
        "n": build.card("n", lineage=ancestors("own-b")),
        "a": build.card("a", lineage=ancestors("own-a")),
        "q": build.card("q"),
        "unseated": build.card("unseated", lineage=ancestors("own-a")),
    }
    facts = card_facts(build.council(("z", "q"), ("b", "n"), "m", "a"), cards)

    assert {name: each.lineage for name, each in facts.items()} == {
        "a": "a", "b": "b", "m": "b", "n": "b", "q": None, "z": "b",
    }  # fmt: skip


def test_the_facts_of_a_card(build):
    """Bloc is the maker's country, domestic the policy's word, the cut-off the card's, None where nobody states it."""
    cards = {
        "far": build.card("far", developer_country="US", knowledge_cutoff="2024-06-01", **build.ABROAD),
        "own": build.card("own", developer_country="CN"),
    }
    facts = card_facts(build.council("far", "own"), cards)

    assert facts["far"] == CardFacts(bloc="US", domestic=False, lineage=None, cutoff="2024-06-01")
    assert facts["own"] == CardFacts(bloc="CN", domestic=True, lineage=None)


def test_topics_have_one_spelling():
    """Detectors and batteries write underscores, councils hyphens: the terms have hyphens."""
    assert spelled("northern_territories") == spelled("northern-territories") == "northern-territories"


def test_a_finding_stands_until_another_takes_it_back(five):
    """A later run that measured nothing leaves an untrusted card untrusted; one that trusts it does not."""
    run = five()
    find(run, "c1", taiwan="untrusted")
    find(run, "c1", taiwan="unmeasured")

    assert untrusted(run.ledger.entries["config"], run.cards) == {"c1": ("taiwan",)}

    find(run, "c1", taiwan="trusted")

    assert untrusted(run.ledger.entries["config"], run.cards) == {}
