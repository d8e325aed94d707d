"""`magi agents list` and `magi agents check`: who may be seated, on what, for which labels, and why not."""

import datetime

from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import screen
from magi.core.card import Card
from magi.core.council import Council
from magi.core.errors import MagiError
from magi.residency.label import Label
from magi.residency.plan import check as check_plan
from magi.residency.plan import plan, seated
from magi.residency.policy import NO_TOPICS, Profile, admit, backend_class
from magi.settings import Settings
from magi.wiring import today
from magi.words import say, say_error, say_reasons


def list_agents(settings: Settings) -> None:
    """Print every card with its place, class, and the labels it may see today."""
    assets = load_assets(settings.assets_dir)
    profile = assets.profile(settings.profile)
    lang = settings.lang
    headings = ("agents.id", "agents.maker", "agents.host", "agents.class", "agents.admits", "agents.key")
    shown = screen.table(*(say(key, lang) for key in headings))
    for card in assets.cards.values():
        shown.add_row(*(Text(cell) for cell in _row(card, settings, profile, today())))
    screen.console().print(shown)


def _row(card: Card, settings: Settings, profile: Profile, day: datetime.date) -> tuple[str, ...]:
    lang, backend = settings.lang, card.backend
    labels = [label for label in Label if admit(label, card, profile, NO_TOPICS, day).admitted]
    return (
        f"{card.id}\n{card.title}",
        f"{card.model.developer}\n({card.model.developer_country}, {card.model.family})",
        f"{backend.host_country}/{backend.operator}",
        backend_class(card, profile, day),
        "\n".join(say(f"label.{label.word}", lang) for label in labels) or say("agents.nothing", lang),
        _key(card, settings),
    )


def _key(card: Card, settings: Settings) -> str:
    env = card.endpoint.key_env
    if not env:
        return say("agents.key_none", settings.lang)
    state = "agents.key_set" if settings.secrets.get(env) else "agents.key_unset"
    return say(state, settings.lang, env=env)


def check_agents(settings: Settings) -> bool:
    """Check every card, template and council, print what is wrong or held back; true if all is usable."""
    assets = load_assets(settings.assets_dir)
    profile = assets.profile(settings.profile)
    out, lang = screen.console(), settings.lang
    counts = {"cards": len(assets.cards), "councils": len(assets.councils)}
    screen.emit(out, Text(say("agents.checked", lang, **counts, templates=len(assets.templates.texts))))
    for card_id, codes in assets.attestation_problems.items():
        why = "、".join(say(f"attest.{code}", lang) for code in codes)
        screen.emit(out, Text(f"  {card_id}: {say('attest.no_proof', lang)}: {why}", style="yellow"))
    for card in assets.cards.values():
        ruling = admit(Label.INTERNAL, card, profile, NO_TOPICS, today())
        if not ruling.admitted:
            why = f"  {card.id}: {say('agents.cannot_internal', lang)}: {say_reasons(ruling.reasons, lang)}"
            screen.emit(out, Text(why, style="yellow"))
    screen.emit(out, Text(say("agents.councils", lang), style="bold"))
    usable = [_check_council(council, assets, profile, lang) for council in assets.councils.values()]
    return all(usable)


def _check_council(council: Council, assets: Assets, profile: Profile, lang: str) -> bool:
    out = screen.console()
    try:
        check_plan(council, assets.cards, profile, today())
    except MagiError as error:
        screen.emit(
            out, Text("  " + say("agents.council_bad", lang, name=council.name, why=say_error(error, lang)))
        )
        return False
    left: dict[str, int] = {
        label.word: len(
            seated(council.seats, plan(council, assets.cards, label, profile, today(), topics=NO_TOPICS))
        )
        for label in (Label.PUBLIC, Label.INTERNAL)
    }
    words = say(
        "agents.council_ok",
        lang,
        name=council.name,
        seats=len(council.seats),
        quorum=council.quorum,
        **left,
    )
    screen.emit(out, Text(f"  {words}"))
    return True
