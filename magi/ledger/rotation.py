"""Exchanges the key that signs a log, in two acts: both keys sign for a while, then the old one goes.

Begin:
1. The new key is added to the key file, durably. From here on both sign; the log does not know the new one yet, and
   readers pass over a signature they do not know.
2. The record `key_rotated` adds it to the log. Its own head is signed by both.

Finish, when everybody who verifies with a kept key has the new one:
3. The record `key_rotated` removes the old keys. Its own head is still signed by all.
4. The head was read again and bears the signatures of the keys that stay: the old lines are dropped from the file.

Promises: between any two steps the log verifies, and no head is signed by keys alone that the log does not know;
either act can be repeated after it was cut off, and does what is left to do. A service that runs on reads the file
again before it signs (`logkey`). One exchange at a time. Leaves to others: telling the holders of the old key, and
copies of the key file.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from magi.core.acts import KeyRotated
from magi.core.errors import KeyMissingError, LedgerUnavailableError
from magi.core.ports import Draft, Entropy, Ledger
from magi.ledger.database import CONFIG_STREAM
from magi.ledger.files import PRIVATE_MODE, replace_private
from magi.ledger.logkey import MAX_KEYS, SEED_BYTES, read_log_keys
from magi.ledger.nodes import SignedHead
from magi.ledger.note import Signer, new_signer

WAIT_SECONDS = 10.0
"""For a sequencer elsewhere to place and sign the record; it looks fifty times a second."""
LOOK_SECONDS = 0.05


class ReadHead(Protocol):
    """Reads the signed head anew, in a snapshot of its own."""

    def __call__(self) -> SignedHead:
        """The head, signed by every key in force; raises as `nodes.signed_head`."""
        ...


@dataclass(frozen=True)
class Rotated:
    """The verifier keys that the log has in force now, and those that this call added or removed."""

    in_force: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


async def begin_rotation(ledger: Ledger, head: ReadHead, path: Path, by: str, entropy: Entropy) -> Rotated:
    """Add a new key to the key file at `path` and to the log, in the name of `by`; steps 1 and 2.

    Where an exchange was begun and not recorded, its key is taken; where one is under way, nothing is done.

    Raises:
        KeyMissingError: `log_key...`; `log_key_elsewhere`, the file has none of the log's keys.
        LedgerUnavailableError: `log_key_unwritable`; `not_signed_yet`, no head covers the record yet: repeat the call.
        As `Ledger.append`.
    """
    with _alone(path):
        stored = await asyncio.to_thread(head)
        known = _keys(stored)
        signers = _own(path, stored.checkpoint.origin, known)
        if len(known) > 1:
            return Rotated(known)
        fresh = [signer for signer in signers if signer.verifier.vkey not in known]
        if not fresh:
            fresh = [new_signer(signers[0].name, entropy.token(SEED_BYTES))]
            _write(path, [*signers, *fresh])  # 1
        added = tuple(signer.verifier.vkey for signer in fresh)
        await _record(ledger, KeyRotated(added=added, removed=(), by=by))  # 2
        await _until(head, lambda keys: set(added) <= set(keys))
        return Rotated((*known, *added), added=added)


async def finish_rotation(ledger: Ledger, head: ReadHead, path: Path, by: str) -> Rotated:
    """Take every key but the newest out of the log and out of the key file, in the name of `by`; steps 3 and 4.

    Where the record is there already, the file is put in order; where there is one key, nothing is done. A key that was
    put into the file and never into the log (`begin_rotation` was cut off) is taken out again.

    Raises:
        As `begin_rotation`.
    """
    with _alone(path):
        stored = await asyncio.to_thread(head)
        known = _keys(stored)
        signers = _own(path, stored.checkpoint.origin, known)
        staying = known[-1]
        if staying not in {signer.verifier.vkey for signer in signers}:
            raise KeyMissingError("log_key_elsewhere", path=str(path))
        removed = known[:-1]
        if removed:
            await _record(ledger, KeyRotated(added=(), removed=removed, by=by))  # 3
            await _until(head, lambda keys: keys == (staying,))
        kept = [signer for signer in signers if signer.verifier.vkey == staying]
        if len(kept) < len(signers):
            _write(path, kept)  # 4
        return Rotated((staying,), removed=removed)


def _keys(head: SignedHead) -> tuple[str, ...]:
    return tuple(key.vkey for key in head.keys)


def _own(path: Path, origin: str, known: Sequence[str]) -> tuple[Signer, ...]:
    """The keys of the file; at least one of them is the log's."""
    signers = read_log_keys(path, origin)
    if not {signer.verifier.vkey for signer in signers} & set(known):
        raise KeyMissingError("log_key_elsewhere", path=str(path))
    return signers


async def _record(ledger: Ledger, event: KeyRotated) -> None:
    end = len(await ledger.read(CONFIG_STREAM))
    # At an ordinal, not at the end: of two who exchange at once, from two machines, one loses.
    await ledger.append(CONFIG_STREAM, end, [Draft(event, actor=event.by)])


async def _until(head: ReadHead, fits: Callable[[tuple[str, ...]], bool]) -> SignedHead:
    """The head once the log's keys in it are as expected; a sequencer may be a moment behind."""
    for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        found = await asyncio.to_thread(head)
        if fits(_keys(found)):
            return found
        await asyncio.sleep(LOOK_SECONDS)
    raise LedgerUnavailableError("not_signed_yet")


def _write(path: Path, signers: Sequence[Signer]) -> None:
    assert len(signers) <= MAX_KEYS  # noqa: S101  # one in force and what was begun
    try:
        replace_private(path, "".join(f"{signer.to_text()}\n" for signer in signers).encode())
    except OSError as error:
        raise LedgerUnavailableError("log_key_unwritable", path=str(path)) from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One exchange at a time on this machine; the lock dies with its process."""
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    except OSError as error:
        raise LedgerUnavailableError("log_key_unwritable", path=str(path)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LedgerUnavailableError("rotation_under_way", path=str(path)) from error
        yield
    finally:
        os.close(handle)
