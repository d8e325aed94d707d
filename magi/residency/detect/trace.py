"""Where the characters of a changed text came from: marks over the stretches that changed.

A mark (begin, end, low, high) says that `changed[begin:end]` came from `source[low:high]`; between marks characters
map one to one. Marks stand in order of place and do not overlap; `begin == end` is a stretch that was removed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Mark = tuple[int, int, int, int]
_BEHIND_ALL = float("inf")


def place(marks: Sequence[Mark], start: int, end: int) -> tuple[int, int]:
    """The span of the source that a span of the changed text came from; a changed stretch counts whole."""
    if not marks:
        return start, end
    return _down(marks, start, last=False), _down(marks, max(end - 1, start), last=True)


def removed(spans: Iterable[tuple[int, int]]) -> list[Mark]:
    """The marks of a text from which these spans of its source were taken out."""
    marks: list[Mark] = []
    gone = 0
    for low, high in spans:
        marks.append((low - gone, low - gone, low, high))
        gone += high - low
    return marks


def _down(marks: Sequence[Mark], at: int, *, last: bool) -> int:
    index = bisect_right(marks, (at, _BEHIND_ALL)) - 1
    if index < 0:
        return at + last
    _, end, low, high = marks[index]
    if at < end:
        return high if last else low
    return high + (at - end) + last
