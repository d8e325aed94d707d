"""Signed notes and checkpoints: the head of a log as text that anyone's software can check.

C2SP signed-note v1 with Ed25519 (type 0x01), tlog-checkpoint v1, and cosignatures of witnesses (tlog-cosignature
v1, type 0x04). A signature of any other type or key is *unknown*: kept, ignored, never an error. That is what
makes rotation of keys possible: sign with the old and the new key for a while.

Promises: parsing is strict (one spelling for every value, so that each changed bit of a note with known
signatures is noticed), bounded, and pure. Leaves to others: the keys (`magi.ledger.note_key`, whose names are
given on from here), which of them are trusted, and whether a checkpoint extends an earlier one
(`magi.ledger.proof`).

Stricter than Go's `note.Open` in two places: base64 must be canonical, and of two lines by one known key both
are checked (Go looks at the first only), as the specification's "MUST verify" reads. A key counts once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.note_key import (
    KEY_HASH_BYTES,
    SIGNATURE_BYTES,
    Cosigner,
    CosignerKey,
    Signer,
    Verifier,
    base64_bytes,
    base64_text,
    has_control,
    is_line,
    is_name,
    new_cosigner,
    new_signer,
    parse_cosigner,
    parse_signer,
    parse_vkey,
)
from magi.ledger.tree import EMPTY_ROOT, HASH_BYTES, MAX_TREE_SIZE

__all__ = [
    "Checkpoint",
    "Cosigned",
    "Cosigner",
    "CosignerKey",
    "Note",
    "Signature",
    "Signer",
    "Verifier",
    "add_signatures",
    "cosign",
    "cosignatures",
    "new_cosigner",
    "new_signer",
    "open_note",
    "parse_checkpoint",
    "parse_cosigner",
    "parse_signatures",
    "parse_signer",
    "parse_vkey",
    "sign",
    "verify_cosignature",
]

MAX_NOTE_BYTES = 1 << 20
"""A note. A hundred signatures of the longest kind in use (5 kB, post-quantum) are 0.7 MB in base64."""
MAX_SIGNATURES = 100
"""Signature lines of a note: Go's reader takes as many; the specification asks for 16 at least."""
MAX_TIMESTAMP = 2**63 - 1
"""Seconds since 1970 in a cosignature (tlog-cosignature: MUST NOT exceed)."""
MAX_EXTENSION_LINES = 16
"""Further lines of a checkpoint, which nobody should use; enough to read what another log wrote."""

_TIMESTAMP_BYTES = 8
_SEPARATOR = "\n\n"
_SIGNATURE_MARK = "\N{EM DASH} "
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note: who (`name`, 4 bytes `key_hash`), and the bytes behind the ID."""

    name: str
    key_hash: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_SIGNATURE_MARK}{self.name} {base64_text(self.key_hash + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text with the known keys that signed it, each once in the order of lines, and all other signatures."""

    text: str
    verified: tuple[Verifier, ...]
    unknown: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness saw the checkpoint at `timestamp` (seconds since 1970, by its own clock)."""

    key: CosignerKey
    timestamp: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its name, its number of leaves, its root (32 bytes).

    Raises:
        MalformedFileError: `checkpoint`, at construction, where the values cannot stand in a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no text form of its own (tlog-checkpoint, "Note text")."""
        problems = []
        if not is_line(self.origin):
            problems.append("origin")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            problems.append("size")
        if len(self.root) != HASH_BYTES or (self.size == 0 and self.root != EMPTY_ROOT):
            problems.append("root")
        if len(self.extensions) > MAX_EXTENSION_LINES or not all(map(is_line, self.extensions)):
            problems.append("extensions")
        if problems:
            raise MalformedFileError("checkpoint", problems=tuple(problems))

    @property
    def text(self) -> str:
        """The text to be signed."""
        return "".join(
            f"{line}\n" for line in (self.origin, str(self.size), base64_text(self.root), *self.extensions)
        )


def sign(text: str, signers: Sequence[Signer], others: Sequence[Signature] = ()) -> bytes:
    """The note of `text` with a line by each signer, then `others`, of which those by a signer's key are dropped.

    `others` are not checked against the text: they are what somebody else has to answer for.

    Raises:
        MalformedFileError: `note`; the text does not end in a newline, holds control characters, or it all
            makes a note that `open_note` would not take.
    """
    if not text.endswith("\n"):
        raise MalformedFileError("note", problems=("no_newline",))
    message = _encoded(text)
    own = [Signature(signer.name, signer.key_hash, signer.sign(message)) for signer in signers]
    keys = {(signature.name, signature.key_hash) for signature in own}
    kept = [other for other in others if (other.name, other.key_hash) not in keys]
    data = _encoded(text + "\n" + "".join(signature.line for signature in (*own, *kept)))
    _parse(data)
    return data


def add_signatures(data: bytes, others: Sequence[Signature]) -> bytes:
    """The note with further lines at its end; a line that stands there already is not repeated.

    Raises:
        MalformedFileError: `note`.
    """
    _, present = _parse(data)
    added = dict.fromkeys(other for other in others if other not in present)
    grown = data + _encoded("".join(signature.line for signature in added))
    _parse(grown)
    return grown


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Read signature lines that stand alone, as a witness sends them (tlog-witness, "add-checkpoint").

    Raises:
        MalformedFileError: `note`.
    """
    if not text.endswith("\n"):
        raise MalformedFileError("note", problems=("no_newline",))
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedFileError("note", problems=("too_many_signatures",))
    return tuple(_parse_signature(line) for line in lines)


def open_note(data: bytes, verifiers: Sequence[Verifier]) -> Note:
    """Read a note and check the signatures of all `verifiers` that stand in it.

    Raises:
        MalformedFileError: `note`; or `vkey`, where two different verifiers have one name and ID.
        TamperedError: `note_signature`, a known key with a signature that does not hold; `note_unsigned`, no
            signature by a known key.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_hash), verifier) != verifier:
            raise MalformedFileError("vkey", problems=("ambiguous",))
    text, signatures = _parse(data)
    message = text.encode()
    verified: dict[Verifier, None] = {}
    unknown: dict[Signature, None] = {}
    for signature in signatures:
        match = known.get((signature.name, signature.key_hash))
        if match is None:
            unknown[signature] = None
        elif match.verifies(message, signature.value):
            verified[match] = None
        else:
            raise TamperedError("note_signature", name=match.name, key_id=match.key_hash.hex())
    if not verified:
        raise TamperedError("note_unsigned")
    return Note(text, tuple(verified), tuple(unknown))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint; further lines are kept, though they are not recommended.

    Raises:
        MalformedFileError: `checkpoint`.
    """
    if not text.endswith("\n"):
        raise MalformedFileError("checkpoint", problems=("no_newline",))
    lines = text[:-1].split("\n", MAX_EXTENSION_LINES + 3)
    if len(lines) < 3:  # noqa: PLR2004  # origin, size, root
        raise MalformedFileError("checkpoint", problems=("lines",))
    origin, size, root = lines[:3]
    if not _DECIMAL.fullmatch(size):
        raise MalformedFileError("checkpoint", problems=("size",))
    return Checkpoint(origin, int(size), base64_bytes(root) or b"", tuple(lines[3:]))


def cosign(text: str, cosigner: Cosigner, timestamp: int) -> Signature:
    """A witness's signature over the text of a checkpoint, at `timestamp` seconds since 1970.

    Raises:
        MalformedFileError: `note`; the timestamp is out of bounds.
    """
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise MalformedFileError("note", problems=("timestamp",))
    value = cosigner.sign(_cosigned(text, timestamp))
    key = cosigner.key
    return Signature(key.name, key.key_hash, timestamp.to_bytes(_TIMESTAMP_BYTES, "big") + value)


def verify_cosignature(text: str, signature: Signature, key: CosignerKey) -> int:
    """The time, in seconds since 1970, at which the witness says that it saw the checkpoint of that text.

    Raises:
        TamperedError: `cosignature`; by another key, over another text or at another time.
    """
    value = signature.value
    timestamp = int.from_bytes(value[:_TIMESTAMP_BYTES], "big")
    if (
        (signature.name, signature.key_hash) != (key.name, key.key_hash)
        or len(value) != _TIMESTAMP_BYTES + SIGNATURE_BYTES
        or timestamp > MAX_TIMESTAMP
        or not key.verifies(_cosigned(text, timestamp), value[_TIMESTAMP_BYTES:])
    ):
        raise TamperedError("cosignature", name=key.name, key_id=key.key_hash.hex())
    return timestamp


def cosignatures(note: Note, keys: Sequence[CosignerKey]) -> tuple[Cosigned, ...]:
    """Which of the witnesses cosigned the note: each once, at the earliest time it names, in the order of `keys`.

    Raises:
        TamperedError: `cosignature`; a line by one of the keys does not hold.
    """
    seen = []
    for key in dict.fromkeys(keys):
        times = [
            verify_cosignature(note.text, signature, key)
            for signature in note.unknown
            if (signature.name, signature.key_hash) == (key.name, key.key_hash)
        ]
        if times:
            seen.append(Cosigned(key, min(times)))
    return tuple(seen)


def _parse(data: bytes) -> tuple[str, tuple[Signature, ...]]:
    """The text and the signature lines of a note (signed-note, "Format")."""
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedFileError("note", problems=("too_long",))
    try:
        note = data.decode()
    except UnicodeDecodeError:
        # Not chained: the cause would hold the bytes.
        raise MalformedFileError("note", problems=("not_utf8",)) from None
    if has_control(note):
        raise MalformedFileError("note", problems=("control_character",))
    split = note.rfind(_SEPARATOR)
    if split < 0:
        raise MalformedFileError("note", problems=("no_signatures",))
    return note[: split + 1], parse_signatures(note[split + 2 :])


def _parse_signature(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    value = base64_bytes(encoded)
    if not line.startswith(_SIGNATURE_MARK) or not separator or not is_name(name):
        raise MalformedFileError("note", problems=("signature_line",))
    if value is None or len(value) <= KEY_HASH_BYTES:
        raise MalformedFileError("note", problems=("signature_value",))
    return Signature(name, value[:KEY_HASH_BYTES], value[KEY_HASH_BYTES:])


def _cosigned(text: str, timestamp: int) -> bytes:
    """What a witness signs (tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Not chained: the cause would hold the text.
        raise MalformedFileError("note", problems=("not_utf8",)) from None
