"""Masked questions: what seats are shown instead of a question that names people, where the profile wants it so.

1. Where the profile masks and the label is one of a person's (`MASKED`), identifiers become pseudonyms.
2. The masked question is labelled again: an identifier that is still found there refuses the question, since part of
   it is worse than none. Everything else that was found in the question goes on counting.
3. Seats abroad are not asked, whatever the profile admits.
4. What a seat answers gets the names back before it is read, and the label of what it then says.

Promises: the table is a pure function of the question and its recorded hits, so recovery and replay make it again and
it is stored nowhere. Leaves to others: the pseudonyms (`magi.residency.masking`), sending (`magi.service.run`).
"""

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from magi.core.card import Card
from magi.core.errors import QuestionRefusedError, TamperedError
from magi.core.ports import Draft
from magi.core.record import Admission, Hit, Opened, Refused
from magi.core.space import ChoiceSpace, NumberSpace
from magi.residency.label import Label, join
from magi.residency.labelling import Finding
from magi.residency.masking import (
    Pseudonym,
    Table,
    mask,
    masked_label,
    mentions,
    unmask,
    unmaskable,
    word_of,
)
from magi.residency.policy import is_foreign
from magi.service.labelled import Labelled, parts
from magi.service.labelling import INLINE_BYTES, Residency
from magi.service.materials import file_parts
from magi.service.question import Question
from magi.service.reply import Statement

if TYPE_CHECKING:
    from magi.service.run import Request, Tools

MASKED = (Label.PERSONAL, Label.SENSITIVE_PERSONAL, Label.SPECIFIC_PERSONAL)
"""Labels of a question that is masked; below there is nobody to hide, above masking lifts nothing."""
NOT_ABROAD = "masked_not_abroad"
"""Why a seat abroad may not see masked text, whatever its class."""


@dataclass(frozen=True)
class Shown:
    """A question as seats see it, and what its tokens stand for; an empty table where nothing is masked."""

    question: Question
    table: Table = ()


@dataclass(frozen=True)
class MaskedQuestion:
    """A question with pseudonyms, what they stand for, and what it came to when it was labelled again."""

    question: Question
    table: Table
    finding: Finding


async def mask_question(
    residency: Residency,
    question: Question,
    finding: Finding,
    declared: Label,
    ancestors: Iterable[int],
    *,
    cleared: Collection[str] = (),
) -> MaskedQuestion | None:
    """The question as seats will be shown it, or None where there is nothing to mask under this label.

    Args:
        residency: labels the masked question again.
        question: the question as it was asked.
        finding: what it came to.
        declared: the label that was declared for it.
        ancestors: the labels of everything it derives from.
        cleared: rules that a named person overruled for it; what they found is not masked.

    Raises:
        QuestionRefusedError: unmaskable, with the rules.
    """
    counted = [hit for hit in finding.hits if hit.rule not in cleared]
    here = _here(counted)
    if finding.label not in MASKED or not any(word_of(hit.rule) for hit in here):
        return None
    shown = await _off_the_loop(question, here)
    above = tuple(ancestors)
    found = await residency.label(parts(shown.question), declared, above, cleared)
    left = sorted({hit.rule for hit in found.hits if hit.rule not in cleared and word_of(hit.rule)})
    if left:
        raise unmaskable(left)
    kept = [hit.label for hit in counted if not word_of(hit.rule)]
    again = replace(
        found,
        label=masked_label(declared, (*above, *kept), found.label),
        topics=found.topics | finding.topics,
        raising=found.raising | finding.raising,
    )
    return MaskedQuestion(shown.question, shown.table, again)


async def mask_request(
    tools: "Tools", request: "Request", labelled: Labelled, stream: str
) -> MaskedQuestion | None:
    """The masked question of a request under a profile that masks; a refusal goes on record without the text.

    Raises:
        QuestionRefusedError: unmaskable, with the rules.
    """
    if not tools.profile.masking:
        return None
    # What a topic made of the question counts on, even where its words are masked.
    above = (*labelled.inherited, tools.profile.raised_by(labelled.finding.raising))
    try:
        masked = await mask_question(
            tools.residency,
            request.question,
            labelled.finding,
            labelled.declared,
            above,
            cleared=labelled.cleared,
        )
        _check_files(request, labelled, request.question if masked is None else masked.question)
    except QuestionRefusedError as error:
        refusal = Refused(
            by="label",
            reason=error.reason,
            ask=None,
            attempt=None,
            card=None,
            label=int(labelled.finding.label),
            plan=(),
            hits=labelled.finding.hits,
        )
        await tools.ledger.append(stream, 0, [Draft(refusal)])
        raise
    return masked


def shown_as(opened: Opened, question: Question) -> Shown:
    """What the seats of a recorded deliberation are shown: the same question and table as when it was opened.

    Raises:
        TamperedError: masking_differs, where question, hits and this code no longer make the recorded table.
    """
    if not opened.masked:
        return Shown(question)
    try:
        shown = _shown(question, _here(hit for hit in opened.hits if hit.rule not in opened.cleared))
    except QuestionRefusedError as error:
        raise TamperedError("masking_differs") from error
    if len(shown.table) != opened.masked:
        raise TamperedError("masking_differs")
    return shown


def masks_alike(opened: Opened, question: Question) -> bool:
    """Whether asking on would show seats the same pseudonyms as before."""
    try:
        shown_as(opened, question)
    except TamperedError:
        return False
    return True


def at_home(
    admissions: Sequence[Admission], cards: Mapping[str, Card], masked: MaskedQuestion | None
) -> tuple[Admission, ...]:
    """The planner's rulings, and for masked text no card abroad."""
    if masked is None:
        return tuple(admissions)
    return tuple(
        entry.model_copy(update={"admitted": False, "reasons": (*entry.reasons, NOT_ABROAD)})
        if is_foreign(cards[entry.card])
        else entry
        for entry in admissions
    )


def unmask_answer(text: str | None, table: Table) -> str | None:
    """A seat's text with the names back, as it is to be read; JSON stays JSON whatever the originals hold."""
    if text is None or not table:
        return text
    if "{" in text:
        table = tuple(
            Pseudonym(token, json.dumps(original, ensure_ascii=False)[1:-1]) for token, original in table
        )
    return unmask(text, table)


def unmask_words(words: Statement | None, table: Table) -> Statement | None:
    """A statement with the names back also where JSON had spelt a token in escapes."""
    if words is None or not table:
        return words
    return Statement(
        words.text,
        unmask(words.answer, table),
        unmask(words.reason, table),
        tuple(unmask(basis, table) for basis in words.basis),
    )


def answer_finding(read: Finding, came: Finding, opened: Opened) -> Finding:
    """What an answer makes of the deliberation: of a masked one, whose seats never see the names, something less.

    Identifiers count where they stand in what `came`; everything else also in what is `read`.
    """
    if not opened.masked:
        return read
    counted = (hit for hit in read.hits if hit.rule not in opened.cleared)
    kept = [hit.label for hit in counted if not word_of(hit.rule)]
    return replace(read, label=join((came.label, *kept)))


def _here(hits: Iterable[Hit]) -> list[Hit]:
    """Hits in what is shown, a file's turn included; the pieces of a file are labelled besides and never sent."""
    return [hit for hit in hits if not hit.text.startswith("file:")]


def _check_files(request: "Request", labelled: Labelled, shown: Question) -> None:
    """Refuse where an identifier was found in a piece of a file alone, and what seats are shown has it all the same."""
    if labelled.finding.label not in MASKED:
        return
    pieces = dict(file_parts(request.materials))
    found = [
        hit
        for hit in labelled.finding.hits
        if hit.text in pieces and hit.rule not in labelled.cleared and word_of(hit.rule)
    ]
    originals = {pieces[hit.text][hit.start : hit.end] for hit in found}
    if mentions((text for _, text in parts(shown)), originals):
        raise unmaskable(sorted({hit.rule for hit in found}))


async def _off_the_loop(question: Question, hits: Sequence[Hit]) -> Shown:
    size = sum(len(text.encode("utf-8", "surrogatepass")) for _, text in parts(question))
    if size <= INLINE_BYTES:
        return _shown(question, hits)
    return await asyncio.to_thread(_shown, question, hits)


def _shown(question: Question, hits: Sequence[Hit]) -> Shown:
    masked = mask(parts(question), hits)
    texts = dict(masked.texts)
    turns = tuple(replace(turn, text=texts[f"turn:{number}"]) for number, turn in enumerate(question.history))
    options = {option: texts[f"option:{option}"] for option in question.options}
    # Ids and units are shown as they are, and name the ballots: they cannot be masked.
    if mentions(_ids(question), [pseudonym.original for pseudonym in masked.table]):
        raise unmaskable(sorted({hit.rule for hit in hits if word_of(hit.rule)}))
    return Shown(replace(question, text=texts["question"], options=options, history=turns), masked.table)


def _ids(question: Question) -> tuple[str, ...]:
    match question.space:
        case ChoiceSpace(options=options):
            return options
        case NumberSpace(unit=str(unit)):
            return (unit,)
        case _:
            return ()
