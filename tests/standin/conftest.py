"""What the tests of the stand-in share: a caller that speaks raw bytes, and chat bodies.

The raw caller knows nothing of the product and of HTTP libraries, so that a test sees exactly what went over
the socket.
"""

import asyncio
import json
from dataclasses import dataclass
from itertools import count

import pytest

DEADLINE_SECONDS = 10.0


@dataclass(frozen=True)
class Raw:
    """One response as bytes; `complete` says whether the body ended as HTTP demands."""

    head: bytes
    body: bytes
    complete: bool

    @property
    def status(self):
        """The status code."""
        return int(self.head.split(b" ", 2)[1])

    @property
    def headers(self):
        """The headers by lower-case name."""
        lines = self.head.split(b"\r\n")[1:]
        pairs = (line.decode().split(": ", 1) for line in lines)
        return {name.lower(): value for name, value in pairs}

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self):
        """The error of an OpenAI error body."""
        return self.json["error"]


def chat_body(*, content="予算の件", model="m", **more):
    """Give the exact bytes of a small chat request."""
    message = {"role": "user", "content": content}
    return json.dumps({"model": model, "messages": [message], **more}, ensure_ascii=False).encode()


async def _exchange(stand_in, method, path, body, headers):
    async with asyncio.timeout(DEADLINE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return await read_raw(reader, writer)


async def read_raw(reader, writer):
    """Read until the peer ends the connection; an abort counts as an end."""
    received = b""
    try:
        while piece := await reader.read(65536):
            received += piece
    except ConnectionResetError:
        pass
    writer.close()
    if not received:
        return None
    head, _, rest = received.partition(b"\r\n\r\n")
    raw = Raw(head, b"", complete=False)
    if raw.headers.get("transfer-encoding") == "chunked":
        return Raw(head, *_unchunk(rest))
    return Raw(head, rest, complete=len(rest) == int(raw.headers.get("content-length", 0)))


def _unchunk(rest):
    body = b""
    for _ in count():
        size, found, rest = rest.partition(b"\r\n")
        if not found:
            return body, False
        if int(size, 16) == 0:
            return body, True
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    raise AssertionError


@pytest.fixture
def ask():
    """Send one chat request to a stand-in and give the raw response, None if there was none."""

    async def send(stand_in, body=None, *, method="POST", path="/v1/chat/completions", headers=None):
        body = chat_body() if body is None else body
        return await _exchange(stand_in, method, path, body, headers or {})

    return send


@pytest.fixture
def read_response():
    """Read one raw response from an open connection."""
    return read_raw


@pytest.fixture
def body_of():
    """Build the bytes of a chat request."""
    return chat_body


@pytest.fixture
def until():
    """Wait until a condition holds; the test's own deadline bounds the wait."""

    async def wait(condition):
        while not condition():  # noqa: ASYNC110  # the condition is a look from outside, it has no event
            await asyncio.sleep(0.001)

    return wait
