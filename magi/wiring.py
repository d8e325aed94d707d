"""The only place that names concrete classes: settings and assets in, working tools out.

A rehearsal or a recording is the same service on cards whose endpoints are bound to a stand-in on loopback;
the rest of each card, above all its countries and its law, stays as it is, so the residency rules act as they
would.
"""

import asyncio
import datetime
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from magi import __version__
from magi.assets import Assets, code_version, lock_version, read_toml
from magi.core.card import JAPAN_TIME, Card, Ismap
from magi.core.errors import CouncilRefusedError, KeyMissingError, LedgerUnavailableError
from magi.core.ports import Keys
from magi.core.roles import AccessRules
from magi.gateway.client import Client
from magi.gateway.egress import Guard
from magi.gateway.resolve import SystemResolver
from magi.gateway.ticket import Mint
from magi.gateway.transport import PinnedTransport
from magi.ledger.ancestry import ancestry_digest
from magi.ledger.head import SignerSource
from magi.ledger.keyfile import (
    TenantKeys,
    asked_key,
    create_key_file,
    given_key,
    key_for_ledger,
    read_key_file,
)
from magi.ledger.logkey import LogKeyFile, create_log_key, read_log_keys, signers_for_ledger
from magi.ledger.store import SqliteLedger, StoredLedger
from magi.residency.policy import Profile, Ruling, admit, backend_class, is_foreign
from magi.service.access import four_eyes_label, parse_auditors
from magi.service.labelling import Labeller
from magi.service.materials import Reader
from magi.service.run import Tools
from magi.settings import Settings

if TYPE_CHECKING:
    from magi.ledger.sequencer import Sequencer, Sequencing

KEY_ID = "tenant-1"
"""The first key of a tenant; rotation will number on."""
REHEARSAL_HOST = ".invalid"
"""Top-level name that never resolves (RFC 2606): cards under it exist for rehearsals only."""
MAC_KEY_BYTES = 32


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back."""
        return time.monotonic_ns() // 1_000_000


class SystemEntropy:
    """The operating system's randomness."""

    def token(self, size: int) -> bytes:
        """`size` unpredictable bytes."""
        return secrets.token_bytes(size)


def today() -> datetime.date:
    """The day in Japan."""
    return datetime.datetime.now(JAPAN_TIME).date()


def log_name(tenant: str) -> str:
    """The log's origin line: one log a tenant."""
    return f"magi/{tenant}"


def named_keys(settings: Settings) -> TenantKeys | None:
    """The tenant key that the settings give or have a command for; None where it lies in a file.

    Raises:
        KeyMissingError: malformed, or the command gives none.
    """
    if settings.tenant_key is not None:
        return given_key(settings.tenant_key, KEY_ID, source="MAGI_TENANT_KEY")
    if settings.tenant_key_command is not None:
        return asked_key(settings.tenant_key_command, KEY_ID)
    return None


def make_home(home: Path) -> None:
    """Create the ledger's folder, readable by its owner only.

    Raises:
        LedgerUnavailableError: it cannot be created.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailableError("no_folder", path=str(home)) from error


def labeller(settings: Settings, profile: Profile) -> Labeller:
    """The detectors with the organisation's own dictionary, where the settings name one, under a profile.

    Raises:
        MalformedFileError: the dictionary is unreadable or malformed.
    """
    path = settings.dictionary
    table = None if path is None else read_toml(path)
    return Labeller(table, "" if path is None else str(path), raised_by=profile.raised_by)


@asynccontextmanager
async def open_tools(
    settings: Settings, assets: Assets, cards: Mapping[str, Card] | None = None
) -> AsyncIterator[Tools]:
    """Open the ledger and the gateway of this process; both are closed on the way out.

    `cards` replaces those of `assets` (bound to a stand-in).

    Raises:
        ForeignLedgerError, KeyMissingError, LedgerUnavailableError: see the ledger.
        UnknownNameError: no such profile.
    """
    profile = assets.profile(settings.profile)
    seated = assets.cards if cards is None else cards
    make_home(settings.home)
    residency = labeller(settings, profile)
    access = access_rules(settings)
    keys = ledger_keys(settings)
    clock, entropy = SystemClock(), SystemEntropy()
    key = keys.tenant_key(KEY_ID)
    ledger = open_ledger(settings, keys)
    sequencing = start_sequencing(settings)
    transport, reader = PinnedTransport(), Reader()
    try:
        tools = Tools(
            tenant=settings.tenant,
            owner=process_name(),
            ledger=ledger,
            models=_client(settings, seated, profile, transport, residency),
            cards=seated,
            templates=assets.templates,
            profile=profile,
            residency=residency,
            code=code_version(__version__),
            lock=lock_version(),
            clock=clock,
            entropy=entropy,
            check_callable=lambda council, cards: check_callable(council, cards, settings.secrets),
            ancestry=lambda message: ancestry_digest(key, message),
            reader=reader,
            access=access,
        )
        yield tools
    finally:
        await reader.aclose()
        await residency.aclose()
        await transport.aclose()
        await ledger.close()
        if sequencing is not None:
            await asyncio.to_thread(sequencing.close)


def access_rules(settings: Settings) -> AccessRules:
    """By which rules people read bodies: MAGI_AUDITORS (without it, whoever holds the keys may) and MAGI_FOUR_EYES.

    Raises:
        MalformedFileError: the roles cannot be read: nobody then reads anything. UnknownNameError: `label`.
    """
    auditors = None
    if settings.auditors is not None:
        auditors = parse_auditors(read_toml(settings.auditors), str(settings.auditors))
    return AccessRules(settings.tenant, auditors, four_eyes_label(settings.four_eyes))


def ledger_keys(settings: Settings) -> TenantKeys:
    """The tenant key of the ledger that the settings name; made with a new file, never with a shared ledger.

    Raises:
        KeyMissingError: absent, unreadable or malformed.
    """
    named = named_keys(settings)
    if named is not None or settings.ledger_url is not None:
        return named or read_key_file(settings.key_path, KEY_ID)
    return key_for_ledger(settings.ledger_path, settings.key_path, KEY_ID, SystemEntropy())


def open_ledger(settings: Settings, keys: TenantKeys) -> StoredLedger:
    """The ledger that the settings name: in PostgreSQL, where it must be there, or the file of the home.

    Raises:
        ForeignLedgerError, KeyMissingError, LedgerUnavailableError, MalformedFileError: see the ledger.
    """
    if settings.ledger_url is not None:
        return shared_ledger(settings, keys)
    path, log = settings.ledger_path, log_name(settings.tenant)
    signers = signers_for_ledger(path, settings.log_key_path, log, SystemEntropy())
    return file_ledger(settings, path, keys, signers)


def file_ledger(
    settings: Settings, path: Path, keys: Keys, signers: SignerSource | None, *, create: bool = True
) -> StoredLedger:
    """The ledger in the file at `path`; without `signers` for reading only, which makes no file and asks for no key.

    Raises:
        ForeignLedgerError, KeyMissingError, LedgerUnavailableError, TamperedError: see the ledger.
    """
    return SqliteLedger(
        path,
        log=log_name(settings.tenant),
        tenant=settings.tenant,
        key_id=KEY_ID,
        keys=keys,
        signers=signers,
        entropy=SystemEntropy(),
        clock=SystemClock(),
        create=create,
        read_only=signers is None,
    )


def shared_ledger(
    settings: Settings, keys: Keys, *, log_key: Callable[[], str] | None = None, read_only: bool = False
) -> StoredLedger:
    """The ledger of `settings.ledger_url`, created where there is a `log_key` for it; see the ledger.

    Raises:
        ForeignLedgerError, KeyMissingError, LedgerUnavailableError, MalformedFileError: see the ledger.
    """
    from magi.ledger.postgres import PostgresLedger  # noqa: PLC0415  # its driver takes a tenth of a second

    return PostgresLedger(
        settings.ledger_url or "",
        log=log_name(settings.tenant),
        tenant=settings.tenant,
        key_id=KEY_ID,
        keys=keys,
        log_key=log_key,
        entropy=SystemEntropy(),
        clock=SystemClock(),
        read_only=read_only,
    )


async def create_shared(settings: Settings) -> None:
    """Create the ledger of `settings.ledger_url`, with what is missing of its keys; one that is there stays.

    Raises:
        ForeignLedgerError, KeyMissingError, LedgerUnavailableError, MalformedFileError: see the ledger.
    """
    make_home(settings.home)
    log, entropy = log_name(settings.tenant), SystemEntropy()
    if named_keys(settings) is None:
        create_key_file(settings.key_path, entropy)

    def log_key() -> str:
        create_log_key(settings.log_key_path, log, entropy)
        return read_log_keys(settings.log_key_path, log)[0].verifier.vkey

    await shared_ledger(settings, ledger_keys(settings), log_key=log_key).close()


def sequencer_of(settings: Settings) -> "Sequencer":
    """The sequencer of the shared ledger, with the log key of this home.

    Raises:
        KeyMissingError: no log key. MalformedFileError: `ledger_url`.
    """
    from magi.ledger.sequencer import Sequencer  # noqa: PLC0415  # see above

    log = log_name(settings.tenant)
    keys = LogKeyFile(settings.log_key_path, log)
    keys.current()
    return Sequencer(settings.ledger_url or "", log, keys)


def start_sequencing(settings: Settings) -> "Sequencing | None":
    """A sequencer in a thread of this process, where the ledger is shared and the log key lies in this home."""
    if settings.ledger_url is None or not settings.log_key_path.exists():
        return None
    from magi.ledger.sequencer import Sequencing  # noqa: PLC0415  # see above

    log = structlog.get_logger()
    return Sequencing(
        sequencer_of(settings),
        lambda error: log.error("sequencer.stopped", code=error.code, reason=error.reason),
    )


def _client(
    settings: Settings,
    cards: Mapping[str, Card],
    profile: Profile,
    transport: PinnedTransport,
    residency: Labeller,
) -> Client:
    def rule(card: Card, label: int, topics: Collection[str]) -> Ruling:
        return admit(label, card, profile, topics, today())

    mint, clock = Mint(secrets.token_bytes(MAC_KEY_BYTES)), SystemClock()
    guard = Guard(
        mint=mint,
        cards=cards,
        admit=rule,
        is_foreign=is_foreign,
        detect=residency.rescan,
        detect_long=residency.rescan_long,
        resolver=SystemResolver(),
        transport=transport,
        secrets=settings.secrets,
        clock=clock,
    )
    return Client(
        mint=mint,
        cards=cards,
        admit=rule,
        class_of=lambda card: backend_class(card, profile, today()),
        egress=guard,
        clock=clock,
        entropy=SystemEntropy(),
    )


def bind(card: Card, base_url: str, origin: Literal["scripted", "recorded"], today: datetime.date) -> Card:
    """The card with its endpoint on a stand-in: marked, same countries and law, evidence as of today."""
    ismap = card.backend.ismap
    fresh = ismap.model_copy(update={"checked_on": today.isoformat()}) if isinstance(ismap, Ismap) else ismap
    return card.model_copy(
        update={
            "origin": origin,
            "endpoint": card.endpoint.model_copy(update={"base_url": base_url, "key_env": ""}),
            "backend": card.backend.model_copy(
                update={
                    "allowed_hosts": ("127.0.0.1",),
                    "cert_pin": "loopback",
                    "checked_on": today.isoformat(),
                    "ismap": fresh,
                }
            ),
        }
    )


def check_callable(council: str, cards: Iterable[Card], environ: Mapping[str, str]) -> None:
    """Refuse before anything is opened when a card that may be asked cannot be called at all.

    Raises:
        CouncilRefusedError: rehearsal_only, a card exists for rehearsals.
        KeyMissingError: api_key, with every variable that is not set.
    """
    wanted = list(cards)
    if any(host.endswith(REHEARSAL_HOST) for card in wanted for host in card.backend.allowed_hosts):
        raise CouncilRefusedError("rehearsal_only", council=council)
    names = {card.endpoint.key_env for card in wanted} - {""}
    missing = tuple(sorted(name for name in names if not environ.get(name)))
    if missing:
        raise KeyMissingError("api_key", env=missing)


def process_name() -> str:
    """This process among all of the machine's life: host, process id, start time in clock ticks."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Whether the process of that name ran on this machine and is gone; false when that cannot be known."""
    host, _, rest = owner.rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal() or not Path("/proc/self/stat").exists():
        return False
    return _started(int(pid)) != rest


def _started(pid: int) -> str:
    """Field 22 of /proc/PID/stat (proc(5)); empty where there is no such process, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # Killed, but its parent has not looked: a zombie writes no more.
        return "" if fields[0] in ("Z", "X") else fields[19]
    except (OSError, IndexError):
        return ""
