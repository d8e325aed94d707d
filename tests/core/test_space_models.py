"""The answer spaces as recorded values."""

import pytest
from pydantic import TypeAdapter, ValidationError

from magi.core.space import (
    MAX_OPTIONS,
    AnswerSpace,
    ChoiceSpace,
    DateSpace,
    NumberSpace,
    OpenSpace,
    SpaceDecision,
    YesNoConditionalSpace,
)

SPACES = (
    ChoiceSpace(options=("ア", "イ")),
    YesNoConditionalSpace(),
    NumberSpace(),
    NumberSpace(unit="円"),
    NumberSpace(unit="m2"),
    DateSpace(),
    OpenSpace(),
)


@pytest.mark.parametrize("space", SPACES)
def test_space_survives_its_json(space):
    """A space read back from its own JSON equals itself, through the union."""
    adapter = TypeAdapter(AnswerSpace)

    assert adapter.validate_json(adapter.dump_json(space)) == space


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("ア",),
        ("ア", "ア"),
        ("a", "A"),
        ("Ａ", "B"),
        ("ｱ", "イ"),
        ("①", "②"),
        ("", "イ"),
        ("ア イ", "ウ"),
        ("(1)", "2"),
        ("123456789", "2"),
        tuple(str(number) for number in range(MAX_OPTIONS + 1)),
    ],
)
def test_choice_refuses_ids_that_a_record_must_not_hold(options):
    """Ids that are too few, too many, too long, not normal or not unique are refused."""
    with pytest.raises(ValidationError):
        ChoiceSpace(options=options)


@pytest.mark.parametrize("unit", ["", "％", "1円", "円 ", "万 円", "-", "x" * 13])
def test_number_refuses_units_that_are_no_plain_words(unit):
    """A unit that is not normal, is empty, or could be taken for part of the number is refused."""
    with pytest.raises(ValidationError):
        NumberSpace(unit=unit)


def test_errors_do_not_show_the_input():
    """A validation error never quotes what was given, which may be user text."""
    with pytest.raises(ValidationError) as caught:
        ChoiceSpace(options=("秘密の本文", "秘密 の本文"))

    assert "秘密" not in str(caught.value)


def test_spaces_are_frozen_and_closed():
    """A space cannot be changed and takes no unknown member."""
    space = NumberSpace(unit="円")

    with pytest.raises(ValidationError):
        space.unit = "人"
    with pytest.raises(ValidationError):
        DateSpace.model_validate({"kind": "date", "text": "x"})


@pytest.mark.parametrize(
    ("source", "valid"), [("declared", True), ("derived:yes-no", True), ("guess", False)]
)
def test_source_is_declared_or_derived(source, valid):
    """A decision names its source in one of two forms."""
    if valid:
        decision = SpaceDecision(space=OpenSpace(), source=source)

        assert decision.source == source
        return
    with pytest.raises(ValidationError):
        SpaceDecision(space=OpenSpace(), source=source)
