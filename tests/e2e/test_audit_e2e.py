"""An audit from end to end: what the commands say of a rehearsal's ledger, and of one that was tampered with."""

import asyncio
import csv
import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from types import SimpleNamespace

import pytest

from magi.core.record import LabelRaised, Ticketed
from magi.wiring import today

QUESTION = "椿通りの窓口を土曜にも開けるべきか。はいかいいえで答えてください。"
CLASSIFIED = "特定秘密(椿通り)の要点を三つにまとめてください。"


@pytest.fixture(scope="module")
def held(kit, forge, tmp_path_factory):
    """A ledger with one public rehearsal, two undeclared, one that nobody may see and one classified."""
    magi = kit.Magi(forge, tmp_path_factory.mktemp("audited"))
    public = magi.run("ask", "--rehearsal", "--json", "--label", "public", QUESTION).json
    inside = [magi.run("ask", "--rehearsal", "--json", QUESTION).json for _ in range(2)]
    assert magi.run("ask", "--rehearsal", "--label", "secret", QUESTION).code == 2
    assert magi.run("ask", "--rehearsal", CLASSIFIED).code == 2
    return SimpleNamespace(magi=magi, public=public, inside=inside)


def tickets(kit, home):
    """Every ticket of a ledger, read by the test itself."""

    async def read():
        async with kit.opened(home) as ledger:
            streams = await kit.streams_of(ledger)
        return [r.data for records in streams.values() for r in records if isinstance(r.data, Ticketed)]

    return asyncio.run(read())


def test_the_public_rehearsal_is_the_one_foreign_send(held):
    """Of five questions one was declared public, and its one send abroad is all that the audit lists."""
    found = held.magi.run("audit", "egress", "--json", "--from", today().isoformat()).json
    (send,) = found["sends"]

    assert (send["deliberation"], send["card"], send["label"]) == (
        held.public["id"],
        "standin-abroad",
        "public",
    )
    assert (send["host_country"], send["operator_country"], send["outcome"]) == ("US", "US", "answered")
    assert (send["declared"], send["hits"], send["origin"]) == (True, [], "scripted")
    assert "US CLOUD Act" in send["foreign_law"]
    assert found["numbers"]["by_host_country"] == {"US": 1}
    assert found["numbers"]["by_standins"] == 1


def test_the_numbers_are_those_of_the_records(kit, held):
    """Tickets, digests and countries are those that a reader of the records counts."""
    found = held.magi.run("audit", "egress", "--json", "--all").json
    counted = tickets(kit, held.magi.home)

    assert sorted(send["digest"] for send in found["sends"]) == sorted(each.digest for each in counted)
    assert Counter(s["host_country"] for s in found["sends"]) == Counter(each.country for each in counted)
    assert found["read"]["tickets"] == found["read"]["tickets_in_period"] == len(counted) == 4 + 3 + 3
    assert found["read"]["deliberations"] == 5
    assert (found["numbers"]["foreign"], found["numbers"]["domestic"]) == (1, 9)
    assert found["verified"]


def test_another_period_is_empty_and_says_what_was_read(held):
    """A period before the ledger lists nothing and says so in one sentence, in words and in JSON."""
    period = ("--from", "2020-04-01", "--to", "2021-03-31")
    found = held.magi.run("audit", "egress", "--json", *period).json
    said = held.magi.run("audit", "egress", "--lang", "en", *period)

    assert (found["sends"], found["numbers"]["foreign"]) == ([], 0)
    assert (found["read"]["tickets"], found["read"]["tickets_in_period"]) == (10, 0)
    words = " ".join(said.out.split())
    assert "Nothing was sent abroad, 2020-04-01 to 2021-03-31" in words
    assert "5 deliberations and 10 tickets (0 in the period) were read" in words
    assert said.code == 0


def test_the_table_and_the_csv_say_the_same(held, tmp_path):
    """The CSV has the rows of the JSON; the screen names host, countries, law and label; no word of a question."""
    file = tmp_path / "sends.csv"
    said = held.magi.run("audit", "egress", "--all", "--csv", file)
    listed = held.magi.run("audit", "egress", "--all", "--json")
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))

    assert [row["digest"] for row in rows] == [send["digest"] for send in listed.json["sends"]]
    assert all(word in said.out for word in ("127.0.0.1 (US)", "US CLOUD Act", "公開(機密性1)", "US 1"))
    assert "椿通り" not in said.out + said.err + listed.out + file.read_text("utf-8-sig")


def test_sights_are_those_that_the_asker_was_shown(held):
    """The who-saw-what table of an auditor is the one that the reply had, and needs no key."""
    lines = held.magi.run("audit", "sights", held.public["id"], "--json").json["sends"]
    shown = held.public["who_saw_what"]

    assert [(s["seat"], s["card"], s["host_country"], s["digest"]) for s in lines] == [
        (s["seat"], s["card"], s["country"], s["digest"]) for s in shown
    ]
    assert held.magi.run("audit", "sights", held.inside[0]["id"]).code == 0


def test_alarms_list_the_refusals(held):
    """A refused plan and a refused classified text are listed with their reasons; neither was sent to anybody."""
    found = held.magi.run("audit", "alarms", "--json").json["incidents"]

    assert [(each["by"], each["reason"]) for each in found] == [
        ("planner", "too_few_seats"),
        ("label", "classified"),
    ]
    assert "marking.classified" in found[1]["rules"]
    name = found[1]["deliberation"]
    assert held.magi.run("audit", "sights", name, "--json").json["sends"] == []


def test_the_audit_runs_without_the_key_and_changes_nothing(kit, held, tmp_path):
    """Somebody without the tenant key gets the same sends, and the ledger keeps its bytes."""
    home = kit.peek(held.magi.home, tmp_path / "copy")
    (home / "tenant.key").unlink()
    before = hashlib.sha256((home / "ledger.db").read_bytes()).digest()
    found = held.magi.run("audit", "egress", "--json", "--ledger", home / "ledger.db").json

    assert len(found["sends"]) == 1
    assert hashlib.sha256((home / "ledger.db").read_bytes()).digest() == before


@pytest.mark.parametrize("command", [("egress",), ("alarms",), ("egress", "--json")])
def test_a_tampered_log_gets_no_numbers(kit, held, tmp_path, command):
    """A country changed in one stored ticket: exit code 1, the problem named, and no number given."""
    home = kit.peek(held.magi.home, tmp_path / "copy")
    with sqlite3.connect(home / "ledger.db") as file:
        seq, data = file.execute(
            "SELECT seq, bytes FROM entry WHERE instr(bytes, ?)", (b'"country":"US"',)
        ).fetchone()
        changed = bytes(data).replace(b'"country":"US"', b'"country":"JP"')
        file.execute("DROP TRIGGER entry_stays")  # a guard against accidents, not against somebody's hand
        file.execute("UPDATE entry SET bytes = ? WHERE seq = ?", (changed, seq))
    file.close()
    done = held.magi.run("audit", *command, "--ledger", home / "ledger.db")

    assert changed != data
    assert done.code == 1
    assert "leaf_hash" in done.out
    assert "127.0.0.1" not in done.out


def test_no_ledger_yet_is_said_and_none_is_made(magi):
    """Every command that reads a ledger says that there is none, exit code 1, and creates nothing."""
    for words in (
        ("audit", "egress"),
        ("audit", "alarms"),
        ("audit", "sights", "abc"),
        ("policy", "lowered"),
        ("policy", "simulate", "--profile", "gennai"),
        ("policy", "raise", "abc", "--to", "secret", "--by", "A"),
    ):
        done = magi.run(*words)

        assert (done.code, done.out) == (1, ""), words
        assert str(magi.ledger) in done.err
        assert not magi.home.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "egress", "--from", "2026-13-01"),
        ("audit", "egress", "--from", "20260401"),
        ("audit", "egress", "--from", "2026-04-02", "--to", "2026-04-01"),
        ("audit", "sights", "0000"),
        ("policy", "raise", "0000", "--to", "secret", "--by", "A"),
        ("policy", "simulate", "--profile", "nobody"),
    ],
)
def test_a_callers_mistake_is_exit_code_2(held, words):
    """A day, period, deliberation or profile that there is not: exit code 2 and words on standard error only."""
    done = held.magi.run(*words)

    assert (done.code, done.out) == (2, "")
    assert done.err


STRICT = """
name = "stay-home"
title = "Stay home"
effective_from = "2026-01-01"
evidence_days = 90
[admits]
public = ["A", "B"]
internal = ["A", "B"]
personal = []
sensitive-personal = []
specific-personal = []
secret = []
classified = []
[topics]
diplomacy = "internal"
security = "internal"
territory = "internal"
history = "internal"
[bans]
diplomacy = {}
security = {}
territory = {}
history = {}
"""


def test_simulate_names_the_seat_that_another_profile_would_not_have_seated(kit, held, tmp_path):
    """Under a profile without class D the public rehearsal loses its seat abroad, and nothing else changes."""
    assets = tmp_path / "assets"
    for folder in ("agents", "prompts"):
        shutil.copytree(kit.CHECKOUT / folder, assets / folder)
    (assets / "profiles").mkdir()
    (assets / "profiles" / "stay-home@2026-01-01.toml").write_text(STRICT)
    found = held.magi.run(
        "policy", "simulate", "--profile", "stay-home", "--json", MAGI_ASSETS_DIR=assets
    ).json
    same = held.magi.run("policy", "simulate", "--profile", "domestic-only", "--json").json

    (different,) = [each for each in found["deliberations"] if each["state"] == "different"]
    (seat,) = [each for each in different["seats"] if each["differs"]]
    assert (different["deliberation"], seat["card"]) == (held.public["id"], "standin-abroad")
    assert (seat["was"], seat["would_be"]) == (True, False)
    assert "class_d_not_for_public" in seat["residency"]
    assert found["counts"] == {"same": 3, "different": 1, "unknown": 0}
    assert same["counts"] == {"same": 4, "different": 0, "unknown": 0}


def test_a_lowering_is_cited_and_audited_by_name(magi):
    """A text that a detector holds back goes abroad once a named person overruled it, and the audit names both."""
    text = "高橋美咲様への対応は土曜にも行うべきか。はいかいいえで答えてください。"
    before = magi.run("ask", "--rehearsal", "--json", "--label", "public", text).json
    done = magi.run(
        "policy", "lower", text, "--to", "public", "--by", "山田太郎", "--reason", "架空", "--json"
    ).json
    number = done["number"]
    after = magi.run("ask", "--rehearsal", "--json", "--label", "public", "--lowering", str(number), text)
    (send,) = magi.run("audit", "egress", "--json").json["sends"]
    listed = magi.run("policy", "lowered", "--json").json

    assert "US" not in {line["country"] for line in before["who_saw_what"]}
    assert send["deliberation"] == after.json["id"]
    assert send["cleared"] == done["rules"] == listed[0]["rules"]
    assert [(each["number"], each["by"]) for each in send["lowerings"]] == [(number, "山田太郎")]
    assert magi.run("replay", "--all").code == 0


def test_raising_a_finished_deliberation_shows_and_holds(kit, magi):
    """The label rises once, under the name of who raised it, and never falls; the verdict replays the same."""
    name = magi.run("ask", "--rehearsal", "--json", "--label", "public", QUESTION).json["id"]
    risen = magi.run("policy", "raise", name, "--to", "personal", "--by", "山田太郎", "--lang", "en")
    again = magi.run("policy", "raise", name, "--to", "internal", "--by", "山田太郎", "--lang", "en")

    async def raises():
        async with kit.opened(magi.home) as ledger:
            return [r for r in await ledger.read(f"d/{name}") if isinstance(r.data, LabelRaised)]

    (record,) = asyncio.run(raises())

    assert (risen.code, again.code) == (0, 0)
    assert "public → personal" in risen.out
    assert "already" in again.out
    assert (record.actor, record.data.before, record.data.after) == ("山田太郎", 0, 2)
    assert magi.run("replay", "--all").code == 0


def test_json_is_json_and_the_question_is_nowhere(held):
    """The installed command itself, start-up and all, prints JSON and no word of a question."""
    done = held.magi.real("audit", "egress", "--json", "--all")

    assert json.loads(done.out)["verified"]
    assert "椿通り" not in done.out + done.err
