"""Conversations: earlier turns are context for every seat, and their labels are never lost."""

import asyncio
import dataclasses
import unicodedata

import pytest

from magi.assets import load_assets
from magi.cli.rehearsal import rehearsal
from magi.core.errors import QuestionRefusedError
from magi.residency.label import Label
from magi.service.question import MAX_CHARS, MAX_TURNS, Turn, read_question, take_question
from magi.service.run import Request, deliberate
from magi.settings import read_settings
from magi.wiring import open_tools

REPLY = "合議の答えの文"


def conversation(tmp_path, *turns):
    """Ask each (text, history, label) in turn in a rehearsal; the labels, and what the stand-in abroad saw."""

    async def main():
        assets = load_assets()
        settings = read_settings({"MAGI_HOME": str(tmp_path)})
        council = assets.council("rehearsal")
        labels, abroad = [], []
        async with rehearsal(assets.cards) as cast, open_tools(settings, assets, cast.cards) as tools:
            for text, history, label in turns:
                question = take_question(text, history=history)
                request = Request(question, council, label, render=lambda *_: REPLY)
                done = await deliberate(tools, request)
                labels.append(Label(done.opened.label))
                abroad.append(cast.abroad.arrived)
            seen = [request.last_user_text for request in cast.home.requests]
        return labels, abroad, seen

    return asyncio.run(main())


FIRST = "未公表の案について、どう考えるか"


def test_a_conversation_keeps_its_high_water_mark(tmp_path):
    """After an internal turn, a turn declared public with that history stays internal and goes nowhere abroad."""
    history = (Turn("user", FIRST), Turn("assistant", REPLY))
    labels, abroad, _ = conversation(tmp_path, (FIRST, (), None), ("では公開の件は", history, "public"))

    assert labels == [Label.INTERNAL, Label.INTERNAL]
    assert abroad == [0, 0]


@pytest.mark.parametrize(
    "history",
    [
        (Turn("user", "書き換えた問い"), Turn("assistant", REPLY)),
        (Turn("user", f"  {FIRST}\n"),),
        (Turn("user", unicodedata.normalize("NFD", FIRST)),),
        (Turn("user", FIRST), Turn("assistant", "誰かが書き換えた答え")),
    ],
    ids=["edited-question", "white-space", "another-normal-form", "edited-answer"],
)
def test_an_edited_or_branched_history_keeps_it_too(tmp_path, history):
    """Whatever turn of the internal conversation is still there holds the label up."""
    labels, abroad, _ = conversation(tmp_path, (FIRST, (), None), ("続き", history, "public"))

    assert labels[1] == Label.INTERNAL
    assert abroad == [0, 0]


def test_an_assistant_turn_that_nobody_here_wrote_is_internal(tmp_path):
    """An unknown assistant turn may quote anything, so it is at least internal."""
    history = (Turn("user", "公開の問い"), Turn("assistant", "どこかの答え"))
    labels, abroad, _ = conversation(tmp_path, ("続き", history, "public"))

    assert labels == [Label.INTERNAL]
    assert abroad == [0]


def test_a_public_conversation_stays_public(tmp_path):
    """The positive control: declared public throughout, with the answer given here, it may go abroad."""
    history = (Turn("user", "公開の問い"), Turn("assistant", REPLY))
    labels, abroad, seen = conversation(
        tmp_path, ("公開の問い", (), "public"), ("公開の続き", history, "public")
    )

    assert labels == [Label.PUBLIC, Label.PUBLIC]
    assert abroad == [1, 2]
    assert all(text in seen[-1] for text in ("公開の問い", REPLY, "公開の続き"))


def test_history_reads_back_and_is_bounded():
    """A question's body holds its turns; too many turns, or too many characters in them, are refused."""
    question = take_question(
        "問い", history=[Turn("system", "甲"), Turn("user", "乙"), Turn("assistant", "丙")]
    )

    assert read_question(question.to_bytes()) == question
    with pytest.raises(QuestionRefusedError, match="too_many_turns"):
        take_question("問い", history=[Turn("user", "甲")] * (MAX_TURNS + 1))
    with pytest.raises(QuestionRefusedError, match="too_large"):
        take_question("問い", history=[Turn("user", "甲" * MAX_CHARS)])
    with pytest.raises(QuestionRefusedError, match="not_text"):
        take_question("問い", history=[Turn("user", "\ud800")])


def test_without_history_the_prompt_is_the_question_alone(tmp_path):
    """A single question is rendered as before: no context template is on its manifest or in its prompt."""
    plain = dataclasses.replace(take_question("問い"), history=())
    _, _, seen = conversation(tmp_path, (plain.text, (), None))

    assert all("これまでのやり取り" not in text for text in seen)
