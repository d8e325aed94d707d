"""What leaves besides questions: only what is on the list, only in the forms that hold no text, once."""

import asyncio
import base64
import contextlib

import pytest
from pydantic import ValidationError

from magi.core.errors import EgressRefusedError
from magi.gateway.outbound import AllowedOutbound, CheckpointRequest, Purpose, Returned, TimestampQuery
from magi.gateway.transport import SendError

MAX_REQUEST_BYTES = 65_536
ORIGIN = "magi/local"
HASH = base64.b64encode(b"h" * 32).decode()
SIGNATURE = base64.b64encode(b"s" * 68).decode()
BODY = f"old 4\n{HASH}\n{HASH}\n\n{ORIGIN}\n9\n{HASH}\n\n\N{EM DASH} {ORIGIN} {SIGNATURE}\n"
QUERY = bytes.fromhex("3041020101" + "3031300d060960864801650304020105000420") + b"d" * 32
QUERY += bytes.fromhex("0206") + b"nonce!" + bytes.fromhex("0101ff")
CANARY = "極秘の予算案カナリア"


class Names:
    """A resolver that answers with these addresses and counts the questions."""

    def __init__(self, *addresses):
        """Know these addresses; without any, no such name."""
        self.addresses, self.asked = addresses, []

    async def resolve(self, host, port):
        """The addresses, or no such name."""
        self.asked.append((host, port))
        if not self.addresses:
            raise OSError
        return self.addresses


def purpose(url="http://127.0.0.1:9/add-checkpoint", **changes):
    """A line of the list for a witness on this machine."""
    return Purpose(**({"id": "w", "kind": "witness", "url": url, "network": "loopback"} | changes))


def called(answer, request=None, *, seconds=5.0, **changes):
    """What came of one call to a raw server that sends `answer`, and every byte that it got."""
    got, serving = [], []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        got.append(head + await reader.readexactly(int(length.partition(b":")[2])))
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_REQUEST_BYTES)
        async with server:
            port = server.sockets[0].getsockname()[1]
            allowed = purpose(f"http://127.0.0.1:{port}/x/add-checkpoint", **changes)
            outbound = AllowedOutbound({"w": allowed}, origin=ORIGIN, seconds=seconds)
            try:
                return await outbound.call("w", request or CheckpointRequest(BODY.encode()))
            except SendError as error:
                return error.reason
            finally:
                await asyncio.gather(*serving)

    return asyncio.run(run()), got


def http(body=b"", status="200 OK", *headers):
    """A whole response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refusal(request, allowed=None, **tools):
    """Why a call is refused, with nothing listening anywhere."""
    outbound = AllowedOutbound({"w": allowed or purpose()}, origin=ORIGIN, **tools)
    with pytest.raises(EgressRefusedError) as caught:
        asyncio.run(outbound.call("w", request))
    return caught.value.reason


def test_the_request_is_bare():
    """One POST of the body to the listed path, with its type and no agent, key, cookie or second accept line."""
    found, got = called(http(b"x", "200 OK", "Content-Type: text/x.Tlog.Size; charset=utf-8"))
    head, _, body = got[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines}

    assert found == Returned(200, "text/x.tlog.size", b"x")
    assert first == "POST /x/add-checkpoint HTTP/1.1"
    assert body == BODY.encode()
    assert set(headers) == {"host", "content-type", "content-length", "accept-encoding", "connection"}
    assert headers["content-type"] == "text/plain; charset=utf-8"


def test_a_query_goes_to_a_time_stamp_authority_with_its_type():
    """A time-stamp query has the media type of RFC 3161 and is sent to that kind of purpose."""
    found, got = called(http(b"r"), TimestampQuery(QUERY), kind="timestamp")

    assert found.body == b"r"
    assert b"application/timestamp-query" in got[0]
    assert got[0].endswith(QUERY)


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_no_redirect_is_followed(status):
    """A redirect is an answer like any other: it is returned, and nothing is sent elsewhere."""
    found, got = called(http(b"", status, "Location: http://127.0.0.1:1/other"))

    assert found.status == int(status[:3])
    assert len(got) == 1


def test_nothing_is_tried_twice():
    """A server that hangs up or is in trouble is asked once."""
    broken, first = called(b"")
    troubled, second = called(http(b"", "503 Service Unavailable"))

    assert (broken, len(first)) == ("cut_stream", 1)
    assert (troubled.status, len(second)) == (503, 1)


def test_an_answer_is_bounded():
    """An answer longer than the purpose allows is dropped; one of that very length is taken."""
    taken, _ = called(http(b"x" * 100), max_answer_bytes=100)
    dropped, _ = called(http(b"x" * 101), max_answer_bytes=100)

    assert taken.body == b"x" * 100
    assert dropped == "too_large"


def test_a_server_that_says_nothing_is_left():
    """A call ends in its time, and counts as sent."""
    assert called(None, seconds=0.2)[0] == "timed_out"


def test_compressed_answers_are_not_unpacked():
    """What came is handed on as it is: nothing can grow in here."""
    found, _ = called(http(b"\x1f\x8b\x08x", "200 OK", "Content-Encoding: gzip"))

    assert found.body == b"\x1f\x8b\x08x"


@pytest.mark.parametrize(
    "body",
    [
        CANARY,
        f"{BODY}{CANARY}\n",
        f"{CANARY}\n{BODY}",
        BODY.replace(f"9\n{HASH}\n", f"9\n{HASH}\n{CANARY}\n"),
        BODY.replace(f"9\n{HASH}\n", f"9\n{HASH}\nnote to you\n"),
        BODY.replace(HASH, "A" * 43, 1),
        BODY.replace(HASH, "A" * 44, 1),
        BODY.replace("old 4", "old 04"),
        BODY.replace("old 4", "old \u0664"),
        BODY.replace(ORIGIN, CANARY),
        BODY.replace(f"\N{EM DASH} {ORIGIN}", "\N{EM DASH} somebody"),
        BODY.replace(SIGNATURE, SIGNATURE[:-4]),
        BODY.replace(f"{HASH}\n\n{ORIGIN}", f"{HASH}\n" * 62 + f"{HASH}\n\n{ORIGIN}"),
        BODY[:-1],
        "",
    ],
)
def test_a_checkpoint_request_holds_no_text(body):
    """Whatever is not old size, hashes, checkpoint and our own signatures cannot become a request at all."""
    with pytest.raises(EgressRefusedError, match="request_form") as caught:
        CheckpointRequest(body.encode())

    assert CANARY not in str(caught.value)
    assert CheckpointRequest(BODY.encode()).origin == ORIGIN


def test_bytes_that_are_no_text_are_no_request():
    """A request is ASCII but for the dash of a signature line."""
    with pytest.raises(EgressRefusedError, match="request_form"):
        CheckpointRequest(BODY.encode().replace(b"4", b"\xff"))


@pytest.mark.parametrize(
    "body",
    [
        CANARY.encode(),
        b"",
        QUERY[:-1],
        QUERY + b"x",
        QUERY.replace(b"\x06\x09\x60\x86", b"\x06\x09\x60\x87"),
        QUERY.replace(b"\x02\x06nonce!", b"\x02\x16" + b"twenty-two bytes here!"),
        QUERY.replace(b"\x02\x06nonce!", b"\x02\x05nonce!"),
        QUERY.replace(b"\x01\x01\xff", b"\x01\x01\x00"),
        b"\x30\x42" + QUERY[2:],
        b"\x30\x40" + QUERY[2:].replace(b"\x02\x06nonce!", b"\x02\x05nonce!"),
    ],
    ids=["text", "empty", "short", "long", "digest", "nonce", "width", "flag", "length", "both"],
)
def test_a_time_stamp_query_holds_no_text(body):
    """Nothing but version, SHA-256, 32 bytes of it, and a nonce of at most 9 bytes makes a query."""
    with pytest.raises(EgressRefusedError, match="request_form"):
        TimestampQuery(body)

    assert TimestampQuery(QUERY).body == QUERY


def test_only_the_list_is_served():
    """A purpose that is not listed, a request of another kind and another log's checkpoint never leave."""
    ours = CheckpointRequest(BODY.encode())
    outbound = AllowedOutbound({}, origin=ORIGIN)
    with pytest.raises(EgressRefusedError, match="'w'") as caught:
        asyncio.run(outbound.call("w", ours))

    assert caught.value.reason == "purpose"
    assert refusal(TimestampQuery(QUERY)) == "request_kind"
    assert refusal(CheckpointRequest(BODY.replace(ORIGIN, "magi/other").encode())) == "other_log"


@pytest.mark.parametrize(
    ("network", "scheme", "addresses", "reason"),
    [
        ("public", "https", ["10.0.0.1"], "address_private"),
        ("public", "https", ["127.0.0.1"], "address_loopback"),
        ("public", "https", ["169.254.169.254"], "address_metadata"),
        ("public", "https", ["203.0.113.1"], "address_special"),
        ("public", "https", ["8.8.8.8", "10.0.0.1"], "address_private"),
        ("closed", "https", ["169.254.169.254"], "address_metadata"),
        ("closed", "http", ["10.0.0.1"], "http_beyond_loopback"),
        ("loopback", "https", ["8.8.8.8"], "address_not_loopback"),
    ],
)
def test_every_address_fits_the_purpose(network, scheme, addresses, reason):
    """A name is resolved once, and one address that does not fit its network refuses the call."""
    names = Names(*addresses)
    allowed = purpose(f"{scheme}://w.example/add-checkpoint", network=network)

    assert refusal(CheckpointRequest(BODY.encode()), allowed, resolver=names) == reason
    assert names.asked == [("w.example", 443 if scheme == "https" else 80)]


def test_a_name_that_does_not_resolve_is_named():
    """Nothing was sent, and it says so."""
    allowed = purpose("https://w.example/add-checkpoint")
    outbound = AllowedOutbound({"w": allowed}, origin=ORIGIN, resolver=Names())
    with pytest.raises(SendError) as caught:
        asyncio.run(outbound.call("w", CheckpointRequest(BODY.encode())))

    assert (caught.value.reason, caught.value.sent) == ("resolve_failed", "no")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://w.example/x",
        "https://user@w.example/x",
        "https://w.example/x?q=text",
        "https://w.example/x?",
        "https://w.example/x#text",
        "https://w.example/%E6%A5%B5",
        "https://w.example//x",
        "https://W.example/x",
        "https://w.example:99999/x",
        "https://0x7f000001/x",
        "https://[::1]/x",
        "https:///x",
        "x",
    ],
)
def test_an_address_has_one_plain_spelling(url):
    """Addresses with a user, a query, a fragment, escapes or another form of a host are refused as they are read."""
    with pytest.raises(ValidationError):
        purpose(url)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "chat"}, {"max_answer_bytes": 0}, {"max_answer_bytes": 1 << 21}, {"cert_pin": "x"}, {"x": 1}],
)
def test_a_purpose_is_what_it_may_be(changes):
    """Kinds are two, bounds are bounds, a pin is a pin, and unknown settings are refused."""
    with pytest.raises(ValidationError):
        purpose(**changes)
