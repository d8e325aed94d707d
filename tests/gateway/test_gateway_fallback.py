"""Fallbacks: from step 1, under the policy, with numbers that run on."""

import asyncio
import json

import httpx
import pytest
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


# Classes.


def reached(kit, *targets, classes, foreign=()):
    """Ask cards that all fail; which of them were reached, and what was reported of the others."""

    async def run():
        seen = []

        def fail(request):
            seen.append(json.loads(request.content)["model"])
            return httpx.Response(500)

        cards = {
            name: kit.make_card(
                card_id=name, model=name, **({"provider_country": "US"} if name in foreign else {})
            )
            for name in targets
        }
        rig = kit.Rig(cards, transport=httpx.MockTransport(fail), classes=classes)
        told = await rig.ask(*targets, attempts=1)
        skipped = [each.card for each in rig.reports if each.failure == "egress_looser_fallback"]
        return seen, skipped, told, rig

    return asyncio.run(run())


@pytest.mark.parametrize("first", "ABCDE")
@pytest.mark.parametrize("second", ["A", "B", "C", "D", "E", "F", "", "AB"])
def test_a_fallback_has_the_same_or_a_stricter_class(kit, first, second):
    """A looser class than the first card's is never asked, and is reported; any other is asked."""
    seen, skipped, _, _ = reached(kit, "one", "two", classes={"one": first, "two": second})
    looser = second not in "ABCDE"[: "ABCDE".index(first) + 1] or len(second) != 1

    assert seen == (["one"] if looser else ["one", "two"])
    assert skipped == (["two"] if looser else [])


@pytest.mark.parametrize(
    ("foreign", "asked"), [({"two"}, ["one"]), ({"one"}, ["one", "two"]), ({"one", "two"}, ["one", "two"])]
)
def test_abroad_never_follows_home(kit, foreign, asked):
    """A foreign fallback of a domestic card is not asked even in the same class; the other way round it is."""
    seen, _, _, _ = reached(kit, "one", "two", classes={"one": "D", "two": "D"}, foreign=foreign)

    assert seen == asked


def test_the_first_card_is_the_measure(kit):
    """A stricter fallback between does not bar one that is as strict as the first; a looser one stays out."""
    classes = {"one": "B", "two": "A", "three": "C", "four": "B"}
    seen, skipped, told, rig = reached(kit, *classes, classes=classes)

    assert (seen, skipped) == (["one", "two", "four"], ["three"])
    assert (told.failure, told.card, told.attempt) == ("http_500", "four", 3)
    assert ("egress_looser_fallback", 0, "three", "no") in rig.events


def test_a_looser_fallback_is_not_even_connected_to(kit):
    """Over real sockets: the first fails, the looser fallback gets no connection; as a first card it would."""

    async def run():
        async with kit.RawServer(b"") as home, kit.RawServer(b"") as far:
            cards = {
                "dom": kit.make_card(home.base_url),
                "far": kit.make_card(far.base_url, card_id="far", provider_country="US"),
            }
            rig = kit.Rig(cards, classes={"far": "D"})
            await rig.ask("dom", "far", attempts=1)
            before = home.connections, far.connections
            await rig.ask("far", "dom", attempts=1)
            return before, (home.connections, far.connections)

    assert asyncio.run(run()) == ((1, 0), (2, 1))
