"""One deliberation as it leaves the ledger: its records, the bodies that the reader may read, and its proof.

Promises: frozen, and says of every body whether it was opened, erased or left closed; a body that nobody opened is
never in it. Leaves to others: reading the ledger and recording who read (`magi.cli.export`), what makes the proof
(`magi.ledger`), the forms (`page`, `prov`, `tables`).
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from magi.core.acts import Erased
from magi.core.adoption import Act, standing
from magi.core.card import JAPAN_TIME, Card
from magi.core.decided import Decided, Origin
from magi.core.record import Answered, Opened, Record, Ref, Refused
from magi.core.space import OpenSpace, SpaceDecision
from magi.residency.masking import unmasked_label
from magi.service.account import Matter
from magi.service.question import Question, read_question
from magi.service.reply import Statement, label_of, read_statement
from magi.service.turning import Turning

State = Literal["opened", "erased", "closed"]


@dataclass(frozen=True)
class Erasure:
    """The tombstone of a body: when (Unix ms), by whom, and the code why."""

    at_ms: int
    by: str
    why: str


@dataclass(frozen=True)
class Body:
    """A body under its commitment. `data` is there when it was opened, `erasure` when it was erased."""

    state: State
    data: bytes = field(default=b"", repr=False)
    erasure: Erasure | None = None


CLOSED = Body("closed")
"""A body that nobody opened for this export."""


@dataclass(frozen=True)
class Sent:
    """One permitted send, and what became of it (`fate`: answered, failed, maybe_sent, not_sent, no_outcome).

    `left` says whether it counts as sent, `standin` whether a stand-in of this machine answered.
    """

    at_ms: int
    seat: str
    card: str
    host: str
    country: str
    operator: str
    operator_country: str
    law: tuple[str, ...]
    label: int
    fate: str
    failure: str | None
    digest: str
    left: bool
    standin: bool


@dataclass(frozen=True)
class Incident:
    """A refusal (by label, planner or egress) or an alarm."""

    at_ms: int
    kind: Literal["refused", "alarm"]
    by: str
    reason: str
    seat: str | None
    card: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Leaf:
    """Where one record stands in the tree: `index` from 0, `hash` in hex (RFC 6962 leaf hash).

    `tlog_proof` is the record's C2SP tlog-proof file, empty where none was made.
    """

    ordinal: int
    index: int
    hash: str
    tlog_proof: bytes = b""


@dataclass(frozen=True)
class Proof:
    """The head of the log that the records stand under: `size` records and `root` in hex (RFC 6962).

    `checkpoint` is the signed note (C2SP tlog-checkpoint), empty for a head that nobody signed.
    """

    origin: str
    size: int
    root: str
    checkpoint: bytes = b""
    leaves: tuple[Leaf, ...] = ()

    def leaf(self, ordinal: int) -> Leaf | None:
        """The place of the record of that ordinal, if it was given."""
        return next((leaf for leaf in self.leaves if leaf.ordinal == ordinal), None)


@dataclass(frozen=True)
class Dossier:
    """One deliberation. `records` is the whole stream, in order and not empty; `bodies` go by commitment.

    `sends` and `incidents` are what the records say of them, in order; `lowered_by` is who overruled the rules that
    the opening calls cleared. `stored` holds records' bytes by ordinal where they are not those that
    `Record.to_bytes` makes today. `cards` are today's cards by id, `rules` the words of a detector's rule by its id;
    both only explain, and may be empty. `adoptions` are records of the stream `adoptions`: those on this deliberation.
    `turning` is what would turn its verdict, where that was computed.
    """

    records: tuple[Record, ...]
    bodies: Mapping[str, Body] = field(default_factory=dict)
    proof: Proof | None = None
    sends: tuple[Sent, ...] = ()
    incidents: tuple[Incident, ...] = ()
    lowered_by: str | None = None
    cards: Mapping[str, Card] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[int, bytes] = field(default_factory=dict)
    adoptions: tuple[Record, ...] = ()
    turning: Turning | None = None

    @property
    def stream(self) -> str:
        """The stream's name, `d/<id>`."""
        return self.records[0].stream

    @property
    def id(self) -> str:
        """The record number that people use."""
        return self.stream.removeprefix("d/")

    @property
    def at_ms(self) -> int:
        """When it began, in Unix ms."""
        return self.records[0].at_ms

    @cached_property
    def opened(self) -> Opened | None:
        """The intent; None where the question was refused before it was opened."""
        return next((r.data for r in self.records if isinstance(r.data, Opened)), None)

    @cached_property
    def decided(self) -> Decided | None:
        """The verdict; None while it runs, or where the question was refused."""
        return next((r.data for r in self.records if isinstance(r.data, Decided)), None)

    @property
    def decided_ms(self) -> int | None:
        """When the verdict was recorded, in Unix ms."""
        return next((r.at_ms for r in self.records if isinstance(r.data, Decided)), None)

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """What people made of this very verdict, oldest first; the last one stands."""
        found = standing(self.records, self.adoptions)
        return () if found is None else found.acts

    @cached_property
    def refusals(self) -> tuple[Refused, ...]:
        """Refusals on record."""
        return tuple(r.data for r in self.records if isinstance(r.data, Refused))

    @cached_property
    def answered(self) -> Mapping[str, Record]:
        """The record of what each ask came to, by ask."""
        return {r.data.ask: r for r in self.records if isinstance(r.data, Answered)}

    @property
    def label(self) -> int | None:
        """The label that it has reached; None where none is on record."""
        if self.opened is not None:
            return int(unmasked_label(self.opened, label_of(record.data for record in self.records)))
        return max((refused.label for refused in self.refusals), default=None)

    @property
    def origin(self) -> Origin | None:
        """The least real of its answers: scripted, recorded, live; None where nobody answered."""
        origins = {r.data.origin for r in self.answered.values() if isinstance(r.data, Answered)}
        order: tuple[Origin, ...] = ("scripted", "recorded", "live")
        return next((origin for origin in order if origin in origins), None)

    def body(self, ref: Ref | None) -> Body:
        """The body of a ref; closed where it was not opened, or where there is no ref."""
        return CLOSED if ref is None else self.bodies.get(ref.commitment, CLOSED)

    def question_body(self) -> Body | None:
        """The question's body; None where the record names none."""
        record = next((r for r in self.records if isinstance(r.data, Opened)), None)
        ref = None if record is None else record.ref("question")
        return None if ref is None else self.body(ref)

    def question(self) -> Question | None:
        """The question, where its body was opened.

        Raises:
            QuestionRefusedError: `unreadable_body`, the body is no question of this version.
        """
        body = self.question_body()
        return read_question(body.data) if body is not None and body.state == "opened" else None

    def asked(self) -> Question:
        """The question; without words where its body was not opened, and open where nothing was.

        Raises:
            QuestionRefusedError: as `question`.
        """
        opened = self.opened
        bare = SpaceDecision(space=OpenSpace(), source="declared")
        if opened is not None:
            bare = SpaceDecision(space=opened.space, source=opened.space_source)
        return self.question() or Question("", bare)

    @cached_property
    def matter(self) -> Matter | None:
        """What an account of its verdict is of, with what was opened; None without a verdict.

        Raises:
            MalformedFileError, QuestionRefusedError: as `statement` and `question`.
        """
        if self.opened is None or self.decided is None:
            return None
        said = {ask: self.statement(ask) for ask in self.answered}
        statements = {ask: each for ask, each in said.items() if each is not None}
        titles = {name: card.title for name, card in self.cards.items()}
        return Matter(self.decided, self.asked(), statements, self.opened.arbitration, titles)

    def statement(self, ask: str) -> Statement | None:
        """What was said to an ask, where its body was opened.

        Raises:
            MalformedFileError: the body is no statement of this version.
        """
        body = self.answer_body(ask)
        return read_statement(body.data) if body is not None and body.state == "opened" else None

    def answer_body(self, ask: str) -> Body | None:
        """The body of what was said to an ask; None where nothing readable came back."""
        record = self.answered.get(ask)
        ref = None if record is None else record.ref("answer")
        return None if ref is None else self.body(ref)

    def bytes_of(self, record: Record) -> bytes:
        """A record's bytes as they are stored."""
        return self.stored.get(record.ordinal, b"") or record.to_bytes()

    def count(self, state: State) -> int:
        """How many of its bodies are in a state."""
        return sum(self.body(ref).state == state for record in self.records for ref in record.refs)


def erasures_of(retention: Sequence[Record]) -> Mapping[str, Erasure]:
    """The tombstones of the stream `retention`, by commitment."""
    return {
        commitment: Erasure(record.at_ms, record.data.by, record.data.why)
        for record in retention
        if isinstance(record.data, Erased)
        for commitment in record.data.commitments
    }


def moment(at_ms: int) -> datetime.datetime:
    """A record's Unix time in ms as a time in Japan."""
    return datetime.datetime.fromtimestamp(at_ms / 1000, JAPAN_TIME)
