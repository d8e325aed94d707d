"""Server-sent events on an ASGI connection (WHATWG HTML, section 9.2): headers, events, comments."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: every client skips it, and every proxy sees that the line lives."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
]


def event(data: bytes, name: str = "", number: int | None = None) -> bytes:
    """One event; `data` is a single line."""
    head = b"" if number is None else f"id: {number}\n".encode()
    head += f"event: {name}\n".encode() if name else b""
    return head + b"data: " + data + b"\n\n"


async def begin(send: Send) -> None:
    """Send the status and the headers of an event stream."""
    await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})


async def write(send: Send, piece: bytes) -> None:
    """Send a piece of the stream."""
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def finish(send: Send) -> None:
    """End the stream."""
    await send({"type": "http.response.body", "body": b"", "more_body": False})
