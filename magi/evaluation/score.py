"""Accuracy of each seat and of the council over questions with gold. Failures stay in the denominator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from magi.core.decided import Decided
from magi.core.space import AnswerSpace

YES_NO_CLASSES = 3


@dataclass(frozen=True)
class Score:
    """How often one voice was right, and how often it gave no answer, of `asked` questions with gold."""

    name: str
    right: int
    silent: int
    asked: int


@dataclass(frozen=True)
class Scores:
    """Every seat beside the council."""

    seats: tuple[Score, ...]
    council: Score

    @property
    def best(self) -> Score:
        """The seat with most right answers on these very questions; the first of equals."""
        return max(self.seats, key=lambda score: score.right)


def score(verdicts: Sequence[tuple[Decided, str]]) -> Scores:
    """Score verdicts against their gold classes; verdicts without a decided class are never right.

    Raises:
        ValueError: there is nothing to score.
    """
    if not verdicts:
        msg = "no verdict with gold"
        raise ValueError(msg)
    names = [report.seat for report in verdicts[0][0].seats]
    seats = tuple(
        _score(name, [(_held(verdict, name), gold) for verdict, gold in verdicts]) for name in names
    )
    return Scores(seats, _score("council", [(verdict.answer_class, gold) for verdict, gold in verdicts]))


def chance(spaces: Sequence[AnswerSpace]) -> float:
    """Expected right answers of a uniform guess over the classes; numbers, dates and open text count zero."""
    sizes: Mapping[str, int] = {"yes_no_conditional": YES_NO_CLASSES}
    total = 0.0
    for space in spaces:
        size = len(space.options) if space.kind == "choice" else sizes.get(space.kind, 0)
        total += 1 / size if size else 0
    return total


def _held(verdict: Decided, seat: str) -> str | None:
    return next(report.answer_class for report in verdict.seats if report.seat == seat)


def _score(name: str, answers: Sequence[tuple[str | None, str]]) -> Score:
    right = sum(answer == gold for answer, gold in answers)
    return Score(name, right, sum(answer is None for answer, _ in answers), len(answers))
