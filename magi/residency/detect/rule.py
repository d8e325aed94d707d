"""What a detector is made of: rules with their reasons, the words it looks for, and the function that looks.

A rule says which label a text has when it fires, and why, in Japanese and English. Words are found once for all
detectors (`engine`); a detector's own function sees one view of the text at a time and reports spans. Leaves to
others: the spellings of a text (`views`), the join of all labels (`magi.residency.labelling`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from magi.residency.label import Label

if TYPE_CHECKING:
    from magi.residency.detect.look import Look

ViewName = Literal["raw", "plain", "tight", "bare", "values", "untagged", "kana", "romaji"]
"""The spellings a detector can ask for; `views` says what each is."""

Found = tuple[str, int, int]
"""Rule id, and the span in the view's own text: from `start` to before `end`."""


@dataclass(frozen=True)
class Rule:
    """One reason to raise a label. `topic` names the topic it belongs to, for the bias gate."""

    id: str
    label: Label
    ja: str
    en: str
    topic: str | None = None


@dataclass(frozen=True)
class Detector:
    """A family of rules that are looked for together.

    `words` maps a category to its words, found in every text view whatever their letter case; `readings` the
    same in katakana, found in the views kana and romaji with long vowels cut (see `views.reading`). Categories are
    names of this detector's own, with its name as prefix by convention. `look` must be linear in the length of
    the view and may not raise for any text; if it does, the text counts as the highest label of its rules.
    """

    name: str
    rules: tuple[Rule, ...]
    views: tuple[ViewName, ...]
    look: "Callable[[Look], Iterable[Found]]"
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def ceiling(self) -> Label:
        """The highest label that any of its rules gives."""
        return max(rule.label for rule in self.rules)
