"""What stands beside the log: tombstones and holds as the records leave them, and the working state under its seals.

`erased` and `hold` follow from records, so they are computed again and compared row by row. `ancestry`, `idempotency`
and `claim` follow from nothing; with the tenant key each row's seal is checked, without it only that the row fits the
streams.

Promises: pure over the reader. Cannot see: a row of the working state that was deleted as a whole.
Leaves to others: the log itself (`magi.ledger.verify`).
"""

from collections.abc import Iterator, Mapping, Sequence

from magi.core.errors import KeyMissingError, TamperedError
from magi.core.ports import Keys
from magi.ledger.bodies import WrappedKey, key_proof, unwrap_key
from magi.ledger.reading import Cells, LogReader
from magi.ledger.state import sealed, state_key
from magi.ledger.verify_records import Retention, StreamState
from magi.ledger.verify_report import Findings

TOP_LABEL = 6
"""The highest label there is (`magi.residency.label`)."""


def check_key(reader: LogReader, keys: Keys, findings: Findings) -> tuple[bytes, ...]:
    """The tenant keys that this log was written with; tells a wrong key from a check value that was changed.

    Raises:
        KeyMissingError: `wrong_key`, it opens nothing here.
    """
    rows = list(reader.rows("key_check") or ())
    proven = [key for row in rows if (key := _proven(keys, row)) is not None]
    if rows and len(proven) == len(rows):
        return tuple(proven)
    if not rows and next(iter(reader.rows("data_key") or ()), None) is None:  # nothing that a key could open
        if (
            reader.rows("hold") is not None
        ):  # a store has its check value from the start, an export may go without
            findings.add("key_check")
        return ()
    opening = _opening_key(reader, keys)
    if opening is None and not proven:
        raise KeyMissingError("wrong_key", known=tuple(sorted(str(row[0]) for row in rows)))
    findings.add("key_check")
    return tuple(proven) if opening is None else (*proven, opening)


def _proven(keys: Keys, row: Cells) -> bytes | None:
    key_id, proof = row
    try:
        key = keys.tenant_key(key_id)
        return key if key_proof(key, key_id) == proof else None
    except (KeyMissingError, AttributeError, TypeError):
        return None


def _opening_key(reader: LogReader, keys: Keys) -> bytes | None:
    """The key that opens some data key, where the check values do not tell."""
    for stream, key_id, nonce, wrapped in reader.rows("data_key") or ():
        try:
            key = keys.tenant_key(key_id)
            unwrap_key(WrappedKey(key_id, nonce, wrapped), key, stream=stream)
        except (TamperedError, KeyMissingError, TypeError, ValueError):
            continue
        return key
    return None


def check_state(
    reader: LogReader, streams: Mapping[str, StreamState], tenant_keys: Sequence[bytes], findings: Findings
) -> None:
    """The working state: rows that fit the streams, under seals where there is a key."""
    seals = tuple(map(state_key, tenant_keys))
    for hash_, stream, seal in reader.rows("idempotency") or ():
        known = streams.get(stream)
        fits = known is not None and known.idempotency_hash in (None, hash_)
        if not fits or not _sealed(seals, seal, "idempotency", hash_, stream):
            findings.add("idempotency", stream=stream)
    for stream, owner, expires, seal in reader.rows("claim") or ():
        known = streams.get(stream)
        if known is None or known.decided:
            findings.add("claim_without_open_stream", stream=stream)
        elif not _sealed(seals, seal, "claim", stream, owner, expires):
            findings.add("claim", stream=stream)
    for digest, label, stream, seal in reader.rows("ancestry") or ():
        fits = stream in streams and label in range(TOP_LABEL + 1)
        if not fits or not _sealed(seals, seal, "ancestry", digest, label, stream):
            findings.add("ancestry", stream=stream)


def _sealed(keys: Sequence[bytes], seal: object, table: str, *values: object) -> bool:
    """Whether a row bears a seal by one of the keys; true where there is none to check it with."""
    if not isinstance(seal, bytes):
        return False
    parts = [value for value in values if isinstance(value, str | int)]
    try:
        fits = len(parts) == len(values) and any(sealed(key, seal, table, *parts) for key in keys)
    except UnicodeEncodeError:  # a text that is none
        return False
    return fits or not keys


def check_acts(reader: LogReader, retention: Retention, findings: Findings) -> None:
    """The tables that follow from records: exactly the rows that the records leave."""
    erased = {(commitment, stone.stream, stone.ordinal) for commitment, stone in retention.tombstones.items()}
    for row in _differing(reader.rows("erased"), erased):
        findings.add("erased_table", stream=row[1])
    holds = {(name, stream) for name, streams in retention.holds.items() for stream in set(streams)}
    for row in _differing(reader.rows("hold"), holds):
        findings.add("hold_table", stream=row[1])


def _differing(
    rows: Iterator[Cells] | None, expected: set[tuple[str, str, int]] | set[tuple[str, str]]
) -> list[Cells]:
    """Rows that are there and should not be, then rows that should be and are not."""
    if rows is None:
        return []
    left: set[Cells] = {*expected}
    extra = []
    for row in rows:
        if tuple(row) in left:
            left.remove(tuple(row))
        else:
            extra.append(row)
    return [*extra, *sorted(left)]
