"""The terms of a deliberation: everything that its verdict will depend on, fixed before anybody is asked.

1. The topics: those that the detectors found, the one that the asker declares, and the contested places that the
   text names. Listed ones bar a verdict by one seat, or need a domestic seat behind it.
2. Who rests. On a topic with a gate only the seats of its gate speak (of several gates: the seats of any), unless
   the topic, or another one of the question, is high-stakes: then no gate holds. A seat whose every card the bias
   battery found untrusted on a topic of the question rests whatever the stakes. What is left must still be a council
   that may deliberate: it is refused otherwise. Nobody is quietly let speak against a gate or a finding.
3. What was measured: the profile in use, for the declared topic or the first detected one that it knows.
4. The facts about each card by which votes are grouped.

Promises: the same tools, records and question give the same terms; topics are spelled with hyphens, whoever names
them. Leaves to others: who may see the text (`magi.residency.plan`), deciding (`magi.core.arbitration`).
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from magi.core.acts import BiasMeasured
from magi.core.card import UNKNOWN, Card
from magi.core.contested import contested, touched
from magi.core.council import Council, Seat
from magi.core.early_stop import order
from magi.core.errors import CouncilRefusedError
from magi.core.lineage import key
from magi.core.material import Source
from magi.core.measured import measured
from magi.core.record import Record
from magi.core.rules.count import MEASURED
from magi.core.space import ChoiceSpace
from magi.core.terms import MOST_ORDERED, ArbitrationRules, CardFacts, Measured, Rested, Terms
from magi.residency.policy import is_foreign
from magi.service.labelled import CONFIG
from magi.service.question import Question
from magi.service.reliability import latest_of

if TYPE_CHECKING:
    from magi.service.run import Tools

BATTERY: Final[Mapping[str, tuple[str, ...]]] = {
    "territory": ("senkaku", "takeshima", "northern-territories"),
    "diplomacy": ("taiwan", "xinjiang"),
    "security": ("taiwan",),
    "history": ("history",),
}
"""Topics of the bias battery behind a topic of the detectors, where the text names no place of its own: all of them,
since nobody can tell which is meant."""


async def make_terms(
    tools: "Tools",
    council: Council,
    question: Question,
    *,
    topics: Collection[str],
    subject: str | None,
    today: datetime.date,
    sources: Sequence[Source] = (),
) -> Terms | None:
    """The terms of one deliberation, or None for a council without `[arbitration]`.

    Args:
        tools: for cards and the records of `config`.
        council: the council as it was asked for, all seats.
        question: as it was asked.
        topics: what the detectors found (`Finding.topics`).
        subject: the topic that the asker declares, if any.
        today: the day in Japan; the terms are as of it.
        sources: the materials.

    Raises:
        CouncilRefusedError: rule_too_large, more options than the rule can order; unmeasured, the rule weighs seats
            and no profile speaks of them; too_few_seats and the other reasons of `check_council`, where those who do
            not rest may not deliberate.
        TamperedError, LedgerUnavailableError: see the ledger.
    """
    rules = council.arbitration
    if rules is None:
        return None
    records = await tools.ledger.read(CONFIG)
    claims = {
        answer: tuple(map(spelled, found))
        for answer, found in contested(question.text, question.space, question.options).items()
    }
    declared = {spelled(topic) for topic in (*topics, *((subject,) if subject else ()))}
    places = {spelled(topic) for topic in touched(question.text)} | {
        t for found in claims.values() for t in found
    }
    about = declared | places
    doubts = untrusted(records, tools.cards)
    rested = _rested(council, rules, tools.cards, doubts, declared=declared, places=places)
    left = tuple(seat for seat in council.seats if seat.seat not in {each.seat for each in rested})
    held = await _measured(tools, council, records, topics, subject)
    most = MOST_ORDERED.get(council.rule.name)
    if most is not None and isinstance(question.space, ChoiceSpace) and len(question.space.options) > most:
        raise CouncilRefusedError("rule_too_large", options=len(question.space.options), most=most)
    if held is None and council.rule.name in MEASURED:
        raise CouncilRefusedError("unmeasured", council=council.name)
    asked = _order(council, left, held)
    return Terms(
        mode=rules.mode,
        rebuttal=rules.rebuttal and (held is None or held.rebuttal != "no_gain"),
        peer_review=rules.peer_review,
        severity_floor=rules.severity_floor,
        withhold=rules.withhold,
        barred_alone=bool(about.intersection(rules.high_stakes)),
        needs_domestic=bool(about.intersection(rules.concurrence)),
        subject=None if subject is None else spelled(subject),
        order=asked,
        rested=rested,
        distrusted=_distrusted(council, doubts, _weighed(declared, places)),
        writers=tuple(sorted(asked, key=lambda seat: seat != rules.writer)),
        cards=card_facts(council, tools.cards),
        measured=held,
        contested=claims,
        sources=tuple(sources),
        as_of=today.isoformat(),
    )


def spelled(topic: str) -> str:
    """A topic's code as terms and councils spell it; detectors, dictionaries and the battery write underscores."""
    return topic.replace("_", "-")


def untrusted(records: Iterable[Record], cards: Mapping[str, Card]) -> dict[str, tuple[str, ...]]:
    """The topics on which each card, as it now is, was found untrusted and not trusted since.

    A finding on another digest of the card says nothing. A later run that could not measure a topic takes no finding
    back, nor is an unmeasured topic a finding against a card.
    """
    found: dict[str, dict[str, bool]] = {}
    for record in records:
        event = record.data
        if isinstance(event, BiasMeasured) and _is_of(event, cards):
            told = {
                spelled(each.topic): each.verdict == "untrusted"
                for each in event.topics
                if each.verdict != "unmeasured"
            }
            found[event.card] = found.get(event.card, {}) | told
    doubted = {
        card: tuple(sorted(topic for topic, doubt in topics.items() if doubt))
        for card, topics in found.items()
    }
    return {card: topics for card, topics in doubted.items() if topics}


def _is_of(event: BiasMeasured, cards: Mapping[str, Card]) -> bool:
    """Whether the finding is of a card as it is now."""
    return event.card in cards and cards[event.card].digest == event.card_digest


def card_facts(council: Council, cards: Mapping[str, Card]) -> dict[str, CardFacts]:
    """The facts about every card that may speak for a seat of the council, by card id."""
    named = sorted({target for seat in council.seats for target in seat.targets})
    groups = _groups({name: cards[name] for name in named})
    return {
        name: CardFacts(
            bloc=cards[name].model.developer_country,
            domestic=not is_foreign(cards[name]),
            lineage=groups[name],
            cutoff=None if (day := cards[name].model.knowledge_cutoff) == UNKNOWN else day,
        )
        for name in named
    }


def _groups(cards: Mapping[str, Card]) -> dict[str, str | None]:
    """For each card the first card, by name, of those that it shares an ancestor with, directly or through others.

    A suspected ancestor counts: seats that may err together are not said to be independent. None: nobody knows.
    """
    groups: list[tuple[set[str], set[str]]] = []  # cards, ancestors
    for name in sorted(cards):
        lineage = cards[name].lineage
        if lineage is None:
            continue
        members, ancestors = {name}, {key(ancestor.name) for ancestor in lineage}
        apart = []
        for group in groups:
            if group[1] & ancestors:
                members, ancestors = members | group[0], ancestors | group[1]
            else:
                apart.append(group)
        groups = [*apart, (members, ancestors)]
    first = {name: min(members) for members, _ in groups for name in members}
    return {name: first.get(name) for name in cards}


def _rested(
    council: Council,
    rules: ArbitrationRules,
    cards: Mapping[str, Card],
    doubts: Mapping[str, Sequence[str]],
    *,
    declared: Collection[str],
    places: Collection[str],
) -> tuple[Rested, ...]:
    """Who rests and why, in council order; the finding before the gate, since it holds whatever the stakes."""
    gates = sorted((gate for gate in rules.gates if gate.topic in declared), key=lambda gate: gate.topic)
    if {*declared, *places}.intersection(rules.high_stakes):
        gates = []
    speaking = {seat for gate in gates for seat in gate.seats}
    weighed = _weighed(declared, places)
    found = []
    for seat in council.seats:
        topic = _doubted(seat, cards, doubts, weighed)
        if topic is not None:
            found.append(Rested(seat=seat.seat, why="bias", topic=topic))
        elif gates and seat.seat not in speaking:
            found.append(Rested(seat=seat.seat, why="gate", topic=gates[0].topic))
    return tuple(found)


def _weighed(declared: Collection[str], places: Collection[str]) -> frozenset[str]:
    """The topics of the battery that a question touches."""
    behind: set[str] = set()
    for topic in declared:
        named = BATTERY.get(topic, (topic,))
        behind |= set(named) & set(places) or set(named)
    return frozenset(behind) | frozenset(places)


def _distrusted(
    council: Council, doubts: Mapping[str, Sequence[str]], weighed: Collection[str]
) -> dict[str, str]:
    """The council's cards that are untrusted on a topic of the question, each with the first such topic."""
    targets = sorted({target for seat in council.seats for target in seat.targets})
    against = {target: [topic for topic in doubts.get(target, ()) if topic in weighed] for target in targets}
    return {target: topics[0] for target, topics in against.items() if topics}


def _doubted(
    seat: Seat, cards: Mapping[str, Card], doubts: Mapping[str, Sequence[str]], weighed: Collection[str]
) -> str | None:
    """The topic for which a seat rests: each of its cards is untrusted on one; the first one of its first card."""
    against = [
        [topic for topic in doubts.get(target, ()) if topic in weighed]
        for target in seat.targets
        if target in cards
    ]
    return against[0][0] if all(against) else None


async def _measured(
    tools: "Tools", council: Council, records: Sequence[Record], topics: Collection[str], subject: str | None
) -> Measured | None:
    found = await latest_of(tools, council, records)
    if found is None:
        return None
    known = {topic.topic for topic in found.profile.topics}
    named = [*((subject,) if subject else ()), *sorted(topics)]
    topic = next((each for name in named for each in (name, spelled(name)) if each in known), None)
    return measured(found.profile, topic, found.fitted.rebuttal)


def _order(council: Council, left: Sequence[Seat], held: Measured | None) -> tuple[str, ...]:
    """The seats that speak, the most reliable first, or as the council has them."""
    names = [seat.seat for seat in left]
    if held is None:
        return tuple(names)
    ranks = dict(zip((seat.seat for seat in council.seats), held.ranks, strict=True))
    return order(names, {name: -ranks[name] for name in names})
