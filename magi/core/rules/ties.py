"""Ties, broken by a stated key or reported: never by chance, never by the spelling of a name.

Keys:

- `none`: a tie is a tie (可否同数);
- `options`: a declared order of the options; the tied option that stands first in it wins;
- `order`: a declared order of seats; the first seat's ballot narrows the tied options to those it puts best,
  then the next seat's, until one is left;
- `reliable`: the same with the seats by measured reliability, most reliable first. Seats of equal reliability
  speak together: they narrow a tie only to what all of them put best, and where they contradict each other the
  tie stands, since nothing says which of them to follow.

A seat that is recused from one of the tied options has no say in that tie: a tie key is no way to vote for
one's own answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

KeyName = Literal["none", "options", "order", "reliable"]


@dataclass(frozen=True)
class TieKey:
    """A key by name: `levels` of seats that speak in turn, or the declared order of `options`."""

    name: KeyName
    levels: tuple[tuple[str, ...], ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Voice:
    """What one seat's ballot says in a tie: options it may judge in tiers, best first, and those it may not."""

    tiers: tuple[tuple[str, ...], ...]
    recused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Broken:
    """What a key makes of a tie: the options left (one, or the tie stands) and the seats that narrowed it."""

    left: tuple[str, ...]
    seats: tuple[str, ...] = ()


NO_KEY = TieKey("none")


def option_order(options: Sequence[str]) -> TieKey:
    """The key that prefers options in the declared order `options`."""
    return TieKey("options", options=tuple(options))


def seat_order(seats: Sequence[str]) -> TieKey:
    """The key that follows the seats in the declared order `seats`."""
    return TieKey("order", levels=tuple((seat,) for seat in seats))


def most_reliable(reliabilities: Mapping[str, int]) -> TieKey:
    """The key that follows the most reliable seat, by quantised integer `reliabilities`; equals speak together."""
    levels = tuple(
        tuple(sorted(seat for seat, value in reliabilities.items() if value == level))
        for level in sorted(set(reliabilities.values()), reverse=True)
    )
    return TieKey("reliable", levels=levels)


def break_tie(key: TieKey, tied: Sequence[str], voices: Mapping[str, Voice]) -> Broken:
    """Narrow `tied` (in declared option order) by `key`, hearing the `voices` of the seats that voted.

    Guarantees that what is left is never empty, keeps the order of `tied`, and does not depend on the order of
    `voices` or on how seats and options are spelled.
    """
    if key.name == "options":
        first = next((option for option in key.options if option in tied), None)
        return Broken(tuple(tied)) if first is None else Broken((first,))
    left = tuple(tied)
    narrowed_by: list[str] = []
    for level in key.levels:
        heard = [seat for seat in level if seat in voices and not set(voices[seat].recused) & set(tied)]
        kept = left
        for seat in heard:
            best = _best(voices[seat], left)
            kept = tuple(option for option in kept if option in best)
        if not kept:
            break
        if kept != left:
            narrowed_by += [seat for seat in heard if _best(voices[seat], left) != set(left)]
        left = kept
        if len(left) == 1:
            break
    return Broken(left, tuple(narrowed_by))


def _best(voice: Voice, left: Sequence[str]) -> set[str]:
    """Those of `left` that a voice puts best; all of them if it names none."""
    for tier in voice.tiers:
        if best := set(tier) & set(left):
            return best
    return set(left)
