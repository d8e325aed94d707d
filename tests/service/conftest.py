"""What the service's tests share: a ledger in memory with faults, models from a script, and the tools around them.

One journal keeps what happened in order: ("durable", kind, ask), ("send", ask, digest), ("returned",).
"""

import asyncio
import hashlib
import itertools
import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from magi.assets import load_assets
from magi.core.errors import ConflictError, LedgerUnavailableError, TamperedError, UncertainError
from magi.core.ports import NO_MARKS, OpenStream
from magi.core.record import Answered, Record, Ref, Ticketed
from magi.gateway.client import AttemptReport, Told
from magi.gateway.exchange import Exchange
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Mint
from magi.residency.detect.engine import Detectors
from magi.residency.detect.rule import Detector, Rule
from magi.residency.label import Label
from magi.residency.labelling import label_texts
from magi.service.run import Request, Tools

T0 = 1_800_000_000_000
DAY_MS = T0  # 2027-01-15 in Japan


@dataclass
class HandClock:
    """Time that moves when the test says so."""

    ms: int = T0

    def now_ms(self):
        """The time it was set to."""
        return self.ms

    def monotonic_ms(self):
        """The same."""
        return self.ms


class Counter:
    """Entropy that counts: every token is another one."""

    def __init__(self):
        """Start at one."""
        self._next = itertools.count(1)

    def token(self, size):
        """The next number in so many bytes."""
        return next(self._next).to_bytes(size, "big")


@dataclass
class Fault:
    """A failure of the append number `at`: before anything is kept, or after all of it is."""

    at: int
    persisted: bool

    def raise_(self):
        """The error that fits: after persisting one can only be uncertain."""
        raise (UncertainError if self.persisted else LedgerUnavailableError)("fault")


@dataclass
class MemoryLedger:
    """The `Ledger` port in memory. An append is kept at once and told one turn of the loop later.

    A cancelled append is thus kept without the caller's knowledge, as the port allows.
    """

    clock: HandClock
    journal: list = field(default_factory=list)
    fault: Fault | None = None
    entries: dict = field(default_factory=dict)
    bodies: dict = field(default_factory=dict)
    claims: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    ancestry: dict = field(default_factory=dict)
    accesses: list = field(default_factory=list)
    unreadable: set = field(default_factory=set)
    appends: int = 0
    turns: int = 1

    async def append(self, stream, expect, drafts, marks=NO_MARKS):
        """Keep the drafts, or fail as told."""
        self.appends += 1
        fault = self.fault if self.fault and self.fault.at == self.appends else None
        if fault and not fault.persisted:
            await asyncio.sleep(0)
            fault.raise_()
        records = self._keep(stream, expect, drafts, marks)
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if fault:
            fault.raise_()
        return records

    def _keep(self, stream, expect, drafts, marks):
        held = self.entries.setdefault(stream, [])
        if marks.idempotency_hash in self.keys:
            raise ConflictError("idempotency", stream=self.keys[marks.idempotency_hash])
        expect = len(held) if expect is None else expect
        if expect != len(held):
            raise ConflictError("ordinal", stream=stream)
        records = [self._record(stream, expect + n, draft) for n, draft in enumerate(drafts)]
        held += records
        for digest, label in marks.ancestry.items():
            self.ancestry[digest] = max(label, self.ancestry.get(digest, 0))
        if marks.idempotency_hash:
            self.keys[marks.idempotency_hash] = stream
        if marks.owner:
            self.claims[stream] = OpenStream(stream, marks.owner, self.clock.ms + marks.ttl_ms)
        if marks.closes:
            self.claims.pop(stream, None)
        self.journal += [("durable", r.kind, getattr(r.data, "ask", None)) for r in records]
        return tuple(records)

    def _record(self, stream, ordinal, draft):
        refs = []
        for name, body in draft.bodies.items():
            salted = f"{stream} {ordinal} {name} ".encode() + body
            ref = Ref(name=name, commitment=hashlib.sha256(salted).hexdigest(), length=len(body))
            self.bodies[ref.commitment] = body
            refs.append(ref)
        return Record(
            v=1,
            log="magi/t",
            stream=stream,
            ordinal=ordinal,
            kind=draft.event.kind,
            at_ms=self.clock.ms,
            actor=draft.actor,
            refs=tuple(refs),
            data=draft.event,
        )

    async def read(self, stream):
        """The records of a stream."""
        return tuple(self.entries.get(stream, ()))

    async def streams(self, prefix):
        """The streams of that prefix."""
        return tuple(name for name in self.entries if name.startswith(prefix))

    async def known(self, hashes):
        """The stream of each known idempotency hash."""
        return {each: self.keys[each] for each in hashes if each in self.keys}

    async def body(self, ref, who, why):
        """A body, its access noted; those marked unreadable do not open."""
        self.accesses.append((ref.commitment, who, why))
        if ref.commitment in self.unreadable:
            raise TamperedError("body_missing", commitment=ref.commitment)
        return self.bodies[ref.commitment]

    async def labels(self, digests):
        """The labels of known digests."""
        return {digest: self.ancestry[digest] for digest in digests if digest in self.ancestry}

    async def open_streams(self):
        """The streams with a claim."""
        return tuple(self.claims.values())

    async def claim(self, stream, owner, ttl_ms, dead_owner=None):
        """Take or renew an open stream."""
        held = self.claims.get(stream)
        if held is None or (held.owner not in {owner, dead_owner} and held.expires_ms > self.clock.ms):
            return False
        self.claims[stream] = OpenStream(stream, owner, self.clock.ms + ttl_ms)
        return True

    def kinds(self, stream=None):
        """The kinds of a stream's records, in order."""
        return [record.kind for record in self.entries[stream or self.only]]

    @property
    def only(self):
        """The one deliberation there is."""
        (stream,) = [name for name in self.entries if name.startswith("d/")]
        return stream

    def text(self):
        """All record bytes together."""
        return b"".join(r.to_bytes() for held in self.entries.values() for r in held).decode()


WORDS = {
    "内々の話": Label.INTERNAL,
    "椿さん": Label.PERSONAL,
    "㊙椿": Label.SECRET,
    "特秘椿": Label.CLASSIFIED,
}
"""Words that the planted detector knows, and what they make of a text; 島の話 is of a listed topic."""


def planted():
    """Real detectors over planted words."""
    rules = tuple(
        Rule(f"planted.{label.word}", label, "植えた語です。", "A planted word.") for label in WORDS.values()
    )
    rules += (Rule("planted.topic", Label.INTERNAL, "話題です。", "A topic.", topic="territory"),)

    def look(look):
        for word in look.words("known"):
            yield f"planted.{WORDS[word.text].word}", word.start, word.end
        for word in look.words("topic"):
            yield "planted.topic", word.start, word.end

    words = {"known": tuple(WORDS), "topic": ("島の話",)}
    return Detectors([Detector("planted", rules, ("raw", "plain", "tight"), look, words)])


class PlantedResidency:
    """The `Residency` port over planted words."""

    version = "planted/1"
    dictionary = None

    def __init__(self):
        """Build the detectors."""
        self.detectors = planted()

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """The real join over the planted detectors."""
        return label_texts(self.detectors, texts, declared, ancestors, cleared)


HANG = object()
"""A seat that never answers."""


@dataclass
class ScriptedModels:
    """The `Models` port from a script: ask -> a text, a failure in a tuple, HANG, or an event to wait for."""

    cards: dict
    script: dict
    clock: HandClock
    journal: list = field(default_factory=list)
    orders: list = field(default_factory=list)
    mint: Mint = field(default_factory=lambda: Mint(b"s" * 32))

    async def ask(self, order, authorise, failed):
        """One attempt: the ticket, the send, and what the script says."""
        self.orders.append(order)
        card = self.cards[order.targets[0]]
        wire = render(card, order.system, order.user, order.schema)
        number = order.first_attempt
        ticket = self.mint.issue(
            wire,
            card,
            ask=order.ask,
            attempt=number,
            label=order.label,
            derived_from=order.derived_from,
            now_ms=self.clock.ms,
            nonce=b"n" * 16,
        )
        said = self.script.get(order.ask, "A")
        if said == ("egress_not_admitted",):  # barred before there is a ticket: attempt 0
            await failed(AttemptReport(order.ask, 0, card.id, said[0], "no", None))
            return Told(0, card.id, failure=said[0])
        await authorise(ticket, wire)
        self.journal.append(("send", order.ask, wire.digest))
        await asyncio.sleep(0)
        if said is HANG:
            await asyncio.get_running_loop().create_future()
        if callable(said):
            said = await said()
        if isinstance(said, tuple):
            await failed(AttemptReport(order.ask, number, card.id, said[0], "maybe", Exchange("maybe")))
            return Told(number, card.id, failure=said[0])
        return Told(number, card.id, text=said, tokens=(3, 4), exchange=Exchange("yes", 200))


@dataclass
class Rig:
    """The service on a ledger in memory and scripted models."""

    build: object
    cards: dict
    council: object
    script: dict = field(default_factory=dict)
    clock: HandClock = field(default_factory=HandClock)
    journal: list = field(default_factory=list)
    owner: str = "host:1:1"

    def __post_init__(self):
        """Wire ledger, models and tools to one journal."""
        self.ledger = MemoryLedger(self.clock, self.journal)
        self.models = ScriptedModels(self.cards, self.script, self.clock, self.journal)
        self.called = []
        self.entropy = Counter()
        self.tools = self.make_tools()

    def make_tools(self, **changes):
        """The tools of one process; `changes` for another one."""
        assets = load_assets()
        given = {
            "tenant": "t",
            "owner": self.owner,
            "ledger": self.ledger,
            "models": self.models,
            "cards": self.cards,
            "templates": assets.templates,
            "profile": assets.profiles["domestic-only"],
            "code": "code",
            "lock": "lock",
            "residency": PlantedResidency(),
            "clock": self.clock,
            "entropy": self.entropy,
            "ancestry": lambda message: hashlib.sha256(b"key" + message).hexdigest(),
            "check_callable": lambda council, cards: self.called.append((council, [c.id for c in cards])),
        }
        return Tools(**(given | changes))

    def request(self, question, **changes):
        """A request to this rig's council."""
        return Request(question, changes.pop("council", self.council), **changes)

    @property
    def sends(self):
        """The asks that were sent, in order, with the digest of their bytes."""
        return [(ask, digest) for what, ask, digest in self.journal if what == "send"]

    @property
    def tickets(self):
        """The durable tickets: ask and digest."""
        held = (r.data for records in self.ledger.entries.values() for r in records)
        return [(data.ask, data.digest) for data in held if isinstance(data, Ticketed)]

    def answered(self, stream=None):
        """The recorded answers of a stream by ask."""
        held = (r.data for r in self.ledger.entries[stream or self.ledger.only])
        return {data.ask: data for data in held if isinstance(data, Answered)}


@pytest.fixture
def rig(build):
    """Three makers at home, a majority of two; `script` by keyword."""

    def make(script=None, *, makers="ABC", quorum=2, seconds=30, cards=None):
        fresh = "2027-01-10"
        seated = cards or build.cards(*makers, checked_on=fresh)
        council = build.council(*seated, quorum=quorum, seconds=seconds)
        return Rig(build, seated, council, script or {})

    return make


@pytest.fixture(scope="session")
def said():
    """What a model sends for an answer."""

    def make(answer, reason="理由", basis="民法1条"):
        return json.dumps({"answer": answer, "reason": reason, "basis": basis}, ensure_ascii=False)

    return make


@pytest.fixture(scope="session")
def parts():
    """The shared names."""
    return SimpleNamespace(HANG=HANG, Fault=Fault, HandClock=HandClock, T0=T0)
