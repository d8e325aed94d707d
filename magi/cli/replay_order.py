"""What the command line asks of one replay, and what its words mean: level, period, what is otherwise."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from magi.core.acts import Level
from magi.core.errors import UnknownNameError
from magi.core.rules.count import Rule
from magi.replay.egress import Period

RULES: Final = (
    "plurality", "majority", "supermajority:2/3", "unanimity", "approval", "borda", "copeland", "kemeny", "minimax",
    "ranked_pairs", "schulze", "weighted", "chosen",
)  # fmt: skip
"""As the command line writes them; the share of a supermajority is free."""
TieWord = Literal["none", "order", "options", "reliable"]
_SHARE: Final = re.compile(r"(supermajority):([0-9]{1,3})/([0-9]{1,3})")
MAX_WORD_CHARS: Final = 200
"""Of a name or a reason in a record (`magi.core.fields.Code`)."""
EVERYTHING: Final = Period()


@dataclass(frozen=True)
class WhatIf:
    """What is otherwise than it was, as words; None and empty leave it. `reliability` is a profile's file."""

    rule: str | None = None
    tie: TieWord | None = None
    quorum: int | None = None
    without: tuple[str, ...] = ()
    today: bool = False
    reliability: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.plain())

    def plain(self) -> Mapping[str, str]:
        """Only what is otherwise, as a record of the replay names it."""
        words = {
            "rule": self.rule,
            "tie": self.tie,
            "quorum": None if self.quorum is None else str(self.quorum),
            "without": ",".join(self.without) or None,
            "today": "today" if self.today else None,
            "reliability": self.reliability,
        }
        return {name: word for name, word in words.items() if word is not None}

    def parsed_rule(self) -> Rule | None:
        """The rule by its word.

        Raises:
            UnknownNameError: `rule`, with those there are.
        """
        if self.rule is None:
            return None
        shared = _SHARE.fullmatch(self.rule)
        table: dict[str, object] = {"name": self.rule}
        if shared is not None:
            table = {"name": shared[1], "share": (int(shared[2]), int(shared[3]))}
        try:
            return Rule.model_validate(table)
        except ValidationError as error:
            raise UnknownNameError("rule", name=self.rule, known=RULES) from error


@dataclass(frozen=True)
class ReplayOptions:
    """What the command line says of one replay."""

    name: str | None = None
    every: bool = False
    period: Period = EVERYTHING
    level: Level | None = None
    what_if: WhatIf = field(default_factory=WhatIf)
    manifest: bool = False
    who: str | None = None
    why: str = "replay"
    note: bool = True
    rehearsal: bool = False
    as_json: bool = False
    ledger: Path | None = None

    def checked(self) -> "ReplayOptions":
        """The same, once it makes sense as a whole, with the level that its other words ask for.

        Raises:
            UnknownNameError: `replay_scope`, neither one deliberation nor all, or both; `replay_change`, a change
                at another level than R3, or R3 without one; `replay_word`, a name or reason that no record takes.
        """
        if self.every == (self.name is not None) or (self.manifest and self.every):
            raise UnknownNameError("replay_scope")
        words = {
            "--who": self.who,
            "--why": self.why,
            **{f"--{n}": w for n, w in self.what_if.plain().items()},
        }
        for flag, word in words.items():
            if word is not None and not (0 < len(word) <= MAX_WORD_CHARS and word.isprintable()):
                raise UnknownNameError("replay_word", name=flag, limit=MAX_WORD_CHARS)
        level = self.level or ("R3" if self.what_if else "R1")
        if bool(self.what_if) != (level == "R3"):
            raise UnknownNameError("replay_change", name=level)
        return ReplayOptions(**{**vars(self), "level": level})
