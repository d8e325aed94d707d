"""The ledger of one tenant (the `Ledger` port), and its opening in an SQLite file; `postgres` opens it in PostgreSQL.

Writes go through one thread that commits what waits in groups (`writer`); reads use their own connections in
worker threads, so neither blocks the event loop. Other processes may write the same log: every group
re-reads what it builds upon inside its own transaction.

Promises: what `append` returned is on the disk; a loser of a race leaves no row; a body is not handed out
before its access is on record. Opening blocks (a few milliseconds): do it before the loop serves.
Leaves to others: retries, what records mean (`magi.service`), checking the whole log (`verify`).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from magi.core.acts import Accessed, Erased
from magi.core.errors import ErasedError, KeyMissingError, LedgerUnavailableError, MagiError, TamperedError
from magi.core.ports import NO_MARKS, Clock, Draft, Entropy, Keys, Marks, OpenStream
from magi.core.record import Record, Ref
from magi.ledger.bodies import SealedBody, WrappedKey, open_body, unwrap_key
from magi.ledger.commit import Append, Claim, GroupCommit, Secrets
from magi.ledger.creation import Identity, create_file, prepare_ledger
from magi.ledger.database import (
    Connect,
    SqliteDialect,
    check_identity,
    connect_file,
    open_engine,
    reading_uri,
    writing_uri,
)
from magi.ledger.dialect import Dialect
from magi.ledger.entries import StoredEntry, believed
from magi.ledger.head import SignerSource, Signing, read_head
from magi.ledger.retention import RETENTION_STREAM
from magi.ledger.schema import ancestry, body, claim, data_key, entry, erased, idempotency
from magi.ledger.state import sealed, state_key
from magi.ledger.writer import Job, Writer, WriterStats

MAX_WAITING = 1_024
"""Appends handed in and not yet durable; the next caller waits. Four groups: more is only memory."""
MAX_DIGESTS_A_QUERY = 500
"""Digests in one IN list; SQLite takes 32,766 parameters, other stores fewer."""
ACCESS_STREAM = "access"

Found = TypeVar("Found")


class StoredLedger:
    """One tenant's log in one store. Safe for any number of tasks; close it or use it as a context."""

    def __init__(
        self, dialect: Dialect, reader: Engine, keys: Keys, key_id: str, writer: tuple[Engine, Writer] | None
    ) -> None:
        """Read through `reader`, which is disposed of at the end, as the writer's engine is.

        Without a `writer` it is read only.
        """
        self._dialect = dialect
        self._reader = reader
        self._keys = keys
        self._key_id = key_id
        self._room = asyncio.Semaphore(MAX_WAITING)
        self._writer: Writer | None = None
        if writer is not None:
            self._writing, self._writer = writer

    async def __aenter__(self) -> Self:
        """The ledger itself; it is open already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """Finish what was handed in and close the file; nothing can be appended afterwards."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)
            self._writing.dispose()
        self._reader.dispose()

    @property
    def stats(self) -> WriterStats:
        """Commits, appends and records since this ledger was opened."""
        return self._writer.stats if self._writer is not None else WriterStats(0, 0, 0)

    async def append(
        self, stream: str, expect: int | None, drafts: Sequence[Draft], marks: Marks = NO_MARKS
    ) -> tuple[Record, ...]:
        """Append `drafts` as ordinals `expect`, `expect + 1`, ... (or at the end) of `stream`, whole and durable.

        Appends handed in one after the other, without waiting, are taken in that order. Cancelling the wait
        does not take the append back once the writer has it: re-read.

        Raises:
            ConflictError: `ordinal` (taken), `gap` (the record before it is not there), `idempotency` (with
                `stream`), or `constraint` (a claim on the stream is there already).
            UncertainError: the commit may or may not have happened: re-read.
            LedgerUnavailableError: disk_full, io, locked, not_writable, closed; nothing was written.
            QuestionRefusedError: `record_too_large`, `body_too_large`; nothing was written.
        """
        return await self._append(Append(stream, expect, tuple(drafts), marks))

    async def _append(self, append: Append) -> tuple[Record, ...]:
        records = await self._submit(append)
        assert isinstance(records, tuple)  # noqa: S101  # the writer answers an append with its records
        return records

    async def _submit(self, work: Append | Claim) -> tuple[Record, ...] | bool:
        if self._writer is None:
            raise LedgerUnavailableError("not_writable", path=self._dialect.where)
        async with self._room:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[tuple[Record, ...] | bool] = loop.create_future()
            self._writer.put(Job(work, loop, future))
            return await future

    async def read(self, stream: str) -> tuple[Record, ...]:
        """All records of a stream in order; empty if there is none.

        Raises:
            TamperedError: stored bytes do not match their hash, or columns their bytes.
            LedgerUnavailableError: the file cannot be read.
        """
        query = select(entry).where(entry.c.stream == stream).order_by(entry.c.ordinal)
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple(believed(StoredEntry(*row)) for row in rows)

    async def streams(self, prefix: str) -> tuple[str, ...]:
        """Names of all streams that start with `prefix`, in the order of their first record."""
        query = (
            select(entry.c.stream)
            .where(entry.c.ordinal == 0, func.substr(entry.c.stream, 1, len(prefix)) == prefix)
            .order_by(*self._dialect.log_order)
        )
        return tuple(await self._read(lambda connection: connection.execute(query).scalars().all()))

    async def body(
        self, ref: Ref, who: str, why: str, *, request: int | None = None, at: int | None = None
    ) -> bytes:
        """The plaintext of a body; the access is recorded in stream `access`, durably, before it is read.

        `request` is the approved request that the record cites. With `at` the record takes that ordinal or none:
        whoever judged the stream before it knows that nothing was recorded in between.

        Raises:
            ConflictError: `ordinal`, something else was recorded `at` that place; the body was not read.
            ErasedError: a tombstone names it; the commitment is intact.
            TamperedError: it is not there, does not decrypt, or does not match its commitment.
            KeyMissingError: the tenant key is absent.
            LedgerUnavailableError: the access cannot be recorded (a read-only ledger), or the file not read.
        """
        accessed = Accessed(commitment=ref.commitment, who=who, why=why, request=request)
        await self._append(Append(ACCESS_STREAM, at, (Draft(accessed, actor=who),)))
        return await self._read(lambda connection: self._open_body(connection, ref))

    def _open_body(self, connection: Connection, ref: Ref) -> bytes:
        query = (
            select(body, data_key.c.key_id, data_key.c.nonce.label("key_nonce"), data_key.c.wrapped)
            .join(data_key, data_key.c.stream == body.c.stream)
            .where(body.c.commitment == ref.commitment)
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            raise _missing(connection, ref)
        key = unwrap_key(
            WrappedKey(row.key_id, row.key_nonce, row.wrapped),
            self._keys.tenant_key(row.key_id),
            stream=row.stream,
        )
        # The length is checked against the ref: it stands in the record, which the tree covers.
        return open_body(SealedBody(ref.commitment, ref.length, row.nonce, row.ciphertext, row.salt), key)

    async def labels(self, digests: Sequence[str]) -> Mapping[str, int]:
        """The recorded label of each known message digest (ancestry); unknown ones are left out.

        Raises:
            TamperedError: `ancestry`, a row that this ledger did not write.
        """
        key = state_key(self._keys.tenant_key(self._key_id))
        return await self._read(lambda connection: _labels(connection, digests, key))

    async def known(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """The stream that holds each idempotency hash, open or decided; unknown ones are left out."""
        return await self._read(lambda connection: _known(connection, hashes))

    async def open_streams(self) -> tuple[OpenStream, ...]:
        """The deliberations without a verdict, by stream name."""
        query = select(claim).order_by(claim.c.stream)
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple(OpenStream(row.stream, row.owner, row.expires_ms) for row in rows)

    async def claim(self, stream: str, owner: str, ttl_ms: int, dead_owner: str | None = None) -> bool:
        """Take or renew an open stream; false if another's claim has not expired or the stream is not open.

        `dead_owner` names an owner known to be dead, whose claim is taken at once. Of several processes that
        ask at the same time one gets true.

        Raises:
            UncertainError, LedgerUnavailableError: as `append`.
        """
        return bool(await self._submit(Claim(stream, owner, ttl_ms, dead_owner)))

    async def _read(self, look: Callable[[Connection], Found]) -> Found:
        return await asyncio.to_thread(self._look, look)

    def _look(self, look: Callable[[Connection], Found]) -> Found:
        return look_into(self._dialect, self._reader, look)


def look_into(dialect: Dialect, reader: Engine, look: Callable[[Connection], Found]) -> Found:
    """Read on a connection of one's own; the store's errors get their meaning."""
    try:
        with reader.connect() as connection:
            return look(connection)
    except dialect.errors as error:
        raise dialect.meaning_of(error) from error


class SqliteLedger(StoredLedger):
    """One tenant's log in one file."""

    def __init__(
        self,
        path: Path,
        *,
        log: str,
        tenant: str,
        key_id: str,
        keys: Keys,
        signers: SignerSource | None = None,
        entropy: Entropy,
        clock: Clock,
        create: bool = True,
        read_only: bool = False,
        connect: Connect = connect_file,
    ) -> None:
        """Open the ledger, or create it with its first record where `create` and not `read_only`.

        `entropy`, `clock` and `signers` are called from the writer thread. A read-only ledger asks for no key and
        creates no file.

        Raises:
            ForeignLedgerError: not a ledger of this program, version, log and tenant.
            KeyMissingError: the tenant key is absent, or not the one this ledger was written with; no log key.
            LedgerUnavailableError: no_folder, not_found, not_writable, locked, disk_full, io.
            TamperedError: the file is damaged.
        """
        dialect = SqliteDialect(path)
        reader = _reader(path, connect, read_only=read_only)
        if read_only:
            look_into(dialect, reader, lambda found: check_identity(found, path, log=log, tenant=tenant))
            super().__init__(dialect, reader, keys, key_id, None)
            return
        secrets = Secrets(keys=keys, key_id=key_id, entropy=entropy)
        if signers is None:
            raise KeyMissingError("log_key", path=str(path))
        signers.current()  # before a file is made
        group_commit = GroupCommit(log, secrets, clock, Signing(log, signers))
        identity = Identity(log=log, tenant=tenant, key_id=key_id, key=keys.tenant_key(key_id))
        if create:
            create_file(path)
        writing = open_engine(lambda: connect(writing_uri(path)), begin="BEGIN IMMEDIATE")
        try:
            prepare_ledger(writing, path, identity, group_commit, signers, create=create)
            # This connection stays in the pool: while we have the file open, readers beside us can see it.
            with reader.connect() as connection:
                read_head(connection)
        except (DBAPIError, sqlite3.Error) as error:  # the second: the journal mode is set on the bare driver
            raise dialect.meaning_of(error) from error
        finally:
            writing.dispose()  # the writer thread opens its own connection
        super().__init__(dialect, reader, keys, key_id, (writing, Writer(dialect, writing, group_commit)))


def _reader(path: Path, connect: Connect, *, read_only: bool) -> Engine:
    if read_only:  # a connection for each read: whether a writer is about decides how it opens
        return open_engine(lambda: connect(reading_uri(path)), begin="BEGIN", pooled=False)
    return open_engine(lambda: connect(writing_uri(path)), begin="BEGIN")


def _missing(connection: Connection, ref: Ref) -> MagiError:
    """Why a body is not there: a tombstone, or somebody's hand."""
    found = connection.execute(
        select(entry)
        .join(erased, entry.c.ordinal == erased.c.ordinal)
        .where(entry.c.stream == RETENTION_STREAM, erased.c.commitment == ref.commitment)
    ).one_or_none()
    if found is not None:
        record = believed(StoredEntry(*found))
        tombstone = record.data
        if isinstance(tombstone, Erased) and ref.commitment in tombstone.commitments:
            facts = {"stream": tombstone.stream, "by": tombstone.by, "why": tombstone.why}
            return ErasedError("body", **facts, at_ms=record.at_ms)
    return TamperedError("body_missing", commitment=ref.commitment)


def _labels(connection: Connection, digests: Sequence[str], key: bytes) -> Mapping[str, int]:
    labels: dict[str, int] = {}
    for start in range(0, len(digests), MAX_DIGESTS_A_QUERY):
        some = digests[start : start + MAX_DIGESTS_A_QUERY]
        for row in connection.execute(select(ancestry).where(ancestry.c.digest.in_(some))):
            if not sealed(key, row.seal, "ancestry", row.digest, row.label, row.stream):
                raise TamperedError("ancestry", stream=row.stream)
            labels[row.digest] = row.label
    return labels


def _known(connection: Connection, hashes: Sequence[str]) -> Mapping[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(hashes), MAX_DIGESTS_A_QUERY):
        some = hashes[start : start + MAX_DIGESTS_A_QUERY]
        rows = connection.execute(select(idempotency).where(idempotency.c.hash.in_(some)))
        known.update((row.hash, row.stream) for row in rows)
    return known
