"""The auditor's verifier refuses what was tampered with, whoever signed it again, and says what is wrong."""

import base64
import json
import random

import pytest

from magi.core.acts import KeyRotated
from magi.ledger.note import Checkpoint, sign
from magi.ledger.note_key import new_signer
from magi.ledger.tree import leaf_hash, merkle_root

SECOND = new_signer("magi/t", b"t" * 32)


@pytest.fixture(scope="session")
def exported(build, logs):
    """A log of the real ledger: seventy deliberations of one dissent each, in one full bundle and a part."""
    answers = [build.answered(n, ballot) for n, ballot in enumerate("AAB", start=1)]
    return logs.ledger([logs.honest([build.opened(), *answers])] * 70)


def changed(**fields):
    """A change of fields of a record's data."""
    return lambda value: value["data"].update(fields)


def test_an_honest_log_passes(exported, logs, audit):
    """Nothing is wrong with the program's export, by its own keys or by the auditor's, with bodies or without."""
    vkey = exported.signers[0].verifier.vkey
    found = audit(exported, "--vkey", vkey)

    assert (found.code, found.report["wrong"], found.report["key"]) == (0, [], "brought")
    assert found.report["counts"] == {"same": 70, "different": 0, "open": 0, "refused": 0, "malformed": 0}
    assert (found.report["size"], found.report["root"]) == (
        len(exported.entries),
        merkle_root(map(leaf_hash, exported.entries)).hex(),
    )
    assert audit(exported).report["key"] == "export"
    assert logs.folder(exported, bodies=True, state=True).joinpath("state.jsonl").exists()


def test_a_changed_ballot_under_a_rebuilt_tree(exported, audit):
    """Another ballot is a difference, though tree and signature hold; only that deliberation is named."""
    place = exported.place("answered", 2)
    found = audit(exported.edited(place, changed(ballot="A")))

    assert (found.code, found.report["wrong"]) == (1, [])
    assert [line for line in found.results.items() if line[1] != "same"] == [
        (exported.records[place].stream, "different")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "unanimous"},
        {"answer_class": "B"},
        {"dissent": []},
        {"flags": ["degraded"]},
        {"outstanding": ["a3"]},
        {"confidence_bp": 9_900},
        {"tally": []},
        {"seats": []},
        {"attributed": "a1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_verdict_under_a_rebuilt_tree(exported, audit, change):
    """Any field of the verdict that does not follow from the votes is named."""
    found = audit(exported.edited(exported.place("decided", 3), changed(**change)))
    different = [line for line in found.report["streams"] if line["result"] == "different"]

    assert (found.code, found.report["wrong"]) == (1, [])
    assert [line["fields"] for line in different] == [list(change)]


@pytest.mark.parametrize(
    "change", [{"quorum": 4}, {"rule": {"name": "unanimity", "share": None, "tie": "none"}}]
)
def test_a_changed_rule_under_a_rebuilt_tree(exported, audit, change):
    """Another quorum or rule under the same verdict is a difference."""
    found = audit(exported.edited(exported.place("opened", 1), changed(**change)))

    assert (found.code, found.report["counts"]["different"]) == (1, 1)


def test_a_missing_record(exported, audit):
    """A record taken out of a stream is refused, even under a rebuilt tree; one cut off its end is `open`."""
    missing = audit(exported.forged(lambda entries: entries.pop(exported.place("answered", 1))))
    cut = audit(exported.forged(lambda entries: entries.pop()))

    assert (missing.code, missing.report) == (2, {})
    assert "ordinal: record" in missing.words
    assert (cut.code, cut.report["counts"]["open"]) == (0, 1)


def test_a_cut_log_is_seen_by_who_kept_a_checkpoint(exported, audit, tmp_path):
    """Only a kept checkpoint tells that the end is gone, or that what it covered was rewritten."""
    kept = tmp_path / "kept"
    kept.write_bytes(exported.signed())
    cut = exported.forged(lambda entries: entries.pop())
    rewritten = exported.edited(exported.place("opened"), changed(deadline_ms=1))

    assert audit(exported, "--checkpoint", kept).code == 0
    assert audit(cut, "--checkpoint", kept).report["wrong"] == ["truncated"]
    assert audit(rewritten, "--checkpoint", kept).report["wrong"] == ["rewritten"]


def test_reordered_records(exported, audit):
    """Two records of one stream in another order are refused; of two streams, the tree tells."""
    first = exported.place("answered", 0)
    within = audit(exported.forged(lambda entries: entries.insert(first, entries.pop(first + 1))))
    places = [
        n
        for n, (a, b) in enumerate(zip(exported.records, exported.records[1:], strict=False))
        if a.stream != b.stream
    ]
    turned = exported.forged(lambda entries: entries.insert(places[1], entries.pop(places[1] + 1)))
    across = audit(turned.other(note=exported.signed()))

    assert (within.code, "ordinal: record" in within.words) == (2, True)
    assert (across.code, across.report["wrong"]) == (1, ["root"])


def test_a_wrong_root(exported, audit):
    """A signed root that is not that of the records is told."""
    note = sign(Checkpoint(exported.origin, len(exported.entries), b"\x01" * 32).text, exported.signers)
    found = audit(exported.other(note=note))

    assert (found.code, found.report["wrong"]) == (1, ["root"])


def test_a_wrong_signature(exported, audit):
    """A head that another key signed is told, under the export's keys and under the auditor's."""
    forged = exported.other(signers=(SECOND,))
    brought = ("--vkey", exported.signers[0].verifier.vkey)

    assert audit(forged).report["wrong"] == ["signature", "keys"]
    assert audit(forged, *brought).report["wrong"] == ["signature", "keys"]


def test_a_false_signature_by_a_known_key(exported, audit):
    """A line by a known key that does not verify is told, also beside one that does; by an unknown key it is not."""
    name, made = exported.signed().decode().rsplit("\n\n", 1)[1].removesuffix("\n").rsplit(" ", 1)
    raw = bytearray(base64.b64decode(made))
    raw[40] ^= 1
    false = f"{name} {base64.b64encode(raw).decode()}\n"
    raw[0] ^= 1
    unknown = f"{name} {base64.b64encode(raw).decode()}\n"
    text = exported.signed().decode().removesuffix(f"{name} {made}\n")
    notes = [
        text + lines for lines in (false, f"{name} {made}\n{false}", f"{name} {made}\n{unknown}", unknown)
    ]
    wrong = [audit(exported.other(note=note.encode())).report["wrong"] for note in notes]

    assert wrong == [["signature"], ["signature"], [], ["signature"]]


def test_a_second_spelling_of_a_signature(exported, audit):
    """Spare bits of base64 are no room for a second checkpoint: a line has one spelling."""
    note = bytearray(exported.signed())
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    note[-3] = ord(digits[digits.index(chr(note[-3])) ^ 1])
    found = audit(exported.other(note=bytes(note)))

    assert note.endswith(b"=\n")
    assert base64.b64decode(note.split()[-1]) == base64.b64decode(exported.signed().split()[-1])
    assert (found.code, found.words.endswith("form: checkpoint\n")) == (2, True)


def test_flipped_bits(exported, logs, audit):
    """A flipped bit anywhere in the records, the checkpoint or the keys is noticed."""
    chance = random.Random(11)  # noqa: S311  # the same bits every time
    folder = logs.folder(exported)
    names = [
        "checkpoint",
        "log.vkey",
        *(str(p.relative_to(folder)) for p in folder.glob("tile/entries/**/*") if p.is_file()),
    ]
    codes = []
    for name in names * 5:
        whole = (folder / name).read_bytes()
        at, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        codes.append(audit(folder).code)
        (folder / name).write_bytes(whole)

    assert len(codes) == 20
    assert 0 not in codes
    assert audit(folder).code == 0


def test_a_missing_or_cut_file(exported, logs, audit):
    """A bundle that is not there, cut, or longer is refused."""
    folder = logs.folder(exported)
    path = folder / "tile/entries/000"
    whole = path.read_bytes()
    codes = []
    for data in (whole[:-1], whole + b"\0", b"", None):
        path.unlink() if data is None else path.write_bytes(data)
        codes.append(audit(folder).code)

    assert codes == [2, 2, 2, 2]


BROKEN = {
    "not_json": b"{",
    "not_utf8": b'{"v":"\xff"}',
    "space": lambda data: data.replace(b",", b", ", 1),
    "name_twice": lambda data: b'{"actor":"magi",' + data[1:],
    "float": lambda data: data.replace(b'"v":1}', b'"v":1.0}'),
    "large": lambda data: data.replace(b'"at_ms":1700000000000', b'"at_ms":9007199254740993'),
    "version": lambda data: data.replace(b'"v":1}', b'"v":2}'),
    "true": lambda data: data.replace(b'"v":1}', b'"v":true}'),
    "kind": lambda data: data.replace(b'"kind":"answered"', b'"kind":"guessed_at"'),
    "log": lambda data: data.replace(b'"log":"magi/t"', b'"log":"magi/u"'),
    "surrogate": lambda data: data.replace(b'"actor":"magi"', b'"actor":"\\ud800"'),
    "escape": lambda data: data.replace(b'"actor":"magi"', b'"actor":"m\\u0061gi"'),
    "deep": b"[" * 60_000,
    "statement": lambda data: data.replace(b'"statement":"answer"', b'"statement":"maybe"'),
    "null": lambda data: data.replace(b'"ask":"a1"', b'"ask":null'),
    "absent": lambda data: data.replace(b'"origin":"live",', b""),
    "long": lambda data: data.replace(b'"ballot":"A"', b'"ballot":"' + b"A" * 401 + b'"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_no_honest_log_holds(exported, audit, name):
    """What is no record, or not in its one spelling, stops the run with its place and without its words."""
    place, broken = exported.place("answered"), BROKEN[name]
    data = broken(exported.entries[place]) if callable(broken) else broken
    found = audit(exported.forged(lambda entries: entries.__setitem__(place, data)))

    assert data != exported.entries[place]
    assert (found.code, found.report) == (2, {})
    assert found.words.endswith(f": record {place}\n")
    assert "Traceback" not in found.words


@pytest.mark.parametrize(
    "change",
    [
        {"seats": []},
        {"seats": [{"persona": "p", "seat": "s1", "targets": ["c1"]}] * 2},
        {"quorum": 0},
        {"quorum": True},
        {"space": {"kind": "ranking"}},
        {"plan": [{"admitted": 1, "card": "c1", "seat": "s1"}]},
        {"rule": {"name": "supermajority", "share": None, "tie": "none"}},
        {"rule": {"name": "supermajority", "share": [1, 2], "tie": "none"}},
        {"rule": {"name": "majority", "share": [2, 3], "tie": "none"}},
        {"rule": {"name": "majority", "share": None, "tie": "coin"}},
    ],
    ids=json.dumps,
)
def test_an_intent_that_no_honest_log_holds(exported, audit, change):
    """An intent with a field of another type or value than the document lists is refused."""
    found = audit(exported.edited(exported.place("opened"), changed(**change)))

    assert (found.code, "data: record" in found.words) == (2, True)


def test_rotated_keys(build, logs, audit, tmp_path):
    """Both keys sign while both are in force, then the new one alone; a checkpoint of the old one still counts."""
    first = logs.of(build.records(build.opened())).other()
    old, new = first.signers[0], SECOND
    steps = [
        KeyRotated(added=(new.verifier.vkey,), removed=(), by="x"),
        KeyRotated(added=(), removed=(old.verifier.vkey,), by="x"),
    ]
    config = [record.to_bytes() for record in build.records(steps[0], *steps, stream="config")][1:]
    both = first.forged(lambda entries: entries.append(config[0])).other(signers=(old, new))
    after = both.forged(lambda entries: entries.append(config[1])).other(signers=(new,))

    assert audit(both).report["wrong"] == []
    assert audit(both.other(note=first.forged(lambda entries: entries.append(config[0])).signed())).report[
        "wrong"
    ] == ["signature"]
    assert audit(after).report["wrong"] == []
    assert audit(after, "--vkey", old.verifier.vkey).report["wrong"] == ["signature"]

    (tmp_path / "kept").write_bytes(first.signed())

    assert audit(after, "--checkpoint", tmp_path / "kept").report["wrong"] == []
