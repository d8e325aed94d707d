"""Recovery: what a start finds open, it continues or closes; what it cannot read, it leaves and goes on."""

import asyncio
import dataclasses

import pytest
from structlog.testing import capture_logs

from magi.assets import load_assets
from magi.core.canonical import canonical
from magi.core.errors import MagiError, MalformedFileError
from magi.core.ports import Draft
from magi.core.record import AttemptFailed, Ticketed
from magi.core.space import ChoiceSpace, OpenSpace
from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.recover import read_deliberation, take_up
from magi.service.reply import Statement, read_statement
from magi.service.run import deliberate

CANARY = "カナリア予算案0815"


@pytest.fixture
def question():
    """A choice question."""
    return take_question("どちらですか。", ChoiceSpace(options=("A", "B")), {"A": "甲", "B": "乙"})


def interrupted(run, question, after, stream_owner="host:1:1"):
    """Deliberate in a process that dies once `after(record)` holds: its ledger keeps what was durable by then.

    Every append after that moment is lost with its process.
    """
    dead = False

    class Killed(BaseException):
        """Nothing catches a kill."""

    def watch(record):
        nonlocal dead
        dead = dead or after(record)

    ledger = run.ledger
    inner = ledger.append

    async def append(stream, expect, drafts, *marks):
        if dead:
            raise Killed
        return await inner(stream, expect, drafts, *marks)

    async def ask():
        mortal = dataclasses.replace(run.tools, owner=stream_owner, ledger=_Mortal(ledger, append))
        task = asyncio.create_task(deliberate(mortal, run.request(question), watch))
        for _ in range(60):
            await asyncio.sleep(0)
            if dead:
                break
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is not None

    asyncio.run(ask())
    return next(name for name in reversed(ledger.entries) if name.startswith("d/"))


class _Mortal:
    """A ledger whose appends may be cut off, everything else as it is."""

    def __init__(self, ledger, append):
        self._ledger = ledger
        self.append = append

    def __getattr__(self, name):
        return getattr(self._ledger, name)


def gone(owner):
    """Only the first process is known to be dead."""
    return owner == "host:1:1"


def next_start(run, **changes):
    """The tools of the process that starts after."""
    return run.make_tools(owner="host:2:2", **changes)


def kind(name):
    """After the first record of that kind."""
    return lambda record: record.kind == name


def test_what_was_open_is_continued(rig, question):
    """With the same ground and time left, the asks without an answer are asked again and the verdict follows."""
    run = rig({"a1": "A", "a2": "B", "a3": "A"})
    stream = interrupted(run, question, kind("answered"))
    before = [record.data for record in run.ledger.entries[stream]]
    (taken,) = asyncio.run(take_up(next_start(run), gone))

    assert taken.continued
    assert (taken.deliberation.verdict.outcome, taken.deliberation.verdict.flags) == ("majority", ())
    assert [record.data for record in taken.deliberation.records[: len(before)]] == before
    assert rearbitrate(stream, run.ledger.entries[stream]).result == "same"
    assert run.ledger.claims == {}


def test_an_ask_taken_up_again_gets_a_new_attempt_number(rig, question):
    """A ticket without an outcome counts as sent: the next attempt is numbered after it."""
    run = rig()
    stream = interrupted(run, question, lambda r: r.kind == "ticketed" and r.data.ask == "a3")
    asyncio.run(take_up(next_start(run), gone))
    tickets = [r.data for r in run.ledger.entries[stream] if isinstance(r.data, Ticketed)]
    numbers = [(ticket.ask, ticket.attempt) for ticket in tickets]

    assert len(set(numbers)) == len(numbers)
    assert set(numbers) == {(ask, number) for ask in ("a1", "a2", "a3") for number in (1, 2)}


def test_answers_already_recorded_are_read_back_and_not_asked_again(rig, question, said, parts):
    """A seat that had answered is not asked again, and its recorded words stand in the reply."""
    run = rig({"a1": said("A", f"{CANARY}の理由"), "a2": parts.HANG, "a3": parts.HANG})
    interrupted(run, question, kind("answered"))
    run.script |= {"a2": "A", "a3": "A"}
    run.models.orders.clear()
    (taken,) = asyncio.run(take_up(next_start(run), gone))

    assert {order.ask for order in run.models.orders} == {"a2", "a3"}
    assert taken.deliberation.statements["a1"].reason == f"{CANARY}の理由"
    assert taken.deliberation.verdict.outcome == "unanimous"
    assert all(access[1:] == ("magi", "recovery") for access in run.ledger.accesses)


@pytest.mark.parametrize("change", ["card", "prompt", "profile", "card_gone"])
def test_on_other_ground_it_is_closed(rig, build, question, parts, change):
    """Another card, prompt or profile than the recorded one: what still runs is given up, nobody is asked."""
    run = rig({"a1": "A", "a2": parts.HANG, "a3": parts.HANG})
    stream = interrupted(run, question, kind("answered"))
    assets = load_assets()
    profile = assets.profiles["domestic-only"]
    other = {
        "card": {"cards": run.cards | {"c2": build.card("c2", version="2")}},
        "card_gone": {"cards": {name: card for name, card in run.cards.items() if name != "c3"}},
        "prompt": {
            "templates": dataclasses.replace(
                assets.templates,
                texts=assets.templates.texts | {"answer/choice@1": "{{question}}{{options}}"},
            )
        },
        "profile": {"profile": profile.model_copy(update={"evidence_days": 89})},
    }[change]
    run.models.orders.clear()
    (taken,) = asyncio.run(take_up(next_start(run, **other), gone))

    assert not taken.continued
    assert run.models.orders == []
    assert run.ledger.kinds(stream)[-3:] == ["abandoned", "cancelled", "decided"]
    assert [report.said for report in taken.deliberation.verdict.seats] == [
        "answer",
        "cancelled",
        "cancelled",
    ]
    assert rearbitrate(stream, run.ledger.entries[stream]).result == "same"


@pytest.mark.parametrize(("late_ms", "continued"), [(29_999, True), (30_000, False)])
def test_after_its_deadline_it_is_closed(rig, question, late_ms, continued):
    """The deadline counts from the recorded opening, over the crash."""
    run = rig()
    interrupted(run, question, kind("ticketed"))
    run.clock.ms += late_ms
    (taken,) = asyncio.run(take_up(next_start(run), gone))

    assert taken.continued is continued


def test_a_decision_that_was_only_to_be_recorded_is_recorded(rig, question):
    """Killed between the last answer and the verdict: the next start decides from the record alone."""
    run = rig()
    count = iter(range(9))
    stream = interrupted(run, question, lambda r: r.kind == "answered" and next(count) == 2)
    assert run.ledger.kinds(stream)[-1] == "answered"
    run.models.orders.clear()
    run.clock.ms += 10**9
    (taken,) = asyncio.run(take_up(next_start(run, cards={}), gone))

    assert taken.continued
    assert run.models.orders == []
    assert taken.deliberation.verdict.outcome == "unanimous"


def test_open_text_is_classified_from_the_recorded_statements(rig, said):
    """Killed before the classes: they are made from the answers' bodies."""
    run = rig({f"a{n}": said("賛成。") for n in (1, 2, 3)})
    count = iter(range(9))
    interrupted(
        run, take_question("意見は。", OpenSpace()), lambda r: r.kind == "answered" and next(count) == 2
    )
    (taken,) = asyncio.run(take_up(next_start(run), gone))

    assert taken.deliberation.verdict.outcome == "unanimous"
    assert [r.kind for r in taken.deliberation.records][-2:] == ["classified", "decided"]


def test_a_live_owners_stream_is_left_alone(rig, question):
    """What another living process holds is neither read nor written, until its claim runs out."""
    run = rig()
    stream = interrupted(run, question, kind("ticketed"), stream_owner="host:9:9")
    before = run.ledger.kinds(stream)
    taken = asyncio.run(take_up(next_start(run), gone))

    assert taken == ()
    assert (run.ledger.kinds(stream), run.ledger.accesses) == (before, [])

    run.clock.ms += 6_001
    (taken,) = asyncio.run(take_up(next_start(run), gone))

    assert taken.deliberation.stream == stream


def test_an_unreadable_stream_does_not_hold_up_the_others(rig, question):
    """One stream's question cannot be opened: it stays open and is logged; the next one is finished."""
    run = rig()
    bad = interrupted(run, question, kind("ticketed"))
    good = interrupted(run, question, kind("ticketed"))
    run.ledger.unreadable.add(run.ledger.entries[bad][0].ref("question").commitment)
    with capture_logs() as lines:
        (taken,) = asyncio.run(take_up(next_start(run), gone))

    assert taken.deliberation.stream == good
    assert (set(run.ledger.claims), run.ledger.kinds(bad)[-1]) == ({bad}, "ticketed")
    assert [(line["stream"], line["reason"]) for line in lines if line["log_level"] == "warning"] == [
        (bad, "body_missing")
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"null", b'{"text":"x"}'])
def test_a_statement_of_another_form_is_a_named_error(body):
    """A body that is no statement is refused like any malformed file, so that recovery passes over it."""
    with pytest.raises(MalformedFileError, match="statement"):
        read_statement(body)


def test_a_statement_reads_back():
    """A statement's body gives the statement again."""
    statement = Statement("全文", "A", "理由", ("民法1条", "憲法14条"))

    assert read_statement(statement.to_bytes()) == statement
    assert statement.to_bytes() == canonical(
        {"answer": "A", "basis": ["民法1条", "憲法14条"], "reason": "理由", "text": "全文"}
    )


def test_recovery_twice_finds_nothing_more(rig, question):
    """What a start took up is closed: the next start has nothing to do."""
    run = rig()
    interrupted(run, question, kind("ticketed"))
    asyncio.run(take_up(next_start(run), gone))
    records = sum(map(len, run.ledger.entries.values()))

    assert asyncio.run(take_up(next_start(run), gone)) == ()
    assert sum(map(len, run.ledger.entries.values())) == records


def test_a_deliberation_without_its_question_cannot_be_read(rig):
    """Records without an opening cannot be read back as a deliberation."""
    run = rig()
    draft = Draft(AttemptFailed(ask="a1", attempt=1, card="c1", failure="x", sent="no"))

    async def read():
        records = await run.ledger.append("d/x", 0, [draft])
        await read_deliberation(run.tools, "d/x", records)

    with pytest.raises(MagiError, match="no_question"):
        asyncio.run(read())
