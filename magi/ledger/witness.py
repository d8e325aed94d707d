"""Witnesses: the request for a cosignature over a checkpoint, and what a witness's answer means.

C2SP tlog-witness v1.0.0, `add-checkpoint`. A witness keeps the size and root that it cosigned last for a log and
cosigns only what extends them, so that whoever trusts it need not trust the log. It answers 200 with its cosignature,
409 where it last cosigned another size (or another root at this size), 422 where the proof does not hold, 404 where it
does not know the log, 403 where it knows none of the keys that signed, 400 where the request is none.

Promises: pure; an answer is a value, whatever bytes came; a cosignature is handed on only after it was verified.
Leaves to others: sending (`magi.gateway.outbound`), the proof (`magi.ledger.proof`), what to do with an alarm.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.note import (
    Checkpoint,
    Cosigned,
    CosignerKey,
    Note,
    Signature,
    add_signatures,
    cosignatures,
    parse_checkpoint,
    parse_signatures,
    verify_cosignature,
)
from magi.ledger.note_key import base64_text

MAX_WITNESS_PROOF_HASHES = 63
"""Proof lines of one request (tlog-witness: MUST NOT send more); a tree of 2**62 leaves needs no more."""
SIZE_TYPE = "text/x.tlog.size"
"""The media type of a 409 that names a size."""

_SIZE_LINE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")

Refusal = Literal["proof", "root", "log", "key", "request"]
"""proof: 422. root: another root at the very size. log, key: not registered there. request: 400."""
Unusable = Literal["status", "size", "lines", "unsigned", "cosignature"]
"""What is wrong with an answer that the protocol does not know or that does not hold."""
Alarm = Literal["ahead", "root", "proof"]


@dataclass(frozen=True)
class Asked:
    """What one request said: the size that the witness was believed to have, and the signed checkpoint."""

    old: int
    checkpoint: Checkpoint
    note: bytes = field(repr=False)


@dataclass(frozen=True)
class Signed:
    """The witness cosigned: its line, verified, and its time in seconds since 1970."""

    signature: Signature
    timestamp: int


@dataclass(frozen=True)
class OtherSize:
    """The witness cosigned another size last, or none (0)."""

    size: int


@dataclass(frozen=True)
class Refused:
    """The witness did not cosign, and said why."""

    why: Refusal


@dataclass(frozen=True)
class Unreadable:
    """The answer is none that a witness may give."""

    why: Unusable


Answer = Signed | OtherSize | Refused | Unreadable

_COSIGNED, _CONFLICT = 200, 409
_REFUSALS: dict[int, Refusal] = {422: "proof", 404: "log", 403: "key", 400: "request"}
"""Statuses as tlog-witness gives them a meaning."""


def add_checkpoint(asked: Asked, proof: Sequence[bytes]) -> bytes:
    """The body of the request: old size, the hashes (32 bytes each) that lead from it, an empty line, the checkpoint.

    Raises:
        ValueError: the old size is not within 0 and the checkpoint's, or a proof stands where none may.

    Source: C2SP tlog-witness, "add-checkpoint".
    """
    size = asked.checkpoint.size
    needs_none = asked.old in (0, size)
    if not 0 <= asked.old <= size or len(proof) > MAX_WITNESS_PROOF_HASHES or (needs_none and proof):
        raise ValueError((asked.old, size, len(proof)))
    lines = [f"old {asked.old}", *map(base64_text, proof), ""]
    return "".join(f"{line}\n" for line in lines).encode() + asked.note


def read_answer(asked: Asked, status: int, media_type: str, body: bytes, key: CosignerKey) -> Answer:
    """What a witness's answer to that request means; `key` is the one that it is known by.

    A cosignature by any other key is ignored, as the specification asks; one by the key that does not hold makes the
    whole answer unreadable.
    """
    if status == _COSIGNED:
        return _signed(asked, body, key)
    if status == _CONFLICT:
        return _conflict(asked, media_type, body)
    refusal = _REFUSALS.get(status)
    return Unreadable("status") if refusal is None else Refused(refusal)


def alarm_of(asked: Asked, answer: Answer) -> Alarm | None:
    """Whether an answer says that this log was cut back or has two histories; None where it does not.

    ahead: the witness cosigned more than this log has. root: another root at this very size. proof: what it cosigned
    is no beginning of this log.
    """
    match answer:
        case OtherSize(size) if size > asked.checkpoint.size:
            return "ahead"
        case Refused("root"):
            return "root"
        case Refused("proof"):
            return "proof"
        case _:
            return None


def with_cosignature(note: bytes, signed: Signed) -> bytes:
    """The note with the witness's line at its end; unchanged where a line by that key stands there already.

    So the earliest time that a witness named is the one that is kept.

    Raises:
        MalformedFileError: `note`.
    """
    line = signed.signature
    present = {(one.name, one.key_hash) for one in _parts(note)[1]}
    return note if (line.name, line.key_hash) in present else add_signatures(note, [line])


def own_lines(note: bytes) -> bytes:
    """The note with the signatures of the log's own name only: what the log gave out, before anybody cosigned.

    Raises:
        MalformedFileError: `note`, `checkpoint`.
    """
    text, signatures = _parts(note)
    origin = parse_checkpoint(text).origin
    return f"{text}\n{''.join(one.line for one in signatures if one.name == origin)}".encode()


def witnessed(data: bytes, witnesses: Sequence[CosignerKey]) -> tuple[Checkpoint, tuple[Cosigned, ...]]:
    """The checkpoint of a kept note, and which of the witnesses cosigned it and when.

    Whether the log itself signed it is not looked at (`magi.ledger.verify`).

    Raises:
        MalformedFileError: `note`, `checkpoint`. TamperedError: `cosignature`, a line by one of the witnesses does not
            hold.
    """
    text, signatures = _parts(data)
    return parse_checkpoint(text), cosignatures(Note(text, (), signatures), witnesses)


def _parts(note: bytes) -> tuple[str, tuple[Signature, ...]]:
    text, _, lines = note.decode("utf-8", "replace").rpartition("\n\n")
    return f"{text}\n", parse_signatures(lines)


def _signed(asked: Asked, body: bytes, key: CosignerKey) -> Answer:
    try:
        signatures = parse_signatures(body.decode())
    except (UnicodeDecodeError, MalformedFileError):
        return Unreadable("lines")
    note = Note(asked.checkpoint.text, (), signatures)
    try:
        if not (found := cosignatures(note, [key])):
            return Unreadable("unsigned")
    except TamperedError:
        return Unreadable("cosignature")
    earliest = found[0].timestamp
    ours = (one for one in signatures if (one.name, one.key_hash) == (key.name, key.key_hash))
    line = next(one for one in ours if verify_cosignature(note.text, one, key) == earliest)
    return Signed(line, earliest)


def _conflict(asked: Asked, media_type: str, body: bytes) -> Answer:
    found = _SIZE_LINE.fullmatch(body) if media_type == SIZE_TYPE else None
    size = None if found is None else int(found[1])
    if asked.old == asked.checkpoint.size and size in (None, asked.old):
        # It has the size that we said, so what it does not like is the root.
        return Refused("root")
    if size is None or size == asked.old:
        return Unreadable("size")
    return OtherSize(size)
