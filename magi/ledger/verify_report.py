"""What a check of a log found: problems by place, counts, and what was not checked. Values only.

Promises: every reason stands in `words.toml` under `verify.problem`; names of streams are shown with U+FFFD where
stored bytes are no text. Leaves to others: finding (`magi.ledger.verify`), saying it (`magi.cli.verify`).
"""

from dataclasses import dataclass, field
from typing import Literal

Depth = Literal["tree", "bodies", "full"]
"""`tree`: leaves, tiles, head, signature. `bodies`: also commitments. `full`: also what the records say."""

MAX_PROBLEMS = 1_000
"""Problems kept; a log with more is not explained by reading on."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where: the record's `seq`, `stream` and `ordinal` as far as known.

    `what` is a reason, with the name of a body, table or file after a colon where there is one.
    """

    what: str
    seq: int | None = None
    stream: str | None = None
    ordinal: int | None = None

    @property
    def reason(self) -> str:
        """The reason without the name behind it."""
        return self.what.partition(": ")[0]


@dataclass(frozen=True)
class VerifyReport:
    """What was counted and found. `root` is the RFC 6962 root over all stored bytes with a place, 64 hex digits.

    `problems` is in log order, so the first names the first bad record. `bodies_missing` are those that are neither
    there nor erased; `erased` those that a tombstone names, whose commitments stand. `waiting` counts records that
    are acknowledged and have no place yet. `signers` are the keys in force whose signatures hold, `given` whether
    the auditor brought one of them, `kept` the sizes of the auditor's own checkpoints that this log extends.
    """

    records: int
    streams: int
    bodies_checked: int
    bodies_missing: int
    root: str
    problems: tuple[Problem, ...]
    depth: Depth = "full"
    origin: str = ""
    erased: int = 0
    bodies_unopened: int = 0
    bodies_elsewhere: int = 0
    waiting: int = 0
    state_checked: bool = False
    signers: tuple[str, ...] = ()
    given: bool = False
    kept: tuple[int, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass
class Findings:
    """Problems as they come up, bounded. Owned by one check."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, what: str, seq: object = None, stream: object = None, ordinal: object = None) -> None:
        """Note a problem; of many, the first ones."""
        if len(self.problems) < MAX_PROBLEMS:
            place = seq if isinstance(seq, int) else None
            number = ordinal if isinstance(ordinal, int) else None
            self.problems.append(Problem(what, place, shown(stream), number))

    def in_log_order(self) -> tuple[Problem, ...]:
        """By place; what has none comes last, in the order found."""
        return tuple(sorted(self.problems, key=lambda one: (one.seq is None, one.seq or 0)))


def shown(name: object) -> str | None:
    """A stored name as text that can be printed, whatever bytes it was read from; None where it is no text."""
    return (
        name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if isinstance(name, str) else None
    )
