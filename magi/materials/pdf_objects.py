"""The objects of a PDF file: every string, wherever it stands, and every stream that holds text or a file.

All objects of the cross-reference table are visited, so what no page or outline leads to is found too. The place of
a string follows from its key (ISO 32000-2, tables for annotations, fields, outlines, structure, actions).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pypdf import PageObject
from pypdf.errors import DependencyError, LimitReachedError
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from magi.materials.encoding import decode
from magi.materials.found import UnreadableError
from magi.materials.limits import MAX_PDF_OBJECTS
from magi.materials.plain import say_xml
from magi.materials.xml_text import telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypdf import PdfReader

    from magi.materials.found import Reading

_KEYS: Final = {
    **dict.fromkeys(("/Contents", "/RC", "/Subj", "/IT"), "annotation"),
    **dict.fromkeys(("/T", "/TU", "/TM", "/V", "/DV", "/Opt", "/CA", "/DA"), "form_field"),
    **dict.fromkeys(("/Alt", "/ActualText", "/E"), "alt_text"),
    **dict.fromkeys(("/F", "/UF", "/Desc", "/DOS", "/Unix", "/Mac"), "file_name"),
    **dict.fromkeys(("/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/Lang"), "metadata"),
    **dict.fromkeys(("/URI", "/JS", "/D", "/Dest"), "link"),
}
_SILENT: Final = frozenset(
    {"/ID", "/O", "/U", "/OE", "/UE", "/Perms", "/Panose", "/CharSet", "/Ordering", "/Registry"}
)
"""Identifiers, keys of the encryption and names of character collections: bytes, not texts."""
_LIVE: Final = frozenset({"/RichMedia", "/3D", "/Screen", "/Movie", "/Sound"})
_BINARY: Final = frozenset({"/XRef", "/ObjStm", "/CMap"})
_FONT_PROGRAM: Final = frozenset({"/Type1C", "/CIDFontType0C", "/OpenType"})
_TOLD_BY_PYPDF: Final = re.compile(
    r"/(?:90ms-RKSJ|UniJIS-UTF16|UniCNS-UTF16|UniGB-UTF16|GBK?-EUC|GBK2K|ETenms-B5)-[HV]|.*-UCS2-.*"
)
_NAMELESS_GLYPH: Final = re.compile(r"/(?:g|G|cid|CID|c|C|index|glyph|a|f|F|H)\d+")


def say_strings(reading: Reading, found: PdfObject) -> None:
    """Say every string of one object, without following its references."""
    for key, holder, text in _strings(found):
        reading.say(_place(key, holder), text)


def read_objects(reading: Reading, reader: PdfReader) -> None:
    """Say the strings of all objects, read streams that hold text, and open attached files."""
    numbers = {(number, generation) for generation, rows in reader.xref.items() for number in rows}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MAX_PDF_OBJECTS:
        reading.cannot("too_large")
    say_strings(reading, reader.trailer)
    attached: set[int] = set()
    for number, generation in sorted(numbers)[:MAX_PDF_OBJECTS]:
        try:
            found = reader.get_object(IndirectObject(number, generation, reader))
        except (LimitReachedError, DependencyError):
            raise
        except Exception:  # noqa: BLE001  # a damaged object raises anything; the others are still read
            reading.cannot("malformed")
            continue
        if found is None or number == 0:
            continue
        say_strings(reading, found)
        for dictionary in _dictionaries(found):
            _note(reading, dictionary, attached)
        if isinstance(found, StreamObject):
            _read_stream(reading, reader, found, is_file=number in attached)
    _read_late(reading, reader, attached)


def _read_late(reading: Reading, reader: PdfReader, attached: set[int]) -> None:
    """Open attached files that stand before what names them and do not say themselves what they are."""
    for number in sorted(attached):
        found = reader.get_object(IndirectObject(number, 0, reader))
        if isinstance(found, StreamObject) and found.get("/Type") != "/EmbeddedFile":
            reading.member()
            reading.nested(_content(reading, found), body="attachment")


def _note(reading: Reading, dictionary: DictionaryObject, attached: set[int]) -> None:
    """Take from a dictionary what it says of other objects: files, scripts, media, fonts."""
    files = dictionary.get("/EF")
    if isinstance(files, DictionaryObject):
        attached.update(each.idnum for each in dict.values(files) if isinstance(each, IndirectObject))
    if "/JS" in dictionary or dictionary.get("/S") in {"/JavaScript", "/Launch"}:
        reading.cannot("macro")
        script = dictionary.get("/JS")
        if isinstance(script, StreamObject):
            for text in decode(_content(reading, script)):
                reading.say("macro", text)
    if dictionary.get("/Subtype") in _LIVE:
        reading.cannot("embedded_object")
    if dictionary.get("/Type") == "/Font" and _is_unmapped(dictionary):
        reading.cannot("unmapped_text")


def _read_stream(reading: Reading, reader: PdfReader, stream: StreamObject, *, is_file: bool) -> None:
    kind, subtype = stream.get("/Type"), stream.get("/Subtype")
    if subtype == "/Image":
        reading.cannot("image")
    elif kind == "/EmbeddedFile":
        reading.member()
        reading.nested(_content(reading, stream), body="attachment")
    elif is_file or kind in _BINARY or subtype in _FONT_PROGRAM or "/Length1" in stream or "/N" in stream:
        return
    elif "/Resources" in stream:
        _say_form(reading, reader, stream)
    else:
        content = _content(reading, stream)
        if content.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t\x00").startswith(b"<"):
            for text in decode(content)[:1]:
                place = "metadata" if kind == "/Metadata" else "form_field"
                reading.say(place, text)
                say_xml(reading, text, place)


def _say_form(reading: Reading, reader: PdfReader, stream: StreamObject) -> None:
    """Say what a drawn form (a stamp, the look of a field, a pattern) writes."""
    try:
        page = PageObject(reader)
        reading.say("annotation", page.extract_xform_text(stream))  # type: ignore[arg-type]  # any stream with resources will do
    except (LimitReachedError, DependencyError):
        raise
    except Exception:  # noqa: BLE001  # damaged content raises anything
        reading.cannot("malformed")


def _content(reading: Reading, stream: StreamObject) -> bytes:
    try:
        content = stream.get_data()
    except (LimitReachedError, DependencyError):
        raise
    except Exception as refused:
        raise UnreadableError("malformed") from refused
    reading.expand(len(content))
    return content


def _is_unmapped(font: DictionaryObject) -> bool:
    """Tell whether the characters of a font cannot be told from its codes (ISO 32000-2, 9.10.2)."""
    if isinstance(font.get("/ToUnicode"), StreamObject) or font.get("/Subtype") in {
        "/CIDFontType0",
        "/CIDFontType2",
    }:
        return False
    encoding = font.get("/Encoding")
    if font.get("/Subtype") == "/Type0":
        return not (isinstance(encoding, str) and _TOLD_BY_PYPDF.fullmatch(encoding))
    differences = encoding.get("/Differences") if isinstance(encoding, DictionaryObject) else None
    if isinstance(differences, ArrayObject):
        return any(isinstance(each, str) and _NAMELESS_GLYPH.fullmatch(each) for each in differences)
    return font.get("/Subtype") == "/Type3"


def _place(key: str, holder: DictionaryObject | None) -> str:
    if key == "/Title":
        is_outline = holder is not None and ("/Parent" in holder or "/Dest" in holder)
        return "outline" if is_outline else "metadata"
    return _KEYS.get(key, "other")


def _strings(top: PdfObject) -> Iterator[tuple[str, DictionaryObject | None, str]]:
    """Yield each string with its key and the dictionary that holds it; references are not followed."""
    for key, holder, value in _values(top):
        if key in _SILENT:
            continue
        if isinstance(value, TextStringObject):
            yield key, holder, str(value)
        elif isinstance(value, ByteStringObject):
            for text in decode(bytes(value)):
                yield key, holder, text
        elif isinstance(value, NameObject) and (not value.isascii() or key == "/V") and telling(value):
            yield key, holder, str(value).removeprefix("/")


def _dictionaries(top: PdfObject) -> Iterator[DictionaryObject]:
    for _, _, value in _values(top):
        if isinstance(value, DictionaryObject):
            yield value


def _values(top: PdfObject) -> Iterator[tuple[str, DictionaryObject | None, PdfObject]]:
    """Yield every value inside an object, itself included; bounded, since a parsed object is a finite tree."""
    waiting: list[tuple[str, DictionaryObject | None, PdfObject]] = [("", None, top)]
    while waiting:
        key, holder, value = waiting.pop()
        yield key, holder, value
        if isinstance(value, DictionaryObject):
            inner = [(str(name), value, each) for name, each in dict.items(value)]
            waiting.extend(reversed(inner))
        elif isinstance(value, ArrayObject):
            waiting.extend((key, holder, each) for each in reversed(list(list.__iter__(value))))
