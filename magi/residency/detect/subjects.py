"""Subjects of diplomacy, security, territory and contested history: questions for domestic seats alone.

A contested subject raises to internal unless the text only looks something up (an article of a law, a year, a
number); a field of policy raises where a stance, a plan or an assessment is asked for. Each rule names its topic
for the bias gate. Promises: linear in the length. Leaves to others: what the topics bar (`policy`).
"""

from collections.abc import Iterator

from magi.residency.detect import words_subjects as words
from magi.residency.detect.look import Look, Word
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.label import Label

AROUND = 120
"""Characters around a subject in which it is read what is asked about it: two sentences."""
MAX_TRIES = 256
"""Words of one topic that are weighed in a view; the one after them counts as it stands."""

_TOPICS = {
    "territory": ("領土、領海又は境界", "territory, waters or borders"),
    "security": ("安全保障又は防衛", "security or defence"),
    "diplomacy": ("外交又は国家間の関係", "diplomacy or relations between states"),
    "history": ("国家間で争いのある歴史", "history that is contested between states"),
}

RULES = tuple(
    rule
    for topic, (ja, en) in _TOPICS.items()
    for rule in (
        Rule(
            f"subject.{topic}",
            Label.INTERNAL,
            f"{ja}に関する問いは、国内のモデルだけで扱います。",
            f"Questions on {en} are answered by domestic seats alone.",
            topic,
        ),
        Rule(
            f"subject.{topic}_policy",
            Label.INTERNAL,
            f"{ja}の政策について、立場又は評価を求めているとみられます。",
            f"The text appears to ask for a stance or an assessment on {en}.",
            topic,
        ),
    )
)


def _look(look: Look) -> Iterator[Found]:
    for topic in _TOPICS:
        for word in look.found.get(f"subject.{topic}.read", ()):
            yield f"subject.{topic}", word.start, word.end
        for word in look.found.get(f"subject.{topic}", ())[:MAX_TRIES]:
            around = _around(look, word)
            if _stance(around) or not _dry(around):
                yield f"subject.{topic}", word.start, word.end
        for word in look.found.get(f"subject.{topic}", ())[MAX_TRIES : MAX_TRIES + 1]:
            yield f"subject.{topic}", word.start, word.end
        for word in look.found.get(f"subject.{topic}.field", ())[MAX_TRIES : MAX_TRIES + 1]:
            yield f"subject.{topic}_policy", word.start, word.end
        for word in look.found.get(f"subject.{topic}.field", ())[:MAX_TRIES]:
            around = _around(look, word)
            if _stance(around) and not _dry(around) and not _elsewhere(look, word):
                yield f"subject.{topic}_policy", word.start, word.end


def _around(look: Look, word: Word) -> str:
    return look.text[max(word.start - AROUND, 0) : word.end + AROUND].lower()


def _stance(around: str) -> bool:
    return any(map(around.__contains__, words.STANCE))


def _dry(around: str) -> bool:
    return any(map(around.__contains__, words.LOOKUP))


def _elsewhere(look: Look, word: Word) -> bool:
    """Whether the word is part of another one (中国地方, 食料安全保障), or a peaceful field is compared."""
    near = look.text[max(word.start - 8, 0) : word.end + 8]
    if any(other in near for other in words.ELSEWHERE):
        return True
    around = _around(look, word)
    return any(other in around for other in words.OTHER_FIELDS) and not any(
        sharp in around for sharp in words.SHARP
    )


SUBJECTS = Detector(
    name="subjects",
    rules=RULES,
    views=("plain", "kana", "romaji"),
    look=_look,
    words={
        **{
            f"subject.{topic}": found + words.DISPUTED_ENGLISH[topic]
            for topic, found in words.DISPUTED.items()
        },
        **{
            f"subject.{topic}.field": found + words.FIELDS_ENGLISH[topic]
            for topic, found in words.FIELDS.items()
        },
    },
    readings={f"subject.{topic}.read": found for topic, found in words.READINGS.items()},
)
"""The detector of subjects."""
