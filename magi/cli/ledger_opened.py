"""The one way in which commands come to a ledger: which one is meant, and how it is opened.

A ledger is a file or, where it is shared, an address; `source_of` says which one a command means: the one that was
named, else MAGI_LEDGER_URL, else the file of this home. Keys lie beside a file, and in this home for an address; those
that the settings give go before both.

Promises: makes neither ledger nor key; whoever only reads asks for no key; what is said of an address (`name_of`) has
no account and no password. Leaves to others: a ledger that is made on the way (`magi.wiring.open_tools`), its parts.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from magi.core.errors import KeyMissingError, LedgerUnavailableError
from magi.core.ports import Keys
from magi.ledger.keyfile import TenantKeys, read_key_file
from magi.ledger.logkey import LogKeyFile
from magi.ledger.reading import StoreReader, open_store, open_url
from magi.ledger.store import StoredLedger
from magi.settings import Settings
from magi.wiring import KEY_ID, file_ledger, log_name, named_keys, open_ledger, shared_ledger

Source = Path | str
"""A ledger's file, or the address of its database."""
ADDRESS = ("postgresql://", "postgres://", "postgresql+psycopg://")


class NoKeys:
    """Stands where no body is read."""

    def tenant_key(self, key_id: str) -> bytes:
        """Always absent."""
        raise KeyMissingError("key_file", path=key_id)


def source_of(settings: Settings, ledger: Path | None) -> Source:
    """The ledger that was named, else that of the settings."""
    return ledger or settings.ledger_url or settings.ledger_path


def source_named(word: str) -> Source:
    """What a word of the command line names: an address of a database stays a text."""
    return word if word.startswith(ADDRESS) else Path(word)


def name_of(source: Source) -> str:
    """What screens and errors call a ledger: its path, or its host and database.

    Raises:
        MalformedFileError: `ledger_url`.
    """
    if isinstance(source, Path):
        return str(source)
    from magi.ledger.postgres import store_url, where  # noqa: PLC0415  # its driver takes a tenth of a second

    return where(store_url(source))


def shared_url(settings: Settings, ledger: Path | None) -> str | None:
    """The address of the shared ledger; None where a file is meant."""
    source = source_of(settings, ledger)
    return source if isinstance(source, str) else None


def open_for_reading(settings: Settings, ledger: Path | None) -> StoredLedger:
    """The ledger for reading records; asks for no key.

    Raises:
        LedgerUnavailableError: not_found where there is none. ForeignLedgerError: as the ledger.
    """
    source = source_of(settings, ledger)
    if isinstance(source, Path):
        return file_ledger(settings, source, NoKeys(), None)
    return shared_ledger(settings, NoKeys(), read_only=True)


def open_for_writing(settings: Settings, ledger: Path | None) -> StoredLedger:
    """The ledger with its keys, which lie beside it or where the settings say.

    Raises:
        LedgerUnavailableError: not_found where there is none. KeyMissingError, ForeignLedgerError: as the ledger.
    """
    source = source_of(settings, ledger)
    if isinstance(source, str):
        return open_ledger(settings, _keys(settings, ledger))
    if not source.exists():
        raise LedgerUnavailableError("not_found", path=str(source))
    signers = LogKeyFile(log_key_beside(settings, ledger), log_name(settings.tenant))
    return file_ledger(settings, source, _keys(settings, ledger), signers, create=False)


def keys_beside(settings: Settings, ledger: Path | None) -> Keys | None:
    """The tenant key if this machine has it; an auditor without it checks everything but the bodies."""
    try:
        return _keys(settings, ledger)
    except KeyMissingError:
        return None


def tenant_key_beside(settings: Settings, ledger: Path | None) -> Path:
    """Where the tenant key of a ledger would lie: beside the file that was named, else in this home."""
    return settings.key_path if ledger is None else ledger.parent / settings.key_path.name


def log_key_beside(settings: Settings, ledger: Path | None) -> Path:
    """Where the log key of a ledger would lie: beside the file that was named, else in this home."""
    return settings.log_key_path if ledger is None else ledger.parent / settings.log_key_path.name


def _keys(settings: Settings, ledger: Path | None) -> TenantKeys:
    return named_keys(settings) or read_key_file(tenant_key_beside(settings, ledger), KEY_ID)


@contextlib.contextmanager
def rows_of(settings: Settings, ledger: Path | None) -> Iterator[StoreReader]:
    """The ledger's tables as they are stored.

    Raises:
        ForeignLedgerError, LedgerUnavailableError: as the ledger.
    """
    source = source_of(settings, ledger)
    with open_store(source) if isinstance(source, Path) else open_url(source) as reader:
        yield reader
