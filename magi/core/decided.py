"""The verdict as it is recorded: outcome, tally, what each seat did, dissent, and what arbitration came to.

Part of the schema in `record`. Integers and codes only; free text is in bodies. A verdict without `arbitration` is
of version 1 of the computation and is written without that field.
"""

from typing import ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from magi.core.canonical import canonical
from magi.core.fields import Code, Count
from magi.core.frozen import Frozen

Origin = Literal["live", "scripted", "recorded"]
Said = Literal["answer", "refusal", "abstention", "evasion", "failure"]
Outcome = Literal[
    "unanimous", "majority", "single_seat", "weighted", "conditional", "tied", "no_quorum", "withheld"
]
Status = Literal["accepted", "contested", "rejected", "unverified"]
Support = Literal["supported", "unverified", "contradicted", "uncited", "unchecked"]


class SeatReport(Frozen):
    """What one seat of the council did in this verdict; `said` also knows the seats that said nothing.

    `not_asked` is a seat that an early stop saved, `rested` one that was not to speak on this topic.
    """

    seat: Code
    ask: Code | None
    card: Code | None
    said: Said | Literal["not_admitted", "outstanding", "cancelled", "not_asked", "rested"]
    answer_class: str | None
    failure: Code | None
    origin: Origin | None


class TallyLine(Frozen):
    """A class and the seats that hold it."""

    answer_class: str
    seats: tuple[Code, ...]


class Independence(Frozen):
    """How many independent voices the seats that voted amount to; `measured`, or at most so many by lineage."""

    seats: Count
    voices_milli: Count
    measured: bool


class Move(Frozen):
    """A seat's ballot before and after the rebuttal; None where it cast none."""

    seat: Code
    before: str | None
    after: str | None


class ClaimLine(Frozen):
    """One claim: what the votes made of it, by whom, and what the verifier found in the materials.

    `authors` are among the `supporters`. A claim that the votes accept and the materials do not bear is `unverified`.
    """

    id: Code
    status: Status
    basis: Literal["cited", "stated", "none"]
    support: Support
    authors: tuple[Code, ...]
    supporters: tuple[Code, ...]
    opposers: tuple[Code, ...]


class Arbitrated(Frozen):
    """What arbitration adds to a count.

    Attributes:
        review: why a person must look at it; empty where nobody need.
        blocked_by: asks of the dissents that keep the verdict from standing (severity floor).
        ranking: options or statements in tiers, best first; only of rules that rank.
        first: the ballots before the rebuttal, where there was one, and those after it.
        raw_bp: probability before calibration; `Decided.confidence_bp` is the calibrated one.
        claims, coverage: of open text; `coverage` counts accepted claims that the materials bear, and all accepted.
        draft: the ask whose draft is the reply; None where the accepted claims themselves are.
    """

    review: tuple[Code, ...]
    blocked_by: tuple[Code, ...] = ()
    ranking: tuple[tuple[str, ...], ...] = ()
    moves: tuple[Move, ...] = ()
    independence: Independence
    raw_bp: int | None = None
    claims: tuple[ClaimLine, ...] = ()
    coverage: tuple[Count, Count] | None = None
    draft: Code | None = None


class Decided(Frozen):
    """The verdict. Ref: `reply`. `answer_class` is None where nothing was decided.

    `attributed` is the ask whose statement stands for an open-text reply. `dissent` lists asks whose answer
    is not the decided class, in seat order. `confidence_bp` stays None until it is calibrated.
    """

    kind: ClassVar[str] = "decided"
    outcome: Outcome
    answer_class: str | None
    attributed: Code | None
    tally: tuple[TallyLine, ...]
    seats: tuple[SeatReport, ...]
    dissent: tuple[Code, ...]
    confidence_bp: int | None
    outstanding: tuple[Code, ...]
    flags: tuple[Code, ...]
    arbitration: Arbitrated | None = Field(default=None)

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Version 1 has no field `arbitration`, not one that is null: its bytes must not change."""
        fields: dict[str, object] = handler(self)
        if self.arbitration is None:
            fields.pop("arbitration", None)
        return fields

    def to_bytes(self) -> bytes:
        """The verdict bytes that replay compares: RFC 8785 over every field."""
        return canonical(self.model_dump(mode="json"))
