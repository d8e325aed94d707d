"""PDF: each page's text layer, and every string and stream of every object, reachable or not.

Read are: text of pages (invisible text too) and of drawn forms and stamps, annotations, form fields, outlines,
document information and XMP, alternative text, scripts, attached files (recursively), earlier states of the file
that a later save left in it. Noted as unreadable: images, pages without a text layer, encryption that the empty
password does not open, fonts whose characters cannot be told (`unmapped_text`), active and embedded media.

Promises: pypdf's log lines, which quote content, reach no log. Source: ISO 32000-2.
"""

from __future__ import annotations

import io
import re
from typing import Final

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, LimitReachedError, PyPdfError
from pypdf.generic import ContentStream, DictionaryObject

from magi.materials.found import Reading, UnreadableError
from magi.materials.limits import MAX_PAGES, MAX_REVISIONS
from magi.materials.pdf_objects import read_objects, say_strings
from magi.materials.pdf_quiet import quiet

_END: Final = re.compile(rb"%%EOF[\r\n]*")
_LINEAR_WITHIN: Final = 1_024
"""Where the dictionary that says `linearised` must stand (ISO 32000-2, annex F)."""
_NO_CHARACTER: Final = re.compile("[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffd]")
_INLINE_IMAGE: Final = re.compile(rb"(?:^|\s)BI\s")
_MARKED_TEXT: Final = re.compile(rb"/(?:ActualText|Alt|E|Contents|T)\s*[(<]")


def read_pdf(reading: Reading, data: bytes) -> None:
    """Say all text of a PDF file, the present state first.

    Raises:
        UnreadableError: `encrypted`, `malformed` or `too_large`.
    """
    _read_state(reading, data)
    ends = [found.end() for found in _END.finditer(data)]
    earlier = ends[1:-1] if b"/Linearized" in data[:_LINEAR_WITHIN] else ends[:-1]
    if len(earlier) > MAX_REVISIONS:
        reading.cannot("too_large")
    for end in earlier[-MAX_REVISIONS:]:
        reading.expand(end)
        _read_state(reading, data[:end], page_place="earlier_revision")


def _read_state(reading: Reading, data: bytes, page_place: str = "body") -> None:
    try:
        with quiet(reading):
            reader = PdfReader(io.BytesIO(data))
            _unlock(reader)
            _read_pages(reading, reader, page_place)
            read_objects(reading, reader)
    except LimitReachedError as refused:
        raise UnreadableError("too_large") from refused
    except DependencyError as refused:
        raise UnreadableError("encrypted") from refused
    except PyPdfError as refused:
        raise UnreadableError("malformed") from refused


def _unlock(reader: PdfReader) -> None:
    """Many public documents are encrypted with the empty password, only to forbid printing."""
    if not reader.is_encrypted:
        return
    try:
        opened = reader.decrypt("")
    except Exception as refused:
        raise UnreadableError("encrypted") from refused
    if not opened:
        raise UnreadableError("encrypted")


def _read_pages(reading: Reading, reader: PdfReader, place: str) -> None:
    if len(reader.pages) > MAX_PAGES:
        reading.cannot("too_large")
    if not len(reader.pages):
        reading.cannot("malformed")
    for number in range(min(MAX_PAGES, len(reader.pages))):
        _read_page(reading, reader.pages[number], place)


def _read_page(reading: Reading, page: PageObject, place: str) -> None:
    try:
        text = page.extract_text()
        content = page.get_contents()
        drawn = content.get_data() if content is not None else b""
    except (LimitReachedError, DependencyError):
        raise
    except Exception:  # noqa: BLE001  # a damaged page raises anything; the other pages are still read
        reading.cannot("malformed")
        return
    reading.expand(len(drawn))
    reading.say(place, text)
    if not text.strip():
        reading.cannot("scanned_page")
    if _NO_CHARACTER.search(text):
        reading.cannot("unmapped_text")
    if _INLINE_IMAGE.search(drawn):
        reading.cannot("image")
    if isinstance(content, ContentStream) and _MARKED_TEXT.search(drawn):
        _say_marked(reading, content)


def _say_marked(reading: Reading, content: ContentStream) -> None:
    """Say replacement and alternative texts that stand in the page's own operators."""
    for operands, operator in content.operations:
        if operator in {b"BDC", b"DP"}:
            for operand in operands:
                if isinstance(operand, DictionaryObject):
                    say_strings(reading, operand)
