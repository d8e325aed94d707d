"""What `magi ledger erase`, `hold`, `release` and `due` do.

1. What is to be erased is read from the records: every body that they name and no tombstone does.
2. One `erased` record for each 500 bodies; the ledger deletes them in the same transaction, or refuses.
3. In SQLite the write-ahead log is emptied, so that no file of the ledger holds what was erased.
4. What holds the same words elsewhere and is not erased with it is named: conversations that went on from it.

Promises: a person's reason stands in a body of its own, never in a record; no text is printed.
"""

import asyncio
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

from magi.assets import read_toml
from magi.cli import screen
from magi.cli.audit_report import period
from magi.cli.ledger_opened import name_of, open_for_reading, open_for_writing, rows_of, shared_url, source_of
from magi.core.acts import MAX_ERASED, MAX_NAMED, Erased, Held, HoldReleased
from magi.core.errors import ErasureRefusedError, QuestionRefusedError, UnknownNameError
from magi.core.ports import Draft
from magi.core.record import Opened
from magi.ledger.erasure import again_at, again_in_file, empty_wal
from magi.ledger.retention import RETENTION_STREAM
from magi.ledger.schedule import (
    EVERY_STREAM,
    Case,
    Due,
    Schedule,
    case_of,
    due,
    holds_of,
    parse_schedules,
    tombstones_of,
)
from magi.ledger.store import StoredLedger
from magi.residency.label import Label
from magi.service.access import stream_label
from magi.service.labelled import MAX_REASON_CHARS
from magi.settings import Settings
from magi.wiring import log_name, today
from magi.words import say

CALLERS_FAULT = 2
NOT_ALL = 1
MAX_NAME_CHARS: Final = 200
"""A record's codes are no longer."""
TURNS: Final = 3
"""How often the bodies of a stream may change while they are being erased."""


@dataclass(frozen=True)
class EraseOrder:
    """What the command line says of one erasure."""

    name: str | None
    commitment: str | None
    due: bool
    again: bool
    why: str | None
    by: str
    reason: str
    on: str | None
    ledger: Path | None


@dataclass(frozen=True)
class HoldOrder:
    """What the command line says of one hold or its release."""

    name: str
    streams: tuple[str, ...]
    every: bool
    by: str
    reason: str
    ledger: Path | None


@dataclass(frozen=True)
class _Act:
    """Who erases and why; `schedule` names the retention rule that was due."""

    why: str
    by: str
    reason: str
    schedule: str | None = None


async def erase(settings: Settings, order: EraseOrder) -> int:
    """Erase what was ordered; the exit code.

    Raises:
        ErasureRefusedError: held, open, unknown; nothing of that deliberation was erased.
        UnknownNameError: deliberation, commitment, day. QuestionRefusedError: name_form, reason_form.
        MalformedFileError: the schedules. LedgerUnavailableError, KeyMissingError, ForeignLedgerError: as the ledger.
    """
    targets = (order.name is not None, order.commitment is not None, order.due, order.again)
    why = "retention" if order.due else order.why
    if sum(targets) != 1 or (why is None and not order.again) or (order.due and order.why is not None):
        screen.emit(screen.console(err=True), Text(say("retention.usage", settings.lang), style="red"))
        return CALLERS_FAULT
    if order.again:
        return await asyncio.to_thread(_again, settings, order.ledger)
    _check_person(order.by, order.reason)
    act = _Act(why or "", order.by.strip(), order.reason.strip())
    if order.due:
        return await _erase_due(settings, order, act)
    async with open_for_writing(settings, order.ledger) as ledger:
        stream, only = await _target(ledger, settings, order)
        later = await _later(ledger, settings, order.ledger, stream)
        done = await _erase(ledger, stream, only, act)
    _tell(settings, "retention.erased", id=_id(stream), count=done)
    if later:
        _tell(settings, "retention.later", ids=later)
    return _emptied(settings, order.ledger)


def _check_person(by: str, reason: str) -> None:
    if not by.strip() or len(by) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    if len(reason) > MAX_REASON_CHARS:
        raise QuestionRefusedError("reason_form", most=MAX_REASON_CHARS)


async def _target(
    ledger: StoredLedger, settings: Settings, order: EraseOrder
) -> tuple[str, frozenset[str] | None]:
    """The stream to erase from, and the bodies meant; None for all of them."""
    where = name_of(source_of(settings, order.ledger))
    if order.name is not None:
        stream = f"d/{order.name.removeprefix('d/')}"
        if not await ledger.read(stream):
            raise UnknownNameError("deliberation", name=order.name, path=where)
        return stream, None
    wanted = order.commitment or ""
    for stream in await ledger.streams(""):
        for record in await ledger.read(stream):
            if any(ref.commitment == wanted for ref in record.refs):
                return stream, frozenset({wanted})
    raise UnknownNameError("commitment", name=wanted, path=where)


async def _erase(
    ledger: StoredLedger,
    stream: str,
    only: frozenset[str] | None,
    act: _Act,
    known: tuple[str, ...] | None = None,
) -> int:
    """Erase bodies of a stream (None: all that are there), again where they changed meanwhile; how many.

    `known` are those that were there when the log was read; without it they are looked up.

    Raises:
        ErasureRefusedError: see `magi.ledger.retention`; what was recorded before stays erased.
    """
    done = 0
    for turn in range(TURNS):
        there = known if known is not None and turn == 0 else await _there(ledger, stream)
        wanted = [each for each in there if only is None or each in only]
        if not wanted:
            if done:
                return done
            raise ErasureRefusedError("unknown", stream=stream)
        left = len(there)
        try:
            for start in range(0, len(wanted), MAX_ERASED):
                some = tuple(wanted[start : start + MAX_ERASED])
                left -= len(some)
                bodies = {"reason": act.reason.encode()} if act.reason and not done else {}
                event = Erased(
                    stream=stream,
                    commitments=some,
                    why=act.why,
                    by=act.by,
                    schedule=act.schedule,
                    whole=left == 0,
                )
                await ledger.append(RETENTION_STREAM, None, [Draft(event, bodies, actor=act.by)])
                done += len(some)
        except ErasureRefusedError as error:
            if error.reason not in ("changed", "unknown") or turn == TURNS - 1:
                raise
        else:
            return done
    return done


async def _there(ledger: StoredLedger, stream: str) -> tuple[str, ...]:
    """The bodies that the records of a stream name and no tombstone does."""
    stones = tombstones_of(await ledger.read(RETENTION_STREAM))
    refs = (ref for record in await ledger.read(stream) for ref in record.refs)
    return tuple(ref.commitment for ref in refs if ref.commitment not in stones)


async def _erase_due(settings: Settings, order: EraseOrder, act: _Act) -> int:
    """Erase all that is due, one deliberation after the other; those that are held or open stay and are named."""
    schedules, day = _schedules(settings), _day(order.on)
    count = 0
    async with open_for_writing(settings, order.ledger) as ledger:
        found = await _due(ledger, schedules, day)
        kept = [each for each in found if each.why_not is not None]
        refused: list[tuple[str, str]] = []
        for each in found:
            if each.why_not is not None:
                continue
            by_rule = _Act(act.why, act.by, act.reason, each.schedule.name)
            try:
                await _erase(ledger, each.case.stream, None, by_rule, each.case.commitments)
            except ErasureRefusedError as error:  # held or taken up since it was read
                refused.append((each.case.stream, error.reason))
                continue
            count += 1
    _tell(settings, "retention.erased_due", count=count, kept=len(kept) + len(refused))
    for each in kept:
        _tell(settings, f"retention.kept.{each.why_not}", id=_id(each.case.stream), holds=each.holds)
    for stream, what in refused:
        _tell(settings, "retention.kept.refused", id=_id(stream), what=what)
    emptied = _emptied(settings, order.ledger) if count else 0
    return NOT_ALL if refused else emptied


def _again(settings: Settings, ledger: Path | None) -> int:
    url, log = shared_url(settings, ledger), log_name(settings.tenant)
    if url is None:
        path = ledger or settings.ledger_path
        done = again_in_file(path, log=log, tenant=settings.tenant)
    else:
        done = again_at(url, log=log, tenant=settings.tenant)
    _tell(settings, "retention.again", count=done.bodies)
    if done.held:
        _tell(settings, "retention.again_held", ids=tuple(map(_id, done.held)))
    return max(_emptied(settings, ledger), NOT_ALL if done.held else 0)


def _emptied(settings: Settings, ledger: Path | None) -> int:
    """3. Empty the write-ahead log; the exit code."""
    if shared_url(settings, ledger) is not None:
        _tell(settings, "retention.vacuum")
        return 0
    if empty_wal(ledger or settings.ledger_path):
        return 0
    screen.emit(screen.console(err=True), Text(say("retention.wal_busy", settings.lang), style="yellow"))
    return NOT_ALL


async def _later(ledger: StoredLedger, settings: Settings, path: Path | None, stream: str) -> tuple[str, ...]:
    """4. Deliberations whose question carries turns that were first said in this one: they have the words too."""

    def digests() -> set[str]:
        with rows_of(settings, path) as reader:
            return {str(row[0]) for row in reader.rows("ancestry") or () if row[2] == stream}

    said = await asyncio.to_thread(digests)
    found = []
    for name in await ledger.streams("d/") if said else ():
        events = [record.data for record in (await ledger.read(name))[:1]]
        if name != stream and any(isinstance(e, Opened) and said & set(e.ancestors) for e in events):
            found.append(name)
    gone = {stone.stream for stone in tombstones_of(await ledger.read(RETENTION_STREAM)).values()}
    return tuple([_id(name) for name in found if name not in gone or await _there(ledger, name)])


# What is due.


def _schedules(settings: Settings) -> tuple[Schedule, ...]:
    if settings.retention is None:
        return ()
    labels = {label.word: int(label) for label in Label}
    return parse_schedules(read_toml(settings.retention), str(settings.retention), labels)


def _day(word: str | None) -> datetime.date:
    return today() if word is None else period(word, None).first


async def _due(ledger: StoredLedger, schedules: Sequence[Schedule], day: datetime.date) -> tuple[Due, ...]:
    if not schedules:
        return ()
    retention = await ledger.read(RETENTION_STREAM)
    stones, holds = tombstones_of(retention), holds_of(retention)
    open_now = {each.stream for each in await ledger.open_streams()}
    cases: list[Case] = []
    for stream in await ledger.streams("d/"):
        records = await ledger.read(stream)
        cases.append(case_of(records, stream_label(records), stones, is_open=stream in open_now))
    return due(cases, holds, schedules, day)


async def list_due(settings: Settings, on: str | None, path: Path | None, *, as_json: bool) -> None:
    """List what is due on a day and why it is not erased, where it is not.

    Raises:
        MalformedFileError: the schedules. UnknownNameError: day. LedgerUnavailableError: as the ledger.
    """
    schedules, day, lang = _schedules(settings), _day(on), settings.lang
    async with open_for_reading(settings, path) as ledger:
        found = await _due(ledger, schedules, day)
    if as_json:
        listed = {"on": day.isoformat(), "due": [_plain(each) for each in found]}
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    if not schedules:
        _tell(settings, "retention.no_schedules")
        return
    _tell(settings, "retention.due", day=day.isoformat(), count=len(found))
    if not found:
        return
    keys = ("ask.id", "ask.label", "retention.schedule", "retention.since", "retention.state")
    shown = screen.table(*(say(key, lang) for key in keys))
    for each in found:
        label = say(f"label.{Label(each.case.label).word}", lang)
        state = say(f"retention.is.{each.why_not or 'free'}", lang, holds=each.holds)
        row = (_id(each.case.stream), label, each.schedule.name, each.since.isoformat(), state)
        shown.add_row(*map(screen.plain, row))
    screen.console().print(shown)


def _plain(each: Due) -> dict[str, object]:
    return {
        "id": _id(each.case.stream),
        "label": Label(each.case.label).word,
        "schedule": each.schedule.name,
        "since": each.since.isoformat(),
        "bodies": len(each.case.commitments),
        "why_not": each.why_not,
        "holds": list(each.holds),
    }


# Legal holds.


async def hold(settings: Settings, order: HoldOrder) -> int:
    """Set a legal hold; the exit code.

    Raises:
        ErasureRefusedError: hold_known; hold_size, too many streams for one hold.
        UnknownNameError: deliberation. QuestionRefusedError: name_form, reason_form.
    """
    if order.every == bool(order.streams):
        screen.emit(screen.console(err=True), Text(say("retention.usage_hold", settings.lang), style="red"))
        return CALLERS_FAULT
    _check_hold(order)
    if not order.reason.strip():
        raise QuestionRefusedError("reason_form", most=MAX_REASON_CHARS)
    if len(order.streams) > MAX_NAMED:
        raise ErasureRefusedError("hold_size", name=order.name, most=MAX_NAMED)
    streams = tuple(dict.fromkeys(f"d/{name.removeprefix('d/')}" for name in order.streams))
    async with open_for_writing(settings, order.ledger) as ledger:
        for stream in streams:
            if not await ledger.read(stream):
                where = name_of(source_of(settings, order.ledger))
                raise UnknownNameError("deliberation", name=_id(stream), path=where)
        event = Held(name=order.name, streams=streams or (EVERY_STREAM,), by=order.by.strip())
        await ledger.append(RETENTION_STREAM, None, [Draft(event, _reason(order), actor=event.by)])
    _tell(settings, "retention.held", name=order.name, count=len(streams) or EVERY_STREAM)
    return 0


async def release(settings: Settings, order: HoldOrder) -> int:
    """Release a legal hold; the exit code.

    Raises:
        ErasureRefusedError: hold_unknown. QuestionRefusedError: name_form, reason_form.
    """
    _check_hold(order)
    async with open_for_writing(settings, order.ledger) as ledger:
        event = HoldReleased(name=order.name, by=order.by.strip())
        await ledger.append(RETENTION_STREAM, None, [Draft(event, _reason(order), actor=event.by)])
    _tell(settings, "retention.released", name=order.name)
    return 0


def _check_hold(order: HoldOrder) -> None:
    _check_person(order.by, order.reason)
    if not order.name.strip() or len(order.name) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)


def _reason(order: HoldOrder) -> dict[str, bytes]:
    return {"reason": order.reason.strip().encode()} if order.reason.strip() else {}


def _id(stream: str) -> str:
    return stream.removeprefix("d/")


def _tell(settings: Settings, key: str, **facts: str | int | tuple[str, ...]) -> None:
    screen.emit(screen.console(), screen.plain(say(key, settings.lang, **facts)))
