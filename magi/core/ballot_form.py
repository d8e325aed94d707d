"""The form of a ballot where arbitration is on: the schema of a statement, its templates, and their places.

Version 2 of the form for closed spaces: `answer`, `reason`, `basis` as before, and `concern`, the grave objection
that may hold up a verdict. Ranked rules ask for a `ranking` of a choice's options in place of the answer, approval
for the `approved` ones; on every other space each rule asks for one answer. Abstaining is always one of the
answers. A rebuttal asks for the same form again.

Bounds on lists are left out: strict decoders refuse `uniqueItems` and some `maxItems`, and the reader refuses a
repeated option by name. Leaves to others: open text (`magi.core.open_form`), councils without arbitration
(`magi.core.form`), reading what came back (`magi.core.answers`).
"""

from collections.abc import Mapping
from typing import Final, Literal

from magi.core.answers import Canonical, canonicalise
from magi.core.answers.concern import CONCERNS
from magi.core.answers.listed import read_approval, read_ranking
from magi.core.form import ABSTAIN, YES_NO
from magi.core.form import places as answer_places
from magi.core.rules.count import RANKED
from magi.core.space import ChoiceSpace, DateSpace, NumberSpace, YesNoConditionalSpace

ClosedSpace = ChoiceSpace | YesNoConditionalSpace | NumberSpace | DateSpace
Asked = Literal["answer", "ranking", "approved"]
"""What the first field of a form asks for, by its name."""

_TEMPLATES: Final[Mapping[Asked, str]] = {
    "answer": "answer/{kind}@2",
    "ranking": "answer/ranking@1",
    "approved": "answer/approval@1",
}
_REBUTTALS: Final[Mapping[Asked, str]] = {
    "answer": "rebuttal/{kind}@1",
    "ranking": "rebuttal/ranking@1",
    "approved": "rebuttal/approval@1",
}
_NO_TEXTS: Final[Mapping[str, str]] = {}


def asked(space: ClosedSpace, rule: str) -> Asked:
    """What a seat is asked for on this space under this rule."""
    if isinstance(space, ChoiceSpace) and rule in RANKED:
        return "ranking"
    if isinstance(space, ChoiceSpace) and rule == "approval":
        return "approved"
    return "answer"


def schema(space: ClosedSpace, rule: str, max_text_chars: int, *, concern: bool = True) -> dict[str, object]:
    """The JSON schema (2020-12 subset of structured decoding) of a statement on this space under this rule.

    Args:
        space: what kind of answer is asked for.
        rule: the council's rule by name.
        max_text_chars: bound on each free text in characters; 0 leaves it open.
        concern: whether the form asks for a grave concern.
    """
    text: dict[str, object] = {"type": "string"}
    if max_text_chars:
        text = {"type": "string", "maxLength": max_text_chars}
    fields = {asked(space, rule): _first(space, rule, text), "reason": text, "basis": text}
    if concern:
        fields["concern"] = {"type": "string", "enum": list(CONCERNS)}
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def template_for(space: ClosedSpace, rule: str) -> str:
    """The name of the template of a first answer, with its version; it names `concern`."""
    return _TEMPLATES[asked(space, rule)].format(kind=space.kind)


def rebuttal_template_for(space: ClosedSpace, rule: str) -> str:
    """The name of the template of a second ballot, with its version; it names `concern`."""
    return _REBUTTALS[asked(space, rule)].format(kind=space.kind)


def places(
    space: ClosedSpace, question: str, options: Mapping[str, str], *, statements: str | None = None
) -> dict[str, str]:
    """The variables of `template_for`, or with `statements` (`rebuttal.shown`) those of `rebuttal_template_for`."""
    variables = answer_places(space, question, options)
    return variables if statements is None else variables | {"statements": statements}


def read_ballot(
    text: str, space: ClosedSpace, rule: str, option_texts: Mapping[str, str] = _NO_TEXTS
) -> Canonical:
    """Reduce a seat's text to the ballot that the form of this space and rule asks for.

    Raises:
        ValueError: `option_texts` names an id that is not in the space.
    """
    wanted = asked(space, rule)
    if isinstance(space, ChoiceSpace) and wanted == "ranking":
        return read_ranking(text, space, option_texts)
    if isinstance(space, ChoiceSpace) and wanted == "approved":
        return read_approval(text, space, option_texts)
    return canonicalise(text, space, option_texts)


def _first(space: ClosedSpace, rule: str, text: dict[str, object]) -> dict[str, object]:
    """The first field: the answer, or the list of options."""
    if isinstance(space, ChoiceSpace):
        option: dict[str, object] = {"type": "string", "enum": [*space.options, ABSTAIN]}
        return option if asked(space, rule) == "answer" else {"type": "array", "items": option}
    if isinstance(space, YesNoConditionalSpace):
        return {"type": "string", "enum": [*YES_NO, ABSTAIN]}
    return text
