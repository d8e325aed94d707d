"""The parts of a check: its tree is the tree, its canonical form is RFC 8785, its envelope is the record's."""

import json
import random

import pytest

from magi.core.acts import AccessApproved, Accessed, AccessRequested, Held
from magi.core.canonical import canonical
from magi.core.errors import MalformedFileError
from magi.core.record import Configured, Record, Ticketed, parse_record
from magi.ledger.note_key import new_signer
from magi.ledger.tree import Frontier, leaf_hash, merkle_root
from magi.ledger.verify_head import KeyHistory
from magi.ledger.verify_records import Records, Retention, envelope, fits, is_canonical, whole
from magi.ledger.verify_report import Findings
from magi.ledger.verify_tree import TileTree

LEAVES = [leaf_hash(str(n).encode()) for n in range(66_000)]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 513, 65_535, 65_536, 65_793])
@pytest.mark.parametrize("step", [1_000, 333])
def test_the_tree_in_tiles_is_the_tree(size, step):
    """Root and edge are those of the plain frontier, whatever pieces the leaves come in."""
    plain, tiled = Frontier(), TileTree(lambda *_: None)
    plain.extend(LEAVES[:size])
    for start in range(0, size, step):
        tiled.extend(LEAVES[start : min(size, start + step)])

    assert (tiled.size, tiled.root(), tiled.edge) == (size, plain.root(), plain.edge)


def test_the_tree_tells_its_full_tiles_and_the_roots_that_were_wanted():
    """Each full tile once with its hashes, the rest as partial, and a root at every wanted size."""
    tiles, wanted = {}, [0, 1, 256, 300, 600, 9_999]
    tree = TileTree(lambda level, number, hashes: tiles.update({(level, number): hashes}), wanted)
    tree.extend(LEAVES[:600])

    assert tiles == {(0, 0): b"".join(LEAVES[:256]), (0, 1): b"".join(LEAVES[256:512])}
    assert [(level, number, len(hashes)) for level, number, hashes in tree.partial] == [
        (0, 2, 88 * 32),
        (1, 0, 2 * 32),
    ]
    assert dict(tree.roots) == {size: merkle_root(LEAVES[:size]) for size in wanted[:-1]}


STRINGS = [
    "",
    'q"uote',
    "back\\slash",
    "line\n\t\r\b\f\x00\x1f\x7f",
    "漢字",
    "\u2028\u2029",
    "😀",
    "\ufb33",
    "é",
    "é",
]


@pytest.mark.parametrize("value", [{text: [text, 2**53 - 1, -1, None, True]} for text in STRINGS])
def test_canonical_bytes_are_taken(value):
    """What RFC 8785 gives for any string is canonical here, and nothing else is."""
    data = canonical(value)

    assert is_canonical(whole(data), data)
    for other in (
        json.dumps(value).encode(),
        data + b" ",
        data.replace(b"-1", b"-1.0"),
        data.replace(b"-1", b"-01"),
        data.replace(b"null", b"nul"),
        data.replace(b"9007199254740991", b"9007199254740993"),
        b"\xef\xbb\xbf" + data,
    ):
        read = whole(other)
        assert read is None or not is_canonical(read, other)


def test_keys_are_ordered_as_utf_16():
    """Beyond U+FFFF the order of RFC 8785 differs from that of code points; both spellings are told apart."""
    value = {"😀": 1, "\ufb33": 2}
    sorted_by_code_point = json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()

    assert canonical(value) != sorted_by_code_point
    assert is_canonical(whole(canonical(value)), canonical(value))
    assert not is_canonical(whole(sorted_by_code_point), sorted_by_code_point)


@pytest.mark.parametrize(
    "data",
    [{"kind": "x", "refs": [1]}, {"text": ',"kind":"fake"'}, {"a": {"kind": "held"}}, {"refs": [], "v": 2}],
)
def test_the_envelope_is_the_records_own(data):
    """Whatever an event holds, kind, refs and stream are those of the record around it."""
    value = {"actor": "m", "at_ms": 1, "data": data, "kind": "ticketed", "log": "l", "ordinal": 3}
    value |= {"refs": [{"commitment": "ab", "length": 1, "name": ',"kind":"x"'}], "stream": "d/1", "v": 1}
    read = envelope(canonical(value))

    assert read == {name: value[name] for name in ("kind", "log", "ordinal", "refs", "stream", "v")}


@pytest.mark.parametrize(
    "data", [b"", b"3", b"{}", b"{", b"\xff", b"[" * 60_000, b'{"kind":"x"', b'"\\ud800"']
)
def test_what_is_no_record_has_no_envelope(data):
    """Bytes of any kind end in nothing, or in a mapping, never in an error."""
    assert envelope(data) in (None, {})


def test_findings_are_bounded_and_in_log_order():
    """The first thousand are kept; those with a place come first, by place."""
    findings = Findings()
    for seq in (5, None, 2):
        findings.add("row", seq, "d/\udcff", "no number")
    for _ in range(2_000):
        findings.add("row")

    assert len(findings.problems) == 1_000
    assert [problem.seq for problem in findings.in_log_order()[:3]] == [2, 5, None]
    assert (findings.problems[0].stream, findings.problems[0].ordinal) == ("d/\ufffd", None)


VALUES = [
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    2**53 - 1,
    "",
    "answer",
    "x" * 201,
    "ab" * 32,
    [],
    ["a"],
    {},
    {"a": "b"},
]


def _places(value, path=()):
    """Every place in a decoded value."""
    yield path
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _places(item, (*path, key))


def _put(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(value[path[0]], path[1:], new)
    return copy


def _parses(value):
    try:
        parse_record(value)
    except MalformedFileError:
        return False
    return True


def test_the_quick_schema_is_the_schema(drafts):
    """Records of several kinds with any one value changed: bytes pass exactly where `parse_record` takes them."""
    chance, taken = random.Random(5), 0  # noqa: S311  # the same changes every time
    made = [
        drafts.opened("cd" * 32), drafts.ticketed(), drafts.answered(), drafts.failed(), drafts.decided()
    ]  # fmt: skip
    for draft in made:
        record = Record(
            v=1,
            log="l",
            stream="d/1",
            ordinal=0,
            kind=draft.event.kind,
            at_ms=1,
            actor="m",
            refs=(),
            data=draft.event,
        )
        value = json.loads(record.to_bytes())
        assert fits(value, record.to_bytes())
        places = list(_places(value))[1:]
        for _ in range(400):
            changed = _put(value, chance.choice(places), chance.choice(VALUES))
            expected = isinstance(changed.get("kind"), str) and _parses(changed)
            assert fits(changed, canonical(changed)) == expected
            taken += expected

    assert 100 < taken < 1_900


def _erased(stream="d/1", commitments=("c1",), *, whole=False):
    return {"kind": "erased", "data": {"stream": stream, "commitments": commitments, "whole": whole}}


def _held(name="case", streams=("d/1",)):
    return {"kind": "held", "data": {"name": name, "streams": streams}}


RELEASED = {"kind": "hold_released", "data": {"name": "case"}}


@pytest.mark.parametrize(
    ("acts", "reasons"),
    [
        ([_erased()], []),
        ([_erased(), _erased(commitments=("c2",), whole=True)], []),
        ([_erased(commitments=("c1", "c2"), whole=True)], []),
        ([_erased(commitments=("c1", "c2"))], ["erased_whole"]),
        ([_erased(whole=True)], ["erased_whole"]),
        ([_erased(), _erased()], ["erased_twice", "erased_whole"]),
        ([_held(), _erased()], ["erased_under_hold"]),
        ([_held(streams=("*",)), _erased()], ["erased_under_hold"]),
        ([_held(streams=("d/2",)), _erased()], []),
        ([_held(), RELEASED, _erased()], []),
        ([_held(), _held()], ["hold_known"]),
        ([RELEASED], ["hold_unknown"]),
        ([{"kind": "erased", "data": {}}], ["not_a_record"]),
    ],
)
def test_the_rules_of_erasure(acts, reasons):
    """Of a stream with two bodies: hold wins, nothing is erased twice, and the last ones are told as such."""
    findings = Findings()
    retention = Retention(findings)
    retention.named("d/1", 2)
    for ordinal, act in enumerate(acts):
        retention.take(ordinal + 5, act | {"stream": "retention", "ordinal": ordinal})

    assert [problem.what for problem in findings.problems] == reasons


def _keyed(kind, **data):
    return {"kind": kind, "stream": "config", "ordinal": 0, "data": data}


REQUESTED = AccessRequested(stream="d/1", label=4, who="p", why="case", expires_ms=9)


def _accessed(request):
    return Accessed(commitment="ab" * 32, who="p", why="case", request=request)


VKEYS = [new_signer("l", bytes([n]) * 32).verifier.vkey for n in range(3)]


@pytest.mark.parametrize(
    ("values", "in_force", "reasons"),
    [
        ([_keyed("configured", key=VKEYS[0])], [0], []),
        (
            [_keyed("configured", key=VKEYS[0]), _keyed("key_rotated", added=[VKEYS[1]], removed=[])],
            [0, 1],
            [],
        ),
        (
            [_keyed("configured", key=VKEYS[0]), _keyed("key_rotated", added=[VKEYS[1]], removed=[VKEYS[0]])],
            [1],
            [],
        ),
        (
            [_keyed("configured", key=VKEYS[0]), _keyed("key_rotated", added=[], removed=[VKEYS[2]])],
            [0],
            ["key_record"],
        ),
        ([_keyed("configured", key="no key")], [], ["key_record"]),
        ([_keyed("key_rotated")], [], ["key_record"]),
    ],
)
def test_the_keys_of_a_log_are_those_that_its_records_leave_in_force(values, in_force, reasons):
    """Given and taken in order; a key that was one of the log's stays known for older checkpoints."""
    findings = Findings()
    history = KeyHistory(findings)
    for seq, value in enumerate(values):
        history.take(seq, value)

    assert [key.vkey for key in history.in_force] == [VKEYS[number] for number in in_force]
    assert {key.vkey for key in history.in_force} <= {key.vkey for key in history.ever}
    assert [problem.what for problem in findings.problems] == reasons


def test_records_stand_in_their_own_streams(drafts):
    """A hold outside `retention` acts for nobody who looks there; a second configuration is no configuration."""
    findings = Findings()
    records = Records(findings)
    for seq, (stream, event) in enumerate(
        [
            ("config", Configured(tenant="t", schema_version=1, key="k")),
            ("d/1", Held(name="case", streams=("d/1",), by="p")),
            ("config", Configured(tenant="t", schema_version=1, key="k")),
            ("d/1", drafts.answered("a1", 1).event),
        ]
    ):
        record = Record(
            v=1,
            log="l",
            stream=stream,
            ordinal=seq // 2,
            kind=event.kind,
            at_ms=1,
            actor="m",
            refs=(),
            data=event,
        )
        records.read((seq, record.to_bytes(), None, None, None, None))

    assert [(problem.what, problem.seq) for problem in findings.problems] == [
        ("stream_of_kind", 1),
        ("first_record", 2),
        ("no_ticket", 3),
    ]


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([REQUESTED, AccessApproved(request=0, granted=True, by="q"), _accessed(0)], []),
        ([REQUESTED, AccessApproved(request=0, granted=False, by="q"), _accessed(0)], [2]),
        ([REQUESTED, _accessed(0)], [1]),
        ([_accessed(None), AccessApproved(request=0, granted=True, by="q")], [1]),
    ],
)
def test_a_reading_that_cites_a_request_has_its_grant(events, found):
    """Who read on a second person's word can be held to that word."""
    findings = Findings()
    records = Records(findings)
    for ordinal, event in enumerate(events):
        record = Record(
            v=1,
            log="l",
            stream="access",
            ordinal=ordinal,
            kind=event.kind,
            at_ms=1,
            actor="m",
            refs=(),
            data=event,
        )
        records.read((ordinal + 1, record.to_bytes(), None, None, None, None))

    assert [(problem.what, problem.ordinal) for problem in findings.problems] == [
        ("no_request", n) for n in found
    ]


def _answer(build, number, **changes):
    return build.answered(number, attempt=0, **changes)


def _ticket():
    return Ticketed(
        ask="a1",
        attempt=1,
        card="c1",
        backend="own",
        host="127.0.0.1",
        country="JP",
        label=1,
        digest="ab" * 32,
        derived_from=("question",),
        expires_ms=1,
    )


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        (lambda build: (build.opened(), build.opened()), "opened_again"),
        (lambda build: (build.opened(), _answer(build, 1, seat="s2")), "other_seat"),
        (lambda build: (build.opened(), _answer(build, 9)), None),
        (lambda build: (build.opened(), _answer(build, 1, ballot="Z")), "ballot_outside"),
        (lambda build: (build.opened(), _answer(build, 1, statement="refusal", failure=None)), None),
        (lambda build: (build.opened(), _answer(build, 1)), None),
    ],
)
def test_a_record_that_does_not_fit_its_deliberation_is_named(build, events, problem):
    """What replay would count all the same, such as a ballot outside the space, is a problem of the log."""
    findings = Findings()
    records = Records(findings)
    for seq, record in enumerate(build.records(*events(build)), start=1):
        records.read((seq, record.to_bytes(), b"", record.stream, record.ordinal, record.kind))

    assert [found.what for found in findings.problems] == ([] if problem is None else [problem])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ballot": None}, "ballot_form"),
        ({"statement": "refusal", "ballot": "A"}, "ballot_form"),
        ({"card": "c3", "attempt": 1}, "other_card"),
    ],
)
def test_an_answer_that_no_seat_could_give_is_named(build, changes, problem):
    """An answer without a ballot, a refusal with one, and an answer through another seat's card are problems."""
    findings = Findings()
    records = Records(findings)
    answer = build.answered(1).model_copy(update={"attempt": 0, **changes})
    stream = build.records(build.opened(), _ticket(), answer)
    for seq, record in enumerate(stream, start=1):
        records.read((seq, record.to_bytes(), b"", record.stream, record.ordinal, record.kind))

    assert [found.what for found in findings.problems] == [problem]
