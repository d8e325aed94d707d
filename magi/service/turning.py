"""What would turn a verdict, in words: the seats without which it changes, and how many ballots it is from another.

The values come from a counterfactual replay and say for each what it goes by: the record, an estimate where seats
would have to be asked again, or nothing. Promises: pure; nothing that was not computed is said. Leaves to others:
computing it (`magi.replay.counterfactual`), who dissents and why (`dissent_part` takes it from the statements).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from magi.core.decided import Decided
from magi.service.account import Matter, Part, answer_words, class_words, comma, seat_of, seats_words
from magi.service.account_claims import dissent_title
from magi.words import say


@dataclass(frozen=True)
class Without:
    """The verdict without one seat.

    `turns` is None where seats (`needs`: seat and code why) would have to be asked again; then `estimated` and
    `estimate_turns` may say what counting `by` first_round or reviews_left alone gives.
    """

    seat: str
    verdict: Decided | None
    turns: bool | None
    needs: tuple[tuple[str, str], ...] = ()
    by: Literal["first_round", "reviews_left"] | None = None
    estimated: Decided | None = None
    estimate_turns: bool | None = None


@dataclass(frozen=True)
class Turning:
    """What would turn a verdict: each seat's absence, and the fewest ballots that would have to be otherwise.

    `ballots` is 1 to `most`, `more` than that, `never` (none of the others could turn it), or None where nobody can
    tell.
    """

    absences: tuple[Without, ...]
    ballots: int | Literal["more", "never"] | None
    most: int

    def plain(self) -> dict[str, object]:
        """As plain JSON values."""
        return {
            "pivotal": [each.seat for each in self.absences if each.turns],
            "ballots_short_of_another": self.ballots,
            "without": [
                {
                    "seat": each.seat,
                    "turns": each.turns,
                    **_plain_verdict(each.verdict),
                    "needs_requery": [{"seat": seat, "why": why} for seat, why in each.needs],
                    "estimate": None
                    if each.estimated is None
                    else {"by": each.by, "turns": each.estimate_turns, **_plain_verdict(each.estimated)},
                }
                for each in self.absences
            ],
        }


def _plain_verdict(verdict: Decided | None) -> dict[str, object]:
    outcome, held = (None, None) if verdict is None else (verdict.outcome, verdict.answer_class)
    return {"outcome": outcome, "answer_class": held}


def dissent_part(matter: Matter, lang: str) -> Part:
    """Who dissents, with what answer, why, and with which evidence."""
    rows = []
    for ask in matter.verdict.dissent:
        said = matter.statements.get(ask)
        closed = say("account.closed", lang)
        answer = closed if said is None and matter.is_open else answer_words(matter, ask, lang)
        reason = closed if said is None else said.reason or "-"
        basis = closed if said is None else comma(lang).join(said.basis) or say("ask.no_basis", lang)
        rows.append((seat_of(matter, ask), answer, reason, basis))
    lines = () if rows else (say("export.no_dissent", lang),)
    columns = tuple(say(key, lang) for key in ("ask.seat", "ask.answer", "ask.reason", "ask.basis"))
    return Part("dissent", dissent_title(matter, lang), lines, columns, tuple(rows))


def turning_part(matter: Matter, turning: Turning | None, lang: str) -> Part:
    """The seats that turn the verdict by being absent, and how far it is from another one."""
    title = say("account.turning", lang)
    if turning is None:
        return Part("turning", title, (say("account.turning.none", lang),))
    rows = tuple(_row(matter, each, lang) for each in turning.absences)
    columns = tuple(say(f"account.column.{key}", lang) for key in ("absent", "turns", "then", "estimate"))
    return Part("turning", title, tuple(_summary(turning, lang)), columns, rows)


def _summary(turning: Turning, lang: str) -> Iterator[str]:
    pivotal = tuple(each.seat for each in turning.absences if each.turns)
    unknown = tuple(each.seat for each in turning.absences if each.turns is None)
    if pivotal:
        yield say("account.turning.pivotal", lang, seats=seats_words(pivotal, lang))
    elif turning.absences and not unknown:
        yield say("account.turning.nobody", lang)
    if unknown:
        yield say("account.turning.unknown", lang, seats=seats_words(unknown, lang))
    if isinstance(turning.ballots, int):
        yield say("account.turning.short_of", lang, count=turning.ballots)
    else:
        yield say(f"account.turning.short_of_{turning.ballots or 'unknown'}", lang, most=turning.most)


def _row(matter: Matter, each: Without, lang: str) -> tuple[str, ...]:
    return (
        each.seat.upper(),
        _turns(each.turns, lang),
        _needed(matter, each, lang) if each.verdict is None else _verdict(matter, each.verdict, lang),
        _estimate(matter, each, lang),
    )


def _turns(turns: bool | None, lang: str) -> str:  # noqa: FBT001  # a word for each of the three values
    key = "unknown" if turns is None else "yes" if turns else "no"
    return say(f"account.turns.{key}", lang)


def _needed(matter: Matter, each: Without, lang: str) -> str:
    """Who would have to be asked again, the seats of one reason together."""
    found: dict[str, list[str]] = {}
    for seat, why in each.needs:
        found.setdefault(why, []).append(seat)
    others = {report.seat for report in matter.verdict.seats if report.ask and report.seat != each.seat}
    return comma(lang).join(
        say(
            "replay.need",
            lang,
            seat=say("account.others_all", lang) if {*seats} == others else seats_words(tuple(seats), lang),
            why=say(f"replay.need.{why}", lang),
        )
        for why, seats in found.items()
    )


def _estimate(matter: Matter, each: Without, lang: str) -> str:
    if each.estimated is None or each.by is None:
        return ""
    turns = _turns(each.estimate_turns, lang)
    verdict = _verdict(matter, each.estimated, lang)
    return say(f"account.estimate.{each.by}", lang, turns=turns, verdict=verdict)


def _verdict(matter: Matter, other: Decided, lang: str) -> str:
    outcome = say(f"outcome.{other.outcome}", lang)
    if other.answer_class is None:
        return outcome
    return f"{outcome} ({class_words(replace(matter, verdict=other), other.answer_class, lang)})"
