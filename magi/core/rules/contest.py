"""The one result of every rule over options: won, tied, no_quorum or below_threshold, with the whole ranking.

The ranking is the rule's own, before any tie key: options that the rule cannot tell apart share a tier. The tie
key is applied to the first tier only and says which seats it followed, so that a reader sees what the ballots
decided and what the key did. `supporters` are the seats that put the winner best; one supporter among several
live ballots is a decision of a single seat (単独席採用), which may not be called a majority.

Precedence: no_quorum, then below_threshold where an option was compared by nobody (a ranking that has not seen
an option cannot say who leads), then the rule's threshold, then the tie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from magi.core.rules.ballots import Poll, SetAside, Tiers
from magi.core.rules.ties import KeyName, Voice, break_tie

Result = Literal["won", "tied", "no_quorum", "below_threshold"]


@dataclass(frozen=True)
class Score:
    """What one option got, in the unit of its rule."""

    option: str
    value: Fraction


@dataclass(frozen=True)
class TieBroken:
    """The key that broke a tie, the options it chose among, and the seats whose ballots it followed."""

    key: KeyName
    tied: tuple[str, ...]
    seats: tuple[str, ...]


@dataclass(frozen=True)
class Contest:
    """What a rule makes of ballots. `winner` is None unless `result` is won.

    `ranking` holds tiers, best first, options of one tier in declared order; `scores` stand in declared order and
    are empty for rules that rank without scoring. `live` counts the ballots, `set_aside` names the others.
    """

    result: Result
    winner: str | None
    ranking: Tiers
    live: int
    scores: tuple[Score, ...] = ()
    supporters: tuple[str, ...] = ()
    tie_broken: TieBroken | None = None
    set_aside: tuple[SetAside, ...] = ()
    uncompared: tuple[str, ...] = ()

    @property
    def tied(self) -> tuple[str, ...]:
        """The options that share the lead; empty unless the result is tied."""
        return self.ranking[0] if self.result == "tied" else ()

    @property
    def by_one_seat(self) -> bool:
        """Whether a single seat's ballot stands behind the winner while other seats voted otherwise."""
        return self.result == "won" and len(self.supporters) == 1 and self.live > 1


def conclude(
    poll: Poll,
    ranking: Tiers,
    voices: Mapping[str, Voice],
    *,
    scores: Sequence[Score] = (),
    set_aside: Sequence[SetAside] = (),
    uncompared: Sequence[str] = (),
    meets: bool = True,
    backed: bool = True,
) -> Contest:
    """Turn a rule's own `ranking` into its result, by quorum, threshold (`meets`) and tie key.

    `voices` are the live ballots by seat. `backed` says whether anything at all speaks for the lead.
    """
    lead = ranking[0]
    contest = Contest(
        result="tied",
        winner=None,
        ranking=ranking,
        live=len(voices),
        scores=tuple(scores),
        set_aside=tuple(set_aside),
        uncompared=tuple(uncompared),
    )
    if len(voices) < max(poll.quorum, 1):
        return replace(contest, result="no_quorum")
    if uncompared or not backed or (not meets and len(lead) == 1):
        return replace(contest, result="below_threshold")
    if not meets:
        return contest
    broken = break_tie(poll.tie, lead, voices) if len(lead) > 1 else None
    if broken is not None and len(broken.left) > 1:
        return contest
    winner = lead[0] if broken is None else broken.left[0]
    return replace(
        contest,
        result="won",
        winner=winner,
        supporters=tuple(seat for seat in poll.seats if seat in voices and _supports(voices[seat], winner)),
        tie_broken=TieBroken(poll.tie.name, lead, broken.seats) if broken is not None else None,
    )


def tiers_by(
    options: Sequence[str], values: Sequence[Fraction | int], *, best: Literal["high", "low"]
) -> Tiers:
    """Group `options` by their `values`, the best first; options of one tier keep their order."""
    by_value: dict[Fraction | int, list[str]] = {}
    for option, value in zip(options, values, strict=True):
        by_value.setdefault(value, []).append(option)
    return tuple(tuple(by_value[value]) for value in sorted(by_value, reverse=best == "high"))


def _supports(voice: Voice, winner: str) -> bool:
    return bool(voice.tiers) and winner in voice.tiers[0]
