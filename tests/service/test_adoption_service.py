"""Acts of adoption: who may, what is refused, and that whatever is accepted stands on record."""

import asyncio

import pytest

from magi.core.acts import AccessDenied
from magi.core.adoption import verdict_digest
from magi.core.decided import Arbitrated, Decided, Independence
from magi.core.errors import AccessRefusedError, LedgerUnavailableError, MagiError, UnknownNameError
from magi.core.ports import Draft
from magi.core.record import Refused
from magi.core.roles import AccessRules, Auditor
from magi.service.adoption import AdoptionDesk, Deciding, decision_of

ANYBODY = AccessRules("t")
WHY = "条文を確かめたため"
SUPPORT = Independence(seats=3, voices_milli=3000, measured=False)


def verdict(outcome="majority", flags=(), review=()):
    """A verdict of version 2."""
    return Decided(
        outcome=outcome, answer_class="A", attributed=None, tally=(), seats=(), dissent=(), confidence_bp=None,
        outstanding=(), flags=tuple(flags), arbitration=Arbitrated(review=tuple(review), independence=SUPPORT),
    )  # fmt: skip


@pytest.fixture
def held(rig, build):
    """A rig whose ledger holds deliberations: stream -> (label, verdict or None)."""

    def make(**streams):
        found = rig()
        for name, (label, decided) in streams.items():
            drafts = [Draft(build.opened(label=label))] + ([Draft(decided)] if decided else [])
            asyncio.run(found.ledger.append(f"d/{name}", 0, drafts))
        return found

    return make


def desk(rig, rules=ANYBODY):
    """A desk over the rig's ledger."""
    return AdoptionDesk(rig.ledger, rules)


def act(name="1", decision="adopted", by="山田 太郎", reason=WHY, **more):
    """An act on a deliberation."""
    return Deciding(f"d/{name}", decision, by, reason, **more)


def reason_of(rig, wanted, rules=ANYBODY):
    """Why an act was refused; None where it went on record."""
    try:
        asyncio.run(desk(rig, rules).adopt(wanted))
    except MagiError as error:
        return "quoted" if WHY in str(error) else error.reason
    return None


def on_record(rig):
    """The acts on record: decision, person, actor."""
    return [
        (record.data.decision, record.data.by, record.actor)
        for record in rig.ledger.entries.get("adoptions", ())
    ]


def test_an_act_is_on_record_with_its_reason(held):
    """The record names the verdict's digest, the decision and the person; the reason is in a body alone."""
    rig = held(**{"1": (1, verdict())})
    record = asyncio.run(desk(rig).adopt(act(by=" 山田 太郎 ")))

    assert (record.stream, record.ordinal, record.actor) == ("adoptions", 0, "山田 太郎")
    assert (record.data.stream, record.data.by, record.data.decision) == ("d/1", "山田 太郎", "adopted")
    assert record.data.verdict == verdict_digest(verdict())
    assert rig.ledger.bodies[record.ref("reason").commitment].decode() == WHY
    assert WHY not in rig.ledger.text()
    assert rig.ledger.accesses == []


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (act("9"), "deliberation"),
        (act("open"), "not_decided"),
        (act("refused"), "not_decided"),
        (act(by=""), "name_form"),
        (act(by="\u3000\u200b "), "name_form"),
        (act(by="山田\u202e太郎"), "name_form"),
        (act(by="山田\n太郎"), "name_form"),
        (act(by="山\ud800"), "name_form"),
        (act(by="山" * 201), "name_form"),
        (act(reason=""), "adoption_reason"),
        (act(reason=" \u3000\n"), "adoption_reason"),
        (act(reason="あ" * 2_001), "adoption_reason"),
        (act(reason="\ud800"), "adoption_reason"),
        (act(reason=WHY + "\ud800"), "adoption_reason"),
        (act(verdict="0" * 64), "verdict_changed"),
        (act("twice"), "verdict_changed"),
        (act(reason="あ" * 2_000), None),
        (act(by="山" * 200), None),
        (act(verdict=verdict_digest(verdict())), None),
    ],
)
def test_what_cannot_be_recorded_is_refused(held, wanted, reason):
    """A person, a reason within its bound, and one decided verdict that is the one meant; else nothing is recorded."""
    rig = held(**{"1": (1, verdict()), "open": (1, None), "twice": (1, verdict())})
    refused = Refused(by="label", reason="classified", ask=None, attempt=None, card=None, label=6, plan=())
    asyncio.run(rig.ledger.append("d/refused", 0, [Draft(refused)]))
    asyncio.run(rig.ledger.append("d/twice", 2, [Draft(verdict("unanimous"))]))

    assert reason_of(rig, wanted) == reason
    assert len(on_record(rig)) == (reason is None)


@pytest.mark.parametrize("stream", ["config", "adoptions", "d", "1"])
def test_only_deliberations_are_decided_on(held, stream):
    """Another stream of the log is no deliberation, whatever it holds."""
    rig = held(**{"1": (1, verdict())})
    asyncio.run(desk(rig).adopt(act()))
    wanted = Deciding(stream, "not_adopted", "佐藤", WHY)
    with pytest.raises(UnknownNameError):
        asyncio.run(desk(rig).adopt(wanted))

    assert len(on_record(rig)) == 1


@pytest.mark.parametrize("decision", ["adopted", "not_adopted", "sent_back"])
@pytest.mark.parametrize(
    ("decided", "reason"),
    [
        (verdict(flags=["rehearsal"]), "rehearsal_verdict"),
        (verdict(flags=["degraded", "recording"]), "rehearsal_verdict"),
        (verdict("tied", review=["tied"]), "nothing_to_adopt"),
        (verdict("no_quorum", review=["no_quorum"]), "nothing_to_adopt"),
        (verdict("withheld", review=["low_confidence"]), "nothing_to_adopt"),
        (verdict("single_seat", review=["single_seat"]), None),
        (verdict(flags=["foreign_claim"], review=["foreign_claim"]), None),
        (verdict("conditional"), None),
    ],
)
def test_what_is_no_answer_is_not_taken_up(held, decided, reason, decision):
    """A rehearsal and an undecided verdict can be turned down or sent back, never adopted."""
    rig = held(**{"1": (1, decided)})

    assert reason_of(rig, act(decision=decision)) == (reason if decision == "adopted" else None)


ROLES = (
    Auditor(name="山田太郎", tenants=("t",), max_label=2, bodies=False),
    Auditor(name="佐藤", tenants=("*",), max_label=1, bodies=True),
    Auditor(name="鈴木", tenants=("u",), max_label=6, bodies=True),
)


@pytest.mark.parametrize(
    ("by", "label", "reason"),
    [
        ("山田 太郎", 2, None),
        ("佐藤", 1, None),
        ("佐藤", 2, "label"),
        ("鈴木", 0, "tenant"),
        ("田中", 0, "not_listed"),
    ],
)
def test_a_role_that_reaches_the_label_decides(held, by, label, reason):
    """Where roles are stated, the person's must reach the deliberation's label; a refusal is on record, no act."""
    rig = held(**{"1": (label, verdict())})

    assert reason_of(rig, act(by=by), AccessRules("t", ROLES)) == reason
    denied = [record.data for record in rig.ledger.entries.get("access", ())]
    assert denied == (
        [] if reason is None else [AccessDenied(stream="d/1", who=by, why="adopt", reason=reason)]
    )
    assert len(on_record(rig)) == (reason is None)


def test_who_hands_an_act_in_needs_a_role_too(held):
    """Over a service without names a listed person's name alone is not enough; without roles the record says who."""
    rig = held(**{"1": (1, verdict())})
    wanted = act(by="佐藤", caller="anonymous@loopback")

    assert reason_of(rig, wanted, AccessRules("t", ROLES)) == "not_listed"
    assert reason_of(rig, wanted) is None
    assert on_record(rig) == [("adopted", "佐藤", "anonymous@loopback")]


def test_a_refusal_that_cannot_be_recorded_stays_a_refusal(held, parts):
    """A ledger that cannot be written to does not turn a refusal into anything else."""
    rig = held(**{"1": (1, verdict())})
    rig.ledger.fault = parts.Fault(rig.ledger.appends + 1, persisted=False)
    with pytest.raises(AccessRefusedError) as raised:
        asyncio.run(desk(rig, AccessRules("t", ())).adopt(act()))

    assert isinstance(raised.value.__cause__, LedgerUnavailableError)


def test_two_people_at_once_are_both_on_record(held):
    """Neither act is lost, and the later one stands."""
    rig = held(**{"1": (1, verdict(review=["concern"]))})

    async def story():
        one, other = act(by="甲野"), act(decision="sent_back", by="乙野")
        await asyncio.gather(desk(rig).adopt(one), desk(rig).adopt(other))
        return await desk(rig).case("d/1")

    stands = asyncio.run(story()).standing

    assert sorted(by for _, by, _ in on_record(rig)) == ["乙野", "甲野"]
    assert [item.number for item in stands.acts] == [0, 1]
    assert stands.last.by == on_record(rig)[-1][1]


def test_the_queue_follows_the_acts(held):
    """What is decided on leaves the queue, what is sent back stays, and `everything` still names both; nobody reads."""
    waiting = verdict(review=["concern"])
    rig = held(a=(1, waiting), b=(3, waiting), fine=(1, verdict()), open=(1, None))
    clerk = desk(rig)

    async def story():
        seen = [[c.standing.stream for c in await clerk.cases()]]
        await clerk.adopt(act("a"))
        await clerk.adopt(act("b", "sent_back"))
        await clerk.adopt(act("fine"))
        seen.append([c.standing.stream for c in await clerk.cases()])
        seen.append([c.standing.stream for c in await clerk.cases(everything=True)])
        return seen, {c.standing.stream: c.label.word for c in await clerk.cases(everything=True)}

    seen, labels = asyncio.run(story())

    assert seen == [["d/a", "d/b"], ["d/b"], ["d/a", "d/b", "d/fine"]]
    assert labels == {"d/a": "internal", "d/b": "sensitive-personal", "d/fine": "internal"}
    assert rig.ledger.accesses == []


def test_the_same_desk_sees_what_comes_later(held, build):
    """A deliberation that ends after the first look, and a word from another process, are seen at the next."""
    rig = held(**{"1": (1, None)})
    clerk = desk(rig)

    async def story():
        before = await clerk.cases()
        await rig.ledger.append("d/1", 1, [Draft(verdict("tied", review=["tied"]))])
        await rig.ledger.append("d/2", 0, [Draft(build.opened()), Draft(verdict("tied", review=["tied"]))])
        between = await clerk.cases()
        await desk(rig).adopt(act("1", "not_adopted"))
        return [len(each) for each in (before, between, await clerk.cases())]

    assert asyncio.run(story()) == [0, 2, 1]


class Counting:
    """The ledger, with the names of the streams that were read."""

    def __init__(self, ledger):
        """Read through `ledger`."""
        self._ledger, self.seen = ledger, []
        self.streams, self.append = ledger.streams, ledger.append

    async def read(self, stream):
        """The real reading, noted."""
        self.seen.append(stream)
        return await self._ledger.read(stream)


def test_what_needs_nobody_is_read_once(held):
    """The second look at the queue reads only the acts, what waits and what runs: a verdict does not change."""
    rig = held(fine=(1, verdict()), waits=(1, verdict(review=["concern"])), runs=(1, None))
    ledger = Counting(rig.ledger)
    clerk = AdoptionDesk(ledger, ANYBODY)
    asyncio.run(clerk.cases())
    first, ledger.seen = ledger.seen, []
    asyncio.run(clerk.cases())

    assert first == ["adoptions", "d/fine", "d/waits", "d/runs"]
    assert ledger.seen == ["adoptions", "d/waits", "d/runs"]


@pytest.mark.parametrize(
    ("word", "decision"),
    [
        ("採用", "adopted"), ("不採用", "not_adopted"), ("差戻し", "sent_back"), (" 差し戻し ", "sent_back"),
        ("adopted", "adopted"), ("ａｄｏｐｔｅｄ", "adopted"), ("not_adopted", "not_adopted"),
        ("sent_back", "sent_back"),
    ],
)  # fmt: skip
def test_decisions_have_words(word, decision):
    """A decision is named by its code or its Japanese word, in any width."""
    assert decision_of(word) == decision


@pytest.mark.parametrize("word", ["", "可決", "採用しない", "adopt", "not adopted", "ADOPTED"])
def test_no_other_word_is_a_decision(word):
    """A near miss is refused and never read as a decision."""
    with pytest.raises(UnknownNameError) as raised:
        decision_of(word)

    assert raised.value.reason == "decision"
