"""The transport over real loopback sockets: exact bytes, pins, TLS, limits, what was sent."""

import asyncio

import pytest

from magi.gateway import transport as under_test
from magi.gateway.transport import PinnedTransport, SendError


async def failure_of(kit, transport, request):
    """The error of a send that fails."""
    with pytest.raises(SendError) as caught:
        await kit.fetch(transport, request)
    return caught.value


def test_the_wire_holds_what_was_asked_and_framing_only(kit):
    """The server receives exactly the request's headers, Host, Content-Length and Connection."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"ok")) as server:
            request, _ = kit.request_to(server.base_url + "/x", "127.0.0.1")
            await kit.fetch(PinnedTransport(), request)
            return server.port, server.requests[0]

    port, raw = asyncio.run(run())
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")

    assert lines[0] == "POST /v1/x HTTP/1.1"
    assert sorted(lines[1:]) == sorted(
        [
            f"Host: 127.0.0.1:{port}",
            "content-type: application/json",
            "accept: application/json",
            "accept-encoding: identity",
            "Content-Length: 2",
            "Connection: close",
        ]
    )
    assert body == b"{}"


def test_cookies_are_not_kept(kit):
    """A Set-Cookie of one response is not sent back with the next request."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"ok", "200 OK", "Set-Cookie: a=b; Path=/")) as server:
            transport = PinnedTransport()
            for _ in range(2):
                await kit.fetch(transport, kit.request_to(server.base_url + "/x", "127.0.0.1")[0])
            return server

    server = asyncio.run(run())

    assert server.connections == 2
    assert not any(b"cookie" in raw.lower() for raw in server.requests)


@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
def test_redirects_are_only_a_status(kit, status):
    """A redirect is returned as it is, and nobody goes there."""

    async def run():
        async with kit.RawServer(b"") as elsewhere:
            reply = kit.answer_bytes(b"", status, f"Location: {elsewhere.base_url}/x")
            async with kit.RawServer(reply) as server:
                response, _ = await kit.fetch(
                    PinnedTransport(), kit.request_to(server.base_url + "/x", "127.0.0.1")[0]
                )
            return response.status_code, server.connections, elsewhere.connections

    assert asyncio.run(run()) == (int(status[:3]), 1, 0)


def test_a_compressed_body_stays_as_it_came(kit):
    """Nothing is decompressed, even where the backend ignores identity."""

    async def run():
        async with kit.RawServer(
            kit.answer_bytes(b"\x1f\x8bnot-gzip", "200 OK", "Content-Encoding: gzip")
        ) as s:
            return (await kit.fetch(PinnedTransport(), kit.request_to(s.base_url + "/x", "127.0.0.1")[0]))[1]

    assert asyncio.run(run()) == b"\x1f\x8bnot-gzip"


def test_the_connection_goes_to_the_pinned_address(kit):
    """A name that means one server connects to the other when that is pinned."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"one")) as one:
            two = kit.RawServer(kit.answer_bytes(b"two"), host="127.0.0.2", port=one.port)
            async with two:
                request, _ = kit.request_to(f"http://localhost:{one.port}/v1/x", "127.0.0.2")
                _, body = await kit.fetch(PinnedTransport(), request)
            return body, one.connections, two.requests[0]

    body, first, raw = asyncio.run(run())

    assert (body, first) == (b"two", 0)
    assert b"Host: localhost:" in raw


@pytest.mark.parametrize("pinned", [(), ("127.0.0.2",), ("::1",)])
def test_a_literal_host_that_is_not_pinned_gets_no_socket(kit, pinned):
    """A literal address bypasses any resolver, and still only pinned addresses get a socket."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"x")) as server:
            error = await failure_of(
                kit, PinnedTransport(), kit.request_to(server.base_url + "/x", *pinned)[0]
            )
            return error.failure, error.sent, server.connections

    failure, sent, connections = asyncio.run(run())

    assert failure == ("connect_failed" if pinned else "not_pinned")
    assert (sent, connections) == ("no", 0)


def test_a_refused_connection_is_proof_that_nothing_was_sent(kit):
    """Connection refused is sent=no."""

    async def run():
        async with kit.RawServer(b"") as server:
            pass
        request, progress = kit.request_to(server.base_url + "/x", "127.0.0.1")
        error = await failure_of(kit, PinnedTransport(), request)
        return error.failure, error.sent, progress.sent

    assert asyncio.run(run()) == ("connect_failed", "no", "no")


def test_received_then_closed_may_have_been_sent(kit):
    """A server that reads the request and closes without a word leaves sent=maybe, never no."""

    async def run():
        async with kit.RawServer(None) as server:
            error = await failure_of(
                kit, PinnedTransport(), kit.request_to(server.base_url + "/x", "127.0.0.1")[0]
            )
            return error.failure, error.sent, len(server.requests), server.connections

    assert asyncio.run(run()) == ("cut_stream", "maybe", 1, 1)


@pytest.mark.parametrize(
    "reply",
    [
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    ],
)
def test_what_is_no_http_or_has_too_large_a_head_is_garbage(kit, reply):
    """A response that breaks HTTP at once, or an oversized head, is garbage, and maybe sent."""

    async def run():
        async with kit.RawServer(reply) as server:
            error = await failure_of(
                kit, PinnedTransport(), kit.request_to(server.base_url + "/x", "127.0.0.1")[0]
            )
            return error.failure, error.sent

    assert asyncio.run(run()) == ("garbage", "maybe")


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_a_body_that_breaks_off_is_a_cut_stream(kit, reply):
    """A body shorter than announced is cut, and was sent."""

    async def run():
        async with kit.RawServer(reply) as server:
            error = await failure_of(
                kit, PinnedTransport(), kit.request_to(server.base_url + "/x", "127.0.0.1")[0]
            )
            return error.failure, error.sent

    assert asyncio.run(run()) == ("cut_stream", "yes")


def test_a_body_without_end_is_too_large(kit):
    """One byte over the limit ends the exchange."""
    size = under_test.MAX_BODY_BYTES + 1
    reply = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b"a" * size

    async def run():
        async with kit.RawServer(reply) as server:
            error = await failure_of(
                kit, PinnedTransport(), kit.request_to(server.base_url + "/x", "127.0.0.1")[0]
            )
            return error.failure, error.sent

    assert asyncio.run(run()) == ("too_large", "yes")


def test_waiting_for_a_slot_sends_nothing(kit):
    """With all slots taken, another request waits unsent, and goes when a slot is free."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"ok")) as server:
            transport = PinnedTransport(max_open=1)
            held = await transport.handle_async_request(
                kit.request_to(server.base_url + "/x", "127.0.0.1")[0]
            )
            request, progress = kit.request_to(server.base_url + "/x", "127.0.0.1")
            waiting = asyncio.create_task(kit.fetch(transport, request))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            before = (len(done), progress.sent, server.connections)
            await held.stream.aclose()
            await held.stream.aclose()
            return before, (await waiting)[1], server.connections

    assert asyncio.run(run()) == ((0, "no", 1), b"ok", 2)
