"""`magi audit request`, `approve`, `read`, `accesses`; and that every command that shows a body asks the same desk."""

import json
import re
import sqlite3
import stat
import tomllib
from pathlib import Path

import pytest

from magi.ledger.schedule import parse_schedules
from magi.residency.label import Label
from magi.service.access import parse_auditors

DEPLOY = Path(__file__).parents[2] / "deploy"
QUESTION = "テレワークを週3日まで認めるべきか"
BY_ME = ("--who", "監査 一郎", "--why", "case-7")
AUDITORS = """
[[auditor]]
name = "監査一郎"
tenants = ["local"]
max_label = "{label}"
bodies = {bodies}
"""


@pytest.fixture
def magi(command):
    """The command with one rehearsed deliberation, whose label is internal."""
    done = command.run("ask", QUESTION, "--rehearsal", "--json")
    assert done.error is None, done.out
    return command, json.loads(done.out[done.out.index("{\n") :])["id"]


@pytest.fixture
def roles(tmp_path):
    """Writes a file of one role; gives the variable that names it."""

    def write(label="internal", bodies="true"):
        path = tmp_path / "auditors.toml"
        path.write_text(AUDITORS.format(label=label, bodies=bodies), encoding="utf-8")
        return {"MAGI_AUDITORS": path}

    return write


def on_record(command):
    """The acts in stream `access`, in order."""
    with sqlite3.connect(command.home / "ledger.db") as connection:
        rows = connection.execute(
            "SELECT bytes FROM entry WHERE stream = 'access' ORDER BY ordinal"
        ).fetchall()
    connection.close()
    return [json.loads(row[0]) for row in rows]


def test_a_body_is_shown_with_its_access_on_record(magi):
    """The question is printed, and by whom, why and which body stands in the ledger and in the list."""
    command, name = magi
    shown = command.run("audit", "read", name, "--body", "question", *BY_ME)
    listed = command.run("audit", "accesses", "--json")
    (line,) = json.loads(listed.out[listed.out.index("{\n") :])["accesses"]

    assert QUESTION in shown.out
    assert (line["who"], line["why"], line["id"], line["body"]) == ("監査 一郎", "case-7", name, "question")
    assert [record["kind"] for record in on_record(command)] == ["accessed"]


def test_every_listed_body_can_be_read(magi):
    """Each name that the list gives is taken, and no two bodies share one."""
    command, name = magi
    listed = command.run("audit", "read", name).out
    names = re.findall(r"^\s*((?:question|answer|exchange|request|reply)\S*)\s+\d+ ", listed, re.MULTILINE)
    done = [command.run("audit", "read", name, "--body", each, *BY_ME).error for each in names]
    with sqlite3.connect(command.home / "ledger.db") as connection:
        (stored,) = connection.execute("SELECT count(*) FROM body").fetchone()
    connection.close()

    assert {"question", "reply", "answer:a1", "request:a1", "exchange:a1"} <= set(names)
    assert (len(names), len(set(names)), done) == (stored, stored, [None] * stored)


def test_listing_bodies_opens_none(magi):
    """Without --body nothing is opened, so no access is recorded."""
    command, name = magi

    assert QUESTION not in command.run("audit", "read", name).out
    assert on_record(command) == []


def test_a_body_goes_to_a_private_file_whole(magi, tmp_path):
    """With --out the bytes are written to a new file for its owner; one that is there stays, and nothing is read."""
    command, name = magi
    out = tmp_path / "request.json"
    first = command.run("audit", "read", name, "--body", "request:a1", "--out", out, *BY_ME)
    before = len(on_record(command))
    second = command.run("audit", "read", name, "--body", "question", "--out", out, *BY_ME)

    assert (first.error, second.reason) == (None, "taken")
    assert QUESTION in json.dumps(json.loads(out.read_bytes()), ensure_ascii=False)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(on_record(command)) == before


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--body", "question", "--who", "\u3000", "--why", "c-1"), "name_form"),
        (("--body", "question", "--who", "監査", "--why", "気になったので"), "why_form"),
        (("--body", "question", "--who", "監査"), "why_form"),
        (("--body", "answer:a99", *BY_ME), "body"),
    ],
)
def test_nobody_reads_without_a_name_and_a_number(magi, words, reason):
    """A name, a case number without prose, and a body that is there: else nothing is opened or recorded."""
    command, name = magi

    assert command.run("audit", "read", name, *words).reason == reason
    assert on_record(command) == []


@pytest.mark.parametrize(
    ("label", "bodies", "reason"),
    [("internal", "true", None), ("public", "true", "label"), ("internal", "false", "no_bodies")],
)
def test_a_role_decides(magi, roles, label, bodies, reason):
    """The role's label and word on bodies decide; a refusal is on record and in the list."""
    command, name = magi
    done = command.run("audit", "read", name, "--body", "question", *BY_ME, **roles(label, bodies))
    kinds = [record["kind"] for record in on_record(command)]
    checked = command.run("audit", "verify", command.home / "ledger.db", "--json")

    assert json.loads(checked.out)["sound"]
    assert done.reason == reason
    assert (QUESTION in done.out) == (reason is None)
    assert kinds == (["accessed"] if reason is None else ["access_denied"])


def test_a_role_for_another_log_opens_nothing(magi, tmp_path):
    """A role of another tenant is refused here."""
    command, name = magi
    path = tmp_path / "auditors.toml"
    path.write_text(AUDITORS.format(label="secret", bodies="true").replace("local", "mof"), encoding="utf-8")
    done = command.run("audit", "read", name, "--body", "question", *BY_ME, MAGI_AUDITORS=path)

    assert done.reason == "tenant"


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "read", "ID", "--body", "question", *BY_ME),
        ("audit", "export", "ID", "--form", "html", "--out", "OUT", "--bodies", *BY_ME),
        ("replay", "ID", "--level", "R2", *BY_ME),
        ("replay", "ID", "--level", "R4", "--rehearsal", *BY_ME),
    ],
    ids=["read", "export", "R2", "R4"],
)
@pytest.mark.parametrize("env", [{"MAGI_FOUR_EYES": "internal"}, {"MAGI_FOUR_EYES": "1"}, {}])
def test_every_command_that_opens_bodies_asks_first(magi, roles, tmp_path, words, env):
    """Reading, exporting with bodies, R2 and R4 are refused alike: no access, no file, and the refusal on record."""
    command, name = magi
    out = tmp_path / "out.html"
    line = [{"ID": name, "OUT": str(out)}.get(word, word) for word in words]
    done = command.run(*line, **(env or roles("public")))
    acts = [record["data"]["reason"] for record in on_record(command) if record["kind"] == "access_denied"]

    assert done.reason == ("second_person" if env else "label")
    assert acts == [done.reason]
    assert [r for r in on_record(command) if r["kind"] == "accessed"] == []
    assert not out.exists()


def test_two_persons_open_a_body_together(magi):
    """Asked by one, agreed to by another: the command reads, cites the request, and lists all of it."""
    command, name = magi
    env = {"MAGI_FOUR_EYES": "internal"}
    asked = command.run("audit", "request", name, *BY_ME, **env)
    alone = command.run("audit", "approve", "0", "--by", "監査一郎", **env)
    agreed = command.run("audit", "approve", "0", "--by", "監査 二郎", **env)
    shown = command.run("audit", "read", name, "--body", "question", *BY_ME, **env)
    replayed = command.run("replay", name, "--level", "R2", *BY_ME, **env)
    listed = command.run("audit", "accesses", "--who", "監査一郎", MAGI_LANG="en")

    assert (asked.error, alone.reason, agreed.error) == (None, "same_person", None)
    assert QUESTION in shown.out
    assert replayed.error is None
    accessed = [r["data"] for r in on_record(command) if r["kind"] == "accessed"]
    assert len(accessed) > 1
    assert {event["request"] for event in accessed} == {0}
    assert "was refused" in listed.out
    assert "agreed" not in listed.out  # that was the other


def test_a_denied_request_opens_nothing(magi):
    """With --deny the second person's word is a refusal."""
    command, name = magi
    env = {"MAGI_FOUR_EYES": "0"}
    command.run("audit", "request", name, *BY_ME, **env)
    command.run("audit", "approve", "0", "--by", "監査 二郎", "--deny", **env)

    assert command.run("audit", "read", name, "--body", "reply", *BY_ME, **env).reason == "denied"


@pytest.mark.parametrize("env", [{"MAGI_FOUR_EYES": "most"}, {"MAGI_AUDITORS": "/nonexistent.toml"}])
def test_rules_that_cannot_be_read_open_nothing(magi, env):
    """A misspelt label and a file that is not there stop every reading; they never mean that all may."""
    command, name = magi
    done = command.run("audit", "read", name, "--body", "question", *BY_ME, **env)

    assert done.reason in {"label", "unreadable"}
    assert on_record(command) == []


def test_a_period_of_accesses(magi):
    """Only accesses of the days asked for are listed."""
    command, name = magi
    command.run("audit", "read", name, "--body", "question", *BY_ME)
    past = command.run("audit", "accesses", "--to", "2020-01-01", "--json")
    listed = command.run("audit", "accesses", "--from", "2020-01-01", "--json")

    assert json.loads(past.out[past.out.index("{\n") :])["accesses"] == []
    assert len(json.loads(listed.out[listed.out.index("{\n") :])["accesses"]) == 1


def test_the_examples_can_be_used():
    """The example files of roles and schedules are read as they stand."""
    auditors = tomllib.loads((DEPLOY / "auditors.example.toml").read_text(encoding="utf-8"))
    schedules = tomllib.loads((DEPLOY / "retention.example.toml").read_text(encoding="utf-8"))
    labels = {label.word: int(label) for label in Label}

    assert len(parse_auditors(auditors, "f")) > 1
    assert len(parse_schedules(schedules, "f", labels)) > 1
