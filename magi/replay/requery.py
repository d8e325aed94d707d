"""Replay level R4: ask the same question again, live, and say how far the council agrees with what it said then.

The question (text, options, history, nothing that any seat answered) goes through the ordinary service as a new
deliberation: labelled, planned, ticketed and recorded like any other. A label that is stricter today, or a policy or
card that has changed, may forbid what was allowed then; that is an answer, not an error. Agreement is reported, never
equality, and agreement is not truth. Leaves to others: money and limits (who calls it), words and tables.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from magi.core.answers import classify_open
from magi.core.canonical import Plain
from magi.core.decided import Decided, SeatReport
from magi.core.errors import (
    CouncilRefusedError,
    ErasedError,
    KeyMissingError,
    QuestionRefusedError,
    UnknownNameError,
)
from magi.core.record import Answered, Opened, Record, Ref
from magi.replay.case import council_of
from magi.replay.manifest import origins_of
from magi.replay.offline import Body
from magi.residency.label import DEFAULT, Label
from magi.residency.masking import unmasked_label
from magi.service.question import Question, read_question
from magi.service.reply import Deliberation, label_of, read_statement
from magi.service.run import Request, Tools, deliberate
from magi.service.terms import make_terms

Word = Literal[
    "same",
    "other",
    "failed_then",
    "failed_now",
    "failed_both",
    "not_asked_then",
    "not_asked_now",
    "not_asked_both",
]
"""Of a seat: same class, another class, no ballot on one side or both because it failed, or because it was barred."""
WHOLE_BP = 10_000
"""Shares are in basis points: integers, as in every record."""

_FAILED = frozenset({"failure", "outstanding", "cancelled"})
_SPOKE = frozenset({"answer", "abstention", "refusal", "evasion"})


@dataclass(frozen=True)
class SeatAgreement:
    """One seat then and now. A class is None where it gave none; classes of open text are compared by their texts."""

    seat: str
    word: Word
    card_then: str | None
    card_now: str | None
    said_then: str
    said_now: str
    class_then: str | None
    class_now: str | None


@dataclass(frozen=True)
class Agreement:
    """What asking again came to.

    `result`: asked; refused (today's label, policy or council forbids it: `why`); erased (the question is gone); none
    (nothing was decided then). `again` is the new deliberation. `verdict` compares outcome and class: same, other, or
    that one of the two decided nothing (`failed_*`). `label_then` and `label_now` are words of labels as reached.
    `origins` are of both sides: anything but live marks a rehearsal or a recording.
    """

    stream: str
    who: str
    result: Literal["asked", "refused", "erased", "none"]
    why: str | None = None
    again: str | None = None
    verdict: Word | None = None
    outcome_then: str | None = None
    outcome_now: str | None = None
    label_then: str | None = None
    label_now: str | None = None
    seats: tuple[SeatAgreement, ...] = ()
    origins: tuple[str, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As plain JSON values."""
        flat: dict[str, Plain] = {
            name: value for name, value in vars(self).items() if isinstance(value, str | None)
        }
        return flat | {"seats": [dict(vars(seat)) for seat in self.seats], "origins": list(self.origins)}


@dataclass(frozen=True)
class Agreements:
    """Many: how often each word, and the share that is the same of those where both sides spoke, in basis points.

    A share is None where there is nothing to take it of.
    """

    asked: int
    not_asked: int
    seats: Mapping[str, int]
    verdicts: Mapping[str, int]
    seats_same_bp: int | None
    verdicts_same_bp: int | None
    by_seat: Mapping[str, Mapping[str, int]]
    standins: int

    def plain(self) -> dict[str, Plain]:
        """As plain JSON values."""
        counts: dict[str, Plain] = {"seats": dict(self.seats), "verdicts": dict(self.verdicts)}
        by_seat = {seat: dict(words) for seat, words in self.by_seat.items()}
        return {**vars(self), **counts, "by_seat": by_seat}


async def requery(tools: Tools, stream: str, records: Sequence[Record], body: Body, *, who: str) -> Agreement:
    """Ask a recorded question again and compare, seat for seat.

    Args:
        tools: the live service; it records the new deliberation.
        stream: the recorded deliberation.
        records: its records.
        body: gives plaintexts; asked for the question before anything is sent, and for open answers afterwards.
        who: whose replay it is, for the report.

    The question is asked under the label that the deliberation had reached, or a stricter one. Its council is made of
    what the record says, its arbitration included; cards, prompts and profile are today's, and so are the reliability
    profile and the bias findings in use.

    Raises:
        MagiError: what the ledger raises; nothing is then known of the new deliberation.
    """
    events = [record.data for record in records]
    opened = events[0] if events else None
    decided = next((event for event in events if isinstance(event, Decided)), None)
    if not isinstance(opened, Opened) or decided is None:
        return Agreement(stream, who, "none")
    reached = _reached(records)
    ref = records[0].ref("question")
    try:
        question = read_question(b"" if ref is None else await _read(body, ref))
    except ErasedError:
        return Agreement(stream, who, "erased", label_then=reached.word, outcome_then=decided.outcome)
    try:
        request = _request(question, opened, reached)
        done = await deliberate(await _with_sources(tools, request, opened), request)
    except (CouncilRefusedError, QuestionRefusedError, UnknownNameError, KeyMissingError) as error:
        why = f"{error.code}.{error.reason}"
        return Agreement(
            stream, who, "refused", why, label_then=reached.word, outcome_then=decided.outcome,
            origins=origins_of(records),
        )  # fmt: skip
    then = await _texts(records, body)
    return _agreement(stream, who, records, done, then=then)


def agreements(found: Sequence[Agreement]) -> Agreements:
    """Sum up many; counts are by word, the most frequent first."""
    asked = [each for each in found if each.result == "asked"]
    seats = [seat for each in asked for seat in each.seats]
    by_seat: dict[str, list[Word]] = {}
    for seat in seats:
        by_seat.setdefault(seat.seat, []).append(seat.word)
    words = [seat.word for seat in seats]
    verdicts = [each.verdict for each in asked if each.verdict is not None]
    return Agreements(
        asked=len(asked),
        not_asked=len(found) - len(asked),
        seats=_counted(words),
        verdicts=_counted(verdicts),
        seats_same_bp=_share(words),
        verdicts_same_bp=_share(verdicts),
        by_seat={seat: _counted(each) for seat, each in sorted(by_seat.items())},
        standins=sum(any(origin != "live" for origin in each.origins) for each in found),
    )


def _reached(records: Sequence[Record]) -> Label:
    """The label that a deliberation had reached, its answers and later raises included."""
    events = [record.data for record in records]
    opened = events[0]
    label = label_of(events)
    return unmasked_label(opened, label) if isinstance(opened, Opened) else Label(label)


def _request(question: Question, opened: Opened, reached: Label) -> Request:
    """The same question to the same council; never under a milder label than it had reached."""
    said = opened.declared or reached > DEFAULT
    terms = opened.arbitration
    return Request(
        question,
        council_of(opened),
        label=reached.word if said else None,
        lowering=opened.lowering,
        subject=None if terms is None else terms.subject,
    )


async def _with_sources(tools: Tools, request: Request, opened: Opened) -> Tools:
    """The tools, for a question with materials with terms that name them: the files are kept nowhere, what they are is.

    Raises:
        CouncilRefusedError: as in any deliberation.
    """
    terms = opened.arbitration
    if terms is None or not terms.sources:
        return tools
    made = await make_terms(
        tools,
        request.council,
        request.question,
        topics=opened.topics,
        subject=terms.subject,
        today=tools.today(),
        sources=terms.sources,
    )
    if made is not None and opened.masked:
        made = made.model_copy(update={"rebuttal": False, "peer_review": False})
    return replace(tools, terms=lambda _request: made)


async def _read(body: Body, ref: Ref) -> bytes:
    got = body(ref)
    return await got if inspect.isawaitable(got) else got


async def _texts(records: Sequence[Record], body: Body) -> dict[str, str]:
    """The answers of an open question by ask, as far as they are still there; a class is enough for any other."""
    opened = records[0].data
    if not isinstance(opened, Opened) or opened.space.kind != "open":
        return {}
    texts: dict[str, str] = {}
    for record in records:
        ref = record.ref("answer")
        if not isinstance(record.data, Answered) or record.data.statement != "answer" or ref is None:
            continue
        try:
            texts[record.data.ask] = read_statement(await _read(body, ref)).answer
        except ErasedError:
            continue
    return texts


def _agreement(
    stream: str,
    who: str,
    records: Sequence[Record],
    done: Deliberation,
    *,
    then: Mapping[str, str],
) -> Agreement:
    decided = next(record.data for record in records if isinstance(record.data, Decided))
    now = {ask: statement.answer for ask, statement in done.statements.items()}
    is_open = done.opened.space.kind == "open"
    reports = {report.seat: report for report in done.verdict.seats}
    seats = tuple(
        _seat(report, reports[report.seat], then, now, is_open=is_open)
        for report in decided.seats
        if report.seat in reports
    )
    return Agreement(
        stream=stream,
        who=who,
        result="asked",
        again=done.stream,
        verdict=_verdict(decided, done.verdict, then, now, is_open=is_open),
        outcome_then=decided.outcome,
        outcome_now=done.verdict.outcome,
        label_then=_reached(records).word,
        label_now=Label(done.label).word,
        seats=seats,
        origins=tuple(sorted({*origins_of(records), *origins_of(done.records)})),
    )


def _seat(
    then: SeatReport,
    now: SeatReport,
    texts_then: Mapping[str, str],
    texts_now: Mapping[str, str],
    *,
    is_open: bool,
) -> SeatAgreement:
    if is_open and then.said == now.said == "answer":
        alike = _alike(texts_then.get(then.ask or ""), texts_now.get(now.ask or ""))
    else:
        alike = (then.said, then.answer_class) == (now.said, now.answer_class)
    return SeatAgreement(
        seat=then.seat,
        word=_word(then.said, now.said, alike=alike),
        card_then=then.card,
        card_now=now.card,
        said_then=then.said,
        said_now=now.said,
        class_then=then.answer_class,
        class_now=now.answer_class,
    )


def _word(then: str, now: str, *, alike: bool) -> Word:
    if then in _SPOKE and now in _SPOKE:
        return "same" if alike else "other"
    if then not in _SPOKE and now not in _SPOKE:
        return "failed_both" if {then, now} & _FAILED else "not_asked_both"
    side: Literal["then", "now"] = "then" if then not in _SPOKE else "now"
    failed = (then if side == "then" else now) in _FAILED
    if side == "then":
        return "failed_then" if failed else "not_asked_then"
    return "failed_now" if failed else "not_asked_now"


def _verdict(
    then: Decided, now: Decided, texts_then: Mapping[str, str], texts_now: Mapping[str, str], *, is_open: bool
) -> Word:
    """Outcome and class together; what decided nothing on one side only has failed there."""
    if then.answer_class is None or now.answer_class is None:
        if then.answer_class is None and now.answer_class is None:
            return "same" if then.outcome == now.outcome else "other"
        return "failed_then" if then.answer_class is None else "failed_now"
    if is_open:
        return (
            "same"
            if _alike(texts_then.get(then.attributed or ""), texts_now.get(now.attributed or ""))
            else "other"
        )
    return "same" if then.answer_class == now.answer_class else "other"


def _alike(then: str | None, now: str | None) -> bool:
    """Whether two open texts are of one class, by the rule that sorts the texts of one deliberation."""
    if then is None or now is None:
        return False
    return len(set(classify_open({"then": then, "now": now}).values())) == 1


def _counted(words: Sequence[Word]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words), key=lambda w: (-words.count(w), w))}


def _share(words: Sequence[Word]) -> int | None:
    """Of those where both sides spoke, the share that said the same; None where none did."""
    both = [word for word in words if word in ("same", "other")]
    return both.count("same") * WHOLE_BP // len(both) if both else None
