"""ODF (.odt, .ods, .odp): content, styles, metadata, annotations, tracked changes, hidden rows, columns and sheets.

Every XML member is read; everything else (pictures, embedded objects) is read as a document of its own.
Source: OASIS OpenDocument 1.3, parts 2 (packages) and 3 (schema).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from magi.materials.encoding import decode
from magi.materials.found import UnreadableError
from magi.materials.xml_text import XmlText, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from magi.materials.archive import Member
    from magi.materials.found import Reading

_MEDIA: Final = re.compile(rb"application/vnd\.oasis\.opendocument\.[a-z-]+")
_PLACES: Final = (
    (re.compile(r"(?:^|/)meta\.xml$|(?:^|/)settings\.xml$|META-INF/"), "metadata"),
    (re.compile(r"(?:^|/)styles\.xml$"), "header_footer"),
)
_MACRO: Final = re.compile(r"^(?:Basic|Scripts)/")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")
_MAX_COLUMNS: Final = 16_384
"""The last column that spreadsheet programs have."""
_HIDDEN: Final = frozenset({"collapse", "filter"})


class _Content(XmlText):
    """Reads content with what hides it: the visibility of rows and columns, the display style of sheets."""

    def __init__(self, body: str) -> None:
        super().__init__(body, "odf")
        self._style = ""
        self._invisible: set[str] = set()
        self._place: list[str] = []
        self._columns: list[bool] = []
        self._column = 0

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """Enter a sheet, row or cell that may be hidden."""
        if name == "style":
            self._style = attributes.get("name", "")
        elif name == "table-properties" and attributes.get("display") == "false":
            self._invisible.add(self._style)
        elif name == "table":
            hidden = attributes.get("style-name", "") in self._invisible
            self._place.append("hidden_sheet" if hidden else "")
            self._columns = []
        elif name == "table-column":
            times = min(_repeated(attributes), _MAX_COLUMNS - len(self._columns))
            self._columns += [attributes.get("visibility") in _HIDDEN] * times
        elif name == "table-row":
            self._place.append("hidden_row" if attributes.get("visibility") in _HIDDEN else "")
            self._column = 0
        elif name in {"table-cell", "covered-table-cell"}:
            hidden = self._column < len(self._columns) and self._columns[self._column]
            self._place.append("hidden_column" if hidden else "")
            self._column += _repeated(attributes)
        super().opened(name, attributes)

    def closed(self, name: str) -> None:
        """Leave it."""
        super().closed(name)
        if name in {"table", "table-row", "table-cell", "covered-table-cell"} and self._place:
            self._place.pop()

    def code(self) -> str:
        """Return the place of the text, hidden places first."""
        place = super().code()
        return next(filter(None, self._place), place) if place == self.body else place


def _repeated(attributes: Mapping[str, str]) -> int:
    count = attributes.get("number-columns-repeated", "1")
    return min(int(count), _MAX_COLUMNS) if _NUMBER.fullmatch(count) else 1


def is_open_document(names: frozenset[str]) -> bool:
    """Tell whether a ZIP file is an ODF package, from its members' names."""
    return "content.xml" in names and ("mimetype" in names or "META-INF/manifest.xml" in names)


def read_open_document(reading: Reading, members: tuple[Member, ...]) -> str:
    """Say all text of a package and return its media type."""
    media = "application/vnd.oasis.opendocument"
    for member in members:
        if member.name == "mimetype":
            found = _MEDIA.match(member.data)
            media = found.group().decode() if found else media
            reading.say("metadata", "\n".join(decode(member.data)[:1]))
        elif _MACRO.match(member.name):
            reading.cannot("macro")
            reading.nested(member.data, body="macro")
        elif member.name.endswith((".xml", ".rdf")):
            if member.name == "META-INF/manifest.xml" and b"encryption-data" in member.data:
                reading.cannot("encrypted")
            _say_part(reading, member)
        else:
            reading.nested(member.data, body="attachment")
    return media


def _say_part(reading: Reading, member: Member) -> None:
    place = next((place for pattern, place in _PLACES if pattern.search(member.name)), "body")
    target = _Content(place)
    try:
        found = parse(member.data, target)
    except UnreadableError as refused:
        reading.cannot(refused.code)
        found = (*target.found(), (place, "\n".join(decode(member.data)[:1])))
    for code, text in found:
        reading.say(code, text)
