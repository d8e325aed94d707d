"""Marks on documents: 機密性 and 取扱制限, 秘密文書, TLP, designations by statute, and the habits of offices.

A mark stands as one: on its own, at the start of a line, in brackets, in a field or a file name, its letters
spaced out or one below the other. A mark that is only talked about (what it means, a law's name, a film's
title) is none. A strong mark in running text counts unless it is talked about: what is unclear fails towards the
stricter label. Promises: linear in the length. Leaves to others: content without a mark (`content`).
"""

import re
from collections.abc import Iterator
from itertools import chain

from magi.residency.detect import words_markings as marks
from magi.residency.detect.look import Look, Word
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.label import Label

LINE_CHARS = 160
"""How far to either side of a mark its line is read."""
RUNNING_CHARS = 60
"""How far around a mark in running text words are sought that say it is talked about."""

MAX_TRIES = 256
"""Marks of one kind that are weighed in a view; a text with more is full of them, and the next one counts."""

RULES = (
    Rule(
        "marking.handling",
        Label.INTERNAL,
        "「取扱注意」「部内限り」など、取扱いを制限する表示があります。",
        "The text bears a marking that limits its handling, such as 取扱注意 or 部内限り.",
    ),
    Rule(
        "marking.confidentiality_2",
        Label.INTERNAL,
        "機密性2(自治体機密性3Cを含む。)又は要機密情報の表示があります。",
        "The text is marked 機密性2, 自治体機密性3C or 要機密情報.",
    ),
    Rule(
        "marking.confidentiality_3b",
        Label.SENSITIVE_PERSONAL,
        "自治体機密性3Bの表示があります。",
        "The text is marked 自治体機密性3B.",
    ),
    Rule(
        "marking.secret",
        Label.SECRET,
        "「極秘」「秘」「機密性3」など、秘密文書の表示があります。",
        "The text is marked as a secret document, such as 極秘, 秘 or 機密性3.",
    ),
    Rule(
        "marking.tlp",
        Label.INTERNAL,
        "TLP:AMBER又はTLP:GREENの共有範囲の表示があります。",
        "The text is marked TLP:AMBER or TLP:GREEN.",
    ),
    Rule("marking.tlp_red", Label.SECRET, "TLP:REDの表示があります。", "The text is marked TLP:RED."),
    Rule(
        "marking.english",
        Label.INTERNAL,
        "CONFIDENTIALなど、英語の取扱制限の表示があります。",
        "The text bears an English marking such as CONFIDENTIAL or INTERNAL USE ONLY.",
    ),
    Rule(
        "marking.english_secret",
        Label.SECRET,
        "SECRETなど、英語の秘密の表示があります。",
        "The text bears an English marking such as SECRET or EYES ONLY.",
    ),
    Rule(
        "marking.classified",
        Label.CLASSIFIED,
        "特定秘密又は重要経済安保情報として指定されたものとみられます。",
        "The text appears to be designated as 特定秘密 or 重要経済安保情報.",
    ),
)

_BY_CATEGORY = {
    "mark.internal": "marking.handling",
    "mark.secret": "marking.secret",
    "mark.english": "marking.english",
    "mark.english_secret": "marking.english_secret",
    "mark.roman_internal": "marking.handling",
    "mark.roman_secret": "marking.secret",
    "mark.roman_3b": "marking.confidentiality_3b",
    "mark.roman_classified": "marking.classified",
}
_STRICTEST = {
    **_BY_CATEGORY,
    "mark.weak": "marking.secret",
    "mark.grade": "marking.secret",
    "mark.tlp": "marking.tlp_red",
    "mark.english_bare": "marking.english_secret",
    "mark.classified": "marking.classified",
    "mark.english_classified": "marking.classified",
    "mark.classified_field": "marking.classified",
    "mark.only": "marking.handling",
}
"""What a text counts as that holds more marks of one kind than are weighed."""
_SPACED_MARKS = sorted(
    {
        **dict.fromkeys(marks.HANDLING + marks.LIMITED, "marking.handling"),
        **dict.fromkeys((*marks.SECRET_MARKS, "機密性3", "機密性3A"), "marking.secret"),
        **dict.fromkeys(marks.CLASSIFIED_MARKS, "marking.classified"),
        **dict.fromkeys(("機密性2", "機密性3C"), "marking.confidentiality_2"),
        "機密性3B": "marking.confidentiality_3b",
        "TLPRED": "marking.tlp_red",
        "TLPAMBER": "marking.tlp",
    }.items(),
    key=lambda item: -len(item[0]),
)
_SPACED = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,3}[^\W_](?![^\W_])){1,80}")
"""Single letters with gaps between: 取 扱 注 意, or one below the other. Each step consumes two characters."""
_GAP = re.compile(r"[\W_]+")
_GRADE = re.compile(r"機密性[\s::・-]{0,3}([0-9]|I{1,3}|[一二三])?(?:[\s-]{0,2}([ABCabc])(?![A-Za-z]))?")
_TLP = re.compile(
    r"tlp[\s::_\-/]{0,3}(2\.0[\s::_\-]{0,2})?(red|amber|green|clear|white|赤|黄|緑)", re.IGNORECASE
)
_SEPARATORS = " \t\u3000\n\r*=#_~-‐–―—|\"'`:;>※◎●■□◆◇★☆▼▲○→・/\\.,"
_OPEN, _CLOSE = "【〔[(<《≪〈{⟨「『“", "】〕])>》≫〉}⟩」』”"
_QUOTES = "「『“"
_FIELD = re.compile(
    r"(?:区分|格付け?|表示|分類|指定|取扱い?|件名|subject|class\w{0,12}|label|level|取扱制限)\W{0,4}$",
    re.IGNORECASE,
)
_NOUN = re.compile(r"(?:情報|文書|資料|相当|扱い|指定)")
_PARTICLES = ("の", "は", "を", "が", "って", "という", "とは")
_ACTS = (" act", "s act", " protection act", " law", "s law")
_MARU_HI = "㊙"
_MANY_COLOURS = 3
_LETTERS = sorted({mark[:2] for mark, _ in _SPACED_MARKS})
_FIRST, _SECOND = ("".join(sorted({pair[at] for pair in _LETTERS})) for at in (0, 1))
_APART = re.compile(rf"[{_FIRST}][\W_]{{1,3}}[{_SECOND}](?![^\W_])")
"""Where the first two letters of some mark stand apart."""


def _look(look: Look) -> Iterator[Found]:
    if look.name == "raw":
        yield from _circled(look.text)
        return
    if look.name in ("kana", "romaji"):
        yield from _read(look)
        return
    text = look.text
    for category, rule in _STRICTEST.items() if len(text) > MAX_TRIES else ():
        for word in look.words(category)[MAX_TRIES : MAX_TRIES + 1]:
            yield rule, word.start, word.end
    for category, rule in _BY_CATEGORY.items():
        found = look.words(category)
        for word in found[:MAX_TRIES]:
            if _stands(text, word.start, word.end) or not _talked_about(text, word):
                yield rule, word.start, word.end
    for word in look.words("mark.weak")[:MAX_TRIES]:
        if _stands(text, word.start, word.end, weak=True):
            yield (
                ("marking.handling" if word.text not in ("秘", "機密", "秘密") else "marking.secret"),
                word.start,
                word.end,
            )
    yield from _grades(look)
    yield from _tlp(look)
    yield from _bare_english(look)
    yield from _classified(look)
    yield from _spaced(text)
    yield from _only_for(look)


def _circled(text: str) -> Iterator[Found]:
    """㊙ as it came: no one writes it as part of a word; the question what it means quotes it."""
    at = text.find(_MARU_HI)
    while at >= 0:
        around = text[max(at - RUNNING_CHARS, 0) : at + RUNNING_CHARS]
        if not any(word in around for word in marks.ASKED):
            yield "marking.secret", at, at + 1
        at = text.find(_MARU_HI, at + 1)


def _read(look: Look) -> Iterator[Found]:
    """Marks written in kana or romaji; talked about if a word for that follows at once."""
    for category, rule in (
        ("mark.read_internal", "marking.handling"),
        ("mark.read_secret", "marking.secret"),
        ("mark.read_classified", "marking.classified"),
    ):
        for word in look.words(category):
            if look.near(word.start, word.end, "mark.read_mention", before=0, after=14) is None:
                yield rule, word.start, word.end


def _says(text: str, start: int, end: int, words: tuple[str, ...], *, before: int, after: int) -> bool:
    """Whether one of the words stands within so many characters before or after the span."""
    around = text[max(start - before, 0) : end + after].lower()
    return any(map(around.__contains__, words))


def _stands(text: str, start: int, end: int, *, weak: bool = False) -> bool:
    """Whether the span stands as a mark: bounded on both sides, and its line does not talk about it."""
    before = text[max(start - LINE_CHARS, 0) : start].rpartition("\n")[2]
    after = text[end : end + LINE_CHARS].partition("\n")[0]
    if noun := _NOUN.match(after):
        after = after[noun.end() :]
    left, right = before[-1:], after[:1]
    if left in _QUOTES and left and right in _CLOSE and right:
        whole = not before[:-1].strip(_SEPARATORS) and not after[1:].strip(_SEPARATORS)
        return whole or (not weak and _FIELD.search(before[:-1]) is not None)
    bracketed = bool(left) and left in _OPEN and bool(right) and (right in _CLOSE or right in "・/,、。 (:")
    if bracketed:
        return not weak or before[:-1].strip(_SEPARATORS + _CLOSE) == "" or after[1:].strip(_SEPARATORS) == ""
    at_start = not before.strip(_SEPARATORS + _OPEN + _CLOSE) or _FIELD.search(before) is not None
    bounded = (not left or left in _SEPARATORS or left in _CLOSE or left in _OPEN) and (
        not right or right in _SEPARATORS or right in _OPEN or right in _CLOSE
    )
    if not bounded or after.lstrip().startswith(_PARTICLES):
        return False
    if _says(text, start, end, marks.MENTION, before=len(before), after=min(len(after), RUNNING_CHARS)):
        return False
    if weak:
        return (
            (at_start or not after.strip(_SEPARATORS))
            and (left not in ".-" or not left)
            and right not in (".", "-")
        )
    return True


def _talked_about(text: str, word: Word) -> bool:
    """Whether a mark in running text is only talked about."""
    return (
        _says(text, word.start, word.end, marks.MENTION, before=RUNNING_CHARS, after=RUNNING_CHARS)
        or (word.category == "mark.secret" and text[max(word.start - 1, 0) : word.start] in tuple(_QUOTES))
        or (word.text in ("極秘", "機密文書") and text[word.end : word.end + 1] in ("裏", "に", "で"))
    )


def _grades(look: Look) -> Iterator[Found]:
    """機密性 with its grade; an unknown grade counts as the strictest."""
    for word in look.words("mark.grade")[:MAX_TRIES]:
        match = _GRADE.match(look.text, word.start)
        if match is None or not (match.group(1) or match.group(2)):
            continue
        number, letter = match.group(1) or "", (match.group(2) or "").upper()
        if number in ("1", "I", "一"):
            continue
        if letter == "B":
            rule = "marking.confidentiality_3b"
        elif number in ("2", "II", "二") or letter == "C":
            rule = "marking.confidentiality_2"
        else:
            rule = "marking.secret"
        found = Word(match.start(), match.end(), match.group(), word.category)
        if _stands(look.text, found.start, found.end) or not _talked_about(look.text, found):
            yield rule, found.start, found.end


def _tlp(look: Look) -> Iterator[Found]:
    matches = [match for word in look.words("mark.tlp") if (match := _TLP.match(look.text, word.start))]
    several = len({match.group(2).lower() for match in matches}) >= _MANY_COLOURS
    for match in matches[:MAX_TRIES]:
        if match.group(2).lower() in ("clear", "white"):
            continue
        found = Word(match.start(), match.end(), match.group(), "mark.tlp")
        opens = not look.text[: match.start()].rpartition("\n")[2].strip(_SEPARATORS + _OPEN)
        if not _talked_about(look.text, found) or (opens and not several):
            yield (
                "marking.tlp_red" if match.group(2).lower() in ("red", "赤") else "marking.tlp",
                found.start,
                found.end,
            )


def _bare_english(look: Look) -> Iterator[Found]:
    """CONFIDENTIAL in capitals, or in brackets, where it stands as a mark; not a key's name in a program."""
    for word in look.words("mark.english_bare")[:MAX_TRIES]:
        text, start, end = look.text, word.start, word.end
        left, right = text[start - 1 : start] if start else "", text[end : end + 1]
        bracketed = bool(left) and left in "[(【<〔" and bool(right) and right in "])】>〕:/ -"
        capital = text[start:end].isupper() and right not in tuple("_=.(") and left not in tuple("_.-$")
        named = (
            word.text not in ("internal", "sensitive", "classified") or bracketed or _alone(text, start, end)
        )
        if (
            (capital or (bracketed and word.text in ("confidential", "secret")))
            and named
            and _stands(text, start, end, weak=True)
        ):
            yield (
                ("marking.english_secret" if word.text in ("secret", "classified") else "marking.english"),
                start,
                end,
            )


def _alone(text: str, start: int, end: int) -> bool:
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return not (text[line_start:start] + text[end : line_end if line_end >= 0 else len(text)]).strip(
        _SEPARATORS
    )


def _classified(look: Look) -> Iterator[Found]:
    """Designated information at hand, and not the laws about it."""
    text = look.text
    for word in look.words("mark.classified", "mark.english_classified")[: 2 * MAX_TRIES]:
        stands = _stands(text, word.start, word.end)
        held = _says(text, word.start, word.end, marks.HELD, before=RUNNING_CHARS, after=RUNNING_CHARS)
        if _law(text, word, sure=stands or held):
            continue
        if stands or held or not _talked_about(text, word):
            yield "marking.classified", word.start, word.end
    for word in look.words("mark.classified_field")[:MAX_TRIES]:
        law = _says(text, word.start, word.end, marks.LAW, before=RUNNING_CHARS, after=RUNNING_CHARS)
        if not law and not _talked_about(text, word):
            yield "marking.classified", word.start, word.end


def _law(text: str, word: Word, *, sure: bool) -> bool:
    """Whether the name of a law or of its machinery goes on from this word, or is what the passage is about."""
    if text.startswith(marks.LAW, word.end) or text[word.end : word.end + 16].lower().startswith(_ACTS):
        return True
    return not sure and _says(
        text, word.start, word.end, marks.LAW, before=RUNNING_CHARS, after=RUNNING_CHARS
    )


def _spaced(text: str) -> Iterator[Found]:
    """A mark whose letters stand apart: at the start of its stretch, or anywhere if it is long."""
    done = 0
    for opening in _APART.finditer(text):
        match = _SPACED.match(text, opening.start())
        if match is None or opening.start() < done:
            continue
        done = match.end()
        letters = _GAP.sub("", match.group()).upper()
        for mark, rule in _SPACED_MARKS:
            if letters.startswith(mark) or (len(mark) > len("極秘") and mark in letters):
                yield rule, match.start(), match.end()
                break


def _only_for(look: Look) -> Iterator[Found]:
    """(…限り) in brackets, whoever it names; not a number of pieces or a term."""
    for word in look.words("mark.only")[:MAX_TRIES]:
        opening = max(look.text.rfind(char, max(word.start - 16, 0), word.start) for char in "(【[〔<")
        inside = look.text[opening + 1 : word.start]
        if opening < 0 or not inside or any(char.isdigit() for char in inside) or "。" in inside:
            continue
        if not any(
            term in inside
            for term in (
                "今回",
                "一回",
                "期間",
                "当日",
                "本日",
                "先着",
                "可能な",
                "年度",
                "度",
                "名様",
                "世帯",
                "できる",
                "回",
            )
        ):
            yield "marking.handling", opening, word.end


MARKINGS = Detector(
    name="markings",
    rules=RULES,
    views=("raw", "plain", "kana", "romaji"),
    look=_look,
    words={
        "mark.internal": tuple(dict.fromkeys(chain(marks.HANDLING, marks.LIMITED))),
        "mark.secret": marks.SECRET_MARKS,
        "mark.weak": marks.WEAK_MARKS,
        "mark.grade": ("機密性",),
        "mark.tlp": ("tlp",),
        "mark.english": marks.ENGLISH_INTERNAL,
        "mark.english_secret": marks.ENGLISH_SECRET,
        "mark.english_bare": marks.ENGLISH_BARE,
        "mark.english_classified": marks.ENGLISH_CLASSIFIED,
        "mark.classified": marks.CLASSIFIED_MARKS,
        "mark.classified_field": marks.CLASSIFIED_FIELDS,
        "mark.roman_internal": marks.ROMAN_INTERNAL + marks.KANA_INTERNAL,
        "mark.roman_secret": marks.ROMAN_SECRET + marks.KANA_SECRET,
        "mark.roman_3b": marks.ROMAN_PERSONAL,
        "mark.roman_classified": marks.ROMAN_CLASSIFIED,
        "mark.only": ("限り)", "限り】", "限り]", "限り〕", "限り>"),
    },
    readings={
        "mark.read_internal": marks.READINGS_INTERNAL,
        "mark.read_secret": marks.READINGS_SECRET,
        "mark.read_classified": marks.READINGS_CLASSIFIED,
        "mark.read_mention": marks.READINGS_MENTION,
    },
)
"""The detector of marks on documents."""
