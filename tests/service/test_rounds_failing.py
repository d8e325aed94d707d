"""Failures in the later rounds: deadlines, garbled reviews, evasions, writers, classified words, labels that rise."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest

from magi.core.decided import Decided
from magi.core.record import AttemptFailed

_SPEC = importlib.util.spec_from_file_location(
    "rounds_following", Path(__file__).with_name("rounds_following.py")
)
rounds = importlib.util.module_from_spec(_SPEC)  # by its path: test folders are no packages
_SPEC.loader.exec_module(rounds)
ask, asks_of, closed = rounds.ask, rounds.asks_of, rounds.closed
OPEN, CLOSED, QUESTIONS, EVERY = rounds.OPEN, rounds.CLOSED, rounds.QUESTIONS, rounds.EVERY
Following, following = rounds.Following, rounds.following


@pytest.fixture
def court(rig):
    """A council with every stage; seats by `makers`, scripted asks as a mapping."""

    def make(script=None, *, makers="ABC", rule="plurality", **rules):
        return rounds.with_rounds(rig(script, makers=makers), rule, rules)

    return make


# Failures of a stage.


@pytest.mark.parametrize("name", ["a3", "b2", "b3", "r1", "q2", "w1"])
def test_a_seat_that_hangs_in_any_stage_ends_with_the_deadline(court, parts, name):
    """The one deadline is for all rounds: what runs is cancelled, nobody else is asked, what stands decides."""
    run = court({name: parts.HANG})

    def watch(record):
        if getattr(record.data, "ask", None) == name and record.kind == "ticketed":
            run.clock.ms = parts.T0 + 30_000
            deadline.set()

    deadline = asyncio.Event()

    async def wait(_name, _seconds):
        await deadline.wait()

    run.tools = run.make_tools(models=Following(run.models), wait=wait)
    done = ask(run, CLOSED if name[0] == "b" else OPEN, watch)

    kinds = run.ledger.kinds()
    after = kinds[kinds.index("deadline_passed") :]

    assert after[:2] == ["deadline_passed", "cancelled"]
    assert "ticketed" not in after
    assert name in asks_of(run)
    assert isinstance(done.records[-1].data, Decided)
    assert (name in done.verdict.outstanding) or name[0] != "a"
    assert closed(run)


@pytest.mark.parametrize("text", ["", "???", "{", '{"ranking": ["丁"], "votes": [], "reason": ""}', "[1]"])
def test_a_garbled_review_is_a_failure_and_no_vote(court, text):
    """A review from which nothing can be read supports nobody, accepts no claim, and is recorded as a failure."""
    run = court({"r1": text, "q1": text})
    done = ask(run)
    answered = run.answered()
    whole = court()
    ask(whole)

    assert {answered[name].statement for name in ("r1", "q1")} == {"failure"}
    assert {answered[name].review for name in ("r1", "q1")} == {None}
    assert all(answered[name].failure for name in ("r1", "q1"))
    assert all(
        "s1" not in line.supporters or "s1" in line.authors for line in done.verdict.arbitration.claims
    )
    assert any(
        "s1" in line.supporters and "s1" not in line.authors
        for line in whole.ledger.entries[whole.ledger.only][-1].data.arbitration.claims
    )
    assert closed(run)


def test_a_review_that_failed_in_one_order_says_nothing(court):
    """Two statements are compared in both orders; where one order failed, the other is unconfirmed and not counted."""
    run = court({"q1": ("timed_out",)})
    done = ask(run)
    failed = [r.data.ask for r in done.records if isinstance(r.data, AttemptFailed)]

    assert failed == ["q1"]
    assert run.answered()["r1"].review is not None
    assert all(
        "s1" not in line.supporters or "s1" in line.authors for line in done.verdict.arbitration.claims
    )
    assert closed(run)


@pytest.mark.parametrize(
    "words", ["回答を控えます。お答えできません。", "申し訳ありませんが、お答えできません。", "棄権"]
)
def test_what_is_no_answer_is_nobodys_statement(court, words):
    """A refusal, an abstention or an evasion is not shown to reviewers, has no claims, and reviews nobody."""
    said = json.dumps({"answer": words, "claims": [], "reason": "", "concern": "なし"}, ensure_ascii=False)
    run = court({"a3": said})
    done = ask(run)
    prompts = [order.user for order in run.models.orders if order.ask[0] in "rqw"]

    assert run.answered()["a3"].statement in ("refusal", "abstention", "evasion")
    assert asks_of(run) == {"a1", "a2", "a3", "r1", "r2", "w1"}
    assert prompts
    assert not any(words in prompt for prompt in prompts)
    assert done.verdict.seats[2].answer_class is None
    assert closed(run)


def test_an_evasion_is_not_shown_in_a_rebuttal(court):
    """Of a closed question an evasion casts no ballot, is quoted to nobody, and its seat is not asked again."""
    run = court({"a4": "一概には言えません。"}, makers="ABCD")
    ask(run, CLOSED)
    prompts = [order.user for order in run.models.orders if order.ask[0] == "b"]

    assert run.answered()["a4"].statement == "evasion"
    assert asks_of(run) == {"a1", "a2", "a3", "a4", "b1", "b2", "b3"}
    assert not any("一概には" in prompt for prompt in prompts)
    assert closed(run)


@pytest.mark.parametrize("draft", [("timed_out",), "", "書けません。", '{"sentences": []}', "free"])
def test_without_a_draft_the_accepted_claims_are_the_reply(court, draft):
    """A writer that fails, refuses, writes nothing or writes without support leaves the accepted claims standing."""
    free = {
        "sentences": [
            {"text": "予算は五億円です。", "claims": []},
            {"text": "九割が賛成です。", "claims": ["主張1"]},
        ]
    }
    run = court({"w1": json.dumps(free, ensure_ascii=False) if draft == "free" else draft})
    done = ask(run)
    whole = court()

    assert done.verdict.arbitration.draft is None
    assert {line.status for line in done.verdict.arbitration.claims} <= {"accepted", "unverified"}
    assert len(done.verdict.arbitration.claims) == 3
    assert "五億円" not in json.dumps(
        [s["answer"] for s in rounds.reply_of(run)["statements"]], ensure_ascii=False
    )
    assert ask(whole).verdict.arbitration.draft == "w1"
    assert closed(run)


@pytest.mark.parametrize("second", [("timed_out",), "???"])
def test_a_seat_that_fails_in_the_rebuttal_keeps_its_first_ballot(court, second):
    """A failure is no second vote: the first ballot stands, and the verdict says that the rebuttal was incomplete."""
    run = court({"b2": second})
    done = ask(run, CLOSED)

    assert done.verdict.seats[1].answer_class == "no"
    assert "rebuttal_incomplete" in done.verdict.flags
    assert closed(run)


# Labels and classified words in a later round.


@pytest.mark.parametrize("name", ["b1", "r1", "w1"])
def test_classified_words_in_a_later_round_are_a_failure_without_a_body(court, name):
    """A second ballot, review or draft with classified words is kept nowhere; whoever is still asked is cancelled."""
    run = court({name: json.dumps({"answer": "はい", "reason": "特秘椿"}, ensure_ascii=False)})
    done = ask(run, CLOSED if name[0] == "b" else OPEN)
    (record,) = [r for r in done.records if r.kind == "answered" and r.data.ask == name]

    assert (record.data.statement, record.data.failure, record.refs) == ("failure", "classified", ())
    assert not any("特秘椿".encode() in body for body in run.ledger.bodies.values())
    assert done.label == 6
    assert closed(run)


@pytest.mark.parametrize("name", ["a1", "b1", "r1", "w1"])
def test_the_label_of_what_a_seat_says_holds_for_all_that_follows(court, name):
    """Words of a person in any stage raise the label: later orders carry it, and so does the verdict's reply."""
    run = court()
    question = CLOSED if name[0] == "b" else OPEN
    run.tools = run.make_tools(models=Following(run.models, {name: {"reason": "椿さん"}}))
    done = ask(run, question)
    labels = {order.ask: order.label_now for order in run.models.orders}

    assert done.label == 2
    assert run.answered()[name].label == 2
    assert {labels[each] for each in labels if each[0] == {"a": "r", "r": "w"}.get(name[0])} <= {2}
    assert closed(run)
