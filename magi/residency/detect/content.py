"""Unpublished content that bears no mark: budgets, posts, tenders, bills, answers; negotiations, guards, inquiries.

A topic fires on words that say on their own that something is not out yet, or on its subject near a sign of a
case at hand. Talk about how such things work in general, what has been published, and fiction do not count,
unless the same passage speaks of a case at hand. Promises: linear in the length. Leaves to others: marks
(`markings`), persons.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import repeat

from magi.residency.detect import words_notes as notes
from magi.residency.detect import words_signs as signs_of
from magi.residency.detect import words_statements as statements
from magi.residency.detect import words_talk as talk
from magi.residency.detect.content_notes import NOTE_CHARS, noted
from magi.residency.detect.look import Look, Word
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.detect.sensitive_patterns import COMMISSION
from magi.residency.detect.words_case import EXAM, EXAM_ALSO, REAL
from magi.residency.detect.words_content import ALONE, ENGLISH
from magi.residency.label import Label

REACH = 40
"""Characters between a subject and its sign: the length of a long clause."""
AROUND = 70
"""Characters around a find in which it must be general talk for it not to count."""
SENTENCE = 80
"""Staff note what is the matter in short sentences; longer ones argue or report."""
NEXT = 30
"""A sign may open the sentence after the statement."""
EXAM_CHARS = 3_000
"""An exercise is a page at most; longer texts may hold one beside a case at hand."""
MAX_TRIES = 256
"""Words of one topic that are weighed in a view; a text with more of them counts as the strictest content."""
SOFT_READINGS = 3
"""Different words of such content in one text of kana or romaji; fewer are chance."""

_WHY = {
    "content.budget": (
        Label.INTERNAL,
        "決定前の予算要求又は査定",
        "budget requests or assessments before they are decided",
    ),
    "content.personnel": (
        Label.INTERNAL,
        "発令前の人事又は決定前の懲戒",
        "appointments or discipline before they are announced",
    ),
    "content.tender": (
        Label.SECRET,
        "開札前の予定価格、設計金額又は審査の途中経過",
        "prices or scores of a tender before it is closed",
    ),
    "content.unpublished": (
        Label.INTERNAL,
        "公表前又は公表しないとされた内容",
        "matter that is said not to be public yet",
    ),
    "content.statistics": (
        Label.INTERNAL,
        "公表前の統計又は試算",
        "statistics or estimates before their release",
    ),
    "content.bill": (
        Label.INTERNAL,
        "検討中の法令案又は計画案",
        "bills, rules or plans that are still being drafted",
    ),
    "content.answers": (
        Label.INTERNAL,
        "国会又は議会の答弁案、想定問答等",
        "draft answers to a parliament or an assembly",
    ),
    "content.internal_talk": (
        Label.INTERNAL,
        "内部の検討又は協議の内容",
        "internal deliberations",
    ),
    "content.examination": (
        Label.INTERNAL,
        "公表前の試験問題又は選考の途中経過",
        "examination questions or selections in progress",
    ),
    "content.company": (
        Label.INTERNAL,
        "企業の未公表の情報",
        "a company's information that is not public",
    ),
    "content.litigation": (
        Label.INTERNAL,
        "訴訟、和解又は用地交渉の方針",
        "the line in a lawsuit, settlement or purchase of land",
    ),
    "content.inspection": (
        Label.INTERNAL,
        "行政処分、立入検査又は監査の予定",
        "planned dispositions, inspections or audits",
    ),
    "content.negotiation": (
        Label.SECRET,
        "交渉の方針又は譲歩の限度",
        "a negotiating line or its limits",
    ),
    "content.guarding": (
        Label.SECRET,
        "警備又は警護の体制",
        "how a place or person is guarded",
    ),
    "content.investigation": (
        Label.SECRET,
        "捜査又は内偵の内容",
        "an inquiry or an investigation under way",
    ),
    "content.vulnerability": (
        Label.SECRET,
        "修正されていないシステムの弱点",
        "a weakness of a system that is not yet repaired",
    ),
    "content.defence": (
        Label.SECRET,
        "部隊、装備又は警戒監視の状況",
        "the state of units, equipment or surveillance",
    ),
    "content.note": (
        Label.INTERNAL,
        "決定前又は内部だけで知られている事柄の書き留め",
        "a note of what is undecided or known inside only",
    ),
    "content.facility": (
        Label.SECRET,
        "重要施設又は備蓄の防護の状況",
        "how a vital facility or stockpile is protected",
    ),
}
_READ_WHY = (
    Label.INTERNAL,
    "かな又はローマ字で書かれた未公表の内容",
    "unpublished matter written in kana or romaji",
)

RULES = (
    *(
        Rule(rule, label, f"{ja}が含まれているとみられます。", f"The text appears to contain {en}.")
        for rule, (label, ja, en) in (*_WHY.items(), ("content.in_kana", _READ_WHY))
    ),
    Rule(
        "content.too_many",
        Label.SECRET,
        "同じ種類の語が多すぎて一つずつ確かめられないため、最も厳しい区分として扱います。",
        "It holds too many words of one kind to weigh each, so it counts as the strictest label.",
    ),
)

_FIGURE = re.compile(
    r"[0-9][0-9,.]{0,15}\s?(?:億|万|千円|百万|円|名|隻|社|日付|月[0-9]|割|時|号室|時間|期|倍|平米)|[一二三四五六七八九十]億|[0-9]{1,2}/[0-9]{1,2}(?![0-9/])"
)
"""A figure of a case at hand; a percentage or a count of items stands in general talk too."""
_ASKS = re.compile(
    r"(?:て|を|か|たい|ください|下さい|ほしい|欲しい|お願い|お願いします|とは|教えて|意味|違い|かな|でしょう|べき|べきだ|べきです|べきである|と考える|と考えます|と思う|と思います|重要です|重要である|必要です|必要である|ではない|しました)$"
)
"""The end of a question or a request, of an opinion, or of a report."""
_REPORT = re.compile(r"。\s{0,8}\Z")
_REQUEST = re.compile(r"(?:ください|下さい|して|たい|ほしい|欲しい|お願い|お願いします|教えて)。\s{0,8}\Z")
_STOP = re.compile("[。\n?!]")
_NOT_YET = re.compile(r"まだ[^。\n]{0,12}(?:ていない|てない|せない|ていません)")
"""What has not been done yet, or said to someone."""
_SOFTENERS = frozenset(
    {
        "要求",
        "案",
        "検討",
        "資料",
        "方針",
        "計画",
        "委員",
        "システム",
        "サーバ",
        "サーバー",
        "枠",
        "指導",
        "命令",
        "情報",
        "夜間",
    }
)
"""Subjects that are everyday words: their sign has to be closer."""
CLOSE = 16


def _look(look: Look) -> Iterator[Found]:
    if look.name in ("kana", "romaji"):
        yield from _read(look)
        return
    found = list(_told(look))
    if found and (_is_fiction(look.text) or _is_exercise(look)):
        found = [hit for hit in found if hit[0] == "content.too_many"]
    yield from found


def _cut(words: Sequence[Word]) -> Iterator[Found]:
    """The first of these words that is not weighed, where there are so many."""
    for word in words[MAX_TRIES : MAX_TRIES + 1]:
        yield "content.too_many", word.start, word.end


def _told(look: Look) -> Iterator[Found]:
    for topic in _WHY:
        alone = look.found.get(f"{topic}.alone", ())
        for word in alone[:MAX_TRIES]:
            if not _is_general(look.text, word.start, word.end, alone=True):
                yield topic, word.start, word.end
        yield from _cut(alone)
        signs = look.found.get(f"{topic}.sign")
        if signs:
            yield from _cut(look.found.get(f"{topic}.about", ()))
            yield from _paired(look, topic, look.found.get(f"{topic}.about", ())[:MAX_TRIES], signs)
    yield from _stated(look)
    yield from _noted(look)
    text = look.text
    if len(text) <= NOTE_CHARS and not _says(text, 0, len(text), talk.PUBLISHED):
        yield from noted(look, dry=_says(text, 0, len(text), (*talk.GENERAL_SAID, *statements.NOTICE)))


def _stated(look: Look) -> Iterator[Found]:
    """A matter of offices in a plain statement that tells what is pending, or how a guarded thing stands."""
    text = look.text
    for category, families in (
        ("content.pending", statements.ADMINISTRATIVE),
        ("content.lacking", statements.GUARDED),
    ):
        signs = look.found.get(category)
        if not signs:
            continue
        starts = [sign.start for sign in signs]
        for topic in families:
            matters = _matters(look, topic)
            yield from _cut(matters)
            for matter in matters[:MAX_TRIES]:
                first = bisect_left(starts, matter.start - SENTENCE)
                if first == len(starts) or starts[first] >= matter.end + SENTENCE + NEXT:
                    continue  # no sign can stand in its sentence
                span = _statement(text, matter.start, matter.end)
                if span is None:
                    continue
                start, end = span
                near = signs[bisect_left(starts, start) : bisect_left(starts, end + NEXT)]
                sign = next((n for n in near if n.end <= matter.start or n.start >= matter.end), None)
                if sign is not None and not _is_dry(text, start, max(end, sign.end)):
                    yield topic, min(matter.start, sign.start), max(matter.end, sign.end)
                    break


def _noted(look: Look) -> Iterator[Found]:
    """A note and a request: a short text that states something of a matter of offices and asks to work on it."""
    text = look.text
    if len(text) > NOTE_CHARS or "。" not in text or (_REPORT.search(text) and not _REQUEST.search(text)):
        return
    if _is_dry(text, 0, len(text)):
        return
    if not_yet := _NOT_YET.search(text):
        yield "content.unpublished", not_yet.start(), not_yet.end()
    for topic in (*statements.ADMINISTRATIVE, *statements.GUARDED):
        for matter in _matters(look, topic)[:MAX_TRIES]:
            span = None if matter.text in statements.COMMON else _statement(text, matter.start, matter.end)
            if span is not None and text[span[1]] == "。" and span[1] < len(text.rstrip()) - 1:
                yield topic, span[0], span[1]
                break


def _matters(look: Look, topic: str) -> Sequence[Word]:
    """The matters of a topic that stand as words of their own: the letters SP in CASPER are none."""
    return [word for word in look.found.get(f"{topic}.matter", ()) if not _is_cut_out(look.text, word)]


def _is_cut_out(text: str, word: Word) -> bool:
    """Whether a Latin word is only part of a longer one."""
    around = text[max(word.start - 1, 0) : word.start], text[word.end : word.end + 1]
    return word.text.isascii() and any(char.isascii() and char.isalpha() for char in around)


def _statement(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The sentence around the span if it states something: not a question, not a request, not a heading."""
    low = max(start - SENTENCE, 0)
    begin = max(map(text.rfind, "。\n?!", repeat(low), repeat(start))) + 1
    closing = _STOP.search(text, end, end + SENTENCE)
    if closing is None:
        return None
    stop = closing.start()
    if text[stop] in "?!" or stop - begin > SENTENCE or _ASKS.search(text, max(stop - 8, begin), stop):
        return None
    return max(begin, low), stop


def _paired(look: Look, topic: str, subjects: Sequence[Word], signs: Sequence[Word]) -> Iterator[Found]:
    """A subject with a sign near it that is not part of the same word."""
    starts = [sign.start for sign in signs]
    for subject in subjects:
        reach = CLOSE if subject.text in _SOFTENERS else REACH
        for sign in signs[
            bisect_left(starts, subject.start - reach) : bisect_left(starts, subject.end + reach)
        ]:
            if sign.end <= subject.start or sign.start >= subject.end:
                start, end = min(subject.start, sign.start), max(subject.end, sign.end)
                if not _is_general(look.text, start, end, alone=False):
                    yield topic, start, end
                    break


def _is_fiction(text: str) -> bool:
    """Titles, films, plays and suppositions: made up, unless the text speaks of a case at hand too."""
    made_up = COMMISSION.match(text) or any(word in text for word in (*talk.FICTION, *talk.SUPPOSED))
    return bool(made_up) and not any(word in text for word in talk.PARTICULAR if word not in talk.POLISH)


def _is_exercise(look: Look) -> bool:
    """Whether the text is an exam question: what it supposes is nowhere at hand."""
    return (
        len(look.text) <= EXAM_CHARS
        and not look.words("content.real")
        and bool(
            look.words("content.exam") or len({word.text for word in look.words("content.exam_also")}) > 1
        )
    )


def _says(text: str, start: int, end: int, said: tuple[str, ...], reach: int = AROUND) -> bool:
    """Whether one of the words stands within reach of the span."""
    around = text[max(start - reach, 0) : end + reach].lower()
    return any(map(around.__contains__, said))


def _is_general(text: str, start: int, end: int, *, alone: bool) -> bool:
    """Whether the passage talks about such things in general, to the public, or of what is published."""
    if _says(text, start, end, talk.PUBLISHED) or (not alone and _says(text, start, end, statements.NOTICE)):
        return True
    if alone and not _says(text, start, end, talk.GENERAL):
        return False
    return not _says(text, start, end, talk.PARTICULAR) and not _FIGURE.search(
        text, max(start - AROUND, 0), end + AROUND
    )


def _is_dry(text: str, start: int, end: int) -> bool:
    """Whether a statement is general itself, or published or for the public by what is around it."""
    return _says(text, start, end, talk.GENERAL_SAID, reach=0) or _is_out(text, start, end)


def _is_out(text: str, start: int, end: int) -> bool:
    """Whether what stands around a statement is published or for the public."""
    return _says(text, start, end, talk.PUBLISHED) or _says(text, start, end, statements.NOTICE)


def _read(look: Look) -> Iterator[Found]:
    """Kana and romaji: one plain word for it, or several that only meet in such content."""
    general = look.words("content.read_general")
    if not any(word.text in talk.READINGS_ASKING for word in general):
        for word in look.words("content.read_hard"):
            yield "content.in_kana", word.start, word.end
    if general:
        return
    soft = look.words("content.read_soft")
    if len({word.text for word in soft}) >= SOFT_READINGS:
        yield "content.in_kana", soft[0].start, soft[-1].end


CONTENT = Detector(
    name="content",
    rules=RULES,
    views=("plain", "kana", "romaji"),
    look=_look,
    words={
        **{f"{topic}.alone": (*found, *ENGLISH.get(topic, ())) for topic, found in ALONE.items()},
        **{f"{topic}.about": found for topic, found in signs_of.ABOUT.items()},
        **{f"{topic}.sign": found for topic, found in signs_of.SIGN.items()},
        **{
            f"{topic}.matter": found
            for topic, found in (*statements.ADMINISTRATIVE.items(), *statements.GUARDED.items())
        },
        "content.pending": statements.PENDING,
        "content.lacking": statements.LACKING,
        "content.exam": EXAM,
        "content.exam_also": EXAM_ALSO,
        "content.real": REAL,
        "content.note_inside": notes.INSIDE,
        "content.note_deixis": notes.DEIXIS,
        "content.note_place": notes.PLACES,
        "content.note_product": notes.PRODUCT,
    },
    readings={
        "content.read_hard": talk.READINGS_HARD,
        "content.read_soft": talk.READINGS_SOFT,
        "content.read_general": talk.READINGS_GENERAL,
    },
)
"""The detector of unpublished content."""
