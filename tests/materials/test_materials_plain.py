"""Plain text, markup, mail, archives and images."""

import gzip
import io
import struct
import zipfile
import zlib
from email.message import EmailMessage

import pytest

from magi.materials import extract

CANARY = "厳秘の印、取扱注意の文書です。"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp932", "euc_jp", "iso2022_jp"],
)
def test_encodings_of_offices_are_read(texts, encoding):
    """A Japanese text in any encoding that offices write is read whole, whatever its name says."""
    codec = {"utf-16-be": "utf-16-be"}.get(encoding, encoding)
    found = extract("名前.bin", (CANARY * 3).encode(codec))

    assert CANARY in texts(found, "body")
    assert texts(found, "file_name") == "名前.bin"
    assert (found.media, found.unreadable) == ("text/plain", ())


def test_bytes_that_two_encodings_accept_are_read_in_both(texts):
    """Where a guess could go wrong, the other reading is given too."""
    found = extract("a.txt", "極秘".encode("euc_jp"))

    assert "極秘" in texts(found, "body") + texts(found, "other_reading")


@pytest.mark.parametrize(
    ("where", "data", "canary"),
    [
        ("body", "<p>取<b>扱</b>注&#24847;</p>", "取扱注意"),
        ("comment", "<p>x</p><!-- 消した印 -->", "消した印"),
        ("alt_text", '<p><img alt="絵の 印"></p>', "絵の 印"),
        ("alt_text", '<p><span title="題の印">x</span></p>', "題の印"),
        ("body", '<div style="display:none">隠し印</div>', "隠し印"),
        ("annotation", "<html><script>var a='書の印'</script></html>", "書の印"),
        ("body", '<?xml version="1.0"?><a><b>取</b>扱</a>', "取扱"),
        ("attribute", '<?xml version="1.0"?><a name="属性の印"/>', "属性の印"),
        ("body", '{"a": "\\u53d6\\u6271\\u6ce8\\u610f"}', "取扱注意"),
        ("body", "氏名,番号\n山田,1", "山田,1"),
        ("joined_cells", "取\t扱\t注\t意\n", "取扱注意"),
        ("joined_cells", "<table><tr><td>取<td>扱</td><td>注</td><td>意</td></tr></table>", "取扱注意"),
        ("joined_cells", "個人番号\n\n1\t2\t3\t4\t5\t6\t7\t8\t9\t0\t1\t8", "123456789018"),
        ("body", "# 題\n[x](y)", "# 題"),
    ],
)
def test_markup_is_read_as_it_stands_and_as_it_is_seen(texts, where, data, canary):
    """HTML, XML, JSON, CSV and Markdown give their hidden places and words without tags."""
    found = extract("a", data.encode())

    assert canary in texts(found, where)
    assert found.unreadable == ()


def test_a_row_of_figures_is_not_read_as_a_number(texts):
    """Twelve monthly figures, one digit each, stay twelve figures."""
    found = extract("a.tsv", "月別\n1\t2\t3\t4\t5\t6\t7\t8\t9\t0\t1\t8".encode())

    assert texts(found, "joined_cells") == ""


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("undecodable", b"caf\xe9\n" * 4),
        ("unknown_format", bytes(range(256))),
        ("unknown_format", b"MZ\x90\x00" + b"\x00" * 60),
        ("unknown_format", b"7z\xbc\xaf\x27\x1c" + b"\x00" * 60),
        ("unknown_format", rb"{\rtf1 \'8b\'c9}"),
        ("image", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40),
        ("image", b"\xff\xd8\xff\xe0" + b"\x00" * 40),
        ("image", b"GIF89a" + b"\x00" * 40),
        ("image", b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 40),
        ("image", b"II*\x00" + b"\x00" * 40),
        ("image", b"BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00" + b"\x00" * 40),
        ("image", b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40),
        ("image", b'<svg xmlns="http://www.w3.org/2000/svg"><text>x</text></svg>'),
        ("image", b"![a](data:image/png;base64,AAAA)"),
        ("embedded_object", b"text\n" + b"QUJD" * 300),
        ("encrypted", b"-----BEGIN PGP MESSAGE-----\n\nabc\n"),
        ("malformed", b"PK\x03\x04" + b"\x00" * 60),
        ("malformed", b"\x1f\x8b\x08\x00" + b"\x00" * 60),
        ("malformed", b"%PDF-1.7\n" + b"garbage" * 20),
        ("malformed", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.docx"])
def test_what_is_not_text_is_named_whatever_its_name(code, data, name):
    """Images, programs, garbage and torn files leave their code; an extension changes nothing."""
    found = extract(name, data)

    assert found.unreadable == (code,)


def png_chunk(kind, body):
    """A PNG file of one chunk."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(body)) + kind + body + b"\x00" * 4


@pytest.mark.parametrize(
    "data",
    [
        png_chunk(b"tEXt", b"Author\x00Hanako Yamada canary"),
        png_chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"Hanako Yamada canary" * 3)),
        b"\xff\xd8\xff\xe1\x00\x30Exif\x00\x00" + b"Hanako Yamada canary\x00" + b"\x00" * 40,
        b"\xff\xd8\xff\xe1\x00\x40Exif\x00\x00" + "Hanako Yamada canary".encode("utf-16-le") + b"\x00" * 40,
        b"RIFF\x00\x00\x00\x00WEBPEXIF" + struct.pack("<I", 24) + b"Hanako Yamada canary\x00\x00\x00\x00",
        b"II*\x00" + b"\x00" * 9 + b"Hanako Yamada canary\x00" + b"\x00" * 9,
        b"GIF89a" + b"\x00" * 9 + b"<x:xmpmeta>Hanako Yamada canary</x:xmpmeta>",
    ],
)
def test_text_in_an_images_metadata_is_given(texts, data):
    """Names in EXIF, PNG text (also compressed), XMP and TIFF tags are found, though the image stays unreadable."""
    found = extract("a.png", data)

    assert "Hanako Yamada canary" in texts(found, "metadata")
    assert found.unreadable == ("image",)


def mail(**attachments):
    """A mail with Japanese everywhere, and attachments by name."""
    made = EmailMessage()
    made["From"] = "山田花子 <h@example.jp>"
    made["Subject"] = "件名の印、" + "長い件名" * 20
    made["X-Own"] = "欄の印"
    made.set_content("本文の印")
    made.add_alternative("<p>取<b>扱</b>注意</p><!-- 見えない印 -->", subtype="html")
    for name, data in attachments.items():
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def test_every_place_of_a_mail_is_read(texts):
    """Decoded headers, all alternatives, attachments and their names are found."""
    found = extract("a.eml", mail(**{"添付の名.txt": "添付の印".encode("cp932")}))

    assert "山田花子" in texts(found, "mail_header")
    assert "件名の印、" + "長い件名" * 20 in texts(found, "mail_header")
    assert "欄の印" in texts(found, "mail_header")
    assert "本文の印" in texts(found, "body")
    assert "取扱注意" in texts(found, "body")
    assert "見えない印" in texts(found, "comment")
    assert "添付の名.txt" in texts(found, "file_name")
    assert "添付の印" in texts(found, "attachment")
    assert (found.media, found.unreadable) == ("message/rfc822", ())


def test_a_mail_inside_a_mail_inside_an_archive_is_read(make, texts):
    """Forwarded mail and archives nest; each level is opened."""
    outer = EmailMessage()
    outer["Subject"] = "outer"
    outer["From"] = "a@example.jp"
    outer.set_content("x")
    inner = EmailMessage()
    inner["Subject"] = "内側の印"
    inner.set_content("内側の本文")
    outer.add_attachment(inner)
    found = extract("a.zip", make.zip({"m.eml": outer.as_bytes()}))

    assert "内側の印" in texts(found, "mail_header")
    assert "内側の本文" in texts(found, "body")
    assert found.unreadable == ()


def test_an_unreadable_attachment_makes_the_mail_unreadable(make):
    """What is attached counts: an image in a mail leaves `image`."""
    found = extract("a.eml", mail(photo=make.png))

    assert found.unreadable == ("image",)


def test_names_and_comments_of_an_archive_are_text(texts):
    """CP932 names, names that climb out, and comments of archive and member are found; members are read."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("../../etc/passwd")
        info.comment = "員の注".encode("cp932")
        archive.writestr(info, "中身の印")
        archive.writestr("XXXXXX.txt", "x")
        archive.comment = "書庫の注".encode()
    data = out.getvalue().replace(b"XXXXXX", "極秘表".encode("cp932"))
    found = extract("a.zip", data)

    assert "../../etc/passwd" in texts(found, "member_name")
    assert "極秘表.txt" in texts(found, "member_name")
    assert "員の注" in texts(found, "comment")
    assert "書庫の注" in texts(found, "comment")
    assert "中身の印" in texts(found, "body")
    assert found.unreadable == ()


def test_gzip_is_read_with_the_name_in_its_head(texts):
    """A packed file gives its stored name and its content."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="secret-name.txt", fileobj=out, mode="wb") as packed:
        packed.write(CANARY.encode())
    found = extract("a.gz", out.getvalue() + gzip.compress("続き".encode()))

    assert texts(found, "member_name") == "secret-name.txt"
    assert CANARY + "続き" in texts(found, "body")
    assert (found.media, found.unreadable) == ("application/gzip", ())
