"""The scoreboard as a page for an analyst: one HTML file that opens offline, Japanese first with English beside.

Promises: nothing of the file comes from elsewhere (no address, image, font or script; a policy in the file forbids
them too); its first line says whether the council beat its best seat, after the notice of a rehearsal where it is one;
what was not measured says 未測定; every plot stands beside a table of its figures; equal scoreboards give equal bytes.
Leaves to others: figures (`scoreboard`), pictures (`report_plots`), the parts about the seats (`report_parts`).
"""

import base64
import hashlib
import html
from fractions import Fraction
from importlib.resources import files
from string import Template

from magi.core.calibration import Quality
from magi.evaluation.recorded import Difference
from magi.evaluation.report_markup import Html, both, el, joined, table, visible
from magi.evaluation.report_parts import (
    NOT_MEASURED,
    WHOLE_BP,
    Setting,
    agreement_part,
    axes_part,
    order_part,
    percent,
    seats_part,
    voice_words,
)
from magi.evaluation.report_plots import Dot, Point, accuracy_plot, calibration_plot, cost_plot
from magi.evaluation.scoreboard import BASELINE, BEST, CHOSEN, GIVEN, Scoreboard, Voice
from magi.words import say

MILLION = 1_000_000


def page(board: Scoreboard, setting: Setting) -> bytes:
    """The scoreboard as one HTML file in UTF-8."""
    folder = files("magi.evaluation")
    style = folder.joinpath("report.css").read_text(encoding="utf-8")
    frame = Template(folder.joinpath("report.html").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    parts = (
        *_marks(board),
        _headline(board),
        el("h1", both("scoreboard.title")),
        _facts(board, setting),
        _accuracy(board),
        _differences(board),
        seats_part(board),
        agreement_part(board),
        _calibration(board),
        _cost(board),
        order_part(board),
        axes_part(board),
        el("h2", both("scoreboard.how")),
        el("p", both("scoreboard.how_read")),
        el("p", both("ask.advice"), cls="advice"),
    )
    title = html.escape(visible(f"{say('scoreboard.title', 'ja')} {setting.data_set}"))
    text = frame.substitute(title=title, style=style, style_hash=f"sha256-{digest}", body=joined(parts))
    return text.encode("utf-8")


def first_line(board: Scoreboard, lang: str) -> str:
    """Whether the council beat its best seat, with the paired difference and its interval."""
    gap = board.headline
    key = {"beat": "scoreboard.beat", "lost": "scoreboard.lost", "undecided": "scoreboard.undecided"}
    council, best = board.accuracy((board.headline_of, "")), board.accuracy(BEST)
    return say(
        key[gap.standing],
        lang,
        mean=points(gap.mean_bp),
        low=points(gap.low_bp),
        high=points(gap.high_bp),
        council="-" if council is None else percent(council.mean_bp),
        best="-" if best is None else percent(best.mean_bp),
    )


def points(value_bp: int) -> str:
    """A difference in percentage points with its sign."""
    return f"{value_bp / 100:+.2f}"


def _marks(board: Scoreboard) -> tuple[Html, ...]:
    if board.rehearsal:
        return (el("p", both("scoreboard.rehearsal"), cls="mark"),)
    return (el("p", both("scoreboard.recording"), cls="mark"),) if board.recording else ()


def _headline(board: Scoreboard) -> Html:
    ja, en = first_line(board, "ja"), first_line(board, "en")
    return el(
        "div",
        el("p", ja, lang="ja"),
        el("p", en, lang="en", cls="en"),
        cls=f"headline {board.headline.standing}",
    )


def _facts(board: Scoreboard, setting: Setting) -> Html:
    sheet, first = board.report.sheet, board.report.splits[0]
    split = {"splits": len(board.report.splits), "labelled": first.labelled, "held_out": first.held_out}
    refused = sum(setting.refused.values())
    rows = [
        (both("scoreboard.data_set"), setting.data_set),
        (both("scoreboard.rows_digest"), el("code", sheet.digest)),
        (both("scoreboard.council"), setting.council or both("scoreboard.from_records")),
        (both("scoreboard.absent"), ", ".join(setting.absent) or "–"),
        (both("scoreboard.day"), setting.day),
        (both("scoreboard.questions"), f"{len(sheet.rows):,}"),
        (both("scoreboard.left_out"), f"{sheet.left_out:,}"),
        (both("scoreboard.refused"), _counted(setting) if refused else "0"),
        (both("scoreboard.subject"), both(voice_key(board))),
        (both("scoreboard.splits"), both("scoreboard.split_words", **split)),
        (both("scoreboard.scoring"), both(f"scoreboard.scoring.{sheet.scoring}", options=sheet.options)),
    ]
    if board.outcomes:
        told = [joined((both(f"outcome.{name}"), f" {count:,}")) for name, count in board.outcomes.items()]
        rows.append((both("scoreboard.outcomes"), joined(el("div", each) for each in told)))
        named, right = board.decided
        share = f"{percent(round(Fraction(WHOLE_BP * right, named)))} %" if named else "–"
        rows.append((both("scoreboard.decided"), f"{named:,} ({share})"))
    cells = (el("tr", el("th", name, scope="row"), el("td", value)) for name, value in rows)
    return el("table", el("tbody", *cells), cls="facts")


def voice_key(board: Scoreboard) -> str:
    """The words for whose answers the first line judges."""
    return "scoreboard.subject.given" if board.headline_of == "given" else "scoreboard.subject.chosen"


def _counted(setting: Setting) -> str:
    total = sum(setting.refused.values())
    return f"{total:,} ({', '.join(f'{reason} {count}' for reason, count in setting.refused.items())})"


def _order(board: Scoreboard) -> list[Voice]:
    """Council, best seat, baseline, seats, rules: what is compared stands together."""
    voices = [one.voice for one in board.accuracies]
    front = [voice for voice in (GIVEN, CHOSEN, BEST, BASELINE) if voice in voices]
    kinds = ("seat", "rule")
    return front + [voice for kind in kinds for voice in voices if voice[0] == kind]


def _accuracy(board: Scoreboard) -> Html:
    dots, rows = [], []
    for voice in _order(board):
        one = board.accuracy(voice)
        if one is not None:
            ja, en = (voice_words(board, voice, lang) for lang in ("ja", "en"))
            dots.append(Dot(ja, en, one.mean_bp, one.low_bp, one.high_bp, voice[0]))
            ends = (
                "–"
                if one.low_bp is None or one.high_bp is None
                else f"{percent(one.low_bp)}～{percent(one.high_bp)}"
            )
            rows.append((_named(ja, en), percent(one.mean_bp), ends))
    title = f"{say('scoreboard.accuracy', 'ja')} / {say('scoreboard.accuracy', 'en')}"
    headings = (both("scoreboard.who"), both("evaluation.right"), both("scoreboard.interval"))
    return joined(
        (
            el("h2", both("scoreboard.accuracy")),
            el("p", both("scoreboard.accuracy_read")),
            el("figure", accuracy_plot(dots, title, _both_plain("scoreboard.accuracy_desc"))),
            table(both("scoreboard.accuracy_caption"), headings, rows),
        )
    )


def _differences(board: Scoreboard) -> Html:
    rows: list[tuple[str, str, str]] = [_difference(both(voice_gap(board)), board.headline)]
    if board.headline_of == "given":
        rows.append(_difference(both("scoreboard.gap_learnt"), board.learnt))
    base = board.baseline
    if base is None:
        rows.append((both("scoreboard.gap_baseline_none"), both(NOT_MEASURED), "–"))
    else:
        rows.append(_difference(both("scoreboard.gap_baseline", **baseline_facts(board)), base.difference))
    headings = (both("scoreboard.compared"), both("scoreboard.points"), both("scoreboard.interval"))
    return joined(
        (el("h2", both("scoreboard.differences")), table(both("scoreboard.paired"), headings, rows))
    )


def baseline_facts(board: Scoreboard) -> dict[str, int | str]:
    """How often the best seat was asked, and how many calls a question the council made."""
    calls = board.costs.calls_a_question
    asks = 0 if board.baseline is None else board.baseline.asks
    return {"asks": asks, "calls": "-" if calls is None else f"{calls:.2f}"}


def voice_gap(board: Scoreboard) -> str:
    """The words for the difference that the first line gives."""
    return "scoreboard.gap_given" if board.headline_of == "given" else "scoreboard.gap_chosen"


def _difference(words: Html, gap: Difference) -> tuple[str, str, str]:
    return words, points(gap.mean_bp), f"{points(gap.low_bp)}～{points(gap.high_bp)}"


def _calibration(board: Scoreboard) -> Html:
    curve = board.curve
    title = f"{say('scoreboard.calibration', 'ja')} / {say('scoreboard.calibration', 'en')}"
    axis = (_both_plain("scoreboard.shown_axis"), _both_plain("scoreboard.right_axis"))
    figures = [
        (both("scoreboard.before"), *_quality(curve.before)),
        (both("scoreboard.after"), *_quality(curve.after)),
    ]
    if board.given is not None:
        figures.append((both("scoreboard.given_confidence"), *_quality(board.given)))
    bins = [
        (both(key), f"{each.count:,}", percent(each.shown_bp), percent(each.right_bp))
        for key, some in (("scoreboard.before", curve.bins_before), ("scoreboard.after", curve.bins_after))
        for each in some
    ]
    count, shown, right = both("scoreboard.count"), both("scoreboard.shown"), both("evaluation.right")
    return joined(
        (
            el("h2", both("scoreboard.calibration")),
            el("p", both("scoreboard.calibration_read")),
            el("figure", calibration_plot(curve, title, _both_plain("scoreboard.calibration_desc"), axis)),
            table(
                both("scoreboard.calibration_caption"),
                (both("scoreboard.which"), "ECE (%)", "Brier", "log loss"),
                figures,
            ),
            table(both("scoreboard.bins"), (both("scoreboard.which"), count, shown, right), bins),
        )
    )


def _quality(quality: Quality) -> tuple[str, str, str]:
    brier, loss = quality.brier_ppm / MILLION, quality.log_loss_ppm / MILLION
    return percent(quality.ece_bp), f"{brier:.4f}", f"{loss:.4f}"


def _cost(board: Scoreboard) -> Html:
    costs = board.costs
    spent, unit = _spent(board)
    lines, marks = [], []
    for number, (voice, cost) in enumerate(spent, start=1):
        one = board.accuracy(voice)
        if one is not None:
            marks.append(Point(number, cost, one.mean_bp, voice[0]))
            named = _named(*(voice_words(board, voice, lang) for lang in ("ja", "en")))
            shown = f"{cost:,.0f}" if unit == "tokens" else f"{cost:.2f}"
            lines.append((str(number), named, shown, percent(one.mean_bp)))
    per = f"scoreboard.per_question.{unit}"
    title = f"{say('scoreboard.cost', 'ja')} / {say('scoreboard.cost', 'en')}"
    axis = (_both_plain(per), _both_plain("evaluation.right"))
    none = both(NOT_MEASURED)
    facts = [
        (both("scoreboard.calls_made"), none if costs.calls is None else f"{costs.calls:,}"),
        (both("scoreboard.asks_spared"), none if costs.calls is None else f"{costs.spared:,}"),
        (both("scoreboard.tokens_all"), none if costs.all_tokens is None else f"{costs.all_tokens:,}"),
        (both("scoreboard.stop_saves"), f"{percent(costs.stop_saved_bp)} %"),
        (both("scoreboard.stop_saves_plurality"), f"{percent(costs.plurality_saved_bp)} %"),
        (both("scoreboard.stop_differs"), f"{costs.stop_differing:,}"),
    ]
    cells = (el("tr", el("th", name, scope="row"), el("td", value)) for name, value in facts)
    headings = (both("scoreboard.number"), both("scoreboard.who"), both(per), both("evaluation.right"))
    return joined(
        (
            el("h2", both("scoreboard.cost")),
            el("p", both("scoreboard.cost_read")),
            el("figure", cost_plot(marks, title, _both_plain("scoreboard.cost_desc"), axis)),
            table(both("scoreboard.cost_caption"), headings, lines),
            el("table", el("tbody", *cells), cls="facts"),
        )
    )


def _spent(board: Scoreboard) -> tuple[list[tuple[Voice, float]], str]:
    """What each voice costs a question: tokens where every seat told them, else calls.

    A seat alone costs its first answer; the council also what it asked after that.
    """
    costs, members = board.costs, board.report.sheet.members
    seats = dict.fromkeys(members, 1.0)
    council, unit = costs.calls_a_question or float(len(members)), "calls"
    if costs.all_tokens is not None and set(costs.alone) == set(members):
        seats = {name: sum(costs.alone[name]) / costs.questions for name in members}
        council, unit = costs.all_tokens / costs.questions, "tokens"
    found: list[tuple[Voice, float]] = [((board.headline_of, ""), council)]
    if board.headline_of == "given":
        found.append((CHOSEN, sum(seats.values())))
    if board.baseline is not None:
        # The best seat is not the same in every split: what it costs is the mean over them.
        best = [seats[members[one.best_member]] for one in board.report.splits]
        found.append((BASELINE, board.baseline.asks * sum(best) / len(best)))
    return [*found, *((("seat", name), cost) for name, cost in seats.items())], unit


def _named(ja: str, en: str) -> Html:
    if ja == en:
        return el("span", ja)
    return joined((el("span", ja, lang="ja"), " ", el("span", en, cls="en", lang="en")))


def _both_plain(key: str) -> str:
    return f"{say(key, 'ja')} / {say(key, 'en')}"
