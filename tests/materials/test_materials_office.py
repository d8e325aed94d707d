"""OOXML and ODF: every hiding place of an office document is found, and what cannot be read is named."""

import pytest

from magi.materials import extract

W_RUN = "<w:r><w:t>{}</w:t></w:r>"
ALT = '<w:p><w:drawing><docPr xmlns="x" id="1" name="図 1" descr="代替文字列の印"/></w:drawing></w:p>'
ODF = 'xmlns:o="o" xmlns:text="t" xmlns:table="tb" xmlns:style="s" xmlns:dc="dc"'


def paragraph(*runs):
    """A Word paragraph of plain runs."""
    return "<w:p>" + "".join(W_RUN.format(run) for run in runs) + "</w:p>"


def deleted(*runs):
    """A tracked deletion."""
    return "<w:del>" + "".join(f"<w:r><w:delText>{run}</w:delText></w:r>" for run in runs) + "</w:del>"


def inserted(run):
    """A tracked insertion."""
    return f'<w:ins w:author="著者 花子">{W_RUN.format(run)}</w:ins>'


def story(content):
    """A part of a document's text, such as a header or the notes."""
    return f'<w:hdr xmlns:w="w">{content}</w:hdr>'


def slide(content, switches=""):
    """A slide with one paragraph."""
    return f'<p:sld xmlns:p="p" xmlns:a="a" {switches}><a:p><a:r><a:t>{content}</a:t></a:r></a:p></p:sld>'


def text_cell(content, where="A1"):
    """A cell of a sheet with a text."""
    return f'<c r="{where}" t="str"><v>{content}</v></c>'


def table(*cells, row="", before=""):
    """An ODF table of one row."""
    inside = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table>{before}<table:table-row {row}>{inside}</table:table-row></table:table>"


FIELD = '<w:p><w:r><w:ffData><w:textInput><w:default w:val="既定の印"/></w:textInput></w:ffData></w:r></w:p>'
FIELD_CODE = (
    '<w:p><w:r><w:instrText>AUTHOR "式の</w:instrText></w:r><w:r><w:instrText>印"</w:instrText></w:r></w:p>'
)
RUBY = "<w:r><w:ruby><w:rt>{1}</w:rt><w:rubyBase>{0}</w:rubyBase></w:ruby></w:r>"
READ = "".join(
    RUBY.format(W_RUN.format(kanji), W_RUN.format(kana)) for kanji, kana in (("極", "ごく"), ("秘", "ひ"))
)
HIDDEN = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>{}</w:t></w:r>"
LINKED = '<R><Relationship Id="r" Target="file://server/印A印B" TargetMode="External"/></R>'
SPLIT_STRING = "<si><r><t>取扱</t></r><r><t>注意</t></r></si>"
INLINE = '<row><c r="A1" t="inlineStr"><is><r><t>行内</t></r><r><t>の印</t></r></is></c></row>'
CELL_NOTE = "<c><comment><text><r><t>注</t></r><r><t>釈</t></r></text></comment></c>"
NOTED = (
    "<text:p>x<o:annotation><dc:creator>山田</dc:creator><text:p>付箋の印</text:p></o:annotation>y</text:p>"
)
FOOTNOTE = (
    "<text:p>x<text:note><text:note-body><text:p>脚注の印</text:p></text:note-body></text:note></text:p>"
)
CHANGED = (
    "<text:tracked-changes><text:deletion><text:p>消した印</text:p></text:deletion></text:tracked-changes>"
)
UNSEEN = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'


@pytest.mark.parametrize(
    ("where", "body", "canary"),
    [
        ("body", paragraph("取扱", "注", "意"), "取扱注意"),
        ("body", f"<w:p>{W_RUN.format('取扱')}{inserted('注意')}</w:p>", "取扱注意"),
        ("body", f"<w:p>{W_RUN.format('取扱')}{deleted('X')}{W_RUN.format('注意')}</w:p>", "取扱注意"),
        ("body", f"<w:p>{W_RUN.format('取扱')}{inserted('X')}{W_RUN.format('注意')}</w:p>", "取扱注意"),
        ("body", f"<w:p>{W_RUN.format('取扱')}{deleted('X')}{HIDDEN.format('注意')}</w:p>", "取扱注意"),
        ("body", f"<w:p>{W_RUN.format('取扱')}{HIDDEN.format('X')}{W_RUN.format('注意')}</w:p>", "取扱注意"),
        ("body", f"<w:p>{READ}</w:p>", "極秘"),
        ("annotation", f"<w:p>{READ}</w:p>", "ごくひ"),
        ("tracked_insertion", f"<w:p>{inserted('挿入の印')}</w:p>", "挿入の印"),
        ("tracked_deletion", f"<w:p>{deleted('削除の', '印')}</w:p>", "削除の印"),
        ("hidden_text", f"<w:p>{HIDDEN.format('隠しの印')}</w:p>", "隠しの印"),
        ("attribute", f"<w:p>{inserted('x')}</w:p>", "著者 花子"),
        ("bookmark", '<w:p><w:bookmarkStart w:id="1" w:name="しおりの印"/></w:p>', "しおりの印"),
        ("form_field", FIELD, "既定の印"),
        ("formula", FIELD_CODE, "式の印"),
        ("alt_text", ALT, "代替文字列の印"),
        ("body", f"<w:p><w:r><w:txbxContent>{paragraph('箱の', '印')}</w:txbxContent></w:r></w:p>", "箱の印"),
        (
            "joined_cells",
            "<w:tbl><w:tr>" + "".join(f"<w:tc>{paragraph(c)}</w:tc>" for c in "取扱注意") + "</w:tr></w:tbl>",
            "取扱注意",
        ),
        ("comment", "<!-- 覚えの印 -->", "覚えの印"),
    ],
)
def test_every_place_of_a_word_body_is_read(make, texts, where, body, canary):
    """Text hidden anywhere in a document's body is found under the code of its place, words whole."""
    found = extract("a.docx", make.docx(body))

    assert canary in texts(found, where)
    assert found.unreadable == ()
    assert found.media.endswith("wordprocessingml.document")


@pytest.mark.parametrize(
    ("where", "part", "content"),
    [
        ("comment", "word__comments_dot_xml", story(paragraph("印A", "印B"))),
        ("header_footer", "word__header1_dot_xml", story(paragraph("印A印B"))),
        ("header_footer", "word__footer2_dot_xml", story(paragraph("印A印B"))),
        ("notes", "word__footnotes_dot_xml", story(paragraph("印A印B"))),
        ("metadata", "docProps__core_dot_xml", '<c xmlns:dc="d"><dc:creator>印A印B</dc:creator></c>'),
        ("metadata", "docProps__app_dot_xml", "<c><Company>印A印B</Company></c>"),
        ("metadata", "docProps__custom_dot_xml", "<c><property name='n'><v>印A印B</v></property></c>"),
        ("metadata", "customXml__item1_dot_xml", "<c><deep><er>印A印B</er></deep></c>"),
        ("link", "word___rels__document_dot_xml_dot_rels", LINKED),
        ("notes", "ppt__notesSlides__notesSlide1_dot_xml", slide("印A</a:t></a:r><a:r><a:t>印B")),
        ("hidden_slide", "ppt__slides__slide1_dot_xml", slide("印A印B", 'show="0"')),
        ("body", "ppt__slides__slide2_dot_xml", slide("印A印B")),
        ("body", "word__nobody_knows_dot_xml", "<any><thing>印A印B</thing></any>"),
        ("attachment", "word__embeddings__inner_dot_txt", "印A印B"),
    ],
)
def test_every_part_of_a_package_is_read(make, texts, where, part, content):
    """Each part of a package is read, known or not, under the code of its place."""
    found = extract("a.docx", make.docx(paragraph("x"), **{part: content}))

    assert "印A印B" in texts(found, where)
    assert found.unreadable == ()


@pytest.mark.parametrize(
    ("where", "kwargs", "canary"),
    [
        ("body", {"rows": '<row><c t="s"><v>0</v></c></row>', "strings": SPLIT_STRING}, "取扱注意"),
        ("body", {"rows": INLINE}, "行内の印"),
        ("body", {"rows": '<row r="1"><c r="A1"><v>1.23456789018E+11</v></c></row>'}, "123456789018"),
        (
            "body",
            {"rows": '<row r="1"><c r="A1" t="str"><f>"x"</f><v>式の値の印</v></c></row>'},
            "式の値の印",
        ),
        ("formula", {"rows": '<row r="1"><c r="A1"><f>IF(A2="式の印",1,0)</f><v>1</v></c></row>'}, "式の印"),
        ("hidden_sheet", {"rows": f"<row>{text_cell('隠し表')}</row>", "state": "veryHidden"}, "隠し表"),
        ("hidden_row", {"rows": f'<row hidden="1">{text_cell("隠し行")}</row>'}, "隠し行"),
        (
            "hidden_column",
            {"rows": f"<row>{text_cell('隠し列', 'B1')}</row>", "cols": '<col min="2" max="3" hidden="1"/>'},
            "隠し列",
        ),
        (
            "joined_cells",
            {"rows": f"<row>{''.join(text_cell(c, '') for c in ['個人番号の欄', *'123456789018'])}</row>"},
            "123456789018",
        ),
        ("joined_cells", {"rows": f"<row>{text_cell('取扱')}{text_cell('注意')}</row>"}, "取扱注意"),
        ("bookmark", {}, "定義名"),
        ("header_footer", {}, "部内限の頭書"),
        ("attribute", {}, "表一"),
        ("comment", {"xl__comments1_dot_xml": CELL_NOTE}, "注釈"),
        (
            "metadata",
            {"xl__printerSettings__p_dot_bin": "総務課プリンタ".encode("utf-16-le")},
            "総務課プリンタ",
        ),
    ],
)
def test_every_place_of_a_workbook_is_read(make, texts, where, kwargs, canary):
    """Cells of every kind, hidden sheets, rows and columns, names, formulas and notes are found."""
    found = extract("a.xlsx", make.xlsx(**kwargs))

    assert canary in texts(found, where)
    assert found.unreadable == ()


def test_numbers_are_read_as_their_format_shows_them(make, texts):
    """A number that lost its leading zero to the cell's type gets it back from the cell's format."""
    styles = (
        '<s><numFmts><numFmt numFmtId="170" formatCode="000\\-0000\\-0000"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></s>'
    )
    found = extract(
        "a.xlsx", make.xlsx('<row><c s="1"><v>9012345678</v></c></row>', xl__styles_dot_xml=styles)
    )

    assert "090-1234-5678" in texts(found, "body")


@pytest.mark.parametrize(
    ("code", "part", "content"),
    [
        ("image", "word__media__image1_dot_png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 30),
        ("macro", "word__vbaProject_dot_bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 30),
        (
            "embedded_object",
            "word__embeddings__o_dot_bin",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 30,
        ),
        ("unknown_format", "word__media__clip_dot_mp4", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 30),
        ("unknown_format", "xl__printerSettings__p_dot_bin", b"\x00\x01" * 40_000),
        ("malformed", "word__comments_dot_xml", "<c><broken>"),
        ("malformed", "word__comments_dot_xml", '<!DOCTYPE c [<!ENTITY a "aaaa">]><c>&a;</c>'),
        (
            "malformed",
            "word__comments_dot_xml",
            '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/hostname">]><c>&a;</c>',
        ),
        ("malformed", "word__comments_dot_xml", '<!DOCTYPE c SYSTEM "http://example.com/c.dtd"><c/>'),
        ("too_deep", "word__comments_dot_xml", "<a>" * 300 + "</a>" * 300),
    ],
)
def test_what_a_package_hides_from_us_is_named(make, code, part, content):
    """Pictures, macros, foreign objects, broken, bombed and bottomless parts each leave their code."""
    found = extract("a.docx", make.docx(paragraph("x"), **{part: content}))

    assert found.unreadable == (code,)


def test_text_around_a_broken_part_is_still_read(make, texts):
    """A broken part does not hide what stands in it before the break, nor any other part."""
    found = extract("a.docx", make.docx(paragraph("本文"), word__comments_dot_xml="<c><t>前</t><broken>"))

    assert "本文" in texts(found, "body")
    assert "前" in texts(found, "comment")


@pytest.mark.parametrize(
    ("where", "content", "canary"),
    [
        ("body", "<text:p>取<text:span>扱</text:span>注意</text:p>", "取扱注意"),
        ("annotation", NOTED, "付箋の印"),
        ("body", NOTED.replace(">x<", ">取扱<").replace(">y<", ">注意<"), "取扱注意"),
        ("notes", FOOTNOTE, "脚注の印"),
        ("tracked_deletion", CHANGED, "消した印"),
        ("hidden_row", table("隠し行", row='table:visibility="collapse"'), "隠し行"),
        (
            "hidden_column",
            table("隠し列", before='<table:table-column table:visibility="collapse"/>'),
            "隠し列",
        ),
        (
            "hidden_sheet",
            UNSEEN + table("隠し表").replace("<table:table>", '<table:table table:style-name="h">'),
            "隠し表",
        ),
        ("formula", '<table:table-cell table:formula="of:=IF(1;&quot;式の印&quot;;0)"/>', "式の印"),
        ("attribute", '<table:table-cell table:value="123456789018"/>', "123456789018"),
        ("joined_cells", table("極", "秘"), "極秘"),
    ],
)
def test_every_place_of_an_open_document_is_read(make, texts, where, content, canary):
    """Text, annotations, notes, changes, hidden rows, columns and sheets of ODF are found."""
    members = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<o:document {ODF}>{content}</o:document>",
        "meta.xml": "<m><creator>作成者の印</creator></m>",
    }
    found = extract("a.odt", make.zip(members))

    assert canary in texts(found, where)
    assert "作成者の印" in texts(found, "metadata")
    assert (found.media, found.unreadable) == ("application/vnd.oasis.opendocument.text", ())


def test_an_encrypted_open_document_is_named(make):
    """ODF encryption, told in the manifest, leaves the code `encrypted`."""
    found = extract(
        "a.odt",
        make.zip(
            {"mimetype": "x", "content.xml": "<a/>", "META-INF/manifest.xml": "<m><encryption-data/></m>"}
        ),
    )

    assert "encrypted" in found.unreadable


def test_an_encrypted_office_document_is_named():
    """An OOXML document under a password is a compound file and leaves the code `encrypted`."""
    data = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\x00" * 500
        + "EncryptedPackage".encode("utf-16-le")
        + b"\x00" * 500
    )
    found = extract("a.docx", data)

    assert found.unreadable == ("encrypted",)
