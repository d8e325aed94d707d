"""`magi explain ID`: the dissent report of a recorded verdict: who dissents, why, on what, and what would turn it.

Without a reader it opens no body: codes, votes and counterfactuals stand in the records. With one, question and
statements are opened through the access desk, each access on record before. Nothing else is written, nobody is asked.
Leaves to others: the counterfactuals (`magi.replay`), the words (`magi.service.account`, `magi.service.turning`).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen, verdict_shown
from magi.cli.ledger_opened import name_of, open_for_reading, open_for_writing, source_of
from magi.cli.turning import turning_of
from magi.core.decided import Decided
from magi.core.errors import ErasedError, QuestionRefusedError, UnknownNameError
from magi.core.ports import Ledger
from magi.core.record import Answered, Opened, Record
from magi.core.roles import folded
from magi.core.space import SpaceDecision
from magi.residency.label import Label
from magi.service.access import Desk, stream_label
from magi.service.account import Matter, Part, decision_parts
from magi.service.account_claims import claim_parts, ground_parts
from magi.service.question import Question, read_question
from magi.service.reply import Statement, read_statement
from magi.service.turning import Turning, dissent_part, turning_part
from magi.settings import Settings
from magi.wiring import SystemClock, access_rules
from magi.words import say

MAX_NAME_CHARS = 200
"""A record's codes are no longer."""
_CASE_NUMBER = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
"""A case number, not prose: records are never erased, so no free text may enter them."""


@dataclass(frozen=True)
class ExplainOrder:
    """Whose verdict, and who reads its texts why; without `who` none is opened."""

    name: str
    who: str | None
    why: str
    ledger: Path | None
    as_json: bool


async def explain(settings: Settings, order: ExplainOrder) -> None:
    """Print the dissent report of one deliberation.

    Raises:
        UnknownNameError: deliberation. QuestionRefusedError: not_decided, name_form, why_form, unreadable_body.
        AccessRefusedError: the texts may not be read; that is on record. MagiError: as the ledger.
    """
    _check(order)
    async with (open_for_reading if order.who is None else open_for_writing)(
        settings, order.ledger
    ) as ledger:
        records = await _records(ledger, settings, order)
        matter = await _matter(ledger, settings, order, records)
    turning = turning_of(records)
    if order.as_json:
        typer.echo(json.dumps(_plain(matter, records, turning), ensure_ascii=False, indent=2))
        return
    _show(matter, records, turning, order, settings.lang)


def _check(order: ExplainOrder) -> None:
    if order.who is None:
        return
    if not folded(order.who) or len(order.who) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    if not _CASE_NUMBER.fullmatch(order.why):
        raise QuestionRefusedError("why_form")


async def _records(ledger: Ledger, settings: Settings, order: ExplainOrder) -> tuple[Record, ...]:
    name = order.name.removeprefix("d/")
    records = await ledger.read(f"d/{name}")
    if not records:
        raise UnknownNameError("deliberation", name=name, path=name_of(source_of(settings, order.ledger)))
    if not any(isinstance(record.data, Decided) for record in records):
        raise QuestionRefusedError("not_decided", id=name)
    return records


async def _matter(
    ledger: Ledger, settings: Settings, order: ExplainOrder, records: Sequence[Record]
) -> Matter:
    """The verdict with what its reader may read; an erased body is as one that is closed."""
    opened = next(record.data for record in records if isinstance(record.data, Opened))
    verdict = next(record.data for record in records if isinstance(record.data, Decided))
    question = Question("", SpaceDecision(space=opened.space, source=opened.space_source))
    statements: dict[str, Statement] = {}
    if order.who is not None:
        desk = Desk(ledger, access_rules(settings), SystemClock())
        for record in records:
            event, ref = record.data, record.ref("question") or record.ref("answer")
            if ref is None or (isinstance(event, Answered) and event.stage == "review"):
                continue  # of a review the votes count, which stand in the record
            try:
                body = await desk.body(records, ref, order.who.strip(), order.why)
            except ErasedError:
                continue
            if isinstance(event, Answered):
                statements[event.ask] = read_statement(body)
            elif isinstance(event, Opened):
                question = read_question(body)
    titles = {name: card.title for name, card in load_assets(settings.assets_dir).cards.items()}
    return Matter(verdict, question, statements, opened.arbitration, titles)


def _parts(matter: Matter, turning: Turning | None, name: str, lang: str) -> tuple[Part, ...]:
    """The report in its order: dissent and turning points first, since they are what was asked for."""
    claims = claim_parts(matter, lang)
    return (
        dissent_part(matter, lang),
        *(part for part in claims if part.key == "dissent_claims"),
        turning_part(matter, turning, lang),
        *decision_parts(matter, lang, name),
        *(part for part in claims if part.key == "claims"),
        *ground_parts(matter, lang),
    )


def _show(
    matter: Matter, records: Sequence[Record], turning: Turning | None, order: ExplainOrder, lang: str
) -> None:
    out, name = screen.console(), records[0].stream.removeprefix("d/")
    label = say(f"label.{Label(stream_label(records)).word}", lang)
    screen.emit(out, Text(f"{name}  {say('ask.label', lang)}: {label}", style="bold"))
    if matter.question.text:
        screen.emit(out, screen.plain(matter.question.text))
    screen.emit(out, *verdict_shown.verdict_shown(matter, lang))
    for part in _parts(matter, turning, name, lang):
        screen.emit(out, *verdict_shown.part_shown(part))
    if order.who is None:
        screen.emit(out, Text(say("explain.closed", lang, id=name), style="dim"))
    screen.emit(out, Text(say("ask.advice", lang), style="dim"))


def _plain(matter: Matter, records: Sequence[Record], turning: Turning | None) -> dict[str, object]:
    verdict = matter.verdict
    return {
        "id": records[0].stream.removeprefix("d/"),
        "label": Label(stream_label(records)).word,
        "verdict": verdict.model_dump(mode="json"),
        "dissent": [
            {
                "seat": report.seat,
                "ask": report.ask,
                "answer_class": report.answer_class,
                **_words(matter.statements.get(report.ask or "")),
            }
            for report in verdict.seats
            if report.ask in verdict.dissent
        ],
        "turning": None if turning is None else turning.plain(),
    }


def _words(said: Statement | None) -> dict[str, object]:
    return {} if said is None else {"answer": said.answer, "reason": said.reason, "basis": list(said.basis)}
