"""Retention schedules: which day something is due, what keeps it, and files that are refused."""

import datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.acts import Held, HoldReleased
from magi.core.errors import MalformedFileError
from magi.ledger.schedule import (
    Case,
    Schedule,
    due,
    due_day,
    holds_of,
    holds_over,
    parse_schedules,
)

JAPAN = datetime.timezone(datetime.timedelta(hours=9))
LABELS = {"public": 0, "internal": 1, "personal": 2}
RULE = Schedule(name="個人30日", label=2, days=30)


def at(text):
    """Unix milliseconds of a moment in Japan."""
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=JAPAN).timestamp() * 1000)


def case(stream="d/1", label=2, ended="2026-04-01T12:00", opened="2026-03-01T12:00", **changes):
    """A deliberation with one body."""
    given_ = {"is_open": False, "commitments": ("aa" * 32,)} | changes
    return Case(stream=stream, label=label, opened_ms=at(opened), ended_ms=at(ended), **given_)


def day(text):
    """A day."""
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("ended", "first"),
    [
        ("2026-04-01T00:00", "2026-05-02"),
        ("2026-04-01T23:59", "2026-05-02"),
        ("2026-04-02T00:00", "2026-05-03"),
        ("2026-03-31T23:59", "2026-05-01"),
        ("2028-01-30T12:00", "2028-03-01"),  # over a leap day
    ],
)
def test_the_first_day_does_not_count_and_the_last_must_be_over(ended, first):
    """Days are days of Japan; what ended on 1 April with 30 days is due on 2 May, not before (民法140条)."""
    only = case(ended=ended)
    before = day(first) - datetime.timedelta(days=1)

    assert due_day(only, RULE) == day(first)
    assert due([only], {}, [RULE], before) == ()
    assert [each.since for each in due([only], {}, [RULE], day(first))] == [day(first)]


def test_a_schedule_may_count_from_the_opening():
    """With from = opened the day of the opening is what counts."""
    rule = Schedule(name="r", label=2, days=30, basis="opened")

    assert due_day(case(opened="2026-03-01T12:00"), rule) == day("2026-04-01")


def test_a_label_without_a_schedule_is_kept():
    """Only the schedule of the very label counts; everything else is kept for ever."""
    cases = [case("d/1", 1), case("d/2", 3), case("d/3", 2)]
    found = due(cases, {}, [RULE], day("2099-01-01"))

    assert [each.case.stream for each in found] == ["d/3"]
    assert due(cases, {}, [], day("2099-01-01")) == ()


def test_what_has_no_body_left_is_not_due():
    """A deliberation that was erased does not come up again."""
    assert due([case(commitments=())], {}, [RULE], day("2099-01-01")) == ()


@pytest.mark.parametrize(
    ("holds", "is_open", "why_not"),
    [
        ({}, False, None),
        ({"h": ("d/1",)}, False, "held"),
        ({"h": ("*",)}, False, "held"),
        ({"h": ("d/2",)}, False, None),
        ({}, True, "open"),
        ({"h": ("d/1",)}, True, "held"),
    ],
)
def test_what_is_held_or_open_is_named_and_kept(holds, is_open, why_not):
    """A hold over the stream or over all, and an open deliberation, are listed with the reason; a hold first."""
    (only,) = due([case(is_open=is_open)], holds, [RULE], day("2099-01-01"))

    assert (only.why_not, only.holds) == (why_not, ("h",) if why_not == "held" else ())


@given(
    days=st.integers(1, 400),
    ended=st.integers(0, 4_000_000_000_000),
    later=st.integers(0, 500),
)
def test_once_due_always_due(days, ended, later):
    """What is due on a day is due on every later day, and on no day within the period."""
    rule = Schedule(name="r", label=2, days=days)
    only = Case("d/1", 2, ended, ended, is_open=False, commitments=("aa" * 32,))
    since = due_day(only, rule)
    start = datetime.datetime.fromtimestamp(ended / 1000, JAPAN).date()

    assert due([only], {}, [rule], since + datetime.timedelta(days=later))
    assert due([only], {}, [rule], start + datetime.timedelta(days=days)) == ()


def test_holds_are_those_not_released():
    """A released hold is gone, another of the same streams stays; names come in order."""

    def record(event):
        return SimpleNamespace(data=event)

    events = [
        Held(name="b", streams=("d/1", "d/2"), by="乙"),
        Held(name="a", streams=("*",), by="乙"),
        HoldReleased(name="b", by="乙"),
        Held(name="c", streams=("d/1",), by="乙"),
    ]
    holds = holds_of([record(event) for event in events])

    assert holds == {"a": ("*",), "c": ("d/1",)}
    assert (holds_over(holds, "d/1"), holds_over(holds, "d/2")) == (("a", "c"), ("a",))


def test_a_file_of_schedules_is_read():
    """Name, label by its word, days, and where it counts from; decided unless said."""
    table = {
        "schedule": [
            {"name": "a", "label": "personal", "days": 365},
            {"name": "b", "label": "internal", "days": 1, "from": "opened"},
        ]
    }

    assert parse_schedules(table, "f", LABELS) == (
        Schedule(name="a", label=2, days=365, basis="decided"),
        Schedule(name="b", label=1, days=1, basis="opened"),
    )
    assert parse_schedules({}, "f", LABELS) == ()


GOOD = {"name": "a", "label": "personal", "days": 30}


@pytest.mark.parametrize(
    "table",
    [
        {"schedules": []},
        {"schedule": {}},
        {"schedule": ["personal"]},
        {"schedule": [GOOD | {"label": "Personal"}]},
        {"schedule": [GOOD | {"label": 2}]},
        {"schedule": [GOOD | {"days": 0}]},
        {"schedule": [GOOD | {"days": 30.0}]},
        {"schedule": [GOOD | {"days": True}]},
        {"schedule": [GOOD | {"from": "tomorrow"}]},
        {"schedule": [GOOD | {"form": "decided"}]},
        {"schedule": [GOOD, GOOD | {"name": "b"}]},
        {"schedule": [GOOD, GOOD | {"label": "internal"}]},
        {"schedule": [{"name": "a", "days": 30}]},
        {"schedule": [GOOD] * 8},
    ],
)
def test_a_file_that_could_be_misread_is_refused(table):
    """An unknown key or label, a wrong type, a name or a label twice: nothing is erased by such a file."""
    with pytest.raises(MalformedFileError) as raised:
        parse_schedules(table, "f.toml", LABELS)

    assert raised.value.reason == "schedules"
    assert raised.value.facts["problems"]
