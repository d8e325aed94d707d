"""The `magi` object of a verdict with terms: codes and integers for machines, words only where they were opened."""

import json

import pytest

from magi.api.view import extension, unread
from magi.core.calibration import Calibration, Step
from magi.core.decided import Arbitrated, ClaimLine, Decided, Independence, SeatReport
from magi.core.material import Source
from magi.core.space import OpenSpace
from magi.core.terms import CardFacts, Measured, Terms
from magi.service.question import take_question
from magi.service.reply import Deliberation, Statement

CALIBRATED = Calibration(method="isotonic", outcomes=300, steps=(Step(raw_bp=0, shown_bp=8_000),))


@pytest.fixture
def done(build):
    """A decided open deliberation of three seats; `measured` by keyword, words open unless `closed`."""

    def make(*, measured=None, closed=False):
        source = Source(
            id="M1", title_digest="ab" * 32, date="2020-01-01", rank="law", licence="PDL1.0",
            personal=False, label=0, stale=True, position=False,
        )  # fmt: skip
        terms = Terms(
            mode="parallel", rebuttal=False, peer_review=True, severity_floor=True, withhold=True,
            barred_alone=False, needs_domestic=False, subject="tax", order=("s1", "s2", "s3"),
            cards={f"c{n}": CardFacts(bloc="JP", domestic=True, lineage=None, cutoff=None) for n in (1, 2, 3)},
            measured=measured, sources=(source,), as_of="2026-11-22",
        )  # fmt: skip
        reports = tuple(
            SeatReport(
                seat=f"s{n}", ask=f"a{n}", card=f"c{n}", said="answer", answer_class=f"s{n}",
                failure=None, origin="live",
            )
            for n in (1, 2, 3)
        )  # fmt: skip
        line = ClaimLine(
            id="a1.c1", status="unverified", basis="cited", support="unverified", authors=("s1",),
            supporters=("s1", "s2"), opposers=("s3",),
        )  # fmt: skip
        found = Arbitrated(
            review=("unverified_claims",), blocked_by=("a3",), ranking=(("a1",), ("a2", "a3")),
            independence=Independence(seats=3, voices_milli=1_600, measured=True), raw_bp=8_500,
            claims=(line,), coverage=(0, 1),
        )  # fmt: skip
        verdict = Decided(
            outcome="withheld", answer_class=None, attributed="a1", tally=(), seats=reports, dissent=(),
            confidence_bp=8_000, outstanding=(), flags=(), arbitration=found,
        )  # fmt: skip
        records = build.records(build.opened(3, space=OpenSpace(), arbitration=terms), verdict)
        if closed:
            return unread("d/1f", records)
        form = {"answer": "x", "claims": [{"claim": "C", "source": "M1", "quote": "Q"}], "reason": "r"}
        said = {"a1": Statement(json.dumps(form), "x", "r", ())}
        return Deliberation("d/1f", take_question("what?", OpenSpace()), records, said)

    return make


def profile(**changes):
    """What a profile says of these seats."""
    given = {
        "profile": "cd" * 32, "labels": 300, "aggregator": "plurality", "weights": (1, 1, 1), "ranks": (0, 1, 2),
        "odds": (1, 1, 1), "n_eff_centi": 160, "rho_ppm": 437_500, "options": 2, "calibration": CALIBRATED,
        "error_bp": 1_000, "answer_from_bp": 8_000,
    }  # fmt: skip
    return Measured(**(given | changes))


def test_arbitration_is_there_as_codes(done):
    """Review, who blocks (by seat), independence, ranking, rest, day, cut-offs and materials stand as plain JSON."""
    found = extension(done())["arbitration"]

    assert json.loads(json.dumps(found)) == found
    assert (found["review"], found["blocked_by"]) == (["unverified_claims"], ["s3"])
    assert found["independence"] == {"seats": 3, "voices_milli": 1_600, "measured": True}
    assert found["ranking"] == [["a1"], ["a2", "a3"]]
    assert (found["as_of"], found["subject"]) == ("2026-11-22", "tax")
    assert found["knowledge_cutoff"] == {"c1": None, "c2": None, "c3": None}
    assert [(m["id"], m["licence"], m["warnings"]) for m in found["materials"]] == [
        ("M1", "PDL1.0", ["stale_material"])
    ]
    assert "title_digest" not in found["materials"][0]


def test_claims_have_their_words_where_they_were_opened(done):
    """With statements each claim has text, source and quotation, and the reply its sentences; closed, only codes."""
    opened, closed = (extension(done(closed=shut))["arbitration"] for shut in (False, True))

    assert opened["claims"][0]["text"] == "C"
    assert (opened["claims"][0]["source"], opened["claims"][0]["quote"]) == ("M1", "Q")
    assert opened["sentences"] == [
        {"text": "C", "claims": ["a1.c1"], "seats": ["s1", "s2"], "unverified": True}
    ]
    assert closed["sentences"] == []
    assert "text" not in closed["claims"][0]
    assert closed["claims"][0]["status"] == "unverified"


@pytest.mark.parametrize(
    ("measured", "shown", "reached"),
    [
        (profile(), 8_000, True),
        (profile(answer_from_bp=8_501), 8_000, False),
        (profile(answer_from_bp=None), 8_000, False),
        (profile(calibration=Calibration(outcomes=3)), None, True),
    ],
)
def test_an_uncalibrated_confidence_is_in_no_field(done, measured, shown, reached):
    """Where the probability was not calibrated it is null wherever it would stand; a promise is told by itself."""
    found = extension(done(measured=measured))

    assert found["confidence_bp"] == shown
    assert found["arbitration"]["confidence"]["shown_bp"] == shown
    assert found["arbitration"]["confidence"]["promise_reached"] is reached
    assert found["arbitration"]["confidence"]["labels"] == 300


def test_a_council_without_terms_has_no_arbitration(build):
    """A verdict of version 1 has the field, and it is null."""
    opened = build.opened(3)
    verdict = Decided(
        outcome="tied", answer_class=None, attributed=None, tally=(), seats=(), dissent=(), confidence_bp=None,
        outstanding=(), flags=(),
    )  # fmt: skip

    assert extension(unread("d/1f", build.records(opened, verdict)))["arbitration"] is None
