"""The digest under which a message is known to the ancestry table.

Keyed, so that the table tells nothing about short or guessable messages to somebody without the tenant key.
Leaves to others: what a message is (`magi.service`), the labels (`magi.residency`), storage (`store`).
"""

import hashlib
import hmac


def ancestry_digest(tenant_key: bytes, message: bytes) -> str:
    """HMAC-SHA256 of the message's bytes under the 32-byte tenant key, in 64 hex digits (RFC 2104)."""
    return hmac.new(tenant_key, message, hashlib.sha256).hexdigest()
