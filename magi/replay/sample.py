"""A sample of deliberations for people to read, which anybody can draw again without this program. Pure.

The rank of a deliberation is SHA-256(seed || stream), both in UTF-8 and nothing between them; the sample of a stratum
is its lowest ranks. So the order of two deliberations depends on nothing but the seed: not on the log's length, the
process, or what else is in it. Sizes of strata follow the largest remainder: each gets the whole part of its share
of the size, and what is left goes to the largest fractions, ties to the name that sorts first.

Chance that the auditor states beforehand (a seed given by two parties, drawn by lot) is what keeps the sample from
being chosen; a log that was already open when the seed was named cannot have been written to suit it.

Leaves to others: whether the log is sound, words. A deliberation belongs to the day of its verdict; without one, to
the day of its opening. What was refused before it was opened is no deliberation and is only counted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from magi.core.decided import Decided
from magi.core.record import Answered, LabelRaised, Opened, Record
from magi.replay.egress import Period
from magi.residency.label import Label

FORMULA: Final = "SHA-256(seed || stream)"
By = Literal["label", "outcome", "origin"]
WAYS: Final[tuple[By, ...]] = ("label", "outcome", "origin")
ALL: Final = "all"
"""The one stratum where none are asked for."""
UNDECIDED: Final = "undecided"
NOBODY: Final = "nobody"
MIXED: Final = "mixed"


@dataclass(frozen=True)
class Drawn:
    """One deliberation of the sample, with what ranks it (64 hex digits) and where it belongs."""

    stream: str
    rank: str
    at_ms: int
    stratum: str


@dataclass(frozen=True)
class Stratum:
    """One stratum: how many there are, how many were drawn."""

    name: str
    population: int
    drawn: int


@dataclass(frozen=True)
class Sample:
    """A sample with all that it takes to draw it again; `population_digest` see `population_digest`."""

    seed: str
    size: int
    by: By | None
    population: int
    population_digest: str
    strata: tuple[Stratum, ...]
    drawn: tuple[Drawn, ...]


@dataclass
class Population:
    """Takes streams one by one and keeps those of the period. Owned by one caller."""

    period: Period
    by: By | None = None
    unopened: int = 0
    outside: int = 0
    _members: dict[str, tuple[int, str]] = field(default_factory=dict)

    def take(self, stream: str, records: Sequence[Record]) -> None:
        """Read one whole stream; other than deliberations are passed over."""
        if not stream.startswith("d/"):
            return
        at_ms = _moment(records)
        if at_ms is None:
            self.unopened += 1
        elif self.period.holds(at_ms):
            self._members[stream] = (at_ms, ALL if self.by is None else _STRATUM[self.by](records))
        else:
            self.outside += 1

    def draw(self, seed: str, size: int) -> Sample:
        """The sample of `size`, or all where there are no more; by stratum, then by rank."""
        strata: dict[str, list[str]] = {}
        for stream, (_, stratum) in self._members.items():
            strata.setdefault(stratum, []).append(stream)
        sizes = shares({name: len(members) for name, members in strata.items()}, size)
        drawn = [
            Drawn(stream, rank(seed, stream), self._members[stream][0], name)
            for name in sorted(strata)
            for stream in sorted(strata[name], key=lambda each: rank(seed, each))[: sizes[name]]
        ]
        return Sample(
            seed=seed,
            size=size,
            by=self.by,
            population=len(self._members),
            population_digest=population_digest(self._members),
            strata=tuple(Stratum(name, len(strata[name]), sizes[name]) for name in sorted(strata)),
            drawn=tuple(drawn),
        )


def rank(seed: str, stream: str) -> str:
    """SHA-256(seed || stream) in 64 hex digits; lower is drawn first."""
    return hashlib.sha256(seed.encode() + stream.encode()).hexdigest()


def shares(populations: Mapping[str, int], size: int) -> Mapping[str, int]:
    """How many to draw of each stratum: largest remainder (Hamilton), in whole numbers; never more than there are."""
    total = sum(populations.values())
    size = min(size, total)
    if not total:
        return {}
    whole = {name: size * count // total for name, count in populations.items()}
    by_fraction = sorted(populations, key=lambda name: (-(size * populations[name] % total), name))
    for name in by_fraction[: size - sum(whole.values())]:
        whole[name] += 1
    return whole


def population_digest(streams: Mapping[str, object]) -> str:
    """SHA-256 over the names of all streams of the population, sorted by their bytes, each with a line feed."""
    return hashlib.sha256(b"".join(sorted(name.encode() + b"\n" for name in streams))).hexdigest()


def _moment(records: Sequence[Record]) -> int | None:
    """The time of the verdict, else of the opening, else None."""
    decided = next((record.at_ms for record in records if isinstance(record.data, Decided)), None)
    if decided is not None:
        return decided
    return next((record.at_ms for record in records if isinstance(record.data, Opened)), None)


def _label(records: Sequence[Record]) -> str:
    """The highest label that it had."""
    levels = [record.data.label for record in records if isinstance(record.data, Opened)]
    levels += [record.data.after for record in records if isinstance(record.data, LabelRaised)]
    return Label(max(levels, default=0)).word


def _outcome(records: Sequence[Record]) -> str:
    return next((record.data.outcome for record in records if isinstance(record.data, Decided)), UNDECIDED)


def _origin(records: Sequence[Record]) -> str:
    """Who answered: models live, stand-ins, both, or nobody."""
    origins = {record.data.origin for record in records if isinstance(record.data, Answered)}
    return NOBODY if not origins else MIXED if len(origins) > 1 else origins.pop()


_STRATUM: Final = {"label": _label, "outcome": _outcome, "origin": _origin}
