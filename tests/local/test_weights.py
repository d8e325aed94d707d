"""Weights of one's own: known by every byte, refused when they are others, served only where all is there."""

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from magi.core.errors import WeightsRefusedError
from magi.local.weights import require, unchanged, weigh

SCRIPT = Path(sys.executable).with_name("magi")
LIMIT_SECONDS = 60
BODY = b"GGUF" + bytes(range(256))
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def file(tmp_path):
    """A file that begins like weights and holds none."""
    path = tmp_path / "Some.gguf"
    path.write_bytes(BODY)
    return path


def magi_local(folder, *words, library=None):
    """Run `magi local`; `library` is the text of a module that stands where the serving library would."""
    env = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", "MAGI_HOME": str(folder / "home")}
    if library is not None:
        (folder / "xllamacpp.py").write_text(library, encoding="utf-8")
        env["PYTHONPATH"] = str(folder)
    return subprocess.run(
        [SCRIPT, "local", *map(str, words)],
        env=env,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def test_weights_are_named_by_every_byte(file):
    """The digest is that of the file's bytes; one bit more and it is another file."""
    weights = weigh(file)
    file.write_bytes(BODY[:-1] + bytes([BODY[-1] ^ 1]))

    assert weights.sha256 == SHA
    assert weigh(file).sha256 != SHA


@pytest.mark.parametrize("written", [SHA, SHA.upper(), f" {SHA}\n", f"sha256:{SHA}"])
def test_the_right_digest_is_accepted_however_it_is_written(file, written):
    """Case, white space and a prefix change no digest."""
    assert require(weigh(file), written) is None


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("0" * 64, "digest_differs"),
        (SHA[:-1], "digest_form"),
        ("", "digest_form"),
        (f"{SHA}0", "digest_form"),
    ],
)
def test_another_digest_is_refused(file, wanted, reason):
    """A digest of other bytes, or none at all, is refused with the real one."""
    with pytest.raises(WeightsRefusedError, match=reason) as caught:
        require(weigh(file), wanted)

    assert caught.value.facts["sha256"] == SHA


def test_a_file_that_changes_is_noticed(file):
    """Other bytes, another file under the name, or none: no longer the one that was weighed."""
    weights = weigh(file)
    before = unchanged(weights)
    other = file.with_name("other")
    other.write_bytes(BODY)
    os.utime(other, ns=(weights.stamp[1], weights.stamp[1]))
    other.replace(file)
    swapped = unchanged(weights)
    file.unlink()

    assert (before, swapped, unchanged(weights)) == (True, False, False)


def test_without_a_digest_the_command_with_it_is_shown(file, tmp_path):
    """Exit 2, with the digest of the file and the whole command to run."""
    done = magi_local(tmp_path, file, "--port", "18999")

    assert (done.returncode, f"magi local {file} --sha256 {SHA} --port 18999" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Some.gguf", "--port", "18999", "--sha256", "0" * 64), SHA),
        (("Some.gguf", "--sha256", SHA), "--port"),
        (("none.gguf", "--port", "18999", "--sha256", SHA), "none.gguf"),
        (("text.gguf", "--port", "18999", "--sha256", SHA), "GGUF"),
        ((".", "--port", "18999", "--sha256", SHA), "directory"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_loads(file, tmp_path, words, said):
    """Another digest, no port, no file, a text, a folder: exit 2 with the reason, the library untouched."""
    (file.with_name("text.gguf")).write_text("x")
    name, *more = words
    done = magi_local(tmp_path, f"{tmp_path}/{name}", *more, library="raise SystemExit(99)")

    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("raise ModuleNotFoundError('x')", 'pip install "xllamacpp'),
        ("raise ImportError('libgomp.so.1: cannot open shared object file')", "libgomp.so.1"),
    ],
)
def test_a_missing_library_is_named_with_the_remedy(file, tmp_path, library, said):
    """Without the extra, or without a library of the system, exit 1 and what to install."""
    done = magi_local(tmp_path, file, "--port", "18999", "--sha256", SHA, library=library)

    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_a_taken_port_is_refused(file, tmp_path):
    """Where somebody listens already nothing is loaded: exit 1 and the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = magi_local(tmp_path, file, "--port", port, "--sha256", SHA, library="")

    assert (done.returncode, f"ポート {port}" in done.stderr) == (1, True), done.stderr


def test_weights_that_do_not_load_are_told_so(file, tmp_path):
    """A file with the right digest and no model in it ends in words, not in a trace."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = magi_local(tmp_path, file, "--port", port, "--sha256", SHA)
    last = done.stderr.splitlines()[-1]

    # Where a library of the system is missing, that is told instead.
    assert (done.returncode, "動かせません" in last or "libgomp1" in last) == (1, True), done.stderr
