"""`magi ledger erase`, `due`, `hold`, `release`: from a rehearsed deliberation to its erasure, and what still holds."""

import asyncio
import json
import re
import sqlite3

import pytest

from magi.assets import load_assets
from magi.cli.rehearsal import rehearsal
from magi.core.ports import Draft
from magi.core.record import AttemptFailed
from magi.ledger.keyfile import read_key_file
from magi.ledger.verify import verify
from magi.service.question import Turn, take_question, with_history
from magi.service.run import Request, deliberate
from magi.wiring import KEY_ID, open_tools

BY = ("--by", "甲野 花子")
SCHEDULES = """
[[schedule]]
name = "内部30日"
label = "internal"
days = 30
"""


def asked(command, question="テレワークを週3日まで認めるべきか"):
    """One rehearsed deliberation; its number."""
    done = command.run("ask", question, "--rehearsal", "--json")
    assert done.error is None, done.out
    return json.loads(done.out[done.out.index("{\n") :])["id"]


def audit(command):
    """What a whole check of the ledger says."""
    path = command.home / "ledger.db"
    return verify(path, read_key_file(command.home / "tenant.key", KEY_ID))


def bodies(command):
    """How many bodies are stored of each stream."""
    with sqlite3.connect(command.home / "ledger.db") as connection:
        found = dict(connection.execute("SELECT stream, count(*) FROM body GROUP BY stream"))
    connection.close()
    return found


@pytest.fixture
def magi(command, tmp_path):
    """The command with one deliberation and a file of schedules."""
    rules = tmp_path / "retention.toml"
    rules.write_text(SCHEDULES, encoding="utf-8")
    return command, asked(command), {"MAGI_RETENTION": rules}


def test_a_deliberation_is_erased_as_a_whole(magi):
    """Every body goes, of the question, the requests, the answers and the reply; the reason is kept as a body."""
    command, name, _ = magi
    before = bodies(command)
    done = command.run("ledger", "erase", name, "--why", "request", *BY, "--reason", "本人の請求")
    report = audit(command)

    assert done.error is None
    assert before[f"d/{name}"] > 5
    assert bodies(command) == {"retention": 1}
    assert (report.problems, report.erased) == ((), before[f"d/{name}"])
    assert "本人の請求" not in done.out


def test_more_bodies_than_a_record_holds(magi):
    """Eleven hundred bodies go in three records, of which the last says that it was all; one reason is kept."""
    command, name, _ = magi
    stream = f"d/{name}"

    async def fill():
        async with open_tools(command.settings, load_assets()) as tools:
            lost = AttemptFailed(ask="a1", attempt=1, card="c", failure="timeout", sent="maybe")
            for _ in range(11):
                await tools.ledger.append(stream, None, [Draft(lost, {"exchange": b"x"})] * 100)

    asyncio.run(fill())
    count = bodies(command)[stream]
    done = command.run("ledger", "erase", name, "--why", "order", *BY, "--reason", "r")
    with sqlite3.connect(command.home / "ledger.db") as connection:
        rows = connection.execute("SELECT bytes FROM entry WHERE stream = 'retention' ORDER BY ordinal")
        records = [json.loads(row[0]) for row in rows]
    connection.close()

    assert done.error is None
    assert count > 1100
    assert bodies(command) == {"retention": 1}
    assert [len(record["data"]["commitments"]) for record in records] == [500, 500, count - 1000]
    assert [record["data"]["whole"] for record in records] == [False, False, True]
    assert [len(record["refs"]) for record in records] == [1, 0, 0]
    assert audit(command).erased == count


def test_after_an_erasure_every_level_of_replay_says_what_it_can(magi):
    """R1 recomputes the same verdict, R2 says erased, and reading says by whom, when and why."""
    command, name, _ = magi
    command.run("ledger", "erase", name, "--why", "request", *BY)
    first = command.run("replay", name, "--json")
    second = command.run("replay", name, "--level", "R2", "--json", MAGI_LANG="en")
    shown = command.run("audit", "read", name, "--body", "question", "--who", "監査", "--why", "c-1")
    listed = command.run("audit", "read", name)

    assert '"R1": "same"' in first.out
    assert '"R2": "erased"' in second.out
    assert shown.error is None
    assert re.search(r"消去済みです\(20\d\d-.*甲野 花子.*request", shown.out)
    assert listed.out.count("甲野") == listed.out.count("消去済みです")


def test_the_files_hold_nothing_of_an_erased_deliberation(magi):
    """After the command, neither ledger.db nor a file beside it holds 16 bytes of any ciphertext or salt of it."""
    command, name, _ = magi
    path = command.home / "ledger.db"
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT salt, ciphertext FROM body").fetchall()
    connection.close()
    pieces = [part[at : at + 16] for row in rows for part in row for at in range(0, len(part) - 15, 16)]
    there = path.read_bytes()
    command.run("ledger", "erase", name, "--why", "request", *BY)
    files = b"".join(each.read_bytes() for each in path.parent.glob("ledger.db*"))

    assert all(piece in there for piece in pieces[:2])
    assert [piece for piece in pieces if piece in files] == []


def test_one_body_is_erased_by_its_commitment(magi):
    """Only that body goes, and its neighbours are still read."""
    command, name, _ = magi
    path = command.home / "ledger.db"
    with sqlite3.connect(path) as connection:
        (record,) = connection.execute("SELECT bytes FROM entry WHERE kind = 'opened'").fetchone()
    connection.close()
    commitment = json.loads(record)["refs"][0]["commitment"]
    before = bodies(command)[f"d/{name}"]
    done = command.run("ledger", "erase", "--commitment", commitment, "--why", "mistake", *BY)
    again = command.run("ledger", "erase", "--commitment", commitment, "--why", "mistake", *BY)
    reply = command.run("audit", "read", name, "--body", "reply", "--who", "監査", "--why", "c-1")

    assert (done.error, again.reason) == (None, "unknown")
    assert bodies(command)[f"d/{name}"] == before - 1
    assert '"outcome"' in reply.out
    assert audit(command).problems == ()


def test_a_hold_wins_over_every_way_to_erase(magi):
    """Held, a deliberation is erased neither by name nor as due, and is listed with the hold's name; then it may."""
    command, name, env = magi
    held = command.run("ledger", "hold", "訴訟2026-1", "--stream", name, *BY, "--reason", "係争中")
    by_name = command.run("ledger", "erase", name, "--why", "order", *BY)
    listed = command.run("ledger", "due", "--on", "2199-01-01", "--json", **env)
    as_due = command.run("ledger", "erase", "--due", "--on", "2199-01-01", *BY, **env)
    kept = bodies(command)[f"d/{name}"]
    command.run("ledger", "release", "訴訟2026-1", *BY)
    freed = command.run("ledger", "erase", "--due", "--on", "2199-01-01", *BY, **env)

    assert (held.error, by_name.reason, as_due.error) == (None, "held", None)
    (only,) = json.loads(listed.out)["due"]
    assert (only["id"], only["why_not"], only["holds"]) == (name, "held", ["訴訟2026-1"])
    assert "訴訟2026-1" in as_due.out
    assert kept > 5
    assert freed.error is None
    assert f"d/{name}" not in bodies(command)
    assert audit(command).problems == ()


def test_what_is_due_is_erased_by_the_schedule(magi):
    """Before its day nothing is due; on it, the record names the schedule and says retention."""
    command, name, env = magi
    early = command.run("ledger", "due", "--json", **env)
    command.run("ledger", "erase", "--due", *BY, **env)
    kept = bodies(command)[f"d/{name}"]
    command.run("ledger", "erase", "--due", "--on", "2199-01-01", *BY, **env)
    with sqlite3.connect(command.home / "ledger.db") as connection:
        (record,) = connection.execute("SELECT bytes FROM entry WHERE stream = 'retention'").fetchone()
    connection.close()
    event = json.loads(record)["data"]

    assert json.loads(early.out)["due"] == []
    assert kept > 5
    assert (event["why"], event["schedule"], event["whole"]) == ("retention", "内部30日", True)


def test_without_schedules_everything_is_kept(magi):
    """No file of schedules means that nothing is ever due, and says so."""
    command, name, _ = magi
    done = command.run("ledger", "erase", "--due", "--on", "2199-01-01", *BY)
    listed = command.run("ledger", "due", "--on", "2199-01-01")

    assert done.error is None
    assert bodies(command)[f"d/{name}"] > 5
    assert "MAGI_RETENTION" in listed.out


def test_a_later_turn_of_the_conversation_is_named(command):
    """A deliberation that carries earlier turns in its question is named when those are erased."""

    async def story():
        settings = command.settings
        assets = load_assets(settings.assets_dir)
        council = assets.council("magi")
        async with rehearsal(assets.cards) as bound, open_tools(settings, assets, bound.cards) as tools:
            words = "出張の日当を上げるべきか"
            first = await deliberate(tools, Request(take_question(words), council, "public"))
            second = with_history(take_question("その理由は妥当か"), (Turn("user", words),))
            return first.stream, (await deliberate(tools, Request(second, council, "public"))).stream

    first, second = asyncio.run(story())
    done = command.run("ledger", "erase", first.removeprefix("d/"), "--why", "request", *BY)

    assert second.removeprefix("d/") in done.out
    assert bodies(command)[second] > 5


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("erase", "d0", "--why", "request", *BY), "deliberation"),
        (("erase", "--commitment", "ab" * 32, "--why", "request", *BY), "commitment"),
        (("erase", "--due", "--on", "tomorrow", *BY), "day"),
        (("hold", "h", "--stream", "d0", *BY, "--reason", "r"), "deliberation"),
        (("hold", "h", "--all", *BY), "reason_form"),
        (("hold", "h", "--all", "--reason", "r"), "name_form"),
        (("release", "h", *BY), "hold_unknown"),
    ],
)
def test_what_does_not_fit_is_refused(magi, arguments, reason):
    """What is not there, no day, no name and no reason are each named; nothing is written."""
    command, _, _ = magi
    before = audit(command).records
    done = command.run("ledger", *arguments)

    assert done.reason == reason
    assert audit(command).records == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x",),
        ("x", "--due"),
        ("--due", "--why", "order"),
        ("--again", "--due"),
    ],
)
def test_half_an_order_is_refused(command, arguments):
    """Neither or both of two targets, or no reason: the usage is shown, and no ledger is made."""
    done = command.run("ledger", "erase", *arguments, *BY)

    assert "--commitment" in done.out
    assert not (command.home / "ledger.db").exists()


def test_a_ledger_that_is_not_there_is_not_made(command):
    """Erasing, holding and listing where there is no ledger makes neither ledger nor key."""
    reasons = [
        command.run("ledger", *words, *BY).reason
        for words in (
            ("erase", "x", "--why", "order"),
            ("hold", "h", "--all", "--reason", "r"),
            ("release", "h"),
        )
    ]

    assert reasons == ["not_found"] * 3
    assert not list(command.home.glob("*"))


def test_erasing_again_needs_nothing_but_the_ledger(magi):
    """`--again` writes no record, and the log name and tenant are checked."""
    command, _, _ = magi
    before = audit(command)
    done = command.run("ledger", "erase", "--again")
    other = command.run("ledger", "erase", "--again", MAGI_TENANT="other")

    assert (done.error, other.reason) == (None, "other_log")
    assert audit(command).root == before.root
