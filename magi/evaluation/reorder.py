"""The same choice question with its option texts under other ids, to see whether an answer follows text or place.

Promises: pure; seeded by the question's id, so the same questions get the same order wherever this runs; the order
always differs from the first. Options that speak of each other by id (AとB, 上記のすべて) lose their sense in another
order: a data set full of them should not be checked this way.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from magi.evaluation.asked_rows import Same
from magi.evaluation.gold import Item
from magi.evaluation.splits import permutation

SEED: Final = 20_260_602
"""Draws the questions that are asked again; any number would do, as long as it stays."""


def drawn(items: Sequence[Item], count: int) -> tuple[Item, ...]:
    """At most `count` of the choice questions, in the order of the data set."""
    choices = [item for item in items if item.question.space.kind == "choice"]
    places = sorted(permutation(SEED, len(choices))[:count])
    return tuple(choices[place] for place in places)


def reordered(item: Item) -> Item:
    """The item with the texts of its options moved; its gold is left out."""
    question = item.question
    ids = list(question.options)
    seed = int.from_bytes(hashlib.sha256(item.id.encode("utf-8", "replace")).digest()[:8])
    order = permutation(seed, len(ids))
    if order == sorted(order):
        order = [*order[1:], order[0]]
    moved = {name: question.options[ids[place]] for name, place in zip(ids, order, strict=True)}
    return replace(item, question=replace(question, options=moved), gold=None)


def same_text(
    first: Mapping[str, str], one: str | None, second: Mapping[str, str], other: str | None
) -> Same:
    """Whether two option ids name the same text, each in its own order; silent where either is no option."""
    if one is None or other is None or one not in first or other not in second:
        return "silent"
    return "same" if first[one] == second[other] else "other"
