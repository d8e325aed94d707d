"""Bytes to characters: the encodings that Japanese offices write, told from the bytes.

`decode` tries UTF-8 (with and without a mark), UTF-16 and UTF-32, ISO-2022-JP, CP932 and EUC-JP. Where two of them
accept the same bytes both readings are returned, the likelier first: a label must not depend on a guess.
`strings` finds what stands in plain characters inside bytes that are no text. Pure.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from magi.materials.limits import MAX_STRINGS_BYTES

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPES: Final = re.compile(rb"\x1b[$(]")
_MAIL_JAPANESE: Final = ("iso2022_jp", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext")
_OTHER: Final = ("cp932", "euc_jp", "euc_jis_2004")
_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffe\uffff]")
"""Controls that no text holds; line ends, tabs, form feeds and escapes may stand in one."""
_USUAL: Final = re.compile("[\t\n\r -~\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
"""ASCII, kana, kanji and full-width forms: what Japanese text is nearly all made of."""
_MIN_USUAL: Final = 0.9
_SHORTEST: Final = 4
_RUNS: Final = (
    (
        re.compile(
            rb"(?:[\x09\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){4,}"
        ),
        "utf-8",
    ),
    (re.compile(rb"(?:[\x09\x20-\x7e]\x00|[\x00-\xff][\x30\x4e-\x9f]|[\x01-\x5e]\xff){4,}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[\x09\x20-\x7e]|[\x30\x4e-\x9f][\x00-\xff]|\xff[\x01-\x5e]){4,}"), "utf-16-be"),
    (re.compile(rb"(?:[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]|[\x09\x20-\x7e]){4,}"), "cp932"),
)


def decode(data: bytes) -> tuple[str, ...]:
    """Return the readings of bytes as text, likeliest first; none if they are no text in a known encoding."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _readings(data, (encoding,))
    if _ESCAPES.search(data) and data.isascii():
        return _readings(data, _MAIL_JAPANESE)[:1] or _readings(data, ("ascii",))
    found = _readings(data, ("utf-8",))
    if found:
        return found
    found = _readings(data, _OTHER) or _unmarked(data)
    return tuple(sorted(dict.fromkeys(found), key=_share_usual, reverse=True))


def strings(data: bytes) -> str:
    """Return the runs of plain characters inside bytes that are no text, one a line, in four encodings."""
    data = (
        data
        if len(data) <= MAX_STRINGS_BYTES
        else data[: MAX_STRINGS_BYTES // 2] + data[-MAX_STRINGS_BYTES // 2 :]
    )
    found: dict[str, None] = {}
    for pattern, encoding in _RUNS:
        for run in pattern.findall(data):
            text = run.decode(encoding, "ignore").strip()
            if len(text) >= _SHORTEST:
                found[text] = None
    return "\n".join(found)


def _readings(data: bytes, encodings: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except (UnicodeError, ValueError):
            continue
        if not _NO_TEXT.search(text):
            found.append(text)
    return tuple(found)


def _unmarked(data: bytes) -> tuple[str, ...]:
    """UTF-16 without a mark is believed only if nearly every character is a usual one."""
    found = _readings(data, ("utf-16-le", "utf-16-be")) if data and len(data) % 2 == 0 else ()
    return tuple(text for text in found if _share_usual(text) >= _MIN_USUAL)


def _share_usual(text: str) -> float:
    return len(_USUAL.findall(text)) / max(1, len(text))
