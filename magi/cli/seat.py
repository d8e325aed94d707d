"""`magi seat`: write the card of a model of this machine, or a council of cards; no code, no editor.

Checked before anything is written, by the code that will read it: a card parses, a council may deliberate. What a
card then may see, and why not more, is printed at once. Leaves to others: the texts (`seat_file`), the folder
(`own_assets`), serving a file (`local`).
"""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import screen
from magi.cli.local import base_url, local_command, model_name
from magi.cli.own_assets import make_own, put
from magi.cli.seat_file import CardOrder, CouncilOrder, card_file, council_file
from magi.core.card import Card
from magi.core.council import MIN_SEATS
from magi.core.errors import EgressRefusedError, SeatRefusedError
from magi.gateway.knock import loopback_address
from magi.gateway.offered import Offered, offered_models
from magi.local.weights import Weights, weigh
from magi.residency.label import Label
from magi.residency.plan import check, plan, seated
from magi.residency.policy import JAPAN, NO_TOPICS, admit
from magi.settings import Settings
from magi.wiring import make_home, today
from magi.words import say, say_reasons

_PERSONA = "persona/"
_EXAMPLE_SEATS = ("melchior", "balthasar", "casper")


@dataclass(frozen=True)
class GgufOrder:
    """A card for a file of weights that `magi local` will serve on `port`; `card` holds the rest."""

    file: Path
    port: int
    card: CardOrder


async def seat_card(settings: Settings, order: CardOrder, *, force: bool) -> Card:
    """Write one card and say what it may see and what to do next.

    Raises:
        SeatRefusedError: not_loopback; facts_missing, with all of them; exists.
        MalformedFileError: a value that a card may not hold, or a file of the folder is broken.
    """
    order = replace(order, url=_own_address(order.url))
    card, text = card_file(order, today())
    path = _write(settings, Path("agents") / f"{card.id}.toml", text, force=force)
    lang = settings.lang
    _tell(Text(say("seat.card_written", lang, card=card.id, file=str(path)), style="green"))
    _tell(*_may_see(card, settings), Text(say("seat.assumed", lang), style="dim"))
    if not order.weights_sha:
        _tell(*_answering(card, await offered_models(card.endpoint.base_url), lang))
    _tell(*_next(load_assets(settings.assets_dir), lang))
    return card


async def seat_gguf(settings: Settings, order: GgufOrder, *, force: bool) -> Card:
    """Write the card of a file with its real digest, and print the command that serves it.

    Raises:
        WeightsRefusedError: no such file, or no GGUF file.
        SeatRefusedError, MalformedFileError: as `seat_card`.
    """
    weights: Weights = weigh(order.file)
    model = order.card.model or model_name(order.file)
    wanted = replace(order.card, url=base_url(order.port), model=model, weights_sha=weights.sha256)
    card = await seat_card(settings, wanted, force=force)
    command = local_command(order.file, weights.sha256, order.port, model)
    _tell(Text(say("seat.serve", settings.lang)), Text(f"  {command}", style="bold"))
    return card


def seat_council(settings: Settings, order: CouncilOrder, *, force: bool) -> None:
    """Write one council, after the check that every deliberation repeats.

    Raises:
        SeatRefusedError: seat_form, persona_form, persona_missing, exists.
        UnknownNameError: a seat's card does not exist.
        CouncilRefusedError: the council may not deliberate; nothing was written.
        MalformedFileError: a value that a council may not hold, or a file of the folder is broken.
    """
    assets = load_assets(settings.assets_dir)
    personas = sorted(
        name.removeprefix(_PERSONA) for name in assets.templates.texts if name.startswith(_PERSONA)
    )
    council, text = council_file(order, personas)
    profile, lang = assets.profile(settings.profile), settings.lang
    check(council, assets.cards, profile, today())
    path = _write(settings, Path("agents") / "councils" / f"{council.name}.toml", text, force=force)
    left: dict[str, int] = {
        label.word: len(
            seated(council.seats, plan(council, assets.cards, label, profile, today(), topics=NO_TOPICS))
        )
        for label in (Label.PUBLIC, Label.INTERNAL)
    }
    counts = {"seats": len(council.seats), "quorum": council.quorum, **left}
    written = say("seat.council_written", lang, council=council.name, file=str(path))
    _tell(
        Text(written, style="green"),
        Text("  " + say("agents.council_ok", lang, name=council.name, **counts)),
        Text(say("seat.ask", lang, council=council.name)),
    )


def seat_command(url: str, model: str) -> str:
    """The command that seats this model, to be completed with who checked the facts."""
    words = shlex.join(["magi", "seat", "--url", url, "--model", model])
    return f'{words} --host-country JP --checked-by "…"'


def _tell(*lines: Text) -> None:
    out = screen.console()
    for line in lines:
        out.print(line, soft_wrap=True)  # a command must stay one line to be copied


def _own_address(url: str) -> str:
    """The address of a server of this machine; a bare one means its `/v1`, as all of them serve it."""
    try:
        loopback_address(url)
    except EgressRefusedError as error:
        raise SeatRefusedError("not_loopback") from error
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/v1"


def _write(settings: Settings, name: Path, text: str, *, force: bool) -> Path:
    """The written file; the folder is made first where there is none, and must be sound as it is."""
    folder = settings.own_assets_dir
    if settings.named_assets_dir is None:
        make_home(settings.home)
    if make_own(folder):
        _tell(Text(say("seat.folder_made", settings.lang, folder=str(folder)), style="dim"))
    load_assets(folder)
    put(folder / name, text, replace=force)
    return folder / name


def _may_see(card: Card, settings: Settings) -> list[Text]:
    lang, profile = settings.lang, load_assets(settings.assets_dir).profile(settings.profile)
    labels = [label for label in Label if admit(label, card, profile, NO_TOPICS, today()).admitted]
    words = "、".join(say(f"label.{label.word}", lang) for label in labels) or say("agents.nothing", lang)
    lines = [Text("  " + say("seat.may_see", lang, labels=words))]
    ruling = admit(Label.INTERNAL, card, profile, NO_TOPICS, today())
    if not ruling.admitted:
        why = f"  {say('agents.cannot_internal', lang)}: {say_reasons(ruling.reasons, lang)}"
        lines.append(Text(why, style="yellow"))
        if card.backend.host_country == JAPAN:
            lines.append(Text("  " + say("seat.closed_network", lang), style="dim"))
    return lines


def _answering(card: Card, offered: Offered, lang: str) -> list[Text]:
    url, model = card.endpoint.base_url, card.endpoint.model
    if offered.trouble is not None:
        return [Text("  " + say("seat.silent", lang, url=url), style="yellow")]
    if model in offered.models:
        return [Text("  " + say("seat.offered", lang, url=url, model=model), style="green")]
    known = "、".join(offered.models) or say("agents.nothing", lang)
    return [Text("  " + say("seat.not_offered", lang, url=url, model=model, known=known), style="yellow")]


def _next(assets: Assets, lang: str) -> list[Text]:
    """What is missing to a council: more cards, or the command that seats those of this machine."""
    own = sorted(set(assets.cards) - set(load_assets(None).cards))
    if len(own) < MIN_SEATS:
        return [Text(say("seat.more_cards", lang, needed=MIN_SEATS))]
    seats = " ".join(f"--seat {seat}=…" for seat in _EXAMPLE_SEATS)
    return [
        Text(say("seat.then_council", lang, cards="、".join(own))),
        Text(f"  magi seat --council mine {seats}", style="bold"),
    ]
