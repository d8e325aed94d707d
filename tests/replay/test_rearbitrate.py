"""Re-arbitration: same, different, open, refused, malformed; from records alone."""

import itertools
import json

import pytest

from magi.core.deliberation import feed
from magi.core.record import Refused, parse_record
from magi.core.rules.count import Rule
from magi.core.space import OpenSpace
from magi.replay.rearbitrate import rearbitrate

REFUSED = Refused(by="planner", reason="too_few_seats", ask=None, attempt=None, card=None, label=1, plan=())


@pytest.fixture
def whole(build):
    """The events of a decided deliberation: A against B and silence."""
    events = [build.opened(), build.answered(1, "A"), build.answered(2, "A"), build.deadline()]
    events.append(build.cancelled(3, by="core"))
    return [*events, feed(events)[1][-1].verdict]


def replayed(build, events):
    """The result of replaying these events as one stream."""
    return rearbitrate("d/x", build.records(*events))


def test_an_honest_record_replays_to_the_same_bytes(build, whole):
    """What was recorded is what is recomputed, byte for byte."""
    found = replayed(build, whole)

    assert (found.result, found.outcome) == ("same", "majority")
    assert found.recorded == found.recomputed == whole[-1].to_bytes()


def test_records_read_from_their_bytes_replay_the_same(build, whole):
    """Replay needs the stored bytes only."""
    records = [parse_record(json.loads(r.to_bytes())) for r in build.records(*whole)]

    assert rearbitrate("d/x", records).result == "same"


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "unanimous"},
        {"answer_class": "B"},
        {"dissent": ("a1",)},
        {"flags": ()},
        {"outstanding": ()},
        {"confidence_bp": 9_900},
        {"tally": ()},
    ],
)
def test_a_verdict_that_was_changed_is_different(build, whole, change):
    """Any field of the recorded verdict that the core does not reach shows."""
    found = replayed(build, [*whole[:-1], whole[-1].model_copy(update=change)])

    assert found.result == "different"
    assert found.recorded != found.recomputed == whole[-1].to_bytes()


def test_a_changed_answer_or_rule_is_different(build, whole):
    """Another ballot, quorum or rule under the same verdict shows."""
    other = [
        [whole[0], build.answered(1, "B"), *whole[2:]],
        [whole[0].model_copy(update={"quorum": 3}), *whole[1:]],
        [
            whole[0].model_copy(update={"rule": Rule(name="unanimity")}),
            *[whole[1], build.answered(2, "B")],
            *whole[3:],
        ],
    ]

    assert [replayed(build, events).result for events in other] == ["different"] * 3


def test_the_arrival_order_of_the_same_statements_does_not_matter(build):
    """The same answers in any recorded order replay to the same verdict bytes."""
    answers = [build.answered(1, "A"), build.answered(2, "B"), build.answered(3, "A")]
    verdict = feed([build.opened(), *answers])[1][-1].verdict

    for turned in itertools.permutations(answers):
        found = replayed(build, [build.opened(), *turned, verdict])

        assert (found.result, found.recomputed) == ("same", verdict.to_bytes())


def test_no_verdict_yet_is_open(build, whole):
    """Any prefix before the verdict is open, also one on which the core could decide."""
    for end in range(1, len(whole)):
        found = replayed(build, whole[:end])

        assert (found.result, found.recorded, found.recomputed) == ("open", None, None)


def test_a_planners_refusal_is_refused(build):
    """A stream that holds the planner's refusal alone had nothing to decide."""
    assert replayed(build, [REFUSED]).result == "refused"


def test_anything_without_its_intent_is_malformed(build, whole):
    """A verdict without an opening, answers without one, a refusal with a verdict, and an empty stream."""
    streams = ([whole[-1]], whole[1:], whole[1:-1], [REFUSED, whole[-1]], [whole[-1], whole[0]], [])

    assert [replayed(build, events).result for events in streams] == ["malformed"] * len(streams)


def test_a_verdict_the_core_does_not_reach_is_malformed(build, whole):
    """A verdict while seats still run is not the core's."""
    found = replayed(build, [*whole[:3], whole[-1]])

    assert (found.result, found.recomputed) == ("malformed", None)


def test_two_verdicts_are_malformed(build, whole):
    """One deliberation, one verdict, even if they agree."""
    assert replayed(build, [*whole, whole[-1]]).result == "malformed"


def test_an_answer_after_the_decision_is_malformed(build, whole):
    """What the core was no longer asking for, before or after the verdict, is no honest record."""
    late = build.answered(3, "B")

    assert replayed(build, [*whole[:-1], late, whole[-1]]).result == "malformed"
    assert replayed(build, [*whole, late]).result == "malformed"


@pytest.mark.parametrize("classes", [{}, {"a1": "s1"}])
def test_classes_that_leave_an_answer_out_are_malformed(build, classes):
    """A verdict on classes that do not name every answer cannot be recomputed: malformed, not a crash."""
    events = [build.opened(space=OpenSpace()), *(build.answered(n, "") for n in (1, 2, 3))]
    verdict = feed([*events, build.classified(a1="s1", a2="s1", a3="s1")])[1][-1].verdict

    assert replayed(build, [*events, build.classified(**classes), verdict]).result == "malformed"


def test_open_text_replays_from_its_classes(build):
    """Classes stand in the record: no body is needed."""
    events = [build.opened(space=OpenSpace()), *(build.answered(n, "") for n in (1, 2, 3))]
    events.append(build.classified(a1="s1", a2="s2", a3="s1"))
    verdict = feed(events)[1][-1].verdict

    assert replayed(build, [*events, verdict]).result == "same"
