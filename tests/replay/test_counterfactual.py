"""Counterfactuals: another rule, quorum or tie key, a seat less, today's seating; and when asking again is needed."""

import pytest

from magi.core.deliberation import feed
from magi.core.effects import Decide
from magi.core.record import Admission, LabelRaised, Refused, Ticketed
from magi.core.rules.count import Rule
from magi.core.space import OpenSpace
from magi.replay.counterfactual import Change, Need, Today, counterfactual
from magi.residency.policy import Ruling

PLURALITY, UNANIMITY = Rule(name="plurality"), Rule(name="unanimity")
BARRED = Ruling(("class_d_not_for_internal",))


def ticketed(build, number, *sources, card=None):
    """Permission for the send to seat `number`, made from these texts."""
    return Ticketed(
        ask=f"a{number}",
        attempt=1,
        card=card or f"c{number}",
        backend="own",
        host="127.0.0.1",
        country="JP",
        label=1,
        digest=build.HASH,
        derived_from=sources or ("question",),
        expires_ms=1,
    )


def decided(*events):
    """The events with the core's verdict after them."""
    return [*events, next(effect.verdict for effect in feed(events)[1] if isinstance(effect, Decide))]


def blind(build, ballots, opened=None):
    """A deliberation of blind answers, seat after seat; "-" is a failure, "?" an abstention."""
    seats = range(1, len(ballots) + 1)
    says = {"-": "failure", "?": "abstention"}
    answers = (build.answered(n, b, says.get(b, "answer")) for n, b in zip(seats, ballots, strict=True))
    opened = opened or build.opened(len(ballots))
    return decided(opened, *(ticketed(build, n) for n in seats), *answers)


def under(build, events, **changes):
    """The counterfactual of these events."""
    return counterfactual("d/x", build.records(*events), Change(**changes))


def cards_of_today(build):
    """Cards c1 to c4 of four makers."""
    return build.cards("A", "B", "C", "D")


def today(build, barred=(), cards=None):
    """Today's policy: everything but these cards."""

    def admit(label, card, topics):
        del label, topics
        return BARRED if card.id in barred else Ruling()

    return Today(cards_of_today(build) if cards is None else cards, admit)


def test_no_change_changes_nothing(build):
    """Without a change the verdict is the recorded one, and nothing is named as changed."""
    found = under(build, blind(build, "AAB"))

    assert (found.result, found.changed, found.needs) == ("same", (), ())
    assert found.recomputed == found.recorded


@pytest.mark.parametrize(
    ("ballots", "change", "outcome", "answer"),
    [
        ("AAB", {"rule": UNANIMITY}, "withheld", None),
        ("ABC", {"rule": PLURALITY}, "tied", None),
        ("AABC", {"rule": PLURALITY}, "majority", "A"),
        ("AABB", {"tie": "order", "rule": PLURALITY}, "majority", "A"),
        ("AAB", {"rule": Rule(name="supermajority", share=(3, 4))}, "withheld", None),
        ("AAB", {"quorum": 4}, "no_quorum", None),
        ("AA-", {"quorum": 3}, "no_quorum", None),
        ("AAB", {"without": ("s3",)}, "unanimous", "A"),
        ("AAB", {"without": ("s1",)}, "tied", None),
        ("AABB", {"without": ("s4",)}, "majority", "A"),
        ("AAB", {"without": ("s1", "s2")}, "no_quorum", None),
        ("AAB", {"without": ("s1", "s2"), "quorum": 1}, "unanimous", "B"),
    ],
)
def test_what_a_change_makes_of_the_same_ballots(build, ballots, change, outcome, answer):
    """The recorded ballots under another rule, tie key, quorum or council."""
    found = under(build, blind(build, ballots), **change)

    assert (found.recomputed.outcome, found.recomputed.answer_class) == (outcome, answer)
    assert (found.result == "changed") is bool(found.changed)


def test_what_changed_is_named(build):
    """A report names exactly the fields of the verdict that differ."""
    found = under(build, blind(build, "AAB"), without=("s3",))

    assert found.changed == ("outcome", "tally", "dissent")
    assert (found.recorded.dissent, found.recomputed.dissent) == (("a3",), ())


def test_asks_keep_their_names_without_a_seat(build):
    """Taking the first seat away does not rename the asks of the others."""
    found = under(build, blind(build, "BAA"), without=("s1",))

    assert [report.ask for report in found.recomputed.seats] == ["a2", "a3"]


def test_open_text_keeps_its_classes(build):
    """Classes of open statements stand in the record and hold without a seat."""
    opened = build.opened(space=OpenSpace())
    answers = (build.answered(number, "") for number in (1, 2, 3))
    events = decided(opened, *answers, build.classified(a1="x", a2="y", a3="y"))
    found = under(build, events, without=("s2",))

    assert [line.answer_class for line in found.recomputed.tally] == ["x", "y"]
    assert found.recomputed.outcome == "tied"


def test_pivotal_seats(build):
    """A seat is pivotal when its absence alone changes outcome or answer."""
    split = under(build, blind(build, "AAB"))
    wide = under(build, blind(build, "AAAAB"))

    assert split.pivotal == ("s1", "s2", "s3")
    assert [each.verdict.outcome for each in split.absences] == ["tied", "tied", "unanimous"]
    assert wide.pivotal == ("s5",)
    assert [each.pivotal for each in wide.absences] == [False] * 4 + [True]


def test_pivotal_seats_are_those_under_the_change(build):
    """Leave-one-out starts from the counterfactual, not from the recorded verdict."""
    events = blind(build, "AAAB")

    assert under(build, events).pivotal == ("s4",)
    assert under(build, events, quorum=4).pivotal == ("s1", "s2", "s3", "s4")


def second_round(build, *, chain):
    """Seat 3 was asked with what seat 1 said, or, in a `chain`, with what seat 2 made of it."""
    return decided(
        build.opened(),
        ticketed(build, 1),
        build.answered(1, "A"),
        ticketed(build, 2, *(("question", "a1") if chain else ("question",))),
        build.answered(2, "A"),
        ticketed(build, 3, "question", "a2" if chain else "a1"),
        build.answered(3, "B"),
    )


def test_a_prompt_made_from_a_removed_seat_needs_asking_again(build):
    """Whoever was asked with the words of the seat that goes would have been asked otherwise; others not."""
    found = under(build, second_round(build, chain=False), without=("s1",))
    other = under(build, second_round(build, chain=False), without=("s2",))

    assert (found.result, found.needs) == ("needs_requery", (Need("s3", "derived_from"),))
    assert (found.recomputed, found.absences) == (None, ())
    assert other.result == "changed"


def test_derivation_is_followed_through_others(build):
    """A prompt made from what was made from the removed seat's words needs asking again too."""
    found = under(build, second_round(build, chain=True), without=("s1",))

    assert found.needs == (Need("s2", "derived_from"), Need("s3", "derived_from"))


def test_an_absence_that_cannot_be_told_is_said(build):
    """Leave-one-out of a seat that another prompt was made from says so instead of a number."""
    found = under(build, second_round(build, chain=False))
    absent = {each.seat: each.pivotal for each in found.absences}

    assert absent == {"s1": None, "s2": True, "s3": True}
    assert found.absences[0].needs == (Need("s3", "derived_from"),)


def test_an_ask_stopped_early_needs_asking_under_another_rule(build):
    """Who was stopped because the recorded rule was satisfied might have mattered under another; without one not."""
    events = decided(
        build.opened(), build.answered(1, "A"), build.answered(2, "A"), build.cancelled(3, by="core")
    )

    assert under(build, events, rule=UNANIMITY).needs == (Need("s3", "stopped_early"),)
    assert under(build, events, rule=events[0].rule).result == "same"


def test_an_ask_that_a_person_gave_up_does_not(build):
    """What a caller or a deadline ended would have ended under any rule."""
    events = decided(build.opened(), build.answered(1, "A"), build.answered(2, "A"), build.cancelled(3))

    assert under(build, events, rule=UNANIMITY).result in ("same", "changed")


def test_seats_that_are_not_there(build):
    """A seat that the council does not have, and all seats at once, are refused by name."""
    events = blind(build, "AAB")

    assert under(build, events, without=("s9",)).result == "no_such_seat"
    assert under(build, events, without=("s1", "s2", "s3")).result == "no_such_seat"


def test_what_has_no_verdict_to_compare_with(build):
    """An open stream, a refused one, and one that does not replay as recorded get no counterfactual."""
    events = blind(build, "AAB")
    refusal = Refused(by="planner", reason="x", ask=None, attempt=None, card=None, label=1, plan=())
    forged = [*events[:-1], events[-1].model_copy(update={"outcome": "unanimous"})]

    found = [under(build, e).result for e in (events[:-1], [refusal], forged, events[1:], [])]
    assert found == ["open", "refused", "unfounded", "unfounded", "unfounded"]


# Today's seating.


def test_the_same_seating_changes_nothing(build):
    """Where today's policy admits the same cards, the verdict stands and nobody is named."""
    found = under(build, blind(build, "AAB"), today=today(build))

    assert (found.result, found.reseated) == ("same", ())


def test_a_seat_that_would_not_be_admitted_today(build):
    """It loses its seat: its ballot does not count, it is named with today's reasons, and the council is degraded."""
    found = under(build, blind(build, "AAAB"), today=today(build, barred=("c4",)))

    assert found.recomputed.flags == ("degraded",)
    assert [report.said for report in found.recomputed.seats] == ["answer"] * 3 + ["not_admitted"]
    assert [(r.seat, r.was, r.reasons) for r in found.reseated] == [("s4", True, BARRED.residency)]


def test_a_card_that_is_gone_is_not_admitted(build):
    """A card that today's assets do not have cannot be seated."""
    cards = {name: card for name, card in cards_of_today(build).items() if name != "c4"}
    found = under(build, blind(build, "AAAB"), today=today(build, cards=cards))

    assert [(each.seat, each.reasons) for each in found.reseated] == [("s4", ("card_gone",))]


def test_a_seat_that_was_not_asked_then_needs_asking(build):
    """Today's policy admits whom the recorded one did not: nobody knows what it would say."""
    events = decided(build.opened(4, barred=(4,)), *(build.answered(n, "A") for n in (1, 2, 3)))
    found = under(build, events, today=today(build))

    assert (found.result, found.needs) == ("needs_requery", (Need("s4", "not_asked"),))


def test_a_council_that_may_not_deliberate_today(build):
    """Where too few seats would be left today, the answer is the planner's refusal."""
    found = under(build, blind(build, "AAB"), today=today(build, barred=("c3",)))

    assert (found.result, found.reason) == ("council_refused", "too_few_seats")


def fallback(build, *, admitted_then, said=("c5", "answer")):
    """Seat 1 may be asked through c1, then c5; `admitted_then` were; it answered through one of them."""
    opened = build.opened(4)
    seats = (opened.seats[0].model_copy(update={"targets": ("c1", "c5")}), *opened.seats[1:])
    first = (
        Admission(seat="s1", card=card, admitted=card in admitted_then, reasons=()) for card in ("c1", "c5")
    )
    opened = opened.model_copy(update={"seats": seats, "plan": (*first, *opened.plan[1:])})
    card, statement = said
    tickets = [ticketed(build, 1, card=c) for c in admitted_then if c <= card]
    others = [build.answered(number, "A") for number in (2, 3, 4)]
    return decided(opened, *tickets, build.answered(1, "A", statement, card=card), *others)


@pytest.mark.parametrize(
    ("then", "said", "barred", "why"),
    [
        (("c5",), ("c5", "answer"), (), "another_card"),
        (("c1", "c5"), ("c5", "answer"), (), None),
        (("c1", "c5"), ("c5", "answer"), ("c1",), None),
        (("c1", "c5"), ("c5", "answer"), ("c5",), "another_card"),
        (("c1",), ("c1", "answer"), (), None),
        (("c1",), ("c1", "failure"), (), "another_card"),
        (("c1", "c5"), ("c5", "failure"), (), None),
    ],
)
def test_a_seat_with_a_fallback(build, then, said, barred, why):
    """It keeps its answer where it would have come to the same card, else it would have to be asked."""
    events = fallback(build, admitted_then=then, said=said)
    cards = cards_of_today(build) | {"c5": build.card("c5", developer="E", family="fam-e")}
    found = under(build, events, today=today(build, barred, cards))

    assert found.needs == (() if why is None else (Need("s1", why),))


def test_a_masked_question_stays_at_home(build):
    """For a text whose names were masked no card abroad is admitted today either."""
    cards = cards_of_today(build) | {"c4": build.card("c4", developer="D", family="fam-d", **build.ABROAD)}
    opened = build.opened(4, masked=2, barred=(4,))
    events = decided(opened, *(build.answered(n, "A") for n in (1, 2, 3)))

    assert under(build, events, today=today(build, cards=cards)).result == "same"


def test_a_label_that_rose_in_between(build):
    """Where today's policy rules otherwise on what the label rose to, the seats concerned need asking."""
    raised = LabelRaised(text="question", before=1, after=2, hits=(), plan=build.plan(4))
    events = decided(build.opened(4), raised, *(build.answered(n, "A") for n in (1, 2, 3, 4)))

    def admit(label, card, topics):
        del topics
        return BARRED if label == 2 and card.id == "c2" else Ruling()

    found = under(build, events, today=Today(cards_of_today(build), admit))

    assert found.needs == (Need("s2", "label_raised"),)


def test_prompts_made_from_a_seat_that_lost_its_place(build):
    """A seat barred today whose words went into another's prompt makes that one be asked again."""
    opened = build.opened(4)
    events = decided(
        opened,
        ticketed(build, 1),
        build.answered(1, "A"),
        *(ticketed(build, n, "question", "a1") if n == 4 else ticketed(build, n) for n in (2, 3, 4)),
        *(build.answered(n, "A") for n in (2, 3, 4)),
    )

    assert under(build, events, today=today(build, barred=("c1",))).needs == (Need("s4", "derived_from"),)
