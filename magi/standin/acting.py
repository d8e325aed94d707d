"""Performs a behaviour, or plays back a recording, on one connection.

Decides nothing: the script has chosen. Cancelling it (the caller left, the stand-in stops) ends any wait at
once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from magi.standin import wire
from magi.standin.answer import EVENT_STREAM
from magi.standin.script import (
    CloseUnanswered,
    CutStream,
    Delay,
    Garbage,
    Hang,
    Redirect,
    Reply,
    SlowStream,
    Status,
    WrongModel,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

    from magi.standin.answer import Answer
    from magi.standin.cassette import Entry
    from magi.standin.script import Behaviour, Request

DRIPS = 8
"""Pieces of a plain body that is sent slowly: enough to see a read time-out reset between them."""

FLUSH_SECONDS = 5.0
"""Longest wait for the kernel to take what a cut answer still owes; loopback needs milliseconds."""

_FLUSH_POLL_SECONDS = 0.001

# Headers that describe the connection of the recording, not the answer (RFC 9110, section 7.6.1), and those
# the server computes itself.
_NOT_REPLAYED = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    }
)


async def perform(behaviour: Behaviour, asked: Request, answer: Answer) -> web.StreamResponse:
    """Carry out the behaviour.

    Returns a response for the server to finish. Raises DroppedError where the behaviour is to end the
    connection.
    """
    while isinstance(behaviour, Delay):  # a chain of frozen values has an end
        await asyncio.sleep(behaviour.seconds)
        behaviour = behaviour.then
    if isinstance(behaviour, Hang):
        await asyncio.sleep(behaviour.seconds)
    if isinstance(behaviour, Hang | CloseUnanswered):
        raise answer.drop()
    if isinstance(behaviour, Status | Garbage | Redirect):
        return _no_chat(behaviour, answer)
    return await _chat(behaviour, asked, answer)


async def play_back(entry: Entry, answer: Answer, pace: float) -> web.StreamResponse:
    """Send the recorded chunks, byte for byte, at the given multiple of the recorded times (0: at once)."""
    headers = [(name, value) for name, value in entry.headers if name.lower() not in _NOT_REPLAYED]
    length = len(entry.chunks[0]) if len(entry.chunks) == 1 else None
    response = await answer.begin(entry.status, headers, length=length)
    passed_ms = 0
    for chunk, offset_ms in zip(entry.chunks, entry.offsets_ms, strict=True):
        if pace:
            await asyncio.sleep((offset_ms - passed_ms) / 1000 * pace)
            passed_ms = offset_ms
        await response.write(chunk)
    return response


def _no_chat(behaviour: Status | Garbage | Redirect, answer: Answer) -> web.StreamResponse:
    match behaviour:
        case Status():
            return answer.error(behaviour)
        case Garbage(body, content_type, status, headers):
            return answer.whole(status, body, content_type, headers)
        case Redirect(location, status):
            return answer.whole(status, b"", headers=[("Location", location)])


async def _chat(
    behaviour: Reply | WrongModel | CutStream | SlowStream, asked: Request, answer: Answer
) -> web.StreamResponse:
    match behaviour:
        case Reply():
            return await _reply(behaviour, asked, answer, asked.model)
        case WrongModel(model, reply):
            return await _reply(reply, asked, answer, model)
        case CutStream():
            return await _cut(behaviour, asked, answer)
        case SlowStream():
            return await _slow(behaviour, asked, answer)
        case _:  # a script without types may return anything
            assert_never(behaviour)


async def _reply(reply: Reply, asked: Request, answer: Answer, model: str) -> web.StreamResponse:
    if not asked.stream:
        return answer.whole(200, wire.completion(asked, reply, model=model, created=answer.created))
    return await _stream(wire.events(asked, reply, model=model, created=answer.created), answer)


async def _stream(
    pieces: Iterable[bytes], answer: Answer, *, seconds_between: float | None = None
) -> web.StreamResponse:
    response = await answer.begin(200, [("Content-Type", EVENT_STREAM), ("Cache-Control", "no-cache")])
    await _write(response, pieces, seconds_between)
    return response


async def _cut(cut: CutStream, asked: Request, answer: Answer) -> web.StreamResponse:
    reply = Reply(cut.content)
    if asked.stream:
        sent = wire.events_before_finish(asked, reply, model=asked.model, created=answer.created)
        response = await _stream(sent[: cut.after_chunks], answer)
        if cut.clean:
            return response
    else:
        body = wire.completion(asked, reply, model=asked.model, created=answer.created)
        response = await answer.begin(200, [("Content-Type", "application/json")], length=len(body))
        await response.write(body[: len(body) // 2])
    await _flush(answer)
    raise answer.drop()


async def _slow(slow: SlowStream, asked: Request, answer: Answer) -> web.StreamResponse:
    reply = Reply(slow.content)
    if asked.stream:
        events = wire.events(asked, reply, model=asked.model, created=answer.created)
        return await _stream(events, answer, seconds_between=slow.seconds_between)
    body = wire.completion(asked, reply, model=asked.model, created=answer.created)
    response = await answer.begin(200, [("Content-Type", "application/json")], length=len(body))
    size = -(-len(body) // DRIPS)
    drips = (body[start : start + size] for start in range(0, len(body), size))
    await _write(response, drips, slow.seconds_between)
    return response


async def _write(
    response: web.StreamResponse, pieces: Iterable[bytes], seconds_between: float | None
) -> None:
    for piece in pieces:
        if seconds_between is not None:
            await asyncio.sleep(seconds_between)
        await response.write(piece)


async def _flush(answer: Answer) -> None:
    """Let what was written leave before the abort, which would discard it."""
    async with asyncio.timeout(FLUSH_SECONDS):
        while answer.unsent_bytes():  # noqa: ASYNC110  # a transport has no event for "all has left"
            await asyncio.sleep(_FLUSH_POLL_SECONDS)
