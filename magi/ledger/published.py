"""The last checkpoint that was given out, noted beside the log key: a restored backup cannot sign a second past.

A ledger file that was put back from a backup is sound in itself and knows nothing of what came after. Whoever holds a
checkpoint from then would see two histories as soon as it is written to. So every checkpoint that leaves is noted in
`checkpoint.published`, and a log that does not extend it is not opened for writing.

Promises: the note only ever moves forward, whole and durable; it is believed only with a signature by a key of the log
or of the key file. Cannot see: a backup older than any checkpoint that was given out; a file that was put back together
with the ledger. Leaves to others: giving out (`magi.cli`), consistency within one process (`head`).
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from magi.core.errors import LedgerUnavailableError, MalformedFileError, TamperedError
from magi.ledger.files import PRIVATE_MODE, replace_private
from magi.ledger.head import SignerSource, read_head
from magi.ledger.logkey import LogKeyFile
from magi.ledger.nodes import SignedHead, log_keys, stored_nodes
from magi.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier, open_note, parse_checkpoint
from magi.ledger.proof import consistency_proof, root_of, verify_consistency

PUBLISHED = "checkpoint.published"


def published_path(log_key: Path) -> Path:
    """Where the note lies: beside the file of the log key."""
    return log_key.with_name(PUBLISHED)


def note_published(path: Path, head: SignedHead, connection: Connection) -> None:
    """Note that this head is about to be given out; call it before it is.

    A head that is not newer changes nothing.

    Raises:
        TamperedError: `rolled_back`, it does not extend what was given out; `published`, the file is not the log's.
        LedgerUnavailableError: `published_unwritable`.
    """
    with _alone(path):
        known = check_published(connection, path, head.keys)
        if known is not None and known.size >= head.checkpoint.size:
            return
        try:
            replace_private(path, head.note)
        except OSError as error:
            raise LedgerUnavailableError("published_unwritable", path=str(path)) from error


def check_published(connection: Connection, path: Path, verifiers: Sequence[Verifier]) -> Checkpoint | None:
    """Refuse a log that does not extend the checkpoint that was given out last; that checkpoint, None without one.

    `verifiers` are the keys that sign now: a log from a backup may not know them yet.

    Raises:
        TamperedError: `rolled_back` (with `size` and `signed`), `published`, `tile`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_NOTE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerUnavailableError("published_unreadable", path=str(path)) from error
    stored = read_head(connection)
    size = 0 if stored is None else stored.size
    known = {*verifiers, *(log_keys(connection, size).ever if size else ())}
    try:
        published = parse_checkpoint(open_note(data, sorted(known, key=lambda key: key.vkey)).text)
    except (MalformedFileError, TamperedError) as error:
        raise TamperedError("published", path=str(path)) from error
    refusal = TamperedError("rolled_back", size=size, signed=published.size)
    if published.size > size:
        raise refusal
    if published.size:
        nodes = stored_nodes(connection, size)
        proof = consistency_proof(published.size, size, nodes)
        try:
            verify_consistency(published.size, size, proof, published.root, root_of(size, nodes))
        except TamperedError as error:
            raise refusal from error
    return published


def check_signers(connection: Connection, signers: SignerSource) -> None:
    """The same for the keys a writer signs with, where they lie in a file."""
    if isinstance(signers, LogKeyFile):
        check_published(connection, published_path(signers.path), [one.verifier for one in signers.current()])


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time, so that a slower one does not move the note back; the lock dies with its process."""
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    except OSError as error:
        raise LedgerUnavailableError("published_unwritable", path=str(path)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
