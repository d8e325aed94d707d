"""Sealed bodies: what comes out is what went in, and anything else is named."""

import dataclasses
import hashlib
import hmac
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from magi.core.errors import QuestionRefusedError, TamperedError
from magi.ledger import bodies
from magi.ledger.ancestry import ancestry_digest

KEY = b"d" * 32
TENANT = b"t" * 32


def _sealed(plaintext, entropy):
    return bodies.seal(bodies.commit(plaintext, entropy), KEY, entropy)


@pytest.mark.parametrize("plaintext", [b"", b"x", "質問".encode() * 10_000])
def test_round_trip(plaintext, entropy):
    """A body opens to itself, and its commitment is SHA-256 over salt and plaintext."""
    sealed = _sealed(plaintext, entropy)

    assert bodies.open_body(sealed, KEY) == plaintext
    assert sealed.commitment == hashlib.sha256(sealed.salt + plaintext).hexdigest()
    assert (len(sealed.salt), len(sealed.nonce), sealed.length) == (32, 12, len(plaintext))


def test_equal_bodies_have_unequal_commitments(entropy):
    """The salt hides that two bodies are equal."""
    first, second = _sealed(b"same", entropy), _sealed(b"same", entropy)

    assert first.commitment != second.commitment
    assert first.ciphertext != second.ciphertext


@pytest.mark.parametrize(
    ("column", "reason"),
    [("salt", "body_commitment"), ("nonce", "body_ciphertext"), ("ciphertext", "body_ciphertext")],
)
def test_a_flipped_bit_is_named(column, reason, entropy):
    """Every single bit of salt, nonce and ciphertext is covered."""
    sealed = _sealed(b"text", entropy)
    value = getattr(sealed, column)
    for bit in range(len(value) * 8):
        flipped = bytearray(value)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TamperedError) as raised:
            bodies.open_body(dataclasses.replace(sealed, **{column: bytes(flipped)}), KEY)

        assert raised.value.reason == reason


def test_a_ciphertext_does_not_open_under_another_commitment(entropy):
    """Rows cannot be swapped: the commitment is authenticated with the ciphertext."""
    first, second = _sealed(b"one", entropy), _sealed(b"two", entropy)
    swapped = dataclasses.replace(first, commitment=second.commitment, salt=second.salt)

    with pytest.raises(TamperedError) as raised:
        bodies.open_body(swapped, KEY)

    assert raised.value.reason == "body_ciphertext"


def test_a_wrong_length_is_named(entropy):
    """The length in the record must be the plaintext's."""
    sealed = dataclasses.replace(_sealed(b"text", entropy), length=5)

    with pytest.raises(TamperedError) as raised:
        bodies.open_body(sealed, KEY)

    assert raised.value.reason == "body_length"


def test_a_decompression_bomb_is_refused(entropy):
    """A small body that unpacks past the limit is refused without unpacking it."""
    salt, nonce = entropy.token(32), entropy.token(12)
    commitment = "ab" * 32
    packed = zlib.compress(bytes(bodies.MAX_BODY_BYTES + 1), 9)
    ciphertext = AESGCM(KEY).encrypt(nonce, packed, bytes.fromhex(commitment))
    bomb = bodies.SealedBody(commitment, 4, nonce, ciphertext, salt)

    with pytest.raises(TamperedError) as raised:
        bodies.open_body(bomb, KEY)

    assert raised.value.reason == "body_length"


def test_a_body_over_the_limit_is_refused(entropy):
    """A body past the limit is never committed to."""
    with pytest.raises(QuestionRefusedError) as raised:
        bodies.commit(bytes(bodies.MAX_BODY_BYTES + 1), entropy)

    assert raised.value.reason == "body_too_large"


def test_a_data_key_opens_only_for_its_stream_its_id_and_its_tenant_key(entropy):
    """A wrapped key is bound to stream, key id and tenant key."""
    wrapped = bodies.wrap_key(KEY, TENANT, key_id="k1", stream="d/1", entropy=entropy)
    other_id = dataclasses.replace(wrapped, key_id="k2")

    assert bodies.unwrap_key(wrapped, TENANT, stream="d/1") == KEY
    for key, tenant_key, stream in (
        (wrapped, TENANT, "d/2"),
        (other_id, TENANT, "d/1"),
        (wrapped, b"u" * 32, "d/1"),
    ):
        with pytest.raises(TamperedError):
            bodies.unwrap_key(key, tenant_key, stream=stream)


def test_secrets_do_not_show(entropy):
    """No repr shows plaintext, salt or ciphertext."""
    committed = bodies.commit(b"canary", entropy)
    shown = repr(committed) + repr(bodies.seal(committed, KEY, entropy))

    assert "salt" not in shown
    assert "packed" not in shown
    assert "ciphertext" not in shown


def test_ancestry_digest_is_a_keyed_hash():
    """The ancestry digest is HMAC-SHA256 (RFC 4231, test case 2) and depends on the key."""
    value = ancestry_digest(b"Jefe", b"what do ya want for nothing?")

    assert value == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac.compare_digest(ancestry_digest(KEY, b"m"), ancestry_digest(KEY, b"m"))
    assert ancestry_digest(KEY, b"m") != ancestry_digest(TENANT, b"m")
