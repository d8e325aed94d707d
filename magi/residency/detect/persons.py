"""Persons: names in the papers of an office, and people who are meant without a name.

A full name of the lists counts wherever it stands; a family name alone, an unlisted one, initials and a name by its
sound need a sign: an honorific, a role, a word such as 申請者 or `applicant`, a field of their own. A birth date
counts with a sign that somebody was born; a person by age and sex where something particular is told. Public
figures in their public role, fiction and marked examples stay public. Leaves to others: what is told about the
person (`sensitive`), numbers and addresses (`identifiers`, `contacts`).
"""

import re
from collections.abc import Callable, Iterator

from magi.residency.detect import words_persons as words
from magi.residency.detect.look import Look, Word
from magi.residency.detect.names import (
    PLACES,
    family_before,
    family_name,
    field_name,
    full_name,
    given_name,
    is_kanji,
    kana_is_name,
    kanji_before,
    packed_name,
    word_before,
)
from magi.residency.detect.persons_foreign import FOREIGN, foreign_names
from magi.residency.detect.persons_kana import (
    hiragana_names,
    kana_names,
    latin_names,
    read_names,
    spelt_by_sound,
)
from magi.residency.detect.persons_lists import listed_names
from magi.residency.detect.persons_unnamed import births, initials, unnamed
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.detect.wordlist import word_list
from magi.residency.detect.words_given import GIVEN_HIRAGANA
from magi.residency.detect.words_surnames import MAX_SURNAME, SURNAME_READINGS, SURNAMES
from magi.residency.label import Label

MAX_SEPARATORS = 6
"""Between a word such as 氏名 and the name: quotes, a colon, a bracket, some spaces."""

_SEPARATORS = frozenset(" \t　::=＝、,\"'「『|>＞()()]】・→;/-—\n#*_")
_RELATIVES = frozenset(
    word_list(
        """
    長男 長女 次男 次女 三男 娘 息子 妻 夫 母 父 祖母 祖父 孫 姉 妹 兄 弟 対象児 児童
    """,
    )
)
_KIN = frozenset(
    word_list(
        """
    妻 夫 父 母 娘 兄 姉 弟 妹 孫 氏 姓
    """,
    )
)
_PRESS_CUES = frozenset(
    word_list(
        """
    係長 課長 課長補佐 部長 次長 室長 主査 主任 主事 主幹 参事 補佐 班長 担当 担当者 連絡先 課の 係の 部の 室の
    班の 署の 局の
    """,
    )
)
"""Whom the press is to ask."""
_AFTER_FAMILY = frozenset("はがのをにとへも、,。. 　\n)）」』:;/|さ様氏殿君くち(")
_NAME_FIELD = (
    r"([一-鿿々ヶ﨑]{1,4}[ 　][一-鿿々ヶ﨑ぁ-ん]{1,4}|[一-鿿々ヶ﨑]{3,5})(?=[ 　]?[,|\t_\"'」』\n;<.)/]|$)"
)
_FIELD = re.compile(r"[,|\t_\"'「『\n;>:(/-][ 　]{0,2}" + _NAME_FIELD)
_FIRST_FIELD = re.compile(_NAME_FIELD)
_CITED = re.compile(r"[(（](?:19|20)[0-9]{2}")
"""An author and the year of a publication."""
_KANJI = "一-鿿々ヶ﨑"
_HEADS = frozenset(name[:2] for name in SURNAMES if re.match(rf"[{_KANJI}]{{2}}", name))
_FIRST, _SECOND = (re.escape("".join(sorted({head[at] for head in _HEADS}))) for at in (0, 1))
_KANJI_RUN = re.compile(rf"[{_FIRST}](?<![{_KANJI}].)[{_SECOND}][{_KANJI}]*+")
"""Family names are looked up where a run of kanji starts: cheaper than three thousand words in every view."""
_SAID = re.compile(r"と名乗|という(?:男|女|人|方|者|職員|生徒|児童|業者の)")
_ORGANISATION = frozenset("園駅町通台丘幼保小中高病医商株社館号線橋賞杯記")
_ALWAYS_NAMED = frozenset(("さん", "様", "氏", "さま"))
_NAMED = frozenset(("さん", "様", "氏", "ちゃん", "くん"))
MIN_NAME = 2
"""Letters of an unlisted name before an honorific, at least."""
_SHORT_EXAMPLE = 3
_NOT_SAMA = "式々子相態"
_NOT_SHI = "名族神子"
_OFFICE = ("窓口", "来庁", "申請", "届出", "住民票", "世帯", "受給", "滞納", "相談者", "保護者", "診断書")


def _look(look: Look) -> Iterator[Found]:
    if look.name in ("kana", "romaji"):
        yield from read_names(look)
        return
    fiction = bool(look.words("person.fiction")) and not any(word in look.text for word in _OFFICE)
    for finder in _FINDERS_TIGHT if look.name == "tight" else _FINDERS:
        for rule, start, end in finder(look):
            if not fiction and not _sample(look, start, end):
                yield rule, start, end


def _addressed(look: Look) -> Iterator[Found]:
    """A name with an honorific."""
    for word in look.words("person.honorific"):
        after = look.text[word.end : word.end + 1]
        if (word.text == "様" and after and after in _NOT_SAMA) or (
            word.text == "氏" and after and after in _NOT_SHI
        ):
            continue
        start = _called(look.text, word)
        if start >= 0:
            yield "person.name_with_honorific", start, word.end


def _called(text: str, word: Word) -> int:
    """Where the name before an honorific starts; -1 if what stands there is no name."""
    end = word.start - (text[word.start - 1 : word.start] in (" ", "　"))
    last = text[end - 1 : end] if end > 0 else ""
    if last and is_kanji(last):
        start = family_before(text, end)
        if start < 0:
            return _called_unlisted(text, end, word)
        return start if word.text in _ALWAYS_NAMED or end - start > 1 else -1
    if "ぁ" <= last <= "ゖ":
        for size in (5, 4, 3, 2):
            if end >= size and text[end - size : end] in GIVEN_HIRAGANA:
                before = text[end - size - 1 : end - size]
                return -1 if "ぁ" <= before <= "ゖ" and before not in "のはがとにを" else end - size
        return -1
    return _called_kana(text, end, word)


def _called_unlisted(text: str, end: int, word: Word) -> int:
    start = kanji_before(text, end)
    run = text[start:end]
    if end != word.start or word.text not in _NAMED or not MIN_NAME <= len(run) <= MAX_SURNAME:
        return -1
    if word.text == "様" and text[word.end : word.end + 1] and is_kanji(text[word.end]):
        return -1  # 満月様顔貌: like a full moon
    common = run in _NOT_NAMED or run[-2:] in _NOT_NAMED or run[-1] in _NOT_NAMED
    return -1 if common or run[-1] in words.NOT_NAMED_ENDS else start


def _called_kana(text: str, end: int, word: Word) -> int:
    start = word_before(text, end)
    run = text[start:end]
    if len(run) < MIN_NAME or run.rstrip("ー") in words.NOT_CALLED:
        return -1
    if any(kana_is_name(run, run)):
        return start
    return start if word.text != "様" and len(run) > MIN_NAME and not run.endswith("ー") else -1


def _ranked(look: Look) -> Iterator[Found]:
    """A family name with a post: 田中課長. Where the press is told whom to ask, that is public."""
    if look.words("person.press"):
        return
    for word in look.words("person.role"):
        start = kanji_before(look.text, word.start)
        name = look.text[start : word.start]
        if len(name) > 1 and name in SURNAMES and name not in PLACES:
            yield "person.name_with_role", start, word.end


def _cued(look: Look) -> Iterator[Found]:
    """A name behind a word such as 申請者."""
    text = look.text
    for word in look.words("person.cue"):
        if word.text in _KIN and word.start and is_kanji(text[word.start - 1]):
            continue
        if word.text in _PRESS_CUES and look.words("person.press"):
            continue
        at = _skip(text, word.end)
        end = full_name(text, at, loose=True)
        if not end and word.text in _RELATIVES:
            end = given_name(text, at)
        if not end:
            end = _family_alone(text, word.end, at)
        if end and not _public(look, at, end, near=2):
            yield "person.name_with_cue", at, end


def _family_alone(text: str, cue_end: int, at: int) -> int:
    end = family_name(text, at)
    if not end or text[at:end] in PLACES or "\n" in text[cue_end:at]:
        return 0
    return end if end == len(text) or text[end] in _AFTER_FAMILY else 0


def _cued_packed(look: Look) -> Iterator[Found]:
    """The same without white space: text written downwards, or with spaces between the letters."""
    for word in look.words("person.cue"):
        at = _skip(look.text, word.end)
        end = packed_name(look.text, at)
        if end and word.text not in _KIN:
            yield "person.name_with_cue", at, end


def _skip(text: str, at: int) -> int:
    limit = min(len(text), at + MAX_SEPARATORS)
    while at < limit and text[at] in _SEPARATORS:
        at += 1
    return at + (text[at : at + 1] == "の")


def _listed(look: Look) -> Iterator[Found]:
    """A full name of the lists, without any sign; a family name that somebody is said to have."""
    text = look.text
    for run in _KANJI_RUN.finditer(text):
        head = run.group()
        if head[:2] not in _HEADS:
            continue
        if head[:2] not in SURNAMES and head[:3] not in SURNAMES and head[:4] not in SURNAMES:
            continue
        start = run.start()
        end = full_name(text, start)
        if not end and head in SURNAMES and _SAID.match(text, run.end()):
            yield "person.name_with_cue", start, run.end()
        elif end and text[end : end + 1] not in _ORGANISATION and not _public(look, start, end, near=14):
            yield "person.full_name", start, end


def _fields(look: Look) -> Iterator[Found]:
    """A full name that is a field of its own: in a table, a file name, a signature."""
    text = look.text
    if not any(mark in text for mark in ",|\t_「\n\"'/"):
        return
    first = _FIRST_FIELD.match(text)
    for match in (*((first,) if first else ()), *_FIELD.finditer(text)):
        start, end = match.span(1)
        if field_name(text, start) == end and not _public(look, start, end, near=8):
            yield "person.full_name", start, end


def _public(look: Look, start: int, end: int, *, near: int) -> bool:
    name = look.text[start:end].replace(" ", "").replace("　", "")
    return (
        name in words.FAMOUS
        or _CITED.match(look.text, end) is not None
        or look.near(start, end, "person.title", before=near, after=min(near, 8)) is not None
    )


def _sample(look: Look, start: int, end: int) -> bool:
    """Whether this is a made-up name that is said to be an example."""
    name = look.text[start:end].lower()
    return any(p in name for p in _PLACEHOLDERS) and bool(look.words("person.sample"))


_NOT_NAMED = frozenset(words.NOT_NAMED)
_PLACEHOLDERS = tuple(p for p in dict.fromkeys(words.PLACEHOLDERS) if len(p) > _SHORT_EXAMPLE)

_FINDERS: tuple[Callable[[Look], Iterator[Found]], ...] = (
    _addressed, _ranked, _cued, _listed, _fields, kana_names, hiragana_names, latin_names, initials, births, unnamed,
    spelt_by_sound, foreign_names, listed_names,
)  # fmt: skip
_FINDERS_TIGHT = (_cued_packed, births, spelt_by_sound)

PERSONS = Detector(
    name="persons",
    rules=(
        Rule(
            "person.name_with_honorific",
            Label.PERSONAL,
            "敬称の付いた個人の氏名が含まれています。",
            "It names a person with an honorific.",
        ),
        Rule(
            "person.name_with_role",
            Label.PERSONAL,
            "役職名の付いた個人の氏が含まれています。",
            "It names a person by family name and post.",
        ),
        Rule(
            "person.name_with_cue",
            Label.PERSONAL,
            "申請者、氏名などの語に続けて個人の氏名が含まれています。",
            "A person's name follows a word such as applicant or name.",
        ),
        Rule(
            "person.full_name",
            Label.PERSONAL,
            "個人の氏と名がそろって含まれています。",
            "It gives a person's family name and given name.",
        ),
        Rule(
            "person.name_in_kana",
            Label.PERSONAL,
            "仮名書きの個人の氏名が含まれています。",
            "It gives a person's name in kana.",
        ),
        Rule(
            "person.name_in_latin",
            Label.PERSONAL,
            "ローマ字の個人の氏名が含まれています。",
            "It gives a person's name in Latin letters.",
        ),
        Rule(
            "person.initials",
            Label.PERSONAL,
            "イニシャルで特定の個人に触れています。",
            "It speaks of a particular person by initials.",
        ),
        Rule(
            "person.birth_date",
            Label.PERSONAL,
            "個人の生年月日が含まれています。",
            "It gives a person's date of birth.",
        ),
        Rule(
            "person.unnamed",
            Label.PERSONAL,
            "氏名はありませんが、年齢、性別などで示された特定の個人の事情が述べられています。",
            "It tells of a particular person who is given by age, sex or kinship and not by name.",
        ),
    ),
    views=("plain", "untagged", "tight", "kana", "romaji"),
    look=_look,
    words={
        "person.cue": tuple(dict.fromkeys((*words.CUES, *words.KEYS))),
        "person.english": tuple(dict.fromkeys(words.ENGLISH_CUES)),
        "person.honorific": words.HONORIFICS,
        "person.latin": words.LATIN_HONORIFICS,
        "person.role": tuple(words.ROLES_AFTER),
        "person.title": words.PUBLIC_TITLES,
        "person.fiction": words.FICTION,
        "person.sample": words.SAMPLES,
        "person.press": (
            "照会先",
            "問合せ先",
            "問い合わせ先",
            "お問い合わせ",
            "報道発表",
            "報道資料",
            "公表済み",
        ),
        "person.born": (
            "生年月日",
            "誕生日",
            "生まれ",
            "日生",
            "年生",
            "月生",
            "生 男",
            "生 女",
            "生男",
            "生女",
            "生、男",
            "生、女",
            "dob",
            "birth",
            "born",
            "seinengappi",
        ),
        "person.lived": words.LIVED,
        "person.general": words.GENERAL,
        **FOREIGN,
    },
    readings={"person.reading": tuple(sorted(SURNAME_READINGS))},
)
