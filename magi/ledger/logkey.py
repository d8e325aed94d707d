"""The keys that sign a log's checkpoints: a private file with one signed-note signing key a line.

The first line is the oldest key. A second stands there while keys are exchanged: both sign, and whoever knows only
one of them can go on verifying. The file is read again when it changes, so that a service that runs on does not sign
with a key that was taken out of it.

Promises: created whole, durable, mode 0600, together with a new ledger only; private keys never show in a repr or an
error. Leaves to others: the record of an exchange (`rotation`), key services (the same `SignerSource`).
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from magi.core.errors import KeyMissingError, LedgerUnavailableError, MalformedFileError
from magi.core.ports import Entropy
from magi.ledger.files import create_private
from magi.ledger.note_key import Signer, new_signer, parse_signer

SEED_BYTES = 32
"""An Ed25519 private key (RFC 8032)."""
MAX_FILE_BYTES = 4_096
"""Four keys with names of 200 characters, and room; more is another kind of file."""
MAX_KEYS = 4
"""Two are enough for an exchange; four let one be interrupted."""


class GivenSigners:
    """Signing keys that were handed in."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        """Always sign with these, the oldest first."""
        self._signers = tuple(signers)

    def current(self) -> Sequence[Signer]:
        """The keys."""
        return self._signers


class LogKeyFile:
    """The signing keys of a file, read again whenever it changes. Safe for several threads."""

    def __init__(self, path: Path, origin: str) -> None:
        """Sign for the log `origin` with what stands in `path`."""
        self._path = path
        self._origin = origin
        self._seen: tuple[tuple[int, int, int], tuple[Signer, ...]] | None = None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    def current(self) -> Sequence[Signer]:
        """The keys of the file, the oldest first.

        Raises:
            KeyMissingError: `log_key` (absent), `log_key_unreadable`, `log_key_malformed`; with `path`.
        """
        try:
            state = self._path.stat()
        except OSError as error:
            raise KeyMissingError("log_key", path=str(self._path)) from error
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, read_log_keys(self._path, self._origin))
        return self._seen[1]


def read_log_keys(path: Path, origin: str) -> tuple[Signer, ...]:
    """Every signing key of a file, for the log of that origin.

    Raises:
        KeyMissingError: `log_key`, `log_key_unreadable`, `log_key_malformed` (also a key of another log).
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise KeyMissingError("log_key", path=str(path)) from error
    except OSError as error:
        raise KeyMissingError("log_key_unreadable", path=str(path)) from error
    signers: tuple[Signer, ...] = ()
    with contextlib.suppress(MalformedFileError, UnicodeDecodeError):
        signers = tuple(parse_signer(line) for line in content.decode().splitlines() if line.strip())
    sound = len(content) <= MAX_FILE_BYTES and 0 < len(signers) <= MAX_KEYS
    if not sound or any(signer.name != origin for signer in signers):
        raise KeyMissingError("log_key_malformed", path=str(path))
    return signers


def create_log_key(path: Path, origin: str, entropy: Entropy) -> bool:
    """Create the file with one fresh key; false if there is one already, which is left as it is.

    Raises:
        LedgerUnavailableError: `key_folder`, the file cannot be created there.
    """
    signer = new_signer(origin, entropy.token(SEED_BYTES))
    try:
        return create_private(path, signer.to_text().encode() + b"\n")
    except OSError as error:
        raise LedgerUnavailableError("key_folder", path=str(path)) from error


def signers_for_ledger(ledger: Path, path: Path, origin: str, entropy: Entropy) -> LogKeyFile:
    """The key file of a ledger; created if there is neither a key file nor a ledger yet.

    Raises:
        KeyMissingError: the ledger is there and the key file is not, or it cannot be read as one.
        LedgerUnavailableError: it has to be created and cannot be.
    """
    if not path.exists() and not ledger.exists():
        create_log_key(path, origin, entropy)
    keys = LogKeyFile(path, origin)
    keys.current()
    return keys
