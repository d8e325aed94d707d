"""`verify` names what is wrong, whatever was changed."""

# ruff: noqa: S608  # the statements are made of this file's own constants

import asyncio
import json
import sqlite3

import pytest

from magi.core.canonical import canonical
from magi.core.errors import (
    ForeignLedgerError,
    KeyMissingError,
    LedgerUnavailableError,
    MagiError,
    TamperedError,
)
from magi.core.ports import Marks
from magi.ledger.keyfile import TenantKeys
from magi.ledger.tree import leaf_hash, merkle_root
from magi.ledger.verify import verify

IDEMPOTENT = "cd" * 32


@pytest.fixture
def written(sqlite_ledgers, drafts):
    """A closed ledger with a decided and an open stream; its path."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            marks = Marks(ancestry={"m1": 2}, idempotency_hash=IDEMPOTENT)
            await ledger.append(
                "d/1", 0, [drafts.opened(IDEMPOTENT, question=b"q"), drafts.ticketed()], marks
            )
            await ledger.append("d/1", 2, [drafts.answered("a1", 1, answer=b"text", exchange=b"raw")])
            await ledger.append("d/1", 3, [drafts.decided()])
            await ledger.append("d/2", 0, [drafts.ticketed()], Marks(owner="p1", ttl_ms=9))
            await ledger.append("d/2", 1, [drafts.failed()])
            await ledger.body((await ledger.read("d/1"))[2].refs[0], "auditor", "look")

    asyncio.run(story())
    return sqlite_ledgers.path


def _change(path, statement, *values):
    connection = sqlite3.connect(path)
    connection.create_function(
        "flip", 1, lambda value: bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else None
    )
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        connection.execute(
            f'DROP TRIGGER "{trigger}"'
        )  # guards against accidents, not against somebody's hand
    with connection:
        changed = connection.execute(statement, values).rowcount
    connection.close()

    assert changed > 0


def test_a_sound_ledger(written, sqlite_ledgers):
    """Everything is counted, every body opened, and the root is that of the stored bytes."""
    connection = sqlite3.connect(written)
    stored = [row[0] for row in connection.execute("SELECT bytes FROM entry ORDER BY seq")]
    connection.close()

    report = verify(written, sqlite_ledgers.keys)

    assert (report.sound, report.problems) == (True, ())
    assert (report.records, report.streams) == (8, 4)
    assert (report.bodies_checked, report.bodies_missing) == (3, 0)
    assert report.root == merkle_root(leaf_hash(data) for data in stored).hex()


def test_without_keys_bodies_are_looked_for_but_not_opened(written):
    """An auditor without keys gets the same root and no complaint."""
    report = verify(written, None)

    assert (report.sound, report.records, report.bodies_checked) == (True, 8, 0)


def test_verifying_leaves_no_file(written, sqlite_ledgers):
    """The folder and the file's bytes are the same afterwards."""
    before = {file.name: file.read_bytes() for file in written.parent.iterdir()}
    verify(written, sqlite_ledgers.keys)

    assert {file.name: file.read_bytes() for file in written.parent.iterdir()} == before


def test_a_ledger_in_use_can_be_verified(sqlite_ledgers, drafts):
    """A snapshot beside a running writer is sound."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered(answer=b"x")])
            return verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    report = asyncio.run(story())

    assert (report.sound, report.records) == (True, 2)


ENTRY_3 = "WHERE seq=3"
ANSWER = "WHERE commitment=(SELECT commitment FROM body ORDER BY length DESC LIMIT 1)"  # 4 bytes: the answer


@pytest.mark.parametrize(
    ("statement", "what", "seq"),
    [
        (f"UPDATE entry SET seq=seq+64 {ENTRY_3}", "seq_not_dense", 4),
        (f"UPDATE entry SET stream='e/1' {ENTRY_3}", "columns_differ", 3),
        (f"UPDATE entry SET ordinal=ordinal+64 {ENTRY_3}", "columns_differ", 3),
        (f"UPDATE entry SET kind='answereD' {ENTRY_3}", "columns_differ", 3),
        (f"UPDATE entry SET bytes=flip(bytes) {ENTRY_3}", "leaf_hash", 3),
        (f"UPDATE entry SET leaf_hash=flip(leaf_hash) {ENTRY_3}", "leaf_hash", 3),
        (f"UPDATE body SET commitment='a'||substr(commitment,2)||'b' {ANSWER}", "body_missing: answer", 3),
        (f"UPDATE body SET stream='d/2' {ANSWER}", "body_columns: answer", 3),
        (f"UPDATE body SET salt=flip(salt) {ANSWER}", "body_commitment: answer", 3),
        (f"UPDATE body SET nonce=flip(nonce) {ANSWER}", "body_ciphertext: answer", 3),
        (f"UPDATE body SET ciphertext=flip(ciphertext) {ANSWER}", "body_ciphertext: answer", 3),
        (f"UPDATE body SET length=length+1 {ANSWER}", "body_columns: answer", 3),
        (f"DELETE FROM body {ANSWER}", "body_missing: answer", 3),
        ("UPDATE data_key SET stream='d/3'", "data_key_missing: question", 1),
        ("UPDATE data_key SET key_id='k2'", "data_key: question", 1),
        ("UPDATE data_key SET nonce=flip(nonce)", "data_key: question", 1),
        ("UPDATE data_key SET wrapped=flip(wrapped)", "data_key: question", 1),
        ("UPDATE key_check SET key_id='k2'", "key_check", None),
        ("UPDATE key_check SET proof=flip(proof)", "key_check", None),
        ("DELETE FROM key_check", "key_check", None),
        ("UPDATE idempotency SET hash='ce'||substr(hash,3)", "idempotency", None),
        ("UPDATE idempotency SET stream='d/9'", "idempotency", None),
        ("UPDATE claim SET stream='d/1'", "claim_without_open_stream", None),
        ("UPDATE ancestry SET stream='d/9'", "ancestry", None),
        ("UPDATE ancestry SET label=label+64", "ancestry", None),
        (
            "INSERT INTO data_key SELECT 'd/2', key_id, nonce, wrapped FROM data_key",
            "data_key_without_body",
            None,
        ),
        (
            "INSERT INTO body SELECT 'ff', stream, salt, nonce, ciphertext, length FROM body LIMIT 1",
            "body_without_record",
            None,
        ),
    ],
)
def test_every_column_is_covered(written, sqlite_ledgers, statement, what, seq):
    """A change in any column that the log commits to is named, with the record where there is one."""
    _change(written, statement)

    report = verify(written, sqlite_ledgers.keys)

    assert (report.problems[0].what, report.problems[0].seq) == (what, seq)
    assert not report.sound


def test_every_bit_of_a_record_is_covered(written, sqlite_ledgers):
    """Any flipped bit of the stored bytes is that record's problem, the first, and changes the root."""
    _change(written, "UPDATE claim SET owner=owner")  # the guards are gone
    connection = sqlite3.connect(written, isolation_level=None)
    (data,) = connection.execute("SELECT bytes FROM entry WHERE seq=2").fetchone()
    root = verify(written, sqlite_ledgers.keys).root
    for bit in range(0, len(data) * 8, 37):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        connection.execute("UPDATE entry SET bytes=? WHERE seq=2", [bytes(flipped)])
        report = verify(written, sqlite_ledgers.keys)

        assert (report.problems[0].what, report.problems[0].seq) == ("leaf_hash", 2)
        assert report.root != root
    connection.close()


def _rewrite(path, seq, change):
    """Change a record's JSON as somebody would who also mends the hash."""
    connection = sqlite3.connect(path)
    (data,) = connection.execute("SELECT bytes FROM entry WHERE seq=?", [seq]).fetchone()
    connection.close()
    value = json.loads(data)
    rewritten = change(value) or canonical(value)
    _change(path, "UPDATE entry SET bytes=?, leaf_hash=? WHERE seq=?", rewritten, leaf_hash(rewritten), seq)


@pytest.mark.parametrize(
    ("seq", "change", "what"),
    [
        (2, lambda value: json.dumps(value).encode(), "not_canonical"),
        (2, lambda value: canonical(value | {"kind": "nothing"}), "not_a_record"),
        (2, lambda _: b"not json", "not_a_record"),
        (2, lambda _: b"[" * 60_000, "not_a_record"),
        (2, lambda _: b"3", "not_a_record"),
        (2, lambda value: canonical(value | {"log": "log-2"}), "other_log"),
        (2, lambda value: canonical(value | {"ordinal": 5}), "columns_differ"),
        (2, lambda value: value["data"].update(attempt=2), "no_ticket"),
        (6, lambda value: value["data"].update(ask="a9"), "no_ticket"),
        (0, lambda value: canonical(value | {"stream": "d/0"}), "columns_differ"),
    ],
)
def test_a_record_rewritten_with_its_hash_is_still_named(written, sqlite_ledgers, seq, change, what):
    """What a forger who recomputes hashes gets wrong is named; the rest only a kept root shows."""
    before = verify(written, None).root
    _rewrite(written, seq, change)

    report = verify(written, sqlite_ledgers.keys)

    assert what in {problem.what for problem in report.problems}
    assert report.root != before


def test_a_log_must_start_with_its_configuration(written, sqlite_ledgers):
    """A first record of another stream is named, even where hash and columns were made to fit."""
    _rewrite(written, 0, lambda value: canonical(value | {"stream": "d/0"}))
    _change(written, "UPDATE entry SET stream='d/0' WHERE seq=0")

    report = verify(written, sqlite_ledgers.keys)

    assert (report.problems[0].what, report.problems[0].seq) == ("first_record", 0)


def test_a_file_that_changes_under_the_check_is_not_judged(written, sqlite_ledgers):
    """A writer that starts in mid-check is noticed: no report over two states of the file."""

    class WritingKeys:
        def tenant_key(self, key_id):
            _change(written, "UPDATE claim SET owner=owner||'+'")
            return sqlite_ledgers.keys.tenant_key(key_id)

    with pytest.raises(LedgerUnavailableError) as raised:
        verify(written, WritingKeys())

    assert raised.value.reason == "changing"


def test_problems_are_bounded(sqlite_ledgers, drafts):
    """A log with a problem in every record ends in a bounded report that still counts and hashes all."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.ticketed() for _ in range(1200)])

    asyncio.run(story())
    _change(sqlite_ledgers.path, "UPDATE entry SET leaf_hash=flip(leaf_hash)")

    report = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    assert (len(report.problems), report.records) == (1000, 1201)


def test_a_stream_with_a_hole_is_named(written, sqlite_ledgers):
    """A record removed, with everything after it renumbered, leaves a hole in its stream."""
    _change(written, "DELETE FROM entry WHERE seq=2")
    for seq in range(3, 8):
        _change(written, "UPDATE entry SET seq=seq-1 WHERE seq=?", seq)

    report = verify(written, sqlite_ledgers.keys)

    assert report.problems[0].what == "ordinal_not_contiguous"
    assert (report.problems[0].seq, report.problems[0].stream, report.problems[0].ordinal) == (2, "d/1", 2)


def test_a_wrong_key_is_no_forgery(written):
    """With a wrong key or another id the key is named, not every body."""
    for keys in (TenantKeys("k1", b"x" * 32), TenantKeys("k2", b"k" * 32)):
        with pytest.raises(KeyMissingError) as raised:
            verify(written, keys)

        assert raised.value.reason == "wrong_key"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET bytes='text' WHERE seq=2",
        "UPDATE entry SET leaf_hash='text' WHERE seq=2",
        "UPDATE entry SET stream=x'ff00' WHERE seq=2",
        "UPDATE entry SET stream=CAST(x'ff41' AS TEXT) WHERE seq=2",
        "UPDATE body SET length='long'",
        "UPDATE body SET salt='salt'",
        "UPDATE body SET stream=x'ff'",
        "UPDATE data_key SET key_id=x'ff'",
        "UPDATE ancestry SET label='low'",
        "UPDATE claim SET stream=x'00'",
    ],
)
def test_a_value_of_another_type_is_named(written, sqlite_ledgers, statement):
    """SQLite keeps any type in any column: a report or a named error, never a crash."""
    _change(written, statement)
    try:
        sound = verify(written, sqlite_ledgers.keys).sound
    except TamperedError:
        sound = False

    assert not sound


def test_bytes_that_are_no_text_do_not_pass_for_a_replacement_character(sqlite_ledgers, drafts):
    """A name with U+FFFD in it, and one byte that decodes to nothing, are two names."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.ticketed()], Marks(owner="\ufffd", ttl_ms=9))

    asyncio.run(story())
    before = verify(sqlite_ledgers.path, sqlite_ledgers.keys).problems
    _change(sqlite_ledgers.path, "UPDATE claim SET owner=CAST(x'ff' AS TEXT)")

    assert before == ()
    assert [problem.what for problem in verify(sqlite_ledgers.path, sqlite_ledgers.keys).problems] == [
        "claim"
    ]


def test_what_is_no_ledger_is_foreign(tmp_path):
    """A text file, another database and an empty file are foreign; no file is no ledger."""
    (tmp_path / "text").write_text("x" * 5000, encoding="utf-8")
    (tmp_path / "empty").touch()
    connection = sqlite3.connect(tmp_path / "other")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    reasons = {}
    for name in ("text", "empty", "other"):
        with pytest.raises(ForeignLedgerError) as raised:
            verify(tmp_path / name, None)
        reasons[name] = raised.value.reason
    with pytest.raises(LedgerUnavailableError) as absent:
        verify(tmp_path / "none", None)

    assert reasons == {"text": "not_sqlite", "empty": "empty", "other": "other_application"}
    assert absent.value.reason == "not_found"


def test_a_truncated_file_ends_in_a_named_error(sqlite_ledgers, drafts, entropy):
    """Cut off anywhere, the file is named as damaged or foreign, or the report has problems."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            for n in range(60):
                await ledger.append(f"d/{n}", 0, [drafts.answered(answer=entropy.token(3000))])

    asyncio.run(story())
    whole = sqlite_ledgers.path.read_bytes()
    outcomes = []
    for part in range(20):
        sqlite_ledgers.path.write_bytes(whole[: len(whole) * part // 20])
        try:
            outcomes.append("sound" if verify(sqlite_ledgers.path, sqlite_ledgers.keys).sound else "problems")
        except MagiError as error:
            outcomes.append(error.code)

    assert set(outcomes) <= {"problems", "tampered", "foreign_ledger"}
