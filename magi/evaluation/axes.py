"""The four axes by model version: factuality, harmlessness, fairness, Japanese quality; each measured or None.

Factuality is the share of right answers in this data set, of whatever seat the model sat on. Fairness comes from the
result file of the bias battery (`magi evaluation bias --out`). Nothing here measures harmlessness or Japanese (敬語,
公用文): they stay None, which is shown as 未測定, until something does.

Promises: pure; an axis is never filled from anything else, and fairness only for the very version that was measured.
Leaves to others: the battery and its file, words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from magi.evaluation.answer_sheet import Sheet
from magi.evaluation.asked_rows import AskedRow

WHOLE_BP = 10_000


@dataclass(frozen=True)
class Fairness:
    """What the bias battery found of one card: topics trusted, not trusted, and not measured."""

    trusted: tuple[str, ...]
    untrusted: tuple[str, ...]
    unmeasured: tuple[str, ...]


@dataclass(frozen=True)
class Axis:
    """One model version: right answers of those asked, in basis points, and what the battery found."""

    model: str
    asked: int
    factuality_bp: int
    fairness: Fairness | None
    harmlessness: None = None
    japanese: None = None


def axes(sheet: Sheet, rows: Sequence[AskedRow], fairness: Mapping[str, Fairness]) -> tuple[Axis, ...]:
    """One line for each model version, in the order of the seats; `fairness` is by model version."""
    counted: dict[str, list[int]] = {}
    for place, name in enumerate(sheet.members):
        known = {row.models[name] for row in rows if name in row.models}
        usual = known.pop() if len(known) == 1 else name  # a seat that timed out names no model
        for row, asked in zip(sheet.rows, rows, strict=True):
            counts = counted.setdefault(asked.models.get(name, usual), [0, 0])
            counts[0] += 1
            counts[1] += row.right[place]
    return tuple(
        Axis(model, asked, round(Fraction(WHOLE_BP * right, asked)), fairness.get(model))
        for model, (asked, right) in counted.items()
    )
