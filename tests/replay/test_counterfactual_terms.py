"""Counterfactuals of deliberations with terms: rebuttals, reviews, ranked rules, profiles, early stops, swing."""

import itertools

import pytest

from magi.core.calibration import Calibration, Step
from magi.core.deliberation import advance, start
from magi.core.effects import Ask, Check, Classify, Decide
from magi.core.measured import measured, rho_ppm
from magi.core.record import Checked, Claim, Classified, Ticketed
from magi.core.reliability import Profile, SeatReliability
from magi.core.rules.count import Rule
from magi.core.said import Reviewed, Written
from magi.core.space import ChoiceSpace, NumberSpace, OpenSpace
from magi.core.terms import CardFacts, Measured, Rested, Terms
from magi.replay.counterfactual import Change, Need, Today, counterfactual
from magi.residency.policy import Ruling

PLURALITY, SCHULZE = Rule(name="plurality"), Rule(name="schulze")
DAY = "2026-11-22"


def terms(seats, **changes):
    """Terms of so many seats that block nothing."""
    given = {
        "mode": "parallel",
        "rebuttal": False,
        "peer_review": False,
        "severity_floor": False,
        "withhold": False,
        "barred_alone": False,
        "needs_domestic": False,
        "subject": None,
        "order": tuple(f"s{n}" for n in range(1, seats + 1)),
        "cards": {f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=f"l{n}") for n in range(1, seats + 1)},
        "as_of": DAY,
    }
    return Terms(**(given | changes))


def scales(*weights):
    """Measured numbers of seats with these weights; the heaviest has rank 0."""
    ranks = sorted(range(len(weights)), key=lambda place: -weights[place])
    return Measured(
        profile="ab" * 32,
        labels=100,
        aggregator="log_odds",
        weights=weights,
        ranks=tuple(ranks.index(place) for place in range(len(weights))),
        odds=weights,
        n_eff_centi=100 * len(weights),
        rho_ppm=0,
        options=3,
        calibration=Calibration(
            method="isotonic", steps=(Step(raw_bp=0, shown_bp=0), Step(raw_bp=5_000, shown_bp=6_000))
        ),
        error_bp=1_000,
        answer_from_bp=None,
    )


def profile(*weights, seats=None):
    """A profile whose overall weights are these; the chosen aggregator sums them."""
    names = seats or [f"s{n}" for n in range(1, len(weights) + 1)]
    return Profile(
        seats=tuple(
            SeatReliability(seat=name, asked=100, right=50, share_ppm=500_000, weight=weight)
            for name, weight in zip(names, weights, strict=True)
        ),
        options=3,
        labels=100,
        coefficients=weights,
        n_eff_centi=100 * len(weights),
        aggregator="log_odds",
    )


def played(build, opened, says, classes=None, checked=None):
    """The events of a deliberation in which each ask is ticketed as the core derives it and answered by `says`.

    `says` maps an ask to a ballot, a `Reviewed`, a `Written`, a tuple of claim bases beside "", or None (a failure).
    """
    state, told = start(opened)
    events, todo = [opened], list(told)
    while todo:
        effect = todo.pop(0)
        event = None
        if isinstance(effect, Ask):
            events.append(ticketed(build, effect))
            state, more = advance(state, events[-1])
            event = answered(build, effect, says[effect.ask])
        elif isinstance(effect, Classify):
            event = Classified(classes=classes, method="m")
        elif isinstance(effect, Check):
            event = checked or Checked(findings=dict.fromkeys(effect.claims, "supported"), method="m")
        elif isinstance(effect, Decide):
            return [*events, effect.verdict]
        if event is not None:
            events.append(event)
            state, more = advance(state, event)
            todo += more
    raise AssertionError(state.phase)


def ticketed(build, ask):
    """Permission for an ask, made from what the core derives it from."""
    return Ticketed(
        ask=ask.ask,
        attempt=1,
        card=ask.targets[0],
        backend="own",
        host="127.0.0.1",
        country="JP",
        label=1,
        digest=build.HASH,
        derived_from=ask.derived_from,
        expires_ms=1,
    )


def answered(build, ask, said):
    """What an ask came to."""
    number = int(ask.ask[1:])
    fixed = {"ask": ask.ask, "stage": ask.stage}
    if said is None:
        return build.answered(number, statement="failure", **fixed)
    if isinstance(said, Reviewed):
        return build.answered(number, "", review=said, **fixed)
    if isinstance(said, Written):
        return build.answered(number, "", written=said, **fixed)
    if isinstance(said, tuple):
        claims = tuple(Claim(id=f"{ask.ask}.c{n}", basis=basis) for n, basis in enumerate(said, start=1))
        return build.answered(number, "", claims=claims, **fixed)
    return build.answered(number, said, **fixed)


def blind(build, ballots, **changes):
    """A closed question with one round; "-" is a failure."""
    held = changes.pop("terms", None) or terms(len(ballots))
    opened = build.opened(len(ballots), arbitration=held, **({"rule": PLURALITY} | changes))
    says = {f"a{n}": None if b == "-" else b for n, b in enumerate(ballots, start=1)}
    return played(build, opened, says)


def rebutted(build, before, after, **changes):
    """A closed question that split the council, and the second ballots."""
    held = terms(len(before), rebuttal=True, **changes)
    opened = build.opened(len(before), arbitration=held, rule=PLURALITY)
    firsts = {f"a{n}": b for n, b in enumerate(before, start=1)}
    return played(build, opened, firsts | {f"b{n}": b for n, b in enumerate(after, start=1)})


def under(build, events, **changes):
    """The counterfactual of these events."""
    return counterfactual("d/x", build.records(*events), Change(**changes))


# Rebuttals.


def test_a_council_that_was_split_needs_asking_without_any_seat(build):
    """Every second ballot was made from all first ones: who stays would have to be asked again."""
    found = under(build, rebutted(build, "ABAB", "AAAB"), without=("s4",))

    assert (found.result, found.recomputed) == ("needs_requery", None)
    assert found.needs == tuple(Need(f"s{n}", "derived_from") for n in (1, 2, 3))


def test_the_first_round_says_what_can_be_told_of_a_council_that_was_split(build):
    """Beside the honest None stands the count of the first ballots, marked as such, and whether it moves there."""
    found = under(build, rebutted(build, "AABBB", "AAAAB"))
    told = {each.seat: each for each in found.absences}

    assert found.recorded.answer_class == "A"
    assert [each.pivotal for each in found.absences] == [None] * 5
    assert {each.estimate.by for each in found.absences} == {"first_round"}
    assert [told[f"s{n}"].estimate.verdict.outcome for n in range(1, 6)] == ["majority"] * 2 + ["tied"] * 3
    assert [told[f"s{n}"].estimate.moved for n in range(1, 6)] == [False] * 2 + [True] * 3
    assert told["s1"].estimate.verdict.arbitration.moves == ()


def test_without_the_one_that_split_it_there_had_been_no_rebuttal(build):
    """Where the rest said the same there was nothing to rebut: the first ballots decide, and nobody need be asked."""
    found = under(build, rebutted(build, "AAAB", "ABAB"), without=("s4",))

    assert (found.result, found.needs) == ("changed", ())
    assert (found.recomputed.outcome, found.recomputed.answer_class) == ("unanimous", "A")
    assert found.recomputed.arbitration.moves == ()


def test_a_seat_that_gave_no_first_answer_is_missed_by_nobody(build):
    """A failed seat had no part in the second ballots: without it they stand."""
    events = rebutted(build, ("A", "B", "A", None), "AAA")
    found = under(build, events, without=("s4",))

    assert (found.result, found.needs) == ("changed", ())
    assert found.recomputed.outcome == "unanimous"


def test_a_quorum_under_which_it_had_come_to_a_rebuttal_needs_asking(build):
    """Too few ballots to be split then are a split under a smaller quorum: whoever answered would be asked again."""
    opened = build.opened(3, arbitration=terms(3, rebuttal=True), rule=PLURALITY, quorum=3)
    events = played(build, opened, {"a1": "A", "a2": "B", "a3": None})
    found = under(build, events, quorum=2)

    assert (found.result, found.needs) == (
        "needs_requery",
        (Need("s1", "not_asked"), Need("s2", "not_asked")),
    )


def test_a_quorum_under_which_it_had_come_to_none_counts_the_first_ballots(build):
    """With too few ballots for the other quorum there is no rebuttal, and no decision."""
    found = under(build, rebutted(build, ("A", "B", "A", None), "AAA"), quorum=4)

    assert found.recomputed.outcome == "no_quorum"
    assert found.recomputed.arbitration.moves == ()


# Open text.


def reviewed(
    build, rankings, *, texts="xyz", votes=None, draft=((), 0), checked=None, claims=(("none",),) * 3
):
    """Three open statements, reviews by seat, and a draft by the first."""
    opened = build.opened(
        3,
        space=OpenSpace(),
        template="answer/open@2",
        arbitration=terms(3, peer_review=True, writers=("s1", "s2", "s3")),
        rule=PLURALITY,
    )
    asks = {f"a{n}": said for n, said in enumerate(claims, start=1)}
    reviews = {}
    for number, tiers in enumerate(rankings, start=1):
        said = Reviewed(ranking=tiers, votes=(votes or {}).get(number, {}))
        reviews |= {f"r{number}": said, f"q{number}": said}
    sentences, removed = draft
    says = asks | reviews | {f"w{n}": Written(sentences=sentences, removed=removed) for n in (1, 2, 3)}
    classes = dict(zip(asks, texts, strict=True))
    classes |= {
        f"a{n}.c{c}": f"a{n}.c{c}" for n, b in enumerate(claims, start=1) for c in range(1, len(b) + 1)
    }
    return played(build, opened, says, classes, checked)


ALL_FOR_FIRST = ((("a2",), ("a3",)), (("a1",), ("a3",)), (("a1",), ("a2",)))


def test_without_an_author_reviews_need_asking_and_are_struck(build):
    """Who saw a statement that goes would have reviewed others; the estimate strikes it from rankings and claims."""
    votes = {1: {"a2.c1": "accept", "a3.c1": "accept"}, 2: {"a1.c1": "accept"}, 3: {"a1.c1": "accept"}}
    events = reviewed(build, ALL_FOR_FIRST, votes=votes)
    found = under(build, events, without=("s1",))
    left = found.estimate.verdict

    assert (found.recorded.attributed, found.result) == ("a1", "needs_requery")
    assert {(need.seat, need.why) for need in found.needs} == {
        ("s2", "derived_from"),
        ("s3", "derived_from"),
        ("s2", "would_write"),
    }
    assert (found.estimate.by, left.attributed) == ("reviews_left", "a2")
    assert [line.id for line in left.arbitration.claims] == ["a2.c1", "a3.c1"]


def test_an_estimate_of_open_text_names_no_author_that_is_gone(build):
    """In ranking, claims and reply of what is left nothing of the seat that went remains, whoever it is."""
    votes = {n: {f"a{m}.c1": "accept" for m in (1, 2, 3) if m != n} for n in (1, 2, 3)}
    events = reviewed(build, ALL_FOR_FIRST, votes=votes, claims=(("none",),) * 3)
    found = under(build, events)

    for each in found.absences:
        number = each.seat[1:]
        shown = each.estimate.verdict.model_dump_json() if each.estimate else ""

        assert (each.pivotal, f'"a{number}' in shown) == (None, False)


def test_a_statement_that_two_made_stands_for_the_one_that_stays(build):
    """Without the first of two seats that said the same, the reviews' places go to the other one."""
    opened = build.opened(
        4,
        space=OpenSpace(),
        template="answer/open@2",
        arbitration=terms(4, peer_review=True),
        rule=PLURALITY,
    )
    claims = {"a1.c1": "a1.c1", "a2.c1": "a1.c1", "a3.c1": "a3.c1", "a4.c1": "a4.c1"}
    tiers = {
        "1": (("a4",), ("a3",)),
        "2": (("a4",), ("a3",)),
        "3": (("a1",), ("a4",)),
        "4": (("a1",), ("a3",)),
    }
    votes = {n: {"a1.c1": "accept"} if n in "34" else {"a4.c1": "accept"} for n in "1234"}
    says = {f"a{n}": ("none",) for n in "1234"}
    says |= {
        f"{letter}{n}": Reviewed(ranking=tiers[n], votes=votes[n])
        for n, letter in itertools.product("1234", "rq")
    }
    classes = {"a1": "x", "a2": "x", "a3": "y", "a4": "z"} | claims
    events = played(build, opened, says, classes)
    left = {each.seat: each for each in under(build, events).absences}["s1"].estimate.verdict

    assert [line.id for line in left.arbitration.claims] == ["a2.c1", "a3.c1", "a4.c1"]
    assert left.arbitration.claims[0].authors == ("s2",)
    assert "a2" in {ask for tier in left.arbitration.ranking for ask in tier}


def test_without_the_others_nobody_reviews(build):
    """Where one statement is left there is nothing to review: it is told without asking, but for the draft."""
    votes = {n: {} for n in (1, 2, 3)}
    events = reviewed(build, ALL_FOR_FIRST, texts="xyy", votes=votes)
    found = under(build, events, without=("s1",))

    assert {need.seat for need in found.needs} <= {"s1", "s2", "s3"}
    assert not [need for need in found.needs if need.why == "derived_from" and need.seat == "s3"]


# Another rule.


@pytest.mark.parametrize("rule", ["schulze", "borda", "copeland", "kemeny", "minimax", "ranked_pairs"])
def test_single_answers_are_rankings_of_one_tier(build, rule):
    """Under any ranked rule the option that most seats named wins, with a ranking in the verdict."""
    found = under(build, blind(build, "AABC"), rule=Rule(name=rule))

    assert (found.result in ("same", "changed"), found.recomputed.answer_class) == (True, "A")
    assert found.recomputed.arbitration.ranking[0] == ("A",)


def test_a_deliberation_without_terms_is_counted_by_a_ranked_rule_all_the_same(build):
    """Version 1 knows no such rule: it is counted with terms that block nothing, and what is compared is the same."""
    opened = build.opened(3, rule=PLURALITY)
    events = played(build, opened, {"a1": "A", "a2": "A", "a3": "B"})
    found = under(build, events, rule=SCHULZE)

    assert (found.recorded.arbitration, found.result, found.changed) == (None, "same", ())
    assert found.recomputed.arbitration.ranking[0] == ("A",)


def ranked(build, ballots, rule=SCHULZE, **changes):
    """A choice that was asked for rankings or approvals."""
    opened = build.opened(len(ballots), rule=rule, arbitration=terms(len(ballots)), **changes)
    return played(build, opened, {f"a{n}": b for n, b in enumerate(ballots, start=1)})


def test_rankings_count_by_their_first_preferences(build):
    """A rule over one answer counts what each ranking puts first, alone."""
    found = under(build, ranked(build, ("A>B", "B>A=C", "B>C")), rule=PLURALITY)

    assert found.recomputed.answer_class == "B"
    assert [line.seats for line in found.recomputed.tally] == [("s2", "s3"), ("s1",)]


@pytest.mark.parametrize(
    ("ballots", "was", "now"),
    [
        (("A>B", "A=B>C", "B>C"), SCHULZE, PLURALITY),
        (("A>B", "B>A", "B>C"), SCHULZE, Rule(name="approval")),
        (("A+B", "A", "C"), Rule(name="approval"), PLURALITY),
        (("-", "A", "C"), Rule(name="approval"), SCHULZE),
    ],
)
def test_ballots_that_do_not_say_what_the_rule_asks_for(build, ballots, was, now):
    """One ballot that does not fit makes the count impossible; nobody's is left out."""
    found = under(build, ranked(build, ballots, was), rule=now)

    assert (found.result, found.recomputed) == ("ballots_unfit", None)


def test_approvals_are_rankings_of_one_tier(build):
    """What a seat approves of stands above the rest, and of one answer it is the approval."""
    found = under(build, ranked(build, ("A+B", "B", "C"), Rule(name="approval")), rule=SCHULZE)

    assert found.recomputed.answer_class == "B"
    assert under(build, blind(build, "AAB"), rule=Rule(name="approval")).recomputed.answer_class == "A"


def test_a_number_fits_every_rule(build):
    """Of a space that is no choice a ballot is one answer, however the rule counts."""
    events = ranked(build, ("30", "30", "40"), PLURALITY, space=NumberSpace(unit="日"))

    assert under(build, events, rule=SCHULZE).recomputed.answer_class == "30"


def test_a_rule_that_cannot_be_followed_is_told(build):
    """Weights that were never measured, and more options than a rule orders, are named and not guessed."""
    many = ChoiceSpace(options=tuple("ABCDEFGHIJKL"))
    kemeny = under(build, blind(build, "AAB", space=many), rule=Rule(name="kemeny"))
    weighted = under(build, blind(build, "AAB"), rule=Rule(name="weighted"))

    assert (kemeny.result, kemeny.reason) == ("rule_refused", "rule_too_large")
    assert (weighted.result, weighted.reason) == ("rule_refused", "unmeasured")


@pytest.mark.parametrize(("tie", "answer"), [("none", None), ("options", "A"), ("reliable", "B")])
def test_other_tie_keys(build, tie, answer):
    """The declared order of the options, and the most reliable seat, break the same tie each their way."""
    held = terms(4, measured=scales(1, 1, 9, 1))
    found = under(build, blind(build, "AABB", terms=held), tie=tie)

    assert found.recomputed.answer_class == answer


# Reliability.


def test_another_profile_weighs_the_recorded_ballots(build):
    """By another profile the seats weigh otherwise, and so may another answer win; its numbers are its own."""
    held = terms(3, measured=scales(3_000, 1_000, 1_000))
    events = blind(build, "ABB", terms=held, rule=Rule(name="chosen"))
    found = under(build, events, profile=profile(1_000, 1_000, 1_000))

    assert (found.recorded.answer_class, found.recomputed.answer_class) == ("A", "B")
    assert {"outcome", "answer_class", "confidence_bp"} <= set(found.changed)


def test_a_profile_makes_a_weighing_rule_possible(build):
    """With a profile even a deliberation without terms is weighed."""
    events = played(build, build.opened(3, rule=PLURALITY), {"a1": "A", "a2": "B", "a3": "B"})
    found = under(build, events, rule=Rule(name="chosen"), profile=profile(5_000, 1_000, 1_000))

    assert (found.recomputed.outcome, found.recomputed.answer_class) == ("single_seat", "A")
    assert found.recomputed.confidence_bp is not None


def test_a_profile_of_other_seats_fits_nothing(build):
    """Weights of other seats, or in another order, are not put on these."""
    events = blind(build, "ABB")
    others = [
        under(build, events, profile=profile(1, 2, 3, seats=s)).result for s in ("xyz", ("s2", "s1", "s3"))
    ]

    assert others == ["profile_unfit"] * 2


def test_without_a_seat_the_measured_numbers_are_those_of_the_others(build):
    """Weights stay with their seats, and fewer seats are as many effective votes as their correlation leaves."""
    given = scales(1_000, 5_000, 1_000, 1_000).model_copy(
        update={"n_eff_centi": 200, "rho_ppm": rho_ppm(4, 200)}
    )
    events = blind(build, "ABAC", terms=terms(4, measured=given), rule=Rule(name="chosen"))
    found = under(build, events, without=("s1",))
    other = under(build, events, without=("s2",))

    assert (found.recorded.answer_class, found.recomputed.answer_class) == ("B", "B")
    assert other.recomputed.answer_class == "A"
    assert found.recomputed.arbitration.independence.seats == 3
    assert found.recomputed.arbitration.raw_bp is not None


def test_numbers_of_the_profile_are_those_of_the_core(build):
    """What a profile comes to is what the service would record of it."""
    given = profile(4_000, 1_000, 1_000)
    events = blind(build, "ABB", rule=Rule(name="chosen"), terms=terms(3, measured=measured(given, None)))
    found = under(build, events, profile=given)

    assert (found.result, found.recomputed) == ("same", found.recorded)


# Early stops, seats at rest.


def sequential(build, says, **changes):
    """A sequential council of four; those that `says` has nothing of were never asked."""
    opened = build.opened(
        4, arbitration=terms(4, mode="sequential"), rule=PLURALITY, **({"quorum": 3} | changes)
    )
    return played(build, opened, says)


def test_seats_that_a_stop_saved_need_asking_where_they_could_matter(build):
    """Settled under plurality is not settled under unanimity: the fourth seat was never asked."""
    events = sequential(build, {"a1": "A", "a2": "A", "a3": "A"})
    found = under(build, events, rule=Rule(name="unanimity"))

    assert (events[-1].arbitration is not None, "stopped" in events[-1].flags) == (True, True)
    assert (found.result, found.needs) == ("needs_requery", (Need("s4", "not_asked"),))


def test_seats_that_a_stop_saved_need_no_asking_where_they_cannot_matter(build):
    """What is settled under the other rule too is decided without them."""
    events = sequential(build, {"a1": "A", "a2": "A", "a3": "A"})
    found = under(build, events, rule=Rule(name="majority"))

    assert (found.result, found.recomputed.answer_class) == ("same", "A")


def test_without_a_seat_a_stopped_council_may_have_gone_on(build):
    """Two of three left may be overtaken, so the seat that was saved would have been asked."""
    events = sequential(build, {"a1": "A", "a2": "A", "a3": "A"}, quorum=3)
    found = under(build, events, without=("s1",))

    assert found.needs == (Need("s4", "not_asked"),)


def test_a_seat_at_rest_keeps_resting_today(build):
    """Who did not speak by a gate or a finding is not asked because the policy admits it."""
    rest = (Rested(seat="s4", why="gate", topic="tax"),)
    held = terms(4, rested=rest, order=("s1", "s2", "s3"))
    events = blind(build, "AABX", terms=held)
    found = under(build, events, today=Today(build.cards("A", "B", "C", "D"), lambda *_: Ruling()))

    assert (found.result, found.needs) == ("same", ())
    assert [report.said for report in found.recomputed.seats][3] == "rested"


def test_a_seat_barred_today_takes_its_second_ballot_along(build):
    """The others answered to its words: they need asking; nothing is counted meanwhile."""
    events = rebutted(build, "ABAB", "AAAB")
    barred = Ruling(("class_d_not_for_internal",))
    now = Today(
        build.cards("A", "B", "C", "D"), lambda _label, card, _topics: barred if card.id == "c4" else Ruling()
    )
    found = under(build, events, today=now)

    assert {need.seat for need in found.needs} == {"s1", "s2", "s3"}
    assert [each.seat for each in found.reseated] == ["s4"]


# How far from another verdict.


@pytest.mark.parametrize(
    ("ballots", "short_of"),
    [
        ("AAB", "never"),
        ("AABC", 1),
        ("AAAB", "never"),
        ("AAABC", "never"),
        ("AABB", 1),
        ("AA-", "never"),
        ("A--", 1),
        ("AAABB--", 1),
        ("AAAABB--", 2),
        ("AAAAAB----", "more"),
        ("AAAAABB---", 3),
    ],
)
def test_how_many_ballots_another_verdict_takes(build, ballots, short_of):
    """The fewest ballots, of seats that do not hold the answer, that bring another answer or none."""
    found = under(build, blind(build, ballots))

    assert found.short_of == short_of


def test_a_swing_is_what_the_core_decides_on_so_many_other_ballots(build):
    """Whatever any smaller number of free seats says, the answer stands; recomputed from whole new deliberations."""
    ballots = "AAAABBCC"
    found = under(build, blind(build, ballots))

    def turns(size):
        for places in itertools.combinations(range(4, 8), size):
            for said in itertools.product("ABC-", repeat=size):
                changed = list(ballots)
                for place, each in zip(places, said, strict=True):
                    changed[place] = each
                if blind(build, changed)[-1].answer_class != "A":
                    return True
        return False

    assert found.short_of == next(size for size in range(1, 4) if turns(size)) == 2


def test_reviews_are_no_ballots_that_swing(build):
    """Of open text that its reviews decide no number of ballots is told."""
    found = under(build, reviewed(build, ALL_FOR_FIRST))

    assert (found.result, found.short_of) == ("same", None)
