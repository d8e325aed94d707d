"""What can go over the wire at all: text that UTF-8 carries, header fields that cannot split a response.

Pure. Everything a script or a recording states passes here before it is accepted.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # token, RFC 9110 section 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\U0010ffff]*")  # no control characters: no line can begin inside


def is_text(text: str) -> bool:
    """Tell whether UTF-8 can carry the text: it holds no lone surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_header(name: str, value: str) -> bool:
    """Tell whether a header field can be sent as it is, and as one field only (RFC 9110, section 5)."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value)) and is_text(value)
