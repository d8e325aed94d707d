"""The rounds of a deliberation under terms: every stage, any order of events, any interruption."""

import importlib.util
import sys
from pathlib import Path

import pytest

from magi.core.deliberation import advance, feed, start
from magi.core.effects import ANSWERS, QUESTION, Ask, Cancel, Check, Classify, Decide, SetDeadline
from magi.core.record import Cancelled, Checked, Classified, DeadlinePassed, LabelRaised
from magi.core.said import Claim, Reviewed, Written
from magi.core.space import OpenSpace, YesNoConditionalSpace

_SPEC = importlib.util.spec_from_file_location("deliberations", Path(__file__).with_name("deliberations.py"))
at_work = sys.modules.setdefault(_SPEC.name, importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(at_work)  # by its path: test folders are no packages

SEEDS = range(200)
OPEN = OpenSpace()
STAGES = {"answer", "rebuttal", "review", "write"}


def calm(seed, order=None):
    """A deliberation that nobody interrupts."""
    return at_work.run(at_work.any_intent(seed), seed, order=seed if order is None else order)


def troubled(seed):
    """A deliberation with a deadline, cancellations and risen labels now and then."""
    return at_work.run(at_work.any_intent(seed), seed, order=seed, interrupt=at_work.interruptions(0.25))


EITHER = pytest.mark.parametrize("deliberate", [calm, troubled])


def states(found, intent):
    """The state before each event, the event, the state after it and the effects."""
    state, _ = start(intent)
    for event in found.events:
        after, effects = advance(state, event)
        yield state, event, after, effects
        state = after


def is_closing(event):
    """Whether an event ends the asking for good."""
    return isinstance(event, DeadlinePassed) or (isinstance(event, Cancelled) and event.by != "core")


@EITHER
def test_one_verdict_and_every_ask_closed(deliberate):
    """Whatever happens, there is one verdict, it comes last, and every ask made is answered, given up or cancelled."""
    stages, stopped = set(), 0
    for seed in SEEDS:
        found = deliberate(seed)
        answered = {event.ask for event in found.events if hasattr(event, "ask")}
        cancelled = {ask for _, e in found.effects if isinstance(e, Cancel) for ask in e.asks}
        cancelled |= {ask for event in found.events if isinstance(event, Cancelled) for ask in event.asks}
        asks = [ask.ask for ask in found.asks]
        stages |= {ask.stage for ask in found.asks}
        stopped += "stopped" in found.verdicts[0].flags

        assert len(found.verdicts) == 1
        assert isinstance(found.effects[-1][1], Decide)
        assert (found.state.phase, found.state.running) == ("decided", ())
        assert set(asks) <= answered | cancelled
        assert len(asks) == len(set(asks))
        assert [type(e) for _, e in found.effects].count(SetDeadline) <= 1
        assert {s.state for s in found.state.every} <= {
            "answered", "outstanding", "cancelled", "not_admitted", "not_asked", "rested",
        }  # fmt: skip
    assert stages == STAGES
    assert stopped > 0


@EITHER
def test_feeding_a_prefix_and_the_rest_is_feeding_the_whole(deliberate):
    """A crash at any record changes nothing: what was recorded, then the rest, gives the same verdict bytes."""
    for seed in list(SEEDS)[:80]:
        intent, found = at_work.any_intent(seed), deliberate(seed)
        whole, left = feed([intent, *found.events])
        expected = found.verdicts[0].to_bytes()

        assert [e.verdict.to_bytes() for e in left if isinstance(e, Decide)] == [expected]
        for cut in range(len(found.events)):
            state, pending = feed([intent, *found.events[:cut]])
            told = list(pending)
            for event in found.events[cut:]:
                state, effects = advance(state, event)
                told += effects

            assert state == whole
            assert [e.verdict.to_bytes() for e in told if isinstance(e, Decide)] == [expected]


@EITHER
def test_recovery_is_told_what_is_still_to_be_done(deliberate):
    """After any prefix, the effects left are exactly the asks that run and what the phase waits for."""
    for seed in list(SEEDS)[:80]:
        intent, found = at_work.any_intent(seed), deliberate(seed)
        for cut in range(len(found.events)):
            state, left = feed([intent, *found.events[:cut]])
            asks = [effect.ask for effect in left if isinstance(effect, Ask)]
            kinds = [type(effect) for effect in left]

            assert sorted(asks) == sorted(state.running)
            assert kinds.count(Classify) == (state.phase == "classifying")
            assert kinds.count(Check) == (state.phase == "checking")
            assert kinds.count(SetDeadline) == bool(state.running or not state.closing)
            assert kinds.count(Decide) == 0


def decided(verdict):
    """What stopping leaves as it is; what a seat that was never asked would have repeated is not said of it."""
    outcome = "majority" if verdict.outcome == "unanimous" else verdict.outcome
    return outcome, verdict.answer_class, frozenset(verdict.arbitration.review) - {"foreign_claim"}


def test_arrival_order_changes_nothing():
    """The same answers in other orders of arrival give the same verdict bytes at every stage."""
    differ = 0
    for seed in SEEDS:
        intent = at_work.any_intent(seed)
        runs = [calm(seed, order) for order in range(3)]
        differ += len({tuple(event.ask for event in r.events if hasattr(event, "ask")) for r in runs}) > 1
        verdicts = [r.verdicts[0] for r in runs]
        if intent.arbitration.mode == "parallel" or intent.space == OPEN:
            assert len({verdict.to_bytes() for verdict in verdicts}) == 1
        else:  # who comes first settles whom to ask no more, never what is decided of what all have said
            assert len({decided(verdict) for verdict in verdicts}) == 1
    assert differ > len(SEEDS) // 2


def test_nobody_is_asked_through_a_card_that_the_latest_plan_bars():
    """Every ask names at least one card, and only cards that the latest word admits for its seat, in seat order."""
    risen = 0
    for seed in SEEDS:
        intent = at_work.any_intent(seed)
        for before, event, after, effects in states(troubled(seed), intent):
            plan = event.plan if isinstance(event, LabelRaised) else before.plan
            admitted = {(entry.seat, entry.card) for entry in plan if entry.admitted}
            risen += isinstance(event, LabelRaised)
            for ask in (effect for effect in effects if isinstance(effect, Ask)):
                own = next(seat.targets for seat in intent.seats if seat.seat == ask.seat)

                assert ask.targets == tuple(card for card in own if (ask.seat, card) in admitted)
                assert ask.targets
            assert after.plan == plan or before.phase == "decided"
    assert risen > 30


def test_a_running_ask_that_lost_a_card_is_cancelled():
    """When a label rises, whatever runs for a seat that lost a card is cancelled with that event."""
    lost_any = 0
    for seed in SEEDS:
        intent = at_work.any_intent(seed)
        for before, event, _, effects in states(troubled(seed), intent):
            if not isinstance(event, LabelRaised) or before.phase == "decided":
                continue
            still = {(entry.seat, entry.card) for entry in event.plan if entry.admitted}
            lost = {entry.seat for entry in intent.plan if (entry.seat, entry.card) not in still}
            running = tuple(s.ask for s in before.every if s.ask in before.running and s.seat in lost)
            lost_any += bool(running)
            cancels = [e.asks for e in effects if isinstance(e, Cancel) and e.why == "label_raised"]

            assert cancels == ([running] if running else [])
    assert lost_any > 20


def test_nobody_is_asked_after_the_asking_was_closed():
    """After the deadline, or once whoever asked has gone, no ask follows."""
    closed = 0
    for seed in SEEDS:
        over = False
        for _, event, _, effects in states(troubled(seed), at_work.any_intent(seed)):
            over = over or is_closing(event)
            closed += over

            assert not (over and any(isinstance(effect, Ask) for effect in effects))
    assert closed > 100


@EITHER
def test_everything_that_a_prompt_is_made_from_is_named(deliberate):
    """`derived_from` names the question, all that an ask shows, and all that chose what it shows; nothing unsaid.

    A rebuttal shows every answer; a review shows some of them, chosen among all; a draft shows claims that the votes,
    the equal claims and the contradicting ones of all answers chose.
    """
    seen = set()
    for seed in SEEDS:
        for before, event, _, effects in states(deliberate(seed), at_work.any_intent(seed)):
            said = [s.ask for s in before.standings if s.ask and s.ballot is not None]
            if getattr(event, "ask", "").startswith("a") and event.statement == "answer":
                said.append(event.ask)
            reviews = {s.ask for s in before.rounds.reviews if s.answered}
            for ask in (effect for effect in effects if isinstance(effect, Ask)):
                seen.add(ask.stage)
                made_from = {QUESTION} if ask.stage == "answer" else {QUESTION, *said}
                made_from |= reviews if ask.stage == "write" else set()

                assert set(ask.derived_from) == made_from
                assert len(ask.derived_from) == len(set(ask.derived_from))
                assert {name.split(".")[0] for name in ask.inputs} <= made_from
    assert seen == STAGES


def test_events_after_the_verdict_change_nothing():
    """Whatever comes after the verdict leaves state and effects as they are."""
    for seed in list(SEEDS)[:40]:
        found = calm(seed)
        late = [
            *found.events,
            DeadlinePassed(name=ANSWERS),
            Cancelled(asks=("a1",), why="w", by="user"),
            Classified(classes={"a1": "k1"}, method="m"),
            Checked(findings={}, method="m"),
        ]
        for event in late:
            assert advance(found.state, event) == (found.state, ())


def test_an_answer_counts_once():
    """A second answer to an ask, or one to an ask that was given up, changes nothing."""
    for seed in list(SEEDS)[:80]:
        for _, event, after, _ in states(troubled(seed), at_work.any_intent(seed)):
            if hasattr(event, "ask"):
                assert advance(after, event.model_copy(update={"ballot": "B"})) == (after, ())


# Each phase by itself: an open question with three seats, stopped at one place after another.

HOW = {"rebuttal": True, "peer_review": True}


def open_council(**held):
    """Three seats on an open question."""
    return at_work.opened(3, held=at_work.terms(3, **{**HOW, **held}), space=OPEN, fallbacks=0)


def statements(claims=1):
    """Three open answers, each with claims."""
    return [
        at_work.answered(
            f"a{n}", "", claims=tuple(Claim(id=f"a{n}.c{k}", basis="cited") for k in range(1, claims + 1))
        )
        for n in (1, 2, 3)
    ]


CLASSES = Classified(classes={f"a{n}": f"k{n}" for n in (1, 2, 3)}, method="m")


def reviews(vote="accept"):
    """Every review, of two statements each, in both orders."""
    votes = {f"a{n}.c1": vote for n in (1, 2, 3)}
    return [
        at_work.answered(
            f"{letter}{n}",
            "",
            stage="review",
            review=Reviewed(ranking=tuple((f"a{m}",) for m in (1, 2, 3) if m != n), votes=votes),
        )
        for n in (1, 2, 3)
        for letter in "rq"
    ]


FOUND = Checked(findings={f"a{n}.c1": "supported" for n in (1, 2, 3)}, method="m")
DRAFT = at_work.answered("w1", "", stage="write", written=Written(sentences=(("a1.c1",),), removed=0))
WHOLE = [*statements(), CLASSES, *reviews(), FOUND, DRAFT]
PHASES = {"asking": 0, "classifying": 3, "reviewing": 4, "checking": 10, "drafting": 11}


def test_the_stages_of_open_text_follow_each_other():
    """Answers, classes, reviews, the check, the draft, the verdict: each when the one before is whole."""
    intent = open_council()
    state, told = start(intent)
    phases = [state.phase]
    for event in WHOLE:
        state, effects = advance(state, event)
        told += effects
        phases += [state.phase] if phases[-1] != state.phase else []
    asks = [effect.ask for effect in told if isinstance(effect, Ask)]

    assert phases == [*PHASES, "decided"]
    assert asks == ["a1", "a2", "a3", "r1", "q1", "r2", "q2", "r3", "q3", "w1"]
    assert told[-1].verdict.arbitration.draft == "w1"


@pytest.mark.parametrize("phase", PHASES)
def test_what_a_phase_does_not_wait_for_changes_nothing(phase):
    """Classes and findings count when they are waited for; classes that leave an answer out never do."""
    state, _ = feed([open_council(), *WHOLE[: PHASES[phase]]])
    partly = Classified(classes={"a1": "k1", "a2": "k2"}, method="m")
    unwaited = [
        partly,
        *([] if phase == "classifying" else [CLASSES]),
        *([] if phase == "checking" else [FOUND]),
    ]

    assert [advance(state, event) for event in unwaited] == [(state, ())] * len(unwaited)


@pytest.mark.parametrize("done", [0, 1])
@pytest.mark.parametrize("phase", PHASES)
def test_a_deadline_in_each_phase(phase, done):
    """The deadline closes what runs, asks nobody more, and what then stands is classified, checked and decided."""
    place = PHASES[phase] + (done if phase in ("asking", "reviewing") else 0)
    state, _ = feed([open_council(), *WHOLE[:place]])
    running = state.running
    state, effects = advance(state, DeadlinePassed(name=ANSWERS))
    told = list(effects)
    for event in (CLASSES, FOUND):
        state, effects = advance(state, event)
        told += effects
    (verdict,) = [effect.verdict for effect in told if isinstance(effect, Decide)]

    assert [e.asks for e in told if isinstance(e, Cancel)] == ([running] if running else [])
    assert not any(isinstance(effect, Ask) for effect in told)
    assert verdict.outstanding == (running if phase == "asking" else ())
    assert ("degraded" in verdict.flags) == (phase == "asking")


@pytest.mark.parametrize("by", ["user", "recovery", "core"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_cancellation_in_each_phase(phase, by):
    """Somebody's cancellation ends the asking for good; the core's own gives up its asks and goes on."""
    state, _ = feed([open_council(), *WHOLE[: PHASES[phase]]])
    running = state.running
    state, effects = advance(state, Cancelled(asks=running, why="w", by=by))
    told = list(effects)
    for event in (CLASSES, *reviews(), FOUND, DRAFT):
        state, effects = advance(state, event)
        told += effects
    later = [effect.ask for effect in told if isinstance(effect, Ask)]

    assert [type(effect) for effect in told].count(Decide) == 1
    assert not any(isinstance(effect, Cancel) for effect in told)
    assert bool(later) == (by == "core" and phase in ("classifying", "checking"))


@pytest.mark.parametrize("phase", ["asking", "classifying", "reviewing", "checking", "drafting"])
def test_a_risen_label_in_each_phase(phase):
    """A seat that lost its card is asked nothing more at any later stage; the others go on."""
    state, _ = feed([open_council(), *WHOLE[: PHASES[phase]]])
    lost = tuple(ask for ask in state.running if ask.endswith("1"))
    plan = at_work.plan({n: (f"c{n}",) for n in (1, 2, 3)}, barred={"c1"})
    state, effects = advance(state, LabelRaised(text="a1", before=1, after=2, hits=(), plan=plan))
    told = list(effects)
    rest = [*statements()[1:], CLASSES, *reviews(), FOUND, DRAFT, DRAFT.model_copy(update={"ask": "w2"})]
    for event in rest:
        state, effects = advance(state, event)
        told += effects
    later = [effect.ask for effect in told if isinstance(effect, Ask)]

    assert [e.asks for e in told if isinstance(e, Cancel)] == ([lost] if lost else [])
    assert not any(ask.endswith("1") for ask in later)
    assert [type(effect) for effect in told].count(Decide) == 1
    assert ("w2" in later) == (phase != "drafting")


def test_a_rebuttal_follows_a_split_only():
    """A split closed question is put to every seat that answered once more; agreement and too few voices are not."""
    held = at_work.terms(4, rebuttal=True)
    asked = {}
    for name, said in {
        "split": ("A", "B", "A", "refusal"),
        "agreed": ("A", "A", "A", "A"),
        "one voice": ("A", "failure", "abstention", "evasion"),
        "too few": ("A", "B", "failure", "failure"),
    }.items():
        intent = at_work.opened(4, held=held, quorum=3)
        events = [at_work.answered(f"a{n}", each) for n, each in enumerate(said, start=1)]
        state, effects = feed([intent, *events])
        asked[name] = ([e.ask for e in effects if isinstance(e, Ask)], state.phase)

    assert asked == {
        "split": (["b1", "b2", "b3"], "rebutting"),
        "agreed": ([], "decided"),
        "one voice": ([], "decided"),
        "too few": ([], "decided"),
    }


def second_round(first, second, **held):
    """The verdict after a first round and a second one; None is silence until the deadline."""
    seats = len(first)
    intent = at_work.opened(seats, held=at_work.terms(seats, rebuttal=True, **held))
    events = [at_work.answered(f"a{n}", said) for n, said in enumerate(first, start=1)]
    events += [
        at_work.answered(f"b{n}", said, stage="rebuttal") for n, said in enumerate(second, start=1) if said
    ]
    _, effects = feed([intent, *events, DeadlinePassed(name=ANSWERS)])
    return effects[-1].verdict


@pytest.mark.parametrize(
    ("first", "second", "outcome", "winner", "after", "incomplete"),
    [
        ("AAB", ("A", "A", "A"), "unanimous", "A", "AAA", False),
        ("AAB", ("B", "B", "B"), "unanimous", "B", "BBB", False),
        ("AAB", ("A", "A", None), "majority", "A", "AAB", True),
        ("AAB", ("A", "B", "failure"), "majority", "B", "ABB", True),
        ("AAB", ("A", "refusal", "B"), "tied", None, ("A", None, "B"), False),
        ("AAB", ("abstention", "evasion", "B"), "no_quorum", None, (None, None, "B"), False),
        ("ABC", ("A", "A", "C"), "majority", "A", "AAC", False),
        ("AAB", (None, None, None), "majority", "A", "AAB", True),
    ],
)
def test_what_the_second_ballot_makes_of_the_first(first, second, outcome, winner, after, incomplete):  # noqa: PLR0917  # the columns of the table
    """The second ballot counts where it was cast; silence keeps the first, a refusal takes it back; moves are kept."""
    verdict = second_round(first, second)

    assert (verdict.outcome, verdict.answer_class) == (outcome, winner)
    assert [(m.seat, m.before, m.after) for m in verdict.arbitration.moves] == [
        (f"s{n}", before, now) for n, (before, now) in enumerate(zip(first, after, strict=True), start=1)
    ]
    assert ("rebuttal_incomplete" in verdict.flags) == incomplete
    assert "degraded" not in verdict.flags


def test_a_rebuttal_asks_for_the_same_space_again():
    """The second ballot goes under the rebuttal's template of the space, made from all answers."""
    intent = at_work.opened(3, held=at_work.terms(3, rebuttal=True), space=YesNoConditionalSpace())
    events = [at_work.answered(f"a{n}", said) for n, said in enumerate(("yes", "no", "yes"), start=1)]
    _, effects = feed([intent, *events])
    asks = [effect for effect in effects if isinstance(effect, Ask)]

    assert {(ask.template, ask.stage, ask.inputs) for ask in asks} == {
        ("rebuttal/yes_no_conditional@1", "rebuttal", (QUESTION, "a1", "a2", "a3"))
    }


def test_who_rests_is_never_asked():
    """A seat at rest is asked at no stage, and the verdict says that it rested."""
    for seed in SEEDS:
        intent = at_work.any_intent(seed)
        rested = {each.seat for each in intent.arbitration.rested}
        found = calm(seed)

        assert not rested & {ask.seat for ask in found.asks}
        assert {s.seat for s in found.verdicts[0].seats if s.said == "rested"} == rested
