"""The label of a question and of everything it brings along; raising it later, and a named person's lowering.

A question's parts are its text, options, earlier turns and every piece of its files, seen or hidden, each looked at
alone and all together; a file that nobody could read in full is at least internal. Classified text goes no further:
the refusal on record holds a keyed digest, the length and the rules, and never the text. Leaves to others: detectors
(`magi.residency`), who is then asked (`magi.service.run`).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from magi.core.decided import Decided
from magi.core.errors import QuestionRefusedError, UnknownNameError
from magi.core.ports import Draft, Marks
from magi.core.record import Admission, Hit, LabelLowered, LabelRaised, Opened, Refused, SeatPlan
from magi.core.terms import Terms
from magi.residency.detect.engine import MAX_HITS_A_RULE
from magi.residency.label import DEFAULT, Label
from magi.residency.labelling import Finding
from magi.residency.policy import admit
from magi.service.materials import file_parts, floor_hits, turn_of
from magi.service.question import Question
from magi.service.reply import label_of, reply_text

if TYPE_CHECKING:
    from magi.service.run import Request, Tools

CONFIG = "config"
MAX_REASON_CHARS = 2_000
"""A reason is a sentence or two; it is kept for the auditor."""
SAID_BEFORE = "inherited.label"
"""What a lowering overrules where a person had declared this very text stricter, or raised it."""
SHORT_TURN = 16
"""Characters below which a text without a hit tells nothing: 「この文書を要約してください」 has 14."""
MAX_HITS = 200
"""Hits on one record, some 20 KB of its 64: who reads them sees why, and a thousandth says nothing new."""
MIN_NAME_CHARS = 2
"""A single letter or digit as an option's id, which nearly every choice has, says nothing."""


@dataclass(frozen=True)
class Labelled:
    """What a question came to: its finding, the digests of its ancestors, the rules overruled for it on record.

    `declared` and `inherited` are the labels that were joined with what was found; `marks` is what each text of the
    question is remembered as (digest to label).
    """

    finding: Finding
    ancestors: tuple[str, ...]
    cleared: tuple[str, ...] = ()
    declared: Label = DEFAULT
    inherited: tuple[int, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)


def parts(question: Question) -> tuple[tuple[str, str], ...]:
    """Every text of a question under the name that its hits are recorded with, earlier turns first.

    Option ids and a unit are the caller's words too: they stand in the schema and, readable, in the record.
    """
    turns = tuple((f"turn:{number}", turn.text) for number, turn in enumerate(question.history))
    options = tuple((f"option:{option}", text) for option, text in question.options.items())
    space = question.space
    ids = (*getattr(space, "options", ()), getattr(space, "unit", None) or "")
    names = "、".join(each for each in ids if len(each) >= MIN_NAME_CHARS)
    return (*turns, ("question", question.text), *options, *((("space", names),) if names else ()))


def all_parts(request: "Request") -> tuple[tuple[str, str], ...]:
    """Every text that a request brings along: the question's, then those of its files."""
    return (*parts(request.question), *file_parts(request.materials))


async def label_request(tools: "Tools", request: "Request") -> Labelled:
    """Label a question: never below any turn before it, so an edited or branched conversation keeps its mark.

    Raises:
        UnknownNameError: the declared label. QuestionRefusedError: lowering_unknown, lowering_other_text,
            lowering_needs_new_conversation.
    """
    question = request.question
    ancestors = tuple(tools.message_digest(turn.text) for turn in question.history)
    declared = tools.profile.declared(request.label)
    cleared = await _cleared(tools, request)
    floor = floor_hits(request.materials)
    own = own_digest(tools, question.text)
    said = tuple(own_digest(tools, turn.text) for turn in question.history)
    known = await tools.ledger.labels((own, *said, *ancestors))
    inherited = [*_inherited(request, ancestors, known), *(hit.label for hit in floor)]
    inherited += [known[digest] for digest in said if digest in known]
    if own in known and SAID_BEFORE not in cleared:
        inherited.append(known[own])
    finding = await tools.residency.label(all_parts(request), declared, inherited, cleared)
    marks = _marks(tools, request, finding, cleared, known)
    finding = replace(finding, hits=(*floor, *few_hits(finding.hits)))
    if request.label is not None and not question.history and not request.materials:
        marks[own] = int(declared)  # it only rises there: another word on the same text needs a lowering
    return Labelled(finding, ancestors, cleared, declared, tuple(inherited), marks)


def few_hits(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """As many hits as a record has room for, in their order: the first of each rule, then of each rule in each text.

    A chat of two hundred turns, or a workbook's thousands of cells, would fill more than a record holds; the label
    is joined from all of them before.
    """
    spare = MAX_HITS - len({hit.rule for hit in hits})
    rules: set[str] = set()
    counts: Counter[tuple[str, str]] = Counter()
    kept: list[Hit] = []
    for hit in hits:
        where = (":".join(hit.text.split(":")[:2]), hit.rule)
        counts[where] += 1
        if hit.rule in rules:
            if counts[where] > MAX_HITS_A_RULE or spare <= 0:
                continue
            spare -= 1
        rules.add(hit.rule)
        kept.append(hit)
    return tuple(kept)


def beyond_cleared(
    found: Finding, text: str, question: Question, cleared: Collection[str]
) -> tuple[int, ...]:
    """The labels of what a seat says beyond the words for which a named person overruled these rules.

    Args:
        found: what all detectors find in `text`, the overruled rules included.
        text: what the seat said.
        question: the question on whose very words the rules were overruled.
        cleared: those rules.
    """
    words = "\n".join(each for _, each in parts(question))
    counts = Counter(hit.rule for hit in found.hits)
    return tuple(
        hit.label
        for hit in found.hits
        if hit.rule in cleared
        # Of a rule that hit so often not every hit is named, and one of the others may be new.
        and (text[hit.start : hit.end] not in words or counts[hit.rule] >= MAX_HITS_A_RULE)
    )


def carriers(tools: "Tools", question: Question) -> tuple[str, ...]:
    """The digests of the texts that take on the label of what stands beside them.

    A system prompt is no part of the case, and stands before every chat of its client; a few words without a hit
    (「要約して」) say nothing of what they are asked about. They are remembered as what they are by themselves.
    """
    said = (*((turn.role, turn.text) for turn in question.history), ("user", question.text))
    return tuple(tools.message_digest(text) for role, text in said if _carries(role, text))


def own_digest(tools: "Tools", text: str) -> str:
    """The digest under which a person's own word on a text is kept, whatever stood beside it."""
    return tools.message_digest(f"own:{text.strip()}")


def _carries(role: str, text: str) -> bool:
    return role != "system" and len(text.strip()) >= SHORT_TURN


def _marks(
    tools: "Tools", request: "Request", finding: Finding, cleared: Collection[str], known: Mapping[str, int]
) -> dict[str, int]:
    """What each text is remembered as: its own hits, and for a new one that carries it the label of the whole."""
    own: dict[str, int] = {}
    for hit in finding.hits:
        if hit.rule not in cleared:
            own[hit.text] = max(own.get(hit.text, 0), hit.label)
    said = [(f"turn:{place}", turn.role, turn.text) for place, turn in enumerate(request.question.history)]
    said.append(("question", "user", request.question.text))
    marks: dict[str, int] = {}
    for name, role, text in said:
        digest = tools.message_digest(text)
        new = name == "question" or digest not in known
        label = int(finding.label) if new and _carries(role, text) else own.get(name, 0)
        marks[digest] = max(marks.get(digest, 0), label)
    return marks


def _inherited(request: "Request", ancestors: Sequence[str], known: Mapping[str, int]) -> list[int]:
    """The labels of earlier turns; one that nobody here wrote, or a file's that is not here, is at least internal."""
    here = {turn_of(material).text for material in request.materials}
    strange = any(
        digest not in known
        and (turn.role == "assistant" or (turn.role == "material" and turn.text not in here))
        for turn, digest in zip(request.question.history, ancestors, strict=True)
    )
    labels = [known[digest] for digest in ancestors if digest in known]
    return [*labels, *([Label.INTERNAL] if strange else [])]


async def refuse_classified(tools: "Tools", request: "Request", labelled: Labelled, stream: str) -> None:
    """Refuse classified text: on record without the text, and remembered, so that no later turn carries it.

    Raises:
        QuestionRefusedError: classified, with the rules; classified_declared, by the caller or an earlier turn.
    """
    finding = labelled.finding
    if finding.label < Label.CLASSIFIED:
        return
    texts = [text for _, text in all_parts(request)]
    refusal = Refused(
        by="label",
        reason="classified",
        ask=None,
        attempt=None,
        card=None,
        label=int(finding.label),
        plan=(),
        hits=finding.hits,
        text_hash=tools.message_digest("\n".join(texts)),
        length=sum(map(len, texts)),
    )
    await tools.ledger.append(stream, 0, [Draft(refusal)], Marks(ancestry=labelled.marks))
    rules = tuple(sorted({hit.rule for hit in finding.hits if hit.label == Label.CLASSIFIED}))
    raise QuestionRefusedError("classified" if rules else "classified_declared", rules=rules)


def without_distrusted(admissions: Sequence[Admission], terms: Terms | None) -> tuple[Admission, ...]:
    """The planner's rulings, and no card that the bias battery found untrusted on a topic of the question."""
    if terms is None:
        return tuple(admissions)
    return tuple(
        entry.model_copy(
            update={"admitted": False, "bias": (*entry.bias, f"bias_battery_{terms.distrusted[entry.card]}")}
        )
        if entry.card in terms.distrusted
        else entry
        for entry in admissions
    )


def replan(
    tools: "Tools", seats: Sequence[SeatPlan], label: int, topics: Collection[str]
) -> tuple[Admission, ...]:
    """The ruling on every card of the seats, under a label that has risen."""
    rulings = (
        (seat.seat, target, admit(label, tools.cards[target], tools.profile, topics, tools.today()))
        for seat in seats
        for target in seat.targets
        if target in tools.cards
    )
    return tuple(
        Admission(seat=seat, card=card, admitted=r.admitted, reasons=r.residency, bias=r.bias)
        for seat, card, r in rulings
    )


def raised(tools: "Tools", opened: Opened, text: str, before: int, finding: Finding) -> LabelRaised:
    """The event of a risen label: `text` names what was found to be more than the question's label said."""
    topics = {*opened.topics, *finding.topics}
    return LabelRaised(
        text=text,
        before=before,
        after=int(finding.label),
        hits=few_hits(finding.hits),
        plan=without_distrusted(replan(tools, opened.seats, finding.label, topics), opened.arbitration),
    )


async def raise_label(tools: "Tools", stream: str, word: str, by: str) -> int:
    """Raise the label of a deliberation, running or finished, by a person's word; the label it then has.

    What runs abroad is cancelled at once; what was sent is on record. Everything said in it keeps the new label.

    Raises:
        UnknownNameError: no such deliberation or label. ConflictError: it is being written; ask again.
    """
    wanted = tools.profile.declared(word)
    if (live := tools.live.get(stream)) is not None:
        return await live(wanted, by)
    records = await tools.ledger.read(stream)
    opened = next((r.data for r in records if isinstance(r.data, Opened)), None)
    if opened is None or not any(isinstance(r.data, Decided) for r in records):
        raise UnknownNameError("deliberation", name=stream.removeprefix("d/"))
    before = label_of(tuple(r.data for r in records))
    if wanted <= before:
        return before
    event = raised(tools, opened, "question", before, Finding(wanted))
    marks = Marks(ancestry=dict.fromkeys(await _said(tools, stream), int(wanted)))
    await tools.ledger.append(stream, len(records), [Draft(event, actor=by)], marks)
    return int(wanted)


async def _said(tools: "Tools", stream: str) -> tuple[str, ...]:
    """The digests of the carrying texts and the reply of a finished deliberation."""
    from magi.service.recover import read_deliberation  # noqa: PLC0415  # the two modules tell one story

    records = await tools.ledger.read(stream)
    done = await read_deliberation(tools, stream, records)
    ref = next((ref for r in records if isinstance(r.data, Decided) and (ref := r.ref("reply"))), None)
    text = "" if ref is None else reply_text(await tools.ledger.body(ref, "magi", "label"))
    own = own_digest(tools, done.question.text)
    return (own, *carriers(tools, done.question), *((tools.message_digest(text),) if text else ()))


# Lowering.


async def lower_label(
    tools: "Tools", question: Question, to: str, by: str, reason: str
) -> tuple[int, LabelLowered]:
    """Record that a named person overrules the detectors on one text; the ordinal in `config` to cite, and the record.

    It serves new conversations that begin with exactly this text, declared as `to`. Classified text stays refused.

    Raises:
        UnknownNameError: the label. QuestionRefusedError: lowering_incomplete (no name, no reason),
            lowering_needs_new_conversation, lowering_nothing (nothing was found), lowering_classified.
    """
    wanted = tools.profile.declared(to)
    if not by.strip() or not reason.strip() or len(reason) > MAX_REASON_CHARS:
        raise QuestionRefusedError("lowering_incomplete", most=MAX_REASON_CHARS)
    if question.history:
        raise QuestionRefusedError("lowering_needs_new_conversation")
    found = await tools.residency.label(parts(question), wanted)
    if found.label >= Label.CLASSIFIED:
        raise QuestionRefusedError("lowering_classified")
    own = own_digest(tools, question.text)
    before = (await tools.ledger.labels((own,))).get(own, 0)
    bound = (SAID_BEFORE,) if before > wanted else ()
    rules = (*sorted({hit.rule for hit in found.hits if hit.label > wanted}), *bound)
    if before >= Label.CLASSIFIED:
        raise QuestionRefusedError("lowering_classified")
    if not rules:
        raise QuestionRefusedError("lowering_nothing")
    event = LabelLowered(
        text_hash=_hash(tools, question),
        before=max(int(found.label), before),
        after=int(wanted),
        rules=rules,
        by=by.strip(),
    )
    (record,) = await tools.ledger.append(
        CONFIG, None, [Draft(event, {"reason": reason.encode()}, actor=by.strip())]
    )
    return record.ordinal, event


async def _cleared(tools: "Tools", request: "Request") -> tuple[str, ...]:
    if request.lowering is None:
        return ()
    records = await tools.ledger.read(CONFIG)
    event = next((r.data for r in records if r.ordinal == request.lowering), None)
    if not isinstance(event, LabelLowered):
        raise QuestionRefusedError("lowering_unknown", lowering=request.lowering)
    if request.question.history or request.materials:
        raise QuestionRefusedError("lowering_needs_new_conversation")
    if event.text_hash != _hash(tools, request.question):
        raise QuestionRefusedError("lowering_other_text", lowering=request.lowering)
    return event.rules


def _hash(tools: "Tools", question: Question) -> str:
    return tools.message_digest("\n".join(text for _, text in parts(question)))
