"""Both implementations read alike: what one refuses as a field of a record that counts, the other refuses too."""

import copy
import itertools
import json
from collections import Counter

from magi.core.calibration import Calibration, Step
from magi.core.decided import Arbitrated, ClaimLine, Decided, Independence, Move
from magi.core.errors import MalformedFileError
from magi.core.material import Source
from magi.core.record import Checked, parse_record
from magi.core.rules.count import Rule
from magi.core.said import Claim, Reviewed, Written
from magi.core.terms import CardFacts, Measured, Rested, Terms

MISSING = object()
COUNTED = {
    "opened": {"space", "seats", "rule", "quorum", "plan", "arbitration"},
    "answered": {
        *("ask", "card", "statement", "ballot", "failure", "origin"),
        *("claims", "severity", "repeats", "review", "written"),
    },
    "classified": {"classes"},
    "checked": {"findings", "contradicting"},
    "label_raised": {"plan"},
    "deadline_passed": set(),
    "cancelled": {"asks", "by"},
}
"""What docs/RECOMPUTE.md lists; of `decided`, everything."""
UNREAD = {
    *("persona", "reasons", "bias", "subject", "as_of", "why", "topic", "cutoff", "distrusted", "removed"),
    *("profile", "labels", "error_bp", "certain_from_bp", "outcomes"),
    *("title_digest", "date", "rank", "licence", "personal", "label", "position"),
}
UNREAD_IN = {("measured", "rebuttal"), ("sources", "id")}
"""Parts of listed fields that it does not list, by name or with the name before it."""
STRICTER = {"blocked_by", "ranking", "moves", "raw_bp", "claims", "coverage", "draft"}
"""Parts of `decided.arbitration` that the program would fill in and a verifier refuses to guess."""

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


def names_in(path):
    """The names of fields on the way to a place, without places in lists."""
    return tuple(part for part in path if isinstance(part, str))


def is_listed(kind, path):
    """Whether the document lists what stands at a place."""
    names = names_in(path)
    listed = kind == "decided" or names[0] in COUNTED[kind]
    return listed and not set(names) & UNREAD and names[-2:] not in UNREAD_IN


def is_stricter(kind, path, odd):
    """Whether one alone refuses.

    The verifier: a verdict with terms has every field, one without has no null for them. The program: of a
    calibration every field may be absent, and a verifier overlooks strange ones.
    """
    names = names_in(path)
    if names[-1] == "calibration":
        return odd == {"x": 1}
    if kind != "decided" or names[0] != "arbitration":
        return False
    return (len(names) == 1 and odd is None) or (len(path) == 2 and names[1] in STRICTER and odd is MISSING)


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


def samples_with_terms(build):
    """Records with terms, in which nothing is empty that can be full: made by hand, since no one verdict has it all."""
    numbers = (1, 2, 3)
    steps = (Step(raw_bp=100, shown_bp=90), Step(raw_bp=6_000, shown_bp=5_500))
    measured = Measured(
        profile=build.HASH,
        labels=9,
        aggregator="logit",
        weights=numbers,
        ranks=numbers,
        odds=numbers,
        n_eff_centi=250,
        rho_ppm=5,
        options=4,
        error_bp=1_000,
        calibration=Calibration(method="isotonic", steps=steps),
        answer_from_bp=7,
    )
    source = Source(
        id="M1",
        title_digest=build.HASH,
        date=None,
        rank="law",
        licence="x",
        personal=False,
        label=0,
        stale=True,
        position=False,
    )
    flags = ("rebuttal", "peer_review", "severity_floor", "withhold", "barred_alone", "needs_domestic")
    terms = Terms(
        **dict.fromkeys(flags, True),
        mode="sequential",
        subject=None,
        order=("s3", "s1"),
        rested=(Rested(seat="s2", why="gate", topic="t"),),
        writers=("s1",),
        cards={"c1": CardFacts(bloc="JP", domestic=True, lineage="l")},
        measured=measured,
        contested={"A": ("history",)},
        sources=(source,),
        as_of=str(build.DAY),
    )
    lean = terms.model_copy(update={"measured": measured.model_copy(update={"calibration": Calibration()})})
    rule = Rule(name="chosen", tie="reliable")
    intents = [build.opened(rule=rule, arbitration=each) for each in (terms, lean)]
    told = build.answered(
        1,
        claims=(Claim(id="a1.c1", basis="cited"),),
        severity="legality",
        repeats=("history",),
        review=Reviewed(ranking=(("a2",), ("a3",)), votes={"a2.c1": "accept"}),
        written=Written(sentences=(("a1.c1",),), removed=0),
    )
    checked = Checked(findings={"a1.c1": "supported"}, contradicting=(("a1.c1", "a2.c1"),), method="m")
    line = ClaimLine(
        id="a1.c1",
        status="accepted",
        basis="cited",
        support="supported",
        authors=("s1",),
        supporters=("s1",),
        opposers=("s2",),
    )
    arbitrated = Arbitrated(
        review=("tied",),
        blocked_by=("a1",),
        ranking=(("A", "B"), ("C",)),
        moves=(Move(seat="s1", before="A", after="B"),),
        independence=Independence(seats=3, voices_milli=1_500, measured=True),
        raw_bp=5,
        claims=(line,),
        coverage=(1, 2),
        draft="w1",
    )
    verdict = Decided(
        outcome="single_seat",
        answer_class="A",
        attributed="a1",
        confidence_bp=5,
        tally=(),
        seats=(),
        dissent=("a1",),
        outstanding=("a1",),
        flags=("tied",),
        arbitration=arbitrated,
    )
    return [json.loads(record.to_bytes()) for record in build.records(*intents, told, checked, verdict)]


def test_both_refuse_the_same_fields(build, logs, verifier):
    """Of every field that counts, with any odd value or missing, both say alike whether a log may hold it."""
    kinds, differing, answers = set(), [], Counter()
    for whole in (*samples(build, logs), *samples_with_terms(build)):
        kind = whole["kind"]
        kinds.add(kind)
        for path in paths(whole["data"]):
            for odd in (*ODD, MISSING) if is_listed(kind, path) else ():
                value = copy.deepcopy(whole)
                place = at(value["data"], path[:-1])
                if odd is not MISSING:
                    place[path[-1]] = odd
                else:
                    del place[path[-1]]
                both = is_read(verifier, value), is_record(value)
                answers.update([both])
                if both[0] != both[1] and not is_stricter(kind, path, odd):
                    differing.append((kind, path, odd if odd is not MISSING else "missing"))

    assert kinds == set(verifier.READ)
    assert differing == []
    assert answers[True, True] > 100 < answers[False, False]


def test_both_refuse_the_same_words_and_terms(build, verifier):
    """Words that only some rules know, and terms of other seats, are refused by both."""
    whole = samples_with_terms(build)[0]["data"]
    terms = whole["arbitration"]
    changes = [
        *(
            {"rule": {"name": name, "tie": "none", "share": None}}
            for name in ("borda", "kemeny", "chosen", "dice")
        ),
        *(
            {"rule": {"name": "plurality", "tie": tie, "share": None}}
            for tie in ("options", "reliable", "coin")
        ),
        *(
            {"arbitration": terms | {"order": order}}
            for order in ([], ["s1"], ["s3", "s1", "s2"], ["s1", "s1"])
        ),
        *({"arbitration": terms | {"writers": names}} for names in ([], ["s2", "s2"], ["s9"])),
        {"arbitration": terms | {"measured": terms["measured"] | {"ranks": [0, 1]}}},
        {"arbitration": terms | {"measured": terms["measured"] | {"odds": [0, 1, 6_001]}}},
        {"arbitration": terms | {"contested": {"A": ["History"]}}},
        {"space": {"kind": "choice", "options": ["A", "A"]}},
        *({"space": {"kind": "choice", "options": list("ABCDEFG"[:n])}} for n in (1, 6, 7)),
    ]
    answers = Counter()
    for change, terms_too, rule in itertools.product(changes, (True, False), ("kemeny", "plurality")):
        plain = {"rule": {"name": rule, "tie": "none", "share": None}}
        data = whole | plain | ({} if terms_too else {"arbitration": None}) | change
        record = json.loads(build.records(build.opened())[0].to_bytes()) | {"data": data}
        both = is_read(verifier, record), is_record(record)
        answers.update([both])

        assert both[0] == both[1]

    assert answers[True, True] > 10 < answers[False, False]
