"""The checkpoint that was given out: moves forward only, and keeps a restored backup from being written to."""

import asyncio
import shutil
import sqlite3

import pytest

from magi.core.errors import LedgerUnavailableError, TamperedError
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import LogKeyFile, create_log_key
from magi.ledger.nodes import signed_head, snapshot
from magi.ledger.note import open_note, parse_checkpoint
from magi.ledger.published import check_published, note_published, published_path
from magi.ledger.store import SqliteLedger

KEYS = TenantKeys("k1", b"k" * 32)


@pytest.fixture
def key(tmp_path, entropy):
    """The log key's file."""
    create_log_key(tmp_path / "log.key", "log-1", entropy)
    return tmp_path / "log.key"


@pytest.fixture
def grow(sqlite_ledgers, key, drafts):
    """Adds a deliberation of that name, with the keys of the file."""

    def add(name="x"):
        async def go():
            async with sqlite_ledgers.open(signers=LogKeyFile(key, "log-1")) as ledger:
                await ledger.append(f"d/{name}", 0, [drafts.opened(question=b"q"), drafts.decided()])

        asyncio.run(go())
        return sqlite_ledgers.path

    return add


def give_out(path, key):
    """Note the head as given out."""
    with snapshot(path) as connection:
        head = signed_head(connection)
        note_published(published_path(key), head, connection)
    return head


def copied(path, to):
    """A backup."""
    with sqlite3.connect(path) as source, sqlite3.connect(to) as target:
        source.backup(target)
    return to


def test_a_log_that_grew_since_is_written_to(grow, key):
    """The note is the head's own, private, and no obstacle to a log that extends it."""
    path = grow("one")
    head = give_out(path, key)
    grow("two")

    assert published_path(key).read_bytes() == head.note
    assert published_path(key).stat().st_mode & 0o777 == 0o600


def test_a_restored_backup_is_not_written_to(grow, key, tmp_path):
    """A ledger from before the checkpoint that was given out is refused, not a byte of it changed."""
    path = grow("one")
    backup = copied(path, tmp_path / "backup.db")
    grow("two")
    head = give_out(path, key)
    shutil.copy(backup, path)
    before = path.read_bytes()
    with pytest.raises(TamperedError, match="rolled_back") as caught:
        grow("three")

    assert caught.value.facts == {"size": 3, "signed": head.checkpoint.size}
    with sqlite3.connect(path) as left:
        assert left.execute("SELECT count(*) FROM entry").fetchone() == (3,)
    assert path.read_bytes() == before


def test_a_ledger_that_was_lost_is_not_begun_anew(grow, key):
    """Beside a checkpoint that was given out no new log begins under the same key; the empty file stays empty."""
    path = grow("one")
    give_out(path, key)
    path.unlink()
    with pytest.raises(TamperedError, match="rolled_back"):
        grow("two")

    with sqlite3.connect(path) as left:
        assert left.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_another_history_of_the_same_length_is_refused(grow, key, tmp_path, sqlite_ledgers):
    """A fork that is as long or longer than what was given out is refused too."""
    path = grow("one")
    backup = copied(path, tmp_path / "backup.db")
    grow("two")
    give_out(path, key)
    published_path(key).rename(tmp_path / "aside")
    shutil.copy(backup, path)
    grow("other")
    grow("longer")
    (tmp_path / "aside").rename(published_path(key))
    with pytest.raises(TamperedError, match="rolled_back"):
        grow("three")
    with pytest.raises(TamperedError, match="rolled_back"):
        give_out(sqlite_ledgers.path, key)


def test_the_note_only_moves_forward(grow, key, tmp_path):
    """Giving out an older head, as a slow process may, does not move the note back."""
    path = grow("one")
    old = copied(path, tmp_path / "old.db")
    with snapshot(old) as connection:
        older = signed_head(connection)
    grow("two")
    newer = give_out(path, key)
    with snapshot(path) as connection:
        note_published(published_path(key), older, connection)

    assert published_path(key).read_bytes() == newer.note


@pytest.mark.parametrize(
    "content",
    [b"", b"x\n", b"log-1\n1\nAAAA\n\n\xe2\x80\x94 log-1 AAAA\n", None],
    ids=["empty", "text", "note", "bit"],
)
def test_a_note_that_is_not_the_logs_is_refused(grow, key, content):
    """A damaged or forged file is no reason to go on without it."""
    path = grow("one")
    note = give_out(path, key).note
    published_path(key).write_bytes(note[:-20] + b"A" + note[-19:] if content is None else content)
    with pytest.raises(TamperedError, match="published"):
        grow("two")


def test_a_folder_that_cannot_be_written_gives_nothing_out(grow, tmp_path):
    """Where the note cannot be kept, the checkpoint does not leave."""
    path = grow("one")
    with snapshot(path) as connection:
        head = signed_head(connection)
        with pytest.raises(LedgerUnavailableError, match="published_unwritable"):
            note_published(tmp_path / "absent" / "checkpoint.published", head, connection)


def test_what_was_given_out_is_told(grow, key):
    """The check gives the checkpoint that it found, and None where none was given out."""
    path = grow("one")
    with snapshot(path) as connection:
        head = signed_head(connection)
        none = check_published(connection, published_path(key), head.keys)
        note_published(published_path(key), head, connection)
        some = check_published(connection, published_path(key), head.keys)

    assert none is None
    assert some == parse_checkpoint(open_note(head.note, head.keys).text)


def test_the_sequencer_signs_nothing_behind_what_was_given_out(postgres_ledgers, grow, key, drafts):
    """A database without the records that were signed for gets no head by the same key."""
    give_out(grow("one"), key)
    signers = LogKeyFile(key, "log-1")

    async def fill():
        async with postgres_ledgers.open(log_key=lambda: signers.current()[0].verifier.vkey) as ledger:
            await ledger.append("d/x", 0, [drafts.opened(question=b"q")])

    asyncio.run(fill())
    with postgres_ledgers.sequencer(signers) as sequencer, pytest.raises(TamperedError, match="rolled_back"):
        sequencer.step()
    with snapshot(postgres_ledgers.url) as connection:
        heads = connection.exec_driver_sql("SELECT count(*) FROM head").scalar_one()

    assert heads == 0


def test_a_reader_needs_no_note(grow, key, clock):
    """A restored backup can be read: what is refused is writing."""
    path = grow("one")
    give_out(path, key)
    published_path(key).write_bytes(b"damaged")
    ledger = SqliteLedger(
        path, log="log-1", tenant="t1", key_id="k1", keys=KEYS, entropy=None, clock=clock, read_only=True
    )

    async def read():
        async with ledger:
            return await ledger.read("d/one")

    assert len(asyncio.run(read())) == 2
