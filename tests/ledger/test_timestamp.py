"""Time stamps over a checkpoint: a token by a trusted authority over these bytes holds, and nothing else does."""

import datetime
import importlib.util
import random
from pathlib import Path

import pytest

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.note import Checkpoint, cosign, sign
from magi.ledger.note_key import new_cosigner, new_signer
from magi.ledger.timestamp import (
    REPLY_TYPE,
    NotStamped,
    Stamped,
    parse_authority,
    query,
    read_reply,
    verify_timestamp,
)

_SPEC = importlib.util.spec_from_file_location("time_stamps", Path(__file__).parents[1] / "time_stamps.py")
time_stamps = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(time_stamps)

pytestmark = pytest.mark.skipif(time_stamps.OPENSSL is None, reason="no openssl on this machine")

LOG = new_signer("magi/local", b"l" * 32)
WITNESS = new_cosigner("witness.example/w1", b"w" * 32)
TEXT = Checkpoint("magi/local", 9, b"r" * 32).text
NOTE = sign(TEXT, [LOG])
OTHER_NOTE = sign(Checkpoint("magi/local", 9, b"s" * 32).text, [LOG])


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    """An authority."""
    return time_stamps.new_authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="module")
def authority(tsa):
    """Its certificates as trusted."""
    return parse_authority(tsa.root, "ca.pem")


@pytest.fixture(scope="module")
def token(tsa):
    """A reply over the note."""
    return tsa.reply(query(NOTE).body)


def read(asked, body, authority, status=200, media_type=REPLY_TYPE):
    """What that reply means."""
    return read_reply(asked, status, media_type, body, authority)


def test_a_token_that_came_holds(tsa, authority):
    """The reply to our query is verified and says when; the time is now, by the authority's clock."""
    asked = query(NOTE)
    found = read(asked, tsa.reply(asked.body), authority)

    assert isinstance(found, Stamped)
    assert abs(datetime.datetime.now(datetime.UTC) - found.at) < datetime.timedelta(minutes=10)


def test_a_kept_token_holds_though_witnesses_signed_since(token, authority):
    """The stamp is over what the log gave out: lines of witnesses that came later change nothing."""
    later = NOTE + cosign(TEXT, WITNESS, 10).line.encode()

    assert verify_timestamp(token, later, authority) == verify_timestamp(token, NOTE, authority)


def test_a_token_over_another_checkpoint_is_refused(token, authority):
    """A token belongs to one note: another root, or the same text signed by another key, is refused."""
    for other in (OTHER_NOTE, sign(TEXT, [new_signer("magi/local", b"n" * 32)])):
        with pytest.raises(TamperedError, match="timestamp"):
            verify_timestamp(token, other, authority)


def test_a_token_by_another_authority_is_refused(token, tmp_path):
    """Who is not in the operator's file is not believed, though the names are the same."""
    strange = parse_authority(time_stamps.new_authority(tmp_path / "two").root, "ca.pem")
    with pytest.raises(TamperedError, match="timestamp"):
        verify_timestamp(token, NOTE, strange)


def test_a_reply_to_an_earlier_query_is_refused(tsa, authority):
    """The nonce binds the reply to the query: an old token over the same note is not taken as a fresh one."""
    old = tsa.reply(query(NOTE).body)
    with pytest.raises(TamperedError, match="timestamp"):
        read(query(NOTE), old, authority)


def test_a_changed_token_says_nothing_else(token, authority):
    """Of 400 seeded single-bit changes each is refused, or hits what no signature covers and changes no word of it."""
    chance = random.Random(3161)  # noqa: S311  # seeded, so that a failure comes back
    truth, refused = verify_timestamp(token, NOTE, authority), 0
    for _ in range(400):
        body = bytearray(token)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        try:
            found = verify_timestamp(bytes(body), NOTE, authority)
        except (TamperedError, MalformedFileError):
            refused += 1
        else:
            assert found == truth

    assert refused > 350


@pytest.mark.parametrize(
    ("status", "media_type", "body", "why"),
    [
        (302, REPLY_TYPE, b"", "status"),
        (200, "text/html", b"<html>", "status"),
        (200, REPLY_TYPE, b"", "reply"),
        (200, REPLY_TYPE, b"\x30\x00", "reply"),
        (200, REPLY_TYPE, bytes.fromhex("30053003020102"), "refused"),
    ],
    ids=["redirect", "page", "empty", "no status", "rejection"],
)
def test_a_reply_without_a_token_is_named(authority, status, media_type, body, why):
    """What is no granted reply is a value with its reason, whatever bytes came."""
    assert read(query(NOTE), body, authority, status, media_type) == NotStamped(why)


def test_a_refusal_of_openssl_is_named(tsa, authority):
    """A digest that the authority does not take is refused by it, and read as refused."""
    asked = query(NOTE)
    sha1 = bytes.fromhex("302902010130213009") + bytes.fromhex("06052b0e03021a0500") + b"\x04\x14" + bytes(20)

    assert read(asked, tsa.reply(sha1 + b"\x01\x01\xff"), authority) == NotStamped("refused")


def test_foreign_software_agrees(tsa, token, tmp_path):
    """`openssl ts -verify` takes the token over the note's bytes, and refuses it over others."""
    (tmp_path / "reply").write_bytes(token)
    said = {}
    for name, data in (("note", NOTE), ("other", OTHER_NOTE)):
        (tmp_path / name).write_bytes(data)
        trusted = ("-CAfile", str(tsa.folder / "ca.pem"))
        files = ("-in", str(tmp_path / "reply"), "-data", str(tmp_path / name))
        said[name] = time_stamps.run("ts", "-verify", *files, *trusted)[0]

    assert said == {"note": 0, "other": 1}


@pytest.mark.parametrize(
    "pem", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(pem):
    """A file without certificates trusts nobody and is refused by name."""
    with pytest.raises(MalformedFileError, match="certificates"):
        parse_authority(pem, "ca.pem")


def test_what_is_no_reply_is_refused(authority):
    """A damaged file is an error with a name, not a stamp."""
    with pytest.raises(MalformedFileError, match="timestamp"):
        verify_timestamp(b"\x30\x03\x02\x01", NOTE, authority)
