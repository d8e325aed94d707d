"""Secrets told in parts: half of a password in one turn of a chat, the other half in a later one.

After a word that names a secret, the next lines may each hold a piece: behind a word such as 前半 or 続き, or alone in
somebody's turn. Joined, the pieces must be a made-up value. Promises: linear in the length of the view: a fixed
number of letters behind each word. Leaves to others: secrets told at once (`credentials`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from magi.residency.detect.look import Look
from magi.residency.detect.secret_values import TECHNICAL, is_placeholder, kinds_of

REACH = 240
"""Some turns of a chat."""
MAX_OTHER = 14
"""Letters that stand beside a piece in its turn: 前半が, です."""
FEW_OTHER = 7
"""The same where nothing says that it is a piece."""
NO_OTHER = 3
"""The same where nobody is said to speak: parts of a conversation that were joined."""
MIN_JOINED = 6
MIN_LETTERS = 3
"""Letters alone are a piece from here on; with digits or signs one letter less will do."""

PARTS = (
    "前半", "後半", "前は", "後ろ", "うしろ", "最初", "続き", "つづき", "残り", "のこり", "末尾", "頭", "前が", "後が",
    "前:", "後:", "前 ", "後 ", "上4", "下4", "まず", "次が", "次は", "つなげ", "つなぐ", "くっつけ",
    "続けて", "足して",
    "first part", "second part", "first half", "second half", "the rest", "zenhan", "kouhan",
)  # fmt: skip
"""What says that a piece is a piece."""

_TURN = re.compile(r"(?:\[[^\]\n]{1,16}\][ ]?)?([^\n:>「」]{0,12}[:>「][ ]?)?([^\n]{0,80})")
"""Who speaks, and what."""
_SPEAKER = re.compile(r"\n(?:\[[^\]\n]{1,16}\][ ]?)?[^\n:>「」]{1,12}[:>「]")
_TOKEN = re.compile(r"[!#-'*+./-;?-Z^-z~-]{2,40}")
_EDGES = ".,:;`'"


def told_in_parts(look: Look) -> Iterator[tuple[int, int]]:
    """The spans from the first to the last piece of each secret that is told in pieces."""
    if "\n" not in look.text:
        return
    names = sorted(look.words("credentials.named", "credentials.short", "credentials.login"))
    marks = sorted(word.start for word in look.words("credentials.part"))
    looked = 0
    for name in names:
        if name.end < looked:
            continue
        looked = name.end + REACH // 4
        end = min(name.end + REACH, len(look.text))
        marked = bisect_right(marks, end) - bisect_right(marks, name.end) > 1
        pieces = list(_pieces(look.text, name.end, end, marked=marked))
        value = "".join(look.text[start:stop] for start, stop in pieces)
        spoken = (
            marked or any(sign in value for sign in "#@!$%&*+?") or _SPEAKER.search(look.text, name.end, end)
        )
        if len(pieces) > 1 and spoken and _is_secret(value, marked=marked):
            yield pieces[0][0], pieces[-1][1]


def _pieces(text: str, at: int, end: int, *, marked: bool) -> Iterator[tuple[int, int]]:
    """The piece of each turn after this place; unmarked it is almost all that somebody says."""
    line = text.find("\n", at, end)
    while line >= 0:
        turn = _TURN.match(text, line + 1, end)
        if turn is not None:
            most = MAX_OTHER if marked else FEW_OTHER if turn.group(1) else NO_OTHER
            yield from _piece(text, *turn.span(2), most)
        line = text.find("\n", line + 1, end)


def _piece(text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """The only word of what is said, if little else is."""
    found = list(_TOKEN.finditer(text, start, end))
    if len(found) != 1 or end - start - len(found[0].group()) > most:
        return
    piece = found[0].group().strip(_EDGES)
    low = text.index(piece, found[0].start())
    if len(piece) >= MIN_LETTERS - (not piece.isalpha()):
        yield low, low + len(piece)


def _is_secret(value: str, *, marked: bool) -> bool:
    kinds = kinds_of(value)
    mixed = bool({"l", "u"} & kinds) and ("d" in kinds or (marked and "s" in kinds))
    return mixed and len(value) >= MIN_JOINED and not is_placeholder(value) and TECHNICAL.match(value) is None
