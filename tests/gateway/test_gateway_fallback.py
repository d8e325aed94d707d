"""Fallbacks: from step 1, under the policy, with numbers that run on."""

import asyncio
import json

import httpx
import respx

from magi.standin.script import (
    ByModel,
    Hang,
    Reply,
    Status,
    fixed,
)
from magi.standin.server import StandIn

URL = "http://127.0.0.1:9/v1/chat/completions"
GOOD = {"model": "m", "choices": [{"message": {"content": "はい"}, "finish_reason": "stop"}]}


def ok():
    """A good answer for an injected transport."""
    return httpx.Response(200, json=GOOD)


def scripted(kit, *answers, cards=("dom",), **changes):
    """Ask through an injected transport that gives these answers in turn; the rig, what was told, the calls."""

    async def run():
        with respx.mock(assert_all_called=False, using=None) as router:
            route = router.post(URL).mock(side_effect=list(answers))
            made = {name: kit.make_card(card_id=name) for name in cards}
            rig = kit.Rig(made, transport=httpx.MockTransport(router.async_handler))
            refuse = changes.pop("refuse", ())
            rig.refuse.update(refuse)
            told = await rig.ask(*cards, **changes)
            return rig, told, [json.loads(call.request.content) for call in route.calls]

    return asyncio.run(run())


def test_a_fallback_starts_at_step_one(kit):
    """After the first card is spent, the next is rendered, ticketed and asked anew, with the next number."""

    async def run():
        parts = ByModel({"m": fixed(Status(500)), "n": fixed(Reply("代わり"))})
        async with StandIn(parts) as server:
            cards = {
                "dom": kit.make_card(server.base_url),
                "alt": kit.make_card(server.base_url, card_id="alt", model="n", stream=True),
            }
            rig = kit.Rig(cards)
            told = await rig.ask("dom", "alt", attempts=2)
            return rig.events, told, [request.model for request in server.requests]

    events, told, models = asyncio.run(run())

    assert events == [
        ("ticketed", 1, "dom"),
        ("http_500", 1, "dom", "yes"),
        ("ticketed", 2, "dom"),
        ("http_500", 2, "dom", "yes"),
        ("ticketed", 3, "alt"),
    ]
    assert (told.text, told.card, told.attempt, models) == ("代わり", "alt", 3, ["m", "m", "n"])


def test_a_card_that_hangs_leaves_its_fallback_time(kit):
    """The time left is shared among the cards still to ask, so a silent first card does not use it all."""

    async def run():
        parts = ByModel({"m": fixed(Hang(60)), "n": fixed(Reply("代わり"))})
        async with StandIn(parts) as server:
            cards = {
                "dom": kit.make_card(server.base_url),
                "alt": kit.make_card(server.base_url, card_id="alt", model="n"),
            }
            return await kit.Rig(cards).ask("dom", "alt", attempts=2, within_ms=1_500)

    told = asyncio.run(run())

    assert (told.card, told.text, told.failure) == ("alt", "代わり", None)


def test_a_fallback_that_is_not_admitted_is_never_contacted(kit):
    """A barred fallback gets no ticket and no byte, and the failure of the asked card stands."""

    async def run():
        async with StandIn(fixed(Status(500))) as server, kit.RawServer(b"") as foreign:
            cards = {
                "dom": kit.make_card(server.base_url),
                "alt": kit.make_card(foreign.base_url, card_id="alt"),
            }
            rig = kit.Rig(cards, refuse={"alt"})
            told = await rig.ask("dom", "alt", attempts=1)
            return rig.events, told, foreign.connections

    events, told, connections = asyncio.run(run())

    assert events[1:] == [("http_500", 1, "dom", "yes"), ("egress_not_admitted", 0, "alt", "no")]
    assert (told.failure, told.card, told.attempt, connections) == ("http_500", "dom", 1, 0)


def test_a_barred_first_card_leaves_the_next(kit):
    """The policy's no to one card is reported without an attempt, and the next is asked as attempt 1."""
    rig, told, calls = scripted(kit, ok(), cards=("bar", "dom"), refuse=("bar",))

    assert rig.events == [("egress_not_admitted", 0, "bar", "no"), ("ticketed", 1, "dom")]
    assert (told.text, told.card, len(calls)) == ("はい", "dom", 1)


def test_with_every_card_barred_nothing_happens(kit):
    """All cards barred is a failure without an attempt."""
    _, told, calls = scripted(kit, ok(), cards=("a", "b"), refuse=("a", "b"))

    assert (told.failure, told.attempt, calls) == ("egress_not_admitted", 0, [])
