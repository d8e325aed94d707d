"""Copies of checkpoints that were given out, with what others said of them: `checkpoints/<size>.note` and `.tsr`.

The ledger's own head stays as it is; the lines of witnesses are appended to the copy, and the reply of a time-stamp
authority lies beside it. Both are for handing out: they hold nothing that is secret.

Promises: a copy only ever gains lines, whole and durable; a copy of the same size that says something else is never
replaced. Leaves to others: which lines hold (`magi.ledger.witness`), tokens (`magi.ledger.timestamp`).
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

from magi.core.errors import LedgerUnavailableError, MalformedFileError, TamperedError
from magi.ledger.files import create_private, replace_private
from magi.ledger.nodes import SignedHead
from magi.ledger.note import MAX_NOTE_BYTES, CosignerKey, open_note
from magi.ledger.witness import Signed, with_cosignature

CHECKPOINTS = "checkpoints"
NOTE_SUFFIX, TOKEN_SUFFIX = ".note", ".tsr"
FOLDER_MODE = 0o700
MAX_TOKEN_BYTES = 1 << 20
"""As much as an answer may be that leaves the gateway."""
MAX_LOOKED_AT = 64
"""Copies that are searched for a witness's last line; without one it is asked which size it has."""

_NOTE_NAME = re.compile(r"(0|[1-9][0-9]{0,18})\.note", re.ASCII)


def kept_folder(log_key: Path) -> Path:
    """Where the copies lie: beside the file of the log key."""
    return log_key.with_name(CHECKPOINTS)


def note_path(folder: Path, size: int) -> Path:
    """The copy of the checkpoint of that size."""
    return folder / f"{size}{NOTE_SUFFIX}"


def token_path(note: Path) -> Path:
    """The time stamp that lies beside a copy."""
    return note.with_suffix(TOKEN_SUFFIX)


def last_seen(folder: Path, key: CosignerKey, at_most: int) -> int:
    """The largest size that a witness is likely to have cosigned, by our copies; 0 where none says so.

    A guess that saves one round trip: the line is not verified.
    """
    names = (_NOTE_NAME.fullmatch(path.name) for path in folder.glob(f"*{NOTE_SUFFIX}"))
    sizes = sorted((size for name in names if name and (size := int(name[1])) <= at_most), reverse=True)
    line = f"\n\N{EM DASH} {key.name} ".encode()
    for size in sizes[:MAX_LOOKED_AT]:
        with contextlib.suppress(OSError):
            if line in _content(note_path(folder, size), MAX_NOTE_BYTES):
                return size
    return 0


def keep(folder: Path, head: SignedHead, signed: Signed | None = None) -> Path:
    """Keep a copy of the head, with a witness's line where one is given; the copy's path.

    Raises:
        TamperedError: `kept_checkpoint`, the copy of that size is of another history. LedgerUnavailableError:
            `kept_unwritable`.
    """
    path = note_path(folder, head.checkpoint.size)
    try:
        with _alone(folder):
            present = _present(path, head)
            note = present or head.note
            grown = note if signed is None else with_cosignature(note, signed)
            if grown != present:
                replace_private(path, grown)
    except OSError as error:
        raise LedgerUnavailableError("kept_unwritable", path=str(path)) from error
    return path


def keep_token(note: Path, token: bytes) -> bool:
    """Keep a time-stamp reply beside a copy; false where one lies there already.

    Raises:
        LedgerUnavailableError: `kept_unwritable`.
    """
    path = token_path(note)
    try:
        return create_private(path, token)
    except OSError as error:
        raise LedgerUnavailableError("kept_unwritable", path=str(path)) from error


def read_token(note: Path) -> bytes | None:
    """The time-stamp reply beside a copy, None where there is none.

    Raises:
        LedgerUnavailableError: `kept_unreadable`.
    """
    path = token_path(note)
    try:
        return _content(path, MAX_TOKEN_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerUnavailableError("kept_unreadable", path=str(path)) from error


def _present(path: Path, head: SignedHead) -> bytes | None:
    """The copy that is there, if it is one of this head."""
    try:
        data = _content(path, MAX_NOTE_BYTES)
    except FileNotFoundError:
        return None
    refusal = TamperedError("kept_checkpoint", path=str(path), size=head.checkpoint.size)
    try:
        text = open_note(data, head.keys).text
    except (MalformedFileError, TamperedError) as error:
        raise refusal from error
    if text != head.checkpoint.text:
        raise refusal
    return data


def _content(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit + 1)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, so that no line is lost; the lock dies with its process."""
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
