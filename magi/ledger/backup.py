"""Copies a ledger file while it is in use: one consistent state, checked before it takes its name.

Promises: writers are not held up; the copy is private, durable, one file without a log beside it, and its tree is the
one that its head was signed for; nothing is overwritten. A backup holds every body that was not erased when it was
made: what docs/BACKUP.md says of its life is part of erasure. Leaves to others: keys, which belong elsewhere;
PostgreSQL, which has tools of its own; putting a backup back (`importing`).
"""

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from magi.core.errors import LedgerUnavailableError, MalformedFileError, TamperedError
from magi.ledger.creation import create_file
from magi.ledger.database import connect_file, meaning_of, reading_uri, wal_of, writing_uri
from magi.ledger.files import sync_folder
from magi.ledger.nodes import SignedHead, signed_head, snapshot
from magi.ledger.verify import Brought, verify_source


def back_up(path: Path, out: Path, *, log: str | None = None) -> SignedHead:
    """Copy the ledger at `path` to the new file `out`; the head that the copy has.

    Raises:
        MalformedFileError: `out_exists`. TamperedError: `backup_unsound`, with the first problem (`what`).
        ForeignLedgerError: not a ledger of this program, version and log (None: any).
        LedgerUnavailableError: `not_found`, `no_folder`, `disk_full`, `io`; nothing is left.
    """
    with snapshot(path, log=log, live=wal_of(path).exists()):
        pass  # refuses what is no ledger before anything is written
    if out.exists():
        raise MalformedFileError("out_exists", file=str(out))
    draft = out.with_name(f".{out.name}.{secrets.token_hex(8)}.part")
    create_file(draft)
    try:
        _copy(path, draft)
        report = verify_source(draft, Brought(), "tree")
        if report.problems:
            raise TamperedError("backup_unsound", what=report.problems[0].what)
        with snapshot(draft) as connection:
            head = signed_head(connection)
        _name(draft, out)
    finally:
        for name in (draft, *draft.parent.glob(f"{draft.name}-*")):
            name.unlink(missing_ok=True)
    return head


def _copy(path: Path, draft: Path) -> None:
    # Beside writers the copy takes part in their locking; of a ledger that nobody has open, no file is made.
    source_uri = writing_uri(path) if wal_of(path).exists() else reading_uri(path)
    try:
        with closing(connect_file(source_uri)) as source, closing(connect_file(writing_uri(draft))) as target:
            source.backup(target)  # in one step: one state, whatever is written meanwhile
            target.execute("PRAGMA journal_mode=DELETE")
    except (sqlite3.Error, DBAPIError) as error:
        raise meaning_of(error, path) from error
    with draft.open("rb") as file:
        os.fsync(file.fileno())


def _name(draft: Path, out: Path) -> None:
    try:
        os.link(draft, out)  # a link, not a rename: it never replaces what is there
        sync_folder(out.parent)
    except FileExistsError as error:
        raise MalformedFileError("out_exists", file=str(out)) from error
    except OSError as error:
        raise LedgerUnavailableError("not_writable", path=str(out)) from error
