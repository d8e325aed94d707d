"""The egress guard: the last word on what leaves, and the only caller of the transport.

One send, in the steps of the ticket flow (DESIGN section 10, steps 6 to 8):

6.  a. the ticket's MAC is ours; b. its nonce is unused and it has not expired; c. its digest is that of the
    wire; d. the card is known here and is as ticketed; e. its host has one plain spelling, and scheme, host,
    port and path are the card's; f. method, headers and body hold nothing but what is on the lists (`body`);
    g. the policy admits the card for the ticket's label, asked again with our own cards; h. for a backend
    abroad, or of another operator, the detectors read every text of the body again, but for the rules that a
    named person cleared; with what they find the policy is asked once more.
7.  a. the host is resolved, once; b. every address fits the card; c. the connection goes to just these
    addresses.
8.  The credential joins the request, and it is sent, once.

Promises: fails closed; a refusal raises `EgressRefusedError` and nothing left; no retry, no redirect, no
decompression; whatever came back is returned, also when it broke off, with the listed headers only. Without
detectors nothing goes abroad beyond this machine. Leaves to others: making tickets durable before they are used
(`client` and its caller), what the detectors know (`magi.residency`), what the answer means (`protocols`).
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import httpx

from magi.core.card import Card, host_of
from magi.core.errors import EgressRefusedError, KeyMissingError
from magi.core.ports import Clock
from magi.gateway.body import read_body
from magi.gateway.exchange import STANDIN_HEADER, Chunk, Exchange
from magi.gateway.identity import REGION_HEADERS
from magi.gateway.protocols.openai_chat import CHAT_PATH
from magi.gateway.resolve import Resolver, check_addresses, check_host, is_literal
from magi.gateway.ticket import Mint, Ticket, Wire
from magi.gateway.transport import Progress, SendError
from magi.residency.policy import Ruling, on_loopback

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

PATHS: Mapping[str, str] = {"openai-chat": CHAT_PATH}
"""Below the card's base path stands the protocol's own, to the letter: a free segment could carry text."""
_KEY = re.compile(r"[\x21-\x7e]+")
"""RFC 6750's token characters and then some; never a line break."""
KEPT_HEADERS = frozenset(
    {
        "content-encoding",  # why a body reads as garbage
        "content-length",
        "content-type",
        "date",
        "request-id",  # what a provider's support asks for
        "retry-after",
        "x-request-id",
        STANDIN_HEADER,
        *REGION_HEADERS,
    }
)
"""Of a response; any other may name a server, a person, or an address behind the one that we know."""
LONG_BODY_BYTES = 64 * 1024
"""Above it the detectors run elsewhere: reading as much takes 50 ms, for which an event loop may not stand."""
DETECT_LONG_SECONDS = 30.0
"""Some 0.8 s a megabyte, eight megabytes at most, behind a few others in the queue."""
MAX_RULES = 20
"""Rules named in a refusal: enough to see why, few enough for one record."""

_KEPT_VALUE = re.compile(r"[\x20-\x7e]{0,200}")
_KEPT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""No dot and no colon: an id, not an address."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Rescan:
    """What the detectors found in some texts: the highest label (0 where nothing), the topics, the rules' ids."""

    label: int
    topics: frozenset[str]
    rules: tuple[str, ...]


Detect = Callable[[Sequence[str], Collection[str]], Rescan]
"""Texts, and the rules whose hits do not count, to what was found. At once, for short texts."""
DetectLong = Callable[[Sequence[str], Collection[str]], Awaitable[Rescan]]
"""The same for long texts, without holding up the event loop."""


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
        detect: Detect | None,
        detect_long: DetectLong | None,
        resolver: Resolver,
        transport: httpx.AsyncBaseTransport,
        secrets: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """Keep the tools; `secrets` maps the name of an environment variable to the key in it.

        Without `detect` nothing goes abroad beyond loopback; without `detect_long` nothing that is long does.
        """
        self._mint = mint
        self._cards = cards
        self._admit = admit
        self._is_foreign = is_foreign
        self._detect = detect
        self._detect_long = detect_long
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
        texts = self._check_wire(card, ticket, wire)
        # 6g. The policy, again.
        if not self._admit(card, ticket.label, ticket.topics).admitted:
            raise _refusal("not_admitted", ticket)
        credential = self._credential(card)
        taking = _Taking(self._clock, credential)
        try:
            async with asyncio.timeout(min(within_ms, MAX_EXCHANGE_MS) / 1000):
                # 6h. The detectors, again; still unsent where their time runs out.
                await self._read_again(card, ticket, texts, len(wire.body))
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
    def _check_wire(card: Card, ticket: Ticket, wire: Wire) -> tuple[str, ...]:
        # 6e. One plain spelling of the host; scheme, host, port, path.
        base_url = card.endpoint.base_url
        if (reason := check_host(host_of(base_url)) or _url_problem(wire.url, card)) is not None:
            raise _refusal(reason, ticket)
        # 6f. Method and headers.
        if wire.method != "POST":
            raise _refusal("method", ticket)
        names = [name for name, _ in wire.headers]
        if not ALLOWED_HEADERS.issuperset(wire.headers) or len(set(names)) < len(names):
            raise _refusal("header", ticket)
        body = read_body(wire.body, card.endpoint.model)
        if body.problem is not None:
            raise _refusal(body.problem, ticket)
        return body.texts

    async def _read_again(self, card: Card, ticket: Ticket, texts: tuple[str, ...], length: int) -> None:
        foreign = self._is_foreign(card)
        if not foreign and card.backend.contract == "own":
            return  # our own machine, where the label was found by the same detectors
        is_long = length > LONG_BODY_BYTES
        if (self._detect_long if is_long else self._detect) is None:
            # Stand-ins of a program without any detector (a test, a bare guard) may still be reached.
            none_at_all = self._detect is None and self._detect_long is None
            if foreign and not (none_at_all and on_loopback(card)):
                raise _refusal("detector_missing", ticket)
            return
        try:
            found = await self._found(texts, ticket.cleared, is_long=is_long)
            label, topics = max(ticket.label, found.label), {*ticket.topics, *found.topics}
        except Exception:  # noqa: BLE001  # whatever a detector dies of, nothing may leave
            # Not chained: what a detector raises may hold the text that it read.
            raise _refusal("detector_failed", ticket) from None
        if not self._admit(card, label, sorted(topics)).admitted:
            raise _refusal("detected", ticket, rules=found.rules[:MAX_RULES])

    async def _found(self, texts: tuple[str, ...], cleared: Collection[str], *, is_long: bool) -> Rescan:
        if is_long and self._detect_long is not None:
            async with asyncio.timeout(DETECT_LONG_SECONDS):
                return await self._detect_long(texts, cleared)
        if not is_long and self._detect is not None:
            return self._detect(texts, cleared)
        msg = "no detector for this length"
        raise LookupError(msg)

    async def _pin(self, card: Card, ticket: Ticket) -> tuple[str, ...]:
        base = urlsplit(card.endpoint.base_url)
        host = host_of(card.endpoint.base_url)
        # 7a. Resolve, once.
        try:
            addresses = (host,) if is_literal(host) else await self._resolver.resolve(host, _port(base) or 0)
        except OSError as error:
            raise SendError("resolve_failed", "no") from error
        # 7b. Every address.
        if (reason := check_addresses(card, addresses)) is not None:
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
        """All of it but for headers that are not on the list, and without the credential."""
        key = self._credential
        headers = tuple(
            (name, value)
            for name, value in self._headers
            if _is_kept(name, value) and not (key and key in value)
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


def _is_kept(name: str, value: str) -> bool:
    """Whether a header of a response goes into the exchange."""
    form = _KEPT_ID if name.endswith("request-id") else _KEPT_VALUE
    return name in KEPT_HEADERS and form.fullmatch(value) is not None


def _url_problem(url: str, card: Card) -> str | None:
    """Where the URL departs from the card's, or None; both parsers that see it must read it alike."""
    base_url = card.endpoint.base_url
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
    if url != base_url.rstrip("/") + PATHS[card.endpoint.protocol]:
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


def _refusal(reason: str, ticket: Ticket, **facts: tuple[str, ...]) -> EgressRefusedError:
    return EgressRefusedError(reason, card=ticket.card, ask=ticket.ask, **facts)
