"""A recording of real answers: one JSON Lines file, found by the digest of the exact request body.

The first line is the header (what was recorded, when, from which weights); each further line is one answer:
status, headers, the raw chunks of the body and when they came. A chunk is a string where it is UTF-8 and
``{"base64": "..."}`` where it is not, so that a recording can be read in review and still holds every byte.

`load` trusts nothing: unknown fields, duplicate keys and anything out of bounds are a `CassetteError` that
names the line and the reason and quotes none of the content. `write` is atomic. What a miss means is left to
the server; a cassette never makes up an answer. Redaction is left to whoever records: headers are kept as
given.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias, TypeGuard, TypeVar

from magi.standin.sendable import is_header, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VERSION = 1

MAX_FILE_BYTES = 256 * 1024 * 1024
"""A cassette is held in memory; a thousand long answers take a few megabytes."""

MAX_CHUNKS = 100_000
"""Chunks of one answer: a stream of one token each, past the longest context known."""

_FIRST_STATUS, _LAST_STATUS = 200, 599
_KEY = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

_Fields: TypeAlias = "dict[str, object]"
_T = TypeVar("_T")


class CassetteError(ValueError):
    """A cassette that cannot be trusted; `line` counts from 1, or is None where no line is at fault."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        """Say what is wrong and where."""
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class RecordedModel:
    """One model of the recording: its agent card, the name it was asked by, and where its weights are from.

    `weights_sha256` is the digest of the weights file, or empty where a provider serves unnamed weights.
    """

    card: str
    model: str
    weights_sha256: str
    licence: str
    served_by: str


@dataclass(frozen=True, slots=True)
class Header:
    """What the whole recording is; `recorded_at` is a day as YYYY-MM-DD."""

    recorded_at: str
    models: tuple[RecordedModel, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded answer: `key` is the digest of the request body, `offsets_ms` when each chunk came.

    `chunks` and `offsets_ms` are of equal length; offsets count from the sending and never fall.
    """

    key: str
    model: str
    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[bytes, ...]
    offsets_ms: tuple[int, ...]


@dataclass(frozen=True)
class Cassette:
    """A loaded recording."""

    header: Header
    entries: tuple[Entry, ...]

    def find(self, body: bytes) -> Entry | None:
        """Give the answer recorded for exactly this request body, or None."""
        return self._by_key.get(key_of(body))

    @functools.cached_property
    def _by_key(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.entries}


def key_of(body: bytes) -> str:
    """Digest a request body as cassettes name it: SHA-256 of the exact bytes, in lower-case hex."""
    return hashlib.sha256(body).hexdigest()


def load(path: str | Path) -> Cassette:
    """Read a cassette.

    Raises:
        CassetteError: the file is not a cassette of this version, in every detail.
        OSError: the file cannot be read.
    """
    file = Path(path)
    if file.stat().st_size > MAX_FILE_BYTES:
        msg = f"expected at most {MAX_FILE_BYTES} bytes"
        raise CassetteError(msg)
    return parse(file.read_bytes())


def parse(content: bytes) -> Cassette:
    """Read a cassette from its bytes; raises CassetteError as `load` does."""
    lines = content.removesuffix(b"\n").split(b"\n")
    header = _at_line(1, functools.partial(_read_header, lines[0]))
    entries: list[Entry] = []
    seen: set[str] = set()
    for number, line in enumerate(lines[1:], start=2):
        entry = _at_line(number, functools.partial(_read_entry, line))
        if entry.key in seen:
            msg = "the key stands on an earlier line too"
            raise CassetteError(msg, number)
        seen.add(entry.key)
        entries.append(entry)
    return Cassette(header, tuple(entries))


def render(header: Header, entries: Iterable[Entry]) -> bytes:
    """Give the bytes of a cassette; the same values give the same bytes.

    Raises:
        CassetteError: the values would not load again; the line is the one they would have stood on.
    """
    rows: list[_Fields] = [{"magi_cassette": VERSION, **asdict(header)}]
    rows.extend(_entry_fields(entry) for entry in entries)
    try:
        lines = [json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n" for row in rows]
    except (TypeError, ValueError):
        msg = "a value cannot be written as JSON in UTF-8"
        raise CassetteError(msg) from None  # the cause would quote the value
    content = b"".join(lines)
    parse(content)
    return content


def write(path: str | Path, header: Header, entries: Iterable[Entry]) -> None:
    """Write a cassette atomically: readers see the old file or the whole new one, also after a crash.

    Raises:
        CassetteError: the values would not load again; nothing is written.
        OSError: the file cannot be written; the old one stays.
    """
    target = Path(path)
    content = render(header, entries)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _at_line(number: int, read: Callable[[], _T]) -> _T:
    """Run a reader and add the line to what it finds wrong."""
    try:
        return read()
    except CassetteError as error:
        raise CassetteError(error.reason, number) from error


def _object(line: bytes) -> _Fields:
    try:
        value = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except CassetteError:
        raise
    except (ValueError, RecursionError):  # the cause would quote the line
        msg = "malformed JSON"
        raise CassetteError(msg) from None
    if not isinstance(value, dict):
        _refuse("expected a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> _Fields:
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        _refuse("a field stands twice in one object")
    return dict(pairs)


def _refuse_constant(_name: str) -> NoReturn:
    _refuse("malformed JSON")


def _read_header(line: bytes) -> Header:
    fields = _object(line)
    if "magi_cassette" not in fields:
        _refuse("not a cassette: the first line must be its header")
    version = fields["magi_cassette"]
    if version != VERSION or isinstance(version, bool):
        _refuse(f"unknown version: expected {VERSION}")
    _require_fields(fields, {"magi_cassette", "recorded_at", "models", "note"})
    recorded_at = _text(fields, "recorded_at")
    if not _is_day(recorded_at):
        _refuse("recorded_at: expected a day as YYYY-MM-DD")
    models = fields["models"]
    if not isinstance(models, list):
        _refuse("models: expected an array")
    return Header(recorded_at, tuple(_model(each) for each in models), _text(fields, "note"))


def _model(value: object) -> RecordedModel:
    if not isinstance(value, dict):
        _refuse("models: expected objects")
    names = ("card", "model", "weights_sha256", "licence", "served_by")
    _require_fields(value, set(names))
    model = RecordedModel(*(_text(value, name) for name in names))
    if model.weights_sha256 and not _KEY.fullmatch(model.weights_sha256):
        _refuse("weights_sha256: bad digest, expected 64 lower-case hex digits")
    return model


def _read_entry(line: bytes) -> Entry:
    fields = _object(line)
    _require_fields(fields, {"key", "model", "status", "headers", "chunks", "offsets_ms"})
    key = _text(fields, "key")
    if not _KEY.fullmatch(key):
        _refuse("key: bad digest, expected 64 lower-case hex digits")
    status = fields["status"]
    if not _is_whole(status) or not _FIRST_STATUS <= status <= _LAST_STATUS:
        _refuse(f"status: expected a whole number from {_FIRST_STATUS} to {_LAST_STATUS}")
    chunks = _array(fields, "chunks")
    offsets = _array(fields, "offsets_ms")
    if len(chunks) != len(offsets):
        _refuse("chunks and offsets_ms: expected equal lengths")
    return Entry(
        key=key,
        model=_text(fields, "model"),
        status=status,
        headers=_headers(fields["headers"]),
        chunks=tuple(_chunk(chunk) for chunk in chunks),
        offsets_ms=_offsets(offsets),
    )


def _entry_fields(entry: Entry) -> _Fields:
    fields = asdict(entry)
    fields["headers"] = dict(entry.headers)
    fields["chunks"] = [_chunk_field(chunk) for chunk in entry.chunks]
    if len(fields["headers"]) != len(entry.headers):
        _refuse("headers: a name stands twice")
    return fields


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        _refuse("headers: expected an object")
    for name, text in value.items():
        if not isinstance(text, str) or not is_header(name, text):
            _refuse("headers: expected header names with printable values")
    return tuple(value.items())


def _chunk(value: object) -> bytes:
    if isinstance(value, str):
        _require_utf8(value, "chunks")
        return value.encode()
    if not isinstance(value, dict) or value.keys() != {"base64"} or not isinstance(value["base64"], str):
        _refuse('chunks: expected strings or {"base64": ...}')
    try:
        decoded = base64.b64decode(value["base64"], validate=True)
    except ValueError:
        decoded = None
    if decoded is None:  # outside of the handler, since the cause could quote the chunk
        _refuse("chunks: bad base64")
    return decoded


def _chunk_field(chunk: bytes) -> object:
    try:
        return chunk.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(chunk).decode()}


def _offsets(values: list[object]) -> tuple[int, ...]:
    offsets = [value for value in values if _is_whole(value) and value >= 0]
    if len(offsets) != len(values) or offsets != sorted(offsets):
        _refuse("offsets_ms: expected whole numbers from 0 that never fall")
    return tuple(offsets)


def _array(fields: _Fields, name: str) -> list[object]:
    value = fields[name]
    if not isinstance(value, list) or len(value) > MAX_CHUNKS:
        _refuse(f"{name}: expected an array of at most {MAX_CHUNKS}")
    return value


def _text(fields: _Fields, name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        _refuse(f"{name}: expected a string")
    _require_utf8(value, name)
    return value


def _require_fields(fields: _Fields, names: set[str]) -> None:
    if missing := sorted(names - fields.keys()):
        _refuse(f"missing fields: {', '.join(missing)}")
    if fields.keys() - names:  # their names are content too: not quoted
        _refuse("unknown fields")


def _require_utf8(text: str, name: str) -> None:
    if not is_text(text):
        _refuse(f"{name}: expected text that UTF-8 can carry")


def _is_day(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(reason: str) -> NoReturn:
    raise CassetteError(reason)
