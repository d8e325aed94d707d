"""The lines of a batch file: its encoding, its size, and every line with its number, in bounded memory.

A file is UTF-8 (with or without a byte order mark) or CP932, decided by whole lines and never by guessing a
character: lines with other than ASCII vote for the encoding in which they are valid. Decoding is strict, so a
line that is broken in the file's encoding is marked with the offset of its first bad byte and never mended.

Promises: at most one line in memory; every physical line comes out once, in order, under its number.
Leaves to others: what a line means (`rows`, `csv_rows`).
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from magi.core.errors import MalformedFileError

MAX_LINE_BYTES = 4 * 1024 * 1024
"""A question and 26 options of the longest kind, every character escaped as \\uXXXX, come to 2.5 MB."""
UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

_STRAY = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
"""What Python's codec makes of the single bytes 80, A0 and FD to FF, which stand for nothing in CP932."""

Encoding = Literal["utf-8", "cp932"]
Form = Literal["jsonl", "csv"]
Fault = Literal["broken_encoding", "line_too_long"]


@dataclass(frozen=True)
class Survey:
    """What one pass over a file found. `rows` counts what look like rows (a header is none): for progress."""

    path: Path
    form: Form
    encoding: Encoding
    rows: int


@dataclass(frozen=True)
class Line:
    """One physical line, number from 1, with its line ending. With a fault its text is not to be used.

    `byte` is the offset in the file of the first byte that is not of the encoding, or of the line's start.
    """

    number: int
    text: str
    fault: Fault | None = None
    byte: int = 0


@dataclass(frozen=True)
class _Raw:
    number: int
    start: int
    data: bytes
    whole: bool


@dataclass
class _Votes:
    """Lines by what they are valid as. Owned by one survey."""

    ascii: int = 0
    utf8: int = 0
    cp932: int = 0
    neither: int = 0
    first_bad: int = 0

    def cast(self, raw: _Raw) -> None:
        """Let one line vote; plain ASCII fits either and does not."""
        if raw.data.isascii():
            self.ascii += bool(raw.data.strip())
        elif _bad_byte(raw.data, "utf-8") is None:
            self.utf8 += 1
        elif (bad := _bad_byte(raw.data, "cp932")) is None:
            self.cp932 += 1
        else:
            self.first_bad = self.first_bad if self.neither else raw.start + bad
            self.neither += 1

    @property
    def hopeless(self) -> bool:
        """Whether the file is in some third encoding: nothing beyond ASCII is readable, and that is most of it."""
        return self.neither > self.ascii and not self.utf8 and not self.cp932


def survey(path: Path) -> Survey:
    """Read a file once for its encoding and the number of its rows; blocks.

    `.csv` is CSV, anything else JSON lines. A byte order mark settles UTF-8.

    Raises:
        MalformedFileError: unreadable; not_a_file (a second pass needs one); encoding, with the offset of the
            first byte that is neither UTF-8 nor CP932, where that is what most lines are.
    """
    form: Form = "csv" if path.suffix.lower() == ".csv" else "jsonl"
    votes, rows, quotes = _Votes(), 0, 0
    with _open(path) as file:
        head = file.read(len(UTF8_MARK))
        if head.startswith(UTF16_MARKS):
            raise MalformedFileError("encoding", file=str(path), byte=0)
        file.seek(0)
        for raw in _raw_lines(file):
            votes.cast(raw)
            # An odd number of quotation marks so far: a cell, and so a row of CSV, goes on (RFC 4180).
            quotes += raw.data.count(b'"') if form == "csv" else 0
            rows += bool(raw.data.strip()) and quotes % 2 == 0
    if votes.hopeless and head != UTF8_MARK:
        raise MalformedFileError("encoding", file=str(path), byte=votes.first_bad)
    is_utf8 = head == UTF8_MARK or votes.utf8 >= votes.cp932
    return Survey(path, form, "utf-8" if is_utf8 else "cp932", max(rows - (form == "csv"), 0))


def lines(found: Survey) -> Iterator[Line]:
    """The lines of a surveyed file in order; a byte order mark is left out.

    Raises:
        MalformedFileError: unreadable, not_a_file.
    """
    with _open(found.path) as file:
        for raw in _raw_lines(file):
            if not raw.whole:
                yield Line(raw.number, "", "line_too_long", raw.start)
            elif (bad := _bad_byte(raw.data, found.encoding)) is not None:
                text = raw.data.decode(found.encoding, "replace")
                yield Line(raw.number, text, "broken_encoding", raw.start + bad)
            else:
                yield Line(raw.number, raw.data.decode(found.encoding))


def _open(path: Path) -> BinaryIO:
    try:
        # Not waiting: opening a named pipe would, for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MalformedFileError("not_a_file", file=str(path))
    return os.fdopen(descriptor, "rb")


def _raw_lines(file: BinaryIO) -> Iterator[_Raw]:
    """Lines end at LF: no second byte of a CP932 character is one. The rest of a long line is skipped."""
    number, start = 0, 0
    while data := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        size, whole = len(data), len(data) <= MAX_LINE_BYTES
        while not data.endswith(b"\n") and (more := file.readline(MAX_LINE_BYTES)):
            size += len(more)
            data = data if whole else more
        first = start
        start += size
        if number == 1 and data.startswith(UTF8_MARK):
            first, data = first + len(UTF8_MARK), data.removeprefix(UTF8_MARK)
        yield _Raw(number, first, data if whole else b"", whole)


def _bad_byte(data: bytes, encoding: Encoding) -> int | None:
    """The offset of the first byte that is not of the encoding."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    if encoding == "cp932" and (stray := _STRAY.search(text)):
        return len(text[: stray.start()].encode(encoding))
    return None
