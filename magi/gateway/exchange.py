"""An exchange: all that is known of one send, whole or partial, and its bytes in the ledger.

Promises: what came back is kept chunk by chunk as it came, also when it broke off; no credential and no
cookie is in it. Leaves to others: sending (`egress`), what it says (`protocols`), storage (`magi.ledger`).

Failures named here and in `transport`: `resolve_failed`, `connect_failed`, `tls_failed`, `timed_out`,
`cut_stream`, `garbage`, `too_large`, `credential_echoed`. Those of the answer itself are in `protocols`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from magi.core.canonical import canonical
from magi.core.decided import Origin
from magi.core.errors import MalformedFileError
from magi.core.record import Sent

VERSION = 1
STANDIN_HEADER = "magi-standin"
"""What a stand-in puts on every response: scripted or recorded."""

_ORIGINS: Mapping[str, Origin] = {"scripted": "scripted", "recorded": "recorded"}
_SENT: Mapping[object, Sent] = {"no": "no", "maybe": "maybe", "yes": "yes"}


@dataclass(frozen=True)
class Chunk:
    """Bytes of the body as they came, and when: milliseconds after the send began."""

    offset_ms: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Exchange:
    """One send and what came back.

    `sent` is no (proof that nothing was written), maybe, or yes (a status came). `status` is None without a
    response. `headers` are (lower-case name, value). `failure` names what broke it off, None where the body
    ended properly, whatever the status.
    """

    sent: Sent
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    chunks: tuple[Chunk, ...] = ()
    failure: str | None = None

    @property
    def body(self) -> bytes:
        """The body as far as it came."""
        return b"".join(chunk.data for chunk in self.chunks)

    def header(self, name: str) -> str | None:
        """The first header of that lower-case name, or None."""
        return next((value for found, value in self.headers if found == name), None)

    @property
    def origin(self) -> Origin:
        """Whether a stand-in spoke; live where nothing says so."""
        return _ORIGINS.get(self.header(STANDIN_HEADER) or "", "live")

    def to_bytes(self) -> bytes:
        """One line of canonical JSON (with the length of each chunk), a line feed, the raw chunks joined."""
        head = canonical(
            {
                "v": VERSION,
                "sent": self.sent,
                "status": self.status,
                "headers": [[name, value] for name, value in self.headers],
                "chunks": [[chunk.offset_ms, len(chunk.data)] for chunk in self.chunks],
                "failure": self.failure,
            }
        )
        return head + b"\n" + self.body

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Exchange":
        """Read back what `to_bytes` wrote.

        Raises:
            MalformedFileError: anything else; nothing of the content is quoted.
        """
        line, _, body = raw.partition(b"\n")
        try:
            head = json.loads(line)
            if head["v"] != VERSION or set(head) != _KEYS:
                raise MalformedFileError("exchange", problems=("v",))
            if not (isinstance(head["status"], int | None) and isinstance(head["failure"], str | None)):
                raise MalformedFileError("exchange", problems=("status or failure",))
            chunks = _cut(body, [(int(offset), int(length)) for offset, length in head["chunks"]])
            headers = tuple((str(name), str(value)) for name, value in head["headers"])
            return cls(_SENT[head["sent"]], head["status"], headers, chunks, head["failure"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MalformedFileError("exchange", problems=("head",)) from error


_KEYS = frozenset({"v", "sent", "status", "headers", "chunks", "failure"})


def _cut(body: bytes, lengths: list[tuple[int, int]]) -> tuple[Chunk, ...]:
    if any(length < 0 for _, length in lengths) or sum(length for _, length in lengths) != len(body):
        raise MalformedFileError("exchange", problems=("length",))
    chunks, start = [], 0
    for offset_ms, length in lengths:
        chunks.append(Chunk(offset_ms, body[start : start + length]))
        start += length
    return tuple(chunks)
