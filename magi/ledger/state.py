"""The seal of the working state beside the tree: a MAC on each row that no record could confirm. Pure.

Ancestry labels decide who may see a text, so a row that somebody lowered must not be believed. The key is derived
from the tenant key: who can only write to the store cannot make a seal. A row that was deleted as a whole is not
found this way; a text without a row counts as unknown.
Leaves to others: rows (`schema`), when a seal is checked (`store`, `verify`).
"""

import hashlib
import hmac

SEAL_BYTES = 32


def state_key(tenant_key: bytes) -> bytes:
    """The 32-byte key of the seals, derived from the tenant key."""
    return hmac.digest(tenant_key, b"magi.ledger.state", hashlib.sha256)


def seal_row(key: bytes, table: str, *values: str | int) -> bytes:
    """HMAC-SHA256 over the table's name and a row's values, each with its length before it."""
    parts = [table, *(str(value) for value in values)]
    message = b"".join(len(part := text.encode()).to_bytes(4, "big") + part for text in parts)
    return hmac.digest(key, message, hashlib.sha256)


def sealed(key: bytes, seal: bytes, table: str, *values: str | int) -> bool:
    """Whether a row bears its seal."""
    return hmac.compare_digest(seal, seal_row(key, table, *values))
