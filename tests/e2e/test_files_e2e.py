"""`magi ask --file`, as an officer runs it: what is seen, what is said, what stays out."""

import io
import json
import sqlite3
import zipfile

import pytest

ASK = "この資料の案を採るべきか。はいかいいえで答えてください。"
SEEN = "駅前の花壇の計画の概要"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0dIHDR" + b"\x00" * 17


def docx(path, comment="", **more):
    """Write a Word document of one paragraph, with a comment."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>{SEEN}</w:t></w:r></w:p></w:body>'
        "</w:document>",
        "word/comments.xml": f'<w:comments xmlns:w="{W}"><w:comment><w:p><w:r><w:t>{comment}</w:t></w:r></w:p>'
        "</w:comment></w:comments>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (parts | more).items():
            archive.writestr(name, content)
    path.write_bytes(out.getvalue())
    return path


def ask(magi, *paths, label="public", **env):
    """Ask with files in a rehearsal, for JSON."""
    files = [word for path in paths for word in ("--file", str(path))]
    return magi.run("ask", "--rehearsal", "--json", "--label", label, *files, ASK, **env)


def foreign(done):
    """The seats that a backend outside Japan answered for."""
    return [sight for sight in done.json["who_saw_what"] if sight["country"] != "JP"]


def test_a_public_file_goes_abroad_and_a_marked_comment_does_not(magi, tmp_path):
    """The same document declared public: clean it is shown abroad, with a marking in a comment it stays at home."""
    clean = ask(magi, docx(tmp_path / "a.docx"))
    marked = ask(magi, docx(tmp_path / "b.docx", "取扱注意"))

    assert (clean.code, marked.code) == (0, 0)
    assert (clean.json["label"], len(foreign(clean))) == ("public", 1)
    assert (marked.json["label"], foreign(marked)) == ("internal", [])
    assert "file:1:comment" in {hit["text"] for hit in marked.json["hits"]}


def test_json_names_files_by_number_only(magi, tmp_path):
    """The JSON has number, media and what is unreadable; neither name nor text of a file."""
    first = docx(tmp_path / "花壇の名.docx", **{"word/media/image1.png": PNG})
    second = tmp_path / "b.txt"
    second.write_text("植える花の一覧")
    done = ask(magi, first, second)

    assert done.code == 0
    assert [m["number"] for m in done.json["materials"]] == [1, 2]
    assert [m["unreadable"] for m in done.json["materials"]] == [["image"], []]
    assert all(set(m) == {"number", "media", "unreadable"} for m in done.json["materials"])
    assert not any(word in done.out for word in ("花壇の名", SEEN, "植える花"))
    assert done.json["label"] == "internal"
    assert [hit["rule"] for hit in done.json["hits"]] == ["material.unreadable"]


@pytest.mark.parametrize(("lang", "words"), [("ja", ("文書の属性", "画像")), ("en", ("metadata", "images"))])
def test_what_is_left_out_is_said(magi, tmp_path, lang, words):
    """What no seat is shown and what nobody could read is said on stderr, in the officer's language."""
    path = docx(
        tmp_path / "a.docx",
        **{"docProps/core.xml": "<a><creator>花子組</creator></a>", "word/media/i.png": PNG},
    )
    done = magi.run("ask", "--rehearsal", "--lang", lang, "--file", str(path), ASK)

    assert done.code == 0
    assert all(word in done.err for word in words)
    assert SEEN not in done.err
    assert "花子組" not in done.out + done.err


def test_a_file_that_cannot_be_taken_is_named_by_its_number(magi, tmp_path):
    """No such file, a folder, too many, too large, or nothing to read: exit 2, its number, and no ledger is made."""
    good, picture, large = docx(tmp_path / "a.docx"), tmp_path / "p.png", tmp_path / "l.txt"
    picture.write_bytes(PNG)
    with large.open("wb") as file:
        file.truncate(20_000_001)
    ends = [
        ask(magi, good, tmp_path / "花子.txt"),
        ask(magi, good, tmp_path),
        ask(magi, good, large),
        ask(magi, good, picture),
        ask(magi, *[good] * 9),
    ]

    assert [done.code for done in ends] == [2] * 5
    assert all("2 番目のファイル" in done.err for done in ends[:4])
    assert "9 件" in ends[4].err
    assert not any(word in done.err for done in ends for word in ("花子", "Traceback"))
    assert not magi.ledger.exists()


def test_the_ledger_holds_no_text_of_a_file(magi, tmp_path):
    """Neither the name nor the text of a file stands readable anywhere in the ledger's files; replay agrees."""
    done = ask(magi, docx(tmp_path / "CANARYNAME.docx", "CANARYCOMMENT"), label="internal")
    with sqlite3.connect(magi.ledger) as ledger:
        ledger.execute("pragma wal_checkpoint(truncate)")
    raw = b"".join(path.read_bytes() for path in magi.home.iterdir() if path.is_file())
    replayed = magi.run("replay", "--all")

    assert done.code == 0
    assert not any(word.encode() in raw for word in ("CANARYNAME", "CANARYCOMMENT", SEEN))
    assert replayed.code == 0
    assert json.loads(done.out)["id"]
