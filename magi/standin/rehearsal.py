"""A script that answers every question in the format asked for, plainly worded as a rehearsal.

Pure and deterministic: the answer is a function of the persona's seed, the model and the last user message,
by SHA-256 and never by `hash()`, so that two runs agree. Nothing here knows a gold answer; the choices mean
nothing, and every sentence says so.

Of JSON Schema it follows what structured outputs use: type, enum, const, properties, items, anyOf, oneOf,
local $ref, the bounds of strings, numbers and arrays, uniqueItems, and the formats date and date-time. It fills
optional properties too. Patterns are met only where one of a few usual values fits. A schema outside of this is
answered with 400.

Two words of this project's forms are honoured: 棄権 stands alone in a list, since nobody ranks and abstains at once,
and なし is what most seats answer where it is offered, since grave concerns are rare.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from magi.standin.script import Reply, Request, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from magi.standin.script import Behaviour, Script

OPENING = "これは予行用の台本による応答です。"
"""Every free text begins with it, however short it is cut."""

_ENDINGS = (
    "実際のモデルは動いておらず、内容に意味はありません。",
    "手順を確かめるためのもので、判断の根拠にはなりません。",
    "選ばれた答えは機械的に決めたもので、検討の結果ではありません。",
)

MAX_DEPTH = 24
"""Levels of a schema that are followed: recursive schemas end here; providers allow 5 to 10."""

MAX_ITEMS = 64
"""Longest array that is filled: more than any council has seats or options."""

MAX_LENGTH = 10_000
"""Longest text that a minLength can ask for."""

_LOWEST, _HIGHEST = 0, 100  # bounds of a number whose schema states none
_STEPS = 100  # a fractional number is one of so many steps between its bounds

_ALONE = "棄権"
_ALONE_OF = 8  # one list in so many is an abstention
_NOTHING = "なし"
_SOMETHING_OF = 8  # one answer in so many names another of the words offered
_TRIES = 16  # draws for an item that must differ from those before it

_PATTERN_VALUES = ("1", "0", "12", "2026-04-01", "2026-04", "2026", "a", "A", "s1", "c1", "ア", "あ", "12.5")

_Schema: TypeAlias = "Mapping[str, object]"
_Path: TypeAlias = "tuple[str, ...]"


class _UnsupportedSchemaError(Exception):
    """The schema cannot be followed; carries the place, never leaves this module."""


def plausible(persona_seed: int | str) -> Script:
    """Build the script of one persona; another seed answers differently on the same question."""

    def script(request: Request) -> Behaviour:
        draws = _Draws((str(persona_seed), request.model, request.last_user_text))
        wanted = request.response_format or {"type": "text"}
        if wanted["type"] == "json_schema":
            return _structured(draws, wanted)
        if wanted["type"] == "json_object":
            return _json_reply({"message": _sentence(draws, ())})
        return Reply(_sentence(draws, ()))

    return script


@dataclass(frozen=True, slots=True)
class _Draws:
    """Chance that is none: numbers from a digest of the question and of the place in the answer."""

    about: tuple[str, ...]

    def below(self, bound: int, path: _Path) -> int:
        """Draw a number from 0 to `bound` - 1."""
        spelled = json.dumps([self.about, path]).encode()  # JSON keeps the parts apart; ASCII by default
        return int.from_bytes(hashlib.sha256(spelled).digest()) % bound


def _structured(draws: _Draws, wanted: Mapping[str, object]) -> Behaviour:
    try:
        schema = _schema_of(wanted)
        return _json_reply(_Filler(schema, draws).fill(schema, (), 0))
    except (_UnsupportedSchemaError, ValueError, OverflowError):  # bounds of any size may stand in a schema
        return Status(
            400,
            message="The stand-in cannot follow this schema.",
            error_code="unsupported_schema",
            param="response_format.json_schema.schema",
        )


def _schema_of(wanted: Mapping[str, object]) -> _Schema:
    named = wanted["json_schema"]
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise _UnsupportedSchemaError
    return schema


def _json_reply(value: object) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False))


def _sentence(draws: _Draws, path: _Path) -> str:
    return OPENING + _ENDINGS[draws.below(len(_ENDINGS), path)]


@dataclass(frozen=True, slots=True)
class _Filler:
    """Walks a schema and fills in one value that satisfies it; `root` resolves local references."""

    root: _Schema
    draws: _Draws

    def fill(self, schema: object, path: _Path, depth: int) -> object:
        """Give a value for the schema at this place."""
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            raise _UnsupportedSchemaError
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._one_of(_options(schema), path)
        inner = self._inner(schema)
        return self._typed(schema, path, depth) if inner is None else self.fill(inner, path, depth + 1)

    def _one_of(self, options: list[object], path: _Path) -> object:
        others = [option for option in options if option != _NOTHING]
        if len(others) < len(options) and self.draws.below(_SOMETHING_OF, (*path, _NOTHING)):
            return _NOTHING
        offered = others or options
        return offered[self.draws.below(len(offered), path)]

    def _inner(self, schema: _Schema) -> object | None:
        """Give the schema that this one only points to."""
        if "$ref" in schema:
            return self._resolve(schema["$ref"])
        return next((_first_branch(schema[union]) for union in ("anyOf", "oneOf") if union in schema), None)

    def _typed(self, schema: _Schema, path: _Path, depth: int) -> object:
        match _type_of(schema):
            case "object":
                return self._object(schema, path, depth)
            case "array":
                return self._array(schema, path, depth)
            case kind:
                return self._scalar(kind, schema, path)

    def _scalar(self, kind: str, schema: _Schema, path: _Path) -> object:
        match kind:
            case "string":
                return self._string(schema, path)
            case "integer":
                return self._integer(schema, path)
            case "number":
                return self._number(schema, path)
            case "boolean":
                return self.draws.below(2, path) == 1
            case "null":
                return None
            case _:
                raise _UnsupportedSchemaError

    def _object(self, schema: _Schema, path: _Path, depth: int) -> dict[str, object]:
        properties = schema.get("properties", {})
        if not isinstance(properties, dict):
            raise _UnsupportedSchemaError
        return {name: self.fill(inner, (*path, name), depth + 1) for name, inner in properties.items()}

    def _array(self, schema: _Schema, path: _Path, depth: int) -> list[object]:
        least, most = _whole(schema, "minItems", 0), _whole(schema, "maxItems", MAX_ITEMS)
        length = min(max(1, least), most)
        if length > MAX_ITEMS or length < least:
            raise _UnsupportedSchemaError
        items = schema.get("items", {"type": "string"})
        if isinstance(items, dict) and "$ref" in items:
            items = self._resolve(items["$ref"])
        unique = schema.get("uniqueItems") is True
        if isinstance(items, dict) and "enum" in items:
            return self._listed(_options(items), least, most, path, unique=unique)
        filled: list[object] = []
        for index in range(length):
            filled.append(self._item(items, (*path, str(index)), depth + 1, filled if unique else []))
        return filled

    def _item(self, items: object, path: _Path, depth: int, taken: list[object]) -> object:
        """Fill one item of an array; draw again while it is among those taken."""
        for attempt in range(_TRIES):
            value = self.fill(items, (*path, str(attempt)) if attempt else path, depth)
            if value not in taken:
                return value
        raise _UnsupportedSchemaError

    def _listed(
        self, options: list[object], least: int, most: int, path: _Path, *, unique: bool
    ) -> list[object]:
        """List options, each once as long as they last; how many is drawn where the bounds leave it open."""
        others = [option for option in options if option != _ALONE]
        if len(others) < len(options) and least <= 1 <= most and not self.draws.below(_ALONE_OF, path):
            return [_ALONE]
        offered = others if len(others) >= max(1, least) else options
        lowest = min(max(1, least), most)
        highest = max(lowest, min(most, len(offered), MAX_ITEMS))
        length = lowest + self.draws.below(highest - lowest + 1, (*path, "length"))
        return self._distinct(offered, length, path, unique=unique)

    def _distinct(self, options: list[object], length: int, path: _Path, *, unique: bool) -> list[object]:
        """Order the options by digest, so that a ranking names each once; go round again if too few."""
        if unique and length > len(options):
            raise _UnsupportedSchemaError
        order = sorted(range(len(options)), key=lambda index: self.draws.below(1 << 64, (*path, str(index))))
        return [options[order[index % len(order)]] for index in range(length)]

    def _string(self, schema: _Schema, path: _Path) -> str:
        if schema.get("format") == "date":
            return "2026-04-01"
        if schema.get("format") == "date-time":
            return "2026-04-01T00:00:00Z"
        shortest = _whole(schema, "minLength", 0)
        longest = _whole(schema, "maxLength", MAX_LENGTH)
        if shortest > min(longest, MAX_LENGTH):
            raise _UnsupportedSchemaError
        sentence = _sentence(self.draws, path)
        padded = sentence * max(1, -(-shortest // len(sentence)))
        text = padded[: max(shortest, min(longest, len(sentence)))]
        pattern = schema.get("pattern")
        return text if not isinstance(pattern, str) else _matching(pattern, text, shortest, longest)

    def _integer(self, schema: _Schema, path: _Path) -> int:
        lowest, highest = _bounds(schema)
        step = _whole(schema, "multipleOf", 1, least=1)
        first = math.floor(lowest / step) + 1 if _open(schema, "Minimum") else math.ceil(lowest / step)
        last = math.ceil(highest / step) - 1 if _open(schema, "Maximum") else math.floor(highest / step)
        if last < first:
            raise _UnsupportedSchemaError
        return (first + self.draws.below(last - first + 1, path)) * step

    def _number(self, schema: _Schema, path: _Path) -> float:
        if "multipleOf" in schema:
            return self._integer(schema, path)
        lowest, highest = _bounds(schema)
        is_open = _open(schema, "Minimum") or _open(schema, "Maximum")
        if highest < lowest or (is_open and highest == lowest):
            raise _UnsupportedSchemaError
        # Excluded bounds: stay one step away from both ends.
        step = 1 + self.draws.below(_STEPS - 1, path) if is_open else self.draws.below(_STEPS + 1, path)
        return min(highest, lowest + (highest - lowest) * step / _STEPS)

    def _resolve(self, reference: object) -> object:
        """Follow a reference within the schema (RFC 6901 pointer behind a #)."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise _UnsupportedSchemaError
        found: object = self.root
        for part in reference.removeprefix("#").split("/")[1:]:
            if not isinstance(found, dict):
                raise _UnsupportedSchemaError
            found = found.get(part.replace("~1", "/").replace("~0", "~"))
        if found is None:
            raise _UnsupportedSchemaError
        return found


def _options(schema: _Schema) -> list[object]:
    options = schema["enum"]
    if not isinstance(options, list) or not options:
        raise _UnsupportedSchemaError
    return options


def _first_branch(branches: object) -> object:
    """Prefer a branch with a value over null, so that a rehearsal shows every part."""
    if not isinstance(branches, list) or not branches:
        raise _UnsupportedSchemaError
    valued = [branch for branch in branches if branch != {"type": "null"}]
    return (valued or branches)[0]


def _type_of(schema: _Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    return kind if isinstance(kind, str) else ""


def _whole(schema: _Schema, name: str, default: int, *, least: int = 0) -> int:
    value = schema.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _UnsupportedSchemaError
    return value


def _bounds(schema: _Schema) -> tuple[float, float]:
    """Give the bounds of a number; an unstated one lies as far from the other as the usual range is wide."""
    lowest = _bound(schema, "minimum", "exclusiveMinimum")
    highest = _bound(schema, "maximum", "exclusiveMaximum")
    if lowest is None:
        lowest = _LOWEST if highest is None else min(_LOWEST, highest - _HIGHEST)
    if highest is None:
        highest = max(_HIGHEST, lowest + _HIGHEST)
    return lowest, highest


def _bound(schema: _Schema, *names: str) -> float | None:
    for name in names:
        value = schema.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
    return None


def _open(schema: _Schema, end: str) -> bool:
    """Tell whether the bound in use is an excluded one."""
    return f"exclusive{end}" in schema and end.lower() not in schema


def _matching(pattern: str, text: str, shortest: int, longest: int) -> str:
    """Pick a usual value that the pattern admits; the sentence first, since it names the rehearsal."""
    try:
        wanted = re.compile(pattern)
    except re.error:
        raise _UnsupportedSchemaError from None
    for value in (text, *_PATTERN_VALUES):
        if shortest <= len(value) <= longest and wanted.search(value):
            return value
    raise _UnsupportedSchemaError
