"""The head of the log: size, edge, signed checkpoint; and the tiles that become full as it grows (T4).

Runs inside the transaction that gives entries their place, so that a head never says more or less than the
entries. There is one head and no history of heads: a checkpoint that somebody keeps is proven against the tiles.

Promises: signs only what extends the head that was read, after its signature, its edge and its root were checked
against each other, and, within one process, never a log that is shorter than one it has signed or differs from it
at the same size. Leaves to others: the transaction (`commit`, `sequencer`), the keys (`logkey`), proofs (`proof`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection, insert, select, update

from magi.core.errors import TamperedError
from magi.ledger.note import Checkpoint, open_note, parse_checkpoint, sign
from magi.ledger.note_key import Signer
from magi.ledger.schema import entry, head, tile
from magi.ledger.tiles import TILE_WIDTH, tiles_completed
from magi.ledger.tree import HASH_BYTES, Frontier, merkle_root

HEAD_ID = 1
"""The one row of table `head`."""


@dataclass(frozen=True)
class Head:
    """The head as stored: the frontier's edge, and the signed note over size and root."""

    size: int
    edge: tuple[bytes, ...]
    note: bytes = field(repr=False)


class SignerSource(Protocol):
    """Where signing keys come from; see `logkey`."""

    def current(self) -> Sequence[Signer]:
        """The keys that sign now, the oldest first; while keys are being exchanged, several.

        Raises:
            KeyMissingError: there is none.
        """
        ...


class Signing:
    """Signs the heads of one log. Owned by one writer; the keys are asked for anew at each head."""

    def __init__(self, origin: str, source: SignerSource) -> None:
        """Sign for the log `origin` with what `source` holds."""
        self._origin = origin
        self._source = source
        self._written: Checkpoint | None = None
        self._durable: Checkpoint | None = None

    def resume(self, connection: Connection) -> Frontier:
        """The frontier of the stored head, checked; an empty one for a log that has no head yet.

        Raises:
            TamperedError: `head` (its parts disagree), `note_signature`, `note_unsigned`, `rolled_back`.
        """
        stored = read_head(connection)
        if stored is None:
            return Frontier()
        note = open_note(stored.note, [signer.verifier for signer in self._source.current()])
        checkpoint = parse_checkpoint(note.text)
        frontier = Frontier.resume(stored.size, stored.edge)
        said = (checkpoint.origin, checkpoint.size, checkpoint.root)
        if said != (self._origin, frontier.size, frontier.root()):
            raise TamperedError("head", size=stored.size)
        last = self._durable
        if last is not None and (
            stored.size < last.size or (stored.size == last.size and checkpoint.root != last.root)
        ):
            raise TamperedError("rolled_back", size=stored.size, signed=last.size)
        return frontier

    def grow(self, connection: Connection, frontier: Frontier, leaves: Sequence[bytes]) -> None:
        """Write the head and the full tiles of a log that has just got these leaves, whose entries are stored.

        `frontier` is what `resume` gave in the same transaction; it is used up.
        """
        before = frontier.size
        frontier.extend(leaves)
        _write_tiles(connection, before, frontier.size)
        checkpoint = Checkpoint(self._origin, frontier.size, frontier.root())
        row = {
            "size": frontier.size,
            "edge": b"".join(frontier.edge),
            "note": sign(checkpoint.text, self._source.current()),
        }
        if before:
            connection.execute(update(head).where(head.c.id == HEAD_ID).values(**row))
        else:
            connection.execute(insert(head).values(id=HEAD_ID, **row))
        self._written = checkpoint

    def committed(self) -> None:
        """The transaction of the last `grow` is durable: nothing shorter is signed again by this process."""
        self._durable = self._written or self._durable
        self._written = None

    def begun(self) -> None:
        """A transaction begins: what an earlier one wrote and rolled back is forgotten."""
        self._written = None


def read_head(connection: Connection) -> Head | None:
    """The stored head, unchecked; None in a log that has none yet.

    Raises:
        TamperedError: `head`, the edge is no row of hashes.
    """
    row = connection.execute(select(head.c.size, head.c.edge, head.c.note)).one_or_none()
    if row is None:
        return None
    if len(row.edge) % HASH_BYTES:
        raise TamperedError("head", size=row.size)
    return Head(row.size, split_hashes(row.edge), bytes(row.note))


def split_hashes(joined: bytes) -> tuple[bytes, ...]:
    """Hashes of 32 bytes each that were stored in one piece."""
    return tuple(bytes(joined[at : at + HASH_BYTES]) for at in range(0, len(joined), HASH_BYTES))


def _write_tiles(connection: Connection, before: int, after: int) -> None:
    for level, number in tiles_completed(before, after):
        first = number * TILE_WIDTH
        if level == 0:
            query = select(entry.c.leaf_hash).where(entry.c.seq.between(first, first + TILE_WIDTH - 1))
            hashes = connection.execute(query.order_by(entry.c.seq)).scalars().all()
        else:
            below = select(tile.c.hashes).where(
                tile.c.level == level - 1, tile.c.number.between(first, first + TILE_WIDTH - 1)
            )
            rows = connection.execute(below.order_by(tile.c.number)).scalars()
            hashes = [merkle_root(split_hashes(row)) for row in rows]
        connection.execute(insert(tile).values(level=level, number=number, hashes=b"".join(hashes)))
