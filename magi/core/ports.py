"""The ports: what the service needs of the world, as prose and types. No implementation, no I/O.

Implementations live in `magi.ledger`, `magi.gateway` and `magi.wiring`; fakes come in through these, never
by patching.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from magi.core.record import Event, Record, Ref


class Clock(Protocol):
    """Time. `now_ms` is Unix time in ms; `monotonic_ms` only ever grows and serves offsets and waits."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        ...

    def monotonic_ms(self) -> int:
        """A clock that never goes back, in milliseconds."""
        ...


class Entropy(Protocol):
    """Randomness for salts, nonces, keys and ids; never for a decision."""

    def token(self, size: int) -> bytes:
        """`size` unpredictable bytes."""
        ...


class Keys(Protocol):
    """The tenant's key. Losing it loses the bodies, never the records or the verdicts."""

    def tenant_key(self, key_id: str) -> bytes:
        """The 32-byte key that wraps body keys and keys ancestry digests.

        Raises:
            KeyMissingError: there is no such key, with what to do.
        """
        ...


@dataclass(frozen=True)
class Draft:
    """An event to be recorded, with its bodies by ref name. The ledger adds salt, time and ordinal."""

    event: Event
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    actor: str = "magi"


@dataclass(frozen=True)
class Marks:
    """What T1 and T3 write beside their records: ancestry (message digest -> label), idempotency, claim.

    `owner` with `ttl_ms` opens the stream's claim in the same transaction (T1); `closes` deletes it (T3).
    """

    ancestry: Mapping[str, int] = field(default_factory=dict)
    idempotency_hash: str | None = None
    owner: str | None = None
    ttl_ms: int = 0
    closes: bool = False


NO_MARKS = Marks()


@dataclass(frozen=True)
class OpenStream:
    """A deliberation that has no verdict yet, and who holds it until when (Unix ms)."""

    stream: str
    owner: str
    expires_ms: int


class Ledger(Protocol):
    """The log of one tenant.

    Some records act as they are recorded, in the same transaction: `erased` deletes the bodies it names (T5), `held`
    and `hold_released` set and end a legal hold.

    Writes are atomic and durable on return: SQLite WAL with synchronous=FULL. Concurrent appends are
    committed in groups. Nothing is retried here.
    """

    async def append(
        self, stream: str, expect: int | None, drafts: Sequence[Draft], marks: Marks = NO_MARKS
    ) -> tuple[Record, ...]:
        """Append `drafts` as ordinals `expect`, `expect + 1`, ... of `stream`, all or none.

        Without `expect` they go to its end, wherever that is: for streams that many write.

        Raises:
            ConflictError: an ordinal is taken, or the idempotency hash is known (`facts["stream"]`): the
                loser re-reads and answers with what is recorded.
            ErasureRefusedError: `held`, `open`, `unknown`: the erasure was not made, nothing was written.
            UncertainError: the commit may or may not have happened: re-read.
            LedgerUnavailableError: disk full or unreadable; nothing was written.
        """
        ...

    async def read(self, stream: str) -> tuple[Record, ...]:
        """All records of a stream in order; empty if there is none.

        Raises:
            TamperedError: stored bytes do not match their hash.
        """
        ...

    async def streams(self, prefix: str) -> tuple[str, ...]:
        """Names of all streams that start with `prefix`, in the order of their first record."""
        ...

    async def body(
        self, ref: Ref, who: str, why: str, *, request: int | None = None, at: int | None = None
    ) -> bytes:
        """The plaintext of a body; the access is recorded in stream `access`, durably, before it is read.

        The record cites the approved `request`, where one is given. With `at` it takes that ordinal or nothing is
        read, so that whoever judged the stream up to there knows that nothing came in between. What a person may
        read is judged before (`magi.service.access`).

        Raises:
            ConflictError: the ordinal `at` is taken.
            TamperedError: it does not match its commitment. KeyMissingError: the tenant key is absent.
            ErasedError: it was erased; the commitment stands.
        """
        ...

    async def labels(self, digests: Sequence[str]) -> Mapping[str, int]:
        """The recorded label of each known message digest (ancestry); unknown ones are left out."""
        ...

    async def known(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """The stream that holds each idempotency hash, open or decided; unknown ones are left out."""
        ...

    async def open_streams(self) -> tuple[OpenStream, ...]:
        """The deliberations without a verdict."""
        ...

    async def claim(self, stream: str, owner: str, ttl_ms: int, dead_owner: str | None = None) -> bool:
        """Take or renew an open stream; false if another owner's claim has not expired.

        `dead_owner` names an owner known to be dead, whose claim is taken at once.
        """
        ...
