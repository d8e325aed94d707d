"""How aiohttp is bent to a stand-in's needs: mark everything, log nothing of the caller's, drop on demand.

aiohttp answers some errors by itself (bad HTTP syntax, an exception in a handler). Here these answers get
the mark and the OpenAI error shape too, and its error log, which would quote the request, stays silent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from magi.standin.answer import Answer, Origin, mark
from magi.standin.script import Status

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

_LOG = logging.getLogger(__name__)
_FIRST_SERVER_ERROR = 500


class Connection(web.RequestHandler):
    """One connection of a caller, from its opening to its end."""

    __slots__ = ("_clock", "_origin")

    def __init__(self, listener: Listener, origin: Origin, clock: Callable[[], float]) -> None:
        """Serve one connection that the listener accepted; bodies stay exactly as sent."""
        super().__init__(
            listener,
            loop=listener.loop,
            access_log=None,  # type: ignore[arg-type]  # documented as "no access log", typed as a logger
            auto_decompress=False,
        )
        self._origin = origin
        self._clock = clock

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Mark whatever has not been sent yet, then send it."""
        if not resp.prepared:
            mark(resp.headers, self._origin, int(self._clock()))
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # aiohttp's message quotes the request
    ) -> web.StreamResponse:
        """Answer what aiohttp could not handle; let a dropped connection end without an answer."""
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= _FIRST_SERVER_ERROR and exc is not None:
            self.log_exception(exc_info=exc)
        if request.writer.output_size > 0:
            msg = "a response has begun, no other can follow"
            raise ConnectionResetError(msg)
        answer = Answer(request, self._origin, self._clock, "unparsed")
        text = "The stand-in failed." if status >= _FIRST_SERVER_ERROR else "The request is not valid HTTP."
        response = answer.error(Status(status, message=text))
        response.force_close()
        return response

    def log_exception(self, *_args: object, **kw: object) -> None:
        """Log the type of an exception only: its text, and aiohttp's own, may hold what the caller wrote."""
        _LOG.error("standin.failed error=%s", type(kw.get("exc_info")).__name__)


class Listener(web.Server):
    """Accepts connections and makes a `Connection` of each; handlers end when their caller leaves."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        origin: Origin,
        clock: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Hand every request to the handler."""
        super().__init__(handler, handler_cancellation=True, loop=loop)
        self.loop = loop
        self._origin = origin
        self._clock = clock

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self, self._origin, self._clock)

    def abort(self) -> None:
        """End every connection at once."""
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.abort()
