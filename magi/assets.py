"""Reads agents/, prompts/ and profiles from disk and hands out parsed values.

In a wheel they lie in `magi/_assets`; in a checkout beside the package; a folder of one's own overrides both
(`Settings.assets_dir`: MAGI_ASSETS_DIR, else `assets/` in MAGI_HOME where there is one). One bad file refuses the
whole folder, with every problem of that file: a council must not quietly lose a card. The exception is an
attestation: a bad one proves nothing and is named, and the card stays without that proof.
"""

import datetime
import hashlib
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from magi.attest.attestation import NO_KEYS, PublicKeys, parse_keys, proofs_of
from magi.core.card import JAPAN_TIME, Card, Proof, parse_card
from magi.core.council import Council, parse_council
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.lineage import EMPTY, Lineage, parse_lineage
from magi.core.prompts import Templates, check_lock
from magi.residency.profile import Profile, parse_profile

LINEAGE, ATTESTORS = "lineage.toml", "attestors.toml"
"""Files beside the cards that are no cards."""
PACKAGE = Path(__file__).parent
MAX_FILE_BYTES = 1_000_000
"""No card, council, template or profile is near this; a larger file is a mistake."""


@dataclass(frozen=True)
class Assets:
    """Everything configured: cards and councils by id, templates, profiles, and the lineage of weights.

    `profiles` holds the newest version of each by name, `dated_profiles` every version, oldest first.
    `attestation_problems` says by card why an attestation proves nothing.
    """

    cards: Mapping[str, Card]
    councils: Mapping[str, Council]
    templates: Templates
    profiles: Mapping[str, Profile]
    dated_profiles: tuple[Profile, ...] = ()
    lineage: Lineage = EMPTY
    attestation_problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def council(self, name: str) -> Council:
        """The council of that name.

        Raises:
            UnknownNameError: there is none; `known` lists those there are.
        """
        if name not in self.councils:
            raise UnknownNameError("council", name=name, known=tuple(sorted(self.councils)))
        return self.councils[name]

    def profile(self, name: str, day: datetime.date | None = None) -> Profile:
        """The version of a residency profile that is in force on a day; without one, today in Japan.

        Raises:
            UnknownNameError: there is none, or none had come into force; `known` lists those in force that day.
        """
        asked = day or datetime.datetime.now(JAPAN_TIME).date()
        in_force = {profile.name: profile for profile in self.dated_profiles if profile.in_force(asked)}
        if name not in in_force:
            raise UnknownNameError("profile", name=name, known=tuple(sorted(in_force)))
        return in_force[name]

    def profile_version(self, version: str) -> Profile:
        """The profile that a record's manifest names by name, day and digest.

        Raises:
            UnknownNameError: this installation has no such version; `known` lists those it has.
        """
        known = {profile.version: profile for profile in self.dated_profiles}
        if version not in known:
            raise UnknownNameError("profile", name=version, known=tuple(known))
        return known[version]


def assets_root(override: Path | None) -> Path:
    """The folder that holds agents/ and prompts/."""
    if override is not None:
        return override
    packed = PACKAGE / "_assets"
    return packed if packed.is_dir() else PACKAGE.parent


def load_assets(override: Path | None = None) -> Assets:
    """Read and check every card, council, template, profile, and what is bound to the cards.

    Profiles of one's own may lie in `profiles/` beside `agents/`; they add to the package's.

    Raises:
        MalformedFileError: unreadable, not UTF-8, not TOML, wrong keys, an id that is not its file's name, an id
            (in any letter case) or a profile's day twice.
        TemplateError: a template that LOCK does not know, or a released one that changed.
    """
    root = assets_root(override)
    agents, prompts = root / "agents", root / "prompts"
    lineage = _lineage(agents / LINEAGE)
    found = [_card(path) for path in _once(_cards(agents), "id")]
    proofs, problems = _proofs(agents, found)
    cards = {card.id: _bound(card, lineage, proofs.get(card.id, ())) for card in found}
    councils = {path.stem: _council(path) for path in _once(_files(agents / "councils", "*.toml"), "name")}
    texts = {
        str(path.relative_to(prompts).with_suffix("")): _read(path) for path in _files(prompts, "*/*.txt")
    }
    templates = check_lock(texts, _read(prompts / "LOCK"))
    dated = _profiles([PACKAGE / "residency" / "profiles", root / "profiles"])
    newest = {profile.name: profile for profile in dated}
    return Assets(cards, councils, templates, newest, dated, lineage, problems)


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


def read_toml(path: Path) -> Mapping[str, object]:
    """The table of a TOML file.

    Raises:
        MalformedFileError: unreadable, too large, not UTF-8, not TOML.
    """
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise MalformedFileError("toml", file=str(path), problems=(str(error),)) from error


def _card(path: Path) -> Card:
    card = parse_card(read_toml(path), str(path))
    _check_name(path, card.id)
    return card


def _council(path: Path) -> Council:
    council = parse_council(read_toml(path), str(path))
    _check_name(path, council.name)
    return council


def _cards(agents: Path) -> list[Path]:
    cards = [path for path in agents.glob("*.toml") if path.name not in (LINEAGE, ATTESTORS)]
    if not cards:
        raise MalformedFileError("no_files", file=str(agents), problems=("*.toml",))
    return sorted(cards)


def _once(paths: Sequence[Path], name: str) -> Sequence[Path]:
    """The same files, once no two of them have one id in whatever letter case."""
    seen: dict[str, Path] = {}
    for path in paths:
        given = read_toml(path).get(name)
        folded = unicodedata.normalize("NFKC", given).casefold().strip() if isinstance(given, str) else None
        if folded is not None and (other := seen.setdefault(folded, path)) is not path:
            problem = f"{name}: {other.name} and {path.name} have the same"
            raise MalformedFileError("duplicate_id", file=str(path), problems=(problem,))
    return paths


def _lineage(path: Path) -> Lineage:
    """The table of the folder; one without a table knows no lineage at all."""
    return parse_lineage(read_toml(path), str(path)) if path.exists() else EMPTY


def _bound(card: Card, lineage: Lineage, proofs: tuple[Proof, ...]) -> Card:
    ancestors = lineage.ancestors(card.model.weights_origin)
    return card.model_copy(update={"lineage": ancestors, "proofs": proofs})


def _proofs(
    agents: Path, cards: Sequence[Card]
) -> tuple[dict[str, tuple[Proof, ...]], dict[str, tuple[str, ...]]]:
    """Verified proofs by card, and what is wrong with attestations that are none."""
    path = agents / ATTESTORS
    keys: PublicKeys = parse_keys(read_toml(path), str(path)) if path.exists() else NO_KEYS
    today = datetime.datetime.now(JAPAN_TIME).date()
    proofs: dict[str, tuple[Proof, ...]] = {}
    problems: dict[str, tuple[str, ...]] = {}
    by_id = {card.id: card for card in cards}
    for file in sorted((agents / "attestations").glob("*.toml")):
        if file.stem not in by_id:
            problems[file.stem] = ("card_unknown",)
            continue
        try:
            proofs[file.stem] = proofs_of(read_toml(file), by_id[file.stem], keys, today)
        except MalformedFileError as error:
            problems[file.stem] = (error.reason,)
    return proofs, problems


def _profiles(folders: Sequence[Path]) -> tuple[Profile, ...]:
    """Every dated version, oldest first; a file is named `name@day`."""
    found: dict[tuple[str, str], Profile] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        profile = parse_profile(read_toml(path), str(path))
        _check_name(path, f"{profile.name}@{profile.effective_from}")
        if found.setdefault((profile.effective_from, profile.name), profile) is not profile:
            raise MalformedFileError("duplicate_id", file=str(path), problems=(f"id: {path.name} twice",))
    return tuple(found[dated] for dated in sorted(found))


def _check_name(path: Path, name: str) -> None:
    if path.stem != name:
        raise MalformedFileError("name", file=str(path), problems=(f"id: {name!r} is not the file's name",))


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise MalformedFileError("no_files", file=str(folder), problems=(pattern,))
    return found


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MalformedFileError("too_large", file=str(path), problems=(f"over {MAX_FILE_BYTES} bytes",))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    except UnicodeDecodeError as error:
        raise MalformedFileError("not_utf8", file=str(path), problems=(f"byte {error.start}",)) from error
