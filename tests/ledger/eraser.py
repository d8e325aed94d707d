"""A process that erases or holds; the tests start it, it is no test.

`eraser.py LEDGER erase`: erases the one body of d/0, d/1, ... until a hold refuses; says "+" after the first.
`eraser.py LEDGER hold`: sets a hold over every stream. Both say "." when the ledger is open, and begin when told.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from magi.core.acts import Erased, Held
from magi.core.errors import ErasureRefusedError
from magi.core.ports import Draft
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger


class _SystemClock:
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic_ms(self):
        return time.monotonic_ns() // 1_000_000


class _SystemEntropy:
    def token(self, size):
        return os.urandom(size)


async def _erase(ledger):
    streams = await ledger.streams("d/")
    for stream in streams:
        ref = (await ledger.read(stream))[0].refs[0]
        event = Erased(stream=stream, commitments=(ref.commitment,), why="request", by="甲", whole=True)
        try:
            await ledger.append("retention", None, [Draft(event)])
        except ErasureRefusedError:
            return
        os.write(1, b"+")


async def _main(path, what):
    async with SqliteLedger(
        path,
        log="log-1",
        tenant="t1",
        key_id="k1",
        keys=TenantKeys("k1", b"k" * 32),
        signers=GivenSigners((new_signer("log-1", b"s" * 32),)),
        entropy=_SystemEntropy(),
        clock=_SystemClock(),
        create=False,
    ) as ledger:
        os.write(1, b".")
        os.read(0, 1)
        if what == "hold":
            await ledger.append("retention", None, [Draft(Held(name="h", streams=("*",), by="乙"))])
        else:
            await _erase(ledger)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2]))
