"""The tenant key: from a file that is created with the ledger, from a value, or from a key service.

A key service is asked through a command of the operator's (the hook for a KMS or an HSM): it gets the key's id as its
last argument and prints the key in base64. It runs once, when the ledger is opened.

Promises: a key file is created only where no ledger exists yet, since a new key beside old bodies would hide
that they are lost; created whole and durable, mode 0600. The key never shows in a repr or an error.
Leaves to others: where the settings say it comes from (`magi.wiring`), the log's signing keys (`logkey`).
"""

import base64
import binascii
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from magi.core.errors import KeyMissingError, LedgerUnavailableError
from magi.core.ports import Entropy
from magi.ledger.bodies import KEY_BYTES
from magi.ledger.files import create_private

MAX_KEY_FILE_BYTES = 1_024
"""44 base64 characters and white space; more is another kind of file."""


KEY_COMMAND_SECONDS = 20
"""A key service answers within a second or two; a start that hangs longer is better told why."""


@dataclass(frozen=True)
class TenantKeys:
    """One tenant key by its id (the `Keys` port)."""

    key_id: str
    key: bytes = field(repr=False)

    def tenant_key(self, key_id: str) -> bytes:
        """The 32-byte key of that id.

        Raises:
            KeyMissingError: `unknown_key_id`, it is not the id of this key.
        """
        if key_id != self.key_id:
            raise KeyMissingError("unknown_key_id", key_id=key_id, known=(self.key_id,))
        return self.key


def given_key(value: str, key_id: str, *, source: str) -> TenantKeys:
    """A key given as base64 text; `source` names where (an environment variable), for the error.

    Raises:
        KeyMissingError: `key_value`, it is not base64 of 32 bytes.
    """
    key = _decode(value.encode("utf-8", "replace"))
    if key is None:
        raise KeyMissingError("key_value", source=source)
    return TenantKeys(key_id, key)


def asked_key(command: str, key_id: str) -> TenantKeys:
    """The key that a command prints; split as a shell would, run without one, its errors left on stderr.

    Raises:
        KeyMissingError: `key_command` (it cannot be run, fails or takes too long), `key_command_value` (what it
            prints is not base64 of 32 bytes).
    """
    try:
        words = shlex.split(command)
        done = subprocess.run(  # noqa: S603  # the operator's own command, no shell
            [*words, key_id], stdout=subprocess.PIPE, timeout=KEY_COMMAND_SECONDS, check=True
        )
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        raise KeyMissingError("key_command") from None  # the error would carry what was printed
    key = _decode(done.stdout[: MAX_KEY_FILE_BYTES + 1])
    if key is None:
        raise KeyMissingError("key_command_value")
    return TenantKeys(key_id, key)


def read_key_file(path: Path, key_id: str) -> TenantKeys:
    """Read a key file: base64 of 32 bytes, white space around it allowed.

    Raises:
        KeyMissingError: `key_file` (absent), `key_file_malformed`, `key_file_unreadable`; with `path`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_KEY_FILE_BYTES)
    except FileNotFoundError as error:
        raise KeyMissingError("key_file", path=str(path)) from error
    except OSError as error:
        raise KeyMissingError("key_file_unreadable", path=str(path)) from error
    key = _decode(content)
    if key is None:
        raise KeyMissingError("key_file_malformed", path=str(path))
    return TenantKeys(key_id, key)


def create_key_file(path: Path, entropy: Entropy) -> bool:
    """Create a key file with a fresh key; false if there is one already, which is left as it is.

    Raises:
        LedgerUnavailableError: `key_folder`, the file cannot be created there.
    """
    try:
        return create_private(path, base64.b64encode(entropy.token(KEY_BYTES)) + b"\n")
    except OSError as error:
        raise LedgerUnavailableError("key_folder", path=str(path)) from error


def key_for_ledger(ledger: Path, path: Path, key_id: str, entropy: Entropy) -> TenantKeys:
    """The key file's key; the file is created if there is neither a key file nor a ledger yet.

    Raises:
        KeyMissingError: the ledger is there and the key file is not, or it cannot be read as one.
        LedgerUnavailableError: it has to be created and cannot be.
    """
    if not path.exists() and not ledger.exists():
        create_key_file(path, entropy)
    return read_key_file(path, key_id)


def _decode(text: bytes) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None
