"""Starts processes that work on one ledger, and kills them; the tests start it, it is no test.

`ledger_crew.py` reads commands: `start NAME ROLE SEED FOLDER`, `kill NAME...`, `wait NAME...`. A process is forked, so
that starting one costs milliseconds and not the imports. Roles: `writer` (deliberations from intent to verdict in four
lanes, and a shared stream), `eraser` (tombstones, holds), `rotator` (exchanges the log's key), `publisher` (notes heads
as given out), `sequencer`; FOLDER may be the address of a PostgreSQL database. `first:HOW:N` is a first start and
`turn:HOW:N` an exchange of the key; at the Nth step that touches the folder it dies (`kill`), or the operation fails
(`fail`).

What a process acknowledged, it says at once in one line: `ack STREAM ORDINAL SHA256`, `published SIZE`, `turned VKEY`.
`dead NAME STATUS` comes after everything that the dead one said.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from magi.core.acts import Erased, Held, HoldReleased
from magi.core.decided import Decided
from magi.core.errors import (
    ConflictError,
    ErasureRefusedError,
    ForeignLedgerError,
    LedgerUnavailableError,
    MagiError,
)
from magi.core.ports import NO_MARKS, Draft, Marks
from magi.core.record import Answered, DeadlinePassed, Ticketed
from magi.ledger.keyfile import KEY_BYTES, TenantKeys, key_for_ledger
from magi.ledger.logkey import GivenSigners, signers_for_ledger
from magi.ledger.nodes import signed_head, snapshot
from magi.ledger.note_key import new_signer
from magi.ledger.postgres import PostgresLedger
from magi.ledger.published import note_published, published_path
from magi.ledger.rotation import begin_rotation, finish_rotation
from magi.ledger.sequencer import Sequencer
from magi.ledger.store import SqliteLedger

LOG = "log-1"
LANES = 4
SHARED_KEYS = (new_signer(LOG, b"s" * 32),)
OPENINGS = 100
HASH = "ab" * 32


class Clock:
    """The system's."""

    def now_ms(self):
        """Unix time."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self):
        """The monotonic clock."""
        return time.monotonic_ns() // 1_000_000


class Entropy:
    """The system's, but for the tenant key, which the tests know."""

    def token(self, size):
        """`size` bytes."""
        return os.urandom(size)


class KnownKey:
    """Makes the tenant key that the oracle has."""

    def token(self, size):
        """The key."""
        assert size == KEY_BYTES  # for nothing else
        return b"k" * size


def open_ledger(folder):
    """Open the ledger; again where another process that founds it holds the file at the wrong moment.

    SQLite does not wait for a lock to change the journal mode.
    """
    for _ in range(OPENINGS):
        try:
            return _open_ledger(folder)
        except LedgerUnavailableError as error:
            if error.reason != "locked":
                raise
        time.sleep(0.01)
    return _open_ledger(folder)


def _open_ledger(folder):
    """Open the ledger as the product does (`magi.wiring`): keys first, made together with a new ledger only."""
    path = folder / "ledger.db"
    keys = key_for_ledger(path, folder / "tenant.key", "k1", KnownKey())
    return SqliteLedger(
        path,
        log=LOG,
        tenant="t1",
        key_id="k1",
        keys=keys,
        signers=signers_for_ledger(path, folder / "log.key", LOG, Entropy()),
        entropy=Entropy(),
        clock=Clock(),
    )


def head_of(folder):
    """What reads the head anew."""

    def read():
        with snapshot(folder / "ledger.db", log=LOG) as connection:
            return signed_head(connection)

    return read


def publish(folder):
    """Note the head as given out; its size."""
    with snapshot(folder / "ledger.db", log=LOG) as connection:
        head = signed_head(connection)
        note_published(published_path(folder / "log.key"), head, connection)
        return head.checkpoint.size


def say(line):
    """Straight to the pipe, in one piece: what was said was acknowledged before."""
    os.write(1, f"{line}\n".encode())


def acknowledge(records):
    """Say what is durable."""
    for record in records:
        say(f"ack {record.stream} {record.ordinal} {hashlib.sha256(record.to_bytes()).hexdigest()}")


def _ticketed(ask):
    fields = {"card": "c", "backend": "b", "host": "localhost", "country": "JP", "label": 2, "digest": HASH}
    event = Ticketed(ask=ask, attempt=1, derived_from=(), expires_ms=1, **fields)
    return Draft(event, {"request": os.urandom(200) * 5})


def _answered(ask):
    fields = {"seat": "s", "stage": "answer", "card": "c", "statement": "answer", "ballot": "yes", "label": 2}
    nothing = {"failure": None, "claims": (), "severity": None, "tokens": None, "cost": None}
    event = Answered(ask=ask, attempt=1, origin="scripted", **fields, **nothing)
    return Draft(event, {"answer": os.urandom(100), "exchange": os.urandom(900)})


def _decided():
    empty = {"tally": (), "seats": (), "dissent": (), "outstanding": (), "flags": ()}
    event = Decided(outcome="tied", answer_class=None, attributed=None, confidence_bp=None, **empty)
    return Draft(event, {"reply": os.urandom(50)})


async def _deliberate(ledger, stream, name):
    """T1, T2, T3, and the claim renewed in between."""
    hash_ = hashlib.sha256(stream.encode()).hexdigest()
    opening = Marks(ancestry={hash_: 2}, idempotency_hash=hash_, owner=name, ttl_ms=10_000)
    acknowledge(await ledger.append(stream, 0, [_ticketed("a1"), _ticketed("a2")], opening))
    acknowledge(await ledger.append(stream, 2, [_answered("a1")], Marks(ancestry={hash_: 3})))
    assert await ledger.claim(stream, name, 20_000)
    acknowledge(await ledger.append(stream, 3, [_answered("a2")]))
    acknowledge(await ledger.append(stream, 4, [_decided()], Marks(closes=True)))


async def _share(ledger):
    """Append to a stream that all writers append to; who loses reads again."""
    event = DeadlinePassed(name="answers")
    for _ in range(1_000):
        try:
            ordinal = len(await ledger.read("d/shared"))
            return acknowledge(await ledger.append("d/shared", ordinal, [Draft(event)], NO_MARKS))
        except ConflictError:
            continue
    return None


async def _write(ledger, name, _chance):
    async def lane(number):
        for round_ in range(10_000):
            await _deliberate(ledger, f"d/{name}-{number}-{round_}", name)
            await _share(ledger)

    await asyncio.gather(*map(lane, range(LANES)))


async def _erase(ledger, name, chance):
    for number in range(10_000):
        streams = [stream for stream in await ledger.streams("d/") if stream != "d/shared"]
        stream = chance.choice(streams or ["d/none"])
        try:
            if chance.random() < 0.2:
                acknowledge(await _act(ledger, Held(name=f"{name}-{number}", streams=(stream,), by=name)))
            refs = [ref.commitment for record in await ledger.read(stream) for ref in record.refs]
            gone = {
                one
                for record in await ledger.read("retention")
                if isinstance(record.data, Erased)
                for one in record.data.commitments
            }
            left = [commitment for commitment in refs if commitment not in gone]
            some = tuple(left if chance.random() < 0.5 else left[: len(left) // 2])
            if some:
                whole = len(some) == len(left)
                event = Erased(stream=stream, commitments=some, why="request", by=name, whole=whole)
                acknowledge(await _act(ledger, event))
        except ErasureRefusedError:
            pass  # open, held, or another eraser was faster
        with contextlib.suppress(ErasureRefusedError):  # no such hold
            acknowledge(await _act(ledger, HoldReleased(name=f"{name}-{number}", by=name)))


async def _act(ledger, event):
    return await ledger.append("retention", None, [Draft(event, {"reason": b"asked for"})])


async def _rotate(ledger, name, chance):
    """Begin and finish exchanges of the key, in any order, taking up what a killed one left."""
    folder = ledger_folder(ledger)
    path, head = folder / "log.key", head_of(folder)
    for _ in range(10_000):
        if chance.random() < 0.5:
            turned = await begin_rotation(ledger, head, path, name, Entropy())
        else:
            turned = await finish_rotation(ledger, head, path, name)
        for vkey in (*turned.added, *turned.removed):
            say(f"turned {vkey}")
        await asyncio.sleep(0.01)


async def _publish(ledger, _name, _chance):
    folder = ledger_folder(ledger)
    for _ in range(10_000):
        say(f"published {publish(folder)}")
        await asyncio.sleep(0.005)


def ledger_folder(ledger):
    """Where a ledger lies."""
    return Path(ledger._dialect.where).parent


ROLES = {"writer": _write, "eraser": _erase, "rotator": _rotate, "publisher": _publish}


def _open_shared(url):
    """A ledger in PostgreSQL, founded for the key that the sequencers have."""
    return PostgresLedger(
        url,
        log=LOG,
        tenant="t1",
        key_id="k1",
        keys=TenantKeys("k1", b"k" * KEY_BYTES),
        log_key=lambda: SHARED_KEYS[0].verifier.vkey,
        entropy=Entropy(),
        clock=Clock(),
    )


def _sequence(url):
    """Place and sign until killed."""
    with Sequencer(url, LOG, GivenSigners(SHARED_KEYS), batch=7) as sequencer:
        while True:
            try:
                sequencer.run(threading.Event())
            except ForeignLedgerError:  # nobody has founded it yet
                time.sleep(0.01)


async def _work(folder, name, role, seed):
    async with _open_shared(folder) if "://" in folder else open_ledger(Path(folder)) as ledger:
        await ROLES[role](ledger, name, random.Random(seed))  # noqa: S311  # seeded on purpose


FILES = ("open", "os.link", "os.remove", "os.rename")
WATCHED = (*FILES, "sqlite3.connect", "sqlite3.connect/handle")


def _watch(folder, how, last):
    """From now on count what touches the folder; at step `last` die, or have the operation fail."""
    watched = FILES if how == "fail" else WATCHED
    count = 0

    def watch(event, given):
        nonlocal count
        if event in watched and any(str(folder) in str(one) for one in given):
            count += 1
            if count == last and how == "fail":
                raise OSError(errno.EIO, "as told")
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


async def _first(folder):
    """A first start."""
    await open_ledger(folder).close()


async def _turn(folder):
    """An exchange of the key, and a head given out."""
    async with open_ledger(folder) as ledger:
        path = folder / "log.key"
        head = head_of(folder)
        before = head().checkpoint.size
        await begin_rotation(ledger, head, path, "somebody", Entropy())
        publish(folder)
        say(f"published {before}")
        await finish_rotation(ledger, head, path, "somebody")
        publish(folder)


STORIES = {"first": _first, "turn": _turn}


def _child(name, role, seed, folder):
    os.close(0)
    try:
        if ":" in role:
            story, how, last = role.split(":")
            _watch(folder, how, int(last))
            asyncio.run(STORIES[story](Path(folder)))
        elif role == "sequencer":
            _sequence(folder)
        else:
            asyncio.run(_work(folder, name, role, int(seed)))
    except MagiError as error:
        say(f"failed {name} {role} {type(error).__name__} {error.reason}")
        os._exit(3)
    except BaseException:  # noqa: BLE001  # it goes to stderr, and the test sees the status
        sys.excepthook(*sys.exc_info())
        os._exit(4)
    os._exit(0)


def main():
    """Obey."""
    alive = {}
    for command in sys.stdin:
        word, *given = command.split()
        if word == "start":
            alive[given[0]] = os.fork()
            if alive[given[0]] == 0:
                _child(*given)
            continue
        for name in given:
            if word == "kill":
                os.kill(alive[name], signal.SIGKILL)
        for name in given:
            _, status = os.waitpid(alive.pop(name), 0)
            say(f"dead {name} {os.waitstatus_to_exitcode(status)}")
    for pid in alive.values():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    say("ready")
    main()
