"""What the product imports is what its lock installs: nothing works by the grace of a development tool."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def normal(name):
    """A distribution's name in one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file):
    """The distributions of a lock file with their versions."""
    return {normal(n): version for n, version in NAME.findall((ROOT / file).read_text(encoding="utf-8"))}


def imported():
    """Every top-level module outside the standard library that magi imports."""
    for path in (ROOT / "magi").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]


def declared(group):
    """The distributions that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] if group is None else project["optional-dependencies"][group]
    return {normal(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in wanted}


def test_everything_imported_is_in_the_runtime_lock():
    """Every third-party module that magi imports comes from a package of the runtime lock, or is the extra's."""
    owners = packages_distributions()
    modules = set(imported()) - sys.stdlib_module_names - {"magi"}
    runtime = set(locked("requirements.lock"))
    foreign = {m for m in modules if not {normal(d) for d in owners.get(m, [])} & runtime}

    assert len(modules) > 5
    assert foreign == {"xllamacpp"}
    assert {normal(d) for d in owners["xllamacpp"]} == declared("local")
    assert not declared("local") & runtime


def test_the_locks_hold_what_is_declared():
    """The runtime lock holds every declared dependency, the development lock those and every tool, alike."""
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")

    assert declared(None) <= set(runtime)
    assert declared("dev") | declared("local") <= set(development)
    assert {name: development.get(name) for name in runtime} == runtime
