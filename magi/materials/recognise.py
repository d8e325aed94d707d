"""The media type of a document, told from its bytes alone. Pure.

Nothing is taken from a file's name: a name says what its owner calls it. Bytes that are none of the known formats
are text if they decode as text, otherwise `application/octet-stream`.
"""

from __future__ import annotations

import re
from typing import Final

from magi.materials.encoding import decode
from magi.materials.limits import MAX_SNIFFED_BYTES

PDF: Final = "application/pdf"
ZIP: Final = "application/zip"
GZIP: Final = "application/gzip"
MAIL: Final = "message/rfc822"
HTML: Final = "text/html"
XML: Final = "application/xml"
SVG: Final = "image/svg+xml"
TEXT: Final = "text/plain"
RTF: Final = "application/rtf"
POSTSCRIPT: Final = "application/postscript"
COMPOUND: Final = "application/x-ole-storage"
UNKNOWN: Final = "application/octet-stream"

_PDF_WITHIN: Final = 1_024
"""Readers accept a head before `%PDF-` of up to this many bytes (ISO 32000-1, annex H, note 13)."""
_MAGIC: Final = (
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"PK\x07\x08", ZIP),
    (b"\x1f\x8b", GZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", COMPOUND),
    (b"{\\rtf", RTF),
    (b"%!PS", POSTSCRIPT),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"\xff\x0a", "image/jxl"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
)
_HEIF: Final = re.compile(rb"....ftyp(?:heic|heix|hevc|hevx|heim|heis|mif1|msf1|avif|avis)", re.DOTALL)
_EMF: Final = re.compile(rb"\x01\x00\x00\x00.{36} EMF", re.DOTALL)
_BITMAP: Final = re.compile(rb"BM.{4}\x00{4}....[\x0c\x28\x34\x38\x40\x6c\x7c]\x00{3}", re.DOTALL)
_WEBP: Final = re.compile(rb"RIFF....WEBP", re.DOTALL)
_MAIL_START: Final = re.compile(
    rb"(?:From [^\r\n]+|[A-Za-z][A-Za-z0-9-]*:[^\r\n]*)\r?\n"
    rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\r\n]*\r?\n|[ \t][^\r\n]*\r?\n)*",
)
_MAIL_FIELDS: Final = re.compile(
    rb"^(?:From|To|Cc|Subject|Date|Received|Return-Path|Message-ID|MIME-Version|Content-Type|Delivered-To):",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL_ENOUGH: Final = 2
_HTML_SIGN: Final = re.compile(
    r"<!doctype html|<(?:html|head|body|title|meta|div|p|table|span|h[1-6]|ul|br)\b", re.IGNORECASE
)
_XML_SIGN: Final = re.compile(r"<(?:\?xml|!--|!DOCTYPE|[A-Za-z_])")


def media_of(data: bytes) -> str:
    """Return the media type of a document; `application/octet-stream` if it is none that is known."""
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return PDF
    for magic, media in _MAGIC:
        if data.startswith(magic):
            return media
    image = _image(data)
    if image:
        return image
    if _is_mail(data):
        return MAIL
    readings = decode(data)
    return _kind_of_text(readings[0]) if readings else UNKNOWN


def _image(data: bytes) -> str:
    for pattern, media in (
        (_HEIF, "image/heic"),
        (_EMF, "image/emf"),
        (_BITMAP, "image/bmp"),
        (_WEBP, "image/webp"),
    ):
        if pattern.match(data):
            return media
    return ""


def _is_mail(data: bytes) -> bool:
    head = _MAIL_START.match(data[: MAX_SNIFFED_BYTES * 4])
    return head is not None and len(_MAIL_FIELDS.findall(head.group())) >= _MAIL_ENOUGH


def _kind_of_text(text: str) -> str:
    start = text[:MAX_SNIFFED_BYTES].lstrip("\ufeff \t\r\n\f")
    if not _XML_SIGN.match(start):
        return TEXT
    if re.search(r"<(?:\w+:)?svg\b", start):
        return SVG
    if start.startswith("<?xml") and not re.search(r"<!doctype html|<html\b", start, re.IGNORECASE):
        return XML
    return HTML if _HTML_SIGN.search(start) else XML
