"""What a caller asks, from JSON fields to a question: the OpenAI chat form and the native form.

Fields of the OpenAI API that mean nothing to a council (temperature, tools, user, ...) are accepted and dropped
here: they are forwarded to nobody. Fields of our own are strict: a misspelt label is refused, never ignored. A
label, or an idempotency key, that is given twice and differs is refused: neither of two may win silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers

from magi.api.problems import RequestRefusedError
from magi.core.frozen import Frozen
from magi.jobs.rows import read_options, read_space
from magi.service.question import Question, Role, Turn, take_question

MAX_NAME_CHARS = 200
"""Names of models, labels and keys: ours are far shorter, UUIDs and digests fit."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]

_ROLES: Mapping[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant"
}  # fmt: skip
_KNOWN = {
    "model", "messages", "stream", "n", "stream_options", "include_usage", "role", "content", "type", "text",
    "magi", "label", "space", "options", "idempotency_key", "question", "council", "history",
}  # fmt: skip


class _Foreign(BaseModel):
    """Part of somebody else's API: unknown fields are ignored, known ones must fit."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, strict=True)


class _Part(_Foreign):
    type: str
    text: str | None = None


class _Message(_Foreign):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[object] | None = None


class _StreamOptions(_Foreign):
    include_usage: bool = False


class Extension(Frozen):
    """The `magi` object of a chat request."""

    label: Name | None = None
    space: str | dict[str, object] | None = None
    options: dict[str, object] | list[object] | None = None
    idempotency_key: Name | None = None


class _Chat(_Foreign):
    model: Name
    messages: list[_Message]
    stream: bool | None = None
    n: int | None = None
    stream_options: _StreamOptions | None = None
    magi: Extension | None = None


class _HistoryTurn(Frozen):
    role: Literal["system", "user", "assistant"]
    text: str


class _Native(Frozen):
    question: str
    council: Name | None = None
    label: Name | None = None
    space: str | dict[str, object] | None = None
    options: dict[str, object] | list[object] | None = None
    history: list[_HistoryTurn] = Field(default_factory=list)
    idempotency_key: Name | None = None


@dataclass(frozen=True)
class Asked:
    """One question as it was asked over HTTP; `council` None means the default one."""

    question: Question
    council: str | None
    label: str | None
    idempotency_key: str | None
    stream: bool = False
    include_usage: bool = False


def chat_asked(fields: Mapping[str, object], headers: Headers) -> Asked:
    """Read an OpenAI chat request: the last message is the question, those before it its history.

    Raises:
        RequestRefusedError: wrong_fields, n_not_one, unsupported_content, unsupported_role, last_not_user,
            label_conflict, key_conflict.
        QuestionRefusedError: as `take_question`, `read_space`, `read_options`.
    """
    try:
        chat = _Chat.model_validate(fields)
    except ValidationError as error:
        raise _wrong(error) from None
    if chat.n not in (None, 1):
        raise RequestRefusedError("n_not_one")
    said = chat.magi or Extension()
    history, text = _split(chat.messages)
    options = read_options(said.options)
    return Asked(
        question=take_question(text, read_space(said.space, tuple(options)), options, history),
        council=chat.model,
        label=_one("label_conflict", [said.label, *headers.getlist("magi-label")]),
        idempotency_key=_key(said.idempotency_key, headers),
        stream=bool(chat.stream),
        include_usage=chat.stream_options is not None and chat.stream_options.include_usage,
    )


def native_asked(fields: Mapping[str, object], headers: Headers) -> Asked:
    """Read a native request.

    Raises:
        RequestRefusedError: wrong_fields, label_conflict, key_conflict.
        QuestionRefusedError: as `take_question`, `read_space`, `read_options`.
    """
    try:
        form = _Native.model_validate(fields)
    except ValidationError as error:
        raise _wrong(error) from None
    options = read_options(form.options)
    history = [Turn(turn.role, turn.text) for turn in form.history if turn.text.strip()]
    return Asked(
        question=take_question(form.question, read_space(form.space, tuple(options)), options, history),
        council=form.council,
        label=_one("label_conflict", [form.label, *headers.getlist("magi-label")]),
        idempotency_key=_key(form.idempotency_key, headers),
    )


def _split(messages: Sequence[_Message]) -> tuple[list[Turn], str]:
    """History and question. System messages after the question join the history: their labels count too."""
    turns = [turn for message in messages if (turn := _turn(message)) is not None]
    users = [place for place, turn in enumerate(turns) if turn.role == "user"]
    if not users or any(turn.role == "assistant" for turn in turns[users[-1] :]):
        raise RequestRefusedError("last_not_user")
    last = users[-1]
    return [*turns[:last], *turns[last + 1 :]], turns[last].text


def _turn(message: _Message) -> Turn | None:
    """One message as a turn; an empty one says nothing and is dropped, unless it is the user's."""
    role = _ROLES.get(message.role)
    if role is None or message.tool_calls:
        raise RequestRefusedError("unsupported_role")
    text = _text(message.content)
    return None if role != "user" and not text.strip() else Turn(role, text)


def _text(content: str | Sequence[_Part] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if any(part.type != "text" or part.text is None for part in content):
        raise RequestRefusedError("unsupported_content")
    return "\n".join(part.text or "" for part in content)


def _one(reason: str, given: Sequence[str | None]) -> str | None:
    """The one value among those given; two that differ are refused."""
    values = {value.strip() for value in given if value is not None}
    if len(values) > 1 or any(len(value) > MAX_NAME_CHARS for value in values):
        raise RequestRefusedError(reason)
    return next(iter(values), None)


def _key(in_body: str | None, headers: Headers) -> str | None:
    return _one("key_conflict", [in_body, *headers.getlist("idempotency-key")]) or None


def _wrong(error: ValidationError) -> RequestRefusedError:
    """The places that do not fit, by names of our own only: a key that the caller made up may hold anything."""
    places = (
        ".".join(str(part) if isinstance(part, int) or part in _KNOWN else "?" for part in problem["loc"])
        for problem in error.errors(include_input=False, include_url=False)
    )
    return RequestRefusedError("wrong_fields", fields=tuple(sorted(set(places)))[:10])
