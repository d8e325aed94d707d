"""`magi doctor`: what this installation has, what it lacks, and what to do next.

Sends nothing: it knocks at the loopback addresses of cards (a TCP connection) and looks no further.
"""

import asyncio
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.words import say, say_error
from magi.core.card import Card
from magi.core.errors import MagiError
from magi.gateway.knock import answers
from magi.ledger.verify import verify
from magi.residency.policy import on_loopback
from magi.settings import Settings
from magi.wiring import REHEARSAL_HOST, tenant_keys

_STYLES = {"ok": "green", "warn": "yellow", "bad": "bold red"}


@dataclass(frozen=True)
class Finding:
    """One line: good, worth a note, or bad."""

    state: Literal["ok", "warn", "bad"]
    words: str


async def doctor(settings: Settings) -> bool:
    """Print the findings; true when nothing is bad."""
    findings = [*_installation(settings), *_ledger(settings), *await _backends(settings)]
    out, lang = screen.console(), settings.lang
    for finding in findings:
        out.print(
            Text(f"[{say(f'doctor.{finding.state}', lang)}] {finding.words}", style=_STYLES[finding.state])
        )
    screen.emit(out, Text(say("doctor.next", lang)))
    return all(finding.state != "bad" for finding in findings)


def _installation(settings: Settings) -> Iterator[Finding]:
    lang = settings.lang
    yield Finding("ok", say("doctor.python", lang, version=platform.python_version()))
    try:
        assets = load_assets(settings.assets_dir)
    except MagiError as error:
        yield Finding("bad", say_error(error, lang))
        return
    counts = {"cards": len(assets.cards), "councils": len(assets.councils)}
    yield Finding("ok", say("doctor.assets", lang, **counts))


def _ledger(settings: Settings) -> Iterator[Finding]:
    lang, path = settings.lang, settings.ledger_path
    if not path.exists():
        yield Finding("ok", say("doctor.no_ledger", lang, path=str(path)))
        yield Finding("ok", say("doctor.no_tenant_key", lang))
        return
    try:
        keys = tenant_keys(settings, path, settings.key_path)
        yield Finding("ok", say("doctor.tenant_key", lang, path=str(settings.key_path)))
        report = verify(path, keys)
    except MagiError as error:
        yield Finding("bad", say_error(error, lang))
        return
    if not report.sound:
        yield Finding("bad", say("replay.broken", lang, what=report.problems[0].what))
    yield Finding("ok", say("doctor.ledger", lang, records=report.records, streams=report.streams))


async def _backends(settings: Settings) -> list[Finding]:
    try:
        cards = load_assets(settings.assets_dir).cards.values()
    except MagiError:
        return []
    real = [card for card in cards if not any(h.endswith(REHEARSAL_HOST) for h in card.backend.allowed_hosts)]
    return list(await asyncio.gather(*(_backend(card, settings) for card in real)))


async def _backend(card: Card, settings: Settings) -> Finding:
    lang, env = settings.lang, card.endpoint.key_env
    host = urlsplit(card.endpoint.base_url).netloc
    if on_loopback(card):
        there = await answers(card.endpoint.base_url)
        key = "doctor.reachable" if there else "doctor.unreachable"
        return Finding("ok" if there else "warn", say(key, lang, card=card.id, host=host))
    if env and not settings.secrets.get(env):
        return Finding("warn", say("doctor.key_missing", lang, card=card.id, env=env))
    return Finding("ok", say("doctor.key_there", lang, card=card.id, env=env))
