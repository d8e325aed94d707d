"""Which models a server on this machine offers: names when it says so, a named trouble for everything else."""

import asyncio
import json
import socket

import pytest

from magi.core.errors import EgressRefusedError
from magi.gateway.offered import MAX_LIST_BYTES, MAX_MODELS, MAX_NAME_CHARS, Offered, offered_models
from magi.standin.script import Reply
from magi.standin.server import StandIn

MAX_REQUEST_BYTES = 65_536


def asked(answer, *, path="/v1"):
    """What came of asking a raw server that sends `answer` and hangs up, and every byte that it got."""
    got = []

    async def serve(reader, writer):
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_REQUEST_BYTES)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await offered_models(f"http://127.0.0.1:{port}{path}")

    return asyncio.run(run()), b"".join(got)


def http(body, status="200 OK", *headers):
    """A whole response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def listing(*names):
    """The body that names these models."""
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode()


def test_a_standin_names_its_models():
    """The names come as the server lists them."""

    async def run():
        async with StandIn(lambda _: Reply("x"), models=("a:7b", "b/c")) as standin:
            return await offered_models(standin.base_url)

    assert asyncio.run(run()) == Offered(("a:7b", "b/c"))


def test_the_request_is_bare():
    """One GET of the list with its host and what it accepts; no key, cookie, agent or body."""
    found, got = asked(http(listing("m")))
    lines = got.decode().split("\r\n")

    assert found == Offered(("m",))
    assert lines[0] == "GET /v1/models HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert names <= {"host", "accept", "accept-encoding", "connection", "content-length"}
    assert "Content-Length: 0" in lines


def test_a_base_address_with_a_slash_is_the_same_address():
    """A slash at the end of the base address is not doubled."""
    _, got = asked(http(listing("m")), path="/v1/")

    assert got.startswith(b"GET /v1/models HTTP/1.1")


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (http(b"", "401 Unauthorized"), "key_wanted"),
        (http(b"", "403 Forbidden"), "key_wanted"),
        (http(b"", "404 Not Found"), "http_404"),
        (http(b"", "302 Found", "Location: http://127.0.0.1:1/v1/models"), "http_302"),
        (http(b"<html>"), "not_openai"),
        (http(b"[]"), "not_openai"),
        (http(b'{"data": 7}'), "not_openai"),
        (http(b'{"data": [7]}'), "not_openai"),
        (http(b'{"data": [{"name": "x"}]}'), "not_openai"),
        (http(b"[" * 100_000), "not_openai"),
        (http(b"\xff\xfe"), "not_openai"),
        (http(b'{"data": [{"id": "magi", "owned_by": "magi"}]}'), "magi_itself"),
        (http(listing("m") + b" " * MAX_LIST_BYTES), "not_openai"),
        (b"SSH-2.0-x\r\n", "silent"),
        (b"", "silent"),
        (http(listing("m"))[:-5], "silent"),
    ],
)
def test_anything_else_is_a_named_trouble(answer, trouble):
    """A wall, another page, another protocol, a cut or an enormous answer: no names, and the reason's name."""
    found, _ = asked(answer)

    assert found == Offered(trouble=trouble)


def test_names_are_bounded():
    """Names that no card could hold or that are no one line, doubles and everything past the bound are left out."""
    found, _ = asked(
        http(
            listing("", "a\nb", "a\u202eb", "x" * (MAX_NAME_CHARS + 1), *(f"m{n}" for n in range(200)), "m0")
        )
    )

    assert found.models == tuple(f"m{n}" for n in range(MAX_MODELS))


def test_a_silent_server_is_left_in_time():
    """A server that accepts and says nothing is given up, and a port where nobody listens too."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/v1"
        waited = asyncio.run(offered_models(url))

    assert waited == Offered(trouble="silent")
    assert asyncio.run(offered_models(url)) == Offered(trouble="silent")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.invalid/v1",
        "http://192.0.2.1/v1",
        "http://localhost:1/v1",
        "http://127.0.0.1.nip.invalid/v1",
        "http://127.0.0.1@192.0.2.1/v1",
        "http:///v1",
        "http://127.0.0.1:99999/v1",
        "http://[/v1",
    ],
)
def test_beyond_loopback_is_refused(url):
    """Names, other addresses and addresses that only look like loopback are refused before anything is opened."""
    with pytest.raises(EgressRefusedError, match="knock_beyond_loopback"):
        asyncio.run(offered_models(url))
