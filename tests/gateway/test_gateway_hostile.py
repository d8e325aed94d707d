"""Hostile wires, tickets, orders and faults: not one byte of a canary at a foreign server.

The fake servers note every byte they are handed, sorted by the address that the guard pinned. The canary is a text
and a number; the detector knows both, in the words that the guard gives it. How a canary may be spelled is the
detectors' own matter; here it may stand anywhere.
"""

import asyncio
import dataclasses
import hashlib
import json
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from magi.core.errors import EgressRefusedError
from magi.gateway.egress import Rescan
from magi.gateway.ticket import TICKET_MS, Mint

CANARY = "椿作戦7301"
NUMBER = 730173017301
HOME, ABROAD = "203.0.114.7", "203.0.115.9"
HOSTS = {"api.domestic.jp": HOME, "api.foreign.example": ABROAD, "api.second.example": ABROAD}
ANSWER = {"model": "m", "choices": [{"message": {"content": "はい"}, "finish_reason": "stop"}]}
FORMS = (
    *(CANARY.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "cp932")),
    json.dumps(CANARY)[1:-1].encode(),
    quote(CANARY).encode(),
    hashlib.sha256(CANARY.encode()).hexdigest().encode(),
    str(NUMBER).encode(),
    f"{NUMBER:,}".encode(),
)


def holds(blob):
    """Whether some bytes hold the canary in any of its forms, also put together from its halves."""
    joined = blob.replace(b'"},{"role":"user","content":"', b"")
    return any(form in text for form in FORMS for text in (blob, joined))


def find(texts, cleared):
    """A detector of the canary: secret by any of its forms in any of the texts."""
    hit = any(CANARY in text or str(NUMBER) in text for text in texts) and "canary" not in cleared
    return Rescan(5, frozenset({"security"}), ("canary",)) if hit else Rescan(0, frozenset(), ())


async def find_later(texts, cleared):
    """The same for long texts."""
    return find(texts, cleared)


@dataclasses.dataclass
class World:
    """A name service, and servers that keep what they get; `statuses` are answered in turn, 200 after that."""

    statuses: list = dataclasses.field(default_factory=list)
    got: list = dataclasses.field(default_factory=list)

    async def resolve(self, host, port):
        """The one address of a name."""
        del port
        if host not in HOSTS:
            raise OSError(-2, "no such name")
        return (HOSTS[host],)

    async def handle_async_request(self, request):
        """Keep everything that would be written, with the address it would be written to."""
        blob = str(request.url).encode() + repr(request.headers.raw).encode() + request.content
        self.got.append((request.extensions["pinned"], blob))
        status = self.statuses.pop(0) if self.statuses else 200
        return httpx.Response(status, json=ANSWER)

    @property
    def abroad(self):
        """What reached the foreign server."""
        return [blob for pinned, blob in self.got if pinned != (HOME,)]


def world_rig(kit, world, **changes):
    """A rig with one card at home and two abroad."""
    far = {"cert_pin": "system-ca", "closed_network": False}
    cards = {
        "dom": kit.make_card("https://api.domestic.jp/v1", **far),
        "far": kit.make_card("https://api.foreign.example/v1", card_id="far", provider_country="US", **far),
        "two": kit.make_card("https://api.second.example/v1", card_id="two", host_country="US", **far),
    }
    parts = {"detect": find, "detect_long": find_later, "strict": True, "classes": {"far": "D", "two": "D"}}
    return kit.Rig(cards, resolver=world, transport=world, **(parts | changes))


# Where a canary may be put.


def in_body(change):
    """A change of the parsed body."""

    def apply(wire):
        value = json.loads(wire.body)
        change(value)
        return dataclasses.replace(
            wire, body=json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        )

    return apply


def put(value, *path, item):
    """Put an item at a path of a JSON value."""
    for step in path[:-1]:
        value = value.setdefault(step, {}) if isinstance(value, dict) else value[step]
    value[path[-1]] = item


def schema_of(item):
    """A wish for JSON under this schema."""
    return {"type": "json_schema", "json_schema": {"name": "statement", "schema": item, "strict": True}}


def replaced(**changes):
    """A change of the wire's own parts."""
    return lambda wire: dataclasses.replace(
        wire, **{name: change(wire) if callable(change) else change for name, change in changes.items()}
    )


HALF = len(CANARY) // 2
SPLIT = [{"role": "user", "content": CANARY[:HALF]}, {"role": "user", "content": CANARY[HALF:]}]
PLACES = {
    "user": in_body(lambda v: put(v, "messages", 1, "content", item=f"問い {CANARY} は")),
    "system": in_body(lambda v: put(v, "messages", 0, "content", item=CANARY)),
    "third message": in_body(lambda v: v["messages"].append({"role": "user", "content": CANARY})),
    "split": in_body(lambda v: put(v, "messages", item=SPLIT)),
    "assistant": in_body(lambda v: v["messages"].append({"role": "assistant", "content": CANARY})),
    "role": in_body(lambda v: put(v, "messages", 1, "role", item=CANARY)),
    "name": in_body(lambda v: put(v, "messages", 1, "name", item=CANARY)),
    "parts": in_body(lambda v: put(v, "messages", 1, "content", item=[{"type": "text", "text": CANARY}])),
    "model": in_body(lambda v: put(v, "model", item=CANARY)),
    "seed": in_body(lambda v: put(v, "seed", item=NUMBER)),
    "max_tokens": in_body(lambda v: put(v, "max_tokens", item=NUMBER)),
    "temperature": in_body(lambda v: put(v, "temperature", item=float(NUMBER))),
    "schema key": in_body(lambda v: put(v, "response_format", item=schema_of({CANARY: 1}))),
    "schema value": in_body(lambda v: put(v, "response_format", item=schema_of({"enum": ["a", [CANARY]]}))),
    "schema number": in_body(lambda v: put(v, "response_format", item=schema_of({"const": NUMBER}))),
    "schema name": in_body(lambda v: put(v, "response_format", "json_schema", "name", item=CANARY)),
    "metadata": in_body(lambda v: put(v, "metadata", item={"ministry": CANARY})),
    "user field": in_body(lambda v: put(v, "user", item=CANARY)),
    "tools": in_body(lambda v: put(v, "tools", item=[{"function": {"description": CANARY}}])),
    "top key": in_body(lambda v: put(v, CANARY, item=0)),
    "long": in_body(lambda v: put(v, "messages", 1, "content", item="あ" * 40_000 + CANARY)),
    "escaped": replaced(body=lambda w: w.body.replace("問い".encode(), json.dumps(CANARY)[1:-1].encode())),
    "repeated key": replaced(body=lambda w: w.body[:-1] + f',"seed":{NUMBER},"seed":0}}'.encode()),
    "after": replaced(body=lambda w: w.body + CANARY.encode()),
    "utf-16": replaced(body=lambda w: w.body.decode().replace("問い", CANARY).encode("utf-16")),
    "cp932": replaced(body=lambda w: w.body.decode().replace("問い", CANARY).encode("cp932")),
    "no json": replaced(body=CANARY.encode()),
    "header value": replaced(headers=lambda w: (*w.headers, ("baggage", quote(CANARY)))),
    "header name": replaced(headers=lambda w: (*w.headers, (quote(CANARY).lower().replace("%", "-"), str(NUMBER)))),
    "content type": replaced(headers=(("content-type", f"application/json; charset={NUMBER}"),)),
    "path": replaced(url=lambda w: w.url + f"/{NUMBER}"),
    "query": replaced(url=lambda w: w.url + "?q=" + quote(CANARY)),
    "fragment": replaced(url=lambda w: w.url + "#" + quote(CANARY)),
    "userinfo": replaced(url=lambda w: w.url.replace("https://", f"https://{NUMBER}@")),
    "host": replaced(url=lambda w: w.url.replace("https://", f"https://{NUMBER}.")),
    "method": replaced(method=str(NUMBER)),
}  # fmt: skip


def placed(rig, place, card="far"):
    """A rendered wire for a card with the canary put there; the place None leaves it out."""
    wire = rig.wire(card, user="問い", system="役")
    return wire if place is None else PLACES[place](wire)


# How a ticket may be wrong. Each takes (rig, wire, card) and gives the ticket.


def forged(rig, wire, card):
    """Made by another mint."""
    return dataclasses.replace(
        rig.ticket(wire, card, label=0), mac=Mint(b"o" * 32)._mac(rig.ticket(wire, card))
    )


TICKETS = {
    "planner erred": lambda rig, wire, card: rig.ticket(wire, card, label=0),
    "internal": lambda rig, wire, card: rig.ticket(wire, card, label=1),
    "below the ladder": lambda rig, wire, card: rig.ticket(wire, card, label=-1),
    "above the ladder": lambda rig, wire, card: rig.ticket(wire, card, label=7),
    "other rules cleared": lambda rig, wire, card: rig.ticket(wire, card, label=0, cleared=("x", "CANARY")),
    "lowered": lambda rig, wire, card: dataclasses.replace(rig.ticket(wire, card, label=5), label=0),
    "cleared later": lambda rig, wire, card: dataclasses.replace(
        rig.ticket(wire, card, label=0), cleared=("canary",)
    ),
    "forged": forged,
    "expired": lambda rig, wire, card: rig.ticket(
        wire, card, label=0, now_ms=rig.clock.unix_ms - TICKET_MS
    ),
    "for home": lambda rig, wire, _: rig.ticket(wire, "dom", label=0),
    "for home, renamed": lambda rig, wire, card: dataclasses.replace(rig.ticket(wire, "dom", label=0), card=card),
    "for other bytes": lambda rig, _, card: rig.ticket(rig.wire(card, user="問い"), card, label=0),
}  # fmt: skip


def died(texts, cleared):
    """A detector that dies."""
    raise ValueError(texts, cleared)


async def died_later(texts, cleared):
    """A detector of long texts that dies."""
    died(texts, cleared)


FAULTS = {
    "none": {},
    "detectors die": {"detect": died, "detect_long": died_later},
    "no detectors": {"detect": None, "detect_long": None},
    "no long detector": {"detect_long": None},
}


def sends(kit, place, ticket, fault, *, card="far", repeat=1):
    """What the servers got of such a send, and the reasons of refusals."""
    world, reasons = World(), []

    async def run():
        rig = world_rig(kit, world, **FAULTS[fault])
        wire = placed(rig, place, card)
        made = TICKETS[ticket](rig, wire, card)
        for _ in range(repeat):
            try:
                await rig.guard.send(made, wire)
            except EgressRefusedError as error:
                reasons.append(error.reason)

    asyncio.run(run())
    return world, reasons


@pytest.mark.parametrize("place", PLACES)
def test_the_search_finds_the_canary_wherever_it_is_put(kit, place):
    """The control of the search: in every place, the bytes to be sent do hold the canary."""

    async def run():
        wire = placed(world_rig(kit, World()), place)
        return b"\n".join((wire.method.encode(), wire.url.encode(), repr(wire.headers).encode(), wire.body))

    assert holds(asyncio.run(run()))


def test_public_text_reaches_the_foreign_server(kit):
    """The control of the way: the same send without a canary arrives abroad, once."""
    world, reasons = sends(kit, None, "planner erred", "none", repeat=2)

    assert (len(world.abroad), reasons) == (1, ["reused"])
    assert not holds(world.abroad[0])


@pytest.mark.parametrize(
    "place", ["user", "system", "split", "schema key", "seed", "long", "escaped", "temperature"]
)
def test_without_the_detectors_the_canary_would_arrive(kit, place):
    """The control of the guard: where detectors find nothing, what stands in a listed field is seen abroad."""

    def blind(texts, cleared):
        del texts, cleared
        return Rescan(0, frozenset(), ())

    async def blind_later(texts, cleared):
        return blind(texts, cleared)

    async def run():
        world = World()
        rig = world_rig(kit, world, detect=blind, detect_long=blind_later)
        wire = placed(rig, place)
        await rig.guard.send(rig.ticket(wire, "far", label=0), wire)
        return world.abroad

    assert holds(b"".join(asyncio.run(run())))


@pytest.mark.parametrize("ticket", TICKETS)
@pytest.mark.parametrize("place", PLACES)
def test_no_place_and_no_ticket_carries_the_canary_abroad(kit, place, ticket):
    """Every place under every kind of ticket is refused, and the foreign server gets nothing at all."""
    world, reasons = sends(kit, place, ticket, "none")

    assert (world.abroad, len(reasons)) == ([], 1)


HOSTILE = st.fixed_dictionaries(
    {
        "place": st.sampled_from([None, *PLACES]),
        "ticket": st.sampled_from(sorted(TICKETS)),
        "fault": st.sampled_from(sorted(FAULTS)),
        "card": st.sampled_from(["dom", "far", "two"]),
        "repeat": st.integers(1, 2),
    }
)
ORDERS = st.fixed_dictionaries(
    {
        "targets": st.lists(st.sampled_from(["dom", "far", "two"]), min_size=1, max_size=3, unique=True),
        "label": st.integers(-1, 7),
        "topics": st.sampled_from([(), ("diplomacy",)]),
        "cleared": st.sampled_from([(), ("other",)]),
        "text": st.sampled_from([CANARY, f"前 {CANARY} 後", f"{NUMBER}", "白書の要約"]),
        "system": st.sampled_from(["役", CANARY]),
        "schema": st.sampled_from([None, {"enum": [CANARY]}, {"enum": ["A"]}]),
        "classes": st.fixed_dictionaries({name: st.sampled_from("ABCDE") for name in ("dom", "far", "two")}),
        "statuses": st.lists(st.sampled_from([200, 400, 429, 500, 503]), max_size=4),
        "fault": st.sampled_from(sorted(FAULTS)),
    }
)


def hostile_send(kit, hostile):
    """One hostile send; the world it left."""
    world, _ = sends(
        kit,
        hostile["place"],
        hostile["ticket"],
        hostile["fault"],
        card=hostile["card"],
        repeat=hostile["repeat"],
    )
    return world


def hostile_order(kit, order):
    """One order through the client; the world it left."""
    world = World(statuses=list(order["statuses"]))

    async def run():
        rig = world_rig(kit, world, classes=order["classes"], **FAULTS[order["fault"]])
        named = ("label", "topics", "cleared", "system", "schema")
        await rig.ask(*order["targets"], user=order["text"], **{name: order[name] for name in named})

    asyncio.run(run())
    return world


def carries_the_canary(world):
    """Whether any blob at the foreign server holds it, in whatever form."""
    return any(holds(blob) for blob in world.abroad)


def must_stay(order):
    """Whether nothing at all of an order may be at the foreign server."""
    return order["targets"][0] == "dom" or order["label"] != 0 or bool(order["topics"])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(hostile=HOSTILE)
def test_hostile_sends_reach_nobody_abroad(kit, hostile):
    """Whatever wire, ticket and fault come together, no canary byte is at the foreign server."""
    world = hostile_send(kit, hostile)

    assert not carries_the_canary(world)
    assert len(world.got) <= 1


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(order=ORDERS)
def test_hostile_orders_reach_nobody_abroad(kit, order):
    """Whatever targets, labels, answers and faults come together, no canary byte is at the foreign server."""
    world = hostile_order(kit, order)

    assert not carries_the_canary(world)
    assert world.abroad == [] or not must_stay(order)


@pytest.mark.slow
@seed(4)
@settings(max_examples=10_000, deadline=None, database=None)
@given(hostile=HOSTILE)
def test_ten_thousand_hostile_sends_reach_nobody_abroad(kit, hostile):
    """The long form of the hostile sends."""
    world = hostile_send(kit, hostile)

    assert not carries_the_canary(world)
    assert len(world.got) <= 1


@pytest.mark.slow
@seed(4)
@settings(max_examples=10_000, deadline=None, database=None)
@given(order=ORDERS)
def test_ten_thousand_hostile_orders_reach_nobody_abroad(kit, order):
    """The long form of the hostile orders."""
    world = hostile_order(kit, order)

    assert not carries_the_canary(world)
    assert world.abroad == [] or not must_stay(order)
