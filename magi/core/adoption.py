"""Adoption: what people made of a verdict, and which verdicts wait for a person. Pure.

A verdict is advice. Taking it up, not taking it up or sending it back is an act of a named person on record, in a
stream of its own, beside the deliberation and never in it. An act names the verdict by the SHA-256 of its bytes and
counts for that verdict only. Later acts replace earlier ones; all of them stay on record.

A verdict waits for a person where arbitration says why, or, without terms of arbitration, where nothing was decided.
It waits until somebody adopted it or decided not to; one that was sent back waits on.

Promises: nothing follows from an act by itself; the result depends on the records alone, not on the order in which
deliberations are given. Leaves to others: who may act and what is refused (`magi.service.adoption`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from magi.core.acts import Adopted
from magi.core.decided import Decided, Outcome
from magi.core.record import Opened, Record

ADOPTIONS = "adoptions"
"""The stream of all acts of adoption in a log."""

Decision = Literal["adopted", "not_adopted", "sent_back"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
UNDECIDED: frozenset[Outcome] = frozenset({"tied", "no_quorum", "withheld"})
"""Outcomes that hold no answer which anybody could take up."""
NOT_REAL = frozenset({"rehearsal", "recording"})
"""Flags of verdicts that no model reached on this question."""


@dataclass(frozen=True)
class Act:
    """One act that counts for a verdict; `number` is its ordinal in the stream of acts, where its reason lies too."""

    number: int
    at_ms: int
    decision: Decision
    by: str


@dataclass(frozen=True)
class Standing:
    """Where a verdict stands with people.

    Attributes:
        verdict: the SHA-256 of its bytes in hex.
        decided_ms: when it was recorded, Unix ms.
        reasons: why a person must look at it; empty where nobody need.
        acts: every act on this verdict, oldest first.
        changed: a second, different verdict stands in the stream, so nobody can say which one is meant.
    """

    stream: str
    council: str
    verdict: str
    decided_ms: int
    outcome: Outcome
    flags: tuple[str, ...]
    reasons: tuple[str, ...]
    acts: tuple[Act, ...] = ()
    changed: bool = False

    @property
    def last(self) -> Act | None:
        """The act that stands."""
        return self.acts[-1] if self.acts else None

    @property
    def waits(self) -> bool:
        """Whether a person must still say what becomes of it."""
        return bool(self.reasons) and (self.last is None or self.last.decision == "sent_back")


def verdict_digest(verdict: Decided) -> str:
    """The SHA-256 of a verdict's bytes in hex: what an act names."""
    return hashlib.sha256(verdict.to_bytes()).hexdigest()


def review_reasons(verdict: Decided) -> tuple[str, ...]:
    """Why a person must look at a verdict, as codes; empty where nobody need."""
    if verdict.arbitration is not None:
        return verdict.arbitration.review
    return (verdict.outcome,) if verdict.outcome in UNDECIDED else ()


def standing(records: Sequence[Record], acts: Sequence[Record]) -> Standing | None:
    """Where the verdict of one deliberation stands; `acts` are the records of `ADOPTIONS`, of this one or of all.

    None where there is no verdict: running, refused, or no deliberation at all.
    """
    verdicts = [(record, record.data) for record in records if isinstance(record.data, Decided)]
    opened = next((record.data for record in records if isinstance(record.data, Opened)), None)
    if not verdicts or opened is None:
        return None
    record, verdict = verdicts[0]
    digest = verdict_digest(verdict)
    return Standing(
        stream=record.stream,
        council=opened.council,
        verdict=digest,
        decided_ms=record.at_ms,
        outcome=verdict.outcome,
        flags=verdict.flags,
        reasons=review_reasons(verdict),
        acts=_acts_on(record.stream, digest, acts),
        changed=any(other.to_bytes() != verdict.to_bytes() for _, other in verdicts[1:]),
    )


def _acts_on(stream: str, digest: str, acts: Sequence[Record]) -> tuple[Act, ...]:
    """The acts on this very verdict; one elsewhere, of another stream or digest, is none of them."""
    found = (
        Act(record.ordinal, record.at_ms, event.decision, event.by)
        for record in acts
        if record.stream == ADOPTIONS
        and isinstance(event := record.data, Adopted)
        and (event.stream, event.verdict) == (stream, digest)
    )
    return tuple(sorted(found, key=lambda act: act.number))


def oldest_first(standings: Iterable[Standing]) -> tuple[Standing, ...]:
    """By the time of the verdict, those of one millisecond by the stream's name."""
    return tuple(sorted(standings, key=lambda each: (each.decided_ms, each.stream)))


def queue(deliberations: Iterable[Sequence[Record]], acts: Sequence[Record]) -> tuple[Standing, ...]:
    """The verdicts that wait for a person, oldest first; `acts` are the records of `ADOPTIONS`."""
    known = by_stream(acts)
    named = (standing(each, known.get(each[0].stream, ())) for each in deliberations if each)
    return oldest_first(each for each in named if each is not None and each.waits)


def by_stream(acts: Iterable[Record]) -> Mapping[str, tuple[Record, ...]]:
    """The acts of adoption by the deliberation that they name, each in the order of the record."""
    found: dict[str, list[Record]] = {}
    for record in acts:
        if isinstance(record.data, Adopted):
            found.setdefault(record.data.stream, []).append(record)
    return {stream: tuple(records) for stream, records in found.items()}
