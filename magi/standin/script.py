"""What a stand-in is told to do: the request as it sees it, the behaviours, and the scripts.

A script is any callable from `Request` to `Behaviour`; `fixed`, `sequence` and `by_model` build the common
ones, `rehearsal.plausible` one that answers everything. Behaviours are frozen values that name one thing a
provider may do, well or badly; they do nothing by themselves, `acting` performs them. Scripts are never
shown a gold answer: they see what a provider would see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from magi.standin.sendable import is_header, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_WAIT_SECONDS = 3600.0
"""No behaviour waits longer: the longest deadline of a known caller is 600 s, an hour outlasts all."""

LOWEST_ERROR_STATUS = 400
HIGHEST_STATUS = 599
LOWEST_FINAL_STATUS = 200
"""Below it stand the interim statuses, which never end an exchange."""
LOWEST_REDIRECT = 300


@dataclass(frozen=True, slots=True)
class Request:
    """One well-formed chat request as the stand-in saw it.

    `messages` are (role, text) pairs, the text parts of a multi-part content joined by line feeds; `body` is
    the exact body; `attempt` says how often this exact body has arrived, from 1; header names are lower case.
    The representation shows no text of the caller.
    """

    model: str
    messages: tuple[tuple[str, str], ...] = field(repr=False)
    stream: bool = False
    include_usage: bool = False
    response_format: Mapping[str, object] | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)
    attempt: int = 1
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def last_user_text(self) -> str:
        """The text of the last user message, or nothing."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete, well-formed answer.

    Token counts that are not given are estimated from the text. `report_usage=False` leaves usage out, as
    some providers do. Raises ValueError for text that UTF-8 cannot carry.
    """

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_content: str | None = None
    report_usage: bool = True

    def __post_init__(self) -> None:
        """Refuse text that could not be sent."""
        for text in (self.content, self.refusal, self.reasoning_content):
            _require_utf8(text or "")


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait, then go on with another behaviour; nothing is sent before, not even a status line."""

    seconds: float
    then: Behaviour

    def __post_init__(self) -> None:
        """Refuse a wait without bound."""
        _require_wait(self.seconds)


@dataclass(frozen=True, slots=True)
class Status:
    """An error in the OpenAI error shape; `code` is the HTTP status, `error_code` the one in the body.

    The type of the error follows from the status unless given.
    """

    code: int
    retry_after: float | str | None = None
    message: str = "The stand-in was told to answer with this status."
    error_type: str | None = None
    error_code: str | None = None
    param: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a status that is no error, and text or headers that could not be sent."""
        _require_between("status", self.code, LOWEST_ERROR_STATUS, HIGHEST_STATUS)
        _require_utf8(self.message)
        _require_headers(*self.headers, ("Retry-After", str(self.retry_after)))


@dataclass(frozen=True, slots=True)
class Garbage:
    """Any bytes as a complete body, under any content type, status and headers (the mark excepted)."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a status that does not end an exchange, and headers that could not be sent."""
        _require_between("status", self.status, LOWEST_FINAL_STATUS, HIGHEST_STATUS)
        _require_headers(*self.headers, ("Content-Type", self.content_type))


@dataclass(frozen=True, slots=True)
class CutStream:
    """An answer that breaks off and never says `[DONE]`.

    A stream sends `after_chunks` events (the role counts as one, the finish is never sent), then the
    connection is aborted; `clean=True` ends the body properly instead: the silent truncation. A plain body
    announces its full length, sends half of it and is aborted either way.
    """

    content: str
    after_chunks: int = 1
    clean: bool = False

    def __post_init__(self) -> None:
        """Refuse a negative count and text that could not be sent."""
        _require_utf8(self.content)
        if self.after_chunks < 0:
            msg = f"expected at least 0 chunks, got {self.after_chunks!r}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Hang:
    """Read the request, stay silent for so long, then close without an answer."""

    seconds: float = MAX_WAIT_SECONDS

    def __post_init__(self) -> None:
        """Refuse a wait without bound."""
        _require_wait(self.seconds)


@dataclass(frozen=True, slots=True)
class SlowStream:
    """A complete answer in drips: a pause before each event, or before each piece of a plain body."""

    content: str
    seconds_between: float

    def __post_init__(self) -> None:
        """Refuse a wait without bound and text that could not be sent."""
        _require_utf8(self.content)
        _require_wait(self.seconds_between)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the caller elsewhere; a guarded caller does not go."""

    location: str
    status: int = 307

    def __post_init__(self) -> None:
        """Refuse a status that is no redirect, and a target that could not be sent."""
        _require_between("status", self.status, LOWEST_REDIRECT, LOWEST_ERROR_STATUS - 1)
        _require_headers(("Location", self.location))


@dataclass(frozen=True, slots=True)
class WrongModel:
    """A good answer that says it comes from another model than the one asked."""

    model: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class CloseUnanswered:
    """Read the whole request, then close: the caller cannot know whether it was processed."""


Behaviour: TypeAlias = (
    Reply
    | Delay
    | Status
    | Garbage
    | CutStream
    | Hang
    | SlowStream
    | Redirect
    | WrongModel
    | CloseUnanswered
)  # fmt: skip
Script: TypeAlias = "Callable[[Request], Behaviour]"


@dataclass(frozen=True, slots=True)
class ByModel:
    """A script that gives each model its own part; other models do not exist."""

    parts: Mapping[str, Script | Behaviour]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that exist, in the order given."""
        return tuple(self.parts)

    def __call__(self, request: Request) -> Behaviour:
        """Play the part of the model that was asked."""
        part = self.parts.get(request.model)
        if part is None:
            return unknown_model()
        return part(request) if callable(part) else part


class Sequence:
    """A script that goes through its behaviours once and stays at the last.

    Owns its place in the sequence: one object serves one stand-in, or several that share the sequence.
    """

    def __init__(self, behaviours: tuple[Behaviour, ...]) -> None:
        """Keep the behaviours; refuse an empty sequence with ValueError."""
        if not behaviours:
            msg = "expected at least one behaviour, got none"
            raise ValueError(msg)
        self._behaviours = behaviours
        self._next = 0

    def __call__(self, request: Request) -> Behaviour:  # noqa: ARG002  # a script takes the request
        """Give the behaviour whose turn it is."""
        behaviour = self._behaviours[self._next]
        self._next = min(self._next + 1, len(self._behaviours) - 1)
        return behaviour


def fixed(behaviour: Behaviour) -> Script:
    """Build a script that always does the same."""
    return lambda _request: behaviour


def sequence(*behaviours: Behaviour) -> Sequence:
    """Build a script in which the n-th request meets the n-th behaviour and the last one repeats.

    Raises:
        ValueError: no behaviour was given.
    """
    return Sequence(behaviours)


def by_model(parts: Mapping[str, Script | Behaviour]) -> ByModel:
    """Build a script with one part for each model; any other model is answered with 404."""
    return ByModel(MappingProxyType(dict(parts)))


def unknown_model() -> Status:
    """Name the error for a model that does not exist here, without repeating its name."""
    return Status(
        404,
        message="The requested model does not exist on this stand-in.",
        error_code="model_not_found",
        param="model",
    )


def _require_wait(seconds: float) -> None:
    if not (math.isfinite(seconds) and 0 <= seconds <= MAX_WAIT_SECONDS):
        msg = f"expected a wait between 0 and {MAX_WAIT_SECONDS} seconds, got {seconds!r}"
        raise ValueError(msg)


def _require_between(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        msg = f"expected a {name} between {lowest} and {highest}, got {value!r}"
        raise ValueError(msg)


def _require_utf8(text: str) -> None:
    if not is_text(text):  # the text itself is not quoted
        msg = "expected text that UTF-8 can carry, got a lone surrogate"
        raise ValueError(msg)


def _require_headers(*headers: tuple[str, str]) -> None:
    for name, value in headers:
        if not is_header(name, value):
            msg = f"expected a header field that can be sent, got one named {name!r}"
            raise ValueError(msg)
