"""The HTTP server: uvicorn on a loopback address, with the bounds that it leaves to others.

Promises: no other machine can connect; a peer that sends no whole head, or reads nothing, is cut off; at a stop
nothing new is taken, and what runs may end within the grace. Leaves to others: signals (`magi.cli.serve`),
everything above bytes (`app`).
"""

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import Callable, Iterator

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from magi.api.app import create_app
from magi.api.desk import Desk
from magi.api.limits import (
    GRACE_SECONDS,
    HEAD_SECONDS,
    IDLE_SECONDS,
    MAX_CONNECTIONS,
    MAX_HEAD_BYTES,
    STALL_SECONDS,
)
from magi.core.errors import UnknownNameError

BACKLOG = 1_024
"""Connections waiting to be accepted: a burst of a thousand callers is not refused."""

log = structlog.get_logger()


def loopback_address(host: str) -> str:
    """The address to listen on; anything but this machine's own loopback is refused.

    Raises:
        UnknownNameError: host.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError as error:
        raise UnknownNameError("host", name=host) from error
    raise UnknownNameError("host", name=host)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol on httptools, with bounds on heads, idle peers, stalled readers and connections."""

    head_seconds = HEAD_SECONDS
    stall_seconds = STALL_SECONDS
    most_connections = MAX_CONNECTIONS

    _timer: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Count the connection; the first head must come in time."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.abort()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the timers."""
        self._cancel_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a head that does not end within its bound ends the connection."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The peer reads slower than we write: it has some time to catch up."""
        super().pause_writing()
        self._stall = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer has caught up."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _await_head(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cancel_timers(self) -> None:
        self._stop_timer()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


class LoopbackServer(uvicorn.Server):
    """uvicorn's server, told to stop by `should_exit` alone; the desk hears of it first."""

    def __init__(self, config: uvicorn.Config, desk: Desk, listening: Callable[[int], None]) -> None:
        """Keep the desk, and whom to tell the port once callers can connect."""
        super().__init__(config)
        self._desk = desk
        self._listening = listening

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # none is ever passed
        """Listen, and tell the port."""
        del sockets
        await super().startup()
        if self.started:
            self._listening(int(self.servers[0].sockets[0].getsockname()[1]))

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # none is ever passed
        """Stop: event streams end now, so that the grace is left to deliberations."""
        del sockets
        self._desk.stop()
        await super().shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again, and kill the process before the ledger closes."""
        yield


def make_server(
    desk: Desk,
    host: str,
    port: int,
    listening: Callable[[int], None],
    protocol: type[BoundedHttp] = BoundedHttp,
) -> LoopbackServer:
    """A server for the application of a desk; `port` 0 takes a free one, `listening` is told which.

    Raises:
        UnknownNameError: the host is no loopback address.
    """
    config = uvicorn.Config(
        create_app(desk),
        host=loopback_address(host),
        port=port,
        http=protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return LoopbackServer(config, desk, listening)


class _Notes(logging.Handler):
    """uvicorn's own messages as log lines: the template, never what was filled in, nor an error's text."""

    def emit(self, record: logging.LogRecord) -> None:
        what = record.msg.strip() if isinstance(record.msg, str) else type(record.msg).__name__
        kind = None if not record.exc_info or record.exc_info[0] is None else record.exc_info[0].__name__
        log.warning("server.noted", what=what, kind=kind)


@contextlib.contextmanager
def quiet_server_log() -> Iterator[None]:
    """While it lasts, uvicorn and asyncio log through our lines only."""
    notes = _Notes(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("uvicorn", "asyncio")]
    before = [logger.propagate for logger in loggers]
    for logger in loggers:
        logger.addHandler(notes)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.removeHandler(notes)
            logger.propagate = propagate
