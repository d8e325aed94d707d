"""A folder of an exported log as it is written: private, durable, and under its name only when it is whole.

Files are written into a folder beside; what an earlier export of the same log holds is linked, not written again. The
finished folder takes its name by one rename. Where it replaces an earlier one, that steps aside first, and a process
that was killed between the two leaves it there for the next call to put back.

Promises: never a folder with half of its files under the name; mode 0700, files 0600; nothing of the earlier export is
changed. Leaves to others: what the files hold (`magi.ledger.export`).
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from magi.core.canonical import canonical
from magi.core.errors import MalformedFileError
from magi.ledger.files import PRIVATE_MODE, sync_folder
from magi.ledger.verify_export import CHECKPOINT, CONTENTS, MAX_CONTENTS_BYTES

FOLDER_MODE = 0o700
Listed = Mapping[str, int | str]
"""Length and SHA-256 of one file."""


@dataclass(frozen=True)
class Earlier:
    """An export that is there already: its place, its files by name, its signed checkpoint."""

    path: Path
    files: Mapping[str, Listed]
    note: bytes


def read_earlier(path: Path) -> Earlier | None:
    """The export at `path`, or None where there is nothing; one that stepped aside is put back first.

    Raises:
        MalformedFileError: `export_contents`, what is there is no export with a list of its files.
    """
    aside = _aside(path)
    if not path.exists() and aside.is_dir():
        aside.rename(path)
    if not path.exists():
        return None
    try:
        with (path / CONTENTS).open("rb") as file:
            files = json.loads(file.read(MAX_CONTENTS_BYTES))["files"]
        return Earlier(path, dict(files), (path / CHECKPOINT).read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MalformedFileError("export_contents", file=str(path)) from error


class Draft:
    """An export in the making. A context: what is not finished at its end is removed."""

    def __init__(self, out: Path, earlier: Earlier | None) -> None:
        """Begin beside `out`, with the files of `earlier` at hand.

        Raises:
            MalformedFileError: `out_exists`, something is there that is not `earlier`. OSError: the disk refused.
        """
        if earlier is None and out.exists():
            raise MalformedFileError("out_exists", file=str(out))
        self._out = out
        self._earlier = earlier
        self._path = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part"))
        self._files: dict[str, Listed] = {}
        self.written = 0

    def __enter__(self) -> Self:
        """The draft."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not finished."""
        shutil.rmtree(self._path, ignore_errors=True)

    def take(self, name: str) -> bool:
        """Take a file over from the earlier export, if it has one of that name, unread; whether it had."""
        listed = None if self._earlier is None else self._earlier.files.get(name)
        if self._earlier is None or listed is None:
            return False
        source, target = self._earlier.path / name, self._place(name)
        if source.is_symlink() or not source.is_file() or source.stat().st_size != listed["length"]:
            return False
        try:
            os.link(source, target)
        except OSError:  # a file system without links
            shutil.copyfile(source, target)
            target.chmod(PRIVATE_MODE)
            _sync(target)
        self._files[name] = listed
        return True

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole."""
        with self.lines(name) as write:
            write(data)

    @contextlib.contextmanager
    def lines(self, name: str) -> Iterator[Callable[[bytes], Any]]:
        """Write a file piece by piece: gives the function that takes a piece."""
        sha256, length = hashlib.sha256(), 0

        def write(piece: bytes) -> None:
            nonlocal length
            file.write(piece)
            sha256.update(piece)
            length += len(piece)

        handle = os.open(self._place(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
        with os.fdopen(handle, "wb") as file:
            yield write
            file.flush()
            os.fsync(file.fileno())
        self._files[name] = {"length": length, "sha256": sha256.hexdigest()}
        self.written += 1

    def read(self, name: str) -> bytes:
        """A file of the draft."""
        return (self._path / name).read_bytes()

    def finish(self, origin: str, size: int) -> None:
        """Write the list of contents, make all durable, and take the name.

        Raises:
            MalformedFileError: `out_exists`, somebody made a folder there meanwhile. OSError: the disk refused.
        """
        files = dict(sorted(self._files.items()))
        self.write(CONTENTS, canonical({"files": files, "origin": origin, "size": size, "v": 1}))
        for parent, _, _ in os.walk(self._path):
            sync_folder(Path(parent))
        aside = _aside(self._out)
        if self._earlier is not None:
            shutil.rmtree(aside, ignore_errors=True)
            self._out.rename(aside)
        try:
            self._path.rename(self._out)
        except OSError as error:
            if self._earlier is not None:
                aside.rename(self._out)
            raise MalformedFileError("out_exists", file=str(self._out)) from error
        sync_folder(self._out.parent)
        shutil.rmtree(aside, ignore_errors=True)

    def _place(self, name: str) -> Path:
        path = self._path / name
        for parent in reversed(path.relative_to(self._path).parents):  # one by one: each gets the mode
            (self._path / parent).mkdir(mode=FOLDER_MODE, exist_ok=True)
        return path


def _aside(out: Path) -> Path:
    """Where an earlier export waits while a newer one takes its name."""
    return out.with_name(f".{out.name}.before")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
