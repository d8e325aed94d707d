"""Two implementations of one document, with terms of arbitration: whatever happens, both compute the same verdict."""

import hashlib
import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magi.core.calibration import Calibration
from magi.core.deliberation import advance, start
from magi.core.early_stop import Decision, find
from magi.core.effects import Decide
from magi.core.measured import share
from magi.core.record import Opened
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace
from magi.core.stopping import Heard
from magi.core.terms import CardFacts, Measured, Terms
from magi.replay.rearbitrate import rearbitrate

OUTCOMES = {
    "unanimous",
    "majority",
    "single_seat",
    "weighted",
    "conditional",
    "tied",
    "no_quorum",
    "withheld",
}
FLAGS = {
    *(
        "attributed",
        "bloc_split",
        "concern",
        "contested_claims",
        "degraded",
        "foreign_claim",
        "material_instructs",
    ),
    *("no_promise", "rebuttal_incomplete", "recording", "rehearsal", "rested", "stale_material", "stopped"),
    *("tie_broken", "uncompared", "unverified_claims"),
}
REASONS = {
    *(
        "no_quorum",
        "tied",
        "withheld",
        "single_seat",
        "single_seat_barred",
        "severity_legality",
        "severity_safety",
    ),
    *("severity_personal_data", "no_domestic_concurrence", "low_confidence", "concern", "bloc_split"),
    *("foreign_claim", "contested_claims", "unverified_claims"),
}
STATUSES = {"accepted", "contested", "rejected", "unverified"}
SEEDS = st.integers(0, 2**40)


def as_read(records):
    """Records as the auditor's verifier has them."""
    return [(record.kind, record.data.model_dump(mode="json")) for record in records]


def both(build, verifier, events):
    """What the program and the auditor's verifier find in a stream of these events."""
    records = build.records(*events)
    return rearbitrate("d/x", records), verifier.recompute("d/x", as_read(records))


def test_both_agree_with_terms(build, verifier, by_chance):
    """Every rule, stage, tie, stop and trouble: the bytes of the verdict are the same, and all of them come up."""
    seen = Counter()

    @settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(SEEDS)
    def agree(seed):
        events = by_chance(seed).told()
        program, found = both(build, verifier, events)
        verdict = events[-1]
        told = verdict.arbitration
        seen.update((verdict.outcome, *verdict.flags, *told.review, *(line.status for line in told.claims)))
        seen.update(event.ask[0] for event in events if event.kind == "answered")
        seen.update(
            ("ranked",) if told.ranking and verdict.answer_class and events[0].space.kind == "open" else ()
        )

        assert all(verifier.READ[kind](data) for kind, data in as_read(build.records(*events)))
        assert found.recomputed == verdict.to_bytes()
        assert found.result == program.result == "same"

    agree()

    assert set(seen) == OUTCOMES | FLAGS | REASONS | STATUSES | set("abrqw") | {"ranked"}


def test_both_agree_on_forged_streams_with_terms(build, verifier, by_chance):
    """A verdict changed, twice, too early, or with more after it: both give the same result, and the same bytes."""
    seen = Counter()

    @settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(SEEDS, st.sampled_from(("changed", "twice", "more", "early", "without")))
    def agree(seed, form):
        chance = by_chance(seed)
        events = chance.told()
        chance.dice.seed(seed)
        state, _ = start(events[0])
        place = chance.dice.choice((len(events) - 1, len(events)))
        forged = {
            "changed": [
                *events[:-1],
                events[-1].model_copy(update={"dissent": ("a9",), "arbitration": None}),
            ],
            "twice": [*events, events[-1]],
            "more": [*events[:place], chance.trouble(state), *events[place:]],
            "early": [*events[:-2], events[-1]],
            "without": [event for event in events[:-1] if chance.often(0.8) or event is events[0]]
            + events[-1:],
        }[form]
        program, found = both(build, verifier, forged)
        seen.update([found.result])

        assert found.result == program.result
        if found.result in ("same", "different"):
            assert (found.recorded, found.recomputed) == (program.recorded, program.recomputed)

    agree()

    assert set(seen) == {"same", "different", "malformed"}


def test_both_agree_through_the_command(logs, audit, by_chance):
    """The same by the auditor's own steps: a ledger's log, exported, read strictly in a process of its own."""
    told = [by_chance(seed).told() for seed in range(300)]
    found = audit(logs.ledger(told))
    words = {
        f"d/{place}": hashlib.sha256(events[-1].to_bytes()).hexdigest() for place, events in enumerate(told)
    }

    assert (found.code, found.report["wrong"]) == (0, [])
    assert {line["stream"]: line["recomputed"] for line in found.report["streams"]} == words
    assert set(found.results.values()) == {"same"}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(("c1", "c2", "c3")), max_size=2), min_size=1, max_size=4), st.data())
def test_completions_are_as_many_as_the_program_walks(verifier, targets, data):
    """The count of completions in the document is that of the walk, whatever is held, fresh or known by name."""
    others, fresh, severities = (data.draw(st.integers(least, 2)) for least in (0, 0, 1))
    options = [f"o{n}" for n in range(others + fresh)]
    ways = {
        f"s{place}": [
            *(Heard(*way) for way in every_way(options, severities, cards)),
            *(Heard(said) for said in ("refusal", "abstention", "failure")),
        ]
        for place, cards in enumerate(targets)
    }
    found = find(lambda _: Decision("tied", None), {}, ways, named=frozenset(options[:others]), limit=10**6)
    cards = [list(dict.fromkeys(mine)) for mine in targets]

    assert verifier.completions(cards, others, fresh, severities) == found.walked


def every_way(options, severities, cards):
    """Every answer that a seat could still give."""
    for option, severity, card in itertools.product(options, ("", "legality")[:severities], cards):
        yield "answer", option, severity, False, card


@pytest.mark.parametrize(
    ("options", "asked"), [(2, 2), (3, 3)], ids=["6**5_is_too_many", "16**3_is_not_but_16**4"]
)
def test_the_bound_of_the_walk_decides_in_both(build, verifier, options, asked):
    """A council whose quorum is out of reach stops as soon as its completions are few enough, in both alike."""
    space, names = ChoiceSpace(options=tuple("ABC"[:options])), [f"s{n}" for n in range(1, 7)]
    facts = {f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=None) for n in range(1, 7)}
    plain = dict.fromkeys(
        ("rebuttal", "peer_review", "severity_floor", "withhold", "barred_alone", "needs_domestic"), False
    )
    terms = Terms(
        mode="sequential", subject=None, order=tuple(names), cards=facts, as_of="2026-11-22", **plain
    )
    changes = {"rule": Rule(name="borda"), "arbitration": terms, "quorum": 6, "space": space}
    events = [Opened(**(dict(build.opened(6)) | changes))]
    state, effects = start(events[0])
    while state.phase != "decided":
        events.append(build.answered(len(events), statement="refusal"))
        state, effects = advance(state, events[-1])
    verdict = next(effect.verdict for effect in effects if isinstance(effect, Decide))
    _, found = both(build, verifier, [*events, verdict])

    assert (len(events) - 1, verdict.outcome, verdict.flags) == (
        asked,
        "no_quorum",
        ("degraded", "stopped")[1:],
    )
    assert found.recomputed == verdict.to_bytes()


def test_a_share_that_few_digits_round_wrongly(build, verifier):
    """1696.500007 basis points are 1697 in both; nine digits would make 1696 of them."""
    held = Measured(
        profile=build.HASH,
        labels=9,
        aggregator="plurality",
        weights=(1, 1, 1),
        ranks=(0, 1, 2),
        odds=(2_378, 5_022, 103),
        n_eff_centi=146,
        rho_ppm=0,
        options=6,
        calibration=Calibration(),
        error_bp=1_000,
        answer_from_bp=None,
    )
    opened = {
        "space": {"kind": "choice"},
        "rule": {"name": "chosen"},
        "seats": [{"seat": f"s{n}"} for n in (1, 2, 3)],
        "arbitration": {"measured": held.model_dump(mode="json")},
    }
    voices = [verifier.Voice(f"s{n}", "answer", answer) for n, answer in enumerate("ABC", start=1)]

    assert share(held, list("ABC"), "A").raw_bp == 1_697
    assert verifier.raw_confidence(opened, voices, "A") == 1_697
