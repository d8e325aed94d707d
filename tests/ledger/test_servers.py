"""The servers that the tests start: they answer, they sync, they are gone afterwards, also where a test is killed."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

LIMIT_SECONDS = 60


@pytest.fixture
def alone(request):
    """The module of the servers, as a program of its own would import it."""
    return Path(request.config.rootpath) / "tests"


def _gone(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def _wait_until(true):
    until = time.monotonic() + LIMIT_SECONDS
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


def test_each_test_has_an_empty_database_that_syncs(postgres_url):
    """PostgreSQL answers in a database without tables, with fsync and synchronous commits on."""
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        settings = [
            connection.execute(f"SHOW {name}").fetchone()[0] for name in ("fsync", "synchronous_commit")
        ]

    assert tables == (0,)
    assert settings == ["on", "on"]


def test_redis_answers_and_starts_empty(redis_url):
    """A real round trip through redis-py: what was set is there, and a test finds nothing of another's."""
    with contextlib.closing(redis.Redis.from_url(redis_url)) as client:
        before = client.dbsize()
        client.set("a", "b")
        after = client.get("a")

    assert (before, after) == (0, b"b")


_PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
import servers
with servers.{server}() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize(
    ("server", "program", "end"),
    [
        ("postgres", "postgres", "line"),
        ("postgres", "postgres", "kill"),
        ("redis_server", "valkey-server", "line"),
        ("redis_server", "valkey-server", "kill"),
    ],
)
def test_a_server_ends_with_its_session(alone, server, program, end):
    """Whether a session ends or is killed, its server ends too; one that ends leaves no folder behind."""
    session = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(server=server), str(alone)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with session:
        url = session.stdout.readline().strip()
        folder = Path(url.partition("host=")[2] or Path(url.removeprefix("unix://")).parent)
        children = Path(f"/proc/{session.pid}/task/{session.pid}/children").read_text().split()
        servers = [pid for pid in children if program in Path(f"/proc/{pid}/cmdline").read_text()]
        running = [pid for pid in servers if not _gone(pid)]
        if end == "kill":
            os.kill(session.pid, signal.SIGKILL)
        else:
            session.stdin.write("\n")
            session.stdin.flush()
        session.wait(LIMIT_SECONDS)
    ended = _wait_until(lambda: all(map(_gone, servers)))
    left = folder.exists()
    shutil.rmtree(folder, ignore_errors=True)

    assert len(running) == 1
    assert ended
    assert left == (end == "kill")
