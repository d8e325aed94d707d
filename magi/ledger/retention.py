"""Records that act as they are recorded: tombstones delete bodies, holds forbid it (T5).

Promises: a tombstone is recorded only if every body it names is there, of its stream, under no legal hold and of no
open deliberation, and in the same transaction body, salt and, with the last body, the stream's data key are gone.
Leaves to others: what is due and who may (`magi.ledger.schedule`, the commands), the log itself (`commit`).
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from magi.core.acts import Erased, Held, HoldReleased
from magi.core.errors import ErasureRefusedError
from magi.core.record import Event, Record
from magi.ledger.schedule import EVERY_STREAM
from magi.ledger.schema import body, claim, data_key, erased, hold

RETENTION_STREAM = "retention"

ACTING = (Erased, Held, HoldReleased)


def refusal(connection: Connection, stream: str, events: Sequence[Event]) -> ErasureRefusedError | None:
    """Why these events may not be recorded in `stream`, or None.

    `not_here` (another stream than `retention`), `held`, `open`, `unknown` (a body that is not there), `changed`
    (`whole` does not say what is left), `hold_known`, `hold_unknown`.
    """
    acting = [event for event in events if isinstance(event, ACTING)]
    if not acting:
        return None
    if (
        stream != RETENTION_STREAM or len(events) != 1
    ):  # one act a record group: each is judged on what stands
        return ErasureRefusedError("not_here", stream=stream)
    event = acting[0]
    if isinstance(event, Erased):
        return _erasure_refusal(connection, event)
    known = connection.execute(select(hold.c.stream).where(hold.c.name == event.name)).first() is not None
    if known == isinstance(event, Held):
        return ErasureRefusedError("hold_known" if known else "hold_unknown", name=event.name)
    return None


def _erasure_refusal(connection: Connection, event: Erased) -> ErasureRefusedError | None:
    over = select(hold.c.name).where(hold.c.stream.in_((event.stream, EVERY_STREAM))).order_by(hold.c.name)
    held_by = connection.execute(over).scalars().all()
    if held_by:
        return ErasureRefusedError("held", stream=event.stream, holds=tuple(held_by))
    if connection.execute(select(claim.c.stream).where(claim.c.stream == event.stream)).first() is not None:
        return ErasureRefusedError("open", stream=event.stream)
    of_stream = select(func.count()).select_from(body).where(body.c.stream == event.stream)
    named = set(event.commitments)
    there = connection.execute(of_stream.where(body.c.commitment.in_(sorted(named)))).scalar_one()
    if len(named) != len(event.commitments) or there != len(named):
        return ErasureRefusedError("unknown", stream=event.stream)
    if event.whole != (connection.execute(of_stream).scalar_one() == there):
        return ErasureRefusedError("changed", stream=event.stream)
    return None


def carry_out(connection: Connection, records: Sequence[Record]) -> None:
    """Do what recorded acts say; `refusal` has said that they may."""
    for record in records:
        event = record.data
        if isinstance(event, Erased):
            _erase(connection, event, record.ordinal)
        elif isinstance(event, Held):
            rows = [{"name": event.name, "stream": stream} for stream in sorted(set(event.streams))]
            connection.execute(insert(hold), rows)
        elif isinstance(event, HoldReleased):
            connection.execute(delete(hold).where(hold.c.name == event.name))


def _erase(connection: Connection, event: Erased, ordinal: int) -> None:
    connection.execute(delete(body).where(body.c.commitment.in_(event.commitments)))
    if event.whole:
        connection.execute(delete(data_key).where(data_key.c.stream == event.stream))
    rows = [
        {"commitment": commitment, "stream": event.stream, "ordinal": ordinal}
        for commitment in event.commitments
    ]
    connection.execute(insert(erased), rows)
