"""Everything that leaves and is no question to a model: checkpoints to witnesses, queries to a time-stamp authority.

The `Outbound` port (DESIGN section 10): `call(purpose, request)`. One call, in five steps: 1 the purpose is on the
list; 2 the request is of the kind that the purpose is for, and names no log but ours; 3 the host is resolved, once,
and every address fits; 4 the connection goes to just these addresses; 5 sent once, and the answer read within bounds.

Promises: what can leave is closed: two kinds of body, each checked to the last byte for its form, so that nothing but
hashes, sizes, signatures and the log's name can stand in one; the headers are constants; no credential, cookie,
redirect, proxy, environment, or second try. Leaves to others: making the bodies and reading the answers
(`magi.ledger.witness`, `magi.ledger.timestamp`), the operator's file (`magi.cli.witness_file`), trying again.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, Literal, Protocol
from urllib.parse import urlsplit

import httpx
from pydantic import Field, field_validator

from magi.core.card import host_of
from magi.core.errors import EgressRefusedError
from magi.core.frozen import Frozen
from magi.gateway.resolve import Resolver, SystemResolver, check_host, check_reach, is_literal
from magi.gateway.transport import PinnedTransport, SendError

CALL_SECONDS = 30.0
"""A whole call. A witness checks 63 hashes and writes one row; half a minute is a witness that is not well."""
MAX_ANSWER_BYTES = 1 << 20
"""The most that an operator may allow: a note of the longest kind (`magi.ledger.note`)."""
USUAL_ANSWER_BYTES = 1 << 16
"""A cosignature is 0.2 kB, a time stamp with its certificates 10 kB."""
MAX_URL_CHARS = 500
MAX_BODY_BYTES = 1 << 14
"""63 hashes and eight signatures come to 4 kB."""

Kind = Literal["witness", "timestamp"]
Network = Literal["public", "closed", "loopback"]
"""Where a purpose's host may be: on the internet, on a closed network (private addresses), on this machine only."""

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_HASH = r"[A-Za-z0-9+/]{43}="
_SIGNATURE = r"[A-Za-z0-9+/]{91}="  # 4 bytes of key ID and 64 of Ed25519
_SIZE = r"(?:0|[1-9][0-9]{0,18})"
_NAME = r"[A-Za-z0-9._/-]{1,200}"
_CHECKPOINT: Final = re.compile(
    rf"old {_SIZE}\n(?:{_HASH}\n){{0,63}}\n"
    rf"(?P<origin>{_NAME})\n{_SIZE}\n{_HASH}\n\n"
    rf"(?:\N{{EM DASH}} (?P=origin) {_SIGNATURE}\n){{1,8}}",
    re.ASCII,
)
"""The body of `add-checkpoint` (C2SP tlog-witness), with the log's own signatures only and no extension lines."""
_QUERY: Final = re.compile(
    rb"\x30(?P<length>.)\x02\x01\x01"  # TimeStampReq, version 1
    rb"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20.{32}"  # SHA-256 and the digest
    rb"\x02(?P<width>[\x01-\x09]).{1,9}"  # nonce: 64 bits, chance
    rb"\x01\x01\xff",  # certReq
    re.DOTALL,
)
"""RFC 3161, section 2.4.1, in DER, in the one form that we send."""
_QUERY_FIXED_BYTES = 61
"""A query without its nonce's bytes."""


class Purpose(Frozen):
    """One line of the allow-list: what for, where to, and how much may come back.

    Method and content types belong to the kind and are no setting: another would be another protocol.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")]
    kind: Kind
    url: Annotated[str, Field(max_length=MAX_URL_CHARS)]
    network: Network = "public"
    cert_pin: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    max_answer_bytes: Annotated[int, Field(ge=1, le=MAX_ANSWER_BYTES)] = USUAL_ANSWER_BYTES

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        """One plain spelling: scheme, name, port, path; no user, query or fragment, where text could stand."""
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        if (
            parts.scheme not in ("https", "http")
            or url != f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
        ):
            msg = "not a plain address of http or https"
            raise ValueError(msg)
        if check_host(host_of(url)) is not None or not _PATH.fullmatch(parts.path):
            msg = "not a plain host and path"
            raise ValueError(msg)
        return url


@dataclass(frozen=True)
class CheckpointRequest:
    """A checkpoint with its proof on the way to a witness, as `magi.ledger.witness.add_checkpoint` makes it.

    Raises:
        EgressRefusedError: `request_form`, at construction, where anything else stands in the body.
    """

    kind: ClassVar[Kind] = "witness"
    content_type: ClassVar[str] = "text/plain; charset=utf-8"
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not a request to the last byte."""
        self._match()

    @property
    def origin(self) -> str:
        """The name of the log that the checkpoint is of."""
        return self._match()["origin"]

    def _match(self) -> re.Match[str]:
        # Bytes that are no UTF-8 match nothing: the pattern has no replacement character.
        found = _CHECKPOINT.fullmatch(self.body[: MAX_BODY_BYTES + 1].decode("utf-8", "replace"))
        if found is None:
            raise EgressRefusedError("request_form", kind=self.kind)
        return found


@dataclass(frozen=True)
class TimestampQuery:
    """A digest on the way to a time-stamp authority, as `magi.ledger.timestamp.query` makes it.

    Raises:
        EgressRefusedError: `request_form`, at construction, where anything else stands in the body.
    """

    kind: ClassVar[Kind] = "timestamp"
    content_type: ClassVar[str] = "application/timestamp-query"
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not a query to the last byte."""
        found = _QUERY.fullmatch(self.body)
        width = found["width"][0] if found else 0
        whole = _QUERY_FIXED_BYTES + width
        if found is None or len(self.body) != whole or found["length"][0] != whole - 2:
            raise EgressRefusedError("request_form", kind=self.kind)


@dataclass(frozen=True)
class Returned:
    """What came back: the status, the media type without its parameters, and the body, whole."""

    status: int
    media_type: str
    body: bytes = field(repr=False)


class Outbound(Protocol):
    """The way out for what is no question. `AllowedOutbound` here; a separate process in a scaled installation."""

    async def call(self, purpose: str, request: CheckpointRequest | TimestampQuery) -> Returned:
        """Send once for a purpose of the list; any status is returned, a redirect too.

        Raises:
            EgressRefusedError: nothing left. SendError: nothing whole came back.
        """
        ...


class AllowedOutbound:
    """Sends what the operator's list allows. Holds no connection between calls."""

    def __init__(
        self,
        purposes: Mapping[str, Purpose],
        *,
        origin: str,
        resolver: Resolver | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        seconds: float = CALL_SECONDS,
    ) -> None:
        """Keep the list by id; `origin` is the one log whose checkpoints may leave."""
        self._purposes = purposes
        self._origin = origin
        self._resolver = resolver or SystemResolver()
        self._transport = transport or PinnedTransport()
        self._seconds = seconds

    async def call(self, purpose: str, request: CheckpointRequest | TimestampQuery) -> Returned:
        """Send once and read the answer.

        Raises:
            EgressRefusedError: `purpose`, `request_kind`, `other_log`, or why the addresses do not fit; nothing left.
            SendError: resolve_failed, timed_out, too_large, or as the transport says.
        """
        # 1. On the list.
        allowed = self._purposes.get(purpose)
        if allowed is None:
            raise EgressRefusedError("purpose", purpose=purpose)
        # 2. Of its kind, and ours.
        if request.kind != allowed.kind:
            raise EgressRefusedError("request_kind", purpose=purpose)
        if isinstance(request, CheckpointRequest) and request.origin != self._origin:
            raise EgressRefusedError("other_log", purpose=purpose)
        try:
            async with asyncio.timeout(self._seconds):
                pinned = await self._pin(allowed)
                return await self._send(allowed, request, pinned)
        except TimeoutError as error:
            raise SendError("timed_out", "maybe") from error

    async def _pin(self, allowed: Purpose) -> tuple[str, ...]:
        # 3. Resolved, once; every address.
        host, parts = host_of(allowed.url), urlsplit(allowed.url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            addresses = (host,) if is_literal(host) else await self._resolver.resolve(host, port)
        except OSError as error:
            raise SendError("resolve_failed", "no") from error
        bound, closed = allowed.network == "loopback", allowed.network == "closed"
        if (reason := check_reach(allowed.url, addresses, bound=bound, closed=closed)) is not None:
            raise EgressRefusedError(reason, purpose=allowed.id)
        return addresses

    async def _send(
        self, allowed: Purpose, request: CheckpointRequest | TimestampQuery, pinned: tuple[str, ...]
    ) -> Returned:
        # 4. Pinned. 5. Once.
        sent = httpx.Request(
            "POST",
            allowed.url,
            headers={"content-type": request.content_type, "accept-encoding": "identity"},
            content=request.body,
            extensions={"pinned": pinned, "cert_pin": allowed.cert_pin},
        )
        response = await self._transport.handle_async_request(sent)
        body = bytearray()
        try:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > allowed.max_answer_bytes:
                    raise SendError("too_large", "yes")
        finally:
            await response.aclose()
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Returned(response.status_code, media_type, bytes(body))
