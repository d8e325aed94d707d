"""What a caller is shown of a deliberation, as plain JSON values; keys are stable, words are codes.

Without statements (bodies unread) the same object names classes and seats only.
"""

import datetime
from collections.abc import Mapping, Sequence

from magi.core.claims import StatedClaim
from magi.core.decided import Arbitrated, Decided
from magi.core.material import warnings as material_warnings
from magi.core.record import Answered, Opened, Record, Refused
from magi.core.space import SpaceDecision
from magi.core.terms import Terms
from magi.residency.label import Label
from magi.service.account import Matter
from magi.service.account_claims import claim_texts, reply
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
    """The `magi` object of a reply: outcome, votes, dissent, arbitration, label, who saw what, who was left out."""
    opened, verdict = done.opened, done.verdict
    return {
        "deliberation": id_of(done.stream),
        "outcome": verdict.outcome,
        "answer_class": verdict.answer_class,
        "attributed": _seat_of(verdict, verdict.attributed),
        "confidence_bp": _shown_bp(opened.arbitration, verdict),
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
        "arbitration": arbitrated(done),
        **_setting(opened, done.label),
        "who_saw_what": [sight.plain() for sight in done.sights],
        "left_out": [entry.model_dump(mode="json") for entry in done.left_out],
    }


def arbitrated(done: Deliberation) -> dict[str, object] | None:
    """What arbitration came to; None for a council without it. Words of claims are there where they were opened."""
    found, terms = done.verdict.arbitration, done.opened.arbitration
    if found is None or terms is None:
        return None
    verdict = done.verdict
    matter = Matter(verdict, done.question, done.statements, terms)
    answer, texts = reply(matter, "en"), claim_texts(matter)
    return {
        "review": list(found.review),
        "blocked_by": [_seat_of(verdict, ask) for ask in found.blocked_by],
        "independence": found.independence.model_dump(mode="json"),
        "confidence": _confidence(found, terms, verdict),
        "moves": [move.model_dump(mode="json") for move in found.moves],
        "ranking": [list(tier) for tier in found.ranking],
        "reply": answer.kind,
        "sentences": [
            vars(line) | {"claims": list(line.claims), "seats": list(line.seats)} for line in answer.lines
        ]
        if answer.kind in ("draft", "claims")
        else [],
        "claims": [line.model_dump(mode="json") | _stated(texts.get(line.id)) for line in found.claims],
        "coverage": None if found.coverage is None else list(found.coverage),
        "rested": [each.model_dump(mode="json") for each in terms.rested],
        "not_asked": [report.seat for report in verdict.seats if report.said == "not_asked"],
        "subject": terms.subject,
        "as_of": terms.as_of,
        "knowledge_cutoff": {
            report.card: terms.cards[report.card].cutoff
            for report in verdict.seats
            if report.card is not None and report.card in terms.cards
        },
        "materials": [
            source.model_dump(mode="json", exclude={"title_digest"})
            | {"warnings": list(material_warnings(source, datetime.date.fromisoformat(terms.as_of)))}
            for source in terms.sources
        ],
    }


def _confidence(found: Arbitrated, terms: Terms, verdict: Decided) -> dict[str, object]:
    """The calibrated probability with what stands behind it; `shown_bp` is null where it is not calibrated."""
    held = terms.measured
    if held is None:
        return {"measured": False}
    reached = (
        held.answer_from_bp is not None and found.raw_bp is not None and found.raw_bp >= held.answer_from_bp
    )
    return {
        "measured": True,
        "shown_bp": _shown_bp(terms, verdict),
        "labels": held.labels,
        "profile": held.profile,
        "promised_error_bp": None if held.answer_from_bp is None else held.error_bp,
        "promise_reached": reached,
    }


def _shown_bp(terms: Terms | None, verdict: Decided) -> int | None:
    """A probability that was not calibrated is not shown."""
    held = None if terms is None else terms.measured
    return None if held is not None and held.calibration.method == "none" else verdict.confidence_bp


def _stated(claim: StatedClaim | None) -> dict[str, object]:
    return {} if claim is None else {"text": claim.text, "source": claim.source, "quote": claim.quote}


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
