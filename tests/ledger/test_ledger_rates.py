"""How fast the ledger appends, durably: printed, not asserted.

`pytest -m slow -s tests/ledger/test_ledger_rates.py`. Figures to reach: SQLite with 128 writers that wait for their
acknowledgement 15,000 records/s bare and 8,000 with an encrypted body of 1 KB; PostgreSQL with 8 writers 2,000
records/s at p99 of 25 ms where a commit costs 4 ms, with the sequencer running. `commit_delay` makes a commit cost that
much here.
"""

import asyncio
import os
import time

import psycopg
import pytest

from magi.ledger.sequencer import Sequencing

pytestmark = pytest.mark.slow

RECORDS = 12_000


class _Chance:
    """The system's randomness: what production pays for."""

    def token(self, size):
        return os.urandom(size)


async def _append_all(ledgers, writers, draft, records):
    """Writers that each wait for one append before the next; (records a second, p50 and p99 in ms)."""
    took = []

    async def write(ledger, name):
        for ordinal in range(records // writers):
            before = time.perf_counter()
            await ledger.append(f"d/{name}", ordinal, [draft])
            took.append(time.perf_counter() - before)

    started = time.perf_counter()
    await asyncio.gather(*(write(ledgers[n % len(ledgers)], n) for n in range(writers)))
    rate = len(took) / (time.perf_counter() - started)
    took.sort()
    return rate, 1000 * took[len(took) // 2], 1000 * took[len(took) * 99 // 100]


def _drafts(drafts):
    return {"bare": drafts.ticketed(), "with bodies": drafts.ticketed(request=os.urandom(512).hex().encode())}


@pytest.mark.parametrize("kind", ["bare", "with bodies"])
def test_sqlite_append_rate(sqlite_ledgers, drafts, kind):
    """128 writers on one file, best of three."""

    async def story():
        async with sqlite_ledgers.open(entropy=_Chance()) as ledger:
            draft = _drafts(drafts)[kind]
            best = (0.0, 0.0, 0.0)
            for turn in range(3):
                best = max(best, await _append_all([_Turn(ledger, turn)], 128, draft, RECORDS))
            return best, ledger.stats

    (rate, p50, p99), stats = asyncio.run(story())
    print(f"\nSQLite, 128 writers, {kind}: {rate:,.0f} records/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")  # noqa: T201

    assert stats.records == 3 * (RECORDS // 128 * 128)


class _Turn:
    """The same ledger, with streams of this turn."""

    def __init__(self, ledger, turn):
        self._ledger = ledger
        self._turn = turn

    def append(self, stream, expect, drafts):
        return self._ledger.append(f"{stream}-{self._turn}", expect, drafts)


@pytest.mark.parametrize("kind", ["bare", "with bodies"])
@pytest.mark.parametrize("load", [(0, 64), (4000, 64), (4000, 32), (4000, 16)])
def test_postgres_append_rate(request, postgres_ledgers, drafts, kind, load):
    """8 ledgers, each a process's writer, with 64, 32 or 16 appends in flight in all, and the sequencer beside them."""
    commit_us, waiting = load
    servers = request.config.pluginmanager.get_plugin(
        str(request.config.rootpath / "tests/conftest.py")
    ).servers
    settings = {"commit_delay": str(commit_us), "commit_siblings": "0"}
    with servers.postgres(servers.TEST_SETTINGS | settings) as server, servers.database(server) as url:
        postgres_ledgers.url = url
        ledgers = [postgres_ledgers.open(entropy=_Chance()) for _ in range(8)]
        sequencing = Sequencing(postgres_ledgers.sequencer())

        async def story():
            commit_ms = await _commit_ms(ledgers[0], drafts)
            figures = await _append_all(ledgers, waiting, _drafts(drafts)[kind], 6_400)
            for ledger in ledgers:
                await ledger.close()
            return commit_ms, figures

        commit_ms, (rate, p50, p99) = asyncio.run(story())
        started = time.perf_counter()
        sequencing.close()
        lag = time.perf_counter() - started
        with psycopg.connect(url) as connection:
            placed, total = connection.execute("SELECT count(seq), count(*) FROM entry").fetchone()
    print(  # noqa: T201
        f"\nPostgreSQL, 8 writers, {waiting} appends waiting, {kind}, one append {commit_ms:.1f} ms:"
        f" {rate:,.0f} records/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms;"
        f" {placed:,} of {total:,} placed {lag:.2f} s after the last"
    )

    assert sequencing.failed is None
    assert total >= 6_400


async def _commit_ms(ledger, drafts):
    """The median of an append that has the server to itself."""
    took = []
    for ordinal in range(50):
        before = time.perf_counter()
        await ledger.append("d/alone", ordinal, [drafts.ticketed()])
        took.append(time.perf_counter() - before)
    return 1000 * sorted(took)[25]
