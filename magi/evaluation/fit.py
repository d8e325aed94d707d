"""Learn a profile from labelled questions: weights, the aggregator, calibration, promises.

1. Count how often each seat was right, in all and by topic; fit coefficients (`magi.evaluation.weigh`).
2. Cross-validate every aggregator on the labels and choose one (`magi.evaluation.choose`).
3. Calibrate on the confidences of step 2, which no label has seen that fitted them.
4. Find out on the same which error rates may be promised (`magi.evaluation.promise`).

Promises: deterministic; only the rows given are read; all that decides later is integers. Leaves to others: which
rows are labelled (`magi.evaluation.splits`), deciding (`magi.core.aggregate`).
"""

from collections import Counter
from collections.abc import Sequence

from magi.core.calibration import calibrate
from magi.core.canonical import canonical, digest
from magi.core.reliability import Profile
from magi.evaluation.answer_sheet import Row
from magi.evaluation.choose import candidates_of, chosen, validate
from magi.evaluation.promise import certain, promises
from magi.evaluation.weigh import fit_logit, weigh


def fit_profile(members: Sequence[str], rows: Sequence[Row], options: int) -> Profile:
    """The profile that labelled `rows` teach about `members`.

    The same rows in another order give the same weights; only the parts of the cross-validation, and so in a
    close case the choice, follow the order.

    Raises:
        ValueError: no rows.
    """
    if not rows:
        msg = "rows: at least one"
        raise ValueError(msg)
    counted = Counter(rows)
    fitted = fit_logit(counted, len(members), None)
    plain = weigh(members, counted, options, fitted)
    checked = validate(members, rows, options, fitted)
    candidates = candidates_of(checked)
    name = chosen(checked, candidates, counted, len(members))
    held_out = checked.outcomes[name]
    return plain.model_copy(
        update={
            "aggregator": name,
            "choice": candidates,
            "calibration": calibrate(held_out),
            "certain": certain(held_out),
            "promises": promises(held_out),
            "source": digest(canonical([[row.topic, list(row.pattern), list(row.right)] for row in rows])),
        }
    )
