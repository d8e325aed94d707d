"""Arbitration: what a count may become, once it is known who speaks, how grave a dissent is, and what was measured.

In this order:

1. no quorum and ties stay what they are; what leads below the rule's threshold is withheld;
2. a winner that one seat alone holds against others is a single seat's (単独席採用), never a majority, and is
   withheld where the topic bars it; one that weights lift over a class of more ballots is 加重採用, no majority either;
3. severity floor: a dissent on legality, safety or personal data that names a basis withholds the verdict,
   whatever the count;
4. a listed topic needs a domestic seat among those that hold the winner, else it is withheld;
5. below the confidence from which an error rate is promised, a council that asked for it withholds;
6. flags that change nothing and must be seen: votes that divide by jurisdiction or lineage, a winner that repeats a
   foreign state's claim, a concern without a basis, no promise.

Whatever is withheld, tied, flagged for a person or decided by one seat says why in `review`: that is the queue.

Promises: pure; independent of the order in which seats spoke. What only an asked seat's own words can show (that
it repeats a claim in its reasons) is said of the seats that spoke; a seat that was never asked put no words into
the verdict. Leaves to others: the ballots (`magi.core.verdict`), who looks at the queue (`magi.core.adoption`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from magi.core import material
from magi.core.counting import Counted
from magi.core.decided import Outcome, Said
from magi.core.measured import share
from magi.core.record import Opened
from magi.core.rules.count import RANKED
from magi.core.terms import CardFacts, Terms

CONDITIONAL = "conditional"
UNKNOWN_BLOC = "unknown"
NO_FACTS = CardFacts(bloc=UNKNOWN_BLOC, domestic=False, lineage=None)

VoiceState = Said | Literal["not_admitted", "outstanding", "cancelled", "not_asked", "rested"]


@dataclass(frozen=True, slots=True)
class Voice:
    """What arbitration sees of one seat: its ballot as a class, the card that spoke, and how grave it is.

    `severity` is what the seat raised, `based` whether it named a basis; `repeats` whether its words repeat a foreign
    state's claim.
    """

    seat: str
    said: VoiceState
    ballot: str | None = None
    card: str | None = None
    severity: str | None = None
    based: bool = False
    repeats: bool = False

    @property
    def missing(self) -> bool:
        """Whether the council has to do without this seat. A seat at rest is none that it has."""
        return self.said in ("not_admitted", "outstanding", "cancelled", "failure")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of a count: `winner` is None unless it stands. Flags and reasons in their fixed order."""

    outcome: Outcome
    winner: str | None
    flags: tuple[str, ...]
    review: tuple[str, ...]
    blocked_by: tuple[str, ...]
    raw_bp: int | None = None
    shown_bp: int | None = None


def rule_on(opened: Opened, terms: Terms, voices: Sequence[Voice], counted: Counted) -> Ruling:
    """Rule on a count of the `voices` (council order) under the terms of the deliberation."""
    facts = {voice.seat: terms.cards.get(voice.card or "", NO_FACTS) for voice in voices}
    dissent = [
        v
        for v in voices
        if v.ballot is not None and v.seat not in counted.supporters and counted.winner is not None
    ]
    blocking = [v for v in dissent if terms.severity_floor and v.severity and v.based]
    outcome = _counted_outcome(opened, voices, counted)
    raw, shown = _confidence(opened, terms, voices, counted)
    stands = counted.winner is not None
    blocks = {
        "single_seat_barred": outcome == "single_seat" and terms.barred_alone,
        **{
            f"severity_{kind}": any(v.severity == kind for v in blocking)
            for kind in ("legality", "safety", "personal_data")
        },
        "no_domestic_concurrence": stands
        and terms.needs_domestic
        and not any(facts[seat].domestic for seat in counted.supporters),
        "low_confidence": stands and terms.withhold and _is_low(terms, raw),
    }
    if any(blocks.values()):
        outcome = "withheld"
    spoken = [v for v in voices if v.ballot is not None]
    flags = {
        "bloc_split": _divides(spoken, {v.seat: _bloc(facts[v.seat]) for v in spoken})
        or _divides(spoken, {v.seat: facts[v.seat].lineage for v in spoken}),
        "concern": any(v.severity for v in spoken),
        "degraded": any(v.missing for v in voices),
        "foreign_claim": stands and _repeats(terms, voices, counted),
        "no_promise": terms.measured is not None and terms.measured.answer_from_bp is None,
        "rested": any(v.said == "rested" for v in voices),
        **dict.fromkeys(material.flags(terms.sources), True),
        "tie_broken": counted.tie_broken,
    }
    reasons = {
        "no_quorum": outcome == "no_quorum",
        "tied": outcome == "tied",
        "withheld": outcome == "withheld" and not any(blocks.values()),
        "single_seat": outcome == "single_seat",
        **blocks,
        "concern": flags["concern"] and not blocking,
        "bloc_split": flags["bloc_split"],
        "foreign_claim": flags["foreign_claim"],
    }
    return Ruling(
        outcome=outcome,
        winner=None if outcome == "withheld" else counted.winner,
        flags=tuple(name for name, holds in flags.items() if holds),
        review=tuple(name for name, holds in reasons.items() if holds),
        blocked_by=tuple(v.seat for v in blocking),
        raw_bp=raw,
        shown_bp=shown,
    )


def _counted_outcome(opened: Opened, voices: Sequence[Voice], counted: Counted) -> Outcome:
    undecided: Mapping[str, Outcome] = {
        "no_quorum": "no_quorum",
        "tied": "tied",
        "below_threshold": "withheld",
    }
    if counted.result in undecided:
        return undecided[counted.result]
    if counted.single_seat:
        return "single_seat"
    if counted.minority:
        return "weighted"
    if opened.space.kind == "yes_no_conditional" and counted.winner == CONDITIONAL:
        return "conditional"
    everyone = len(counted.supporters) == len(voices) and not any(voice.missing for voice in voices)
    return "unanimous" if everyone and _is_whole(opened, voices, counted) else "majority"


def _is_whole(opened: Opened, voices: Sequence[Voice], counted: Counted) -> bool:
    """Whether everybody said the same: held the winner as the one answer, or put it first with nothing beside it."""
    if opened.space.kind == "open":
        return len(counted.tally) == 1
    if opened.space.kind != "choice" or opened.rule.name not in {*RANKED, "approval"}:
        return True
    firsts = {(voice.ballot or "").split(">")[0] for voice in voices}
    return firsts == {counted.winner}


def _confidence(
    opened: Opened, terms: Terms, voices: Sequence[Voice], counted: Counted
) -> tuple[int | None, int | None]:
    """Raw and calibrated probability of the winner; None if unmeasured, or where ballots are no single answers."""
    simple = opened.space.kind != "open" and opened.rule.name not in {*RANKED, "approval"}
    if terms.measured is None or counted.winner is None or not simple:
        return None, None
    found = share(terms.measured, [voice.ballot for voice in voices], counted.winner)
    return found.raw_bp, found.shown_bp


def _is_low(terms: Terms, raw: int | None) -> bool:
    """Below the promise; where nothing is promised nothing is withheld for it, and the flag says so."""
    measured = terms.measured
    if measured is None or measured.answer_from_bp is None or raw is None:
        return False
    return raw < measured.answer_from_bp


def _bloc(facts: CardFacts) -> str | None:
    """The country of a card's maker; None where nobody knows it."""
    return None if facts.bloc == UNKNOWN_BLOC else facts.bloc


def _divides(spoken: Sequence[Voice], groups: Mapping[str, str | None]) -> bool:
    """Whether the votes divide along groups: no group is divided, classes differ, and some group has two voices.

    Voices of unknown group neither make nor break a division.
    """
    held: dict[str, set[str]] = {}
    sizes: dict[str, int] = {}
    for voice in spoken:
        group = groups[voice.seat]
        if group is not None:
            held.setdefault(group, set()).add(voice.ballot or "")
            sizes[group] = sizes.get(group, 0) + 1
    classes = {ballot for ballots in held.values() for ballot in ballots}
    united = all(len(ballots) == 1 for ballots in held.values())
    return united and len(held) > 1 and len(classes) > 1 and max(sizes.values()) > 1


def _repeats(terms: Terms, voices: Sequence[Voice], counted: Counted) -> bool:
    if counted.winner in terms.contested:
        return True
    return any(voice.repeats for voice in voices if voice.seat in counted.supporters)
