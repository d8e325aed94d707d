"""A process that appends until it is told to stop or is killed; the tests start it, it is no test.

`appender.py LEDGER NAME ROUNDS SHARED`: eight writers append records with bodies to streams of their own, and
each in turn to the stream `d/shared`. Every acknowledged record is printed as `stream ordinal sha256`.
"""

import asyncio
import hashlib
import os
import sys
import time
from pathlib import Path

from magi.core.errors import ConflictError
from magi.core.ports import Draft
from magi.core.record import Ticketed
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger

WRITERS = 8


class _SystemClock:
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic_ms(self):
        return time.monotonic_ns() // 1_000_000


class _SystemEntropy:
    def token(self, size):
        return os.urandom(size)


def _acknowledge(records):
    for record in records:
        line = f"{record.stream} {record.ordinal} {hashlib.sha256(record.to_bytes()).hexdigest()}\n"
        os.write(1, line.encode())  # straight to the pipe: what was printed was acknowledged


def _ticketed(ask, attempt):
    event = Ticketed(
        ask=ask,
        attempt=attempt,
        card="card-a",
        backend="b",
        host="localhost",
        country="JP",
        label=2,
        digest="ab" * 32,
        derived_from=(),
        expires_ms=1,
    )
    return Draft(event, {"request": os.urandom(200) * 5})


async def _share(ledger, draft):
    for _ in range(1000):
        head = len(await ledger.read("d/shared"))
        try:
            return _acknowledge(await ledger.append("d/shared", head, [draft]))
        except ConflictError:
            continue
    return None


async def _write(ledger, stream, rounds, *, shared):
    for n in range(rounds):
        draft = _ticketed(stream, n + 1)
        _acknowledge(await ledger.append(stream, n, [draft]))
        if shared:
            await _share(ledger, draft)


async def _main(path, name, rounds, *, shared):
    keys = TenantKeys("k1", b"k" * 32)
    async with SqliteLedger(
        path,
        log="log-1",
        tenant="t1",
        key_id="k1",
        keys=keys,
        signers=GivenSigners((new_signer("log-1", b"s" * 32),)),
        entropy=_SystemEntropy(),
        clock=_SystemClock(),
    ) as ledger:
        writers = (_write(ledger, f"d/{name}-{n}", rounds, shared=shared) for n in range(WRITERS))
        await asyncio.gather(*writers)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), shared=sys.argv[4] == "shared"))
