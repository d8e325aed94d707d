"""Contradictions between claims that can be told without a model: one number, one date, or one negation apart.

Two claims contradict each other here only if they are word for word the same otherwise. That is a floor, exact
and narrow: what contradicts in other words is for the reviewers to see. A verb is brought to one stem for its
plain, polite and negative form; where a form is not known the two texts merely stay different, and nothing is
said of them.

Promises: pure, deterministic, linear in each text. Leaves to others: what follows (`claim_vote`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Final

from magi.core.answers.day import read_day
from magi.core.answers.fold import fold, text_key
from magi.core.answers.numeral import NUMERAL, parse_numeral
from magi.core.claims import in_order

_DATE: Final = (
    r"(?:明治|大正|昭和|平成|令和)?(?:元|[0-9]{1,4})年(?:[0-9]{1,2}月(?:[0-9]{1,2}日)?)?|"
    r"[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"
)
_SLOT: Final = re.compile(rf"{_DATE}|{NUMERAL}")
_SLOT_MARK: Final = "#"
_END: Final = r"(?=$|[。、,.;!?])"
_A_ROW, _E_ROW, _I_ROW = "わらまばなたさかが", "えけげせてねべめれ", "いりみびにちしきぎ"
_ENDINGS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), stem, negates)
    for pattern, stem, negates in (
        # The order matters: copula and existence before the verbs, irregular verbs before the others.
        (r"くな(?:い|かった)|くありません", "い", True),
        (r"(?:では|じゃ|で)(?:ない|ありません|なかった)", "", True),
        (rf"(?:である|であります|です|だ){_END}", "", False),
        (r"[はがも](?:ない|ありません)", "がア", True),
        (r"[はがも](?:ある|あります)", "がア", False),
        (r"でき(?:ない|ません|ず)", "デ", True),
        (r"でき(?:る|ます)", "デ", False),
        (r"し(?:ない|ません)", "ス", True),
        (r"する|します", "ス", False),
        (rf"[{_A_ROW}]ない", "", True),
        (rf"([{_E_ROW}])(?:ない|ません)", r"\1", True),
        (rf"([{_E_ROW}])(?:る|ます)", r"\1", False),
        (rf"[{_I_ROW}]ません", "", True),
        (rf"[{_I_ROW}]ます", "", False),
        (rf"[うるむぶぬつすくぐ]{_END}", "", False),
        (r"(?<=\bcan)not\b|(?<=[a-z])n['’]t\b| ?\b(?:not|never)\b", "", True),
    )
)


def contradictions(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Pairs of claim ids whose `texts` are the same but for just one number or date, or just for a negation.

    The ids of a pair, and the pairs, stand in the order of the ids; the order of `texts` does not matter.
    """
    alike: dict[str, list[tuple[str, _Bones]]] = {}
    for claim in in_order(texts):
        bones = _bones(texts[claim])
        alike.setdefault(bones.skeleton, []).append((claim, bones))
    found = [
        (one, other)
        for same in alike.values()
        for (one, first), (other, second) in combinations(same, 2)
        if _contradict(first, second)
    ]
    place = {claim: number for number, claim in enumerate(in_order(texts))}
    return tuple(sorted(found, key=lambda pair: (place[pair[0]], place[pair[1]])))


@dataclass(frozen=True, slots=True)
class _Bones:
    """A claim without its numbers and endings: what is left, the values in order, an odd number of negations."""

    skeleton: str
    values: tuple[Fraction | str, ...]
    negated: bool


def _bones(text: str) -> _Bones:
    folded = fold(text)
    values = tuple(_value(found) for found in _SLOT.findall(folded))
    bare = _SLOT.sub(_SLOT_MARK, folded)
    negations = 0
    for ending, stem, negates in _ENDINGS:
        bare, found = ending.subn(stem, bare)
        negations += found if negates else 0
    return _Bones(text_key(bare), values, negations % 2 == 1)


def _contradict(one: _Bones, other: _Bones) -> bool:
    """One is denied, or one value is another; not on the 1st and not on the 2nd may both be true."""
    differing = _differing(one.values, other.values)
    if one.negated != other.negated:
        return differing == 0
    return differing == 1 and not one.negated


def _value(spelled: str) -> Fraction | str:
    """Equal values however they are spelled: 1,000 and 千, 2026年4月1日 and 令和8年4月1日."""
    number = parse_numeral(spelled)
    return number if number is not None else read_day(spelled, stated=False).ballot or spelled


def _differing(one: Sequence[Fraction | str], other: Sequence[Fraction | str]) -> int:
    """How many places hold another value; equal skeletons have equally many marks but where a text holds `#`."""
    return abs(len(one) - len(other)) + sum(
        first != second for first, second in zip(one, other, strict=False)
    )
