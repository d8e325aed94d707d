"""An account of a verdict: what arbitration came to, in words, once for the chat reply, the terminal and the page.

Order of use: `warnings` stand above everything, `reply` is the answer, `standing` says how much it is worth, `parts`
say why it is what it is and on what it rests. Every part is a heading with lines and rows.

Promises: pure, the same for equal values; says nothing that verdict, terms and opened statements do not bear; a seat
or claim whose words are closed or erased is still named. Models' words are raw here: each form makes them harmless.
Leaves to others: the forms (`magi.api.prose`, `magi.cli.screen`, `magi.export`), what would turn the verdict
(`magi.service.turning`), claims and the reply (`magi.service.account_claims`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from magi.core.answers.concern import severity
from magi.core.decided import Arbitrated, Decided, SeatReport
from magi.core.rebuttal import moved
from magi.core.rules.spelled import NONE
from magi.core.space import AnswerSpace, ChoiceSpace
from magi.core.terms import Terms
from magi.service.question import Question
from magi.service.reply import Statement
from magi.words import catalogue, say, say_class, say_failure

LOUD: Final = ("foreign_claim", "rehearsal", "recording", "degraded")
"""Flags that come before the verdict, in this order."""
SAID_ELSEWHERE: Final = frozenset({"no_promise", "attributed", "rested"})
"""Flags of an arbitrated verdict that its other words say in full."""
BP_OF_TENTH: Final = 10
MOST_TENTHS: Final = 999
"""No finite number of labels shows certainty."""

_SIGNS = re.compile("[>=+]")
_SEVERITY = "severity_"


@dataclass(frozen=True)
class Matter:
    """What an account is of. Statements and the question's words are as far as they were opened.

    `terms` are None for a council without arbitration; `titles` names cards by id where that is known.
    """

    verdict: Decided
    question: Question
    statements: Mapping[str, Statement] = field(default_factory=dict)
    terms: Terms | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the answers are open text."""
        return self.question.space.kind == "open"


@dataclass(frozen=True)
class Part:
    """A heading, lines under it, and rows under `columns`; `key` is its code."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def warnings(matter: Matter, lang: str) -> tuple[str, ...]:
    """What makes the answer less than it seems, or dangerous to repeat: to stand above everything else."""
    return tuple(_warning(matter, flag, lang) for flag in LOUD if flag in matter.verdict.flags)


def _warning(matter: Matter, flag: str, lang: str) -> str:
    """A flag in words; of a foreign state's claim also what it is about, where the answer itself amounts to one."""
    words = say(f"flag.{flag}", lang)
    held = matter.verdict.answer_class or ""
    topics = matter.terms.contested.get(held, ()) if matter.terms and flag == "foreign_claim" else ()
    about = comma(lang).join(topic_words(topic, lang) for topic in topics)
    return f"{words} ({about})" if about else words


def notes(matter: Matter, lang: str) -> tuple[str, ...]:
    """The other flags in words, without those that warnings, reasons for review or other parts say."""
    verdict = matter.verdict
    said = {*LOUD}
    if verdict.arbitration is not None:
        said |= {*SAID_ELSEWHERE, *verdict.arbitration.review}
    return tuple(say(f"flag.{flag}", lang) for flag in verdict.flags if flag not in said)


def class_words(matter: Matter, held: str | None, lang: str) -> str:
    """A class or a ballot as a person reads it: an option with its text, a ranking, or whose opinion it is."""
    if held is None:
        return say("ask.no_decision", lang)
    if matter.is_open:
        first = next((report.seat for report in matter.verdict.seats if report.answer_class == held), None)
        return held if first is None else say("account.opinion_of", lang, seat=first.upper())
    if matter.question.space.kind != "choice":
        return say_class(held, lang)
    if not _ranks(matter.question.space, held):
        text = matter.question.options.get(held, "")
        return f"{held} {text}" if text else held
    if held == NONE:
        return say("account.none_approved", lang)
    return held.replace(">", " > ").replace("=", " = ").replace("+", " + ")


def _ranks(space: AnswerSpace, held: str) -> bool:
    """Whether a ballot of a choice names several options by the signs of rankings and approvals, or none at all."""
    if not isinstance(space, ChoiceSpace) or held in space.options:
        return False
    return held == NONE or set(_SIGNS.split(held)) <= {*space.options}


def answer_words(matter: Matter, ask: str, lang: str) -> str:
    """What a seat answers in its own words; of several options the ballot, which is how it was counted."""
    report = next(report for report in matter.verdict.seats if report.ask == ask)
    held, said = report.answer_class or "", matter.statements.get(ask)
    spelled = _ranks(matter.question.space, held)
    return class_words(matter, held, lang) if spelled or said is None else said.answer


def seat_of(matter: Matter, ask: str | None) -> str:
    """The seat of an ask, as it is shown; of a review or a draft too."""
    seats = [report.seat for report in matter.verdict.seats]
    named = next((report.seat for report in matter.verdict.seats if ask and report.ask == ask), None)
    if named is None and ask and ask[1:].isdecimal() and 0 < int(ask[1:]) <= len(seats):
        named = seats[int(ask[1:]) - 1]
    return (named or ask or "-").upper()


def seats_words(seats: tuple[str, ...], lang: str) -> str:
    """Seats in a row; 「なし」 for none."""
    return comma(lang).join(seat.upper() for seat in seats) or say("account.nobody", lang)


def comma(lang: str) -> str:
    """What stands between the items of a line."""
    return "、" if lang == "ja" else ", "


def topic_words(topic: str, lang: str) -> str:
    """A topic by its name, or by its code where it has none."""
    key = f"topic.{topic}"
    return say(key, lang) if key in catalogue() else topic


def percent(basis_points: int) -> str:
    """A probability in per cent with one decimal, rounded half up and never certain."""
    tenths = min((basis_points + BP_OF_TENTH // 2) // BP_OF_TENTH, MOST_TENTHS)
    return f"{tenths // 10}.{tenths % 10}"


# How much the answer is worth.


def standing(matter: Matter, lang: str) -> tuple[str, ...]:
    """Independence, calibrated confidence with the labels behind it, and what is promised of errors; or 未計測."""
    found, verdict = matter.verdict.arbitration, matter.verdict
    if found is None and verdict.confidence_bp is not None:
        return (say("export.confidence", lang, percent=percent(verdict.confidence_bp)),)
    if found is None:
        return (say("ask.confidence", lang),)
    return (independence(found, lang), *_confidence(matter, found, lang))


def independence(found: Arbitrated, lang: str) -> str:
    """How many independent votes the seats that voted are: measured, or at most so many by lineage."""
    counted = found.independence
    if not counted.seats:
        return say("account.independence.none", lang)
    tenths = (counted.voices_milli + 50) // 100
    votes = str(tenths // 10) if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"
    key = "account.independence.measured" if counted.measured else "account.independence.bound"
    return say(key, lang, seats=counted.seats, votes=votes)


def _confidence(matter: Matter, found: Arbitrated, lang: str) -> Iterator[str]:
    measured = matter.terms.measured if matter.terms else None
    shown = matter.verdict.confidence_bp
    if measured is None:
        yield say("ask.confidence", lang)
        return
    if shown is None:
        undecided = matter.verdict.answer_class is None
        yield say(f"account.confidence.{'undecided' if undecided else 'other_ballots'}", lang)
    elif measured.calibration.method == "none":  # what was not calibrated is not shown
        yield say("account.confidence.uncalibrated", lang, labels=measured.labels)
    else:
        key = "leading" if matter.verdict.answer_class is None else "shown"
        yield say(f"account.confidence.{key}", lang, percent=percent(shown), labels=measured.labels)
    if measured.answer_from_bp is None:
        yield say("account.promise.none", lang)
    elif found.raw_bp is not None:
        reached = found.raw_bp >= measured.answer_from_bp
        error = measured.error_bp // 100
        yield say(f"account.promise.{'reached' if reached else 'missed'}", lang, percent=error)
        if measured.certain_from_bp is not None and found.raw_bp >= measured.certain_from_bp:
            yield say("account.promise.certain", lang)


# Why it is what it is.


def decision_parts(matter: Matter, lang: str, name: str | None = None) -> tuple[Part, ...]:
    """The parts on the decision: who must look, concerns, one seat, the rebuttal, the ranking, who said nothing.

    `name` is the record's number, for the commands that a person acts with.
    """
    found = matter.verdict.arbitration
    if found is None:
        return ()
    parts = (
        _person(found, lang, name),
        _concerns(matter, found, lang),
        _single(matter, lang),
        _moves(matter, found, lang),
        _ranking(matter, found, lang),
        absent_part(matter, lang),
    )
    return tuple(part for part in parts if part.lines or part.rows)


def _person(found: Arbitrated, lang: str, name: str | None) -> Part:
    lines = [say(f"review.{reason}", lang) for reason in found.review]
    if lines and name is None:
        lines.append(say("account.act", lang))
    elif lines:
        lines += [say(f"account.act_{step}", lang, id=name or "") for step in ("look", "record")]
    return Part("person", say("account.person", lang), tuple(lines))


def _concerns(matter: Matter, found: Arbitrated, lang: str) -> Part:
    """Every grave concern that a seat raised, and whether it blocks."""
    rows = []
    for report in matter.verdict.seats:
        said = matter.statements.get(report.ask or "")
        raised = severity(said.text) if said is not None and report.said == "answer" else None
        blocks = report.ask in found.blocked_by
        if raised is None and not blocks:
            continue
        rows.append(
            (
                report.seat.upper(),
                _concern(raised, found, lang),
                say("account.blocks" if blocks else "account.blocks_not", lang),
                "-" if said is None else said.reason or said.answer,
                "-" if said is None else comma(lang).join(said.basis) or say("ask.no_basis", lang),
            )
        )
    keys = ("ask.seat", "account.column.concern", "account.column.effect", "ask.reason", "ask.basis")
    columns = tuple(say(key, lang) for key in keys)
    return Part("concerns", say("account.concerns", lang), (), columns, tuple(rows))


def _concern(raised: str | None, found: Arbitrated, lang: str) -> str:
    """What a seat raised; where its words are closed, what the reasons for review leave no doubt of."""
    kinds = [reason.removeprefix(_SEVERITY) for reason in found.review if reason.startswith(_SEVERITY)]
    kind = raised or (kinds[0] if len(kinds) == 1 else None)
    return "-" if kind is None else say(f"account.concern.{kind}", lang)


def _single(matter: Matter, lang: str) -> Part:
    """Who decided alone; the outcome says that somebody did."""
    verdict = matter.verdict
    if verdict.outcome not in ("single_seat", "weighted"):
        return Part("single_seat", "")
    holders = next((line.seats for line in verdict.tally if line.answer_class == verdict.answer_class), ())
    line = say(f"account.{verdict.outcome}", lang, seat=seats_words(holders, lang))
    return Part("single_seat", say("account.single_title", lang), (line,))


def _moves(matter: Matter, found: Arbitrated, lang: str) -> Part:
    """The ballots before and after the rebuttal: who kept one, and who moved from which to which, and why."""
    kept = [move for move in found.moves if move.before == move.after]
    rows = []
    for move in found.moves:
        kind = moved(move.before, move.after)
        if move in kept:
            continue
        report = next(each for each in matter.verdict.seats if each.seat == move.seat)
        said = matter.statements.get(report.ask or "")
        before, after = (_ballot(matter, each, lang) for each in (move.before, move.after))
        reason = said.reason if said is not None and kind == "moved" else ""
        rows.append((move.seat.upper(), say(f"account.moved.{kind}", lang), before, after, reason))
    lines = []
    if found.moves:
        key = "account.moves_some" if rows else "account.moves_none"
        lines.append(say(key, lang, count=len(found.moves), moved=len(rows)))
    if kept:
        held = (f"{move.seat.upper()} ({_ballot(matter, move.after, lang)})" for move in kept)
        lines.append(say("account.moves_kept", lang, seats=comma(lang).join(held)))
    keys = ("ask.seat", "account.column.moved", "account.column.before", "account.column.after", "ask.reason")
    columns = tuple(say(key, lang) for key in keys)
    return Part("moves", say("account.moves", lang), tuple(lines), columns, tuple(rows))


def _ballot(matter: Matter, held: str | None, lang: str) -> str:
    return say("account.no_ballot", lang) if held is None else class_words(matter, held, lang)


def _ranking(matter: Matter, found: Arbitrated, lang: str) -> Part:
    """The options, or the seats' opinions, in the order of the rule; equal ones share a place."""
    lines, place = [], 1
    for tier in found.ranking:
        names = [
            say("account.opinion_of", lang, seat=seat_of(matter, each))
            if matter.is_open
            else class_words(matter, each, lang)
            for each in tier
        ]
        key = "account.place" if len(tier) == 1 else "account.place_shared"
        lines.append(say(key, lang, place=place, names=comma(lang).join(names)))
        place += len(tier)
    return Part("ranking", say("account.ranking", lang), tuple(lines))


def absent_part(matter: Matter, lang: str) -> Part:
    """Seats without an answer: refused, evaded, failed, not reached, at rest and why, and those saved by a stop."""
    quiet = [report for report in matter.verdict.seats if report.said != "answer"]
    lines = [f"{report.seat.upper()}: {state_words(matter, report, lang)}" for report in quiet]
    saved = sum(report.said == "not_asked" for report in quiet)
    if saved:
        lines.append(say("account.saved", lang, count=saved))
    return Part("absent", say("api.silent", lang), tuple(lines))


def state_words(matter: Matter, report: SeatReport, lang: str) -> str:
    """What a seat did, with the failure, or why it rested."""
    state = say(f"said.{report.said}", lang)
    if report.failure:
        return f"{state} ({say_failure(report.failure, lang)})"
    rested = matter.terms.rested if matter.terms else ()
    why = next((each for each in rested if each.seat == report.seat), None)
    if report.said == "rested" and why is not None:
        return f"{state} ({say(f'account.rested.{why.why}', lang, topic=topic_words(why.topic, lang))})"
    return state
