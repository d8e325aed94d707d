"""How a ledger comes to be, and the checks before one is written to; here for an SQLite file.

In one transaction: tables, in a file its header, the check value of the tenant key, the first record, the first
head. A creation that is cut off leaves a blank file, which the next start takes up.

Promises: of two processes that create at once one does; a file that is something else is not changed; a wrong
tenant key is refused before it seals anything. Leaves to others: creating the key (`magi.ledger.keyfile`).
"""

import hmac
import os
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from magi.core.errors import ForeignLedgerError, KeyMissingError, LedgerUnavailableError
from magi.core.ports import Draft
from magi.core.record import Configured
from magi.ledger.bodies import key_proof
from magi.ledger.commit import Append, GroupCommit
from magi.ledger.database import CONFIG_STREAM, check_identity, is_blank, primary_code
from magi.ledger.files import PRIVATE_MODE, sync_folder
from magi.ledger.head import SignerSource
from magi.ledger.migrations import create_tables
from magi.ledger.published import check_signers
from magi.ledger.schema import SCHEMA_VERSION, key_check

MODE_TRIES = 200
MODE_PAUSE_SECONDS = 0.05
"""Ten seconds, as for any other lock: several processes may make their first start at once."""


@dataclass(frozen=True)
class Identity:
    """Whose log this is, and the key its bodies are sealed with."""

    log: str
    tenant: str
    key_id: str
    key: bytes = field(repr=False)


def create_file(path: Path) -> None:
    """Create an empty private file if there is none; SQLite gives its -wal and -shm the same mode.

    Raises:
        LedgerUnavailableError: `no_folder`, `not_writable`.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        os.close(handle)
        sync_folder(path.parent)
    except FileNotFoundError as error:
        raise LedgerUnavailableError("no_folder", path=str(path)) from error
    except OSError as error:
        raise LedgerUnavailableError("not_writable", path=str(path)) from error


def prepare_ledger(
    engine: Engine,
    path: Path,
    identity: Identity,
    group_commit: GroupCommit,
    signers: SignerSource,
    *,
    create: bool,
) -> None:
    """Create the ledger in a blank file where `create`, else check that it is this log's with this key.

    `engine` begins with BEGIN IMMEDIATE; a new log names the first of the `signers`.

    Raises:
        ForeignLedgerError: the file is something else, or blank and `create` is false.
        KeyMissingError: `unknown_key_id`, `wrong_key`. DBAPIError: SQLite's own.
        TamperedError: `rolled_back`, `published`: see `published`.
    """
    with engine.begin() as connection:
        blank = is_blank(connection)
        if blank and not create:
            raise ForeignLedgerError("empty", path=str(path))
        if not blank:
            check_identity(connection, path, log=identity.log, tenant=identity.tenant)
    _use_wal(engine, path)
    with engine.begin() as connection:
        if is_blank(connection):  # again: another process may have created it meanwhile
            found_log(connection, identity, group_commit, signers.current()[0].verifier.vkey)
        check_key(connection, identity)
        check_signers(connection, signers)


def _use_wal(engine: Engine, path: Path) -> None:
    """Set the journal mode, which the file keeps; SQLite does it outside transactions only."""
    connection = engine.raw_connection()
    try:
        for tries_left in reversed(range(MODE_TRIES)):
            try:
                row = connection.cursor().execute("PRAGMA journal_mode=WAL").fetchone()
                break
            except (
                sqlite3.OperationalError
            ) as error:  # for this SQLite does not wait as it does for transactions
                if primary_code(error) != sqlite3.SQLITE_BUSY or not tries_left:
                    raise
                time.sleep(MODE_PAUSE_SECONDS)
    finally:
        connection.close()
    if row is None or row[0] != "wal":  # a file system without shared memory, such as a network share
        raise LedgerUnavailableError("no_wal", path=str(path))


def found_log(connection: Connection, identity: Identity, group_commit: GroupCommit, log_key: str) -> None:
    """Make the tables, the check value of the tenant key and the first record, in the caller's transaction."""
    create_tables(connection)
    proof = key_proof(identity.key, identity.key_id)
    connection.execute(insert(key_check), [{"key_id": identity.key_id, "proof": proof}])
    first = Configured(tenant=identity.tenant, schema_version=SCHEMA_VERSION, key=log_key)
    group_commit.append(connection, [group_commit.ready(Append(CONFIG_STREAM, 0, (Draft(first),)))])


def check_key(connection: Connection, identity: Identity) -> None:
    """Refuse a key that this ledger was not written with; rotation will come with its own record.

    Without this a wrong key would seal new bodies under the old key's id, and nobody would notice until both
    kinds had to be read.
    """
    proofs = {row.key_id: row.proof for row in connection.execute(select(key_check))}
    if identity.key_id not in proofs:
        raise KeyMissingError("unknown_key_id", key_id=identity.key_id, known=tuple(sorted(proofs)))
    if not hmac.compare_digest(proofs[identity.key_id], key_proof(identity.key, identity.key_id)):
        raise KeyMissingError("wrong_key", key_id=identity.key_id)
