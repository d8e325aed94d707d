"""Arbitration as a table: what a count becomes under each term, which flags it carries, and why somebody must look.

A seat is written as its ballot, with `!legality` for a concern that names a basis, `?legality` for one without, `*`
where its words repeat a foreign state's claim, and `@` before another card than its own. Words of silence stand for
themselves.
"""

import importlib.util
import itertools
import re
import sys
from pathlib import Path

import pytest

from magi.core.arbitration import NO_FACTS, Voice, rule_on
from magi.core.counting import counted
from magi.core.material import Source
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, NumberSpace, YesNoConditionalSpace
from magi.core.terms import CardFacts

_SPEC = importlib.util.spec_from_file_location("deliberations", Path(__file__).with_name("deliberations.py"))
at_work = sys.modules.setdefault(_SPEC.name, importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(at_work)  # by its path: test folders are no packages

UNSAID = {"not_admitted", "outstanding", "cancelled", "not_asked", "rested"}
SEAT = re.compile(r"(?P<ballot>[^!?*@]+)(?P<how>[!?])?(?P<severity>\w+)?(?P<repeats>\*)?(?:@(?P<card>\w+))?")
YES_NO = YesNoConditionalSpace()
FLOOR = {"severity_floor": True}
NEEDS = {"needs_domestic": True}
JP_US = {"blocs": ("JP", "US", "US")}
TWO_TWO = {"blocs": ("JP", "JP", "CN", "CN")}


def lines(*groups):
    """Facts of cards c1, c2, ... of these lineages, all of one country."""
    return {
        f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=group) for n, group in enumerate(groups, start=1)
    }


def voice(number, spelled):
    """A voice from its spelling."""
    said = SEAT.fullmatch(spelled).groupdict()
    ballot = said["ballot"]
    if ballot in UNSAID:
        return Voice(f"s{number}", ballot)
    silent = ballot in at_work.SILENT
    return Voice(
        seat=f"s{number}",
        said=ballot if silent else "answer",
        ballot=None if silent else ballot,
        card=said["card"] or f"c{number}",
        severity=said["severity"],
        based=said["how"] == "!",
        repeats=bool(said["repeats"]),
    )


def ruled(
    said, *, rule="plurality", tie="none", share=None, quorum=2, space=at_work.ABC, numbers=None, **held
):
    """The ruling on a council that said this; `held` are its terms, `numbers` what was measured."""
    if numbers is not None:
        held["measured"] = at_work.measured(len(said), **numbers)
    intent = at_work.opened(
        len(said),
        held=at_work.terms(len(said), **held),
        rule=Rule(name=rule, tie=tie, share=share),
        quorum=quorum,
        space=space,
    )
    voices = [voice(number, each) for number, each in enumerate(said, start=1)]
    ballots = {each.seat: each.ballot for each in voices if each.ballot is not None}
    order = [each.seat for each in voices]
    found = counted(intent.rule, quorum, order, ballots, space=space, measured=intent.arbitration.measured)
    return rule_on(intent, intent.arbitration, voices, found)


def table(*rows):
    """Cases with their names: (name, said, terms, outcome, winner, flags, review)."""
    return pytest.mark.parametrize(
        ("said", "held", "expected"),
        [pytest.param(said.split(), held, tuple(rest), id=name) for name, said, held, *rest in rows],
    )


def come_to(found):
    """A ruling as the table writes it."""
    return found.outcome, found.winner, " ".join(found.flags), " ".join(found.review)


COUNTED = table(
    ("unanimous", "A A A", {}, "unanimous", "A", "", ""),
    ("majority", "A A B", {}, "majority", "A", "", ""),
    ("tied", "A B C", {}, "tied", None, "", "tied"),
    ("tied-two-two", "A A B B", {}, "tied", None, "", "tied"),
    ("below", "A A B C", {"rule": "majority"}, "withheld", None, "", "withheld"),
    (
        "below-share",
        "A A A B B",
        {"rule": "supermajority", "share": (2, 3)},
        "withheld",
        None,
        "",
        "withheld",
    ),
    ("share", "A A B", {"rule": "supermajority", "share": (2, 3)}, "majority", "A", "", ""),
    ("not-all", "A A B", {"rule": "unanimity"}, "withheld", None, "", "withheld"),
    ("no-quorum", "A failure failure", {}, "no_quorum", None, "degraded", "no_quorum"),
    ("nobody", "failure failure failure", {}, "no_quorum", None, "degraded", "no_quorum"),
    ("all-abstain", "abstention abstention abstention", {}, "no_quorum", None, "", "no_quorum"),
    ("all-refuse", "refusal refusal refusal", {}, "no_quorum", None, "", "no_quorum"),
    ("all-evade", "evasion evasion evasion", {}, "no_quorum", None, "", "no_quorum"),
    ("failure-no-vote", "A A failure", {}, "majority", "A", "degraded", ""),
    ("failure-no-quorum", "A A failure", {"quorum": 3}, "no_quorum", None, "degraded", "no_quorum"),
    ("refusal-is-said", "A A refusal", {}, "majority", "A", "", ""),
    ("evasion-is-said", "A A evasion", {}, "majority", "A", "", ""),
    ("abstention-is-said", "A A abstention", {}, "majority", "A", "", ""),
    ("evasion-no-vote", "A B evasion", {}, "tied", None, "", "tied"),
    ("late", "A A outstanding", {}, "majority", "A", "degraded", ""),
    ("given-up", "A A cancelled", {}, "majority", "A", "degraded", ""),
    ("kept-out", "A A not_admitted", {}, "majority", "A", "degraded", ""),
    ("saved", "A A not_asked", {}, "majority", "A", "", ""),
    ("rested", "A A rested", {}, "majority", "A", "rested", ""),
    ("rested-one-dissents", "A B rested", {}, "tied", None, "rested", "tied"),
    ("conditional", "conditional conditional no", {"space": YES_NO}, "conditional", "conditional", "", ""),
    ("all-conditional", "conditional conditional", {"space": YES_NO}, "conditional", "conditional", "", ""),
    ("number", "10 10 20", {"space": NumberSpace()}, "majority", "10", "", ""),
    ("ranked-whole", "A>B A>C A", {"rule": "schulze"}, "unanimous", "A", "", ""),
    ("ranked-beside", "A=B A A", {"rule": "schulze"}, "majority", "A", "", ""),
    ("ranked-below", "A>B B>A A>C", {"rule": "borda"}, "majority", "A", "", ""),
    ("ranked-cycle", "A>B>C B>C>A C>A>B", {"rule": "copeland"}, "tied", None, "", "tied"),
    ("approved-whole", "A A A", {"rule": "approval"}, "unanimous", "A", "", ""),
    ("approved-beside", "A+B A A", {"rule": "approval"}, "majority", "A", "", ""),
    ("approved-none", "- - -", {"rule": "approval"}, "withheld", None, "", "withheld"),
    ("ranked-no-options", "A>Z A>Z A>Z", {"rule": "schulze"}, "no_quorum", None, "", "no_quorum"),
)


@COUNTED
def test_what_is_counted(said, held, expected):
    """The count keeps its outcome where nothing blocks; failures and silence are no votes, rest is no agreement."""
    found = ruled(said, **held)

    assert come_to(found) == expected
    assert found.blocked_by == ()


BLOCKED = table(
    # Severity floor.
    ("grave", "A A B!legality", FLOOR, "withheld", None, "concern", "severity_legality"),
    ("safety", "A A B!safety", FLOOR, "withheld", None, "concern", "severity_safety"),
    ("personal", "A A B!personal_data", FLOOR, "withheld", None, "concern", "severity_personal_data"),
    ("two-grounds", "A A A B!safety C!legality", FLOOR, "withheld", None, "concern",
     "severity_legality severity_safety"),
    ("against-many", "A A A A A A B!legality", FLOOR, "withheld", None, "concern", "severity_legality"),
    ("without-basis", "A A B?legality", FLOOR, "majority", "A", "concern", "concern"),
    ("no-floor", "A A B!legality", {}, "majority", "A", "concern", "concern"),
    ("own-side", "A!legality A B", FLOOR, "majority", "A", "concern", "concern"),
    ("both-sides", "A!safety A B!legality", FLOOR, "withheld", None, "concern", "severity_legality"),
    ("one-of-two-based", "A A A B?safety C!legality", FLOOR, "withheld", None, "concern", "severity_legality"),
    ("abstainer", "A A abstention!legality", FLOOR, "majority", "A", "", ""),
    ("failed", "A A failure!legality", FLOOR, "majority", "A", "degraded", ""),
    ("evader", "A A evasion!legality", FLOOR, "majority", "A", "", ""),
    ("all-concerned", "A!legality A!legality A!legality", FLOOR, "unanimous", "A", "concern", "concern"),
    ("tie-stays-a-tie", "A A B!legality B", FLOOR, "tied", None, "concern", "tied concern"),
    ("no-quorum-stays", "A!legality failure failure", FLOOR, "no_quorum", None, "concern degraded",
     "no_quorum concern"),
    ("conditional-blocked", "conditional conditional no!safety", FLOOR | {"space": YES_NO}, "withheld", None,
     "concern", "severity_safety"),
    ("ranked-dissent", "A>B A>B B>A!legality", FLOOR | {"rule": "schulze"}, "withheld", None, "concern",
     "severity_legality"),
    # Domestic concurrence.
    ("foreign-only", "B A A", NEEDS | JP_US, "withheld", None, "bloc_split", "no_domestic_concurrence bloc_split"),
    ("with-domestic", "A A B", NEEDS | JP_US, "majority", "A", "", ""),
    ("domestic-silent", "abstention A A", NEEDS | JP_US, "withheld", None, "", "no_domestic_concurrence"),
    ("domestic-failed", "failure A A", NEEDS | JP_US, "withheld", None, "degraded", "no_domestic_concurrence"),
    ("fallback-abroad", "A@d1 A B", NEEDS | {"blocs": ("JP", "US", "JP"), "fallbacks": ("US",)}, "withheld", None,
     "bloc_split", "no_domestic_concurrence bloc_split"),
    ("fallback-at-home", "A@d1 A B", NEEDS | {"blocs": ("US", "US", "JP"), "fallbacks": ("JP",)}, "majority", "A",
     "", ""),
    ("unknown-card", "A@x A@y B", NEEDS, "withheld", None, "", "no_domestic_concurrence"),
    ("not-needed", "B A A", JP_US, "majority", "A", "bloc_split", "bloc_split"),
    ("undecided-needs-none", "A B C", NEEDS | {"blocs": ("US", "US", "US")}, "tied", None, "", "tied"),
    # One seat alone.
    ("alone", "A B C", {"tie": "reliable", "numbers": {"ranks": (1, 0, 2)}}, "single_seat", "B", "tie_broken",
     "single_seat"),
    ("alone-by-options", "C B", {"tie": "options"}, "single_seat", "B", "tie_broken", "single_seat"),
    ("alone-barred", "A B C", {"tie": "reliable", "numbers": {}, "barred_alone": True}, "withheld", None,
     "tie_broken", "single_seat_barred"),
    ("barred-not-alone", "A A B", {"barred_alone": True}, "majority", "A", "", ""),
    ("alone-by-weight", "A B B", {"rule": "weighted", "numbers": {"odds": (900, 300, 300)}}, "single_seat", "A", "",
     "single_seat"),
    ("alone-by-choice", "B A A", {"rule": "chosen", "numbers": {"aggregator": "best_seat"}}, "single_seat", "B", "",
     "single_seat"),
    ("alone-unopposed", "A failure failure", {"quorum": 1}, "majority", "A", "degraded", ""),
    ("alone-ranked", "A>B>C B>C>A C>A>B", {"rule": "borda", "tie": "order"}, "single_seat", "A", "tie_broken",
     "single_seat"),
    ("alone-and-conditional", "conditional no yes",
     {"space": YES_NO, "tie": "reliable", "numbers": {"options": 3}}, "single_seat", "conditional", "tie_broken",
     "single_seat"),
    ("order-needs-two", "A B C", {"tie": "order"}, "tied", None, "", "tied"),
    # Confidence.
    ("surer-than-promised", "A A B", {"withhold": True, "numbers": {"answer_from_bp": 5_000}}, "majority", "A", "",
     ""),
    ("below-the-promise", "A A B", {"withhold": True, "numbers": {"answer_from_bp": 9_999}}, "withheld", None, "",
     "low_confidence"),
    ("at-the-promise", "A A B", {"withhold": True, "numbers": {"answer_from_bp": 6_372}}, "majority", "A", "", ""),
    ("just-below-it", "A A B", {"withhold": True, "numbers": {"answer_from_bp": 6_373}}, "withheld", None, "",
     "low_confidence"),
    ("not-asked-to", "A A B", {"numbers": {"answer_from_bp": 9_999}}, "majority", "A", "", ""),
    ("no-promise", "A A B", {"withhold": True, "numbers": {"answer_from_bp": None}}, "majority", "A", "no_promise",
     ""),
    ("unmeasured", "A A B", {"withhold": True}, "majority", "A", "", ""),
    ("ranked-has-none", "A A B", {"withhold": True, "rule": "schulze", "numbers": {"answer_from_bp": 9_999}},
     "majority", "A", "", ""),
    ("tie-is-not-unsure", "A A B B", {"withhold": True, "numbers": {"answer_from_bp": 9_999}}, "tied", None, "",
     "tied"),
    # Precedence: whatever blocks is named, all of it, in one order.
    ("everything-at-once", "B!legality A A",
     FLOOR | NEEDS | JP_US | {"withhold": True, "numbers": {"answer_from_bp": 9_999}}, "withheld", None,
     "bloc_split concern",
     "severity_legality no_domestic_concurrence low_confidence bloc_split"),
    ("barred-and-grave", "A B!safety C",
     FLOOR | {"tie": "reliable", "numbers": {}, "barred_alone": True}, "withheld", None, "concern tie_broken",
     "single_seat_barred severity_safety"),
    ("threshold-first", "A A B!legality C", FLOOR | {"rule": "majority"}, "withheld", None, "concern",
     "withheld concern"),
    ("barred-hides-nothing", "B@c1 A@c2 A@c3", NEEDS | JP_US | {"barred_alone": True}, "withheld", None,
     "bloc_split", "no_domestic_concurrence bloc_split"),
)  # fmt: skip


@BLOCKED
def test_what_blocks(said, held, expected):
    """Each term blocks what it names and nothing else; all that blocks is said, in one order."""
    assert come_to(ruled(said, **held)) == expected


SEEN = table(
    ("bloc-against-bloc", "A A B B", TWO_TWO | {"tie": "options"}, "majority", "A", "bloc_split tie_broken",
     "bloc_split"),
    ("bloc-divided", "A B B B", TWO_TWO, "majority", "B", "", ""),
    ("one-voice-a-bloc", "A B C", {"blocs": ("JP", "US", "CN")}, "tied", None, "", "tied"),
    ("all-the-same", "A A A A", TWO_TWO, "unanimous", "A", "", ""),
    ("one-bloc-only", "A A B", {"blocs": ("JP", "JP", "JP")}, "majority", "A", "", ""),
    ("three-blocs", "A A B B C", {"blocs": ("JP", "JP", "CN", "CN", "US")}, "tied", None, "bloc_split",
     "tied bloc_split"),
    ("two-blocs-agree", "A A B A", {"blocs": ("JP", "JP", "CN", "US")}, "majority", "A", "bloc_split", "bloc_split"),
    ("silent-breaks-nothing", "A A abstention B", TWO_TWO, "majority", "A", "bloc_split", "bloc_split"),
    ("fallback-changes-sides", "A@d1 A B", {"blocs": ("JP", "CN", "JP"), "fallbacks": ("CN",)}, "majority", "A",
     "bloc_split", "bloc_split"),
    ("ranked-ballots-divide", "A>B A>C B>A B>C", TWO_TWO | {"rule": "borda"}, "tied", None, "", "tied"),
    ("lineages-divide", "A A B B", {"cards": lines("l1", "l1", "l2", "l2")}, "tied", None, "bloc_split",
     "tied bloc_split"),
    ("lineage-divided", "A B B B", {"cards": lines("l1", "l1", "l2", "l2")}, "majority", "B", "", ""),
    ("unknown-makes-none", "A A B B", {"cards": lines("l1", "l1", None, None)}, "tied", None, "", "tied"),
    ("unknown-breaks-none", "A A B B A", {"cards": lines("l1", "l1", "l2", "l2", None)}, "majority", "A",
     "bloc_split", "bloc_split"),
    ("all-unknown", "A A B B", {"cards": lines(None, None, None, None)}, "tied", None, "", "tied"),
    ("unknown-country-makes-none", "A A B@x B@y", {}, "tied", None, "", "tied"),
    ("unknown-country-breaks-none", "A A B B A@x B@y", {"blocs": ("JP", "JP", "CN", "CN", "JP", "JP")}, "tied", None,
     "bloc_split", "tied bloc_split"),
    # A foreign state's claim.
    ("contested-answer", "A A B", {"contested": {"A": ("taiwan",)}}, "majority", "A", "foreign_claim",
     "foreign_claim"),
    ("contested-loses", "A B B", {"contested": {"A": ("taiwan",)}}, "majority", "B", "", ""),
    ("contested-unanimous", "A A A", {"contested": {"A": ("senkaku",)}}, "unanimous", "A", "foreign_claim",
     "foreign_claim"),
    ("contested-tied", "A B C", {"contested": {"A": ("taiwan",)}}, "tied", None, "", "tied"),
    ("repeated-by-the-winner", "A* A B", {}, "majority", "A", "foreign_claim", "foreign_claim"),
    ("repeated-by-the-dissent", "A A B*", {}, "majority", "A", "", ""),
    ("repeated-by-the-silent", "A A refusal*", {}, "majority", "A", "", ""),
    ("contested-and-blocked", "A A B!legality", FLOOR | {"contested": {"A": ("taiwan",)}}, "withheld", None,
     "concern foreign_claim", "severity_legality foreign_claim"),
    ("contested-conditional", "conditional conditional no",
     {"space": YES_NO, "contested": {"conditional": ("taiwan",)}}, "conditional", "conditional", "foreign_claim",
     "foreign_claim"),
)  # fmt: skip


@SEEN
def test_what_must_be_seen(said, held, expected):
    """Blocs, lineages and foreign claims change nothing and are never silent."""
    assert come_to(ruled(said, **held)) == expected


def test_the_blocking_seats_are_named():
    """Those that block are the dissenters with a basis, in council order, and nobody else."""
    said = ["B!safety", "A!legality", "A", "C!legality", "C?safety", "A", "A"]

    assert ruled(said, **FLOOR).blocked_by == ("s1", "s4")


def test_materials_raise_their_flags():
    """A stale material and one that holds instructions are flagged and change nothing."""
    source = {
        "id": "M1", "title_digest": at_work.HASH, "date": None, "rank": "law", "licence": "x",
        "personal": False, "label": 0, "stale": True, "position": False, "instructs": True,
    }  # fmt: skip
    found = ruled(["A", "A", "A"], sources=(Source(**source),))

    assert found.flags == ("stale_material", "material_instructs")
    assert (found.outcome, found.review) == ("unanimous", ())


def test_a_card_without_facts_counts_as_abroad():
    """Of a card that the terms do not know, nothing good is assumed."""
    assert (NO_FACTS.domestic, NO_FACTS.lineage, NO_FACTS.bloc) == (False, None, "unknown")


@pytest.mark.parametrize("rested", [(3,), (1,), (1, 3)])
def test_a_council_with_a_seat_at_rest_is_never_unanimous(rested):
    """Whoever rests has not agreed: all others agreeing is a majority."""
    said = ["rested" if n in rested else "A" for n in range(1, 5)]

    assert ruled(said).outcome == "majority"


RULINGS = [
    (rule, tie)
    for rule, ties in {
        "plurality": ("none", "order", "options", "reliable"),
        "majority": ("none", "order"),
        "unanimity": ("none",),
        "weighted": ("none",),
        "chosen": ("none",),
        "approval": ("none", "options", "order", "reliable"),
        "schulze": ("none", "options", "order", "reliable"),
        "borda": ("none", "options", "order", "reliable"),
    }.items()
    for tie in ties
]


@pytest.mark.parametrize(("rule", "tie"), RULINGS)
def test_no_agent_creates_a_decision_alone(rule, tie):
    """With a quorum of two of three, what one agent says against two makes a single seat's outcome at most.

    Whatever the arbitrary seat says, where its answer wins and no other seat holds it, the outcome is single_seat,
    and it is withheld where that is barred. With the others silent there is no quorum.
    """
    space = ChoiceSpace(options=("A", "B", "C"))
    for place, (one, other), own in itertools.product(
        range(3), itertools.product(("A", "B", "failure", "abstention"), repeat=2), "ABC"
    ):
        said = [one, other]
        said.insert(place, own)
        for barred in (False, True):
            found = ruled(said, rule=rule, tie=tie, space=space, numbers={}, barred_alone=barred)
            supported = said.count(own) > 1
            if sum(each in "ABC" for each in said) < 2:
                assert found.outcome == "no_quorum"
            if found.winner == own and not supported:
                assert found.outcome == "single_seat"
                assert not barred
                assert "single_seat" in found.review


def test_the_order_of_reasons_is_fixed():
    """Flags and reasons stand in the same order, whoever raised them."""
    held = FLOOR | NEEDS | {"blocs": ("US", "US", "US", "CN", "CN"), "contested": {"A": ("taiwan",)}}
    one = ruled(["A", "A", "A", "B!safety", "B!legality"], **held)
    two = ruled(["A", "A", "A", "B!legality", "B!safety"], **held)

    assert one.flags == two.flags == ("bloc_split", "concern", "foreign_claim")
    assert one.review == two.review == (
        "severity_legality", "severity_safety", "no_domestic_concurrence", "bloc_split", "foreign_claim",
    )  # fmt: skip
