"""PROV-JSON of one deliberation (W3C PROV-DM, member submission PROV-JSON): what came from what, by whom.

Entities are texts by their commitments, ballots and the decision; activities are labelling, sends, votes and the
arbitration; agents are models, their operators, seats, policies and named persons. The chain prompt -> answer ->
prompt is `wasDerivedFrom`, so which prompts depended on a seat is to be read from the graph. Promises: no text of a
body is in it, opened or not; equal dossiers give equal bytes.
Leaves to others: what an activity did in detail (the records), time zones (times are UTC, as PROV has them).
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias

from prov.constants import PROV
from prov.identifier import Identifier, Namespace, QualifiedName
from prov.model import PROV_TYPE, Literal, ProvDocument, ProvRecord

from magi.core.adoption import Act
from magi.core.decided import Decided
from magi.core.record import Answered, LabelRaised, Opened, Record, Refused, Ticketed
from magi.export.dossier import Dossier

TERMS = "urn:magi:terms:"
"""What our own types and attributes are called; PROV asks for a namespace, not for a page behind it."""
_PROGRAM = "magi"
"""The actor of records that no person made."""
_INDENT = 1

Value: TypeAlias = str | int | QualifiedName
Attributes: TypeAlias = dict[
    QualifiedName | str | Identifier,
    ProvRecord | Value | datetime.datetime | Literal | float | Identifier | None,
]


def prov_json(dossier: Dossier) -> bytes:
    """The provenance of a deliberation as PROV-JSON in UTF-8."""
    written = Graph(dossier).document.unified().serialize(format="json")
    assert written is not None  # noqa: S101  # without a destination it is returned
    plain = json.loads(written)
    return (json.dumps(plain, ensure_ascii=False, indent=_INDENT, sort_keys=True) + "\n").encode()


class Graph:
    """Builds the document of one dossier; `document` is finished when the constructor returns."""

    def __init__(self, dossier: Dossier) -> None:
        """Read every record once, in order."""
        self.document = ProvDocument()
        self._terms = Namespace("magi", TERMS)
        self._own = Namespace("d", f"urn:magi:{dossier.records[0].log}:{dossier.stream}:")
        self.document.add_namespace(self._terms)
        self.document.add_namespace(self._own)
        self._dossier = dossier
        self._text_of = {"question": self._id("question")}
        for record in dossier.records:
            self._take(record)
        for act in dossier.acts:
            self._adopt(act)

    def _take(self, record: Record) -> None:
        match record.data:
            case Opened() as opened:
                self._open(record, opened)
            case Ticketed() as ticket:
                self._send(record, ticket)
            case Answered() as answered:
                self._answer(record, answered)
            case Decided() as decided:
                self._decide(record, decided)
            case LabelRaised() as raised:
                name = self._activity(f"label-raised/{record.ordinal}", "LabelRaised", record.at_ms)
                self.document.used(name, self._text(raised.text))
                self._by_actor(name, record)
            case Refused() as refused:
                name = self._activity(f"refusal/{record.ordinal}", "Refusal", record.at_ms)
                self.document.activity(
                    name, other_attributes=self._with("Refusal", {"reason": refused.reason})
                )
                self.document.wasAssociatedWith(name, self._agent(refused.by, "Refuser", "SoftwareAgent", {}))
            case _:
                self._bodies(record)

    def _open(self, record: Record, opened: Opened) -> None:
        self._bodies(record)
        self._entity("question", "Question", {"label": opened.label})  # where it has no body, too
        for ancestor in opened.ancestors:
            earlier = self._entity(f"earlier/{ancestor[:16]}", "EarlierText", {"digest": ancestor})
            self.document.wasDerivedFrom(self._text_of["question"], earlier)
        labelling = self._activity("labelling", "Labelling", record.at_ms)
        self.document.used(labelling, self._text_of["question"])
        for name, kind, version in (
            ("detectors", "Detectors", opened.manifest.detectors),
            ("profile", "ResidencyProfile", opened.manifest.profile),
        ):
            agent = self._agent(name, kind, "SoftwareAgent", {"version": version})
            self.document.wasAssociatedWith(labelling, agent)
        if self._dossier.lowered_by is not None:
            self.document.wasAssociatedWith(labelling, self._person(self._dossier.lowered_by))
        self._materials(opened)
        for seat in opened.seats:
            self._agent(f"seat/{seat.seat}", "Seat", "SoftwareAgent", {"persona": seat.persona})
        self._by_actor(labelling, record)

    def _materials(self, opened: Opened) -> None:
        """The materials that came with the question, by id; their text is part of it."""
        for source in opened.arbitration.sources if opened.arbitration else ():
            facts: dict[str, Value] = {
                "rank": source.rank,
                "date": source.date or "unknown",
                "licence": source.licence,
                "digest": source.title_digest,
                "stale": source.stale,
                "position": source.position,
            }
            material = self._entity(f"material/{source.id}", "Material", facts)
            self.document.wasDerivedFrom(self._text_of["question"], material)

    def _send(self, record: Record, ticket: Ticketed) -> None:
        request = self._id(f"request/{ticket.ask}.{ticket.attempt}")
        self._bodies(record, {"request": request})
        self.document.entity(request, self._with("Prompt", {"digest": ticket.digest, "label": ticket.label}))
        for source in ticket.derived_from:
            self.document.wasDerivedFrom(request, self._text(source))
        send = self._activity(f"send/{ticket.ask}.{ticket.attempt}", "Send", record.at_ms)
        self.document.used(send, request)
        card = self._agent(f"card/{ticket.card}", "ModelCard", "SoftwareAgent", {"card": ticket.card})
        facts = {"name": ticket.backend, "country": ticket.operator_country, "host": ticket.host}
        operator = self._agent(f"operator/{_short(ticket.backend)}", "Operator", "Organization", facts)
        self.document.wasAssociatedWith(send, card)
        self.document.actedOnBehalfOf(card, operator, send)

    def _answer(self, record: Record, answered: Answered) -> None:
        answer, exchange = self._id(f"answer/{answered.ask}"), self._id(f"exchange/{answered.ask}")
        self._bodies(record, {"answer": answer, "exchange": exchange})
        seat = self._agent(f"seat/{answered.seat}", "Seat", "SoftwareAgent", {})
        more = {"statement": answered.statement, "origin": answered.origin, "label": answered.label}
        self.document.entity(answer, self._with("Statement", more))
        self._text_of[answered.ask] = answer
        self.document.wasAttributedTo(answer, seat)
        sent = self._id(f"send/{answered.ask}.{answered.attempt}")
        if self.document.get_record(sent):
            self.document.wasGeneratedBy(answer, sent, _utc(record.at_ms))
            self.document.wasDerivedFrom(answer, self._id(f"request/{answered.ask}.{answered.attempt}"))
        if record.ref("exchange") is not None:
            self.document.wasDerivedFrom(answer, exchange)

    def _decide(self, record: Record, decided: Decided) -> None:
        opened = self._dossier.opened
        arbitration = self._activity("arbitration", "Arbitration", record.at_ms)
        decision = self._entity("decision", "Decision", {"outcome": decided.outcome})
        if decided.answer_class is not None:
            self.document.entity(decision, {self._terms["answer_class"]: decided.answer_class})
        digest = hashlib.sha256(decided.to_bytes()).hexdigest()
        self.document.entity(decision, {self._terms["verdict_sha256"]: digest})
        self.document.wasGeneratedBy(decision, arbitration, _utc(record.at_ms))
        if opened is not None:
            rule = {"rule": opened.rule.name, "quorum": opened.quorum, "code": opened.manifest.code}
            policy = self._agent("rule", "Rule", "SoftwareAgent", rule)
            self.document.wasAssociatedWith(arbitration, policy)
        self._arbitrated(arbitration, decided)
        for report in decided.seats:
            if report.answer_class is not None and report.ask is not None:
                ballot = self._vote(record, report.seat, report.ask, report.answer_class)
                self.document.used(arbitration, ballot)
                self.document.wasDerivedFrom(decision, ballot)
        reply = self._id("reply")
        if record.ref("reply") is not None:
            self._bodies(record, {"reply": reply})
            self.document.wasDerivedFrom(reply, decision)
        drafted = decided.arbitration.draft if decided.arbitration else None
        if drafted is not None and record.ref("reply") is not None:
            self.document.wasDerivedFrom(reply, self._text(drafted))
        if decided.attributed is not None and drafted is None and record.ref("reply") is not None:
            self.document.wasQuotedFrom(reply, self._text(decided.attributed))

    def _arbitrated(self, arbitration: QualifiedName, decided: Decided) -> None:
        """What counted beside the ballots: the profile, first ballots and reviews, the dissents that block."""
        found, opened = decided.arbitration, self._dossier.opened
        if found is None or opened is None:
            return
        counted = found.independence
        facts: Attributes = {
            self._terms["independent_voices_milli"]: counted.voices_milli,
            self._terms["independence_measured"]: counted.measured,
        }
        self.document.activity(arbitration, other_attributes=facts)
        if opened.manifest.reliability is not None:
            profile = self._entity(
                "reliability", "ReliabilityProfile", {"sha256": opened.manifest.reliability}
            )
            self.document.used(arbitration, profile)
        counted_asks = {report.ask for report in decided.seats}
        for ask, record in self._dossier.answered.items():
            if isinstance(record.data, Answered) and ask not in counted_asks:
                self.document.used(arbitration, self._text(ask))  # first ballots, reviews, the draft
        for ask in found.blocked_by:
            self.document.wasInfluencedBy(self._id("decision"), self._text(ask))

    def _adopt(self, act: Act) -> None:
        """A named person's word on the verdict; the last one stands."""
        name = self._activity(f"adoption/{act.number}", "Adoption", act.at_ms)
        facts = {"decision": act.decision, "stands": act == self._dossier.acts[-1]}
        self.document.activity(name, other_attributes=self._with("Adoption", facts))
        self.document.used(name, self._id("decision"))
        self.document.wasAssociatedWith(name, self._person(act.by))

    def _vote(self, record: Record, seat: str, ask: str, answer_class: str) -> QualifiedName:
        vote = self._activity(f"vote/{ask}", "Vote", record.at_ms)
        ballot = self._entity(f"ballot/{ask}", "Ballot", {"answer_class": answer_class})
        self.document.used(vote, self._text(ask))
        self.document.wasGeneratedBy(ballot, vote)
        self.document.wasAssociatedWith(vote, self._id(f"seat/{seat}"))
        self.document.wasDerivedFrom(ballot, self._text(ask))
        return ballot

    def _bodies(self, record: Record, names: dict[str, QualifiedName] | None = None) -> None:
        """An entity for each body of a record: its commitment and length, and whether it is erased."""
        for ref in record.refs:
            local = ref.name if ref.name == "question" else f"{ref.name}/{record.ordinal}"
            name = (names or {}).get(ref.name, self._id(local))
            found: Attributes = {
                self._terms["commitment"]: ref.commitment,
                self._terms["length"]: ref.length,
                self._terms["erased"]: self._dossier.body(ref).state == "erased",
            }
            self.document.entity(name, found)
            if ref.name not in ("question", "request", "answer", "reply"):
                self.document.entity(name, {PROV_TYPE: self._terms["Body"]})

    def _text(self, source: str) -> QualifiedName:
        """The entity of a text by the name that records use: question, or an ask; else one of that name."""
        if source not in self._text_of:
            self._text_of[source] = self._entity(f"text/{source}", "Text", {})
        return self._text_of[source]

    def _by_actor(self, activity: QualifiedName, record: Record) -> None:
        if record.actor != _PROGRAM:
            self.document.wasAssociatedWith(activity, self._person(record.actor))

    def _person(self, name: str) -> QualifiedName:
        return self._agent(f"person/{_short(name)}", "NamedPerson", "Person", {"name": name})

    def _id(self, local: str) -> QualifiedName:
        return self._own[local]

    def _with(self, kind: str, facts: Mapping[str, Value]) -> Attributes:
        named: Attributes = {self._terms[name]: value for name, value in facts.items()}
        return {PROV_TYPE: self._terms[kind]} | named

    def _entity(self, local: str, kind: str, facts: Mapping[str, Value]) -> QualifiedName:
        self.document.entity(self._id(local), self._with(kind, facts))
        return self._id(local)

    def _activity(self, local: str, kind: str, at_ms: int) -> QualifiedName:
        self.document.activity(self._id(local), startTime=_utc(at_ms), other_attributes=self._with(kind, {}))
        return self._id(local)

    def _agent(self, local: str, kind: str, prov: str, facts: Mapping[str, Value]) -> QualifiedName:
        if not self.document.get_record(self._id(local)):
            attributes = self._with(kind, facts)
            self.document.agent(self._id(local), attributes)
            self.document.agent(self._id(local), {PROV_TYPE: PROV[prov]})
        return self._id(local)


def _utc(at_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)


def _short(name: str) -> str:
    """A name as a local part: any text may be a name, and few characters may stand in an identifier."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
