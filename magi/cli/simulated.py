"""`magi policy simulate`: which logged deliberations another profile would have seated differently. Writes nothing.

Each is judged on its own day, by the records alone. A card that is not any more what it was that day (by the digest
in the manifest) is unknown; in a rehearsal or a recording, whose cards were bound to a stand-in, today's card is
bound the same way. The planner's refusal names no council: it is that of today with the same seats, or unknown.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import screen
from magi.cli.explain import profile_named
from magi.cli.ledger_opened import open_for_reading
from magi.core.card import Card
from magi.core.council import Council
from magi.core.decided import Decided
from magi.core.record import Answered, Hit, Opened, Record, Refused
from magi.replay.egress import Period
from magi.replay.sends import moment
from magi.residency.detect.rule import Rule
from magi.residency.label import Label, join
from magi.residency.profile import Profile
from magi.residency.simulate import SeatRuling, Simulated, opening_of, opening_refused, simulate
from magi.settings import Settings
from magi.wiring import bind, labeller
from magi.words import say, say_reasons

SHOWN = 50
"""Deliberations listed one by one on a screen; the sums count all, and JSON lists all."""
NOWHERE = "http://127.0.0.1:1/v1"
"""Where a bound card's stand-in was does not matter to a ruling."""


@dataclass(frozen=True)
class SimulateOptions:
    """What the command line says of one simulation."""

    profile: str
    period: Period
    as_json: bool
    ledger: Path | None


@dataclass(frozen=True)
class Line:
    """One deliberation: when, its label, and what the other profile makes of it; None where nobody can tell."""

    stream: str
    at_ms: int
    label: int
    found: Simulated | None

    @property
    def state(self) -> str:
        """The deliberation as a count: same, different or unknown."""
        if self.found is None:
            return "unknown"
        if self.found.differs:
            return "different"
        return "unknown" if self.found.unknown_cards else "same"

    def plain(self) -> dict[str, object]:
        """As plain JSON values."""
        shown: dict[str, object] = {
            "deliberation": self.stream.removeprefix("d/"),
            "time": moment(self.at_ms).isoformat(),
            "label": Label(self.label).word,
            "state": self.state,
        }
        if self.found is None:
            return shown
        seats = [_seat_json(ruling) for ruling in self.found.rulings]
        return shown | {
            "was_seated": self.found.was_seated,
            "would_be_seated": self.found.would_be_seated,
            "unknown_cards": list(self.found.unknown_cards),
            "seats": seats,
        }


async def simulate_log(settings: Settings, options: SimulateOptions) -> None:
    """Judge every logged deliberation of the period under the other profile, and print what differs.

    Raises:
        UnknownNameError: no such profile.
        ForeignLedgerError, LedgerUnavailableError, TamperedError: see the ledger.
    """
    assets = load_assets(settings.assets_dir)
    profile = profile_named(assets, settings, options.profile)
    rules = labeller(settings, profile).detectors.rules
    lines: list[Line] = []
    async with open_for_reading(settings, options.ledger) as log:
        for stream in await log.streams("d/"):
            records = await log.read(stream)
            if options.period.holds(records[0].at_ms):
                lines += _judged(records, assets, profile, rules)
    if options.as_json:
        listed = [line.plain() for line in lines]
        shown = {"profile": profile.version, "counts": _counts(lines), "deliberations": listed}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    _show(lines, profile, settings.lang)


def _judged(
    records: Sequence[Record], assets: Assets, profile: Profile, rules: Mapping[str, Rule]
) -> list[Line]:
    """The line of one stream; none for what the label refused, which no profile could have seated."""
    first, stream, day = records[0].data, records[0].stream, moment(records[0].at_ms).date()
    if isinstance(first, Opened):
        opening = opening_of(stream, first, day)
        raising = _topics(tuple(hit for hit in first.hits if hit.rule not in first.cleared), rules)
        cards = _cards_of_the_day(records, first, assets)
    elif isinstance(first, Refused) and first.by == "planner":
        council = _council_of(first, assets)
        if council is None:
            return [Line(stream, records[0].at_ms, first.label, None)]
        raising = _topics(first.hits, rules)
        facts = {"council": council, "label": first.label, "topics": raising, "plan": first.plan}
        opening, cards = opening_refused(stream, day=day, **facts), assets.cards  # type: ignore[arg-type]
    else:
        return []
    raised = replace(opening, label=int(join((opening.label, profile.raised_by(raising)))))
    (found,) = simulate([raised], cards, profile)
    return [Line(stream, records[0].at_ms, opening.label, found)]


def _topics(hits: Sequence[Hit], rules: Mapping[str, Rule]) -> tuple[str, ...]:
    topics = {rules[hit.rule].topic for hit in hits if hit.rule in rules}
    return tuple(sorted(topic for topic in topics if topic is not None))


def _cards_of_the_day(records: Sequence[Record], opened: Opened, assets: Assets) -> Mapping[str, Card]:
    origins = {record.data.origin for record in records if isinstance(record.data, Answered)}
    flags = {flag for record in records if isinstance(record.data, Decided) for flag in record.data.flags}
    if origins - {"live"} or flags & {"rehearsal", "recording"}:
        day = moment(records[0].at_ms).date()
        return {name: bind(card, NOWHERE, "scripted", day) for name, card in assets.cards.items()}
    return {
        name: card for name, card in assets.cards.items() if opened.manifest.cards.get(name) == card.digest
    }


def _council_of(refused: Refused, assets: Assets) -> Council | None:
    planned = [(entry.seat, entry.card) for entry in refused.plan]
    fitting = [
        council
        for council in assets.councils.values()
        if [(seat.seat, target) for seat in council.seats for target in seat.targets] == planned
    ]
    return fitting[0] if len(fitting) == 1 else None


def _counts(lines: Sequence[Line]) -> dict[str, int]:
    found = Counter(line.state for line in lines)
    return {state: found[state] for state in ("same", "different", "unknown")}


def _seat_json(ruling: SeatRuling) -> dict[str, object]:
    return {
        "seat": ruling.seat,
        "card": ruling.card,
        "was": ruling.was,
        "would_be": None if ruling.ruling is None else ruling.ruling.admitted,
        "differs": ruling.differs,
        "residency": [] if ruling.ruling is None else list(ruling.ruling.residency),
        "bias": [] if ruling.ruling is None else list(ruling.ruling.bias),
    }


def _show(lines: Sequence[Line], profile: Profile, lang: str) -> None:
    out = screen.console()
    different = [line for line in lines if line.state == "different"]
    keys = ("ask.id", "ask.label", "ask.seat", "policy.then_and_now", "policy.why")
    shown = screen.table(*(say(key, lang) for key in keys))
    for line in different[:SHOWN]:
        for row in _rows(line, lang):
            shown.add_row(*(Text(cell) for cell in row))
    if different:
        out.print(shown)
    counts = _counts(lines)
    screen.emit(out, Text(say("policy.simulated", lang, profile=profile.version, all=len(lines), **counts)))


def _rows(line: Line, lang: str) -> list[tuple[str, ...]]:
    assert line.found is not None  # noqa: S101  # nothing different was found of what nobody can tell
    name, label = line.stream.removeprefix("d/"), say(f"label.{Label(line.label).word}", lang)
    rows: list[tuple[str, ...]] = [
        (
            name,
            label,
            f"{each.seat}\n{each.card}",
            _change(bool(each.was), each.ruling.admitted, lang),
            say_reasons(each.ruling.reasons, lang) if each.ruling.reasons else "-",
        )
        for each in line.found.rulings
        if each.differs and each.ruling is not None
    ]
    after = line.found.would_be_seated
    if after is not None and after is not line.found.was_seated:
        rows.append(
            (name, label, say("policy.whole", lang), _change(line.found.was_seated, after, lang), "-")
        )
    return rows


def _change(before: bool, after: bool, lang: str) -> str:  # noqa: FBT001  # a pair, named by its order
    return " → ".join(say("policy.yes" if word else "policy.no", lang) for word in (before, after))
