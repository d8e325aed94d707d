"""Counting the ballots of a deliberation under any rule that a council can choose.

The four simple rules with their tie keys are `magi.core.rules.count`'s. Here they gain two tie keys (the declared
order of the options, the most reliable seat), and beside them stand approval, the ranked rules, and the rules that
weigh seats by measured reliability. Whatever the rule, a winner that one seat alone holds against others is said
to be a single seat's (単独席採用).

Promises: pure; the result does not depend on the order of `ballots`, on the names of classes, or on
PYTHONHASHSEED. Leaves to others: outcomes and what blocks them (`magi.core.arbitration`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from magi.core.aggregate import AGGREGATORS, NO_BALLOT, Scales, is_tied, pattern_of, speaker
from magi.core.reliability import AggregatorName
from magi.core.rules.approval import approval
from magi.core.rules.ballots import Poll
from magi.core.rules.contest import Contest
from magi.core.rules.count import MEASURED, Count, Line, Rule, count
from magi.core.rules.ranked import RULES, RankedRuleName, rank
from magi.core.rules.spelled import read_approval, read_ranking
from magi.core.rules.ties import NO_KEY, TieKey, most_reliable, option_order, seat_order
from magi.core.space import AnswerSpace, ChoiceSpace
from magi.core.terms import Measured

WEIGHTED: AggregatorName = "log_odds_topic"


@dataclass(frozen=True)
class Counted(Count):
    """A count, and what arbitration asks of it.

    Attributes:
        ranking: classes in tiers, best first; only of rules that rank.
        single_seat: one seat alone holds the winner while another seat voted otherwise.
        minority: another class has more ballots than the winner (weights decided).
        supporters: the seats that hold the winner, in council order.
    """

    ranking: tuple[tuple[str, ...], ...] = ()
    single_seat: bool = False
    minority: bool = False
    supporters: tuple[str, ...] = ()


def counted(
    rule: Rule,
    quorum: int,
    order: Sequence[str],
    ballots: Mapping[str, str],
    *,
    space: AnswerSpace,
    measured: Measured | None,
) -> Counted:
    """Count `ballots` (seat -> ballot string) of the seats in `order`.

    A rule over several options counts the ballots of a choice. Of any other space a ballot is one answer and names
    no other, where all of these rules come to the plurality winner. Under a rule that weighs seats, without a
    profile, nothing is decided (`below_threshold`).

    Raises:
        CouncilRefusedError: rule_too_large; never for as many options as `most_options` of the rule.
    """
    if rule.name in RULES or rule.name == "approval":
        if isinstance(space, ChoiceSpace):
            return _by_contest(rule, quorum, order, ballots, options=space.options, measured=measured)
        rule = Rule(name="plurality", tie=rule.tie)
    if rule.name in MEASURED:
        return _by_weight(rule, quorum, order, ballots, measured)
    plain = count(rule, quorum, order, ballots)
    if plain.result == "tied" and rule.tie in ("options", "reliable") and _met_by_leaders(rule):
        plain = _untied(rule, plain, space, measured, order)
    return _said(plain)


def _met_by_leaders(rule: Rule) -> bool:
    """Of the simple rules only plurality has ties that meet it: the key lifts nothing over a threshold."""
    return rule.name == "plurality"


def _untied(
    rule: Rule, tied: Count, space: AnswerSpace, measured: Measured | None, order: Sequence[str]
) -> Count:
    leaders = [line for line in tied.tally if len(line.seats) == len(tied.tally[0].seats)]
    if rule.tie == "options":
        known = space.options if isinstance(space, ChoiceSpace) else ()
        chosen = next((o for o in known if any(line.answer_class == o for line in leaders)), None)
    elif measured is None:
        chosen = None
    else:
        ranks = dict(zip(order, measured.ranks, strict=True))
        chosen = min(leaders, key=lambda line: min(ranks[seat] for seat in line.seats)).answer_class
    if chosen is None:
        return tied
    return replace(tied, result="won", winner=chosen, tie_broken=True)


def _said(plain: Count) -> Counted:
    supporters = next((line.seats for line in plain.tally if line.answer_class == plain.winner), ())
    most = max((len(line.seats) for line in plain.tally), default=0)
    won = plain.winner is not None
    return Counted(
        plain.result,
        plain.winner,
        plain.tally,
        plain.tie_broken,
        single_seat=won and len(supporters) == 1 and len(plain.tally) > 1,
        minority=won and len(supporters) < most,
        supporters=supporters,
    )


def _by_weight(
    rule: Rule, quorum: int, order: Sequence[str], ballots: Mapping[str, str], measured: Measured | None
) -> Counted:
    plain = count(Rule(name="plurality"), quorum, order, ballots)
    if plain.result == "no_quorum" or measured is None:
        return Counted("no_quorum" if plain.result == "no_quorum" else "below_threshold", None, plain.tally)
    by: AggregatorName = WEIGHTED if rule.name == "weighted" else measured.aggregator
    weights = measured.odds if rule.name == "weighted" else measured.weights
    pattern = pattern_of([ballots.get(seat) for seat in order])
    held = Scales(by, tuple(weights), tuple(measured.ranks))
    place = speaker(held, pattern)
    if place is None or pattern[place] == NO_BALLOT or by not in AGGREGATORS:
        return Counted("below_threshold", None, plain.tally)
    return _said(Count("won", ballots[order[place]], plain.tally, tie_broken=is_tied(held, pattern)))


def _by_contest(
    rule: Rule,
    quorum: int,
    order: Sequence[str],
    ballots: Mapping[str, str],
    *,
    options: tuple[str, ...],
    measured: Measured | None,
) -> Counted:
    held = {seat: ballots[seat] for seat in order if seat in ballots}
    poll = Poll(options, tuple(order), quorum, _key(rule, options, order, measured))
    if rule.name == "approval":
        approvals = {seat: read_approval(ballot) for seat, ballot in held.items()}
        return _of_contest(
            approval(poll, approvals), {seat: each.approved for seat, each in approvals.items()}
        )
    rankings = {seat: read_ranking(ballot) for seat, ballot in held.items()}
    name: RankedRuleName = rule.name  # type: ignore[assignment]  # `RULES` holds it, as the caller has seen
    firsts = {seat: each.tiers[0] if each.tiers else () for seat, each in rankings.items()}
    return _of_contest(rank(name, poll, rankings), firsts)


def _of_contest(contest: Contest, firsts: Mapping[str, Sequence[str]]) -> Counted:
    """The tally names for each option the seats that put it best; an option that nobody does has no line.

    A ballot that the rule set aside is in no line.
    """
    aside = {each.seat for each in contest.set_aside}
    lines = [
        Line(option, tuple(seat for seat, best in firsts.items() if option in best and seat not in aside))
        for tier in contest.ranking
        for option in tier
    ]
    return Counted(
        contest.result,
        contest.winner,
        tuple(line for line in lines if line.seats),
        contest.tie_broken is not None,
        ranking=contest.ranking,
        single_seat=contest.by_one_seat,
        minority=False,
        supporters=contest.supporters,
    )


def _key(rule: Rule, options: Sequence[str], order: Sequence[str], measured: Measured | None) -> TieKey:
    if rule.tie == "order":
        return seat_order(order)
    if rule.tie == "options":
        return option_order(options)
    if rule.tie == "reliable" and measured is not None:
        # Ranks count down: the most reliable seat has rank 0.
        return most_reliable({seat: -place for seat, place in zip(order, measured.ranks, strict=True)})
    return NO_KEY
