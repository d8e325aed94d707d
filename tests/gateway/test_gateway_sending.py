"""What the guard sends and keeps: pinned addresses, whole and broken exchanges, no secret, no environment."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import traceback

import httpx
import pytest

from magi.core.errors import EgressRefusedError, KeyMissingError
from magi.gateway.transport import PinnedTransport


def test_the_checked_address_is_the_one_connected_to(kit):
    """A resolver that changes its answer after the check changes nothing."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"one")) as one:
            two = kit.RawServer(kit.answer_bytes(b"two"), host="127.0.0.2", port=one.port)
            async with two:
                card = kit.make_card(f"http://model.test:{one.port}/v1")
                rig = kit.Rig({"dom": card}, resolver=kit.FixedResolver([("127.0.0.1",), ("127.0.0.2",)]))
                exchange = await rig.send()
            return exchange.body, rig.resolver.asked, two.connections

    assert asyncio.run(run()) == (b"one", 1, 0)


def test_a_name_that_does_not_resolve_was_not_sent(kit):
    """Resolution that fails is a failed exchange with sent=no."""

    async def run():
        rig = kit.Rig(
            {"dom": kit.make_card("http://model.test:9/v1")},
            resolver=kit.FixedResolver([OSError(-2, "no name")]),
        )
        return await rig.send()

    exchange = asyncio.run(run())

    assert (exchange.sent, exchange.failure, exchange.status) == ("no", "resolve_failed", None)


def test_a_connection_refused_was_not_sent(kit):
    """Nothing listening is a failed exchange with sent=no."""

    async def run():
        async with kit.RawServer(b"") as server:
            pass
        return await kit.Rig({"dom": kit.make_card(server.base_url)}).send()

    exchange = asyncio.run(run())

    assert (exchange.sent, exchange.failure) == ("no", "connect_failed")


@pytest.mark.parametrize(
    ("reply", "hold", "expected"),
    [
        (None, False, ("maybe", None, b"", "cut_stream")),
        (b"", True, ("maybe", None, b"", "timed_out")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", False, ("yes", 200, b"abc", "cut_stream")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", True, ("yes", 200, b"abc", "timed_out")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", True, ("yes", 200, b"", "timed_out")),
    ],
)
def test_what_came_is_kept_with_the_failure(kit, reply, hold, expected):
    """A cut or timed-out exchange keeps status and bytes, and says what is known of the sending."""

    async def run():
        async with kit.RawServer(reply, hold=hold) as server:
            exchange = await kit.Rig({"dom": kit.make_card(server.base_url)}).send(within_ms=300)
            if hold:
                await asyncio.wait_for(server.gone.wait(), 5)
            return exchange

    exchange = asyncio.run(run())

    assert (exchange.sent, exchange.status, exchange.body, exchange.failure) == expected


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (httpx.ConnectError("x"), "connect_failed"),
        (httpx.ReadError("x"), "cut_stream"),
        (TimeoutError(), "timed_out"),
    ],
)
def test_a_transport_that_proves_nothing_may_have_sent(kit, error, failure):
    """Without proof from the transport, a failed send counts as maybe."""

    def fail(request):
        del request
        raise error

    exchange = asyncio.run(kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(fail)).send())

    assert (exchange.sent, exchange.failure) == ("maybe", failure)


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("X-Request-Id: req_011-A", True),
        ("x-ms-region: Japan East", True),
        ("Retry-After: 3", True),
        ("X-Request-Id: 10.1.2.3", False),
        ("X-Request-Id: host:8000", False),
        ("X-Request-Id: " + "a" * 129, False),
        ("x-ms-region: " + "a" * 201, False),
        ("Server: vllm-7.internal", False),
        ("Via: 1.1 proxy.internal", False),
        ("X-Upstream: http://10.0.0.7:8000", False),
        ("Location: http://10.0.0.7/", False),
        ("llm_provider-x-api-base: http://10.0.0.7/", False),
    ],
)
def test_only_listed_response_headers_are_kept(kit, header, kept):
    """What may name a server behind the one we know is not in the exchange; what reading needs is."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"{}", "200 OK", header)) as server:
            return await kit.Rig({"dom": kit.make_card(server.base_url)}).send()

    name, value = header.split(": ", 1)
    exchange = asyncio.run(run())

    assert (exchange.header(name.lower()) == value) is kept
    assert (value.encode() in exchange.to_bytes()) is kept
    assert exchange.header("content-type") == "application/json"


# Credentials.


def test_the_credential_joins_on_the_wire_only(kit):
    """The key is sent as a bearer token and stands in neither wire nor ticket nor exchange."""

    async def run():
        reply = kit.answer_bytes(
            b"{}", "200 OK", f"X-Echo: Bearer {kit.KEY}", "Set-Cookie: s=1", "X-Request-Id: r-1"
        )
        async with kit.RawServer(reply) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url, key_env="K")}, secrets={"K": kit.KEY})
            return await rig.send(), server.requests[0]

    exchange, raw = asyncio.run(run())

    assert f"authorization: Bearer {kit.KEY}\r\n".encode() in raw
    assert kit.KEY.encode() not in exchange.to_bytes()
    assert {name for name, _ in exchange.headers} == {"content-type", "content-length", "x-request-id"}


def test_a_body_that_repeats_the_credential_is_not_kept(kit):
    """A backend that echoes the key gets its own failure, and the key is not recorded."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(f"bad key {kit.KEY}".encode(), "401 No")) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url, key_env="K")}, secrets={"K": kit.KEY})
            return await rig.send()

    exchange = asyncio.run(run())

    assert (exchange.failure, exchange.status, exchange.body) == ("credential_echoed", 401, b"")


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ({}, "api_key"),
        ({"K": ""}, "api_key"),
        ({"K": "a\r\nX: y"}, "api_key_malformed"),
        ({"K": "鍵"}, "api_key_malformed"),
    ],
)
def test_without_a_usable_key_nothing_is_sent(kit, secrets, reason):
    """A missing or malformed key is named by its variable, never by its value."""

    async def run():
        async with kit.RawServer(kit.answer_bytes()) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url, key_env="K")}, secrets=secrets)
            with pytest.raises(KeyMissingError) as caught:
                await rig.send()
            return caught.value, server.connections

    error, connections = asyncio.run(run())

    assert (error.reason, error.facts["env"], connections) == (reason, "K", 0)
    assert not any(value and value in str(error) for value in secrets.values())


def test_no_error_shows_prompt_or_key(kit):
    """Whatever goes wrong, the full traceback and all representations hold neither prompt nor key."""

    async def run():
        shown = []
        for change in ({"method": "GET"}, {"url": "http://127.0.0.1:9/v2/x"}):
            rig = kit.Rig({"dom": kit.make_card(key_env="K")}, secrets={"K": kit.KEY})
            wire = dataclasses.replace(rig.wire(), **change)
            ticket = rig.ticket(wire)
            try:
                await rig.guard.send(ticket, wire)
            except EgressRefusedError as error:
                shown += [
                    *traceback.format_exception(error),
                    repr(error),
                    str(error),
                    repr(ticket),
                    repr(wire),
                ]
        rig = kit.Rig({"dom": kit.make_card(key_env="K")}, secrets={"K": kit.KEY})
        exchange = await rig.send()
        shown += [repr(exchange), repr(await rig.ask(attempts=1)), repr(rig.order())]
        return shown

    shown = "".join(asyncio.run(run()))

    assert "connect_failed" in shown
    assert kit.CANARY not in shown
    assert kit.KEY not in shown


# The environment.

_CHILD = """
import asyncio, json, sys
from magi.core.card import Card
sys.path.insert(0, sys.argv[2])
import conftest as kit
async def run():
    card = kit.make_card(sys.argv[1])
    exchange = await kit.Rig({"dom": card}).send()
    print(json.dumps([exchange.sent, exchange.status, exchange.failure]))
asyncio.run(run())
"""


VARIABLES = (
    "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "FTP_PROXY",
    "OPENAI_BASE_URL", "OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT", "AWS_ENDPOINT_URL", "ANTHROPIC_BASE_URL",
)  # fmt: skip


@pytest.mark.parametrize("no_proxy", ["", "*", "127.0.0.1"])
def test_the_environment_changes_nothing(kit, tmp_path, no_proxy):
    """Proxies and their exceptions, .netrc, and the vendors' addresses, regions and keys are not followed."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password netrc-canary\n")
    (tmp_path / ".netrc").chmod(0o600)

    async def run():
        async with kit.RawServer(b"") as proxy, kit.RawServer(kit.answer_bytes(b"{}")) as server:
            elsewhere = f"http://127.0.0.1:{proxy.port}"
            env = {
                **os.environ,
                **dict.fromkeys(VARIABLES, elsewhere),
                "NO_PROXY": no_proxy,
                "no_proxy": no_proxy,
                "OPENAI_API_KEY": kit.KEY,
                "AZURE_OPENAI_API_KEY": kit.KEY,
                "AWS_REGION": "us-east-1",
                "HOME": str(tmp_path),
                "NETRC": str(tmp_path / ".netrc"),
            }
            here = os.path.dirname(__file__)  # noqa: PTH120  # a plain string for the child's path
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _CHILD, server.base_url, here, env=env, stdout=subprocess.PIPE
            )
            out, _ = await child.communicate()
            return json.loads(out), server.requests, proxy.connections

    told, requests, proxied = asyncio.run(run())

    assert told == ["yes", 200, None]
    assert (len(requests), proxied) == (1, 0)
    assert b"authorization" not in requests[0].lower()
    assert kit.KEY.encode() not in requests[0]


def test_the_same_environment_does_lead_a_common_client_astray(kit):
    """The control: a client that trusts its environment goes to the proxy that it names."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"{}")) as proxy, kit.RawServer(b"") as server:
            env = {
                **os.environ,
                "HTTP_PROXY": f"http://127.0.0.1:{proxy.port}",
                "NO_PROXY": "",
                "no_proxy": "",
            }
            env["http_proxy"] = env["HTTP_PROXY"]
            program = "import httpx, sys; httpx.get(sys.argv[1])"
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, server.base_url, env=env
            )
            await child.wait()
            return proxy.connections, server.connections

    assert asyncio.run(run()) == (1, 0)


# What stays open.


def test_fifty_sends_at_once_leave_no_socket(kit):
    """After many exchanges, whole, cut and timed out, no socket of ours is open."""

    async def run():
        before = kit.open_sockets()
        whole, cut, hanging = (
            kit.RawServer(kit.answer_bytes(b"{}")),
            kit.RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
            kit.RawServer(b"", hold=True),
        )
        async with whole, cut, hanging:
            urls = [whole.base_url, cut.base_url, hanging.base_url]
            shared = PinnedTransport()
            rigs = [kit.Rig({"dom": kit.make_card(urls[i % 3])}, transport=shared) for i in range(50)]
            exchanges = await asyncio.gather(*(rig.send(within_ms=1000) for rig in rigs))
        await asyncio.sleep(0)
        return {e.failure for e in exchanges}, kit.open_sockets() - before

    failures, left = asyncio.run(run())

    assert failures == {None, "cut_stream", "timed_out"}
    assert left == 0


def test_cancelling_a_send_closes_its_socket(kit):
    """A cancelled send propagates, and the server sees the connection go."""

    async def run():
        before = kit.open_sockets()
        async with kit.RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", hold=True) as server:
            task = asyncio.create_task(kit.Rig({"dom": kit.make_card(server.base_url)}).send())
            await asyncio.wait_for(server.arrived.wait(), 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(server.gone.wait(), 5)
        await asyncio.sleep(0)
        return kit.open_sockets() - before

    assert asyncio.run(run()) == 0
