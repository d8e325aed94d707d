"""Attestations: what a signature covers, who is believed, and that no altered byte passes."""

import datetime
import tomllib

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from magi.attest.attestation import NO_KEYS, attest, parse_keys, proofs_of, text_of, verify
from magi.attest.keys import new_key, public_hex, read_key
from magi.core.errors import KeyMissingError, MalformedFileError

TODAY = datetime.date(2026, 11, 22)
BY = "審査官 A"
FACTS = {"inference_scope": "JP", "project_region": "JP"}
# A fixed key (32 bytes counting up), so that the vector below stays what it is.
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def card(build):
    """The card that is attested."""
    return build.card()


def keys(key=KEY, by=BY, **more):
    """One trusted key."""
    return parse_keys({"keys": {by: {"public_key": public_hex(key), **more}}}, "attestors.toml")


def refusal(attestation, card, trusted=None, today=TODAY):
    """Why an attestation proves nothing."""
    with pytest.raises(MalformedFileError) as caught:
        verify(attestation, card, trusted or keys(), today)
    return caught.value.reason


def test_a_signed_attestation_gives_its_facts_as_proofs(card):
    """What was signed comes back as proofs of that day by that person, in the order of names."""
    proofs = verify(attest(card, FACTS, TODAY, BY, KEY), card, keys(), TODAY)

    assert [(p.fact, p.value, p.day, p.how, p.by) for p in proofs] == [
        ("inference_scope", "JP", "2026-11-22", "attestation", BY),
        ("project_region", "JP", "2026-11-22", "attestation", BY),
    ]


def test_the_file_says_what_was_signed(card):
    """The text of an attestation reads back as the same proofs."""
    made = attest(card, FACTS, TODAY, BY, KEY)

    assert proofs_of(tomllib.loads(text_of(made)), card, keys(), TODAY) == verify(made, card, keys(), TODAY)


def test_no_altered_bit_of_the_file_verifies(card):
    """With any single bit of the file turned, comments aside, it proves nothing or is no attestation at all."""
    text = text_of(attest(card, FACTS, TODAY, BY, KEY)).encode()
    start = text.index(b"\n") + 1
    whole = proofs_of(tomllib.loads(text.decode()), card, keys(), TODAY)
    passed = []
    for place in range(start, len(text)):
        for bit in range(8):
            altered = bytearray(text)
            altered[place] ^= 1 << bit
            try:
                found = proofs_of(tomllib.loads(altered.decode()), card, keys(), TODAY)
            except (MalformedFileError, UnicodeDecodeError, tomllib.TOMLDecodeError):
                continue
            # White space and quotation marks may change and say the same; a value may not.
            passed.append(found == whole and bytes(altered).strip() != text)

    assert len(passed) < 40
    assert all(passed)


@pytest.mark.parametrize("field", ["card", "endpoint", "day", "by", "facts", "signature"])
def test_no_altered_value_verifies(card, field):
    """Any one value replaced by another of the right form proves nothing."""
    made = attest(card, FACTS, TODAY, BY, KEY)
    other = {
        "card": "own-b",
        "endpoint": "ab" * 32,
        "day": "2026-11-21",
        "by": "B",
        "facts": {**FACTS, "project_region": "US"},
        "signature": "0" * 128,
    }[field]
    trusted = parse_keys({"keys": {by: {"public_key": public_hex(KEY)} for by in (BY, "B")}}, "x")

    assert refusal(made.model_copy(update={field: other}), card, trusted) in {
        "attestation_signature",
        "attestation_card",
    }


def test_a_fact_added_or_taken_away_does_not_verify(card):
    """The signature covers the facts as a whole."""
    made = attest(card, FACTS, TODAY, BY, KEY)
    for facts in ({"inference_scope": "JP"}, FACTS | {"deployment_sku": "Standard"}):
        assert refusal(made.model_copy(update={"facts": facts}), card) == "attestation_signature"


def test_nobody_is_trusted_without_a_key(card):
    """Without keys, under another name, or with another key of the same name, nothing is proven."""
    made = attest(card, FACTS, TODAY, BY, KEY)

    assert refusal(made, card, NO_KEYS) == "attestation_key"
    assert refusal(made, card, keys(by="B")) == "attestation_key"
    assert refusal(made, card, keys(Ed25519PrivateKey.generate())) == "attestation_signature"


@pytest.mark.parametrize(
    ("age", "reason"), [(-1, "attestation_day"), (367, "attestation_day"), (0, None), (366, None)]
)
def test_an_attestation_of_tomorrow_or_long_ago_proves_nothing(card, age, reason):
    """The day counts from today back to the longest that any profile may allow."""
    made = attest(card, FACTS, TODAY - datetime.timedelta(days=age), BY, KEY)

    if reason is None:
        assert verify(made, card, keys(), TODAY)
    else:
        assert refusal(made, card) == reason


def test_a_key_that_ended_signs_no_later_day(card):
    """A key is good for days up to its last one."""
    made = attest(card, FACTS, TODAY, BY, KEY)

    assert verify(made, card, keys(until="2026-11-22"), TODAY)
    assert refusal(made, card, keys(until="2026-11-21")) == "attestation_key"


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://127.0.0.1:10/v1"},
        {"model": "m2"},
        {"operator": "somebody"},
    ],
    ids=str,
)
def test_an_attestation_does_not_carry_over_to_another_endpoint(build, card, change):
    """A card that is pointed elsewhere keeps its id and loses its proofs; other facts of it may change."""
    made = attest(card, FACTS, TODAY, BY, KEY)

    assert refusal(made, build.card(**change)) == "attestation_card"
    assert refusal(made, build.card("own-b")) == "attestation_card"
    assert verify(made, build.card(checked_by="another"), keys(), TODAY)


@pytest.mark.parametrize(
    ("facts", "by"),
    [
        ({}, BY),
        ({"kindness": "JP"}, BY),
        ({"inference_scope": ""}, BY),
        ({"inference_scope": 'JP"\nx = "'}, BY),
        (FACTS, ""),
        (FACTS, 'a"b'),
        (FACTS, "a\nb"),
    ],
)
def test_what_cannot_be_attested_is_not_signed(card, facts, by):
    """No facts, unknown facts, and values or names that would break the file are refused before signing."""
    with pytest.raises(MalformedFileError, match="attestation_form"):
        attest(card, facts, TODAY, by, KEY)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"keys": {BY: {"public_key": "00"}}},
        {"keys": {BY: {"public_key": "0" * 64, "until": "soon"}}},
        {"keys": {BY: {"public_key": "0" * 64, "more": 1}}},
        {"keys": {BY: "0" * 64}},
    ],
    ids=str,
)
def test_a_list_of_keys_outside_its_schema_is_refused(table):
    """Keys of another length, other days and unknown words are refused, not skipped."""
    with pytest.raises(MalformedFileError):
        parse_keys(table, "attestors.toml")


def test_a_key_that_is_no_point_of_the_curve_proves_nothing(card):
    """Thirty-two bytes that are no public key are an attestation that does not verify, not a crash."""
    made = attest(card, FACTS, TODAY, BY, KEY)
    for hexes in ("ff" * 32, "00" * 32, "02" + "00" * 31):
        trusted = parse_keys({"keys": {BY: {"public_key": hexes}}}, "x")

        assert refusal(made, card, trusted) == "attestation_signature"


def test_the_signed_bytes_stay_what_they_are(card):
    """The canonical bytes, the digest of the endpoint and the signature of a fixed key are those of this vector."""
    made = attest(card, {"inference_scope": "JP"}, TODAY, "A", KEY)

    assert made.to_bytes() != made.statement.to_bytes()
    assert made.statement.to_bytes() == (
        b'{"by":"A","card":"own-a","day":"2026-11-22","endpoint":"' + made.endpoint.encode() + b'",'
        b'"facts":{"inference_scope":"JP"},"tag":"magi-attestation/1"}'
    )
    assert KEY.public_key().verify(bytes.fromhex(made.signature), made.statement.to_bytes()) is None


# Key files.


def test_a_new_key_signs_and_is_private(card, tmp_path):
    """The key that was written signs under the public half that was told; its file is the owner's alone."""
    path = tmp_path / "attestor.pem"
    public = new_key(path)
    key = read_key(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert public == public_hex(key)
    assert verify(attest(card, FACTS, TODAY, BY, key), card, keys(key), TODAY)


def test_a_key_file_is_never_overwritten(tmp_path):
    """A second key is refused where a file stands, and the file stays as it is."""
    path = tmp_path / "attestor.pem"
    new_key(path)
    before = path.read_bytes()
    with pytest.raises(KeyMissingError, match="signing_key_exists"):
        new_key(path)

    assert path.read_bytes() == before


def test_a_key_that_cannot_be_written_is_named(tmp_path):
    """A folder that is not there is a named error."""
    with pytest.raises(KeyMissingError, match="signing_key_unwritable"):
        new_key(tmp_path / "nowhere" / "attestor.pem")


def test_what_is_no_signing_key_is_refused_without_a_word_of_it(tmp_path):
    """No file, other text, another kind of key, or an encrypted one: refused by path, and nothing is quoted."""
    canary = "canary-0815"
    path = tmp_path / "k.pem"
    encrypted = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    other = generate_ec(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (None, canary.encode(), encrypted, other):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(KeyMissingError, match="signing_key") as caught:
            read_key(path)

        assert canary not in f"{caught.value} {caught.value.__cause__}"
