"""The stand-in against the vendors' official client, which nobody here wrote."""

import asyncio
import socket
import time

import httpx
import openai
import pytest

from magi.standin.script import (
    CloseUnanswered,
    CutStream,
    Garbage,
    Hang,
    Redirect,
    Reply,
    SlowStream,
    Status,
    WrongModel,
    by_model,
    fixed,
    sequence,
)
from magi.standin.server import StandIn

TEXT = "賛成です。理由は三つあります🗻。"
# Newer clients wrap the transport's error, older ones let it through.
CUT = (openai.APIConnectionError, httpx.RemoteProtocolError)
MESSAGES = [{"role": "system", "content": "簡潔に"}, {"role": "user", "content": "予算の件"}]


def run(script, use, **options):
    """Start a stand-in, hand an official client to `use`, and give what it returns."""

    async def story():
        async with (
            asyncio.timeout(20),
            StandIn(script, **options) as stand_in,
            httpx.AsyncClient(trust_env=False, timeout=5) as http,
            openai.AsyncOpenAI(
                base_url=stand_in.base_url, api_key="k", max_retries=0, http_client=http
            ) as client,
        ):
            return await use(client, stand_in)

    return asyncio.run(story())


def create(client, **more):
    """Ask for one completion."""
    return client.chat.completions.create(**{"model": "m", "messages": MESSAGES, **more})


async def collect_into(got, client):
    """Ask for a stream and keep what comes, also when it fails later."""
    async for chunk in await create(client, stream=True):
        got.append(chunk)  # a comprehension would lose what came before the failure


async def collect(client, **more):
    """Ask for a stream and give its chunks."""
    return [chunk async for chunk in await create(client, stream=True, **more)]


def test_plain_answer_is_understood_by_the_official_client():
    """A scripted reply arrives with its text, model, finish reason, counts and fingerprint."""
    reply = Reply(TEXT, finish_reason="length", prompt_tokens=7, completion_tokens=5)
    got = run(fixed(reply), lambda client, _: create(client), clock=lambda: 1234.9)

    assert got.id.startswith("chatcmpl-")
    assert (got.object, got.created, got.model) == ("chat.completion", 1234, "m")
    assert got.system_fingerprint == "magi-standin"
    choice = got.choices[0]
    assert (choice.index, choice.message.role, choice.message.content) == (0, "assistant", TEXT)
    assert (choice.message.refusal, choice.finish_reason) == (None, "length")
    assert (got.usage.prompt_tokens, got.usage.completion_tokens, got.usage.total_tokens) == (7, 5, 12)


def test_stream_gives_role_first_then_text_then_finish():
    """A streamed reply reassembles to the same text, with the role first and the finish reason last."""
    chunks = run(fixed(Reply(TEXT)), lambda client, _: collect(client))

    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert not any("usage" in chunk.model_fields_set for chunk in chunks)
    assert len(chunks) > 4


def test_usage_chunk_comes_last_and_only_when_asked_for():
    """With include_usage a last chunk without choices carries the counts."""
    reply = Reply(TEXT, prompt_tokens=3, completion_tokens=4)
    chunks = run(fixed(reply), lambda client, _: collect(client, stream_options={"include_usage": True}))

    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 7
    assert all(chunk.choices and chunk.usage is None for chunk in chunks[:-1])
    assert all("usage" in chunk.model_fields_set for chunk in chunks)


def test_refusal_and_reasoning_arrive_in_their_own_fields():
    """A refusal has no content, and reasoning stays apart from the answer."""
    refused, reasoned = run(
        sequence(Reply(None, refusal="できません"), Reply("可", reasoning_content="考え中")),
        lambda client, _: asyncio.gather(create(client), create(client)),
    )

    by_refusal = sorted((refused, reasoned), key=lambda got: got.choices[0].message.refusal is None)
    assert by_refusal[0].choices[0].message.refusal == "できません"
    assert by_refusal[0].choices[0].message.content is None
    assert by_refusal[1].choices[0].message.model_extra["reasoning_content"] == "考え中"


def test_streamed_refusal_reassembles():
    """A refusal can be streamed too."""
    chunks = run(fixed(Reply(None, refusal="お答えできません")), lambda client, _: collect(client))

    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "お答えできません"


def test_models_are_listed_and_found():
    """The list holds the models of the script in order, and each can be fetched, slashes included."""
    script = by_model({"a/b": Reply("一"), "c": fixed(Reply("二"))})

    async def use(client, _):
        page = await client.models.list()
        one = await client.models.retrieve("a/b")
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("missing")
        return [model.id for model in page.data], one.id

    assert run(script, use) == (["a/b", "c"], "a/b")


def test_each_model_plays_its_own_part():
    """Two models behind one address answer differently."""
    script = by_model({"a": Reply("一"), "b": fixed(Reply("二"))})

    async def use(client, _):
        return [(await create(client, model=name)).choices[0].message.content for name in ("a", "b")]

    assert run(script, use) == ["一", "二"]


@pytest.mark.parametrize("options", [{"models": ["a"]}, {}])
def test_unknown_model_is_not_found(options):
    """A model that does not exist is a 404 with the code model_not_found."""

    async def use(client, _):
        with pytest.raises(openai.NotFoundError) as caught:
            await create(client, model="z")
        return caught.value.code

    assert run(by_model({"a": Reply("一")}), use, **options) == "model_not_found"


def test_wrong_key_is_refused_and_right_key_served():
    """With a key set, only that bearer key is served."""

    async def use(client, stand_in):
        with pytest.raises(openai.AuthenticationError):
            await create(client.with_options(api_key="wrong"))
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="wrong").models.list()
        assert stand_in.arrived == 0
        return (await create(client)).choices[0].message.content

    assert run(fixed(Reply("可")), use, api_key="k") == "可"


def test_rate_limit_carries_retry_after():
    """A scripted 429 is a RateLimitError with the Retry-After header."""

    async def use(client, _):
        with pytest.raises(openai.RateLimitError) as caught:
            await create(client)
        return caught.value.response.headers["retry-after"], caught.value.type

    assert run(fixed(Status(429, retry_after=7)), use) == ("7", "rate_limit_error")


@pytest.mark.parametrize("code", [500, 503])
def test_server_errors_are_server_errors(code):
    """Scripted 5xx statuses reach the client as such."""

    async def use(client, _):
        with pytest.raises(openai.InternalServerError) as caught:
            await create(client)
        return caught.value.status_code

    assert run(fixed(Status(code)), use) == code


def test_own_retries_meet_the_next_behaviour():
    """A client that retries by itself meets the next behaviour, and the attempt is counted."""

    async def use(client, stand_in):
        got = await create(client.with_options(max_retries=1))
        return got.choices[0].message.content, [seen.attempt for seen in stand_in.requests]

    script = sequence(Status(503, retry_after=0.01), Reply("可"))
    assert run(script, use) == ("可", [1, 2])


@pytest.mark.parametrize("after_chunks", [0, 1, 3, 1000])
def test_cut_stream_raises_after_the_promised_chunks(after_chunks):
    """A cut stream delivers its first events and then fails in the client, never finishing."""

    async def use(client, _):
        got = []
        with pytest.raises(CUT):
            await collect_into(got, client)
        return got

    chunks = run(fixed(CutStream(TEXT, after_chunks)), use)
    pieces = 1 + -(-len(TEXT) // 4)
    assert len(chunks) == min(after_chunks, pieces)
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)


def test_large_cut_stream_still_delivers_what_it_promised():
    """Even megabytes that the kernel cannot take at once arrive before the cut."""
    text = "あ" * 40_000

    async def use(client, _):
        got = []
        with pytest.raises(CUT):
            await collect_into(got, client)
        return "".join(chunk.choices[0].delta.content or "" for chunk in got)

    assert run(fixed(CutStream(text, 10_001)), use) == text


def test_clean_cut_ends_without_any_sign():
    """The silent truncation raises nothing in the client and gives no finish reason."""
    chunks = run(fixed(CutStream(TEXT, 3, clean=True)), lambda client, _: collect(client))

    assert len(chunks) == 3
    assert chunks[-1].choices[0].finish_reason is None


@pytest.mark.parametrize("script", [fixed(CutStream(TEXT)), fixed(CloseUnanswered()), fixed(Hang(0.01))])
def test_lost_connections_are_connection_errors(script):
    """A plain answer that breaks off, a closed and a silent connection fail in the client."""

    async def use(client, stand_in):
        with pytest.raises(openai.APIConnectionError):
            await create(client)
        return stand_in.arrived

    assert run(script, use) == 1


def test_hang_outlasts_the_client_and_stops_with_the_server():
    """A hanging request times out in the client and does not hold up the end of the stand-in."""

    async def use(client, _):
        with pytest.raises(openai.APITimeoutError):
            await create(client.with_options(timeout=0.2))
        hanging = asyncio.create_task(create(client))
        await asyncio.sleep(0.05)
        return hanging, time.monotonic()

    async def story():
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            client = openai.AsyncOpenAI(base_url="http://x", api_key="k", max_retries=0, http_client=http)
            async with StandIn(fixed(Hang())) as stand_in:
                hanging, began = await use(client.with_options(base_url=stand_in.base_url), stand_in)
            took = time.monotonic() - began
            with pytest.raises(openai.APIConnectionError):
                await hanging
            return took

    assert asyncio.run(asyncio.wait_for(story(), 20)) < 1


def test_slow_stream_takes_its_time_and_is_complete():
    """A slow stream pauses before each event and still ends well."""
    began = time.monotonic()
    chunks = run(fixed(SlowStream("あいうえお", 0.03)), lambda client, _: collect(client))

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "あいうえお"
    assert time.monotonic() - began >= 0.03 * len(chunks)


def test_slow_plain_answer_is_complete():
    """A plain body in drips arrives whole."""
    got = run(fixed(SlowStream(TEXT, 0.01)), lambda client, _: create(client))

    assert got.choices[0].message.content == TEXT


def test_wrong_model_names_the_other_model():
    """The answer says it comes from another model than was asked."""
    got = run(fixed(WrongModel("other", Reply("可"))), lambda client, _: create(client))

    assert (got.model, got.choices[0].message.content) == ("other", "可")


def test_garbage_fails_in_the_client():
    """Bytes that are no JSON make the client fail, not succeed with nothing."""

    async def use(client, stand_in):
        with pytest.raises((openai.APIError, ValueError)):
            await create(client)
        return stand_in.arrived

    assert run(fixed(Garbage(b"<html>\xff", "application/json")), use) == 1


def test_redirect_leads_a_careless_client_away():
    """A redirect carries its target, and a client that follows it asks the other server."""

    async def story():
        async with StandIn(fixed(Reply("他所"))) as other:
            target = f"{other.base_url}/chat/completions"
            async with (
                StandIn(fixed(Redirect(target))) as stand_in,
                httpx.AsyncClient(trust_env=False, follow_redirects=True) as http,
            ):
                client = openai.AsyncOpenAI(
                    base_url=stand_in.base_url, api_key="k", max_retries=0, http_client=http
                )
                got = await create(client)
                return got.choices[0].message.content, stand_in.arrived, other.arrived

    assert asyncio.run(story()) == ("他所", 1, 1)


def test_stream_has_no_nagle_delay():
    """A stream of many small events does not wait 40 ms for a delayed acknowledgement."""

    async def use(client, stand_in):
        took = []
        for _ in range(20):
            began = time.monotonic()
            await collect(client)
            took.append(time.monotonic() - began)
        sockets = [each.transport.get_extra_info("socket") for each in stand_in._listener.connections]
        return min(took), [each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in sockets]

    fastest, without_delay = run(fixed(Reply("短い文を少しずつ送る")), use)
    assert fastest < 0.040
    assert without_delay
    assert all(without_delay)


def test_several_stand_ins_run_in_one_loop():
    """Stand-ins do not share requests, ports or scripts."""

    async def story():
        async with (
            StandIn(fixed(Reply("一"))) as one,
            StandIn(fixed(Reply("二"))) as two,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            answers = []
            for stand_in in (one, two, two):
                client = openai.AsyncOpenAI(base_url=stand_in.base_url, api_key="k", http_client=http)
                answers.append((await create(client)).choices[0].message.content)
            return answers, one.arrived, two.arrived, one.port != two.port

    assert asyncio.run(story()) == (["一", "二", "二"], 1, 2, True)
