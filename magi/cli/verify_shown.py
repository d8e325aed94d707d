"""What `magi audit verify` and `magi audit compare` do and print: first what holds, then what was not checked.

Every problem is named with its record where there is one; the reasons have words under `verify.problem`. Names that
come from stored bytes are printed as plain text.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from magi.cli import screen
from magi.cli.ledger_opened import keys_beside, source_named, source_of
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.ports import Keys
from magi.ledger.keyfile import read_key_file
from magi.ledger.note import MAX_NOTE_BYTES, Verifier, parse_vkey
from magi.ledger.tlog_proof import MAX_PROOF_BYTES, PROOF_SUFFIX
from magi.ledger.verify import Brought, Depth, Problem, VerifyReport, verify_proof, verify_source
from magi.ledger.verify_head import compare as compare_notes
from magi.settings import Settings
from magi.wiring import KEY_ID
from magi.words import catalogue, say

if TYPE_CHECKING:
    from magi.cli.witnessing import Word

__all__ = ["PROOF_SUFFIX", "VerifyOrder", "compare", "proof", "verify"]

CALLERS_FAULT = 2
SHOWN = 50
"""Problems listed one by one; JSON has all."""
MAX_KEY_BYTES = 1 << 16
"""A file of verifier keys, one a line of a few hundred characters at most."""


@dataclass(frozen=True)
class VerifyOrder:
    """What to check, with what, and how to say it."""

    target: str | None
    checkpoints: tuple[Path, ...]
    key: Path | None
    tenant_key: Path | None
    witness: Path | None
    depth: Depth
    as_json: bool


def verify(settings: Settings, order: VerifyOrder) -> int:
    """Check a ledger or an export, print the report, and return the exit code.

    Raises:
        UnknownNameError: `file`. MalformedFileError: `vkey`. KeyMissingError: the tenant key is not this log's.
        ForeignLedgerError, LedgerUnavailableError, TamperedError: it cannot be read as a log. As
            `magi.cli.witnessing.said_outside`, where a file of witnesses is given.
    """
    if order.witness is not None and not order.checkpoints:
        screen.emit(screen.console(err=True), screen.plain(say("verify.witness_usage", settings.lang)))
        return CALLERS_FAULT
    source = _source(settings, order.target)
    brought = Brought(
        keys=_tenant_key(settings, source, order.tenant_key),
        verifiers=_verifiers(order.key),
        kept=tuple(_content(path, MAX_NOTE_BYTES) for path in order.checkpoints),
    )
    said = _outside(settings, order)
    report = verify_source(source, brought, order.depth)
    return _show(report, settings.lang, as_json=order.as_json, said=said)


def proof(
    settings: Settings, target: str | None, entry: Path | None, key: Path | None, *, as_json: bool
) -> int:
    """Check one `.tlog-proof` with the record and the key that the auditor holds.

    Raises:
        As `verify`; TamperedError: `inclusion_proof`, `note_signature`, `note_unsigned`, `checkpoint_origin`.
    """
    out = screen.console()
    if target is None or entry is None or key is None:
        screen.emit(screen.console(err=True), screen.plain(say("verify.usage", settings.lang)))
        return CALLERS_FAULT
    data = _content(Path(target), MAX_PROOF_BYTES)
    checkpoint = verify_proof(data, _content(entry, MAX_NOTE_BYTES), _verifiers(key))
    if as_json:
        said = {
            "sound": True,
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
        }
        typer.echo(json.dumps(said))
    else:
        words = say("verify.proof", settings.lang, origin=checkpoint.origin, size=checkpoint.size)
        screen.emit(out, screen.plain(words))
    return 0


def compare(
    settings: Settings, files: tuple[Path, Path], ledger: str | None, key: Path | None, *, as_json: bool
) -> int:
    """Hold two checkpoints against each other, and against the log where there is one; the exit code.

    Raises:
        As `verify`; TamperedError: `note_signature`, `note_unsigned`, where a key was given.
    """
    first, second = (_content(path, MAX_NOTE_BYTES) for path in files)
    verifiers = _verifiers(key)
    if ledger is not None:
        brought = Brought(verifiers=verifiers, kept=(first, second))
        return _show(
            verify_source(_source(settings, ledger), brought, "tree"), settings.lang, as_json=as_json
        )
    result = compare_notes(first, second, verifiers)
    if as_json:
        typer.echo(json.dumps({"result": result, "signatures": bool(verifiers)}))
    else:
        out = screen.console()
        screen.emit(out, screen.plain(say(f"verify.compare.{result}", settings.lang)))
        if not verifiers:
            screen.emit(out, screen.plain(say("verify.compare.unsigned", settings.lang)))
    return {"same": 0, "needs_log": CALLERS_FAULT}.get(result, 1)


def _outside(settings: Settings, order: VerifyOrder) -> tuple["Word", ...]:
    """What witnesses and a time-stamp authority said of the kept checkpoints."""
    if order.witness is None:
        return ()
    from magi.cli.witnessing import said_outside  # noqa: PLC0415  # it loads what sends

    return said_outside(settings, order.witness, order.checkpoints)


def _show(report: VerifyReport, lang: str, *, as_json: bool, said: Sequence["Word"] = ()) -> int:
    if as_json:
        whole = {"sound": report.sound, **asdict(report), "not_checked": list(_not_checked(report))}
        whole |= {"said": [asdict(word) for word in said]}
        typer.echo(json.dumps(whole))
        return 0 if report.sound else 1
    out = screen.console()
    line = screen.plain(_verdict(report, lang))
    line.stylize("green" if report.sound else "bold red")
    screen.emit(out, line)
    _list(out, [_said(problem, lang) for problem in report.problems[:SHOWN]])
    if len(report.problems) > SHOWN:
        screen.emit(out, screen.plain(say("verify.more", lang, count=len(report.problems) - SHOWN)))
    for key in report.signers:
        screen.emit(out, screen.plain(say("verify.signer", lang, vkey=key)))
    for size in report.kept:
        screen.emit(out, screen.plain(say("verify.kept", lang, size=size)))
    for word in said:
        from magi.cli.witnessing import in_words  # noqa: PLC0415

        screen.emit(out, screen.plain(in_words(word, lang)))
    facts = _counts(report)
    screen.emit(out, screen.plain(say("verify.root", lang, **facts)))
    if report.erased:
        screen.emit(out, screen.plain(say("verify.erased", lang, **facts)))
    screen.emit(out, screen.plain(say("verify.unchecked", lang)))
    _list(out, [say(f"verify.unchecked.{name}", lang, **facts) for name in _not_checked(report)])
    screen.emit(out, screen.plain(say("verify.never", lang)))
    return 0 if report.sound else 1


def _list(out: Console, lines: Sequence[str]) -> None:
    for line in lines:
        screen.emit(out, screen.plain(f"  - {line}"))


def _counts(report: VerifyReport) -> dict[str, str | int]:
    names = (
        "records",
        "streams",
        "bodies_checked",
        "bodies_unopened",
        "bodies_elsewhere",
        "erased",
        "waiting",
    )
    return {"root": report.root, "origin": report.origin} | {name: getattr(report, name) for name in names}


def _verdict(report: VerifyReport, lang: str) -> str:
    """The first line: what holds, or which record is the first that does not."""
    if report.sound:
        return say(f"verify.sound.{report.depth}", lang, **_counts(report))
    return say("verify.broken", lang, count=len(report.problems), what=_said(report.problems[0], lang))


def _said(problem: Problem, lang: str) -> str:
    """A problem in words, with its record and the name of what is wrong there."""
    key = f"verify.problem.{problem.reason}"
    words = say(key, lang) if key in catalogue() else problem.reason
    name = problem.what.partition(": ")[2]
    place = [] if problem.seq is None else [f"seq {problem.seq}"]
    if problem.stream is not None:
        place.append(problem.stream if problem.ordinal is None else f"{problem.stream}#{problem.ordinal}")
    where = f"{', '.join(place)}: " if place else ""
    return f"{where}{words} ({name})" if name else f"{where}{words}"


def _not_checked(report: VerifyReport) -> Iterator[str]:
    """What this run did not look at, by name."""
    if report.depth == "tree":
        yield "bodies"
    if report.depth != "full":
        yield "records"
    elif not report.state_checked:
        yield "state"
    if report.bodies_unopened:
        yield "unopened"
    if report.bodies_elsewhere:
        yield "elsewhere"
    if not report.given:
        yield "own_key"
    if not report.kept:
        yield "no_checkpoint"
    if report.waiting:
        yield "waiting"


def _source(settings: Settings, target: str | None) -> Path | str:
    """The ledger of this home where none is named; an address stays a text."""
    return source_of(settings, None) if target is None else source_named(target)


def _tenant_key(settings: Settings, source: Path | str, path: Path | None) -> Keys | None:
    """The key that was named, else the one beside a ledger of one's own; an export is somebody else's."""
    if path is not None:
        return read_key_file(path, KEY_ID)
    if isinstance(source, Path) and source.is_dir():
        return None
    return keys_beside(settings, None if isinstance(source, str) else source)


def _verifiers(path: Path | None) -> tuple[Verifier, ...]:
    """The keys of a file, one a line, without the empty lines."""
    if path is None:
        return ()
    text = _content(path, MAX_KEY_BYTES).decode("utf-8", "replace")
    keys = tuple(parse_vkey(line.strip()) for line in text.splitlines() if line.strip())
    if not keys:  # to check with no key while one was meant would look like success
        raise MalformedFileError("vkey", file=str(path), problems=("empty",))
    return keys


def _content(path: Path, limit: int) -> bytes:
    """A file that the auditor names; one longer than `limit` is cut there, and then none of its kind."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UnknownNameError("file", name=str(path)) from error
