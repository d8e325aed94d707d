"""Parts of what a seat said, as the record keeps them: claims, token counts, a review and a draft in codes."""

from collections.abc import Mapping
from typing import Literal

from magi.core.fields import Code, Count
from magi.core.frozen import Frozen


class Claim(Frozen):
    """One claim of a statement: `cited` with a quotation, `stated` with a named basis, else `none` (根拠なし)."""

    id: Code
    basis: Literal["cited", "stated", "none"]


class Tokens(Frozen):
    """Usage as the backend reported it."""

    prompt: Count
    completion: Count


class Reviewed(Frozen):
    """A review as counted: asks in tiers, best first, and its vote on each claim shown; the reviewer's own are not."""

    ranking: tuple[tuple[Code, ...], ...]
    votes: Mapping[str, Literal["accept", "reject", "unsure"]]


class Written(Frozen):
    """A draft: the claims under each sentence that was kept, and how many sentences were removed."""

    sentences: tuple[tuple[Code, ...], ...]
    removed: Count
