"""How a counterfactual looks: on a terminal, and as JSON."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from magi.cli import screen
from magi.core.decided import Decided
from magi.replay.counterfactual import Absence, Counterfactual, Need
from magi.replay.swing import MAX_SWING, Swing
from magi.replay.without import Estimate
from magi.words import say, say_class, say_reasons


def percent(basis_points: int | None) -> str:
    """Basis points as a percentage; a dash for none."""
    return "-" if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d} %"


def show_counterfactual(out: Console, found: Counterfactual, lang: str) -> None:
    """Print what a change makes of one deliberation."""
    for line in _reseated(found, lang):
        screen.emit(out, Text("  " + line))
    for need in found.needs:
        screen.emit(out, Text("  " + _need(need, lang)))
    if found.reason is not None:
        screen.emit(out, Text("  " + say(f"replay.{found.result}", lang, reason=found.reason)))
    if found.estimate is not None:
        screen.emit(out, Text("  " + _estimate(found.estimate, lang)))
    if found.recorded is None or found.recomputed is None:
        return
    shown = screen.table("", say("replay.recorded", lang), say("replay.recomputed", lang))
    measured = any(each.confidence_bp is not None for each in (found.recorded, found.recomputed))
    for name in (
        "outcome",
        "answer_class",
        *(("confidence_bp",) if measured else ()),
        "tally",
        "dissent",
        "flags",
    ):
        heading = say(f"replay.field.{name}", lang) + (" *" if name in found.changed else "")
        cells = (heading, _words(name, found.recorded, lang), _words(name, found.recomputed, lang))
        shown.add_row(*(Text(cell) for cell in cells))
    out.print(shown)
    for each in found.absences:
        screen.emit(out, Text("  " + _absence(each, lang)))
    if found.short_of is not None:
        screen.emit(out, Text("  " + _short_of(found.short_of, lang)))


def _absence(each: Absence, lang: str) -> str:
    if each.verdict is None:
        told = "" if each.estimate is None else f" ({_estimate(each.estimate, lang)})"
        return say("replay.absent_unknown", lang, seat=each.seat.upper()) + told
    key = "replay.absent_pivotal" if each.pivotal else "replay.absent_same"
    verdict = f"{_words('outcome', each.verdict, lang)} {_words('answer_class', each.verdict, lang)}"
    return say(key, lang, seat=each.seat.upper(), verdict=verdict)


def _estimate(found: Estimate, lang: str) -> str:
    verdict = f"{_words('outcome', found.verdict, lang)} {_words('answer_class', found.verdict, lang)}"
    moved = say("replay.estimate.moved" if found.moved else "replay.estimate.same", lang)
    return say(f"replay.estimate.{found.by}", lang, verdict=verdict, moved=moved)


def _short_of(found: Swing, lang: str) -> str:
    if isinstance(found, int):
        return say("replay.short_of", lang, ballots=found)
    return say(f"replay.short_of.{found}", lang, ballots=MAX_SWING)


def _words(name: str, verdict: Decided, lang: str) -> str:
    """A field of a verdict as a person reads it; seats by their names, also where the record has their asks."""
    seats = {report.ask: report.seat.upper() for report in verdict.seats}
    if name == "outcome":
        return say(f"outcome.{verdict.outcome}", lang)
    if name == "confidence_bp":
        return percent(verdict.confidence_bp)
    if name == "answer_class":
        return (
            say("ask.no_decision", lang)
            if verdict.answer_class is None
            else _class(verdict.answer_class, lang)
        )
    if name == "tally":
        lines = (
            f"{_class(line.answer_class, lang)} {len(line.seats)} ({', '.join(s.upper() for s in line.seats)})"
            for line in verdict.tally
        )
        return "\n".join(lines) or "-"
    if name == "dissent":
        return ", ".join(seats.get(ask, ask) for ask in verdict.dissent) or "-"
    return "\n".join(say(f"flag.{flag}", lang) for flag in verdict.flags) or "-"


def _class(answer_class: str, lang: str) -> str:
    return say_class(answer_class, lang)


def _need(need: Need, lang: str) -> str:
    return say("replay.need", lang, seat=need.seat.upper(), why=say(f"replay.need.{need.why}", lang))


def _reseated(found: Counterfactual, lang: str) -> Sequence[str]:
    return [
        say(
            "replay.reseated",
            lang,
            seat=each.seat.upper(),
            card=each.card,
            now=say("policy.no" if each.was else "policy.yes", lang),
            why=say_reasons(each.reasons, lang) or "-",
        )
        for each in found.reseated
    ]


def counterfactual_json(found: Counterfactual) -> dict[str, object]:
    """The same as plain JSON values."""
    return {
        "result": found.result,
        "changed": list(found.changed),
        "recorded": None if found.recorded is None else found.recorded.model_dump(mode="json"),
        "recomputed": None if found.recomputed is None else found.recomputed.model_dump(mode="json"),
        "needs": [{"seat": need.seat, "why": need.why} for need in found.needs],
        "pivotal": list(found.pivotal),
        "absences": [
            {
                "seat": each.seat,
                "pivotal": each.pivotal,
                "outcome": None if each.verdict is None else each.verdict.outcome,
                "answer_class": None if each.verdict is None else each.verdict.answer_class,
                "needs": [{"seat": need.seat, "why": need.why} for need in each.needs],
                "estimate": _estimate_json(each.estimate),
            }
            for each in found.absences
        ],
        "reseated": [
            {"seat": each.seat, "card": each.card, "was": each.was, "reasons": list(each.reasons)}
            for each in found.reseated
        ],
        "reason": found.reason,
        "estimate": _estimate_json(found.estimate),
        "short_of": found.short_of,
    }


def _estimate_json(found: Estimate | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "by": found.by,
        "moved": found.moved,
        "outcome": found.verdict.outcome,
        "answer_class": found.verdict.answer_class,
    }
