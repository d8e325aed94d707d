"""Signing keys of attestors: made here, kept in a PEM file of their owner's, never shown.

Leaves to others: whom to trust (`attestation.parse_keys`), where files go (`magi.cli.attest`).
"""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from magi.core.errors import KeyMissingError

MAX_KEY_FILE_BYTES = 4_096
"""An Ed25519 key in PEM takes 119 bytes; more is another kind of file."""
PRIVATE_MODE = 0o600


def new_key(path: Path) -> str:
    """Write a fresh private key to a new file, mode 0600, durable on return; its public key in hex.

    Raises:
        KeyMissingError: signing_key_exists, signing_key_unwritable; with `path`.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise KeyMissingError("signing_key_exists", path=str(path)) from error
    except OSError as error:
        raise KeyMissingError("signing_key_unwritable", path=str(path)) from error
    return public_hex(key)


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file.

    Raises:
        KeyMissingError: signing_key, there is no such file or no unencrypted Ed25519 key in it; with `path`.
    """
    try:
        with path.open("rb") as file:
            key = load_pem_private_key(file.read(MAX_KEY_FILE_BYTES), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own message may quote the file.
        raise KeyMissingError("signing_key", path=str(path)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMissingError("signing_key", path=str(path))
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public half in 64 hex digits, as `attestors.toml` holds it."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
