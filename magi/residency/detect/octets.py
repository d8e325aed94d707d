"""Bytes that may be text: which encoding they read in, if any.

A stretch of letters that happens to be valid Base64 must not become noise, so bytes count as text only when chance
would hardly make them so: `EVIDENCE_BITS` weighs how rare each character is among random bytes. Promises: linear;
never raises except `TooLongError`. Leaves to others: where encoded stretches stand (`decode`).
"""

import re
import zlib

MAX_INFLATED_BYTES = 1_000_000
"""A compressed stretch is opened no further than the largest text that is taken; more is refused, not cut."""
EVIDENCE_BITS = 12
"""One stretch in four thousand reads by chance; a document has fewer stretches that could."""
_MIXED_EVIDENCE_BITS = 14
"""A little more where scripts are mixed, since chance mixes them; two kanji of UTF-8 are enough."""
SAMPLE_CHARS = 400
"""Which kanji are common is looked at in so many characters of a text in an older encoding."""
MIN_BAD_IN = 20
"""Below so many characters a single unreadable one tells against a text."""
MOST_BAD = 0.05

_GZIP, _ESC = b"\x1f\x8b", b"\x1b"
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufff0-\uffff]")
_COMMON = re.compile(
    "[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e\uff61-\uff9f\U0001d7ce-\U0001d7ff\u2460-\u24ff\u3200-\u33ff]"
)
_ODD_DIGITS = re.compile(r"[^\x00-\x7f\D]")
_JAPANESE = re.compile("[\u3001-\u3015\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff\uff01-\uff5e]")
_PAIR = re.compile("[\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff]{2}")
_BITS_WIDE, _BITS_PRINT, _BITS_ALNUM = 8.0, 1.43, 2.0
"""How rare among random bytes: a three-byte character, one of printing ASCII, a letter, digit or space of it."""
_BITS_JAPANESE = 4.2
"""The same for a kana or common kanji among pairs of bytes."""
_RARE_LEAD = 0x98
"""CP932 lead bytes from here on are kanji of level 2 (JIS X 0208)."""
_NAMES = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "shift_jis": "cp932", "shift-jis": "cp932",
    "sjis": "cp932", "x-sjis": "cp932", "cp932": "cp932", "windows-31j": "cp932", "ms932": "cp932",
    "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp", "utf-16": "utf-16", "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le", "iso-8859-1": "latin-1",
}  # fmt: skip


class TooLongError(ValueError):
    """Decoding gives more text than is looked at; the caller must not take the text for clean."""


def text_of(raw: bytes) -> str | None:
    """The text that bytes are beyond reasonable chance, or None.

    Raises:
        TooLongError: they are compressed and longer than `MAX_INFLATED_BYTES`.
    """
    if raw.startswith(_GZIP) or (raw[:1] == b"\x78" and int.from_bytes(raw[:2], "big") % 31 == 0):
        raw = _inflated(raw)
    if b"\0" not in raw and _ESC not in raw and (text := _as_utf8(raw)) is not None and _is_text(text):
        return text
    return _as_older(raw)


def escaped_text(raw: bytes, charset: str = "") -> str:
    """The text of bytes that were written as escapes, where there is no doubt that they are meant as text."""
    for name in (
        _NAMES.get(charset.lower(), ""),
        "utf-8",
        "iso2022_jp" if _ESC in raw else "",
        "cp932",
        "euc_jp",
    ):
        if name:
            try:
                return raw.decode(name)
            except UnicodeDecodeError:
                continue
    return raw.decode("utf-8", "ignore")


def utf7_text(raw: bytes, *, closed: bool) -> str | None:
    """The text of a stretch of UTF-7 (RFC 2152): common Japanese, and two characters at least if it is closed."""
    raw = raw[: len(raw) // 2 * 2]
    if closed and len(raw) == 4:  # noqa: PLR2004  # a word of two kanji
        raw *= 2
        return text[:2] if (text := _if_japanese(raw, "utf-16-be")) is not None else None
    return _if_japanese(raw, "utf-16-be")


def _inflated(raw: bytes) -> bytes:
    opened = zlib.decompressobj(wbits=47)
    try:
        inflated = opened.decompress(raw, MAX_INFLATED_BYTES)
    except zlib.error:
        return raw
    if opened.unconsumed_tail:
        msg = f"expected at most {MAX_INFLATED_BYTES!r} bytes in a compressed stretch, got more"
        raise TooLongError(msg)
    return inflated


def _as_utf8(raw: bytes) -> str | None:
    """As UTF-8; of longer bytes a character that was cut at either end is let go."""
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        if len(raw) < MIN_BAD_IN or (error.start >= 3 and error.start < len(raw) - 3):  # noqa: PLR2004  # a character's tail
            return None
    head = next((n for n in range(4) if raw[n] & 0xC0 != 0x80), 0)  # noqa: PLR2004  # continuation bytes
    try:
        return raw[head:].decode()
    except UnicodeDecodeError as error:
        return raw[head : head + error.start].decode() if error.start >= len(raw) - head - 3 else None


def _is_text(text: str) -> bool:
    bad = len(_UNREADABLE.findall(text))
    if bad and (len(text) < MIN_BAD_IN or bad > MOST_BAD * len(text)):
        return False
    if text.isascii():
        alnum = text.replace(" ", "").isalnum()
        return len(text) * (_BITS_ALNUM if alnum else _BITS_PRINT) >= EVIDENCE_BITS
    wide = len(_COMMON.findall(text)) + len(_ODD_DIGITS.findall(text))
    if not wide:
        return len(text) >= MIN_BAD_IN
    return wide * _BITS_WIDE + len(text) - wide >= _MIXED_EVIDENCE_BITS


def _as_older(raw: bytes) -> str | None:
    """As UTF-16, ISO-2022-JP, CP932 or EUC-JP: common Japanese characters, or ASCII in UTF-16."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _if_japanese(raw, "utf-16")
    if _ESC in raw:
        return _if_japanese(raw, "iso2022_jp")
    if len(raw) % 2 == 0:
        for name in ("utf-16-le", "utf-16-be"):
            if (text := _if_japanese(raw, name)) is not None:
                return text
    return None if b"\0" in raw else _if_japanese(raw, "cp932") or _if_japanese(raw, "euc_jp")


def _if_japanese(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
        known = text[:SAMPLE_CHARS].encode("cp932")
    except UnicodeError:
        return None
    sample = text[:SAMPLE_CHARS]
    if _UNREADABLE.search(sample) or not sample:
        return None
    japanese = len(_JAPANESE.findall(sample))
    if encoding.startswith("utf-16") and japanese == 0:
        return text if sample.isascii() and len(sample) >= 4 else None  # noqa: PLR2004  # four zero bytes
    rare = len(re.findall("[\u4e00-\u9fff]", sample)) - _common_kanji(known)
    if rare > MOST_BAD * japanese or not _PAIR.search(sample):
        return None
    strong = japanese * _BITS_JAPANESE >= _MIXED_EVIDENCE_BITS and japanese * 2 >= len(sample)
    return text if strong or japanese * _BITS_JAPANESE >= 3 * EVIDENCE_BITS else None


def _common_kanji(known: bytes) -> int:
    """How many kanji of level 1 a CP932 string has."""
    count = at = 0
    while at < len(known):
        lead = known[at]
        wide = 0x81 <= lead <= 0x9F or 0xE0 <= lead <= 0xFC  # noqa: PLR2004  # CP932's lead bytes
        count += wide and 0x88 <= lead <= _RARE_LEAD  # noqa: PLR2004
        at += 2 if wide else 1
    return count
