"""`magi policy explain`: the label of a text and why, each model's ruling with every reason, and who could sit.

Opens and creates no ledger, and calls nobody. The words of the text are shown only on demand (`--show-text`), to
the person who typed them; otherwise places and reasons stand for them, here as in every log.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import typer
from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from magi.assets import Assets, load_assets
from magi.cli import screen
from magi.core.council import check_council
from magi.core.errors import MagiError
from magi.core.record import Hit
from magi.residency.detect.rule import Rule
from magi.residency.label import Label
from magi.residency.labelling import Finding
from magi.residency.plan import check, plan, seated
from magi.residency.policy import Ruling, admit
from magi.residency.profile import Profile
from magi.settings import Settings
from magi.wiring import labeller, today
from magi.words import say, say_error, say_reasons

AROUND_CHARS = 24
"""Shown on each side of what was found: enough to see what is meant."""
MOST_MARKED = 60
"""Characters of one place that are shown; a longer place is cut in the middle of nothing but the screen."""


@dataclass(frozen=True)
class ExplainOptions:
    """What the command line says beside the text."""

    label: str | None
    profile: str | None
    show_text: bool
    as_json: bool


@dataclass(frozen=True)
class Sitting:
    """Whether a council could sit on a text: its seats with a model that may see it; None or why it could not."""

    council: str
    seats: tuple[str, ...]
    refused: MagiError | None


@dataclass(frozen=True)
class Explained:
    """Everything about one text but its words."""

    profile: Profile
    declared: Label
    finding: Finding
    rulings: Mapping[str, Ruling]
    sittings: tuple[Sitting, ...]


def profile_named(assets: Assets, settings: Settings, word: str | None) -> Profile:
    """The profile of a name as in force today, or of `name@day`; the settings' own for none.

    Raises:
        UnknownNameError: there is none.
    """
    name, at, day = (word or settings.profile).partition("@")
    dated = {p.effective_from: p for p in assets.dated_profiles if p.name == name}
    return dated[day] if at and day in dated else assets.profile(word or settings.profile)


def reason_of(rule: str, rules: Mapping[str, Rule]) -> dict[str, str]:
    """Why a rule raises a label, by language; what came to no end has no rule of its own."""
    if rule in rules:
        return {"ja": rules[rule].ja, "en": rules[rule].en}
    return {lang: say("policy.unfinished", lang) for lang in ("ja", "en")}


async def explain(settings: Settings, text: str, options: ExplainOptions) -> None:
    """Label a text as a question would be, and print why, who may see it and which councils could sit.

    Raises:
        UnknownNameError: the label or the profile. MalformedFileError: a card, profile or the dictionary.
    """
    assets = load_assets(settings.assets_dir)
    profile = profile_named(assets, settings, options.profile)
    declared = profile.declared(options.label)
    residency = labeller(settings, profile)
    try:
        finding = await residency.label([("question", text)], declared)
    finally:
        await residency.aclose()
    day = today()
    rulings = {
        name: admit(finding.label, card, profile, finding.topics, day) for name, card in assets.cards.items()
    }
    found = Explained(profile, declared, finding, rulings, sittings(assets, profile, finding, day))
    if options.as_json:
        shown = _json(found, residency.detectors.rules)
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    _show(found, text if options.show_text else None, residency.detectors.rules, settings.lang)
    if options.label is None:
        screen.emit(screen.console(), Text(say("policy.undeclared", settings.lang), style="dim"))


def sittings(assets: Assets, profile: Profile, finding: Finding, day: datetime.date) -> tuple[Sitting, ...]:
    """Of every council, the seats that a label and its topics leave, and whether they may deliberate."""
    found = []
    for council in assets.councils.values():
        admissions = plan(council, assets.cards, finding.label, profile, day, topics=finding.topics)
        left = seated(council.seats, admissions)
        refused: MagiError | None = None
        try:
            check(council, assets.cards, profile, day)
            check_council(left, council.quorum, council.rule, assets.cards, council.name)
        except MagiError as error:
            refused = error
        found.append(Sitting(council.name, tuple(seat.seat for seat in left), refused))
    return tuple(found)


def _json(found: Explained, rules: Mapping[str, Rule]) -> dict[str, object]:
    return {
        "label": found.finding.label.word,
        "declared": found.declared.word,
        "profile": found.profile.version,
        "topics": sorted(found.finding.topics),
        "hits": [hit_json(hit, rules) for hit in found.finding.hits],
        "agents": {
            name: {
                "admitted": ruling.admitted,
                "residency": list(ruling.residency),
                "bias": list(ruling.bias),
            }
            for name, ruling in found.rulings.items()
        },
        "councils": {
            each.council: {
                "may_sit": each.refused is None,
                "seats": list(each.seats),
                "reason": None if each.refused is None else each.refused.reason,
            }
            for each in found.sittings
        },
    }


def hit_json(hit: Hit, rules: Mapping[str, Rule]) -> dict[str, object]:
    """A hit as plain JSON values: rule, label, view, the span in characters, and why in both languages."""
    return {
        "rule": hit.rule,
        "label": Label(hit.label).word,
        "view": hit.view,
        "start": hit.start,
        "end": hit.end,
        **reason_of(hit.rule, rules),
    }


def _show(found: Explained, text: str | None, rules: Mapping[str, Rule], lang: str) -> None:
    out, finding = screen.console(), found.finding
    label = say(f"label.{finding.label.word}", lang)
    declared = say(f"label.{found.declared.word}", lang)
    head = say("policy.label", lang, label=label, declared=declared, profile=found.profile.version)
    screen.emit(out, Text(head, style="bold"))
    if finding.topics:
        screen.emit(out, Text(say("policy.topics", lang, topics=", ".join(sorted(finding.topics)))))
    if not finding.hits:
        screen.emit(out, Text(say("policy.no_hits", lang)))
    else:
        out.print(_hits(finding.hits, rules, lang))
        if text is None:
            screen.emit(out, Text(say("policy.show_text", lang), style="dim"))
        else:
            screen.emit(out, *(part for hit in finding.hits for part in _marked(text, hit)))
    if finding.label is Label.CLASSIFIED:
        screen.emit(out, Text(say("policy.classified", lang), style="bold red"))
    out.print(_agents(found.rulings, lang))
    screen.emit(out, Text(say("policy.councils", lang), style="bold"))
    screen.emit(out, *(Text("  " + _sitting(each, lang)) for each in found.sittings))


def _hits(hits: Sequence[Hit], rules: Mapping[str, Rule], lang: str) -> RenderableType:
    shown = screen.table(*(say(f"policy.{key}", lang) for key in ("rule", "step", "place", "why")))
    for hit in hits:
        label = say(f"label.{Label(hit.label).word}", lang)
        place = f"{hit.start}-{hit.end}\n({hit.view})"
        shown.add_row(*(Text(cell) for cell in (hit.rule, label, place, reason_of(hit.rule, rules)[lang])))
    return shown


def _marked(text: str, hit: Hit) -> tuple[Text, Text]:
    """The place in the text with a little around it, and carets under what was found."""
    end = min(hit.end, hit.start + MOST_MARKED)
    before = _one_line(text[max(hit.start - AROUND_CHARS, 0) : hit.start])
    words, after = (
        _one_line(text[hit.start : end]),
        _one_line(text[end : hit.end + AROUND_CHARS][:AROUND_CHARS]),
    )
    line = Text("  ").append_text(before).append_text(words).append_text(after)
    carets = " " * (2 + cell_len(before.plain)) + "^" * max(cell_len(words.plain), 1)
    return line, Text(f"{carets} {hit.rule}", style="yellow")


def _one_line(text: str) -> Text:
    return screen.plain(text.replace("\n", "⏎").replace("\t", " ").replace("\r", " "))


def _agents(rulings: Mapping[str, Ruling], lang: str) -> RenderableType:
    keys = ("agents.id", "policy.admitted", "policy.residency", "policy.bias")
    shown = screen.table(*(say(key, lang) for key in keys))
    for name, ruling in rulings.items():
        word = say("policy.yes" if ruling.admitted else "policy.no", lang)
        reasons = (say_reasons(part, lang) if part else "-" for part in (ruling.residency, ruling.bias))
        shown.add_row(*(Text(cell) for cell in (name, word, *reasons)))
    return shown


def _sitting(each: Sitting, lang: str) -> str:
    if each.refused is None:
        return say(
            "policy.sits", lang, council=each.council, count=len(each.seats), seats=", ".join(each.seats)
        )
    why = say_error(each.refused, lang)
    return say("policy.sits_not", lang, council=each.council, count=len(each.seats), why=why)
