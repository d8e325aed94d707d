"""What `magi evaluation run` prints: the first line first, and the whole scoreboard as JSON."""

from fractions import Fraction

from rich.text import Text

from magi.cli import screen
from magi.cli.evaluation_shown import Shown, plain
from magi.core.calibration import Quality
from magi.evaluation.asked_rows import COUNCIL
from magi.evaluation.axes import Axis
from magi.evaluation.curve import Bin
from magi.evaluation.recorded import Difference
from magi.evaluation.report_page import baseline_facts, first_line, points, voice_gap
from magi.evaluation.report_parts import NOT_MEASURED, Setting, percent, voice_words
from magi.evaluation.scoreboard import Scoreboard
from magi.words import say

FORMAT = 1
WHOLE_BP = 10_000


def show(board: Scoreboard, setting: Setting, lang: str) -> None:
    """Print the scoreboard: a rehearsal's notice, the first line, accuracies, and what else was measured."""
    out = screen.console()
    if board.rehearsal:
        screen.emit(out, Text(say("scoreboard.rehearsal", lang), style="yellow"))
    screen.emit(out, Text(first_line(board, lang), style="bold"))
    sheet = board.report.sheet
    screen.emit(
        out,
        Text(
            say(
                "evaluation.setting",
                lang,
                questions=len(sheet.rows),
                left_out=sheet.left_out,
                splits=len(board.report.splits),
                labelled=board.report.splits[0].labelled,
                held_out=board.report.splits[0].held_out,
            )
        ),
    )
    shown = screen.table(
        say("scoreboard.who", lang), say("evaluation.right", lang), say("scoreboard.interval", lang)
    )
    for one in board.accuracies:
        ends = "-"
        if one.low_bp is not None and one.high_bp is not None:
            ends = f"{percent(one.low_bp)} ～ {percent(one.high_bp)}"
        shown.add_row(screen.plain(voice_words(board, one.voice, lang)), percent(one.mean_bp), ends)
    screen.emit(out, shown, *(Text(line) for line in _findings(board, setting, lang)))


def _findings(board: Scoreboard, setting: Setting, lang: str) -> list[str]:
    none = say(NOT_MEASURED, lang)
    found, costs = board.independence, board.costs
    votes = none if found.n_eff_milli is None else f"{found.n_eff_milli / 1000:.2f}"
    alpha = none if board.alpha_ppm is None else f"{board.alpha_ppm / 1_000_000:+.3f}"
    before, after = percent(board.curve.before.ece_bp), percent(board.curve.after.ece_bp)
    calls = none if costs.calls is None else f"{costs.calls:,}"
    tokens = none if costs.all_tokens is None else f"{costs.all_tokens:,}"
    same = none
    if board.order is not None:
        same = ", ".join(
            f"{say('demo.council', lang) if name == COUNCIL else name} {percent(share)} %"
            for name, share in board.order.same_bp.items()
        )
    baseline = say("scoreboard.gap_baseline_none", lang)
    told = none
    if board.baseline is not None:
        baseline = say("scoreboard.gap_baseline", lang, **baseline_facts(board))
        told = _gap(board.baseline.difference)
    lines = [
        f"{say(voice_gap(board), lang)}: {_gap(board.headline)}",
        f"{say('scoreboard.gap_learnt', lang)}: {_gap(board.learnt)}",
        f"{baseline}: {told}",
        say("evaluation.independent", lang, seats=len(board.report.sheet.members), votes=votes),
        f"{say('scoreboard.alpha', lang)}: {alpha}",
        say("evaluation.ece", lang, before=before, after=after),
        f"{say('scoreboard.calls_made', lang)}: {calls}; {say('scoreboard.tokens_all', lang)}: {tokens}",
        f"{say('scoreboard.stop_saves', lang)}: {percent(costs.stop_saved_bp)} %",
        f"{say('scoreboard.order', lang)}: {same}",
    ]
    if setting.absent:
        lines.append(f"{say('scoreboard.absent', lang)}: {', '.join(setting.absent)}")
    if setting.refused:
        counted = ", ".join(f"{reason} {count}" for reason, count in setting.refused.items())
        lines.append(f"{say('scoreboard.refused', lang)}: {counted}")
    return lines


def board_json(board: Scoreboard, setting: Setting) -> dict[str, Shown]:
    """The scoreboard as plain JSON values; accuracies and shares in per cent, None for what was not measured."""
    costs = board.costs
    none: Shown = None
    return {
        "format": FORMAT,
        "rehearsal": board.rehearsal,
        "first_line": {lang: first_line(board, lang) for lang in ("ja", "en")},
        "standing": board.headline.standing,
        "data_set": setting.data_set,
        "council": setting.council,
        "day": setting.day,
        "refused": dict(setting.refused),
        "seats_not_asked": list(setting.absent),
        "judged": board.headline_of,
        "differences": {
            "council_best_seat": _difference(board.headline),
            "learnt_best_seat": _difference(board.learnt),
            "council_baseline": none if board.baseline is None else _difference(board.baseline.difference),
        },
        "accuracies": [
            {
                "kind": one.voice[0],
                "name": one.voice[1] or None,
                "accuracy": one.mean_bp / 100,
                "interval_95": none
                if one.low_bp is None or one.high_bp is None
                else [one.low_bp / 100, one.high_bp / 100],
            }
            for one in board.accuracies
        ],
        "seats": [
            {
                "name": seat.name,
                "models": list(seat.models),
                "right": seat.right,
                "silent": seat.silent,
                "asked": seat.asked,
                "tokens": list(costs.tokens[seat.name]) if seat.name in costs.tokens else none,
            }
            for seat in board.seats
        ],
        "outcomes": dict(board.outcomes),
        "decided": {"questions": board.decided[0], "right": board.decided[1]},
        **_agreement(board),
        **_calibration(board),
        "cost": {
            "calls": costs.calls,
            "asks": costs.asked,
            "asks_spared": costs.spared,
            "tokens": costs.all_tokens,
            "stop_saves": costs.stop_saved_bp / 100,
            "stop_saves_plurality": costs.plurality_saved_bp / 100,
            "stop_differing_outcomes": costs.stop_differing,
        },
        **_robust(board),
        "axes": [_axis(axis) for axis in board.axes],
        "recorded": plain(board.report),
    }


def _agreement(board: Scoreboard) -> dict[str, Shown]:
    found = board.independence
    return {
        "independence": {
            "n_eff": _part(found.n_eff_milli, 1_000),
            "error_correlation": _part(found.rho_ppm, 1_000_000),
            "same_wrong": _part(found.same_wrong_bp, 100),
            "krippendorff_alpha": _part(board.alpha_ppm, 1_000_000),
            "entropy": _part(board.entropy_milli, 1_000),
            "pairs": [
                {
                    "seats": list(pair),
                    "agree": _part(board.agreement_bp.get(pair), 100),
                    "error_correlation": _part(rho, 1_000_000),
                }
                for pair, rho in found.pairs
            ],
        },
    }


def _calibration(board: Scoreboard) -> dict[str, Shown]:
    return {
        "calibration": {
            "before": _quality(board.curve.before),
            "after": _quality(board.curve.after),
            "given": None if board.given is None else _quality(board.given),
            "curve_before": [_bin(each) for each in board.curve.bins_before],
            "curve_after": [_bin(each) for each in board.curve.bins_after],
        },
    }


def _axis(axis: Axis) -> Shown:
    """One model version; None for what was not measured."""
    fairness: Shown = None
    if axis.fairness is not None:
        found = axis.fairness
        fairness = {
            "trusted": list(found.trusted),
            "untrusted": list(found.untrusted),
            "unmeasured": list(found.unmeasured),
        }
    return {
        "model": axis.model,
        "asked": axis.asked,
        "factuality": axis.factuality_bp / 100,
        "harmlessness": None,
        "fairness": fairness,
        "japanese": None,
    }


def _robust(board: Scoreboard) -> dict[str, Shown]:
    base, order, moved = board.baseline, board.order, board.rebuttal
    return {
        "baseline": None
        if base is None
        else {
            "asks": base.asks,
            "council_calls": board.costs.calls_a_question,
            "seats": {name: right / 100 for name, right in base.seats.items()},
            "all_alike": {name: share / 100 for name, share in base.alike_bp.items()},
        },
        "option_order": None
        if order is None
        else {
            "asked": order.asked,
            "same_text": {name or "council": share / 100 for name, share in order.same_bp.items()},
            "silent": {name or "council": count for name, count in order.silent.items()},
        },
        "rebuttal": None
        if moved is None
        else {"ballots": moved.ballots, "right_before": moved.before, "right_after": moved.after},
    }


def _gap(gap: Difference) -> str:
    return f"{points(gap.mean_bp)} ({points(gap.low_bp)} ～ {points(gap.high_bp)})"


def _difference(gap: Difference) -> Shown:
    return {
        "standing": gap.standing,
        "difference": gap.mean_bp / 100,
        "interval_95": [gap.low_bp / 100, gap.high_bp / 100],
    }


def _quality(quality: Quality) -> Shown:
    return {
        "outcomes": quality.outcomes,
        "ece": quality.ece_bp / 100,
        "brier": quality.brier_ppm / 1_000_000,
        "log_loss": quality.log_loss_ppm / 1_000_000,
    }


def _bin(each: Bin) -> Shown:
    return {"count": each.count, "shown": each.shown_bp / 100, "right": each.right_bp / 100}


def _part(value: int | None, whole: int) -> float | None:
    return None if value is None else float(Fraction(value, whole))
