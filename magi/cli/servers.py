"""Finds the OpenAI-compatible servers of this machine: at their usual ports and at the addresses of cards.

Loopback only. A port where somebody listens is asked once which models it offers; nothing else is sent.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from magi.core.card import Card
from magi.gateway.knock import answers
from magi.gateway.offered import Offered, offered_models
from magi.residency.policy import on_loopback

USUAL_PORTS: Mapping[int, str] = {11434: "Ollama", 8000: "vLLM", 8080: "llama-server", 1234: "LM Studio"}
"""Where these servers listen unless told otherwise (their own documents, 2026-11)."""


@dataclass(frozen=True)
class Server:
    """Somebody who listens: its base address, what usually listens there (or the card's id), what it offers."""

    url: str
    name: str
    offered: Offered


async def find_servers(cards: Iterable[Card], usual: Mapping[int, str]) -> tuple[Server, ...]:
    """Everybody who listens at the `usual` ports and at the cards' loopback addresses, each once."""
    places = {f"http://127.0.0.1:{port}/v1": name for port, name in usual.items()}
    for card in cards:
        if on_loopback(card):
            places.setdefault(address(card), card.id)
    found = await asyncio.gather(*(_server(url, name) for url, name in places.items()))
    return tuple(server for server in found if server is not None)


def address(card: Card) -> str:
    """A card's base address in one spelling."""
    return card.endpoint.base_url.rstrip("/")


async def _server(url: str, name: str) -> Server | None:
    return Server(url, name, await offered_models(url)) if await answers(url) else None
