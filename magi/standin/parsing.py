"""From the bytes of a chat-completions body to a `Request`, or to the error a provider would answer.

Pure. Checks what the protocol requires of the fields it reads and ignores the others, as providers do.
No message of an error repeats anything of the body. Shape: the OpenAI API reference, "Create chat
completion".
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from magi.standin.script import Request, Status
from magi.standin.sendable import is_text

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})
FORMATS = frozenset({"text", "json_object", "json_schema"})

_NUMBERS = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "max_tokens",
    "max_completion_tokens",
    "seed",
)
_FLAGS = ("stream", "logprobs", "store", "parallel_tool_calls")


class _BadFieldError(Exception):
    """Carries the error value from a leaf to `parse`; never leaves this module."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.param)
        self.status = status


def parse(body: bytes, headers: Mapping[str, str]) -> Request | Status:
    """Read the body of one chat request.

    Takes the exact body and the headers with lower-case names. Returns the request with `attempt` 1, or the
    400 that answers it; never raises for any body.
    """
    try:
        fields = _object(body)
        return _request(fields, body, headers)
    except _BadFieldError as bad:
        return bad.status


def _object(body: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # includes wrong UTF-8 and integers of absurd length
        raise _BadFieldError(
            Status(400, message="The body is not valid JSON.", error_code="invalid_json")
        ) from None
    if not isinstance(parsed, dict):
        _refuse(None, "The body must be a JSON object.")
    return parsed


def _request(fields: dict[str, object], body: bytes, headers: Mapping[str, str]) -> Request:
    model = fields.get("model")
    if not isinstance(model, str) or not model or not is_text(model):  # the answer names the model again
        _refuse("model", "A model must be named by a non-empty string.")
    for name in _NUMBERS:
        if not _is_number(fields.get(name, 0)):
            _refuse(name, "This field must be a number.")
    for name in _FLAGS:
        if not isinstance(fields.get(name), bool | None):
            _refuse(name, "This field must be true or false.")
    if fields.get("n") not in (None, 1):
        _refuse("n", "The stand-in gives one choice only.")
    stream = bool(fields.get("stream"))
    return Request(
        model=model,
        messages=_messages(fields.get("messages")),
        stream=stream,
        include_usage=_include_usage(fields.get("stream_options"), stream=stream),
        response_format=_response_format(fields.get("response_format")),
        body=body,
        headers=MappingProxyType(dict(headers)),
    )


def _messages(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or not value:
        _refuse("messages", "Messages must be a non-empty array.")
    return tuple(_message(message, f"messages[{index}]") for index, message in enumerate(value))


def _message(value: object, where: str) -> tuple[str, str]:
    if not isinstance(value, dict):
        _refuse(where, "A message must be an object.")
    role = value.get("role")
    if not isinstance(role, str) or role not in ROLES:
        _refuse(f"{where}.role", "The role is not one of those the protocol knows.")
    content = value.get("content")
    if content is None and role == "assistant":  # an assistant's turn may consist of tool calls alone
        return role, ""
    if isinstance(content, list):
        return role, "\n".join(
            text for part in content if (text := _text_of(part, f"{where}.content")) is not None
        )
    if not isinstance(content, str):
        _refuse(f"{where}.content", "The content must be a string or an array of parts.")
    return role, content


def _text_of(part: object, where: str) -> str | None:
    """Give the text of a text part, None for a picture or any other kind."""
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        _refuse(where, "A content part must be an object with a type.")
    if part["type"] != "text":
        return None
    text = part.get("text")
    if not isinstance(text, str):
        _refuse(where, "A text part must hold a string.")
    return text


def _include_usage(value: object, *, stream: bool) -> bool:
    if value is None:
        return False
    if not stream:
        _refuse("stream_options", "Stream options need a stream.")
    if not isinstance(value, dict) or not isinstance(value.get("include_usage", False), bool):
        _refuse("stream_options", "Stream options must be an object with a flag include_usage.")
    return bool(value.get("include_usage", False))


def _response_format(value: object) -> Mapping[str, object] | None:
    if value is None:
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in FORMATS:
        _refuse("response_format", "The response format is not one of those the protocol knows.")
    if kind == "json_schema":
        named = value.get("json_schema")
        if not isinstance(named, dict) or not isinstance(named.get("name"), str) or not named["name"]:
            _refuse("response_format.json_schema", "A schema must have a name.")
        if not isinstance(named.get("schema"), dict):
            _refuse("response_format.json_schema.schema", "A schema must be an object.")
    return MappingProxyType(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _refuse(param: str | None, message: str) -> NoReturn:
    raise _BadFieldError(Status(400, message=message, param=param))


def _refuse_constant(_name: str) -> NoReturn:
    msg = "NaN and Infinity are not JSON"
    raise ValueError(msg)
