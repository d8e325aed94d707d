"""`magi doctor`: what this installation has, what it lacks, and what to do next.

Nothing of a person is sent, and nothing leaves this machine: it knocks at loopback addresses (a TCP connection)
and asks who listens there for a list of models. Keys are looked for by name; no value is read.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.ledger_opened import name_of, source_of
from magi.cli.seat import seat_command
from magi.cli.servers import USUAL_PORTS, Server, address, find_servers
from magi.core.card import Card
from magi.core.errors import LocalServerError, MagiError
from magi.ledger.verify import Brought, verify_source
from magi.local.serving import library
from magi.residency.policy import on_loopback
from magi.settings import Settings
from magi.wiring import REHEARSAL_HOST, ledger_keys
from magi.words import say, say_error

MAX_SHOWN = 8
"""Models listed of one server: a screen holds three servers of this many."""
_STYLES = {"ok": "green", "warn": "yellow", "bad": "bold red"}


@dataclass(frozen=True)
class Finding:
    """One line: good, worth a note, or bad."""

    state: Literal["ok", "warn", "bad"]
    words: str


async def doctor(settings: Settings, usual: Mapping[int, str] = USUAL_PORTS) -> bool:
    """Print the findings; true when nothing is bad. `usual` is where servers are looked for besides cards."""
    cards = _real_cards(settings)
    servers = await find_servers(cards, usual)
    findings = [
        *_installation(settings),
        *_ledger(settings),
        *(_backend(card, settings, servers) for card in cards),
        *_servers(cards, servers, usual, settings.lang),
        _local(settings.lang),
    ]
    out, lang = screen.console(), settings.lang
    for finding in findings:
        mark = f"[{say(f'doctor.{finding.state}', lang)}] "
        line = Text(mark, style=_STYLES[finding.state]).append_text(screen.plain(finding.words))
        out.print(line, soft_wrap=True)  # a command must stay one line to be copied
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
    key = "doctor.own_assets" if settings.assets_dir else "doctor.shipped_assets"
    yield Finding("ok", say(key, lang, folder=str(settings.own_assets_dir)))


def _ledger(settings: Settings) -> Iterator[Finding]:
    lang, source = settings.lang, source_of(settings, None)
    if isinstance(source, Path) and not source.exists():
        yield Finding("ok", say("doctor.no_ledger", lang, path=str(source)))
        yield Finding("ok", say("doctor.no_tenant_key", lang))
        return
    try:
        store = "doctor.in_file" if isinstance(source, Path) else "doctor.shared"
        yield Finding("ok", say(store, lang, where=name_of(source)))
        keys = ledger_keys(settings)
        yield Finding("ok", say("doctor.tenant_key", lang, path=str(settings.key_path)))
        report = verify_source(source, Brought(keys))
    except MagiError as error:
        yield Finding("bad", say_error(error, lang))
        return
    if not report.sound:
        yield Finding("bad", say("replay.broken", lang, what=report.problems[0].what))
    yield Finding("ok", say("doctor.ledger", lang, records=report.records, streams=report.streams))
    if isinstance(source, str) and not report.waiting:
        yield Finding("ok", say("doctor.placed", lang))
    elif report.waiting:
        yield Finding("warn", say("doctor.waiting", lang, count=report.waiting))


def _real_cards(settings: Settings) -> list[Card]:
    try:
        cards = load_assets(settings.assets_dir).cards.values()
    except MagiError:
        return []  # named by the installation's findings
    return [card for card in cards if not any(h.endswith(REHEARSAL_HOST) for h in card.backend.allowed_hosts)]


def _backend(card: Card, settings: Settings, servers: Iterable[Server]) -> Finding:
    lang, env = settings.lang, card.endpoint.key_env
    if on_loopback(card):
        return _own_backend(card, {server.url: server for server in servers}.get(address(card)), lang)
    if env and not settings.secrets.get(env):
        return Finding("warn", say("doctor.key_missing", lang, card=card.id, env=env))
    return Finding("ok", say("doctor.key_there", lang, card=card.id, env=env))


def _own_backend(card: Card, server: Server | None, lang: str) -> Finding:
    facts = {"card": card.id, "host": urlsplit(card.endpoint.base_url).netloc}
    if server is None:
        return Finding("warn", say("doctor.unreachable", lang, **facts))
    if server.offered.trouble is None and card.endpoint.model not in server.offered.models:
        return Finding("warn", say("doctor.model_missing", lang, **facts, model=card.endpoint.model))
    return Finding("ok", say("doctor.reachable", lang, **facts))


def _servers(
    cards: Iterable[Card], servers: Iterable[Server], usual: Mapping[int, str], lang: str
) -> Iterator[Finding]:
    seated: dict[tuple[str, str], list[str]] = {}
    for card in cards:
        seated.setdefault((address(card), card.endpoint.model), []).append(card.id)
    found = False
    for server in servers:
        found = True
        yield _server(server, seated, lang)
    if not found:
        yield Finding("ok", say("doctor.no_servers", lang, names=tuple(usual.values())))


def _server(server: Server, seated: Mapping[tuple[str, str], list[str]], lang: str) -> Finding:
    facts = {"url": server.url, "name": server.name}
    match server.offered.trouble:
        case None:
            pass
        case "key_wanted":
            return Finding("warn", say("doctor.key_wanted", lang, **facts))
        case "magi_itself":
            return Finding("ok", say("doctor.magi_itself", lang, **facts))
        case trouble:
            return Finding("warn", say("doctor.not_openai", lang, **facts, what=trouble))
    models = server.offered.models
    lines = [say("doctor.server", lang, **facts, count=len(models))]
    for model in models[:MAX_SHOWN]:
        on = seated.get((server.url, model))
        if on:
            lines.append(say("doctor.seated", lang, model=model, cards=tuple(on)))
        else:
            lines += [
                say("doctor.seatable", lang, model=model),
                f"      {seat_command(server.url, model)}",
            ]
    if len(models) > MAX_SHOWN:
        lines.append(say("doctor.more_models", lang, count=len(models) - MAX_SHOWN))
    return Finding("ok", "\n".join(lines))


def _local(lang: str) -> Finding:
    try:
        library()
    except LocalServerError as error:
        if error.reason == "extra_missing":
            return Finding("ok", say("doctor.local_missing", lang))
        return Finding("warn", say("doctor.local_library", lang, what=error.facts["what"]))
    return Finding("ok", say("doctor.local_there", lang))
