"""Backups: taken while writers write, restored, verified, brought up to date."""

import asyncio
import contextlib
import sqlite3

import pytest

from magi.core.acts import Erased
from magi.core.errors import (
    ErasedError,
    ForeignLedgerError,
    LedgerUnavailableError,
    MalformedFileError,
    TamperedError,
)
from magi.core.ports import Draft
from magi.ledger.backup import back_up
from magi.ledger.export import export_log
from magi.ledger.importing import import_log
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.nodes import snapshot
from magi.ledger.note_key import new_signer
from magi.ledger.verify import Brought, verify, verify_source

KEYS = TenantKeys("k1", b"k" * 32)
SIGNERS = GivenSigners((new_signer("log-1", b"s" * 32),))


def secrets_of(path, stream):
    """Salts and ciphertexts of a stream's bodies, as they lie in the file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT salt, ciphertext FROM body WHERE stream = ?", (stream,)).fetchall()
    return [cell for row in rows for cell in row]


async def erase(ledger, stream):
    """Erase all bodies of a stream."""
    commitments = tuple(ref.commitment for record in await ledger.read(stream) for ref in record.refs)
    event = Erased(stream=stream, commitments=commitments, why="request", by="t", whole=True)
    await ledger.append("retention", None, [Draft(event)])
    return commitments


def test_backed_up_while_written_restored_and_caught_up(sqlite_ledgers, drafts, tmp_path):
    """A backup under load is one sound state; after catching up nothing is missing and what was erased is gone."""
    path, backup = sqlite_ledgers.path, tmp_path / "backup.db"

    async def write(ledger, stream, done):
        n = 0
        while not done.is_set() or n < 20:
            await ledger.append(stream, n, [drafts.ticketed(attempt=n + 1, request=b"the request" * 20)])
            n += 1

    async def go():
        done = asyncio.Event()
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/old", 0, [drafts.opened(question=b"a question to be erased")])
            writing = [asyncio.create_task(write(ledger, f"d/{n}", done)) for n in range(4)]
            await asyncio.sleep(0.05)
            head = await asyncio.to_thread(back_up, path, backup)
            done.set()
            await asyncio.gather(*writing)
            await erase(ledger, "d/old")
            return head

    head = asyncio.run(go())
    restored = verify_source(backup, Brought(KEYS))
    secrets = secrets_of(backup, "d/old")
    with snapshot(path) as connection:
        export_log(connection, tmp_path / "out", state=True)
    done = import_log(tmp_path / "out", backup, log="log-1", keys=KEYS, signers=SIGNERS)
    now, then = verify(path, KEYS), verify_source(backup, Brought(KEYS, kept=(head.note,)))

    assert restored.problems == then.problems == ()
    assert restored.records == head.checkpoint.size == done.before < now.records
    assert (then.root, then.kept, then.erased) == (now.root, (head.checkpoint.size,), 1)
    assert done.erased == 1
    assert len(secrets) == 2
    assert not [one for one in secrets if one in backup.read_bytes()]
    assert not [name for name in tmp_path.iterdir() if name.name.startswith("backup.db-")]


def test_an_erased_body_is_erased_in_the_restored_ledger(sqlite_ledgers, drafts, tmp_path, clock):
    """Reading it there answers with the tombstone, and the ledger goes on under the same keys."""

    async def before():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/old", 0, [drafts.opened(question=b"q")])

    async def since():
        async with sqlite_ledgers.open() as ledger:
            await erase(ledger, "d/old")

    asyncio.run(before())
    back_up(sqlite_ledgers.path, tmp_path / "backup.db")
    asyncio.run(since())
    with snapshot(sqlite_ledgers.path) as connection:
        export_log(connection, tmp_path / "out", state=True)
    import_log(tmp_path / "out", tmp_path / "backup.db", log="log-1", keys=KEYS, signers=SIGNERS)
    restored = type(sqlite_ledgers)(tmp_path / "backup.db", clock, KEYS, [None] * 9)

    async def after():
        async with restored.open() as ledger:
            (opened,) = await ledger.read("d/old")
            with pytest.raises(ErasedError):
                await ledger.body(opened.ref("question"), "t", "c")

    asyncio.run(after())

    assert verify(tmp_path / "backup.db", KEYS).sound


def test_a_backup_replaces_nothing_and_leaves_nothing(sqlite_ledgers, tmp_path):
    """A file that is there, a folder that is not, and a source that is no ledger: refused, without a trace."""
    asyncio.run(sqlite_ledgers.open().close())
    (tmp_path / "there.db").write_bytes(b"mine")
    (tmp_path / "text.db").write_bytes(b"not a ledger")
    before = {name.name for name in tmp_path.iterdir()}
    with pytest.raises(MalformedFileError, match="out_exists"):
        back_up(sqlite_ledgers.path, tmp_path / "there.db")
    with pytest.raises(LedgerUnavailableError, match="no_folder"):
        back_up(sqlite_ledgers.path, tmp_path / "absent" / "b.db")
    with pytest.raises(ForeignLedgerError, match="not_sqlite"):
        back_up(tmp_path / "text.db", tmp_path / "b.db")
    with pytest.raises(ForeignLedgerError, match="other_log"):
        back_up(sqlite_ledgers.path, tmp_path / "b.db", log="log-2")
    with pytest.raises(LedgerUnavailableError, match="not_found"):
        back_up(tmp_path / "nothing.db", tmp_path / "b.db")

    assert {name.name for name in tmp_path.iterdir()} == before
    assert (tmp_path / "there.db").read_bytes() == b"mine"


def test_a_damaged_ledger_is_not_kept_as_a_backup(sqlite_ledgers, tmp_path):
    """A copy whose tree is not the one that was signed takes no name."""
    asyncio.run(sqlite_ledgers.open().close())
    with contextlib.closing(sqlite3.connect(sqlite_ledgers.path)) as connection:
        connection.executescript(
            "DROP TRIGGER entry_stays; UPDATE entry SET bytes = CAST(replace(bytes, 't1', 't2') AS BLOB)"
        )
    with pytest.raises(TamperedError):
        back_up(sqlite_ledgers.path, tmp_path / "b.db")

    assert [name.name for name in tmp_path.iterdir() if "b.db" in name.name] == []


def test_a_backup_is_private(sqlite_ledgers, tmp_path):
    """It is readable by its owner alone, as the ledger is."""
    asyncio.run(sqlite_ledgers.open().close())
    back_up(sqlite_ledgers.path, tmp_path / "b.db")

    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600
