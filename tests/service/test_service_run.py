"""One deliberation undisturbed: what is durable before what, what is recorded, and what is refused."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from magi.core.errors import (
    CouncilRefusedError,
    KeyMissingError,
    UnknownNameError,
)
from magi.core.record import AttemptFailed, Refused
from magi.core.space import ChoiceSpace, OpenSpace
from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.recover import read_deliberation
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


def closed(rig, stream=None):
    """Whether the stream has exactly one verdict, and replays to it."""
    records = rig.ledger.entries[stream or rig.ledger.only]
    return rearbitrate("d", records).result == "same" and [r.kind for r in records].count("decided") == 1


def test_each_act_waits_for_its_record(rig, question):
    """Opened is durable before any ask, each ticket before its send, the verdict before the return."""
    run = rig({"a1": "A", "a2": "B", "a3": "A"})

    async def ask():
        await deliberate(run.tools, run.request(question))
        run.journal.append(("returned",))

    asyncio.run(ask())
    sends = [n for n, entry in enumerate(run.journal) if entry[0] == "send"]

    assert run.journal[0] == ("durable", "opened", None)
    assert len(sends) == 3
    for place in sends:
        assert ("durable", "ticketed", run.journal[place][1]) in run.journal[:place]
    assert run.journal[-2:] == [("durable", "decided", None), ("returned",)]


def test_a_three_seat_question_makes_eight_records(rig, question):
    """Opened, three tickets, three answers, the verdict: nothing more, and it replays."""
    run = rig({"a1": "A", "a2": "B", "a3": "A"})
    done = asyncio.run(deliberate(run.tools, run.request(question)))

    assert sorted(run.ledger.kinds()) == sorted(["opened", *["ticketed"] * 3, *["answered"] * 3, "decided"])
    assert (done.verdict.outcome, done.verdict.answer_class, done.verdict.dissent) == (
        "majority",
        "A",
        ("a2",),
    )
    assert closed(run)


def test_no_text_stands_in_a_record_or_a_log_line(rig, question, said):
    """Question, options, answers and reasons stand in bodies only, never in records or logs."""
    run = rig({f"a{n}": said("A", reason=f"{CANARY}だから", basis=CANARY) for n in (1, 2, 3)})
    with capture_logs() as lines:
        asyncio.run(deliberate(run.tools, run.request(question)))

    assert [line["event"] for line in lines] == ["deliberation.decided"]
    assert CANARY not in run.ledger.text()
    assert CANARY not in str(lines)
    assert any(CANARY.encode() in body for body in run.ledger.bodies.values())


def test_the_reply_is_the_statements_in_seat_order(rig, question, said):
    """The recorded reply holds the decided class and each seat's words, in seat order."""
    run = rig({"a1": said("B", "乙の理由"), "a2": said("A"), "a3": said("A", basis="")})
    asyncio.run(deliberate(run.tools, run.request(question)))
    ref = run.ledger.entries[run.ledger.only][-1].ref("reply")
    reply = json.loads(run.ledger.bodies[ref.commitment])

    assert (reply["outcome"], reply["answer_class"]) == ("majority", "A")
    assert [(s["ask"], s["answer"]) for s in reply["statements"]] == [("a1", "B"), ("a2", "A"), ("a3", "A")]
    assert reply["statements"][0]["reason"] == "乙の理由"
    assert reply["statements"][2]["basis"] == []


def test_what_was_opened_is_recorded_with_the_manifest(rig, question):
    """The intent names label, plan and the digests of cards, prompts, council and profile."""
    run = rig()
    done = asyncio.run(deliberate(run.tools, run.request(question, label="personal")))
    opened = done.opened

    assert (opened.label, opened.declared, opened.space_source) == (2, True, "declared")
    assert opened.manifest.cards == {name: card.digest for name, card in run.cards.items()}
    assert set(opened.manifest.prompts) == {"answer/choice@1", "persona/melchior@1"}
    assert (opened.manifest.council, opened.manifest.profile) == (
        run.council.digest,
        run.tools.profile.version,
    )
    assert run.ledger.ancestry[run.tools.ancestry(question.text.encode())] == 2


def test_an_undeclared_label_is_internal(rig, question):
    """Without a declaration the question is 機密性2, and the record says that nobody declared it."""
    opened = asyncio.run(deliberate((run := rig()).tools, run.request(question))).opened

    assert (opened.label, opened.declared) == (1, False)


def test_who_saw_what_is_every_ticket(rig, question):
    """The sights name seat, card, host, country, label and digest of each permitted send."""
    run = rig()
    done = asyncio.run(deliberate(run.tools, run.request(question)))

    assert {(s.seat, s.card) for s in done.sights} == {("s1", "c1"), ("s2", "c2"), ("s3", "c3")}
    assert {(s.host, s.country, s.label) for s in done.sights} == {("127.0.0.1", "JP", 1)}
    assert {s.digest for s in done.sights} == {digest for _, digest in run.sends}


def test_a_failure_is_recorded_and_never_a_vote(rig, question):
    """Two failed seats leave no quorum; each failed attempt is on record, with its exchange."""
    run = rig({"a2": ("timed_out",), "a3": ("cut_stream",)})
    done = asyncio.run(deliberate(run.tools, run.request(question)))
    failed = [r for r in done.records if isinstance(r.data, AttemptFailed)]

    assert (done.verdict.outcome, done.verdict.flags) == ("no_quorum", ("degraded",))
    assert {r.data.failure for r in failed} == {"timed_out", "cut_stream"}
    assert all(r.ref("exchange") for r in failed)
    assert closed(run)


@pytest.mark.parametrize("text", ["", "???", "A または B", "<think>A", '{"answer": "A"'])
def test_garbage_is_a_named_failure(rig, question, text):
    """A text from which no one answer can be read is a failure with a name, not a ballot."""
    run = rig({"a3": text})
    done = asyncio.run(deliberate(run.tools, run.request(question)))
    report = done.verdict.seats[2]

    assert (report.said, report.answer_class) == ("failure", None)
    assert report.failure
    assert done.verdict.outcome == "majority"


def test_the_guards_refusal_is_on_record(rig, question):
    """A send that the egress guard refused leaves a refused record beside the failed attempt."""
    run = rig({"a2": ("egress_digest",)})
    done = asyncio.run(deliberate(run.tools, run.request(question)))
    (refused,) = [r.data for r in done.records if isinstance(r.data, Refused)]

    assert (refused.by, refused.reason, refused.ask, refused.card) == ("egress", "digest", "a2", "c2")
    assert closed(run)


def test_a_seat_barred_before_its_ticket_is_refused_without_an_attempt(rig, question):
    """Where the policy refuses before there is a ticket, the refusal stands alone: nothing was attempted."""
    run = rig({"a2": ("egress_not_admitted",)})
    done = asyncio.run(deliberate(run.tools, run.request(question)))
    (refused,) = [r.data for r in done.records if isinstance(r.data, Refused)]

    assert (refused.reason, refused.attempt, refused.ask) == ("not_admitted", None, "a2")
    assert "attempt_failed" not in run.ledger.kinds()
    assert {sight.seat for sight in done.sights} == {"s1", "s3"}
    assert closed(run)


def test_open_text_is_classified_on_record(rig, said):
    """Open answers get their classes in the record, and the reply keeps the statements apart."""
    run = rig({"a1": said("賛成する。"), "a2": said("反対する。"), "a3": said("賛成する")})
    done = asyncio.run(deliberate(run.tools, run.request(take_question("意見は。", OpenSpace()))))

    assert run.ledger.kinds()[-2:] == ["classified", "decided"]
    assert (done.verdict.attributed, done.verdict.dissent) == ("a1", ("a2",))
    assert closed(run)


def test_the_deadline_closes_what_still_runs(rig, question, parts):
    """A seat that never answers is cancelled at the deadline and outstanding in the verdict."""
    run = rig({"a3": parts.HANG})

    async def ask():
        task = asyncio.create_task(deliberate(run.tools, run.request(question), watch))
        done = await task
        return done, await no_task_is_left()

    def watch(record):
        # The deadline is counted from the recorded opening: move the clock to just before it.
        run.clock.ms = parts.T0 + 29_999 if record.kind == "opened" else run.clock.ms

    done, alone = asyncio.run(ask())

    assert done.verdict.outstanding == ("a3",)
    assert run.ledger.kinds()[-3:] == ["deadline_passed", "cancelled", "decided"]
    assert alone
    assert closed(run)


def test_an_answer_after_the_deadline_is_in_no_reply(rig, question, parts, said):
    """What an outstanding seat says once the deadline is in the queue stands in neither verdict nor reply."""
    passed = asyncio.Event()

    async def late():
        await passed.wait()
        return said("B", "遅れた理由")

    run = rig({"a3": late})
    inner = run.ledger.append

    async def slow(stream, expect, drafts, *marks):
        # While the deadline is being recorded, the late answer arrives behind it.
        if drafts[0].event.kind == "deadline_passed":
            passed.set()
            for _ in range(20):
                await asyncio.sleep(0)
        return await inner(stream, expect, drafts, *marks)

    run.ledger.append = slow

    def watch(record):
        run.clock.ms = parts.T0 + 29_999 if record.kind == "opened" else run.clock.ms

    done = asyncio.run(deliberate(run.tools, run.request(question), watch))
    ref = done.records[-1].ref("reply")
    reply = json.loads(run.ledger.bodies[ref.commitment])

    assert done.verdict.outstanding == ("a3",)
    assert set(done.statements) == {"a1", "a2"} == {s["ask"] for s in reply["statements"]}


def test_a_council_that_the_label_leaves_too_small_is_refused_on_record(rig, build, question):
    """The planner's refusal stands on record with the plan, without the text, and nobody was asked."""
    cards = build.cards("A", "B", checked_on="2027-01-10") | {
        "c3": build.card("c3", developer="C", family="fam-c", **build.ABROAD)
    }
    run = rig(cards=cards)
    with pytest.raises(CouncilRefusedError) as caught:
        asyncio.run(deliberate(run.tools, run.request(question)))
    (record,) = run.ledger.entries[run.ledger.only]

    assert (caught.value.reason, record.data.reason, record.data.by) == (
        "too_few_seats",
        "too_few_seats",
        "planner",
    )
    assert "c3: class_d_not_for_internal" in caught.value.facts["barred"][0]
    assert [entry.admitted for entry in record.data.plan] == [True, True, False]
    assert (record.refs, run.ledger.bodies, run.ledger.claims) == ((), {}, {})
    assert CANARY not in run.ledger.text() + str(caught.value)
    assert run.sends == run.called == []


def test_a_council_that_may_never_deliberate_is_not_recorded(rig, question):
    """A council refused by itself leaves no stream."""
    run = rig(makers="AAB")
    with pytest.raises(CouncilRefusedError, match="one_vendor_decides"):
        asyncio.run(deliberate(run.tools, run.request(question)))

    assert run.ledger.entries == {}


def test_an_unknown_label_is_refused_before_all(rig, question):
    """A label that is spelt otherwise is refused, and nothing is recorded or asked."""
    run = rig()
    with pytest.raises(UnknownNameError):
        asyncio.run(deliberate(run.tools, run.request(question, label="Public")))

    assert run.journal == []


def test_a_missing_key_is_refused_before_anything_is_opened(rig, question):
    """A card that cannot be called stops the deliberation before its intent."""
    run = rig()

    def missing(council, cards):
        raise KeyMissingError("api_key", env=tuple(card.id for card in cards), council=council)

    with pytest.raises(KeyMissingError) as caught:
        asyncio.run(deliberate(run.make_tools(check_callable=missing), run.request(question)))

    assert caught.value.facts["env"] == ("c1", "c2", "c3")
    assert run.ledger.entries == {}


def test_only_admitted_cards_must_be_callable(rig, build, question):
    """What the label bars need not have a key."""
    cards = build.cards("A", "B", "C", checked_on="2027-01-10")
    cards["c4"] = build.card("c4", developer="D", family="fam-d", **build.ABROAD)
    run = rig(cards=cards)
    done = asyncio.run(deliberate(run.tools, run.request(question)))

    assert run.called == [("c", ["c1", "c2", "c3"])]
    assert [entry.card for entry in done.left_out] == ["c4"]
    assert {order.ask for order in run.models.orders} == {"a1", "a2", "a3"}
    assert done.verdict.flags == ("degraded",)


def test_the_order_of_a_seat_is_what_its_card_and_question_say(rig, question):
    """A seat is asked through its own card, with persona, question, form, label, and the time that is left."""
    run = rig()
    asyncio.run(deliberate(run.tools, run.request(question)))
    order = next(order for order in run.models.orders if order.ask == "a2")

    assert (order.seat, order.targets, order.label, order.first_attempt) == ("s2", ("c2",), 1, 1)
    assert question.text in order.user
    assert CANARY not in order.system
    assert order.schema["properties"]["answer"]["enum"] == ["A", "B", "棄権"]
    assert order.deadline_ms == run.clock.ms + 30_000
    assert order.derived_from == ("question",)


def test_a_finished_deliberation_reads_back_equal(rig, question, said):
    """Question, statements, verdict and sights read from the record equal those that were returned."""
    run = rig({"a1": said("A"), "a2": said("B"), "a3": "棄権"})
    done = asyncio.run(deliberate(run.tools, run.request(question)))
    again = asyncio.run(read_deliberation(run.tools, done.stream, run.ledger.entries[done.stream]))

    assert again == done
    assert again.sights == done.sights
