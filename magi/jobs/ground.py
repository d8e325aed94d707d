"""What a batch stands on, and the key under which each of its rows is answered once.

The key of a row joins the batch's ground (council, cards, prompts, profile, whether it is a rehearsal, and a name
given by hand) and the row's own id, question, answer space and effective label. So the same command finds every
answer again; a corrected row, another council, an edited card or another name asks anew; and the answer of a
rehearsal never stands for a real one. The file's name and the row's place in it do not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from magi.core.canonical import Plain, canonical, digest
from magi.core.card import Card
from magi.core.council import Council
from magi.core.form import template_for
from magi.core.prompts import Templates
from magi.jobs.rows import Row
from magi.residency.label import declared_label
from magi.service.run import Tools

VERSION = 1
"""A change of what keys are made of needs a new number, or half-done batches would be mixed."""


@dataclass(frozen=True)
class Ground:
    """The council to ask, and the digest of everything that makes two batches the same."""

    council: Council
    templates: Templates
    digest: str

    def key(self, row: Row) -> str:
        """The idempotency key of a row, 64 hex digits."""
        question = row.question
        fields: dict[str, Plain] = {
            "batch": self.digest,
            "id": str(row.id),
            "text": question.text,
            "options": dict(question.options),
            "space": question.space.model_dump(mode="json"),
            "template": self.templates.digest(template_for(question.space)),
            "label": int(declared_label(row.label)),
            "declared": row.label is not None,
            **({"topic": row.topic} if row.topic else {}),
        }
        return digest(canonical(fields))


def ground(
    tools: Tools, council: Council, cards: Mapping[str, Card], run_name: str, *, rehearsal: bool
) -> Ground:
    """The ground of a batch; `cards` as their files say, not as bound to the stand-ins of this process.

    Raises:
        UnknownNameError: the council names a card that is not there.
    """
    targets = sorted({target for seat in council.seats for target in seat.targets})
    personas = sorted({f"persona/{seat.persona}" for seat in council.seats})
    fields: dict[str, Plain] = {
        "v": VERSION,
        "council": council.digest,
        "cards": {target: cards[target].digest for target in targets},
        "personas": {name: tools.templates.digest(name) for name in personas},
        "profile": tools.profile.version,
        "rehearsal": rehearsal,
        "name": run_name,
    }
    if council.arbitration is not None:
        # Rounds follow the first, and which templates they use is known only with the question's terms.
        fields["templates"] = {name: tools.templates.digest(name) for name in sorted(tools.templates.texts)}
    return Ground(council, tools.templates, digest(canonical(fields)))
