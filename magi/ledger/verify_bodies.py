"""Bodies against the records that name them: there or erased, of the right stream and length, and true.

With the tenant key each body is decrypted and compared with its salted commitment; without it only what stands in
the open is compared. A body that is gone is judged when the whole log was read: a tombstone may come much later.

Promises: each body that is named is looked up once; keys are unwrapped once a stream; memory for the bodies that are
gone alone. Leaves to others: what a tombstone may say (`magi.ledger.verify_records`).
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from magi.core.errors import KeyMissingError, TamperedError
from magi.core.ports import Keys
from magi.ledger.bodies import MAX_BODY_BYTES, SealedBody, WrappedKey, open_body, unwrap_key
from magi.ledger.reading import Cells, LogReader
from magi.ledger.verify_records import Tombstone
from magi.ledger.verify_report import Findings

CACHED_KEYS = 4_096
"""Data keys kept unwrapped: a log has few streams open at a time."""


class Named(NamedTuple):
    """A body as a record names it."""

    seq: int | None
    stream: str
    ordinal: int
    name: str
    commitment: str
    length: int


class BodyCheck:
    """The bodies of one log. Owned by one check."""

    def __init__(self, reader: LogReader, keys: Keys | None, findings: Findings) -> None:
        """Look bodies up in `reader`; open them where there are `keys`."""
        self._reader = reader
        self._keys = keys
        self._findings = findings
        self._ciphers: dict[str, tuple[AESGCM, bytes] | str] = {}
        self._gone: dict[str, Named] = {}
        self._streams: set[str] = set()
        self.found = 0
        self.opened = 0
        self.named = 0
        self.missing = 0
        self.erased = 0

    def check(self, wanted: Sequence[Named]) -> None:
        """The bodies that some records name."""
        self.named += len(wanted)
        if not self._reader.holds_bodies or not wanted:
            return
        stored = self._reader.bodies([one.commitment for one in wanted])
        self.found += len(stored)
        for one in wanted:
            row = stored.get(one.commitment)
            if row is None:
                self._gone[one.commitment] = one
                continue
            problem = self._problem(one, row)
            if problem is not None:
                self._findings.add(f"{problem}: {one.name}", one.seq, one.stream, one.ordinal)

    def _problem(self, one: Named, row: Cells) -> str | None:
        _, stream, salt, nonce, ciphertext, length = row
        if stream != one.stream or length != one.length or type(length) is not int:
            return "body_columns"
        self._streams.add(one.stream)
        cipher = self._cipher(one.stream)
        if isinstance(cipher, str):
            return cipher or None
        try:
            packed = cipher[0].decrypt(nonce, ciphertext, bytes.fromhex(one.commitment))
            unpacker = zlib.decompressobj()
            plaintext = unpacker.decompress(packed, min(length, MAX_BODY_BYTES) + 1)
            whole = unpacker.eof and len(plaintext) == length
            if not whole or hashlib.sha256(salt + plaintext).hexdigest() != one.commitment:
                return _diagnosis(one, row, cipher[1])
        except (InvalidTag, ValueError, TypeError, zlib.error):
            return _diagnosis(one, row, cipher[1])
        self.opened += 1
        return None

    def _cipher(self, stream: str) -> tuple[AESGCM, bytes] | str:
        """The opener of a stream; else why there is none: a problem, or "" where nobody gave a key."""
        known = self._ciphers.get(stream)
        if known is None:
            if len(self._ciphers) == CACHED_KEYS:
                self._ciphers.clear()
            known = self._ciphers[stream] = self._unwrapped(stream)
        return known

    def _unwrapped(self, stream: str) -> tuple[AESGCM, bytes] | str:
        row = self._reader.data_key(stream)
        if row is None:
            return "data_key_missing"
        if self._keys is None:
            return ""
        _, key_id, nonce, wrapped = row
        try:
            key = unwrap_key(WrappedKey(key_id, nonce, wrapped), self._keys.tenant_key(key_id), stream=stream)
            return AESGCM(key), key
        except (TamperedError, KeyMissingError, TypeError, ValueError):
            return "data_key"

    def settle(self, tombstones: Mapping[str, Tombstone]) -> None:
        """At the end of the log: what is gone was erased, and what was erased is gone."""
        if not self._reader.holds_bodies:
            return
        for commitment, one in self._gone.items():
            stone = tombstones.get(commitment)
            if stone is not None and stone.stream == one.stream and _is_later(stone, one):
                self.erased += 1
            else:
                self.missing += 1
                self._findings.add(f"body_missing: {one.name}", one.seq, one.stream, one.ordinal)
        for commitment, stone in tombstones.items():
            if commitment not in self._gone:
                there = self._reader.bodies([commitment])
                reason = "erased_body_there" if there else "erased_unknown"
                self._findings.add(reason, stone.seq, "retention", stone.ordinal)

    def strays(self, named: Iterator[str]) -> None:
        """Bodies and data keys that no record accounts for; `named` gives all commitments, where it is asked for."""
        if not self._reader.holds_bodies:
            return
        if self._reader.body_count() != self.found:
            known = set(named)
            for commitment, stream in self._reader.body_names():
                if commitment not in known:
                    self._findings.add("body_without_record", stream=stream)
        for row in self._reader.rows("data_key") or ():
            if row[0] not in self._streams:
                self._findings.add("data_key_without_body", stream=row[0])


def _is_later(stone: Tombstone, one: Named) -> bool:
    return stone.seq is None or (one.seq is not None and stone.seq > one.seq)


def _diagnosis(one: Named, row: Any, key: bytes) -> str:  # noqa: ANN401  # a row of any types
    """The name of what `_problem` stumbled over, by the code that opens bodies elsewhere."""
    _, _, salt, nonce, ciphertext, _ = row
    try:
        open_body(SealedBody(one.commitment, one.length, nonce, ciphertext, salt), key)
    except TamperedError as error:
        return error.reason
    except (TypeError, ValueError):
        pass
    return "body_columns"
