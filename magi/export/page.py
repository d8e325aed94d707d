"""One deliberation as a page that a person reads and prints: one HTML file, A4, offline, without a script.

Promises: nothing of the file comes from elsewhere (no address, image, font or script; a policy in the file forbids
them too), every text of a model or a person is inert and visible, equal dossiers give equal bytes. What makes a
verdict less than it seems stands first.
Leaves to others: reading the ledger (`magi.cli.export`), the parts (`findings`, `grounds`).
"""

import base64
import hashlib
import html
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from magi.export.arbitration import claims_part, ground_part, marks
from magi.export.dossier import Dossier
from magi.export.findings import clock_words, dissent_part, question_part, seats_part, verdict_part
from magi.export.grounds import council_part, label_part, label_words, proof_part, sends_part, versions_part
from magi.export.markup import Html, el, facts, joined
from magi.words import say


@dataclass(frozen=True)
class Made:
    """Who made the file, when (Unix ms) and why."""

    at_ms: int
    who: str
    why: str


def page(dossier: Dossier, lang: str, made: Made | None = None) -> bytes:
    """The deliberation as one HTML file in UTF-8.

    Raises:
        MalformedFileError, QuestionRefusedError: an opened body is not of this version.
    """
    folder = files("magi.export")
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    frame = Template(folder.joinpath("page.html").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    matter = dossier.matter
    parts = (
        *(() if matter is None else marks(matter, lang)),
        *_marks(dossier, lang),
        el("h1", say("export.title", lang)),
        _head(dossier, lang),
        question_part(dossier, lang),
        verdict_part(dossier, lang),
        claims_part(matter, lang),
        dissent_part(dossier, lang),
        seats_part(dossier, lang),
        ground_part(matter, lang),
        label_part(dossier, lang),
        council_part(dossier, lang),
        sends_part(dossier, lang),
        versions_part(dossier, lang),
        proof_part(dossier, lang),
        _foot(dossier, lang, made),
    )
    title = html.escape(f"{say('export.title', lang)} {dossier.id}")
    text = frame.substitute(
        lang=lang, title=title, style=style, style_hash=f"sha256-{digest}", body=joined(parts)
    )
    return text.encode("utf-8")


def _marks(dossier: Dossier, lang: str) -> tuple[Html, ...]:
    """The mark of a rehearsal or a recording: big at the top, and small on every printed sheet."""
    if dossier.origin not in ("scripted", "recorded"):
        return ()
    word = say(f"export.mark.{dossier.origin}", lang)
    flag = say("flag.rehearsal" if dossier.origin == "scripted" else "flag.recording", lang)
    return (el("div", el("strong", word), flag, cls="mark"), el("div", word, cls="every-sheet"))


def _head(dossier: Dossier, lang: str) -> Html:
    """文書の頭: number, times, whose log, label."""
    tenant = dossier.opened.tenant if dossier.opened is not None else "-"
    return facts(
        (
            (say("ask.id", lang), el("span", dossier.id, cls="hash")),
            (say("export.begun", lang), clock_words(dossier.at_ms, lang)),
            (say("export.decided", lang), clock_words(dossier.decided_ms, lang)),
            (say("export.log", lang), f"{dossier.records[0].log} ({tenant})"),
            (say("ask.label", lang), label_words(dossier.label, lang)),
        )
    )


def _foot(dossier: Dossier, lang: str, made: Made | None) -> Html:
    counts = {state: dossier.count(state) for state in ("opened", "erased", "closed")}
    lines = [el("p", say("export.counts", lang, **counts))]
    if made is not None:
        when = clock_words(made.at_ms, lang)
        lines.append(el("p", say("export.made", lang, when=when, who=made.who or "-", why=made.why or "-")))
    lines.append(el("p", say("ask.advice", lang), cls="advice"))
    return el("footer", *lines)
