"""Streaming chat: the order of what comes, signs of life, the end that always comes, and callers that leave."""

import asyncio
import json
import socket
import time
from dataclasses import replace

import openai
import pytest

from magi.api.limits import Limits
from magi.core.errors import LedgerUnavailableError
from magi.core.record import Answered

ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"
MESSAGES = [{"role": "user", "content": ASK}]
BODY = {"model": "magi", "stream": True, "messages": MESSAGES}


def lines(service, **fields):
    """The lines of a streamed reply."""
    with service.http() as http, http.stream("POST", "/v1/chat/completions", json=BODY | fields) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        return [line for line in response.iter_lines() if line]


def chunks(sent):
    """The JSON of every data line but the last."""
    return [json.loads(line.removeprefix("data: ")) for line in sent if line.startswith("data: {")]


def deltas(sent, name):
    """Everything that came under one name of a delta, joined."""
    found = (chunk["choices"][0]["delta"].get(name) for chunk in chunks(sent) if chunk.get("choices"))
    return "".join(text for text in found if text)


class Failing:
    """A ledger that fails at one kind of record; everything else is the real one's."""

    def __init__(self, ledger, kind, error):
        """Take the real ledger."""
        self._ledger, self._kind, self._error = ledger, kind, error

    def __getattr__(self, name):
        """The real ledger's."""
        return getattr(self._ledger, name)

    async def append(self, stream, expect, drafts, *marks):
        """Fail at the kind."""
        if any(isinstance(draft.event, self._kind) for draft in drafts):
            raise self._error
        return await self._ledger.append(stream, expect, drafts, *marks)


def failing(kind, error):
    """A change of tools: their ledger fails at the kind."""
    return lambda tools: replace(tools, ledger=Failing(tools.ledger, kind, error))


def test_the_client_reads_a_stream(plain):
    """The openai client gets the same text as is on record, a finish, usage unasked and the council's data."""
    with plain.client() as client:
        got = list(client.chat.completions.create(model="magi", messages=MESSAGES, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in got)
    magi = got[-1].model_extra["magi"]
    with plain.http() as http:
        shown = http.get(f"/v1/deliberations/{magi['deliberation']}?bodies=true&why=t-1").json()

    assert text == shown["bodies"]["reply"]
    assert got[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in got[-2:]] == ["stop", "stop"]
    assert got[-1].usage.total_tokens > 0
    assert len({chunk.id for chunk in got}) == 1


def test_usage_that_was_asked_for_comes_without_choices(plain):
    """With include_usage the last chunk has no choices, as the API says; unasked, every chunk has one."""
    with plain.client() as client:
        asked = list(
            client.chat.completions.create(
                model="magi", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
            )
        )
        unasked = list(client.chat.completions.create(model="magi", messages=MESSAGES, stream=True))

    assert asked[-1].choices == []
    assert asked[-1].usage is not None
    assert all(chunk.choices for chunk in unasked)


def test_nothing_of_an_answer_comes_before_the_verdict(kit, tmp_path):
    """Progress names seats and states only; content comes after all progress; the end is [DONE]."""
    with kit.serve(tmp_path, script=kit.echo) as service:
        sent = lines(service, messages=[{"role": "user", "content": "問い CANARY-0a0a0a0a"}])
    kinds = [next(iter(chunk["choices"][0]["delta"]), "end") for chunk in chunks(sent)]

    assert "MELCHIOR: 照会中\n" in deltas(sent, "reasoning_content")
    assert "CANARY" not in deltas(sent, "reasoning_content")
    assert "CANARY-0a0a0a0a" in deltas(sent, "content")
    assert kinds == sorted(kinds, key=["role", "reasoning_content", "content", "end"].index)
    assert sent[-1] == "data: [DONE]"


def test_content_waits_for_the_durable_verdict(kit, tmp_path):
    """Where the verdict cannot be recorded, not a word of content is sent."""
    change = failing(kit.Decided, LedgerUnavailableError("disk_full", path="p"))
    with kit.serve(tmp_path, script=kit.echo, change=change) as service:
        sent = lines(service)

    assert deltas(sent, "content") == ""
    assert "照会中" in deltas(sent, "reasoning_content")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LedgerUnavailableError("io", path="SECRET"), "ledger_unavailable"),
        (ZeroDivisionError("SECRET"), "internal"),
    ],
    ids=["foreseen", "unforeseen"],
)
def test_an_error_in_the_middle_ends_with_done(kit, tmp_path, error, code):
    """After the stream began, an error is an error chunk and then [DONE]; the client raises it; no text is in it."""
    with kit.serve(tmp_path, change=failing(Answered, error)) as service:
        sent = lines(service)
        with service.client() as client, pytest.raises(openai.APIError):
            list(client.chat.completions.create(model="magi", messages=MESSAGES, stream=True))

        assert chunks(sent)[-1]["error"]["code"] == code
        assert sent[-1] == "data: [DONE]"
        assert "SECRET" not in service.everything_logged() + str(sent)


def test_a_refusal_before_the_stream_is_a_plain_error(plain):
    """What is refused before anything is recorded has its HTTP status, streamed or not."""
    with plain.client() as client, pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(
            model="magi", messages=MESSAGES, stream=True, extra_body={"magi": {"label": "secret"}}
        )
    with plain.client() as client, pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="none", messages=MESSAGES, stream=True)


def test_a_thinking_council_keeps_the_line_alive(kit, tmp_path):
    """While seats think, comments come at the set interval, and the reply after them is whole."""
    limits = Limits(keep_alive_seconds=0.1)
    with kit.serve(tmp_path, script=kit.slow(1.0), limits=limits) as service:
        sent = lines(service)

    assert sent.count(": keep-alive") >= 5
    assert "結論" in deltas(sent, "content")


def test_the_interval_of_signs_of_life_is_below_ten_seconds():
    """Without a setting, a stream is never silent for ten seconds."""
    assert Limits().keep_alive_seconds < 10


def test_a_stream_that_is_closed_in_the_middle_closes_its_deliberation(kit, tmp_path):
    """The client closes the stream while seats think: the deliberation is given up on record, and nothing is left."""
    with kit.serve(tmp_path, script=kit.slow(30)) as service:
        with service.client() as client:
            stream = client.chat.completions.create(model="magi", messages=MESSAGES, stream=True)
            next(iter(stream))
            stream.close()
        (decided,) = service.settled(lambda: service.events("decided"))
        (cancelled,) = service.events("cancelled")

        assert (cancelled.why, cancelled.by) == ("caller_gone", "user")
        assert decided.outcome == "no_quorum"
        assert service.settled(lambda: service.desk.running == 0)
        assert service.settled(lambda: not service.server.server_state.connections)
        assert service.call(service.desk.offer.tools.ledger.open_streams()) == ()


def test_a_plain_caller_that_leaves_closes_its_deliberation(kit, tmp_path):
    """The same without streaming: the client times out, the deliberation is given up on record."""
    with kit.serve(tmp_path, script=kit.slow(30)) as service:
        with service.client(timeout=1.0) as client, pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="magi", messages=MESSAGES)
        (decided,) = service.settled(lambda: service.events("decided"))

        assert decided.outcome == "no_quorum"
        assert service.settled(lambda: service.desk.running == 0)
        (line,) = service.settled(
            lambda: [each for each in service.logged if each["event"] == "request.served"]
        )
        assert line["status"] == 499


def test_a_caller_that_leaves_the_queue_is_forgotten(kit, tmp_path):
    """A caller that leaves while it waits for a place leaves no record and no task."""
    limits = Limits(running=1, queued=5)
    with kit.serve(tmp_path, script=kit.slow(2), limits=limits) as service, service.http() as http:
        http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        with service.client(timeout=0.5) as client, pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="magi", messages=MESSAGES)

        assert service.settled(lambda: service.desk.running <= 1)
        assert len(service.streams()) == 1


def test_an_asynchronous_client_may_be_cancelled(kit, tmp_path):
    """Cancelling the asynchronous client's task in the middle of a stream closes the deliberation too."""

    async def run(service):
        async with service.async_client() as client:
            stream = await client.chat.completions.create(model="magi", messages=MESSAGES, stream=True)
            async with asyncio.timeout(0.5):
                async for _ in stream:
                    pass

    with kit.serve(tmp_path, script=kit.slow(30)) as service:
        with pytest.raises(TimeoutError):
            asyncio.run(run(service))

        assert service.settled(lambda: service.events("decided"))
        assert service.settled(lambda: service.desk.running == 0)


def test_a_reset_connection_is_a_caller_that_left(kit, tmp_path):
    """A connection that is torn down hard in the middle of a stream leaves nothing behind and logs no failure."""
    body = json.dumps(BODY).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with kit.serve(tmp_path, script=kit.slow(30)) as service:
        with socket.create_connection(("127.0.0.1", service.port)) as wire:
            wire.sendall(head.encode() + body)
            assert b"200 OK" in wire.recv(1000)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        began = time.monotonic()

        assert service.settled(lambda: service.desk.running == 0)
        assert time.monotonic() - began < 10
        assert not [line for line in service.logged if line["event"] == "request.failed"]
