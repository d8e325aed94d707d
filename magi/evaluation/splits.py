"""Splits of labelled questions, the same ones that NumPy users draw.

`permutation(seed, size)` is what `numpy.random.default_rng(seed).permutation(size)` gives, in plain Python: the
seed is spread by `SeedSequence` (O'Neill's seed_seq design), PCG64 (XSL-RR 128/64, O'Neill 2014) draws, and a
Fisher-Yates shuffle takes its places from the low bits of 32-bit draws, rejecting those that are too large. So
a figure of ours can be checked beside anyone else's on the same halves, without a numeric library.

Promises: pure; the same everywhere; proven against outputs of NumPy 2. Not for secrets.
"""

from dataclasses import dataclass
from typing import Final

MAX_SIZE: Final = 1 << 32
"""One 32-bit draw must reach every place."""

_M32: Final = (1 << 32) - 1
_M64: Final = (1 << 64) - 1
_M128: Final = (1 << 128) - 1
_POOL: Final = 4
_PCG_MULTIPLIER: Final = 0x2360ED051FC65DA44385DF649FCCF645


@dataclass(frozen=True)
class Split:
    """One split: places of the labelled questions in the order drawn, and of the others."""

    seed: int
    labelled: tuple[int, ...]
    held_out: tuple[int, ...]


def split(seed: int, size: int, labelled: int) -> Split:
    """The first `labelled` places of a permutation, and the rest.

    Raises:
        ValueError: a negative number, or more labelled than there are.
    """
    if not 0 <= labelled <= size:
        msg = "labelled: from none to all"
        raise ValueError(msg)
    order = permutation(seed, size)
    return Split(seed, tuple(order[:labelled]), tuple(order[labelled:]))


def permutation(seed: int, size: int) -> list[int]:
    """`numpy.random.default_rng(seed).permutation(size)` as a list.

    Raises:
        ValueError: a negative seed, or a size out of 0 to `MAX_SIZE`.
    """
    if seed < 0 or not 0 <= size <= MAX_SIZE:
        msg = "seed: not negative; size: from 0 to 2**32"
        raise ValueError(msg)
    draw = _Pcg64(seed)
    order = list(range(size))
    for last in range(size - 1, 0, -1):
        mask = (1 << last.bit_length()) - 1
        place = draw.next_32() & mask
        while place > last:
            place = draw.next_32() & mask
        order[last], order[place] = order[place], order[last]
    return order


class _Pcg64:
    """The generator; owns its state."""

    def __init__(self, seed: int) -> None:
        words = _seed_words(seed)
        self._step = ((words[2] << 64 | words[3]) << 1 | 1) & _M128
        self._state = self._step + (words[0] << 64 | words[1])
        self._state = (self._state * _PCG_MULTIPLIER + self._step) & _M128
        self._kept: int | None = None

    def next_32(self) -> int:
        """The low half of a 64-bit draw, then its high half."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        self._state = (self._state * _PCG_MULTIPLIER + self._step) & _M128
        mixed = (self._state >> 64) ^ (self._state & _M64)
        turn = self._state >> 122
        drawn = (mixed >> turn | mixed << (64 - turn)) & _M64
        self._kept = drawn >> 32
        return drawn & _M32


def _seed_words(seed: int) -> list[int]:
    """Four 64-bit words out of a seed of any length."""
    pool = _seed_pool(seed)
    constant, halves = 0x8B51F9DD, []
    for place in range(8):
        value = pool[place % _POOL] ^ constant
        constant = constant * 0x58F38DED & _M32
        value = value * constant & _M32
        halves.append(value ^ value >> 16)
    return [halves[place] | halves[place + 1] << 32 for place in range(0, 8, 2)]


def _seed_pool(seed: int) -> list[int]:
    entropy = [seed >> shift & _M32 for shift in range(0, max(seed.bit_length(), 1), 32)]
    constant = 0x43B0D7E5

    def spread(value: int) -> int:
        nonlocal constant
        value ^= constant
        constant = constant * 0x931E8875 & _M32
        value = value * constant & _M32
        return value ^ value >> 16

    def mix(one: int, other: int) -> int:
        mixed = (one * 0xCA01F9DD - other * 0x4973F715) & _M32
        return mixed ^ mixed >> 16

    pool = [spread(entropy[place] if place < len(entropy) else 0) for place in range(_POOL)]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = mix(pool[target], spread(pool[source]))
    for word in entropy[_POOL:]:
        for target in range(_POOL):
            pool[target] = mix(pool[target], spread(word))
    return pool
