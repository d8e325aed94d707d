"""What this program says itself must not raise the label of the conversation it says it in."""

import json
import tomllib
from functools import cache
from pathlib import Path

import pytest

from magi.evaluation import policy_questions
from magi.residency.detect.build import shipped
from magi.residency.detect.engine import Detectors
from magi.residency.label import Label
from magi.residency.labelling import label_texts
from magi.standin import rehearsal

ROOT = Path(policy_questions.__file__).parents[2]
PUBLIC = Label(0)

SAID_IN_REPLIES = (
    "outcome.", "said.", "flag.", "failure.", "class.", "api.seats", "api.silent", "ask.verdict", "ask.answer",
    "ask.no_decision", "ask.shown", "ask.tally", "ask.reason", "ask.dissent", "ask.confidence", "ask.advice",
    "ask.seat", "ask.state", "ask.resumed", "ask.rehearsal", "ask.file_",
    "review.", "account.",
)  # fmt: skip
"""Prefixes of the words that `magi.api.prose` and the notes around an answer are made of."""
NEVER_IN_REPLIES = ("account.turn", "account.estimate")
"""What would turn a verdict stands in reports, not in replies."""
LISTED_SUBJECTS: dict[str, str] = {}
"""Question of the evaluation to why it truly is of a listed subject; none is at present."""


@cache
def _detectors() -> Detectors:
    return shipped()


def said_in_replies() -> list[str]:
    """The keys of all words that can stand in a reply."""
    found = (key for key in _words() if key.startswith(SAID_IN_REPLIES))
    return sorted(key for key in found if not key.startswith(NEVER_IN_REPLIES))


def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((ROOT / "magi" / "words.toml").read_text("utf-8"))


def _questions() -> list[dict[str, object]]:
    path = ROOT / "magi" / "evaluation" / "policy_questions.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _asked(question: dict[str, object]) -> str:
    options = question.get("options")
    lines = [f"{key} {text}" for key, text in options.items()] if isinstance(options, dict) else []
    return "\n".join([str(question["question"]), *lines])


def _rules(text: str) -> set[str]:
    return {hit.rule for hit in _detectors().find(text)}


def _reply(*lines: str, lang: str = "ja", outcome: str = "outcome.majority") -> str:
    words = {key: table[lang] for key, table in _words().items() if lang in table}
    parts = [
        f"{words['ask.verdict']}: {words[outcome]}",
        f"{words['ask.answer']}: {words['ask.no_decision']}",
        *lines,
        f"{words['ask.confidence']}\n{words['ask.advice']}",
    ]
    return "\n\n".join(parts)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("key", said_in_replies())
def test_no_word_of_a_reply_raises(key: str, lang: str) -> None:
    """Every word that can stand in a reply is public where it stands: in a line of the reply."""
    word = _words()[key].get(lang, "")

    assert _rules(_reply(f"- MELCHIOR: {word}", lang=lang)) == set()


@pytest.mark.parametrize("path", sorted((ROOT / "prompts").rglob("*.txt")), ids=lambda path: path.name)
def test_no_prompt_of_ours_raises(path: Path) -> None:
    """The shipped templates and personas are public."""
    assert _rules(path.read_text("utf-8")) == set()


@pytest.mark.parametrize("question", _questions(), ids=lambda question: str(question["id"]))
def test_the_evaluation_asks_in_public(question: dict[str, object]) -> None:
    """The shipped questions are public, with their options, unless they truly are of a listed subject."""
    assert bool(_rules(_asked(question))) == (str(question["id"]) in LISTED_SUBJECTS)


def test_the_rehearsal_answers_in_public() -> None:
    """What the stand-in seats say at a rehearsal is public."""
    said = [rehearsal.OPENING, *(text for value in vars(rehearsal).values() for text in _texts(value))]

    assert {text: _rules(text) for text in said if _rules(text)} == {}


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if "。" in value else []
    return [text for text in value if isinstance(text, str)] if isinstance(value, tuple) else []


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("outcome", sorted(key for key in _words() if key.startswith("outcome.")))
def test_a_conversation_about_public_matters_stays_public(outcome: str, lang: str) -> None:
    """Question, our reply of any outcome and the next question are public, each alone and all together."""
    words = {key: table[lang] for key, table in _words().items() if lang in table}
    shown = [words["account.independence.none"], words["account.promise.none"]]  # they part outcome and seats
    shown += [words[key] for key in words if key.startswith(("said.", "flag."))]
    reply = _reply(*shown, rehearsal.OPENING, lang=lang, outcome=outcome)
    texts = [
        ("turn1", "住民票の写しの手数料を郵便で払う方法を教えてください。"),
        ("turn2", reply),
        ("turn3", "では、窓口で払う場合との違いを表にしてください。"),
    ]

    found = label_texts(_detectors(), texts, PUBLIC)

    assert (found.label, [hit.rule for hit in found.hits]) == (PUBLIC, [])
