"""A TCP knock at a loopback address: is anything listening? Nothing is sent. Anything but loopback is refused."""

import asyncio
import contextlib
import ipaddress
from urllib.parse import urlsplit

from magi.core.errors import EgressRefusedError

KNOCK_SECONDS = 1.0
"""A loopback listener accepts at once; a second covers a busy machine."""


async def answers(base_url: str) -> bool:
    """Whether something accepts connections at the loopback literal of `base_url`.

    Raises:
        EgressRefusedError: the host is not a loopback literal; nothing was tried.
    """
    parts = urlsplit(base_url)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise EgressRefusedError("knock_beyond_loopback")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(KNOCK_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
