"""The reliability profile in use: the newest on record for a council that speaks of the cards in force.

A profile is put to use by a record in `config` (`magi evaluation adopt`). It speaks of the cards that were measured
and of no others: where one of them has changed since, the profile is stale and nothing is measured, which is said in
the log and never silently worked around. The body is read once in the life of a process; the access is on record.

Leaves to others: learning a profile (`magi.evaluation.fit`), what it means for a deliberation (`magi.core.measured`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from pydantic import ValidationError

from magi.core.acts import ProfileFitted
from magi.core.canonical import digest
from magi.core.council import Council
from magi.core.errors import ErasedError, MalformedFileError, QuestionRefusedError, TamperedError
from magi.core.measured import Rebuttal
from magi.core.ports import Draft
from magi.core.record import Record
from magi.core.reliability import Profile
from magi.service.labelled import CONFIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from magi.core.card import Card
    from magi.service.run import Tools

log = structlog.get_logger()

BODY: Final = "profile"
REASON: Final = "reason"
MAX_REMEMBERED: Final = 64
"""Profiles kept in a process: a handful of councils, each with a few adoptions in the process's life."""


MAX_NAME_CHARS: Final = 200
"""A record's codes are no longer."""
MAX_REASON_CHARS: Final = 2_000
"""A reason is a paragraph; it is kept for whoever asks why a council weighs its seats so."""


class InUse(NamedTuple):
    """The record by which a profile is in use, and the profile."""

    fitted: ProfileFitted
    profile: Profile


async def latest(tools: "Tools", council: Council) -> InUse | None:
    """The profile in use for a council, or None where there is none that speaks of its seats and cards.

    Raises:
        TamperedError: the body is not the profile of its record. LedgerUnavailableError: see the ledger.
    """
    return await latest_of(tools, council, await tools.ledger.read(CONFIG))


async def latest_of(tools: "Tools", council: Council, records: Sequence[Record]) -> InUse | None:
    """The same from the records of `config` that somebody has read already."""
    found = [
        (record, record.data)
        for record in reversed(records)
        if isinstance(record.data, ProfileFitted) and record.data.council == council.name
    ]
    in_force = cards_of(council, tools.cards)
    for place, (record, fitted) in enumerate(found):
        if dict(fitted.cards) != in_force:
            if place == 0:
                log.warning("reliability.stale", council=council.name, ordinal=record.ordinal)
            continue
        profile = await _read(tools, council, record, fitted)
        if profile is not None:
            return InUse(fitted, profile)
    return None


def cards_of(council: Council, cards: "Mapping[str, Card]") -> dict[str, str]:
    """The digest of each seat's first card, by seat."""
    return {seat.seat: cards[seat.targets[0]].digest for seat in council.seats}


@dataclass(frozen=True)
class Adoption:
    """A profile as a named person puts it to use. `file` is only what a refusal calls it."""

    profile: Profile
    by: str
    reason: str = ""
    rebuttal: Rebuttal = "unmeasured"
    file: str = ""


async def adopt(tools: "Tools", council: Council, adoption: Adoption) -> tuple[int, ProfileFitted]:
    """Put a profile to use for a council: from now on its deliberations read it. The ordinal in `config`, the record.

    Raises:
        MalformedFileError: profile_seats, other seats than the council's or in another order; nothing was recorded.
        QuestionRefusedError: name_form, reason_form. LedgerUnavailableError, UncertainError: see the ledger.
    """
    refuse_unfit(council, adoption)
    by, profile = adoption.by.strip(), adoption.profile
    event = ProfileFitted(
        council=council.name,
        profile=profile.digest(),
        labels=profile.labels,
        cards=cards_of(council, tools.cards),
        rebuttal=adoption.rebuttal,
        by=by,
    )
    bodies = {BODY: profile.canonical_bytes()}
    if adoption.reason.strip():
        bodies[REASON] = adoption.reason.encode()
    (record,) = await tools.ledger.append(CONFIG, None, [Draft(event, bodies, actor=by)])
    return record.ordinal, event


def refuse_unfit(council: Council, adoption: Adoption) -> None:
    """Refuse what `adopt` would, before there is a ledger.

    Raises:
        MalformedFileError, QuestionRefusedError: as `adopt`.
    """
    if not adoption.by.strip() or len(adoption.by.strip()) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    if len(adoption.reason) > MAX_REASON_CHARS:
        raise QuestionRefusedError("reason_form", most=MAX_REASON_CHARS)
    given = [seat.seat for seat in adoption.profile.seats]
    problems = differences(given, [seat.seat for seat in council.seats])
    if problems:
        raise MalformedFileError("profile_seats", file=adoption.file, problems=problems, council=council.name)


def differences(given: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """What is wrong with the seats of a profile, given the council's: missing, unknown, or in another order."""
    missing = [f"- {seat}" for seat in wanted if seat not in given]
    surplus = [f"+ {seat}" for seat in given if seat not in wanted]
    if missing or surplus:
        return (*missing, *surplus)
    return () if list(given) == list(wanted) else (f"{', '.join(given)} != {', '.join(wanted)}",)


async def _read(tools: "Tools", council: Council, record: Record, fitted: ProfileFitted) -> Profile | None:
    """The profile of a record; None, and a line in the log, where it was erased or its seats stand otherwise."""
    ref = record.ref(BODY)
    if ref is None:
        raise TamperedError("profile", ordinal=record.ordinal)
    slot = _slot(ref.commitment)
    if slot.profile is None:
        try:
            body = await tools.ledger.body(ref, "magi", "reliability")
        except ErasedError:
            log.warning("reliability.erased", council=council.name, ordinal=record.ordinal)
            return None
        slot.profile = _parsed(body, fitted, record)
    if [seat.seat for seat in slot.profile.seats] != [seat.seat for seat in council.seats]:
        log.warning("reliability.other_seats", council=council.name, ordinal=record.ordinal)
        return None
    return slot.profile


def _parsed(body: bytes, fitted: ProfileFitted, record: Record) -> Profile:
    if digest(body) != fitted.profile:
        raise TamperedError("profile", ordinal=record.ordinal)
    try:
        return Profile.model_validate_json(body)
    except ValidationError as error:
        raise TamperedError("profile", ordinal=record.ordinal) from error


@dataclass
class _Slot:
    """What was read under one commitment; whoever reads it first fills it."""

    profile: Profile | None = field(default=None)


@lru_cache(maxsize=MAX_REMEMBERED)
def _slot(commitment: str) -> _Slot:
    """The slot of a commitment, which is salted and so names one body of one ledger."""
    del commitment
    return _Slot()
