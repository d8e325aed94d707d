"""One record that is to run again: what of it is input, and what became of each of its tickets. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.council import Council, Seat
from magi.core.effects import QUESTION
from magi.core.record import Answered, AttemptFailed, Cancelled, LabelRaised, Opened, Record
from magi.core.terms import ArbitrationRules, Gate, Terms, Topic
from magi.replay.world import World
from magi.residency.masking import unmasked_label
from magi.residency.policy import Profile
from magi.service.question import Question
from magi.service.reply import label_of, reply_text
from magi.service.terms import BATTERY, spelled

Outcomes = Mapping[tuple[str, int], Record]


@dataclass(frozen=True)
class Case:
    """One record to run again, up to its verdict. `profile` is the one of its manifest, `bodies` all its plaintexts."""

    stream: str
    records: tuple[Record, ...]
    opened: Opened
    question: Question = field(repr=False)
    bodies: Mapping[str, bytes] = field(repr=False)
    world: World = field(repr=False)
    profile: Profile = field(repr=False)
    excused: frozenset[str] = frozenset()

    @property
    def from_files(self) -> bool:
        """Whether files came with the question: their bytes, and what is hidden in them, are kept nowhere."""
        hit = any(hit.text.startswith("file:") for hit in self.opened.hits)
        return hit or any(turn.role == "material" for turn in self.question.history)

    @property
    def raises(self) -> tuple[int, ...]:
        """The places where a person raised the label; an answer's own rise names that answer."""
        return tuple(
            place
            for place, record in enumerate(self.records)
            if isinstance(record.data, LabelRaised) and record.data.text == QUESTION
        )

    def known_rises(self, place: int) -> int | None:
        """How many records a label knew that does not know of the last rise before its place; None where it does.

        The record of that place is an answer or a refusal; it was labelled while the rise was being written.
        """
        label = getattr(self.records[place].data, "label", None)
        said = unmasked_label if isinstance(self.records[place].data, Answered) else _as_it_is
        rises = [0, *(n + 1 for n in range(place) if isinstance(self.records[n].data, LabelRaised))]
        reached = {
            count: said(self.opened, label_of(r.data for r in self.records[: max(count, 1)]))
            for count in rises
        }
        if label is None or label >= reached[rises[-1]]:
            return None
        return max((count for count in rises if reached[count] <= label), default=0)

    @property
    def gone(self) -> int | None:
        """The place where the caller had gone, or None."""
        places = (
            place
            for place, record in enumerate(self.records)
            if isinstance(record.data, Cancelled) and record.data.by == "user"
        )
        return next(places, None)

    @property
    def reply(self) -> str:
        """The text that the caller was given; empty where none was."""
        ref = self.records[-1].ref("reply")
        return "" if ref is None else reply_text(self.bodies[ref.commitment])

    def council(self) -> Council:
        """The council of its digest, or one made of what the record says of it."""
        opened = self.opened
        known = (c for c in self.world.councils.values() if c.digest == opened.manifest.council)
        return next(known, None) or council_of(opened)


def _as_it_is(opened: Opened, label: int) -> int:
    del opened
    return label


def council_of(opened: Opened) -> Council:
    """The council as the record has it: seats, quorum, rule, times, arbitration; its title is its name."""
    seats = (
        Seat(seat=plan.seat, persona=plan.persona.removeprefix("persona/"), targets=plan.targets)
        for plan in opened.seats
    )
    return Council(
        name=opened.council,
        title=opened.council,
        seats=tuple(seats),
        quorum=opened.quorum,
        rule=opened.rule,
        deadline_seconds=max(opened.deadline_ms // 1000, 1),
        attempts=opened.attempts,
        arbitration=None if opened.arbitration is None else _rules_of(opened, opened.arbitration),
    )


def _rules_of(opened: Opened, terms: Terms) -> ArbitrationRules:
    """The council's `[arbitration]` as far as it concerned this question: by it the same question blocks the same.

    What a gate, a stake or a concurrence says of other topics is in no record.
    """
    topics = _topics(opened, terms)
    gated = tuple(dict.fromkeys(each.topic for each in terms.rested if each.why == "gate"))
    resting = {each.seat for each in terms.rested if each.why == "gate"}
    speaking = tuple(plan.seat for plan in opened.seats if plan.seat not in resting)
    return ArbitrationRules(
        mode=terms.mode,
        rebuttal=terms.rebuttal,
        peer_review=terms.peer_review,
        severity_floor=terms.severity_floor,
        withhold=terms.withhold,
        high_stakes=topics if terms.barred_alone else (),
        concurrence=topics if terms.needs_domestic else (),
        gates=tuple(Gate(topic=topic, seats=speaking) for topic in gated),
        writer=next(iter(terms.writers), None),
    )


def _topics(opened: Opened, terms: Terms) -> tuple[Topic, ...]:
    """The topics that the question was on, spelled as terms spell them, and those that its text may name."""
    named = (*opened.topics, *((terms.subject,) if terms.subject else ()))
    places = (topic for topics in BATTERY.values() for topic in topics)
    return tuple(dict.fromkeys(spelled(topic) for topic in (*named, *places)))


def outcomes(records: Sequence[Record]) -> Outcomes:
    """By ask and attempt, the record of what became of a ticket: its failure, else the answer that it brought."""
    found: dict[tuple[str, int], Record] = {}
    for record in records:
        event = record.data
        if isinstance(event, AttemptFailed) or (isinstance(event, Answered) and event.attempt):
            found.setdefault((event.ask, event.attempt), record)
    return found
