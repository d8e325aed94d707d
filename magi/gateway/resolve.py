"""Names and addresses: what a host may be called, what it resolves to, which addresses may be connected to.

Promises: `check_host` and `check_addresses` are pure; every address that passes is one that the card's own
facts allow, and the guard connects to just those (`transport` pins them). Leaves to others: the connection.

Rules follow RFC 6890 (special-purpose addresses), RFC 4291 section 2.5.5 (embedded IPv4), and the WHATWG URL
standard's "ends in a number" (hosts that some parsers read as IPv4).
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Protocol

from magi.core.card import Card, host_of

MAX_ADDRESSES = 16
"""More addresses than any model endpoint publishes in one answer; each is checked."""
MAX_HOST_CHARS = 253
"""RFC 1035: the longest name."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)", re.ASCII)

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PRIVATE = tuple(
    ipaddress.ip_network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""RFC 1918 and unique local addresses (RFC 4193)."""
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "fd00:ec2::254")
)
"""Where clouds serve credentials to whoever asks; two of them are not in a special-purpose block."""
_EMBEDDING = tuple(
    ipaddress.ip_network(block)
    for block in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)
"""IPv6 blocks that carry an IPv4 address inside: mapped, compatible, NAT64, Teredo, 6to4."""


class Resolver(Protocol):
    """Names to addresses. Asked once a send; the answer is checked and then pinned."""

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Addresses of `host` in order of preference.

        Raises:
            OSError: the name does not resolve.
        """
        ...


class SystemResolver:
    """The resolver of the operating system."""

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Every stream address of `host`, without repeats, in the system's order.

        Raises:
            OSError: the name does not resolve.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        except UnicodeError as error:
            raise OSError(socket.EAI_NONAME, "name not encodable") from error
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_literal(host: str) -> bool:
    """Whether the host is an IPv4 address in its one canonical form (card hosts cannot hold IPv6)."""
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def check_host(host: str) -> str | None:
    """Why this host may not even be resolved, or None.

    Refuses decimal, hexadecimal, octal and short forms of IPv4 (system resolvers read them as addresses, URL
    parsers do not agree), trailing dots, and anything that is not a plain lower-case DNS name.
    """
    if is_literal(host):
        return None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]) or (labels[-1] == "" and _NUMBER.fullmatch("".join(labels[-2:-1]))):
        return "address_form"
    if len(host) > MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        return "host_form"
    return None


def check_addresses(card: Card, addresses: Sequence[str]) -> str | None:
    """Why the card's host may not be connected to at these addresses, or None; one bad address refuses all.

    A card bound to loopback is served on loopback only. Any other card may not point at this machine, its
    link, or a metadata service; private addresses are for closed networks. Plain HTTP never leaves the
    machine. Whether the backend is foreign makes no difference here: what it may see is for the policy and
    the detectors (`egress`, 6g and 6h).
    """
    bound, closed = card.backend.cert_pin == "loopback", card.backend.closed_network is True
    return check_reach(card.endpoint.base_url, addresses, bound=bound, closed=closed)


def check_reach(url: str, addresses: Sequence[str], *, bound: bool, closed: bool) -> str | None:
    """Why the host of a URL may not be connected to at these addresses, or None; rules as `check_addresses`.

    `bound`: to this machine only. `closed`: on a closed network, where private addresses are meant.
    """
    if (reason := check_host(host_of(url))) is not None:
        return reason
    found = [parsed for address in addresses[:MAX_ADDRESSES] if (parsed := _parse(address)) is not None]
    if not found or len(found) < len(addresses):
        return "address_form" if found else "address_missing"
    all_loopback = all(_is_loopback(address) for address in found)
    if url.startswith("http://") and not all_loopback:
        return "http_beyond_loopback"
    problems = (_problem(address, bound=bound, closed=closed) for address in found)
    return next((reason for reason in problems if reason is not None), None)


def _parse(text: str) -> _Address | None:
    """An address without a scope; None for any other text."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_loopback(address: _Address) -> bool:
    # Not `address.is_loopback`: whether that holds for ::ffff:127.0.0.1 depends on the Python version.
    return any(address in block for block in _LOOPBACK)


def _problem(address: _Address, *, bound: bool, closed: bool) -> str | None:
    """Why this one address is none for the card: `bound` to loopback, or on a `closed` network."""
    if bound:
        return None if _is_loopback(address) else "address_not_loopback"
    if _is_loopback(address):
        return "address_loopback"
    if any(address in block for block in _EMBEDDING):
        return "address_embeds_ipv4"
    if address in _METADATA:
        return "address_metadata"
    if any(address in block for block in _PRIVATE):
        return None if closed else "address_private"
    return None if address.is_global and not address.is_multicast else "address_special"
