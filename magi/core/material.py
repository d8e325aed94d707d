"""What the record keeps of a material: its id, date, rank, licence and flags; how old is too old.

No word of a material stands here: title and text are in the question's body. Codes are stable; a warning changes
nothing but what people are told. Leaves to others: reading files (`magi.cli`), showing them to seats
(`magi.service.sources`), checking claims against them (`grounding`).
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from magi.core.card import Day
from magi.core.fields import Code, Hex
from magi.core.frozen import Frozen

Rank = Literal["law", "official", "report", "press", "other"]
RANKS: Final[tuple[Rank, ...]] = get_args(Rank)

MAX_MATERIALS: Final = 64
"""Of one question: they share its 100,000 characters, and a seat that is shown more reads none of them."""
MATERIAL_ID: Final = r"M[1-9][0-9]?"
"""`M1` to `M64`, in the order in which the seats see them."""

STALE_DAYS: Final[dict[Rank, int]] = {
    "law": 365,  # every ordinary session of the Diet amends statutes: a text of last year may not be in force
    "official": 730,  # notices and stated positions are revised with budgets and postings, about two years
    "report": 1_095,  # the large statistical surveys come every three to five years
    "press": 90,  # news is about something that goes on
    "other": 365,  # of unknown kind: no longer than a statute
}
"""Age in days past which a material of each rank has to be looked at before it is relied on."""


class Source(Frozen):
    """One material as the record keeps it.

    `title_digest` commits to what the seats were shown of it, title included. `label` is what it raises the question
    to by declaration (0: nothing was declared). `stale` with no date means that nobody can tell. `position` marks a
    stated position of the government. `instructs`: something in it reads like an instruction to a model.
    """

    id: Annotated[str, Field(pattern=rf"^{MATERIAL_ID}$")]
    title_digest: Hex
    date: Day | None
    rank: Rank
    licence: Code
    personal: bool
    label: Annotated[int, Field(ge=0, le=6)]
    stale: bool
    position: bool
    instructs: bool = False


def is_stale(day: str | None, rank: Rank, as_of: date) -> bool:
    """Tell whether a material of this day (ISO 8601) is too old to be relied on unread; without a day it is."""
    return day is None or (as_of - date.fromisoformat(day)).days > STALE_DAYS[rank]


def is_ahead(day: str | None, as_of: date) -> bool:
    """Tell whether a material is of a later day than the question's: not in force, or not yet published."""
    return day is not None and date.fromisoformat(day) > as_of


def warnings(source: Source, as_of: date) -> tuple[str, ...]:
    """The codes of what a reader has to know of a material before relying on it, in a fixed order."""
    told = (
        ("undated_material", source.date is None),
        ("stale_material", source.stale and source.date is not None),
        ("future_material", is_ahead(source.date, as_of)),
        ("material_instructs", source.instructs),
    )
    return tuple(code for code, holds in told if holds)


def flags(sources: Sequence[Source]) -> tuple[str, ...]:
    """The flags that a verdict carries because of its materials: stale_material (undated too), material_instructs."""
    told = (
        ("stale_material", any(source.stale for source in sources)),
        ("material_instructs", any(source.instructs for source in sources)),
    )
    return tuple(code for code, holds in told if holds)


def laws(sources: Sequence[Source]) -> frozenset[str]:
    """The ids of the materials of rank law: a claim may name such a statute instead of its id."""
    return frozenset(source.id for source in sources if source.rank == "law")
