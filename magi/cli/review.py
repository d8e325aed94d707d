"""What `magi adopt` and `magi review` do: an act on record, the queue, and where one verdict stands.

Promises: listing and showing open no body; a person's reason is opened through the access desk only, judged by the
label of the deliberation that it is about, with the access on record first. Nothing is executed by an act.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

from magi.cli import screen
from magi.cli.ledger_opened import name_of, open_for_reading, open_for_writing, source_of
from magi.core.acts import Adopted
from magi.core.adoption import ADOPTIONS, Act, Standing
from magi.core.errors import ErasedError, QuestionRefusedError, UnknownNameError
from magi.core.ports import Ledger
from magi.core.record import Record
from magi.core.roles import folded
from magi.replay.sends import moment
from magi.service.access import Desk
from magi.service.adoption import (
    DELIBERATIONS,
    MAX_NAME_CHARS,
    AdoptionDesk,
    Case,
    Deciding,
    decision_of,
)
from magi.settings import Settings
from magi.wiring import SystemClock, access_rules
from magi.words import say

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
_CASE_NUMBER = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
"""A case number, not prose: records are never erased, so no free text may enter them."""


@dataclass(frozen=True)
class AdoptOrder:
    """What the command line says of one act."""

    name: str
    decision: str
    by: str
    reason: str
    verdict: str | None
    ledger: Path | None


@dataclass(frozen=True)
class Reader:
    """Who reads the reasons of acts, and for which case."""

    who: str
    why: str


async def adopt(settings: Settings, order: AdoptOrder, *, as_json: bool) -> None:
    """Put a named person's word on a verdict on record and print its number.

    Raises:
        UnknownNameError: decision, deliberation. MagiError: see `AdoptionDesk.adopt`; nothing was recorded.
    """
    decision, lang = decision_of(order.decision), settings.lang
    async with open_for_writing(settings, order.ledger) as ledger:
        stream = (await _records(ledger, settings, order.name, order.ledger))[0].stream
        act = Deciding(stream, decision, order.by, order.reason, order.verdict)
        record = await AdoptionDesk(ledger, access_rules(settings)).adopt(act)
    assert isinstance(record.data, Adopted)  # noqa: S101  # the desk answers with what it recorded
    if as_json:
        _print({"number": record.ordinal, "id": _id(stream), **record.data.model_dump(mode="json")})
        return
    words = say(f"adoption.{decision}", lang)
    line = say("adoption.recorded", lang, id=_id(stream), decision=words, number=record.ordinal)
    screen.emit(screen.console(), Text(line))


async def queue(settings: Settings, path: Path | None, *, every: bool, as_json: bool) -> None:
    """List the verdicts that wait, oldest first; with `every` also those that people have decided on.

    Raises:
        MagiError: as the ledger.
    """
    async with open_for_reading(settings, path) as ledger:
        cases = await AdoptionDesk(ledger, access_rules(settings)).cases(everything=every)
    now_ms, lang = SystemClock().now_ms(), settings.lang
    if as_json:
        _print({"reviews": [_plain(case, now_ms) for case in cases]})
        return
    heading = "adoption.queue_all" if every else "adoption.queue"
    screen.emit(screen.console(), Text(say(heading, lang, count=len(cases))))
    if not cases:
        return
    keys = ("ask.id", "adoption.age", "ask.verdict", "ask.label", "adoption.state", "adoption.reasons")
    shown = screen.table(*(say(key, lang) for key in keys))
    for case in cases:
        stands = case.standing
        row = (
            _id(stands.stream),
            _age(now_ms - stands.decided_ms, lang),
            say(f"outcome.{stands.outcome}", lang),
            say(f"label.{case.label.word}", lang),
            _state(stands, lang),
            "\n".join(say(f"review.{code}", lang) for code in stands.reasons) or "-",
        )
        shown.add_row(*map(screen.plain, row))
    screen.console().print(shown)


async def show(
    settings: Settings, name: str, path: Path | None, reader: Reader | None, *, as_json: bool
) -> None:
    """Show where one verdict stands; its acts' reasons too for a `reader`, each access on record first.

    Raises:
        UnknownNameError: deliberation. QuestionRefusedError: not_decided, name_form, why_form.
        AccessRefusedError: the reasons may not be read; that is on record. MagiError: as the ledger.
    """
    if reader is not None:
        _check(reader)
    reasons: Mapping[int, str] = {}
    async with (open_for_reading if reader is None else open_for_writing)(settings, path) as ledger:
        records = await _records(ledger, settings, name, path)
        case = await AdoptionDesk(ledger, access_rules(settings)).case(records[0].stream)
        if case is None:
            raise QuestionRefusedError("not_decided", id=_id(records[0].stream))
        if reader is not None:
            reasons = await _reasons(settings, ledger, records, case.standing.acts, reader)
    now_ms = SystemClock().now_ms()
    if as_json:
        _print(_plain(case, now_ms, reasons if reader is not None else None))
        return
    _show(case, now_ms, reasons if reader is not None else None, settings.lang)


def _check(reader: Reader) -> None:
    if not folded(reader.who) or len(reader.who) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    if not _CASE_NUMBER.fullmatch(reader.why):
        raise QuestionRefusedError("why_form")


async def _records(ledger: Ledger, settings: Settings, name: str, path: Path | None) -> tuple[Record, ...]:
    records = await ledger.read(f"{DELIBERATIONS}{_id(name)}")
    if not records:
        raise UnknownNameError("deliberation", name=name, path=name_of(source_of(settings, path)))
    return records


async def _reasons(
    settings: Settings, ledger: Ledger, records: Sequence[Record], acts: Sequence[Act], reader: Reader
) -> Mapping[int, str]:
    """The reason of each act by its number.

    The desk gets the act's record beside those of the deliberation: a reason is about it, so its label counts.
    """
    numbers = {act.number for act in acts}
    written = [each for each in await ledger.read(ADOPTIONS) if each.ordinal in numbers]
    desk = Desk(ledger, access_rules(settings), SystemClock())
    found: dict[int, str] = {}
    for record in written:
        ref = record.ref("reason")
        if ref is None:
            continue
        try:
            data = await desk.body((*records, record), ref, reader.who.strip(), reader.why)
        except ErasedError:
            found[record.ordinal] = say("adoption.reason_erased", settings.lang)
            continue
        found[record.ordinal] = data.decode("utf-8", "replace")
    return found


def _show(case: Case, now_ms: int, reasons: Mapping[int, str] | None, lang: str) -> None:
    stands, out = case.standing, screen.console()
    head = f"{_id(stands.stream)}  {say(f'outcome.{stands.outcome}', lang)}  {_state(stands, lang)}"
    screen.emit(out, Text(head, style="bold"))
    facts = [
        f"{say('ask.label', lang)}: {say(f'label.{case.label.word}', lang)}",
        f"{say('adoption.age', lang)}: {_age(now_ms - stands.decided_ms, lang)}",
        f"{say('adoption.verdict', lang)}: {stands.verdict}",
    ]
    screen.emit(out, *map(screen.plain, facts))
    screen.emit(out, *(Text(f"! {say(f'flag.{flag}', lang)}", style="yellow") for flag in stands.flags))
    if stands.reasons:
        screen.emit(out, Text(say("adoption.reasons", lang), style="bold"))
        screen.emit(out, *(Text(f"  - {say(f'review.{code}', lang)}") for code in stands.reasons))
    else:
        screen.emit(out, Text(say("adoption.no_need", lang)))
    for act in stands.acts:
        late = "" if act == stands.last else f" ({say('adoption.superseded', lang)})"
        words = say(f"adoption.{act.decision}", lang)
        line = say(
            "adoption.line", lang, number=act.number, when=_clock(act.at_ms), decision=words, by=act.by
        )
        screen.emit(out, screen.plain(line + late))
        if reasons is not None and act.number in reasons:
            screen.emit(out, screen.plain(f"  {say('adoption.reason', lang)}: {reasons[act.number]}"))
    if stands.acts and reasons is None:
        screen.emit(out, Text(say("adoption.reason_closed", lang), style="dim"))
    if stands.last is None or stands.waits:
        screen.emit(out, Text(say("adoption.decide", lang, id=_id(stands.stream)), style="dim"))
    screen.emit(out, Text(say("ask.advice", lang), style="dim"))


def _state(stands: Standing, lang: str) -> str:
    """The act that stands, with its person; else whether one is waited for."""
    if stands.last is None:
        return say("adoption.waiting" if stands.waits else "adoption.open", lang)
    return f"{say(f'adoption.{stands.last.decision}', lang)} ({stands.last.by})"


def _age(age_ms: int, lang: str) -> str:
    """Whole days, below one whole hours, below one whole minutes; a clock that was set back makes it none."""
    age_ms = max(age_ms, 0)
    if age_ms >= DAY_MS:
        return say("adoption.days", lang, count=age_ms // DAY_MS)
    if age_ms >= HOUR_MS:
        return say("adoption.hours", lang, count=age_ms // HOUR_MS)
    return say("adoption.minutes", lang, count=age_ms // MINUTE_MS)


def _plain(case: Case, now_ms: int, reasons: Mapping[int, str] | None = None) -> dict[str, object]:
    stands = case.standing
    return {
        "id": _id(stands.stream),
        "council": stands.council,
        "label": case.label.word,
        "outcome": stands.outcome,
        "flags": list(stands.flags),
        "reasons": list(stands.reasons),
        "waits": stands.waits,
        "decided_at": moment(stands.decided_ms).isoformat(),
        "age_ms": max(now_ms - stands.decided_ms, 0),
        "verdict": stands.verdict,
        "acts": [
            {
                "number": act.number,
                "at": moment(act.at_ms).isoformat(),
                "decision": act.decision,
                "by": act.by,
                **({} if reasons is None else {"reason": reasons.get(act.number)}),
            }
            for act in stands.acts
        ],
    }


def _clock(at_ms: int) -> str:
    return moment(at_ms).strftime("%Y-%m-%d %H:%M:%S")


def _id(stream: str) -> str:
    return stream.removeprefix(DELIBERATIONS)


def _print(value: Mapping[str, object]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
