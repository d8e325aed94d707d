"""What a store must be able to say for a ledger to be written in it: SQLite (`database`), PostgreSQL (`postgres`).

Statements are the same in both (`schema`); this is what differs: the meaning of an error, of a COMMIT that failed
above all, and how writers of several processes keep out of each other's way.
Leaves to others: opening and creation (`store`, `postgres`, `creation`).
"""

from collections.abc import Collection
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection

from magi.core.errors import MagiError


class Dialect(Protocol):
    """One store. Stateless but for its name; used by the writer thread and by readers at once."""

    @property
    def where(self) -> str:
        """What errors call the store: a path, or host and database. No account, no password."""
        ...

    @property
    def max_group(self) -> int:
        """Jobs in one transaction."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What reading may raise and `meaning_of` explains."""
        ...

    @property
    def log_order(self) -> tuple[ColumnElement[Any], ...]:
        """What entries are ordered by: their place, and where they may have none yet, their arrival."""
        ...

    def hold(self, connection: Connection, streams: Collection[str], hashes: Collection[str]) -> None:
        """Keep others from these streams and idempotency hashes until the transaction ends.

        What is read afterwards, in the same transaction, stays true of them until then.
        """
        ...

    def meaning_of(self, error: Exception) -> MagiError:
        """What an error before COMMIT means to the caller; nothing was written."""
        ...

    def of_one_job(self, error: Exception) -> bool:
        """Whether an error may be the fault of one job: the others of its group are tried without it."""
        ...

    def after_failed_commit(self, connection: Connection, error: Exception) -> MagiError:
        """What a COMMIT that failed leaves behind; the connection is not used again."""
        ...
