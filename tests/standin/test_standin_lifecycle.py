"""The life of a stand-in: where it may listen, how it waits, stops, cuts, journals, and speaks TLS."""

import asyncio
import datetime
import gc
import ipaddress
import socket
import ssl
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from magi.standin.script import CutStream, Delay, Hang, Reply, fixed
from magi.standin.server import NotLoopbackError, StandIn

TEXT = "可とします🗻。"


def run(story):
    """Run one story under a deadline."""
    return asyncio.run(asyncio.wait_for(story(), 30))


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.1", "8.8.8.8", "example.jp", "", "10.0.0.1", "::ffff:8.8.8.8"],  # noqa: S104
)
def test_only_loopback_is_bound(host):
    """Any address or name that could be reached from elsewhere is refused before anything is opened."""
    with pytest.raises(NotLoopbackError):
        StandIn(fixed(Reply(TEXT)), host=host)


def test_localhost_means_the_loopback_address():
    """The name localhost is not looked up."""

    async def story():
        async with StandIn(fixed(Reply(TEXT)), host="localhost") as stand_in:
            return stand_in.base_url == f"http://127.0.0.1:{stand_in.port}/v1"

    assert run(story)


def test_delay_waits_before_anything_is_sent(ask):
    """A delay passes before the first byte, also when delays are nested."""

    async def story():
        async with StandIn(fixed(Delay(0.05, Delay(0.05, Reply(TEXT)))), delay_seconds=0.05) as stand_in:
            began = time.monotonic()
            raw = await ask(stand_in)
            return raw.status, time.monotonic() - began

    status, took = run(story)

    assert status == 200
    assert took >= 0.15


def test_stop_cancels_what_is_under_way_and_leaks_nothing(ask, until):
    """Leaving the context ends hanging requests at once, without a left-over task, socket or warning."""

    async def story():
        before = asyncio.all_tasks()
        async with StandIn(fixed(Hang())) as stand_in:
            asking = [asyncio.create_task(ask(stand_in)) for _ in range(20)]
            idle = await asyncio.open_connection("127.0.0.1", stand_in.port)
            await until(lambda: stand_in.arrived == 20)
            began = time.monotonic()
        took = time.monotonic() - began
        answers = await asyncio.gather(*asking)
        idle[1].close()
        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection("127.0.0.1", stand_in.port)
        return took, answers, asyncio.all_tasks() - before

    took, answers, left = asyncio.run(asyncio.wait_for(story(), 30), debug=True)
    gc.collect()

    assert took < 0.5
    assert answers == [None] * 20
    assert not left


def test_caller_who_leaves_ends_the_wait(until, body_of):
    """A hanging answer ends when its caller hangs up."""

    async def story():
        async with StandIn(fixed(Hang())) as stand_in:
            _, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
            body = body_of()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await until(lambda: stand_in._answering)
            writer.close()
            await until(lambda: not stand_in._answering)
            return stand_in.arrived

    assert run(story) == 1


def test_stand_in_is_entered_once():
    """A stand-in that has stopped does not start again, and has no port before it starts."""

    async def story():
        stand_in = StandIn(fixed(Reply(TEXT)))
        with pytest.raises(RuntimeError):
            _ = stand_in.port
        async with stand_in:
            pass
        with pytest.raises(RuntimeError):
            await stand_in.__aenter__()
        return True

    assert run(story)


def test_taken_port_fails_without_a_trace():
    """A port in use is an OSError, and nothing is left open."""

    async def story():
        async with StandIn(fixed(Reply(TEXT))) as one:
            with pytest.raises(OSError, match=r"."):
                async with StandIn(fixed(Reply(TEXT)), port=one.port):
                    pass
        return True

    assert run(story)
    gc.collect()


def test_failed_start_closes_its_socket():
    """Where listening fails after the port was taken, the port is given back."""

    async def story():
        with pytest.raises(TypeError):
            async with StandIn(fixed(Reply(TEXT)), ssl_context=True):
                pass
        return True

    assert run(story)
    gc.collect()


def test_cut_answer_delivers_its_half_to_a_slow_caller(read_response, body_of):
    """What was promised before a cut arrives, even where the kernel takes it in small pieces."""
    text = "x" * 400_000

    async def story():
        async with StandIn(fixed(CutStream(text))) as stand_in:
            reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port, limit=4096)
            body = body_of()
            # One request on the connection first, so that the server's end can be narrowed.
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            for each in (writer, *(connection for connection in stand_in._listener.connections)):
                narrowed = each.transport.get_extra_info("socket")
                narrowed.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                narrowed.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            models = await reader.readuntil(b"]}")
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            return models, await read_response(reader, writer)

    _, raw = run(story)

    assert not raw.complete
    assert len(raw.body) == int(raw.headers["content-length"]) // 2


def test_arrival_is_told_before_the_answer_and_stops_it_when_it_fails(ask, body_of):
    """The arrival hook runs first; where it fails, nothing is answered but an error."""
    told = []

    def hook(digest, model):
        told.append((digest, model))
        if len(told) == 3:
            raise OSError

    def script(_request):
        told.append("scripted")
        return Reply(TEXT)

    async def story():
        async with StandIn(script, on_arrival=hook) as stand_in:
            return [
                (await ask(stand_in, body)).status
                for body in (
                    body_of(),
                    b"{",
                )
            ], stand_in

    statuses, _ = run(story)

    assert statuses == [200, 500]
    assert told[0][1] == "m"
    assert told[1] == "scripted"
    assert told[2][1] == "-"


def _certificate(folder):
    """Make a key and a certificate for the loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret


def test_tls_works_and_stops_cleanly(tmp_path, body_of):
    """Over TLS the answer is the same, and hanging TLS connections do not hold up the end."""
    chain, secret = _certificate(tmp_path)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(chain, secret)
    theirs = ssl.create_default_context(cafile=chain)

    async def story():
        async with httpx.AsyncClient(verify=theirs, trust_env=False) as http:
            async with StandIn(fixed(Reply(TEXT)), ssl_context=ours) as stand_in:
                got = await http.post(f"{stand_in.base_url}/chat/completions", content=body_of())
                began = time.monotonic()
            return stand_in.base_url, got.json(), time.monotonic() - began

    url, got, took = run(story)
    gc.collect()

    assert url.startswith("https://127.0.0.1:")
    assert got["choices"][0]["message"]["content"] == TEXT
    assert took < 0.5
