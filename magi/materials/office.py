"""OOXML (.docx, .xlsx, .pptx and their macro variants): every part of the package is read, known or not.

The place of a text follows from its part; `xml_text` and `sheet` read the parts themselves. Parts that are no XML
are read as documents of their own (images, embedded workbooks); macros and foreign objects cannot be read.
Source: ISO/IEC 29500-1 (parts), ISO/IEC 29500-2 (packages).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from magi.materials.encoding import decode, strings
from magi.materials.found import UnreadableError
from magi.materials.limits import MAX_PRINTER_BYTES
from magi.materials.sheet import Formats, SharedStrings, Worksheet
from magi.materials.xml_text import Texts, XmlText, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from magi.materials.archive import Member
    from magi.materials.found import Reading

CONTENT_TYPES: Final = "[Content_Types].xml"
_MEDIA: Final = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_OTHER: Final = "application/vnd.openxmlformats-package"
_XML_PART: Final = re.compile(r"\.(?:xml|rels|vml)$", re.IGNORECASE)
_PLACES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), place)
    for pattern, place in (
        (r"\.rels$", "link"),
        (
            r"^docProps/|^customXml/|/(?:settings|webSettings|people|persons/.*|commentAuthors)\.xml$",
            "metadata",
        ),
        (r"comment", "comment"),
        (
            r"/(?:header|footer)\d*\.xml$|/(?:slideMasters|slideLayouts|handoutMasters|notesMasters)/",
            "header_footer",
        ),
        (r"/(?:footnotes|endnotes)\.xml$|/notesSlides/", "notes"),
        (r"/(?:styles|fontTable|numbering|tableStyles|theme/.*)\.xml$", "style"),
        (r"/(?:drawings|charts|diagrams)/|\.vml$", "drawing"),
        (r"/(?:externalLinks/|connections\.xml|queryTables/)", "link"),
        (r"/pivot", "cache"),
    )
)
_MACRO: Final = re.compile(r"vba(?:Project|Data)|macrosheets/", re.IGNORECASE)
_PRINTER: Final = re.compile(r"/printerSettings/[^/]+\.bin$", re.IGNORECASE)
_OBJECT: Final = re.compile(r"/(?:embeddings|activeX|ctrlProps)/|/fonts/", re.IGNORECASE)
_COMPOUND: Final = b"\xd0\xcf\x11\xe0"
_SHEET: Final = re.compile(r"^/?xl/(?:work|chart|dialog|macro)sheets/[^/]+\.xml$", re.IGNORECASE)
_OFF: Final = frozenset({"0", "false", "off"})


_Target = TypeVar("_Target", bound=XmlText)


class _Workbook(XmlText):
    """Reads the list of sheets: which relation, hidden or not."""

    def __init__(self) -> None:
        super().__init__("body", "ooxml")
        self.hidden: set[str] = set()
        self.targets: dict[str, str] = {}

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note hidden sheets (workbook) and where a relation leads (relations)."""
        if name == "sheet" and attributes.get("state", "visible") != "visible":
            self.hidden.add(attributes.get("id", ""))
        elif name == "Relationship":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")
        super().opened(name, attributes)


class _Slide(XmlText):
    """Reads a slide; one that is not shown goes by `hidden_slide`."""

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note the switch on the slide's root element."""
        if name == "sld" and attributes.get("show", "1") in _OFF:
            self.body = "hidden_slide"
        super().opened(name, attributes)


def is_package(names: frozenset[str]) -> bool:
    """Tell whether a ZIP file is an OOXML package, from its members' names."""
    return CONTENT_TYPES in names


def read_package(reading: Reading, members: tuple[Member, ...]) -> str:
    """Say all text of a package, part by part, and return its media type."""
    book = {member.name.lstrip("/").lower(): member.data for member in members}
    hidden = _hidden_sheets(book)
    strings_ = _quietly(book, "xl/sharedstrings.xml", SharedStrings())
    formats = _quietly(book, "xl/styles.xml", Formats())
    for member in members:
        name = member.name.lstrip("/")
        if _MACRO.search(name):
            reading.cannot("macro")
        if not _XML_PART.search(name):
            _read_other(reading, name, member.data)
            continue
        target = _target(name, hidden, strings_.strings, formats.by_style)
        _say_part(reading, member.data, target)
    folders = [name for name in book if "/" in name]
    return next(
        (media for folder, media in _MEDIA if any(each.startswith(folder) for each in folders)), _OTHER
    )


def _target(name: str, hidden: frozenset[str], shared: list[str], formats: list[str]) -> XmlText:
    if _SHEET.match(name):
        return Worksheet("hidden_sheet" if name.lower() in hidden else "body", shared, formats)
    place = next((place for pattern, place in _PLACES if pattern.search(name)), "body")
    return _Slide(place, "ooxml")


def _say_part(reading: Reading, data: bytes, target: XmlText) -> None:
    try:
        found: Texts = parse(data, target, may_have_dtd=False)
    except UnreadableError as refused:
        reading.cannot(refused.code)
        found = (*target.found(), (target.body, "\n".join(decode(data)[:1])))
    for code, text in found:
        reading.say(code, text)


def _read_other(reading: Reading, name: str, data: bytes) -> None:
    if _MACRO.search(name):
        reading.say("macro", strings(data))
    elif _PRINTER.search(name) and len(data) <= MAX_PRINTER_BYTES:
        # The device settings that every workbook carries: the printer's name is the only text in them.
        reading.say("metadata", strings(data))
    elif _OBJECT.search(name) and data.startswith(_COMPOUND):
        reading.cannot("embedded_object")
        reading.say("attachment", strings(data))
    else:
        reading.nested(data, body="attachment")


def _hidden_sheets(book: Mapping[str, bytes]) -> frozenset[str]:
    """Return the parts, in lower case, of the sheets that the workbook hides."""
    workbook = _quietly(book, "xl/workbook.xml", _Workbook())
    targets = _quietly(book, "xl/_rels/workbook.xml.rels", _Workbook()).targets
    paths = (targets[relation].lower() for relation in workbook.hidden if relation in targets)
    return frozenset(path.lstrip("/") if path.startswith("/") else f"xl/{path}" for path in paths)


def _quietly(book: Mapping[str, bytes], name: str, target: _Target) -> _Target:
    """Read a part that others refer to; its own reading, which notes faults, comes in turn."""
    try:
        parse(book.get(name, b""), target, may_have_dtd=False)
    except UnreadableError:
        return target
    return target
