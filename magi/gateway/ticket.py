"""Tickets: permission for one send of exactly these bytes to exactly this backend.

`Wire` is what will be sent, `Ticket` the permission, `Mint` the only maker and judge of tickets. Promises:
any other byte in method, URL, headers or body gives another digest; any changed field of a ticket gives
another MAC. Both encodings are length-prefixed, so no two values share one. Pure: time and nonce come in as
arguments. Leaves to others: whether a card is admitted (`magi.residency`), single use and expiry
(`egress`).
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from magi.core.card import Card, host_of

TICKET_MS = 30_000
"""A ticket's life: outlasts a slow durable write, and leaves a lost ticket little time."""
MIN_SECRET_BYTES = 32
"""RFC 2104: a key shorter than the hash output weakens HMAC."""
NONCE_BYTES = 16
"""128 random bits: no collision within any number of tickets that this program can issue."""

_COUNT_BYTES = 8


@dataclass(frozen=True)
class Wire:
    """The exact bytes of one request, without credentials and without what HTTP framing adds.

    `headers` are (lower-case name, value) pairs in the order of sending. The representation shows no body.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 in hex over method, URL, headers and body, each with its length before it."""
        headers = (part for pair in self.headers for part in pair)
        parts: tuple[str | bytes, ...] = (self.method, self.url, str(len(self.headers)), *headers, self.body)
        return hashlib.sha256(_encode("magi wire 1", parts)).hexdigest()


@dataclass(frozen=True)
class Ticket:
    """Permission for one send. `host`, `country` and `backend` (its operator) are the card's at issue.

    `topics` are what the bias gate knows of the text. `cleared` are the rules that a named person overruled for
    this text, on record; the guard passes their hits and no others.
    """

    ask: str
    attempt: int
    card: str
    backend: str
    host: str
    country: str
    label: int
    topics: tuple[str, ...]
    cleared: tuple[str, ...]
    derived_from: tuple[str, ...]
    digest: str
    expires_ms: int
    nonce: bytes = field(repr=False)
    mac: bytes = field(repr=False)


class Mint:
    """Makes tickets and tells its own from any other. Owns the secret, which lives as long as the process."""

    def __init__(self, secret: bytes) -> None:
        """Keep the secret.

        Raises:
            ValueError: it is shorter than `MIN_SECRET_BYTES`.
        """
        if len(secret) < MIN_SECRET_BYTES:
            msg = f"expected a secret of at least {MIN_SECRET_BYTES} bytes, got {len(secret)}"
            raise ValueError(msg)
        self._secret = secret

    def issue(
        self,
        wire: Wire,
        card: Card,
        *,
        ask: str,
        attempt: int,
        label: int,
        derived_from: tuple[str, ...],
        topics: tuple[str, ...] = (),
        cleared: tuple[str, ...] = (),
        now_ms: int,
        nonce: bytes,
    ) -> Ticket:
        """A ticket for this wire and card, valid for `TICKET_MS` from `now_ms` (Unix ms)."""
        backend, host, country = (
            card.backend.operator,
            host_of(card.endpoint.base_url),
            card.backend.host_country,
        )
        expires_ms = now_ms + TICKET_MS
        blank = Ticket(
            ask,
            attempt,
            card.id,
            backend,
            host,
            country,
            label,
            topics,
            cleared,
            derived_from,
            wire.digest,
            expires_ms,
            nonce,
            b"",
        )
        return replace(blank, mac=self._mac(blank))

    def genuine(self, ticket: Ticket) -> bool:
        """Whether this mint issued the ticket, field for field; compared in constant time."""
        return hmac.compare_digest(ticket.mac, self._mac(ticket))

    def _mac(self, ticket: Ticket) -> bytes:
        parts: tuple[str | bytes, ...] = (
            ticket.ask,
            str(ticket.attempt),
            ticket.card,
            ticket.backend,
            ticket.host,
            ticket.country,
            str(ticket.label),
            str(len(ticket.topics)),
            *ticket.topics,
            str(len(ticket.cleared)),
            *ticket.cleared,
            str(len(ticket.derived_from)),
            *ticket.derived_from,
            ticket.digest,
            str(ticket.expires_ms),
            ticket.nonce,
        )
        return hmac.digest(self._secret, _encode("magi ticket 2", parts), "sha256")


def _encode(domain: str, parts: Iterable[str | bytes]) -> bytes:
    """Every part with its length before it; lists carry their count, so no two values share an encoding."""
    pieces = [domain.encode()]
    for part in parts:
        # A lone surrogate cannot be sent, but it must not make the guard fail on its way to a refusal either.
        raw = part if isinstance(part, bytes) else part.encode(errors="surrogatepass")
        pieces += (len(raw).to_bytes(_COUNT_BYTES, "big"), raw)
    return b"".join(pieces)
