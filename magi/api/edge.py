"""The outer edge of the service, around every route: whom it hears, what it marks, what it logs.

1. The Host header names this machine, or a page of another name could speak through a browser (DNS rebinding).
2. An Origin header, where a browser sends one, is of this machine; there is no CORS.
3. Every response is marked as of a service without identity, and in a rehearsal as scripted.
4. Whatever nobody caught becomes a 500 in the right shape, without its text.
5. One line a request: `request.served`; never a query, a body, a header or a name that the caller made up.
"""

import ipaddress
import re
import time

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magi.api.body import language
from magi.api.desk import Desk
from magi.api.failing import log_unexpected
from magi.api.problems import (
    CALLER_GONE_STATUS,
    RequestRefusedError,
    is_compatible,
    problem_of,
    response_of,
    unexpected,
)

NOTICE = (b"magi-notice", b"loopback-only; no-identity")
REHEARSAL = (b"magi-rehearsal", b"scripted")
_ALWAYS = [NOTICE, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_ORIGIN = re.compile(r"https?://(.+)", re.IGNORECASE)

log = structlog.get_logger()


def is_loopback_host(value: str) -> bool:
    """Whether a Host header (name or address, with or without a port) means this machine."""
    found = _HOST.fullmatch(value.strip())
    if found is None:
        return False
    name = found[1].strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Edge:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        """Wrap an application."""
        self._app = app
        self._desk = desk
        self._marks = [*_ALWAYS, *([REHEARSAL] if desk.offer.rehearsal else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on what is none."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *self._marks]}
            await send(message)

        try:
            await self._serve(scope, receive, marked)
        except Exception as error:  # noqa: BLE001  # the last edge: no text may reach a log or a caller
            log_unexpected(error)
            if not status:
                problem = unexpected(self._lang(scope))
                await response_of(problem, scope["path"])(scope, receive, marked)
        finally:
            _log_line(scope, status, began)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        hosts, origin = headers.getlist("host"), headers.get("origin")
        reason = None
        # 1.
        if len(hosts) != 1 or not is_loopback_host(hosts[0]):
            reason = "host_not_loopback"
        # 2.
        elif origin is not None and not _is_loopback_origin(origin):
            reason = "origin_not_loopback"
        if reason is None:
            await self._app(scope, receive, send)
            return
        compatible = is_compatible(scope["path"])
        problem = problem_of(RequestRefusedError(reason), self._lang(scope), compatible=compatible)
        await response_of(problem, scope["path"])(scope, receive, send)

    def _lang(self, scope: Scope) -> str:
        return language(Request(scope), self._desk.offer.lang)


def _is_loopback_origin(origin: str) -> bool:
    found = _ORIGIN.fullmatch(origin.strip())
    return found is not None and is_loopback_host(found[1])


def _log_line(scope: Scope, status: int, began: float) -> None:
    route = getattr(scope.get("route"), "path", None)
    log.info(
        "request.served",
        method=scope["method"] if scope["method"] in _METHODS else "other",
        route=route or "none",
        status=status or CALLER_GONE_STATUS,
        ms=int((time.monotonic() - began) * 1000),
        deliberation=scope.get("state", {}).get("deliberation"),
    )
