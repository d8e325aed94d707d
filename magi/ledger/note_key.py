"""Keys of signed notes in their text forms: public keys of logs and witnesses, private keys of logs.

C2SP signed-note v1 with Ed25519 (type 0x01) and keys of witnesses (type 0x04, tlog-cosignature v1).

Promises: one spelling for every key; the ID in the text is the key's own; a private key is in no `repr` and no
error. Leaves to others: where keys are kept, and which of them are trusted.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from magi.core.errors import MalformedFileError

KEY_HASH_BYTES = 4
"""The key ID that stands before every signature."""
PUBLIC_KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64
"""Sizes of Ed25519 (RFC 8032, section 5.1)."""

_ED25519: Final = b"\x01"
_COSIGNATURE: Final = b"\x04"
_VKEY_PARTS = 3
_PRIVATE_PARTS = 5
_FIRST_PRINTABLE = " "


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that is known by name: `key_hash` is 4 bytes, `public_key` 32 (Ed25519)."""

    name: str
    key_hash: bytes
    public_key: bytes

    @property
    def vkey(self) -> str:
        """The key as one line of text: name+hash+base64, as Go and the C2SP tools write it."""
        return _vkey(self.name, self.key_hash, _ED25519 + self.public_key)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is one by this key over `message`."""
        return _verifies(self.public_key, message, signature)


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """The public key of a witness (type 0x04): `key_hash` is 4 bytes, `public_key` 32 (Ed25519)."""

    name: str
    key_hash: bytes
    public_key: bytes

    @property
    def vkey(self) -> str:
        """The key as one line of text: name+hash+base64."""
        return _vkey(self.name, self.key_hash, _COSIGNATURE + self.public_key)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is one by this key over `message`."""
        return _verifies(self.public_key, message, signature)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs; the `seed` (32 bytes) is the secret and not shown."""

    verifier: Verifier
    seed: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the key."""
        return self.verifier.name

    @property
    def key_hash(self) -> bytes:
        """The ID of the key, 4 bytes."""
        return self.verifier.key_hash

    def sign(self, message: bytes) -> bytes:
        """The signature (64 bytes) over `message`; the same each time (RFC 8032)."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def to_text(self) -> str:
        """The SECRET as one line of text, which `parse_signer` reads."""
        return f"PRIVATE+KEY+{self.name}+{self.key_hash.hex()}+{base64_text(_ED25519 + self.seed)}"


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A key of a witness that signs; the `seed` (32 bytes) is the secret and not shown."""

    key: CosignerKey
    seed: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The signature (64 bytes) over `message`; the same each time (RFC 8032)."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def parse_vkey(text: str) -> Verifier:
    """Read the public key of a log.

    Raises:
        MalformedFileError: `vkey`; not Ed25519 (type 0x01), not canonical, or its ID is not its own.
    """
    return Verifier(*_parse_vkey(text, _ED25519))


def parse_cosigner(text: str) -> CosignerKey:
    """Read the public key of a witness (tlog-cosignature, "Format").

    Raises:
        MalformedFileError: `vkey`; not type 0x04, not canonical, or its ID is not its own.
    """
    return CosignerKey(*_parse_vkey(text, _COSIGNATURE))


def new_signer(name: str, seed: bytes) -> Signer:
    """The Ed25519 key of that 32-byte seed, under a name without spaces and pluses.

    Raises:
        MalformedFileError: `signing_key`.
    """
    public = _public_of(name, seed)
    return Signer(Verifier(name, _key_hash(name, _ED25519 + public), public), seed)


def new_cosigner(name: str, seed: bytes) -> Cosigner:
    """The key of a witness from a 32-byte seed, under a name without spaces and pluses.

    Raises:
        MalformedFileError: `signing_key`.
    """
    public = _public_of(name, seed)
    return Cosigner(CosignerKey(name, _key_hash(name, _COSIGNATURE + public), public), seed)


def parse_signer(text: str) -> Signer:
    """Read a private key in the form of `Signer.to_text` (also that of Go's note package).

    Raises:
        MalformedFileError: `signing_key`; the error holds nothing of the text.
    """
    parts = text.split("+", _PRIVATE_PARTS - 1)  # base64 may hold a plus of its own
    if len(parts) != _PRIVATE_PARTS or parts[:2] != ["PRIVATE", "KEY"]:
        raise MalformedFileError("signing_key", problems=("form",))
    name, key_hash, encoded = parts[2:]
    key = base64_bytes(encoded)
    if key is None or key[:1] != _ED25519:
        raise MalformedFileError("signing_key", problems=("key",))
    signer = new_signer(name, key[1:])
    if signer.key_hash.hex() != key_hash:
        raise MalformedFileError("signing_key", problems=("key_id",))
    return signer


def base64_text(data: bytes) -> str:
    """Base64 in its canonical form (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def base64_bytes(text: str) -> bytes | None:
    """The bytes of canonical base64 (RFC 4648, section 4), or None: spare bits and other alphabets are refused."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64_text(data) == text else None


def has_control(text: str) -> bool:
    """Whether a text holds what no note may hold: control characters other than newline (below U+0020)."""
    return any(character < _FIRST_PRINTABLE for character in text if character != "\n")


def is_line(text: str) -> bool:
    """Whether a text can stand as a line of its own in a note."""
    has_surrogate = any("\ud800" <= character <= "\udfff" for character in text)  # which UTF-8 cannot say
    return bool(text) and "\n" not in text and not has_surrogate and not has_control(text)


def is_name(text: str) -> bool:
    """Whether a text can be the name of a key: a line without Unicode spaces and pluses (signed-note)."""
    return is_line(text) and "+" not in text and not any(character.isspace() for character in text)


def _parse_vkey(text: str, kind: bytes) -> tuple[str, bytes, bytes]:
    """Name, ID and public key of a key whose type is `kind`."""
    parts = text.split("+", _VKEY_PARTS - 1)  # base64 may hold a plus of its own
    if len(parts) != _VKEY_PARTS:
        raise MalformedFileError("vkey", problems=("form",))
    name, key_hash, encoded = parts
    key = base64_bytes(encoded)
    if key is None or key[:1] != kind:
        raise MalformedFileError("vkey", problems=("key_type",))
    problems = _named_problems(name, key[1:], PUBLIC_KEY_BYTES)
    if not problems and _key_hash(name, key).hex() != key_hash:
        problems = ("key_id",)
    if problems:
        raise MalformedFileError("vkey", problems=problems)
    return name, _key_hash(name, key), key[1:]


def _named_problems(name: str, key: bytes, length: int) -> tuple[str, ...]:
    return (() if is_name(name) else ("name",)) + (() if len(key) == length else ("key",))


def _key_hash(name: str, key: bytes) -> bytes:
    """The ID of a key: the first bytes of SHA-256(name, newline, type, public key) (signed-note, "Signatures")."""
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:KEY_HASH_BYTES]


def _vkey(name: str, key_hash: bytes, key: bytes) -> str:
    return f"{name}+{key_hash.hex()}+{base64_text(key)}"


def _public_of(name: str, seed: bytes) -> bytes:
    problems = _named_problems(name, seed, SEED_BYTES)
    if problems:
        raise MalformedFileError("signing_key", problems=problems)
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
