"""Decoded layers: whatever a text is wrapped in comes out in place, and ordinary text is left alone."""

import base64
import gzip
import hashlib
import html
import quopri
import random
import urllib.parse
import uuid
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.residency.detect.decode import MAX_LAYERS, layers
from magi.residency.detect.octets import MAX_INFLATED_BYTES, TooLongError

WORD = "特定秘密"


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _each(text: str, form: str) -> str:
    return "".join(form.format(ord(char)) for char in text)


ENCODERS = {
    "base64": lambda text: _b64(text.encode()),
    "base64 url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 bare": lambda text: _b64(text.encode()).rstrip("="),
    "base64 utf-16": lambda text: _b64(text.encode("utf-16")),
    "base64 utf-16-le": lambda text: _b64(text.encode("utf-16-le")),
    "base64 utf-16-be": lambda text: _b64(text.encode("utf-16-be")),
    "base64 cp932": lambda text: _b64(text.encode("cp932")),
    "base64 euc": lambda text: _b64(text.encode("euc_jp")),
    "base64 jis": lambda text: _b64(text.encode("iso2022_jp")),
    "gzip": lambda text: _b64(gzip.compress(text.encode(), mtime=0)),
    "zlib": lambda text: _b64(zlib.compress(text.encode())),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex upper": lambda text: text.encode().hex().upper(),
    "hex 0x": lambda text: "0x" + text.encode().hex(),
    "hex spaces": lambda text: text.encode().hex(" "),
    "hex colons": lambda text: text.encode().hex(":"),
    "hex list": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "hex dump": lambda text: text.encode().hex(" ", -2),
    "hex utf-16": lambda text: text.encode("utf-16-be").hex(),
    "\\x": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "percent": urllib.parse.quote,
    "percent lower": lambda text: urllib.parse.quote(text).lower(),
    "percent cp932": lambda text: urllib.parse.quote(text.encode("cp932")),
    "decimal references": lambda text: _each(text, "&#{};"),
    "hexadecimal references": lambda text: _each(text, "&#x{:x};"),
    "references without ;": lambda text: _each(text, "&#{}"),
    "\\u": lambda text: _each(text, "\\u{:04x}"),
    "\\\\u": lambda text: _each(text, "\\\\u{:04x}"),
    "\\u{}": lambda text: _each(text, "\\u{{{:x}}}"),
    "\\U": lambda text: _each(text, "\\U{:08x}"),
    "%u": lambda text: _each(text, "%u{:04x}"),
    "U+": lambda text: _each(text, "U+{:04X} "),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "MIME B": lambda text: f"=?UTF-8?B?{_b64(text.encode())}?=",
    "MIME Q": lambda text: "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in text.encode()) + "?=",
    "MIME jis": lambda text: f"=?ISO-2022-JP?B?{_b64(text.encode('iso2022_jp'))}?=",
    "utf-7": lambda text: text.encode("utf-7").decode(),
    "raw jis": lambda text: text.encode("iso2022_jp").decode(),
    "override": lambda text: f"\u202e{text[::-1]}\u202c",
}
NESTING = [
    "base64",
    "base64 url",
    "hex",
    "hex spaces",
    "percent",
    "decimal references",
    "\\u",
    "gzip",
    "base32",
]


def _found(text: str) -> list[tuple[int, int]]:
    spans = []
    for layer in layers(text):
        at = layer.text.find(WORD)
        if at >= 0 and layer.depth:
            spans.append(layer.place(at, at + len(WORD)))
    return spans


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
def test_encoded_word_is_read_in_place(encode):
    """Every encoding gives the word back, and its span is the encoded stretch inside the prose."""
    token = encode(WORD).strip()
    text = f"次の文字列:{token}です。"
    spans = _found(text)

    assert spans
    start, end = spans[0]
    assert start <= 6
    assert 6 + len(token) - 1 <= end <= len(text)


@given(
    st.lists(st.sampled_from(NESTING), min_size=2, max_size=3),
    st.sampled_from(["確認: ", '{"memo":"', "data:text/plain;base64,", "?q=", "\n"]),
)
def test_nested_encodings_are_read(names, before):
    """Up to three encodings in one another come out, and the span lies on the outermost."""
    token = WORD + "の取扱い"
    for name in names:
        token = ENCODERS[name](token).strip()
    text = f'{before}{token}" と書いてある。'
    spans = _found(text)

    assert spans
    assert spans[0][0] <= len(before) + 2
    assert spans[0][0] + len(WORD) <= spans[0][1] <= len(text)


def test_wrapped_lines_are_one_stretch():
    """Base64 in lines of 76, as mail programs write it, is read across them, a word on the last line or not."""
    lines = _b64(("あ" * 60 + WORD + "い" * 60).encode())
    wrapped = "\n".join(lines[at : at + 76] for at in range(0, len(lines), 76))

    assert _found(wrapped)
    assert _found("> " + wrapped.replace("\n", "\n> ") + "\n\nSincerely,\nTaro")
    assert _found(wrapped + "\nSincerely\n")


def test_mime_words_join_within_a_character():
    """Neighbouring MIME words are one string of bytes, since mailers cut them anywhere."""
    raw = WORD.encode()
    text = f"Subject: =?UTF-8?B?{_b64(raw[:4])}?=\n =?UTF-8?B?{_b64(raw[4:])}?="

    assert _found(text)


def test_hidden_bytes_are_read():
    """Tag characters and variation selectors, which no reader sees, give up what they carry."""
    tags = "".join(chr(0xE0000 + ord(char)) for char in "secret")
    selectors = "".join(chr(0xFE00 + b if b < 16 else 0xE0100 + b - 16) for b in WORD.encode())

    assert any("secret" in layer.text for layer in layers(f"見出し{tags}"))
    assert _found(f"絵{selectors}")


def test_full_width_base64_is_read():
    """Encoded letters in their full-width form are the same letters."""
    wide = "".join(chr(ord(char) + 0xFEE0) for char in _b64(WORD.encode()))

    assert _found(f"値は{wide}です")


def _tokens() -> dict[str, list[str]]:
    chance = random.Random(7)  # noqa: S311  # no secret hangs on it
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    def raw(size: int) -> bytes:
        return chance.randbytes(size)

    kinds = {
        "uuid": lambda: str(uuid.UUID(bytes=raw(16))),
        "sha256": lambda: hashlib.sha256(raw(8)).hexdigest(),
        "git id": lambda: raw(20).hex()[: chance.choice((8, 10, 12, 40))],
        "mac": lambda: raw(6).hex(":"),
        "random base64": lambda: _b64(raw(chance.choice((6, 9, 12, 24)))),
        "token": lambda: "".join(chance.choices(letters, k=chance.choice((8, 12, 22)))),
        "decimal": lambda: "".join(chance.choices("0123456789", k=chance.choice((8, 10, 12, 13, 16)))),
    }
    return {name: [make() for _ in range(1500)] for name, make in kinds.items()}


def test_random_tokens_are_left_alone():
    """Fewer than one token in two hundred of any kind reads as text by chance."""
    shares = {
        kind: sum(len(list(layers(f"値 {token} を確認"))) > 1 for token in tokens) / len(tokens)
        for kind, tokens in _tokens().items()
    }

    assert max(shares.values()) < 0.005, shares


@pytest.mark.parametrize(
    "text",
    [
        "The implementation of internationalization responsibilities follows IEEE_standardization/documentation.",
        "getElementById(configurationManager.defaultConnectionTimeout) in src/components/NavigationBar.tsx",
        "電話は03-1234-5678、2026-04-01 10:30:00 から。https://www.example.go.jp/policies/a1b2c3/index.html?x=12&y=34",
        "a=12; b==34; c=5 * 6 + (7 - 8) % 90; 100%の達成率、C:\\work\\new\\table",
        "年齢 65 66 67 68 69 70 71 の分布と 1,200,300 円",
    ],
)
def test_ordinary_text_has_no_layers(text):
    """Words, code, dates, addresses and arithmetic decode to nothing."""
    assert [layer.depth for layer in layers(text)] == [0]


def test_what_is_too_deep_or_too_long_is_refused_not_passed():
    """Deeper nesting than is looked at, or a compressed stretch longer than that, raises: nothing counts as seen."""
    deep = WORD * 4
    for _ in range(MAX_LAYERS + 1):
        deep = _b64(deep.encode())
    bomb = _b64(zlib.compress(b"\0" * (MAX_INFLATED_BYTES + 1)))

    with pytest.raises(TooLongError):
        list(layers(deep))
    with pytest.raises(TooLongError):
        list(layers(bomb))


def test_references_of_html_are_unescaped_once_a_layer():
    """Text that was escaped twice takes two layers."""
    twice = html.escape(_each(WORD, "&#{};"))

    assert [WORD in layer.text for layer in layers(twice)] == [False, False, True]
