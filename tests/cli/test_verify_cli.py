"""`magi audit verify` and `magi audit compare`: what holds first, then what was not checked, and the exit code."""

import ast
import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi.cli.main import app
from magi.core.ports import Draft
from magi.core.record import DeadlinePassed
from magi.ledger.export import export_log
from magi.ledger.keyfile import create_key_file, read_key_file
from magi.ledger.logkey import signers_for_ledger
from magi.ledger.nodes import prove_stream, signed_head, snapshot
from magi.ledger.note import Checkpoint, sign
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger
from magi.wiring import KEY_ID, SystemClock, SystemEntropy, log_name
from magi.words import catalogue

LOG = log_name("local")
MAGI = Path(__file__).parents[2] / "magi"


def _append(home, *streams):
    """Append one record with a body to each stream of the home's ledger, which is made if it is not there."""
    entropy = SystemEntropy()
    home.mkdir(exist_ok=True)
    path = home / "ledger.db"
    signers = signers_for_ledger(path, home / "log.key", LOG, entropy)
    create_key_file(home / "tenant.key", entropy)
    keys = read_key_file(home / "tenant.key", KEY_ID)

    async def story():
        opened = SqliteLedger(
            path,
            log=LOG,
            tenant="local",
            key_id=KEY_ID,
            keys=keys,
            signers=signers,
            entropy=entropy,
            clock=SystemClock(),
        )
        async with opened as ledger:
            for stream in streams:
                await ledger.append(
                    stream, None, [Draft(DeadlinePassed(name="d"), {"question": "秘密".encode()})]
                )

    asyncio.run(story())
    return signers.current()[0]


@pytest.fixture
def auditor(command, tmp_path):
    """A home with a ledger of three records, its export, checkpoint and key in files; their paths by name."""
    signer = _append(command.home, "d/1", "d/2")
    ledger, out = command.home / "ledger.db", tmp_path / "out"
    with snapshot(ledger) as connection:
        export_log(connection, out, bodies=True)
        first, *_ = prove_stream(connection, "d/1", signed_head(connection))
    (tmp_path / "kept").write_bytes((out / "checkpoint").read_bytes())
    (tmp_path / "split").write_bytes(sign(Checkpoint(LOG, 3, b"\x01" * 32).text, [signer]))
    (tmp_path / "older").write_bytes(sign(Checkpoint(LOG, 2, b"\x01" * 32).text, [signer]))
    (tmp_path / "strange.vkey").write_text(new_signer(LOG, b"x" * 32).verifier.vkey + "\n", encoding="utf-8")
    (tmp_path / "empty.vkey").touch()
    (tmp_path / "one.tlog-proof").write_bytes(first.proof)
    (tmp_path / "one.json").write_bytes(first.data)
    names = ("kept", "split", "older", "strange.vkey", "empty.vkey", "one.tlog-proof", "one.json")
    return {name: tmp_path / name for name in names} | {"ledger": ledger, "out": out, "key": out / "log.vkey"}


def _run(command, *arguments):
    """What the command prints, and its exit code."""
    done = CliRunner().invoke(app, ["audit", *(str(one) for one in arguments)], env=command.environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output, done.exit_code


@pytest.mark.usefixtures("auditor")
def test_a_sound_log_says_what_holds_and_what_was_not_checked(command):
    """The first line says that nothing is wrong; key and checkpoint are asked for; no text of a body is shown."""
    out, code = _run(command, "verify")

    assert code == 0
    assert out.splitlines()[0].startswith("異常はありません。記録 3 件")
    assert "--key" in out
    assert "--checkpoint" in out
    assert "秘密" not in out


def test_json_has_the_whole_report(command, auditor):
    """Store and export give one root; the export's bodies are counted as not opened without a key."""
    store = json.loads(_run(command, "verify", auditor["ledger"], "--json")[0])
    given = ("--key", auditor["key"], "--checkpoint", auditor["kept"], "--json")
    export = json.loads(_run(command, "verify", auditor["out"], *given)[0])

    assert (store["sound"], export["sound"]) == (True, True)
    assert store["root"] == export["root"]
    assert store["not_checked"] == ["own_key", "no_checkpoint"]
    assert export["not_checked"] == ["state", "unopened"]
    assert (export["kept"], export["given"], export["bodies_unopened"]) == ([3], True, 2)


def test_a_tenant_key_opens_the_bodies_of_an_export(command, auditor):
    """An auditor who was given the tenant key checks what the bodies say."""
    arguments = ("verify", auditor["out"], "--tenant-key", command.home / "tenant.key", "--json")

    assert json.loads(_run(command, *arguments)[0])["bodies_checked"] == 2


def test_a_broken_log_names_its_first_bad_record_and_exits_with_1(command, auditor):
    """The first line counts and names; the exit code tells scripts."""
    connection = sqlite3.connect(auditor["ledger"])
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{trigger}"')
    (data,) = connection.execute("SELECT bytes FROM entry WHERE seq=2").fetchone()
    connection.execute("UPDATE entry SET bytes=? WHERE seq=2", [data[:-1] + b" "])
    connection.commit()
    connection.close()
    out, code = _run(command, "verify", "--depth", "tree", "--lang", "en")

    assert code == 1
    assert "First: seq 2, d/2#0: the bytes do not fit their leaf hash" in out.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "out", "--key", "strange.vkey"), 1),
        (("verify", "out", "--checkpoint", "split"), 1),
        (("verify", "out", "--checkpoint", "older"), 1),
        (("verify", "out", "--checkpoint", "kept"), 0),
        (("verify", "one.tlog-proof", "--entry", "one.json", "--key", "key"), 0),
        (("verify", "one.tlog-proof", "--key", "key"), 2),
        (("compare", "kept", "kept"), 0),
        (("compare", "kept", "split"), 1),
        (("compare", "kept", "older"), 2),
        (("compare", "kept", "older", "--ledger", "ledger"), 1),
        (("compare", "kept", "kept", "--ledger", "ledger", "--key", "key"), 0),
    ],
)
def test_exit_codes(command, auditor, arguments, code):
    """0 where nothing is wrong, 1 where something is, 2 where more is needed to tell."""
    assert _run(command, *(auditor.get(one, one) for one in arguments))[1] == code


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("verify", "nowhere"), "not_found"),
        (("verify", "out", "--key", "nowhere"), "file"),
        (("verify", "out", "--key", "empty.vkey"), "vkey"),
        (("verify", "out", "--checkpoint", "nowhere"), "file"),
        (("verify", "one.tlog-proof", "--entry", "kept", "--key", "key"), "record"),
        (("verify", "one.tlog-proof", "--entry", "one.json", "--key", "strange.vkey"), "note_unsigned"),
        (("compare", "kept", "split", "--key", "strange.vkey"), "note_unsigned"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(command, auditor, arguments, reason):
    """A wrong or missing file is no verdict on the log."""
    assert command.run("audit", *(str(auditor.get(one, one)) for one in arguments)).reason == reason


def test_names_from_the_log_do_not_reach_the_terminal_raw(command, auditor):
    """A control sequence in a stream's name is shown as U+FFFD."""
    _append(command.home, "d/\x1b[2J")
    connection = sqlite3.connect(auditor["ledger"])
    connection.execute("DELETE FROM body WHERE stream LIKE '%2J'")
    connection.commit()
    connection.close()
    out, code = _run(command, "verify")

    assert code == 1
    assert "\x1b[2J" not in out
    assert "d/\ufffd[2J" in out


def _reasons():
    """Every reason that the check gives as a literal."""
    for path in sorted([*MAGI.glob("ledger/verify*.py"), MAGI / "ledger/reading.py"]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if named and ast.unparse(node.func).endswith(("findings.add", "self._at")) and node.args:
                for word in ast.walk(node.args[-1] if node.func.attr == "_at" else node.args[0]):
                    if isinstance(word, ast.Constant) and isinstance(word.value, str):
                        yield word.value.partition(":")[0].strip()


def test_every_reason_has_words():
    """Whatever a check finds can be said in both languages."""
    reasons = {reason for reason in _reasons() if reason.replace("_", "").isalpha()} - {"checkpoint", "head"}
    bodies = {
        "body_columns",
        "body_ciphertext",
        "body_length",
        "body_commitment",
        "data_key",
        "data_key_missing",
    }
    more = {"truncated", "rewritten", "split_view", "forged_signature", "unsigned", "erased_unknown"}

    assert len(reasons) > 40
    assert [
        one for one in sorted(reasons | bodies | more) if f"verify.problem.{one}" not in catalogue()
    ] == []
