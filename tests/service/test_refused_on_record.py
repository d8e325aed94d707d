"""What is changed between the ticket and the guard: refused, nothing arrives, and the refusal is on record."""

import asyncio
import dataclasses
import re

import pytest

from magi.assets import load_assets
from magi.cli.rehearsal import rehearsal
from magi.core.record import AttemptFailed, Refused, Ticketed
from magi.gateway.client import Client
from magi.gateway.egress import Guard
from magi.gateway.resolve import SystemResolver
from magi.gateway.ticket import Mint
from magi.gateway.transport import PinnedTransport
from magi.residency.policy import admit, backend_class, is_foreign
from magi.service.question import take_question
from magi.service.run import Request, deliberate
from magi.settings import read_settings
from magi.wiring import SystemClock, SystemEntropy, open_tools, today

CHANGES = {
    "digest": lambda wire: dataclasses.replace(wire, body=wire.body.replace(b"model", b"modeL", 1)),
    "scheme": lambda wire: dataclasses.replace(wire, url=wire.url.replace("http://", "https://")),
    "host": lambda wire: dataclasses.replace(wire, url=wire.url.replace("127.0.0.1", "127.0.0.2")),
    "port": lambda wire: dataclasses.replace(wire, url=re.sub(r":[0-9]+/", ":9/", wire.url)),
}


class Late(SystemClock):
    """A guard's clock an hour ahead: every ticket that reaches it has expired."""

    def now_ms(self):
        """An hour from now."""
        return super().now_ms() + 3_600_000


@dataclasses.dataclass
class Changed:
    """An egress that gets another wire than the ticket was made for, and a ticket made out for that wire or not."""

    guard: Guard
    change: object
    mint: Mint

    async def send(self, ticket, wire, within_ms):
        """Change the wire; for all but a changed byte, the digest is made to fit, so the card's pin must hold."""
        changed = self.change(wire)
        if changed.body == wire.body:
            ticket = dataclasses.replace(ticket, digest=changed.digest, mac=b"")
            ticket = dataclasses.replace(ticket, mac=self.mint._mac(ticket))
        return await self.guard.send(ticket, changed, within_ms)


def run(tmp_path, change, clock):
    """A rehearsed deliberation whose sends are changed on the way; its records and what the stand-ins saw."""

    async def main():
        settings = read_settings({"MAGI_HOME": str(tmp_path)})
        assets = load_assets()
        async with rehearsal(assets.cards) as cast, open_tools(settings, assets, cast.cards) as tools:
            mint = Mint(b"k" * 32)

            def rule(card, label, topics):
                return admit(label, card, tools.profile, topics, today())

            transport = PinnedTransport()
            guard = Guard(
                mint=mint,
                cards=cast.cards,
                admit=rule,
                is_foreign=is_foreign,
                detect=None,
                detect_long=None,
                resolver=SystemResolver(),
                transport=transport,
                secrets={},
                clock=clock,
            )
            client = Client(
                egress=Changed(guard, change, mint),
                mint=mint,
                cards=cast.cards,
                admit=rule,
                class_of=lambda card: backend_class(card, tools.profile, today()),
                clock=SystemClock(),
                entropy=SystemEntropy(),
            )
            changed = dataclasses.replace(tools, models=client)
            council = assets.council("rehearsal-domestic")
            done = await deliberate(changed, Request(take_question("予行の問い"), council))
            await transport.aclose()
            return done, cast.home.arrived + cast.abroad.arrived

    return asyncio.run(main())


@pytest.mark.parametrize("reason", [*CHANGES, "expired"])
def test_a_changed_send_is_refused_and_recorded(tmp_path, reason):
    """Each seat's send is refused by name on record, none arrives, and no refusal is a vote."""
    change = CHANGES.get(reason, lambda wire: wire)
    clock = Late() if reason == "expired" else SystemClock()

    done, arrived = run(tmp_path, change, clock)

    events = [record.data for record in done.records]
    assert [event.reason for event in events if isinstance(event, Refused)] == [reason] * 3
    assert sum(isinstance(event, Ticketed) for event in events) == 3
    assert {event.sent for event in events if isinstance(event, AttemptFailed)} == {"no"}
    assert arrived == 0
    assert done.verdict.outcome == "no_quorum"
    assert {report.said for report in done.verdict.seats} == {"failure"}


def test_unchanged_sends_arrive(tmp_path):
    """The positive control: through the same rig, what nobody changed reaches the stand-in three times."""
    done, arrived = run(tmp_path, lambda wire: wire, SystemClock())

    assert arrived == 3
    assert done.verdict.outcome != "no_quorum"
