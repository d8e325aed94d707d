"""The OpenAI chat-completions protocol: a prompt to wire bytes, an exchange to a reply or a trouble. Pure.

Promises: the same inputs give the same bytes; the request holds nothing but model, messages, sampling,
limits and form (no user, metadata or store field); nothing that came back is quoted in an error. What a
reply's text says is for others, who decide, and whether to try again is advice (`Trouble.retry`).

Failures named here: `http_<status>`, `rate_limited` (429), `overloaded` (503, 529), `redirect_refused`
(3xx), `cut_stream`, `garbage`, `error_chunk`, `truncated`; those of the exchange (`magi.gateway.exchange`)
pass through.

Sources: OpenAI API reference, "Create chat completion", "The chat completion object" and "... chunk object";
RFC 9110 section 10.2.3 (Retry-After).
"""

import email.utils
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from magi.core.card import Card
from magi.core.decided import Origin
from magi.core.errors import QuestionRefusedError
from magi.gateway.exchange import Exchange
from magi.gateway.identity import REGION_HEADERS
from magi.gateway.protocols.sse import DONE, events
from magi.gateway.ticket import Wire

CHAT_PATH = "/chat/completions"
"""Below the base URL of a card."""
MAX_RETRY_AFTER_MS = 3_600_000
"""No council's deadline is longer; a caller that waits less gives up by its own deadline."""
SITE_OVERLOADED = 529
"""Not in the registry of statuses, but used by providers for what 503 says."""

_EVENT_STREAM = "text/event-stream"
_RETRYABLE = frozenset({"connect_failed", "resolve_failed", "timed_out", "cut_stream"})
_NAMED = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.SERVICE_UNAVAILABLE: "overloaded",
    SITE_OVERLOADED: "overloaded",
}


@dataclass(frozen=True)
class Reply:
    """A whole answer. `refused`: the model or its filter declined; the text is then empty.

    `model` is the name that the backend gave (not always the one asked for), the last where a stream gave
    several; `models` are all of them, and `regions` the places that body and headers state, for comparison
    with the card (`magi.gateway.identity`). Token counts are the backend's, None where it gave none.
    """

    text: str = field(repr=False)
    model: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    origin: Origin
    refused: bool = False
    models: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """No answer, and why. `retry`: the same request may yet succeed; `retry_after_ms`: not before."""

    failure: str
    retry: bool = False
    retry_after_ms: int | None = None


def render(card: Card, system: str, user: str, schema: Mapping[str, object] | None) -> Wire:
    """The request for one prompt, to the byte.

    Keys stand in alphabetical order, but for `schema`, whose order is kept: decoders that follow a schema
    write its properties in that order. Without a schema, or where the card has no structured output, it is
    left out.

    Raises:
        QuestionRefusedError: not_utf8, a text holds half a surrogate pair.
    """
    endpoint = card.endpoint
    body: dict[str, object] = {
        "max_tokens": endpoint.max_output_tokens,
        "messages": [{"content": system, "role": "system"}, {"content": user, "role": "user"}],
        "model": endpoint.model,
    }
    if schema is not None and endpoint.structured == "json_schema":
        statement = {"name": "statement", "schema": schema, "strict": True}
        body["response_format"] = {"json_schema": statement, "type": "json_schema"}
    elif schema is not None and endpoint.structured == "json_object":
        body["response_format"] = {"type": "json_object"}
    body["seed"] = 0
    if endpoint.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    body["temperature"] = 0
    try:
        raw = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Not chained: that error carries the whole text.
        raise QuestionRefusedError("not_utf8") from None
    headers = (
        ("content-type", "application/json"),
        ("accept", _EVENT_STREAM if endpoint.stream else "application/json"),
        ("accept-encoding", "identity"),
    )
    return Wire("POST", endpoint.base_url.rstrip("/") + CHAT_PATH, headers, raw)


def read(exchange: Exchange) -> Reply | Trouble:
    """What an exchange came to; never raises, whatever the backend sent."""
    if exchange.failure is not None:
        return Trouble(exchange.failure, retry=exchange.failure in {*_RETRYABLE, "garbage"})
    if exchange.status != HTTPStatus.OK:
        return _status_trouble(exchange)
    content_type = (exchange.header("content-type") or "").partition(";")[0].strip().lower()
    if content_type == _EVENT_STREAM:
        return _read_stream(exchange)
    try:
        answer = _object(json.loads(exchange.body))
        return _stated(_reply(answer, exchange.origin), (answer,), exchange)
    except _NOT_THE_PROTOCOL:
        return Trouble("garbage", retry=True)


class _ShapeError(Exception):
    """JSON, but not of the protocol."""


_NOT_THE_PROTOCOL = (ValueError, RecursionError, _ShapeError)
"""json's and UTF-8's errors are ValueErrors; nesting without end is a RecursionError."""


def _status_trouble(exchange: Exchange) -> Trouble:
    status = exchange.status or 0
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Trouble("redirect_refused")
    if status < HTTPStatus.BAD_REQUEST:
        return Trouble("garbage", retry=True)
    failure = _NAMED.get(status, f"http_{status}")
    retry = status in _NAMED or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Trouble(failure, retry, _retry_after_ms(exchange) if retry else None)


def _retry_after_ms(exchange: Exchange) -> int | None:
    """Retry-After in milliseconds, bounded; a date counts from the response's own Date, not from a clock."""
    value = (exchange.header("retry-after") or "").strip()
    try:
        if value.isascii() and value.isdigit():
            wait_ms = int(value) * 1000
        else:
            until = email.utils.parsedate_to_datetime(value)
            now = email.utils.parsedate_to_datetime(exchange.header("date") or "")
            wait_ms = int((until - now).total_seconds() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait_ms, 0), MAX_RETRY_AFTER_MS)


def _read_stream(exchange: Exchange) -> Reply | Trouble:
    try:
        data = events(exchange.body)
        if DONE not in data:
            # An error event ends a stream too; it names the trouble better than the missing end.
            broken = Trouble("cut_stream", retry=True)
            return Trouble("error_chunk") if _has_error(data) else broken
        chunks = [_object(json.loads(item)) for item in data[: data.index(DONE)]]
        if any("error" in chunk for chunk in chunks):
            return Trouble("error_chunk")
        return _stated(_reply(_joined(chunks), exchange.origin), chunks, exchange)
    except _NOT_THE_PROTOCOL:
        return Trouble("garbage", retry=True)


def _has_error(data: Iterable[str]) -> bool:
    return any(item.startswith("{") and "error" in _object(json.loads(item)) for item in data)


def _joined(chunks: Iterable[Mapping[str, object]]) -> Mapping[str, object]:
    """The chunks of a stream as the one object that the backend would have sent without streaming."""
    content: list[str] = []
    refusal: list[str] = []
    whole: dict[str, object] = {"model": "", "usage": None}
    finish: object = None
    for chunk in chunks:
        whole["model"] = chunk.get("model") or whole["model"]
        whole["usage"] = chunk.get("usage") or whole["usage"]
        for choice in _first(chunk.get("choices") or []):
            finish = choice.get("finish_reason") or finish
            delta = _object(choice.get("delta") or {})
            content.append(_text_or_none(delta.get("content")) or "")
            refusal.append(_text_or_none(delta.get("refusal")) or "")
    message = {"content": "".join(content), "refusal": "".join(refusal)}
    choices = [{"message": message, "finish_reason": finish}] if content else []
    return whole | {"choices": choices}


def _reply(answer: Mapping[str, object], origin: Origin) -> Reply | Trouble:
    if "error" in answer and "choices" not in answer:
        return Trouble("error_chunk")
    choice = next(iter(_first(answer.get("choices"))), None)
    if choice is None:
        return Trouble("garbage", retry=True)
    message = _object(choice.get("message"))
    finish = _text_or_none(choice.get("finish_reason")) or ""
    refused = bool(_text_or_none(message.get("refusal"))) or finish == "content_filter"
    text = _text_or_none(message.get("content"))
    if finish == "length":
        return Trouble("truncated")
    if not refused and (text is None or not finish):
        return Trouble("garbage", retry=True)
    usage = _object(answer.get("usage") or {})
    return Reply(
        text="" if refused or text is None else text,
        model=_text_or_none(answer.get("model")) or "",
        finish_reason=finish,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        origin=origin,
        refused=refused,
    )


def _stated(
    reply: Reply | Trouble, parts: Iterable[Mapping[str, object]], exchange: Exchange
) -> Reply | Trouble:
    """The reply with every model and region that any part of it, or the head of the response, states."""
    if isinstance(reply, Trouble):
        return reply
    models: list[str] = []
    regions = [value for name, value in exchange.headers if name in REGION_HEADERS]
    for part in parts:
        models.append(_text_or_none(part.get("model")) or "")
        usage = _object(part.get("usage") or {})
        regions.append(_text_or_none(usage.get("inference_geo")) or "")
    return replace(
        reply,
        models=tuple(dict.fromkeys(name for name in models if name)),
        regions=tuple(dict.fromkeys(region for region in regions if region)),
    )


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _ShapeError
    return value


def _first(choices: object) -> tuple[Mapping[str, object], ...]:
    """The choice of index 0 (only one is asked for), or none."""
    if not isinstance(choices, list):
        raise _ShapeError
    return tuple(_object(choice) for choice in choices[:1])


def _text_or_none(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise _ShapeError


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
