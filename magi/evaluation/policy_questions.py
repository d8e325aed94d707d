"""The forty policy questions that ship with the product, with gold and article where a statute settles it."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from magi.core.canonical import Plain
from magi.core.errors import MalformedFileError, QuestionRefusedError
from magi.core.space import AnswerSpace
from magi.service.question import Question, take_question


@dataclass(frozen=True)
class PolicyQuestion:
    """A question as the council is asked it, and apart from it the gold class (None: nothing decides)."""

    id: str
    category: str
    question: Question
    gold: str | None
    source: str | None


def policy_questions() -> tuple[PolicyQuestion, ...]:
    """All forty, in order."""
    text = files("magi.evaluation").joinpath("policy_questions.jsonl").read_text(encoding="utf-8")
    return tuple(_parse(json.loads(line)) for line in text.splitlines())


def read_questions(path: Path) -> tuple[PolicyQuestion, ...]:
    """Questions from a JSON Lines file of the same fields as the shipped one.

    Raises:
        MalformedFileError: unreadable, not UTF-8, or a line that is no question; every bad line by number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MalformedFileError("unreadable", file=str(path), problems=(error.strerror or "",)) from error
    except UnicodeDecodeError as error:
        raise MalformedFileError("not_utf8", file=str(path), problems=(f"byte {error.start}",)) from error
    found: list[PolicyQuestion] = []
    bad: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(_parse(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, QuestionRefusedError):
            bad.append(f"line {number}")
    if bad or not found:
        raise MalformedFileError("questions", file=str(path), problems=tuple(bad) or ("no question",))
    return tuple(found)


def _parse(row: dict[str, Plain]) -> PolicyQuestion:
    options, space, source = row.get("options") or {}, row["space"], row.get("source")
    if not isinstance(options, dict) or not isinstance(space, dict):
        raise TypeError
    texts = {str(key): str(value) for key, value in options.items()}
    fields = {**space, "options": tuple(texts)} if texts else space
    declared: AnswerSpace = TypeAdapter(AnswerSpace).validate_python(fields)
    question = take_question(str(row["question"]), declared, texts)
    gold = row.get("gold")
    cited = f"{source['law']}{source['article']}" if isinstance(source, dict) else None
    return PolicyQuestion(
        str(row["id"]), str(row.get("category", "")), question, None if gold is None else str(gold), cited
    )
