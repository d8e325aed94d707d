"""Foreign states' claims: which of them a text asserts as its own.

An assertion, not a mention: a claim that is attributed to its state, denied, asked, supposed or quoted to be refuted
is none. A text is folded (NFKC, small letters), cut into sentences, and in each every wording of a claim is looked
for, then what stands before and behind it. Pure and deterministic; patterns have bounded gaps, so the cost is linear
in the text. A text that words its assent in a way nobody thought of passes: a finding is a reason to look, none is no
proof. Leaves to others: the wordings (`contested_words`, `contested_subjects`, `contested_manner`), and answers of
closed questions (`contested`).
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from magi.core import contested_manner as manner
from magi.core import contested_subjects as subjects
from magi.core import contested_words as words
from magi.core.contested_words import TOPICS

MAX_SENTENCE = 1_000
"""A sentence is cut here: the longest of a statute are shorter, and a text without full stops stays cheap."""
MAX_QUOTE = 300
"""A quotation that does not end within so many characters is none; its mark is a stray one."""
LEAD_EN = 60
"""Before an English claim so many characters are read for who makes it."""

_CLOSING = {"「": "」", "『": "』", "“": "”"}
_STOPS = frozenset("。!?;\n")
_CJK = "\u3040-\u30ff\u3400-\u9fff"
_SPACED = re.compile(rf"(?<=[{_CJK}])[^\S\n]+(?=[{_CJK}])")
_ASIDE = re.compile(r"\([^()\n]{0,60}\)")
_BULLET = re.compile(r"^\s*(?:[-*・●•>|]|[0-9]{1,2}[.)、]|\([0-9]{1,2}\))")
_LIST_OF_CLAIMS = re.compile(
    r"(?:主張|立場|見解|言い分|論拠|claims?|position|arguments?)[^。.]{0,30}?(?:次の(?:とおり|通り)|以下"
    r"|[::]\s*$|as follows|$)"
)
_PRONOUN = re.compile(
    r"^\s*(?:同諸島|同島|同列島|同地域|この島々?|これらの島々?|島々|(?:the|these|those) (?:islands|islets)"
    r"|they|it)(?=\s|は|が)"
)


_ELIDED = re.compile(
    r"^\s*(?:よって|したがって|従って|つまり|すなわち|ゆえに|故に|それゆえ|だから|結論として|本来は?"
    r"|当然)?(?:、|\s)*"
    r"(?=(?:中国|中華人民共和国|韓国|大韓民国|ロシア)(?:連邦)?(?:の(?:固有|不可分|領土|一部)|固有の"
    r"|領(?:です|であ|だ)))"
)
"""A sentence that leaves out the place that the one before it spoke of."""


@dataclass(frozen=True)
class _Claim:
    """One way to word a topic's claim in one language."""

    topic: str
    lang: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Sentence:
    """One sentence as folded, the next one (which may refute it), and whether a list of somebody's claims holds it."""

    text: str
    after: str
    listed: bool


@functools.cache
def _claims() -> tuple[_Claim, ...]:
    """Every claim, made ready on first use."""
    return tuple(_worded())


def _worded() -> Iterator[_Claim]:
    for topic in words.OWNERS:
        yield _Claim(topic, "ja", re.compile(words.japanese(topic)))
        if topic != "taiwan":
            yield _Claim(topic, "ja-flat", re.compile(words.not_japanese(topic)))
        yield _Claim(topic, "en", re.compile(words.english(topic)))
        yield _Claim(topic, "zh", re.compile(words.chinese(topic)))
        yield _Claim(topic, "ko", re.compile(words.korean(topic)))
    special = (
        ("senkaku", subjects.SENKAKU),
        ("taiwan", subjects.TAIWAN),
        ("xinjiang", subjects.XINJIANG),
        ("history", subjects.HISTORY),
    )
    for topic, table in special:
        for lang, pattern in table.items():
            # The claims of these two are denials themselves: "not" within them is no negation.
            kind = f"{lang}-flat" if topic in ("xinjiang", "history") else lang
            yield _Claim(topic, kind, re.compile(pattern))


PLACES = {topic: re.compile(pattern) for topic, pattern in words.PLACES.items()}
_ENDORSING = {
    topic: re.compile(
        rf"(?:{words.PLACES[topic]})[^。!?\n]{{0,40}}?(?:{owner})(?:政府|側)?の(?:領有権|主権)?の?(?:主張"
        rf"|立場|見解)"
        r"(?:は|が|には|に)[^。、!?\n]{0,14}?(?:正し(?:い|く(?!な|あ))|正当(?:である|です|だ|性がある)"
        r"|妥当(?:である|です|だ)"
        r"|根拠が(?:あり(?!ませ)|ある)|理がある|説得力が(?:あり|ある))(?!とは|わけ|か)"
    )
    for topic, owner in words.OWNERS.items()
}
_HISTORY = re.compile(subjects.HISTORY_NAMED)
_SPEAKER = re.compile(manner.SPEAKERS)
_BEFORE = re.compile(manner.REPORTED_BEFORE)
_ENDORSED_BEFORE = re.compile(manner.ENDORSED_BEFORE)
_COPULA = re.compile(manner.COPULA)
_NEGATED = re.compile(manner.NEGATED)
_ASKED = re.compile(manner.ASKED)
_ASKED_LATER = re.compile(manner.ASKED_LATER)
_SUPPOSED = re.compile(manner.SUPPOSED)
_LINKED = re.compile(manner.LINKED)
_SELF = re.compile(manner.SELF)
_REFUTED = re.compile(manner.REFUTED)
_ENDORSED = re.compile(manner.ENDORSED)
_REPORTERS_EN = re.compile(rf"\b{manner.REPORTERS_EN}\b")
_ADJACENT_EN = re.compile(rf"\b{manner.REPORTERS_EN}\b[^,;:]*$")
_ALLEGED_EN = re.compile(
    r"\b(?:(?:claims|allegations|accusations|reports|charges) (?:of|about)(?: the)?|so-called)\s*$"
)
_ACCORDING_EN = re.compile(manner.ACCORDING_EN)
_AFTER_EN = re.compile(manner.AFTER_EN)
_ENDORSED_EN = re.compile(manner.ENDORSED_EN)
_NOT_BUT_EN = re.compile(r"\bnot\b[^,.;]{0,30}? but\b")
_NEGATED_EN = re.compile(manner.NEGATED_EN)
_REPORTERS_ZH = re.compile(manner.REPORTERS_ZH)
_NEGATED_KO = re.compile(manner.NEGATED_KO)
_REPORTERS_KO = re.compile(manner.REPORTERS_KO)
_THAT = re.compile(
    r"^\s*[「『]?\s*(?:しかし|ただし|だが|もっとも|however,?|but)?[、,]?\s*"
    r"(?:これ|それ|こう|この|その|こうした|そうした|上記の?|this|that|such|these|the)[^。.]{0,24}"
)
_REFUTED_NEXT = re.compile(
    rf"{manner.REFUTED}|\b(?:false|incorrect|wrong|baseless|groundless|untrue|rejected?|unfounded)\b"
)
_ASKED_END = re.compile(
    r"[?]\s*[」』\"”)]*\s*$|(?:です|ます|でしょう|だろう|である|の|ない|もの|[るたすういだ]|領|土"
    r"|部)か[。\s」』]*$|[吗嗎][。?\s]*$"
)


def repeated(text: str) -> tuple[str, ...]:
    """The topics whose foreign state's claim a text asserts as its own, in the order of `TOPICS`.

    Any length, in Japanese, English, and the usual Chinese and Korean sentences; NFKC and letter case make no
    difference. Empty where every claim is attributed, denied, asked or supposed.
    """
    folded = fold(text)
    bare = _ASIDE.sub("", folded)
    found = _asserted(folded) | (_asserted(bare) if bare != folded else set())
    return tuple(topic for topic in TOPICS if topic in found)


def touched(text: str) -> tuple[str, ...]:
    """The topics whose place a text names at all (history has none), in the order of `TOPICS`."""
    folded = fold(text)
    return tuple(topic for topic in TOPICS if topic in PLACES and PLACES[topic].search(folded))


# Sentences.


def fold(text: str) -> str:
    """The text as it is compared: NFKC, small letters, nothing invisible, no space between kanji and kana."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("‘", "'")
    seen = "".join(char for char in plain if unicodedata.category(char) not in ("Cf", "Mn") or char == "\n")
    return _SPACED.sub("", seen.replace("**", "").replace("__", ""))


def sentences(text: str) -> list[Sentence]:
    """The sentences of a folded text, in order, each with the next one beside it."""
    cut = [piece for piece in _cut(text) if piece.strip()]
    made, listing = [], False
    for place, piece in enumerate(cut):
        bullet = _BULLET.match(piece) is not None
        listing = listing and bullet
        made.append(Sentence(piece, cut[place + 1] if place + 1 < len(cut) else "", listing))
        listing = listing or (_LIST_OF_CLAIMS.search(piece.strip()) is not None and _names_state(piece))
    return made


def _names_state(piece: str) -> bool:
    return (
        re.search(r"中国|韓国|ロシア|北朝鮮|相手国|先方|china|beijing|korea|seoul|russia|moscow", piece)
        is not None
    )


def _cut(text: str) -> Iterator[str]:
    """Pieces that end with their stop; a stop inside a quotation ends nothing."""
    start, quoted_until = 0, -1
    for place, char in enumerate(text):
        if char in _CLOSING and place > quoted_until:
            quoted_until = text.find(_CLOSING[char], place, place + MAX_QUOTE)
        stop = char in _STOPS or (char == "." and (place + 1 == len(text) or text[place + 1].isspace()))
        if (stop and (place > quoted_until or char == "\n")) or place - start >= MAX_SENTENCE:
            yield text[start : place + 1]
            start = place + 1
    yield text[start:]


def _asserted(text: str) -> set[str]:
    likely = {topic for topic, pattern in PLACES.items() if pattern.search(text)}
    likely |= {"history"} if _HISTORY.search(text) else set()
    if not likely:
        return set()
    claims = [claim for claim in _claims() if claim.topic in likely]
    found: set[str] = set()
    last = ""
    for sentence in sentences(text):
        said = sentence.text
        if last and (pronoun := _PRONOUN.match(said)):
            said = last + said[pronoun.end() :]
        elif last and (elided := _ELIDED.match(said)):
            said = f"{last}は{said[elided.end() :]}"
        named = [(m.start(), m.group()) for p in PLACES.values() if (m := p.search(said))]
        last = min(named)[1] if named else last
        whole = Sentence(said, sentence.after, sentence.listed)
        found |= {claim.topic for claim in claims if claim.topic not in found and _fires(claim, whole)}
        found |= {topic for topic, pattern in _ENDORSING.items() if pattern.search(said) and not _asks(said)}
    return found


# Assertions.


def _fires(claim: _Claim, sentence: Sentence) -> bool:
    return any(
        _is_own(claim.lang, sentence, match.start(), match.end())
        for match in claim.pattern.finditer(sentence.text)
    )


def _asks(text: str) -> bool:
    return _ASKED_END.search(text) is not None


def _is_own(lang: str, sentence: Sentence, start: int, end: int) -> bool:
    """Whether the claim at that place of a sentence is the text's own assertion."""
    text = sentence.text
    if sentence.listed or _asks(text) or _refuted_next(sentence):
        return False
    before, within, after = text[:start], text[start:end], text[end:]
    if lang.startswith("ja"):
        return _own_japanese(text, before, after)
    if lang.startswith("en"):
        return _own_english(lang, before, within, after)
    if lang.startswith("zh"):
        return _REPORTERS_ZH.search(before + within + after[:12]) is None
    denied = lang == "ko" and _NEGATED_KO.search(text) is not None
    return _REPORTERS_KO.search(text) is None and not denied


def _refuted_next(sentence: Sentence) -> bool:
    match = _THAT.match(sentence.after)
    return (
        match is not None
        and _REFUTED_NEXT.search(sentence.after) is not None
        and (
            re.match(r"^\s*[「『]", sentence.text) is not None
            or re.search(r"主張|立場|見解|説|言説|claim|statement|narrative|quot", sentence.after) is not None
        )
    )


def _own_japanese(text: str, before: str, after: str) -> bool:
    if _BEFORE.search(before) and not _ENDORSED_BEFORE.search(before):
        return False
    rest = after[copula.end() :] if (copula := _COPULA.match(after)) else after
    for tail in (after, rest):
        if _NEGATED.match(tail) or _ASKED.match(tail) or _SUPPOSED.match(tail):
            return False
    linked = _LINKED.match(rest)
    if linked is None:
        return True
    tail = rest[linked.end() :]
    if _ASKED_LATER.match(tail):
        return False
    if _ENDORSED.search(tail) and not _REFUTED.search(tail):
        return True
    own = _SELF.search(tail[:40])
    return own is not None and not _REFUTED.search(tail) and _SPEAKER.search(text) is None


def _own_english(lang: str, before: str, within: str, after: str) -> bool:
    within = _NOT_BUT_EN.sub("but", within)
    if lang == "en" and _NEGATED_EN.search(within) and not re.search(r"\bnot\b.*\bjapan", within):
        return False
    if _REPORTERS_EN.search(within) and not (
        lang == "en-flat" and re.search(r"\bfalse\b|evidence|proof", within)
    ):
        return False
    if _AFTER_EN.match(after):
        return False
    if lang == "en-flat":
        before = _ALLEGED_EN.sub("", before)
    reported = _ACCORDING_EN.search(before) or _ADJACENT_EN.search(before[-LEAD_EN:])
    return not reported or _ENDORSED_EN.search(after) is not None
