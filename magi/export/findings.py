"""The first half of the page: what was asked, what came of it, who dissents, and each seat in its own words.

Leaves to others: what it rests on (`grounds`), the frame (`page`).
"""

import json
from collections.abc import Iterator, Sequence

from magi.core.decided import SeatReport
from magi.core.record import Answered
from magi.export.arbitration import (
    decision_shown,
    dissent_claims,
    lines_shown,
    turning_shown,
)
from magi.export.dossier import Body, Dossier, moment
from magi.export.markup import Html, el, facts, joined, table, verbatim
from magi.service import account
from magi.service.account import Matter, notes, standing, state_words, warnings
from magi.service.account_claims import reply, reply_title
from magi.service.reply import Statement
from magi.words import say, say_class, say_failure

MAX_BASES = 50
"""Bases of one statement on the page: an answer with more is an attack on the reader, and the JSONL form holds it."""
ANSWER_KEYS = frozenset({"answer", "reason", "basis", "concern", "claims", "回答", "答え", "理由", "根拠"})
"""Of the object that a seat is asked for: an object with more in it is shown whole."""


def clock_words(at_ms: int | None, lang: str) -> str:
    """A time in Japan as a document gives it; a dash for none."""
    if at_ms is None:
        return "-"
    at = moment(at_ms)
    day = f"{at.year}年{at.month}月{at.day}日" if lang == "ja" else at.date().isoformat()
    return f"{day} {at:%H:%M:%S}"


def comma(lang: str) -> str:
    """What stands between the items of a line."""
    return "、" if lang == "ja" else ", "


def stamp(at_ms: int) -> str:
    """A time in Japan for a narrow column."""
    return f"{moment(at_ms):%Y-%m-%d %H:%M:%S}"


def class_words(dossier: Dossier, answer_class: str | None, lang: str) -> str:
    """An answer class as a person reads it: with the option's text where the question was opened."""
    if answer_class is None:
        return say("ask.no_decision", lang)
    matter = dossier.matter
    if matter is None:  # no verdict yet: classes of open text are nobody's
        return say_class(answer_class, lang)
    return account.class_words(matter, answer_class, lang)


def not_there(body: Body | None, lang: str) -> Html:
    """Why a text does not stand here: erased, by whom and why; not opened; or there never was one."""
    if body is None:
        return el("p", say("export.no_text", lang), cls="gone")
    if body.erasure is not None:
        when = clock_words(body.erasure.at_ms, lang)
        words = say("export.erased", lang, when=when, by=body.erasure.by, why=body.erasure.why)
        return el("p", words, cls="gone")
    return el(
        "p", say("export.closed" if body.state == "closed" else "export.erased_plain", lang), cls="gone"
    )


def question_part(dossier: Dossier, lang: str) -> Html:
    """件名: the question, its options and the turns before it, word for word."""
    question = dossier.question()
    parts: list[str] = [el("h2", say("export.question", lang))]
    if question is None:
        body = dossier.question_body()
        never = el("p", say("export.no_question", lang), cls="gone")
        return joined((*parts, never if body is None else not_there(body, lang)))
    parts.append(verbatim(question.text, lang))
    options = question.options
    if options:
        rows = (
            (f"{say('export.option', lang)} {name}", verbatim(text, lang)) for name, text in options.items()
        )
        parts.append(facts(rows, cls="words"))
    for number, turn in enumerate(question.history, start=1):
        who = say(f"export.role.{turn.role}", lang)
        parts.append(el("h3", say("export.earlier", lang, number=number, who=who)))
        parts.append(verbatim(turn.text, lang))
    return joined(parts)


def verdict_part(dossier: Dossier, lang: str) -> Html:
    """結論: one of the six words, the answer, the flags, the tally, and that it is advice."""
    decided = dossier.decided
    parts: list[str] = [el("h2", say("ask.verdict", lang))]
    if decided is None:
        parts.append(el("div", *_undecided(dossier, lang), cls="verdict"))
        return joined(parts)
    matter = dossier.matter
    assert matter is not None  # noqa: S101  # there is a verdict
    box: list[str] = [el("p", say(f"outcome.{decided.outcome}", lang), cls="outcome")]
    box += _answer(dossier, matter, lang)
    box += [el("p", line) for line in standing(matter, lang)]
    flags = (*warnings(matter, lang), *notes(matter, lang))
    if flags:
        box.append(el("ul", *(el("li", flag) for flag in flags), cls="flags"))
    box.append(el("p", say("ask.advice", lang), cls="advice"))
    parts += [
        el("div", *box, cls="verdict"),
        decision_shown(matter, dossier, lang, first=True),
        *_adoption(dossier, lang),
        *_tally(dossier, lang),
        decision_shown(matter, dossier, lang, first=False),
    ]
    return joined(parts)


def _answer(dossier: Dossier, matter: Matter, lang: str) -> Iterator[str]:
    """The answer, or the reply to an open question with what stands behind each sentence."""
    shown = reply(matter, lang)
    title = reply_title(matter, shown, lang)
    if shown.kind == "class":
        yield el("p", f"{title}: {shown.lines[0].text}", cls="decided")
        return
    yield el("p", title, cls="decided")
    if shown.lines:
        yield verbatim(shown.lines[0].text, lang) if shown.kind == "statement" else lines_shown(shown, lang)
    else:
        body = None if shown.ask is None else dossier.answer_body(shown.ask)
        yield not_there(body, lang) if shown.ask else el("p", say("account.closed", lang), cls="gone")


def _adoption(dossier: Dossier, lang: str) -> Iterator[str]:
    """採否: every act of a named person on this verdict, the one that stands last; reasons stay closed."""
    if not dossier.acts:
        return
    yield el("h3", say("adoption.title", lang))
    rows = (
        (
            clock_words(act.at_ms, lang),
            say(f"adoption.{act.decision}", lang),
            act.by,
            "" if act == dossier.acts[-1] else say("adoption.superseded", lang),
        )
        for act in dossier.acts
    )
    keys = ("audit.time", "adoption.state", "policy.by", "export.column.state")
    yield table(tuple(say(key, lang) for key in keys), rows)


def _undecided(dossier: Dossier, lang: str) -> Iterator[str]:
    """What there is instead of a verdict: a refusal with its reason, or that it is not finished."""
    if dossier.opened is None and dossier.refusals:
        yield el("p", say("export.refused", lang), cls="outcome")
        for refused in dossier.refusals:
            yield el("p", f"{say(f'audit.refused.{refused.by}', lang)} ({refused.reason})")
        return
    yield el("p", say("export.undecided", lang), cls="outcome")
    yield el("p", say("export.undecided_why", lang))


def _tally(dossier: Dossier, lang: str) -> Iterator[str]:
    decided = dossier.decided
    if decided is None or not decided.tally:
        return
    yield el("h3", say("ask.tally", lang))
    rows = (
        (
            class_words(dossier, line.answer_class, lang),
            say("api.seats", lang, count=len(line.seats)),
            comma(lang).join(seat.upper() for seat in line.seats),
        )
        for line in decided.tally
    )
    yield table((say("ask.answer", lang), say("export.votes", lang), say("ask.seat", lang)), rows)


def _seat_of(dossier: Dossier, ask: str) -> str:
    reports = () if dossier.decided is None else dossier.decided.seats
    return next((report.seat.upper() for report in reports if report.ask == ask), ask)


def dissent_part(dossier: Dossier, lang: str) -> Html:
    """少数意見と分かれ目: every dissenting seat and fallen claim word for word, and what would turn the verdict."""
    matter = dossier.matter
    dissent = () if dossier.decided is None else dossier.decided.dissent
    parts: list[str] = [el("h2", say("ask.dissent" if dossier.turning is None else "export.dissent", lang))]
    if not dissent:
        parts.append(el("p", say("export.no_dissent", lang)))
    for ask in dissent:
        held = "" if matter is not None and matter.is_open else f": {_held(dossier, ask, lang)}"
        parts.append(el("h3", f"{_seat_of(dossier, ask)}{held}"))
        said = dossier.statement(ask)
        parts.append(not_there(dossier.answer_body(ask), lang) if said is None else _words(said, lang))
    return joined((*parts, dissent_claims(matter, lang), turning_shown(matter, dossier, lang)))


def _held(dossier: Dossier, ask: str, lang: str) -> str:
    reports = () if dossier.decided is None else dossier.decided.seats
    held = next((report.answer_class for report in reports if report.ask == ask), None)
    return "-" if held is None else class_words(dossier, held, lang)


def seats_part(dossier: Dossier, lang: str) -> Html:
    """各席の回答: every seat of the council, whoever was left out included, in its own words."""
    parts: list[str] = [el("h2", say("export.seats", lang))]
    if dossier.opened is None:
        return joined((*parts, el("p", say("export.nobody_asked", lang))))
    reports = dossier.decided.seats if dossier.decided is not None else _so_far(dossier)
    parts += (_seat(dossier, report, lang) for report in reports)
    return joined(parts)


def _so_far(dossier: Dossier) -> Iterator[SeatReport]:
    """The seats of a deliberation without a verdict, from what is on record."""
    opened = dossier.opened
    admitted = {entry.seat for entry in opened.plan if entry.admitted} if opened else set()
    answers = {r.data.seat: r.data for r in dossier.answered.values() if isinstance(r.data, Answered)}
    for plan in opened.seats if opened else ():
        said = answers.get(plan.seat)
        yield SeatReport(
            seat=plan.seat,
            ask=None if said is None else said.ask,
            card=None if said is None else said.card,
            said=said.statement if said else "outstanding" if plan.seat in admitted else "not_admitted",
            answer_class=None if said is None else said.ballot or None,
            failure=None if said is None else said.failure,
            origin=None if said is None else said.origin,
        )


def _seat(dossier: Dossier, report: SeatReport, lang: str) -> Html:
    card = el("span", card_words(dossier, report.card), cls="card") if report.card else Html("")
    parts: list[str] = [el("h3", report.seat.upper(), card)]
    matter = dossier.matter
    state = say(f"said.{report.said}", lang) if matter is None else state_words(matter, report, lang)
    if matter is None and report.failure:
        state = f"{state} ({say_failure(report.failure, lang)})"
    if report.answer_class is not None and not (matter is not None and matter.is_open):
        state = f"{state}: {class_words(dossier, report.answer_class, lang)}"
    if report.origin in ("scripted", "recorded"):
        state = f"{state} [{say(f'export.origin.{report.origin}', lang)}]"
    parts.append(el("p", state, cls="state"))
    if report.ask is not None and report.ask in dossier.answered:
        body, said = dossier.answer_body(report.ask), dossier.statement(report.ask)
        parts.append(_words(said, lang) if said is not None else not_there(body, lang))
    return el("section", *parts, cls="seat")


def card_words(dossier: Dossier, card_id: str) -> str:
    """A card's title with its id; the id alone where there is no such card today."""
    card = dossier.cards.get(card_id)
    return card_id if card is None else f"{card.title} ({card_id})"


def _words(said: Statement, lang: str) -> Html:
    """A statement word for word: answer, reason, bases; and the text itself where it was no structured answer."""
    rows: list[tuple[str, str]] = []
    if said.answer:
        rows.append((say("ask.answer", lang), verbatim(said.answer, lang)))
    if said.reason and said.reason != said.text:
        rows.append((say("ask.reason", lang), verbatim(said.reason, lang)))
    if said.answer:
        rows.append((say("ask.basis", lang), _bases(said.basis, lang)))
    if not said.answer or not _structured(said.text):
        rows.append((say("export.raw", lang), verbatim(said.text, lang)))
    return facts(rows, cls="words")


def _bases(basis: Sequence[str], lang: str) -> Html:
    if not basis:
        return el("p", say("ask.no_basis", lang))
    left = len(basis) - MAX_BASES
    cut = el("p", say("export.more", lang, count=left), cls="cut") if left > 0 else Html()
    return joined((*(verbatim(each, lang) for each in basis[:MAX_BASES]), cut))


def _structured(text: str) -> bool:
    """Whether a seat's text was the JSON object that was asked for, so that its parts say all of it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() <= ANSWER_KEYS
