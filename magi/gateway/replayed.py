"""The transport in replay mode: it opens no socket, and answers a send only with the exchange that is on record.

A send is known again by its exact bytes: method, URL, headers without the credential, body. What was recorded comes
back as it came: status, headers, chunk by chunk with the recorded times, and the failure that broke it off, with
what was known of the sending. Leaves to others: which record a send belongs to, and what a miss means (`magi.replay`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import httpx

from magi.gateway.exchange import Exchange
from magi.gateway.ticket import Wire
from magi.gateway.transport import Progress, SendError

NOT_IN_TICKET = frozenset({b"host", b"content-length", b"authorization"})
"""What HTTP framing and the guard add to the bytes that a ticket is for."""


class Recording(Protocol):
    """What a send is answered from."""

    def exchange(self, wire: Wire) -> Exchange | None:
        """The recorded exchange of exactly these bytes; None where the answer was still awaited when it was given up.

        Whatever it raises passes through the guard: a miss is an error.
        """
        ...

    def pass_to(self, offset_ms: int) -> None:
        """The time is now so many milliseconds after this send began."""
        ...


class ReplayedTransport(httpx.AsyncBaseTransport):
    """Answers from a recording. Stateless."""

    def __init__(self, recording: Recording) -> None:
        """Keep the recording."""
        self._recording = recording

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded response of this request; a request whose answer never came waits until it is cancelled.

        Raises:
            SendError: the recorded failure, here or from the body's stream, with what was known of the sending.
        """
        exchange = self._recording.exchange(wire_of(request))
        if exchange is None:
            await asyncio.get_running_loop().create_future()
        assert exchange is not None  # noqa: S101  # nothing ends that wait but a cancellation
        progress = request.extensions.get("progress") or Progress()
        progress.sent = exchange.sent
        if exchange.status is None:
            raise SendError(exchange.failure or "cut_stream", exchange.sent)
        return httpx.Response(
            exchange.status,
            headers=list(exchange.headers),
            stream=_Replayed(exchange, self._recording.pass_to),
        )


def wire_of(request: httpx.Request) -> Wire:
    """What the ticket of this request was for."""
    headers = tuple(
        (name.decode("ascii").lower(), value.decode("ascii"))
        for name, value in request.headers.raw
        if name.lower() not in NOT_IN_TICKET
    )
    return Wire(request.method, str(request.url), headers, request.content)


class _Replayed(httpx.AsyncByteStream):
    """The recorded chunks, then the recorded failure."""

    def __init__(self, exchange: Exchange, pass_to: Callable[[int], None]) -> None:
        self._exchange = exchange
        self._pass_to = pass_to

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._exchange.chunks:
            self._pass_to(chunk.offset_ms)
            yield chunk.data
        if self._exchange.failure is not None:
            raise SendError(self._exchange.failure, self._exchange.sent)
