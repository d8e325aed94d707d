"""Who may read the bodies of which deliberations: roles, and a second person's word. Pure.

A ruling is made from the roles file (or none: then anybody who holds the keys may, as the operator always can), the
label from which a second person is needed (or none), and the records of stream `access`. It says why not, or which
approved request an access cites.

Promises: deny by default once roles are stated; names count as the same person whatever their width, case and
spacing; an approval serves one person, one stream, its label or a lower one, until its time is over.
Leaves to others: whether somebody is who they say (there is no identity yet), recording (`magi.service.access`).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from magi.core.acts import AccessApproved, AccessRequested
from magi.core.fields import Code
from magi.core.frozen import Frozen
from magi.core.record import Record

APPROVAL_MS = 8 * 60 * 60 * 1000
"""A request lives for a working day: who reads tomorrow asks again."""
EVERY_TENANT = "*"

Reason = Literal[
    "not_listed", "tenant", "label", "no_bodies", "second_person", "expired", "same_person", "denied"
]


class Auditor(Frozen):
    """One person's role: whose logs, up to which label, and whether bodies or only records."""

    name: Code
    tenants: tuple[Code, ...] = Field(min_length=1)
    max_label: Annotated[int, Field(ge=0, le=6)]
    bodies: bool


@dataclass(frozen=True)
class AccessRules:
    """What one log's readings are judged by.

    `auditors` is None where nobody stated roles; `four_eyes` the label from which a second person is needed, or None.
    """

    tenant: str
    auditors: tuple[Auditor, ...] | None = None
    four_eyes: int | None = None

    def needs_second(self, label: int) -> bool:
        """Whether a body under this label is read with a second person's word only."""
        return self.four_eyes is not None and label >= self.four_eyes


@dataclass(frozen=True)
class Wanted:
    """Who wants the bodies of which stream; `label` is the highest that it has reached."""

    who: str
    stream: str
    label: int


@dataclass(frozen=True)
class Ruling:
    """Whether somebody may: `reason` why not, or None; `request` the approved request that the access cites.

    `number` is the request that a refusal is about, where there is one.
    """

    reason: Reason | None = None
    request: int | None = None
    number: int | None = None


GRANTED = Ruling()


def folded(name: str) -> str:
    """A name as it is compared: NFKC, case folded, without spaces and invisible characters.

    Otherwise one person could be two by a wide letter, a space or a character that nobody sees.
    """
    wide = unicodedata.normalize("NFKC", name).casefold()
    kept = (char for char in wide if unicodedata.category(char)[0] not in "CZ")
    return unicodedata.normalize("NFKC", "".join(kept))


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's."""
    return folded(one) == folded(other)


def role_ruling(rules: AccessRules, who: str, label: int, *, reads: bool) -> Ruling:
    """What the roles alone say of somebody and a label; `reads` where bodies are to be read, not approved."""
    if rules.auditors is None:
        return GRANTED
    role = next((each for each in rules.auditors if same_person(each.name, who)), None)
    if role is None:
        return Ruling("not_listed")
    if not {rules.tenant, EVERY_TENANT} & set(role.tenants):
        return Ruling("tenant")
    if label > role.max_label:
        return Ruling("label")
    return Ruling("no_bodies") if reads and not role.bodies else GRANTED


def ruling(rules: AccessRules, wanted: Wanted, acts: Sequence[Record], now_ms: int) -> Ruling:
    """Whether somebody may read the bodies of a stream now; `acts` are requests and approvals of stream `access`."""
    by_role = role_ruling(rules, wanted.who, wanted.label, reads=True)
    if by_role.reason is not None or not rules.needs_second(wanted.label):
        return by_role
    found = [
        _requested(rules, record, event, acts, now_ms)
        for record in acts
        if isinstance(event := record.data, AccessRequested)
        and event.stream == wanted.stream
        and same_person(event.who, wanted.who)
        and event.label >= wanted.label  # what was agreed to was less than what it is now
    ]
    granted = [each for each in found if each.reason is None]
    return granted[-1] if granted else found[-1] if found else Ruling("second_person")


def _requested(
    rules: AccessRules, record: Record, wanted: AccessRequested, acts: Sequence[Record], now_ms: int
) -> Ruling:
    """What one request of the reader's has come to."""
    number = record.ordinal
    words = [
        (each.at_ms, event)
        for each in acts
        if isinstance(event := each.data, AccessApproved) and event.request == number
    ]
    if any(not event.granted for _, event in words):
        return Ruling("denied", number=number)
    if now_ms >= wanted.expires_ms:
        return Ruling("expired", number=number)
    others = [(at, event) for at, event in words if not same_person(event.by, wanted.who)]
    if any(
        at < wanted.expires_ms and role_ruling(rules, event.by, wanted.label, reads=False).reason is None
        for at, event in others
    ):
        return Ruling(request=number)
    return Ruling("same_person" if words and not others else "second_person", number=number)


def approval_ruling(
    rules: AccessRules, request: Record, by: str, acts: Sequence[Record], now_ms: int
) -> Ruling:
    """Whether `by` may answer this request now: another person, of a role that reaches it, in time, the first.

    Raises:
        TypeError: the record is no request.
    """
    wanted, number = request.data, request.ordinal
    if not isinstance(wanted, AccessRequested):
        raise TypeError(request.kind)
    if same_person(by, wanted.who):
        return Ruling("same_person", number=number)
    if now_ms >= wanted.expires_ms:
        return Ruling("expired", number=number)
    if any(
        isinstance(each.data, AccessApproved) and each.data.request == number and not each.data.granted
        for each in acts
    ):
        return Ruling("denied", number=number)
    by_role = role_ruling(rules, by, wanted.label, reads=False)
    return Ruling(by_role.reason, number=number)
