"""`magi policy lower`, `lowered`, `raise`: a named person's word on a label, on record.

Lowering is of one text, for new conversations; raising is of a finished deliberation and all that was said in it.
What would leave no record is refused before a ledger is made for it. No text is printed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.text import Text

from magi.assets import load_assets
from magi.cli import screen
from magi.cli.ask import AskOptions, read_question
from magi.cli.explain import reason_of
from magi.cli.ledger_opened import name_of, open_for_reading, source_of
from magi.core.decided import Decided
from magi.core.errors import LedgerUnavailableError, QuestionRefusedError, UnknownNameError
from magi.replay.sends import lowerings_of, moment
from magi.residency.label import Label
from magi.residency.labelling import Finding
from magi.service.labelled import CONFIG, MAX_REASON_CHARS, lower_label, parts, raise_label
from magi.service.reply import label_of
from magi.settings import Settings
from magi.wiring import labeller, open_tools
from magi.words import say

MAX_NAME_CHARS = 200
"""A record's codes are no longer."""


@dataclass(frozen=True)
class LowerOrder:
    """What the command line says of one lowering."""

    text: str
    options: tuple[str, ...]
    to: str
    by: str
    reason: str
    as_json: bool


async def lower(settings: Settings, order: LowerOrder) -> None:
    """Put a lowering on record and print the number to cite and what was overruled.

    Raises:
        UnknownNameError, QuestionRefusedError: see `service.labelled.lower_label`; nothing was recorded.
        LedgerUnavailableError, ForeignLedgerError, KeyMissingError: the ledger cannot be written.
    """
    question = read_question(
        order.text, AskOptions(None, None, None, order.options, rehearsal=False, as_json=False)
    )
    assets = load_assets(settings.assets_dir)
    profile = assets.profile(settings.profile)
    _check_name(order.by)
    if not order.reason.strip() or len(order.reason) > MAX_REASON_CHARS:
        raise QuestionRefusedError("lowering_incomplete", most=MAX_REASON_CHARS)
    residency = labeller(settings, profile)
    if settings.ledger_url is None and not settings.ledger_path.exists():
        try:
            wanted = profile.declared(order.to)
            _check_lowerable(await residency.label(parts(question), wanted), wanted)
        finally:
            await residency.aclose()
    async with open_tools(settings, assets) as tools:
        number, event = await lower_label(tools, question, order.to, order.by, order.reason)
    label = Label(event.after).word
    if order.as_json:
        shown = {"number": number, **event.model_dump(mode="json")}
        shown |= {"before": Label(event.before).word, "after": label}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    out, lang, rules = screen.console(), settings.lang, residency.detectors.rules
    screen.emit(out, Text(say("policy.lowered", lang, number=number), style="bold"))
    words = [f"label.{Label(word).word}" for word in (event.before, event.after)]
    screen.emit(out, Text(" → ".join(say(word, lang) for word in words)))
    screen.emit(out, *(Text(f"  {rule}: {reason_of(rule, rules)[lang]}") for rule in event.rules))
    cite = say("policy.cite", lang, label=label, number=number)
    screen.emit(out, Text(cite + "".join(' --option "…"' for _ in order.options)))
    screen.emit(out, Text(say("policy.exactly_this", lang), style="yellow"))


def _check_name(by: str) -> None:
    if not by.strip() or len(by) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)


def _check_lowerable(found: Finding, wanted: Label) -> None:
    if found.label >= Label.CLASSIFIED:
        raise QuestionRefusedError("lowering_classified")
    if not any(hit.label > wanted for hit in found.hits):
        raise QuestionRefusedError("lowering_nothing")


async def lowered(settings: Settings, ledger: Path | None, *, as_json: bool) -> None:
    """List the lowerings on record; reasons stay in their bodies.

    Raises:
        ForeignLedgerError, LedgerUnavailableError, TamperedError: see the ledger.
    """
    async with open_for_reading(settings, ledger) as log:
        found = lowerings_of(await log.read(CONFIG))
    if as_json:
        typer.echo(json.dumps([each.plain() for each in found], ensure_ascii=False, indent=2))
        return
    out, lang = screen.console(), settings.lang
    if not found:
        screen.emit(out, Text(say("policy.none_lowered", lang)))
        return
    keys = ("policy.number", "audit.time", "policy.by", "policy.from_to", "policy.rule")
    shown = screen.table(*(say(key, lang) for key in keys))
    for each in found:
        labels = " → ".join(say(f"label.{Label(word).word}", lang) for word in (each.before, each.after))
        when = moment(each.at_ms).strftime("%Y-%m-%d %H:%M:%S")
        row = (str(each.number), when, screen.plain(each.by), labels, "\n".join(each.rules))
        shown.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    out.print(shown)


async def raise_finished(settings: Settings, name: str, word: str, by: str) -> None:
    """Raise the label of a finished deliberation and print what it then is.

    Raises:
        UnknownNameError: no such deliberation or label. QuestionRefusedError: not_finished, name_form.
        LedgerUnavailableError: not_found where there is no ledger; else as the ledger.
    """
    assets = load_assets(settings.assets_dir)
    assets.profile(settings.profile).declared(word)
    _check_name(by)
    source, stream = source_of(settings, None), f"d/{name.removeprefix('d/')}"
    if isinstance(source, Path) and not source.exists():
        raise LedgerUnavailableError("not_found", path=str(source))
    async with open_tools(settings, assets) as tools:
        records = await tools.ledger.read(stream)
        if not records:
            raise UnknownNameError("deliberation", name=name, path=name_of(source))
        if not any(isinstance(record.data, Decided) for record in records):
            raise QuestionRefusedError("not_finished", id=name)
        before = label_of(record.data for record in records)
        reached = await raise_label(tools, stream, word, by.strip())
    labels = {"before": before, "after": reached}
    shown = {key: say(f"label.{Label(label).word}", settings.lang) for key, label in labels.items()}
    key = "policy.raised" if reached > before else "policy.not_raised"
    screen.emit(screen.console(), Text(say(key, settings.lang, id=stream.removeprefix("d/"), **shown)))
