"""A folder of materials: its files in the order of their paths, with what `materials.toml` states of each.

1. Walk: hidden names are skipped, folders are followed to `MAX_DEPTH`; what leads outside the folder, is no regular
   file, or exceeds a limit is refused as a whole: a material that is missing in silence would be worse.
2. Read `materials.toml` of the folder itself; every problem of it is named by entry and key, never by its value.
3. Join: an entry names one file of the walk; a file without an entry is of rank other, or of the folder's own rank,
   has no date, and is told to the caller.

Leaves to others: what is in the files (`magi.service.materials`), what provenance does (`magi.service.sources`).
"""

import datetime
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, NoReturn

from pydantic import Field, ValidationError

from magi.core.card import lists_to_tuples, problems_of
from magi.core.errors import MalformedFileError
from magi.core.material import MAX_MATERIALS
from magi.service.materials import MAX_FILE_BYTES, Attached
from magi.service.sources import UNSTATED, Provenance

ENTRIES: Final = "materials.toml"
MAX_DEPTH: Final = 4
"""Folders inside folders; deeper trees are archives, of which somebody should choose."""
MAX_SEEN: Final = 2_000
"""Names looked at, hidden ones included: far more than 64 files need, far fewer than a home folder has."""
MAX_FOLDER_BYTES: Final = 100_000_000
"""Of all files together, in memory at once; their visible text may have 100,000 characters anyway."""
MAX_ENTRIES_BYTES: Final = 262_144
"""4 KB for each of 64 entries."""
MAX_PROBLEMS: Final = 20
"""One screenful; the rest are of the same kinds."""
_LINE: Final = re.compile(r"\(at (?:line \d+, column \d+|end of document)\)")


class _Entry(Provenance):
    """One entry: the path of a file inside the folder, with `/`, and what is stated of it."""

    file: Annotated[str, Field(min_length=1, max_length=1_000)]

    def provenance(self, *, position: bool) -> Provenance:
        """What it states; in a folder of positions, an official position whose rank is official unless it says so."""
        stated = self.model_dump(exclude={"file"}, exclude_unset=True)
        return Provenance.model_validate((_position() if position else {}) | stated)


@dataclass(frozen=True)
class Folder:
    """The files of a folder, ready to be attached before the question, and the paths of those without an entry."""

    files: tuple[Attached, ...]
    unlisted: tuple[str, ...]


def read_folder(path: Path, *, position: bool = False) -> Folder:
    """Read a folder of materials, or with `position` of stated positions of the government.

    Raises:
        MalformedFileError: material_folder, with every problem of the folder or of its `materials.toml`; toml;
            unreadable. Nothing of a file's text is in it.
    """
    paths = _walked(path)
    entries = _entries(path / ENTRIES)
    problems = _unmatched(entries, paths)
    if not paths:
        problems = (*problems, "-: no file")
    if len(paths) > MAX_MATERIALS:
        problems = (*problems, f"-: more than {MAX_MATERIALS} files")
    if problems:
        raise MalformedFileError("material_folder", file=str(path), problems=problems[:MAX_PROBLEMS])
    known = {entry.file: entry.provenance(position=position) for entry in entries}
    unstated = Provenance.model_validate(_position()) if position else UNSTATED
    data = _contents(path, paths)
    files = tuple(
        Attached(Path(name).name, data[name], 0, known.get(name, unstated), listed=True) for name in paths
    )
    return Folder(files, tuple(name for name in paths if name not in known))


def _position() -> dict[str, object]:
    """What holds of every file of a folder of positions, unless its entry says otherwise."""
    return {"rank": "official", "official_position": True}


def _walked(root: Path) -> dict[str, Path]:
    """The files of a folder: path inside it to where it really is, sorted by that path."""
    try:
        real = root.resolve(strict=True)
        found = sorted(_walk(real, real, 0, _Seen()))
    except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself
        problems = (getattr(error, "strerror", None) or "-",)
        raise MalformedFileError("unreadable", file=str(root), problems=problems) from error
    first: dict[Path, str] = {}
    for name, place in found:  # two names of one file are one material
        first.setdefault(place, name)
    kept = {name: place for place, name in first.items()}
    return {name: kept[name] for name in sorted(kept) if name != ENTRIES}


@dataclass
class _Seen:
    """How many names were looked at. Owned by one walk."""

    count: int = 0


def _walk(root: Path, folder: Path, depth: int, seen: _Seen) -> Iterator[tuple[str, Path]]:
    if depth > MAX_DEPTH:
        _refuse(root, folder, f"deeper than {MAX_DEPTH} folders")
    with os.scandir(folder) as entries:
        for entry in entries:
            seen.count += 1
            if seen.count > MAX_SEEN:
                _refuse(root, folder, f"more than {MAX_SEEN} names")
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            if entry.is_symlink():
                target = path.resolve(strict=True)
                if not target.is_relative_to(root):
                    _refuse(root, path, "leads outside the folder")
                if target.is_dir():
                    continue  # what is inside is found at its own place
                yield path.relative_to(root).as_posix(), _regular(root, path, target)
            elif entry.is_dir():
                yield from _walk(root, path, depth + 1, seen)
            else:
                yield path.relative_to(root).as_posix(), _regular(root, path, path)


def _regular(root: Path, path: Path, target: Path) -> Path:
    if not target.is_file():
        _refuse(root, path, "no regular file")
    return target


def _refuse(root: Path, path: Path, what: str) -> NoReturn:
    name = path.relative_to(root).as_posix()
    raise MalformedFileError("material_folder", file=str(root), problems=(f"{name}: {what}",))


def _entries(path: Path) -> tuple[_Entry, ...]:
    if not path.exists():
        return ()
    tables = _tables(path)
    entries, problems = [], []
    for number, table in enumerate(tables, start=1):
        try:
            entries.append(_Entry.model_validate(lists_to_tuples(_days_as_text(table))))
        except ValidationError as error:
            problems += [f"material.{number}.{problem}" for problem in problems_of(error)]
    if problems:
        raise MalformedFileError("material_folder", file=str(path), problems=tuple(problems[:MAX_PROBLEMS]))
    return tuple(entries)


def _tables(path: Path) -> Sequence[object]:
    """The entries of the file as TOML has them, before anything is checked in them."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_ENTRIES_BYTES + 1)
        if len(raw) > MAX_ENTRIES_BYTES:
            _refuse(path.parent, path, f"more than {MAX_ENTRIES_BYTES} bytes")
        table = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "-",)) from error
    except UnicodeDecodeError as error:
        raise MalformedFileError("toml", file=str(path), problems=("UTF-8",)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        where = _LINE.search(str(error))  # its own words may quote the file
        raise MalformedFileError("toml", file=str(path), problems=(where[0] if where else "-",)) from error
    problems = [f"{key[:40]}: unknown key" for key in table if key != "material"]
    tables = table.get("material", [])
    if not isinstance(tables, list) or len(tables) > MAX_MATERIALS:
        problems.append(f"material: not a list of at most {MAX_MATERIALS} entries")
    if problems:
        raise MalformedFileError("material_folder", file=str(path), problems=tuple(problems[:MAX_PROBLEMS]))
    return tuple(tables)


def _days_as_text(table: object) -> object:
    """An entry with its date as text: TOML has dates of its own, which serve as well."""
    if not isinstance(table, Mapping):
        return table
    day = table.get("date")
    plain_day = isinstance(day, datetime.date) and not isinstance(day, datetime.datetime)
    return {**table, "date": day.isoformat()} if isinstance(day, datetime.date) and plain_day else table


def _unmatched(entries: Sequence[_Entry], paths: Mapping[str, Path]) -> tuple[str, ...]:
    """Entries that name no file of the folder, or one that another entry names."""
    seen: set[str] = set()
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        if entry.file in seen:
            problems.append(f"material.{number}.file: another entry names it")
        elif entry.file not in paths:
            problems.append(f"material.{number}.file: no such file in the folder")
        seen.add(entry.file)
    return tuple(problems)


def _contents(root: Path, paths: Mapping[str, Path]) -> dict[str, bytes]:
    """The bytes of every file, within the limits of each and of all together."""
    found: dict[str, bytes] = {}
    left = MAX_FOLDER_BYTES
    for name, path in paths.items():
        try:
            with path.open("rb") as file:
                data = file.read(min(MAX_FILE_BYTES, left) + 1)
        except OSError as error:
            problems = (f"{name}: {error.strerror or '-'}",)
            raise MalformedFileError("unreadable", file=str(root), problems=problems) from error
        if len(data) > min(MAX_FILE_BYTES, left):
            what = f"more than {MAX_FILE_BYTES if left > MAX_FILE_BYTES else MAX_FOLDER_BYTES} bytes"
            raise MalformedFileError("material_folder", file=str(root), problems=(f"{name}: {what}",))
        left -= len(data)
        found[name] = data
    return found
