"""A request's body and headers, bounded and parsed: what comes out is plain JSON values or a refusal.

Promises: never more than the limit in memory, never longer than the limit in waiting; no duplicate keys (of two
labels the wrong one could win), no NaN, no nesting beyond the limit, UTF-8 only. Leaves to others: what the
fields mean (`asked`).
"""

import asyncio
import json
import re

from starlette.requests import Request

from magi.api.limits import Limits
from magi.api.problems import CallerGoneError, RequestRefusedError
from magi.words import LANGUAGES

MAX_LANGUAGES = 20
"""Entries of Accept-Language that are looked at; browsers send at most a handful."""
JSON = "application/json"

_TOKEN = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"|[\[{]|[\]}]', re.DOTALL)


async def read_json(request: Request, limits: Limits) -> dict[str, object]:
    """The JSON object of a request's body.

    Raises:
        RequestRefusedError: not_json (the media type), body_too_large, body_too_slow, bad_encoding, too_deep,
            duplicate_key, malformed_json, not_an_object.
        CallerGoneError: the connection closed before the body was whole.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of another origin may post text/plain here without asking first; JSON makes its browser ask.
    if media != JSON:
        raise RequestRefusedError("not_json")
    return parse_json(await _read(request, limits), limits.json_depth)


async def _read(request: Request, limits: Limits) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limits.body_bytes:
        raise RequestRefusedError("body_too_large", most=limits.body_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise CallerGoneError
                body += message.get("body", b"")
                if len(body) > limits.body_bytes:
                    raise RequestRefusedError("body_too_large", most=limits.body_bytes)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        raise RequestRefusedError("body_too_slow") from error


def parse_json(body: bytes, most_depth: int) -> dict[str, object]:
    """Parse bytes that should be one JSON object (RFC 8259).

    Raises:
        RequestRefusedError: bad_encoding, too_deep, duplicate_key, malformed_json, not_an_object.
    """
    _check_depth(body, most_depth)
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        # Not the decoder's own words, which hold the bytes.
        raise RequestRefusedError("bad_encoding", byte=error.start) from None
    except (ValueError, RecursionError):
        raise RequestRefusedError("malformed_json") from None
    if not isinstance(value, dict):
        raise RequestRefusedError("not_an_object")
    return value


def _check_depth(body: bytes, most: int) -> None:
    """Count brackets outside of strings before the parser sees them."""
    depth = 0
    for token in _TOKEN.finditer(body):
        first = token[0][:1]
        if first == b'"':
            continue
        depth += 1 if first in b"[{" else -1
        if depth > most:
            raise RequestRefusedError("too_deep", most=most)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RequestRefusedError("duplicate_key")
    return found


def _no_constant(_name: str) -> object:
    msg = "not a JSON number"
    raise ValueError(msg)


def language(request: Request, default: str) -> str:
    """The language of the answer: the first of ours by Accept-Language (RFC 9110, section 12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for place, entry in enumerate(request.headers.get("accept-language", "").split(",")[:MAX_LANGUAGES]):
        tag, _, parameter = entry.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in LANGUAGES and (quality := _quality(parameter)) > 0:
            wanted.append((-quality, place, name))
    return min(wanted)[2] if wanted else default


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    found = re.fullmatch(r"[01](?:\.[0-9]{0,3})?", value.strip())
    return float(found[0]) if name.strip().lower() == "q" and found else 0.0
