"""Every command on a ledger in PostgreSQL: what MAGI_LEDGER_URL names is asked, replayed, verified, exported."""

import asyncio
import dataclasses
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from magi.assets import load_assets
from magi.cli.doctor import doctor
from magi.cli.ledger_opened import name_of, open_for_reading, source_named
from magi.ledger.note import parse_vkey
from magi.ledger.verify import verify_proof
from magi.settings import read_settings
from magi.wiring import log_name, open_tools, sequencer_of

MAGI = Path(sys.executable).with_name("magi")
LIMIT_SECONDS = 60
QUESTION = "庁舎の給茶機の件"
READER = ("--bodies", "--who", "監査 花子", "--why", "K-2026/15")
NO_SERVER = "postgresql://clerk:s3cret@127.0.0.1:1/ministry"


@dataclass(frozen=True)
class Shared:
    """The command of one test, with a ledger in a database."""

    command: object
    url: str

    @property
    def environment(self):
        """All variables that the command reads."""
        return self.command.environment | {"MAGI_LEDGER_URL": self.url}

    @property
    def settings(self):
        """The same for a test that calls a function."""
        return read_settings(self.environment)

    def run(self, *words, **env):
        """Run one command to its end."""
        return self.command.run(*words, MAGI_LEDGER_URL=self.url, **env)

    def ask(self):
        """Ask the rehearsal once, while no sequencer is at work; the deliberation's name."""
        key = self.command.home / "log.key"
        away = key.rename(key.with_name("away"))
        done = self.run("ask", "--rehearsal", QUESTION, "--space", "yes-no", "--json")
        away.rename(key)
        assert done.error is None, done.error
        return re.search(r'"id": "([0-9a-f]{16})"', done.out)[1]

    def sequence(self):
        """Place all that waits."""
        with sequencer_of(self.settings) as sequencer:
            while sequencer.step():
                pass

    def placed(self):
        """How many records have a place, and how many there are."""
        with psycopg.connect(self.url) as connection:
            return connection.execute("SELECT count(seq), count(*) FROM entry").fetchone()


@pytest.fixture
def shared(command, postgres_url):
    """A shared ledger that was just created."""
    made = Shared(command, postgres_url)
    assert made.run("ledger", "create").error is None
    return made


def test_a_shared_ledger_is_asked_sequenced_replayed_verified_and_exported(shared, tmp_path):
    """The whole walk by commands alone, on one database; no file of a ledger appears beside it."""
    name = shared.ask()
    with subprocess.Popen(
        [str(MAGI), "ledger", "sequence"],
        env=os.environ | shared.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as sequencer:
        until = time.monotonic() + LIMIT_SECONDS
        while shared.placed() != (9, 9) and time.monotonic() < until:
            time.sleep(0.02)
        sequencer.send_signal(signal.SIGTERM)
        _, complaints = sequencer.communicate(timeout=LIMIT_SECONDS)
    replayed = shared.run("replay", "--all", "--json")
    verified = shared.run("audit", "verify", "--json")
    page = shared.run("audit", "export", name, "--form", "html", "--out", tmp_path / "a.html", *READER)
    log = shared.run("audit", "export", "--form", "log", "--out", tmp_path / "log")
    sends = shared.run("audit", "egress", "--all", "--json")
    checked = shared.run("audit", "verify", tmp_path / "log", "--json")

    assert (complaints, sequencer.returncode) == (b"", 0)
    assert [done.error for done in (replayed, verified, page, log, sends, checked)] == [None] * 6
    assert json.loads(replayed.out)["levels"]["R1"] == {"same": 1}
    assert json.loads(verified.out)["records"] == 10  # with the record of the replay
    assert QUESTION in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert json.loads(sends.out)["read"]["deliberations"] == 1
    assert json.loads(checked.out)["sound"]
    assert not (shared.command.home / "ledger.db").exists()


def test_the_exported_page_and_lines_carry_proofs_that_hold(shared, tmp_path):
    """Every exported line of a record is what the tree holds, by a tlog-proof under the signed checkpoint."""
    name = shared.ask()
    shared.sequence()
    key = shared.run("audit", "key").out.split()
    page, lines = tmp_path / "a.html", tmp_path / "a.jsonl"
    done = [shared.run("audit", "export", name, "--form", p.suffix[1:], "--out", p) for p in (page, lines)]
    stored = lines.read_bytes().splitlines()
    proof = json.loads(stored[-1])["proof"]
    said = [
        verify_proof(leaf["tlog_proof"].encode(), stored[leaf["ordinal"]], [parse_vkey(key[0])])
        for leaf in proof["leaves"]
    ]

    assert [one.error for one in done] == [None, None]
    assert [leaf["ordinal"] for leaf in proof["leaves"]] == list(range(8))
    assert [hashlib.sha256(b"\0" + line).hexdigest() for line in stored[:8]] == [
        leaf["hash"] for leaf in proof["leaves"]
    ]
    assert {(one.origin, one.size, one.root.hex()) for one in said} == {
        (log_name("local"), proof["size"], proof["root"])
    }
    assert proof["checkpoint"].splitlines()[2] in page.read_text(encoding="utf-8")
    assert "c2sp.org/tlog-proof@v1" in page.read_text(encoding="utf-8")


def test_records_without_a_place_are_said_and_not_replayed(shared, tmp_path):
    """What is not placed yet is named by doctor and replay, taken for no unknown number, and exported unproven."""
    shared.ask()
    shared.sequence()
    late = shared.ask()
    doctor = shared.run("doctor")
    replayed = shared.run("replay", "--all")
    one = shared.run("replay", late)
    exported = shared.run("audit", "export", late, "--form", "jsonl", "--out", tmp_path / "a.jsonl")
    proof = json.loads((tmp_path / "a.jsonl").read_bytes().splitlines()[-1])["proof"]
    shared.sequence()
    after = shared.run("replay", late)

    assert "8 件に、まだ順番と署名が付いていません" in doctor.out
    assert name_of(shared.url) in doctor.out
    assert "まだ順番の付いていない記録が 8 件" in replayed.out
    assert one.reason == "not_placed"
    assert "8 件には、まだ順番と署名が付いていない" in exported.out
    assert (proof["size"], proof["leaves"]) == (9, [])
    assert after.error is None


def test_a_replay_of_a_shared_ledger_is_on_record_with_the_tree_that_it_read(shared):
    """The note names size and root of the placed records, not of those that wait."""
    shared.ask()
    shared.sequence()
    shared.ask()
    root = json.loads(shared.run("audit", "verify", "--json").out)["root"]
    shared.run("replay", "--all")

    async def noted():
        async with open_for_reading(shared.settings, None) as ledger:
            return (await ledger.read("replays"))[0].data

    event = asyncio.run(noted())

    assert (event.size, event.root, event.streams) == (9, root, 1)


@pytest.mark.parametrize("level", [("--level", "R2", "--why", "K-1"), ("--without", "melchior")])
def test_higher_levels_replay_a_shared_ledger(shared, level):
    """The whole pipeline and a counterfactual run from the database, bodies by way of recorded accesses."""
    name = shared.ask()
    shared.sequence()
    done = shared.run("replay", name, *level, "--json")
    accesses = json.loads(shared.run("audit", "accesses", "--json").out)

    assert done.error is None
    assert set(json.loads(done.out)["levels"]) >= {"R1", "R2" if "R2" in level else "R3"}
    assert bool(accesses["accesses"]) == ("R2" in level)


def test_readers_and_writers_of_labels_use_the_shared_ledger(shared):
    """Sample, simulate, raise and lowered speak of the deliberation in the database."""
    name = shared.ask()
    shared.sequence()
    sample = json.loads(shared.run("audit", "sample", "--seed", "s", "--size", "1", "--json").out)
    simulated = json.loads(shared.run("policy", "simulate", "--profile", "domestic-only", "--json").out)
    raised = shared.run("policy", "raise", name, "--to", "personal", "--by", "山田")
    lowered = shared.run("policy", "lowered", "--json")
    sights = json.loads(shared.run("audit", "sights", name, "--json").out)
    alarms = shared.run("audit", "alarms")

    assert [each["deliberation"] for each in sample["sample"]] == [name]
    assert [each["deliberation"] for each in simulated["deliberations"]] == [name]
    assert (raised.error, alarms.error, json.loads(lowered.out)) == (None, None, [])
    assert len(sights["sends"]) == 3
    assert not (shared.command.home / "ledger.db").exists()


def test_evidence_and_comparison_come_from_the_shared_ledger(shared, tmp_path):
    """Proofs and checkpoint are of the database's log, and outside files are held against its sends."""
    name = shared.ask()
    shared.sequence()
    rows = tmp_path / "proxy.jsonl"
    rows.write_text("")
    proven = shared.run("audit", "proof", name, "--out", tmp_path / "proof")
    kept = shared.run("audit", "checkpoint", "--out", tmp_path / "kept")
    verified = shared.run("audit", "verify", "--checkpoint", tmp_path / "kept", "--json")
    compared = shared.run("audit", "reconcile", "--proxy", rows, "--json")
    unknown = shared.run("audit", "proof", "nix", "--out", tmp_path / "none")

    assert (proven.error, kept.error, compared.error) == (None, None, None)
    assert len(list((tmp_path / "proof").glob("*.tlog-proof"))) == 8
    assert json.loads(verified.out)["kept"] == [9]
    assert json.loads(compared.out)["records"] == 9
    assert unknown.error.facts["path"] == name_of(shared.url)


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "read", "nix", "--who", "h", "--why", "K-1"),
        ("audit", "proof", "nix", "--out", "x"),
        ("audit", "sights", "nix"),
        ("replay", "nix"),
        ("audit", "export", "nix", "--form", "csv", "--out", "x"),
        ("policy", "raise", "nix", "--to", "personal", "--by", "y"),
        ("ledger", "hold", "h", "--stream", "nix", "--by", "y", "--reason", "r"),
    ],
)
def test_an_unknown_number_is_said_with_the_name_of_the_database(shared, words, tmp_path):
    """Where a number is not found, the store that was searched is named, not a file that is not there."""
    shared.sequence()
    placed = [str(tmp_path / word) if word == "x" else word for word in words]
    done = shared.run(*placed)

    assert done.reason == "deliberation"
    assert done.error.facts["path"] == name_of(shared.url)


def test_a_batch_goes_to_the_shared_ledger(shared, tmp_path):
    """Rows of a batch are known to the database: the same command again asks none."""
    rows = tmp_path / "q.jsonl"
    rows.write_text(json.dumps({"id": "1", "question": QUESTION}) + "\n", encoding="utf-8")
    words = ("batch", "run", rows, "--rehearsal", "--out")
    first = shared.run(*words, tmp_path / "a.jsonl")
    before = shared.placed()[1]
    again = shared.run(*words, tmp_path / "b.jsonl")

    assert (first.error, again.error) == (None, None)
    assert before > 1
    assert shared.placed()[1] == before


def test_a_demo_leaves_the_shared_ledger_alone(shared):
    """The demonstration has a file of its own, whatever the settings name."""
    before = shared.placed()
    done = shared.run("demo")

    assert done.error is None
    assert shared.placed() == before


def test_a_service_writes_to_what_an_auditor_reads(shared):
    """The tools of `magi serve` and the commands come to the same ledger."""

    async def serve():
        async with open_tools(shared.settings, load_assets(None)) as tools:
            return await tools.ledger.streams("d/")

    name = shared.ask()

    assert asyncio.run(serve()) == (f"d/{name}",)


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "--all"),
        ("audit", "verify"),
        ("audit", "egress"),
        ("audit", "sights", "x"),
        ("audit", "export", "--all", "--form", "csv", "--out", "x.csv"),
        ("audit", "export", "--form", "log", "--out", "x"),
        ("audit", "checkpoint"),
        ("audit", "sample", "--seed", "s", "--size", "1"),
        ("policy", "lowered"),
        ("policy", "raise", "x", "--to", "personal", "--by", "y"),
        ("ask", "--rehearsal", QUESTION),
    ],
)
def test_a_store_that_is_not_there_is_named_without_account_or_password(command, words, tmp_path):
    """Every command says host and database of a server that it cannot reach, and nothing else of the address."""
    command.home.mkdir()
    (command.home / "tenant.key").write_text("A" * 43 + "=")
    placed = [str(tmp_path / word) if word.startswith("x") and "--out" in words else word for word in words]
    done = command.run(*placed, MAGI_LEDGER_URL=NO_SERVER)

    assert done.reason == "unreachable"
    assert done.error.facts["path"] == "postgresql://127.0.0.1:1/ministry"
    assert "s3cret" not in f"{done.out}{done.error}{done.error.__cause__!r}"


def test_a_ledger_that_is_named_goes_before_the_address(command):
    """--ledger is read though MAGI_LEDGER_URL names another ledger; a wrong address is then of no account."""
    command.run("ask", "--rehearsal", QUESTION, "--space", "yes-no")
    done = command.run("replay", "--all", "--ledger", command.home / "ledger.db", MAGI_LEDGER_URL=NO_SERVER)

    assert done.error is None
    assert "一致 1" in done.out


@pytest.mark.parametrize("word", ["postgresql://h/d", "postgres://h/d", "postgresql+psycopg://h/d"])
def test_an_address_on_the_command_line_is_no_file(word):
    """Each spelling of an address is known, and is called by host and database."""
    source = source_named(word)

    assert isinstance(source, str)
    assert name_of(source) == "postgresql://h/d"


def test_the_doctor_says_that_the_store_is_out_of_reach(command, capsys):
    """A database that does not answer is a bad finding, with its name and without its password."""
    (command.home).mkdir()
    (command.home / "tenant.key").write_text("A" * 43 + "=")
    settings = dataclasses.replace(command.settings, ledger_url=NO_SERVER)
    healthy = asyncio.run(doctor(settings, {}))
    out = capsys.readouterr().out

    assert not healthy
    assert f"{urlsplit(NO_SERVER).hostname}:1/ministry" in out
    assert "s3cret" not in out
