"""The records: one schema for what the core is fed, what the ledger keeps and what replay reads.

A `Record` is an envelope around one event. Free text lives in bodies only: a record names them in `refs` by
salted commitment and length, so a body can be erased while the record's bytes stand. Choice ids and answer
classes stay in the records, so arbitration can be repeated without any key. Integers only, no floats.

Streams: `d/<id>` one deliberation, `config` what was configured; `acts` has those of people and of the ledger.
Leaves to others: canonical bytes, commitments and storage (`magi.ledger`), meaning (`deliberation`).
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from magi.core.acts import (
    AccessApproved,
    AccessDenied,
    Accessed,
    AccessRequested,
    Adopted,
    BiasMeasured,
    Erased,
    Held,
    HoldReleased,
    KeyRotated,
    ProfileFitted,
    Replayed,
)
from magi.core.canonical import canonical
from magi.core.card import lists_to_tuples, problems_of
from magi.core.decided import Decided, Origin, Said, Support
from magi.core.errors import MalformedFileError
from magi.core.fields import Code, Count, Hex
from magi.core.frozen import Frozen
from magi.core.rules.count import Rule
from magi.core.said import Claim, Reviewed, Tokens, Written
from magi.core.space import AnswerSpace
from magi.core.terms import Terms, check_terms

VERSION = 1
MAX_RECORD_BYTES = 65_535
"""A record is one entry of a tile bundle, whose length prefix is a uint16 (C2SP tlog-tiles)."""

Sent = Literal["no", "maybe", "yes"]


class SeatPlan(Frozen):
    """A seat of the council: its persona template and the cards it may be asked through, in order."""

    seat: Code
    persona: Code
    targets: tuple[Code, ...] = Field(min_length=1)


class Admission(Frozen):
    """The planner's word on one card of one seat: every reason of the residency gate, and of the bias gate."""

    seat: Code
    card: Code
    admitted: bool
    reasons: tuple[Code, ...]
    bias: tuple[Code, ...] = ()


class Hit(Frozen):
    """A rule that fired on a text, and where: characters from `start` to before `end` of the text as given.

    `text` names the text (question, option, turn), `view` the spelling that was read. No word of the text is in it.
    """

    text: Code
    rule: Code
    label: Annotated[int, Field(ge=0, le=6)]
    view: Code
    start: Count
    end: Count


class Manifest(Frozen):
    """What the deliberation ran on: versions and digests. None means that part does not exist yet."""

    code: Code
    lock: Code
    prompts: Mapping[str, Hex]
    cards: Mapping[str, Hex]
    council: Hex
    profile: Code
    detectors: Code
    dictionary: Code | None
    reliability: Code | None


class Opened(Frozen):
    """The intent, durable before anything is sent. Ref: `question`.

    `hits` and `topics` are the detectors'; `cleared` the rules that the `label_lowered` of ordinal `lowering` in
    `config` overruled. `masked` counts the identifiers that were replaced by pseudonyms before anybody was asked.
    """

    kind: ClassVar[str] = "opened"
    tenant: Code
    space: AnswerSpace
    space_source: Code
    council: Code
    seats: tuple[SeatPlan, ...] = Field(min_length=1)
    template: Code
    rule: Rule
    quorum: Annotated[int, Field(ge=1)]
    attempts: Annotated[int, Field(ge=1)]
    profile: Code
    label: Annotated[int, Field(ge=0, le=6)]
    declared: bool
    hits: tuple[Hit, ...]
    topics: tuple[Code, ...] = ()
    cleared: tuple[Code, ...] = ()
    lowering: Count | None = None
    masked: Count = 0
    plan: tuple[Admission, ...]
    ancestors: tuple[Hex, ...]
    manifest: Manifest
    deadline_ms: Annotated[int, Field(ge=1)]
    idempotency_hash: Hex | None
    arbitration: Terms | None = None

    @model_validator(mode="after")
    def _arbitration_fits(self) -> Self:
        check_terms(self.arbitration, [seat.seat for seat in self.seats], self.rule, self.space)
        return self


class Ticketed(Frozen):
    """Permission for one send, durable before the send. Ref: `request` (the exact bytes).

    `country` is the host's, `operator_country` the operator's; `law` names the foreign law over it, and `foreign` is
    the policy's word on the whole card, as it was that day. `topics` and `cleared` are what the ticket carries
    beside its label.
    """

    kind: ClassVar[str] = "ticketed"
    ask: Code
    attempt: Annotated[int, Field(ge=1)]
    card: Code
    backend: Code
    host: Code
    country: Code
    operator_country: Code = "unknown"
    law: tuple[Code, ...] = ()
    foreign: bool | None = None
    label: Annotated[int, Field(ge=0, le=6)]
    topics: tuple[Code, ...] = ()
    cleared: tuple[Code, ...] = ()
    digest: Hex
    derived_from: tuple[Code, ...]
    expires_ms: int


class AttemptFailed(Frozen):
    """One send that gave no usable answer. Ref: `exchange`, where anything came back."""

    kind: ClassVar[str] = "attempt_failed"
    ask: Code
    attempt: Annotated[int, Field(ge=1)]
    card: Code
    failure: Code
    sent: Sent


class Answered(Frozen):
    """What a seat said in the end. Refs: `answer` (text and reason), `exchange` (all chunks, one body).

    `ballot` is the canonical answer class; "" for open text, whose classes come with `Classified`; None
    unless `statement` is answer. `failure` names a failure, None unless `statement` is failure. `repeats` names the
    topics on which its words repeat a foreign state's claim. `review` and `written` go with their stages.
    """

    kind: ClassVar[str] = "answered"
    ask: Code
    attempt: Count
    seat: Code
    stage: Code
    card: Code
    statement: Said
    ballot: Annotated[str, Field(max_length=400)] | None
    failure: Code | None
    claims: tuple[Claim, ...]
    severity: Code | None
    repeats: tuple[Code, ...] = ()
    review: Reviewed | None = None
    written: Written | None = None
    label: Annotated[int, Field(ge=0, le=6)]
    tokens: Tokens | None
    cost: int | None
    origin: Origin


class Classified(Frozen):
    """Classes of open statements, numbered in seat order, and the method that made them.

    Under claim ids stand the ids that they are counted under: claims of equal text are one claim.
    """

    kind: ClassVar[str] = "classified"
    classes: Mapping[str, Code]
    method: Code


class Checked(Frozen):
    """What the verifier found for each claim in the materials; `method` names its version.

    `contradicting` are pairs of claims that say the same but for a number, a date or a negation.
    """

    kind: ClassVar[str] = "checked"
    findings: Mapping[str, Support]
    contradicting: tuple[tuple[Code, Code], ...] = ()
    method: Code


class LabelRaised(Frozen):
    """A text's label rose in mid-deliberation; `plan` is the new word on every card."""

    kind: ClassVar[str] = "label_raised"
    text: Code
    before: Annotated[int, Field(ge=0, le=6)]
    after: Annotated[int, Field(ge=0, le=6)]
    hits: tuple[Hit, ...]
    plan: tuple[Admission, ...]


class DeadlinePassed(Frozen):
    """A named deadline passed."""

    kind: ClassVar[str] = "deadline_passed"
    name: Code


class Cancelled(Frozen):
    """Running asks were given up: why, and by whom (core, user, recovery)."""

    kind: ClassVar[str] = "cancelled"
    asks: tuple[Code, ...]
    why: Code
    by: Code


class Refused(Frozen):
    """A refusal on record: by the label, the planner or the egress guard. Outside the verdict.

    Of classified text there is nothing but `text_hash` (keyed digest), `length` in characters and the `hits`.
    `rules` are those by which the guard refused.
    """

    kind: ClassVar[str] = "refused"
    by: Literal["label", "planner", "egress"]
    reason: Code
    ask: Code | None
    attempt: int | None
    card: Code | None
    label: Annotated[int, Field(ge=0, le=6)]
    plan: tuple[Admission, ...]
    hits: tuple[Hit, ...] = ()
    rules: tuple[Code, ...] = ()
    text_hash: Hex | None = None
    length: Count | None = None


class Alarm(Frozen):
    """A backend that is not what its card says: the answer was discarded. Outside the verdict.

    `stated` is the SHA-256 of what the response said of itself, `length` its length; the words are in the exchange.
    """

    kind: ClassVar[str] = "alarm"
    reason: Code
    ask: Code
    attempt: Annotated[int, Field(ge=1)]
    card: Code
    stated: Hex | None
    length: Count


class LabelLowered(Frozen):
    """A named person's word that these hits do not make a text what they say. In stream `config`. Ref: `reason`.

    It holds for the one text of `text_hash` (keyed digest) in a new conversation; `rules` are those overruled, and
    `before` and `after` the label with and without them.
    """

    kind: ClassVar[str] = "label_lowered"
    text_hash: Hex
    before: Annotated[int, Field(ge=0, le=6)]
    after: Annotated[int, Field(ge=0, le=6)]
    rules: tuple[Code, ...] = Field(min_length=1)
    by: Code


class Abandoned(Frozen):
    """A deliberation found open at a start was closed or taken up again by another process."""

    kind: ClassVar[str] = "abandoned"
    asks: tuple[Code, ...]
    why: Code


class Configured(Frozen):
    """The first record of a log: tenant, format, and the verifier key that its checkpoints are signed for."""

    kind: ClassVar[str] = "configured"
    tenant: Code
    schema_version: int
    key: Code


Event = (
    Opened | Ticketed | AttemptFailed | Answered | Classified | LabelRaised | DeadlinePassed | Cancelled
    | Checked | Decided | Refused | Alarm | LabelLowered | Abandoned | Configured | Accessed | AccessRequested
    | AccessApproved | AccessDenied | Adopted | BiasMeasured | Erased | Held | HoldReleased | KeyRotated
    | ProfileFitted | Replayed
)  # fmt: skip

KINDS: Mapping[str, type[Event]] = {event.kind: event for event in Event.__args__}
"""Every kind of event by its name."""


class Ref(Frozen):
    """A body by salted commitment: SHA-256(salt || plaintext), and the plaintext's length in bytes."""

    name: Code
    commitment: Hex
    length: Count


class Record(Frozen):
    """One immutable ledger entry. `ordinal` counts from 0 within `stream`; `at_ms` is Unix time."""

    v: Annotated[int, Field(ge=VERSION, le=VERSION)]  # a Literal would let 1.0 pass
    log: Code
    stream: Code
    ordinal: Count
    kind: Code
    at_ms: int
    actor: Code
    refs: tuple[Ref, ...]
    data: Event

    def to_bytes(self) -> bytes:
        """Canonical bytes (RFC 8785), made once at write."""
        return canonical(self.model_dump(mode="json"))

    def ref(self, name: str) -> Ref | None:
        """The body reference of that name, or None."""
        return next((ref for ref in self.refs if ref.name == name), None)


def parse_record(value: Mapping[str, object]) -> Record:
    """Parse a record from its decoded JSON; the event's type follows `kind`.

    Raises:
        MalformedFileError: an unknown kind, or fields that do not fit the schema.
    """
    kind = value.get("kind")
    event = KINDS.get(kind) if isinstance(kind, str) else None
    if event is None:
        raise MalformedFileError("record", problems=("kind: unknown",))
    try:
        fields = lists_to_tuples(value)
        assert isinstance(fields, dict)  # noqa: S101  # a Mapping in is a dict out
        return Record(**{**fields, "data": event.model_validate(fields.get("data"))})
    except (ValidationError, TypeError) as error:
        problems = problems_of(error) if isinstance(error, ValidationError) else ("fields",)
        raise MalformedFileError("record", problems=problems) from None
