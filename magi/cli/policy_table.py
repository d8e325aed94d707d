"""`magi policy table`: what a profile admits, label by label, and what each model may see today."""

import json
from collections.abc import Sequence

import typer
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.explain import profile_named
from magi.core.card import Card
from magi.residency.label import Label
from magi.residency.policy import NO_TOPICS, admit, backend_class
from magi.residency.profile import BackendClass, Profile
from magi.settings import Settings
from magi.wiring import today
from magi.words import say

CLASSES: tuple[BackendClass, ...] = ("A", "B", "C", "D", "E")


def show_table(settings: Settings, name: str | None, *, as_json: bool) -> None:
    """Print the routing table of a profile and the labels that each model is admitted for today.

    Raises:
        UnknownNameError: no such profile. MalformedFileError: a card or profile.
    """
    assets = load_assets(settings.assets_dir)
    profile = profile_named(assets, settings, name)
    cards = tuple(assets.cards.values())
    if as_json:
        typer.echo(json.dumps(_json(profile, cards), ensure_ascii=False, indent=2))
        return
    _show(profile, cards, settings.lang)


def _admitted(card: Card, profile: Profile) -> tuple[Label, ...]:
    """The labels whose text, of no listed topic, the card may see today."""
    return tuple(label for label in Label if admit(label, card, profile, NO_TOPICS, today()).admitted)


def _zones(profile: Profile, label: Label) -> tuple[str, ...] | None:
    """The zones that may see a label; None where any may."""
    if not profile.zones:
        return None
    return tuple(zone for zone in profile.zones[label.word] if profile.allows_zone(label, zone))


def _json(profile: Profile, cards: Sequence[Card]) -> dict[str, object]:
    labels: dict[str, object] = {}
    for label in Label:
        opened = [letter for letter in CLASSES if profile.opens(label, letter)]
        zones = _zones(profile, label)
        labels[label.word] = {
            "classes": {letter: list(profile.conditions_on(label, letter)) for letter in opened},
            "zones": None if zones is None else list(zones),
        }
    return {
        "profile": profile.version,
        "title": profile.title,
        "effective_from": profile.effective_from,
        "evidence_days": profile.evidence_days,
        "masking": profile.masking,
        "labels": labels,
        "topics": {
            topic: {
                "raises_to": word,
                "banned_countries": list(profile.bans[topic].countries) if topic in profile.bans else [],
                "banned_lineages": list(profile.bans[topic].lineages) if topic in profile.bans else [],
            }
            for topic, word in profile.topics.items()
        },
        "aliases": dict(profile.aliases),
        "agents": {
            card.id: {
                "class": backend_class(card, profile, today()),
                "admitted": [label.word for label in _admitted(card, profile)],
            }
            for card in cards
        },
    }


def _show(profile: Profile, cards: Sequence[Card], lang: str) -> None:
    out = screen.console()
    screen.emit(out, Text(f"{profile.title}  {profile.version}", style="bold"))
    facts = say("policy.facts", lang, day=profile.effective_from, days=profile.evidence_days)
    masking = say("policy.masking_on" if profile.masking else "policy.masking_off", lang)
    screen.emit(out, Text(f"{facts}  {masking}"))
    shown = screen.table(say("ask.label", lang), *CLASSES, say("policy.zones", lang))
    for label in Label:
        cells = (_cell(profile, label, letter, lang) for letter in CLASSES)
        zones = _zones(profile, label)
        words = say("policy.any_zone", lang) if zones is None else ", ".join(zones) or "-"
        shown.add_row(*(Text(cell) for cell in (say(f"label.{label.word}", lang), *cells, words)))
    out.print(shown)
    screen.emit(
        out, *(Text(f"  {letter}: {say(f'policy.class.{letter.lower()}', lang)}") for letter in CLASSES)
    )
    topics = screen.table(*(say(f"policy.{key}", lang) for key in ("topic", "raises_to", "banned")))
    for topic, word in profile.topics.items():
        ban = profile.bans.get(topic)
        banned = ", ".join((*ban.countries, *ban.lineages)) if ban else ""
        topics.add_row(*(Text(cell) for cell in (topic, say(f"label.{word}", lang), banned or "-")))
    out.print(topics)
    agents = screen.table(*(say(key, lang) for key in ("agents.id", "agents.class", "policy.today")))
    for card in cards:
        labels = "、".join(say(f"label.{label.word}", lang) for label in _admitted(card, profile))
        row = (card.id, backend_class(card, profile, today()), labels or say("agents.nothing", lang))
        agents.add_row(*(Text(cell) for cell in row))
    out.print(agents)


def _cell(profile: Profile, label: Label, letter: BackendClass, lang: str) -> str:
    if not profile.opens(label, letter):
        return "-"
    conditions = profile.conditions_on(label, letter)
    return "\n".join(
        (say("policy.yes", lang), *(say(f"policy.condition.{name}", lang) for name in conditions))
    )
