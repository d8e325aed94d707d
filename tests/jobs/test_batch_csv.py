"""CSV as spreadsheets write it: quotes, cells of several lines, formulas, torn records; each line in one record."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.core.errors import MalformedFileError
from magi.jobs.csv_rows import csv_records
from magi.jobs.rows import BadRow, read_rows
from magi.jobs.survey import Line, survey


def rows_of(tmp_path, text, encoding="utf-8"):
    """The rows of a CSV file."""
    path = tmp_path / "q.csv"
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return list(read_rows(survey(path), None))


def told(rows):
    """Each row as its lines and its id or reason."""
    return [
        (each.line, each.last_line, each.error.reason if isinstance(each, BadRow) else each.id)
        for each in rows
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_spreadsheet_encodings_give_the_same_rows(tmp_path, encoding):
    """UTF-8, UTF-8 with a mark and CP932 give the same questions."""
    (found,) = rows_of(tmp_path, "id,question,備考\r\n１,窓口を開けるべきか。,髙①\r\n", encoding)

    assert (found.id, found.question.text) == ("１", "窓口を開けるべきか。")


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("option_ア,option_イ,option_ウ", "甲,乙,"),
        ("OPTION_ア,Option_イ", "甲,乙"),
        ("options", '"甲\n乙"'),
        ("options", "甲|乙"),
        ("options", '"ア|乙\nb"'),
    ],
    ids=["a column each", "capitals", "lines", "bars", "lines with a bar"],
)
def test_options_come_by_column_or_in_one_cell(tmp_path, header, cells):
    """Options stand one a column, an empty cell being none, or in one cell by lines, else by bars."""
    (found,) = rows_of(tmp_path, f"ID, Question ,{header}\n1,どれか,{cells}\n")
    expected = {"ア": "甲", "イ": "乙"} if header != "options" else {"A": "甲", "B": "乙"}
    expected = {"A": "ア|乙", "B": "b"} if "ア|" in cells else expected

    assert dict(found.question.options) == expected


@pytest.mark.parametrize("text", ["=SUM(A1:A9)", "+1", "-1", "@cmd", "=cmd|' /C calc'!A0"])
def test_formulas_are_text(tmp_path, text):
    """A cell that a spreadsheet would run is taken as the text it is."""
    (found,) = rows_of(tmp_path, f'id,question\n"{text}","{text}"\n')

    assert (found.id, found.question.text) == (text, text)


def test_record_of_several_lines_has_both_numbers(tmp_path):
    """A quoted cell may hold line ends, commas and quotes; the record knows its first and last line."""
    rows = rows_of(tmp_path, 'id,question\n1,"a,\n""b""\nc"\n\n2,d\n3,\n')

    assert told(rows) == [(2, 4, "1"), (6, 6, "2"), (7, 7, "no_question")]
    assert rows[0].question.text == 'a,\n"b"\nc'


def test_unmatched_quote_costs_its_own_line_only(tmp_path):
    """After a quote that never closes, reading goes on with the next line; fragments of the cell are no rows."""
    rows = rows_of(tmp_path, 'id,question,label\n1,"never closed,\n2,good,\n, fragment\nx,y\n3,good,\n')

    assert told(rows) == [
        (2, 2, "csv_quotes"), (3, 3, "2"), (4, 4, "csv_cells"), (5, 5, "csv_cells"), (6, 6, "3"),
    ]  # fmt: skip


def test_cell_counts(tmp_path):
    """Cells missing at the end are empty, empty ones too many are nothing, and a full one too many is refused."""
    rows = rows_of(tmp_path, "id,question,label\n1,a\n2,a,,,\n3,a,,b\n4\n")

    assert told(rows) == [(2, 2, "1"), (3, 3, "2"), (4, 4, "csv_cells"), (5, 5, "no_question")]


def test_broken_line_inside_a_record_breaks_the_record(tmp_path):
    """A record with a line of broken encoding is refused with all its lines; the next is read."""
    text = 'id,question\n1,"窓口\n'.encode() + b"\xff\xfe\n" + '終"\n2,窓\n'.encode()

    assert told(rows_of(tmp_path, text)) == [(2, 4, "broken_encoding"), (5, 5, "2")]


@pytest.mark.parametrize("size", [140_000, 5_000_000], ids=["cell", "line"])
def test_cell_without_end_is_refused(tmp_path, size):
    """A cell longer than any question is one refused row, whether or not its line is still read."""
    rows = rows_of(tmp_path, f"id,question\n1,{'x' * size}\n2,a\n")

    assert told(rows) == [(2, 2, "line_too_long"), (3, 3, "2")]


@pytest.mark.parametrize(
    "text", ["", "\n", "id\n1\n", "id,question,id\n", "id,text\n", '"id,question\n', "question\n"]
)
def test_header_must_name_id_and_question_once(tmp_path, text):
    """Without one column id and one column question there is no batch."""
    with pytest.raises(MalformedFileError) as caught:
        rows_of(tmp_path, text)

    assert caught.value.reason == "header"


CELL = st.text(st.sampled_from('ab,"\r\n =;問'), max_size=6)


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=12))
def test_every_line_is_in_one_record(records):
    """Whatever is written, torn quotes included, every line that is not blank is in exactly one record."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_NONE, escapechar="~", lineterminator="\n").writerows(records)
    source = ["id,question\n", *text.getvalue().replace("~", "").split("\n")]
    found = list(csv_records((Line(n, f"{each}\n") for n, each in enumerate(source, start=1)), "f"))
    covered = [n for record in found for n in range(record.line, record.last_line + 1)]

    assert len(covered) == len(set(covered))
    assert {n for n, each in enumerate(source, start=1) if each.strip() and n > 1} <= set(covered)


@given(st.lists(st.tuples(CELL, CELL), max_size=12))
def test_what_a_spreadsheet_writes_is_read_back(records):
    """Cells that were quoted by the rules come back as they were."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("id", "question"), *(("x", *record[1:]) for record in records)])
    source = text.getvalue().splitlines(keepends=True)
    found = list(csv_records((Line(n, each) for n, each in enumerate(source, start=1)), "f"))

    assert [record.error for record in found] == [None] * len(records)
    assert [record.fields.get("question", "") for record in found] == [
        question if question.strip() else "" for _, question in records
    ]
