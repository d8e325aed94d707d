"""A stand-in witness and time-stamp authority on a loopback address, for demonstrations and tests.

It speaks C2SP tlog-witness and really checks: the signature of the log, the size that it cosigned last, and the
consistency proof, by its own reading of RFC 6962, section 2.1.2, so that a mistake of the program under test is not
answered by the same mistake. A time-stamp query (RFC 3161) is handed to the `stamp` that it was given.

Promises: loopback only; every answer is marked; a head is remembered before the cosignature leaves. Leaves to others:
the signature algorithm (`sign`, and `verify` of each key, are given), durability: it forgets all when it ends.

Routes: ``POST /add-checkpoint``, ``POST /tsr``.
"""

from __future__ import annotations

import base64
import hashlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aiohttp import web

from magi.standin.answer import MARK, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

MAX_BODY_BYTES = 1 << 16
"""Many times a request: 63 hashes and a note."""
MAX_PROOF_LINES = 63
"""tlog-witness: clients must not send more."""

_LOOPBACK = "127.0.0.1"
_KEY_ID_BYTES = 4
_HASH_BYTES = 32
_STOP_SECONDS = 1.0
_SIZE_TYPE = "text/x.tlog.size"
_LINE = "\N{EM DASH} "
_MARKED = {MARK: Origin.SCRIPTED.value}


@dataclass(frozen=True)
class LogKey:
    """A key of a log that the witness knows: its ID (4 bytes), and whether a signature is one over a message."""

    key_id: bytes
    verify: Callable[[bytes, bytes], bool]


@dataclass(frozen=True)
class Head:
    """What was cosigned last."""

    size: int
    root: bytes


class _Refusal(Exception):  # noqa: N818  # it is an answer, not a failure of this program
    """A status other than 200, with the size that goes with a conflict."""

    def __init__(self, status: int, size: int | None = None) -> None:
        super().__init__(status)
        self.status, self.size = status, size


class StandInWitness:
    """One stand-in witness; an asynchronous context manager.

    `heads` is what it cosigned last for each origin; `asked` counts what arrived.
    """

    def __init__(
        self,
        name: str,
        key_id: bytes,
        sign: Callable[[bytes], bytes],
        logs: Mapping[str, Sequence[LogKey]],
        *,
        clock: Callable[[], int],
        stamp: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Prepare: name and key ID of the witness, its signing function, the keys of the logs by origin.

        `clock` gives Unix seconds; `stamp` makes a time-stamp reply (DER) of a query.
        """
        self._name = name
        self._key_id = key_id
        self._sign = sign
        self._logs = logs
        self._clock = clock
        self._stamp = stamp
        self.heads: dict[str, Head] = {}
        self.asked = 0
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen on a free port; returns when callers can connect. `url` is the submission prefix."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/add-checkpoint", self._add_checkpoint)
        app.router.add_post("/tsr", self._timestamp)
        self._runner = web.AppRunner(app, shutdown_timeout=_STOP_SECONDS, access_log=None)
        await self._runner.setup()
        listening = socket.create_server((_LOOPBACK, 0))
        await web.SockSite(self._runner, listening).start()
        self.url = f"http://{_LOOPBACK}:{listening.getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _add_checkpoint(self, http: web.Request) -> web.Response:
        self.asked += 1
        body = await http.read()
        # No await from here on: what is checked and what is remembered is one step.
        try:
            line = self._cosigned(body)
        except _Refusal as refusal:
            if refusal.size is None:
                return web.Response(status=refusal.status, headers=_MARKED)
            text = f"{refusal.size}\n".encode()
            headers = {**_MARKED, "Content-Type": _SIZE_TYPE}
            return web.Response(status=refusal.status, body=text, headers=headers)
        return web.Response(body=line.encode(), headers=_MARKED)

    async def _timestamp(self, http: web.Request) -> web.Response:
        self.asked += 1
        if self._stamp is None or http.content_type != "application/timestamp-query":
            return web.Response(status=404, headers=_MARKED)
        headers = {**_MARKED, "Content-Type": "application/timestamp-reply"}
        return web.Response(body=self._stamp(await http.read()), headers=headers)

    def _cosigned(self, body: bytes) -> str:
        """The signature line over the checkpoint of a request, in the order of the specification's checks."""
        try:
            asked, _, note = body.decode().partition("\n\n")
            old_line, *proof_lines = asked.split("\n")
            text, _, signatures = note.rpartition("\n\n")
            origin, size_text, root_text, *_ = text.split("\n")
            old, size = _number(old_line.removeprefix("old ")), _number(size_text)
            root, proof = _hash(root_text), [_hash(line) for line in proof_lines]
        except ValueError:
            raise _Refusal(400) from None
        # 1. The log, and a key of it.
        if origin not in self._logs:
            raise _Refusal(404)
        if not self._is_signed(origin, f"{text}\n".encode(), signatures):
            raise _Refusal(403)
        # 2. The sizes.
        if old > size or len(proof) > MAX_PROOF_LINES or not old_line.startswith("old "):
            raise _Refusal(400)
        last = self.heads.get(origin, Head(0, b""))
        if old != last.size or (old == size > 0 and root != last.root):
            raise _Refusal(409, last.size)
        # 3. The proof.
        if not extends(last, Head(size, root), proof):
            raise _Refusal(422)
        # 4. Remembered before anybody learns of it.
        self.heads[origin] = Head(size, root)
        now = self._clock()
        value = now.to_bytes(8, "big") + self._sign(f"cosignature/v1\ntime {now}\n{text}\n".encode())
        return f"{_LINE}{self._name} {base64.b64encode(self._key_id + value).decode()}\n"

    def _is_signed(self, origin: str, message: bytes, signatures: str) -> bool:
        for line in signatures.splitlines():
            name, _, encoded = line.removeprefix(_LINE).partition(" ")
            try:
                value = base64.b64decode(encoded, validate=True)
            except ValueError:
                raise _Refusal(400) from None
            key_id, signature = value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:]
            known = [key for key in self._logs[origin] if name == origin and key.key_id == key_id]
            if any(key.verify(message, signature) for key in known):
                return True
        return False


def extends(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """Whether a consistency proof leads from one head to the other (RFC 6962, section 2.1.2, read backwards)."""
    if old.size == 0:
        return not proof
    try:
        roots = _roots(old.size, new.size, tuple(proof), old.root)
    except ValueError:
        return False
    return roots == (old.root, new.root)


def _roots(old: int, new: int, proof: tuple[bytes, ...], known: bytes | None) -> tuple[bytes, bytes]:
    """The roots of the first `old` and of all `new` leaves; `known` is the old root as long as it is a subtree."""
    if old == new:
        if known is not None:
            if proof:
                raise ValueError(proof)
            return known, known
        (only,) = proof
        return only, only
    *inner, outermost = proof
    left = 1 << (new - 1).bit_length() - 1
    if old <= left:
        before, after = _roots(old, left, tuple(inner), known)
        return before, _node(after, outermost)
    before, after = _roots(old - left, new - left, tuple(inner), None)
    return _node(outermost, before), _node(outermost, after)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _number(text: str) -> int:
    if not text.isdecimal() or str(int(text)) != text:
        raise ValueError(text)
    return int(text)


def _hash(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if len(value) != _HASH_BYTES:
        raise ValueError(len(value))
    return value
