"""Images: nobody here can read what they show, so each is `image`; the text in their metadata is still given.

EXIF, IPTC and XMP hold names, places and device owners. Segments are found by the containers' own structure (JPEG,
PNG, RIFF) or, in other formats, by searching for plain strings; no image is ever decoded. Pure.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from magi.materials.encoding import decode, strings
from magi.materials.limits import MAX_STRINGS_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from magi.materials.found import Reading

_XMP_START, _XMP_END = b"<x:xmpmeta", b"</x:xmpmeta>"
_TEXT_CHUNKS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"tIME"})
_START_OF_SCAN: Final = 0xDA
_MARKER: Final = 0xFF


def read_image(reading: Reading, data: bytes) -> None:
    """Say the text in an image's metadata and note that the image itself is unreadable."""
    reading.cannot("image")
    for packet in _packets(data):
        reading.say("metadata", "\n".join(decode(packet)[:1]))
    if data.startswith(b"\x89PNG"):
        segments = _png(data)
    elif data.startswith(b"\xff\xd8"):
        segments = _jpeg(data)
    elif data.startswith(b"RIFF"):
        segments = _riff(data)
    else:
        segments = iter((data,))
    for segment in segments:
        reading.say("metadata", strings(segment))


def _packets(data: bytes) -> Iterator[bytes]:
    start = data.find(_XMP_START)
    while start >= 0:
        end = data.find(_XMP_END, start)
        if end < 0:
            return
        yield data[start:end]
        start = data.find(_XMP_START, end)


def _png(data: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind in _TEXT_CHUNKS:
            yield from (body, *_unpacked(body))
        if kind == b"IEND":
            yield data[at + 12 :]
            return
        at += 12 + size


def _unpacked(body: bytes) -> Iterator[bytes]:
    """Compressed text follows its key word; a zlib stream starts with 0x78 (RFC 1950)."""
    start = body.find(b"\x00")
    packed = body.find(b"\x78", start + 1) if start >= 0 else -1
    if packed >= 0:
        try:
            yield zlib.decompressobj().decompress(body[packed:], MAX_STRINGS_BYTES)
        except zlib.error:
            return


def _jpeg(data: bytes) -> Iterator[bytes]:
    at = 2
    while at + 4 <= len(data) and data[at] == _MARKER and data[at + 1] != _START_OF_SCAN:
        (size,) = struct.unpack_from(">H", data, at + 2)
        yield data[at + 4 : at + 2 + size]
        at += 2 + max(2, size)
    end = data.rfind(b"\xff\xd9")
    if end >= 0:
        yield data[end + 2 :]


def _riff(data: bytes) -> Iterator[bytes]:
    at = 12
    while at + 8 <= len(data):
        (size,) = struct.unpack_from("<I", data, at + 4)
        if not data[at : at + 4].startswith((b"VP8", b"ALPH", b"ANMF")):
            yield data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
