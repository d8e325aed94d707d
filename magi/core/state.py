"""Where a deliberation stands, over all its rounds, and the asks that can be made from there. Pure values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from magi.core.ballot_form import rebuttal_template_for
from magi.core.effects import QUESTION, Ask, seat_number
from magi.core.open_verdict import REVERSED, claim_lines, reviews_of
from magi.core.record import Admission, Opened
from magi.core.space import OpenSpace
from magi.core.standing import Rounds, Standing

REVIEW = "review/open@1"
WRITE = "write/open@1"
PAIR = 2
"""Two statements are compared in both orders, since a place decides too many close calls."""


Phase = Literal["asking", "rebutting", "classifying", "reviewing", "checking", "drafting", "decided"]


@dataclass(frozen=True)
class State:
    """Where a deliberation stands. `standings` are those of the answers, in council order.

    `plan` is the latest word on every card; `closing` says that nobody is asked any more.
    """

    opened: Opened
    phase: Phase
    standings: tuple[Standing, ...]
    classes: Mapping[str, str] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=Rounds)
    plan: tuple[Admission, ...] = ()
    closing: bool = False

    @property
    def running(self) -> tuple[str, ...]:
        """Asks that nobody has answered or given up."""
        return tuple(s.ask for s in self.every if s.ask is not None and s.state == "running")

    @property
    def every(self) -> tuple[Standing, ...]:
        """The standings of all rounds."""
        draft = () if self.rounds.draft is None else (self.rounds.draft,)
        return (*self.standings, *self.rounds.second, *self.rounds.reviews, *draft)

    def targets(self, seat: str) -> tuple[str, ...]:
        """The cards through which a seat may be asked now, in order of preference."""
        allowed = {(entry.seat, entry.card) for entry in self.plan if entry.admitted}
        plan = next(each for each in self.opened.seats if each.seat == seat)
        return tuple(card for card in plan.targets if (seat, card) in allowed)


def each(state: State, change: Callable[[Standing], Standing]) -> State:
    """The state with every standing of every round changed."""
    rounds = state.rounds
    return replace(
        state,
        standings=tuple(map(change, state.standings)),
        rounds=replace(
            rounds,
            second=tuple(map(change, rounds.second)),
            reviews=tuple(map(change, rounds.reviews)),
            draft=None if rounds.draft is None else change(rounds.draft),
        ),
    )


def ask_of(
    state: State, ask: str, stage: str, inputs: tuple[str, ...], chosen_by: tuple[str, ...] = ()
) -> Ask:
    """One ask; it derives from what it shows, claims from the asks that made them, and from what chose among these."""
    opened = state.opened
    plan = opened.seats[seat_number(ask) - 1]
    sources = tuple(dict.fromkeys((QUESTION, *(name.split(".")[0] for name in inputs), *chosen_by)))
    return Ask(
        ask,
        plan.seat,
        stage,
        state.targets(plan.seat),
        plan.persona,
        _template(opened, stage),
        inputs,
        sources,
    )


def _template(opened: Opened, stage: str) -> str:
    match stage:
        case "rebuttal" if not isinstance(opened.space, OpenSpace):
            return rebuttal_template_for(opened.space, opened.rule.name)
        case "review":
            return REVIEW
        case "write":
            return WRITE
        case _:
            return opened.template


def is_split(opened: Opened, answered: Sequence[Standing]) -> bool:
    """Whether enough seats answered, and not all the same."""
    return len(answered) >= opened.quorum and len({s.ballot for s in answered}) > 1


def review_asks(state: State) -> tuple[Ask, ...]:
    """A review of the other statements by each seat that answered; of just two, once more in the other order.

    Statements of one class are shown once, with the claims of all that made them, and a seat's own class not at all;
    so every answer has a part in what a reviewer sees.
    """
    answered = [s for s in state.standings if s.ask and s.ballot is not None]
    first: dict[str, str] = {}
    for standing in answered:
        first.setdefault(state.classes[standing.ask or ""], standing.ask or "")
    everybody = tuple(s.ask or "" for s in answered)
    asks: list[Ask] = []
    for standing in answered:
        own = state.classes[standing.ask or ""]
        shown = tuple(ask for held, ask in first.items() if held != own)
        if not shown or not state.targets(standing.seat):
            continue
        number = seat_number(standing.ask or "")
        letters = ("r", REVERSED) if len(shown) == PAIR else ("r",)
        asks += [
            ask_of(state, f"{letter}{number}", "review", (QUESTION, *shown), everybody) for letter in letters
        ]
    return tuple(asks)


def rebuttal_asks(state: State) -> tuple[Ask, ...]:
    """A second ballot of every seat that answered, made from all answers; empty where the council is not split."""
    answered = [s for s in state.standings if s.ask and s.ballot is not None]
    if not is_split(state.opened, answered):
        return ()
    inputs = (QUESTION, *(s.ask or "" for s in answered))
    return tuple(
        ask_of(state, f"b{seat_number(s.ask or '')}", "rebuttal", inputs)
        for s in answered
        if state.targets(s.seat)
    )


def claims_of(state: State) -> tuple[str, ...]:
    """The claims of all statements, those of equal text once."""
    return tuple(
        claim.id
        for s in state.standings
        if s.answered and s.ballot is not None
        for claim in s.answered.claims
        if state.classes.get(claim.id, claim.id) == claim.id
    )


def draft_ask(state: State) -> Ask | None:
    """The writer's ask, made from the claims that the council accepts; None without claims or writer."""
    terms = state.opened.arbitration
    lines = claim_lines(state.standings, state.classes, state.rounds, reviews_of(state.rounds.reviews))
    claims = tuple(line.id for line in lines if line.status in ("accepted", "unverified"))
    writer = next((seat for seat in (terms.writers if terms else ()) if state.targets(seat)), None)
    if not claims or writer is None:
        return None
    place = 1 + [seat.seat for seat in state.opened.seats].index(writer)
    # Reviews vote on the claims; equal and contradicting claims of any answer tell too which of them are accepted.
    answers = tuple(s.ask for s in state.standings if s.ask and s.ballot is not None)
    reviews = tuple(s.ask for s in state.rounds.reviews if s.ask and s.answered)
    return ask_of(state, f"w{place}", "write", (QUESTION, *claims), (*answers, *reviews))
