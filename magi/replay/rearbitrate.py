"""Re-arbitration (R1): feed a stream's records to the core again and compare verdict bytes.

Needs no keys and no bodies: ballots and classes stand in the records. Leaves to others: whether the stored
bytes are the ones that were written (`magi.ledger.verify`).

Two ways to the same answer. `rearbitrate` takes parsed records. `rearbitrate_stored` takes rows as they are stored
and is what a whole log is replayed with:

1. What a row is, its own bytes say, not the column beside them.
2. Kinds that never move the core are not parsed: tickets above all, a third of a log.
3. The others are checked against the schema straight from the bytes, and against their columns.
4. The core's verdict is written out and compared with the bytes that stand in the log. Only where they are not the
   same is the recorded verdict written out anew, so that "different" always means another verdict.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError, create_model

from magi.core.decided import Decided
from magi.core.deliberation import advance, start
from magi.core.effects import Decide
from magi.core.errors import MalformedFileError
from magi.core.record import (
    KINDS,
    Answered,
    Checked,
    Classified,
    DeadlinePassed,
    Event,
    Opened,
    Record,
    Refused,
)
from magi.ledger.entries import StoredEntry, parsed
from magi.ledger.scan import StoredStream

MOVES = (Answered, Classified, Checked, DeadlinePassed)
"""What moves the core. Cancellations do too, but those that the core asks for follow its decision; and a label may
rise with the last answer or after the verdict, which changes who may see it and never what was decided."""

UNMOVING: Final = frozenset({b"ticketed", b"attempt_failed", b"alarm", b"abandoned", b"refused"})
"""Kinds that leave the core as it is, once a stream has its intent."""

_KIND: Final = b',"kind":"'
_DATA: Final = b'"data":'

Result = Literal["same", "different", "open", "refused", "malformed"]


@dataclass(frozen=True)
class Rearbitrated:
    """One stream replayed. `recorded` and `recomputed` are verdict bytes (RFC 8785).

    `result`: same; different; open (no verdict was recorded yet); refused (the planner refused it, there was
    nothing to decide); malformed (no intent at its head, a second verdict, something said after the core had
    decided, a verdict that the core does not reach from the records before it, or bytes that are no record).
    `at_ms` is the time of the first record, `code` the version that the intent names; None without.
    """

    stream: str
    result: Result
    outcome: str | None
    recorded: bytes | None
    recomputed: bytes | None
    at_ms: int | None = None
    code: str | None = None


def rearbitrate(stream: str, records: Sequence[Record]) -> Rearbitrated:
    """Replay the records of one deliberation stream, in order."""
    at_ms = records[0].at_ms if records else None
    return _judged(stream, [record.data for record in records], at_ms, None)


def rearbitrate_stored(stored: StoredStream) -> Rearbitrated:
    """Replay one deliberation from its rows; the same result as `rearbitrate` of their records.

    Rows that are no record, or not the one that their columns say, make the stream malformed. Hashes are not looked
    at.
    """
    events: list[Event] = []
    at_ms: int | None = None
    verdict_bytes: bytes | None = None
    try:
        for row in stored.entries:
            if at_ms is not None and _kind(row.data) in UNMOVING and isinstance(events[0], Opened):
                continue
            record = _read(row)
            at_ms = record.at_ms if at_ms is None else at_ms
            events.append(record.data)
            if isinstance(record.data, Decided):
                verdict_bytes = _data_of(row.data)
    except (MalformedFileError, ValidationError, ValueError):
        return Rearbitrated(stored.name, "malformed", None, None, None, at_ms)
    return _judged(stored.name, events, at_ms, verdict_bytes)


def _judged(
    stream: str, events: Sequence[Event], at_ms: int | None, verdict_bytes: bytes | None
) -> Rearbitrated:
    """Replay events; `verdict_bytes` are those of the verdict as they are stored, where they are at hand."""
    if not events or not isinstance(events[0], Opened):
        refused = bool(events) and all(isinstance(event, Refused) for event in events)
        return Rearbitrated(stream, "refused" if refused else "malformed", None, None, None, at_ms)
    found = Rearbitrated(stream, "open", None, None, None, at_ms, events[0].manifest.code)
    places = [place for place, event in enumerate(events) if isinstance(event, Decided)]
    if not places:
        return found
    recorded = events[places[0]]
    assert isinstance(recorded, Decided)  # noqa: S101  # by the line that found its place
    decision = None if len(places) > 1 else _decision(events[: places[0]], events[places[0] + 1 :])
    found = replace(found, result="malformed", outcome=recorded.outcome)
    if decision is None:
        return replace(found, recorded=recorded.to_bytes())
    if verdict_bytes is not None and _quick_bytes(decision) == verdict_bytes:
        return replace(found, result="same", recorded=verdict_bytes, recomputed=verdict_bytes)
    written, again = recorded.to_bytes(), decision.to_bytes()
    result: Result = "same" if written == again else "different"
    return replace(found, result=result, recorded=written, recomputed=again)


def _decision(before: Sequence[Event], after: Sequence[Event]) -> Decided | None:
    """What the core decides on the events before the verdict.

    None where it does not, or had decided before the last event that could have moved it, or where such an event
    stands after the verdict.
    """
    opened = before[0]
    assert isinstance(opened, Opened)  # noqa: S101  # of the caller's
    last = max((place for place, event in enumerate(before) if isinstance(event, MOVES)), default=0)
    state, effects = start(opened)
    for place, event in enumerate(before):
        if state.phase == "decided" and place <= last and last > 0:
            return None
        if state.phase != "decided":
            state, more = advance(state, event)
            effects += more
    if any(isinstance(event, MOVES) for event in after):
        return None
    return next((effect.verdict for effect in effects if isinstance(effect, Decide)), None)


def _kind(data: bytes) -> bytes | None:
    """The kind that a record's bytes name.

    Keys are sorted, so the record's own `kind` comes after all of `data`, and no key of that name after it; a quote
    within a string has a backslash before it, so the pattern cannot stand in one.
    """
    begin = data.rfind(_KIND) + len(_KIND)
    end = data.find(b'"', begin)
    return data[begin:end] if begin >= len(_KIND) and end > 0 else None


def _data_of(data: bytes) -> bytes | None:
    """The bytes of a record's event as they stand in the log; None unless there is one place where they can be."""
    begin, end = data.find(_DATA) + len(_DATA), data.rfind(_KIND)
    if data.count(_DATA) != 1 or data.count(_KIND) != 1:
        return None
    return data[begin:end]


@cache
def _readers() -> Mapping[bytes, Callable[[bytes], Record]]:
    """For each kind, what makes a record of its bytes in one step; built once, when first asked for."""
    made: dict[bytes, Callable[[bytes], Record]] = {}
    for kind, event in KINDS.items():
        model = create_model(f"{event.__name__}Record", __base__=Record, data=(event, ...))
        made[kind.encode()] = TypeAdapter(model).validate_json
    return made


def _read(row: StoredEntry) -> Record:
    """The record of a row, if it is the one that its columns say.

    Raises:
        MalformedFileError, ValidationError, ValueError: it is none, or another.
    """
    kind = _kind(row.data)
    read = None if kind is None else _readers().get(kind)
    record = parsed(row.data) if read is None else read(row.data)
    if record.kind.encode() != (kind or record.kind.encode()):
        msg = "kind"
        raise ValueError(msg)
    if (record.stream, record.ordinal, record.kind) != (row.stream, row.ordinal, row.kind):
        msg = "columns"
        raise ValueError(msg)
    return record


_ENCODE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _quick_bytes(verdict: Decided) -> bytes | None:
    """The verdict's bytes by the standard library, four times as fast as RFC 8785 in Python.

    For ASCII keys, integers and strings both write the same; where they did not, the comparison would fail and the
    slow way decide.
    """
    try:
        return _ENCODE(verdict.model_dump(mode="json")).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which RFC 8785 refuses
        return None
