"""Who may do what in a PostgreSQL ledger: rows that stay, and the roles of deploy/postgres.sql."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from magi.core.errors import LedgerUnavailableError
from magi.core.ports import Marks

ROLES = Path(__file__).parents[2] / "deploy" / "postgres.sql"


async def _settled(*waits):
    return await asyncio.gather(*waits, return_exceptions=True)


def _run(url, *statements):
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _rows(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET bytes = 'x'",
        "UPDATE entry SET seq = 0, kind = 'late'",
        "UPDATE entry SET stream = 'd/2'",
        "DELETE FROM entry",
        "TRUNCATE entry",
        "UPDATE tile SET hashes = 'x'",
        "DELETE FROM tile",
        "TRUNCATE tile",
    ],
)
def test_rows_of_the_log_stay(postgres_ledgers, statement):
    """The owner's hand is stopped before it changes or deletes an entry or a tile, placed or not."""
    asyncio.run(postgres_ledgers.open().close())
    _run(postgres_ledgers.url, "INSERT INTO tile (level, number, hashes) VALUES (0, 0, 'x')")

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        _run(postgres_ledgers.url, statement)

    assert _rows(postgres_ledgers.url, "SELECT kind FROM entry") == [("configured",)]


def test_a_place_is_given_once(postgres_ledgers):
    """The one change of an entry is to get its place; it is not taken away or changed."""
    asyncio.run(postgres_ledgers.open().close())
    _run(postgres_ledgers.url, "UPDATE entry SET seq = 0")

    for statement in ("UPDATE entry SET seq = 1", "UPDATE entry SET seq = NULL"):
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            _run(postgres_ledgers.url, statement)

    assert _rows(postgres_ledgers.url, "SELECT seq FROM entry") == [(0,)]


@pytest.fixture
def as_role(postgres_ledgers):
    """The URL of the database for a role of deploy/postgres.sql, which are granted what they need."""
    asyncio.run(postgres_ledgers.open().close())
    _run(postgres_ledgers.url, ROLES.read_text(encoding="utf-8"))
    return lambda role: postgres_ledgers.url.replace("postgres@", f"{role}@")


def test_the_writers_role_writes_and_cannot_place(postgres_ledgers, drafts, as_role):
    """The writer appends, reads bodies and claims; it can neither place, sign nor change the tables."""

    async def story():
        async with postgres_ledgers.open(url=as_role("magi_writer"), log_key=None) as ledger:
            marks = Marks(ancestry={"m1": 2}, idempotency_hash="cd" * 32, owner="p", ttl_ms=9)
            (record,) = await ledger.append("d/1", 0, [drafts.answered(answer=b"text")], marks)
            claimed = await ledger.claim("d/1", "p", 9)
            text = await ledger.body(record.refs[0], "a", "b")
            await ledger.append("d/1", 1, [drafts.decided()], Marks(closes=True))
            return claimed, text

    outcome = asyncio.run(story())

    assert outcome == (True, b"text")
    for statement in (
        "UPDATE entry SET seq = 5",
        "DELETE FROM entry",
        "INSERT INTO head VALUES (1, 0, 'x', 'x')",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "CREATE TABLE mine (x int)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _run(as_role("magi_writer"), statement)


def test_the_sequencers_role_places_and_reads_no_body(postgres_ledgers, as_role):
    """The sequencer gives places and signs; bodies and keys are not for its eyes."""
    postgres_ledgers.url = as_role("magi_sequencer")
    with postgres_ledgers.sequencer() as sequencer:
        placed = sequencer.step()

    assert placed == 1
    for statement in ("SELECT * FROM body", "SELECT * FROM data_key", "UPDATE entry SET bytes = 'x'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _run(as_role("magi_sequencer"), statement)


def test_the_auditors_role_only_reads(postgres_ledgers, drafts, as_role):
    """The auditor reads the log; an append in that role is `not_writable`."""

    async def story():
        url = as_role("magi_auditor")
        async with postgres_ledgers.open(url=url, read_only=True) as reader:
            records = await reader.read("config")
        async with postgres_ledgers.open(url=url) as ledger:
            return records, await _settled(ledger.append("d/1", 0, [drafts.answered()]))

    records, (failure,) = asyncio.run(story())

    assert len(records) == 1
    assert (type(failure), failure.reason) == (LedgerUnavailableError, "not_writable")
