"""What a caller is shown of a deliberation, as plain JSON values; keys are stable, words are codes.

Without statements (bodies unread) the same object names classes and seats only.
"""

from collections.abc import Mapping, Sequence

from magi.core.record import Answered, Decided, Opened, Record, Refused
from magi.core.space import SpaceDecision
from magi.residency.label import Label
from magi.service.question import Question
from magi.service.reply import Deliberation, Statement, label_of

PREFIX = "d/"
"""Streams of deliberations; an id is what follows."""


def id_of(stream: str) -> str:
    """The id of a deliberation's stream."""
    return stream.removeprefix(PREFIX)


def unread(stream: str, records: Sequence[Record]) -> Deliberation:
    """A decided deliberation whose bodies stay closed: an empty question, no statements."""
    opened = next(r.data for r in records if isinstance(r.data, Opened))
    space = SpaceDecision(space=opened.space, source=opened.space_source)
    return Deliberation(stream, Question("", space), tuple(records), {})


def extension(done: Deliberation) -> dict[str, object]:
    """The `magi` object of a reply: outcome, votes, dissent, label, who saw what, and who was left out."""
    opened, verdict = done.opened, done.verdict
    return {
        "deliberation": id_of(done.stream),
        "outcome": verdict.outcome,
        "answer_class": verdict.answer_class,
        "attributed": _seat_of(verdict, verdict.attributed),
        "confidence_bp": verdict.confidence_bp,
        "flags": list(verdict.flags),
        "votes": [
            {
                "seat": report.seat,
                "card": report.card,
                "said": report.said,
                "answer_class": report.answer_class,
                "failure": report.failure,
                "origin": report.origin,
            }
            for report in verdict.seats
        ],
        "tally": [{"answer_class": t.answer_class, "seats": list(t.seats)} for t in verdict.tally],
        "dissent": [
            {"seat": _seat_of(verdict, ask), **_words(done.statements.get(ask))} for ask in verdict.dissent
        ],
        **_setting(opened, done.label),
        "who_saw_what": [sight.plain() for sight in done.sights],
        "left_out": [entry.model_dump(mode="json") for entry in done.left_out],
    }


def _setting(opened: Opened, label: int) -> dict[str, object]:
    return {
        "council": opened.council,
        "profile": opened.profile,
        "label": Label(label).word,
        "label_declared": opened.declared,
        "hits": [hit.model_dump(mode="json") for hit in opened.hits],
        "topics": list(opened.topics),
        "space": opened.space.model_dump(mode="json"),
        "space_source": opened.space_source,
    }


def _seat_of(verdict: Decided, ask: str | None) -> str | None:
    return next((report.seat for report in verdict.seats if report.ask == ask and ask), None)


def _words(said: Statement | None) -> dict[str, object]:
    return {} if said is None else {"answer": said.answer, "reason": said.reason, "basis": list(said.basis)}


def standing(stream: str, records: Sequence[Record]) -> dict[str, object]:
    """A stream as it stands, from its records alone: decided, running, or refused."""
    shown: dict[str, object] = {"id": id_of(stream), "opened_ms": records[0].at_ms}
    events = [record.data for record in records]
    if any(isinstance(event, Decided) for event in events):
        decided = next(r.at_ms for r in records if isinstance(r.data, Decided))
        return shown | {"status": "decided", "decided_ms": decided} | extension(unread(stream, records))
    opened = next((event for event in events if isinstance(event, Opened)), None)
    if opened is not None:
        return shown | {"status": "running"} | _setting(opened, label_of(events))
    refused = next((event for event in events if isinstance(event, Refused)), None)
    reason = {} if refused is None else {"reason": refused.reason, "label": Label(refused.label).word}
    return shown | {"status": "refused"} | reason


def is_finished(records: Sequence[Record]) -> bool:
    """Whether nothing more is to come: decided, or refused before it was opened."""
    events = [record.data for record in records]
    return any(isinstance(event, Decided) for event in events) or (
        bool(events) and not any(isinstance(event, Opened) for event in events)
    )


def statements_shown(statements: Mapping[str, Statement]) -> dict[str, object]:
    """Each ask's words."""
    return {ask: _words(said) for ask, said in sorted(statements.items())}


def usage(records: Sequence[Record]) -> dict[str, int]:
    """Tokens of all seats together, as their backends reported them; 0 where none did."""
    counted = [r.data.tokens for r in records if isinstance(r.data, Answered) and r.data.tokens is not None]
    prompt, completion = (sum(t.prompt for t in counted), sum(t.completion for t in counted))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
