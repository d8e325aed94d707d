"""The ledger's file: what is refused as foreign, and reading without leaving a trace."""

import asyncio
import sqlite3

import pytest

from magi.core.errors import ForeignLedgerError, KeyMissingError, LedgerUnavailableError, TamperedError
from magi.ledger.keyfile import TenantKeys
from magi.ledger.schema import SCHEMA_VERSION
from magi.ledger.verify import verify


async def _settled(*waits):
    return await asyncio.gather(*waits, return_exceptions=True)


def _foreign_text(path):
    path.write_text("これは台帳ではない。\n" * 200, encoding="utf-8")


def _foreign_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()


def _told(statement):
    def change(path):
        with sqlite3.connect(path) as connection:
            for trigger in ("entry_stays", "entry_remains"):  # guards against accidents, not against this
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(statement)
        connection.close()

    return change


@pytest.mark.parametrize("mode", [{}, {"create": False}, {"read_only": True}])
@pytest.mark.parametrize(
    ("make", "reason"), [(_foreign_text, "not_sqlite"), (_foreign_database, "other_application")]
)
def test_a_foreign_file_is_refused_and_untouched(sqlite_ledgers, make, reason, mode):
    """A text file or another program's database is named as foreign and not a byte of it changes."""
    make(sqlite_ledgers.path)
    before = sqlite_ledgers.path.read_bytes()

    with pytest.raises(ForeignLedgerError) as raised:
        sqlite_ledgers.open(**mode)

    assert (raised.value.reason, raised.value.facts["path"]) == (reason, str(sqlite_ledgers.path))
    assert sqlite_ledgers.path.read_bytes() == before
    assert [file.name for file in sqlite_ledgers.path.parent.iterdir()] == ["ledger.db"]


@pytest.mark.parametrize("mode", [{}, {"read_only": True}])
@pytest.mark.parametrize(
    ("statement", "changes", "reason"),
    [
        (f"PRAGMA user_version={SCHEMA_VERSION + 1}", {}, "newer_version"),
        ("PRAGMA user_version=1", {}, "other_version"),
        ("PRAGMA application_id=1", {}, "other_application"),
        ("SELECT 1", {"tenant": "t2"}, "other_tenant"),
        ("SELECT 1", {"log": "log-2"}, "other_log"),
        ("DELETE FROM entry", {}, "no_first_record"),
    ],
)
def test_another_version_log_or_tenant_is_refused(sqlite_ledgers, statement, changes, reason, mode):
    """A ledger of a newer version, another log or another tenant is never opened."""
    asyncio.run(sqlite_ledgers.open().close())
    _told(statement)(sqlite_ledgers.path)

    with pytest.raises(ForeignLedgerError) as raised:
        sqlite_ledgers.open(**changes, **mode)

    assert raised.value.reason == reason


def test_a_blank_file_is_created_in_only_when_asked(sqlite_ledgers):
    """A creation that was cut off is taken up by the next creator, and refused to others."""
    sqlite_ledgers.path.touch()
    for mode in ({"create": False}, {"read_only": True}):
        with pytest.raises(ForeignLedgerError) as raised:
            sqlite_ledgers.open(**mode)

        assert raised.value.reason == "empty"

    asyncio.run(sqlite_ledgers.open().close())

    assert verify(sqlite_ledgers.path, sqlite_ledgers.keys).records == 1


@pytest.mark.parametrize("mode", [{"create": False}, {"read_only": True}])
def test_a_ledger_that_is_not_there_is_not_created_unasked(sqlite_ledgers, mode):
    """Without `create` an absent file stays absent."""
    with pytest.raises(LedgerUnavailableError) as raised:
        sqlite_ledgers.open(**mode)

    assert raised.value.reason == "not_found"
    assert list(sqlite_ledgers.path.parent.iterdir()) == []


def test_a_missing_folder_is_named(sqlite_ledgers, tmp_path):
    """A ledger in a folder that does not exist is unavailable for that reason."""
    for mode in ({}, {"create": False}):
        with pytest.raises(LedgerUnavailableError) as raised:
            sqlite_ledgers.open(path=tmp_path / "none" / "ledger.db", **mode)

        assert raised.value.reason == "no_folder"


@pytest.mark.parametrize(
    ("keys", "key_id", "reason"),
    [
        (TenantKeys("k1", b"x" * 32), "k1", "wrong_key"),
        (TenantKeys("k2", b"k" * 32), "k2", "unknown_key_id"),
        (TenantKeys("k2", b"k" * 32), "k1", "unknown_key_id"),
    ],
)
def test_a_wrong_key_is_refused_before_it_seals_anything(sqlite_ledgers, keys, key_id, reason):
    """A ledger opened with a key it was not written with says so at once."""
    asyncio.run(sqlite_ledgers.open().close())

    with pytest.raises(KeyMissingError) as raised:
        sqlite_ledgers.open(keys=keys, key_id=key_id)

    assert raised.value.reason == reason


# --- reading only ------------------------------------------------------------------------------------------


def test_a_read_only_ledger_creates_no_file(sqlite_ledgers, drafts):
    """Replay reads a closed ledger without its key and leaves the folder as it was."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()])
        before = sorted(file.name for file in sqlite_ledgers.path.parent.iterdir())
        async with sqlite_ledgers.open(read_only=True, keys=TenantKeys("none", b"")) as reader:
            records = await reader.read("d/1")
            during = sorted(file.name for file in sqlite_ledgers.path.parent.iterdir())
        return records, before, during, sorted(file.name for file in sqlite_ledgers.path.parent.iterdir())

    records, before, during, after = asyncio.run(story())

    assert len(records) == 1
    assert before == during == after == ["ledger.db"]


def test_a_read_only_ledger_sees_what_a_writer_adds(sqlite_ledgers, drafts):
    """A reader opened before a writer starts does not go on with a stale picture of the file."""

    async def story():
        await sqlite_ledgers.open().close()
        async with sqlite_ledgers.open(read_only=True) as reader, sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()])
            return await reader.streams("d/")

    streams = asyncio.run(story())

    assert streams == ("d/1",)


def test_a_read_only_ledger_writes_nothing(sqlite_ledgers, drafts):
    """Appends, claims and reads of bodies (which must be recorded) are refused."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            (record,) = await ledger.append("d/1", 0, [drafts.answered(answer=b"x")])
        async with sqlite_ledgers.open(read_only=True) as reader:
            return await _settled(
                reader.append("d/1", 1, [drafts.decided()]),
                reader.claim("d/1", "p", 1),
                reader.body(record.refs[0], "a", "b"),
            )

    errors = asyncio.run(story())

    assert [(type(e), e.reason) for e in errors] == [(LedgerUnavailableError, "not_writable")] * 3


@pytest.mark.parametrize(("column", "value"), [("bytes", b"{}"), ("leaf_hash", b"0" * 32), ("kind", "late")])
def test_reading_a_changed_record_is_an_error(sqlite_ledgers, drafts, column, value):
    """A record whose bytes, hash or columns were changed is never handed out."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()])
            with sqlite3.connect(sqlite_ledgers.path) as connection:
                connection.execute("DROP TRIGGER entry_stays")
                connection.execute(f"UPDATE entry SET {column}=? WHERE stream='d/1'", [value])  # noqa: S608
            connection.close()
            await ledger.read("d/1")

    with pytest.raises(TamperedError) as raised:
        asyncio.run(story())

    assert raised.value.facts == {"stream": "d/1", "ordinal": 0}
