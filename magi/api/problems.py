"""Errors as HTTP: one `Problem` for each, in the OpenAI shape on compatible routes and RFC 9457 on native ones.

::

    RequestRefusedError   the HTTP request itself cannot be taken; `reason` decides the status
    BusyError             no place left (429), or the service is stopping (503)
    CallerGoneError       nobody is there any more to answer

Promises: every error of `magi.core.errors` has a status, a stable code and words in the caller's language; no
path of the server, no text of a question and no text of an exception is in any of them. `x-should-retry: false`
stands wherever the same request would fail again, or would deliberate twice.
"""

from dataclasses import dataclass

from starlette.responses import JSONResponse

from magi.core.errors import (
    AccessRefusedError,
    CallerError,
    ConflictError,
    CouncilRefusedError,
    ErasedError,
    KeyMissingError,
    LedgerUnavailableError,
    MagiError,
    QuestionRefusedError,
    UnknownNameError,
    WorldError,
)
from magi.words import say, say_barred, say_error

COMPATIBLE = ("/v1/chat", "/v1/models")
"""Paths below these speak the OpenAI dialect."""
CALLER_GONE_STATUS = 499
"""In the log only: the caller closed the connection before there was an answer."""
RETRY_AFTER_SECONDS = 5
"""About the time of a quick deliberation."""

_STATUS = {
    "host_not_loopback": 421, "origin_not_loopback": 403, "not_found": 404, "method_not_allowed": 405,
    "body_too_slow": 408, "body_too_large": 413, "not_json": 415,
}  # fmt: skip
_QUESTION_STATUS = {"too_large": 413, "body_too_large": 413, "file_too_large": 413, "idempotency_reused": 422}
_TEXT_STATUS = {AccessRefusedError.code: 403, ErasedError.code: 410}
_BAD_REQUEST = 400


class RequestRefusedError(CallerError):
    """The HTTP request cannot be taken; facts are names of fields and numbers."""

    code = "request_refused"


class BusyError(WorldError):
    """No place for another deliberation (full, followers), or the service is stopping."""

    code = "busy"


class CallerGoneError(WorldError):
    """The caller closed the connection."""

    code = "caller_gone"


@dataclass(frozen=True)
class Problem:
    """What a caller is told: HTTP status, stable code, words.

    `retry`: the same request may simply be sent again. `wait`: it may, but it would deliberate anew.
    """

    status: int
    code: str
    words: str
    retry: bool = False
    wait: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it; a body that was not read to its end ends the connection."""
        found = {"x-should-retry": "true" if self.retry else "false"}
        if self.retry or self.wait:
            found["retry-after"] = str(RETRY_AFTER_SECONDS)
        if self.status in (408, 413):
            found["connection"] = "close"
        return found

    def openai(self) -> dict[str, object]:
        """The error object of the OpenAI dialect."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"  # noqa: PLR2004  # HTTP's classes
        kind = "rate_limit_error" if self.code == "busy" else kind
        return {"error": {"message": self.words, "type": kind, "param": None, "code": self.code}}

    def document(self) -> dict[str, object]:
        """The problem document (RFC 9457, section 3.1)."""
        return {
            "type": f"urn:magi:problem:{self.code}",
            "title": self.code.replace("_", " ").replace(".", ": "),
            "status": self.status,
            "detail": self.words,
            "code": self.code,
        }


def is_compatible(path: str) -> bool:
    """Whether errors of this path have the OpenAI shape."""
    return path.startswith(COMPATIBLE)


def response_of(problem: Problem, path: str) -> JSONResponse:
    """The whole response, in the shape of the route."""
    if is_compatible(path):
        return JSONResponse(problem.openai(), problem.status, problem.headers)
    return JSONResponse(
        problem.document(), problem.status, problem.headers, media_type="application/problem+json"
    )


def unexpected(lang: str) -> Problem:
    """The problem of an error that nobody foresaw; its text stays inside."""
    return Problem(500, "internal", say("api.unexpected", lang))


def problem_of(error: MagiError, lang: str, *, compatible: bool) -> Problem:
    """The problem that an error is to the caller, in its language."""
    match error:
        case RequestRefusedError():
            return Problem(_STATUS.get(error.reason, _BAD_REQUEST), error.reason, say_error(error, lang))
        case UnknownNameError():
            return _unknown(error, lang, compatible=compatible)
        case CouncilRefusedError():
            return _council(error, lang, compatible=compatible)
        case QuestionRefusedError() | AccessRefusedError() | ErasedError():
            status = _TEXT_STATUS.get(error.code) or _QUESTION_STATUS.get(error.reason, _BAD_REQUEST)
            return Problem(status, f"{error.code}.{error.reason}", say_error(error, lang))
        case WorldError():
            return _world(error, lang)
        case _:
            return _own_fault(error, lang)


def _unknown(error: UnknownNameError, lang: str, *, compatible: bool) -> Problem:
    if error.reason == "council":
        return Problem(404, "model_not_found" if compatible else "unknown_council", say_error(error, lang))
    if error.reason == "deliberation":
        return Problem(404, "unknown_deliberation", say("api.no_deliberation", lang))
    return Problem(_BAD_REQUEST, f"unknown_{error.reason}", say_error(error, lang))


def _council(error: CouncilRefusedError, lang: str, *, compatible: bool) -> Problem:
    """A refusal because of the label names what was barred and why; any other is a state of the council."""
    barred = error.facts.get("barred")
    facts = {name: value for name, value in error.facts.items() if name != "barred"}
    words = say_error(CouncilRefusedError(error.reason, **facts), lang)
    if not isinstance(barred, tuple) or not barred:
        return Problem(409, error.code, words)
    label = say(f"label.{error.facts.get('label')}", lang)
    lines = [
        words,
        say("error.barred", lang, label=label),
        *(f"- {say_barred(line, lang)}" for line in barred),
    ]
    lines.append(say("api.barred_help", lang))
    return Problem(422, "data_residency_mismatch" if compatible else error.code, "\n".join(lines))


def _world(error: WorldError, lang: str) -> Problem:
    match error:
        case BusyError(reason="stopping"):
            return Problem(503, "stopping", say("api.stopping", lang), retry=True)
        case BusyError():
            return Problem(429, error.code, say("api.busy", lang), retry=True)
        case CallerGoneError():
            return Problem(CALLER_GONE_STATUS, error.code, say("api.caller_gone", lang))
        case ConflictError():
            return Problem(409, "in_progress", say("api.in_progress", lang), retry=True)
        case LedgerUnavailableError():
            return Problem(503, error.code, say("api.ledger", lang), retry=True)
        case _:
            return Problem(503, error.code, say("api.world", lang, what=error.code), wait=True)


def _own_fault(error: MagiError, lang: str) -> Problem:
    """A key, a file or a template of the service itself: nothing that this caller can mend."""
    if isinstance(error, KeyMissingError):
        return Problem(503, error.code, say("api.key_missing", lang))
    return Problem(500, error.code, say("api.unexpected", lang))
