"""The verdict: six outcomes, flags, dissent, attribution, and bytes that anybody can make again."""

import json
import subprocess
import sys

import pytest

from magi.core.deliberation import advance, feed, start
from magi.core.effects import Decide
from magi.core.rules.count import Rule
from magi.core.space import DateSpace, OpenSpace, YesNoConditionalSpace
from magi.core.standing import Standing

PLURALITY = Rule(name="plurality")


def verdict_of(build, *said, classes=None, barred=(), **changes):
    """The verdict of seats that said these things, None being silence until the deadline."""
    opened = build.opened(len(said), barred=barred, **changes)
    kinds = ("refusal", "abstention", "failure")
    events = [
        build.answered(n, statement=word) if word in kinds else build.answered(n, word)
        for n, word in enumerate(said, start=1)
        if word is not None and n not in barred
    ]
    events += [build.deadline()] if None in said else []
    events += [build.classified(**classes)] if classes else []
    _, effects = feed([opened, *events])
    (verdict,) = [effect.verdict for effect in effects if isinstance(effect, Decide)]
    return verdict


@pytest.mark.parametrize(
    ("said", "outcome", "answer_class"),
    [
        (("A", "A", "A"), "unanimous", "A"),
        (("A", "A", "B"), "majority", "A"),
        (("A", "A", "refusal"), "majority", "A"),
        (("A", "A", "abstention"), "majority", "A"),
        (("A", "A", "failure"), "majority", "A"),
        (("A", "A", None), "majority", "A"),
        (("A", "B", "C"), "tied", None),
        (("A", "B", "failure"), "tied", None),
        (("A", "failure", "failure"), "no_quorum", None),
        (("A", None, None), "no_quorum", None),
        (("refusal", "refusal", "refusal"), "no_quorum", None),
        (("A", "A", "B", "C"), "withheld", None),
        (("A", "A", "B", "B"), "tied", None),
    ],
)
def test_outcomes_of_a_majority(build, said, outcome, answer_class):
    """Each constellation of three or four seats under majority has its one outcome and class."""
    verdict = verdict_of(build, *said)

    assert (verdict.outcome, verdict.answer_class) == (outcome, answer_class)


@pytest.mark.parametrize("said", [("conditional",) * 3, ("conditional", "conditional", "no")])
def test_conditional_wins_are_conditional(build, said):
    """A yes-no question won by the conditional answer is conditional, also when all hold it."""
    verdict = verdict_of(build, *said, space=YesNoConditionalSpace())

    assert (verdict.outcome, verdict.answer_class) == ("conditional", "conditional")


def test_conditional_is_an_outcome_of_yes_no_questions_only(build):
    """A class that happens to be called conditional means nothing special in another space."""
    assert verdict_of(build, *["conditional"] * 3, space=DateSpace()).outcome == "unanimous"


def test_dissent_is_who_answered_otherwise(build):
    """Dissent lists the asks that hold another class, in seat order; silence and refusal are no dissent."""
    verdict = verdict_of(build, "B", "A", "refusal", "A", "A", None, "C", quorum=4, rule=PLURALITY)

    assert verdict.dissent == ("a1", "a7")
    assert verdict.outstanding == ("a6",)


def test_without_a_decision_there_is_no_dissent(build):
    """A tie over options has no decided class to dissent from."""
    assert verdict_of(build, "A", "B", "C").dissent == ()


@pytest.mark.parametrize(
    ("origins", "flags"),
    [
        (("live", "live", "live"), ()),
        (("live", "scripted", "live"), ("rehearsal",)),
        (("recorded", "recorded", "recorded"), ("recording",)),
        (("recorded", "scripted", "live"), ("recording", "rehearsal")),
    ],
)
def test_stand_ins_mark_the_verdict(build, origins, flags):
    """One scripted or recorded answer is enough to mark the verdict."""
    events = [build.answered(n, origin=origin) for n, origin in enumerate(origins, start=1)]
    _, effects = feed([build.opened(), *events])

    assert effects[0].verdict.flags == flags


def test_a_failed_stand_in_marks_the_verdict_too(build):
    """A failure that came from a stand-in still marks the verdict as a rehearsal."""
    events = [build.answered(1, statement="failure", origin="scripted"), build.answered(2), build.answered(3)]
    _, effects = feed([build.opened(), *events])

    assert effects[0].verdict.flags == ("degraded", "rehearsal")


def test_a_broken_tie_says_so(build):
    """The stated key breaks a tie of two against two for the first seat's class, and the verdict is flagged."""
    rule = Rule(name="plurality", tie="order")
    verdict = verdict_of(build, "B", "A", "A", "B", rule=rule)

    assert (verdict.outcome, verdict.answer_class, verdict.flags) == ("majority", "B", ("tie_broken",))
    assert verdict.dissent == ("a2", "a3")


def test_open_text_is_one_attributed_statement(build):
    """Of open texts, the first seat of the winning class speaks; the others' dissent is named, not merged."""
    classes = {"a1": "s1", "a2": "s2", "a3": "s2"}
    verdict = verdict_of(build, "", "", "", classes=classes, space=OpenSpace())

    assert (verdict.outcome, verdict.attributed, verdict.answer_class) == ("majority", "a2", "s2")
    assert verdict.dissent == ("a1",)
    assert set(verdict.flags) == {"attributed", "uncompared"}


def test_differing_open_texts_attribute_the_first_seat(build):
    """Three different texts are tied; one is shown as its seat's own, and the others stand in the dissent."""
    classes = {"a1": "s1", "a2": "s2", "a3": "s3"}
    verdict = verdict_of(build, "", "", "", classes=classes, space=OpenSpace())

    assert (verdict.outcome, verdict.answer_class, verdict.attributed) == ("tied", None, "a1")
    assert verdict.dissent == ("a2", "a3")


def test_who_agrees_with_the_attributed_text_does_not_dissent(build):
    """In an undecided split, a seat that holds the attributed statement's class is no dissenter."""
    classes = {"a1": "s1", "a2": "s1", "a3": "s2", "a4": "s2"}
    verdict = verdict_of(build, "", "", "", "", classes=classes, space=OpenSpace())

    assert (verdict.outcome, verdict.attributed) == ("tied", "a1")
    assert verdict.dissent == ("a3", "a4")


def test_one_open_text_below_the_quorum_speaks_for_nobody(build):
    """A single open answer with a quorum of two is attributed to no one."""
    verdict = verdict_of(build, "", "failure", "failure", classes={"a1": "s1"}, space=OpenSpace())

    assert (verdict.outcome, verdict.attributed) == ("no_quorum", None)


def test_equal_open_texts_are_unanimous_and_compared(build):
    """Three texts of one class need no caution about comparison."""
    classes = {"a1": "s1", "a2": "s1", "a3": "s1"}
    verdict = verdict_of(build, "", "", "", classes=classes, space=OpenSpace())

    assert (verdict.outcome, verdict.flags) == ("unanimous", ("attributed",))


def test_the_tally_holds_each_ballot_and_nothing_else(build):
    """The tally names the seats of each class; failures and silence stand in none of its lines."""
    verdict = verdict_of(build, "A", "B", "A", "failure", None, quorum=2, rule=PLURALITY)

    assert {line.answer_class: line.seats for line in verdict.tally} == {"A": ("s1", "s3"), "B": ("s2",)}


def test_confidence_is_not_invented(build):
    """Until it is calibrated, no verdict shows a confidence."""
    assert verdict_of(build, "A", "A", "A").confidence_bp is None


def test_a_failure_with_a_ballot_casts_none():
    """Whatever stands in a failure's ballot field, it is never a vote."""
    assert Standing("s1", "a1", "answered").ballot is None


@pytest.mark.parametrize("said", ["refusal", "abstention", "failure"])
def test_only_answers_vote(build, said):
    """A refusal, an abstention or a failure with a ballot smuggled in casts no ballot."""
    smuggled = build.answered(3, statement=said).model_copy(update={"ballot": "A"})
    state, _ = start(build.opened())
    for event in (build.answered(1, "A"), build.answered(2, "B"), smuggled):
        state, effects = advance(state, event)

    assert effects[0].verdict.outcome == "tied"


def test_verdict_bytes_are_canonical(build):
    """The bytes are RFC 8785: sorted keys, no white space, UTF-8, and they read back to the verdict."""
    verdict = verdict_of(build, "A", "B", None)
    body = verdict.to_bytes()
    again = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert body == again.encode()
    assert json.loads(body) == verdict.model_dump(mode="json")


PROGRAM = """
import json, sys
from magi.core.deliberation import Decide, feed
from magi.core.record import parse_record
records = [parse_record(json.loads(line)) for line in sys.stdin]
_, effects = feed([record.data for record in records])
(verdict,) = [effect.verdict for effect in effects if isinstance(effect, Decide)]
sys.stdout.buffer.write(verdict.to_bytes())
"""


def test_verdict_bytes_do_not_depend_on_the_hash_seed(build):
    """Other processes, under four hash seeds, compute the very same bytes from the records."""
    said = [build.answered(1, "B"), build.answered(2, "A"), build.answered(4, "A"), build.deadline()]
    events = [build.opened(5, barred=(5,), quorum=3, rule=PLURALITY), *said]
    lines = b"\n".join(record.to_bytes() for record in build.records(*events))
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=lines,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "42", "4294967295")
    }

    assert found == {feed(events)[1][-1].verdict.to_bytes()}
