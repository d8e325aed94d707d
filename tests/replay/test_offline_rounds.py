"""Replay of deliberations with terms: every stage, council and interruption comes to the same record again."""

import asyncio
import json
from dataclasses import dataclass, field, replace

import pytest

from magi.core.answers.concern import NO_CONCERN
from magi.core.council import Council, Seat
from magi.core.reliability import Profile, SeatReliability
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace, OpenSpace, YesNoConditionalSpace
from magi.core.terms import ArbitrationRules, Gate
from magi.replay.lives import takeovers
from magi.replay.manifest import manifest_of
from magi.replay.rearbitrate import rearbitrate
from magi.replay.reheard import verdict_again
from magi.replay.requery import requery
from magi.replay.sends import incidents_of, sends_of
from magi.service.labelled import raise_label
from magi.service.materials import Attached, Reader, attach
from magi.service.question import take_question
from magi.service.recover import take_up
from magi.service.reliability import Adoption, adopt
from magi.service.run import Request, deliberate
from magi.standin.rehearsal import plausible
from magi.standin.script import Hang, Reply, Status, sequence

ABROAD, SPARE = "standin-abroad", "smollm2-135m"
OPEN = OpenSpace()
YES_NO = YesNoConditionalSpace()
MARKED = "機密性2情報による"


def assert_same(recorded):
    """Verdict, verdict alone, and the whole pipeline with every byte sent are those on record."""
    found = recorded.replay(stall_seconds=8)

    assert rearbitrate(recorded.stream, recorded.records).result == "same"
    assert verdict_again(recorded.records, recorded.bodies) == recorded.verdict
    assert (found.first_difference, found.result, found.verdict_same) == (None, "same", True)
    return found


def said(answer, reason="理由", basis="根拠なし", **more):
    """What a seat sends on the form with a concern."""
    text = {"answer": answer, "reason": reason, "basis": basis, "concern": NO_CONCERN} | more
    return Reply(json.dumps(text, ensure_ascii=False))


def ranking(*options):
    """What a seat sends on the form for rankings."""
    return Reply(json.dumps({"ranking": options, "reason": "理由", "basis": "根拠なし"}, ensure_ascii=False))


def fields_of(request):
    """The fields of the form that is asked for."""
    return request.response_format["json_schema"]["schema"]["properties"]


def everything(seed="x", **reasons):
    """A script that answers any form; a reply to a form with this field gets this reason: `votes="..."`."""

    def script(request):
        reply = plausible(f"{seed} {request.model}")(request)
        for name, reason in reasons.items():
            if name in fields_of(request) and request.model == "standin-ichi":
                fields = json.loads(reply.content) | {"reason": reason}
                return Reply(json.dumps(fields, ensure_ascii=False))
        return reply

    return script


def split_then(acts, ichi="はい", ni="いいえ", san="はい"):
    """A split of yes and no, and these second ballots."""
    first = {acts.ICHI: "はい", acts.NI: "いいえ", acts.SAN: "いいえ"}
    then = {acts.ICHI: ichi, acts.NI: ni, acts.SAN: san}
    return {model: sequence(said(first[model]), said(then[model])) for model in first}


def council(name, cards, *, rule="plurality", quorum=3, **arbitration):
    """A council of one seat for each card, with these terms."""
    personas = ("melchior@1", "balthasar@1", "casper@1")
    return Council(
        name=name,
        title=name,
        seats=tuple(
            Seat(seat=f"s{n}", persona=personas[n % 3], targets=(card,))
            for n, card in enumerate(cards, start=1)
        ),
        quorum=quorum,
        rule=Rule(name=rule),
        deadline_seconds=60,
        attempts=2,
        arbitration=ArbitrationRules(**arbitration),
    )


@pytest.fixture
def review(stage):
    """The shipped council of every stage."""
    return stage.assets.councils["rehearsal-review"]


@pytest.fixture
def own(acts):
    """Councils of four cards at home."""

    def make(name="own", **changes):
        return council(name, (acts.ICHI, acts.NI, acts.SAN, SPARE), **changes)

    return make


def stages(recorded):
    """The stages of which there is an answer on record."""
    return {event.stage for event in recorded.events("answered")}


# Every stage.


def test_a_rebuttal_is_asked_again_with_the_same_bytes(stage, acts, review):
    """A split council's second prompts, made from the first answers, and its second ballots are the same."""
    recorded = stage.record(
        split_then(acts), take_question("行うか", YES_NO), council=review, render=lambda *_: "お答え"
    )

    assert stages(recorded) == {"answer", "rebuttal"}
    assert recorded.verdict.arbitration.moves
    assert assert_same(recorded).taken == ("reply_text", "terms")


@pytest.mark.parametrize("seed", ["p", "q", "r"])
def test_reviews_and_draft_are_asked_again_with_the_same_bytes(stage, review, seed):
    """Open text: order and labels of every review, the verifier's word, and the draft's form are the same."""
    recorded = stage.record(
        question=take_question("駅前の花壇をどう思うか", OPEN), script=everything(seed), council=review
    )

    assert {"answer", "review"} <= stages(recorded)
    assert {"classified", "checked"} <= set(recorded.kinds)
    assert_same(recorded)


def test_some_draft_is_among_what_was_replayed(stage, review):
    """With claims that everybody accepts a draft is asked for; nobody says that the tests above all saw one."""

    def script(request):
        reply = plausible(request.model)(request)
        fields = json.loads(reply.content)
        if "votes" in fields:
            fields["votes"] = [vote | {"vote": "賛成"} for vote in fields["votes"]]
        return Reply(json.dumps(fields, ensure_ascii=False))

    recorded = stage.record(
        question=take_question("駅前の花壇をどう思うか", OPEN), script=script, council=review
    )

    assert "write" in stages(recorded)
    assert_same(recorded)


def test_a_failed_review_and_its_retry_are_replayed(stage, review):
    """Failures of later stages keep their names and numbers."""
    held, calls = everything("p"), []

    def once(request):
        if "votes" in fields_of(request) and not calls:
            calls.append(request.model)
            return Status(503)
        return held(request)

    recorded = stage.record(
        question=take_question("駅前の花壇をどう思うか", OPEN), script=once, council=review
    )

    assert [e.ask[0] for e in recorded.events("attempt_failed")] == ["r"]
    assert_same(recorded)


def test_every_send_of_every_stage_is_accounted_for(stage, acts, review):
    """Egress audit and manifest name each send with its seat and fate, whatever the stage."""
    recorded = stage.record(split_then(acts), take_question("行うか", YES_NO), council=review)
    sends = sends_of(recorded.stream, recorded.records)
    shown = manifest_of(recorded.records)

    assert [(s.ask, s.seat, s.fate) for s in sends if s.ask.startswith("b")] == [
        ("b1", "melchior", "answered"),
        ("b2", "balthasar", "answered"),
        ("b3", "casper", "answered"),
    ]
    assert {each["ask"] for each in shown["sends"]} == set(shown["arrival"]) == {s.ask for s in sends}
    assert incidents_of(recorded.records) == ()


# Councils of many kinds.


def test_a_sequential_council_stops_and_asks_again_in_its_order(stage, acts):
    """Who was saved is saved again."""
    recorded = stage.record(
        dict.fromkeys((acts.ICHI, acts.NI, acts.SAN), said("はい")),
        take_question("行うか", YES_NO),
        council=council("three", (acts.ICHI, acts.NI, acts.SAN), quorum=2, mode="sequential"),
    )

    assert "not_asked" in [report.said for report in recorded.verdict.seats]
    assert_same(recorded)


def test_rankings_are_read_again(stage, acts, own):
    """Ballots of a ranked rule are the same strings."""
    parts = {acts.ICHI: ranking("A", "B"), acts.NI: ranking("B", "C", "A"), acts.SAN: ranking("C")}
    spare = stage.assets.cards[SPARE].endpoint.model
    question = take_question(
        "どれか", ChoiceSpace(options=("A", "B", "C")), {"A": "甲", "B": "乙", "C": "丙"}
    )
    recorded = stage.record(parts | {spare: ranking("B", "A")}, question, council=own(rule="schulze"))

    assert recorded.events("answered")[1].ballot == "B>C>A"
    assert_same(recorded)


def profile(*shares):
    """A profile of s1 to s4."""
    return Profile(
        seats=tuple(
            SeatReliability(seat=f"s{n}", asked=100, right=50, share_ppm=500_000, weight=weight)
            for n, weight in enumerate(shares, start=1)
        ),
        options=3,
        labels=100,
        coefficients=shares,
        n_eff_centi=200,
        aggregator="log_odds",
    )


def test_a_profile_that_came_later_changes_no_replay(stage, acts, own):
    """The measured numbers are those on record, whichever profile is in use when it is replayed."""
    weighing, question = own("weighing", rule="chosen"), take_question("行うか", YES_NO)

    async def during(tools, task):
        await asyncio.wait((task,))  # refused: nothing was measured yet
        await adopt(tools, weighing, Adoption(profile(4_000, 900, 900, 900), "田中"))
        await deliberate(tools, Request(question, weighing))
        await adopt(tools, weighing, Adoption(profile(1, 9, 9, 9), "田中"))

    parts = {acts.ICHI: said("はい"), acts.NI: said("いいえ"), acts.SAN: said("いいえ")}
    spare = stage.assets.cards[SPARE].endpoint.model
    recorded = stage.record(parts | {spare: said("いいえ")}, question, council=weighing, during=during)

    assert (recorded.verdict.outcome, recorded.verdict.answer_class) == ("single_seat", "yes")
    assert recorded.events("opened")[0].manifest.reliability == profile(4_000, 900, 900, 900).digest()
    assert assert_same(recorded).manifest.unknown == ()


def test_materials_are_checked_again(stage, review):
    """What the verifier looks up stands in the question on record."""
    question = take_question("この資料のとおりにするか", OPEN)

    async def attached():
        reader = Reader()
        try:
            return await attach(reader, question, (Attached("計画.txt", "駅前の花壇の計画".encode(), 0),))
        finally:
            await reader.aclose()

    question, materials = asyncio.run(attached())
    recorded = stage.record(question=question, materials=materials, script=everything("p"), council=review)

    assert recorded.events("opened")[0].arbitration.sources
    assert "checked" in recorded.kinds
    assert_same(recorded)


def test_a_seat_at_rest_rests_again(stage, acts, own):
    """A gate by a declared topic: the fourth seat is asked neither then nor in the replay."""
    gated = own("gated", gates=(Gate(topic="tax", seats=("s1", "s2", "s3")),))
    parts = dict.fromkeys((acts.ICHI, acts.NI, acts.SAN), said("はい"))
    recorded = stage.record(parts, take_question("行うか", YES_NO), council=gated, subject="tax")

    assert [report.said for report in recorded.verdict.seats][3] == "rested"
    assert_same(recorded)


def test_a_label_that_rises_in_mid_review_rises_again(stage, review):
    """What a review shows raises the label at its place, with everything that follows from it."""
    recorded = stage.record(
        question=take_question("駅前の花壇をどう思うか", OPEN),
        script=everything("p", votes=MARKED),
        council=review,
        label="public",
        profile="gennai",
    )
    place = recorded.place("label_raised")

    assert recorded.kinds.index("classified") < place
    assert recorded.records[place].data.text[0] in "rq"
    assert_same(recorded)


def test_a_person_who_raises_the_label_in_mid_review_raises_it_again(stage, acts, review):
    """The word of a person between two rounds keeps its place too."""
    held = everything("p")

    def script(request):
        slow = "votes" in fields_of(request) and request.model == acts.SAN
        return Hang(20) if slow else held(request)

    async def during(tools, _task):
        stream = await acts.until(tools, None, "classified")
        await raise_label(tools, stream, "secret", "田中")

    recorded = stage.record(
        question=take_question("駅前の花壇をどう思うか", OPEN),
        script=everything("p"),
        council=review,
        during=during,
    )

    assert recorded.events("label_raised")
    assert "raise" in assert_same(recorded).taken


def test_a_deadline_in_the_second_round_passes_again(stage, acts, review):
    """Who had not said a second time by then said what it said first."""
    late = {acts.SAN: sequence(said("いいえ"), Hang(20))}
    recorded = stage.record(
        split_then(acts) | late,
        take_question("行うか", YES_NO),
        council=review.model_copy(update={"deadline_seconds": 2}),
    )

    assert "rebuttal_incomplete" in recorded.verdict.flags
    assert_same(recorded)


def test_a_caller_who_went_in_the_second_round_goes_again(stage, acts, review):
    """The first answers and those second ones that were in decide again, and nobody is asked any more."""

    async def during(tools, task):
        await acts.until(tools, None, "answered", 5)
        task.cancel()

    parts = split_then(acts) | {acts.SAN: sequence(said("いいえ"), Hang(20))}
    recorded = stage.record(parts, take_question("行うか", YES_NO), council=review, during=during)

    assert [event.asks for event in recorded.events("cancelled")] == [("b3",)]
    assert "caller_gone" in assert_same(recorded).taken


# A process that died.


class Killed(BaseException):
    """Nothing catches a kill."""


@dataclass
class Mortal:
    """The real ledger until `after(record)` held; from then on its process writes nothing."""

    ledger: object
    after: object
    dead: asyncio.Event = field(default_factory=asyncio.Event)

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


@pytest.fixture
def killed(stage):
    """A deliberation whose process dies once `after(record)` holds, taken up by the next one with `changes`."""

    def make(after, *args, changes=None, **more):
        async def during(tools, task):
            await asyncio.wait_for(tools.ledger.dead.wait(), 20)
            task.cancel()
            await asyncio.wait((task,))

        async def then(tools, _stream):
            alive = replace(tools, ledger=tools.ledger.ledger, owner="host:2:2", **(changes or {}))
            await take_up(alive, lambda _owner: True)

        mortal = {"changes": lambda tools: {"ledger": Mortal(tools.ledger, after)}}
        return stage.record(*args, during=during, then=then, **mortal, **more)

    return make


def after(kind, ask=""):
    """After the first record of a kind, of an ask."""
    return lambda record: record.kind == kind and getattr(record.data, "ask", "").startswith(ask)


@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        ("ticketed", "a2"),
        ("answered", "a1"),
        ("classified", ""),
        ("ticketed", "r2"),
        ("answered", "r"),
        ("checked", ""),
        ("ticketed", "w"),
    ],
)
def test_a_kill_in_any_stage_of_open_text_is_replayed(killed, review, kind, ask):
    """What the dead process wrote and what the next one did come to the same records and the same bytes."""

    def script(request):
        fields = json.loads(plausible(request.model)(request).content)
        if "votes" in fields:
            fields["votes"] = [vote | {"vote": "賛成"} for vote in fields["votes"]]
        return Reply(json.dumps(fields, ensure_ascii=False))

    question = take_question("駅前の花壇をどう思うか", OPEN)
    recorded = killed(after(kind, ask), question=question, script=script, council=review)

    assert recorded.kinds[-1] == "decided"
    assert {"answer", "review", "write"} <= stages(recorded)
    assert_same(recorded)


@pytest.mark.parametrize(
    ("kind", "ask"), [("ticketed", "a3"), ("ticketed", "b1"), ("answered", "b"), ("answered", "a3")]
)
def test_a_kill_in_a_rebuttal_is_replayed(killed, acts, review, kind, ask):
    """The same of second ballots; a lost ask is asked again under its next number, with the same words."""
    recorded = killed(after(kind, ask), split_then(acts), take_question("行うか", YES_NO), council=review)
    again = [event for event in recorded.events("ticketed") if event.attempt > 1]
    found = assert_same(recorded)

    assert bool(again) is ("taken_over" in found.taken)
    assert bool(takeovers(recorded.records)) is bool(again)


def test_a_kill_that_other_cards_closed_is_replayed(killed, stage, acts, review):
    """The next process had other cards: it gave up what ran, asked nobody any more, and so does the replay."""
    recorded = killed(
        after("ticketed", "b1"),
        split_then(acts),
        take_question("行うか", YES_NO),
        council=review,
        changes={"cards": stage.assets.cards},
    )

    assert "abandoned" in recorded.kinds
    assert "taken_over" in assert_same(recorded).taken


# Asked again.


def test_asking_again_has_the_same_arbitration(stage, acts, own):
    """R4 asks the same council under the same terms: gate, mode and topic, with today's profile."""
    gated = own("gated", gates=(Gate(topic="tax", seats=("s1", "s2", "s3")),), severity_floor=True)
    kept = {}

    async def then(tools, stream):
        records = await tools.ledger.read(stream)
        found = await requery(tools, stream, records, lambda r: tools.ledger.body(r, "t", "t"), who="監査人")
        kept["found"] = found
        (kept["again"], *_) = await tools.ledger.read(found.again)

    parts = dict.fromkeys((acts.ICHI, acts.NI, acts.SAN), said("はい"))
    recorded = stage.record(parts, take_question("行うか", YES_NO), council=gated, subject="tax", then=then)
    then_terms, now_terms = recorded.events("opened")[0].arbitration, kept["again"].data.arbitration

    assert (kept["found"].result, kept["found"].verdict) == ("asked", "same")
    assert now_terms == then_terms
    assert [seat.word for seat in kept["found"].seats] == ["same"] * 3 + ["not_asked_both"]
