"""A check of a PostgreSQL ledger: the same engine over another reader, and records that have no place yet."""

import asyncio

import psycopg
import pytest

from magi.core.acts import Erased
from magi.core.errors import ForeignLedgerError, LedgerUnavailableError, MalformedFileError
from magi.core.ports import Draft, Marks
from magi.ledger.verify import Brought, verify_source


def _fill(ledgers, drafts, first, count):
    async def story():
        async with ledgers.open() as ledger:
            for n in range(first, first + count):
                marks = Marks(ancestry={f"m{n}": 2}, idempotency_hash=f"{n:02x}" * 32, owner="p", ttl_ms=9)
                pair = [drafts.ticketed(request=b"r"), drafts.answered("a1", 1, answer=b"t")]
                await ledger.append(f"d/{n}", 0, pair, marks)
            refs = [ref for record in await ledger.read(f"d/{first}") for ref in record.refs]
            gone = tuple(ref.commitment for ref in refs[:1])
            await ledger.append(f"d/{first}", None, [drafts.decided()], Marks(closes=True))
            event = Erased(stream=f"d/{first}", commitments=gone, why="order", by="p", whole=False)
            await ledger.append("retention", None, [Draft(event)])

    asyncio.run(story())


def _place(ledgers):
    with ledgers.sequencer() as sequencer:
        while sequencer.step():
            pass


def _run(url, *statements):
    with psycopg.connect(url) as connection:
        connection.execute(
            "SET session_replication_role = replica"
        )  # past the guards, as whoever owns the tables may
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def placed(postgres_ledgers, drafts):
    """A ledger of which 291 records have a place, and 5 wait."""
    _fill(postgres_ledgers, drafts, 0, 144)
    _place(postgres_ledgers)
    _fill(postgres_ledgers, drafts, 200, 2)
    return postgres_ledgers


def test_a_sound_database_is_sound(placed):
    """What has a place is in the tree, what waits is judged beside it, and both are counted."""
    report = verify_source(placed.url, Brought(placed.keys))

    assert report.problems == ()
    assert (report.records, report.waiting) == (297, 6)
    assert (report.bodies_checked, report.erased) == (290, 2)
    assert report.state_checked


def test_a_log_before_its_first_head_is_no_broken_one(postgres_ledgers, drafts):
    """Everything waits; nothing is signed yet, and nothing says that it should be."""
    _fill(postgres_ledgers, drafts, 0, 1)
    report = verify_source(postgres_ledgers.url, Brought(postgres_ledgers.keys))

    assert (report.problems, report.waiting, report.signers) == ((), 5, ())


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE entry SET kind='answereD' WHERE seq=41", "columns_differ"),
        ("UPDATE entry SET bytes=set_byte(bytes, 9, 0) WHERE seq=41", "leaf_hash"),
        ("UPDATE entry SET bytes=set_byte(bytes, 9, 0) WHERE stream='d/201' AND ordinal=0", "leaf_hash"),
        (
            "UPDATE entry SET leaf_hash=set_byte(leaf_hash, 9, 0) WHERE stream='d/201' AND ordinal=1",
            "leaf_hash",
        ),
        ("UPDATE entry SET ordinal=7 WHERE stream='d/201' AND ordinal=1", "columns_differ"),
        ("DELETE FROM entry WHERE stream='d/200' AND ordinal=0", "ordinal_not_contiguous"),
        ("DELETE FROM entry WHERE seq=290", "cut_off"),
        ("UPDATE head SET size=size-1", "head_size"),
        ("DELETE FROM tile", "tile_missing"),
        ("UPDATE body SET salt=set_byte(salt, 0, 0) WHERE stream='d/201'", "body_commitment"),
        ("UPDATE claim SET expires_ms=0 WHERE stream='d/201'", "claim"),
        ("UPDATE erased SET ordinal=9", "erased_table"),
        ("DELETE FROM head", "head_missing"),
    ],
)
def test_a_changed_database_is_not_sound(placed, statement, reason):
    """Changes of placed and of waiting records are named as in a file."""
    _run(placed.url, statement)

    assert reason in {one.reason for one in verify_source(placed.url, Brought(placed.keys)).problems}


def test_what_is_no_ledger_of_ours_is_refused(postgres_url):
    """An empty database, a server that is not there, an address of something else; no password in the error."""
    away = "postgresql://me:secret@127.0.0.1:1/none"
    for url, error in (
        (postgres_url, ForeignLedgerError),
        (away, LedgerUnavailableError),
        ("postgresql:///", MalformedFileError),
    ):
        with pytest.raises(error) as raised:
            verify_source(url, Brought())
        assert "secret" not in str(raised.value)
