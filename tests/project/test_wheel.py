"""The wheel that ships: what it holds, and that it runs alone, without the checkout."""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASSETTE = "magi/standin/cassettes/open-weights.jsonl"
INSTALL_SECONDS = 300
"""Thirty-odd packages: up to a minute on a busy machine."""
COMMAND_SECONDS = 60
"""The demonstration is promised within 15 s on a quiet machine; this one may be busy."""
COMMANDS = (
    ("--help",),
    ("version",),
    ("agents", "list"),
    ("agents", "check"),
    ("doctor",),
    ("ask", "--rehearsal", "庁舎の照明をLEDに替えるべきか。はいかいいえで答えてください。"),
    ("replay", "--all"),
    ("demo",),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout by the locked build backend."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def run(command, *, cwd, env=None, seconds=INSTALL_SECONDS):
    """Run a command to its end and show what it said when it failed."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=seconds, check=False
    )

    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def install(wheel, folder):
    """A fresh environment with the locked runtime packages and the wheel; its folder of commands."""
    bin_folder = folder / "bin"
    python = str(bin_folder / "python")
    lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    run([sys.executable, "-m", "venv", str(folder)], cwd=wheel.parent)
    pip = [python, "-m", "pip", "install", "--quiet"]
    run([*pip, *lock], cwd=wheel.parent)
    run([*pip, "--no-deps", str(wheel)], cwd=wheel.parent)
    return bin_folder


def test_the_wheel_holds_its_assets_and_no_tests(wheel):
    """The wheel carries cards, councils, templates, words, profiles, questions and recordings, and no test."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assets = {
        f"magi/_assets/{path.relative_to(ROOT)}"
        for folder, pattern in (("agents", "*.toml"), ("prompts", "*.txt"), ("prompts", "LOCK"))
        for path in (ROOT / folder).rglob(pattern)
    }
    inside = {
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "*.toml", "*.jsonl", "py.typed")
        for path in (ROOT / "magi").rglob(pattern)
    }

    assert len(assets) > 10
    assert assets | inside | {"magi/_assets/requirements.lock"} <= names
    assert {
        "magi/py.typed",
        "magi/words.toml",
        "magi/evaluation/policy_questions.jsonl",
        CASSETTE,
    } <= names
    assert any(name.startswith("magi/residency/profiles/") for name in names)
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"magi"}


def test_the_installed_wheel_runs_alone(wheel, tmp_path):
    """With the locked packages and nothing else, every command works in an empty folder, leaving no file there."""
    commands = install(wheel, tmp_path / "env")
    empty, home = tmp_path / "empty", tmp_path / "home"
    empty.mkdir()
    home.mkdir()
    env = {"PATH": f"{commands}{os.pathsep}{os.defpath}", "HOME": str(home)}
    for arguments in COMMANDS:
        began = time.monotonic()
        run(["magi", *arguments], cwd=empty, env=env, seconds=COMMAND_SECONDS)
        print(f"magi {arguments[0]}: {time.monotonic() - began:.1f} s")  # noqa: T201  # shown with -s

        assert list(empty.iterdir()) == [], arguments
