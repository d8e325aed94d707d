"""What the commands print with, and the seats while they think.

User text is always plain `Text`: it is never read as markup.
"""

import unicodedata
from collections.abc import Iterable

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from magi.core.card import Card
from magi.core.effects import seat_number, stage_of
from magi.core.record import Answered, Opened, Record, Ticketed
from magi.words import say, say_class, say_failure

DIGEST_CHARS = 12
"""Enough of a digest to find the record; the record has all of it."""
MIN_WIDTH = 100
"""Without a terminal, a width at which a Japanese table does not break every word."""


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


def live_seats(records: Iterable[Record], cards: dict[str, Card], lang: str) -> RenderableType:
    """The seats while they think: waiting, asked, or what they said, and at which stage."""
    states: dict[str, tuple[str, str, str]] = {}
    seats: list[str] = []
    for record in records:
        event = record.data
        if isinstance(event, Opened):
            seats = [seat.seat for seat in event.seats]
            allowed = {entry.seat for entry in event.plan if entry.admitted}
            rested = {each.seat for each in event.arbitration.rested} if event.arbitration else set()
            for seat in event.seats:
                state = "waiting" if seat.seat in allowed else "not_admitted"
                states[seat.seat] = (seat.targets[0], "rested" if seat.seat in rested else state, "")
        elif isinstance(event, Ticketed):
            states[seats[seat_number(event.ask) - 1]] = (event.card, "asked", _stage(event.ask, lang))
        elif isinstance(event, Answered):
            states[event.seat] = (event.card, event.statement, _heard(event, lang))
    shown = table(
        say("ask.seat", lang), say("ask.model", lang), say("ask.state", lang), say("ask.answer", lang)
    )
    for seat_name, (card, state, answer) in states.items():
        shown.add_row(seat_name.upper(), Text(cards[card].title), say(f"said.{state}", lang), plain(answer))
    return shown


def _stage(ask: str, lang: str) -> str:
    """The stage in words, but for the answers, which every seat gives."""
    stage = stage_of(ask)
    return "" if stage == "answer" else say(f"stage.{stage}", lang)


def _heard(event: Answered, lang: str) -> str:
    stage = _stage(event.ask, lang)
    heard = say_failure(event.failure, lang) if event.failure else say_class(event.ballot or "", lang)
    return f"{stage} {heard}".strip()
