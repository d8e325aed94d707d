"""Real processes on one ledger: two that write at once, and writers that are killed."""

import asyncio
import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from magi.ledger.verify import verify

APPENDER = Path(__file__).with_name("appender.py")
START_SECONDS = 60.0
"""How long a process may take to its first record on a busy machine."""
FOREVER = "1000000"


def _start(path, name, rounds, *, shared=False):
    command = [sys.executable, str(APPENDER), str(path), name, str(rounds), "shared" if shared else "alone"]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _acknowledged(output):
    lines = output.decode().split("\n")[:-1]  # a line cut off by the kill was not fully said
    return [(stream, int(ordinal), sha) for stream, ordinal, sha in map(str.split, lines)]


def _stored(ledgers):
    async def story():
        async with ledgers.open(read_only=True) as ledger:
            return [
                (record.stream, record.ordinal, hashlib.sha256(record.to_bytes()).hexdigest())
                for stream in await ledger.streams("d/")
                for record in await ledger.read(stream)
            ]

    return asyncio.run(story())


def test_two_processes_append_at_once(sqlite_ledgers):
    """Two processes that create, race and share streams lose nothing and keep one dense order."""
    processes = [_start(sqlite_ledgers.path, name, 6, shared=True) for name in ("left", "right")]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    acknowledged = [line for output in outputs for line in _acknowledged(output)]
    report = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

    assert [process.returncode for process in processes] == [0, 0]
    assert len(acknowledged) == 2 * 8 * 6 * 2
    assert sorted(acknowledged) == sorted(_stored(sqlite_ledgers))
    assert (report.problems, report.records) == ((), 1 + len(acknowledged))


def _run_and_kill(path, name, seconds):
    """Let a writer run `seconds` from its first record, then kill -9 it; what it had acknowledged."""
    with _start(path, name, FOREVER) as process:
        output = os.read(process.stdout.fileno(), 65536)  # blocks until the first record
        os.set_blocking(process.stdout.fileno(), False)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.002)
            output += _available(process.stdout.fileno())
        process.kill()
        process.wait(timeout=START_SECONDS)
        os.set_blocking(process.stdout.fileno(), True)
        return output + process.stdout.read()


def _available(handle):
    try:
        return os.read(handle, 1 << 20)
    except BlockingIOError:
        return b""


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost_by_a_kill(sqlite_ledgers, kills):
    """Writers killed at random moments: all they acknowledged is there, bit for bit, and it verifies."""
    chance = random.Random(3)  # noqa: S311  # seeded on purpose
    acknowledged = []
    for number in range(kills):
        output = _run_and_kill(sqlite_ledgers.path, f"p{number}", chance.uniform(0.0, 0.2))
        acknowledged += _acknowledged(output)
        report = verify(sqlite_ledgers.path, sqlite_ledgers.keys)

        assert report.problems == ()

    stored = set(_stored(sqlite_ledgers))

    assert len(acknowledged) > kills
    assert set(acknowledged) <= stored
