"""The lines of a batch file: encodings told apart by whole lines, decoded strictly, in bounded memory."""

import os

import pytest

from magi.core.errors import MalformedFileError
from magi.jobs.survey import MAX_LINE_BYTES, lines, survey

JAPANESE = "問いの本文です"
MARK = b"\xef\xbb\xbf"


def written(tmp_path, data, name="q.jsonl"):
    """A file of these bytes."""
    path = tmp_path / name
    path.write_bytes(data)
    return path


def texts(path):
    """The text of every line, None where it is at fault."""
    return [None if line.fault else line.text.strip() for line in lines(survey(path))]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"plain\n", "utf-8"),
        (JAPANESE.encode(), "utf-8"),
        (MARK + JAPANESE.encode() + b"\r\n", "utf-8"),
        (JAPANESE.encode("cp932"), "cp932"),
        ("ｶﾅ①髙".encode("cp932"), "cp932"),
        (b"", "utf-8"),
    ],
    ids=["ascii", "utf-8", "mark", "cp932", "cp932 extensions", "empty"],
)
def test_encoding_is_found_and_text_is_whole(tmp_path, data, encoding):
    """UTF-8, UTF-8 with a mark and CP932 are told apart, and the text comes out as it was, without the mark."""
    path = written(tmp_path, data)
    found = survey(path)

    assert found.encoding == encoding
    assert texts(path) == [line.strip() for line in data.removeprefix(MARK).decode(encoding).splitlines()]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_one_broken_line_is_that_lines_fault(tmp_path, encoding):
    """A line that is broken in the file's encoding is marked with its first bad byte; the others are read."""
    good = JAPANESE.encode(encoding) + b"\n"
    path = written(tmp_path, good * 3 + b"ok \xff\xfe\n" + good)
    found = list(lines(survey(path)))

    assert [line.fault for line in found] == [None, None, None, "broken_encoding", None]
    assert (found[3].number, found[3].byte) == (4, 3 * len(good) + 3)
    assert found[4].text.strip() == JAPANESE


def test_broken_line_is_never_read_in_the_other_encoding(tmp_path):
    """A CP932 line in a UTF-8 file is broken, although it would be text in CP932: no line changes its encoding."""
    path = written(tmp_path, (JAPANESE + "\n").encode() * 2 + JAPANESE.encode("cp932"))

    assert texts(path) == [JAPANESE, JAPANESE, None]


@pytest.mark.parametrize(
    ("data", "byte"),
    [(b"ab\n\xff\xff\n\xff", 3), (b"\xff\xfea\x00", 0), (b"x\x80\xff", 1)],
    ids=["most lines", "utf-16", "one line"],
)
def test_file_of_neither_encoding_is_refused(tmp_path, data, byte):
    """Where most lines are neither UTF-8 nor CP932, the file is refused with the offset of its first bad byte."""
    with pytest.raises(MalformedFileError) as caught:
        survey(written(tmp_path, data))

    assert (caught.value.reason, caught.value.facts["byte"]) == ("encoding", byte)


def test_endless_line_is_skipped_whole(tmp_path):
    """A line over the limit is one fault under its own number, and the next line is read."""
    path = written(tmp_path, b"a\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\nb\n")
    found = list(lines(survey(path)))

    assert [(line.number, line.text.strip(), line.fault) for line in found] == [
        (1, "a", None),
        (2, "", "line_too_long"),
        (3, "b", None),
    ]


def test_rows_are_counted_for_the_progress_bar(tmp_path):
    """Blank lines and the header are no rows, and a CSV cell of several lines is in one row."""
    jsonl = written(tmp_path, b"{}\n\n{}\n  \n{}")
    csv = written(tmp_path, b'id,question\n1,"a\nb ""c""\nd"\n2,x\n', "q.csv")

    assert (survey(jsonl).rows, survey(csv).rows) == (3, 2)


def test_only_a_regular_file_is_read(tmp_path):
    """A folder, a named pipe nobody writes to and a missing file are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    reasons = []
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(MalformedFileError) as caught:
            survey(path)
        reasons.append(caught.value.reason)

    assert reasons == ["not_a_file", "not_a_file", "unreadable"]
