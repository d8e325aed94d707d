"""Every limit of the service, named and with its reason; tests pass smaller ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one process takes on. Times in seconds, sizes in bytes."""

    body_bytes: int = 1024 * 1024
    """Twice the longest question (100,000 characters, 300 KB) with the tools and escapes that clients add, or files of
    750 KB: Base64 takes four bytes for three."""
    body_seconds: float = 30.0
    """A body of that size needs 0.3 Mbit/s to arrive in time; on loopback it takes milliseconds."""
    json_depth: int = 64
    """Tool schemas of real clients nest about 20 deep; deeper is an attack on a parser."""
    running: int = 256
    """Deliberations at once: with three seats each, what the gateway's 256 connections turn over in seconds."""
    queued: int = 256
    """Deliberations that wait for a place; one more generation of `running`, then 429 is the honest answer."""
    followers: int = 256
    """Open event streams of records; each may read the ledger once a second."""
    follow_seconds: float = 3_900.0
    """An event stream ends then: the longest deadline of a council is 3,600 s."""
    poll_seconds: float = 1.0
    """How soon a follower sees records that another process wrote."""
    keep_alive_seconds: float = 8.0
    """Between two signs of life on a stream: below the 10 s at which impatient proxies and clients give up."""
    listed: int = 500
    """Deliberations in one list."""


MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together; common servers accept 8 to 32 KiB."""
HEAD_SECONDS = 10.0
"""From the first byte of a request, or from connecting, to the end of its headers: ends idle and dripping peers."""
STALL_SECONDS = 30.0
"""A client that reads nothing for so long while the socket's buffer is full is cut off."""
IDLE_SECONDS = 30
"""A kept connection without a request is closed: longer than the 5 s after which clients drop theirs."""
GRACE_SECONDS = 10
"""At a stop, what runs may end in this time; then it is given up, on record."""
MAX_CONNECTIONS = 2_000
"""Open connections; further ones are dropped at once. Four times `running` and `queued`, each costs some KB."""
