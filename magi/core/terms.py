"""The terms of arbitration: all that a verdict depends on besides what the seats say, as the intent records it.

A council without `[arbitration]` has none, and its verdicts are those of version 1 of the computation. `Terms` hold
the stages that will be asked, what blocks an automatic verdict, the facts about each card by which votes are
grouped, and the numbers that a reliability profile gives for this council and topic. Integers and codes only: with
the terms and the answers anybody can decide again.

Leaves to others: making them (`magi.service.terms`), deciding by them (`magi.core.arbitration`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from magi.core.calibration import Calibration
from magi.core.errors import QuestionRefusedError
from magi.core.fields import Code, Count, Hex
from magi.core.frozen import Frozen
from magi.core.material import Source
from magi.core.reliability import MAX_SEATS, AggregatorName, Weight
from magi.core.rules.count import Rule
from magi.core.rules.ranked import RULES, most_options
from magi.core.space import AnswerSpace, ChoiceSpace

MOST_ORDERED: Final[Mapping[str, int]] = {name: most_options(name) for name in RULES}

Topic = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
"""A topic by its code: one that the detectors know, or one that the asker declares."""


_TOPIC = re.compile(r"[a-z][a-z0-9-]{0,63}")


def read_topic(word: str | None) -> str | None:
    """A declared topic in its one spelling: small letters, hyphens for underscores; None for none.

    Raises:
        QuestionRefusedError: topic_form, it is no code.
    """
    if word is None or not word.strip():
        return None
    topic = word.strip().lower().replace("_", "-")
    if not _TOPIC.fullmatch(topic):
        raise QuestionRefusedError("topic_form")
    return topic


class Gate(Frozen):
    """On this topic only these seats speak; the others rest, on record."""

    topic: Topic
    seats: tuple[Code, ...] = Field(min_length=3)


class ArbitrationRules(Frozen):
    """A council's own `[arbitration]`.

    Attributes:
        mode: `parallel` asks all seats at once; `sequential` asks the most reliable first and stops as soon as
            nothing outstanding can change the verdict.
        rebuttal: on a split of a closed question, one anonymised round and a second ballot.
        peer_review: open text is reviewed, its claims are voted on, and `writer` drafts from what was accepted.
        severity_floor: a dissent on legality, safety or personal data with a named basis blocks the verdict.
        withhold: below the confidence from which an error rate is promised, nothing is decided.
        high_stakes: topics on which every seat speaks and no single seat may decide.
        concurrence: topics on which a domestic seat must hold the winning answer.
        gates: sub-councils by topic.
    """

    mode: Literal["parallel", "sequential"] = "parallel"
    rebuttal: bool = False
    peer_review: bool = False
    severity_floor: bool = False
    withhold: bool = False
    high_stakes: tuple[Topic, ...] = ()
    concurrence: tuple[Topic, ...] = ()
    gates: tuple[Gate, ...] = ()
    writer: Code | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.mode == "sequential" and self.rebuttal:
            msg = "mode, rebuttal: a council that may stop before all have spoken cannot know of every split"
            raise ValueError(msg)
        return self


class CardFacts(Frozen):
    """What groups votes: the maker's country, whether the policy calls the card domestic, and its lineage.

    `lineage` names the group of cards of this council that share an ancestor; None where nobody knows, and such
    a card may belong to any group. `cutoff` is the date up to which the model is said to know.
    """

    bloc: Code
    domestic: bool
    lineage: Code | None
    cutoff: Code | None = None


class Rested(Frozen):
    """A seat that was not asked, and why: `gate` (a sub-council by topic) or `bias` (untrusted on it)."""

    seat: Code
    why: Literal["gate", "bias"]
    topic: Topic


class Measured(Frozen):
    """What a reliability profile says of this council on this topic; one number for every seat in council order.

    `weights` and `ranks` are those that the rule or the tie key reads, `odds` those of the shown probability.
    `answer_from_bp` is the raw confidence from which an error of at most `error_bp` is promised, None where
    nothing can be promised; `certain_from_bp` that from which the council may say 95 %.
    """

    profile: Hex
    labels: Count
    aggregator: AggregatorName
    weights: tuple[Weight, ...]
    ranks: tuple[Count, ...]
    odds: tuple[Weight, ...]
    n_eff_centi: Annotated[int, Field(ge=0, le=100 * MAX_SEATS)]
    rho_ppm: int
    options: Annotated[int, Field(ge=2)]
    calibration: Calibration
    error_bp: Count
    answer_from_bp: Count | None
    certain_from_bp: Count | None = None
    rebuttal: Literal["gain", "no_gain", "unmeasured"] = "unmeasured"


class Terms(Frozen):
    """How one deliberation is arbitrated. `order` has the seats that do not rest, in the order to ask them.

    `contested` names the answers of a closed question that amount to a foreign state's claim, with the topics.
    `barred_alone` says that no single seat may decide here, `needs_domestic` that the winning answer must be held by
    a domestic seat. `distrusted` names the cards that the bias battery found untrusted on a topic of the question:
    none of them speaks, as a fallback neither.
    """

    v: Annotated[int, Field(ge=1, le=1)] = 1  # a Literal would let true pass
    mode: Literal["parallel", "sequential"]
    rebuttal: bool
    peer_review: bool
    severity_floor: bool
    withhold: bool
    barred_alone: bool
    needs_domestic: bool
    subject: Topic | None
    order: tuple[Code, ...]
    rested: tuple[Rested, ...] = ()
    distrusted: Mapping[str, Topic] = {}
    writers: tuple[Code, ...] = ()
    cards: Mapping[str, CardFacts]
    measured: Measured | None = None
    contested: Mapping[str, tuple[Topic, ...]] = {}
    sources: tuple[Source, ...] = ()
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


def check_terms(terms: Terms | None, seats: Sequence[str], rule: Rule, space: AnswerSpace) -> None:
    """Refuse an intent that no verdict could be computed from.

    Raises:
        ValueError: a seat twice; a rule that needs terms without them; terms that are not of these seats, each in
            `order` or at rest, with one number each; more options than the rule can order.
    """
    if len(set(seats)) < len(seats):
        msg = "seats: every seat once"
        raise ValueError(msg)
    if terms is None:
        if not rule.is_simple:
            msg = "rule: this name or tie key needs terms of arbitration"
            raise ValueError(msg)
        return
    measured = terms.measured
    numbers = () if measured is None else (measured.weights, measured.ranks, measured.odds)
    named = sorted([*terms.order, *(each.seat for each in terms.rested)])
    if (
        named != sorted(seats)
        or not set(terms.writers) <= set(seats)
        or any(len(n) != len(seats) for n in numbers)
    ):
        msg = "arbitration: of these seats, each once, with one number each"
        raise ValueError(msg)
    most = MOST_ORDERED.get(rule.name)
    if most is not None and isinstance(space, ChoiceSpace) and len(space.options) > most:
        msg = "space.options: more than the rule can order"
        raise ValueError(msg)
