"""JSONL keeps the stored bytes, CSV computes nothing in a spreadsheet."""

import base64
import csv
import hashlib
import io
import json
from dataclasses import replace

import pytest

from magi.core.record import Refused
from magi.export.dossier import Body, Erasure
from magi.export.tables import COLUMNS, FORMULA, csv_head, csv_row, jsonl

FORMULAS = ["=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1"]


def rows(data):
    """A CSV file as a spreadsheet reads it."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def lines(dossier):
    """The lines of the JSONL form, parsed."""
    return [json.loads(line) for line in jsonl(dossier).splitlines()]


def test_a_record_is_a_line_byte_for_byte(make, said):
    """The first lines are the records' stored bytes, so that their leaf hashes are those of the proof."""
    dossier = make.dossier(said(), said(), said("B"))
    written = jsonl(dossier).split(b"\n")
    hashes = [hashlib.sha256(b"\x00" + line).hexdigest() for line in written[: len(dossier.records)]]

    assert hashes == [leaf.hash for leaf in dossier.proof.leaves]
    assert lines(dossier)[-1]["proof"]["root"] == dossier.proof.root


def test_stored_bytes_win_over_those_of_today(make, said):
    """Bytes that the ledger gave are written as they are, even where today's program would write others."""
    dossier = replace(make.dossier(said(), said(), said()), stored={0: b'{"old":1}'})

    assert jsonl(dossier).split(b"\n")[0] == b'{"old":1}'


def test_bodies_are_whole(make, said):
    """Each opened body is a line with its text, or its bytes where they are no text, also beyond the page's limit."""
    dossier = make.dossier(said(answer="あ" * 500_000), said(), said(), question="問い")
    found = {(b["ordinal"], b["name"]): b for line in lines(dossier) if (b := line.get("body"))}

    assert len(found) == sum(len(record.refs) for record in dossier.records)
    assert json.loads(found[0, "question"]["text"])["text"] == "問い"
    assert len(json.loads(found[4, "answer"]["text"])["answer"]) == 500_000
    assert base64.b64decode(found[4, "exchange"]["base64"]).startswith(b"\xff")


def test_closed_bodies_are_not_there_and_erased_ones_are_said(make, said):
    """A body that nobody opened has no line; an erased one has a line without text, with the tombstone."""
    closed = make.dossier(said(), said(), said(), bodies=False, question="本文")
    erased = make.with_bodies(closed, "answer", Body("erased", erasure=Erasure(5, "山田", "request")))
    found = [line["body"] for line in lines(erased) if "body" in line]

    assert not any("body" in line for line in lines(closed))
    assert "本文" not in jsonl(closed).decode()
    assert [(b["state"], b["erased_by"], "text" in b) for b in found] == [("erased", "山田", False)] * 3


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_computed(make, said, formula):
    """A cell that begins as a formula does is kept from being one, whatever brought it there."""
    dossier = make.dossier(said(formula), said(formula), said("B"), council=formula, profile=formula)
    cells = rows(csv_row(dossier, "ja"))[0]

    assert not any(cell.startswith(FORMULA) for cell in cells)
    assert sum(cell.startswith(f"'{formula[0]}") for cell in cells) >= 4  # answer, tally, council, profile


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_row_is_one_deliberation(make, said, lang):
    """A row has one cell a column: number, times in Japan, outcome, tally, dissent, label and origin; no text."""
    dossier = make.dossier(said(answer="本文"), said(origin="recorded"), said("B"), question="本文")
    head, row = rows(csv_head(lang) + csv_row(dossier, lang))
    cells = dict(zip(COLUMNS, row, strict=True))

    assert csv_head(lang).startswith(b"\xef\xbb\xbf")
    assert len(set(head)) == len(COLUMNS) == len(row)
    assert cells["id"] == "0123456789abcdef"
    assert cells["begun"] == "2026-01-01T00:00:00+09:00"
    assert cells["tally"] == "A: 2; B: 1"
    assert cells["dissent"] == "S3"
    assert "本文" not in "".join(row)


def test_a_refused_question_is_a_row(make):
    """A question that was refused has a row that says so, with empty cells for what never was."""
    refused = Refused(
        by="label", reason="classified", ask=None, attempt=None, card=None, label=6, plan=(), hits=()
    )
    cells = dict(zip(COLUMNS, rows(csv_row(make.of([(refused, {})]), "ja"))[0], strict=True))

    assert cells["outcome"] == "不成立"
    assert cells["tally"] == cells["council"] == ""
    assert cells["label"] == "特定秘密等"
