"""Silence: a seat that refuses or abstains, told apart from one that answers.

A sentence is silent only if the phrase of refusal ends it (Japanese) or opens it without turning to `but`
(English): お答えできません is a refusal, お答えできませんが、… is not.
"""

from __future__ import annotations

import re
from typing import Final

from magi.core.answers.outcome import Abstention, Refusal
from magi.core.answers.phrase import sentences

MAX_OPEN_SILENCE_CHARS: Final = 200
"""In an open space a longer text that begins with a refusal is read as an answer: it goes on to say something."""
_SENTENCES_READ: Final = 2
"""An apology and the refusal; silence that comes later is part of an argument."""
_SENTENCE_CHARS: Final = 300
"""A longer sentence says more than no."""

_END: Final = r"[ 。.」』)\"']{0,4}$"
_REFUSAL_JA: Final = re.compile(
    r"(?:(?:お答え|回答|お応え|応答|対応|お手伝い|協力)(?:することは|することが|は|を|に(?:は|応じることは)?)?\s?"
    r"(?:でき(?:ません|ない|かねます)|いたしかねます|致しかねます|しかねます|"
    r"(?:差し)?(?:控え|ひかえ)(?:ます|る|させていただきます|させて頂きます)|"
    r"拒否(?:します|する|いたします)|辞退(?:します|する|いたします))|"
    r"応じられ(?:ません|ない)|応じることはでき(?:ません|ない)|回答拒否|回答を拒否)(?:でした)?" + _END
)
_REFUSAL_EN: Final = re.compile(
    r"^(?:(?:i'm sorry|i am sorry|i’m sorry|sorry|unfortunately|i apologize)[,.;]? (?:but )?)?"
    r"(?:i (?:cannot|can't|can’t|can not|won't|won’t|will not|must decline to|decline to|refuse to)|"
    r"(?:i'm|i am|i’m) (?:unable|not able|not allowed) to) "
    r"(?:answer|help|assist|respond|provide|comply|discuss|fulfill)\b(?!.{0,200}\b(?:but|however)\b)",
    re.IGNORECASE,
)
_ABSTENTION_JA: Final = re.compile(
    r"(?:棄権(?:です|します|する|いたします)?|"
    r"(?:わか|分か|判)(?:りません|らない|りかねます)(?:です)?|"
    r"判断(?:は|が|を|することが|することは)?\s?(?:でき(?:ません|ない|かねます)|しかねます|つきません|つかない|つきかねます)(?:です)?|"
    r"判断を保留(?:します|する)|回答を保留(?:します|する)|^(?:不明|保留|判断不能|判断保留|回答不能)(?:です)?)"
    + _END
)
_ABSTENTION_EN: Final = re.compile(
    r"^(?:abstain|abstention|i abstain|(?:i )?(?:do not|don't|don’t) know|i(?:'m| am|’m) not sure|"
    r"i (?:cannot|can't|can’t) (?:tell|say|decide|determine|judge))"
    r"(?: the answer)?" + _END,
    re.IGNORECASE,
)


def silence(folded: str, reason: str) -> Refusal | Abstention | None:
    """Read a refusal or an abstention out of folded text, or None; `reason` is what it carries on."""
    for sentence in sentences(folded)[:_SENTENCES_READ]:
        spoken = sentence.strip(" \"'「」『』()[]")
        if len(spoken) > _SENTENCE_CHARS:
            return None
        if _REFUSAL_JA.search(spoken) or _REFUSAL_EN.match(spoken):
            return Refusal(reason)
        if _ABSTENTION_JA.search(spoken) or _ABSTENTION_EN.match(spoken):
            return Abstention(reason)
    return None
