"""The parts of the auditor's verifier against outside vectors and other software; and that it stands alone."""

import ast
import hashlib
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from magi.core.record import KINDS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "deploy/auditor/recompute.py"
DOCUMENT = ROOT / "docs/RECOMPUTE.md"

SIGNATURES = {  # RFC 8032, section 7.1: public key, message, signature
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
            "3dca179c138ac17ad9bef1177331a704"
        ),
    ),
}
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (  # of the first 0, 1, ... 8 leaves: the test tree of certificate transparency's own code
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", SIGNATURES)
def test_known_signatures(verifier, name):
    """The vectors of RFC 8032 verify, and each with one bit changed does not."""
    key, message, signature = map(bytes.fromhex, SIGNATURES[name])
    flipped = [(key, message, bytes([signature[0] ^ 1]) + signature[1:]), (key, message + b"\0", signature)]
    flipped += [(key[:-1] + bytes([key[-1] ^ 1]), message, signature), (key, message, signature[:-1])]

    assert verifier.ed25519_verifies(key, message, signature)
    assert [verifier.ed25519_verifies(*other) for other in flipped] == [False] * 4


def test_signatures_as_other_software_sees_them(verifier):
    """On keys, messages and damage by chance it says what OpenSSL says."""
    chance = random.Random(3)  # noqa: S311  # the same cases every time
    answers = []
    for number in range(40):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        key, message = private.public_key().public_bytes_raw(), chance.randbytes(number)
        signature = bytearray(private.sign(message))
        if number % 2:
            signature[chance.randrange(64)] ^= 1 << chance.randrange(8)
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(bytes(signature), message)
            expected = True
        except InvalidSignature:
            expected = False
        answers.append((verifier.ed25519_verifies(key, message, bytes(signature)), expected))

    assert answers == [(number % 2 == 0,) * 2 for number in range(40)]


def test_a_second_form_of_a_signature_is_refused(verifier):
    """The scalar plus the group's order is the same number and another signature (RFC 8032, 5.1.7)."""
    key, message, signature = map(bytes.fromhex, SIGNATURES["TEST 3"])
    scalar = int.from_bytes(signature[32:], "little") + verifier.L

    assert not verifier.ed25519_verifies(key, message, signature[:32] + scalar.to_bytes(32, "little"))


def test_known_roots(verifier):
    """The roots of the known tree of eight leaves, at every size."""
    leaves = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in LEAVES]

    assert tuple(verifier.root_of(leaves[:size]).hex() for size in range(9)) == ROOTS


@given(VALUES)
def test_canonical_bytes_as_other_software_makes_them(verifier, value):
    """The serialiser agrees with another one, and reads its own bytes back."""
    data = verifier.canonical(value).encode()

    assert data == rfc8785.dumps(value)
    assert verifier.decode(data) == value


def test_names_are_sorted_by_utf_16(verifier):
    """RFC 8785, 3.2.3: a name beyond the basic plane sorts before one at its end."""
    assert verifier.canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'


def test_every_kind_of_record_is_known(verifier):
    """The verifier and its document know every kind that the program writes, and no other."""
    named = set(re.findall(r"`([a-z_]+)`", DOCUMENT.read_text(encoding="utf-8").split("## 2.")[0]))

    assert set(verifier.READ) | verifier.OTHER_KINDS == set(KINDS)
    assert set(KINDS) <= named


def test_it_stands_alone():
    """It imports nothing but the standard library, in the syntax of Python 3.9."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name.split(".")[0]
        for node in imports
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module])
    }

    assert names <= sys.stdlib_module_names
    assert not names & {"importlib", "ctypes", "subprocess", "socket", "urllib", "http"}


def test_its_process_cannot_import_the_program():
    """Run as the tests run it, there is no magi to import."""
    command = [sys.executable, "-I", "-S", "-c", "import magi"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, cwd=ROOT.parent)

    assert b"ModuleNotFoundError" in done.stderr


def test_its_words(exported_words):
    """For a person it prints Japanese first, a line a difference, and never an answer."""
    said, answers = exported_words

    assert "different: 結論が記録と異なる" in said
    assert "(outcome)" in said
    assert not [answer for answer in answers if answer in said]


@pytest.fixture
def exported_words(build, logs):
    """What the command prints on a log with a changed verdict, and the answers in it."""
    options = ("東の案とする", "西の案とする")
    answers = [build.answered(n, options[n % 2]) for n in (1, 2, 3)]
    log = logs.of(build.records(*logs.honest([build.opened(), *answers])))
    folder = logs.folder(
        log.edited(log.place("decided"), lambda value: value["data"].update(outcome="unanimous"))
    )
    command = [sys.executable, "-I", "-S", str(SOURCE), str(folder)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)

    assert done.returncode == 1
    assert json.loads(log.entries[-1])["data"]["answer_class"] in options
    return done.stdout, options
