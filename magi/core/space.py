"""Answer spaces: what a question may be answered with, as frozen values that a record can hold.

Promises: a space holds no user text. Option ids and units are short, normal (NFKC) words; the *texts* of
options live in bodies and reach canonicalisation as a separate argument. Two spaces that compare equal accept
the same ballots. Leaves to others: reading an answer (`magi.core.answers`), guessing the space from a question
(`magi.core.derive`), ranking questions.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from magi.core.frozen import Frozen

MIN_OPTIONS: Final = 2
"""One option is no question."""
MAX_OPTIONS: Final = 26
"""The Latin alphabet; printed lists with more entries than letters are not questions but registers."""
MAX_OPTION_ID_CHARS: Final = 8
"""An id is a label such as `ア`, `B` or `案1`; longer strings are option texts, which must not be recorded."""
MAX_UNIT_CHARS: Final = 12
"""The longest unit of the unit table, 平方キロメートル, with room for one counter of the asker's own."""

_SOURCE: Final = r"^(?:declared|derived:[a-z][a-z-]{0,31})$"

OptionId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_OPTION_ID_CHARS)]
SpaceSource = Annotated[str, StringConstraints(pattern=_SOURCE)]
"""Where a space came from: `declared` by the asker, or `derived:<rule>` by `magi.core.derive`."""


class ChoiceSpace(Frozen):
    """One option out of a list; the ballot is the option's id."""

    kind: Literal["choice"] = "choice"
    options: Annotated[tuple[OptionId, ...], Field(min_length=MIN_OPTIONS, max_length=MAX_OPTIONS)]

    @field_validator("options")
    @classmethod
    def _plain_and_unique(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_is_plain_id(option) for option in options):
            msg = "an option id must consist of letters, kana and the digits 0-9 in NFKC form"
            raise ValueError(msg)
        if len({option.casefold() for option in options}) != len(options):
            msg = "option ids must differ by more than letter case"
            raise ValueError(msg)
        return options


class YesNoConditionalSpace(Frozen):
    """はい, いいえ or 条件付き; the ballot is `yes`, `no` or `conditional`."""

    kind: Literal["yes_no_conditional"] = "yes_no_conditional"


class NumberSpace(Frozen):
    """A number; with a unit, an answer must name that unit or one that converts to it exactly."""

    kind: Literal["number"] = "number"
    unit: Annotated[str, StringConstraints(min_length=1, max_length=MAX_UNIT_CHARS)] | None = None

    @field_validator("unit")
    @classmethod
    def _plain_unit(cls, unit: str | None) -> str | None:
        if unit is None:
            return None
        # A unit that begins with a digit, or holds a space or a sign, could not be told from its number.
        clean = unicodedata.is_normalized("NFKC", unit) and not unit[0].isdecimal()
        if not clean or not all(char.isalnum() or char in "%/^" for char in unit):
            msg = "a unit must be a word in NFKC form that does not begin with a digit"
            raise ValueError(msg)
        return unit


class DateSpace(Frozen):
    """A calendar date; the ballot is ISO 8601, partial dates are classes of their own."""

    kind: Literal["date"] = "date"


class OpenSpace(Frozen):
    """Free text; ballots are empty until `classify_open` numbers the classes."""

    kind: Literal["open"] = "open"


AnswerSpace = Annotated[
    ChoiceSpace | YesNoConditionalSpace | NumberSpace | DateSpace | OpenSpace,
    Field(discriminator="kind"),
]


class SpaceDecision(Frozen):
    """A space and who decided on it, as they stand side by side in the `opened` record."""

    space: AnswerSpace
    source: SpaceSource


def _is_plain_id(option: str) -> bool:
    if not unicodedata.is_normalized("NFKC", option):
        return False
    return all(char in "0123456789" or unicodedata.category(char).startswith("L") for char in option)
