r"""Plain text, CSV, JSON, Markdown, HTML and XML: the characters as they stand, and as a reader would see them.

The raw text is always given. HTML and XML are given a second time with the markup resolved, so that a word split
by tags reads as one; text with `\u` escapes a second time with the escapes resolved. A file written into the text
(Base64, a `data:` address, an encrypted block) cannot be read here and is noted. Pure.
"""

from __future__ import annotations

import re
from collections import deque
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

from magi.materials.encoding import decode, strings
from magi.materials.found import UnreadableError
from magi.materials.limits import LONG_BASE64_CHARS
from magi.materials.xml_text import parse, run_together, telling

if TYPE_CHECKING:
    from magi.materials.found import Reading

_DATA_ADDRESS: Final = re.compile(r"data:(image/)?[\w./+-]*(?:;[\w=-]+)*;base64,", re.IGNORECASE)
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/]+")
_BASE64_LINES: Final = re.compile(r"^(?:[A-Za-z0-9+/]{60,76}\r?\n){14}", re.MULTILINE)
_ARMOUR: Final = re.compile(r"-----BEGIN (?:PGP MESSAGE|PKCS7|CMS|ENCRYPTED)[^-]*-----")
_UUENCODED: Final = re.compile(r"^begin [0-7]{3,4} \S", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLOCKS: Final = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
    }
    | {
        "figcaption",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "legend",
    }
    | {
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "table",
        "tbody",
        "tfoot",
        "thead",
    }
    | {"title", "tr", "ul"}
)
_ROWS_AROUND: Final = 3
"""As in `xml_text`: a number is named at most so many lines above its boxes."""
_PAIRS: Final = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<![", "]>"), ("<", ">"))
_CELLS: Final = frozenset({"td", "th"})
_UNSEEN: Final = frozenset({"script", "style", "rt", "rp"})


def read_text(reading: Reading, data: bytes, media: str) -> None:
    """Say the text of bytes that were recognised as text of one of the kinds above.

    Raises:
        UnreadableError: `undecodable`, when no encoding fits; what is legible is said first.
    """
    readings = decode(data)
    if not readings:
        reading.say("body", strings(data))
        raise UnreadableError("undecodable")
    say_text(reading, readings[0], media)
    for other in readings[1:]:
        reading.say("other_reading", other)


def say_text(reading: Reading, text: str, media: str) -> None:
    """Say a decoded text, as it stands and as a reader would see it."""
    reading.say("body", text)
    note_enclosed(reading, text)
    _say_joined(reading, text)
    if "\\u" in text:
        reading.say("body", _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
    if media == "text/html":
        _say_html(reading, text)
    elif media in {"application/xml", "image/svg+xml"}:
        say_xml(reading, text, "body")
    if media == "image/svg+xml":
        reading.cannot("image")


def say_xml(reading: Reading, text: str, where: str) -> None:
    """Say the text nodes and attributes of any XML; what is not well-formed is noted."""
    try:
        found = parse(text)
    except UnreadableError as refused:
        reading.cannot(refused.code)
        return
    for code, lines in found:
        reading.say(where if code == "body" else code, lines)


def note_enclosed(reading: Reading, text: str) -> None:
    """Note files that are written into a text."""
    for found in _DATA_ADDRESS.finditer(text):
        reading.cannot("image" if found[1] else "embedded_object")
    long_run = any(found.end() - found.start() >= LONG_BASE64_CHARS for found in _BASE64_RUN.finditer(text))
    if long_run or _BASE64_LINES.search(text) or _UUENCODED.search(text):
        reading.cannot("embedded_object")
    if _ARMOUR.search(text):
        reading.cannot("encrypted")


def _closed(text: str) -> str:
    """Return a page without openings that nothing closes: the parser looks for each one's end to the end of the page.

    Only the marks go; the raw text, with them, is said as well.
    """
    for opening, closing in _PAIRS:
        end = text.rfind(closing) + 1
        text = text[:end] + text[end:].replace(opening, " ")
    return text


def _say_joined(reading: Reading, text: str) -> None:
    """Say short cells of a tabulated text without the gaps between them, as the office readers do."""
    before: deque[str] = deque(maxlen=_ROWS_AROUND)
    joined: dict[str, None] = {}
    for line in text.splitlines():
        if "\t" in line:
            joined[run_together(line.split("\t"), " ".join(before))] = None
        if line.strip():
            before.append(line)
    reading.say("joined_cells", "\n".join(filter(None, joined)))


def _say_html(reading: Reading, text: str) -> None:
    page = _Page()
    page.feed(_closed(text))
    page.close()
    seen = "".join(page.seen)
    reading.say("body", seen)
    _say_joined(reading, seen)
    reading.say("annotation", "\n".join(page.aside))
    reading.say("comment", "\n".join(page.comments))
    reading.say("alt_text", "\n".join(page.attributes))


class _Page(HTMLParser):
    """Collects what a browser shows, and apart from it comments, furigana, scripts and attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self.aside: list[str] = []
        self.comments: list[str] = []
        self.attributes: dict[str, None] = {}
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        if tag in _BLOCKS:
            self.seen.append("\n")
        elif tag in _CELLS:
            self.seen.append("\t")
        for _, value in attrs:
            if value and telling(value):
                self.attributes[unescape(value)] = None

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag in _BLOCKS:
            self.seen.append("\n")

    def handle_data(self, data: str) -> None:
        (self.aside if self._unseen else self.seen).append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(unescape(data))

    def handle_decl(self, decl: str) -> None:
        self.comments.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.comments.append(data)
