"""Answers: from a seat's text to a canonical answer, or to the name of why there is none.

START HERE: `canonicalise` in `reading` tells the steps in order. A failure is never a vote: when in doubt a text
becomes a named failure, and no default, majority of mentions or nearest match is ever taken.

`fold` brings spellings to one; `envelope` takes JSON out; `prose` finds where an answer is stated; `choice`,
`yes_no`, `quantity` and `day` read one kind of answer each; `silence` knows refusals; `open_text` numbers the
classes of free text. Where arbitration is on, `listed` reads rankings and approvals, `concern` the grave objection
beside an answer, and `evasion` tells a seat that talks around the question.
Pure, no locale, no floats; only `magi.core` is imported.
"""

from magi.core.answers.open_text import CLASSIFY_METHOD, classify_open
from magi.core.answers.outcome import FAILURES, Abstention, Answer, Canonical, Failure, FailureName, Refusal
from magi.core.answers.reading import MAX_ANSWER_CHARS, canonicalise

__all__ = [
    "CLASSIFY_METHOD",
    "FAILURES",
    "MAX_ANSWER_CHARS",
    "Abstention",
    "Answer",
    "Canonical",
    "Failure",
    "FailureName",
    "Refusal",
    "canonicalise",
    "classify_open",
]
