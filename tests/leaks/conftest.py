"""The stage of the leak suite: a recorder at home, one abroad, a council over both, and real parts in between.

Labeller, planner, ledger, client, guard and transport are those of the service; every guard can be left out through
an argument, so that each leak has its positive control. `Scene.leaks(canary)` searches all places where nothing may
be found: bytes that arrived abroad, names that were looked up, log lines, errors, and the files of the ledger.
"""

import asyncio
import base64
import contextlib
import datetime
import functools
import hashlib
import html
import ipaddress
import itertools
import json
import logging
import ssl
import traceback
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from magi.assets import load_assets
from magi.core.card import Ancestor, host_of
from magi.core.errors import MagiError
from magi.gateway.client import Client, Order
from magi.gateway.egress import Guard, Rescan
from magi.gateway.ticket import Mint
from magi.gateway.transport import PinnedTransport
from magi.ledger.ancestry import ancestry_digest
from magi.ledger.keyfile import key_for_ledger
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger
from magi.residency.detect.build import SHIPPED
from magi.residency.detect.engine import Detectors
from magi.residency.label import Label
from magi.residency.labelling import label_texts
from magi.residency.policy import Ruling, backend_class, is_foreign
from magi.residency.policy import admit as rule
from magi.residency.profile import Profile
from magi.service.labelling import Labeller
from magi.service.materials import Reader
from magi.service.question import take_question
from magi.service.run import Request, Tools, deliberate
from magi.wiring import KEY_ID, SystemClock, SystemEntropy, today

PERSON = "山田太郎さんの個人番号は123456789018です。"
"""A canary that the detectors know: a My Number with its check digit, beside a name."""
WORD = "椿の花壇七三〇一号"
"""A canary that no detector knows: only a declared or inherited label keeps it at home."""
SEATED = ("c1", "c2", "c3")
ABROAD = "far"


# The search.


def _spellings(text):
    """The text as it is, and as something on the way may have normalised it."""
    normal = (unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD"))
    plain = "".join(text.split())
    folded = unicodedata.normalize("NFKC", plain)
    shapes = {text, *normal, plain, folded, text.lower(), text.upper(), text.casefold()}
    return sorted(shapes | {shape[::-1] for shape in shapes})


def _base64(raw):
    """Base64 of some bytes within other bytes, at the three alignments, without the letters that neighbours touch."""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        first, last = (shift * 8 + 5) // 6, (shift + len(raw)) * 8 // 6
        yield f"base64+{shift}", whole[first:last]
        yield f"base64url+{shift}", whole[first:last].replace(b"+", b"-").replace(b"/", b"_")


def _encoded(text):
    raw = text.encode()
    yield "utf-8", raw
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "cp932", "euc-jp", "iso-2022-jp", "utf-7"):
        with contextlib.suppress(UnicodeEncodeError):
            yield codec, text.encode(codec)
    escaped = json.dumps(text)[1:-1]
    yield "json", escaped.encode()
    yield "json-upper", escaped.encode().upper().replace(b"\\U", b"\\u")
    yield "escaped", "".join(f"\\u{ord(char):04x}" for char in text).encode()
    yield "url", quote(text, safe="").encode()
    yield "url-lower", quote(text, safe="").lower().encode()
    yield "url-plus", quote_plus(text).encode()
    yield "hex", raw.hex().encode()
    yield "hex-upper", raw.hex().upper().encode()
    yield "html", "".join(f"&#{ord(char)};" for char in text).encode()
    yield "html-hex", "".join(f"&#x{ord(char):x};" for char in text).encode()
    yield "html-names", html.escape(text).encode()
    yield from _base64(raw)
    yield from ((f"url-{name}", found) for name, found in _base64(quote(text).encode()))
    for name in ("sha256", "sha1", "md5"):
        hashed = hashlib.new(name, raw, usedforsecurity=False).digest()
        yield name, hashed
        yield f"{name}-hex", hashed.hex().encode()
        yield f"{name}-hex-upper", hashed.hex().upper().encode()
        yield f"{name}-base64", base64.b64encode(hashed).rstrip(b"=")


LEAST_DIGITS = 8
"""Fewer digits stand in any header by chance."""


@functools.lru_cache(maxsize=256)
def forms(canary):
    """Every byte form of a canary that is searched for, by name; a dozen spellings in some thirty encodings each."""
    found = {}
    for number, spelling in enumerate(_spellings(canary)):
        for name, raw in _encoded(spelling):
            found.setdefault(raw, f"{name}/{number}")
    digits = "".join(str(unicodedata.digit(c)) for c in canary if unicodedata.digit(c, None) is not None)
    if len(digits) >= LEAST_DIGITS:
        found.setdefault(digits.encode(), "digits")
    return {name: raw for raw, name in found.items() if len(raw) >= 4}


@functools.lru_cache(maxsize=32)
def _views(blob):
    """Some bytes as they are, without JSON's second backslash, without white space, and folded to plain letters."""
    raw = blob.replace(b"\\\\", b"\\")
    folded = unicodedata.normalize("NFKC", raw.decode(errors="replace"))
    seen = (char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf")
    return b"\n".join([blob, raw, b"".join(raw.split()), "".join(seen).encode()])


def search(blob, canary):
    """The names of the forms of a canary that stand in some bytes, also across white space and invisible letters."""
    views = _views(bytes(blob))
    return [name for name, raw in forms(canary).items() if raw in views]


# The recorders.


@dataclass(frozen=True)
class Asked:
    """One HTTP request as it came: head and body as bytes, the body's JSON, or {} where it is none."""

    head: bytes
    body: bytes

    @property
    def json(self):
        """The body as a JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def _chosen(asked):
    """An answer that the form allows: the first listed word, else a sentence."""
    try:
        schema = asked.json["response_format"]["json_schema"]["schema"]
        return schema["properties"]["answer"]["enum"][0]
    except (KeyError, TypeError, IndexError):
        return "賛成する"


def http(status, body=b"", *headers):
    """A whole HTTP response."""
    head = [
        f"HTTP/1.1 {status} X",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + body


def answering(answer=None, reason="理由", model=None, **extra):
    """Play a seat that follows the form; `model` is the name it states, the one asked for unless given."""

    def play(asked):
        words = {"answer": answer or _chosen(asked), "reason": reason, "basis": ""}
        message = {"role": "assistant", "content": json.dumps(words, ensure_ascii=False)}
        whole = {
            "model": model or asked.json.get("model", "m"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        }
        return http(200, json.dumps({**whole, **extra}).encode())

    return play


def failing(status=500, body=b'{"error":{"message":"down"}}', *headers):
    """Play a backend that answers with a status."""
    return lambda _: http(status, body, *headers)


def redirecting(status, location):
    """Play a redirect."""
    return lambda _: http(status, b"{}", f"Location: {location}")


def hanging(_):
    """Never answer; the connection stays open."""
    return None  # noqa: RET501  # None is a reply here: silence


def cutting(asked):
    """Break off in the middle of an answer."""
    return answering()(asked)[:-20]


def garbling(_):
    """Answer what is not the protocol."""
    return http(200, b"<html>proxy</html>")


@dataclass
class Recorder:
    """A loopback server that keeps every byte of every connection and plays `play` for each request.

    With `tls` (a server context) the bytes are those inside, and `names` the host names of the handshakes.
    """

    play: object = field(default_factory=answering)
    tls: object = None
    host: str = "127.0.0.1"
    port: int = 0
    kept: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    names: list = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _server: object = None
    _tasks: set = field(default_factory=set)

    async def start(self):
        """Listen on a free port."""
        if self.tls is not None:
            self.tls.sni_callback = lambda _, name, __: self.names.append(name or "")
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, ssl=self.tls, limit=2**25
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        """Close every connection."""
        if self._server is None:
            return
        self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aenter__(self):
        """Listen."""
        return await self.start()

    async def __aexit__(self, *_):
        """Stop."""
        await self.stop()

    @property
    def base_url(self):
        """What a card says to reach it."""
        return f"{'http' if self.tls is None else 'https'}://{self.host}:{self.port}/v1"

    @property
    def connections(self):
        """How many connections were made."""
        return len(self.kept)

    @property
    def received(self):
        """Every byte that came in, and the names of the handshakes."""
        return b"\n".join([*map(bytes, self.kept), *(name.encode() for name in self.names)])

    def forget(self):
        """Start again with nothing received."""
        self.kept, self.requests, self.names, self.arrived = [], [], [], asyncio.Event()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        kept = bytearray()
        self.kept.append(kept)
        try:
            await self._talk(reader, writer, kept)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _talk(self, reader, writer, kept):
        while b"\r\n\r\n" not in kept:
            data = await reader.read(65_536)
            if not data:
                return
            kept += data
        head, _, body = bytes(kept).partition(b"\r\n\r\n")
        lines = (line.lower().partition(b":") for line in head.split(b"\r\n"))
        length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
        while len(body) < length:
            data = await reader.read(65_536)
            if not data:
                return
            kept += data
            body += data
        asked = Asked(head, body)
        self.requests.append(asked)
        self.arrived.set()
        reply = self.play(asked)
        if reply is None:
            kept += await reader.read()
            return
        writer.write(reply)
        await writer.drain()


@dataclass
class Names:
    """A resolver from a table, which keeps every name that it was asked; an unknown name does not resolve."""

    table: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    async def resolve(self, host, port):
        """The addresses whose turn it is: a list in the table answers in turn, the last one for ever."""
        self.asked.append(f"{host}:{port}")
        found = self.table.get(host)
        if found is None:
            raise OSError(-2, "no such name")
        return (
            found.pop(0)
            if isinstance(found, list) and len(found) > 1
            else (found[0] if isinstance(found, list) else found)
        )


# Certificates: an own CA, made for each test.


def authority():
    """A new CA: its key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key, _certificate("test CA", key, None, key, ca=True)


def _certificate(name, key, issuer, issuer_key, *, ca=False, names=()):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def serving(folder, ca, *names):
    """A server's context with a certificate of this CA for these names."""
    ca_key, ca_certificate = ca
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate("server", key, ca_certificate, ca_key, names=[_alternative(name) for name in names])
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{names[0]}.pem"
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def trusting(ca, *, name=True, verify=True):
    """A client's context that trusts one CA; without checking the name, or anything, for the controls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca[1].public_bytes(serialization.Encoding.PEM).decode())
    context.check_hostname = name and verify
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    return context


# Guards that are left out, for the controls. Each goes in through an argument.


class Deaf:
    """A labeller (the `Residency` port) without some detectors, by name; without any unless told which."""

    dictionary = None

    def __init__(self, *without):
        """Leave out the detectors of these names; all of them where none is named."""
        kept = [d for d in SHIPPED if without and d.name not in without]
        self.detectors = Detectors(kept)
        self.version = self.detectors.version

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """The label of the texts, as far as it still hears."""
        return label_texts(self.detectors, texts, declared, ancestors, cleared)

    def rescan(self, texts, cleared):
        """The same for the guard."""
        numbered = [(str(number), text) for number, text in enumerate(texts)]
        found = label_texts(self.detectors, numbered, 0, (), cleared)
        return Rescan(int(found.label), found.topics, tuple(sorted({hit.rule for hit in found.hits})))

    async def rescan_long(self, texts, cleared):
        """The same for long texts."""
        return self.rescan(texts, cleared)

    async def aclose(self):
        """Nothing is held."""


class Forgetful(Deaf):
    """A labeller that takes everything for what it hears in it: no declaration, no ancestor counts."""

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """The label of the texts alone."""
        del declared, ancestors
        return label_texts(self.detectors, texts, Label.PUBLIC, (), cleared)


class OpenDoor(Profile):
    """A profile that opens to every class for every label: a policy that was left out."""

    def opens(self, label, found):
        """Whatever it is."""
        del label, found
        return True


def open_door(profile):
    """The same profile with the door open."""
    return OpenDoor(**dict(profile))


def anybody(_card, _label, _topics):
    """A policy that says yes."""
    return Ruling()


# The scene.


class _Lines(logging.Handler):
    """Keeps every line that anybody logs, debug lines included."""

    def __init__(self, kept):
        super().__init__(logging.DEBUG)
        self.kept = kept

    def emit(self, record):
        self.kept.append(self.format(record))


@dataclass
class Scene:
    """Three own agents at home, one abroad, and the service between them.

    `home` and `abroad` are the recorders; `cards` are bound to them. What is asked goes through `tools`. Guards are
    replaced by the switches of `make`: `labeller`, `profile` (the planner and both gates), `admit` (the gates of
    client and guard only), `detect` (the guard's; None leaves it out), `transport`, `resolver`, `cards`, `client` and
    `guard` (their classes).
    """

    run: object
    home: Recorder
    abroad: Recorder
    cards: dict
    council: object
    profile: Profile
    tools: Tools
    guard: Guard
    client: Client
    mint: Mint
    resolver: Names
    folder: Path
    logged: list
    told: list = field(default_factory=list)
    reports: list = field(default_factory=list)

    def say(self, user, *targets, system="system", label=0, within_ms=10_000, **changes):
        """One ask through client and guard alone, as a prompt that the service does not make yet; what it came to."""
        given = {"ask": "a1", "seat": "s1", "schema": None, "derived_from": ("q",), "attempts": 1}
        deadline_ms = self.tools.clock.monotonic_ms() + within_ms
        order = Order(
            targets=targets or (ABROAD,),
            system=system,
            user=user,
            label=label,
            deadline_ms=deadline_ms,
            **(given | changes),
        )
        return self.run(self.client.ask(order, self._authorised, self._failed))

    async def _authorised(self, ticket, wire):
        del ticket, wire

    async def _failed(self, report):
        self.reports.append(report)

    def request(self, text, council=None, **changes):
        """A request on a text, or on a question that was taken before; declared public unless told otherwise."""
        taken = {name: changes.pop(name) for name in ("space", "options", "history") if name in changes}
        question = take_question(text, **taken) if isinstance(text, str) else text
        return Request(question, council or self.council, **({"label": "public"} | changes))

    def ask(self, text, council=None, **changes):
        """Deliberate to the end; an error is noted, as its whole trace would be shown, and raised."""
        return self.run(self.deliberate(self.request(text, council, **changes)))

    def tried(self, text, council=None, **changes):
        """The reason of the refusal, or the outcome of the verdict."""
        try:
            return self.ask(text, council, **changes).verdict.outcome
        except MagiError as error:
            return error.reason

    async def deliberate(self, request):
        """The same for a test with a loop of its own."""
        try:
            return await deliberate(self.tools, request)
        except MagiError as error:
            self.told += [str(error), repr(error), *traceback.format_exception(error)]
            raise

    async def events(self, kind=None):
        """Every record of every deliberation, or those of a kind."""
        streams = await self.tools.ledger.streams("d/")
        records = [record for stream in streams for record in await self.tools.ledger.read(stream)]
        return [record.data for record in records if kind is None or record.kind == kind]

    def recorded(self, kind=None):
        """The same, at once."""
        return self.run(self.events(kind))

    def seen_abroad(self, canary):
        """The forms of a canary that reached the recorder abroad, or the names that were looked up."""
        return search(self.abroad.received + b"\n" + "\n".join(self.resolver.asked).encode(), canary)

    def seen_at_home(self, canary):
        """The forms of a canary that reached the recorder at home."""
        return search(self.home.received, canary)

    def leaks(self, canary):
        """Where a canary stands and must not: abroad, in log lines, in errors, in the files of the ledger."""
        files = b"\n".join(path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file())
        places = {
            "log": "\n".join(map(str, self.logged)).encode(errors="surrogatepass"),
            "error": "\n".join(self.told).encode(errors="surrogatepass"),
            "ledger": files,
        }
        found = [f"abroad:{name}" for name in self.seen_abroad(canary)]
        return found + [f"{place}:{name}" for place, blob in places.items() for name in search(blob, canary)]


MISSING = object()


@dataclass
class Stage:
    """One event loop for all scenes of a session; it runs only while a test waits for something."""

    runner: asyncio.Runner
    assets: object
    labeller: Labeller
    build: object

    def run(self, work):
        """A coroutine to its end."""
        return self.runner.run(work)

    def profile(self, name="domestic-only"):
        """A shipped profile in its version of today."""
        return self.assets.profile(name)

    def home_cards(self, url, **changes):
        """Three own agents of three makers, class A."""
        base = (Ancestor(name="base", developer="Maker", country="JP"),)
        # In the My Number zone, so that no label below secret leaves them out.
        given = {
            "base_url": url,
            "allowed_hosts": (host_of(url),),
            "checked_on": today().isoformat(),
            "lineage": base,
            "zone": "mynumber",
        } | changes
        return self.build.cards("A", "B", "C", **given)

    def foreign_card(self, url, card_id=ABROAD, **changes):
        """An agent abroad, class D."""
        base = (Ancestor(name="base", developer="Maker", country="US"),)
        given = {
            "developer": "F",
            "family": "fam-f",
            "base_url": url,
            "allowed_hosts": (host_of(url),),
            "checked_on": today().isoformat(),
            "lineage": base,
            **self.build.ABROAD,
            "exposed_law": ("US CLOUD Act", "US FISA 702"),
        }
        return self.build.card(card_id, **(given | changes))

    def council(self, *targets, quorum=2, seconds=10, attempts=1):
        """A council on these cards; a tuple is a seat with fallbacks."""
        made = self.build.council(*(targets or (*SEATED, ABROAD)), quorum=quorum, seconds=seconds)
        return made.model_copy(update={"attempts": attempts})

    @contextlib.asynccontextmanager
    async def open(self, folder, *, home=None, abroad=None, cards=None, council=None, **switches):
        """A scene; `cards` takes the two recorders to further or other cards, `switches` are those of `parts`."""
        home, abroad = home or Recorder(), abroad or Recorder()
        lines: list = []
        async with home, abroad, contextlib.AsyncExitStack() as closing:
            bound = self.home_cards(home.base_url) | {ABROAD: self.foreign_card(abroad.base_url)}
            bound |= cards(home, abroad) if cards else {}
            made = self.parts(bound, **switches)
            tools = self.tools(folder, bound, made)
            closing.push_async_callback(tools.ledger.close)
            closing.push_async_callback(tools.reader.aclose)
            closing.enter_context(_debugging(_Lines(lines)))
            events = closing.enter_context(structlog.testing.capture_logs())
            yield Scene(
                run=self.run,
                home=home,
                abroad=abroad,
                cards=bound,
                council=council or self.council(),
                profile=made.profile,
                tools=tools,
                guard=made.guard,
                client=made.client,
                mint=made.mint,
                resolver=made.resolver,
                folder=folder,
                logged=_Both(lines, events),
            )

    def parts(
        self,
        cards,
        *,
        labeller=None,
        profile=None,
        admit=None,
        detect=MISSING,
        transport=None,
        resolver=None,
        secrets=None,
        client=Client,
        guard=Guard,
        clock=None,
    ):
        """Client and guard as `magi.wiring` puts them together, but for what is given."""
        profile, labeller = profile or self.profile(), labeller or self.labeller
        resolver, clock = resolver or Names(), clock or SystemClock()
        gate = admit or (lambda card, label, topics: rule(label, card, profile, topics, today()))
        mint = Mint(b"leaks" * 8)
        keeper = guard(
            mint=mint,
            cards=cards,
            admit=gate,
            is_foreign=is_foreign,
            detect=labeller.rescan if detect is MISSING else detect,
            detect_long=labeller.rescan_long if detect is MISSING else None,
            resolver=resolver,
            transport=transport or PinnedTransport(),
            secrets=secrets or {},
            clock=clock,
        )
        asker = client(
            egress=keeper,
            mint=mint,
            cards=cards,
            admit=gate,
            class_of=lambda card: backend_class(card, profile, today()),
            clock=clock,
            entropy=SystemEntropy(),
        )
        return SimpleNamespace(
            profile=profile,
            labeller=labeller,
            resolver=resolver,
            clock=clock,
            mint=mint,
            guard=keeper,
            client=asker,
        )

    @staticmethod
    def tools_with(tools, **changes):
        """The same tools with other parts."""
        return replace(tools, **changes)

    def tools(self, folder, cards, made):
        """The service's tools over a ledger in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        keys = key_for_ledger(folder / "ledger.db", folder / "key", KEY_ID, SystemEntropy())
        key = keys.tenant_key(KEY_ID)
        ledger = SqliteLedger(
            folder / "ledger.db",
            log="magi/t",
            tenant="t",
            key_id=KEY_ID,
            keys=keys,
            signers=GivenSigners((new_signer("magi/t", b"s" * 32),)),
            entropy=SystemEntropy(),
            clock=made.clock,
        )
        return Tools(
            tenant="t",
            owner="leaks",
            ledger=ledger,
            models=made.client,
            cards=cards,
            templates=self.assets.templates,
            profile=made.profile,
            residency=made.labeller,
            code="test",
            lock="test",
            clock=made.clock,
            entropy=SystemEntropy(),
            ancestry=lambda message: ancestry_digest(key, message),
            check_callable=lambda *_: None,
            reader=Reader(),
        )


@dataclass
class _Both:
    """Lines of both kinds of logging, as one sequence."""

    lines: list
    events: list

    def __iter__(self):
        return itertools.chain(self.lines, self.events)


@contextlib.contextmanager
def _debugging(lines):
    root = logging.getLogger()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(lines)


@pytest.fixture(scope="session")
def stage(build):
    """The loop, the assets and the detectors that all scenes share."""
    assets = load_assets()
    labeller = Labeller(raised_by=assets.profile("domestic-only").raised_by)
    with asyncio.Runner() as runner:
        yield Stage(runner, assets, labeller, build)
        runner.run(labeller.aclose())


@pytest.fixture
def scene(stage, tmp_path):
    """A maker of scenes; all of them end with the test."""
    numbers, stack = itertools.count(1), contextlib.AsyncExitStack()

    def make(**switches):
        opening = stage.open(tmp_path / f"scene{next(numbers)}", **switches)
        return stage.run(stack.enter_async_context(opening))

    yield make
    stage.run(stack.aclose())


@pytest.fixture(scope="session")
def kit():
    """The shared parts, by name."""
    return SimpleNamespace(
        PERSON=PERSON,
        WORD=WORD,
        SEATED=SEATED,
        ABROAD=ABROAD,
        forms=forms,
        search=search,
        Recorder=Recorder,
        Names=Names,
        Deaf=Deaf,
        Forgetful=Forgetful,
        open_door=open_door,
        anybody=anybody,
        answering=answering,
        failing=failing,
        redirecting=redirecting,
        hanging=hanging,
        cutting=cutting,
        garbling=garbling,
        http=http,
        authority=authority,
        serving=serving,
        trusting=trusting,
    )
