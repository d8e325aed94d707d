"""The body of a request as the guard reads it: the few fields it may hold, and every text in it. Pure.

Promises: a body passes only as one JSON object of listed fields, each of its listed form; what passes has one
reading (no repeated key, no half character, no number outside JSON); `texts` holds every string, every key and
every number of it, so that nothing on the wire goes unread by the detectors. The reasons of a refusal:
`body_size`, `body_form` (not such a JSON), `body_model` (not the card's model), `body_field` (anything else
than the listed fields and forms). No refusal quotes the body.

Leaves to others: what the texts mean (the detectors), and whether they may leave (`egress`). Source of the
fields: OpenAI API reference, "Create chat completion"; whatever it has beyond these is refused by default, above
all `user`, `metadata`, `store`, `tools`, and server-side history (RESIDENCY.md, leak paths 40, 42 and 46).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NoReturn

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""A question of 100,000 characters and the answers of twenty seats come to less, escaped as JSON."""
MAX_DEPTH = 32
"""Containers in one another: a schema of an answer has eight. The bound keeps every walk far from a crash."""
SEAM_CHARS = 64
"""From both sides of the border of two messages: longer than any number or marking that could be split there."""

ROLES = frozenset({"system", "user"})
"""No assistant and no tool turn: earlier turns stand inside the user's text, labelled with it."""


@dataclass(frozen=True)
class Body:
    """What a body came to: `problem` is why it may not leave, or None with every text in `texts`."""

    problem: str | None = None
    texts: tuple[str, ...] = field(default=(), repr=False)


def read_body(raw: bytes, model: str) -> Body:
    """Check the body of a request to this model, and collect its texts in their order.

    After the texts come the borders of neighbouring messages, joined: what two messages split is read whole.
    """
    if len(raw) > MAX_REQUEST_BYTES:
        return Body("body_size")
    try:
        # Decoded here: json would guess UTF-16 and UTF-32, and a server may guess otherwise.
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_never)
        texts = tuple(_texts(value, MAX_DEPTH))
        for text in texts:
            text.encode()  # half a surrogate pair, escaped: no detector and no server reads it alike
    except (ValueError, RecursionError):
        return Body("body_form")
    if (problem := _problem(value, model)) is not None:
        return Body(problem)
    contents = [message["content"] for message in value["messages"]]
    seams = tuple(one[-SEAM_CHARS:] + other[:SEAM_CHARS] for one, other in pairwise(contents))
    return Body(texts=texts + seams)


def _problem(value: object, model: str) -> str | None:
    if not isinstance(value, dict):
        return "body_form"
    listed = all(name in _FIELDS and _FIELDS[name](item) for name, item in value.items())
    if not listed or not {"model", "messages"} <= value.keys():
        return "body_field"
    return None if value["model"] == model else "body_model"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys stand once: of a repeated key, we might read one value and the server the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = "a key stands twice"
        raise ValueError(msg)
    return found


def _never(name: str) -> NoReturn:
    """NaN and Infinity, which json reads and JSON does not know."""
    del name
    msg = "not a JSON number"
    raise ValueError(msg)


def _texts(value: object, depth: int) -> Iterator[str]:
    """Every key, string and number below, in order; a number as JSON writes it."""
    if depth == 0:
        msg = "nested too deeply"
        raise ValueError(msg)
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth - 1)
    elif isinstance(value, str):
        yield value
    elif not isinstance(value, bool) and value is not None:
        yield str(value)


def _is_text(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_messages(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    return isinstance(value, list) and len(value) > 0 and all(_is_message(item) for item in value)


def _is_message(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    if not isinstance(value, dict) or value.keys() != {"role", "content"}:
        return False
    return isinstance(value["content"], str) and isinstance(value["role"], str) and value["role"] in ROLES


def _is_usage_wish(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    return isinstance(value, dict) and value.keys() == {"include_usage"} and _is_flag(value["include_usage"])


def _is_form(value: Any) -> bool:  # noqa: ANN401  # parsed JSON
    """The wish for JSON, or for JSON under a schema (whose own words are walked like any other text)."""
    if not isinstance(value, dict):
        return False
    if value == {"type": "json_object"}:
        return True
    if value.keys() != {"type", "json_schema"} or value["type"] != "json_schema":
        return False
    named = value["json_schema"]
    return (
        isinstance(named, dict)
        and named.keys() == {"name", "schema", "strict"}
        and named["name"] == "statement"
        and isinstance(named["schema"], dict)
        and _is_flag(named["strict"])
    )


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "model": _is_text,
    "messages": _are_messages,
    "temperature": _is_number,
    "seed": _is_count,
    "max_tokens": _is_count,
    "stream": _is_flag,
    "stream_options": _is_usage_wish,
    "response_format": _is_form,
}
