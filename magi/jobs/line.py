"""One line of a batch's output, from the records of one deliberation: pure, so that a resumed batch writes the same.

Nothing of a body is in it: choice ids and answer classes stand in the records. The words behind a verdict are in
the ledger, under the deliberation's id.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from magi.core.decided import Decided, Outcome
from magi.core.record import Answered, AttemptFailed, Opened, Record
from magi.jobs.rows import BadRow, Row
from magi.residency.label import Label

PUSHED_BACK = frozenset({"rate_limited", "overloaded"})
"""Failures by which a backend says that it is asked too much."""


@dataclass(frozen=True)
class Decision:
    """What the records of a decided deliberation say; `tokens` are (prompt, completion), None if none told."""

    stream: str
    opened: Opened
    verdict: Decided
    tokens: tuple[int, int] | None
    pushed_back: int

    @property
    def outcome(self) -> Outcome:
        """The verdict's outcome."""
        return self.verdict.outcome


def decision(records: Sequence[Record]) -> Decision | None:
    """Read the records of a whole stream; None while there is no verdict."""
    opened = next((r.data for r in records if isinstance(r.data, Opened)), None)
    verdict = next((r.data for r in records if isinstance(r.data, Decided)), None)
    if opened is None or verdict is None:
        return None
    told = [r.data.tokens for r in records if isinstance(r.data, Answered) and r.data.tokens is not None]
    tokens = (sum(each.prompt for each in told), sum(each.completion for each in told)) if told else None
    pushed_back = sum(isinstance(r.data, AttemptFailed) and r.data.failure in PUSHED_BACK for r in records)
    return Decision(records[0].stream, opened, verdict, tokens, pushed_back)


def line_of(row: Row, found: Decision) -> bytes:
    """The output line of an answered row: one JSON object and a line end, UTF-8."""
    verdict = found.verdict
    seats = {report.ask: report.seat for report in verdict.seats}
    return _json(
        {
            "id": row.id,
            "line": row.line,
            "outcome": verdict.outcome,
            "answer_class": verdict.answer_class,
            "tally": [
                {"answer_class": each.answer_class, "seats": list(each.seats)} for each in verdict.tally
            ],
            "dissent": [seats[ask] for ask in verdict.dissent],
            "flags": list(verdict.flags),
            "seats": [
                {
                    "seat": report.seat,
                    "card": report.card,
                    "said": report.said,
                    "answer_class": report.answer_class,
                    "failure": report.failure,
                }
                for report in verdict.seats
            ],
            "deliberation": found.stream.removeprefix("d/"),
            "label": Label(found.opened.label).word,
            "tokens": found.tokens and {"prompt": found.tokens[0], "completion": found.tokens[1]},
        }
    )


def refusal_line(bad: BadRow) -> bytes:
    """The report line of a row that was not asked: where it stands and a reason code, nothing of its text."""
    numbers = {name: fact for name, fact in bad.error.facts.items() if isinstance(fact, int)}
    return _json(
        {
            "line": bad.line,
            "last_line": bad.last_line,
            "id": bad.id,
            "code": bad.error.code,
            "reason": bad.error.reason,
            **numbers,
        }
    )


def _json(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"
