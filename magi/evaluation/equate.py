"""When two recorded answers are one answer: by option, by number, by number within 1 %, or by wording.

- `choice`: the option that an answer names, read as a seat's answer is (`magi.core.answers`); an option that the
  question does not have is no ballot.
- `number`: the first number in the answer, exactly.
- `near`: answers that are one number are equal where they differ by less than 1 % of the smaller; any other by
  wording.
- `text`: the wording, in one Unicode form and without space around it.

Promises: pure; exact decimals; what is not an answer is None, never a guess.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal

from magi.core.answers import Answer, canonicalise
from magi.core.space import MAX_OPTIONS, ChoiceSpace

Scoring = Literal["choice", "number", "near", "text"]
SCORINGS: Final[tuple[Scoring, ...]] = ("choice", "number", "near", "text")

NEAR_PERCENT: Final = 1
MAX_DIGITS: Final = 40
"""Longer runs of digits are serial numbers or faults; comparing them exactly would only cost time."""

_NUMBER: Final = re.compile(r"[-−]?\d[\d,]{0,60}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,2})?")  # noqa: RUF039, RUF100  # the minus sign is meant
_AROUND: Final = " \t\r\n()[]{}「」『』【】<>*'\"`.。,、:;"
_ALPHABETS: Final = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "アイウエオカキクケコサシスセソタチツテト",
    "あいうえおかきくけこさしすせそたちつてと",
)
_CURRENCY: Final = "円%¥$ "


@dataclass(frozen=True)
class Options:
    """The labels of one question's options in upper case, and their texts where known."""

    labels: tuple[str, ...]
    texts: tuple[str, ...] = ()


def options_of(
    gold: str, count: int, texts: Sequence[str] = (), *, from_zero: bool = False
) -> Options | None:
    """The labels that go with a gold label: letters, kana, or numbers; None where gold is no such label."""
    label = _folded(gold).upper()
    if label.isdecimal():
        labels = _numbers(0 if from_zero else 1, count)
        return Options(labels, tuple(texts)) if label in labels else None
    for alphabet in _ALPHABETS:
        if len(label) == 1 and label in alphabet[:count]:
            return Options(tuple(alphabet[:count]), tuple(texts))
    return None


def key_of(answer: str, scoring: Scoring, options: Options | None = None) -> str | Decimal | None:
    """What an answer comes to under a scoring, or None where it comes to nothing.

    Equal keys are equal answers; under `near`, decimals are compared by `same`.
    """
    if scoring == "choice" and options is not None:
        return _choice(answer, options)
    if scoring == "number":
        return _first_number(answer)
    if scoring == "near":
        number = _only_number(answer)
        if number is not None:
            return number
    return _folded(answer)


def same(one: str | Decimal, other: str | Decimal, scoring: Scoring) -> bool:
    """Whether two keys are one answer."""
    if scoring == "near" and isinstance(one, Decimal) and isinstance(other, Decimal):
        smaller = min(abs(one), abs(other))
        return one == other or abs(one - other) * 100 < smaller * NEAR_PERCENT
    return one == other


def is_number(answer: str) -> bool:
    """Whether a text is a number and nothing else."""
    return _decimal(_folded(answer).strip(_CURRENCY)) is not None


@lru_cache(maxsize=64)
def _numbers(first: int, count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, first + count))


def _choice(answer: str, options: Options) -> str | None:
    bare = _folded(answer).strip(_AROUND)
    if bare.upper() in options.labels:
        return bare.upper()
    named = [
        label for label, text in zip(options.labels, options.texts, strict=False) if _folded(text) == bare
    ]
    if len(named) == 1:
        return named[0]
    if not 1 < len(options.labels) <= MAX_OPTIONS:
        return None
    texts = dict(zip(options.labels, options.texts, strict=False))
    read = canonicalise(answer, ChoiceSpace(options=options.labels), texts)
    return read.ballot if isinstance(read, Answer) else None


def _first_number(answer: str) -> Decimal | None:
    found = _NUMBER.search(_folded(answer))
    return None if found is None else _decimal(found[0])


def _only_number(answer: str) -> Decimal | None:
    """The number that an answer is, or the only one that it names in a few words."""
    folded = _folded(answer)
    whole = _decimal(folded.strip(_CURRENCY))
    if whole is not None:
        return whole
    found = _NUMBER.findall(folded)
    return _decimal(found[0]) if len(found) == 1 and len(folded) <= MAX_DIGITS else None


def _decimal(text: str) -> Decimal | None:
    plain = text.replace(",", "").replace("−", "-").strip()
    if not re.fullmatch(r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,2})?", plain):
        return None
    try:
        return Decimal(plain).normalize() + 0  # -0 is 0
    except InvalidOperation:
        return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
