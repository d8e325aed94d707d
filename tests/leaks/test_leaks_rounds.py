"""Leak paths 22 to 27 over the later rounds: rebuttals, reviews in both orders, drafts, ranked and approval forms.

Real sockets, a council of three seats at home and one abroad, every seat played by stand-ins. Controls: the same text
is sent at home; a policy that says yes, a labeller or a guard that hears nothing let it abroad.
"""

import asyncio
import importlib.util
from pathlib import Path

import pytest

from magi.core.record import Cancelled, LabelRaised, Refused, Ticketed
from magi.service.labelled import lower_label, raise_label
from magi.service.materials import Attached, attach
from magi.service.question import take_question
from magi.service.sources import Provenance

_SPEC = importlib.util.spec_from_file_location("rounds_play", Path(__file__).with_name("rounds_play.py"))
rounds = importlib.util.module_from_spec(_SPEC)  # by its path: test folders are no packages
_SPEC.loader.exec_module(rounds)

WAYS = (None, *rounds.CLOSED_WAYS)
"""Open text, then a closed question in each form."""
FIRST_LATER = {None: "review", **dict.fromkeys(rounds.CLOSED_WAYS, "rebuttal")}
LATER = {way: {stage} if way else {stage, "write"} for way, stage in FIRST_LATER.items()}


def words_of(kit, way):
    """What every seat says first, with the canary in its statement, its claims and its review."""
    parts = {}
    for model, said in rounds.SAID.items():
        words = {"reason": f"{said}。{kit.WORD}"}
        if way is None:
            claim = {"claim": f"{said}。花壇は{kit.WORD}です", "source": "", "quote": ""}
            words |= {"answer": f"{said}。{kit.WORD}", "claims": [claim]}
        parts["answer", model] = words
        parts["review", model] = {"reason": f"{said}。{kit.WORD}"}
    return parts


def tickets_abroad(done):
    """The asks for which a card abroad got a ticket."""
    return [r.data.ask for r in done.records if isinstance(r.data, Ticketed) and r.data.card == "far"]


def rises(done):
    """Which text raised the label, and to what."""
    return [(r.data.text, r.data.after) for r in done.records if isinstance(r.data, LabelRaised)]


# What is not public.


@pytest.mark.parametrize("way", WAYS)
def test_no_stage_of_a_labelled_question_goes_abroad(scene, stage, kit, way):
    """Question, statements, claims and reviews of an internal question are in later prompts at home, none abroad."""
    asked = f"花壇の札{kit.WORD[::-1]}の前に何を植えるとよいか"
    play, _ = rounds.played(scene, stage, kit, words_of(kit, way), way or "answer")
    rounds.ask(play, way, asked, label="internal")
    loose = {"profile": kit.open_door(stage.profile()), "detect": kit.Deaf().rescan}
    control, _ = rounds.played(scene, stage, kit, words_of(kit, way), way or "answer", **loose)
    rounds.ask(control, way, asked, label="internal")
    later = b"".join(r.body for r in play.home.requests if rounds.stage_of(r) != "answer")

    assert (play.leaks(kit.WORD), play.leaks(asked), play.abroad.connections) == ([], [], 0)
    assert set(rounds.stages(play.home)) == {"answer"} | LATER[way]
    assert kit.search(later, kit.WORD)
    assert kit.search(later, asked)
    assert FIRST_LATER[way] in rounds.stages(control.abroad)
    assert control.seen_abroad(kit.WORD)


def test_neither_order_of_a_review_goes_abroad(scene, stage, kit):
    """Two other statements are reviewed in both orders, at home only where the question is internal."""
    parts = words_of(kit, None) | {("answer", "model-c3"): "分かりません。回答を控えます。"}
    parts |= {("answer", m): {"answer": f"{kit.WORD}{m}"} for m in ("model-c1", "model-c2", "m")}
    for label, abroad in (("internal", 0), ("public", 3)):
        play, _ = rounds.played(scene, stage, kit, parts)
        done = rounds.ask(play, label=label)
        asks = {r.data.ask for r in done.records if isinstance(r.data, Ticketed)}

        assert ({"r1", "q1"} <= asks, {"r4", "q4"} <= asks) == (label == "public", label == "public")
        assert len(play.abroad.requests) == abroad
        assert bool(play.seen_abroad(kit.WORD)) is (label == "public")


@pytest.mark.parametrize("way", WAYS)
def test_every_stage_of_a_public_question_may_go_abroad(scene, stage, kit, way):
    """The control of all that follows: a seat abroad is asked in every stage of a public question but the draft."""
    play, _ = rounds.played(scene, stage, kit, None, way or "answer")
    done = rounds.ask(play, way)

    assert set(rounds.stages(play.abroad)) == {"answer", FIRST_LATER[way]}
    assert [r.data.reason for r in done.records if isinstance(r.data, Refused)] == []
    assert play.seen_abroad(rounds.SAID["model-c1"])


# A label that rises between the rounds.


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_after_an_answer_that_shows_a_person_nobody_abroad_is_asked_again(scene, stage, kit, way, deaf):
    """An answer at home shows a person after all others answered: no later round, nothing said at home, goes abroad."""
    play, acted = rounds.played(
        scene, stage, kit, words_of(kit, way), way or "answer", labeller=kit.Deaf() if deaf else None
    )
    first = acted.parts["answer", "model-c1"] | {"reason": f"{kit.WORD}、{kit.PERSON}"}
    acted.parts["answer", "model-c1"] = acted.later(first)
    acted.parts["answer", "m"] = {}
    done = rounds.ask(play, way)
    answers = {r.data.ask: r.data.statement for r in done.records if r.kind == "answered"}

    assert answers["a4"] == "answer"
    assert rises(done)[-1:] == ([] if deaf else [("a1", 4)])
    assert rounds.stages(play.abroad) == (["answer", FIRST_LATER[way]] if deaf else ["answer"])
    assert tickets_abroad(done) == (["a4", "r4" if way is None else "b4"] if deaf else ["a4"])
    assert bool(play.seen_abroad(kit.WORD)) is deaf
    assert deaf or play.leaks(kit.WORD) == play.leaks(kit.PERSON) == []
    assert FIRST_LATER[way] in rounds.stages(play.home, "model-c2")
    assert play.seen_at_home(kit.WORD)


@pytest.mark.parametrize("marking", ["【機密性2】", "取扱注意", "㊙"])
def test_a_marking_in_an_answer_counts_like_a_person(scene, stage, kit, marking):
    """An answer that carries a marking raises the label as a person would; without the markings it goes abroad."""
    for without, quiet in (((), True), (("markings",), False)):
        play, acted = rounds.played(scene, stage, kit, labeller=kit.Deaf(*without) if without else None)
        part = {"answer": f"{marking} {kit.WORD}", "reason": marking}
        acted.parts["answer", "model-c1"] = acted.later(part)
        rounds.ask(play)

        assert (rounds.stages(play.abroad) == ["answer"]) is quiet
        assert (play.seen_abroad(kit.WORD) == []) is quiet


def test_a_seat_abroad_that_shows_a_person_is_not_asked_again(scene, stage, kit):
    """What the seat abroad says may raise the label too: it hears nothing of what the others said."""
    part = {"reason": kit.PERSON}
    play, _ = rounds.played(scene, stage, kit, {("answer", "m"): part})
    done = rounds.ask(play)
    control, _ = rounds.played(scene, stage, kit, {("answer", "m"): part}, labeller=kit.Deaf())
    rounds.ask(control)

    assert rises(done) == [("a4", 4)]
    assert rounds.stages(play.abroad) == ["answer"]
    assert not any(play.seen_abroad(word) for model, word in rounds.SAID.items() if model != "m")
    assert rounds.stages(control.abroad) == ["answer", "review"]
    assert control.seen_abroad(rounds.SAID["model-c2"])


@pytest.mark.parametrize("way", [None, "answer"])
def test_a_call_abroad_in_a_later_round_is_cancelled_when_the_label_rises(scene, stage, kit, way):
    """A rebuttal or review at home shows a person: the same round's call abroad, which runs, is cancelled."""
    stage_name = FIRST_LATER[way]
    letter = "r" if way is None else "b"
    parts = {(stage_name, "m"): kit.hanging, (stage_name, "model-c1"): {"reason": kit.PERSON}}
    play, _ = rounds.played(scene, stage, kit, parts, way or "answer")
    done = rounds.ask(play, way)
    cancelled = [(r.data.asks, r.data.why) for r in done.records if isinstance(r.data, Cancelled)]
    control, _ = rounds.played(scene, stage, kit, parts, way or "answer", labeller=kit.Deaf(), seconds=2)
    lasted = rounds.ask(control, way)

    assert cancelled == [((f"{letter}4",), "label_raised")]
    assert rises(done) == [(f"{letter}1", 4)]
    assert play.leaks(kit.PERSON) == []
    assert [r.data.why for r in lasted.records if isinstance(r.data, Cancelled)] == ["deadline"]


@pytest.mark.parametrize("deaf", [False, True])
def test_a_writer_abroad_gets_no_claims_after_a_review_showed_a_person(scene, stage, kit, deaf):
    """A review raises the label: the seat abroad that was to write is passed over, and one at home writes."""
    parts = words_of(kit, None) | {("review", "model-c1"): {"reason": kit.PERSON}}
    parts["answer", "m"] = {}
    play, acted = rounds.played(scene, stage, kit, parts, writer="s4", labeller=kit.Deaf() if deaf else None)
    acted.parts["review", "model-c1"] = acted.later({"reason": kit.PERSON})
    done = rounds.ask(play)

    assert rounds.stages(play.abroad) == ["answer", "review", *(["write"] if deaf else [])]
    assert ("write" in rounds.stages(play.home)) is not deaf
    assert [ask for ask in tickets_abroad(done) if ask.startswith("w")] == (["w4"] if deaf else [])
    assert play.leaks(kit.PERSON) == []


WITH_FALLBACK = ("c1", "c2", "c3", ("far", "c4"))


@pytest.mark.parametrize("way", WAYS)
def test_a_seat_with_a_fallback_at_home_is_asked_there_after_a_rise(scene, stage, kit, way):
    """Its first card is abroad: after a person was shown nothing goes there, and a review goes to the fallback."""
    play, acted = rounds.played(scene, stage, kit, words_of(kit, way), way or "answer", targets=WITH_FALLBACK)
    shown = acted.parts["answer", "model-c1"] | {"reason": f"{kit.WORD}、{kit.PERSON}"}
    acted.parts["answer", "model-c1"] = acted.later(shown)
    acted.parts["answer", "m"] = {}
    rounds.ask(play, way)

    assert rounds.stages(play.abroad) == ["answer"]
    # A rebuttal that was about to start with both cards is given up whole, as any running ask of that seat.
    assert way is not None or rounds.stages(play.home, "model-c4") == ["review"]
    assert (play.leaks(kit.WORD), play.leaks(kit.PERSON)) == ([], [])


@pytest.mark.parametrize("way", WAYS)
def test_a_later_round_that_fails_abroad_falls_back_home(scene, stage, kit, way):
    """While all is public a failed call abroad is tried again there, then at the seat's card at home."""
    parts = {(FIRST_LATER[way], "m"): kit.failing(503, b"{}", "Retry-After: 0")}
    play, _ = rounds.played(scene, stage, kit, parts, way or "answer", targets=WITH_FALLBACK)
    done = rounds.ask(play, way)
    letter = "r4" if way is None else "b4"
    cards = [r.data.card for r in done.records if isinstance(r.data, Ticketed) and r.data.ask == letter]

    assert cards == ["far", "far", "c4"]
    assert [r.data.statement for r in done.records if r.kind == "answered" and r.data.ask == letter] == [
        "answer"
    ]


def test_a_persons_word_between_rounds_keeps_the_rest_at_home(scene, stage, kit):
    """A named person raises the label while a review runs abroad: it is cancelled, and the draft is written at home."""
    for told in (True, False):
        asked = asyncio.Event()

        def hang(_, asked=asked):
            asked.set()

        play, _ = rounds.played(scene, stage, kit, {("review", "m"): hang}, writer="s4", seconds=2)

        async def work(play=play, asked=asked, told=told):
            running = asyncio.create_task(play.deliberate(play.request(rounds.OPEN)))
            await asked.wait()
            if told:
                (stream,) = play.tools.live
                await raise_label(play.tools, stream, "personal", "佐藤")
            return await running

        done = play.run(work())

        assert rises(done) == ([("question", 2)] if told else [])
        assert ("write" in rounds.stages(play.home)) is told
        assert "write" not in rounds.stages(play.abroad)


@pytest.mark.parametrize("brought", ["090-1234-5678", "090-8765-4321"])
def test_a_lowering_serves_the_words_of_its_text_alone(scene, stage, kit, brought):
    """A person overruled the detectors on one number: the answer may repeat it abroad, and brings no other number."""
    text = "花壇の案内の電話は090-1234-5678でよいか"
    play, acted = rounds.played(scene, stage, kit)
    acted.parts["answer", "model-c1"] = acted.later({"answer": f"電話は{brought}もある", "claims": []})
    number, _ = play.run(lower_label(play.tools, take_question(text), "public", "佐藤", "公開の番号"))
    done = rounds.ask(play, None, text, lowering=number)
    same = brought in text

    assert (rounds.stages(play.abroad) == ["answer", "review"]) is same
    assert bool(play.seen_abroad(brought)) is same
    assert rises(done) == ([] if same else [("a1", 2)])


FLOWERBED = "駅前の花壇の計画"
FILES = {
    "harmless": (FLOWERBED, Provenance(label="public")),
    "names a person": ("山田太郎さんの個人番号は123456789018です。", Provenance()),
    "stated internal": (FLOWERBED, Provenance(label="internal")),
    "stated to hold personal data": (FLOWERBED, Provenance(personal_data=True)),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_more_keep_every_stage_at_home(scene, stage, kit, name):
    """A file that names a person, or is stated to be more, labels the question: no stage goes abroad."""
    text, known = FILES[name]
    play, _ = rounds.played(scene, stage, kit)

    async def work():
        question, materials = await attach(
            play.tools.reader, take_question(rounds.OPEN), (Attached("m.txt", text.encode(), 0, known),)
        )
        return await play.deliberate(play.request(question, materials=materials))

    play.run(work())

    assert set(rounds.stages(play.home)) == {"answer", "review", "write"}
    assert (set(rounds.stages(play.abroad)) == {"answer", "review"}) is (name == "harmless")
    assert play.seen_at_home(text)
    assert name == "harmless" or (play.leaks(text), play.abroad.connections) == ([], 0)


# Two statements that only mean something together.


def test_a_review_of_statements_that_name_a_person_together_is_refused_at_the_guard(scene, stage, kit):
    """Half of a number from each of two seats: nothing rises, and the guard reads the sheet whole before it is sent."""
    halves = {"model-c1": "個人番号は123456", "model-c2": "789018です。どうするとよいか"}
    parts = {("answer", m): {"answer": h, "reason": "", "claims": []} for m, h in halves.items()}
    parts |= {("answer", m): {"answer": "分かりません。", "claims": []} for m in ("model-c3",)}
    play, _ = rounds.played(scene, stage, kit, parts)
    done = rounds.ask(play)
    control, _ = rounds.played(scene, stage, kit, parts, detect=kit.Deaf().rescan)
    rounds.ask(control)
    refused = [(r.data.ask[1:], r.data.reason) for r in done.records if isinstance(r.data, Refused)]

    assert refused == [("4", "detected")]
    assert rises(done) == []
    assert [rounds.stages(each.abroad).count("review") for each in (play, control)] == [1, 2]
