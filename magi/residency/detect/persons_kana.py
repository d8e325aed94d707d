"""Names by their sound: in katakana, in Latin letters, and in sentences written in kana or romaji alone."""

import re
from collections.abc import Iterator

from magi.residency.detect.look import Look, Word
from magi.residency.detect.names import kana_is_name
from magi.residency.detect.reading import BREAK, reading, romaji_view
from magi.residency.detect.rule import Found
from magi.residency.detect.wordlist import word_list
from magi.residency.detect.words_given import GIVEN_READINGS
from magi.residency.detect.words_surnames import SURNAME_READINGS

MAX_LATIN = 48
"""A name in Latin letters with all its parts is shorter."""

_KATAKANA = ("ァ", "ヴ")
_HIRAGANA = ("ぁ", "ゖ")
_KATAKANA_GAP = re.compile(r"[ 　](?<=[ァ-ヴー][ 　])(?=[ァ-ヴー])")
_HIRAGANA_GAP = re.compile(r"[ 　](?<=[ぁ-ゖ][ 　])(?=[ぁ-ゖ])")
_MIN_PART, _MAX_PART = 2, 8
_FIELD_MARKS = "\n,|\t\"'「:"
_SPACED_MARKS = (", ", "| ", ": ")
_VALUE = re.compile(
    r"[ 　]{0,2}[,|\t]?[ 　]{0,2}(?:[0-9]|[MTSHR][.0-9]|明治|大正|昭和|平成|様|さん|氏|殿|\()"
)
_NAME_CUES = frozenset(
    word_list(
        """
    氏名 氏名カナ フリガナ ふりがな 名義 名義人 口座名義 名前 申請者 届出人 世帯主 請求者 申請人
    """,
    )
)
_CAPITALS = re.compile(
    r"([A-Z](?<![A-Za-z'][A-Z])[A-Za-z'’-]{1,14}),? (?=([A-Z][A-Za-z'’-]{1,14})(?![A-Za-z]))"
)
_LATIN_NAME = re.compile(r"[A-Z][A-Za-z'’-]{1,20}(?:,? [A-Z][A-Za-z'’.-]{0,20}){1,4}")
_LATIN_TAIL = re.compile(r"[A-Z][A-Za-z'’-]{1,20}(?: [A-Z][A-Za-z'’-]{0,20}){0,4} ?$")
_TITLED = frozenset(("mr.", "ms.", "mrs.", "mr", "ms", "miss", "dear"))
_AFTER_ENGLISH = re.compile(r"[\s:=\"',>(]{0,4}(?:is |named |called |Mr\.? |Ms\.? |Mrs\.? )?")
_NOT_PERSONS = frozenset(
    word_list(
        """
    Minister Ministry President Prime City Office Hall Department Bureau Agency Division Form Number Card Act
    Law Japan Japanese Tokyo Osaka Government Council Committee Center Centre University Hospital Company
    Speaker Chair Sir Madam All Team Colleagues Secretary Server Windows Web User Value Type Field Key The
    Name Date Code Page Table Size Basic Example Sample Project Test App System Demo Build Deploy Checkout Run
    Setup Install Default Public Resident Residents Applicants Corporate Individual Service Support Privacy
    Client Studio List Google Microsoft Amazon
    """,
    )
)
_OFFICE_CUES = frozenset(
    word_list(
        """
    通称名 通称 本名 本国名 氏名 申請者 世帯主 届出人 請求者 対象者 名義人 申請人 入居者 生徒 児童 留学生
    研修生 患者
    """,
    )
)
_CALLED = tuple(map(reading, ("サン", "サマ", "チャン", "クン", "シハ", "シノ", "シガ", "ドノ", "センセイ")))
_MIN_READING = 3
_GIVEN = frozenset(map(reading, GIVEN_READINGS))
_FAMILY = frozenset(map(reading, SURNAME_READINGS))
_KANJI = re.compile(r"[一-鿿ぁ-ゖ]")
_KATAKANA_RUN = re.compile(r"[ァ-ヺ]{5,}")
_FAMILY_SIZES = range(2, 8)
_GIVEN_SIZES = range(6, 2, -1)


def kana_names(look: Look) -> Iterator[Found]:
    """Family and given name in katakana with a space between."""
    text = look.text
    for gap in _KATAKANA_GAP.finditer(text):
        start, end = _around(text, gap.start(), _KATAKANA)
        first, second = text[start : gap.start()], text[gap.end() : end]
        if min(len(first), len(second)) < _MIN_PART or max(len(first), len(second)) >= _MAX_PART:
            continue
        family, given = kana_is_name(first, second)
        behind = _VALUE.match(text, end) is not None
        fresh = start == 0 or text[start - 1] in _FIELD_MARKS or text[start - 2 : start] in _SPACED_MARKS
        cued = look.near(start, start, "person.cue", before=8, after=0)
        named = cued is not None and cued.text in _NAME_CUES
        known = (family or given) and (behind or named)
        if (family and given) or known or (fresh and (named or (given and len(second) >= _MIN_READING))):
            yield "person.name_in_kana", start, end


def hiragana_names(look: Look) -> Iterator[Found]:
    """Family and given name in hiragana with a space between."""
    text = look.text
    for gap in _HIRAGANA_GAP.finditer(text):
        start, end = _around(text, gap.start(), _HIRAGANA)
        first, second = text[start : gap.start()], text[gap.end() : end]
        if min(len(first), len(second)) < _MIN_PART or max(len(first), len(second)) >= _MAX_PART:
            continue
        family, given = kana_is_name(first, second)
        if family and (given or _VALUE.match(text, end)):
            yield "person.name_in_kana", start, end


def _around(text: str, gap: int, letters: tuple[str, str]) -> tuple[int, int]:
    """The run of letters before a space and the one behind it, each at most `_MAX_PART` long."""
    low, high = letters
    start, end = gap, gap + 1
    while start > max(0, gap - _MAX_PART) and (low <= text[start - 1] <= high or text[start - 1] == "ー"):
        start -= 1
    while end < min(len(text), gap + 1 + _MAX_PART) and (low <= text[end] <= high or text[end] == "ー"):
        end += 1
    return start, end


def latin_names(look: Look) -> Iterator[Found]:
    """A name in Latin letters: Japanese by its sound, or behind a word that says whose name it is."""
    if not look.capitals:
        return
    text = look.text
    for match in _CAPITALS.finditer(text):
        first, second = _kana(match.group(1)), _kana(match.group(2))
        if first and second and (all(kana_is_name(first, second)) or all(kana_is_name(second, first))):
            yield "person.name_in_latin", match.start(), match.end() + len(match.group(2))
    for word in look.words("person.english"):
        if word.start and text[word.start - 1].isascii() and text[word.start - 1].isalpha():
            continue
        if word.text not in _TITLED and text[word.start].isupper() and text[word.end : word.end + 1] == " ":
            continue
        found = _latin_after(text, word.end, single=word.text in _TITLED)
        if found and not (
            text[word.end : word.end + 1].isascii() and text[word.end : word.end + 1].isalpha()
        ):
            yield "person.name_in_latin", *found
    for word in look.words("person.cue"):
        if word.text in _OFFICE_CUES and (found := _latin_after(text, word.end, single=False)):
            yield "person.name_in_latin", *found
    yield from _latin_called(look)


def _latin_called(look: Look) -> Iterator[Found]:
    text = look.text
    for word in look.words("person.latin"):
        begin = max(0, word.start - MAX_LATIN)
        match = _LATIN_TAIL.search(text, begin, word.start)
        if (
            match
            and text[match.start() : word.start].strip() not in _NOT_PERSONS
            and match.end() - match.start() > 1
        ):
            if word.text == " san " and text[word.end : word.end + 1].isupper():
                continue
            yield "person.name_in_latin", match.start(), word.end


def read_names(look: Look) -> Iterator[Found]:
    """A family name by its sound, with an honorific or a given name behind it."""
    text = look.text
    for word in look.words("person.reading"):
        starts = word.start == 0 or text[word.start - 1] == BREAK
        if word.end - word.start < _MIN_READING and not starts:
            continue
        if text.startswith(_CALLED[:4], word.end):
            yield _rule(look), word.start, word.end + 2
            continue
        for size in _GIVEN_SIZES:
            if text[word.end : word.end + size] in _GIVEN and (
                starts or word.end - word.start > _MIN_READING
            ):
                yield _rule(look), word.start, word.end + size
                break


def reads_as_family(word: str) -> bool:
    """Whether a Latin word in any letter case is the sound of a listed family name."""
    return kana_is_name(_kana(word), "")[0]


def reads_as_name(family: str, given: str) -> bool:
    """Whether two Latin words in any letter case are the sounds of a listed family name and a listed given name."""
    return all(kana_is_name(_kana(family), _kana(given)))


def spelt_by_sound(look: Look) -> Iterator[Found]:
    """The same in a text view without kanji, whose katakana may be its own kana view: that is not read again."""
    text = look.text
    if _KANJI.search(text):
        return
    for run in _KATAKANA_RUN.finditer(text):
        words = [
            Word(at, at + size, run.group()[at : at + size], "person.reading")
            for at in range(len(run.group()))
            for size in _FAMILY_SIZES
            if run.group()[at : at + size] in _FAMILY
        ]
        for _, start, end in read_names(Look("kana", run.group(), {"person.reading": words})):
            yield "person.name_in_kana", run.start() + start, run.start() + end


def _rule(look: Look) -> str:
    return "person.name_in_latin" if look.name == "romaji" else "person.name_in_kana"


def _latin_after(text: str, at: int, *, single: bool) -> tuple[int, int] | None:
    gap = _AFTER_ENGLISH.match(text, at)
    start = gap.end() if gap else at
    match = _LATIN_NAME.match(text, start)
    if match:
        parts = match.group().replace(",", " ").split()
        return None if _NOT_PERSONS.intersection(parts) else match.span()
    if single:
        one = re.compile(r"[A-Z][a-z'’-]{1,20}").match(text, start)
        if one and one.group() not in _NOT_PERSONS:
            return one.span()
    return None


def _kana(word: str) -> str:
    """The katakana of one Latin word, empty if it does not read as Japanese."""
    if not word.isalpha() or len(word) < _MIN_READING:
        return ""
    return romaji_view(f"no no {word}")[2:].strip(BREAK)
