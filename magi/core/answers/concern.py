"""Concerns: the grave objection that a seat names beside its answer, as a severity that arbitration may read.

A seat is asked for `concern`: なし, or one of 違法性, 安全性, 個人情報. Near spellings and English are read;
whatever else stands there is no concern, since a severity may hold up a verdict and must be declared, not guessed.
A name that its own words take back (違法性はない, no safety concern) is none.

Promises: pure; never raises on any text. Leaves to others: whether the seat gave evidence, and what a severity
does to a verdict (`magi.core.arbitration`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from magi.core.answers.envelope import ANSWER_KEYS, Members, open_objects, stated
from magi.core.answers.fold import fold, undecorate
from magi.core.answers.outcome import Answer, FailureName
from magi.core.answers.reading import spoken

if TYPE_CHECKING:
    from magi.core.answers.outcome import Canonical

Severity = Literal["legality", "safety", "personal_data"]

NO_CONCERN: Final = "なし"
CONCERNS: Final = (NO_CONCERN, "違法性", "安全性", "個人情報")
"""What the form offers, in its order."""
MAX_CONCERN_CHARS: Final = 300
"""The form offers a word; a paragraph in its place is not read."""

_KEYS: Final = frozenset({"concern", "concerns", "懸念", "重大な懸念"})
_BESIDE: Final = _KEYS | ANSWER_KEYS | {"ranking", "approved"}
"""An object without a concern is read as none, so that a draft beside it does not hide it."""
_TAIL: Final = (
    r"(?:(?:の|な|上の|に関する|についての|保護の)?(?:重大な)?"
    r"(?:懸念|おそれ|恐れ|疑い|問題|リスク|危険|可能性|侵害|漏えい|漏洩|流出|保護|違反))?"
    r"(?:が)?(?:ある|あり|あります|です|だ)?"
)
_TAIL_EN: Final = (
    r"(?:[ -](?:grave|serious))?(?:[ -](?:concerns?|issues?|risks?|problems?|violations?|breach(?:es)?))?"
)
_NAMED: Final[tuple[tuple[Severity, re.Pattern[str]], ...]] = (
    (
        "legality",
        re.compile(
            rf"(?:(?:違法|適法|合法)性?|法令違反|法律違反|法的(?:問題|懸念|リスク)?|法令|法律){_TAIL}"
            rf"|(?:legality|illegality|illegal|unlawful|legal|lawfulness|law){_TAIL_EN}",
            re.IGNORECASE,
        ),
    ),
    (
        "safety",
        re.compile(
            rf"(?:安全性?|人身の安全|生命・身体|生命|危険性?){_TAIL}|(?:public )?(?:safety|unsafe|danger){_TAIL_EN}",
            re.IGNORECASE,
        ),
    ),
    (
        "personal_data",
        re.compile(
            rf"(?:個人情報|個人データ|プライバシー|特定個人情報|要配慮個人情報){_TAIL}"
            rf"|(?:personal[ _-](?:data|information)|privacy){_TAIL_EN}",
            re.IGNORECASE,
        ),
    ),
)
_DENIED: Final = re.compile(
    r"(?:^|は|も|特に|[:、\s])(?:なし|無し|ない|無い|ありません)(?:です)?$|^(?:no|none|not|without|nothing)\b|"
    r"[:\s](?:no|none|n/a)$",
    re.IGNORECASE,
)
"""違法性はない takes the name back; 違法性: 法的根拠がない does not."""
_SEPARATOR: Final = re.compile(r"[,、;/|\n:。(]|及び|および|または|又は|\band\b|\bor\b|と")
_WRAPPERS: Final = " .。!)]」』】\"'「『【[("


def severity(text: str) -> Severity | None:
    """Return the grave concern that a seat's text declares, whatever kind of answer stands beside it.

    Where several objects stand in a text the last one speaks, and of several concerns in it the first.
    """
    said = spoken(text)
    found = said if isinstance(said, FailureName) else open_objects(said, _BESIDE, _declared)
    if isinstance(found, FailureName) or not found.entries:
        return None
    return found.entries[-1][0]


def counted_severity(outcome: Canonical, text: str) -> Severity | None:
    """Return the severity that counts: only a seat that answers can object, a refusal or a failure cannot."""
    return severity(text) if isinstance(outcome, Answer) else None


def _declared(members: Members) -> tuple[Severity | None]:
    """The first concern of an object; in a tuple of one, since None must count as read."""
    values = [
        item for value in stated(members, _KEYS) for item in (value if isinstance(value, list) else [value])
    ]
    read = (_read(value) for value in values if isinstance(value, str))
    return (next((found for found in read if found is not None), None),)


def _read(value: str) -> Severity | None:
    if len(value) > MAX_CONCERN_CHARS:
        return None
    folded = undecorate(fold(value))
    folded = folded.strip(_WRAPPERS)
    if _DENIED.search(folded):
        return None
    word = _SEPARATOR.split(folded, maxsplit=1)[0].strip(_WRAPPERS)
    return next((name for name, pattern in _NAMED if pattern.fullmatch(word)), None)
