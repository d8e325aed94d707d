"""What the ledger's tests share: a clock that stands still, seeded chance, drafts, and ledgers by factory."""

import contextlib
import random
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from magi.core.decided import Decided
from magi.core.ports import Draft
from magi.core.record import Answered, AttemptFailed, Manifest, Opened, SeatPlan, Ticketed
from magi.core.rules.count import Rule
from magi.core.space import YesNoConditionalSpace
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.postgres import PostgresLedger
from magi.ledger.sequencer import Sequencer
from magi.ledger.store import SqliteLedger

HASH = "ab" * 32
SIGNERS = GivenSigners((new_signer("log-1", b"s" * 32),))


@dataclass
class FakeClock:
    """Time that passes when the test says so."""

    ms: int = 1_700_000_000_000

    def now_ms(self):
        """The time it was set to."""
        return self.ms

    def monotonic_ms(self):
        """The same."""
        return self.ms


class SeededEntropy:
    """Chance that repeats from run to run."""

    def __init__(self, seed):
        """Start from a seed."""
        self._random = random.Random(seed)  # noqa: S311  # tests want the same bytes every time

    def token(self, size):
        """The next `size` bytes."""
        return self._random.randbytes(size)


class Drafts:
    """Drafts of the kinds that the tests append."""

    def answered(self, ask="a1", attempt=0, **bodies):
        """An answer of the first seat."""
        event = Answered(
            ask=ask,
            attempt=attempt,
            seat="melchior",
            stage="blind",
            card="card-a",
            statement="answer",
            ballot="yes",
            failure=None,
            claims=(),
            severity=None,
            label=2,
            tokens=None,
            cost=None,
            origin="scripted",
        )
        return Draft(event, bodies)

    def failed(self, ask="a1", attempt=1):
        """A send that gave nothing."""
        return Draft(AttemptFailed(ask=ask, attempt=attempt, card="card-a", failure="timeout", sent="maybe"))

    def ticketed(self, ask="a1", attempt=1, **bodies):
        """Permission for one send."""
        event = Ticketed(
            ask=ask,
            attempt=attempt,
            card="card-a",
            backend="b",
            host="localhost",
            country="JP",
            label=2,
            digest=HASH,
            derived_from=("question",),
            expires_ms=1,
        )
        return Draft(event, bodies)

    def decided(self, **bodies):
        """A verdict."""
        event = Decided(
            outcome="unanimous",
            answer_class="yes",
            attributed=None,
            tally=(),
            seats=(),
            dissent=(),
            confidence_bp=None,
            outstanding=(),
            flags=(),
        )
        return Draft(event, bodies)

    def opened(self, idempotency_hash=None, **bodies):
        """The intent of a deliberation."""
        event = Opened(
            tenant="t1",
            space=YesNoConditionalSpace(),
            space_source="declared",
            council="c",
            seats=(SeatPlan(seat="melchior", persona="melchior@1", targets=("card-a",)),),
            template="answer@1",
            rule=Rule(name="plurality"),
            quorum=2,
            attempts=2,
            profile="p",
            label=2,
            declared=False,
            hits=(),
            plan=(),
            ancestors=(),
            manifest=Manifest(
                code="c",
                lock="l",
                prompts={},
                cards={},
                council=HASH,
                profile="p",
                detectors="d",
                dictionary=None,
                reliability=None,
            ),
            deadline_ms=1000,
            idempotency_hash=idempotency_hash,
        )
        return Draft(event, bodies)


@dataclass
class SqliteLedgers:
    """Opens ledgers over one file; each opening stands for a process of its own."""

    path: Path
    clock: FakeClock
    keys: TenantKeys
    opened: list[SqliteLedger] = field(default_factory=list)
    key = SIGNERS.current()[0].verifier.vkey

    def open(self, **changes):
        """Open one more; `entropy` differs from opening to opening unless given."""
        given = {
            "path": self.path,
            "log": "log-1",
            "tenant": "t1",
            "key_id": "k1",
            "keys": self.keys,
            "signers": SIGNERS,
            "entropy": SeededEntropy(len(self.opened)),
            "clock": self.clock,
        } | changes
        self.opened.append(SqliteLedger(given.pop("path"), **given))
        return self.opened[-1]


@pytest.fixture
def clock():
    """The clock of every ledger of the test."""
    return FakeClock()


@pytest.fixture
def entropy():
    """Seeded chance for what the test makes itself."""
    return SeededEntropy(7)


@pytest.fixture
def drafts():
    """Makers of drafts."""
    return Drafts()


@pytest.fixture
def sqlite_ledgers(tmp_path, clock):
    """Ledgers over one SQLite file."""
    return SqliteLedgers(tmp_path / "ledger.db", clock, TenantKeys("k1", b"k" * 32))


@dataclass
class PostgresLedgers:
    """Opens ledgers over one PostgreSQL database; each opening stands for a process of its own."""

    url: str
    clock: FakeClock
    keys: TenantKeys
    opened: list[PostgresLedger] = field(default_factory=list)
    key = SIGNERS.current()[0].verifier.vkey

    def open(self, **changes):
        """Open one more; `entropy` differs from opening to opening unless given."""
        given = {
            "url": self.url,
            "log": "log-1",
            "tenant": "t1",
            "key_id": "k1",
            "keys": self.keys,
            "log_key": lambda: self.key,
            "entropy": SeededEntropy(len(self.opened)),
            "clock": self.clock,
        } | changes
        self.opened.append(PostgresLedger(given.pop("url"), **given))
        return self.opened[-1]

    def sequencer(self, signers=SIGNERS, url=None, **changes):
        """A sequencer of this log; close it."""
        return Sequencer(url or self.url, "log-1", signers, **changes)


class CuttingProxy:
    """Stands between a client and PostgreSQL's socket, and cuts a connection where it is told to.

    `cut = ("before", word)`: when a client sends `word`, it is not passed on. `("after", word)`: it is passed on, and
    the server's answer is not. Once told, it cuts once.
    """

    def __init__(self, url, folder):
        """Listen in `folder` for the database of `url`."""
        before, _, real = url.partition("?host=")
        self.url = f"{before}?host={folder}"
        self.cut = None
        self.cuts = 0
        self._real = f"{real}/.s.PGSQL.5432"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(f"{folder}/.s.PGSQL.5432")
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Accept nobody any more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._real)
                held = threading.Event()
                for pump in ((self._up, client, server, held), (self._down, server, client, held)):
                    threading.Thread(target=pump[0], args=pump[1:], daemon=True).start()

    def _up(self, client, server, held):
        with client, contextlib.suppress(OSError):
            while sent := client.recv(1 << 20):
                told = self.cut
                if told is not None and told[1] in sent:
                    self.cut = None
                    self.cuts += 1
                    if told[0] == "before":
                        break
                    held.set()
                server.sendall(sent)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _down(self, server, client, held):
        with server, contextlib.suppress(OSError):
            while answer := server.recv(1 << 20):
                if held.is_set():  # the server has done it; nobody hears
                    break
                client.sendall(answer)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def postgres_proxy(postgres_url):
    """A proxy before the database of the test."""
    with tempfile.TemporaryDirectory(prefix="magi-px-", dir="/tmp") as folder:
        proxy = CuttingProxy(postgres_url, folder)
        yield proxy
        proxy.close()


@pytest.fixture
def postgres_ledgers(postgres_url, clock):
    """Ledgers over one PostgreSQL database."""
    return PostgresLedgers(postgres_url, clock, TenantKeys("k1", b"k" * 32))


@pytest.fixture(params=["sqlite", "postgres"])
def ledgers(request):
    """Every implementation of the port: the contract suite runs once for each."""
    return request.getfixturevalue(f"{request.param}_ledgers")
