"""Bodies: salted commitment, compression, encryption, and the wrapping of their keys. Pure functions.

A body is committed to as SHA-256(salt || plaintext), compressed, and encrypted with AES-256-GCM under the
data key of its stream, with the commitment as associated data: a ciphertext moved to another row does not
open. The data key is wrapped with AES-256-GCM under the tenant key, bound to its stream and key id.

Promises: what `open_body` returns matches its commitment and length; plaintext, salts and keys never show in
a repr or an error. Leaves to others: rows and transactions (`magi.ledger.commit`), where keys come from
(`magi.ledger.keyfile`).
"""

import hashlib
import hmac
import zlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from magi.core.errors import QuestionRefusedError, TamperedError
from magi.core.ports import Entropy

KEY_BYTES = 32
"""AES-256, for the tenant key and the data keys."""
SALT_BYTES = 32
"""As long as the digest, so that a commitment to a short text cannot be guessed."""
NONCE_BYTES = 12
"""What GCM takes without hashing (NIST SP 800-38D, 8.2.2); random, as one data key seals few bodies."""
MAX_BODY_BYTES = 64 * 1024 * 1024
"""A stream of 131,072 one-token chunks, the most a card may allow, is about 40 MB with its frames."""
COMPRESSION_LEVEL = 1
"""Bodies are short and written once on the hot path; level 6 costs twice the time for a few per cent."""


@dataclass(frozen=True)
class Committed:
    """A body with its commitment, compressed, not yet encrypted. `length` is the plaintext's, in bytes."""

    commitment: str
    length: int
    salt: bytes = field(repr=False)
    packed: bytes = field(repr=False)


@dataclass(frozen=True)
class SealedBody:
    """A body as it is stored. `length` is the plaintext's, in bytes."""

    commitment: str
    length: int
    nonce: bytes
    ciphertext: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True)
class WrappedKey:
    """A stream's data key under the tenant key of that id."""

    key_id: str
    nonce: bytes
    wrapped: bytes = field(repr=False)


def commitment_of(salt: bytes, plaintext: bytes) -> str:
    """SHA-256(salt || plaintext) in 64 hex digits."""
    return hashlib.sha256(salt + plaintext).hexdigest()


def commit(plaintext: bytes, entropy: Entropy) -> Committed:
    """Salt, commit to and compress one body.

    Raises:
        QuestionRefusedError: `body_too_large`, more than MAX_BODY_BYTES.
    """
    if len(plaintext) > MAX_BODY_BYTES:
        raise QuestionRefusedError("body_too_large", bytes=len(plaintext), limit=MAX_BODY_BYTES)
    salt = entropy.token(SALT_BYTES)
    return Committed(
        commitment=commitment_of(salt, plaintext),
        length=len(plaintext),
        salt=salt,
        packed=zlib.compress(plaintext, COMPRESSION_LEVEL),
    )


def seal(body: Committed, data_key: bytes, entropy: Entropy) -> SealedBody:
    """Encrypt a committed body under its stream's data key (32 bytes)."""
    nonce = entropy.token(NONCE_BYTES)
    ciphertext = AESGCM(data_key).encrypt(nonce, body.packed, bytes.fromhex(body.commitment))
    return SealedBody(
        commitment=body.commitment, length=body.length, nonce=nonce, ciphertext=ciphertext, salt=body.salt
    )


def open_body(body: SealedBody, data_key: bytes) -> bytes:
    """The plaintext of a stored body, checked against its commitment and length.

    Raises:
        TamperedError: it does not decrypt, unpack to its length, or match its commitment; `reason` tells.
    """
    try:
        packed = AESGCM(data_key).decrypt(body.nonce, body.ciphertext, bytes.fromhex(body.commitment))
    except (InvalidTag, ValueError) as error:  # ValueError: a nonce of a wrong size, a commitment not in hex
        raise TamperedError("body_ciphertext", commitment=body.commitment) from error
    plaintext = _unpack(packed, body)
    if len(plaintext) != body.length:
        raise TamperedError("body_length", commitment=body.commitment)
    if commitment_of(body.salt, plaintext) != body.commitment:
        raise TamperedError("body_commitment", commitment=body.commitment)
    return plaintext


def _unpack(packed: bytes, body: SealedBody) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        plaintext = unpacker.decompress(
            packed, MAX_BODY_BYTES + 1
        )  # bounded: a small bomb may not fill memory
    except zlib.error as error:
        raise TamperedError("body_compression", commitment=body.commitment) from error
    if len(plaintext) > MAX_BODY_BYTES or not unpacker.eof:
        raise TamperedError("body_length", commitment=body.commitment)
    return plaintext


def new_data_key(entropy: Entropy) -> bytes:
    """A fresh 32-byte data key for one stream."""
    return entropy.token(KEY_BYTES)


def wrap_key(data_key: bytes, tenant_key: bytes, *, key_id: str, stream: str, entropy: Entropy) -> WrappedKey:
    """Wrap a data key under the tenant key, bound to its stream and key id."""
    nonce = entropy.token(NONCE_BYTES)
    wrapped = AESGCM(tenant_key).encrypt(nonce, data_key, _bound_to(key_id, stream))
    return WrappedKey(key_id=key_id, nonce=nonce, wrapped=wrapped)


def unwrap_key(key: WrappedKey, tenant_key: bytes, *, stream: str) -> bytes:
    """The 32-byte data key of a stream.

    Raises:
        TamperedError: `data_key`, it was not wrapped by this key for this stream, or was changed since.
    """
    try:
        return AESGCM(tenant_key).decrypt(key.nonce, key.wrapped, _bound_to(key.key_id, stream))
    except (InvalidTag, ValueError) as error:
        raise TamperedError("data_key", stream=stream) from error


def key_proof(tenant_key: bytes, key_id: str) -> bytes:
    """32 bytes that tell the right tenant key from a wrong one, and nothing else about it."""
    return hmac.new(tenant_key, b"magi.ledger.key_check\x00" + key_id.encode(), hashlib.sha256).digest()


def _bound_to(key_id: str, stream: str) -> bytes:
    return f"{key_id}\x00{stream}".encode()
