"""Records to stored bytes and back: drafts get their envelope once, rows are believed only after a check.

Promises: a stored entry is the record's canonical bytes with its RFC 6962 leaf hash; a row whose bytes do not
match its hash, or whose columns say something else than its bytes, never becomes a `Record`.
Leaves to others: encryption keys and transactions (`magi.ledger.commit`), statements (`magi.ledger.store`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from magi.core.errors import MalformedFileError, QuestionRefusedError, TamperedError
from magi.core.ports import Clock, Draft, Entropy
from magi.core.record import MAX_RECORD_BYTES, Record, Ref, parse_record
from magi.ledger.bodies import Committed, commit
from magi.ledger.tree import leaf_hash


@dataclass(frozen=True)
class Entry:
    """A record with the bytes and leaf hash to store, and its bodies, committed to but not yet encrypted."""

    record: Record
    data: bytes
    leaf: bytes
    bodies: tuple[Committed, ...]


@dataclass(frozen=True)
class StoredEntry:
    """A row of the log as it was read."""

    seq: int
    stream: str
    ordinal: int
    kind: str
    data: bytes
    leaf: bytes


def envelop(
    drafts: Sequence[Draft], *, log: str, stream: str, first: int, clock: Clock, entropy: Entropy
) -> tuple[Entry, ...]:
    """Give drafts their envelope as ordinals `first`, `first + 1`, ...; refs are sorted by name.

    Raises:
        QuestionRefusedError: `record_too_large` (more than MAX_RECORD_BYTES, so it came from a question with
            too many choices or seats' answers with too many claims), or `body_too_large`.
    """
    return tuple(
        _entry(draft, log=log, stream=stream, ordinal=first + place, clock=clock, entropy=entropy)
        for place, draft in enumerate(drafts)
    )


def _entry(draft: Draft, *, log: str, stream: str, ordinal: int, clock: Clock, entropy: Entropy) -> Entry:
    bodies = {name: commit(draft.bodies[name], entropy) for name in sorted(draft.bodies)}
    record = Record(
        v=1,
        log=log,
        stream=stream,
        ordinal=ordinal,
        kind=draft.event.kind,
        at_ms=clock.now_ms(),
        actor=draft.actor,
        refs=tuple(
            Ref(name=name, commitment=body.commitment, length=body.length) for name, body in bodies.items()
        ),
        data=draft.event,
    )
    data = record.to_bytes()
    if len(data) > MAX_RECORD_BYTES:
        raise QuestionRefusedError(
            "record_too_large", kind=record.kind, bytes=len(data), limit=MAX_RECORD_BYTES
        )
    return Entry(record=record, data=data, leaf=leaf_hash(data), bodies=tuple(bodies.values()))


def believed(row: StoredEntry) -> Record:
    """The record of a stored row, after hash, schema and columns were checked.

    Raises:
        TamperedError: `leaf_hash`, `record` (none of this version), `columns`; with stream and ordinal.
    """
    if leaf_hash(row.data) != row.leaf:
        raise _tampered("leaf_hash", row)
    try:
        record = parsed(row.data)
    except (MalformedFileError, ValueError) as error:
        raise _tampered("record", row) from error
    if (record.stream, record.ordinal, record.kind) != (row.stream, row.ordinal, row.kind):
        raise _tampered("columns", row)
    return record


def parsed(data: bytes) -> Record:
    """The record that stored bytes hold, unchecked against hash or columns.

    Raises:
        MalformedFileError: JSON, but not a record. ValueError: not JSON, or nested too deeply.
    """
    try:
        value = json.loads(data)
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error
    if not isinstance(value, dict):
        raise MalformedFileError("record", problems=("not an object",))
    return parse_record(value)


def _tampered(reason: str, row: StoredEntry) -> TamperedError:
    return TamperedError(reason, stream=row.stream, ordinal=row.ordinal)
