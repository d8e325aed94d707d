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
    Erased,
    Held,
    HoldReleased,
    KeyRotated,
    Level,
    Replayed,
)
from magi.core.errors import MalformedFileError
from magi.core.record import (
    KINDS,
    Abandoned,
    Admission,
    Alarm,
    Answered,
    AttemptFailed,
    Cancelled,
    Claim,
    Classified,
    Configured,
    DeadlinePassed,
    Decided,
    Hit,
    LabelLowered,
    LabelRaised,
    Manifest,
    Opened,
    Record,
    Ref,
    Refused,
    SeatPlan,
    SeatReport,
    TallyLine,
    Ticketed,
    Tokens,
    parse_record,
)
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

CODE = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAT = st.integers(0, 2**53 - 1)
INT = st.integers(-(2**53) + 1, 2**53 - 1)
LABEL = st.integers(0, 6)
SENT = st.sampled_from(("no", "maybe", "yes"))
SAID = st.sampled_from(("answer", "refusal", "abstention", "failure"))
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
SEAT = st.builds(SeatPlan, seat=CODE, persona=CODE, targets=st.lists(CODE, min_size=1, max_size=3).map(tuple))
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
EVENTS = {
    Opened: {
        "tenant": CODE,
        "space": SPACE,
        "space_source": CODE,
        "council": CODE,
        "seats": st.lists(SEAT, min_size=1, max_size=3).map(tuple),
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
        "claims": some(st.builds(Claim, id=CODE, basis=st.sampled_from(("stated", "none")))),
        "severity": maybe(CODE),
        "label": LABEL,
        "tokens": maybe(st.builds(Tokens, prompt=NAT, completion=NAT)),
        "cost": maybe(INT),
        "origin": ORIGIN,
    },
    Classified: {"classes": st.dictionaries(CODE, CODE, max_size=3), "method": CODE},
    LabelRaised: {"text": CODE, "before": LABEL, "after": LABEL, "hits": HITS, "plan": ADMISSIONS},
    DeadlinePassed: {"name": CODE},
    Cancelled: {"asks": some(CODE), "why": CODE, "by": CODE},
    Decided: {
        "outcome": st.sampled_from(("unanimous", "majority", "conditional", "tied", "no_quorum", "withheld")),
        "answer_class": maybe(CODE),
        "attributed": maybe(CODE),
        "tally": some(st.builds(TallyLine, answer_class=CODE, seats=some(CODE))),
        "seats": some(
            st.builds(
                SeatReport,
                seat=CODE,
                ask=maybe(CODE),
                card=maybe(CODE),
                said=SAID | st.sampled_from(("not_admitted", "outstanding", "cancelled")),
                answer_class=maybe(CODE),
                failure=maybe(CODE),
                origin=maybe(ORIGIN),
            )
        ),
        "dissent": some(CODE),
        "confidence_bp": maybe(INT),
        "outstanding": some(CODE),
        "flags": some(CODE),
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


@KIND
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_record_survives_its_bytes(kind, data):
    """Any record reads back from its bytes equal, of the same type, and gives the same bytes again."""
    event = data.draw(st.builds(kind, **EVENTS[kind]))
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
