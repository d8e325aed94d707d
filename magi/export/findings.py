"""The first half of the page: what was asked, what came of it, who dissents, and each seat in its own words.

Leaves to others: what it rests on (`grounds`), the frame (`page`).
"""

import json
from collections.abc import Iterator, Sequence

from magi.core.record import Answered, SeatReport
from magi.export.dossier import Body, Dossier, moment
from magi.export.markup import Html, el, facts, joined, table, verbatim
from magi.service.reply import Statement
from magi.words import say, say_class, say_failure

MAX_BASES = 50
"""Bases of one statement on the page: an answer with more is an attack on the reader, and the JSONL form holds it."""
BASIS_POINTS = 100
"""Of one per cent."""
ANSWER_KEYS = frozenset({"answer", "reason", "basis", "回答", "答え", "理由", "根拠"})
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
    question = dossier.question()
    if question is not None and question.space.kind == "choice":
        return f"{answer_class} {question.options.get(answer_class, '')}".strip()
    if dossier.opened is not None and dossier.opened.space.kind == "open":
        return say("export.same_words", lang, name=answer_class)
    return say_class(answer_class, lang)


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
    box: list[str] = [el("p", say(f"outcome.{decided.outcome}", lang), cls="outcome")]
    if decided.attributed is None:
        answer = class_words(dossier, decided.answer_class, lang)
        box.append(el("p", f"{say('ask.answer', lang)}: {answer}", cls="decided"))
    else:
        shown = "ask.shown" if decided.answer_class is None else "ask.shown_agreed"
        box.append(el("p", say(shown, lang, seat=_seat_of(dossier, decided.attributed)), cls="decided"))
        said = dossier.statement(decided.attributed)
        body = dossier.answer_body(decided.attributed)
        box.append(not_there(body, lang) if said is None else verbatim(said.answer, lang))
    box.append(el("p", _confidence(decided.confidence_bp, lang)))
    if decided.flags:
        box.append(el("ul", *(el("li", say(f"flag.{flag}", lang)) for flag in decided.flags), cls="flags"))
    box.append(el("p", say("ask.advice", lang), cls="advice"))
    parts += [el("div", *box, cls="verdict"), *_tally(dossier, lang)]
    return joined(parts)


def _undecided(dossier: Dossier, lang: str) -> Iterator[str]:
    """What there is instead of a verdict: a refusal with its reason, or that it is not finished."""
    if dossier.opened is None and dossier.refusals:
        yield el("p", say("export.refused", lang), cls="outcome")
        for refused in dossier.refusals:
            yield el("p", f"{say(f'audit.refused.{refused.by}', lang)} ({refused.reason})")
        return
    yield el("p", say("export.undecided", lang), cls="outcome")
    yield el("p", say("export.undecided_why", lang))


def _confidence(confidence_bp: int | None, lang: str) -> str:
    if confidence_bp is None:
        return say("ask.confidence", lang)
    whole, part = divmod(confidence_bp, BASIS_POINTS)
    return say("export.confidence", lang, percent=f"{whole}.{part:02d}")


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
    """少数意見: every dissenting seat with its answer and its reason, word for word."""
    dissent = () if dossier.decided is None else dossier.decided.dissent
    parts: list[str] = [el("h2", say("ask.dissent", lang))]
    if not dissent:
        parts.append(el("p", say("export.no_dissent", lang)))
    for ask in dissent:
        parts.append(el("h3", f"{_seat_of(dossier, ask)}: {_held(dossier, ask, lang)}"))
        said = dossier.statement(ask)
        parts.append(not_there(dossier.answer_body(ask), lang) if said is None else _words(said, lang))
    return joined(parts)


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
    state = say(f"said.{report.said}", lang)
    if report.failure:
        state = f"{state} ({say_failure(report.failure, lang)})"
    if report.answer_class is not None:
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
