"""Replay bit for bit: under any hash seed and order of arrival, over 140 real questions, and not after a change."""

import asyncio
import gzip
import itertools
import json
import os
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.core.canonical import canonical
from magi.core.record import Answered
from magi.core.space import ChoiceSpace
from magi.ledger.keyfile import read_key_file
from magi.ledger.logkey import read_log_keys
from magi.ledger.note import Checkpoint, sign
from magi.ledger.tree import Frontier, leaf_hash
from magi.ledger.verify import verify
from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.run import Request, deliberate
from magi.standin.rehearsal import plausible
from magi.wiring import KEY_ID, log_name

QUESTION = "窓口を土曜にも開けるべきか。はいかいいえで答えてください。"
SEATS = ("melchior", "balthasar", "casper")
NOWHERE = "http://127.0.0.1:1/v1"
AT_ONCE = 8
LAWQA_LIMIT_SECONDS = 60


def council(kit, folder, seats, base_url=NOWHERE, **changes):
    """Assets with so many own agents."""
    agents = {f"own-{number}": kit.card_text(f"own-{number}", base_url) for number in range(seats)}
    return kit.write_assets(folder / "assets", agents, **changes)


def shared_data():
    """The data folder beside the checkout, or where MAGI_SHARED_DATA says."""
    named = os.environ.get("MAGI_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


LAWQA = shared_data() / "lawqa_jp" / "questions.jsonl.gz"


def test_replay_is_the_same_under_four_hash_seeds(magi):
    """The same ledger replays to the same words under four values of PYTHONHASHSEED, exit code 0."""
    for arguments in ((QUESTION,), (QUESTION, "--label", "public"), ("消費税を論じてください。",)):
        assert magi.run("ask", "--rehearsal", *arguments).code == 0

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda s: magi.real("replay", "--all", "--no-record", PYTHONHASHSEED=s), "0123"))

    assert {run.code for run in runs} == {0}
    assert len({run.out for run in runs}) == 1
    assert "一致 3、不一致 0" in runs[0].out


def test_six_orders_of_arrival_give_the_same_bytes(kit, magi, tmp_path):
    """Three answers arrive in all six orders; the record keeps each order, the verdict bytes are one."""
    config = magi.settings(MAGI_ASSETS_DIR=council(kit, tmp_path, 3))
    texts = ("はい", "いいえ", "はい")
    parts = {seat: {"text": kit.form(text)} for seat, text in zip(SEATS, texts, strict=True)}

    async def deliberations():
        async with kit.service(config) as (tools, assets):
            request = Request(take_question(QUESTION), assets.council("own"))
            return {
                order: await deliberate(kit.with_models(tools, parts, order), request)
                for order in itertools.permutations(SEATS)
            }

    done = asyncio.run(deliberations())

    assert len({result.verdict.to_bytes() for result in done.values()}) == 1
    for order, result in done.items():
        assert tuple(r.data.seat for r in result.records if isinstance(r.data, Answered)) == order
        assert rearbitrate(result.stream, result.records).result == "same"


SAYINGS = st.sampled_from(["はい", "いいえ", "条件付き", "棄権", "どちらとも", "refusal", "timed_out"])


@st.composite
def sessions(draw):
    """What 3 to 7 seats say, and two orders in which it arrives."""
    said = draw(st.lists(SAYINGS, min_size=3, max_size=7))
    orders = st.permutations(range(len(said)))
    return said, draw(orders), draw(orders)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(sessions())
def test_shuffled_arrival_gives_the_same_bytes(kit, session):
    """Whatever 3 to 7 seats say, two orders of arrival give the same verdict bytes, and both replay."""
    said, *orders = session
    seats = kit.SEATS[: len(said)]
    texts = {"refusal": {"text": "", "refused": True}, "timed_out": {"failure": "timed_out"}}
    parts = {s: texts.get(word, {"text": kit.form(word)}) for s, word in zip(seats, said, strict=True)}

    async def deliberations(folder):
        assets = council(kit, folder, len(seats), quorum=len(seats) // 2 + 1)
        config = kit.Magi(None, folder).settings(MAGI_ASSETS_DIR=assets)
        async with kit.service(config) as (tools, found):
            request = Request(take_question(QUESTION), found.council("own"))
            return [
                await deliberate(kit.with_models(tools, parts, [seats[i] for i in order]), request)
                for order in orders
            ]

    with tempfile.TemporaryDirectory() as folder:
        first, second = asyncio.run(deliberations(Path(folder)))

    assert first.verdict.to_bytes() == second.verdict.to_bytes()
    for result in (first, second):
        assert rearbitrate(result.stream, result.records).result == "same"


@pytest.mark.skipif(not LAWQA.is_file(), reason="the folder shared/data is not beside the checkout")
def test_lawqa_against_stand_ins_replays(kit, magi, tmp_path):
    """140 four-choice questions on statutes go over loopback, replay all the same, and the ledger is sound."""
    rows = [json.loads(line) for line in gzip.decompress(LAWQA.read_bytes()).splitlines()]

    async def deliberations(config):
        async with kit.service(config) as (tools, assets):
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(row):
                options = dict(option.split(" ", 1) for option in row["options"])
                text = f"{row['question']}\n\n{row['context']}"
                question = take_question(text, ChoiceSpace(options=tuple(options)), options)
                async with gate:
                    return await deliberate(tools, Request(question, assets.council("own")))

            return await asyncio.gather(*(one(row) for row in rows))

    began = time.monotonic()
    with kit.served(plausible("lawqa")) as standin:
        config = magi.settings(MAGI_ASSETS_DIR=council(kit, tmp_path, 3, standin.base_url))
        done = asyncio.run(deliberations(config))
        arrived = standin.arrived
    replayed = magi.run("replay", "--all", "--no-record", "--lang", "en")
    took_seconds = time.monotonic() - began
    report = verify(magi.ledger, read_key_file(magi.home / "tenant.key", KEY_ID))

    assert (len(done), arrived) == (140, 3 * 140)
    assert {said.said for result in done for said in result.verdict.seats} == {"answer", "abstention"}
    assert all("rehearsal" in result.verdict.flags for result in done)
    assert replayed.code == 0
    assert "140 deliberations: 140 same" in replayed.out
    assert report.sound
    assert report.records == 1 + 140 * 8
    assert took_seconds < LAWQA_LIMIT_SECONDS


def rewrite(path, kind, change):
    """Replace the first record of a kind by a changed one, and sign the log anew with its own key."""
    with sqlite3.connect(path) as connection:
        query = "SELECT seq, bytes FROM entry WHERE kind = ? ORDER BY seq LIMIT 1"
        seq, raw = connection.execute(query, (kind,)).fetchone()
        value = json.loads(raw)
        change(value["data"])
        changed = canonical(value)
        connection.execute(
            "DROP TRIGGER entry_stays"
        )  # a guard against accidents, not against somebody's hand
        connection.execute(
            "UPDATE entry SET bytes = ?, leaf_hash = ? WHERE seq = ?", (changed, leaf_hash(changed), seq)
        )
        frontier = Frontier()
        frontier.extend(hash_ for (hash_,) in connection.execute("SELECT leaf_hash FROM entry ORDER BY seq"))
        checkpoint = Checkpoint(log_name("local"), frontier.size, frontier.root())
        note = sign(checkpoint.text, read_log_keys(path.parent / "log.key", log_name("local")))
        connection.execute("UPDATE head SET edge = ?, note = ?", (b"".join(frontier.edge), note))
    connection.close()


def flip(answer):
    """Another answer."""
    return "yes" if answer == "no" else "no"


CHANGES = {
    "the outcome": ("decided", lambda data: data.update(outcome="unanimous")),
    "the answer": ("decided", lambda data: data.update(answer_class=flip(data["answer_class"]))),
    "a flag": ("decided", lambda data: data.update(flags=[])),
    "the dissent": ("decided", lambda data: data.update(dissent=["a1"])),
    "a seat's ballot": ("answered", lambda data: data.update(ballot=flip(data["ballot"]))),
    "the quorum": ("opened", lambda data: data.update(quorum=4)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_record_with_a_fitting_hash_replays_differently(magi, what):
    """Who holds the log's key and signs a rewritten log passes the check of the bytes; the verdict does not follow."""
    assert magi.run("ask", "--rehearsal", QUESTION).code == 0
    rewrite(magi.ledger, *CHANGES[what])
    report = verify(magi.ledger, read_key_file(magi.home / "tenant.key", KEY_ID))
    found = magi.run("replay", "--all")

    assert report.sound
    assert found.code == 1
    assert "不一致 1" in found.out


def test_a_changed_byte_is_named(magi):
    """A flipped byte in a record is found by its leaf hash: exit code 1, and the record is named."""
    assert magi.run("ask", "--rehearsal", QUESTION).code == 0
    with sqlite3.connect(magi.ledger) as connection:
        connection.execute("DROP TRIGGER entry_stays")  # see `rewrite`
        connection.execute(
            "UPDATE entry SET bytes = replace(bytes, ?, ?) WHERE kind = 'decided'", (b"majority", b"majoritz")
        )
    connection.close()
    found = magi.run("replay", "--all")

    assert found.code == 1
    assert "Traceback" not in found.err


def test_an_open_deliberation_is_no_difference(kit, magi, tmp_path):
    """A deliberation still under way replays as open, and that is not an error."""
    config = magi.settings(MAGI_ASSETS_DIR=council(kit, tmp_path, 3))

    async def opened_only():
        async with kit.service(config) as (tools, assets):
            done = await deliberate(
                kit.with_models(tools, {seat: {"text": kit.form("はい")} for seat in SEATS}),
                Request(take_question(QUESTION), assets.council("own")),
            )
            return done.records

    records = asyncio.run(opened_only())
    results = [rearbitrate("d/x", records[:count]).result for count in range(1, len(records) + 1)]

    assert results == ["open"] * (len(records) - 1) + ["same"]
