"""Recovery and cancellation in the rounds after the first: what goes on, what is closed, and that nobody hangs."""

import asyncio
import dataclasses
import json

import pytest

from magi.core.decided import Decided
from magi.core.record import Ticketed
from magi.core.rules.count import Rule
from magi.core.space import OpenSpace, YesNoConditionalSpace
from magi.core.terms import ArbitrationRules
from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.run import deliberate

LIMIT_SECONDS = 5


def closed(answer):
    """What a seat sends on a closed question."""
    return json.dumps({"answer": answer, "reason": "理由", "basis": "根拠なし"}, ensure_ascii=False)


def statement(text):
    """What a seat sends for open text: one claim of its own."""
    claim = {"claim": text, "source": "根拠なし", "quote": ""}
    return json.dumps(
        {"answer": text, "claims": [claim], "reason": "理由", "concern": "なし"}, ensure_ascii=False
    )


def review(*others):
    """A review of statements under these labels that accepts the first claim of each."""
    votes = [{"claim": f"{label}1", "vote": "賛成"} for label in others]
    return json.dumps({"ranking": others, "votes": votes, "reason": "理由"}, ensure_ascii=False)


DRAFT = json.dumps({"sentences": [{"text": "花壇を作る。", "claims": ["甲1"]}]}, ensure_ascii=False)
OPEN_SCRIPT = (
    {f"a{n}": statement(text) for n, text in enumerate(("花壇を作る", "噴水を置く", "何もしない"), start=1)}
    | {f"{letter}{n}": review("甲", "乙") for letter in "rq" for n in (1, 2, 3)}
    | {"w1": DRAFT}
)
SPLIT_SCRIPT = {"a1": closed("はい"), "a2": closed("いいえ"), "a3": closed("はい")} | {
    f"b{n}": closed("はい") for n in (1, 2, 3)
}


@pytest.fixture
def rounds(rig):
    """A rig whose council has a rebuttal and peer review, with a script over the given one."""

    def make(script, **changes):
        run = rig({**script, **changes})
        rules = ArbitrationRules(rebuttal=True, peer_review=True, writer="s1")
        run.council = run.council.model_copy(update={"arbitration": rules, "rule": Rule(name="plurality")})
        return run

    return make


OPEN = take_question("広場をどうするか。", OpenSpace())
SPLIT = take_question("広場に花壇を作るか。", YesNoConditionalSpace())


class Killed(BaseException):
    """Nothing catches a kill."""


@dataclasses.dataclass
class Mortal:
    """The ledger of a process that dies once `after(record)` held: nothing is kept from then on."""

    ledger: object
    after: object
    dead: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def __getattr__(self, name):
        """What the ledger has."""
        return getattr(self.ledger, name)

    async def append(self, stream, expect, drafts, *marks):
        """Append while alive."""
        if self.dead.is_set():
            raise Killed
        records = await self.ledger.append(stream, expect, drafts, *marks)
        if any(map(self.after, records)):
            self.dead.set()
        return records


def killed(run, question, after):
    """Deliberate in a process that dies once `after(record)` holds; the stream that it left open."""

    async def ask():
        mortal = Mortal(run.ledger, after)
        tools = dataclasses.replace(run.tools, ledger=mortal)
        task = asyncio.create_task(deliberate(tools, run.request(question)))
        async with asyncio.timeout(LIMIT_SECONDS):
            await mortal.dead.wait()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(ask())

    assert run.ledger.claims  # it is open: the verdict was not among what was kept
    return run.ledger.only


def taken_up(run, **changes):
    """The next start, within a time in which nothing hangs."""

    async def start():
        async with asyncio.timeout(LIMIT_SECONDS):
            return await take_up(run.make_tools(owner="host:2:2", **changes), lambda _: True)

    run.models.orders.clear()
    (taken,) = asyncio.run(start())
    return taken


def at(kind, ask=""):
    """The first record of a kind, of an ask."""
    return lambda record: record.kind == kind and getattr(record.data, "ask", "").startswith(ask)


def asked(run):
    """The asks that the models were given, by name."""
    return {order.ask for order in run.models.orders}


def sound(run, taken):
    """Whether the stream has one verdict that the core reaches again."""
    records = run.ledger.entries[taken.deliberation.stream]
    verdicts = [record for record in records if isinstance(record.data, Decided)]
    return len(verdicts) == 1 and rearbitrate(taken.deliberation.stream, records).result == "same"


OPEN_MOMENTS = [
    ("ticketed", "a2"),
    ("answered", "a"),
    ("answered", "a3"),
    ("classified", ""),
    ("ticketed", "r1"),
    ("answered", "r"),
    ("answered", "q3"),
    ("checked", ""),
    ("ticketed", "w"),
    ("answered", "w"),
]
SPLIT_MOMENTS = [("ticketed", "a3"), ("ticketed", "b1"), ("answered", "b1"), ("answered", "b3")]
MOMENTS = [(OPEN, OPEN_SCRIPT, m) for m in OPEN_MOMENTS] + [(SPLIT, SPLIT_SCRIPT, m) for m in SPLIT_MOMENTS]


@pytest.mark.parametrize(("question", "script", "moment"), MOMENTS)
def test_killed_anywhere_it_goes_on_to_the_same_verdict(rounds, question, script, moment):
    """On the same ground each stage goes on: answers are not asked for again, the verdict is as without a kill."""
    whole = rounds(script)
    wanted = asyncio.run(deliberate(whole.tools, whole.request(question))).verdict
    run = rounds(script)
    stream = killed(run, question, at(*moment))
    answered = set(run.answered(stream))
    taken = taken_up(run)

    assert taken.continued
    assert taken.deliberation.verdict == wanted
    assert not answered & asked(run)
    assert sound(run, taken)


@pytest.mark.parametrize(("question", "script", "moment"), MOMENTS)
@pytest.mark.parametrize("ground", ["cards", "deadline"])
def test_killed_anywhere_nobody_is_asked_on_other_ground(  # noqa: PLR0917  # pytest passes them by name
    rounds, build, question, script, moment, ground
):
    """With another card, or after the deadline, the stream is closed with what stood, in whatever stage it was."""
    run = rounds(script)
    killed(run, question, at(*moment))
    changes = {}
    if ground == "cards":
        changes["cards"] = run.cards | {"c2": build.card("c2", version="2")}
    else:
        run.clock.ms += 10**9
    taken = taken_up(run, **changes)

    assert asked(run) == set()
    assert sound(run, taken)


@pytest.mark.parametrize(
    ("last", "kind", "then"),
    [("a3", "classified", {"r1", "q1", "r2", "q2", "r3", "q3", "w1"}), ("q3", "checked", {"w1"})],
)
def test_between_two_rounds_it_goes_on_without_an_ask_that_runs(rounds, last, kind, then):
    """Killed before texts were sorted or claims checked, that is done and the next round is asked."""
    run = rounds(OPEN_SCRIPT)
    stream = killed(run, OPEN, at("answered", last))
    tickets = {r.data.ask for r in run.ledger.entries[stream] if isinstance(r.data, Ticketed)}
    answered = set(run.answered(stream))
    taken = taken_up(run)

    assert tickets == answered
    assert taken.continued
    assert kind in [record.kind for record in taken.deliberation.records]
    assert asked(run) == then


def test_a_deadline_holds_over_a_crash_between_two_rounds(rounds, parts):
    """A round that is first asked after a recovery ends with the deadline of the opening; a seat may hang."""
    run = rounds(OPEN_SCRIPT, r2=parts.HANG, q2=parts.HANG)
    killed(run, OPEN, at("answered", "a3"))
    waits = []

    async def wait(name, _seconds):
        waits.append(name)
        for _ in range(200):  # turns of the loop: time enough for all that does not hang
            await asyncio.sleep(0)

    async def start():
        async with asyncio.timeout(LIMIT_SECONDS):
            tools = run.make_tools(owner="host:2:2", wait=wait)
            return await take_up(tools, lambda _: True)

    (taken,) = asyncio.run(start())

    assert waits == ["answers"]
    assert {"r2", "q2"} <= asked(run)
    assert "deadline_passed" in [record.kind for record in taken.deliberation.records]
    assert "w1" not in asked(run)


def left(run, question, moment):
    """Deliberate for a caller who goes while that record is being written; the records, and what was sent after it."""
    sent = []

    async def ask_and_go():
        def goes(record):
            if moment(record) and not sent:
                sent.append(len(run.sends))
                task.cancel()
            return False

        tools = dataclasses.replace(run.tools, ledger=Mortal(run.ledger, goes))
        task = asyncio.create_task(deliberate(tools, run.request(question)))
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(ask_and_go())

    return run.ledger.entries[run.ledger.only], run.sends[sent[0] :]


@pytest.mark.parametrize(("question", "script", "moment"), MOMENTS)
def test_a_caller_who_goes_in_any_phase_ends_the_asking(rounds, question, script, moment):
    """After the caller has gone nothing is sent any more, in no round, and the verdict is durable: nothing hangs."""
    run = rounds(script)
    records, sends = left(run, question, at(*moment))

    assert sends == []
    assert records[-1].kind == "decided"
    assert [r.data.by for r in records if r.kind == "cancelled"] == ["user"]
    assert run.ledger.claims == {}
    assert rearbitrate(run.ledger.only, records).result == "same"


@pytest.mark.parametrize(
    ("last", "stages", "then"),
    [
        ("a3", {"a"}, ["cancelled", "classified", "checked", "decided"]),
        ("q3", {"a", "r", "q"}, ["cancelled", "checked", "decided"]),
    ],
)
def test_texts_are_still_sorted_and_checked_for_a_caller_who_has_gone(rounds, last, stages, then):
    """What needs no seat is done: the last answer was in, so classes and claims are in the verdict."""
    run = rounds(OPEN_SCRIPT)
    records, _ = left(run, OPEN, at("answered", last))

    assert {order.ask[0] for order in run.models.orders} == stages
    assert [record.kind for record in records][-len(then) :] == then
