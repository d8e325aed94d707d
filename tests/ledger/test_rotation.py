"""Exchanging the log's signing key: at every point where it may be cut off, and beside writers that go on."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from magi.core.errors import KeyMissingError, LedgerUnavailableError, MagiError
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import LogKeyFile, create_log_key
from magi.ledger.nodes import signed_head, snapshot
from magi.ledger.note import open_note
from magi.ledger.rotation import begin_rotation, finish_rotation
from magi.ledger.sequencer import Sequencing
from magi.ledger.verify import Brought, verify, verify_source

KEYS = TenantKeys("k1", b"k" * 32)


class Cut(Exception):  # noqa: N818  # stands for the end of the process
    """The process ended here."""


class CutLedger:
    """A ledger whose process ends before or after its next append."""

    def __init__(self, ledger, where):
        """Pass everything on to `ledger`."""
        self._ledger = ledger
        self._where = where

    async def read(self, stream):
        """As it is."""
        return await self._ledger.read(stream)

    async def append(self, *args):
        """Cut before or after."""
        if self._where == "before":
            raise Cut
        records = await self._ledger.append(*args)
        if self._where == "after":
            raise Cut
        return records


class NoEntropy:
    """Chance that may not be used."""

    def token(self, size):
        """Never."""
        raise AssertionError(size)


@dataclass
class Exchange:
    """One log with its key file; each opening stands for a process."""

    ledgers: object
    key: Path
    entropy: object
    drafts: object

    @property
    def path(self):
        """The ledger."""
        return self.ledgers.path

    def open(self):
        """Open the ledger with its key file."""
        return self.ledgers.open(signers=LogKeyFile(self.key, "log-1"))

    def head(self):
        """The signed head."""
        with snapshot(self.path, live=True) as connection:
            return signed_head(connection)

    async def begin(self, ledger, entropy=None):
        """Begin an exchange."""
        return await begin_rotation(ledger, self.head, self.key, "t", entropy or self.entropy)

    async def finish(self, ledger):
        """Finish it."""
        return await finish_rotation(ledger, self.head, self.key, "t")


@pytest.fixture
def log(sqlite_ledgers, tmp_path, entropy, drafts):
    """A log and its key file; the ledger is not there yet."""
    create_log_key(tmp_path / "log.key", "log-1", entropy)
    return Exchange(sqlite_ledgers, tmp_path / "log.key", entropy, drafts)


def lines(path):
    """How many keys a file holds."""
    return len(path.read_text().splitlines())


def vkeys(path):
    """The verifier keys of a key file."""
    return [signer.verifier.vkey for signer in LogKeyFile(path, "log-1").current()]


def test_after_an_exchange_the_new_key_signs_alone(log):
    """Both keys sign in between, each head verifies for holders of either key, and at the end the old one is gone."""

    async def go():
        async with log.open() as ledger:
            old = log.head()
            begun = await log.begin(ledger)
            await ledger.append("d/1", 0, [log.drafts.opened(question=b"q")])
            both = log.head()
            finished = await log.finish(ledger)
            last = log.head()
            await ledger.append("d/1", 1, [log.drafts.decided()])
            return old, begun, both, finished, last, log.head()

    old, begun, both, finished, last, new = asyncio.run(go())
    old_key, new_key = begun.in_force

    assert begun.added == finished.in_force == (new_key,)
    assert finished.removed == (old_key,)
    assert [key.vkey for key in old.keys] == [old_key]
    assert [key.vkey for key in open_note(both.note, both.keys).verified] == [old_key, new_key]
    assert open_note(last.note, old.keys)  # the head of the record that removes it still bears the old key
    assert [line.key_hash for line in open_note(new.note, new.keys).unknown] == []
    assert vkeys(log.key) == [new_key]
    assert log.key.stat().st_mode & 0o777 == 0o600
    assert verify(log.path, KEYS).problems == ()


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_beginning_that_is_cut_off_can_be_repeated(log, where):
    """Cut between file and record, or after the record, the log verifies, goes on, and one new key comes of it."""

    async def go():
        async with log.open() as ledger:
            with pytest.raises(Cut):
                await log.begin(CutLedger(ledger, where))
            between = verify(log.path, KEYS)
        keys = vkeys(log.key)
        async with log.open() as ledger:
            await ledger.append("d/1", 0, [log.drafts.opened()])
            again = await log.begin(ledger, NoEntropy())
            return between, keys, again

    between, keys, again = asyncio.run(go())

    assert between.problems == ()
    assert len(keys) == 2
    assert list(again.in_force) == keys == vkeys(log.key)
    assert verify(log.path, KEYS).problems == ()


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_finish_that_is_cut_off_can_be_repeated(log, where):
    """Cut before the record or between record and file, the log goes on; repeating it ends with one key."""

    async def go():
        async with log.open() as ledger:
            await log.begin(ledger)
            with pytest.raises(Cut):
                await log.finish(CutLedger(ledger, where))
        between = verify(log.path, KEYS)
        keys = vkeys(log.key)
        async with log.open() as ledger:
            await ledger.append("d/1", 0, [log.drafts.opened()])
            await log.finish(ledger)
            await ledger.append("d/1", 1, [log.drafts.decided()])
        return between, keys

    between, keys = asyncio.run(go())

    assert between.problems == ()
    assert len(keys) == 2
    assert vkeys(log.key) == keys[1:]
    assert verify(log.path, KEYS).problems == ()


def test_a_beginning_that_never_reached_the_log_is_taken_back(log):
    """Finishing an exchange whose record is not there takes the unknown key out of the file, not the log's own."""

    async def go():
        async with log.open() as ledger:
            own = vkeys(log.key)
            with pytest.raises(Cut):
                await log.begin(CutLedger(ledger, "before"))
            await log.finish(ledger)
            return own

    assert asyncio.run(go()) == vkeys(log.key)


def test_each_act_is_done_once(log):
    """Beginning twice adds one key, finishing twice removes one, and finishing without a beginning removes none."""

    async def go():
        async with log.open() as ledger:
            first = await log.finish(ledger)
            await log.begin(ledger)
            await log.begin(ledger, NoEntropy())
            two = lines(log.key)
            await log.finish(ledger)
            await log.finish(ledger)
            return first, two, len(await ledger.read("config"))

    first, two, records = asyncio.run(go())

    assert first.removed == ()
    assert (two, lines(log.key), records) == (2, 1, 3)


def test_a_service_that_runs_on_signs_with_the_right_keys(log):
    """Writers of another process go on through the whole exchange, and every head on the way verifies."""
    kept = []

    async def serve(ledger, done):
        n = 0
        while not done.is_set():
            await ledger.append("d/busy", n, [log.drafts.ticketed(attempt=n + 1)])
            kept.append(log.head().note)
            n += 1

    async def go():
        done = asyncio.Event()
        async with log.open() as service, log.open() as command:
            serving = asyncio.create_task(serve(service, done))
            for _ in range(3):
                await log.begin(command)
                await asyncio.sleep(0)
                await log.finish(command)
            done.set()
            await serving

    asyncio.run(go())
    report = verify_source(log.path, Brought(KEYS, kept=tuple(kept)))

    assert report.problems == ()
    assert len(report.kept) == len(kept) > 3
    assert lines(log.key) == 1


def test_a_file_with_none_of_the_logs_keys_is_refused(log, tmp_path):
    """With another log's or machine's key file nothing is written, to the file or to the log."""
    create_log_key(tmp_path / "other.key", "log-1", log.entropy)
    before = (tmp_path / "other.key").read_bytes()

    async def go():
        async with log.open() as ledger:
            for call in (
                begin_rotation(ledger, log.head, tmp_path / "other.key", "t", log.entropy),
                finish_rotation(ledger, log.head, tmp_path / "other.key", "t"),
            ):
                with pytest.raises(KeyMissingError, match="log_key_elsewhere"):
                    await call
            return len(await ledger.read("config"))

    assert asyncio.run(go()) == 1
    assert (tmp_path / "other.key").read_bytes() == before


def test_two_exchanges_at_once_are_one(log):
    """Of two commands that begin at the same time one is told to wait, and one key is added."""

    async def go():
        async with log.open() as one, log.open() as other:
            calls = [log.begin(each) for each in (one, other)]
            return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(go())
    refused = [one for one in outcomes if isinstance(one, MagiError)]

    assert [type(one) for one in refused] == [LedgerUnavailableError]
    assert lines(log.key) == 2
    assert verify(log.path, KEYS).problems == ()


def test_a_shared_log_is_re_keyed_beside_its_sequencer(postgres_ledgers, tmp_path, entropy, drafts):
    """In PostgreSQL the command waits for the sequencer, which reads the key file again; every act ends signed."""
    key = tmp_path / "log.key"
    create_log_key(key, "log-1", entropy)
    signers = LogKeyFile(key, "log-1")

    def head():
        with snapshot(postgres_ledgers.url) as connection:
            return signed_head(connection)

    async def go():
        async with postgres_ledgers.open(log_key=lambda: signers.current()[0].verifier.vkey) as ledger:
            await ledger.append("d/1", 0, [drafts.opened(question=b"q")])
            with postgres_ledgers.sequencer(signers) as first:
                first.step()
            sequencing.append(Sequencing(postgres_ledgers.sequencer(signers)))
            begun = await begin_rotation(ledger, head, key, "t", entropy)
            await ledger.append("d/1", 1, [drafts.decided()])
            finished = await finish_rotation(ledger, head, key, "t")
            return begun, finished

    sequencing = []
    try:
        begun, finished = asyncio.run(go())
    finally:
        for one in sequencing:
            one.close()

    assert finished.removed == begun.in_force[:1]
    assert vkeys(key) == list(finished.in_force) == list(begun.added)
    assert verify_source(postgres_ledgers.url, Brought(KEYS)).problems == ()
    assert sequencing[0].failed is None
