"""A file that appears whole or not at all: lines go to FILE.part, which takes the file's name at the end.

Promises: until then an earlier FILE stays as it was; one process at a time writes to a FILE.part (a lock that
dies with its holder); `finish` returns when the whole file and its name are on the disk. A part that a killed
run left is written anew: what it held lies in the ledger.
Leaves to others: what the lines say (`line`).
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from magi.core.errors import MalformedFileError

PART = ".part"
_OPENING_TRIES = 3
"""The file may be renamed by the run before between our opening and locking; more than once is a mistake."""


class OutFile:
    """A file under way; a context manager. Leaving without `finish` keeps the part."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self.path = path
        self.part = path.with_name(path.name + PART)
        self._descriptor = -1
        self._finished = False

    def __enter__(self) -> Self:
        """Open and empty the part.

        Raises:
            MalformedFileError: in_use, another process is writing it; not_a_file; unreadable.
        """
        if self.path.exists() and not self.path.is_file():
            raise MalformedFileError("not_a_file", file=str(self.path))
        try:
            self._descriptor = self._open()
        except BlockingIOError as error:
            raise MalformedFileError("in_use", file=str(self.part)) from error
        except OSError as error:
            problems = (error.strerror or "",)
            raise MalformedFileError("unwritable", file=str(self.part), problems=problems) from error
        os.ftruncate(self._descriptor, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, which frees the lock. A part without a line is not left lying about."""
        if not self._finished and os.fstat(self._descriptor).st_size == 0:
            self.part.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _open(self) -> int:
        for _ in range(_OPENING_TRIES):
            descriptor = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, self.part):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise BlockingIOError

    def write(self, line: bytes) -> None:
        """Append one line.

        Raises:
            OSError: no room.
        """
        view = memoryview(line)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def finish(self) -> None:
        """Make the whole file durable and give it its name.

        Raises:
            OSError: the disk refused.
        """
        os.fsync(self._descriptor)
        self.part.replace(self.path)
        self._finished = True
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file still is the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
