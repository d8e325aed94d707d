"""Tickets and wires: every byte counts, nothing is shown."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.gateway.ticket import TICKET_MS, Mint, Wire

WIRE = Wire("POST", "http://127.0.0.1:9/v1/x", (("accept", "a"), ("b", "c")), b"body")
TEXTS = st.text(max_size=8)
WIRES = st.builds(
    Wire, TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple), st.binary(max_size=8)
)


@given(WIRES, WIRES)
def test_digests_are_equal_only_for_equal_wires(one, other):
    """Two wires share a digest exactly when they are the same wire."""
    assert (one.digest == other.digest) == (one == other)


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(WIRE, method="POSTh", url=WIRE.url[1:]),
        dataclasses.replace(WIRE, headers=(("accepta", ""), ("b", "c"))),
        dataclasses.replace(WIRE, headers=(("accept", "a"),), body=b"bcbody"),
        dataclasses.replace(WIRE, headers=WIRE.headers[::-1]),
        dataclasses.replace(WIRE, body=b"body "),
    ],
)
def test_moved_boundaries_change_the_digest(other):
    """Bytes that move from one part of the wire to the next change the digest."""
    assert other.digest != WIRE.digest


def test_every_changed_field_makes_a_ticket_forged(kit):
    """A ticket with any one field changed is not genuine, the untouched one is."""
    mint = Mint(b"k" * 32)
    rig = kit.Rig({"dom": kit.make_card()}, mint=mint)
    ticket = rig.ticket(WIRE)
    changed = {str: "x", int: 7, tuple: ("q", "r"), bytes: b"x" * 16}
    verdicts = {
        name.name: mint.genuine(
            dataclasses.replace(ticket, **{name.name: changed[type(getattr(ticket, name.name))]})
        )
        for name in dataclasses.fields(ticket)
    }

    assert mint.genuine(ticket)
    assert len(verdicts) == 14
    assert not any(verdicts.values())


def test_derived_from_has_no_second_reading(kit):
    """One ancestor called `a b` and two called `a` and `b` do not share a MAC."""
    rig = kit.Rig({"dom": kit.make_card()})
    nonce = b"n" * 16
    macs = {
        rig.ticket(WIRE, derived_from=names, nonce=nonce).mac for names in (("ab",), ("a", "b"), ("", "ab"))
    }

    assert len(macs) == 3


def test_another_mint_knows_no_ticket_of_ours(kit):
    """A ticket is genuine for the secret it was made with only."""
    ticket = kit.Rig({"dom": kit.make_card()}).ticket(WIRE)

    assert not Mint(b"o" * 32).genuine(ticket)


def test_a_ticket_lives_for_the_named_time(kit):
    """The expiry is the time of issue plus the limit."""
    ticket = kit.Rig({"dom": kit.make_card()}).ticket(WIRE)

    assert ticket.expires_ms == kit.NOW_MS + TICKET_MS


def test_a_short_secret_is_refused():
    """HMAC keys shorter than the hash are not taken."""
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Mint(b"short")


def test_nothing_shows_the_prompt_or_the_mac(kit):
    """The representations of wire and ticket hold neither body nor MAC nor nonce."""
    rig = kit.Rig({"dom": kit.make_card()})
    wire = rig.wire()
    shown = repr(wire) + repr(rig.ticket(wire))

    assert kit.CANARY not in shown
    assert "mac=" not in shown
    assert "nonce=" not in shown
