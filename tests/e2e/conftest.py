"""What the end-to-end tests share: commands, agents of this machine, stand-ins, a played gateway, a ledger's view.

Nothing here patches the program: commands run as processes, agents come from files (MAGI_ASSETS_DIR), models
through the `Models` port or over loopback.
"""

import asyncio
import contextlib
import datetime
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from magi.assets import load_assets
from magi.core.decided import Decided
from magi.gateway.client import AttemptReport, Told
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Mint
from magi.ledger.keyfile import read_key_file
from magi.ledger.logkey import LogKeyFile
from magi.ledger.store import SqliteLedger
from magi.settings import read_settings
from magi.standin.server import StandIn
from magi.wiring import KEY_ID, SystemClock, SystemEntropy, log_name, open_tools, today

CHECKOUT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("magi")
LIMIT_SECONDS = 60
"""No command here takes more than a few seconds; a machine that is busy with other things may need many."""
SEATS = ("melchior", "balthasar", "casper", "seat-4", "seat-5", "seat-6", "seat-7")
PERSONAS = ("melchior@1", "balthasar@1", "casper@1")

CARD = Path(__file__).with_name("own-card.toml")
COUNCIL = """\
name = "own"
title = "Own"
quorum = {quorum}
rule = {{ name = "majority", tie = "none" }}
deadline_seconds = {deadline}
attempts = {attempts}
"""
SEAT = """
[[seats]]
seat = "{seat}"
persona = "{persona}"
targets = ["{card}"]
"""


def card_text(name, base_url, **changes):
    """The file of an agent that this machine serves (class A), with changes."""
    facts = {
        "id": name,
        "title": f"Own {name}",
        "country": "JP",
        "scope": "JP",
        "base_url": base_url,
        "host": base_url.split("://")[1].split("/")[0].rsplit(":", 1)[0],
        "key_env": "",
        "stream": "false",
        "sha": "ab" * 32,
        "cert_pin": "loopback",
        "day": today().isoformat(),
    }
    return CARD.read_text("utf-8").format(**(facts | changes))


def write_assets(folder, agents, *, quorum=2, deadline=30, attempts=1, council="own"):
    """Agents and prompts of the checkout, and the council `own` of `agents` (card id -> card file)."""
    if not folder.exists():
        shutil.copytree(CHECKOUT / "agents", folder / "agents")
        shutil.copytree(CHECKOUT / "prompts", folder / "prompts")
    for name, text in agents.items():
        (folder / "agents" / f"{name}.toml").write_text(text, encoding="utf-8")
    text = COUNCIL.format(quorum=quorum, deadline=deadline, attempts=attempts)
    for seat, persona, card in zip(SEATS, itertools.cycle(PERSONAS), agents, strict=False):
        text += SEAT.format(seat=seat, persona=persona, card=card)
    (folder / "agents" / "councils" / f"{council}.toml").write_text(text.replace('"own"', f'"{council}"'))
    return folder


@dataclass(frozen=True)
class Ended:
    """A command that ended: exit status (negative: the signal) and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Running:
    """A command under way."""

    pid: int
    folder: Path
    wire: socket.socket = field(repr=False)

    def kill(self):
        """SIGKILL; harmless if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def interrupt(self):
        """SIGINT, as from a terminal."""
        os.kill(self.pid, signal.SIGINT)

    def wait(self):
        """Wait for its end."""
        with self.wire:
            status = self.wire.makefile().readline()
        out, err = ((self.folder / name).read_text("utf-8", "replace") for name in ("out", "err"))
        return Ended(int(status), out, err)


@dataclass
class Magi:
    """The `magi` command of one test, with a home of its own; `env` joins the few variables it gets."""

    forge: Path
    folder: Path
    env: dict = field(default_factory=dict)
    _count: itertools.count = field(default_factory=itertools.count)

    @property
    def home(self):
        """Where its ledger lives."""
        return self.folder / "home"

    @property
    def ledger(self):
        """Its ledger file."""
        return self.home / "ledger.db"

    def environment(self, **env):
        """All that a command sees of the environment."""
        given = {"PATH": os.defpath, "HOME": str(self.folder), "LANG": "C.UTF-8"}
        return given | {"MAGI_HOME": str(self.home)} | self.env | {k: str(v) for k, v in env.items()}

    def start(self, *arguments, stdin=b"", source=None, sink=None, file_bytes=None, **env):
        """Start a command; `source` and `sink` are open files for it, `file_bytes` limits each file it writes."""
        folder = self.folder / f"run{next(self._count)}"
        folder.mkdir()
        (folder / "in").write_bytes(stdin)
        request = {
            "argv": [os.fsencode(each).hex() for each in arguments],
            "env": self.environment(**env),
            "cwd": str(folder),
            "file_bytes": file_bytes,
        }
        wire = socket.socket(socket.AF_UNIX)
        wire.settimeout(LIMIT_SECONDS)
        wire.connect(str(self.forge))
        with (
            (folder / "in").open("rb") as given,
            (folder / "out").open("wb") as out,
            (folder / "err").open("wb") as err,
        ):
            line = json.dumps(request).encode() + b"\n"
            files = [(source or given).fileno(), (sink or out).fileno(), err.fileno()]
            sent = socket.send_fds(wire, [line], files)
            wire.sendall(line[sent:])
        return Running(_number(wire), folder, wire)

    def run(self, *arguments, **more):
        """Run a command to its end."""
        return self.start(*arguments, **more).wait()

    def real(self, *arguments, **env):
        """Run the installed console script itself, start-up and all."""
        done = subprocess.run(
            [SCRIPT, *arguments],
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace"))

    def settings(self, **env):
        """The same settings for a test that calls the service itself."""
        return read_settings(self.environment(**env))


def _number(wire):
    """The first line of the forge's answer, byte by byte: what follows it belongs to `wait`."""
    line = b""
    while not line.endswith(b"\n"):
        line += wire.recv(1)
    return int(line)


@pytest.fixture(scope="session")
def forge():
    """The process that forks commands."""
    # A socket's path may be 107 bytes long, which pytest's folders can exceed.
    with tempfile.TemporaryDirectory(prefix="magi-forge-") as folder:
        path = Path(folder) / "socket"
        with subprocess.Popen(
            [sys.executable, Path(__file__).with_name("forge.py"), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            process.stdout.readline()
            yield path
            process.stdin.close()


@pytest.fixture
def magi(forge, tmp_path):
    """The command with an empty home."""
    return Magi(forge, tmp_path)


@contextlib.contextmanager
def served(script, **options):
    """A stand-in on loopback, in a thread of its own."""
    ready, box = threading.Event(), {}

    async def serve():
        async with StandIn(script, **options) as standin:
            box.update(standin=standin, loop=asyncio.get_running_loop(), stop=asyncio.Event())
            ready.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(LIMIT_SECONDS)
    try:
        yield box["standin"]
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join()


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def form(answer, reason="理由", basis="根拠なし"):
    """What a seat that follows the form sends."""
    return json.dumps({"answer": answer, "reason": reason, "basis": basis}, ensure_ascii=False)


@dataclass
class Played:
    """A gateway without sockets (the `Models` port): each seat says what `parts` holds for it.

    A part is `Told` fields; `arrival` names seats in the order in which their answers come (None: as asked).
    """

    cards: Mapping
    parts: Mapping[str, dict]
    arrival: Sequence[str] | None = None
    mint: Mint = field(default_factory=lambda: Mint(secrets.token_bytes(32)))
    turns: dict = field(default_factory=dict)

    async def ask(self, order, authorise, failed):
        """Take a ticket, wait for the turn, say the part."""
        card = self.cards[order.targets[0]]
        wire = render(card, order.system, order.user, order.schema)
        ticket = self.mint.issue(
            wire,
            card,
            ask=order.ask,
            attempt=order.first_attempt,
            label=order.label,
            derived_from=order.derived_from,
            now_ms=SystemClock().now_ms(),
            nonce=secrets.token_bytes(16),
        )
        await authorise(ticket, wire)
        part = self.parts[order.seat]
        if self.arrival is not None:
            await self._turn(order.seat).wait()
        if part.get("failure"):
            report = AttemptReport(order.ask, ticket.attempt, card.id, part["failure"], "maybe", None)
            await failed(report)
        if self.arrival is not None:
            after = self.arrival.index(order.seat) + 1
            # Set, then return without another wait: this answer is handed in before the next seat wakes.
            self._turn((*self.arrival, "nobody")[after]).set()
        return Told(ticket.attempt, card.id, origin="scripted", **part)

    def _turn(self, seat):
        event = self.turns.setdefault(seat, asyncio.Event())
        if seat == self.arrival[0]:
            event.set()
        return event


@contextlib.asynccontextmanager
async def service(settings):
    """The real service and the assets behind it."""
    assets = load_assets(settings.assets_dir)
    async with open_tools(settings, assets) as tools:
        yield tools, assets


def with_models(tools, parts, arrival=None):
    """The same service with a played gateway."""
    return replace(tools, models=Played(tools.cards, parts, arrival))


def peek(path, home=None):
    """A copy of a ledger's files, as a crash left them; looking at the copy changes nothing of the case."""
    home.mkdir(parents=True)
    for name in ("ledger.db", "ledger.db-wal", "tenant.key", "log.key"):
        if (path / name).exists():
            shutil.copy(path / name, home / name)
    return home


def opened(home, tenant="local"):
    """The ledger in a home, for reading and its bodies."""
    return SqliteLedger(
        home / "ledger.db",
        log=log_name(tenant),
        tenant=tenant,
        key_id=KEY_ID,
        keys=read_key_file(home / "tenant.key", KEY_ID),
        signers=LogKeyFile(home / "log.key", log_name(tenant)),
        entropy=SystemEntropy(),
        clock=SystemClock(),
        create=False,
    )


async def streams_of(ledger):
    """Every deliberation of a ledger: stream -> records."""
    return {name: await ledger.read(name) for name in await ledger.streams("d/")}


def verdicts(records):
    """The verdicts of one stream."""
    return [record.data for record in records if isinstance(record.data, Decided)]


@pytest.fixture(scope="session")
def kit():
    """The shared parts, by name."""
    return SimpleNamespace(
        Magi=Magi,
        service=service,
        with_models=with_models,
        card_text=card_text,
        day_before=lambda days: (today() - datetime.timedelta(days=days)).isoformat(),
        form=form,
        free_port=free_port,
        opened=opened,
        peek=peek,
        served=served,
        streams_of=streams_of,
        verdicts=verdicts,
        write_assets=write_assets,
        CHECKOUT=CHECKOUT,
        SEATS=SEATS,
        LIMIT_SECONDS=LIMIT_SECONDS,
    )
