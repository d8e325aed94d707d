"""A question as it is taken: text, options, answer space, declared label. Parsed once, trusted inside.

Promises: a `Question` is never empty, never over the limit, and fits its space. Its body bytes are canonical,
so equal questions have equal digests. Leaves to others: labels (`magi.residency`), who is asked (the
council).
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from magi.core.canonical import canonical
from magi.core.derive import derive
from magi.core.errors import QuestionRefusedError
from magi.core.space import AnswerSpace, SpaceDecision

MAX_CHARS = 100_000
"""About 200 pages of Japanese; the longest context of the listed models, and 0.3 MB in UTF-8."""
MAX_OPTION_CHARS = 4_000
MAX_TURNS = 200
"""A conversation longer than this is summarised by its client; every turn costs a digest and a look-up."""

Role = Literal["system", "user", "assistant", "material"]
"""Who speaks. `material` is the visible text of a file; no client may claim it (`magi.service.materials`)."""


@dataclass(frozen=True)
class Turn:
    """One earlier turn of a conversation, as the client sends it back, or what a file shows."""

    role: Role
    text: str


@dataclass(frozen=True)
class Question:
    """A question with its decided answer space; `options` maps option id to its text (choice only).

    `history` are the turns before it, oldest first; they are context, never instructions.
    """

    text: str
    decision: SpaceDecision
    options: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Turn, ...] = ()

    @property
    def space(self) -> AnswerSpace:
        """The answer space, declared or derived."""
        return self.decision.space

    def to_bytes(self) -> bytes:
        """The question's body: canonical JSON of text, options, space and history."""
        return canonical(
            {
                "text": self.text,
                "options": dict(self.options),
                "space": self.space.model_dump(mode="json"),
                "source": self.decision.source,
                "history": [[turn.role, turn.text] for turn in self.history],
            }
        )


def take_question(
    text: str,
    space: AnswerSpace | None = None,
    options: Mapping[str, str] | None = None,
    history: Sequence[Turn] = (),
) -> Question:
    """Take a question; without a declared space, derive one from the text by the recorded rule.

    Args:
        text: the question, any length up to `MAX_CHARS` characters.
        space: the declared answer space, or None to derive it.
        options: option id to text, where the space is a declared choice.
        history: the turns before it, oldest first; its characters count towards `MAX_CHARS`.

    Raises:
        QuestionRefusedError: empty, too_large, not_text (lone surrogates: not UTF-8 on its way in),
            options_missing, options_unknown, option_empty, option_too_large, too_many_turns.
    """
    _check_text(text)
    turns = _check_history(history, len(text))
    if space is None:
        decision, found = derive(text)
        return Question(text, decision, dict(found), turns)
    given = dict(options or {})
    if space.kind == "choice":
        _check_options(space.options, given)
    elif given:
        raise QuestionRefusedError("options_unknown", space=space.kind)
    return Question(text, SpaceDecision(space=space, source="declared"), given, turns)


def with_history(question: Question, history: Sequence[Turn]) -> Question:
    """The same question after other turns.

    Raises:
        QuestionRefusedError: too_large, too_many_turns, not_text.
    """
    return replace(question, history=_check_history(history, len(question.text)))


def read_question(body: bytes) -> Question:
    """The question of a recorded body, as `Question.to_bytes` wrote it.

    Raises:
        QuestionRefusedError: the body is no question of this version.
    """
    try:
        fields = json.loads(body)
        decision = SpaceDecision.model_validate_json(
            json.dumps({"space": fields["space"], "source": fields["source"]})
        )
        _check_text(fields["text"])
        turns = tuple(Turn(role, said) for role, said in fields.get("history", ()))
        return Question(fields["text"], decision, dict(fields["options"]), turns)
    except (ValueError, KeyError, TypeError, AttributeError, QuestionRefusedError) as error:
        raise QuestionRefusedError("unreadable_body") from error


def _check_text(text: str) -> None:
    if len(text) > MAX_CHARS:
        raise QuestionRefusedError("too_large", chars=len(text), most=MAX_CHARS)
    _check_encoding(text)
    if not any(unicodedata.category(char)[0] in "LMNPS" for char in text):
        raise QuestionRefusedError("empty")


def _check_history(history: Sequence[Turn], chars: int) -> tuple[Turn, ...]:
    if len(history) > MAX_TURNS:
        raise QuestionRefusedError("too_many_turns", turns=len(history), most=MAX_TURNS)
    total = chars + sum(len(turn.text) for turn in history)
    if total > MAX_CHARS:
        raise QuestionRefusedError("too_large", chars=total, most=MAX_CHARS)
    for turn in history:
        _check_encoding(turn.text)
    return tuple(history)


def _check_encoding(text: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise QuestionRefusedError("not_text")


def _check_options(ids: tuple[str, ...], options: Mapping[str, str]) -> None:
    if set(ids) != set(options):
        missing = tuple(option for option in ids if option not in options)
        raise QuestionRefusedError("options_missing" if missing else "options_unknown", ids=missing)
    for option, text in options.items():
        if not text.strip():
            raise QuestionRefusedError("option_empty", id=option)
        if len(text) > MAX_OPTION_CHARS:
            raise QuestionRefusedError("option_too_large", id=option, most=MAX_OPTION_CHARS)
        _check_encoding(text)
