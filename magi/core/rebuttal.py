"""The rebuttal: what a seat sees in the one round after a split, and whether it moved.

A seat sees its own first answer, and every other position that was taken: the answer and up to three reasons with
their basis. Who took it and how many did is not shown, and positions stand in another order for every seat, so
that neither a name nor a crowd nor a place moves a ballot; only a reason can. What was said is quoted: each of its
lines begins with `｜`, so that no line of it can pass for a heading or for an instruction of the form.

Order: the positions, sorted, are rotated by (digest of the question, number of the seat), which is a row of a
Latin square: over as many seats as there are positions, each stands once in each place. A seat's own is left out.

Promises: pure; equal statements give equal text, whatever order they came in. Leaves to others: deciding that
there was a split, the prompt around this text (`rebuttal/*`), reading the second ballot.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from magi.core.answers.fold import text_key
from magi.core.canonical import digest
from magi.core.peer_shown import any_width

MAX_REASONS: Final = 3
"""Reasons shown for one position: enough to answer, and not so many that they count its supporters."""
MAX_ANSWER_CHARS: Final = 200
"""An option with its text, or a number with its unit."""
MAX_REASON_CHARS: Final = 600
"""A paragraph; the form asks for a short reason, and the longest talker must not fill the page."""
MAX_BASIS_CHARS: Final = 300
"""A few statutes with their articles."""
MAX_LINES: Final = 12
"""Lines of one quoted text; the rest is cut."""

QUOTED: Final = "｜"
"""Begins each line of a quotation; the form's own lines never begin with it."""
CUT: Final = "…"
HIDDEN: Final = "〔名称略〕"
NO_BASIS: Final = "根拠なし"
LABELS: Final = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_OWN: Final = "■ あなたの最初の回答"
_INVISIBLE: Final = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
"""Controls that hide text or turn its direction; what a reader cannot see, a model should not read."""

Moved = Literal["kept", "moved", "withdrew", "none"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a seat said first: its ballot (None where it cast none), and its words.

    `answer` is the answer as it is to be shown, an option with its text or the seat's own words.
    """

    ballot: str | None
    answer: str
    reason: str
    basis: tuple[str, ...]


def shown(
    question_digest: str, seat_number: int, statements: Mapping[str, Spoken], names: Sequence[str] = ()
) -> str:
    """What the seat with this number reads: its own first answer, then the other positions under 甲, 乙, ...

    Args:
        question_digest: hex digest of the question.
        seat_number: 1 for the first seat of the council; its own ask is `a<number>`.
        statements: ask -> what was said in the first round, in any order.
        names: names of seats, models and makers, which are blotted out wherever they stand.
    """
    own = statements.get(f"a{seat_number}")
    held = own.ballot if own is not None else None
    positions = [one for one in _order(question_digest, seat_number, statements) if one != held]
    blocks = [_own_block(own, names)]
    for label, ballot in zip(LABELS, positions, strict=False):
        said = [spoken for _, spoken in sorted(statements.items()) if spoken.ballot == ballot]
        blocks.append(_block(label, _turned(said, question_digest, ballot), names))
    return "\n\n".join(blocks)


def positions_shown(
    question_digest: str, seat_number: int, statements: Mapping[str, Spoken]
) -> tuple[str, ...]:
    """The ballots behind 甲, 乙, ... as `shown` orders them for this seat."""
    own = statements.get(f"a{seat_number}")
    held = own.ballot if own is not None else None
    order = _order(question_digest, seat_number, statements)
    return tuple(one for one in order if one != held)[: len(LABELS)]


def moved(before: str | None, after: str | None) -> Moved:
    """What became of a ballot: kept, moved (also from none to one), withdrew, or none in either round."""
    if before is None and after is None:
        return "none"
    if after is None:
        return "withdrew"
    return "kept" if before == after else "moved"


def _order(question_digest: str, seat_number: int, statements: Mapping[str, Spoken]) -> list[str]:
    """All positions in this seat's order, its own among them."""
    ballots = sorted({spoken.ballot for spoken in statements.values() if spoken.ballot is not None})
    first = (_number(question_digest) + seat_number) % len(ballots) if ballots else 0
    return ballots[first:] + ballots[:first]


def _turned(said: Sequence[Spoken], question_digest: str, ballot: str) -> list[Spoken]:
    """The statements of one position in an order that no seat's rank decides, the same for every reader."""
    return sorted(
        said, key=lambda one: (_number(question_digest + ballot + one.reason), one.reason, one.basis)
    )


def _number(words: str) -> int:
    return int(digest(words.encode("utf-8", "surrogatepass"))[:16], 16)


def _own_block(own: Spoken | None, names: Sequence[str]) -> str:
    if own is None or own.ballot is None:
        return f"{_OWN}\n(ありません)"
    return "\n".join(
        [_OWN, "回答", _quoted(own.answer, MAX_ANSWER_CHARS, names), *_reason(own, "理由", names)]
    )


def _block(label: str, said: Sequence[Spoken], names: Sequence[str]) -> str:
    lines = [f"■ {label}の回答", _quoted(said[0].answer, MAX_ANSWER_CHARS, names)]
    seen: set[str] = set()
    for one in said:
        key = text_key(one.reason)
        if key in seen or not one.reason.strip() or len(seen) == MAX_REASONS:
            continue
        seen.add(key)
        lines.extend(_reason(one, f"{label}の理由{len(seen)}", names))
    return "\n".join(lines if seen else [*lines, f"{label}の理由は示されていません。"])


def _reason(one: Spoken, heading: str, names: Sequence[str]) -> list[str]:
    basis = "、".join(one.basis) or NO_BASIS
    return [
        heading,
        _quoted(one.reason, MAX_REASON_CHARS, names),
        f"{heading}の根拠",
        _quoted(basis, MAX_BASIS_CHARS, names),
    ]


def _quoted(text: str, most: int, names: Sequence[str]) -> str:
    """A text as a quotation: names blotted out, cut, every line marked."""
    clean = _INVISIBLE.sub("", text)
    for name in sorted({name for name in names if name.strip()}, key=lambda one: (-len(one), one)):
        clean = re.sub(any_width(name), HIDDEN, clean, flags=re.IGNORECASE)
    lines = [line.strip() for line in clean.splitlines() if line.strip()]
    kept = "\n".join(lines[:MAX_LINES])
    if len(kept) > most or len(lines) > MAX_LINES:
        kept = kept[: most - len(CUT)].rstrip() + CUT
    return "\n".join(QUOTED + line for line in kept.splitlines() or [""])
