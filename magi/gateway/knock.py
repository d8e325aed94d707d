"""A TCP knock at a loopback address: is anything listening? Nothing is sent. Anything but loopback is refused."""

import asyncio
import contextlib
import ipaddress
from urllib.parse import urlsplit

from magi.core.errors import EgressRefusedError

KNOCK_SECONDS = 1.0
"""A loopback listener accepts at once; a second covers a busy machine."""


def loopback_address(base_url: str) -> tuple[str, int]:
    """The loopback literal and the port of `base_url`.

    Raises:
        EgressRefusedError: knock_beyond_loopback, the host is a name or another address, or the port is none.
    """
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise EgressRefusedError("knock_beyond_loopback")
    return host, port or (443 if parts.scheme == "https" else 80)


async def answers(base_url: str) -> bool:
    """Whether something accepts connections at the loopback literal of `base_url`.

    Raises:
        EgressRefusedError: the host is not a loopback literal; nothing was tried.
    """
    host, port = loopback_address(base_url)
    try:
        async with asyncio.timeout(KNOCK_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
