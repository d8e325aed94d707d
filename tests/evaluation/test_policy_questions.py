"""The shipped policy questions: well formed, sourced wherever they claim a gold, and balanced.

Whether a gold is right in law no test can show; each source was read against the statute when written.
"""

import datetime
import json
import re
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

Question = dict[str, Any]  # parsed JSON, checked below field by field

OPTION_IDS = ("ア", "イ", "ウ", "エ")
KEYS = ("id", "category", "question", "space", "gold", "source", "note")
KINDS = {"choice": 24, "yes_no_conditional": 10, "number": 3, "date": 1, "open": 2}
# "5条", "36条の3第1項", "13条1項1号イ": the way the sources are cited, so that a reader can look them up.
ARTICLE = re.compile(r"[1-9][0-9]*条(の[1-9][0-9]*)?(第?[1-9][0-9]*項)?([1-9][0-9]*号)?[イロハ]?")
MAX_QUESTION_CHARS = 160  # three seats read each question in a 4,096-token window beside the prompt
MAX_NOTE_CHARS = 80  # one short sentence


def load() -> list[Question]:
    """Read the questions as a user of the installed package finds them."""
    text = (files("magi.evaluation") / "policy_questions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


QUESTIONS = load()
CHOICES = [q for q in QUESTIONS if q["space"]["kind"] == "choice"]
YES_NO = [q for q in QUESTIONS if q["space"]["kind"] == "yes_no_conditional"]


def in_space(gold: str, question: Question) -> bool:
    """Say whether a gold is a canonical member of its question's answer space."""
    space = question["space"]
    match space["kind"]:
        case "choice":
            return gold in question["options"]
        case "yes_no_conditional":
            return gold in {"yes", "no", "conditional"}
        case "number":
            return re.fullmatch(rf"[1-9][0-9]* {re.escape(space['unit'])}", gold) is not None
        case "date":
            return datetime.date.fromisoformat(gold).isoformat() == gold
        case _:
            return False


def each(questions: list[Question]) -> pytest.MarkDecorator:
    """Run a test once a question, named by its id."""
    return pytest.mark.parametrize("question", questions, ids=[q["id"] for q in questions])


def test_ids_count_from_one_to_forty() -> None:
    """The ids are pq-01 to pq-40, each once and in order."""
    ids = [q["id"] for q in QUESTIONS]

    assert ids == [f"pq-{n:02d}" for n in range(1, 41)]


def test_kinds_are_mixed_as_stated() -> None:
    """The file holds 24 choices, 10 yes-no-conditional, 3 numbers, 1 date and 2 open texts."""
    kinds = Counter(q["space"]["kind"] for q in QUESTIONS)

    assert kinds == KINDS


def test_no_question_is_asked_twice() -> None:
    """No two questions share their wording."""
    wordings = {q["question"] for q in QUESTIONS}

    assert len(wordings) == len(QUESTIONS)


@each(QUESTIONS)
def test_fields_are_those_stated(question: Question) -> None:
    """A question has exactly the stated fields, and options if and only if it is a choice."""
    options = ("options",) if question["space"]["kind"] == "choice" else ()

    assert sorted(question) == sorted(KEYS + options)


@each(QUESTIONS)
def test_space_has_only_its_own_fields(question: Question) -> None:
    """An answer space carries its kind, and a unit only when it is a number."""
    expected = {"kind", "unit"} if question["space"]["kind"] == "number" else {"kind"}

    assert set(question["space"]) == expected


@each(QUESTIONS)
def test_texts_are_short_whole_and_trimmed(question: Question) -> None:
    """Category, question and note are trimmed, within their limits; a sentence ends as one."""
    note = question["note"]

    assert question["category"].strip() == question["category"] != ""
    assert question["question"].strip() == question["question"]
    assert 20 <= len(question["question"]) <= MAX_QUESTION_CHARS
    assert question["question"].endswith("。")
    assert note is None or (note.endswith("。") and len(note) <= MAX_NOTE_CHARS)


@each(CHOICES)
def test_options_are_lettered_in_order_and_distinct(question: Question) -> None:
    """A choice has three or four distinct options, lettered from ア in order."""
    options = question["options"]

    assert 3 <= len(options) <= 4
    assert tuple(options) == OPTION_IDS[: len(options)]
    assert len(set(options.values())) == len(options)
    assert all(text.strip() == text != "" for text in options.values())


@each([q for q in QUESTIONS if q["gold"] is not None])
def test_gold_lies_in_its_space(question: Question) -> None:
    """A gold is a canonical answer of its own answer space; open text never has one."""
    gold = question["gold"]

    assert in_space(gold, question)


@each(QUESTIONS)
def test_source_stands_wherever_there_is_a_gold(question: Question) -> None:
    """A question has a source, a statute and an article, if and only if it has a gold."""
    source = question["source"]

    assert (source is None) == (question["gold"] is None)
    assert source is None or set(source) == {"law", "article"}
    assert source is None or re.search(r"(法|法律|憲法)$", source["law"])
    assert source is None or ARTICLE.fullmatch(source["article"])


def test_no_provision_is_asked_twice() -> None:
    """No two questions rest on the same provision, so that no answer gives away another."""
    sources = Counter(tuple(q["source"].values()) for q in QUESTIONS if q["source"])

    assert sources.most_common(1)[0][1] == 1


def test_most_questions_have_gold_and_some_have_none() -> None:
    """At least 34 questions have gold; open questions and a few judgements have none."""
    without = [q["space"]["kind"] for q in QUESTIONS if q["gold"] is None]

    assert len(QUESTIONS) - len(without) >= 34
    assert Counter(without) == {"open": 2, "yes_no_conditional": 3}


def test_gold_positions_of_choices_are_balanced() -> None:
    """Each letter is right six times of 24: always taking one letter earns chance and no more."""
    positions = Counter(q["gold"] for q in CHOICES)

    assert positions == dict.fromkeys(OPTION_IDS, 6)


def test_yes_and_no_golds_are_balanced() -> None:
    """Yes is right as often as no, and the conditional answer occurs."""
    golds = Counter(q["gold"] for q in YES_NO)

    assert golds["yes"] == golds["no"] == 3
    assert golds["conditional"] == 1


def test_option_length_does_not_give_the_gold_away() -> None:
    """Always taking a longest option is right in fewer than half of the choices."""
    longest = [q for q in CHOICES if len(q["options"][q["gold"]]) == max(map(len, q["options"].values()))]

    assert len(longest) < len(CHOICES) / 2


def test_the_computed_date_follows_from_its_rule() -> None:
    """Three months counted from the day after 10 April 2026 end on 10 July, which is a weekday."""
    (question,) = [q for q in QUESTIONS if q["space"]["kind"] == "date"]
    first_day = datetime.date(2026, 4, 10) + datetime.timedelta(days=1)
    # Civil Code art. 143(2): the period ends on the day before the day that corresponds to the first.
    last_day = first_day.replace(month=first_day.month + 3) - datetime.timedelta(days=1)

    assert "令和8年4月10日" in question["question"]
    assert question["gold"] == last_day.isoformat()
    assert last_day.weekday() < 5
