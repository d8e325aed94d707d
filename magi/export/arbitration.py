"""What arbitration came to, on the page: the parts of an account as headings, lists and tables.

Every word of a model or a person stands in a cell or a line that is escaped and made visible (`markup`). Leaves to
others: the words (`magi.service.account`), where the parts stand (`findings`, `page`).
"""

from collections.abc import Iterable
from dataclasses import replace

from magi.export.dossier import Dossier
from magi.export.markup import Html, bullets, el, joined, table, word
from magi.service.account import Matter, Part, decision_parts, warnings
from magi.service.account_claims import Line, Reply, claim_parts, ground_parts, line_marks
from magi.service.turning import turning_part
from magi.words import say

MAX_CELL_CHARS = 2_000
"""Of a reason in a table; the seats' own words stand whole further down."""
MAX_WORD_CHARS = 9
"""A claim's number, a status: what a column of seven need not break."""


def marks(matter: Matter, lang: str) -> tuple[Html, ...]:
    """The warning of a foreign state's claim, to stand at the very top."""
    if "foreign_claim" not in matter.verdict.flags:
        return ()
    return (el("div", el("strong", say("export.mark.warning", lang)), warnings(matter, lang)[0], cls="mark"),)


def lines_shown(shown: Reply, lang: str) -> Html:
    """The sentences or claims of a reply, each with its claims and seats, and 【未検証】 where it is."""
    if any(line.claims for line in shown.lines):
        return el("ul", *(_line(line, lang) for line in shown.lines), cls="said-lines")
    return joined(el("div", line.text, cls="said") for line in shown.lines)


def _line(line: Line, lang: str) -> Html:
    if not line.unverified:
        return el("li", line.text, el("span", line_marks(line, lang), cls="marks"))
    mark = say("account.unverified", lang)
    rest = line_marks(replace(line, unverified=False), lang)
    return el("li", line.text, el("strong", mark), el("span", rest, cls="marks"))


def parts_shown(parts: Iterable[Part]) -> Html:
    """Parts one after the other."""
    return joined(_part(part) for part in parts)


def _part(part: Part) -> Html:
    shown: list[str] = [el("h3", part.title)] if part.title else []
    if part.lines:
        shown.append(el("p", part.lines[0]) if len(part.lines) == 1 else bullets(part.lines))
    if part.rows:
        shown.append(table(part.columns, (map(_cell, row) for row in part.rows), cls="fine"))
    return joined(shown)


def _cell(text: str) -> str:
    return word(text, MAX_WORD_CHARS) if len(text) <= MAX_CELL_CHARS else f"{text[:MAX_CELL_CHARS]}…"


def decision_shown(matter: Matter, dossier: Dossier, lang: str, *, first: bool) -> Html:
    """The parts on the decision: with `first` why a person must look, else the others; absent seats have their own."""
    parts = decision_parts(matter, lang, dossier.id)
    return parts_shown(part for part in parts if part.key != "absent" and (part.key == "person") is first)


def claims_part(matter: Matter | None, lang: str) -> Html:
    """主張と裏付け: the claims that were accepted; nothing where there are none."""
    parts = () if matter is None else claim_parts(matter, lang)
    held = [replace(part, title="") for part in parts if part.key == "claims"]
    return joined((el("h2", say("account.claims", lang)), parts_shown(held))) if held else Html()


def dissent_claims(matter: Matter | None, lang: str) -> Html:
    """Claims that were rejected or are contested, word for word."""
    parts = () if matter is None else claim_parts(matter, lang)
    return parts_shown(part for part in parts if part.key == "dissent_claims")


def turning_shown(matter: Matter | None, dossier: Dossier, lang: str) -> Html:
    """What would turn the verdict, where it was computed."""
    if matter is None or dossier.turning is None:
        return Html()
    return parts_shown((turning_part(matter, dossier.turning, lang),))


def ground_part(matter: Matter | None, lang: str) -> Html:
    """前提と資料: as of which day, how far the models' knowledge goes, and the materials."""
    parts = () if matter is None else ground_parts(matter, lang)
    if not parts:
        return Html()
    first = replace(parts[0], title="")
    return joined((el("h2", say("export.ground", lang)), parts_shown((first, *parts[1:]))))
