"""Labels: the ladder, exact words, and a join that only rises."""

import itertools

import pytest

from magi.core.errors import UnknownNameError
from magi.residency.label import DEFAULT, Label, declared_label, join


def test_the_ladder_has_seven_steps_from_public_to_classified():
    """The steps are numbered 0 to 6 in the order of strictness."""
    assert [label.word for label in Label] == [
        "public",
        "internal",
        "personal",
        "sensitive-personal",
        "specific-personal",
        "secret",
        "classified",
    ]
    assert [int(label) for label in Label] == list(range(7))


def test_unlabelled_text_is_internal():
    """A text without a declaration is 機密性2, never public."""
    assert declared_label(None) is DEFAULT is Label.INTERNAL


@pytest.mark.parametrize("label", Label)
def test_each_label_is_declared_by_its_word(label):
    """A label's own word declares it."""
    assert declared_label(label.word) is label


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("機密性1", Label.PUBLIC),
        ("公開", Label.PUBLIC),
        ("機密性2", Label.INTERNAL),
        ("機密性3", Label.SECRET),
    ],
)
def test_the_standards_names_are_known(word, label):
    """The names of the government-wide standards declare the same steps."""
    assert declared_label(word) is label


@pytest.mark.parametrize(
    "word",
    [
        "",
        " public",
        "public ",
        "Public",
        "PUBLIC",
        "ｐｕｂｌｉｃ",
        "publіc",  # with a Cyrillic letter
        "public\u200b",
        "機密性１",
        "機密性 1",
        "0",
        "public\n",
    ],
)
def test_a_near_miss_is_never_a_label(word):
    """Other case, width, white space, look-alikes and numbers are refused, with the words there are."""
    with pytest.raises(UnknownNameError) as caught:
        declared_label(word)

    assert {label.word for label in Label} <= set(caught.value.facts["known"])


def test_join_is_the_strictest_and_only_rises():
    """The join is an upper bound, idempotent, and does not depend on order."""
    for labels in itertools.product(Label, repeat=3):
        joined = join(labels)

        assert joined in labels
        assert all(joined >= label for label in labels)
        assert join(reversed(labels)) is joined
        assert join([joined, *labels]) is joined


def test_nothing_joins_to_public():
    """What derives from nothing has nothing to protect."""
    assert join([]) is Label.PUBLIC


def test_titles_are_all_there():
    """Each step has a name for staff of its own."""
    assert len({label.title for label in Label}) == 7
