"""The text of a card or a council of one's own, from what the command line says. Pure.

What can be known is filled in: the maker from a well-known name, the digest from the file, the call from the
protocol. What only the operator knows is asked for, all of it at once. The rest of the facts follows from the
server being one's own and on loopback: nobody else operates it, trains on it, reads along or keeps a copy. A
closed network is never assumed.
"""

import datetime
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from magi.cli.known_models import known_model
from magi.core.card import UNKNOWN, Card, host_of, parse_card
from magi.core.council import Council, parse_council
from magi.core.errors import SeatRefusedError

MAX_OUTPUT_TOKENS = 1_024
MAX_TEXT_CHARS = 120
"""Small models ramble; three texts of this length fit the tokens above, so a form is never cut."""
COUNCIL_SECONDS = 300
"""A model on this machine may need a minute a seat, one seat after another."""
COUNCIL_ATTEMPTS = 2
_HEADING = "# Written by magi seat: a model of this machine. Correct what does not hold, and who checked it."
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9.]+")
MAX_ID_CHARS = 64

Value = str | bool | int | tuple[str, ...]
Table = Mapping[str, Value]


@dataclass(frozen=True)
class CardOrder:
    """One card as asked for; None is not said. `weights_sha` is the digest of the real file, if there is one."""

    url: str
    model: str | None
    checked_by: str | None
    host_country: str | None
    closed_network: bool = False
    id: str | None = None
    title: str | None = None
    developer: str | None = None
    country: str | None = None
    family: str | None = None
    key_env: str = ""
    structured: str = "json_schema"
    weights_sha: str | None = None


@dataclass(frozen=True)
class CouncilOrder:
    """One council as asked for: `seats` and `personas` as `seat=what`; None is not said."""

    name: str
    seats: tuple[str, ...]
    personas: tuple[str, ...] = ()
    title: str | None = None
    quorum: int | None = None


@dataclass(frozen=True)
class Maker:
    """Who makes a model, from what."""

    developer: str
    country: str
    family: str
    lineage: tuple[str, ...]


def card_file(order: CardOrder, day: datetime.date) -> tuple[Card, str]:
    """The card and the text of its file, as the loader will read it.

    Raises:
        SeatRefusedError: facts_missing, with every option that is needed and absent.
        MalformedFileError: a value that a card may not hold.
    """
    maker = _maker(order)
    model, checked_by, country = order.model or "", order.checked_by or "", order.host_country or ""
    facts: dict[str, Table] = {
        "": {"id": order.id or id_of(model), "title": order.title or model},
        "model": _model(model, maker),
        "endpoint": _endpoint(order, model),
        "backend": _backend(order, maker, country, checked_by, day),
    }
    text = f"{_HEADING}\n{toml(facts)}"
    return parse_card(tomllib.loads(text), f"{facts['']['id']}.toml"), text


def id_of(model: str) -> str:
    """A card's id from a model's name: its own part, small, with hyphens for what an id may not hold."""
    own = model.rpartition("/")[2].lower()
    return _NOT_IN_AN_ID.sub("-", own).strip("-.")[:MAX_ID_CHARS]


def _maker(order: CardOrder) -> Maker:
    known = known_model(order.model or "")
    developer = order.developer or (known.developer if known else None)
    country = order.country or (known.country if known else None)
    family = order.family or (known.family if known else None)
    wanted = {
        "--model": order.model,
        "--developer": developer,
        "--country": country,
        "--family": family,
        "--host-country": order.host_country,
        # The dots of a command that was copied as it stood are nobody's name.
        "--checked-by": any(char.isalnum() for char in order.checked_by or ""),
    }
    missing = tuple(option for option, value in wanted.items() if not value)
    if missing or not (developer and country and family):
        raise SeatRefusedError("facts_missing", missing=missing)
    # The lineage of a known name holds only while nobody says that somebody else made it.
    trusted = known and order.country in (None, known.country)
    return Maker(developer, country, family, known.lineage if known and trusted else (country,))


def _model(model: str, maker: Maker) -> Table:
    return {
        "developer": maker.developer,
        "developer_country": maker.country,
        "family": maker.family,
        "version": model,
        "weights_origin": (model,),
        "licence": UNKNOWN,
        "training_disclosure": UNKNOWN,
    }


def _endpoint(order: CardOrder, model: str) -> Table:
    return {
        "protocol": "openai-chat",
        "base_url": order.url.rstrip("/"),
        "model": model,
        "key_env": order.key_env,
        "structured": order.structured,
        "stream": False,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "max_text_chars": MAX_TEXT_CHARS,
    }


def _backend(order: CardOrder, maker: Maker, country: str, checked_by: str, day: datetime.date) -> Table:
    return {
        "operator": "own",
        "host_country": country,
        "inference_scope": "JP" if country == "JP" else UNKNOWN,
        "provider_country": country,
        "parent_country": country,
        "exposed_law": (),
        "weights_origin": maker.lineage,
        "weights_sha": order.weights_sha or UNKNOWN,
        "trains_on_input": False,
        "retention_days": 0,
        "human_review": False,
        "ismap": "none",
        "gov_cloud": False,
        "closed_network": order.closed_network,
        "zone": "own",
        "contract": "own",
        "subprocessors": (),
        "cert_pin": "loopback",
        "allowed_hosts": (host_of(order.url),),
        "evidence_url": "magi seat",
        "checked_on": day.isoformat(),
        "checked_by": checked_by,
    }


def council_file(order: CouncilOrder, personas: Sequence[str]) -> tuple[Council, str]:
    """The council and the text of its file; `personas` are the names of the templates there are (`melchior@1`).

    Raises:
        SeatRefusedError: seat_form, persona_form, what is not `seat=what`; persona_missing, with the seats whose
            name does not say it.
        MalformedFileError: a value that a council may not hold.
    """
    seats, chosen = _pairs(order.seats, "seat_form"), _pairs(order.personas, "persona_form")
    found = {seat: chosen.get(seat) or _persona_of(seat, personas) for seat in seats}
    unknown = tuple(
        sorted({*(s for s, p in found.items() if p not in personas), *(set(chosen) - set(seats))})
    )
    if unknown:
        raise SeatRefusedError("persona_missing", seats=unknown, known=tuple(sorted(personas)))
    quorum = order.quorum or len(seats) // 2 + 1
    facts: dict[str, Table] = {
        "": {
            "name": order.name,
            "title": order.title or order.name,
            "quorum": quorum,
            "deadline_seconds": COUNCIL_SECONDS,
            "attempts": COUNCIL_ATTEMPTS,
        },
        "rule": {"name": "majority", "tie": "none"},
        "arbitration": {},
    }
    tables = [
        toml({"[seats]": {"seat": seat, "persona": found[seat] or "", "targets": _targets(cards)}})
        for seat, cards in seats.items()
    ]
    text = "\n".join(["# Written by magi seat.", toml(facts), *tables])
    return parse_council(tomllib.loads(text), f"{order.name}.toml"), text


def _pairs(words: Sequence[str], reason: str) -> dict[str, str]:
    pairs = [(name.strip(), what.strip()) for name, _, what in (word.partition("=") for word in words)]
    found = dict(pairs)
    if not all(name and what for name, what in pairs) or len(found) < len(pairs):
        raise SeatRefusedError(reason)
    return found


def _targets(cards: str) -> tuple[str, ...]:
    """The card of a seat and its fallbacks: `first,second`."""
    return tuple(card.strip() for card in cards.split(","))


def _persona_of(seat: str, personas: Sequence[str]) -> str | None:
    """The newest persona whose name the seat's begins with: `melchior-2` sits as melchior."""
    own = [name for name in personas if seat.startswith(name.partition("@")[0])]
    return max(own, key=lambda name: int(name.partition("@")[2]), default=None)


def toml(tables: Mapping[str, Table]) -> str:
    """Tables by heading (the empty one first, without heading) as TOML; the strings of JSON are TOML's too."""
    parts = []
    for heading, table in tables.items():
        lines = [f"[{heading}]"] if heading else []
        lines += [f"{key} = {_literal(value)}" for key, value in table.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _literal(value: Value) -> str:
    shown = list(value) if isinstance(value, tuple) else value
    # DEL is the one character that JSON leaves bare and TOML forbids (toml.io, v1.0.0, "String").
    return json.dumps(shown, ensure_ascii=False).replace("\x7f", "\\u007f")
