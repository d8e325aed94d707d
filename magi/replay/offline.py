"""Replay level R2: one deliberation's whole pipeline again, offline, from its records and their bodies.

1. What cannot be run is told by its name: no verdict yet, refused, a body erased, an answer that was too secret to
   be kept.
2. Where today's prompts, cards, profile or detectors are not those of the manifest, only the verdict is recomputed,
   from what the backends sent (`reheard`).
3. Otherwise the service itself runs (`rerun`): it labels, plans, renders, asks, guards, reads and decides; each send
   is answered by the recorded exchange of the same bytes, and a miss is an error.
4. Every record it makes is held against the recorded one, field for field and body for body.

Declared differences, of which each is named in `ManifestCheck` where it occurs, and no others: `manifest.code`,
`manifest.lock`, `manifest.dictionary` (a file's name), `manifest.council` (a council whose file has changed; what
counts of it stands in the record). Salts, and so commitments and record digests, are new in every ledger and are not
compared; the plaintexts are. Nonces and MACs of tickets stand in no record.

What is taken from the record is named in `taken`: which label was declared and what earlier turns carried, the keyed
digests, the wording of the reply, the terms of arbitration, what people did on the way, and where another process
took it over.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from magi.core.canonical import Plain
from magi.core.decided import Decided
from magi.core.errors import ErasedError, MagiError
from magi.core.record import Answered, AttemptFailed, Opened, Record, Ref, Refused
from magi.replay.case import Case, outcomes
from magi.replay.lives import takeovers
from magi.replay.manifest import NAMED_ONLY, ManifestCheck, check_manifest, origins_of
from magi.replay.reheard import verdict_again
from magi.replay.rerun import rerun
from magi.replay.turns import DivergedError, MissError
from magi.replay.world import World, as_recorded
from magi.service.question import read_question

STALL_SECONDS = 20.0
"""Without a step for so long the replay has come to something that it waits for in vain: a worker that labels a long
text has ten, and twenty a megabyte, of which a question is a third at most."""

Body = Callable[[Ref], bytes | Awaitable[bytes]]
"""The plaintext of a body, at once or awaited; raises `ErasedError` for one that was erased."""
Result = Literal["same", "different", "miss", "erased", "assets_differ", "open", "refused", "unsupported"]


@dataclass(frozen=True)
class OfflineReplay:
    """What a replay of one stream came to.

    `verdict_same` is None where no verdict was recomputed. `first_difference` names the place: a record and a field,
    the ask and attempt of a miss, the part of the manifest, or why it is not supported. `taken` is what came from the
    record instead of being recomputed, `origins` who spoke: anything but live marks a rehearsal or a recording.
    """

    stream: str
    result: Result
    verdict_same: bool | None = None
    first_difference: str | None = None
    manifest: ManifestCheck = field(default_factory=ManifestCheck)
    taken: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As plain JSON values."""
        return {
            "stream": self.stream,
            "result": self.result,
            "verdict_same": self.verdict_same,
            "first_difference": self.first_difference,
            "manifest": self.manifest.plain(),
            "taken": list(self.taken),
            "origins": list(self.origins),
        }


async def replay_offline(
    stream: str, records: Sequence[Record], body: Body, world: World, *, stall_seconds: float = STALL_SECONDS
) -> OfflineReplay:
    """Run one deliberation again, offline, and hold every record against the recorded one.

    Args:
        stream: its name, `d/` and hex digits.
        records: all records of the stream, in order, as the ledger holds them.
        body: gives the plaintext of a body of these records; each is asked for once.
        world: today's assets.
        stall_seconds: how long nothing may happen.

    Raises:
        MagiError: what `body` raises, but for `ErasedError`.
    """
    opened = records[0].data if records else None
    origins = origins_of(records)
    if not isinstance(opened, Opened):
        refused = bool(records) and all(isinstance(record.data, Refused) for record in records)
        result: Result = "refused" if refused else "unsupported"
        return OfflineReplay(stream, result, first_difference=None if refused else "no_intent")
    upto = _to_the_verdict(records)
    world = as_recorded(world, opened, records)
    check = check_manifest(opened.manifest, world)
    if not upto:
        return OfflineReplay(stream, "open", manifest=check, origins=origins)
    bodies, erased = await _read(upto, body)
    why = _not_supported(upto)
    if erased or why or check.stops:
        result = "erased" if erased else "unsupported" if why else "assets_differ"
        what = erased or why or check.stops[0]
        return OfflineReplay(stream, result, _verdict_alone(upto, bodies), what, check, (), origins)
    excused = frozenset(f"manifest.{name}" for name in (*check.differs, *check.unknown) if name in NAMED_ONLY)
    profile = world.profiles[opened.manifest.profile]
    ref = upto[0].ref("question")
    question = read_question(b"" if ref is None else bodies[ref.commitment])
    case = Case(stream, upto, opened, question, bodies, world, profile, excused)
    result, same, first = await _held_against(case, stall_seconds)
    return OfflineReplay(stream, result, same, first, check, _taken(case, records), origins)


async def _held_against(case: Case, stall_seconds: float) -> tuple[Result, bool | None, str | None]:
    """Run a case; the result, whether the verdict's bytes are the same, and the first difference."""
    try:
        ledger = await rerun(case, stall_seconds)
    except MissError as error:
        return _raced(case, "miss"), _verdict_alone(case.records, case.bodies), str(error)
    except DivergedError as error:
        return _raced(case, "different"), _verdict_alone(case.records, case.bodies), str(error)
    except MagiError as error:
        said = f"{error.code}.{error.reason}"
        return "different", _verdict_alone(case.records, case.bodies), said
    recorded = case.records[-1].data
    same = isinstance(recorded, Decided) and ledger.verdict is not None
    same = same and ledger.verdict == recorded
    first = ledger.differences[0] if ledger.differences else None
    return ("same" if same and first is None else "different"), same, first


def _raced(case: Case, result: Result) -> Result:
    """A person who raises the label between a ticket and its send leaves a record in no order that could be run."""
    risen = any(
        isinstance(record.data, AttemptFailed) and record.data.failure == "egress_label_risen"
        for record in case.records
    )
    return "unsupported" if risen and case.raises else result


def _to_the_verdict(records: Sequence[Record]) -> tuple[Record, ...]:
    """The records up to the verdict, it included; none where there is none. What follows is nobody's decision."""
    places = (place for place, record in enumerate(records) if isinstance(record.data, Decided))
    end = next(places, None)
    return () if end is None else tuple(records[: end + 1])


async def _read(records: Sequence[Record], body: Body) -> tuple[dict[str, bytes], str | None]:
    """Every body by its commitment, and the first that was erased."""
    bodies: dict[str, bytes] = {}
    erased: str | None = None
    for record in records:
        for ref in record.refs:
            try:
                got = body(ref)
                bodies[ref.commitment] = await got if inspect.isawaitable(got) else got
            except ErasedError:
                erased = erased or f"#{record.ordinal} {record.kind} body {ref.name}"
    return bodies, erased


def _not_supported(records: Sequence[Record]) -> str | None:
    """Why this record cannot be run again, or None.

    `answer_not_kept`: an answer held classified text, of which nothing is stored. `no_exchange`: an answer, or a
    failure after sending, without what came back: it did not come through the gateway.
    """
    if any(isinstance(r.data, Answered) and r.data.failure == "classified" for r in records):
        return "answer_not_kept"
    for record in outcomes(records).values():
        event = record.data
        came = isinstance(event, Answered) or (isinstance(event, AttemptFailed) and event.sent != "no")
        if came and record.ref("exchange") is None:
            return "no_exchange"
    return None


def _verdict_alone(records: Sequence[Record], bodies: dict[str, bytes] | object) -> bool | None:
    recorded = records[-1].data
    again = verdict_again(records, bodies if isinstance(bodies, dict) else {})
    if again is None or not isinstance(recorded, Decided):
        return None
    return again.to_bytes() == recorded.to_bytes()


def _taken(case: Case, records: Sequence[Record]) -> tuple[str, ...]:
    """What was taken from the record: nothing in it, or in today's assets, could say it again."""
    opened = case.opened
    found = {
        "opened": case.from_files,
        "label": opened.declared or bool(case.question.history) or bool(opened.masked),
        "ancestors": bool(opened.ancestors),
        "idempotency": opened.idempotency_hash is not None,
        "lowering": opened.lowering is not None,
        "reply_text": bool(case.reply),
        "raise": bool(case.raises),
        "caller_gone": case.gone is not None,
        "terms": opened.arbitration is not None,
        "taken_over": bool(takeovers(case.records)),
        "after_verdict": len(records) > len(case.records),
    }
    return tuple(name for name, so in found.items() if so)
