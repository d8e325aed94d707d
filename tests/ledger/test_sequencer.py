"""The sequencer of a PostgreSQL log: dense places, one signed tree, whatever is killed, cut or late."""

import asyncio
import contextlib
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from magi.core.errors import KeyMissingError, LedgerUnavailableError, TamperedError, UncertainError
from magi.ledger.logkey import GivenSigners
from magi.ledger.note import open_note, parse_checkpoint
from magi.ledger.note_key import new_signer
from magi.ledger.sequencer import POLL_SECONDS, Sequencing
from magi.ledger.tree import leaf_hash, merkle_root

PAUSING = Path(__file__).with_name("pausing_sequencer.py")
LIMIT_SECONDS = 60
SIGNER = new_signer("log-1", b"s" * 32)
OTHER_SIGNER = new_signer("log-1", b"o" * 32)


def _rows(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def _run(url, *statements):
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _append(ledgers, *streams):
    """Append one record to the end of each stream, in this order."""

    async def story():
        async with ledgers.open() as ledger:
            for stream, draft in streams:
                await ledger.append(stream, None, [draft])

    asyncio.run(story())


def _check(url):
    """Recompute everything that the log says of itself: (placed, waiting), or an assertion that fails."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # a sequencer may be at work
        entries, ((waiting,),), heads, tiled = (
            connection.execute(query).fetchall()
            for query in (
                "SELECT seq, stream, ordinal, bytes FROM entry WHERE seq IS NOT NULL ORDER BY seq",
                "SELECT count(*) FROM entry WHERE seq IS NULL",
                "SELECT size, note FROM head",
                "SELECT level, number, hashes FROM tile",
            )
        )
    tiles = {(level, number): hashes for level, number, hashes in tiled}
    leaves = [leaf_hash(row[3]) for row in entries]
    assert [row[0] for row in entries] == list(range(len(entries)))
    ordinals = {}
    for _, stream, ordinal, _ in entries:
        assert ordinal == ordinals.get(stream, -1) + 1
        ordinals[stream] = ordinal
    assert tiles == {(0, n): b"".join(leaves[n * 256 : n * 256 + 256]) for n in range(len(leaves) // 256)}
    if not heads:
        assert not entries
        return 0, waiting
    ((size, note),) = heads
    checkpoint = parse_checkpoint(open_note(note, [SIGNER.verifier]).text)
    assert (checkpoint.origin, checkpoint.size, size) == ("log-1", len(leaves), len(leaves))
    assert checkpoint.root == merkle_root(leaves)
    return len(entries), waiting


def test_places_are_given_in_order_of_arrival(postgres_ledgers, drafts):
    """A step takes a bounded number, the next the rest, a third finds nothing; every entry is in the signed tree."""
    streams = ["d/1", "d/2", "d/1", "d/3", "d/2", "d/1"]
    _append(postgres_ledgers, *((stream, drafts.answered()) for stream in streams))

    with postgres_ledgers.sequencer(batch=5) as sequencer:
        steps = [sequencer.step() for _ in range(3)]
    order = [row[0] for row in _rows(postgres_ledgers.url, "SELECT stream FROM entry ORDER BY seq")]

    assert steps == [5, 2, 0]
    assert order == ["config", *streams]
    assert _check(postgres_ledgers.url) == (7, 0)


def test_what_has_no_place_yet_is_read_at_once(postgres_ledgers, drafts):
    """The head lags behind what was acknowledged; readers do not."""

    async def story():
        async with postgres_ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered(answer=b"x")])
            with postgres_ledgers.sequencer() as sequencer:
                sequencer.step()
            await ledger.append("d/1", 1, [drafts.decided()])
            await ledger.append("d/0", 0, [drafts.answered()])
            return len(await ledger.read("d/1")), await ledger.streams("")

    records, streams = asyncio.run(story())

    assert records == 2
    assert streams == ("config", "d/1", "d/0")
    assert _check(postgres_ledgers.url) == (2, 2)


def test_a_commit_that_lands_late_is_not_missed(postgres_ledgers, drafts):
    """An entry that arrived before others and was committed after they got their places gets the next one."""
    asyncio.run(postgres_ledgers.open().close())
    row = _rows(postgres_ledgers.url, "SELECT bytes, leaf_hash FROM entry")[0]
    with psycopg.connect(postgres_ledgers.url) as late:
        insert = "INSERT INTO entry (stream, ordinal, kind, bytes, leaf_hash) VALUES ('late', 0, 'x', %s, %s)"
        late.execute(insert, row)
        _append(postgres_ledgers, ("d/1", drafts.answered()))
        with postgres_ledgers.sequencer() as sequencer:
            first = sequencer.step()
            late.commit()
            second = sequencer.step()
    arrived = _rows(postgres_ledgers.url, "SELECT stream FROM entry ORDER BY arrival")
    placed = _rows(postgres_ledgers.url, "SELECT stream FROM entry ORDER BY seq")

    assert (first, second) == (2, 1)
    assert arrived == [("config",), ("late",), ("d/1",)]
    assert placed == [("config",), ("d/1",), ("late",)]
    assert _check(postgres_ledgers.url) == (3, 0)


def test_one_works_at_a_time(postgres_ledgers, drafts):
    """While one is in mid-step, another stands by and says that it did nothing; afterwards it takes over."""
    _append(postgres_ledgers, ("d/1", drafts.answered()))
    with postgres_ledgers.sequencer() as sequencer, _paused(postgres_ledgers.url, 0, "commit") as process:
        beside = sequencer.step()
        process.kill()
        process.wait(LIMIT_SECONDS)
        after = _until(sequencer.step)

    assert (beside, after) == (0, 2)
    assert _check(postgres_ledgers.url) == (2, 0)


@contextlib.contextmanager
def _paused(url, good, where):
    """A sequencer of another process, stopped in mid-step."""
    command = [sys.executable, str(PAUSING), url, str(good), where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().strip() == "paused"
            yield process
        finally:
            process.kill()


def _until(done):
    """The first answer of `done` that is not 0: the server needs a moment to notice that a client was killed."""
    until = time.monotonic() + LIMIT_SECONDS
    while not (answer := done()) and time.monotonic() < until:
        time.sleep(0.01)
    return answer


@pytest.mark.parametrize("where", ["keys", "commit"])
@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_sequencer_that_is_killed_leaves_nothing_half(postgres_ledgers, drafts, good, where):
    """Killed after whole steps and in the middle of one: the log is as after the whole ones, and another goes on."""
    _append(postgres_ledgers, *((f"d/{n % 3}", drafts.answered()) for n in range(9)))

    with _paused(postgres_ledgers.url, good, where) as process:
        during = _check(postgres_ledgers.url)
        process.kill()
        process.wait(LIMIT_SECONDS)
        after = _check(postgres_ledgers.url)
        with postgres_ledgers.sequencer() as sequencer:
            placed = _until(sequencer.step)

    assert during == after == (3 * good, 10 - 3 * good)
    assert placed == 10 - 3 * good
    assert _check(postgres_ledgers.url) == (10, 0)


@pytest.mark.parametrize(
    ("cut", "expected", "placed"),
    [
        (("before", b"COMMIT\x00"), (UncertainError, "commit"), 1),
        (("after", b"COMMIT\x00"), (UncertainError, "commit"), 3),
        (("before", b"UPDATE entry"), (LedgerUnavailableError, "unreachable"), 1),
        (("after", b"UPDATE head"), (LedgerUnavailableError, "unreachable"), 1),
    ],
)
def test_a_lost_answer_is_settled_by_reading_again(  # noqa: PLR0917  # fixtures and cases
    postgres_ledgers, postgres_proxy, drafts, cut, expected, placed
):
    """Whether the COMMIT whose answer was lost took place or not, the same sequencer goes on without a fork."""
    asyncio.run(postgres_ledgers.open().close())
    with postgres_ledgers.sequencer(url=postgres_proxy.url) as sequencer:
        sequencer.step()
        _append(postgres_ledgers, ("d/1", drafts.answered()), ("d/2", drafts.answered()))
        postgres_proxy.cut = cut
        with pytest.raises(expected[0]) as raised:
            sequencer.step()
        between = _check(postgres_ledgers.url)
        _append(postgres_ledgers, ("d/3", drafts.answered()))
        _until(sequencer.step)

    assert postgres_proxy.cuts == 1
    assert raised.value.reason == expected[1]
    assert between == (placed, 3 - placed)
    assert _check(postgres_ledgers.url) == (4, 0)


def test_several_sequencers_beside_many_writers_make_one_log(postgres_ledgers, drafts, entropy):
    """Writers of shared streams beside three sequencers: nothing is lost, doubled or out of its stream's order."""
    chance = random.Random(5)  # noqa: S311  # the same order every time
    asyncio.run(postgres_ledgers.open().close())
    services = [Sequencing(postgres_ledgers.sequencer(batch=7)) for _ in range(3)]

    async def write(ledger, name):
        for n in range(30):
            stream = chance.choice(["access", "b/1", f"d/{name}"])
            await ledger.append(stream, None, [drafts.answered(answer=b"x" * n)] * chance.randint(1, 4))

    async def story():
        opened = [postgres_ledgers.open(entropy=type(entropy)(n)) for n in range(3)]
        await asyncio.gather(*(write(ledger, n) for n, ledger in enumerate(opened * 3)))
        written = sum(ledger.stats.records for ledger in opened)
        for ledger in opened:
            await ledger.close()
        return written

    written = asyncio.run(story())
    _until(lambda: _check(postgres_ledgers.url)[1] == 0)
    for service in services:
        service.close()

    assert [service.failed for service in services] == [None] * 3
    assert written > 256
    assert _check(postgres_ledgers.url) == (1 + written, 0)


def test_a_service_goes_on_when_the_database_comes_back(postgres_ledgers, postgres_proxy):
    """A connection that is lost in mid-step does not end the sequencer of a service."""
    asyncio.run(postgres_ledgers.open().close())
    postgres_proxy.cut = ("before", b"UPDATE entry")
    service = Sequencing(postgres_ledgers.sequencer(url=postgres_proxy.url))
    _until(lambda: _check(postgres_ledgers.url)[0])
    service.close()

    assert (postgres_proxy.cuts, service.failed) == (1, None)
    assert _check(postgres_ledgers.url) == (1, 0)


def test_a_service_ends_when_told(postgres_ledgers):
    """An idle sequencer ends within a few of its looks."""
    asyncio.run(postgres_ledgers.open().close())
    service = Sequencing(postgres_ledgers.sequencer())
    started = time.monotonic()
    service.close()

    assert time.monotonic() - started < 100 * POLL_SECONDS
    assert threading.active_count() >= 1
    assert service.failed is None


# --- what is not signed ------------------------------------------------------------------------------------


def test_another_key_signs_no_first_head(postgres_ledgers):
    """The key that the first record names must be among those that sign."""
    asyncio.run(postgres_ledgers.open().close())
    with postgres_ledgers.sequencer(signers=GivenSigners((OTHER_SIGNER,))) as sequencer:
        with pytest.raises(KeyMissingError) as raised:
            sequencer.step()

        assert raised.value.reason == "wrong_log_key"
    assert _check(postgres_ledgers.url) == (0, 1)


def test_another_key_does_not_go_on_with_a_signed_log(postgres_ledgers, drafts):
    """A head that the keys at hand did not sign is not extended."""
    asyncio.run(postgres_ledgers.open().close())
    with postgres_ledgers.sequencer() as sequencer:
        sequencer.step()
    _append(postgres_ledgers, ("d/1", drafts.answered()))
    with postgres_ledgers.sequencer(signers=GivenSigners((OTHER_SIGNER,))) as sequencer:
        with pytest.raises(TamperedError) as raised:
            sequencer.step()

        assert raised.value.reason == "note_unsigned"
    assert _check(postgres_ledgers.url) == (1, 1)


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (
            (
                "ALTER TABLE entry DISABLE TRIGGER entry_stays",
                "UPDATE entry SET bytes = 'x' WHERE seq IS NULL",
            ),
            "leaf_hash",
        ),
        (("UPDATE head SET size = 3",), "tree_edge"),
        (("UPDATE head SET edge = decode(repeat('00', 32), 'hex')",), "head"),
        (("DELETE FROM head",), "first_record"),
    ],
)
def test_what_was_changed_is_not_signed(postgres_ledgers, drafts, statements, reason):
    """An entry that was changed while it waited, or a head that was, stops the sequencer: nothing gets a place."""
    asyncio.run(postgres_ledgers.open().close())
    with postgres_ledgers.sequencer() as sequencer:
        sequencer.step()
    _append(postgres_ledgers, ("d/1", drafts.answered()))
    _run(postgres_ledgers.url, *statements)
    with postgres_ledgers.sequencer() as sequencer, pytest.raises(TamperedError) as raised:
        sequencer.step()

    assert raised.value.reason == reason
    assert _rows(postgres_ledgers.url, "SELECT count(*) FROM entry WHERE seq IS NULL") == [(1,)]


def test_a_log_that_went_back_is_not_signed_again(postgres_ledgers, drafts):
    """A sequencer that signed a longer log does not sign the shorter one of a backup that was put in its place."""
    asyncio.run(postgres_ledgers.open().close())
    with postgres_ledgers.sequencer() as sequencer:
        sequencer.step()
        before = _rows(postgres_ledgers.url, "SELECT size, edge, note FROM head")[0]
        _append(postgres_ledgers, ("d/1", drafts.answered()))
        sequencer.step()
        with psycopg.connect(postgres_ledgers.url) as connection:
            connection.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
            connection.execute("DELETE FROM entry WHERE seq > 0")
            connection.execute("UPDATE head SET size = %s, edge = %s, note = %s", before)
        _append(postgres_ledgers, ("d/1", drafts.decided()))
        with pytest.raises(TamperedError) as raised:
            sequencer.step()

    assert raised.value.reason == "rolled_back"
    assert _check(postgres_ledgers.url) == (1, 1)
