"""What a council cost: calls made, asks spared, tokens; and what an exact early stop would spare.

Promises: pure; what backends did not tell is None, never nought. Leaves to others: prices, which change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from magi.evaluation.asked_rows import AskedRow
from magi.evaluation.recorded import WHOLE_BP, RecordedReport

_Tokens = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Costs:
    """Of all questions asked.

    Attributes:
        questions: rows that say what they cost.
        calls: sends, repeated ones too; None where the rows do not say.
        asked, spared: asks of seats that were made, and those that an early stop spared.
        tokens: prompt and completion of each seat, only of seats whose every answer told; `alone` of its first
            answers, what the seat costs without a council.
        stop_saved_bp: of the calls of a council that asks one by one, the share that the exact early stop saves
            under the rule that the labels chose; `plurality_saved_bp` under plurality.
        stop_differing: verdicts that such a stop would have changed; 0 unless the program is wrong.
        all_tokens: of all seats together; None unless every seat told.
    """

    questions: int
    calls: int | None
    asked: int
    spared: int
    tokens: Mapping[str, tuple[int, int]]
    alone: Mapping[str, tuple[int, int]]
    stop_saved_bp: int
    plurality_saved_bp: int
    stop_differing: int
    all_tokens: int | None

    @property
    def calls_a_question(self) -> float | None:
        """Calls that the council really made, by question; None where the rows do not say."""
        return None if self.calls is None else self.calls / self.questions


def costs(rows: Sequence[AskedRow], members: Sequence[str], report: RecordedReport) -> Costs:
    """Count over all rows, those without gold too."""
    told = [row for row in rows if row.calls is not None]
    tokens = _told([(row, row.tokens) for row in told], members)
    saved = _saved([(one.stops.saved, one.stops.calls) for one in report.splits])
    plurality = _saved([(one.plurality_stops.saved, one.plurality_stops.calls) for one in report.splits])
    return Costs(
        questions=len(told),
        calls=sum(row.calls or 0 for row in told) if told else None,
        asked=sum(name in row.answers for row in rows for name in members),
        spared=sum(row.saved for row in rows),
        tokens=tokens,
        alone=_told([(row, row.alone) for row in told], members),
        stop_saved_bp=saved,
        plurality_saved_bp=plurality,
        stop_differing=sum(one.stops.differing + one.plurality_stops.differing for one in report.splits),
        all_tokens=sum(map(sum, tokens.values())) if set(tokens) == set(members) else None,
    )


def _told(rows: Sequence[tuple[AskedRow, _Tokens]], members: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The sums of the seats that told of every answer."""
    sums = {}
    for name in members:
        mine = [(row, tokens) for row, tokens in rows if name in row.answers]
        # Where a seat failed there may be no usage to tell; where it answered there is.
        if mine and all(name in tokens for row, tokens in mine if row.answers[name] is not None):
            found = [tokens[name] for _, tokens in mine if name in tokens]
            if found:
                sums[name] = (sum(each[0] for each in found), sum(each[1] for each in found))
    return sums


def _saved(found: Sequence[tuple[int, int]]) -> int:
    saved, calls = sum(each[0] for each in found), sum(each[1] for each in found)
    return round(Fraction(WHOLE_BP * saved, calls)) if calls else 0
