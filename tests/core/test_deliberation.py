"""The state machine under any interleaving of its events: one decision, and the same one."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.deliberation import advance, feed, start
from magi.core.effects import Ask, Cancel, Classify, Decide, SetDeadline
from magi.core.record import AttemptFailed, LabelRaised, SeatPlan
from magi.core.space import OpenSpace

SAID = ("A", "B", "refusal", "abstention", "failure")


def run(opened, events):
    """Every effect from the start over these events, and the last state."""
    state, effects = start(opened)
    told = list(effects)
    for event in events:
        state, effects = advance(state, event)
        told += effects
    return state, told


def verdicts(effects):
    """The verdicts among effects."""
    return [effect.verdict for effect in effects if isinstance(effect, Decide)]


def statement(build, number, said):
    """The answer of one seat: a class, or one of the three ways to give none."""
    return build.answered(number, said) if said in {"A", "B"} else build.answered(number, statement=said)


def event_of(build, code):
    """An event from a drawn code: its kind, a seat number (also of no seat at all), what was said."""
    kind, number, said = code
    if kind == "answered":
        return statement(build, number, said)
    if kind == "attempt_failed":
        return AttemptFailed(ask=f"a{number}", attempt=1, card="c1", failure="x", sent="maybe")
    makers = {
        "deadline": build.deadline,
        "classified": lambda: build.classified(a1="s1", a2="s2", a3="s1", a4="s2"),
        "cancelled": lambda: build.cancelled(number),
        "label": lambda: build.label_raised(4, barred=(number,)),
        "opened": lambda: build.opened(4),
    }
    return makers[kind]()


KINDS = ("answered", "answered", "answered", "cancelled", "deadline", "label", "classified", "attempt_failed")
CODES = st.lists(
    st.tuples(st.sampled_from((*KINDS, "opened")), st.integers(1, 6), st.sampled_from(SAID)), max_size=12
)
OPEN_OR_CHOICE = st.sampled_from((None, OpenSpace()))


def an_opening(build, space, barred=()):
    """An intent of four seats; `space` None is a choice."""
    changes = {} if space is None else {"space": space, "template": "answer/open@1"}
    return build.opened(4, barred=barred, quorum=2, **changes)


def test_each_admitted_seat_is_asked_once_and_a_deadline_set(build):
    """The start asks every seat that has an admitted card, through just those cards, and sets the deadline."""
    state, effects = start(build.opened(4, barred=(2,)))
    asks = [effect for effect in effects if isinstance(effect, Ask)]

    assert [(ask.ask, ask.seat, ask.targets) for ask in asks] == [
        ("a1", "s1", ("c1",)),
        ("a3", "s3", ("c3",)),
        ("a4", "s4", ("c4",)),
    ]
    assert effects[-1] == SetDeadline("answers", 30_000)
    assert all(ask.derived_from == ("question",) for ask in asks)
    assert state.running == ("a1", "a3", "a4")


def test_only_the_admitted_fallbacks_of_a_seat_are_targets(build):
    """A seat with one barred card of two is asked through the other only, in the council's order."""
    opened = build.opened(3)
    seats = (opened.seats[0].model_copy(update={"targets": ("x", "c1", "y")}), *opened.seats[1:])
    _, effects = start(opened.model_copy(update={"seats": seats}))

    assert effects[0].targets == ("c1",)


def test_an_admission_of_another_seat_admits_nobody_else(build):
    """The same card admitted for one seat is not thereby admitted for another."""
    opened = build.opened(3, barred=(2,))
    seats = (*opened.seats[:1], opened.seats[1].model_copy(update={"targets": ("c1",)}), opened.seats[2])
    state, _ = start(opened.model_copy(update={"seats": seats}))

    assert state.running == ("a1", "a3")


def test_with_nobody_admitted_the_decision_comes_at_once(build):
    """A plan that bars every seat ends in no_quorum without an ask or a deadline."""
    _, effects = start(build.opened(3, barred=(1, 2, 3)))
    (verdict,) = verdicts(effects)

    assert len(effects) == 1
    assert (verdict.outcome, verdict.answer_class) == ("no_quorum", None)


@pytest.mark.parametrize("closing", ["none", "deadline", "cancelled"])
@pytest.mark.parametrize("silent", [0, 1])
def test_arrival_order_does_not_matter(build, closing, silent):
    """The same set of answers, in any order, gives the same verdict bytes."""
    answers = [
        statement(build, n, said) for n, said in enumerate(("A", "B", "A", "failure")[silent:], 1 + silent)
    ]
    end = {"none": [], "deadline": [build.deadline()], "cancelled": [build.cancelled(1)]}[closing]
    found = {
        verdict.to_bytes()
        for turned in itertools.permutations(answers)
        for verdict in verdicts(run(build.opened(4), [*turned, *end])[1])
    }

    assert len(found) == (0 if silent and closing == "none" else 1)


@settings(max_examples=300, deadline=None)
@given(codes=CODES, space=OPEN_OR_CHOICE, barred=st.sets(st.integers(1, 4), max_size=2))
def test_decide_comes_at_most_once_and_nothing_moves_after_it(build, codes, space, barred):
    """Whatever comes in whatever order, one verdict at most; then the state stands and no effect follows."""
    opened = an_opening(build, space, barred)
    state, effects = start(opened)
    decided = len(verdicts(effects))
    for event in (event_of(build, code) for code in codes):
        before = state
        state, effects = advance(state, event)
        if before.phase == "decided":
            assert state is before
            assert effects == ()
        decided += len(verdicts(effects))

        assert decided == (state.phase == "decided")


@settings(max_examples=200, deadline=None)
@given(codes=CODES, space=OPEN_OR_CHOICE)
def test_a_deadline_and_classes_always_end_it(build, codes, space):
    """After any events at all, the deadline (and the classes, for open text) bring the one verdict."""
    events = [event_of(build, code) for code in codes]
    ends = [build.deadline(), build.classified(a1="s1", a2="s1", a3="s2", a4="s3")]
    state, effects = run(an_opening(build, space), [*events, *ends])

    assert state.phase == "decided"
    assert len(verdicts(effects)) == 1


@settings(max_examples=200, deadline=None)
@given(codes=CODES, space=OPEN_OR_CHOICE, barred=st.sets(st.integers(1, 4), max_size=2))
def test_every_ask_is_accounted_for(build, codes, space, barred):
    """Each seat stands once in the verdict; a barred one was never asked; each ask has an end."""
    events = [event_of(build, code) for code in codes]
    ends = [build.deadline(), build.classified(a1="s1", a2="s1", a3="s2", a4="s3")]
    _, effects = run(an_opening(build, space, barred), [*events, *ends])
    (verdict,) = verdicts(effects)
    asked = {effect.seat for effect in effects if isinstance(effect, Ask)}

    assert [report.seat for report in verdict.seats] == ["s1", "s2", "s3", "s4"]
    assert asked == {f"s{n}" for n in range(1, 5) if n not in barred}
    for report in verdict.seats:
        assert (report.said == "not_admitted") == (report.seat not in asked) == (report.ask is None)
        assert (report.said == "outstanding") == (report.ask in verdict.outstanding)
        assert (report.answer_class is not None) == (report.said == "answer")


@settings(max_examples=200, deadline=None)
@given(codes=CODES, space=OPEN_OR_CHOICE)
def test_a_missing_seat_degrades_and_is_never_unanimous(build, codes, space):
    """With any seat missing the verdict is flagged degraded, and its outcome is not unanimous."""
    events = [event_of(build, code) for code in codes]
    ends = [build.deadline(), build.classified(a1="s1", a2="s1", a3="s1", a4="s1")]
    _, effects = run(an_opening(build, space), [*events, *ends])
    (verdict,) = verdicts(effects)
    missing = any(r.said in {"failure", "not_admitted", "outstanding", "cancelled"} for r in verdict.seats)

    assert ("degraded" in verdict.flags) == missing
    assert not (missing and verdict.outcome == "unanimous")
    assert verdict.outcome != "unanimous" or all(r.said == "answer" for r in verdict.seats)


@settings(max_examples=200, deadline=None)
@given(codes=CODES, space=OPEN_OR_CHOICE, cut=st.integers(0, 12))
def test_feeding_a_prefix_and_then_the_rest_is_feeding_all(build, codes, space, cut):
    """Recovery at any point of the record stands where the live run stood, and decides the same."""
    opened = an_opening(build, space)
    events = [event_of(build, code) for code in codes]
    live, told = run(opened, events)
    state, pending = feed([opened, *events[:cut]])
    decided = verdicts(pending)
    for event in events[cut:]:
        state, effects = advance(state, event)
        decided += verdicts(effects)

    assert state == live
    assert [v.to_bytes() for v in decided] == [v.to_bytes() for v in verdicts(told)]


@settings(max_examples=200, deadline=None)
@given(codes=CODES, space=OPEN_OR_CHOICE)
def test_feed_returns_what_is_left_to_do(build, codes, space):
    """Just the asks that still run, and the deadline as long as one of them does; classify or decide after it."""
    opened = an_opening(build, space)
    state, pending = feed([opened, *(event_of(build, code) for code in codes)])
    kinds = [type(effect) for effect in pending if not isinstance(effect, Cancel)]
    asks = tuple(effect.ask for effect in pending if isinstance(effect, Ask))
    left = {"asking": [SetDeadline], "classifying": [Classify], "decided": [Decide]}[state.phase]

    assert asks == state.running
    assert [kind for kind in kinds if kind is not Ask] == left


def test_feed_does_not_repeat_a_recorded_cancellation(build):
    """A cancellation that stands in the record is not asked for again."""
    events = [build.opened(), build.label_raised(barred=(1,))]
    cancels = [e for e in feed(events)[1] if isinstance(e, Cancel)]
    done = [*events, build.cancelled(1, by="core"), build.answered(2)]

    assert [c.asks for c in cancels] == [("a1",)]
    assert not [e for e in feed(done)[1] if isinstance(e, Cancel)]


def test_the_first_answer_of_an_ask_counts(build):
    """A second answer to the same ask, and one after the deadline, change nothing."""
    events = [build.answered(1, "A"), build.answered(1, "B"), build.answered(2, "A"), build.deadline()]
    late = [*events, build.answered(3, "B")]

    assert verdicts(run(build.opened(), late)[1]) == verdicts(run(build.opened(), events)[1])
    assert verdicts(run(build.opened(), events)[1])[0].seats[0].answer_class == "A"


def test_an_answer_is_booked_on_its_ask_and_not_on_the_name_it_gives(build):
    """An answered event's ask decides whose ballot it is; an ask of nobody is nobody's."""
    stranger = build.answered(1, ask="a9")
    state, effects = advance(start(build.opened())[0], stranger)

    assert effects == ()
    assert state.running == ("a1", "a2", "a3")


def test_a_risen_label_stops_just_the_barred_seats(build):
    """The barred seats are cancelled by the core and reported so; the others may still answer."""
    state, effects = advance(start(build.opened())[0], build.label_raised(barred=(2,)))

    assert effects == (Cancel(("a2",), "label_raised"),)
    assert state.running == ("a1", "a3")


def test_a_risen_label_stops_a_seat_that_may_be_on_a_barred_card(build):
    """One of a seat's two cards is barred: nobody here knows which is in use, so the ask is stopped."""
    seats = tuple(
        SeatPlan(seat=f"s{n}", persona="persona/melchior@1", targets=(f"c{n}", "c9")) for n in (1, 2, 3)
    )
    both = (*build.plan(), *(entry.model_copy(update={"card": "c9"}) for entry in build.plan()))
    barred = (*build.plan(barred=(2,)), *both[3:])
    risen = LabelRaised(text="question", before=1, after=2, hits=(), plan=barred)

    state, _ = start(build.opened(plan=both).model_copy(update={"seats": seats}))
    state, effects = advance(state, risen)

    assert effects == (Cancel(("a2",), "label_raised"),)
    assert state.running == ("a1", "a3")


def test_a_risen_label_that_bars_all_decides(build):
    """When the label leaves nobody, the asks are cancelled and the verdict says no_quorum."""
    _, effects = advance(start(build.opened())[0], build.label_raised(barred=(1, 2, 3)))

    assert effects[0] == Cancel(("a1", "a2", "a3"), "label_raised")
    assert verdicts(effects)[0].outcome == "no_quorum"


def test_cancelled_by_somebody_asks_for_no_second_cancellation(build):
    """The core does not order what the record says was done already."""
    _, effects = advance(start(build.opened())[0], build.cancelled(1, 2, 3))

    assert [type(effect) for effect in effects] == [Decide]


def test_open_text_is_classified_before_it_is_decided(build):
    """Open answers ask for classes once; answers then change nothing until the classes come."""
    opened = an_opening(build, OpenSpace(), barred=(4,))
    state, effects = run(
        opened, [build.answered(1, ""), build.answered(2, ""), build.answered(3, statement="refusal")]
    )
    waiting, nothing = advance(state, build.answered(3, ""))
    _, decided = advance(waiting, build.classified(a1="s1", a2="s1"))

    assert effects[-1] == Classify(("a1", "a2"))
    assert (waiting, nothing) == (state, ())
    assert verdicts(decided)[0].answer_class == "s1"


def test_open_text_without_an_answer_needs_no_classes(build):
    """Nothing to classify: the verdict comes at once, no_quorum."""
    answers = [build.answered(n, statement="failure") for n in (1, 2, 3, 4)]
    _, effects = run(an_opening(build, OpenSpace()), answers)

    assert verdicts(effects)[0].outcome == "no_quorum"


@pytest.mark.parametrize("classes", [{}, {"a1": "s1"}, {"a9": "s1"}])
def test_classes_that_leave_an_answer_out_change_nothing(build, classes):
    """A classified event that does not name every open answer neither decides nor breaks."""
    state, _ = run(
        an_opening(build, OpenSpace(), barred=(3, 4)), [build.answered(1, ""), build.answered(2, "")]
    )

    assert advance(state, build.classified(**classes)) == (state, ())


def test_advance_never_changes_the_state_it_was_given(build):
    """States are values: taking events from one state again gives the same again."""
    chance = random.Random(7)  # noqa: S311  # the same shuffles every time
    opened = build.opened(4)
    first = start(opened)[0]
    events = [build.answered(n) for n in (1, 2, 3, 4)]
    for _ in range(5):
        chance.shuffle(events)
        state = first
        for event in events:
            state, _ = advance(state, event)

    assert first == start(opened)[0]
