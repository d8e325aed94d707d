"""What leaves a log as evidence: the folder (`--form log`), checkpoints, verifier keys, and proofs of a deliberation.

Whatever bears a checkpoint is noted as given out before it leaves, where the log key lies beside the ledger: a backup
that is put back later may not be written to behind it (`magi.ledger.published`). Nothing here opens a body.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from magi.cli import screen
from magi.cli.ledger_opened import log_key_beside, name_of, source_of
from magi.core.errors import LedgerUnavailableError, MalformedFileError, UnknownNameError
from magi.export.dossier import Leaf, Proof
from magi.ledger.export import export_log
from magi.ledger.files import create_private
from magi.ledger.nodes import SignedHead, Snapshot, prove_stream, signed_head, snapshot
from magi.ledger.published import note_published, published_path
from magi.ledger.tlog_proof import PROOF_SUFFIX
from magi.ledger.tree import leaf_hash
from magi.ledger.verify_export import CHECKPOINT, KEYS
from magi.settings import Settings
from magi.wiring import log_name
from magi.words import say

FOLDER_MODE = 0o700
_PLAIN_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")
"""A deliberation's name as a file's name."""


@dataclass(frozen=True)
class LogOrder:
    """What the command line says of one export of the log."""

    out: Path
    bodies: bool
    full: bool
    update: bool
    ledger: Path | None


def export_folder(settings: Settings, order: LogOrder) -> None:
    """Write the log as a folder and say what is in it.

    Raises:
        As `magi.ledger.export.export_log` and `magi.ledger.nodes.snapshot`.
    """
    with given_out(settings, order.ledger) as (connection, _):
        done = export_log(connection, order.out, bodies=order.bodies, state=order.full, update=order.update)
    words = say(
        "export_log.done",
        settings.lang,
        records=done.checkpoint.size,
        root=done.checkpoint.root.hex(),
        bodies=done.bodies,
        files=done.written,
        path=str(order.out),
    )
    screen.emit(screen.console(), screen.plain(words))


def checkpoint(settings: Settings, ledger: Path | None, out: Path | None) -> None:
    """Print the signed head as it is stored, or write it to the new file `out`.

    Raises:
        MalformedFileError: `out_exists`. As `magi.ledger.nodes`.
    """
    with given_out(settings, ledger) as (_, head):
        pass
    if out is None:
        typer.echo(head.note.decode(), nl=False)
    else:
        _write(out, head.note)


def keys(settings: Settings, ledger: Path | None) -> None:
    """Print the verifier keys that the log has in force, the oldest first, one a line.

    Raises:
        As `magi.ledger.nodes`.
    """
    with snapshot(source_of(settings, ledger), log=log_name(settings.tenant)) as connection:
        for key in signed_head(connection).keys:
            typer.echo(key.vkey)


def prove(settings: Settings, name: str, out: Path, ledger: Path | None) -> None:
    """Write a deliberation's records and their proofs into the new folder `out`, with checkpoint and keys.

    The verdict's are named after the deliberation, all others also after their ordinal.

    Raises:
        UnknownNameError: `deliberation`. MalformedFileError: `out_exists`. As `magi.ledger.nodes`.
    """
    plain = name.removeprefix("d/")
    if out.exists():
        raise MalformedFileError("out_exists", file=str(out))
    with given_out(settings, ledger) as (connection, head):
        try:
            proven = prove_stream(connection, f"d/{plain}", head)
        except UnknownNameError as error:
            where = name_of(source_of(settings, ledger))
            raise UnknownNameError("deliberation", name=name, path=where) from error
    called = plain if _PLAIN_NAME.fullmatch(plain) else "deliberation"
    out.mkdir(mode=FOLDER_MODE, parents=True)
    for one in proven:
        stem = called if one.kind == "decided" else f"{called}.{one.ordinal}"
        _write(out / f"{stem}.json", one.data)
        _write(out / f"{stem}{PROOF_SUFFIX}", one.proof)
    _write(out / CHECKPOINT, head.note)
    _write(out / KEYS, "".join(f"{key.vkey}\n" for key in head.keys).encode())
    words = say("audit.proven", settings.lang, records=len(proven), path=str(out))
    screen.emit(screen.console(), screen.plain(words))


def proof_of(connection: Snapshot, stream: str, head: SignedHead) -> Proof:
    """The proof part of a deliberation's dossier: the head, and each record's place with its proof file.

    Raises:
        UnknownNameError, TamperedError: as `magi.ledger.nodes.prove_stream`.
    """
    leaves = tuple(
        Leaf(one.ordinal, one.seq, leaf_hash(one.data).hex(), one.proof)
        for one in prove_stream(connection, stream, head)
    )
    said = head.checkpoint
    return Proof(said.origin, said.size, said.root.hex(), head.note, leaves)


@contextmanager
def given_out(
    settings: Settings, ledger: Path | None, *, live: bool = False
) -> Iterator[tuple[Snapshot, SignedHead]]:
    """A snapshot with its head, which is noted as given out before anything of it leaves; `live` as in `snapshot`.

    Raises:
        As `magi.ledger.nodes.snapshot`, `signed_head` and `magi.ledger.published.note_published`.
    """
    source = source_of(settings, ledger)
    with snapshot(source, log=log_name(settings.tenant), live=live) as connection:
        head = signed_head(connection)
        key = log_key_beside(settings, ledger)
        if key.exists():  # an auditor's copy has none: what it shows was given out elsewhere
            note_published(published_path(key), head, connection)
        yield connection, head


def _write(path: Path, data: bytes) -> None:
    try:
        if not create_private(path, data):
            raise MalformedFileError("out_exists", file=str(path))
    except FileNotFoundError as error:
        raise LedgerUnavailableError("no_folder", path=os.fspath(path.parent)) from error
