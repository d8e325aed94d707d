"""A proof file: one entry's place in a log, checkable offline with nothing but the log's public key.

C2SP tlog-proof v1: index, inclusion proof and signed checkpoint in one text file (`.tlog-proof`).

Promises: one spelling for each proof, strict and bounded reading, pure. Leaves to others: the entry itself (the
file does not hold it), which keys are trusted, how many witnesses are wanted (`magi.ledger.note.cosignatures`),
and the meaning of the extra bytes, which nothing vouches for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.note import Checkpoint, Verifier, open_note, parse_checkpoint
from magi.ledger.note_key import base64_bytes, base64_text
from magi.ledger.proof import MAX_PROOF_HASHES, verify_inclusion
from magi.ledger.tree import HASH_BYTES, MAX_TREE_SIZE, leaf_hash

PROOF_SUFFIX = ".tlog-proof"
"""The ending of the files' names (tlog-proof, introduction)."""
MAX_EXTRA_BYTES = 1 << 20
"""Extra bytes: room for an entry (64 KB) with its neighbours, and no more than a note may have."""
MAX_PROOF_BYTES = 3 << 20
"""A whole file: extra bytes in base64, 64 hashes, a note, each at its own limit."""

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_SEPARATOR = b"\n\n"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A place in the log, the inclusion proof (32 bytes each, leaf's sibling first), the signed checkpoint.

    `checkpoint_note` is kept as it was read, byte for byte. `extra` is nobody's word: not authenticated.

    Raises:
        MalformedFileError: `tlog_proof`, at construction, where the values cannot stand in such a file.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what is out of bounds."""
        problems = []
        if not 0 <= self.index < MAX_TREE_SIZE:
            problems.append("index")
        if len(self.hashes) > MAX_PROOF_HASHES or any(len(one) != HASH_BYTES for one in self.hashes):
            problems.append("hashes")
        if self.extra is not None and len(self.extra) > MAX_EXTRA_BYTES:
            problems.append("extra")
        if problems:
            raise MalformedFileError("tlog_proof", problems=tuple(problems))

    def to_bytes(self) -> bytes:
        """The file (tlog-proof, "Format")."""
        extra = [] if self.extra is None else [_EXTRA + base64_text(self.extra)]
        lines = [_HEADER, *extra, f"index {self.index}", *map(base64_text, self.hashes)]
        return "\n".join(lines).encode("ascii") + _SEPARATOR + self.checkpoint_note


def parse_tlog_proof(data: bytes) -> TlogProof:
    """Read a proof file; the note in it is not read yet (`verify_tlog_proof` does).

    Raises:
        MalformedFileError: `tlog_proof`.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise MalformedFileError("tlog_proof", problems=("too_long",))
    head, separator, note = data.partition(_SEPARATOR)
    if not separator or not head.isascii():
        raise MalformedFileError("tlog_proof", problems=("form",))
    header, *lines = head.decode("ascii").split("\n")
    if header != _HEADER:
        raise MalformedFileError("tlog_proof", problems=("header",))
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = base64_bytes(lines.pop(0).removeprefix(_EXTRA))
        if extra is None:
            raise MalformedFileError("tlog_proof", problems=("extra",))
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None:
        raise MalformedFileError("tlog_proof", problems=("index",))
    # What is not base64 becomes a hash of no bytes, which no proof may have.
    hashes = tuple(base64_bytes(line) or b"" for line in lines[1:])
    return TlogProof(int(index[1]), hashes, note, extra)


def verify_tlog_proof(
    proof: TlogProof, entry: bytes, verifiers: Sequence[Verifier], *, origin: str | None = None
) -> Checkpoint:
    """Check that `entry` (the stored bytes of a record) is in the log, and give the checkpoint that says so.

    Name the `origin` wherever it is known: one key may sign for several logs.

    Raises:
        MalformedFileError: `note` or `checkpoint`.
        TamperedError: `note_signature`, `note_unsigned`, `checkpoint_origin`, `inclusion_proof`.
    """
    checkpoint = parse_checkpoint(open_note(proof.checkpoint_note, verifiers).text)
    if origin is not None and checkpoint.origin != origin:
        raise TamperedError("checkpoint_origin", origin=checkpoint.origin, expected=origin)
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint
