"""Questions with gold, and when an answer is right.

Gold is compared in the answer space of its question, which is made from the question alone: an option by its id, yes,
no and conditional, a date; a number by its value in the question's unit, within 1 %; free text by its wording.
Tables of figures often give numbers without the unit that the question asks for, so a gold number without a unit is
also compared in thousands, millions and hundreds of millions (千, 百万, 億).

Promises: pure; nothing that asks a seat sees an `Item`'s gold. Leaves to others: reading data sets
(`magi.cli.data_set`).
"""

import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from magi.core.answers import Answer, canonicalise
from magi.evaluation.equate import key_of, same
from magi.service.question import Question

SCALES: Final = (1, 1_000, 1_000_000, 100_000_000)


@dataclass(frozen=True)
class Item:
    """A question of a data set, its line there, and its gold: a class of its space, or words (None: none)."""

    line: int
    id: str
    category: str
    question: Question
    gold: str | None = field(default=None, repr=False)


def gold_of(raw: object, question: Question) -> str | None:
    """Gold as a class of the question's space; None where the data set gives none.

    Raises:
        ValueError: gold that names none of the options, or is no text and no number.
    """
    if raw is None:
        return None
    if not isinstance(raw, str | int | float):
        msg = "gold: a text or a number"
        raise ValueError(msg)  # noqa: TRY004  # one error for every line that is none
    text = "yes" if raw is True else "no" if raw is False else str(raw)
    if question.space.kind == "choice":
        return _option(text, question)
    if question.space.kind in ("yes_no_conditional", "date"):
        folded = unicodedata.normalize("NFKC", text).strip()
        if folded in ("yes", "no", "conditional"):
            return folded
        read = canonicalise(text, question.space)
        return read.ballot if isinstance(read, Answer) else text
    return text


def is_right(item: Item, answer: str | None) -> bool:
    """Whether an answer (a ballot, or words in an open space) is the gold one; None never is."""
    if answer is None or item.gold is None:
        return False
    space = item.question.space
    if space.kind == "number":
        return _near(answer, item.gold, item.question)
    if space.kind == "open":
        one, other = key_of(answer, "near"), key_of(item.gold, "near")
        return one is not None and other is not None and same(one, other, "near")
    return answer == item.gold


def _option(text: str, question: Question) -> str:
    """The option that gold names: by its id, or word for word."""
    folded = unicodedata.normalize("NFKC", text).strip()
    ids = [option for option in question.options if option.casefold() == folded.casefold()]
    named = ids or [option for option, words in question.options.items() if words.strip() == text.strip()]
    if len(named) != 1:
        msg = "gold: one of the options"
        raise ValueError(msg)
    return named[0]


def _near(answer: str, gold: str, question: Question) -> bool:
    said, meant = key_of(answer, "number"), key_of(gold, "number")
    read = canonicalise(gold, question.space)
    if isinstance(read, Answer):
        meant = key_of(read.ballot, "number")
        return said is not None and meant is not None and same(said, meant, "near")
    if not isinstance(said, Decimal) or not isinstance(meant, Decimal):
        return False
    return any(same(said, meant * scale, "near") for scale in SCALES)
