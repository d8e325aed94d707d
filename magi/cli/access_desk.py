"""What `magi audit request`, `approve`, `read` and `accesses` do.

Promises: an access is on record before the body is opened (`magi.service.access`), a refusal too; what is printed is
shown as plain text, so that no control character reaches the terminal; reasons are case numbers, since records are
never erased and no free text may enter them. Listing bodies or accesses opens none.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

from magi.cli import screen
from magi.cli.ledger_opened import name_of, open_for_reading, open_for_writing, source_of
from magi.core.acts import AccessApproved, AccessDenied, Accessed, AccessRequested
from magi.core.errors import ErasedError, MalformedFileError, QuestionRefusedError, UnknownNameError
from magi.core.record import Record, Ref
from magi.core.roles import folded, same_person
from magi.ledger.schedule import Tombstone, tombstones_of
from magi.ledger.store import StoredLedger
from magi.replay.egress import Period
from magi.replay.sends import moment
from magi.residency.label import Label
from magi.service.access import ACCESS, Desk, stream_label
from magi.settings import Settings
from magi.wiring import SystemClock, access_rules
from magi.words import say

GONE = 1
PRIVATE = 0o600
MAX_NAME_CHARS: Final = 200
"""A record's codes are no longer."""
CASE_NUMBER = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
"""A case number, not prose."""
RETENTION = "retention"
ONE_OF_EACH = ("opened", "decided")
"""Kinds of which a deliberation has one, so that their bodies need no number."""
OTHER_STREAMS = ("config", RETENTION)
"""Streams beside the deliberations whose records have bodies: people's reasons."""


@dataclass(frozen=True)
class ReadOrder:
    """What the command line says of one reading; `body` is None to list the bodies."""

    name: str
    body: str | None
    who: str
    why: str
    out: Path | None
    ledger: Path | None


def _desk(settings: Settings, ledger: StoredLedger) -> Desk:
    return Desk(ledger, access_rules(settings), SystemClock())


async def request(settings: Settings, name: str, who: str, why: str, path: Path | None) -> None:
    """Put a request on record and print its number.

    Raises:
        AccessRefusedError: the roles refuse it already. UnknownNameError: deliberation.
        QuestionRefusedError: name_form, why_form.
    """
    _check(who, why)
    async with open_for_writing(settings, path) as ledger:
        desk = _desk(settings, ledger)
        records = await _records(ledger, settings, name, path)
        record = await desk.request(records, who.strip(), why)
    assert isinstance(record.data, AccessRequested)  # noqa: S101  # the desk answers with what it recorded
    label = say(f"label.{Label(record.data.label).word}", settings.lang)
    until = _minute(record.data.expires_ms)
    _tell(settings, "access.requested", number=record.ordinal, id=_id(records), label=label, until=until)


async def approve(settings: Settings, number: int, by: str, path: Path | None, *, granted: bool) -> None:
    """Put the second person's word on record.

    Raises:
        AccessRefusedError: same_person, expired, denied, or what the roles say. UnknownNameError: request.
    """
    _check(by, "approve")
    async with open_for_writing(settings, path) as ledger:
        await _desk(settings, ledger).approve(number, by.strip(), granted=granted)
    _tell(settings, "access.approved" if granted else "access.denied", number=number)


async def read(settings: Settings, order: ReadOrder) -> int:
    """Print one body, or the list of them; the exit code.

    Raises:
        AccessRefusedError: somebody may not. UnknownNameError: deliberation, body. QuestionRefusedError: name_form,
            why_form. MagiError: as the ledger.
    """
    if order.body is None:
        await _list_bodies(settings, order)
        return 0
    _check(order.who, order.why)
    async with open_for_writing(settings, order.ledger) as ledger:
        desk = _desk(settings, ledger)
        records = await _records(ledger, settings, order.name, order.ledger)
        ref = _chosen(records, order.body)
        if order.out is not None and order.out.exists():  # before an access is on record
            raise MalformedFileError("taken", file=str(order.out))
        try:
            data = await desk.body(records, ref, order.who.strip(), order.why)
        except ErasedError:
            stone = tombstones_of(await ledger.read(RETENTION))[ref.commitment]
            _tell(settings, "access.erased", **_stone_words(stone))
            return GONE
    if order.out is not None:
        _write(order.out, data)
        return 0
    screen.emit(screen.console(), screen.plain(_readable(data)))
    return 0


def _write(path: Path, data: bytes) -> None:
    """A new file, readable by its owner only."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise MalformedFileError("taken", file=str(path)) from error


def _readable(data: bytes) -> str:
    """JSON line by line; anything else as the text that it is."""
    text = data.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def _check(who: str, why: str) -> None:
    if not folded(who) or len(who) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    if not CASE_NUMBER.fullmatch(why):
        raise QuestionRefusedError("why_form")


async def _records(
    ledger: StoredLedger, settings: Settings, name: str, path: Path | None
) -> tuple[Record, ...]:
    stream = name if name in OTHER_STREAMS else f"d/{name.removeprefix('d/')}"
    records = await ledger.read(stream)
    if not records:
        raise UnknownNameError("deliberation", name=name, path=name_of(source_of(settings, path)))
    return records


def _bodies(records: Sequence[Record]) -> Mapping[str, Ref]:
    """The bodies of a stream by the names that the command line knows them by.

    `question`, `reply`; of an ask `answer:a1`, of its later attempts `request:a1:2`; elsewhere by ordinal `reason:3`.
    """
    found: dict[str, Ref] = {}
    for record in records:
        ask, attempt = (getattr(record.data, name, None) for name in ("ask", "attempt"))
        for ref in record.refs:
            names = [f"{ref.name}:{ask}", f"{ref.name}:{ask}:{attempt}"] if ask else []
            names = [ref.name] if record.kind in ONE_OF_EACH else names
            names.append(f"{ref.name}:{record.ordinal}")
            found[next((name for name in names if name not in found), names[-1])] = ref
    return found


def _chosen(records: Sequence[Record], wanted: str) -> Ref:
    known = _bodies(records)
    if wanted not in known:
        raise UnknownNameError("body", name=wanted, known=tuple(known))
    return known[wanted]


async def _list_bodies(settings: Settings, order: ReadOrder) -> None:
    """The bodies of a stream by name, with what became of them; nothing is opened, so nothing is recorded."""
    lang = settings.lang
    async with open_for_reading(settings, order.ledger) as ledger:
        records = await _records(ledger, settings, order.name, order.ledger)
        stones = tombstones_of(await ledger.read(RETENTION))
    label = say(f"label.{Label(stream_label(records)).word}", lang)
    screen.emit(screen.console(), Text(f"{_id(records)}  {say('ask.label', lang)}: {label}", style="bold"))
    shown = screen.table(*(say(key, lang) for key in ("access.body", "access.bytes", "access.state")))
    for name, ref in _bodies(records).items():
        stone = stones.get(ref.commitment)
        state = (
            say("access.kept", lang) if stone is None else say("access.erased", lang, **_stone_words(stone))
        )
        shown.add_row(Text(name), Text(str(ref.length)), screen.plain(state))
    screen.console().print(shown)


def _stone_words(stone: Tombstone) -> dict[str, str]:
    return {"when": _minute(stone.at_ms), "by": stone.by, "why": stone.why}


# Who read what.


@dataclass(frozen=True)
class Line:
    """One line of the list: what somebody did, to which body or stream, and why."""

    number: int
    at_ms: int
    what: str
    who: str
    id: str
    body: str | None
    why: str
    request: int | None

    def plain(self) -> dict[str, object]:
        """As plain JSON values; the time in Japan."""
        return {**vars(self), "at": moment(self.at_ms).isoformat()}


async def accesses(
    settings: Settings, days: Period, who: str | None, path: Path | None, *, as_json: bool
) -> None:
    """List who read what in a period, and who asked, agreed or was refused.

    Raises:
        LedgerUnavailableError, ForeignLedgerError, TamperedError: as the ledger.
    """
    async with open_for_reading(settings, path) as ledger:
        records = await ledger.read(ACCESS)
        wanted = [record for record in records if days.holds(record.at_ms)]
        places = await _places(ledger, wanted)
    lines = [_line(record, records, places) for record in wanted]
    found = [line for line in lines if who is None or same_person(who, line.who)]
    if as_json:
        typer.echo(json.dumps({"accesses": [line.plain() for line in found]}, ensure_ascii=False, indent=2))
        return
    _tell(settings, "access.listed", count=len(found))
    if not found:
        return
    keys = ("access.number", "audit.time", "access.what", "access.who", "ask.id", "access.body", "access.why")
    shown = screen.table(*(say(key, settings.lang) for key in keys))
    for line in found:
        cited = "" if line.request is None else f" (#{line.request})"
        what = say(f"access.did.{line.what}", settings.lang) + cited
        row = (str(line.number), _minute(line.at_ms), what, line.who, line.id, line.body or "-", line.why)
        shown.add_row(*map(screen.plain, row))
    screen.console().print(shown)


async def _places(ledger: StoredLedger, records: Sequence[Record]) -> Mapping[str, tuple[str, str]]:
    """Stream and name of every body that these records say was read, in one pass over the log's streams."""
    wanted = {record.data.commitment for record in records if isinstance(record.data, Accessed)}
    found: dict[str, tuple[str, str]] = {}
    for stream in await ledger.streams("") if wanted else ():
        if stream != ACCESS:
            known = _bodies(await ledger.read(stream))
            found |= {
                ref.commitment: (stream, name) for name, ref in known.items() if ref.commitment in wanted
            }
        if len(found) == len(wanted):
            break
    return found


def _line(record: Record, records: Sequence[Record], places: Mapping[str, tuple[str, str]]) -> Line:
    event, head = record.data, (record.ordinal, record.at_ms)
    match event:
        case Accessed():
            stream, name = places.get(event.commitment, ("?", event.commitment[: screen.DIGEST_CHARS]))
            return Line(*head, "read", event.who, _plain(stream), name, event.why, event.request)
        case AccessRequested():
            return Line(*head, "requested", event.who, _plain(event.stream), None, event.why, None)
        case AccessApproved():
            asked = records[event.request].data if event.request < len(records) else None
            stream = asked.stream if isinstance(asked, AccessRequested) else "?"
            what = "approved" if event.granted else "denied"
            return Line(*head, what, event.by, _plain(stream), None, "-", event.request)
        case AccessDenied():
            why = f"{event.why} ({event.reason})"
            return Line(*head, "refused", event.who, _plain(event.stream), None, why, None)
        case _:
            return Line(*head, record.kind, record.actor, "?", None, "-", None)


def _plain(stream: str) -> str:
    return stream.removeprefix("d/")


def _id(records: Sequence[Record]) -> str:
    return _plain(records[0].stream)


def _minute(at_ms: int) -> str:
    return moment(at_ms).strftime("%Y-%m-%d %H:%M:%S")


def _tell(settings: Settings, key: str, **facts: str | int | tuple[str, ...]) -> None:
    screen.emit(screen.console(), screen.plain(say(key, settings.lang, **facts)))
