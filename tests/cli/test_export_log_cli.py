"""The commands that give out, move, copy and re-key a log, as an operator and an auditor use them."""

import json
import shutil
import sqlite3

import pytest
from typer.testing import CliRunner

from magi.cli.export_log import proof_of
from magi.cli.main import app
from magi.ledger.nodes import signed_head, snapshot
from magi.ledger.note import open_note, parse_checkpoint, parse_vkey
from magi.ledger.tlog_proof import parse_tlog_proof, verify_tlog_proof
from magi.ledger.verify import verify


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """A home with one rehearsed deliberation, made once and copied."""
    home = tmp_path_factory.mktemp("rehearsed") / "home"
    environment = {"MAGI_HOME": str(home), "MAGI_ASSETS_DIR": "", "MAGI_LANG": "ja"}
    done = CliRunner().invoke(app, ["ask", "--rehearsal", "備えは足りますか"], env=environment)
    assert done.exception is None, done.output
    return home


@pytest.fixture
def asked(command, rehearsed):
    """The command in a home with one rehearsed deliberation."""
    shutil.copytree(rehearsed, command.home)
    return command


def name_of(command):
    """The deliberation's number."""
    with sqlite3.connect(command.home / "ledger.db") as connection:
        query = "SELECT stream FROM entry WHERE stream LIKE 'd/%' LIMIT 1"
        return connection.execute(query).fetchone()[0].removeprefix("d/")


def key_of(command):
    """The log's verifier key, as the command prints it."""
    return parse_vkey(command.run("audit", "key").out.strip())


def test_a_checkpoint_is_printed_whole_and_noted_first(asked, tmp_path):
    """What is printed is the signed note and nothing else; the same is written to a file, and noted beside the key."""
    printed = asked.run("audit", "checkpoint").out
    written = asked.run("audit", "checkpoint", "--out", tmp_path / "kept")
    said = parse_checkpoint(open_note(printed.encode(), [key_of(asked)]).text)

    assert written.error is None
    assert (tmp_path / "kept").read_text() == printed
    assert (asked.home / "checkpoint.published").read_text() == printed
    assert said.root.hex() == verify(asked.home / "ledger.db", None).root


def test_a_kept_checkpoint_is_not_overwritten(asked, tmp_path):
    """A file that is there stays: it may be the one that shows what happened."""
    (tmp_path / "kept").write_text("mine")

    assert asked.run("audit", "checkpoint", "--out", tmp_path / "kept").reason == "out_exists"
    assert (tmp_path / "kept").read_text() == "mine"


def test_an_export_and_its_update_verify(asked, tmp_path):
    """The folder verifies with the same command that checks ledgers, before and after it was brought up to date."""
    out = tmp_path / "out"
    first = asked.run("audit", "export", "--form", "log", "--out", out)
    again = asked.run("audit", "export", "--form", "log", "--out", out)
    asked.run("ask", "--rehearsal", "次の問いです")
    more = asked.run("audit", "export", "--form", "log", "--out", out, "--update", "--full")

    assert (first.error, again.reason, more.error) == (None, "out_exists", None)
    assert asked.run("audit", "verify", out).error is None
    assert verify(out, None).records == verify(asked.home / "ledger.db", None).records
    assert str(verify(out, None).records) in more.out


@pytest.mark.parametrize(
    "extra", [["abc"], ["--all"], ["--who", "me"], ["--force"]], ids=lambda words: words[0]
)
def test_a_log_is_exported_whole_or_not_at_all(asked, tmp_path, extra):
    """What chooses or opens single deliberations does not go with the log's form; nothing is written."""
    done = asked.run("audit", "export", "--form", "log", "--out", tmp_path / "out", *extra)

    assert "--all" in done.out
    assert not (tmp_path / "out").exists()


def test_the_parts_of_a_log_do_not_go_with_other_forms(asked, tmp_path):
    """`--full` and `--update` are the log's alone."""
    for option in ("--full", "--update"):
        done = asked.run("audit", "export", "--form", "csv", "--all", "--out", tmp_path / "out.csv", option)

        assert "--all" in done.out
        assert not (tmp_path / "out.csv").exists()


def test_every_record_is_proven_by_file(asked, tmp_path):
    """Each record has its bytes and a proof that holds against the key alone; the verdict's bear the name."""
    name = name_of(asked)
    done = asked.run("audit", "proof", name, "--out", tmp_path / "proof")
    proofs = sorted((tmp_path / "proof").glob("*.tlog-proof"))
    for proof in proofs:
        entry = proof.with_name(proof.name.replace(".tlog-proof", ".json")).read_bytes()
        verify_tlog_proof(parse_tlog_proof(proof.read_bytes()), entry, [key_of(asked)], origin="magi/local")
    checked = asked.run(
        "audit", "verify", tmp_path / "proof" / f"{name}.tlog-proof",
        "--entry", tmp_path / "proof" / f"{name}.json", "--key", tmp_path / "proof" / "log.vkey",
    )  # fmt: skip

    assert (done.error, checked.error) == (None, None)
    assert len(proofs) == 9
    assert json.loads((tmp_path / "proof" / f"{name}.json").read_bytes())["kind"] == "decided"


def test_a_deliberation_that_is_not_there_has_no_proof(asked, tmp_path):
    """An unknown number is named as such, and no folder is made."""
    assert asked.run("audit", "proof", "nobody", "--out", tmp_path / "proof").reason == "deliberation"
    assert not (tmp_path / "proof").exists()


def test_a_dossiers_proof_has_every_record(asked):
    """The proof part of a page names each record's place and carries its proof file."""
    stream = f"d/{name_of(asked)}"
    with snapshot(asked.home / "ledger.db") as connection:
        proof = proof_of(connection, stream, signed_head(connection))

    assert (proof.origin, proof.root) == ("magi/local", verify(asked.home / "ledger.db", None).root)
    assert [leaf.ordinal for leaf in proof.leaves] == list(range(9))
    assert all(leaf.tlog_proof.endswith(proof.checkpoint) for leaf in proof.leaves)


def test_a_restored_backup_is_refused_until_it_caught_up(asked, tmp_path):
    """Backup, go on, give out, restore: asking is refused with what to do; after the import it goes on."""
    backup = asked.run("ledger", "backup", "--out", tmp_path / "b.db")
    asked.run("ask", "--rehearsal", "次の問いです")
    asked.run("audit", "export", "--form", "log", "--out", tmp_path / "out", "--full")
    shutil.copy(tmp_path / "b.db", asked.home / "ledger.db")
    refused = asked.run("ask", "--rehearsal", "三つ目です")
    imported = asked.run("ledger", "import", tmp_path / "out")
    again = asked.run("ask", "--rehearsal", "三つ目です")

    assert backup.error is None
    assert refused.reason == "rolled_back"
    assert (imported.error, again.error) == (None, None)
    assert verify(asked.home / "ledger.db", None).problems == ()


def test_a_ledger_moves_to_another_place(asked, tmp_path):
    """An import elsewhere says what is there, and without the keys that it can only be read."""
    asked.run("audit", "export", "--form", "log", "--out", tmp_path / "out", "--full")
    done = asked.run("ledger", "import", tmp_path / "out", "--to", tmp_path / "new" / "ledger.db")

    assert done.error is None
    assert "log.key" in done.out
    assert verify(tmp_path / "new" / "ledger.db", None).root == verify(asked.home / "ledger.db", None).root


def test_a_ledger_moves_into_a_database_and_goes_on(asked, tmp_path, postgres_url):
    """After an import into PostgreSQL the same home asks, signs and verifies there."""
    asked.run("audit", "export", "--form", "log", "--out", tmp_path / "out", "--full")
    done = asked.run("ledger", "import", tmp_path / "out", "--to", postgres_url)
    root = verify(asked.home / "ledger.db", None).root
    with snapshot(postgres_url) as connection:
        moved = signed_head(connection).checkpoint.root.hex()
    went_on = asked.run("ask", "--rehearsal", "次の問いです", MAGI_LEDGER_URL=postgres_url)
    backup = asked.run("ledger", "backup", "--out", tmp_path / "b.db", MAGI_LEDGER_URL=postgres_url)

    assert (done.error, went_on.error) == (None, None)
    assert moved == root
    assert backup.reason == "backup_of_database"
    assert asked.run("audit", "verify", postgres_url).error is None


def test_keys_are_exchanged_by_two_commands(asked):
    """After the first both keys are printed, after the second the new one; the log verifies, and asking goes on."""
    old = asked.run("audit", "key").out.split()
    begun = asked.run("ledger", "rotate-key", "--by", "me")
    both = asked.run("audit", "key").out.split()
    asked.run("ask", "--rehearsal", "次の問いです")
    finished = asked.run("ledger", "rotate-key", "--by", "me", "--finish")
    again = asked.run("ask", "--rehearsal", "三つ目です")

    assert (begun.error, finished.error, again.error) == (None, None, None)
    assert both[:1] == old
    assert asked.run("audit", "key").out.split() == both[1:]
    assert verify(asked.home / "ledger.db", None).problems == ()


def test_keys_of_a_ledger_that_is_not_there_are_not_exchanged(command):
    """Nothing is created on the way."""
    assert command.run("ledger", "rotate-key", "--by", "me").reason == "not_found"
    assert not command.home.exists()
