"""The transport in replay mode: the recorded response as it came, its failure, its time; and no socket at all."""

import asyncio

import httpx
import pytest

from magi.gateway.exchange import Chunk, Exchange
from magi.gateway.replayed import ReplayedTransport, wire_of
from magi.gateway.ticket import Wire
from magi.gateway.transport import Progress, SendError

WIRE = Wire("POST", "https://api.example/v1/chat/completions", (("accept", "application/json"),), b"{}")
CHUNKS = (Chunk(5, b"a"), Chunk(9, b"b"))


class Recorded:
    """One exchange for every send; keeps what it was asked for and how far the time came."""

    def __init__(self, exchange):
        """Take the exchange."""
        self.asked = []
        self.times = []
        self._exchange = exchange

    def exchange(self, wire):
        """The exchange."""
        self.asked.append(wire)
        return self._exchange

    def pass_to(self, offset_ms):
        """The time of a chunk."""
        self.times.append(offset_ms)


def request(**extensions):
    """The request of the wire, with a credential and what framing adds."""
    headers = [*WIRE.headers, ("authorization", "Bearer k")]
    return httpx.Request(WIRE.method, WIRE.url, headers=headers, content=WIRE.body, extensions=extensions)


async def body_of(response):
    """The chunks of a response."""
    return [chunk async for chunk in response.stream]


def test_a_send_is_known_by_the_bytes_of_its_ticket():
    """Neither the credential nor what framing adds is part of it."""
    assert wire_of(request()).digest == WIRE.digest


def test_a_response_comes_back_chunk_by_chunk_at_its_times():
    """Status, headers, chunks and offsets are the recorded ones."""
    recorded = Recorded(Exchange("yes", 200, (("content-type", "x"),), CHUNKS))

    async def run():
        response = await ReplayedTransport(recorded).handle_async_request(request())
        return response.status_code, response.headers.raw, await body_of(response)

    status, headers, chunks = asyncio.run(run())

    assert (status, headers, chunks) == (200, [(b"content-type", b"x")], [b"a", b"b"])
    assert (recorded.times, recorded.asked) == ([5, 9], [WIRE])


def test_a_stream_that_broke_off_breaks_off_again():
    """After its last recorded chunk comes the recorded failure."""
    recorded = Recorded(Exchange("yes", 200, (), CHUNKS, "cut_stream"))

    async def run():
        response = await ReplayedTransport(recorded).handle_async_request(request())
        await body_of(response)

    with pytest.raises(SendError) as raised:
        asyncio.run(run())

    assert (raised.value.failure, raised.value.sent, recorded.times) == ("cut_stream", "yes", [5, 9])


@pytest.mark.parametrize(("failure", "sent"), [("connect_failed", "no"), ("timed_out", "maybe")])
def test_a_send_without_a_response_fails_as_it_failed(failure, sent):
    """Also what was known of the sending is as it was."""
    progress = Progress()
    transport = ReplayedTransport(Recorded(Exchange(sent, failure=failure)))

    with pytest.raises(SendError) as raised:
        asyncio.run(transport.handle_async_request(request(progress=progress)))

    assert (raised.value.failure, raised.value.sent, progress.sent) == (failure, sent, sent)


def test_an_answer_that_never_came_is_waited_for_until_somebody_gives_up():
    """Only a cancellation ends it."""

    async def run():
        sending = asyncio.create_task(ReplayedTransport(Recorded(None)).handle_async_request(request()))
        done, _ = await asyncio.wait((sending,), timeout=0.05)
        sending.cancel()
        await asyncio.wait((sending,))
        return bool(done), sending.cancelled()

    assert asyncio.run(run()) == (False, True)
