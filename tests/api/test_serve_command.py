"""The command: a service as a process, from its notice to its end."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

CHECKOUT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("magi")
LIMIT_SECONDS = 60


@dataclass
class Command:
    """`magi serve` under way; what it says goes to a file."""

    process: subprocess.Popen
    said: Path

    @property
    def text(self):
        """Everything said so far."""
        return self.said.read_text("utf-8")

    def url(self):
        """The address in the notice, once it stands there."""
        until = time.monotonic() + LIMIT_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            if found := re.search(r"(http://\S+)/v1 ", self.text):
                return found[1]
            time.sleep(0.02)
        return pytest.fail(self.text)

    def end(self):
        """Wait for the end; the exit status."""
        return self.process.wait(LIMIT_SECONDS)


@contextlib.contextmanager
def started(folder, *arguments, **more):
    """`magi serve` in a home of its own; killed on the way out if it still runs."""
    env = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "MAGI_HOME": str(folder / "home"),
    } | more
    said = folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [SCRIPT, "serve", "--port", "0", *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield Command(process, said)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT_SECONDS)


def replayed(folder):
    """Every deliberation of the home, checked and recomputed."""
    return subprocess.run(
        [SCRIPT, "replay", "--all", "--lang", "en"],
        env={"PATH": os.defpath, "HOME": str(folder), "MAGI_HOME": str(folder / "home")},
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_serves_until_a_signal_and_ends_well(tmp_path, number):
    """The service says that nobody is identified, answers, and on a signal ends with 0 and a sound ledger."""
    with started(tmp_path, "--rehearsal") as command:
        body = {"model": "magi", "messages": [{"role": "user", "content": "CANARY-12345678 どうか"}]}
        reply = httpx.post(
            f"{command.url()}/v1/chat/completions", json=body, timeout=LIMIT_SECONDS, trust_env=False
        )
        command.process.send_signal(number)
        code = command.end()
    checked = replayed(tmp_path)
    lines = [json.loads(line) for line in command.text.splitlines() if line.startswith("{")]

    assert reply.status_code == 200
    assert code == checked.returncode == 0
    assert "この機械の中からだけ接続できます" in command.text
    assert "予行です" in command.text
    assert [line["event"] for line in lines] == ["deliberation.decided", "request.served"]
    assert "CANARY" not in command.text


def test_what_runs_at_a_signal_is_finished(tmp_path):
    """Deliberations in the background when the signal comes are decided on record before the process ends."""
    with started(tmp_path, "--rehearsal") as command:
        with httpx.Client(base_url=command.url(), trust_env=False, timeout=LIMIT_SECONDS) as http:
            for number in range(20):
                body = {"question": f"問い{number}"}
                http.post("/v1/deliberations", json=body, headers={"prefer": "respond-async"})
        command.process.send_signal(signal.SIGTERM)
        code = command.end()

    assert code == 0
    assert b"20 same, 0 different, 0 open" in replayed(tmp_path).stdout


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com"])
def test_it_listens_nowhere_else(tmp_path, host):
    """Any host but loopback is the caller's fault, before a ledger is made."""
    with started(tmp_path, "--rehearsal", "--host", host) as command:
        code = command.end()

    assert code == 2
    assert "127.0.0.1" in command.text
    assert not (tmp_path / "home").exists()


def test_what_cannot_be_served_is_named(tmp_path):
    """Councils that lack a key are left out, each with the variable that is missing; the others are served."""
    with started(tmp_path) as command:
        models = httpx.get(f"{command.url()}/v1/models", timeout=LIMIT_SECONDS, trust_env=False).json()[
            "data"
        ]

    assert "PLAMO_API_KEY" in command.text
    assert [model["id"] for model in models] == ["open-weights"]


def test_without_any_council_it_does_not_start(tmp_path):
    """Where no council at all can be served the command ends, and says what to do."""
    for folder in ("agents", "prompts"):
        shutil.copytree(CHECKOUT / folder, tmp_path / "own" / folder)
    (tmp_path / "own" / "agents" / "councils" / "open-weights.toml").unlink()
    with started(tmp_path, MAGI_ASSETS_DIR=str(tmp_path / "own")) as command:
        code = command.end()

    assert code == 2
    assert "--rehearsal" in command.text


def test_a_port_that_is_taken_is_named(tmp_path):
    """A port on which somebody listens is the caller's fault, with the port in the message and no trace."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        with started(tmp_path, "--rehearsal", "--port", port) as command:
            code = command.end()

    assert code == 2
    assert port in command.text
    assert "Traceback" not in command.text
