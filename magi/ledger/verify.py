"""Checks a whole ledger file, from its bytes alone, and computes the root of its tree.

What is checked, in this order for each record:

1. `seq` is dense from 0, and the first record is `configured` in stream `config`.
2. The leaf hash is that of the stored bytes.
3. The bytes are a record of this log, in canonical form, and say what the columns say.
4. Ordinals are contiguous within the stream.
5. Every answer or failed attempt of an ask has its ticket before it.
6. Every body that the record names is there with its length; with keys, it opens and matches its commitment.

Then: no body without a record, no data key or idempotency hash out of place, no claim on a closed stream.

Promises: writes nothing and leaves no file; works in bounded memory but for the streams' states; a damaged
file ends in a report or a named error. Cannot see: a change of the working state beside the tree (a claim's
owner and time, an ancestry label), and a log cut off or rewritten as a whole, which only a checkpoint that
somebody else keeps reveals.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import DBAPIError

from magi.core.errors import KeyMissingError, LedgerUnavailableError, MalformedFileError, TamperedError
from magi.core.ports import Keys
from magi.core.record import Answered, AttemptFailed, Decided, Opened, Record, Ref, Ticketed
from magi.ledger.bodies import SealedBody, WrappedKey, key_proof, open_body, unwrap_key
from magi.ledger.database import check_identity, connect_file, meaning_of, open_engine, reading_uri, wal_of
from magi.ledger.entries import StoredEntry, parsed
from magi.ledger.schema import ancestry, body, claim, data_key, entry, idempotency, key_check
from magi.ledger.tree import Frontier, leaf_hash

CHUNK = 500
"""Records read at a time: half a megabyte, 32 at most."""
BODY_CHUNK = 50
"""Bodies read at a time: a megabyte as a rule, and never hundreds of recorded streams at once."""
MAX_PROBLEMS = 1_000
"""Problems kept; a file with more is not explained by reading on."""
TOP_LABEL = 6


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where: the record's `seq`, `stream` and `ordinal` as far as known."""

    what: str
    seq: int | None = None
    stream: str | None = None
    ordinal: int | None = None


@dataclass(frozen=True)
class VerifyReport:
    """What was counted and found. `root` is the RFC 6962 root over all stored bytes, 64 hex digits.

    `problems` is in log order, so the first names the first bad record.
    """

    records: int
    streams: int
    bodies_checked: int
    bodies_missing: int
    root: str
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(path: Path, keys: Keys | None) -> VerifyReport:
    """Check the ledger at `path`; without `keys` bodies are looked for but not opened.

    Raises:
        ForeignLedgerError: not a ledger of this program and version.
        TamperedError: `database`, `row`: damaged so that it cannot be read on.
        KeyMissingError: `wrong_key`, or no key of the id that the ledger was written with.
        LedgerUnavailableError: `not_found`, `io`; `changing`, a writer came in between: run it again.
    """
    before = _state_of(path)
    engine = open_engine(lambda: connect_file(reading_uri(path)), begin="BEGIN", pooled=False)
    try:
        with engine.connect() as connection:
            check_identity(connection, path)
            report = _Check(connection, keys).run()
    except (DBAPIError, sqlite3.Error) as error:
        raise meaning_of(error, path) from error
    except (TypeError, ValueError) as error:  # a value of another type than its column was made for
        raise TamperedError("row", path=str(path)) from error
    if before is not None and before != _state_of(path):
        raise LedgerUnavailableError("changing", path=str(path))
    return report


def _state_of(path: Path) -> tuple[int, int] | None:
    """Size and time of a ledger that nobody has open; None where SQLite's snapshot protects the reader."""
    if wal_of(path).exists() or not path.exists():
        return None
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@dataclass
class _Stream:
    """What was seen of one stream so far. Owned by `_Check`."""

    following: int = 0
    decided: bool = False
    tickets: set[tuple[str, int]] = field(default_factory=set)
    idempotency_hash: str | None = None


class _Check:
    """One pass over one snapshot of the file."""

    def __init__(self, connection: Connection, keys: Keys | None) -> None:
        self._connection = connection
        self._keys = keys
        self._tree = Frontier()
        self._streams: dict[str, _Stream] = {}
        self._problems: list[Problem] = []
        self._log: str | None = None
        self._records = 0
        self._opened = 0
        self._missing = 0
        self._found = 0

    def run(self) -> VerifyReport:
        key_problem = self._check_key()
        for chunk in self._chunks():
            read = [(row, self._check_entry(row)) for row in chunk]
            self._check_bodies([(row, record) for row, record in read if record is not None])
        self._problems.sort(key=lambda problem: problem.seq if problem.seq is not None else self._records)
        self._problems.extend(key_problem)
        for problem in self._beside_the_log():
            self._add(problem)
        return VerifyReport(
            records=self._records,
            streams=len(self._streams),
            bodies_checked=self._opened,
            bodies_missing=self._missing,
            root=self._tree.root().hex(),
            problems=tuple(self._problems),
        )

    def _add(self, problem: Problem) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(problem)

    def _at(self, row: StoredEntry, what: str) -> None:
        self._add(Problem(what, row.seq, row.stream, row.ordinal))

    def _chunks(self) -> Iterator[Sequence[StoredEntry]]:
        query = select(entry).order_by(entry.c.seq).limit(CHUNK)
        rows = self._connection.execute(query).all()
        while rows:
            yield [StoredEntry(*row) for row in rows]
            rows = self._connection.execute(query.where(entry.c.seq > rows[-1].seq)).all()

    def _check_entry(self, row: StoredEntry) -> Record | None:
        """Steps 1 to 5; the record, if the bytes are one."""
        if row.seq != self._records:
            self._at(row, "seq_not_dense")
            self._records = row.seq  # one gap is one problem
        self._records += 1
        leaf = leaf_hash(row.data)
        self._tree.add(leaf)
        if leaf != row.leaf:
            self._at(row, "leaf_hash")
        try:
            record = parsed(row.data)
            canonical = record.to_bytes()
        except (MalformedFileError, ValueError):
            self._at(row, "not_a_record")
            return None
        if canonical != row.data:
            self._at(row, "not_canonical")
        if (record.stream, record.ordinal, record.kind) != (row.stream, row.ordinal, row.kind):
            self._at(row, "columns_differ")
        self._log = record.log if self._log is None else self._log
        if record.log != self._log:
            self._at(row, "other_log")
        if row.seq == 0 and (record.stream, record.kind) != ("config", "configured"):
            self._at(row, "first_record")
        self._check_stream(row, record)
        return record

    def _check_stream(self, row: StoredEntry, record: Record) -> None:
        stream = self._streams.setdefault(record.stream, _Stream())
        if record.ordinal != stream.following:
            self._at(row, "ordinal_not_contiguous")
        stream.following = record.ordinal + 1
        event = record.data
        if isinstance(event, Ticketed):
            stream.tickets.add((event.ask, event.attempt))
        elif isinstance(event, Answered | AttemptFailed):
            if event.attempt > 0 and (event.ask, event.attempt) not in stream.tickets:
                self._at(row, "no_ticket")
        elif isinstance(event, Decided):
            stream.decided = True
        elif isinstance(event, Opened):
            stream.idempotency_hash = event.idempotency_hash

    def _check_bodies(self, records: Sequence[tuple[StoredEntry, Record]]) -> None:
        """Step 6 for one chunk of records."""
        wanted = [(row, record, ref) for row, record in records for ref in record.refs]
        for start in range(0, len(wanted), BODY_CHUNK):
            some = wanted[start : start + BODY_CHUNK]
            stored = self._stored({ref.commitment for _, _, ref in some})
            self._found += len(stored)
            for row, record, ref in some:
                found = stored.get(ref.commitment)
                if found is None:
                    self._missing += 1
                    self._at(row, f"body_missing: {ref.name}")
                    continue
                problem = self._body_problem(record.stream, ref, found)
                if problem is not None:
                    self._at(row, f"{problem}: {ref.name}")

    def _stored(self, commitments: Iterable[str]) -> Mapping[str, Row[tuple[object, ...]]]:
        query = (
            select(
                body,
                data_key.c.key_id,
                data_key.c.nonce.label("key_nonce"),
                data_key.c.wrapped,
            )
            .outerjoin(data_key, data_key.c.stream == body.c.stream)
            .where(body.c.commitment.in_(sorted(commitments)))
        )
        return {row.commitment: row for row in self._connection.execute(query)}

    def _body_problem(self, stream: str, ref: Ref, row: Row[tuple[object, ...]]) -> str | None:
        if (row.stream, row.length) != (stream, ref.length):
            return "body_columns"
        if row.key_id is None:
            return "data_key_missing"
        return None if self._keys is None else self._opening_problem(self._keys, stream, ref, row)

    def _opening_problem(self, keys: Keys, stream: str, ref: Ref, row: Row[tuple[object, ...]]) -> str | None:
        wrapped = WrappedKey(row.key_id, row.key_nonce, row.wrapped)
        try:
            key = unwrap_key(wrapped, keys.tenant_key(row.key_id), stream=stream)
            open_body(SealedBody(ref.commitment, ref.length, row.nonce, row.ciphertext, row.salt), key)
        except TamperedError as error:
            return error.reason
        except KeyMissingError:
            return "data_key"
        self._opened += 1
        return None

    def _check_key(self) -> tuple[Problem, ...]:
        """Tell a wrong key, which opens nothing, from a check value that was changed."""
        if self._keys is None:
            return ()
        rows = self._connection.execute(select(key_check)).all()
        if rows and all(_proves(self._keys, row.key_id, row.proof) for row in rows):
            return ()
        if not self._opens_a_data_key(self._keys):
            raise KeyMissingError("wrong_key", known=tuple(sorted(row.key_id for row in rows)))
        return (Problem("key_check"),)

    def _opens_a_data_key(self, keys: Keys) -> bool:
        row = self._connection.execute(select(data_key).limit(1)).one_or_none()
        if row is None:
            return False
        wrapped = WrappedKey(row.key_id, row.nonce, row.wrapped)
        try:
            unwrap_key(wrapped, keys.tenant_key(row.key_id), stream=row.stream)
        except (TamperedError, KeyMissingError):
            return False
        return True

    def _beside_the_log(self) -> Iterator[Problem]:
        """What stands in the other tables and does not belong to any record."""
        if self._connection.execute(select(func.count()).select_from(body)).scalar_one() != self._found:
            yield from (Problem("body_without_record", stream=stream) for stream in self._orphans())
        unused = select(data_key.c.stream).where(data_key.c.stream.not_in(select(body.c.stream)))
        for stream in self._connection.execute(unused).scalars():
            yield Problem("data_key_without_body", stream=stream)
        for row in self._connection.execute(select(idempotency)):
            known = self._streams.get(row.stream)
            if known is None or known.idempotency_hash not in (None, row.hash):
                yield Problem("idempotency", stream=row.stream)
        for row in self._connection.execute(select(claim)):
            known = self._streams.get(row.stream)
            if known is None or known.decided:
                yield Problem("claim_without_open_stream", stream=row.stream)
        for row in self._connection.execute(select(ancestry)):
            if row.stream not in self._streams or row.label not in range(TOP_LABEL + 1):
                yield Problem("ancestry", stream=row.stream)

    def _orphans(self) -> Iterator[str]:
        """Streams of bodies that no record names; a second pass, made only where the numbers differ."""
        named: set[str] = set()
        for chunk in self._chunks():
            for row in chunk:
                try:
                    named.update(ref.commitment for ref in parsed(row.data).refs)
                except (MalformedFileError, ValueError):
                    continue  # reported in the first pass
        for stored in self._connection.execute(select(body.c.commitment, body.c.stream)):
            if stored.commitment not in named:
                yield stored.stream


def _proves(keys: Keys, key_id: str, proof: bytes) -> bool:
    try:
        return key_proof(keys.tenant_key(key_id), key_id) == proof
    except KeyMissingError:
        return False
