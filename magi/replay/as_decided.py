"""A deliberation as it stood when it was decided, and what its asks were made from. Pure.

What counterfactuals start from: seats, answers, later rounds, and from the tickets which texts went into which
prompt. Leaves to others: what is otherwise (`without`, `other_rule`, `seated_today`), the report (`counterfactual`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from magi.core.decided import Decided
from magi.core.deliberation import feed
from magi.core.effects import seat_number
from magi.core.record import Admission, Cancelled, Event, LabelRaised, Opened, Ticketed
from magi.core.standing import Rounds, Standing
from magi.core.state import is_split
from magi.core.stopping import is_settled
from magi.core.verdict import decide

OF_ITSELF = frozenset({"deadline", "label_raised"})
"""Why the core gives up asks whatever the rule is; for any other reason another rule might have waited for them."""

Why = Literal["derived_from", "not_asked", "another_card", "label_raised", "stopped_early", "would_write"]


@dataclass(frozen=True)
class Need:
    """A seat that would have to be asked again, and why."""

    seat: str
    why: Why


@dataclass(frozen=True)
class Reseated:
    """A card of a seat that is ruled on otherwise today than it was; `reasons` are those of a no."""

    seat: str
    card: str
    was: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class AsDecided:
    """One deliberation, as it was or under a change. `plan` is the last word on every card before the verdict.

    `made_from` maps an ask to the texts in its prompt, `asked_cards` to the cards it was sent to; `stopped` are the
    asks that an early stop gave up, `closing` says that nobody was asked any more.
    """

    opened: Opened
    standings: tuple[Standing, ...]
    classes: Mapping[str, str]
    rounds: Rounds
    made_from: Mapping[str, frozenset[str]]
    asked_cards: Mapping[str, tuple[str, ...]]
    raises: tuple[LabelRaised, ...]
    stopped: frozenset[str]
    plan: tuple[Admission, ...]
    closing: bool
    day: str
    needs: tuple[Need, ...] = ()
    reseated: tuple[Reseated, ...] = field(default=())

    @property
    def every(self) -> tuple[Standing, ...]:
        """The standings of all rounds."""
        draft = () if self.rounds.draft is None else (self.rounds.draft,)
        return (*self.standings, *self.rounds.second, *self.rounds.reviews, *draft)

    @property
    def answered(self) -> tuple[Standing, ...]:
        """Those that answered in the first round."""
        return tuple(s for s in self.standings if s.ask and s.ballot is not None)

    def targets(self, seat: str) -> tuple[str, ...]:
        """The cards through which a seat could have been asked at the end, in order of preference."""
        allowed = {entry.card for entry in self.plan if entry.admitted and entry.seat == seat}
        return tuple(
            card
            for plan in self.opened.seats
            if plan.seat == seat
            for card in plan.targets
            if card in allowed
        )

    def verdict(self) -> Decided:
        """What the core decides on it."""
        return decide(self.opened, self.standings, self.classes, self.rounds)

    def with_needs(self, needs: Collection[Need]) -> "AsDecided":
        """The same, with these seats to be asked again too."""
        return replace(self, needs=tuple(dict.fromkeys((*self.needs, *needs))))

    def asked_again(self, asks: Collection[str], why: Why) -> "AsDecided":
        """The same, with the seats of these asks to be asked again too, in the order of the rounds."""
        return self.with_needs([Need(s.seat, why) for s in self.every if s.ask in asks])


def as_decided(before: Sequence[Event], day: str) -> AsDecided | None:
    """The deliberation that the events before a verdict make; None where the core has not decided by then.

    `day` is the ISO day in Japan on which it was opened.
    """
    state = feed(before)[0]
    if state.phase != "decided":
        return None
    made_from: dict[str, frozenset[str]] = {}
    cards: dict[str, tuple[str, ...]] = {}
    stopped: set[str] = set()
    for event in before:
        if isinstance(event, Ticketed):
            made_from[event.ask] = made_from.get(event.ask, frozenset()) | frozenset(event.derived_from)
            cards[event.ask] = (*cards.get(event.ask, ()), event.card)
        elif isinstance(event, Cancelled) and event.by == "core" and event.why not in OF_ITSELF:
            stopped |= set(event.asks)
    return AsDecided(
        opened=state.opened,
        standings=state.standings,
        classes=state.classes,
        rounds=state.rounds,
        made_from=made_from,
        asked_cards=cards,
        raises=tuple(event for event in before if isinstance(event, LabelRaised)),
        stopped=frozenset(stopped),
        plan=state.plan,
        closing=state.closing,
        day=day,
    )


def made_of(made_from: Mapping[str, frozenset[str]], gone: Collection[str]) -> frozenset[str]:
    """The asks whose prompt was made from the words of `gone`, directly or through others."""
    reached = set(gone)
    more = True
    while more:  # ends: each round adds an ask or is the last
        new = {ask for ask, sources in made_from.items() if sources & reached} - reached
        reached |= new
        more = bool(new)
    return frozenset(reached - set(gone))


def with_due_rounds(case: AsDecided) -> AsDecided:
    """The same with the rounds that it would have had: no rebuttal without a split, no review of one's own only.

    A rebuttal that was not held and would have been makes its seats needed.
    """
    terms = case.opened.arbitration
    if terms is None:
        return case
    rounds = case.rounds
    split = case.opened.space.kind != "open" and is_split(case.opened, case.answered)
    if rounds.second and not split:
        return replace(case, rounds=replace(rounds, second=()))
    if split and terms.rebuttal and not case.closing and not rounds.second:
        return case.with_needs([Need(s.seat, "not_asked") for s in case.answered if case.targets(s.seat)])
    held = {case.classes.get(s.ask or "") for s in case.answered}
    if rounds.reviews and len(held) < 2:  # noqa: PLR2004  # one statement has nobody to review it
        return replace(case, rounds=replace(rounds, reviews=()))
    return case


def still_stopped(case: AsDecided) -> AsDecided:
    """The same, with the seats that an early stop saved needed where it is no longer settled without them."""
    terms = case.opened.arbitration
    if terms is None or not case.rounds.stopped:
        return case
    saved = [s for s in case.standings if s.state == "not_asked" or s.ask in case.stopped]
    waiting = tuple(replace(s, state="waiting", answered=None) if s in saved else s for s in case.standings)
    if is_settled(case.opened, terms, waiting, {s.seat: case.targets(s.seat) for s in saved}):
        return case
    why: Mapping[bool, Why] = {True: "stopped_early", False: "not_asked"}
    return case.with_needs([Need(s.seat, why[s.ask in case.stopped]) for s in saved])


def in_seat_order(asks: Collection[str]) -> list[str]:
    """Asks in the order of their seats."""
    return sorted(asks, key=lambda ask: (seat_number(ask), ask))
