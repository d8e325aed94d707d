"""Who may read a body: roles, a second person's word, and that nothing is read before it is on record."""

import asyncio
import itertools
import random
from dataclasses import dataclass
from typing import get_args

import pytest

from magi.core.acts import AccessApproved, AccessRequested
from magi.core.errors import (
    AccessRefusedError,
    ConflictError,
    LedgerUnavailableError,
    MalformedFileError,
    UnknownNameError,
)
from magi.core.ports import Draft
from magi.core.record import LabelLowered, LabelRaised, Manifest, Opened, SeatPlan
from magi.core.roles import APPROVAL_MS, AccessRules, Auditor, Reason, folded, role_ruling, same_person
from magi.core.rules.count import Rule
from magi.core.space import YesNoConditionalSpace
from magi.ledger.keyfile import TenantKeys
from magi.ledger.logkey import GivenSigners
from magi.ledger.note_key import new_signer
from magi.ledger.store import SqliteLedger
from magi.service.access import Desk, four_eyes_label, parse_auditors, stream_label
from magi.words import LANGUAGES, catalogue

HASH = "ab" * 32
READER, SECOND, THIRD = "山田 太郎", "佐藤", "鈴木"
FOUR_EYES = AccessRules("t1", None, 3)


@dataclass
class Clock:
    """Time that passes when the test says so."""

    ms: int = 1_700_000_000_000

    def now_ms(self):
        """The time it was set to."""
        return self.ms

    monotonic_ms = now_ms


class Chance:
    """Seeded bytes."""

    def __init__(self, seed):
        """From a seed."""
        self._random = random.Random(seed)  # noqa: S311  # tests want the same bytes every time

    def token(self, size):
        """The next `size` bytes."""
        return self._random.randbytes(size)


class Between:
    """The ledger, with somebody who acts just before a body is read, `times` times."""

    def __init__(self, ledger, act, times=1):
        """Call `act` first."""
        self._ledger, self._act, self._left = ledger, act, times
        self.append, self.read = ledger.append, ledger.read

    async def body(self, *args, **named):
        """The real reading, after the act."""
        if self._left:
            self._left -= 1
            await self._act()
        return await self._ledger.body(*args, **named)


def opened(label):
    """The opening of a deliberation under a label."""
    manifest = Manifest(
        code="c", lock="l", prompts={}, cards={}, council=HASH, profile="p", detectors="d", dictionary=None,
        reliability=None,
    )  # fmt: skip
    return Opened(
        tenant="t1", space=YesNoConditionalSpace(), space_source="declared", council="c",
        seats=(SeatPlan(seat="melchior", persona="m@1", targets=("card-a",)),), template="answer@1",
        rule=Rule(name="plurality"), quorum=1, attempts=1, profile="p", label=label, declared=False, hits=(),
        plan=(), ancestors=(), manifest=manifest, deadline_ms=1000, idempotency_hash=None,
    )  # fmt: skip


@pytest.fixture
def clock():
    """The clock of ledger and desk."""
    return Clock()


@pytest.fixture
def open_ledger(tmp_path, clock):
    """Opens the ledger of the test; each opening stands for a process."""
    seeds = itertools.count()

    def open_one(**changes):
        given = {
            "log": "log-1",
            "tenant": "t1",
            "key_id": "k1",
            "keys": TenantKeys("k1", b"k" * 32),
            "signers": GivenSigners((new_signer("log-1", b"s" * 32),)),
            "entropy": Chance(next(seeds)),
            "clock": clock,
        }
        return SqliteLedger(tmp_path / "ledger.db", **(given | changes))

    return open_one


async def stored(ledger, label=3, stream="d/1"):
    """A deliberation under a label with its one body."""
    await ledger.append(stream, 0, [Draft(opened(label), {"question": b"secret words"})])
    return await ledger.read(stream)


async def reason_of(wait):
    """The reason of a refusal."""
    with pytest.raises(AccessRefusedError) as raised:
        await wait
    return raised.value.reason


async def read(desk, records, who=READER):
    """Read the question."""
    return await desk.body(records, records[0].refs[0], who, "c-1")


def kinds(records):
    """What stands in stream `access`."""
    return [record.kind for record in records]


# Names and roles.


@pytest.mark.parametrize(
    "other",
    ["山田太郎", "山田　太郎", " 山田 太郎 ", "山田\u200b太郎", "山田\u00a0太郎"],
    ids=["none", "wide", "around", "invisible", "no-break"],
)
def test_spacing_makes_no_second_person(other):
    """Spaces of any width and invisible characters do not make another person."""
    assert same_person("山田 太郎", other)


def test_width_and_case_make_no_second_person():
    """Full-width letters and upper case are the same name; another name is not."""
    assert same_person("Ｙａｍａｄａ", "YAMADA")
    assert same_person("ﾔﾏﾀﾞ", "ヤマダ")
    assert not same_person("山田", "山本")
    assert folded("\u200b　") == ""


ROLES = (
    Auditor(name="山田太郎", tenants=("t1", "t2"), max_label=3, bodies=True),
    Auditor(name=SECOND, tenants=("*",), max_label=6, bodies=False),
    Auditor(name=THIRD, tenants=("t2",), max_label=6, bodies=True),
)


@pytest.mark.parametrize(
    ("who", "label", "reason"),
    [
        (READER, 3, None),
        (READER, 0, None),
        (READER, 4, "label"),
        (SECOND, 0, "no_bodies"),
        (THIRD, 0, "tenant"),
        ("田中", 0, "not_listed"),
    ],
)
def test_a_role_reaches_so_far(who, label, reason):
    """Tenant, label and bodies each refuse by themselves; who is not listed may nothing."""
    rules = AccessRules("t1", ROLES)

    assert role_ruling(rules, who, label, reads=True).reason == reason


def test_an_empty_file_lets_nobody_read():
    """Roles that name nobody are roles all the same; without roles whoever holds the keys may."""
    assert role_ruling(AccessRules("t1", ()), READER, 0, reads=True).reason == "not_listed"
    assert role_ruling(AccessRules("t1"), READER, 6, reads=True).reason is None


def test_a_second_person_need_not_read():
    """Who agrees needs a role that reaches tenant and label, not one that includes bodies."""
    assert role_ruling(AccessRules("t1", ROLES), SECOND, 6, reads=False).reason is None


def test_every_refusal_has_words():
    """Each reason that a ruling can give stands in the catalogue, in both languages."""
    words = catalogue()

    assert [
        r for r in get_args(Reason) if set(words.get(f"error.access_refused.{r}", ())) != set(LANGUAGES)
    ] == []


# What the desk does.


def test_an_access_is_on_record_before_the_body_is_read(open_ledger, clock):
    """A body under no second person's label is read with one record, by whom and why."""

    async def story():
        async with open_ledger() as ledger:
            records = await stored(ledger, 2)
            return await read(Desk(ledger, FOUR_EYES, clock), records), await ledger.read("access")

    data, (record,) = asyncio.run(story())

    assert data == b"secret words"
    assert (record.kind, record.data.who, record.data.why, record.data.request) == (
        "accessed",
        READER,
        "c-1",
        None,
    )


def test_a_ledger_that_cannot_record_hands_nothing_out(open_ledger, clock):
    """Read-only, nothing is read, and a refusal stays one."""

    async def story():
        async with open_ledger() as ledger:
            records = await stored(ledger)
        async with open_ledger(read_only=True) as ledger:
            with pytest.raises(LedgerUnavailableError) as raised:
                await read(Desk(ledger, AccessRules("t1"), clock), records)
            return raised.value.reason, await reason_of(
                read(Desk(ledger, AccessRules("t1", ()), clock), records)
            )

    assert asyncio.run(story()) == ("not_writable", "not_listed")


def test_a_refusal_is_on_record(open_ledger, clock):
    """Who was refused, for which stream, by which reason, stands in `access`; the body was not accessed."""

    async def story():
        async with open_ledger() as ledger:
            records = await stored(ledger, 4)
            reason = await reason_of(read(Desk(ledger, AccessRules("t1", ROLES), clock), records))
            return reason, await ledger.read("access")

    reason, (record,) = asyncio.run(story())

    assert reason == "label"
    assert (record.kind, record.data.stream, record.data.who, record.data.reason) == (
        "access_denied", "d/1", READER, "label",
    )  # fmt: skip


def test_a_raised_label_counts(open_ledger, clock):
    """The label is the highest that the deliberation has reached, and no request of before its rise serves."""

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger, 3), Desk(ledger, FOUR_EYES, clock)
            request = await desk.request(records, READER, "c-1")
            await desk.approve(request.ordinal, SECOND, granted=True)
            before = await read(desk, records)
            risen = LabelRaised(text="a1", before=3, after=5, hits=(), plan=())
            await ledger.append("d/1", 1, [Draft(risen)])
            records = await ledger.read("d/1")
            return before, stream_label(records), await reason_of(read(desk, records))

    assert asyncio.run(story()) == (b"secret words", 5, "second_person")


def test_a_second_person_opens_the_door(open_ledger, clock):
    """Asked, agreed to by another: read, and the record cites the request; before that, refused."""

    async def story():
        async with open_ledger() as ledger, open_ledger() as other:
            records, desk = await stored(ledger), Desk(ledger, FOUR_EYES, clock)
            alone = await reason_of(read(desk, records))
            request = await desk.request(records, READER, "c-1")
            asked = await reason_of(read(desk, records))
            await Desk(other, FOUR_EYES, clock).approve(request.ordinal, SECOND, granted=True)
            desk = Desk(ledger, FOUR_EYES, clock)
            data = [await read(desk, records), await read(desk, records, "山田　太郎")]
            return alone, asked, data, request.ordinal, await ledger.read("access")

    alone, asked, data, number, records = asyncio.run(story())

    assert (alone, asked, data) == ("second_person", "second_person", [b"secret words"] * 2)
    assert kinds(records) == [
        "access_denied", "access_requested", "access_denied", "access_approved", "accessed", "accessed",
    ]  # fmt: skip
    assert [record.data.request for record in records[-2:]] == [number, number]


@pytest.mark.parametrize("name", [READER, "山田　太郎", "山田\u200b太郎"])
def test_nobody_agrees_to_their_own_request(open_ledger, clock, name):
    """The reader is refused as the second person, however the name is written, and stays refused."""

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger), Desk(ledger, FOUR_EYES, clock)
            request = await desk.request(records, READER, "c-1")
            refused = await reason_of(desk.approve(request.ordinal, name, granted=True))
            return refused, await reason_of(read(desk, records)), kinds(await ledger.read("access"))

    refused, reading, found = asyncio.run(story())

    assert (refused, reading) == ("same_person", "second_person")
    assert found == ["access_requested", "access_denied", "access_denied"]


def test_a_word_recorded_past_the_command_does_not_count(open_ledger, clock):
    """An approval by the reader that somebody wrote into the ledger by other means opens nothing."""

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger), Desk(ledger, FOUR_EYES, clock)
            request = await desk.request(records, READER, "c-1")
            own = AccessApproved(request=request.ordinal, granted=True, by=READER)
            await ledger.append("access", None, [Draft(own)])
            return await reason_of(read(Desk(ledger, FOUR_EYES, clock), records))

    assert asyncio.run(story()) == "same_person"


def test_a_denial_wins(open_ledger, clock):
    """A request that anybody refused stays refused, whatever was said before or is said after."""

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger), Desk(ledger, FOUR_EYES, clock)
            number = (await desk.request(records, READER, "c-1")).ordinal
            await desk.approve(number, SECOND, granted=True)
            await desk.approve(number, THIRD, granted=False)
            reading = await reason_of(read(desk, records))
            again = await reason_of(desk.approve(number, SECOND, granted=True))
            return reading, again

    assert asyncio.run(story()) == ("denied", "denied")


@pytest.mark.parametrize(("after_ms", "reason"), [(APPROVAL_MS - 1, None), (APPROVAL_MS, "expired")])
def test_an_approval_ends(open_ledger, clock, after_ms, reason):
    """To the last millisecond of its time a request serves, and not from then on."""

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger), Desk(ledger, FOUR_EYES, clock)
            await desk.approve((await desk.request(records, READER, "c-1")).ordinal, SECOND, granted=True)
            clock.ms += after_ms
            if reason is None:
                return await read(desk, records)
            late = await desk.request(records, THIRD, "c-1")
            clock.ms += APPROVAL_MS
            refused = await reason_of(desk.approve(late.ordinal, SECOND, granted=True))
            return await reason_of(read(desk, records)), refused

    assert asyncio.run(story()) == (b"secret words" if reason is None else ("expired", "expired"))


def test_an_approval_serves_one_person_and_one_stream(open_ledger, clock):
    """Neither another reader nor another deliberation is opened by it."""

    async def story():
        async with open_ledger() as ledger:
            records, others = await stored(ledger), await stored(ledger, 3, "d/2")
            desk = Desk(ledger, FOUR_EYES, clock)
            await desk.approve((await desk.request(records, READER, "c-1")).ordinal, SECOND, granted=True)
            return await reason_of(read(desk, records, THIRD)), await reason_of(read(desk, others))

    assert asyncio.run(story()) == ("second_person", "second_person")


def test_the_second_person_needs_a_role_too(open_ledger, clock):
    """With roles, who agrees must be listed for the tenant and the label; a role lost since does not count."""
    rules = AccessRules("t1", ROLES, 3)

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger), Desk(ledger, rules, clock)
            number = (await desk.request(records, READER, "c-1")).ordinal
            refused = [await reason_of(desk.approve(number, who, granted=True)) for who in (THIRD, "田中")]
            await desk.approve(number, SECOND, granted=True)
            data = await read(desk, records)
            without = Desk(ledger, AccessRules("t1", ROLES[:1], 3), clock)
            return refused, data, await reason_of(read(without, records))

    assert asyncio.run(story()) == (["tenant", "not_listed"], b"secret words", "second_person")


def test_a_denial_in_between_is_seen(open_ledger, clock):
    """A denial that lands after the check and before the record of the access: nothing is read."""

    async def story():
        async with open_ledger() as ledger, open_ledger() as other:
            records, desk = await stored(ledger), Desk(ledger, FOUR_EYES, clock)
            number = (await desk.request(records, READER, "c-1")).ordinal
            await desk.approve(number, SECOND, granted=True)

            async def deny():
                await Desk(other, FOUR_EYES, clock).approve(number, THIRD, granted=False)

            reason = await reason_of(read(Desk(Between(ledger, deny), FOUR_EYES, clock), records))
            return reason, kinds(await ledger.read("access"))

    reason, found = asyncio.run(story())

    assert reason == "denied"
    assert "accessed" not in found


def test_others_accesses_in_between_do_not_stop_it(open_ledger, clock):
    """Another's access in between makes it judge again, not fail; without end it gives up and reads nothing."""

    async def story():
        async with open_ledger() as ledger, open_ledger() as other:
            records, public = await stored(ledger), await stored(ledger, 0, "d/2")
            desk = Desk(ledger, FOUR_EYES, clock)
            await desk.approve((await desk.request(records, READER, "c-1")).ordinal, SECOND, granted=True)

            async def look():
                await read(Desk(other, FOUR_EYES, clock), public, THIRD)

            data = await read(Desk(Between(ledger, look, 3), FOUR_EYES, clock), records)
            with pytest.raises(ConflictError):
                await read(Desk(Between(ledger, look, 1_000), FOUR_EYES, clock), records)
            return data, [r.data.who for r in await ledger.read("access") if r.kind == "accessed"]

    data, readers = asyncio.run(story())

    assert data == b"secret words"
    assert readers[:4] == [THIRD] * 3 + [READER]
    assert set(readers[4:]) == {THIRD}


def test_only_a_body_of_the_stream_is_read(open_ledger, clock):
    """A stream of a low label does not lend its label to another's body."""

    async def story():
        async with open_ledger() as ledger:
            records, public = await stored(ledger, 5), await stored(ledger, 0, "d/2")
            with pytest.raises(UnknownNameError):
                await Desk(ledger, FOUR_EYES, clock).body(public, records[0].refs[0], READER, "c-1")
            return await ledger.read("access")

    assert asyncio.run(story()) == ()


def test_a_request_that_no_second_person_could_help_is_refused(open_ledger, clock):
    """Roles refuse at the request already, and a number that is no request is not approved."""

    async def story():
        async with open_ledger() as ledger:
            records, desk = await stored(ledger, 5), Desk(ledger, AccessRules("t1", ROLES, 3), clock)
            refused = await reason_of(desk.request(records, READER, "c-1"))
            with pytest.raises(UnknownNameError):
                await desk.approve(0, SECOND, granted=True)
            return refused, kinds(await ledger.read("access"))

    assert asyncio.run(story()) == ("label", ["access_denied"])


def test_reasons_beside_deliberations_have_a_label(open_ledger):
    """A reason counts as internal, one for a lowering as what the text was before it."""

    async def story():
        async with open_ledger() as ledger:
            wanted = AccessRequested(stream="d/1", label=1, who="a", why="b", expires_ms=1)
            await ledger.append("access", 0, [Draft(wanted)])
            low = stream_label(await ledger.read("access"))
            event = LabelLowered(text_hash=HASH, before=5, after=0, rules=("r",), by="乙")
            await ledger.append("config", None, [Draft(event, {"reason": b"r"})])
            return low, stream_label(await ledger.read("config"))

    assert asyncio.run(story()) == (1, 5)


# Files and settings.


def test_a_file_of_roles_is_read():
    """Tenants as a list or one word, the label by its word."""
    table = {
        "auditor": [
            {"name": "甲", "tenants": ["t1"], "max_label": "personal", "bodies": True},
            {"name": "乙", "tenants": "*", "max_label": "secret", "bodies": False},
        ]
    }

    assert parse_auditors(table, "f") == (
        Auditor(name="甲", tenants=("t1",), max_label=2, bodies=True),
        Auditor(name="乙", tenants=("*",), max_label=5, bodies=False),
    )


GOOD = {"name": "甲", "tenants": ["t1"], "max_label": "personal", "bodies": True}


@pytest.mark.parametrize(
    "table",
    [
        {"auditors": [GOOD]},
        {"auditor": GOOD},
        {"auditor": ["甲"]},
        {"auditor": [GOOD | {"max_label": 6}]},
        {"auditor": [GOOD | {"max_label": "Personal"}]},
        {"auditor": [GOOD | {"bodies": "yes"}]},
        {"auditor": [GOOD | {"bodies": 1}]},
        {"auditor": [GOOD | {"tenants": []}]},
        {"auditor": [GOOD | {"name": "\u3000"}]},
        {"auditor": [GOOD | {"role": "x"}]},
        {"auditor": [{"name": "甲"}]},
        {"auditor": [GOOD, GOOD | {"name": " 甲 "}]},
    ],
)
def test_a_file_that_could_be_misread_is_refused(table):
    """An unknown key or label, a wrong type, nobody's name, one person twice: nobody reads by such a file."""
    with pytest.raises(MalformedFileError) as raised:
        parse_auditors(table, "f.toml")

    assert raised.value.reason == "auditors"


@pytest.mark.parametrize(
    ("word", "label"),
    [(None, None), ("3", 3), ("0", 0), ("6", 6), ("sensitive-personal", 3), ("機密性3", 5)],
)
def test_the_label_of_four_eyes_is_a_word_or_a_number(word, label):
    """MAGI_FOUR_EYES is a label's word or its number; unset, nobody else is needed."""
    assert four_eyes_label(word) == label


@pytest.mark.parametrize("word", ["7", "-1", "３", "Secret", "off", "3.0"])
def test_a_near_miss_is_refused(word):
    """What is no label is an error: it never means that nobody else is needed."""
    with pytest.raises(UnknownNameError) as raised:
        four_eyes_label(word)

    assert raised.value.reason == "label"
