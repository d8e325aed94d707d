"""What an auditor must find: every kind of forgery on a store and on an export, by its name and first bad record."""

# ruff: noqa: S608  # the statements are made of this file's own constants

import asyncio
import json
import sqlite3

import pytest

from magi.core.acts import Erased, Held, KeyRotated
from magi.core.canonical import canonical
from magi.core.ports import Draft, Marks
from magi.ledger.export import export_log
from magi.ledger.nodes import snapshot
from magi.ledger.note import Checkpoint, sign
from magi.ledger.note_key import new_signer
from magi.ledger.tree import Frontier, leaf_hash, merkle_root
from magi.ledger.verify import Brought, verify, verify_source
from magi.ledger.verify_head import compare

OWN, STRANGE = new_signer("log-1", b"s" * 32), new_signer("log-1", b"x" * 32)
SECOND = new_signer("log-1", b"t" * 32)


async def _grow(ledgers, drafts, first, count):
    """Streams d/<first> and so on, of two records with a body each; handed in at once, taken in order."""
    async with ledgers.open() as ledger:
        pair = [drafts.ticketed(request=b"r"), drafts.answered("a1", 1, answer=b"t")]
        await asyncio.gather(*(ledger.append(f"d/{n}", 0, pair) for n in range(first, first + count)))


def _note(path):
    connection = sqlite3.connect(path)
    (note,) = connection.execute("SELECT note FROM head").fetchone()
    connection.close()
    return note


def _change(path, *statements):
    connection = sqlite3.connect(path)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{trigger}"')
    for statement, *values in statements:
        assert connection.execute(statement, values).rowcount, statement
    connection.commit()
    connection.close()


def _resign(path, *signers):
    """Mend leaf hashes, tiles and head over whatever stands in the table now, and sign them."""
    connection = sqlite3.connect(path)
    stored = [data for (data,) in connection.execute("SELECT bytes FROM entry ORDER BY seq")]
    leaves = [leaf_hash(data) for data in stored]
    frontier = Frontier()
    frontier.extend(leaves)
    _change(
        path, *(("UPDATE entry SET leaf_hash=? WHERE seq=?", leaf, seq) for seq, leaf in enumerate(leaves))
    )
    for number in range(len(leaves) // 256):
        hashes = b"".join(leaves[number * 256 : number * 256 + 256])
        _change(path, ("UPDATE tile SET hashes=? WHERE level=0 AND number=?", hashes, number))
    connection.close()
    note = sign(Checkpoint("log-1", frontier.size, frontier.root()).text, signers)
    _change(path, ("UPDATE head SET size=?, edge=?, note=?", frontier.size, b"".join(frontier.edge), note))


@pytest.fixture
def log(sqlite_ledgers, drafts):
    """A closed ledger of 601 records in streams of two, with two full tiles."""
    asyncio.run(_grow(sqlite_ledgers, drafts, 0, 300))
    return sqlite_ledgers.path


@pytest.fixture
def folder(log, tmp_path):
    """The same, exported with bodies and working state."""
    with snapshot(log) as connection:
        export_log(connection, tmp_path / "out", bodies=True, state=True)
    return tmp_path / "out"


def _reasons(report):
    return {problem.reason for problem in report.problems}


def _first(report):
    problem = report.problems[0]
    return problem.reason, problem.seq, problem.stream, problem.ordinal


@pytest.mark.parametrize("depth", ["tree", "bodies", "full"])
def test_a_sound_log_is_sound_at_every_depth(log, folder, sqlite_ledgers, depth):
    """Store and export of one log give one root, no problem, and the key that signed."""
    brought = Brought(sqlite_ledgers.keys, (OWN.verifier,), (_note(log),))
    reports = [verify_source(source, brought, depth) for source in (log, folder)]

    for report in reports:
        assert report.problems == ()
        assert (report.records, report.given, report.kept) == (601, True, (601,))
        assert report.signers == (OWN.verifier.vkey,)
        assert report.bodies_checked == (0 if depth == "tree" else 600)
    assert reports[0].root == reports[1].root


def test_truncation_is_found_by_a_kept_checkpoint_alone(log, sqlite_ledgers):
    """A log cut off and signed again looks whole; the auditor's own checkpoint says that it was longer."""
    kept = _note(log)
    _change(
        log,
        ("DELETE FROM entry WHERE seq>=599",),
        ("DELETE FROM body WHERE stream='d/299'",),
        ("DELETE FROM data_key WHERE stream='d/299'",),
    )
    _resign(log, OWN)

    assert verify(log, sqlite_ledgers.keys).problems == ()
    assert _reasons(verify_source(log, Brought(sqlite_ledgers.keys, kept=(kept,)))) == {"truncated"}


def test_rewritten_history_is_found_by_an_older_checkpoint(sqlite_ledgers, drafts):
    """A record replaced long ago, everything mended and signed by the log's own key, departs from what was kept."""
    asyncio.run(_grow(sqlite_ledgers, drafts, 0, 10))
    kept = _note(sqlite_ledgers.path)
    asyncio.run(_grow(sqlite_ledgers, drafts, 10, 10))
    connection = sqlite3.connect(sqlite_ledgers.path)
    (data,) = connection.execute("SELECT bytes FROM entry WHERE seq=4").fetchone()
    connection.close()
    changed = canonical(json.loads(data) | {"at_ms": 1})
    _change(sqlite_ledgers.path, ("UPDATE entry SET bytes=? WHERE seq=4", changed))
    _resign(sqlite_ledgers.path, OWN)

    assert verify(sqlite_ledgers.path, sqlite_ledgers.keys).problems == ()
    report = verify_source(sqlite_ledgers.path, Brought(sqlite_ledgers.keys, kept=(kept,)))
    assert _reasons(report) == {"rewritten"}


def test_a_split_view_is_found_with_and_without_the_log(log):
    """Two roots for one size, both signed by the log's key: between two files, and between a file and the log."""
    other = sign(Checkpoint("log-1", 601, b"\x01" * 32).text, [OWN])
    earlier = sign(Checkpoint("log-1", 600, b"\x01" * 32).text, [OWN])

    assert compare(_note(log), other, (OWN.verifier,)) == "split_view"
    assert compare(_note(log), _note(log), (OWN.verifier,)) == "same"
    assert compare(_note(log), earlier, ()) == "needs_log"
    assert _reasons(verify_source(log, Brought(kept=(other,)), "tree")) == {"split_view"}


def test_two_kept_checkpoints_can_show_a_split_view_of_the_past(log):
    """Of one older size, two roots: one of them departs from the log, and together they show two histories."""
    notes = tuple(sign(Checkpoint("log-1", 9, bytes([n]) * 32).text, [OWN]) for n in (1, 2))

    assert _reasons(verify_source(log, Brought(kept=notes), "tree")) == {"split_view", "rewritten"}


def test_a_forged_checkpoint_is_no_evidence(log):
    """A kept file with a signature that does not hold, or by nobody known, is named as such."""
    other = Checkpoint("log-1", 601, merkle_root([]))
    strange = sign(other.text, [STRANGE])
    broken = _note(log).replace(b"601\n", b"600\n")

    assert "unsigned" in _reasons(verify_source(log, Brought(kept=(strange,)), "tree"))
    assert "forged_signature" in _reasons(verify_source(log, Brought(kept=(broken,)), "tree"))
    assert _reasons(verify_source(log, Brought(kept=(b"nothing",)), "tree")) == {"kept_note"}
    foreign = sign(Checkpoint("log-2", 1, b"\x01" * 32).text, [new_signer("log-2", b"y" * 32)])
    assert "kept_other_log" in _reasons(verify_source(log, Brought(kept=(foreign,)), "tree"))


def test_a_log_signed_anew_by_somebody_else_is_refused(log):
    """Everything recomputed, but signed by a key that no record names."""
    _resign(log, STRANGE)

    assert _reasons(verify(log, None)) == {"unsigned"}


def test_a_log_that_names_another_key_does_not_answer_to_the_auditors(log, sqlite_ledgers):
    """A whole log with a key of its own is sound by its own word, and refused by the key that was brought."""
    connection = sqlite3.connect(log)
    (data,) = connection.execute("SELECT bytes FROM entry WHERE seq=0").fetchone()
    connection.close()
    value = json.loads(data)
    value["data"]["key"] = STRANGE.verifier.vkey
    _change(log, ("UPDATE entry SET bytes=? WHERE seq=0", canonical(value)))
    _resign(log, STRANGE)

    assert verify(log, sqlite_ledgers.keys).problems == ()
    assert not verify(log, sqlite_ledgers.keys).given
    report = verify_source(log, Brought(sqlite_ledgers.keys, (OWN.verifier,)))
    assert _reasons(report) == {"given_key"}


@pytest.mark.parametrize(
    ("signers", "reasons"),
    [([OWN], {"key_did_not_sign"}), ([OWN, SECOND], set()), ([SECOND], {"key_did_not_sign"})],
)
def test_every_key_in_force_has_to_sign(sqlite_ledgers, drafts, signers, reasons):
    """While keys are exchanged both sign; a checkpoint from before the exchange still counts."""
    asyncio.run(_grow(sqlite_ledgers, drafts, 0, 4))
    kept = _note(sqlite_ledgers.path)

    async def story():
        async with sqlite_ledgers.open() as ledger:
            event = KeyRotated(added=(SECOND.verifier.vkey,), removed=(), by="p")
            await ledger.append("config", None, [Draft(event)])

    asyncio.run(story())
    _resign(sqlite_ledgers.path, *signers)
    report = verify_source(sqlite_ledgers.path, Brought(sqlite_ledgers.keys, kept=(kept,)))

    assert _reasons(report) == reasons
    assert report.kept == (9,)
    assert report.signers == tuple(signer.verifier.vkey for signer in signers)


def test_two_records_that_changed_places_are_named(log):
    """Reordered with their hashes, tiles not mended: the first of the two, by the tile; mended, by its stream."""
    _change(log, ("UPDATE entry SET seq=-1 WHERE seq=41",), ("UPDATE entry SET seq=41 WHERE seq=43",))
    _change(log, ("UPDATE entry SET seq=43 WHERE seq=-1",))

    assert _first(verify_source(log, Brought(), "tree")) == ("tile", 41, "d/21", 0)
    assert "head_root" in _reasons(verify(log, None))


def test_a_record_changed_with_its_hash_is_found_by_the_tile(log):
    """Bytes and leaf hash agree; the tile that was not mended names the record."""
    connection = sqlite3.connect(log)
    (data,) = connection.execute("SELECT bytes FROM entry WHERE seq=300").fetchone()
    connection.close()
    changed = canonical(json.loads(data) | {"at_ms": 1})
    _change(log, ("UPDATE entry SET bytes=?, leaf_hash=? WHERE seq=300", changed, leaf_hash(changed)))

    assert _first(verify_source(log, Brought(), "tree")) == ("tile", 300, "d/149", 1)


def test_swapped_bodies_are_named(log, sqlite_ledgers):
    """The contents of two bodies changed places, whole rows but for their names."""
    columns = "stream, salt, nonce, ciphertext, length"
    _change(
        log,
        (f"CREATE TABLE kept AS SELECT rowid AS r, {columns} FROM body WHERE rowid IN (1, 2)",),
        (
            f"UPDATE body SET ({columns})=(SELECT {columns} FROM kept WHERE r=3-body.rowid) WHERE rowid IN (1, 2)",
        ),
    )
    report = verify(log, sqlite_ledgers.keys)

    assert _first(report) == ("body_ciphertext", 1, "d/0", 0)
    assert "unknown_table" in _reasons(report)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM head", "head_missing"),
        ("INSERT INTO head SELECT 2, size, edge, note FROM head", "head_row"),
        ("UPDATE head SET size=600", "head_size"),
        ("UPDATE head SET edge=zeroblob(length(edge))", "head_edge"),
        ("UPDATE head SET note=x'00'", "head_note"),
        ("DELETE FROM tile WHERE number=1", "tile_missing"),
        ("INSERT INTO tile SELECT 1, 0, hashes FROM tile LIMIT 1", "tile_extra"),
        ("INSERT INTO tile SELECT level, 7, hashes FROM tile LIMIT 1", "tile_extra"),
        ("DELETE FROM entry WHERE seq=600", "cut_off"),
        (
            "INSERT INTO entry SELECT 601, 'd/x', 0, kind, bytes, leaf_hash FROM entry WHERE seq=600",
            "beyond_head",
        ),
        ("UPDATE alembic_version SET version_num='0000'", "schema_version"),
        ("CREATE VIEW entries AS SELECT 1", "unknown_table"),
    ],
)
def test_what_stands_around_the_records_is_checked(log, statement, reason):
    """Head, tiles, and their number, at depth `tree` without any key."""
    _change(log)
    connection = sqlite3.connect(log)
    connection.execute(statement)
    connection.commit()
    connection.close()

    assert reason in _reasons(verify_source(log, Brought(), "tree"))


TYPES = [
    (table, column)
    for table, columns in {
        "entry": ("stream", "kind", "bytes", "leaf_hash"),
        "head": ("edge", "note"),
        "tile": ("hashes",),
        "data_key": ("stream", "key_id", "nonce", "wrapped"),
        "body": ("commitment", "stream", "salt", "nonce", "ciphertext"),
        "key_check": ("key_id", "proof"),
        "alembic_version": ("version_num",),
    }.items()
    for column in columns
]


@pytest.mark.parametrize(("table", "column"), TYPES)
def test_the_same_bytes_in_another_type_are_noticed(log, sqlite_ledgers, table, column):
    """Text as a blob or a blob as text: SQLite compares them as different, and so does the check."""
    cast = f"CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) ELSE CAST({column} AS TEXT) END"
    _change(log, (f"UPDATE {table} SET {column}={cast} WHERE rowid=(SELECT max(rowid) FROM {table})",))

    assert not verify(log, sqlite_ledgers.keys).sound


async def _erase(ledgers, drafts, *, whole):
    async with ledgers.open() as ledger:
        pair = [drafts.ticketed(request=b"r"), drafts.answered("a1", 1, answer=b"t")]
        refs = [ref.commitment for record in await ledger.append("d/0", 0, pair) for ref in record.refs]
        event = Erased(stream="d/0", commitments=tuple(refs[: 1 + whole]), why="order", by="p", whole=whole)
        await ledger.append("retention", None, [Draft(event)])
        await ledger.append("retention", None, [Draft(Held(name="case", streams=("d/0",), by="p"))])


@pytest.mark.parametrize("whole", [False, True])
def test_an_erased_body_is_no_missing_one(sqlite_ledgers, drafts, tmp_path, whole):
    """Gone with a tombstone: erased, commitment intact, in the store and in its export."""
    asyncio.run(_erase(sqlite_ledgers, drafts, whole=whole))
    with snapshot(sqlite_ledgers.path) as connection:
        export_log(connection, tmp_path / "out", bodies=True, state=True)

    for source in (sqlite_ledgers.path, tmp_path / "out"):
        report = verify(source, sqlite_ledgers.keys)
        assert (report.problems, report.erased, report.bodies_missing) == ((), 1 + whole, 0)
        assert report.bodies_checked == 1 - whole


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE erased SET ordinal=7", "erased_table"),
        ("DELETE FROM erased", "erased_table"),
        ("DELETE FROM hold", "hold_table"),
        ("INSERT INTO hold VALUES ('case', 'd/9')", "hold_table"),
        ("INSERT INTO erased SELECT commitment, stream, 0 FROM body", "erased_table"),
        ("DELETE FROM body", "body_missing"),
        ("DELETE FROM data_key", "data_key_missing"),
        (
            "INSERT INTO body SELECT (SELECT commitment FROM erased), stream, salt, nonce, ciphertext, 1 FROM body",
            "erased_body_there",
        ),
    ],
)
def test_erasure_is_held_against_the_records(sqlite_ledgers, drafts, statement, reason):
    """What stands beside the log about erasure and holds is what the records say, no more and no less."""
    asyncio.run(_erase(sqlite_ledgers, drafts, whole=False))
    _change(sqlite_ledgers.path, (statement,))

    assert reason in _reasons(verify(sqlite_ledgers.path, sqlite_ledgers.keys))


def _forge(path, change, stream="retention", ordinal=0):
    """Rewrite an acting record as somebody would who holds the log's key."""
    connection = sqlite3.connect(path)
    where = "FROM entry WHERE stream=? AND ordinal=?"
    seq, data = connection.execute(f"SELECT seq, bytes {where}", [stream, ordinal]).fetchone()
    connection.close()
    value = json.loads(data)
    change(value)
    _change(path, ("UPDATE entry SET bytes=? WHERE seq=?", canonical(value), seq))
    _resign(path, OWN)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda value: value["data"].update(whole=True), "erased_whole"),
        (lambda value: value["data"].update(stream="d/1"), "body_missing"),
        (lambda value: value["data"].update(commitments=["ab" * 32]), "erased_unknown"),
        (lambda value: value.update(log="log-2"), "other_log"),
    ],
)
def test_a_forged_tombstone_is_named(sqlite_ledgers, drafts, change, reason):
    """Whoever signs the log can still not write a tombstone that does not fit the records around it."""
    asyncio.run(_erase(sqlite_ledgers, drafts, whole=False))
    _forge(sqlite_ledgers.path, change)

    assert reason in _reasons(verify(sqlite_ledgers.path, sqlite_ledgers.keys))


def test_seals_tell_a_changed_working_state(sqlite_ledgers, drafts):
    """A lowered label or a claim made longer fits every stream; only with the tenant key it is found."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            marks = Marks(ancestry={"m": 4}, idempotency_hash="cd" * 32, owner="p", ttl_ms=9)
            await ledger.append("d/0", 0, [drafts.opened("cd" * 32)], marks)

    asyncio.run(story())
    _change(
        sqlite_ledgers.path, ("UPDATE ancestry SET label=1",), ("UPDATE claim SET expires_ms=expires_ms+1",)
    )

    assert verify(sqlite_ledgers.path, None).problems == ()
    assert _reasons(verify(sqlite_ledgers.path, sqlite_ledgers.keys)) == {"ancestry", "claim"}
