"""The sequencer of a log in PostgreSQL: gives entries their place and signs the head that covers them (T4).

Any number of processes may run one: a transaction-scoped advisory lock lets one of them work at a time, and the
others stand by. Entries are taken in order of arrival. Within a stream that is the order of its records, since their
writers hold the stream until they have committed (`postgres`). A commit that lands late is not missed: what has no
place yet is what is taken.

Promises: places, tiles and head in one transaction, so that a process that is killed leaves nothing half; only entries
whose bytes match their leaf hash get a place; only what extends the signed head is signed. A COMMIT whose answer was
lost is settled by reading again. Leaves to others: the head itself (`head`), who publishes it.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

from sqlalchemy import Connection, Row, text

from magi.core.errors import KeyMissingError, LedgerUnavailableError, MagiError, TamperedError, UncertainError
from magi.core.record import Configured
from magi.ledger.database import CONFIG_STREAM
from magi.ledger.entries import StoredEntry, believed
from magi.ledger.head import SignerSource, Signing
from magi.ledger.postgres import LOCKS, PostgresDialect, check_store, open_store, store_url
from magi.ledger.published import check_signers
from magi.ledger.tree import leaf_hash

BATCH = 1_000
"""Entries in one step: about a megabyte, and a commit that is shared by a thousand."""
POLL_SECONDS = 0.02
"""Between two looks. NOTIFY would wake at once, but it makes all commits of a database wait for each other."""
RETRY_SECONDS = 1.0
"""After a step that failed because the database did not answer."""

_LOCK = text("SELECT pg_try_advisory_xact_lock(:one, hashtext('sequence:' || current_schema()))")
_WAITING = text(
    "SELECT arrival, stream, ordinal, kind, bytes, leaf_hash FROM entry"
    " WHERE seq IS NULL ORDER BY arrival LIMIT :batch"
)
_PLACE = text(
    "UPDATE entry SET seq = given.seq FROM unnest(CAST(:arrivals AS bigint[]), CAST(:places AS bigint[]))"
    " AS given(arrival, seq) WHERE entry.arrival = given.arrival AND entry.seq IS NULL"
)


class Sequencer:
    """Places and signs for one log. Owned by one thread; close it or use it as a context."""

    def __init__(self, url: str, origin: str, signers: SignerSource, batch: int = BATCH) -> None:
        """Work on the database at `url`, for the log `origin`, with what `signers` holds; connects at the first step.

        Raises:
            MalformedFileError: `ledger_url`.
        """
        address = store_url(url)
        self._dialect = PostgresDialect(address)
        self._engine = open_store(address, pool=1)
        self._origin = origin
        self._signers = signers
        self._signing = Signing(origin, signers)
        self._batch = batch
        self._checked = False

    def __enter__(self) -> Self:
        """The sequencer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of the connection; nothing is under way between steps."""
        self._engine.dispose()

    def step(self) -> int:
        """Give the entries that wait their places, and sign; how many, 0 if none wait or another one is at it.

        Raises:
            UncertainError: the COMMIT's answer was lost. Go on: the next step reads what became of it.
            LedgerUnavailableError: unreachable, locked, disk_full, not_writable, io; nothing was placed.
            TamperedError: the head, or an entry without a place, is not what was written: nothing is signed.
            KeyMissingError: no signing key, or not the log's. ForeignLedgerError: not this log.
        """
        try:
            return self._step()
        except self._dialect.errors as error:
            raise self._dialect.meaning_of(error) from error

    def _step(self) -> int:
        with self._engine.connect() as connection:
            if not self._checked:
                check_store(connection, self._dialect.where, log=self._origin)
                check_signers(connection, self._signers)
                self._checked = True
            if not connection.execute(_LOCK, {"one": LOCKS}).scalar_one():
                return 0
            rows = connection.execute(_WAITING, {"batch": self._batch}).all()
            if not rows:
                return 0
            self._place(connection, rows)
            try:
                connection.commit()
            except self._dialect.errors as error:
                raise self._dialect.after_failed_commit(connection, error) from error
        self._signing.committed()
        return len(rows)

    def _place(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        self._signing.begun()
        frontier = self._signing.resume(connection)
        for row in rows:
            if leaf_hash(row.bytes) != row.leaf_hash:
                raise TamperedError("leaf_hash", stream=row.stream, ordinal=row.ordinal)
        if frontier.size == 0:
            self._check_key(rows[0])
        places = {
            "arrivals": [row.arrival for row in rows],
            "places": list(range(frontier.size, frontier.size + len(rows))),
        }
        if connection.execute(_PLACE, places).rowcount != len(rows):
            raise TamperedError("places", size=frontier.size)
        self._signing.grow(connection, frontier, [row.leaf_hash for row in rows])

    def _check_key(self, row: Row[Any]) -> None:
        """The first head is signed for the key that the first record names, so that the tree pins it."""
        record = believed(StoredEntry(0, row.stream, row.ordinal, row.kind, row.bytes, row.leaf_hash))
        named = record.data.key if isinstance(record.data, Configured) else None
        if record.stream != CONFIG_STREAM or named is None:
            raise TamperedError("first_record", stream=record.stream, ordinal=record.ordinal)
        if named not in {signer.verifier.vkey for signer in self._signers.current()}:
            raise KeyMissingError("wrong_log_key", path=self._dialect.where)

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop; a database that does not answer is asked again, anything else ends it.

        Raises:
            TamperedError, KeyMissingError, ForeignLedgerError: as `step`; nothing more is signed.
        """
        while not stop.is_set():
            try:
                placed = self.step()
            except (LedgerUnavailableError, UncertainError):
                stop.wait(RETRY_SECONDS)
                continue
            if placed < self._batch:
                stop.wait(POLL_SECONDS)


class Sequencing:
    """A sequencer in a thread of this process. `failed` says why it ended before it was told to."""

    def __init__(self, sequencer: Sequencer, on_failure: Callable[[MagiError], None] | None = None) -> None:
        """Start the thread; the sequencer is its own from now on. `on_failure` is called from the thread."""
        self._sequencer = sequencer
        self._on_failure = on_failure
        self._stop = threading.Event()
        self.failed: MagiError | None = None
        self._thread = threading.Thread(target=self._run, name="magi-ledger-sequencer", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._sequencer.run(self._stop)
            with contextlib.suppress(LedgerUnavailableError, UncertainError):
                self._sequencer.step()  # what this process wrote last, if nobody else has taken it
        except MagiError as error:
            self.failed = error
            if self._on_failure is not None:
                self._on_failure(error)

    def close(self) -> None:
        """Finish the step that is under way, take a last one, and end; blocks."""
        self._stop.set()
        self._thread.join()
        self._sequencer.close()
