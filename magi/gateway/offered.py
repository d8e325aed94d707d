"""Asks a server on this machine which models it offers: one `GET <base>/models`, nothing else, nobody else.

Promises: loopback literals only, refused before anything is opened; the request holds no text of a person, no
key, no cookie; no redirect, proxy, or second try; the answer is bounded in bytes, time and names, and whatever
is not the expected list is a named trouble. Names are a stranger's words: bounded, and one line each.
Source: OpenAI API reference, "List models". Leaves to others: calling a model (`client`).
"""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from magi.gateway.knock import loopback_address
from magi.gateway.transport import PinnedTransport, SendError

LIST_SECONDS = 3.0
"""A list of names is no work; a server that loads a model meanwhile may take a moment."""
MAX_LIST_BYTES = 1_000_000
"""A hundred models with every detail that servers add come to a tenth of it."""
MAX_MODELS = 100
"""More than anybody serves from one machine; the rest is left out."""
OURSELVES = "magi"
"""`owned_by` of the councils that a service of this program lists as models: a council cannot sit in a council."""
MAX_NAME_CHARS = 200
"""As long as a card's model name may be; a longer one could not be seated."""


@dataclass(frozen=True)
class Offered:
    """The names in the server's order, or why there are none.

    `trouble`: silent (nobody listens, or no whole answer in time), key_wanted, not_openai, http_<status>,
    magi_itself (the server is a service of this program).
    """

    models: tuple[str, ...] = ()
    trouble: str | None = None


async def offered_models(base_url: str) -> Offered:
    """The models that the server at the loopback address of `base_url` says it offers.

    Raises:
        EgressRefusedError: the host is not a loopback literal; nothing was tried.
    """
    host, _ = loopback_address(base_url)
    request = httpx.Request(
        "GET",
        base_url.rstrip("/") + "/models",
        headers={"accept": "application/json", "accept-encoding": "identity"},
        extensions={"pinned": (host,)},
    )
    try:
        async with asyncio.timeout(LIST_SECONDS):
            response = await PinnedTransport().handle_async_request(request)
            try:
                return await _read(response)
            finally:
                await response.aclose()
    except (SendError, TimeoutError):
        return Offered(trouble="silent")


async def _read(response: httpx.Response) -> Offered:
    if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Offered(trouble="key_wanted")
    if response.status_code != HTTPStatus.OK:
        return Offered(trouble=f"http_{response.status_code}")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_LIST_BYTES:
            return Offered(trouble="not_openai")
    return _names(bytes(body))


def _names(body: bytes) -> Offered:
    try:
        listed = json.loads(body)["data"]
        names = [item["id"] for item in listed if isinstance(item["id"], str)]
        ours = any(item.get("owned_by") == OURSELVES for item in listed)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return Offered(trouble="not_openai")
    if ours:
        return Offered(trouble="magi_itself")
    usable = [n for n in dict.fromkeys(names) if 0 < len(n) <= MAX_NAME_CHARS and n.isprintable()]
    return Offered(tuple(usable[:MAX_MODELS]))
