"""What `magi ledger import`, `backup` and `rotate-key` do.

Leaves to others: the steps and their order (`magi.ledger.importing`, `backup`, `rotation`).
"""

import asyncio
from pathlib import Path

import typer

from magi.cli import screen
from magi.cli.ledger_opened import log_key_beside, source_named, source_of, tenant_key_beside
from magi.core.errors import LedgerUnavailableError
from magi.ledger.backup import back_up
from magi.ledger.importing import import_log
from magi.ledger.keyfile import TenantKeys, read_key_file
from magi.ledger.logkey import LogKeyFile
from magi.ledger.nodes import SignedHead, signed_head, snapshot
from magi.ledger.rotation import Rotated, begin_rotation, finish_rotation
from magi.settings import Settings
from magi.wiring import (
    KEY_ID,
    SystemEntropy,
    ledger_keys,
    log_name,
    make_home,
    named_keys,
    open_ledger,
    start_sequencing,
)
from magi.words import say


def import_folder(settings: Settings, folder: Path, to: str | None) -> None:
    """Import an export and say what the store holds now, and whether it can be written to from here.

    Raises:
        As `magi.ledger.importing.import_log`.
    """
    target = source_of(settings, None) if to is None else source_named(to)
    named = target if isinstance(target, Path) and to is not None else None
    if isinstance(target, Path):
        make_home(target.parent)
    log, key = log_name(settings.tenant), log_key_beside(settings, named)
    tenant_key = _tenant_key(settings, named)
    signers = LogKeyFile(key, log) if key.exists() else None
    done = import_log(folder, target, log=log, keys=tenant_key, signers=signers)
    _tell(
        settings,
        "ledger.imported",
        records=done.checkpoint.size,
        added=done.checkpoint.size - done.before,
        bodies=done.bodies,
        erased=done.erased,
        root=done.checkpoint.root.hex(),
    )
    if done.in_wal:
        _tell(settings, "ledger.imported_in_wal")
    if tenant_key is None:
        _tell(settings, "ledger.imported_unopened")
    if not done.signed_here:
        _tell(settings, "ledger.imported_read_only", path=str(key))


def _tenant_key(settings: Settings, named: Path | None) -> TenantKeys | None:
    path = tenant_key_beside(settings, named)
    return named_keys(settings) or (read_key_file(path, KEY_ID) if path.exists() else None)


def backup(settings: Settings, out: Path, ledger: Path | None) -> None:
    """Copy the ledger file while it is in use.

    Raises:
        LedgerUnavailableError: `backup_of_database`. As `magi.ledger.backup.back_up`.
    """
    source = source_of(settings, ledger)
    if isinstance(source, str):
        raise LedgerUnavailableError("backup_of_database")
    head = back_up(source, out, log=log_name(settings.tenant))
    size, root = head.checkpoint.size, head.checkpoint.root.hex()
    _tell(settings, "ledger.backed_up", records=size, root=root, path=str(out))


def rotate_key(settings: Settings, by: str, *, finish: bool) -> None:
    """Begin or finish an exchange of the key that signs the log, and print the keys in force.

    Raises:
        LedgerUnavailableError: `not_found`. As `magi.ledger.rotation`.
    """
    if settings.ledger_url is None and not settings.ledger_path.exists():
        raise LedgerUnavailableError("not_found", path=str(settings.ledger_path))
    done = asyncio.run(_rotate(settings, by, finish=finish))
    changed = bool(done.removed if finish else done.added)
    if finish:
        _tell(settings, "ledger.key_finished" if changed else "ledger.key_single")
    else:
        _tell(settings, "ledger.key_added" if changed else "ledger.key_both")
    for key in done.in_force:
        typer.echo(key)  # whole, on one line: it is there to be copied


async def _rotate(settings: Settings, by: str, *, finish: bool) -> Rotated:
    def head() -> SignedHead:
        with snapshot(source_of(settings, None), live=True) as connection:
            return signed_head(connection)

    async with open_ledger(settings, ledger_keys(settings)) as ledger:
        sequencing = start_sequencing(settings)  # stands by where another one is at work
        try:
            if finish:
                return await finish_rotation(ledger, head, settings.log_key_path, by)
            return await begin_rotation(ledger, head, settings.log_key_path, by, SystemEntropy())
        finally:
            if sequencing is not None:
                await asyncio.to_thread(sequencing.close)


def _tell(settings: Settings, key: str, **facts: str | int) -> None:
    screen.emit(screen.console(), screen.plain(say(key, settings.lang, **facts)))
