"""A disk without room, at every stage of a run: a clear error, nothing half-written, and the next start goes on.

Two forms: a file size limit, which any account can set, and a small file system of its own, where mounting is
permitted. Both are stepped through sizes, so that each write of a run is the one that fails once.
"""

import asyncio
import subprocess

import pytest

from magi.core.errors import ForeignLedgerError
from magi.ledger.keyfile import read_key_file
from magi.ledger.verify import verify
from magi.replay.rearbitrate import rearbitrate
from magi.standin.rehearsal import plausible
from magi.wiring import KEY_ID

CANARY = "椿の花壇7301"
QUESTION = f"{CANARY}を実施するべきか。はいかいいえで答えてください。"
CARDS = ("own-a", "own-b", "own-c")
KIB = 1024
SIZES_KIB = (4, 8, 16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 224, 260, 300, 340, 380, 430, 500, 700)
"""Up to the size that a run needs: its tables, eight records, their bodies. At 0 not even words can be written."""


def whole(kit, magi):
    """Verdicts of a ledger that must be sound, after its own look; None where there is no ledger yet."""
    if not magi.ledger.exists():
        return None
    try:
        report = verify(magi.ledger, read_key_file(magi.home / "tenant.key", KEY_ID))
    except ForeignLedgerError as error:
        if error.reason != "empty":
            raise
        return None

    async def look():
        async with kit.opened(magi.home) as ledger:
            return await kit.streams_of(ledger), await ledger.open_streams()

    assert report.sound, report.problems
    return asyncio.run(look())


def check_refused(kit, magi, done):
    """A run without room: the world's fault in words, no text of the question, nothing shown that is not durable."""
    assert done.code == 1
    assert "Traceback" not in done.err
    assert CANARY not in done.err
    found = whole(kit, magi)
    if done.out:
        assert found
        assert any(kit.verdicts(records) for records in found[0].values())


def check_goes_on(kit, magi, done):
    """The next start, with room: it answers, and nothing stays open."""
    streams, still_open = whole(kit, magi)

    assert done.code == 0, done.err
    assert still_open == ()
    for stream, records in streams.items():
        assert rearbitrate(stream, records).result == "same"


def test_no_room_at_any_stage(kit, magi, tmp_path):
    """Whatever write of a run hits a file size limit, it ends in exit 1 and words; with room the next start goes on."""
    codes = []
    with kit.served(plausible("full")) as standin:
        agents = {card: kit.card_text(card, standin.base_url) for card in CARDS}
        assets = kit.write_assets(tmp_path / "assets", agents)
        for size in SIZES_KIB:
            folder = tmp_path / f"limit{size}"
            folder.mkdir()
            small = kit.Magi(magi.forge, folder, {"MAGI_ASSETS_DIR": str(assets)})
            done = small.run("ask", "--council", "own", "--json", QUESTION, file_bytes=size * KIB)
            codes.append(done.code)
            if done.code:
                check_refused(kit, small, done)
            check_goes_on(kit, small, small.run("ask", "--council", "own", QUESTION))

    assert codes[0] == 1
    assert codes[-1] == 0
    assert codes == sorted(codes, reverse=True)


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a file system of so many KiB, or makes it larger; skips where that is not permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = []

    def sized(size_kib):
        options = f"size={size_kib}k" + (",remount" if mounted else "")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place],  # noqa: S607  # found on the path, POSIX
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("mounting a small file system is not permitted to this account")
        mounted.append(size_kib)
        return place

    yield sized
    if mounted:
        subprocess.run(["umount", place], check=True)  # noqa: S607  # as above


@pytest.mark.parametrize("size_kib", [4, 16, 40, 64, 100, 140, 180, 220])
def test_a_full_file_system(kit, magi, tmp_path, small_disk, size_kib):
    """On a file system without room the error says so and what to do; with more room the next start goes on."""
    place = small_disk(size_kib)
    with kit.served(plausible("full")) as standin:
        agents = {card: kit.card_text(card, standin.base_url) for card in CARDS}
        assets = kit.write_assets(tmp_path / "assets", agents)
        small = kit.Magi(magi.forge, tmp_path, {"MAGI_ASSETS_DIR": str(assets)})
        home = {"MAGI_HOME": place / "home"}
        done = small.run("ask", "--council", "own", "--json", QUESTION, **home)
        small_disk(4_000)
        placed = kit.Magi(magi.forge, place)
        check_refused(kit, placed, done)
        again = small.run("ask", "--council", "own", QUESTION, **home)

    assert "空き" in done.err
    check_goes_on(kit, placed, again)


@pytest.mark.parametrize("command", [("ask", "--rehearsal", QUESTION), ("replay", "--all")])
def test_output_that_cannot_be_written(kit, magi, command):
    """Where standard output takes nothing, the exit code is 1 and the words say so; the verdict is on record."""
    magi.run("ask", "--rehearsal", "窓口を開けるべきか。")
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        done = magi.run(*command, sink=full)

    assert done.code == 1
    assert "出力先" in done.err
    assert CANARY not in done.err
    check_goes_on(kit, magi, magi.run("ask", "--rehearsal", "窓口を開けるべきか。"))
