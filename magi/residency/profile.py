"""Profiles: dated routing tables that say which backend may see which label, and on what conditions.

A profile can be stricter than the ceiling of `CEILING`, never wider: `parse_profile` refuses one that tries, and
the policy asks the ceiling again. What is asked for a label is asked for every stricter one too. Leaves to
others: the ruling (`policy`), reading files and choosing the version of a day (`magi.assets`).
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from magi.core.canonical import canonical, digest
from magi.core.card import Day, Name, lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError
from magi.core.frozen import Frozen
from magi.residency.label import Label, declared_label, join

BackendClass = Literal["A", "B", "C", "D", "E"]
Zone = Literal["internet", "lgwan", "mynumber", "own"]
Topic = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,31}$")]
Condition = Literal[
    "certified",
    "no_training",
    "retention_30",
    "retention_0",
    "no_human_review",
    "inference_proven",
    "entrustment",
    "external_environment",
]
"""What a profile may ask of a backend beyond its class (`magi.residency.conditions`)."""

TOPICS = ("diplomacy", "security", "territory", "history")
"""Topics that every profile must take a position on; it may list more."""

CEILING: Mapping[Label, tuple[BackendClass, ...]] = {
    Label.PUBLIC: ("A", "B", "C", "D", "E"),
    Label.INTERNAL: ("A", "B", "C"),
    Label.PERSONAL: ("A", "B", "C"),
    Label.SENSITIVE_PERSONAL: ("A", "B"),
    Label.SPECIFIC_PERSONAL: ("A",),
    Label.SECRET: ("A",),
    Label.CLASSIFIED: (),
}
"""The most that any profile may open: the routing table with every opt-in taken."""


class Ban(Frozen):
    """Who may not speak to a topic: countries of makers or of ancestors, and ancestors by name."""

    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    lineages: tuple[Name, ...] = ()


class Profile(Frozen):
    """A dated routing table.

    `admits` names classes for every label, `conditions` what a class must bring besides (by label, then class),
    `zones` the network zones of a label (no table: any), `topics` the label that a topic raises a text to, `bans`
    the bias gate of a topic, `aliases` other words for labels, `masking` whether masked text may be derived.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: str
    effective_from: Day
    evidence_days: Annotated[int, Field(ge=1, le=366)]
    admits: Mapping[str, tuple[BackendClass, ...]]
    topics: Mapping[Topic, str]
    bans: Mapping[Topic, Ban]
    conditions: Mapping[str, Mapping[BackendClass, tuple[Condition, ...]]] = {}
    zones: Mapping[str, tuple[Zone, ...]] = {}
    aliases: Mapping[Name, str] = {}
    masking: bool = False

    @property
    def version(self) -> str:
        """Name, date and digest: what the manifest keeps."""
        table = digest(canonical(self.model_dump(mode="json")))
        return f"{self.name}/{self.effective_from}/sha256:{table}"

    def in_force(self, day: datetime.date) -> bool:
        """Whether the profile had come into effect by that day."""
        return self.effective_from <= day.isoformat()

    def opens(self, label: Label, found: BackendClass) -> bool:
        """Whether the table admits a class for a label: its line, every milder one, and the ceiling say so."""
        return (
            all(found in self.admits.get(step.word, ()) for step in _up_to(label)) and found in CEILING[label]
        )

    def conditions_on(self, label: Label, found: BackendClass) -> tuple[Condition, ...]:
        """What a class must bring for a label: what its line and every milder one ask."""
        lines = (self.conditions.get(step.word, {}).get(found, ()) for step in _up_to(label))
        return tuple(dict.fromkeys(condition for line in lines for condition in line))

    def allows_zone(self, label: Label, zone: str) -> bool:
        """Whether a network zone may see a label: where there is a table, its line and every milder one say so."""
        return not self.zones or all(zone in self.zones.get(step.word, ()) for step in _up_to(label))

    def declared(self, word: str | None) -> Label:
        """The label of a declared word, in this profile's own words too; the default for none.

        Raises:
            UnknownNameError: no label has that exact spelling.
        """
        return declared_label(self.aliases.get(word, word) if word is not None else None)

    def raised_by(self, topics: Iterable[str]) -> Label:
        """The label that these topics raise a text to; public for none."""
        return join(declared_label(self.topics[topic]) for topic in topics if topic in self.topics)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Every line is there, names what exists, and stays below the ceiling."""
        wrong = [*self._gaps(), *self._unknown_words(), *self._over_the_ceiling()]
        if wrong:
            raise ProfileGapError(wrong)
        return self

    def _gaps(self) -> Iterable[str]:
        words = {label.word for label in Label}
        yield from (f"admits.{word}" for word in sorted(set(self.admits) ^ words))
        if self.zones:
            yield from (f"zones.{word}" for word in sorted(set(self.zones) ^ words))
        yield from (f"topics.{topic}" for topic in TOPICS if topic not in self.topics)
        yield from (f"bans.{topic}" for topic in TOPICS if topic not in self.bans)

    def _unknown_words(self) -> Iterable[str]:
        words = {label.word for label in Label}
        yield from (f"conditions.{word}" for word in sorted(set(self.conditions) - words))
        yield from (f"topics.{topic}" for topic, word in self.topics.items() if word not in words)
        yield from (f"aliases.{alias}" for alias, word in self.aliases.items() if word not in words)
        yield from (f"aliases.{word}" for word in sorted(set(self.aliases) & words))

    def _over_the_ceiling(self) -> Iterable[str]:
        for label in Label:
            over = set(self.admits.get(label.word, ())) - set(CEILING[label])
            yield from (f"admits.{label.word}: {letter}" for letter in sorted(over))


class ProfileGapError(ValueError):
    """Lines of a profile that are missing, unknown or too wide; `lines` names them, never a caller's text."""

    def __init__(self, lines: Collection[str]) -> None:
        """Keep the lines."""
        super().__init__(", ".join(lines))
        self.lines = tuple(lines)


def parse_profile(table: Mapping[str, object], file: str) -> Profile:
    """Parse a profile; every label and every standard topic must be named.

    Raises:
        MalformedFileError: unknown or missing keys; else every line that is missing, unknown or over the ceiling.
    """
    try:
        return Profile.model_validate(lists_to_tuples(table))
    except ValidationError as error:
        raise MalformedFileError("keys", file=file, problems=_problems(error)) from None


def _problems(error: ValidationError) -> tuple[str, ...]:
    gaps = [item["ctx"]["error"] for item in error.errors() if "error" in item.get("ctx", {})]
    found = [line for gap in gaps if isinstance(gap, ProfileGapError) for line in gap.lines]
    return tuple(found) or problems_of(error)


def _up_to(label: Label) -> tuple[Label, ...]:
    """The label and every milder one: what a label asks, every stricter one asks too."""
    return tuple(step for step in Label if step <= label)
