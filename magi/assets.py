"""Reads agents/, prompts/ and profiles from disk and hands out parsed values.

In a wheel they lie in `magi/_assets`; in a checkout beside the package; a folder of one's own overrides both
(`Settings.assets_dir`: MAGI_ASSETS_DIR, else `assets/` in MAGI_HOME where there is one). One bad file refuses the
whole folder, with every problem of that file: a council must not quietly lose a card.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from magi.core.card import Card, parse_card
from magi.core.council import Council, parse_council
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.prompts import Templates, check_lock
from magi.residency.policy import Profile, parse_profile

PACKAGE = Path(__file__).parent
MAX_FILE_BYTES = 1_000_000
"""No card, council, template or profile is near this; a larger file is a mistake."""


@dataclass(frozen=True)
class Assets:
    """Everything configured: cards and councils by id, templates, profiles by name."""

    cards: Mapping[str, Card]
    councils: Mapping[str, Council]
    templates: Templates
    profiles: Mapping[str, Profile]

    def council(self, name: str) -> Council:
        """The council of that name.

        Raises:
            UnknownNameError: there is none; `known` lists those there are.
        """
        if name not in self.councils:
            raise UnknownNameError("council", name=name, known=tuple(sorted(self.councils)))
        return self.councils[name]

    def profile(self, name: str) -> Profile:
        """The residency profile of that name.

        Raises:
            UnknownNameError: there is none; `known` lists those there are.
        """
        if name not in self.profiles:
            raise UnknownNameError("profile", name=name, known=tuple(sorted(self.profiles)))
        return self.profiles[name]


def assets_root(override: Path | None) -> Path:
    """The folder that holds agents/ and prompts/."""
    if override is not None:
        return override
    packed = PACKAGE / "_assets"
    return packed if packed.is_dir() else PACKAGE.parent


def load_assets(override: Path | None = None) -> Assets:
    """Read and check every card, council, template and profile.

    Raises:
        MalformedFileError: unreadable, not UTF-8, not TOML, wrong keys, an id that is not its file's name.
        TemplateError: a template that LOCK does not know, or a released one that changed.
    """
    root = assets_root(override)
    agents, prompts = root / "agents", root / "prompts"
    cards = {path.stem: _card(path) for path in _files(agents, "*.toml")}
    councils = {path.stem: _council(path) for path in _files(agents / "councils", "*.toml")}
    texts = {
        str(path.relative_to(prompts).with_suffix("")): _read(path) for path in _files(prompts, "*/*.txt")
    }
    templates = check_lock(texts, _read(prompts / "LOCK"))
    profiles = {
        path.stem: parse_profile(_toml(path), str(path))
        for path in _files(PACKAGE / "residency" / "profiles", "*.toml")
    }
    return Assets(cards, councils, templates, profiles)


def code_version(version: str) -> str:
    """This program's version and a digest over its source files: what the manifest calls code."""
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        total.update(str(path.relative_to(PACKAGE)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{version}+sha256:{total.hexdigest()}"


def lock_version() -> str:
    """Digest of the locked dependencies that this build was tested with."""
    for folder in (PACKAGE / "_assets", PACKAGE.parent):
        path = folder / "requirements.lock"
        if path.is_file():
            return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    return "none"


def _card(path: Path) -> Card:
    card = parse_card(_toml(path), str(path))
    _check_name(path, card.id)
    return card


def _council(path: Path) -> Council:
    council = parse_council(_toml(path), str(path))
    _check_name(path, council.name)
    return council


def _check_name(path: Path, name: str) -> None:
    if path.stem != name:
        raise MalformedFileError("name", file=str(path), problems=(f"id: {name!r} is not the file's name",))


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise MalformedFileError("no_files", file=str(folder), problems=(pattern,))
    return found


def _toml(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise MalformedFileError("toml", file=str(path), problems=(str(error),)) from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MalformedFileError("too_large", file=str(path), problems=(f"over {MAX_FILE_BYTES} bytes",))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    except UnicodeDecodeError as error:
        raise MalformedFileError("not_utf8", file=str(path), problems=(f"byte {error.start}",)) from error
