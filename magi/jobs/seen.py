"""Which ids were seen, in 16 bytes each: a set of 64-bit digests in one flat array (open addressing).

A Python set of as many numbers takes five times the memory. Two different ids with one digest would make the
later a reported duplicate, never a lost row; among a million ids that happens in one file out of 30 million.
"""

from array import array

_FIRST_SLOTS = 1 << 12
_EMPTY = 0


class Seen:
    """A growing set of numbers below 2**64; 0 and 1 count as one."""

    def __init__(self) -> None:
        """Start empty."""
        self._slots = array("Q", bytes(8 * _FIRST_SLOTS))
        self._count = 0

    def __len__(self) -> int:
        """How many numbers it holds."""
        return self._count

    def add(self, number: int) -> bool:
        """Add a number; false if it was there."""
        # Half full at most, so that a search stays short.
        if 2 * self._count >= len(self._slots):
            self._grow()
        place = self._place(number or 1)
        if self._slots[place] != _EMPTY:
            return False
        self._slots[place] = number or 1
        self._count += 1
        return True

    def _place(self, number: int) -> int:
        """Where the number stands, or the free slot where it would."""
        last = len(self._slots) - 1
        place = number & last
        while self._slots[place] not in (_EMPTY, number):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(2 * old.itemsize * len(old)))
        for number in old:
            if number != _EMPTY:
                self._slots[self._place(number)] = number
