"""The contract of the `Ledger` port, run against every implementation (fixture `ledgers`).

Two ledgers opened by the same factory stand for two processes on one log.
"""

import asyncio
import json

import pytest

from magi.core.acts import Accessed
from magi.core.errors import ConflictError, LedgerUnavailableError, QuestionRefusedError, TamperedError
from magi.core.ports import Marks
from magi.core.record import Configured, Ref, parse_record

IDEMPOTENT = "cd" * 32


async def _settled(*waits):
    return await asyncio.gather(*waits, return_exceptions=True)


def test_a_new_log_starts_with_its_configuration(ledgers):
    """The first record of a new log names its tenant and schema version."""

    async def story():
        async with ledgers.open() as ledger:
            return await ledger.read("config"), await ledger.streams("")

    (first,), streams = asyncio.run(story())

    assert (first.ordinal, first.data) == (0, Configured(tenant="t1", schema_version=2, key=ledgers.key))
    assert streams == ("config",)


def test_a_second_opening_adds_nothing(ledgers):
    """Opening a log that is there writes no second first record."""

    async def story():
        async with ledgers.open():
            pass
        async with ledgers.open() as ledger:
            return await ledger.read("config")

    records = asyncio.run(story())

    assert len(records) == 1


def test_what_was_appended_is_read_back_by_another_process(ledgers, drafts, clock):
    """Records come back in order with the envelope that `append` returned, refs sorted by name."""

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            bodies = {"zeta": b"z", "answer": b"a"}
            first = await ledger.append("d/1", 0, [drafts.ticketed(), drafts.answered(**bodies)])
            second = await other.append("d/1", 2, [drafts.decided()])
            return first + second, await ledger.read("d/1"), await other.read("d/1")

    appended, read, read_by_other = asyncio.run(story())

    assert appended == read == read_by_other
    assert [(r.log, r.stream, r.ordinal, r.at_ms) for r in read] == [
        ("log-1", "d/1", n, clock.ms) for n in (0, 1, 2)
    ]
    assert [ref.name for ref in read[1].refs] == ["answer", "zeta"]


def test_an_unknown_stream_is_empty(ledgers):
    """Reading a stream that does not exist gives no records and no error."""

    async def story():
        async with ledgers.open() as ledger:
            return await ledger.read("d/none")

    records = asyncio.run(story())

    assert records == ()


def test_a_taken_ordinal_refuses_the_whole_append(ledgers, drafts):
    """The loser of an ordinal leaves nothing: no record, no ancestry, no claim, no idempotency hash."""
    lost = Marks(ancestry={"m1": 3}, idempotency_hash=IDEMPOTENT, owner="p2", ttl_ms=10)

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            await ledger.append("d/1", 0, [drafts.answered()])
            with pytest.raises(ConflictError) as raised:
                await other.append("d/1", 0, [drafts.decided(), drafts.decided()], lost)
            kept = await other.append("d/2", 0, [drafts.answered()], Marks(idempotency_hash=IDEMPOTENT))
            return (
                raised.value,
                await other.read("d/1"),
                await other.labels(["m1"]),
                kept,
                (await other.open_streams()),
            )

    error, records, labels, kept, open_streams = asyncio.run(story())

    assert (error.reason, error.facts) == ("ordinal", {"stream": "d/1", "ordinal": 0})
    assert [record.kind for record in records] == ["answered"]
    assert (dict(labels), len(kept), open_streams) == ({}, 1, ())


def test_an_append_may_not_leave_a_gap(ledgers, drafts):
    """An ordinal past the end of the stream is refused: ordinals stay contiguous."""

    async def story():
        async with ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()])
            return await _settled(
                ledger.append("d/1", 2, [drafts.decided()]), ledger.append("d/2", 1, [drafts.decided()])
            )

    errors = asyncio.run(story())

    assert [(type(error), error.reason) for error in errors] == [(ConflictError, "gap")] * 2


def test_appends_without_waiting_keep_their_order(ledgers, drafts):
    """Appends to one stream that were handed in one after the other, unawaited, all land in that order."""

    async def story():
        async with ledgers.open() as ledger:
            waits = [
                ledger.append("d/1", n, [drafts.answered(ask=f"a{n}", answer=b"x" * n)]) for n in range(40)
            ]
            await asyncio.gather(*waits)
            return await ledger.read("d/1")

    records = asyncio.run(story())

    assert [record.data.ask for record in records] == [f"a{n}" for n in range(40)]


def test_of_many_who_want_one_ordinal_one_gets_it(ledgers, drafts):
    """A conflict fails only the loser: one winner, and the neighbours of the race are untouched."""

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            race = [each.append("d/race", 0, [drafts.answered()]) for each in (ledger, other) * 10]
            beside = [ledger.append(f"d/{n}", 0, [drafts.answered()]) for n in range(20)]
            return await _settled(*race), await _settled(*beside), await ledger.read("d/race")

    race, beside, records = asyncio.run(story())

    assert sum(not isinstance(outcome, Exception) for outcome in race) == 1
    assert sum(isinstance(outcome, ConflictError) for outcome in race) == 19
    assert not any(isinstance(outcome, Exception) for outcome in beside)
    assert len(records) == 1


def test_a_known_idempotency_hash_names_the_first_stream(ledgers, drafts):
    """A second T1 with a known hash fails and is told where to read, also within one group."""
    marks = Marks(idempotency_hash=IDEMPOTENT)

    async def story():
        async with ledgers.open() as ledger:
            both = await _settled(
                ledger.append("d/1", 0, [drafts.answered()], marks),
                ledger.append("d/2", 0, [drafts.answered()], marks),
            )
            later = await _settled(ledger.append("d/3", 0, [drafts.answered()], marks))
            return both + later, await ledger.streams("d/")

    outcomes, streams = asyncio.run(story())

    assert [getattr(outcome, "reason", "won") for outcome in outcomes] == ["won", *["idempotency"] * 2]
    assert [error.facts for error in outcomes[1:]] == [{"stream": "d/1"}] * 2
    assert streams == ("d/1",)


def test_known_hashes_are_told_with_their_streams(ledgers, drafts):
    """A look-up of many idempotency hashes tells the stream of each known one, open or not, and no other."""

    async def story():
        async with ledgers.open() as ledger:
            for number in range(3):
                marks = Marks(idempotency_hash=f"{number:064x}", owner="w", ttl_ms=1, closes=number == 0)
                await ledger.append(f"d/{number}", 0, [drafts.opened()], marks)
            return await ledger.known([f"{number:064x}" for number in (*range(1, 1200), 0)])

    assert asyncio.run(story()) == {f"{number:064x}": f"d/{number}" for number in range(3)}


def test_a_label_in_the_ancestry_only_rises(ledgers, drafts):
    """Ancestry keeps the highest label that was ever recorded for a digest; unknown digests are left out."""

    async def story():
        async with ledgers.open() as ledger:
            for ordinal, label in enumerate([2, 4, 1]):
                await ledger.append("d/1", ordinal, [drafts.answered()], Marks(ancestry={"m1": label}))
            many = [f"x{n}" for n in range(2000)]
            return await ledger.labels(["m1", "m2", *many])

    labels = asyncio.run(story())

    assert dict(labels) == {"m1": 4}


def test_a_body_is_read_back_whole(ledgers, drafts):
    """A body of any bytes, also none, comes back as it was given, in another process too."""
    texts = {"answer": "回答".encode() * 5000, "exchange": bytes(range(256)), "nothing": b""}

    async def story():
        async with ledgers.open() as ledger:
            (record,) = await ledger.append("d/1", 0, [drafts.answered(**texts)])
        async with ledgers.open() as other:
            return {ref.name: await other.body(ref, "auditor", "test") for ref in record.refs}

    bodies = asyncio.run(story())

    assert bodies == texts


def test_a_body_must_have_the_length_that_its_record_says(ledgers, drafts):
    """The length that the log holds is what counts."""

    async def story():
        async with ledgers.open() as ledger:
            (record,) = await ledger.append("d/1", 0, [drafts.answered(answer=b"text")])
            await ledger.body(record.refs[0].model_copy(update={"length": 5}), "auditor", "test")

    with pytest.raises(TamperedError) as raised:
        asyncio.run(story())

    assert raised.value.reason == "body_length"


def test_an_access_is_on_record_before_the_body_is_read(ledgers):
    """Even where the body turns out not to be there, the attempt to read it is on record."""
    ref = Ref(name="answer", commitment="00" * 32, length=1)

    async def story():
        async with ledgers.open() as ledger:
            with pytest.raises(TamperedError) as raised:
                await ledger.body(ref, "auditor", "because")
            return raised.value, await ledger.read("access")

    error, (access,) = asyncio.run(story())

    assert error.reason == "body_missing"
    assert (access.actor, access.data) == (
        "auditor",
        Accessed(commitment=ref.commitment, who="auditor", why="because"),
    )


def test_accesses_by_many_are_all_recorded(ledgers, drafts):
    """Concurrent reads by two processes each leave their own access record, without conflicts."""

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            (record,) = await ledger.append("d/1", 0, [drafts.answered(answer=b"text")])
            (ref,) = record.refs
            await asyncio.gather(*(each.body(ref, "a", "b") for each in (ledger, other) * 15))
            return await ledger.read("access")

    accesses = asyncio.run(story())

    assert [record.ordinal for record in accesses] == list(range(30))


def test_streams_come_in_the_order_of_their_first_record(ledgers, drafts):
    """A prefix selects streams exactly, letter case and wildcards included."""

    async def story():
        async with ledgers.open() as ledger:
            for name in ("d/z", "d/a", "D/x", "d%x"):
                await ledger.append(name, 0, [drafts.answered()])
            await ledger.append("d/z", 1, [drafts.answered()])
            return await ledger.streams("d/"), await ledger.streams("d%")

    streams, wild = asyncio.run(story())

    assert (streams, wild) == (("d/z", "d/a"), ("d%x",))


def test_a_claim_lives_from_t1_to_t3(ledgers, drafts, clock):
    """T1 opens the claim with its owner and expiry, T3 deletes it."""

    async def story():
        async with ledgers.open() as ledger:
            await ledger.append("d/1", 0, [drafts.answered()], Marks(owner="p1", ttl_ms=500))
            between = await ledger.open_streams()
            await ledger.append("d/1", 1, [drafts.decided()], Marks(closes=True))
            return between, await ledger.open_streams(), await ledger.claim("d/1", "p1", 500)

    between, after, taken = asyncio.run(story())

    assert [(c.stream, c.owner, c.expires_ms) for c in between] == [("d/1", "p1", clock.ms + 500)]
    assert (after, taken) == ((), False)


def test_a_claim_is_renewed_by_its_owner_and_taken_only_when_expired_or_dead(ledgers, drafts, clock):
    """Renewal, refusal, expiry and a dead owner, by an injected clock."""

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            await ledger.append("d/1", 0, [drafts.answered()], Marks(owner="p1", ttl_ms=500))
            early = await other.claim("d/1", "p2", 500)
            clock.ms += 400
            renewed = await ledger.claim("d/1", "p1", 500)
            clock.ms += 499
            still = await other.claim("d/1", "p2", 500)
            clock.ms += 1
            expired = await other.claim("d/1", "p2", 500)
            lost = await ledger.claim("d/1", "p1", 500)
            wrong_dead = await ledger.claim("d/1", "p3", 500, dead_owner="p1")
            dead = await ledger.claim("d/1", "p3", 500, dead_owner="p2")
            return early, renewed, still, expired, lost, wrong_dead, dead, await ledger.open_streams()

    *answers, (claim,) = asyncio.run(story())

    assert answers == [False, True, False, True, False, False, True]
    assert claim.owner == "p3"


def test_one_of_many_claimants_gets_an_expired_stream(ledgers, drafts, clock):
    """Of processes that claim at the same time exactly one is told yes."""

    async def story():
        async with ledgers.open() as ledger, ledgers.open() as other:
            await ledger.append("d/1", 0, [drafts.answered()], Marks(owner="p0", ttl_ms=1))
            clock.ms += 1
            claims = [(ledger, other)[n % 2].claim("d/1", f"p{n + 1}", 500) for n in range(20)]
            return await asyncio.gather(*claims)

    answers = asyncio.run(story())

    assert answers.count(True) == 1


def test_a_record_over_the_limit_is_refused_and_leaves_nothing(ledgers, drafts):
    """A record that no tile bundle could hold is the question's fault, and its neighbours land."""
    large = drafts.answered()
    many = tuple({"id": f"c{n}", "basis": "none"} for n in range(3000))
    event = type(large.event).model_validate(large.event.model_dump() | {"claims": many})

    async def story():
        async with ledgers.open() as ledger:
            outcomes = await _settled(
                ledger.append("d/1", 0, [drafts.answered(), type(large)(event)]),
                ledger.append("d/2", 0, [drafts.answered()]),
            )
            return outcomes, await ledger.streams("d/")

    (error, neighbour), streams = asyncio.run(story())

    assert (type(error), error.reason) == (QuestionRefusedError, "record_too_large")
    assert (len(neighbour), streams) == (1, ("d/2",))


def test_a_closed_ledger_refuses_and_finishes_what_it_had(ledgers, drafts):
    """Closing waits for what was handed in; afterwards an append is refused, not lost."""

    async def story():
        ledger = ledgers.open()
        waits = [asyncio.create_task(ledger.append(f"d/{n}", 0, [drafts.answered()])) for n in range(50)]
        await asyncio.sleep(0)
        await ledger.close()
        outcomes = await _settled(*waits, ledger.append("d/late", 0, [drafts.answered()]))
        async with ledgers.open() as other:
            return outcomes, await other.streams("d/")

    (*done, refused), streams = asyncio.run(story())

    assert not any(isinstance(outcome, Exception) for outcome in done)
    assert len(streams) == 50
    assert (type(refused), refused.reason) == (LedgerUnavailableError, "closed")


def test_a_wait_that_is_cancelled_harms_nobody_else(ledgers, drafts):
    """Cancelling one append leaves the others and the ledger in order."""

    async def story():
        async with ledgers.open() as ledger:
            tasks = [asyncio.create_task(ledger.append(f"d/{n}", 0, [drafts.answered()])) for n in range(30)]
            await asyncio.sleep(0)
            tasks[3].cancel()
            outcomes = await _settled(*tasks)
            return outcomes, await ledger.append("d/after", 0, [drafts.answered()])

    outcomes, after = asyncio.run(story())

    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [3]
    assert len(after) == 1


def test_records_survive_their_own_schema(ledgers, drafts):
    """What is read parses back from its canonical bytes to the same record."""

    async def story():
        async with ledgers.open() as ledger:
            return await ledger.append("d/1", 0, [drafts.opened(question=b"q"), drafts.ticketed()])

    records = asyncio.run(story())

    assert [parse_record(json.loads(record.to_bytes())) for record in records] == list(records)
