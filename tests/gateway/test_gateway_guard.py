"""The guard: every check refuses by name before anything leaves; whatever comes back is kept; secrets are not."""

import asyncio
import dataclasses
import json

import httpx
import pytest

from magi.core.errors import EgressRefusedError
from magi.gateway.body import MAX_REQUEST_BYTES
from magi.gateway.ticket import TICKET_MS, Mint


async def reason_of(rig, ticket, wire):
    """The reason for which the guard refuses."""
    with pytest.raises(EgressRefusedError) as caught:
        await rig.guard.send(ticket, wire)
    return caught.value.reason


def refused(kit, change, **card):
    """The reason for which a changed (rig, ticket, wire) is refused, and how many connections the server saw."""

    async def run():
        async with kit.RawServer(kit.answer_bytes()) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url, **card)})
            wire = rig.wire()
            ticket, wire = change(rig, wire)
            return await reason_of(rig, ticket, wire), server.connections

    return asyncio.run(run())


def rewired(**changes):
    """A wire changed before its ticket is made: the ticket is genuine and fits, the wire does not fit the card."""

    def change(rig, wire):
        new = {name: value(wire) if callable(value) else value for name, value in changes.items()}
        other = dataclasses.replace(wire, **new)
        return rig.ticket(other), other

    return change


def swapped(old, new):
    """A change of a wire's URL."""
    return lambda wire: wire.url.replace(old, new)


def test_an_untouched_ticket_and_wire_are_sent(kit):
    """The control: what is refused below is let through unchanged."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b'{"a":1}')) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url)})
            return await rig.send(), server.connections

    exchange, connections = asyncio.run(run())

    assert (exchange.sent, exchange.status, exchange.body, exchange.failure) == ("yes", 200, b'{"a":1}', None)
    assert connections == 1


@pytest.mark.parametrize("part", ["method", "url", "headers", "body"])
def test_a_wire_changed_after_its_ticket_is_refused(kit, part):
    """One changed byte in any part of the wire breaks the digest."""
    changed = {
        "method": "PUT",
        "url": "http://127.0.0.1:9/v1/chat/completion",
        "headers": (("accept", "application/json"),),
        "body": b"{}",
    }

    def change(rig, wire):
        return rig.ticket(wire), dataclasses.replace(wire, **{part: changed[part]})

    assert refused(kit, change) == ("digest", 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"url": swapped("http://", "https://")}, "scheme"),
        ({"url": swapped("127.0.0.1", "127.0.0.2")}, "host"),
        ({"url": swapped("127.0.0.1", "127.1")}, "host"),
        ({"url": swapped("127.0.0.1:", "127.0.0.1:1")}, "url_malformed"),
        ({"url": swapped("http://", "http://127.0.0.1:9@")}, "path"),
        ({"url": swapped("/v1", ":80/v1")}, "url_malformed"),
        ({"url": swapped("/v1/", "/v2/")}, "path"),
        ({"url": swapped("/v1/", "/v1/../admin/")}, "path"),
        ({"url": swapped("/v1/", "/v1//")}, "path"),
        ({"url": swapped("/v1/", "/v1/%2e%2e/")}, "path"),
        ({"url": swapped("completions", "completions?q=1")}, "path"),
        ({"url": swapped("completions", "completions#f")}, "path"),
        ({"url": swapped("completions", "completions\n")}, "url_malformed"),
        ({"url": swapped("completions", "")}, "path"),
        ({"url": swapped("completions", "completions/secret")}, "path"),
        ({"url": swapped("chat/completions", "responses")}, "path"),
        ({"url": swapped("chat/completions", "files")}, "path"),
        ({"url": swapped("http", "\x00http")}, "url_malformed"),
        ({"url": "http://[::1"}, "url_malformed"),
        ({"url": ""}, "scheme"),
        ({"method": "GET"}, "method"),
        ({"method": "post"}, "method"),
        ({"headers": (("user-agent", "x"),)}, "header"),
        ({"headers": (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)}, "header"),
        ({"headers": (("baggage", "user=taro"),)}, "header"),
        ({"headers": (("x-stainless-lang", "python"),)}, "header"),
        ({"headers": (("x-request-id", "1"),)}, "header"),
        ({"headers": (("openai-organization", "ministry"),)}, "header"),
        ({"headers": (("cookie", "a=b"),)}, "header"),
        ({"headers": (("host", "evil.example"),)}, "header"),
        ({"headers": (("content-type", "application/json; charset=utf-7"),)}, "header"),
        ({"headers": (("accept", "application/json\r\nx: y"),)}, "header"),
        ({"headers": (("authorization", "Bearer x"),)}, "header"),
        ({"headers": (("accept-encoding", "gzip"),)}, "header"),
        ({"headers": (("accept", "application/json; 予算"),)}, "header"),
        ({"headers": (("Accept", "application/json"),)}, "header"),
        ({"headers": (("accept", "application/json"), ("accept", "text/event-stream"))}, "header"),
    ],
)  # fmt: skip
def test_a_ticketed_wire_that_is_not_the_cards_is_refused(kit, changes, reason):
    """Even with a genuine ticket, only the card's own URL, POST and the listed headers pass."""
    assert refused(kit, rewired(**changes)) == (reason, 0)


def added(**fields):
    """A change of a wire's body: fields added, or put in the place of others."""
    return lambda wire: json.dumps(json.loads(wire.body) | fields).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (added(user="taro@example.go.jp"), "body_field"),
        (added(metadata={"ministry": "x"}), "body_field"),
        (added(store=True), "body_field"),
        (added(previous_response_id="r"), "body_field"),
        (added(tools=[]), "body_field"),
        (added(fallbacks=["gpt"]), "body_field"),
        (added(messages=[{"role": "assistant", "content": "x"}]), "body_field"),
        (added(model="auto"), "body_model"),
        (lambda wire: wire.body + b"x", "body_form"),
        (lambda wire: wire.body[:-1] + b',"seed":1}', "body_form"),
        (lambda _: b"", "body_form"),
        (lambda wire: wire.body + b" " * MAX_REQUEST_BYTES, "body_size"),
    ],
)
def test_a_ticketed_body_with_anything_else_is_refused(kit, body, reason):
    """Even with a genuine ticket for it, a body holds the listed fields for the card's model, or does not leave."""
    assert refused(kit, rewired(body=body)) == (reason, 0)


def test_a_body_of_listed_fields_is_sent(kit):
    """The control: the same way of changing a body lets a listed change through."""

    async def run():
        async with kit.RawServer(kit.answer_bytes()) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url)})
            wire = rig.wire()
            other = dataclasses.replace(wire, body=added(seed=1)(wire))
            return (await rig.guard.send(rig.ticket(other), other)).status, server.requests[0]

    status, raw = asyncio.run(run())

    assert status == 200
    assert b'"seed": 1' in raw


def test_a_card_whose_model_changed_is_refused(kit):
    """A card edited while a call waited asks for another model than the bytes do: refused."""

    def change(rig, wire):
        ticket = rig.ticket(wire)
        rig.cards["dom"] = kit.make_card(rig.cards["dom"].endpoint.base_url, model="other")
        return ticket, wire

    assert refused(kit, change) == ("body_model", 0)


def test_another_port_is_refused(kit):
    """The same host on another port is another backend."""

    def change(rig, wire):
        other = dataclasses.replace(wire, url="http://127.0.0.1:9/v1/chat/completions")
        return rig.ticket(other), other

    assert refused(kit, change) == ("port", 0)


def test_a_forged_ticket_is_refused(kit):
    """A ticket of another mint, and one with a lowered label, are forgeries."""

    def by_another(rig, wire):
        rig.mint, own = Mint(b"o" * 32), rig.mint
        ticket, rig.mint = rig.ticket(wire), own
        return ticket, wire

    def lowered(rig, wire):
        return dataclasses.replace(rig.ticket(wire), label=0), wire

    assert refused(kit, by_another) == ("forged", 0)
    assert refused(kit, lowered) == ("forged", 0)


def test_an_expired_ticket_is_refused(kit):
    """At its expiry a ticket is over."""

    def change(rig, wire):
        ticket = rig.ticket(wire)
        rig.clock.unix_ms += TICKET_MS
        return ticket, wire

    assert refused(kit, change) == ("expired", 0)


def test_a_ticket_serves_once(kit):
    """The second use of a ticket is refused, also when both come at the same time."""

    async def run():
        async with kit.RawServer(kit.answer_bytes()) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url)})
            wire = rig.wire()
            ticket = rig.ticket(wire)
            both = await asyncio.gather(
                rig.guard.send(ticket, wire), rig.guard.send(ticket, wire), return_exceptions=True
            )
            return both, await reason_of(rig, ticket, wire), server.connections

    both, third, connections = asyncio.run(run())

    assert both[0].status == 200
    assert both[1].reason == "reused"
    assert (third, connections) == ("reused", 1)


def test_a_refused_ticket_is_spent(kit):
    """A genuine ticket that was shown with the wrong wire cannot be tried again with the right one."""

    async def run():
        rig = kit.Rig({"dom": kit.make_card()})
        wire = rig.wire()
        ticket = rig.ticket(wire)
        first = await reason_of(rig, ticket, dataclasses.replace(wire, body=b"{}"))
        return first, await reason_of(rig, ticket, wire)

    assert asyncio.run(run()) == ("digest", "reused")


def test_nonces_are_forgotten_after_expiry_and_stay_refused(kit):
    """Memory holds live tickets only, and a clock that goes back revives none of the others."""

    async def run():
        rig = kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: httpx.Response(200)))
        wire = rig.wire()
        old = [rig.ticket(wire) for _ in range(20)]
        for ticket in old:
            await rig.guard.send(ticket, wire)
        rig.clock.unix_ms += TICKET_MS + 1
        await rig.send()
        kept = len(rig.guard._used), len(rig.guard._used_in_order)
        rig.clock.unix_ms -= TICKET_MS
        return kept, await reason_of(rig, old[0], wire)

    assert asyncio.run(run()) == ((1, 1), "expired")


def test_an_unknown_or_changed_card_is_refused(kit):
    """The guard goes by its own cards: not there, or not as ticketed, is refused."""

    def gone(rig, wire):
        ticket = rig.ticket(wire)
        rig.cards.clear()
        return ticket, wire

    def moved(rig, wire):
        ticket = rig.ticket(wire)
        rig.cards["dom"] = kit.make_card(rig.cards["dom"].endpoint.base_url, host_country="US")
        return ticket, wire

    assert refused(kit, gone) == ("card_unknown", 0)
    assert refused(kit, moved) == ("card_changed", 0)


def test_the_policy_is_asked_again(kit):
    """A card that the policy bars by the time of sending is refused."""

    def change(rig, wire):
        ticket = rig.ticket(wire)
        rig.refuse.add("dom")
        return ticket, wire

    assert refused(kit, change) == ("not_admitted", 0)


def resolved(kit, answers, base_url, **card):
    """The reason for which these addresses are refused, and how often the resolver was asked."""

    async def run():
        transport = httpx.MockTransport(lambda _: pytest.fail("something was sent"))
        rig = kit.Rig(
            {"dom": kit.make_card(base_url, **card)}, transport=transport, resolver=kit.FixedResolver(answers)
        )
        wire = rig.wire()
        return await reason_of(rig, rig.ticket(wire), wire), rig.resolver.asked

    return asyncio.run(run())


def test_addresses_are_checked_before_anything_is_sent(kit):
    """Plain HTTP beyond loopback, and private addresses, are refused at the guard."""
    public = [("203.0.114.7",)]
    system = {"cert_pin": "system-ca", "closed_network": False}

    assert resolved(kit, public, "http://a.jp/v1", **system) == ("http_beyond_loopback", 1)
    assert resolved(kit, [("10.0.0.1",)], "https://a.jp/v1", **system) == ("address_private", 1)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1."])
def test_other_spellings_of_an_address_are_not_even_resolved(kit, host):
    """Odd IPv4 forms are refused without asking the resolver."""
    assert resolved(kit, [("127.0.0.1",)], f"http://{host}:9/v1") == ("address_form", 0)
