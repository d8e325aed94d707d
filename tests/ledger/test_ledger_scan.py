"""Reading streams in log order: whole, in order, of the part that was asked for, from one snapshot, without a trace."""

import asyncio
import sqlite3

import pytest

from magi.core.errors import ForeignLedgerError, LedgerUnavailableError, TamperedError
from magi.ledger.entries import believed
from magi.ledger.scan import MAX_STREAM_RECORDS, Part, scan


@pytest.fixture
def interleaved(sqlite_ledgers, drafts):
    """Streams d/1 and d/2 written in turns, then d/0 and b/1; the last answer of d/1 comes last of all."""

    async def write():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/2", 0, [drafts.opened()])
            await ledger.append("d/1", 0, [drafts.opened()])
            for ordinal in (1, 2):
                for name in ("d/1", "d/2"):
                    await ledger.append(name, ordinal, [drafts.ticketed(attempt=ordinal)])
            await ledger.append("d/0", 0, [drafts.opened()])
            await ledger.append("b/1", 0, [drafts.opened()])
            await ledger.append("d/1", 3, [drafts.answered(attempt=1)])

    asyncio.run(write())
    return sqlite_ledgers.path


def seen(path, **part):
    """Name and ordinals of each stream that a scan gives."""
    return [(stream.name, [row.ordinal for row in stream.entries]) for stream in scan(path, Part(**part))]


def test_streams_come_whole_in_the_order_of_their_heads(interleaved):
    """A stream stands where its first record does, with all its records, also those written much later."""
    assert seen(interleaved) == [("d/2", [0, 1, 2]), ("d/1", [0, 1, 2, 3]), ("d/0", [0])]


def test_rows_are_what_is_stored(interleaved):
    """Every row matches its hash and its columns: nothing is lost or mixed on the way."""
    for stream in scan(interleaved):
        records = [believed(row) for row in stream.entries]

        assert {record.stream for record in records} == {stream.name}


def test_a_part_of_the_log(interleaved):
    """By prefix, by name, and by the size of the log that was verified."""
    assert seen(interleaved, prefix="b/") == [("b/1", [0])]
    assert seen(interleaved, name="d/1") == [("d/1", [0, 1, 2, 3])]
    assert seen(interleaved, name="d/") == []
    assert seen(interleaved, size=5) == [("d/2", [0, 1]), ("d/1", [0, 1])]
    assert seen(interleaved, size=0) == []


def test_one_snapshot_is_read(interleaved, sqlite_ledgers, drafts):
    """What is written while a scan is under way does not appear in it."""

    async def read_and_write():
        async with sqlite_ledgers.open() as ledger:
            streams = scan(interleaved)
            first = next(streams)
            await ledger.append("d/9", 0, [drafts.opened()])
            await ledger.append("d/0", 1, [drafts.ticketed()])
            return [first, *streams]

    names = [(stream.name, len(stream.entries)) for stream in asyncio.run(read_and_write())]

    assert names == [("d/2", 3), ("d/1", 4), ("d/0", 1)]


def test_a_scan_leaves_no_trace(interleaved):
    """No file appears beside the ledger, and its bytes stay, also when a scan is given up half-way."""
    before = interleaved.read_bytes()
    streams = scan(interleaved)
    next(streams)
    streams.close()

    assert [path.name for path in interleaved.parent.iterdir() if path.name != "tenant.key"] == ["ledger.db"]
    assert interleaved.read_bytes() == before


@pytest.mark.parametrize("part", [{"log": "other"}, {"tenant": "other"}])
def test_another_log_is_refused(interleaved, part):
    """A ledger of another log or tenant than the one asked for is not read."""
    with pytest.raises(ForeignLedgerError):
        seen(interleaved, **part)


def test_what_is_no_ledger(tmp_path):
    """A missing file and another database are refused by name."""
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()

    with pytest.raises(ForeignLedgerError):
        seen(other)
    with pytest.raises(LedgerUnavailableError):
        seen(tmp_path / "missing.db")


def test_a_stream_without_end_is_refused(interleaved):
    """One record more than any deliberation can have ends the scan by name, not in memory."""
    rows = ((seq, "d/x", seq - 100, "ticketed", b"{}", b"") for seq in range(100, 101 + MAX_STREAM_RECORDS))
    with sqlite3.connect(interleaved) as connection:
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()

    with pytest.raises(TamperedError) as refused:
        seen(interleaved)
    assert refused.value.reason == "stream_too_long"
