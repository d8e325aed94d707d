"""What an installation has today that a deliberation ran on: cards, councils, prompts, profiles, detectors.

`as_recorded` binds the cards of a rehearsal or a recording again as they were bound that day: to a port of loopback
that stands in no record but in the digests, and is found by them. Pure but for the detectors' own work. Leaves to
others: reading files (`magi.assets`), what differs from the record (`manifest`).
"""

import datetime
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Protocol

from magi.core.canonical import canonical
from magi.core.card import JAPAN_TIME, Card
from magi.core.council import Council
from magi.core.prompts import Templates
from magi.core.record import Answered, Opened, Record
from magi.gateway.egress import Rescan
from magi.residency.policy import Profile
from magi.service.labelling import Residency

HOLDER = 55_555
"""A port to put into a card's bytes where another will stand; any of five digits serves."""
EPHEMERAL = range(32_768, 61_000)
"""Where Linux takes a free port from (ip(7)): tried first."""
PORTS = range(1_024, 65_536)
MAX_REMEMBERED = 1_024
"""Cards whose port was found: a period of rehearsals in one process uses two ports on a dozen cards."""

Bind = Callable[[Card, str, Literal["scripted", "recorded"], datetime.date], Card]
"""A card, a base URL, what answers there, and the day of the evidence, to the card bound to a stand-in."""


class Rereader(Residency, Protocol):
    """The detectors as the service and the guard see them (`magi.service.labelling.Labeller`)."""

    def rescan(self, texts: Sequence[str], cleared: Collection[str]) -> Rescan:
        """What is found in short texts, at once."""
        ...

    async def rescan_long(self, texts: Sequence[str], cleared: Collection[str]) -> Rescan:
        """What is found in long texts, elsewhere."""
        ...


@dataclass(frozen=True)
class World:
    """Today's assets. `profiles` are all dated versions by version; `labeller` gives the detectors under one of them.

    `labeller` is asked again and again for the same profile, and whoever made it keeps and closes what it gives.
    `bind` is how this installation seats stand-ins; without it a rehearsal's cards count as other cards.
    """

    cards: Mapping[str, Card]
    councils: Mapping[str, Council]
    templates: Templates
    profiles: Mapping[str, Profile]
    labeller: Callable[[Profile], Rereader]
    code: str
    lock: str
    bind: Bind | None = None


def as_recorded(world: World, opened: Opened, records: Sequence[Record]) -> World:
    """The same world with the cards that stand-ins played bound as the record's digests say, where they can be found.

    A card whose digest is found no way stays as it is today; `manifest` will name it.
    """
    origins = {record.data.origin for record in records if isinstance(record.data, Answered)}
    wanted = {name: hashed for name, hashed in opened.manifest.cards.items() if name in world.cards}
    as_now = all(world.cards[name].digest == hashed for name, hashed in wanted.items())
    if world.bind is None or as_now or origins == {"live"}:
        return world
    day = datetime.datetime.fromtimestamp(records[0].at_ms / 1000, JAPAN_TIME).date()
    bound: dict[str, Card] = {}
    known: tuple[int, ...] = ()
    for name, hashed in sorted(wanted.items()):
        for origin in ("scripted", "recorded"):
            if (origins and origin not in origins) or name in bound or world.cards[name].digest == hashed:
                continue
            bind = _binder(
                world.bind, world.cards[name], "scripted" if origin == "scripted" else "recorded", day
            )
            port = _port_of(_split(bind(HOLDER)), hashed, known)
            if port is not None:
                bound[name], known = bind(port), tuple(dict.fromkeys((*known, port)))
    return replace(world, cards={**world.cards, **bound})


def _binder(
    bind: Bind, card: Card, origin: Literal["scripted", "recorded"], day: datetime.date
) -> Callable[[int], Card]:
    return lambda port: bind(card, _url(port), origin, day)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def _split(card: Card) -> tuple[bytes, ...]:
    """The bytes of a card's digest around the place of its port."""
    raw = canonical(card.model_dump(mode="json", exclude={"proofs"}))
    return tuple(raw.split(_url(HOLDER).encode()))


@lru_cache(maxsize=MAX_REMEMBERED)
def _port_of(around: tuple[bytes, ...], hashed: str, known: tuple[int, ...]) -> int | None:
    """The port that makes these bytes hash to a recorded digest, or None; a tenth of a second where it is none."""
    for port in _ports(known):
        if hashlib.sha256(_url(port).encode().join(around)).hexdigest() == hashed:
            return port
    return None


def _ports(known: Sequence[int]) -> Iterator[int]:
    yield from known
    yield from EPHEMERAL
    yield from (port for port in PORTS if port not in EPHEMERAL)
