"""Reliability: how often each seat was right, by topic, as integer weights with a version and a digest.

A seat that was right c times of n stands at p = (c + 1) / (n + 2); in a topic with few labels its share is drawn
towards its overall p by `SHRINKAGE` imagined questions. Its vote among K options then weighs
ln((K - 1) p / (1 - p)) (Nitzan and Paroush 1982, Shapley and Grofman 1984, for K options with equal errors), in
thousandths of a nat, never below zero and never above a cap.

A profile also carries what was chosen and fitted beside these weights: the aggregator, its coefficients, the
number of effective votes and the calibration. Everything in it is an integer or a name, so a verdict made with it
can be recomputed anywhere; its digest goes into the record.

Promises: pure; equal profiles have equal bytes. Leaves to others: learning it (`magi.evaluation.fit`), deciding
with it (`magi.core.aggregate`).
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from magi.core.calibration import Calibration
from magi.core.canonical import canonical, digest
from magi.core.frozen import Frozen

MILLI: Final = 1_000
"""Weights are thousandths of a nat: a finer step never changed a verdict, a coarser one makes false ties."""
CAP: Final = 6_000
"""No vote weighs more than odds of 403 to 1, however short the run of successes it comes from."""
SHRINKAGE: Final = 10
"""A topic needs ten labels of its own before it speaks as loudly as all the others together."""
PPM: Final = 1_000_000
MAX_SEATS: Final = 64
MAX_TOPICS: Final = 1_000
MAX_OPTIONS: Final = 10_000
"""Bounds of a profile: far above any council and question set, far below what would stall a reader."""

AggregatorName = Literal[
    "plurality",
    "majority",
    "log_odds",
    "log_odds_topic",
    "logit",
    "logit_topic",
    "best_seat",
    "best_seat_topic",
    "unanimous_else_strongest",
]

Name = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Weight = Annotated[int, Field(ge=0, le=CAP)]
Share = Annotated[int, Field(ge=0, le=PPM)]


class SeatReliability(Frozen):
    """One seat over all topics: labels, how many right, its share in millionths, its weight."""

    seat: Name
    asked: Count
    right: Count
    share_ppm: Share
    weight: Weight


class TopicReliability(Frozen):
    """One topic, every seat in council order: how many right of `asked`, shrunk share, weight, coefficient."""

    topic: Annotated[str, Field(max_length=200)]
    asked: Count
    right: tuple[Count, ...]
    share_ppm: tuple[Share, ...]
    weights: tuple[Weight, ...]
    coefficients: tuple[Weight, ...]


class Candidate(Frozen):
    """How an aggregator did in cross-validation: right answers of all labels, and against plurality."""

    aggregator: AggregatorName
    right: Count
    gained: Count
    lost: Count
    evidence_milli: int | None = None


class Promised(Frozen):
    """From a raw confidence of `from_bp` upward at most `error_bp` of the answers are wrong, at delta `delta_bp`.

    `from_bp` None says that nothing can be promised. `kept` and `wrong` are of the labels.
    """

    error_bp: Annotated[int, Field(ge=1, le=9_999)]
    delta_bp: Annotated[int, Field(ge=1, le=9_999)]
    from_bp: Annotated[int, Field(ge=0, le=10_000)] | None
    kept: Count = 0
    wrong: Count = 0


class Profile(Frozen):
    """What was learnt about a council from labelled questions.

    Attributes:
        seats: in council order.
        options: K, the number of options that errors were assumed to spread over.
        labels: how many labelled questions it was learnt from.
        coefficients: conditional logit over all topics, one integer a seat.
        n_eff_centi: effective independent votes (Kish), in hundredths.
        aggregator: the one chosen on the labels alone; `choice` says against what.
        certain: from which raw confidence the council may say 95 % and stop; `promises` other error rates.
        source: digest of the labelled questions, in the order they were given.
    """

    v: Literal[1] = 1
    seats: Annotated[tuple[SeatReliability, ...], Field(min_length=1, max_length=MAX_SEATS)]
    options: Annotated[int, Field(ge=2, le=MAX_OPTIONS)]
    labels: Count
    topics: Annotated[tuple[TopicReliability, ...], Field(max_length=MAX_TOPICS)] = ()
    coefficients: tuple[Weight, ...]
    n_eff_centi: Annotated[int, Field(ge=0, le=100 * MAX_SEATS)]
    aggregator: AggregatorName = "plurality"
    calibration: Calibration = Calibration()
    choice: tuple[Candidate, ...] = ()
    certain: Promised | None = None
    promises: tuple[Promised, ...] = ()
    source: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [seat.seat for seat in self.seats]
        topics = [topic.topic for topic in self.topics]
        lengths = {len(self.coefficients)}
        for topic in self.topics:
            lengths |= {len(topic.right), len(topic.share_ppm), len(topic.weights), len(topic.coefficients)}
        if len(set(names)) != len(names) or topics != sorted(set(topics)):
            msg = "seats: every name once; topics: every name once, in order"
            raise ValueError(msg)
        if lengths != {len(names)}:
            msg = "one number for every seat"
            raise ValueError(msg)
        return self

    def canonical_bytes(self) -> bytes:
        """RFC 8785 bytes; equal profiles have equal bytes."""
        return canonical(self.model_dump(mode="json"))

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, the name by which a record refers to it."""
        return digest(self.canonical_bytes())


def share(right: int, asked: int) -> Fraction:
    """(right + 1) / (asked + 2): never 0 or 1, one half without labels (Laplace's rule of succession).

    Raises:
        ValueError: more right than asked, or fewer than none.
    """
    if not 0 <= right <= asked:
        msg = "right: from none to all that were asked"
        raise ValueError(msg)
    return Fraction(right + 1, asked + 2)


def shrunk(right: int, asked: int, overall: Fraction, strength: int = SHRINKAGE) -> Fraction:
    """A topic's share drawn towards `overall` by `strength` imagined questions."""
    if not 0 <= right <= asked:
        msg = "right: from none to all that were asked"
        raise ValueError(msg)
    return (right + strength * overall) / (asked + strength)


def log_odds(p: Fraction, options: int) -> int:
    """ln((K - 1) p / (1 - p)) in thousandths of a nat, at least 0, at most `CAP`.

    A seat that is right less often than chance weighs nothing: its votes are never counted as votes against.

    Raises:
        ValueError: p outside 0..1, or fewer than two options.
    """
    if not 0 <= p <= 1 or options < 2:  # noqa: PLR2004  # one option is no question
        msg = "p from 0 to 1, at least two options"
        raise ValueError(msg)
    if p == 1:
        return CAP
    odds = (options - 1) * p / (1 - p)
    return 0 if odds <= 1 else min(_milli_ln(odds.numerator, odds.denominator), CAP)


def ppm(p: Fraction) -> int:
    """A share in millionths, rounded half up."""
    return int(p * PPM + Fraction(1, 2))


_EXACT: Final = Context(prec=40)
"""Correctly rounded decimals give the same thousandths on every machine."""


@lru_cache(maxsize=65_536)
def _milli_ln(numerator: int, denominator: int) -> int:
    ratio = _EXACT.divide(Decimal(numerator), Decimal(denominator))
    return int(_EXACT.multiply(_EXACT.ln(ratio), Decimal(MILLI)).to_integral_value(ROUND_HALF_EVEN))
