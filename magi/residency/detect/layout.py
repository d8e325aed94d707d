"""Plans of internal networks: private addresses with what stands behind them, and VLAN tables.

An address of RFC 1918 alone tells nothing; with a role (a server, a zone, a firewall's rule) it tells where to
attack. Promises: linear in the length of the view. Leaves to others: secrets (`credentials`). Source: RFC 1918,
RFC 4193; 地方公共団体における情報セキュリティポリシーに関するガイドライン (network plans are 機密性3 information).
"""

import re
from collections.abc import Iterator

from magi.residency.detect.look import Look
from magi.residency.detect.my_number import Places
from magi.residency.detect.rule import Found

ROLE_NEAR = 32
"""A machine's role stands beside its address."""
GENERAL_NEAR = 60
"""A question about addresses in general says so in the same sentence."""

_PRIVATE = re.compile(
    r"(?<![0-9.])(?:10(?:\.[0-9]{1,3}){3}|172\.(?:1[6-9]|2[0-9]|3[01])(?:\.[0-9]{1,3}){2}|192\.168(?:\.[0-9]{1,3}){2}"
    r"|10(?:\.[0-9]{1,3}){1,2}\.[xX*](?:\.[xX*])?)(?:/[0-9]{1,2})?(?![0-9.]*[0-9])"
)
_ROOTS = frozenset(
    {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "172.17.0.0/16", "10.0.0.0", "192.168.0.0"}
)
_HOME = frozenset(
    {
        "192.168.0.1",
        "192.168.1.1",
        "192.168.11.1",
        "192.168.10.1",
        "10.0.0.1",
        "192.168.0.0/24",
        "192.168.1.0/24",
        "10.0.0.0/24",
        "10.0.0.0/16",
        "192.168.100.1",
        "172.16.0.1",
    }
)
_VERSION = re.compile(
    r"(?:[表第図節項版別紙]|バージョン|version|(?<![A-Za-z-])ver\.?|(?<![A-Za-z-])v|release)[ ]?$",
    re.IGNORECASE,
)
_VLAN = re.compile(r"[ ]?(?:id)?[ :::]?[0-9]{1,4}(?![0-9])", re.IGNORECASE)
_ROLE_OF_VLAN = re.compile(
    r"住基|税|福祉|基幹|業務|管理|lgwan|サーバ|端末|来客|監視|給与|人事|会議|窓口|教育|校務", re.IGNORECASE
)


def layouts(look: Look) -> Iterator[Found]:
    """Every address or VLAN whose place in a network is told."""
    if "credentials.private_net" in look.found:
        yield from _addresses(look)
    vlans = look.words("credentials.vlan")
    if len(vlans) > 1:
        told = [
            word
            for word in vlans
            if _VLAN.match(look.text, word.end) and _ROLE_OF_VLAN.search(look.text, word.start, word.end + 24)
        ]
        if len(told) > 1:
            yield "credential.network_plan", told[0].start, told[0].end


def _addresses(look: Look) -> Iterator[Found]:
    text = look.text
    found = [
        (match.start(), match.end(), match.group())
        for word in look.words("credentials.private_net")
        if (match := _PRIVATE.match(text, word.start)) is not None
        and match.group() not in _ROOTS
        and _VERSION.search(text, max(word.start - 9, 0), word.start) is None
    ]
    if not found:
        return
    roles = Places(look.words("credentials.role"))
    general = Places(look.words("credentials.home"))
    several = len({address for _, _, address in found}) > 1
    for start, end, address in found:
        if not roles.within(start - ROLE_NEAR, end + ROLE_NEAR):
            continue
        if general.within(start - GENERAL_NEAR, end + GENERAL_NEAR) and (address in _HOME or not several):
            continue
        yield "credential.network_plan", start, end
