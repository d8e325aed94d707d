"""kill -9 in every stage of a deliberation with terms: the next start ends it, and both replays come to the same.

Real processes on both sides: the command, and the stand-in that it asks.
"""

import subprocess
import sys
import time

import pytest

DELAY_MS = 250
"""How long the stand-in thinks: each kill falls while a whole stage waits."""
CARDS = ("own-a", "own-b", "own-c")
TERMS = '[arbitration]\nrebuttal = true\npeer_review = true\nwriter = "melchior"\n\n[[seats]]'
OPEN, CLOSED = "駅前の花壇をどう思うか、自由に述べよ。", "第{}号の窓口を土曜にも開けるべきか。"


@pytest.fixture
def bench(kit, tmp_path):
    """A slow stand-in in a process of its own; the assets that point to it, and how many requests it has seen."""
    seen = tmp_path / "seen"
    arguments = ("--port", "0", "--delay-ms", str(DELAY_MS), "--seen", seen)
    with subprocess.Popen(
        [sys.executable, "-m", "magi.standin", *arguments], stdout=subprocess.PIPE, encoding="utf-8"
    ) as standin:
        standin.stdout.readline()
        address = standin.stdout.readline().strip().removeprefix("接続先: ")
        assets = kit.write_assets(tmp_path / "assets", {card: kit.card_text(card, address) for card in CARDS})
        council = assets / "agents" / "councils" / "own.toml"
        council.write_text(council.read_text().replace("[[seats]]", TERMS, 1))
        yield assets, lambda: len(seen.read_text().splitlines()) if seen.exists() else 0
        standin.kill()


def wait_until(condition, limit_seconds=30):
    """Look until it holds."""
    until = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize("space", ["open", "yes-no"])
def test_killed_in_each_stage_both_replays_say_the_same(magi, bench, space):
    """Whatever stage a kill -9 falls into, R1 and R2 of the deliberation that was taken up say the same."""
    assets, seen = bench
    magi.env["MAGI_ASSETS_DIR"] = str(assets)
    question = OPEN if space == "open" else CLOSED.format(2)
    arguments = ("ask", "--council", "own", "--json", "--space", space, question)
    assert magi.run(*arguments).code == 0
    sends = seen()
    # The first stage has three sends; the kill falls after the first of each stage, and before the last send of all.
    for moment in sorted({1, 4, sends - 1, sends}):
        before = seen()
        running = magi.start(*arguments)
        wait_until(lambda moment=moment, before=before: seen() >= before + moment)
        running.kill()
        running.wait()
        done = magi.run(*arguments)

        assert done.code == 0, done.err
    found = magi.run("replay", "--all", "--level", "R2", "--json", "--why", "試験")

    assert sends > len(CARDS)  # there was a second stage
    assert found.code == 0, found.out
    assert found.json["levels"]["R1"].keys() == found.json["levels"]["R2"].keys() == {"same"}
    assert found.json["deliberations"] >= 5
