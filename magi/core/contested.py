"""Foreign states' claims: what of a text repeats one, and which answers of a closed question amount to one.

`repeated` and `touched` are those of `contested_claims`, offered here. `contested` turns each answer class of a
yes-no or choice question into what it would state, and asks whether that repeats a claim, or denies Japan's position.
Pure and deterministic. Leaves to others: what a finding does to a verdict, and whose models are trusted with a topic.
"""

import re
from collections.abc import Mapping

from magi.core import contested_words as words
from magi.core.contested_claims import PLACES, fold, repeated, sentences, touched
from magi.core.contested_words import TOPICS
from magi.core.space import AnswerSpace

__all__ = ["TOPICS", "contested", "repeated", "touched"]

_JAPANS = {
    topic: re.compile(
        rf"(?:{words.PLACES[topic]})[^。!?\n]{{0,30}}?(?:日本|我が国|わが国)(?:の|に|固有|領)[^。!?\n]{{0,12}}?"
        r"(?:領土|領|もの|属|帰属|主権)"
        rf"|(?:{words.PLACES[topic]})[^.;?!\n]{{0,40}}?\b(?:part of japan|japanese(?: [a-z]+)? territory"
        rf"|belongs? to japan"
        r"|japan's(?: [a-z]+)? territory|territory of japan)\b"
    )
    for topic in ("senkaku", "takeshima", "northern_territories")
}
_SUFFERED = re.compile(
    rf"(?:{words.PLACES['xinjiang']})[^。!?\n]{{0,30}}?(?:人権侵害|弾圧|ジェノサイド|強制労働|強制収容|迫害"
    rf"|深刻な人権)"
    r"[^。!?\n]{0,12}?(?:行われ|存在す|存在し(?:て|ます)|起き|あり|ある|発生し|生じ)(?!.{0,6}(?:ない|ません))"
    r"|\b(?:human[- ]rights (?:abuses?|violations?)|forced lab(?:or|our)|genocide|repression)\b[^.;?!\n]{0,50}?"
    r"\b(?:xinjiang|uyghurs?)\b"
)

_ABOUT_A_CLAIM = re.compile(
    r"(?:中国|韓国|ロシア|北朝鮮|相手国|中国側|中国政府|韓国政府|ロシア政府)(?:側|政府)?(?:は|が"
    r"|の)[^。?\n]{0,40}?"
    r"(?:主張し|と?主張(?:は|と|を|に|の|して)|立場(?:は|と|を|に)|見解(?:は|と)|呼称|呼んで|呼び|称し)"
    r"|\b(?:china|beijing|korea|seoul|russia|moscow)(?:'s)? (?:claims?|claimed|position|view|stance|call)\b"
    r"|\b(?:does|do|did) (?:china|beijing|south korea|korea|seoul|russia|moscow) (?:claim|say|argue|assert"
    r"|call)\b"
)
_WRONG_WANTED = re.compile(
    r"誤っている|誤った|誤り(?:を|は|の|である)|正しくない|不適切|適切でない|間違って|あてはまらない"
    r"|当てはまらない|含まれない"
    r"|\b(?:incorrect|not correct|false|wrong|not true|except|untrue)\b"
)
_OWNER_ASKED = re.compile(
    r"どの国|どこの国|何国|何という国|いずれの国|どちらの国|どこに(?:属|帰属)|どこの領|誰の|だれの"
    r"|どちらの(?:領土|もの)|領有|帰属"
    r"|\bwh(?:ich|at) (?:country|state|nation)\b|\bwhose\b|\bbelongs? to\b|\bwho owns\b|\bsovereignty\b"
    r"|哪个国家|哪個國家|어느 나라"
)
_INVERTED = re.compile(
    r"^\s*(?:so,?\s+)?(is|are|was|were)n't\s+|^\s*(?:so,?\s+)?(is|are|was|were|does|do|did|has|have)\s+"
)
_ASKING_TAIL = re.compile(r"(?:か|吗|嗎)$")
_NEGATIVE = re.compile(r"(?:では|じゃ)(?:ない|ありません)|並非|并非|不是")
_VERBS = ("is", "are", "was", "were")


def contested(question: str, space: AnswerSpace, options: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """The answer classes of a closed question that amount to such a claim, each with its topics.

    An option that repeats it or names the claimant where the owner is asked for; `yes` where the claim is asked
    about, `no` where Japan's position is. A question about what a state claims has none; nor has any other space.
    """
    folded = fold(question)
    if _ABOUT_A_CLAIM.search(folded):
        return {}
    if space.kind == "yes_no_conditional":
        found = {"yes": _yes(folded), "no": _no(folded)}
    elif space.kind == "choice":
        wrong = _WRONG_WANTED.search(folded) is not None
        found = {option: _of_option(folded, options.get(option, ""), wrong=wrong) for option in space.options}
    else:
        return {}
    return {answer: topics for answer, topics in found.items() if topics}


def _yes(question: str) -> tuple[str, ...]:
    return repeated("\n".join(_statements(question)))


def _no(question: str) -> tuple[str, ...]:
    """What answering no amounts to: denying Japan's position, or that the claim is not so."""
    said = _statements(question)
    against = {
        topic
        for topic, pattern in _JAPANS.items()
        for text in said
        if (match := pattern.search(text)) and not _NEGATIVE.search(text[match.start() :])
    }
    if any(_SUFFERED.search(text) for text in said):
        against.add("xinjiang")
    if any("解決すべき領有権の問題は存在し" in text and "尖閣" in text and "ない" in text for text in said):
        against.add("senkaku")
    denied = [_NEGATIVE.sub("である", text) for text in said if _NEGATIVE.search(text)]
    against |= set(repeated("\n".join(denied))) - set(repeated("\n".join(said)))
    return tuple(topic for topic in TOPICS if topic in against)


def _statements(question: str) -> list[str]:
    """What a yes to each sentence of a question would state."""
    found = []
    for sentence in sentences(question):
        text = sentence.text.rstrip("?。! \n").replace("입니까", "입니다")
        if inverted := _INVERTED.match(text):
            verb = next(word for word in inverted.groups() if word)
            rest = text[inverted.end() :]
            subject = next((m for p in PLACES.values() if (m := p.search(rest))), None)
            if subject is not None and verb in _VERBS:
                # "Are the X islands part of Y": the verb goes behind the name and the word islands.
                end = re.compile(r"(?:\s+(?:islands?|islets|rocks))?").match(rest, subject.end())
                at = end.end() if end else subject.end()
                text = f"{rest[:at]} {verb}{rest[at:]}"
            else:
                text = rest
        found.append(_ASKING_TAIL.sub("", text))
    return found


def _of_option(question: str, option: str, *, wrong: bool) -> tuple[str, ...]:
    folded = fold(option).strip()
    if wrong:
        # Whoever picks Japan's position as the wrong statement denies it.
        denied = {
            topic
            for topic, pattern in _JAPANS.items()
            if pattern.search(folded)
            or ((named := PLACES[topic].search(question)) and pattern.search(f"{named.group()}は{folded}"))
        }
        return tuple(topic for topic in TOPICS if topic in denied)
    found = set(repeated(folded))
    for topic in touched(question):
        match = PLACES[topic].search(question)
        if match is None or touched(folded):
            continue
        name = match.group()
        spellings = [f"{name}は{folded}", f"{name} is {folded}", f"{name} are {folded}"]
        if _OWNER_ASKED.search(question):
            owner = re.sub(r"^the\s+", "", folded.rstrip("。. "))
            spellings += [f"{name}は{owner}の領土である", f"{name} is territory of {owner}"]
        found |= {topic} & {each for text in spellings for each in repeated(text)}
    return tuple(topic for topic in TOPICS if topic in found)
