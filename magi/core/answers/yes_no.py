"""Reading はい, いいえ or 条件付き: a closed set of words, nothing inferred from the tone of a sentence.

はい、ただし… is `conditional`. いいえ、ただし… is no answer: whether the proviso opens a way or only explains
is for the reader of the reason to say. できる, 必要 and the like depend on how the question was put and are
not read.
"""

from __future__ import annotations

import re
from typing import Final

from magi.core.answers.outcome import FailureName, Reading, unread
from magi.core.answers.phrase import DOUBT, WRAPPERS, bare
from magi.core.answers.prose import read_prose

_YES: Final = frozenset({"はい", "yes", "可"})
_NO: Final = frozenset({"いいえ", "no", "不可"})
_CONDITIONAL: Final = frozenset(
    {
        *("条件付き", "条件付", "条件つき", "条件付きで可", "条件付きで可能", "条件付き可", "条件付可"),
        *("条件つきで可", "条件付きはい", "条件付きではい", "場合による", "場合によります"),
        *("場合によって異なる", "場合によって異なります"),
        *("conditional", "conditionally", "conditional yes", "conditionally yes", "yes, conditionally"),
        *("it depends", "depends"),
    }
)
_CLAUSE_END: Final = re.compile(r"[。、,!?;:\n(]|\.(?!\d)|\s[-–—]\s")
_PROVISO: Final = re.compile(
    r"ただし|但し|条件付|条件つき|条件として|条件に|(?:場合|とき|時|もの|範囲)に限|に限り|"
    r"\b(?:provided|only if|as long as|on condition|subject to)\b|^\s{0,4}but\b",
    re.IGNORECASE,
)
_BEFORE_PROVISO: Final = re.compile(r"[。\n]\s{0,8}(?=ただし|但し)")
_LATER_PROVISO: Final = re.compile(r"ただし|但し")
_HEDGE: Final = re.compile(
    r"原則|例外|除[きく]|場合|限[りる]|とは言|とはいえ|限らな|わけで|でも|\b(?:if|unless|except|generally)\b",
    re.IGNORECASE,
)
_YES_WORD: Final = re.compile(
    r"(?:^|[\s、,/「(・。])(?:はい|yes|可)(?=$|[\s、,/」)・。.!です])", re.IGNORECASE
)
_NO_WORD: Final = re.compile(
    r"いいえ|不可(?!欠|避|能|分|解)|(?:^|[\s、,/「(・。])no(?=$|[\s、,/」)・。.!])", re.IGNORECASE
)
_CONTRARY: Final = {
    "yes": re.compile(r"ない|ません|ず[、。]|\bnot\b|n't\b", re.IGNORECASE),
    "no": re.compile(
        r"(?<!不)可能|でき(?:ます|る)|認められ(?:ます|る)|差し支え(?:な|あ)|問題(?:な|あり)", re.IGNORECASE
    ),
}
"""はい、できません: a word and an explanation that seem to disagree, or answer a question put in the negative."""
_NEAR_SENTENCES: Final = 2
"""はい。ただし… is one answer; a proviso further down belongs to the explanation, or it does not."""


def read_yes_no(segment: str) -> Reading:
    """Read one stretch of folded, undecorated text; the word must stand at its head, as a clause of its own."""
    whole = bare(segment).casefold()
    if whole in _YES | _NO | _CONDITIONAL:
        return Reading(ballot=_ballot(whole))
    clause = _CLAUSE_END.search(segment.strip(WRAPPERS))
    if clause is None:
        return unread(FailureName.SEVERAL_ANSWERS if _says_both(segment) else FailureName.UNPARSABLE)
    body = segment.strip(WRAPPERS)
    word, rest = bare(body[: clause.start()]).casefold(), body[clause.end() :]
    if _says_both(segment):
        return unread(FailureName.SEVERAL_ANSWERS)
    if word not in _YES | _NO | _CONDITIONAL or clause[0] == "?" or rest.lstrip()[:1].isdecimal():
        return unread(FailureName.UNPARSABLE)
    return _qualified(_ballot(word), rest)


def read_yes_no_prose(folded: str) -> Reading:
    """Read plain prose; a proviso right after a sentence belongs to it, one further down leaves a doubt."""
    joined = _BEFORE_PROVISO.sub("、", folded)
    reading = read_prose(joined, lambda segment, _stated: read_yes_no(segment))
    if reading.ballot == "yes" and _LATER_PROVISO.search(joined):
        return unread(FailureName.UNPARSABLE)
    return reading


def _qualified(ballot: str, rest: str) -> Reading:
    """Read what follows the word: a proviso turns `yes` into `conditional`, a hedge turns it into nothing."""
    if ballot == "conditional":
        return Reading(ballot=ballot)
    near = "。".join(rest.replace("\n", "。").split("。")[:_NEAR_SENTENCES])
    if ballot == "yes" and _PROVISO.search(near):
        return Reading(ballot="conditional")
    if _PROVISO.search(rest) or _HEDGE.search(rest) or DOUBT.search(rest):
        return unread(FailureName.UNPARSABLE)
    contrary = _CONTRARY[ballot].search(near)
    return unread(FailureName.UNPARSABLE) if contrary else Reading(ballot=ballot)


def _ballot(word: str) -> str:
    if word in _YES:
        return "yes"
    return "no" if word in _NO else "conditional"


def _says_both(segment: str) -> bool:
    return _YES_WORD.search(segment) is not None and _NO_WORD.search(segment) is not None
