"""docs/RECOMPUTE.md against both implementations: its worked examples, and its table of odd cases."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from magi.core.record import AttemptFailed, Checked, parse_record
from magi.core.rules.count import Rule
from magi.core.space import OpenSpace
from magi.replay.rearbitrate import rearbitrate

DOCUMENT = Path(__file__).parents[2] / "docs/RECOMPUTE.md"
EXAMPLE = re.compile(
    r"SHA-256 of the verdict: `([0-9a-f]{64})` \((\d+) bytes\)\.\n\n```json\n(.*?)```", re.DOTALL
)
EXAMPLES = EXAMPLE.findall(DOCUMENT.read_text(encoding="utf-8"))
NAMES = ("choice", "conditional", "open", "sequential", "rebuttal", "reviewed")
VERDICT = '{"kind":"decided","data":'


def whole(build, lines):
    """The records of an example with all that the document leaves out filled in with anything."""
    full = {
        "opened": build.opened(),
        "answered": build.answered(1),
        "classified": build.classified(a1="x"),
        "checked": Checked(findings={}, method="m"),
        "label_raised": build.label_raised(),
        "deadline_passed": build.deadline(),
        "cancelled": build.cancelled(1),
    }
    records = []
    for ordinal, line in enumerate(lines):
        value = json.loads(line)
        filled = full[value["kind"]].model_dump(mode="json") if value["kind"] in full else {}
        envelope = build.records(build.deadline())[0].model_dump(mode="json")
        data = filled | value["data"]
        if value["kind"] == "opened" and "arbitration" in value["data"]:
            data["arbitration"] = whole_terms(build, value["data"]["arbitration"])
        if data.get("written"):
            data["written"] |= {"removed": 0}
        if "plan" in data:
            data["plan"] = [{"reasons": []} | line for line in data["plan"]]
        if "seats" in data and "quorum" in data:
            data["seats"] = [{"persona": "p"} | seat for seat in data["seats"]]
        records.append(parse_record(envelope | {"ordinal": ordinal, "kind": value["kind"], "data": data}))
    return records


def whole_terms(build, terms):
    """Terms of an example with all that the document leaves out filled in with anything."""
    full = {"subject": None, "as_of": "2026-11-22"} | terms
    full["rested"] = [{"why": "gate", "topic": "t"} | seat for seat in terms.get("rested", [])]
    if terms.get("measured"):
        full["measured"] = {"profile": build.HASH, "labels": 9, "error_bp": 1_000} | terms["measured"]
    return full


def both(logs, audit, records):
    """The result and the digest of the verdict by the program and by the auditor's verifier."""
    found = rearbitrate("d/x", records)
    report = audit(logs.of(records)).report
    line = report["streams"][0]

    assert report["wrong"] == []
    assert line["result"] == found.result
    if found.recomputed is not None:
        assert line["recomputed"] == hashlib.sha256(found.recomputed).hexdigest()
    return found


def test_the_document_has_its_examples():
    """All the worked examples are found, so that the next test cannot be empty."""
    assert len(EXAMPLES) == DOCUMENT.read_text(encoding="utf-8").count("```json") == len(NAMES)


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_worked_examples(build, logs, audit, example):
    """Every worked example gives `same` twice over, and the verdict's bytes are those that it prints."""
    digest, length, block = example
    lines = block.splitlines()
    printed = lines[-1].removeprefix(VERDICT).removesuffix("}").encode()
    found = both(logs, audit, whole(build, lines))

    assert (hashlib.sha256(printed).hexdigest(), len(printed)) == (digest, int(length))
    assert (found.result, found.recomputed) == ("same", printed)


@pytest.mark.parametrize(("digest", "length", "block"), EXAMPLES, ids=NAMES)
def test_worked_examples_stand_alone(verifier, digest, length, block):
    """Every worked example can be computed from the lines that are printed, with nothing filled in."""
    records = [(line["kind"], line["data"]) for line in map(json.loads, block.splitlines())]
    found = verifier.recompute("d/x", records)

    assert (found.result, len(found.recomputed)) == ("same", int(length))
    assert hashlib.sha256(found.recomputed).hexdigest() == digest


def odd_cases(build):
    """Section 7: a name, the records after `opened`, what `opened` changes, and the result with its marks."""
    a, raised, cancelled, late = build.answered, build.label_raised, build.cancelled, build.deadline()
    op = {"space": OpenSpace()}
    said = [a(1, ""), a(2, ""), a(3, "")]
    split = [a(1, "A"), a(2, "B"), a(3, "C")]
    agreed = [a(1), a(2), a(3)]
    one, two, three = [{f"a{n}": "x" for n in range(1, last + 1)} for last in (1, 2, 3)]
    classes = [build.classified(**each) for each in (one, two, three)]
    order = Rule(name="plurality", tie="order")
    barred = {"plan": build.plan(3, barred=(1, 2, 3))}
    refusals = [a(n, statement="refusal") for n in (1, 2, 3)]
    again = [a(1, "A"), a(1, "B"), a(2, "A"), a(3, "A")]
    unanimity = {"rule": Rule(name="unanimity")}
    yield "abstentions", {}, [a(n, statement="abstention") for n in (1, 2, 3)], "same", "no_quorum", []
    yield "refusals_of_open_text", op, refusals, "same", "no_quorum", []
    yield "deadline_alone", {}, [late], "same", "no_quorum", ["degraded"]
    yield "nobody_admitted", barred, [], "same", "no_quorum", ["degraded"]
    yield "nobody_admitted_deadline", barred, [late], "malformed", None, None
    yield "answer_after_deadline", {}, [a(1), a(2), late, a(3)], "malformed", None, None
    yield (
        "open_late",
        op,
        [*said[:2], late, said[2], classes[1]],
        "same",
        "majority",
        ["attributed", "degraded"],
    )
    yield "open_classes_of_two", op, [*said, classes[1]], "malformed", None, None
    yield "open_classes_at_last", op, [*said, classes[1], classes[2]], "same", "unanimous", ["attributed"]
    failures = [a(n, statement="failure") for n in (2, 3)]
    yield "open_no_quorum", op, [said[0], *failures, classes[0]], "same", "no_quorum", ["degraded"]
    yield "second_answer", {}, again, "same", "unanimous", []
    yield "answer_after_the_last", {}, [*agreed, a(3)], "malformed", None, None
    yield "quorum_9", {"quorum": 9}, agreed, "same", "no_quorum", []
    rise = [a(1), raised(barred=(1, 3)), a(3), a(2)]
    yield "raised", {}, rise, "same", "majority", ["degraded"]
    decided_by = [a(1), a(2), raised(barred=(3,)), cancelled(3)]
    yield "raised_then_cancelled", {}, decided_by, "same", "majority", ["degraded"]
    yield "answer_of_cancelled_last", {}, [a(1), a(2), cancelled(3), a(3)], "malformed", None, None
    yield "answer_of_cancelled", {}, [a(1), cancelled(3), a(3), a(2)], "same", "majority", ["degraded"]
    yield "three_ways", {"rule": order}, split, "same", "tied", []
    yield "failure_under_unanimity", unanimity, [a(1), a(2), failures[1]], "same", "majority", ["degraded"]
    yield "one_and_refusals", {"quorum": 1}, [a(1), *refusals[1:]], "same", "majority", []


def test_odd_cases(build, logs, audit):
    """Every row of the table of odd cases holds in both implementations, with its outcome and flags."""
    seen = {}
    for name, opened, events, result, outcome, flags in odd_cases(build):
        intent = build.opened(**opened)
        verdict = next(iter(v for v in (logs.honest([intent, *events])[-1],) if v.kind == "decided"), None)
        verdict = verdict or logs.honest([build.opened(), *(build.answered(n) for n in (1, 2, 3))])[-1]
        found = both(logs, audit, build.records(intent, *events, verdict))
        reached = json.loads(found.recomputed) if result == "same" else {"outcome": None, "flags": None}
        seen[name] = (found.result, reached["outcome"], reached["flags"]) == (result, outcome, flags)

    assert [name for name, holds in seen.items() if not holds] == []
    assert len(seen) == 20


@pytest.mark.parametrize(
    ("after", "result"),
    [("cancelled", "same"), ("label_raised", "same"), ("opened", "same"), ("deadline", "malformed")],
)
def test_after_the_verdict(build, logs, audit, after, result):
    """What may follow a verdict, and what may not, is the same in both."""
    makers = {"cancelled": lambda: build.cancelled(1), "label_raised": build.label_raised}
    event = makers.get(after, getattr(build, after))()
    events = logs.honest([build.opened(), *(build.answered(n) for n in (1, 2, 3))])

    assert both(logs, audit, build.records(*events, event)).result == result


def test_what_moves_nothing(build, logs, audit):
    """A kind that moves nothing changes nothing, wherever it stands."""
    failed = AttemptFailed(ask="a1", attempt=1, card="c1", failure="timed_out", sent="no")
    events = logs.honest([build.opened(), *(build.answered(n) for n in (1, 2, 3))])
    apart = [piece for event in events for piece in (event, failed)]

    assert both(logs, audit, build.records(*apart)).result == "same"
