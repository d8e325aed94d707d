"""The forms of open text: JSON schemas and places of the statement with claims, the review and the draft.

Every object names all of its properties as required and admits no others, and labels and votes are enumerated: the
subset that structured decoding takes everywhere. Lengths and counts are bounded only where the card asks for it
(`max_text_chars`), since some backends refuse a schema that holds such bounds; the readers bound everything anyway.
Leaves to others: reading what came back (`claims`, `peer`, `draft`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from magi.core.answers.concern import CONCERNS
from magi.core.claims import MAX_CLAIMS
from magi.core.peer import Sheet

ANSWER: Final = "answer/open@2"
REVIEW: Final = "review/open@1"
WRITE: Final = "write/open@1"
VOTES: Final = ("賛成", "反対", "不明")

_Schema = dict[str, object]


def open_schema(max_text_chars: int) -> _Schema:
    """The schema of an open answer with its claims; `max_text_chars` as in `form.schema`, 0 leaves all open."""
    text = _text(max_text_chars)
    claim = _object({"claim": text, "source": text, "quote": text})
    return _object(
        {
            "answer": text,
            "claims": _array(claim, most=MAX_CLAIMS if max_text_chars else 0),
            "reason": text,
            "concern": {"type": "string", "enum": list(CONCERNS)},
        }
    )


def review_schema(sheet: Sheet, max_text_chars: int) -> _Schema:
    """The schema of a review of this sheet.

    Raises:
        ValueError: the sheet shows nothing, so that there is nothing to ask.
    """
    if not sheet.labels:
        msg = "an empty sheet cannot be reviewed"
        raise ValueError(msg)
    labels = [label for label, _ in sheet.labels]
    claims = [label for label, _ in sheet.claims]
    bounded = bool(max_text_chars)
    properties: _Schema = {"ranking": _array(_one_of(labels), most=len(labels) if bounded else 0)}
    if claims:
        vote = _object({"claim": _one_of(claims), "vote": _one_of(VOTES)})
        properties["votes"] = _array(vote, most=len(claims) if bounded else 0)
    return _object({**properties, "reason": _text(max_text_chars)})


def draft_schema(allowed: Mapping[str, str], max_text_chars: int) -> _Schema:
    """The schema of a draft over the labels of `allowed` (`draft.labelled`).

    Raises:
        ValueError: no claim was accepted, so that there is nothing to write from.
    """
    if not allowed:
        msg = "a draft needs an accepted claim"
        raise ValueError(msg)
    bounded = bool(max_text_chars)
    claims = _array(_one_of(list(allowed)), most=len(allowed) if bounded else 0)
    sentence = _object({"text": _text(max_text_chars), "claims": claims})
    return _object({"sentences": _array(sentence, most=2 * len(allowed) if bounded else 0)})


def review_places(question: str, shown: str) -> dict[str, str]:
    """The variables of the review template: the question, and the sheet as `peer_shown.render` gives it."""
    return {"question": question, "statements": shown}


def write_places(question: str, claims: str) -> dict[str, str]:
    """The variables of the writer's template: the question, and the claims as `draft.render` gives them."""
    return {"question": question, "claims": claims}


def _text(max_text_chars: int) -> _Schema:
    return {"type": "string", "maxLength": max_text_chars} if max_text_chars else {"type": "string"}


def _one_of(words: Sequence[str]) -> _Schema:
    return {"type": "string", "enum": list(words)}


def _array(items: _Schema, *, most: int) -> _Schema:
    """An array of at least nothing and, where `most` is not 0, at most so many."""
    return {"type": "array", "items": items, **({"maxItems": most} if most else {})}


def _object(properties: _Schema) -> _Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
