"""Classes of free-text answers: two texts are one class iff their folded forms are equal.

This is the floor under open questions, exact and free of models; clustering by meaning is another method with
another name, recorded in `classified`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from magi.core.answers.fold import text_key

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSIFY_METHOD: Final = "nfkc-folded-equality/1"
"""What the `classified` record names; a change to `text_key` that changes a class needs the next number."""


def classify_open(texts: Mapping[str, str]) -> dict[str, str]:
    """Assign a class to each open answer.

    Takes ask id -> answer text in seat order and returns ask id -> class in the same order. Classes are `s1`,
    `s2`, ... by first appearance. Permuting the seats renames classes but never merges or splits them.
    """
    numbers: dict[str, int] = {}
    return {ask: f"s{numbers.setdefault(text_key(text), len(numbers) + 1)}" for ask, text in texts.items()}
