"""`magi serve`: the HTTP service on this machine, composed: assets, cast, tools, councils, server.

1. Choose what can be served, and say what cannot and why. 2. Take up what an earlier run left open, before
anything new can begin. 3. Listen, and say loudly who may connect. 4. On the first signal stop in good order, on
the second at once.
"""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import uvloop
from rich.text import Text

from magi.api.desk import Desk, Offer
from magi.api.server import LoopbackServer, loopback_address, make_server, quiet_server_log
from magi.assets import Assets, load_assets
from magi.cli import screen
from magi.cli.rehearsal import rehearsal
from magi.core.card import Card
from magi.core.council import Council, check_council
from magi.core.errors import CallerError, CouncilRefusedError, MagiError
from magi.residency.label import Label
from magi.residency.plan import check, plan, seated
from magi.residency.policy import NO_TOPICS
from magi.service.recover import take_up
from magi.settings import Settings
from magi.wiring import check_callable, is_dead, open_tools, today
from magi.words import say, say_error

STAND_FOR = {"magi": "rehearsal", "magi-domestic": "rehearsal-domestic"}
"""In a rehearsal these councils answer under the names that clients will use in earnest."""


class PortTakenError(CallerError):
    """Nobody can listen on that port: another program does, or it is not allowed."""

    code = "port_taken"


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says."""

    host: str
    port: int
    rehearsal: bool


@dataclass(frozen=True)
class Councils:
    """Councils by the name under which they are served, and why others are not."""

    served: dict[str, Council]
    left_out: Mapping[str, MagiError]


def serve(settings: Settings, options: ServeOptions) -> None:
    """Serve until a signal.

    Raises:
        UnknownNameError: a host that is not loopback.
        CouncilRefusedError: none_served.
        PortTakenError: another program listens there.
        ForeignLedgerError, KeyMissingError, LedgerUnavailableError: as `open_tools`.
    """
    loopback_address(options.host)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, quiet_server_log():
        runner.run(_serve(settings, options))


def councils_for(
    settings: Settings, assets: Assets, cards: Mapping[str, Card], *, rehearse: bool
) -> Councils:
    """The councils that may deliberate on at least one label with what can be called now."""
    served: dict[str, Council] = {}
    left_out: dict[str, MagiError] = {}
    for name, council in assets.councils.items():
        error = _unusable(settings, assets, cards, council)
        if error is None:
            served[name] = council
        elif error.reason != "rehearsal_only":
            left_out[name] = error
    if rehearse:
        for name, stand_in in STAND_FOR.items():
            if stand_in in served:
                served[name] = served[stand_in]
                left_out.pop(name, None)
    return Councils(dict(sorted(served.items())), left_out)


def _unusable(
    settings: Settings, assets: Assets, cards: Mapping[str, Card], council: Council
) -> MagiError | None:
    profile, day = assets.profile(settings.profile), today()
    found: MagiError | None = None
    try:
        check(council, cards, profile, day)
    except MagiError as error:
        return error
    for label in Label:
        left = seated(council.seats, plan(council, cards, label, profile, day, topics=NO_TOPICS))
        targets = sorted({target for seat in left for target in seat.targets})
        try:
            check_council(left, council.quorum, council.rule, cards, council.name)
            check_callable(council.name, [cards[target] for target in targets], settings.secrets)
        except MagiError as error:
            found = found or error
        else:
            return None
    return found


async def _serve(settings: Settings, options: ServeOptions) -> None:
    assets = load_assets(settings.assets_dir)
    async with AsyncExitStack() as stack:
        # 1.
        cards: Mapping[str, Card] = assets.cards
        if options.rehearsal:
            cards = (await stack.enter_async_context(rehearsal(cards))).cards
        councils = councils_for(settings, assets, cards, rehearse=options.rehearsal)
        for name, error in councils.left_out.items():
            _tell("serve.left_out", settings.lang, council=name, why=say_error(error, settings.lang))
        if not councils.served:
            raise CouncilRefusedError("none_served")
        tools = await stack.enter_async_context(open_tools(settings, assets, cards))
        # 2.
        taken = await take_up(tools, is_dead)
        if taken:
            _tell("ask.resumed", settings.lang, count=len(taken))
        default = settings.council if settings.council in councils.served else next(iter(councils.served))
        offer = Offer(tools, councils.served, default, rehearsal=options.rehearsal, lang=settings.lang)
        desk = Desk(offer)
        # 3.
        server = make_server(
            desk, options.host, options.port, lambda port: _welcome(offer, options.host, port)
        )
        # 4.
        await _run(server, options)
        _tell("serve.stopped", settings.lang)


async def _run(server: LoopbackServer, options: ServeOptions) -> None:
    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        await server.serve()
    except SystemExit as error:  # uvicorn's way to say that it cannot bind
        raise PortTakenError("port", port=options.port) from error
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _welcome(offer: Offer, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    _tell("serve.listening", offer.lang, address=f"http://{shown}:{port}/v1", councils=tuple(offer.councils))
    _tell("serve.no_identity", offer.lang)
    if offer.rehearsal:
        _tell("ask.rehearsal", offer.lang)


def _tell(key: str, lang: str, **facts: str | int | tuple[str, ...]) -> None:
    words = Text(say(key, lang, **facts), style="yellow")
    screen.emit(screen.console(err=True), words)
