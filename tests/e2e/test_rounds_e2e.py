"""Every stage end to end: `magi ask` in each space, a batch that is taken up, kill -9 in any stage, the chat API."""

import importlib.util
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from magi.core.decided import Decided
from magi.core.record import Answered, Ticketed

_SPEC = importlib.util.spec_from_file_location("kills", Path(__file__).with_name("test_kill_e2e.py"))
kills = importlib.util.module_from_spec(_SPEC)  # by its path: test folders are no packages
_SPEC.loader.exec_module(kills)

COUNCIL = ("--council", "rehearsal-review", "--rehearsal", "--label", "public")
SPACES = {
    "open": ("庁舎の花壇に何を植えるとよいか。",),
    "yes-no": ("庁舎の花壇に花を植えるとよいか。", "--space", "yes-no"),
    "number:本": ("庁舎の花壇に花を何本植えるとよいか。", "--space", "number:本"),
    "date": ("庁舎の花壇に花をいつ植えるとよいか。", "--space", "date"),
    "choice": (
        "庁舎の花壇に植える花はどれか。",
        "--space",
        "choice",
        "--option",
        "A=桜草",
        "--option",
        "B=小菊",
    ),
}
ARBITRATION = """
[arbitration]
rebuttal = true
peer_review = true
severity_floor = true
writer = "melchior"
"""
DELAY_MS = 120
"""How long the stand-in thinks at each send; with three stages most kills fall between send and answer."""
LIMIT_SECONDS = 60


def streams_of(kit, magi, scratch):
    """The deliberations of a home, looked at in a copy, with the oracle's checks."""
    return kills.found_in(kit, magi.home, scratch)


def replays(magi, level):
    """Whether every recorded deliberation comes to the same verdict at a level."""
    done = magi.run("replay", "--all", "--level", level, "--json")
    return done.code, done.err


@pytest.mark.parametrize("space", SPACES)
def test_a_question_of_each_space_goes_through_its_stages(kit, magi, tmp_path, space):
    """One verdict, a ticket for every answer, the stages that its space has, the same verdict at R1 and R2."""
    done = magi.run("ask", *COUNCIL, "--json", *SPACES[space])
    (records,) = streams_of(kit, magi, tmp_path / "after").streams.values()
    answered = [r.data for r in records if isinstance(r.data, Answered)]
    tickets = {r.data.ask for r in records if isinstance(r.data, Ticketed)}
    stages = {each.stage for each in answered}

    assert done.code == 0, done.err
    assert done.json["outcome"] == records[-1].data.outcome
    assert isinstance(records[-1].data, Decided)
    assert {each.ask for each in answered} == tickets
    assert ("review" in stages) is (space == "open")
    assert stages <= ({"answer", "review", "write"} if space == "open" else {"answer", "rebuttal"})
    assert {each.failure for each in answered if each.stage != "answer"} <= {None}
    assert replays(magi, "R1")[0] == replays(magi, "R2")[0] == 0


def test_a_split_is_seen_and_put_again(kit, magi, tmp_path):
    """Among a few questions at least one splits the council, and only those that do have second ballots."""
    for number in range(6):
        magi.run("ask", *COUNCIL, "--json", f"第{number}号の花壇に花を植えるとよいか。", "--space", "yes-no")
    streams = streams_of(kit, magi, tmp_path / "after").streams.values()
    split = []
    for records in streams:
        answered = [r.data for r in records if isinstance(r.data, Answered)]
        first = {each.ballot for each in answered if each.stage == "answer" and each.ballot is not None}
        second = [each for each in answered if each.stage == "rebuttal"]
        split.append(bool(second))

        assert (len(first) > 1) is bool(second)
    assert any(split)


def rows(count):
    """So many rows, open and closed in turn."""
    closed = {"options": ["桜草", "小菊", "山萩"]}
    return [
        {"id": f"q{n}", "question": f"第{n}号の花壇に植える花はどれか。", **(closed if n % 2 else {})}
        for n in range(count)
    ]


def test_a_batch_of_every_stage_is_taken_up_after_a_kill(kit, magi, tmp_path):
    """Twenty rows, killed on the way and run again: every row once, one verdict each, the same when replayed."""
    file, out = tmp_path / "q.jsonl", tmp_path / "o.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(20)), encoding="utf-8")
    arguments = ("batch", "run", file, "--out", out, *COUNCIL)
    running = magi.start(*arguments)
    part = out.with_name(out.name + ".part")
    kills.wait_for(lambda: part.exists() and part.read_bytes().count(b"\n") >= 4, LIMIT_SECONDS)
    running.kill()
    killed = running.wait()
    left = streams_of(kit, magi, tmp_path / "killed").streams
    done = magi.run(*arguments)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    streams = streams_of(kit, magi, tmp_path / "after").streams

    assert (killed.code, done.code) == (-9, 0), done.err
    assert 0 < sum(bool(kit.verdicts(records)) for records in left.values()) < 20
    assert sorted(line["id"] for line in lines) == sorted(f"q{n}" for n in range(20))
    assert all(len(kit.verdicts(records)) == 1 for records in streams.values())
    assert {"review", "write"} <= {
        r.data.stage for records in streams.values() for r in records if isinstance(r.data, Answered)
    }
    assert replays(magi, "R1")[0] == 0


# kill -9


@pytest.fixture
def court(kit, tmp_path):
    """A stand-in in a process of its own, and the council `own` with every stage on it."""
    journal = tmp_path / "seen"
    arguments = ("--port", "0", "--delay-ms", str(DELAY_MS), "--seen", journal)
    with subprocess.Popen(
        [sys.executable, "-m", "magi.standin", *arguments], stdout=subprocess.PIPE, encoding="utf-8"
    ) as standin:
        standin.stdout.readline()
        address = standin.stdout.readline().strip().removeprefix("接続先: ")
        folders = []
        for name in ("assets", "other"):
            cards = {card: kit.card_text(card, address, title=f"{name} {card}") for card in kills.CARDS}
            folder = kit.write_assets(tmp_path / name, cards)
            with (folder / "agents" / "councils" / "own.toml").open("a", encoding="utf-8") as file:
                file.write(ARBITRATION)
            folders.append(folder)
        yield kills.Court(journal, *folders)
        standin.kill()


def kill_rounds(kit, magi, court, tmp_path, *, seed, times):
    """Kill so many runs at seeded moments, a clean start after each; how the open ones ended, and what was running."""
    chance = random.Random(seed)  # noqa: S311  # seeded on purpose
    arguments = ("ask", "--council", "own", "--json")
    began = time.monotonic()
    assert magi.run(*arguments, "花壇に何を植えるとよいか(0)。", MAGI_ASSETS_DIR=court.assets).code == 0
    whole_seconds = time.monotonic() - began
    ends, cut, before = Counter(), Counter(), kills.found_in(kit, magi.home, tmp_path / "first").streams
    for number in range(1, times + 1):
        # One moment in each part of a run, so that every stage is met.
        moment = (number - 1 + chance.random()) / times * whole_seconds
        running = magi.start(
            *arguments, f"花壇に何を植えるとよいか({number})。", MAGI_ASSETS_DIR=court.assets
        )
        ended = kills.kill_at(running, moment)
        left = kills.check_killed(kit, magi, ended, tmp_path / f"k{number}", before=before, seen=court.seen())
        cut += stages_cut(kit, left)
        assets = chance.choice((court.assets, court.other_assets))
        question = f"花壇に何を植えるとよいか(-{number})。"
        assert magi.run(*arguments, question, MAGI_ASSETS_DIR=assets).code == 0
        ends += kills.check_taken_up(kit, magi, tmp_path / f"after{number}", left)
        before = kills.found_in(kit, magi.home, tmp_path / f"then{number}").streams
    assert magi.real("replay", "--all").code == 0
    return ends, cut


def stages_cut(kit, found):
    """The letters of the asks that were sent and not answered when a run was killed."""
    cut = Counter()
    for records in found.streams.values():
        if kit.verdicts(records):
            continue
        answered = {r.data.ask for r in records if isinstance(r.data, Answered)}
        cut.update(
            {r.data.ask[0] for r in records if isinstance(r.data, Ticketed) and r.data.ask not in answered}
        )
    return cut


def test_ask_killed_at_six_moments_of_all_stages(kit, magi, court, tmp_path):
    """Six kills over all stages: no send without a ticket, nothing shown without a verdict, and all replay the same."""
    ends, cut = kill_rounds(kit, magi, court, tmp_path, seed=5, times=6)

    assert ends.total() >= 1
    assert cut


@pytest.mark.slow
def test_ask_killed_at_forty_moments_of_all_stages(kit, magi, court, tmp_path):
    """The same at forty moments: every stage was cut, and both ways of ending an open deliberation were seen."""
    ends, cut = kill_rounds(kit, magi, court, tmp_path, seed=40, times=40)

    assert set(ends) == {"continued", "closed"}
    assert set(cut) >= {"a", "r", "w"}


def asked_through(kit, magi, court, folder):
    """A question whose every stage is reached, found in homes of their own; and how many sends it takes."""
    for number in range(8):
        question = f"第{number}号の花壇に何を植えるとよいか。"
        (folder / f"try{number}").mkdir()
        fresh = kit.Magi(magi.forge, folder / f"try{number}", {"MAGI_ASSETS_DIR": str(court.assets)})
        fresh.run("ask", "--council", "own", "--json", question)
        (records,) = kills.found_in(kit, fresh.home, folder / f"tried{number}").streams.values()
        asks = [r.data.ask for r in records if isinstance(r.data, Ticketed)]
        if asks[-1].startswith("w"):
            return question, len(asks)
    return pytest.fail("no question reached the draft")


@pytest.mark.parametrize(("letter", "way"), [("r", "continued"), ("w", "continued"), ("w", "closed")])
def test_killed_in_a_later_stage_the_next_start_goes_on_from_there(kit, magi, court, tmp_path, letter, way):  # noqa: PLR0917  # fixtures and two parameters
    """Killed with reviews or the draft under way: the answers are not asked for again, and the verdict replays."""
    arguments = ("ask", "--council", "own", "--json")
    question, sends = asked_through(kit, magi, court, tmp_path)
    until = court.seen().total() + (sends if letter == "w" else len(kills.CARDS) + 1)
    running = magi.start(*arguments, question, MAGI_ASSETS_DIR=court.assets)
    kills.wait_for(lambda: court.seen().total() >= until)
    running.kill()
    left = kills.check_killed(kit, magi, running.wait(), tmp_path / "killed")
    (stream,) = left.streams
    assets = court.assets if way == "continued" else court.other_assets
    magi.run(*arguments, "花壇に花を植えるとよいか。", MAGI_ASSETS_DIR=assets)
    ends = kills.check_taken_up(kit, magi, tmp_path / "after", left)
    records = kills.found_in(kit, magi.home, tmp_path / "then").streams[stream]
    again = [r.data.ask for r in records[len(left.streams[stream]) :] if isinstance(r.data, Ticketed)]

    assert letter in stages_cut(kit, left)
    assert ends == Counter({way: 1})
    assert not any(name.startswith("a") for name in again)
    assert bool(again) is (way == "continued")


# The chat API.


def test_the_chat_api_streams_and_replies(kit, magi, tmp_path):
    """`magi serve` with this council: the plain reply and the stream hold what is on record, and replay the same."""
    running = magi.start("serve", "--rehearsal", "--port", "0")
    said = [running.folder / name for name in ("out", "err")]
    seen = lambda: "".join(each.read_text("utf-8", "replace") for each in said)  # noqa: E731  # two looks at one text
    try:
        kills.wait_for(lambda: re.search(r"http://\S+/v1 ", seen()), LIMIT_SECONDS)
        root = re.search(r"(http://\S+)/v1 ", seen())[1]
        asked = [{"role": "user", "content": "庁舎の花壇に何を植えるとよいか。"}]
        body = {"model": "rehearsal-review", "messages": asked, "magi": {"label": "public"}}
        with httpx.Client(base_url=root, trust_env=False, timeout=LIMIT_SECONDS) as http:
            whole = http.post("/v1/chat/completions", json=body)
            with http.stream("POST", "/v1/chat/completions", json=body | {"stream": True}) as stream:
                status, lines = stream.status_code, [line for line in stream.iter_lines() if line]
            shown = http.get(f"/v1/deliberations/{whole.json()['magi']['deliberation']}?bodies=true&why=t-1")
        running.interrupt()
    finally:
        running.kill()
    ended = running.wait()
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c.get("choices"))
    streams = streams_of(kit, magi, tmp_path / "after").streams.values()

    assert (whole.status_code, status, lines[-1]) == (200, 200, "data: [DONE]"), ended.err
    assert shown.json()["bodies"]["reply"] == whole.json()["choices"][0]["message"]["content"]
    assert text
    assert len(streams) == 2
    assert all(isinstance(records[-1].data, Decided) for records in streams)
    assert all("review" in {r.data.stage for r in each if isinstance(r.data, Answered)} for each in streams)
    assert replays(magi, "R1")[0] == 0
