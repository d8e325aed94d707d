"""Re-arbitration of deliberations with terms: what the verifier of claims said belongs before the verdict, once."""

import pytest

from magi.core.deliberation import feed
from magi.core.record import Checked
from magi.core.said import Claim
from magi.core.space import OpenSpace
from magi.core.terms import CardFacts, Terms
from magi.ledger.entries import StoredEntry
from magi.ledger.scan import StoredStream
from magi.ledger.tree import leaf_hash
from magi.replay.rearbitrate import rearbitrate, rearbitrate_stored

CHECKED = Checked(findings={"a1.c1": "supported"}, method="m")
MODES = ("rebuttal", "severity_floor", "withhold", "barred_alone", "needs_domestic")


@pytest.fixture
def reviewed(build):
    """The events of an open question with reviews, up to the check of the claims."""
    terms = Terms(
        **dict.fromkeys(MODES, False),
        mode="parallel",
        peer_review=True,
        subject=None,
        order=("s1", "s2", "s3"),
        cards={f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=f"l{n}") for n in (1, 2, 3)},
        as_of=str(build.DAY),
    )
    answers = [build.answered(n, "", claims=(Claim(id=f"a{n}.c1", basis="none"),)) for n in (1, 2, 3)]
    classes = build.classified(**{"a1": "x", "a2": "x", "a3": "y", "a2.c1": "a1.c1"})
    reviews = [build.answered(n, "", ask=f"r{n}", stage="review") for n in (1, 2, 3)]
    return [build.opened(space=OpenSpace(), arbitration=terms), *answers, classes, *reviews]


def replayed(build, events):
    """The result of replaying these events, from records and from rows alike."""
    records = build.records(*events)
    rows = [
        StoredEntry(seq, record.stream, record.ordinal, record.kind, data, leaf_hash(data))
        for seq, record in enumerate(records)
        for data in (record.to_bytes(),)
    ]
    found = rearbitrate("d/x", records)

    assert rearbitrate_stored(StoredStream("d/x", tuple(rows))) == found
    return found


def test_a_deliberation_with_terms_replays_to_the_same_bytes(build, reviewed):
    """Reviews and the check of the claims stand in the record: no body is needed."""
    events = [*reviewed, CHECKED]
    verdict = feed(events)[1][-1].verdict
    found = replayed(build, [*events, verdict])

    assert (found.result, found.recomputed) == ("same", verdict.to_bytes())
    assert verdict.arbitration.claims


def test_a_changed_part_of_arbitration_is_different(build, reviewed):
    """What came of a claim is part of the verdict: another status is another verdict."""
    events = [*reviewed, CHECKED]
    verdict = feed(events)[1][-1].verdict
    claims = tuple(line.model_copy(update={"status": "accepted"}) for line in verdict.arbitration.claims)
    changed = verdict.arbitration.model_copy(update={"claims": claims})
    forged = verdict.model_copy(update={"arbitration": changed})

    assert replayed(build, [*events, forged]).result == "different"


def test_a_check_that_comes_too_late_is_malformed(build, reviewed):
    """Findings after the decision, before or after its record, are no honest record; nor is a verdict without them."""
    verdict = feed([*reviewed, CHECKED])[1][-1].verdict
    streams = (
        [*reviewed, verdict],
        [*reviewed, verdict, CHECKED],
        [*reviewed, CHECKED, CHECKED, verdict],
        [*reviewed, CHECKED, verdict, CHECKED],
    )

    assert [replayed(build, events).result for events in streams] == ["malformed"] * len(streams)


def test_a_check_where_none_was_asked_for_moves_nothing(build):
    """Without terms nobody waits for a check: before the decision it is overlooked, after it malformed."""
    answers = [build.opened(), *(build.answered(n) for n in (1, 2, 3))]
    verdict = feed(answers)[1][-1].verdict

    assert replayed(build, [*answers[:2], CHECKED, *answers[2:], verdict]).result == "same"
    assert replayed(build, [*answers, verdict, CHECKED]).result == "malformed"
