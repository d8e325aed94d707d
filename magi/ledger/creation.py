"""How a ledger file comes to be, and the checks before one is written to.

In one transaction: tables, file header, the check value of the tenant key, the first record, the first head. A creation that
is cut off leaves a blank file, which the next start takes up.

Promises: of two processes that create at once one does; a file that is something else is not changed; a wrong
tenant key is refused before it seals anything. Leaves to others: creating the key (`magi.ledger.keyfile`).
"""

import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from magi.core.errors import ForeignLedgerError, KeyMissingError, LedgerUnavailableError
from magi.core.ports import Draft
from magi.core.record import Configured
from magi.ledger.bodies import key_proof
from magi.ledger.commit import Append, GroupCommit
from magi.ledger.database import check_identity, is_blank
from magi.ledger.files import PRIVATE_MODE, sync_folder
from magi.ledger.schema import APPLICATION_ID, SCHEMA_VERSION, key_check, metadata

CONFIG_STREAM = "config"


@dataclass(frozen=True)
class Identity:
    """Whose log this is, the key its bodies are sealed with, and the verifier key its head is signed for."""

    log: str
    tenant: str
    key_id: str
    key: bytes = field(repr=False)
    log_key: str


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
    engine: Engine, path: Path, identity: Identity, group_commit: GroupCommit, *, create: bool
) -> None:
    """Create the ledger in a blank file where `create`, else check that it is this log's with this key.

    `engine` begins with BEGIN IMMEDIATE.

    Raises:
        ForeignLedgerError: the file is something else, or blank and `create` is false.
        KeyMissingError: `unknown_key_id`, `wrong_key`. DBAPIError: SQLite's own.
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
            _create(connection, identity, group_commit)
        _check_key(connection, identity)


def _use_wal(engine: Engine, path: Path) -> None:
    """Set the journal mode, which the file keeps; SQLite does it outside transactions only."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        row = cursor.fetchone()
    finally:
        connection.close()
    if row is None or row[0] != "wal":  # a file system without shared memory, such as a network share
        raise LedgerUnavailableError("no_wal", path=str(path))


def _create(connection: Connection, identity: Identity, group_commit: GroupCommit) -> None:
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
    metadata.create_all(connection, checkfirst=False)
    proof = key_proof(identity.key, identity.key_id)
    connection.execute(insert(key_check), [{"key_id": identity.key_id, "proof": proof}])
    first = Configured(tenant=identity.tenant, schema_version=SCHEMA_VERSION, key=identity.log_key)
    group_commit.append(connection, [group_commit.ready(Append(CONFIG_STREAM, 0, (Draft(first),)))])


def _check_key(connection: Connection, identity: Identity) -> None:
    """Refuse a key that this ledger was not written with; rotation will come with its own record.

    Without this a wrong key would seal new bodies under the old key's id, and nobody would notice until both
    kinds had to be read.
    """
    proofs = {row.key_id: row.proof for row in connection.execute(select(key_check))}
    if identity.key_id not in proofs:
        raise KeyMissingError("unknown_key_id", key_id=identity.key_id, known=tuple(sorted(proofs)))
    if not hmac.compare_digest(proofs[identity.key_id], key_proof(identity.key, identity.key_id)):
        raise KeyMissingError("wrong_key", key_id=identity.key_id)
