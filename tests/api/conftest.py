"""What the service's tests share: a real server on loopback over a scripted cast, and what it logged.

The server runs in a thread with a loop of its own (uvloop), so that unmodified clients can be used from outside.
"""

import asyncio
import contextlib
import json
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx
import openai
import pytest
import structlog
import uvloop

from magi.api.desk import Desk, Offer
from magi.api.limits import Limits
from magi.api.server import BoundedHttp, make_server, quiet_server_log
from magi.assets import load_assets
from magi.cli.rehearsal import fitting
from magi.cli.serve import councils_for
from magi.core.decided import Decided
from magi.core.record import Cancelled, Ticketed
from magi.residency.policy import is_foreign
from magi.settings import read_settings
from magi.standin.rehearsal import plausible
from magi.standin.script import Delay, Reply
from magi.standin.server import StandIn
from magi.wiring import bind, open_tools, today

LIMIT_SECONDS = 60
CANARY = re.compile(r"CANARY-[0-9a-f]{8,}")
DEFAULT = fitting(plausible("home"))


def form(answer, reason="理由", basis="根拠なし"):
    """What a seat that follows the form sends."""
    return Reply(json.dumps({"answer": answer, "reason": reason, "basis": basis}, ensure_ascii=False))


def echo(request):
    """Answer with the canaries that the seat saw."""
    return form("、".join(sorted(set(CANARY.findall(request.last_user_text)))) or "なし")


def slow(seconds, script=DEFAULT):
    """The same script, after a wait."""
    return lambda request: Delay(seconds, script(request))


@dataclass
class Service:
    """A running service as a test sees it."""

    port: int = 0
    desk: Desk | None = None
    server: object = None
    home: StandIn | None = None
    abroad: StandIn | None = None
    loop: asyncio.AbstractEventLoop | None = None
    logged: list = field(default_factory=list)
    noted: list = field(default_factory=list)

    @property
    def url(self):
        """The root of the service."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, **options):
        """The openai client, as anybody would make it."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="unused", **({"max_retries": 0} | options))

    def async_client(self, **options):
        """The asynchronous openai client."""
        return openai.AsyncOpenAI(
            base_url=f"{self.url}/v1", api_key="unused", **({"max_retries": 0} | options)
        )

    def http(self, **options):
        """A plain HTTP client."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=LIMIT_SECONDS, **options)

    def call(self, work):
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(LIMIT_SECONDS)

    def records(self, deliberation):
        """The records of a deliberation."""
        return self.call(self.desk.offer.tools.ledger.read(f"d/{deliberation}"))

    def streams(self):
        """The names of all deliberations, oldest first."""
        return self.call(self.desk.offer.tools.ledger.streams("d/"))

    def events(self, kind, deliberation=None):
        """The events of a kind in a deliberation (the last one of all unless named)."""
        name = deliberation or self.streams()[-1].removeprefix("d/")
        return [record.data for record in self.records(name) if record.kind == kind]

    def everything_logged(self):
        """All log lines as one text."""
        return "\n".join(map(str, self.logged)) + "\n".join(self.noted)

    def settled(self, condition):
        """Wait until the condition holds; give what it last said."""
        until = time.monotonic() + LIMIT_SECONDS
        while not (found := condition()) and time.monotonic() < until:
            time.sleep(0.01)
        return found


class _Kept(logging.Handler):
    def __init__(self, kept):
        super().__init__(logging.DEBUG)
        self.kept = kept

    def emit(self, record):
        self.kept.append(self.format(record))


async def _serve(service, folder, ready, *, script, abroad, limits, protocol, change, lang):
    settings = read_settings({"MAGI_HOME": str(folder), "MAGI_LANG": lang})
    assets = load_assets()
    async with contextlib.AsyncExitStack() as stack:
        service.home = await stack.enter_async_context(StandIn(script))
        service.abroad = await stack.enter_async_context(StandIn(abroad or script))
        cards = {
            name: bind(
                card, (service.abroad if is_foreign(card) else service.home).base_url, "scripted", today()
            )
            for name, card in assets.cards.items()
        }
        tools = await stack.enter_async_context(open_tools(settings, assets, cards))
        councils = councils_for(settings, assets, cards, rehearse=True).served
        offer = Offer(change(tools), councils, "magi", limits=limits, rehearsal=True, lang=lang)
        service.desk = Desk(offer)
        service.loop = asyncio.get_running_loop()

        def listening(port):
            service.port = port
            ready.set()

        service.server = make_server(service.desk, "127.0.0.1", 0, listening, protocol)
        await service.server.serve()


@contextlib.contextmanager
def serve(
    folder,
    *,
    script=DEFAULT,
    abroad=None,
    limits=None,
    protocol=BoundedHttp,
    change=lambda tools: tools,
    lang="ja",
):
    """A service on a free port; on the way out it must stop in order, with nothing left running."""
    service, ready, failures = Service(), threading.Event(), []
    options = {
        "script": script,
        "abroad": abroad,
        "limits": limits or Limits(),
        "protocol": protocol,
        "change": change,
        "lang": lang,
    }

    def run():
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(service, folder, ready, **options))
        except BaseException as error:  # noqa: BLE001  # told to the test below
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    kept = _Kept(service.noted)
    logging.getLogger().addHandler(kept)
    with structlog.testing.capture_logs() as service.logged, quiet_server_log():
        thread.start()
        assert ready.wait(LIMIT_SECONDS)
        try:
            if failures:
                raise failures[0]
            yield service
        finally:
            if service.server is not None:
                service.server.should_exit = True
            thread.join(LIMIT_SECONDS)
            logging.getLogger().removeHandler(kept)
    assert not thread.is_alive()
    if failures:
        raise failures[0]
    assert service.desk.running == 0
    assert not service.server.server_state.connections


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """One service of the plain rehearsal cast for all tests of a module that only look."""
    with serve(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture(scope="session")
def kit():
    """The shared parts, by name."""
    return SimpleNamespace(
        serve=serve,
        form=form,
        echo=echo,
        slow=slow,
        CANARY=CANARY,
        DEFAULT=DEFAULT,
        LIMIT_SECONDS=LIMIT_SECONDS,
        Cancelled=Cancelled,
        Decided=Decided,
        Ticketed=Ticketed,
    )
