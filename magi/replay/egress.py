"""The sends of a period in numbers: what an auditor reads who asks whether anything went abroad. Pure.

Takes streams one by one, so that a log of any length is read in little memory: foreign sends are kept, domestic
ones counted. Leaves to others: what one send is (`sends`), whether the log is sound (`magi.ledger.verify`), words
and tables (the command).
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from magi.core.record import Record
from magi.replay.sends import Incident, Lowering, Send, incidents_of, moment, sends_of
from magi.residency.label import Label


@dataclass(frozen=True)
class Period:
    """Days in Japan, both included."""

    first: datetime.date = datetime.date.min
    last: datetime.date = datetime.date.max

    def holds(self, at_ms: int) -> bool:
        """Whether a Unix time in ms falls on one of its days."""
        return self.first <= moment(at_ms).date() <= self.last


@dataclass(frozen=True)
class Numbers:
    """Foreign sends of a period in numbers; what has proof of not being sent is in `not_sent` only."""

    foreign: int
    by_host_country: Mapping[str, int]
    by_operator_country: Mapping[str, int]
    by_label: Mapping[str, int]
    by_outcome: Mapping[str, int]
    by_standins: int
    not_sent: int
    domestic: int
    judged_by_record: int
    refused_by_guard: int
    alarms: int


@dataclass
class EgressAudit:
    """Takes streams one by one and keeps what a report of a period needs. Owned by one caller.

    `foreign_cards` says of each card still known, by its digest, whether the policy calls it foreign;
    `keep_domestic` keeps domestic sends for listing too, which are otherwise only counted.
    """

    period: Period
    lowerings: Sequence[Lowering] = ()
    foreign_cards: Mapping[str, bool] = field(default_factory=dict)
    keep_domestic: bool = False
    sends: list[Send] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    deliberations: int = 0
    tickets: int = 0
    tickets_in_period: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    _domestic: int = 0
    _judged_by_record: int = 0

    def take(self, stream: str, records: Sequence[Record]) -> None:
        """Read one whole stream."""
        self.deliberations += stream.startswith("d/")
        times = [record.at_ms for record in records]
        if times:
            self.first_ms = min(times) if self.first_ms is None else min(self.first_ms, *times)
            self.last_ms = max(times) if self.last_ms is None else max(self.last_ms, *times)
        found = sends_of(stream, records, self.lowerings, self.foreign_cards)
        self.tickets += len(found)
        for send in (send for send in found if self.period.holds(send.at_ms)):
            self.tickets_in_period += 1
            if not send.foreign:
                self._domestic += send.left
                self._judged_by_record += send.left and not send.card_known and not send.standin
            if send.foreign or self.keep_domestic:
                self.sends.append(send)
        self.incidents += (each for each in incidents_of(records) if self.period.holds(each.at_ms))

    def listed(self) -> tuple[Send, ...]:
        """The sends that were kept, in order of time."""
        return tuple(sorted(self.sends, key=lambda send: send.at_ms))

    def listed_incidents(self) -> tuple[Incident, ...]:
        """Refusals and alarms, in order of time."""
        return tuple(sorted(self.incidents, key=lambda each: each.at_ms))

    def numbers(self) -> Numbers:
        """The period in numbers."""
        foreign = [send for send in self.sends if send.foreign]
        left = [send for send in foreign if send.left]
        return Numbers(
            foreign=len(left),
            by_host_country=_counted(send.country for send in left),
            by_operator_country=_counted(send.operator_country for send in left),
            by_label=_counted(Label(send.label).word for send in left),
            by_outcome=_counted(send.fate for send in left),
            by_standins=sum(send.standin for send in left),
            not_sent=len(foreign) - len(left),
            domestic=self._domestic,
            judged_by_record=self._judged_by_record,
            refused_by_guard=sum(each.by == "egress" for each in self.incidents),
            alarms=sum(each.kind == "alarm" for each in self.incidents),
        )


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    """How often each, the most frequent first; ties by name."""
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))
