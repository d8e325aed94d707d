"""A label that rises while an ask runs: no later attempt goes out under the old one."""

import asyncio

import pytest

from magi.residency.policy import Ruling
from magi.standin.script import Reply, Status, fixed, sequence
from magi.standin.server import StandIn


def public_only(kit):
    """A rig whose policy admits public text only."""

    class PublicOnly(kit.Rig):
        def admit(self, card, label, topics):
            del card, topics
            return Ruling(residency=("not_public",) * (label > 0))

    return PublicOnly


def ask(kit, *, risen_at, script):
    """Ask one card that only public text may reach; the label rises when the event of that number is told."""

    async def run():
        async with StandIn(script) as server:
            rig = public_only(kit)({"dom": kit.make_card(server.base_url)})
            told = await rig.ask("dom", label=0, attempts=3, risen=lambda: int(len(rig.events) >= risen_at))
            return told, server.arrived, rig.events

    return asyncio.run(run())


@pytest.mark.parametrize(("risen_at", "arrived"), [(0, 0), (1, 0), (2, 1), (3, 1), (99, 2)])
def test_no_attempt_goes_out_under_a_label_that_has_risen(kit, risen_at, arrived):
    """Before the first ticket, between ticket and send, and before a retry: once it has risen nothing arrives."""
    told, seen, _ = ask(kit, risen_at=risen_at, script=sequence(Status(500), Reply("はい")))

    assert seen == arrived
    assert (told.failure is None) == (risen_at == 99)


def test_a_ticket_of_before_the_rise_is_refused_by_name(kit):
    """The send that was about to go is recorded as refused because the label rose."""
    _, _, events = ask(kit, risen_at=1, script=fixed(Reply("はい")))

    assert "egress_label_risen" in str(events)
