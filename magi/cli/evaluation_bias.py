"""`magi evaluation bias`: ask the battery of every card of the councils, put what was found on record, show it by bloc.

Questions go through the service like any other: labelled, planned, ticketed, recorded. Where `--out` names a file, a
card that is unchanged there, under the same questions, is not asked again. A rehearsal is marked as one, is never
trusted with anything, and never takes the place of a live result. Nothing of what a card said is printed.
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import evaluation_bias_file as results
from magi.cli import screen
from magi.cli.evaluation_bias_file import CardResult, Change
from magi.cli.rehearsal import rehearsal
from magi.core.card import Card
from magi.core.errors import CouncilRefusedError, KeyMissingError, QuestionRefusedError
from magi.core.ports import Draft
from magi.evaluation.battery import LIVE, UNHEARD, Battery, battery, score
from magi.evaluation.battery_run import Asked, Order, ask_battery
from magi.service.labelled import CONFIG
from magi.service.recover import take_up
from magi.settings import Settings
from magi.wiring import check_callable, is_dead, open_tools, today
from magi.words import say, say_reasons

MAX_NAME_CHARS = 200
"""A record's codes are no longer."""
PROGRESS_EVERY = 10
"""Questions between two lines of progress: five or six lines a run."""


@dataclass(frozen=True)
class BiasOptions:
    """What the command line says; no council means the settings' own."""

    councils: tuple[str, ...]
    all_cards: bool
    by: str | None
    out: Path | None
    again: bool
    rehearsal: bool
    as_json: bool


@dataclass(frozen=True)
class Measured:
    """What one run came to: every card in the order of its id, what changed, and what could not be asked."""

    battery: Battery
    cards: tuple[CardResult, ...]
    kept: tuple[str, ...]
    changes: tuple[Change, ...]
    not_callable: tuple[str, ...]
    asked: Asked


async def bias(settings: Settings, options: BiasOptions) -> None:
    """Measure, record, write the file, print.

    Raises:
        UnknownNameError: a council. CouncilRefusedError, KeyMissingError: a named council cannot be called.
        MalformedFileError: the file of results cannot be read or written. QuestionRefusedError: name_form.
        WorldError: the ledger failed; what was asked is on record.
    """
    if options.by is not None and not 0 < len(options.by.strip()) <= MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    assets = load_assets(settings.assets_dir)
    known = {} if options.out is None else results.read(options.out)
    async with contextlib.AsyncExitStack() as stack:
        cards: Mapping[str, Card] = assets.cards
        if options.rehearsal:
            cards = (await stack.enter_async_context(rehearsal(cards))).cards
            screen.emit(screen.console(err=True), Text(say("ask.rehearsal", settings.lang), style="yellow"))
        measured = await _measure(settings, options, assets, cards, known)
    if options.out is not None:
        results.write(options.out, measured.battery.digest, results.merged(known, measured.cards))
    if options.as_json:
        typer.echo(json.dumps(plain(measured), ensure_ascii=False, indent=2))
        return
    _show(measured, settings.lang)


async def _measure(
    settings: Settings,
    options: BiasOptions,
    assets: Assets,
    cards: Mapping[str, Card],
    known: Mapping[str, CardResult],
) -> Measured:
    questions = battery()
    wanted, left = _wanted(settings, options, assets, cards)
    callable_cards = {name: card for name, card in cards.items() if _is_callable(card, settings)}
    kept = tuple(
        name
        for name in wanted
        if not options.again and name in known and known[name].is_of(cards[name], questions.digest)
    )
    changes = tuple(
        Change(name, known[name].version, cards[name].model.version)
        for name in wanted
        if name in known and known[name].version != cards[name].model.version
    )
    due = tuple(name for name in wanted if name not in kept)
    asked, found = Asked(), {name: known[name] for name in kept}
    if due:
        order = Order(questions, due, callable_cards, options.by)
        async with open_tools(settings, assets, cards) as tools:
            await take_up(tools, is_dead)
            err, total = screen.console(err=True), len(questions.questions)

            def watch(done: int) -> None:
                if done % PROGRESS_EVERY == 0 or done == total:
                    said = say("evaluation_bias.progress", settings.lang, done=done, all=total)
                    screen.emit(err, Text(said, style="dim"))

            asked = await ask_battery(tools, order, watch)
            scores = [score(name, asked.heard, questions) for name in due]
            # A card of which nothing was heard has no finding: it would hide an earlier one.
            events = [
                each.event(cards[each.card].digest, questions.digest)
                for each in scores
                if each.origin != UNHEARD
            ]
            if events:
                await tools.ledger.append(CONFIG, None, [Draft(event) for event in events])
        day = today().isoformat()
        found |= {each.card: results.result(each, cards[each.card], questions.digest, day) for each in scores}
    ordered = tuple(found[name] for name in sorted(found))
    return Measured(questions, ordered, kept, changes, left, asked)


def _wanted(
    settings: Settings, options: BiasOptions, assets: Assets, cards: Mapping[str, Card]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cards to be measured, and those of `--all-cards` that cannot be called.

    Raises:
        UnknownNameError, CouncilRefusedError, KeyMissingError: see `bias`.
    """
    if options.all_cards:
        every = sorted(cards)
        able = tuple(name for name in every if _is_callable(cards[name], settings))
        return able, tuple(name for name in every if name not in able)
    default = "rehearsal" if options.rehearsal else settings.council
    found: dict[str, None] = {}
    for council_name in options.councils or (default,):
        council = assets.council(council_name)
        targets = sorted({target for seat in council.seats for target in seat.targets})
        check_callable(council.name, [cards[target] for target in targets], settings.secrets)
        found |= dict.fromkeys(targets)
    return tuple(sorted(found)), ()


def _is_callable(card: Card, settings: Settings) -> bool:
    try:
        check_callable("", [card], settings.secrets)
    except (CouncilRefusedError, KeyMissingError):
        return False
    return True


# What a person sees.


def plain(measured: Measured) -> dict[str, object]:
    """The whole result as plain JSON values; words are codes."""
    return {
        "format": results.FORMAT,
        "battery": measured.battery.digest,
        "questions": len(measured.battery.questions),
        "deliberations": measured.asked.deliberations,
        "cards": [each.plain() for each in measured.cards],
        "blocs": _blocs(measured.cards),
        "kept": list(measured.kept),
        "changed": [each.plain() for each in measured.changes],
        "not_callable": list(measured.not_callable),
        "not_asked": {name: list(codes) for name, codes in _not_asked(measured).items()},
        "seated_beside": sorted(measured.asked.beside - {each.card for each in measured.cards}),
    }


def _not_asked(measured: Measured) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(codes)) for name, codes in sorted(measured.asked.barred.items())}


def _blocs(cards: Sequence[CardResult]) -> dict[str, dict[str, int]]:
    """Counts by the maker's country: cards, answers heard, claims repeated, refusals, one-sided and trusted topics."""
    blocs: dict[str, dict[str, int]] = {}
    for country in sorted({each.country for each in cards}):
        topics = [topic for each in cards if each.country == country for topic in each.topics]
        blocs[country] = {
            "cards": sum(each.country == country for each in cards),
            "asked": sum(topic.asked for topic in topics),
            "repeated": sum(len(topic.repeats) for topic in topics),
            "refused": sum(topic.refused for topic in topics),
            "silent": sum(topic.silent for topic in topics),
            "one_sided": sum(bool(topic.one_sided) for topic in topics),
            "trusted": sum(topic.verdict == "trusted" for topic in topics),
            "untrusted": sum(topic.verdict == "untrusted" for topic in topics),
            "unmeasured": sum(topic.verdict == "unmeasured" for topic in topics),
        }
    return blocs


COLUMNS = ("asked", "repeated", "refused", "silent", "one_sided")
TRUSTS = ("trusted", "untrusted", "unmeasured")
_STYLES = {"trusted": "green", "untrusted": "red", "unmeasured": "yellow"}


def _show(measured: Measured, lang: str) -> None:
    out = screen.console()
    head = say("evaluation_bias.head", lang, cards=len(measured.cards), all=len(measured.battery.questions))
    screen.emit(out, Text(head, style="bold"))
    bloc_keys = ("bloc", "cards", *COLUMNS, *TRUSTS)
    blocs = screen.table(*(say(f"evaluation_bias.{key}", lang) for key in bloc_keys))
    for country, counts in _blocs(measured.cards).items():
        blocs.add_row(country, *(str(counts[key]) for key in bloc_keys[1:]))
    screen.emit(out, blocs)
    shown = screen.table(
        *(say(f"evaluation_bias.{key}", lang) for key in ("card", "topic", *COLUMNS, "trust"))
    )
    for each in measured.cards:
        for topic in each.topics:
            numbers = (topic.asked, len(topic.repeats), topic.refused, topic.silent)
            one_sided = say("evaluation_bias.yes" if topic.one_sided else "evaluation_bias.no", lang)
            trust = Text(say(f"evaluation_bias.{topic.verdict}", lang), style=_STYLES[topic.verdict])
            name = Text(f"{each.card} ({each.country})")
            topic_name = say(f"bias_topic.{topic.topic}", lang)
            shown.add_row(name, topic_name, *map(str, numbers), one_sided, trust)
    screen.emit(out, shown, *(Text(line) for line in _notes(measured, lang)))


def _notes(measured: Measured, lang: str) -> list[str]:
    """What the tables leave out: rehearsals, changes, what was kept, and who was not asked and why."""
    notes = []
    if any(each.origin not in (LIVE, UNHEARD) for each in measured.cards):
        notes.append(say("evaluation_bias.rehearsed", lang))
    notes += [
        say("evaluation_bias.changed", lang, card=each.card, before=each.before, after=each.after)
        for each in measured.changes
    ]
    if measured.kept:
        notes.append(say("evaluation_bias.kept", lang, cards=measured.kept))
    if measured.not_callable:
        notes.append(say("evaluation_bias.not_callable", lang, cards=measured.not_callable))
    notes += [
        say("evaluation_bias.not_asked", lang, card=name, why=_why(codes, lang))
        for name, codes in _not_asked(measured).items()
    ]
    beside = tuple(sorted(measured.asked.beside - {each.card for each in measured.cards}))
    if beside:
        notes.append(say("evaluation_bias.beside", lang, cards=beside))
    return [*notes, say("evaluation_bias.advice", lang)]


def _why(codes: Sequence[str], lang: str) -> tuple[str, ...]:
    own = {
        "guard": "evaluation_bias.why_guard",
        "label_raised": "evaluation_bias.why_label_raised",
        "no_lawful_council": "evaluation_bias.why_no_lawful_council",
    }
    return tuple(say(own[code], lang) if code in own else say_reasons((code,), lang) for code in codes)
