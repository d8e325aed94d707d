"""House style that no linter checks: lengths, docstrings, forbidden words, no trace of a machine."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "magi").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FILE_LINES = 400
FUNCTION_LINES = 70
ONE_STORY = {"magi/service/run.py"}
"""Read from the top to the bottom as one numbered story; cutting it would hide the order."""
WALKED = ("magi", "agents", "prompts", "deploy", "docs", "tests", ".ci")
TEXT_BYTES = 2_000_000
"""Larger files are recordings: their texts come from models."""
# One letter of each pattern stands in brackets, so that this file does not contain what it forbids.
MACHINE = re.compile(r"/[r]oot/|/[h]ome/\w|/[U]sers/\w|/[w]ork/\w|/[o]pt/(?:wheels|pypi)|[C]:\\+Users")
REGISTRY = re.compile(
    r"py[p]i\.org|python[h]osted\.org|registry\.n[p]mjs|reg[i]stry\.yarnpkg|index\.d[o]cker\.io|ghc[r]\.io"
)
LEFT_OVER = re.compile(r"\b(?:T[O]DO|F[I]XME|X{3}|H[A]CK)\b")


POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\{?[0-9,]+\}?\})\+")


def texts():
    """Every text file of the project: the named folders and the files at the top."""
    paths = [path for folder in WALKED for path in (ROOT / folder).rglob("*")]
    paths += ROOT.iterdir()
    skipped = {"__pycache__", ".git"}
    return sorted(
        p
        for p in paths
        if p.is_file() and not skipped & set(p.parts) and p.suffix not in {".pyc", ".db"}
        if p.stat().st_size < TEXT_BYTES
    )


def named(path):
    """A file's name for a test id and a message."""
    return str(path.relative_to(ROOT))


def functions(tree):
    """Every function and method of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def public(body):
    """Public functions and classes, and the public methods of public classes."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def parsed(path):
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def nonempty(found):
    """The offences by file, without the files that have none."""
    return {named(path): list(what) for path, what in found if what}


def imported(tree):
    """Every module that a file imports, `from x import y` as x.y."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def patches(tree):
    """Every use of a mock library or of a fixture that overwrites an attribute."""
    mocks = [name for name in imported(tree) if name.startswith("unittest.mock")]
    overwritten = [
        f"line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"setattr", "delattr", "patch"}
        if isinstance(node.value, ast.Name) and node.value.id in {"monkeypatch", "mocker"}
    ]
    return [*mocks, *overwritten]


def test_files_are_short():
    """A module stays under 400 lines, except the service's one story."""
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    assert {path: n for path, n in lengths.items() if n >= FILE_LINES and path not in ONE_STORY} == {}


def test_functions_are_short():
    """A function of magi fits on one screen: 70 lines."""
    long = (
        (path, [f.name for f in functions(parsed(path)) if f.end_lineno - f.lineno >= FUNCTION_LINES])
        for path in MODULES
    )

    assert nonempty(long) == {}


def test_everything_public_says_what_it_is():
    """Every module, public function, public class and public method has a docstring."""
    silent = (
        (path, [node.name for node in public(parsed(path).body) if not ast.get_docstring(node)])
        for path in MODULES
    )

    assert nonempty(silent) == {}
    assert [named(path) for path in MODULES if not ast.get_docstring(parsed(path))] == []


def test_every_test_names_its_property():
    """Every test states in its docstring what it shows."""
    silent = (
        (
            path,
            [
                node.name
                for node in functions(parsed(path))
                if node.name.startswith("test_") and not ast.get_docstring(node)
            ],
        )
        for path in TESTS
    )

    assert nonempty(silent) == {}


def test_no_test_patches():
    """Fakes come through ports: no test imports a mock library or overwrites an attribute."""
    assert nonempty((path, patches(parsed(path))) for path in TESTS) == {}


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY, LEFT_OVER], ids=["machine", "registry", "left over"])
def test_no_file_names_a_machine_or_a_registry(pattern):
    """No file names a path of somebody's machine or a package registry, and nothing is left half-done."""
    assert nonempty((path, pattern.findall(path.read_text(encoding="utf-8"))) for path in texts()) == {}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-weights.lock"])
def test_lock_files_hold_hashes_and_no_address(name):
    """Every locked package is pinned with hashes, and the file holds no address of a server."""
    text = (ROOT / name).read_text(encoding="utf-8")
    packages = re.split(r"\n(?=\S)", text.strip())

    assert [
        p for p in packages if not re.match(r"[\w.-]+==\S+ .*?--hash=sha256:[0-9a-f]{64}", p, re.DOTALL)
    ] == []
    assert "://" not in text


@pytest.mark.parametrize("folder", ["api", "core", "gateway", "jobs", "materials", "residency", "service"])
def test_no_pattern_repeats_a_group_possessively(folder):
    """Python before 3.11.5 loses matches of `(...)++` (python/cpython issue 106052); `(?>(...)+)` says the same."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "magi" / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if POSSESSIVE_GROUP.search(line)
    ]

    assert found == []
