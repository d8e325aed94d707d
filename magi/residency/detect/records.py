"""Records of programs: fields whose names, in romaji or English, say whose and what, and fields that say who may see.

A log line `type=DV victim=30F` or a JSON object with `shimei` tells of a person as a sentence does, though no
Japanese word stands in it. A field counts with a concrete value; types, defaults and descriptions of fields do not.
Promises: linear in the length of the view: each field is read once, through bounded patterns. Leaves to others:
fields with Japanese names and values (`sensitive`, `persons`), numbers (`identifiers`), secrets (`credentials`).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from magi.residency.detect import words_records as words
from magi.residency.detect.look import Look
from magi.residency.detect.persons_kana import reads_as_name
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.label import Label

MAX_FIELDS = 2048
"""Fields that are weighed one by one in a view; a text with more is a dump of records, and counts as one."""
TOGETHER = 300
"""Fields of one record stand within some lines of each other."""

_SIGN = re.compile(r"=>|[=:](?<![=:][=:])")
_KEY = re.compile(r"[A-Za-z\u53d6\u516c\u95b2\u914d\u6a5f\u60c5\u5171][\w -]{0,31}$")
_VALUE = re.compile(r"[ ]{0,2}[\[(]{0,2}[\"']?([^\s\"',;|&=<>{}\[\]()][^\"',;|&=\n{}\[\]<>]{0,39})")
_REACH = 40
"""A key with its quotes is shorter."""
_WORD = re.compile(r"[A-Za-z0-9_+:/.\u3041-\u30fe\u4e00-\u9fff-]{1,32}")
_PERSON_CODE = re.compile(r"(?<![A-Za-z0-9])(?:[0-9]{1,3}[MFmf]|[MFmf][0-9]{1,3})(?![A-Za-z0-9])")
_STAMP = re.compile(r"(?:19|20)[0-9]{2}[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{1,2}:[0-9]{2}")
_SPEC = re.compile(
    r"全角|半角|[0-9]{1,4} ?(?:文字|桁|字)|必須|任意|max|min|varchar|[<${%*]|.{0,8}(?:型|欄|項目|入力)"
)
_SAMPLE = (
    "サンプル",
    "ダミー",
    "記入例",
    "架空",
    "dummy",
    "sample",
    "テスト用",
    "テストデータ",
    "fictitious",
)
_BOTH = 2

_PERSON = frozenset(words.PERSON)
_SENSITIVE = frozenset(words.SENSITIVE)
_SENSITIVE_VALUES = frozenset(words.SENSITIVE_VALUES)
_PARTICULAR = frozenset(words.PARTICULAR)
_HANDLING = frozenset(words.HANDLING)
_LOOSE = frozenset(words.LOOSE_HANDLING)
_RESTRICTED = frozenset((*words.RESTRICTED, *words.PLAINLY_RESTRICTED))
_PLAINLY = frozenset(words.PLAINLY_RESTRICTED)
_SECRET = frozenset((*words.SECRET, *words.PLAINLY_SECRET))
_PLAINLY_SECRET = frozenset(words.PLAINLY_SECRET)
_UNTOLD = frozenset(words.UNTOLD)
_KEYS = (
    words.NAMED
    | _PERSON
    | _SENSITIVE
    | _HANDLING
    | _LOOSE
    | _UNTOLD
    | _PARTICULAR
    | {"type", "category", "kind", "reason", "riyu"}
)


class _Field(NamedTuple):
    """A field as it is compared, and where it stands."""

    key: str
    value: str
    start: int
    end: int


def _look(look: Look) -> Iterator[Found]:
    if "records.key" not in look.found or ("=" not in look.text and ":" not in look.text):
        return
    fields = _fields(look.text)
    if len(fields) > MAX_FIELDS:
        yield "record.secret", fields[0].start, fields[-1].end
        return
    yield from _handling(fields)
    if any(word in look.text for word in _SAMPLE):
        return
    yield from _persons(fields)
    yield from _sensitive(look.text, fields)


def _fields(text: str) -> list[_Field]:
    """Every field with a concrete value whose key, or its last part, is one that means something."""
    fields: list[_Field] = []
    for sign in _SIGN.finditer(text):
        value = _VALUE.match(text, sign.end())
        if value is None:
            continue
        before = text[max(sign.start() - _REACH, 0) : sign.start()].rstrip(" ").rstrip("\"']")
        name = _KEY.search(before)
        key = _key(name.group()) if name else ""
        said = _value(value.group(1)) if key else ""
        if said and len(fields) <= MAX_FIELDS:
            start = max(sign.start() - _REACH, 0) + (name.start() if name else 0)
            fields.append(_Field(key, said, start, value.end(1)))
    return fields


def _key(name: str) -> str:
    """The name of a field in the spelling of the tables: the longest end of it that they have."""
    parts = re.split(r"[ _-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip(" _-"))
    for at in range(len(parts)):
        end = "_".join(parts[at:])
        if end in _KEYS or end.replace("_", "") in _KEYS:
            return end if end in _KEYS else end.replace("_", "")
    return ""


def _value(text: str) -> str:
    """The value as it is compared; empty if it stands for one."""
    value = text.strip(" .。、")
    first = _WORD.match(value)
    if first is None or _SPEC.match(value) or _plain(first.group()) in words.TYPES:
        return ""
    return value


def _plain(value: str) -> str:
    return re.sub(r"[ -]+", "_", value.strip().lower())


def _says(value: str, table: frozenset[str]) -> bool:
    """Whether a value, or its first word, is one of a table."""
    first = _WORD.match(value)
    return _plain(value) in table or (first is not None and _plain(first.group()) in table)


def _handling(fields: Sequence[_Field]) -> Iterator[Found]:
    for field in fields:
        if _says(field.value, _table(field.key, _SECRET, _PLAINLY_SECRET)):
            yield "record.secret", field.start, field.end
        elif _limits(field):
            yield "record.handling", field.start, field.end


def _limits(field: _Field) -> bool:
    """Whether a field says that not everybody may see it, or that it is not out."""
    return _says(field.value, _table(field.key, _RESTRICTED, _PLAINLY)) or (
        field.key in _UNTOLD and _says(field.value, words.NO)
    )


def _table(key: str, named: frozenset[str], plainly: frozenset[str]) -> frozenset[str]:
    """The values that count for a key: more of them where the key itself is about handling."""
    return named if key in _HANDLING else plainly if key in _LOOSE else frozenset()


def _persons(fields: Sequence[_Field]) -> Iterator[Found]:
    """A name, an address or a birth date; or two other fields of a person."""
    about = [field for field in fields if field.key in _PERSON]
    for field in fields:
        named = field.key in words.NAMES and not field.value.isdigit()
        if named or (field.key in words.NAMED and _full_name(field.value)):
            yield "record.person", field.start, field.end
    for field, other in pairwise(about):
        if field.key != other.key and other.start - field.end < TOGETHER:
            yield "record.person", field.start, other.end


def _full_name(value: str) -> bool:
    """Whether two Latin words are a Japanese family name and given name, in any order."""
    parts = [part for part in re.split(r"[ _.,]+", value) if part.isascii() and part.isalpha()][:_BOTH]
    return len(parts) == _BOTH and (reads_as_name(*parts) or reads_as_name(*reversed(parts)))


def _sensitive(text: str, fields: Sequence[_Field]) -> Iterator[Found]:
    """A field on what somebody suffers or did, beside one that says of whom."""
    told = [
        field
        for field in fields
        if field.key in _SENSITIVE
        or not _SENSITIVE_VALUES.isdisjoint(re.split(r"[_ /+]+", field.value.lower()))
    ]
    starts = [field.start for field in fields]
    for field in told:
        low, high = max(field.start - TOGETHER, 0), field.end + TOGETHER
        beside = fields[bisect_left(starts, low) : bisect_right(starts, high)]
        others = {other.key for other in beside if other is not field}
        spoken = field.key in _SENSITIVE and not words.KIN.isdisjoint(_plain(field.value).split("_"))
        whose = spoken or bool(others & (_PARTICULAR | _PERSON)) or len(others & _SENSITIVE) > 0
        if whose or _PERSON_CODE.search(text, low, high) or (others and _STAMP.search(text, low, high)):
            yield "record.sensitive", field.start, field.end


RECORDS = Detector(
    name="records",
    rules=(
        Rule(
            "record.person",
            Label.PERSONAL,
            "氏名、住所、生年月日などを表す名の項目に、個人の値が入っています。",
            "A field named for a person's name, address or birth date has somebody's value.",
        ),
        Rule(
            "record.sensitive",
            Label.SENSITIVE_PERSONAL,
            "相談、被害、病歴などを表す名の項目に、特定の個人の値が入っています。",
            "A field named for a consultation, harm or illness has a particular person's value.",
        ),
        Rule(
            "record.handling",
            Label.INTERNAL,
            "取扱い、公開範囲などの項目に、関係者限りなど制限を表す値が入っています。",
            "A field for handling or audience says that the document is restricted.",
        ),
        Rule(
            "record.secret",
            Label.SECRET,
            "取扱い、格付などの項目に、極秘など秘密を表す値が入っているか、項目が多く全てを確認できません。",
            "A field for handling says secret, or there are too many fields to weigh each.",
        ),
    ),
    views=("plain",),
    look=_look,
    words={
        "records.key": tuple(
            sorted(
                {
                    spelt
                    for key in (*_KEYS, *_SENSITIVE_VALUES)
                    if len(key) > _BOTH
                    for spelt in (key, key.replace("_", ""), key.replace("_", "-"), key.replace("_", " "))
                }
                | {"dv"}
            )
        ),
    },
)
"""The detector; see the module."""
