"""How the seats of a sheet agree: independence of their errors, pairs, Krippendorff's alpha, entropy.

Promises: pure. Leaves to others: the formulas (`magi.core.agreement`).
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from magi.core.aggregate import NO_BALLOT
from magi.core.agreement import Independence, Value, entropy_milli, independence, krippendorff_ppm, rounded
from magi.evaluation.answer_sheet import Row, Sheet
from magi.evaluation.asked_rows import AskedRow
from magi.evaluation.weigh import right_class

WHOLE_BP = 10_000
NOBODY = "gold"
"""The right answer where no seat gave it: not the number of any class."""


def independence_of(sheet: Sheet) -> Independence:
    """Error correlation of every pair, n_eff and the same-wrong rate, over the questions that all were asked."""
    answers = {name: [_class(row, place) for row in sheet.rows] for place, name in enumerate(sheet.members)}
    gold = [NOBODY if (right := right_class(row)) is None else str(right) for row in sheet.rows]
    return independence(answers, gold)


def agreement_bp(sheet: Sheet) -> dict[tuple[str, str], int | None]:
    """For every pair of seats the share of equal answers where both answered; None where they never did."""
    found: dict[tuple[str, str], int | None] = {}
    for (one, first), (other, second) in combinations(enumerate(sheet.members), 2):
        both = [row.pattern for row in sheet.rows if NO_BALLOT not in (row.pattern[one], row.pattern[other])]
        alike = sum(pattern[one] == pattern[other] for pattern in both)
        found[first, second] = rounded(Fraction(WHOLE_BP * alike, len(both))) if both else None
    return found


def alpha_ppm(sheet: Sheet, rows: Sequence[AskedRow]) -> int | None:
    """Krippendorff's alpha of the answers, nominal, missing ones left out.

    Answers that count as one (near numbers) carry the words of the first seat that gave them.
    """
    ratings: list[list[Value | None]] = [[] for _ in sheet.members]
    for row, asked in zip(sheet.rows, rows, strict=True):
        for place, number in enumerate(row.pattern):
            first = None if number == NO_BALLOT else sheet.members[row.pattern.index(number)]
            ratings[place].append(None if first is None else str(asked.answers[first]).strip().upper())
    return krippendorff_ppm(ratings, "nominal")


def entropy(sheet: Sheet) -> int | None:
    """The mean entropy of the answers to a question in thousandths of a nat, questions without any left out."""
    spread = [
        entropy_milli([count for number, count in Counter(row.pattern).items() if number != NO_BALLOT])
        for row in sheet.rows
        if any(number != NO_BALLOT for number in row.pattern)
    ]
    known = [one for one in spread if one is not None]
    return rounded(Fraction(sum(known), len(known))) if known else None


def _class(row: Row, place: int) -> str | None:
    return None if row.pattern[place] == NO_BALLOT else str(row.pattern[place])
