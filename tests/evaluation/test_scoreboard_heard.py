"""What a recorded deliberation counts as: seats asked, first answers, verdict, cost; and when an answer is right."""

import pytest

from magi.core.decided import Decided, SeatReport
from magi.core.record import Ticketed
from magi.core.said import Tokens
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.evaluation.asked_rows import Again
from magi.evaluation.gold import Item, gold_of, is_right
from magi.evaluation.heard import first_preference, heard, row_of
from magi.evaluation.reorder import drawn, reordered, same_text
from magi.evaluation.repeats import again, plurality
from magi.service.question import take_question

OPTIONS = {"A": "甲案", "B": "乙案", "C": "丙案"}


def choice(name="q", options=OPTIONS, gold="A"):
    """A choice question with gold."""
    space = ChoiceSpace(options=tuple(options))
    return Item(1, name, "k", take_question("どれか。", space, options), gold)


def plain(space, gold, text="問い。"):
    """A question of another space with gold."""
    question = take_question(text, space)
    return Item(1, "q", "k", question, gold_of(gold, question))


def report(number, said="answer", answer="A"):
    """What the verdict says of one seat."""
    return SeatReport(
        seat=f"s{number}", ask=f"a{number}", card=f"c{number}", said=said, answer_class=answer,
        failure=None, origin="live",
    )  # fmt: skip


def decided(*reports, answer="A", attributed=None):
    """A verdict of these seats."""
    return Decided(
        outcome="majority", answer_class=answer, attributed=attributed, tally=(), seats=reports, dissent=(),
        confidence_bp=None, outstanding=(), flags=(),
    )  # fmt: skip


def ticket(build, number):
    """A send to one seat."""
    return Ticketed(
        ask=f"a{number}", attempt=1, card=f"c{number}", backend="own", host="127.0.0.1", country="JP", label=1,
        digest=build.HASH, derived_from=("question",), expires_ms=1,
    )  # fmt: skip


def test_only_seats_that_were_asked_are_in_the_row(build):
    """A failure is None, a seat that was barred, rested or spared is missing; calls, spared asks and tokens add up."""
    tokens = Tokens(prompt=7, completion=3)
    records = build.records(
        build.opened(5),
        *(ticket(build, number) for number in (1, 2, 2)),
        build.answered(1, "B", tokens=tokens),
        build.answered(2, statement="failure"),
        decided(
            report(1, answer="B"), report(2, "failure", None), report(3, "not_admitted", None),
            report(4, "not_asked", None), report(5, "rested", None), answer="B",
        ),
    )  # fmt: skip
    found = heard(records, {})
    row = row_of(choice(gold="B"), found, {"c1": "c1 v9"})

    assert found.answers == {"s1": "B", "s2": None}
    assert (found.calls, found.saved, found.tokens) == (3, 1, {"s1": (7, 3)})
    assert found.alone == found.tokens
    assert row.correct == {"s1": True, "s2": False}
    assert row.models == {"s1": "c1 v9", "s2": "c2"}
    assert row.council.right
    assert row.council.deliberation == "x"


def test_a_seat_counts_with_its_first_answer(build):
    """After a rebuttal the blind answer stays the seat's own; the second one is kept beside it."""
    spent = {"tokens": Tokens(prompt=7, completion=3)}
    second = build.answered(1, "A", ask="b1", stage="rebuttal", **spent)
    records = build.records(build.opened(1), build.answered(1, "C", **spent), second, decided(report(1)))
    found = heard(records, {})

    assert found.answers == {"s1": "C"}
    assert (found.tokens, found.alone) == ({"s1": (14, 6)}, {"s1": (7, 3)})
    assert row_of(choice(), found, {}).rebuttal == {"s1": (False, True)}


def test_open_answers_count_by_their_words(build):
    """In an open space the words given stand for the ballots, and the attributed statement for the verdict."""
    opened = build.opened(2, space=OpenSpace())
    said = (build.answered(1, ""), build.answered(2, ""))
    verdict = decided(report(1), report(2), answer="k1", attributed="a2")
    found = heard(build.records(opened, *said, verdict), {"a1": "増収", "a2": "減収"})

    assert found.answers == {"s1": "増収", "s2": "減収"}
    assert found.decision == "減収"


def test_an_open_deliberation_is_no_row(build):
    """Without a verdict there is nothing to count."""
    assert heard(build.records(build.opened(1), build.answered(1)), {}) is None


@pytest.mark.parametrize(
    ("ballot", "first"), [("B", "B"), ("B>A=C", "B"), ("A=B>C", None), ("A+C", None), ("-", None), ("C", "C")]
)
def test_the_first_preference_of_every_ballot(ballot, first):
    """One option on top is the answer; several on top, or none, are no single answer."""
    assert first_preference(ballot) == first


@pytest.mark.parametrize(
    ("gold", "option"), [("b", "B"), ("B", "B"), ("Ｂ", "B"), ("乙案", "B"), (None, None)]
)
def test_gold_names_an_option_by_id_or_text(gold, option):
    """Case and width of an id do not count; the text is taken word for word."""
    assert gold_of(gold, choice().question) == option


@pytest.mark.parametrize("gold", ["D", "", "甲案か乙案", 1, ["A"], {"A": 1}])
def test_gold_that_names_no_option_is_an_error(gold):
    """Nothing is guessed: such a line is refused."""
    with pytest.raises(ValueError, match="gold"):
        gold_of(gold, choice().question)


@pytest.mark.parametrize(
    ("space", "gold", "answer", "right"),
    [
        (YesNoConditionalSpace(), "はい", "yes", True),
        (YesNoConditionalSpace(), True, "yes", True),
        (YesNoConditionalSpace(), "no", "yes", False),
        (DateSpace(), "令和8年4月1日", "2026-04-01", True),
        (NumberSpace(unit="円"), "101,875百万円", "101875000000 円", True),
        (NumberSpace(unit="円"), "133,818", "133818000000 円", True),
        (NumberSpace(unit="円"), "133,818", "13381800 円", False),
        (NumberSpace(unit="%"), "10.07%", "10.1 %", True),
        (NumberSpace(unit="%"), "10.07%", "10.3 %", False),
        (OpenSpace(), "増収", " 増収 ", True),
        (OpenSpace(), "増収", "減収", False),
        (OpenSpace(), "増収", None, False),
        (OpenSpace(), None, "増収", False),
    ],
)  # fmt: skip
def test_right_is_what_the_space_says(space, gold, answer, right):
    """Classes by name, numbers within 1 % in the question's unit, words as they stand; nothing is never right."""
    assert is_right(plain(space, gold), answer) is right


def test_a_reordering_moves_every_set_of_options():
    """Other ids hold the same texts, never in the first order, and the same every time; gold is left out."""
    items = [choice(f"q{number}") for number in range(50)]
    moved = [reordered(item) for item in items]

    assert all(dict(each.question.options) != OPTIONS for each in moved)
    assert all(sorted(each.question.options.values()) == sorted(OPTIONS.values()) for each in moved)
    assert moved == [reordered(item) for item in items]
    assert {each.gold for each in moved} == {None}
    assert len({tuple(each.question.options.values()) for each in moved}) > 2


def test_the_same_text_is_the_same_answer():
    """Ids may differ where texts agree, and agree where texts differ; no answer on either side is silence."""
    after = {"A": "乙案", "B": "甲案", "C": "丙案"}

    assert same_text(OPTIONS, "A", after, "B") == "same"
    assert same_text(OPTIONS, "A", after, "A") == "other"
    assert same_text(OPTIONS, None, after, "A") == same_text(OPTIONS, "A", after, None) == "silent"


def test_only_choice_questions_are_drawn_again():
    """As many as asked for or there are, in the order of the data set."""
    items = [choice(f"q{number}") for number in range(9)]
    mixed = [items[0], plain(OpenSpace(), "x"), *items[1:]]

    assert [item.id for item in drawn(mixed, 100)] == [item.id for item in items]
    assert len(drawn(mixed, 4)) == 4
    assert [item.line for item in drawn(mixed, 4)] == sorted(item.line for item in drawn(mixed, 4))


def test_the_plurality_of_one_seat():
    """Most often wins, a tie goes to the first, silence is no vote, and silence alone is no answer."""
    assert plurality(["B", "A", "A"]) == "A"
    assert plurality(["B", "A", None]) == "B"
    assert plurality([None, None]) is None


def test_a_seat_asked_again_is_judged_by_its_plurality():
    """Right by two of three, alike only where all are one; a seat that missed a run is left out."""
    runs = [{"a": "A", "b": "B"}, {"a": "A", "b": "B"}, {"a": "C", "b": "B", "c": "A"}]

    assert again(choice(), runs) == {
        "a": Again(3, right=True, alike=False),
        "b": Again(3, right=False, alike=True),
    }
