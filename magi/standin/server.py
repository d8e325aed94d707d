"""The stand-in server: speaks the OpenAI chat-completions protocol on a loopback address.

Promises: it binds to loopback only; every response is marked (`answer.MARK`); a request is remembered before
it is answered; no answer and no log repeats what the caller wrote; leaving the context ends every connection
and every wait at once. A cassette is never supplemented: a miss is a 404 with the code `cassette_miss`.

Routes, under any base path: ``GET .../models``, ``GET .../models/{name}``, ``POST .../chat/completions``.

One request, in seven steps: 1 route, 2 method, 3 key, 4 size and time, 5 parse and remember, 6 model, 7 perform.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
import socket
import time
from collections import OrderedDict, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from aiohttp import web

from magi.standin import wire
from magi.standin.acting import perform, play_back
from magi.standin.answer import Answer, Origin
from magi.standin.cassette import Cassette, key_of
from magi.standin.connection import Listener
from magi.standin.parsing import parse
from magi.standin.script import ByModel, Request, Status, unknown_model

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from magi.standin.script import Script

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Largest request body: a full context of a million tokens takes about half of it."""

MAX_READ_SECONDS = 30.0
"""Longest time for a body to arrive: loopback carries the largest in a fraction of a second. It also ends
requests whose chunked framing breaks late, which the HTTP parser leaves waiting."""

MAX_REMEMBERED = 10_000
"""Requests kept for inspection; older ones are forgotten, so that a long demonstration stays small."""

MAX_COUNTED_BODIES = 100_000
"""Different bodies whose attempts are counted; the longest unseen is forgotten first."""

ANY_MODEL = "magi-standin"
"""The one model listed by a stand-in that plays any model."""

UNREADABLE = "-"
"""Stands for the model of a request that names none."""

_BACKLOG = 1024  # connections waiting to be accepted: a burst of a thousand callers is not refused
_STOP_SECONDS = 1.0  # aiohttp's own grace; nothing is left running by then
_BEARER = "bearer "


class NotLoopbackError(ValueError):
    """A stand-in was to listen where other machines could reach it."""


class StandIn:
    """One stand-in provider; an asynchronous context manager that can be entered once.

    `requests` holds the latest well-formed chat requests in order of arrival, `arrived` counts them all.
    """

    def __init__(
        self,
        source: Script | Cassette,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        models: Sequence[str] | None = None,
        clock: Callable[[], float] = time.time,
        ssl_context: ssl.SSLContext | None = None,
        delay_seconds: float = 0.0,
        pace: float = 0.0,
        read_seconds: float = MAX_READ_SECONDS,
        remembered: int = MAX_REMEMBERED,
        on_arrival: Callable[[str, str], None] | None = None,
    ) -> None:
        """Prepare a stand-in; nothing is opened yet.

        `port` 0 takes a free one. With `api_key` every request needs it as a bearer key. `models` are the
        names that exist (default: those of `by_model` or of the cassette; else any name does). `clock` gives
        Unix seconds for `created` and Date. `delay_seconds` passes before every chat answer. `pace`
        multiplies recorded times, 0 plays at once. A body has `read_seconds` to arrive. `remembered`
        requests are kept for inspection. `on_arrival` is
        called with the SHA-256 of each chat body and the model, before anything is answered; where it
        raises, the request is not answered but with 500.

        Raises:
            NotLoopbackError: the host is not a loopback address.
            ValueError: a time or pace is negative or endless.
        """
        self._host = _loopback(host)
        self._source = source
        self._origin = Origin.RECORDED if isinstance(source, Cassette) else Origin.SCRIPTED
        self._models = _models_of(source) if models is None else tuple(models)
        self._wanted_port = port
        self._api_key = api_key
        self._clock = clock
        self._ssl_context = ssl_context
        self._delay_seconds = _finite("delay", delay_seconds)
        self._pace = _finite("pace", pace)
        self._read_seconds = _finite("reading time", read_seconds)
        self._on_arrival = on_arrival
        self.requests: deque[Request] = deque(maxlen=remembered)
        self.arrived = 0
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._answering: set[asyncio.Task[object]] = set()
        self._listener: Listener | None = None
        self._runner: web.ServerRunner | None = None
        self._bound_port: int | None = None

    async def __aenter__(self) -> Self:
        """Listen; returns when callers can connect."""
        if self._runner is not None:
            msg = "a stand-in can be entered once"
            raise RuntimeError(msg)
        loop = asyncio.get_running_loop()
        self._listener = Listener(self._handle, self._origin, self._clock, loop)
        self._runner = web.ServerRunner(self._listener, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, self._wanted_port), family=family, backlog=_BACKLOG)
        try:
            site = web.SockSite(self._runner, listening, ssl_context=self._ssl_context, backlog=_BACKLOG)
            await site.start()
        except BaseException:
            listening.close()
            raise
        self._bound_port = listening.getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and end whatever is under way."""
        if self._runner is None or self._listener is None:
            return
        for site in self._runner.sites:
            await site.stop()
        answering = tuple(self._answering)
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        self._listener.abort()
        await self._runner.cleanup()
        await asyncio.sleep(0)  # the loop closes the aborted transports in its next round

    @property
    def port(self) -> int:
        """The port that callers connect to; raises RuntimeError before the stand-in listens."""
        if self._bound_port is None:
            msg = "the stand-in does not listen yet"
            raise RuntimeError(msg)
        return self._bound_port

    @property
    def base_url(self) -> str:
        """The base address for clients, ending in ``/v1`` without a slash."""
        scheme = "http" if self._ssl_context is None else "https"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self.port}/v1"

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; known to `_answering` for as long as it lasts."""
        task = asyncio.current_task()
        if task is None:  # pragma: no cover  # aiohttp runs every handler in a task
            msg = "expected to run in a task"
            raise RuntimeError(msg)
        self._answering.add(task)
        try:
            return await self._route(http)
        finally:
            self._answering.discard(task)

    async def _route(self, http: web.BaseRequest) -> web.StreamResponse:
        # 1. Route: only the end of the path counts.
        path = http.path.rstrip("/")
        is_chat = path.endswith("/chat/completions")
        _, listing, name = path.rpartition("/models")
        is_models = not is_chat and listing != "" and (not name or name.startswith("/"))
        answer = Answer(http, self._origin, self._clock, wire.request_id(path.encode()))
        if not (is_chat or is_models):
            return answer.error(Status(404, message="No such route.", error_code="unknown_url"))
        # 2. Method.
        allowed = "POST" if is_chat else "GET"
        if http.method != allowed:
            return answer.error(
                Status(405, message="This method is not allowed here.", headers=(("Allow", allowed),))
            )
        # 3. Key: before the body is read.
        if not self._is_authorised(http):
            return answer.error(_wrong_key())
        if is_models:
            return self._list(answer, unquote(name.removeprefix("/")))
        return await self._chat(http, answer)

    async def _chat(self, http: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        # 4. Size and time.
        try:
            async with asyncio.timeout(self._read_seconds):
                body = await _read(http)
        except TimeoutError:
            late = answer.error(Status(408, message="The body did not arrive in time."))
            late.force_close()
            return late
        if body is None:
            text = f"The body exceeds {MAX_BODY_BYTES} bytes."
            return answer.error(Status(413, message=text, error_code="request_too_large"))
        # 5. Parse and remember, before anything can be answered.
        headers = {name.lower(): value for name, value in http.headers.items()}
        asked = self._remember(body, parse(body, headers))
        answer = Answer(http, self._origin, self._clock, wire.request_id(body))
        await asyncio.sleep(self._delay_seconds)
        if isinstance(self._source, Cassette):
            return await self._from_cassette(self._source, body, asked, answer)
        if isinstance(asked, Status):
            return answer.error(asked)
        # 6. Model.
        if self._models and asked.model not in self._models:
            return answer.error(unknown_model())
        # 7. Perform.
        return await perform(self._source(asked), asked, answer)

    async def _from_cassette(
        self, cassette: Cassette, body: bytes, asked: Request | Status, answer: Answer
    ) -> web.StreamResponse:
        """Play the recording of exactly this body; whatever was recorded counts, well-formed or not."""
        entry = cassette.find(body)
        if entry is not None:
            return await play_back(entry, answer, self._pace)
        if isinstance(asked, Status):
            return answer.error(asked)
        return answer.error(
            Status(404, message="This request is not in the recording.", error_code="cassette_miss")
        )

    def _remember(self, body: bytes, asked: Request | Status) -> Request | Status:
        key = key_of(body)
        if self._on_arrival is not None:
            self._on_arrival(key, asked.model if isinstance(asked, Request) else UNREADABLE)
        if isinstance(asked, Status):
            return asked
        attempt = self._attempts.pop(key, 0) + 1
        self._attempts[key] = attempt
        if len(self._attempts) > MAX_COUNTED_BODIES:
            self._attempts.popitem(last=False)
        counted = replace(asked, attempt=attempt)
        self.requests.append(counted)
        self.arrived += 1
        return counted

    def _list(self, answer: Answer, name: str) -> web.StreamResponse:
        names = self._models or (ANY_MODEL,)
        if not name:
            return answer.whole(200, wire.model_list(names, answer.created))
        if self._models and name not in names:
            return answer.error(unknown_model())
        return answer.whole(200, wire.encode(wire.model_body(name, answer.created)))

    def _is_authorised(self, http: web.BaseRequest) -> bool:
        if self._api_key is None:
            return True
        given = http.headers.get("Authorization", "")
        if not given.lower().startswith(_BEARER):
            return False
        key = given[len(_BEARER) :].strip()
        return hmac.compare_digest(
            key.encode(errors="surrogateescape"), self._api_key.encode(errors="surrogateescape")
        )


async def _read(http: web.BaseRequest) -> bytes | None:
    """Read the exact body, or give None as soon as it is known to be too large."""
    if (http.content_length or 0) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    async for piece in http.content.iter_any():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def _models_of(source: Script | Cassette) -> tuple[str, ...]:
    if isinstance(source, Cassette):
        return tuple(dict.fromkeys(entry.model for entry in source.entries))
    return source.models if isinstance(source, ByModel) else ()


def _loopback(host: str) -> str:
    """Give the address to bind to; a name other than localhost is refused, since it may point anywhere."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    msg = f"expected a loopback address, got {host!r}"
    raise NotLoopbackError(msg)


def _wrong_key() -> Status:
    return Status(
        401,
        message="A valid bearer key is required.",
        error_code="invalid_api_key",
        headers=(("WWW-Authenticate", "Bearer"),),
    )


def _finite(name: str, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        msg = f"expected a {name} from 0, got {value!r}"
        raise ValueError(msg)
    return value
