"""PDF: every place that holds text is found, and what holds none that we can read is named."""

import io
import logging
import subprocess
import sys

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from magi.materials import extract


def a_dictionary(**entries):
    """A PDF dictionary; strings that start with a slash are names."""
    return DictionaryObject(
        {
            NameObject(f"/{key}"): (NameObject(value) if value.startswith("/") else TextStringObject(value))
            if isinstance(value, str)
            else value
            for key, value in entries.items()
        }
    )


def composite(encoding):
    """A composite font without a table of characters."""
    inner = a_dictionary(
        Type="/Font",
        Subtype="/CIDFontType2",
        BaseFont="/X",
        CIDSystemInfo=a_dictionary(Registry="Adobe", Ordering="Japan1", Supplement=NumberObject(6)),
        FontDescriptor=a_dictionary(Type="/FontDescriptor", FontName="/X", Flags=NumberObject(4)),
    )
    return a_dictionary(
        Type="/Font", Subtype="/Type0", BaseFont="/X", Encoding=encoding, DescendantFonts=ArrayObject([inner])
    )


def japanese(make, text, operators=""):
    """A PDF whose page writes a Japanese text in a Unicode encoding."""
    code = text.encode("utf-16-be").hex()
    content = f"BT {operators} /F1 12 Tf 20 100 Td <{code}> Tj ET".encode()
    return make.pdf(content, composite("/UniJIS-UTF16-H"))


def outline(make):
    """An outline entry."""
    writer = make.pdf()
    writer.add_outline_item(title="しおりの印", page_number=0)
    return writer


def information(make):
    """The document information."""
    writer = make.pdf()
    writer.add_metadata({"/Author": "著者の印", "/Custom": "独自の印"})
    return writer


def attached(make):
    """An attached file."""
    writer = make.pdf()
    writer.add_attachment("添付の名.txt", "添付の印".encode("cp932"))
    return writer


def xmp(make):
    """XMP metadata."""
    writer = make.pdf()
    packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a>拡張の印</a></x:xmpmeta>".encode()
    writer.root_object[NameObject("/Metadata")] = writer._add_object(
        make.stream(packet, Type="/Metadata", Subtype="/XML")
    )
    return writer


def annotation(make):
    """A note on the page."""
    writer = make.pdf()
    make.annotate(writer, Contents="注釈の印", T="記入者")
    return writer


def stamp(make):
    """A stamp whose text stands in its look only."""
    writer = make.pdf()
    font = writer.pages[0]["/Resources"]["/Font"]
    look = make.stream(
        b"BT /F1 9 Tf (Stamp canary) Tj ET",
        Type="/XObject",
        Subtype="/Form",
        BBox=ArrayObject([NumberObject(n) for n in (0, 0, 9, 9)]),
        Resources=a_dictionary(Font=font),
    )
    make.annotate(writer, "/Stamp", AP=a_dictionary(N=writer._add_object(look)))
    return writer


def field(make):
    """A form field."""
    writer = make.pdf()
    made = writer._add_object(a_dictionary(FT="/Tx", T="欄名", V="値の印", TU="欄の説明"))
    writer.root_object[NameObject("/AcroForm")] = a_dictionary(Fields=ArrayObject([made]))
    return writer


def xfa(make):
    """An XFA form, which is XML in a stream."""
    writer = make.pdf()
    packet = writer._add_object(make.stream("<xdp><f>動的な印</f></xdp>".encode()))
    writer.root_object[NameObject("/AcroForm")] = a_dictionary(
        Fields=ArrayObject(), XFA=ArrayObject([TextStringObject("datasets"), packet])
    )
    return writer


def structure(make):
    """Alternative text in the structure tree, reached by nothing."""
    writer = make.pdf()
    writer._add_object(a_dictionary(Type="/StructElem", S="/Figure", Alt="代替の印"))
    return writer


def replacement(make):
    """Replacement text among the operators of the page."""
    code = "置換の印".encode("utf-16-be").hex()
    return make.pdf(
        f"/Span <</ActualText <feff{code}>>> BDC BT /F1 9 Tf (x) Tj ET EMC".encode(),
    )


@pytest.mark.parametrize(
    ("where", "build", "canary"),
    [
        ("body", lambda make: make.pdf(), "Layer canary"),
        ("body", lambda make: japanese(make, "取扱注意"), "取扱注意"),
        ("body", lambda make: japanese(make, "見えない印", "3 Tr"), "見えない印"),
        ("outline", outline, "しおりの印"),
        ("metadata", information, "著者の印"),
        ("other", information, "独自の印"),
        ("attachment", attached, "添付の印"),
        ("file_name", attached, "添付の名.txt"),
        ("metadata", xmp, "拡張の印"),
        ("annotation", annotation, "注釈の印"),
        ("form_field", annotation, "記入者"),
        ("annotation", stamp, "Stamp canary"),
        ("form_field", field, "値の印"),
        ("form_field", xfa, "動的な印"),
        ("alt_text", structure, "代替の印"),
        ("alt_text", replacement, "置換の印"),
    ],
)
def test_every_place_of_a_pdf_is_read(make, texts, where, build, canary):
    """Text layers, also invisible, annotations, fields, outlines, metadata and files are found."""
    found = extract("a.txt", make.written(build(make)))

    assert canary in texts(found, where)
    assert (found.media, found.unreadable) == ("application/pdf", ())


def test_what_a_later_save_removed_is_still_read(make, texts):
    """An earlier state of the file, left in it by an incremental save, is found."""
    before = make.pdf(b"BT /F1 12 Tf (Deleted canary) Tj ET")
    writer = PdfWriter(io.BytesIO(make.written(before)), incremental=True)
    content = writer.pages[0]["/Contents"].get_object()
    content.set_data(b"BT /F1 12 Tf (Present text) Tj ET")
    found = extract("a.pdf", make.written(writer))

    assert "Present text" in texts(found, "body")
    assert "Deleted canary" in texts(found, "earlier_revision")


def image_page(make):
    """A page that shows a picture."""
    writer = make.pdf()
    picture = make.stream(
        b"\x00", Type="/XObject", Subtype="/Image", Width=NumberObject(1), Height=NumberObject(1)
    )
    writer._add_object(picture)
    return writer


def script(make):
    """A script."""
    writer = make.pdf()
    writer.root_object[NameObject("/OpenAction")] = a_dictionary(S="/JavaScript", JS="app.alert('canary');")
    return writer


def locked(make, user, owner):
    """An encrypted document."""
    writer = make.pdf()
    writer.encrypt(user, owner, algorithm="AES-256")
    return writer


@pytest.mark.parametrize(
    ("code", "build"),
    [
        ("image", image_page),
        ("image", lambda make: make.pdf(b"BT /F1 9 Tf (x) Tj ET\nBI /W 1 /H 1 /BPC 8 /CS /G ID \x00 EI\n")),
        ("scanned_page", lambda make: make.pdf(b"0 0 m 9 9 l S")),
        ("encrypted", lambda make: locked(make, "geheim", "owner")),
        ("macro", script),
        ("unmapped_text", lambda make: make.pdf(b"BT /F1 9 Tf <00410042> Tj ET", composite("/Identity-H"))),
        ("unmapped_text", lambda make: make.pdf(b"BT /F1 9 Tf <00410042> Tj ET", composite("/H"))),
    ],
)
def test_what_a_pdf_hides_from_us_is_named(make, code, build):
    """Pictures, pages without text, encryption, scripts and fonts without characters leave their code."""
    found = extract("a.pdf", make.written(build(make)))

    assert found.unreadable == (code,)


def test_a_pdf_that_only_forbids_printing_is_read(make, texts):
    """Encryption that the empty password opens hides nothing."""
    found = extract("a.pdf", make.written(locked(make, "", "owner")))

    assert "Layer canary" in texts(found, "body")
    assert found.unreadable == ()


def test_an_attached_image_makes_the_pdf_unreadable(make):
    """What is attached counts."""
    writer = make.pdf()
    writer.add_attachment("a.bin", make.png)

    assert extract("a.pdf", make.written(writer)).unreadable == ("image",)


def test_a_torn_pdf_is_named(make):
    """A PDF cut in its middle leaves `malformed`, whatever could still be read."""
    whole = make.written(make.pdf())
    found = extract("a.pdf", whole[: len(whole) // 2])

    assert "malformed" in found.unreadable


class Kept(logging.Handler):
    """Keeps what it is handed."""

    def __init__(self):
        """Start with none."""
        super().__init__()
        self.lines = []

    def emit(self, record):
        """Keep a line."""
        self.lines.append(record.getMessage())


SPEAK = """
import io, logging, sys
logging.basicConfig(stream=sys.stdout, level=0)
data = bytes.fromhex(sys.stdin.read())
if sys.argv[1] == "ours":
    from magi.materials import extract
    extract("a.pdf", data)
else:
    from pypdf import PdfReader
    PdfReader(io.BytesIO(data)).pages[0].extract_text()
"""


@pytest.mark.parametrize(("who", "speaks"), [("ours", False), ("theirs", True)])
def test_nothing_of_a_pdf_reaches_a_log(make, who, speaks):
    """A font that pypdf complains about writes no line through us; without us it does (positive control)."""
    font = composite("/CanaryEncoding")
    data = make.written(make.pdf(b"BT /F1 9 Tf <00410042> Tj ET", font))
    ran = subprocess.run(
        [sys.executable, "-c", SPEAK, who],
        input=data.hex(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ("CanaryEncoding" in ran.stdout + ran.stderr) is speaks


def test_not_even_a_handler_on_the_loggers_of_pypdf_hears_it(make):
    """Lines are dropped before any handler, whoever put it where."""
    kept = Kept()
    loggers = [logging.getLogger(name) for name in ("pypdf", "pypdf._cmap", "pypdf._reader")]
    for logger in loggers:
        logger.addHandler(kept)
    try:
        found = extract(
            "a.pdf", make.written(make.pdf(b"BT /F1 9 Tf <00410042> Tj ET", composite("/CanaryEncoding")))
        )
    finally:
        for logger in loggers:
            logger.removeHandler(kept)

    assert kept.lines == []
    assert found.unreadable == ("unmapped_text",)
