"""One seat asked several times: the baseline that spends a council's calls on one model.

Promises: pure; a plurality over the seat's answers, a tie to the answer that came first. An answer that was none is
no vote; all none is wrong. Leaves to others: asking, and which seat is the best.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from magi.evaluation.asked_rows import Again
from magi.evaluation.gold import Item, is_right


def plurality(answers: Sequence[str | None]) -> str | None:
    """The answer given most often; of several, the one that came first; None where there was none."""
    counted = Counter(answer for answer in answers if answer is not None)
    return max(counted, key=lambda answer: counted[answer]) if counted else None


def again(item: Item, runs: Sequence[Mapping[str, str | None]]) -> dict[str, Again]:
    """What every seat that was asked in all `runs` comes to by itself."""
    seats = [seat for seat in runs[0] if all(seat in run for run in runs)]
    found = {}
    for seat in seats:
        answers = [run[seat] for run in runs]
        found[seat] = Again(len(runs), is_right(item, plurality(answers)), len(set(answers)) == 1)
    return found
