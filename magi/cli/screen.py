"""How a deliberation looks on a terminal. User text is always plain `Text`: it is never read as markup."""

import unicodedata
from collections.abc import Iterable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from magi.core.card import Card
from magi.core.record import Answered, Decided, Opened, Record, SeatReport, Ticketed
from magi.residency.label import Label
from magi.service.reply import Deliberation
from magi.words import say, say_class, say_failure, say_reasons

DIGEST_CHARS = 12
"""Enough of a digest to find the record; the record has all of it."""
MIN_WIDTH = 100
"""Without a terminal, a width at which a Japanese table does not break every word."""

_COLOURS = {
    "unanimous": "green", "majority": "green", "conditional": "yellow",
    "tied": "yellow", "no_quorum": "red", "withheld": "yellow",
}  # fmt: skip


def console(*, err: bool = False) -> Console:
    """A console that neither guesses highlights nor reads markup from text."""
    made = Console(stderr=err, highlight=False, markup=False, emoji=False)
    return (
        made
        if made.is_terminal
        else Console(stderr=err, highlight=False, markup=False, emoji=False, width=max(made.width, MIN_WIDTH))
    )


def plain(text: str) -> Text:
    """A model's or a person's words, safe to show: control and direction characters become U+FFFD.

    Otherwise an answer could move the cursor, hide a line or swap the order of what is read.
    """
    return Text("".join(char if _showable(char) else "\ufffd" for char in text))


def _is_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(char) in "WF" for char in text)


def _showable(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def emit(out: Console, *parts: RenderableType) -> None:
    """Print parts in order; running Japanese, which has no spaces, is left to the terminal to wrap."""
    for part in parts:
        out.print(part, soft_wrap=isinstance(part, Text) and _is_wide(part.plain))


def table(*columns: str) -> Table:
    """A plain table with these headings."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(Text(column), overflow="fold")
    return made


def class_words(answer_class: str | None, opened: Opened, options: dict[str, str], lang: str) -> str:
    """An answer class as a person reads it: with the option's text, or yes and no in words."""
    if answer_class is None:
        return say("ask.no_decision", lang)
    if opened.space.kind == "choice" and options.get(answer_class):
        return f"{answer_class} {options[answer_class]}"
    return say_class(answer_class, lang)


def live_seats(records: Iterable[Record], cards: dict[str, Card], lang: str) -> RenderableType:
    """The seats while they think: waiting, asked, or what they said."""
    states: dict[str, tuple[str, str, str]] = {}
    asks: dict[str, str] = {}
    for record in records:
        event = record.data
        if isinstance(event, Opened):
            allowed = {entry.seat for entry in event.plan if entry.admitted}
            for number, seat in enumerate(event.seats, start=1):
                asks[f"a{number}"] = seat.seat
                state = "waiting" if seat.seat in allowed else "not_admitted"
                states[seat.seat] = (seat.targets[0], state, "")
        elif isinstance(event, Ticketed):
            states[asks[event.ask]] = (event.card, "asked", "")
        elif isinstance(event, Answered):
            states[event.seat] = (event.card, event.statement, _heard(event, lang))
    shown = table(
        say("ask.seat", lang), say("ask.model", lang), say("ask.state", lang), say("ask.answer", lang)
    )
    for seat_name, (card, state, answer) in states.items():
        shown.add_row(seat_name.upper(), Text(cards[card].title), say(f"said.{state}", lang), plain(answer))
    return shown


def _heard(event: Answered, lang: str) -> str:
    if event.failure:
        return say_failure(event.failure, lang)
    return say_class(event.ballot or "", lang)


def deliberation(done: Deliberation, cards: dict[str, Card], lang: str) -> tuple[RenderableType, ...]:
    """The parts of the whole reply: verdict first, then seats, dissent, who saw what, and how to recompute it."""
    opened, verdict = done.opened, done.verdict
    parts: list[RenderableType] = [_verdict(done, lang), _seats(done, cards, lang)]
    if verdict.dissent:
        parts.extend(_dissent(done, lang))
    parts.append(_sights(done, cards, lang))
    if done.left_out:
        parts.extend(_left_out(done, lang))
    name = done.stream.removeprefix("d/")
    source = "declared" if opened.space_source == "declared" else "derived"
    space = say(f"space.{opened.space.kind}", lang)
    default = "" if opened.declared else f"({say('label.default', lang)})"
    facts = [
        f"{say('ask.space', lang)}: {space}({say(f'source.{source}', lang)})",
        f"{say('ask.label', lang)}: {say(f'label.{Label(done.label).word}', lang)}{default}",
        *([say("error.barred_rules", lang, rules=rules)] if (rules := _rules(done)) else ()),
        f"{say('ask.id', lang)}: {name}",
        say("ask.replay", lang, id=name),
        say("ask.advice", lang),
    ]
    parts.append(Text("\n".join(facts), style="dim"))
    return tuple(parts)


def _rules(done: Deliberation) -> tuple[str, ...]:
    """The rules that raised the question's label, without those that a named person overruled."""
    return tuple(sorted({hit.rule for hit in done.opened.hits} - set(done.opened.cleared)))


def _verdict(done: Deliberation, lang: str) -> RenderableType:
    verdict, opened = done.verdict, done.opened
    words = class_words(verdict.answer_class, opened, dict(done.question.options), lang)
    head = Text(f"{say(f'outcome.{verdict.outcome}', lang)}", style=f"bold {_COLOURS[verdict.outcome]}")
    lines = [head]
    if verdict.attributed:
        shown = "ask.shown" if verdict.answer_class is None else "ask.shown_agreed"
        lines.append(Text(say(shown, lang, seat=_seat_of(verdict, verdict.attributed)), style="bold"))
        lines.append(plain(done.statements[verdict.attributed].answer))
    else:
        lines.append(plain(words))
    tally = "  ".join(
        f"{class_words(line.answer_class, opened, {}, lang)}: {len(line.seats)}" for line in verdict.tally
    )
    if tally:
        lines.append(Text(f"{say('ask.tally', lang)}  {tally}"))
    lines.append(Text(say("ask.confidence", lang), style="dim"))
    lines.extend(Text(f"! {say(f'flag.{flag}', lang)}", style="yellow") for flag in verdict.flags)
    return Panel(Group(*lines), title=Text(say("ask.verdict", lang)), title_align="left", expand=False)


def _seat_of(verdict: Decided, ask: str) -> str:
    return next(report.seat.upper() for report in verdict.seats if report.ask == ask)


def _seats(done: Deliberation, cards: dict[str, Card], lang: str) -> RenderableType:
    headings = ("ask.seat", "ask.model", "ask.state", "ask.answer", "ask.reason", "ask.basis")
    shown = table(*(say(key, lang) for key in headings))
    for report in done.verdict.seats:
        shown.add_row(*_seat_row(done, report, cards, lang))
    return shown


def _seat_row(done: Deliberation, report: SeatReport, cards: dict[str, Card], lang: str) -> tuple[Text, ...]:
    said = done.statements.get(report.ask or "")
    state = say(f"said.{report.said}", lang)
    if report.failure:
        state = f"{state}({say_failure(report.failure, lang)})"
    card = Text(cards[report.card].title if report.card in cards else report.card or "-")
    answered = report.said == "answer" and said is not None
    answer = say_class(report.answer_class or "-", lang)
    basis = "、".join(said.basis) if said and said.basis else say("ask.no_basis", lang)
    reason = said.reason if said else "-"
    return (
        Text(report.seat.upper()), card, Text(state), Text(answer), Text(reason), Text(basis if answered else
        "-")
    )  # fmt: skip


def _dissent(done: Deliberation, lang: str) -> tuple[Text, ...]:
    lines = [Text(say("ask.dissent", lang), style="bold")]
    for ask in done.verdict.dissent:
        said = done.statements[ask]
        reason = f" — {said.reason}" if said.reason else ""
        lines.append(plain(f"  {_seat_of(done.verdict, ask)}: {said.answer}{reason}"))
    return (*lines, Text(""))


def _sights(done: Deliberation, cards: dict[str, Card], lang: str) -> RenderableType:
    if not done.sights:
        return Text(f"{say('ask.sights', lang)}: {say('ask.nobody', lang)}")
    headings = ("ask.sights", "ask.host", "ask.country", "ask.label", "ask.digest")
    shown = table(*(say(key, lang) for key in headings))
    for sight in done.sights:
        title = cards[sight.card].title if sight.card in cards else sight.card
        label = say(f"label.{Label(sight.label).word}", lang)
        shown.add_row(Text(title), sight.host, sight.country, label, sight.digest[:DIGEST_CHARS])
    return shown


def _left_out(done: Deliberation, lang: str) -> tuple[Text, ...]:
    lines = [Text(say("ask.left_out", lang), style="bold")]
    lines += [Text(f"  {e.seat.upper()}: {say_reasons(e.reasons, lang)}") for e in done.left_out]
    return (*lines, Text(""))
