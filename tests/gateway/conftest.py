"""What the gateway's tests share: a card, a frozen clock, a raw server that keeps every byte, a wired guard."""

import asyncio
import contextlib
import pathlib
import secrets
import ssl
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx
import pytest

from magi.core.card import Backend, Card, Endpoint, Model
from magi.gateway.client import Client, Order
from magi.gateway.egress import Guard
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Mint
from magi.gateway.transport import PinnedTransport, Progress
from magi.residency.policy import Ruling, is_foreign

CANARY = "極秘の予算案カナリア"
KEY = "sk-canary-0123456789"
NOW_MS = 1_800_000_000_000


@dataclass
class FrozenClock:
    """Unix time that moves by hand; monotonic time that is real."""

    unix_ms: int = NOW_MS

    def now_ms(self):
        """Unix time as set."""
        return self.unix_ms

    def monotonic_ms(self):
        """The running loop's time."""
        return int(asyncio.get_running_loop().time() * 1000)


class Chance:
    """Entropy for nonces; unpredictable is not needed, distinct is."""

    def token(self, size):
        """Bytes that do not repeat."""
        return secrets.token_bytes(size)


@dataclass
class FixedResolver:
    """Answers in turn, the last one for ever; counts the questions."""

    answers: list
    asked: int = 0

    async def resolve(self, host, port):
        """The answer whose turn it is."""
        del host, port
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, OSError):
            raise answer
        return answer


def make_card(base_url="http://127.0.0.1:9/v1", *, card_id="dom", **changes):
    """A domestic card bound to loopback; `changes` go to endpoint or backend by field name."""
    host = base_url.split("://")[1].split("/")[0].rsplit(":", 1)[0]
    endpoint = {
        "protocol": "openai-chat",
        "base_url": base_url,
        "model": "m",
        "key_env": "",
        "structured": "json_schema",
        "stream": False,
        "max_output_tokens": 256,
        "max_text_chars": 0,
    }
    backend = {
        "operator": "自組織",
        "host_country": "JP",
        "inference_scope": "JP",
        "provider_country": "JP",
        "parent_country": "JP",
        "exposed_law": (),
        "weights_origin": ("JP",),
        "weights_sha": "0" * 64,
        "trains_on_input": False,
        "retention_days": 0,
        "human_review": False,
        "ismap": "none",
        "gov_cloud": False,
        "closed_network": True,
        "zone": "own",
        "contract": "own",
        "subprocessors": (),
        "cert_pin": "loopback",
        "allowed_hosts": (host,),
        "evidence_url": "internal",
        "checked_on": "2026-11-01",
        "checked_by": "t",
    }
    for name, value in changes.items():
        (endpoint if name in Endpoint.model_fields else backend)[name] = value
    model = Model(
        developer="d",
        developer_country="JP",
        family="f",
        version="1",
        weights_origin=("f",),
        licence="x",
        training_disclosure="none",
    )
    return Card(id=card_id, title="t", model=model, endpoint=Endpoint(**endpoint), backend=Backend(**backend))


@dataclass
class RawServer:
    """A loopback server that keeps the bytes of each request and plays one reply, then closes.

    `reply` None closes without a word once the request is in. `hold` keeps the connection open afterwards.
    """

    reply: bytes | None
    hold: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    ssl_context: object = None
    requests: list = field(default_factory=list)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _server: object = None
    _tasks: set = field(default_factory=set)

    async def __aenter__(self):
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self.ssl_context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        """Stop, with every connection closed."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def base_url(self):
        """What a card says to reach this server."""
        return f"http://{self.host}:{self.port}/v1"

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        try:
            await self._play(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _play(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        self.requests.append(head + await reader.readexactly(length))
        self.arrived.set()
        if self.reply is not None:
            writer.write(self.reply)
            await writer.drain()
        if self.hold:
            await reader.read()
            self.gone.set()


def answer_bytes(body=b"{}", status="200 OK", *headers):
    """A complete HTTP response."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Rig:
    """One guard with all its parts at hand; `refuse` holds the cards that the policy bars.

    With `strict` a foreign card may see public text without topics only. `classes` are the backend classes of
    cards by id, A where none is given.
    """

    cards: dict
    transport: object = field(default_factory=PinnedTransport)
    resolver: object = field(default_factory=lambda: FixedResolver([("127.0.0.1",)]))
    secrets: dict = field(default_factory=dict)
    clock: FrozenClock = field(default_factory=FrozenClock)
    mint: Mint = field(default_factory=lambda: Mint(b"s" * 32))
    refuse: set = field(default_factory=set)
    strict: bool = False
    detect: object = None
    detect_long: object = None
    classes: dict = field(default_factory=dict)
    reports: list = field(default_factory=list)
    slept: list = field(default_factory=list)
    events: list = field(default_factory=list)

    def __post_init__(self):
        """Wire guard and client from the parts."""
        self.guard = Guard(
            mint=self.mint,
            cards=self.cards,
            admit=self.admit,
            is_foreign=is_foreign,
            detect=self.detect,
            detect_long=self.detect_long,
            resolver=self.resolver,
            transport=self.transport,
            secrets=self.secrets,
            clock=self.clock,
        )
        self.client = Client(
            egress=self.guard,
            mint=self.mint,
            cards=self.cards,
            admit=self.admit,
            class_of=lambda card: self.classes.get(card.id, "A"),
            clock=self.clock,
            entropy=Chance(),
            sleep=self.sleep,
        )

    def admit(self, card, label, topics):
        """Bar the cards that stand in `refuse` and, where strict, foreign ones from all but public text."""
        abroad = self.strict and is_foreign(card) and (label != 0 or bool(topics))
        return Ruling(residency=("barred",) * (card.id in self.refuse or abroad))

    async def sleep(self, seconds):
        """Note the wait instead of waiting."""
        self.slept.append(seconds)

    def wire(self, card="dom", user=CANARY, system="system"):
        """A rendered prompt for a card."""
        return render(self.cards[card], system, user, None)

    def ticket(self, wire, card="dom", **changes):
        """A genuine ticket, with changes."""
        given = {
            "ask": "a1",
            "attempt": 1,
            "label": 1,
            "derived_from": ("q",),
            "now_ms": self.clock.unix_ms,
            "nonce": secrets.token_bytes(16),
        }
        return self.mint.issue(wire, self.cards[card], **(given | changes))

    async def send(self, card="dom", **changes):
        """Render, ticket and send through the guard."""
        wire = self.wire(card)
        return await self.guard.send(self.ticket(wire, card), wire, **changes)

    def order(self, *targets, within_ms=20_000, **changes):
        """An order for these targets, with changes."""
        given = {
            "ask": "a1",
            "seat": "s1",
            "targets": targets or ("dom",),
            "system": "system",
            "user": CANARY,
            "schema": None,
            "label": 1,
            "derived_from": ("q",),
            "deadline_ms": self.clock.monotonic_ms() + within_ms,
            "attempts": 3,
        }
        return Order(**(given | changes))

    async def ask(self, *targets, **changes):
        """Ask through the client, keeping every event."""
        return await self.client.ask(self.order(*targets, **changes), self.authorise, self.failed)

    async def authorise(self, ticket, wire):
        """Note a ticket."""
        del wire
        self.events.append(("ticketed", ticket.attempt, ticket.card))

    async def failed(self, report):
        """Note a failed attempt."""
        self.reports.append(report)
        self.events.append((report.failure, report.attempt, report.card, report.sent))


HEADERS = [
    ("content-type", "application/json"),
    ("accept", "application/json"),
    ("accept-encoding", "identity"),
]


def request_to(url, *pinned, cert_pin="loopback", body=b"{}", headers=HEADERS):
    """A request with its pins, and its progress."""
    progress = Progress()
    extensions = {"pinned": pinned, "cert_pin": cert_pin, "progress": progress}
    return httpx.Request("POST", url, headers=headers, content=body, extensions=extensions), progress


async def fetch(transport, request):
    """Send, and read the whole body."""
    response = await transport.handle_async_request(request)
    try:
        return response, b"".join([chunk async for chunk in response.stream])
    finally:
        await response.stream.aclose()


def open_sockets():
    """Sockets that this process holds open."""
    held = []
    for entry in pathlib.Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            held.append(str(entry.readlink()))
    return sum(link.startswith("socket:") for link in held)


@pytest.fixture(scope="session")
def kit():
    """The shared parts, by name; of the session, so that generated examples may share them."""
    return SimpleNamespace(
        CANARY=CANARY,
        KEY=KEY,
        NOW_MS=NOW_MS,
        FrozenClock=FrozenClock,
        FixedResolver=FixedResolver,
        RawServer=RawServer,
        Rig=Rig,
        make_card=make_card,
        answer_bytes=answer_bytes,
        open_sockets=open_sockets,
        request_to=request_to,
        fetch=fetch,
    )
