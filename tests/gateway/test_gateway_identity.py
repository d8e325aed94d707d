"""Who says that they answered: model and region of a response against the card, and what follows."""

import asyncio
import hashlib
import json

import httpx
import pytest

from magi.gateway.identity import departure
from magi.standin.script import ByModel, Reply, WrongModel, fixed
from magi.standin.server import StandIn


def judged(kit, models=("m",), regions=(), *, stated_required=True, **card):
    """The failure's name for what a response states, or None."""
    found = departure(kit.make_card(**card), models, regions, stated_required=stated_required)
    return None if found is None else found.failure


@pytest.mark.parametrize(
    ("stated", "fits"),
    [
        ("m", True),
        ("m-2026-04-14", True),
        ("m-20260414", True),
        ("other-name", True),
        ("M", False),
        ("m-", False),
        ("m2026-04-14", False),
        ("m-mini", False),
        ("m-mini-2026-04-14", False),
        ("m-2026-13-01", False),
        ("m-2026-0414", False),
        ("m-20260414-x", False),
        ("m-２０２６０４１４", False),
        ("m-2026-04-14\n", False),
        ("other-name-20260414", False),
        ("provider/m", False),
        ("m ", False),
    ],
)
def test_a_model_fits_by_name_date_or_list(kit, stated, fits):
    """The exact name, that name with a calendar date, or a name listed on the card; nothing near it."""
    failure = judged(kit, (stated,), answers_as=("other-name",))

    assert failure == (None if fits else "model_mismatch")


def test_one_other_name_among_several_departs(kit):
    """A stream that changes its model on the way departs, wherever the other name stands."""
    assert judged(kit, ("m", "m-2026-04-14")) is None
    assert judged(kit, ("m", "x")) == judged(kit, ("x", "m")) == "model_mismatch"


def test_a_missing_name_departs_only_where_it_is_required(kit):
    """No name, and empty names, are model_unstated where a name is required."""
    assert judged(kit, ()) == judged(kit, ("",)) == "model_unstated"
    assert judged(kit, (), stated_required=False) is None
    assert judged(kit, ("x",), stated_required=False) == "model_mismatch"


@pytest.mark.parametrize(
    ("scope", "listed", "regions", "fits"),
    [
        ("JP", (), (), True),
        ("JP", ("Japan East",), (), True),
        ("JP", ("Japan East",), ("japan east",), True),
        ("JP", ("Japan East",), (" Japan East ",), True),
        ("JP", ("Japan East",), ("East US 2",), False),
        ("JP", ("Japan East",), ("Japan East", "us"), False),
        ("JP", (), ("jp",), False),
        ("GLOBAL", (), ("us",), True),
        ("GLOBAL", ("us",), ("us",), True),
        ("GLOBAL", ("us",), ("global",), False),
        ("region", ("us",), ("eu",), False),
        ("unknown", (), ("us",), True),
    ],
)
def test_a_region_fits_by_the_cards_list(kit, scope, listed, regions, fits):
    """A listed region fits; inference pinned to Japan admits no unlisted one; a card without either asks none."""
    failure = judged(kit, regions=regions, inference_scope=scope, answers_from=listed)

    assert failure == (None if fits else "region_mismatch")


def test_what_was_stated_comes_out_as_digest_and_length(kit):
    """No word of a stranger's is in a departure: any text could stand there."""
    found = departure(kit.make_card(), (kit.CANARY,), (), stated_required=True)
    raw = kit.CANARY.encode()

    assert (found.stated, found.length) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert kit.CANARY not in repr(found)
    assert departure(kit.make_card(), ("\ud800",), (), stated_required=True).length == 3


# What follows from it.


def test_a_swapped_model_is_discarded_with_an_alarm(kit):
    """Over real sockets: the answer is not told, the card is not asked again, the fallback answers."""

    async def run():
        parts = ByModel({"m": fixed(WrongModel("swapped", Reply("偽"))), "n": fixed(Reply("真"))})
        async with StandIn(parts) as server:
            cards = {
                "dom": kit.make_card(server.base_url),
                "alt": kit.make_card(server.base_url, card_id="alt", model="n"),
            }
            rig = kit.Rig(cards)
            alone = await rig.ask("dom", attempts=3)
            both = await rig.ask("dom", "alt", attempts=3)
            return rig, alone, both, server.arrived

    rig, alone, both, arrived = asyncio.run(run())
    report = rig.reports[0]

    assert (alone.text, alone.failure, alone.exchange) == (None, "model_mismatch", None)
    assert (both.text, both.card, both.alarm) == ("真", "alt", None)
    assert arrived == 3
    assert (report.alarm, report.failure, report.sent) == ("model_mismatch", "model_mismatch", "yes")
    assert report.stated == hashlib.sha256(b"swapped").hexdigest()
    assert report.stated_bytes == len("swapped")
    assert b"swapped" in report.exchange.body
    assert "swapped" not in repr(rig.events)


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_asked_for_is_told(kit, stream):
    """The control: the same stand-in under its own name is told, without alarm and without report."""

    async def run():
        async with StandIn(fixed(Reply("真"))) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url, stream=stream)})
            return rig, await rig.ask()

    rig, told = asyncio.run(run())

    assert (told.text, told.alarm, told.model, rig.reports) == ("真", None, "m", [])


def stated(kit, answer, *headers, origin="live", base_url="https://api.domestic.jp/v1", **card):
    """What is told, and the reports, where a backend beyond this machine states this."""

    async def run():
        raw = json.dumps({"choices": [{"message": {"content": "はい"}, "finish_reason": "stop"}], **answer})
        reply = httpx.Response(200, headers=[("content-type", "application/json"), *headers], content=raw)
        far = {"cert_pin": "system-ca", "closed_network": False}
        made = kit.make_card(base_url, **(far if base_url.startswith("https") else {}), **card)
        rig = kit.Rig(
            {"dom": made.model_copy(update={"origin": origin})},
            transport=httpx.MockTransport(lambda _: reply),
            resolver=kit.FixedResolver([("203.0.114.7",)]),
        )
        return await rig.ask(), rig.reports

    return asyncio.run(run())


def test_a_live_answer_without_a_model_is_discarded(kit):
    """Beyond this machine a live backend must say who it is; on it, and of a stand-in, silence is only noted."""
    far, reports = stated(kit, {})
    near, none = stated(kit, {}, base_url="http://127.0.0.1:9/v1")
    played, _ = stated(kit, {}, origin="scripted")
    named, _ = stated(kit, {"model": "m"})

    assert (far.text, far.failure, [each.alarm for each in reports]) == (
        None,
        "model_unstated",
        ["model_unstated"],
    )
    assert (near.text, near.alarm, none) == ("はい", "model_unstated", [])
    assert (played.text, played.alarm) == ("はい", "model_unstated")
    assert (named.text, named.alarm) == ("はい", None)


def test_a_backend_cannot_call_itself_a_stand_in(kit):
    """The stand-in's mark on a live card's response excuses no missing name."""
    told, _ = stated(kit, {}, ("magi-standin", "scripted"))

    assert told.failure == "model_unstated"


@pytest.mark.parametrize(
    ("answer", "headers"),
    [
        ({"model": "m"}, [("x-ms-region", "East US 2")]),
        ({"model": "m"}, [("x-ms-region", "Japan East"), ("x-ms-region", "East US 2")]),
        ({"model": "m", "usage": {"inference_geo": "us"}}, []),
    ],
)
def test_a_stated_region_elsewhere_is_discarded(kit, answer, headers):
    """A region that the card does not list, in head or body, discards the answer of a card pinned to Japan."""
    told, reports = stated(kit, answer, *headers, answers_from=("Japan East",))

    assert (told.text, told.failure) == (None, "region_mismatch")
    assert [(each.alarm, each.stated is not None) for each in reports] == [("region_mismatch", True)]


def test_a_listed_region_is_told(kit):
    """The control: the region that the card lists passes, and so does one that says none."""
    said, _ = stated(kit, {"model": "m"}, ("x-ms-region", "Japan East"), answers_from=("Japan East",))
    silent, _ = stated(kit, {"model": "m", "system_fingerprint": "fp_1"}, answers_from=("Japan East",))

    assert (said.text, silent.text) == ("はい", "はい")


def test_a_refusal_of_another_model_is_no_refusal(kit):
    """Also an answer that declines counts only from the model that was asked."""
    choice = {"message": {"content": None, "refusal": "できません"}, "finish_reason": "stop"}
    told, _ = stated(kit, {"model": "x", "choices": [choice]})

    assert (told.refused, told.failure) == (False, "model_mismatch")
