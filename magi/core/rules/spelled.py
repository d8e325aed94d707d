"""How ballots over several options are spelled in a record, and read back.

A ranking names option ids best first: `B>A=C`, with `=` between options of one tier; what it leaves out is
unranked. An approval names the approved ids with `+`, and `-` for none. Option ids hold letters, kana and digits
only, so the signs cannot stand in one. Nothing is repaired here: an id that is not there or stands twice is for the
count to set aside.
"""

from collections.abc import Sequence

from magi.core.rules.ballots import Approval, Ranking

NONE = "-"
"""The ballot that approves of nothing."""


def spell_ranking(tiers: Sequence[Sequence[str]]) -> str:
    """The ballot of these tiers, best first."""
    return ">".join("=".join(tier) for tier in tiers)


def spell_approval(approved: Sequence[str]) -> str:
    """The ballot that approves of these."""
    return "+".join(approved) or NONE


def read_ranking(ballot: str) -> Ranking:
    """The ranking that a ballot spells."""
    return Ranking(tuple(tuple(tier.split("=")) for tier in ballot.split(">")))


def read_approval(ballot: str) -> Approval:
    """The approval that a ballot spells."""
    return Approval(() if ballot == NONE else tuple(ballot.split("+")))
