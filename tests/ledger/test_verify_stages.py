"""What a check asks of asks beyond the first round, and of ballots that name several options."""

import pytest

from magi.core.acts import Adopted, BiasMeasured, ProfileFitted
from magi.core.rules.count import RANKED, Rule
from magi.core.said import Reviewed, Written
from magi.core.space import OpenSpace, YesNoConditionalSpace
from magi.core.terms import Terms
from magi.ledger.verify_records import Records
from magi.ledger.verify_report import Findings

DIGEST = "ab" * 32
TERMS = Terms(
    mode="parallel", rebuttal=True, peer_review=True, severity_floor=False, withhold=False, barred_alone=False,
    needs_domestic=False, subject=None, order=("s1", "s2", "s3"), cards={}, as_of="2026-11-22",
)  # fmt: skip


def problems(build, *events, stream="d/x"):
    """What a check finds in the records of one stream."""
    findings = Findings()
    records = Records(findings)
    for seq, record in enumerate(build.records(*events, stream=stream), start=1):
        records.read((seq, record.to_bytes(), b"", record.stream, record.ordinal, record.kind))
    return [found.what for found in findings.problems]


def answer(build, ask, **changes):
    """An answer to an ask of that letter and seat number, without a send."""
    return build.answered(int(ask[1:]), **({"ask": ask, "attempt": 0} | changes))


@pytest.mark.parametrize(
    ("ballot", "problem"),
    [
        ("B>A=C", None),
        ("A", None),
        ("A=B=C", None),
        ("C>B", None),
        ("B>Z", "ballot_outside"),
        ("B>A>B", "ballot_outside"),
        ("A=A", "ballot_outside"),
        ("", "ballot_outside"),
        ("A>", "ballot_outside"),
        ("A+C", "ballot_outside"),
        ("-", "ballot_outside"),
    ],
)
@pytest.mark.parametrize("rule", sorted(RANKED))
def test_a_ranking_names_what_is_there_once(build, rule, ballot, problem):
    """Under a rule that ranks, a ballot on a choice is in tiers of options, none twice."""
    opened = build.opened(rule=Rule(name=rule), arbitration=TERMS)

    assert problems(build, opened, answer(build, "a1", ballot=ballot)) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("ballot", "problem"),
    [
        ("A+C", None),
        ("B", None),
        ("-", None),
        ("A+Z", "ballot_outside"),
        ("A+A", "ballot_outside"),
        ("A>B", "ballot_outside"),
        ("", "ballot_outside"),
        ("A+-", "ballot_outside"),
    ],
)
def test_an_approval_names_what_is_there_once(build, ballot, problem):
    """Under approval a ballot on a choice names options, none twice, or none at all by its sign."""
    opened = build.opened(rule=Rule(name="approval"), arbitration=TERMS)

    assert problems(build, opened, answer(build, "a1", ballot=ballot)) == ([problem] if problem else [])


@pytest.mark.parametrize("ballot", ["B>A=C", "A+C", "-"])
@pytest.mark.parametrize("rule", ["majority", "plurality", "weighted", "chosen"])
def test_under_other_rules_a_ballot_is_one_option(build, rule, ballot):
    """A ranking where one answer was asked for is a ballot outside the space."""
    opened = build.opened(rule=Rule(name=rule), arbitration=TERMS)

    assert problems(build, opened, answer(build, "a1", ballot=ballot)) == ["ballot_outside"]


@pytest.mark.parametrize(("ballot", "problem"), [("yes", None), ("yes>no", "ballot_outside")])
def test_a_ranked_rule_leaves_other_spaces_as_they_are(build, ballot, problem):
    """On a yes-no question a ballot is one answer, whatever the rule."""
    opened = build.opened(rule=Rule(name="schulze"), arbitration=TERMS, space=YesNoConditionalSpace())

    assert problems(build, opened, answer(build, "a1", ballot=ballot)) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("ask", "changes", "problem"),
    [
        ("b1", {}, None),
        ("b1", {"ballot": "Z"}, "ballot_outside"),
        ("b1", {"seat": "s2"}, "other_seat"),
        ("b1", {"ballot": None}, "ballot_form"),
        ("b3", {"attempt": 1}, "no_ticket"),
        ("b9", {"seat": "s1"}, None),
        ("r1", {"ballot": None, "review": Reviewed(ranking=(("a2",),), votes={})}, None),
        ("q1", {"ballot": "", "review": Reviewed(ranking=(("a2",),), votes={})}, None),
        ("w2", {"ballot": None, "written": Written(sentences=(("a1.c1",),), removed=0)}, None),
        ("r1", {"ballot": "A"}, "ballot_form"),
        ("w1", {"ballot": "A"}, "ballot_form"),
        ("r1", {"ballot": None, "seat": "s2"}, "other_seat"),
        ("w1", {"ballot": None, "statement": "failure"}, None),
    ],
)
def test_every_stage_is_its_seats(build, ask, changes, problem):
    """Rebuttals vote as answers do; reviews and drafts cast no ballot; all of them are their own seat's."""
    found = problems(build, build.opened(arbitration=TERMS), answer(build, ask, **changes))

    assert found == ([problem] if problem else [])


def test_reviews_of_open_text_pass(build):
    """An open question has answers with an empty ballot and reviews with none."""
    opened = build.opened(space=OpenSpace(), arbitration=TERMS)
    events = [
        answer(build, "a1", ballot=""),
        answer(build, "r1", ballot=None),
        answer(build, "q1", ballot=""),
    ]

    assert problems(build, opened, *events) == []


def test_without_terms_there_are_answers_only(build):
    """Under version 1 an ask of a later stage is one that nobody opened: nobody's, and no seat is missed."""
    assert problems(build, build.opened(), answer(build, "b1", seat="s2")) == []


@pytest.mark.parametrize(
    ("event", "stream"),
    [
        (Adopted(stream="d/x", verdict=DIGEST, decision="adopted", by="p"), "adoptions"),
        (ProfileFitted(council="c", profile=DIGEST, labels=3, cards={}, by="p"), "config"),
        (BiasMeasured(card="c1", card_digest=DIGEST, battery=DIGEST, origin="live", topics=()), "config"),
    ],
    ids=["adopted", "profile_fitted", "bias_measured"],
)
def test_acts_stand_in_their_own_streams(build, event, stream):
    """An act of adoption, a fitted profile and a bias finding are looked for in one stream only."""
    assert "stream_of_kind" not in problems(build, event, stream=stream)
    assert "stream_of_kind" in problems(build, event, stream="d/x")
