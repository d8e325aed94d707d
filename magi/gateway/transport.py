"""The transport: one request, one fresh connection to a pinned address; httpx's interface over aiohttp.

What it adds to aiohttp: the addresses come from the guard (`request.extensions["pinned"]`), no name is
resolved here and no socket is made to any other address; nothing is put on the wire but what the request
holds, Host, Content-Length and `Connection: close`; no cookies, proxies, netrc, redirects, decompression,
environment, or reuse of connections; TLS verifies chain and host name against the system's CAs, and the
card's certificate pin where there is one (`extensions["cert_pin"]`); how much was sent is known at every
moment (`extensions["progress"]`).

Leaves to others: which addresses (`egress`), total time (`egress`), what a status means (`protocols`). One
connection a request is a choice for certainty: nothing kept open can be stale, shared or pinned elsewhere.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from magi.core.errors import WorldError
from magi.core.record import Sent

MAX_OPEN = 256
"""Connections open at once; a quarter of the usual limit of 1,024 descriptors. Others wait, nothing sent."""
CONNECT_SECONDS = 10.0
"""TCP and TLS to one address; three lost SYNs are 7 s, after that the address is dead."""
MAX_HEAD_LINE_BYTES = 8_190
"""Status line, and each header field: what common servers accept themselves."""
MAX_HEADERS = 128
"""Providers send about thirty."""
MAX_BODY_BYTES = 64 * 1024 * 1024
"""131,072 tokens (the most a card may ask for) as one stream event of 400 bytes each come to 50 MiB."""

_NO_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_FRAMING = frozenset({b"host", b"content-length", b"connection", b"transfer-encoding"})
_PIN_PREFIX = "sha256:"


class SendError(WorldError):
    """A send broke off; `failure` is its name, `sent` is no only with proof that no byte was written."""

    code = "send"

    def __init__(self, failure: str, sent: Sent) -> None:
        """Name the failure and what is known of the sending."""
        super().__init__(failure, sent=sent)
        self.failure = failure
        self.sent = sent


@dataclass
class Progress:
    """How far one send is. Owned by that send; starts at maybe, since only a transport can prove a no."""

    sent: Sent = "maybe"


class PinnedTransport(httpx.AsyncBaseTransport):
    """Sends to pinned addresses only. Owns no connection between requests; closing it is optional."""

    def __init__(self, trust: ssl.SSLContext | None = None, max_open: int = MAX_OPEN) -> None:
        """Prepare; `trust` replaces the system's CAs (a private CA, a test)."""
        self._trust = trust or system_trust()
        self._open = asyncio.Semaphore(max_open)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send once and return when a status has come; the body streams as raw chunks and must be closed.

        Raises:
            SendError: not_pinned, connect_failed, tls_failed (sent no); cut_stream, garbage (sent maybe). The
                body's stream raises it too: cut_stream, too_large (sent yes).
        """
        progress = request.extensions.get("progress") or Progress()
        progress.sent = "no"
        pinned = tuple(request.extensions.get("pinned", ()))
        if not pinned:
            raise SendError("not_pinned", "no")
        await self._open.acquire()
        line = _Line(self._open)
        try:
            line.session = _session(request, pinned, progress)
            response = await self._send(line.session, request)
        except (aiohttp.ClientError, OSError) as error:
            await line.hang_up()
            # The chain holds addresses and codes, no header and no body.
            raise SendError(_failure(error, progress.sent), progress.sent) from error
        except BaseException:
            await line.hang_up()
            raise
        progress.sent = "yes"
        line.response = response
        return httpx.Response(response.status, headers=list(response.raw_headers), stream=_Body(line))

    async def _send(self, session: aiohttp.ClientSession, request: httpx.Request) -> aiohttp.ClientResponse:
        headers = [
            (name.decode("ascii"), value.decode("ascii"))
            for name, value in request.headers.raw
            if name.lower() not in _FRAMING
        ]
        return await session.request(
            request.method,
            URL(str(request.url), encoded=True),
            data=request.content,
            headers=headers,
            allow_redirects=False,
            # Chain and host name are verified here; a pin comes on top, see `_session`.
            ssl=self._trust,
        )


def system_trust() -> ssl.SSLContext:
    """Verification of chain and host name against the CAs of the system, whatever the environment says.

    Unlike the standard library's default context it follows neither SSL_CERT_FILE and SSL_CERT_DIR (another
    trust store) nor SSLKEYLOGFILE (session keys on disk).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    paths = ssl.get_default_verify_paths()
    for file, folder in ((paths.openssl_cafile, None), (None, paths.openssl_capath)):
        try:
            context.load_verify_locations(cafile=file, capath=folder)
        except OSError:
            # This system keeps its CAs in the other place; with neither, every connection fails closed.
            continue
    return context


def _session(request: httpx.Request, pinned: tuple[str, ...], progress: Progress) -> aiohttp.ClientSession:
    """A session for one request, whose connector knows the pinned addresses and no others."""
    pin = str(request.extensions.get("cert_pin", ""))
    # On the connector, not on the request, where aiohttp would take a fingerprint *instead of* verification.
    check = aiohttp.Fingerprint(bytes.fromhex(pin.removeprefix(_PIN_PREFIX))) if _PIN_PREFIX in pin else True
    connector = aiohttp.TCPConnector(
        resolver=_Pinned(pinned),
        use_dns_cache=False,
        force_close=True,
        limit=1,
        ssl=check,
        socket_factory=_only(pinned),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_NO_AUTOMATIC,
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        trace_configs=[_watch(progress)],
        max_line_size=MAX_HEAD_LINE_BYTES,
        max_field_size=MAX_HEAD_LINE_BYTES,
        max_headers=MAX_HEADERS,
    )


class _Pinned(AbstractResolver):
    """Answers every name with the pinned addresses."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family  # the connector reads the family off each address
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_UNSPEC, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _only(pinned: tuple[str, ...]) -> Any:  # noqa: ANN401  # aiohttp does not export the type
    """A maker of sockets for pinned addresses; the last word, since a literal host bypasses the resolver."""

    def make(info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if address[0] not in pinned:
            msg = "address not pinned"
            raise OSError(msg)
        return socket.socket(family, kind, protocol)

    return make


def _watch(progress: Progress) -> aiohttp.TraceConfig:
    """From the moment a connection stands (TLS and pin included), bytes may have been written."""

    async def connected(*_: object) -> None:  # aiohttp awaits its signals
        progress.sent = "maybe"

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    return trace


def _failure(error: Exception, sent: Sent) -> str:
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        return "tls_failed"
    if sent == "no":
        return "connect_failed"
    # A response that is not HTTP, or whose head is too large.
    return "garbage" if isinstance(error, aiohttp.ClientResponseError) else "cut_stream"


class _Line:
    """What one request holds open: a slot, a session, a response."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self.session: aiohttp.ClientSession | None = None
        self.response: aiohttp.ClientResponse | None = None
        self._slots: asyncio.Semaphore | None = slots

    async def hang_up(self) -> None:
        """Close everything and free the slot; more than once is harmless."""
        slots, self._slots = self._slots, None
        if slots is None:
            return
        try:
            if self.response is not None:
                self.response.close()
            if self.session is not None:
                await self.session.close()
        finally:
            slots.release()


class _Body(httpx.AsyncByteStream):
    """The body of a response as raw chunks, bounded."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._line.response is None:
            return
        came = 0
        try:
            async for chunk in self._line.response.content.iter_any():
                came += len(chunk)
                if came > MAX_BODY_BYTES:
                    raise SendError("too_large", "yes")
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise SendError("cut_stream", "yes") from error

    async def aclose(self) -> None:
        await self._line.hang_up()
