"""The bytes of chat-completions answers: whole bodies, stream events, errors, the list of models.

Pure and deterministic: the same request, reply and time give the same bytes. Identifiers are digests of the
request. Bodies follow the OpenAI API reference ("The chat completion object", "The chat completion chunk
object", "Error codes"); events follow the HTML standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from magi.standin.script import Reply, Request, Status

FINGERPRINT = "magi-standin"
DONE = b"data: [DONE]\n\n"

PIECE_CODE_POINTS = 4
"""Code points in one content event: small, so that a short sentence already makes several events."""

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for estimating tokens; nobody is billed by a stand-in."""

_ID_DIGITS = 29  # as long as the identifiers seen in the wild

_ERROR_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    503: "service_unavailable_error",
}
_FIRST_SERVER_ERROR = 500

_JSON: TypeAlias = "Mapping[str, object]"


def encode(value: _JSON) -> bytes:
    """Write compact JSON in UTF-8 with the keys in the order given."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def completion(asked: Request, reply: Reply, *, model: str, created: int) -> bytes:
    """Render the whole body of an answer that is not streamed; `created` is in Unix seconds."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": reply.content,
        "refusal": reply.refusal,
    }
    if reply.reasoning_content is not None:
        message["reasoning_content"] = reply.reasoning_content
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    body = {**_head(asked, "chat.completion", model, created), "choices": [choice]}
    if reply.report_usage:
        body["usage"] = _usage(asked, reply)
    return encode(body)


def events(asked: Request, reply: Reply, *, model: str, created: int) -> tuple[bytes, ...]:
    """Render a streamed answer as its events, each ended by a blank line.

    The order is: role, reasoning, content or refusal in pieces of code points, finish, usage when the
    request asks for it (with no choices), `[DONE]`.
    """
    head = _head(asked, "chat.completion.chunk", model, created)
    with_usage = asked.include_usage and reply.report_usage
    if with_usage:
        head["usage"] = None

    deltas: list[tuple[_JSON, str | None]] = [
        ({"role": "assistant", "content": "", "refusal": None}, None),
        *(({name: piece}, None) for name, piece in _pieces(reply)),
        ({}, reply.finish_reason),
    ]
    rendered = [event({**head, "choices": [_delta(delta, finish)]}) for delta, finish in deltas]
    if with_usage:
        rendered.append(event({**head, "choices": [], "usage": _usage(asked, reply)}))
    return (*rendered, DONE)


def events_before_finish(asked: Request, reply: Reply, *, model: str, created: int) -> tuple[bytes, ...]:
    """Render only the role and the pieces: what a stream that breaks off can have sent at most."""
    return events(asked, reply, model=model, created=created)[: 1 + sum(1 for _ in _pieces(reply))]


def event(value: _JSON) -> bytes:
    """Render one server-sent event that carries JSON."""
    return b"data: " + encode(value) + b"\n\n"


def error_body(status: Status) -> bytes:
    """Render an error in the OpenAI shape."""
    default = "server_error" if status.code >= _FIRST_SERVER_ERROR else "invalid_request_error"
    return encode(
        {
            "error": {
                "message": status.message,
                "type": status.error_type or _ERROR_TYPES.get(status.code, default),
                "param": status.param,
                "code": status.error_code,
            }
        }
    )


def model_body(name: str, created: int) -> dict[str, object]:
    """Describe one model as the list of models does."""
    return {"id": name, "object": "model", "created": created, "owned_by": FINGERPRINT}


def model_list(names: Iterable[str], created: int) -> bytes:
    """Render the list of models."""
    return encode({"object": "list", "data": [model_body(name, created) for name in names]})


def request_id(body: bytes) -> str:
    """Name the exchange by its request: the same body has the same identifier."""
    return hashlib.sha256(body).hexdigest()[:_ID_DIGITS]


def _head(asked: Request, kind: str, model: str, created: int) -> dict[str, object]:
    return {
        "id": "chatcmpl-" + request_id(asked.body),
        "object": kind,
        "created": created,
        "model": model,
        "system_fingerprint": FINGERPRINT,
    }


def _delta(delta: _JSON, finish: str | None) -> _JSON:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _pieces(reply: Reply) -> Iterable[tuple[str, str]]:
    for name, text in (
        ("reasoning_content", reply.reasoning_content),
        ("content", reply.content),
        ("refusal", reply.refusal),
    ):
        for start in range(0, len(text or ""), PIECE_CODE_POINTS):
            yield name, (text or "")[start : start + PIECE_CODE_POINTS]


def _usage(asked: Request, reply: Reply) -> dict[str, int]:
    prompt, written = reply.prompt_tokens, reply.completion_tokens
    if prompt is None:
        prompt = sum(_tokens(text) for _, text in asked.messages)
    if written is None:
        written = sum(_tokens(text or "") for text in (reply.content, reply.refusal, reply.reasoning_content))
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _tokens(text: str) -> int:
    return -(-len(text.encode(errors="surrogatepass")) // BYTES_PER_TOKEN)
