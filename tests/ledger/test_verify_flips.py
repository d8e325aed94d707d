"""No single changed bit slips through: in any column of any table, in any byte of any exported file."""

# ruff: noqa: S608, S311  # statements of the schema's own names; chance that repeats

import asyncio
import hashlib
import json
import random
import sqlite3

import pytest

from magi.core.acts import Erased, Held, HoldReleased, KeyRotated
from magi.core.canonical import canonical
from magi.core.errors import MagiError
from magi.core.ports import Draft, Marks
from magi.ledger.export import export_log
from magi.ledger.logkey import GivenSigners
from magi.ledger.nodes import snapshot
from magi.ledger.note_key import new_signer
from magi.ledger.verify import verify

SHORT, LONG = 60, 1_000
"""Changed bits in the normal run, and in the slow one."""
FIRST, SECOND = new_signer("log-1", b"s" * 32), new_signer("log-1", b"t" * 32)
IDEMPOTENT = "cd" * 32


async def _streams(ledger, drafts):
    for n in range(30):
        marks = Marks(ancestry={f"m{n}": n % 7}, idempotency_hash=f"{n:02x}" * 32)
        await ledger.append(f"d/{n}", 0, [drafts.opened(f"{n:02x}" * 32, question=b"q" * n)], marks)
        for ask in range(4):
            pair = [drafts.ticketed(f"a{ask}", request=b"r"), drafts.answered(f"a{ask}", 1, answer=b"t" * 40)]
            await ledger.append(f"d/{n}", None, pair)
        await ledger.append(f"d/{n}", None, [drafts.decided(reply="返事".encode())])
    await ledger.append(
        "d/open", 0, [drafts.opened(IDEMPOTENT)], Marks(owner="p1", ttl_ms=9, idempotency_hash=IDEMPOTENT)
    )


async def _acts(ledger):
    some = (await ledger.read("d/3"))[2].refs[0].commitment
    every = tuple(ref.commitment for record in await ledger.read("d/5") for ref in record.refs)
    for event in (
        Held(name="case-1", streams=("d/1", "d/2"), by="p"),
        Held(name="case-2", streams=("d/4",), by="p"),
        HoldReleased(name="case-2", by="p"),
        Erased(stream="d/3", commitments=(some,), why="request", by="p", whole=False),
        Erased(stream="d/5", commitments=every, why="retention", by="p", whole=True),
    ):
        await ledger.append("retention", None, [Draft(event)])
    await ledger.body((await ledger.read("d/1"))[2].refs[0], "auditor", "look")


@pytest.fixture
def log(sqlite_ledgers, drafts):
    """A closed ledger with every table filled and a full tile, signed by two keys; its path."""

    async def story():
        async with sqlite_ledgers.open(signers=GivenSigners((FIRST,))) as ledger:
            await _streams(ledger, drafts)
            await _acts(ledger)
        async with sqlite_ledgers.open(signers=GivenSigners((FIRST, SECOND))) as ledger:
            event = KeyRotated(added=(SECOND.verifier.vkey,), removed=(), by="p")
            await ledger.append("config", None, [Draft(event)])

    asyncio.run(story())
    connection = sqlite3.connect(sqlite_ledgers.path)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{trigger}"')
    connection.commit()
    connection.close()
    return sqlite_ledgers.path


@pytest.fixture
def exported(log, tmp_path):
    """The whole of it as a folder: records, tiles, bodies, keys, working state."""
    with snapshot(log) as connection:
        export_log(connection, tmp_path / "out", bodies=True, state=True)
    return tmp_path / "out"


def _cells(path):
    """Every value of every table: table, column, row id, type and length in bits."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    cells = []
    for table in tables:
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        for column in columns:
            query = f'SELECT rowid, typeof("{column}"), length(CAST("{column}" AS BLOB)) FROM "{table}"'
            cells += [(table, column, *row) for row in connection.execute(query)]
    connection.close()
    return cells


def _flip(path, cell, chance):
    """Change one bit of one value where the table's own constraints allow it; whether they did."""
    table, column, row, kind, length = cell
    connection = sqlite3.connect(path)
    (value,) = connection.execute(
        f'SELECT CAST("{column}" AS BLOB) FROM "{table}" WHERE rowid=?', [row]
    ).fetchone()
    if kind == "integer":
        changed, form = int(value) ^ 1 << chance.randrange(63), "?"
    else:
        bit = chance.randrange(length * 8)
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        form = "CAST(? AS TEXT)" if kind == "text" else "?"
    try:
        with connection:
            connection.execute(f'UPDATE "{table}" SET "{column}"={form} WHERE rowid=?', [changed, row])
    except sqlite3.IntegrityError:
        return False
    finally:
        connection.close()
    return True


def _slips_through(path, keys):
    try:
        return verify(path, keys).sound
    except MagiError:
        return False


def _column_flips(path, keys, count, seed):
    """Which of `count` random single-bit changes of columns are not noticed."""
    chance = random.Random(seed)
    whole = path.read_bytes()
    cells = [cell for cell in _cells(path) if cell[4]]
    by_column = {}
    for cell in cells:
        by_column.setdefault(cell[:2], []).append(cell)
    unseen, done = [], 0
    while done < count:
        cell = chance.choice(by_column[chance.choice(sorted(by_column))])  # each column as often as any other
        path.write_bytes(whole)
        if _flip(path, cell, chance):
            done += 1
            if _slips_through(path, keys):
                unseen.append(cell)
    path.write_bytes(whole)
    return unseen


def _mend(folder, path):
    """Make the list of contents say what the file is now."""
    listed = json.loads((folder / "contents.json").read_bytes())
    data = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    listed["files"][name] = {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "contents.json").write_bytes(canonical(listed))


def _file_flips(folder, keys, count, seed, mend=None):
    """Which of `count` random single-bit changes of files are not noticed, of those that `mend` can hide if given."""
    chance = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    if mend:
        files.remove(folder / "contents.json")
    contents = (folder / "contents.json").read_bytes()
    unseen = []
    for _ in range(count):
        path = chance.choice(files)
        whole = path.read_bytes()
        bit = chance.randrange(len(whole) * 8)
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        if mend:
            mend(folder, path)
        if _slips_through(folder, keys):
            unseen.append((path.name, bit))
        path.write_bytes(whole)
        (folder / "contents.json").write_bytes(contents)
    return unseen


def test_a_bit_in_any_column_is_noticed(log, sqlite_ledgers):
    """Random changed bits, each column of each table alike, are all noticed; the log is sound again without them."""
    unseen = _column_flips(log, sqlite_ledgers.keys, SHORT, seed=1)

    assert unseen == []
    assert verify(log, sqlite_ledgers.keys).problems == ()


@pytest.mark.slow
def test_a_thousand_bits_in_any_column_are_noticed(log, sqlite_ledgers):
    """1,000 of 1,000."""
    assert _column_flips(log, sqlite_ledgers.keys, LONG, seed=2) == []


def test_a_bit_in_any_exported_file_is_noticed(exported, sqlite_ledgers):
    """Random changed bits, each file alike, are all noticed; the export is sound again without them."""
    unseen = _file_flips(exported, sqlite_ledgers.keys, SHORT, seed=3)

    assert unseen == []
    assert verify(exported, sqlite_ledgers.keys).problems == ()


@pytest.mark.slow
def test_a_thousand_bits_in_any_exported_file_are_noticed(exported, sqlite_ledgers):
    """1,000 of 1,000."""
    assert _file_flips(exported, sqlite_ledgers.keys, LONG, seed=4) == []


@pytest.mark.slow
def test_a_thousand_bits_behind_a_mended_list_are_noticed(exported, sqlite_ledgers):
    """1,000 of 1,000 in what the list of contents names, though somebody mended the list to fit each."""
    assert _file_flips(exported, sqlite_ledgers.keys, LONG, seed=5, mend=_mend) == []


def test_a_bit_behind_a_mended_list_is_noticed(exported, sqlite_ledgers):
    """The list of contents only tells accidents: who changes a file and mends the list is found by what it says."""
    assert _file_flips(exported, sqlite_ledgers.keys, SHORT, seed=6, mend=_mend) == []
