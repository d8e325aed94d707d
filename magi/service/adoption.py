"""Adoption on record, and the queue of verdicts that wait for a person.

1. The person has a name, the reason is there and within its bound.
2. The deliberation exists and is decided, once; the verdict is the one that the person looked at, if they said which.
3. Where roles are stated, the person's reaches the label of the deliberation; a refusal is put on record and raised.
4. A rehearsal, or a verdict that holds no answer, is not taken up.
5. The act is recorded at the end of `adoptions`, with its reason as a body. Of two people at once both stand on record,
   and the later act counts.

Promises: nothing is executed, nothing of the deliberation changes, and no body is opened: records tell all of it.
Leaves to others: whether somebody is who they say (there is no identity yet), reading a reason (`magi.service.access`,
by the label of its deliberation).
"""

import asyncio
import unicodedata
from dataclasses import dataclass

from magi.core.acts import AccessDenied, Adopted
from magi.core.adoption import (
    ADOPTIONS,
    DECISIONS,
    NOT_REAL,
    UNDECIDED,
    Decision,
    Standing,
    by_stream,
    oldest_first,
    standing,
)
from magi.core.errors import AccessRefusedError, MagiError, QuestionRefusedError, UnknownNameError
from magi.core.ports import Draft, Ledger
from magi.core.record import Opened, Record
from magi.core.roles import AccessRules, folded, role_ruling
from magi.residency.label import Label
from magi.residency.masking import unmasked_label
from magi.service.access import ACCESS, stream_label
from magi.service.reply import label_of

DELIBERATIONS = "d/"
MAX_NAME_CHARS = 200
"""A record's codes are no longer."""
MAX_REASON_CHARS = 2_000
"""A reason is a paragraph; it is kept for whoever asks why a verdict was taken up."""
DECIDING = "adopt"
"""The reason in the record of somebody whose role does not let them decide."""
_WORDS: dict[str, Decision] = {
    "採用": "adopted", "不採用": "not_adopted", "差戻し": "sent_back", "差し戻し": "sent_back", "差戻": "sent_back",
}  # fmt: skip


@dataclass(frozen=True)
class Deciding:
    """One act as somebody wants it recorded.

    `verdict` is the SHA-256 of the verdict that they looked at, None where they name none. `caller` is who handed it
    in, where that is not the person (a service whose callers have no names); its role counts too.
    """

    stream: str
    decision: Decision
    by: str
    reason: str
    verdict: str | None = None
    caller: str | None = None


@dataclass(frozen=True)
class Case:
    """A verdict with its deliberation's label, which is that of the question as it was asked."""

    standing: Standing
    label: Label


def decision_of(word: str) -> Decision:
    """The decision that a word names: a code, or 採用, 不採用, 差戻し.

    Raises:
        UnknownNameError: `decision`.
    """
    plain = unicodedata.normalize("NFKC", word).strip()
    found = _WORDS.get(plain) or next((each for each in DECISIONS if each == plain), None)
    if found is None:
        raise UnknownNameError("decision", known=("採用", "不採用", "差戻し", *DECISIONS))
    return found


class AdoptionDesk:
    """Records acts of adoption in one log and knows which of its verdicts wait. Owned by one command or service."""

    def __init__(self, ledger: Ledger, rules: AccessRules) -> None:
        """Judge by `rules`, record in `ledger`."""
        self._ledger = ledger
        self._rules = rules
        self._needless: set[str] = set()  # decided, and no person is needed: a verdict does not change
        self._looking = asyncio.Lock()  # two callers at once need not read everything twice

    async def adopt(self, act: Deciding) -> Record:
        """Put an act on record; its ordinal in `adoptions` is its number.

        Raises:
            QuestionRefusedError: name_form, adoption_reason, not_decided, verdict_changed, rehearsal_verdict,
                nothing_to_adopt; nothing was recorded.
            UnknownNameError: `deliberation`. AccessRefusedError: not_listed, tenant, label; that is on record.
            MagiError: as `Ledger.append`.
        """
        # 1.
        reason = _checked(act)
        # 2.
        records = await self._ledger.read(act.stream)
        if not act.stream.startswith(DELIBERATIONS) or not records:
            raise UnknownNameError("deliberation", name=act.stream.removeprefix(DELIBERATIONS), path="")
        stands, name = standing(records, ()), act.stream.removeprefix(DELIBERATIONS)
        if stands is None:
            raise QuestionRefusedError("not_decided", id=name)
        if stands.changed or act.verdict not in (None, stands.verdict):
            raise QuestionRefusedError("verdict_changed", id=name)
        # 3.
        for who in filter(None, (act.caller, act.by)):
            await self._check_role(who.strip(), records)
        # 4.
        if act.decision == "adopted":
            if NOT_REAL.intersection(stands.flags):
                raise QuestionRefusedError("rehearsal_verdict", id=name)
            if stands.outcome in UNDECIDED:
                raise QuestionRefusedError("nothing_to_adopt", id=name)
        # 5.
        by = act.by.strip()
        event = Adopted(stream=act.stream, verdict=stands.verdict, decision=act.decision, by=by)
        draft = Draft(event, {"reason": reason}, actor=act.caller or by)
        (record,) = await self._ledger.append(ADOPTIONS, None, [draft])
        return record

    async def _check_role(self, who: str, records: tuple[Record, ...]) -> None:
        label, stream = stream_label(records), records[0].stream
        found = role_ruling(self._rules, who, label, reads=False)
        if found.reason is None:
            return
        refusal = AccessRefusedError(
            found.reason,
            stream=stream,
            id=stream.removeprefix(DELIBERATIONS),
            who=who,
            tenant=self._rules.tenant,
            label=Label(label).word,
            number="-",
        )
        denied = AccessDenied(stream=stream, who=who, why=DECIDING, reason=found.reason)
        try:
            await self._ledger.append(ACCESS, None, [Draft(denied, actor=who)])
        except MagiError as error:  # a ledger that cannot be written to: it stays refused
            raise refusal from error
        raise refusal

    async def case(self, stream: str) -> Case | None:
        """Where one deliberation stands; None where there is none or it has no verdict."""
        records = await self._ledger.read(stream)
        return _case(records, await self._ledger.read(ADOPTIONS)) if records else None

    async def cases(self, *, everything: bool = False) -> tuple[Case, ...]:
        """The verdicts that wait for a person, oldest first; with `everything` also those that have a person's word.

        Reads every deliberation once; those whose verdict needs nobody are not read again by this desk.
        """
        acts = by_stream(await self._ledger.read(ADOPTIONS))
        found: dict[str, Case] = {}
        async with self._looking:
            for stream in await self._ledger.streams(DELIBERATIONS):
                if stream in self._needless and not (everything and stream in acts):
                    continue
                case = _case(await self._ledger.read(stream), acts.get(stream, ()))
                if case is None:
                    continue
                if not case.standing.reasons:
                    self._needless.add(stream)
                if case.standing.waits or (everything and case.standing.acts):
                    found[stream] = case
        return tuple(found[each.stream] for each in oldest_first(case.standing for case in found.values()))


def _case(records: tuple[Record, ...], acts: tuple[Record, ...]) -> Case | None:
    stands = standing(records, acts)
    opened = next((record.data for record in records if isinstance(record.data, Opened)), None)
    if stands is None or opened is None:
        return None
    return Case(stands, unmasked_label(opened, label_of(record.data for record in records)))


def _checked(act: Deciding) -> bytes:
    """The reason as it is kept; a name that nobody can see, or that turns the line around, is none."""
    hidden = any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in act.by)
    if hidden or not folded(act.by) or len(act.by) > MAX_NAME_CHARS:
        raise QuestionRefusedError("name_form", most=MAX_NAME_CHARS)
    if not folded(act.reason) or len(act.reason) > MAX_REASON_CHARS:
        raise QuestionRefusedError("adoption_reason", most=MAX_REASON_CHARS)
    try:
        return act.reason.strip().encode()
    except UnicodeEncodeError:  # half a character out of a JSON escape
        raise QuestionRefusedError("adoption_reason", most=MAX_REASON_CHARS) from None
