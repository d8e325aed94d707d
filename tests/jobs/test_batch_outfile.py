"""The output file: whole or not there, one writer, nothing of an earlier file lost before the end."""

import pytest

from magi.core.errors import MalformedFileError
from magi.jobs.outfile import OutFile


def test_file_appears_whole_at_the_end(tmp_path):
    """Until the end the earlier file stands as it was; then the new one does, and no part is left."""
    path = tmp_path / "o.jsonl"
    path.write_bytes(b"old\n")
    with OutFile(path) as out:
        out.write(b"1\n")
        before = path.read_bytes()
        out.write(b"2\n")
        out.finish()

    assert (before, path.read_bytes()) == (b"old\n", b"1\n2\n")
    assert list(tmp_path.iterdir()) == [path]


def test_part_of_an_unfinished_run_is_written_anew(tmp_path):
    """A run that does not finish leaves its part and no file; the next begins with an empty one."""
    path = tmp_path / "o.jsonl"
    with OutFile(path) as out:
        out.write(b"torn li")
    left = out.part.read_bytes()
    with OutFile(path) as again:
        again.write(b"1\n")
        again.finish()

    assert left == b"torn li"
    assert path.read_bytes() == b"1\n"


def test_part_without_a_line_is_taken_away(tmp_path):
    """A run that had nothing to say leaves nothing behind."""
    with OutFile(tmp_path / "o.jsonl"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_second_writer_is_refused(tmp_path):
    """While one run writes a file, another is refused; afterwards it may, and the finished file is untouched."""
    path = tmp_path / "o.jsonl"
    with OutFile(path) as out:
        out.write(b"1\n")
        with pytest.raises(MalformedFileError) as caught, OutFile(path):
            pass
        out.finish()
        with OutFile(path) as late:
            late.write(b"half")

    assert caught.value.reason == "in_use"
    assert path.read_bytes() == b"1\n"


def test_place_that_cannot_be_written_is_refused(tmp_path):
    """A folder in the file's place, or no folder to stand in, is told at once."""
    reasons = []
    for path in (tmp_path, tmp_path / "none" / "o.jsonl"):
        with pytest.raises(MalformedFileError) as caught, OutFile(path):
            pass
        reasons.append(caught.value.reason)

    assert reasons == ["not_a_file", "unwritable"]
