"""The cast of a rehearsal: two scripted stand-ins, one at home and one abroad, and every card bound to its side.

The script sees what any model would see and nothing else: no gold, no label. Its free texts say that they are a
rehearsal. Where the form asks for a number or a date an invented one is filled in, and nobody abstains, so that
the rules have something to count.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from magi.core.card import Card
from magi.core.form import ABSTAIN
from magi.core.space import MAX_UNIT_CHARS
from magi.residency.policy import is_foreign
from magi.standin.rehearsal import plausible
from magi.standin.script import Behaviour, Reply, Request, Script
from magi.standin.server import StandIn
from magi.wiring import bind, today

_NUMBER_FORM, _DATE_FORM = "- answer: 数と単位。", "- answer: 「2026年4月1日」"
_UNIT_BEFORE, _UNIT_AFTER = "単位は「", "」。"
REMEMBERED = 100
"""Requests a stand-in keeps for inspection: with a batch's thousands, the process would grow by tens of MB."""
INVENTED = ("30", "40", "60")
"""Few enough values that seats sometimes agree."""


@dataclass(frozen=True)
class Cast:
    """Cards bound to the stand-in on their side of the border, and the two stand-ins."""

    cards: Mapping[str, Card]
    home: StandIn
    abroad: StandIn


@asynccontextmanager
async def rehearsal(cards: Mapping[str, Card]) -> AsyncIterator[Cast]:
    """Start both stand-ins on loopback and bind every card; both stop on the way out."""
    async with (
        StandIn(fitting(plausible("home")), remembered=REMEMBERED) as home,
        StandIn(fitting(plausible("abroad")), remembered=REMEMBERED) as abroad,
    ):
        bound = {
            name: bind(card, (abroad if is_foreign(card) else home).base_url, "scripted", today())
            for name, card in cards.items()
        }
        yield Cast(bound, home, abroad)


def fitting(script: Script) -> Script:
    """The same script, with an invented answer where the form leaves only some."""

    def fitted(request: Request) -> Behaviour:
        behaviour = script(request)
        invented = _invented(request)
        if invented is None or not isinstance(behaviour, Reply) or behaviour.content is None:
            return behaviour
        form = json.loads(behaviour.content)
        return replace(behaviour, content=json.dumps({**form, "answer": invented}, ensure_ascii=False))

    return fitted


def _options(request: Request) -> list[str]:
    """The words that the form's schema lists for `answer`; none for a free answer."""
    try:
        wanted = (request.response_format or {})["json_schema"]["schema"]["properties"]["answer"]["enum"]  # type: ignore[index]
    except (KeyError, TypeError):
        return []
    return [word for word in wanted if isinstance(word, str)]


def _invented(request: Request) -> str | None:
    text = request.last_user_text
    seed = hashlib.sha256(f"{request.model}\n{text}".encode()).digest()[0]
    options = [option for option in _options(request) if option != ABSTAIN]
    if options:
        return options[seed % len(options)]
    value = INVENTED[seed % len(INVENTED)]
    if _NUMBER_FORM in text:
        unit = text.rpartition(_UNIT_BEFORE)[2].partition(_UNIT_AFTER)[0]
        return value + unit if len(unit) <= MAX_UNIT_CHARS else value
    return f"令和8年4月{int(value) % 28 + 1}日" if _DATE_FORM in text else None
