"""Replay level R4: the same question asked again, live; agreement by seat and verdict, and what forbids it today."""

import asyncio
from dataclasses import replace

import pytest

from magi.core.decided import Decided
from magi.core.errors import ErasedError
from magi.core.space import OpenSpace
from magi.replay.requery import Agreement, SeatAgreement, agreements, requery
from magi.service.labelled import raise_label
from magi.service.question import take_question
from magi.standin.script import Status, by_model, sequence


@pytest.fixture
def twice(stage, acts):
    """Ask, then ask again in the same service; what asking again came to, and the ledger's streams."""

    def make(first, second=None, question=None, *, between=None, now=None, **more):
        parts = {
            model: sequence(first.get(model, acts.form("A")), (second or first).get(model, acts.form("A")))
            for model in (acts.ICHI, acts.NI, acts.SAN)
        }
        kept = {}

        async def then(tools, stream):
            if between is not None:
                await between(tools, stream)
            records = await tools.ledger.read(stream)

            def body(ref):
                return tools.ledger.body(ref, "test", "requery")

            tools = replace(tools, **(now or {}))
            kept["found"] = await requery(tools, stream, records, body, who="監査人")
            kept["streams"] = await tools.ledger.streams("d/")
            kept["again"] = await tools.ledger.read(kept["found"].again or "")

        council = stage.with_seats(attempts=1)
        recorded = stage.record(question=question, script=by_model(parts), then=then, council=council, **more)
        return kept["found"], recorded, kept

    return make


def words(found):
    """The word of each seat, in seat order."""
    return [seat.word for seat in found.seats]


def test_the_same_answers_agree(twice, acts):
    """Every seat and the verdict say the same; the second deliberation is one of its own, with its own tickets."""
    found, recorded, kept = twice({acts.NI: acts.form("B")})

    assert (found.result, found.verdict, words(found)) == ("asked", "same", ["same"] * 3)
    assert found.again != found.stream
    assert len(kept["streams"]) == 2
    assert sum(record.kind == "ticketed" for record in kept["again"]) == 3
    assert (found.who, found.origins, found.label_then, found.label_now) == (
        "監査人",
        ("scripted",),
        "internal",
        "internal",
    )
    assert recorded.verdict.outcome == found.outcome_now


def test_another_class_is_another_class(twice, acts):
    """A seat that changed its mind is told, and so is a verdict that turned."""
    now = {acts.NI: acts.form("B"), acts.SAN: acts.form("B")}
    found, *_ = twice({}, now)

    assert words(found) == ["same", "other", "other"]
    assert (found.verdict, found.outcome_then, found.outcome_now) == ("other", "unanimous", "majority")


def test_a_failure_then_or_now_is_no_disagreement(twice, acts):
    """Who failed on one side is told as failed there, and a verdict that is none as well."""
    then, now = {acts.ICHI: Status(400)}, {acts.NI: Status(400), acts.SAN: Status(400)}
    found, *_ = twice(then, now)

    assert words(found) == ["failed_then", "failed_now", "failed_now"]
    assert found.verdict == "failed_now"


def test_open_answers_are_compared_by_their_texts(twice, acts):
    """Classes of open text are numbered anew each time; the texts tell whether a seat said the same."""
    question = take_question("花壇をどうするか", OpenSpace())
    then = {acts.ICHI: acts.form("作る"), acts.NI: acts.form("作らない"), acts.SAN: acts.form("作る")}
    now = {acts.ICHI: acts.form("作らない"), acts.NI: acts.form("作らない"), acts.SAN: acts.form("作る")}
    found, *_ = twice(then, now, question)

    assert words(found) == ["other", "same", "same"]
    assert found.verdict == "other"


def test_nothing_of_the_old_answers_is_sent(twice, acts):
    """The second requests are the first ones, byte for byte: they know of no answer."""
    canary = "花壇カナリア"
    found, recorded, kept = twice({acts.NI: acts.form("B", canary)})
    digests = [
        [r.data.digest for r in each if r.kind == "ticketed"] for each in (recorded.records, kept["again"])
    ]

    assert found.result == "asked"
    assert sorted(digests[0]) == sorted(digests[1])


def test_a_label_that_rose_since_forbids_what_was_allowed(twice):
    """The question is never asked under a milder label than it had reached; a refusal says why."""

    async def between(tools, stream):
        await raise_label(tools, stream, "secret", "田中")

    found, *_ = twice({}, between=between)

    assert (found.result, found.why, found.again) == ("refused", "council_refused.too_few_seats", None)
    assert found.label_then == "secret"


def test_a_policy_that_is_stricter_today_forbids_it(twice, stage):
    """Today's profile rules on the second deliberation, not the recorded one."""
    strict = stage.assets.profiles["local-government"]
    found, *_ = twice({}, now={"profile": strict})

    assert found.result == "refused"
    assert (found.why or "").startswith("council_refused.")


def test_a_card_that_is_gone_forbids_it(twice):
    """A council with a seat that nobody can take is not asked."""
    found, *_ = twice({}, now={"cards": {}})

    assert (found.result, found.why) == ("refused", "unknown_name.card")


def test_a_personal_label_of_then_is_kept(twice):
    """What was declared then is declared again."""
    found, _, kept = twice({}, label="personal")

    assert (found.label_then, found.label_now) == ("personal", "personal")
    assert kept["again"][0].data.declared


def test_an_erased_question_cannot_be_asked(plain):
    """Without the question nothing is asked."""

    def gone(_ref):
        raise ErasedError("body", stream=plain.stream, by="x", why="request", at_ms=0)

    found = asyncio.run(requery(None, plain.stream, plain.records, gone, who="x"))

    assert (found.result, found.outcome_then) == ("erased", "unanimous")


def test_what_has_no_verdict_has_nothing_to_agree_with(plain):
    """An open stream is not asked again."""
    records = [record for record in plain.records if not isinstance(record.data, Decided)]
    found = asyncio.run(requery(None, plain.stream, records, plain.body, who="x"))

    assert found.result == "none"


def seat(name, word):
    """A seat's agreement of that word."""
    return SeatAgreement(name, word, "c", "c", "answer", "answer", "A", "A")


def test_shares_are_of_those_where_both_sides_spoke():
    """A failure lowers no share; it is counted beside it."""
    found = agreements(
        [
            Agreement("d/1", "x", "asked", verdict="same", seats=(seat("s1", "same"), seat("s2", "other"))),
            Agreement(
                "d/2",
                "x",
                "asked",
                verdict="failed_now",
                seats=(seat("s1", "same"), seat("s2", "failed_now")),
            ),
            Agreement("d/3", "x", "refused", origins=("scripted",)),
        ]
    )

    assert (found.asked, found.not_asked, found.standins) == (2, 1, 1)
    assert (found.seats_same_bp, found.verdicts_same_bp) == (6_666, 10_000)
    assert found.by_seat == {"s1": {"same": 2}, "s2": {"failed_now": 1, "other": 1}}
    assert found.plain()["seats"] == {"same": 2, "failed_now": 1, "other": 1}


def test_of_nothing_there_is_no_share():
    """No percentage is made of no case."""
    assert (agreements([]).seats_same_bp, agreements([]).verdicts_same_bp) == (None, None)
