"""Both implementations read alike: what one refuses as a field of a record that counts, the other refuses too."""

import copy
import json
from collections import Counter

from magi.core.errors import MalformedFileError
from magi.core.record import parse_record
from magi.core.rules.count import Rule

MISSING = object()
COUNTED = {
    "opened": {"space", "seats", "rule", "quorum", "plan"},
    "answered": {"ask", "card", "statement", "ballot", "failure", "origin"},
    "classified": {"classes"},
    "label_raised": {"plan"},
    "deadline_passed": set(),
    "cancelled": {"asks"},
}
"""What docs/RECOMPUTE.md lists; of `decided`, everything."""
UNREAD = {"persona", "reasons", "bias", "options"}
"""Parts of listed fields that it does not list."""

ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    "",
    "x",
    "x" * 200,
    "x" * 201,
    "\U00020bb7" * 200,
    [],
    [1],
    ["x"],
    [""],
    {},
    {"x": 1},
)
"""Values that fit some field and no other."""


def paths(value, path=()):
    """Every place inside a value of lists and objects."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from paths(value[key], (*path, key))


def at(value, path):
    """What stands at a place."""
    for key in path:
        value = value[key]
    return value


def is_read(verifier, value):
    """Whether the verifier takes the data of a record."""
    return verifier.READ[value["kind"]](value["data"])


def is_record(value):
    """Whether the program takes the record."""
    try:
        parse_record(value)
    except MalformedFileError:
        return False
    return True


def samples(build, logs):
    """A record of each kind that is read, as JSON values."""
    rule = Rule(name="supermajority", share=(2, 3))
    told = [
        build.opened(rule=rule),
        *(build.answered(n, "A") for n in (1, 2)),
        build.answered(3, statement="failure"),
    ]
    told += [build.classified(a1="x"), build.label_raised(), build.cancelled(1)]
    honest = logs.honest(told)
    events = {event.kind: event for event in (build.deadline(), *told, honest[-1])}
    return [json.loads(record.to_bytes()) for record in build.records(*events.values())]


def test_both_refuse_the_same_fields(build, logs, verifier):
    """Of every field that counts, with any odd value or missing, both say alike whether a log may hold it."""
    kinds, differing, answers = set(), [], Counter()
    for whole in samples(build, logs):
        read = whole["data"]
        kinds.add(whole["kind"])
        for path in paths(read):
            if path[0] not in COUNTED.get(whole["kind"], read) or set(path) & UNREAD:
                continue
            for odd in (*ODD, MISSING):
                value = copy.deepcopy(whole)
                place = at(value["data"], path[:-1])
                if odd is not MISSING:
                    place[path[-1]] = odd
                else:
                    del place[path[-1]]
                both = is_read(verifier, value), is_record(value)
                answers.update([both])
                if both[0] != both[1]:
                    differing.append((whole["kind"], path, odd if odd is not MISSING else "missing"))

    assert kinds == set(verifier.READ)
    assert differing == []
    assert set(answers) == {(True, True), (False, False)}
