"""Questions at the edge: limits, what is no text, options that fit, and the body's round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import QuestionRefusedError
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace
from magi.service.question import MAX_CHARS, MAX_OPTION_CHARS, read_question, take_question

AB = ChoiceSpace(options=("A", "B"))
CANARY = "ひみつ"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(str.strip)


def refusal(*args):
    """Why a question is refused."""
    with pytest.raises(QuestionRefusedError) as caught:
        take_question(*args)
    assert CANARY not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("text", ["", " ", "\n\t", "　"])
def test_an_empty_question_is_refused(text):
    """Nothing but white space, the Japanese space included, is no question."""
    assert refusal(text) == "empty"


def test_the_limit_is_exact():
    """The longest question is taken; one character more is refused with the limit."""
    assert len(take_question("字" * MAX_CHARS).text) == MAX_CHARS
    assert refusal("字" * (MAX_CHARS + 1)) == "too_large"


@pytest.mark.parametrize("text", [f"{CANARY}\ud800", "\udfff", f"{CANARY}\udc80です"])
def test_lone_surrogates_are_refused(text):
    """A text that is not UTF-8 on its way out is refused, in the question and in an option."""
    assert refusal(text) == "not_text"
    assert refusal("問", AB, {"A": text, "B": "b"}) == "not_text"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "options_missing"),
        ({"A": CANARY}, "options_missing"),
        ({"A": CANARY, "C": "c"}, "options_missing"),
        ({"A": CANARY, "B": "b", "C": "c"}, "options_unknown"),
        ({"A": CANARY, "B": " "}, "option_empty"),
        ({"A": CANARY, "B": "字" * (MAX_OPTION_CHARS + 1)}, "option_too_large"),
    ],
)
def test_options_must_fit_the_space(options, reason):
    """Options missing, unknown, empty or too long are refused, each by its reason."""
    assert refusal("問", AB, options) == reason


@pytest.mark.parametrize("space", [YesNoConditionalSpace(), NumberSpace(), DateSpace(), OpenSpace()])
def test_options_go_with_a_choice_only(space):
    """Another space takes no options."""
    assert refusal("問", space, {"A": CANARY}) == "options_unknown"


def test_a_declared_space_is_taken_as_declared():
    """What the asker declares is not derived over."""
    question = take_question("はいかいいえで答えてください。", OpenSpace())

    assert (question.space, question.decision.source) == (OpenSpace(), "declared")


def test_an_undeclared_space_is_derived_and_says_so():
    """Without a declaration the space comes from the text, with the rule's name and the options it lists."""
    question = take_question("次のうち正しいものはどれですか。\nア 甲です\nイ 乙です")

    assert question.space == ChoiceSpace(options=("ア", "イ"))
    assert (question.decision.source, question.options) == (
        "derived:options",
        {"ア": "甲です", "イ": "乙です"},
    )


@given(
    text=TEXT.map("問{}".format),
    first=TEXT,
    second=TEXT,
    space=st.sampled_from((AB, OpenSpace(), NumberSpace(unit="円"), None)),
)
def test_the_body_reads_back(text, first, second, space):
    """Any question that is taken reads back from its body equal, with the same bytes."""
    options = {"A": first, "B": second} if space is AB else {}
    question = take_question(text, space, options)
    again = read_question(question.to_bytes())

    assert again == question
    assert again.to_bytes() == question.to_bytes()


def test_equal_questions_have_equal_bodies():
    """The order in which options are given does not show in the body."""
    one = take_question("問", AB, {"A": "a", "B": "b"})

    assert take_question("問", AB, {"B": "b", "A": "a"}).to_bytes() == one.to_bytes()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"null",
        b"{}",
        "ひみつ".encode(),
        b'{"text":"x","options":{},"space":{"kind":"other"},"source":"declared"}',
        b'{"text":"x","options":{},"space":{"kind":"open"},"source":"guessed"}',
        b'{"text":"x","options":5,"space":{"kind":"open"},"source":"declared"}',
        b'{"text":5,"options":{},"space":{"kind":"open"},"source":"declared"}',
    ],
)
def test_a_body_that_is_no_question_is_refused(body):
    """A body of another form is refused by one reason, without being quoted."""
    with pytest.raises(QuestionRefusedError) as caught:
        read_question(body)

    assert caught.value.reason == "unreadable_body"
    assert CANARY not in str(caught.value)
