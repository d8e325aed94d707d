"""What a deliberation returns: the verdict, the statements behind it, and who saw what.

The reply body is structure, not prose: the words come from the catalogue at the edge. It is recorded with the
verdict and durable before anything is shown.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from magi.core.answers import Answer, Failure, Refusal, canonicalise
from magi.core.canonical import canonical
from magi.core.decided import Decided, Said
from magi.core.effects import seat_number
from magi.core.errors import MalformedFileError
from magi.core.record import Admission, LabelRaised, Opened, Record, Ticketed
from magi.core.said import Claim, Reviewed, Written
from magi.residency.label import Label
from magi.residency.masking import unmasked_label
from magi.service.question import Question


@dataclass(frozen=True)
class Statement:
    """One seat's words: the text it sent, the reason and the named bases (unverified; empty is 根拠なし)."""

    text: str
    answer: str
    reason: str
    basis: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The answer's body: canonical JSON."""
        return canonical(
            {"text": self.text, "answer": self.answer, "reason": self.reason, "basis": list(self.basis)}
        )


@dataclass(frozen=True)
class Sight:
    """One line of the who-saw-what table: a send that was permitted, and counts as seen.

    `digest` is over the exact bytes of the request; `at_ms` is Unix time; `backend` names its operator.
    """

    seat: str
    card: str
    backend: str
    host: str
    country: str
    operator_country: str
    label: int
    digest: str
    at_ms: int

    def plain(self) -> dict[str, object]:
        """The line as plain JSON values; the label as its word."""
        return vars(self) | {"label": Label(self.label).word}


@dataclass(frozen=True)
class Deliberation:
    """A finished deliberation. `records` is the whole stream; `statements` maps ask to what was said."""

    stream: str
    question: Question
    records: tuple[Record, ...]
    statements: Mapping[str, Statement]

    @property
    def opened(self) -> Opened:
        """The intent."""
        return next(r.data for r in self.records if isinstance(r.data, Opened))

    @property
    def verdict(self) -> Decided:
        """The verdict."""
        return next(r.data for r in self.records if isinstance(r.data, Decided))

    @property
    def label(self) -> int:
        """The label that it has reached: that of its question as it was asked, and of its reply."""
        return int(unmasked_label(self.opened, label_of(record.data for record in self.records)))

    @property
    def sights(self) -> tuple[Sight, ...]:
        """Who saw what: every permitted send, in order."""
        seats = self.opened.seats
        tickets = ((r.data, r.at_ms) for r in self.records if isinstance(r.data, Ticketed))
        return tuple(
            Sight(
                seat=seats[seat_number(t.ask) - 1].seat,
                card=t.card,
                backend=t.backend,
                host=t.host,
                country=t.country,
                operator_country=t.operator_country,
                label=t.label,
                digest=t.digest,
                at_ms=at_ms,
            )
            for t, at_ms in tickets
        )

    @property
    def left_out(self) -> tuple[Admission, ...]:
        """Cards that the label did not admit, with the reasons."""
        return tuple(entry for entry in self.opened.plan if not entry.admitted)


@dataclass(frozen=True)
class Heard:
    """What a seat's text counts as; `words` is None when nothing readable came back. The rest goes with terms."""

    statement: Said
    ballot: str | None
    failure: str | None
    words: Statement | None
    claims: tuple[Claim, ...] = ()
    severity: str | None = None
    repeats: tuple[str, ...] = ()
    review: Reviewed | None = None
    written: Written | None = None


def hear(text: str | None, failure: str | None, question: Question, *, refused: bool) -> Heard:
    """Read what the gateway brought for one ask. A failure there stays a failure: it is never a vote.

    Words that are not Unicode text (a lone surrogate out of a JSON escape) cannot be kept, so they are a failure;
    the raw bytes are in the exchange.
    """
    heard = _hear(text, failure, question, refused=refused)
    try:
        if heard.words is not None:
            heard.words.to_bytes()
    except ValueError:
        return Heard("failure", None, "unparsable", None)
    return heard


def _hear(text: str | None, failure: str | None, question: Question, *, refused: bool) -> Heard:
    if failure is not None or text is None:
        return Heard("failure", None, failure or "empty", None)
    if refused:
        return Heard("refusal", None, None, Statement(text, "", text, ()))
    said = canonicalise(text, question.space, question.options)
    if isinstance(said, Answer):
        claim = Claim(id="c1", basis="stated" if said.basis else "none")
        words = Statement(text, said.words, said.reason, said.basis)
        return Heard("answer", said.ballot, None, words, (claim,))
    if isinstance(said, Failure):
        return Heard("failure", None, said.name.value, Statement(text, "", "", ()))
    kind: Said = "refusal" if isinstance(said, Refusal) else "abstention"
    return Heard(kind, None, None, Statement(text, "", said.reason, ()))


def read_statement(body: bytes) -> Statement:
    """The statement of a recorded body, as `Statement.to_bytes` wrote it.

    Raises:
        MalformedFileError: the body is no statement of this version.
    """
    try:
        fields = json.loads(body)
        return Statement(fields["text"], fields["answer"], fields["reason"], tuple(fields["basis"]))
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedFileError("statement") from error


def reply_bytes(
    verdict: Decided, statements: Mapping[str, Statement], asks: Sequence[str], text: str = ""
) -> bytes:
    """The reply's body: the decided class, each ask's words in seat order, and the text the caller was given."""
    return canonical(
        {
            "outcome": verdict.outcome,
            "answer_class": verdict.answer_class,
            "attributed": verdict.attributed,
            "text": text,
            "statements": [
                {
                    "ask": ask,
                    "answer": statements[ask].answer,
                    "reason": statements[ask].reason,
                    "basis": list(statements[ask].basis),
                }
                for ask in asks
                if ask in statements
            ],
        }
    )


def reply_text(body: bytes) -> str:
    """The text the caller was given, of a reply's body as `reply_bytes` wrote it; empty where none was.

    Raises:
        MalformedFileError: the body is no reply of this version.
    """
    try:
        return str(json.loads(body)["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedFileError("reply") from error


def label_of(events: Iterable[object]) -> int:
    """The label that a deliberation has reached: that of its opening, or what it was raised to."""
    reached = [
        e.label if isinstance(e, Opened) else e.after for e in events if isinstance(e, Opened | LabelRaised)
    ]
    return max(reached, default=int(Label.INTERNAL))
