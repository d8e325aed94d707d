"""Every permitted send of a stream, what made it permitted and what became of it, from its records alone. Pure.

Needs no keys and no bodies. A ticket stands for a send: without proof of `no` it counts as sent. A send is foreign
where its record names a host or an operator outside Japan or unknown, or any foreign law over it; or where the card
of that day (by its digest in the manifest) is one that the policy calls foreign, for what a ticket does not say of
it: a parent abroad, inference beyond Japan, a subprocessor.

Leaves to others: whether the stored bytes are those that were written (`magi.ledger.verify`), sums over a
period (`egress`), which cards are still known, words and tables (the command).
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from magi.core.card import JAPAN_TIME
from magi.core.decided import Origin
from magi.core.effects import seat_number
from magi.core.record import (
    Alarm,
    Answered,
    AttemptFailed,
    Cancelled,
    LabelLowered,
    Opened,
    Record,
    Refused,
    Ticketed,
)
from magi.residency.label import Label
from magi.residency.laws import JAPAN

Fate = Literal["answered", "failed", "maybe_sent", "not_sent", "no_outcome"]
"""What became of a ticket; all but not_sent count as sent."""

_FATES: Mapping[str, Fate] = {"no": "not_sent", "maybe": "maybe_sent", "yes": "failed"}


@dataclass(frozen=True)
class Lowering:
    """A named person's recorded word that some rules do not hold for one text; `number` is what is cited."""

    number: int
    at_ms: int
    by: str
    before: int
    after: int
    rules: tuple[str, ...]

    def plain(self) -> dict[str, object]:
        """As plain JSON values; labels as their words."""
        return {
            "number": self.number,
            "time": moment(self.at_ms).isoformat(),
            "by": self.by,
            "from": Label(self.before).word,
            "to": Label(self.after).word,
            "rules": list(self.rules),
        }


@dataclass(frozen=True)
class Send:
    """One permitted send: to whom, under which label, why it might, and what became of it.

    `hits` are the rules that the detectors found in the question, `cleared` those overruled, `lowerings` the
    recorded words that may have overruled them (more than one where several overruled just these rules).
    """

    at_ms: int
    stream: str
    seat: str
    ask: str
    attempt: int
    card: str
    operator: str
    operator_country: str
    host: str
    country: str
    law: tuple[str, ...]
    label: int
    topics: tuple[str, ...]
    cleared: tuple[str, ...]
    lowerings: tuple[Lowering, ...]
    profile: str
    declared: bool
    hits: tuple[str, ...]
    digest: str
    foreign: bool
    card_known: bool
    fate: Fate = "no_outcome"
    failure: str | None = None
    origin: Origin | None = None

    @property
    def left(self) -> bool:
        """Whether it counts as sent: there is no proof that it was not."""
        return self.fate != "not_sent"

    @property
    def standin(self) -> bool:
        """Whether a stand-in of this machine answered in the place of the backend."""
        return self.origin in ("scripted", "recorded")

    def plain(self) -> dict[str, object]:
        """As plain JSON values; the label as its word, the time in Japan."""
        return {
            "time": moment(self.at_ms).isoformat(),
            "deliberation": self.stream.removeprefix("d/"),
            "seat": self.seat,
            "ask": self.ask,
            "attempt": self.attempt,
            "card": self.card,
            "operator": self.operator,
            "operator_country": self.operator_country,
            "host": self.host,
            "host_country": self.country,
            "foreign_law": list(self.law),
            "foreign": self.foreign,
            "label": Label(self.label).word,
            "topics": list(self.topics),
            "profile": self.profile,
            "declared": self.declared,
            "hits": list(self.hits),
            "cleared": list(self.cleared),
            "lowerings": [lowering.plain() for lowering in self.lowerings],
            "outcome": self.fate,
            "counts_as_sent": self.left,
            "failure": self.failure,
            "origin": self.origin,
            "digest": self.digest,
        }


@dataclass(frozen=True)
class Incident:
    """A refusal (by label, planner or egress) or an alarm on record."""

    at_ms: int
    stream: str
    kind: Literal["refused", "alarm"]
    by: str
    reason: str
    seat: str | None
    card: str | None
    label: int | None
    rules: tuple[str, ...]

    def plain(self) -> dict[str, object]:
        """As plain JSON values; the label as its word, the time in Japan."""
        return {
            "time": moment(self.at_ms).isoformat(),
            "deliberation": self.stream.removeprefix("d/"),
            "kind": self.kind,
            "by": self.by,
            "reason": self.reason,
            "seat": self.seat,
            "card": self.card,
            "label": None if self.label is None else Label(self.label).word,
            "rules": list(self.rules),
        }


def moment(at_ms: int) -> datetime.datetime:
    """A record's Unix time in ms as a time in Japan."""
    return datetime.datetime.fromtimestamp(at_ms / 1000, JAPAN_TIME)


def lowerings_of(config: Iterable[Record]) -> tuple[Lowering, ...]:
    """Every lowering that the stream `config` holds, in order."""
    return tuple(
        Lowering(
            record.ordinal,
            record.at_ms,
            record.data.by,
            record.data.before,
            record.data.after,
            record.data.rules,
        )
        for record in config
        if isinstance(record.data, LabelLowered)
    )


def sends_of(
    stream: str,
    records: Sequence[Record],
    lowerings: Sequence[Lowering] = (),
    foreign_cards: Mapping[str, bool] | None = None,
) -> tuple[Send, ...]:
    """Every ticket of a stream, in order, with what became of it; see `egress.EgressAudit` for the arguments."""
    sends: list[Send] = []
    opening: tuple[Opened, int] | None = None
    for record in records:
        event = record.data
        if isinstance(event, Opened):
            opening = (event, record.at_ms)
        elif isinstance(event, Ticketed):
            sends.append(
                _send(
                    stream,
                    record.at_ms,
                    event,
                    opening=opening,
                    lowerings=lowerings,
                    foreign_cards=foreign_cards or {},
                )
            )
        elif isinstance(event, AttemptFailed | Answered | Cancelled):
            _settle(sends, event)
    return tuple(sends)


def incidents_of(records: Sequence[Record]) -> tuple[Incident, ...]:
    """Every refusal and alarm of a stream, in order."""
    opened: Opened | None = None
    found: list[Incident] = []
    for record in records:
        event = record.data
        if isinstance(event, Opened):
            opened = event
        elif isinstance(event, Refused):
            # The rules by name: a refusal of the guard brings them without spans.
            rules = {*(hit.rule for hit in event.hits), *event.rules}
            found.append(
                _incident(
                    record, event, by=event.by, label=event.label, rules=tuple(sorted(rules)), opened=opened
                )
            )
        elif isinstance(event, Alarm):
            found.append(_incident(record, event, by="gateway", label=None, rules=(), opened=opened))
    return tuple(found)


def _incident(
    record: Record,
    event: Refused | Alarm,
    *,
    by: str,
    label: int | None,
    rules: tuple[str, ...],
    opened: Opened | None,
) -> Incident:
    kind: Literal["refused", "alarm"] = "refused" if isinstance(event, Refused) else "alarm"
    seat = None if event.ask is None else _seat(opened, event.ask)
    return Incident(record.at_ms, record.stream, kind, by, event.reason, seat, event.card, label, rules)


def _seat(opened: Opened | None, ask: str) -> str:
    """The seat that an ask of any stage is put to; its own name where the intent does not tell."""
    try:
        return ask if opened is None else opened.seats[seat_number(ask) - 1].seat
    except (ValueError, IndexError):
        return ask


def _send(
    stream: str,
    at_ms: int,
    ticket: Ticketed,
    *,
    opening: tuple[Opened, int] | None,
    lowerings: Sequence[Lowering],
    foreign_cards: Mapping[str, bool],
) -> Send:
    opened, opened_ms = opening or (None, at_ms)
    by_card = None if opened is None else foreign_cards.get(opened.manifest.cards.get(ticket.card, ""))
    by_record = ticket.country != JAPAN or ticket.operator_country != JAPAN or bool(ticket.law)
    return Send(
        at_ms=at_ms,
        stream=stream,
        seat=_seat(opened, ticket.ask),
        ask=ticket.ask,
        attempt=ticket.attempt,
        card=ticket.card,
        operator=ticket.backend,
        operator_country=ticket.operator_country,
        host=ticket.host,
        country=ticket.country,
        law=ticket.law,
        label=ticket.label,
        topics=ticket.topics,
        cleared=ticket.cleared,
        lowerings=_overruling(opened, ticket.cleared, opened_ms, lowerings),
        profile="unknown" if opened is None else opened.manifest.profile.partition("/sha256:")[0],
        declared=opened is not None and opened.declared,
        hits=() if opened is None else tuple(sorted({hit.rule for hit in opened.hits})),
        digest=ticket.digest,
        foreign=by_record or by_card is True or ticket.foreign is True,
        card_known=by_card is not None or ticket.foreign is not None,
    )


def _overruling(
    opened: Opened | None, cleared: Collection[str], opened_ms: int, lowerings: Sequence[Lowering]
) -> tuple[Lowering, ...]:
    """The lowering that the opening cites; without a word from it, those of just these rules on record by then."""
    if not cleared:
        return ()
    if opened is not None and opened.lowering is not None:
        return tuple(each for each in lowerings if each.number == opened.lowering)
    return tuple(each for each in lowerings if set(each.rules) == set(cleared) and each.at_ms <= opened_ms)


def _settle(sends: list[Send], event: AttemptFailed | Answered | Cancelled) -> None:
    """Note what became of earlier tickets. Of two under one number only the last can be settled: no proof for both."""
    if isinstance(event, Cancelled):
        for place, send in enumerate(sends):
            if send.ask in event.asks and send.fate == "no_outcome":
                sends[place] = replace(send, failure=f"cancelled_{event.why}")
        return
    places = [i for i, s in enumerate(sends) if (s.ask, s.attempt) == (event.ask, event.attempt)]
    if not places:
        return
    before = sends[places[-1]]
    if isinstance(event, AttemptFailed):
        sends[places[-1]] = replace(before, fate=_FATES[event.sent], failure=event.failure)
    elif event.statement != "failure":
        sends[places[-1]] = replace(before, fate="answered", failure=None, origin=event.origin)
    elif before.fate == "no_outcome":
        sends[places[-1]] = replace(before, fate="failed", failure=event.failure, origin=event.origin)
    else:  # the attempt's own record has said what was sent
        sends[places[-1]] = replace(before, origin=event.origin)
