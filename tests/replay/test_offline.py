"""Replay level R2: real recorded runs against stand-ins come to the same record, or say what differs."""

import asyncio
import json
import socket
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from magi.core.prompts import Templates
from magi.core.record import Abandoned, Refused
from magi.core.space import DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.replay.manifest import ManifestCheck
from magi.service.labelled import lower_label, raise_label
from magi.service.materials import Attached, Reader, attach
from magi.service.question import Turn, take_question
from magi.standin.script import (
    CloseUnanswered,
    CutStream,
    Garbage,
    Hang,
    Status,
    WrongModel,
    sequence,
)
from magi.wiring import bind

MARKED = "極秘"
"""A marking that no seat of the domestic council may see."""

SPARE = "smollm2-135m"
"""A card of another maker's open weights at home, to fall back on."""


def assert_same(found):
    """A replay that came to the very same record."""
    assert (found.first_difference, found.result, found.verdict_same) == (None, "same", True)


# What comes to the same.


@pytest.mark.parametrize(
    ("space", "answers"),
    [
        (None, ("A", "B", "A")),
        (YesNoConditionalSpace(), ("はい", "条件付き", "棄権")),
        (NumberSpace(unit="日"), ("30日", "三十日", "40日")),
        (DateSpace(), ("令和8年4月1日", "2026年4月1日", "きのう")),
        (OpenSpace(), ("花壇を作る", "花壇を 作る", "作らない")),
    ],
    ids=["choice", "yes_no", "number", "date", "open"],
)
def test_every_answer_space_replays_to_the_same_record(stage, acts, space, answers):
    """Ballots, classes, claims, bodies and verdict are the same for each kind of question."""
    parts = {
        model: acts.form(said) for model, said in zip((acts.ICHI, acts.NI, acts.SAN), answers, strict=True)
    }
    question = None if space is None else take_question("どうするか", space)
    recorded = stage.record(parts, question, render=lambda *_: "お答えします")

    assert_same(found := recorded.replay())
    assert found.taken == ("reply_text",)


def test_answers_that_came_in_another_order_come_in_it_again(stage, acts):
    """The record's order of arrival decides, not the order of asking."""
    recorded = stage.record({acts.NI: acts.form("B")}, changes=acts.last_first)

    assert [answer.ask for answer in recorded.events("answered")] == ["a3", "a2", "a1"]
    assert_same(recorded.replay())


@pytest.mark.parametrize(
    "trouble",
    [
        Status(503),
        Status(429, retry_after=0),
        Garbage(b"{"),
        CutStream("半分", after_chunks=2),
        CloseUnanswered(),
        Status(500),
    ],
    ids=["overloaded", "rate_limited", "garbage", "cut_stream", "closed", "http_500"],
)
def test_a_failed_attempt_and_its_retry_are_replayed(stage, acts, trouble):
    """The recorded failure comes back as the same failure, and the retry answers as it did."""
    recorded = stage.record({acts.NI: sequence(trouble, acts.form("B"))})

    assert "attempt_failed" in recorded.kinds
    assert_same(recorded.replay())


def test_what_is_no_answer_replays_as_what_it_is(stage, acts):
    """A refused connection, garbage as text and an answer of another model keep their names, alarm included."""
    parts = {acts.NI: WrongModel("another", acts.form("B")), acts.SAN: Garbage(b"{}", "text/html")}
    recorded = stage.record(parts, council=stage.with_seats(attempts=1))

    assert {event.failure for event in recorded.events("attempt_failed")} == {"model_mismatch", "garbage"}
    assert len(recorded.events("alarm")) == 1
    assert_same(recorded.replay())


def test_a_card_that_nobody_serves_replays_as_unsent(stage, acts):
    """A connection that was refused is a failure with proof that nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    def unserved(cards):
        dead = cards[acts.NI].endpoint.model_copy(update={"base_url": f"http://127.0.0.1:{port}/v1"})
        return cards | {acts.NI: cards[acts.NI].model_copy(update={"endpoint": dead})}

    recorded = stage.record(council=stage.with_seats(attempts=1), cards=unserved)

    assert [(e.failure, e.sent) for e in recorded.events("attempt_failed")] == [("connect_failed", "no")]
    assert_same(recorded.replay())


def test_a_deadline_that_passed_passes_again_at_once(stage, acts):
    """Two seats that never answer are outstanding again, and nobody waits for them."""
    council = stage.with_seats(deadline_seconds=1)
    recorded = stage.record({acts.NI: Hang(20), acts.SAN: Hang(20)}, council=council)

    assert "deadline_passed" in recorded.kinds
    assert_same(recorded.replay())


def test_what_failed_while_another_was_being_stopped_keeps_its_place(stage, acts):
    """A failure that stood in line while a rise was written is recorded between that and the stop of a third seat."""
    parts = {
        acts.ICHI: acts.form("A", "機密性2情報による"),
        acts.NI: sequence(Status(503), acts.form("B")),
        "standin-abroad": Hang(20),
    }
    recorded = stage.record(
        parts,
        council=stage.assets.councils["rehearsal"],
        label="public",
        profile="gennai",
        changes=acts.while_writing("label_raised", "a2"),
    )
    place = recorded.place("label_raised")

    assert recorded.kinds[place : place + 3] == ["label_raised", "attempt_failed", "cancelled"]
    assert recorded.events("ticketed")[-1].label == 1
    assert_same(recorded.replay())


def test_an_answer_that_was_labelled_before_a_rise_was_durable_keeps_its_label(stage, acts):
    """What came while a rise was being written did not know of it, and does not know of it again."""
    parts = {acts.ICHI: acts.form("A", "機密性2情報による"), acts.NI: acts.form("B")}
    changes = acts.while_writing("label_raised", "a2", "a3")
    recorded = stage.record(parts, label="public", changes=changes)

    assert {answer.ask: answer.label for answer in recorded.events("answered")} == {"a1": 1, "a2": 0, "a3": 0}
    assert_same(recorded.replay())


def test_a_fallback_answers_for_its_seat_again(stage, acts):
    """The first card fails, the second answers, under the recorded attempt numbers."""
    council = stage.with_seats((acts.ICHI,), (acts.NI, SPARE), (acts.SAN,), attempts=2)
    model = stage.assets.cards[SPARE].endpoint.model
    recorded = stage.record({acts.NI: Status(400), model: acts.form("B")}, council=council)
    answers = {event.ask: (event.card, event.attempt) for event in recorded.events("answered")}

    assert answers["a2"] == (SPARE, 2)
    assert_same(recorded.replay())


def test_an_answer_that_raises_the_label_raises_it_again(stage, acts):
    """What an answer shows bars the seats that run, and they are cancelled in the recorded order."""
    parts = {acts.ICHI: acts.form("A", f"{MARKED}の資料による"), acts.NI: Hang(20), acts.SAN: Hang(20)}
    recorded = stage.record(parts)

    assert recorded.kinds[-4:] == ["answered", "label_raised", "cancelled", "decided"]
    assert_same(recorded.replay())


def test_a_person_who_raises_the_label_raises_it_again(stage, acts):
    """The word of a person comes at its place in the record, under that person's name."""

    async def during(tools, _task):
        stream = await acts.until(tools, None, "ticketed", 3)
        await raise_label(tools, stream, "secret", "田中")

    recorded = stage.record({model: Hang(20) for model in (acts.ICHI, acts.NI, acts.SAN)}, during=during)
    raised = recorded.records[recorded.place("label_raised")]

    assert (raised.actor, recorded.verdict.outcome) == ("田中", "no_quorum")
    assert_same(found := recorded.replay())
    assert found.taken == ("raise",)


def test_a_caller_who_went_goes_again(stage, acts):
    """A cancelled call is closed by the service itself, with the verdict that then stood."""

    async def during(tools, task):
        await acts.until(tools, None, "answered", 2)
        task.cancel()

    recorded = stage.record({acts.SAN: Hang(20)}, during=during)

    assert [event.by for event in recorded.events("cancelled")] == ["user"]
    assert_same(found := recorded.replay())
    assert found.taken == ("caller_gone",)


def test_a_masked_question_is_masked_again(stage, acts):
    """Pseudonyms are made again from question and hits, and the names come back into the answers."""
    profile = stage.assets.profiles["domestic-only"].model_copy(update={"masking": True})
    stage.profiles[profile.version] = profile
    question = take_question(
        "連絡先は taro.yamada@example.jp です。申請を受け付けるか", acts.AB, {"A": "可", "B": "否"}
    )
    recorded = stage.record(question=question, changes={"profile": profile})
    request = next(ref for ref in recorded.records[1].refs if ref.name == "request")

    assert recorded.events("opened")[0].masked == 1
    assert b"taro.yamada" not in recorded.bodies[request.commitment]
    assert_same(recorded.replay())


@pytest.mark.parametrize("label", [None, "public", "personal"])
def test_a_conversation_with_earlier_turns_replays(stage, acts, label):
    """Turns are context again; their keyed digests and what they carried come from the record."""
    turns = (Turn("user", "花壇の計画を立てたい"), Turn("assistant", "どこに作るのですか"))
    question = take_question("駅前に作るか", acts.AB, {"A": "作る", "B": "作らない"}, turns)
    recorded = stage.record(question=question, label=label)

    assert_same(found := recorded.replay())
    assert {"label", "ancestors"} <= set(found.taken)


def test_a_label_that_earlier_turns_carried_is_carried_again(stage, acts):
    """What a conversation inherited stands in its record, not in what is remembered today."""
    first = "山側の花壇の計画を立てたいので相談したい"
    stage.record(question=take_question(first, acts.AB, {"A": "可", "B": "否"}), label="personal")
    question = take_question("駅前に作るか", acts.AB, {"A": "可", "B": "否"}, (Turn("user", first),))
    recorded = stage.record(question=question)

    assert (recorded.events("opened")[0].label, recorded.events("opened")[0].declared) == (2, False)
    assert_same(recorded.replay())


def test_a_question_with_files_replays_from_its_intent_on(stage, acts):
    """The bytes of a file are kept nowhere: the recorded intent stands, everything after it runs again."""
    question = take_question("この資料のとおりにするか", acts.AB, {"A": "する", "B": "しない"})

    async def attached():
        reader = Reader()
        try:
            return await attach(reader, question, (Attached("計画.txt", "駅前の花壇の計画".encode(), 0),))
        finally:
            await reader.aclose()

    question, materials = asyncio.run(attached())
    recorded = stage.record(question=question, materials=materials)

    assert_same(found := recorded.replay())
    assert found.taken == ("opened", "label", "ancestors")


def test_an_idempotency_key_is_known_by_its_digest(stage):
    """The keyed digest stands in the record; the key is not needed."""
    recorded = stage.record(idempotency_key="k-1")

    assert_same(found := recorded.replay())
    assert found.taken == ("idempotency",)


def test_a_lowered_label_is_lowered_again(stage, acts):
    """The recorded word of a named person overrules the same rules."""
    question = take_question(
        "担当は佐藤太郎、電話は 090-1234-5678。受けるか", acts.AB, {"A": "受ける", "B": "受けない"}
    )
    lowered = {}

    async def during(tools, task):
        lowered["number"], _ = await lower_label(tools, question, "internal", "田中", "架空の例")
        await asyncio.wait((task,))

    stage.record(during=during)
    recorded = stage.record(question=question, label="internal", lowering=lowered["number"])

    assert recorded.events("opened")[0].cleared
    assert_same(found := recorded.replay())
    assert {"label", "lowering"} <= set(found.taken)


def test_a_seat_abroad_is_asked_and_guarded_again(stage, acts):
    """A public question goes abroad again, through the guard's own detectors."""
    council = stage.assets.councils["rehearsal"]
    recorded = stage.record(
        council=council, label="public", profile="gennai", script=lambda _request: acts.form("A")
    )

    assert any(event.foreign for event in recorded.events("ticketed"))
    assert_same(recorded.replay())


@pytest.mark.parametrize(
    ("endpoint", "pin", "failure"),
    [
        ({"key_env": "MAGI_TEST_NO_SUCH_KEY"}, "loopback", "key_missing"),
        ({"base_url": "https://localhost:1/v1"}, "system-ca", "egress_address_loopback"),
        ({"base_url": "http://localhost:1/v1"}, "loopback", "connect_failed"),
    ],
)
def test_what_stood_outside_of_the_record_is_as_the_record_says(stage, acts, endpoint, pin, failure):
    """A credential that was not there and a name that led where it may not, or nowhere, do so again."""
    host = "localhost" if "base_url" in endpoint else "127.0.0.1"

    def changed(card):
        backend = card.backend.model_copy(update={"allowed_hosts": (host,), "cert_pin": pin})
        parts = {"endpoint": card.endpoint.model_copy(update=endpoint), "backend": backend}
        return card.model_copy(update=parts)

    def again(card, *bound):
        return changed(bind(card, *bound)) if card.id == acts.NI else bind(card, *bound)

    recorded = stage.record(
        council=stage.with_seats(attempts=1),
        cards=lambda cards: cards | {acts.NI: changed(cards[acts.NI])},
        changes={"check_callable": lambda *_: None},
    )
    # A card with a fixed address is the same whatever port the stand-in had.
    fixed = {} if "key_env" in endpoint else {acts.NI: recorded.asked[acts.NI]}
    world = replace(recorded.world, bind=again, cards={**recorded.world.cards, **fixed})

    assert [event.failure for event in recorded.events("attempt_failed")] == [failure]
    assert_same(replace(recorded, world=world).replay())


def test_what_follows_the_verdict_decides_nothing(stage):
    """A label raised afterwards is named, and the deliberation replays without it."""

    async def then(tools, stream):
        await raise_label(tools, stream, "secret", "田中")

    recorded = stage.record(then=then)

    assert recorded.kinds[-2:] == ["decided", "label_raised"]
    assert_same(found := recorded.replay())
    assert found.taken == ("after_verdict",)


def test_another_code_version_is_named_and_replayed_all_the_same(plain):
    """Code, lock and a changed council file are the declared differences; the run decides what they mean."""
    world = replace(plain.world, code="other", lock="other", councils={})

    found = replace(plain, world=world).replay()

    assert_same(found)
    assert found.manifest.differs == ("code", "lock", "council")


def test_two_replays_of_one_record_are_equal(plain):
    """Nothing of a replay depends on chance or on the time."""
    assert plain.replay() == plain.replay()


def test_a_replay_of_a_rehearsal_stays_marked(plain):
    """Who spoke stands in the result."""
    found = plain.replay()

    assert found.origins == ("scripted",)
    assert json.loads(json.dumps(found.plain()))["origins"] == ["scripted"]


# What does not.


def test_a_request_that_was_not_sent_like_that_is_a_miss(plain):
    """Other recorded bytes of a request answer nothing; ask and attempt are named, the verdict alone still stands."""
    ref = plain.records[plain.place("ticketed", "a2")].ref("request")
    bodies = {**plain.bodies, ref.commitment: plain.bodies[ref.commitment] + b" "}

    found = replace(plain, bodies=bodies).replay()

    assert (found.result, found.first_difference, found.verdict_same) == ("miss", "a2#1", True)


def test_a_ticket_of_another_digest_is_a_miss(plain):
    """The digest of method, URL and headers counts too."""
    found = plain.with_event(plain.place("ticketed", "a3"), digest="0" * 64).replay()

    assert (found.result, found.first_difference) == ("miss", "a3#1")


@pytest.mark.parametrize(
    ("kind", "changes", "where"),
    [
        ("opened", {"label": 0}, "#0 opened label"),
        ("opened", {"declared": True, "label": 2}, "#1 ticketed a1#1 label"),
        ("opened", {"topics": ("territory",)}, "#0 opened topics"),
        ("ticketed", {"label": 0}, "#1 ticketed a1#1 label"),
        ("ticketed", {"derived_from": ()}, "#1 ticketed a1#1 derived_from"),
        ("answered", {"ballot": "B"}, "answered a1#1 ballot"),
        ("answered", {"tokens": None}, "answered a1#1 tokens"),
        ("decided", {"outcome": "majority"}, "decided outcome"),
        ("decided", {"dissent": ("a1",)}, "decided dissent"),
    ],
)
def test_a_changed_field_is_found_and_named(plain, kind, changes, where):
    """Whatever field of a record was not what the pipeline makes of its inputs, the first one is named."""
    ask = "a1" if kind in ("ticketed", "answered") else None
    found = plain.with_event(plain.place(kind, ask), **changes).replay(stall_seconds=2)

    assert found.result == "different"
    assert where in found.first_difference


def test_a_changed_answer_body_or_exchange_is_found(stage, acts):
    """The words kept for a seat, and the bytes it sent, must be those that the pipeline makes."""
    recorded = stage.record({acts.NI: acts.form("B")})
    place = recorded.place("answered", "a2")
    words, sent = (recorded.records[place].ref(name).commitment for name in ("answer", "exchange"))
    reworded = replace(recorded, bodies={**recorded.bodies, words: b"{}"}).replay()
    other = recorded.bodies[sent].replace(b"B", b"A")
    resent = replace(recorded, bodies={**recorded.bodies, sent: other}).replay()

    assert reworded.first_difference == f"#{place} answered a2#1 body answer"
    assert (resent.result, resent.verdict_same) == ("different", False)


def test_a_record_in_an_impossible_order_is_different(plain):
    """An answer before its own ticket is not replayed but named, within the time that a stall may take."""
    ticket, answer = plain.place("ticketed", "a1"), plain.place("answered", "a1")
    swapped = list(plain.records)
    swapped[ticket], swapped[answer] = swapped[answer], swapped[ticket]

    found = replace(plain, records=tuple(swapped)).replay(stall_seconds=0.5)

    assert found.result == "different"


def test_an_erased_body_says_so_and_leaves_the_verdict(plain):
    """Without the question nothing runs again; the verdict is still that of the record."""
    found = plain.without_body("question", 0).replay()

    assert (found.result, found.first_difference, found.verdict_same) == (
        "erased",
        "#0 opened body question",
        True,
    )


def test_other_prompts_cards_or_profiles_leave_the_verdict_alone(stage, acts):
    """The part that differs is named, and the verdict is recomputed from what the backends sent."""
    recorded = stage.record({acts.NI: acts.form("B")})
    world = recorded.world
    texts = world.templates.texts | {"persona/casper@1": "別の人格"}
    endpoint = world.cards[acts.SAN].endpoint.model_copy(update={"max_output_tokens": 7})
    cards = {**world.cards, acts.SAN: world.cards[acts.SAN].model_copy(update={"endpoint": endpoint})}
    others = {
        "prompt:persona/casper@1": replace(world, templates=Templates(texts)),
        f"card:{acts.SAN}": replace(world, cards=cards),
        "profile": replace(world, profiles={}),
    }
    found = {name: replace(recorded, world=other).replay() for name, other in others.items()}

    assert {name: (f.result, f.first_difference, f.verdict_same) for name, f in found.items()} == {
        name: ("assets_differ", name, True) for name in others
    }


def test_a_verdict_that_the_exchanges_do_not_make_is_told_without_the_assets(plain):
    """The verdict alone is really recomputed, from the recorded bytes and by today's readers."""
    sent = plain.records[plain.place("answered", "a2")].ref("exchange").commitment
    other = {**plain.bodies, sent: plain.bodies[sent].replace(b'"A', b'"B').replace(b'\\"A', b'\\"B')}
    elsewhere = replace(plain.world, cards={})
    reworded = replace(plain.with_event(plain.place("decided"), outcome="tied"), world=elsewhere).replay()
    resent = replace(plain, bodies=other, world=elsewhere).replay()

    assert other != plain.bodies
    assert [(f.result, f.verdict_same) for f in (reworded, resent)] == [("assets_differ", False)] * 2


def numbered(records):
    """The same records under ordinals without a gap."""
    return tuple(record.model_copy(update={"ordinal": place}) for place, record in enumerate(records))


def test_a_restart_that_gave_up_what_was_over_is_different(plain):
    """A restart that closed a deliberation whose seats had all answered cannot have been."""
    event = Abandoned(asks=("a1",), why="other_ground_or_deadline")
    abandoned = plain.records[-1].model_copy(update={"kind": "abandoned", "data": event})
    records = numbered((*plain.records[:-1], abandoned, plain.records[-1]))

    found = replace(plain, records=records).replay()

    assert (found.result, found.verdict_same) == ("different", True)
    assert "abandoned" in found.first_difference


def test_a_ticket_without_an_outcome_is_another_process_s_before(stage, acts):
    """A ticket without an outcome and another one after it: a process died between them, and it is run like that."""
    recorded = stage.record({acts.NI: sequence(Status(503), acts.form("B"))})
    lost = recorded.place("attempt_failed")
    records = numbered((*recorded.records[:lost], *recorded.records[lost + 1 :]))

    assert_same(found := replace(recorded, records=records).replay())
    assert found.taken == ("taken_over",)


def test_an_answer_that_did_not_come_through_the_gateway_is_not_supported(plain):
    """Without an exchange there is nothing to answer a send from."""
    place = plain.place("answered")
    refs = tuple(ref for ref in plain.records[place].refs if ref.name != "exchange")
    bare = plain.records[place].model_copy(update={"refs": refs})

    found = replace(plain, records=(*plain.records[:place], bare, *plain.records[place + 1 :])).replay()

    assert (found.result, found.first_difference, found.verdict_same) == ("unsupported", "no_exchange", True)


def test_a_refusal_that_the_guard_does_not_repeat_is_told(stage, acts):
    """A send that was refused then and would leave now has no recorded exchange: a miss, and no silence."""
    recorded = stage.record({acts.NI: Status(400)}, council=stage.with_seats(attempts=1))
    place = recorded.place("attempt_failed")
    failed = recorded.records[place]
    refusal = Refused(by="egress", reason="detected", ask="a2", attempt=1, card=acts.NI, label=1, plan=())
    changed = failed.data.model_copy(update={"failure": "egress_detected", "sent": "no"})
    pair = (
        failed.model_copy(update={"kind": "refused", "data": refusal, "refs": ()}),
        failed.model_copy(update={"data": changed, "refs": ()}),
    )
    records = numbered((*recorded.records[:place], *pair, *recorded.records[place + 1 :]))

    found = replace(recorded, records=records).replay()

    assert (found.result, found.first_difference) == ("miss", "a2#1")


def test_a_replay_logs_no_decision(plain):
    """Whoever counts decisions in the log counts those that were made."""
    with capture_logs() as lines:
        plain.replay()

    assert lines == []


def test_an_answer_that_was_not_kept_is_not_supported(stage, acts):
    """Of a classified answer nothing is stored, and nothing can be read again."""
    recorded = stage.record({acts.NI: acts.form("A", "特定秘密である。")})

    assert "classified" in [event.failure for event in recorded.events("answered")]
    assert (found := recorded.replay()).result == "unsupported"
    assert (found.first_difference, found.verdict_same) == ("answer_not_kept", True)


def test_refused_and_open_streams_have_nothing_to_replay(stage, acts):
    """A refusal on record is that, and an open deliberation has no verdict yet."""
    recorded = stage.record()
    opened = replace(recorded, records=recorded.records[:-1])
    refused = stage.record(question=take_question(f"{MARKED} 花壇を作るか", acts.AB, {"A": "可", "B": "否"}))
    classified = stage.record(
        question=take_question("特定秘密 花壇を作るか", acts.AB, {"A": "可", "B": "否"})
    )

    assert opened.replay().result == "open"
    assert [each.replay().result for each in (refused, classified)] == ["refused", "refused"]
    assert refused.replay().manifest == ManifestCheck()


def test_a_stream_without_an_intent_is_not_supported(plain):
    """What does not begin as a deliberation is none."""
    found = replace(plain, records=plain.records[1:]).replay()

    assert (found.result, found.first_difference) == ("unsupported", "no_intent")
