"""Records: every kind survives its bytes, and nothing outside the schema is read."""

import json
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from magi.core.acts import (
    AccessApproved,
    AccessDenied,
    Accessed,
    AccessRequested,
    Adopted,
    BiasMeasured,
    Erased,
    Held,
    HoldReleased,
    KeyRotated,
    Level,
    ProfileFitted,
    Replayed,
    TopicFinding,
)
from magi.core.calibration import Calibration, Step
from magi.core.card import lists_to_tuples
from magi.core.decided import (
    Arbitrated,
    ClaimLine,
    Decided,
    Independence,
    Move,
    Outcome,
    Said,
    SeatReport,
    Status,
    Support,
    TallyLine,
)
from magi.core.deliberation import feed
from magi.core.errors import MalformedFileError
from magi.core.material import RANKS, Source
from magi.core.record import (
    KINDS,
    Abandoned,
    Admission,
    Alarm,
    Answered,
    AttemptFailed,
    Cancelled,
    Checked,
    Classified,
    Configured,
    DeadlinePassed,
    Hit,
    LabelLowered,
    LabelRaised,
    Manifest,
    Opened,
    Record,
    Ref,
    Refused,
    SeatPlan,
    Ticketed,
    parse_record,
)
from magi.core.reliability import CAP, AggregatorName
from magi.core.rules.count import Rule
from magi.core.said import Claim, Reviewed, Tokens, Written
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.core.terms import CardFacts, Measured, Rested, Terms

CODE = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAT = st.integers(0, 2**53 - 1)
INT = st.integers(-(2**53) + 1, 2**53 - 1)
LABEL = st.integers(0, 6)
SENT = st.sampled_from(("no", "maybe", "yes"))
SAID = st.sampled_from(get_args(Said))
BASIS = st.sampled_from(("cited", "stated", "none"))
SUPPORT = st.sampled_from(get_args(Support))
BOOL = st.booleans()
BP = st.integers(0, 10_000)
TOPIC = st.from_regex(r"\A[a-z][a-z0-9-]{0,9}\Z")
DAY = st.dates().map(str)
ORIGIN = st.sampled_from(("live", "scripted", "recorded"))


def some(strategy):
    """A short tuple."""
    return st.lists(strategy, max_size=3).map(tuple)


def maybe(strategy):
    """A value or None."""
    return st.none() | strategy


RULE = st.sampled_from(
    (Rule(name="majority"), Rule(name="plurality", tie="order"), Rule(name="supermajority", share=(2, 3)))
)
ANY_RULE = RULE | st.sampled_from(
    (
        *(Rule(name=name, tie="reliable") for name in ("approval", "borda", "copeland", "kemeny", "minimax")),
        *(Rule(name=name, tie="options") for name in ("ranked_pairs", "schulze", "weighted", "chosen")),
    )
)
SPACE = st.sampled_from(
    (
        ChoiceSpace(options=("ア", "イ")),
        YesNoConditionalSpace(),
        NumberSpace(unit="円"),
        NumberSpace(),
        DateSpace(),
        OpenSpace(),
    )
)
ADMISSIONS = some(
    st.builds(Admission, seat=CODE, card=CODE, admitted=st.booleans(), reasons=some(CODE), bias=some(CODE))
)
HITS = some(
    st.builds(
        Hit, text=CODE, rule=CODE, label=LABEL, view=CODE, start=st.integers(0, 9), end=st.integers(0, 9)
    )
)
SEATS = st.lists(CODE, min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(
        *(
            st.builds(
                SeatPlan,
                seat=st.just(name),
                persona=CODE,
                targets=st.lists(CODE, min_size=1, max_size=3).map(tuple),
            )
            for name in names
        )
    )
)
MANIFEST = st.builds(
    Manifest,
    code=CODE,
    lock=CODE,
    prompts=st.dictionaries(CODE, HEX, max_size=2),
    cards=st.dictionaries(CODE, HEX, max_size=2),
    council=HEX,
    profile=CODE,
    detectors=CODE,
    dictionary=maybe(CODE),
    reliability=maybe(CODE),
)
CALIBRATION = st.sampled_from(
    (
        Calibration(),
        Calibration(method="temperature", outcomes=30, temperature_permille=1_500),
        Calibration(
            method="isotonic", outcomes=300, steps=(Step(raw_bp=1, shown_bp=2), Step(raw_bp=5, shown_bp=2))
        ),
    )
)
SOURCES = some(
    st.builds(
        Source,
        id=st.sampled_from(("M1", "M9", "M64")),
        title_digest=HEX,
        date=maybe(DAY),
        rank=st.sampled_from(RANKS),
        licence=CODE,
        personal=BOOL,
        label=LABEL,
        stale=BOOL,
        position=BOOL,
        instructs=BOOL,
    )
)


def measured(seats):
    """What was measured of so many seats."""
    weights = st.lists(st.integers(0, CAP), min_size=seats, max_size=seats).map(tuple)
    return st.builds(
        Measured,
        profile=HEX,
        labels=NAT,
        aggregator=st.sampled_from(get_args(AggregatorName)),
        weights=weights,
        ranks=weights,
        odds=weights,
        n_eff_centi=st.integers(0, 6_400),
        rho_ppm=INT,
        options=st.integers(2, 99),
        calibration=CALIBRATION,
        error_bp=NAT,
        answer_from_bp=maybe(NAT),
        certain_from_bp=maybe(NAT),
        rebuttal=st.sampled_from(("gain", "no_gain", "unmeasured")),
    )


TERMS = {
    "v": st.just(1),
    "mode": st.sampled_from(("parallel", "sequential")),
    "rebuttal": BOOL,
    "peer_review": BOOL,
    "severity_floor": BOOL,
    "withhold": BOOL,
    "barred_alone": BOOL,
    "needs_domestic": BOOL,
    "subject": maybe(TOPIC),
    "distrusted": st.dictionaries(CODE, TOPIC, max_size=2),
    "cards": st.dictionaries(
        CODE,
        st.builds(CardFacts, bloc=CODE, domestic=BOOL, lineage=maybe(CODE), cutoff=maybe(CODE)),
        max_size=2,
    ),
    "contested": st.dictionaries(CODE, some(TOPIC), max_size=2),
    "sources": SOURCES,
    "as_of": DAY,
}
OF_SEATS = {"order", "rested", "writers", "measured"}
"""Fields of the terms that have to be of the seats of the intent."""


@st.composite
def terms_of(draw, seats):
    """Terms of these seats: each in the order to ask them, or at rest."""
    order = draw(st.permutations(seats))
    awake = draw(st.integers(0, len(seats)))
    rested = tuple(
        draw(st.builds(Rested, seat=st.just(seat), why=st.sampled_from(("gate", "bias")), topic=TOPIC))
        for seat in order[awake:]
    )
    return draw(
        st.builds(
            Terms,
            **TERMS,
            order=st.just(tuple(order[:awake])),
            rested=st.just(rested),
            writers=st.just(tuple(order[:1])),
            measured=maybe(measured(len(seats))),
        )
    )


@st.composite
def openings(draw):
    """Any intent, with terms and without; the rules beyond version 1 go with terms only."""
    fields = {name: draw(strategy) for name, strategy in EVENTS[Opened].items() if name != "arbitration"}
    held = draw(maybe(terms_of([seat.seat for seat in fields["seats"]])))
    if held is not None:
        fields["rule"] = draw(ANY_RULE)
    return Opened(**fields, arbitration=held)


ARBITRATED = {
    "review": some(CODE),
    "blocked_by": some(CODE),
    "ranking": some(some(CODE)),
    "moves": some(st.builds(Move, seat=CODE, before=maybe(CODE), after=maybe(CODE))),
    "independence": st.builds(Independence, seats=NAT, voices_milli=NAT, measured=BOOL),
    "raw_bp": maybe(BP),
    "claims": some(
        st.builds(
            ClaimLine,
            id=CODE,
            status=st.sampled_from(get_args(Status)),
            basis=BASIS,
            support=SUPPORT,
            authors=some(CODE),
            supporters=some(CODE),
            opposers=some(CODE),
        )
    ),
    "coverage": maybe(st.tuples(NAT, NAT)),
    "draft": maybe(CODE),
}
REVIEWED = st.builds(
    Reviewed,
    ranking=some(some(CODE)),
    votes=st.dictionaries(CODE, st.sampled_from(("accept", "reject", "unsure")), max_size=3),
)
WRITTEN = st.builds(Written, sentences=some(some(CODE)), removed=NAT)
FINDINGS = some(
    st.builds(
        TopicFinding,
        topic=CODE,
        asked=NAT,
        repeated=NAT,
        refused=NAT,
        one_sided=BOOL,
        verdict=st.sampled_from(("trusted", "untrusted", "unmeasured")),
    )
)
EVENTS = {
    Opened: {
        "tenant": CODE,
        "space": SPACE,
        "space_source": CODE,
        "council": CODE,
        "seats": SEATS,
        "template": CODE,
        "rule": RULE,
        "quorum": st.integers(1, 9),
        "attempts": st.integers(1, 9),
        "profile": CODE,
        "label": LABEL,
        "declared": st.booleans(),
        "hits": HITS,
        "topics": some(CODE),
        "cleared": some(CODE),
        "lowering": maybe(st.integers(0, 9)),
        "masked": st.integers(0, 9),
        "plan": ADMISSIONS,
        "ancestors": some(HEX),
        "manifest": MANIFEST,
        "deadline_ms": st.integers(1, 10**9),
        "idempotency_hash": maybe(HEX),
        "arbitration": st.none(),  # drawn with the seats that it has to be of, see `openings`
    },
    Ticketed: {
        "ask": CODE,
        "attempt": st.integers(1, 9),
        "card": CODE,
        "backend": CODE,
        "host": CODE,
        "country": CODE,
        "operator_country": CODE,
        "law": some(CODE),
        "foreign": maybe(st.booleans()),
        "label": LABEL,
        "topics": some(CODE),
        "cleared": some(CODE),
        "digest": HEX,
        "derived_from": some(CODE),
        "expires_ms": INT,
    },
    AttemptFailed: {"ask": CODE, "attempt": st.integers(1, 9), "card": CODE, "failure": CODE, "sent": SENT},
    Answered: {
        "ask": CODE,
        "attempt": NAT,
        "seat": CODE,
        "stage": CODE,
        "card": CODE,
        "statement": SAID,
        "ballot": maybe(CODE | st.just("")),
        "failure": maybe(CODE),
        "claims": some(st.builds(Claim, id=CODE, basis=BASIS)),
        "severity": maybe(CODE),
        "repeats": some(CODE),
        "review": maybe(REVIEWED),
        "written": maybe(WRITTEN),
        "label": LABEL,
        "tokens": maybe(st.builds(Tokens, prompt=NAT, completion=NAT)),
        "cost": maybe(INT),
        "origin": ORIGIN,
    },
    Classified: {"classes": st.dictionaries(CODE, CODE, max_size=3), "method": CODE},
    Checked: {
        "findings": st.dictionaries(CODE, SUPPORT, max_size=3),
        "contradicting": some(st.tuples(CODE, CODE)),
        "method": CODE,
    },
    LabelRaised: {"text": CODE, "before": LABEL, "after": LABEL, "hits": HITS, "plan": ADMISSIONS},
    DeadlinePassed: {"name": CODE},
    Cancelled: {"asks": some(CODE), "why": CODE, "by": CODE},
    Decided: {
        "outcome": st.sampled_from(get_args(Outcome)),
        "answer_class": maybe(CODE),
        "attributed": maybe(CODE),
        "tally": some(st.builds(TallyLine, answer_class=CODE, seats=some(CODE))),
        "seats": some(
            st.builds(
                SeatReport,
                seat=CODE,
                ask=maybe(CODE),
                card=maybe(CODE),
                said=SAID
                | st.sampled_from(("not_admitted", "outstanding", "cancelled", "not_asked", "rested")),
                answer_class=maybe(CODE),
                failure=maybe(CODE),
                origin=maybe(ORIGIN),
            )
        ),
        "dissent": some(CODE),
        "confidence_bp": maybe(INT),
        "outstanding": some(CODE),
        "flags": some(CODE),
        "arbitration": maybe(st.builds(Arbitrated, **ARBITRATED)),
    },
    Refused: {
        "by": st.sampled_from(("label", "planner", "egress")),
        "reason": CODE,
        "ask": maybe(CODE),
        "attempt": maybe(INT),
        "card": maybe(CODE),
        "label": LABEL,
        "plan": ADMISSIONS,
        "hits": HITS,
        "rules": some(CODE),
        "text_hash": maybe(HEX),
        "length": maybe(st.integers(0, 9)),
    },
    Alarm: {
        "reason": CODE,
        "ask": CODE,
        "attempt": st.integers(1, 9),
        "card": CODE,
        "stated": maybe(HEX),
        "length": st.integers(0, 9),
    },
    LabelLowered: {
        "text_hash": HEX,
        "before": LABEL,
        "after": LABEL,
        "rules": st.lists(CODE, min_size=1, max_size=3).map(tuple),
        "by": CODE,
    },
    Abandoned: {"asks": some(CODE), "why": CODE},
    Accessed: {"commitment": HEX, "who": CODE, "why": CODE, "request": maybe(NAT)},
    AccessRequested: {"stream": CODE, "label": LABEL, "who": CODE, "why": CODE, "expires_ms": INT},
    AccessApproved: {"request": NAT, "granted": st.booleans(), "by": CODE},
    AccessDenied: {"stream": CODE, "who": CODE, "why": CODE, "reason": CODE},
    Erased: {
        "stream": CODE,
        "commitments": st.lists(HEX, min_size=1, max_size=3).map(tuple),
        "why": CODE,
        "by": CODE,
        "schedule": maybe(CODE),
        "whole": st.booleans(),
    },
    Held: {"name": CODE, "streams": st.lists(CODE, min_size=1, max_size=3).map(tuple), "by": CODE},
    HoldReleased: {"name": CODE, "by": CODE},
    KeyRotated: {"added": some(CODE), "removed": some(CODE), "by": CODE},
    Replayed: {
        "level": st.sampled_from(get_args(Level)),
        "streams": NAT,
        "first": maybe(CODE),
        "last": maybe(CODE),
        "counts": st.dictionaries(CODE, NAT, max_size=3),
        "differing": some(CODE),
        "options": st.dictionaries(CODE, CODE, max_size=3),
        "code": CODE,
        "size": NAT,
        "root": HEX,
        "by": CODE,
    },
    Configured: {"tenant": CODE, "schema_version": INT, "key": CODE},
    Adopted: {
        "stream": CODE,
        "verdict": HEX,
        "decision": st.sampled_from(("adopted", "not_adopted", "sent_back")),
        "by": CODE,
    },
    ProfileFitted: {
        "council": CODE,
        "profile": HEX,
        "labels": NAT,
        "cards": st.dictionaries(CODE, HEX, max_size=3),
        "rebuttal": st.sampled_from(("gain", "no_gain", "unmeasured")),
        "by": CODE,
    },
    BiasMeasured: {"card": CODE, "card_digest": HEX, "battery": HEX, "origin": CODE, "topics": FINDINGS},
}
KIND = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.kind)


def record_of(event, ordinal=0, at_ms=0, refs=()):
    """The record of an event."""
    return Record(
        v=1,
        log="l",
        stream="d/x",
        ordinal=ordinal,
        kind=event.kind,
        at_ms=at_ms,
        actor="magi",
        refs=refs,
        data=event,
    )


def example(build, kind):
    """A plain record of that kind, as its JSON object."""
    event = {
        Answered: build.answered(1, tokens=Tokens(prompt=1, completion=2)),
        Opened: build.opened(),
        DeadlinePassed: build.deadline(),
    }[kind]
    return json.loads(record_of(event).to_bytes())


def test_the_strategies_cover_every_kind_and_field():
    """No kind and no field of the schema is left out of the round trip."""
    fields = {kind.kind: set(parts) for kind, parts in EVENTS.items()}

    assert fields == {name: set(kind.model_fields) for name, kind in KINDS.items()}
    assert set(TERMS) | OF_SEATS == set(Terms.model_fields)
    assert set(ARBITRATED) == set(Arbitrated.model_fields)


@KIND
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_record_survives_its_bytes(kind, data):
    """Any record reads back from its bytes equal, of the same type, and gives the same bytes again."""
    event = data.draw(openings() if kind is Opened else st.builds(kind, **EVENTS[kind]))
    refs = data.draw(some(st.builds(Ref, name=CODE, commitment=HEX, length=NAT)))
    record = record_of(event, data.draw(NAT), data.draw(INT), refs)
    again = parse_record(json.loads(record.to_bytes()))

    assert again == record
    assert type(again.data) is kind
    assert again.to_bytes() == record.to_bytes()


@pytest.mark.parametrize("kind", ["", "Opened", "opened ", "verdict", None, 1, ["opened"]])
def test_an_unknown_kind_is_refused(build, kind):
    """A kind that is not in the schema, or no text at all, is refused."""
    with pytest.raises(MalformedFileError) as caught:
        parse_record(example(build, Opened) | {"kind": kind})

    assert caught.value.facts["problems"] == ("kind: unknown",)


def test_the_kind_decides_how_the_data_is_read(build):
    """Data of another kind than the envelope says is refused."""
    with pytest.raises(MalformedFileError):
        parse_record(example(build, Opened) | {"kind": "answered"})


@pytest.mark.parametrize("place", ["envelope", "data", "tokens"])
def test_an_unknown_field_is_refused(build, place):
    """A field that the schema does not know is refused in the envelope, in the event and below it."""
    value = example(build, Answered)
    {"envelope": value, "data": value["data"], "tokens": value["data"]["tokens"]}[place]["surprise"] = 1

    with pytest.raises(MalformedFileError) as caught:
        parse_record(value)

    assert "surprise" in caught.value.facts["problems"][0]


@pytest.mark.parametrize("field", ["v", "log", "stream", "ordinal", "at_ms", "actor", "refs", "data"])
def test_a_missing_field_is_refused(build, field):
    """Every field of the envelope must be there."""
    value = example(build, Answered)
    del value[field]

    with pytest.raises(MalformedFileError):
        parse_record(value)


@pytest.mark.parametrize("number", [1.0, 1.5, "1", float("nan")])
@pytest.mark.parametrize("field", ["v", "ordinal", "at_ms"])
def test_no_floats_and_no_texts_for_numbers_in_the_envelope(build, field, number):
    """Numbers of the envelope are integers; a float of a whole value is refused too."""
    with pytest.raises(MalformedFileError):
        parse_record(example(build, Answered) | {field: number})


@pytest.mark.parametrize("number", [0.0, 1.5, "1"])
@pytest.mark.parametrize("field", ["attempt", "label", "cost"])
def test_no_floats_and_no_texts_for_numbers_in_an_event(build, field, number):
    """Numbers of an event are integers."""
    value = example(build, Answered)
    value["data"][field] = number

    with pytest.raises(MalformedFileError):
        parse_record(value)


def test_a_refused_record_is_not_quoted(build):
    """The refusal of a record names keys, never what stood there."""
    value = example(build, Answered)
    value["data"] |= {"severity": ["ひみつ"], "ballot": "ひみつ" * 100}

    with pytest.raises(MalformedFileError) as caught:
        parse_record(value)

    assert "ひみつ" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_ref_is_found_by_its_name(build):
    """A record hands out the body reference of a name, and None for a name that it has not."""
    ref = Ref(name="question", commitment="0" * 64, length=3)
    record = record_of(build.opened(), refs=(ref,))

    assert (record.ref("question"), record.ref("reply")) == (ref, None)


def test_records_are_frozen(build):
    """No field of a record or its event can be set."""
    record = record_of(build.opened())

    with pytest.raises(ValidationError, match="frozen"):
        record.ordinal = 1
    with pytest.raises(ValidationError, match="frozen"):
        record.data.label = 0


def verdict_bytes(build, **changes):
    """The verdict of A, A and silence; `changes` go to the intent."""
    events = [build.opened(**changes), build.answered(1), build.answered(2), build.deadline()]
    _, effects = feed(events)
    return effects[-1].verdict.to_bytes()


def test_the_bytes_of_a_verdict_without_arbitration_are_those_of_version_1(build):
    """A council without terms writes the very bytes that it always wrote: no new field, not even an empty one."""
    expected = (
        b'{"answer_class":"A","attributed":null,"confidence_bp":null,"dissent":[],"flags":["degraded"],'
        b'"outcome":"majority","outstanding":["a3"],"seats":['
        b'{"answer_class":"A","ask":"a1","card":"c1","failure":null,"origin":"live","said":"answer","seat":"s1"},'
        b'{"answer_class":"A","ask":"a2","card":"c2","failure":null,"origin":"live","said":"answer","seat":"s2"},'
        b'{"answer_class":null,"ask":"a3","card":null,"failure":null,"origin":null,"said":"outstanding","seat":"s3"}'
        b'],"tally":[{"answer_class":"A","seats":["s1","s2"]}]}'
    )

    assert verdict_bytes(build) == expected


def test_a_verdict_of_version_1_reads_back(build):
    """A recorded verdict without the field is read, and gives its own bytes again."""
    first = verdict_bytes(build)
    again = Decided(**lists_to_tuples(json.loads(first)))

    assert again.arbitration is None
    assert again.to_bytes() == first
    assert b"arbitration" not in record_of(again).to_bytes()


def test_arbitration_is_part_of_the_verdict_bytes(build):
    """With terms the verdict says what came of them, under its own field, and changes bytes."""
    cards = {f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=None) for n in (1, 2, 3)}
    terms = Terms(
        mode="parallel", rebuttal=False, peer_review=False, severity_floor=False, withhold=False,
        barred_alone=False, needs_domestic=False, subject=None, order=("s1", "s2", "s3"), cards=cards,
        as_of="2027-01-15",
    )  # fmt: skip
    told = json.loads(verdict_bytes(build, arbitration=terms))
    plain = json.loads(verdict_bytes(build))
    held = told.pop("arbitration")

    assert told == plain
    assert held == {
        "blocked_by": [], "claims": [], "coverage": None, "draft": None, "moves": [], "ranking": [], "raw_bp": None,
        "review": [], "independence": {"measured": False, "seats": 2, "voices_milli": 1_000},
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"order": ("s1", "s2")},
        {"order": ("s1", "s2", "s3", "s3")},
        {"order": ("s1", "s2", "s4")},
        {"rested": (Rested(seat="s1", why="gate", topic="t"),)},
        {"writers": ("s4",)},
        {"as_of": "2027-1-15"},
        {"as_of": "2027年1月"},
        {"contested": {"A": ("Taiwan!",)}},
        {"mode": "later"},
        {"v": 2},
    ],
)
def test_terms_that_are_not_of_these_seats_are_refused(build, changes):
    """An intent whose terms name other seats, one twice or none, or no day, is no intent."""
    plain = {
        "mode": "parallel", "rebuttal": False, "peer_review": False, "severity_floor": False, "withhold": False,
        "barred_alone": False, "needs_domestic": False, "subject": None, "order": ("s1", "s2", "s3"),
        "cards": {}, "as_of": "2027-01-15",
    }  # fmt: skip
    whole = json.loads(record_of(build.opened(arbitration=Terms(**plain))).to_bytes())
    assert parse_record(whole).data.arbitration == Terms(**plain)

    whole["data"]["arbitration"] |= json.loads(json.dumps(changes, default=lambda each: each.model_dump()))

    with pytest.raises(MalformedFileError):
        parse_record(whole)


@pytest.mark.parametrize(
    "rule", [Rule(name="schulze"), Rule(name="weighted"), Rule(name="plurality", tie="options")]
)
def test_a_rule_beyond_version_1_needs_terms(build, rule):
    """An intent without terms under a rule that only terms can count is refused."""
    with pytest.raises(ValidationError, match="needs terms of arbitration"):
        build.opened(rule=rule)
