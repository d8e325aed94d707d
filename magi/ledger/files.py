"""Durable creation of private files: whole or not at all, readable by the owner alone.

Leaves to others: what is written (`keyfile`, `database`).
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

PRIVATE_MODE = 0o600
"""Keys and ledgers are read by the account that serves, and nobody else."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (fsync of the directory)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """A private file of another name in the same folder, with its content on the disk; removed if it is still there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def create_private(path: Path, content: bytes) -> bool:
    """Create `path` with `content`, mode 0600, durable on return; false if it is there already.

    Another process sees the whole file or none: it is written beside its place, synced, and linked.

    Raises:
        OSError: the folder is absent or not writable, or the disk is full.
    """
    with _written_beside(path, content) as draft:
        try:
            os.link(draft, path)  # a link, not a rename: it never replaces what is there
        except FileExistsError:
            return False
        sync_folder(path.parent)
        return True


def replace_private(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file, mode 0600, durable on return; others see the old file or the new one.

    Raises:
        OSError: the disk refused; the old file stands.
    """
    with _written_beside(path, content) as draft:
        draft.replace(path)
        sync_folder(path.parent)
