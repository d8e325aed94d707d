"""The attempt loop: every attempt from step 1, named failures, waits, deadline, fallback."""

import asyncio
import json

import httpx
import pytest
import respx

from magi.gateway.client import BASE_WAIT_MS, MAX_WAIT_MS, AttemptReport
from magi.gateway.transport import PinnedTransport
from magi.standin.script import (
    CloseUnanswered,
    CutStream,
    Garbage,
    Hang,
    Redirect,
    Reply,
    Status,
    fixed,
    sequence,
)
from magi.standin.server import StandIn

URL = "http://127.0.0.1:9/v1/chat/completions"
GOOD = {"model": "m", "choices": [{"message": {"content": "はい"}, "finish_reason": "stop"}]}


def ok():
    """A good answer for an injected transport."""
    return httpx.Response(200, json=GOOD)


def scripted(kit, *answers, cards=("dom",), **changes):
    """Ask through an injected transport that gives these answers in turn; the rig, what was told, the calls."""

    async def run():
        with respx.mock(assert_all_called=False, using=None) as router:
            route = router.post(URL).mock(side_effect=list(answers))
            made = {name: kit.make_card(card_id=name) for name in cards}
            rig = kit.Rig(made, transport=httpx.MockTransport(router.async_handler))
            refuse = changes.pop("refuse", ())
            rig.refuse.update(refuse)
            told = await rig.ask(*cards, **changes)
            return rig, told, [json.loads(call.request.content) for call in route.calls]

    return asyncio.run(run())


def stood_in(kit, script, *, stream=False, **changes):
    """Ask a stand-in over real sockets; the rig, what was told, how many requests arrived."""

    async def run():
        async with StandIn(script) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url, stream=stream)}, transport=PinnedTransport())
            told = await rig.ask(**changes)
            return rig, told, server.arrived

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_told_with_what_it_cost(kit, stream):
    """The text, its tokens and its exchange come back; the stand-in is marked; the ticket came first."""
    reply = Reply("はい、そうです。", prompt_tokens=5, completion_tokens=4)
    rig, told, arrived = stood_in(kit, fixed(reply), stream=stream)

    assert (told.text, told.refused, told.failure, told.tokens) == ("はい、そうです。", False, None, (5, 4))
    assert (told.attempt, told.card, told.origin, told.model) == (1, "dom", "scripted", "m")
    assert told.exchange.sent == "yes"
    assert (rig.events, arrived) == ([("ticketed", 1, "dom")], 1)


def test_a_card_bound_to_a_stand_in_is_never_live(kit):
    """Without the mark on the response, the card's own word makes the origin."""

    async def run():
        card = kit.make_card().model_copy(update={"origin": "recorded"})
        answered = kit.Rig({"dom": card}, transport=httpx.MockTransport(lambda _: ok()))
        failed = kit.Rig({"dom": card}, transport=httpx.MockTransport(lambda _: httpx.Response(400)))
        return (await answered.ask()).origin, (await failed.ask()).origin

    assert asyncio.run(run()) == ("recorded", "recorded")


def test_a_refusal_is_told_as_one(kit):
    """A refusal is no failure: it has empty text and is not tried again."""
    rig, told, _ = stood_in(kit, fixed(Reply(None, refusal="お答えできません")))

    assert (told.refused, told.text, told.failure) == (True, "", None)
    assert rig.events == [("ticketed", 1, "dom")]


@pytest.mark.parametrize(
    ("bad", "stream", "failure", "sent"),
    [
        (Status(429), False, "rate_limited", "yes"),
        (Status(503), False, "overloaded", "yes"),
        (Status(500), True, "http_500", "yes"),
        (Garbage(b"<html>"), False, "garbage", "yes"),
        (CutStream("長い答えです。", 2), True, "cut_stream", "yes"),
        (CutStream("長い答えです。", 2, clean=True), True, "cut_stream", "yes"),
        (CutStream("長い答えです。"), False, "cut_stream", "yes"),
        (CloseUnanswered(), False, "cut_stream", "maybe"),
    ],
)
def test_what_may_pass_is_tried_again_with_a_new_ticket(kit, bad, stream, failure, sent):
    """A passing failure is reported, then asked again from step 1; the next answer counts."""
    rig, told, arrived = stood_in(kit, sequence(bad, Reply("はい")), stream=stream)

    assert (told.text, told.attempt, arrived) == ("はい", 2, 2)
    assert rig.events == [("ticketed", 1, "dom"), (failure, 1, "dom", sent), ("ticketed", 2, "dom")]


@pytest.mark.parametrize(
    ("bad", "failure"),
    [
        (Status(400), "http_400"),
        (Status(401), "http_401"),
        (Status(404), "http_404"),
        (Redirect("http://127.0.0.1:1/", 307), "redirect_refused"),
        (Redirect("http://127.0.0.1:1/", 308), "redirect_refused"),
        (Reply("半", finish_reason="length"), "truncated"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(kit, bad, failure):
    """A lasting failure ends the card after one attempt."""
    rig, told, arrived = stood_in(kit, fixed(bad))

    assert (told.text, told.failure, told.attempt, arrived) == (None, failure, 1, 1)
    assert rig.events == [("ticketed", 1, "dom"), (failure, 1, "dom", "yes")]
    assert rig.slept == []


def test_attempts_are_bounded(kit):
    """A card that keeps failing is asked as often as the council says, and each failure is reported."""
    rig, told, arrived = stood_in(kit, fixed(Status(500)), attempts=3)

    assert (told.failure, told.attempt, arrived) == ("http_500", 3, 3)
    assert [event[0] for event in rig.events] == ["ticketed", "http_500"] * 3
    assert len(rig.slept) == 2


def test_each_attempt_sends_the_same_bytes_under_its_own_ticket(kit):
    """Attempts differ in nothing but their ticket."""
    tickets = []

    async def run():
        rig = kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: httpx.Response(500)))

        async def authorise(ticket, wire):
            tickets.append((ticket.nonce, ticket.attempt, wire.digest == ticket.digest, wire.digest))

        await rig.client.ask(rig.order(first_attempt=4), authorise, rig.failed)

    asyncio.run(run())

    assert [attempt for _, attempt, _, _ in tickets] == [4, 5, 6]
    assert len({nonce for nonce, *_ in tickets}) == 3
    assert {(fits, digest) for *_, fits, digest in tickets} == {(True, tickets[0][3])}


def test_the_backends_word_on_waiting_is_kept(kit):
    """Retry-After decides the wait, without spread."""
    rig, told, _ = scripted(kit, httpx.Response(429, headers={"Retry-After": "7"}), ok())

    assert (told.text, rig.slept) == ("はい", [7.0])


def test_without_a_word_waits_double_within_bounds(kit):
    """Each wait lies in the upper half of a bound that doubles up to its limit, and a run can be repeated."""
    answers = [httpx.Response(500)] * 9
    rig, _, _ = scripted(kit, *answers, attempts=9, within_ms=10**6)
    again, _, _ = scripted(kit, *answers, attempts=9, within_ms=10**6)
    bounds = [min(BASE_WAIT_MS * 2**n, MAX_WAIT_MS) / 1000 for n in range(8)]

    assert all(bound / 2 <= slept <= bound for slept, bound in zip(rig.slept, bounds, strict=True))
    assert rig.slept == again.slept


def test_a_wait_past_the_deadline_is_not_begun(kit):
    """Where Retry-After ends after the deadline, the card is given up at once."""
    rig, told, calls = scripted(kit, httpx.Response(429, headers={"Retry-After": "60"}), ok())

    assert (told.failure, rig.slept, len(calls)) == ("rate_limited", [], 1)


def test_a_silent_backend_ends_at_the_deadline(kit):
    """A backend that never answers is timed_out, maybe sent, and no further attempt begins."""
    rig, told, arrived = stood_in(kit, fixed(Hang()), within_ms=300)

    assert (told.failure, arrived) == ("timed_out", 1)
    assert rig.events == [("ticketed", 1, "dom"), ("timed_out", 1, "dom", "maybe")]


def test_after_the_deadline_nothing_is_sent(kit):
    """A deadline that has passed makes no ticket and no send."""
    rig, told, calls = scripted(kit, ok(), within_ms=0)

    assert (told.failure, told.attempt, calls, rig.events) == ("timed_out", 0, [], [])


def test_a_deadline_that_passes_while_the_ticket_is_recorded_stops_the_send(kit):
    """A ticket that became durable too late is reported unsent."""

    async def run():
        rig = kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: pytest.fail("sent")))

        async def slow(ticket, wire):
            await rig.authorise(ticket, wire)
            await asyncio.sleep(0.05)

        told = await rig.client.ask(rig.order(within_ms=30), slow, rig.failed)
        return told.failure, rig.events

    assert asyncio.run(run()) == ("timed_out", [("ticketed", 1, "dom"), ("timed_out", 1, "dom", "no")])


def test_what_the_guard_refuses_is_reported_unsent(kit):
    """A refusal at the guard is a failed attempt with its reason and sent=no, and is not tried again."""

    async def run():
        rig = kit.Rig(
            {"dom": kit.make_card("http://model.test:9/v1")}, resolver=kit.FixedResolver([("10.0.0.1",)])
        )
        return (await rig.ask()).failure, rig.events

    failure, events = asyncio.run(run())

    assert failure == "egress_http_beyond_loopback"
    assert events == [("ticketed", 1, "dom"), ("egress_http_beyond_loopback", 1, "dom", "no")]


def test_a_missing_key_is_reported_unsent_and_the_next_card_asked(kit):
    """A card without its key fails by name; a fallback may still answer."""

    async def run():
        cards = {"dom": kit.make_card(key_env="K"), "alt": kit.make_card(card_id="alt")}
        rig = kit.Rig(cards, transport=httpx.MockTransport(lambda _: ok()))
        return (await rig.ask("dom", "alt")).card, rig.events[1]

    assert asyncio.run(run()) == ("alt", ("key_missing", 1, "dom", "no"))


def test_nothing_is_sent_that_is_not_durable(kit):
    """Where the ticket cannot be recorded, the error passes through and nothing is sent."""

    async def run():
        rig = kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: pytest.fail("sent")))

        async def broken(ticket, wire):
            raise ConnectionError(ticket.ask, wire.method)

        with pytest.raises(ConnectionError):
            await rig.client.ask(rig.order(), broken, rig.failed)
        return rig.events

    assert asyncio.run(run()) == []


def test_a_failure_is_on_record_before_the_next_attempt(kit):
    """The report of a failed attempt is awaited before the wait and before the next ticket; its error ends all."""

    async def run():
        rig = kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: httpx.Response(500)))

        async def broken(report):
            raise ConnectionError(report.failure)

        with pytest.raises(ConnectionError, match="http_500"):
            await rig.client.ask(rig.order(), rig.authorise, broken)
        return rig.events, rig.slept

    assert asyncio.run(run()) == ([("ticketed", 1, "dom")], [])


def test_a_report_carries_the_exchange(kit):
    """What came back of a failed attempt goes with its report, not with what is told in the end."""
    reports = []

    async def run():
        rig = kit.Rig(
            {"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: httpx.Response(400, text="no"))
        )

        async def keep(report):
            reports.append(report)

        return await rig.client.ask(rig.order(), rig.authorise, keep)

    told = asyncio.run(run())

    assert isinstance(reports[0], AttemptReport)
    assert (reports[0].exchange.body, told.exchange) == (b"no", None)


def test_fifty_asks_at_once_leave_no_socket(kit):
    """Concurrent asks, streamed and plain, failing once and answered, leave nothing open."""

    def flaky(request):
        return Status(503) if request.attempt == 1 else Reply("はい")

    async def run():
        before = kit.open_sockets()
        async with StandIn(flaky) as server:
            shared = PinnedTransport()
            cards = [kit.make_card(server.base_url, stream=i % 2 == 0) for i in range(50)]
            rigs = [kit.Rig({"dom": card}, transport=shared) for card in cards]
            told = await asyncio.gather(*(rig.ask(user=f"{kit.CANARY} {i}") for i, rig in enumerate(rigs)))
        await asyncio.sleep(0)
        return {t.text for t in told}, {t.attempt for t in told}, kit.open_sockets() - before

    assert asyncio.run(run()) == ({"はい"}, {2}, 0)


def test_cancelling_an_ask_passes_through(kit):
    """Cancellation ends the ask without a report and leaves no socket."""

    async def run():
        before = kit.open_sockets()
        arrived = asyncio.Event()
        async with StandIn(fixed(Hang()), on_arrival=lambda *_: arrived.set()) as server:
            rig = kit.Rig({"dom": kit.make_card(server.base_url)})
            task = asyncio.create_task(rig.ask())
            await asyncio.wait_for(arrived.wait(), 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.sleep(0)
        return rig.events, kit.open_sockets() - before

    assert asyncio.run(run()) == ([("ticketed", 1, "dom")], 0)


def test_an_order_does_not_show_its_prompt(kit):
    """The representation of an order and of what was told holds no text."""

    async def run():
        rig = kit.Rig({"dom": kit.make_card()}, transport=httpx.MockTransport(lambda _: ok()))
        return repr(rig.order()) + repr(await rig.ask())

    shown = asyncio.run(run())

    assert kit.CANARY not in shown
    assert "はい" not in shown
