"""The one door through which a stand-in answers: every response leaves it marked.

A response is built here and nowhere else, and the mark is set last, so neither a script nor a recording can
remove or forge it. `connection.Connection` marks what aiohttp itself builds (errors of HTTP syntax).
"""

from __future__ import annotations

import asyncio
import email.utils
from enum import StrEnum
from typing import TYPE_CHECKING

from aiohttp import web
from multidict import CIMultiDict

from magi.standin import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from magi.standin.script import Status

MARK = "magi-standin"
"""The header that tells a stand-in's response from a model's."""

JSON = "application/json"
EVENT_STREAM = "text/event-stream; charset=utf-8"


class Origin(StrEnum):
    """Where the answers of a stand-in come from; the value of the mark."""

    SCRIPTED = "scripted"
    RECORDED = "recorded"


class DroppedError(ConnectionError):
    """The connection was ended on purpose; no response follows."""


class Answer:
    """The answer to one request: at most one response, or a dropped connection.

    `created` is the time of the answer in whole Unix seconds, from the clock given. With a frozen clock the
    same request yields the same bytes, the Date header included.
    """

    def __init__(self, http: web.BaseRequest, origin: Origin, clock: Callable[[], float], name: str) -> None:
        """Answer the given HTTP request; `name` goes into x-request-id."""
        self._http = http
        self._origin = origin
        self._name = name
        self.created = int(clock())

    def whole(
        self, status: int, body: bytes, content_type: str = JSON, headers: Iterable[tuple[str, str]] = ()
    ) -> web.StreamResponse:
        """Build a response whose body is known; the server sends it."""
        combined = self._headers([("Content-Type", content_type), *headers])
        return web.Response(status=status, body=body, headers=combined)

    def error(self, status: Status) -> web.StreamResponse:
        """Build an error in the OpenAI shape."""
        headers = list(status.headers)
        if status.retry_after is not None:
            headers.append(("Retry-After", str(status.retry_after)))
        return self.whole(status.code, wire.error_body(status), JSON, headers)

    async def begin(
        self, status: int, headers: Iterable[tuple[str, str]], *, length: int | None = None
    ) -> web.StreamResponse:
        """Send the head of a response whose body follows; with a length the body is not chunked."""
        response = web.StreamResponse(status=status, headers=self._headers(headers))
        response.content_length = length
        await response.prepare(self._http)
        return response

    def unsent_bytes(self) -> int:
        """Count what was written but has not left this process."""
        transport = self._http.transport
        return transport.get_write_buffer_size() if isinstance(transport, asyncio.WriteTransport) else 0

    def drop(self) -> DroppedError:
        """End the connection at once, whatever was sent; gives the error that the handler has to raise."""
        transport = self._http.transport
        if transport is not None:
            transport.abort()
        return DroppedError("the stand-in ended the connection")

    def _headers(self, headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
        combined = CIMultiDict(headers)
        combined.setdefault("x-request-id", f"req_{self._name}")
        mark(combined, self._origin, self.created)
        return combined


def mark(headers: CIMultiDict[str], origin: Origin, created: int) -> None:
    """Set the mark, replacing anything under its name, and the headers that aiohttp would date itself."""
    headers["Date"] = email.utils.formatdate(created, usegmt=True)
    headers["Server"] = MARK
    headers[MARK] = origin.value
