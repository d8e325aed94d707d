"""Labels through a deliberation: detectors, classified text, a rise in mid-flight, a person's raising and lowering."""

import asyncio
import json

import pytest

from magi.core.card import Ancestor
from magi.core.errors import CouncilRefusedError, QuestionRefusedError, UnknownNameError
from magi.core.record import Cancelled, LabelLowered, LabelRaised, Refused
from magi.core.space import ChoiceSpace
from magi.replay.rearbitrate import rearbitrate
from magi.residency.label import Label
from magi.service.labelled import MAX_HITS, lower_label, raise_label
from magi.service.question import Turn, take_question
from magi.service.run import deliberate

HARMLESS = "駅前の花壇に今年の春は何を植えるとよいか"


def ask(run, text=HARMLESS, label="public", **changes):
    """Deliberate on a text; history and options go to the question."""
    question = take_question(text, history=changes.pop("history", ()))
    return asyncio.run(deliberate(run.tools, run.request(question, label=label, **changes)))


def abroad(build, **changes):
    """Three cards at home and one abroad."""
    fresh = "2027-01-10"
    base = (Ancestor(name="base", developer="Maker", country="JP"),)
    known = build.cards("A", "B", "C", checked_on=fresh)
    cards = {name: card.model_copy(update={"lineage": base}) for name, card in known.items()}
    return cards | {
        "far": build.card("far", developer="F", family="fam-f", checked_on=fresh, **build.ABROAD, **changes)
    }


@pytest.fixture
def mixed(rig, build):
    """Four seats, the fourth abroad."""

    def make(script=None, **changes):
        return rig(script, cards=abroad(build), quorum=2, **changes)

    return make


def seats_asked(run):
    """The asks that were sent."""
    return [ask for ask, _ in run.sends]


@pytest.mark.parametrize(("word", "label"), [("内々の話", 1), ("椿さん", 2), ("椿 さ ん", 2), ("島の話", 1)])
def test_a_hit_overrules_the_declaration(mixed, word, label):
    """Text declared public in which a detector finds something takes the detector's label, and stays at home."""
    run = mixed()
    done = ask(run, f"{word}について、どう答えるか")

    assert (done.opened.label, len(done.opened.hits) > 0) == (label, True)
    assert seats_asked(run) == ["a1", "a2", "a3"]
    assert [entry.card for entry in done.left_out] == ["far"]


def test_permitted_text_does_go_abroad(mixed):
    """Declared public and without a hit, the same council asks all four seats."""
    run = mixed()
    done = ask(run)

    assert (done.opened.label, done.opened.hits) == (0, ())
    assert sorted(seats_asked(run)) == ["a1", "a2", "a3", "a4"]


def test_every_part_of_a_question_is_looked_at(mixed):
    """A hit in an earlier turn or an option counts like one in the question, under the name of its part."""
    run = mixed()
    told = ask(run, "続けてよいか", history=(Turn("user", "内々の話がある"),))
    other = mixed()
    options = {"ア": "花", "イ": "内々の話"}
    question = take_question("どれがよいか", ChoiceSpace(options=("ア", "イ")), options)
    chosen = asyncio.run(deliberate(other.tools, other.request(question, label="public")))

    assert {hit.text for hit in told.opened.hits} == {"turn:0"}
    assert {hit.text for hit in chosen.opened.hits} == {"option:イ"}
    assert (told.opened.label, chosen.opened.label) == (1, 1)


def test_what_is_split_over_parts_is_found_together(mixed):
    """Half a word in one turn and half in the next is a hit of the parts joined."""
    run = mixed()
    done = ask(run, "さん の件", history=(Turn("user", "椿"),))

    assert [hit.text for hit in done.opened.hits] == ["joined"]
    assert done.opened.label == Label.PERSONAL


def test_classified_text_is_refused_and_not_kept(mixed):
    """Nothing is asked and no body is kept: a keyed digest, the length and the rule are all that stands on record."""
    run = mixed()
    text = "特秘椿の件を要約してよいか"
    with pytest.raises(QuestionRefusedError) as raised:
        ask(run, text, label=None)
    (refusal,) = [r.data for held in run.ledger.entries.values() for r in held]

    assert raised.value.reason == "classified"
    assert isinstance(refusal, Refused)
    assert (refusal.by, refusal.length, [hit.rule for hit in refusal.hits]) == (
        "label",
        len(text),
        ["planted.classified"],
    )
    assert refusal.text_hash == run.tools.message_digest(text)
    assert (run.ledger.bodies, run.sends) == ({}, [])
    assert "特秘椿" not in run.ledger.text()


def test_classified_text_is_remembered_by_its_digest(mixed):
    """A later conversation that carries the refused text in its history is refused as well, even edited around it."""
    run = mixed()
    text = "特秘椿の件"
    for history in ((), (Turn("user", text),)):
        with pytest.raises(QuestionRefusedError):
            ask(run, text if not history else "続きはどうか", history=history)

    assert run.ledger.ancestry[run.tools.message_digest(text)] == Label.CLASSIFIED
    assert run.sends == []


def test_a_label_that_admits_too_few_is_refused_with_its_rules(mixed):
    """A council that a hit leaves without seats is refused on record, naming the rule and not the text."""
    run = mixed()
    with pytest.raises(CouncilRefusedError) as raised:
        ask(run, "㊙椿を送ってよいか")

    assert raised.value.facts["rules"] == ("planted.secret",)
    assert "㊙椿" not in str(raised.value)


def test_an_answer_that_shows_more_cancels_what_runs_abroad(mixed, parts):
    """What a seat's answer reveals raises the label in its own transaction; the seat abroad is cancelled on record."""
    reveals = json.dumps({"answer": "椿さんに聞くとよい", "reason": "理由", "basis": ""}, ensure_ascii=False)
    run = mixed({"a1": reveals, "a4": parts.HANG})
    done = ask(run)
    kinds = run.ledger.kinds()
    raised = next(r.data for r in done.records if isinstance(r.data, LabelRaised))
    cancelled = [r.data for r in done.records if isinstance(r.data, Cancelled)]

    assert kinds[kinds.index("label_raised") - 1] == "answered"
    assert (raised.text, raised.before, raised.after) == ("a1", 0, 2)
    assert [c.asks for c in cancelled] == [("a4",)]
    assert "a4" in seats_asked(run)  # what had been sent stays on record
    assert run.ledger.ancestry[run.tools.message_digest(HARMLESS)] == Label.PERSONAL
    assert done.label == Label.PERSONAL


def test_a_verdict_with_a_risen_label_replays(mixed, parts):
    """Re-arbitration of a deliberation whose label rose gives the same verdict bytes."""
    reveals = json.dumps({"answer": "椿さん", "reason": "理由", "basis": ""}, ensure_ascii=False)
    run = mixed({"a1": reveals, "a4": parts.HANG})
    done = ask(run)

    assert rearbitrate(done.stream, done.records).result == "same"


def test_a_classified_answer_is_a_failure_and_not_kept(mixed):
    """An answer with a classified marking is no vote, and neither its words nor its exchange are stored."""
    reveals = json.dumps({"answer": "特秘椿", "reason": "理由", "basis": ""}, ensure_ascii=False)
    run = mixed({"a1": reveals})
    done = ask(run)
    report = next(seat for seat in done.verdict.seats if seat.ask == "a1")

    assert (report.said, report.failure) == ("failure", "classified")
    assert not any("特秘椿".encode() in body for body in run.ledger.bodies.values())


def test_a_person_raises_a_running_deliberation(mixed, parts):
    """A raise while the seat abroad still runs cancels it; the verdict stands on the rest."""

    async def main():
        run = mixed({"a4": parts.HANG})
        question = take_question(HARMLESS)
        task = asyncio.create_task(deliberate(run.tools, run.request(question, label="public")))
        while run.ledger.appends < 8:  # noqa: ASYNC110  # opened, four tickets, three answers; nothing to wait for
            await asyncio.sleep(0)
        reached = await raise_label(run.tools, run.ledger.only, "personal", "監査 花子")
        return reached, await task

    reached, done = asyncio.run(main())
    raised = next(r for r in done.records if isinstance(r.data, LabelRaised))

    assert (reached, raised.actor, raised.data.after) == (2, "監査 花子", 2)
    assert next(s.said for s in done.verdict.seats if s.ask == "a4") == "cancelled"


def test_a_person_raises_a_finished_deliberation(mixed):
    """A raise after the verdict changes no verdict, and every later turn of the conversation keeps the label."""
    run = mixed()
    done = asyncio.run(
        deliberate(run.tools, run.request(take_question(HARMLESS), label="public", render=lambda *_: "答え"))
    )
    reached = asyncio.run(raise_label(run.tools, done.stream, "personal", "監査 花子"))
    history = (Turn("user", HARMLESS), Turn("assistant", "答え"))
    later = ask(run, "では次は", history=history)

    assert reached == Label.PERSONAL
    assert rearbitrate(done.stream, asyncio.run(run.ledger.read(done.stream))).result == "same"
    assert later.opened.label == Label.PERSONAL
    assert asyncio.run(raise_label(run.tools, done.stream, "public", "x")) == Label.PERSONAL


def test_raising_what_is_not_there_is_refused(mixed):
    """An unknown deliberation cannot be raised."""
    with pytest.raises(UnknownNameError):
        asyncio.run(raise_label(mixed().tools, "d/none", "personal", "x"))


def lowered(
    run, text="内々の話の公表文をどう書くか", to="public", by="決裁 太郎", reason="公表済みの資料と確認した"
):
    """A lowering on record."""
    return asyncio.run(lower_label(run.tools, take_question(text), to, by, reason))


def test_a_lowering_serves_its_text_in_a_new_conversation(mixed):
    """With the record cited, exactly this text goes where its declared label admits; the rules are on record."""
    run = mixed()
    text = "内々の話の公表文をどう書くか"
    ordinal, event = lowered(run, text)
    done = ask(run, text, lowering=ordinal)
    kept = next(r for r in run.ledger.entries["config"] if isinstance(r.data, LabelLowered))

    assert (event.before, event.after, event.by) == (1, 0, "決裁 太郎")
    assert (done.opened.label, done.opened.cleared) == (0, ("planted.internal",))
    assert "a4" in seats_asked(run)
    assert run.ledger.bodies[kept.ref("reason").commitment].decode() == "公表済みの資料と確認した"
    assert {order.cleared for order in run.models.orders} == {("planted.internal",)}


@pytest.mark.parametrize(
    ("text", "history", "reason"),
    [
        ("内々の話の公表文をどう書くか。", (), "lowering_other_text"),
        ("内々の話の公表文をどう書くか", (Turn("user", "前の話"),), "lowering_needs_new_conversation"),
    ],
)
def test_a_lowering_serves_nothing_else(mixed, text, history, reason):
    """Another text, or an old conversation, is refused, and nothing is asked."""
    run = mixed()
    ordinal, _ = lowered(run)
    with pytest.raises(QuestionRefusedError) as raised:
        ask(run, text, history=history, lowering=ordinal)

    assert raised.value.reason == reason
    assert run.sends == []


def test_a_lowering_that_is_none_is_refused(mixed):
    """A number that names no lowering is refused."""
    with pytest.raises(QuestionRefusedError, match="lowering_unknown"):
        ask(mixed(), "内々の話", lowering=3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"by": " "}, "lowering_incomplete"),
        ({"reason": ""}, "lowering_incomplete"),
        ({"text": HARMLESS}, "lowering_nothing"),
        ({"text": "特秘椿の件"}, "lowering_classified"),
    ],
)
def test_a_lowering_needs_name_reason_and_cause(mixed, changes, reason):
    """Without a name, a reason or anything found, and for classified text, nothing is lowered or recorded."""
    run = mixed()
    with pytest.raises(QuestionRefusedError) as raised:
        lowered(run, **changes)

    assert raised.value.reason == reason
    assert "config" not in run.ledger.entries


def test_a_lowering_overrules_only_what_stands_above_it(mixed):
    """A rule that stands no higher than the lowered label still counts, whatever is declared."""
    run = mixed()
    text = "内々の話と椿さん"
    ordinal, event = lowered(run, text, to="internal")
    done = ask(run, text, lowering=ordinal)

    assert (event.rules, event.before, event.after) == (("planted.personal",), 2, 1)
    assert done.opened.label == Label.INTERNAL
    assert "a4" not in seats_asked(run)


def test_a_persons_word_on_a_text_holds_in_a_new_conversation(mixed):
    """What was declared or raised stricter stays so when the very text is asked again as public; a default does not."""
    run = mixed()
    labels = [ask(run, HARMLESS, label=word).opened.label for word in (None, "public", "personal", "public")]
    other = mixed()
    done = ask(other, HARMLESS)
    asyncio.run(raise_label(other.tools, done.stream, "internal", "監査 花子"))

    assert labels == [1, 0, 2, 2]
    assert ask(other, HARMLESS).opened.label == Label.INTERNAL


def test_a_word_too_many_can_be_lowered(mixed):
    """A text that was declared too strictly goes as public again with a lowering on record that names just that."""
    run = mixed()
    ask(run, HARMLESS, label="personal")
    ordinal, event = lowered(run, HARMLESS)

    assert (event.rules, event.before, event.after) == (("inherited.label",), 2, 0)
    assert ask(run, HARMLESS, lowering=ordinal).opened.label == 0
    assert ask(run, HARMLESS).opened.label == Label.PERSONAL


def test_a_few_words_do_not_carry_what_they_stood_beside(mixed):
    """「要約して」 beside an internal turn, and a system prompt, are themselves in the next conversation."""
    run = mixed()
    prompt = Turn("system", "あなたは親切で丁寧な助手です。簡潔に答えてください。")
    ask(run, "要約して", label="internal", history=(prompt, Turn("user", "内々の話がある")))
    later = ask(run, "花壇の話", history=(prompt, Turn("user", "要約して")))

    assert later.opened.label == 0


@pytest.mark.parametrize("how", ["declared", "raised"])
def test_a_persons_word_on_a_few_words_holds_in_a_history(mixed, how):
    """A short turn that somebody declared or raised stricter keeps its label when sent back without its reply."""
    run = mixed()
    first = ask(run, "例の件は?", label="personal" if how == "declared" else "public")
    if how == "raised":
        asyncio.run(raise_label(run.tools, first.stream, "personal", "監査 花子"))
    later = ask(run, "花壇の話", history=(Turn("user", "例の件は?"),))

    assert later.opened.label == Label.PERSONAL


def test_more_hits_than_a_record_holds_are_recorded_in_part(mixed):
    """A long chat full of hits is deliberated on: every rule stands on record, the label is that of all."""
    run = mixed()
    turns = [Turn("user", f"内々の話{number}、" * 9) for number in range(150)]
    done = ask(run, "続けてよいか", history=(*turns, Turn("user", "椿さんのこと")))
    rules = {hit.rule for hit in done.opened.hits}

    assert rules == {"planted.internal", "planted.personal"}
    assert len(done.opened.hits) == MAX_HITS
    assert len(done.records[0].to_bytes()) < 65_535
    assert done.opened.label == Label.PERSONAL
    assert run.ledger.ancestry[run.tools.message_digest(turns[-1].text)] == Label.PERSONAL
