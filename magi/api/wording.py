"""The text of a reply: worded once, recorded with the verdict, and the recorded text for whoever asks again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from magi.api.prose import prose
from magi.core.decided import Decided
from magi.core.errors import MalformedFileError
from magi.core.record import Record
from magi.core.terms import Terms
from magi.service.question import Question
from magi.service.reply import Deliberation, Statement
from magi.service.run import Tools

WHO = "magi"
WHY = "same_idempotency_key"


@dataclass
class Wording:
    """Words one reply in a language and keeps the text; `render` is what the service calls before it records."""

    lang: str
    text: str = ""

    def render(
        self,
        question: Question,
        verdict: Decided,
        statements: Mapping[str, Statement],
        terms: Terms | None = None,
    ) -> str:
        """The reply as prose."""
        self.text = prose(question, verdict, statements, self.lang, terms)
        return self.text

    async def of(self, tools: Tools, done: Deliberation) -> str:
        """The text of a finished deliberation: as just worded, else as recorded the first time.

        Raises:
            MagiError: the recorded reply cannot be read.
        """
        if self.text:
            return self.text
        decided = next(record for record in done.records if isinstance(record.data, Decided))
        # One that a start closed after a crash was worded for nobody: its recorded text is empty.
        return await recorded_text(tools, decided) or prose(
            done.question, done.verdict, done.statements, self.lang, done.opened.arbitration
        )


async def recorded_text(tools: Tools, decided: Record, who: str = WHO, why: str = WHY) -> str:
    """The reply's text in the body of a `decided` record; the access is recorded.

    Raises:
        MalformedFileError: the body is no reply of this version.
        TamperedError, KeyMissingError, LedgerUnavailableError: see `Ledger.body`.
    """
    ref = decided.ref("reply")
    if ref is None:
        return ""
    try:
        fields = json.loads(await tools.ledger.body(ref, who, why))
        return str(fields["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedFileError("reply") from error
