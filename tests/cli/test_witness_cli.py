"""`magi audit witness` and `magi audit timestamp` against a witness that really checks, over a real socket."""

import asyncio
import contextlib
import importlib.util
import json
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from magi.cli.main import app
from magi.cli.witness_file import read_outside
from magi.cli.witnessing import WitnessOrder, witness
from magi.core.errors import MalformedFileError
from magi.core.ports import Draft
from magi.core.record import DeadlinePassed
from magi.gateway.outbound import AllowedOutbound
from magi.ledger.keyfile import create_key_file, read_key_file
from magi.ledger.logkey import LogKeyFile, signers_for_ledger
from magi.ledger.nodes import signed_head, snapshot
from magi.ledger.note import parse_cosigner
from magi.ledger.note_key import new_cosigner
from magi.ledger.store import SqliteLedger
from magi.ledger.witness import witnessed
from magi.standin.witness import Head, LogKey, StandInWitness
from magi.wiring import KEY_ID, SystemClock, SystemEntropy, log_name
from magi.words import catalogue

_SPEC = importlib.util.spec_from_file_location("time_stamps", Path(__file__).parents[1] / "time_stamps.py")
time_stamps = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(time_stamps)

LOG = log_name("local")
NOW = 1_760_000_000
WITNESS = new_cosigner("witness.example/w1", b"w" * 32)
SECOND = new_cosigner("witness.example/w2", b"v" * 32)
START_SECONDS = 30
EXAMPLE = Path(__file__).parents[2] / "deploy" / "witnesses.example.toml"
needs_openssl = pytest.mark.skipif(time_stamps.OPENSSL is None, reason="no openssl on this machine")


def grow(home, *streams):
    """Append one record to each stream of the home's ledger, which is made if it is not there."""
    entropy = SystemEntropy()
    home.mkdir(exist_ok=True)
    path = home / "ledger.db"
    signers = signers_for_ledger(path, home / "log.key", LOG, entropy)
    create_key_file(home / "tenant.key", entropy)
    names = {"log": LOG, "tenant": "local", "key_id": KEY_ID, "entropy": entropy, "clock": SystemClock()}
    ledger = SqliteLedger(path, keys=read_key_file(home / "tenant.key", KEY_ID), signers=signers, **names)

    async def story():
        async with ledger:
            for stream in streams:
                await ledger.append(f"d/{stream}", None, [Draft(DeadlinePassed(name="d"))])

    asyncio.run(story())


def log_key(home):
    """The log's key as a witness knows it, checked without a line of magi's."""
    verifier = LogKeyFile(home / "log.key", LOG).current()[0].verifier
    public = Ed25519PublicKey.from_public_bytes(verifier.public_key)

    def verify(message, signature):
        try:
            public.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return LogKey(verifier.key_hash, verify)


@contextlib.contextmanager
def listening(standin):
    """A stand-in witness in a thread of its own."""
    ready, box = threading.Event(), {}

    async def serve():
        async with standin:
            box.update(loop=asyncio.get_running_loop(), stop=asyncio.Event())
            ready.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(START_SECONDS)
        yield standin
    finally:
        if box:
            box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join()


def standin_for(home, cosigner=WITNESS, logs=None, stamp=None):
    """A witness that knows the home's log."""
    known = {LOG: [log_key(home)]} if logs is None else logs
    name, key_id = cosigner.key.name, cosigner.key.key_hash
    return StandInWitness(name, key_id, cosigner.sign, known, clock=lambda: NOW, stamp=stamp)


def table(url, vkey):
    """One witness of the operator's file."""
    return f'[[witness]]\nurl = "{url}"\nvkey = "{vkey}"\nnetwork = "loopback"\n'


@dataclass(frozen=True)
class Desk:
    """An operator's home with a log of three records, and one witness that knows it."""

    command: object
    witness: StandInWitness

    @property
    def home(self):
        """MAGI_HOME."""
        return self.command.home

    def run(self, *arguments):
        """What the command prints, and its exit code."""
        words = ["audit", *(str(one) for one in arguments)]
        done = CliRunner().invoke(app, words, env=self.command.environment)
        failed = done.exception is not None and not isinstance(done.exception, SystemExit)
        return done.output, done.exception if failed else done.exit_code

    def ask(self):
        """What `magi audit witness` says of the one witness, and its exit code."""
        out, code = self.run("witness", "--json")
        return json.loads(out)["witnesses"][0], code

    @property
    def head(self):
        """The ledger's head."""
        with snapshot(self.home / "ledger.db") as connection:
            return signed_head(connection)

    def copy(self, size):
        """The kept copy of that size."""
        return self.home / "checkpoints" / f"{size}.note"


@pytest.fixture
def desk(command):
    """A home, its witness and its file."""
    grow(command.home, "1", "2")
    with listening(standin_for(command.home)) as witness:
        file = command.home / "witnesses.toml"
        file.write_text(table(witness.url, WITNESS.key.vkey), encoding="utf-8")
        yield Desk(command, witness)


def roll_back(desk, *streams):
    """Put the ledger back to what `backup` kept, and forget what was given out, as somebody who hides it would."""
    shutil.copy(desk.home / "backup", desk.home / "ledger.db")
    (desk.home / "checkpoint.published").unlink()
    shutil.rmtree(desk.home / "checkpoints")
    if streams:
        grow(desk.home, *streams)


def test_a_witness_cosigns_the_head(desk):
    """The line is verified and appended to a copy; the ledger's head stays, and counts as given out."""
    before = desk.head.note
    out, code = desk.run("witness")
    kept = desk.copy(3).read_bytes()

    assert code == 0
    assert "連署しました" in out
    assert kept.startswith(before)
    assert witnessed(kept, [WITNESS.key])[1][0].timestamp == NOW
    assert desk.head.note == before
    assert (desk.home / "checkpoint.published").read_bytes() == before


def test_a_log_that_grows_is_followed(desk):
    """At each of twenty sizes the witness accepts the proof from the last one, at the first request."""
    sizes = []
    for number in range(20):
        told, code = desk.ask()
        sizes.append((told["state"], code, desk.witness.heads[LOG].size, desk.witness.asked))
        grow(desk.home, f"more-{number}")

    assert sizes == [("cosigned", 0, 3 + number, 1 + number) for number in range(20)]


def test_a_witness_that_is_elsewhere_names_its_size(desk):
    """Without copies the size that the witness names is used once, and it cosigns."""
    desk.ask()
    shutil.rmtree(desk.home / "checkpoints")
    grow(desk.home, "3", "4")
    told, code = desk.ask()

    assert (told["state"], code, desk.witness.asked) == ("cosigned", 0, 3)
    assert desk.witness.heads[LOG].size == 5


def test_asking_twice_keeps_one_line(desk):
    """The same head is cosigned again, and the copy does not grow."""
    desk.ask()
    first = desk.copy(3).read_bytes()

    assert desk.ask()[0]["state"] == "cosigned"
    assert desk.copy(3).read_bytes() == first


def test_a_rolled_back_log_is_an_alarm(desk):
    """A ledger behind what the witness cosigned is named as such, in words, with exit code 1; nothing is cosigned."""
    shutil.copy(desk.home / "ledger.db", desk.home / "backup")
    grow(desk.home, "3")
    desk.ask()
    roll_back(desk)
    out, code = desk.run("witness")
    told, _ = desk.ask()

    assert code == 1
    assert "警報" in out.splitlines()[0]
    assert "巻き戻された" in out
    assert (told["state"], told["alarm"], told["size"]) == ("alarm_ahead", True, 4)
    assert desk.witness.heads[LOG].size == 4


@pytest.mark.parametrize(
    ("streams", "state"),
    [(["a"], "alarm_root"), (["a", "b"], "alarm_proof"), (["a", "b", "c"], "alarm_proof")],
)
def test_a_second_history_is_an_alarm(desk, streams, state):
    """A log that was put back and written anew is refused by the witness, as long as before or longer."""
    shutil.copy(desk.home / "ledger.db", desk.home / "backup")
    grow(desk.home, "3")
    desk.ask()
    first = desk.witness.heads[LOG]
    roll_back(desk, *streams)
    told, code = desk.ask()

    assert (told["state"], told["alarm"], code) == (state, True, 1)
    assert desk.witness.heads[LOG] == first


def test_a_second_history_of_a_kept_size_is_found_at_home(desk):
    """A copy of the same size that says something else stops the round before anything is sent."""
    shutil.copy(desk.home / "ledger.db", desk.home / "backup")
    grow(desk.home, "3")
    desk.ask()
    kept = desk.copy(4).read_bytes()
    desk.copy(4).rename(desk.home / "aside")
    roll_back(desk, "a")
    (desk.home / "checkpoints").mkdir()
    (desk.home / "aside").rename(desk.copy(4))
    _, error = desk.run("witness")

    assert error.reason == "kept_checkpoint"
    assert desk.copy(4).read_bytes() == kept
    assert desk.witness.asked == 1


@pytest.mark.parametrize(
    ("logs", "state"),
    [
        ({}, "refused_log"),
        ({LOG: []}, "refused_key"),
        ({LOG: [LogKey(b"1234", lambda *_: True)]}, "refused_key"),
    ],
    ids=["no log", "no key", "another key"],
)
def test_a_log_that_the_witness_does_not_know_is_no_alarm(desk, logs, state):
    """Not being registered is said as what it is, with what to do; exit code 1."""
    with listening(standin_for(desk.home, logs=logs)) as stranger:
        (desk.home / "witnesses.toml").write_text(table(stranger.url, WITNESS.key.vkey), encoding="utf-8")
        told, code = desk.ask()
        out, _ = desk.run("witness")

    assert (told["state"], told["alarm"], code) == (state, False, 1)
    assert "magi audit key" in out


def test_one_witness_that_is_away_does_not_stop_the_others(desk):
    """The one that answers cosigns; the other is named, and the exit code says that not all did."""
    absent = table("http://127.0.0.1:1", SECOND.key.vkey)
    both = absent + table(desk.witness.url, WITNESS.key.vkey)
    (desk.home / "witnesses.toml").write_text(both, encoding="utf-8")
    out, code = desk.run("witness", "--json")

    assert [one["state"] for one in json.loads(out)["witnesses"]] == ["unsent", "cosigned"]
    assert code == 1
    assert witnessed(desk.copy(3).read_bytes(), [SECOND.key, WITNESS.key])[1][0].key == WITNESS.key


def test_a_cosignature_by_another_key_is_none(desk):
    """Who answers in a witness's place without its key gives no cosignature, and the copy has no line of it."""
    file = table(desk.witness.url, new_cosigner(WITNESS.key.name, b"z" * 32).key.vkey)
    (desk.home / "witnesses.toml").write_text(file, encoding="utf-8")
    told, code = desk.ask()

    assert (told["state"], told["reason"], code) == ("unreadable", "unsigned", 1)
    assert desk.copy(3).read_bytes() == desk.head.note


def test_a_witness_ahead_of_a_log_that_went_on_is_no_alarm(desk, capsys):
    """Where the log has grown to the witness's size meanwhile, another process came first: run it again."""
    outside = read_outside(desk.home / "witnesses.toml", LOG)
    way_out = AllowedOutbound(outside.purposes, origin=LOG)

    class Late:
        """The way out, taken when another process has added a record and had it cosigned."""

        async def call(self, purpose, request):
            """Go on first, then send."""
            await asyncio.to_thread(grow, desk.home, "late")
            desk.witness.heads[LOG] = Head(4, desk.head.checkpoint.root)
            return await way_out.call(purpose, request)

    code = asyncio.run(witness(desk.command.settings, WitnessOrder(None, None, as_json=True), Late()))
    told = json.loads(capsys.readouterr().out)["witnesses"][0]

    assert (told["state"], told["alarm"], told["size"], code) == ("moved", False, 4, 1)


@needs_openssl
def test_the_head_is_stamped_once(desk, tmp_path):
    """A token that holds is kept beside the copy; the second time it is read and nobody is asked."""
    tsa = time_stamps.new_authority(tmp_path / "tsa")
    with listening(standin_for(desk.home, stamp=tsa.reply)) as standin:
        stamping(desk, standin.url, tsa)
        first, code = desk.run("timestamp", "--json")
        again, same = desk.run("timestamp", "--json")

        assert (code, same, standin.asked) == (0, 0, 1)
    assert json.loads(first) == json.loads(again)
    assert json.loads(first)["at"] is not None
    assert (desk.home / "checkpoints" / "3.tsr").exists()


@needs_openssl
def test_a_token_that_does_not_hold_is_not_kept(desk, tmp_path):
    """A token by an authority that is not trusted is refused and no file of it stays; nor is a damaged one believed."""
    tsa, strange = (time_stamps.new_authority(tmp_path / name) for name in ("tsa", "strange"))
    token = desk.home / "checkpoints" / "3.tsr"
    with listening(standin_for(desk.home, stamp=strange.reply)) as standin:
        stamping(desk, standin.url, tsa)
        _, error = desk.run("timestamp")
    present = token.exists()
    token.write_bytes(b"\x30\x00")
    _, damaged = desk.run("timestamp")

    assert (error.code, error.reason, present) == ("tampered", "timestamp", False)
    assert damaged.reason == "timestamp"


@needs_openssl
def test_an_authority_that_gives_nothing_is_named(desk, tmp_path):
    """A refusal or an absent authority is said in words, with exit code 1, and no file is made."""
    tsa = time_stamps.new_authority(tmp_path / "tsa")
    stamping(desk, desk.witness.url, tsa)
    without, code = desk.run("timestamp")
    stamping(desk, "http://127.0.0.1:1", tsa)
    absent, other = desk.run("timestamp")

    assert (code, other) == (1, 1)
    assert "時刻認証局がタイムスタンプの応答を返さない" in without
    assert "受けられませんでした" in absent
    assert not (desk.home / "checkpoints" / "3.tsr").exists()


@needs_openssl
def test_verify_tells_who_saw_a_kept_checkpoint(desk, tmp_path):
    """With the file of witnesses a sound log's report says who cosigned the copy and when it was stamped."""
    tsa = time_stamps.new_authority(tmp_path / "tsa")
    with listening(standin_for(desk.home, stamp=tsa.reply)) as standin:
        stamping(desk, standin.url, tsa, table(standin.url, WITNESS.key.vkey))
        desk.run("witness")
        desk.run("timestamp")
    given = ("verify", "--checkpoint", desk.copy(3), "--witness", desk.home / "witnesses.toml")
    out, code = desk.run(*given)
    said = json.loads(desk.run(*given, "--json")[0])["said"]

    assert code == 0
    assert (
        f"証人 {WITNESS.key.name} が、控え(3 件)を 2025-10-09 17:53:20 +0900 に見たと連署しています。" in out
    )
    assert "存在していました" in out
    assert [one["kind"] for one in said] == ["signed", "stamped"]


def test_verify_refuses_a_forged_cosignature(desk):
    """A copy whose line by a listed witness does not hold is no evidence, and the command fails."""
    desk.ask()
    first, second, root, *rest = desk.copy(3).read_text(encoding="utf-8").split("\n")
    grow(desk.home, "3")
    desk.ask()
    line = desk.copy(4).read_text(encoding="utf-8").splitlines()[-1]
    forged = desk.home / "forged.note"
    forged.write_text("\n".join([first, second, root, *rest[:-2], line, ""]), encoding="utf-8")
    given = ("verify", "--checkpoint", forged)
    _, error = desk.run(*given, "--witness", desk.home / "witnesses.toml")

    assert desk.run(*given)[1] == 0
    assert error.reason == "cosignature"


def test_verify_with_witnesses_wants_a_checkpoint(desk):
    """A file of witnesses without a kept checkpoint says nothing of anything: it is told so, with exit code 2."""
    out, code = desk.run("verify", "--witness", desk.home / "witnesses.toml")

    assert code == 2
    assert "--checkpoint" in out


def stamping(desk, url, tsa, others=""):
    """Name the authority in the operator's file."""
    (desk.home / "tsa.pem").write_bytes(tsa.root)
    text = f'[timestamp]\nurl = "{url}/tsr"\ncertificates = "tsa.pem"\nnetwork = "loopback"\n'
    (desk.home / "witnesses.toml").write_text(others + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("witness = 1", "keys"),
        ("[[witness]]\n", "keys"),
        ("x = 1", "keys"),
        ("[", "toml"),
        (table("http://127.0.0.1:1", "witness+00000000+AAAA"), "vkey"),
        (table("http://127.0.0.1:1/?q=text", WITNESS.key.vkey), "keys"),
        (table("http://127.0.0.1:1", WITNESS.key.vkey) * 2, "witness"),
        (table("http://127.0.0.1:1", new_cosigner(LOG, b"w" * 32).key.vkey), "witness"),
        ("", "witness"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(desk, text, reason):
    """Unknown settings, wrong keys and addresses, a witness twice or under the log's own name: nothing is sent."""
    (desk.home / "witnesses.toml").write_text(text, encoding="utf-8")
    _, error = desk.run("witness")

    assert (error.reason, desk.witness.asked) == (reason, 0)


def test_a_file_that_is_not_there_is_named(desk):
    """Without the file nobody is spoken to, and the words say what to make."""
    (desk.home / "witnesses.toml").unlink()

    assert desk.run("witness")[1].reason == "witness_file"
    assert desk.run("timestamp")[1].reason == "witness_file"


def test_the_example_is_one(tmp_path):
    """The example file reads as it stands, with two witnesses and an authority whose certificates lie beside it."""
    file, certificates = tmp_path / "witnesses.toml", tmp_path / "tsa.pem"
    file.write_bytes(EXAMPLE.read_bytes())
    certificates.touch()
    with pytest.raises(MalformedFileError, match="certificates"):
        read_outside(file, LOG)
    certificates.write_bytes(time_stamps.new_authority(tmp_path / "tsa").root)
    outside = read_outside(file, LOG)

    assert [one.kind for one in outside.purposes.values()] == ["witness", "witness", "timestamp"]
    assert all(parse_cosigner(key.vkey) == key for key in outside.witnesses.values())


def test_every_state_has_words():
    """Whatever comes of a witness or an authority can be said."""
    states = ("cosigned", "moved", "unsent", "unreadable", "signed", "none", "kept", "alarm_help")
    alarms = [f"alarm_{name}" for name in ("ahead", "root", "proof")]
    refusals = [f"refused_{name}" for name in ("log", "key", "request")]
    stamps = [f"timestamp.{name}" for name in ("stamped", "missing", "status", "reply", "refused")]
    keys = [f"witness.{name}" for name in (*states, *alarms, *refusals)] + stamps

    assert [key for key in keys if key not in catalogue()] == []
