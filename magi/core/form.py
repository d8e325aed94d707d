"""The form a seat fills in: the JSON schema of a statement, and the words of its template's places.

One form for every persona: `answer`, `reason`, `basis`, in that order, nothing else. Abstaining is always one
of the answers. Leaves to others: reading what came back (`answers`), wire formats (`magi.gateway.protocols`).
"""

from collections.abc import Mapping, Sequence

from magi.core.space import AnswerSpace

ABSTAIN = "棄権"
YES_NO = ("はい", "いいえ", "条件付き")


def schema(space: AnswerSpace, max_text_chars: int) -> dict[str, object]:
    """The JSON schema (2020-12 subset of structured decoding) of a statement on this space.

    Args:
        space: what kind of answer is asked for.
        max_text_chars: bound on each free text in characters; 0 leaves it open.
    """
    text: dict[str, object] = {"type": "string"}
    if max_text_chars:
        text = {"type": "string", "maxLength": max_text_chars}
    answer = text
    if space.kind == "choice":
        answer = {"type": "string", "enum": [*space.options, ABSTAIN]}
    elif space.kind == "yes_no_conditional":
        answer = {"type": "string", "enum": [*YES_NO, ABSTAIN]}
    return {
        "type": "object",
        "properties": {"answer": answer, "reason": text, "basis": text},
        "required": ["answer", "reason", "basis"],
        "additionalProperties": False,
    }


def template_for(space: AnswerSpace) -> str:
    """The name of the answer template for this space, with its version."""
    return f"answer/{space.kind}@1"


HISTORY = "history/turns@1"
"""The template that puts earlier turns before a question."""
_SPEAKERS = {"system": "設定", "user": "利用者", "assistant": "回答", "material": "資料"}


def turns_text(turns: Sequence[tuple[str, str]]) -> str:
    """Earlier turns, (role, text) each, as the place `turns` of the history template."""
    return "\n".join(f"{_SPEAKERS[role]}: {text}" for role, text in turns)


def places(space: AnswerSpace, question: str, options: Mapping[str, str]) -> dict[str, str]:
    """The variables of `template_for(space)`: the question, and its options or its unit."""
    variables = {"question": question}
    if space.kind == "choice":
        variables["options"] = "\n".join(f"{option}: {options.get(option, '')}" for option in space.options)
    if space.kind == "number":
        variables["unit"] = f"単位は「{space.unit}」。" if space.unit else ""
    return variables
