"""The guard repeats the detectors: what they find counts, what they cannot judge does not leave."""

import asyncio
import json
import traceback
from dataclasses import dataclass, field

import pytest

from magi.core.errors import EgressRefusedError
from magi.gateway.egress import LONG_BODY_BYTES, MAX_RULES, Rescan

NOTHING = Rescan(0, frozenset(), ())
WORD = "カナリア"


@dataclass
class Finder:
    """A detector of one word, which raises the label to `label`; keeps what it was given."""

    label: int = 2
    topics: frozenset = frozenset()
    seen: list = field(default_factory=list)

    def __call__(self, texts, cleared):
        """Find the word, unless its rule is cleared."""
        self.seen.append((tuple(texts), tuple(cleared)))
        hit = any(WORD in text for text in texts) and "word" not in cleared
        return Rescan(self.label, self.topics, ("word",)) if hit else NOTHING

    async def later(self, texts, cleared):
        """The same for long texts."""
        return self(texts, cleared)


def broken(texts, cleared):
    """A detector that dies, quoting what it read."""
    raise RuntimeError(texts, cleared)


async def broken_later(texts, cleared):
    """The same for long texts."""
    broken(texts, cleared)


async def never(texts, cleared):
    """A detector that does not come back."""
    del texts, cleared
    await asyncio.Event().wait()


def sent(kit, user, *, card=None, label=0, topics=(), cleared=(), system="役", within_ms=20_000, **rig):
    """What a send to a foreign backend on loopback came to: the error or the exchange, and what the server saw."""

    async def run():
        async with kit.RawServer(kit.answer_bytes()) as server:
            made = kit.make_card(server.base_url, **({"provider_country": "US"} if card is None else card))
            parts = kit.Rig({"dom": made}, strict=True, **rig)
            wire = parts.wire(user=user, system=system)
            ticket = parts.ticket(wire, label=label, topics=topics, cleared=cleared)
            try:
                return await parts.guard.send(ticket, wire, within_ms), server.requests
            except EgressRefusedError as error:
                return error, server.requests

    return asyncio.run(run())


def test_public_text_without_a_hit_goes_abroad(kit):
    """The control: what the detectors let pass arrives, word for word, and they read all of it."""
    finder = Finder()
    exchange, requests = sent(kit, "公表済みの白書の要約", detect=finder)

    assert exchange.status == 200
    assert len(requests) == 1
    assert "公表済みの白書の要約".encode() in requests[0]
    assert {"役", "公表済みの白書の要約", "m"} <= set(finder.seen[0][0])


def test_a_hit_keeps_a_public_ticket_at_home(kit):
    """A text that was ticketed as public is stopped by what it says; the rule is named, the text is not."""
    error, requests = sent(kit, kit.CANARY, detect=Finder())

    assert (error.reason, error.facts["rules"], requests) == ("detected", ("word",), [])
    assert kit.CANARY not in "".join(traceback.format_exception(error))


def test_without_the_detectors_the_same_text_would_leave(kit):
    """The positive control: with its guard removed, the canary is seen by the server abroad."""
    exchange, requests = sent(kit, kit.CANARY, detect=lambda *_: NOTHING)

    assert exchange.status == 200
    assert kit.CANARY.encode() in requests[0]


@pytest.mark.parametrize("place", ["system", "user"])
def test_no_part_of_the_prompt_is_exempt(kit, place):
    """A hit in the persona's or the template's words stops the send as one in the question does."""
    error, requests = sent(
        kit,
        **({"user": "問", "system": kit.CANARY} if place == "system" else {"user": kit.CANARY}),
        detect=Finder(),
    )

    assert (error.reason, requests) == ("detected", [])


def test_topics_found_here_count(kit):
    """A topic that only the guard found bars a card that may see no text of it; label 0 alone does not pass it."""
    error, requests = sent(kit, kit.CANARY, detect=Finder(label=0, topics=frozenset({"diplomacy"})))
    passed, _ = sent(kit, kit.CANARY, detect=Finder(label=0))

    assert (error.reason, requests) == ("detected", [])
    assert passed.status == 200


def test_a_lower_finding_lowers_nothing(kit):
    """Label and topics of the ticket stand whatever the detectors miss."""
    by_label, _ = sent(kit, "問", label=1, detect=lambda *_: NOTHING)
    by_topic, _ = sent(kit, "問", topics=("diplomacy",), detect=lambda *_: NOTHING)

    assert by_label.reason == by_topic.reason == "not_admitted"


def test_cleared_rules_do_not_count_and_others_do(kit):
    """The rules that a named person overruled go with the ticket to the detectors, and no others."""
    finder = Finder()
    cleared, requests = sent(kit, kit.CANARY, cleared=("word",), detect=finder)
    other, _ = sent(kit, kit.CANARY, cleared=("another",), detect=finder)

    assert (cleared.status, len(requests), finder.seen[0][1]) == (200, 1, ("word",))
    assert other.reason == "detected"


def test_a_detector_that_dies_lets_nothing_leave(kit):
    """An exception in the detectors refuses by name, and nothing of what they quoted is in the error."""
    error, requests = sent(kit, kit.CANARY, detect=broken)

    assert (error.reason, requests) == ("detector_failed", [])
    assert kit.CANARY not in "".join(traceback.format_exception(error))
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize(
    "found", [None, Rescan(None, frozenset(), ()), Rescan(0, None, ()), Rescan("2", (), ())]
)
def test_a_detector_that_answers_nonsense_lets_nothing_leave(kit, found):
    """What is no finding is a failed detector."""
    error, requests = sent(kit, "問", detect=lambda *_: found)

    assert (error.reason, requests) == ("detector_failed", [])


def test_a_detector_that_times_out_lets_nothing_leave(kit):
    """A time-out of its own is a failed detector."""

    def late(texts, cleared):
        raise TimeoutError(texts, cleared)

    error, requests = sent(kit, "問", detect=late)

    assert (error.reason, requests) == ("detector_failed", [])


LONG = "あ" * LONG_BODY_BYTES


def test_long_bodies_are_read_elsewhere(kit):
    """Above the limit the other detector reads, below it never does; both find what is there."""
    short, long = Finder(), Finder()
    tools = {"detect": short, "detect_long": long.later}
    passed, _ = sent(kit, LONG, **tools)
    stopped, requests = sent(kit, LONG + kit.CANARY, **tools)
    sent(kit, "問", **tools)

    assert (passed.status, stopped.reason, requests) == (200, "detected", [])
    assert (len(short.seen), len(long.seen)) == (1, 2)


def test_a_long_detector_that_dies_lets_nothing_leave(kit):
    """A broken pool of processes refuses by name."""
    error, requests = sent(kit, LONG, detect=Finder(), detect_long=broken_later)

    assert (error.reason, requests) == ("detector_failed", [])


def test_a_long_detector_that_hangs_ends_with_the_sends_own_time(kit):
    """The send's time runs on while the detectors read; it ends as timed out with proof that nothing left."""
    exchange, requests = sent(kit, LONG, detect=Finder(), detect_long=never, within_ms=100)

    assert (exchange.failure, exchange.sent, requests) == ("timed_out", "no", [])


def test_long_text_without_a_long_detector_stays(kit):
    """A guard that can read short texts only sends no long one abroad, on loopback neither."""
    error, requests = sent(kit, LONG, detect=Finder())

    assert (error.reason, requests) == ("detector_missing", [])


FAR = {"provider_country": "US", "cert_pin": "system-ca", "closed_network": False}


def connected(kit, *, label=0, **rig):
    """The failure of a send to a distant foreign card, and the addresses that the transport was asked for."""
    asked = []

    class Far:
        async def handle_async_request(self, request):
            asked.append(request.extensions["pinned"])
            raise OSError

    async def run():
        made = kit.make_card("https://api.foreign.example/v1", **FAR)
        resolver = kit.FixedResolver([("203.0.114.7",)])
        parts = kit.Rig({"dom": made}, strict=True, resolver=resolver, transport=Far(), **rig)
        wire = parts.wire(user="問")
        try:
            await parts.guard.send(parts.ticket(wire, label=label), wire)
        except EgressRefusedError as error:
            return error.reason, asked, resolver.asked
        except OSError:
            return None, asked, resolver.asked

    return asyncio.run(run())


def test_a_distant_foreign_backend_is_reached_like_any_other(kit):
    """With policy and detectors in agreement, a foreign card beyond loopback is resolved, pinned and connected to."""
    assert connected(kit, detect=lambda *_: NOTHING) == (None, [("203.0.114.7",)], 1)


def test_above_public_a_distant_foreign_backend_is_not_even_looked_up(kit):
    """With a label above public nothing is resolved, let alone connected to."""
    reasons = [connected(kit, label=label, detect=lambda *_: NOTHING) for label in range(1, 7)]

    assert reasons == [("not_admitted", [], 0)] * 6


def test_without_detectors_nothing_goes_abroad_beyond_this_machine(kit):
    """A guard without any detector reaches foreign stand-ins on loopback at most."""
    near, requests = sent(kit, "問")

    assert connected(kit) == ("detector_missing", [], 0)
    assert (near.status, len(requests)) == (200, 1)


@pytest.mark.parametrize(
    ("card", "times"),
    [({"contract": "own"}, 0), ({"contract": "negotiated"}, 1), ({"contract": "unknown"}, 1), (None, 1)],
)
def test_our_own_machines_are_exempt_and_no_other_operator(kit, card, times):
    """The detectors read again what goes abroad or to another operator, not what stays on our own machines."""
    finder = Finder()
    exchange, _ = sent(kit, "問", card=card, detect=finder)

    assert (exchange.status, len(finder.seen)) == (200, times)


def test_many_rules_are_named_within_a_bound(kit):
    """A refusal names so many rules and no more."""
    error, _ = sent(kit, "問", detect=lambda *_: Rescan(2, frozenset(), tuple(f"r{n}" for n in range(999))))

    assert error.facts["rules"] == tuple(f"r{n}" for n in range(MAX_RULES))


def test_the_client_reports_why(kit):
    """A detected send is a failed attempt with its rules, unsent, and the stricter fallback is still asked."""

    async def run():
        reply = {"model": "m", "choices": [{"message": {"content": "はい"}, "finish_reason": "stop"}]}
        async with (
            kit.RawServer(kit.answer_bytes(json.dumps(reply).encode())) as home,
            kit.RawServer(b"") as far,
        ):
            cards = {
                "far": kit.make_card(far.base_url, card_id="far", provider_country="US"),
                "dom": kit.make_card(home.base_url),
            }
            rig = kit.Rig(cards, strict=True, detect=Finder(), classes={"far": "D"})
            told = await rig.ask("far", "dom", label=0)
            return told, rig.events, rig.reports[0].rules, far.connections

    told, events, rules, connections = asyncio.run(run())

    assert (told.text, told.card, rules, connections) == ("はい", "dom", ("word",), 0)
    assert events == [("ticketed", 1, "far"), ("egress_detected", 1, "far", "no"), ("ticketed", 2, "dom")]
