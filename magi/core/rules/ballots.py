"""Polls and ballots: what a rule over several options is asked, and which ballots it may count.

A ranking is a tuple of tiers, best first; options of one tier stand equal. What it leaves out is of two kinds,
and they are not the same:

- an option it does not name is *unranked*: it stands below every ranked one, equal to the other unranked ones
  (Schulze 2011, section 2; the usual reading of a truncated ballot);
- an option it *recuses* is one the seat may not judge, its own: the ballot compares it with nothing.

A ballot that names what is not there, names an option twice, or is left with nothing to compare is set aside
under a name (`Fault`). It counts for no option and never for the quorum; it is not repaired by guessing.

Leaves to others: reading a seat's text (`magi.core.answers`), taking the own item out of a review
(`magi.core.review`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from magi.core.errors import CouncilRefusedError
from magi.core.rules.ties import NO_KEY, TieKey

MAX_OPTIONS: Final = 10_000
"""A register of every statute or municipality fits; scoring stays linear in it."""
MAX_BALLOTS: Final = 1_000
"""Far above a council's fifteen seats; recorded panels and published elections fit."""

Fault = Literal["unknown_seat", "unknown_option", "repeated_option", "nothing_compared", "over_bound"]
Tiers = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Ranking:
    """One seat's ranked ballot: tiers best first, and the options it may not judge."""

    tiers: Tiers
    recused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Approval:
    """One seat's approval ballot: the options it approves of, and those it may not judge.

    Approving of nothing is a ballot (none of these will do); it counts for the quorum.
    """

    approved: tuple[str, ...]
    recused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Poll:
    """What is asked: options and seats in their declared order, the live ballots needed, the tie key.

    The declared order of the options is the order in which equal options are listed; it breaks no tie.

    Raises:
        CouncilRefusedError: poll_options (none, or one twice), poll_too_large, poll_seats (one twice),
            poll_quorum (negative). A quorum that the seats cannot make is an outcome, not an error.
    """

    options: tuple[str, ...]
    seats: tuple[str, ...]
    quorum: int = 1
    tie: TieKey = NO_KEY

    def __post_init__(self) -> None:
        """Refuse a poll that no ballot could answer."""
        if len(self.options) > MAX_OPTIONS or len(self.seats) > MAX_BALLOTS:
            raise CouncilRefusedError(
                "poll_too_large", options=len(self.options), seats=len(self.seats), most=MAX_OPTIONS
            )
        if not self.options or len(set(self.options)) < len(self.options):
            raise CouncilRefusedError("poll_options", options=len(self.options))
        if len(set(self.seats)) < len(self.seats):
            raise CouncilRefusedError("poll_seats", seats=len(self.seats))
        if self.quorum < 0:
            raise CouncilRefusedError("poll_quorum", quorum=self.quorum)


@dataclass(frozen=True)
class SetAside:
    """A ballot that is not counted, and why."""

    seat: str
    fault: Fault


@dataclass(frozen=True)
class Rankings:
    """The ranked ballots that count, in seat order, and those set aside."""

    live: tuple[tuple[str, Ranking], ...]
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True)
class Approvals:
    """The approval ballots that count, in seat order, and those set aside."""

    live: tuple[tuple[str, Approval], ...]
    set_aside: tuple[SetAside, ...]


def ranked_ballots(poll: Poll, ballots: Mapping[str, Ranking]) -> Rankings:
    """Sort ranked `ballots` (by seat) into those that count and those set aside; their order does not matter."""
    known = frozenset(poll.options)
    live: list[tuple[str, Ranking]] = []
    aside = []
    for seat in poll.seats:
        if seat not in ballots:
            continue
        ballot = ballots[seat]
        fault = _fault(known, [option for tier in ballot.tiers for option in tier], ballot.recused)
        # A ballot that may judge fewer than two options compares nothing, unless there is but one to have.
        if fault is None and not _compares(poll, ballot):
            fault = "nothing_compared"
        if fault is None:
            live.append((seat, Ranking(tuple(tier for tier in ballot.tiers if tier), ballot.recused)))
        else:
            aside.append(SetAside(seat, fault))
    return Rankings(tuple(live), (*aside, *_strangers(poll, ballots)))


def approval_ballots(poll: Poll, ballots: Mapping[str, Approval]) -> Approvals:
    """Sort approval `ballots` (by seat) into those that count and those set aside; their order does not matter."""
    known = frozenset(poll.options)
    live = []
    aside = []
    for seat in poll.seats:
        if seat not in ballots:
            continue
        fault = _fault(known, ballots[seat].approved, ballots[seat].recused)
        if fault is None and len(ballots[seat].recused) == len(poll.options):
            fault = "nothing_compared"
        if fault is None:
            live.append((seat, ballots[seat]))
        else:
            aside.append(SetAside(seat, fault))
    return Approvals(tuple(live), (*aside, *_strangers(poll, ballots)))


def positions(options: Sequence[str], ballot: Ranking) -> list[int | None]:
    """The tier (0 is best) of each of `options` on a ballot; unranked ones share the last, recused have none."""
    place: dict[str, int | None] = {
        option: index for index, tier in enumerate(ballot.tiers) for option in tier
    }
    place |= dict.fromkeys(ballot.recused)
    return [place.get(option, len(ballot.tiers)) for option in options]


def _fault(known: frozenset[str], named: Sequence[str], recused: Sequence[str]) -> Fault | None:
    mentioned = [*named, *recused]
    if len(mentioned) > 2 * MAX_OPTIONS:
        return "over_bound"
    if not known.issuperset(mentioned):
        return "unknown_option"
    if len(set(mentioned)) < len(mentioned):
        return "repeated_option"
    return None


def _compares(poll: Poll, ballot: Ranking) -> bool:
    if not any(ballot.tiers):
        return False
    return len(poll.options) - len(ballot.recused) > 1 or len(poll.options) == 1


def _strangers(poll: Poll, ballots: Mapping[str, object]) -> tuple[SetAside, ...]:
    """Ballots of seats that the poll does not have; a listing only, so that sorting by name decides nothing."""
    return tuple(SetAside(seat, "unknown_seat") for seat in sorted(set(ballots) - set(poll.seats)))
