"""The envelope of an answer: thoughts taken away, JSON objects taken out, prose left over.

A seat is asked for one JSON object such as `{"answer", "reason", "basis"}`. Models wrap it in fences and prose; that
is read. What looks like JSON and is not is a failure, never a source of words to search. Numbers keep the
digits as written, so nothing passes through a float. All scans are single passes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, NoReturn, TypeVar

from magi.core.answers.fold import fold, text_key
from magi.core.answers.outcome import FailureName

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_JSON_DEPTH: Final = 16
"""The object asked for has depth 2; a limit of our own, since the parser's depends on the caller's stack."""
MAX_OBJECTS: Final = 8
"""A seat that writes more objects than a draft and a few corrections has not answered."""

_THOUGHT: Final = re.compile(r"<(/?)(?:think|thinking)\s{0,4}>", re.IGNORECASE)
_FENCE: Final = re.compile(r"```[A-Za-z0-9]{0,12}")
_QUOTE: Final = r"[\"'“”‘’＂]"  # also those that JSON does not know
_OBJECT_START: Final = re.compile(r"\{\s{0,64}[\"'“”‘’＂]")
ANSWER_KEYS: Final = frozenset({"answer", "回答", "答え"})
REASON_KEYS: Final = frozenset({"reason", "理由"})
_BASIS_KEYS: Final = frozenset({"basis", "根拠"})
_UNIT_KEYS: Final = frozenset({"unit", "単位"})
_NO_BASIS: Final = frozenset(
    {"根拠なし", "根拠無し", "なし", "無し", "特になし", "none", "null", "n/a", "na", ""}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer object: each element of a list answer on its own, and what stood beside it."""

    answers: tuple[str, ...]
    reason: str
    basis: tuple[str, ...]
    unit: str


class Members(tuple[tuple[str, object], ...]):
    """The members of a JSON object in order, duplicates kept."""

    __slots__ = ()


_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Objects(Generic[_Read]):
    """The objects of a text as read, in order, and the prose before and after the last of them, without fences."""

    entries: tuple[_Read, ...]
    before: str
    after: str


Envelope = Objects[Entry]


class _NotJsonError(ValueError):
    """A literal that Python's parser takes and JSON does not."""


def without_thoughts(text: str) -> str | FailureName:
    """Return a text without its `<think>` blocks, or `truncated` if one never ends.

    A closing tag without an opening one ends a thought that began in the prompt: all before it goes.
    """
    if text.lstrip().startswith("{") and not isinstance(_parse(text.strip()), FailureName):
        return text  # a whole JSON object may speak of tags in its strings
    kept: list[str] = []
    depth = cursor = 0
    for tag in _THOUGHT.finditer(text):
        if not tag[1]:
            if depth == 0:
                kept.append(text[cursor : tag.start()])
            depth += 1
        elif depth == 0:
            kept.clear()
        else:
            depth -= 1
        cursor = tag.end()
    if depth:
        return FailureName.TRUNCATED
    return "".join([*kept, text[cursor:]])


def open_envelope(text: str) -> Envelope | FailureName:
    """Separate the answer objects of a text from its prose; fails as `open_objects` does."""
    return open_objects(text, ANSWER_KEYS, _entry)


def open_objects(
    text: str, keys: frozenset[str], read: Callable[[Members], _Read | FailureName]
) -> Objects[_Read] | FailureName:
    """Separate the objects of a text, each with one of `keys` (folded, lower case) and read by `read`, from its prose.

    Returns `malformed_json` for what looks like JSON and does not parse or has none of the keys, `truncated` for
    an object that does not end, `several_answers` for too many objects; else the first failure of `read`.
    """
    text = text.lstrip("\ufeff")
    entries: list[_Read] = []
    prose: list[str] = []
    cursor = 0
    for start, end in _object_spans(text):
        body = text[start:end]
        if not _OBJECT_START.match(body):
            continue  # braces of prose, as in a set
        if end == len(text) and not _is_closed(body):
            return FailureName.TRUNCATED
        value = _parse(body)
        if not isinstance(value, Members) or not stated(value, keys):
            return FailureName.MALFORMED_JSON
        entry = read(value)
        if isinstance(entry, FailureName):
            return entry
        entries.append(entry)
        if len(entries) > MAX_OBJECTS:
            return FailureName.SEVERAL_ANSWERS
        prose.append(text[cursor:start])
        cursor = end
    before, after = _FENCE.sub("\n", "\n".join(prose)), _FENCE.sub("\n", text[cursor:])
    if any(rest.strip().startswith("{") or _names_key(rest, keys) for rest in (before, after)):
        return FailureName.MALFORMED_JSON
    return Objects(tuple(entries), before, after)


def stated(members: Members, keys: frozenset[str]) -> list[object]:
    """Return the values that stand under one of the keys, in order."""
    return [member for key, member in members if fold(key).casefold() in keys]


def _names_key(rest: str, keys: frozenset[str]) -> bool:
    """Tell whether prose holds a quoted key: the remains of an object that could not be found."""
    spelled = "|".join(sorted(keys))
    return (
        re.search(rf"{_QUOTE}\s{{0,4}}(?:{spelled}){_QUOTE}\s{{0,4}}[:：]", rest, re.IGNORECASE) is not None
    )


def _object_spans(text: str) -> list[tuple[int, int]]:
    """Find the outermost `{...}` stretches; one that does not close runs to the end of the text."""
    spans: list[tuple[int, int]] = []
    depth = start = 0
    quoted = escaped = False
    for place, char in enumerate(text):
        if quoted:
            quoted, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == "{":
            start = start if depth else place
            depth += 1
        elif depth and char == '"':
            quoted = True
        elif depth and char == "}":
            depth -= 1
            if depth == 0:
                spans.append((start, place + 1))
    if depth:
        spans.append((start, len(text)))
    return spans


def _is_closed(body: str) -> bool:
    depth, quoted = _nesting(body)
    return depth > MAX_JSON_DEPTH or (depth <= 0 and not quoted)  # too deep is another failure


def _nesting(body: str) -> tuple[int, bool]:
    depth = 0
    quoted = escaped = False
    for char in body:
        if quoted:
            quoted, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            quoted = True
        else:
            depth += (char in "{[") - (char in "}]")
            if depth > MAX_JSON_DEPTH:
                break
    return depth, quoted


def _parse(body: str) -> object:
    if _nesting(body)[0] > MAX_JSON_DEPTH:
        return FailureName.MALFORMED_JSON
    try:
        # `strict=False`: models write raw line feeds in strings, which leaves no doubt about the value.
        return json.loads(
            body,
            object_pairs_hook=Members,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse_constant,
            strict=False,
        )
    except ValueError:
        return FailureName.MALFORMED_JSON


def _refuse_constant(_: str) -> NoReturn:
    raise _NotJsonError


def _entry(members: Members) -> Entry | FailureName:
    said = stated(members, ANSWER_KEYS)
    if any(other != said[0] for other in said):
        return FailureName.SEVERAL_ANSWERS
    answers = _answers(said[0])
    if isinstance(answers, FailureName):
        return answers
    return Entry(answers, words_of(members, REASON_KEYS), basis_of(members), words_of(members, _UNIT_KEYS))


def _answers(value: object) -> tuple[str, ...] | FailureName:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, bool):
        return FailureName.UNPARSABLE  # true is no word of any space
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(item for item in value if item.strip())
    return FailureName.MALFORMED_JSON


def words_of(members: Members, keys: frozenset[str]) -> str:
    """Return the strings that stand under one of the keys, one a line."""
    return "\n".join(member for member in stated(members, keys) if isinstance(member, str)).strip()


def basis_of(members: Members) -> tuple[str, ...]:
    """Collect the sources named; what is not a string is no source, and 根拠なし is none."""
    named: list[str] = []
    for member in stated(members, _BASIS_KEYS):
        named.extend([member] if isinstance(member, str) else member if isinstance(member, list) else [])
    sources = [source.strip() for source in named if isinstance(source, str)]
    return tuple(source for source in sources if text_key(source) not in _NO_BASIS and source)
