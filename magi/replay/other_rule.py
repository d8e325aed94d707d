"""The recorded ballots under another rule, tie key, quorum or reliability profile. Pure.

Ballots fit another rule where they say what that rule asks for:

- one answer is a ranking of one tier, and an approval of one;
- a ranking is one answer where its first preference is unique; it says nothing of approval;
- an approval of one is one answer, of several a ranking of one tier; an approval of nothing fits approval alone.

A single ballot that does not fit makes the whole count impossible: nobody's ballot is left out or guessed. Of any
space but a choice every ballot is one answer, and so fits every rule.

A rule that version 1 of the computation does not know is counted with terms; a deliberation without any gets bare
ones, which block nothing and know nothing of its cards. Leaves to others: what is reported (`counterfactual`).
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from magi.core.measured import measured
from magi.core.record import Opened
from magi.core.reliability import Profile
from magi.core.rules.count import MEASURED, RANKED, Rule
from magi.core.rules.spelled import read_approval, read_ranking, spell_approval, spell_ranking
from magi.core.standing import Standing
from magi.core.terms import CardFacts, Measured, Terms
from magi.replay.as_decided import AsDecided, still_stopped, with_due_rounds
from magi.service.terms import spelled

Form = Literal["answer", "ranking", "approval"]
Unfit = Literal["ballots_unfit", "profile_unfit", "unmeasured"]
NO_CARD: Final = CardFacts(bloc="unknown", domestic=False, lineage=None)


@dataclass(frozen=True)
class Counting:
    """How ballots are to be counted otherwise; None leaves it as it was."""

    rule: Rule | None = None
    tie: Literal["none", "order", "options", "reliable"] | None = None
    quorum: int | None = None
    profile: Profile | None = None


def counted_otherwise(case: AsDecided, counting: Counting) -> AsDecided | Unfit:
    """The same deliberation counted otherwise, or why it cannot be.

    `ballots_unfit`: see the module. `profile_unfit`: the profile is of other seats. `unmeasured`: the rule weighs
    seats, and neither the record nor a profile says how.
    """
    opened = case.opened
    rule, quorum = counting.rule or opened.rule, counting.quorum or opened.quorum
    if counting.tie is not None:
        rule = rule.model_copy(update={"tie": counting.tie})
    if (rule, quorum, counting.profile) == (opened.rule, opened.quorum, None):
        return case
    terms = opened.arbitration
    if counting.profile is not None:
        if [seat.seat for seat in counting.profile.seats] != [plan.seat for plan in opened.seats]:
            return "profile_unfit"
        terms = (terms or _bare(opened, case.day)).model_copy(
            update={"measured": _measured(opened, terms, counting.profile)}
        )
    elif terms is None and not rule.is_simple:
        terms = _bare(opened, case.day)
    if rule.name in MEASURED and (terms is None or terms.measured is None):
        return "unmeasured"
    converted = _converted(case, form_of(opened, opened.rule), form_of(opened, rule))
    if converted is None:
        return "ballots_unfit"
    changed = replace(
        converted,
        opened=opened.model_copy(update={"rule": rule, "quorum": quorum, "arbitration": terms}),
    )
    if opened.arbitration is None:
        return changed.asked_again(case.stopped, "stopped_early") if case.stopped else changed
    return still_stopped(with_due_rounds(changed))


def form_of(opened: Opened, rule: Rule) -> Form:
    """What a ballot says under a rule."""
    if opened.space.kind != "choice":
        return "answer"
    return "ranking" if rule.name in RANKED else "approval" if rule.name == "approval" else "answer"


def _converted(case: AsDecided, was: Form, now: Form) -> AsDecided | None:
    """The same with its ballots as the other rule reads them; None where one does not fit."""
    standings = [_standing(s, was, now) for s in case.standings]
    second = [_standing(s, was, now) for s in case.rounds.second]
    if None in standings or None in second:
        return None
    return replace(
        case,
        standings=tuple(s for s in standings if s),
        rounds=replace(case.rounds, second=tuple(s for s in second if s)),
    )


def _standing(standing: Standing, was: Form, now: Form) -> Standing | None:
    if standing.ballot is None or standing.answered is None or was == now:
        return standing
    ballot = _CONVERT[was, now](standing.ballot)
    if ballot is None:
        return None
    return replace(standing, answered=standing.answered.model_copy(update={"ballot": ballot}))


def _as_it_is(ballot: str) -> str | None:
    return ballot


def _first_preference(ballot: str) -> str | None:
    best = read_ranking(ballot).tiers[0]
    return best[0] if len(best) == 1 else None


def _no_way(ballot: str) -> str | None:
    del ballot
    return None


def _approved_one(ballot: str) -> str | None:
    approved = read_approval(ballot).approved
    return approved[0] if len(approved) == 1 else None


def _approved_first(ballot: str) -> str | None:
    approved = read_approval(ballot).approved
    return spell_ranking((approved,)) if approved else None


def _approval_of_one(ballot: str) -> str | None:
    return spell_approval((ballot,))


_CONVERT: Final = MappingProxyType(
    {
        ("answer", "ranking"): _as_it_is,
        ("answer", "approval"): _approval_of_one,
        ("ranking", "answer"): _first_preference,
        ("ranking", "approval"): _no_way,
        ("approval", "answer"): _approved_one,
        ("approval", "ranking"): _approved_first,
    }
)


def _measured(opened: Opened, terms: Terms | None, profile: Profile) -> Measured:
    """What the profile says of this council on its topic: the declared one, or the first detected that it knows."""
    subject = None if terms is None else terms.subject
    known = {spelled(each.topic): each.topic for each in profile.topics}
    named = (*((subject,) if subject else ()), *sorted(opened.topics))
    topic = next((known[name] for each in named if (name := spelled(each)) in known), None)
    return measured(profile, topic)


def _bare(opened: Opened, day: str) -> Terms:
    """Terms that change nothing but how ballots are counted."""
    return Terms(
        mode="parallel",
        rebuttal=False,
        peer_review=False,
        severity_floor=False,
        withhold=False,
        barred_alone=False,
        needs_domestic=False,
        subject=None,
        order=tuple(plan.seat for plan in opened.seats),
        cards={card: NO_CARD for plan in opened.seats for card in plan.targets},
        as_of=day,
    )
