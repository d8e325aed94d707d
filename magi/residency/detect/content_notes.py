"""Notes that staff write down for themselves: a short plain statement of what is meant or known inside, and a request.

Such a note names no secret: it says that a plan has been settled upon, who is for it, what others shall not be told,
and asks for a paper. Every statement is weighed by what it holds. Promises: nothing in a text longer than
`NOTE_CHARS`, so the work is bounded. Leaves to others: what is published or general (`content`).
"""

import re
from collections.abc import Iterator

from magi.residency.detect.look import Look
from magi.residency.detect.rule import Found

NOTE_CHARS = 400
"""A note to which a request is added; longer texts are documents, and their words say what they are."""
MIN_SENTENCE = 6
"""A shorter one is a greeting or a heading."""
MAX_SENTENCE = 80
"""Staff note what is the matter in short sentences; longer ones argue or report."""
ENOUGH = 4
"""Set on some 1,000 invented messages: a place of business, something inside, an intent and a request make it."""

DRY_MORE = 2
"""What a note has to hold more in a text with words of general talk in it."""

ASSERTED_LESS = 2
"""What a short text that only asserts, and asks for nothing, may hold less: requests end in a noun or a question."""
ASSERTED_CHARS = 120
"""Longer texts without a request are articles and answers."""

_SENTENCE = re.compile(r"[^。\n!?]{1,400}(?:[。!?\n]|$)")
_ASKS = re.compile(
    r"(?:を|て|で|に|へ|は|か|たい|ください|下さい|ほしい|欲しい|お願い|お願いします|教えて|とは|意味|違い|[0-9]つ|[0-9]個|[0-9]案|[0-9]問)$"
)
_INTENT = re.compile(
    r"(?:[るうすつむぶぬ](?<!です|ます)(?<![0-9一二三四五六七八九]つ)|[行書動続引抜開聞届置働]く|させる|たい|よい|ない|ぬ"
    r"|方針|つもり|考え|意向|予定|見込み|方向|話|模様|らしい|ようだ|とのこと"
    r"|段取りです|予定です|方針です|見込みです|つもりです|考えです|模様です|いい|ました|ています|てあります"
    r"|指示|感触|本音|まま|途中|[中待前済]|待ち|済み|あと|後|名|のみ|だけ|はず|決まり|だ|って|かも|から|度目|寸前|次第|対[0-9一二三四五六七八九]|次官|出先へ|次へ|[0-9]日|[っいしれてえけき]た|[んい]だ|ていません)$"
)
_FIGURE = re.compile(
    r"[0-9一二三四五六七八九十百千][0-9,.一二三四五六七八九十百千万億兆]{0,12}(?:年|行|位|便|階|か国|時間|丁目|町|校|トン|件|本|か所|メートル|平米|"
    r"%|割|億|万|千|円|社|店|名|人|月|日|隻|台|減|増|つ|回|分|点|倍|県|時|か月|年度|号|期|万)"
)
_DAY = re.compile(
    r"[月火水木金土日]曜|議会明け|国会明け|選挙後|明日|明後日|明朝|昨日|先日|先週|来週|再来週|今週|今朝|今夜|来月|先月|来年|再来年|来春|翌日|年明け|月末|年度末|もう[0-9]|まだ"
)
_QUESTION = re.compile(
    r"[?？]|何|どう|どの|どんな|どこ|いつ|誰が|だれ|なぜ|いくら|っけ|かな|とは|違い|違う|知りたい|の$|せよ|例[::]|関数|ます。?$"
)
_OURS = re.compile(r"うち[はのが]|こちら[はのが]|先方|相手|当課|当方|で行き|まで行き")
_OPINION = re.compile(
    r"べき|思います|考えます|望みます|求めます|願います|反対です|賛成です|ほしいです|せよ|述べよ|挙げよ|答えよ|示せ"
)
"""What is argued in public, or set as an exercise."""


def noted(look: Look, *, dry: bool) -> Iterator[Found]:
    """Every statement of a short text that tells what is not for others; `dry` where general words stand in it."""
    text = look.text
    if len(text) > NOTE_CHARS:
        return
    sentences = [match for match in _SENTENCE.finditer(text) if match.group().strip()]
    bodies = [match.group().strip("。!?\n 」』)") for match in sentences]
    asked = [body for body in bodies if _asks(body)]
    if bodies and len(asked) == len(bodies):
        return
    asserted = (
        not asked
        and len(text) <= ASSERTED_CHARS
        and not _QUESTION.search(text)
        and any(_INTENT.search(body) for body in bodies)
    )
    dry = dry or _OPINION.search(text) is not None
    product = any(
        word.start >= match.start() and word.end <= match.end()
        for match, body in zip(sentences, bodies, strict=True)
        if _asks(body)
        for word in look.words("content.note_product")
    )
    for match, body in zip(sentences, bodies, strict=True):
        if match.group()[-1] in "!?" or not MIN_SENTENCE <= len(body) <= MAX_SENTENCE or _asks(body):
            continue
        score = product + weight(look, match.start(), match.end(), body)
        if score >= ENOUGH + dry * DRY_MORE - asserted * ASSERTED_LESS:
            yield "content.note", match.start(), match.end()


def _asks(body: str) -> bool:
    """Whether a sentence asks for something; what we want for ourselves is told, not asked."""
    return _ASKS.search(body) is not None and not (body.endswith("たい") and _OURS.search(body))


def weight(look: Look, start: int, end: int, body: str) -> int:
    """What a statement holds of a note: a place of business, what is said inside, an intent, a figure."""

    def holds(*categories: str) -> bool:
        return any(word.start >= start and word.end <= end for word in look.words(*categories))

    return (
        holds("content.note_place")
        + 2 * holds("content.note_inside")
        + 2 * holds("content.note_deixis")
        + holds("content.pending")
        + bool(_INTENT.search(body))
        + bool(_FIGURE.search(body) or _DAY.search(body))
    )
