"""Signed notes, checkpoints and proof files: vectors from outside, strict reading, every changed byte."""

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.errors import MagiError, MalformedFileError, TamperedError
from magi.ledger.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    MAX_TIMESTAMP,
    Checkpoint,
    Cosigned,
    Signature,
    Verifier,
    add_signatures,
    cosign,
    cosignatures,
    new_cosigner,
    new_signer,
    open_note,
    parse_checkpoint,
    parse_cosigner,
    parse_signatures,
    parse_signer,
    parse_vkey,
    sign,
    verify_cosignature,
)
from magi.ledger.proof import consistency_proof, inclusion_proof, verify_consistency
from magi.ledger.tiles import TileNodes, tile_path, unbundle
from magi.ledger.tlog_proof import (
    MAX_EXTRA_BYTES,
    MAX_PROOF_BYTES,
    TlogProof,
    parse_tlog_proof,
    verify_tlog_proof,
)
from magi.ledger.tree import EMPTY_ROOT, leaf_hash, merkle_root

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "\N{EM DASH} example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
LOG = new_signer("example.com/log", bytes(range(32)))
NEXT = new_signer("example.com/log", bytes(range(1, 33)))
WITNESS = new_cosigner("witness.example/w1", bytes(range(2, 34)))
ROOT = leaf_hash(b"entry")
CHECKPOINT = Checkpoint("example.com/log", 1, ROOT)

PUBLIC_NOTE = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "\N{EM DASH} arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3ur"
    "bllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "\N{EM DASH} arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75M"
    "dhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "\N{EM DASH} transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoX"
    "HAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "\N{EM DASH} witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hN"
    "I7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n"
    "\N{EM DASH} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU"
    "/zZ0WBxtqB0DrAWfBw==\n"
    "\N{EM DASH} witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFuc"
    "gKi7lI7cUiOvKFYe/TmN9DAg==\n"
)
PUBLIC_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
PUBLIC_WITNESSES = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
]
"""What a public log and four public witnesses signed on 2026-05-23, with a signature of type 0x05 beside."""


def shared_data():
    """The folder of data beside the checkout, or the one that is named."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


TESSERA = shared_data() / "vectors" / "tessera_testlog.json"


def reason_of(call, *arguments, **named):
    """The reason and the problems of the error that a call ends in."""
    with pytest.raises(MagiError) as caught:
        call(*arguments, **named)
    return (caught.value.reason, *caught.value.facts.get("problems", ()))


def is_refused(call, *arguments):
    """Whether a call ends in an error of this program."""
    try:
        call(*arguments)
    except MagiError:
        return True
    return False


def note_of(signed):
    """A note with these lines behind its text."""
    return ("text\n\n" + "".join(signed)).encode()


def line(signer, text="text\n"):
    """The signature line of a signer."""
    return sign(text, [signer]).decode().removeprefix(text + "\n")


def test_known_note_verifies():
    """The note of the specification's authors verifies, and says its text and key."""
    note = open_note(NOTE, [parse_vkey(VKEY)])

    assert note.text == "This is an example message.\n"
    assert [key.vkey for key in note.verified] == [VKEY]
    assert note.unknown == ()


def test_known_note_is_signed_byte_for_byte():
    """Signing with Go's test key gives Go's bytes; the key is read and written as Go does."""
    signer = parse_signer(SKEY)
    data = sign(TEXT, [signer])

    assert data == f"{TEXT}\n\N{EM DASH} PeterNeumann {SIGNED}\n".encode()
    assert signer.to_text() == SKEY
    assert open_note(data, [signer.verifier]).verified == (signer.verifier,)


def test_a_public_checkpoint_with_its_witnesses():
    """A checkpoint of a public log verifies with four witnesses of the public network, each at its time."""
    note = open_note(PUBLIC_NOTE.encode(), [parse_vkey(PUBLIC_LOG)])
    seen = cosignatures(note, [parse_cosigner(text) for text in PUBLIC_WITNESSES])
    head = parse_checkpoint(note.text)

    assert (head.origin, head.size) == ("arche2025h1.staging.ct.transparency.dev", 1432088532)
    assert [witness.key.vkey for witness in seen] == PUBLIC_WITNESSES
    assert {witness.timestamp for witness in seen} == {1779573024}
    assert len(note.unknown) == 5


@pytest.mark.skipif(not TESSERA.is_file(), reason="the folder shared/data is not beside the checkout")
def test_log_of_another_program():
    """All checkpoints, tiles, entries and proofs of the Tessera test log hold, at each of its 16 sizes."""
    log = json.loads(TESSERA.read_text(encoding="utf-8"))
    files = {path: base64.b64decode(text) for path, text in log["files_base64"].items()}
    key = parse_vkey(log["vkey"])

    def read(level, number, width):
        return files[tile_path(level, number, width)]

    heads = [parse_checkpoint(open_note(files[f"checkpoint.{size}"], [key]).text) for size in range(16)]
    for size, head in enumerate(heads[1:], 1):
        entries = unbundle(files[f"tile/entries/000.p/{size}"])
        nodes = TileNodes(read, size)
        for index, entry in enumerate(entries):
            proof = TlogProof(index, inclusion_proof(index, size, nodes), files[f"checkpoint.{size}"])
            verify_tlog_proof(proof, entry, [key], origin="example.com/log/testdata")
        for old in heads[1 : size + 1]:
            verify_consistency(old.size, size, consistency_proof(old.size, size, nodes), old.root, head.root)

        assert merkle_root(map(leaf_hash, entries)) == head.root

    assert [head.size for head in heads] == list(range(16))
    assert heads[0].root == EMPTY_ROOT
    assert entries[:3] == (b"one", b"two", b"three")
    assert files["checkpoint"] == files["checkpoint.15"]


@pytest.mark.skipif(not TESSERA.is_file(), reason="the folder shared/data is not beside the checkout")
def test_no_bit_of_a_foreign_checkpoint_can_change():
    """Every single changed bit of a checkpoint of the Tessera test log is refused."""
    log = json.loads(TESSERA.read_text(encoding="utf-8"))
    data = base64.b64decode(log["files_base64"]["checkpoint"])
    key = parse_vkey(log["vkey"])
    taken = [
        bit
        for bit in range(len(data) * 8)
        if not is_refused(
            open_note, data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :], [key]
        )
    ]

    assert taken == []


def test_rotation_of_keys():
    """A note signed with the old and the new key is taken by who knows either, who sees the other as unknown."""
    data = sign("text\n", [LOG, NEXT])

    assert open_note(data, [LOG.verifier]).verified == (LOG.verifier,)
    assert open_note(data, [LOG.verifier]).unknown == parse_signatures(line(NEXT))
    assert open_note(data, [NEXT.verifier, LOG.verifier]).verified == (LOG.verifier, NEXT.verifier)


def test_a_known_key_whose_signature_fails_spoils_the_note():
    """A note is refused where one known key does not hold, though another known key does."""
    data = note_of([line(LOG), line(NEXT, "other\n")])

    assert reason_of(open_note, data, [LOG.verifier, NEXT.verifier]) == ("note_signature",)
    assert open_note(data, [LOG.verifier]).verified == (LOG.verifier,)


def test_a_note_without_a_known_key_is_refused():
    """A note that nobody known signed is refused, and so is one with no verifiers at all."""
    data = sign("text\n", [LOG])

    assert reason_of(open_note, data, [NEXT.verifier]) == ("note_unsigned",)
    assert reason_of(open_note, data, []) == ("note_unsigned",)


def test_a_key_counts_once():
    """A line that stands twice counts once, known or unknown; a second one that fails is refused."""
    other = line(NEXT)
    note = open_note(note_of([line(LOG), other, line(LOG), other]), [LOG.verifier])

    assert (note.verified, len(note.unknown)) == ((LOG.verifier,), 1)
    assert reason_of(open_note, note_of([line(LOG), line(LOG, "other\n")]), [LOG.verifier]) == (
        "note_signature",
    )


def test_same_name_with_another_id_is_unknown():
    """A signature under a known name with another ID, or a known ID with another name, is ignored."""
    known = parse_signatures(line(LOG))[0]
    strangers = [
        Signature(known.name, b"abcd", known.value).line,
        Signature("example.com/else", known.key_hash, known.value).line,
    ]
    note = open_note(note_of([*strangers, line(LOG)]), [LOG.verifier])

    assert [signature.line for signature in note.unknown] == strangers


def test_two_keys_under_one_id_are_refused():
    """Two verifiers that share name and ID but not the key are refused; one verifier given twice is not."""
    twin = Verifier(LOG.name, LOG.key_hash, NEXT.verifier.public_key)
    data = sign("text\n", [LOG])

    assert reason_of(open_note, data, [LOG.verifier, twin]) == ("vkey", "ambiguous")
    assert open_note(data, [LOG.verifier, LOG.verifier]).verified == (LOG.verifier,)


def test_the_last_blank_line_separates():
    """A text may hold blank lines and lines that look like signatures; the last blank line ends it."""
    text = "a\n\n" + line(LOG) + "\n\nb\n"

    assert open_note(sign(text, [LOG]), [LOG.verifier]).text == text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no_signatures"),
        (b"text\n", "no_signatures"),
        (b"text\n\n", "no_newline"),
        (note_of([line(LOG)])[:-1], "no_newline"),
        (note_of([line(LOG), "\n"]), "no_newline"),
        (note_of([line(LOG), "more\n"]), "signature_line"),
        (note_of([line(LOG).replace("\N{EM DASH}", "-")]), "signature_line"),
        (note_of([line(LOG).replace("log ", "log+ ")]), "signature_line"),
        (note_of([line(LOG).replace("log ", "l\N{NO-BREAK SPACE}og ")]), "signature_line"),
        (note_of(["\N{EM DASH}  AAAAAAAA\n"]), "signature_line"),
        (note_of(["\N{EM DASH} name\n"]), "signature_line"),
        (note_of(["\N{EM DASH} name \n"]), "signature_value"),
        (note_of(["\N{EM DASH} name AAAAAA==\n"]), "signature_value"),
        (note_of(["\N{EM DASH} name AAAAAAB=\n"]), "signature_value"),
        (note_of(["\N{EM DASH} name AAAA AAAA\n"]), "signature_value"),
        (note_of(["\N{EM DASH} name AAAAAAA_\n"]), "signature_value"),
        (note_of([line(LOG)]).replace(b"text", b"te\xffxt"), "not_utf8"),
        (note_of([line(LOG)]).replace(b"text", b"te\xed\xa0\x80xt"), "not_utf8"),
        (note_of([line(LOG)]).replace(b"text", b"te\rxt"), "control_character"),
        (note_of([line(LOG)]).replace(b"text", b"te\x00xt"), "control_character"),
        (note_of([line(LOG)] * (MAX_SIGNATURES + 1)), "too_many_signatures"),
        (b"t" * MAX_NOTE_BYTES + note_of([line(LOG)]), "too_long"),
    ],
)
def test_malformed_notes_are_refused(data, problem):
    """Whatever is not a note in its one spelling is refused, with the first thing that is wrong."""
    assert reason_of(open_note, data, [LOG.verifier]) == ("note", problem)


def test_as_many_signatures_as_may_be():
    """A note with the greatest number of signatures is taken."""
    note = open_note(note_of([line(LOG)] * MAX_SIGNATURES), [LOG.verifier])

    assert note.verified == (LOG.verifier,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("text", "no_newline"), ("", "no_newline"), ("te\txt\n", "control_character"), ("\ud800\n", "not_utf8")],
)
def test_what_cannot_be_read_is_not_signed(text, problem):
    """A text that `open_note` would not take is not signed either."""
    assert reason_of(sign, text, [LOG]) == ("note", problem)


def test_nothing_is_signed_by_nobody():
    """A note without signers is none."""
    assert reason_of(sign, "text\n", []) == ("note", "no_newline")


def test_signatures_of_others_are_kept():
    """Others' lines stand behind the own ones, except one by a key that signs anew."""
    stale, other = parse_signatures(line(LOG, "old\n"))[0], parse_signatures(line(NEXT))[0]
    data = sign("text\n", [LOG], [stale, other])

    assert data == note_of([line(LOG), line(NEXT)])


def test_signatures_are_added_once():
    """A line is added to a note, and not repeated where it stands already."""
    data = sign("text\n", [LOG])
    others = parse_signatures(line(NEXT))
    grown = add_signatures(data, [*others, *others])

    assert grown == note_of([line(LOG), line(NEXT)])
    assert add_signatures(grown, others) == grown


def test_no_note_grows_past_its_bounds():
    """A note that has as many signatures as may be takes no further one."""
    full = note_of([line(LOG)] * MAX_SIGNATURES)

    assert reason_of(add_signatures, full, parse_signatures(line(NEXT))) == ("note", "too_many_signatures")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "form"),
        ("name+00000000", "form"),
        (VKEY.replace("530d903a", "530d903b"), "key_id"),
        (VKEY.replace("530d903a", "530D903A"), "key_id"),
        (VKEY.replace("foo", "fo\N{IDEOGRAPHIC SPACE}o"), "name"),
        (VKEY.replace("example.com/foo", ""), "name"),
        (VKEY.replace("foo", "f\ud800"), "name"),
        (VKEY + "\n", "key_type"),
        (VKEY[:-1], "key_type"),
        (VKEY.replace("AekyeRr", "BOkyeRr"), "key_type"),
        ("name+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(), "key"),
    ],
)
def test_malformed_public_keys_are_refused(text, problem):
    """A public key is taken in one spelling, with the ID that it has, of type 0x01."""
    assert reason_of(parse_vkey, text) == ("vkey", problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (VKEY, "form"),
        (SKEY.replace("PRIVATE", "PUBLIC"), "form"),
        (SKEY.replace("c74f20a3", "c74f20a4"), "key_id"),
        (SKEY.replace("Neumann", " Neumann"), "name"),
        (SKEY[:-4], "key"),
        (SKEY.replace("AYEKFA", "BIEKFA"), "key"),
        (SKEY[:-1] + "!", "key"),
    ],
)
def test_malformed_private_keys_are_refused(text, problem):
    """A private key is taken in one spelling, with the ID of its public key, and no error shows it."""
    with pytest.raises(MalformedFileError) as caught:
        parse_signer(text)

    assert (caught.value.reason, caught.value.facts["problems"]) == ("signing_key", (problem,))
    assert "AYEKFALV" not in str(caught.value)


def test_private_keys_are_not_shown():
    """Neither the seed nor its text is in the representation of a signer or a witness."""
    shown = repr(parse_signer(SKEY)) + repr(WITNESS)

    assert repr(parse_signer(SKEY).seed) not in shown
    assert repr(WITNESS.seed) not in shown
    assert "seed" not in shown


@pytest.mark.parametrize("make", [new_signer, new_cosigner])
def test_seeds_and_names_are_checked(make):
    """A seed that is not 32 bytes long and a name that no note may hold are refused together."""
    assert reason_of(make, "a+b", bytes(31)) == ("signing_key", "name", "key")


@given(st.binary(min_size=32, max_size=32), st.text("abc./日本", min_size=1, max_size=9))
def test_keys_go_through_their_text(seed, name):
    """Every key is read back from its text as it was, private and public, log's and witness's."""
    signer, cosigner = new_signer(name, seed), new_cosigner(name, seed)

    assert parse_signer(signer.to_text()) == signer
    assert parse_vkey(signer.verifier.vkey) == signer.verifier
    assert parse_cosigner(cosigner.key.vkey) == cosigner.key
    assert is_refused(parse_vkey, cosigner.key.vkey)
    assert is_refused(parse_cosigner, signer.verifier.vkey)


def test_checkpoint_text():
    """A checkpoint is three lines, and reads back; further lines are kept."""
    longer = Checkpoint("example.com/log", 1, ROOT, ("more", "lines"))

    assert CHECKPOINT.text == f"example.com/log\n1\n{base64.b64encode(ROOT).decode()}\n"
    assert parse_checkpoint(CHECKPOINT.text) == CHECKPOINT
    assert longer.text == CHECKPOINT.text + "more\nlines\n"
    assert parse_checkpoint(longer.text) == longer


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no_newline"),
        (CHECKPOINT.text[:-1], "no_newline"),
        ("example.com/log\n1\n", "lines"),
        ("\n" + CHECKPOINT.text.partition("\n")[2], "origin"),
        (CHECKPOINT.text.replace("\n1\n", "\n01\n"), "size"),
        (CHECKPOINT.text.replace("\n1\n", "\n+1\n"), "size"),
        (CHECKPOINT.text.replace("\n1\n", "\n-1\n"), "size"),
        (CHECKPOINT.text.replace("\n1\n", "\n1_0\n"), "size"),
        (CHECKPOINT.text.replace("\n1\n", "\n\N{FULLWIDTH DIGIT ONE}\n"), "size"),
        (CHECKPOINT.text.replace("\n1\n", f"\n{2**63}\n"), "size"),
        (CHECKPOINT.text.replace("\n1\n", "\n0\n"), "root"),
        (CHECKPOINT.text.replace("=", ""), "root"),
        (CHECKPOINT.text.replace("=\n", "\n\n"), "root"),
        (f"example.com/log\n1\n{base64.b64encode(bytes(31)).decode()}\n", "root"),
        (CHECKPOINT.text + "\n", "extensions"),
        (CHECKPOINT.text + "a\n\nb\n", "extensions"),
        (CHECKPOINT.text + "a\n" * 17, "extensions"),
    ],
)
def test_malformed_checkpoints_are_refused(text, problem):
    """A checkpoint is taken in one spelling only."""
    assert problem in reason_of(parse_checkpoint, text)[1:]


def test_no_checkpoint_is_made_that_reads_otherwise():
    """An origin with a line break, which would forge a size, makes no checkpoint."""
    assert reason_of(Checkpoint, "log\n9", 1, ROOT) == ("checkpoint", "origin")


def test_a_witness_says_when():
    """A cosignature verifies, gives its time, and is unknown to who only knows the log's key."""
    data = sign(CHECKPOINT.text, [LOG], [cosign(CHECKPOINT.text, WITNESS, 1679315147)])
    note = open_note(data, [LOG.verifier])

    assert note.verified == (LOG.verifier,)
    assert cosignatures(note, [WITNESS.key]) == (Cosigned(WITNESS.key, 1679315147),)


def test_a_witness_counts_once():
    """Two cosignatures by one witness count as one, at the earlier time; other witnesses are not made up."""
    stranger = new_cosigner("witness.example/w2", bytes(32))
    others = [cosign(CHECKPOINT.text, WITNESS, seconds) for seconds in (20, 10, 30)]
    note = open_note(sign(CHECKPOINT.text, [LOG], others), [LOG.verifier])

    assert cosignatures(note, [stranger.key, WITNESS.key, WITNESS.key]) == (Cosigned(WITNESS.key, 10),)


@given(st.integers(0, MAX_TIMESTAMP), st.integers(0, 72 * 8 - 1))
def test_no_bit_of_a_cosignature_can_change(timestamp, bit):
    """A cosignature holds for its text and time, and for no other text, time, key or changed bit."""
    signature = cosign(CHECKPOINT.text, WITNESS, timestamp)
    value = bytearray(signature.value)
    value[bit // 8] ^= 1 << bit % 8
    changed = Signature(signature.name, signature.key_hash, bytes(value))

    assert verify_cosignature(CHECKPOINT.text, signature, WITNESS.key) == timestamp
    assert is_refused(verify_cosignature, CHECKPOINT.text, changed, WITNESS.key)
    assert is_refused(verify_cosignature, CHECKPOINT.text + "x\n", signature, WITNESS.key)
    assert is_refused(
        verify_cosignature, CHECKPOINT.text, signature, new_cosigner(WITNESS.key.name, bytes(32)).key
    )


def test_a_cosignature_is_no_signature():
    """What a witness signs cannot pass for a note by a log with the same key, nor the other way round."""
    log = new_signer(WITNESS.key.name, WITNESS.seed)
    plain = log.sign(CHECKPOINT.text.encode())
    forged = Signature(WITNESS.key.name, WITNESS.key.key_hash, bytes(8) + plain)

    assert reason_of(verify_cosignature, CHECKPOINT.text, forged, WITNESS.key) == ("cosignature",)


def test_a_bad_cosignature_is_named():
    """A cosignature that is too short, out of time, or under another name, which nothing signs, is refused."""
    signature = cosign(CHECKPOINT.text, WITNESS, 5)
    short = Signature(signature.name, signature.key_hash, signature.value[:-1])
    after = f"cosignature/v1\ntime {MAX_TIMESTAMP + 1}\n{CHECKPOINT.text}".encode()
    late = Signature(signature.name, signature.key_hash, b"\x80" + bytes(7) + WITNESS.sign(after))
    renamed = Signature("witness.example/else", signature.key_hash, signature.value)

    assert reason_of(verify_cosignature, CHECKPOINT.text, short, WITNESS.key) == ("cosignature",)
    assert reason_of(verify_cosignature, CHECKPOINT.text, late, WITNESS.key) == ("cosignature",)
    assert reason_of(verify_cosignature, CHECKPOINT.text, renamed, WITNESS.key) == ("cosignature",)
    assert reason_of(cosign, CHECKPOINT.text, WITNESS, MAX_TIMESTAMP + 1) == ("note", "timestamp")


def small_proof(extra=None):
    """A proof of the second of three entries, and that entry."""
    entries = [b"one", b"two", b"three"]
    leaves = [leaf_hash(entry) for entry in entries]
    nodes = TileNodes(lambda *_: b"".join(leaves), 3)
    head = Checkpoint(LOG.name, 3, merkle_root(leaves))
    return TlogProof(1, inclusion_proof(1, 3, nodes), sign(head.text, [LOG]), extra), entries[1]


@pytest.mark.parametrize("extra", [None, b"", b"\x00anything"])
def test_proof_file(extra):
    """A proof file reads back as it was, and verifies for its entry alone."""
    proof, entry = small_proof(extra)
    again = parse_tlog_proof(proof.to_bytes())

    assert again == proof
    assert verify_tlog_proof(again, entry, [LOG.verifier], origin=LOG.name).size == 3
    assert reason_of(verify_tlog_proof, again, b"one", [LOG.verifier]) == ("inclusion_proof",)


def test_proof_file_has_the_form_of_the_specification():
    """The lines of a proof file are those of tlog-proof, in their order."""
    proof, _ = small_proof(b"e")
    lines = proof.to_bytes().decode().split("\n")

    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra ZQ==", "index 1"]
    assert lines[3:5] == [base64.b64encode(one).decode() for one in proof.hashes]
    assert lines[5:8] == ["", LOG.name, "3"]


@settings(deadline=None)
@given(st.data())
def test_no_bit_of_a_proof_file_can_change(data):
    """A changed bit anywhere in a proof file, outside of the extra bytes, is refused."""
    proof, entry = small_proof()
    raw = bytearray(proof.to_bytes())
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8

    assert is_refused(lambda: verify_tlog_proof(parse_tlog_proof(bytes(raw)), entry, [LOG.verifier]))


def test_a_proof_of_another_log_is_refused():
    """A checkpoint of another log by the same key is refused where the log's name is known."""
    proof, entry = small_proof()

    assert reason_of(verify_tlog_proof, proof, entry, [LOG.verifier], origin="else") == ("checkpoint_origin",)
    assert reason_of(verify_tlog_proof, proof, entry, [NEXT.verifier]) == ("note_unsigned",)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"@v1", b"@v2", "header"),
        (b"index 1", b"index 01", "index"),
        (b"index 1", b"index -1", "index"),
        (b"index 1\n", b"", "index"),
        (b"index 1", b"extra ZQ=\nindex 1", "extra"),
        (b"index 1", b"extra ZQ==\nextra ZQ==\nindex 1", "index"),
        (b"index 1", f"index {2**63 - 1}".encode(), "index"),
        (b"index 1", b"index 1\nAAAA", "hashes"),
        (b"index 1", b"index 1\nnot base64", "hashes"),
        (b"index 1", b"index 1\xff", "form"),
        (b"\n\n", b"\n", "form"),
    ],
)
def test_malformed_proof_files_are_refused(old, new, problem):
    """A proof file is taken in one spelling only."""
    raw = small_proof()[0].to_bytes().replace(old, new)

    assert reason_of(parse_tlog_proof, raw) == ("tlog_proof", problem)


def test_proof_files_are_bounded():
    """Too many hashes, too many extra bytes and too long a file are refused."""
    assert reason_of(TlogProof, 0, (bytes(32),) * 65, b"") == ("tlog_proof", "hashes")
    assert reason_of(TlogProof, 0, (), b"", bytes(MAX_EXTRA_BYTES + 1)) == ("tlog_proof", "extra")
    assert reason_of(parse_tlog_proof, bytes(MAX_PROOF_BYTES + 1)) == ("tlog_proof", "too_long")


def test_errors_hold_no_text():
    """No error about a note shows anything of its text, nor does its cause."""
    with pytest.raises(MalformedFileError) as malformed:
        open_note(b"secret\xff\n\n", [])
    with pytest.raises(TamperedError) as tampered:
        open_note(note_of([line(LOG, "secret\n")]), [LOG.verifier])

    assert "secret" not in str(malformed.value) + str(tampered.value)
    assert malformed.value.__suppress_context__
