r"""Decoded layers of a text: encoded stretches replaced by what they stand for, in place.

Escapes (percent, `\\u`, `\\x`, octal, quoted-printable, HTML references), MIME words, Base64, Base32, hexadecimal and
UTF-7 (also compressed, also in the older Japanese encodings), hidden tag characters and variation selectors, and
runs that a bidi override shows backwards. Promises: linear in the length; at most `MAX_LAYERS` layers of at most
`MAX_LAYER_CHARS` each, and what would need more is refused, never passed over; what decodes to no readable text
(`octets`) stays as it is; `Layer.place` maps back to the text as it came. Sources: RFC 4648 (Base64, Base32,
Base16), RFC 3986 section 2.1 (percent), RFC 2045 section 6.7 (quoted-printable), RFC 2047 (MIME words), RFC 2152
(UTF-7), RFC 1468 (ISO-2022-JP), HTML character references, UAX 9 (overrides).
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from magi.residency.detect.octets import TooLongError, escaped_text, text_of, utf7_text
from magi.residency.detect.trace import Mark, place

MAX_LAYERS = 4
"""Encoded twice is what people paste; once more than that costs nothing where there is nothing to decode."""
MAX_LAYER_CHARS = 4_000_000
"""Four times the largest text that is taken: a decoded layer only grows by decompression."""
LONGEST_NUMBER = 32
"""Digits; sixteen bytes do not read as text by chance."""
MIN_HIDDEN = 4
"""Fewer tag characters or variation selectors than this belong to a flag or a letter's form."""

_WIDE = re.compile(r"[\uff01-\uff5e]{6,}")
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LETTERS = "A-Za-z0-9+/_-"
_TOKEN = re.compile(
    rf"[{_LETTERS}]{{8,}}+"
    rf"(?>(?:[ \t]{{0,4}}\r?\n[ \t>]{{0,8}}[{_LETTERS}]{{4,}}+(?=[ \t]{{0,4}}(?:[\r\n=\"']|$)))*)={{0,6}}"
)
_JOINTS = frozenset("\n/_+-")
"""Where a stretch comes apart into what may be encoded and what is not."""
_LINE = re.compile(rf"[{_LETTERS}]{{8,}}+={{0,6}}")
_PART = re.compile(r"[A-Za-z0-9]{8,}+={0,6}")
_ALL_HEX = re.compile(r"(?:0[xX])?[0-9A-Fa-f]+")
_BASE32 = re.compile(r"[A-Z2-7]{16,}=*")
_HEX_REST = r"(?>(?:[0-9A-Fa-f]{2}){0,31})(?![0-9A-Za-z])"
_HEX = re.compile(
    rf"[0-9A-Fa-f](?<![0-9A-Za-z].)(?:[0-9A-Fa-f]|(?<=0)[xX][0-9A-Fa-f]{{2}}){_HEX_REST}"
    rf"(?>(?:[ :,;\r\n-]{{1,3}}+(?:0[xX])?[0-9A-Fa-f]{{2}}{_HEX_REST}){{2,}})"
)
_HEX_OF_HEX = re.compile(r"(?:20|3[0-9]|[46][1-6])+")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")


def _escapes(escape: str, between: str) -> re.Pattern[str]:
    """A run of escapes with at most eight other characters in between: trail bytes are often left as they are."""
    return re.compile(rf"(?>(?:{escape})+)(?>(?:[{between}]{{1,8}}+(?>(?:{escape})+))*)")


_PERCENT = _escapes("%[0-9A-Fa-f]{2}", "!-$&-~")
_HEX_ESCAPE = _escapes(r"\\{1,4}x[0-9A-Fa-f]{2}", r" -\[\]-~")
_OCTAL = _escapes(r"\\{1,4}[0-3][0-7]{2}", r" -\[\]-~")
_QUOTED = _escapes(r"=[0-9A-Fa-f]{2}|=\r?\n", r" -<>-~")
_ONE_PERCENT, _ONE_QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})"), re.compile(rb"=([0-9A-Fa-f]{2})")
_ONE_HEX, _ONE_OCTAL = re.compile(rb"\\{1,4}x([0-9A-Fa-f]{2})"), re.compile(rb"\\{1,4}([0-3][0-7]{2})")
_NEIGHBOURS = re.compile(r"=[0-9A-Fa-f]{2}=[0-9A-Fa-f]{2}")
_SOFT = re.compile(r"=\r?\n")
_UNICODE = re.compile(
    r"(?>(?:\\{1,4}u[0-9A-Fa-f]{4}|\\{1,4}u\{[0-9A-Fa-f]{1,6}\}|\\{1,4}x\{[0-9A-Fa-f]{1,6}\}|\\{1,4}U[0-9A-Fa-f]{8}"
    r"|%u[0-9A-Fa-f]{4}|U\+[0-9A-Fa-f]{4,6}(?![0-9A-Za-z])[ ,]{0,2})+)"
)
_CODE = re.compile(r"(?<=\{)[0-9A-Fa-f]{1,6}|[0-9A-Fa-f]{4,8}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,10}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z]{2,32}[0-9]{0,2});?")
_MIME = re.compile(r"(?>(?:=\?[A-Za-z0-9_*-]{2,24}\?[bBqQ]\?[!->@-~]*+\?=(?:\s{1,4}(?==\?))?)+)")
_MIME_WORD = re.compile(r"=\?([A-Za-z0-9_-]{2,24})[^?]{0,8}\?([bBqQ])\?([!->@-~]*+)\?=")
_UTF7 = re.compile(r"\+(?<![A-Za-z0-9+/=].)[A-Za-z0-9+/]{5,}+-?")
_JIS = re.compile(r"\x1b\$[@B][!-~\n]{2,}+\x1b\([BJ]")
_TAGS = re.compile(rf"[\U000e0020-\U000e007e]{{{MIN_HIDDEN},}}+")
_SELECTORS = re.compile(rf"[\ufe00-\ufe0f\U000e0100-\U000e01ef]{{{MIN_HIDDEN},}}+")
_OVERRIDE = re.compile(r"\u202e([^\u202a-\u202e\u2066-\u2069\n]{2,}+)")

Decoded = tuple[int, int, str]
"""A stretch and what it stands for."""


@dataclass(frozen=True)
class Layer:
    """A text at one depth of decoding; depth 0 is the text as it came. `marks` are over the layer above."""

    depth: int
    text: str = field(repr=False)
    below: "Layer | None" = field(default=None, repr=False)
    marks: tuple[Mark, ...] = field(default=(), repr=False)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as it came; a decoded stretch counts whole."""
        if self.below is None:
            return start, end
        return self.below.place(*place(self.marks, start, end))


def layers(text: str) -> Iterator[Layer]:
    """The text and each layer below which something readable came out.

    Raises:
        TooLongError: there is more below than is looked at.
    """
    layer = Layer(0, text)
    yield layer
    for depth in range(1, MAX_LAYERS + 2):
        decoded = _decoded(layer, depth)
        if decoded is None:
            return
        if depth > MAX_LAYERS:
            msg = f"expected at most {MAX_LAYERS!r} layers of encoding, got more"
            raise TooLongError(msg)
        layer = decoded
        yield layer


def _decoded(layer: Layer, depth: int) -> Layer | None:
    pieces: list[str] = []
    marks: list[Mark] = []
    at = length = 0
    for start, end, found in _stretches(layer.text):
        if start < at:
            continue
        pieces += (layer.text[at:start], found)
        length += start - at
        marks.append((length, length + len(found), start, end))
        length += len(found)
        at = end
    if not marks:
        return None
    pieces.append(layer.text[at:])
    return Layer(depth, "".join(pieces), layer, tuple(marks))


def _stretches(text: str) -> list[Decoded]:
    """Every stretch that decodes to something readable, in order of place, the longest first."""
    text = _WIDE.sub(lambda match: match.group().translate(_NARROW), text)
    found = list(_escaped(text))
    room = MAX_LAYER_CHARS
    edges = {edge for start, end, _ in found for edge in (start, end)}
    for decoded in _encoded(text):
        # Beside an escape the letters are not all there yet: they are read in the next layer.
        if decoded[0] not in edges and decoded[1] not in edges:
            found.append(decoded)
            room -= len(decoded[2])
            if room < 0:
                msg = f"expected at most {MAX_LAYER_CHARS!r} characters in a decoded layer, got more"
                raise TooLongError(msg)
    return sorted(found, key=lambda item: (item[0], -item[1]))


def _escaped(text: str) -> Iterator[Decoded]:
    """What is written with signs that say so."""
    if "%" in text:
        yield from _each(_PERCENT, text, lambda token: escaped_text(_bytes(token, _ONE_PERCENT, 16)))
    if "\\" in text:
        yield from _each(_HEX_ESCAPE, text, lambda token: escaped_text(_bytes(token, _ONE_HEX, 16)))
        yield from _each(_OCTAL, text, _from_octal)
    if "\\" in text or "%u" in text or "U+" in text:
        yield from _each(_UNICODE, text, _from_code_points)
    if "=" in text:
        if "=?" in text:
            yield from _each(_MIME, text, _from_mime)
        yield from _each(_QUOTED, text, _from_quoted)
    if "&" in text:
        yield from _each(_ENTITY, text, html.unescape)
    if "\x1b" in text:
        yield from _each(_JIS, text, lambda token: escaped_text(token.encode(), "iso-2022-jp"))
    if not text.isascii():
        yield from _unseen(text)


def _unseen(text: str) -> Iterator[Decoded]:
    """What no reader sees, or sees in another order."""
    raw = text.encode("utf-8", "surrogatepass")
    if (
        b"\xf3\xa0" in raw or b"\xef\xb8" in raw
    ):  # tags and selectors, as a search of bytes finds them fastest
        yield from _each(_TAGS, text, lambda token: "".join(chr(ord(char) - 0xE0000) for char in token))
        yield from _each(_SELECTORS, text, _from_selectors)
    if "\u202e" in text:
        yield from _each(_OVERRIDE, text, lambda token: token[:0:-1])


def _encoded(text: str) -> Iterator[Decoded]:
    """What looks like any other word or number until it is decoded."""
    yield from _each(_HEX, text, _from_hex)
    if "+" in text:
        yield from _each(_UTF7, text, _from_utf7)
    for match in _TOKEN.finditer(text):
        token = match.group()
        if (token.isalpha() and token[1:].islower()) or _is_number(token):
            continue
        start, end = match.span()
        decoded = _from_letters(token)
        if decoded is not None:
            yield start, end, decoded
            continue
        if _JOINTS.isdisjoint(token):
            continue
        for finer in (_LINE, _PART):
            parts = list(_each_within(finer, text, start, end, _from_letters))
            if parts:
                yield from parts
                break


def _each(pattern: re.Pattern[str], text: str, decode: Callable[[str], str | None]) -> Iterable[Decoded]:
    return _each_within(pattern, text, 0, len(text), decode)


def _each_within(
    pattern: re.Pattern[str], text: str, start: int, end: int, decode: Callable[[str], str | None]
) -> Iterator[Decoded]:
    for match in pattern.finditer(text, start, end):
        token = match.group()
        if len(token) == end - start > 0 and start:
            continue  # the whole of it was tried
        decoded = decode(token)
        if decoded is not None and decoded != token:
            yield match.start(), match.end(), decoded


def _bytes(token: str, one: re.Pattern[bytes], base: int) -> bytes:
    raw = token.encode("ascii", "ignore")
    return one.sub(lambda match: bytes((int(match[1], base) & 0xFF,)), raw)


def _from_octal(token: str) -> str | None:
    raw = _bytes(token, _ONE_OCTAL, 8)
    return escaped_text(raw) if len(raw) > 1 else None


def _from_quoted(token: str) -> str | None:
    """Quoted-printable is meant where bytes beyond ASCII are quoted: `a=12` alone is an assignment."""
    joined = _SOFT.sub("", token)
    raw = _bytes(joined, _ONE_QUOTED, 16)
    if b"\x1b" not in raw and (raw.isascii() or not _NEIGHBOURS.search(joined)):
        return None
    return escaped_text(raw)


def _from_code_points(token: str) -> str:
    codes = [int(match, 16) for match in _CODE.findall(token)]
    joined = "".join(chr(code) for code in codes if code <= 0x10FFFF)  # noqa: PLR2004  # the last code point
    return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _from_mime(token: str) -> str:
    """Neighbouring words of one charset are one string of bytes: mailers cut within characters."""
    runs: list[tuple[str, bytes]] = []
    for charset, kind, payload in _MIME_WORD.findall(token):
        quoted = kind in "qQ"
        raw = _bytes(payload.replace("_", " "), _ONE_QUOTED, 16) if quoted else _unbase64(payload) or b""
        if runs and runs[-1][0] == charset:
            raw = runs.pop()[1] + raw
        runs.append((charset, raw))
    return "".join(escaped_text(raw, charset) for charset, raw in runs)


def _from_selectors(token: str) -> str | None:
    """Bytes hidden as variation selectors: 1 to 16 and 17 to 256 stand for 0 to 255."""
    codes = map(ord, token)
    return text_of(bytes(code - 0xFE00 if code < 0xFF00 else code - 0xE0100 + 16 for code in codes))  # noqa: PLR2004


def _from_utf7(token: str) -> str | None:
    raw = _unbase64(token.strip("+-"))
    return None if raw is None else utf7_text(raw, closed=token.endswith("-"))


def _from_letters(token: str) -> str | None:
    """Hexadecimal, Base32 or Base64 in one stretch; words and numbers are sorted out before anything is decoded."""
    body = "".join(token.split()).rstrip("=")
    if _ALL_HEX.fullmatch(body):
        return _from_hex(body)
    if _BASE32.fullmatch(body):
        return _from_base32(body)
    letters = body.replace("-", "").replace("_", "").replace("/", "")
    if _is_number(letters) or (letters.isalpha() and (letters[1:].islower() or letters.isupper())):
        return None
    raw = _unbase64(body)
    return None if raw is None else text_of(raw)


def _from_base32(body: str) -> str | None:
    whole = body[: len(body) - (len(body) % 8 in (1, 3, 6))]  # these lengths do not end a byte
    try:
        return text_of(base64.b32decode(whole + "=" * (-len(whole) % 8)))
    except (binascii.Error, ValueError):
        return None


def _unbase64(body: str) -> bytes | None:
    body = body.rstrip("=").replace("-", "+").replace("_", "/")
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return None


def _from_hex(token: str) -> str | None:
    digits = "".join(_HEX_PAIR.findall(token.replace("0x", "").replace("0X", "")))
    return None if _is_number(digits) else text_of(bytes.fromhex(digits))


def _is_number(token: str) -> bool:
    """Whether these are decimal digits, which are hexadecimal too and then often letters by chance.

    Hexadecimal of what is hexadecimal or decimal again, and anything long, is not taken for a number.
    """
    digits = token.replace("-", "")
    return digits.isdigit() and len(digits) < LONGEST_NUMBER and not _HEX_OF_HEX.fullmatch(digits)
