"""What `magi ledger create`, `upgrade` and `sequence` do.

Promises: creating makes keys only together with a new ledger; the sequencer ends in good order on SIGINT and SIGTERM.
Leaves to others: the tables (`magi.ledger`), who starts and watches the process (the deployment).
"""

import asyncio
import signal
import threading
from pathlib import Path

from magi.cli import screen
from magi.core.errors import LedgerUnavailableError
from magi.ledger.upgrade import upgrade_database, upgrade_file
from magi.settings import Settings
from magi.wiring import create_shared, sequencer_of
from magi.words import say


def create(settings: Settings) -> None:
    """Create the ledger of MAGI_LEDGER_URL with its keys, or find that it is there.

    Raises:
        LedgerUnavailableError: `no_url`, or as the ledger. ForeignLedgerError, KeyMissingError: as the ledger.
    """
    _url_of(settings)
    asyncio.run(create_shared(settings))
    _tell(settings, "ledger.created", where=str(settings.home))


def upgrade(settings: Settings, ledger: Path | None) -> None:
    """Bring the ledger to this version's tables; says from where to where, and where the copy is.

    Raises:
        ForeignLedgerError, LedgerUnavailableError: as `magi.ledger.upgrade`.
    """
    if ledger is None and settings.ledger_url is not None:
        done = upgrade_database(settings.ledger_url)
    else:
        done = upgrade_file(ledger or settings.ledger_path)
    if done.before == done.after:
        _tell(settings, "ledger.current", revision=done.after)
        return
    _tell(settings, "ledger.upgraded", before=done.before, after=done.after)
    if done.copy is not None:
        _tell(settings, "ledger.copied", path=str(done.copy))


def sequence(settings: Settings) -> None:
    """Place and sign until a signal.

    Raises:
        LedgerUnavailableError: `no_url`. TamperedError, KeyMissingError, ForeignLedgerError: nothing more is signed.
    """
    _url_of(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with sequencer_of(settings) as sequencer:
        _tell(settings, "ledger.sequencing")
        sequencer.run(stop)
    _tell(settings, "ledger.stopped")


def _url_of(settings: Settings) -> str:
    if settings.ledger_url is None:
        raise LedgerUnavailableError("no_url", path=str(settings.ledger_path))
    return settings.ledger_url


def _tell(settings: Settings, key: str, **facts: str) -> None:
    screen.emit(screen.console(), screen.plain(say(key, settings.lang, **facts)))
