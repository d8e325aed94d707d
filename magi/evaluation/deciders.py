"""Decisions of every aggregator with one profile, remembered by topic and pattern.

Twelve thousand questions come down to some hundred patterns of agreement, so a figure over all of them costs
little more than the patterns. Leaves to others: how an aggregator decides (`magi.core.aggregate`).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from magi.core.aggregate import AGGREGATORS, Pattern, Scales, raw_of, scales, speaker
from magi.core.calibration import Outcomes
from magi.core.reliability import AggregatorName, Profile
from magi.evaluation.answer_sheet import Row

CHOICES: Final = tuple(name for name in AGGREGATORS if name != "majority")
"""What may be chosen: a majority never answers more than a plurality does."""

Rows = Counter[Row]


@dataclass
class Deciders:
    """A profile with its decisions remembered by topic and pattern; owns that memory."""

    profile: Profile
    _speakers: dict[tuple[AggregatorName, str, Pattern], int | None] = field(default_factory=dict)
    _raws: dict[tuple[str, Pattern, int], int] = field(default_factory=dict)
    _scales: dict[tuple[AggregatorName, str], Scales] = field(default_factory=dict)

    def speaker(self, by: AggregatorName, topic: str, pattern: Pattern) -> int | None:
        """The place of the seat whose answer stands, None for no decision."""
        key = (by, topic, pattern)
        if key not in self._speakers:
            self._speakers[key] = speaker(self.scales(by, topic), pattern)
        return self._speakers[key]

    def scales(self, by: AggregatorName, topic: str) -> Scales:
        """The weights and ranks of an aggregator in a topic."""
        if (by, topic) not in self._scales:
            self._scales[by, topic] = scales(self.profile, by, topic)
        return self._scales[by, topic]

    def is_right(self, by: AggregatorName, row: Row) -> bool:
        """Whether the answer that stands is the right one; no decision is not."""
        place = self.speaker(by, row.topic, row.pattern)
        return place is not None and row.right[place]

    def raw_bp(self, row: Row, place: int) -> int:
        """The probability of that seat's class before calibration."""
        key = (row.topic, row.pattern, row.pattern[place])
        if key not in self._raws:
            weights = self.scales("log_odds_topic", row.topic).weights
            known = self.profile
            self._raws[key] = raw_of(weights, known.n_eff_centi, known.options, row.pattern, key[2])
        return self._raws[key]

    def outcomes(self, by: AggregatorName, rows: Rows) -> Outcomes:
        """Raw probabilities of the decisions made, against whether they were right."""
        found: dict[int, tuple[int, int]] = {}
        for row, count in rows.items():
            place = self.speaker(by, row.topic, row.pattern)
            if place is not None:
                raw = self.raw_bp(row, place)
                asked, right = found.get(raw, (0, 0))
                found[raw] = (asked + count, right + count * row.right[place])
        return found
