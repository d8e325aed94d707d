"""`magi ledger`: a shared ledger is created, asked, sequenced and brought up to date by commands alone."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from magi.assets import load_assets
from magi.settings import read_settings
from magi.wiring import open_tools

MAGI = Path(sys.executable).with_name("magi")
LIMIT_SECONDS = 60


def _placed(url):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT count(seq), count(*) FROM entry").fetchone()


def _until(done):
    until = time.monotonic() + LIMIT_SECONDS
    while not done() and time.monotonic() < until:
        time.sleep(0.02)
    return done()


def test_a_shared_ledger_is_created_once_with_its_keys(command, postgres_url):
    """Creating makes keys and first record; creating again changes neither; private files stay private."""
    first = command.run("ledger", "create", MAGI_LEDGER_URL=postgres_url)
    keys = {name: (command.home / name).read_bytes() for name in ("tenant.key", "log.key")}
    second = command.run("ledger", "create", MAGI_LEDGER_URL=postgres_url)

    assert (first.error, second.error) == (None, None)
    assert {name: (command.home / name).read_bytes() for name in keys} == keys
    assert {(command.home / name).stat().st_mode & 0o777 for name in keys} == {0o600}
    assert _placed(postgres_url) == (0, 1)


@pytest.mark.parametrize("words", [("create",), ("sequence",)])
def test_without_an_address_there_is_nothing_to_share(command, words):
    """The commands for a shared ledger say which variable is missing."""
    assert command.run("ledger", *words).reason == "no_url"


def test_a_service_does_not_create_a_shared_ledger_on_the_way(command, postgres_url):
    """A blank database stays blank, and no key is made that would not fit the ledger to come."""

    async def serve():
        settings = read_settings(command.environment | {"MAGI_LEDGER_URL": postgres_url})
        async with open_tools(settings, load_assets()):
            pass

    with pytest.raises(Exception, match="key_file") as raised:
        asyncio.run(serve())

    assert raised.value.reason == "key_file"
    assert list(command.home.iterdir()) == []


def test_a_service_with_the_log_key_places_what_it_writes(command, postgres_url):
    """Where the log key lies in the home, the process sequences while it serves."""
    command.run("ledger", "create", MAGI_LEDGER_URL=postgres_url)

    async def serve():
        settings = read_settings(command.environment | {"MAGI_LEDGER_URL": postgres_url})
        async with open_tools(settings, load_assets()) as tools:
            return type(tools.ledger).__name__, await tools.ledger.streams("")

    served = asyncio.run(serve())

    assert served == ("PostgresLedger", ("config",))
    assert _placed(postgres_url) == (1, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sequencer_places_until_a_signal(command, postgres_url, number):
    """`magi ledger sequence` gives places and ends in good order."""
    command.run("ledger", "create", MAGI_LEDGER_URL=postgres_url)
    env = os.environ | command.environment | {"MAGI_LEDGER_URL": postgres_url}
    with subprocess.Popen(
        [str(MAGI), "ledger", "sequence"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        placed = _until(lambda: _placed(postgres_url) == (1, 1))
        process.send_signal(number)
        out, err = process.communicate(timeout=LIMIT_SECONDS)

    assert placed
    assert (process.returncode, err) == (0, "")
    assert "止めました" in out


def test_a_ledger_that_is_up_to_date_says_so(command, postgres_url):
    """The upgrade of a current ledger, shared or not, does nothing and says so."""
    command.run("ledger", "create", MAGI_LEDGER_URL=postgres_url)
    shared = command.run("ledger", "upgrade", MAGI_LEDGER_URL=postgres_url)
    none = command.run("ledger", "upgrade")

    assert "0001" in shared.out
    assert none.reason == "not_found"


def test_an_address_without_a_server_is_named_without_its_password(command):
    """What cannot be reached is said with host and database only."""
    url = "postgresql://someone:CANARY-pass@127.0.0.1:1/d"
    for words in ("create", "upgrade"):
        done = command.run("ledger", words, MAGI_LEDGER_URL=url)

        assert done.reason == "unreachable"
        assert "CANARY" not in f"{done.out}{done.error!r}{done.error.__cause__!r}"
