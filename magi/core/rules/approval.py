"""Approval voting: the option that most ballots approve of wins (Brams & Fishburn 1978).

With recusal an option is judged by fewer ballots than others, so the score is the share of approvals among the
ballots that may judge it. An option that no ballot may judge is uncompared. With `share`, the leader needs at
least that share; an option that nobody approves of never wins.
"""

from collections.abc import Mapping
from fractions import Fraction

from magi.core.rules.ballots import Approval, Poll, approval_ballots
from magi.core.rules.contest import Contest, Score, conclude, tiers_by
from magi.core.rules.count import Share
from magi.core.rules.ties import Voice


def approval(poll: Poll, ballots: Mapping[str, Approval], *, share: Share | None = None) -> Contest:
    """Count approval `ballots` (by seat); scores are shares of the ballots that may judge an option, 0 to 1.

    The result does not depend on the order of `ballots`. Linear in options times ballots.
    """
    taken = approval_ballots(poll, ballots)
    approvals = dict.fromkeys(poll.options, 0)
    judges = dict.fromkeys(poll.options, len(taken.live))
    for _, ballot in taken.live:
        for option in ballot.approved:
            approvals[option] += 1
        for option in ballot.recused:
            judges[option] -= 1
    values = [Fraction(approvals[option], judges[option] or 1) for option in poll.options]
    best = max(values)
    return conclude(
        poll,
        tiers_by(poll.options, values, best="high"),
        {seat: Voice((ballot.approved,), ballot.recused) for seat, ballot in taken.live},
        scores=[Score(option, value) for option, value in zip(poll.options, values, strict=True)],
        set_aside=taken.set_aside,
        uncompared=[option for option in poll.options if taken.live and judges[option] == 0],
        meets=share is None or best >= Fraction(*share),
        backed=best > 0,
    )
