"""The stand-in on raw bytes: framing, errors, limits, determinism, and what it remembers."""

import asyncio
import gzip
import json
import logging

import httpx
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.standin.parsing import parse
from magi.standin.script import Reply, Status, fixed
from magi.standin.server import MAX_BODY_BYTES, StandIn

SECRET = "極秘の予算案"  # noqa: S105  # a question's text that must never come back
TEXT = "可とします🗻。"


def run(story):
    """Run one story under a deadline."""
    return asyncio.run(asyncio.wait_for(story(), 30))


def test_same_request_gives_the_same_bytes(ask, body_of):
    """With a frozen clock two answers are equal to the byte, head and date included."""

    async def story():
        async with StandIn(fixed(Reply(TEXT)), clock=lambda: 0) as one:
            first = await ask(one), await ask(one, body_of(stream=True))
        async with StandIn(fixed(Reply(TEXT)), clock=lambda: 0) as two:
            return first, (await ask(two), await ask(two, body_of(stream=True)))

    first, second = run(story)

    assert first == second
    assert first[0].json["created"] == 0
    assert first[0].headers["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_different_requests_have_different_ids(ask, body_of):
    """The identifier follows the exact body."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return [(await ask(stand_in, body_of(content=text))).json["id"] for text in "甲乙甲"]

    first, second, third = run(story)

    assert first == third != second


def test_stream_is_framed_as_server_sent_events(ask, body_of):
    """Each event is one data line and a blank line, and the last is [DONE]."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return await ask(stand_in, body_of(stream=True))

    raw = run(story)
    lines = raw.body.split(b"\n\n")

    assert raw.headers["content-type"].startswith("text/event-stream")
    assert raw.complete
    assert lines[-1] == b""
    assert lines[-2] == b"data: [DONE]"
    assert all(line.startswith(b"data: ") for line in lines[:-1])
    assert all(isinstance(json.loads(line[6:]), dict) for line in lines[:-2])
    assert raw.body.decode()  # no event splits a code point, since each is valid UTF-8 alone
    assert all(line.decode() for line in lines[:-1])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        '{"model": "m", "messages": [{"role": "user", "content": "x"}]}'.encode("utf-16"),
        b'{"model": NaN}',
        b"[" * 200_000,
        b"1" * 10_000,
        b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": NaN}',
        json.dumps({"model": SECRET}).encode(),
        json.dumps({"model": SECRET, "messages": []}).encode(),
        json.dumps({"model": "\ud800", "messages": [{"role": "user", "content": "x"}]}).encode(),
        json.dumps({"model": 1, "messages": [{"role": "user", "content": SECRET}]}).encode(),
        json.dumps({"model": "m", "messages": SECRET}).encode(),
        json.dumps({"model": "m", "messages": [SECRET]}).encode(),
        json.dumps({"model": "m", "messages": [{"role": SECRET, "content": SECRET}]}).encode(),
        json.dumps({"model": "m", "messages": [{"role": [], "content": SECRET}]}).encode(),
        json.dumps({"model": "m", "messages": [{"role": "user", "content": 5}]}).encode(),
        json.dumps({"model": "m", "messages": [{"role": "user", "content": None}]}).encode(),
        json.dumps({"model": "m", "messages": [{"role": "user", "content": [SECRET]}]}).encode(),
    ],
)
def test_malformed_body_is_a_400_that_repeats_nothing(ask, body):
    """Broken JSON and wrong types give the OpenAI error shape, without a word of the question."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return await ask(stand_in, body), stand_in.arrived

    raw, arrived = run(story)

    assert raw.status == 400
    assert set(raw.error) == {"message", "type", "param", "code"}
    assert raw.error["type"] == "invalid_request_error"
    assert SECRET not in json.dumps(raw.json, ensure_ascii=False)
    assert arrived == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream", "yes"),
        ("stream", 0),
        ("temperature", "hot"),
        ("max_tokens", True),
        ("n", 2),
        ("stream_options", {"include_usage": True}),
        ("response_format", "json"),
        ("response_format", {"type": ["json_schema"]}),
        ("response_format", {"type": "xml"}),
        ("response_format", {"type": "json_schema"}),
        ("response_format", {"type": "json_schema", "json_schema": {"name": "a"}}),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {}}}),
    ],
)
def test_wrong_field_is_named_in_param(ask, body_of, field, value):
    """A field of the wrong type is a 400 that names the field."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return await ask(stand_in, body_of(**{field: value}))

    raw = run(story)

    assert raw.status == 400
    assert raw.error["param"].startswith(field)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    ["model", "messages", "stream", "stream_options", "response_format", "n", "temperature", "seed"]
)
_MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]) | _JSON, "content": _JSON}),
    max_size=2,
)


@given(st.dictionaries(_FIELDS, _JSON | _MESSAGES) | _JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_makes_the_parser_raise(value):
    """Any JSON is either a request or a 400."""
    parsed = parse(json.dumps(value).encode(), {})

    assert not isinstance(parsed, Status) or parsed.code == 400


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_make_the_parser_raise(body):
    """Any bytes are either a request or a 400."""
    parsed = parse(body, {})

    assert not isinstance(parsed, Status) or parsed.code == 400


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("POST", "/v1/models", "GET"),
        ("OPTIONS", "/v1/models", "GET"),
    ],
)
def test_wrong_method_is_a_405_with_allow(ask, method, path, allowed):
    """A known route with another method names the one it allows."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return await ask(stand_in, method=method, path=path)

    raw = run(story)

    assert (raw.status, raw.headers["allow"]) == (405, allowed)
    assert raw.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/embeddings", "/v1/chat", "/v1/modelsx", "/models-v1/x"])
def test_unknown_route_is_a_404(ask, path):
    """A path that is none of the routes is not found."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return await ask(stand_in, path=path)

    raw = run(story)

    assert (raw.status, raw.error["code"]) == (404, "unknown_url")


@pytest.mark.parametrize("base", ["", "/v1", "/compatible-mode/v1", "/api/v3", "/models/x/v1"])
def test_any_base_path_is_served(ask, base):
    """Providers differ in the base path; the stand-in takes any."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            chat = await ask(stand_in, path=f"{base}/chat/completions")
            models = await ask(stand_in, b"", method="GET", path=f"{base}/models")
            return chat.status, models.json["object"]

    assert run(story) == (200, "list")


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "k"}, {"Authorization": "Basic k"}, {"Authorization": "Bearer K"}]
)
def test_missing_or_wrong_key_is_a_401(ask, header):
    """Anything but the bearer key is refused before the body counts."""

    async def story():
        async with StandIn(fixed(Reply(TEXT)), api_key="k") as stand_in:
            return await ask(stand_in, headers=header), stand_in.arrived

    raw, arrived = run(story)

    assert (raw.status, raw.error["code"], arrived) == (401, "invalid_api_key", 0)


def test_body_at_the_limit_is_read_and_one_byte_more_is_a_413(ask, body_of):
    """The limit is exact, whether the length is announced or not."""
    room = MAX_BODY_BYTES - len(body_of(content=""))
    fits, exceeds = body_of(content="x" * room), body_of(content="x" * (room + 1))

    async def pieces():
        for start in range(0, len(exceeds), 1 << 20):
            yield exceeds[start : start + (1 << 20)]

    async def story():
        async with (
            StandIn(fixed(Reply(TEXT))) as stand_in,
            httpx.AsyncClient(trust_env=False, timeout=20) as http,
        ):
            chunked = await http.post(f"{stand_in.base_url}/chat/completions", content=pieces())
            return await ask(stand_in, fits), await ask(stand_in, exceeds), chunked

    accepted, refused, chunked = run(story)

    assert accepted.status == 200
    assert (refused.status, refused.error["code"]) == (413, "request_too_large")
    assert (chunked.status_code, chunked.json()["error"]["code"]) == (413, "request_too_large")


def test_requests_are_remembered_exactly(ask, body_of):
    """The exact body, the texts, the headers and the attempt are kept, and never shown in a repr."""
    body = body_of(content=[{"type": "text", "text": SECRET}, {"type": "image_url"}], stream=True)

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            await ask(stand_in, body, headers={"X-Trace": "t"})
            await ask(stand_in, body_of())
            await ask(stand_in, body)
            return list(stand_in.requests)

    first, other, again = run(story)

    assert first.body == body
    assert first.messages == (("user", SECRET),)
    assert first.last_user_text == SECRET
    assert (first.stream, first.headers["x-trace"]) == (True, "t")
    assert [first.attempt, other.attempt, again.attempt] == [1, 1, 2]
    assert SECRET not in repr(first)
    assert SECRET not in repr(Reply(TEXT))


def test_compressed_body_is_kept_as_sent_and_refused(ask, body_of):
    """The stand-in never inflates a body: digests are those of the bytes on the wire."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            return await ask(stand_in, gzip.compress(body_of()), headers={"Content-Encoding": "gzip"})

    assert run(story).status == 400


@pytest.mark.parametrize("raises", [RuntimeError(SECRET), TimeoutError(SECRET)])
def test_broken_script_is_a_500_without_its_text(ask, caplog, raises):
    """An exception in a script is a server error, and neither answer nor log repeats its text."""

    def broken(_request):
        raise raises

    async def story():
        async with StandIn(broken) as stand_in:
            return await ask(stand_in)

    with caplog.at_level(logging.DEBUG):
        raw = run(story)

    assert raw.status >= 500
    assert raw.error["type"] == "server_error"
    assert SECRET not in raw.body.decode() + caplog.text


def test_bad_http_is_answered_without_echo(read_response, caplog):
    """Broken HTTP syntax gets the OpenAI error shape; neither answer nor log repeats it."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
            writer.write(f"POST /{SECRET} {SECRET}\r\n{SECRET}\r\n\r\n".encode())
            return await read_response(reader, writer)

    with caplog.at_level(logging.DEBUG):
        raw = run(story)

    assert raw.status == 400
    assert raw.error["type"] == "invalid_request_error"
    assert SECRET not in raw.body.decode() + caplog.text


def test_bad_chunks_are_answered_with_400(read_response):
    """A body whose chunked framing is broken is the caller's fault."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as stand_in:
            reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")
            writer.write(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
            return await read_response(reader, writer)

    assert run(story).status == 400


@pytest.mark.parametrize("more", [b"", b"2\r\n{}\r\n", b"zz\r\n"])
def test_body_that_never_ends_is_a_408(until, more):
    """A caller who stops sending, or whose framing breaks late, does not hold a request open for ever."""

    async def story():
        async with StandIn(fixed(Reply(TEXT)), read_seconds=0.1) as stand_in:
            reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")
            writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
            await until(lambda: stand_in._answering)
            writer.write(more)
            # Not read to the end of the connection: aiohttp lingers for a rest of the body.
            head = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            return head, stand_in.arrived

    head, arrived = run(story)

    assert head.startswith(b"HTTP/1.1 408 ")
    assert arrived == 0


def test_unsendable_exception_of_a_script_is_not_logged_with_its_text(ask, caplog):
    """Even where aiohttp itself gives up, its log keeps the text to itself."""

    def forbidding(_request):
        raise web.HTTPForbidden(headers={"X-Text": f"{SECRET}\r\n"})

    async def story():
        async with StandIn(forbidding) as stand_in:
            return await ask(stand_in)

    with caplog.at_level(logging.DEBUG):
        raw = run(story)

    assert raw is None
    assert "standin.failed error=ValueError" in caplog.text
    assert "Traceback" not in caplog.text
    assert SECRET not in caplog.text
