"""A verdict as prose: pure, from the catalogue of words, the same for equal verdicts.

What makes an answer less than it seems stands first (a foreign state's claim, a rehearsal, a recording, a missing
seat), then the verdict with its answer and what that is worth, then why, and on what it rests
(`magi.service.account`). Models' words are made harmless for clients that render Markdown or HTML: an image would
fetch its address, and carry text out.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from magi.core.decided import Decided
from magi.core.terms import Terms
from magi.service.account import (
    Matter,
    Part,
    absent_part,
    answer_words,
    class_words,
    comma,
    decision_parts,
    notes,
    seat_of,
    standing,
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
from magi.service.question import Question
from magi.service.reply import Statement
from magi.words import say

_IMAGE = re.compile(r"!(?=\[)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def plain(text: str) -> str:
    """A model's words, safe to show: no control or direction characters, no image, no tag."""
    shown = "".join(char if _showable(char) else "\ufffd" for char in text)
    return _TAG.sub("＜", _IMAGE.sub("！", shown))


def _showable(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def prose(
    question: Question,
    verdict: Decided,
    statements: Mapping[str, Statement],
    lang: str,
    terms: Terms | None = None,
) -> str:
    """The verdict in words: outcome, answer, what it is worth, why, dissent, what it rests on, advice.

    `terms` are those of the deliberation; without them the verdict is one of version 1.
    """
    matter = Matter(verdict, question, statements, terms)
    decision = decision_parts(matter, lang) or (absent_part(matter, lang),)
    claims = {part.key: part for part in claim_parts(matter, lang)}
    parts = [
        [f"※ {warning}" for warning in warnings(matter, lang)],
        [f"{say('ask.verdict', lang)}: {say(f'outcome.{verdict.outcome}', lang)}"],
        list(_answer(matter, lang)),
        list(standing(matter, lang)) if verdict.arbitration else [],
        list(_counted(matter, lang)),
        *(_part(part) for part in decision),
        list(_reasons(matter, lang)),
        *(_part(part) for key, part in claims.items() if key == "claims"),
        list(_dissent(matter, lang)),
        *(_part(part) for key, part in claims.items() if key != "claims"),
        *(_part(part) for part in ground_parts(matter, lang)),
        [*(() if verdict.arbitration else standing(matter, lang)), say("ask.advice", lang)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _part(part: Part) -> list[str]:
    """A part as a heading with a list; of a row the first two cells lead, and the others follow with their names."""
    if not part.lines and not part.rows:
        return []
    lines = [f"{part.title}:", *(f"- {plain(line)}" for line in part.lines)]
    for row in part.rows:
        lines.append(f"- {plain(row[0])}: {_one_line(row[1])}")
        rest = zip(part.columns[2:], row[2:], strict=True)
        named = [f"{name}: {_one_line(cell)}" for name, cell in rest if cell]
        if named:
            lines.append(f"  {(' / ').join(named)}")
    return lines


def _one_line(text: str) -> str:
    """A cell on one line: a model's line break would end the list, and could begin a heading of its own."""
    return plain(" ".join(text.split()))


def _answer(matter: Matter, lang: str) -> Iterator[str]:
    shown = reply(matter, lang)
    title = reply_title(matter, shown, lang)
    if shown.kind == "class":
        yield f"{title}: {plain(shown.lines[0].text)}"
        return
    yield f"{title}:"
    for line in shown.lines:
        marks = line_marks(line, lang)
        yield f"- {_one_line(line.text)}{marks}" if marks else plain(line.text)


def _counted(matter: Matter, lang: str) -> Iterator[str]:
    verdict = matter.verdict
    if verdict.tally and not matter.is_open:
        yield f"{say('ask.tally', lang)}:"
        for line in verdict.tally:
            seats = say("api.seats", lang, count=len(line.seats))
            names = "、".join(seat.upper() for seat in line.seats)
            yield f"- {plain(class_words(matter, line.answer_class, lang))}: {seats} ({names})"
    yield from (f"※ {note}" for note in notes(matter, lang))


def _reasons(matter: Matter, lang: str) -> Iterator[str]:
    """The reasons of the seats that hold the decided answer, or of all where nothing was decided."""
    verdict = matter.verdict
    holders = [
        (report, matter.statements[ask])
        for report in verdict.seats
        if (ask := report.ask or "") in matter.statements
        if report.said == "answer" and ask not in verdict.dissent
    ]
    shown = reply(matter, lang).kind
    if holders:
        yield f"{say('ask.reason', lang)}:"
    for report, said in holders:
        own = (matter.is_open and shown != "statement") or not (verdict.answer_class or verdict.attributed)
        held = f"{_one_line(said.answer)} — " if own else ""
        yield f"- {report.seat.upper()}: {held}{_one_line(said.reason)} [{_basis(said, lang)}]"


def _dissent(matter: Matter, lang: str) -> Iterator[str]:
    if matter.verdict.dissent:
        yield f"{dissent_title(matter, lang)}:"
    for ask in matter.verdict.dissent:
        said = matter.statements.get(ask)
        if said is not None:
            reason = f" — {_one_line(said.reason)}" if said.reason else ""
            held = _one_line(answer_words(matter, ask, lang))
            yield f"- {seat_of(matter, ask)}: {held}{reason} [{_basis(said, lang)}]"


def _basis(said: Statement, lang: str) -> str:
    if not said.basis:
        return say("ask.no_basis", lang)
    return f"{say('ask.basis', lang)}: {_one_line(comma('ja').join(said.basis))}"
