"""What `magi audit` reads and shows: sends, refusals and alarms, from the records of a ledger. Writes nothing there.

The log is verified before a number about a period is given; a log that is not sound gets none, and exit code 1.
Bodies stay closed, so nothing here can show a question, and a machine without the tenant key can audit. Times are
times in Japan.
"""

import csv
import datetime
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.ledger_opened import keys_beside, name_of, open_for_reading, source_of
from magi.core.errors import UnknownNameError
from magi.core.record import Record
from magi.jobs.outfile import OutFile
from magi.ledger.store import ACCESS_STREAM
from magi.ledger.verify import Brought, VerifyReport, verify_source
from magi.replay.egress import EgressAudit, Period
from magi.replay.sends import Incident, Send, incidents_of, lowerings_of, moment, sends_of
from magi.residency.label import Label
from magi.residency.policy import is_foreign
from magi.service.labelled import CONFIG
from magi.settings import Settings
from magi.words import say, say_failure

SHOWN_PROBLEMS = 20
"""Of a log that is not sound; `magi replay --all` lists more."""
NOT_SOUND = 1
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class EgressOptions:
    """What the command line says of one audit."""

    period: Period
    every: bool
    as_json: bool
    csv: Path | None
    ledger: Path | None


def verified(settings: Settings, ledger: Path | None) -> VerifyReport:
    """The check of a whole ledger, to the full; its bodies too where the tenant key is here.

    Raises:
        As `magi.ledger.verify.verify_source`.
    """
    return verify_source(source_of(settings, ledger), Brought(keys_beside(settings, ledger)))


def period(first: str | None, last: str | None) -> Period:
    """The days of the command line; without one, from the beginning, or to the end.

    Raises:
        UnknownNameError: not a calendar day as YYYY-MM-DD; a last day before the first.
    """
    asked = Period(
        datetime.date.min if first is None else _day(first), datetime.date.max if last is None else _day(last)
    )
    if asked.last < asked.first:
        raise UnknownNameError("period", name=f"{first} - {last}")
    return asked


def _day(word: str) -> datetime.date:
    try:
        if _DAY.fullmatch(word):
            return datetime.date.fromisoformat(word)
    except ValueError as error:
        raise UnknownNameError("day", name=word) from error
    raise UnknownNameError("day", name=word)


async def egress(settings: Settings, options: EgressOptions) -> int:
    """Verify the log, list the foreign sends of the period and count them; the exit code.

    Raises:
        ForeignLedgerError, LedgerUnavailableError, TamperedError: it cannot be read as a ledger.
    """
    report = verified(settings, options.ledger)
    if not report.sound:
        return _not_sound(report, settings.lang, as_json=options.as_json)
    audit = await _read(settings, options.ledger, options.period, keep_domestic=options.every)
    if options.csv is not None:
        _write_csv(options.csv, audit.listed())
    if options.as_json:
        typer.echo(json.dumps(_egress_json(audit, report), ensure_ascii=False, indent=2))
    else:
        _show_egress(audit, report, settings.lang, every=options.every)
    return 0


async def _read(
    settings: Settings, ledger: Path | None, days: Period, *, keep_domestic: bool = False
) -> EgressAudit:
    """Every stream of the ledger but that of accesses, which holds no sends."""
    async with open_for_reading(settings, ledger) as log:
        lowerings = lowerings_of(await log.read(CONFIG))
        audit = EgressAudit(days, lowerings, _foreign_cards(settings), keep_domestic)
        for stream in await log.streams(""):
            if stream != ACCESS_STREAM:
                audit.take(stream, await log.read(stream))
    return audit


def _foreign_cards(settings: Settings) -> Mapping[str, bool]:
    """Of every card there is today, by its digest, whether the policy calls it foreign."""
    cards = load_assets(settings.assets_dir).cards.values()
    return {card.digest: is_foreign(card) for card in cards}


def _not_sound(report: VerifyReport, lang: str, *, as_json: bool) -> int:
    problems = [
        {"what": p.what, "seq": p.seq, "stream": p.stream, "ordinal": p.ordinal} for p in report.problems
    ]
    if as_json:
        typer.echo(json.dumps({"verified": False, "problems": problems}, ensure_ascii=False, indent=2))
        return NOT_SOUND
    lines = [f"{p.stream or '-'}#{p.ordinal} (seq {p.seq}): {p.what}" for p in report.problems]
    words = say("audit.not_sound", lang, what="\n".join(lines[:SHOWN_PROBLEMS]))
    screen.emit(screen.console(), Text(words, style="bold red"))
    return NOT_SOUND


def _egress_json(audit: EgressAudit, report: VerifyReport) -> dict[str, object]:
    return {
        **_period_json(audit, report),
        "numbers": asdict(audit.numbers()),
        "sends": [send.plain() for send in audit.listed()],
    }


def _period_json(audit: EgressAudit, report: VerifyReport) -> dict[str, object]:
    first, last = audit.period.first, audit.period.last
    return {
        "from": None if first == datetime.date.min else first.isoformat(),
        "to": None if last == datetime.date.max else last.isoformat(),
        "verified": True,
        "root": report.root,
        "read": {
            "records": report.records,
            "waiting": report.waiting,
            "deliberations": audit.deliberations,
            "tickets": audit.tickets,
            "tickets_in_period": audit.tickets_in_period,
            "first": None if audit.first_ms is None else moment(audit.first_ms).isoformat(),
            "last": None if audit.last_ms is None else moment(audit.last_ms).isoformat(),
        },
    }


def _show_egress(audit: EgressAudit, report: VerifyReport, lang: str, *, every: bool) -> None:
    out, sends, numbers = screen.console(), audit.listed(), audit.numbers()
    title = "audit.egress_all" if every else "audit.egress"
    screen.emit(out, Text(f"{say(title, lang)}  {_period_words(audit, lang)}", style="bold"))
    if sends:
        out.print(_send_table(sends, lang, whole=True))
    facts = _read_words(audit, report, lang)
    if not numbers.foreign:
        screen.emit(out, Text(say("audit.none", lang, **facts), style="green"))
    else:
        screen.emit(out, Text(say("audit.some", lang, count=numbers.foreign, **facts), style="yellow"))
        for key, counts in (
            ("audit.by_host", numbers.by_host_country),
            ("audit.by_operator", numbers.by_operator_country),
            ("audit.by_label", {say(f"label.{word}", lang): n for word, n in numbers.by_label.items()}),
            ("audit.by_outcome", {say(f"audit.{fate}", lang): n for fate, n in numbers.by_outcome.items()}),
        ):
            words = "  ".join(f"{name} {count}" for name, count in counts.items())
            screen.emit(out, Text(f"  {say(key, lang)}: {words}"))
    others = {
        "audit.by_standins": numbers.by_standins,
        "audit.proven_unsent": numbers.not_sent,
        "audit.judged_by_record": numbers.judged_by_record,
    }
    for key, count in others.items():
        if count:
            screen.emit(out, Text("  " + say(key, lang, count=count)))
    rest = {"domestic": numbers.domestic, "refused": numbers.refused_by_guard, "alarms": numbers.alarms}
    screen.emit(out, Text("  " + say("audit.rest", lang, **rest)))
    screen.emit(out, Text(say("replay.root", lang, root=report.root), style="dim"))


def _period_words(audit: EgressAudit, lang: str) -> str:
    first, last = audit.period.first, audit.period.last
    begin = say("audit.beginning", lang) if first == datetime.date.min else first.isoformat()
    end = say("audit.end", lang) if last == datetime.date.max else last.isoformat()
    return say("audit.period", lang, first=begin, last=end)


def _read_words(audit: EgressAudit, report: VerifyReport, lang: str) -> dict[str, str | int]:
    return {
        "period": _period_words(audit, lang),
        "deliberations": audit.deliberations,
        "tickets": audit.tickets,
        "inside": audit.tickets_in_period,
        "records": report.records,
        "first": _minute(audit.first_ms),
        "last": _minute(audit.last_ms),
    }


def _send_table(sends: Sequence[Send], lang: str, *, whole: bool) -> Table:
    """Sends as a table; `whole` names deliberation and reasons, which one deliberation's table need not."""
    keys = ("audit.time", "ask.seat", "audit.to_whom", "audit.why" if whole else "ask.label", "audit.outcome")
    shown = screen.table(*(say(key, lang) for key in keys))
    for send in sends:
        when = (_minute(send.at_ms), *((send.stream.removeprefix("d/"),) if whole else ()))
        host, operator = f"{send.host} ({send.country})", f"{send.operator} ({send.operator_country})"
        label = (say(f"label.{Label(send.label).word}", lang), *send.topics)
        cells = (
            when,
            (send.seat, send.card),
            (host, operator, *send.law),
            (*label, *(_why(send, lang) if whole else ())),
            (*_outcome(send, lang), send.digest[: screen.DIGEST_CHARS]),
        )
        shown.add_row(*(Text("\n".join(lines)) for lines in cells))
    return shown


def _why(send: Send, lang: str) -> list[str]:
    """Why the policy let it pass: profile, declaration, and what the detectors found and who overruled it."""
    parts = [send.profile, say("audit.declared" if send.declared else "audit.undeclared", lang)]
    if not send.hits:
        parts.append(say("audit.no_hit", lang))
    kept = [rule for rule in send.hits if rule not in send.cleared]
    parts += [say("audit.hit", lang, rules=", ".join(kept))] if kept else []
    if send.cleared:
        by = " / ".join(f"#{each.number} {each.by}" for each in send.lowerings) or "?"
        parts.append(say("audit.cleared", lang, rules=", ".join(send.cleared), by=by))
    return parts


def _outcome(send: Send, lang: str) -> list[str]:
    words = [say(f"audit.{send.fate}", lang)]
    words += [say_failure(send.failure, lang)] if send.failure else []
    return [*words, *([say("audit.standin", lang)] if send.standin else [])]


def _minute(at_ms: int | None) -> str:
    return "-" if at_ms is None else moment(at_ms).strftime("%Y-%m-%d %H:%M:%S")


def _write_csv(path: Path, sends: Sequence[Send]) -> None:
    """One row a send, with a mark at the start by which spreadsheets know UTF-8; whole or not at all."""
    rows = [_csv_row(send) for send in sends]
    names = list(_csv_row(_NO_SEND)) if not rows else list(rows[0])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    with OutFile(path) as out:
        out.write(text.getvalue().encode("utf-8-sig"))
        out.finish()


_NO_SEND = Send(
    0, "", "", "", 1, "", "", "", "", "", (), 0, (), (), (), "", declared=False, hits=(), digest="",
    foreign=False, card_known=False,
)  # fmt: skip
"""Gives the columns where there is nothing to list."""


def _csv_row(send: Send) -> dict[str, str]:
    return {name: _cell(value) for name, value in send.plain().items()}


def _cell(value: object) -> str:
    """A value as one cell; a leading sign that a spreadsheet would take for a formula is kept from it."""
    if isinstance(value, list):
        value = "; ".join(f"#{v['number']} {v['by']}" if isinstance(v, dict) else str(v) for v in value)
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# One deliberation.


async def sights(settings: Settings, name: str, ledger: Path | None, *, as_json: bool) -> None:
    """Print who saw what in one deliberation, running, finished or refused.

    Raises:
        UnknownNameError: no deliberation of that name.
        ForeignLedgerError, LedgerUnavailableError, TamperedError: see the ledger.
    """
    stream = f"d/{name.removeprefix('d/')}"
    async with open_for_reading(settings, ledger) as log:
        records = await log.read(stream)
        config = await log.read(CONFIG)
    if not records:
        raise UnknownNameError("deliberation", name=name, path=name_of(source_of(settings, ledger)))
    sends = sends_of(stream, records, lowerings_of(config), _foreign_cards(settings))
    incidents = incidents_of(records)
    if as_json:
        found = {"sends": [s.plain() for s in sends], "incidents": [i.plain() for i in incidents]}
        typer.echo(json.dumps({"id": stream.removeprefix("d/"), **found}, ensure_ascii=False, indent=2))
        return
    _show_sights(records, sends, incidents, settings.lang)


def _show_sights(
    records: Sequence[Record], sends: Sequence[Send], incidents: Sequence[Incident], lang: str
) -> None:
    out = screen.console()
    head = f"{say('ask.sights', lang)}: {records[0].stream.removeprefix('d/')}  {_minute(records[0].at_ms)}"
    screen.emit(out, Text(head, style="bold"))
    if sends:
        out.print(_send_table(sends, lang, whole=False))
    else:
        screen.emit(out, Text(say("ask.nobody", lang)))
    if incidents:
        out.print(_incident_table(incidents, lang))


# Alarms and refusals.


async def alarms(settings: Settings, days: Period, ledger: Path | None, *, as_json: bool) -> int:
    """Verify the log and list the alarms and refusals of the period; the exit code."""
    report = verified(settings, ledger)
    if not report.sound:
        return _not_sound(report, settings.lang, as_json=as_json)
    audit = await _read(settings, ledger, days)
    found = audit.listed_incidents()
    if as_json:
        listed = {"incidents": [each.plain() for each in found]}
        typer.echo(json.dumps({**_period_json(audit, report), **listed}, ensure_ascii=False, indent=2))
        return 0
    out, lang = screen.console(), settings.lang
    if found:
        out.print(_incident_table(found, lang))
    kinds = [(each.kind, each.by) for each in found]
    counts = {
        "alarms": sum(kind == "alarm" for kind, _ in kinds),
        "label": kinds.count(("refused", "label")),
        "planner": kinds.count(("refused", "planner")),
        "egress": kinds.count(("refused", "egress")),
    }
    screen.emit(out, Text(say("audit.incidents", lang, **counts, **_read_words(audit, report, lang))))
    return 0


def _incident_table(incidents: Sequence[Incident], lang: str) -> Table:
    keys = ("audit.time", "ask.id", "audit.kind", "audit.reason", "ask.seat", "ask.label")
    shown = screen.table(*(say(key, lang) for key in keys))
    for each in incidents:
        kind = "audit.alarm" if each.kind == "alarm" else f"audit.refused.{each.by}"
        rules = "".join(f"\n{rule}" for rule in each.rules)
        label = "-" if each.label is None else say(f"label.{Label(each.label).word}", lang)
        who = "\n".join(word for word in (each.seat, each.card) if word) or "-"
        cells = (
            _minute(each.at_ms), each.stream.removeprefix("d/"), say(kind, lang), each.reason + rules, who, label
        )  # fmt: skip
        shown.add_row(*(Text(cell) for cell in cells))
    return shown
