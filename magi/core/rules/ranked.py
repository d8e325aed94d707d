"""The rules over ranked ballots by name, so that a council can choose one as data.

Every rule takes a poll and ranked ballots and returns a `Contest`; `most_options` says how many options a rule
always answers, so that a council is refused when it is configured and not when it has voted.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from magi.core.rules.ballots import MAX_OPTIONS, Poll, Ranking
from magi.core.rules.borda import borda
from magi.core.rules.condorcet import copeland, minimax
from magi.core.rules.contest import Contest
from magi.core.rules.kemeny import MAX_ORDERED, kemeny
from magi.core.rules.pairs import MAX_COMPARED
from magi.core.rules.schulze import schulze
from magi.core.rules.tideman import ranked_pairs

RankedRuleName = Literal["borda", "copeland", "kemeny", "minimax", "ranked_pairs", "schulze"]
RankedRule = Callable[[Poll, Mapping[str, Ranking]], Contest]

RULES: Final[Mapping[RankedRuleName, RankedRule]] = MappingProxyType(
    {
        "borda": borda,
        "copeland": copeland,
        "kemeny": kemeny,
        "minimax": minimax,
        "ranked_pairs": ranked_pairs,
        "schulze": schulze,
    }
)
_MOST: Final[Mapping[RankedRuleName, int]] = MappingProxyType(
    {
        "borda": MAX_OPTIONS,
        "copeland": MAX_COMPARED,
        "kemeny": MAX_ORDERED,
        "minimax": MAX_COMPARED,
        "ranked_pairs": MAX_ORDERED,
        "schulze": MAX_COMPARED,
    }
)


def rank(name: RankedRuleName, poll: Poll, ballots: Mapping[str, Ranking]) -> Contest:
    """Count ranked `ballots` (by seat) under the rule `name`.

    Raises:
        CouncilRefusedError: rule_too_large, cycle_too_large; never for at most `most_options(name)` options.
    """
    return RULES[name](poll, ballots)


def most_options(name: RankedRuleName) -> int:
    """How many options the rule `name` answers whatever the ballots say."""
    return _MOST[name]
