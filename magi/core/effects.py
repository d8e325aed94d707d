"""What the deliberation asks the world to do: ask seats, sort and check texts, stop, wait, decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from magi.core.decided import Decided

QUESTION = "question"
"""The name of the text that every first-round ask is derived from."""
ANSWERS = "answers"
"""The name of the one deadline, which is for all rounds."""
STAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"a": "answer", "b": "rebuttal", "r": "review", "q": "review", "w": "write"}
)
"""The stage of an ask by the letter that its name begins with; `q` is a review in the other order."""


@dataclass(frozen=True)
class Ask:
    """Ask a seat, through one of `targets` in order; the prompt derives from the texts in `derived_from`."""

    ask: str
    seat: str
    stage: str
    targets: tuple[str, ...]
    persona: str
    template: str
    inputs: tuple[str, ...]
    derived_from: tuple[str, ...]


@dataclass(frozen=True)
class Classify:
    """Sort the open statements of these asks into classes and feed `Classified`."""

    asks: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """Look for these claims in the materials, and for claims that contradict each other, and feed `Checked`."""

    claims: tuple[str, ...]


@dataclass(frozen=True)
class Cancel:
    """Stop these running asks."""

    asks: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class SetDeadline:
    """Feed `DeadlinePassed(name)` after so many milliseconds."""

    name: str
    after_ms: int


@dataclass(frozen=True)
class Decide:
    """The verdict: record it, then reply."""

    verdict: Decided


Effect = Ask | Classify | Check | Cancel | SetDeadline | Decide


def seat_number(ask: str) -> int:
    """The number of the seat that an ask is put to, in council order from 1: `a3`, `b3`, `r3`, `q3`, `w3` are one's."""
    return int(ask[1:])


def stage_of(ask: str) -> str:
    """The stage of an ask by its name."""
    return STAGES[ask[0]]
