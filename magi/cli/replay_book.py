"""The ledger that a replay reads, opened for writing where this machine may: to note the replay, and to open bodies.

A replay is noted as one record in stream `replays`. It is no decision and touches no deliberation. Who has no keys
(an auditor with a copy), or asks for it, replays without a note and is told so. A log that is not sound is not
written to: its head would be signed over a break.
"""

import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from magi.cli.ledger_opened import open_for_writing
from magi.cli.replay_order import MAX_WORD_CHARS
from magi.core.acts import Level, Replayed
from magi.core.errors import MagiError
from magi.core.ports import Draft
from magi.core.record import Record
from magi.ledger.store import StoredLedger
from magi.ledger.verify import VerifyReport
from magi.replay.period import Summary
from magi.settings import Settings

REPLAYS = "replays"
"""The stream of replays."""
UNKNOWN = "unknown"
"""Who replays, where the machine does not say and nobody was named."""


@dataclass(frozen=True)
class Book:
    """The ledger for writing, or why it is not open: None where nobody wanted it."""

    ledger: StoredLedger | None
    error: MagiError | None = None

    async def note(
        self,
        report: VerifyReport,
        summary: Summary,
        *,
        level: Level,
        who: str,
        code: str,
        options: Mapping[str, str],
    ) -> Record:
        """Note a replay of a sound log; the record, durable.

        Raises:
            LedgerUnavailableError, UncertainError: see the ledger.
        """
        assert self.ledger is not None  # noqa: S101  # of the caller's
        event = Replayed(
            level=level,
            streams=summary.deliberations,
            first=summary.first,
            last=summary.last,
            counts=summary.counts(level),
            differing=summary.differing(),
            options=options,
            code=code,
            size=report.records - report.waiting,  # the tree of that root
            root=report.root,
            by=who,
        )
        (record,) = await self.ledger.append(REPLAYS, None, [Draft(event, actor=who)])
        return record


@asynccontextmanager
async def open_book(settings: Settings, ledger: Path | None, *, wanted: bool) -> AsyncIterator[Book]:
    """Open the ledger for writing where it is `wanted` and possible; creates neither file nor key."""
    if not wanted:
        yield Book(None)
        return
    try:
        opened = open_for_writing(settings, ledger)
    except MagiError as error:
        book = Book(None, error)
    else:
        async with opened:
            yield Book(opened)
        return
    yield book


def login_name() -> str:
    """Who is at this machine, as far as it knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a process of a user without a name, as in a container
        return UNKNOWN
    return name if 0 < len(name) <= MAX_WORD_CHARS and name.isprintable() else UNKNOWN
