"""Worksheets of OOXML: each row a line, hidden rows and columns said apart, shared strings and number formats resolved.

A number is given as it is stored and, where its format writes leading zeros or hyphens (`000-0000-0000`), as it is
shown: an identifier kept as a number has lost its zeros. Cells of squared paper are also read without gaps
(`run_together` in `xml_text`). Leaves to others: which sheet is hidden (`office`). Pure.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from magi.materials.xml_text import XmlText

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLUMN: Final = re.compile(r"\s*([A-Za-z]{1,3})\d")
_DIGITS_FORMAT: Final = re.compile(r"[0#][0#\-]*0")
_MAX_SHOWN_DIGITS: Final = 20
_MAX_COLUMNS: Final = 16_384
"""The last column that the format has (XFD)."""
_TRUE: Final = frozenset({"1", "true", "on"})


class SharedStrings(XmlText):
    """Reads the strings that cells refer to by number, as well as saying them."""

    def __init__(self) -> None:
        """Start with no string."""
        super().__init__("body", "ooxml")
        self.strings: list[str] = []

    def closed(self, name: str) -> None:
        """Keep a string at its end, in the order of the file."""
        if name == "si":
            paragraph = self._open[-1]
            self.strings.append("".join(text for text, *_ in paragraph.runs) if paragraph else "")
        super().closed(name)


class Formats(XmlText):
    """Reads which cell styles write numbers with zeros or hyphens, as well as saying the styles' texts."""

    def __init__(self) -> None:
        """Start with no format."""
        super().__init__("style", "ooxml")
        self._by_id: dict[str, str] = {}
        self.by_style: list[str] = []

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note number formats and the formats of cell styles."""
        if name == "numFmt":
            self._by_id[attributes.get("numFmtId", "")] = attributes.get("formatCode", "").replace("\\", "")
        elif name == "xf" and self._path[-2:-1] == ["cellXfs"]:
            self.by_style.append(self._by_id.get(attributes.get("numFmtId", ""), ""))
        super().opened(name, attributes)


class Worksheet(XmlText):
    """Reads one worksheet."""

    def __init__(self, body: str, strings: Sequence[str], formats: Sequence[str]) -> None:
        """Take the place of the sheet's text, the shared strings, and the number formats by cell style."""
        super().__init__(body, "ooxml")
        self._strings = strings
        self._formats = formats
        self._hidden_columns: set[int] = set()
        self._row: list[tuple[int, str]] = []
        self._row_hidden = False
        self._cell: dict[str, str] = {}
        self._value: list[str] = []

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note what is hidden and where a cell stands."""
        if name == "col" and attributes.get("hidden") in _TRUE:
            first, last = _int(attributes.get("min")), min(_int(attributes.get("max")), _MAX_COLUMNS)
            self._hidden_columns.update(range(first, last + 1))
        elif name == "row":
            self._row, self._row_hidden = [], attributes.get("hidden") in _TRUE
        elif name == "c":
            self._cell, self._value = dict(attributes), []
        super().opened(name, attributes)

    def data(self, text: str) -> None:
        """Keep the value of a cell; all other text is said as in any part."""
        if self._path and self._path[-1] == "v":
            self._value.append(text)
        elif "is" in self._path and self._path[-1] == "t" and "rPh" not in self._path:
            self._value.append(text)
            super().data(text)
        else:
            super().data(text)

    def closed(self, name: str) -> None:
        """End a cell or a row."""
        super().closed(name)
        if name == "c":
            self._row.append((self._column(), self._shown("".join(self._value))))
        elif name == "row":
            self._end_row()

    def _column(self) -> int:
        found = _COLUMN.match(self._cell.get("r", ""))
        if not found:
            return len(self._row) + 1
        column = 0
        for letter in found[1].upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        return column

    def _shown(self, value: str) -> str:
        kind = self._cell.get("t", "n")
        if kind == "s":
            index = _int(value)
            return self._strings[index] if 0 <= index < len(self._strings) else value
        if kind != "n":
            return value
        style = _int(self._cell.get("s"))
        return _number(value, self._formats[style] if 0 <= style < len(self._formats) else "")

    def _end_row(self) -> None:
        cells = [text for _, text in self._row]
        line = "\t".join(cells)
        hidden = "\t".join(text for column, text in self._row if column in self._hidden_columns)
        for code, text in (
            (self.body, line),
            ("hidden_row", line if self._row_hidden else ""),
            ("hidden_column", hidden),
        ):
            if text.strip():
                self._lines[code].append(text)
        self.row_ended(cells)
        self._row = []


def _int(value: str | None) -> int:
    return int(value) if value and value.strip().isdecimal() and len(value) < _MAX_SHOWN_DIGITS else -1


def _number(value: str, code: str) -> str:
    """Return a stored number, written out if it was stored with an exponent, and as its format shows it."""
    text = value.strip()
    if "e" in text.lower():
        try:
            number = Decimal(text)
            text = format(number, "f") if abs(number.adjusted()) <= _MAX_SHOWN_DIGITS else text
        except InvalidOperation:
            return value
    if not (text.isdecimal() and text.isascii() and _DIGITS_FORMAT.fullmatch(code)):
        return text
    places = [char for char in code if char != "-"]
    digits = list(text.rjust(len(places), "0") if code.startswith("0") else text)
    shown: list[str] = []
    for char in reversed(code):
        if char == "-":
            shown.append("-")
        elif digits:
            shown.append(digits.pop())
    return "".join([*digits, *reversed(shown)]).strip("-")
