"""Reading a quantity: one exact number with its unit, in the unit asked for.

約, 程度, 以上 and the like are `approximate`: two seats that say 約100 and 100 do not say the same. 以内 alone
is accepted, since 何日以内か asks for exactly that bound. ▲ and △ before a digit are minus signs, as in public
accounts. A second number beside the first must be equal, else `several_answers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from magi.core.answers.numeral import NUMERAL, decimal_text, parse_numeral
from magi.core.answers.outcome import FailureName, Reading, unread
from magi.core.answers.phrase import COPULA, DOUBT
from magi.core.answers.unit import convert, unit_at, unit_named

if TYPE_CHECKING:
    from fractions import Fraction

_OPENING: Final = " \n\"'“「『【[(:→"
_ABOUT: Final = re.compile(
    r"約|およそ|おおよそ|概ね|おおむね|ほぼ|凡そ|~|≒|≈|\b(?:about|approximately|around|roughly|nearly|almost|over|under|"
    r"at least|at most|more than|less than|up to)\b|少なくとも|最大|最低|最小|上限|下限",
    re.IGNORECASE,
)
_SIGN: Final = re.compile(
    r"(?P<minus>[-▲△]|マイナス\s?|minus\s)?\+?(?P<yen>[¥])?(?P<minus_after>-)?", re.IGNORECASE
)
_NUMERAL: Final = re.compile(NUMERAL)
_VAGUE: Final = re.compile(
    r"\s?(?:程度|ほど|くらい|ぐらい|前後|弱|強|余|あまり|以上|以下|未満|超|を超え|より|から|まで|\+|or (?:more|less)\b)"
)
_RANGE: Final = re.compile(
    r"\s?(?:[~〜\-–—]|から|ないし|乃至|to\s|または|又は|or\s|か|、|,|/)\s?[約▲△¥]?[0-9一二三四五六七八九十百千]"
)
_WITHIN: Final = re.compile(r"以内")
_CLOSING: Final = re.compile(r"[)\]」』】\"'”}]*")
_END: Final = re.compile(r"[\s。.!)\]」』】\"'”}]*$")
_PAUSE: Final = re.compile(r"\s{0,4}(?:[。、,;!\n]|\.(?!\d))")
_DIGIT: Final = re.compile(
    r"[0-9〇]|[一二三四五六七八九十百千万]+(?:円|人|名|%|件|個|日|月|年|時間|割|分|か月|億|万)"
)


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number as written: its value, the spelling of its unit (`""` if none), and where it ends."""

    value: Fraction
    unit: str
    end: int


def read_quantity(segment: str, wanted: str | None, *, stated: bool, beside: str = "") -> Reading:
    """Read one stretch of folded, undecorated text as a quantity in the wanted unit.

    `beside` is a unit that the answer object names in a member of its own. Without `stated`, nothing but the
    quantity may stand in the stretch.
    """
    text = segment.strip(_OPENING)
    if _ABOUT.match(text):
        return unread(FailureName.APPROXIMATE)
    amount = _amount(text, wanted)
    if amount is None:
        return unread(FailureName.NOT_A_NUMBER)
    failure = _tail_failure(text[amount.end :], amount, wanted, stated=stated)
    return unread(failure) if failure else _ballot(amount, wanted, beside)


def _amount(text: str, wanted: str | None) -> _Amount | None:
    sign = _SIGN.match(text)
    start = sign.end() if sign else 0
    numeral = _NUMERAL.match(text, start)
    if sign is None or numeral is None or text[numeral.end() : numeral.end() + 1] in {"⁄", "^"}:
        return None
    value = parse_numeral(numeral[0])
    if value is None or numeral[0] == "〇":  # a lone 〇 is a tick mark as often as a zero
        return None
    if (sign["minus"] is None) != (sign["minus_after"] is None):
        value = -value
    gap = 1 if text[numeral.end() : numeral.end() + 1] == " " else 0
    unit = unit_at(text, numeral.end() + gap, wanted)
    if unit is None:
        return _Amount(value, "円" if sign["yen"] else "", numeral.end())
    spelling = unit[0] if not sign["yen"] or unit_named(unit[0]).base == "円" else "¥" + unit[0]
    return _Amount(value, spelling, unit[1])


def _tail_failure(tail: str, amount: _Amount, wanted: str | None, *, stated: bool) -> FailureName | None:
    """Say why what follows a quantity does not let it stand, or None if it does."""
    within = _WITHIN.match(tail)
    tail = tail[within.end() :] if within else tail
    if _END.match(tail):
        return None
    if _RANGE.match(tail):
        return FailureName.SEVERAL_ANSWERS
    if _VAGUE.match(tail):
        return FailureName.APPROXIMATE
    closing = _CLOSING.match(tail)
    rest = tail[closing.end() :] if closing else tail
    copula = COPULA.match(rest)
    rest = rest[copula.end() :] if copula else rest
    if rest.lstrip().startswith("("):
        return _same_in_brackets(rest.lstrip()[1:], amount, wanted)
    pause = _PAUSE.match(rest)
    if pause is None and not _END.match(rest):
        return FailureName.UNIT_MISMATCH if wanted and not amount.unit else FailureName.UNPARSABLE
    return _rest_failure(rest, stated=stated)


def _rest_failure(rest: str, *, stated: bool) -> FailureName | None:
    if _END.match(rest):
        return None
    if not stated or DOUBT.search(rest) or _ABOUT.search(rest):
        return FailureName.UNPARSABLE
    return FailureName.SEVERAL_ANSWERS if _DIGIT.search(rest) else None


def _same_in_brackets(rest: str, amount: _Amount, wanted: str | None) -> FailureName | None:
    """Let 125万円（1,250,000円） stand, and nothing else in brackets: 税込 and 税抜 are not the same amount."""
    other = _amount(rest, wanted)
    if other is None:
        return FailureName.SEVERAL_ANSWERS if _DIGIT.search(rest) else FailureName.UNPARSABLE
    if _ballot(other, wanted, "") != _ballot(amount, wanted, "") or not amount.unit:
        return FailureName.SEVERAL_ANSWERS
    beyond = rest[other.end :].lstrip(")")
    copula = COPULA.match(beyond)
    return None if _END.match(beyond[copula.end() :] if copula else beyond) else FailureName.UNPARSABLE


def _ballot(amount: _Amount, wanted: str | None, beside: str) -> Reading:
    unit = amount.unit or beside
    if beside and amount.unit and unit_named(beside) != unit_named(amount.unit):
        return unread(FailureName.UNIT_MISMATCH)
    if not unit:
        number = decimal_text(amount.value)
        return unread(FailureName.UNIT_MISSING) if wanted or number is None else Reading(ballot=number)
    if "¥" in unit:
        return unread(FailureName.UNIT_MISMATCH)
    converted = convert(amount.value, unit, wanted)
    number = decimal_text(converted[0]) if converted else None
    if converted is None or number is None:
        return unread(FailureName.UNIT_MISMATCH)
    return Reading(ballot=f"{number} {converted[1]}")
