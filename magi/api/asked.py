"""What a caller asks, from JSON fields to a question: the OpenAI chat form and the native form.

Fields of the OpenAI API that mean nothing to a council (temperature, tools, user, ...) are accepted and dropped
here: they are forwarded to nobody. Fields of our own are strict: a misspelt label is refused, never ignored. A
label, or an idempotency key, that is given twice and differs is refused: neither of two may win silently.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers

from magi.api.problems import RequestRefusedError
from magi.core.frozen import Frozen
from magi.core.terms import read_topic
from magi.jobs.rows import read_options, read_space
from magi.service.materials import Attached
from magi.service.question import Question, Role, Turn, take_question
from magi.service.sources import UNSTATED, Provenance

MAX_NAME_CHARS = 200
"""Names of models, labels and keys: ours are far shorter, UUIDs and digests fit."""

MAX_FILE_NAME_CHARS = 1_000
"""Four times what file systems allow: some clients send a path."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]

_ROLES: Mapping[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant"
}  # fmt: skip
_KNOWN = {
    "model", "messages", "stream", "n", "stream_options", "include_usage", "role", "content", "type", "text",
    "magi", "label", "space", "options", "idempotency_key", "question", "council", "history",
    "file", "filename", "file_data", "files", "name", "data", "about", "title", "date", "rank", "licence",
    "personal_data", "official_position", "topic",
}  # fmt: skip


class _Foreign(BaseModel):
    """Part of somebody else's API: unknown fields are ignored, known ones must fit."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, strict=True)


FileName = Annotated[str, Field(max_length=MAX_FILE_NAME_CHARS)]


class _File(_Foreign):
    """A file part; `magi` is our own, what the caller states of it (`magi.service.sources`)."""

    filename: FileName | None = None
    file_data: str | None = None
    magi: Provenance | None = None


class _Part(_Foreign):
    type: str
    text: str | None = None
    file: _File | None = None


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
    lowering: Annotated[int, Field(ge=0)] | None = None
    topic: Name | None = None


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


class _NativeFile(Frozen):
    name: FileName
    data: str
    about: Provenance | None = None


class _Native(Frozen):
    question: str
    council: Name | None = None
    label: Name | None = None
    space: str | dict[str, object] | None = None
    options: dict[str, object] | list[object] | None = None
    history: list[_HistoryTurn] = Field(default_factory=list)
    files: list[_NativeFile] = Field(default_factory=list)
    idempotency_key: Name | None = None
    lowering: Annotated[int, Field(ge=0)] | None = None
    topic: Name | None = None


class _Raise(Frozen):
    label: Name


@dataclass(frozen=True)
class Asked:
    """One question as it was asked over HTTP; `council` None means the default one.

    `lowering` cites the record of a named person's word on this very text (`magi policy lower`). `files` are not
    read yet, and not part of the question yet. `topic` is what the caller says it is about.
    """

    question: Question
    council: str | None
    label: str | None
    idempotency_key: str | None
    stream: bool = False
    include_usage: bool = False
    lowering: int | None = None
    files: tuple[Attached, ...] = ()
    topic: str | None = None


def chat_asked(fields: Mapping[str, object], headers: Headers) -> Asked:
    """Read an OpenAI chat request: the last message is the question, those before it its history.

    Raises:
        RequestRefusedError: wrong_fields, n_not_one, unsupported_content, bad_file, unsupported_role,
            last_not_user, label_conflict, key_conflict.
        QuestionRefusedError: as `take_question`, `read_space`, `read_options`.
    """
    try:
        chat = _Chat.model_validate(fields)
    except ValidationError as error:
        raise _wrong(error) from None
    if chat.n not in (None, 1):
        raise RequestRefusedError("n_not_one")
    said = chat.magi or Extension()
    history, text, files = _split(chat.messages)
    options = read_options(said.options)
    return Asked(
        question=take_question(text, read_space(said.space, tuple(options)), options, history),
        council=chat.model,
        label=_one("label_conflict", [said.label, *headers.getlist("magi-label")]),
        idempotency_key=_key(said.idempotency_key, headers),
        stream=bool(chat.stream),
        include_usage=chat.stream_options is not None and chat.stream_options.include_usage,
        lowering=said.lowering,
        files=files,
        topic=read_topic(said.topic),
    )


def native_asked(fields: Mapping[str, object], headers: Headers) -> Asked:
    """Read a native request.

    Raises:
        RequestRefusedError: wrong_fields, bad_file, label_conflict, key_conflict.
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
        lowering=form.lowering,
        files=tuple(
            Attached(file.name, _bytes_of(file.data), len(history), file.about or UNSTATED)
            for file in form.files
        ),
        topic=read_topic(form.topic),
    )


def label_asked(fields: Mapping[str, object]) -> str:
    """The label that a deliberation is to be raised to.

    Raises:
        RequestRefusedError: wrong_fields.
    """
    try:
        return _Raise.model_validate(fields).label
    except ValidationError as error:
        raise _wrong(error) from None


def _split(messages: Sequence[_Message]) -> tuple[list[Turn], str, tuple[Attached, ...]]:
    """History, question and files. System messages after the question join the history: their labels count too."""
    turns: list[Turn] = []
    files: list[Attached] = []
    for message in messages:
        turn = _turn(message)
        files += _files(message, len(turns))
        turns += [] if turn is None else [turn]
    users = [place for place, turn in enumerate(turns) if turn.role == "user"]
    if not users or any(turn.role == "assistant" for turn in turns[users[-1] :]):
        raise RequestRefusedError("last_not_user")
    last = users[-1]
    return [*turns[:last], *turns[last + 1 :]], turns[last].text, tuple(files)


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
    texts = [part for part in content if part.type != "file"]
    if any(part.type != "text" or part.text is None for part in texts):
        raise RequestRefusedError("unsupported_content")
    return "\n".join(part.text or "" for part in texts)


def _files(message: _Message, place: int) -> list[Attached]:
    """The files of one message of the user; they stand before its own turn, which has this place in the history."""
    parts = message.content if isinstance(message.content, list) else []
    files = [part.file for part in parts if part.type == "file"]
    if files and message.role != "user":
        raise RequestRefusedError("unsupported_content")
    return [_attached(file, place) for file in files]


def _attached(file: _File | None, place: int) -> Attached:
    if file is None or file.file_data is None:  # a file_id names a file that nobody gave us
        raise RequestRefusedError("bad_file")
    return Attached(file.filename or "", _bytes_of(file.file_data), place, file.magi or UNSTATED)


def _bytes_of(data: str) -> bytes:
    """The bytes of Base64 (RFC 4648), as a `data:` address (RFC 2397) or by itself."""
    head, comma, rest = data.partition(",")
    if comma and not (head.startswith("data:") and head.endswith(";base64")):
        raise RequestRefusedError("bad_file")
    try:
        return base64.b64decode(rest if comma else head, validate=True)
    except (binascii.Error, ValueError):
        raise RequestRefusedError("bad_file") from None  # not the decoder's own words


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
