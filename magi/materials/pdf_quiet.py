"""Keeps pypdf's log lines out of every log, and reads from them that something was skipped.

Those lines quote what stands in the document. From the first call on, the loggers of pypdf drop every line, for the
life of the process: switching that back would let another thread's lines through. Two guards: a filter on each of
its loggers, which no handler can undo, and no propagation for loggers that appear later.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from magi.materials.found import Reading

_PACKAGE: Final = "pypdf"
_SKIPPED: Final = ("skip", "not implemented", "ignoring", "not defined", "cannot")
_UNMAPPED: Final = ("encoding", "fonttools")
_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)
"""The reading of this thread or task, while it calls pypdf; owner: `quiet`."""


@contextmanager
def quiet(reading: Reading) -> Iterator[None]:
    """Run a block that calls pypdf; what it would have logged only becomes codes of the reading."""
    _silence()
    before = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(before)


def _silence() -> None:
    root = logging.getLogger(_PACKAGE)
    root.propagate = False
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        logging.getLogger(name).addFilter(_drop)  # adding the same filter again changes nothing


def _drop(record: logging.LogRecord) -> bool:
    """Turn a line about skipped content into a code; look at its fixed template only, format nothing."""
    reading = _reading.get()
    template = str(record.msg).lower()
    if reading is None:
        return False
    if any(word in template for word in _UNMAPPED):
        reading.cannot("unmapped_text")
    elif any(word in template for word in _SKIPPED):
        reading.cannot("malformed")
    return False
