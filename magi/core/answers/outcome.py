"""What canonicalisation can come to: an answer, a refusal, an abstention, or a named failure.

Only `Answer` can become a vote. `FailureName` is a closed vocabulary that stands in records; a name is never
reused for another meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class FailureName(StrEnum):
    """Why a text is no answer; the value is what the ledger keeps."""

    EMPTY = "empty"
    """Nothing was said once thoughts and decoration are taken away."""
    UNPARSABLE = "unparsable"
    """Something was said, but no rule reads one answer out of it."""
    NOT_AN_OPTION = "not_an_option"
    """The answer names something that is not on the list, or says that none of the list holds."""
    SEVERAL_ANSWERS = "several_answers"
    """Two answers, a range, a change of mind, or an answer that contradicts itself."""
    NEGATED_ONLY = "negated_only"
    """It says what is not the answer and nothing else."""
    NOT_A_NUMBER = "not_a_number"
    """No numeral where a number was asked for, or one that is written in no known way."""
    APPROXIMATE = "approximate"
    """約, 程度, 以上, 頃: a number or date that is not stated exactly."""
    UNIT_MISSING = "unit_missing"
    """A bare number where a unit was asked for; 125 may mean 125 円 or 125 万円."""
    UNIT_MISMATCH = "unit_mismatch"
    """A unit that is unknown or does not convert exactly to the one asked for."""
    NOT_A_DATE = "not_a_date"
    """No date, a day that no calendar has, or a day outside the era that it names."""
    MALFORMED_JSON = "malformed_json"
    """It looks like JSON but does not parse, or is not the object that was asked for."""
    TRUNCATED = "truncated"
    """A thought or a JSON object that was opened and never closed."""
    TOO_LONG = "too_long"
    """More characters than `MAX_ANSWER_CHARS`."""


FAILURES: Final[frozenset[str]] = frozenset(name.value for name in FailureName)
"""Every failure name, for readers of records."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that can be counted.

    `ballot` is the class that rules count and replay compares; it is `""` in an open space. `reason`, `basis`
    and `words` (the answer as the seat wrote it) are the seat's words and belong in a body, never in a record.
    """

    ballot: str
    reason: str
    basis: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The seat will not answer; `reason` is its own words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Abstention:
    """The seat cannot tell; `reason` is its own words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer can be read, and this is why; it carries no text."""

    name: FailureName


Canonical: TypeAlias = Answer | Refusal | Abstention | Failure


@dataclass(frozen=True, slots=True)
class Reading:
    """One stretch of text read by one space: a ballot, or a failure, and the ballots it says are wrong."""

    ballot: str = ""
    failure: FailureName | None = None
    denied: frozenset[str] = frozenset()


def unread(name: FailureName) -> Reading:
    """A reading that found no ballot, for the named reason."""
    return Reading(failure=name)
