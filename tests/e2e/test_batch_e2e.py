"""`magi batch run` end to end: every row ends once, whatever the file, the backends or kill -9 do."""

import asyncio
import contextlib
import csv
import gzip
import hashlib
import itertools
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from magi.core.record import Ticketed
from magi.jobs.batch import Ends, run_batch
from magi.jobs.ground import ground
from magi.jobs.pace import FIRST
from magi.jobs.rows import read_rows
from magi.jobs.survey import survey
from magi.ledger.keyfile import read_key_file
from magi.ledger.verify import verify
from magi.replay.rearbitrate import rearbitrate
from magi.standin.script import Delay, Reply, Status, by_model
from magi.wiring import KEY_ID

CARDS = ("own-a", "own-b", "own-c")
SEATS = ("melchior", "balthasar", "casper")
CANARY = "椿の花壇7301"
SHARED = Path(__file__).parents[3] / "shared" / "data"
JMMLU = SHARED / "jmmlu" / "questions.jsonl.gz"
NOWHERE = "http://127.0.0.1:1/v1"
POLL_SECONDS = 0.01
GROWTH_BYTES = 50_000_000
SLOWEST_SECONDS = 600
WARM_ROWS = 500
"""After so many rows all that a run keeps for good is there."""

needs_data = pytest.mark.skipif(not JMMLU.is_file(), reason="the shared data is not beside the checkout")


def questions(count):
    """So many rows of three options."""
    return [
        {"id": f"q{number}", "question": f"第{number}号で正しいのはどれか。", "options": ["甲", "乙", "丙"]}
        for number in range(count)
    ]


@dataclass(frozen=True)
class Files:
    """A batch's files; `arguments` run it."""

    file: Path
    out: Path
    report: Path

    @property
    def arguments(self):
        """The command line of the batch."""
        return ("batch", "run", self.file, "--out", self.out, "--council", "own")

    def answered(self):
        """The output's lines."""
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines()]

    def refused(self):
        """The report's lines."""
        return [json.loads(line) for line in self.report.read_text("utf-8").splitlines()]


def batch_of(folder, rows, name="q.jsonl", out="o.jsonl"):
    """Write the input, as bytes or as objects."""
    data = rows if isinstance(rows, bytes) else "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    (folder / name).write_bytes(data)
    return Files(folder / name, folder / out, folder / f"{out}.report.jsonl")


@pytest.fixture
def court(kit, tmp_path, magi):
    """A stand-in for all seats and the council `own`; what it answers can be exchanged."""
    parts = dict.fromkeys(CARDS, Reply(kit.form("A")))
    with kit.served(by_model(parts)) as standin:
        agents = {card: kit.card_text(card, standin.base_url) for card in CARDS}
        magi.env["MAGI_ASSETS_DIR"] = str(kit.write_assets(tmp_path / "assets", agents))
        yield standin


@contextlib.contextmanager
def judged(kit, magi, tmp_path, delay_ms):
    """A stand-in in a process of its own that keeps a durable journal of what it received."""
    journal = tmp_path / "seen"
    arguments = ("--port", "0", "--delay-ms", str(delay_ms), "--seen", journal)
    with subprocess.Popen(
        [sys.executable, "-m", "magi.standin", *arguments], stdout=subprocess.PIPE, encoding="utf-8"
    ) as standin:
        standin.stdout.readline()
        address = standin.stdout.readline().strip().removeprefix("接続先: ")
        agents = {card: kit.card_text(card, address) for card in CARDS}
        magi.env["MAGI_ASSETS_DIR"] = str(kit.write_assets(tmp_path / "assets", agents))
        try:
            yield journal
        finally:
            standin.kill()


def wait_for(condition, limit_seconds=60):
    """Look until it holds."""
    until = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(POLL_SECONDS)


def part_of(files):
    """Where the output's lines are until the end."""
    return files.out.with_name(files.out.name + ".part")


def lines_in(part):
    """How many lines stand there so far."""
    return part.read_bytes().count(b"\n") if part.exists() else 0


def streams_in(kit, magi):
    """Every deliberation of the ledger, what is open, the accesses, and what each ticket permitted to send."""

    async def look():
        async with kit.opened(magi.home) as ledger:
            accesses = await ledger.read("access")
            streams, still_open = await kit.streams_of(ledger), await ledger.open_streams()
            refs = [
                record.ref("request")
                for records in streams.values()
                for record in records
                if isinstance(record.data, Ticketed)
            ]
            ticketed = Counter()
            for start in range(0, len(refs), 256):  # together: each reading is recorded, durably
                some = refs[start : start + 256]
                bodies = await asyncio.gather(*(ledger.body(ref, "test", "oracle") for ref in some))
                ticketed.update(hashlib.sha256(body).hexdigest() for body in bodies)
            return SimpleNamespace(streams=streams, open=still_open, accesses=accesses, ticketed=ticketed)

    return asyncio.run(look())


def check_whole(kit, magi, files, ids):
    """The oracle: each row stands once in the output, has one deliberation with one verdict, and all recomputes."""
    answered = files.answered()
    found = streams_in(kit, magi)
    report = verify(magi.ledger, read_key_file(magi.home / "tenant.key", KEY_ID))

    assert sorted(line["id"] for line in answered) == sorted(ids)
    assert sorted(line["deliberation"] for line in answered) == sorted(s[2:] for s in found.streams)
    assert found.open == ()
    assert report.sound, report.problems
    for stream, records in found.streams.items():
        assert len(kit.verdicts(records)) == 1
        assert rearbitrate(stream, records).result == "same"
    return found


def kill_rounds(kit, magi, files, rows, *, seed, kills, most_seconds):
    """Kill the batch at seeded moments, then let it run; how many of the kills found it at work."""
    chance, at_work = random.Random(seed), 0  # noqa: S311  # seeded on purpose
    for _ in range(kills):
        running = magi.start(*files.arguments)
        wait_for(part_of(files).exists)
        time.sleep(chance.uniform(0, most_seconds))
        running.kill()
        at_work += running.wait().code == -9
    begun_only = not files.out.exists()
    done = magi.run(*files.arguments)

    assert done.code == 0, done.err
    assert begun_only is (at_work == kills)
    return at_work, check_whole(kit, magi, files, [row["id"] for row in rows])


def test_killed_at_four_moments(kit, magi, tmp_path):
    """Killed at four moments (kill -9): every row has one verdict and one line, no send lacks a ticket."""
    rows = questions(300)
    files = batch_of(tmp_path, rows)
    with judged(kit, magi, tmp_path, 20) as journal:
        at_work, found = kill_rounds(kit, magi, files, rows, seed=4, kills=4, most_seconds=1.2)
        seen = Counter(line.split()[0] for line in journal.read_text().splitlines())

    assert at_work == 4
    assert seen <= found.ticketed


@pytest.mark.slow
@needs_data
def test_killed_at_twenty_moments_of_jmmlu(kit, magi, tmp_path):
    """The same at twenty moments of 7,097 questions."""
    with gzip.open(JMMLU) as packed:
        data = packed.read()
    rows = [json.loads(line) for line in data.splitlines()]
    files = batch_of(tmp_path, data)
    with judged(kit, magi, tmp_path, 0) as journal:
        at_work, found = kill_rounds(kit, magi, files, rows, seed=20, kills=20, most_seconds=6)
        seen = Counter(line.split()[0] for line in journal.read_text().splitlines())

    assert (at_work, len(rows)) == (20, 7097)
    assert seen <= found.ticketed


def growth_of(running, part):
    """How many bytes a run grew after its first rows: the most ever resident, less what was then."""
    first = most = 0
    until = time.monotonic() + SLOWEST_SECONDS
    while time.monotonic() < until:
        try:
            status = Path(f"/proc/{running.pid}/status").read_text()
            resident = 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])
            if part.read_bytes().count(b"\n") >= WARM_ROWS:
                first = first or resident
                most = max(most, resident)
        except (OSError, TypeError):  # not there yet, or ended
            if most:
                return most - first
        time.sleep(20 * POLL_SECONDS)
    pytest.fail("the batch did not end")


def flat(magi, files):
    """Run a batch and return its growth."""
    running = magi.start(*files.arguments)
    growth = growth_of(running, part_of(files))
    ended = running.wait()

    assert ended.code == 0, ended.err
    return growth


def test_memory_is_flat(kit, magi, tmp_path):
    """From its 500th to its 900th row a batch does not grow by 10 MB."""
    files = batch_of(tmp_path, questions(900))
    with judged(kit, magi, tmp_path, 0):
        growth = flat(magi, files)

    assert 0 <= growth < GROWTH_BYTES / 5
    assert len(files.answered()) == 900


@pytest.mark.slow
@needs_data
def test_memory_is_flat_over_jmmlu(kit, magi, tmp_path):
    """From its 500th to its 7,097th row a batch does not grow by 50 MB."""
    with gzip.open(JMMLU) as packed:
        files = batch_of(tmp_path, packed.read())
    with judged(kit, magi, tmp_path, 0):
        growth = flat(magi, files)

    assert 0 <= growth < GROWTH_BYTES
    assert len(files.answered()) == 7_097


@needs_data
@pytest.mark.parametrize("name", ["jmmlu/questions", "lawqa_jp/questions"])
def test_shared_data_is_taken_as_it_is(kit, magi, court, tmp_path, name):
    """Rows of the shared data sets run unchanged, and their gold answers are sent to nobody."""
    del kit
    with gzip.open(SHARED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as packed:
        rows = [json.loads(line) | {"gold": CANARY} for line in itertools.islice(packed, 20)]
    files = batch_of(tmp_path, rows)
    done = magi.run(*files.arguments)

    assert done.code == 0, done.err
    assert {line["answer_class"] for line in files.answered()} == {"A"}
    assert court.arrived == 3 * len(rows)
    assert not any(CANARY in text for request in court.requests for _, text in request.messages)


def test_same_command_again_asks_nothing(kit, magi, court, tmp_path):
    """A batch that is done is written again from the records: nothing is sent, no body is read."""
    files = batch_of(tmp_path, questions(30))
    first = magi.run(*files.arguments)
    lines = sorted(files.out.read_bytes().splitlines())
    files.out.unlink()
    again = magi.run(*files.arguments)

    assert (first.code, again.code, court.arrived) == (0, 0, 90)
    assert sorted(files.out.read_bytes().splitlines()) == lines
    assert streams_in(kit, magi).accesses == ()


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({}, 0),
        ({"file": "moved"}, 0),
        ({"question": "別の問いか。"}, 1),
        ({"options": ["甲", "乙"]}, 1),
        ({"label": "personal"}, 1),
        ({"label": "public"}, 0),
        ({"arguments": ("--name", "second")}, 3),
        ({"arguments": ("--label", "internal")}, 3),
    ],
    ids=["nothing", "file", "question", "options", "label of a row", "lower label of a row", "name", "label"],
)
def test_what_makes_another_row(magi, court, tmp_path, change, asked):
    """A changed question or label asks that row anew, another name or label the batch; another file does not."""
    rows, label = questions(3), ("--label", "public")
    magi.run(*batch_of(tmp_path, rows).arguments, *label)
    rows[1] |= {key: value for key, value in change.items() if key in ("question", "options", "label")}
    files = batch_of(tmp_path, rows, f"{change.get('file', 'q')}.jsonl")
    before = court.arrived
    done = magi.run(*files.arguments, *label, *change.get("arguments", ()))

    assert done.code == 0, done.err
    assert court.arrived - before == 3 * asked
    assert len(files.answered()) == 3


def test_rehearsal_answers_no_real_row(kit, magi, court, tmp_path):
    """The verdicts of a rehearsal never stand for those of the real council, though all else is the same."""
    del kit
    files = batch_of(tmp_path, questions(2))
    rehearsed = magi.run(*files.arguments, "--rehearsal")
    flags = [line["flags"] for line in files.answered()]
    arrived = court.arrived
    magi.run(*files.arguments)

    assert (rehearsed.code, arrived, court.arrived) == (0, 0, 6)
    assert all("rehearsal" in each for each in flags)


MIXED = b"\n".join([
    b'{"id": "1", "question": "\xe7\xaa\x93\xe5\x8f\xa3\xe3\x81\xaf", "options": ["x", "y"]}',
    b"{broken",
    b"",
    b'{"id": "1", "question": "again", "options": ["x", "y"]}',
    b'{"id": "2"}',
    f'{{"id": "3", "question": "{CANARY}", "label": "{CANARY}"}}'.encode(),
    b'{"id": "4", "question": "\xff"}',
    f'{{"id": "5", "question": "{CANARY}", "options": ["x", "y"], "label": "secret"}}'.encode(),
    b'{"id": "6", "question": "last", "options": ["x", "y"]}',
])  # fmt: skip


def test_bad_rows_are_reported_and_good_ones_run(magi, court, tmp_path):
    """Every line that is not blank ends in the output or the report, once; status 2; no text of it is shown."""
    files = batch_of(tmp_path, MIXED)
    done = magi.run(*files.arguments)
    refused = {line["line"]: line["reason"] for line in files.refused()}

    assert done.code == 2
    assert sorted(line["line"] for line in files.answered()) == [1, 9]
    assert refused == {
        2: "malformed_json",
        4: "duplicate_id",
        5: "no_question",
        6: "label_unknown",
        7: "broken_encoding",
        8: "too_few_seats",
    }
    assert court.arrived == 6
    assert CANARY not in done.err + done.out + files.report.read_text("utf-8")


def test_strict_asks_nothing_where_a_row_is_bad(magi, court, tmp_path):
    """With --strict a bad row fails the file before anything is asked: all are reported, no output, no ledger."""
    files = batch_of(tmp_path, MIXED)
    done = magi.run(*files.arguments, "--strict")

    assert (done.code, court.arrived) == (2, 0)
    assert [line["line"] for line in files.refused()] == [2, 4, 5, 6, 7]
    assert not files.out.exists()
    assert not magi.ledger.exists()
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_strict_runs_a_sound_file(magi, court, tmp_path):
    """With --strict a file without a bad row runs as without."""
    files = batch_of(tmp_path, questions(5))
    done = magi.run(*files.arguments, "--strict")

    assert (done.code, len(files.answered()), court.arrived) == (0, 5, 15)
    assert files.refused() == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_csv_of_a_spreadsheet(magi, court, tmp_path, encoding):
    """A CSV in any of the three encodings is asked word for word, formulas included."""
    with (tmp_path / "q.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([
            ["id", "question", "option_ア", "option_イ", "備考"],
            ["1", "=SUM(A1) は\n正しいか", "@甲", "-乙", "+x"],
            ["2", "次のどれか", "甲", "", ""],
        ])  # fmt: skip
    files = Files(tmp_path / "q.csv", tmp_path / "o.jsonl", tmp_path / "o.jsonl.report.jsonl")
    done = magi.run(*files.arguments)
    (line,) = files.answered()

    assert done.code == 2
    assert (line["id"], line["line"]) == ("1", 2)
    assert [(line["line"], line["reason"]) for line in files.refused()] == [(4, "options_form")]
    assert all("=SUM(A1) は\n正しいか" in request.last_user_text for request in court.requests)
    assert all("ア: @甲" in request.last_user_text for request in court.requests)


def test_two_runs_at_once_share_the_work(kit, magi, tmp_path):
    """Two processes on the same rows with different outputs: each output is whole, each row is asked once."""
    rows = questions(120)
    one, two = batch_of(tmp_path, rows), batch_of(tmp_path, rows, out="p.jsonl")
    with judged(kit, magi, tmp_path, 20):
        running = [magi.start(*files.arguments) for files in (one, two)]
        ended = [each.wait() for each in running]

    assert [each.code for each in ended] == [0, 0], ended[0].err + ended[1].err
    assert sorted(line["id"] for line in two.answered()) == sorted(row["id"] for row in rows)
    check_whole(kit, magi, one, [row["id"] for row in rows])


def test_second_run_to_the_same_output_is_refused(kit, magi, tmp_path):
    """While a run writes an output, another run to it is refused; the first is not disturbed."""
    files = batch_of(tmp_path, questions(60))
    with judged(kit, magi, tmp_path, 50):
        running = magi.start(*files.arguments)
        wait_for(part_of(files).exists)
        second = magi.run(*files.arguments)
        first = running.wait()

    assert (first.code, second.code) == (0, 2)
    assert "別の実行" in second.err
    assert len(files.answered()) == 60


def test_interrupted_batch_finishes_what_runs_and_goes_on(kit, magi, tmp_path):
    """Ctrl-C: what runs gets its verdict, nothing else is begun, status 130; the same command does the rest."""
    rows = questions(200)
    files = batch_of(tmp_path, rows)
    with judged(kit, magi, tmp_path, 50):
        running = magi.start(*files.arguments)
        wait_for(lambda: lines_in(part_of(files)) >= 10)
        running.interrupt()
        ended = running.wait()
        left = streams_in(kit, magi)
        done = magi.run(*files.arguments)

    assert (ended.code, done.code) == (130, 0)
    assert not any(record.kind == "cancelled" for records in left.streams.values() for record in records)
    assert 10 <= len(left.streams) < 200
    assert left.open == ()
    check_whole(kit, magi, files, [row["id"] for row in rows])


def test_full_disk_stops_the_batch_and_the_rest_follows(kit, magi, court, tmp_path):
    """Where the ledger has no room the batch stops with status 1 and no output; with room it goes on."""
    del court
    rows = questions(150)
    files = batch_of(tmp_path, rows)
    full = magi.run(*files.arguments, file_bytes=600_000)
    existed = files.out.exists()
    done = magi.run(*files.arguments)

    assert (full.code, existed, done.code) == (1, False, 0), full.err
    check_whole(kit, magi, files, [row["id"] for row in rows])


def test_backend_that_pushes_back_slows_the_batch(kit, magi, tmp_path):
    """Where every send is answered with 429 first, fewer run at a time; every row still gets its verdict."""
    rows = questions(40)
    files = batch_of(tmp_path, rows)
    limits = []

    async def story():
        async with kit.service(magi.settings()) as (real, assets):
            tools = kit.with_models(real, {seat: {"failure": "rate_limited"} for seat in SEATS})
            council = assets.council("own")
            stands_on = ground(tools, council, assets.cards, "", rehearsal=False)
            lines = []
            sink = SimpleNamespace(write=lines.append)
            ends = Ends(sink, sink, lambda progress, _: limits.append(progress.limit))
            done = await run_batch(
                tools, stands_on, read_rows(survey(files.file), None), ends, asyncio.Event()
            )
            return done, lines

    agents = {card: kit.card_text(card, NOWHERE) for card in CARDS}
    magi.env["MAGI_ASSETS_DIR"] = str(kit.write_assets(tmp_path / "assets", agents))
    done, lines = asyncio.run(story())

    assert (done.answered, done.complete, len(lines)) == (40, True, 40)
    assert done.outcomes == Counter(no_quorum=40)
    assert max(limits) <= FIRST
    assert limits[-1] == 1


def most_at_once(kit, home):
    """How many deliberations were under way at one time, by the times of their records."""

    async def look():
        async with kit.opened(home, "local") as ledger:
            return await kit.streams_of(ledger)

    steps = []
    for records in asyncio.run(look()).values():
        steps += [(records[0].at_ms, 1), (records[-1].at_ms, -1)]
    return max(itertools.accumulate(step for _, step in sorted(steps)))


def test_dead_seat_does_not_hold_a_batch_up(kit, magi, tmp_path):
    """With one seat that fails after a wait, more run at a time than at the start, and every row is answered."""
    parts = {card: Reply(kit.form("A")) for card in CARDS} | {"own-c": Delay(0.3, Status(500))}
    files = batch_of(tmp_path, questions(120))
    with kit.served(by_model(parts)) as standin:
        agents = {card: kit.card_text(card, standin.base_url) for card in CARDS}
        magi.env["MAGI_ASSETS_DIR"] = str(kit.write_assets(tmp_path / "assets", agents))
        done = magi.run(*files.arguments)

    assert done.code == 0, done.err
    assert {tuple(line["flags"]) for line in files.answered()} == {("degraded", "rehearsal")}
    assert most_at_once(kit, magi.home) > 2 * FIRST


BEFORE_ANYTHING = {
    "no file": ({"file": "none.jsonl"}, "none.jsonl"),
    "a folder": ({"file": "."}, "ファイルではありません"),
    "no header": ({"file": "bad.csv"}, "question"),
    "no such council": ({"arguments": ("--council", "nope")}, "nope"),
    "no such label": ({"arguments": ("--label", "open")}, "public"),
    "output over input": ({"out": "q.jsonl"}, "別々"),
    "report over output": ({"arguments": ("--report", "o.jsonl")}, "別々"),
    "no folder": ({"out": "none/o.jsonl"}, "書けません"),
    "output is a folder": ({"out": "."}, "ファイルではありません"),
}


@pytest.mark.parametrize("case", BEFORE_ANYTHING)
def test_wrong_arguments_leave_nothing(magi, court, tmp_path, case):
    """What is wrong with the command is said in words, with status 2, before a ledger or an output is made."""
    change, words = BEFORE_ANYTHING[case]
    batch_of(tmp_path, questions(1))
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    before = sorted(tmp_path.rglob("*.jsonl*"))
    arguments = [tmp_path / word if word == "o.jsonl" else word for word in change.get("arguments", ())]
    done = magi.run(
        "batch", "run", tmp_path / change.get("file", "q.jsonl"), "--out", tmp_path / change.get("out", "o.jsonl"),
        *([] if "--council" in arguments else ["--council", "own"]), *arguments,
    )  # fmt: skip

    assert done.code == 2, done.err
    assert words in done.err
    assert "Traceback" not in done.err
    assert (court.arrived, magi.ledger.exists()) == (0, False)
    assert sorted(tmp_path.rglob("*.jsonl*")) == before
