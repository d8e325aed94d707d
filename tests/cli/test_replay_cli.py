"""`magi replay`: levels, periods, the note in the ledger, an auditor's copy, and exit codes."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi import __version__
from magi.assets import code_version
from magi.cli.main import app
from magi.core.deliberation import feed
from magi.core.effects import Decide
from magi.core.errors import MagiError
from magi.core.ports import Draft
from magi.core.record import Ticketed
from magi.ledger.keyfile import key_for_ledger
from magi.ledger.logkey import signers_for_ledger
from magi.ledger.scan import Part, scan
from magi.ledger.store import SqliteLedger
from magi.ledger.verify import verify
from magi.wiring import KEY_ID, SystemEntropy, log_name

TENANT = "local"
DAY_MS = 86_400_000
BEGIN_MS = 1_795_300_000_000
"""22 November 2026, 07:26 in Japan."""
LIMIT_SECONDS = 60


@dataclass
class Clock:
    """Time that passes when the test says so."""

    ms: int = BEGIN_MS

    def now_ms(self):
        """The time it was set to."""
        return self.ms

    def monotonic_ms(self):
        """The same."""
        return self.ms


@dataclass(frozen=True)
class Done:
    """A command that ended: exit code, what it printed, the reason of its error."""

    code: int
    out: str
    reason: str | None

    @property
    def json(self):
        """What it printed, as JSON; the log, which `magi` sends to stderr, comes before it in this process."""
        return json.loads(self.out[self.out.index("{\n") :])


@dataclass(frozen=True)
class Home:
    """A folder with a ledger and its keys."""

    path: Path

    @property
    def ledger(self):
        """The ledger's file."""
        return self.path / "ledger.db"

    @property
    def environment(self):
        """All variables that the command reads."""
        return {"MAGI_HOME": str(self.path), "MAGI_ASSETS_DIR": "", "MAGI_LANG": "en", "MAGI_TENANT_KEY": ""}

    def run(self, *arguments):
        """Run one command in this process."""
        done = CliRunner().invoke(app, [str(word) for word in arguments], env=self.environment)
        error = done.exception if isinstance(done.exception, MagiError) else None
        assert done.exception is None or error or isinstance(done.exception, SystemExit), done.exception
        return Done(
            error.exit_code if error else done.exit_code, done.stdout, error.reason if error else None
        )

    def replays(self):
        """The data of every note of a replay, in order."""
        streams = scan(self.ledger, Part(name="replays"))
        return [json.loads(row.data)["data"] for stream in streams for row in stream.entries]

    def files(self):
        """Every file with its bytes."""
        return {path.name: path.read_bytes() for path in self.path.iterdir()}


def deliberation(build, ballots, code):
    """The drafts of one decided choice question."""
    events = [build.opened(manifest=build.manifest(code=code))]
    events += [
        Ticketed(
            ask=f"a{n}",
            attempt=1,
            card=f"c{n}",
            backend="own",
            host="127.0.0.1",
            country="JP",
            label=1,
            digest=build.HASH,
            derived_from=("question",),
            expires_ms=1,
        )
        for n in (1, 2, 3)
    ]
    events += [build.answered(n, ballot) for n, ballot in enumerate(ballots, start=1)]
    events.append(next(effect.verdict for effect in feed(events)[1] if isinstance(effect, Decide)))
    return [Draft(event) for event in events]


def write(home, build):
    """Three deliberations on three days; the last ran on another code version."""
    home.mkdir()
    ledger, log, entropy, clock = home / "ledger.db", log_name(TENANT), SystemEntropy(), Clock()
    codes = [code_version(__version__)] * 2 + ["0.0.1+sha256:old"]
    given = {
        "log": log,
        "tenant": TENANT,
        "key_id": KEY_ID,
        "keys": key_for_ledger(ledger, home / "tenant.key", KEY_ID, entropy),
        "signers": signers_for_ledger(ledger, home / "log.key", log, entropy),
        "entropy": entropy,
        "clock": clock,
    }

    async def append():
        async with SqliteLedger(ledger, **given) as opened:
            for name, ballots, code in zip("abc", ("AAB", "ABC", "AAA"), codes, strict=True):
                await opened.append(f"d/{name}", 0, deliberation(build, ballots, code))
                clock.ms += DAY_MS

    asyncio.run(append())


@pytest.fixture(scope="module")
def written(build, tmp_path_factory):
    """A home that no test changes."""
    home = tmp_path_factory.mktemp("replay") / "home"
    write(home, build)
    return home


@pytest.fixture
def home(written, tmp_path):
    """A home of one's own."""
    return Home(Path(shutil.copytree(written, tmp_path / "home")))


def test_all_replay_the_same_and_it_is_noted(home):
    """Exit code 0, a line each, the sums, and one note of what was replayed on which head."""
    done = home.run("replay", "--all")
    again = home.run("replay", "--all", "--json", "--no-record").json
    (note,) = home.replays()

    assert done.code == 0
    assert "3 deliberations: 3 same" in done.out
    assert "replays, number 0" in done.out
    assert (note["level"], note["streams"], note["counts"]) == ("R1", 3, {"same": 3})
    assert (note["first"], note["last"], note["differing"], note["options"]) == ("d/a", "d/c", [], {})
    assert note["size"] == again["size"] - 1 == 25
    assert note["code"] == code_version(__version__)


def test_a_note_changes_no_deliberation(home):
    """The log stays sound and every row of the deliberations stays as it was."""
    before = [stream.entries for stream in scan(home.ledger)]
    home.run("replay", "--all", "--who", "監査 花子")

    assert [stream.entries for stream in scan(home.ledger)] == before
    assert verify(home.ledger, None).sound
    assert home.replays()[0]["by"] == "監査 花子"


def test_without_a_note_nothing_is_written(home):
    """--no-record leaves every byte of the home as it was, and says that the replay is not noted."""
    before = home.files()
    done = home.run("replay", "--all", "--no-record")

    assert (done.code, home.files()) == (0, before)
    assert "not noted" in done.out


def test_an_auditors_copy_is_replayed_without_a_note(home, tmp_path):
    """A copy without keys replays the same, gets no new file, and the reason is said."""
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(home.ledger, copy / "ledger.db")
    done = home.run("replay", "--all", "--ledger", copy / "ledger.db")
    shown = home.run("replay", "--all", "--ledger", copy / "ledger.db", "--json").json

    assert done.code == 0
    assert "not noted in the ledger:" in done.out
    assert [path.name for path in copy.iterdir()] == ["ledger.db"]
    assert shown["recorded"]["ordinal"] is None
    assert shown["recorded"]["why_not"].startswith("key_missing.")


def test_a_log_that_is_not_sound_is_not_written_to(home):
    """A changed byte: exit code 1, the record is named, the rest is still replayed, and nothing is added."""
    with sqlite3.connect(home.ledger) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        query = "UPDATE entry SET bytes = CAST(replace(bytes, ?, ?) AS BLOB) WHERE stream = 'd/a' AND kind = 'decided'"
        connection.execute(query, (b'"majority"', b'"withheld"'))
    connection.close()
    done = home.run("replay", "--all")
    shown = home.run("replay", "--all", "--json")
    deeper = home.run("replay", "--all", "--level", "R2", "--json")

    assert (done.code, shown.code, deeper.code) == (1, 1, 1)
    assert "d/a#7" in done.out
    assert "not sound" in done.out
    assert shown.json["levels"] == {"R0": {"sound": 2, "broken": 1}, "R1": {"same": 2, "different": 1}}
    assert shown.json["listed"][0]["deliberation"] == "a"
    assert "R2" not in deeper.json["levels"]
    assert list(scan(home.ledger, Part(name="access"))) == []
    assert home.replays() == []


def test_one_deliberation(home):
    """One name replays that deliberation alone; an unknown one is refused, and nothing is noted."""
    done = home.run("replay", "b", "--json")
    missing = home.run("replay", "zzz")

    assert (done.json["deliberations"], done.json["listed"][0]["outcome"]) == (1, "tied")
    assert (missing.code, missing.reason) == (2, "deliberation")
    assert len(home.replays()) == 1


@pytest.mark.parametrize(
    ("days", "names"),
    [
        ((), ["a", "b", "c"]),
        (("--from", "2026-11-23"), ["b", "c"]),
        (("--to", "2026-11-22"), ["a"]),
        (("--from", "2026-11-23", "--to", "2026-11-23"), ["b"]),
        (("--from", "2027-01-01"), []),
    ],
)
def test_a_period(home, days, names):
    """Deliberations of the days in Japan, the first and the last included; the sums are of these."""
    shown = home.run("replay", "--all", *days, "--no-record", "--json").json

    assert [each["deliberation"] for each in shown["listed"]] == names
    assert (shown["deliberations"], sum(shown["outcomes"].values())) == (len(names), len(names))


def test_code_versions_are_reported_both(home):
    """What ran on another code version is replayed all the same, and both versions are said."""
    done = home.run("replay", "--all", "--no-record")
    shown = home.run("replay", "--all", "--no-record", "--json").json

    assert "0.0.1+sha256:old 1" in done.out
    assert shown["code"]["running"] == code_version(__version__)
    assert sorted(shown["code"]["recorded"].values()) == [1, 2]
    assert shown["code"]["recorded"]["0.0.1+sha256:old"] == 1
    assert shown["levels"]["R1"] == {"same": 3}


def test_integrity_alone(home):
    """R0 replays no verdict and is noted as R0."""
    shown = home.run("replay", "--all", "--level", "R0", "--json").json

    assert shown["levels"] == {"R0": {"sound": 3}}
    assert home.replays()[0]["level"] == "R0"


def test_a_counterfactual_of_one(home):
    """Another rule on the recorded ballots: what changed, who is pivotal, and what was asked is noted."""
    done = home.run("replay", "a", "--rule", "unanimity", "--json")
    found = done.json["counterfactual"]
    (note,) = home.replays()

    assert done.code == 0
    assert (found["result"], found["changed"]) == ("changed", ["outcome", "answer_class", "dissent"])
    assert (found["recorded"]["outcome"], found["recomputed"]["outcome"]) == ("majority", "withheld")
    assert (note["level"], note["counts"], note["options"]) == ("R3", {"changed": 1}, {"rule": "unanimity"})


def test_a_counterfactual_on_the_screen(home):
    """Both verdicts side by side, and each seat's absence in words."""
    done = home.run("replay", "a", "--without", "S3", "--no-record")

    assert "majority" in done.out
    assert "unanimous" in done.out
    assert "Without S1 it changes" in done.out


def test_counterfactuals_of_a_period(home):
    """Each deliberation is counted as changed or not; a seat that only some councils have stops nothing."""
    changed = home.run(
        "replay", "--all", "--rule", "supermajority:2/3", "--quorum", "2", "--no-record", "--json"
    )
    absent = home.run("replay", "--all", "--without", "s9", "--no-record", "--json")

    assert changed.json["levels"]["R3"] == {"same": 3}
    assert absent.json["levels"]["R3"] == {"no_such_seat": 3}
    assert changed.json["moves"][0] == {"recorded": "majority", "recomputed": "majority", "count": 1}


def test_todays_seating(home):
    """Cards that this installation does not have are not seated today: the council may not deliberate."""
    found = home.run("replay", "a", "--today", "--json").json["counterfactual"]

    assert (found["result"], found["reason"]) == ("council_refused", "too_few_seats")
    assert {each["reasons"][0] for each in found["reseated"]} == {"card_gone"}
    assert "/sha256:" in home.replays()[0]["options"]["today"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "replay_scope"),
        (("a", "--all"), "replay_scope"),
        (("--all", "--manifest"), "replay_scope"),
        (("a", "--level", "R3"), "replay_change"),
        (("a", "--level", "R1", "--rule", "majority"), "replay_change"),
        (("a", "--rule", "most"), "rule"),
        (("a", "--rule", "supermajority:1/3"), "rule"),
        (("a", "--without", "s9"), "seat"),
        (("a", "--reliability", "no-such-file.json"), "unreadable"),
        (("--all", "--from", "yesterday"), "day"),
        (("--all", "--who", ""), "replay_word"),
        (("--all", "--why", "x" * 201), "replay_word"),
        (("--all", "--who", "a\nb"), "replay_word"),
        (("--all", "--without", "s" * 201), "replay_word"),
    ],
)
def test_what_makes_no_sense_is_refused(home, arguments, reason):
    """The caller's fault by name, exit code 2, and nothing is noted."""
    done = home.run("replay", *arguments)

    assert (done.code, done.reason) == (2, reason)
    assert home.replays() == []


def test_the_manifest(home):
    """What one deliberation ran on, as JSON, without a note."""
    shown = home.run("replay", "c", "--manifest").json

    assert (shown["code"], shown["arrival"]) == ("0.0.1+sha256:old", ["a1", "a2", "a3"])
    assert home.replays() == []


def test_replays_at_once(home):
    """Three replays by three processes all end well, and each is noted."""
    command = [str(Path(sys.executable).with_name("magi")), "replay", "--all"]
    running = [
        subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    ended = [each.communicate(timeout=LIMIT_SECONDS) for each in running]

    assert [each.returncode for each in running] == [0] * 3, ended
    assert len(home.replays()) == 3
    assert verify(home.ledger, None).sound


def test_the_whole_pipeline_of_a_rehearsal(tmp_path):
    """R2 of what was really asked comes to the same, and every body that it read is on record, by whom and why."""
    home = Home(tmp_path / "home")
    assert (
        home.run("ask", "--rehearsal", "窓口を土曜にも開けるべきか。はいかいいえで答えてください。").code == 0
    )
    done = home.run("replay", "--all", "--level", "R2", "--who", "監査 花子", "--why", "定期点検", "--json")
    (access,) = scan(home.ledger, Part(name="access"))
    read = [json.loads(row.data)["data"] for row in access.entries]

    assert (done.code, done.json["levels"]["R2"]) == (0, {"same": 1})
    assert {(each["who"], each["why"]) for each in read} == {("監査 花子", "定期点検")}
    assert home.replays()[0]["level"] == "R2"


def test_asking_again(tmp_path):
    """R4 asks the same question as a new deliberation, reports agreement seat by seat, and fails nothing by it."""
    home = Home(tmp_path / "home")
    assert (
        home.run("ask", "--rehearsal", "窓口を土曜にも開けるべきか。はいかいいえで答えてください。").code == 0
    )
    done = home.run("replay", "--all", "--level", "R4", "--rehearsal", "--json")
    name = done.json["listed"][0]["deliberation"]
    shown = home.run("replay", name, "--level", "R4", "--rehearsal").out

    assert (done.code, done.json["levels"]["R4"]) == (0, {"same": 1})
    assert (done.json["agreements"]["asked"], done.json["agreements"]["standins"]) == (1, 1)
    assert "Asked again as" in shown
    assert len(list(scan(home.ledger))) == 3
    assert [note["level"] for note in home.replays()] == ["R4", "R4"]


def test_bodies_need_the_keys(home, tmp_path):
    """Without keys the levels that read bodies are refused with what is missing, and nothing is written."""
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(home.ledger, copy / "ledger.db")
    done = home.run("replay", "--all", "--level", "R2", "--ledger", copy / "ledger.db")

    assert (done.code, done.reason) == (2, "key_file")
    assert [path.name for path in copy.iterdir()] == ["ledger.db"]
