"""The parts of the scoreboard's page about the seats: each of them, how they agree, order of options, the axes.

Leaves to others: the frame and the other parts (`report_page`), figures (`scoreboard`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from magi.evaluation.asked_rows import COUNCIL
from magi.evaluation.axes import Fairness
from magi.evaluation.report_markup import Html, both, el, joined, table
from magi.evaluation.report_plots import heat_map
from magi.evaluation.scoreboard import Scoreboard, Voice
from magi.words import say

NOT_MEASURED = "scoreboard.not_measured"
WHOLE_BP = 10_000
PPM = 1_000_000


@dataclass(frozen=True)
class Setting:
    """How the figures came about: data set, council (None: recorded answers), day, refused questions by reason.

    `absent` are seats of the council that no question was put to, since the label kept them out or they rested.
    """

    data_set: str
    council: str | None
    day: str
    refused: Mapping[str, int]
    absent: tuple[str, ...]


def percent(value_bp: int) -> str:
    """Basis points as per cent with two decimals."""
    return f"{value_bp / 100:.2f}"


def voice_words(board: Scoreboard, voice: Voice, lang: str) -> str:
    """The words for a voice."""
    kind, name = voice
    match kind:
        case "seat":
            return name
        case "rule":
            return say(f"aggregator.{name}", lang)
        case "baseline":
            return say("scoreboard.voice.baseline", lang, asks=board.baseline.asks if board.baseline else 0)
        case "best":
            return say("evaluation.best", lang)
        case "chosen":
            return say("evaluation.chosen", lang)
        case _:
            return say("scoreboard.voice.given", lang)


def seats_part(board: Scoreboard) -> Html:
    """Each seat over all questions: model and version, right, without an answer, tokens."""
    rows = []
    for seat in board.seats:
        tokens = board.costs.tokens.get(seat.name)
        rows.append(
            (
                seat.name,
                ", ".join(seat.models) or "–",
                f"{seat.right:,}/{seat.asked:,} = {percent(round(Fraction(WHOLE_BP * seat.right, seat.asked)))}%",
                f"{seat.silent:,}",
                both(NOT_MEASURED) if tokens is None else f"{tokens[0]:,} + {tokens[1]:,}",
            )
        )
    headings = (
        "evaluation.seat",
        "scoreboard.models",
        "scoreboard.right",
        "scoreboard.silent",
        "scoreboard.tokens",
    )
    return joined(
        (
            el("h2", both("scoreboard.seats")),
            table(both("scoreboard.seats_caption"), [both(key) for key in headings], rows),
        )
    )


def agreement_part(board: Scoreboard) -> Html:
    """The heat map and its table, and how many independent votes the seats amount to."""
    members, found = board.report.sheet.members, board.independence
    none = both(NOT_MEASURED)
    pairs = dict(found.pairs)
    rows = [
        (
            f"{one} – {other}",
            "–" if share is None else percent(share),
            none if pairs.get((one, other)) is None else f"{(pairs[one, other] or 0) / PPM:+.3f}",
        )
        for (one, other), share in board.agreement_bp.items()
    ]
    parts: list[str] = [el("h2", both("scoreboard.agreement")), el("p", both("scoreboard.agreement_read"))]
    if rows:
        title = f"{say('scoreboard.agreement', 'ja')} / {say('scoreboard.agreement', 'en')}"
        desc = f"{say('scoreboard.agreement_desc', 'ja')} / {say('scoreboard.agreement_desc', 'en')}"
        headings = (both("scoreboard.pair"), both("scoreboard.agree"), both("scoreboard.error_correlation"))
        parts += [
            el("figure", heat_map(members, board.agreement_bp, title, desc)),
            table(both("scoreboard.pairs_caption"), headings, rows),
        ]
    votes = none if found.n_eff_milli is None else f"{found.n_eff_milli / 1000:.2f}"
    wrong = none if found.same_wrong_bp is None else f"{percent(found.same_wrong_bp)} %"
    facts = [
        (both("scoreboard.n_eff", seats=len(members)), votes),
        (both("scoreboard.rho"), none if found.rho_ppm is None else f"{found.rho_ppm / PPM:+.3f}"),
        (both("scoreboard.same_wrong"), wrong),
        (both("scoreboard.alpha"), none if board.alpha_ppm is None else f"{board.alpha_ppm / PPM:+.3f}"),
        (
            both("scoreboard.entropy"),
            none if board.entropy_milli is None else f"{board.entropy_milli / 1000:.3f}",
        ),
    ]
    cells = (el("tr", el("th", name, scope="row"), el("td", value)) for name, value in facts)
    return joined((*parts, el("table", el("tbody", *cells), cls="facts")))


def order_part(board: Scoreboard) -> Html:
    """Robustness: other orders of the options, one model asked again, the rebuttal round; or 未測定."""
    parts: list[str] = [el("h2", both("scoreboard.robust"))]
    order, base = board.order, board.baseline
    if order is None:
        parts.append(el("p", both("scoreboard.order"), ": ", both(NOT_MEASURED)))
    else:
        rows = [
            (
                both("demo.council") if name == COUNCIL else name,
                percent(same),
                f"{order.silent[name]:,}",
            )
            for name, same in order.same_bp.items()
        ]
        headings = (both("scoreboard.who"), both("scoreboard.same_text"), both("scoreboard.silent"))
        parts.append(table(both("scoreboard.order_caption", asked=order.asked), headings, rows))
    if base is None:
        parts.append(el("p", both("scoreboard.again"), ": ", both(NOT_MEASURED)))
    else:
        rows = [(name, percent(right), percent(base.alike_bp[name])) for name, right in base.seats.items()]
        headings = (both("evaluation.seat"), both("evaluation.right"), both("scoreboard.alike"))
        parts.append(table(both("scoreboard.again_caption", asks=base.asks), headings, rows))
    moved = board.rebuttal
    if moved is None:
        parts.append(el("p", both("scoreboard.rebuttal"), ": ", both("scoreboard.rebuttal_none")))
    else:
        told = both(
            "scoreboard.rebuttal_words", ballots=moved.ballots, before=moved.before, after=moved.after
        )
        parts.append(el("p", both("scoreboard.rebuttal"), ": ", told))
    return joined(parts)


def axes_part(board: Scoreboard) -> Html:
    """The four axes by model version."""
    none = both(NOT_MEASURED)
    rows = [
        (
            axis.model,
            f"{percent(axis.factuality_bp)} % ({axis.asked:,})",
            none,
            none if axis.fairness is None else _fairness(axis.fairness),
            none,
        )
        for axis in board.axes
    ]
    keys = ("model", "factuality", "harmlessness", "fairness", "japanese")
    return joined(
        (
            el("h2", both("scoreboard.axes")),
            table(both("scoreboard.axes_caption"), [both(f"scoreboard.axis.{key}") for key in keys], rows),
        )
    )


def _fairness(found: Fairness) -> Html:
    return both(
        "scoreboard.fairness_words",
        trusted=len(found.trusted),
        untrusted=len(found.untrusted),
        unmeasured=len(found.unmeasured),
        topics=found.untrusted or ("–",),
    )
