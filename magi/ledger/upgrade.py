"""Brings a ledger of an earlier version to this one's tables: `magi ledger upgrade`.

Promises: a file is copied beside itself, durably, before anything in it changes; the tables change in one transaction
or not at all; records are never rewritten. Leaves to others: a copy of a database (its own tools: docs/POSTGRES.md),
the revisions (`migrations`). Nobody else should write meanwhile; SQLite and PostgreSQL both keep them out.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from magi.core.errors import ForeignLedgerError, LedgerUnavailableError
from magi.ledger.database import (
    SqliteDialect,
    check_identity,
    connect_file,
    open_engine,
    reading_uri,
    writing_uri,
)
from magi.ledger.files import PRIVATE_MODE, sync_folder
from magi.ledger.migrations import SCRIPTS, revision_of, run_pending


@dataclass(frozen=True)
class Upgraded:
    """What was done: revisions before and after (the same where nothing was pending), and the copy of a file."""

    before: str
    after: str
    copy: Path | None = None


def upgrade_file(path: Path, scripts: Path = SCRIPTS) -> Upgraded:
    """Run what is pending on the SQLite ledger at `path`, after copying it to `NAME.before-REVISION` beside it.

    Raises:
        ForeignLedgerError: not a ledger of this program, a newer or never released version.
        LedgerUnavailableError: `copy_exists` (an earlier copy is not overwritten), not_found, not_writable, disk_full.
    """
    dialect = SqliteDialect(path)
    looking = open_engine(lambda: connect_file(reading_uri(path)), begin="BEGIN", pooled=False)
    try:
        with looking.connect() as connection:
            before = _revision(connection, path)
        if before == head_of(scripts):
            return Upgraded(before, before)
        copy = _copied(path, before)
        engine = open_engine(lambda: connect_file(writing_uri(path)), begin="BEGIN IMMEDIATE", pooled=False)
        with engine.begin() as connection:
            run_pending(connection, scripts)
            after = revision_of(connection)
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    return Upgraded(before, str(after), copy)


def _revision(connection: Connection, path: Path) -> str:
    try:
        check_identity(connection, path)
    except ForeignLedgerError as error:
        if error.reason != "needs_upgrade":
            raise
    return str(revision_of(connection))


def head_of(scripts: Path = SCRIPTS) -> str:
    """The newest revision there is."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # a third of a second, for an upgrade only

    return str(ScriptDirectory(str(scripts)).get_current_head())


def _copied(path: Path, revision: str) -> Path:
    copy = path.with_name(f"{path.name}.before-{revision}")
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
    except FileExistsError as error:
        raise LedgerUnavailableError("copy_exists", path=str(copy)) from error
    with closing(connect_file(reading_uri(path))) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file, without a log beside it
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return copy


def upgrade_database(url: str, scripts: Path = SCRIPTS) -> Upgraded:
    """Run what is pending on the PostgreSQL ledger at `url`; its owner's account is needed.

    Raises:
        ForeignLedgerError: blank, another program's, or of a newer version.
        LedgerUnavailableError: unreachable, locked, not_writable, disk_full, io; nothing was changed.
        MalformedFileError: `ledger_url`.
    """
    from magi.ledger import postgres  # noqa: PLC0415  # its driver takes a tenth of a second

    address = postgres.store_url(url)
    dialect = postgres.PostgresDialect(address)
    engine = postgres.open_store(address, pool=1)
    try:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:one, hashtext('create:' || current_schema()))"),
                {"one": postgres.LOCKS},
            )
            try:
                postgres.check_store(connection, dialect.where)
            except ForeignLedgerError as error:
                if error.reason != "needs_upgrade":
                    raise
            before = str(revision_of(connection))
            if before != head_of(scripts):
                run_pending(connection, scripts)
            after = str(revision_of(connection))
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error
    finally:
        engine.dispose()
    return Upgraded(before, after)
