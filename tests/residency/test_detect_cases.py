"""What the shipped detectors make of invented messages by many authors, and what is demanded of each set.

Each line says whether the text must stay in the country. Two demands: of what must stay nearly all is found, of what
is public nearly nothing is. The sets city, ministry and mixed were written by authors who had not seen the rules,
and tuned on afterwards; the others fitted the table of the wording (`manner`), so their figures are those of a
learner on its own lessons. `test_authors_unseen` is the honest one: each set judged by a table fitted to the others.
"""

import importlib.util
import json
from pathlib import Path

import pytest

from magi.residency.detect.build import shipped
from magi.residency.detect.manner import parse_manner

HERE = Path(__file__).parent
TABLE = json.loads((HERE.parents[1] / "magi/residency/detect/manner.json").read_text(encoding="utf-8"))
SETS = tuple(path.stem for path in sorted((HERE / "cases").glob("*.jsonl")))
ALARMS = {"public": 0.08}
"""Exam vignettes, museum texts and reviews of a page each, about illness and crime: as hard as public text gets."""
WORDED = {"plain", "english", "derived", "code"}
"""Formats that are no odd encoding."""


def cases(name):
    """The cases of a set, as their readers see them (marks that break secrets for scanners removed)."""
    lines = (HERE / "cases" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [case | {"text": case["text"].replace("⟦⟧", "")} for case in found]


def share(detectors, some):
    """The share of cases in which anything is found; 1 for none."""
    found = [bool(detectors.find(case["text"])) for case in some]
    return sum(found) / len(found) if found else 1.0


@pytest.fixture(scope="module")
def detectors():
    """The shipped ones."""
    return shipped(None, parse_manner(TABLE))


@pytest.mark.parametrize("name", SETS)
def test_what_must_stay_is_found_and_what_is_public_is_let_go(detectors, name):
    """Of each author's set at least 97 % of what must stay is found, and at most 5 % of what is public."""
    some = cases(name)
    stay = [case for case in some if case["must_stay_domestic"]]
    public = [case for case in some if not case["must_stay_domestic"]]

    assert share(detectors, stay) >= 0.97
    assert not public or share(detectors, public) <= ALARMS.get(name, 0.05)


def test_odd_encodings_are_found(detectors):
    """Of what must stay in any odd spelling or form, over all sets, at least 95 % is found."""
    odd = [
        case
        for name in SETS
        for case in cases(name)
        if case["must_stay_domestic"] and case.get("format", "plain") not in WORDED
    ]

    assert len(odd) > 250
    assert share(detectors, odd) >= 0.95


def test_without_detectors_nothing_is_found():
    """The measure is none of the cases' own: without detectors every text is let go."""
    assert share(shipped().__class__(()), cases(SETS[0])) == 0


@pytest.mark.slow
def test_authors_unseen():
    """Each set judged by a table fitted to all the others: recall and alarms stay near those of the sets it knows."""
    spec = importlib.util.spec_from_file_location("fit_manner", HERE / "fit_manner.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stay, public = [], []
    for name in SETS:
        table = module.table(*module.fit(module.cases(leave_out=name)), TABLE["least"], TABLE["doubt"])
        unseen = shipped(None, parse_manner(table))
        found = {True: [], False: []}
        for case in cases(name):
            found[case["must_stay_domestic"]].append(bool(unseen.find(case["text"])))
        print(f"{name}: {_share(found[True])} found, {_share(found[False])} alarms")  # noqa: T201  # see below
        stay += found[True]
        public += found[False] if name not in ALARMS else []
    recall, alarms = sum(stay) / len(stay), sum(public) / len(public)
    print(f"all: {_share(stay)} found, {_share(public)} alarms")  # noqa: T201  # pytest -s shows the figures

    assert recall >= 0.96
    assert alarms <= 0.05


def _share(found):
    return f"{sum(found)}/{len(found)}"
