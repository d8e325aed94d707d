"""The form: what a seat may fill in, and the words of its template's places."""

import pytest

from magi.core.answers import Answer, canonicalise
from magi.core.canonical import canonical
from magi.core.form import ABSTAIN, YES_NO, places, schema, template_for
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, OpenSpace, YesNoConditionalSpace

CHOICE = ChoiceSpace(options=("ア", "イ"))
SPACES = (CHOICE, YesNoConditionalSpace(), NumberSpace(unit="円"), DateSpace(), OpenSpace())
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.kind)


@each_space
def test_the_form_is_three_required_fields_in_order(space):
    """Answer, reason, basis, in that order, all required, nothing else."""
    form = schema(space, 0)

    assert list(form["properties"]) == form["required"] == ["answer", "reason", "basis"]
    assert form["additionalProperties"] is False


@pytest.mark.parametrize(
    ("space", "answers"),
    [(CHOICE, ["ア", "イ", ABSTAIN]), (YesNoConditionalSpace(), [*YES_NO, ABSTAIN])],
    ids=["choice", "yes-no"],
)
def test_closed_spaces_list_their_answers_and_the_abstention(space, answers):
    """A closed space admits its own answers and the abstention, no other."""
    assert schema(space, 0)["properties"]["answer"]["enum"] == answers


@pytest.mark.parametrize("space", [CHOICE, YesNoConditionalSpace()], ids=lambda space: space.kind)
def test_each_listed_answer_is_read_as_one_class(space):
    """Every listed answer canonicalises to a class of its own; the abstention to none."""
    listed = schema(space, 0)["properties"]["answer"]["enum"]
    options = {"ア": "甲", "イ": "乙"} if space is CHOICE else {}
    read = [
        canonicalise(f'{{"answer": "{word}", "reason": "", "basis": ""}}', space, options) for word in listed
    ]
    ballots = [found.ballot for found in read if isinstance(found, Answer)]

    assert len(set(ballots)) == len(listed) - 1
    assert not isinstance(read[-1], Answer)


@each_space
@pytest.mark.parametrize("bound", [0, 60])
def test_free_texts_are_bounded_where_the_card_says_so(space, bound):
    """A bound stands on every free text of the form, and on none where it is 0."""
    fields = schema(space, bound)["properties"].values()
    free = [field for field in fields if "enum" not in field]

    assert {field.get("maxLength", 0) for field in free} == {bound}


@each_space
def test_the_form_can_be_sent(space):
    """A form is plain JSON."""
    assert canonical(schema(space, 60))


@each_space
def test_the_template_is_named_after_the_kind(space):
    """Each kind of space has its own versioned template."""
    assert template_for(space) == f"answer/{space.kind}@1"


def test_options_are_listed_in_the_order_of_the_space():
    """The option list follows the space, not the mapping; each id with its text."""
    assert places(CHOICE, "問", {"イ": "乙", "ア": "甲"}) == {"question": "問", "options": "ア: 甲\nイ: 乙"}


def test_the_unit_stands_in_a_number_question_only():
    """A declared unit is named; without one its place is empty; other spaces have no such place."""
    assert "円" in places(NumberSpace(unit="円"), "問", {})["unit"]
    assert places(NumberSpace(), "問", {})["unit"] == ""
    assert places(DateSpace(), "問", {}) == {"question": "問"}
