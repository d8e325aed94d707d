"""The records of one deliberation as server-sent events, from any ordinal on, until its end.

What is sent are the canonical bytes of durable records: commitments and classes, never a body. Records of this
process come at once, those of another one at the next look into the ledger.
"""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from magi.api import sse
from magi.api.desk import Desk, until_gone
from magi.api.failing import log_unexpected
from magi.api.view import is_finished
from magi.core.errors import MagiError


class RecordStream(Response):
    """Records with ordinals above `after`, as they become durable."""

    def __init__(self, desk: Desk, stream: str, after: int) -> None:
        """Keep what the stream needs; it starts when the server calls it."""
        super().__init__()
        self._desk = desk
        self._stream = stream
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is and follow until the end of the deliberation, of the limits or of the caller.

        Raises:
            BusyError: before anything was sent.
        """
        del scope
        with self._desk.follow(self._stream) as wake:
            gone = asyncio.create_task(until_gone(receive))
            gone.add_done_callback(lambda _: wake.set())
            try:
                await sse.begin(send)
                await self._follow(wake, gone, send)
                await sse.finish(send)
            except MagiError as error:
                # The client takes up again after the last id that it has.
                log_unexpected(error)
                await sse.finish(send)
            finally:
                gone.cancel()
                await asyncio.wait((gone,))

    async def _follow(self, wake: asyncio.Event, gone: asyncio.Task[None], send: Send) -> None:
        loop, limits = asyncio.get_running_loop(), self._desk.offer.limits
        began = quiet_since = loop.time()
        while not gone.done():
            wake.clear()
            records = await self._desk.offer.tools.ledger.read(self._stream)
            for record in records[self._after + 1 :]:
                await sse.write(send, sse.event(record.to_bytes(), record.kind, record.ordinal))
                self._after, quiet_since = record.ordinal, loop.time()
            now = loop.time()
            if is_finished(records) or self._desk.stopping or now - began > limits.follow_seconds:
                return
            if now - quiet_since >= limits.keep_alive_seconds:
                await sse.write(send, sse.KEEP_ALIVE)
                quiet_since = now
            try:
                async with asyncio.timeout(min(limits.poll_seconds, limits.keep_alive_seconds)):
                    await wake.wait()
            except TimeoutError:
                continue
