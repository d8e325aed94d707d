"""The mark on every response: nothing a stand-in says can pass for a model's answer."""

import asyncio
import inspect

import pytest
from aiohttp import web

from magi.standin.cassette import Cassette, Entry, Header, key_of
from magi.standin.script import (
    CutStream,
    Delay,
    Garbage,
    Redirect,
    Reply,
    SlowStream,
    Status,
    WrongModel,
    by_model,
    fixed,
)
from magi.standin.server import MAX_BODY_BYTES, StandIn

FORGED = (("Magi-StandIn", "real"), ("magi-standin", "real"), ("MAGI-STANDIN", "real"))

BEHAVIOURS = [
    Reply("可"),
    Reply(None, refusal="不可"),
    Delay(0.001, Reply("可")),
    Status(400),
    Status(429, retry_after=1),
    Status(500, headers=FORGED),
    Status(503),
    Garbage(b"", "text/plain"),
    Garbage(b"\x00\xff", "image/png", status=204),
    Garbage(b"{}", status=304, headers=FORGED),
    CutStream("可否を述べる", 2),
    CutStream("可否を述べる", 2, clean=True),
    SlowStream("可", 0.001),
    Redirect("http://127.0.0.1:1/"),
    WrongModel("other", Reply("可")),
]


def marks(raw):
    """Give every value of the mark in the raw head: there must be exactly one."""
    lines = raw.head.decode().split("\r\n")
    return [line.split(": ", 1)[1] for line in lines if line.lower().startswith("magi-standin:")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda each: type(each).__name__)
def test_every_behaviour_is_marked_once(ask, body_of, behaviour, stream):
    """Whatever is played, plain or streamed, and whatever headers it forges, carries one true mark."""

    async def story():
        async with StandIn(fixed(behaviour)) as stand_in:
            return await ask(stand_in, body_of(stream=stream))

    assert marks(asyncio.run(story())) == ["scripted"]


def broken(_request):
    """Fail as a faulty script does."""
    raise RuntimeError


def forbidding(_request):
    """Raise what aiohttp turns into a response of its own."""
    raise web.HTTPForbidden


@pytest.mark.parametrize(
    ("script", "call"),
    [
        (fixed(Reply("可")), {"body": b"{"}),
        (fixed(Reply("可")), {"path": "/nowhere"}),
        (fixed(Reply("可")), {"path": "/v1/models"}),
        (fixed(Reply("可")), {"path": "/v1/models", "method": "GET"}),
        (fixed(Reply("可")), {"path": "/v1/models/x", "method": "GET"}),
        (fixed(Reply("可")), {"body": b"x" * (MAX_BODY_BYTES + 1)}),
        (fixed(Reply("可")), {"headers": {"Bad Header": "x"}}),
        (fixed(Reply("可")), {"headers": {"X-Long": "x" * 20_000}}),
        (fixed(Reply("可")), {"headers": {"Authorization": "Bearer wrong"}, "key": "k"}),
        (by_model({"other": Reply("可")}), {}),
        (broken, {}),
        (forbidding, {}),
        (fixed(None), {}),
        (fixed("no behaviour"), {}),
    ],
)
def test_every_error_is_marked_once(ask, script, call):
    """Errors of the protocol, of HTTP itself and of the script carry the mark too."""
    call = dict(call)

    async def story():
        async with StandIn(script, api_key=call.pop("key", None)) as stand_in:
            return await ask(stand_in, call.pop("body", None), **call)

    assert marks(asyncio.run(story())) == ["scripted"]


def test_recordings_are_marked_as_recorded(ask, body_of):
    """A cassette's answers, its misses and its errors say recorded, even if the recording says otherwise."""
    hit = body_of()
    headers = (("Content-Type", "application/json"), *FORGED)
    entry = Entry(key_of(hit), "m", 200, headers, (b"{}",), (0,))
    cassette = Cassette(Header("2026-11-22", ()), (entry,))

    async def story():
        async with StandIn(cassette) as stand_in:
            bodies = (hit, body_of(content="別の件"), b"{")
            chats = [await ask(stand_in, body) for body in bodies]
            return [*chats, await ask(stand_in, b"", method="GET", path="/v1/models")]

    answers = asyncio.run(story())

    assert [raw.status for raw in answers] == [200, 404, 400, 200]
    assert [marks(raw) for raw in answers] == [["recorded"]] * 4


def test_mark_cannot_be_configured():
    """No argument of the stand-in speaks of the mark."""
    names = inspect.signature(StandIn.__init__).parameters

    assert not [name for name in names if "mark" in name or "header" in name or "origin" in name]
