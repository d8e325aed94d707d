"""README's commands are the ones that are run, and every command that the documents show exists."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from magi.cli.main import app

ROOT = Path(__file__).parents[2]
SH_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"^```\w*\n(.*?)^```$|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"(?:^|[\s;&|(])(?:\.venv/bin/)?magi[ ]+([^\n;&|]+)")
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "deploy/*",
    "deploy/auditor/*.md",
)


def sh_blocks():
    """README's fenced sh blocks, in order."""
    return SH_BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def shown_commands():
    """Every `magi …` that a document shows in code, without a trailing comment."""
    for pattern in DOCUMENTS:
        for path in sorted(path for path in ROOT.glob(pattern) if path.is_file()):
            for block, inline in CODE.findall(path.read_text(encoding="utf-8")):
                yield from (line.strip() for line in SHOWN.findall(block or inline))


def path_and_options(line):
    """The command, its words and the options of a shown line; no words when it names no command."""
    words = shlex.split(line, comments=True)
    command, path = get_command(app), []
    for word in words:
        if not hasattr(command, "commands") or word.startswith("-"):
            break
        if word not in command.commands:
            return command, [], set()
        command = command.commands[word]
        path.append(word)
    options = {word.partition("=")[0] for word in words if word.startswith("--")} - {"--help"}
    return command, path, options


def test_the_first_two_blocks_are_the_two_commands():
    """README opens with one command that runs the main job and one that runs the tests, each self-contained."""
    run, test = sh_blocks()[:2]

    assert "-r requirements.lock" in run
    assert run.rstrip().endswith("magi demo")
    assert "-r requirements-dev.lock" in test
    assert "-m pytest" in test
    assert all(block.count("\n") == 1 and "--require-hashes" in block for block in (run, test))


@pytest.mark.parametrize("second", ["echo second > ran", "false; echo second > ran"])
def test_ci_runs_the_second_block_word_for_word(tmp_path, second):
    """.ci/run executes the second sh block of the README beside it, from any folder, and stops when it fails."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    readme = f"# x\n```sh\necho first > ran\n```\n```sh\n{second}\n```\n```sh\necho third > ran\n```\n"
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    done = subprocess.run([str(tmp_path / ".ci" / "run")], cwd="/", stdin=subprocess.DEVNULL, check=False)
    ran = tmp_path / "ran"

    assert (done.returncode == 0) is ran.exists() is (not second.startswith("false"))
    assert not ran.exists() or ran.read_text(encoding="utf-8") == "second\n"


def test_ci_without_a_second_block_fails(tmp_path):
    """.ci/run with nothing to run is a failure, not a silent success."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "README.md").write_text("# x\n```sh\ntrue\n```\n", encoding="utf-8")
    done = subprocess.run([str(tmp_path / ".ci" / "run")], capture_output=True, check=False)

    assert done.returncode == 1
    assert b"README.md" in done.stderr


def test_ci_run_is_executable():
    """.ci/run can be started as it lies in the checkout."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_command_shown_exists():
    """Every `magi …` in the documents names an existing command, with options that the command has."""
    lines = list(shown_commands())
    wrong = []
    for line in lines:
        command, path, options = path_and_options(line)
        known = {option for parameter in command.params for option in parameter.opts}
        helped = CliRunner().invoke(app, [*path, "--help"])
        if not path or helped.exit_code or options - known:
            wrong.append(line)

    assert len(lines) > 5
    assert wrong == []
