"""kill -9 at random moments: nothing sent without a durable ticket, nothing shown without a durable verdict.

After every kill an oracle looks at a copy of what lies on the disk, at the stand-in's own journal of what it
received, and at what the command wrote; then the next start has to continue or close what was left open.
"""

import asyncio
import hashlib
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib.resources import files

import pytest

from magi.core.decided import Decided
from magi.core.errors import ForeignLedgerError
from magi.core.record import Abandoned, Answered, Opened, Ticketed
from magi.ledger.keyfile import read_key_file
from magi.ledger.verify import verify
from magi.replay.rearbitrate import rearbitrate
from magi.wiring import KEY_ID

DELAY_MS = 250
"""How long the stand-in thinks: most of a run, so that most kills fall between send and answer."""
CARDS = ("own-a", "own-b", "own-c")
QUESTION = "第{}号の窓口を土曜にも開けるべきか。はいかいいえで答えてください。"
POLL_SECONDS = 0.005
CASSETTE = files("magi.standin").joinpath("cassettes", "open-weights.jsonl")


@dataclass(frozen=True)
class Court:
    """A council on a stand-in process: the journal of what it received, and two editions of its cards."""

    journal: object
    assets: object
    other_assets: object

    def seen(self):
        """SHA-256 of each body that arrived, as often as it did."""
        return Counter(line.split()[0] for line in self.journal.read_text().splitlines())


@pytest.fixture
def court(kit, tmp_path):
    """A stand-in in a process of its own and agents that point to it."""
    journal = tmp_path / "seen"
    arguments = ("--port", "0", "--delay-ms", str(DELAY_MS), "--seen", journal)
    with subprocess.Popen(
        [sys.executable, "-m", "magi.standin", *arguments], stdout=subprocess.PIPE, encoding="utf-8"
    ) as standin:
        standin.stdout.readline()
        address = standin.stdout.readline().strip().removeprefix("接続先: ")
        folders = [
            kit.write_assets(
                tmp_path / name,
                {card: kit.card_text(card, address, title=f"{name} {card}") for card in CARDS},
            )
            for name in ("assets", "other")
        ]
        yield Court(journal, *folders)
        standin.kill()


@dataclass
class Found:
    """What a kill left behind: each deliberation's records and the digests of the bodies it has tickets for."""

    streams: dict = field(default_factory=dict)
    ticketed: Counter = field(default_factory=Counter)
    opened: tuple = ()


def found_in(kit, home, scratch, tenant="local"):
    """Look at a copy of the ledger: it verifies, or there is none yet."""
    copy = kit.peek(home, scratch)
    path = copy / "ledger.db"
    if not path.exists():
        return Found()

    async def look():
        async with kit.opened(copy, tenant) as ledger:
            found = Found(await kit.streams_of(ledger), opened=await ledger.open_streams())
            for record in (record for records in found.streams.values() for record in records):
                if isinstance(record.data, Ticketed):
                    body = await ledger.body(record.ref("request"), "test", "oracle")
                    found.ticketed[hashlib.sha256(body).hexdigest()] += 1
            return found

    keys = read_key_file(copy / "tenant.key", KEY_ID)
    try:
        report = verify(path, keys)
    except ForeignLedgerError as error:
        if error.reason != "empty":
            raise
        return Found()  # its creation was cut off; the next start takes the blank file up

    assert report.sound, report.problems
    return asyncio.run(look())


def check_killed(kit, magi, ended, scratch, *, before=(), seen=None):
    """The oracle after a kill; what was found, for the next one."""
    found = found_in(kit, magi.home, scratch)
    new = {stream: records for stream, records in found.streams.items() if stream not in before}
    decided = [stream for stream, records in new.items() if kit.verdicts(records)]

    assert set(before) <= set(found.streams)  # nothing that was durable is gone
    if ended.out:  # something was shown
        assert decided
    if seen is not None:
        assert seen <= found.ticketed  # as multisets: every send has a ticket of its own
    for records in found.streams.values():
        assert isinstance(records[0].data, Opened)
        attempts = [(r.data.ask, r.data.attempt) for r in records if isinstance(r.data, Ticketed)]
        assert len(set(attempts)) == len(attempts)
    return found


def check_taken_up(kit, magi, scratch, left):
    """The oracle after the next start: every stream has one verdict, replay agrees; how each was ended."""
    found = found_in(kit, magi.home, scratch)
    ends = Counter()

    assert found.opened == ()
    for stream, records in found.streams.items():
        assert len(kit.verdicts(records)) == 1
        assert rearbitrate(stream, records).result == "same"
        if stream in left.streams and not kit.verdicts(left.streams[stream]):
            ends[how_ended(records, left.streams[stream])] += 1
    return ends


def how_ended(records, left):
    """Continued or closed; where it went on, each ask got a higher attempt number than any it had."""
    if any(isinstance(record.data, Abandoned) for record in records):
        return "closed"
    last = {}
    for record in left:
        if isinstance(record.data, Ticketed):
            last[record.data.ask] = max(last.get(record.data.ask, 0), record.data.attempt)
    answered = {record.data.ask for record in left if isinstance(record.data, Answered)}
    for record in records[len(left) :]:
        if isinstance(record.data, Ticketed):
            assert record.data.ask not in answered
            assert record.data.attempt > last.get(record.data.ask, 0)
    return "continued"


def wait_for(condition, limit_seconds=30):
    """Look until it holds."""
    until = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(POLL_SECONDS)


def kill_at(running, moment_seconds):
    """Kill a command so many seconds from now; what it wrote until then."""
    time.sleep(moment_seconds)
    running.kill()
    return running.wait()


def kill_rounds(kit, magi, court, tmp_path, *, seed, rounds):
    """Kill so many runs at seeded moments, each followed by a clean start; how the open ones were ended."""
    chance = random.Random(seed)  # noqa: S311  # seeded on purpose
    arguments = ("ask", "--council", "own", "--json")
    began = time.monotonic()
    assert magi.run(*arguments, QUESTION.format(0), MAGI_ASSETS_DIR=court.assets).code == 0
    whole_seconds = time.monotonic() - began
    ends, before = Counter(), found_in(kit, magi.home, tmp_path / "first").streams
    for number in range(1, rounds + 1):
        moment = chance.uniform(0, 1.1 * whole_seconds)
        running = magi.start(*arguments, QUESTION.format(number), MAGI_ASSETS_DIR=court.assets)
        ended = kill_at(running, moment)
        left = check_killed(kit, magi, ended, tmp_path / f"killed{number}", before=before, seen=court.seen())
        assets = chance.choice((court.assets, court.other_assets))
        assert magi.run(*arguments, QUESTION.format(-number), MAGI_ASSETS_DIR=assets).code == 0
        ends += check_taken_up(kit, magi, tmp_path / f"after{number}", left)
        before = found_in(kit, magi.home, tmp_path / f"then{number}").streams
    assert magi.real("replay", "--all").code == 0
    return ends


def test_ask_killed_at_ten_moments(kit, magi, court, tmp_path):
    """At ten random moments kill -9 loses nothing durable, shows nothing early, and the next start cleans up."""
    ends = kill_rounds(kit, magi, court, tmp_path, seed=2, rounds=10)

    assert ends.total() >= 1


@pytest.mark.slow
def test_ask_killed_at_fifty_moments(kit, magi, court, tmp_path):
    """The same at fifty moments, with both ways of ending an open deliberation seen."""
    ends = kill_rounds(kit, magi, court, tmp_path, seed=50, rounds=50)

    assert set(ends) == {"continued", "closed"}


@pytest.mark.parametrize("way", ["continued", "closed"])
def test_next_start_continues_or_closes(kit, magi, court, tmp_path, way):
    """Killed with all asks sent: the same cards go on under new attempt numbers, other cards close as 定足数不足."""
    arguments = ("ask", "--council", "own", "--json")
    running = magi.start(*arguments, QUESTION.format(1), MAGI_ASSETS_DIR=court.assets)
    wait_for(lambda: court.journal.exists() and court.seen().total() == len(CARDS))
    running.kill()
    left = check_killed(kit, magi, running.wait(), tmp_path / "killed", seen=court.seen())
    assets = court.assets if way == "continued" else court.other_assets
    done = magi.run(*arguments, QUESTION.format(2), MAGI_ASSETS_DIR=assets)
    ends = check_taken_up(kit, magi, tmp_path / "after", left)
    (stream,) = left.streams
    records = found_in(kit, magi.home, tmp_path / "then").streams[stream]
    (verdict,) = kit.verdicts(records)

    assert (done.code, ends) == (0, Counter({way: 1}))
    assert "1 件" in done.err
    assert (verdict.outcome == "no_quorum") == (way == "closed")
    sent_again = [
        r.data.attempt for r in records[len(left.streams[stream]) :] if isinstance(r.data, Ticketed)
    ]
    assert sent_again == ([2, 2, 2] if way == "continued" else [])


def test_the_start_that_cleans_up_may_be_killed_too(kit, magi, court, tmp_path):
    """A start killed while it continues an open deliberation leaves it to the next, which ends it once."""
    arguments = ("ask", "--council", "own", "--json", QUESTION.format(1))
    for sends in (3, 6, 9):
        running = magi.start(*arguments, MAGI_ASSETS_DIR=court.assets)
        wait_for(lambda sends=sends: court.journal.exists() and court.seen().total() == sends)
        running.kill()
        left = check_killed(kit, magi, running.wait(), tmp_path / f"k{sends}", seen=court.seen())
    magi.run(*arguments, MAGI_ASSETS_DIR=court.assets)
    ends = check_taken_up(kit, magi, tmp_path / "after", left)

    assert len(left.streams) == 1
    assert ends == Counter(continued=1)


def test_killed_while_the_ledger_is_made(kit, magi, court, tmp_path):
    """Killed in a fresh home, before or while key and ledger come to be, the next start works as if new."""
    chance = random.Random(6)  # noqa: S311  # seeded on purpose
    arguments = ("ask", "--council", "own", "--json", QUESTION.format(1))
    for number in range(6):
        folder = tmp_path / f"fresh{number}"
        folder.mkdir()
        fresh = kit.Magi(magi.forge, folder, {"MAGI_ASSETS_DIR": str(court.assets)})
        running = fresh.start(*arguments)
        wait_for(lambda fresh=fresh: fresh.home.exists())
        left = check_killed(kit, fresh, kill_at(running, chance.uniform(0, 0.05)), folder / "killed")
        done = fresh.run(*arguments)
        check_taken_up(kit, fresh, folder / "after", left)

        assert done.code == 0, done.err


def test_rehearsal_killed(kit, magi, tmp_path):
    """A rehearsal killed at random moments leaves a sound ledger, and the next one closes what was open."""
    chance = random.Random(3)  # noqa: S311  # seeded on purpose
    arguments = ("ask", "--rehearsal", QUESTION.format(0))
    began = time.monotonic()
    magi.run(*arguments)
    whole_seconds = time.monotonic() - began
    before = found_in(kit, magi.home, tmp_path / "first").streams
    for number in range(5):
        ended = kill_at(magi.start(*arguments), chance.uniform(0.1, 1) * whole_seconds)
        left = check_killed(kit, magi, ended, tmp_path / f"killed{number}", before=before)
        assert magi.run(*arguments).code == 0
        ends = check_taken_up(kit, magi, tmp_path / f"after{number}", left)
        before = found_in(kit, magi.home, tmp_path / f"then{number}").streams

        assert not ends["continued"]  # the stand-ins of the next start listen elsewhere: other cards


@pytest.mark.skipif(not CASSETTE.is_file(), reason="the recording of real models is not there yet")
def test_demo_killed(kit, magi, tmp_path):
    """A demonstration killed at random moments leaves a sound ledger, which the next one finishes."""
    chance = random.Random(4)  # noqa: S311  # seeded on purpose
    keep = magi.home
    arguments = ("demo", "--keep", keep)
    began = time.monotonic()
    assert magi.run(*arguments).code == 0
    whole_seconds = time.monotonic() - began
    for number in range(2):
        ended = kill_at(magi.start(*arguments), chance.uniform(0.1, 0.9) * whole_seconds)
        assert ended.code in (-9, 0)
        found_in(kit, keep, tmp_path / f"killed{number}", "demo")
    done = magi.run(*arguments)
    found = found_in(kit, keep, tmp_path / "after", "demo")

    assert (done.code, found.opened) == (0, ())
    for stream, records in found.streams.items():
        assert rearbitrate(stream, records).result == "same"


def test_interrupted_by_the_user(kit, magi, court, tmp_path):
    """Ctrl-C closes the deliberation on record: exit code 130, one verdict, nothing open, nothing on stdout."""
    running = magi.start("ask", "--council", "own", QUESTION.format(1), MAGI_ASSETS_DIR=court.assets)
    wait_for(lambda: court.journal.exists() and court.seen().total() == len(CARDS))
    running.interrupt()
    ended = running.wait()
    found = found_in(kit, magi.home, tmp_path / "after")
    (records,) = found.streams.values()

    assert (ended.code, ended.out, found.opened) == (130, "", ())
    assert isinstance(records[-1].data, Decided)


def test_oracle_sees_a_send_without_a_ticket(kit, magi, court, tmp_path):
    """The oracle itself is no rubber stamp: a body that the stand-in saw and the ledger did not is found."""
    magi.run("ask", "--council", "own", "--json", QUESTION.format(1), MAGI_ASSETS_DIR=court.assets)
    found = found_in(kit, magi.home, tmp_path / "after")
    unticketed = court.seen() + Counter(["00" * 32])

    assert court.seen() <= found.ticketed
    assert not unticketed <= found.ticketed
