"""Builders of real documents, written byte by byte in the test process."""

import io
import zipfile
from types import SimpleNamespace

import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def packed(parts, method=zipfile.ZIP_DEFLATED):
    """A ZIP file of the given members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(body="", **parts):
    """A Word document: the inside of w:body, and further parts by path (`__` for `/`, `_dot_` for `.`)."""
    named = {key.replace("__", "/").replace("_dot_", "."): value for key, value in parts.items()}
    document = f'<w:document xmlns:w="{W}" xmlns:a="{A}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>'
    return packed({"[Content_Types].xml": TYPES, "word/document.xml": document, **named})


def xlsx(rows="", *, cols="", state="visible", strings="", **parts):
    """A workbook of one sheet."""
    named = {key.replace("__", "/").replace("_dot_", "."): value for key, value in parts.items()}
    return packed(
        {
            "[Content_Types].xml": TYPES,
            "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>'
            f'<sheet name="表一" sheetId="1" state="{state}" r:id="rId1"/></sheets>'
            '<definedNames><definedName name="定義名">Sheet1!$A$1</definedName></definedNames></workbook>',
            "xl/_rels/workbook.xml.rels": '<Relationships xmlns="x"><Relationship Id="rId1" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/sharedStrings.xml": f'<sst xmlns="{S}">{strings}</sst>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{S}"><cols>{cols}</cols><sheetData>{rows}</sheetData>'
            "<headerFooter><oddHeader>&amp;C部内限の頭書</oddHeader></headerFooter></worksheet>",
            **named,
        }
    )


def pdf_writer(content=b"BT /F1 12 Tf 20 100 Td (Layer canary) Tj ET", font=None, resources=None):
    """A writer with one page that has the given content and one simple font."""
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = font or DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts, **(resources or {})})
    page[NameObject("/Contents")] = writer._add_object(stream(content))
    return writer


def stream(content, **keys):
    """A stream object with names or objects as entries."""
    made = DecodedStreamObject()
    made.set_data(content)
    for key, value in keys.items():
        made[NameObject(f"/{key}")] = NameObject(value) if isinstance(value, str) else value
    return made


def written(writer):
    """The bytes of a PDF."""
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def annotate(writer, subtype="/Text", **keys):
    """Put an annotation on the first page."""
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject(subtype),
            NameObject("/Rect"): ArrayObject(
                [NumberObject(0), NumberObject(0), FloatObject(9), FloatObject(9)]
            ),
        }
    )
    for key, value in keys.items():
        annotation[NameObject(f"/{key}")] = TextStringObject(value) if isinstance(value, str) else value
    page = writer.pages[0]
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(annotation)])


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0dIHDR" + b"\x00" * 17


@pytest.fixture(scope="session")
def make():
    """Builders of documents."""
    return SimpleNamespace(
        docx=docx,
        xlsx=xlsx,
        zip=packed,
        pdf=pdf_writer,
        stream=stream,
        written=written,
        annotate=annotate,
        png=PNG,
    )


@pytest.fixture(scope="session")
def texts():
    """The texts of one place, joined."""

    def _texts(found, where):
        return "\n".join(piece.text for piece in found.pieces if piece.where == where)

    return _texts
