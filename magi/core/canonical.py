"""Canonical bytes and digests: RFC 8785 (JCS) once, SHA-256 in hex.

Promises: equal values give equal bytes in any process, under any PYTHONHASHSEED. Leaves to others: what is
worth a digest.
"""

import hashlib
from collections.abc import Mapping, Sequence

import rfc8785

Plain = None | bool | int | str | Sequence["Plain"] | Mapping[str, "Plain"]


def canonical(value: Plain) -> bytes:
    """RFC 8785 bytes of a value of strings, integers, booleans, lists and string-keyed maps.

    Raises:
        ValueError: an integer of 2**53 or more, a lone surrogate, or a float that is not finite.
    """
    return rfc8785.dumps(value)


def digest(value: bytes) -> str:
    """SHA-256 in 64 hex digits."""
    return hashlib.sha256(value).hexdigest()
