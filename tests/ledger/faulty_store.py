"""SQLite connections that fail where they are told to: before a statement, or after it. It is no test.

Handed to the ledger as its `connect`. Between any two statements, and around every COMMIT, a watcher reads the head as
another process would, since a head that was readable for a moment may be in somebody's hands.
"""

import functools
import hashlib
import sqlite3
from dataclasses import dataclass, field

from magi.ledger.database import connect_file


@dataclass
class Faults:
    """What runs, by its first words, and what of it fails. `look` is called around each statement."""

    look: object
    steps: list = field(default_factory=list)
    fired: bool = False
    _told: tuple = None
    _counting: bool = False
    _reads: bool = False

    def __post_init__(self):
        """Make the type of connection that asks here."""
        self._type = type("Faulty", (_Connection,), {"faults": self})

    def connect(self, uri):
        """The ledger's `connect`."""
        return connect_file(uri, self._type)

    def count(self, *, reads=False):
        """From now on, note what writing connections run, or, with `reads`, all."""
        self.steps, self._counting, self._told, self.fired = [], True, None, False
        self._reads = reads

    def tell(self, place, when, error=None, *, reads=False):
        """Fail once, at step `place` from now: `before` it, `after` it, or `undone`, with all of it rolled back.

        A negative place counts COMMITs: -1 is the first from now.
        """
        self.count(reads=reads)
        self._told = (place, when, error or failure())

    @property
    def counting(self):
        """Whether statements are noted, and `look` is called."""
        return self._counting

    def stop(self):
        """Let everything pass; what was counted."""
        self._counting, self._told = False, None
        return tuple(self.steps)

    def step(self, connection, words, run):
        """Run one statement, or fail it."""
        connection.writes = connection.writes or words.startswith("BEGIN IMMEDIATE")
        if not self._counting or not (connection.writes or self._reads):
            return run()
        self.steps.append(" ".join(words.split()[:3]))
        place, when, error = self._told or (None, None, None)
        here = (len(self.steps) - 1, -self.steps.count("COMMIT") if words == "COMMIT" else None)
        mine = place is not None and place in here and not self.fired
        self.fired = self.fired or mine
        self.look()
        if mine and when == "before":
            raise error
        if mine and when == "undone":
            sqlite3.Connection.rollback(connection)
            raise error
        done = run()
        self.look()
        if mine:
            raise error
        return done


class _Cursor(sqlite3.Cursor):
    def execute(self, sql, *values):
        run = functools.partial(super().execute, sql, *values)
        return self.connection.faults.step(self.connection, sql, run)

    def executemany(self, sql, *values):
        run = functools.partial(super().executemany, sql, *values)
        return self.connection.faults.step(self.connection, sql, run)


class _Connection(sqlite3.Connection):
    writes = False

    def cursor(self):
        return super().cursor(_Cursor)

    def commit(self):
        return self.faults.step(self, "COMMIT", super().commit)


def failure():
    """An input/output error, as the driver raises it."""
    error = sqlite3.OperationalError("as told")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


def fingerprint(path):
    """A digest of every row of every table."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("BEGIN")
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found = hashlib.sha256()
        for name in sorted(names):
            rows = sorted(connection.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608  # own tables
            found.update(repr((name, rows)).encode())
        return found.hexdigest()
    finally:
        connection.close()
