"""How a finished deliberation looks on a terminal: what warns, the verdict, why, who said what, on what it rests.

The words are those of `magi.service.account`; here they get their places. Nothing of a model or a person is read as
markup, and no line is longer than the screen. Leaves to others: the seats while they think (`screen.live_seats`).
"""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from magi.cli import screen
from magi.core.card import Card
from magi.core.decided import SeatReport
from magi.residency.label import Label
from magi.service.account import (
    Matter,
    Part,
    answer_words,
    class_words,
    comma,
    decision_parts,
    notes,
    seat_of,
    standing,
    state_words,
    warnings,
)
from magi.service.account_claims import (
    claim_parts,
    dissent_title,
    ground_parts,
    line_marks,
    reply,
    reply_title,
)
from magi.service.reply import Deliberation, Sight, Statement
from magi.words import say, say_reasons

INDENT = 2

_COLOURS = {
    "unanimous": "green", "majority": "green", "single_seat": "yellow", "weighted": "yellow", "conditional": "yellow",
    "tied": "yellow", "no_quorum": "red", "withheld": "yellow",
}  # fmt: skip
_OWN_LIST = frozenset({"absent"})
"""Parts that the list of seats says already."""


def matter_of(done: Deliberation, cards: Mapping[str, Card]) -> Matter:
    """A deliberation as its account takes it."""
    titles = {name: card.title for name, card in cards.items()}
    return Matter(done.verdict, done.question, done.statements, done.opened.arbitration, titles)


def deliberation(done: Deliberation, cards: Mapping[str, Card], lang: str) -> tuple[RenderableType, ...]:
    """The parts of the whole reply, in the order in which a person needs them."""
    matter, name = matter_of(done, cards), done.stream.removeprefix("d/")
    claims = claim_parts(matter, lang)
    shown: list[RenderableType] = [
        *verdict_shown(matter, lang),
        *(
            each
            for part in decision_parts(matter, lang, name)
            if part.key not in _OWN_LIST
            for each in part_shown(part)
        ),
        *(each for part in claims if part.key == "claims" for each in part_shown(part)),
        *_seats(matter, lang),
        *_dissent(matter, lang),
        *(each for part in claims if part.key != "claims" for each in part_shown(part)),
        *(each for part in ground_parts(matter, lang) for each in part_shown(part)),
        _sights(done, matter, lang),
        *_left_out(done, lang),
        _facts(done, name, lang),
    ]
    return tuple(shown)


def verdict_shown(matter: Matter, lang: str) -> Iterator[RenderableType]:
    """The warnings, and the box with outcome, answer, what it is worth, tally and flags."""
    verdict = matter.verdict
    loud = warnings(matter, lang)
    yield from (Text(f"!! {line}", style="bold red") for line in loud)
    lines: list[RenderableType] = [
        Text(say(f"outcome.{verdict.outcome}", lang), style=f"bold {_COLOURS[verdict.outcome]}")
    ]
    answer = reply(matter, lang)
    if answer.kind != "class":
        lines.append(Text(reply_title(matter, answer, lang), style="bold"))
    for line in answer.lines:
        marks = line_marks(line, lang)
        lines.append(screen.plain(f"・{line.text}" if marks else line.text).append(marks, style="dim"))
    tally = "  ".join(
        f"{class_words(matter, line.answer_class, lang)}: {len(line.seats)}" for line in verdict.tally
    )
    if tally and not matter.is_open:
        lines.append(screen.plain(f"{say('ask.tally', lang)}  {tally}"))
    lines += [Text(""), *(Text(line) for line in standing(matter, lang))]
    lines.extend(Text(f"! {note}", style="yellow") for note in notes(matter, lang))
    yield Panel(Group(*lines), title=Text(say("ask.verdict", lang)), title_align="left", expand=False)


def part_shown(part: Part) -> Iterator[RenderableType]:
    """A part as a heading, its lines, and its rows as small blocks, which no width breaks."""
    yield Text(part.title, style="bold yellow" if part.key == "person" else "bold")
    for line in part.lines:
        yield _indented(screen.plain(line))
    for row in part.rows:
        yield _indented(screen.plain(f"{row[0]}  {row[1]}"))
        named = zip(part.columns[2:], row[2:], strict=True)
        rest = " / ".join(f"{name}: {cell}" for name, cell in named if cell)
        if rest:
            yield _indented(screen.plain(rest), 2, style="dim")
    yield Text("")


def _indented(text: Text, times: int = 1, style: str = "") -> Padding:
    if style:
        text.stylize(style)
    return Padding(text, (0, 0, 0, INDENT * times), expand=False)


# The seats, each in its own words.


def _seats(matter: Matter, lang: str) -> Iterator[RenderableType]:
    if matter.is_open:
        yield from _statements(matter, lang)
        return
    headings = ("ask.seat", "ask.model", "ask.state", "ask.answer", "account.reason_and_basis")
    shown = screen.table(*(say(key, lang) for key in headings))
    for report in matter.verdict.seats:
        said = matter.statements.get(report.ask or "")
        held = "-" if report.answer_class is None else class_words(matter, report.answer_class, lang)
        cells = (
            report.seat.upper(),
            _card(matter, report),
            state_words(matter, report, lang),
            held,
            _because(said, lang) if report.said == "answer" else said.reason if said else "-",
        )
        shown.add_row(*map(screen.plain, cells))
    yield shown


def _statements(matter: Matter, lang: str) -> Iterator[RenderableType]:
    """Open statements at length: a table would break every word."""
    yield Text(say("export.seats", lang), style="bold")
    for report in matter.verdict.seats:
        head = f"{report.seat.upper()}  {_card(matter, report)}  {state_words(matter, report, lang)}"
        yield _indented(screen.plain(head))
        said = matter.statements.get(report.ask or "")
        if said is not None:
            yield from (
                _indented(screen.plain(line), 2) for line in (said.answer, _because(said, lang)) if line
            )
    yield Text("")


def _because(said: Statement | None, lang: str) -> str:
    if said is None:
        return "-"
    basis = (
        f"{say('ask.basis', lang)}: {comma(lang).join(said.basis)}"
        if said.basis
        else say("ask.no_basis", lang)
    )
    return f"{said.reason} [{basis}]".strip()


def _card(matter: Matter, report: SeatReport) -> str:
    return "-" if report.card is None else matter.titles.get(report.card, report.card)


def _dissent(matter: Matter, lang: str) -> Iterator[RenderableType]:
    if not matter.verdict.dissent:
        return
    title = dissent_title(matter, lang)
    if matter.is_open:  # their words stand right above
        names = comma(lang).join(seat_of(matter, ask) for ask in matter.verdict.dissent)
        yield from (Text(f"{title}: {names}", style="bold"), Text(""))
        return
    yield Text(title, style="bold")
    for ask in matter.verdict.dissent:
        said = matter.statements.get(ask)
        if said is not None:
            reason = f" — {said.reason}" if said.reason else ""
            held = answer_words(matter, ask, lang)
            yield _indented(screen.plain(f"{seat_of(matter, ask)}: {held}{reason}"))
    yield Text("")


# What went where.


def _sights(done: Deliberation, matter: Matter, lang: str) -> RenderableType:
    """Every model that saw something, once, with the first digest and how many more sends there were."""
    if not done.sights:
        return Text(f"{say('ask.sights', lang)}: {say('ask.nobody', lang)}")
    headings = ("ask.sights", "ask.host", "ask.country", "ask.label", "ask.digest")
    shown = screen.table(*(say(key, lang) for key in headings))
    groups: dict[tuple[str, str, str, int], list[Sight]] = {}
    for sight in done.sights:
        groups.setdefault((sight.card, sight.host, sight.country, sight.label), []).append(sight)
    for (card, host, country, label), sights in groups.items():
        digest = sights[0].digest[: screen.DIGEST_CHARS]
        if len(sights) > 1:
            digest = say("account.more_sends", lang, digest=digest, count=len(sights) - 1)
        words = say(f"label.{Label(label).word}", lang)
        shown.add_row(Text(matter.titles.get(card, card)), host, country, words, digest)
    return shown


def _left_out(done: Deliberation, lang: str) -> Iterator[RenderableType]:
    if not done.left_out:
        return
    yield Text(say("ask.left_out", lang), style="bold")
    yield from (
        _indented(Text(f"{each.seat.upper()}: {say_reasons(each.reasons, lang)}")) for each in done.left_out
    )
    yield Text("")


def _facts(done: Deliberation, name: str, lang: str) -> Text:
    """Space, label and rules, and the commands by which the record is looked at."""
    opened = done.opened
    source = "declared" if opened.space_source == "declared" else "derived"
    space = say(f"space.{opened.space.kind}", lang)
    default = "" if opened.declared else f"({say('label.default', lang)})"
    rules = _rules(done)
    facts = [
        f"{say('ask.space', lang)}: {space}({say(f'source.{source}', lang)})",
        f"{say('ask.label', lang)}: {say(f'label.{Label(done.label).word}', lang)}{default}",
        *([say("error.barred_rules", lang, rules=rules)] if rules else ()),
        f"{say('ask.id', lang)}: {name}",
        say("ask.replay", lang, id=name),
        say("ask.explain", lang, id=name),
        say("ask.advice", lang),
    ]
    return Text("\n".join(facts), style="dim")


def _rules(done: Deliberation) -> tuple[str, ...]:
    """The rules that raised the question's label, without those that a named person overruled."""
    return tuple(sorted({hit.rule for hit in done.opened.hits} - set(done.opened.cleared)))
