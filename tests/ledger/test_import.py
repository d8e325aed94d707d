"""Importing an export: moving between stores, catching up after a backup, and what is refused."""

import asyncio
import os
import sqlite3
import subprocess
import sys

import psycopg
import pytest
from sqlalchemy import make_url

from magi.core.acts import Erased, Held, HoldReleased
from magi.core.errors import (
    ErasedError,
    ForeignLedgerError,
    KeyMissingError,
    MalformedFileError,
    TamperedError,
)
from magi.core.ports import Draft, Marks
from magi.ledger.export import export_log
from magi.ledger.importing import import_log
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners, LogKeyFile
from magi.ledger.nodes import signed_head, snapshot
from magi.ledger.note_key import new_signer
from magi.ledger.published import note_published, published_path
from magi.ledger.verify import verify

KEYS = TenantKeys("k1", b"k" * 32)
SIGNERS = GivenSigners((new_signer("log-1", b"s" * 32),))
OTHER = GivenSigners((new_signer("log-1", b"o" * 32),))


async def deliberate(ledger, drafts, name, *, decide=True, answers=5):
    """One deliberation with bodies; open unless it is decided."""
    marks = Marks(owner="me", ttl_ms=1000, ancestry={name.rjust(64, "0"): 2})
    await ledger.append(f"d/{name}", 0, [drafts.opened(question=b"the question")], marks)
    said = [drafts.answered(f"a{n}", answer=b"an answer") for n in range(answers)]
    end = [drafts.decided(reply=b"the reply")] if decide else []
    await ledger.append(f"d/{name}", 1, [*said, *end], Marks(closes=decide))


async def erase(ledger, name, *, only=None):
    """Erase the bodies of a deliberation, or those of the records named by kind; as `magi.ledger.retention` wants."""
    records = await ledger.read(f"d/{name}")
    refs = tuple(ref.commitment for one in records if only in (None, one.kind) for ref in one.refs)
    event = Erased(stream=f"d/{name}", commitments=refs, why="request", by="t", whole=only is None)
    await ledger.append("retention", None, [Draft(event)])


def run(ledgers, *steps, **changes):
    """Open the ledger, take the steps in order, close it."""

    async def go():
        async with ledgers.open(**changes) as ledger:
            for step in steps:
                await step(ledger)

    asyncio.run(go())


def full(source, out, **options):
    """A full export of a store."""
    with snapshot(source) as connection:
        return export_log(connection, out, state=True, **options)


def take(folder, target, **changes):
    """Import as this log."""
    return import_log(folder, target, **({"log": "log-1", "keys": KEYS, "signers": SIGNERS} | changes))


def contents(path):
    """Every row of every table of a file, but for those that only count."""
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
        ).fetchall()
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall()) for (name,) in tables}  # noqa: S608  # the file's own names


@pytest.fixture
def filled(sqlite_ledgers, drafts):
    """A ledger with everything in it: many tiles, an open stream, erasures, holds."""
    run(
        sqlite_ledgers,
        *[lambda ledger, n=n: deliberate(ledger, drafts, f"x{n}") for n in range(60)],
        lambda ledger: deliberate(ledger, drafts, "open", decide=False),
        lambda ledger: erase(ledger, "x1"),
        lambda ledger: erase(ledger, "x2", only="answered"),
        lambda ledger: ledger.append("retention", None, [Draft(Held(name="h", streams=("d/x3",), by="t"))]),
        lambda ledger: ledger.append("retention", None, [Draft(Held(name="g", streams=("d/x4",), by="t"))]),
        lambda ledger: ledger.append("retention", None, [Draft(HoldReleased(name="g", by="t"))]),
    )
    return sqlite_ledgers


def test_a_moved_ledger_is_the_same_row_for_row(filled, tmp_path):
    """A new file from a full export has every row of the old one: records, tiles, head, bodies, keys, state."""
    full(filled.path, tmp_path / "out")
    done = take(tmp_path / "out", tmp_path / "new.db")

    assert contents(tmp_path / "new.db") == contents(filled.path)
    assert (done.before, done.erased, done.signed_here) == (0, 0, True)
    assert done.checkpoint.root.hex() == verify(filled.path, KEYS).root
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600
    assert [path for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_moved_ledger_goes_on(filled, tmp_path, drafts, clock):
    """The new file is written to under the same keys, its open stream decided, and stays sound."""
    full(filled.path, tmp_path / "out")
    take(tmp_path / "out", tmp_path / "new.db")
    moved = type(filled)(tmp_path / "new.db", clock, KEYS, [None] * 9)
    run(
        moved,
        lambda ledger: deliberate(ledger, drafts, "later"),
        lambda ledger: ledger.append("d/open", None, [drafts.decided(reply=b"r")], Marks(closes=True)),
    )

    assert verify(tmp_path / "new.db", KEYS).problems == ()


def test_there_and_back_through_postgres(filled, tmp_path, postgres_url):
    """SQLite to PostgreSQL to SQLite: the root never changes, and at the end every row is as at the beginning."""
    full(filled.path, tmp_path / "out")
    take(tmp_path / "out", postgres_url)
    full(postgres_url, tmp_path / "again")
    take(tmp_path / "again", tmp_path / "new.db")
    roots = {verify(source, KEYS).root for source in (filled.path, tmp_path / "again", tmp_path / "new.db")}

    assert len(roots) == 1
    assert contents(tmp_path / "new.db") == contents(filled.path)


def backed_up(path, to):
    """A copy of a ledger as it is now."""
    with sqlite3.connect(path) as source, sqlite3.connect(to) as target:
        source.backup(target)
    return to


def test_a_restored_backup_catches_up(filled, tmp_path, drafts):
    """What was written after a backup comes back from the newest export, and what was erased since is erased again."""
    backup = backed_up(filled.path, tmp_path / "backup.db")
    run(
        filled,
        lambda ledger: deliberate(ledger, drafts, "late", answers=300),
        lambda ledger: erase(ledger, "x5"),
        lambda ledger: erase(ledger, "x6", only="opened"),
        lambda ledger: erase(ledger, "late", only="opened"),
        lambda ledger: ledger.append("d/open", None, [drafts.decided(reply=b"r")], Marks(closes=True)),
        lambda ledger: ledger.append("retention", None, [Draft(HoldReleased(name="h", by="t"))]),
    )
    full(filled.path, tmp_path / "out")
    before = verify(backup, KEYS)
    done = take(tmp_path / "out", backup)

    assert contents(backup) == contents(filled.path)
    assert (done.before, done.erased) == (before.records, 8)
    assert take(tmp_path / "out", backup).before == done.checkpoint.size
    assert contents(backup) == contents(filled.path)


def test_a_body_that_a_backup_brought_back_is_erased(filled, tmp_path, clock):
    """After catching up, reading a body that was erased since the backup answers "erased", with who and why."""
    backup = backed_up(filled.path, tmp_path / "backup.db")
    run(filled, lambda ledger: erase(ledger, "x5"))
    full(filled.path, tmp_path / "out")
    take(tmp_path / "out", backup)
    restored = type(filled)(backup, clock, KEYS, [None] * 9)

    async def read(ledger):
        (opened, *_) = await ledger.read("d/x5")
        with pytest.raises(ErasedError) as caught:
            await ledger.body(opened.ref("question"), "t", "c")
        return caught.value.facts["by"]

    run(restored, read)

    assert verify(backup, KEYS).bodies_missing == 0
    assert b"an answer" not in backup.read_bytes()


def test_an_import_that_is_refused_changes_nothing(filled, tmp_path, drafts):
    """An export that is cut off, forged, not full, of another log or older leaves the store as it was."""
    full(filled.path, tmp_path / "old")
    run(filled, lambda ledger: deliberate(ledger, drafts, "late"))
    full(filled.path, tmp_path / "new")
    with snapshot(filled.path) as connection:
        export_log(connection, tmp_path / "tree")
    before = contents(filled.path)
    with pytest.raises(MalformedFileError, match="export_older"):
        take(tmp_path / "old", filled.path)
    with pytest.raises(MalformedFileError, match="export_not_full"):
        take(tmp_path / "tree", filled.path)
    with pytest.raises(ForeignLedgerError, match="other_log"):
        take(tmp_path / "new", filled.path, log="log-2")
    with pytest.raises(KeyMissingError, match="export_other_key"):
        take(tmp_path / "new", filled.path, signers=OTHER)
    lines = (tmp_path / "new" / "bodies.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "new" / "bodies.jsonl").write_bytes(b"".join(lines[1:]))
    with pytest.raises(TamperedError, match="import_unsound"):
        take(tmp_path / "new", filled.path)
    with pytest.raises(TamperedError, match="import_unsound"):
        take(tmp_path / "new", tmp_path / "fresh.db")

    assert contents(filled.path) == before
    assert not (tmp_path / "fresh.db").exists()


def test_a_store_that_went_another_way_is_refused(filled, tmp_path, drafts, clock):
    """A backup that was written to after it was restored is a fork: the export does not go over it."""
    fork = backed_up(filled.path, tmp_path / "fork.db")
    run(filled, lambda ledger: deliberate(ledger, drafts, "late"))
    full(filled.path, tmp_path / "out")
    forked = type(filled)(fork, clock, KEYS, [None] * 9)
    run(
        forked, lambda ledger: ledger.append("d/open", None, [drafts.decided(reply=b"r")], Marks(closes=True))
    )
    before = contents(fork)
    with pytest.raises(TamperedError, match="import_differs"):
        take(tmp_path / "out", fork)

    assert contents(fork) == before


def test_without_the_log_key_an_import_is_for_reading(filled, tmp_path):
    """Who has no log key can still take the log in, and is told that nothing can be written to it here."""
    full(filled.path, tmp_path / "out")
    done = take(tmp_path / "out", tmp_path / "new.db", signers=None, keys=None)

    assert not done.signed_here
    assert verify(tmp_path / "new.db", KEYS).problems == ()


def test_an_older_export_than_what_was_given_out_is_refused(filled, tmp_path, drafts):
    """Where a later checkpoint was given out, an import of an older export does not make a store to sign from."""
    key = tmp_path / "log.key"
    key.write_text(SIGNERS.current()[0].to_text() + "\n")
    full(filled.path, tmp_path / "old")
    run(filled, lambda ledger: deliberate(ledger, drafts, "late"))
    with snapshot(filled.path) as connection:
        note_published(published_path(key), signed_head(connection), connection)
    with pytest.raises(TamperedError, match="rolled_back"):
        take(tmp_path / "old", tmp_path / "new.db", signers=LogKeyFile(key, "log-1"))

    assert not (tmp_path / "new.db").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from magi.ledger.importing import import_log

seen = 0
def count(*_):
    global seen
    seen += 1
    if seen == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", count)
import_log(Path(sys.argv[1]), Path(sys.argv[2]), log="log-1", keys=None, signers=None)
"""


@pytest.mark.parametrize("statement", [5, 20, 60])
def test_a_killed_import_leaves_the_store_as_it_was(filled, tmp_path, drafts, statement):
    """Killed at any statement, a new file is not there, a restored backup is as it was, and a second try succeeds."""
    backup = backed_up(filled.path, tmp_path / "backup.db")
    run(filled, lambda ledger: deliberate(ledger, drafts, "late"), lambda ledger: erase(ledger, "x5"))
    full(filled.path, tmp_path / "out")
    before = contents(backup)
    for target in (backup, tmp_path / "new.db"):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "out"), str(target), str(statement)]
        code = subprocess.run(command, check=False, env=os.environ).returncode
        if target == backup and code == 0:
            continue  # it took fewer statements than that
        assert code == -9, target

    assert not (tmp_path / "new.db").exists()
    assert contents(backup) in (before, contents(filled.path))
    take(tmp_path / "out", backup)
    take(tmp_path / "out", tmp_path / "new.db")
    assert contents(backup) == contents(filled.path) == contents(tmp_path / "new.db")


def test_a_postgres_backup_with_records_without_a_place_catches_up(
    postgres_ledgers, tmp_path, drafts, postgres_url
):
    """Records that were acknowledged and had no place yet in a backup get the place that the log gave them."""

    def place():
        with postgres_ledgers.sequencer() as sequencer:
            return sequencer.step()

    run(postgres_ledgers, lambda ledger: deliberate(ledger, drafts, "x1"))
    place()
    run(
        postgres_ledgers,
        lambda ledger: deliberate(ledger, drafts, "x2"),
        lambda ledger: erase(ledger, "x2", only="answered"),
    )
    address = make_url(postgres_url)
    backup = address.set(database=f"{address.database}_backup")
    with psycopg.connect(plain(address.set(database="postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{backup.database}" TEMPLATE "{address.database}"')
    try:
        assert place() == 8
        run(postgres_ledgers, lambda ledger: erase(ledger, "x1"))
        place()
        placed = full(postgres_url, tmp_path / "out")
        done = take(tmp_path / "out", plain(backup))
        again = full(plain(backup), tmp_path / "again")
    finally:
        with psycopg.connect(plain(address.set(database="postgres")), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{backup.database}"')

    assert (done.before, done.erased) == (8, 7)
    assert again.checkpoint == placed.checkpoint
    assert (tmp_path / "again" / "contents.json").read_bytes() == (
        tmp_path / "out" / "contents.json"
    ).read_bytes()


def plain(address):
    """An address as `magi` and psycopg take it, password and all."""
    return address.render_as_string(hide_password=False)


def test_records_that_the_export_does_not_know_are_not_buried(
    postgres_ledgers, filled, tmp_path, drafts, entropy
):
    """A database with acknowledged records that wait for a place, and are not in the export, is left as it is."""
    full(filled.path, tmp_path / "out")
    take(tmp_path / "out", postgres_ledgers.url)
    only_here = [lambda ledger: deliberate(ledger, drafts, "only-here", decide=False)]
    run(postgres_ledgers, *only_here, entropy=entropy)
    run(filled, lambda ledger: deliberate(ledger, drafts, "late"))
    full(filled.path, tmp_path / "newer")
    with pytest.raises(TamperedError, match="import_differs"):
        take(tmp_path / "newer", postgres_ledgers.url)
    with snapshot(postgres_ledgers.url) as connection:
        waiting = connection.exec_driver_sql("SELECT count(*) FROM entry WHERE seq IS NULL").scalar_one()
        size = signed_head(connection).checkpoint.size

    assert (waiting, size) == (6, verify(tmp_path / "out", None).records)
