"""XML to text, for office documents and XML of any other kind: every text node, every attribute that says something.

Rules, numbered as in the code:
1. A paragraph (`w:p`, `a:p`, `text:p`, `si` ...) is one line, its runs joined: Word cuts words into runs anywhere.
2. A paragraph with tracked changes or hidden runs has several readings: all of it, as it would be when the changes
   are accepted, as it was before them, and as it is seen. Each is a line, and what was inserted, deleted or hidden
   is said apart as well.
3. Furigana and field codes stand inside words; they go to lines of their own.
4. Cells of a row are a line. Cells of a character or two each (方眼紙) are also read without a gap between them.
5. Text outside paragraphs is a line for each element.
6. Attribute values are said once each, unless they are plainly structure (short numbers, colours, schema names).

The parser is defusedxml's, so entities and external references are refused. Nothing is built in memory but text.
Leaves to others: worksheets (`sheet`) and which part of a package is which (`office`, `open_document`). Pure.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final, Literal
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from magi.materials.found import UnreadableError
from magi.materials.limits import MAX_ATTRIBUTE_TEXTS, MAX_XML_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Dialect = Literal["any", "ooxml", "odf"]
Texts = tuple[tuple[str, str], ...]
"""Places and what stands there."""
_STRUCTURE: Final = re.compile(
    r"[-+]?[\d.,]{0,9}(?:%|pt|cm|mm|in|px|em|pc|emu)?|#?[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8}|\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?"
    r"|(?:https?://(?:schemas\.|purl\.o|www\.w3\.org/|docs\.oasis)|urn:(?:schemas-|oasis))[\w./:#-]*|true|false|auto|none"
)
_PARAGRAPHS: Final = frozenset({"p", "h", "si", "is", "text"})
_RUN_TEXT: Final = frozenset({"t", "delText"})
_FIELD_CODES: Final = frozenset({"instrText", "delInstrText"})
_ASIDE: Final = frozenset({"rt", "rPh", "ruby-text", "note-citation"})
_BREAKS_OUT: Final = frozenset({"annotation", "note", "txbxContent", "custom-shape", "text-box"})
"""Elements inside a paragraph that hold paragraphs of their own."""
_POSITIONS: Final = frozenset(
    {"posOffset", "align", "pctWidth", "pctHeight", "pctPosHOffset", "pctPosVOffset"}
)
_INSERTED: Final = frozenset({"ins", "moveTo"})
_DELETED: Final = frozenset({"del", "moveFrom", "deletion"})
_HIDES: Final = frozenset({"vanish", "specVanish", "webHidden"})
_ROWS: Final = frozenset({"tr", "table-row"})
_CELLS: Final = frozenset({"tc", "table-cell", "covered-table-cell"})
_SPACES: Final = {"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " ", "noBreakHyphen": "-"}
_OFF: Final = frozenset({"0", "false", "off"})
_SHORT_CELL: Final = 2
"""Forms drawn on squared paper put a character, at most two, into a cell; longer numbers are figures of a table."""
_SHORT_WORD_CELL: Final = 4
_NUMBER_WORDS: Final = re.compile(r"番号|ナンバ|記号|口座|電話|旅券|免許|カード|\bNo\b|number", re.IGNORECASE)
_ROWS_AROUND: Final = 3
"""A form names a number in the row above its boxes or a row or two higher."""
_CODES: Final = {
    **dict.fromkeys(("docPr", "cNvPr"), "alt_text"),
    **dict.fromkeys(("bookmarkStart", "bookmark", "bookmark-start", "definedName"), "bookmark"),
    **dict.fromkeys(
        ("listEntry", "statusText", "helpText", "alias", "tag", "listItem", "ffData"),
        "form_field",
    ),
    **dict.fromkeys(("f", "formula", "formula1", "formula2", "fldSimple", "named-expression"), "formula"),
    **dict.fromkeys(
        (
            "oddHeader",
            "oddFooter",
            "evenHeader",
            "evenFooter",
            "firstHeader",
            "firstFooter",
            "header",
            "footer",
        ),
        "header_footer",
    ),
    **dict.fromkeys(("Relationship", "a", "hyperlink"), "link"),
}


def telling(value: str) -> bool:
    """Tell whether an attribute's value may say something, rather than plainly be structure."""
    return _STRUCTURE.fullmatch(value.strip()) is None


def run_together(cells: Iterable[str], around: str = "") -> str:
    """Return adjacent short cells of a row without gaps, one run a word; empty if there is no run of two.

    Digits alone are joined only where the row or the text `around` it speaks of a number of that kind: a row of
    twelve monthly figures would otherwise read as an identifier.
    """
    row = [each.strip() for each in cells]
    runs: list[list[str]] = [[]]
    for cell in row:
        if 0 < len(cell) <= _SHORT_CELL or (0 < len(cell) <= _SHORT_WORD_CELL and not cell.isdecimal()):
            runs[-1].append(cell)
        elif runs[-1]:
            runs.append([])
    spoken_of = _NUMBER_WORDS.search(around) or _NUMBER_WORDS.search(" ".join(row))
    words = ("".join(run) for run in runs if len(run) > 1)
    return " ".join(word for word in words if spoken_of or not word.isdecimal())


def parse(source: str | bytes, target: XmlText | None = None, *, may_have_dtd: bool = True) -> Texts:
    """Return the text of an XML document by place; `body` is the text nodes that have no place of their own.

    Raises:
        UnreadableError: `malformed` (also entities and external references), `too_deep` or `too_large`.
    """
    target = target or XmlText()
    try:
        parser = DefusedXMLParser(target=target, forbid_dtd=not may_have_dtd)
        parser.feed(source)
        parser.close()
    except (ParseError, ExpatError, DefusedXmlException, ValueError, LookupError) as refused:
        raise UnreadableError("malformed") from refused
    return target.found()


class _Paragraph:
    """The text of the paragraph that is open, run by run."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, bool, bool, bool]] = []
        self.aside: list[str] = []
        self.field_code: list[str] = []


class XmlText:
    """Receives the parser's events and keeps text; owner: one call of `parse`."""

    def __init__(self, body: str = "body", dialect: Dialect = "any") -> None:
        """Take the place of the text that has no other, and which kind of document it is."""
        self.body = body
        self._dialect = dialect
        self._lines: dict[str, list[str]] = defaultdict(list)
        self._readings: dict[str, list[str]] = defaultdict(list)
        self._varied = False
        self._attributes: dict[tuple[str, str], None] = {}
        self._path: list[str] = []
        self._open: list[_Paragraph | None] = [None]
        self._cells: list[list[str]] = []
        self._rows: list[list[str]] = []
        self._recent: deque[str] = deque(maxlen=_ROWS_AROUND)
        self._inserted = self._deleted = 0
        self._hidden = False
        self._all: list[str] = []
        self._loose: list[str] = []

    # ---- events of the parser

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        name = tag.rpartition("}")[2]
        self._flush()
        self._path.append(name)
        if len(self._path) > MAX_XML_DEPTH:
            raise UnreadableError("too_deep")
        self._note_attributes(name, attributes)
        self.opened(name, {key.rpartition("}")[2]: value for key, value in attributes.items()})

    def end(self, tag: str) -> None:
        """Close an element."""
        name = tag.rpartition("}")[2]
        self._flush()
        self._path.pop()
        self.closed(name)

    def data(self, text: str) -> None:
        """Take characters."""
        name = self._path[-1] if self._path else ""
        paragraph = self._open[-1]
        if self._dialect == "any":
            self._all.append(text)
        if paragraph is None:
            self._loose.append(text)
        elif name in _FIELD_CODES:
            paragraph.field_code.append(text)
        elif not _ASIDE.isdisjoint(self._path[-4:]):
            paragraph.aside.append(text)
        elif self._dialect != "ooxml" or name in _RUN_TEXT or name in _PARAGRAPHS:
            self.run(text)
        elif name not in _POSITIONS:
            self._loose.append(text)

    def comment(self, text: str) -> None:
        """Take a comment of the markup."""
        self._lines["comment"].append(text)

    def pi(self, target: str, text: str = "") -> None:
        """Take a processing instruction."""
        if telling(text):
            self._lines["attribute"].append(f"{target} {text}")

    def close(self) -> None:
        """End the document."""

    # ---- what the elements mean

    def run(self, text: str) -> None:
        """Add text to the open paragraph, with what holds for it here."""
        paragraph = self._open[-1]
        if paragraph is not None:
            paragraph.runs.append((text, self._inserted > 0, self._deleted > 0, self._hidden))

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """Act on the start of an element."""
        if name in _PARAGRAPHS:
            self._open.append(_Paragraph())
        elif name in _BREAKS_OUT:
            self._open.append(None)
        elif name in _ROWS:
            self._rows.append([])
        elif name in _CELLS:
            self._cells.append([])
        elif name == "r":
            self._hidden = False
        elif name in _SPACES and not {"pPr", "tabs"} & set(self._path[-3:]):
            self.run(_SPACES[name])
        elif name in _HIDES and "r" in self._path[-3:]:
            self._hidden = not _OFF.intersection(attributes.values())
        elif name in _INSERTED or name == "change-start":
            self._inserted += 1
        elif name in _DELETED:
            self._deleted += 1

    def closed(self, name: str) -> None:
        """Act on the end of an element."""
        if name in _PARAGRAPHS and len(self._open) > 1:
            paragraph = self._open.pop()
            if paragraph is not None:
                self.paragraph_ended(paragraph)
        elif name in _BREAKS_OUT and len(self._open) > 1:
            self._open.pop()
        elif name in _CELLS and self._cells:
            text = "".join(self._cells.pop())
            if self._rows:
                self._rows[-1].append(text)
        elif name in _ROWS and self._rows:
            self.row_ended(self._rows.pop())
        elif name == "r":
            self._hidden = False
        elif name in _INSERTED or name == "change-end":
            self._inserted = max(0, self._inserted - 1)
        elif name in _DELETED:
            self._deleted = max(0, self._deleted - 1)

    def paragraph_ended(self, paragraph: _Paragraph) -> None:
        """Rules 1 to 3."""
        runs = paragraph.runs
        whole = "".join(text for text, *_ in runs)
        if self._cells:
            self._cells[-1].append(whole)
        self._varied = self._varied or any(ins or gone or hidden for _, ins, gone, hidden in runs)
        for code, line in (
            (self.code(), whole),
            ("tracked_insertion", "".join(text for text, ins, _, _ in runs if ins)),
            ("tracked_deletion", "".join(text for text, _, gone, _ in runs if gone)),
            ("hidden_text", "".join(text for text, _, _, hidden in runs if hidden)),
            ("annotation", "".join(paragraph.aside)),
            ("formula", "".join(paragraph.field_code)),
        ):
            if line.strip():
                self._lines[code].append(line)
        self._readings["accepted"].append("".join(text for text, _, gone, _ in runs if not gone))
        self._readings["before"].append("".join(text for text, ins, _, _ in runs if not ins))
        self._readings["seen"].append("".join(text for text, _, gone, hidden in runs if not (gone or hidden)))

    def row_ended(self, cells: list[str]) -> None:
        """Rule 4."""
        together = run_together(cells, " ".join(self._recent))
        self._recent.append(" ".join(cells))
        if together:
            self._lines["joined_cells"].append(together)

    def code(self) -> str:
        """Return the place of the text that stands here."""
        if self._dialect == "any" or not self._path:
            return self.body
        if "annotation" in self._path:
            return "annotation"
        if "note-body" in self._path:
            return "notes"
        return self._code_of(self._path[-1])

    def found(self) -> tuple[tuple[str, str], ...]:
        """Return all text by place; a place comes as often as it has readings."""
        self._flush()
        texts = [(code, "\n".join(lines)) for code, lines in self._lines.items()]
        if self._varied:
            texts += [(self.body, "\n".join(lines)) for lines in self._readings.values()]
        by_place: dict[str, list[str]] = defaultdict(list)
        for code, value in self._attributes:
            by_place[code].append(value)
        texts += [(code, "\n".join(values)) for code, values in by_place.items()]
        if self._dialect == "any":
            texts.append((self.body, "".join(self._all)))
        return tuple(texts)

    def _code_of(self, element: str) -> str:
        return "form_field" if "ffData" in self._path else _CODES.get(element, self.body)

    def _flush(self) -> None:
        """Rule 5."""
        if self._loose:
            text = "".join(self._loose).strip()
            self._loose.clear()
            if text:
                self._lines[self.code()].append(text)

    def _note_attributes(self, name: str, attributes: Mapping[str, str]) -> None:
        """Rule 6."""
        for key, value in attributes.items():
            if not telling(value):
                continue
            key_name = key.rpartition("}")[2]
            known = "attribute" if self._dialect == "any" else _CODES.get(name, "attribute")
            code = "form_field" if "ffData" in self._path else "formula" if key_name == "formula" else known
            self._attributes[(code, value)] = None
        if len(self._attributes) > MAX_ATTRIBUTE_TEXTS:
            raise UnreadableError("too_large")
