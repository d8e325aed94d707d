"""Archives: ZIP and GZIP, their names, comments and members; ZIP packages that are documents go to their readers.

Promises: declared sizes are not believed; unpacking stops at the budget of the call. Names that climb out of a
folder are only text here, since nothing is written. Encrypted members, unusual compression and bytes before the
first member are noted. Leaves to others: what the members are (`extract` reads each from its bytes).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from magi.materials.encoding import decode
from magi.materials.found import UnreadableError

if TYPE_CHECKING:
    from magi.materials.found import Reading

_ENCRYPTED: Final = 0x1
_UTF8_NAMES: Final = 0x800
_CHUNK: Final = 1 << 16
_GZIP_WINDOW: Final = 31
"""zlib's code for a GZIP head with the largest window (RFC 1952)."""
_UNICODE_PATH: Final = b"up"
"""Info-ZIP's extra field with a member's name in UTF-8 (0x7075)."""
_NAME_FLAG, _COMMENT_FLAG, _EXTRA_FLAG = 0x08, 0x10, 0x04


@dataclass(frozen=True)
class Member:
    """One member of a ZIP file, unpacked."""

    name: str
    data: bytes


def members_of(reading: Reading, data: bytes) -> tuple[Member, ...]:
    """Return the members of a ZIP file that can be unpacked; say all names and comments, note what cannot.

    Raises:
        UnreadableError: `malformed` for no ZIP file, `too_large` beyond the budget.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as refused:
        raise UnreadableError("malformed") from refused
    with archive:
        infos = archive.infolist()
        for text in decode(archive.comment):
            reading.say("comment", text)
        if infos and min(info.header_offset for info in infos) > 0:
            reading.cannot("embedded_object")
        found = []
        for info in infos:
            reading.member()
            name = member_name(info)
            reading.say("member_name", name)
            for text in decode(info.comment):
                reading.say("comment", text)
            if not info.is_dir() or info.file_size:
                found.extend(_unpack(reading, archive, info, name))
    return tuple(found)


def read_members(reading: Reading, members: tuple[Member, ...]) -> None:
    """Read each member of an archive that is no document itself."""
    for member in members:
        reading.nested(member.data)


def read_gzip(reading: Reading, data: bytes) -> None:
    """Read a GZIP file: the name and comment in its head, and what is packed, all members joined.

    Raises:
        UnreadableError: `malformed` or `too_large`.
    """
    reading.member()
    _say_gzip_head(reading, data)
    unpacked = bytearray()
    rest = data
    while rest.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        try:
            while not unpacker.eof:
                chunk = unpacker.decompress(rest, _CHUNK)
                reading.expand(len(chunk))
                unpacked += chunk
                rest = unpacker.unconsumed_tail
                if not chunk and not rest and not unpacker.eof:
                    reading.cannot("malformed")
                    break
        except zlib.error:
            reading.cannot("malformed")
            break
        rest = unpacker.unused_data
    if rest.strip(b"\x00"):
        reading.cannot("malformed")
    reading.nested(bytes(unpacked))


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name as its writer meant it; Japanese systems write CP932 without saying so."""
    extra = info.extra
    while len(extra) >= 4:  # noqa: PLR2004  # two bytes of kind, two of size (APPNOTE 4.5.1)
        size = int.from_bytes(extra[2:4], "little")
        if extra.startswith(_UNICODE_PATH):
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    if info.flag_bits & _UTF8_NAMES:
        return info.orig_filename
    try:
        readings = decode(info.orig_filename.encode("cp437"))
    except UnicodeEncodeError:
        readings = ()
    return "\n".join(readings) or info.orig_filename


def _unpack(reading: Reading, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> list[Member]:
    if info.flag_bits & _ENCRYPTED:
        reading.cannot("encrypted")
        return []
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        # The other methods of the library unpack without a bound on what one step yields.
        reading.cannot("unknown_format")
        return []
    unpacked = bytearray()
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                reading.expand(len(chunk))
                unpacked += chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError, RuntimeError):
        reading.cannot("malformed")
    return [Member(name, bytes(unpacked))]


def _say_gzip_head(reading: Reading, data: bytes) -> None:
    flags = data[3] if len(data) > 3 else 0  # noqa: PLR2004  # the fourth byte holds the flags (RFC 1952)
    at = 10
    if flags & _EXTRA_FLAG:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for flag, code in ((_NAME_FLAG, "member_name"), (_COMMENT_FLAG, "comment")):
        if flags & flag:
            end = data.find(b"\x00", at)
            for text in decode(data[at:end]) if end >= 0 else ():
                reading.say(code, text)
            at = end + 1
