"""The manifest of a deliberation: all that it ran on, what the clock said, and in which order things came. Pure.

`manifest_of` gathers it from the records alone, without keys; `check_manifest` sets it beside what an installation
has today. Another code version or lock is named and stops no replay: whether today's code comes to the same is what
a replay finds out. Other cards, prompts, profiles or detectors are other inputs, and do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from magi.core.canonical import Plain
from magi.core.decided import Decided
from magi.core.record import Answered, AttemptFailed, Manifest, Opened, Record, Ticketed
from magi.replay.world import World

NAMED_ONLY = frozenset({"code", "lock", "council", "dictionary"})
"""Parts whose difference is named and stops no replay: seats, quorum and rule stand in the record, the words of a
dictionary in the detectors' digest, and its file may lie elsewhere."""
NONE = "none"
"""What a build without a lock file calls its lock."""


@dataclass(frozen=True)
class ManifestCheck:
    """Parts by name (`code`, `card:ID`, `prompt:NAME`, ...): the same today, another today, or not to be told."""

    same: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def stops(self) -> tuple[str, ...]:
        """The parts for which the whole pipeline cannot be expected to come to the same."""
        return tuple(name for name in (*self.differs, *self.unknown) if name not in NAMED_ONLY)

    def plain(self) -> dict[str, Plain]:
        """As plain JSON values."""
        return {"same": list(self.same), "differs": list(self.differs), "unknown": list(self.unknown)}


def manifest_of(records: Sequence[Record]) -> dict[str, Plain]:
    """The full manifest of one deliberation as JSON values; empty where the stream has no intent.

    `clock` is one Unix time in ms for each record; `arrival` the asks in the order in which their answers were
    recorded, `sends` every ticket with its digest in the order of the tickets.
    """
    opened = next((record.data for record in records if isinstance(record.data, Opened)), None)
    if opened is None:
        return {}
    answers = [record.data for record in records if isinstance(record.data, Answered)]
    return {
        "stream": records[0].stream,
        **opened.manifest.model_dump(mode="json"),
        "policy": opened.profile,
        "template": opened.template,
        "rule": opened.rule.model_dump(mode="json"),
        "quorum": opened.quorum,
        "attempts": opened.attempts,
        "deadline_ms": opened.deadline_ms,
        "clock": [{"ordinal": r.ordinal, "kind": r.kind, "at_ms": r.at_ms} for r in records],
        "arrival": [answer.ask for answer in answers],
        "origins": list(origins_of(records)),
        "sends": [
            {"ask": e.ask, "attempt": e.attempt, "card": e.card, "digest": e.digest}
            for e in (record.data for record in records)
            if isinstance(e, Ticketed)
        ],
        "failures": [
            {"ask": e.ask, "attempt": e.attempt, "failure": e.failure, "sent": e.sent}
            for e in (record.data for record in records)
            if isinstance(e, AttemptFailed)
        ],
        "decided": any(isinstance(record.data, Decided) for record in records),
    }


def origins_of(records: Sequence[Record]) -> tuple[str, ...]:
    """Who spoke: `live`, or the stand-ins `scripted` and `recorded`, which mark a stream for good."""
    return tuple(sorted({record.data.origin for record in records if isinstance(record.data, Answered)}))


def check_manifest(recorded: Manifest, world: World) -> ManifestCheck:
    """Set a recorded manifest beside today's assets, part by part, in a fixed order."""
    found: dict[str, bool | None] = {
        "code": recorded.code == world.code,
        "lock": None if NONE in (recorded.lock, world.lock) else recorded.lock == world.lock,
        "council": any(recorded.council == council.digest for council in world.councils.values()),
        "profile": recorded.profile in world.profiles,
        **_detectors(recorded, world),
        "reliability": True,  # what it says of this council stands in the terms on record, which a replay takes
    }
    for name, hashed in sorted(recorded.prompts.items()):
        known = name in world.templates.texts
        found[f"prompt:{name}"] = world.templates.digest(name) == hashed if known else None
    for name, hashed in sorted(recorded.cards.items()):
        card = world.cards.get(name)
        found[f"card:{name}"] = None if card is None else card.digest == hashed
    return ManifestCheck(_with(found, is_so=True), _with(found, is_so=False), _with(found, is_so=None))


def _detectors(recorded: Manifest, world: World) -> Mapping[str, bool | None]:
    """The detectors are the same under every profile; without the recorded one any tells their version."""
    profile = world.profiles.get(recorded.profile) or next(iter(world.profiles.values()), None)
    if profile is None:
        return {"detectors": None, "dictionary": None}
    labeller = world.labeller(profile)
    return {
        "detectors": recorded.detectors == labeller.version,
        "dictionary": recorded.dictionary == labeller.dictionary,
    }


def _with(found: Mapping[str, bool | None], *, is_so: bool | None) -> tuple[str, ...]:
    return tuple(name for name, so in found.items() if so is is_so)
