"""What an auditor must find in an exported folder, whatever its list of contents says; and proofs that stand alone."""

import asyncio
import hashlib
import json

import pytest

from magi.core.canonical import canonical
from magi.core.errors import ForeignLedgerError, TamperedError
from magi.ledger.export import export_log
from magi.ledger.nodes import prove_stream, signed_head, snapshot
from magi.ledger.note import Checkpoint, sign
from magi.ledger.note_key import new_signer
from magi.ledger.tiles import bundle, unbundle
from magi.ledger.verify import Brought, verify, verify_proof, verify_source

OWN, STRANGE = new_signer("log-1", b"s" * 32), new_signer("log-1", b"x" * 32)


@pytest.fixture
def log(sqlite_ledgers, drafts):
    """A closed ledger of 601 records in streams of two, with two full tiles."""

    async def story():
        async with sqlite_ledgers.open() as ledger:
            pair = [drafts.ticketed(request=b"r"), drafts.answered("a1", 1, answer=b"t")]
            await asyncio.gather(*(ledger.append(f"d/{n}", 0, pair) for n in range(300)))

    asyncio.run(story())
    return sqlite_ledgers.path


@pytest.fixture
def folder(log, tmp_path):
    """The same, exported with bodies and working state."""
    with snapshot(log) as connection:
        export_log(connection, tmp_path / "out", bodies=True, state=True)
    return tmp_path / "out"


def _reasons(report):
    return {problem.reason for problem in report.problems}


def _first(report):
    problem = report.problems[0]
    return problem.reason, problem.seq, problem.stream, problem.ordinal


def test_an_export_without_bodies_is_sound_and_says_so(log, tmp_path):
    """Bodies that were not exported are counted as elsewhere, not as missing."""
    with snapshot(log) as connection:
        export_log(connection, tmp_path / "bare")
    report = verify(tmp_path / "bare", None)

    assert report.problems == ()
    assert (report.bodies_elsewhere, report.bodies_missing, report.state_checked) == (600, 0, False)


def _mend(folder, *names):
    """Make the list of contents fit what the files are now."""
    listed = json.loads((folder / "contents.json").read_bytes())
    for name in names:
        data = (folder / name).read_bytes()
        listed["files"][name] = {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "contents.json").write_bytes(canonical(listed))


BUNDLE = "tile/entries/001"


def _edit_bundle(folder, edit):
    entries = list(unbundle((folder / BUNDLE).read_bytes()))
    edit(entries)
    (folder / BUNDLE).write_bytes(bundle(entries))


def _swap(entries):
    entries[44], entries[46] = entries[46], entries[44]


def _backdate(entries):
    entries[44] = canonical(json.loads(entries[44]) | {"at_ms": 1})


@pytest.mark.parametrize("mended", [True, False])
@pytest.mark.parametrize("edit", [_swap, _backdate])
def test_an_exported_record_that_was_changed_is_named(folder, edit, mended):
    """Reordered or changed, the list mended or not: the tile that was exported with it names the first one."""
    _edit_bundle(folder, edit)
    if mended:
        _mend(folder, BUNDLE)
    report = verify_source(folder, Brought(), "tree")

    assert ("file_changed" in _reasons(report)) is not mended
    assert (report.problems[0].reason, report.problems[0].seq) == ("tile", 300)
    assert "head_root" in _reasons(report)


def test_swapped_exported_bodies_are_named(folder, sqlite_ledgers):
    """Two lines of bodies that changed all but their names."""
    lines = [json.loads(line) for line in (folder / "bodies.jsonl").read_bytes().splitlines()]
    lines[2]["commitment"], lines[3]["commitment"] = lines[3]["commitment"], lines[2]["commitment"]
    (folder / "bodies.jsonl").write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    _mend(folder, "bodies.jsonl")

    assert _first(verify(folder, sqlite_ledgers.keys)) == ("body_ciphertext", 3, "d/1", 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("checkpoint", "head_missing"),
        ("log.vkey", "stated_keys"),
        ("contents.json", "file_missing"),
        ("tile/0/001", "tile_missing"),
        ("tile/1/000.p/2", "tile_missing"),
        ("tile/entries/001", "file_missing"),
        ("bodies.jsonl", "file_missing"),
        ("keys.jsonl", "data_key_missing"),
    ],
)
def test_a_missing_file_is_named(folder, sqlite_ledgers, name, reason):
    """Every file that an export has is missed."""
    (folder / name).unlink()

    assert reason in _reasons(verify(folder, sqlite_ledgers.keys))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("readme.txt", "file_unknown"),
        ("tile/0/002.p/1", "tile_extra"),
        ("tile/entries/002.p/1", "tile_extra"),
        ("tile/9/000", "file_unknown"),
        ("tile/0/0001", "file_unknown"),
    ],
)
def test_a_file_too_many_is_named(folder, name, reason):
    """What no export of this size has is reported, in the list or not."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"x" * 32)
    first = verify(folder, None)
    _mend(folder, name)

    assert "file_unlisted" in _reasons(first) or reason in _reasons(first)
    assert reason in _reasons(verify(folder, None))


@pytest.mark.parametrize("name", ["contents.json", "bodies.jsonl", "keys.jsonl", "state.jsonl"])
def test_another_spelling_of_the_same_json_is_noticed(folder, sqlite_ledgers, name):
    """Spaces change no value, and still the file is not what was written, mended list or not."""
    if name == "state.jsonl":
        row = {"digest": "m", "label": 1, "seal": "", "stream": "d/1", "table": "ancestry"}
        (folder / name).write_bytes(canonical(row) + b"\n")
    (folder / name).write_bytes((folder / name).read_bytes().replace(b":", b": ", 1))
    if name != "contents.json":
        _mend(folder, name)

    assert {"contents", "line"} & _reasons(verify(folder, sqlite_ledgers.keys))


def test_a_link_is_no_file_of_an_export(folder):
    """A link could show other bytes to the next reader."""
    (folder / "tile/0/001").rename(folder.parent / "aside")
    (folder / "tile/0/001").symlink_to(folder.parent / "aside")

    assert "file_link" in _reasons(verify(folder, None))


def test_another_logs_export_is_refused(folder, tmp_path):
    """A folder that is sound by itself does not answer to this log's key, nor extend its checkpoint."""
    other = Checkpoint("log-1", 9, b"\x01" * 32)
    brought = Brought(None, (STRANGE.verifier,), (sign(other.text, [STRANGE]),))
    (tmp_path / "nothing").mkdir()

    assert _reasons(verify_source(folder, brought)) == {"given_key", "rewritten"}
    with pytest.raises(ForeignLedgerError) as raised:
        verify(tmp_path / "nothing", None)
    assert raised.value.reason == "no_export"


def test_a_proof_stands_alone(log):
    """A record, its proof and the key are enough; another record or another key is refused."""
    with snapshot(log) as connection:
        proven = prove_stream(connection, "d/7", signed_head(connection))
    first, second = proven

    checkpoint = verify_proof(first.proof, first.data, (OWN.verifier,))
    assert checkpoint.size == 601
    for data, key, reason in (
        (second.data, OWN, "inclusion_proof"),
        (first.data, STRANGE, "note_unsigned"),
        (canonical(json.loads(first.data) | {"log": "log-2"}), OWN, "checkpoint_origin"),
    ):
        with pytest.raises(TamperedError) as raised:
            verify_proof(first.proof, data, (key.verifier,))
        assert raised.value.reason == reason
