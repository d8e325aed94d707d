"""The plots of the scoreboard as inline SVG: accuracy with intervals, agreement, calibration, cost.

Every picture has a title and a description, uses no colour alone to tell things apart, and stands beside a table of the
same figures. Lengths are user units of the view box; percentages come in basis points. Promises: pure; equal figures
give equal bytes; nothing is loaded from elsewhere, and no style attribute is used, which the page's policy forbids.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magi.evaluation.curve import Bin, Curve
from magi.evaluation.report_markup import Html, el

WHOLE_BP: Final = 10_000
STEP_BP: Final = 500
"""Axes begin and end at whole five per cent."""
LEAST_SPAN_BP: Final = 2_000
"""An axis shorter than twenty points would make noise look like a result."""

INK, FAINT, GRID = "#222222", "#595959", "#d9d9d9"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#b24a00", "#00704f", "#595959"
"""Told apart by readers who confuse red and green, and dark enough on white (4.5 to 1)."""

_WIDTH: Final = 760.0
_LABELS: Final = 300.0
_ROW: Final = 30.0
_SQUARE: Final = 340.0
_MARGIN: Final = 46.0
_CELL_MOST, _CELL_LEAST, _CELL_TEXT = 58.0, 12.0, 30.0
_HEAT: Final = 460.0
_LABEL_GAP: Final = 15.0
_NARROW: Final = 0.6
"""Width of a Latin letter in ems, generously."""
_TICKS: Final = 6
_TOP: Final = 24.0


@dataclass(frozen=True)
class Dot:
    """One line of the accuracy plot: its words, its mean and ends in basis points, and its kind."""

    ja: str
    en: str
    mean_bp: int
    low_bp: int | None
    high_bp: int | None
    kind: str


@dataclass(frozen=True)
class Point:
    """One point of the cost plot: its number in the table, cost a question, accuracy, and its kind."""

    number: int
    cost: float
    mean_bp: int
    kind: str


def accuracy_plot(dots: Sequence[Dot], title: str, desc: str) -> Html:
    """Dots with whiskers, one line for each voice, on one axis; the council's mean as a line through all."""
    low, high = _range(
        [end for dot in dots for end in (dot.mean_bp, dot.low_bp, dot.high_bp) if end is not None]
    )
    height = _ROW * len(dots) + 40

    def x(value_bp: int) -> float:
        return _LABELS + (_WIDTH - _LABELS - 24) * (value_bp - low) / (high - low)

    parts: list[str] = []
    for tick in range(low, high + 1, STEP_BP):
        parts.append(el("line", x1=x(tick), x2=x(tick), y1=8, y2=height - 26, stroke=GRID))
        parts.append(_text(x(tick), height - 10, f"{tick // 100}%", anchor="middle", size=11, fill=FAINT))
    parts.append(
        el("line", x1=x(dots[0].mean_bp), x2=x(dots[0].mean_bp), y1=8, y2=height - 26, stroke=BLUE,
           stroke_dasharray="3 3")
    )  # fmt: skip
    for number, dot in enumerate(dots):
        y = 20 + _ROW * number
        parts.append(_label(y, dot.ja, 12, INK))
        if dot.en != dot.ja:
            parts.append(_label(y + 11, dot.en, 9, FAINT))
        if dot.low_bp is not None and dot.high_bp is not None:
            ends = (x(dot.low_bp), x(dot.high_bp))
            parts.append(
                el("line", x1=ends[0], x2=ends[1], y1=y, y2=y, stroke=_colour(dot.kind), stroke_width=2)
            )
            parts.extend(
                el("line", x1=end, x2=end, y1=y - 4, y2=y + 4, stroke=_colour(dot.kind), stroke_width=2)
                for end in ends
            )
        parts.append(_mark(dot.kind, x(dot.mean_bp), y))
    return _svg("accuracy", (title, desc), (_WIDTH, height), parts)


def heat_map(
    names: Sequence[str], agreement_bp: Mapping[tuple[str, str], int | None], title: str, desc: str
) -> Html:
    """A square of how often each pair agrees, the darker the more; rows by name, columns by number."""
    cell = min(_CELL_MOST, max(_CELL_LEAST, _HEAT / len(names)))
    left, size = 250.0, cell * len(names)
    parts: list[str] = []
    for row, one in enumerate(names):
        y = 24 + cell * row
        parts.append(_text(left - 8, y + cell / 2 + 4, f"{row + 1}  {one}", anchor="end", size=min(12, cell)))
        parts.append(_text(left + cell * (row + 0.5), 16, str(row + 1), anchor="middle", size=min(12, cell)))
        for column, other in enumerate(names):
            share = agreement_bp.get((one, other), agreement_bp.get((other, one)))
            shown = "–" if row == column or share is None else f"{share / 100:.0f}"
            dark = 0.0 if row == column or share is None else share / WHOLE_BP
            parts.append(
                el(
                    "rect",
                    x=left + cell * column,
                    y=y,
                    width=cell,
                    height=cell,
                    fill=_shade(dark),
                    stroke="#ffffff",
                )
            )
            if cell >= _CELL_TEXT:
                fill = "#ffffff" if dark > 0.6 else INK  # noqa: PLR2004  # where white becomes the more legible ink
                middle = left + cell * (column + 0.5)
                parts.append(_text(middle, y + cell / 2 + 4, shown, anchor="middle", size=12, fill=fill))
    return _svg("agreement", (title, desc), (max(left + size + 10, 420), size + 34), parts)


def calibration_plot(curve: Curve, title: str, desc: str, words: tuple[str, str]) -> Html:
    """Shown probability against the share that was right: rings before, discs after; the larger the more outcomes.

    `words` name both axes, across and up.
    """
    side = _SQUARE

    def place(bin_: Bin) -> tuple[float, float]:
        return _MARGIN + side * bin_.shown_bp / WHOLE_BP, _TOP + side * (1 - bin_.right_bp / WHOLE_BP)

    parts: list[str] = [el("rect", x=_MARGIN, y=_TOP, width=side, height=side, fill="none", stroke=GRID)]
    for tick in range(0, WHOLE_BP + 1, 2_000):
        along = side * tick / WHOLE_BP
        parts.append(el("line", x1=_MARGIN + along, x2=_MARGIN + along, y1=_TOP, y2=_TOP + side, stroke=GRID))
        parts.append(el("line", x1=_MARGIN, x2=_MARGIN + side, y1=_TOP + along, y2=_TOP + along, stroke=GRID))
        parts.append(
            _text(_MARGIN + along, _TOP + side + 15, str(tick // 100), anchor="middle", size=11, fill=FAINT)
        )
        parts.append(
            _text(_MARGIN - 6, _TOP + side + 4 - along, str(tick // 100), anchor="end", size=11, fill=FAINT)
        )
    parts.append(
        el(
            "line",
            x1=_MARGIN,
            x2=_MARGIN + side,
            y1=_TOP + side,
            y2=_TOP,
            stroke=FAINT,
            stroke_dasharray="4 4",
        )
    )
    for bins, filled in ((curve.bins_before, False), (curve.bins_after, True)):
        most = max((each.count for each in bins), default=1)
        for each in bins:
            x, y = place(each)
            radius = 4 + 7 * (each.count / most) ** 0.5
            fill = BLUE if filled else "none"
            parts.append(
                el("circle", cx=x, cy=y, r=radius, fill=fill, fill_opacity="0.75", stroke=BLUE if filled else ORANGE,
                   stroke_width=2)
            )  # fmt: skip
    parts.append(_text(_MARGIN + side / 2, _TOP + side + 32, words[0], anchor="middle", size=12))
    parts.append(_text(_MARGIN, 14, words[1], anchor="start", size=12))
    return _svg("calibration", (title, desc), (_MARGIN + side + 24, _TOP + side + 42), parts)


def cost_plot(points: Sequence[Point], title: str, desc: str, words: tuple[str, str]) -> Html:
    """Cost a question against accuracy; each point with its number of the table. `words` name both axes."""
    low, high = _range([point.mean_bp for point in points])
    most = max(point.cost for point in points) * 1.15 or 1.0
    width, tall = 560.0, 280.0

    def place(point: Point) -> tuple[float, float]:
        return _MARGIN + width * point.cost / most, 20 + tall * (high - point.mean_bp) / (high - low)

    parts: list[str] = []
    for tick in range(low, high + 1, STEP_BP):
        y = 20 + tall * (high - tick) / (high - low)
        parts.append(el("line", x1=_MARGIN, x2=_MARGIN + width, y1=y, y2=y, stroke=GRID))
        parts.append(_text(_MARGIN - 6, y + 4, f"{tick // 100}", anchor="end", size=11, fill=FAINT))
    for mark in _ticks(most):
        x = _MARGIN + width * mark / most
        parts.append(el("line", x1=x, x2=x, y1=20, y2=20 + tall, stroke=GRID))
        parts.append(
            _text(
                x,
                tall + 36,
                f"{mark:,.2f}".rstrip("0").rstrip("."),
                anchor="middle",
                size=11,
                fill=FAINT,
            )
        )
    last: dict[int, float] = {}
    for point in sorted(points, key=lambda each: (place(each)[1], each.number)):
        x, y = place(point)
        column = round(x / 40)
        beside = max(y, last.get(column, 0.0) + _LABEL_GAP)
        last[column] = beside
        parts.append(el("line", x1=x, y1=y, x2=x + 14, y2=beside, stroke=FAINT))
        parts.append(_mark(point.kind, x, y))
        parts.append(_text(x + 17, beside + 4, str(point.number), size=12))
    parts.append(_text(_MARGIN + width / 2, tall + 54, words[0], anchor="middle", size=12))
    parts.append(_text(_MARGIN, 11, words[1], size=12))
    return _svg("cost", (title, desc), (_MARGIN + width + 24, tall + 64), parts)


def _svg(name: str, words: tuple[str, str], size: tuple[float, float], parts: Sequence[str]) -> Html:
    (title, desc), (width, height) = words, size
    named = (el("title", title, id=f"{name}-title"), el("desc", desc, id=f"{name}-desc"))
    return el(
        "svg",
        *named,
        *parts,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        view_box=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        xmlns="http://www.w3.org/2000/svg",
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: float = 12, fill: str = INK
) -> Html:
    return el("text", words, x=x, y=y, text_anchor=anchor, font_size=size, fill=fill)


def _label(y: float, words: str, size: float, fill: str) -> Html:
    """A label beside a line, ending where the axis begins; a long one in smaller letters."""
    ems = sum(1.0 if unicodedata.east_asian_width(char) in "WFA" else _NARROW for char in words)
    return _text(
        _LABELS - 10, y, words, anchor="end", size=min(size, (_LABELS - 14) / max(ems, 1.0)), fill=fill
    )


def _ticks(most: float) -> list[float]:
    """From nought to `most` in even steps, three to six of them."""
    step = 10.0 ** math.floor(math.log10(most))
    while most / step > _TICKS:
        step *= 2
    while most / step < _TICKS / 2:
        step /= 2
    return [step * number for number in range(int(most / step) + 1)]


def _mark(kind: str, x: float, y: float) -> Html:
    """A shape for each kind, so that it is known without its colour: council, seat, rule, baseline."""
    colour = _colour(kind)
    if kind in ("given", "chosen"):
        return el("path", d=f"M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7 -7z", fill=colour)
    if kind in ("seat", "best"):
        return el("circle", cx=x, cy=y, r=5, fill=colour)
    if kind == "baseline":
        return el("path", d=f"M{x:.1f} {y - 6:.1f}l6 11h-12z", fill=colour)
    return el("rect", x=x - 4, y=y - 4, width=8, height=8, fill="#ffffff", stroke=colour, stroke_width=2)


def _colour(kind: str) -> str:
    return {"given": BLUE, "chosen": BLUE, "seat": ORANGE, "best": ORANGE, "baseline": GREEN}.get(kind, GREY)


def _shade(share: float) -> str:
    """From white to dark blue."""
    ends = ((255, 255, 255), (0, 60, 110))
    return "#" + "".join(
        f"{round(light + (dark - light) * share):02x}" for light, dark in zip(*ends, strict=True)
    )


def _range(values: Sequence[int]) -> tuple[int, int]:
    """Whole five per cent around all values, twenty points at least, within 0 to 100 %."""
    low = max(min(values) // STEP_BP * STEP_BP, 0)
    high = min(-(-max(values) // STEP_BP) * STEP_BP, WHOLE_BP)
    while high - low < LEAST_SPAN_BP:
        low, high = max(low - STEP_BP, 0), min(high + STEP_BP, WHOLE_BP)
    return low, high
