"""A deliberation as the export takes it: records with refs, decided by the core, and bodies of any text."""

import hashlib
from dataclasses import dataclass, field, replace

import pytest

from magi.cli.export import incidents_seen, sends_seen
from magi.core.record import Record, Ref, Ticketed
from magi.core.space import ChoiceSpace, SpaceDecision
from magi.core.standing import Standing
from magi.core.verdict import decide
from magi.export.dossier import Body, Dossier, Leaf, Proof
from magi.service.question import Question
from magi.service.reply import Statement

START_MS = 1_767_193_200_000
"""2026-01-01 00:00:00 in Japan."""


@dataclass(frozen=True)
class Said:
    """What one seat said: its ballot, and its words."""

    ballot: str | None = "A"
    answer: str = "A"
    reason: str = "because"
    basis: tuple[str, ...] = ("a source",)
    text: str = '{"answer": "A"}'
    statement: str = "answer"
    origin: str = "live"


@dataclass(frozen=True)
class Maker:
    """Makes dossiers; every keyword changes one thing."""

    build: object
    commitments: dict[str, bytes] = field(default_factory=dict)

    def ref(self, name, data):
        """A ref to a body, which is remembered."""
        commitment = hashlib.sha256(
            name.encode() + b"salt" + data + bytes([len(self.commitments)])
        ).hexdigest()
        self.commitments[commitment] = data
        return Ref(name=name, commitment=commitment, length=len(data))

    def question(self, text, options=("A", "B", "C")):
        """The body of a choice question."""
        decision = SpaceDecision(space=ChoiceSpace(options=tuple(options)), source="declared")
        return Question(text, decision, {option: f"option {option}" for option in options}).to_bytes()

    def dossier(self, *said, question="which?", bodies=True, derived=None, proof=True, more=(), **opened):
        """A decided deliberation of one seat for each of `said`, its bodies open unless `bodies` is false.

        `derived` maps the number of an ask to what its prompt derives from; `more` are events between.
        """
        intent = self.build.opened(len(said), **opened)
        drafts = [(intent, {"question": self.question(question)})]
        standings = []
        for number in range(1, len(said) + 1):
            sources = (derived or {}).get(number, ("question",))
            drafts.append((self.ticket(number, sources), {"request": f"prompt {number} {question}".encode()}))
        for number, each in enumerate(said, start=1):
            answered = self.build.answered(number, each.ballot, each.statement, origin=each.origin)
            words = Statement(each.text, each.answer, each.reason, each.basis)
            drafts.append((answered, {"answer": words.to_bytes(), "exchange": b"\xff" + each.text.encode()}))
            standings.append(Standing(f"s{number}", f"a{number}", "answered", answered))
        verdict = decide(intent, standings, {})
        drafts += [*((event, {}) for event in more), (verdict, {"reply": b"{}"})]
        return self.of(drafts, bodies=bodies, proof=proof)

    def of(self, drafts, *, bodies=True, proof=True):
        """A dossier of events with their bodies."""
        records = tuple(
            Record(
                v=1,
                log="magi/t",
                stream="d/0123456789abcdef",
                ordinal=ordinal,
                kind=event.kind,
                at_ms=START_MS + ordinal,
                actor="magi",
                refs=tuple(self.ref(name, data) for name, data in texts.items()),
                data=event,
            )
            for ordinal, (event, texts) in enumerate(drafts)
        )
        opened = {c: Body("opened", data) for c, data in self.commitments.items()} if bodies else {}
        return Dossier(
            records,
            opened,
            self.proof(records) if proof else None,
            sends=sends_seen(records),
            incidents=incidents_seen(records),
        )

    def proof(self, records):
        """A head with a place for each record."""
        leaves = tuple(
            Leaf(r.ordinal, 40 + r.ordinal, hashlib.sha256(b"\x00" + r.to_bytes()).hexdigest(), b"c2sp\n")
            for r in records
        )
        return Proof("magi/t", 100, "ab" * 32, b"magi/t\n100\nq6s=\n\n\xe2\x80\x94 magi/t sig\n", leaves)

    def ticket(self, number, sources):
        """Permission for the send of one ask."""
        return Ticketed(
            ask=f"a{number}",
            attempt=1,
            card=f"c{number}",
            backend="Own",
            host="127.0.0.1",
            country="JP",
            operator_country="JP",
            label=1,
            digest=f"{number:02x}" * 32,
            derived_from=tuple(sources),
            expires_ms=1,
        )

    def with_bodies(self, dossier, name, body):
        """The same dossier with every body of a name replaced."""
        commitments = [
            ref.commitment for record in dossier.records for ref in record.refs if ref.name == name
        ]
        return replace(dossier, bodies={**dossier.bodies, **dict.fromkeys(commitments, body)})


@pytest.fixture
def make(build):
    """The maker of one test."""
    return Maker(build)


@pytest.fixture(scope="session")
def said():
    """What a seat says, by keyword."""
    return Said
