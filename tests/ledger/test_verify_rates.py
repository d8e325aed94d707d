"""How fast a check is, in records a second on one core: printed, not asserted.

`pytest -m slow -s tests/ledger/test_verify_rates.py`. Every record of the log has a body of 1 KB; the figures to reach
are 100,000 at depth `tree` and 50,000 at depth `bodies` with each body decrypted and held against its commitment.
"""

import asyncio
import random
import time

import pytest

from magi.ledger.verify import Brought, verify_source

STREAMS, RECORDS = 1_000, 50
TARGETS = {"tree": 100_000, "bodies": 50_000, "full": None}
WORDS = ("予算", "会計", "監査", "記録", "question", "answer", "quick", "brown", "jumps", "council")


@pytest.fixture
def log(sqlite_ledgers, drafts):
    """A closed ledger of 50,001 records, each with a body of 1 KB of words."""
    chance = random.Random(1)  # noqa: S311  # the same words every time

    def body():
        return " ".join(chance.choices(WORDS, k=150)).encode()[:1024]

    async def story():
        async with sqlite_ledgers.open() as ledger:
            for n in range(STREAMS):
                await ledger.append(
                    f"d/{n}", 0, [drafts.ticketed(f"a{k}", request=body()) for k in range(RECORDS)]
                )

    asyncio.run(story())
    return sqlite_ledgers.path


@pytest.mark.slow
def test_rates(log, sqlite_ledgers):
    """Every depth checks the whole log; its rate is printed beside the target."""
    reports = {}
    for depth, target in TARGETS.items():
        rates = []
        for _ in range(3):
            start = time.process_time()
            reports[depth] = verify_source(log, Brought(sqlite_ledgers.keys), depth)
            rates.append(reports[depth].records / (time.process_time() - start))
        print(f"{depth}: {max(rates):,.0f} records/s (target {target})")  # noqa: T201  # what this test is for

    assert [report.problems for report in reports.values()] == [(), (), ()]
    assert reports["bodies"].bodies_checked == STREAMS * RECORDS
