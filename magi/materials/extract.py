"""The text inside a document, all of it, so that it can be labelled.

`extract` never raises, writes no file, opens no connection and logs nothing. What it could not read in full it
says in `unreadable`; a caller must treat such material as never public. `extract_bounded` runs it in a pool and
answers in time.

Leaves to others: labels (residency), what may be sent (gateway), the pool's life. A thread that hangs keeps its
place in its pool; a worker process that hangs in Python code ends its own work by an alarm.
"""

from __future__ import annotations

import asyncio
import io
import re
import signal
import threading
import zipfile
from typing import TYPE_CHECKING, Final

from magi.materials import recognise
from magi.materials.archive import members_of, read_gzip, read_members
from magi.materials.encoding import strings
from magi.materials.found import Extracted, Limits, Reading, UnreadableError
from magi.materials.image import read_image
from magi.materials.mail import read_mail
from magi.materials.office import is_package, read_package
from magi.materials.open_document import is_open_document, read_open_document
from magi.materials.pdf import read_pdf
from magi.materials.plain import read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from types import FrameType

_TEXTS: Final = frozenset({recognise.TEXT, recognise.HTML, recognise.XML, recognise.SVG})
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
"""The stream of a compound file that holds an OOXML document under a password ([MS-OFFCRYPTO] 2.3.4.4)."""
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class _OutOfTime(BaseException):  # not an error of the document: readers must not catch it
    """The alarm of a worker went off."""


def extract(name: str, data: bytes, limits: Limits | None = None) -> Extracted:
    """Return all text of a document and the codes of what nobody could read.

    `name` is the file's name, itself a piece (`file_name`), never evidence of what the file is. `limits` is used up
    by the call. Guarantees: no exception for any name and bytes; the same bytes give the same result.
    """
    reading = Reading(_read, limits or Limits())
    reading.say("file_name", name)
    if len(data) > reading.left.input_bytes:
        reading.cannot("too_large")
        return reading.finish(name, recognise.UNKNOWN)
    media = _read(reading, data)
    return reading.finish(name, media)


async def extract_bounded(
    name: str,
    data: bytes,
    pool: Executor,
    seconds: float,
    read: Callable[[str, bytes], Extracted] = extract,
) -> Extracted:
    """Return what `read` finds, run in a pool, or `timed_out` when it takes longer than `seconds`.

    A worker that dies or a pool that is closed also gives `timed_out`: the material was not read. Cancelling the
    caller cancels the wait.
    """
    try:
        running = pool.submit(_in_time, read, name, data, seconds)
        return await asyncio.wait_for(asyncio.wrap_future(running), seconds)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return _unread(name)  # not this task was cancelled, but the pool threw away its work
    except Exception:  # noqa: BLE001  # whatever kept the pool from answering, nothing was read
        return _unread(name)


def _in_time(read: Callable[[str, bytes], Extracted], name: str, data: bytes, seconds: float) -> Extracted:
    """Read in a worker; in a process's main thread an alarm frees the worker when nobody waits any more."""
    if threading.current_thread() is not threading.main_thread():
        return read(name, data)
    before = signal.signal(signal.SIGALRM, _alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return read(name, data)
    except _OutOfTime:
        return _unread(name)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise _OutOfTime


def _unread(name: str) -> Extracted:
    reading = Reading(_read, Limits())
    reading.say("file_name", name)
    reading.cannot("timed_out")
    return reading.finish(name, recognise.UNKNOWN)


def _read(reading: Reading, data: bytes) -> str:
    """Read one document into a reading and return its media type; every failure becomes a code."""
    media = recognise.UNKNOWN
    try:
        media = recognise.media_of(data)
        media = _read_as(reading, data, media)
        if not media.endswith("zip") and not _is_package(media) and zipfile.is_zipfile(io.BytesIO(data)):
            # A file may be two at once: readers of archives look at the end, others at the start.
            reading.cannot("embedded_object")
            _read_zip(reading, data)
    except UnreadableError as refused:
        reading.cannot(refused.code)
    except MemoryError:
        reading.cannot("too_large")
    except RecursionError:
        reading.cannot("too_deep")
    except Exception:  # noqa: BLE001  # the libraries raise anything on hostile bytes; the promise is never to raise
        reading.cannot("malformed")
    return media


def _read_as(reading: Reading, data: bytes, media: str) -> str:
    if not data:
        return recognise.TEXT
    if media == recognise.ZIP:
        return _read_zip(reading, data)
    if media in _TEXTS:
        read_text(reading, data, media)
    elif media == recognise.PDF:
        read_pdf(reading, data)
    elif media == recognise.MAIL:
        read_mail(reading, data)
    elif media == recognise.GZIP:
        read_gzip(reading, data)
    elif media.startswith("image/"):
        read_image(reading, data)
    else:
        reading.cannot(_why_unknown(data, media))
        reading.say("legible", strings(data))
    return media


def _why_unknown(data: bytes, media: str) -> str:
    """Bytes without a control character are a text in an encoding that is not known here."""
    if media == recognise.COMPOUND and _ENCRYPTED_PACKAGE in data:
        return "encrypted"
    return "undecodable" if media == recognise.UNKNOWN and not _CONTROLS.search(data) else "unknown_format"


def _read_zip(reading: Reading, data: bytes) -> str:
    members = members_of(reading, data)
    names = frozenset(member.name for member in members)
    if is_package(names):
        return read_package(reading, members)
    if is_open_document(names):
        return read_open_document(reading, members)
    read_members(reading, members)
    return recognise.ZIP


def _is_package(media: str) -> bool:
    return media.startswith(("application/vnd.openxmlformats", "application/vnd.oasis"))
