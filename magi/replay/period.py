"""The replays of a period in numbers: what every level found, by outcome and by code version. Pure.

Takes deliberations one by one, so that a log of any length is summed up in little memory: what is as it should be is
counted, and listed up to a limit; what is not is kept by name. Leaves to others: what a level finds (`rearbitrate`,
`counterfactual`, ...), whether the bytes are sound (`magi.ledger.verify`), words and tables (the command).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from magi.core.acts import MAX_NAMED, Level
from magi.replay.egress import Period

LISTED = 1_000
"""Deliberations kept for listing, and as many more that are not as they should be; sums count all."""

LEVELS: Final[tuple[Level, ...]] = ("R0", "R1", "R2", "R3", "R4")

AMISS: Final[Mapping[Level, frozenset[str]]] = MappingProxyType(
    {
        "R0": frozenset({"broken"}),
        "R1": frozenset({"different", "malformed"}),
        "R2": frozenset({"different", "miss", "assets_differ"}),
        "R3": frozenset({"unfounded"}),
        "R4": frozenset(),
    }
)
"""What is not as it should be. A counterfactual may come out as it will and a model may change its mind; what was
erased by the rules, or cannot be replayed by this program, is said and counted, and is nobody's fault. Today's prompts
or cards that are not those of the day leave the pipeline unproven."""


@dataclass(frozen=True)
class Found:
    """One deliberation: when, under which code, its recorded outcome, and each level's result by name."""

    stream: str
    at_ms: int | None
    code: str | None
    outcome: str | None
    results: Mapping[Level, str]

    @property
    def amiss(self) -> bool:
        """Whether any level found what should not be."""
        return any(result in AMISS[level] for level, result in self.results.items())


@dataclass
class Summary:
    """Takes deliberations one by one and sums them up. Owned by one caller."""

    period: Period
    deliberations: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    results: dict[Level, Counter[str]] = field(default_factory=dict)
    listed: list[Found] = field(default_factory=list)
    amiss: list[Found] = field(default_factory=list)
    amiss_count: int = 0
    first: str | None = None
    last: str | None = None

    def holds(self, at_ms: int | None) -> bool:
        """Whether a deliberation of that time is of the period; one whose time cannot be read is of every period."""
        return at_ms is None or self.period.holds(at_ms)

    def take(self, found: Found) -> None:
        """Count one deliberation; the caller has asked `holds`."""
        self.deliberations += 1
        self.first = self.first or found.stream
        self.last = found.stream
        if found.outcome is not None:
            self.outcomes[found.outcome] += 1
        if found.code is not None:
            self.codes[found.code] += 1
        for level, result in found.results.items():
            self.results.setdefault(level, Counter())[result] += 1
        if len(self.listed) < LISTED:
            self.listed.append(found)
        if found.amiss:
            self.amiss_count += 1
            if len(self.amiss) < LISTED:
                self.amiss.append(found)

    @property
    def sound(self) -> bool:
        """Whether every level found every deliberation as it should be."""
        return not self.amiss_count

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that were replayed, lowest first."""
        return tuple(level for level in LEVELS if level in self.results)

    def counts(self, level: Level) -> Mapping[str, int]:
        """What a level found, the most frequent first; ties by name."""
        return dict(sorted(self.results.get(level, Counter()).items(), key=lambda pair: (-pair[1], pair[0])))

    def differing(self) -> tuple[str, ...]:
        """The first streams that are not as they should be, as many as a record names."""
        return tuple(found.stream for found in self.amiss[:MAX_NAMED])

    def other_codes(self, running: str) -> Mapping[str, int]:
        """Deliberations by the code version that they ran on, where it is not the running one."""
        return {code: number for code, number in sorted(self.codes.items()) if code != running}
