"""Splits are the ones NumPy draws, in plain Python."""

import hashlib
import json

import pytest

from magi.evaluation.splits import permutation, split

# numpy 2.4.6: default_rng(seed).permutation(size): the first five, and SHA-256 of the whole list as JSON
NUMPY = [
    (0, 0, [], "4f53cda18c2baa0c"),
    (0, 1, [0], "d0bca111f8628137"),
    (0, 2, [0, 1], "923682bea6d517dc"),
    (1, 7, [5, 0, 1, 4, 2], "f17ffbdae8fe0ffa"),
    (7, 100, [88, 42, 26, 50, 54], "2c51721921e7c197"),
    (19, 721, [228, 158, 39, 579, 197], "fd0eea5552f12036"),
    (3, 800, [213, 367, 299, 5, 158], "f5f29b4d1fcfc324"),
    (2**40 + 3, 1000, [517, 234, 394, 267, 297], "2481da5ca958c624"),
    (2**130 + 5, 1000, [309, 929, 1, 381, 907], "f7e530e0183a32ba"),
    (0, 10340, [3170, 2948, 4419, 1042, 1081], "a35242abed243356"),
    (19, 12032, [4602, 2772, 1368, 9576, 8576], "c4f2578d32cd8a09"),
]


@pytest.mark.parametrize(("seed", "size", "first", "whole"), NUMPY)
def test_permutation_is_numpys(seed, size, first, whole):
    """Seeds of any length and sizes up to 12,032 give the permutation that NumPy gives."""
    found = permutation(seed, size)

    assert found[:5] == first
    assert hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16] == whole


def test_split_takes_the_first_as_labelled():
    """The labelled places are the first of the permutation, the held-out ones all others."""
    drawn = split(7, 100, 30)

    assert drawn.labelled[:3] == (88, 42, 26)
    assert sorted(drawn.labelled + drawn.held_out) == list(range(100))
    assert len(drawn.labelled) == 30


@pytest.mark.parametrize("arguments", [(0, 10, 11), (0, 10, -1)])
def test_split_refuses_more_labels_than_questions(arguments):
    """Fewer than no labels, or more than there are questions, is an error."""
    with pytest.raises(ValueError, match="labelled"):
        split(*arguments)


def test_a_negative_seed_is_refused():
    """NumPy has no negative seeds, so there is nothing to be equal to."""
    with pytest.raises(ValueError, match="seed"):
        permutation(-1, 5)
