"""Weights of a council from labelled rows: counts, log-odds, fitted coefficients, effective votes.

Promises: deterministic; the order of the rows changes nothing. Leaves to others: which aggregator to use
(`magi.evaluation.choose`).
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from magi.core.aggregate import Pattern  # noqa: TC001  # no module here hides its imports from the reader
from magi.core.reliability import (
    Profile,
    SeatReliability,
    TopicReliability,
    log_odds,
    ppm,
    share,
    shrunk,
)
from magi.evaluation import logit
from magi.evaluation.answer_sheet import Row
from magi.evaluation.deciders import Rows


@dataclass(frozen=True)
class Fitted:
    """Coefficients before they are quantised, to start the next fit from."""

    common: logit.Coefficients
    overall: logit.Coefficients
    topics: Mapping[str, logit.Coefficients]


def fit_logit(rows: Rows, seats: int, start: Fitted | None) -> Fitted:
    """Equal weights, then seats drawn towards them, then topics drawn towards the seats."""
    by_topic: dict[str, Counter[tuple[Pattern, int]]] = {}
    for row, count in rows.items():
        number = right_class(row)
        if number is not None and max(row.pattern) > 0:
            by_topic.setdefault(row.topic, Counter())[row.pattern, number] += count
    cases: Counter[tuple[Pattern, int]] = Counter()
    for local in by_topic.values():
        cases.update(local)
    common = logit.fit_common(cases, seats)
    overall = logit.fit(cases, common, logit.RIDGE, start.overall if start else None)
    topics = {}
    if len({row.topic for row in rows}) > 1:
        known = start.topics if start else {}
        topics = {
            topic: logit.fit(local, overall, logit.TOPIC_RIDGE, known.get(topic))
            for topic, local in sorted(by_topic.items())
        }
    return Fitted(common, overall, topics)


def weigh(members: Sequence[str], rows: Rows, options: int, fitted: Fitted) -> Profile:
    """Counts and weights of one set of labels, plurality for an aggregator."""
    asked: Counter[str] = Counter()
    right: dict[str, list[int]] = {}
    for row, count in rows.items():
        asked[row.topic] += count
        local = right.setdefault(row.topic, [0] * len(members))
        for place, is_right in enumerate(row.right):
            local[place] += count * is_right
    total = [sum(local[place] for local in right.values()) for place in range(len(members))]
    labels = asked.total()
    overall = [share(one, labels) for one in total]
    seats = tuple(
        SeatReliability(seat=name, asked=labels, right=one, share_ppm=ppm(p), weight=log_odds(p, options))
        for name, one, p in zip(members, total, overall, strict=True)
    )
    topics = tuple(
        _topic(topic, asked[topic], right[topic], overall, options=options, fitted=fitted)
        for topic in sorted(right)
    )
    expanded = (row for row, count in rows.items() for _ in range(count))
    return Profile(
        seats=seats,
        options=options,
        labels=labels,
        topics=topics,
        coefficients=logit.quantised(fitted.overall),
        n_eff_centi=effective_votes(expanded, len(members))[0],
    )


def effective_votes(rows: Iterable[Row], seats: int) -> tuple[int, int]:
    """n_eff in hundredths and the mean error correlation in thousandths (Kish: n / (1 + (n - 1) rho)).

    Pearson correlation of error indicators, a missing answer being an error, averaged over the pairs in which both
    vary; a negative mean counts as none, so seats are never worth more than their number.
    """
    total, wrong = 0, [0] * seats
    both = [[0] * seats for _ in range(seats)]
    for right, count in Counter(row.right for row in rows).items():
        total += count
        failing = [place for place in range(seats) if not right[place]]
        for at, place in enumerate(failing):
            wrong[place] += count
            for other in failing[:at]:
                both[place][other] += count
    found = []
    for one, other in itertools.combinations(range(seats), 2):
        spread = wrong[one] * (total - wrong[one]) * wrong[other] * (total - wrong[other])
        if spread:
            found.append((total * both[other][one] - wrong[one] * wrong[other]) / math.sqrt(spread))
    rho = sum(found) / len(found) if found else 0.0
    return round(100 * seats / (1 + (seats - 1) * max(rho, 0.0))), round(1000 * rho)


def right_class(row: Row) -> int | None:
    """The class that is right; where near answers divide one, the class with most right seats."""
    numbers = [number for number, right in zip(row.pattern, row.right, strict=True) if right]
    return max(numbers, key=lambda number: (numbers.count(number), -number)) if numbers else None


def _topic(
    topic: str,
    asked: int,
    right: Sequence[int],
    overall: Sequence[Fraction],
    *,
    options: int,
    fitted: Fitted,
) -> TopicReliability:
    shares = [shrunk(one, asked, p) for one, p in zip(right, overall, strict=True)]
    return TopicReliability(
        topic=topic,
        asked=asked,
        right=tuple(right),
        share_ppm=tuple(ppm(p) for p in shares),
        weights=tuple(log_odds(p, options) for p in shares),
        coefficients=logit.quantised(fitted.topics.get(topic, fitted.overall)),
    )
