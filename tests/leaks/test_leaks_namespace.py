"""Traffic of the whole program inside a network namespace: with loopback alone, and with a way out that is watched."""

import errno
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

WITHIN = Path(__file__).with_name("within.py")
LIMIT_SECONDS = 120
COMMAND = ("unshare", "--map-root-user", "--net")


@cache
def refusal():
    """Why this machine gives no namespace with a second interface, or None."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "needs unshare (util-linux) and ip (iproute2)"
    trial = "ip link set lo up && ip link add way0 type veth peer name end0"
    done = subprocess.run([*COMMAND, "sh", "-c", trial], capture_output=True, timeout=30, check=False)
    return f"the kernel gives no namespace: {done.stderr.decode()[:200]}" if done.returncode else None


def within(where, job, folder):
    """Do a job in a new namespace; what it tells."""
    if (reason := refusal()) is not None:
        pytest.skip(reason)
    folder.mkdir()
    done = subprocess.run(
        [*COMMAND, sys.executable, WITHIN, where, job, folder],
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def assert_all_done(told):
    """Question, chat and batch went well, and the foreign seat of the cast was asked in each of the five."""
    assert told["codes"] == [0, 0, 0, 0]
    assert (told["countries"].count("US"), told["rows"], told["status"]) == (1, 3, 200)
    assert told["abroad"] == 5
    assert told["on_loopback"] > 0


def test_everything_works_with_loopback_alone(tmp_path):
    """Where there is no other interface, a question, a chat and a batch with seats abroad work; a way out does not."""
    told = within("alone", "magi", tmp_path / "magi")
    tried = within("alone", "control", tmp_path / "control")

    assert told["interfaces"] == ["lo"]
    assert_all_done(told)
    assert (tried["connected"], tried["sent"]) == (errno.ENETUNREACH, errno.ENETUNREACH)


def test_nothing_takes_a_way_out_that_is_there(tmp_path):
    """With a default route and every lure in the environment not one frame leaves; a program that tries is heard."""
    told = within("watched", "magi", tmp_path / "magi")
    tried = within("watched", "control", tmp_path / "control")
    frames = b"".join(map(bytes.fromhex, tried["left"]))

    assert told["interfaces"] == ["end0", "lo", "way0"]
    assert_all_done(told)
    assert (told["left"], told["looked_up"]) == ([], 0)
    assert (tried["connected"], tried["sent"]) == (errno.EINPROGRESS, 0)
    assert (len(tried["left"]) >= 2, tried["looked_up"] > 0) == (True, True)
    assert "椿の花壇七三〇一号".encode() in frames
    assert bytes((203, 0, 113, 9)) in frames
