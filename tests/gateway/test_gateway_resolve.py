"""Hosts and addresses: one table of forms, every kind refused by name."""

import asyncio

import pytest

from magi.gateway.resolve import SystemResolver, check_addresses, check_host, is_literal

PUBLIC = ("203.0.114.7",)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "0x", "a.1",
     "1.2.3.256", "1.2.3.4.5", "01.2.3.4"],
)  # fmt: skip
def test_other_spellings_of_ipv4_are_no_hosts(host):
    """Decimal, hexadecimal, octal, short and dotted-end forms are refused before any lookup."""
    assert check_host(host) == "address_form"


@pytest.mark.parametrize(
    "host",
    ["", ".", "a..b", "a.", "-a.jp", "a-.jp", "A.jp", "a_b.jp", "ａ.jp", "a" * 64 + ".jp", "a:b", "[::1]"],
)
def test_what_is_no_plain_name_is_no_host(host):
    """Only lower-case DNS names and canonical IPv4 are hosts."""
    assert check_host(host) == "host_form"


@pytest.mark.parametrize("host", ["api.domestic.jp", "localhost", "127.0.0.1", "a1.b-c.xn--p8j9a0d9c9a.jp"])
def test_plain_names_and_canonical_addresses_are_hosts(host):
    """A plain name or a canonical address passes."""
    assert check_host(host) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "address_loopback"),
        ("127.9.9.9", "address_loopback"),
        ("::1", "address_loopback"),
        ("0.0.0.0", "address_special"),  # noqa: S104  # an address to refuse
        ("::", "address_embeds_ipv4"),
        ("169.254.1.1", "address_special"),
        ("fe80::1", "address_special"),
        ("fe80::1%eth0", "address_missing"),
        ("224.0.0.1", "address_special"),
        ("ff02::1", "address_special"),
        ("255.255.255.255", "address_special"),
        ("100.64.0.1", "address_special"),
        ("192.0.2.1", "address_special"),
        ("169.254.169.254", "address_metadata"),
        ("168.63.129.16", "address_metadata"),
        ("100.100.100.200", "address_metadata"),
        ("fd00:ec2::254", "address_metadata"),
        ("10.0.0.1", "address_private"),
        ("172.31.0.1", "address_private"),
        ("192.168.1.1", "address_private"),
        ("fd12::1", "address_private"),
        ("::ffff:203.0.114.7", "address_embeds_ipv4"),
        ("::ffff:127.0.0.1", "address_embeds_ipv4"),
        ("64:ff9b::cb00:7207", "address_embeds_ipv4"),
        ("2002:cb00:7207::1", "address_embeds_ipv4"),
        ("2001:0:cb00:7207::1", "address_embeds_ipv4"),
        ("2130706433", "address_missing"),
        ("x", "address_missing"),
        ("203.0.114.7", None),
        ("2600:9000::1", None),
    ],
)
def test_each_kind_of_address_is_judged_by_name(kit, address, reason):
    """An open-network card may be at public addresses, and each other kind has its own reason."""
    card = kit.make_card("https://api.domestic.jp/v1", cert_pin="system-ca", closed_network=False)

    assert check_addresses(card, (address,)) == reason


def test_one_bad_address_among_good_ones_refuses_all(kit):
    """The list is as good as its worst address, in any place."""
    card = kit.make_card("https://api.domestic.jp/v1", cert_pin="system-ca", closed_network=False)

    assert check_addresses(card, (*PUBLIC, "10.0.0.1")) == "address_private"
    assert check_addresses(card, (*PUBLIC, "x")) == "address_form"
    assert check_addresses(card, ()) == "address_missing"
    assert check_addresses(card, PUBLIC * 17) == "address_form"


@pytest.mark.parametrize("closed", [True, False, "unknown"])
def test_private_addresses_are_for_closed_networks(kit, closed):
    """A private address passes only where the card's network is known to be closed."""
    card = kit.make_card("https://llm.lan/v1", cert_pin="system-ca", closed_network=closed)
    reason = check_addresses(card, ("10.0.0.1", "fd12::1"))

    assert (reason is None) == (closed is True)


def test_a_card_bound_to_loopback_stays_there(kit):
    """A loopback card passes on loopback and nowhere else, mapped forms included."""
    card = kit.make_card("https://model.test/v1")

    assert check_addresses(card, ("127.0.0.1", "::1")) is None
    assert check_addresses(card, ("127.0.0.1", "10.0.0.1")) == "address_not_loopback"
    assert check_addresses(card, ("::ffff:127.0.0.1",)) == "address_not_loopback"


def test_a_foreign_backend_has_addresses_like_any_other(kit):
    """Where a foreign card may be reached is the same question as for a domestic one; what it may see is not."""
    card = kit.make_card(
        "https://api.foreign.example/v1", cert_pin="system-ca", closed_network=False, provider_country="US"
    )

    assert check_addresses(card, PUBLIC) is None
    assert check_addresses(card, ("127.0.0.1", *PUBLIC)) == "address_loopback"
    assert check_addresses(card, ("10.0.0.1",)) == "address_private"


def test_plain_http_never_leaves_the_machine(kit):
    """http:// beyond loopback is refused, also on a closed network."""
    card = kit.make_card("http://llm.lan/v1", cert_pin="system-ca", closed_network=True)

    assert check_addresses(card, ("10.0.0.1",)) == "http_beyond_loopback"


def test_an_odd_host_is_refused_by_the_address_check_too(kit):
    """The check of addresses includes the check of the host's spelling."""
    card = kit.make_card("http://2130706433:9/v1")

    assert check_addresses(card, ("127.0.0.1",)) == "address_form"


def test_the_system_resolver_names_each_address_once():
    """The operating system's answer for localhost is loopback addresses without repeats."""
    found = asyncio.run(SystemResolver().resolve("localhost", 80))

    assert len(set(found)) == len(found)
    assert set(found) <= {"127.0.0.1", "::1"}


def test_a_name_that_cannot_be_encoded_does_not_resolve():
    """A label too long for DNS is an OSError like any name that is not found."""
    with pytest.raises(OSError, match="encodable"):
        asyncio.run(SystemResolver().resolve("a" * 64 + ".jp", 80))


def test_only_the_canonical_form_is_a_literal():
    """127.0.0.1 is a literal, 127.1 and names are not."""
    assert [is_literal(host) for host in ("127.0.0.1", "127.1", "localhost")] == [True, False, False]
