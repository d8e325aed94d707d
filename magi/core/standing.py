"""Where each seat of a council stands, in the first round and in those that follow it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from magi.core.decided import Support
from magi.core.record import Answered

StandingState = Literal[
    "not_admitted", "running", "answered", "outstanding", "cancelled", "waiting", "not_asked", "rested"
]
"""`waiting` is a seat that will be asked if need be; one that need was not of is `not_asked` in the end."""


@dataclass(frozen=True)
class Standing:
    """Where one seat stands: its ask (None if it was not admitted or rests), the ask's state, what it said."""

    seat: str
    ask: str | None
    state: StandingState
    answered: Answered | None = None

    @property
    def ballot(self) -> str | None:
        """The ballot it cast; a refusal, an abstention, an evasion or a failure casts none."""
        if self.answered is None or self.answered.statement != "answer":
            return None
        return self.answered.ballot

    @property
    def missing(self) -> bool:
        """Whether the council has to do without this seat. A refusal or an abstention is a statement."""
        return self.answered is None or self.answered.statement == "failure"


@dataclass(frozen=True)
class Rounds:
    """What followed the first answers: second ballots, reviews, the draft, and what the verifier found."""

    second: tuple[Standing, ...] = ()
    reviews: tuple[Standing, ...] = ()
    draft: Standing | None = None
    findings: Mapping[str, Support] = field(default_factory=dict)
    contradicting: tuple[tuple[str, str], ...] = ()
    stopped: bool = False


NO_ROUNDS = Rounds()
