"""What the tests of single commands share: the command in this process, and a stand-in as a server found."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi.cli.main import app
from magi.core.errors import MagiError
from magi.settings import read_settings
from magi.standin.script import Reply
from magi.standin.server import StandIn

START_SECONDS = 30


@dataclass(frozen=True)
class Done:
    """A command that ended: what it printed, and the error that it ended with."""

    out: str
    error: BaseException | None

    @property
    def reason(self):
        """The stable reason of a refusal, None where there was none; anything but a named error is a failure."""
        if self.error is None:
            return None
        assert isinstance(self.error, MagiError), self.error
        return self.error.reason


@dataclass(frozen=True)
class Command:
    """The `magi` command of one test, with a home of its own."""

    home: Path

    @property
    def environment(self):
        """All variables that the command reads."""
        return {"MAGI_HOME": str(self.home), "MAGI_ASSETS_DIR": "", "MAGI_LANG": "ja"}

    @property
    def settings(self):
        """The same settings for a test that calls a command's function."""
        return read_settings(self.environment)

    @property
    def agents(self):
        """Its folder of cards."""
        return self.home / "assets" / "agents"

    def run(self, *arguments, **env):
        """Run one command to its end."""
        given = self.environment | {name: str(value) for name, value in env.items()}
        done = CliRunner().invoke(app, [str(word) for word in arguments], env=given)
        return Done(done.output, None if isinstance(done.exception, SystemExit) else done.exception)


@pytest.fixture
def command(tmp_path):
    """The command with an empty home."""
    return Command(tmp_path / "home")


@pytest.fixture
def server():
    """Starts a stand-in that offers models, in a thread; gives its base address."""
    with contextlib.ExitStack() as stack:

        def start(*models, api_key=None):
            return stack.enter_context(served(models, api_key))

        yield start


@contextlib.contextmanager
def served(models, api_key):
    """A stand-in in a thread of its own."""
    ready, box = threading.Event(), {}

    async def serve():
        async with StandIn(lambda _: Reply("x"), models=models, api_key=api_key) as standin:
            box.update(url=standin.base_url, loop=asyncio.get_running_loop(), stop=asyncio.Event())
            ready.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(START_SECONDS)
    try:
        yield box["url"]
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join()
