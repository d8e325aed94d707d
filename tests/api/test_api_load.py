"""Many at once: every stream gets its own answer, and afterwards nothing is left open."""

import asyncio
import secrets

import pytest

SHORT, LONG = 60, 200
SEATS = 3


async def chat(client, canary):
    """One streamed chat about a canary: what came as content, and the last chunk."""
    content, last = "", None
    stream = await client.chat.completions.create(
        model="magi", messages=[{"role": "user", "content": f"問い {canary}"}], stream=True
    )
    async for last in stream:
        content += last.choices[0].delta.content or ""
    return content, last


async def all_of(service, canaries):
    """All chats at the same time on one client."""
    async with service.async_client(timeout=120) as client:
        return await asyncio.gather(*(chat(client, canary) for canary in canaries))


@pytest.mark.parametrize("chats", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)])
def test_many_streams_at_once_do_not_mix(kit, tmp_path, chats):
    """Each of many concurrent streams ends without error, with its own canary and no other; all sockets close."""
    canaries = [f"CANARY-{secrets.token_hex(8)}" for _ in range(chats)]
    with kit.serve(tmp_path, script=kit.slow(0.3, kit.echo)) as service:
        replies = asyncio.run(all_of(service, canaries))
        bodies = [request.body.decode() for request in service.home.requests]

        for canary, (content, last) in zip(canaries, replies, strict=True):
            assert set(kit.CANARY.findall(content)) == {canary}
            assert last.model_extra["magi"]["outcome"] == "majority"
        assert sorted(found for body in bodies for found in set(kit.CANARY.findall(body))) == sorted(
            canaries * SEATS
        )
        assert service.settled(lambda: not service.server.server_state.connections)
        assert service.desk.running == 0
        assert service.call(service.desk.offer.tools.ledger.open_streams()) == ()
        assert not kit.CANARY.findall(service.everything_logged())
