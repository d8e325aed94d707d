"""What import-linter cannot see: submodules of the standard library, calls, and imports by name."""

import ast
from pathlib import Path

MAGI = Path(__file__).parents[2] / "magi"
MODULES = sorted(MAGI.rglob("*.py"))
MAY_CONNECT = {"gateway", "standin"}
CLIENT_MODULES = {"urllib.request", "http.client", "xmlrpc.client"}
CONNECTING_CALLS = {
    "create_connection",
    "create_datagram_endpoint",
    "create_server",
    "create_unix_connection",
    "getaddrinfo",
    "gethostbyname",
    "open_connection",
    "open_unix_connection",
    "sock_connect",
    "start_server",
    "urlopen",
}
BY_NAME = {"__import__", "import_module", "eval", "exec"}
PURE = {"core", "residency"}
IMPURE_CALLS = {"open", "print", "input", "now", "today", "utcnow", "perf_counter", "read_text", "write_text"}
PURE_IMPORTS = {
    "__future__",
    "ahocorasick",
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "codecs",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "html",
    "ipaddress",
    "itertools",
    "json",
    "magi",
    "math",
    "pydantic",
    "re",
    "rfc8785",
    "string",
    "types",
    "typing",
    "unicodedata",
    "zlib",
}
"""What core and residency may import: a new name here is a decision, not an accident."""


def package(path):
    """The package of magi that a module belongs to."""
    return path.relative_to(MAGI).parts[0]


def imported(tree):
    """Every dotted name that a module imports, `from x import y` as both x and x.y."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree):
    """The last name of everything that a module calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name


def parsed(path):
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def offences(names, forbidden, packages):
    """What each module of these packages uses of the forbidden names: empty when all is well."""
    found = {
        str(path.relative_to(MAGI)): sorted(forbidden & set(names(parsed(path))))
        for path in MODULES
        if packages(package(path))
    }
    return {path: used for path, used in found.items() if used}


def test_only_gateway_and_standin_can_connect():
    """No module outside the gateway and the stand-in imports a client or opens a connection or a listener."""

    def elsewhere(name):
        return name not in MAY_CONNECT

    assert offences(imported, CLIENT_MODULES, elsewhere) == {}
    assert offences(called, CONNECTING_CALLS, elsewhere) == {}


def test_no_module_is_imported_by_name():
    """No module evades the import rules by importing or running what a string names."""
    assert offences(called, BY_NAME, lambda _: True) == {}


def test_core_and_residency_are_pure():
    """Core and residency import only what computes, and call no clock, file or screen."""
    roots = {
        name.partition(".")[0] for path in MODULES if package(path) in PURE for name in imported(parsed(path))
    }

    assert roots <= PURE_IMPORTS
    assert offences(called, IMPURE_CALLS, PURE.__contains__) == {}
