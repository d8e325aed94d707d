"""Whether a sequential council may stop asking: nothing that is outstanding could still change what it decides.

Every completion of the outstanding ballots is decided by the very functions that decide verdicts: each option or
ranking, each card that may yet speak for a seat (and so its country, lineage and domestic concurrence), a grave
concern or none where the council listens to them, and silence. Only where outcome, answer, flags and reasons for
review are the same in all of them is the council settled. Where there are too many completions to walk, it is not.

A dissent may block every verdict of a council with a severity floor, so such a council is settled only when all
have spoken; that is what the floor is for. Leaves to others: asking and cancelling (`deliberation`).
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from magi.core.arbitration import Voice, rule_on
from magi.core.early_stop import SILENT, Ballot, Decision, find
from magi.core.record import Opened
from magi.core.rules.count import RANKED
from magi.core.rules.spelled import spell_approval, spell_ranking
from magi.core.standing import Standing
from magi.core.terms import Terms
from magi.core.verdict import count_ballots, voice_of

MAX_COMPLETIONS: Final = 6_000
"""Some 40 us each: a quarter of a second at most while the next seat waits to be asked."""
MAX_RANKED: Final = 3
"""Options whose 13 weak orders are walked; rankings of more are asked for in full."""
_UNSPOKEN: Final = frozenset({"degraded"})
"""A seat that is not asked cannot fail."""


@dataclass(frozen=True)
class Heard(Ballot):
    """A ballot with the card that speaks."""

    card: str = ""


def is_settled(
    opened: Opened, terms: Terms, standings: Sequence[Standing], targets: Mapping[str, Sequence[str]]
) -> bool:
    """Whether no completion by the seats that run or wait changes the verdict.

    Args:
        opened: the intent; open text is never settled before all have spoken.
        terms: its terms.
        standings: where each seat stands, in council order.
        targets: the cards that may yet speak for each seat.
    """
    if opened.space.kind == "open":
        return False
    spoken = [s for s in standings if s.state not in ("running", "waiting")]
    open_seats = [s for s in standings if s.state in ("running", "waiting")]
    options, named = ways(opened, [s.ballot for s in spoken if s.ballot is not None], len(open_seats))
    if not options:
        return False
    severities = ("", "legality") if terms.severity_floor else ("",)
    outstanding = {
        s.seat: (
            *(
                Heard("answer", option, severity, card=card)
                for card in targets[s.seat]
                for option in options
                for severity in severities
            ),
            *(Heard(said) for said in SILENT),
        )
        for s in open_seats
    }
    fixed = {s.seat: voice_of(s, s.ballot) for s in spoken}
    order = [s.seat for s in standings]

    def decided(ballots: Mapping[str, Ballot]) -> Decision:
        voices = [fixed[seat] if seat in fixed else _voice(seat, ballots[seat]) for seat in order]
        held = {voice.seat: voice.ballot for voice in voices if voice.ballot is not None}
        ruling = rule_on(opened, terms, voices, count_ballots(opened, terms, order, held))
        marks = {*ruling.flags} - _UNSPOKEN | {f"review {reason}" for reason in ruling.review}
        return Decision(ruling.outcome, ruling.winner, frozenset(marks), bool(ruling.review))

    said = {seat: _ballot(voice) for seat, voice in fixed.items()}
    found = find(decided, said, outstanding, named=frozenset(named), limit=MAX_COMPLETIONS)
    return found.result == "settled"


def ways(opened: Opened, held: Sequence[str], more: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ballots that a seat could still cast, and those that the decision knows by name."""
    space = opened.space
    terms = opened.arbitration
    contested = tuple(terms.contested) if terms else ()
    if space.kind == "choice":
        options: tuple[str, ...] = space.options
        if opened.rule.name == "approval" or opened.rule.name in RANKED:
            if len(options) > MAX_RANKED:
                return (), ()
            spelled = _approvals(options) if opened.rule.name == "approval" else _rankings(options)
            return spelled, spelled
        return options, options if opened.rule.tie == "options" else contested
    if space.kind == "yes_no_conditional":
        answers = ("yes", "no", "conditional")
        return answers, ("conditional", *contested)
    # A number or a date may be any: those held so far, and a new one for every seat that has not spoken.
    new = tuple(f"\x00{number}" for number in range(more))
    return (*dict.fromkeys(held), *new), contested


def _rankings(options: Sequence[str]) -> tuple[str, ...]:
    """Every weak order of the options, as ballots."""
    return tuple(dict.fromkeys(spell_ranking(tiers) for tiers in _weak_orders(tuple(options))))


def _weak_orders(options: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ...]]:
    if not options:
        yield ()
        return
    for size in range(1, len(options) + 1):
        for first in itertools.combinations(options, size):
            rest = tuple(option for option in options if option not in first)
            for tiers in _weak_orders(rest):
                yield (first, *tiers)


def _approvals(options: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        spell_approval(chosen)
        for size in range(len(options) + 1)
        for chosen in itertools.combinations(options, size)
    )


def _voice(seat: str, ballot: Ballot) -> Voice:
    card = ballot.card if isinstance(ballot, Heard) else None
    return Voice(seat, ballot.said, ballot.option, card, ballot.severity or None, based=bool(ballot.severity))


def _ballot(voice: Voice) -> Ballot:
    """What has been said, as `find` wants it: only that it holds its option counts there."""
    return Ballot("answer", voice.ballot) if voice.ballot is not None else Ballot("abstention")
