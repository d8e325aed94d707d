"""One deliberation disturbed: failing ledgers, deadlines in a write, callers who go away, keys used twice."""

import asyncio
import dataclasses

import pytest

from magi.core.decided import Decided
from magi.core.errors import ConflictError, LedgerUnavailableError, QuestionRefusedError, UncertainError
from magi.core.space import ChoiceSpace, OpenSpace
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger
from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.run import deliberate

CANARY = "カナリア予算案0815"
CHOICE = ChoiceSpace(options=("A", "B"))


@pytest.fixture
def question():
    """A choice question with a canary in it."""
    return take_question(f"{CANARY}はどちらですか。", CHOICE, {"A": f"{CANARY}甲", "B": "乙"})


async def no_task_is_left():
    """Whether this task is the only one."""
    return asyncio.all_tasks() == {asyncio.current_task()}


def closed(rig):
    """Whether the one stream has exactly one verdict, and replays to it."""
    records = rig.ledger.entries[rig.ledger.only]
    return rearbitrate("d", records).result == "same" and [r.kind for r in records].count("decided") == 1


@pytest.mark.parametrize("turns", range(12))
def test_a_deadline_in_the_middle_of_a_write_still_brings_the_verdict(rig, question, parts, turns):
    """A ticket or failure that is being written when the deadline passes does not cost the verdict."""
    run = rig({"a2": parts.HANG, "a3": ("timed_out",)})
    run.ledger.turns = turns

    def watch(record):
        run.clock.ms = parts.T0 + 30_000 if record.kind == "opened" else run.clock.ms

    done = asyncio.run(deliberate(run.tools, run.request(question), watch))

    assert [r.ordinal for r in done.records] == list(range(len(done.records)))
    assert isinstance(done.records[-1].data, Decided)
    assert closed(run)


# Fault pairs: every append fails once before and once after it is kept.


def appends_of_a_run(rig, question, script):
    """How many appends an undisturbed run makes."""
    run = rig(script)
    asyncio.run(deliberate(run.tools, run.request(question)))
    return run.ledger.appends


@pytest.mark.parametrize("persisted", [False, True], ids=["not-persisted", "but-persisted"])
@pytest.mark.parametrize("third", ["B", ("timed_out",)], ids=["answer", "failure"])
def test_a_ledger_failure_never_shows_a_reply(rig, question, parts, persisted, third):
    """Whichever append fails, kept or not: no reply, no send without a ticket, no task left, and a start mends it."""
    script = {"a1": "A", "a2": "A", "a3": third}
    for at in range(1, appends_of_a_run(rig, question, script) + 1):
        run = rig(script)
        run.ledger.fault = parts.Fault(at, persisted)

        async def ask(run=run):
            with pytest.raises(UncertainError if persisted else LedgerUnavailableError):
                await deliberate(run.tools, run.request(question))
            return await no_task_is_left()

        assert asyncio.run(ask()), at
        assert set(run.sends) <= set(run.tickets), at

        # The next start, with a healthy ledger, closes or continues what is there.
        run.ledger.fault = None
        asyncio.run(take_up(run.make_tools(owner="host:2:2"), lambda owner, gone=run.owner: owner == gone))

        assert set(run.sends) <= set(run.tickets), at
        assert run.ledger.claims == {}, at
        assert (at == 1 and not persisted) or closed(run), at


# Cancellation by the caller.


def test_the_callers_cancellation_closes_the_stream(rig, question, parts):
    """A caller who goes away leaves a cancelled record by the user, a verdict, and no running task."""
    run = rig({"a2": parts.HANG, "a3": parts.HANG})

    async def ask():
        said = asyncio.Event()
        task = asyncio.create_task(
            deliberate(
                run.tools, run.request(question), lambda r: said.set() if r.kind == "answered" else None
            )
        )
        await said.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await no_task_is_left()

    alone = asyncio.run(ask())
    cancelled = next(r.data for r in run.ledger.entries[run.ledger.only] if r.kind == "cancelled")

    assert (cancelled.by, cancelled.asks) == ("user", ("a2", "a3"))
    assert run.ledger.kinds()[-1] == "decided"
    assert alone
    assert closed(run)


@pytest.mark.parametrize("turns", [0, 1, 3])
@pytest.mark.parametrize("space", [CHOICE, OpenSpace()], ids=lambda space: space.kind)
def test_a_cancellation_at_any_moment_leaves_nothing_broken(rig, question, turns, space):
    """Cancelled after any number of turns: no other error, no task, and the stream is closed or never begun."""
    if space.kind == "open":
        question = take_question(CANARY, space)
    finished = False
    for moment in range(400):
        run = rig({"a1": "A", "a2": ("timed_out",), "a3": "A"})
        run.ledger.turns = turns

        async def ask(run=run, moment=moment):
            task = asyncio.create_task(deliberate(run.tools, run.request(question)))
            for _ in range(moment):
                await asyncio.sleep(0)
            finished = task.done()
            task.cancel()
            (result,) = await asyncio.gather(task, return_exceptions=True)
            assert finished or isinstance(result, asyncio.CancelledError), (moment, result)
            assert await no_task_is_left(), moment
            return finished

        finished = asyncio.run(ask())

        assert set(run.sends) <= set(run.tickets), moment
        assert run.ledger.claims == {}, moment
        assert not run.ledger.entries or closed(run), moment
        if finished:
            break
    assert finished


# Idempotency.


def test_an_idempotency_key_returns_the_recorded_verdict(rig, question):
    """The same key again asks nobody and returns the verdict and statements that are on record."""
    run = rig({"a1": "A", "a2": "B", "a3": "A"})
    request = run.request(question, idempotency_key="k1")
    first = asyncio.run(deliberate(run.tools, request))
    sent = len(run.sends)
    second = asyncio.run(deliberate(run.tools, request))

    assert len(run.sends) == sent
    assert (second.stream, second.verdict, second.statements, second.question) == (
        first.stream,
        first.verdict,
        first.statements,
        first.question,
    )
    assert "k1" not in run.ledger.text()


def test_a_key_used_for_another_question_is_refused(rig, question):
    """The first question's verdict is never returned as the answer to a second question."""
    run = rig({"a1": "A", "a2": "B", "a3": "A"})
    asyncio.run(deliberate(run.tools, run.request(question, idempotency_key="k1")))
    other = dataclasses.replace(question, text="別の問い")

    with pytest.raises(QuestionRefusedError, match="idempotency_reused"):
        asyncio.run(deliberate(run.tools, run.request(other, idempotency_key="k1")))


def test_another_key_is_another_deliberation(rig, question):
    """Two keys, or none, deliberate anew."""
    run = rig()
    streams = {
        asyncio.run(deliberate(run.tools, run.request(question, idempotency_key=key))).stream
        for key in ("k1", "k2", None, None)
    }

    assert len(streams) == 4


def test_a_key_of_an_open_deliberation_is_a_conflict(rig, question, parts):
    """While the first deliberation still runs, its key is refused instead of asking twice."""
    run = rig({"a3": parts.HANG})
    request = run.request(question, idempotency_key="k1")

    async def ask():
        opened = asyncio.Event()
        first = asyncio.create_task(deliberate(run.tools, request, lambda _: opened.set()))
        await opened.wait()
        with pytest.raises(ConflictError) as caught:
            await deliberate(run.tools, request)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return caught.value.reason

    assert asyncio.run(ask()) == "idempotency"
    assert len(run.sends) <= 3


@pytest.mark.parametrize("moment_ms", [0, 1, 3, 6, 10, 20])
def test_on_the_real_ledger_a_cancellation_leaves_a_whole_stream(rig, question, parts, tmp_path, moment_ms):
    """With SQLite underneath, a caller who goes away at any moment leaves every stream closed and replayable."""
    run = rig({"a2": parts.HANG})

    async def ask():
        ledger = SqliteLedger(
            tmp_path / "ledger.db",
            log="magi/t",
            tenant="t",
            key_id="k",
            keys=TenantKeys("k", b"k" * 32),
            signers=GivenSigners((new_signer("magi/t", b"s" * 32),)),
            entropy=run.entropy,
            clock=run.clock,
        )
        async with ledger:
            task = asyncio.create_task(deliberate(run.make_tools(ledger=ledger), run.request(question)))
            await asyncio.sleep(moment_ms / 1000)
            task.cancel()
            (result,) = await asyncio.gather(task, return_exceptions=True)
            streams = await ledger.streams("d/")
            found = [rearbitrate(s, await ledger.read(s)).result for s in streams]
            return result, found, await ledger.open_streams()

    result, found, left_open = asyncio.run(ask())

    assert isinstance(result, asyncio.CancelledError)
    assert found in ([], ["same"])
    assert left_open == ()
