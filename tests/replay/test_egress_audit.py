"""What was sent to whom: from records alone, each ticket once, and sent unless there is proof that it was not."""

import datetime
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.record import Alarm, AttemptFailed, Cancelled, Hit, LabelLowered, Record, Refused, Ticketed
from magi.replay.egress import EgressAudit, Period
from magi.replay.sends import incidents_of, lowerings_of, moment, sends_of

MIDNIGHT_MS = 1_767_193_200_000
"""2026-01-01 00:00:00 in Japan."""
NEW_YEAR = datetime.date(2026, 1, 1)
SENT = ("no", "maybe", "yes")


def ticket(number=1, attempt=1, **changes):
    """Permission for one send to a Japanese host of a Japanese operator, with changes."""
    given_ = {
        "ask": f"a{number}",
        "attempt": attempt,
        "card": f"c{number}",
        "backend": "own",
        "host": "127.0.0.1",
        "country": "JP",
        "operator_country": "JP",
        "label": 0,
        "digest": "cd" * 32,
        "derived_from": ("question",),
        "expires_ms": 1,
    }
    return Ticketed(**(given_ | changes))


def failed(number=1, attempt=1, sent="yes"):
    """An attempt that gave nothing."""
    return AttemptFailed(ask=f"a{number}", attempt=attempt, card=f"c{number}", failure="timed_out", sent=sent)


def refused(**changes):
    """A refusal of the guard."""
    given_ = {
        "by": "egress",
        "reason": "detected",
        "ask": "a2",
        "attempt": 1,
        "card": "c2",
        "label": 0,
        "plan": (),
    }
    return Refused(**(given_ | changes))


def sends(build, *events, **more):
    """The sends of one deliberation on these events."""
    return sends_of("d/x", build.records(build.opened(), *events), **more)


def at(records, at_ms):
    """The same records at one time."""
    return [record.model_copy(update={"at_ms": at_ms}) for record in records]


def config(*events):
    """The stream `config` with lowerings."""
    return [
        Record(
            v=1, log="magi/t", stream="config", ordinal=n, kind=e.kind, at_ms=n, actor="x", refs=(), data=e
        )
        for n, e in enumerate(events, start=1)
    ]


def lowering(by, *rules):
    """A named person's word on these rules."""
    return LabelLowered(text_hash="ef" * 32, before=2, after=0, rules=rules, by=by)


@pytest.mark.parametrize(
    ("changes", "foreign"),
    [
        ({}, False),
        ({"country": "US"}, True),
        ({"country": "unknown"}, True),
        ({"operator_country": "US"}, True),
        ({"operator_country": "unknown"}, True),
        ({"law": ("US CLOUD Act",)}, True),
    ],
)
def test_any_foreign_or_unknown_place_or_law_is_foreign(build, changes, foreign):
    """A send is foreign by host, operator or law of its record, and domestic only where all three say so."""
    (send,) = sends(build, ticket(**changes))

    assert send.foreign is foreign


def test_the_card_of_that_day_can_make_a_send_foreign_and_never_domestic(build):
    """A card known by its digest adds what the ticket does not say; it takes nothing away."""
    opened = build.opened(manifest=build.manifest(cards={"c1": build.HASH}))

    def found(foreign, **changes):
        (send,) = sends_of("d/x", build.records(opened, ticket(**changes)), (), {build.HASH: foreign})
        return send.foreign, send.card_known

    assert found(foreign=True) == (True, True)
    assert found(foreign=False) == (False, True)
    assert found(foreign=False, country="US") == (True, True)


@pytest.mark.parametrize(
    ("after", "fate", "left"),
    [
        ([], "no_outcome", True),
        ([failed(sent="no")], "not_sent", False),
        ([failed(sent="maybe")], "maybe_sent", True),
        ([failed(sent="yes")], "failed", True),
        ([Cancelled(asks=("a1",), why="core", by="core")], "no_outcome", True),
        ([failed(attempt=2, sent="no")], "no_outcome", True),
        ([failed(number=2, sent="no")], "no_outcome", True),
    ],
)
def test_what_has_no_proof_counts_as_sent(build, after, fate, left):
    """Only the very attempt's recorded `no` proves that nothing was sent; silence and another's `no` do not."""
    (send,) = sends(build, ticket(), *after)

    assert (send.fate, send.left) == (fate, left)


@pytest.mark.parametrize(
    ("statement", "fate"),
    [("answer", "answered"), ("refusal", "answered"), ("abstention", "answered"), ("failure", "failed")],
)
def test_what_came_back_was_sent(build, statement, fate):
    """Any statement settles its ticket; one that could not be read was sent all the same."""
    (send,) = sends(build, ticket(), build.answered(1, statement=statement, origin="scripted"))

    assert (send.fate, send.left, send.standin) == (fate, True, True)


def test_a_failed_statement_keeps_the_proof_of_its_attempt(build):
    """The statement that follows a last attempt does not turn a proven `no` into a send."""
    (send,) = sends(build, ticket(), failed(sent="no"), build.answered(1, statement="failure"))

    assert send.fate == "not_sent"


def test_an_answer_outweighs_a_claim_that_nothing_was_sent(build):
    """A record of `no` before an answer of the same attempt does not hide the send."""
    (send,) = sends(build, ticket(), failed(sent="no"), build.answered(1))

    assert (send.fate, send.left) == ("answered", True)


def test_a_proof_before_its_ticket_or_for_two_tickets_proves_one_at_most(build):
    """What was recorded before a ticket says nothing of it; of two under one number one stays sent."""
    before = sends(build, failed(sent="no"), ticket())
    twice = sends(build, ticket(), ticket(), failed(sent="no"))

    assert [send.left for send in before] == [True]
    assert sorted(send.left for send in twice) == [False, True]


def test_tickets_without_an_opening_are_sends_too(build):
    """A stream that lost its intent still shows what was permitted in it."""
    (send,) = sends_of("d/x", build.records(ticket(country="US")))

    assert (send.foreign, send.left, send.seat, send.profile) == (True, True, "a1", "unknown")


def test_the_reasons_are_those_of_the_opening(build):
    """Profile, declaration and hits come with a send, the seat by its name."""
    hit = Hit(text="question", rule="r.b", label=2, view="raw", start=0, end=1)
    manifest = build.manifest(profile="domestic-only/2026-11-22/sha256:" + "0" * 64)
    opened = build.opened(manifest=manifest, declared=True, hits=(hit, hit))
    (send,) = sends_of("d/x", build.records(opened, ticket(2)))

    assert (send.seat, send.profile, send.declared, send.hits) == (
        "s2",
        "domestic-only/2026-11-22",
        True,
        ("r.b",),
    )


def test_who_overruled_is_named_by_rules_and_time(build):
    """A cleared send names the lowerings of just its rules that were on record by then; all of them."""
    words = lowerings_of(
        config(lowering("A", "r.b"), lowering("B", "r.b", "r.c"), lowering("C", "r.b"), lowering("D", "r.b"))
    )
    records = at(build.records(build.opened(cleared=("r.b",)), ticket(cleared=("r.b",))), 3)
    (send,) = sends_of("d/x", records, words)
    (uncleared,) = sends(build, ticket(), lowerings=words)

    assert [(each.number, each.by) for each in send.lowerings] == [(1, "A"), (3, "C")]
    assert uncleared.lowerings == ()


@pytest.mark.parametrize(
    ("at_ms", "inside"),
    [
        (MIDNIGHT_MS - 1, False),
        (MIDNIGHT_MS, True),
        (MIDNIGHT_MS + 86_399_999, True),
        (MIDNIGHT_MS + 86_400_000, False),
    ],
)
def test_a_day_is_a_day_in_japan(build, at_ms, inside):
    """Both days of a period are included from midnight to midnight in Japan, by the time of the ticket."""
    audit = EgressAudit(Period(NEW_YEAR, NEW_YEAR))
    audit.take("d/x", at(build.records(build.opened(), ticket(country="US")), at_ms))

    assert (audit.numbers().foreign, audit.tickets, audit.tickets_in_period) == (int(inside), 1, int(inside))


def test_refusals_and_alarms_are_named_with_seat_and_rules(build):
    """Each refusal and alarm comes out once, under its seat, with the rules by which it was refused."""
    hit = Hit(text="question", rule="r.b", label=2, view="raw", start=0, end=1)
    alarm = Alarm(reason="model_mismatch", ask="a1", attempt=1, card="c1", stated=None, length=0)
    events = (build.opened(), refused(rules=("r.a",), hits=(hit,)), alarm)
    found = incidents_of(build.records(*events))

    assert [(i.kind, i.by, i.seat, i.rules) for i in found] == [
        ("refused", "egress", "s2", ("r.a", "r.b")),
        ("alarm", "gateway", "s1", ()),
    ]


SEND = st.tuples(
    st.sampled_from(["JP", "US", "FR", "unknown"]),
    st.sampled_from(["JP", "US"]),
    st.integers(0, 6),
    st.sampled_from([*SENT, "answered", None]),
    st.integers(-3, 3),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(SEND, max_size=12), st.booleans())
def test_the_numbers_are_those_of_a_count_by_hand(build, drawn, keep):
    """For any sends, the sums by country and label are those counted one by one, whether or not all are kept."""
    audit, by_hand, domestic, proven = EgressAudit(Period(NEW_YEAR, NEW_YEAR), keep_domestic=keep), [], 0, 0
    for number, (host, operator, label, end, day) in enumerate(drawn):
        events = [build.opened(1), ticket(country=host, operator_country=operator, label=label)]
        events += [build.answered(1)] if end == "answered" else [failed(sent=end)] if end else []
        audit.take(f"d/{number}", at(build.records(*events), MIDNIGHT_MS + day * 86_400_000))
        abroad = (host, operator) != ("JP", "JP")
        if day == 0:
            by_hand += [(host, operator)] if abroad and end != "no" else []
            proven += abroad and end == "no"
            domestic += not abroad and end != "no"
    found = audit.numbers()

    assert found.foreign == len(by_hand)
    assert dict(found.by_host_country) == Counter(host for host, _ in by_hand)
    assert dict(found.by_operator_country) == Counter(operator for _, operator in by_hand)
    assert sum(found.by_label.values()) == sum(found.by_outcome.values()) == len(by_hand)
    assert (found.domestic, found.not_sent) == (domestic, proven)
    assert (audit.deliberations, audit.tickets) == (len(drawn), len(drawn))
    assert len(audit.listed()) == len(by_hand) + proven + (
        sum(day == 0 and (host, op) == ("JP", "JP") for host, op, _, _, day in drawn) if keep else 0
    )


def test_a_moment_is_a_time_in_japan():
    """Times are shown nine hours before UTC's, with their offset."""
    assert moment(MIDNIGHT_MS).isoformat() == "2026-01-01T00:00:00+09:00"
