"""A verdict as prose: pure, from the catalogue of words, the same for equal verdicts.

What makes an answer less than it seems stands first (a rehearsal, a recording, a missing seat). Models' words are
made harmless for clients that render Markdown or HTML: an image would fetch its address, and carry text out.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from magi.core.record import Decided, SeatReport
from magi.service.question import Question
from magi.service.reply import Statement
from magi.words import say, say_class, say_failure

LOUD = ("rehearsal", "recording", "degraded")
"""Flags that come before the verdict."""

_IMAGE = re.compile(r"!(?=\[)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_SILENT = {"not_admitted", "outstanding", "cancelled", "failure", "refusal", "abstention"}


def plain(text: str) -> str:
    """A model's words, safe to show: no control or direction characters, no image, no tag."""
    shown = "".join(char if _showable(char) else "\ufffd" for char in text)
    return _TAG.sub("＜", _IMAGE.sub("！", shown))


def _showable(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def prose(question: Question, verdict: Decided, statements: Mapping[str, Statement], lang: str) -> str:
    """The verdict in words: outcome, answer or attributed statement, tally, reasons, dissent, advice."""
    head = [f"※ {say(f'flag.{flag}', lang)}" for flag in LOUD if flag in verdict.flags]
    parts = [
        head,
        [f"{say('ask.verdict', lang)}: {say(f'outcome.{verdict.outcome}', lang)}"],
        list(_answer(question, verdict, statements, lang)),
        list(_counted(question, verdict, lang)),
        list(_silent(verdict, lang)),
        list(_reasons(verdict, statements, lang)),
        list(_dissent(verdict, statements, lang)),
        [say("ask.confidence", lang), say("ask.advice", lang)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _answer(
    question: Question, verdict: Decided, statements: Mapping[str, Statement], lang: str
) -> Iterator[str]:
    said = statements.get(verdict.attributed or "")
    if verdict.attributed is not None and said is not None:
        shown = "ask.shown" if verdict.answer_class is None else "ask.shown_agreed"
        yield f"{say(shown, lang, seat=_seat(verdict, verdict.attributed))}:"
        yield plain(said.answer)
        return
    yield f"{say('ask.answer', lang)}: {_class(question, verdict.answer_class, lang)}"


def _class(question: Question, answer_class: str | None, lang: str) -> str:
    if answer_class is None:
        return say("ask.no_decision", lang)
    if question.space.kind == "choice":
        return plain(f"{answer_class} {question.options.get(answer_class, '')}".strip())
    return plain(say_class(answer_class, lang))


def _counted(question: Question, verdict: Decided, lang: str) -> Iterator[str]:
    if verdict.tally and question.space.kind != "open":
        yield f"{say('ask.tally', lang)}:"
        for line in verdict.tally:
            seats = say("api.seats", lang, count=len(line.seats))
            names = "、".join(seat.upper() for seat in line.seats)
            yield f"- {_class(question, line.answer_class, lang)}: {seats} ({names})"
    for flag in verdict.flags:
        if flag not in LOUD:
            yield f"※ {say(f'flag.{flag}', lang)}"


def _silent(verdict: Decided, lang: str) -> Iterator[str]:
    quiet = [report for report in verdict.seats if report.said in _SILENT]
    if quiet:
        yield f"{say('api.silent', lang)}:"
    for report in quiet:
        yield f"- {report.seat.upper()}: {_state(report, lang)}"


def _state(report: SeatReport, lang: str) -> str:
    state = say(f"said.{report.said}", lang)
    return f"{state} ({say_failure(report.failure, lang)})" if report.failure else state


def _reasons(verdict: Decided, statements: Mapping[str, Statement], lang: str) -> Iterator[str]:
    """The reasons of the seats that hold the decided answer, or of all where nothing was decided."""
    holders = [
        (report, statements[ask])
        for report in verdict.seats
        if (ask := report.ask or "") in statements
        if report.said == "answer" and ask not in verdict.dissent
    ]
    if holders:
        yield f"{say('ask.reason', lang)}:"
    for report, said in holders:
        held = f"{plain(said.answer)} — " if verdict.answer_class is None and not verdict.attributed else ""
        yield f"- {report.seat.upper()}: {held}{plain(said.reason)} [{_basis(said, lang)}]"


def _dissent(verdict: Decided, statements: Mapping[str, Statement], lang: str) -> Iterator[str]:
    if verdict.dissent:
        yield f"{say('ask.dissent', lang)}:"
    for ask in verdict.dissent:
        said = statements.get(ask)
        if said is not None:
            reason = f" — {plain(said.reason)}" if said.reason else ""
            yield f"- {_seat(verdict, ask)}: {plain(said.answer)}{reason} [{_basis(said, lang)}]"


def _basis(said: Statement, lang: str) -> str:
    if not said.basis:
        return say("ask.no_basis", lang)
    return f"{say('ask.basis', lang)}: {plain('、'.join(said.basis))}"


def _seat(verdict: Decided, ask: str) -> str:
    return next(report.seat.upper() for report in verdict.seats if report.ask == ask)
