"""An exported log: what stands in the folder, what it refuses, and how it grows."""

import asyncio
import json
import sqlite3
import stat

import pytest

from magi.core.errors import LedgerUnavailableError, MalformedFileError, TamperedError
from magi.core.ports import Marks
from magi.ledger.export import export_log
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.nodes import prove_stream, signed_head, snapshot, stored_nodes
from magi.ledger.note import open_note, parse_checkpoint, parse_vkey
from magi.ledger.note_key import new_signer
from magi.ledger.proof import root_of
from magi.ledger.tlog_proof import parse_tlog_proof, verify_tlog_proof
from magi.ledger.tree import leaf_hash, merkle_root
from magi.ledger.verify import verify

KEYS = TenantKeys("k1", b"k" * 32)
OTHER = GivenSigners((new_signer("log-1", b"o" * 32),))


def write(ledgers, drafts, *, streams=1, answers=3, name="d/s", first=0):
    """Append deliberations with bodies, an ancestry row and a claim or a verdict each."""

    async def fill():
        async with ledgers.open() as ledger:
            for n in range(first, first + streams):
                marks = Marks(
                    owner="me", ttl_ms=1000, ancestry={f"{n:064x}": 2}, idempotency_hash=f"{n:064x}"
                )
                stream = f"{name}{n}"
                await ledger.append(stream, 0, [drafts.opened(f"{n:064x}", question=b"q%d" % n)], marks)
                more = [drafts.answered(f"a{k}", answer=b"x" * 50) for k in range(answers)]
                if n % 2:  # stays open
                    await ledger.append(stream, 1, more)
                else:
                    await ledger.append(stream, 1, [*more, drafts.decided(reply=b"r")], Marks(closes=True))

    asyncio.run(fill())
    return ledgers.path


def exported(path, out, **options):
    """Export the ledger at `path`."""
    with snapshot(path) as connection:
        return export_log(connection, out, **options)


def tree_of(out):
    """Every file below a folder with its bytes."""
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()}


@pytest.mark.parametrize("options", [{}, {"bodies": True}, {"state": True}], ids=["tree", "bodies", "full"])
def test_an_export_verifies_as_its_ledger_does(sqlite_ledgers, drafts, tmp_path, options):
    """The folder is sound without the ledger, and has its size, its root and its note, byte for byte."""
    path = write(sqlite_ledgers, drafts, streams=3, answers=100)
    found = exported(path, tmp_path / "out", **options)
    report, own = verify(tmp_path / "out", KEYS if options else None), verify(path, KEYS)

    assert (report.problems, own.problems) == ((), ())
    assert (report.records, report.root) == (own.records, own.root)
    assert report.records == found.checkpoint.size == 306
    assert report.bodies_checked == (own.bodies_checked if options else 0)
    with snapshot(path) as connection:
        assert (tmp_path / "out" / "checkpoint").read_bytes() == signed_head(connection).note


def test_the_parts_that_were_not_asked_for_are_not_there(sqlite_ledgers, drafts, tmp_path):
    """Without --bodies no sealed body leaves, and without --full no working state."""
    path = write(sqlite_ledgers, drafts)
    exported(path, tmp_path / "tree")
    exported(path, tmp_path / "bodies", bodies=True)

    assert not {"bodies.jsonl", "keys.jsonl", "state.jsonl"} & set(tree_of(tmp_path / "tree"))
    assert "state.jsonl" not in tree_of(tmp_path / "bodies")


def test_an_export_is_private(sqlite_ledgers, drafts, tmp_path):
    """Folders are 0700 and files 0600, whatever the account's mask says."""
    exported(write(sqlite_ledgers, drafts), tmp_path / "out", state=True)
    places = [tmp_path / "out", *(tmp_path / "out").rglob("*")]

    assert {stat.S_IMODE(place.stat().st_mode) for place in places if place.is_file()} == {0o600}
    assert {stat.S_IMODE(place.stat().st_mode) for place in places if place.is_dir()} == {0o700}


def test_what_is_there_is_not_overwritten(sqlite_ledgers, drafts, tmp_path):
    """A folder or file of that name is refused and stays as it is, and nothing is left beside it."""
    path = write(sqlite_ledgers, drafts)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(MalformedFileError, match="out_exists"):
        exported(path, tmp_path / "out")
    with pytest.raises(MalformedFileError, match="export_contents"):
        exported(path, tmp_path / "out", update=True)

    assert [name.name for name in tmp_path.iterdir() if name.name.startswith(".")] == []
    assert tree_of(tmp_path / "out") == {"mine": b"x"}


@pytest.mark.parametrize("more", [1, 30, 180], ids=["same-tiles", "next-bundle", "far"])
def test_an_update_is_what_a_new_export_would_be(sqlite_ledgers, drafts, tmp_path, more):
    """Brought up to date, a folder holds byte for byte what a new export holds, and wrote only what is new."""
    path = write(sqlite_ledgers, drafts, streams=60, answers=10)
    exported(path, tmp_path / "out", state=True)
    write(sqlite_ledgers, drafts, streams=more, answers=10, first=60)
    updated = exported(path, tmp_path / "out", update=True)
    fresh = exported(path, tmp_path / "fresh", state=True)

    assert tree_of(tmp_path / "out") == tree_of(tmp_path / "fresh")
    assert updated.written < fresh.written
    assert verify(tmp_path / "out", KEYS).sound


def test_an_update_of_nothing_new_changes_nothing(sqlite_ledgers, drafts, tmp_path):
    """The same head gives the same folder, its tiles linked and not written."""
    path = write(sqlite_ledgers, drafts)
    exported(path, tmp_path / "out", bodies=True)
    before = tree_of(tmp_path / "out")
    again = exported(path, tmp_path / "out", update=True)

    assert tree_of(tmp_path / "out") == before
    assert again.written == len({"bodies.jsonl", "keys.jsonl", "log.vkey", "checkpoint", "contents.json"})


def test_an_update_of_another_log_is_refused(sqlite_ledgers, drafts, tmp_path, clock):
    """An export that the log does not extend, of another history or key or a longer one, is left as it is."""
    path = write(sqlite_ledgers, drafts)
    with sqlite3.connect(path) as copy, sqlite3.connect(tmp_path / "older.db") as target:
        copy.backup(target)
    write(sqlite_ledgers, drafts, first=1)
    exported(path, tmp_path / "out")
    other = type(sqlite_ledgers)(tmp_path / "older.db", clock, KEYS, [None] * 9)
    with pytest.raises(TamperedError, match="export_differs"):
        exported(tmp_path / "older.db", tmp_path / "out", update=True)
    write(other, drafts, streams=2, first=7)
    with pytest.raises(TamperedError, match="export_differs"):
        exported(tmp_path / "older.db", tmp_path / "out", update=True)
    third = type(sqlite_ledgers)(tmp_path / "third.db", clock, KEYS)
    asyncio.run(third.open(signers=OTHER).close())
    with pytest.raises(TamperedError, match="note_unsigned"):
        exported(tmp_path / "third.db", tmp_path / "out", update=True)

    assert verify(tmp_path / "out", None).records == verify(path, None).records


def test_a_folder_that_stepped_aside_is_put_back(sqlite_ledgers, drafts, tmp_path):
    """After a process died between the two renames of an update, the next one finds the earlier export."""
    path = write(sqlite_ledgers, drafts)
    exported(path, tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.before")
    write(sqlite_ledgers, drafts, first=1)
    exported(path, tmp_path / "out", update=True)

    assert verify(tmp_path / "out", None).sound
    assert not (tmp_path / ".out.before").exists()


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER entry_stays; UPDATE entry SET bytes = CAST(replace(bytes, 'a', 'b') AS BLOB) WHERE seq = 2",
        "DROP TRIGGER entry_remains; DELETE FROM entry WHERE seq = 2",
        "UPDATE head SET size = size - 1",
        "UPDATE head SET note = CAST(replace(note, 'log-1', 'log-2') AS BLOB)",
    ],
    ids=["entry", "missing", "size", "note"],
)
def test_a_log_that_is_not_what_was_signed_is_not_exported(sqlite_ledgers, drafts, tmp_path, change):
    """A changed or missing entry and a changed head are refused, and no folder is left."""
    path = write(sqlite_ledgers, drafts)
    with sqlite3.connect(path) as connection:
        connection.executescript(change)
    with pytest.raises(TamperedError):
        exported(path, tmp_path / "out")

    assert [name.name for name in tmp_path.iterdir() if "out" in name.name] == []


def test_an_earlier_state_is_exported_under_a_checkpoint_of_its_own(sqlite_ledgers, drafts, tmp_path):
    """The first records alone, signed at their size, are a sound export that the later one extends."""
    path = write(sqlite_ledgers, drafts, streams=100, answers=3)
    signers = [new_signer("log-1", b"s" * 32)]
    found = exported(path, tmp_path / "out", upto=300, signers=signers)

    assert verify(tmp_path / "out", None).records == found.checkpoint.size == 300
    assert verify(tmp_path / "out", None).sound
    with pytest.raises(ValueError, match="300"):
        exported(path, tmp_path / "more", upto=300, signers=signers, bodies=True)


def test_bodies_stand_in_the_order_of_their_records(sqlite_ledgers, drafts, tmp_path):
    """`bodies.jsonl` follows the log, so that one pass over both suffices."""
    path = write(sqlite_ledgers, drafts, streams=2, answers=20)
    exported(path, tmp_path / "out", bodies=True)
    lines = [json.loads(line) for line in (tmp_path / "out" / "bodies.jsonl").read_bytes().splitlines()]
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT bytes FROM entry ORDER BY seq").fetchall()
    named = [ref["commitment"] for (data,) in rows for ref in json.loads(data)["refs"]]

    assert [line["commitment"] for line in lines] == named


def test_every_record_of_a_stream_is_proven(sqlite_ledgers, drafts):
    """Each record's proof file holds against the log's key alone, and for no other record."""
    path = write(sqlite_ledgers, drafts, streams=130, answers=2)
    with snapshot(path) as connection:
        head = signed_head(connection)
        proven = prove_stream(connection, "d/s70", head)
    key = parse_vkey(head.keys[0].vkey)
    for one in proven:
        said = verify_tlog_proof(parse_tlog_proof(one.proof), one.data, [key], origin="log-1")
        with pytest.raises(TamperedError):
            verify_tlog_proof(parse_tlog_proof(one.proof), one.data + b" ", [key])

    assert [one.kind for one in proven] == ["opened", "answered", "answered", "decided"]
    assert said == parse_checkpoint(open_note(head.note, [key]).text)


def test_nodes_of_a_store_are_those_of_its_entries(sqlite_ledgers, drafts):
    """Roots from stored tiles, over full and partial levels, equal the roots from the bytes alone."""
    path = write(sqlite_ledgers, drafts, streams=130, answers=3)
    with snapshot(path) as connection:
        rows = connection.exec_driver_sql("SELECT bytes FROM entry ORDER BY seq").scalars().all()
        leaves = [leaf_hash(data) for data in rows]
        roots = {size: root_of(size, stored_nodes(connection, size)) for size in (1, 255, 256, 257, 512, 551)}

    assert roots == {size: merkle_root(leaves[:size]) for size in roots}


def test_a_store_without_a_head_is_not_exported(sqlite_ledgers, drafts, tmp_path):
    """Where nothing was signed there is nothing to show."""
    path = write(sqlite_ledgers, drafts)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM head")
    with pytest.raises(LedgerUnavailableError, match="no_head"):
        exported(path, tmp_path / "out")

    assert not (tmp_path / "out").exists()
