"""One group of appends and claims, inside one transaction: who wins, then every row at once.

The transaction holds SQLite's write lock from its first statement, so what it reads is what it will write
upon. That lets the group be arbitrated in memory first: losers get their `ConflictError` and leave no row,
and the winners' rows go in with one statement a table. A savepoint for each append would isolate them as
well, at half a dozen statements an append. A constraint that arbitration did not foresee is handled by
`magi.ledger.writer`, which repeats the group one job at a time.

Where this process signs the log (SQLite), the group's entries get their place, and head and tiles grow, in the same
transaction; else (PostgreSQL) entries wait without a place for the sequencer.

Promises: a dense `seq`, contiguous ordinals, no row of a loser. Leaves to others: begin, commit, rollback,
threads (`magi.ledger.writer`), the signed head (`head`), records that act (`retention`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Insert, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from magi.core.acts import Erased
from magi.core.errors import ConflictError, MagiError
from magi.core.ports import NO_MARKS, Clock, Draft, Entropy, Keys, Marks
from magi.core.record import Record
from magi.ledger.bodies import WrappedKey, new_data_key, seal, unwrap_key, wrap_key
from magi.ledger.entries import Entry, envelop
from magi.ledger.head import Signing
from magi.ledger.retention import ACTING, carry_out, refusal
from magi.ledger.schema import ancestry, claim, data_key, entry, idempotency
from magi.ledger.state import seal_row, state_key

Row = dict[str, object]


def _raising(seen: sqlite.Insert | postgresql.Insert) -> Insert:
    return seen.on_conflict_do_update(
        index_elements=[ancestry.c.digest],
        set_={"label": seen.excluded.label, "stream": seen.excluded.stream, "seal": seen.excluded.seal},
        where=seen.excluded.label > ancestry.c.label,  # a label only ever rises
    )


_RAISE_LABEL: Mapping[str, Insert] = {
    "sqlite": _raising(sqlite.insert(ancestry)),
    "postgresql": _raising(postgresql.insert(ancestry)),
}


_UNPLACED = ("stream", "ordinal", "kind", "bytes", "leaf_hash")
"""The columns of an entry that a writer fills where the sequencer gives the places."""
_BODY = ("commitment", "stream", "salt", "nonce", "ciphertext", "length")


@dataclass(frozen=True)
class Append:
    """One append of the port; `expect` is None where the records go to the end of the stream."""

    stream: str
    expect: int | None
    drafts: Sequence[Draft] = field(repr=False)
    marks: Marks = NO_MARKS


@dataclass(frozen=True)
class Claim:
    """One claim of the port."""

    stream: str
    owner: str
    ttl_ms: int
    dead_owner: str | None


@dataclass(frozen=True)
class Ready:
    """An append whose entries have their bytes already; `entries` is None where the ordinal is not known."""

    append: Append
    entries: tuple[Entry, ...] | None


@dataclass(frozen=True)
class Secrets:
    """What sealing needs: the tenant's keys, the id of the one in use, and chance."""

    keys: Keys
    key_id: str
    entropy: Entropy


def touched(group: Iterable[Ready | Claim]) -> tuple[set[str], set[str]]:
    """The streams and idempotency hashes whose state decides over a group: what the store must hold for it."""
    streams: set[str] = set()
    hashes: set[str] = set()
    for work in group:
        if isinstance(work, Claim):
            streams.add(work.stream)
            continue
        append = work.append
        streams.add(append.stream)
        streams.update(draft.event.stream for draft in append.drafts if isinstance(draft.event, Erased))
        if append.marks.idempotency_hash is not None:
            hashes.add(append.marks.idempotency_hash)
    return streams, hashes


class GroupCommit:
    """Writes groups into one log. Without state between groups: other processes write too."""

    def __init__(self, log: str, secrets: Secrets, clock: Clock, signing: Signing | None = None) -> None:
        """Write as `log`, sealing with `secrets`, stamping with `clock`; with `signing`, also place and sign."""
        self._log = log
        self._secrets = secrets
        self._clock = clock
        self._signing = signing
        self._state_key = state_key(secrets.keys.tenant_key(secrets.key_id))

    def committed(self) -> None:
        """The last group's transaction is durable."""
        if self._signing is not None:
            self._signing.committed()

    def ready(self, append: Append) -> Ready:
        """Do the work of an append that needs no transaction: bytes, hashes, compression.

        Raises:
            QuestionRefusedError: a record or a body is too large.
        """
        if append.expect is None:
            return Ready(append, None)
        return Ready(append, self._envelop(append, append.expect))

    def _envelop(self, append: Append, first: int) -> tuple[Entry, ...]:
        return envelop(
            append.drafts,
            log=self._log,
            stream=append.stream,
            first=first,
            clock=self._clock,
            entropy=self._secrets.entropy,
        )

    def append(
        self, connection: Connection, group: Sequence[Ready]
    ) -> tuple[tuple[Record, ...] | MagiError, ...]:
        """Write a group in the order given; the records of each winner, the error of each loser.

        Raises:
            DBAPIError: the store refused a statement; roll back. TamperedError: a data key does not unwrap, or the
                head is not what this log's keys signed.
        """
        if self._signing is not None:
            self._signing.begun()
        log = _Occupied(connection, [ready.append for ready in group])
        outcomes: list[tuple[Record, ...] | MagiError] = []
        winners: list[Entry] = []
        sealed = 0  # of the winners, those whose bodies are in the store
        marks: list[tuple[str, Marks]] = []
        for ready in group:
            append = ready.append
            events = [draft.event for draft in append.drafts]
            acts = any(isinstance(event, ACTING) for event in events)
            if acts:  # an act is judged on the bodies that those before it brought
                self._write_bodies(connection, winners[sealed:])
                sealed = len(winners)
            lost = log.conflict(append) or (refusal(connection, append.stream, events) if acts else None)
            if lost is not None:
                outcomes.append(lost)
                continue
            entries = ready.entries
            if entries is None:
                entries = self._envelop(append, log.end(append.stream))
            log.take(append, entries)
            winners.extend(entries)
            marks.append((append.stream, append.marks))
            records = tuple(item.record for item in entries)
            if acts:  # at once: a later act of the group is judged on what this one left
                carry_out(connection, records)
            outcomes.append(records)
        self._write_entries(connection, winners)
        self._write_bodies(connection, winners[sealed:])
        self._write_marks(connection, marks)
        return tuple(outcomes)

    def _write_entries(self, connection: Connection, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        rows = [
            (item.record.stream, item.record.ordinal, item.record.kind, item.data, item.leaf)
            for item in entries
        ]
        if self._signing is None:
            _add_rows(connection, "entry", _UNPLACED, rows)
            return
        frontier = self._signing.resume(connection)
        placed = [(frontier.size + place, *row) for place, row in enumerate(rows)]
        _add_rows(connection, "entry", ("seq", *_UNPLACED), placed)
        self._signing.grow(connection, frontier, [item.leaf for item in entries])

    def _write_bodies(self, connection: Connection, entries: Sequence[Entry]) -> None:
        holders = [item for item in entries if item.bodies]
        if not holders:
            return
        keys = self._data_keys(connection, {item.record.stream for item in holders})
        rows: list[tuple[object, ...]] = []
        for item in holders:
            stream = item.record.stream
            for committed in item.bodies:
                one = seal(committed, keys[stream], self._secrets.entropy)
                rows.append((one.commitment, stream, one.salt, one.nonce, one.ciphertext, one.length))
        _add_rows(connection, "body", _BODY, rows)

    def _data_keys(self, connection: Connection, streams: set[str]) -> Mapping[str, bytes]:
        """The data key of each stream; those that have none yet get one."""
        secrets = self._secrets
        found = connection.execute(select(data_key).where(data_key.c.stream.in_(sorted(streams))))
        keys = {
            row.stream: unwrap_key(
                WrappedKey(row.key_id, row.nonce, row.wrapped),
                secrets.keys.tenant_key(row.key_id),
                stream=row.stream,
            )
            for row in found
        }
        rows: list[Row] = []
        for stream in sorted(streams - keys.keys()):
            keys[stream] = new_data_key(secrets.entropy)
            wrapped = wrap_key(
                keys[stream],
                secrets.keys.tenant_key(secrets.key_id),
                key_id=secrets.key_id,
                stream=stream,
                entropy=secrets.entropy,
            )
            rows.append({**vars(wrapped), "stream": stream})
        _insert_all(connection, insert(data_key), rows)
        return keys

    def _write_marks(self, connection: Connection, marks: Sequence[tuple[str, Marks]]) -> None:
        known: list[Row] = [
            {
                "hash": mark.idempotency_hash,
                "stream": stream,
                "seal": self._seal("idempotency", mark.idempotency_hash, stream),
            }
            for stream, mark in marks
            if mark.idempotency_hash is not None
        ]
        claims = [
            self._claim_row(stream, mark.owner, self._clock.now_ms() + mark.ttl_ms)
            for stream, mark in marks
            if mark.owner is not None
        ]
        seen: list[Row] = [
            {
                "digest": digest,
                "label": label,
                "stream": stream,
                "seal": self._seal("ancestry", digest, label, stream),
            }
            for stream, mark in marks
            for digest, label in mark.ancestry.items()
        ]
        _insert_all(connection, insert(idempotency), known)
        _insert_all(connection, insert(claim), claims)
        # In one order everywhere: two transactions that raise the same labels wait for each other, but never mutually.
        seen.sort(key=lambda row: str(row["digest"]))
        _insert_all(connection, _RAISE_LABEL[connection.dialect.name], seen)
        closed = [stream for stream, mark in marks if mark.closes]
        if closed:
            connection.execute(delete(claim).where(claim.c.stream.in_(closed)))

    def claim(self, connection: Connection, wanted: Claim) -> bool:
        """Take or renew the claim on an open stream; false if it is not open, or another's has time left."""
        now = self._clock.now_ms()
        free = [claim.c.owner == wanted.owner, claim.c.expires_ms <= now]
        if wanted.dead_owner is not None:
            free.append(claim.c.owner == wanted.dead_owner)
        taken = connection.execute(
            update(claim)
            .where(claim.c.stream == wanted.stream, or_(*free))
            .values(**self._claim_row(wanted.stream, wanted.owner, now + wanted.ttl_ms))
        )
        return bool(taken.rowcount == 1)

    def _claim_row(self, stream: str, owner: str, expires_ms: int) -> Row:
        seal = self._seal("claim", stream, owner, expires_ms)
        return {"stream": stream, "owner": owner, "expires_ms": expires_ms, "seal": seal}

    def _seal(self, table: str, *values: str | int) -> bytes:
        return seal_row(self._state_key, table, *values)


class _Occupied:
    """What the log holds around the places a group wants, kept up to date while the group is arbitrated."""

    def __init__(self, connection: Connection, group: Sequence[Append]) -> None:
        self._taken = _neighbours(connection, group)
        self._ends = _ends(connection, {append.stream for append in group if append.expect is None})
        self._known = _known(connection, group)

    def conflict(self, append: Append) -> ConflictError | None:
        """Why this append loses, or None.

        A known idempotency hash comes first: it tells the loser which stream to read.
        """
        known = self._known.get(append.marks.idempotency_hash or "")
        if known is not None:
            return ConflictError("idempotency", stream=known)
        if append.expect is None:
            return None
        if (append.stream, append.expect) in self._taken:
            return ConflictError("ordinal", stream=append.stream, ordinal=append.expect)
        if append.expect > 0 and (append.stream, append.expect - 1) not in self._taken:
            # The record before it is not there: the append it was built upon lost, or never came.
            return ConflictError("gap", stream=append.stream, ordinal=append.expect)
        return None

    def end(self, stream: str) -> int:
        """The first free ordinal of a stream that somebody in the group appends to at its end."""
        return self._ends[stream]

    def take(self, append: Append, entries: Sequence[Entry]) -> None:
        """Note a winner's places, so that those after it in the group build on them."""
        self._taken.update((append.stream, item.record.ordinal) for item in entries)
        if append.stream in self._ends:
            self._ends[append.stream] += len(entries)
        if append.marks.idempotency_hash is not None:
            self._known[append.marks.idempotency_hash] = append.stream


def _neighbours(connection: Connection, group: Iterable[Append]) -> set[tuple[str, int]]:
    """Which of the wanted first ordinals, and of those just before them, are taken."""
    wanted = {
        (append.stream, append.expect + step)
        for append in group
        if append.expect is not None
        for step in (-1, 0)
        if append.expect + step >= 0
    }
    if not wanted:
        return set()
    mark = _MARKS[connection.dialect.name]
    places = ",".join([f"({mark},{mark})"] * len(wanted))
    # A join, since SQLite reads its whole index where pairs are looked for with IN: ever slower as the log grows.
    query = (
        f"WITH wanted (stream, ordinal) AS (VALUES {places}) SELECT entry.stream, entry.ordinal FROM wanted"  # noqa: S608
        " JOIN entry ON entry.stream = wanted.stream AND entry.ordinal = wanted.ordinal"
    )
    given = tuple(value for place in sorted(wanted) for value in place)
    return {(row[0], row[1]) for row in connection.exec_driver_sql(query, given)}


def _ends(connection: Connection, streams: set[str]) -> dict[str, int]:
    """The first free ordinal of each stream. One by one: SQLite answers a lone max() from the index."""
    last = {
        stream: connection.execute(
            select(func.max(entry.c.ordinal)).where(entry.c.stream == stream)
        ).scalar_one()
        for stream in streams
    }
    return {stream: 0 if ordinal is None else ordinal + 1 for stream, ordinal in last.items()}


def _known(connection: Connection, group: Iterable[Append]) -> dict[str, str]:
    hashes = sorted(
        append.marks.idempotency_hash for append in group if append.marks.idempotency_hash is not None
    )
    if not hashes:
        return {}
    rows = connection.execute(select(idempotency).where(idempotency.c.hash.in_(hashes)))
    return {row.hash: row.stream for row in rows}


_MARKS = {"sqlite": "?", "postgresql": "%s"}
"""How a driver marks a parameter. The three statements that each record passes go to it directly: a third of the time
of a group was spent on describing their parameters anew."""


def _add_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    marks = ",".join([_MARKS[connection.dialect.name]] * len(columns))
    statement = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"  # noqa: S608  # our own names
    connection.exec_driver_sql(statement, list(rows))


def _insert_all(connection: Connection, statement: Insert, rows: Sequence[Row]) -> None:
    if rows:  # no rows would mean one row of defaults
        connection.execute(statement, rows)
