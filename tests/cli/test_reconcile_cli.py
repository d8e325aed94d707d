"""`magi audit reconcile` and `magi audit sample` on a ledger with live sends, as an auditor runs them."""

import asyncio
import datetime
import hashlib
import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from magi.cli.main import app
from magi.core.errors import MagiError
from magi.core.ports import Draft
from magi.core.record import Ticketed
from magi.ledger.keyfile import read_key_file
from magi.ledger.logkey import LogKeyFile
from magi.ledger.store import SqliteLedger
from magi.wiring import KEY_ID, SystemClock, SystemEntropy, log_name

HOST = "api.example.com"
SENDS = 3


def ticket():
    """Permission for one live send."""
    now = SystemClock().now_ms()
    return Ticketed(
        ask="a1", attempt=1, card="c1", backend="x", host=HOST, country="US", label=0, digest="cd" * 32,
        derived_from=("question",), expires_ms=now + 30_000,
    )  # fmt: skip


async def _append(home, build):
    """Live sends behind a rehearsal's ledger; the times of their tickets in ms."""
    ledger = SqliteLedger(
        home / "ledger.db",
        log=log_name("local"),
        tenant="local",
        key_id=KEY_ID,
        keys=read_key_file(home / "tenant.key", KEY_ID),
        signers=LogKeyFile(home / "log.key", log_name("local")),
        entropy=SystemEntropy(),
        clock=SystemClock(),
        create=False,
    )
    times = []
    async with ledger:
        for number in range(SENDS):
            drafts = [Draft(event) for event in (build.opened(), ticket(), build.answered(1))]
            records = await ledger.append(f"d/live{number}", 0, drafts)
            times.append(records[1].at_ms)
    return times


@dataclass(frozen=True)
class Desk:
    """An auditor's desk: a home with a ledger."""

    home: Path

    @property
    def environment(self):
        """All variables that the command reads."""
        return {"MAGI_HOME": str(self.home), "MAGI_ASSETS_DIR": "", "MAGI_LANG": "ja"}


@pytest.fixture(scope="module")
def held(build, tmp_path_factory):
    """A home whose ledger holds one rehearsal and three live sends, and the sends' times; only read."""
    desk = Desk(tmp_path_factory.mktemp("desk") / "home")
    assert run(desk, "ask", "--rehearsal", "--json", "椿通りの窓口を土曜にも開けるべきか。")[0] == 0
    return desk, asyncio.run(_append(desk.home, build))


def run(desk, *arguments):
    """The exit code and what was printed, of one command."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], env=desk.environment)
    return done.exit_code, done.output


def refusal(desk, *arguments):
    """The stable reason for which a command was refused."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], env=desk.environment)
    assert isinstance(done.exception, MagiError), done.output
    return done.exception.reason


def reconciled(desk, *arguments):
    """The exit code and the report as JSON."""
    code, out = run(desk, "audit", "reconcile", "--json", *arguments)
    return code, json.loads(out)


def squid(path, times, host=HOST):
    """A proxy's log with a line for each time."""
    path.write_text(
        "".join(
            f"{(at + 40) // 1000}.{(at + 40) % 1000:03d} 40 10.0.0.2 TCP_TUNNEL/200 {n} CONNECT {host}:443 - - -\n"
            for n, at in enumerate(times)
        )
    )
    return path


def test_a_proxy_that_saw_the_same_agrees(held, tmp_path):
    """Three live sends and three lines: exit code 0; the rehearsal is counted and not expected."""
    desk, times = held
    code, found = reconciled(desk, "--proxy", squid(tmp_path / "access.log", times))

    assert (code, found["agrees"], found["differences"]) == (0, True, [])
    assert (found["proxy"]["expected"], found["proxy"]["paired"]) == (SENDS, SENDS)
    assert found["ledger"]["standins"] == found["ledger"]["sends"] - SENDS > 0


def test_a_line_around_the_ledger_is_named_and_fails(held, tmp_path):
    """A request that the ledger does not know is listed by host, time, file and line; exit code 1."""
    desk, times = held
    log = squid(tmp_path / "access.log", [*times, times[0] - 600_000])
    code, found = reconciled(desk, "--proxy", log)
    (difference,) = found["differences"]
    when = datetime.datetime.fromisoformat(difference["from"]).timestamp() * 1_000

    assert (code, found["agrees"]) == (1, False)
    assert (difference["what"], difference["who"], difference["count"]) == ("not_in_ledger", HOST, 1)
    assert difference["where"] == f"{log}:{SENDS + 1}"
    assert round(when) == times[0] - 600_000


def test_a_send_that_nobody_saw_is_named_and_fails(held, tmp_path):
    """A send without a line is listed with its deliberation; an unread source is not held against it."""
    desk, times = held
    code, found = reconciled(desk, "--proxy", squid(tmp_path / "access.log", times[:0]))

    assert code == 1
    assert sorted(each["where"] for each in found["differences"]) == [f"d/live{n}" for n in range(SENDS)]
    assert "usage" not in found


def test_an_unreadable_line_fails_though_all_else_agrees(held, tmp_path):
    """What could not be read may be what is looked for."""
    desk, times = held
    log = squid(tmp_path / "access.log", times)
    log.write_text(log.read_text() + "what is this\n")
    code, found = reconciled(desk, "--proxy", log)

    assert (code, found["differences"]) == (1, [])
    assert found["files"][0]["faults"] == [{"line": SENDS + 1, "what": "squid"}]


@pytest.mark.parametrize(("stated", "code"), [(SENDS, 0), (SENDS + 4, 1), (SENDS - 1, 1)])
def test_a_vendors_day_is_compared_both_ways(held, tmp_path, stated, code):
    """The day's count of one model is right, too high, or too low."""
    desk, times = held
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    days = sorted({datetime.datetime.fromtimestamp(at / 1000, tokyo).date() for at in times})
    rows = [f"{days[0]},c1,{stated}", *(f"{day},c1,0" for day in days[1:])]
    usage = tmp_path / "usage.csv"
    usage.write_text("\n".join(["day,model,requests", *rows, ""]))
    got, found = reconciled(desk, "--usage", usage, "--zone", "JST")

    assert got == code
    assert sum(each["count"] for each in found["differences"]) == abs(stated - SENDS)


def test_a_row_that_stands_twice_fails(held, tmp_path):
    """Two identical rows of usage are named by line and counted both."""
    desk, _ = held
    usage = tmp_path / "usage.csv"
    usage.write_text("day,model,requests\n2020-01-01,c1,0\n2020-01-01,c1,0\n")
    code, found = reconciled(desk, "--usage", usage, "--zone", "JST", "--to", "2020-01-31")

    assert (code, found["differences"], found["files"][0]["repeated"]) == (1, [], [3])


def test_the_screen_says_what_the_report_says(held, tmp_path):
    """The words of both outcomes, and the line that is unknown."""
    desk, times = held
    good = run(desk, "audit", "reconcile", "--proxy", squid(tmp_path / "a.log", times))
    bad = run(desk, "audit", "reconcile", "--proxy", squid(tmp_path / "b.log", [*times, 1_795_000_000_000]))

    assert good[0] == 0
    assert "両側が一致しました。" in good[1]
    assert bad[0] == 1
    assert "一致しません。" in bad[1]
    assert "外の記録にある" in bad[1].replace("\n", "")


def test_a_tampered_log_is_compared_with_nothing(held, tmp_path):
    """Where the log is not sound no number is given, for a comparison or for a sample."""
    sound, times = held
    desk = Desk(tmp_path / "home")
    shutil.copytree(sound.home, desk.home)
    path = desk.home / "ledger.db"
    with sqlite3.connect(path) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE entry SET leaf_hash = zeroblob(32) WHERE seq = 5")
    connection.close()
    code, found = reconciled(desk, "--proxy", squid(tmp_path / "a.log", times))

    assert (code, found["verified"], "proxy" in found) == (1, False, False)
    assert run(desk, "audit", "sample", "--seed", "x", "--size", "2", "--json")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no_outside"),
        (["--proxy", "{log}", "--zone", "Tokyo"], "zone"),
        (["--proxy", "{log}", "--same", "x"], "same"),
        (["--proxy", "{log}", "--proxy-as", "openai"], "shape"),
        (["--proxy", "{log}.none"], "outside_unreadable"),
    ],
)
def test_a_wrong_request_is_refused_by_name(held, tmp_path, arguments, reason):
    """Each mistake on the command line has its own words."""
    desk, times = held
    log = squid(tmp_path / "a.log", times)

    assert refusal(desk, "audit", "reconcile", *(word.format(log=log) for word in arguments)) == reason


def test_the_sample_says_all_it_takes_to_draw_it_again(held):
    """Seed, formula, population and root are printed, and the formula gives the printed order."""
    desk, _ = held
    code, out = run(desk, "audit", "sample", "--seed", "2026-11", "--size", "2", "--json")
    found = json.loads(out)
    by_hand = sorted(
        (f"d/live{n}" for n in range(SENDS)), key=lambda s: hashlib.sha256(f"2026-11{s}".encode()).hexdigest()
    )
    drawn = [each["stream"] for each in found["sample"]]

    assert (code, len(drawn), found["population"], found["formula"]) == (
        0,
        2,
        SENDS + 1,
        "SHA-256(seed || stream)",
    )
    assert [name for name in drawn if "live" in name] == by_hand[: sum("live" in name for name in drawn)]
    assert len(found["root"]) == len(found["population_sha256"]) == 64
    assert run(desk, "audit", "sample", "--seed", "2026-11", "--size", "2", "--json") == (code, out)


def test_strata_that_there_are_not_are_refused(held):
    """An unknown way to divide, and an empty seed."""
    desk, _ = held

    assert refusal(desk, "audit", "sample", "--seed", "x", "--size", "1", "--by", "colour") == "stratum"
    assert refusal(desk, "audit", "sample", "--seed", " ", "--size", "1") == "seed"
