"""Every durable write of the ledger fails once at each of its statements: not persisted, and persisted but unanswered.

After each fault an oracle that shares no code with the ledger recomputes the whole log, and every head that another
reader could see at any moment is one that the log passed through.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import random
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert

from magi.core.acts import Erased, Held, HoldReleased
from magi.core.errors import (
    ConflictError,
    ErasureRefusedError,
    LedgerUnavailableError,
    MagiError,
    UncertainError,
)
from magi.core.ports import Draft, Marks
from magi.ledger.database import connect_file, open_engine, wal_of, writing_uri
from magi.ledger.head import Signing
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.schema import entry
from magi.ledger.verify import verify


def _sibling(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # by its path: test folders are no packages
    spec.loader.exec_module(module)
    return module


oracle, faulty = _sibling("oracle"), _sibling("faulty_store")


class World:
    """One ledger whose statements fail when told, what was acknowledged, and the heads that others saw."""

    def __init__(self, ledgers, drafts):
        """Over the ledgers' file."""
        self.path = ledgers.path
        self.drafts = drafts
        self.watcher = oracle.Watcher(self.path)
        self.faults = faulty.Faults(self.watcher.look)
        self.acknowledged = []
        self._ledgers = ledgers

    def open(self):
        """A ledger whose connections fail as told."""
        self.ledger = self._ledgers.open(connect=self.faults.connect)
        return self.ledger

    async def append(self, stream, expect, drafts, marks=None):
        """Append, and remember what was acknowledged; time goes on, so that a second try is another record."""
        self._ledgers.clock.ms += 1
        records = await self.ledger.append(stream, expect, drafts, marks or Marks())
        self.acknowledged += [_identity(record) for record in records]
        return records

    def audit(self):
        """The oracle's word on everything up to now."""
        self.watcher.look()
        return oracle.Oracle().audit(self.path, self.acknowledged, self.watcher.heads)


def _identity(record):
    return record.stream, record.ordinal, hashlib.sha256(record.to_bytes()).hexdigest()


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


async def _opened(world, n):
    hash_ = _hash(f"question {n}")
    marks = Marks(ancestry={hash_: 2}, idempotency_hash=hash_, owner="p1", ttl_ms=1_000)
    drafts = [world.drafts.opened(hash_, question=b"q"), world.drafts.ticketed(request=b"r")]
    return await world.append(f"d/{n}", 0, drafts, marks)


async def _attempted(world, n):
    marks = Marks(ancestry={_hash(f"question {n}"): 3, _hash(f"answer {n}"): 3})
    return await world.append(f"d/{n}", 2, [world.drafts.answered(answer=b"a", exchange=b"e")], marks)


async def _decided(world, n):
    marks = Marks(ancestry={_hash(f"reply {n}"): 3}, closes=True)
    return await world.append(f"d/{n}", 3, [world.drafts.decided(reply=b"v")], marks)


async def _whole_story(world, n):
    await _opened(world, n)
    await _attempted(world, n)
    await _decided(world, n)


async def _nothing(_world, _n):
    pass


async def _one_attempt(world, n):
    await _opened(world, n)
    await _attempted(world, n)


async def _tombstone(world, n, names):
    refs = [ref for record in await world.ledger.read(f"d/{n}") for ref in record.refs]
    chosen = tuple(ref.commitment for ref in refs if ref.name in names)
    event = Erased(
        stream=f"d/{n}", commitments=chosen, why="request", by="somebody", whole=len(chosen) == len(refs)
    )
    return Draft(event, {"reason": b"asked"})


async def _erase(world, n, names):
    return await world.append("retention", None, [await _tombstone(world, n, names)])


async def _erase_a_part(world, n):
    return await _erase(world, n, {"question", "exchange"})


EVERY_BODY = frozenset({"question", "exchange", "request", "answer", "reply"})


async def _erase_all(world, n):
    return await _erase(world, n, EVERY_BODY)


async def _hold(world, n):
    event = Held(name=f"case-{n}", streams=(f"d/{n}", "d/other"), by="somebody")
    return await world.append("retention", None, [Draft(event)])


async def _held(world, n):
    await _whole_story(world, n)
    await _hold(world, n)


async def _release(world, n):
    return await world.append("retention", None, [Draft(HoldReleased(name=f"case-{n}", by="somebody"))])


async def _claim(world, n):
    assert await world.ledger.claim(f"d/{n}", "p2", 2_000, dead_owner="p1")


async def _fill(world, n):
    """Up to three records before the next tile is full."""
    size = world.audit().size
    count = (253 - size) % 256
    await asyncio.gather(
        *(world.append(f"d/fill-{n}-{k}", 0, [world.drafts.ticketed()]) for k in range(count))
    )


async def _cross(world, n):
    drafts = [world.drafts.answered(answer=f"{k}".encode()) for k in range(5)]
    return await world.append(f"d/{n}", 0, drafts)


async def _records(world, n):
    return [record.kind for record in await world.ledger.read(f"d/{n}")]


async def _retention(world, n):
    """What acts on this deliberation are on record."""
    found = [record.data for record in await world.ledger.read("retention")]
    mine = (f"d/{n}", f"case-{n}")
    return [one.kind for one in found if getattr(one, "stream", getattr(one, "name", None)) in mine]


async def _owner(world, n):
    return [one.owner for one in await world.ledger.open_streams() if one.stream == f"d/{n}"]


@dataclass(frozen=True)
class Write:
    """One durable write: what comes before it, itself, and how its caller reads again what became of it."""

    prepare: object
    write: object
    reread: object
    before: tuple
    after: tuple
    said_again: type = ConflictError


OPENED, ANSWERED = ("opened", "ticketed"), ("opened", "ticketed", "answered")
WRITES = {
    "T1 intent": Write(_nothing, _opened, _records, (), OPENED),
    "T2 attempt": Write(_opened, _attempted, _records, OPENED, ANSWERED),
    "T3 verdict": Write(_one_attempt, _decided, _records, ANSWERED, (*ANSWERED, "decided")),
    "T4 tile": Write(_fill, _cross, _records, (), ("answered",) * 5),
    "T5 erasure of a part": Write(
        _whole_story, _erase_a_part, _retention, (), ("erased",), ErasureRefusedError
    ),
    "T5 erasure of all": Write(_whole_story, _erase_all, _retention, (), ("erased",), ErasureRefusedError),
    "T5 hold": Write(_whole_story, _hold, _retention, (), ("held",), ErasureRefusedError),
    "T5 release": Write(
        _held, _release, _retention, ("held",), ("held", "hold_released"), ErasureRefusedError
    ),
    "claim": Write(_opened, _claim, _owner, ("p1",), ("p2",), None),
}


@pytest.fixture
def world(sqlite_ledgers, drafts):
    """A world over a new file."""
    world = World(sqlite_ledgers, drafts)
    yield world
    world.watcher.close()


async def _steps(world, write):
    """The statements of a write that succeeds; of the second, since the first one makes keys for good."""
    for n in (0, 1):
        await write.prepare(world, n)
        world.faults.count()
        await write.write(world, n)
    return world.faults.stop()


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_fails_at_any_statement_leaves_nothing(world, name):
    """Whatever statement fails, all tables are as before, the error says so, and saying it again writes one copy."""
    write = WRITES[name]
    heard = []

    async def story():
        async with world.open():
            steps = await _steps(world, write)
            await write.prepare(world, 2)
            before = faulty.fingerprint(world.path)
            for place, words in enumerate(steps):
                for when in ("before", "after", "undone"):
                    if (words, when) == ("COMMIT", "after"):
                        continue
                    world.faults.tell(place, when)
                    with pytest.raises(MagiError) as raised:
                        await write.write(world, 2)
                    world.faults.stop()
                    heard.append((words == "COMMIT", type(raised.value), raised.value.reason))

                    assert world.faults.fired
                    assert faulty.fingerprint(world.path) == before
                    assert tuple(await write.reread(world, 2)) == write.before
            await write.write(world, 2)
            return steps, await write.reread(world, 2)

    steps, found = asyncio.run(story())

    assert steps[0] == "BEGIN IMMEDIATE"
    assert steps[-1] == "COMMIT"
    assert len(steps) > 2
    assert set(heard) == {(False, LedgerUnavailableError, "io"), (True, UncertainError, "commit")}
    assert tuple(found) == write.after
    world.audit()


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_is_lost_is_there_once(world, sqlite_ledgers, name):
    """A COMMIT that happened and failed is uncertain; reading again shows it; saying it again adds nothing."""
    write = WRITES[name]

    async def story():
        async with world.open():
            steps = await _steps(world, write)
            await write.prepare(world, 2)
            world.faults.tell(len(steps) - 1, "after")
            with pytest.raises(UncertainError):
                await write.write(world, 2)
            world.faults.stop()
            found = tuple(await write.reread(world, 2))
            after = world.audit()
            if write.said_again is not None:
                with pytest.raises(write.said_again):
                    await write.write(world, 2)
            else:
                await write.write(world, 2)

            assert world.audit().size == after.size
            assert tuple(await write.reread(world, 2)) == found

            await _whole_story(world, 3)  # and the ledger goes on
            return found

    found = asyncio.run(story())

    assert found == write.after
    world.audit()
    assert verify(world.path, sqlite_ledgers.keys).problems == ()


# --- creation ----------------------------------------------------------------------------------------------


JOURNAL = "PRAGMA journal_mode"


def _create(sqlite_ledgers, path, faults):
    """Open a ledger at `path`; what went wrong, None where nothing did."""
    sqlite_ledgers.clock.ms += 1  # so that a second first record would be another one
    try:
        ledger = sqlite_ledgers.open(path=path, connect=faults.connect)
    except MagiError as error:
        return error
    asyncio.run(ledger.close())
    return None


def _failed_creations(sqlite_ledgers, tmp_path, *, only=""):
    """For each statement and each way of failing: its words, the path, what was heard, and the heads seen so far."""
    faults = faulty.Faults(lambda: None)
    faults.count(reads=True)

    assert _create(sqlite_ledgers, tmp_path / "whole.db", faults) is None

    for place, words in enumerate(faults.stop()):
        for when in ("before", "after"):
            if not words.startswith(only) or (words.startswith(JOURNAL) and when == "after"):
                continue  # the answer to a PRAGMA cannot be lost: nobody else gives it
            path = tmp_path / f"{place}-{when}.db"
            watcher = oracle.Watcher(path)
            faults.look = watcher.look
            faults.tell(place, when, reads=True)
            error = _create(sqlite_ledgers, path, faults)
            faults.stop()

            assert faults.fired, words

            yield words, path, error, watcher
            watcher.close()


def test_a_creation_that_fails_at_any_statement_is_taken_up(sqlite_ledgers, tmp_path):
    """Whatever statement of it fails, and whether or not it happened, the next opening finds or makes one log."""
    nothing, seen = faulty.Faults(lambda: None), []
    for words, path, error, watcher in _failed_creations(sqlite_ledgers, tmp_path):
        seen.append((words, len(watcher.heads)))

        assert isinstance(error, LedgerUnavailableError)
        assert _create(sqlite_ledgers, path, nothing) is None

        watcher.look()
        found = oracle.Oracle().audit(path, heads=watcher.heads)

        assert (found.size, len(watcher.heads)) == (1, 1)

    assert [count for words, count in seen if words == "COMMIT"] == [0, 0, 0, 1]
    assert len(seen) > 40


def test_a_journal_mode_that_cannot_be_set_says_so(sqlite_ledgers, tmp_path):
    """Setting the journal mode writes to the file; on a disk that refuses, the ledger is unavailable."""
    heard = [error for _, _, error, _ in _failed_creations(sqlite_ledgers, tmp_path, only=JOURNAL)]

    assert {type(error) for error in heard} == {LedgerUnavailableError}


# --- power cuts and large trees ----------------------------------------------------------------------------


def test_a_power_cut_leaves_a_log_with_all_that_was_acknowledged(world, tmp_path):
    """Whatever of the write-ahead log is left past the acknowledged part, the file holds a log of whole groups."""
    wal, steps = wal_of(world.path), []

    async def story():
        async with world.open():
            for n in range(5):
                await _whole_story(world, n)
                steps.append((wal.stat().st_size, len(world.acknowledged)))
                await _erase_a_part(world, n)
                steps.append((wal.stat().st_size, len(world.acknowledged)))
            world.watcher.look()
            world.watcher.close()
            return (
                world.path.read_bytes(),
                wal.read_bytes(),
            )  # the last touch of this process: it drops file locks

    main, log = asyncio.run(story())
    chance = random.Random(9)  # noqa: S311  # seeded on purpose
    sizes = []
    for cut in (*sorted(chance.sample(range(len(log)), 60)), len(log)):
        copy = tmp_path / f"cut-{cut}.db"  # a name of its own: this process remembers files that it had open
        copy.write_bytes(main)
        wal_of(copy).write_bytes(log[:cut] + bytes(chance.randrange(2) * 5_000))
        kept = max((count for size, count in steps if size <= cut), default=0)
        watcher = oracle.Watcher(copy)
        founded = watcher.look() is not None
        watcher.close()
        if not founded:  # cut off before the log was founded
            assert kept == 0
            continue
        sizes.append(oracle.Oracle().audit(copy, world.acknowledged[:kept]).size)

    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 8
    assert sizes[-1] == world.audit().size


def _prefilled(path, count):
    """Make the ledger at `path` `count` records long, past the writer but with the log's own head and tiles."""
    engine = open_engine(lambda: connect_file(writing_uri(path)), begin="BEGIN IMMEDIATE")
    signing = Signing("log-1", GivenSigners((new_signer("log-1", b"s" * 32),)))
    with engine.begin() as connection:
        frontier = signing.resume(connection)
        form = (
            '{{"actor":"magi","at_ms":1,"data":{{"name":"answers"}},"kind":"deadline_passed","log":"log-1",'
            '"ordinal":{},"refs":[],"stream":"d/long","v":1}}'
        )
        rows, first = [], frontier.size
        for n in range(count - first):
            data = form.format(n).encode()
            place = {"seq": first + n, "stream": "d/long", "ordinal": n, "kind": "deadline_passed"}
            rows.append(place | {"bytes": data, "leaf_hash": hashlib.sha256(b"\x00" + data).digest()})
        connection.execute(insert(entry), rows)
        signing.grow(connection, frontier, [row["leaf_hash"] for row in rows])
    engine.dispose()


def test_a_fault_where_two_levels_of_tiles_become_full_leaves_all_or_nothing(world):
    """At 65,536 records, where a tile of level 1 is written too: a fault at any statement, then the lost answer."""
    asyncio.run(world.open().close())
    _prefilled(world.path, 65_534)

    async def story():
        async with world.open():
            before, steps, heard = faulty.fingerprint(world.path), (), None
            while not isinstance(heard, UncertainError):
                world.faults.tell(len(steps), "before")
                with pytest.raises(MagiError) as raised:
                    await _cross(world, 1)
                steps, heard = world.faults.stop(), raised.value

            assert faulty.fingerprint(world.path) == before

            world.faults.tell(-1, "after")
            with pytest.raises(UncertainError):
                await _cross(world, 1)
            world.faults.stop()
            with pytest.raises(ConflictError):
                await _cross(world, 1)
            return steps

    steps = asyncio.run(story())

    assert len([words for words in steps if words == "INSERT INTO tile"]) == 2
    assert world.audit().size == 65_539


# --- reading a body ----------------------------------------------------------------------------------------


def test_a_body_is_not_handed_out_on_an_access_that_failed(world):
    """Whatever statement fails, nobody has the plaintext without an access on record, and never fewer than once."""
    handed = []

    async def story():
        async with world.open() as ledger:
            await _whole_story(world, 1)
            ref = (await ledger.read("d/1"))[0].refs[0]
            handed.append(await ledger.body(ref, "somebody", "review"))
            world.faults.count(reads=True)
            handed.append(await ledger.body(ref, "somebody", "review"))
            steps = world.faults.stop()
            for place, words in enumerate(steps):
                for when in ("before", "after"):
                    before = len(await ledger.read("access"))
                    world.faults.tell(place, when, reads=True)
                    with contextlib.suppress(MagiError):
                        handed.append(await ledger.body(ref, "somebody", "review"))
                    world.faults.stop()
                    found = len(await ledger.read("access"))

                    assert found - before == (
                        place > steps.index("COMMIT") or (words, when) == ("COMMIT", "after")
                    )
                    assert len(handed) == 2  # none more
            return steps, found

    steps, found = asyncio.run(story())

    assert handed[0] == b"q"
    assert found > 2
    assert len(steps) > steps.index("COMMIT") + 1
    world.audit()


def test_a_tombstone_beside_a_new_body_in_one_group_says_what_is_left(world):
    """A body recorded in one group with a tombstone for the rest of its stream is not passed over by `whole`."""

    async def story():
        async with world.open():
            await _whole_story(world, 1)
            tombstone = await _tombstone(world, 1, EVERY_BODY)
            late = world.append("d/1", 4, [world.drafts.answered(answer=b"late")])
            commits = world.ledger.stats.commits
            heard = await _in_one_group(world, [late, world.append("retention", None, [tombstone])])
            return heard, world.ledger.stats.commits - commits

    (late, erased), commits = asyncio.run(story())

    assert commits == 2  # the one that kept the writer busy, and the group
    assert not isinstance(late, Exception)
    assert isinstance(erased, ErasureRefusedError)  # its author had not seen the late body
    world.audit()


# --- groups ------------------------------------------------------------------------------------------------


def _mixed(world, *, ends=3):
    """A group whose appends differ: intents, losers by ordinal and by hash, a gap, and appends at the end."""
    hash_ = _hash("question 1")
    loser = Marks(idempotency_hash=hash_)
    return [
        *(_opened(world, n) for n in range(10, 14)),
        world.append("d/twin", 0, [world.drafts.ticketed(request=b"x")]),
        world.append("d/twin", 0, [world.drafts.ticketed(request=b"y")]),
        world.append("d/known", 0, [world.drafts.opened(hash_)], loser),
        world.append("d/gap", 5, [world.drafts.ticketed()]),
        *(world.append("replays", None, [world.drafts.failed()]) for _ in range(ends)),
    ]


async def _in_one_group(world, waits):
    """Hand these in while the writer is busy with another append; the outcomes."""
    entered, leave = threading.Event(), threading.Event()
    look = world.faults.look

    def wait():
        entered.set()
        leave.wait(timeout=30)

    world.faults.look = wait
    if not world.faults.counting:
        world.faults.count()
    first = asyncio.create_task(world.append("d/first", None, [world.drafts.ticketed()]))
    await asyncio.to_thread(entered.wait, 30)
    tasks = [asyncio.create_task(one) for one in waits]
    await asyncio.sleep(0)
    world.faults.look = look
    leave.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 12)])
def test_a_group_is_kept_or_lost_as_one(world, when, kept):
    """Who was in a group whose COMMIT failed is uncertain; all its winners are there or none; tried again, once."""

    async def story():
        async with world.open() as ledger:
            await _opened(world, 1)
            world.faults.tell(-2, when)
            heard = await _in_one_group(world, _mixed(world))
            world.faults.stop()
            grown = world.audit().size - 4
            again = await asyncio.gather(*_mixed(world, ends=0), return_exceptions=True)
            return heard, grown, again, len(await ledger.read("d/twin"))

    heard, grown, again, twins = asyncio.run(story())

    assert {type(one) for one in heard} == {UncertainError}
    assert grown == kept
    assert [isinstance(one, ConflictError) for one in again] == [kept > 0] * 5 + [True] * 3
    assert twins == 1
    assert world.audit().size == 4 + 12 - (0 if kept else 3)


def test_a_commit_without_memory_is_uncertain(world):
    """The driver raises MemoryError for SQLITE_NOMEM; a COMMIT that raised it may have happened and is not repeated."""

    async def story():
        async with world.open() as ledger:
            await _opened(world, 1)
            world.faults.tell(-2, "after", MemoryError())
            heard = await _in_one_group(world, _mixed(world))
            world.faults.stop()
            return heard, await ledger.read("replays")

    heard, replays = asyncio.run(story())

    assert len(replays) == 3
    assert {type(one) for one in heard} == {UncertainError}
