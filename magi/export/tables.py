"""JSONL for tools and CSV for spreadsheets, of one deliberation or of a period, one deliberation after the other.

JSONL: first every record as it is stored, byte for byte, one a line, so that SHA-256(0x00 || line) is its leaf hash;
then one line `{"body": ...}` for each body that was opened or erased; then one line `{"proof": ...}` where there is
a proof. CSV: a byte order mark, a row of headings, then one row a deliberation; no text of a model or a person, and
no cell that a spreadsheet would compute.
Leaves to others: files (`magi.cli.export`).
"""

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from magi.core.canonical import Plain, canonical
from magi.core.record import Record, Ref
from magi.export.dossier import Body, Dossier, Proof, moment
from magi.residency.label import Label
from magi.service.account import Matter, class_words, standing, topic_words
from magi.service.account_claims import coverage_words
from magi.words import say

COLUMNS = (
    "id", "begun", "decided", "outcome", "answer_class", "tally", "seats", "dissent", "flags", "label", "declared",
    "council", "rule", "profile", "origin", "sends", "records", "erased",
    "independence", "confidence", "review", "coverage", "rested",
)  # fmt: skip
ARBITRATION_COLUMNS = ("independence", "confidence", "review", "coverage", "rested")
VERDICT_COLUMNS = ("outcome", "answer_class", "tally", "seats", "dissent", "flags", *ARBITRATION_COLUMNS)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters by which a spreadsheet takes a cell for a formula; full-width ones count in some (OWASP)."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""By it spreadsheets know UTF-8."""


def jsonl(dossier: Dossier) -> bytes:
    """The records, the bodies that are open, and the proof, one JSON value a line; equal dossiers, equal bytes."""
    lines = [dossier.bytes_of(record) for record in dossier.records]
    lines += _body_lines(dossier)
    if dossier.proof is not None:
        lines.append(canonical({"proof": _proof(dossier.proof, dossier.stream)}))
    return b"".join(line + b"\n" for line in lines)


def _body_lines(dossier: Dossier) -> Iterator[bytes]:
    for record in dossier.records:
        for ref in record.refs:
            body = dossier.body(ref)
            if body.state != "closed":
                yield canonical({"body": _body(record, ref, body)})


def _body(record: Record, ref: Ref, body: Body) -> dict[str, Plain]:
    shown: dict[str, Plain] = {
        "stream": record.stream,
        "ordinal": record.ordinal,
        "name": ref.name,
        "commitment": ref.commitment,
        "length": ref.length,
        "state": body.state,
    }
    if body.erasure is not None:
        shown |= {"erased_at_ms": body.erasure.at_ms, "erased_by": body.erasure.by, "why": body.erasure.why}
    if body.state == "opened":
        try:
            shown["text"] = body.data.decode("utf-8")
        except UnicodeDecodeError:  # an exchange holds bytes as they came
            shown["base64"] = base64.b64encode(body.data).decode("ascii")
    return shown


def _proof(proof: Proof, stream: str) -> dict[str, Plain]:
    return {
        "stream": stream,
        "origin": proof.origin,
        "size": proof.size,
        "root": proof.root,
        "checkpoint": proof.checkpoint.decode("utf-8", errors="replace"),
        "leaves": [
            {
                "ordinal": leaf.ordinal,
                "index": leaf.index,
                "hash": leaf.hash,
                "tlog_proof": leaf.tlog_proof.decode("utf-8", errors="replace"),
            }
            for leaf in proof.leaves
        ],
    }


def csv_head(lang: str) -> bytes:
    """The byte order mark and the row of headings."""
    return BYTE_ORDER_MARK + _line([say(f"export.csv.{name}", lang) for name in COLUMNS])


def csv_row(dossier: Dossier, lang: str) -> bytes:
    """One deliberation as one row, in words; times in Japan as ISO 8601."""
    values = _values(dossier, lang)
    return _line([_cell(values[name]) for name in COLUMNS])


def _line(cells: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8")


def _cell(value: str) -> str:
    """A leading sign that a spreadsheet would take for a formula is kept from it; NUL ends cells in some."""
    clean = value.replace("\x00", "\ufffd")
    return f"'{clean}" if clean.startswith(FORMULA) else clean


def _values(dossier: Dossier, lang: str) -> dict[str, str]:
    opened = dossier.opened
    return {
        "id": dossier.id,
        "begun": _time(dossier.at_ms),
        "decided": _time(dossier.decided_ms),
        "label": "" if dossier.label is None else say(f"label.{Label(dossier.label).word}", lang),
        "declared": "" if opened is None else say(_declared(declared=opened.declared), lang),
        "council": "" if opened is None else opened.council,
        "rule": "" if opened is None else say(f"export.rule.{opened.rule.name}", lang),
        "profile": "" if opened is None else opened.profile,
        "origin": "" if dossier.origin is None else say(f"export.csv.origin.{dossier.origin}", lang),
        "sends": str(sum(send.left for send in dossier.sends)),
        "records": str(len(dossier.records)),
        "erased": str(dossier.count("erased")),
    } | _verdict(dossier, lang)


def _declared(*, declared: bool) -> str:
    return "audit.declared" if declared else "audit.undeclared"


def _verdict(dossier: Dossier, lang: str) -> dict[str, str]:
    decided = dossier.decided
    if decided is None:
        refused = dossier.opened is None and dossier.refusals
        word = say("export.refused" if refused else "export.undecided", lang)
        return dict.fromkeys(VERDICT_COLUMNS, "") | {"outcome": word}
    matter = dossier.matter
    assert matter is not None  # noqa: S101  # there is a verdict
    bare = replace(matter, question=replace(matter.question, options={}))  # texts of options are a person's
    classes = (f"{class_words(bare, line.answer_class, lang)}: {len(line.seats)}" for line in decided.tally)
    seats = (f"{report.seat.upper()}: {say(f'said.{report.said}', lang)}" for report in decided.seats)
    dissenting = (report.seat.upper() for report in decided.seats if report.ask in decided.dissent)
    return {
        "outcome": say(f"outcome.{decided.outcome}", lang),
        "answer_class": "" if decided.answer_class is None else class_words(bare, decided.answer_class, lang),
        "tally": "; ".join(classes),
        "seats": "; ".join(seats),
        "dissent": "; ".join(dissenting),
        "flags": "; ".join(say(f"flag.{flag}", lang) for flag in decided.flags),
    } | _arbitration(bare, lang)


def _arbitration(matter: Matter, lang: str) -> dict[str, str]:
    """What arbitration came to; empty for a council without it."""
    found, terms = matter.verdict.arbitration, matter.terms
    if found is None:
        return dict.fromkeys(ARBITRATION_COLUMNS, "")
    first, *rest = standing(matter, lang)
    return {
        "independence": first,
        "confidence": "; ".join(rest),
        "review": "; ".join(say(f"review.{reason}", lang) for reason in found.review),
        "coverage": "" if found.coverage is None else coverage_words(found.coverage, lang),
        "rested": "; ".join(
            f"{each.seat.upper()}: {topic_words(each.topic, lang)}"
            for each in (terms.rested if terms else ())
        ),
    }


def _time(at_ms: int | None) -> str:
    return "" if at_ms is None else moment(at_ms).isoformat(timespec="seconds")
