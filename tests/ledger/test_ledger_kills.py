"""Processes that work on one ledger at once are killed at random moments; an oracle recomputes the log each time.

Writers, an eraser, one that exchanges the log's key and one that publishes heads. What they acknowledged is there, and
every head that was seen before a kill is one that the log passed through afterwards.
"""

import importlib.util
import os
import random
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from magi.ledger.proof import consistency_proof, verify_consistency


def _sibling(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # by its path: test folders are no packages
    spec.loader.exec_module(module)
    return module


oracle = _sibling("oracle")

CREW = Path(__file__).with_name("ledger_crew.py")
SECONDS = 60.0
"""How long anything may take on a busy machine."""
KILLS_A_LEDGER = 20
ROLES = {"left": "writer", "right": "writer", "e": "eraser", "r": "rotator", "p": "publisher"}


class Crew:
    """The processes on one ledger, and what they acknowledged."""

    def __init__(self, folder, chance, watcher=None):
        """Nobody yet; `folder` may be the address of a database, with a watcher for it."""
        self.folder = folder
        self.path = folder / "ledger.db" if watcher is None else None
        self.acknowledged, self.published, self.turned, self.dead = [], 0, [], {}
        self.failed = []  # errors that somebody heard
        self.watcher = watcher or oracle.Watcher(self.path)
        self._chance = chance
        self._heard = b""
        command = [sys.executable, str(CREW)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ready = False
        self._until(lambda: self._ready)

    def __enter__(self):
        """The crew."""
        return self

    def __exit__(self, *_):
        """Send everybody home."""
        self.watcher.close()
        self._process.stdin.close()
        self._process.wait(timeout=SECONDS)
        self._process.stdout.close()

    def start(self, name, role, folder=None):
        """One more process."""
        self._say(f"start {name} {role} {self._chance.randrange(1 << 30)} {folder or self.folder}")

    def kill(self, *names):
        """Kill these, and hear what they had said."""
        return self._end("kill", names)

    def wait(self, *names):
        """Wait until these end by themselves."""
        return self._end("wait", names)

    def _end(self, word, names):
        self.dead = {}
        self._say(f"{word} {' '.join(names)}")
        self._until(lambda: len(self.dead) == len(names))
        return self.dead

    def run(self, seconds):
        """Let them work, and look at the head meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.watcher.look()
            self._hear(min(left, 0.002))

    def progress(self):
        """Let them work until one acknowledges something."""
        before = len(self.acknowledged)
        self._until(lambda: len(self.acknowledged) > before)

    def _say(self, line):
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def _until(self, holds):
        until = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < until, "nothing came"
            self.watcher.look()
            self._hear(0.002)

    def _hear(self, seconds):
        stdout = self._process.stdout.fileno()
        if not select.select([stdout], [], [], seconds)[0]:
            return
        said = os.read(stdout, 1 << 20)
        assert said, "the crew is gone"
        *lines, self._heard = (self._heard + said).split(b"\n")
        for line in lines:
            word, *given = line.decode().split()
            getattr(self, f"_on_{word}")(*given)

    def _on_ready(self):
        self._ready = True

    def _on_ack(self, stream, ordinal, sha):
        self.acknowledged.append((stream, int(ordinal), sha))

    def _on_published(self, size):
        self.published = max(self.published, int(size))

    def _on_turned(self, vkey):
        self.turned.append(vkey)

    def _on_dead(self, name, status):
        self.dead[name] = int(status)

    def _on_failed(self, *facts):
        self.failed.append(facts)

    def audit(self):
        """The oracle's word; None where there is no log yet, which nobody may have acknowledged anything in."""
        acknowledged, published = tuple(self.acknowledged), self.published
        if self.watcher.look() is None:
            assert not acknowledged
            return None
        heads = list(self.watcher.heads)
        note = self.path.with_name("checkpoint.published")
        if note.exists():
            heads.append(note.read_bytes())
        found = oracle.Oracle().audit(self.path, acknowledged, heads)
        sizes = [int(head.split(b"\n")[1]) for head in heads]

        assert max(sizes[len(self.watcher.heads) :], default=0) >= published
        assert sorted(sizes[: len(self.watcher.heads)]) == sizes[: len(self.watcher.heads)]
        return found


def _kill_round(crew, names, chance, audit):
    """Let the crew work for a moment, then kill one of them or all, and start them again."""
    if chance.random() < 0.8:
        crew.progress()
    crew.run(chance.uniform(0.0, 0.08))
    doomed = tuple(names) if chance.random() < 0.3 else (chance.choice(tuple(names)),)
    died = crew.kill(*doomed)
    found = audit()
    for name in doomed:
        role = names.pop(name)
        fresh = f"{name.split('.')[0]}.{chance.randrange(1 << 30)}"
        names[fresh] = role
        crew.start(fresh, role)
    return died, found


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_at_random_moments_lose_nothing_and_fork_nothing(tmp_path, kills):
    """After each kill the whole log is sound, holds all that was acknowledged, and extends every head ever seen."""
    chance = random.Random(11)  # noqa: S311  # seeded on purpose
    killed, acknowledged, heads = 0, 0, 0
    while killed < kills:
        folder = tmp_path / f"{killed}"
        folder.mkdir()
        with Crew(folder, chance) as crew:
            names = dict(ROLES)
            for name, role in names.items():
                crew.start(name, role)
            for _ in range(min(KILLS_A_LEDGER, kills - killed)):
                died, found = _kill_round(crew, names, chance, crew.audit)

                assert set(died.values()) == {-9}
                assert crew.failed == []

                killed += 1
            crew.progress()
            found = crew.audit()
            _proven(found, crew.watcher.heads)

            assert set(crew.turned) <= set(found.vkeys)

            acknowledged += len(crew.acknowledged)
            heads += len(crew.watcher.heads)

    assert acknowledged > kills // 2  # four rounds in five waited for one
    assert heads > kills // 3


def _proven(found, heads):
    """The ledger's own proofs show the same: the last head extends each one that was seen."""
    for head in heads:
        size, root = oracle.size_and_root(head)
        proof = consistency_proof(size, found.size, found.node)
        verify_consistency(size, found.size, proof, root, found.root)


def _cut_off(crew, tmp_path, story, how, *, stride, company=False, before=None):
    """At every `stride`th step of a story: cut it off there, then let another process take it up; how both ended."""
    ended = []
    while not ended or ended[-1] != 0:
        folder = tmp_path / f"{len(ended)}"
        folder.mkdir()
        watcher = oracle.Watcher(folder / "ledger.db")
        if before is not None:
            crew.start("before", before, folder)

            assert crew.wait("before") == {"before": 0}

        watcher.look()
        crew.start("cut", f"{story}:{how}:{1 + stride * len(ended)}", folder)
        if company:
            crew.start("other", f"{story}:kill:0", folder)

            assert crew.wait("other") == {"other": 0}

        ended.append(crew.wait("cut")["cut"])
        watcher.look()
        crew.start("next", f"{story}:kill:0", folder)

        assert crew.wait("next") == {"next": 0}

        watcher.look()
        watcher.close()
        published = [note.read_bytes() for note in folder.glob("checkpoint.published")]
        found = oracle.Oracle().audit(folder / "ledger.db", heads=(*watcher.heads, *published))
        modes = {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}

        assert modes == {0o600}

        yield ended, found


STRIDES = pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.slow)])
"""Every step in the slow run, one in five in the normal one."""


@STRIDES
@pytest.mark.parametrize("company", [False, True])
@pytest.mark.parametrize(("how", "status"), [("kill", -9), ("fail", 3)])
def test_a_first_start_that_is_cut_off_at_any_step_is_taken_up(tmp_path, how, status, company, stride):
    """Killed at any touch of the file system, or refused it, alone or beside another: in the end there is one log."""
    with Crew(tmp_path, random.Random(5)) as crew:  # noqa: S311  # seeded on purpose
        for ended, found in _cut_off(crew, tmp_path, "first", how, stride=stride, company=company):
            assert found.size == 1
            assert set(ended[:-1]) <= {status}

    # Beside another process the steps are shared, by chance: fewer are this one's.
    assert len(ended) * stride > (4 if company else 12)


@STRIDES
@pytest.mark.parametrize(("how", "status"), [("kill", -9), ("fail", 3)])
def test_an_exchange_of_keys_that_is_cut_off_at_any_step_is_taken_up(tmp_path, how, status, stride):
    """Cut off at any touch of the file system, an exchange of keys leaves a log that another process goes on with."""
    with Crew(tmp_path, random.Random(5)) as crew:  # noqa: S311  # seeded on purpose
        for ended, found in _cut_off(crew, tmp_path, "turn", how, stride=stride, before="first:kill:0"):
            assert found.size in (3, 5)  # its exchange was finished, and there was a second one
            assert set(ended[:-1]) <= {status}

    assert len(ended) * stride > 12


# --- PostgreSQL --------------------------------------------------------------------------------------------

SHARED_ROLES = {
    "left": "writer",
    "right": "writer",
    "e": "eraser",
    "first": "sequencer",
    "second": "sequencer",
}


class _SharedReading:
    """One snapshot of a ledger in PostgreSQL, for the oracle."""

    def __init__(self, connection):
        self._connection = connection

    def check(self):
        """The server answers for its files."""

    def all(self, query):
        """The rows."""
        return self._connection.execute(query).fetchall()

    def waiting(self):
        """The entries without a place, as they arrived."""
        return self.all(
            "SELECT seq, stream, ordinal, kind, bytes, leaf_hash FROM entry WHERE seq IS NULL ORDER BY arrival"
        )


class _SharedWatcher:
    """Collects the heads that a reader of the database sees."""

    def __init__(self, url):
        self.heads = []
        self._connection = psycopg.connect(url, autocommit=True)

    def look(self):
        """The head that is readable now."""
        try:
            row = self._connection.execute("SELECT note FROM head").fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        if row is not None and self.heads[-1:] != [row[0]]:
            self.heads.append(row[0])
        return None if row is None else row[0]

    def close(self):
        """Let go."""
        self._connection.close()


def _audit_shared(crew, url):
    acknowledged = tuple(crew.acknowledged)
    if crew.watcher.look() is None:
        return None
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return oracle.Oracle().judge(_SharedReading(connection), acknowledged, crew.watcher.heads)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_kills_of_writers_and_sequencers_lose_nothing_and_fork_nothing(postgres_url, kills):
    """In PostgreSQL too, with two sequencers: all that was acknowledged is there, and every head seen is extended."""
    chance = random.Random(13)  # noqa: S311  # seeded on purpose
    with Crew(postgres_url, chance, _SharedWatcher(postgres_url)) as crew:
        names = dict(SHARED_ROLES)
        for name, role in names.items():
            crew.start(name, role)
        for _ in range(kills):
            died, _ = _kill_round(crew, names, chance, lambda: _audit_shared(crew, postgres_url))

            assert set(died.values()) == {-9}
            assert crew.failed == []

        crew.progress()
        crew.kill(*names)
        found = _audit_shared(crew, postgres_url)
        _proven(found, crew.watcher.heads)

    assert found.size > 1
    assert len(crew.watcher.heads) > 1
