"""The egress guard: the last word on what leaves, and the only caller of the transport.

One send, in the steps of the ticket flow (DESIGN section 10, steps 6 to 8):

6.  a. the ticket's MAC is ours; b. its nonce is unused and it has not expired; c. its digest is that of the
    wire; d. the card is known here and is as ticketed; e. its host has one plain spelling, and scheme, host,
    port and path are the card's; f. method and headers are on the list; g. the policy admits the card for
    the ticket's label, asked again with our own cards. (For a foreign backend the detectors run again here
    when they stand; until then see 7b.)
7.  a. the host is resolved, once; b. every address fits the card, and a foreign backend is on loopback;
    c. the connection goes to just these addresses.
8.  The credential joins the request, and it is sent, once.

Promises: fails closed; a refusal raises `EgressRefusedError` and nothing left; no retry, no redirect, no
decompression; whatever came back is returned, also when it broke off. Leaves to others: making tickets
durable before they are used (`client` and its caller), what the answer means (`protocols`).
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import httpx

from magi.core.card import Card, host_of
from magi.core.errors import EgressRefusedError, KeyMissingError
from magi.core.ports import Clock
from magi.gateway.exchange import Chunk, Exchange
from magi.gateway.resolve import Resolver, check_addresses, check_host, is_literal
from magi.gateway.ticket import Mint, Ticket, Wire
from magi.gateway.transport import Progress, SendError
from magi.residency.policy import Ruling

MAX_EXCHANGE_MS = 3_600_000
"""The longest deadline a council may have; no send outlives it."""
ALLOWED_HEADERS = frozenset(
    {
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("accept", "text/event-stream"),
        ("accept-encoding", "identity"),
    }
)
"""Values too: a free header value could carry text. Identity, so that what came is what is recorded."""

_PATH_REST = re.compile(r"(/[a-z0-9_]+(-[a-z0-9_]+)*)+")
"""Below the card's base path: no dots, escapes, queries, fragments or empty segments."""
_KEY = re.compile(r"[\x21-\x7e]+")
"""RFC 6750's token characters and then some; never a line break."""
_NEVER_RECORDED = frozenset({"set-cookie", "set-cookie2"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Egress(Protocol):
    """The one way out. `Guard` here; a separate process in a scaled installation."""

    async def send(self, ticket: Ticket, wire: Wire, within_ms: int) -> Exchange:
        """Send once, within so many milliseconds.

        Raises:
            EgressRefusedError: nothing left. KeyMissingError: nothing left, the credential is not there.
        """
        ...


class Guard:
    """Checks and sends. Owns the nonces of tickets that could still be presented again."""

    def __init__(
        self,
        *,
        mint: Mint,
        cards: Mapping[str, Card],
        admit: Callable[[Card, int, Collection[str]], Ruling],
        is_foreign: Callable[[Card], bool],
        resolver: Resolver,
        transport: httpx.AsyncBaseTransport,
        secrets: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """Keep the tools; `secrets` maps the name of an environment variable to the key in it."""
        self._mint = mint
        self._cards = cards
        self._admit = admit
        self._is_foreign = is_foreign
        self._resolver = resolver
        self._transport = transport
        self._secrets = secrets
        self._clock = clock
        self._used: set[bytes] = set()
        self._used_in_order: deque[tuple[int, bytes]] = deque()
        self._forgotten_ms = 0

    async def send(self, ticket: Ticket, wire: Wire, within_ms: int = MAX_EXCHANGE_MS) -> Exchange:
        """Send once and return what came back, whole or partial, within so many milliseconds.

        Raises:
            EgressRefusedError: a check failed, with its reason; nothing left.
            KeyMissingError: api_key or api_key_malformed, with the variable's name; nothing left.
        """
        card = self._check_ticket(ticket, wire)
        self._check_wire(card, ticket, wire)
        # 6g. The policy, again.
        if not self._admit(card, ticket.label, ticket.topics).admitted:
            raise _refusal("not_admitted", ticket)
        credential = self._credential(card)
        taking = _Taking(self._clock, credential)
        try:
            async with asyncio.timeout(min(within_ms, MAX_EXCHANGE_MS) / 1000):
                pinned = await self._pin(card, ticket)
                await taking.take(self._transport, _request(card, wire, credential, pinned, taking.progress))
        except SendError as error:
            return taking.exchange(error.failure)
        except TimeoutError:
            return taking.exchange("timed_out")
        except httpx.TransportError as error:
            # Only an injected transport raises these; `progress` says maybe unless it proved more.
            return taking.exchange(
                "connect_failed" if isinstance(error, httpx.ConnectError) else "cut_stream"
            )
        return taking.exchange(None)

    def _check_ticket(self, ticket: Ticket, wire: Wire) -> Card:
        # 6a. The MAC.
        if not self._mint.genuine(ticket):
            raise _refusal("forged", ticket)
        # 6b. Single use, in time. No await from here to the mark, so two sends cannot share a ticket.
        now_ms = self._clock.now_ms()
        self._forget(now_ms)
        if ticket.nonce in self._used:
            raise _refusal("reused", ticket)
        # After a clock that went back, what was forgotten must stay refused.
        if ticket.expires_ms <= max(now_ms, self._forgotten_ms):
            raise _refusal("expired", ticket)
        self._used.add(ticket.nonce)
        self._used_in_order.append((ticket.expires_ms, ticket.nonce))
        # 6c. The very bytes.
        if ticket.digest != wire.digest:
            raise _refusal("digest", ticket)
        # 6d. Our own card, unchanged since the ticket.
        card = self._cards.get(ticket.card)
        if card is None:
            raise _refusal("card_unknown", ticket)
        ours = (card.backend.operator, host_of(card.endpoint.base_url), card.backend.host_country)
        if (ticket.backend, ticket.host, ticket.country) != ours:
            raise _refusal("card_changed", ticket)
        return card

    @staticmethod
    def _check_wire(card: Card, ticket: Ticket, wire: Wire) -> None:
        # 6e. One plain spelling of the host; scheme, host, port, path.
        base_url = card.endpoint.base_url
        if (reason := check_host(host_of(base_url)) or _url_problem(wire.url, base_url)) is not None:
            raise _refusal(reason, ticket)
        # 6f. Method and headers.
        if wire.method != "POST":
            raise _refusal("method", ticket)
        names = [name for name, _ in wire.headers]
        if not ALLOWED_HEADERS.issuperset(wire.headers) or len(set(names)) < len(names):
            raise _refusal("header", ticket)

    async def _pin(self, card: Card, ticket: Ticket) -> tuple[str, ...]:
        base = urlsplit(card.endpoint.base_url)
        host = host_of(card.endpoint.base_url)
        # 7a. Resolve, once.
        try:
            addresses = (host,) if is_literal(host) else await self._resolver.resolve(host, _port(base) or 0)
        except OSError as error:
            raise SendError("resolve_failed", "no") from error
        # 7b. Every address.
        if (reason := check_addresses(card, addresses, foreign=self._is_foreign(card))) is not None:
            raise _refusal(reason, ticket)
        return addresses

    def _credential(self, card: Card) -> str | None:
        name = card.endpoint.key_env
        if not name:
            return None
        key = self._secrets.get(name, "")
        if not key:
            raise KeyMissingError("api_key", env=name, card=card.id)
        if not _KEY.fullmatch(key):
            raise KeyMissingError("api_key_malformed", env=name, card=card.id)
        return key

    def _forget(self, now_ms: int) -> None:
        """Drop the nonces of expired tickets, which are refused without them; the oldest come first."""
        while self._used_in_order and self._used_in_order[0][0] <= now_ms:
            expires_ms, nonce = self._used_in_order.popleft()
            self._used.discard(nonce)
            self._forgotten_ms = max(self._forgotten_ms, expires_ms)


class _Taking:
    """What has come back so far of one send."""

    def __init__(self, clock: Clock, credential: str | None) -> None:
        self.progress = Progress("no")
        self._clock = clock
        self._credential = credential
        self._began_ms = clock.monotonic_ms()
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._chunks: list[Chunk] = []

    async def take(self, transport: httpx.AsyncBaseTransport, request: httpx.Request) -> None:
        """Send and collect; what came stays here whatever is raised."""
        # Without a word from the transport, a send that began counts as sent.
        self.progress.sent = "maybe"
        response = await transport.handle_async_request(request)
        self.progress.sent = "yes"
        self._status = response.status_code
        self._headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
        )
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            msg = f"expected an asynchronous body, got {type(stream).__name__!r}"
            raise TypeError(msg)
        try:
            # The stream itself, not the response's iterators: they would decompress.
            async for data in stream:
                self._chunks.append(Chunk(self._clock.monotonic_ms() - self._began_ms, bytes(data)))
        finally:
            await stream.aclose()

    def exchange(self, failure: str | None) -> Exchange:
        """All of it, without cookies and without the credential."""
        key = self._credential
        headers = tuple(
            (name, value)
            for name, value in self._headers
            if name not in _NEVER_RECORDED and not (key and key in value)
        )
        whole = Exchange(self.progress.sent, self._status, headers, tuple(self._chunks), failure)
        if key and key.encode() in whole.body:
            # A backend that repeats our key: the body is not kept, and the answer does not count.
            return Exchange(whole.sent, whole.status, headers, (), "credential_echoed")
        return whole


def _request(
    card: Card, wire: Wire, credential: str | None, pinned: tuple[str, ...], progress: Progress
) -> httpx.Request:
    # 7c. Pinned. 8. The credential joins here; it is written only when the connection stands and is verified.
    headers = [*wire.headers]
    if credential:
        headers.append(("authorization", f"Bearer {credential}"))
    extensions = {"pinned": pinned, "cert_pin": card.backend.cert_pin, "progress": progress}
    return httpx.Request(wire.method, wire.url, headers=headers, content=wire.body, extensions=extensions)


def _url_problem(url: str, base_url: str) -> str | None:
    """Where the URL departs from the card's, or None; both parsers that see it must read it alike."""
    try:
        found, base, sent = urlsplit(url), urlsplit(base_url), httpx.URL(url)
        port, base_port = _port(found), _port(base)
    except (ValueError, httpx.InvalidURL):
        return "url_malformed"
    if found.scheme != base.scheme:
        return "scheme"
    if found.hostname != base.hostname:
        return "host"
    if port != base_port:
        return "port"
    prefix = base_url.rstrip("/")
    if not url.startswith(prefix) or not _PATH_REST.fullmatch(url[len(prefix) :]):
        return "path"
    sent_port = sent.port or _DEFAULT_PORTS.get(sent.scheme)
    alike = (sent.scheme, sent.host, sent_port, sent.raw_path) == (
        found.scheme,
        found.hostname,
        port,
        found.path.encode("ascii"),
    )
    return None if alike else "url_malformed"


def _port(parts: SplitResult) -> int | None:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _refusal(reason: str, ticket: Ticket) -> EgressRefusedError:
    return EgressRefusedError(reason, card=ticket.card, ask=ticket.ask)
