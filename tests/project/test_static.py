"""The checkers that every commit must pass: lint, format, types, import rules."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKER_SECONDS = 300
"""mypy without its cache takes under a minute on a busy small machine."""


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports", "--no-logo")],
    ids=" ".join,
)
def test_every_checker_is_content(command):
    """Each checker, configured in pyproject.toml, finds nothing in the checkout."""
    tool = Path(sys.executable).with_name(command[0])
    if not tool.exists():
        pytest.skip(f"{command[0]} is not installed beside this Python: install requirements-dev.lock")
    done = subprocess.run(
        [str(tool), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=CHECKER_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
