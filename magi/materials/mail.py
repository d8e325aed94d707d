"""Mail (.eml): all headers, raw and decoded, every part, and what is attached, recursively.

Source: RFC 5322 (heads), RFC 2045 to 2047 and 2231 (MIME). Encrypted parts are noted; so is every defect that the
parser met, since something may stand where it did not look. Leaves to others: what an attachment is (`extract`).
"""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING, Any, Final

from magi.materials.encoding import decode
from magi.materials.limits import MAX_DEPTH
from magi.materials.plain import note_enclosed, say_text

if TYPE_CHECKING:
    from magi.materials.found import Reading

_NEXT_IN_BOX: Final = re.compile(rb"\r?\n(?=From [^\r\n]*\d{4}\r?\n)")
_ENCRYPTED: Final = frozenset(
    {"multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)
_MULTIPART_DEPTH: Final = 20
"""Multiparts within multiparts of one mail; real ones have about four levels."""


def read_mail(reading: Reading, data: bytes) -> None:
    """Say all text of a mail, or of each mail of a box of mails."""
    for each in _NEXT_IN_BOX.split(data) if data.startswith(b"From ") else (data,):
        reading.member()
        _read_part(reading, email.message_from_bytes(each, policy=email.policy.compat32), 0, 0)


def _read_part(reading: Reading, part: Message[Any, Any], level: int, mails: int) -> None:
    if level > _MULTIPART_DEPTH or reading.depth + mails > MAX_DEPTH:
        reading.cannot("too_deep")
        return
    _say_headers(reading, part)
    if part.get_content_type() in _ENCRYPTED:
        reading.cannot("encrypted")
    payload = part.get_payload()
    if isinstance(payload, list):
        for text in (part.preamble, part.epilogue):
            _say_legible(reading, text or "")
        for inner in payload:
            reading.member()
            nested = part.get_content_maintype() == "message"
            if isinstance(inner, Message):
                _read_part(reading, inner, level + 1, mails + nested)
    else:
        _read_leaf(reading, part)
    if part.defects:
        reading.cannot("malformed")


def _read_leaf(reading: Reading, part: Message[Any, Any]) -> None:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes) or not content:
        return
    reading.expand(len(content))
    media = part.get_content_type()
    if part.get_content_maintype() != "text" or part.get_filename():
        reading.nested(content, body="attachment")
        return
    text = _in_declared(content, part.get_content_charset())
    if text is None:
        readings = decode(content)
        if not readings:
            reading.nested(content)
            return
        text = readings[0]
        for other in readings[1:]:
            reading.say("other_reading", other)
    say_text(reading, text, media if media == "text/html" else "text/plain")


def _in_declared(content: bytes, charset: str | None) -> str | None:
    """Return the text in the encoding that the part declares, or None where it does not fit."""
    for encoding in filter(None, (charset, "iso2022_jp_ext" if charset == "iso-2022-jp" else None)):
        try:
            return content.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
    return None


def _say_headers(reading: Reading, part: Message[Any, Any]) -> None:
    lines: dict[str, None] = {}
    for name, value in part.items():
        raw = _bytes_of(str(value))
        for text in decode(raw) or (raw.decode("utf-8", "replace"),):
            lines[f"{name}: {text}"] = None
            lines[f"{name}: {_unfolded(text)}"] = None
            if "=?" in text and "=?" in _unfolded(text):
                reading.cannot("undecodable")
    reading.say("mail_header", "\n".join(lines))
    for header in ("content-type", "content-disposition"):
        for _, value in part.get_params(failobj=[], header=header):
            reading.say("mail_header", _unfolded(collapse_rfc2231_value(value)))
    file_name = part.get_filename()
    if file_name:
        _say_legible(reading, _unfolded(file_name), "file_name")


def _unfolded(text: str) -> str:
    """Return a header with its encoded words decoded; words in no known encoding stay as they are."""
    text = re.sub(r"\r?\n[ \t]", " ", text)
    try:
        words = decode_header(text)
    except (ValueError, LookupError):
        return text
    said = []
    for word, charset in words:
        if isinstance(word, str):
            said.append(word)
            continue
        decoded = _in_declared(word, charset or "ascii")
        if decoded is None:
            decoded = "\n".join(decode(word)[:1])
        if not decoded and word:
            return text
        said.append(decoded)
    return "".join(said)


def _say_legible(reading: Reading, text: str, where: str = "body") -> None:
    """Say a text that may carry raw bytes as surrogates."""
    for each in decode(_bytes_of(text)) or (text,):
        reading.say(where, each)
        note_enclosed(reading, each)


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
