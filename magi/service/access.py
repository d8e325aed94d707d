"""The one way by which a person reads a body: judged, put on record, then opened.

1. The stream's label is what it has reached; the body must be one that the stream's records name.
2. Roles and a second person's word are judged (`magi.core.roles`) on the records of stream `access`.
3. Where a second person was needed, the record of the access takes the place right after those that were judged, or
   none: another record in between (a denial above all) makes it judge again. Only then is the body opened.
4. A refusal is put on record too, where the ledger can be written, and raised.

Leaves to others: the service's own readings (recovery, replies), which no person sees by; who somebody is.
"""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from magi.core.acts import AccessApproved, AccessDenied, AccessRequested
from magi.core.card import lists_to_tuples, problems_of
from magi.core.errors import (
    AccessRefusedError,
    ConflictError,
    MagiError,
    MalformedFileError,
    UnknownNameError,
)
from magi.core.ports import Clock, Draft, Ledger
from magi.core.record import LabelLowered, Opened, Record, Ref
from magi.core.roles import (
    APPROVAL_MS,
    AccessRules,
    Auditor,
    Ruling,
    Wanted,
    approval_ruling,
    folded,
    role_ruling,
    ruling,
)
from magi.residency.label import Label, declared_label
from magi.service.reply import label_of

ACCESS = "access"
"""The stream of who read, who asked to and who agreed."""
APPROVING = "approve"
"""Begins the reason in the record of somebody who was refused as the second person."""
MAX_TURNS = 20
"""How often somebody else may record in between before it is given up; each turn is one durable write."""
MAX_AUDITORS = 1_000
"""In one file: names are compared one by one."""


class Desk:
    """Hands out bodies of one log to people. Owned by one command."""

    def __init__(self, ledger: Ledger, rules: AccessRules, clock: Clock) -> None:
        """Judge by `rules` at the time of `clock`, record in `ledger`."""
        self._ledger = ledger
        self._rules = rules
        self._clock = clock
        self._acts: tuple[Record, ...] = ()
        self._end: int | None = None  # the ordinal after those that were read; None: not read yet

    async def body(self, records: Sequence[Record], ref: Ref, who: str, why: str) -> bytes:
        """The plaintext of a body that these records, a whole stream, name; the access is on record before.

        Raises:
            AccessRefusedError: see `magi.core.roles`; nothing was opened, the refusal is on record.
            ConflictError: others recorded without end; nothing was opened.
            MagiError: see `Ledger.body`.
        """
        if not any(ref in record.refs for record in records):
            raise UnknownNameError("body", name=ref.name, known=())
        wanted = Wanted(who, records[0].stream, stream_label(records))
        if not self._rules.needs_second(wanted.label):
            await self._settle(role_ruling(self._rules, who, wanted.label, reads=True), wanted, why)
            return await self._ledger.body(ref, who, why)
        for _ in range(MAX_TURNS):
            end = await self._read_acts()
            found = ruling(self._rules, wanted, self._acts, self._clock.now_ms())
            await self._settle(found, wanted, why)
            self._end = None
            try:
                opened = await self._ledger.body(ref, who, why, request=found.request, at=end)
            except ConflictError:
                continue
            self._end = end + 1  # its own record stands there, and nobody's in between
            return opened
        raise ConflictError("ordinal", stream=ACCESS, ordinal=-1)

    async def _read_acts(self) -> int:
        """Read requests and approvals, unless nothing can have come since; the ordinal after the last record."""
        if self._end is None:
            records = await self._ledger.read(ACCESS)
            self._acts, self._end = acts_of(records), len(records)
        return self._end

    async def _settle(self, found: Ruling, wanted: Wanted, why: str) -> None:
        """Go on where it is granted; else record the refusal and raise it."""
        if found.reason is None:
            return
        number = "-" if found.number is None else str(found.number)
        refusal = AccessRefusedError(
            found.reason,
            stream=wanted.stream,
            id=wanted.stream.removeprefix("d/"),
            who=wanted.who,
            tenant=self._rules.tenant,
            label=Label(wanted.label).word,
            number=number,
        )
        denied = AccessDenied(stream=wanted.stream, who=wanted.who, why=why, reason=found.reason)
        try:
            await self._ledger.append(ACCESS, None, [Draft(denied, actor=wanted.who)])
        except MagiError as error:  # a ledger that cannot be written to: it stays refused
            raise refusal from error
        raise refusal

    async def request(self, records: Sequence[Record], who: str, why: str) -> Record:
        """Ask to read the bodies of a stream; the record, whose ordinal is the request's number.

        Raises:
            AccessRefusedError: not_listed, tenant, label, no_bodies: no second person could help.
        """
        stream, label = records[0].stream, stream_label(records)
        by_role = role_ruling(self._rules, who, label, reads=True)
        await self._settle(by_role, Wanted(who, stream, label), why)
        event = AccessRequested(
            stream=stream, label=label, who=who, why=why, expires_ms=self._clock.now_ms() + APPROVAL_MS
        )
        (record,) = await self._ledger.append(ACCESS, None, [Draft(event, actor=who)])
        return record

    async def approve(self, number: int, by: str, *, granted: bool) -> Record:
        """Put the second person's word on a request on record.

        Raises:
            UnknownNameError: `request`, there is none of that number.
            AccessRefusedError: same_person, expired, denied, or what the roles say of `by`.
        """
        acts = acts_of(await self._ledger.read(ACCESS))
        wanted = next((each for each in acts if each.ordinal == number), None)
        if wanted is None or not isinstance(wanted.data, AccessRequested):
            raise UnknownNameError("request", name=str(number))
        found = approval_ruling(self._rules, wanted, by, acts, self._clock.now_ms())
        asked = Wanted(by, wanted.data.stream, wanted.data.label)
        await self._settle(found, asked, f"{APPROVING}:{number}")
        event = AccessApproved(request=number, granted=granted, by=by)
        (record,) = await self._ledger.append(ACCESS, None, [Draft(event, actor=by)])
        return record


def acts_of(records: Iterable[Record]) -> tuple[Record, ...]:
    """The requests and approvals among the records of stream `access`."""
    return tuple(each for each in records if isinstance(each.data, AccessRequested | AccessApproved))


def stream_label(records: Sequence[Record]) -> int:
    """The label of a stream's bodies: what a deliberation has reached; elsewhere the words of colleagues, internal.

    A reason for a lowering counts as what the text was before it.
    """
    events = [record.data for record in records]
    if any(isinstance(event, Opened) for event in events):
        return label_of(events)
    before = (event.before for event in events if isinstance(event, LabelLowered))
    return max((int(Label.INTERNAL), *before))


def four_eyes_label(word: str | None) -> int | None:
    """The label from which a second person is needed, as MAGI_FOUR_EYES names it: its word, or its number 0 to 6.

    Raises:
        UnknownNameError: `label`. A near miss never means that nobody is needed.
    """
    if word is None:
        return None
    if word.isascii() and word.isdecimal() and int(word) in set(Label):
        return int(word)
    return int(declared_label(word))


def parse_auditors(table: Mapping[str, object], file: str) -> tuple[Auditor, ...]:
    """The roles of a TOML table with `[[auditor]]` entries; `max_label` is a label's word.

    Raises:
        MalformedFileError: `auditors`, with every problem: an unknown key, field or label, one name twice.
    """
    entries = table.get("auditor", [])
    problems = [f"{key}: unknown" for key in table if key != "auditor"]
    if not isinstance(entries, list) or len(entries) > MAX_AUDITORS:
        raise MalformedFileError("auditors", file=file, problems=(*problems, "auditor: list"))
    found: list[Auditor] = []
    for place, fields in enumerate(entries, start=1):
        try:
            found.append(_auditor(fields))
        except UnknownNameError:
            problems.append(f"auditor {place}: max_label")
        except ValidationError as error:
            problems += [f"auditor {place}: {what}" for what in problems_of(error)]
    names = [folded(each.name) for each in found]
    problems += [f"{each.name}: twice" for each in found if names.count(folded(each.name)) > 1]
    problems += ["name: empty"] if "" in names else []
    if problems:
        raise MalformedFileError("auditors", file=file, problems=tuple(dict.fromkeys(problems)))
    return tuple(found)


def _auditor(fields: object) -> Auditor:
    given = lists_to_tuples(fields)
    if isinstance(given, dict):
        word = given.get("max_label")
        given |= {"max_label": int(declared_label(word)) if isinstance(word, str) else None}
        tenants = given.get("tenants")
        given |= {"tenants": (tenants,) if isinstance(tenants, str) else tenants}
    return Auditor.model_validate(given)
