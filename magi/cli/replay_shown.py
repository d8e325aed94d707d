"""How a replay looks: on a terminal, and as JSON. Integrity first, then each deliberation, then the sums."""

import datetime
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from magi.cli import screen
from magi.cli.replay_levels import Detail
from magi.cli.replay_order import ReplayOptions
from magi.cli.replay_what_if import counterfactual_json, percent, show_counterfactual
from magi.core.acts import Level
from magi.ledger.verify import Problem, VerifyReport
from magi.replay.egress import Period
from magi.replay.manifest import manifest_of
from magi.replay.offline import OfflineReplay
from magi.replay.period import Found, Summary
from magi.replay.requery import Agreement, Agreements
from magi.replay.sends import moment
from magi.words import say, say_class, say_error

if TYPE_CHECKING:
    from magi.cli.replay import Checked

SHOWN = 50
"""Deliberations listed one by one on a screen, those first that are not as they should be; the sums count all."""


def show(checked: "Checked", lang: str, *, listed: bool = True) -> None:
    """Print what was found."""
    out, summary = screen.console(), checked.summary
    style = "green" if checked.report.sound else "bold red"
    screen.emit(out, Text(_integrity(checked.report, lang), style=style))
    screen.emit(out, Text(say("replay.root", lang, root=checked.report.root)))
    if listed and summary.deliberations:
        _show_listed(out, summary, lang)
    _show_sums(out, checked, lang)
    if checked.detail is not None and checked.detail.counterfactual is not None:
        show_counterfactual(out, checked.detail.counterfactual, lang)
    if checked.detail is not None and checked.detail.offline is not None:
        _show_offline(out, checked.detail.offline, lang)
    if checked.detail is not None and checked.detail.agreement is not None:
        _show_agreement(out, checked.detail.agreement, lang)
    elif checked.agreements is not None:
        _show_agreements(out, checked.agreements, lang)


def show_manifest(detail: Detail | None) -> None:
    """Print what one deliberation ran on, as JSON."""
    found = {} if detail is None else manifest_of(detail.records)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


def show_json(checked: "Checked", options: ReplayOptions) -> None:
    """Print everything as JSON; of a period the first deliberations, and those that are not as they should be."""
    summary = checked.summary
    shown: dict[str, object] = {
        "verified": checked.report.sound,
        "problems": [_problem_json(problem) for problem in checked.report.problems],
        "size": checked.report.records - checked.report.waiting,
        "waiting": checked.report.waiting,
        "root": checked.report.root,
        **_days(options.period),
        "deliberations": summary.deliberations,
        "outcomes": dict(summary.outcomes),
        "levels": {level: summary.counts(level) for level in summary.levels},
        "moves": [
            {"recorded": before, "recomputed": after, "count": number}
            for (before, after), number in sorted(checked.moves.items())
        ],
        "code": {"running": checked.code, "recorded": dict(summary.codes)},
        "listed": [_found_json(found) for found in _listed(summary)],
        "as_it_should_be": checked.sound,
        "recorded": {"ordinal": checked.noted, "why_not": _why_not(checked, options)},
    }
    if checked.detail is not None and checked.detail.counterfactual is not None:
        shown["counterfactual"] = counterfactual_json(checked.detail.counterfactual)
    if checked.detail is not None and checked.detail.offline is not None:
        shown["offline"] = checked.detail.offline.plain()
    if checked.detail is not None and checked.detail.agreement is not None:
        shown["agreement"] = checked.detail.agreement.plain()
    if checked.agreements is not None:
        shown["agreements"] = checked.agreements.plain()
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


def _listed(summary: Summary) -> list[Found]:
    """Those that are not as they should be, then the first of the others."""
    return [*summary.amiss, *(found for found in summary.listed if not found.amiss)]


def _days(period: Period) -> dict[str, str | None]:
    first, last = period.first, period.last
    return {
        "from": None if first == datetime.date.min else first.isoformat(),
        "to": None if last == datetime.date.max else last.isoformat(),
    }


def _problem_json(problem: Problem) -> dict[str, object]:
    return {
        "what": problem.what,
        "seq": problem.seq,
        "stream": problem.stream,
        "ordinal": problem.ordinal,
    }


def _found_json(found: Found) -> dict[str, object]:
    return {
        "deliberation": found.stream.removeprefix("d/"),
        "time": None if found.at_ms is None else moment(found.at_ms).isoformat(),
        "code": found.code,
        "outcome": found.outcome,
        **{str(level): result for level, result in found.results.items()},
    }


def _why_not(checked: "Checked", options: ReplayOptions) -> str | None:
    """Why the replay is not noted, as a code; None where it is."""
    if checked.noted is not None:
        return None
    if not options.note:
        return "not_wanted"
    if not checked.report.sound:
        return "not_sound"
    return "not_wanted" if checked.error is None else f"{checked.error.code}.{checked.error.reason}"


# Terminal.


def _show_listed(out: Console, summary: Summary, lang: str) -> None:
    levels = [level for level in summary.levels if level != "R0"]
    headings = (
        say("ask.id", lang),
        say("replay.outcome", lang),
        *(_heading(level, lang) for level in levels),
    )
    shown = screen.table(*headings)
    for found in _listed(summary)[:SHOWN]:
        outcome = say(f"outcome.{found.outcome}", lang) if found.outcome else "-"
        words = (_result(level, found.results.get(level), lang) for level in levels)
        shown.add_row(found.stream.removeprefix("d/"), outcome, *words)
    out.print(shown)


def _heading(level: Level, lang: str) -> str:
    return say("replay.result", lang) if level == "R1" else f"{level} {say(f'replay.level.{level}', lang)}"


def _result(level: Level, result: str | None, lang: str) -> str:
    if result is None:
        return "-"
    return say(f"replay.{result}" if level == "R1" else f"replay.{level}.{result}", lang)


def _show_sums(out: Console, checked: "Checked", lang: str) -> None:
    summary = checked.summary
    again = summary.counts("R1")
    counts = {name: again.get(name, 0) for name in ("same", "different", "open", "refused", "malformed")}
    screen.emit(out, Text(say("replay.summary", lang, all=summary.deliberations, **counts)))
    if summary.deliberations > 1:
        out.print(_sums(checked, lang))
    others = summary.other_codes(checked.code)
    if others:
        words = _counted(others)
        screen.emit(out, Text(say("replay.other_code", lang, running=checked.code, recorded=words)))


def _sums(checked: "Checked", lang: str) -> Table:
    """The period as a table: outcomes, what each level found, and how outcomes moved under a change."""
    summary = checked.summary
    shown = screen.table(say("replay.what", lang), say("replay.count", lang))
    outcomes = {say(f"outcome.{name}", lang): n for name, n in summary.outcomes.most_common()}
    shown.add_row(say("replay.outcome", lang), _counted(outcomes) or "-")
    for level in summary.levels:
        found = {_result(level, name, lang): number for name, number in summary.counts(level).items()}
        shown.add_row(f"{level} {say(f'replay.level.{level}', lang)}", _counted(found))
    moved = {
        " → ".join(say(f"outcome.{name}", lang) for name in move): number
        for move, number in sorted(checked.moves.items())
    }
    if moved:
        shown.add_row(
            say("replay.moved", lang), "\n".join(f"{move} {number}" for move, number in moved.items())
        )
    return shown


def _counted(numbers: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {number}" for name, number in numbers.items())


def show_note(checked: "Checked", options: ReplayOptions, lang: str) -> None:
    """Print whether the replay is on record, and where it is not, why."""
    why = _why_not(checked, options)
    if why is None:
        words = say("replay.noted", lang, ordinal=checked.noted or 0)
    elif checked.error is not None and why not in ("not_wanted", "not_sound"):
        words = say("replay.not_noted", lang, why=say_error(checked.error, lang))
    else:
        words = say(f"replay.{why}", lang)
    screen.emit(screen.console(), Text(words, style="dim"))


def _integrity(report: VerifyReport, lang: str) -> str:
    if not report.sound:
        return say("replay.broken", lang, what="\n".join(_problem(p) for p in report.problems[:SHOWN]))
    if report.bodies_checked or not report.bodies_missing:
        return say("replay.verified", lang, records=report.records, bodies=report.bodies_checked)
    return say("replay.unread", lang, records=report.records)


def _problem(problem: Problem) -> str:
    where = "" if problem.stream is None else f"{problem.stream}#{problem.ordinal} (seq {problem.seq}): "
    return f"{where}{problem.what}"


# One deliberation.


def _show_offline(out: Console, found: OfflineReplay, lang: str) -> None:
    if found.first_difference is not None:
        screen.emit(out, screen.plain("  " + say("replay.first", lang, what=found.first_difference)))
    if found.verdict_same is not None and found.result != "same":
        key = "replay.verdict_same" if found.verdict_same else "replay.verdict_differs"
        screen.emit(out, Text("  " + say(key, lang)))
    for key, names in (
        ("replay.manifest_differs", found.manifest.differs),
        ("replay.manifest_unknown", found.manifest.unknown),
        ("replay.taken", found.taken),
    ):
        if names:
            screen.emit(out, Text("  " + say(key, lang, names=", ".join(names))))


def _show_agreement(out: Console, found: Agreement, lang: str) -> None:
    if found.why is not None:
        screen.emit(out, Text("  " + say("replay.not_asked", lang, why=found.why)))
    if found.again is None:
        return
    labels = [say(f"label.{word}", lang) for word in (found.label_then, found.label_now) if word]
    again = say("replay.again", lang, id=found.again.removeprefix("d/"), labels=" → ".join(labels))
    screen.emit(out, Text("  " + again))
    headings = ("ask.seat", "replay.R4.word", "replay.then", "replay.now")
    shown = screen.table(*(say(key, lang) for key in headings))
    for seat in found.seats:
        sides = ((seat.said_then, seat.class_then), (seat.said_now, seat.class_now))
        cells = (
            f"{say(f'said.{said}', lang)} {'' if c is None else say_class(c, lang)}" for said, c in sides
        )
        shown.add_row(seat.seat.upper(), say(f"replay.R4.{seat.word}", lang), *(Text(cell) for cell in cells))
    out.print(shown)


def _show_agreements(out: Console, found: Agreements, lang: str) -> None:
    facts = {"asked": found.asked, "not_asked": found.not_asked, "standins": found.standins}
    verdicts, seats = percent(found.verdicts_same_bp), percent(found.seats_same_bp)
    screen.emit(out, Text(say("replay.agreed", lang, verdicts=verdicts, seats=seats, **facts)))
    for seat, words in found.by_seat.items():
        counts = {say(f"replay.R4.{word}", lang): number for word, number in words.items()}
        screen.emit(out, Text(f"  {seat.upper()}: {_counted(counts)}"))
