"""A sequencer that stops in mid-step until it is killed; the tests start it, it is no test.

`pausing_sequencer.py URL GOOD WHERE`: takes GOOD whole steps of three entries, then says `paused` in the next one:
`keys` with its entries placed and its head not yet written, `commit` with everything written and COMMIT not sent.
"""

import os
import sys
import time

from sqlalchemy import event

from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.sequencer import Sequencer


class _Pausing(GivenSigners):
    """Keys that are asked for twice a step: to check the head, and to sign. The second time lasts for ever."""

    def __init__(self):
        super().__init__((new_signer("log-1", b"s" * 32),))
        self.asked = None

    def current(self):
        if self.asked is not None:
            self.asked += 1
            if self.asked == 2:
                _pause()
        return super().current()


def _pause(*_):
    os.write(1, b"paused\n")
    time.sleep(3600)


if __name__ == "__main__":
    keys = _Pausing()
    sequencer = Sequencer(sys.argv[1], "log-1", keys, batch=3)
    for _ in range(int(sys.argv[2])):
        assert sequencer.step() == 3  # the tests see to it
    if sys.argv[3] == "keys":
        keys.asked = 0
    else:
        event.listen(sequencer._engine, "commit", _pause)
    sequencer.step()
