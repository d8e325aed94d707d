"""Erasure and legal holds: what acts as it is recorded, what forbids it, and what is left in the files afterwards."""

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from magi.core.acts import Erased, Held, HoldReleased
from magi.core.errors import ErasedError, ErasureRefusedError, ForeignLedgerError, LedgerUnavailableError
from magi.core.ports import Draft, Marks
from magi.ledger.erasure import again_at, again_in_file, empty_wal
from magi.ledger.verify import verify

RETENTION = "retention"
ERASER = Path(__file__).with_name("eraser.py")


def erased(stream, *commitments, whole, why="request"):
    """A tombstone."""
    return Draft(Erased(stream=stream, commitments=commitments, why=why, by="甲", whole=whole))


def held(name="訴訟1", *streams):
    """A hold; over every stream unless some are named."""
    return Draft(Held(name=name, streams=streams or ("*",), by="乙"))


def released(name="訴訟1"):
    """Its end."""
    return Draft(HoldReleased(name=name, by="乙"))


async def filled(ledger, drafts, stream="d/1", count=2):
    """A decided deliberation with `count` bodies; the refs."""
    opened = await ledger.append(stream, 0, [drafts.opened(question=b"q" * 50)])
    rest = [drafts.ticketed(attempt=n, request=os.urandom(60)) for n in range(1, count)]
    records = opened + await ledger.append(stream, 1, [*rest, drafts.decided()])
    return [ref for record in records for ref in record.refs]


async def refused(ledger, draft):
    """The reason for which an act is refused."""
    with pytest.raises(ErasureRefusedError) as raised:
        await ledger.append(RETENTION, None, [draft])
    return raised.value.reason


def test_an_erased_body_is_gone_and_its_tombstone_answers(ledgers, drafts, clock):
    """Reading an erased body says by whom, why and when; its neighbour can still be read."""

    async def story():
        async with ledgers.open() as ledger:
            one, other = await filled(ledger, drafts)
            await ledger.append(RETENTION, None, [erased("d/1", one.commitment, whole=False)])
            with pytest.raises(ErasedError) as raised:
                await ledger.body(one, "監査", "c-1")
            return raised.value.facts, await ledger.body(other, "監査", "c-1")

    facts, kept = asyncio.run(story())

    assert facts == {"stream": "d/1", "by": "甲", "why": "request", "at_ms": clock.ms}
    assert len(kept) == 60


def test_the_log_stays_sound(sqlite_ledgers, drafts):
    """After a partial and a whole erasure the log verifies, and says how many bodies were erased."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            one, other = await filled(ledger, drafts)
            await filled(ledger, drafts, "d/2")
            await ledger.append(RETENTION, None, [erased("d/1", one.commitment, whole=False)])
            await ledger.append(RETENTION, None, [erased("d/1", other.commitment, whole=True)])

    asyncio.run(story())
    report = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    assert (report.problems, report.erased) == ((), 2)


@pytest.mark.parametrize("over", ["d/1", "*"])
def test_a_hold_forbids_erasure_until_it_is_released(ledgers, drafts, over):
    """A hold over the stream or over all refuses the erasure and leaves the body; its release lets it be erased."""

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            one, two = await filled(ledger, drafts)
            tombstone = erased("d/1", one.commitment, two.commitment, whole=True)
            await other.append(RETENTION, None, [held("訴訟1", over)])
            reason = await refused(ledger, tombstone)
            there = await ledger.body(one, "監査", "c-1")
            await other.append(RETENTION, None, [released()])
            return reason, there, await ledger.append(RETENTION, None, [tombstone])

    reason, there, done = asyncio.run(story())

    assert (reason, len(there), [record.kind for record in done]) == ("held", 50, ["erased"])


def test_of_two_holds_one_is_enough(ledgers, drafts):
    """Releasing one of two holds over a stream does not free it."""

    async def story():
        async with ledgers.open() as ledger:
            one, _ = await filled(ledger, drafts)
            for name in ("訴訟1", "訴訟2"):
                await ledger.append(RETENTION, None, [held(name, "d/1")])
            await ledger.append(RETENTION, None, [released()])
            return await refused(ledger, erased("d/1", one.commitment, whole=False))

    assert asyncio.run(story()) == "held"


def test_a_hold_has_one_name_and_one_end(ledgers):
    """A second hold of one name, and the release of a hold that is not there, are refused."""

    async def story():
        async with ledgers.open() as ledger:
            early = await refused(ledger, released())
            await ledger.append(RETENTION, None, [held()])
            again = await refused(ledger, held())
            await ledger.append(RETENTION, None, [released()])
            return early, again, await refused(ledger, released())

    assert asyncio.run(story()) == ("hold_unknown", "hold_known", "hold_unknown")


def test_an_open_deliberation_is_not_erased(ledgers, drafts):
    """While somebody holds the claim on a stream, its bodies stay; with the verdict they may go."""

    async def story():
        async with ledgers.open() as ledger:
            (opened,) = await ledger.append(
                "d/1", 0, [drafts.opened(question=b"q")], Marks(owner="p", ttl_ms=10)
            )
            tombstone = erased("d/1", opened.refs[0].commitment, whole=True)
            reason = await refused(ledger, tombstone)
            await ledger.append("d/1", 1, [drafts.decided()], Marks(closes=True))
            return reason, len(await ledger.append(RETENTION, None, [tombstone]))

    assert asyncio.run(story()) == ("open", 1)


@pytest.mark.parametrize(
    ("stream", "named", "reason"),
    [
        ("d/1", ["ee" * 32], "unknown"),
        ("d/2", ["one"], "unknown"),
        ("d/1", ["one", "one"], "unknown"),
        ("d/1", ["one", "!"], "changed"),
        ("d/1", ["one", "two"], "changed"),
    ],
    ids=["not-there", "other-stream", "twice", "not-the-last", "the-last"],
)
def test_a_tombstone_that_is_not_true_is_refused(ledgers, drafts, stream, named, reason):
    """A tombstone names bodies that are there, of its stream, once each, and says rightly if they are the last."""

    async def story():
        async with ledgers.open() as ledger:
            refs = dict(zip(("one", "two"), await filled(ledger, drafts), strict=True))
            await filled(ledger, drafts, "d/2")
            names = [refs[name].commitment if name in refs else name for name in named if name != "!"]
            return await refused(ledger, erased(stream, *names, whole="!" in named))

    assert asyncio.run(story()) == reason


def test_what_is_erased_is_not_erased_twice(ledgers, drafts):
    """A second tombstone of the same body is refused."""

    async def story():
        async with ledgers.open() as ledger:
            one, _ = await filled(ledger, drafts)
            await ledger.append(RETENTION, None, [erased("d/1", one.commitment, whole=False)])
            return await refused(ledger, erased("d/1", one.commitment, whole=False))

    assert asyncio.run(story()) == "unknown"


@pytest.mark.parametrize("where", ["d/1", "access"])
def test_acts_stand_in_their_stream_and_alone(ledgers, drafts, where):
    """An act in another stream than `retention`, or beside another record, is refused."""

    async def story():
        async with ledgers.open() as ledger:
            one, _ = await filled(ledger, drafts)
            act = erased("d/1", one.commitment, whole=False)
            with pytest.raises(ErasureRefusedError) as elsewhere:
                await ledger.append(where, None, [act])
            with pytest.raises(ErasureRefusedError) as together:
                await ledger.append(RETENTION, None, [act, held()])
            return elsewhere.value.reason, together.value.reason

    assert asyncio.run(story()) == ("not_here", "not_here")


def test_acts_handed_in_at_once_are_judged_one_by_one(ledgers, drafts):
    """Of an erasure and a hold in one group the first wins: after a hold no erasure lands, whatever they share."""

    async def story():
        async with ledgers.open() as ledger:
            refs = [await filled(ledger, drafts, f"d/{n}", 1) for n in range(20)]
            acts = [erased(f"d/{n}", refs[n][0].commitment, whole=True) for n in range(20)]
            waits = [ledger.append(RETENTION, None, [act]) for act in [*acts[:10], held(), *acts[10:]]]
            return await asyncio.gather(*waits, return_exceptions=True)

    found = asyncio.run(story())

    assert [isinstance(each, tuple) for each in found] == [True] * 11 + [False] * 10
    assert {each.reason for each in found[11:]} == {"held"}


def test_a_body_of_the_same_group_counts(sqlite_ledgers, drafts):
    """A tombstone in one group with a record that brings the stream another body is not wrong about the last."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            (ref,) = await filled(ledger, drafts, count=1)
            late = ledger.append("d/1", 2, [drafts.ticketed(attempt=9, request=b"late")])
            act = ledger.append(RETENTION, None, [erased("d/1", ref.commitment, whole=True)])
            return await asyncio.gather(late, act, return_exceptions=True)

    for _ in range(3):  # whether they share a group is the writer's, but both orders must be sound
        sqlite_ledgers.path.unlink(missing_ok=True)
        asyncio.run(story())

        assert verify(sqlite_ledgers.path, sqlite_ledgers.keys).problems == ()


# What is left in the files.


def secrets_of(path, stream):
    """Salts, ciphertexts and the wrapped key of a stream, as they are stored."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT salt, ciphertext FROM body WHERE stream = ?", (stream,)).fetchall()
        keys = connection.execute("SELECT wrapped FROM data_key WHERE stream = ?", (stream,)).fetchall()
    connection.close()
    return [piece for row in (*rows, *keys) for piece in row]


def left_of(path, secrets, piece=16):
    """How many of the secrets have any piece of themselves in the ledger's files."""
    files = b"".join(each.read_bytes() for each in path.parent.glob(path.name + "*"))
    return sum(
        any(secret[at : at + piece] in files for at in range(0, len(secret) - piece + 1, piece))
        for secret in secrets
    )


@pytest.mark.parametrize("others", [0, 40])
def test_no_byte_of_an_erased_body_stays_in_the_files(sqlite_ledgers, drafts, others):
    """With the log emptied, no 16 bytes of salt, ciphertext or data key are in ledger.db or ledger.db-wal."""
    path, seen = sqlite_ledgers.path, {}

    async def story():
        async with sqlite_ledgers.open() as ledger:
            for n in range(others):
                await ledger.append(f"d/other-{n}", 0, [drafts.opened(question=os.urandom(900))])
            big = drafts.ticketed(attempt=9, request=os.urandom(90_000))  # in pages of its own
            refs = await filled(ledger, drafts)
            refs += (await ledger.append("d/1", 3, [big]))[0].refs
            seen["secrets"] = secrets_of(path, "d/1")
            seen["before"] = left_of(path, seen["secrets"])
            names = [ref.commitment for ref in refs]
            await ledger.append(RETENTION, None, [erased("d/1", *names, whole=True)])
            seen["wal"] = left_of(path, seen["secrets"])
            seen["emptied"] = await asyncio.to_thread(empty_wal, path)
            seen["after"] = left_of(path, seen["secrets"])

    asyncio.run(story())

    assert (len(seen["secrets"]), seen["before"]) == (7, 7)
    assert seen["wal"] > 0  # why the log has to be emptied
    assert (seen["emptied"], seen["after"], left_of(path, seen["secrets"])) == (True, 0, 0)


def test_no_remnant_after_many_erasures(sqlite_ledgers, drafts):
    """However pages were split and joined by a hundred appends and erasures, nothing of what was erased is left."""
    chance, path, secrets = random.Random(5), sqlite_ledgers.path, []  # noqa: S311  # seeded on purpose

    async def story():
        async with sqlite_ledgers.open() as ledger:
            live = {}
            for n in range(160):
                sizes = [chance.choice([30, 200, 900, 5_000]) for _ in range(chance.randint(1, 4))]
                batch = [drafts.answered(ask=f"a{i}", answer=os.urandom(s)) for i, s in enumerate(sizes)]
                records = await ledger.append(f"d/{n}", 0, batch)
                live[f"d/{n}"] = [ref.commitment for record in records for ref in record.refs]
                if n % 3 == 0:
                    stream = chance.choice(sorted(live))
                    secrets.extend(secrets_of(path, stream))
                    names = live.pop(stream)
                    await ledger.append(RETENTION, None, [erased(stream, *names, whole=True)])

    asyncio.run(story())

    assert empty_wal(path)
    assert (len(secrets) > 150, left_of(path, secrets)) == (True, 0)


def test_a_reader_in_between_keeps_the_log(sqlite_ledgers, drafts):
    """While a reader's snapshot is open, the log cannot be emptied, and this is said."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            refs = await filled(ledger, drafts)
            reader = sqlite3.connect(sqlite_ledgers.path, isolation_level=None)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM body").fetchone()
            names = [ref.commitment for ref in refs]
            await ledger.append(RETENTION, None, [erased("d/1", *names, whole=True)])
            meanwhile = await asyncio.to_thread(empty_wal, sqlite_ledgers.path, wait_seconds=0.05)
            reader.close()
            return meanwhile, await asyncio.to_thread(empty_wal, sqlite_ledgers.path)

    assert asyncio.run(story()) == (False, True)


# A backup brings back what was erased.


def restored(ledgers, drafts, *acts):
    """A ledger whose tables beside the log come from a backup of before the erasure; the refs of d/1.

    The records stay: this is what putting an old copy of the bodies beside the log amounts to.
    """
    path = ledgers.path
    backup = path.with_name("backup.db")

    async def story():
        async with ledgers.open() as ledger:
            refs = await filled(ledger, drafts)
            await filled(ledger, drafts, "d/2")
            assert empty_wal(path)
            shutil.copy(path, backup)
            names = [ref.commitment for ref in refs]
            await ledger.append(RETENTION, None, [erased("d/1", *names, whole=True)])
            for act in acts:
                await ledger.append(RETENTION, None, [act])
            return refs

    refs = asyncio.run(story())
    with sqlite3.connect(path) as connection:
        connection.execute("ATTACH ? AS old", (str(backup),))
        for table in ("data_key", "body"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608  # names of our own
            connection.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608
        connection.execute("DELETE FROM erased")
    connection.close()
    return refs


def test_what_a_backup_brought_back_is_erased_again(sqlite_ledgers, drafts):
    """Bodies that tombstones name are erased without a new record, and the log is sound again."""
    refs = restored(sqlite_ledgers, drafts)
    secrets = secrets_of(sqlite_ledgers.path, "d/1")
    before = verify(sqlite_ledgers.path, sqlite_ledgers.keys)
    done = again_in_file(sqlite_ledgers.path, log="log-1", tenant="t1")
    twice = again_in_file(sqlite_ledgers.path, log="log-1", tenant="t1")
    empty_wal(sqlite_ledgers.path)
    after = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    assert {problem.what for problem in before.problems} >= {"erased_body_there"}
    assert (done.bodies, done.held, twice.bodies) == (len(refs), (), 0)
    assert (after.problems, after.root, after.records) == ((), before.root, before.records)
    assert left_of(sqlite_ledgers.path.with_name("ledger.db"), secrets) == 0


def test_postgres_erases_again(postgres_ledgers, drafts):
    """In PostgreSQL too: what came back beside its tombstone goes, and the tombstone answers again."""
    address = postgres_ledgers.url

    async def story():
        async with postgres_ledgers.open() as ledger:
            refs = await filled(ledger, drafts)
            with psycopg.connect(address) as connection:
                connection.execute("CREATE TEMP TABLE keys AS SELECT * FROM data_key")
                connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM body")
                connection.commit()
                names = [ref.commitment for ref in refs]
                await ledger.append(RETENTION, None, [erased("d/1", *names, whole=True)])
                connection.execute("INSERT INTO data_key SELECT * FROM keys")
                connection.execute("INSERT INTO body SELECT * FROM kept")
                connection.execute("DELETE FROM erased")
                connection.commit()
                done = await asyncio.to_thread(again_at, address, log="log-1", tenant="t1")
                left = connection.execute(
                    "SELECT (SELECT count(*) FROM body) + (SELECT count(*) FROM data_key)"
                )
                with pytest.raises(ErasedError):
                    await ledger.body(refs[0], "監査", "c-1")
                return done, left.fetchone()[0]

    done, left = asyncio.run(story())

    assert (done.bodies, done.held, left) == (2, (), 0)


def test_a_hold_keeps_what_a_backup_brought_back(sqlite_ledgers, drafts):
    """A hold that was set after the erasure forbids erasing again: the body is evidence now that it is there."""
    refs = restored(sqlite_ledgers, drafts, held("訴訟1", "d/1"))
    kept = again_in_file(sqlite_ledgers.path, log="log-1", tenant="t1")

    assert (kept.bodies, kept.held) == (0, ("d/1",))
    assert len(secrets_of(sqlite_ledgers.path, "d/1")) == 2 * len(refs) + 1


def test_erasing_again_is_for_this_log_only(sqlite_ledgers, tmp_path):
    """Another tenant's ledger is refused, and no file is made where there is none."""

    async def story():
        async with sqlite_ledgers.open():
            pass

    asyncio.run(story())

    with pytest.raises(ForeignLedgerError):
        again_in_file(sqlite_ledgers.path, log="log-1", tenant="t2")
    with pytest.raises(LedgerUnavailableError):
        again_in_file(tmp_path / "none.db", log="log-1", tenant="t1")
    assert not (tmp_path / "none.db").exists()


# Two processes.


def test_a_hold_of_another_process_wins_every_race(sqlite_ledgers, drafts):
    """One process erases stream by stream while another sets a hold: nothing is erased after the hold's record."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            for n in range(200):
                await ledger.append(f"d/{n}", 0, [drafts.answered(answer=b"x" * 40)])

    asyncio.run(story())
    command = [sys.executable, str(ERASER), str(sqlite_ledgers.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with (
        subprocess.Popen([*command, "erase"], **pipes) as eraser,
        subprocess.Popen([*command, "hold"], **pipes) as holder,
    ):
        ready = [process.stdout.read(1) for process in (eraser, holder)]  # both have the ledger open
        eraser.stdin.write(b"!")
        begun = eraser.stdout.read(1)
        holder.stdin.write(b"!")
        for process in (holder, eraser):
            process.communicate(timeout=60)

    async def look():
        async with sqlite_ledgers.open(read_only=True) as ledger:
            return [record.kind for record in await ledger.read(RETENTION)]

    kinds = asyncio.run(look())
    report = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    assert (ready, begun, holder.returncode, eraser.returncode) == ([b"."] * 2, b"+", 0, 0)
    assert kinds.count("held") == 1
    assert kinds.index("held") == len(kinds) - 1
    assert 0 < len(kinds) - 1 < 200
    assert (report.problems, report.erased) == ((), len(kinds) - 1)
