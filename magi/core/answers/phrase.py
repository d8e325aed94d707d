"""Phrases around an answer: sentence ends, copulas, wrappers, words of doubt and of correction.

All patterns are linear: no repeated group can match the empty string, every repetition is over a class disjoint
from what follows it. Input is folded text.
"""

from __future__ import annotations

import re
from typing import Final

SENTENCE_END: Final = re.compile(r"[。!?\n]")
WRAPPERS: Final = " \n\"'“”‘’()[]{}「」『』【】<>〈〉《》#→:"

_STOP: Final = r"(?=\s{0,4}(?:$|[。.、,;!\n)\]」』】}\"']))"

COPULA: Final = re.compile(
    r"\s?(?:"
    r"であります|でございます|である|です|だ|になります|となります|となる|とします|とする|"
    r"(?:だ|である)?と(?:考えます|考える|思います|思う|判断します|判断する|回答します|回答する|解します|解する)|"
    r"が(?:正解|正答)(?:です|である|だ|と(?:考えます|思います|判断します))?|"
    r"を(?:選びます|選ぶ|選択します|選択する)|"
    r"\s?is\s(?:the|my)\s(?:most\s)?(?:correct\s|right\s|best\s|final\s|appropriate\s)?(?:answer|choice)"
    r")(?:よ|ね)?" + _STOP,
    re.IGNORECASE,
)
"""What turns a bare answer into a sentence that asserts it, and then ends: `です` but not `ですが`."""

JUDGED: Final = re.compile(
    r"\s?(?:が(?:最も)?(?:正しい|適切|妥当)(?:です|である|だ|と(?:考えます|思います|判断します))?|"
    r"\s?is\s(?:correct|right|best|appropriate)|\s?is\s(?:the\s)(?:most\s|best\s)?(?:correct|right|best|appropriate)"
    r"(?:\s(?:one|option))?)" + _STOP,
    re.IGNORECASE,
)
"""A judgement on an option: an answer only where the answer was announced, since 誤っているもの may be asked for."""

DOUBT: Final = re.compile(
    r"とは(?:言|い)え|とは限ら|わけでは|かもしれ|かも知れ|でしょうか|だろうか|しかし|けれど|だが|ですが|ますが|"
    r"とは思|疑問|\b(?:maybe|perhaps|might|however|but|although|not sure|unsure|cannot|can't|could be)\b",
    re.IGNORECASE,
)
"""Words after an answer that may take it back."""

CORRECTION: Final = re.compile(
    r"^(?:では?な|じゃな|とは言|とはいえ|とは限|というわけ)|訂正|撤回|やはり|やっぱり|いや[、,]|いえ[、,]|失礼|間違えま|"
    r"\b(?:wait|actually|correction|on second thought|scratch that|i mean)\b",
    re.IGNORECASE,
)
"""Words that announce another answer than the one just given, or a sentence that takes it back: ア。ではなくイ。"""

VERDICT: Final = re.compile(
    r"誤|正し|不正|正解|間違|違[いうっ法]|適切|妥当|[×○✕✗✓〇]|ない|なし|ません|ず[、。]|"
    r"\b(?:true|false|correct|incorrect|wrong|right|not|no|isn't|doesn't)\b",
    re.IGNORECASE,
)
"""Words that judge an option; `ア: 誤り` lists a judgement on ア, it does not answer ア."""

BLAME: Final = re.compile(
    r"誤り|誤って|不正解|間違|不適切|正しくな|適切でな|妥当でな|\b(?:incorrect|wrong|false)\b", re.IGNORECASE
)
"""Words that reject what the sentence before them named."""


def sentences(folded: str) -> list[str]:
    """Split folded text at 。, !, ? and line feeds; a question keeps its mark, so that it asserts nothing."""
    found: list[str] = []
    cursor = 0
    for end in SENTENCE_END.finditer(folded):
        stop = end.end() if end[0] == "?" else end.start()
        found.append(folded[cursor:stop])
        cursor = end.end()
    found.append(folded[cursor:])
    return [sentence.strip() for sentence in found if sentence.strip()]


def bare(folded: str) -> str:
    """Take a sentence's wrappers, copula and final stop away: `「イ」です。` -> `イ`."""
    core = folded.strip().rstrip("。.!").strip(WRAPPERS)
    copulas = list(COPULA.finditer(core))
    if copulas and not core[copulas[-1].end() :].strip(WRAPPERS + "。.!"):
        core = core[: copulas[-1].start()]
    return core.strip(WRAPPERS)
