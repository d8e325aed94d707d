"""Witnesses: what is sent has the specified form, and only what was verified counts as a cosignature."""

import base64
import hashlib
import random

import pytest

from magi.core.errors import MalformedFileError, TamperedError
from magi.ledger.note import Checkpoint, add_signatures, cosign, sign
from magi.ledger.note_key import new_cosigner, new_signer
from magi.ledger.proof import consistency_proof, root_of
from magi.ledger.witness import (
    Asked,
    OtherSize,
    Refused,
    Signed,
    Unreadable,
    add_checkpoint,
    alarm_of,
    own_lines,
    read_answer,
    with_cosignature,
    witnessed,
)
from magi.standin.witness import Head, extends

LOG = new_signer("magi/local", b"l" * 32)
WITNESS = new_cosigner("witness.example/w1", b"w" * 32)
OTHER = new_cosigner("witness.example/w2", b"o" * 32)
HEAD = Checkpoint("magi/local", 9, b"r" * 32)
NOTE = sign(HEAD.text, [LOG])
HASHES = (b"\x01" * 32, b"\xff" * 32)
SIZE = "text/x.tlog.size"


def asked(old=4):
    """A request from that size."""
    return Asked(old, HEAD, NOTE)


def line(cosigner=WITNESS, at=1_700_000_000, text=HEAD.text):
    """A cosignature as a witness sends it."""
    return cosign(text, cosigner, at).line.encode()


def answered(status=200, body=b"", media_type="", old=4):
    """What that answer means."""
    return read_answer(asked(old), status, media_type, body, WITNESS.key)


def test_the_body_is_old_size_proof_and_checkpoint():
    """Lines in the specification's order: old size, a hash each in base64, an empty line, the note as it is."""
    lines = [b"old 4", *(base64.b64encode(one) for one in HASHES), b"", b""]

    assert add_checkpoint(asked(), HASHES) == b"\n".join(lines) + NOTE
    assert add_checkpoint(asked(0), ()) == b"old 0\n\n" + NOTE


@pytest.mark.parametrize(
    ("old", "proof"),
    [(-1, ()), (10, ()), (0, HASHES), (9, HASHES), (4, HASHES * 32)],
    ids=["negative", "beyond", "from nothing", "same", "too many"],
)
def test_a_request_that_no_witness_may_take_is_not_made(old, proof):
    """Old sizes out of bounds, a proof from nothing or to the same size, and more than 63 hashes are refused."""
    with pytest.raises(ValueError, match=str(old)):
        add_checkpoint(asked(old), proof)


def test_a_cosignature_is_verified_and_read():
    """The witness's own line counts, with its time; lines of strangers beside it are ignored."""
    found = answered(body=line(OTHER) + line())

    assert isinstance(found, Signed)
    assert (found.timestamp, found.signature.line.encode()) == (1_700_000_000, line())


def test_of_two_lines_the_earlier_counts():
    """Where the witness sends two lines that hold, the one with the earlier time is taken."""
    found = answered(body=line(at=20) + line(at=10))

    assert found.timestamp == 10
    assert found.signature.line.encode() == line(at=10)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "lines"),
        (b"\xff\n", "lines"),
        (line()[:-1], "lines"),
        (line(OTHER), "unsigned"),
        (line(text=Checkpoint("magi/local", 10, b"r" * 32).text), "cosignature"),
        (line() + line(text=Checkpoint("magi/local", 9, b"s" * 32).text), "cosignature"),
    ],
    ids=["empty", "no text", "cut", "stranger", "other size", "one of two"],
)
def test_a_200_without_a_cosignature_that_holds_is_none(body, why):
    """Whatever came with status 200, nothing counts that does not verify by the witness's key over our text."""
    assert answered(body=body) == Unreadable(why)


def test_no_changed_bit_of_a_cosignature_is_taken():
    """Of 500 seeded single-bit changes to an answer none reads as signed at another time or by another signature."""
    chance, whole = random.Random(5), line()  # noqa: S311  # seeded, so that a failure comes back
    taken = []
    for _ in range(500):
        body = bytearray(whole)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        taken.append(answered(body=bytes(body)))

    assert [one for one in taken if isinstance(one, Signed)] == []


@pytest.mark.parametrize(
    ("status", "why", "alarm"),
    [(422, "proof", "proof"), (404, "log", None), (403, "key", None), (400, "request", None)],
)
def test_a_refusal_is_named(status, why, alarm):
    """Each status of the specification has its meaning; only a proof that does not hold is an alarm."""
    found = answered(status)

    assert found == Refused(why)
    assert alarm_of(asked(), found) == alarm


@pytest.mark.parametrize("status", [201, 204, 301, 302, 500, 503])
def test_a_status_outside_the_protocol_is_no_answer(status):
    """A redirect or an error of a server says nothing about the log."""
    found = answered(status, line())

    assert found == Unreadable("status")
    assert alarm_of(asked(), found) is None


@pytest.mark.parametrize(
    ("body", "media_type", "old", "expected", "alarm"),
    [
        (b"7\n", SIZE, 4, OtherSize(7), None),
        (b"0\n", SIZE, 4, OtherSize(0), None),
        (b"9\n", SIZE, 4, OtherSize(9), None),
        (b"10\n", SIZE, 4, OtherSize(10), "ahead"),
        (b"10\n", SIZE, 9, OtherSize(10), "ahead"),
        (b"9\n", SIZE, 9, Refused("root"), "root"),
        (b"", "", 9, Refused("root"), "root"),
        (b"4\n", SIZE, 4, Unreadable("size"), None),
        (b"10\n", "text/plain", 4, Unreadable("size"), None),
        (b"10", SIZE, 4, Unreadable("size"), None),
        (b"10\n10\n", SIZE, 4, Unreadable("size"), None),
        (b"010\n", SIZE, 4, Unreadable("size"), None),
        (b"-1\n", SIZE, 4, Unreadable("size"), None),
        ("\u0661\n".encode(), SIZE, 4, Unreadable("size"), None),
        (b"9" * 5000 + b"\n", SIZE, 4, Unreadable("size"), None),
    ],
)
def test_a_conflict_names_a_size_or_another_root(body, media_type, old, expected, alarm):
    """409 with a size in its one spelling says where the witness is; at our own size it says that the roots differ."""
    found = answered(409, body, media_type, old)

    assert found == expected
    assert alarm_of(asked(old), found) == alarm


def test_a_copy_keeps_the_first_line_of_a_witness():
    """A line is appended once for each witness, so the earliest time that was named is kept; the rest stays."""
    first, second = answered(body=line(at=10)), answered(body=line(at=20))
    once = with_cosignature(NOTE, first)

    assert once == NOTE + line(at=10)
    assert with_cosignature(once, second) == once


def test_a_kept_copy_says_who_saw_it_and_when():
    """Of the witnesses asked for, those that signed are named with their times; the log's own line is not one."""
    data = NOTE + line(at=10) + line(OTHER, at=20)
    checkpoint, found = witnessed(data, [OTHER.key, WITNESS.key])

    assert checkpoint == HEAD
    assert [(one.key.name, one.timestamp) for one in found] == [(OTHER.key.name, 20), (WITNESS.key.name, 10)]
    assert witnessed(NOTE, [WITNESS.key])[1] == ()


def test_a_forged_line_in_a_kept_copy_is_refused():
    """A line under a witness's name and key that does not hold makes the copy worthless, not merely unsigned."""
    forged = add_signatures(NOTE, [cosign("magi/local\n8\n", WITNESS, 10)])
    with pytest.raises(TamperedError, match="cosignature"):
        witnessed(forged, [WITNESS.key])


def test_own_lines_are_what_the_log_gave_out():
    """Cosignatures are dropped, every signature under the log's name stays, byte for byte."""
    both = sign(HEAD.text, [LOG, new_signer("magi/local", b"n" * 32)])

    assert own_lines(both + line() + line(OTHER)) == both
    assert own_lines(both) == both


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"x\n\ny\n", NOTE[:-1]], ids=["empty", "bytes", "text", "cut"]
)
def test_what_is_no_note_is_refused(data):
    """A damaged copy is an error with a name."""
    with pytest.raises(MalformedFileError):
        own_lines(data)
    with pytest.raises(MalformedFileError):
        witnessed(data, [])


def node(level, index):
    """A node of the tree over leaves that are their numbers, computed without the product's tree."""
    if level == 0:
        return hashlib.sha256(b"\x00" + bytes([index])).digest()
    below = (node(level - 1, 2 * index + side) for side in (0, 1))
    return hashlib.sha256(b"\x01" + b"".join(below)).digest()


def test_the_stand_in_reads_proofs_by_itself():
    """For every pair of sizes up to 20 the stand-in takes our proof, and refuses it for other roots or a hash less."""
    wrong = []
    for new in range(1, 21):
        here = {size: Head(size, root_of(size, node)) for size in range(1, new + 1)}
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, node)
            bad = [
                (here[old], Head(new, b"x" * 32), proof),
                (Head(old, b"x" * 32), here[new], proof),
                (here[old], here[new], (*proof, b"x" * 32)),
                *([(here[old], here[new], proof[1:])] if proof else []),
            ]
            if not extends(here[old], here[new], proof) or any(extends(*one) for one in bad):
                wrong.append((old, new))

    assert wrong == []
